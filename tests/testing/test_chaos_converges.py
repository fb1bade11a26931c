"""Whatever a venue does, once it behaves again the books agree with the truth and every order has ended or is live."""

from __future__ import annotations

from collections import Counter

import pytest
from storms import assert_converges, rage, stormy

from orderpit.testing import RATES, SCENARIOS, Faults, happened


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.fault(2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 18, 19, 20, 21, 22, 23, 27, 28, 29, 31, 32)
def test_a_scenario_converges_and_happens(scenario: str, seed: int) -> None:
    faults = SCENARIOS[scenario]
    with stormy(seed, faults) as system:
        rage(system, seed)
        assert_converges(system)
        assert set(happened(system)) == set(faults.names())


def test_all_faults_at_once_converge() -> None:
    counts: Counter[str] = Counter()
    for seed in range(30):
        with stormy(seed, Faults.drawn(seed)) as system:
            rage(system, seed)
            assert_converges(system)
            counts.update(happened(system))
    assert set(counts) == set(RATES), "every fault has happened"
