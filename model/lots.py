"""What is held by the lots in which it was opened, closed oldest first (FIFO) or newest first (LIFO)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeAlias

import attrs

from .numbers import ZERO, add, multiply, subtract

_Lot: TypeAlias = tuple[Decimal, Decimal]
"""A quantity, and the price that it was opened at."""

_Lots: TypeAlias = "tuple[_Lot, _Lots] | None"
"""A stack that shares its past: the next lot, and those below it."""


@attrs.frozen(eq=False)
class Lots:
    """Lots as an immutable value, of which one more or one less copies nothing.

    A queue is two stacks: the oldest lots with the oldest on top, and the newest with the newest on top. Where the
    first is used up, the second is turned over, so that each lot is moved once. Nothing is divided, so all is exact.

    Attributes:
        oldest_first: whether the oldest is closed first.
        size: the quantity of all lots.
        cost: the sum of quantity * price of all lots.
    """

    oldest_first: bool
    size: Decimal = ZERO
    cost: Decimal = ZERO
    _old: _Lots = attrs.field(default=None, repr=False)
    _new: _Lots = attrs.field(default=None, repr=False)

    def increased(self, quantity: Decimal, price: Decimal) -> Lots:
        """Return them with one more, or with a larger newest one, where that has the same price."""
        lot, below = (quantity, price), self._new
        if below is not None and below[0][1] == price:
            lot, below = (add(below[0][0], quantity), price), below[1]
        cost = add(self.cost, multiply(quantity, price))
        return Lots(self.oldest_first, add(self.size, quantity), cost, self._old, (lot, below))

    def reduced(self, quantity: Decimal) -> Lots:
        """Return what is left after so much was closed; no more than there is."""
        old, new, released, wanted = self._old, self._new, ZERO, quantity
        while wanted:
            if self.oldest_first and old is None:
                old, new = _turned(new), None
            top = old if self.oldest_first else new
            assert top is not None, "no more is closed than is held"
            (size, price), rest = top
            taken = min(size, wanted)
            wanted, released = subtract(wanted, taken), add(released, multiply(taken, price))
            if taken < size:
                rest = ((subtract(size, taken), price), rest)
            old, new = (rest, new) if self.oldest_first else (old, rest)
        return Lots(self.oldest_first, subtract(self.size, quantity), subtract(self.cost, released), old, new)


def _turned(lots: _Lots) -> _Lots:
    turned: _Lots = None
    while lots is not None:
        lot, lots = lots
        turned = (lot, turned)
    return turned


FIFO: Final = Lots(oldest_first=True)
LIFO: Final = Lots(oldest_first=False)
