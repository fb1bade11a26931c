"""Orders sorted by price, so that those a price reaches are found without looking at the others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from decimal import Decimal

from .numbers import negate


class Ladder:
    """Order ids by price, first come first served at each price.

    Args:
        rising: whether lower prices come first. A buy limit or a sell stop is reached by a falling market, the highest
            price first; a sell limit or a buy stop by a rising one, the lowest first.
    """

    def __init__(self, *, rising: bool) -> None:
        self._rising = rising
        # Keys always rise: for a falling ladder they are negated prices.
        self._keys: list[Decimal] = []
        self._levels: dict[Decimal, dict[str, None]] = {}

    def _key(self, price: Decimal) -> Decimal:
        return price if self._rising else negate(price)

    def add(self, price: Decimal, order_id: str) -> None:
        """Queue an order behind the others at its price."""
        key = self._key(price)
        level = self._levels.get(key)
        if level is None:
            self._levels[key] = {order_id: None}
            insort(self._keys, key)
        else:
            level[order_id] = None

    def remove(self, price: Decimal, order_id: str) -> None:
        """Take an order out."""
        key = self._key(price)
        level = self._levels[key]
        del level[order_id]
        if not level:
            del self._levels[key]
            del self._keys[bisect_left(self._keys, key)]

    def reached(self, price: Decimal) -> Iterator[str]:
        """Iterate over the ids that the market reaches at a price, in order of price, then time.

        The ladder may change while this runs: what has been queued behind since is not visited.
        """
        for key in self._keys[: bisect_right(self._keys, self._key(price))]:
            yield from tuple(self._levels.get(key, ()))

    def __len__(self) -> int:
        return sum(len(level) for level in self._levels.values())
