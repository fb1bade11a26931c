"""What a venue's report means for an order: decide(order, report) gives the events to apply and the alarms to raise.

Reports come late, twice, out of order and against each other. Every such case is decided here, once, and leads to
events that the state table allows; nothing is ever dropped that moved money.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from . import events as e
from . import reports as r
from .alarm import Alarm, AlarmCode
from .findings import (
    NEVER_OPENED,
    Found,
    alarm_about,
    as_instructed,
    cleared,
    contradiction,
    missing,
    opened,
    why_on_arrival,
)
from .kinds import STOPS, OrderState, Reason
from .lifecycle import apply
from .numbers import ZERO, plain, subtract
from .order import Order
from .reconciling import found_when_asked
from .refusal import Refusal
from .replacing import NewId, acknowledged, carried_on, counted_in_all, says_no_more, told_of_replaced

S = OrderState
A = AlarmCode
_DISAGREEING: Final = frozenset({A.CONTRADICTION, A.LATE_FILL})
"""Alarms with which a report cannot end a doubt, whatever else follows from it."""
_INDEFINITE: Final = (e.FillBusted, e.FillCorrected, e.OrderResolved)
"""Events that say nothing of whether the order is live, and the one that has ended the doubt already."""


def _none(symbol: str) -> Refusal:
    return Refusal(Reason.INTERNAL_ERROR, f"symbol {symbol}: no new order is sent from here")


@attrs.frozen
class Verdict:
    """What follows from a report. No events and no alarms: it repeated what we knew."""

    events: tuple[e.OrderEvent, ...] = ()
    alarms: tuple[Alarm, ...] = ()

    @property
    def is_repeat(self) -> bool:
        """Whether the report said nothing new."""
        return not self.events and not self.alarms


def decide(
    order: Order,
    report: r.VenueReport,
    now_ns: int,
    booked: r.Fill | None = None,
    *,
    restated: bool = False,
    answered: bool = False,
    new_id: NewId = _none,
) -> Verdict:
    """Judge a report on a known order.

    Args:
        order: as it stands.
        report: what the venue said.
        now_ns: when we took it; venue time is data and never orders events.
        booked: the execution that was first booked under the report's execution id, if any.
        restated: whether the venue has busted or corrected an execution of the order.
        answered: whether the request that the report answers has been answered before.
        new_id: gives a client id to an order that is to be sent in place of one that was cancelled for it.
    """
    if answered:
        # What has been changed since must not be changed back.
        return Verdict()
    found = tuple(_decide(order, report, now_ns, booked, new_id, restated=restated))
    events = tuple(item for item in found if not isinstance(item, Alarm))
    alarms = tuple(item for item in found if isinstance(item, Alarm))
    disagrees = any(alarm.code in _DISAGREEING for alarm in alarms)
    definite = bool(events) and not isinstance(events[-1], _INDEFINITE)
    if order.in_doubt and definite and not disagrees and not _leaves_open(order, report, events):
        # A definite report that agrees with the table ends the doubt: first, so that whoever waits for what it says
        # finds an order that is no longer in doubt.
        events = (e.OrderResolved(time_ns=now_ns, source=report.source, order_id=order.order_id), *events)
    return Verdict(events, alarms)


def _leaves_open(order: Order, report: r.VenueReport, events: tuple[e.OrderEvent, ...]) -> bool:
    """Whether a report, definite in itself, does not answer what the doubt is about."""
    if order.until_asked:
        return not isinstance(report, r.VenueStatus)
    if isinstance(report, r.VenueAccepted | r.VenueTriggered):
        # One that comes late says how the order once was.
        return order.state not in NEVER_OPENED
    after = order
    for event in events:
        after = apply(after, event)
    if after.misses_executions:
        return True
    if order.venue_filled_quantity is None or isinstance(report, r.VenueStatus):
        return False
    # When all is booked and the order still lives, the venue may have closed it: that it was asked about, too.
    return not after.is_closed or after.filled_quantity < order.venue_filled_quantity


def _decide(
    order: Order, report: r.VenueReport, now: int, booked: r.Fill | None, new_id: NewId, *, restated: bool
) -> Found:
    found = tuple(_replacing(order, report, now, booked, new_id, restated=restated))
    if order.state is S.PENDING:
        yield Alarm(now, A.UNEXPECTED_REPORT, order.order_id, f"{type(report).__name__} for an order that was not sent")
        if any(not isinstance(item, Alarm | e.OrderInDoubt) for item in found):
            # The venue has it, so somebody sent it.
            yield e.OrderSubmitted(
                time_ns=now, source=report.source, order_id=order.order_id, client_order_id=order.client_order_id
            )
    yield from found


def _replacing(
    order: Order, report: r.VenueReport, now: int, booked: r.Fill | None, new_id: NewId, *, restated: bool
) -> Found:
    """What follows where the order is or was replaced, and else, or besides, what follows for any."""
    if report.client_order_id in order.replaced_client_order_ids:
        yield from told_of_replaced(order, report, now, booked)
        return
    if order.replaced_client_order_ids:
        report = counted_in_all(order, report)
    carried = carried_on(order, report, now, new_id)
    if carried is not None:
        yield from carried
        return
    heard = acknowledged(order, report, now)
    for found in heard or ():
        if not isinstance(found, Alarm):
            order = apply(order, found)
        yield found
    if heard is None or not says_no_more(report):
        yield from _judged(order, report, now, booked, restated=restated)


def _judged(order: Order, report: r.VenueReport, now: int, booked: r.Fill | None, *, restated: bool) -> Found:
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
        case _:
            yield from found_when_asked(order, report, now, restated=restated)


def _standing(order: Order, execution_id: str) -> r.Fill | None:
    return next((fill for fill in order.fills if fill.execution_id == execution_id), None)


def _filled(order: Order, report: r.VenueFilled, now: int, booked: r.Fill | None) -> Found:
    fill = report.fill
    if booked is not None:
        # Come again as it first was, or as it was corrected to: a repeat.
        if fill not in {booked, _standing(order, fill.execution_id)}:
            text = f"execution {fill.execution_id} came again with other content; the first is kept"
            yield Alarm(now, A.EXECUTION_CONFLICT, order.order_id, text)
        return
    yield from opened(order, report, now)
    yield e.OrderFilled(time_ns=now, source=report.source, order_id=order.order_id, fill=fill)
    if order.is_closed:
        yield alarm_about(order, report, now, A.LATE_FILL)
    elif _is_to_grow(order) and fill.quantity >= order.remaining_quantity:
        yield e.OrderInDoubt(
            time_ns=now,
            source=report.source,
            order_id=order.order_id,
            reason=Reason.NO_ANSWER,
            text="filled with a modification to more on its way: the venue is asked which came first",
            until_asked=True,
        )
    elif order.state is S.SUBMITTED and order.reduce_only and fill.quantity < order.remaining_quantity:
        # What the venue has left of it stands in the acknowledgement, which has not come.
        yield e.OrderInDoubt(
            time_ns=now,
            source=report.source,
            order_id=order.order_id,
            reason=Reason.NO_ANSWER,
            text="filled before it was acknowledged: the venue is asked whether it has shortened it",
            until_asked=True,
        )
    yield from _overfilled(order, fill.quantity, now)


def _is_to_grow(order: Order) -> bool:
    # Where an amend is a cancel and a new order, what has filled can no longer be cancelled.
    asked = order.pending_quantity
    return asked is not None and asked > order.quantity and order.replacement is None


def _overfilled(order: Order, more: Decimal, now: int) -> Found:
    if more > order.remaining_quantity:
        text = f"{plain(more)} executed with {plain(order.remaining_quantity)} of the order remaining"
        yield Alarm(now, A.OVERFILL, order.order_id, text)


def _accepted(order: Order, report: r.VenueAccepted, now: int) -> Found:
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


def _rejected(order: Order, report: r.VenueRejected, now: int) -> Found:
    refused_stop = order.state is S.OPEN and order.triggered
    if order.state in NEVER_OPENED or refused_stop:
        yield e.OrderRejected(
            time_ns=now, source=report.source, order_id=order.order_id, reason=report.reason, text=report.text
        )
    elif not order.is_closed:
        yield from contradiction(order, report, now)
    elif order.state is S.REJECTED:
        yield from cleared(order, report, now)
    else:
        yield alarm_about(order, report, now, A.UNEXPECTED_REPORT)


def _triggered(order: Order, report: r.VenueTriggered, now: int) -> Found:
    if order.is_closed:
        # A trigger overtaken by the fill or cancel that followed it tells nothing new.
        return
    if order.order_type not in STOPS:
        yield alarm_about(order, report, now, A.UNEXPECTED_REPORT)
        return
    yield from opened(order, report, now)
    if not order.triggered:
        yield e.OrderTriggered(time_ns=now, source=report.source, order_id=order.order_id, stop_price=report.stop_price)


def _modified(order: Order, report: r.VenueModified, now: int) -> Found:
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


def _ended(order: Order, report: r.VenueCancelled | r.VenueExpired, now: int, target: OrderState) -> Found:
    yield from _closed(order, report, now, target)
    if report.filled_quantity is not None and report.filled_quantity > order.filled_quantity:
        yield from missing(order, report, now, report.filled_quantity)


def _closed(order: Order, report: r.VenueCancelled | r.VenueExpired, now: int, target: OrderState) -> Found:
    if order.state is target:
        yield from cleared(order, report, now)
    elif order.is_closed:
        yield alarm_about(order, report, now, A.UNEXPECTED_REPORT)
    elif isinstance(report, r.VenueCancelled):
        # The venue knows that we asked, and not why.
        because = order.withdrawn_because if report.reason is Reason.REQUESTED else None
        yield e.OrderCancelled(
            time_ns=now,
            source=report.source,
            order_id=order.order_id,
            reason=because or report.reason,
            text=report.text,
        )
    else:
        yield e.OrderExpired(
            time_ns=now, source=report.source, order_id=order.order_id, reason=report.reason, text=report.text
        )


def _request_refused(order: Order, report: r.VenueCancelRejected | r.VenueModifyRejected, now: int) -> Found:
    if not _is_unanswered(order, report.request_id):
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


def _restated(order: Order, report: r.VenueFillBusted | r.VenueFillCorrected, now: int, booked: r.Fill | None) -> Found:
    execution_id = report.execution_id if isinstance(report, r.VenueFillBusted) else report.fill.execution_id
    standing = _standing(order, execution_id)
    if isinstance(report, r.VenueFillBusted):
        if standing is not None:
            yield e.FillBusted(time_ns=now, source=report.source, order_id=order.order_id, fill=standing)
            yield from _taken_back(order, report, now, standing.quantity)
        elif booked is None:
            yield alarm_about(order, report, now, A.UNKNOWN_EXECUTION)
    elif standing is None:
        # Busted, or never booked: what the venue has executed is left open.
        yield alarm_about(order, report, now, A.UNKNOWN_EXECUTION)
    elif report.fill != standing:
        yield e.FillCorrected(
            time_ns=now, source=report.source, order_id=order.order_id, replaced=standing, fill=report.fill
        )
        yield from _overfilled(order, subtract(report.fill.quantity, standing.quantity), now)
        yield from _taken_back(order, report, now, subtract(standing.quantity, report.fill.quantity))


def _taken_back(order: Order, report: r.VenueFillBusted | r.VenueFillCorrected, now: int, quantity: Decimal) -> Found:
    """A doubt where an order that is open here has less filled than it had: it may have been done at the venue."""
    if quantity > ZERO and order.is_open:
        yield e.OrderInDoubt(
            time_ns=now,
            source=report.source,
            order_id=order.order_id,
            reason=Reason.CONTRADICTION,
            text="an execution was taken back: the venue is asked whether the order is done",
            until_asked=True,
        )
