"""What passes between the order manager and a venue: requests go down, reports come up.

An exchange of one's own speaks in these types. Reports are checked when they are built, since they come from outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, TypeAlias, get_args

import attrs

from . import report_fields as f
from .errors import InvalidReport
from .instructions import NO_INSTRUCTIONS, Instructions
from .kinds import Contingency, Liquidity, OrderState, OrderType, Reason, Side, TimeInForce
from .numbers import ZERO


@attrs.frozen(kw_only=True)
class VenueSubmit:
    """Place this order.

    account is whose it is (FIX tag 1): that of the strategy. closes says that, where positions are hedged, it closes
    the position of the other side, and opens one of its own with what is left only (FIX tag 77, PositionEffect).
    link_id is that of its group (FIX tag 583, ClOrdLinkID), contingency what an execution of it does to the others
    there that have one (FIX tag 1385): OCO or OUO, else None.
    """

    client_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    time_in_force: TimeInForce
    expire_time_ns: int | None = None
    instructions: Instructions = NO_INSTRUCTIONS
    account: str = ""
    closes: bool = False
    link_id: str | None = None
    contingency: Contingency | None = None
    time_ns: int
    source: str


@attrs.frozen(kw_only=True)
class VenueModify:
    """Amend the order: the named terms change; quantity counts what has filled."""

    client_order_id: str
    request_id: str
    symbol: str
    price: Decimal | None
    quantity: Decimal | None
    stop_price: Decimal | None = None
    expire_time_ns: int | None = None
    time_ns: int
    source: str


@attrs.frozen(kw_only=True)
class VenueCancel:
    """Cancel the order."""

    client_order_id: str
    request_id: str
    symbol: str
    time_ns: int
    source: str


@attrs.frozen(kw_only=True)
class VenueQuery:
    """Report what became of the order: our side does not know it.

    The answer is a VenueFilled for each execution (those reported before are known by their ids), what has busted or
    corrected one of them, and then a VenueStatus with the query's request_id (FIX tag 790, OrdStatusReqID).
    """

    client_order_id: str
    request_id: str
    symbol: str
    time_ns: int
    source: str


@attrs.frozen(kw_only=True)
class VenueList:
    """Report every order that is open, or has changed since since_ns, in the venue's time; 0 asks for all.

    The answer is, for each of these orders: its terms in VenueOrderListed, a VenueFilled for each of its executions,
    what has busted or corrected one of them, and a VenueStatus with the list's request_id; and at the end VenueListed
    (FIX Order Mass Status Request, 35=AF, tag 584). More orders may be told of than were asked for.
    """

    request_id: str
    since_ns: int = 0
    time_ns: int
    source: str


VenueOrderRequest: TypeAlias = VenueSubmit | VenueModify | VenueCancel | VenueQuery
"""A request about one order."""

VenueRequest: TypeAlias = VenueOrderRequest | VenueList


@attrs.frozen(kw_only=True)
class Fill:
    """One execution: quantity in units of the base, price and fee in currency, venue time as data."""

    execution_id: str = attrs.field(converter=f.execution_id)
    quantity: Decimal = attrs.field(converter=f.quantity)
    price: Decimal = attrs.field(converter=f.price)
    fee: Decimal = attrs.field(default=ZERO, converter=f.fee)
    fee_currency: str = attrs.field(converter=f.fee_currency)
    liquidity: Liquidity | None = attrs.field(default=None, converter=f.liquidity)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)


def _fill(value: Fill) -> Fill:
    if type(value) is not Fill:
        raise InvalidReport.of("fill", value, "must be a Fill")
    return value


@attrs.frozen(kw_only=True)
class VenueAccepted:
    """The order is on the venue's book (FIX ExecType New). Price and quantity where they differ from the request."""

    client_order_id: str = attrs.field(converter=f.client_order_id)
    exchange_order_id: str | None = attrs.field(default=None, converter=f.exchange_order_id)
    price: Decimal | None = attrs.field(default=None, converter=f.optional_price)
    quantity: Decimal | None = attrs.field(default=None, converter=f.optional_quantity)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueRejected:
    """The venue refused the order (FIX ExecType Rejected)."""

    client_order_id: str = attrs.field(converter=f.client_order_id)
    reason: Reason = attrs.field(default=Reason.VENUE, converter=f.reason)
    text: str = attrs.field(default="", converter=f.text)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueTriggered:
    """A stop's trigger price was reached (FIX ExecType Triggered). stop_price is where a trailing stop stood."""

    client_order_id: str = attrs.field(converter=f.client_order_id)
    stop_price: Decimal | None = attrs.field(default=None, converter=f.optional_stop_price)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueFilled:
    """An execution (FIX ExecType Trade). With symbol and side, so that a fill of an unknown order can be booked."""

    client_order_id: str = attrs.field(converter=f.client_order_id)
    symbol: str = attrs.field(converter=f.symbol)
    side: Side = attrs.field(converter=f.side)
    fill: Fill = attrs.field(converter=_fill)
    exchange_order_id: str | None = attrs.field(default=None, converter=f.exchange_order_id)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueModified:
    """An amend took effect (FIX ExecType Replaced); the terms are those in force now.

    Of what a venue changes by itself, as it does to a reduce-only order whose position has shrunk, reason says why.
    """

    client_order_id: str = attrs.field(converter=f.client_order_id)
    request_id: str = attrs.field(converter=f.request_id)
    price: Decimal | None = attrs.field(default=None, converter=f.optional_price)
    quantity: Decimal | None = attrs.field(default=None, converter=f.optional_quantity)
    stop_price: Decimal | None = attrs.field(default=None, converter=f.optional_stop_price)
    expire_time_ns: int | None = attrs.field(default=None, converter=f.optional_expire_time_ns)
    reason: Reason = attrs.field(default=Reason.REQUESTED, converter=f.reason)
    exchange_order_id: str | None = attrs.field(default=None, converter=f.exchange_order_id)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueCancelled:
    """The venue took the order off its book (FIX ExecType Canceled).

    filled_quantity is the sum of its executions, where the venue tells it (FIX tag 14, CumQty): a lost one shows.
    """

    client_order_id: str = attrs.field(converter=f.client_order_id)
    reason: Reason = attrs.field(default=Reason.VENUE, converter=f.reason)
    text: str = attrs.field(default="", converter=f.text)
    filled_quantity: Decimal | None = attrs.field(default=None, converter=f.optional_filled_quantity)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueExpired:
    """The order's time ran out, or its remainder was expired (FIX ExecType Expired).

    filled_quantity: as in VenueCancelled.
    """

    client_order_id: str = attrs.field(converter=f.client_order_id)
    reason: Reason = attrs.field(default=Reason.VENUE, converter=f.reason)
    text: str = attrs.field(default="", converter=f.text)
    filled_quantity: Decimal | None = attrs.field(default=None, converter=f.optional_filled_quantity)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueCancelRejected:
    """A cancel was refused (FIX OrderCancelReject, 35=9)."""

    client_order_id: str = attrs.field(converter=f.client_order_id)
    request_id: str = attrs.field(converter=f.request_id)
    reason: Reason = attrs.field(default=Reason.TOO_LATE, converter=f.reason)
    text: str = attrs.field(default="", converter=f.text)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueModifyRejected:
    """An amend was refused; the old terms stand (FIX OrderCancelReject, 35=9)."""

    client_order_id: str = attrs.field(converter=f.client_order_id)
    request_id: str = attrs.field(converter=f.request_id)
    reason: Reason = attrs.field(default=Reason.TOO_LATE, converter=f.reason)
    text: str = attrs.field(default="", converter=f.text)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueFillBusted:
    """An execution was declared void (FIX ExecType Trade Cancel)."""

    client_order_id: str = attrs.field(converter=f.client_order_id)
    symbol: str = attrs.field(converter=f.symbol)
    execution_id: str = attrs.field(converter=f.execution_id)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueFillCorrected:
    """An execution was corrected (FIX ExecType Trade Correct): fill replaces the one with the same execution id."""

    client_order_id: str = attrs.field(converter=f.client_order_id)
    symbol: str = attrs.field(converter=f.symbol)
    fill: Fill = attrs.field(converter=_fill)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueStatus:
    """The end of the answer to a query (FIX ExecType Order Status), after the order's executions.

    filled_quantity is the sum of the executions that stand. A state of None: the venue does not know the order.
    complete says that the venue's memory is: an order it does not know was never there or is gone for good. price and
    quantity are the terms in force, where the venue tells them; what became of a lost amend is known by them alone.
    request_id is that of the query: an answer to one that a later cancel or amend has made stale is passed over. From a
    venue that does not repeat it, None, every answer counts.
    """

    client_order_id: str = attrs.field(converter=f.client_order_id)
    request_id: str | None = attrs.field(default=None, converter=f.optional_request_id)
    state: OrderState | None = attrs.field(converter=f.state)
    filled_quantity: Decimal = attrs.field(default=ZERO, converter=f.filled_quantity)
    complete: bool = attrs.field(default=False, converter=f.complete)
    price: Decimal | None = attrs.field(default=None, converter=f.optional_price)
    quantity: Decimal | None = attrs.field(default=None, converter=f.optional_quantity)
    stop_price: Decimal | None = attrs.field(default=None, converter=f.optional_stop_price)
    expire_time_ns: int | None = attrs.field(default=None, converter=f.optional_expire_time_ns)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueDisconnected:
    """The link to the venue is down: no request is answered until VenueConnected. reason is for people."""

    reason: str = attrs.field(default="", converter=f.link_reason)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueConnected:
    """The link to the venue is up again. Without a VenueDisconnected before it, it says nothing."""

    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueOrderListed:
    """An order's terms as they are in force, in answer to a VenueList: all that is needed to adopt an order unknown.

    quantity counts what has filled. account, closes, link_id and contingency are as in VenueSubmit. triggered says
    that the stop price has been reached, created_ns when the venue took the order, in its time, where it tells.
    """

    client_order_id: str = attrs.field(converter=f.client_order_id)
    request_id: str = attrs.field(converter=f.request_id)
    exchange_order_id: str | None = attrs.field(default=None, converter=f.exchange_order_id)
    symbol: str = attrs.field(converter=f.symbol)
    side: Side = attrs.field(converter=f.side)
    order_type: OrderType = attrs.field(converter=f.order_type)
    quantity: Decimal = attrs.field(converter=f.quantity)
    price: Decimal | None = attrs.field(default=None, converter=f.optional_price)
    stop_price: Decimal | None = attrs.field(default=None, converter=f.optional_stop_price)
    time_in_force: TimeInForce = attrs.field(default=TimeInForce.GTC, converter=f.time_in_force)
    expire_time_ns: int | None = attrs.field(default=None, converter=f.optional_expire_time_ns)
    instructions: Instructions = attrs.field(default=NO_INSTRUCTIONS, converter=f.instructions)
    account: str = attrs.field(default="", converter=f.account)
    closes: bool = attrs.field(default=False, converter=f.closes)
    link_id: str | None = attrs.field(default=None, converter=f.link_id)
    contingency: Contingency | None = attrs.field(default=None, converter=f.contingency)
    triggered: bool = attrs.field(default=False, converter=f.triggered)
    created_ns: int = attrs.field(default=0, converter=f.created_ns)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


@attrs.frozen(kw_only=True)
class VenueBalance:
    """What an account holds of a currency, what is locked for orders included."""

    currency: str = attrs.field(converter=f.currency)
    amount: Decimal = attrs.field(converter=f.amount)
    account: str = attrs.field(default="", converter=f.account)


@attrs.frozen(kw_only=True)
class VenuePosition:
    """What an account holds in a symbol, in units of the base; negative for a short position.

    Where positions are hedged, opened_by says which of the two it is: the long one was opened by BUY, the short one by
    SELL.
    """

    symbol: str = attrs.field(converter=f.symbol)
    quantity: Decimal = attrs.field(converter=f.position)
    opened_by: Side | None = attrs.field(default=None, converter=f.opened_by)
    account: str = attrs.field(default="", converter=f.account)


def _balances(values: Iterable[VenueBalance] | None) -> tuple[VenueBalance, ...] | None:
    return f.optional_tuple_of("balances", values, VenueBalance)


def _positions(values: Iterable[VenuePosition] | None) -> tuple[VenuePosition, ...] | None:
    return f.optional_tuple_of("positions", values, VenuePosition)


@attrs.frozen(kw_only=True)
class VenueListed:
    """The end of the answer to a VenueList: how many orders it told of.

    complete says that these are all that were asked for; an order of ours that is not among them is asked about all the
    same. It is False from a venue that has lost some of its memory, or refuses. balances and positions are those after
    the executions told: None where the venue does not tell them, and what is not among them is zero.
    """

    request_id: str = attrs.field(converter=f.request_id)
    orders: int = attrs.field(converter=f.orders)
    complete: bool = attrs.field(default=False, converter=f.complete)
    balances: tuple[VenueBalance, ...] | None = attrs.field(default=None, converter=_balances)
    positions: tuple[VenuePosition, ...] | None = attrs.field(default=None, converter=_positions)
    text: str = attrs.field(default="", converter=f.text)
    time_ns: int = attrs.field(default=0, converter=f.time_ns)
    source: str = attrs.field(default="exchange", converter=f.source)


VenueReport: TypeAlias = (
    VenueAccepted
    | VenueRejected
    | VenueTriggered
    | VenueFilled
    | VenueModified
    | VenueCancelled
    | VenueExpired
    | VenueCancelRejected
    | VenueModifyRejected
    | VenueFillBusted
    | VenueFillCorrected
    | VenueStatus
)

VENUE_REPORTS: Final = frozenset(get_args(VenueReport))
"""The same as a set: `type(x) in VENUE_REPORTS` is many times faster than isinstance() on a union."""

VenueListing: TypeAlias = VenueOrderListed | VenueListed
"""What a venue answers to a VenueList, beside its reports on orders."""

VENUE_LISTINGS: Final = frozenset(get_args(VenueListing))
"""The same as a set."""

VenueLink: TypeAlias = VenueDisconnected | VenueConnected
"""What a venue says of the link to it, and of no order."""

VENUE_LINK: Final = frozenset(get_args(VenueLink))
"""The same as a set."""
