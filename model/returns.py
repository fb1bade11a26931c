"""Figures of a series of returns, one for each of equally long periods."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from .numbers import ZERO, multiply, ratio, root, subtract, total

_FEWEST: Final = 2


def sharpe_ratio(
    returns: Sequence[Decimal], periods_per_year: Decimal, risk_free_rate: Decimal = ZERO
) -> Decimal | None:
    """Return the mean excess return over its sample standard deviation (by n - 1), times sqrt(periods per year).

    Each step (mean, variance, both roots, quotient) is rounded to 40 decimal places, half-even.

    Args:
        returns: of the periods, as fractions.
        periods_per_year: by which it is annualised.
        risk_free_rate: of a year, as a fraction; a period earns its part of it.

    Returns:
        The ratio; None with fewer than two returns, and where they do not deviate.
    """
    if len(returns) < _FEWEST:
        return None
    excess, mean = _excess(returns, periods_per_year, risk_free_rate)
    deviations = (subtract(value, mean) for value in excess)
    variance = ratio(total(multiply(value, value) for value in deviations), Decimal(len(excess) - 1))
    return _annualised(mean, root(variance), periods_per_year)


def sortino_ratio(
    returns: Sequence[Decimal], periods_per_year: Decimal, risk_free_rate: Decimal = ZERO
) -> Decimal | None:
    """Return the mean excess return over the downside deviation, times sqrt(periods per year).

    The downside deviation is sqrt(sum of min(excess, 0) squared / n), over all n periods. Arguments, rounding and None
    as for sharpe_ratio(); None too where no return is below zero.
    """
    if len(returns) < _FEWEST:
        return None
    excess, mean = _excess(returns, periods_per_year, risk_free_rate)
    downside = total(multiply(value, value) for value in excess if value < ZERO)
    return _annualised(mean, root(ratio(downside, Decimal(len(excess)))), periods_per_year)


def _excess(
    returns: Sequence[Decimal], periods_per_year: Decimal, risk_free_rate: Decimal
) -> tuple[Sequence[Decimal], Decimal]:
    free = ratio(risk_free_rate, periods_per_year)
    excess = [subtract(value, free) for value in returns] if free else returns
    return excess, ratio(total(excess), Decimal(len(excess)))


def _annualised(mean: Decimal, deviation: Decimal, periods_per_year: Decimal) -> Decimal | None:
    return ratio(multiply(mean, root(periods_per_year)), deviation) if deviation else None
