"""The three example strategies, on prices made by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orderpit import (
    Instrument,
    InvalidConfiguration,
    OrderState,
    Quote,
    Side,
    SimulatedExchange,
    Trade,
    TradingSystem,
    audit,
)
from orderpit.model.events import OrderDenied, OrderModified
from orderpit.strategies import BracketedBreakout, MovingAverageCrossover, TwoSidedQuoter

BOUND = 20.0
BTC = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.1")
SECOND = 1_000_000_000


def quotes(*mids, every=SECOND):
    return [
        Quote(BTC.symbol, bid=Decimal(mid) - 1, ask=Decimal(mid) + 1, time_ns=(n + 1) * every)
        for n, mid in enumerate(mids)
    ]


def played(strategy, records, *, cash="1000000", **parameters):
    """Play records to a strategy; return its orders, all updates and its position, the audit having found nothing."""
    system = TradingSystem([BTC], exchange=SimulatedExchange(), cash={"USDT": cash}, clock="data", run_id="t")
    with system:
        system.add_strategy(strategy, strategy_id="s", symbol=BTC.symbol, **parameters)
        system.play(records).wait(BOUND)
        position = system.portfolio().positions.get(BTC.symbol)
        found = system.orders(), system.history(), Decimal(0) if position is None else position.quantity
    assert audit(system).violations == ()
    return found


def crossover(prices, **parameters):
    return played(MovingAverageCrossover, quotes(*prices), **{"size": "2", "fast": 2, "slow": 3} | parameters)


def sides(orders):
    return [(order.side.value, str(order.quantity)) for order in orders]


def test_the_crossover_buys_when_the_fast_average_rises_above_the_slow_one_and_sells_when_it_falls_below():
    orders, _, held = crossover([100, 90, 80, 90, 110, 120, 100, 80])
    assert sides(orders) == [("BUY", "2"), ("SELL", "2")]
    assert held == 0


def test_the_crossover_does_not_take_where_it_comes_in_for_a_signal():
    assert crossover([100, 110, 120, 130, 140])[0] == ()


def test_the_crossover_waits_for_enough_samples_and_takes_one_each_interval():
    prices = [100, 90, 80, 90, 110, 120]
    assert crossover(prices[:4])[0] == ()
    assert len(crossover(prices)[0]) == 1
    assert crossover(prices, every_ns=60 * SECOND)[0] == ()


def test_the_crossover_asks_once_for_what_is_refused_until_the_averages_cross_again():
    orders, updates, held = crossover([100, 90, 80, 90, 110, 120, 130, 140], cash="1")
    assert [order.state for order in orders] == [OrderState.REJECTED]
    assert sum(isinstance(update.event, OrderDenied) for update in updates) == 1
    assert held == 0


def quoter(records, **parameters):
    return played(
        TwoSidedQuoter, records, **{"size": "1", "tick": "0.01", "distance": "0.01", "follow": "0.001"} | parameters
    )


def test_the_quoter_quotes_both_sides_around_the_mid_and_takes_them_off_at_the_end():
    orders, _, _ = quoter(quotes(1000))
    assert sorted((order.side.value, str(order.price)) for order in orders) == [("BUY", "990.00"), ("SELL", "1010.00")]


def test_the_quoter_leaves_its_orders_where_they_are_while_the_price_moves_little():
    _, updates, _ = quoter(quotes(1000, "1000.9", "999.1"))
    assert not [update for update in updates if isinstance(update.event, OrderModified)]


def test_the_quoter_modifies_both_orders_when_the_price_has_moved():
    orders, updates, _ = quoter(quotes(1000, 1005))
    assert len([update for update in updates if isinstance(update.event, OrderModified)]) == 2
    assert sorted(str(order.price) for order in orders) == ["1015.05", "994.95"]


def test_the_quoter_quotes_again_after_a_fill_and_leans_against_what_it_holds():
    orders, _, held = quoter(
        [*quotes(1000), Trade(BTC.symbol, price="980", time_ns=2 * SECOND), *quotes(1000, every=3 * SECOND)]
    )
    assert held == 1
    # Long one size: both prices lie one step of 0.001 lower.
    assert [str(order.price) for order in orders if order.is_open] == ["1009.00", "989.00"]


def test_the_quoter_does_not_add_beyond_the_most_that_it_may_hold():
    trades = [Trade(BTC.symbol, price=str(980 - n), time_ns=(2 + n) * SECOND) for n in range(6)]
    orders, _, held = quoter([*quotes(1000), *trades], most=2)
    assert held == 2
    assert [order.side.value for order in orders if not order.is_closed] == ["SELL"]


def test_a_side_of_the_quoter_that_was_refused_rests():
    orders, _, _ = quoter(quotes(1000, 1001, 1002, 1003), cash="10")
    assert [order.state for order in orders if order.is_buy] == [OrderState.REJECTED]


@pytest.mark.parametrize(
    ("strategy", "parameters", "field"),
    [
        (MovingAverageCrossover, {"size": "0"}, "size"),
        (MovingAverageCrossover, {"size": "1", "fast": 0}, "fast"),
        (MovingAverageCrossover, {"size": "1", "fast": 5, "slow": 5}, "slow"),
        (TwoSidedQuoter, {"size": 0.5, "tick": "0.01"}, "size"),
        (TwoSidedQuoter, {"size": "1", "tick": "0"}, "tick"),
        (TwoSidedQuoter, {"size": "1", "tick": "1", "most": 0}, "most"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_parameter_out_of_range_is_named(strategy, parameters, field):
    with pytest.raises(InvalidConfiguration) as raised:
        strategy("BTC/USDT", **parameters)
    assert raised.value.field == field


def breakout(*prices, **parameters):
    fixed = {"size": 1, "tick": "0.01", "window": 3, "profit": 5, "loss": "2.5"}
    return played(BracketedBreakout, quotes(*prices), **fixed | parameters)


def states(orders):
    return [(order.side.value, order.order_type.value, order.state.value) for order in orders]


@pytest.mark.parametrize(
    ("prices", "entered"),
    [
        pytest.param([100, 102, 101, 103], Side.BUY, id="above"),
        pytest.param([100, 102, 101, 99], Side.SELL, id="below"),
        pytest.param([100, 102, 101, 102], None, id="within"),
        pytest.param([100, 102, 103], None, id="too-few-samples"),
    ],
)
def test_the_breakout_enters_when_the_price_leaves_its_range(prices, entered):
    orders, _, _ = breakout(*prices)
    assert [order.side for order in orders][:1] == ([] if entered is None else [entered])


def test_a_breakout_is_closed_at_its_profit_target_and_leaves_nothing_working():
    orders, _, held = breakout(100, 102, 101, 103, 115)
    assert states(orders[:3]) == [
        ("BUY", "MARKET", "FILLED"),
        ("SELL", "LIMIT", "FILLED"),
        ("SELL", "STOP", "CANCELLED"),
    ]
    assert orders[1].price == 113
    # It knows that it is out when it sees the price that closed it, which leaves the range again.
    assert states(orders[3:]) == [("BUY", "MARKET", "FILLED"), ("SELL", "LIMIT", "OPEN"), ("SELL", "STOP", "OPEN")]
    assert held == 1


def test_a_breakout_is_closed_at_its_stop_and_leaves_nothing_working():
    orders, _, held = breakout(100, 102, 101, 99, 105)
    assert states(orders[:3]) == [
        ("SELL", "MARKET", "FILLED"),
        ("BUY", "LIMIT", "CANCELLED"),
        ("BUY", "STOP", "FILLED"),
    ]
    assert orders[2].stop_price == 104
    assert states(orders[3:]) == [("BUY", "MARKET", "FILLED"), ("SELL", "LIMIT", "OPEN"), ("SELL", "STOP", "OPEN")]
    assert held == 1


def test_the_breakout_waits_until_its_bracket_has_ended():
    assert len(breakout(100, 102, 101, 103, 104, 105)[0]) == 3
    assert len(breakout(100, 102, 101, 103, 115, 116, 117)[0]) == 6


def test_the_breakout_takes_one_sample_each_interval():
    assert breakout(100, 102, 101, 103, every_ns=60 * SECOND)[0] == ()
