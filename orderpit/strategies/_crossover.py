"""A moving-average crossover: long while the fast average of prices is above the slow one, else flat."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from ..actors.strategy import Strategy
from ..model.commands import SubmitOrder
from ..model.errors import InvalidConfiguration
from ..model.events import OrderUpdate
from ..model.kinds import OrderState, OrderType, Side
from ..model.market import MarketData
from ..model.numbers import ZERO, Number, add, magnitude, multiply, positive, subtract, whole
from ._sampling import Sampler


class MovingAverageCrossover(Strategy):
    """Buys at the market when the fast average crosses above the slow one, and sells all when it falls below.

    Args:
        symbol: what to trade.
        size: how much to hold while the fast average is the higher one, in units of the base.
        fast, slow: how many samples of the price each average covers.
        every_ns: nanoseconds between two samples; quotes come by the hundred in a second, daily bars are each a sample.
    """

    def __init__(
        self, symbol: str, size: Number, *, fast: int = 20, slow: int = 50, every_ns: int = 1_000_000_000
    ) -> None:
        self._symbol = symbol
        self._size = positive("size", size, InvalidConfiguration)
        self._fast = Average(whole("fast", fast, InvalidConfiguration, least=1))
        self._slow = Average(whole("slow", slow, InvalidConfiguration, least=fast + 1))
        self._sampler = Sampler(every_ns)
        self._was_above: bool | None = None
        self._wanted = ZERO
        self._working: str | None = None

    def on_market_data(self, data: MarketData) -> None:
        """Sample the price; trade when the averages have crossed."""
        price = self._sampler.sample(data)
        if price is None:
            return
        self._fast.add(price)
        self._slow.add(price)
        if self._slow.is_full:
            self._decide(above=self._fast.is_above(self._slow))

    def on_order(self, update: OrderUpdate) -> None:
        """Note that the order has ended; one that was refused is not tried again before the next crossing."""
        order = update.order
        if order is not None and order.is_closed and order.order_id == self._working:
            self._working = None
            if order.state is OrderState.REJECTED:
                self._wanted = self.position(self._symbol)

    def _decide(self, *, above: bool) -> None:
        # The first full averages only tell where we come in: what crosses later is the signal.
        if self._was_above is not None and above is not self._was_above:
            self._wanted = self._size if above else ZERO
        self._was_above = above
        missing = subtract(self._wanted, self.position(self._symbol))
        if missing and self._working is None:
            side = Side.BUY if missing > ZERO else Side.SELL
            self._working = self.submit(SubmitOrder(self._symbol, side, OrderType.MARKET, magnitude(missing)))


class Average:
    """The sum of the latest few prices; their average is never divided out, so that nothing is rounded."""

    def __init__(self, length: int) -> None:
        self._prices: deque[Decimal] = deque(maxlen=length)
        self._length = length
        self._sum = ZERO

    def add(self, price: Decimal) -> None:
        """Take one more price in, and the oldest out."""
        oldest = self._prices[0] if self.is_full else ZERO
        self._sum = subtract(add(self._sum, price), oldest)
        self._prices.append(price)

    @property
    def is_full(self) -> bool:
        """Whether there are enough prices."""
        return len(self._prices) == self._length

    def is_above(self, other: Average) -> bool:
        """Compare two averages: a/m > b/n where a*n > b*m."""
        return multiply(self._sum, Decimal(other._length)) > multiply(other._sum, Decimal(self._length))
