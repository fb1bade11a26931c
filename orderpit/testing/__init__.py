"""Every interleaving: run bots, and orderpit itself, under a scheduler that a seed decides, with faults on demand."""

from ..actors.scheduler import Crashed, Deadlock, OutOfSteps
from ..actors.stepped import Stepped
from .chaos import ChaosExchange, happened, heal, let_pass, settled, storm
from .chaos_faults import RATES, SCENARIOS, Faults
from .chaos_tables import Heal, Storm
from .failures import Failure
from .probes import Probes
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
from .sharing import shared_objects
from .situations import SITUATIONS
from .trace import Trace, picture
from .trial import Explored, Ran, Trial
from .tripwire import Escape, tripwire
from .walks import random_walk
from .watch import Violation, Watch, all_of
from .worlds import BotFailed, Run

__all__ = [
    "RATES",
    "SCENARIOS",
    "SITUATIONS",
    "BotFailed",
    "ChaosExchange",
    "Crashed",
    "Deadlock",
    "Escape",
    "Explored",
    "Failure",
    "Faults",
    "Heal",
    "OutOfSteps",
    "Probes",
    "Ran",
    "Recording",
    "Replay",
    "Run",
    "Stepped",
    "Storm",
    "Trace",
    "Trial",
    "Violation",
    "Watch",
    "Window",
    "all_of",
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
    "random_walk",
    "seeded",
    "settled",
    "shared_objects",
    "shrink",
    "storm",
    "to_text",
    "tripwire",
    "uniform",
]
