"""When orders expire at the simulated venue: at the time that a GTD order names, at the end of a DAY order's session.

All times are nanoseconds since the epoch, UTC. An order has expired as soon as its time has come, so at that very time
nothing fills any more.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from .instrument import Instrument
from .kinds import TimeInForce
from .venue_order import VenueOrder


class Expiries:
    """The orders that will expire, the earliest first.

    An entry that no longer says when its order expires stays until its turn comes, and is then passed over.

    Args:
        orders: by client order id, as they stand now.
    """

    def __init__(self, orders: Mapping[str, VenueOrder]) -> None:
        self._orders = orders
        self._heap: list[tuple[int, str]] = []
        # Taken out in the step under way.
        self._taken: list[tuple[int, str]] = []

    def begin(self) -> None:
        """Begin a step: what was taken out before it stays out."""
        self._taken.clear()

    def roll_back(self) -> None:
        """Put back what the step under way has taken out; what it has put in is passed over from now on."""
        for entry in self._taken:
            heapq.heappush(self._heap, entry)
        self._taken.clear()

    def watch(self, order: VenueOrder, before: VenueOrder | None) -> None:
        """Take over an order's new state."""
        expires = order.expires_ns
        if expires is not None and (before is None or before.expires_ns != expires):
            heapq.heappush(self._heap, (expires, order.client_order_id))

    @property
    def next_ns(self) -> int | None:
        """When the next order expires; None when none will."""
        heap = self._heap
        while heap and not self._stands(heap[0]):
            self._taken.append(heapq.heappop(heap))
        return heap[0][0] if heap else None

    def take(self, now_ns: int) -> list[VenueOrder]:
        """Take out the orders whose time has come: the earliest first, and of one time the first in the queue."""
        found: dict[str, VenueOrder] = {}
        while (expires := self.next_ns) is not None and expires <= now_ns:
            entry = heapq.heappop(self._heap)
            self._taken.append(entry)
            found[entry[1]] = self._orders[entry[1]]
        return sorted(found.values(), key=_by_expiry)

    def _stands(self, entry: tuple[int, str]) -> bool:
        order = self._orders.get(entry[1])
        return order is not None and order.is_live and order.expires_ns == entry[0]


def _by_expiry(order: VenueOrder) -> tuple[int, int]:
    assert order.expires_ns is not None, "it has been found by it"
    return order.expires_ns, order.priority


def day_end(instrument: Instrument, time_in_force: TimeInForce, now_ns: int) -> int | None:
    """Return when a DAY order that comes in now expires; None for another, and for a market that never closes."""
    hours = instrument.trading_hours
    if hours is None or time_in_force is not TimeInForce.DAY:
        return None
    return hours.session_end(now_ns)
