"""The facts of an order's life. An order's state is a fold of these and of nothing else (see lifecycle.py).

Each has the time it was accepted (nanoseconds since the epoch, UTC), the actor that it came from, and the order's id.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import attrs

from .account_events import CashMoved, LimitsChanged, TradingStateChanged
from .commands import SubmitOrder
from .judgement import NOT_JUDGED, Judgement
from .kinds import Reason
from .link import Link
from .reports import Fill

if TYPE_CHECKING:
    from .order import Order


@attrs.frozen(kw_only=True)
class OrderCreated:
    """The beginning of every order's stream, of a denied one too: all its terms, and its place in a group.

    judgement is what risk looked at; of an order of nobody's and of one that the order manager sends by itself there
    is none. unasked says that nobody has submitted it: it is the order manager's own.
    """

    time_ns: int
    source: str
    order_id: str
    strategy_id: str
    terms: SubmitOrder
    link: Link | None = None
    judgement: Judgement = NOT_JUDGED
    unasked: bool = False


@attrs.frozen(kw_only=True)
class OrderDenied:
    """Refused by us, by risk or validation; it never left."""

    time_ns: int
    source: str
    order_id: str
    reason: Reason
    text: str


@attrs.frozen(kw_only=True)
class OrderSubmitted:
    """On its way to the venue under this client order id."""

    time_ns: int
    source: str
    order_id: str
    client_order_id: str


@attrs.frozen(kw_only=True)
class OrderOpened:
    """Acknowledged by the venue, or implied by a report that presumes it."""

    time_ns: int
    source: str
    order_id: str
    exchange_order_id: str | None


@attrs.frozen(kw_only=True)
class OrderRejected:
    """Refused by the venue, or kept back before it left for there."""

    time_ns: int
    source: str
    order_id: str
    reason: Reason
    text: str


@attrs.frozen(kw_only=True)
class OrderTriggered:
    """A stop's trigger price was reached; from here on it is a market or a limit order.

    stop_price is where a trailing stop stood, None for the others, which have theirs from the beginning.
    """

    time_ns: int
    source: str
    order_id: str
    stop_price: Decimal | None = None


@attrs.frozen(kw_only=True)
class OrderFilled:
    """An execution, partial or complete.

    client_order_id is the replaced one under which it executed; None for the present one.
    """

    time_ns: int
    source: str
    order_id: str
    fill: Fill
    client_order_id: str | None = None


@attrs.frozen(kw_only=True)
class FillBusted:
    """An execution was declared void and is reversed; client_order_id as in OrderFilled."""

    time_ns: int
    source: str
    order_id: str
    fill: Fill
    client_order_id: str | None = None


@attrs.frozen(kw_only=True)
class FillCorrected:
    """An execution was corrected: replaced is reversed, fill is booked in its place.

    client_order_id as in OrderFilled.
    """

    time_ns: int
    source: str
    order_id: str
    replaced: Fill
    fill: Fill
    client_order_id: str | None = None


@attrs.frozen(kw_only=True)
class CancelRequested:
    """A cancel is on its way to the venue; asked for, or because of what happened to another order of its group."""

    time_ns: int
    source: str
    order_id: str
    request_id: str
    reason: Reason = Reason.REQUESTED


@attrs.frozen(kw_only=True)
class CancelRejected:
    """The venue refused a cancel; the order is as it was."""

    time_ns: int
    source: str
    order_id: str
    request_id: str
    reason: Reason
    text: str


@attrs.frozen(kw_only=True)
class ModifyRequested:
    """An amend is on its way to the venue; a term of None stays.

    replaces says that the venue has no amend: the order is being cancelled, and a new one will be sent in its place.
    judgement is what risk looked at; of one that nobody asked for there is none.
    """

    time_ns: int
    source: str
    order_id: str
    request_id: str
    price: Decimal | None
    quantity: Decimal | None
    stop_price: Decimal | None = None
    expire_time_ns: int | None = None
    reason: Reason = Reason.REQUESTED
    replaces: bool = False
    judgement: Judgement = NOT_JUDGED


@attrs.frozen(kw_only=True)
class OrderReplaced:
    """The venue has taken the order off its book, and a new one is on its way there with the terms that were asked for.

    client_order_id is that of the new one (FIX tag 11; the one before is tag 41, OrigClOrdID), quantity what it is for,
    filled_quantity what had filled by then, as far as the venue has said. The terms are in force with OrderModified.
    """

    time_ns: int
    source: str
    order_id: str
    request_id: str
    client_order_id: str
    quantity: Decimal
    filled_quantity: Decimal


@attrs.frozen(kw_only=True)
class ModifyRejected:
    """The venue refused an amend; the old terms stand."""

    time_ns: int
    source: str
    order_id: str
    request_id: str
    reason: Reason
    text: str


@attrs.frozen(kw_only=True)
class OrderModified:
    """New terms, or a new id at the venue, are in force; one of None stays.

    request_id is None where the venue changed them by itself; reason then says why.
    """

    time_ns: int
    source: str
    order_id: str
    request_id: str | None
    price: Decimal | None
    quantity: Decimal | None
    stop_price: Decimal | None = None
    expire_time_ns: int | None = None
    exchange_order_id: str | None = None
    reason: Reason = Reason.REQUESTED


@attrs.frozen(kw_only=True)
class OrderCancelled:
    """Taken off the book, or never sent."""

    time_ns: int
    source: str
    order_id: str
    reason: Reason
    text: str


@attrs.frozen(kw_only=True)
class OrderExpired:
    """Its time ran out at the venue, or what it did not fill at once was expired; the reason says which."""

    time_ns: int
    source: str
    order_id: str
    reason: Reason
    text: str = ""


@attrs.frozen(kw_only=True)
class OrderInDoubt:
    """The venue's answer is missing or contradicts what we know; the truth is unknown until reconciled.

    filled_quantity is what the venue says has filled where executions of it have not been reported, else None.
    until_asked says that only the venue's answer to a query ends the doubt: reports may be missing without a trace.
    """

    time_ns: int
    source: str
    order_id: str
    reason: Reason
    text: str
    filled_quantity: Decimal | None = None
    until_asked: bool = False


@attrs.frozen(kw_only=True)
class OrderResolved:
    """A definite report has ended the doubt."""

    time_ns: int
    source: str
    order_id: str


@attrs.frozen(kw_only=True)
class CommandRefused:
    """A command that concerns no new order was refused; it changes no order. order_id is the one it named.

    judgement is what risk looked at, where it was risk that refused it.
    """

    time_ns: int
    source: str
    order_id: str
    strategy_id: str
    command: str
    reason: Reason
    text: str
    judgement: Judgement = NOT_JUDGED


OrderEvent: TypeAlias = (
    OrderCreated
    | OrderDenied
    | OrderSubmitted
    | OrderOpened
    | OrderRejected
    | OrderTriggered
    | OrderFilled
    | FillBusted
    | FillCorrected
    | CancelRequested
    | CancelRejected
    | ModifyRequested
    | OrderReplaced
    | ModifyRejected
    | OrderModified
    | OrderCancelled
    | OrderExpired
    | OrderInDoubt
    | OrderResolved
)
"""Events that are applied to an order."""

Fact: TypeAlias = CashMoved | LimitsChanged | CommandRefused
"""What risk has decided by itself and the order manager records."""

AccountEvent: TypeAlias = CashMoved | LimitsChanged | TradingStateChanged
"""Events that concern no order."""

Event: TypeAlias = OrderEvent | CommandRefused | AccountEvent


@attrs.frozen
class OrderUpdate:
    """One entry of the ordered stream: a gapless sequence number, the fact, and the order as it stands after it.

    order is None for CommandRefused and for what concerns no order.
    """

    sequence: int
    event: Event
    order: Order | None
