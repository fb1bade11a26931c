"""Messages for later, by the time at which they fall due. Whoever shares them between threads brings a lock."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any

from .address import Target


class Timer:
    """One message for later. A background timer is not something under way."""

    __slots__ = ("_cancelled", "background", "due", "live", "message", "number", "target")

    def __init__(
        self,
        due: int,
        number: int,
        target: Target[Any],
        message: object,
        *,
        background: bool,
        cancelled: Callable[[Timer], object],
    ) -> None:
        self.due, self.number, self.target, self.message = due, number, target, message
        self.background, self.live = background, True
        self._cancelled = cancelled

    def cancel(self) -> None:
        """Do not fire, if it is not too late."""
        self._cancelled(self)

    def __lt__(self, other: Timer) -> bool:
        return (self.due, self.number) < (other.due, other.number)


class TimerHeap:
    """Timers in the order in which they fall due; those that fall due together in the order in which they were set."""

    def __init__(self) -> None:
        self.heap: list[Timer] = []
        self._numbers = itertools.count()
        self.foreground = 0

    def add(
        self, due: int, target: Target[Any], message: object, cancelled: Callable[[Timer], object], *, background: bool
    ) -> Timer:
        """Set a timer."""
        timer = Timer(due, next(self._numbers), target, message, background=background, cancelled=cancelled)
        self.foreground += not background
        heapq.heappush(self.heap, timer)
        return timer

    def take(self, timer: Timer) -> bool:
        """Take a timer out, to fire it or to forget it; False when it has been taken out before."""
        if not timer.live:
            return False
        timer.live = False
        self.foreground -= not timer.background
        return True

    def first(self) -> Timer | None:
        """Return the earliest timer."""
        heap = self.heap
        while heap and not heap[0].live:
            heapq.heappop(heap)
        return heap[0] if heap else None

    def by(self, due: int) -> list[Timer]:
        """Return those that are due by then, the earliest first."""
        heap, places = self.heap, [0]
        found: list[Timer] = []
        while places:
            place = places.pop()
            if place < len(heap) and heap[place].due <= due:
                if heap[place].live:
                    found.append(heap[place])
                # What stands below in a heap is due later.
                places += (2 * place + 1, 2 * place + 2)
        return sorted(found)

    def first_in_foreground(self) -> Timer | None:
        """Return the earliest timer that is something under way."""
        return min((timer for timer in self.heap if timer.live and not timer.background), default=None)

    def clear(self) -> None:
        """Forget all timers."""
        for timer in self.heap:
            timer.live = False
        self.heap.clear()
        self.foreground = 0
