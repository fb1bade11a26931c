"""What an amount of one currency is worth in another, at the prices that are known now."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

import attrs

from .instrument import Instrument
from .mark import Mark
from .market import MarketData
from .numbers import ONE, ZERO, add, multiply, ratio

_Pair: TypeAlias = tuple[str, str]


@attrs.frozen
class _Step:
    """One instrument on the way: from its base one multiplies by its price, from its quote one divides."""

    symbol: str
    target: str
    inverse: bool


class Conversion:
    """Rates between currencies, through the prices of instruments: mid, else the last, else the one side.

    The way is the one over the fewest instruments that have a price; among equals, that whose symbols come first in
    the alphabet. A rate is the product of the prices that are multiplied by, divided once by the product of those that
    are divided by: exact without a division, else to 40 decimal places, half-even. An amount is multiplied by the rate
    and not rounded again, so what is added before or after converting comes to the same.

    Args:
        instruments: by symbol.
    """

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        self._marks: dict[str, Mark] = {}
        self._prices: dict[str, Decimal] = {}
        # Both hold as long as the same instruments have a price, and a rate as long as those on its way stay.
        self._steps: dict[str, list[_Step]] | None = None
        self._ways: dict[_Pair, tuple[_Step, ...] | None] = {}
        self._rates: dict[_Pair, Decimal] = {}
        self._rated_by: dict[str, set[_Pair]] = {}

    def on_market_data(self, data: MarketData) -> None:
        """Take over a price."""
        symbol = data.symbol
        mark = self._marks.get(symbol)
        self._marks[symbol] = mark = (Mark() if mark is None else mark).after(data)
        self.on_price(symbol, mark.price)

    def on_price(self, symbol: str, price: Decimal | None) -> None:
        """Take over what a symbol is worth, from whoever keeps its marks; None when that is no longer known."""
        before = self._prices.get(symbol)
        if price == before:
            return
        if price is None:
            del self._prices[symbol]
        else:
            self._prices[symbol] = price
        if (price is None or before is None) and symbol in self._instruments:
            self._forget_ways()
        for pair in self._rated_by.pop(symbol, ()):
            self._rates.pop(pair, None)

    def price(self, symbol: str) -> Decimal | None:
        """Return what a symbol is worth, in its quote currency; None when no market is known."""
        return self._prices.get(symbol)

    def rate(self, source: str, target: str) -> Decimal | None:
        """Return how much of the target currency one unit of the source is worth; None when no prices lead there."""
        if source == target:
            return ONE
        rate = self._rates.get((source, target))
        return self._rate((source, target)) if rate is None else rate

    def convert(self, amount: Decimal, source: str, target: str) -> Decimal | None:
        """Return an amount of the source currency in the target; None when no prices lead there. Nothing is nothing."""
        if source == target or not amount:
            return amount
        rate = self.rate(source, target)
        return None if rate is None else multiply(amount, rate)

    def total(self, amounts: Mapping[str, Decimal], target: str) -> Decimal | None:
        """Return the sum of amounts by currency in the target; None when one of them cannot be converted."""
        if len(amounts) == 1 and target in amounts:
            return amounts[target]
        result = ZERO
        for currency, amount in amounts.items():
            converted = self.convert(amount, currency, target)
            if converted is None:
                return None
            result = add(result, converted)
        return result

    def _rate(self, pair: _Pair) -> Decimal | None:
        way = self._way(pair)
        if way is None:
            return None
        above, below = ONE, ONE
        for step in way:
            price = self._prices[step.symbol]
            if step.inverse:
                below = multiply(below, price)
            else:
                above = multiply(above, price)
            self._rated_by.setdefault(step.symbol, set()).add(pair)
        # The digits of a long product are many; of two they leave room for an amount.
        exact = below == ONE and len(way) <= 2  # noqa: PLR2004  # as said
        self._rates[pair] = rate = above if exact else ratio(above, below)
        return rate

    def _way(self, pair: _Pair) -> tuple[_Step, ...] | None:
        try:
            return self._ways[pair]
        except KeyError:
            self._ways[pair] = way = self._shortest(*pair)
            return way

    def _shortest(self, source: str, target: str) -> tuple[_Step, ...] | None:
        """Search in breadth; each currency's steps are in order of symbol, so the first way there is the one wanted."""
        steps = self._steps_by_currency()
        ways: dict[str, tuple[_Step, ...]] = {source: ()}
        waiting = deque([source])
        while waiting and target not in ways:
            currency = waiting.popleft()
            for step in steps.get(currency, ()):
                if step.target not in ways:
                    ways[step.target] = (*ways[currency], step)
                    waiting.append(step.target)
        return ways.get(target)

    def _steps_by_currency(self) -> dict[str, list[_Step]]:
        if self._steps is None:
            self._steps = {}
            for symbol in sorted(self._prices.keys() & self._instruments.keys()):
                base, quote = self._instruments[symbol].base, self._instruments[symbol].quote
                self._steps.setdefault(base, []).append(_Step(symbol, quote, inverse=False))
                self._steps.setdefault(quote, []).append(_Step(symbol, base, inverse=True))
        return self._steps

    def _forget_ways(self) -> None:
        self._steps = None
        self._ways.clear()
        self._rates.clear()
        self._rated_by.clear()
