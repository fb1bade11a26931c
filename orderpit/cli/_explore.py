"""Explore: every schedule of a named race, what came of each, and the shortest that breaks a law."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import attrs

from ..model.errors import InvalidConfiguration
from ..testing.exploring import Broken, Exploration, Progress
from ..testing.races.known import RACES
from ..testing.races.racing import Race
from ._errors import FAILED, OK, UsageError
from ._output import Output, counted
from ._progress import left
from ._signals import Signals

if TYPE_CHECKING:
    from rich.console import Console

_EVERY_SECONDS: Final = 0.2
_LINE_EVERY_SECONDS: Final = 2.0
_WIDE: Final = 140
"""Columns from which on there is room for what a race is about."""


@attrs.frozen
class Explored:
    """What the command found: the race and its exploration, or the races there are."""

    race: Race | None = None
    found: Exploration | None = None

    @property
    def exit_code(self) -> int:
        """0 unless a law was broken."""
        return FAILED if self.found is not None and self.found.broken else OK

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        if self.race is None or self.found is None:
            return {"races": [_described(race) for race in RACES.values()]}
        found = self.found
        return {
            **_described(self.race),
            "schedules": found.schedules,
            "complete": found.complete,
            "outcomes": dict(sorted(found.outcomes.items())),
            "broken": [attrs.asdict(broken) for broken in found.broken],
            "seconds": round(found.seconds, 3),
        }


def run(args: Namespace, out: Output, console: Console | None, signals: Signals) -> Explored:
    """List the races, or explore one, or run one schedule of it.

    Raises:
        UsageError: for a race that is not known, and for what is no schedule.
    """
    if args.race is None:
        _list(out, console)
        return Explored()
    race = RACES.get(args.race)
    if race is None:
        msg = f"RACE: {args.race!a} is not known; `explore` lists those that are"
        raise UsageError(msg)
    found = _explored(race, args, console, signals) if args.schedule is None else _once(race, args.schedule)
    explored = Explored(race, found)
    _show(out, explored)
    return explored


def _described(race: Race) -> dict[str, Any]:
    return {"name": race.name, "what": race.what, "size": race.size}


def _list(out: Output, console: Console | None) -> None:
    out.heading(f"{len(RACES)} races")
    columns, rows = ["race", ">schedules"], [[race.name, f"{race.size:,}"] for race in RACES.values()]
    if console is None or console.width >= _WIDE:
        columns.append("what")
        for row, race in zip(rows, RACES.values(), strict=True):
            row.append(race.what)
    out.table(columns, rows)
    total = sum(race.size for race in RACES.values())
    out.line(f"in all about {total:,} schedules; `explore RACE` runs every one of a race")


def _once(race: Race, schedule: str) -> Exploration:
    began = time.perf_counter()
    outcomes: dict[str, int] = {}
    broken: tuple[Broken, ...] = ()
    try:
        outcomes = {race.run_again(schedule): 1}
    except InvalidConfiguration as error:
        raise UsageError(str(error)) from None
    except Exception as error:  # noqa: BLE001  # it is what the schedule breaks
        broken = (Broken(f"{type(error).__name__}: {error}", schedule, race.replay(schedule)),)
    return Exploration(1, outcomes, broken, complete=False, seconds=time.perf_counter() - began)


def _show(out: Output, explored: Explored) -> None:
    race, found = explored.race, explored.found
    if race is None or found is None:
        return
    out.heading(race.name[:1].upper() + race.name[1:])
    for line in wrap(race.what, 78):
        out.line(line)
    rows = sorted(found.outcomes.items(), key=lambda item: -item[1])
    out.table((">schedules", "what came of them"), [(f"{count:,}", outcome) for outcome, count in rows])
    for broken in found.broken:
        out.line(f"BROKEN: {broken.what}")
        out.line(f"replay: {broken.replay}")
    scope = "all of them" if found.complete else "not all"
    per_second = found.schedules / found.seconds if found.seconds else 0
    verdict = "a law is broken" if found.broken else "no law is broken"
    out.line(f"{counted(found.schedules, 'schedule')}, {scope}, {per_second:,.0f} a second: {verdict}")


class _Watch(Protocol):
    """Shows how far an exploration has come."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, done: float, figures: str, /) -> None:
        """Show it."""


class _Lines:
    """Writes a line."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, done: float, figures: str) -> None:
        """Write one."""
        sys.stderr.write(f"orderpit: {done:4.0%}, {figures}\n")
        sys.stderr.flush()


def _explored(race: Race, args: Namespace, console: Console | None, signals: Signals) -> Exploration:
    watch: _Watch = _Lines()
    every = _LINE_EVERY_SECONDS
    if console is not None and not args.quiet:
        from ._bar import Bar  # noqa: PLC0415  # rich is an extra

        watch, every = Bar(console), _EVERY_SECONDS
    began = looked = time.perf_counter()

    def show(progress: Progress) -> None:
        nonlocal looked
        signals.check()
        now = time.perf_counter()
        if args.quiet or now - looked < every:
            return
        looked = now
        done = progress.done if args.most is None else max(progress.done, progress.schedules / args.most)
        watch.show(done, f"{counted(progress.schedules, 'schedule')}, {left(done, now - began)}")

    with watch:
        return race.explore(args.most, show)
