"""Ordeals: each seed survives, is the same every time, and a bug in the code makes one fail in every process alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from orderpit import InvalidConfiguration
from orderpit.testing import Faults
from orderpit.testing.ordeals.ordeal import Survived, ordeal

ROOT = Path(__file__).parents[2]
KEPT = [
    tuple(map(int, line.split()[:2]))
    for line in (ROOT / "tests" / "seeds.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("seed", "orders"), KEPT, ids=[f"{seed}-{orders}" for seed, orders in KEPT])
def test_a_seed_that_once_found_something_is_survived(seed: int, orders: int) -> None:
    assert ordeal(seed, orders).checks


@pytest.fixture(scope="module")
def survived() -> list[Survived]:
    return [ordeal(seed, 120) for seed in range(6)]


def test_an_ordeal_submits_what_it_says_and_more_happens_than_that(survived: list[Survived]) -> None:
    for one in survived:
        assert one.orders > 100
        assert one.messages > 20 * one.orders
        assert one.checks > one.orders


def test_faults_happen_and_situations_are_reached(survived: list[Survived]) -> None:
    met, reached = Counter[str](), Counter[str]()
    for one in survived:
        met.update(one.happened)
        reached.update(one.probes)
    assert sum(met.values()) > 100
    assert sum(1 for count in reached.values() if count) > len(reached) / 2


def test_each_seed_has_an_ordeal_of_its_own(survived: list[Survived]) -> None:
    assert len({one.digest for one in survived}) == len(survived)
    assert len({one.faults for one in survived}) > 1


def test_watching_changes_nothing() -> None:
    assert ordeal(4, 60).digest == ordeal(4, 60, watched=False).digest


def test_an_ordeal_without_faults_is_survived_too() -> None:
    calm = ordeal(3, 60, faults=Faults.none())
    assert calm.faults == ()
    assert not any(calm.happened.values())


@pytest.mark.parametrize("seed", [-1, 1.5, True], ids=repr)
def test_a_seed_is_a_whole_number(seed: object) -> None:
    with pytest.raises(InvalidConfiguration, match="seed"):
        ordeal(seed)  # type: ignore[arg-type]


def found(mutant: str, hash_seed: str) -> dict[str, str]:
    """What the proofs say of a mutant, in a fresh process."""
    done = subprocess.run(  # noqa: S603  # a module of ours
        [sys.executable, "-m", "tests.figures.mutants", mutant],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    answer: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_a_failing_seed_fails_alike_in_a_fresh_process() -> None:
    first = found("the fee of the second fill is forgotten", "1")
    assert first["by"].startswith("ordeal ")
    assert first == found("the fee of the second fill is forgotten", "2")
