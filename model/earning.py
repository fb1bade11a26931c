"""What the account or one strategy holds and has earned, as sums that each fill and each price changes by a little."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

import attrs

from .booking import Entry
from .conversion import Conversion
from .drawdown import Drawdown
from .kinds import Side
from .numbers import ZERO, add, multiply, negate, subtract
from .round_trips import Tallies, TripBook

Sizes: TypeAlias = tuple[Decimal, Decimal]
"""What is held of both sides together, and the long less the short."""


@attrs.frozen
class Executed:
    """What fills have done in a symbol: change is that of the position, price its mark, None where it is not known."""

    symbol: str
    quote: str
    side: Side
    entries: tuple[Entry, ...]
    change: Decimal
    price: Decimal | None


@attrs.frozen
class Sums:
    """Money, fees and what was traded, by currency, and what is held of one symbol."""

    money: dict[str, Decimal]
    fees: dict[str, Decimal]
    traded: dict[str, Decimal]
    held: Decimal


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

    def after(self, executed: Executed) -> Sums:
        """Return the sums that fills change, as they stand then."""
        money, fees, traded = dict(self.money), dict(self.fees), dict(self.traded)
        quote = executed.quote
        for entry in executed.entries:
            fill, sign = entry.fill, negate if entry.taken_back else add_nothing
            notional = sign(multiply(fill.quantity, fill.price))
            fee = sign(fill.fee)
            _increase(money, quote, negate(notional) if executed.side is Side.BUY else notional)
            _increase(money, fill.fee_currency, negate(fee))
            _increase(fees, fill.fee_currency, fee)
            _increase(traded, quote, notional)
        if executed.price is not None:
            _increase(money, quote, multiply(executed.change, executed.price))
        return Sums(money, fees, traded, add(self.held.get(executed.symbol, ZERO), executed.change))

    def take_over(self, executed: Executed, sums: Sums) -> None:
        """Keep what after() has returned."""
        symbol = executed.symbol
        self.money, self.fees, self.traded = sums.money, sums.fees, sums.traded
        if sums.held:
            self.held[symbol] = sums.held
        else:
            self.held.pop(symbol, None)
        if executed.price is None and sums.held:
            self.unpriced.add(symbol)
        elif executed.price is None:
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
