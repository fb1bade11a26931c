"""The scheduler: runs all actors on one thread, and lets one function decide which of them moves next.

Control passes where threads could interleave observably, and nowhere else: where an actor waits for its next message,
just before each message is put, and where a call waits for a future. Reading one's own mailbox while something is in it
commutes with whatever the others do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from ..model.errors import OrderpitError
from .fibres import Fibre, Killed
from .timers import Timer, TimerHeap

NANOSECONDS: Final = 1_000_000_000


class Crashed(Exception):
    """The process is taken to have died at this step, as Stepped(crash_at=...) asked."""

    def __init__(self, step: int) -> None:
        super().__init__(f"crashed at step {step}")
        self.step = step


class Deadlock(OrderpitError):
    """Nobody can move, and somebody waits without an end."""

    def __init__(self, waits: Sequence[str]) -> None:
        super().__init__("nothing can move any more: " + "; ".join(waits))
        self.waits = tuple(waits)


class OutOfSteps(OrderpitError):
    """The messages do not come to an end."""

    def __init__(self, steps: int, waiting: Sequence[str]) -> None:
        super().__init__(f"not at rest after {steps:,} steps; still to move: {', '.join(waiting)}")
        self.steps = steps


class Option(Protocol):
    """What may move next: an actor, or the earliest timer."""

    @property
    def name(self) -> str:
        """The actor's name, or "timer" and the name of whom it tells."""
        ...


Choose = Callable[[Sequence[Option]], int]
"""Given at least two options, those that have waited longest first, returns the index of the one that moves."""


class Awaited(Protocol):
    """What a call waits for."""

    name: str
    waiters: list[Task]


class Task:
    """A fibre, what it waits for, and how it is told."""

    __slots__ = ("awaits", "dying", "fibre", "name", "without_end")

    def __init__(self, name: str, fibre: Fibre) -> None:
        self.name = name
        self.fibre = fibre
        self.awaits: object = None
        self.without_end = False
        self.dying = False


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
        late_ns: a timer due within so much time may fire while messages wait, as if these were handled late.
        moves_by_itself: whether time passes when somebody waits for it; not in the time of recorded data.
        most_steps: None for no end.
        crash_at: the step before which the world ends.
        on_step: called after each step.
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
    ) -> None:
        self.current: Task | None = None
        self.ready: list[Task] = []
        self.tasks: list[Task] = []
        self.timers = TimerHeap()
        self.steps = 0
        self.yields = choose is not None
        self._make_fibre = make_fibre
        self._now = now
        self._move_clock = move_clock
        self._choose = choose
        self._late_ns = late_ns
        self._moves_by_itself = moves_by_itself
        self._most_steps = most_steps
        self._crash_at = crash_at
        self._on_step = on_step
        # In the time of recorded data, waits end when nothing more can happen.
        self._waits = TimerHeap()

    # -- for what runs inside

    def start(self, name: str, body: Callable[[], object]) -> Task:
        """Take over a body of code; it begins when its turn comes."""
        task = Task(name, self._make_fibre(lambda: self._run_body(task, body)))
        self.tasks.append(task)
        self.ready.append(task)
        return task

    def pause(self, task: Task) -> None:
        """Let others go first."""
        self.ready.append(task)
        try:
            task.fibre.pause()
        except Killed:
            # Not raised on: here a handler is sending, and what it does has no effect any more.
            task.dying = True

    def block(self, task: Task, awaits: object) -> None:
        """Let others go until somebody wakes the task."""
        if task.dying:
            raise Killed
        task.awaits = awaits
        try:
            task.fibre.pause()
        except Killed:
            task.dying = True
        if task.dying:
            raise Killed

    def wake(self, task: Task, awaits: object) -> None:
        """Let a task go on that waits for this."""
        if task.awaits is awaits:
            task.awaits = None
            self.ready.append(task)

    def wait(self, awaited: Awaited, is_there: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until something is there, or until so many seconds have passed; from inside or from outside.

        Raises:
            Deadlock: without a timeout, when nobody can move any more.
        """
        task = self.current
        if task is None:
            return self._drive(awaited, is_there, timeout)
        if is_there():
            return True
        alarm = None
        if timeout is not None:
            timers = self.timers if self._moves_by_itself else self._waits
            due = self._now() + int(timeout * NANOSECONDS)
            alarm = timers.add(due, _Alarm(self, task), awaited, timers.take, background=True)
        awaited.waiters.append(task)
        task.without_end = timeout is None
        try:
            self.block(task, awaited)
        finally:
            task.without_end = False
            awaited.waiters.remove(task)
            if alarm is not None:
                alarm.cancel()
        return is_there()

    # -- for the outside, which drives

    def run(self) -> None:
        """Move until nobody can, at this moment of time."""
        if self.current is not None:
            return
        while self.ready:
            self.step()

    def run_steps(self, most: int) -> bool:
        """Move at most so often; True while somebody can move."""
        end = self.steps + most
        while self.ready and self.steps < end:
            self.step()
        return bool(self.ready)

    def step(self) -> None:
        """Let one that is ready move until it gives up control, or fire a timer that is due soon."""
        if self._crash_at is not None and self.steps >= self._crash_at:
            raise Crashed(self.steps)
        if self._most_steps is not None and self.steps >= self._most_steps:
            raise OutOfSteps(self.steps, [task.name for task in self.ready])
        self.steps += 1
        mover = self._next()
        if isinstance(mover, Task):
            self.current = mover
            try:
                mover.fibre.resume()
            finally:
                self.current = None
        else:
            self.fire(mover.timer)
        if self._on_step is not None:
            self._on_step(self.steps)

    def let_time_pass(self, until_ns: int | None) -> bool:
        """Fire the earliest timer that is due by then; False when there is none."""
        timer = self.timers.first() if self._moves_by_itself else None
        if timer is None:
            timer = self._waits.first()
            if timer is None:
                return False
            # Nothing more can happen that it could wait for.
            self._waits.take(timer)
            timer.target.send(timer.message)
            return True
        if until_ns is not None and timer.due > until_ns:
            return False
        self.fire(timer)
        return True

    def fire(self, timer: Timer) -> None:
        """Move on to the time of a timer, and tell whom it is to tell."""
        self.timers.take(timer)
        self._move_clock(timer.due)
        timer.target.send(timer.message)

    def deadline(self, timeout: float) -> int:
        """Return the moment that lies so many seconds ahead."""
        return self._now() + int(timeout * NANOSECONDS)

    def pass_until(self, time_ns: int) -> None:
        """Let the clock stand where a wait in vain has ended."""
        if self._moves_by_itself:
            self._move_clock(time_ns)

    def blocked(self) -> list[str]:
        """Say who waits without an end, and for whom."""
        return [
            f"{task.name} waits for {getattr(task.awaits, 'name', 'something')}"
            for task in self.tasks
            if task.without_end and not task.fibre.done
        ]

    def abandon(self) -> None:
        """End the world as kill -9 does: no handler finishes what it began, nothing is sent, nothing is cleaned up."""
        for task in self.tasks:
            task.dying = True
        for task in self.tasks:
            while not task.fibre.done:
                self.current = task
                try:
                    task.fibre.resume()
                finally:
                    self.current = None
        self.ready.clear()
        self.timers.clear()

    def _run_body(self, task: Task, body: Callable[[], object]) -> None:
        if task.dying:
            return
        try:
            body()
        except Killed:
            if not task.dying:
                raise

    def _drive(self, awaited: Awaited, is_there: Callable[[], bool], timeout: float | None) -> bool:
        deadline = None if timeout is None else self.deadline(timeout)
        while not is_there():
            if self.ready:
                self.step()
            elif not self.let_time_pass(deadline):
                break
        if is_there():
            return True
        if deadline is None:
            raise Deadlock([f"the caller waits for {awaited.name}", *self.blocked()])
        self.pass_until(deadline)
        return False

    def _next(self) -> Task | _Due:
        ready = self.ready
        if self._choose is None:
            return ready.pop(0)
        due = self._due_soon() if self._late_ns else None
        if due is not None:
            index = self._choose([*ready, due])
            return due if index == len(ready) else ready.pop(index)
        return ready.pop(self._choose(ready) if len(ready) > 1 else 0)

    def _due_soon(self) -> _Due | None:
        timer = self.timers.first() if self._moves_by_itself else None
        return _Due(timer) if timer is not None and timer.due <= self._now() + self._late_ns else None


class StepQueue:
    """The queue inside a mailbox, with the methods of queue.SimpleQueue that a mailbox uses.

    Its reader's task is set once the actor starts.
    """

    __slots__ = ("_items", "_scheduler", "reader")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._items: deque[Any] = deque()
        self.reader: Task | None = None

    def put(self, item: Any) -> None:
        """Append, after all others had their chance to go first."""
        scheduler = self._scheduler
        current = scheduler.current
        if current is not None:
            if scheduler.yields and not current.dying:
                scheduler.pause(current)
            if current.dying:
                return
        self._items.append(item)
        if self.reader is not None:
            scheduler.wake(self.reader, self)

    def get(self) -> Any:
        """Take the first, waiting for it."""
        scheduler, task, items = self._scheduler, self.reader, self._items
        assert task is not None, "an actor reads after it has started"
        if task.dying:
            raise Killed
        if items and scheduler.ready and not scheduler.yields:
            # In turn, one message each.
            scheduler.pause(task)
            if task.dying:
                raise Killed
        while not items:
            scheduler.block(task, self)
        return items.popleft()

    def get_nowait(self) -> Any:
        """Take the first; raises IndexError when there is none."""
        return self._items.popleft()

    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._items

    def qsize(self) -> int:
        """How many wait."""
        return len(self._items)
