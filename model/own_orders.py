"""What a strategy knows of its own: working orders, positions and groups, as a fold of what it is told."""

from __future__ import annotations

from decimal import Decimal

from .booking import entries
from .events import OrderUpdate
from .group import Groups
from .numbers import ZERO, add, negate
from .order import Order


class OwnOrders:
    """A fold of the entries of one strategy's orders."""

    def __init__(self) -> None:
        self.live: dict[str, Order] = {}
        self.positions: dict[str, Decimal] = {}
        self.groups = Groups()

    def on_update(self, update: OrderUpdate) -> None:
        """Fold one entry."""
        order, event = update.order, update.event
        self.groups.on_update(update)
        if order is None:
            return
        for entry in entries(event):
            bought = order.is_buy is not entry.taken_back
            change = entry.fill.quantity if bought else negate(entry.fill.quantity)
            self.positions[order.symbol] = add(self.positions.get(order.symbol, ZERO), change)
        if order.is_closed:
            self.live.pop(order.order_id, None)
        else:
            self.live[order.order_id] = order
