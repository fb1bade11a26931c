"""What the scheduler moves, who chooses among it, and how a run can end before its time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..model.errors import OrderpitError
from .fibres import Fibre


class Crashed(Exception):
    """The process is taken to have died at this step; nothing can be asked of its actors any more."""

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
    """What may move next: an actor, or a timer."""

    @property
    def name(self) -> str:
        """The actor's name, or "timer of" and the name of whom it tells."""
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

    def __init__(self, name: str) -> None:
        self.name = name
        self.fibre: Fibre
        self.awaits: Any = None
        self.without_end = False
        self.dying = False
