"""What a named race is, and how it is explored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from ..exploring import Broken, Exploration, Progress, RunOne, explore, run_schedule
from ..schedules import from_text


@attrs.frozen
class Race:
    """Some messages that may come in any order.

    Args:
        name: by which it is asked for.
        what: what races, and what must hold.
        run: runs it once, raises when a law is broken, and returns what came of it.
        outcomes: everything that may come of it, and does under some schedule: a race that never comes near what it is
            about proves nothing. Empty for whatever breaks no law.
        size: how many schedules it has, about, counted when it was written; 0 where nobody has counted.
    """

    name: str
    what: str
    run: RunOne
    outcomes: frozenset[str]
    size: int

    def replay(self, schedule: str) -> str:
        """Return the line that runs one schedule again."""
        return f'python run.py explore "{self.name}" --schedule {schedule}'

    def explore(self, most: int | None = None, progress: Callable[[Progress], object] | None = None) -> Exploration:
        """Run every schedule; an outcome that is not foreseen breaks a law, and so does one that never comes."""
        found = explore(self._foreseen, most, replay=self.replay, progress=progress)
        missing = self.outcomes - found.outcomes.keys()
        if found.complete and not found.broken and missing:
            never = Broken(
                f"never came of it: {', '.join(sorted(missing))}", "", f'python run.py explore "{self.name}"'
            )
            return attrs.evolve(found, broken=(never,))
        return found

    def run_again(self, schedule: str) -> str:
        """Run one schedule, as to_text() writes it, and return what came of it.

        Raises:
            InvalidConfiguration: for what is no schedule.
            Exception: what the schedule breaks.
        """
        return run_schedule(self._foreseen, from_text(schedule))

    def _foreseen(self, choose: Callable[..., int]) -> str:
        outcome = self.run(choose)
        if self.outcomes and outcome not in self.outcomes:
            msg = f"not foreseen: {outcome}"
            raise AssertionError(msg)
        return outcome


_known: Final[dict[str, Race]] = {}
KNOWN: Final[Mapping[str, Race]] = MappingProxyType(_known)
"""Every race that has been defined, by its name."""


def race(*outcomes: str, size: int = 0) -> Callable[[RunOne], RunOne]:
    """Make a race of a function: its name is the race's, and its docstring says what races and what must hold.

    Args:
        outcomes: as in Race.
        size: as in Race.
    """

    def define(run: RunOne) -> RunOne:
        name = run.__name__.replace("_", " ")
        what = " ".join((run.__doc__ or "").split())
        _known[name] = Race(name, what, run, frozenset(outcomes), size)
        return run

    return define
