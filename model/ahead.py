"""What stands before each order that rests at a price, estimated from the sizes and trades recorded there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from decimal import Decimal

from .numbers import ZERO, add, subtract

Arrival = tuple[int, Decimal | None]
"""An order's number, and the recorded size that it came behind, with what had traded until then."""


class Ahead:
    """The estimates of all orders that rest at one price.

    An order begins behind the size that is recorded when it arrives. A trade at the price takes from what stands before
    it; a recorded size below the estimate lowers it, since those who left may have stood before or behind, but what is
    there cannot be more. Both move every order at the price alike, so they are noted once: with T the sum of what has
    traded, an estimate is the least of (size + T then) over its arrival and every size recorded since, less T now.
    """

    __slots__ = ("_arrived", "_lows", "_numbers", "_traded")

    def __init__(self) -> None:
        self._traded = ZERO
        self._arrived = 0
        # Sizes recorded since, + T then, rising: one that is followed by a lower one does not count any more. Beside
        # each, how many orders had arrived before it.
        self._lows: list[Decimal] = []
        self._numbers: list[int] = []

    def arrived(self, shown: Decimal | None) -> Arrival:
        """Note an order that comes behind the recorded size; None where that is not known."""
        self._arrived += 1
        return self._arrived, None if shown is None else add(shown, self._traded)

    def of(self, arrival: Arrival) -> Decimal | None:
        """Return the estimate for an order; None while no size has been known since it arrived."""
        number, least = arrival
        # The first low that came after it is the least of them.
        place = bisect_left(self._numbers, number)
        if place < len(self._lows):
            low = self._lows[place]
            least = low if least is None else min(least, low)
        return None if least is None else max(subtract(least, self._traded), ZERO)

    def traded(self, size: Decimal) -> None:
        """Take over that so much has traded at the price."""
        self._traded = add(self._traded, size)

    def shown(self, size: Decimal) -> None:
        """Take over the size that is recorded at the price now."""
        low = add(size, self._traded)
        while self._lows and self._lows[-1] >= low:
            self._lows.pop()
            self._numbers.pop()
        if not self._numbers or self._numbers[-1] < self._arrived:
            self._lows.append(low)
            self._numbers.append(self._arrived)

    def kept(self) -> Callable[[], None]:
        """Return what brings the sizes and trades back that are noted now."""
        traded, lows, numbers = self._traded, self._lows[:], self._numbers[:]

        def bring_back() -> None:
            self._traded, self._lows, self._numbers = traded, lows, numbers

        return bring_back
