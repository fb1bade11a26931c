"""Metamorphic: a history that is transformed has the same result, transformed."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from helpers import assert_clean
from scripted import Act, Repeating, after, script

from orderpit import Instrument, Order, Side, SimulatedExchange, TradingSystem
from orderpit.testing import seeded

SEEDS = range(5)
LENGTH = 80
SYMBOLS = ("BTC/USDT", "ETH/USDT")
FREE = {"maker_fee": "0", "taker_fee": "0"}


def instruments(scale: int = 1, names: tuple[str, ...] = SYMBOLS) -> tuple[Instrument, ...]:
    return tuple(Instrument(name, price_increment=str(scale), quantity_increment="1") for name in names)


def result(system: TradingSystem) -> dict[str, Any]:
    """What came of the orders, and of the money."""
    portfolio = system.portfolio()
    held = portfolio.positions.items()
    return {
        "orders": {order.order_id: facts(order) for order in system.orders()},
        "refused": [str(update.event.reason) for update in system.history() if update.order is None],
        "positions": {name: one.quantity for name, one in held},
        "realised": {name: Fraction(one.realised_pnl) for name, one in held},
        "profit": {name: Fraction(one.realised_pnl) + Fraction(one.unrealised_pnl) for name, one in held},
        "cash": dict(portfolio.cash),
    }


def facts(order: Order) -> tuple[Any, ...]:
    fills = tuple((fill.quantity, fill.price) for fill in order.fills)
    return order.symbol, order.side, order.state, order.quantity, order.price, order.fees_paid, fills


def run(acts: tuple[Act, ...], traded: tuple[Instrument, ...], **settings: Any) -> dict[str, Any]:
    with after(acts, traded, **{"history": 100_000} | settings) as system:
        assert_clean(system)
        return result(system)


def near(found: dict[str, Fraction], expected: dict[str, Fraction]) -> bool:
    """Equal as far as the 40 places go to which a cost is shared out."""
    assert found.keys() == expected.keys()
    return all(abs(found[key] - expected[key]) < Fraction(1, 10**30) for key in expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_histories_are_worth_transforming(seed: int) -> None:
    found = run(script(seed, LENGTH, SYMBOLS), instruments())
    states = {order[2].value for order in found["orders"].values()}
    assert {"FILLED", "CANCELLED", "OPEN"} <= states
    assert len(found["refused"]) > 3
    assert any(found["realised"].values())


@pytest.mark.parametrize("seed", SEEDS)
def test_other_names_change_nothing_but_the_names(seed: int) -> None:
    names = {"BTC/USDT": "XYZ/EUR", "ETH/USDT": "ABC/EUR"}
    acts = script(seed, LENGTH, SYMBOLS)
    renamed = tuple(attrs.evolve(act, symbol=names[act.symbol]) for act in acts)
    before = run(acts, instruments(), choose=seeded(seed))
    then = run(renamed, instruments(names=tuple(names.values())), choose=seeded(seed))
    assert then["orders"] == {key: (names[one[0]], *one[1:]) for key, one in before["orders"].items()}
    assert then["refused"] == before["refused"]
    for what in ("positions", "realised", "profit"):
        assert then[what] == {names[symbol]: amount for symbol, amount in before[what].items()}
    assert then["cash"] == {"EUR": before["cash"]["USDT"]}


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_of_another_scale_scale_the_money_and_nothing_else(seed: int) -> None:
    def scaled(value: Decimal | None) -> Decimal | None:
        return None if value is None else value * 1_000

    acts = script(seed, LENGTH, SYMBOLS)
    larger = tuple(attrs.evolve(act, price=scaled(act.price), bid=scaled(act.bid), ask=scaled(act.ask)) for act in acts)
    before = run(acts, instruments(), choose=seeded(seed))
    then = run(larger, instruments(scale=1_000), choose=seeded(seed))
    for order_id, (symbol, side, state, quantity, price, fees, fills) in before["orders"].items():
        dearer = tuple((size, at * 1_000) for size, at in fills)
        assert then["orders"][order_id] == (symbol, side, state, quantity, scaled(price), fees * 1_000, dearer)
    assert then["positions"] == before["positions"]
    assert then["cash"] == {key: amount * 1_000 for key, amount in before["cash"].items()}
    for what in ("realised", "profit"):
        assert near(then[what], {key: amount * 1_000 for key, amount in before[what].items()})


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mirror_image_of_a_history_has_the_mirror_image_of_its_result(seed: int) -> None:
    def mirrored(value: Decimal | None) -> Decimal | None:
        return None if value is None else 200 - value

    other = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}
    acts = script(seed, LENGTH, SYMBOLS)
    image = tuple(
        attrs.evolve(act, side=other[act.side], price=mirrored(act.price), bid=mirrored(act.ask), ask=mirrored(act.bid))
        for act in acts
    )
    exchange = SimulatedExchange(**FREE)
    before = run(acts, instruments(), exchange=exchange, choose=seeded(seed))
    then = run(image, instruments(), exchange=exchange, choose=seeded(seed))
    for order_id, (symbol, side, state, quantity, price, fees, fills) in before["orders"].items():
        elsewhere = tuple((size, 200 - at) for size, at in fills)
        assert then["orders"][order_id] == (symbol, other[side], state, quantity, mirrored(price), fees, elsewhere)
    assert then["positions"] == {symbol: -held for symbol, held in before["positions"].items()}
    # Profit is a difference of prices, so it is the same; what of it is realised depends on which order comes first of
    # those that one quote reaches, and there the venue begins with the buys.
    assert near(then["profit"], before["profit"])


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_done_in_one_symbol_may_come_before_or_after_what_is_done_in_another(seed: int) -> None:
    acts = script(seed, LENGTH, SYMBOLS)
    apart = tuple(act for symbol in reversed(SYMBOLS) for act in acts if act.symbol == symbol)
    assert apart != acts
    before, then = run(acts, instruments()), run(apart, instruments())
    assert sorted(then.pop("refused")) == sorted(before.pop("refused"))
    assert then == before


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("times", [2, 5])
def test_reports_that_come_more_than_once_change_nothing(seed: int, times: int) -> None:
    acts = script(seed, LENGTH, SYMBOLS)
    once = run(acts, instruments(), exchange=Repeating(1))
    assert once["orders"]
    assert run(acts, instruments(), exchange=Repeating(times)) == once
