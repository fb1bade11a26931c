"""Every interleaving: run bots, and orderpit itself, under a scheduler that a seed decides, with faults on demand."""

from ..actors.scheduler import Crashed, Deadlock, OutOfSteps
from ..actors.stepped import Stepped
from .chaos.exchange import ChaosExchange, happened, heal, settled, storm
from .chaos.faults import RATES, SCENARIOS, Faults
from .driving import held, let_pass
from .ordeals.ordeal import Survived, ordeal
from .races.known import RACES
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
from .trials.failures import Failure
from .trials.situations import SITUATIONS
from .trials.trial import Explored, Ran, Trial
from .trials.walks import random_walk
from .trials.worlds import BotFailed, Run
from .tripwire import Escape, tripwire
from .watching.probes import Probes
from .watching.sharing import shared_objects
from .watching.watch import Violation, Watch, all_of

__all__ = [
    "RACES",
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
    "OutOfSteps",
    "Probes",
    "Ran",
    "Recording",
    "Replay",
    "Run",
    "Stepped",
    "Survived",
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
    "held",
    "hurried",
    "let_pass",
    "ordeal",
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
