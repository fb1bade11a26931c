"""What the market offers: price levels whose size, once taken, stays taken until that price or size changes."""

from __future__ import annotations

from decimal import Decimal

import attrs

from .kinds import Side
from .market import Depth, Level, Quote
from .numbers import ZERO, add, subtract
from .values import changed


@attrs.frozen
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


Offers = tuple[Offer, ...]


@attrs.frozen(kw_only=True)
class Liquidity:
    """Bids and asks from the best on, and the last price, which stands in where no quote is known."""

    bids: Offers = ()
    asks: Offers = ()
    quoted: bool = False
    last: Decimal | None = None

    def after_quote(self, quote: Quote) -> Liquidity:
        """Take over a new top of the book; deeper levels that depth has shown stay."""
        bids = () if quote.bid is None else _topped(self.bids, quote.bid, quote.bid_size, falling=True)
        asks = () if quote.ask is None else _topped(self.asks, quote.ask, quote.ask_size, falling=False)
        return Liquidity(bids=bids, asks=asks, quoted=True, last=self.last)

    def after_depth(self, depth: Depth) -> Liquidity:
        """Take over the visible book."""
        bids, asks = _kept(self.bids, depth.bids), _kept(self.asks, depth.asks)
        return Liquidity(bids=bids, asks=asks, quoted=True, last=self.last)

    def after_trade(self, price: Decimal) -> Liquidity:
        """Take over a last price; quotes stand."""
        return changed(self, last=price)

    def offers(self, side: Side) -> Offers:
        """Return what a taker on this side meets: quotes, else the last price without limit of size."""
        if self.quoted:
            return self.asks if side is Side.BUY else self.bids
        return () if self.last is None else (Offer(self.last, None),)

    def taken(self, price: Decimal, quantity: Decimal, side: Side) -> Liquidity:
        """Let a taker on this side consume some of a level; the last price is never used up."""
        if not self.quoted:
            return self
        offers = tuple(
            changed(offer, taken=add(offer.taken, quantity)) if offer.price == price else offer
            for offer in self.offers(side)
        )
        return changed(self, asks=offers) if side is Side.BUY else changed(self, bids=offers)


def _topped(before: Offers, price: Decimal, size: Decimal | None, *, falling: bool) -> Offers:
    known = next((offer for offer in before if offer.price == price), None)
    if known is None:
        top = Offer(price, size)
    else:
        top = known if known.size == size else Offer(price, size, from_depth=known.from_depth)
    # Earlier quotes are gone: what one of them showed may no longer be there.
    deeper = (o for o in before if o.from_depth and (o.price < price if falling else o.price > price))
    return (top, *deeper)


def _kept(before: Offers, levels: tuple[Level, ...]) -> Offers:
    taken = {(offer.price, offer.size): offer.taken for offer in before}
    return tuple(Offer(*level, taken.get(level, ZERO), from_depth=True) for level in levels)
