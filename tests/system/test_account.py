"""The account of a whole system: what is locked, paid in and out, and borrowed."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import BOUND, BTC, assert_clean, limit, market, quote, system_of

from orderpit import (
    Instrument,
    InvalidConfiguration,
    InvalidOrder,
    MarginAccount,
    OrderState,
    Reason,
    Side,
    SpotAccount,
    SystemStopped,
)
from orderpit.model.account_events import CashMoved
from orderpit.model.events import CommandRefused

EURO = Instrument("ETH/EUR", price_increment="0.01", quantity_increment="0.001")
RUNTIMES = pytest.mark.parametrize("runtime", ["threads", "stepped"])


def told(system: Any, kind: type[Any]) -> list[Any]:
    return [update.event for update in system.history() if type(update.event) is kind]


@RUNTIMES
def test_deposits_and_withdrawals_are_in_the_stream_and_no_profit(runtime: Any) -> None:
    with system_of(cash={"USDT": "1000"}, account=SpotAccount(), runtime=runtime) as system:
        system.publish(quote())
        first = system.deposit("USDT", "500", "from the bank")
        order_id = system.submit(market("10"))
        system.wait(order_id, OrderState.FILLED, BOUND)
        system.withdraw("USDT", "200", transfer_id="rent")
        system.withdraw("USDT", "200", transfer_id="rent")
        system.withdraw("USDT", "100000", transfer_id="all")
        assert system.quiesce(BOUND)
        moved = [(event.transfer_id, event.currency, event.amount, event.text) for event in told(system, CashMoved)]
        assert moved == [(first, "USDT", 500, "from the bank"), ("rent", "USDT", -200, "")]
        (refused,) = told(system, CommandRefused)
        assert (refused.order_id, refused.reason) == ("all", Reason.INSUFFICIENT_FUNDS)
        account, portfolio = system.account(), system.portfolio()
        assert account.balances["USDT"].total == portfolio.cash["USDT"]
        assert account.balances["BTC"].free == 10
        assert portfolio.deposits == {"USDT": 300}
        gained = portfolio.equity["USDT"] - 1000 - 300
        assert gained == portfolio.realised_pnl["USDT"] + portfolio.unrealised_pnl["USDT"] - portfolio.fees["USDT"]
        assert system.performance().net_profit == gained
        assert_clean(system)


def test_a_margin_account_is_read_whole() -> None:
    account = MarginAccount(leverage="5", maintenance_margin="0.1")
    with system_of(cash={"USDT": "1000"}, account=account, runtime="stepped") as system:
        system.publish(quote())
        system.submit(market("5", side=Side.SELL))
        denied = system.order(system.submit(limit("99", "60")))
        assert (denied.state, denied.reason) == (OrderState.REJECTED, Reason.INSUFFICIENT_MARGIN)
        found = system.account()
        assert found.margin.equity == found.equity
        assert found.margin.initial == 5 * 100 / 5
        assert found.margin.free == found.equity - 100
        assert_clean(system)


@pytest.mark.parametrize("amount", ["0", "-1", 1.5, "NaN", None], ids=repr)
@pytest.mark.parametrize("request_of", ["deposit", "withdraw"])
def test_an_amount_that_can_never_be_right_raises(amount: Any, request_of: str) -> None:
    with system_of(cash={"USDT": "1000"}) as system, pytest.raises(InvalidOrder, match="amount"):
        getattr(system, request_of)("USDT", amount)


def test_a_margin_account_needs_a_currency() -> None:
    with pytest.raises(InvalidConfiguration, match="currency: must be given for a margin account"):
        system_of(BTC, EURO, cash={}, account=MarginAccount(leverage="5", maintenance_margin="0.1"))


def test_a_stopped_system_takes_no_money() -> None:
    with system_of(cash={"USDT": "1000"}) as system:
        pass
    with pytest.raises(SystemStopped):
        system.deposit("USDT", "1")
    assert system.account().balances["USDT"].total == 1000
