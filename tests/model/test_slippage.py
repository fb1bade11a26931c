"""Slippage: where the fill of a market order lands, in whole ticks and within its bound."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_venue import SYMBOL, a_venue, act, filled_prices, never, seeded

from orderpit.model import reports as r
from orderpit.model.chance import NORMAL_DRAWS, normal, picked
from orderpit.model.errors import InvalidConfiguration
from orderpit.model.kinds import Side
from orderpit.model.market import Quote
from orderpit.model.numbers import is_multiple
from orderpit.model.slippage import (
    NO_SLIPPAGE,
    FixedSlippage,
    NormalSlippage,
    SampledSlippage,
    SlippageModel,
    UniformSlippage,
)

D = Decimal
TICK = D("0.01")
BUY, SELL = Side.BUY, Side.SELL
EVEN = ("0.5",) * NORMAL_DRAWS
HIGH = ("0.75",) * NORMAL_DRAWS


@pytest.mark.parametrize(
    ("model", "side", "offered", "chances", "price"),
    [
        pytest.param(NO_SLIPPAGE, BUY, "100", (), "100", id="none"),
        pytest.param(FixedSlippage(2), BUY, "100", (), "100.02", id="fixed: a buy pays more"),
        pytest.param(FixedSlippage(2), SELL, "100", (), "99.98", id="fixed: a sale earns less"),
        pytest.param(FixedSlippage(0), SELL, "100", (), "100", id="fixed: no ticks"),
        pytest.param(FixedSlippage(2), SELL, "0.02", (), "0.01", id="fixed: a sale's price stays one tick"),
        pytest.param(FixedSlippage(2), SELL, "0.005", (), "0.005", id="fixed: below a tick it stays"),
        pytest.param(UniformSlippage("0.01"), BUY, "100", ("0.75",), "100.5", id="uniform: up"),
        pytest.param(UniformSlippage("0.01"), SELL, "100", ("0.75",), "100.5", id="uniform: up for a sale, too"),
        pytest.param(UniformSlippage("0.01"), SELL, "100", ("0",), "99", id="uniform: down to its bound"),
        pytest.param(NormalSlippage("0.001"), BUY, "100", EVEN, "100", id="normal: in the middle"),
        pytest.param(NormalSlippage("0.001"), BUY, "100", HIGH, "100.3", id="normal: three deviations"),
        pytest.param(NormalSlippage("0.001"), SELL, "100", HIGH, "100.3", id="normal: up for a sale, too"),
        pytest.param(NormalSlippage("0.001"), SELL, "100", ("0",) * 12, "99.4", id="normal: six deviations at most"),
        pytest.param(NormalSlippage("0"), SELL, "100", HIGH, "100", id="normal: no deviation"),
        pytest.param(SampledSlippage(("0", "0.001")), BUY, "100", ("0.49",), "100", id="sampled: the first"),
        pytest.param(SampledSlippage(("0", "0.001")), BUY, "100", ("0.5",), "100.1", id="sampled: the second"),
        pytest.param(SampledSlippage(("0", "0.001")), SELL, "100", ("0.5",), "99.9", id="sampled: against a sale"),
        pytest.param(SampledSlippage(["-0.001"]), BUY, "100", ("0.5",), "99.9", id="sampled: in a buyer's favour"),
        pytest.param(
            SampledSlippage(["0.00019"]), BUY, "100", ("0.5",), "100.01", id="what is left of a tick is dropped"
        ),
    ],
)
def test_a_fill_lands_where_the_model_says(
    model: SlippageModel, side: Side, offered: str, chances: tuple[str, ...], price: str
) -> None:
    assert model.draws == len(chances)
    assert model.price(side, D(offered), TICK, tuple(map(D, chances))) == D(price)


unit = st.integers(0, 10**18 - 1).map(lambda n: D(n).scaleb(-18))
relative = st.integers(0, 10**6 - 1).map(lambda n: D(n).scaleb(-6))
models = st.one_of(
    st.integers(0, 10**4).map(FixedSlippage),
    relative.map(UniformSlippage),
    st.integers(0, 166_666).map(lambda n: NormalSlippage(D(n).scaleb(-6))),
    st.lists(relative.flatmap(lambda n: st.sampled_from((n, -n or n))), min_size=1, max_size=5).map(SampledSlippage),
)


@given(
    model=models,
    side=st.sampled_from(Side),
    ticks=st.integers(1, 10**9),
    chances=st.lists(unit, min_size=NORMAL_DRAWS, max_size=NORMAL_DRAWS),
)
def test_a_price_stays_above_zero_on_its_tick_and_within_what_risk_reserves(
    model: SlippageModel, side: Side, ticks: int, chances: list[Decimal]
) -> None:
    offered = ticks * TICK
    price = model.price(side, offered, TICK, tuple(chances[: model.draws]))
    assert price > 0
    assert is_multiple(price, TICK)
    assert price <= offered * (1 + model.most) + model.most_ticks * TICK or side is SELL
    assert price == model.price(side, offered, TICK, tuple(chances[: model.draws]))


@given(model=st.integers(0, 10**4).map(FixedSlippage), side=st.sampled_from(Side), ticks=st.integers(1, 10**6))
def test_fixed_slippage_is_never_in_the_takers_favour(model: FixedSlippage, side: Side, ticks: int) -> None:
    offered = ticks * TICK
    price = model.price(side, offered, TICK, ())
    assert price >= offered if side is BUY else price <= offered


def test_twelve_draws_make_a_deviate_of_mean_zero_and_variance_one() -> None:
    random = Random(3)
    deviates = [normal([D(random.randrange(10**18)).scaleb(-18) for _ in range(NORMAL_DRAWS)]) for _ in range(4_000)]
    mean = sum(deviates) / len(deviates)
    variance = sum((deviate - mean) ** 2 for deviate in deviates) / len(deviates)
    assert abs(mean) < D("0.06")
    assert abs(variance - 1) < D("0.08")
    within = sum(abs(deviate) < 1 for deviate in deviates) / len(deviates)
    assert 0.66 < within < 0.71


@given(chances=st.lists(unit, min_size=NORMAL_DRAWS, max_size=NORMAL_DRAWS))
def test_no_deviate_lies_beyond_six(chances: list[Decimal]) -> None:
    assert -6 <= normal(chances) < 6


@given(sample=st.lists(st.integers(), min_size=1, max_size=9), chance=unit)
def test_a_pick_is_of_the_sample(sample: list[int], chance: Decimal) -> None:
    assert picked(sample, chance) in sample


def test_each_of_a_sample_is_equally_likely() -> None:
    drawn = [picked("abcd", D(n).scaleb(-3)) for n in range(1_000)]
    assert [drawn.count(letter) for letter in "abcd"] == [250] * 4


# -- at the venue


@pytest.mark.parametrize(
    ("model", "prices"),
    [
        pytest.param(FixedSlippage(2), ["100.02", "100.02"], id="fixed"),
        pytest.param(SampledSlippage(["0.005"]), ["100.5", "100.5"], id="sampled"),
    ],
)
def test_a_market_order_slips_at_the_venue(model: SlippageModel, prices: list[str]) -> None:
    venue = a_venue(seeded(1), slippage=model)
    act(venue, "quote 100 / 100")
    assert filled_prices(venue, 2) == [D(price) for price in prices]


def test_a_triggered_stop_slips_and_a_stop_limit_does_not() -> None:
    venue = a_venue(never, slippage=FixedSlippage(3))
    for line in ("quote 99 / 100", "a BUY 1 stop 105", "b BUY 1 stop 105 limit 106"):
        act(venue, line)
    fills = [x for x in act(venue, "quote 104 / 105") if isinstance(x, r.VenueFilled)]
    assert [(fill.client_order_id, fill.fill.price) for fill in fills] == [("a", D("105.03")), ("b", 105)]


def test_each_fill_of_a_normal_slippage_has_twelve_draws_of_its_own() -> None:
    venue = a_venue(seeded(1), slippage=NormalSlippage("0.001"))
    venue.on_market_data(Quote(SYMBOL, bid="100", ask="100"), 0)
    prices = filled_prices(venue, 500)
    assert venue.orders["o0"].draws == NORMAL_DRAWS
    assert len(set(prices)) > 30
    assert all(D("99.4") <= price <= D("100.6") for price in prices)
    assert 200 < sum(price > 100 for price in prices) < 300


def test_the_same_seed_slips_alike_and_another_otherwise() -> None:
    def prices(seed: int) -> list[Decimal]:
        venue = a_venue(seeded(seed), slippage=NormalSlippage("0.01"))
        act(venue, "quote 100 / 100")
        return filled_prices(venue, 20)

    assert prices(1) == prices(1) != prices(2)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        pytest.param(lambda: FixedSlippage(-1), "ticks", id="fixed: negative"),
        pytest.param(lambda: FixedSlippage("1"), "ticks", id="fixed: text"),
        pytest.param(lambda: FixedSlippage(ticks=True), "ticks", id="fixed: a bool"),
        pytest.param(lambda: FixedSlippage(10**9), "ticks", id="fixed: too many"),
        pytest.param(lambda: UniformSlippage(1), "most", id="uniform: all of the price"),
        pytest.param(lambda: UniformSlippage(0.01), "most", id="uniform: a float"),
        pytest.param(lambda: NormalSlippage("-0.1"), "deviation", id="normal: negative"),
        pytest.param(lambda: NormalSlippage("0.166666666666666667"), "deviation", id="normal: a sixth"),
        pytest.param(lambda: SampledSlippage(()), "moves", id="sampled: empty"),
        pytest.param(lambda: SampledSlippage("0"), "moves", id="sampled: text"),
        pytest.param(lambda: SampledSlippage({"0"}), "moves", id="sampled: a set"),
        pytest.param(lambda: SampledSlippage(None), "moves", id="sampled: none"),
        pytest.param(lambda: SampledSlippage(("0", 0.1)), "moves[1]", id="sampled: a float"),
        pytest.param(lambda: SampledSlippage(("0", "0", "1")), "moves[2]", id="sampled: all of the price"),
        pytest.param(lambda: SampledSlippage(("-1",)), "moves[0]", id="sampled: all of the price, given"),
    ],
)
def test_a_model_out_of_range_is_refused(make: Any, field: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        make()
    assert refused.value.field == field
