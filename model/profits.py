"""What the account, each strategy and each symbol has earned: now, since midnight, and at most.

Profit is realised + unrealised - fees, at the prices that are known now, in the account's currency. Of each strategy in
each symbol the position and the money that its fills have moved are kept; a price that moves changes what they are
worth, and the sums of the scopes in which somebody takes an interest. While nobody does, fills are only noted.
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
from .exposure import Key
from .instrument import Instrument
from .kinds import Side
from .market import MarketData
from .numbers import ZERO, add, multiply, negate, subtract
from .values import changed

DAY_NS: Final = 86_400_000_000_000

_Noted: TypeAlias = tuple[Key, Side, tuple[Entry, ...]]


@attrs.frozen
class Held:
    """What one strategy holds in one symbol, and what it has brought in.

    Attributes:
        position: negative for a short one.
        money: what fills have moved, by currency, less fees.
        worth: of both in the account's currency, which is the profit; None where a price is missing.
        base: the same when the day began; None until a price is known by which it can be told.
    """

    position: Decimal = ZERO
    money: Mapping[str, Decimal] = attrs.field(factory=dict[str, Decimal])
    worth: Decimal | None = ZERO
    base: Decimal | None = ZERO

    def after(self, side: Side, booked: Iterable[Entry], quote: str) -> Held:
        """Return it after executions, not yet valued."""
        position, money = self.position, dict(self.money)
        for entry in booked:
            fill = entry.fill
            buys = (side is Side.BUY) is not entry.taken_back
            notional = multiply(fill.quantity, fill.price)
            position = add(position, fill.quantity if buys else negate(fill.quantity))
            fee = fill.fee if entry.taken_back else negate(fill.fee)
            for currency, amount in ((quote, negate(notional) if buys else notional), (fill.fee_currency, fee)):
                if amount:
                    money[currency] = add(money.get(currency, ZERO), amount)
        return changed(self, position=position, money=money)

    def valued(self, worth: Decimal | None) -> Held:
        """Return it at another worth; the first that is known is what the day began with where that was not."""
        return changed(self, worth=worth, base=worth if self.base is None else self.base)


@attrs.frozen
class Sum:
    """The profit of a scope.

    Attributes:
        known: of what has a price.
        unknown: how many strategies and symbols have none.
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

    def with_change(self, before: Held, after: Held) -> Sum:
        """Return it with one part at another worth."""
        known = subtract(add(self.known, after.worth or ZERO), before.worth or ZERO)
        return changed(self, known=known, unknown=self.unknown + (after.worth is None) - (before.worth is None))

    def seen(self) -> Sum:
        """Return it once every part is up to date."""
        profit = self.profit
        if profit is None:
            return self
        highest = profit if self.highest is None else max(self.highest, profit)
        return changed(self, base=profit if self.base is None else self.base, highest=highest)


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
        self._held: dict[Key, Held] = {}
        self._sums: dict[Scope, Sum] = {}
        # What a price may change: positions by symbol, and whatever has money in another currency.
        self._priced: dict[str, set[Key]] = {}
        self._foreign: dict[str, set[Key]] = {}
        self._rates: dict[str, Decimal | None] = {}
        self._noted: list[_Noted] = []
        self._day = 0

    def watch(self, scopes: Iterable[Scope]) -> None:
        """Keep the profits of these scopes and of no others; the highest profit of a new one is that of now."""
        wanted = frozenset(scopes)
        if wanted and not self._sums:
            self._look_at_all()
        fresh = {scope: self._summed(scope) for scope in wanted if scope not in self._sums}
        self._sums = {scope: known for scope, known in self._sums.items() if scope in wanted} | fresh

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
            held = {key: changed(one, base=one.worth) for key, one in self._held.items()}
            sums = {scope: changed(one, base=one.profit) for scope, one in self._sums.items()}
            self._held, self._sums = held, sums
        self._day = day

    def on_market_data(self, data: MarketData) -> None:
        """Take into account a price that the conversion has taken over."""
        if not self._sums:
            return
        keys = self._priced.get(data.symbol, _NONE)
        rates = self._rates_moved() if self._foreign else {}
        for currency in rates:
            keys = keys | self._foreign[currency]
        if not keys:
            return
        after = {key: self._held[key].valued(self._worth(key, self._held[key])) for key in keys}
        sums = self._sums_after(after)
        self._rates |= rates
        self._held |= after
        self._sums |= sums

    def after(self, update: OrderUpdate) -> Callable[[], None] | None:
        """Compute what an entry of the stream changes, and return what takes it over, which cannot fail."""
        order, booked = update.order, entries(update.event)
        if order is None or not booked:
            return None
        key = order.strategy_id, order.symbol
        if not self._sums:
            return partial(self._noted.append, (key, order.side, booked))
        held = self._after(key, order.side, booked)
        return partial(self._take, key, held, self._sums_after({key: held}))

    def _take(self, key: Key, held: Held, sums: dict[Scope, Sum]) -> None:
        self._keep(key, held)
        self._sums |= sums

    def _after(self, key: Key, side: Side, booked: tuple[Entry, ...]) -> Held:
        held = self._held.get(key, _NOTHING).after(side, booked, quote_of(self._instruments, key[1]))
        return held.valued(self._worth(key, held))

    def _keep(self, key: Key, held: Held) -> None:
        self._held[key] = held
        priced = self._priced.setdefault(key[1], set())
        (priced.add if held.position else priced.discard)(key)
        for currency in held.money:
            if currency != self.currency:
                self._foreign.setdefault(currency, set()).add(key)

    def _worth(self, key: Key, held: Held) -> Decimal | None:
        if self.currency is None:
            return None
        money = self._conversion.total(held.money, self.currency)
        if not held.position or money is None:
            return money
        price = self._conversion.price(key[1])
        if price is None:
            return None
        value = multiply(held.position, price)
        worth = self._conversion.convert(value, quote_of(self._instruments, key[1]), self.currency)
        return None if worth is None else add(money, worth)

    def _rates_moved(self) -> dict[str, Decimal | None]:
        moved: dict[str, Decimal | None] = {}
        for currency in self._foreign:
            rate = None if self.currency is None else self._conversion.rate(currency, self.currency)
            if rate != self._rates.get(currency):
                moved[currency] = rate
        return moved

    def _sums_after(self, after: Mapping[Key, Held]) -> dict[Scope, Sum]:
        sums: dict[Scope, Sum] = {}
        for key, held in after.items():
            before = self._held.get(key, _NOTHING)
            for scope in scopes_around(*key):
                known = sums.get(scope) or self._sums.get(scope)
                if known is not None:
                    sums[scope] = known.with_change(before, held)
        return {scope: one.seen() for scope, one in sums.items()}

    # -- beginning to look

    def _look_at_all(self) -> None:
        """Bring everything up to date after a time in which nobody looked."""
        noted, self._noted = self._noted, []
        for key, side, booked in noted:
            self._keep(key, self._after(key, side, booked))
        self._held = {key: held.valued(self._worth(key, held)) for key, held in self._held.items()}
        self._rates |= self._rates_moved()

    def _summed(self, scope: Scope) -> Sum:
        result, base = Sum(), ZERO
        is_known = True
        for key, held in self._held.items():
            if scope in scopes_around(*key):
                result = result.with_change(_NOTHING, held)
                is_known = is_known and held.base is not None
                base = add(base, held.base or ZERO)
        return changed(result, base=base if is_known else None).seen()


_NOTHING: Final = Held()
_NONE: Final = frozenset[Key]()


def scopes_around(strategy_id: str, symbol: str) -> tuple[Scope, ...]:
    """Return every scope that a strategy's orders in a symbol lie in."""
    return Scope(), Scope(symbol=symbol), Scope(strategy_id), Scope(strategy_id, symbol)
