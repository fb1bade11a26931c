"""The same seed, code and data give the same digest, wherever and however they run."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import market, quote, system_of

from orderpit.testing import Replay, Stepped, Trace, seeded
from tests.figures.determinism import WAYS, digest, fresh_process

SEEDS = list(range(10))


@pytest.mark.parametrize("way", WAYS)
def test_the_same_seed_gives_the_same_digest(way: str) -> None:
    assert WAYS[way](SEEDS, 1) == [digest(seed) for seed in SEEDS]


def test_each_seed_gives_another_digest() -> None:
    assert len(set(map(digest, SEEDS))) == len(SEEDS)


@pytest.mark.parametrize("hash_seed", ["0", "7"])
def test_a_process_says_the_digests_of_the_seeds_that_it_is_given(hash_seed: str) -> None:
    assert fresh_process([3, 1], hash_seed) == [digest(3), digest(1)]


def traced(choose: Any, prices: tuple[str, ...]) -> tuple[str, int]:
    trace = Trace()
    with system_of(runtime=Stepped(choose=choose, on_delivery=trace)) as system:
        with system._runtime.held():
            for price in prices:
                system.publish(quote(price))
            system.submit(market())
        system.quiesce(1)
    return trace.digest(), trace.deliveries


def test_other_data_or_another_order_give_another_digest() -> None:
    first = traced(seeded(1), ("98", "99"))
    assert traced(seeded(1), ("98", "99")) == first
    assert traced(seeded(1), ("98", "97"))[0] != first[0]
    assert traced(seeded(2), ("98", "99"))[0] != first[0]
    in_turn = traced(Replay({}), ("98", "99"))
    # Choosing always the one that has waited longest is a schedule like any other.
    assert traced(lambda _: 0, ("98", "99")) == in_turn
