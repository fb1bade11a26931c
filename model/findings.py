"""What judging a venue's report may find, and what several of its cases have in common."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from . import events as e
from . import reports as r
from .alarm import Alarm, AlarmCode
from .kinds import OrderState, Reason
from .numbers import plain
from .order import Order

NEVER_OPENED: Final = frozenset({OrderState.PENDING, OrderState.SUBMITTED})
"""States in which the venue's acknowledgement has not come."""
Found = Iterator[e.OrderEvent | Alarm]
"""Events to apply and alarms to raise, in order."""


def opened(order: Order, report: r.VenueReport, now: int) -> Found:
    """The acknowledgement that a report implies, where it has not come yet."""
    if order.state in NEVER_OPENED:
        venue_id = None
        if isinstance(report, r.VenueAccepted | r.VenueFilled | r.VenueModified):
            venue_id = report.exchange_order_id
        yield e.OrderOpened(time_ns=now, source=report.source, order_id=order.order_id, exchange_order_id=venue_id)


def alarm_about(order: Order, report: r.VenueReport, now: int, code: AlarmCode) -> Alarm:
    """An alarm that names the report and the state that it met."""
    return Alarm(now, code, order.order_id, f"{type(report).__name__} for an order that is {order.state.value}")


def as_instructed(order: Order, price: Decimal | None, quantity: Decimal | None) -> bool:
    """Whether it is by its own instructions that the venue has an order with this other price or quantity.

    A post-only one may have slid away from the market, and a reduce-only one, or one of a group, been shortened.
    """
    if price is not None:
        sent = order.price
        if not order.post_only or sent is None or (price > sent if order.is_buy else price < sent):
            return False
    tied = order.link is not None and order.link.beside is not None
    return quantity is None or ((order.reduce_only or tied) and quantity < order.quantity)


def why_on_arrival(order: Order, price: Decimal | None, quantity: Decimal | None) -> Reason:
    """Why the venue has another price or quantity than was sent: an acknowledgement itself does not say."""
    if (price is None and quantity is None) or not as_instructed(order, price, quantity):
        return Reason.REQUESTED
    if price is not None:
        return Reason.POST_ONLY
    return Reason.REDUCE_ONLY if order.reduce_only else Reason.CONTINGENT


def standing_under(order: Order, execution_id: str) -> r.Fill | None:
    """Return what is booked to an order under an execution id, as it was corrected; None where nothing stands."""
    return next((fill for fill in order.fills if fill.execution_id == execution_id), None)


def come_again(order: Order, fill: r.Fill, now: int, booked: r.Fill) -> Found:
    """An alarm about an execution that comes again, unless it is as it first was, or as it was corrected to."""
    if fill not in {booked, standing_under(order, fill.execution_id)}:
        text = f"execution {fill.execution_id} came again with other content; the first is kept"
        yield Alarm(now, AlarmCode.EXECUTION_CONFLICT, order.order_id, text)


def contradiction(order: Order, report: r.VenueReport, now: int) -> Found:
    """An alarm, and a doubt unless there is one: the venue and we cannot both be right."""
    yield alarm_about(order, report, now, AlarmCode.CONTRADICTION)
    if not order.in_doubt:
        yield _doubt(order, report, now)


def missing(order: Order, report: r.VenueReport, now: int, filled: Decimal) -> Found:
    """An alarm, and a doubt until every execution is booked: a sum without them would lose prices and fees."""
    said, booked = plain(filled), plain(order.filled_quantity)
    text = f"the venue says that {said} has filled, and {booked} is booked"
    yield Alarm(now, AlarmCode.CONTRADICTION, order.order_id, text)
    if order.venue_filled_quantity != filled:
        yield e.OrderInDoubt(
            time_ns=now,
            source=report.source,
            order_id=order.order_id,
            reason=Reason.CONTRADICTION,
            text=text,
            filled_quantity=filled,
        )


def cleared(order: Order, report: r.VenueReport, now: int) -> Found:
    """The end of a doubt by a report from which nothing else follows."""
    answers = isinstance(report, r.VenueStatus)
    if (order.until_asked and not answers) or order.misses_executions:
        return
    said = None if answers else order.venue_filled_quantity
    if order.in_doubt and order.state not in NEVER_OPENED and (said is None or said <= order.filled_quantity):
        # With an event before it, decide() adds this by itself.
        yield e.OrderResolved(time_ns=now, source=report.source, order_id=order.order_id)


def _doubt(order: Order, report: r.VenueReport, now: int) -> e.OrderInDoubt:
    text = f"{type(report).__name__} contradicts {order.state.value}"
    return e.OrderInDoubt(
        time_ns=now, source=report.source, order_id=order.order_id, reason=Reason.CONTRADICTION, text=text
    )
