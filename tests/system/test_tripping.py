"""Rules that trip by themselves, in whole systems on one thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from helpers import BOUND, assert_clean, limit, market, quote, system_of

from orderpit import (
    Instrument,
    InvalidConfiguration,
    OrderState,
    RiskLimits,
    Side,
    SimulatedExchange,
    SpotAccount,
    Strategy,
    TradingSystem,
)
from orderpit.model.account_events import TradingStateChanged
from orderpit.model.kinds import Action, TradingState, Trip
from orderpit.model.limits import Rule

BTC = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.001")
FREE = SimulatedExchange(maker_fee="0", taker_fee="0")


@contextmanager
def running(*rules: Rule, **settings: Any) -> Iterator[TradingSystem]:
    """BTC at 100, of which ten are bought; there is no spread and no fee."""
    with system_of(BTC, exchange=FREE, runtime="stepped", run_id="run", rules=rules, **settings) as system:
        system.publish(quote("100", "100"))
        system.submit(market("10"))
        yield system


def trips(system: TradingSystem) -> list[TradingStateChanged]:
    """What the stream says of the trading state."""
    return [update.event for update in system.history() if isinstance(update.event, TradingStateChanged)]


def refusal(system: TradingSystem, order: Any) -> str:
    """Submit, and return what is said of it."""
    seen = system.wait(system.submit(order), OrderState.REJECTED, timeout=BOUND)
    if seen.state is not OrderState.REJECTED:
        return seen.state.value
    assert seen.reason is not None
    return f"{seen.reason.value}: {seen.reason_text}"


def test_a_price_that_falls_halts_trading_without_any_order() -> None:
    with running(Rule(on=Trip.DAILY_LOSS, limit="100", action=Action.HALT)) as system:
        system.publish(quote("90", "90"))
        assert system.submit(limit("50", order_id="before"))
        assert system.order("before").state is OrderState.OPEN
        system.publish(quote("89", "89"))
        (tripped,) = trips(system)
        assert (tripped.trip, tripped.action, tripped.strategy_id) == (Trip.DAILY_LOSS, Action.HALT, "")
        assert (tripped.before, tripped.state) == (TradingState.ACTIVE, TradingState.HALTED)
        assert tripped.text == "daily loss 110 USDT: must be at most 100 USDT"
        system.publish(quote("88", "88"))
        assert len(trips(system)) == 1, "once"
        expected = "HALTED: trading is halted: daily loss 110 USDT: must be at most 100 USDT"
        assert refusal(system, limit("80")) == expected
        assert system.order("before").state is OrderState.OPEN, "what works, works on"
        system.resume()
        system.submit(limit("50", order_id="after"))
        assert system.order("after").state is OrderState.OPEN
        # 120 at which it was resumed, and 100.
        system.publish(quote("78", "78"))
        assert len(trips(system)) == 2, "the one, and the person who has resumed"
        system.publish(quote("77", "77"))
        said = "daily loss 230 USDT: must be at most 220 USDT, the limit of 100 from the 120 on at which trading was"
        assert trips(system)[-1].text.startswith(said)
        assert_clean(system)


@pytest.mark.parametrize(
    ("action", "state", "before", "held"),
    [
        (Action.ALERT, TradingState.ACTIVE, OrderState.OPEN, "10"),
        (Action.REDUCE, TradingState.REDUCING, OrderState.CANCELLED, "10"),
        (Action.HALT, TradingState.HALTED, OrderState.OPEN, "10"),
        (Action.CANCEL_ALL, TradingState.HALTED, OrderState.CANCELLED, "10"),
        (Action.FLATTEN, TradingState.HALTED, OrderState.CANCELLED, "0"),
    ],
    ids=lambda value: getattr(value, "value", value),
)
def test_a_price_that_falls_does_what_the_rule_says(
    action: Action, state: TradingState, before: OrderState, held: str
) -> None:
    with running(Rule(on=Trip.DRAWDOWN, limit="100", action=action)) as system:
        system.submit(limit("80", order_id="before"))
        system.publish(quote("89", "89"))
        assert [(one.trip, one.action, one.state) for one in trips(system)] == [(Trip.DRAWDOWN, action, state)]
        assert system.order("before").state is before
        assert system.portfolio().positions["BTC/USDT"].quantity == Decimal(held)
        assert_clean(system)


class Buyer(Strategy):
    def on_start(self) -> None:
        self.submit(market())


def test_a_rule_of_one_strategy_stops_that_one_alone() -> None:
    with running(Rule(on=Trip.DAILY_LOSS, limit="1", action=Action.HALT, strategy="one")) as system:
        system.add_strategy(Buyer, strategy_id="one")
        system.publish(quote("98", "98"))
        (tripped,) = trips(system)
        assert (tripped.strategy_id, tripped.text) == (
            "one",
            "strategy one: daily loss 2 USDT: must be at most 1 USDT",
        )
        assert system.order(system.submit(limit("80"))).state is OrderState.OPEN


@pytest.mark.parametrize("runtime", ["threads", "stepped"])
def test_a_fill_that_loses_halts_trading(runtime: str) -> None:
    rules = (Rule(on=Trip.CONSECUTIVE_LOSSES, limit="1", action=Action.HALT),)
    with system_of(BTC, exchange=FREE, runtime=runtime, rules=rules) as system:
        system.publish(quote("99", "101"))
        for _ in range(2):
            for side in (Side.BUY, Side.SELL):
                system.wait(system.submit(market(side=side)), OrderState.FILLED, timeout=BOUND)
        assert system.quiesce(BOUND)
        assert refusal(system, limit()) == "HALTED: trading is halted: losses in a row 2: must be at most 1"


def test_refusals_halt_trading() -> None:
    rules = (Rule(on=Trip.REJECT_RATE, limit="0.9", action=Action.HALT),)
    with running(*rules, risk=RiskLimits(max_order_quantity="10")) as system:
        for _ in range(19):
            assert refusal(system, limit(quantity="11")).startswith("MAX_ORDER_QUANTITY")
        expected = "HALTED: trading is halted: fraction of refused orders among the last 20 0.95: must be at most 0.9"
        assert refusal(system, limit()) == expected


def test_limits_on_losses_let_only_what_closes_leave() -> None:
    with running(risk=RiskLimits(max_daily_loss="100")) as system:
        system.publish(quote("89", "89"))
        assert refusal(system, limit("80")) == "MAX_DAILY_LOSS: daily loss 110: must be at most 100 USDT"
        system.wait(system.submit(market("10", Side.SELL)), OrderState.FILLED, timeout=BOUND)
        system.set_limits(RiskLimits(max_daily_loss="110"))
        system.submit(limit("80", order_id="after"))
        assert system.order("after").state is OrderState.OPEN


@pytest.mark.parametrize("account", [None, SpotAccount()], ids=["none", "spot"])
def test_a_rule_on_margin_calls_needs_a_margin_account(account: Any) -> None:
    rules = [Rule(on=Trip.MARGIN_CALL, action=Action.HALT)]
    with pytest.raises(InvalidConfiguration, match="account: must be a MarginAccount for a rule on MARGIN_CALL"):
        system_of(BTC, cash={"USDT": 1000}, account=account, rules=rules)


def test_a_rule_on_a_loss_needs_a_currency_to_tell_it_in() -> None:
    euros = Instrument("BTC/EUR", price_increment="0.01", quantity_increment="0.001")
    rule = Rule(on=Trip.DRAWDOWN, limit="1", action=Action.HALT)
    with pytest.raises(InvalidConfiguration, match="currency: must be given for a rule on DRAWDOWN"):
        system_of(BTC, euros, rules=[rule])
    assert system_of(BTC, euros, rules=[rule], currency="USDT")
    assert system_of(BTC, euros, rules=[Rule(on=Trip.REJECT_RATE, limit="1", action=Action.HALT)])
