"""What an actor is made of where one thread runs them all: its queue, its mailbox and its futures."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

import pykka

from .activity import Activity
from .fibres import Killed, thread_id
from .mailbox import Enveloped, Mailbox
from .scheduler import Scheduler
from .tasks import Task

OnDelivery = Callable[[int, str, object], object]


class StepQueue:
    """The queue inside a mailbox, with the methods of queue.SimpleQueue that a mailbox uses.

    Its reader's task is set once the actor starts.
    """

    __slots__ = ("_items", "reader", "scheduler")

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self._items: deque[Any] = deque()
        self.reader: Task | None = None

    def let_others_go_first(self) -> None:
        """Give up control, as before each put.

        Raises:
            Killed: in an actor whose world has ended.
            InvalidConfiguration: on another thread than the one that all is on.
        """
        scheduler = self.scheduler
        if thread_id() != scheduler.thread:
            scheduler.must_be_here()
        current = scheduler.current
        if current is None:
            return
        if scheduler.yields:
            scheduler.pause(current)
        elif current.dying:
            raise Killed

    def put(self, item: Any) -> None:
        """Append, after all others had their chance to go first."""
        scheduler = self.scheduler
        if scheduler.current is not None or thread_id() != scheduler.thread:
            self.let_others_go_first()
        self._items.append(item)
        reader = self.reader
        if reader is not None and reader.awaits is self:
            scheduler.wake(reader, self)

    def get(self) -> Any:
        """Take the first, waiting for it."""
        scheduler, task, items = self.scheduler, self.reader, self._items
        assert task is not None, "an actor reads after it has started"
        if items and (not scheduler.yields or scheduler.interrupted is not None):
            # In turn, one message each.
            scheduler.pause(task)
        while not items:
            scheduler.block(task, self)
        if task.dying:
            raise Killed
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


class StepMailbox(Mailbox):
    """A mailbox on a step queue."""

    def __init__(self, queue: StepQueue) -> None:
        super().__init__(queue)
        self._step_queue = queue
        self._scheduler = queue.scheduler

    def put(self, envelope: Enveloped) -> bool:
        """Queue a message, after all others had their chance to go first.

        Raises:
            InvalidConfiguration: on another thread than the one that all is on.
        """
        if thread_id() != self._scheduler.thread:
            # Before it is counted: what was never put is not under way.
            self._scheduler.must_be_here()
        return super().put(envelope)

    def put_first(self, envelope: Enveloped) -> bool:
        """Queue a message ahead of all that wait, after all others had their chance to go first."""
        self._step_queue.let_others_go_first()
        return super().put_first(envelope)


class TracedMailbox(StepMailbox):
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
    """A future whose reader lets the others move meanwhile. Each runtime has subclasses of its own."""

    scheduler: ClassVar[Scheduler]
    # Whose answer it is.
    name = "an answer"

    def __init__(self) -> None:
        super().__init__()
        self.waiters: list[Task] = []
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
        if not self.scheduler.wait(self, self._there, timeout):
            msg = f"{timeout} seconds"
            raise pykka.Timeout(msg)
        if self._error is not None:
            raise self._error
        return self._value

    def set(self, value: Any = None) -> None:
        """Set the value."""
        self._take(value, None)

    def set_exception(self, exc_info: Any = None) -> None:
        """Set an exception, given as (type, value, traceback); the one being handled unless given."""
        info: Any = exc_info or sys.exc_info()
        kind, error, _ = info
        self._take(None, error if error is not None else kind())

    def _take(self, value: Any, error: BaseException | None) -> None:
        if self._is_set:
            msg = "the future has been set"
            raise RuntimeError(msg)
        self._value, self._error, self._is_set = value, error, True
        for task in self.waiters:
            self.scheduler.wake(task, self)

    def _there(self) -> bool:
        return self._is_set


class StepGate:
    """A number of permits to be in flight."""

    def __init__(self, scheduler: Scheduler, limit: int) -> None:
        self.name = "a permit"
        self.waiters: list[Task] = []
        self._scheduler = scheduler
        self._free = limit

    def acquire(self, timeout: float) -> bool:
        """Take one, waiting at most timeout seconds of virtual time; False when none came free."""
        self._scheduler.must_be_here()
        if not self._free and not (timeout and self._scheduler.wait(self, self._is_free, timeout)):
            return False
        self._free -= 1
        return True

    def release(self) -> None:
        """Give one back."""
        self._free += 1
        for task in self.waiters[: self._free]:
            self._scheduler.wake(task, self)

    def _is_free(self) -> bool:
        return self._free > 0


class StepActivity(Activity):
    """Whether anything is under way, where nobody moves meanwhile: the scheduler sees it."""

    def __init__(self, is_quiet: Callable[[], bool]) -> None:
        super().__init__()
        self._sees_quiet = is_quiet
        self._calls: deque[Callable[[], None]] = deque()

    def is_quiet(self) -> bool:
        """Say whether nothing is under way."""
        return self._sees_quiet()

    def when_quiet(self, call: Callable[[], None]) -> None:
        """Make one call, from outside all actors, when nothing is under way."""
        self._calls.append(call)

    def forget(self, call: Callable[[], None]) -> None:
        """Make the call no more."""
        while call in self._calls:
            self._calls.remove(call)

    def serve(self) -> bool:
        """Make the first of the calls if all is quiet; False when there was none to make."""
        if not self._calls or not self._sees_quiet():
            return False
        self._calls.popleft()()
        return True
