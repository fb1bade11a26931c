"""The actor that all others are: pykka's, without its sharp edges."""

from __future__ import annotations

import traceback
from collections import deque
from contextvars import ContextVar
from typing import Any, Final, TypeVar

import pykka

from ..model.errors import BlockingCall, shown, told
from .address import Failure, Target
from .fibres import Killed
from .mailbox import ActorStop, Envelope, Mailbox
from .messages import GetBooks, Leave, Problem, Query, Ready, StopListening, Unsubscribe
from .runtime import Context

M = TypeVar("M")
FAILURES_ALLOWED: Final = 3
FAILURE_WINDOW_NS: Final = 5_000_000_000
_NO_MESSAGE: Final = object()
_current: ContextVar[BaseActor | None] = ContextVar("orderpit_actor", default=None)


def in_handler() -> bool:
    """Say whether the caller is a handler, which may not wait; a callback with an actor of its own may."""
    actor = _current.get()
    return actor is not None and not actor.may_block


def refuse_in_handler(call: str, *, even_in_callbacks: bool = False) -> None:
    """Refuse a call that waits when it is made inside a handler.

    A subscriber's callback has an actor of its own and may wait, but not for the end of its own call: for that pass
    even_in_callbacks.

    Raises:
        BlockingCall: naming the call and the actor.
    """
    actor = _current.get()
    if actor is not None and (even_in_callbacks or not actor.may_block):
        raise BlockingCall(call, actor.context.name)


class BaseActor(pykka.ThreadingActor):
    """An actor that survives its messages.

    A subclass implements handle() and, for queries, answer(). handle() computes first, then changes its state, and
    sends with self.send(), which holds everything back until the handler has returned: a message takes effect whole
    or, when its handler raises, not at all. Then it is set aside and reported, and the actor goes on. More than three
    failures in five seconds, or in a row, call escalate().
    """

    use_daemon_thread = True
    may_block = False
    """Whether the host's code runs here, which may wait for the system."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.mailbox: Mailbox = self.actor_inbox  # type: ignore[assignment]  # made by _create_actor_inbox
        self.mailbox.attach(context.activity, self._bury)
        self._outbox: list[tuple[Target[Any], object]] = []
        # When each failed, and how many messages had been handled by then.
        self._failures: deque[tuple[int, int]] = deque(maxlen=FAILURES_ALLOWED + 1)
        self._start_error: BaseException | None = None

    @staticmethod
    def _create_actor_inbox() -> Any:
        return Mailbox()

    # -- for subclasses

    def started(self) -> None:
        """Prepare, in the actor's own thread, before the first message."""

    def handle(self, message: Any) -> None:
        """Handle one message."""
        self.unknown(message)

    def answer(self, query: Query) -> object:
        """Answer one query."""
        self.unknown(query)
        return None

    def books(self) -> object:
        """Return what the audit reads: an immutable picture of the state."""
        return None

    def set_aside(self, message: object) -> None:
        """Limit the damage of a message that could not be handled."""
        del message

    def discarded(self, outbox: list[tuple[Target[Any], object]]) -> None:
        """Hear of what a handler that raised had wanted to send."""
        del outbox

    def escalate(self) -> None:
        """Act on repeated failure: unless a subclass knows better, stop."""
        self.stop_now()
        self._report("failed repeatedly and is stopped")

    def stop_now(self) -> None:
        """Stop once the handler has returned, ahead of all messages that wait."""
        self.mailbox.put_first(Envelope(ActorStop()))

    def is_current(self) -> bool:
        """Say whether the caller runs on this actor's thread."""
        return _current.get() is self

    def send(self, target: Target[M], message: M) -> None:
        """Send once the handler has returned."""
        self._outbox.append((target, message))

    @property
    def has_sent(self) -> bool:
        """Whether the handler that runs has sent anything so far."""
        return bool(self._outbox)

    def unreachable(self, target: Target[Any]) -> None:
        """Hear of a target that has stopped, so that it need not be sent to again."""
        del target

    def unknown(self, message: object) -> None:
        """Report a message that nobody here understands."""
        self._report("unknown message", message)

    # -- pykka's hooks

    def on_start(self) -> None:
        """Run started(); an error is kept for whoever waits for the actor to be ready."""
        _current.set(self)
        try:
            self.started()
        except BaseException as error:  # noqa: BLE001  # whatever it is, it must reach the starter
            self._start_error = error

    def on_receive(self, message: Any) -> object:
        """Handle one message so that nothing it does can end the actor."""
        if isinstance(message, Query):
            return self.reply(message)
        try:
            self.handle(message)
        except Killed:
            raise
        # BaseException too: sys.exit() in a strategy would make pykka stop every actor of the process from inside.
        except BaseException as error:  # noqa: BLE001
            discarded, self._outbox = self._outbox, []
            self.discarded(discarded)
            self._failed(message, error)
            if isinstance(error, KeyboardInterrupt):
                self.context.interrupt(error)
        if self._outbox:
            self._flush()
        return None

    def reply(self, query: Query) -> object:
        """Answer a query of any kind; Failure holds what was raised."""
        try:
            if isinstance(query, Ready):
                if self._start_error is not None:
                    return Failure(self._start_error)
                return True
            return self.books() if isinstance(query, GetBooks) else self.answer(query)
        except BaseException as error:  # noqa: BLE001  # it belongs to the asker
            return Failure(error)

    def on_stop(self) -> None:
        """Be left where the system finds it: what no longer changes can still be read."""
        self.context.deposit(self.context.name, self)

    # -- internals

    def _flush(self) -> None:
        for target, message in self._outbox:
            if not target.send(message):
                self.unreachable(target)
        self._outbox.clear()

    def _failed(self, message: object, error: BaseException) -> None:
        self._report("set aside", message, error)
        self._failures.append((self.context.elapsed_ns(), self.mailbox.handled))
        try:
            self.set_aside(message)
            if self._fails_repeatedly():
                self._failures.clear()
                self.escalate()
        except BaseException as second:  # noqa: BLE001  # reported; the actor must go on
            self._outbox.clear()
            self._report("failed while setting aside", message, second)

    def _fails_repeatedly(self) -> bool:
        if len(self._failures) <= FAILURES_ALLOWED:
            return False
        (first_ns, first_count), (last_ns, last_count) = self._failures[0], self._failures[-1]
        # In a row, too: in the time of recorded bars five seconds may hold no two messages.
        return last_ns - first_ns <= FAILURE_WINDOW_NS or last_count - first_count == FAILURES_ALLOWED

    def _bury(self, message: object) -> None:
        # Whoever asks hears of it himself, and to leave what has ended is no loss.
        if not isinstance(message, Query | Unsubscribe | StopListening | Leave):
            self._report("stopped before it could handle", message)

    def _report(self, what: str, message: object = _NO_MESSAGE, error: BaseException | None = None) -> None:
        problem = Problem(
            time_ns=self.context.now_ns(),
            actor=self.context.name,
            what=what,
            message="" if message is _NO_MESSAGE else shown(message),
            error="" if error is None else told(error),
            traceback="" if error is None else "".join(traceback.format_exception(error)),
        )
        self.context.report(problem)
