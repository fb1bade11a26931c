"""What was executed, apart by who brought the liquidity: exact sums, the same however an execution is sliced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from .booking import Entry
from .kinds import Liquidity
from .numbers import ZERO, add, multiply, negate, plain, ratio

NAMES: Final[Mapping[Liquidity | None, str]] = MappingProxyType(
    {Liquidity.MAKER: "maker", Liquidity.TAKER: "taker", None: "unstated"}
)
"""What is not stated is what a venue reports without saying which it was (FIX tag 851 left out)."""


class Part:
    """The sums of what was executed in one symbol as maker, or as taker."""

    __slots__ = ("fees", "fills", "notional", "quantity")

    def __init__(self) -> None:
        self.fills = 0
        self.quantity = self.notional = ZERO
        self.fees: dict[str, Decimal] = {}

    def book(self, entry: Entry) -> None:
        """Add an execution, or take it out."""
        fill = entry.fill
        quantity, fee = (negate(fill.quantity), negate(fill.fee)) if entry.taken_back else (fill.quantity, fill.fee)
        self.fills += -1 if entry.taken_back else 1
        self.quantity = add(self.quantity, quantity)
        self.notional = add(self.notional, multiply(quantity, fill.price))
        self.fees[fill.fee_currency] = add(self.fees.get(fill.fee_currency, ZERO), fee)

    def to_dict(self) -> dict[str, Any]:
        """Return it ready for JSON; decimals as plain strings."""
        return {
            "fills": self.fills,
            "quantity": plain(self.quantity),
            "notional": plain(self.notional),
            "average_price": plain(ratio(self.notional, self.quantity) if self.quantity else ZERO),
            "fees": {currency: plain(fee) for currency, fee in self.fees.items() if fee},
        }


class Traded:
    """The sums by symbol and liquidity."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[Liquidity | None, Part]] = {}

    def book(self, symbol: str, booked: Iterable[Entry]) -> None:
        """Add what an event books of a symbol."""
        for entry in booked:
            parts = self._parts.get(symbol)
            if parts is None:
                parts = self._parts[symbol] = {liquidity: Part() for liquidity in NAMES}
            parts[entry.fill.liquidity].book(entry)

    def to_dict(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return the sums by symbol, then by maker, taker and unstated, ready for JSON; nothing where none stands."""
        return {
            symbol: {name: parts[liquidity].to_dict() for liquidity, name in NAMES.items()}
            for symbol, parts in self._parts.items()
            if any(part.fills for part in parts.values())
        }
