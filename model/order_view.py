"""What can be read of orders: as they stand, the states that they have been in, statistics, and the latest entries."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from .events import OrderUpdate
from .explaining import explain
from .explanation import Explanation
from .kinds import OrderState, Side
from .order import Order
from .statistics import Statistics
from .stories import Stories


class OrderView:
    """A fold of the stream.

    Args:
        history: how many updates are kept, and how many more of orders that have closed.
    """

    def __init__(self, history: int) -> None:
        self.statistics = Statistics()
        self.history: deque[OrderUpdate] = deque(maxlen=history)
        self._orders: dict[str, Order] = {}
        self._live: dict[str, None] = {}
        self._visited: dict[str, frozenset[OrderState]] = {}
        self._stories = Stories(history)

    def on_update(self, update: OrderUpdate) -> None:
        """Fold one entry of the stream."""
        self.statistics.on_update(update)
        self.history.append(update)
        self._stories.on_update(update)
        order = update.order
        if order is None:
            return
        order_id = order.order_id
        visited = self._visited.get(order_id, frozenset())
        if order.state not in visited:
            self._visited[order_id] = visited | {order.state}
        self._orders[order_id] = order
        if order.is_closed:
            self._live.pop(order_id, None)
        else:
            self._live[order_id] = None

    def order(self, order_id: str) -> Order | None:
        """Return an order as it stands; None when it is not known."""
        return self._orders.get(order_id)

    def has_been(self, order_id: str, state: OrderState) -> bool:
        """Say whether an order has ever been in a state."""
        return state in self._visited.get(order_id, ())

    def newest(self, count: int | None) -> tuple[OrderUpdate, ...]:
        """Return the newest entries that are kept, oldest first; all without a count."""
        updates = tuple(self.history)
        return updates if count is None else updates[max(len(updates) - count, 0) :]

    def select(
        self,
        *,
        symbol: str | None = None,
        state: OrderState | None = None,
        side: Side | None = None,
        strategy_id: str | None = None,
        live_only: bool = False,
        newest: int | None = None,
    ) -> tuple[Order, ...]:
        """Return orders, oldest first: live ones only, or the newest few, where that is asked for."""
        ids: Iterable[str] = self._live if live_only else self._orders
        found = tuple(
            order
            for order in (self._orders[order_id] for order_id in ids)
            if (symbol is None or order.symbol == symbol)
            and (state is None or order.state is state)
            and (side is None or order.side is side)
            and (strategy_id is None or order.strategy_id == strategy_id)
        )
        return found if newest is None else found[max(len(found) - newest, 0) :]

    def explain(self, order_id: str) -> Explanation | None:
        """Return the story of one order; None when it is not known."""
        story = self._stories.of(order_id)
        if story is None:
            return None
        order = self._orders.get(order_id)
        group = None if order is None or order.group_id is None else self.statistics.groups.get(order.group_id)
        ids = () if group is None else (relative.order_id for relative in group.orders)
        stories = ((other, self._stories.of(other)) for other in ids if other != order_id)
        others = {other: kept for other, kept in stories if kept is not None}
        return explain(order_id, story, others, self._stories.states)
