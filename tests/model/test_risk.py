from __future__ import annotations

from collections import deque
from decimal import Decimal
from itertools import count

import attrs
import pytest
from builders import halt
from hypothesis import given, settings
from hypothesis import strategies as st

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.blotter import Blotter
from orderpit.model.commands import Approved, CancelOrder, Command, Denied, ModifyOrder, SubmitOrder
from orderpit.model.errors import InvalidConfiguration
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import OrderState, OrderType, Reason, Side, TimeInForce
from orderpit.model.lifecycle import apply
from orderpit.model.limits import RiskLimits
from orderpit.model.market import Depth, Quote, Trade
from orderpit.model.numbers import ZERO, total
from orderpit.model.risk import RiskBook
from orderpit.model.values import changed
from orderpit.model.venue import SimulatedVenue, VenueRules

SYMBOL = "BTC/USDT"
PLAIN = Instrument(SYMBOL, price_increment="0.01", quantity_increment="0.001")
STRICT = Instrument(
    SYMBOL,
    price_increment="0.01",
    quantity_increment="0.001",
    min_quantity="0.01",
    max_quantity="100",
    min_notional="10",
    price_band="0.1",
)
QUOTE = Quote(SYMBOL, bid="99", ask="101")
FEE = Decimal("0.001")


def a_book(
    instrument: Instrument = PLAIN, cash: str | None = None, limits: RiskLimits | None = None, allowance: str = "1"
) -> RiskBook:
    return RiskBook(
        {instrument.symbol: instrument},
        limits or RiskLimits(),
        cash=None if cash is None else {"USDT": Decimal(cash)},
        allowance=Decimal(allowance),
        fee_rate=FEE,
    )


def buy(quantity: str, price: str | None = None, order_id: str = "a", **terms: object) -> SubmitOrder:
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    return SubmitOrder(SYMBOL, Side.BUY, kind, quantity, price=price, order_id=order_id, **terms)  # type: ignore[arg-type]


def sell(quantity: str, price: str | None = None, order_id: str = "a") -> SubmitOrder:
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    return SubmitOrder(SYMBOL, Side.SELL, kind, quantity, price=price, order_id=order_id)


def buy_stop(quantity: str, stop: str, price: str | None = None) -> SubmitOrder:
    kind = OrderType.STOP if price is None else OrderType.STOP_LIMIT
    return SubmitOrder(SYMBOL, Side.BUY, kind, quantity, stop_price=stop, price=price, order_id="a")


def verdict(book: RiskBook, command: Command) -> str:
    judged = book.decide(command, 0)
    book.commit(judged)
    return "approved" if isinstance(judged, Approved) else f"{judged.refusal.reason.value}: {judged.refusal.text}"


# -- what is refused, with the numbers that decided it


LIMITS = RiskLimits(max_order_quantity="50", max_order_notional="4000")
SUBMISSIONS = [
    pytest.param(buy("1", "100"), "approved", id="nothing against it"),
    pytest.param(
        SubmitOrder("DOGE/USDT", Side.BUY, OrderType.MARKET, "1", order_id="a"),
        "UNKNOWN_SYMBOL: symbol DOGE/USDT: is not one of BTC/USDT",
        id="unknown symbol",
    ),
    pytest.param(
        buy("1", "100", time_in_force=TimeInForce.GTD, expire_time_ns=1),
        "approved",
        id="a nanosecond before it expires",
    ),
    pytest.param(buy("1", "100", post_only=True), "approved", id="post only"),
    pytest.param(
        buy("1", "100", reduce_only=True),
        "REDUCE_ONLY: quantity 1: with a position of 0 and 0 to come, there is nothing for it to reduce",
        id="reduce only",
    ),
    pytest.param(
        buy("1", "100", display_quantity="0.5"),
        "approved",
        id="display quantity",
    ),
    pytest.param(
        buy("1.0005", "100"),
        "QUANTITY_INCREMENT: quantity 1.0005: must be a multiple of 0.001",
        id="quantity increment",
    ),
    pytest.param(buy("0.009", "100"), "MIN_QUANTITY: quantity 0.009: must be at least 0.01", id="min quantity"),
    pytest.param(buy("100.001", "100"), "MAX_QUANTITY: quantity 100.001: must be at most 100", id="max quantity"),
    pytest.param(
        buy("1", "100.005"), "PRICE_INCREMENT: price 100.005: must be a multiple of 0.01", id="price increment"
    ),
    pytest.param(
        buy_stop("1", "100.005"), "PRICE_INCREMENT: stop_price 100.005: must be a multiple of 0.01", id="stop increment"
    ),
    pytest.param(buy("1", "110.01"), "PRICE_BAND: price 110.01: must lie from 90 to 110", id="above the band"),
    pytest.param(buy("1", "89.99"), "PRICE_BAND: price 89.99: must lie from 90 to 110", id="below the band"),
    pytest.param(buy("1", "110"), "approved", id="at the end of the band"),
    pytest.param(
        buy_stop("1", "111", "105"), "PRICE_BAND: stop_price 111: must lie from 90 to 110", id="stop outside the band"
    ),
    pytest.param(
        buy("50.001", "100"), "MAX_ORDER_QUANTITY: quantity 50.001: must be at most 50", id="our limit of quantity"
    ),
    pytest.param(buy("40", "100"), "approved", id="at our limit of notional"),
    pytest.param(
        buy("40.001", "100"), "MAX_ORDER_NOTIONAL: notional 4000.1: must be at most 4000", id="our limit of notional"
    ),
    pytest.param(
        buy("40"),
        "MAX_ORDER_NOTIONAL: notional 4080.4: must be at most 4000",
        id="market order: the ask and its allowance",
    ),
    pytest.param(
        sell("41", "95"),
        "MAX_ORDER_NOTIONAL: notional 4059: must be at most 4000",
        id="sell limit below the market: the bid",
    ),
    pytest.param(
        buy_stop("40", "100"),
        "MAX_ORDER_NOTIONAL: notional 4080.4: must be at most 4000",
        id="stop below the market: the ask and the allowance",
    ),
    pytest.param(
        buy_stop("38", "105"),
        "MAX_ORDER_NOTIONAL: notional 4029.9: must be at most 4000",
        id="stop above the market: the stop and the allowance",
    ),
    pytest.param(buy_stop("40", "105", "100"), "approved", id="stop-limit: its limit"),
    pytest.param(buy("0.09", "100"), "MIN_NOTIONAL: notional 9: must be at least 10", id="min notional"),
    pytest.param(buy("0.1", "100"), "approved", id="at min notional"),
]


@pytest.mark.parametrize(("command", "expected"), SUBMISSIONS)
def test_a_submission_is_judged_with_its_numbers(command: SubmitOrder, expected: str) -> None:
    book = a_book(STRICT, limits=LIMITS, allowance="1.01")
    book.on_market_data(QUOTE)
    assert verdict(book, command) == expected


@pytest.mark.parametrize(
    ("book", "command", "expected"),
    [
        pytest.param(
            a_book(STRICT),
            buy("1", "100"),
            "price 100: no market price is known to judge it by",
            id="to judge a band by",
        ),
        pytest.param(
            a_book(limits=LIMITS), buy("1"), "quantity 1: no market price is known to value it by", id="to value it by"
        ),
        pytest.param(
            a_book(cash="1000"), buy("1"), "quantity 1: no market price is known to value it by", id="to pay it by"
        ),
    ],
)
def test_without_a_market_there_is_no_price(book: RiskBook, command: SubmitOrder, expected: str) -> None:
    assert verdict(book, command) == f"NO_REFERENCE_PRICE: {expected}"


def test_without_limits_band_and_account_no_market_is_needed() -> None:
    assert verdict(a_book(), buy("1")) == "approved"


def test_a_stop_is_valued_without_a_market_by_its_stop_price() -> None:
    book = a_book(cash="1000")
    assert verdict(book, buy_stop("5", "100")) == "approved"
    assert book.reserved == {"USDT": Decimal("500.5")}


@pytest.mark.parametrize("field", ["max_order_quantity", "max_order_notional"])
@pytest.mark.parametrize("value", ["0", "-1", 1.5, True, "NaN"])
def test_limits_are_numbers_above_zero(field: str, value: object) -> None:
    with pytest.raises(InvalidConfiguration, match=field):
        RiskLimits(**{field: value})  # type: ignore[arg-type]


def test_while_trading_is_halted_only_cancels_pass() -> None:
    book = a_book()
    assert verdict(book, buy("1", "100")) == "approved"
    book.gate = book.gate.tripped(halt("lunch"))
    assert verdict(book, buy("1", "100", "b")) == "HALTED: trading is halted: lunch"
    assert verdict(book, ModifyOrder("a", quantity="0.5")) == "HALTED: trading is halted: lunch"
    assert verdict(book, CancelOrder("a")) == "approved"
    book.gate = book.gate.opened()
    assert verdict(book, buy("1", "100", "c")) == "approved"


def test_a_stopped_symbol_takes_no_new_orders_and_lets_those_there_be_changed() -> None:
    book = a_book()
    assert verdict(book, buy("1", "100")) == "approved"
    book.gate = book.gate.with_symbol_stopped(SYMBOL)
    assert verdict(book, buy("1", "100", "b")).startswith("SYMBOL_STOPPED: symbol BTC/USDT: new orders are stopped")
    assert verdict(book, ModifyOrder("a", quantity="0.5")) == "approved"


def test_to_decide_changes_nothing() -> None:
    book = a_book(cash="1000")
    book.decide(buy("1", "100"), 0)
    assert book.reserved == {}
    assert isinstance(book.decide(buy("9", "100"), 0), Approved)


# -- the desk: risk, order manager and venue with everything between them on its way


@attrs.define
class Desk:
    """The risk book under test, a real blotter and a real venue, joined by queues that a test empties as it likes."""

    risk: RiskBook
    fee: Decimal = FEE
    blotter: Blotter = attrs.field(init=False)
    venue: SimulatedVenue = attrs.field(init=False)
    to_manager: deque[Approved | Denied] = attrs.Factory(deque)
    to_venue: deque[r.VenueRequest] = attrs.Factory(deque)
    from_venue: deque[r.VenueReport] = attrs.Factory(deque)
    to_risk: deque[e.OrderUpdate] = attrs.Factory(deque)

    def __attrs_post_init__(self) -> None:
        ids = count(1)
        rules = VenueRules(maker_fee=self.fee, taker_fee=self.fee)
        self.blotter = Blotter(lambda: f"R-{next(ids)}")
        self.venue = SimulatedVenue({SYMBOL: PLAIN}, rules, lambda _order_id, _nth: ZERO, lambda: f"E-{next(ids)}")

    def ask(self, command: Command) -> str:
        judged = self.risk.decide(command, 0)
        self.risk.commit(judged)
        self.to_manager.append(judged)
        return "approved" if isinstance(judged, Approved) else judged.refusal.reason.value

    def quote(self, ask: str, size: str | None = None) -> None:
        quote = Quote(SYMBOL, bid=ask, ask=ask, ask_size=size)
        self.risk.on_market_data(quote)
        self.from_venue.extend(self.venue.on_market_data(quote, 0))

    def manage(self) -> None:
        self._book(self.blotter.decide_command(self.to_manager.popleft(), 0))

    def hear(self) -> None:
        self._book(self.blotter.decide_report(self.from_venue.popleft(), 0))

    def trade(self) -> None:
        self.from_venue.extend(self.venue.request(self.to_venue.popleft(), 0))

    def learn(self) -> None:
        self.risk.on_update(self.to_risk.popleft())

    def settle(self) -> None:
        while self.to_manager or self.to_venue or self.from_venue or self.to_risk:
            for queue, deliver in (
                (self.to_manager, self.manage),
                (self.to_venue, self.trade),
                (self.from_venue, self.hear),
                (self.to_risk, self.learn),
            ):
                while queue:
                    deliver()

    def _book(self, outcome: object) -> None:
        self.blotter.commit(outcome, 0)  # type: ignore[arg-type]
        self.to_risk.extend(outcome.updates)  # type: ignore[attr-defined]
        self.to_venue.extend(outcome.requests)  # type: ignore[attr-defined]

    @property
    def reserved(self) -> Decimal:
        return self.risk.reserved.get("USDT", ZERO)

    @property
    def spent(self) -> Decimal:
        """What the venue has really executed, fees included."""
        return total(order.notional + order.fees for order in self.venue.orders.values())


def a_desk(cash: str = "1000") -> Desk:
    return Desk(a_book(cash=cash))


def test_what_a_buy_may_cost_is_reserved_with_its_fee_until_it_fills() -> None:
    desk = a_desk()
    assert desk.ask(buy("5", "100")) == "approved"
    assert desk.reserved == Decimal("500.5")
    desk.settle()
    assert desk.reserved == Decimal("500.5")
    desk.quote("100", "2")
    desk.settle()
    # 2 of 5 have filled at 100: 300 and their fee are still to come.
    assert desk.reserved == Decimal("300.3")
    desk.quote("99")
    desk.settle()
    assert desk.reserved == 0


def test_a_buy_beyond_what_is_free_is_refused_with_its_numbers() -> None:
    book = a_book(cash="1000")
    assert verdict(book, buy("5", "100", "a")) == "approved"
    expected = "INSUFFICIENT_FUNDS: cost with fee 500.5: must be at most the 499.5 USDT that are free"
    assert verdict(book, buy("5", "100", "b")) == expected
    assert verdict(book, buy("4.99", "100", "c")) == "approved"
    assert book.reserved == {"USDT": Decimal("999.999")}


def test_an_account_that_was_not_opened_has_nothing() -> None:
    book = RiskBook({SYMBOL: PLAIN}, RiskLimits(), cash={"EUR": Decimal(1000)})
    assert verdict(book, buy("1", "100")).startswith(
        "INSUFFICIENT_FUNDS: cost with fee 100: must be at most the 0 USDT"
    )


def test_a_sell_reserves_nothing_and_needs_no_cash() -> None:
    desk = a_desk("0")
    assert desk.ask(sell("5", "100")) == "approved"
    assert desk.ask(ModifyOrder("a", price="90")) == "approved"
    assert desk.reserved == 0


def test_a_market_buy_reserves_at_the_ask_with_the_allowance_for_slippage() -> None:
    book = a_book(cash="1000", allowance="1.02")
    book.on_market_data(QUOTE)
    assert verdict(book, buy("2")) == "approved"
    assert book.reserved == {"USDT": Decimal("206.24604")}  # 2 * 101 * 1.02 * 1.001


def test_an_allowance_in_ticks_comes_on_top_for_an_order_without_a_limit() -> None:
    ticked = Instrument(SYMBOL, price_increment="0.5", quantity_increment="0.1")
    book = RiskBook({SYMBOL: ticked}, RiskLimits(), cash={"USDT": Decimal(10_000)}, allowance_ticks=4)
    book.on_market_data(QUOTE)
    assert verdict(book, buy("2")) == "approved"
    assert book.reserved == {"USDT": Decimal(206)}, "2 * (101 + 4 * 0.5)"
    assert verdict(book, changed(buy_stop("1", "110"), order_id="b")) == "approved"
    assert book.reserved == {"USDT": Decimal(318)}, "and 110 + 4 * 0.5"
    assert verdict(book, buy("1", "100", "c")) == "approved"
    assert book.reserved == {"USDT": Decimal(418)}, "and 100"


def test_a_price_that_goes_missing_frees_nothing() -> None:
    desk = a_desk()
    desk.risk.on_market_data(QUOTE)
    desk.ask(buy("2"))
    held = desk.reserved
    desk.risk.on_market_data(Depth(SYMBOL, bids=[], asks=[]))
    desk.manage()
    desk.learn()
    assert desk.reserved == held == Decimal("202.202")


@pytest.mark.parametrize("when", ["at once", "after it was created", "after it has closed"])
def test_a_repeated_id_reserves_once(when: str) -> None:
    desk = a_desk()
    desk.ask(buy("5", "100"))
    if when != "at once":
        desk.settle()
    if when == "after it has closed":
        desk.ask(CancelOrder("a"))
        desk.settle()
    held = desk.reserved
    answer = "DUPLICATE_ID" if when == "at once" else "approved"
    assert desk.ask(buy("5", "100")) == answer
    assert desk.ask(buy("7", "100")) == answer
    desk.settle()
    assert desk.reserved == held


def test_a_repeated_id_is_answered_by_the_order_manager_even_for_one_that_was_denied() -> None:
    desk = a_desk("100")
    assert desk.ask(buy("5", "100")) == "INSUFFICIENT_FUNDS"
    assert desk.ask(buy("5", "100")) == "DUPLICATE_ID"
    desk.settle()
    assert desk.reserved == 0
    order = desk.blotter.order("a")
    assert order is not None
    assert (order.state, order.reason) == (OrderState.REJECTED, Reason.INSUFFICIENT_FUNDS)


def test_an_order_that_could_not_be_handled_is_released_and_may_come_again() -> None:
    desk = a_desk()
    desk.ask(buy("5", "100"))
    desk._book(desk.blotter.decide_unhandled(desk.to_manager.popleft(), 0))
    desk.settle()
    assert desk.reserved == 0
    assert desk.ask(buy("5", "100")) == "approved"
    assert desk.reserved == Decimal("500.5")


def test_a_repetition_of_what_could_not_be_handled_does_not_leave_unjudged() -> None:
    desk = a_desk("100")
    assert desk.ask(buy("5", "100")) == "INSUFFICIENT_FUNDS"
    desk.ask(buy("5", "100"))
    desk._book(desk.blotter.decide_unhandled(desk.to_manager.popleft(), 0))
    desk.settle()
    order = desk.blotter.order("a")
    assert order is not None
    assert (order.state, order.reason) == (OrderState.REJECTED, Reason.DUPLICATE_ID)


def test_a_refused_repetition_releases_nothing() -> None:
    desk = a_desk()
    desk.ask(buy("5", "100"))
    desk.ask(buy("6", "100"))
    desk.settle()
    assert desk.blotter.latest["a"].order is not None
    assert desk.reserved == Decimal("500.5")


@pytest.mark.parametrize("halted_where", ["venue", "order manager"])
def test_an_order_that_is_rejected_further_down_is_released(halted_where: str) -> None:
    desk = a_desk()
    desk.ask(buy("5", "100"))
    if halted_where == "order manager":
        desk.blotter.gate = desk.blotter.gate.tripped(halt("lunch"))
        desk.settle()
    else:
        desk.manage()
        desk.to_venue.clear()
        desk.from_venue.append(r.VenueRejected(client_order_id="a"))
        desk.settle()
    assert desk.reserved == 0


# -- modifications


def test_a_modification_holds_the_dearer_terms_until_its_answer() -> None:
    desk = a_desk()
    desk.ask(buy("5", "100"))
    desk.settle()
    assert desk.ask(ModifyOrder("a", price="80")) == "approved"
    assert desk.reserved == Decimal("500.5")
    desk.settle()
    assert desk.reserved == Decimal("400.4")
    assert desk.ask(ModifyOrder("a", quantity="7")) == "approved"
    assert desk.reserved == Decimal("560.56")
    desk.settle()
    assert desk.reserved == Decimal("560.56")


def test_old_updates_that_arrive_after_a_modification_was_approved_release_nothing() -> None:
    desk = a_desk()
    desk.ask(buy("5", "100"))
    desk.ask(ModifyOrder("a", price="150"))
    assert desk.reserved == Decimal("750.75")
    # Created, submitted, opened with the old price of 100 arrive only now.
    desk.manage()
    desk.trade()
    desk.hear()
    while desk.to_risk:
        desk.learn()
        assert desk.reserved == Decimal("750.75")
    desk.settle()
    assert desk.reserved == Decimal("750.75")


def test_a_modification_that_the_venue_refuses_releases_what_it_held() -> None:
    desk = a_desk()
    desk.ask(buy("5", "100"))
    desk.settle()
    desk.ask(ModifyOrder("a", price="150"))
    desk.manage()
    request = desk.to_venue.popleft()
    assert isinstance(request, r.VenueModify)
    desk.from_venue.append(r.VenueModifyRejected(client_order_id="a", request_id=request.request_id))
    desk.settle()
    assert desk.reserved == Decimal("500.5")


def test_a_modification_that_the_order_manager_refuses_releases_what_it_held() -> None:
    desk = a_desk()
    desk.ask(buy("5", "100"))
    desk.settle()
    desk.ask(ModifyOrder("a", price="120"))
    desk.ask(ModifyOrder("a", price="150"))  # refused: the first is still on its way
    assert desk.reserved == Decimal("750.75")
    desk.manage()
    desk.manage()
    while desk.to_risk:
        desk.learn()
    assert desk.reserved == Decimal("600.6")
    desk.settle()
    assert desk.reserved == Decimal("600.6")


def test_a_modification_that_risk_denies_releases_nothing_of_one_asked_later() -> None:
    desk = a_desk()
    desk.ask(buy("5", "100"))
    desk.settle()
    assert desk.ask(ModifyOrder("a", price="250")) == "INSUFFICIENT_FUNDS"
    assert desk.ask(ModifyOrder("a", price="150")) == "approved"
    # The refusal of the first comes back while the second is still on its way.
    desk.manage()
    desk.learn()
    assert desk.reserved == Decimal("750.75")
    desk.settle()
    assert desk.reserved == Decimal("750.75")


def test_an_order_may_always_become_cheaper_even_where_more_was_spent_than_there_was() -> None:
    desk = a_desk()
    desk.ask(buy("5", "100"))
    fill = r.Fill(execution_id="E", quantity="10", price="90", fee_currency="USDT")
    desk.from_venue.append(r.VenueFilled(client_order_id="x", symbol=SYMBOL, side=Side.BUY, fill=fill))
    desk.settle()
    assert desk.ask(ModifyOrder("a", quantity="4")) == "approved"
    assert desk.ask(ModifyOrder("a", quantity="6")) == "INSUFFICIENT_FUNDS"


def test_a_modification_refused_as_unknown_releases_nothing_of_one_asked_later() -> None:
    desk = a_desk()
    desk.ask(ModifyOrder("a", price="110"))
    desk.ask(buy("5", "100"))
    desk.ask(ModifyOrder("a", price="150"))
    desk.manage()
    desk.learn()
    assert desk.reserved == Decimal("750.75")
    desk.settle()
    assert desk.reserved == Decimal("750.75")


def test_two_modifications_on_their_way_are_held_together() -> None:
    desk = a_desk("2000")
    desk.ask(buy("5", "100"))
    desk.settle()
    desk.ask(ModifyOrder("a", price="150"))
    desk.ask(ModifyOrder("a", quantity="8"))
    # Both may be granted: 8 at 150.
    assert desk.reserved == Decimal("1201.2")


def test_a_cancel_on_its_way_releases_nothing_and_a_refused_one_neither() -> None:
    desk = a_desk()
    desk.ask(buy("5", "100"))
    desk.settle()
    desk.ask(CancelOrder("a"))
    desk.ask(CancelOrder("a"))
    desk.manage()
    desk.manage()
    while desk.to_risk:
        desk.learn()
    assert desk.reserved == Decimal("500.5")
    desk.settle()
    assert desk.reserved == 0


def test_a_modification_is_judged_by_what_is_left_to_pay() -> None:
    desk = a_desk()
    desk.ask(buy("9", "100"))
    desk.quote("100", "8")
    desk.settle()
    # 800.8 are paid and 100.1 held: 99.1 are free, and the modified remainder costs 100.1 at most.
    assert desk.ask(ModifyOrder("a", price="99")) == "approved"
    desk.settle()
    assert desk.ask(ModifyOrder("a", price="200")) == "INSUFFICIENT_FUNDS"


def test_a_modification_to_what_has_filled_ends_the_order_whatever_the_minimum() -> None:
    desk = a_desk()
    desk.risk._instruments = {SYMBOL: STRICT}
    desk.quote("100", "0.005")
    desk.ask(buy("1", "100"))
    desk.settle()
    assert desk.ask(ModifyOrder("a", quantity="0.005")) == "approved"
    desk.settle()
    order = desk.blotter.order("a")
    assert order is not None
    assert order.state is OrderState.FILLED
    assert desk.reserved == 0


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(ModifyOrder("a", price="100.005"), "PRICE_INCREMENT", id="tick"),
        pytest.param(ModifyOrder("a", price="111"), "PRICE_BAND", id="band"),
        pytest.param(ModifyOrder("a", quantity="1.0005"), "QUANTITY_INCREMENT", id="lot"),
        pytest.param(ModifyOrder("a", quantity="51"), "MAX_ORDER_QUANTITY", id="quantity"),
        pytest.param(ModifyOrder("a", quantity="45"), "MAX_ORDER_NOTIONAL", id="notional"),
        pytest.param(ModifyOrder("a", quantity="0.02"), "MIN_NOTIONAL", id="least notional"),
        pytest.param(ModifyOrder("b", quantity="1"), "approved", id="unknown: the order manager says so"),
        pytest.param(CancelOrder("b"), "approved", id="a cancel always passes"),
    ],
)
def test_a_modification_is_judged_like_an_order(command: Command, expected: str) -> None:
    book = a_book(STRICT, limits=LIMITS)
    book.on_market_data(QUOTE)
    assert verdict(book, buy("1", "100")) == "approved"
    assert verdict(book, command).split(":")[0] == expected


def test_terms_that_stay_are_not_judged_again() -> None:
    book = a_book(STRICT)
    book.on_market_data(QUOTE)
    assert verdict(book, buy_stop("5", "105", "106")) == "approved"
    book.on_market_data(Quote(SYMBOL, bid="89", ask="91"))
    # The band now ends at 99, but neither price is to change.
    assert verdict(book, ModifyOrder("a", quantity="2")) == "approved"
    assert verdict(book, ModifyOrder("a", price="107")).startswith("PRICE_BAND: price 107")


def test_a_stop_has_no_price_to_modify() -> None:
    book = a_book()
    assert verdict(book, buy_stop("1", "105")) == "approved"
    assert verdict(book, ModifyOrder("a", price="100")) == "UNSUPPORTED: price 100: a STOP order has none to change"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"stop_price": "106"}, "approved", id="nothing against it"),
        pytest.param({"stop_price": "100.005"}, "PRICE_INCREMENT: stop_price 100.005", id="tick"),
        pytest.param({"stop_price": "111"}, "PRICE_BAND: stop_price 111", id="band"),
        pytest.param({"expire_time_ns": 5}, "UNSUPPORTED: expire_time_ns 5: a GTC order has none", id="no expiry"),
    ],
)
def test_a_new_stop_price_is_judged_like_that_of_an_order(change: dict[str, object], expected: str) -> None:
    book = a_book(STRICT)
    book.on_market_data(QUOTE)
    assert verdict(book, buy_stop("1", "105")) == "approved"
    assert verdict(book, ModifyOrder("a", **change)).startswith(expected)  # type: ignore[arg-type]


def test_a_limit_order_has_no_stop_price_to_modify() -> None:
    book = a_book()
    assert verdict(book, buy("1", "100")) == "approved"
    assert (
        verdict(book, ModifyOrder("a", stop_price="9")) == "UNSUPPORTED: stop_price 9: a LIMIT order has none to change"
    )


def test_a_new_stop_price_is_valued_with_the_limits_on_notional() -> None:
    book = a_book(limits=RiskLimits(max_order_notional="1000"))
    assert verdict(book, buy_stop("9", "100")) == "approved"
    assert verdict(book, ModifyOrder("a", stop_price="112")).startswith("MAX_ORDER_NOTIONAL: notional 1008")


def test_the_dearer_stop_price_is_held_until_the_modification_is_answered() -> None:
    desk = a_desk()
    desk.quote("90")
    desk.ask(buy_stop("5", "100"))
    desk.settle()
    assert desk.reserved == Decimal("500.5")
    assert desk.ask(ModifyOrder("a", stop_price="150")) == "approved"
    assert desk.reserved == Decimal("750.75")
    desk.settle()
    assert desk.reserved == Decimal("750.75")
    assert desk.ask(ModifyOrder("a", stop_price="120")) == "approved"
    # Until the venue has said so, it may still execute at 150.
    assert desk.reserved == Decimal("750.75")
    desk.settle()
    assert desk.reserved == Decimal("600.6")
    assert desk.ask(ModifyOrder("a", stop_price="250")).startswith("INSUFFICIENT_FUNDS")


def test_what_we_change_by_ourselves_is_held_and_answers_nothing_that_was_asked_of_risk() -> None:
    desk = a_desk()
    desk.ask(buy("5", "100"))
    desk.settle()
    desk.ask(ModifyOrder("a", price="150"))
    order = desk.blotter.order("a")
    assert order is not None
    ours = e.ModifyRequested(
        time_ns=0, source="", order_id="a", request_id="g-1", price=None, quantity=Decimal(6), reason=Reason.CONTINGENT
    )
    desk.risk.on_update(e.OrderUpdate(9, ours, order))
    assert desk.reserved == Decimal("900.9")


def test_an_order_that_was_not_sent_is_held_on_its_new_terms_at_once() -> None:
    book = a_book(cash="1000")
    assert verdict(book, buy("5", "100")) == "approved"
    created = e.OrderCreated(time_ns=0, source="", order_id="a", strategy_id="", terms=buy("5", "100"))
    order = apply(None, created)
    book.on_update(e.OrderUpdate(1, created, order))
    assert verdict(book, ModifyOrder("a", price="150")) == "approved"
    assert verdict(book, ModifyOrder("a", price="90")) == "approved"
    assert book.reserved == {"USDT": Decimal("750.75")}
    for sequence, (request_id, price, held) in enumerate(
        ((None, "80", "750.75"), ("m-1", "150", "750.75"), ("m-2", "90", "450.45")), 2
    ):
        modified = e.OrderModified(
            time_ns=0, source="", order_id="a", request_id=request_id, price=Decimal(price), quantity=None
        )
        order = apply(order, modified)
        book.on_update(e.OrderUpdate(sequence, modified, order))
        assert book.reserved == {"USDT": Decimal(held)}


def test_a_stop_may_change_its_quantity() -> None:
    book = a_book(cash="1000")
    assert verdict(book, buy_stop("1", "100")) == "approved"
    assert verdict(book, ModifyOrder("a", quantity="3")) == "approved"
    assert book.reserved == {"USDT": Decimal("300.3")}


# -- cash


@pytest.mark.fault(20)
def test_cash_moves_with_fills_busts_and_corrections() -> None:
    desk = a_desk()
    desk.quote("100")
    desk.ask(buy("5", "100"))
    desk.settle()
    # 500 and the fee of 0.5 are paid, so 499.5 are free.
    assert verdict(desk.risk, buy("5", "99.8", "b")).startswith("approved")
    fill = desk.blotter.latest["a"].order
    assert fill is not None
    (booked,) = fill.fills
    corrected = attrs.evolve(booked, price=Decimal(50), fee=Decimal("0.25"))
    desk.from_venue.append(r.VenueFillCorrected(client_order_id="a", symbol=SYMBOL, fill=corrected))
    desk.settle()
    assert desk.risk.funds.cash == {"USDT": Decimal("749.75")}
    busted = r.VenueFillBusted(client_order_id="a", symbol=SYMBOL, execution_id=booked.execution_id)
    desk.from_venue.append(busted)
    desk.settle()
    assert desk.risk.funds.cash == {"USDT": Decimal(1000)}


def test_a_sale_brings_cash_and_a_fee_in_another_currency_is_paid_there() -> None:
    desk = a_desk()
    desk.ask(sell("5", "100"))
    desk.settle()
    fill = r.Fill(execution_id="E", quantity="5", price="100", fee="0.01", fee_currency="BNB")
    desk.from_venue.append(r.VenueFilled(client_order_id="a", symbol=SYMBOL, side=Side.SELL, fill=fill))
    desk.settle()
    assert desk.risk.funds.cash == {"USDT": Decimal(1500), "BNB": Decimal("-0.01")}


def test_an_external_fill_in_a_symbol_that_we_do_not_trade_is_paid_all_the_same() -> None:
    desk = a_desk()
    fill = r.Fill(execution_id="E", quantity="2", price="30", fee="0.06", fee_currency="USDT")
    desk.from_venue.append(r.VenueFilled(client_order_id="x", symbol="ETH/USDT", side=Side.BUY, fill=fill))
    desk.settle()
    assert desk.risk.funds.cash == {"USDT": Decimal("939.94")}


def test_a_fill_after_the_order_has_closed_is_paid() -> None:
    desk = a_desk()
    desk.ask(buy("5", "100"))
    desk.settle()
    desk.ask(CancelOrder("a"))
    desk.settle()
    fill = r.Fill(execution_id="E", quantity="2", price="100", fee="0.2", fee_currency="USDT")
    desk.from_venue.append(r.VenueFilled(client_order_id="a", symbol=SYMBOL, side=Side.BUY, fill=fill))
    desk.settle()
    assert (desk.risk.funds.cash, desk.reserved) == ({"USDT": Decimal("799.8")}, 0)


def test_without_an_account_nothing_is_reserved_and_no_cash_is_kept() -> None:
    desk = Desk(a_book())
    desk.quote("100")
    desk.ask(buy("5", "100"))
    desk.ask(buy("1000", "50", "b"))
    desk.settle()
    assert desk.risk.reserved == {}


def test_a_trade_values_a_market_order_where_there_is_no_quote() -> None:
    book = a_book(cash="1000")
    book.on_market_data(Trade(SYMBOL, price="100"))
    assert verdict(book, buy("1")) == "approved"
    assert book.reserved == {"USDT": Decimal("100.1")}


# -- whatever the order in which everything arrives


amounts = st.integers(1, 9).map(str)
prices = st.integers(90, 110).map(str)
ids = st.integers(0, 3).map(lambda n: f"o{n}")
steps = st.lists(
    st.one_of(
        st.builds(lambda order_id, quantity, price: buy(quantity, price, order_id), ids, amounts, prices),
        st.builds(lambda order_id, price: ModifyOrder(order_id, price=price), ids, prices),
        st.builds(lambda order_id, quantity: ModifyOrder(order_id, quantity=quantity), ids, amounts),
        st.builds(CancelOrder, ids),
        st.tuples(prices, amounts),
        st.sampled_from(["manage", "trade", "hear", "learn"]),
        st.sampled_from(["manage", "trade", "hear", "learn"]),
    ),
    min_size=10,
    max_size=80,
)


def advance(desk: Desk, step: Command | tuple[str, str] | str) -> None:
    if isinstance(step, tuple):
        desk.quote(*step)
    elif isinstance(step, str):
        queues = {"manage": desk.to_manager, "trade": desk.to_venue, "hear": desk.from_venue, "learn": desk.to_risk}
        if queues[step]:
            getattr(desk, step)()
    else:
        desk.ask(step)


@settings(max_examples=300, deadline=None)
@given(steps=steps, cash=st.integers(500, 4000).map(str))
def test_no_race_makes_the_venue_execute_more_than_there_is_cash(
    steps: list[Command | tuple[str, str] | str], cash: str
) -> None:
    desk = a_desk(cash)
    for step in steps:
        advance(desk, step)
        working = desk.risk._working
        assert desk.reserved == total(held.cost for held in working.values())
        for name, order in desk.venue.orders.items():
            if order.is_live:
                assert order.price is not None
                assert working[name].cost >= order.leaves * order.price * (1 + FEE)
        assert desk.spent <= Decimal(cash)
    desk.settle()
    for name in [f"o{n}" for n in range(4)]:
        desk.ask(CancelOrder(name))
    desk.settle()
    assert desk.reserved == 0
    assert desk.risk._working == {}
    assert desk.risk.funds.cash == {"USDT": Decimal(cash) - desk.spent}
