"""What the recorded market offers: levels whose size, once taken, stays taken until that price or size changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import attrs

from .kinds import Side
from .market import Depth, Level
from .numbers import ZERO, add, subtract
from .price_levels import PriceLevels
from .undo import Undo
from .values import changed


@attrs.frozen(weakref_slot=False)
class Offer:
    """One level: a size of None is unlimited."""

    price: Decimal
    size: Decimal | None
    taken: Decimal = ZERO
    from_depth: bool = False

    @property
    def available(self) -> Decimal | None:
        """What is still there; None for unlimited."""
        return None if self.size is None else subtract(self.size, self.taken)


class RecordedDepth:
    """Bids and asks as they are fed, and the last price, which stands in where no quote is known.

    Args:
        undo: takes back the step under way.
    """

    __slots__ = ("_levels", "_undo", "last", "quoted")

    def __init__(self, undo: Undo) -> None:
        self.quoted = False
        self.last: Decimal | None = None
        self._undo = undo
        # By the side that takes them: asks are met by a buyer.
        self._levels: dict[Side, PriceLevels[Offer]] = {side: _none_for(side) for side in Side}

    def quote(self, side: Side, price: Decimal | None, size: Decimal | None) -> None:
        """Take over the best price that a taker on this side meets; deeper levels that depth has shown stay."""
        levels = self._begin(side)
        if price is None:
            self._replace(side, _none_for(side))
            return
        known = levels.get(price)
        while (best := levels.first()) is not None and best[0] != price:
            # Earlier quotes are gone: what one of them showed may no longer be there.
            if best[1].from_depth and _is_better(side, price, best[0]):
                break
            self._put(levels, best[0], None)
        if known is None:
            self._put(levels, price, Offer(price, size))
        elif known.size != size:
            self._put(levels, price, Offer(price, size, from_depth=known.from_depth))

    def snapshot(self, depth: Depth) -> None:
        """Take over the visible book."""
        for side, shown in ((Side.BUY, depth.asks), (Side.SELL, depth.bids)):
            before = self._begin(side)
            offers = ((price, _kept(before.get(price), price, size)) for price, size in shown)
            self._replace(side, PriceLevels(offers, rising=side is Side.BUY))

    def diff(self, side: Side, changes: Iterable[Level]) -> None:
        """Take over the levels that have changed, of those that a taker on this side meets; a size of 0 has gone."""
        levels = self._begin(side)
        for price, size in changes:
            self._put(levels, price, _kept(levels.get(price), price, size) if size else None)

    def trade(self, price: Decimal) -> None:
        """Take over a last price; quotes stand."""
        last = self.last
        self.last = price
        self._undo.note(lambda: setattr(self, "last", last))

    def clear(self, last: Decimal) -> None:
        """Forget the quotes, which a bar has outdated; the last price stands in for both sides."""
        self.trade(last)
        if self.quoted:
            for side in Side:
                self._replace(side, _none_for(side))
            self.quoted = False
            self._undo.note(lambda: setattr(self, "quoted", True))

    def take(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Let a taker on this side consume some of a level; the last price is never used up."""
        levels = self._levels[side]
        offer = levels.get(price)
        if offer is not None:
            self._put(levels, price, changed(offer, taken=add(offer.taken, quantity)))

    def best(self, side: Side) -> Offer | None:
        """Return what a taker on this side meets first: quotes, else the last price without limit of size."""
        if self.quoted:
            found = self._levels[side].first()
            return None if found is None else found[1]
        return None if self.last is None else Offer(self.last, None)

    def after(self, side: Side, price: Decimal) -> Offer | None:
        """Return the next that it meets behind a price."""
        found = self._levels[side].after(price)
        return None if found is None else found[1]

    def offers(self, side: Side) -> Iterator[Offer]:
        """Iterate over all that it meets, from the best on; some may be taken meanwhile."""
        offer = self.best(side)
        while offer is not None:
            yield offer
            offer = self.after(side, offer.price)

    def top(self, side: Side, count: int) -> tuple[Level, ...]:
        """Return the first levels that it meets, of those whose size is known."""
        levels = self._levels[side].best(count)
        return tuple((price, offer.size) for price, offer in levels if offer.size is not None)

    def size(self, side: Side, price: Decimal) -> Decimal | None:
        """Return what is left at a price for takers on this side; None where that is not known."""
        levels = self._levels[side]
        best = levels.first()
        if not self.quoted or best is None:
            return ZERO if self.quoted else None
        offer = levels.get(price)
        if offer is not None:
            return offer.available
        if _is_better(side, price, best[0]):
            return ZERO
        # Between two levels of a depth there is nothing; behind the last, or behind a quote, nobody knows.
        behind = levels.after(price)
        return ZERO if behind is not None and behind[1].from_depth else None

    def state(self) -> tuple[object, ...]:
        """Return all of it, to be compared."""
        return tuple(self._levels[Side.SELL]), tuple(self._levels[Side.BUY]), self.quoted, self.last

    def _begin(self, side: Side) -> PriceLevels[Offer]:
        if not self.quoted:
            self.quoted = True
            self._undo.note(lambda: setattr(self, "quoted", False))
        return self._levels[side]

    def _replace(self, side: Side, levels: PriceLevels[Offer]) -> None:
        before = self._levels[side]
        self._levels[side] = levels
        self._undo.note(lambda: self._levels.__setitem__(side, before))

    def _put(self, levels: PriceLevels[Offer], price: Decimal, offer: Offer | None) -> None:
        before = levels.get(price)
        _set(levels, price, offer)
        self._undo.note(lambda: _set(levels, price, before))


def _none_for(side: Side) -> PriceLevels[Offer]:
    return PriceLevels(rising=side is Side.BUY)


def _is_better(side: Side, price: Decimal, than: Decimal) -> bool:
    return price < than if side is Side.BUY else price > than


def _kept(before: Offer | None, price: Decimal, size: Decimal) -> Offer:
    taken = before.taken if before is not None and before.size == size else ZERO
    return Offer(price, size, taken, from_depth=True)


def _set(levels: PriceLevels[Offer], price: Decimal, offer: Offer | None) -> None:
    if offer is None:
        levels.pop(price)
    else:
        levels.set(price, offer)
