"""The same seed gives the same digest: again in this process, in a fresh one, and on the other kind of fibre.

`python -m tests.figures.determinism` reads seeds from stdin, and writes a digest for each.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import attrs

from orderpit.actors.fibres import FibreKind
from orderpit.testing.ordeals.ordeal import ordeal
from tests.figures.ordeals import FIRST_FRESH

ROOT: Final = Path(__file__).parents[2]
PUSH_SEEDS: Final = 200
NIGHTLY_SEEDS: Final = 20_000
ORDERS: Final = 30
_AT_ONCE: Final = 100


@attrs.frozen
class Determinism:
    """How many seeds were run, in which ways besides the first, and a line for each digest that was another."""

    seeds: int
    ways: tuple[str, ...]
    differences: tuple[str, ...]


def digest(seed: int, fibres: FibreKind = "auto") -> str:
    """Go through a small ordeal, and return the digest of all that was told to anybody."""
    return ordeal(seed, ORDERS, fibres=fibres, watched=False).digest


def fresh_process(seeds: Iterable[int], hash_seed: str) -> list[str]:
    """Return the digests of a process of its own, where strings have other hashes."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.figures.determinism"],
        input=" ".join(map(str, seeds)),
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def other_hash_seed(seed: int) -> str:
    """Return one that this process does not have."""
    found = str(1 + seed % 1_000_000)
    return "0" if found == os.environ.get("PYTHONHASHSEED") else found


WAYS: Final[Mapping[str, Callable[[list[int], int], list[str]]]] = {
    "again in the same process": lambda seeds, _: [digest(one) for one in seeds],
    "on parked threads": lambda seeds, _: [digest(one, "thread") for one in seeds],
    "in a fresh process with another PYTHONHASHSEED": lambda seeds, seed: fresh_process(seeds, other_hash_seed(seed)),
}


def run(*, nightly: bool, seed: int, progress: Callable[[float], object]) -> Determinism:
    """Compare the digests of all seeds, half of which are the same in every run.

    Args:
        nightly: whether as many as in a night.
        seed: the first of the fresh ones.
        progress: told how much is done, from 0 to 1.
    """
    count = NIGHTLY_SEEDS if nightly else PUSH_SEEDS
    fresh = FIRST_FRESH + seed
    todo = [*range(count // 2), *range(fresh, fresh + count - count // 2)]
    differences: list[str] = []
    for start in range(0, count, _AT_ONCE):
        seeds = todo[start : start + _AT_ONCE]
        expected = [digest(one) for one in seeds]
        for way, digests in WAYS.items():
            found = zip(seeds, expected, digests(seeds, seed), strict=True)
            differences += [f"seed {one}: {first}, {way} {then}" for one, first, then in found if first != then]
        progress((start + len(seeds)) / count)
    return Determinism(count, tuple(WAYS), tuple(differences))


if __name__ == "__main__":
    for given in sys.stdin.read().split():
        sys.stdout.write(f"{digest(int(given))}\n")
