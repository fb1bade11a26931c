"""Orders sorted by price, so that those a price reaches are found without looking at the others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from decimal import Decimal


class Ladder:
    """Order ids by price, first come first served at each price.

    Args:
        rising: whether lower prices come first. A buy limit or a sell stop is reached by a falling market, the highest
            price first; a sell limit or a buy stop by a rising one, the lowest first.
    """

    def __init__(self, *, rising: bool) -> None:
        self._rising = rising
        # Always rising: a falling ladder is read from the end.
        self._prices: list[Decimal] = []
        self._levels: dict[Decimal, dict[str, None]] = {}

    def add(self, price: Decimal, order_id: str) -> None:
        """Queue an order behind the others at its price."""
        level = self._levels.get(price)
        if level is None:
            self._levels[price] = {order_id: None}
            insort(self._prices, price)
        else:
            level[order_id] = None

    def remove(self, price: Decimal, order_id: str) -> None:
        """Take an order out."""
        level = self._levels[price]
        del level[order_id]
        if not level:
            del self._levels[price]
            del self._prices[bisect_left(self._prices, price)]

    def reached(self, price: Decimal) -> Iterator[str]:
        """Iterate over the ids that the market reaches at a price, in order of price, then time.

        Orders may leave while this runs. A price that reaches nothing is compared with the best level alone.
        """
        prices = self._prices
        if self._rising:
            place = 0
            while place < len(prices) and (level := prices[place]) <= price:
                yield from tuple(self._levels[level])
                place = bisect_right(prices, level)
        else:
            place = len(prices)
            while place > 0 and (level := prices[place - 1]) >= price:
                yield from tuple(self._levels[level])
                place = bisect_left(prices, level)

    def __len__(self) -> int:
        return sum(len(level) for level in self._levels.values())
