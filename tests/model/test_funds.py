"""What may be spent, delivered, borrowed and paid out, by figures worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderpit.model import reports as r
from orderpit.model.account import MarginAccount, SpotAccount
from orderpit.model.account_events import CashMoved
from orderpit.model.commands import CancelOrder, ModifyOrder, MoveCash, SubmitOrder
from orderpit.model.events import CommandRefused
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import OrderType, Reason, Side, Trip
from orderpit.model.limits import Action, RiskLimits, Rule
from orderpit.model.market import Quote
from orderpit.model.numbers import ZERO
from orderpit.model.tying import bracket_of, oco_of

from .desks import TICK, TimedDesk
from .test_exposure_checks import buy, group, sell

FIVE = MarginAccount(leverage="5", maintenance_margin="0.1")


def desk(account=None, limits=None, cash=None, **more) -> TimedDesk:
    opening = {"USDT": Decimal(1000)} if cash is None else {name: Decimal(amount) for name, amount in cash.items()}
    return TimedDesk(limits or RiskLimits(), account=account, cash=opening, **more)


def balance(at: TimedDesk, currency: str) -> tuple[int, int, int]:
    found = at.risk.funds.balance(currency)
    return found.total, found.locked, found.free


# -- spot


def test_a_working_sell_locks_what_it_would_deliver_until_it_has_ended() -> None:
    at = desk(SpotAccount(), cash={"USDT": "1000", "BTC": "2"})
    assert at.said(sell("1.5", "a")) == "approved"
    assert balance(at, "BTC") == (2, Decimal("1.5"), Decimal("0.5"))
    said = at.said(sell("0.6", "b"))
    assert said == "INSUFFICIENT_FUNDS: quantity to deliver 0.6: must be at most the 0.5 BTC that are free"
    at.filled("a", "1")
    # One of two was delivered, and half a bitcoin still works.
    assert balance(at, "BTC") == (1, Decimal("0.5"), Decimal("0.5"))
    assert balance(at, "USDT") == (1100, 0, 1100)
    at.report(r.VenueCancelled, "a")
    assert balance(at, "BTC") == (1, 0, 1)
    assert at.said(sell("1", "c")) == "approved"


def test_what_was_bought_can_be_sold_and_what_was_not_cannot() -> None:
    at = desk(SpotAccount())
    assert at.said(sell("0.001", "a")).startswith(
        "INSUFFICIENT_FUNDS: quantity to deliver 0.001: must be at most the 0 BTC"
    )
    at.ask(buy("3", "b"))
    assert balance(at, "USDT") == (1000, 300, 700)
    at.filled("b", "3", fee="1", fee_currency="BTC")
    # 3 bought for 300, and a fee of 1 BTC.
    assert balance(at, "BTC") == (2, 0, 2)
    assert at.said(sell("2.001", "c")).startswith("INSUFFICIENT_FUNDS")
    assert at.said(sell("2", "d")) == "approved"
    at.report(r.VenueFillBusted, "b", execution_id="x1")
    # Taken back whole, with its fee: there is nothing to deliver any more.
    assert balance(at, "BTC") == (0, 2, -2)


def test_all_positions_in_instruments_of_the_same_base_count() -> None:
    euro = Instrument("BTC/EUR", **TICK)
    at = TimedDesk(
        RiskLimits(), Instrument("BTC/USDT", **TICK), euro, account=SpotAccount(), cash={"EUR": Decimal(500)}
    )
    at.ask(buy("2", "a", symbol="BTC/EUR"))
    at.filled("a", "2")
    assert at.said(sell("2.5", "b")).endswith("must be at most the 2 BTC that are free")
    assert at.said(sell("2", "c")) == "approved"


def test_a_modification_locks_what_it_adds() -> None:
    at = desk(SpotAccount(), cash={"BTC": "2"})
    at.ask(sell("1", "a"))
    at.report(r.VenueAccepted, "a")
    said = at.said(ModifyOrder("a", quantity="3"))
    assert said == "INSUFFICIENT_FUNDS: quantity to deliver 3: must be at most the 2 BTC that are free"
    assert at.said(ModifyOrder("a", quantity="2")) == "approved"
    assert balance(at, "BTC") == (2, 2, 0)
    assert at.said(ModifyOrder("a", quantity="0.5")) == "approved"


def test_the_exits_of_a_bracket_lock_what_its_entry_has_bought_once() -> None:
    at = desk(SpotAccount())
    assert at.said(group(bracket_of(buy("5", "entry"), "120", "80"))) == "approved"
    assert balance(at, "BTC") == (0, 0, 0)
    at.filled("entry", "5")
    assert balance(at, "BTC") == (5, 5, 0)
    assert at.said(group(oco_of((sell("1", "a"), sell("1", "b")), "cancel"), "g2")).startswith(
        "INSUFFICIENT_FUNDS: leg a:"
    )


def test_without_an_account_a_sell_is_held_to_nothing() -> None:
    assert desk().said(sell("1000", "a")) == "approved"
    assert desk(cash={}).said(buy("1", "b")).startswith("INSUFFICIENT_FUNDS")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["buy", "sell", "fill", "cancel", "cut"]), st.integers(1, 9)), max_size=30))
def test_no_balance_of_a_spot_account_is_ever_overdrawn(steps) -> None:
    at = desk(SpotAccount(), cash={"USDT": "1000", "BTC": "5"})
    working: list[str] = []
    for number, (step, size) in enumerate(steps):
        order_id = f"o{number}"
        if step in {"buy", "sell"}:
            if at.said((buy if step == "buy" else sell)(str(size), order_id)) == "approved":
                working.append(order_id)
        elif working:
            order_id = working[size % len(working)]
            left = at.blotter.order(order_id).leaves_quantity
            if step == "fill":
                at.filled(order_id, str(min(left, Decimal(size))))
            elif step == "cut":
                at.report(r.VenueAccepted, order_id)
                at.ask(ModifyOrder(order_id, quantity=str(size)))
            else:
                at.report(r.VenueCancelled, order_id)
            working = [name for name in working if not at.blotter.order(name).is_closed]
        for currency in ("USDT", "BTC"):
            found = at.risk.funds.balance(currency)
            assert found.free >= ZERO
            assert found.locked >= ZERO
    for order_id in working:
        at.report(r.VenueCancelled, order_id)
    assert all(not found.locked for found in at.risk.funds.balances().values())


# -- margin


def test_positions_may_be_worth_as_many_times_the_equity_as_the_leverage() -> None:
    at = desk(FIVE)
    # 1000 * 5 / 100
    assert at.said(buy("50.001", "a")) == (
        "INSUFFICIENT_MARGIN: exposure with all working orders 5000.1:"
        " must be at most 5000 USDT, 5 times the equity after fees"
    )
    assert at.said(sell("50", "b")) == "approved"
    # A buy that fills first would come to 50, no more than the sell does.
    assert at.said(buy("50", "c")) == "approved"
    at.filled("b", "50")
    margin = at.risk.margin.margin()
    assert (margin.equity, margin.initial, margin.maintenance, margin.free) == (1000, 1000, 500, 0)
    assert margin.leverage == 5
    assert not margin.in_call


def test_an_initial_margin_is_held_to_the_equity_as_it_is_now() -> None:
    at = desk(MarginAccount(initial_margin="0.25", maintenance_margin="0.1"))
    at.ask(buy("10", "a"))
    at.filled("a", "10")
    at.tell(Quote("BTC/USDT", bid="79", ask="81"))
    # Bought for 1000, worth 800: an equity of 800, of which 200 are the margin; 31 orders of 1 take (10 + 30) * 80 / 4.
    assert at.risk.equity.value() == 800
    assert at.said(buy("30.001", "b", price="80")) == (
        "INSUFFICIENT_MARGIN: initial margin with all working orders 800.02:"
        " must be at most the equity of 800 USDT after fees"
    )
    assert at.said(buy("30", "c", price="80")) == "approved"


def test_under_water_an_order_that_makes_nothing_larger_passes() -> None:
    at = desk(FIVE)
    at.ask(buy("50", "a"))
    at.filled("a", "50")
    at.tell(Quote("BTC/USDT", bid="80", ask="82"))
    assert at.risk.margin.margin().in_call
    assert at.said(buy("0.001", "b")).startswith("INSUFFICIENT_MARGIN")
    assert at.said(sell("50", "c", price="81")) == "approved"


@pytest.mark.parametrize("account", [FIVE, None], ids=["margin", "leverage"])
def test_a_price_that_is_missing_refuses_what_could_enlarge(account) -> None:
    at = TimedDesk(
        RiskLimits(max_leverage="5"),
        Instrument("BTC/USDT", **TICK),
        Instrument("ABC/EUR", **TICK),
        account=account,
        cash={"USDT": Decimal(1000), "EUR": Decimal(5)},
    )
    # What the euros come to is not known.
    assert at.said(sell("1", "a")).startswith("NO_REFERENCE_PRICE: quantity 1: no market price is known")
    margin = at.risk.margin.margin()
    assert (margin.equity, margin.free, margin.leverage, margin.in_call) == (None, None, None, False)


def test_a_margin_call_trips_with_its_numbers() -> None:
    rule = Rule(on=Trip.MARGIN_CALL, action=Action.HALT)
    at = desk(FIVE, rules=(rule,))
    at.ask(buy("50", "a"))
    at.filled("a", "50")
    at.tell(Quote("BTC/USDT", bid="90", ask="92"))
    # 1000 - 50 * 9 = 550 against 50 * 91 / 10 = 455.
    assert at.risk.tripped(1) == ()
    at.tell(Quote("BTC/USDT", bid="88", ask="89"))
    # 1000 - 50 * 11.5 = 425 against 50 * 88.5 / 10 = 442.5.
    (tripped,) = at.risk.tripped(2)
    assert (tripped.rule, tripped.text) == (
        rule,
        "maintenance margin against the equity 442.5 USDT: must be at most 425 USDT",
    )


# -- leverage and concentration


def test_leverage_and_concentration_are_of_the_equity_as_it_is() -> None:
    limits = RiskLimits(max_leverage="2", max_concentration="1.5", instruments={"ETH/USDT": RiskLimits(max_leverage=1)})
    at = desk(limits=limits, cash={"USDT": "10000"})
    at.risk.funds.cash["USDT"] = Decimal(1000)
    assert at.said(sell("15.001", "a")) == (
        "MAX_CONCENTRATION: exposure in BTC/USDT with all working orders 1500.1:"
        " must be at most 1500 USDT, 1.5 of the equity"
    )
    assert at.said(sell("15", "b")) == "approved"
    assert at.said(sell("5.001", "c", symbol="ETH/USDT")).startswith(
        "MAX_LEVERAGE: exposure with all working orders 2000.1: must be at most 2000 USDT, 2 times the equity"
    )
    at.report(r.VenueCancelled, "b")
    assert at.said(sell("10.001", "d", symbol="ETH/USDT")).endswith("1 times the equity, the limit of ETH/USDT")


@pytest.mark.parametrize("cash", [None, {"USDT": Decimal(1)}], ids=["no-cash", "no-currency"])
def test_without_an_account_there_is_nothing_to_hold_it_to(cash) -> None:
    at = TimedDesk(RiskLimits(max_leverage="2"), cash=cash, currency="USDT" if cash is None else None)
    assert at.said(sell("1", "a")) == "NO_ACCOUNT: quantity 1: there is no account to hold it to max_leverage by"
    assert at.risk.account(0).equity is None


# -- payments


def paid(at: TimedDesk, amount: str, transfer_id: str, currency: str = "USDT"):
    return at.risk.move_cash(MoveCash(currency, amount, transfer_id=transfer_id, source="system"), at.now)


def test_a_deposit_and_a_withdrawal_count_at_once_and_once() -> None:
    at = desk(SpotAccount())
    fact = paid(at, "500", "d1")
    assert (type(fact), fact.amount) == (CashMoved, 500)
    assert balance(at, "USDT") == (1500, 0, 1500)
    assert at.risk.equity.value() == 1500
    at.fact(fact)
    assert balance(at, "USDT") == (1500, 0, 1500)
    fact = paid(at, "-600", "w1")
    assert balance(at, "USDT") == (1500, 600, 900)
    assert at.said(buy("9.001", "a")).startswith("INSUFFICIENT_FUNDS: cost with fee 900.1:")
    at.fact(fact)
    assert balance(at, "USDT") == (900, 0, 900)
    assert at.risk.funds.earned() == {"USDT": 1000}
    assert at.risk.account(7).balances["USDT"].free == 900


def test_more_than_is_free_is_not_paid_out() -> None:
    at = desk(SpotAccount(), cash={"USDT": "1000", "BTC": "1"})
    at.ask(buy("4", "a"))
    refused = paid(at, "-600.01", "w1")
    assert type(refused) is CommandRefused
    assert (refused.reason, refused.text) == (
        Reason.INSUFFICIENT_FUNDS,
        "amount 600.01: must be at most the 600 USDT that are free",
    )
    assert (refused.order_id, refused.strategy_id, refused.command) == ("w1", "system", "MoveCash")
    assert type(paid(at, "-600", "w2")) is CashMoved
    assert type(paid(at, "-0.01", "w3")) is CommandRefused
    assert type(paid(at, "-1", "w4", "BTC")) is CashMoved


def test_a_transfer_that_is_repeated_is_one_and_with_other_content_is_refused() -> None:
    at = desk()
    assert type(paid(at, "-600", "w1")) is CashMoved
    assert paid(at, "-600", "w1") is None
    refused = paid(at, "-601", "w1")
    assert (refused.reason, refused.text) == (
        Reason.DUPLICATE_ID,
        "transfer_id w1: is taken by a transfer with other content",
    )
    assert type(paid(at, "-400", "w2")) is CashMoved
    # What was refused has taken no id.
    assert type(paid(at, "-1", "w3")) is CommandRefused
    at.fact(paid(at, "1", "d1"))
    assert type(paid(at, "-1", "w3")) is CashMoved


def test_of_a_margin_account_the_free_margin_can_be_paid_out() -> None:
    at = desk(FIVE)
    at.ask(buy("30", "a"))
    at.filled("a", "30")
    # 1000 less 3000 / 5.
    assert at.risk.margin.margin().free == 400
    refused = paid(at, "-400.01", "w1")
    assert refused.reason is Reason.INSUFFICIENT_MARGIN
    assert refused.text == "amount 400.01: must be at most the 400 USDT of margin that are free"
    assert type(paid(at, "-300", "w2")) is CashMoved
    assert type(paid(at, "-100.01", "w3")) is CommandRefused
    assert paid(at, "-1", "w4", "XYZ").reason is Reason.NO_REFERENCE_PRICE


def test_what_is_being_paid_out_carries_no_position() -> None:
    at = desk(MarginAccount(leverage="2", maintenance_margin="0.1"))
    fact = paid(at, "-900", "w1")
    assert at.risk.equity.value() == 100
    assert at.said(buy("2.001", "a")).startswith("INSUFFICIENT_MARGIN")
    at.fact(fact)
    assert at.risk.equity.value() == 100
    assert at.said(buy("2", "b")) == "approved"


def test_the_fees_of_working_orders_are_taken_off_the_equity_that_carries_them() -> None:
    at = desk(MarginAccount(leverage="2", maintenance_margin="0.1"), fee_rate=Decimal("0.1"))
    # A fee of 160 leaves 840, which carry 1680; of 17 it is 170, which leaves 830 to carry 1660.
    assert at.said(buy("17", "a")).endswith("must be at most 1660 USDT, 2 times the equity after fees")
    assert at.said(buy("10", "b")) == "approved"
    assert at.risk.margin.margin().free == 1000 - 100 - 500
    assert type(paid(at, "-400.01", "w1")) is CommandRefused
    at.report(r.VenueCancelled, "b")
    assert at.risk.margin.margin().free == 1000


def test_where_no_funds_are_kept_money_may_come_and_go() -> None:
    at = TimedDesk(RiskLimits())
    fact = paid(at, "-600", "w1")
    assert type(fact) is CashMoved
    at.fact(fact)
    assert at.risk.funds.balances() == {}


def test_a_symbol_that_is_not_traded_moves_cash_and_nothing_else() -> None:
    at = desk(SpotAccount())
    executed = r.Fill(execution_id="x", quantity="1", price="10", fee="0", fee_currency="XYZ")
    at.report(r.VenueFilled, "nobody", symbol="ABC/XYZ", side=Side.BUY, fill=executed)
    assert balance(at, "XYZ") == (-10, 0, -10)
    assert balance(at, "ABC") == (0, 0, 0)


def test_the_dearest_of_the_terms_on_their_way_is_held_for_a_buy() -> None:
    at = desk()
    at.ask(SubmitOrder("BTC/USDT", Side.BUY, OrderType.LIMIT, "1", price="90", order_id="a"))
    at.report(r.VenueAccepted, "a")
    assert at.said(ModifyOrder("a", price="95", quantity="10")) == "approved"
    assert balance(at, "USDT") == (1000, 950, 50)
    assert at.said(CancelOrder("a")) == "approved"
