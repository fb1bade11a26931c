"""What each command leads to: sent, or refused with the reason."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

import attrs

from . import events as e
from . import reports as r
from .alarm import Alarm, AlarmCode
from .commands import CancelOrder, ModifyOrder, OrderCommand, SubmitOrder
from .judgement import NOT_JUDGED, Judgement
from .kinds import OrderState, OrderType, Pending, Reason
from .order import Order
from .records import SOURCE, Outcome, Records
from .refusal import Refusal
from .validation import check_has
from .values import changed


@attrs.frozen(kw_only=True)
class Change:
    """New terms for an order that we change by ourselves; one of None stays."""

    price: Decimal | None = None
    quantity: Decimal | None = None
    stop_price: Decimal | None = None
    expire_time_ns: int | None = None


NewTerms: TypeAlias = ModifyOrder | Change


@attrs.frozen
class Step:
    """What one request for an order leads to: events of the order, to be folded, and then requests to the venue."""

    events: tuple[e.OrderEvent, ...]
    requests: tuple[r.VenueRequest, ...] = ()


class Commanding(Records):
    """The records, and what commands on one order mean for them."""

    def _commanded(
        self, command: OrderCommand, refusal: Refusal | None, judgements: tuple[Judgement, ...], now: int
    ) -> Outcome:
        judgement = judgements[0] if judgements else NOT_JUDGED
        match command:
            case SubmitOrder():
                return self._submit(command, refusal, judgement, now)
            case CancelOrder():
                return self._cancel(command, refusal, judgement, now)
            case ModifyOrder():
                return self._modify(command, refusal, judgement, now)

    def _submit(self, command: SubmitOrder, refusal: Refusal | None, judgement: Judgement, now: int) -> Outcome:
        order_id = command.order_id
        assert order_id is not None, "the edge gives every order an id"
        known = self.order(order_id)
        if known is not None and self._terms[order_id] == command and known.strategy_id == command.source:
            return Outcome(answers=((command.source, self.latest[order_id]),))
        if known is not None or order_id in self._by_client_id:
            # An external order too has taken its id at the venue.
            text = f"order_id {order_id}: is taken by an order with other content"
            # Whoever waits for this id gets the order that has it, and would take it for the one that was refused.
            alarm = Alarm(now, AlarmCode.DUPLICATE_ID, order_id, f"{text}; no new order was created")
            return changed(self._refused(command, Refusal(Reason.DUPLICATE_ID, text), now), alarms=(alarm,))
        refusal = refusal or self.gate.refuse_new(command.symbol, command.source) or self._refuse_more()
        created = e.OrderCreated(
            time_ns=now,
            source=SOURCE,
            order_id=order_id,
            strategy_id=command.source,
            terms=command,
            judgement=judgement,
        )
        if refusal is not None:
            return Outcome(updates=self._fold(None, (created, denied_as(order_id, refusal, now))))
        updates = self._fold(None, (created, sent_as(order_id, now)))
        order = updates[-1].order
        assert order is not None, "each of these events is of the order"
        return Outcome(updates, (submit_of(order, order_id, now),))

    def decide_fact(self, fact: e.Fact, now: int) -> Outcome:
        """Record what risk has decided by itself, at the time when it is recorded."""
        return Outcome(updates=(e.OrderUpdate(self.sequence + 1, changed(fact, time_ns=now), None),))

    def _refuse_more(self) -> Refusal | None:
        count = len(self._unanswered)
        if count < self._max_unanswered:
            return None
        text = f"the venue has not answered {count} orders: must be fewer than {self._max_unanswered} for another"
        return Refusal(Reason.VENUE_BUSY, text)

    def _cancel(self, command: CancelOrder, refusal: Refusal | None, judgement: Judgement, now: int) -> Outcome:
        order = refusal or self._changeable(command.order_id)
        if isinstance(order, Order) and order.pending is Pending.CANCEL:
            order = Refusal(Reason.CANCEL_PENDING, f"order_id {command.order_id}: a cancel is already on its way")
        if isinstance(order, Refusal):
            return self._refused(command, order, now, judgement)
        return self._stepped(order, self._withdrawn(order, now), now)

    def _modify(self, command: ModifyOrder, refusal: Refusal | None, judgement: Judgement, now: int) -> Outcome:
        order = refusal or self._changeable(command.order_id)
        if isinstance(order, Order):
            order = self._unmodifiable(command, order) or order
        if isinstance(order, Refusal):
            return self._refused(command, order, now, judgement)
        return self._stepped(order, self._amended(order, command, now, judgement=judgement), now)

    def _stepped(self, order: Order, step: Step, now: int) -> Outcome:
        asked = self._asked_anew(order, now) if step.requests else ()
        return Outcome(updates=self._fold(order, step.events), requests=(*step.requests, *asked))

    def _withdrawn(self, order: Order, now: int, reason: Reason = Reason.REQUESTED) -> Step:
        """Cancel a live order: at once where it has not been sent, else by a request to the venue."""
        order_id = order.order_id
        if order.state is OrderState.PENDING:
            ended = e.OrderCancelled(time_ns=now, source=SOURCE, order_id=order_id, reason=reason, text="never sent")
            return Step((ended,))
        request_id = self._next_id()
        asked = e.CancelRequested(time_ns=now, source=SOURCE, order_id=order_id, request_id=request_id, reason=reason)
        return Step((asked,), (cancel_of(order, request_id, now),))

    def _amended(
        self,
        order: Order,
        terms: NewTerms,
        now: int,
        reason: Reason = Reason.REQUESTED,
        *,
        judgement: Judgement = NOT_JUDGED,
    ) -> Step:
        """Change a live order's terms: at once where it has not been sent, else by a request to the venue.

        terms is a ModifyOrder, or a Change, which risk does not judge.
        """
        if order.state is OrderState.PENDING:
            # One that nobody asked for has no id by which it could be waited for.
            request_id = self._next_id() if reason is Reason.REQUESTED else None
            return Step((modified_to(order, terms, request_id, now),))
        request_id = self._next_id()
        asked = e.ModifyRequested(
            time_ns=now,
            source=SOURCE,
            order_id=order.order_id,
            request_id=request_id,
            price=terms.price,
            quantity=terms.quantity,
            stop_price=terms.stop_price,
            expire_time_ns=terms.expire_time_ns,
            reason=reason,
            replaces=not self._amends,
            judgement=judgement,
        )
        # Where the venue has no amend, a new order follows once this one is off its book; see replacing.py.
        request = modify_of(order, asked, now) if self._amends else cancel_of(order, request_id, now)
        return Step((asked,), (request,))

    def _asked_anew(self, order: Order, now: int) -> tuple[r.VenueRequest, ...]:
        """Ask about an order in doubt behind a new request: what was asked before it says nothing of it."""
        return self._asked(order, now) if order.in_doubt else ()

    def _changeable(self, order_id: str) -> Order | Refusal:
        order = self.order(order_id)
        if order is None:
            return Refusal(Reason.UNKNOWN_ORDER, f"order_id {order_id}: is not known")
        if order.is_closed:
            return Refusal(Reason.ORDER_CLOSED, f"order_id {order_id}: is {order.state.value}")
        return order

    def _unmodifiable(self, command: ModifyOrder, order: Order) -> Refusal | None:
        closed = self.gate.refuse_modify(order.strategy_id) or self.gate.refuse_unreconciled()
        if closed is not None:
            return closed
        if order.pending is not Pending.NONE:
            reason = Reason.CANCEL_PENDING if order.pending is Pending.CANCEL else Reason.MODIFY_PENDING
            return Refusal(reason, f"order_id {order.order_id}: a {order.pending.value.lower()} is already on its way")
        absent = check_has(order, command)
        if absent is not None:
            return absent
        if command.stop_price is not None and order.triggered:
            return Refusal.of(Reason.UNSUPPORTED, "stop_price", command.stop_price, "it has been triggered")
        if all(
            wanted is None or wanted == current
            for wanted, current in (
                (command.price, order.price),
                (command.quantity, order.quantity),
                (command.stop_price, order.stop_price),
                (command.expire_time_ns, order.expire_time_ns),
            )
        ):
            return Refusal(Reason.NOTHING_TO_MODIFY, f"order_id {order.order_id}: has these terms already")
        return None

    def _refused(self, command: OrderCommand, refusal: Refusal, now: int, judgement: Judgement = NOT_JUDGED) -> Outcome:
        event = e.CommandRefused(
            time_ns=now,
            source=SOURCE,
            order_id=command.order_id or "",
            strategy_id=command.source,
            command=type(command).__name__,
            reason=refusal.reason,
            text=refusal.text,
            judgement=judgement,
        )
        return Outcome(updates=(e.OrderUpdate(self.sequence + 1, event, None),))


def denied_as(order_id: str, refusal: Refusal, now: int) -> e.OrderDenied:
    """Return what ends an order that never left."""
    return e.OrderDenied(time_ns=now, source=SOURCE, order_id=order_id, reason=refusal.reason, text=refusal.text)


def sent_as(order_id: str, now: int) -> e.OrderSubmitted:
    """Return what begins an order's way to the venue; its first client id is its own."""
    return e.OrderSubmitted(time_ns=now, source=SOURCE, order_id=order_id, client_order_id=order_id)


def submit_of(order: Order, client_order_id: str, now: int) -> r.VenueSubmit:
    """Return the request that places an order with what remains of it."""
    return r.VenueSubmit(
        client_order_id=client_order_id,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        quantity=order.remaining_quantity,
        price=order.price,
        stop_price=order.stop_price,
        time_in_force=order.time_in_force,
        expire_time_ns=order.expire_time_ns,
        instructions=order.instructions,
        account=order.strategy_id,
        closes=order.closes,
        link_id=order.group_id,
        contingency=None if order.link is None else order.link.beside,
        time_ns=now,
        source=SOURCE,
    )


def replacement_of(order: Order, now: int) -> r.VenueSubmit:
    """Return the request that places an order anew which the venue has cancelled to be replaced.

    A stop that has been triggered is what it has become: the limit order, or the market order.
    """
    asked = order.replacement
    assert asked is not None, "it is sent with what was asked for"
    assert asked.sent is not None, "its quantity was decided"
    shown = order.display_quantity
    request = changed(
        submit_of(order, order.client_order_id, now),
        quantity=asked.sent,
        price=asked.price or order.price,
        stop_price=asked.stop_price or order.stop_price,
        expire_time_ns=asked.expire_time_ns or order.expire_time_ns,
    )
    if order.triggered:
        kind = OrderType.MARKET if request.price is None else OrderType.LIMIT
        request = changed(request, order_type=kind, stop_price=None)
    if shown is not None and shown > asked.sent:
        request = changed(request, instructions=changed(order.instructions, display_quantity=asked.sent))
    return request


def cancel_of(order: Order, request_id: str, now: int) -> r.VenueCancel:
    """Return the request that cancels an order."""
    return r.VenueCancel(
        client_order_id=order.client_order_id, request_id=request_id, symbol=order.symbol, time_ns=now, source=SOURCE
    )


def modify_of(order: Order, asked: e.ModifyRequested, now: int) -> r.VenueModify:
    """Return the request that puts the new terms in force."""
    return r.VenueModify(
        client_order_id=order.client_order_id,
        request_id=asked.request_id,
        symbol=order.symbol,
        price=asked.price,
        quantity=asked.quantity,
        stop_price=asked.stop_price,
        expire_time_ns=asked.expire_time_ns,
        time_ns=now,
        source=SOURCE,
    )


def modified_to(order: Order, terms: NewTerms, request_id: str | None, now: int) -> e.OrderModified:
    """Return the new terms in force of an order that has not been sent."""
    return e.OrderModified(
        time_ns=now,
        source=SOURCE,
        order_id=order.order_id,
        request_id=request_id,
        price=terms.price,
        quantity=terms.quantity,
        stop_price=terms.stop_price,
        expire_time_ns=terms.expire_time_ns,
    )
