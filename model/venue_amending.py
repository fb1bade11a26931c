"""How an amend changes a live order at the simulated venue, and its place in the queue.

An order keeps its place when nothing but its quantity shrinks, or its expiry changes; with another price or stop price,
or more quantity, it queues anew behind the others (as on CME Globex; Binance Spot has order/amend/keepPriority, which
lowers the quantity and nothing else).
"""

from __future__ import annotations

from . import reports as r
from .kinds import OrderState, OrderType, Reason, TimeInForce
from .refusal import Refusal
from .validation import check_expiry
from .values import changed
from .venue_admission import Admission
from .venue_execution import Execution
from .venue_memory import VenueMemory
from .venue_order import VenueOrder, VenueRules


class Amending:
    """Puts new terms in force.

    Args:
        memory: orders, books and offers.
        execution: lets an order arrive anew that has lost its place.
        admission: judges new terms by the market and the position.
        rules: whether there is an amend at all.
    """

    def __init__(self, memory: VenueMemory, execution: Execution, admission: Admission, rules: VenueRules) -> None:
        self._memory = memory
        self._execution = execution
        self._admission = admission
        self._rules = rules

    def amend(self, request: r.VenueModify) -> None:
        """Change the terms that a request names; a refused one leaves the old terms."""
        memory, client_id = self._memory, request.client_order_id
        order = memory.orders.get(client_id)
        if order is None or not order.is_live:
            self._refuse(request, Refusal(Reason.NOT_AT_VENUE if order is None else Reason.TOO_LATE, ""))
            return
        wanted = self._asked_for(request, order)
        granted = self._wrong(request, order) or self._admission.amended(order, wanted)
        if isinstance(granted, Refusal):
            self._refuse(request, granted)
            return
        after = memory.put(granted)
        reason = Reason.REQUESTED if after.price == wanted.price else Reason.POST_ONLY
        modified = r.VenueModified(
            client_order_id=client_id,
            request_id=request.request_id,
            price=after.price,
            quantity=after.quantity,
            stop_price=request.stop_price,
            expire_time_ns=request.expire_time_ns,
            reason=reason if after.quantity == wanted.quantity else Reason.REDUCE_ONLY,
            time_ns=memory.now_ns,
        )
        memory.reports.append(modified)
        comes_anew = after.priority != order.priority and after.is_live
        if comes_anew and (not after.waits_for_stop or after.stop_price != order.stop_price):
            self._execution.arrive(after)

    def _asked_for(self, request: r.VenueModify, order: VenueOrder) -> VenueOrder:
        """Return the order with the new terms; to or below what has filled, it is done with that."""
        price = request.price or order.price
        quantity = order.quantity if request.quantity is None else max(request.quantity, order.filled)
        stop_price = request.stop_price or order.stop_price
        after = changed(
            order,
            price=price,
            quantity=quantity,
            stop_price=stop_price,
            expire_time_ns=request.expire_time_ns or order.expire_time_ns,
        )
        if quantity == order.filled:
            after = changed(after, state=OrderState.FILLED)
        if price != order.price or stop_price != order.stop_price or quantity > order.quantity:
            return changed(after, priority=self._memory.next_priority(), crossing=False)
        return after

    def _wrong(self, request: r.VenueModify, order: VenueOrder) -> Refusal | None:
        """Refuse terms that the order has not, and a time that is over."""
        kind = f"a {order.order_type.value} order has none"
        if not self._rules.amends:
            return Refusal(Reason.UNSUPPORTED, f"client_order_id {order.client_order_id}: this venue amends no orders")
        if request.price is not None and order.price is None:
            return Refusal.of(Reason.UNSUPPORTED, "price", request.price, kind)
        if request.stop_price is not None and (order.stop_price is None or not order.waits_for_stop):
            rule = "it has been triggered" if order.triggered else kind
            return Refusal.of(Reason.UNSUPPORTED, "stop_price", request.stop_price, rule)
        if request.stop_price is not None and order.order_type is OrderType.TRAILING_STOP:
            rule = "that of a TRAILING_STOP order follows the market"
            return Refusal.of(Reason.UNSUPPORTED, "stop_price", request.stop_price, rule)
        if request.expire_time_ns is not None and order.time_in_force is not TimeInForce.GTD:
            rule = f"a {order.time_in_force.value} order has none"
            return Refusal.of(Reason.UNSUPPORTED, "expire_time_ns", str(request.expire_time_ns), rule)
        return check_expiry(request.expire_time_ns, self._memory.now_ns)

    def _refuse(self, request: r.VenueModify, refusal: Refusal) -> None:
        self._memory.reports.append(
            r.VenueModifyRejected(
                client_order_id=request.client_order_id,
                request_id=request.request_id,
                reason=refusal.reason,
                text=refusal.text,
                time_ns=self._memory.now_ns,
            )
        )
