"""What risk does where something is missing: a price, an account, a position to reduce."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orderpit.model import reports as r
from orderpit.model.account import MarginAccount
from orderpit.model.checking import Family, Kind, Scope, Sort
from orderpit.model.commands import ModifyOrder, MoveCash
from orderpit.model.gate import Hold
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Action, Side, Trip
from orderpit.model.limits import RiskLimits
from orderpit.model.market import Quote

from .desks import TICK, TimedDesk
from .test_exposure_checks import buy, sell


def reducing(at: TimedDesk) -> TimedDesk:
    at.risk.gate = at.risk.gate.tripped(Hold(Action.REDUCE, Trip.PERSON, "home"))
    return at


def holding(quantity: str) -> TimedDesk:
    at = TimedDesk(RiskLimits())
    at.ask(buy(quantity, "held"))
    at.filled("held", quantity)
    return at


def test_a_family_of_checks_must_say_which() -> None:
    sort = Sort(Kind.SUBMIT, "s", "BTC/USDT", Side.BUY)
    with pytest.raises(NotImplementedError):
        Family().checks(sort, Scope(), RiskLimits())


def test_while_trading_only_reduces_an_order_that_opens_may_be_made_smaller_and_nothing_else() -> None:
    at = TimedDesk(RiskLimits())
    at.ask(buy("5", "a"))
    at.report(r.VenueAccepted, "a")
    reducing(at)
    assert at.said(ModifyOrder("a", quantity="6")).startswith("REDUCING: quantity 6: trading only reduces")
    assert at.said(ModifyOrder("a", price="99")).startswith("REDUCING")
    assert at.said(ModifyOrder("a", quantity="4", price="99")).startswith("REDUCING")
    assert at.said(ModifyOrder("a", quantity="4")) == "approved"


def test_while_trading_only_reduces_an_order_that_closes_may_be_changed_within_the_position() -> None:
    at = holding("5")
    at.ask(sell("3", "a"))
    at.report(r.VenueAccepted, "a")
    reducing(at)
    assert at.said(ModifyOrder("a", price="99")) == "approved"
    assert at.said(ModifyOrder("a", quantity="5.001")).startswith("REDUCING")
    assert at.said(ModifyOrder("a", quantity="5")) == "approved"


def test_of_the_equity_nothing_is_known_while_a_position_has_no_price() -> None:
    at = TimedDesk(
        RiskLimits(max_leverage="5"),
        Instrument("BTC/USDT", **TICK),
        Instrument("ABC/EUR", **TICK),
        cash={"USDT": Decimal(1000)},
        priced=False,
    )
    executed = r.Fill(execution_id="x", quantity="1", price="10", fee="0", fee_currency="USDT")
    at.report(r.VenueFilled, "nobody", symbol="BTC/USDT", side=Side.BUY, fill=executed)
    assert at.risk.equity.value() is None
    taken_back = r.Fill(execution_id="y", quantity="1", price="10", fee="0", fee_currency="USDT")
    at.report(r.VenueFilled, "nobody", symbol="BTC/USDT", side=Side.SELL, fill=taken_back)
    assert at.risk.equity.value() == 1000, "of nothing no price is needed"


def test_what_cannot_be_valued_and_grows_nothing_is_not_refused_for_its_exposure() -> None:
    euros = Instrument("EUR/USDT", **TICK)
    at = TimedDesk(RiskLimits(max_exposure="1000"), Instrument("ABC/EUR", **TICK), euros, priced=False)
    at.tell(Quote("ABC/EUR", bid="99", ask="101"))
    # No price leads to the account's currency, and an order that only closes opens nothing.
    assert at.said(buy("1", "a", symbol="ABC/EUR")).startswith("NO_REFERENCE_PRICE")
    at.limit(RiskLimits())
    at.ask(buy("1", "b", symbol="ABC/EUR"))
    at.filled("b", "1")
    at.limit(RiskLimits(max_exposure="1000"))
    assert at.said(sell("1", "c", symbol="ABC/EUR")) == "approved"
    assert at.said(buy("1", "d", symbol="ABC/EUR")).startswith("NO_REFERENCE_PRICE"), "the sum is not known"
    at.tell(Quote("EUR/USDT", bid="1", ask="1"))
    # One is held, of 100.
    assert at.said(buy("9.001", "e", symbol="ABC/EUR")).startswith(
        "MAX_EXPOSURE: exposure with all working orders 1000.1"
    )
    assert at.said(buy("9", "f", symbol="ABC/EUR")) == "approved"


def test_a_margin_account_locks_no_cash_for_an_order() -> None:
    account = MarginAccount(initial_margin="0.5", maintenance_margin="0.1")
    at = TimedDesk(RiskLimits(), account=account, cash={"USDT": Decimal(1000)})
    at.ask(buy("10", "a"))
    assert at.risk.funds.balance("USDT").locked == 0
    margin = at.risk.margin.margin()
    assert (margin.initial, margin.free) == (500, 500)


def test_of_two_payments_on_their_way_each_is_taken_off_when_it_has_come() -> None:
    at = TimedDesk(RiskLimits(), cash={"USDT": Decimal(1000)})
    first, second = (
        at.risk.move_cash(MoveCash("USDT", amount, transfer_id=amount, source="system"), at.now)
        for amount in ("-100", "-200")
    )
    assert at.risk.funds.balance("USDT").free == 700
    at.fact(first)
    assert at.risk.funds.leaving == {"USDT": 200}
    at.fact(second)
    assert at.risk.funds.leaving == {}
    assert at.risk.funds.balance("USDT").free == 700


def test_what_an_order_is_worth_cannot_be_told_without_a_price() -> None:
    least = Instrument("BTC/USDT", **TICK, min_notional="10")
    at = TimedDesk(RiskLimits(), least, priced=False)
    expected = "NO_REFERENCE_PRICE: quantity 1: no market price is known to value it by"
    assert at.said(buy("1", "a", price=None)) == expected


def test_what_closes_a_position_in_what_is_not_traded_here_is_held_to_nothing() -> None:
    at = TimedDesk(RiskLimits(max_order_notional="10"), cash={"USDT": Decimal(1000)})
    executed = r.Fill(execution_id="x", quantity="1", price="10", fee="0", fee_currency="USDT")
    at.report(r.VenueFilled, "nobody", symbol="ABC/USDT", side=Side.SELL, fill=executed)
    at.trip(Hold(Action.FLATTEN, Trip.PERSON, "home"))
    (closing,) = (order for order in at.blotter.orders() if not order.is_closed)
    assert (closing.symbol, closing.side) == ("ABC/USDT", Side.BUY)
    assert at.risk.reserved.get("USDT", 0) == 0
    at.filled(closing.order_id, "1", price="12")
    assert at.risk.account(0).balances["USDT"].total == 998
