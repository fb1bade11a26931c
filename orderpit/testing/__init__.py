"""Every interleaving: run bots, and orderpit itself, under a scheduler that a seed decides, with faults on demand."""

from ..actors.scheduler import Crashed, Deadlock, OutOfSteps
from ..actors.stepped import Stepped
from .schedules import (
    Recording,
    Replay,
    Window,
    by_hypothesis,
    drawn_by,
    every_schedule,
    from_text,
    hurried,
    pct,
    seeded,
    shrink,
    to_text,
    uniform,
)
from .trace import Trace, picture
from .tripwire import Escape, tripwire

__all__ = [
    "Crashed",
    "Deadlock",
    "Escape",
    "OutOfSteps",
    "Recording",
    "Replay",
    "Stepped",
    "Trace",
    "Window",
    "by_hypothesis",
    "drawn_by",
    "every_schedule",
    "from_text",
    "hurried",
    "pct",
    "picture",
    "seeded",
    "shrink",
    "to_text",
    "tripwire",
    "uniform",
]
