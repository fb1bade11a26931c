"""The monitor: hears of everything that went wrong, counts it, and tells the host."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import attrs

from ..model.alarm import Alarm
from .actor import BaseActor
from .messages import GetProblems, Problem, Query
from .runtime import Context

_KEPT: Final = 1_000


@attrs.frozen
class Troubles:
    """What went wrong so far: counts of all, and the latest of each, oldest first."""

    problem_count: int
    alarm_count: int
    problems: tuple[Problem, ...]
    alarms: tuple[Alarm, ...]


def to_stderr(trouble: Problem | Alarm) -> None:
    """Write one line, and the traceback where there is one: what the host hears when it gives no on_error."""
    if isinstance(trouble, Alarm):
        about = f" on order {trouble.order_id}" if trouble.order_id else ""
        line, detail = f"alarm {trouble.code.value}{about}: {trouble.text}", ""
    else:
        line, detail = str(trouble), trouble.traceback
    sys.stderr.write(f"orderpit: {line}\n{detail}")


class Monitor(BaseActor):
    """Takes problems and alarms, and calls on_error for each, on its own thread.

    Args:
        context: as every actor.
        on_error: the host's callback.
    """

    may_block = True

    def __init__(self, context: Context, on_error: Callable[[Problem | Alarm], object]) -> None:
        super().__init__(context)
        self._on_error = on_error
        self._problems: deque[Problem] = deque(maxlen=_KEPT)
        self._alarms: deque[Alarm] = deque(maxlen=_KEPT)
        self._problem_count = 0
        self._alarm_count = 0

    def handle(self, message: Any) -> None:
        """Count, keep, tell."""
        match message:
            case Problem():
                self._problem_count += 1
                self._problems.append(message)
            case Alarm():
                self._alarm_count += 1
                self._alarms.append(message)
            case _:
                self.unknown(message)
                return
        try:
            self._on_error(message)
        except BaseException as error:  # noqa: BLE001  # the last instance: stderr is all that is left
            to_stderr(message)
            sys.stderr.write(f"orderpit: on_error raised {type(error).__name__} while it was told of this\n")

    def answer(self, query: Query) -> object:
        """Answer with what went wrong."""
        if isinstance(query, GetProblems):
            return self.books()
        return super().answer(query)

    def escalate(self) -> None:
        """Go on: there is nobody left to tell."""

    def books(self) -> Troubles:
        """Return what went wrong."""
        return Troubles(self._problem_count, self._alarm_count, tuple(self._problems), tuple(self._alarms))
