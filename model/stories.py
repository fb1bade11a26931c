"""The events of each order, kept for as long as somebody is likely to ask how it came to what it is."""

from __future__ import annotations

from collections import deque
from itertools import chain

import attrs

from .account_events import TradingStateChanged
from .events import OrderCreated, OrderUpdate

MOST_OF_ONE = 100
"""How many updates are kept of one order besides its first."""


@attrs.frozen
class Story:
    """What is kept of an order: its first update, and its latest. left_out is how many are missing between them."""

    updates: tuple[OrderUpdate, ...]
    left_out: int = 0


class _Kept:
    """The updates of one order."""

    __slots__ = ("count", "first", "latest", "live")

    def __init__(self, first: OrderUpdate) -> None:
        self.first = first
        # A list, since a deque takes room for 64 at once, and there is one for each order.
        self.latest: list[OrderUpdate] = []
        self.count = 1
        self.live = False

    @property
    def size(self) -> int:
        """How many updates are kept."""
        return len(self.latest) + 1


class Stories:
    """Keeps the updates of live orders, of the orders that closed last, and the first of every order.

    Args:
        most: how many updates are kept of closed orders, and how many changes of the trading state.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[str, _Kept] = {}
        # Those that have closed, or never were an order: the first to close is the first to go.
        self._closed: dict[str, None] = {}
        self._closed_size = 0
        self._states: deque[OrderUpdate] = deque(maxlen=most)

    @property
    def states(self) -> tuple[OrderUpdate, ...]:
        """The latest changes of the trading state, oldest first."""
        return tuple(self._states)

    def of(self, order_id: str) -> Story | None:
        """Return what is kept of an order; None when it is not known."""
        kept = self._kept.get(order_id)
        if kept is None:
            return None
        return Story(tuple(chain((kept.first,), kept.latest)), kept.count - kept.size)

    def on_update(self, update: OrderUpdate) -> None:
        """Take over one entry of the stream."""
        if isinstance(update.event, TradingStateChanged):
            self._states.append(update)
        elif update.event.order_id:
            self._keep(update.event.order_id, update)

    def _keep(self, order_id: str, update: OrderUpdate) -> None:
        kept = self._kept.get(order_id)
        before = 0 if kept is None or order_id not in self._closed else kept.size
        if kept is None or isinstance(update.event, OrderCreated):
            # An id may have been named by a command before it was an order.
            kept = self._kept[order_id] = _Kept(update)
        else:
            if len(kept.latest) == MOST_OF_ONE:
                del kept.latest[0]
            kept.latest.append(update)
            kept.count += 1
        if update.order is not None:
            kept.live = not update.order.is_closed
        if kept.live:
            if before:
                del self._closed[order_id]
                self._closed_size -= before
            return
        self._closed[order_id] = None
        self._closed_size += kept.size - before
        while self._closed_size > self._most:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        order_id = next(iter(self._closed))
        del self._closed[order_id]
        kept = self._kept[order_id]
        self._closed_size -= kept.size
        if kept.first.order is None:
            del self._kept[order_id]
        else:
            kept.latest = []
