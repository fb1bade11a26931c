"""The figure of the races: how many schedules of how many named races were run to the end, and what broke a law."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from typing import Final

import attrs

from orderpit.testing.exploring import Exploration
from orderpit.testing.races.families import MOST_REPORTS, fills_against_cancels, report_sets
from orderpit.testing.races.known import RACES, Race

_PUSH_REPORTS: Final = 4


@attrs.frozen
class Races:
    """What was run: races, their schedules in all and by race, and the lines that replay what broke a law."""

    races: int
    schedules: int
    counts: Mapping[str, int]
    violations: tuple[str, ...]


def run(*, nightly: bool, seed: int, progress: Callable[[float], object], workers: int = 1) -> Races:
    """Run every schedule of every race.

    Args:
        nightly: also the large families.
        seed: of no account, since nothing is drawn.
        progress: told the share that is done, from 0 to 1.
        workers: processes to run on.
    """
    del seed
    # The largest first, so that no worker is left alone with one at the end.
    races = sorted(_races(nightly=nightly), key=lambda race: -race.size)
    total, done = sum(race.size for race in races), 0
    counts: dict[str, int] = {}
    violations: list[str] = []
    for race, found in _explored(races, workers, nightly=nightly):
        counts[race.name] = found.schedules
        violations.extend(f"{race.name}: {broken}" for broken in found.broken)
        if not found.complete and not found.broken:
            violations.append(f"{race.name}: not run to the end")
        done += race.size
        progress(done / total)
    return Races(len(counts), sum(counts.values()), dict(sorted(counts.items())), tuple(violations))


def _explored(races: Iterable[Race], workers: int, *, nightly: bool) -> Iterator[tuple[Race, Exploration]]:
    if workers < 2:
        for race in races:
            yield race, race.explore()
        return
    # Not forked: a system must not be, and the runner may have threads.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(_explore, race.name, nightly=nightly): race for race in races}
        for future in as_completed(running):
            yield running[future], future.result()


def _explore(name: str, *, nightly: bool) -> Exploration:
    found = _by_name(nightly)[name].explore()
    # A plain mapping, which can be sent to another process.
    return attrs.evolve(found, outcomes=dict(found.outcomes))


@cache
def _by_name(nightly: bool) -> dict[str, Race]:  # noqa: FBT001  # a key of the cache
    return {race.name: race for race in _races(nightly=nightly)}


def _races(*, nightly: bool) -> Iterator[Race]:
    yield from RACES.values()
    yield from report_sets(2, MOST_REPORTS if nightly else _PUSH_REPORTS)
    if nightly:
        yield from fills_against_cancels(4, 3)
