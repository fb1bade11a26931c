"""What the account is worth now: its cash and its positions at their marks, in its currency."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from .conversion import Conversion
from .exposure_checks import ExposureWorth
from .funds import Funds
from .numbers import ZERO, add, multiply, subtract
from .positions import Positions


class Equity:
    """The equity, worked out when somebody asks and something has moved since.

    Args:
        funds: the cash.
        worth: what one unit of each position is worth.
        conversion: between currencies.
        positions: of all strategies.
    """

    def __init__(self, funds: Funds, worth: ExposureWorth, conversion: Conversion, positions: Positions) -> None:
        self._funds = funds
        self._worth = worth
        self._conversion = conversion
        self._positions = positions
        self._is_stale = True
        self._value: Decimal | None = None

    @property
    def has_account(self) -> bool:
        """Whether there is an account, with a currency to tell its worth in."""
        return self._funds.cash is not None and self._worth.currency is not None

    def value(self) -> Decimal | None:
        """Return the equity; None where a price is missing, or the account."""
        if self._is_stale:
            self._value = self._summed()
            self._is_stale = False
        return self._value

    def held(self) -> Decimal | None:
        """Return what all positions are worth, of both sides together; None where a price is missing."""
        return self._worth_of(self._positions.gross())

    def stale(self) -> None:
        """Hear that a price, a position or the cash has changed."""
        self._is_stale = True

    def _summed(self) -> Decimal | None:
        currency = self._worth.currency
        if currency is None or self._funds.cash is None:
            return None
        # What is being paid out is gone, and what is being paid in is there.
        money = self._conversion.total(self._funds.money(), currency)
        leaving = self._conversion.total(self._funds.leaving, currency)
        positions = self._worth_of(self._positions.net())
        if money is None or leaving is None or positions is None:
            return None
        return add(subtract(money, leaving), positions)

    def _worth_of(self, amounts: Iterable[tuple[str, Decimal]]) -> Decimal | None:
        result = ZERO
        for symbol, amount in amounts:
            if amount:
                unit = self._worth.unit(symbol)
                if unit is None:
                    return None
                result = add(result, multiply(amount, unit))
        return result
