"""Orders of one group at the simulated venue: an execution of one cancels the others, or takes as much from them.

As at venues that have order lists (Binance Spot's OCO). Without that, the order manager asks for the same when it hears
of the execution; by then the market, or the rest of the same bar, may have reached the others too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from .kinds import Contingency, OrderState, Reason
from .numbers import ZERO, add, plain, subtract, total
from .venue_curtailing import cancel, shorten
from .venue_memory import VenueMemory
from .venue_order import VenueOrder, VenueRules

_EXECUTED: Final = frozenset({OrderState.PARTIALLY_FILLED, OrderState.FILLED})


class Ties:
    """Keeps the orders of a group to what the others leave them.

    Args:
        memory: orders and books.
        rules: whether the venue ties orders.
        next_id: source of the ids under which the venue itself changes an order.
    """

    def __init__(self, memory: VenueMemory, rules: VenueRules, next_id: Callable[[], str]) -> None:
        self._memory = memory
        self._ties = rules.ties
        self._next_id = next_id

    def book(self, order: VenueOrder, quantity: Decimal) -> None:
        """Take an execution of an order over to those that stand beside it in its group."""
        if not self._ties or order.contingency is None:
            return
        for other in tuple(self._beside(order)):
            if order.contingency is Contingency.OCO:
                cancel(self._memory, other, Reason.CONTINGENT, _executed(quantity, order))
            else:
                self._take(other, quantity, _executed(quantity, order))

    def _take(self, order: VenueOrder, quantity: Decimal, text: str) -> None:
        """Take from an order of an OUO group what was executed of others."""
        left = subtract(order.leaves, quantity)
        if left > ZERO:
            shorten(self._memory, order, add(order.filled, left), Reason.CONTINGENT, self._next_id())
        else:
            cancel(self._memory, order, Reason.CONTINGENT, text)

    def arrive(self, order: VenueOrder, asked_ns: int) -> VenueOrder:
        """Keep an order that comes in to what executions of the others of its group have left of it.

        Of an OCO group any execution cancels it. One that was executed and then cancelled does not count: what comes in
        may be what replaces it. Of an OUO group what was executed since it was asked for is taken from it; whoever
        asked has reckoned with what was executed before.

        Args:
            order: as it has been accepted.
            asked_ns: when it was asked for.
        """
        if not self._ties or order.contingency is None:
            return order
        known = (self._memory.orders.get(client_id) for client_id in self._memory.tied(order))
        others = [other for other in known if other is not None and other is not order]
        if order.contingency is Contingency.OCO:
            executed = next((other for other in others if other.filled and other.state in _EXECUTED), None)
            if executed is not None:
                cancel(self._memory, order, Reason.CONTINGENT, _executed(executed.filled, executed))
        else:
            # Where it may replace one that was cancelled, what bears the same time was known when that was asked for.
            since_ns = asked_ns + any(other.state is OrderState.CANCELLED for other in others)
            late = [
                (other, total(fill.quantity for fill in other.fill_chain.items() if fill.time_ns >= since_ns))
                for other in others
            ]
            if quantity := total(one for _, one in late):
                self._take(order, quantity, "; ".join(_executed(one, other) for other, one in late if one))
        return self._memory.orders[order.client_order_id]

    def _beside(self, order: VenueOrder) -> Iterator[VenueOrder]:
        for client_id in self._memory.tied(order):
            other = self._memory.orders.get(client_id)
            if other is not None and other.is_live and client_id != order.client_order_id:
                yield other


def _executed(quantity: Decimal, order: VenueOrder) -> str:
    return f"{plain(quantity)} of {order.client_order_id} was executed"
