"""Prices taken out of the stream at intervals: quotes come by the hundred in a second, daily bars are each a sample."""

from __future__ import annotations

from decimal import Decimal

from ..model.errors import InvalidConfiguration
from ..model.mark import Mark
from ..model.market import MarketData
from ..model.numbers import whole


class Sampler:
    """Gives a price each time an interval is over.

    Args:
        every_ns: nanoseconds between two samples.
    """

    def __init__(self, every_ns: int) -> None:
        self._every_ns = whole("every_ns", every_ns, InvalidConfiguration)
        self._next_ns = 0
        self._mark = Mark()

    def sample(self, data: MarketData) -> Decimal | None:
        """Take notice of data, and return the price when it is time for one and one is known."""
        self._mark = self._mark.after(data)
        price = self._mark.price
        if price is None or data.time_ns < self._next_ns:
            return None
        self._next_ns = data.time_ns + self._every_ns
        return price
