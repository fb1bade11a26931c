"""How cash is rounded where it is booked: the sum of an order's cash so far, by the rule of the currency."""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from .account import Currency, Rounding
from .booking import Entry
from .kinds import Side
from .numbers import EXACT, ZERO, add, multiply, negate, subtract

_MODES: Final[Mapping[Rounding, str]] = MappingProxyType(
    {
        "half-even": decimal.ROUND_HALF_EVEN,
        "half-up": decimal.ROUND_HALF_UP,
        "half-down": decimal.ROUND_HALF_DOWN,
        "up": decimal.ROUND_UP,
        "down": decimal.ROUND_DOWN,
    }
)
_CONTEXT: Final = EXACT.copy()
_CONTEXT.traps[decimal.Inexact] = False

_Sum: TypeAlias = tuple[str, Literal["notional", "fee"], str]
"""An order's id, which of its cash, and the currency."""


def rounded(amount: Decimal, currency: Currency) -> Decimal:
    """Return an amount as it is booked in a currency; "up" is away from zero, "down" towards it."""
    if currency.places is None:
        return amount
    return amount.quantize(Decimal((0, (1,), -currency.places)), _MODES[currency.rounding], _CONTEXT)


class CashRounding:
    """Sums of each order's cash, and what rounding has added to them.

    Only of currencies that state their places; in the others cash is exact, and nothing is kept. What is rounded is the
    sum, so that it does not depend on how an order's fills are sliced, nor on what was taken back of them.

    Args:
        currencies: by code.
    """

    def __init__(self, currencies: Mapping[str, Currency]) -> None:
        self._currencies = {code: one for code, one in currencies.items() if one.places is not None}
        self._sums: dict[_Sum, Decimal] = {}

    def after(self, order_id: str, quote: str, side: Side, booked: Iterable[Entry]) -> dict[_Sum, Decimal]:
        """Return the sums that entries change, as they stand then."""
        after: dict[_Sum, Decimal] = {}
        for entry in booked if self._currencies else ():
            fill = entry.fill
            notional = multiply(fill.quantity, fill.price)
            flow = notional if side is Side.SELL else negate(notional)
            moves: tuple[tuple[_Sum, Decimal], ...] = (
                ((order_id, "notional", quote), flow),
                ((order_id, "fee", fill.fee_currency), negate(fill.fee)),
            )
            for key, amount in moves:
                if key[2] in self._currencies:
                    change = negate(amount) if entry.taken_back else amount
                    after[key] = add(after.get(key, self._sums.get(key, ZERO)), change)
        return after

    def changes(self, after: Mapping[_Sum, Decimal]) -> dict[str, Decimal]:
        """Return by how much more, or less, than the exact cash is booked then, by currency."""
        changes: dict[str, Decimal] = {}
        for key, amount in after.items():
            code = key[2]
            change = subtract(self._added(amount, code), self._added(self._sums.get(key, ZERO), code))
            changes[code] = add(changes.get(code, ZERO), change)
        return changes

    def take_over(self, after: Mapping[_Sum, Decimal]) -> None:
        """Keep the sums that after() has returned."""
        self._sums.update(after)

    def _added(self, amount: Decimal, code: str) -> Decimal:
        return subtract(rounded(amount, self._currencies[code]), amount)
