"""What an event books: the executions it adds and takes back, and the money that moves with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import attrs

from . import events as e
from .instrument import Instrument
from .kinds import Side
from .numbers import ZERO, add, multiply, negate, subtract
from .reports import Fill


@attrs.frozen
class Entry:
    """An execution that is booked, or taken back."""

    fill: Fill
    taken_back: bool = False


@attrs.frozen
class Flows:
    """What was bought and sold of a symbol, and what cash that moved before fees."""

    bought: Decimal = ZERO
    sold: Decimal = ZERO
    cash: Decimal = ZERO

    def after(self, side: Side, quantity: Decimal, notional: Decimal) -> Flows:
        """Add what was executed on one side."""
        if side is Side.BUY:
            return Flows(add(self.bought, quantity), self.sold, subtract(self.cash, notional))
        return Flows(self.bought, add(self.sold, quantity), add(self.cash, notional))


def entries(event: e.Event) -> tuple[Entry, ...]:
    """Return what an event books."""
    match event:
        case e.OrderFilled():
            return (Entry(event.fill),)
        case e.FillBusted():
            return (Entry(event.fill, taken_back=True),)
        case e.FillCorrected():
            return (Entry(event.replaced, taken_back=True), Entry(event.fill))
        case _:
            return ()


def quote_of(instruments: Mapping[str, Instrument], symbol: str) -> str:
    """Return the currency that a symbol's price counts."""
    instrument = instruments.get(symbol)
    # A venue may report a fill in a symbol that we do not trade; it is booked all the same.
    return instrument.quote if instrument is not None else symbol.partition("/")[2] or symbol


def balances(cash: Mapping[str, Decimal], quote: str, side: Side, booked: Iterable[Entry]) -> dict[str, Decimal]:
    """Return the balances that entries change, as they stand then: a buy pays its notional, both sides pay the fee."""
    after: dict[str, Decimal] = {}
    for entry in booked:
        fill = entry.fill
        notional = multiply(fill.quantity, fill.price)
        flow = negate(notional) if (side is Side.BUY) is not entry.taken_back else notional
        fee = fill.fee if entry.taken_back else negate(fill.fee)
        for currency, change in ((quote, flow), (fill.fee_currency, fee)):
            after[currency] = add(after.get(currency, cash.get(currency, ZERO)), change)
    return after


def fees_after(fees: Mapping[str, Decimal], booked: Iterable[Entry]) -> dict[str, Decimal]:
    """Return the sums of fees by currency that entries change, as they stand then."""
    after: dict[str, Decimal] = {}
    for entry in booked:
        currency = entry.fill.fee_currency
        fee = negate(entry.fill.fee) if entry.taken_back else entry.fill.fee
        after[currency] = add(after.get(currency, fees.get(currency, ZERO)), fee)
    return after
