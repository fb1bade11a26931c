"""Trades as a person counts them: from the opening of a position until it is flat or flips, and what each earned."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
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
    return not hedged or order.closes


@attrs.frozen
class Restated:
    """What a book of trades becomes from one execution on: what was booked, the legs before each, and the trades."""

    place: int
    sequence: int
    booked: list[Booked]
    before: list[Legs]
    legs: Legs
    trips: list[RoundTrip]


class TripBook:
    """All trades of a strategy in a symbol, and what is open.

    Every execution that stands is kept, so that one taken back is as if it had never been. after() and restated()
    compute and change nothing; take_over() and restate() then cannot fail.

    Args:
        quote: the currency that the symbol's price counts.
    """

    def __init__(self, quote: str) -> None:
        self.quote = quote
        self.legs = Legs()
        self.trips: list[RoundTrip] = []
        self._booked: list[Booked] = []
        # The legs before each, so that one taken back is folded from there.
        self._before: list[Legs] = []

    def after(self, booked: Booked) -> tuple[Legs, RoundTrip | None]:
        """Return what is open after one more execution, and the trade that this has ended."""
        return self.legs.after(booked, self.quote)

    def take_over(self, booked: Booked, legs: Legs, trip: RoundTrip | None) -> None:
        """Keep an execution, and what is open after it."""
        self._booked.append(booked)
        self._before.append(self.legs)
        self.legs = legs
        if trip is not None:
            self.trips.append(trip)

    def restated(self, order: Order, event: e.FillBusted | e.FillCorrected) -> Restated:
        """Return it as if an execution had never been, or had been another.

        Raises:
            ValueError: when it was not booked.
        """
        place = self._place(order.order_id, event.replaced if isinstance(event, e.FillCorrected) else event.fill)
        replaced = self._booked[place]
        instead = (attrs.evolve(replaced, fill=event.fill),) if isinstance(event, e.FillCorrected) else ()
        booked, legs = [*instead, *self._booked[place + 1 :]], self._before[place]
        before, trips = list[Legs](), list[RoundTrip]()
        for item in booked:
            before.append(legs)
            legs, trip = legs.after(item, self.quote)
            trips += () if trip is None else (trip,)
        return Restated(place, replaced.sequence, booked, before, legs, trips)

    def restate(self, after: Restated) -> None:
        """Take over what restated() has computed."""
        self._booked[after.place :] = after.booked
        self._before[after.place :] = after.before
        self.legs = after.legs
        self.trips[_first_from(self.trips, after.sequence) :] = after.trips

    def trips_from(self, sequence: int) -> Iterable[RoundTrip]:
        """Return the trades that ended with this update or later."""
        return self.trips[_first_from(self.trips, sequence) :]

    def _place(self, order_id: str, fill: Fill) -> int:
        # What is taken back is mostly among the latest.
        for place in range(len(self._booked) - 1, -1, -1):
            one = self._booked[place]
            if one.order_id == order_id and one.fill == fill:
                return place
        msg = f"execution {fill.execution_id} of {order_id} was never booked"
        raise ValueError(msg)


def _first_from(trips: Sequence[RoundTrip], sequence: int) -> int:
    return bisect_left(trips, sequence, key=_sequence)


def _sequence(trip: RoundTrip) -> int:
    return trip.sequence


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


@attrs.frozen
class Recount:
    """The trades from one place on, and the tally after each."""

    first: int
    trips: list[RoundTrip]
    tallies: list[Tally]


class Tallies:
    """The tally after each trade, of one strategy or of the account."""

    def __init__(self) -> None:
        self._trips: list[RoundTrip] = []
        self._tallies = [Tally()]

    @property
    def now(self) -> Tally:
        """The tally of all trades."""
        return self._tallies[-1]

    def after(self, trips: Iterable[RoundTrip], since: int | None = None) -> Recount:
        """Return it with these trades, in the order in which they ended: at its end, or from an update on."""
        first = len(self._trips) if since is None else _first_from(self._trips, since)
        last, counted, tallies = self._tallies[first], sorted(trips, key=_sequence), list[Tally]()
        for trip in counted:
            last = last.after(trip)
            tallies.append(last)
        return Recount(first, counted, tallies)

    def take_over(self, after: Recount) -> None:
        """Keep what after() has returned."""
        self._trips[after.first :] = after.trips
        self._tallies[after.first + 1 :] = after.tallies
