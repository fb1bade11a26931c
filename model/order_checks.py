"""The limits of a single order: its quantity, and what it is worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from .checking import Asked, Family, Kind, Measure, Pair, Scope, Sort
from .judgement import Check, Measured
from .kinds import Reason
from .limits import RiskLimits
from .valuing import Valuation


class OrderChecks(Family):
    """max_order_quantity and max_order_notional.

    Args:
        valuation: what an order may come to.
    """

    def __init__(self, valuation: Valuation) -> None:
        self._valuation = valuation

    def checks(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterable[Pair]:
        """Return those that are set; a cancel is held to neither."""
        return () if sort.kind is Kind.CANCEL else self._set(scope, limits)

    def _set(self, scope: Scope, limits: RiskLimits) -> Iterator[Pair]:
        quantity, notional = limits.max_order_quantity, limits.max_order_notional
        if quantity is not None:
            name, reason = "max_order_quantity", Reason.MAX_ORDER_QUANTITY
            yield Check(name, reason, scope.strategy_id, scope.symbol, "quantity"), _quantity(quantity)
        if notional is not None:
            name, reason = "max_order_notional", Reason.MAX_ORDER_NOTIONAL
            yield Check(name, reason, scope.strategy_id, scope.symbol, "notional"), self._notional(notional)

    def _notional(self, most: Decimal) -> Measure:
        notional = self._valuation.notional

        def measure(asked: Asked) -> Measured:
            return notional(asked.terms), most

        return measure


def _quantity(most: Decimal) -> Measure:
    def measure(asked: Asked) -> Measured:
        return asked.terms.quantity, most

    return measure
