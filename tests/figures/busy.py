"""A strategy that trades much: each bar it submits, modifies and cancels, and what it does depends on the bar alone."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Final

from orderpit import Bar, MarketData, OrderType, Side, Strategy, SubmitOrder
from orderpit.model.kinds import Pending

_MOST_WORKING: Final = 8
_NEAR: Final = 4


class Busy(Strategy):
    """Trades at the market and around it, on bars of whole prices.

    Args:
        symbol: what is traded.
        size: of each order, in units of the base.
    """

    def __init__(self, symbol: str, size: Decimal) -> None:
        self._symbol = symbol
        self._size = size

    def on_market_data(self, data: MarketData) -> None:
        """Do a few things."""
        if not isinstance(data, Bar):
            return
        draw = random.Random(data.time_ns)
        side = Side.SELL if self.position(self._symbol) > 0 else Side.BUY
        self.submit(SubmitOrder(self._symbol, side, OrderType.MARKET, self._size))
        working = [order for order in self.orders(self._symbol) if order.is_open and order.pending is Pending.NONE]
        for order in working:
            if len(working) > _MOST_WORKING or draw.random() < 0.2:
                self.cancel(order.order_id)
            elif draw.random() < 0.3:
                self.modify(order.order_id, price=data.close + self._away(order.side, draw))
        for side in Side:
            price = data.close + self._away(side, draw)
            self.submit(SubmitOrder(self._symbol, side, OrderType.LIMIT, self._size, price=price))

    @staticmethod
    def _away(side: Side, draw: random.Random) -> Decimal:
        return Decimal(draw.randint(1, _NEAR) * (-1 if side is Side.BUY else 1))
