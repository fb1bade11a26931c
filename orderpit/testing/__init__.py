"""Every interleaving: run bots, and orderpit itself, under a scheduler that a seed decides, with faults on demand."""

from ..actors.scheduler import Crashed, Deadlock, OutOfSteps
from ..actors.stepped import Stepped
from .chaos import ChaosExchange, happened, heal, let_pass, settled, storm
from .chaos_faults import SCENARIOS, Faults
from .chaos_tables import Heal, Storm
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
    "SCENARIOS",
    "ChaosExchange",
    "Crashed",
    "Deadlock",
    "Escape",
    "Faults",
    "Heal",
    "OutOfSteps",
    "Recording",
    "Replay",
    "Stepped",
    "Storm",
    "Trace",
    "Window",
    "by_hypothesis",
    "drawn_by",
    "every_schedule",
    "from_text",
    "happened",
    "heal",
    "hurried",
    "let_pass",
    "pct",
    "picture",
    "seeded",
    "settled",
    "shrink",
    "storm",
    "to_text",
    "tripwire",
    "uniform",
]
