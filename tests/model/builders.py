"""What the model's tests build from: one valid instance of everything, and orders brought into a state by events."""

from __future__ import annotations

from typing import get_args

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.commands import SubmitOrder
from orderpit.model.gate import Hold
from orderpit.model.kinds import Action, OrderState, OrderType, Reason, Side, TimeInForce, TradingState, Trip
from orderpit.model.lifecycle import apply
from orderpit.model.limits import RiskLimits
from orderpit.model.numbers import exact
from orderpit.model.order import Order

S = OrderState
NOW = 1_700_000_000_000_000_000
ORDER_EVENTS = get_args(e.OrderEvent)
ACCOUNT_EVENTS = get_args(e.AccountEvent)
VENUE_REPORTS = get_args(r.VenueReport)
VENUE_REQUESTS = get_args(r.VenueOrderRequest)


def number(text):
    return exact("number", text)


def terms(**changes) -> SubmitOrder:
    fields = {
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "quantity": "10",
        "price": "100",
        "order_id": "o-1",
        "time_ns": NOW,
        "source": "strategy",
    }
    return SubmitOrder(**fields | changes)


def halt(reason: str) -> Hold:
    return Hold(Action.HALT, Trip.FAILURE, reason)


def stop_terms(**changes) -> SubmitOrder:
    return terms(**{"order_type": OrderType.STOP_LIMIT, "stop_price": "99"} | changes)


def fill(execution_id="x-1", quantity="4", price="100", **changes) -> r.Fill:
    return r.Fill(
        **{"execution_id": execution_id, "quantity": quantity, "price": price, "fee": "1", "fee_currency": "USDT"}
        | changes
    )


_EVENT_FIELDS = {
    e.OrderCreated: {"strategy_id": "strategy", "terms": terms()},
    e.OrderDenied: {"reason": Reason.UNKNOWN_SYMBOL, "text": "symbol: is not traded"},
    e.OrderSubmitted: {"client_order_id": "o-1"},
    e.OrderOpened: {"exchange_order_id": "v-1"},
    e.OrderRejected: {"reason": Reason.VENUE, "text": ""},
    e.OrderTriggered: {},
    e.OrderFilled: {"fill": fill("x-9", "2")},
    e.FillBusted: {"fill": fill()},
    e.FillCorrected: {"replaced": fill(), "fill": fill(quantity="3")},
    e.CancelRequested: {"request_id": "c-1"},
    e.CancelRejected: {"request_id": "c-1", "reason": Reason.TOO_LATE, "text": ""},
    e.ModifyRequested: {"request_id": "m-1", "price": number("101"), "quantity": number("8")},
    e.OrderReplaced: {
        "request_id": "m-1",
        "client_order_id": "o-1/2",
        "quantity": number("4"),
        "filled_quantity": number("4"),
    },
    e.ModifyRejected: {"request_id": "m-1", "reason": Reason.TOO_LATE, "text": ""},
    e.OrderModified: {"request_id": "m-1", "price": number("101"), "quantity": number("8")},
    e.OrderCancelled: {"reason": Reason.REQUESTED, "text": ""},
    e.OrderExpired: {"reason": Reason.VENUE},
    e.OrderInDoubt: {"reason": Reason.NO_ANSWER, "text": ""},
    e.OrderResolved: {},
    e.CommandRefused: {
        "strategy_id": "strategy",
        "command": "CancelOrder",
        "reason": Reason.UNKNOWN_ORDER,
        "text": "",
    },
    e.CashMoved: {"transfer_id": "t-1", "currency": "USDT", "amount": number("5"), "text": ""},
    e.LimitsChanged: {"limits": RiskLimits(max_long="1")},
    e.TradingStateChanged: {
        "strategy_id": "",
        "before": TradingState.ACTIVE,
        "state": TradingState.HALTED,
        "trip": Trip.PERSON,
        "action": Action.HALT,
        "text": "",
    },
}


def event(kind, **changes):
    about = {} if kind in ACCOUNT_EVENTS else {"order_id": "o-1"}
    return kind(**{"time_ns": NOW, "source": "test"} | about | _EVENT_FIELDS[kind] | changes)


_TRADED = {"symbol": "BTC/USDT", "side": Side.BUY}
_REPORT_FIELDS = {
    r.VenueAccepted: {"exchange_order_id": "v-1"},
    r.VenueRejected: {},
    r.VenueTriggered: {},
    r.VenueFilled: _TRADED | {"fill": fill("x-9", "2")},
    r.VenueModified: {"request_id": "m-1", "price": "101", "quantity": "8"},
    r.VenueCancelled: {},
    r.VenueExpired: {},
    r.VenueCancelRejected: {"request_id": "c-1"},
    r.VenueModifyRejected: {"request_id": "m-1"},
    r.VenueFillBusted: {"symbol": "BTC/USDT", "execution_id": "x-1"},
    r.VenueFillCorrected: {"symbol": "BTC/USDT", "fill": fill(quantity="3")},
    r.VenueStatus: {"state": S.OPEN},
}


def report(kind, **changes):
    return kind(**{"client_order_id": "o-1", "time_ns": NOW} | _REPORT_FIELDS[kind] | changes)


_REQUEST_FIELDS = {
    r.VenueSubmit: {
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "quantity": number("10"),
        "price": number("100"),
        "stop_price": None,
        "time_in_force": TimeInForce.GTC,
    },
    r.VenueModify: {"request_id": "m-1", "price": number("101"), "quantity": None},
    r.VenueCancel: {"request_id": "c-1"},
    r.VenueQuery: {"request_id": "r-1"},
}


def request(kind):
    return kind(
        **{"client_order_id": "o-1", "symbol": "BTC/USDT", "time_ns": NOW, "source": "test"} | _REQUEST_FIELDS[kind]
    )


ORDER_LISTED = r.VenueOrderListed(
    client_order_id="o-1",
    request_id="l-1",
    symbol="BTC/USDT",
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    quantity="10",
    price="100",
    time_ns=NOW,
)
LISTED = r.VenueListed(
    request_id="l-1",
    orders=1,
    complete=True,
    balances=[r.VenueBalance(currency="USDT", amount="-1")],
    positions=[r.VenuePosition(symbol="BTC/USDT", quantity="-1")],
    time_ns=NOW,
)
LISTING = (
    r.VenueList(request_id="l-1", time_ns=NOW, source="test"),
    ORDER_LISTED,
    LISTED,
    *LISTED.balances,
    *LISTED.positions,
)


_OPENED = ((e.OrderSubmitted, {}), (e.OrderOpened, {}))
_PARTLY = (*_OPENED, (e.OrderFilled, {"fill": fill()}))
_PATHS = {
    S.PENDING: (),
    S.SUBMITTED: _OPENED[:1],
    S.OPEN: _OPENED,
    S.PARTIALLY_FILLED: _PARTLY,
    S.FILLED: (*_OPENED, (e.OrderFilled, {"fill": fill(quantity="10")})),
    # Cancelled with a part filled; rejected and expired with nothing filled.
    S.CANCELLED: (*_PARTLY, (e.OrderCancelled, {})),
    S.REJECTED: (*_OPENED[:1], (e.OrderRejected, {})),
    S.EXPIRED: (*_OPENED, (e.OrderExpired, {})),
}


def folded(order, *events) -> Order:
    for item in events:
        order = apply(order, item)
    return order


def order_in(state: OrderState, *more, of: SubmitOrder | None = None) -> Order:
    """Return an order of 10 at 100 that was brought into a state by its events, and then took some more."""
    begin = event(e.OrderCreated, terms=of or terms())
    return folded(None, begin, *(event(kind, **changes) for kind, changes in _PATHS[state]), *more)
