"""What may be spent: the cash of the account less what working orders may still cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from .checking import Asked, Family, Kind, Pair, Scope, Sort
from .instrument import Instrument
from .judgement import Check, Measured
from .kinds import Reason, Side
from .limits import RiskLimits
from .numbers import ZERO, add, subtract
from .reservation import Reserved
from .valuing import Valuation


class FundsChecks(Family):
    """Whether there is cash for what a buy may cost.

    Args:
        instruments: by symbol.
        valuation: what an order may come to.
        cash: balances by currency as they stand, kept by risk; None checks no funds.
        reserved: what working orders may still cost.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        valuation: Valuation,
        cash: Mapping[str, Decimal] | None,
        reserved: Reserved,
    ) -> None:
        self._instruments = instruments
        self._valuation = valuation
        self._cash = cash
        self._reserved = reserved

    def checks(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterable[Pair]:
        """Return the check of a buy, once: the account's funds are one."""
        del limits
        if self._cash is None or sort.kind is Kind.CANCEL or sort.side is Side.SELL or scope != Scope():
            return
        quote = self._instruments[sort.symbol].quote
        reason, rule = Reason.INSUFFICIENT_FUNDS, f"must be at most the {{}} {quote} that are free"
        yield Check("cash", reason, "", "", "cost with fee", rule), self._measure

    def _measure(self, asked: Asked) -> Measured:
        assert self._cash is not None, "asked where funds are checked"
        working, was = asked.working, asked.was
        # A new order has just been costed; at zero there was no price to do it by.
        cost = working.cost if was is None and working.cost else self._valuation.cost(working.dearest, working.filled)
        currency = asked.instrument.quote
        left = subtract(self._cash.get(currency, ZERO), self._reserved.by_currency.get(currency, ZERO))
        if cost is None:
            return None, left
        before = ZERO if was is None else was.cost
        more = self._reserved.growth(asked.order_id, working.pool, before, cost)
        if cost <= before:
            return cost, cost
        return cost, add(left, subtract(cost, more))
