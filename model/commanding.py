"""What each command leads to: sent, or refused with the reason."""

from __future__ import annotations

from . import events as e
from . import reports as r
from .alarm import Alarm, AlarmCode
from .commands import Approved, CancelOrder, Command, Denied, ModifyOrder, SubmitOrder
from .kinds import OrderState, OrderType, Pending, Reason, TimeInForce
from .order import Order
from .records import SOURCE, Outcome, Records
from .refusal import Refusal
from .values import changed


class Commanding(Records):
    """The records, and what commands mean for them."""

    def decide_command(self, judged: Approved | Denied, now_ns: int) -> Outcome:
        """Judge a command that risk has passed on, approved or denied."""
        command = judged.command
        refusal = judged.refusal if isinstance(judged, Denied) else None
        match command:
            case SubmitOrder():
                return self._submit(command, refusal, now_ns)
            case CancelOrder():
                return self._cancel(command, refusal, now_ns)
            case _:
                return self._modify(command, refusal, now_ns)

    def decide_unhandled(self, judged: Approved | Denied, now_ns: int) -> Outcome:
        """Refuse a command that could not be handled, so that whoever sent it hears of it."""
        text = f"order_id {judged.command.order_id}: the command could not be handled and was set aside"
        return self._refused(judged.command, Refusal(Reason.INTERNAL_ERROR, text), now_ns)

    def _submit(self, command: SubmitOrder, refusal: Refusal | None, now: int) -> Outcome:
        order_id = command.order_id
        assert order_id is not None, "the edge gives every order an id"
        known = self.order(order_id)
        if known is not None and self._terms[order_id] == command and known.strategy_id == command.source:
            return Outcome(answer=(command.source, self.latest[order_id]))
        if known is not None or order_id in self._by_client_id:
            # An external order too has taken its id at the venue.
            text = f"order_id {order_id}: is taken by an order with other content"
            # Whoever waits for this id gets the order that has it, and would take it for the one that was refused.
            alarm = Alarm(now, AlarmCode.DUPLICATE_ID, order_id, f"{text}; no new order was created")
            return changed(self._refused(command, Refusal(Reason.DUPLICATE_ID, text), now), alarms=(alarm,))
        refusal = refusal or self.gate.refuse_submit(command.symbol) or self._refuse_more()
        created = e.OrderCreated(
            time_ns=now, source=SOURCE, order_id=order_id, strategy_id=command.source, terms=command
        )
        if refusal is not None:
            denied = e.OrderDenied(
                time_ns=now, source=SOURCE, order_id=order_id, reason=refusal.reason, text=refusal.text
            )
            return Outcome(updates=self._fold(None, (created, denied)))
        sent = e.OrderSubmitted(time_ns=now, source=SOURCE, order_id=order_id, client_order_id=order_id)
        request = r.VenueSubmit(
            client_order_id=order_id,
            symbol=command.symbol,
            side=command.side,
            order_type=command.order_type,
            quantity=command.quantity,
            price=command.price,
            stop_price=command.stop_price,
            time_in_force=command.time_in_force,
            expire_time_ns=command.expire_time_ns,
            instructions=command.instructions,
            account=command.source,
            time_ns=now,
            source=SOURCE,
        )
        return Outcome(updates=self._fold(None, (created, sent)), requests=(request,))

    def _refuse_more(self) -> Refusal | None:
        count = len(self._unanswered)
        if count < self._max_unanswered:
            return None
        text = f"the venue has not answered {count} orders: must be fewer than {self._max_unanswered} for another"
        return Refusal(Reason.VENUE_BUSY, text)

    def _cancel(self, command: CancelOrder, refusal: Refusal | None, now: int) -> Outcome:
        order = refusal or self._changeable(command.order_id)
        if isinstance(order, Order) and order.pending is Pending.CANCEL:
            order = Refusal(Reason.CANCEL_PENDING, f"order_id {command.order_id}: a cancel is already on its way")
        if isinstance(order, Refusal):
            return self._refused(command, order, now)
        if order.state is OrderState.PENDING:
            never_sent = e.OrderCancelled(
                time_ns=now, source=SOURCE, order_id=order.order_id, reason=Reason.REQUESTED, text="never sent"
            )
            return Outcome(updates=self._fold(order, (never_sent,)))
        request_id = self._next_id()
        asked = e.CancelRequested(time_ns=now, source=SOURCE, order_id=order.order_id, request_id=request_id)
        request = cancel_of(order, request_id, now)
        return Outcome(updates=self._fold(order, (asked,)), requests=(request, *self._asked_anew(order, now)))

    def _modify(self, command: ModifyOrder, refusal: Refusal | None, now: int) -> Outcome:
        order = refusal or self._changeable(command.order_id)
        if isinstance(order, Order):
            order = self._unmodifiable(command, order) or order
        if isinstance(order, Refusal):
            return self._refused(command, order, now)
        request_id = self._next_id()
        asked = e.ModifyRequested(
            time_ns=now,
            source=SOURCE,
            order_id=order.order_id,
            request_id=request_id,
            price=command.price,
            quantity=command.quantity,
            stop_price=command.stop_price,
            expire_time_ns=command.expire_time_ns,
        )
        request = r.VenueModify(
            client_order_id=order.client_order_id,
            request_id=request_id,
            symbol=order.symbol,
            price=command.price,
            quantity=command.quantity,
            stop_price=command.stop_price,
            expire_time_ns=command.expire_time_ns,
            time_ns=now,
            source=SOURCE,
        )
        return Outcome(updates=self._fold(order, (asked,)), requests=(request, *self._asked_anew(order, now)))

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
        closed = self.gate.refuse_modify()
        if closed is not None:
            return closed
        if order.state is OrderState.PENDING:
            return Refusal(Reason.NOT_AT_VENUE, f"order_id {order.order_id}: has not been sent yet")
        if order.pending is not Pending.NONE:
            reason = Reason.CANCEL_PENDING if order.pending is Pending.CANCEL else Reason.MODIFY_PENDING
            return Refusal(reason, f"order_id {order.order_id}: a {order.pending.value.lower()} is already on its way")
        if command.price is not None and order.order_type not in {OrderType.LIMIT, OrderType.STOP_LIMIT}:
            return Refusal.of(Reason.UNSUPPORTED, "price", command.price, f"a {order.order_type.value} order has none")
        if command.stop_price is not None and (order.stop_price is None or order.triggered):
            return Refusal.of(
                Reason.UNSUPPORTED, "stop_price", command.stop_price, "the order has none that could change"
            )
        if command.expire_time_ns is not None and order.time_in_force is not TimeInForce.GTD:
            text = f"a {order.time_in_force.value} order has none"
            return Refusal.of(Reason.UNSUPPORTED, "expire_time_ns", str(command.expire_time_ns), text)
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

    def _refused(self, command: Command, refusal: Refusal, now: int) -> Outcome:
        event = e.CommandRefused(
            time_ns=now,
            source=SOURCE,
            order_id=command.order_id or "",
            strategy_id=command.source,
            command=type(command).__name__,
            reason=refusal.reason,
            text=refusal.text,
        )
        return Outcome(updates=(e.OrderUpdate(self.sequence + 1, event, None),))


def cancel_of(order: Order, request_id: str, now: int) -> r.VenueCancel:
    """Return the request that cancels an order."""
    return r.VenueCancel(
        client_order_id=order.client_order_id, request_id=request_id, symbol=order.symbol, time_ns=now, source=SOURCE
    )
