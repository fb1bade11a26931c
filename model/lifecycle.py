"""The life of an order: everything that changes an order's state is in this file.

An order carries four facts (see order.py), and one of them, state, moves along the table below. Terminal rows are
present and empty. The theory that stands above the table:

* A fill is a fact. No state discards one: a fill that arrives in a terminal state is booked and the state stays.
* A state never moves backwards. A report that would move it so is a duplicate, a late arrival or a contradiction, and
  reporting.py decides which before an event is made of it. An event that reaches apply() has been accepted.
* A cancel or modify in flight is no state but a fact of its own, pending; only its own answer or the end of the order
  clears it.

apply(order, event) folds one event into an order. It is total over (state, event) for what the table allows and raises
IllegalTransition for the rest, which is a bug of ours and never a venue's fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from . import events as e
from .chain import Chain
from .errors import IllegalTransition
from .kinds import OrderState, Pending, Reason
from .numbers import add, multiply, subtract, total
from .order import Order
from .replacement import Replacement
from .reports import Fill
from .values import changed

S = OrderState

TRANSITIONS: Final[Mapping[OrderState, frozenset[OrderState]]] = MappingProxyType(
    {
        # PENDING ends REJECTED when we deny it and CANCELLED when it is withdrawn before it was sent.
        S.PENDING: frozenset({S.SUBMITTED, S.REJECTED, S.CANCELLED}),
        S.SUBMITTED: frozenset({S.OPEN, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED}),
        # OPEN ends REJECTED when a triggered stop is refused by the venue.
        S.OPEN: frozenset({S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED}),
        S.PARTIALLY_FILLED: frozenset({S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.EXPIRED}),
        S.FILLED: frozenset(),
        S.CANCELLED: frozenset(),
        S.REJECTED: frozenset(),
        S.EXPIRED: frozenset(),
    }
)


def may_become(state: OrderState, target: OrderState) -> bool:
    """Say whether the table allows the move."""
    return target in TRANSITIONS[state]


def create(event: e.OrderCreated) -> Order:
    """Begin an order's life."""
    terms = event.terms
    return Order(
        order_id=event.order_id,
        client_order_id=event.order_id,
        strategy_id=event.strategy_id,
        symbol=terms.symbol,
        side=terms.side,
        order_type=terms.order_type,
        quantity=terms.quantity,
        price=terms.price,
        stop_price=terms.stop_price,
        time_in_force=terms.time_in_force,
        expire_time_ns=terms.expire_time_ns,
        instructions=terms.instructions,
        link=event.link,
        created_ns=event.time_ns,
        tag=terms.tag,
        notes=terms.notes,
    )


def apply(order: Order | None, event: e.OrderEvent) -> Order:
    """Fold one accepted event into an order; OrderCreated alone takes None.

    Raises:
        IllegalTransition: when the table forbids the move, or a stream does not begin with OrderCreated.
    """
    if order is None:
        if not isinstance(event, e.OrderCreated):
            raise IllegalTransition(event.order_id, "none", type(event).__name__)
        return create(event)
    fold = _FOLDS.get(type(event))
    if fold is None:
        raise _forbidden(order, event)
    folded: Order = fold(order, event)
    return folded


def _forbidden(order: Order, event: e.OrderEvent) -> IllegalTransition:
    return IllegalTransition(order.order_id, order.state.value, type(event).__name__)


def _move(order: Order, target: OrderState, event: e.OrderEvent, **changes: object) -> Order:
    if not may_become(order.state, target):
        raise _forbidden(order, event)
    return changed(order, state=target, **changes)


def _close(order: Order, target: OrderState, event: e.OrderEvent, reason: Reason | None, **changes: object) -> Order:
    return _move(order, target, event, pending=Pending.NONE, closed_ns=event.time_ns, reason=reason, **changes)


def _denied(order: Order, event: e.OrderDenied) -> Order:
    if order.state is not S.PENDING:
        # What has been sent is the venue's to refuse.
        raise _forbidden(order, event)
    return _close(order, S.REJECTED, event, event.reason, reason_text=event.text)


def _submitted(order: Order, event: e.OrderSubmitted) -> Order:
    return _move(order, S.SUBMITTED, event, client_order_id=event.client_order_id, submitted_ns=event.time_ns)


def _opened(order: Order, event: e.OrderOpened) -> Order:
    return _move(order, S.OPEN, event, exchange_order_id=event.exchange_order_id)


def _rejected(order: Order, event: e.OrderRejected) -> Order:
    if order.state is S.PENDING:
        # What has not been sent, the venue cannot refuse.
        raise _forbidden(order, event)
    return _close(order, S.REJECTED, event, event.reason, reason_text=event.text)


def _triggered(order: Order, event: e.OrderTriggered) -> Order:
    if not order.is_open:
        raise _forbidden(order, event)
    return changed(order, triggered=True, stop_price=event.stop_price or order.stop_price)


def _filled(order: Order, event: e.OrderFilled) -> Order:
    fill = event.fill
    counted = order.fee_currency is None or order.fee_currency == fill.fee_currency
    booked = changed(
        order,
        filled_quantity=add(order.filled_quantity, fill.quantity),
        filled_notional=add(order.filled_notional, multiply(fill.quantity, fill.price)),
        fees_paid=add(order.fees_paid, fill.fee) if counted else order.fees_paid,
        fee_currency=order.fee_currency or fill.fee_currency,
        fill_chain=order.fill_chain.appended(fill),
    )
    if event.client_order_id is not None:
        under = add(order.replaced_filled_quantity, fill.quantity)
        sized = max(order.replaced_quantity, under)
        booked = changed(booked, replaced_filled_quantity=under, replaced_quantity=sized)
    if order.is_closed:
        return changed(booked, late_fill=True)
    return _after_fill(booked, event)


def _after_fill(order: Order, event: e.OrderEvent) -> Order:
    if order.filled_quantity >= order.quantity:
        return _close(order, S.FILLED, event, None, filled_ns=event.time_ns)
    return _move(order, S.PARTIALLY_FILLED, event)


def _busted(order: Order, event: e.FillBusted) -> Order:
    return _restated(order, event, event.fill, ())


def _corrected(order: Order, event: e.FillCorrected) -> Order:
    after = _restated(order, event, event.replaced, (event.fill,))
    return after if after.is_closed or after.filled_quantity < after.quantity else _after_fill(after, event)


def _restated(order: Order, event: e.FillBusted | e.FillCorrected, replaced: Fill, by: tuple[Fill, ...]) -> Order:
    standing = order.fills
    if replaced not in standing:
        raise _forbidden(order, event)
    at = standing.index(replaced)
    # Summed anew, so that what is reversed is reversed exactly, and the currency is that of the first that stands.
    fills = standing[:at] + by + standing[at + 1 :]
    currency = fills[0].fee_currency if fills else None
    if event.client_order_id is not None:
        change = subtract(total(fill.quantity for fill in by), replaced.quantity)
        order = changed(
            order,
            replaced_filled_quantity=add(order.replaced_filled_quantity, change),
            replaced_quantity=add(order.replaced_quantity, change),
        )
    return changed(
        order,
        filled_quantity=total(fill.quantity for fill in fills),
        filled_notional=total(multiply(fill.quantity, fill.price) for fill in fills),
        fees_paid=total(fill.fee for fill in fills if fill.fee_currency == currency),
        fee_currency=currency,
        fill_chain=Chain.of(fills),
    )


def _cancel_requested(order: Order, event: e.CancelRequested) -> Order:
    if order.is_closed or order.state is S.PENDING:
        raise _forbidden(order, event)
    # A cancel may go after a modification, which then still has an answer to come.
    overtaken = order.pending_request_id if order.pending is Pending.MODIFY else order.overtaken_request_id
    return changed(
        order,
        pending=Pending.CANCEL,
        pending_request_id=event.request_id,
        withdrawn_because=event.reason,
        overtaken_request_id=overtaken,
    )


def _modify_requested(order: Order, event: e.ModifyRequested) -> Order:
    if order.is_closed or order.state is S.PENDING:
        raise _forbidden(order, event)
    replacement = None
    if event.replaces:
        replacement = Replacement(
            request_id=event.request_id,
            price=event.price,
            quantity=event.quantity,
            stop_price=event.stop_price,
            expire_time_ns=event.expire_time_ns,
        )
    return changed(
        order,
        pending=Pending.MODIFY,
        pending_request_id=event.request_id,
        pending_quantity=event.quantity,
        replacement=replacement,
    )


def _replaced(order: Order, event: e.OrderReplaced) -> Order:
    if not order.is_open:
        raise _forbidden(order, event)
    asked = order.replacement
    return changed(
        order,
        client_order_id=event.client_order_id,
        replaced_client_order_ids=(*order.replaced_client_order_ids, order.client_order_id),
        replacement=None if asked is None else changed(asked, sent=event.quantity),
        replaced_quantity=event.filled_quantity,
        replaced_filled_quantity=order.filled_quantity,
        exchange_order_id=None,
    )


def _request_refused(order: Order, event: e.CancelRejected | e.ModifyRejected) -> Order:
    return _answered(order, event.request_id)


def _answered(order: Order, request_id: str | None) -> Order:
    if request_id is None:
        return order
    if order.replacement is not None and order.replacement.request_id == request_id:
        order = changed(order, replacement=None)
    if request_id == order.overtaken_request_id:
        return changed(order, overtaken_request_id=None, pending_quantity=None)
    if request_id != order.pending_request_id:
        # An answer to an older request must not clear a newer one.
        return order
    overtaken = order.overtaken_request_id
    pending = Pending.NONE if overtaken is None or order.is_closed else Pending.MODIFY
    quantity = None if overtaken is None else order.pending_quantity
    return changed(
        order,
        pending=pending,
        pending_request_id=overtaken,
        withdrawn_because=None,
        overtaken_request_id=None,
        pending_quantity=quantity,
    )


def _modified(order: Order, event: e.OrderModified) -> Order:
    # What has not been sent takes new terms at once; what is on its way has to be acknowledged first.
    if not order.is_open and order.state is not S.PENDING:
        raise _forbidden(order, event)
    answered = _answered(order, event.request_id)
    quantity = order.quantity if event.quantity is None else event.quantity
    modified = changed(
        answered,
        price=order.price if event.price is None else event.price,
        stop_price=order.stop_price if event.stop_price is None else event.stop_price,
        expire_time_ns=order.expire_time_ns if event.expire_time_ns is None else event.expire_time_ns,
        # To or below what has filled: the quantity becomes what has filled, and the order is done.
        quantity=max(quantity, order.filled_quantity),
        exchange_order_id=event.exchange_order_id or order.exchange_order_id,
        terms_changed=order.terms_changed or (order.state is not S.PENDING and _names_terms(event)),
    )
    return _after_fill(modified, event) if quantity <= order.filled_quantity else modified


def _names_terms(event: e.OrderModified) -> bool:
    named = (event.price, event.quantity, event.stop_price, event.expire_time_ns)
    return any(term is not None for term in named)


def _cancelled(order: Order, event: e.OrderCancelled) -> Order:
    return _close(order, S.CANCELLED, event, event.reason, reason_text=event.text)


def _expired(order: Order, event: e.OrderExpired) -> Order:
    return _close(order, S.EXPIRED, event, event.reason, reason_text=event.text)


def _in_doubt(order: Order, event: e.OrderInDoubt) -> Order:
    # Asked once more about a doubt that there is, what was missing still is.
    said = order.venue_filled_quantity if event.filled_quantity is None else event.filled_quantity
    until_asked = order.until_asked or event.until_asked
    return changed(order, in_doubt=True, venue_filled_quantity=said, until_asked=until_asked)


def _resolved(order: Order, _event: e.OrderResolved) -> Order:
    return changed(order, in_doubt=False, venue_filled_quantity=None, until_asked=False)


_FOLDS: Final[Mapping[type[Any], Callable[[Order, Any], Order]]] = MappingProxyType(
    {
        e.OrderDenied: _denied,
        e.OrderSubmitted: _submitted,
        e.OrderOpened: _opened,
        e.OrderRejected: _rejected,
        e.OrderTriggered: _triggered,
        e.OrderFilled: _filled,
        e.FillBusted: _busted,
        e.FillCorrected: _corrected,
        e.CancelRequested: _cancel_requested,
        e.CancelRejected: _request_refused,
        e.ModifyRequested: _modify_requested,
        e.OrderReplaced: _replaced,
        e.ModifyRejected: _request_refused,
        e.OrderModified: _modified,
        e.OrderCancelled: _cancelled,
        e.OrderExpired: _expired,
        e.OrderInDoubt: _in_doubt,
        e.OrderResolved: _resolved,
    }
)
