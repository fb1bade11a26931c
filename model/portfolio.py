"""Positions and cash, as a fold of fills: exact, and the same however the fills are sliced."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

import attrs

from . import events as e
from .booking import Flows, balances, entries, fees_after, quote_of
from .instrument import Instrument
from .kinds import Side
from .mark import Mark
from .market import MarketData
from .numbers import ZERO, add, multiply, negate, ratio, share, subtract, tidy
from .reports import Fill
from .values import changed

Booking = tuple[Side, Fill]


@attrs.frozen(kw_only=True)
class Holding:
    """An open position at average cost, kept so that no division loses anything.

    opened and cost are the size and the cost of the position at its last increase, closed what has closed since. The
    cost that remains is a share of cost that depends on closed alone, and what a fill releases is booked as a
    difference of two such remainders: so released + remaining = cost exactly, and slicing a fill changes nothing.
    """

    long: bool = True
    opened: Decimal = ZERO
    cost: Decimal = ZERO
    closed: Decimal = ZERO
    realised: Decimal = ZERO

    @property
    def size(self) -> Decimal:
        """Absolute quantity held."""
        return subtract(self.opened, self.closed)

    @property
    def quantity(self) -> Decimal:
        """Quantity held, negative for a short position."""
        return self.size if self.long else negate(self.size)

    @property
    def remaining_cost(self) -> Decimal:
        """What the quantity held has cost (for a short position: has brought in)."""
        return share(self.cost, self.size, self.opened) if self.opened else ZERO

    def after(self, side: Side, fill: Fill) -> Holding:
        """Return the position after one more fill."""
        grows = self.long is (side is Side.BUY)
        if grows or not self.size:
            return self.increased(side, fill.quantity, fill.price)
        if fill.quantity <= self.size:
            return self.reduced(fill.quantity, fill.price)
        # A flip: the position closes whole, and the rest opens the other way.
        beyond = subtract(fill.quantity, self.size)
        return self.reduced(self.size, fill.price).increased(side, beyond, fill.price)

    def increased(self, side: Side, quantity: Decimal, price: Decimal) -> Holding:
        """Return the position after more of the same side, or the opening of one."""
        cost = add(self.remaining_cost, multiply(quantity, price))
        return changed(self, long=side is Side.BUY, opened=add(self.size, quantity), cost=cost, closed=ZERO)

    def reduced(self, quantity: Decimal, price: Decimal) -> Holding:
        """Return the position after some of it, or all, was closed."""
        left = changed(self, closed=add(self.closed, quantity))
        released = subtract(self.remaining_cost, left.remaining_cost)
        proceeds = multiply(quantity, price)
        profit = subtract(proceeds, released) if self.long else subtract(released, proceeds)
        return changed(left, realised=add(self.realised, profit))

    def unrealised(self, price: Decimal) -> Decimal:
        """Return what closing at this price would still earn."""
        value = multiply(self.size, price)
        return subtract(value, self.remaining_cost) if self.long else subtract(self.remaining_cost, value)


@attrs.frozen(kw_only=True)
class Position:
    """One symbol's position in a snapshot. Money in the quote currency; average_price is for display.

    mark is the price it is valued at: mid, else last trade, else close; None until one is known, and unrealised_pnl is
    zero until then.
    """

    symbol: str
    quantity: Decimal
    average_price: Decimal
    realised_pnl: Decimal
    unrealised_pnl: Decimal
    mark: Decimal | None


@attrs.frozen(kw_only=True)
class PortfolioSnapshot:
    """Positions by symbol, and money by currency.

    Profit is before fees: equity - opening cash = realised + unrealised - fees, in each currency.
    sequence is that of the last update that is included.
    """

    cash: Mapping[str, Decimal]
    positions: Mapping[str, Position]
    realised_pnl: Mapping[str, Decimal]
    unrealised_pnl: Mapping[str, Decimal]
    fees: Mapping[str, Decimal]
    equity: Mapping[str, Decimal]
    sequence: int


class PortfolioBook:
    """The portfolio's whole state.

    Args:
        instruments: by symbol.
        cash: opening balance by currency; None opens every account at zero.
    """

    def __init__(self, instruments: Mapping[str, Instrument], cash: Mapping[str, Decimal] | None = None) -> None:
        self.sequence = 0
        self._instruments = instruments
        self._cash: dict[str, Decimal] = dict(cash or {})
        self._fees: dict[str, Decimal] = {}
        self._holdings: dict[str, Holding] = {}
        self._marks: dict[str, Mark] = {}
        # Every fill that stands, so that a bust can be folded away exactly as if it had never been.
        self.booked: dict[str, list[Booking]] = {}

    def on_market_data(self, data: MarketData) -> None:
        """Take over a price."""
        self._marks[data.symbol] = self._marks.get(data.symbol, Mark()).after(data)

    def on_update(self, update: e.OrderUpdate) -> None:
        """Fold one entry of the stream."""
        order, event = update.order, update.event
        if order is not None:
            match event:
                case e.OrderFilled():
                    self._book(order.symbol, order.side, event)
                case e.FillBusted() | e.FillCorrected():
                    self._restate(order.symbol, order.side, event)
                case _:
                    pass
        self.sequence = update.sequence

    def _book(self, symbol: str, side: Side, event: e.OrderFilled) -> None:
        holding = self._holdings.get(symbol, Holding()).after(side, event.fill)
        self._take_over(symbol, side, event, holding)
        self.booked.setdefault(symbol, []).append((side, event.fill))

    def _restate(self, symbol: str, side: Side, event: e.FillBusted | e.FillCorrected) -> None:
        standing = list(self.booked.get(symbol, ()))
        if isinstance(event, e.FillCorrected):
            standing[standing.index((side, event.replaced))] = (side, event.fill)
        else:
            standing.remove((side, event.fill))
        holding = Holding()
        for booking in standing:
            holding = holding.after(*booking)
        self._take_over(symbol, side, event, holding)
        self.booked[symbol] = standing

    def _take_over(self, symbol: str, side: Side, event: e.OrderEvent, holding: Holding) -> None:
        booked = entries(event)
        cash = balances(self._cash, quote_of(self._instruments, symbol), side, booked)
        fees = fees_after(self._fees, booked)
        # All is computed; nothing from here on can fail.
        self._cash.update(cash)
        self._fees.update(fees)
        self._holdings[symbol] = holding

    def snapshot(self) -> PortfolioSnapshot:
        """Return everything as it stands, as one immutable value."""
        positions: dict[str, Position] = {}
        realised: dict[str, Decimal] = {}
        unrealised: dict[str, Decimal] = {}
        equity = dict(self._cash)
        for symbol, holding in self._holdings.items():
            price = self._marks.get(symbol, Mark()).price
            open_profit = ZERO if price is None else holding.unrealised(price)
            size, cost = holding.size, holding.remaining_cost
            positions[symbol] = Position(
                symbol=symbol,
                quantity=tidy(holding.quantity),
                average_price=ratio(cost, size) if size else ZERO,
                realised_pnl=tidy(holding.realised),
                unrealised_pnl=tidy(open_profit),
                mark=price,
            )
            quote = quote_of(self._instruments, symbol)
            realised[quote] = add(realised.get(quote, ZERO), holding.realised)
            unrealised[quote] = add(unrealised.get(quote, ZERO), open_profit)
            value = add(cost if holding.long else negate(cost), open_profit)
            equity[quote] = add(equity.get(quote, ZERO), value)
        return PortfolioSnapshot(
            cash=_shown(self._cash),
            positions=MappingProxyType(positions),
            realised_pnl=_shown(realised),
            unrealised_pnl=_shown(unrealised),
            fees=_shown(self._fees),
            equity=_shown(equity),
            sequence=self.sequence,
        )

    def executed(self) -> Mapping[str, Flows]:
        """Return what was bought and sold by symbol, summed anew from the fills."""
        sums: dict[str, Flows] = {}
        for symbol, bookings in self.booked.items():
            flows = Flows()
            for side, fill in bookings:
                flows = flows.after(side, fill.quantity, multiply(fill.quantity, fill.price))
            sums[symbol] = flows
        return sums


def _shown(amounts: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    """Return the same amounts, read-only and without the trailing zeros that products and sums leave."""
    return MappingProxyType({currency: tidy(amount) for currency, amount in amounts.items()})
