"""The runtime on threads: the one module that reads clocks, makes ids, and starts threads."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any, Protocol

import pykka

from .activity import Activity
from .address import Address, Target
from .messages import Problem
from .runtime import Cancellable, Context, Permits
from .sources import Ids, draws
from .timers import Timer, TimerHeap

_LONGEST_LINE = 1024


class Clock(Protocol):
    """A source of time."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        ...

    def elapsed_ns(self) -> int:
        """Nanoseconds since some moment; it never jumps."""
        ...


class WallClock:
    """The machine's time."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC; it may jump, and nothing is ordered by it."""
        return time.time_ns()

    def elapsed_ns(self) -> int:
        """Nanoseconds since some moment; it never jumps."""
        return time.monotonic_ns()


class DataClock:
    """The time of recorded data: it stands still until the feed moves it, and never goes back."""

    def __init__(self) -> None:
        self._now = 0

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC, of the latest record."""
        return self._now

    def elapsed_ns(self) -> int:
        """The same, since it never goes back."""
        return self._now

    def advance(self, time_ns: int) -> None:
        """Move on to a record's time; an older one leaves the clock where it is."""
        self._now = max(self._now, time_ns)


def _nothing() -> None:
    pass


class Timers(Protocol):
    """Messages for later."""

    def call_later(self, delay_ns: int, target: Target[Any], message: object, *, background: bool) -> Cancellable:
        """Send a message after a while."""
        ...

    def pending(self) -> int:
        """Count the timers that are something under way."""
        ...

    def close(self) -> None:
        """Fire no more."""
        ...


class WallTimers:
    """Timers on the monotonic clock, which no change of the wall clock can hold up; one thread, once there is one."""

    def __init__(self, fired: Callable[[], None] = _nothing) -> None:
        self._fired = fired
        self._heap = TimerHeap()
        self._changed = threading.Condition()
        # Those that have been taken out to be fired are still under way.
        self._firing = 0
        self._thread: threading.Thread | None = None
        self._closed = False

    def call_later(self, delay_ns: int, target: Target[Any], message: object, *, background: bool) -> Cancellable:
        """Send a message after a while."""
        due = time.monotonic_ns() + delay_ns
        with self._changed:
            timer = self._heap.add(due, target, message, self._cancel, background=background)
            if self._closed:
                self._heap.clear()
                return timer
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="orderpit-timers", daemon=True)
                self._thread.start()
            self._changed.notify()
        return timer

    def pending(self) -> int:
        """Count the timers that are something under way."""
        with self._changed:
            return self._heap.foreground + self._firing

    def close(self) -> None:
        """Fire no more."""
        with self._changed:
            self._closed = True
            self._heap.clear()
            self._changed.notify()

    def _run(self) -> None:
        while (timer := self._next_due()) is not None:
            timer.target.send(timer.message)
            # Only now, so that at no moment it is neither pending nor sent.
            with self._changed:
                self._firing = 0
            self._fired()

    def _cancel(self, timer: Timer) -> None:
        with self._changed:
            if self._closed or not self._heap.take(timer):
                return
        self._fired()

    def _next_due(self) -> Timer | None:
        with self._changed:
            while not self._closed:
                timer = self._heap.first()
                wait_ns = None if timer is None else timer.due - time.monotonic_ns()
                if timer is not None and wait_ns is not None and wait_ns <= 0:
                    # From here on it is too late to cancel it.
                    self._heap.take(timer)
                    self._firing = int(not timer.background)
                    return timer
                self._changed.wait(None if wait_ns is None else wait_ns / 1e9)
        return None


class DataTimers:
    """Timers in the time of recorded data; the feed fires them when the data has come that far."""

    def __init__(self, clock: DataClock) -> None:
        self._clock = clock
        self._heap = TimerHeap()
        self._lock = threading.Lock()

    def call_later(self, delay_ns: int, target: Target[Any], message: object, *, background: bool) -> Cancellable:
        """Send a message once the data's clock has passed the delay."""
        due = self._clock.now_ns() + delay_ns
        with self._lock:
            return self._heap.add(due, target, message, self._cancel, background=background)

    def pending(self) -> int:
        """Count nothing: these timers wait for data, not for time to pass."""
        return 0

    def _cancel(self, timer: Timer) -> None:
        with self._lock:
            self._heap.take(timer)

    def fire_next(self, until_ns: int | None) -> bool:
        """Fire the earliest timer that is due by then, and set the clock to it; of the foreground alone when None."""
        with self._lock:
            timer = self._heap.first_in_foreground() if until_ns is None else self._heap.first()
            if timer is None or (until_ns is not None and timer.due > until_ns):
                return False
            self._heap.take(timer)
        self._clock.advance(timer.due)
        timer.target.send(timer.message)
        return True

    def close(self) -> None:
        """Fire no more."""
        with self._lock:
            self._heap.clear()


class _Gate:
    def __init__(self, limit: int) -> None:
        self._semaphore = threading.Semaphore(limit)

    def acquire(self, timeout: float) -> bool:
        return self._semaphore.acquire(timeout=timeout)

    def release(self) -> None:
        self._semaphore.release()


class ThreadRuntime:
    """One thread for each actor.

    Args:
        report: where problems go.
        deposit: where actors are left when they stop.
        clock, timers: of the wall, unless given.
        run_id: first part of every id; a new one, unique over restarts, unless given.
    """

    def __init__(
        self,
        report: Callable[[Problem], None],
        deposit: Callable[[str, Any], None],
        *,
        clock: Clock | None = None,
        timers: Timers | None = None,
        run_id: str | None = None,
    ) -> None:
        self.activity = Activity()
        self.clock = clock or WallClock()
        self.timers = timers or WallTimers(self.activity.check)
        self.activity.count_also(self.timers.pending)
        self._report = report
        self._deposit = deposit
        self._ids = Ids(run_id or uuid.uuid4().hex[:12])
        # Whoever watches from outside must not wait for recorded data.
        self._looks = WallTimers()

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        return self.clock.now_ns()

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
        return self.timers.call_later(delay_ns, target, message, background=background)

    def look_later(self, delay_ns: int, target: Target[Any], message: object) -> Cancellable:
        """Set a background timer by the clock on the wall."""
        return self._looks.call_later(delay_ns, target, message, background=True)

    def context(self, name: str) -> Context:
        """Return what every actor is given."""
        return Context(name, self.now_ns, self.activity, self._report, self._deposit, self.clock.elapsed_ns)

    def spawn(self, address: Address[Any], actor_class: type[pykka.ThreadingActor], *args: Any) -> None:
        """Start an actor and bind its address."""
        # Not by start(), which registers: the registry is one for the process, and the host's stop_all() must not stop
        # trading, not even an actor that is just being started.
        actor = actor_class(self.context(address.name), *args)
        address.bind(actor.actor_ref)
        actor._start_actor_loop()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # pykka's hook for implementers

    def future(self) -> pykka.Future[Any]:
        """Return a future to wait on from outside."""
        return pykka.ThreadingFuture[Any]()

    def permits(self, limit: int) -> Permits:
        """Return a gate for that many in flight."""
        return _Gate(limit)

    def wait_quiet(self, timeout: float) -> bool:
        """Wait until nothing is under way; False when that took longer than timeout seconds."""
        quiet = threading.Event()
        self.activity.when_quiet(quiet.set)
        if quiet.wait(timeout):
            return True
        self.activity.forget(quiet.set)
        return False

    def wait_all(self, futures: Iterable[pykka.Future[Any]], timeout: float) -> bool:
        """Wait until all have been set; False when that took longer than timeout seconds."""
        end = time.monotonic() + timeout
        try:
            for future in futures:
                future.get(timeout=max(end - time.monotonic(), 0))
        except pykka.Timeout:
            return False
        return True

    @property
    def in_data_time(self) -> bool:
        """Whether time is that of recorded data."""
        return isinstance(self.timers, DataTimers)

    def pass_time(self, time_ns: int | None) -> bool:
        """Let time of recorded data pass, up to the one given, or to the end of what is on its way when None.

        True when a timer fired, which must be dealt with before more time passes. Time that passes by itself needs
        nobody.
        """
        if not isinstance(self.timers, DataTimers):
            return False
        if self.timers.fire_next(time_ns):
            return True
        if time_ns is not None and isinstance(self.clock, DataClock):
            self.clock.advance(time_ns)
        return False

    def begin_no_earlier(self, time_ns: int) -> None:
        """Move the time of recorded data on to a moment that the world outside has come to."""
        if isinstance(self.clock, DataClock):
            self.clock.advance(time_ns)

    def drain(self, timeout: float) -> bool:
        """Wait as wait_quiet() does, and let pass what time of recorded data that takes: no record brings it now."""
        end = time.monotonic() + timeout
        while self.wait_quiet(max(end - time.monotonic(), 0)):
            if not self.pass_time(None):
                return True
        return False

    @property
    def is_stepped(self) -> bool:
        """Whether the caller moves the actors."""
        return False

    @property
    def has_crashed(self) -> bool:
        """Whether the actors have been ended in the middle of what they did: never."""
        return False

    def settle(self) -> None:
        """Do nothing: the threads see to it."""

    def run_steps(self, most: int) -> bool:
        """Do nothing: the threads see to it."""
        del most
        return False

    def end_timers(self) -> None:
        """Fire no more timers."""
        self._looks.close()
        self.timers.close()

    def close(self) -> None:
        """End the timers."""
        self._looks.close()
        self.timers.close()


def lock() -> AbstractContextManager[object]:
    """Return a lock, for the one thing that systems share: a venue that outlives them."""
    return threading.Lock()


def first_line(path: str) -> str | None:
    """Return the beginning of a file's first line, empty where it cannot be read; None while there is no such file."""
    try:
        # A pipe without a writer would keep its reader waiting.
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            return os.read(file, _LONGEST_LINE).partition(b"\n")[0].decode(errors="replace")
        finally:
            os.close(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return ""


def after_fork_in_child(call: Callable[[], None]) -> None:
    """Register a call for a child made by os.fork(), where the actors' threads do not exist."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=call)
