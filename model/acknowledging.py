"""What a venue's report means for an order's terms: the acknowledgement, new terms, and the refusal of a request."""

from __future__ import annotations

from decimal import Decimal

from . import events as e
from . import reports as r
from .alarm import Alarm, AlarmCode
from .findings import Found, alarm_about, as_instructed, contradiction, opened, why_on_arrival
from .kinds import STOPS, OrderState, Reason
from .order import Order

S = OrderState
A = AlarmCode


def accepted(order: Order, report: r.VenueAccepted, now: int) -> Found:
    """What an acknowledgement says of the state, and of terms that are others than were sent."""
    if order.state is S.REJECTED and order.order_type not in STOPS:
        # Only a stop can be acknowledged and refused later.
        yield from contradiction(order, report, now)
        return
    if order.is_closed:
        yield from _acknowledged_too_late(order, report, now)
        return
    yield from opened(order, report, now)
    # An acknowledgement that comes late, or twice, must not bring back terms that have been changed since.
    price = report.price if report.price != order.price and not order.terms_changed else None
    quantity = report.quantity if report.quantity != order.quantity and not order.terms_changed else None
    if price is not None or quantity is not None:
        # Accept what the venue says: it is what will execute.
        if not as_instructed(order, price, quantity):
            text = "the venue acknowledged other terms than were sent; the venue's are in force"
            yield Alarm(now, A.CHANGED_TERMS, order.order_id, text)
        yield _changed(order, report, now, price, quantity)
    elif order.is_open and order.exchange_order_id is None and report.exchange_order_id is not None:
        # It does not move a state backwards either, but the venue's id is news.
        yield _changed(order, report, now)


def _acknowledged_too_late(order: Order, report: r.VenueAccepted, now: int) -> Found:
    took = order.quantity if report.quantity is None or order.terms_changed else report.quantity
    if order.state is S.FILLED and took > max(order.quantity, order.filled_quantity):
        # Filled by what was sent, and the venue took it for more, which may still fill.
        yield from contradiction(order, report, now)


def _changed(
    order: Order,
    report: r.VenueAccepted | r.VenueModified,
    now: int,
    price: Decimal | None = None,
    quantity: Decimal | None = None,
) -> e.OrderModified:
    return e.OrderModified(
        time_ns=now,
        source=report.source,
        order_id=order.order_id,
        request_id=report.request_id if isinstance(report, r.VenueModified) else None,
        price=price,
        quantity=quantity,
        stop_price=report.stop_price if isinstance(report, r.VenueModified) else None,
        expire_time_ns=report.expire_time_ns if isinstance(report, r.VenueModified) else None,
        exchange_order_id=report.exchange_order_id,
        reason=report.reason if isinstance(report, r.VenueModified) else why_on_arrival(order, price, quantity),
    )


def modified(order: Order, report: r.VenueModified, now: int) -> Found:
    """New terms: asked for, by the order's own instructions, or of the venue's own."""
    if order.is_closed:
        reopens = report.quantity is not None and report.quantity > order.filled_quantity
        if order.state is S.FILLED and reopens:
            yield from contradiction(order, report, now)
        elif order.state is not S.FILLED:
            yield alarm_about(order, report, now, A.UNEXPECTED_REPORT)
        return
    asked = _is_unanswered(order, report.request_id)
    same = (
        report.price in {None, order.price}
        and report.quantity in {None, order.quantity}
        and report.stop_price in {None, order.stop_price}
        and report.expire_time_ns in {None, order.expire_time_ns}
        and report.exchange_order_id in {None, order.exchange_order_id}
    )
    if not asked and same:
        return
    yield from opened(order, report, now)
    if not asked and report.reason is Reason.REQUESTED:
        yield Alarm(now, A.CHANGED_TERMS, order.order_id, "the venue changed terms that nobody asked it to change")
    yield _changed(order, report, now, report.price, report.quantity)


def _is_unanswered(order: Order, request_id: str) -> bool:
    return request_id in {order.pending_request_id, order.overtaken_request_id}


def request_refused(order: Order, report: r.VenueCancelRejected | r.VenueModifyRejected, now: int) -> Found:
    """The refusal of the request that is under way; that of any other is passed over."""
    if not _is_unanswered(order, report.request_id):
        return
    if order.is_closed and order.withdrawn_because is Reason.CONTINGENT:
        # It ended before the cancel that its group sent, as at a venue that ties the group itself: nobody had asked.
        return
    kind = e.CancelRejected if isinstance(report, r.VenueCancelRejected) else e.ModifyRejected
    yield kind(
        time_ns=now,
        source=report.source,
        order_id=order.order_id,
        request_id=report.request_id,
        reason=report.reason,
        text=report.text,
    )
    if report.reason is Reason.NOT_AT_VENUE and not order.is_closed:
        # We hold it live and the venue does not know it: one of us is wrong, and the venue must be asked.
        yield from contradiction(order, report, now)
