"""Each mutant, in a process of its own, against the proofs: storms, then races, then the tests of its part.

python -m tests.figures.mutants NAME      one mutant, as the runner calls it
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Final

import attrs
import pytest

from tests.figures.mutation import Mutant, infect
from tests.mutants import MUTANTS

ROOT: Final = Path(__file__).parents[2]
ORDEALS: Final = 12
ORDERS: Final = 120
SCHEDULES: Final = 60
"""Of each race: a bug shows in the first few, if it shows there at all."""
_LONGEST: Final = 300
_TESTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "model": ("tests/model",),
        "actors": ("tests/actors", "tests/system/test_journal.py", "tests/system/test_reconciling.py"),
        "journal": ("tests/journal", "tests/system/test_journal.py"),
    }
)
"""Which tests show the bugs of a part, by its folder."""
_WITHOUT_STORMS: Final = frozenset({"journal"})
"""Parts that neither storms nor races have anything of."""


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
    try:
        done = subprocess.run(  # noqa: S603  # this module, on a name of the list
            [sys.executable, "-m", "tests.figures.mutants", mutant.name],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Caught(mutant.name, "time limit", f"hangs for {_LONGEST} s")
    if done.returncode:
        # Nothing can be said of what does not run at all.
        msg = f"mutant {mutant.name}: {done.stderr[-2000:]}"
        raise RuntimeError(msg)
    return Caught(**json.loads(done.stdout.splitlines()[-1]))


def judged(mutant: Mutant) -> Caught:
    """Hold one mutant, in this process, against the proofs, until one of them catches it."""
    infect(mutant)
    if mutant.part in _WITHOUT_STORMS:
        return _by_tests(mutant) or Caught(mutant.name, "", "")
    from orderpit.testing.ordeals.ordeal import ordeal  # noqa: PLC0415  # only now: the mutant is imported with it

    for seed in range(ORDEALS):
        try:
            ordeal(seed, ORDERS)
        except Exception as error:  # noqa: BLE001  # whatever a proof says, it has caught it
            return Caught(mutant.name, f"ordeal {seed}", f"{type(error).__name__}: {error}"[:300])
    return _in_races(mutant) or _by_tests(mutant) or Caught(mutant.name, "", "")


def _in_races(mutant: Mutant) -> Caught | None:
    from orderpit.testing.races.known import RACES  # noqa: PLC0415  # only now, as above

    for race in RACES.values():
        for broken in race.explore(SCHEDULES).broken:
            return Caught(mutant.name, f"race {race.name}", broken.what[:300])
    return None


class _First:
    """A plugin of pytest that keeps the first test that fails, and what it said."""

    def __init__(self) -> None:
        self.test = ""
        self.said = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the outcome of a test."""
        if report.failed and not self.test:
            self.test, self.said = report.nodeid, report.longreprtext.splitlines()[-1]


def _by_tests(mutant: Mutant) -> Caught | None:
    first = _First()
    nearest = mutant.first, f"tests/{mutant.part}/test_{Path(mutant.file).name}"
    paths = (*(path for path in nearest if path and (ROOT / path).exists()), *_TESTS[mutant.part])
    with contextlib.redirect_stdout(io.StringIO()):
        # The package has been imported, mutant and all, before pytest could rewrite its assertions.
        pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--assert=plain", *paths], plugins=[first])
    return Caught(mutant.name, first.test, first.said[:300]) if first.test else None


if __name__ == "__main__":
    wanted = next(mutant for mutant in MUTANTS if mutant.name == sys.argv[1])
    print(json.dumps(attrs.asdict(judged(wanted))))
