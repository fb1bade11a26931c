"""How large positions can become: as if all working and in-doubt orders were to fill, in the worst order.

An order that only closes brings a position closer to zero and never beyond. By itself it widens nothing, but one that
opens may fill after it, from there; and of several strategies it is the sum that counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from .kinds import Side
from .numbers import ZERO, add, negate, subtract
from .positions import Held, Key
from .reservation import Pools


@attrs.frozen
class Exposure:
    """What a strategy holds in a symbol, and what its working orders may add to it, in units of the base.

    Attributes:
        long, short: what is held of either side, both at least zero; where positions are netted one of them is zero.
        buys, sells: what may still be bought and sold by orders that may open.
        closing_buys, closing_sells: the same by orders that only close.
        high, low: the most and the least that the position can become; low is negative for a short one. Where
            positions are hedged, the largest long one, and the largest short one, negated.
        size: the largest absolute position that it can become; where positions are hedged, of both sides together.
    """

    long: Decimal = ZERO
    short: Decimal = ZERO
    buys: Decimal = ZERO
    sells: Decimal = ZERO
    closing_buys: Decimal = ZERO
    closing_sells: Decimal = ZERO
    high: Decimal = ZERO
    low: Decimal = ZERO
    size: Decimal = ZERO

    @property
    def position(self) -> Decimal:
        """What is held, net."""
        return subtract(self.long, self.short)


NOTHING = Exposure()


@attrs.frozen
class Sums:
    """The same of all strategies in a symbol."""

    high: Decimal = ZERO
    low: Decimal = ZERO
    size: Decimal = ZERO

    def with_other(self, before: Exposure, after: Exposure) -> Sums:
        """Return the sums with one strategy's exposure in place of another."""
        return Sums(
            add(self.high, subtract(after.high, before.high)),
            add(self.low, subtract(after.low, before.low)),
            add(self.size, subtract(after.size, before.size)),
        )


NO_SUMS = Sums()


@attrs.frozen(weakref_slot=False)
class Share:
    """What an order counts in its strategy's exposure."""

    key: Key
    side: Side
    closes: bool
    pool: str | None
    leaves: Decimal

    @property
    def pooled_as(self) -> str | None:
        """The pool, of one side: two of which one buys and one sells both count."""
        return None if self.pool is None else f"{self.side.value} {self.closes} {self.pool}"


class Exposures:
    """The exposure of each strategy in each symbol, kept as orders and fills pass: none of it walks the orders."""

    def __init__(self, *, hedged: bool = False) -> None:
        self._hedged = hedged
        self._at: dict[Key, Exposure] = {}
        self._sums: dict[str, Sums] = {}
        self._pools = Pools()
        self.by_symbol: dict[str, dict[str, Exposure]] = {}

    def of(self, key: Key) -> Exposure:
        """Return that of one strategy in one symbol."""
        return self._at.get(key, NOTHING)

    def sums(self, symbol: str) -> Sums:
        """Return that of all strategies in one symbol."""
        return self._sums.get(symbol, NO_SUMS)

    def all(self) -> Mapping[Key, Exposure]:
        """Return each that has ever been."""
        return self._at

    def with_share(self, at: Exposure, order_id: str, before: Decimal, share: Share) -> Exposure:
        """Return an exposure in which an order counts its share in place of what it did."""
        change = self._pools.growth(order_id, share.pooled_as, before, share.leaves)
        if not change:
            return at
        buys, sells, closing_buys, closing_sells = at.buys, at.sells, at.closing_buys, at.closing_sells
        if share.side is Side.BUY:
            if share.closes:
                closing_buys = add(closing_buys, change)
            else:
                buys = add(buys, change)
        elif share.closes:
            closing_sells = add(closing_sells, change)
        else:
            sells = add(sells, change)
        return self._exposed(at.long, at.short, buys, sells, closing_buys, closing_sells)

    def with_held(self, at: Exposure, held: Held) -> Exposure:
        """Return an exposure with another position."""
        return self._exposed(held.long, held.short, at.buys, at.sells, at.closing_buys, at.closing_sells)

    def put(self, order_id: str, share: Share, after: Exposure) -> None:
        """Take over what with_share() has returned."""
        self._pools.put(order_id, share.pooled_as, share.leaves)
        self.keep(share.key, after)

    def keep(self, key: Key, after: Exposure) -> None:
        """Take over an exposure."""
        before = self._at.get(key, NOTHING)
        if before is after:
            return
        strategy_id, symbol = key
        self._sums[symbol] = self.sums(symbol).with_other(before, after)
        self._at[key] = after
        self.by_symbol.setdefault(symbol, {})[strategy_id] = after

    def _exposed(
        self,
        long: Decimal,
        short: Decimal,
        buys: Decimal,
        sells: Decimal,
        closing_buys: Decimal,
        closing_sells: Decimal,
    ) -> Exposure:
        if self._hedged:
            high, low = add(long, buys), negate(add(short, sells))
            size = subtract(high, low)
        else:
            # In the worst order those that only close fill first, and make room for the others.
            high = add(subtract(long, max(subtract(short, closing_buys), ZERO)), buys)
            low = subtract(subtract(max(subtract(long, closing_sells), ZERO), short), sells)
            size = max(high, negate(low))
        return Exposure(long, short, buys, sells, closing_buys, closing_sells, high, low, size)
