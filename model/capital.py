"""The account's equity: what was paid in and out, what was earned, and what that is as a return."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .conversion import Conversion
from .drawdown import Drawdown
from .equity_curve import Sample
from .numbers import ONE, ZERO, add, multiply, ratio, share, subtract


class Capital:
    """The account's cash as it was paid in and out, its equity, and its returns apart from such payments.

    Args:
        cash: opening balance by currency.
    """

    def __init__(self, cash: Mapping[str, Decimal]) -> None:
        self.equity: Decimal | None = None
        self.paid_in = ZERO
        self.falls = Drawdown(ZERO, None)
        self._cash: dict[str, Decimal] = dict(cash)
        # Paid, and not in paid_in yet, since no price says what it is worth.
        self._unvalued: dict[str, Decimal] = dict(cash)
        self._factor = ONE
        self._chain = 0
        self._first = ZERO
        self.currencies = frozenset(self._cash)

    def pay(self, currency: str, amount: Decimal) -> None:
        """Take over a payment into the account, or out of it where the amount is negative."""
        stands = [(amounts, add(amounts.get(currency, ZERO), amount)) for amounts in (self._cash, self._unvalued)]
        for amounts, stand in stands:
            amounts[currency] = stand
        self.currencies = frozenset(self._cash)

    def value(self, conversion: Conversion, currency: str, profit: Decimal | None) -> None:
        """Bring the equity up to date, and what it has fallen by; unknown while one of the parts is."""
        cash = conversion.total(self._cash, currency)
        paid = conversion.total(self._unvalued, currency) if self._unvalued else ZERO
        if cash is None or paid is None or profit is None:
            self.equity = None
            return
        equity = add(cash, profit)
        self._unvalued.clear()
        if paid:
            self._after_payment(subtract(equity, paid), equity)
            self.paid_in = add(self.paid_in, paid)
        self.equity = equity
        self.falls.see(equity, self.backing)

    @property
    def backing(self) -> Decimal | None:
        """The equity that gains and losses can be held against; None when it is not known, or nothing was paid in."""
        return self.equity if self._chain else None

    def _after_payment(self, before: Decimal, after: Decimal) -> None:
        if self._chain and before > ZERO and after > ZERO:
            self._factor = share(self._factor, before, after)
            self.falls.scale(after, before)
            return
        self._chain += 1
        self._factor = ONE
        self._first = after
        self.falls.restart(after, after)

    def sample(self, profits: tuple[Decimal | None, ...]) -> Sample:
        """Return how the account stands, beside its strategies' profits."""
        return Sample(self.equity, self._factor, self._chain, profits)

    def total_return(self) -> Decimal | None:
        """Return what was earned since the beginning, as a fraction; None when it cannot be told."""
        if self.equity is None or self._chain != 1 or self._first <= ZERO:
            return None
        return ratio(subtract(multiply(self.equity, self._factor), self._first), self._first)
