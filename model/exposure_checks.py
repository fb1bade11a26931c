"""The limits on how large positions can become, judged as if all working and in-doubt orders were to fill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from .checking import Asked, Family, Kind, Measure, Pair, Scope, Sort
from .conversion import Conversion
from .exposure import Exposure, Exposures
from .instrument import Instrument
from .judgement import Check, Measured
from .kinds import Reason, Side
from .limits import RiskLimits
from .market import MarketData
from .numbers import ZERO, add, multiply, negate, subtract
from .valuing import Valuation


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
        if side is Side.BUY and limits.max_long is not None:
            check = Check("max_long", Reason.MAX_LONG, *ids, "long position with all working orders")
            yield check, (_own_long if scope.strategy_id else _long)(limits.max_long)
        if side is Side.SELL and limits.max_short is not None:
            check = Check("max_short", Reason.MAX_SHORT, *ids, "short position with all working orders")
            yield check, (_own_short if scope.strategy_id else _short)(limits.max_short)
        if limits.max_gross is not None:
            check = Check("max_gross", Reason.MAX_GROSS, *ids, "gross position with all working orders")
            yield check, (_own_gross if scope.strategy_id else _gross)(limits.max_gross)
        if limits.max_exposure is not None:
            check = Check("max_exposure", Reason.MAX_EXPOSURE, *ids, "exposure with all working orders")
            yield check, self._exposure(scope, limits.max_exposure)

    def _exposure(self, scope: Scope, most: Decimal) -> Measure:
        worth = self._worth

        def measure(asked: Asked) -> Measured:
            if worth.currency is None:
                return asked.after.size, None
            before = worth.of(scope)
            unit = worth.unit(asked.terms.symbol)
            grown = subtract(asked.after.size, asked.before.size)
            if before is None or (unit is None and grown):
                return None, most
            after = before if unit is None else add(before, multiply(grown, unit))
            return after, _allowed(most, before, after)

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
        self._sums: dict[Scope, Decimal] = {}
        # Symbols in which there is exposure and no price, by scope.
        self._unpriced: dict[Scope, set[str]] = {}

    def on_market_data(self, data: MarketData) -> None:
        """Note that a price has moved; in another currency it may move what others are worth."""
        self._moved.add(data.symbol)

    def unit(self, symbol: str) -> Decimal | None:
        """Return what one unit of the base is worth; None where no price is known."""
        self._settle()
        return self._units.get(symbol)

    def of(self, scope: Scope) -> Decimal | None:
        """Return the sum of a scope; None where a price is missing."""
        self._settle()
        return None if self._unpriced.get(scope) else self._sums.get(scope, ZERO)

    def changed(self, strategy_id: str, symbol: str, before: Exposure, after: Exposure) -> None:
        """Hear of an exposure that has changed."""
        grown = subtract(after.size, before.size)
        if grown:
            self._add(strategy_id, symbol, grown, self._units.get(symbol))
            if self._units.get(symbol) is None:
                self._note_unpriced(symbol)

    def _settle(self) -> None:
        if not self._moved:
            return
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
            self._add(strategy_id, symbol, negate(exposure.size), before)
            self._add(strategy_id, symbol, exposure.size, after)
        self._note_unpriced(symbol)

    def _worth_of_one(self, symbol: str) -> Decimal | None:
        price, instrument = self._valuation.price(symbol), self._instruments.get(symbol)
        if price is None or instrument is None or self.currency is None:
            return None
        return self._conversion.convert(price, instrument.quote, self.currency)

    def _add(self, strategy_id: str, symbol: str, size: Decimal, unit: Decimal | None) -> None:
        if unit is not None:
            worth = multiply(size, unit)
            for scope in _scopes(strategy_id, symbol):
                self._sums[scope] = add(self._sums.get(scope, ZERO), worth)

    def _note_unpriced(self, symbol: str) -> None:
        missing = self._units.get(symbol) is None
        held = {name: bool(exposure.size) for name, exposure in self._exposures.by_symbol.get(symbol, {}).items()}
        for strategy_id, is_held in held.items():
            for scope in _scopes(strategy_id, symbol):
                of_all = is_held if scope.strategy_id else any(held.values())
                symbols = self._unpriced.setdefault(scope, set())
                (symbols.add if missing and of_all else symbols.discard)(symbol)


def _scopes(strategy_id: str, symbol: str) -> tuple[Scope, ...]:
    return Scope(), Scope(symbol=symbol), Scope(strategy_id), Scope(strategy_id, symbol)


def _allowed(most: Decimal, before: Decimal, after: Decimal) -> Decimal:
    """Return the limit, or what there is already where that is more: what is not made larger is not refused."""
    return most if after <= most else max(most, before)


def _own_long(most: Decimal) -> Measure:
    def measure(asked: Asked) -> Measured:
        after = asked.after.high
        return after, _allowed(most, asked.before.high, after)

    return measure


def _own_short(most: Decimal) -> Measure:
    def measure(asked: Asked) -> Measured:
        after = negate(asked.after.low)
        return after, _allowed(most, negate(asked.before.low), after)

    return measure


def _own_gross(most: Decimal) -> Measure:
    def measure(asked: Asked) -> Measured:
        after = asked.after.size
        return after, _allowed(most, asked.before.size, after)

    return measure


def _long(most: Decimal) -> Measure:
    def measure(asked: Asked) -> Measured:
        before = asked.sums.high
        after = add(before, subtract(asked.after.high, asked.before.high))
        return after, _allowed(most, before, after)

    return measure


def _short(most: Decimal) -> Measure:
    def measure(asked: Asked) -> Measured:
        before = negate(asked.sums.low)
        after = subtract(before, subtract(asked.after.low, asked.before.low))
        return after, _allowed(most, before, after)

    return measure


def _gross(most: Decimal) -> Measure:
    def measure(asked: Asked) -> Measured:
        before = asked.sums.size
        after = add(before, subtract(asked.after.size, asked.before.size))
        return after, _allowed(most, before, after)

    return measure
