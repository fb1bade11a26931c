"""What the answer to a query means for an order whose truth was in doubt."""

from __future__ import annotations

from . import events as e
from . import reports as r
from .alarm import AlarmCode
from .findings import NEVER_OPENED, Found, alarm_about, as_instructed, cleared, contradiction, missing, opened
from .kinds import OrderState, OrderType, Pending, Reason
from .numbers import ZERO
from .order import CLOSED, Order

S = OrderState
A = AlarmCode


def found_when_asked(order: Order, report: r.VenueStatus, now: int, *, restated: bool) -> Found:
    """The answer to a query. It ends a doubt only where it leaves nothing open.

    restated says that an execution of the order has been busted or corrected.
    """
    if report.filled_quantity > order.filled_quantity:
        yield from missing(order, report, now, report.filled_quantity)
    elif report.state is None:
        yield from _not_at_venue(order, report, now)
    elif report.state in CLOSED - {S.FILLED}:
        yield from _ended_meanwhile(order, report, now)
    elif report.state is S.FILLED:
        yield from _filled_meanwhile(order, report, now, restated=restated)
    elif order.is_closed:
        yield from contradiction(order, report, now)
    else:
        yield from opened(order, report, now)
        if order.in_doubt:
            yield from _terms_found(order, report, now)
            yield from _cancel_lost(order, report, now)
        yield from cleared(order, report, now)


def _filled_meanwhile(order: Order, report: r.VenueStatus, now: int, *, restated: bool) -> Found:
    # A cancel, with which a modification begins where there is no amend, fills nothing.
    overdue = _overdue_amend(order) if order.replacement is None else None
    agreed = order.filled_quantity == report.filled_quantity
    if order.is_filled or (order.is_closed and (not order.remaining_quantity or (restated and agreed))):
        yield from cleared(order, report, now)
    elif restated and agreed:
        # There it was filled before an execution was taken back, here after: either way it is done with what stands.
        yield e.OrderCancelled(
            time_ns=now,
            source=report.source,
            order_id=order.order_id,
            reason=Reason.VENUE,
            text="done at the venue, where executions were busted or corrected",
        )
    elif (
        (overdue is not None or (report.quantity is not None and report.quantity <= report.filled_quantity))
        and order.is_open
        and agreed
        and order.filled_quantity > ZERO
    ):
        # Done with less than its quantity, and every execution is known: an amend that had no answer has cut it, or the
        # venue by itself, as it does to a reduce-only order.
        yield e.OrderModified(
            time_ns=now,
            source=report.source,
            order_id=order.order_id,
            request_id=overdue,
            price=None,
            quantity=order.filled_quantity,
        )
    else:
        yield from contradiction(order, report, now)


def _overdue_amend(order: Order) -> str | None:
    return order.pending_request_id if order.pending is Pending.MODIFY else order.overtaken_request_id


def _terms_found(order: Order, report: r.VenueStatus, now: int) -> Found:
    """What became of an amend without an answer. While the venue does not tell its terms, it stays pending."""
    if order.replacement is not None:
        # It lives under the client id that was to be cancelled.
        yield _lost(e.ModifyRejected, order, report, now, order.replacement.request_id)
        return
    if report.quantity is None:
        return
    overdue = _overdue_amend(order)
    price = report.price if report.price != order.price else None
    quantity = report.quantity if report.quantity != order.quantity else None
    stop_price = report.stop_price if _stays(order) and report.stop_price != order.stop_price else None
    expire_time_ns = report.expire_time_ns if report.expire_time_ns != order.expire_time_ns else None
    if any(term is not None for term in (price, quantity, stop_price, expire_time_ns)):
        by_venue = stop_price is None and expire_time_ns is None and as_instructed(order, price, quantity)
        if overdue is None and not by_venue:
            yield alarm_about(order, report, now, A.CHANGED_TERMS)
        yield e.OrderModified(
            time_ns=now,
            source=report.source,
            order_id=order.order_id,
            request_id=overdue,
            price=price,
            quantity=quantity,
            stop_price=stop_price,
            expire_time_ns=expire_time_ns,
        )
    elif overdue is not None:
        yield _lost(e.ModifyRejected, order, report, now, overdue)


def _stays(order: Order) -> bool:
    """Whether its stop price is where we put it: that of a trailing stop moves, and a triggered one counts no more."""
    return order.order_type is not OrderType.TRAILING_STOP and not order.triggered


def _cancel_lost(order: Order, report: r.VenueStatus, now: int) -> Found:
    """The end of a cancel without an answer on an order that lives on: it can be made again."""
    if order.pending is Pending.CANCEL and order.pending_request_id is not None:
        yield _lost(e.CancelRejected, order, report, now, order.pending_request_id)


def _lost(
    kind: type[e.CancelRejected | e.ModifyRejected], order: Order, report: r.VenueStatus, now: int, request_id: str
) -> e.CancelRejected | e.ModifyRejected:
    return kind(
        time_ns=now,
        source=report.source,
        order_id=order.order_id,
        request_id=request_id,
        reason=Reason.NO_ANSWER,
        text="found not to have taken effect when the venue was asked",
    )


def _not_at_venue(order: Order, report: r.VenueStatus, now: int) -> Found:
    if order.is_closed:
        yield from cleared(order, report, now)
    elif order.state is S.PENDING:
        # It was not sent, so the venue is right.
        return
    elif not report.complete:
        yield from contradiction(order, report, now)
    elif order.state in NEVER_OPENED:
        text = "the venue never had it"
        yield e.OrderRejected(
            time_ns=now, source=report.source, order_id=order.order_id, reason=Reason.NOT_AT_VENUE, text=text
        )
    else:
        text = "the venue no longer has it"
        yield e.OrderCancelled(
            time_ns=now, source=report.source, order_id=order.order_id, reason=Reason.NOT_AT_VENUE, text=text
        )


def _ended_meanwhile(order: Order, report: r.VenueStatus, now: int) -> Found:
    source, order_id, text = report.source, order.order_id, "found when the venue was asked"
    if order.is_closed:
        if order.state is not report.state:
            yield alarm_about(order, report, now, A.UNEXPECTED_REPORT)
        # Closed either way, with no execution missing: nothing is left open.
        yield from cleared(order, report, now)
    elif report.state is S.REJECTED and order.state is S.PARTIALLY_FILLED:
        yield from contradiction(order, report, now)
    elif report.state is S.REJECTED:
        yield e.OrderRejected(time_ns=now, source=source, order_id=order_id, reason=Reason.VENUE, text=text)
    elif report.state is S.EXPIRED:
        yield e.OrderExpired(time_ns=now, source=source, order_id=order_id, reason=Reason.VENUE)
    else:
        yield e.OrderCancelled(time_ns=now, source=source, order_id=order_id, reason=Reason.VENUE, text=text)
