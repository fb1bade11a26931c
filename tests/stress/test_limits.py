"""Real threads that race for the last of a limit, at the smallest size at which it says anything."""

from __future__ import annotations

from tests.figures.limits import NAMES, run


def test_of_two_strategies_that_race_for_the_last_of_a_limit_one_passes_each_time() -> None:
    told: list[float] = []
    found = run(rounds=2_000, progress=told.append)
    assert found.violations == ()
    assert found.rounds == sum(found.won) == 2_000
    # Neither is always first, or it would be no race.
    assert min(found.won) > 0, dict(zip(NAMES, found.won, strict=True))
    assert told == [1.0]
