"""What the account or one strategy holds and has earned, as sums that each fill and each price changes by a little."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from .booking import Entry
from .conversion import Conversion
from .drawdown import Drawdown
from .kinds import Side
from .numbers import ZERO, add, multiply, negate, subtract
from .round_trips import Tallies, TripBook

Sizes: TypeAlias = tuple[Decimal, Decimal]
"""What is held of both sides together, and the long less the short."""


class Earnings:
    """Sums by currency, and by symbol.

    Args:
        capital: the account's equity at the beginning, of which falls are told as a fraction; None when not known.
    """

    def __init__(self, capital: Decimal | None = None) -> None:
        # What fills have paid and brought in, less fees, plus what the positions that have a price are worth.
        self.money: dict[str, Decimal] = {}
        self.fees: dict[str, Decimal] = {}
        self.traded: dict[str, Decimal] = {}
        self.held: dict[str, Decimal] = {}
        self.unpriced: set[str] = set()
        self.trips: dict[str, TripBook] = {}
        self.tallies = Tallies()
        # All in the account currency.
        self.profit: Decimal | None = ZERO
        self.falls = Drawdown()
        self.relative_falls = Drawdown(ZERO, capital)

    def book(self, side: Side, quote: str, entries: tuple[Entry, ...]) -> None:
        """Take over the money that fills have moved."""
        for entry in entries:
            fill, sign = entry.fill, negate if entry.taken_back else add_nothing
            notional = sign(multiply(fill.quantity, fill.price))
            fee = sign(fill.fee)
            _increase(self.money, quote, negate(notional) if side is Side.BUY else notional)
            _increase(self.money, fill.fee_currency, negate(fee))
            _increase(self.fees, fill.fee_currency, fee)
            _increase(self.traded, quote, notional)

    def hold(self, symbol: str, quote: str, change: Decimal, price: Decimal | None) -> None:
        """Take over what fills have changed of a position."""
        held = add(self.held.get(symbol, ZERO), change)
        if held:
            self.held[symbol] = held
        else:
            self.held.pop(symbol, None)
        if price is not None:
            _increase(self.money, quote, multiply(change, price))
        elif held:
            self.unpriced.add(symbol)
        else:
            self.unpriced.discard(symbol)

    def reprice(self, symbol: str, quote: str, before: Decimal | None, price: Decimal | None) -> None:
        """Take over that a symbol that is held is worth more or less, or that this is no longer known."""
        change = subtract(ZERO if price is None else price, ZERO if before is None else before)
        _increase(self.money, quote, multiply(self.held[symbol], change))
        if price is None:
            self.unpriced.add(symbol)
        else:
            self.unpriced.discard(symbol)

    def value(self, conversion: Conversion, currency: str) -> None:
        """Bring the profit up to date: none is known while a position has no price, or a currency no rate."""
        self.profit = None if self.unpriced else conversion.total(self.money, currency)

    def sizes(self) -> dict[str, Sizes]:
        """Return what is held by symbol, of both sides together and net."""
        legs = {symbol: trips.legs for symbol, trips in self.trips.items()}
        return {symbol: (add(legs.long.size, legs.short.size), legs.net) for symbol, legs in legs.items()}


def add_nothing(amount: Decimal) -> Decimal:
    """Return the amount."""
    return amount


def _increase(amounts: dict[str, Decimal], key: str, amount: Decimal) -> None:
    amounts[key] = add(amounts.get(key, ZERO), amount)
