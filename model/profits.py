"""What the account, each strategy and each symbol has earned: now, since midnight, and at most.

Profit is realised + unrealised - fees, at the prices that are known now, in the account's currency. What fills have
moved is kept as amounts: of each symbol the position, of each currency the money, fees included. A price that moves
changes what the amounts of the scopes are worth in which somebody takes an interest. While nobody does, fills are only
noted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Final, TypeAlias

import attrs

from .booking import Entry, entries, quote_of
from .checking import Scope
from .conversion import Conversion
from .events import OrderUpdate
from .instrument import Instrument
from .kinds import Side
from .market import MarketData
from .numbers import ZERO, add, multiply, negate, subtract
from .positions import Key
from .values import changed

DAY_NS: Final = 86_400_000_000_000

_Amounts: TypeAlias = dict[str, Decimal]
"""By symbol, and by currency with a mark before it that no symbol has."""

_Units: TypeAlias = dict[str, Decimal | None]
"""What one of each amount is worth; None where no price is known."""

_Noted: TypeAlias = tuple[Key, Side, tuple[Entry, ...]]
_Change: TypeAlias = tuple[Decimal, int]
"""How much more what has a price is worth, and how many more amounts have none."""

_MONEY: Final = "$"
_NO_CHANGE: Final[_Change] = ZERO, 0


@attrs.frozen
class Sum:
    """The profit of a scope.

    Attributes:
        known: of what has a price.
        unknown: how many symbols and currencies have none.
        base: the profit when the day began; None until it can be told.
        highest: that it has had since somebody took an interest; None until it was known once.
    """

    known: Decimal = ZERO
    unknown: int = 0
    base: Decimal | None = ZERO
    highest: Decimal | None = None

    @property
    def profit(self) -> Decimal | None:
        """The profit; None where a price is missing."""
        return None if self.unknown else self.known

    def after(self, change: _Change) -> Sum:
        """Return it once more is earned or known; the first profit that is known is also what the day began with."""
        known, unknown = add(self.known, change[0]), self.unknown + change[1]
        base, highest = self.base, self.highest
        if not unknown:
            base = known if base is None else base
            highest = known if highest is None else max(highest, known)
        return Sum(known, unknown, base, highest)


class Profits:
    """The profits of the scopes that are watched.

    A day begins at midnight UTC, by the times of market data and updates: the first that is of a later day than all
    before begins it, and the day's base is the profit as it stood until then, at the prices from before. So without
    data over midnight, what happens between the last price of the one day and the first of the other counts to the
    other. Where a price is missing then, the base is the first profit that is known.

    Args:
        instruments: by symbol.
        conversion: the prices, and what currencies are worth; told of each price before these are.
        currency: the account's; None where there is none, and no profit can be told.
    """

    def __init__(self, instruments: Mapping[str, Instrument], conversion: Conversion, currency: str | None) -> None:
        self.currency = currency
        self._instruments = instruments
        self._conversion = conversion
        self._booked: dict[Key, _Amounts] = {}
        # What each had earned when the day began.
        self._bases: dict[Key, Decimal | None] = {}
        self._noted: list[_Noted] = []
        self._day = 0
        # Of what is watched: the sums, the amounts, and who has each.
        self._sums: dict[Scope, Sum] = {}
        self._amounts: dict[Scope, _Amounts] = {}
        self._holders: dict[str, set[Scope]] = {}
        # What one of each amount is worth, and which of these other prices may change than the symbol's own.
        self._units: _Units = {}
        self._converted: set[str] = set()

    def watch(self, scopes: Iterable[Scope]) -> None:
        """Keep the profits of these scopes and of no others; the highest profit of a new one is that of now."""
        wanted = frozenset(scopes)
        if wanted and not self._sums:
            self._look_at_all()
        for scope in self._sums.keys() - wanted:
            del self._sums[scope], self._amounts[scope]
        for scope in wanted - self._sums.keys():
            self._amounts[scope] = self._of(scope)
            self._sums[scope] = Sum(base=self._base(scope)).after(self._sum(self._amounts[scope]))
        self._holders = {}
        for scope, amounts in self._amounts.items():
            for name in amounts:
                self._holders.setdefault(name, set()).add(scope)

    # -- what is told

    def profit(self, scope: Scope) -> Decimal | None:
        """Return the profit of a scope that is watched; None where a price is missing."""
        return self._sums[scope].profit

    def daily_loss(self, scope: Scope, now_ns: int) -> Decimal | None:
        """Return what a scope that is watched has lost since midnight, at least zero; None where a price is missing."""
        held = self._sums[scope]
        if held.profit is None or held.base is None:
            return None
        return ZERO if now_ns // DAY_NS > self._day else max(subtract(held.base, held.profit), ZERO)

    def fall(self, scope: Scope) -> Decimal | None:
        """Return how far the profit of a scope that is watched is below its highest; None where a price is missing."""
        held = self._sums[scope]
        return None if held.profit is None or held.highest is None else subtract(held.highest, held.profit)

    # -- following

    def on_time(self, time_ns: int) -> None:
        """Begin a day if it is time. Called before the prices of that time are taken over."""
        day = time_ns // DAY_NS
        if day <= self._day:
            return
        if self._day:
            if not self._sums:
                self._look_at_all()
            bases = {key: _worth(self._sum(amounts)) for key, amounts in self._booked.items()}
            sums = {scope: changed(one, base=one.profit) for scope, one in self._sums.items()}
            self._bases, self._sums = bases, sums
        self._day = day

    def on_market_data(self, data: MarketData) -> None:
        """Take into account a price that the conversion has taken over."""
        if not self._sums:
            return
        moved = self._moved(data.symbol)
        changes: dict[Scope, _Change] = {}
        for name, unit in moved.items():
            before = self._units.get(name)
            for scope in self._holders.get(name, ()):
                amount = self._amounts[scope][name]
                change = _plus(changes.get(scope, _NO_CHANGE), _worth_of(amount, unit))
                changes[scope] = _less(change, _worth_of(amount, before))
        sums = {scope: self._sums[scope].after(change) for scope, change in changes.items()}
        self._units |= moved
        self._sums |= sums

    def after(self, update: OrderUpdate) -> Callable[[], None] | None:
        """Compute what an entry of the stream changes, and return what takes it over, which cannot fail."""
        order, booked = update.order, entries(update.event)
        if order is None or not booked:
            return None
        key = order.strategy_id, order.symbol
        if not self._sums:
            return partial(self._noted.append, (key, order.side, booked))
        moved = self._moved_by(key[1], order.side, booked)
        units = {name: self._units[name] if name in self._units else self._unit(name) for name in moved}
        amounts: dict[Scope, _Amounts] = {}
        sums: dict[Scope, Sum] = {}
        for scope in scopes_around(*key):
            if scope in self._sums:
                before = self._amounts[scope]
                amounts[scope] = now = _summed(before, moved)
                sums[scope] = self._sums[scope].after(_change(before, now, units))
        booked_so_far = _summed(self._booked.get(key, {}), moved)
        return partial(self._take, key, booked_so_far, units, amounts, sums)

    def _take(
        self, key: Key, booked: _Amounts, units: _Units, amounts: dict[Scope, _Amounts], sums: dict[Scope, Sum]
    ) -> None:
        self._keep(key, booked)
        self._units |= units
        self._amounts |= amounts
        self._sums |= sums
        for name in booked:
            self._holders.setdefault(name, set()).update(amounts)

    def _keep(self, key: Key, booked: _Amounts) -> None:
        self._booked[key] = booked
        for name in booked:
            currency = name[1:] if name.startswith(_MONEY) else quote_of(self._instruments, name)
            if currency != self.currency:
                self._converted.add(name)

    def _moved_by(self, symbol: str, side: Side, booked: Iterable[Entry]) -> _Amounts:
        """Return what executions change."""
        moved: _Amounts = {}
        quote = quote_of(self._instruments, symbol)
        for entry in booked:
            fill = entry.fill
            buys = (side is Side.BUY) is not entry.taken_back
            notional = multiply(fill.quantity, fill.price)
            for name, amount in (
                (symbol, fill.quantity if buys else negate(fill.quantity)),
                (_MONEY + quote, negate(notional) if buys else notional),
                (_MONEY + fill.fee_currency, fill.fee if entry.taken_back else negate(fill.fee)),
            ):
                if amount:
                    moved[name] = add(moved.get(name, ZERO), amount)
        return moved

    # -- what amounts are worth

    def _unit(self, name: str) -> Decimal | None:
        """Return what one is worth in the account's currency; None where no price is known."""
        if self.currency is None:
            return None
        if name.startswith(_MONEY):
            return self._conversion.rate(name[1:], self.currency)
        price = self._conversion.price(name)
        return (
            None if price is None else self._conversion.convert(price, quote_of(self._instruments, name), self.currency)
        )

    def _moved(self, symbol: str) -> _Units:
        """Return the units that a price of this symbol has changed."""
        units = {name: self._unit(name) for name in self._converted}
        if symbol in self._units:
            units[symbol] = self._unit(symbol)
        return {name: unit for name, unit in units.items() if unit != self._units[name]}

    def _sum(self, amounts: _Amounts) -> _Change:
        return _change({}, amounts, {name: self._units[name] for name in amounts})

    # -- beginning to look

    def _look_at_all(self) -> None:
        """Bring everything up to date after a time in which nobody looked."""
        noted, self._noted = self._noted, []
        for key, side, booked in noted:
            self._keep(key, _summed(self._booked.get(key, {}), self._moved_by(key[1], side, booked)))
        self._units = {name: self._unit(name) for amounts in self._booked.values() for name in amounts}

    def _of(self, scope: Scope) -> _Amounts:
        result: _Amounts = {}
        for key, amounts in self._booked.items():
            if scope in scopes_around(*key):
                result = _summed(result, amounts)
        return result

    def _base(self, scope: Scope) -> Decimal | None:
        result = ZERO
        for key, base in self._bases.items():
            if scope in scopes_around(*key):
                if base is None:
                    return None
                result = add(result, base)
        return result


def _summed(amounts: Mapping[str, Decimal], more: Mapping[str, Decimal]) -> _Amounts:
    return {**amounts, **{name: add(amounts.get(name, ZERO), amount) for name, amount in more.items()}}


def _change(before: _Amounts, now: _Amounts, units: _Units) -> _Change:
    change = _NO_CHANGE
    for name, unit in units.items():
        change = _plus(change, _worth_of(now[name], unit))
        change = _less(change, _worth_of(before.get(name, ZERO), unit))
    return change


def _worth_of(amount: Decimal, unit: Decimal | None) -> _Change:
    if not amount:
        return _NO_CHANGE
    return (ZERO, 1) if unit is None else (multiply(amount, unit), 0)


def _plus(change: _Change, more: _Change) -> _Change:
    return add(change[0], more[0]), change[1] + more[1]


def _less(change: _Change, less: _Change) -> _Change:
    return subtract(change[0], less[0]), change[1] - less[1]


def _worth(change: _Change) -> Decimal | None:
    return None if change[1] else change[0]


def scopes_around(strategy_id: str, symbol: str) -> tuple[Scope, ...]:
    """Return every scope that a strategy's orders in a symbol lie in."""
    return Scope(), Scope(symbol=symbol), Scope(strategy_id), Scope(strategy_id, symbol)
