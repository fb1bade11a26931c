"""How an amend changes a live order at the simulated venue, and its place in the queue."""

from __future__ import annotations

from decimal import Decimal

from . import reports as r
from .kinds import OrderState, OrderType, Reason, TimeInForce
from .numbers import plain
from .values import changed
from .venue_execution import Execution
from .venue_memory import VenueMemory
from .venue_order import VenueOrder


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
        refusal = self._wrong(request, order)
        if refusal is not None:
            self._refuse(request, *refusal)
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

    def _wrong(self, request: r.VenueModify, order: VenueOrder) -> tuple[Reason, str] | None:
        """Return why the new terms cannot be those of the order, with the field, the value and the rule."""
        if request.price is not None and order.price is None:
            return _refused("price", request.price, f"a {order.order_type.value} order has none")
        if request.stop_price is not None and (order.stop_price is None or not order.waits_for_stop):
            has = "it has been triggered" if order.triggered else f"a {order.order_type.value} order has none"
            return _refused("stop_price", request.stop_price, has)
        if request.stop_price is not None and order.order_type is OrderType.TRAILING_STOP:
            return _refused("stop_price", request.stop_price, "that of a TRAILING_STOP follows the market")
        return self._wrong_time(request, order)

    def _wrong_time(self, request: r.VenueModify, order: VenueOrder) -> tuple[Reason, str] | None:
        until, now = request.expire_time_ns, self._memory.now_ns
        if until is None:
            return None
        if order.time_in_force is not TimeInForce.GTD:
            return _refused("expire_time_ns", until, f"a {order.time_in_force.value} order has none")
        return (
            None if until > now else _refused("expire_time_ns", until, f"must be after now, {now}", Reason.EXPIRE_TIME)
        )

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


def _refused(field: str, value: Decimal | int, rule: str, reason: Reason = Reason.UNSUPPORTED) -> tuple[Reason, str]:
    return reason, f"{field} {value if isinstance(value, int) else plain(value)}: {rule}"
