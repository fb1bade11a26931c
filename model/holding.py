"""Positions: what is held of a symbol, what it has cost and what closing it has earned; netted, or long and short."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from .account import CostBasis
from .kinds import Side
from .lots import FIFO, LIFO, Lots
from .numbers import ZERO, add, multiply, negate, share, subtract
from .values import changed


@attrs.frozen
class AverageCost:
    """What is held at average cost, kept so that no division loses anything.

    opened and paid are the size and the cost at the last increase, closed what has closed since. The cost that remains
    is a share of paid that depends on closed alone, and what a fill releases is booked as a difference of two such
    remainders: so released + remaining = paid exactly, and slicing a fill changes nothing.
    """

    opened: Decimal = ZERO
    paid: Decimal = ZERO
    closed: Decimal = ZERO

    @property
    def size(self) -> Decimal:
        """Quantity held."""
        return subtract(self.opened, self.closed)

    @property
    def cost(self) -> Decimal:
        """What the quantity held has cost."""
        return share(self.paid, self.size, self.opened) if self.opened else ZERO

    def increased(self, quantity: Decimal, price: Decimal) -> AverageCost:
        """Return it with more."""
        return AverageCost(add(self.size, quantity), add(self.cost, multiply(quantity, price)))

    def reduced(self, quantity: Decimal) -> AverageCost:
        """Return what is left after so much was closed; no more than there is."""
        return AverageCost(self.opened, self.paid, add(self.closed, quantity))


_AVERAGE: Final = AverageCost()
_NOTHING_HELD: Final[Mapping[CostBasis, AverageCost | Lots]] = MappingProxyType(
    {"average": _AVERAGE, "fifo": FIFO, "lifo": LIFO}
)


@attrs.frozen(kw_only=True, weakref_slot=False)
class Holding:
    """A position on one side of the market, or none; held is its size and cost, by the cost basis."""

    long: bool = True
    held: AverageCost | Lots = _AVERAGE
    realised: Decimal = ZERO

    @property
    def size(self) -> Decimal:
        """Absolute quantity held."""
        return self.held.size

    @property
    def quantity(self) -> Decimal:
        """Quantity held, negative for a short position."""
        return self.size if self.long else negate(self.size)

    @property
    def remaining_cost(self) -> Decimal:
        """What the quantity held has cost (for a short position: has brought in)."""
        return self.held.cost

    @property
    def carried(self) -> Decimal:
        """The cost with the sign of the position, so that realised - carried is the cash that has moved."""
        return self.remaining_cost if self.long else negate(self.remaining_cost)

    def closing(self, side: Side, quantity: Decimal) -> Decimal:
        """Return how much of a fill closes the position; the rest opens one, or increases it."""
        return ZERO if self.long is (side is Side.BUY) else min(self.size, quantity)

    def after(self, side: Side, quantity: Decimal, price: Decimal, closing: Decimal) -> Holding:
        """Return the position after one more fill, of which so much is closing."""
        left = self.reduced(closing, price) if closing else self
        # A flip: the position has closed whole, and the rest opens the other way.
        return left if closing == quantity else left.increased(side, subtract(quantity, closing), price)

    def increased(self, side: Side, quantity: Decimal, price: Decimal) -> Holding:
        """Return the position after more of the same side, or the opening of one."""
        return changed(self, long=side is Side.BUY, held=self.held.increased(quantity, price))

    def reduced(self, quantity: Decimal, price: Decimal) -> Holding:
        """Return the position after some of it, or all, was closed."""
        held = self.held.reduced(quantity)
        released = subtract(self.held.cost, held.cost)
        proceeds = multiply(quantity, price)
        profit = subtract(proceeds, released) if self.long else subtract(released, proceeds)
        return changed(self, held=held, realised=add(self.realised, profit))

    def sides(self) -> tuple[Holding, Holding]:
        """Return what is held long, and short."""
        nothing = Holding(held=_AVERAGE)
        return (self, nothing) if self.long else (nothing, self)


@attrs.frozen(kw_only=True)
class Hedged:
    """A long and a short position beside each other."""

    long: Holding
    short: Holding

    @property
    def quantity(self) -> Decimal:
        """The long less the short."""
        return subtract(self.long.size, self.short.size)

    @property
    def realised(self) -> Decimal:
        """What closing either has earned."""
        return add(self.long.realised, self.short.realised)

    @property
    def carried(self) -> Decimal:
        """The cost of the long less what the short has brought in; realised - carried is the cash that has moved."""
        return add(self.long.carried, self.short.carried)

    def closing(self, side: Side, quantity: Decimal) -> Decimal:
        """Return how much of a fill closes, of an order that is to close."""
        return min((self.short if side is Side.BUY else self.long).size, quantity)

    def after(self, side: Side, quantity: Decimal, price: Decimal, closing: Decimal) -> Hedged:
        """Return both after one more fill, of which so much is closing."""
        own, other = (self.long, self.short) if side is Side.BUY else (self.short, self.long)
        if closing:
            other = other.reduced(closing, price)
        if closing != quantity:
            own = own.increased(side, subtract(quantity, closing), price)
        return Hedged(long=own, short=other) if side is Side.BUY else Hedged(long=other, short=own)

    def sides(self) -> tuple[Holding, Holding]:
        """Return what is held long, and short."""
        return self.long, self.short


AnyHolding: TypeAlias = Holding | Hedged


def nothing_held(cost_basis: CostBasis, *, hedged: bool) -> AnyHolding:
    """Return the beginning of a position."""
    held = _NOTHING_HELD[cost_basis]
    if hedged:
        return Hedged(long=Holding(held=held), short=Holding(long=False, held=held))
    return Holding(held=held)


def unrealised(holding: AnyHolding, price: Decimal) -> Decimal:
    """Return what closing at this price would still earn."""
    return subtract(multiply(holding.quantity, price), holding.carried)
