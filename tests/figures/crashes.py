"""A system that dies at every step of worlds drawn from seeds, and others after it while they recover.

python -m tests.figures.crashes SEED STEP     one of them again
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final

import attrs

sys.path.insert(0, str(Path(__file__).parents[1]))

from crashing import Case, outcome_of  # tests/ is no package

from tests.figures.ordeals import FIRST_FRESH  # likewise

_AT_ONCE: Final = 20
_WORLDS: Final = 8
"""That are asked at a time how many steps they take."""


@attrs.frozen
class Crashed:
    """What came of the crashes: how many there were, in how many worlds, and a line for each that cost anything."""

    points: int
    worlds: int
    violations: tuple[str, ...]


def run(*, points: int, seed: int, workers: int, progress: Callable[[float], object]) -> Crashed:
    """Crash at so many points: at every step of one world after the other, half of them from fresh seeds."""
    done, violations = 0, list[str]()
    worlds = 0
    with ProcessPoolExecutor(workers) as pool:
        for first in _rounds(FIRST_FRESH + seed):
            steps = tuple(pool.map(_steps, first))
            worlds += len(first)
            cases = [Case(of, step) for of, count in zip(first, steps, strict=True) for step in range(1, count + 1)]
            todo = cases[: points - done]
            for found in pool.map(_attempt, todo, chunksize=_AT_ONCE):
                done += 1
                violations += found
                progress(done / points)
            if done == points:
                return Crashed(done, worlds, tuple(violations))
    raise AssertionError


def _rounds(fresh: int) -> Iterator[tuple[int, ...]]:
    at = 0
    while True:
        half = range(at, at + _WORLDS // 2)
        yield (*half, *(fresh + one for one in half))
        at += _WORLDS // 2


def _steps(seed: int) -> int:
    return outcome_of(Case(seed, None)).steps


def _attempt(case: Case) -> tuple[str, ...]:
    try:
        wrong = outcome_of(case).wrong
    # Whatever it is, it is what the crash has led to; the others go on.
    except Exception as error:  # noqa: BLE001
        wrong = (f"{type(error).__name__}: {error}",)
    replay = f"python -m tests.figures.crashes {case.seed} {case.crash_at}"
    return tuple(f"{replay}  # {text}" for text in islice(wrong, 3))


if __name__ == "__main__":
    print(outcome_of(Case(int(sys.argv[1]), int(sys.argv[2]))))
