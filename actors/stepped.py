"""The runtime on one thread: the same actors, moved by the caller, in virtual time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable
from decimal import Decimal
from typing import Any, Final

import attrs
import pykka

from ..model.errors import InvalidConfiguration
from ..model.numbers import whole
from .activity import Activity
from .address import Address, Target
from .fibres import FibreKind, fibres, thread_id
from .mailbox import Enveloped, Mailbox
from .messages import Problem
from .runtime import Cancellable, Context, Permits
from .scheduler import Choose, Scheduler, StepQueue, Task
from .sources import Ids, draws

OnDelivery = Callable[[int, str, object], object]
START_NS: Final = 946_684_800_000_000_000
"""When virtual time begins: 2000-01-01T00:00:00Z."""


def _most_steps(value: int | None) -> int | None:
    return None if value is None else whole("most_steps", value, InvalidConfiguration)


def _crash_at(value: int | None) -> int | None:
    return None if value is None else whole("crash_at", value, InvalidConfiguration)


def _late_ns(value: int) -> int:
    return whole("late_ns", value, InvalidConfiguration)


def _known_kind(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    if type(value) is not str or value not in {"auto", "greenlet", "thread"}:
        raise InvalidConfiguration.of(attribute.name, value, "must be 'auto', 'greenlet' or 'thread'")


@attrs.frozen(kw_only=True)
class Stepped:
    """One thread for all actors, as TradingSystem(runtime=...) takes it; runtime="stepped" is Stepped().

    Args:
        choose: decides which actor moves next; None lets them move in turn, in the order of arrival.
        late_ns: timers due within so many nanoseconds may fire while messages wait; each is one more choice.
        fibres: "greenlet" (the extra `testing`), "thread" (slower), or "auto", the first of them that there is.
        most_steps: raise OutOfSteps when the messages do not come to an end within so many; None for no end.
        crash_at: raise Crashed before this step, as if the process had died there.
        on_delivery: called with the time, the receiver's name and the message, just before each is handled.
        on_step: called with their number after each step, when no actor is running.

    Raises:
        InvalidConfiguration: naming the setting, the value and the rule.
    """

    choose: Choose | None = None
    late_ns: int = attrs.field(default=0, converter=_late_ns)
    fibres: FibreKind = attrs.field(default="auto", validator=_known_kind)
    most_steps: int | None = attrs.field(default=None, converter=_most_steps)
    crash_at: int | None = attrs.field(default=None, converter=_crash_at)
    on_delivery: OnDelivery | None = None
    on_step: Callable[[int], object] | None = None


class StepMailbox(Mailbox):
    """A mailbox that tells of each message that it hands out."""

    def __init__(self, queue: StepQueue, name: str, now_ns: Callable[[], int], on_delivery: OnDelivery) -> None:
        super().__init__(queue)
        self._name = name
        self._now_ns = now_ns
        self._on_delivery = on_delivery

    def get(self) -> Enveloped:
        """Wait for the next message."""
        envelope = super().get()
        self._on_delivery(self._now_ns(), self._name, envelope.message)
        return envelope


class StepFuture(pykka.Future[Any]):
    """A future whose reader lets the others move meanwhile."""

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        super().__init__()
        self.name = name
        self.waiters: list[Task] = []
        self._scheduler = scheduler
        self._value: Any = None
        self._error: BaseException | None = None
        self._is_set = False

    def get(self, *, timeout: float | None = None) -> Any:
        """Wait for the value.

        Raises:
            pykka.Timeout: when virtual time has passed the timeout, or nothing more can happen.
            Deadlock: without a timeout, when nothing more can happen.
        """
        if self._get_hook is not None:
            return super().get(timeout=timeout)
        if not self._scheduler.wait(self, self._there, timeout):
            msg = f"{timeout} seconds"
            raise pykka.Timeout(msg)
        if self._error is not None:
            raise self._error
        return self._value

    def set(self, value: Any = None) -> None:
        """Set the value."""
        self._take(value, None)

    def set_exception(self, exc_info: Any = None) -> None:
        """Set an exception, given as (type, value, traceback)."""
        kind, error, _ = exc_info
        self._take(None, kind() if error is None else error)

    def _take(self, value: Any, error: BaseException | None) -> None:
        if self._is_set:
            msg = "the future has been set"
            raise RuntimeError(msg)
        self._value, self._error, self._is_set = value, error, True
        for task in self.waiters:
            self._scheduler.wake(task, self)

    def _there(self) -> bool:
        return self._is_set


class _Gate:
    def __init__(self, scheduler: Scheduler, limit: int) -> None:
        self.name = "a permit"
        self.waiters: list[Task] = []
        self._scheduler = scheduler
        self._free = limit

    def acquire(self, timeout: float) -> bool:
        if not self._free and not (timeout and self._scheduler.wait(self, lambda: self._free > 0, timeout)):
            return False
        self._free -= 1
        return True

    def release(self) -> None:
        self._free += 1
        for task in self.waiters:
            self._scheduler.wake(task, self)


class SteppedActor:
    """Mixed in before an actor class: the three hooks that pykka gives implementers of actor types."""

    _runtime: SteppedRuntime

    def _create_actor_inbox(self) -> Any:
        return self._runtime.mailbox()

    @classmethod
    def _create_future(cls) -> pykka.Future[Any]:
        return cls._runtime.future()

    def _start_actor_loop(self) -> None:
        self._runtime.start(self)


class SteppedRuntime:
    """One thread for all actors.

    Args:
        report: where problems go.
        deposit: where actors are left when they stop.
        stepped: how they move.
        in_data_time: whether time is that of recorded data, and moves by pass_time() alone.
        run_id: first part of every id; "stepped" unless given, so that two runs are the same.
    """

    def __init__(
        self,
        report: Callable[[Problem], None],
        deposit: Callable[[str, Any], None],
        stepped: Stepped,
        *,
        in_data_time: bool = False,
        run_id: str | None = None,
    ) -> None:
        self.activity = Activity()
        self._report = report
        self._deposit = deposit
        self._in_data_time = in_data_time
        self._now = 0 if in_data_time else START_NS
        self._ids = Ids(run_id or "stepped")
        self._on_delivery = stepped.on_delivery
        self._thread = thread_id()
        self._held = 0
        self._spawning = ""
        self.scheduler = Scheduler(
            fibres(stepped.fibres),
            self.now_ns,
            self._move_clock,
            choose=stepped.choose,
            late_ns=stepped.late_ns,
            moves_by_itself=not in_data_time,
            most_steps=stepped.most_steps,
            crash_at=stepped.crash_at,
            on_step=stepped.on_step,
        )
        self.activity.count_also(self._pending)

    # -- time, ids, chance

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC, of virtual time."""
        return self._now

    def ids(self, sender: str) -> Callable[[], str]:
        """Return a source of ids `<run>-<sender>-<count>`."""
        return self._ids.of(sender)

    def draws(self, *seeds: int) -> Callable[[str, int], Decimal]:
        """Return a source of numbers in [0, 1) keyed by seeds, key and count: no order of calls can change them."""
        return draws(*seeds)

    def call_later(
        self, delay_ns: int, target: Target[Any], message: object, *, background: bool = False
    ) -> Cancellable:
        """Send a message after a while."""
        timers = self.scheduler.timers
        return timers.add(self._now + delay_ns, target, message, timers.take, background=background)

    @property
    def in_data_time(self) -> bool:
        """Whether time is that of recorded data."""
        return self._in_data_time

    def pass_time(self, time_ns: int | None) -> bool:
        """Let time of recorded data pass, up to the one given, or to the end of what is on its way when None.

        True when a timer fired, which must be dealt with before more time passes.
        """
        if not self._in_data_time:
            return False
        timers = self.scheduler.timers
        timer = timers.first_in_foreground() if time_ns is None else timers.first()
        if timer is not None and (time_ns is None or timer.due <= time_ns):
            self.scheduler.fire(timer)
            return True
        if time_ns is not None:
            self._move_clock(time_ns)
        return False

    # -- actors

    def context(self, name: str) -> Context:
        """Return what every actor is given."""
        return Context(name, self.now_ns, self.activity, self._report, self._deposit)

    def spawn(self, address: Address[Any], actor_class: type[pykka.ThreadingActor], *args: Any) -> None:
        """Start an actor and bind its address. It begins when its turn comes."""
        stepped = type(actor_class.__name__, (SteppedActor, actor_class), {"_runtime": self})
        self._spawning = address.name
        actor = stepped(self.context(address.name), *args)
        address.bind(actor.actor_ref)
        actor._start_actor_loop()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # pykka's hook for implementers

    def mailbox(self) -> Mailbox:
        """Return the inbox of the actor that is being made."""
        queue = StepQueue(self.scheduler)
        if self._on_delivery is None:
            return Mailbox(queue)
        return StepMailbox(queue, self._spawning, self.now_ns, self._on_delivery)

    def start(self, actor: Any) -> None:
        """Take over the receive loop of the actor that is being started."""
        actor.actor_inbox.queue.reader = self.scheduler.start(self._spawning, actor._actor_loop)  # noqa: SLF001

    def future(self) -> pykka.Future[Any]:
        """Return a future to wait on, inside and outside."""
        return StepFuture(self.scheduler, "an answer")

    def permits(self, limit: int) -> Permits:
        """Return a gate for that many in flight."""
        return _Gate(self.scheduler, limit)

    # -- moving

    @property
    def is_stepped(self) -> bool:
        """Whether the caller moves the actors."""
        return True

    @contextlib.contextmanager
    def held(self) -> Generator[None, None, None]:
        """Let nobody move until the end of the block: what is sent within it is under way at once."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    def settle(self) -> None:
        """Move until nobody can, at this moment of time; inside an actor, leave it to the caller outside."""
        if not self._held and self.scheduler.current is None:
            self._must_be_here()
            self.scheduler.run()

    def wait_quiet(self, timeout: float) -> bool:
        """Let pass what time it takes until nothing is under way; False when that is more than timeout seconds."""
        self._must_be_here()
        deadline = self.scheduler.deadline(timeout)
        self.scheduler.run()
        while not self.activity.is_quiet():
            if not self.scheduler.let_time_pass(deadline):
                return False
            self.scheduler.run()
        return True

    def drain(self, timeout: float) -> bool:
        """Wait as wait_quiet() does, and let pass what time of recorded data that takes."""
        while self.wait_quiet(timeout):
            if not self.pass_time(None):
                return True
        return False

    def wait_all(self, futures: Iterable[pykka.Future[Any]], timeout: float) -> bool:
        """Wait until all have been set; False when that took longer than timeout seconds."""
        deadline = self.scheduler.deadline(timeout)
        try:
            for future in futures:
                future.get(timeout=max(deadline - self._now, 0) / 1e9)
        except pykka.Timeout:
            return False
        return True

    def close(self) -> None:
        """End the timers, and what never came to its end."""
        self.scheduler.abandon()

    def _move_clock(self, time_ns: int) -> None:
        self._now = max(self._now, time_ns)

    def _pending(self) -> int:
        return 0 if self._in_data_time else self.scheduler.timers.foreground

    def _must_be_here(self) -> None:
        if thread_id() != self._thread:
            raise InvalidConfiguration.of("runtime", "stepped", "must be used from the thread that made the system")
