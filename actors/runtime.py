"""What the outside world gives to actors: time, ids, chance, timers, and the spawning of actors.

Nothing else in actors/ or model/ reads a clock, makes an id or starts a thread. Another runtime that keeps this
protocol runs the very same actors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Protocol

import pykka

from .activity import Activity
from .address import Address, Target
from .messages import Problem


class Cancellable(Protocol):
    """A timer that has been set."""

    def cancel(self) -> None:
        """Do not fire, if it is not too late; a handler must bear a timer that fired all the same."""
        ...


class Permits(Protocol):
    """A number of permits to be in flight."""

    def acquire(self, timeout: float) -> bool:
        """Take one, waiting at most timeout seconds; False when none came free."""
        ...

    def release(self) -> None:
        """Give one back; never blocks."""
        ...


class Runtime(Protocol):
    """Everything that is not a function of the messages."""

    activity: Activity

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        ...

    def ids(self, sender: str) -> Callable[[], str]:
        """Return a source of ids `<run>-<sender>-<count>`, unique over restarts; it may be called from any thread."""
        ...

    def live_again(self, sequence: int) -> None:
        """Give other ids from here on than in the lives of the system before, which had recorded so many entries."""
        ...

    def draws(self, *seeds: int) -> Callable[[str, int], Decimal]:
        """Return a source of numbers in [0, 1) that depend on seeds, key and count alone."""
        ...

    def call_later(
        self, delay_ns: int, target: Target[Any], message: object, *, background: bool = False
    ) -> Cancellable:
        """Send a message after a while. A background timer does not count as something under way."""
        ...

    def look_later(self, delay_ns: int, target: Target[Any], message: object) -> Cancellable:
        """Set a background timer by the clock on the wall, where there is one: for who watches from outside."""
        ...

    def spawn(self, address: Address[Any], actor_class: type[pykka.ThreadingActor], *args: Any) -> None:
        """Start an actor on a Context and the arguments, and bind the address to it."""
        ...

    def context(self, name: str) -> Context:
        """Return what every actor is given."""
        ...

    def future(self) -> pykka.Future[Any]:
        """Return a future to wait on from outside."""
        ...

    def permits(self, limit: int) -> Permits:
        """Return a gate for that many in flight."""
        ...

    def wait_quiet(self, timeout: float) -> bool:
        """Wait until nothing is under way; False when that took longer than timeout seconds."""
        ...

    def drain(self, timeout: float) -> bool:
        """Wait as wait_quiet() does, and let pass what time of recorded data that takes."""
        ...

    def wait_all(self, futures: Iterable[pykka.Future[Any]], timeout: float) -> bool:
        """Wait until all have been set; False when that took longer than timeout seconds."""
        ...

    @property
    def in_data_time(self) -> bool:
        """Whether time is that of recorded data."""
        ...

    @property
    def is_stepped(self) -> bool:
        """Whether the caller moves the actors, on one thread."""
        ...

    @property
    def has_crashed(self) -> bool:
        """Whether the actors have been ended in the middle of what they did, as if the process had died."""
        ...

    def settle(self) -> None:
        """Let what has been sent take effect, where the caller has to see to it."""
        ...

    def run_steps(self, most: int) -> bool:
        """Let the actors move at most so often, where the caller has to see to it; True while there is more to do."""
        ...

    def pass_time(self, time_ns: int | None) -> bool:
        """Let time of recorded data pass, up to the one given; True when a timer fired, to be dealt with first."""
        ...

    def begin_no_earlier(self, time_ns: int) -> None:
        """Move time on to a moment that the world outside has come to; that of the wall is what it is."""
        ...

    def end_timers(self) -> None:
        """Fire no more timers."""
        ...

    def close(self) -> None:
        """End the timers, and whatever has not come to its end where the caller moves the actors."""
        ...


def _on_threads(error: BaseException) -> None:
    # A signal interrupts the main thread, which is no actor's.
    del error


class Context:
    """What every actor is given when it is made: its name, clocks, and where it reports and is left when it stops.

    now_ns is the time of day, which may jump and is data; elapsed_ns only grows and measures durations. interrupt is
    told of a KeyboardInterrupt in a handler: where the caller moves the actors, it was meant for the caller.
    """

    __slots__ = ("activity", "deposit", "elapsed_ns", "interrupt", "name", "now_ns", "report")

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        activity: Activity,
        report: Callable[[Problem], None],
        deposit: Callable[[str, Any], None],
        elapsed_ns: Callable[[], int] | None = None,
        interrupt: Callable[[BaseException], None] = _on_threads,
    ) -> None:
        self.interrupt = interrupt
        self.elapsed_ns = now_ns if elapsed_ns is None else elapsed_ns
        self.name = name
        self.now_ns = now_ns
        self.activity = activity
        self.report = report
        self.deposit = deposit
