"""Whatever a venue does, once it behaves again the books agree with the truth and every order has ended or is live."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import attrs
import pytest
from helpers import BOUND
from storms import assert_converges, rage, stormy

from orderpit import OrderType, Quote, Side, SubmitOrder
from orderpit.testing import RATES, SCENARIOS, Faults, happened


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.fault(2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 18, 19, 20, 21, 22, 23, 27, 28, 29, 31, 32)
def test_a_scenario_converges_and_happens(scenario: str, seed: int) -> None:
    faults = SCENARIOS[scenario]
    with stormy(seed, faults) as system:
        rage(system, seed, rounds=100)
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


def test_a_storm_on_threads_converges() -> None:
    faults = attrs.evolve(Faults.drawn(4), late=Decimal("0.01"), slow_by=Decimal("0.05"), outage=Decimal("0.05"))
    with stormy(4, faults, runtime="threads", answer_within="0.2") as system:
        rage(system, 4, rounds=15)
        assert_converges(system)
        assert happened(system)


def test_a_storm_in_the_time_of_recorded_data_converges() -> None:
    with stormy(6, Faults.drawn(6), clock="data") as system:
        for step in range(60):
            quote = Quote("BTC/USDT", bid=f"{99 - step % 3}", ask=f"{101 - step % 2}", time_ns=(step + 1) * 10**9)
            assert system.play([quote]).wait(BOUND)
            system.submit(SubmitOrder("BTC/USDT", list(Side)[step % 2], OrderType.LIMIT, "2", price="100"))
        assert_converges(system)
        assert happened(system)
