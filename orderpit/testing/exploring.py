"""Every schedule of a small world: what came of each, and the shortest that breaks a law."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import attrs

from ..actors.scheduler import Choose, Option
from .schedules import Deviations, Replay, every_schedule, shrink, to_text

RunOne = Callable[[Choose], str]
"""Runs a world of its own, from its beginning, with the choices it is given; returns what came of it in a few words.

It raises when a law is broken, and depends on nothing but the choices.
"""
_SHRINKING_RUNS: Final = 500
_PROGRESS_EVERY: Final = 64


@attrs.frozen
class Progress:
    """How far an exploration has come; done is the share of the schedules, from 0 to 1, as far as can be told."""

    schedules: int
    done: float


@attrs.frozen
class Broken:
    """A schedule in which a law is broken, the shortest that was found.

    what is the error; schedule is as to_text() writes it; replay is the line that runs it again.
    """

    what: str
    schedule: str
    replay: str

    def __str__(self) -> str:
        return f"{self.what}\n  replay: {self.replay}"


@attrs.frozen
class Exploration:
    """What came of an exploration.

    outcomes counts the schedules by what came of them; complete says that there is no schedule left; seconds are those
    of the wall clock.
    """

    schedules: int
    outcomes: Mapping[str, int]
    broken: tuple[Broken, ...]
    complete: bool
    seconds: float

    def check(self) -> None:
        """Refuse an exploration that broke a law.

        Raises:
            AssertionError: with each, and the line that replays it.
        """
        if self.broken:
            raise AssertionError("\n".join(str(broken) for broken in self.broken))


def explore(
    run_one: RunOne,
    most: int | None = None,
    *,
    most_broken: int = 1,
    replay: Callable[[str], str] = "explore(..., schedule {!r})".format,
    progress: Callable[[Progress], object] | None = None,
) -> Exploration:
    """Run a small world under every schedule that it has.

    Args:
        run_one: runs it once.
        most: stop after so many schedules; None for all.
        most_broken: stop at so many schedules that break a law.
        replay: given a schedule, writes the line that runs it again.
        progress: called now and then.
    """
    began = time.perf_counter()  # how long it took is told, and decides nothing
    outcomes: Counter[str] = Counter()
    broken: list[Broken] = []
    watched = _Watched(run_one)
    count = 0
    for deviations, (outcome, error) in every_schedule(watched, most):
        count += 1
        if error is None:
            outcomes[outcome] += 1
        else:
            broken.append(_shortest(run_one, deviations, error, replay))
            if len(broken) >= most_broken:
                break
        if progress is not None and not count % _PROGRESS_EVERY:
            progress(Progress(count, watched.done()))
    seconds = time.perf_counter() - began
    return Exploration(count, MappingProxyType(dict(outcomes)), tuple(broken), watched.is_last(), seconds)


def run_schedule(run_one: RunOne, deviations: Deviations) -> str:
    """Run one schedule again, and return what came of it; raises what it raised."""
    return run_one(Replay(deviations))


class _Watched:
    """Runs once, and knows by the choices of that run how far a search by depth has come."""

    def __init__(self, run_one: RunOne) -> None:
        self._run_one = run_one
        self._path: list[tuple[int, int]] = []

    def __call__(self, choose: Choose) -> tuple[str, Exception | None]:
        path: list[tuple[int, int]] = []

        def noted(options: Sequence[Option]) -> int:
            index = choose(options)
            path.append((index, len(options)))
            return index

        self._path = path
        try:
            return self._run_one(noted), None
        except Exception as error:  # noqa: BLE001  # whatever it is, this schedule broke something
            return "", error

    def done(self) -> float:
        share, done = 1.0, 0.0
        for chosen, count in self._path:
            share /= count
            done += share * chosen
        return done

    def is_last(self) -> bool:
        return all(chosen == count - 1 for chosen, count in self._path)


def _shortest(run_one: RunOne, deviations: Deviations, error: Exception, replay: Callable[[str], str]) -> Broken:
    """Shrink a schedule that breaks a law to one that breaks it in the same way."""
    last = error

    def fails(candidate: dict[int, int]) -> bool:
        nonlocal last
        try:
            run_schedule(run_one, candidate)
        except Exception as other:  # noqa: BLE001  # as in the search
            if type(other) is type(error):
                last = other
                return True
        return False

    text = to_text(shrink(deviations, fails, _SHRINKING_RUNS))
    # The last that failed is the one that shrinking has kept.
    return Broken(f"{type(last).__name__}: {last}", text, replay(text))
