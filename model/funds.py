"""The account's money as risk keeps it: what is there, what working orders may take of it, and what is free.

Without an account a buy is held to the cash in its quote currency and a sell to nothing. On a spot account a sell is
held to what there is of its base too: cash in it, and positions of every instrument whose base it is. On a margin
account neither is; see margin_checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

import attrs

from . import events as e
from .account import Account, MarginAccount, SpotAccount
from .account_events import CashMoved
from .booking import balances as cash_after
from .booking import entries, quote_of
from .checking import Asked, Family, Kind, Pair, Scope, Sort
from .instrument import Instrument
from .judgement import Check, Measured
from .kinds import Reason, Side
from .limits import RiskLimits
from .numbers import ZERO, add, magnitude, subtract, tidy
from .positions import Positions
from .reservation import Reserved, Working
from .valuing import Valuation


@attrs.frozen(kw_only=True)
class Balance:
    """What there is of a currency: total is cash and positions, locked what working orders may take, free the rest."""

    total: Decimal
    locked: Decimal
    free: Decimal


class Funds(Family):
    """Balances, and whether there is enough for what an order may take, where is_checked says that it is held to that.

    Args:
        instruments: by symbol.
        valuation: what an order may come to.
        cash: opening balance by currency; None keeps no funds.
        account: what is checked; None checks the cash of buys.
        positions: of all strategies.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        valuation: Valuation,
        cash: Mapping[str, Decimal] | None,
        account: Account | None,
        positions: Positions,
    ) -> None:
        self.cash = None if cash is None else dict(cash)
        self.reserved = Reserved()
        self._instruments = instruments
        self._valuation = valuation
        self._is_spot = isinstance(account, SpotAccount)
        self.is_checked = cash is not None and not isinstance(account, MarginAccount)
        self._positions = positions
        self._with_base: dict[str, list[str]] = {}
        for symbol, instrument in instruments.items():
            self._with_base.setdefault(instrument.base, []).append(symbol)
        # What working sells may deliver, by base currency.
        self._delivering = Reserved()
        # Let pass, and not in the stream yet: paid in, paid out. And what has been paid in less what was paid out.
        self._arriving: dict[str, Decimal] = {}
        self.leaving: dict[str, Decimal] = {}
        self.paid: dict[str, Decimal] = {}

    # -- what is told

    def balance(self, currency: str) -> Balance:
        """Return what there is of a currency; of what is held in positions, on a spot account alone."""
        total, locked = self._total_and_locked(currency)
        return Balance(total=total, locked=locked, free=subtract(total, locked))

    def _free(self, currency: str) -> Decimal:
        return subtract(*self._total_and_locked(currency))

    def _total_and_locked(self, currency: str) -> tuple[Decimal, Decimal]:
        total = ZERO if self.cash is None else self.cash.get(currency, ZERO)
        locked = self.reserved.by_currency.get(currency, ZERO) if self.is_checked else ZERO
        if self._is_spot:
            for symbol in self._with_base.get(currency, ()):
                total = add(total, self._positions.net_of(symbol))
            locked = add(locked, self._delivering.by_currency.get(currency, ZERO))
        if self._arriving:
            total = add(total, self._arriving.get(currency, ZERO))
        if self.leaving:
            locked = add(locked, self.leaving.get(currency, ZERO))
        return total, locked

    def money(self) -> dict[str, Decimal]:
        """Return the cash with what is being paid in."""
        cash = dict(self.cash or {})
        for currency, amount in self._arriving.items():
            cash[currency] = add(cash.get(currency, ZERO), amount)
        return cash

    def pays(self, currency: str, amount: Decimal) -> None:
        """Have a payment count that was let pass, until it is in the stream."""
        if self.cash is not None:
            on_its_way = self.leaving if amount < ZERO else self._arriving
            on_its_way[currency] = add(on_its_way.get(currency, ZERO), magnitude(amount))

    def balances(self) -> dict[str, Balance]:
        """Return each balance that there is, or that is waited for."""
        names = {*self.money(), *self._bases(), *self.reserved.by_currency, *self._delivering.by_currency}
        return {name: _shown(self.balance(name)) for name in sorted(names)}

    def _bases(self) -> Iterator[str]:
        """Iterate over the currencies that positions are of, on a spot account."""
        if self._is_spot:
            traded = (self._instruments.get(symbol) for symbol, _ in self._positions.net())
            yield from (instrument.base for instrument in traded if instrument is not None)

    def earned(self) -> dict[str, Decimal]:
        """Return the cash without what was paid in and out since the beginning."""
        cash = self.cash or {}
        return {currency: subtract(amount, self.paid.get(currency, ZERO)) for currency, amount in cash.items()}

    # -- following

    def after(self, update: e.OrderUpdate) -> Callable[[], None] | None:
        """Compute what a fill or a payment changes."""
        event, order = update.event, update.order
        if isinstance(event, CashMoved):
            return self._after_payment(event)
        booked = entries(event)
        if order is None or not booked or self.cash is None:
            return None
        cash = self.cash
        changes = cash_after(cash, quote_of(self._instruments, order.symbol), order.side, booked)
        return lambda: cash.update(changes)

    def _after_payment(self, event: CashMoved) -> Callable[[], None] | None:
        if self.cash is None:
            return None
        currency = event.currency
        balance = add(self.cash.get(currency, ZERO), event.amount)
        on_its_way = self.leaving if event.amount < ZERO else self._arriving
        left = max(subtract(on_its_way.get(currency, ZERO), magnitude(event.amount)), ZERO)
        paid = add(self.paid.get(currency, ZERO), event.amount)
        cash = self.cash

        def take() -> None:
            cash[currency] = balance
            self.paid[currency] = paid
            if left:
                on_its_way[currency] = left
            else:
                on_its_way.pop(currency, None)

        return take

    def counted(self, order_id: str, was: Working | None, working: Working | None) -> None:
        """Hold what an order may take in place of what it did."""
        one = working or was
        assert one is not None, "something works, or did"
        instrument = self._instruments[one.terms.symbol]
        if one.terms.side is Side.BUY:
            before, after = ZERO if was is None else was.cost, ZERO if working is None else working.cost
            if before != after:
                self.reserved.put(instrument.quote, order_id, one.pool, before, after)
        elif self._is_spot:
            before, after = ZERO if was is None else was.leaves, ZERO if working is None else working.leaves
            if before != after:
                self._delivering.put(instrument.base, order_id, one.pool, before, after)

    # -- judging

    def checks(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterable[Pair]:
        """Return the check of what the order takes, once: the account's funds are one."""
        del limits
        return self._of(sort) if self.is_checked and sort.kind is not Kind.CANCEL and scope == Scope() else ()

    def _of(self, sort: Sort) -> Iterator[Pair]:
        instrument = self._instruments[sort.symbol]
        rule = "must be at most the {{}} {} that are free"
        if sort.side is Side.BUY:
            counts, rule = "cost with fee", rule.format(instrument.quote)
            yield Check("cash", Reason.INSUFFICIENT_FUNDS, "", "", counts, rule), self._cost
        elif self._is_spot:
            counts, rule = "quantity to deliver", rule.format(instrument.base)
            yield Check("balance", Reason.INSUFFICIENT_FUNDS, "", "", counts, rule), self._delivery

    def _cost(self, asked: Asked) -> Measured:
        working, was = asked.working, asked.was
        # A new order has just been costed; at zero there was no price to do it by.
        cost = working.cost if was is None and working.cost else self._valuation.cost(working.dearest, working.filled)
        free = self._free(asked.instrument.quote)
        if cost is None:
            return None, free
        before = ZERO if was is None else was.cost
        return _held_to(self.reserved, asked, before, cost, free)

    def _delivery(self, asked: Asked) -> Measured:
        before = ZERO if asked.was is None else asked.was.leaves
        free = self._free(asked.instrument.base)
        return _held_to(self._delivering, asked, before, asked.working.leaves, free)


def _shown(balance: Balance) -> Balance:
    """Return the same amounts without the trailing zeros that products and sums leave."""
    return Balance(total=tidy(balance.total), locked=tidy(balance.locked), free=tidy(balance.free))


def _held_to(reserved: Reserved, asked: Asked, before: Decimal, after: Decimal, free: Decimal) -> Measured:
    """Return what an order takes and what it may take: what is free, and what is held for it already."""
    if after <= before:
        return after, after
    more = reserved.growth(asked.order_id, asked.working.pool, before, after)
    return after, add(free, subtract(after, more))
