"""Trades as a person counts them: from the opening of a position until it is flat or flips, and what each earned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import attrs

from . import events as e
from .kinds import Side
from .numbers import ZERO, add, multiply, negate, share, subtract
from .order import Order
from .reports import Fill


@attrs.frozen
class Booked:
    """An execution as it counts for trades.

    Attributes:
        sequence: of the update that told of it.
        order_id: of the order that it filled.
        side: of that order.
        closes: whether it closes what is there of the other side before it opens anything.
        fill: the execution.
    """

    sequence: int
    order_id: str
    side: Side
    closes: bool
    fill: Fill


@attrs.frozen
class RoundTrip:
    """A trade that is over.

    Attributes:
        sequence: of the update that ended it.
        currency: the quote currency.
        profit: in it, less the fees in it.
    """

    sequence: int
    currency: str
    profit: Decimal


@attrs.frozen
class Leg:
    """An open position of one side: its size, and the cash that it has moved since it was opened."""

    size: Decimal = ZERO
    flow: Decimal = ZERO

    def moved(self, size: Decimal, cash: Decimal, fee: Decimal) -> Leg:
        """Return it after so much was added or taken off, and what that brought in and cost."""
        return Leg(add(self.size, size), subtract(add(self.flow, cash), fee))


@attrs.frozen
class Legs:
    """What is held long and short; where positions are netted, one of the two at most."""

    long: Leg = Leg()
    short: Leg = Leg()

    @property
    def net(self) -> Decimal:
        """The quantity held, negative for a short position."""
        return subtract(self.long.size, self.short.size)

    def after(self, booked: Booked, quote: str) -> tuple[Legs, RoundTrip | None]:
        """Return it after one more execution, and the trade that this has ended."""
        buys, fill = booked.side is Side.BUY, booked.fill
        own, other = (self.long, self.short) if buys else (self.short, self.long)
        fee = fill.fee if fill.fee_currency == quote else ZERO
        trade = None
        closed = min(other.size, fill.quantity) if booked.closes else ZERO
        closing_fee = share(fee, closed, fill.quantity)
        if closed:
            other = other.moved(negate(closed), _cash(buys, closed, fill.price), closing_fee)
            if not other.size:
                trade, other = RoundTrip(booked.sequence, quote, other.flow), Leg()
        opened = subtract(fill.quantity, closed)
        if opened:
            own = own.moved(opened, _cash(buys, opened, fill.price), subtract(fee, closing_fee))
        return (Legs(own, other) if buys else Legs(other, own)), trade


def _cash(buys: bool, quantity: Decimal, price: Decimal) -> Decimal:  # noqa: FBT001  # a side
    notional = multiply(quantity, price)
    return negate(notional) if buys else notional


def closes(order: Order, *, hedged: bool) -> bool:
    """Say whether an order closes what is there of the other side before it opens anything.

    Where positions are netted each does. Where they are hedged: one that may only reduce, and the exits of a bracket.
    """
    return not hedged or order.instructions.reduce_only or (order.link is not None and order.link.is_exit)


@attrs.frozen
class TripBook:
    """All trades of a strategy in a symbol, and what is open.

    Every execution that stands is kept, so that one taken back is as if it had never been.
    """

    quote: str
    legs: Legs = Legs()
    # Appended to by whoever takes over what after() has computed.
    booked: list[Booked] = attrs.field(factory=list[Booked])
    trips: list[RoundTrip] = attrs.field(factory=list[RoundTrip])

    def restated(self, order: Order, event: e.FillBusted | e.FillCorrected) -> TripBook:
        """Return them as if an execution had never been, or had been another.

        Raises:
            ValueError: when it was not booked.
        """
        busted = event.replaced if isinstance(event, e.FillCorrected) else event.fill
        place = [(item.order_id, item.fill) for item in self.booked].index((order.order_id, busted))
        standing = list(self.booked)
        if isinstance(event, e.FillCorrected):
            standing[place] = attrs.evolve(standing[place], fill=event.fill)
        else:
            del standing[place]
        legs, trades = Legs(), list[RoundTrip]()
        for item in standing:
            legs, trade = legs.after(item, self.quote)
            trades += () if trade is None else (trade,)
        return TripBook(self.quote, legs, standing, trades)


@attrs.frozen
class Tally:
    """Counts of trades, and sums of money by currency.

    Attributes:
        won, lost: trades that earned more than nothing, and less.
        gains, losses: what these earned and lost together, both above zero.
        largest_losses: the largest of one trade.
        losses_now: how many of the latest trades were lost in a row; one that is not lost ends it.
        most_losses: the most that were.
    """

    trades: int = 0
    won: int = 0
    lost: int = 0
    losses_now: int = 0
    most_losses: int = 0
    gains: Mapping[str, Decimal] = attrs.field(factory=dict[str, Decimal])
    losses: Mapping[str, Decimal] = attrs.field(factory=dict[str, Decimal])
    largest_losses: Mapping[str, Decimal] = attrs.field(factory=dict[str, Decimal])

    @classmethod
    def of(cls, trades: Iterable[RoundTrip]) -> Tally:
        """Count trades in the order in which they ended."""
        tally = cls()
        for trade in sorted(trades, key=lambda trade: trade.sequence):
            tally = tally.after(trade)
        return tally

    def after(self, trade: RoundTrip) -> Tally:
        """Count one more."""
        if trade.profit >= ZERO:
            won = trade.profit > ZERO
            gains = _with(self.gains, trade.currency, trade.profit) if won else self.gains
            return attrs.evolve(self, trades=self.trades + 1, won=self.won + won, losses_now=0, gains=gains)
        loss, now = negate(trade.profit), self.losses_now + 1
        largest = max(self.largest_losses.get(trade.currency, ZERO), loss)
        return attrs.evolve(
            self,
            trades=self.trades + 1,
            lost=self.lost + 1,
            losses_now=now,
            most_losses=max(self.most_losses, now),
            losses=_with(self.losses, trade.currency, loss),
            largest_losses={**self.largest_losses, trade.currency: largest},
        )


def _with(amounts: Mapping[str, Decimal], currency: str, amount: Decimal) -> Mapping[str, Decimal]:
    return {**amounts, currency: add(amounts.get(currency, ZERO), amount)}
