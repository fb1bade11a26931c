"""What one symbol is worth now, as far as market data has told."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from .kinds import Side
from .market import Bar, Depth, MarketData, Quote, Trade
from .numbers import add, multiply
from .values import changed

_HALF: Final = Decimal("0.5")


@attrs.frozen(kw_only=True)
class Mark:
    """Best bid, best ask and last price (of a trade or a bar's close), each None until known."""

    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None

    def after(self, data: MarketData) -> Mark:
        """Return the mark as it stands after one more observation."""
        match data:
            case Quote():
                return changed(self, bid=data.bid, ask=data.ask)
            case Depth():
                bid = data.bids[0][0] if data.bids else None
                ask = data.asks[0][0] if data.asks else None
                return changed(self, bid=bid, ask=ask)
            case Trade():
                return changed(self, last=data.price)
            case Bar():
                # A bar tells of the whole market; an older quote no longer counts.
                return Mark(last=data.close)

    @property
    def price(self) -> Decimal | None:
        """Mid, else the last trade or close, else the one side that is known."""
        if self.bid is not None and self.ask is not None:
            return multiply(add(self.bid, self.ask), _HALF)
        if self.last is not None:
            return self.last
        return self.bid if self.ask is None else self.ask

    def against(self, side: Side) -> Decimal | None:
        """Return the price that an order of this side would meet: the ask for a buy, the bid for a sell, else price."""
        opposite = self.ask if side is Side.BUY else self.bid
        return self.price if opposite is None else opposite
