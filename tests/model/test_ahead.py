from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model.ahead import Ahead


def test_where_no_size_was_known_it_is_known_from_the_first_on() -> None:
    ahead = Ahead()
    order = ahead.arrived(None)
    assert ahead.of(order) is None
    ahead.traded(Decimal(3))
    assert ahead.of(order) is None
    ahead.shown(Decimal(5))
    assert ahead.of(order) == 5


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([], 10, id="it begins behind the recorded size"),
        pytest.param([("traded", 4)], 6, id="a trade takes from it"),
        pytest.param([("traded", 14)], 0, id="never below nothing"),
        pytest.param([("shown", 7)], 7, id="a smaller size lowers it"),
        pytest.param([("shown", 7), ("shown", 6)], 6, id="and a smaller one again"),
        pytest.param([("shown", 12)], 10, id="a larger one has come behind"),
        pytest.param([("shown", 7), ("shown", 12)], 7, id="and stays behind"),
        pytest.param([("traded", 4), ("shown", 6)], 6, id="a trade that the next size shows counts once"),
        pytest.param([("shown", 7), ("traded", 4), ("shown", 5)], 3, id="the least of all that is known"),
    ],
)
def test_the_estimate_of_an_order_behind_10(steps: list[tuple[str, int]], expected: int) -> None:
    ahead = Ahead()
    order = ahead.arrived(Decimal(10))
    for verb, size in steps:
        getattr(ahead, verb)(Decimal(size))
    assert ahead.of(order) == expected


sizes = st.integers(0, 9).map(Decimal)


@given(st.lists(st.tuples(st.sampled_from(["arrived", "traded", "shown"]), sizes), max_size=40))
def test_all_orders_at_a_price_are_moved_as_if_each_were_moved_alone(steps: list[tuple[str, Decimal]]) -> None:
    ahead, arrivals, alone = Ahead(), [], list[Decimal]()
    for verb, size in steps:
        if verb == "arrived":
            arrivals.append(ahead.arrived(size))
            alone.append(size)
        elif verb == "traded":
            ahead.traded(size)
            alone = [max(one - size, Decimal(0)) for one in alone]
        else:
            ahead.shown(size)
            alone = [min(one, size) for one in alone]
        assert [ahead.of(arrival) for arrival in arrivals] == alone


def test_what_was_kept_comes_back() -> None:
    ahead = Ahead()
    order = ahead.arrived(Decimal(10))
    ahead.shown(Decimal(8))
    bring_back = ahead.kept()
    ahead.traded(Decimal(3))
    ahead.shown(Decimal(1))
    bring_back()
    assert ahead.of(order) == 8
