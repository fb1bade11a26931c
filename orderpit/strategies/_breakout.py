"""A breakout with a bracket: in with the market when it leaves its range, out at a profit or at a loss."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from ..actors.strategy import Strategy
from ..model.commands import SubmitOrder
from ..model.errors import InvalidConfiguration
from ..model.kinds import OrderType, Side
from ..model.market import MarketData
from ..model.numbers import ZERO, Number, add, multiply, negate, positive, round_to, subtract, whole
from ._sampling import Sampler


class BracketedBreakout(Strategy):
    """Buys when the price rises above its recent range and sells when it falls below, each time with a bracket.

    The bracket's profit target and stop close the position; there is one bracket at a time.

    Args:
        symbol: what to trade.
        size: of each entry, in units of the base.
        tick: the price increment, on which both exits are rounded.
        profit, loss: how far from the price the exits lie, in heights of the range; at least one tick.
        window: how many samples of the price the range covers.
        every_ns: nanoseconds between two samples; quotes come by the hundred in a second, daily bars are each a sample.
    """

    def __init__(
        self,
        symbol: str,
        size: Number,
        *,
        tick: Number,
        profit: Number = 2,
        loss: Number = 1,
        window: int = 30,
        every_ns: int = 1_000_000_000,
    ) -> None:
        self._symbol = symbol
        self._size = positive("size", size, InvalidConfiguration)
        self._tick = positive("tick", tick, InvalidConfiguration)
        self._profit = positive("profit", profit, InvalidConfiguration)
        self._loss = positive("loss", loss, InvalidConfiguration)
        self._range: deque[Decimal] = deque(maxlen=whole("window", window, InvalidConfiguration, least=2))
        self._sampler = Sampler(every_ns)

    def on_market_data(self, data: MarketData) -> None:
        """Sample the price; enter when it has left its range and nothing of an earlier bracket is alive."""
        price = self._sampler.sample(data)
        if price is None:
            return
        if len(self._range) == self._range.maxlen and not self.orders(self._symbol):
            if price > max(self._range):
                self._enter(Side.BUY, round_to(price, self._tick))
            elif price < min(self._range):
                self._enter(Side.SELL, round_to(price, self._tick))
        self._range.append(price)

    def _enter(self, side: Side, price: Decimal) -> None:
        height = subtract(max(self._range), min(self._range))
        profit, loss = (
            max(round_to(multiply(height, times), self._tick), self._tick) for times in (self._profit, self._loss)
        )
        if side is Side.SELL:
            profit, loss = negate(profit), negate(loss)
        target, stop = add(price, profit), subtract(price, loss)
        if min(target, stop) > ZERO:
            entry = SubmitOrder(self._symbol, side, OrderType.MARKET, self._size)
            self.bracket(entry, profit_target=target, stop_loss=stop)
