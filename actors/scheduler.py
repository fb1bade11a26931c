"""The scheduler: runs all actors on one thread, and lets one function decide which of them moves next.

Control passes where threads could interleave observably, and nowhere else: where an actor waits for its next message,
just before each message is put, and where a call waits for a future. Reading one's own mailbox while something is in it
commutes with whatever the others do.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import Final

from ..model.errors import InvalidConfiguration
from .fibres import Fibre, Killed, thread_id
from .tasks import Awaited, Choose, Crashed, Deadlock, Option, OutOfSteps, Task
from .timers import Timer, TimerHeap

__all__ = ["NANOSECONDS", "Choose", "Crashed", "Deadlock", "Option", "OutOfSteps", "Scheduler"]

NANOSECONDS: Final = 1_000_000_000


class _Due:
    """A timer as an option."""

    __slots__ = ("name", "timer")

    def __init__(self, timer: Timer) -> None:
        self.timer = timer
        self.name = f"timer of {getattr(timer.target, 'name', 'a call')}"


class _Alarm:
    """Wakes a task whose wait has lasted long enough."""

    __slots__ = ("_scheduler", "_task", "name")

    def __init__(self, scheduler: Scheduler, task: Task) -> None:
        self._scheduler, self._task = scheduler, task
        self.name = task.name

    def send(self, message: object) -> bool:
        self._scheduler.wake(self._task, message)
        return True


class Scheduler:
    """Everything that runs, and everything that is still to come.

    Args:
        make_fibre: of the kind that is asked for.
        now: the clock.
        move_clock: sets it, never back.
        choose: None lets them move in turn, in the order in which their messages came; then control passes only where
            an actor asks for its next message, which is one of the orders that threads could take, and the fastest.
        late_ns: a timer due within so much time may fire while messages wait, as if these were handled late, or before
            another that is due as much earlier.
        moves_by_itself: whether time passes when somebody waits for it; not in the time of recorded data.
        most_steps: None for no end.
        crash_at: the step before which the world ends.
        on_step: called after each step.
        at_rest: called when nobody can move, at this moment of time; True when that made somebody able to.
    """

    def __init__(
        self,
        make_fibre: Callable[[Callable[[], object]], Fibre],
        now: Callable[[], int],
        move_clock: Callable[[int], None],
        *,
        choose: Choose | None,
        late_ns: int,
        moves_by_itself: bool,
        most_steps: int | None,
        crash_at: int | None,
        on_step: Callable[[int], object] | None,
        at_rest: Callable[[], bool],
    ) -> None:
        self.current: Task | None = None
        self.ready: list[Task] = []
        self.tasks: list[Task] = []
        self.timers = TimerHeap()
        self.steps = 0
        self.yields = choose is not None
        self.thread = thread_id()
        # Tasks inside a call that waits.
        self.waiting = 0
        # What is to be raised to the caller once the actor that is moving has given up control.
        self.interrupted: BaseException | None = None
        self.has_crashed = False
        self._make_fibre = make_fibre
        self._now = now
        self._move_clock = move_clock
        self._choose = choose
        self._late_ns = late_ns
        self._moves_by_itself = moves_by_itself
        self._crash_at = sys.maxsize if crash_at is None else crash_at
        self._limit = min(self._crash_at, sys.maxsize if most_steps is None else most_steps)
        self._on_step = on_step
        self._at_rest = at_rest
        # In the time of recorded data, waits end when nothing more can happen.
        self._waits = TimerHeap()
        self._reported: set[tuple[str, ...]] = set()

    # -- for what runs inside

    def start(self, name: str, body: Callable[[], object]) -> Task:
        """Take over a body of code; it begins when its turn comes."""
        task = Task(name)

        def unless_killed() -> None:
            with contextlib.suppress(Killed):
                if not task.dying:
                    body()

        task.fibre = self._make_fibre(unless_killed)
        self.tasks.append(task)
        self.ready.append(task)
        return task

    def pause(self, task: Task) -> None:
        """Let others go first.

        Raises:
            Killed: when the world has ended meanwhile.
        """
        if task.dying:
            raise Killed
        self.ready.append(task)
        try:
            task.fibre.pause()
        except Killed:
            self._throw_away(task)
        if task.dying:
            raise Killed

    def block(self, task: Task, awaits: object) -> None:
        """Let others go until somebody wakes the task.

        Raises:
            Killed: as pause().
        """
        if task.dying:
            raise Killed
        task.awaits = awaits
        try:
            task.fibre.pause()
        except Killed:
            self._throw_away(task)
        if task.dying:
            raise Killed

    def _throw_away(self, task: Task) -> None:
        # Forgotten together with its world. What still runs on the way out must have no effect.
        task.dying, self.current = True, task

    def wake(self, task: Task, awaits: object) -> None:
        """Let a task go on that waits for this."""
        if task.awaits is awaits and not task.dying:
            task.awaits = None
            self.ready.append(task)

    def wait(self, awaited: Awaited, is_there: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until something is there, or until so many seconds have passed; from inside or from outside.

        Raises:
            Deadlock: without a timeout, when nobody can move any more.
        """
        self.must_be_here()
        task = self.current
        if task is None:
            return self._drive(awaited, is_there, timeout)
        if is_there():
            return True
        alarm = None
        if timeout is not None:
            timers = self.timers if self._moves_by_itself else self._waits
            alarm = timers.add(self.deadline(timeout), _Alarm(self, task), awaited, timers.take, background=True)
        awaited.waiters.append(task)
        task.without_end = timeout is None
        self.waiting += 1
        try:
            self.block(task, awaited)
        finally:
            self.waiting -= 1
            task.without_end = False
            awaited.waiters.remove(task)
            if alarm is not None:
                alarm.cancel()
        return is_there()

    def interrupt(self, error: BaseException) -> None:
        """Raise this to the caller as soon as the actor that is moving has given up control."""
        self.interrupted = error

    def must_be_here(self) -> None:
        """Refuse another thread.

        Raises:
            InvalidConfiguration: when the caller is neither the thread that made the system nor one of its actors.
        """
        here = thread_id()
        if here != self.thread and (self.current is None or not self.current.fibre.runs_on(here)):
            raise InvalidConfiguration.of("runtime", "stepped", "must be used from the thread that made the system")

    # -- for the outside, which drives

    def run(self) -> None:
        """Move until nobody can, at this moment of time.

        Raises:
            Deadlock: when actors then wait for each other; once for each circle of them.
        """
        self._must_live()
        while self.ready or self._at_rest():
            self.step()
        self._look_for_circles()

    def run_steps(self, most: int) -> bool:
        """Move at most so often; True while somebody can move."""
        self._must_live()
        end = self.steps + most
        while self.steps < end and (self.ready or self._at_rest()):
            self.step()
        # What only waited for all to be quiet, such as the next record, is more to do too.
        return bool(self.ready) or self._at_rest()

    def step(self) -> None:
        """Let one that is ready move until it gives up control, or fire a timer that may fire by now."""
        if self.steps >= self._limit:
            self._end()
        self.steps += 1
        mover = self._next()
        if isinstance(mover, Task):
            self._resume(mover)
        else:
            self.fire(mover.timer)
        if self.interrupted is not None or self._on_step is not None:
            self._after_step()

    def let_time_pass(self, until_ns: int | None) -> bool:
        """Fire the earliest timer that is due by then, one of them if there are several; False when there is none."""
        timers = self.timers if self._moves_by_itself else self._waits
        first = timers.first()
        if first is None or (self._moves_by_itself and until_ns is not None and first.due > until_ns):
            return False
        if self.steps >= self._limit:
            self._end()
        self.steps += 1
        if self._moves_by_itself:
            self.fire(self._one_of(first, until_ns))
        else:
            # Nothing more can happen that it could wait for.
            self._waits.take(first)
            first.target.send(first.message)
        self._after_step()
        return True

    def fire(self, timer: Timer) -> None:
        """Move on to the time of a timer, and tell whom it is to tell."""
        self.timers.take(timer)
        self._move_clock(timer.due)
        timer.target.send(timer.message)

    def forget_timers(self) -> None:
        """Take out all timers but those that end a wait."""
        for timer in self.timers.heap:
            if not isinstance(timer.target, _Alarm):
                self.timers.take(timer)

    def deadline(self, timeout: float) -> int:
        """Return the moment that lies so many seconds ahead."""
        return self._now() + int(timeout * NANOSECONDS)

    def abandon(self) -> None:
        """End the world as kill -9 does: no handler finishes what it began, and nothing is sent any more."""
        tasks, self.tasks = self.tasks, []
        for task in tasks:
            task.dying = True
        for task in tasks:
            while not task.fibre.done:
                self.current = task
                # What it raises on the way out is heard by nobody, as nothing else that it does any more.
                with contextlib.suppress(Exception):
                    task.fibre.resume()
        self.current = None
        self.ready.clear()
        self.timers.clear()
        self._waits.clear()

    # -- internals

    def _resume(self, mover: Task) -> None:
        self.current = mover
        try:
            mover.fibre.resume()
        except BaseException:
            self.current = None
            if mover.fibre.done:
                # It ended where no actor ends, so nothing holds any more of what the others rely on.
                self._crash()
            raise
        self.current = None
        if mover.fibre.done:
            self.tasks.remove(mover)

    def _after_step(self) -> None:
        if self.interrupted is not None:
            interrupted, self.interrupted = self.interrupted, None
            raise interrupted
        if self._on_step is not None:
            self._on_step(self.steps)

    def _end(self) -> None:
        waiting = [task.name for task in self.ready]
        self._crash()
        if self.steps >= self._crash_at:
            raise Crashed(self.steps)
        raise OutOfSteps(self.steps, waiting)

    def _crash(self) -> None:
        self.has_crashed = True
        self.abandon()

    def _must_live(self) -> None:
        self.must_be_here()
        if self.has_crashed:
            raise Crashed(self.steps)

    def _drive(self, awaited: Awaited, is_there: Callable[[], bool], timeout: float | None) -> bool:
        self._must_live()
        deadline = None if timeout is None else self.deadline(timeout)
        while not is_there():
            if self.ready or self._at_rest():
                self.step()
            elif not self.let_time_pass(deadline):
                break
        if is_there():
            return True
        if deadline is None:
            raise Deadlock([f"the caller waits for {awaited.name}", *self._waits_without_end()])
        if self._moves_by_itself:
            self._move_clock(deadline)
        return False

    def _next(self) -> Task | _Due:
        ready = self.ready
        if self._choose is None:
            return ready.pop(0)
        if self.timers.heap and self._moves_by_itself and self._is_due(latest := self._now() + self._late_ns):
            options: list[Task | _Due] = [*ready, *map(_Due, self.timers.by(latest))]
            chosen = options[self._choose(options)]
            if isinstance(chosen, Task):
                ready.remove(chosen)
            return chosen
        return ready.pop(self._choose(ready) if len(ready) > 1 else 0)

    def _is_due(self, latest: int) -> bool:
        first = self.timers.first()
        return first is not None and first.due <= latest

    def _one_of(self, first: Timer, until_ns: int | None) -> Timer:
        """Choose among those that are due together with the first."""
        if self._choose is None:
            return first
        latest = first.due + self._late_ns
        due = list(map(_Due, self.timers.by(latest if until_ns is None else min(latest, until_ns))))
        return due[self._choose(due)].timer if len(due) > 1 else first

    def _waits_without_end(self) -> list[str]:
        return [f"{task.name} waits for {task.awaits.name}" for task in self.tasks if task.without_end]

    def _look_for_circles(self) -> None:
        if not self.waiting:
            return
        waits = {task.name: task.awaits.name for task in self.tasks if task.without_end}
        for start in waits:
            circle = [start]
            while (after := waits.get(circle[-1])) is not None and after not in circle:
                circle.append(after)
            told = tuple(f"{name} waits for {waits[name]}" for name in sorted(circle) if name in waits)
            if after == start and told not in self._reported:
                self._reported.add(told)
                raise Deadlock(told)
