"""What the market offers: price levels whose size, once taken, stays taken until that price or size changes."""

from __future__ import annotations

from decimal import Decimal

import attrs

from .market import Depth, Level, Quote
from .numbers import ZERO, add, subtract
from .values import changed


@attrs.frozen
class Offer:
    """One level: a size of None is unlimited."""

    price: Decimal
    size: Decimal | None
    taken: Decimal = ZERO

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
        bids = () if quote.bid is None else _topped(self.bids, (quote.bid, quote.bid_size), falling=True)
        asks = () if quote.ask is None else _topped(self.asks, (quote.ask, quote.ask_size), falling=False)
        return changed(self, bids=bids, asks=asks, quoted=True)

    def after_depth(self, depth: Depth) -> Liquidity:
        """Take over the visible book."""
        return changed(self, bids=_kept(self.bids, depth.bids), asks=_kept(self.asks, depth.asks), quoted=True)

    def after_last(self, price: Decimal, *, replaces_quotes: bool) -> Liquidity:
        """Take over a last price; that of a bar stands for the whole market."""
        return Liquidity(last=price) if replaces_quotes else changed(self, last=price)

    def offers(self, *, buying: bool) -> Offers:
        """Return what a taker meets: quotes, else the last price without limit of size."""
        if self.quoted:
            return self.asks if buying else self.bids
        return () if self.last is None else (Offer(self.last, None),)

    def taken(self, price: Decimal, quantity: Decimal, *, buying: bool) -> Liquidity:
        """Consume some of a level."""
        if not self.quoted:
            return self
        offers = tuple(
            changed(offer, taken=add(offer.taken, quantity)) if offer.price == price else offer
            for offer in (self.asks if buying else self.bids)
        )
        return changed(self, asks=offers) if buying else changed(self, bids=offers)


def _carried(before: Offers, level: tuple[Decimal, Decimal | None]) -> Offer:
    price, size = level
    for offer in before:
        if offer.price == price and offer.size == size:
            return offer
    return Offer(price, size)


def _topped(before: Offers, top: tuple[Decimal, Decimal | None], *, falling: bool) -> Offers:
    price = top[0]
    deeper = tuple(o for o in before if (o.price < price if falling else o.price > price))
    return (_carried(before, top), *deeper)


def _kept(before: Offers, levels: tuple[Level, ...]) -> Offers:
    known = {(offer.price, offer.size): offer for offer in before}
    return tuple(known.get(level) or Offer(*level) for level in levels)
