"""The limits that hold an order to its market: the price collar, how old market data may be, and trading hours.

Each is of new orders and of modifications; a cancel is held to none. The collar and the hours hold for what closes a
position, too: what is priced far off loses money whatever it is for, and outside the hours nothing can trade. The age
does not: closing on old data is better than not closing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from .checking import Asked, Family, Kind, Measure, Pair, Scope, Sort
from .commands import SubmitOrder
from .instrument import Instrument
from .judgement import Check, Measured
from .kinds import Reason, Side
from .limits import RiskLimits
from .mark import Mark
from .market import MarketData
from .numbers import ONE, ZERO, add, multiply, subtract
from .trading_hours import TradingHours
from .valuing import Valuation

_NANO: Final = Decimal("1e-9")


class MarketChecks(Family):
    """price_collar, max_data_age and only_in_trading_hours.

    The collar is of the price and of the stop price, whichever is farther from the market; of an order that has
    neither, of the price that it would meet now, without any allowance. It is measured from the mark and from the last
    trade, whichever is stricter. A modification is refused for it only if it goes farther than what was asked before.

    The age is that of the data that came last, by which an order is valued.

    Args:
        instruments: by symbol.
        valuation: the marks.
    """

    def __init__(self, instruments: Mapping[str, Instrument], valuation: Valuation) -> None:
        self._instruments = instruments
        self._valuation = valuation
        self._told_ns: dict[str, int] = {}

    def on_market_data(self, data: MarketData) -> None:
        """Take over when a price was told."""
        self._told_ns[data.symbol] = data.time_ns

    def checks(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterable[Pair]:
        """Return those that are set."""
        return () if sort.kind is Kind.CANCEL else self._set(sort, scope, limits)

    def _set(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterator[Pair]:
        ids = scope.strategy_id, scope.symbol
        if limits.max_data_age is not None:
            check = Check("max_data_age", Reason.STALE_DATA, *ids, "seconds since the latest market data")
            yield check, self._age(limits.max_data_age)
        hours = self._instruments[sort.symbol].trading_hours
        if limits.only_in_trading_hours and hours is not None:
            check = Check("only_in_trading_hours", Reason.OUTSIDE_HOURS, *ids, "seconds until the market opens")
            yield check, _until_open(hours)
        if limits.price_collar is not None:
            sells = sort.side is Side.SELL
            rule = f"must be at {'least' if sells else 'most'} {{}}"
            check = Check("price_collar", Reason.PRICE_COLLAR, *ids, "price", rule, at_least=sells)
            yield check, self._collar(limits.price_collar, sells=sells)

    def _age(self, most: Decimal) -> Measure:
        told_ns = self._told_ns

        def measure(asked: Asked) -> Measured:
            told = told_ns.get(asked.terms.symbol)
            if told is None:
                return (ZERO, most) if asked.share.closes else (None, most)
            age = multiply(Decimal(asked.now_ns - told), _NANO)
            return age, max(most, age) if asked.share.closes else most

        return measure

    def _collar(self, collar: Decimal, *, sells: bool) -> Measure:
        factor = subtract(ONE, collar) if sells else add(ONE, collar)
        # Which of two prices is the stricter bound, and which is the farther from the market.
        stricter, farther = (max, min) if sells else (min, max)

        def measure(asked: Asked) -> Measured:
            mark = self._valuation.mark(asked.terms.symbol)
            reference = mark.price
            if reference is None:
                return None, collar
            if mark.last is not None:
                reference = stricter(reference, mark.last)
            bound, price = multiply(reference, factor), _farthest(asked.terms, mark, reference)
            if asked.was is not None and farther(price, bound) != bound:
                bound = farther(bound, _farthest(asked.was.requested, mark, reference))
            return price, bound

        return measure


def _farthest(terms: SubmitOrder, mark: Mark, reference: Decimal) -> Decimal:
    """Return the price or the stop price, whichever is farther from the market; else what it would meet now."""
    price, stop = terms.price, terms.stop_price
    if price is None:
        return stop or mark.against(terms.side) or reference
    if stop is None:
        return price
    return min(price, stop) if terms.side is Side.SELL else max(price, stop)


def _until_open(hours: TradingHours) -> Measure:
    # The session that was under way, or next, when it was looked up: the same until it ends.
    since = start = end = 0

    def measure(asked: Asked) -> Measured:
        nonlocal since, start, end
        now_ns = asked.now_ns
        if not since <= now_ns < end:
            since, (start, end) = now_ns, hours.session(now_ns)
        return (ZERO if start <= now_ns else multiply(Decimal(start - now_ns), _NANO)), ZERO

    return measure
