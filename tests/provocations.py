"""What provokes each reason code: a whole system on one thread, in which it is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import attrs
from helpers import BOUND, OwnVenue, limit, market, quote, system_of

from orderpit import (
    Fill,
    Instrument,
    MarginAccount,
    OrderState,
    OrderType,
    OrderUpdate,
    Reason,
    RiskLimits,
    Side,
    SimulatedExchange,
    SubmitOrder,
    TimeInForce,
    TradingHours,
    TradingSystem,
)
from orderpit.actors.stepped import START_NS
from orderpit.journal.memory import MemoryStore
from orderpit.model import reports as r
from orderpit.testing import let_pass

Speaker = Literal["risk", "order manager", "simulated venue", "any venue"]
OURS: Final = frozenset({"risk", "order manager"})
SECOND: Final = 1_000_000_000


@attrs.frozen
class Provocation:
    """Who says a code, the rule in words, and what leads to it: returns the system, still running."""

    by: Speaker
    rule: str
    play: Callable[[], TradingSystem]

    def said(self, reason: Reason) -> OrderUpdate:
        """Play it, and return the last update that has the reason.

        Raises:
            LookupError: when none has.
        """
        system = self.play()
        try:
            assert system.quiesce(BOUND)
            history = system.history()
        finally:
            system.stop()
        for update in reversed(history):
            if getattr(update.event, "reason", None) is reason:
                return update
        msg = f"{reason.value} was not said: {[type(update.event).__name__ for update in history]}"
        raise LookupError(msg)


PROVOCATIONS: Final[dict[Reason, Provocation]] = {}


def provokes(reason: Reason, by: Speaker, rule: str) -> Callable[[Callable[[], TradingSystem]], None]:
    """Enter a function as what provokes a reason."""

    def enter(play: Callable[[], TradingSystem]) -> None:
        assert reason not in PROVOCATIONS, reason
        PROVOCATIONS[reason] = Provocation(by, rule, play)

    return enter


BTC: Final = {"price_increment": "0.01", "quantity_increment": "0.001"}


def running(*orders: SubmitOrder, priced: bool = True, rules: dict[str, Any] | None = None, **more: Any) -> Any:
    """Start a system with BTC at 99 to 101, and submit to it."""
    settings = {"runtime": "stepped", "run_id": "run"} | more
    system = system_of(Instrument("BTC/USDT", **BTC | (rules or {})), **settings).start()
    if priced:
        system.publish(quote())
    for order in orders:
        system.submit(order)
    return system


class Venue(OwnVenue):
    """An exchange of one's own on the caller's thread, at which one order has arrived."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.system: TradingSystem = running(limit(quantity="10", order_id="one"), exchange=self, **settings)

    def says(self, kind: type[Any], **fields: Any) -> TradingSystem:
        """Report on the order."""
        return self.tells(kind(client_order_id="one", **fields))

    def tells(self, report: Any) -> TradingSystem:
        """Report."""
        self.report(report)
        assert self.system.quiesce(BOUND)
        return self.system


def tampered(message: Any, **fields: Any) -> Any:
    """A message that has passed no check: what a bug of ours, or memory gone bad, could make of one."""
    for name, value in fields.items():
        object.__setattr__(message, name, value)
    return message


def a_fill(*, poisonous: bool = False) -> r.VenueFilled:
    fill = Fill(execution_id="x-1", quantity="1", price="100", fee_currency="USDT")
    report = r.VenueFilled(client_order_id="one", symbol="BTC/USDT", side=Side.BUY, fill=fill)
    return tampered(report, fill=None) if poisonous else report


def stop(stop_price: str, side: Side = Side.BUY, **more: Any) -> SubmitOrder:
    return SubmitOrder("BTC/USDT", side, OrderType.STOP, "1", stop_price=stop_price, **more)


# -- refused by us


@provokes(Reason.UNKNOWN_SYMBOL, "risk", "no instrument of the system has the symbol; a venue may say it, too")
def _() -> TradingSystem:
    return running(limit(symbol="XRP/USDT"))


@provokes(Reason.UNSUPPORTED, "order manager", "a modification names a term that the order does not have")
def _() -> TradingSystem:
    system = running(stop("105", order_id="one"))
    system.modify("one", price="100")
    return system


@provokes(
    Reason.PRICE_INCREMENT,
    "risk",
    "a price, stop price, activation price or trailing amount is no multiple of the instrument's `price_increment`",
)
def _() -> TradingSystem:
    return running(limit("100.005"))


@provokes(Reason.QUANTITY_INCREMENT, "risk", "the quantity is no multiple of the instrument's `quantity_increment`")
def _() -> TradingSystem:
    return running(limit(quantity="0.0005"))


@provokes(Reason.MIN_QUANTITY, "risk", "the quantity is below the instrument's `min_quantity`")
def _() -> TradingSystem:
    return running(limit(quantity="0.002"), rules={"min_quantity": "0.005"})


@provokes(Reason.MAX_QUANTITY, "risk", "the quantity is above the instrument's `max_quantity`")
def _() -> TradingSystem:
    return running(limit(quantity="9.001"), rules={"max_quantity": "9"})


@provokes(
    Reason.MIN_NOTIONAL,
    "risk",
    "quantity * price is below the instrument's `min_notional`; without a price, at the market",
)
def _() -> TradingSystem:
    return running(limit("100", "0.049"), rules={"min_notional": "5"})


@provokes(
    Reason.MAX_NOTIONAL,
    "risk",
    "quantity * price is above the instrument's `max_notional`; without a price, at the market",
)
def _() -> TradingSystem:
    return running(market("10"), rules={"max_notional": "1000"})


@provokes(
    Reason.DISPLAY_QUANTITY,
    "risk",
    "the display quantity is above the quantity, or no multiple of the instrument's `quantity_increment`",
)
def _() -> TradingSystem:
    return running(limit(quantity="5", display_quantity="6"))


@provokes(Reason.EXPIRE_TIME, "risk", "the time of a GTD order is over")
def _() -> TradingSystem:
    return running(limit(time_in_force=TimeInForce.GTD, expire_time_ns=START_NS))


@provokes(Reason.UNSUPPORTED_COMBINATION, "risk", "two terms that do not go together: the table below has all")
def _() -> TradingSystem:
    return running(market(post_only=True))


@provokes(
    Reason.REDUCE_ONLY,
    "risk",
    "there is no position that a reduce-only order could reduce; said by the venue, when it has come to that there",
)
def _() -> TradingSystem:
    return running(limit("101", reduce_only=True))


@provokes(Reason.PRICE_BAND, "risk", "a price or stop price is farther from the market than the `price_band` allows")
def _() -> TradingSystem:
    return running(limit("111"), rules={"price_band": "0.1"})


@provokes(Reason.NO_REFERENCE_PRICE, "risk", "a check needs a market price, and none has been published")
def _() -> TradingSystem:
    return running(market(), priced=False, cash={"USDT": "1000"})


@provokes(Reason.MAX_ORDER_QUANTITY, "risk", "the quantity is above `RiskLimits.max_order_quantity`")
def _() -> TradingSystem:
    return running(limit(quantity="2"), risk=RiskLimits(max_order_quantity="1.5"))


@provokes(Reason.MAX_ORDER_NOTIONAL, "risk", "quantity * price is above `RiskLimits.max_order_notional`")
def _() -> TradingSystem:
    return running(limit("100", "2"), risk=RiskLimits(max_order_notional="150"))


@provokes(
    Reason.INSUFFICIENT_FUNDS, "risk", "a buy, fee included, costs more than is free in the account that `cash` opened"
)
def _() -> TradingSystem:
    return running(limit("90", "6"), limit("90", "6"), cash={"USDT": "1000"})


def _after_a_fall(**limits: str) -> TradingSystem:
    system = running(market(), risk=RiskLimits(**limits))  # type: ignore[arg-type]  # each takes a str
    system.publish(quote("89", "91"))
    system.submit(limit("80"))
    return system


@provokes(
    Reason.MAX_DAILY_LOSS,
    "risk",
    "more than `RiskLimits.max_daily_loss` has been lost since midnight UTC; only what closes may leave",
)
def _() -> TradingSystem:
    return _after_a_fall(max_daily_loss="10")


@provokes(
    Reason.MAX_DRAWDOWN,
    "risk",
    "the profit is more than `RiskLimits.max_drawdown` below its highest; only what closes may leave",
)
def _() -> TradingSystem:
    return _after_a_fall(max_drawdown="10")


@provokes(
    Reason.MAX_CONSECUTIVE_LOSSES,
    "risk",
    "as many round trips in a row as `RiskLimits.max_consecutive_losses` were lost; only what closes may leave",
)
def _() -> TradingSystem:
    risk = RiskLimits(max_consecutive_losses=1)
    return running(market(), market(side=Side.SELL), market(), risk=risk)


@provokes(
    Reason.MAX_REJECT_RATE,
    "risk",
    "of the last `RiskLimits.reject_window` orders more than `max_reject_rate` were refused; closing is let pass",
)
def _() -> TradingSystem:
    risk = RiskLimits(max_order_quantity="1", max_reject_rate="0.5", reject_window=2)
    return running(limit(quantity="2"), limit(quantity="2"), limit(), risk=risk)


@provokes(Reason.HALTED, "risk", "trading is halted")
def _() -> TradingSystem:
    system = running()
    system.halt("lunch")
    system.submit(limit())
    return system


@provokes(Reason.REDUCING, "risk", "trading only reduces, and the order could open a position or flip one")
def _() -> TradingSystem:
    system = running()
    system.reduce("enough")
    system.submit(limit())
    return system


@provokes(Reason.TRIPPED, "order manager", "a trip has cancelled it: what could open, or everything")
def _() -> TradingSystem:
    system = running(limit("90"))
    system.kill("enough")
    return system


@provokes(
    Reason.SYMBOL_STOPPED,
    "risk",
    "a report on this symbol could not be handled, so it takes no new orders until trading is resumed",
)
def _() -> TradingSystem:
    venue = Venue()
    venue.tells(a_fill(poisonous=True))
    venue.system.submit(limit())
    return venue.system


@provokes(
    Reason.DISCONNECTED,
    "risk",
    "the venue is disconnected: a new order or a modification is refused, one in flight is in doubt",
)
def _() -> TradingSystem:
    venue = Venue()
    venue.tells(r.VenueDisconnected(reason="the line is dead"))
    venue.system.submit(limit())
    return venue.system


@provokes(
    Reason.VENUE_BUSY,
    "order manager",
    "as many orders as `max_unanswered` allows have no answer from the venue, or are in doubt",
)
def _() -> TradingSystem:
    venue = Venue(max_unanswered=1)
    venue.system.submit(limit())
    return venue.system


@provokes(Reason.DUPLICATE_ID, "order manager", "the order id is taken by an order with other terms")
def _() -> TradingSystem:
    return running(limit(order_id="one"), limit(quantity="2", order_id="one"))


@provokes(Reason.UNKNOWN_ORDER, "order manager", "a cancel or a modification names an order that is not known")
def _() -> TradingSystem:
    system = running()
    system.cancel("nobodys")
    return system


@provokes(Reason.ORDER_CLOSED, "order manager", "a cancel or a modification names an order that is closed")
def _() -> TradingSystem:
    system = running(market(order_id="one"))
    system.cancel("one")
    return system


@provokes(Reason.CANCEL_PENDING, "order manager", "a cancel is on its way already")
def _() -> TradingSystem:
    venue = Venue()
    venue.system.cancel("one")
    venue.system.cancel("one")
    return venue.system


@provokes(Reason.MODIFY_PENDING, "order manager", "a modification is on its way already")
def _() -> TradingSystem:
    venue = Venue()
    venue.system.modify("one", price="98")
    venue.system.modify("one", price="97")
    return venue.system


@provokes(Reason.NOTHING_TO_MODIFY, "order manager", "the order has these terms already")
def _() -> TradingSystem:
    system = running(limit("90", order_id="one"))
    system.modify("one", price="90.00")
    return system


@provokes(
    Reason.INTERNAL_ERROR,
    "risk",
    "a command could not be handled and was set aside; the problem is in `troubles()`",
)
def _() -> TradingSystem:
    return running(tampered(limit(), quantity=None))


# -- said by the venue


@provokes(Reason.NO_MARKET, "simulated venue", "a market order, or a stop that is triggered, finds no price to fill at")
def _() -> TradingSystem:
    return running(market(), priced=False)


@provokes(Reason.STOP_PRICE, "simulated venue", "the market has reached the stop price before the order came in")
def _() -> TradingSystem:
    return running(stop("100"))


@provokes(Reason.POST_ONLY, "simulated venue", "a post-only order would take")
def _() -> TradingSystem:
    return running(limit("101", post_only=True))


@provokes(Reason.FILL_OR_KILL, "simulated venue", "a fill-or-kill order cannot fill all at once")
def _() -> TradingSystem:
    system = running()
    system.publish(quote(ask_size="3"))
    system.submit(limit("101", "5", time_in_force=TimeInForce.FOK))
    return system


@provokes(Reason.SELF_TRADE, "simulated venue", "the order would have traded with another of the same account")
def _() -> TradingSystem:
    return running(limit("100"), limit("100", side=Side.SELL))


@provokes(Reason.TOO_LATE, "any venue", "a cancel or a modification came to the venue when the order was closed there")
def _() -> TradingSystem:
    venue = Venue()
    venue.says(r.VenueAccepted)
    venue.system.cancel("one")
    return venue.says(r.VenueCancelRejected, request_id=venue.requests.items[-1].request_id, text="the order is filled")


@provokes(
    Reason.NOT_AT_VENUE,
    "any venue",
    "the venue does not know the order",
)
def _() -> TradingSystem:
    venue = Venue()
    venue.system.cancel("one")
    rejected = {"request_id": venue.requests.items[-1].request_id, "reason": Reason.NOT_AT_VENUE}
    return venue.says(r.VenueCancelRejected, text="unknown order", **rejected)


@provokes(Reason.VENUE, "any venue", "the venue's own reason; its words are the text")
def _() -> TradingSystem:
    return Venue().says(r.VenueRejected, text="the account is frozen")


# -- why an order closed, or is in doubt


@provokes(Reason.REQUESTED, "any venue", "we asked for it; said by us, before the order was sent")
def _() -> TradingSystem:
    system = running(limit("90", order_id="one"))
    system.cancel("one")
    return system


@provokes(
    Reason.REMAINDER, "simulated venue", "what a MARKET order, or another that is to fill at once, could not fill"
)
def _() -> TradingSystem:
    system = running()
    system.publish(quote(ask_size="3"))
    system.submit(market("5"))
    return system


@provokes(Reason.TIME_IN_FORCE, "simulated venue", "the time of a GTD or DAY order is over")
def _() -> TradingSystem:
    until = START_NS + 1_000_000_000
    system = running(limit("90", time_in_force=TimeInForce.GTD, expire_time_ns=until, order_id="one"))
    system.wait("one", OrderState.EXPIRED, 5)
    return system


@provokes(Reason.CONTINGENT, "simulated venue", "another order of its group was executed or has ended")
def _() -> TradingSystem:
    system = running()
    system.oco(limit("90"), limit("101"))
    return system


@provokes(
    Reason.REPLACED,
    "order manager",
    "where the venue has no amend, the order was cancelled to be placed anew, and the new one was refused",
)
def _() -> TradingSystem:
    venue = SimulatedExchange(amends=False)
    system = running(limit("90", post_only=True, order_id="one"), exchange=venue)
    system.modify("one", price="101")
    return system


@provokes(Reason.NO_ANSWER, "order manager", "the venue has not answered in time, or never; the order is in doubt")
def _() -> TradingSystem:
    venue = Venue(answer_within="0.5")
    try:
        venue.system.wait("one", OrderState.OPEN, 2)
    except TimeoutError:
        return venue.system
    raise AssertionError


@provokes(
    Reason.CONTRADICTION,
    "order manager",
    "a report contradicts what is known, such as live against closed; the order is in doubt",
)
def _() -> TradingSystem:
    venue = Venue()
    venue.tells(a_fill())
    return venue.says(r.VenueRejected, text="we do not take this order")


@provokes(Reason.REPORT_SET_ASIDE, "order manager", "a report on the order could not be handled; the order is in doubt")
def _() -> TradingSystem:
    return Venue().tells(a_fill(poisonous=True))


# -- limits on prices, times and numbers


@provokes(
    Reason.PRICE_COLLAR,
    "risk",
    "a price is farther from the mark, or from the last trade, than `RiskLimits.price_collar` allows",
)
def _() -> TradingSystem:
    return running(limit("106"), risk=RiskLimits(price_collar="0.05"))


@provokes(
    Reason.STALE_DATA,
    "risk",
    "the symbol's latest market data is older than `RiskLimits.max_data_age` seconds; only what closes may leave",
)
def _() -> TradingSystem:
    system = running(risk=RiskLimits(max_data_age="5"), priced=False)
    system.publish(quote(time_ns=START_NS - 6 * SECOND))
    system.submit(limit())
    return system


@provokes(
    Reason.OUTSIDE_HOURS,
    "risk",
    "the market is closed by the instrument's `trading_hours`, and `RiskLimits.only_in_trading_hours` is set",
)
def _() -> TradingSystem:
    now = datetime.fromtimestamp(START_NS // SECOND, UTC)
    opens, closes = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (2, 3))
    rules = {"trading_hours": TradingHours(open=opens, close=closes, days=range(7))}
    return running(limit(), risk=RiskLimits(only_in_trading_hours=True), rules=rules)


@provokes(
    Reason.INSUFFICIENT_MARGIN,
    "risk",
    "if all working orders filled, the positions would be worth more than the margin of a `MarginAccount` carries",
)
def _() -> TradingSystem:
    account = MarginAccount(leverage="2", maintenance_margin="0.1")
    return running(limit("90", "30"), cash={"USDT": "1000"}, account=account)


@provokes(
    Reason.NO_ACCOUNT,
    "risk",
    "a limit goes by the equity, and no cash was given; or by the account's currency, and there is none",
)
def _() -> TradingSystem:
    return running(limit("90"), risk=RiskLimits(max_leverage="2"))


@provokes(
    Reason.MAX_LEVERAGE,
    "risk",
    "if all working orders filled, the positions would be worth more than `RiskLimits.max_leverage` times the equity",
)
def _() -> TradingSystem:
    return running(limit("90", "9"), cash={"USDT": "1000"}, risk=RiskLimits(max_leverage="0.8"))


@provokes(
    Reason.MAX_CONCENTRATION,
    "risk",
    "if all working orders filled, the position in the instrument would be worth more of the equity than"
    " `RiskLimits.max_concentration`",
)
def _() -> TradingSystem:
    return running(limit("90", "9"), cash={"USDT": "1000"}, risk=RiskLimits(max_concentration="0.8"))


@provokes(
    Reason.MAX_LONG,
    "risk",
    "if all working orders filled in the worst order, more would be long than `RiskLimits.max_long`",
)
def _() -> TradingSystem:
    return running(limit("90"), limit("91"), risk=RiskLimits(max_long="1"))


@provokes(
    Reason.MAX_SHORT,
    "risk",
    "if all working orders filled in the worst order, more would be short than `RiskLimits.max_short`",
)
def _() -> TradingSystem:
    return running(limit("190", side=Side.SELL), limit("191", side=Side.SELL), risk=RiskLimits(max_short="1"))


@provokes(
    Reason.MAX_GROSS,
    "risk",
    "if all working orders filled in the worst order, long and short together would be more than"
    " `RiskLimits.max_gross`",
)
def _() -> TradingSystem:
    return running(limit("90"), limit("91"), risk=RiskLimits(max_gross="1"))


@provokes(
    Reason.MAX_EXPOSURE,
    "risk",
    "if all working orders filled, all positions at their marks would be worth more than `RiskLimits.max_exposure`",
)
def _() -> TradingSystem:
    return running(limit("90"), limit("91"), risk=RiskLimits(max_exposure="150"))


@provokes(
    Reason.MAX_OPEN_ORDERS,
    "risk",
    "with the order more would be open than `RiskLimits.max_open_orders`; each order of a group is",
)
def _() -> TradingSystem:
    return running(limit("90"), limit("91"), risk=RiskLimits(max_open_orders=1))


@provokes(Reason.ORDER_RATE, "risk", "more orders than `RiskLimits.max_orders_per_second`")
def _() -> TradingSystem:
    return running(limit("90"), limit("91"), risk=RiskLimits(max_orders_per_second=1))


@provokes(Reason.MODIFY_RATE, "risk", "more modifications than `RiskLimits.max_modifies_per_second`")
def _() -> TradingSystem:
    system = running(limit("90", order_id="one"), risk=RiskLimits(max_modifies_per_second=1))
    system.modify("one", price="91")
    system.modify("one", price="92")
    return system


@provokes(Reason.CANCEL_RATE, "risk", "more cancels than `RiskLimits.max_cancels_per_second`")
def _() -> TradingSystem:
    orders = limit("90", order_id="one"), limit("91", order_id="two")
    system = running(*orders, risk=RiskLimits(max_cancels_per_second=1))
    system.cancel("one")
    system.cancel("two")
    return system


@provokes(
    Reason.REQUEST_RATE,
    "risk",
    "more requests than `RiskLimits.max_requests_per_second`, of which `cancel_reserve` are for cancels alone",
)
def _() -> TradingSystem:
    return running(limit("90"), limit("91"), risk=RiskLimits(max_requests_per_second=2, cancel_reserve=1))


@provokes(
    Reason.DUPLICATE_ORDER,
    "risk",
    "an order with the same terms was approved less than `RiskLimits.duplicate_within` seconds ago",
)
def _() -> TradingSystem:
    return running(limit("90"), limit("90"), risk=RiskLimits(duplicate_within="1"))


@provokes(
    Reason.SELF_CROSSING,
    "risk",
    "the order could trade with another that works, and `RiskLimits.refuse_self_crossing` is set",
)
def _() -> TradingSystem:
    return running(limit("100"), limit("100", side=Side.SELL), risk=RiskLimits(refuse_self_crossing=True))


# -- the journal


def full() -> tuple[TradingSystem, MemoryStore]:
    """A system whose journal has just become full, with one order at work and one that waits to be written down."""
    store = MemoryStore()
    system = running(limit("90", order_id="one"), journal=store)
    store.most = len(store.rows)
    system.submit(limit("91", order_id="two"))
    return system, store


def emptied(system: TradingSystem, store: MemoryStore) -> TradingSystem:
    store.most = None
    let_pass(system, 2)
    return system


@provokes(
    Reason.UNRECORDED,
    "order manager",
    "the journal takes nothing, since its disk is full or has failed: what cannot be recorded does not leave",
)
def _() -> TradingSystem:
    system, store = full()
    system.modify("one", quantity="2")
    return emptied(system, store)


@provokes(
    Reason.RECONCILING,
    "order manager",
    "after a new start, or with a link that is up again, the venue has not said yet what has happened meanwhile",
)
def _() -> TradingSystem:
    store = MemoryStore()
    running(limit("90", order_id="one"), journal=store, exchange=OwnVenue()).stop()
    return running(limit("91"), journal=store, exchange=OwnVenue())


@provokes(
    Reason.WITHHELD,
    "order manager",
    "the order has not left: while it waited to be recorded trading was halted or only reduced, "
    "or too much time passed",
)
def _() -> TradingSystem:
    system, store = full()
    system.halt("enough")
    return emptied(system, store)
