"""What an actor's receive loop runs on when one thread runs them all: a greenlet, or a thread that is held.

Exactly one fibre runs at any time. Both kinds behave the same; greenlets are faster.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any, Final, Literal, Protocol

from ..model.errors import InvalidConfiguration


def _extra(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_greenlet = _extra("greenlet")


class Killed(BaseException):
    """Unwinds a fibre whose world has ended; nothing that it does any more has an effect."""


FibreKind = Literal["auto", "greenlet", "thread"]


class Fibre(Protocol):
    """A body of code that can be left in the middle and gone on with."""

    done: bool

    def resume(self) -> None:
        """Go on with the body until it pauses or ends; called from outside. Raises what the body raised."""
        ...

    def pause(self) -> None:
        """Go back to whoever resumed; called from inside."""
        ...

    def runs_on(self, thread: int) -> bool:
        """Whether the body runs on a thread of its own, and on this one."""
        ...


class GreenletFibre:
    """A fibre on a greenlet."""

    __slots__ = ("_body", "_greenlet", "_home", "done")

    def __init__(self, body: Callable[[], object]) -> None:
        self._body = body
        self.done = False
        self._greenlet = _greenlet.greenlet(self._main)

    def resume(self) -> None:
        """Go on with the body."""
        here = _greenlet.getcurrent()
        if self._greenlet.parent is not here:
            # Where it goes when it ends, which need not be where it was made.
            self._greenlet.parent = here
        self._home = here
        self._greenlet.switch()

    def pause(self) -> None:
        """Go back.

        Raises:
            Killed: when the fibre has been forgotten, and is thrown away.
        """
        try:
            self._home.switch()
        except _greenlet.GreenletExit:
            raise Killed from None

    def runs_on(self, thread: int) -> bool:
        """Whether it has a thread of its own: never."""
        del thread
        return False

    def _main(self) -> None:
        try:
            self._body()
        finally:
            self.done = True


class ThreadFibre:
    """A fibre on a thread of its own, which waits while it is not its turn."""

    # The locks only wake whoever waits; the flags say whose turn it is. A signal may interrupt the caller between any
    # two instructions, also when it has just got a lock, and two must never run at once.
    __slots__ = ("_back", "_body", "_go", "_is_back", "_may_go", "_raised", "_thread", "done")

    def __init__(self, body: Callable[[], object]) -> None:
        self._body = body
        self.done = False
        self._thread: threading.Thread | None = None
        self._raised: BaseException | None = None
        self._may_go, self._is_back = False, True
        self._go, self._back = threading.Lock(), threading.Lock()

    def resume(self) -> None:
        """Go on with the body. An interrupt is raised when the body is back."""
        if self._thread is None:
            thread = threading.Thread(target=self._main, name="orderpit-fibre", daemon=True)
            thread.start()
            self._thread = thread
        raised: BaseException | None = None
        self._is_back = False
        self._may_go = True
        while not self._is_back:
            try:
                _wake(self._go)
                self._back.acquire()
            except BaseException as interrupt:  # noqa: BLE001  # raised below
                raised = interrupt
        if self._raised is not None:
            raised, self._raised = self._raised, None
        if raised is not None:
            raise raised

    def pause(self) -> None:
        """Go back."""
        self._is_back = True
        _wake(self._back)
        self._wait_for_turn()

    def runs_on(self, thread: int) -> bool:
        """Whether this is its thread."""
        return self._thread is not None and self._thread.ident == thread

    def _wait_for_turn(self) -> None:
        while not self._may_go:
            self._go.acquire()
        self._may_go = False

    def _main(self) -> None:
        self._wait_for_turn()
        try:
            self._body()
        except BaseException as error:  # noqa: BLE001  # raised again where the fibre was resumed, as a greenlet does
            self._raised = error
        self.done = True
        self._is_back = True
        _wake(self._back)


def _wake(lock: threading.Lock) -> None:
    # One side alone releases each lock, so it cannot have been released in between.
    if lock.locked():
        lock.release()


def fibres(kind: FibreKind) -> Callable[[Callable[[], object]], Fibre]:
    """Return the maker of fibres of a kind; "auto" takes greenlets where they are installed.

    Raises:
        InvalidConfiguration: for greenlets where they are not installed.
    """
    if kind == "thread" or (kind == "auto" and _greenlet is None):
        return ThreadFibre
    if _greenlet is None:
        raise InvalidConfiguration.of("fibres", kind, "needs greenlet: pip install orderpit[testing]")
    return GreenletFibre


thread_id: Final = threading.get_ident
"""Returns the number of the thread that calls."""
