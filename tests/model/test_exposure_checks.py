"""Limits on positions and exposure, by figures worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

import pytest

from orderpit.model import reports as r
from orderpit.model.blotter import Blotter
from orderpit.model.commands import Approved, CancelOrder, ChangeLimits, Denied, ModifyOrder, SubmitOrder
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import OrderState, OrderType, Reason, Side
from orderpit.model.limits import RiskLimits
from orderpit.model.market import Quote
from orderpit.model.risk import RiskBook
from orderpit.model.tying import bracket_of, oco_of, oto_of
from orderpit.model.values import changed

from .builders import NOW, fill, report

BTC = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.001")
ETH = Instrument("ETH/USDT", price_increment="0.01", quantity_increment="0.001")
EUR = Instrument("ABC/EUR", price_increment="0.01", quantity_increment="0.001")
RATE = Instrument("EUR/USDT", price_increment="0.0001", quantity_increment="1")


class Desk:
    """Risk and the order manager, joined by hand: each update reaches risk before the next command is judged."""

    def __init__(self, limits: RiskLimits, *, currency: str | None = "USDT", hedged: bool = False, ties: bool = True):
        instruments = {one.symbol: one for one in (BTC, ETH, EUR, RATE)}
        self.risk = RiskBook(instruments, limits, currency=currency, hedged=hedged, ties=ties)
        self.blotter = Blotter((f"m-{number}" for number in count(1)).__next__)
        self.executions = count(1)
        for symbol in ("BTC/USDT", "ETH/USDT"):
            self.quote(symbol, "99", "101")

    def quote(self, symbol: str, bid: str, ask: str) -> None:
        self.risk.on_market_data(Quote(symbol, bid=bid, ask=ask))

    def ask(self, command) -> Approved | Denied:
        command = changed(command, source=command.source or "s")
        judged = self.risk.decide(command, NOW)
        self.risk.commit(judged)
        self._take(self.blotter.decide_command(judged, NOW))
        return judged

    def said(self, command) -> str:
        judged = self.ask(command)
        return "approved" if isinstance(judged, Approved) else f"{judged.refusal.reason.value}: {judged.refusal.text}"

    def report(self, kind, order_id: str, **fields) -> None:
        self._take(self.blotter.decide_report(report(kind, client_order_id=order_id, **fields), NOW))

    def filled(self, order_id: str, quantity: str) -> None:
        order = self.blotter.order(order_id)
        executed = fill(f"x{next(self.executions)}", quantity, fee="0")
        self.report(r.VenueFilled, order_id, symbol=order.symbol, side=order.side, fill=executed)

    def _take(self, outcome) -> None:
        outcome = self.blotter.followed(outcome, NOW)
        self.blotter.commit(outcome, 0)
        for update in outcome.updates:
            self.risk.on_update(update)

    def exposure(self, strategy_id="s", symbol="BTC/USDT") -> tuple[str, str]:
        at = self.risk.exposures.of((strategy_id, symbol))
        return str(at.low), str(at.high)


def order(side: Side, quantity: str, order_id: str, **terms) -> SubmitOrder:
    terms = {"price": "100"} | terms
    kind = OrderType.LIMIT if terms["price"] else OrderType.MARKET
    return SubmitOrder(terms.pop("symbol", "BTC/USDT"), side, kind, quantity, order_id=order_id, **terms)


def buy(quantity: str, order_id: str, **terms) -> SubmitOrder:
    return order(Side.BUY, quantity, order_id, **terms)


def sell(quantity: str, order_id: str, **terms) -> SubmitOrder:
    return order(Side.SELL, quantity, order_id, **terms)


def group(command, group_id="g"):
    orders = tuple(
        changed(one, order_id=one.order_id or f"{group_id}-{at}", source="s") for at, one in enumerate(command.orders)
    )
    return changed(command, orders=orders, group_id=group_id, source="s")


# -- what counts


def test_all_working_orders_of_a_side_count_and_those_of_the_other_do_not() -> None:
    desk = Desk(RiskLimits(max_long="10", max_short="4"))
    assert desk.said(buy("6", "a")) == "approved"
    assert desk.said(sell("4", "b")) == "approved"
    assert desk.said(buy("4", "c")) == "approved"
    # 6 + 4 + 0.001; the sell may never fill.
    expected = "MAX_LONG: long position with all working orders 10.001: must be at most 10"
    assert desk.said(buy("0.001", "d")) == expected
    assert desk.said(sell("0.001", "e")).startswith("MAX_SHORT: short position with all working orders 4.001:")
    assert desk.exposure() == ("-4", "10")


def test_what_has_filled_is_held_and_counts_no_more_as_working() -> None:
    desk = Desk(RiskLimits(max_long="10"))
    desk.ask(buy("10", "a"))
    desk.filled("a", "4")
    assert desk.exposure() == ("4", "10")
    desk.ask(CancelOrder("a"))
    assert desk.exposure() == ("4", "10"), "a cancel that is asked for frees nothing"
    desk.report(r.VenueCancelled, "a")
    assert desk.exposure() == ("4", "4")
    assert desk.said(buy("6", "b")) == "approved"
    assert desk.said(buy("0.001", "c")).startswith("MAX_LONG")


def test_an_order_in_doubt_counts_also_when_it_is_closed() -> None:
    desk = Desk(RiskLimits(max_long="10"))
    desk.ask(buy("10", "a"))
    desk.report(r.VenueAccepted, "a")
    # The venue says that 6 have filled; of their executions nothing has come yet.
    desk.report(r.VenueCancelled, "a", filled_quantity="6")
    known = desk.blotter.order("a")
    assert known.is_closed
    assert known.in_doubt
    assert desk.exposure() == ("0", "6")
    assert desk.said(buy("4.001", "b")).startswith("MAX_LONG")
    desk.filled("a", "4")
    assert desk.exposure() == ("4", "6")
    desk.filled("a", "2")
    desk.report(r.VenueStatus, "a", state=OrderState.CANCELLED, filled_quantity="6")
    assert not desk.blotter.order("a").in_doubt
    assert desk.exposure() == ("6", "6")


def test_the_larger_of_the_terms_counts_until_the_venue_has_answered() -> None:
    desk = Desk(RiskLimits(max_long="10"))
    desk.ask(buy("4", "a"))
    desk.report(r.VenueAccepted, "a")
    assert desk.said(ModifyOrder("a", quantity="10.001")).startswith("MAX_LONG")
    assert desk.said(ModifyOrder("a", quantity="10")) == "approved"
    assert desk.exposure() == ("0", "10")
    desk.report(r.VenueModifyRejected, "a", request_id=desk.blotter.order("a").pending_request_id)
    assert desk.exposure() == ("0", "4")
    assert desk.said(ModifyOrder("a", quantity="1")) == "approved"
    assert desk.exposure() == ("0", "4")


def test_reduce_only_orders_open_nothing_whatever_fills() -> None:
    desk = Desk(RiskLimits(max_short="1", max_long="10"))
    desk.ask(buy("5", "a"))
    desk.filled("a", "5")
    assert desk.said(sell("9", "b", reduce_only=True)) == "approved"
    assert desk.exposure() == ("0", "5")
    # Once it has closed what is held, what an order that may open sells is short.
    assert desk.said(sell("1.001", "c")).startswith("MAX_SHORT: short position with all working orders 1.001:")
    assert desk.said(sell("1", "d")) == "approved"
    assert desk.exposure() == ("-1", "5")


def test_of_the_legs_of_a_group_the_largest_counts() -> None:
    desk = Desk(RiskLimits(max_long="10"))
    assert desk.said(group(oco_of((buy("10", "a"), buy("7", "b")), "cancel"))) == "approved"
    assert desk.exposure() == ("0", "10")


def test_where_the_venue_does_not_tie_them_each_leg_counts() -> None:
    desk = Desk(RiskLimits(max_long="10"), ties=False)
    said = desk.said(group(oco_of((buy("6", "a"), buy("5", "b")), "cancel")))
    assert said == "MAX_LONG: leg b: long position with all working orders 11: must be at most 10"
    assert desk.exposure() == ("0", "0")


def test_what_follows_an_order_counts_from_the_beginning() -> None:
    desk = Desk(RiskLimits(max_long="10"))
    said = desk.said(group(oto_of(buy("6", "a"), (buy("5", "b"),))))
    assert said.startswith("MAX_LONG: then b: long position with all working orders 11")
    assert desk.said(group(oto_of(buy("6", "a2"), (buy("4", "b2"),)), "g2")) == "approved"
    assert desk.exposure() == ("0", "10")


def test_the_exits_of_a_bracket_count_once_they_are_sent() -> None:
    desk = Desk(RiskLimits(max_long="10", max_short="0.001"))
    assert desk.said(group(bracket_of(buy("10", "entry"), "120", "80"))) == "approved"
    assert desk.exposure() == ("0", "10")
    desk.filled("entry", "10")
    assert desk.exposure() == ("0", "10")
    assert desk.said(sell("0.001", "a")) == "approved"
    assert desk.said(sell("0.001", "b")).startswith("MAX_SHORT")


# -- scopes


def test_the_limit_of_an_account_is_of_the_sum_of_its_strategies() -> None:
    desk = Desk(RiskLimits(max_long="10", strategies={"t": RiskLimits(max_long="3")}))
    assert desk.said(buy("8", "a", source="s")) == "approved"
    assert desk.said(buy("3", "b", source="t")).startswith("MAX_LONG: long position with all working orders 11:")
    assert desk.said(buy("2", "c", source="t")) == "approved"
    desk = Desk(
        RiskLimits(strategies={"t": RiskLimits(max_long="3", instruments={"ETH/USDT": RiskLimits(max_long=1)})})
    )
    assert desk.said(buy("8", "a", source="s")) == "approved"
    assert desk.said(buy("4", "b", source="t")).endswith("must be at most 3, the limit of t")
    assert desk.said(buy("2", "c", source="t", symbol="ETH/USDT")).endswith(
        "must be at most 1, the limit of t in ETH/USDT"
    )


def test_positions_that_cancel_out_are_small_net_and_large_gross() -> None:
    desk = Desk(RiskLimits(max_long="5", max_gross="9"))
    desk.ask(buy("5", "a", source="s"))
    desk.filled("a", "5")
    assert desk.said(sell("4", "b", source="t")) == "approved"
    assert desk.said(sell("0.001", "c", source="t")).startswith(
        "MAX_GROSS: gross position with all working orders 9.001"
    )


def test_a_limit_that_was_lowered_below_what_is_held_lets_the_position_shrink_and_not_grow() -> None:
    desk = Desk(RiskLimits())
    desk.ask(buy("10", "a"))
    desk.filled("a", "10")
    fact = desk.risk.change_limits(ChangeLimits(RiskLimits(max_long="2", max_gross="2", max_exposure="200")), NOW)
    assert fact.limits == desk.risk.limits
    assert desk.said(buy("0.001", "b")).startswith("MAX_LONG")
    assert desk.said(sell("3", "c")) == "approved"
    # 10 held, 7 after all sells; a sell of 18 makes it 11 short, which is more than 10.
    assert desk.said(sell("18", "d")).startswith("MAX_GROSS")


# -- exposure


def test_exposure_is_the_sum_of_all_instruments_at_their_marks() -> None:
    desk = Desk(RiskLimits(max_exposure="1000"))
    assert desk.said(buy("4", "a")) == "approved"
    assert desk.said(sell("6", "b", symbol="ETH/USDT")) == "approved"
    # 4 * 100 + 6 * 100 = 1000
    assert desk.said(buy("0.01", "c")) == "MAX_EXPOSURE: exposure with all working orders 1001: must be at most 1000"
    # At 90 for each ETH: 400 + 540 = 940, so that 0.6 BTC more come to 1000.
    desk.quote("ETH/USDT", "89", "91")
    assert desk.said(buy("0.601", "d")).startswith("MAX_EXPOSURE: exposure with all working orders 1000.1:")
    assert desk.said(buy("0.6", "e")) == "approved"


def test_exposure_in_another_currency_is_converted() -> None:
    desk = Desk(RiskLimits(max_exposure="1000"))
    desk.quote("ABC/EUR", "99", "101")
    eur = {"symbol": "ABC/EUR"}
    assert desk.said(buy("1", "a", **eur)).startswith("NO_REFERENCE_PRICE: quantity 1: no market price is known")
    desk.quote("EUR/USDT", "1.2", "1.3")
    # 8 * 100 EUR * 1.25
    assert desk.said(buy("8", "b", **eur)) == "approved"
    assert desk.said(buy("0.001", "c", **eur)).startswith("MAX_EXPOSURE: exposure with all working orders 1000.125:")
    # At 1 USDT for a euro 800 are used.
    desk.quote("EUR/USDT", "0.99", "1.01")
    assert desk.said(buy("2", "d")) == "approved"


def test_without_an_account_currency_exposure_cannot_be_limited() -> None:
    desk = Desk(RiskLimits(max_exposure="1000"), currency=None)
    expected = "NO_ACCOUNT: quantity 1: there is no account to hold it to max_exposure by"
    assert desk.said(buy("1", "a")) == expected


def test_a_price_that_is_missing_elsewhere_refuses_too() -> None:
    desk = Desk(RiskLimits())
    desk.ask(buy("1", "a", symbol="ABC/EUR"))
    desk.risk.change_limits(ChangeLimits(RiskLimits(max_exposure="1000")), NOW)
    # What the euros come to is not known, so the sum is not.
    assert desk.said(buy("1", "b")).startswith("NO_REFERENCE_PRICE")
    desk.report(r.VenueCancelled, "a")
    assert desk.said(buy("1", "c")) == "approved"


# -- hedged


def test_a_long_and_a_short_position_do_not_cancel_out_where_they_are_hedged() -> None:
    desk = Desk(RiskLimits(max_long="5", max_short="5", max_gross="8"), hedged=True)
    desk.ask(buy("5", "a"))
    desk.filled("a", "5")
    desk.ask(sell("3", "b"))
    desk.filled("b", "3")
    at = desk.risk.exposures.of(("s", "BTC/USDT"))
    assert (at.long, at.short, at.high, at.low, at.size) == (5, 3, 5, -3, 8)
    assert desk.said(sell("0.001", "c")).startswith("MAX_GROSS")
    assert desk.said(sell("5", "d", reduce_only=True)) == "approved"
    desk.filled("d", "5")
    desk.ask(buy("2", "e", reduce_only=True))
    desk.filled("e", "2")
    at = desk.risk.exposures.of(("s", "BTC/USDT"))
    assert (at.long, at.short, at.position) == (0, 1, -1)


@pytest.mark.parametrize(
    ("side", "held", "closed", "expected"),
    [(Side.BUY, "2", "3", (0, 1)), (Side.SELL, "2", "3", (1, 0))],
    ids=["long", "short"],
)
def test_what_is_closed_beyond_what_is_there_is_of_the_other_side(side, held, closed, expected) -> None:
    desk = Desk(RiskLimits(), hedged=True)
    other = Side.SELL if side is Side.BUY else Side.BUY
    desk.ask(order(side, held, "a"))
    desk.filled("a", held)
    desk.ask(order(other, closed, "b", reduce_only=True))
    desk.filled("b", closed)
    at = desk.risk.exposures.of(("s", "BTC/USDT"))
    assert (at.long, at.short) == expected


def test_the_judgement_tells_every_check_with_its_numbers() -> None:
    desk = Desk(RiskLimits(max_long="10", max_exposure="500", instruments={"BTC/USDT": RiskLimits(max_long="5")}))
    judged = desk.ask(buy("6", "a"))
    assert isinstance(judged, Denied)
    assert judged.refusal.reason is Reason.MAX_EXPOSURE
    (judgement,) = judged.judgements
    told = [(one.check.name, one.check.symbol, one.value, one.bound, one.passed) for one in judgement.each()]
    assert told == [("max_long", "", 6, 10, True), ("max_exposure", "", 600, 500, False)]
    created = desk.blotter.latest["a"].order
    assert created.state is OrderState.REJECTED
    judged = desk.ask(buy("5", "b"))
    assert [one.check.name for one in judged.judgements[0].each()] == ["max_long", "max_exposure", "max_long"]
    assert all(one.passed for one in judged.judgements[0].each())
    assert Decimal(5) in {one.value for one in judged.judgements[0].each()}
