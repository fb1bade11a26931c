"""What passes between the order manager and a venue: requests go down, reports come up.

An exchange of one's own speaks in these types. Reports are checked when they are built, since they come from outside.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeAlias, get_args

import attrs

from .errors import InvalidReport
from .kinds import Liquidity, OrderState, OrderType, Reason, Side, TimeInForce
from .numbers import DIGITS, ZERO, Number, exact, not_negative, positive, whole
from .text import free_text, identifier

# A fee is a product of price, quantity and rate, so it may carry three times the digits of each.
_FEE_DIGITS: Final = 3 * DIGITS


def _id(value: str) -> str:
    return identifier("client_order_id", value, InvalidReport)


def _execution_id(value: str) -> str:
    return identifier("execution_id", value, InvalidReport)


def _symbol(value: str) -> str:
    return identifier("symbol", value, InvalidReport)


def _optional_id(value: str | None) -> str | None:
    return None if value is None else identifier("exchange_order_id", value, InvalidReport)


def _request_id(value: str) -> str:
    return identifier("request_id", value, InvalidReport)


def _currency(value: str) -> str:
    return identifier("fee_currency", value, InvalidReport)


def _quantity(value: Number) -> Decimal:
    return positive("quantity", value, InvalidReport)


def _optional_quantity(value: Number | None) -> Decimal | None:
    return None if value is None else positive("quantity", value, InvalidReport)


def _price(value: Number) -> Decimal:
    return positive("price", value, InvalidReport)


def _optional_price(value: Number | None) -> Decimal | None:
    return None if value is None else positive("price", value, InvalidReport)


def _filled(value: Number) -> Decimal:
    return not_negative("filled_quantity", value, InvalidReport)


def _optional_filled(value: Number | None) -> Decimal | None:
    return None if value is None else _filled(value)


def _fee(value: Number) -> Decimal:
    # A rebate is negative.
    return exact("fee", value, InvalidReport, digits=_FEE_DIGITS)


def _time(value: int) -> int:
    return whole("time_ns", value, InvalidReport)


def _text(value: str) -> str:
    return free_text("text", value, InvalidReport)


def _link_reason(value: str) -> str:
    return free_text("reason", value, InvalidReport)


def _source(value: str) -> str:
    return free_text("source", value, InvalidReport)


def _side(value: Side) -> Side:
    if type(value) is not Side:
        raise InvalidReport.of("side", value, "must be a Side")
    return value


def _reason(value: Reason) -> Reason:
    if type(value) is not Reason:
        raise InvalidReport.of("reason", value, "must be a Reason")
    return value


def _liquidity(value: Liquidity | None) -> Liquidity | None:
    if value is not None and type(value) is not Liquidity:
        raise InvalidReport.of("liquidity", value, "must be a Liquidity or None")
    return value


def _state(value: OrderState | None) -> OrderState | None:
    if value is not None and type(value) is not OrderState:
        raise InvalidReport.of("state", value, "must be an OrderState or None")
    return value


def _complete(value: bool) -> bool:  # noqa: FBT001  # a converter takes one positional value
    if type(value) is not bool:
        raise InvalidReport.of("complete", value, "must be True or False")
    return value


@attrs.frozen(kw_only=True)
class VenueSubmit:
    """Place this order."""

    client_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    time_in_force: TimeInForce
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
    corrected one of them, and then a VenueStatus.
    """

    client_order_id: str
    symbol: str
    time_ns: int
    source: str


VenueRequest: TypeAlias = VenueSubmit | VenueModify | VenueCancel | VenueQuery


@attrs.frozen(kw_only=True)
class Fill:
    """One execution: quantity in units of the base, price and fee in currency, venue time as data."""

    execution_id: str = attrs.field(converter=_execution_id)
    quantity: Decimal = attrs.field(converter=_quantity)
    price: Decimal = attrs.field(converter=_price)
    fee: Decimal = attrs.field(default=ZERO, converter=_fee)
    fee_currency: str = attrs.field(converter=_currency)
    liquidity: Liquidity | None = attrs.field(default=None, converter=_liquidity)
    time_ns: int = attrs.field(default=0, converter=_time)


def _fill(value: Fill) -> Fill:
    if type(value) is not Fill:
        raise InvalidReport.of("fill", value, "must be a Fill")
    return value


@attrs.frozen(kw_only=True)
class VenueAccepted:
    """The order is on the venue's book (FIX ExecType New). Price and quantity where they differ from the request."""

    client_order_id: str = attrs.field(converter=_id)
    exchange_order_id: str | None = attrs.field(default=None, converter=_optional_id)
    price: Decimal | None = attrs.field(default=None, converter=_optional_price)
    quantity: Decimal | None = attrs.field(default=None, converter=_optional_quantity)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


@attrs.frozen(kw_only=True)
class VenueRejected:
    """The venue refused the order (FIX ExecType Rejected)."""

    client_order_id: str = attrs.field(converter=_id)
    reason: Reason = attrs.field(default=Reason.VENUE, converter=_reason)
    text: str = attrs.field(default="", converter=_text)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


@attrs.frozen(kw_only=True)
class VenueTriggered:
    """A stop's trigger price was reached (FIX ExecType Triggered)."""

    client_order_id: str = attrs.field(converter=_id)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


@attrs.frozen(kw_only=True)
class VenueFilled:
    """An execution (FIX ExecType Trade). With symbol and side, so that a fill of an unknown order can be booked."""

    client_order_id: str = attrs.field(converter=_id)
    symbol: str = attrs.field(converter=_symbol)
    side: Side = attrs.field(converter=_side)
    fill: Fill = attrs.field(converter=_fill)
    exchange_order_id: str | None = attrs.field(default=None, converter=_optional_id)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


@attrs.frozen(kw_only=True)
class VenueModified:
    """An amend took effect (FIX ExecType Replaced); the terms are those in force now."""

    client_order_id: str = attrs.field(converter=_id)
    request_id: str = attrs.field(converter=_request_id)
    price: Decimal | None = attrs.field(default=None, converter=_optional_price)
    quantity: Decimal | None = attrs.field(default=None, converter=_optional_quantity)
    exchange_order_id: str | None = attrs.field(default=None, converter=_optional_id)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


@attrs.frozen(kw_only=True)
class VenueCancelled:
    """The venue took the order off its book (FIX ExecType Canceled).

    filled_quantity is the sum of its executions where the venue tells it (FIX tag 14, CumQty), so that a lost one shows.
    """

    client_order_id: str = attrs.field(converter=_id)
    reason: Reason = attrs.field(default=Reason.VENUE, converter=_reason)
    text: str = attrs.field(default="", converter=_text)
    filled_quantity: Decimal | None = attrs.field(default=None, converter=_optional_filled)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


@attrs.frozen(kw_only=True)
class VenueExpired:
    """The order's time ran out, or its remainder was expired (FIX ExecType Expired).

    filled_quantity: as in VenueCancelled.
    """

    client_order_id: str = attrs.field(converter=_id)
    reason: Reason = attrs.field(default=Reason.VENUE, converter=_reason)
    filled_quantity: Decimal | None = attrs.field(default=None, converter=_optional_filled)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


@attrs.frozen(kw_only=True)
class VenueCancelRejected:
    """A cancel was refused (FIX OrderCancelReject, 35=9)."""

    client_order_id: str = attrs.field(converter=_id)
    request_id: str = attrs.field(converter=_request_id)
    reason: Reason = attrs.field(default=Reason.TOO_LATE, converter=_reason)
    text: str = attrs.field(default="", converter=_text)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


@attrs.frozen(kw_only=True)
class VenueModifyRejected:
    """An amend was refused; the old terms stand (FIX OrderCancelReject, 35=9)."""

    client_order_id: str = attrs.field(converter=_id)
    request_id: str = attrs.field(converter=_request_id)
    reason: Reason = attrs.field(default=Reason.TOO_LATE, converter=_reason)
    text: str = attrs.field(default="", converter=_text)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


@attrs.frozen(kw_only=True)
class VenueFillBusted:
    """An execution was declared void (FIX ExecType Trade Cancel)."""

    client_order_id: str = attrs.field(converter=_id)
    symbol: str = attrs.field(converter=_symbol)
    execution_id: str = attrs.field(converter=_execution_id)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


@attrs.frozen(kw_only=True)
class VenueFillCorrected:
    """An execution was corrected (FIX ExecType Trade Correct): fill replaces the one with the same execution id."""

    client_order_id: str = attrs.field(converter=_id)
    symbol: str = attrs.field(converter=_symbol)
    fill: Fill = attrs.field(converter=_fill)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


@attrs.frozen(kw_only=True)
class VenueStatus:
    """The end of the answer to a query (FIX ExecType Order Status), after the order's executions.

    filled_quantity is the sum of the executions that stand. A state of None: the venue does not know the order.
    complete says that the venue's memory is: an order it does not know was never there or is gone for good. price and
    quantity are the terms in force, where the venue tells them; what became of a lost amend is known by them alone.
    """

    client_order_id: str = attrs.field(converter=_id)
    state: OrderState | None = attrs.field(converter=_state)
    filled_quantity: Decimal = attrs.field(default=ZERO, converter=_filled)
    complete: bool = attrs.field(default=False, converter=_complete)
    price: Decimal | None = attrs.field(default=None, converter=_optional_price)
    quantity: Decimal | None = attrs.field(default=None, converter=_optional_quantity)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


@attrs.frozen(kw_only=True)
class VenueDisconnected:
    """The link to the venue is down: no request is answered until VenueConnected. reason is for people."""

    reason: str = attrs.field(default="", converter=_link_reason)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


@attrs.frozen(kw_only=True)
class VenueConnected:
    """The link to the venue is up again. Without a VenueDisconnected before it, it says nothing."""

    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="exchange", converter=_source)


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

VenueLink: TypeAlias = VenueDisconnected | VenueConnected
"""What a venue says of the link to it, and of no order."""

VENUE_LINK: Final = frozenset(get_args(VenueLink))
"""The same as a set."""
