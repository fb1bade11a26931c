"""What a venue's report means for an order: decide(order, report) gives the events to apply and the alarms to raise.

Reports come late, twice, out of order and against each other. Every such case is decided here, once, and leads to events
that the state table allows; nothing is ever dropped that moved money.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from . import events as e
from . import reports as r
from .alarm import Alarm, AlarmCode
from .kinds import OrderState, Reason
from .numbers import plain
from .order import Order

S = OrderState
A = AlarmCode
_NEVER_OPENED: Final = frozenset({S.PENDING, S.SUBMITTED})


@attrs.frozen
class Verdict:
    """What follows from a report. No events and no alarms: it repeated what we knew."""

    events: tuple[e.OrderEvent, ...] = ()
    alarms: tuple[Alarm, ...] = ()

    @property
    def is_repeat(self) -> bool:
        """Whether the report said nothing new."""
        return not self.events and not self.alarms


def decide(order: Order, report: r.VenueReport, now_ns: int, booked: r.Fill | None = None) -> Verdict:
    """Judge a report on a known order.

    Args:
        order: as it stands.
        report: what the venue said.
        now_ns: when we took it; venue time is data and never orders events.
        booked: the execution already booked under the report's execution id, if any.
    """
    found = tuple(_decide(order, report, now_ns, booked))
    events = tuple(item for item in found if not isinstance(item, Alarm))
    alarms = tuple(item for item in found if isinstance(item, Alarm))
    contradicts = any(alarm.code is A.CONTRADICTION for alarm in alarms)
    if order.in_doubt and events and not contradicts and not isinstance(events[-1], e.OrderResolved):
        # A definite report that agrees with the table ends the doubt.
        events = (*events, e.OrderResolved(time_ns=now_ns, source=report.source, order_id=order.order_id))
    return Verdict(events, alarms)


_Found = Iterator[e.OrderEvent | Alarm]


def _decide(order: Order, report: r.VenueReport, now: int, booked: r.Fill | None) -> _Found:
    if order.state is S.PENDING:
        yield Alarm(now, A.UNEXPECTED_REPORT, order.order_id, f"{type(report).__name__} for an order that was not sent")
        yield e.OrderSubmitted(
            time_ns=now, source=report.source, order_id=order.order_id, client_order_id=order.client_order_id
        )
    match report:
        case r.VenueFilled():
            yield from _filled(order, report, now, booked)
        case r.VenueAccepted():
            yield from _accepted(order, report, now)
        case r.VenueRejected():
            yield from _rejected(order, report, now)
        case r.VenueTriggered():
            yield from _triggered(order, report, now)
        case r.VenueModified():
            yield from _modified(order, report, now)
        case r.VenueCancelled():
            yield from _ended(order, report, now, S.CANCELLED)
        case r.VenueExpired():
            yield from _ended(order, report, now, S.EXPIRED)
        case r.VenueCancelRejected() | r.VenueModifyRejected():
            yield from _request_refused(order, report, now)
        case r.VenueFillBusted() | r.VenueFillCorrected():
            yield from _restated(order, report, now, booked)
        case r.VenueStatus():
            yield from _status(order, report, now)


def _opened(order: Order, report: r.VenueReport, now: int) -> _Found:
    """The acknowledgement that a report implies, where it has not come yet."""
    if order.state in _NEVER_OPENED:
        venue_id = getattr(report, "exchange_order_id", None)
        yield e.OrderOpened(time_ns=now, source=report.source, order_id=order.order_id, exchange_order_id=venue_id)


def _alarm(order: Order, report: r.VenueReport, now: int, code: AlarmCode) -> Alarm:
    return Alarm(now, code, order.order_id, f"{type(report).__name__} for an order that is {order.state.value}")


def _contradiction(order: Order, report: r.VenueReport, now: int) -> _Found:
    yield _alarm(order, report, now, A.CONTRADICTION)
    if not order.in_doubt:
        yield _doubt(order, report, now)


def _doubt(order: Order, report: r.VenueReport, now: int) -> e.OrderInDoubt:
    text = f"{type(report).__name__} contradicts {order.state.value}"
    return e.OrderInDoubt(
        time_ns=now, source=report.source, order_id=order.order_id, reason=Reason.CONTRADICTION, text=text
    )


def _filled(order: Order, report: r.VenueFilled, now: int, booked: r.Fill | None) -> _Found:
    fill = report.fill
    if booked is not None:
        if booked != fill:
            text = f"execution {fill.execution_id} came again with other content; the first is kept"
            yield Alarm(now, A.EXECUTION_CONFLICT, order.order_id, text)
        return
    yield from _opened(order, report, now)
    yield e.OrderFilled(time_ns=now, source=report.source, order_id=order.order_id, fill=fill)
    if order.is_closed:
        yield _alarm(order, report, now, A.LATE_FILL)
    if fill.quantity > order.remaining_quantity:
        text = f"{plain(fill.quantity)} executed with {plain(order.remaining_quantity)} of the order remaining"
        yield Alarm(now, A.OVERFILL, order.order_id, text)


def _accepted(order: Order, report: r.VenueAccepted, now: int) -> _Found:
    # An acknowledgement that comes late, or twice, never moves a state backwards.
    yield from _opened(order, report, now)
    price = report.price if report.price != order.price else None
    quantity = report.quantity if report.quantity != order.quantity else None
    if order.state in _NEVER_OPENED and (price is not None or quantity is not None):
        # Accept what the venue says: it is what will execute.
        text = "the venue acknowledged other terms than were sent; the venue's are in force"
        yield Alarm(now, A.CHANGED_TERMS, order.order_id, text)
        yield e.OrderModified(
            time_ns=now,
            source=report.source,
            order_id=order.order_id,
            request_id=None,
            price=price,
            quantity=quantity,
        )


def _rejected(order: Order, report: r.VenueRejected, now: int) -> _Found:
    refused_stop = order.state is S.OPEN and order.triggered
    if order.state in _NEVER_OPENED or refused_stop:
        yield e.OrderRejected(
            time_ns=now, source=report.source, order_id=order.order_id, reason=report.reason, text=report.text
        )
    elif not order.is_closed:
        yield from _contradiction(order, report, now)
    elif order.state is not S.REJECTED:
        yield _alarm(order, report, now, A.UNEXPECTED_REPORT)


def _triggered(order: Order, report: r.VenueTriggered, now: int) -> _Found:
    if order.is_closed:
        # A trigger overtaken by the fill or cancel that followed it tells nothing new.
        return
    if order.stop_price is None:
        yield _alarm(order, report, now, A.UNEXPECTED_REPORT)
        return
    yield from _opened(order, report, now)
    if not order.triggered:
        yield e.OrderTriggered(time_ns=now, source=report.source, order_id=order.order_id)


def _modified(order: Order, report: r.VenueModified, now: int) -> _Found:
    if order.is_closed:
        reopens = report.quantity is not None and report.quantity > order.filled_quantity
        if order.state is S.FILLED and reopens:
            yield from _contradiction(order, report, now)
        elif order.state is not S.FILLED:
            yield _alarm(order, report, now, A.UNEXPECTED_REPORT)
        return
    asked = order.pending_request_id == report.request_id
    same = report.price in {None, order.price} and report.quantity in {None, order.quantity}
    if not asked and same:
        return
    yield from _opened(order, report, now)
    if not asked:
        yield Alarm(now, A.CHANGED_TERMS, order.order_id, "the venue changed terms that nobody asked it to change")
    yield e.OrderModified(
        time_ns=now,
        source=report.source,
        order_id=order.order_id,
        request_id=report.request_id,
        price=report.price,
        quantity=report.quantity,
    )


def _ended(order: Order, report: r.VenueCancelled | r.VenueExpired, now: int, target: OrderState) -> _Found:
    if order.is_closed:
        if order.state is not target:
            yield _alarm(order, report, now, A.UNEXPECTED_REPORT)
        return
    if isinstance(report, r.VenueCancelled):
        yield e.OrderCancelled(
            time_ns=now, source=report.source, order_id=order.order_id, reason=report.reason, text=report.text
        )
        return
    if order.state is S.PENDING:
        yield from _opened(order, report, now)
    yield e.OrderExpired(time_ns=now, source=report.source, order_id=order.order_id, reason=report.reason)


def _request_refused(order: Order, report: r.VenueCancelRejected | r.VenueModifyRejected, now: int) -> _Found:
    if order.pending_request_id != report.request_id and not order.is_closed:
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
        yield from _contradiction(order, report, now)


def _restated(
    order: Order, report: r.VenueFillBusted | r.VenueFillCorrected, now: int, booked: r.Fill | None
) -> _Found:
    standing = booked is not None and any(f.execution_id == booked.execution_id for f in order.fills)
    if booked is None or not standing:
        if booked is None:
            yield _alarm(order, report, now, A.UNKNOWN_EXECUTION)
        return
    if isinstance(report, r.VenueFillBusted):
        yield e.FillBusted(time_ns=now, source=report.source, order_id=order.order_id, fill=booked)
    elif report.fill != booked:
        yield e.FillCorrected(
            time_ns=now, source=report.source, order_id=order.order_id, replaced=booked, fill=report.fill
        )


def _status(order: Order, report: r.VenueStatus, now: int) -> _Found:
    """The answer to a query. It ends a doubt only where it leaves nothing open."""
    if report.filled_quantity > order.filled_quantity:
        # Executions are missing. Booking a sum without them would lose prices and fees: they are waited for.
        yield from _contradiction(order, report, now)
        return
    if report.state is None:
        yield from _not_at_venue(order, report, now)
    elif report.state in {S.CANCELLED, S.EXPIRED, S.REJECTED}:
        yield from _ended_meanwhile(order, report, now)
    elif order.is_closed != (report.state is S.FILLED):
        yield from _contradiction(order, report, now)
    else:
        yield from _opened(order, report, now)
        yield from _cleared(order, report, now)


def _cleared(order: Order, report: r.VenueStatus, now: int) -> _Found:
    if order.in_doubt and order.state not in _NEVER_OPENED:
        # With an event before it, decide() adds this by itself.
        yield e.OrderResolved(time_ns=now, source=report.source, order_id=order.order_id)


def _not_at_venue(order: Order, report: r.VenueStatus, now: int) -> _Found:
    if order.is_closed:
        yield from _cleared(order, report, now)
    elif not report.complete:
        yield from _contradiction(order, report, now)
    elif order.state in _NEVER_OPENED:
        text = "the venue never had it"
        yield e.OrderRejected(
            time_ns=now, source=report.source, order_id=order.order_id, reason=Reason.NOT_AT_VENUE, text=text
        )
    else:
        text = "the venue no longer has it"
        yield e.OrderCancelled(
            time_ns=now, source=report.source, order_id=order.order_id, reason=Reason.NOT_AT_VENUE, text=text
        )


def _ended_meanwhile(order: Order, report: r.VenueStatus, now: int) -> _Found:
    source, order_id, text = report.source, order.order_id, "found when the venue was asked"
    if order.is_closed:
        yield from _cleared(order, report, now)
    elif report.state is S.REJECTED and order.state is S.PARTIALLY_FILLED:
        yield from _contradiction(order, report, now)
    elif report.state is S.REJECTED:
        yield e.OrderRejected(time_ns=now, source=source, order_id=order_id, reason=Reason.VENUE, text=text)
    elif report.state is S.EXPIRED:
        yield e.OrderExpired(time_ns=now, source=source, order_id=order_id, reason=Reason.VENUE)
    else:
        yield e.OrderCancelled(time_ns=now, source=source, order_id=order_id, reason=Reason.VENUE, text=text)
