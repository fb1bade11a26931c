"""Orders of one group at the simulated venue: an execution of one cancels the others, or takes as much from them.

As at venues that have order lists (Binance Spot's OCO). Without that, the order manager asks for the same when it hears
of the execution; by then the market, or the rest of the same bar, may have reached the others too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from .kinds import Contingency, OrderState, Reason
from .numbers import ZERO, add, plain, subtract
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
        text = f"{plain(quantity)} of {order.client_order_id} was executed"
        for other in tuple(self._beside(order)):
            left = ZERO if order.contingency is Contingency.OCO else subtract(other.leaves, quantity)
            if left > ZERO:
                shorten(self._memory, other, add(other.filled, left), Reason.CONTINGENT, self._next_id())
            else:
                cancel(self._memory, other, Reason.CONTINGENT, text)

    def end_late(self, order: VenueOrder) -> bool:
        """Cancel an order that comes in when another of its OCO group has been executed already; say whether it did.

        One that was executed and then cancelled does not count: the order that comes in may be what replaces it.
        """
        if not self._ties or order.contingency is not Contingency.OCO:
            return False
        known = (self._memory.orders.get(client_id) for client_id in self._memory.tied(order))
        executed = next((other for other in known if other and other.filled and other.state in _EXECUTED), None)
        if executed is None:
            return False
        text = f"{plain(executed.filled)} of {executed.client_order_id} was executed"
        cancel(self._memory, order, Reason.CONTINGENT, text)
        return True

    def _beside(self, order: VenueOrder) -> Iterator[VenueOrder]:
        for client_id in self._memory.tied(order):
            other = self._memory.orders.get(client_id)
            if other is not None and other.is_live and client_id != order.client_order_id:
                yield other
