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
from .acknowledging import accepted, modified, request_refused
from .alarm import Alarm, AlarmCode
from .findings import (
    NEVER_OPENED,
    Found,
    alarm_about,
    cleared,
    come_again,
    contradiction,
    missing,
    opened,
    standing_under,
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
            yield from accepted(order, report, now)
        case r.VenueRejected():
            yield from _rejected(order, report, now)
        case r.VenueTriggered():
            yield from _triggered(order, report, now)
        case r.VenueModified():
            yield from modified(order, report, now)
        case r.VenueCancelled():
            yield from _ended(order, report, now, S.CANCELLED)
        case r.VenueExpired():
            yield from _ended(order, report, now, S.EXPIRED)
        case r.VenueCancelRejected() | r.VenueModifyRejected():
            yield from request_refused(order, report, now)
        case r.VenueFillBusted() | r.VenueFillCorrected():
            yield from _restated(order, report, now, booked)
        case _:
            yield from found_when_asked(order, report, now, restated=restated)


def _filled(order: Order, report: r.VenueFilled, now: int, booked: r.Fill | None) -> Found:
    fill = report.fill
    if booked is not None:
        yield from come_again(order, fill, now, booked)
        return
    yield from opened(order, report, now)
    yield e.OrderFilled(time_ns=now, source=report.source, order_id=order.order_id, fill=fill)
    if order.is_closed:
        yield alarm_about(order, report, now, A.LATE_FILL)
    elif _is_to_grow(order) and fill.quantity >= order.remaining_quantity:
        text = "filled with a modification to more on its way: the venue is asked which came first"
        yield _until_asked(order, report, now, Reason.NO_ANSWER, text)
    elif order.state is S.SUBMITTED and order.reduce_only and fill.quantity < order.remaining_quantity:
        # What the venue has left of it stands in the acknowledgement, which has not come.
        text = "filled before it was acknowledged: the venue is asked whether it has shortened it"
        yield _until_asked(order, report, now, Reason.NO_ANSWER, text)
    yield from _overfilled(order, fill.quantity, now)


def _until_asked(order: Order, report: r.VenueReport, now: int, reason: Reason, text: str) -> e.OrderInDoubt:
    """A doubt that nothing but the venue's answer ends."""
    return e.OrderInDoubt(
        time_ns=now, source=report.source, order_id=order.order_id, reason=reason, text=text, until_asked=True
    )


def _is_to_grow(order: Order) -> bool:
    # Where an amend is a cancel and a new order, what has filled can no longer be cancelled.
    asked = order.pending_quantity
    return asked is not None and asked > order.quantity and order.replacement is None


def _overfilled(order: Order, more: Decimal, now: int) -> Found:
    if more > order.remaining_quantity:
        text = f"{plain(more)} executed with {plain(order.remaining_quantity)} of the order remaining"
        yield Alarm(now, A.OVERFILL, order.order_id, text)


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


def _ended(order: Order, report: r.VenueCancelled | r.VenueExpired, now: int, target: OrderState) -> Found:
    filled = report.filled_quantity
    lacks = () if filled is None or filled <= order.filled_quantity else missing(order, report, now, filled)
    if not order.is_closed:
        # Known before it closes, so that nobody takes for free in between what is still to be booked.
        yield from lacks
    yield from _closed(order, report, now, target)
    if order.is_closed:
        yield from lacks


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


def _restated(order: Order, report: r.VenueFillBusted | r.VenueFillCorrected, now: int, booked: r.Fill | None) -> Found:
    execution_id = report.execution_id if isinstance(report, r.VenueFillBusted) else report.fill.execution_id
    standing = standing_under(order, execution_id)
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
        text = "an execution was taken back: the venue is asked whether the order is done"
        yield _until_asked(order, report, now, Reason.CONTRADICTION, text)
