"""How the simulated venue cuts an order short, and reports it: to a lower quantity, or altogether."""

from __future__ import annotations

from decimal import Decimal

from . import reports as r
from .kinds import OrderState, Reason
from .values import changed
from .venue_memory import VenueMemory
from .venue_order import VenueOrder


def shorten(memory: VenueMemory, order: VenueOrder, quantity: Decimal, reason: Reason, request_id: str) -> None:
    """Lower an order's quantity, what has filled included, unasked: the id is the venue's own."""
    memory.put(changed(order, quantity=quantity))
    memory.reports.append(
        r.VenueModified(
            client_order_id=order.client_order_id,
            request_id=request_id,
            quantity=quantity,
            reason=reason,
            time_ns=memory.now_ns,
        )
    )


def cancel(memory: VenueMemory, order: VenueOrder, reason: Reason, text: str = "") -> None:
    """End what is left of an order as cancelled."""
    memory.put(changed(order, state=OrderState.CANCELLED))
    memory.reports.append(
        r.VenueCancelled(
            client_order_id=order.client_order_id,
            reason=reason,
            text=text,
            filled_quantity=order.filled,
            time_ns=memory.now_ns,
        )
    )


def expire(memory: VenueMemory, order: VenueOrder, reason: Reason, text: str = "") -> None:
    """End what is left of an order as expired."""
    memory.put(changed(order, state=OrderState.EXPIRED))
    memory.reports.append(
        r.VenueExpired(
            client_order_id=order.client_order_id,
            reason=reason,
            text=text,
            filled_quantity=order.filled,
            time_ns=memory.now_ns,
        )
    )
