"""How a step that fails is taken back: by undoing what it did, the last first."""

from __future__ import annotations

from collections.abc import Callable


class Undo:
    """What would take back the step under way."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []

    def begin(self) -> None:
        """Begin a step: what was before it stands."""
        self._steps.clear()

    def note(self, step: Callable[[], object]) -> None:
        """Note what undoes the change just made."""
        self._steps.append(step)

    def back(self) -> None:
        """Take the step under way back."""
        while self._steps:
            self._steps.pop()()
