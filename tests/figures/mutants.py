"""Each mutant, in a process of its own, against the proofs: storms, then races, then the tests of the model.

python -m tests.figures.mutants NAME      one mutant, as the runner calls it
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import attrs

from tests.figures.mutation import Mutant, infect
from tests.mutants import MUTANTS

ROOT: Final = Path(__file__).parents[2]
ORDEALS: Final = 12
ORDERS: Final = 120
_LONGEST: Final = 300


@attrs.frozen
class Caught:
    """What caught a mutant: the proof, and what it said; empty when nothing did."""

    name: str
    by: str
    said: str


def run(*, workers: int, progress: Callable[[float], object]) -> tuple[Caught, ...]:
    """Hold every mutant against the proofs, so many at a time."""
    caught: list[Caught] = []
    with ThreadPoolExecutor(workers) as pool:
        for number, one in enumerate(pool.map(_in_a_process, MUTANTS)):
            caught.append(one)
            progress((number + 1) / len(MUTANTS))
    return tuple(caught)


def _in_a_process(mutant: Mutant) -> Caught:
    done = subprocess.run(  # noqa: S603  # this module, on a name of the list
        [sys.executable, "-m", "tests.figures.mutants", mutant.name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    if done.returncode:
        # Nothing can be said of what does not run at all.
        msg = f"mutant {mutant.name}: {done.stderr[-2000:]}"
        raise RuntimeError(msg)
    return Caught(**json.loads(done.stdout.splitlines()[-1]))


def judged(mutant: Mutant) -> Caught:
    """Hold one mutant, in this process, against the proofs, until one of them catches it."""
    infect(mutant)
    from orderpit.testing.ordeal import ordeal  # noqa: PLC0415  # only now: the mutant is imported with it

    for seed in range(ORDEALS):
        try:
            ordeal(seed, ORDERS)
        except Exception as error:  # noqa: BLE001  # whatever a proof says, it has caught it
            return Caught(mutant.name, f"ordeal {seed}", f"{type(error).__name__}: {error}"[:300])
    from tests.figures.races import SMALL, first_violation  # noqa: PLC0415

    for race in SMALL:
        said = first_violation(race)
        if said:
            return Caught(mutant.name, f"race {race}", said[:300])
    return Caught(mutant.name, "", "")


if __name__ == "__main__":
    wanted = next(mutant for mutant in MUTANTS if mutant.name == sys.argv[1])
    print(json.dumps(attrs.asdict(judged(wanted))))
