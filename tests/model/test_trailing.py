from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model.instructions import Instructions
from orderpit.model.kinds import Side, TrailingType
from orderpit.model.trailing import moves_at, stop_behind

TICK = Decimal("0.01")
prices = st.integers(1, 10**7).map(lambda cents: Decimal(cents) / 1000)
offsets = st.tuples(st.just(TrailingType.AMOUNT), prices)
offsets |= st.tuples(st.just(TrailingType.TICKS), st.integers(1, 10_000).map(Decimal))
offsets |= st.tuples(st.just(TrailingType.PERCENT), st.integers(1, 9_999).map(lambda n: Decimal(n) / 100))


@pytest.mark.parametrize(
    ("side", "kind", "offset", "stop"),
    [
        pytest.param(Side.SELL, TrailingType.AMOUNT, "5", "95", id="a sell, below"),
        pytest.param(Side.BUY, TrailingType.AMOUNT, "5", "105", id="a buy, above"),
        pytest.param(Side.SELL, TrailingType.TICKS, "5", "99.95", id="ticks"),
        pytest.param(Side.BUY, TrailingType.PERCENT, "2.5", "102.5", id="per cent"),
        pytest.param(Side.SELL, TrailingType.PERCENT, "0.005", "99.99", id="a sell is rounded down"),
        pytest.param(Side.BUY, TrailingType.AMOUNT, "0.001", "100.01", id="a buy is rounded up"),
        pytest.param(Side.SELL, TrailingType.AMOUNT, "99.99", "0.01", id="the lowest that there is"),
        pytest.param(Side.SELL, TrailingType.AMOUNT, "99.995", None, id="none below it"),
        pytest.param(Side.SELL, TrailingType.AMOUNT, "200", None, id="nor below zero"),
    ],
)
def test_a_stop_stands_its_offset_behind_the_market(
    side: Side, kind: TrailingType, offset: str, stop: str | None
) -> None:
    asked = Instructions(trailing_offset=Decimal(offset), trailing_type=kind)
    assert stop_behind(side, Decimal(100), asked, TICK) == (None if stop is None else Decimal(stop))


@given(side=st.sampled_from(Side), offset=offsets, best=prices, ahead=prices)
def test_a_stop_moves_with_no_price_before_the_one_that_is_waited_for(
    side: Side, offset: tuple[TrailingType, Decimal], best: Decimal, ahead: Decimal
) -> None:
    asked = Instructions(trailing_offset=offset[1], trailing_type=offset[0])
    stop = stop_behind(side, best, asked, TICK)
    at = moves_at(side, stop, asked, TICK)
    # So that a price that stays where it is costs nothing.
    assert at > best if side is Side.SELL else at < best
    nearest = at.quantize(Decimal("0.001"))
    for price in (ahead, nearest, nearest - TICK, nearest + TICK):
        reached = price >= at if side is Side.SELL else price <= at
        if price > 0 and not reached:
            moved = stop_behind(side, price, asked, TICK)
            if side is Side.SELL:
                assert (moved or 0) <= (stop or 0)
            else:
                assert moved is not None
                assert stop is not None
                assert moved >= stop
