"""What there is of each currency as far as fills and payments are on record, held against what the venue tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from .account import Currency
from .account_events import CashMoved
from .booking import balances, entries, quote_of
from .events import OrderUpdate
from .instrument import Instrument
from .numbers import ZERO, add, plain
from .positions import Positions
from .reports import VenueBalance
from .rounding import CashRounding


class CashOnRecord:
    """Cash by currency, booked as the portfolio books it; of an account that is not traded on a margin.

    Args:
        instruments: by symbol.
        cash: opening balance by currency.
        currencies: by code, those whose cash is booked to so many places.
        is_spot: whether what is held in positions is part of the balances.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        cash: Mapping[str, Decimal],
        currencies: Mapping[str, Currency],
        *,
        is_spot: bool,
    ) -> None:
        self._instruments = instruments
        self._cash = dict(cash)
        self._rounding = CashRounding(currencies)
        self._is_spot = is_spot
        # Of others nobody has said what there was to begin with.
        self._kept = set(cash)

    def on_update(self, update: OrderUpdate) -> None:
        """Fold one entry of the stream."""
        event, order = update.event, update.order
        if isinstance(event, CashMoved):
            self._kept.add(event.currency)
            self._cash[event.currency] = add(self._cash.get(event.currency, ZERO), event.amount)
            return
        booked = entries(event)
        if order is None or not booked:
            return
        quote = quote_of(self._instruments, order.symbol)
        sums = self._rounding.after(order.order_id, quote, order.side, booked)
        self._cash.update(balances(self._cash, quote, order.side, booked))
        for currency, change in self._rounding.changes(sums).items():
            self._cash[currency] = add(self._cash.get(currency, ZERO), change)
        self._rounding.take_over(sums)

    def differences(self, told: Iterable[VenueBalance], positions: Positions) -> Iterator[str]:
        """Iterate over the balances that the venue has otherwise, as a person would be told of it.

        Args:
            told: all that the venue has, of one or more accounts; what is not among them is zero.
            positions: what is held.
        """
        there: dict[str, Decimal] = {}
        for balance in told:
            there[balance.currency] = add(there.get(balance.currency, ZERO), balance.amount)
        for currency in sorted(self._kept):
            held = [symbol for symbol, one in self._instruments.items() if one.base == currency]
            if held and not self._is_spot:
                # Whether the venue counts what is held among its balances nobody has said.
                continue
            ours, theirs = self._cash[currency], there.get(currency, ZERO)
            for symbol in held:
                ours = add(ours, positions.net_of(symbol))
            if theirs != ours:
                yield f"{currency}: the venue has {plain(theirs)}, on record are {plain(ours)}"
