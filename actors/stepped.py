"""The runtime on one thread: the same actors, moved by the caller, in virtual time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable
from decimal import Decimal
from typing import Any, ClassVar, Final

import attrs
import pykka

from ..model.errors import InvalidConfiguration
from ..model.numbers import whole
from .activity import Activity
from .address import Address, Target
from .fibres import FibreKind, Killed, fibres
from .mailbox import Mailbox
from .messages import Problem
from .runtime import Cancellable, Context, Permits
from .scheduler import NANOSECONDS, Choose, Scheduler
from .sources import Ids, draws
from .stepping import OnDelivery, StepActivity, StepFuture, StepGate, StepMailbox, StepQueue, TracedMailbox

START_NS: Final = 946_684_800_000_000_000
"""When virtual time begins: 2000-01-01T00:00:00Z."""


def _most_steps(value: int | None) -> int | None:
    return None if value is None else whole("most_steps", value, InvalidConfiguration)


def _crash_at(value: int | None) -> int | None:
    return None if value is None else whole("crash_at", value, InvalidConfiguration)


def _late_ns(value: int) -> int:
    return whole("late_ns", value, InvalidConfiguration)


def _callable(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is not None and not callable(value):
        raise InvalidConfiguration.of(attribute.name, value, "must be callable, or None")


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

    choose: Choose | None = attrs.field(default=None, validator=_callable)
    late_ns: int = attrs.field(default=0, converter=_late_ns)
    fibres: FibreKind = attrs.field(default="auto", validator=_known_kind)
    most_steps: int | None = attrs.field(default=None, converter=_most_steps)
    crash_at: int | None = attrs.field(default=None, converter=_crash_at)
    on_delivery: OnDelivery | None = attrs.field(default=None, validator=_callable)
    on_step: Callable[[int], object] | None = attrs.field(default=None, validator=_callable)


class _SteppedActor:
    """Mixed in before an actor class: the three hooks that pykka gives implementers of actor types.

    Each actor has a class of its own, which knows its runtime and its name.
    """

    _runtime: ClassVar[SteppedRuntime]
    _name: ClassVar[str]
    _future: ClassVar[type[StepFuture]]

    @property
    def actor_urn(self) -> str:
        """The name; pykka's would be another one in each run."""
        return f"urn:orderpit:{self._name}"

    @actor_urn.setter
    def actor_urn(self, urn: str) -> None:
        del urn

    @classmethod
    def _create_actor_inbox(cls) -> Any:
        return cls._runtime.mailbox(cls._name)

    @classmethod
    def _create_future(cls) -> pykka.Future[Any]:
        return cls._future()

    def _start_actor_loop(self) -> None:
        self._runtime.take_over(self, self._name)

    def _handle_receive(self, message: Any) -> Any:
        try:
            return super()._handle_receive(message)  # type: ignore[misc]  # mixed in before an actor class
        except Killed:
            # Asking for the next message ends the loop.
            return None
        except Exception:
            raise
        except BaseException as error:  # noqa: BLE001  # raised to the caller
            # pykka would stop every actor of the process, the host's among them.
            self._runtime.scheduler.interrupt(error)
            return None


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
        self._report = report
        self._deposit = deposit
        self._in_data_time = in_data_time
        self._now = 0 if in_data_time else START_NS
        self._ids = Ids(run_id or "stepped")
        self._on_delivery = stepped.on_delivery
        self._held = 0
        self._timers_ended = False
        self._step_activity = StepActivity(self._is_quiet)
        self.activity: Activity = self._step_activity
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
            at_rest=self._step_activity.serve,
        )
        self._future: type[StepFuture] = type("StepFuture", (StepFuture,), {"scheduler": self.scheduler})

    # -- time, ids, chance

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC, of virtual time."""
        return self._now

    def ids(self, sender: str) -> Callable[[], str]:
        """Return a source of ids `<run>-<sender>-<count>`."""
        return self._ids.of(sender)

    def live_again(self, sequence: int) -> None:
        """Give other ids from here on than in the lives of the system before, which had recorded so many entries."""
        self._ids.live_again(sequence)

    def draws(self, *seeds: int) -> Callable[[str, int], Decimal]:
        """Return a source of numbers in [0, 1) keyed by seeds, key and count: no order of calls can change them."""
        return draws(*seeds)

    def call_later(
        self, delay_ns: int, target: Target[Any], message: object, *, background: bool = False
    ) -> Cancellable:
        """Send a message after a while."""
        timers = self.scheduler.timers
        timer = timers.add(self._now + delay_ns, target, message, timers.take, background=background)
        if self._timers_ended:
            timer.cancel()
        return timer

    def look_later(self, delay_ns: int, target: Target[Any], message: object) -> Cancellable:
        """Set a background timer; here all time is virtual."""
        return self.call_later(delay_ns, target, message, background=True)

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

    def begin_no_earlier(self, time_ns: int) -> None:
        """Move time on to a moment that the world outside has come to."""
        self._move_clock(time_ns)

    # -- actors

    def context(self, name: str) -> Context:
        """Return what every actor is given."""
        interrupt = self.scheduler.interrupt
        return Context(name, self.now_ns, self.activity, self._report, self._deposit, interrupt=interrupt)

    def spawn(self, address: Address[Any], actor_class: type[pykka.ThreadingActor], *args: Any) -> None:
        """Start an actor on a Context and the arguments, and bind its address. It begins when its turn comes."""
        address.bind(self.start(address.name, actor_class, self.context(address.name), *args))

    def start(self, name: str, actor_class: type[pykka.ThreadingActor], *args: Any) -> pykka.ActorRef[Any]:
        """Start any pykka actor, as pykka would, but in no registry."""
        future = type("StepFuture", (self._future,), {"name": name})
        hooks = {"_runtime": self, "_name": name, "_future": future}
        actor = type(actor_class.__name__, (_SteppedActor, actor_class), hooks)(*args)
        actor._start_actor_loop()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # pykka's hook for implementers
        ref: pykka.ActorRef[Any] = actor.actor_ref
        return ref

    def mailbox(self, name: str) -> Mailbox:
        """Return the inbox of an actor that is being made."""
        queue = StepQueue(self.scheduler)
        if self._on_delivery is None:
            return StepMailbox(queue)
        return TracedMailbox(queue, name, self.now_ns, self._on_delivery)

    def take_over(self, actor: Any, name: str) -> None:
        """Run the receive loop of an actor that is being started."""
        actor.actor_inbox.queue.reader = self.scheduler.start(name, actor._actor_loop)  # noqa: SLF001

    def future(self) -> pykka.Future[Any]:
        """Return a future to wait on, inside and outside."""
        return self._future()

    def permits(self, limit: int) -> Permits:
        """Return a gate for that many in flight."""
        return StepGate(self.scheduler, limit)

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
            self.scheduler.run()

    def run_steps(self, most: int) -> bool:
        """Let the actors move at most so often; True while somebody can move."""
        return self.scheduler.run_steps(most)

    def wait_quiet(self, timeout: float) -> bool:
        """Let pass what time it takes until nothing is under way; False when that is more than timeout seconds."""
        self.scheduler.run()
        deadline = self.scheduler.deadline(timeout)
        while not self._is_quiet():
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
                future.get(timeout=max(deadline - self._now, 0) / NANOSECONDS)
        except pykka.Timeout:
            return False
        return True

    @property
    def has_crashed(self) -> bool:
        """Whether the actors have been ended in the middle of what they did."""
        return self.scheduler.has_crashed

    def end_timers(self) -> None:
        """Fire no more timers; waits still end when their time is over."""
        self._timers_ended = True
        self.scheduler.forget_timers()

    def close(self) -> None:
        """End the timers, and what never came to its end."""
        self.scheduler.abandon()

    def _move_clock(self, time_ns: int) -> None:
        self._now = max(self._now, time_ns)

    def _is_quiet(self) -> bool:
        scheduler = self.scheduler
        under_way = scheduler.ready or scheduler.waiting or scheduler.current is not None
        return not under_way and (self._in_data_time or not scheduler.timers.foreground)
