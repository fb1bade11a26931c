"""The figure of real threads, at the smallest size at which it says anything."""

from __future__ import annotations

import pytest
from helpers import Recorder

from tests.figures.threads import left_behind, run, slope
from tests.figures.traffic import Steady, resident


def test_floods_and_stops_are_counted_and_nothing_is_violated() -> None:
    told = Recorder()
    found = run(nightly=False, seed=3, progress=told, seconds=0.01, stops=3)
    assert found.violations == ()
    assert (found.lives, found.orders, found.shutdowns) == (1, 6_000, 3)
    assert found.messages > 60_000
    assert told.items[-1] == 1.0


@pytest.mark.fault(69)
def test_memory_is_flat_in_a_system_to_which_nothing_new_is_said() -> None:
    steady = Steady()
    steady.go_on(50)
    before = resident()
    steady.go_on(300)
    # 3,000 modifications, as many repeated orders: one kept event of each would be 6 MiB.
    assert resident() - before < 3
    assert steady.close() == 350


@pytest.mark.parametrize(
    ("memory", "rises"),
    [
        ([(n * 36.0, 50.0) for n in range(8)], 0.0),
        ([(n * 36.0, 50.0 + n) for n in range(8)], 100.0),
        ([(0.0, 10.0), *((36.0 * n, 50.0) for n in range(4, 9))], 0.0),
        ([(0.0, 50.0), (36.0, 50.0)], None),
        ([(n * 36.0, 0.0) for n in range(8)], None),
        ([], None),
    ],
    ids=["flat", "one MiB in 36 s", "only while it warms up", "too few", "not told", "none"],
)
def test_the_slope_of_memory_is_that_of_its_line_once_it_is_warm(
    memory: list[tuple[float, float]], rises: float
) -> None:
    assert slope(memory) == (None if rises is None else pytest.approx(rises))


def test_what_each_life_leaves_behind_is_counted_once_two_have_been_lived() -> None:
    assert left_behind([1, 50, 100, 110, 120]) == 10
    assert left_behind([1, 50, 100]) == left_behind([]) == 0
