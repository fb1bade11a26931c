"""What was refused and what went wrong, counted by kind as it happens: the system itself keeps only the latest."""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path
from typing import Final, TypeVar

import attrs
from loguru import logger

from ..actors.logs import log_trouble
from ..actors.messages import Problem
from ..model.account_events import TradingStateChanged
from ..model.alarm import Alarm
from ..model.events import CommandRefused, OrderDenied, OrderRejected, OrderUpdate
from ._output import counted

_Key = TypeVar("_Key")

REFUSALS: Final = (OrderDenied, OrderRejected, CommandRefused)
_MOST_PLACES: Final = 100
_MOST_TRIPS: Final = 1_000
_FRAME: Final = re.compile(r'^  File "([^<"][^"]*)", line ([0-9]+)', re.MULTILINE)
_OURS: Final = str(Path(__file__).parents[1])
_PATHS: Final = sysconfig.get_paths()
_OTHERS: Final = (_OURS, _PATHS["stdlib"], _PATHS["purelib"], _PATHS["platlib"])


@attrs.frozen
class Tally:
    """How often, and what was said the first time."""

    count: int
    example: str


class Tallies:
    """Counts refusals by reason, alarms by code, and problems by actor and place. Each method is called by one thread.

    Args:
        alarms_expected: whether alarms are counted and logged to a file alone, since faults were asked for.
    """

    def __init__(self, *, alarms_expected: bool = False) -> None:
        self._alarms_expected = alarms_expected
        self.alarms: dict[str, int] = {}
        self.rejected: dict[str, Tally] = {}
        self.refused: dict[str, Tally] = {}
        self.trips: list[TradingStateChanged] = []
        self._problems: dict[tuple[str, str, str], Tally] = {}

    def refusal(self, update: OrderUpdate) -> None:
        """Count an update of one of the kinds REFUSALS: a callable for TradingSystem.subscribe()."""
        event = update.event
        if isinstance(event, REFUSALS):
            tallies = self.refused if isinstance(event, CommandRefused) else self.rejected
            _count(tallies, event.reason.value, event.text)

    def trip(self, update: OrderUpdate) -> None:
        """Keep a change of the trading state: a callable for TradingSystem.subscribe()."""
        if isinstance(update.event, TradingStateChanged) and len(self.trips) < _MOST_TRIPS:
            self.trips.append(update.event)

    def trouble(self, trouble: Problem | Alarm) -> None:
        """Log what went wrong, marked where its place has been named before: a callable for on_error."""
        at, again = "", False
        if isinstance(trouble, Alarm):
            self.alarms[trouble.code.value] = self.alarms.get(trouble.code.value, 0) + 1
            again = self._alarms_expected
        else:
            at = place(trouble.traceback)
            key = trouble.actor, trouble.what, at
            again = key in self._problems
            if again or len(self._problems) < _MOST_PLACES:
                text = f"{trouble.actor}: {trouble.what} at {at}: {trouble.error}" if at else str(trouble)
                _count(self._problems, key, text)
        with logger.contextualize(_at=at, _again=again):
            log_trouble(trouble)

    def problems(self) -> tuple[str, ...]:
        """Return one line for each place at which something went wrong."""
        tallies = tuple(self._problems.values())
        return tuple(t.example if t.count == 1 else f"{t.example} ({counted(t.count, 'time')})" for t in tallies)


def place(traceback: str) -> str:
    """Return the last file:line of the user's own code in a traceback's text; else the last of all, else nothing."""
    frames = _FRAME.findall(traceback)
    own = [frame for frame in frames if not any(Path(frame[0]).is_relative_to(other) for other in _OTHERS)]
    last = [*frames[-1:], *own[-1:]][-1:]
    return "".join(f"{_shortened(file)}:{line}" for file, line in last)


def _shortened(file: str) -> str:
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def _count(tallies: dict[_Key, Tally], key: _Key, text: str) -> None:
    known = tallies.get(key)
    tallies[key] = Tally(1, text) if known is None else attrs.evolve(known, count=known.count + 1)
