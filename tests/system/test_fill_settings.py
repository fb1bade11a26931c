"""Fill models, slippage and latency in a whole system: the same on both runtimes, reserved for, safe to get wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from helpers import BOUND, BTC, Recorder, assert_clean, limit, market, quote, system_of

from orderpit import (
    Bar,
    ByProbability,
    ByQueuePosition,
    ByVolumeShare,
    Depth,
    FixedSlippage,
    InvalidConfiguration,
    NormalLatency,
    NormalSlippage,
    Order,
    OrderState,
    Reach,
    SampledLatency,
    SampledSlippage,
    Side,
    SimulatedExchange,
    Strategy,
    ThroughOnly,
    Touch,
    Trade,
    UniformSlippage,
)
from orderpit.model.latency import FixedLatency

FREE = {"maker_fee": 0, "taker_fee": 0}
SECOND = 1_000_000_000


def records() -> list[Any]:
    """Half a minute of a market that goes up and down, in all that market data can be."""
    told: list[Any] = []
    for step in range(30):
        now, middle = (step + 1) * SECOND, 100 + step * 7 % 11
        told += [
            Depth(BTC.symbol, bids=[(middle - 1, 5), (middle - 2, 9)], asks=[(middle + 1, 4)], time_ns=now),
            Trade(BTC.symbol, price=middle, size=3, aggressor=list(Side)[step % 2], time_ns=now),
            quote(str(middle - 1), str(middle + 1), bid_size=2, ask_size=2, time_ns=now),
            Bar(BTC.symbol, open=middle, high=middle + 4, low=middle - 4, close=middle, volume=7, time_ns=now),
        ]
    return told


class Busy(Strategy):
    """Sends orders on both sides at each trade, and withdraws some at each bar."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def on_market_data(self, data: Any) -> None:
        if type(data) is Trade:
            for side, away in ((Side.BUY, -2), (Side.SELL, 2)):
                order_id = self.submit(limit(str(data.price + away), "2", side))
                assert order_id is not None
                self.sent.append(order_id)
            self.submit(market("0.5"))
        elif type(data) is Bar and len(self.sent) > 6:
            self.cancel(self.sent.pop(0))


def orders_at(exchange: SimulatedExchange, runtime: Any) -> tuple[Order, ...]:
    """Play the records and return what became of every order, with its fills and their times."""
    with system_of(BTC, exchange=exchange, runtime=runtime, clock="data", run_id="same") as system:
        system.add_strategy(Busy, strategy_id="busy")
        system.play(records()).wait(BOUND)
        orders = system.orders()
    assert_clean(system)
    return orders


EXCHANGES = {
    "share": SimulatedExchange(fill_model=ByVolumeShare("0.3"), slippage=NormalSlippage("0.01")),
    "queue": SimulatedExchange(fill_model=ByQueuePosition(), latency=SampledLatency(["0", "0.4", "1.5"]), seed=2),
    "through": SimulatedExchange(fill_model=ThroughOnly(), latency=NormalLatency("0.5", "0.4"), seed=3),
    "chance": SimulatedExchange(fill_model=ByProbability("0.5"), slippage=SampledSlippage(["-0.01", "0", "0.02"])),
}


@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)
def test_the_same_seed_gives_the_same_fills_on_threads_and_stepped(exchange: SimulatedExchange) -> None:
    on_threads = orders_at(exchange, "threads")
    assert on_threads == orders_at(exchange, "stepped")
    assert sum(order.is_filled for order in on_threads) > 3


def test_another_seed_gives_other_fills() -> None:
    def at(seed: int) -> tuple[Order, ...]:
        return orders_at(
            SimulatedExchange(slippage=NormalSlippage("0.01"), latency=SampledLatency(["0", "0.4", "1.5"]), seed=seed),
            "stepped",
        )

    assert at(1) == at(1) != at(2)


def test_a_number_is_short_for_the_model_that_it_always_was() -> None:
    short = SimulatedExchange(slippage="0.005", latency="0.05")
    assert short == SimulatedExchange(slippage=UniformSlippage("0.005"), latency=FixedLatency("0.05"))
    assert short.rules.fill_model == Touch()
    assert SimulatedExchange(fill_probability="0.8").rules.fill_model == ByProbability("0.8")
    assert SimulatedExchange(fill_probability="1", fill_model=ThroughOnly()).rules.fill_model == ThroughOnly()


@pytest.mark.parametrize(
    ("exchange", "enough", "paid"),
    [
        pytest.param(SimulatedExchange(slippage=FixedSlippage(200), **FREE), "102", "102", id="ticks"),
        pytest.param(SimulatedExchange(slippage=SampledSlippage(["0.03"]), **FREE), "103", "103", id="sampled"),
    ],
)
def test_a_buyer_with_just_enough_for_the_largest_slippage_is_filled_and_one_with_less_refused(
    exchange: SimulatedExchange, enough: str, paid: str
) -> None:
    less = str(Decimal(enough) - Decimal("0.01"))
    for cash, state in ((enough, OrderState.FILLED), (less, OrderState.REJECTED)):
        with system_of(BTC, exchange=exchange, cash={"USDT": cash}, runtime="stepped") as system:
            system.publish(quote("99", "100"))
            order = system.wait(system.submit(market("1")), OrderState.FILLED, BOUND)
            assert order.state is state
            assert order.average_fill_price == (Decimal(paid) if order.is_filled else 0)


class TooMuch:
    """A fill model with a mistake in it."""

    def fill(self, reach: Reach) -> Decimal:
        return reach.leaves + 1 if reach.by == "trade" else reach.most


def test_a_model_that_says_nonsense_is_reported_and_what_it_was_asked_about_undone() -> None:
    problems = Recorder()
    exchange = SimulatedExchange(fill_model=TooMuch())
    with system_of(BTC, exchange=exchange, on_error=problems, runtime="stepped") as system:
        order_id = system.submit(limit("100", "2"))
        system.publish(Trade(BTC.symbol, price="100", size="1"))
        order = system.order(order_id)
        assert order is not None
        assert order.state is OrderState.OPEN
        (problem,) = problems.items
        rule = "must return from 0 to 1, what the order leaves and the market offers"
        assert f"TooMuch.fill: {rule}, got Decimal('3')" in problem.traceback
        assert problem.error == f"InvalidConfiguration: TooMuch.fill: {rule}, got Decimal('3')"
        system.publish(quote("99", "100"))
        assert system.wait(order_id, OrderState.FILLED, BOUND).is_filled
        assert_clean(system)


@pytest.mark.parametrize(
    ("setting", "rule"),
    [
        pytest.param({"latency": FixedLatency}, "one of FixedLatency, NormalLatency, SampledLatency, got", id="class"),
        pytest.param({"latency": FixedSlippage(2)}, "one of FixedLatency, .*, got FixedSlippage", id="latency"),
        pytest.param({"slippage": FixedLatency(2)}, "one of FixedSlippage, .*, got FixedLatency", id="slippage"),
        pytest.param({"slippage": 0.5}, "must be a Decimal, str or int, or one of Fix.*, got 0.5", id="float"),
    ],
)
def test_what_is_neither_a_number_nor_a_model_is_told_which_models_there_are(setting: Any, rule: str) -> None:
    with pytest.raises(InvalidConfiguration, match=rule):
        SimulatedExchange(**setting)
