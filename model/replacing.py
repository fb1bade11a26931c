"""What a venue's report means for an order that is, or was, replaced: on a venue that has no amend.

There a modification is a cancel of the order and, once the venue has confirmed it and said how much had filled by then,
a new order under another client order id for what is left of the new quantity (FIX tags 11 and 41, ClOrdID and
OrigClOrdID; Binance Spot POST /api/v3/order/cancelReplace). So:

* Between the two nothing of the order works at the venue. It is OPEN or PARTIALLY_FILLED here all the same, with the
  modification pending.
* A cancel that comes too late leaves the old terms. When the new order is refused, the modification is refused and the
  order ends CANCELLED with Reason.REPLACED: it is off the book. A cancel that is asked for meanwhile ends it for good.
* What executed under a client id that has been replaced is booked to the order, however late. More than the new order
  was sized by makes the order larger by it, with an alarm: what the order leaves is what the venue has of it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from . import events as e
from . import reports as r
from .alarm import Alarm, AlarmCode
from .findings import Found, alarm_about, come_again, contradiction, missing, opened, standing_under
from .kinds import OrderState, Pending, Reason
from .numbers import ZERO, add, plain, subtract
from .order import Order
from .refusal import Refusal
from .replacement import Replacement
from .values import changed

A = AlarmCode
NewId = Callable[[str], str | Refusal]
"""Gives the client id for a new order in a symbol, or says why none may be sent now."""
_FOR_US = frozenset({Reason.REQUESTED, Reason.VENUE})
"""Why an order was cancelled that we have asked to be: a venue that gives no reason says VENUE."""


def counted_in_all(order: Order, report: r.VenueReport) -> r.VenueReport:
    """Return a report on the present client id with quantities as those of the whole order."""
    match report:
        case r.VenueCancelled() | r.VenueExpired() if report.filled_quantity is not None:
            return changed(report, filled_quantity=add(report.filled_quantity, order.replaced_filled_quantity))
        case r.VenueStatus():
            filled = add(report.filled_quantity, order.replaced_filled_quantity)
            return changed(report, filled_quantity=filled, quantity=_in_all(order, report.quantity))
        case r.VenueAccepted() | r.VenueModified():
            return changed(report, quantity=_in_all(order, report.quantity))
        case _:
            return report


def _in_all(order: Order, quantity: Decimal | None) -> Decimal | None:
    return None if quantity is None else add(quantity, order.replaced_quantity)


def carried_on(order: Order, report: r.VenueReport, now: int, new_id: NewId) -> Found | None:
    """What follows for an order that is being cancelled to be replaced; None where the report is not about that."""
    asked = order.replacement
    if asked is None or asked.sent is not None:
        return None
    match report:
        case r.VenueCancelRejected() if report.request_id == asked.request_id:
            return _refused(order, report, now, report.reason, report.text)
        case r.VenueCancelled() if report.reason in _FOR_US and not order.is_closed:
            return _cancelled(order, report, now, new_id, report.filled_quantity)
        case r.VenueStatus() if report.state is OrderState.CANCELLED and not order.is_closed:
            return _cancelled(order, report, now, new_id, report.filled_quantity)
        case _:
            return None


def _refused(order: Order, report: r.VenueReport, now: int, reason: Reason, text: str) -> Found:
    asked = order.replacement
    assert asked is not None, "what is refused was asked for"
    yield e.ModifyRejected(
        time_ns=now,
        source=report.source,
        order_id=order.order_id,
        request_id=asked.request_id,
        reason=reason,
        text=text,
    )
    if reason is Reason.NOT_AT_VENUE and not order.is_closed:
        yield from contradiction(order, report, now)


def _cancelled(order: Order, report: r.VenueReport, now: int, new_id: NewId, told: Decimal | None) -> Found:
    asked = order.replacement
    assert asked is not None, "it was cancelled to be replaced"
    yield from opened(order, report, now)
    filled = order.filled_quantity if told is None else max(told, order.filled_quantity)
    wanted = asked.quantity or order.quantity
    if order.pending is Pending.CANCEL:
        text = "a cancel came after it, before its new order was sent"
        yield from _ended(order, report, now, (Reason.CANCEL_PENDING, text), (Reason.REQUESTED, ""))
    elif wanted <= filled:
        # Nothing is left to send. At or below what has filled, the order is done with that.
        yield _in_force(order, report, now, asked, filled)
    else:
        client_id = new_id(order.symbol)
        if not isinstance(client_id, Refusal):
            yield from _sent(order, report, now, client_id, filled)
            return
        ending = f"its new order was not sent: {client_id.text}"
        yield from _ended(order, report, now, (client_id.reason, client_id.text), (Reason.REPLACED, ending))
    if filled > order.filled_quantity:
        yield from missing(order, report, now, filled)


def _sent(order: Order, report: r.VenueReport, now: int, client_id: str, filled: Decimal) -> Found:
    asked = order.replacement
    assert asked is not None, "what is sent was asked for"
    yield e.OrderReplaced(
        time_ns=now,
        source=report.source,
        order_id=order.order_id,
        request_id=asked.request_id,
        client_order_id=client_id,
        quantity=subtract(asked.quantity or order.quantity, filled),
        filled_quantity=filled,
    )
    if filled > order.filled_quantity:
        said, booked = plain(filled), plain(order.filled_quantity)
        text = f"the venue says that {said} had filled before it was replaced, and {booked} is booked"
        yield Alarm(now, A.CONTRADICTION, order.order_id, text)
        yield e.OrderInDoubt(
            time_ns=now, source=report.source, order_id=order.order_id, reason=Reason.CONTRADICTION, text=text
        )


def _in_force(
    order: Order, report: r.VenueReport, now: int, asked: Replacement, quantity: Decimal, price: Decimal | None = None
) -> e.OrderModified:
    return e.OrderModified(
        time_ns=now,
        source=report.source,
        order_id=order.order_id,
        request_id=asked.request_id,
        price=price or asked.price,
        quantity=quantity,
        stop_price=asked.stop_price,
        expire_time_ns=asked.expire_time_ns,
        exchange_order_id=report.exchange_order_id if isinstance(report, r.VenueAccepted | r.VenueFilled) else None,
    )


def _ended(
    order: Order, report: r.VenueReport, now: int, refused: tuple[Reason, str], ended: tuple[Reason, str]
) -> Found:
    """The refusal of the modification, and the end of an order that is off the venue's book."""
    asked = order.replacement
    assert asked is not None, "what is refused was asked for"
    source, order_id = report.source, order.order_id
    reason, text = refused
    yield e.ModifyRejected(
        time_ns=now, source=source, order_id=order_id, request_id=asked.request_id, reason=reason, text=text
    )
    reason, text = ended
    yield e.OrderCancelled(time_ns=now, source=source, order_id=order_id, reason=reason, text=text)


def acknowledged(order: Order, report: r.VenueReport, now: int) -> Found | None:
    """What a report on the new order says of it, before what else it says; None where it says nothing of that."""
    asked = order.replacement
    if asked is None or asked.sent is None or order.is_closed:
        return None
    match report:
        case r.VenueRejected():
            return _not_taken(order, report, now, report.reason, report.text)
        case r.VenueStatus(state=OrderState.REJECTED):
            return _not_taken(order, report, now, Reason.VENUE, "found when the venue was asked")
        case r.VenueStatus(state=None):
            text = "the venue never had it"
            return _not_taken(order, report, now, Reason.NOT_AT_VENUE, text) if report.complete else None
        case r.VenueCancelRejected() | r.VenueModifyRejected():
            return None
        case _:
            return _taken(order, report, now, asked)


def says_no_more(report: r.VenueReport) -> bool:
    """Whether that the new order was taken, or was not, is all that a report says."""
    if isinstance(report, r.VenueStatus):
        return report.state in {None, OrderState.REJECTED}
    return isinstance(report, r.VenueAccepted | r.VenueRejected)


def _not_taken(order: Order, report: r.VenueReport, now: int, reason: Reason, text: str) -> Found:
    ending = f"its new order was refused: {text}" if text else "its new order was refused"
    yield from _ended(order, report, now, (reason, text), (Reason.REPLACED, ending))


def _taken(order: Order, report: r.VenueReport, now: int, asked: Replacement) -> Found:
    quantity = _reach(order)
    price = None
    if isinstance(report, r.VenueAccepted):
        wanted = asked.price or order.price
        price = report.price if report.price != wanted else None
        differs = price is not None or report.quantity not in {None, quantity}
        if differs and not order.post_only and not order.reduce_only:
            text = "the venue acknowledged other terms than were sent; the venue's are in force"
            yield Alarm(now, A.CHANGED_TERMS, order.order_id, text)
        quantity = report.quantity or quantity
    yield _in_force(order, report, now, asked, quantity, price)


def _reach(order: Order) -> Decimal:
    """What the order comes to when all that the venue has of it fills."""
    asked = order.replacement
    if asked is None or asked.sent is None:
        return order.quantity
    return add(order.replaced_quantity, asked.sent)


def told_of_replaced(order: Order, report: r.VenueReport, now: int, booked: r.Fill | None) -> Found:
    """What a report on a client id means that has been replaced: executions count, the rest is over."""
    match report:
        case r.VenueFilled():
            yield from _filled_late(order, report, now, booked)
        case r.VenueFillBusted() | r.VenueFillCorrected():
            yield from _restated(order, report, now, booked)
        case r.VenueStatus() if order.misses_executions:
            text = "the venue has told all executions under a replaced client id, and some are missing still"
            yield Alarm(now, A.CONTRADICTION, order.order_id, text)
        case _:
            pass


def _filled_late(order: Order, report: r.VenueFilled, now: int, booked: r.Fill | None) -> Found:
    fill = report.fill
    if booked is not None:
        yield from come_again(order, fill, now, booked)
        return
    counted = add(order.replaced_filled_quantity, fill.quantity)
    yield from _resized(order, report, now, max(subtract(counted, order.replaced_quantity), ZERO))
    yield e.OrderFilled(
        time_ns=now,
        source=report.source,
        order_id=order.order_id,
        fill=fill,
        client_order_id=report.client_order_id,
    )
    if order.is_closed:
        yield alarm_about(order, report, now, A.LATE_FILL)


def _resized(order: Order, report: r.VenueReport, now: int, more: Decimal) -> Found:
    """More or less has executed under replaced ids than the new order was sized by: the order is so much larger."""
    if not more or order.is_closed:
        return
    if more > ZERO:
        text = f"{plain(more)} executed under a replaced client id that its new order was not sized by"
        yield Alarm(now, A.OVERFILL, order.order_id, text)
    yield e.OrderModified(
        time_ns=now,
        source=report.source,
        order_id=order.order_id,
        request_id=None,
        price=None,
        quantity=add(_reach(order), more),
    )


def _restated(order: Order, report: r.VenueFillBusted | r.VenueFillCorrected, now: int, booked: r.Fill | None) -> Found:
    busted = isinstance(report, r.VenueFillBusted)
    execution_id = report.execution_id if isinstance(report, r.VenueFillBusted) else report.fill.execution_id
    standing = standing_under(order, execution_id)
    if standing is None:
        if not busted or booked is None:
            yield alarm_about(order, report, now, A.UNKNOWN_EXECUTION)
        return
    source, order_id, client_id = report.source, order.order_id, report.client_order_id
    if isinstance(report, r.VenueFillBusted):
        yield e.FillBusted(time_ns=now, source=source, order_id=order_id, fill=standing, client_order_id=client_id)
        yield from _resized(order, report, now, subtract(ZERO, standing.quantity))
    elif report.fill != standing:
        change = subtract(report.fill.quantity, standing.quantity)
        yield from _resized(order, report, now, max(change, ZERO))
        yield e.FillCorrected(
            time_ns=now,
            source=source,
            order_id=order_id,
            replaced=standing,
            fill=report.fill,
            client_order_id=client_id,
        )
        yield from _resized(order, report, now, min(change, ZERO))
