"""Values by price, sorted, however many prices there are."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final, Generic, TypeVar

V = TypeVar("V")
_MOST: Final = 1_024
"""Prices in a block before it is split: moving so many pointers costs less than the bisection that finds the place."""
_FEW: Final = 128
"""Prices in a block below which it joins a neighbour."""


class PriceLevels(Generic[V]):
    """A value at each price, the best price first.

    Prices stand in sorted blocks, so that adding one moves at most a block and never all of them. They are found by
    bisection: a dict would hash a Decimal at each look-up, which costs more.

    Args:
        rising: whether the lowest price is the best, as it is of asks; otherwise the highest is.
        levels: what to begin with, the best first.
    """

    __slots__ = ("_blocks", "_ends", "_rising", "_values")

    def __init__(self, levels: Iterable[tuple[Decimal, V]] = (), *, rising: bool) -> None:
        self._rising = rising
        # Rising always, so that bisect serves: the falling are read from the end. _ends has each block's last price.
        self._blocks: list[list[Decimal]] = []
        self._values: list[list[V]] = []
        self._ends: list[Decimal] = []
        for price, value in levels:
            self.set(price, value)

    def __len__(self) -> int:
        return sum(map(len, self._blocks))

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def __iter__(self) -> Iterator[tuple[Decimal, V]]:
        """Iterate from the best on; nothing may be added or taken out meanwhile, see after()."""
        blocks = zip(self._blocks, self._values, strict=True)
        if self._rising:
            for prices, values in blocks:
                yield from zip(prices, values, strict=True)
        else:
            for prices, values in reversed(tuple(blocks)):
                yield from zip(reversed(prices), reversed(values), strict=True)

    def get(self, price: Decimal) -> V | None:
        """Return the value at a price."""
        block, place = self._find(price)
        if block < len(self._blocks) and self._blocks[block][place] == price:
            return self._values[block][place]
        return None

    def set(self, price: Decimal, value: V) -> None:
        """Put a value at a price, in place of the one that is there."""
        block, place = self._find(price)
        if block == len(self._blocks):
            self._append(price, value)
        elif self._blocks[block][place] == price:
            self._values[block][place] = value
        else:
            self._blocks[block].insert(place, price)
            self._values[block].insert(place, value)
            self._split(block)

    def setdefault(self, price: Decimal, value: V) -> V:
        """Return the value at a price, after putting this one there if there was none."""
        block, place = self._find(price)
        if block < len(self._blocks) and self._blocks[block][place] == price:
            return self._values[block][place]
        if block == len(self._blocks):
            self._append(price, value)
        else:
            self._blocks[block].insert(place, price)
            self._values[block].insert(place, value)
            self._split(block)
        return value

    def pop(self, price: Decimal) -> V | None:
        """Take a price out, and return its value; None when it is not in."""
        block, place = self._find(price)
        if block == len(self._blocks) or self._blocks[block][place] != price:
            return None
        prices = self._blocks[block]
        del prices[place]
        value = self._values[block].pop(place)
        if not prices:
            del self._blocks[block], self._values[block], self._ends[block]
        else:
            self._ends[block] = prices[-1]
            if len(prices) < _FEW and block + 1 < len(self._blocks):
                self._join(block)
        return value

    def first(self) -> tuple[Decimal, V] | None:
        """Return the best price and its value."""
        if not self._blocks:
            return None
        at = 0 if self._rising else -1
        return self._blocks[at][at], self._values[at][at]

    def after(self, price: Decimal) -> tuple[Decimal, V] | None:
        """Return the best of the prices that are worse than this one, which need not be in."""
        if self._rising:
            block = bisect_right(self._ends, price)
            if block == len(self._blocks):
                return None
            place = bisect_right(self._blocks[block], price)
        else:
            block, place = self._find(price)
            if block == len(self._blocks) or not place:
                # Every price of its block is above.
                block, place = block - 1, 0
                if block < 0:
                    return None
            place -= 1
        return self._blocks[block][place], self._values[block][place]

    def best(self, count: int) -> tuple[tuple[Decimal, V], ...]:
        """Return so many levels, the best first."""
        found: list[tuple[Decimal, V]] = []
        for at in range(len(self._blocks)) if self._rising else range(len(self._blocks) - 1, -1, -1):
            prices, values, more = self._blocks[at], self._values[at], count - len(found)
            if more <= 0:
                break
            part = slice(more) if self._rising else slice(None, -more - 1, -1)
            found += zip(prices[part], values[part], strict=True)
        return tuple(found)

    def _find(self, price: Decimal) -> tuple[int, int]:
        block = bisect_left(self._ends, price)
        return block, bisect_left(self._blocks[block], price) if block < len(self._blocks) else 0

    def _append(self, price: Decimal, value: V) -> None:
        if not self._blocks:
            # Compared as any other: what cannot be is refused before it is in, from where it could not be taken out.
            bisect_left((price,), price)
            self._blocks.append([price])
            self._values.append([value])
            self._ends.append(price)
            return
        self._blocks[-1].append(price)
        self._values[-1].append(value)
        self._ends[-1] = price
        self._split(len(self._blocks) - 1)

    def _split(self, block: int) -> None:
        prices, values = self._blocks[block], self._values[block]
        if len(prices) <= _MOST:
            return
        half = len(prices) // 2
        self._blocks.insert(block + 1, prices[half:])
        self._values.insert(block + 1, values[half:])
        del prices[half:], values[half:]
        self._ends.insert(block, prices[-1])

    def _join(self, block: int) -> None:
        self._blocks[block] += self._blocks.pop(block + 1)
        self._values[block] += self._values.pop(block + 1)
        del self._ends[block]
        self._split(block)
