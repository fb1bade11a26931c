"""The limits on how large positions can become, judged as if all working and in-doubt orders were to fill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Final, TypeAlias

from .checking import Asked, Family, Kind, Measure, Pair, Scope, Sort
from .conversion import Conversion
from .exposure import Exposure, Exposures, Sums
from .instrument import Instrument
from .judgement import Check, Measured
from .kinds import Reason, Side
from .limits import RiskLimits
from .market import MarketData
from .numbers import ZERO, add, multiply, negate, subtract
from .positions import Key
from .valuing import Valuation

_Figure: TypeAlias = Callable[[Exposure | Sums], Decimal]
_LONG: Final[_Figure] = attrgetter("high")
_GROSS: Final[_Figure] = attrgetter("size")


def _short(at: Exposure | Sums) -> Decimal:
    return negate(at.low)


class ExposureChecks(Family):
    """max_long, max_short, max_gross and max_exposure.

    Args:
        exposures: kept by risk.
        worth: what they come to in the account's currency.
    """

    def __init__(self, exposures: Exposures, worth: ExposureWorth) -> None:
        self._exposures = exposures
        self._worth = worth

    def checks(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterable[Pair]:
        """Return those that are set and that an order of this side can make larger; a cancel makes nothing larger."""
        return () if sort.kind is Kind.CANCEL else self._set(sort.side, scope, limits)

    def on_market_data(self, data: MarketData) -> None:
        """Take over a price."""
        self._worth.on_market_data(data)

    def _set(self, side: Side, scope: Scope, limits: RiskLimits) -> Iterator[Pair]:
        ids = scope.strategy_id, scope.symbol
        measure = _own if scope.strategy_id else _of_all
        if side is Side.BUY and limits.max_long is not None:
            check = Check("max_long", Reason.MAX_LONG, *ids, "long position with all working orders")
            yield check, measure(_LONG, limits.max_long)
        if side is Side.SELL and limits.max_short is not None:
            check = Check("max_short", Reason.MAX_SHORT, *ids, "short position with all working orders")
            yield check, measure(_short, limits.max_short)
        if limits.max_gross is not None:
            check = Check("max_gross", Reason.MAX_GROSS, *ids, "gross position with all working orders")
            yield check, measure(_GROSS, limits.max_gross)
        if limits.max_exposure is not None:
            check = Check("max_exposure", Reason.MAX_EXPOSURE, *ids, "exposure with all working orders")
            yield check, self._exposure(scope, limits.max_exposure)

    def _exposure(self, scope: Scope, most: Decimal) -> Measure:
        worth, ids = self._worth, (scope.strategy_id, scope.symbol)

        def measure(asked: Asked) -> Measured:
            if worth.currency is None:
                return asked.after.size, None
            before, unit = worth.of(*ids), worth.unit(asked.terms.symbol)
            if not asked.enlarges:
                # Whatever it comes to, and whether that is known or not.
                return (ZERO, most) if before is None else (before, max(most, before))
            if before is None or unit is None:
                return None, most
            after = add(before, multiply(subtract(asked.after.size, asked.before.size), unit))
            return after, most if after <= most else max(most, before)

        return measure


class ExposureWorth:
    """What positions may come to, by strategy and symbol, at the marks and in the account's currency.

    A price that moves is taken into account when next somebody asks.

    Args:
        exposures: kept by risk, which tells of each change.
        instruments: by symbol.
        valuation: the marks.
        conversion: between currencies.
        currency: the account's; None where there is none.
    """

    def __init__(
        self,
        exposures: Exposures,
        instruments: Mapping[str, Instrument],
        valuation: Valuation,
        conversion: Conversion,
        currency: str | None,
    ) -> None:
        self._exposures = exposures
        self._instruments = instruments
        self._foreign = {symbol for symbol, instrument in instruments.items() if instrument.quote != currency}
        self._valuation = valuation
        self._conversion = conversion
        self.currency = currency
        self._units: dict[str, Decimal | None] = {}
        self._moved: set[str] = set()
        # Of the scopes that somebody has asked about: the sums, and what they lack since there is no price for it.
        self._sums: dict[Key, Decimal] = {}
        self._lacking: dict[Key, set[Key]] = {}

    def on_market_data(self, data: MarketData) -> None:
        """Note that a price has moved; in another currency it may move what others are worth."""
        self._moved.add(data.symbol)

    def unit(self, symbol: str) -> Decimal | None:
        """Return what one unit of the base is worth; None where no price is known."""
        if self._moved:
            self._settle()
        return self._units.get(symbol)

    def of(self, strategy_id: str, symbol: str) -> Decimal | None:
        """Return the sum of a scope, of which an empty id stands for all; None where a price is missing."""
        if self._moved:
            self._settle()
        scope = strategy_id, symbol
        if scope not in self._sums:
            self._begin(scope)
        return None if self._lacking[scope] else self._sums[scope]

    def converted(self, symbol: str, amount: Decimal) -> Decimal:
        """Return an amount of a symbol's quote currency in the account's; zero where no price tells it."""
        quote = self._instruments[symbol].quote
        return self._conversion.convert(amount, quote, self.currency or quote) or ZERO

    def changed(self, key: Key, before: Exposure, after: Exposure) -> None:
        """Hear of an exposure that has changed."""
        grown = subtract(after.size, before.size)
        if grown:
            unit = self._units.get(key[1])
            for scope in self._watched(key):
                self._add(scope, key, grown, unit, is_held=bool(after.size))

    def _begin(self, scope: Key) -> None:
        self._sums[scope] = ZERO
        self._lacking[scope] = set()
        for key, exposure in self._exposures.all().items():
            if exposure.size and scope in _scopes(key):
                self._add(scope, key, exposure.size, self._units.get(key[1]), is_held=True)

    def _settle(self) -> None:
        moved, self._moved = self._moved, set()
        # Any price may be one by which these are converted.
        for symbol in moved | self._foreign:
            self._revalue(symbol)

    def _revalue(self, symbol: str) -> None:
        before, after = self._units.get(symbol), self._worth_of_one(symbol)
        if before == after:
            return
        self._units[symbol] = after
        for strategy_id, exposure in self._exposures.by_symbol.get(symbol, {}).items():
            key = strategy_id, symbol
            for scope in self._watched(key):
                if before is not None:
                    self._add(scope, key, negate(exposure.size), before, is_held=False)
                self._add(scope, key, exposure.size, after, is_held=bool(exposure.size))

    def _worth_of_one(self, symbol: str) -> Decimal | None:
        price, instrument = self._valuation.price(symbol), self._instruments.get(symbol)
        if price is None or instrument is None or self.currency is None:
            return None
        return self._conversion.convert(price, instrument.quote, self.currency)

    def _watched(self, key: Key) -> Iterator[Key]:
        return (scope for scope in _scopes(key) if scope in self._sums) if self._sums else iter(())

    def _add(self, scope: Key, key: Key, size: Decimal, unit: Decimal | None, *, is_held: bool) -> None:
        lacking = self._lacking[scope]
        if unit is not None:
            lacking.discard(key)
            self._sums[scope] = add(self._sums[scope], multiply(size, unit))
        elif is_held:
            lacking.add(key)
        else:
            lacking.discard(key)


def _scopes(key: Key) -> tuple[Key, ...]:
    strategy_id, symbol = key
    # What has no strategy is of all alone.
    return (("", ""), ("", symbol), (strategy_id, ""), key) if strategy_id else (("", ""), key)


def _allowed(most: Decimal, before: Decimal, after: Decimal) -> Decimal:
    """Return the limit, or what there is already where that is more: what is not made larger is not refused."""
    return most if after <= most else max(most, before)


def _own(figure: _Figure, most: Decimal) -> Measure:
    """Measure a figure of the strategy's own exposure."""

    def measure(asked: Asked) -> Measured:
        after = figure(asked.after)
        return after, _allowed(most, figure(asked.before), after)

    return measure


def _of_all(figure: _Figure, most: Decimal) -> Measure:
    """Measure a figure of the sum over strategies."""

    def measure(asked: Asked) -> Measured:
        before = figure(asked.sums)
        after = add(before, subtract(figure(asked.after), figure(asked.before)))
        return after, _allowed(most, before, after)

    return measure
