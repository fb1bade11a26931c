"""How an amend changes a live order at the simulated venue, and its place in the queue."""

from __future__ import annotations

from . import reports as r
from .kinds import OrderState, Reason
from .values import changed
from .venue_execution import Execution
from .venue_memory import VenueMemory


class Amending:
    """Puts new terms in force.

    Args:
        memory: orders, books and offers.
        execution: lets an order arrive anew that has lost its place.
    """

    def __init__(self, memory: VenueMemory, execution: Execution) -> None:
        self._memory = memory
        self._execution = execution

    def amend(self, request: r.VenueModify) -> None:
        """Change the terms that a request names; a refused one leaves the old terms."""
        memory, client_id = self._memory, request.client_order_id
        order = memory.orders.get(client_id)
        if order is None or not order.is_live:
            self._refuse(request, Reason.NOT_AT_VENUE if order is None else Reason.TOO_LATE)
            return
        if request.price is not None and order.price is None:
            self._refuse(request, Reason.UNSUPPORTED, f"a {order.order_type.value} order has no price")
            return
        price = order.price if request.price is None else request.price
        quantity = order.quantity if request.quantity is None else max(request.quantity, order.filled)
        stop_price = request.stop_price or order.stop_price
        changes: dict[str, object] = {
            "price": price,
            "quantity": quantity,
            "stop_price": stop_price,
            "expire_time_ns": request.expire_time_ns or order.expire_time_ns,
        }
        # A place in the queue is kept only when nothing but the quantity shrinks.
        requeues = price != order.price or stop_price != order.stop_price or quantity > order.quantity
        if requeues:
            changes.update(priority=memory.next_priority(), crossing=False)
        if quantity == order.filled:
            changes["state"] = OrderState.FILLED
        order = memory.put(changed(order, **changes))
        modified = r.VenueModified(
            client_order_id=client_id,
            request_id=request.request_id,
            price=price,
            quantity=quantity,
            stop_price=request.stop_price,
            expire_time_ns=request.expire_time_ns,
            time_ns=memory.now_ns,
        )
        memory.reports.append(modified)
        if requeues and order.is_live and not order.waits_for_stop:
            self._execution.arrive(order)

    def _refuse(self, request: r.VenueModify, reason: Reason, text: str = "") -> None:
        self._memory.reports.append(
            r.VenueModifyRejected(
                client_order_id=request.client_order_id,
                request_id=request.request_id,
                reason=reason,
                text=text,
                time_ns=self._memory.now_ns,
            )
        )
