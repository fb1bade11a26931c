"""Which orders of the simulated venue each piece of market data reaches; the rules stand in venue.py."""

from __future__ import annotations

from decimal import Decimal

from .fill_models import Offered, ReachedBy
from .kinds import Side
from .ladder import Ladder
from .market import Bar, Depth, MarketData, Quote, Trade
from .numbers import ZERO, add, subtract
from .values import changed
from .venue_booking import Booking
from .venue_execution import Execution
from .venue_memory import VenueMemory
from .venue_pricing import Pricing
from .venue_taking import Taking
from .venue_trailing import Trailing

_SIDES = (Side.BUY, Side.SELL)


class Matching:
    """Finds what an observation reaches, and has it executed.

    Args:
        memory: orders, books and offers.
        execution: triggers stops.
        taking: takes what the market offers.
        pricing: says how much fills of an order that is reached, and at what price.
        booking: writes and reports each execution.
        trailing: moves the stops that follow the market.
    """

    def __init__(
        self,
        memory: VenueMemory,
        execution: Execution,
        taking: Taking,
        pricing: Pricing,
        booking: Booking,
        trailing: Trailing,
    ) -> None:
        self._memory = memory
        self._execution = execution
        self._taking = taking
        self._pricing = pricing
        self._booking = booking
        self._trailing = trailing

    def observe(self, data: MarketData) -> None:
        """Take over an observation and fill what it reaches."""
        symbol = data.symbol
        book = self._memory.books[symbol]
        match data:
            case Quote():
                book.quote(data)
                self._match_quotes(symbol, "quote")
            case Depth():
                book.snapshot(data)
                self._match_quotes(symbol, "depth")
            case Trade():
                book.recorded.trade(data.price)
                self._match_trade(data)
            case Bar():
                self._match_bar(data)
        self._settle(symbol)

    def _settle(self, symbol: str) -> None:
        """Let the orders rest that the market has left: when it comes back, they are makers."""
        for client_id in tuple(self._memory.books[symbol].crossing):
            order = self._memory.orders[client_id]
            quoted = self._memory.quoted(symbol, order.side)
            if quoted is None or not order.may_trade_at(quoted):
                self._memory.put(changed(order, crossing=False))

    def _match_quotes(self, symbol: str, by: ReachedBy) -> None:
        memory, book = self._memory, self._memory.books[symbol]
        for side in _SIDES:
            best = memory.quoted(symbol, side)
            if best is None:
                continue
            for client_id in book.limits[side].reached(best):
                order = memory.orders[client_id]
                offered = self._taking.on_offer(order)
                if offered.left is not None and not offered.left:
                    # Nothing was left for the best of them, so nothing is left for the others.
                    break
                order = changed(order, ahead=book.ahead(order))
                order, quantity = self._pricing.reached(order, by, best, offered)
                self._taking.take(order, quantity)
            self._trailing.follow(symbol, side, best)
            self._trigger(book.stops[side], best)

    def _trigger(self, stops: Ladder, price: Decimal) -> None:
        for client_id in stops.reached(price):
            self._execution.trigger(self._memory.orders[client_id])

    def _match_trade(self, trade: Trade) -> None:
        book, left = self._memory.books[trade.symbol], trade.size
        for side in _SIDES:
            if trade.aggressor is not side:
                left = self._fill_from(trade, side, left)
                book.traded(side, trade.price, trade.size)
            self._trailing.follow(trade.symbol, side, trade.price)
            self._trigger(book.stops[side], trade.price)

    def _fill_from(self, trade: Trade, side: Side, left: Decimal | None) -> Decimal | None:
        """Fill what a trade reaches, and return what is left of its size; None is no limit."""
        book = self._memory.books[trade.symbol]
        for client_id in book.limits[side].reached(trade.price):
            if left is not None and not left:
                break
            order = self._memory.orders[client_id]
            taken = ZERO if left is None or trade.size is None else subtract(trade.size, left)
            offered = Offered(left, trade.size, taken)
            order = changed(order, ahead=book.ahead(order))
            order, quantity = self._pricing.reached(order, "trade", trade.price, offered)
            if quantity:
                quantity = min(quantity, order.visible)
                order, price = self._pricing.priced(order, trade.price)
                self._booking.fill(order, quantity, price)
                left = None if left is None else subtract(left, quantity)
        return left

    def _match_bar(self, bar: Bar) -> None:
        to_low, to_high = subtract(bar.open, bar.low), subtract(bar.high, bar.open)
        extremes = (bar.low, bar.high) if to_low <= to_high else (bar.high, bar.low)
        # The open is a jump, which reaches orders on both sides and fills them where it lands.
        taken = self._pass(bar, ZERO, bar.open, bar.open, rising=True)
        taken = self._pass(bar, taken, bar.open, bar.open, rising=False)
        here = bar.open
        for point in (*extremes, bar.close):
            if point != here:
                taken = self._pass(bar, taken, here, point, rising=point > here)
            here = point

    def _pass(self, bar: Bar, taken: Decimal, start: Decimal, point: Decimal, *, rising: bool) -> Decimal:
        """Move the price from start to a point; what it reaches comes in the order in which it is reached.

        Returns:
            How much of the bar's volume resting orders have taken by then.
        """
        memory, symbol = self._memory, bar.symbol
        self._set_last(symbol, point)
        for price, client_id in self._on_the_way(symbol, point, rising=rising):
            reached = max(price, start) if rising else min(price, start)
            order = memory.orders[client_id]
            if not order.is_live:
                # What filled before it on the way has left it nothing to reduce.
                continue
            if order.waits_for_stop:
                self._set_last(symbol, reached)
                self._execution.trigger(order)
                continue
            order = changed(order, ahead=memory.books[symbol].ahead(order))
            order, quantity = self._pricing.reached(order, "bar", point, Offered(None, bar.volume, taken))
            if quantity:
                self._booking.fill(order, quantity, reached)
                taken = add(taken, quantity)
        self._set_last(symbol, point)
        # What follows a rising market is not triggered by it, and the other way round.
        self._trailing.follow(symbol, Side.SELL if rising else Side.BUY, point)
        self._settle(symbol)
        return taken

    def _on_the_way(self, symbol: str, point: Decimal, *, rising: bool) -> list[tuple[Decimal, str]]:
        """List what a move to a point reaches: sell limits and buy stops on the way up, the others on the way down."""
        book = self._memory.books[symbol]
        limits = book.limits[Side.SELL if rising else Side.BUY]
        stops = book.stops[Side.BUY if rising else Side.SELL]
        found: list[tuple[Decimal, str]] = []
        for client_id in (*limits.reached(point), *stops.reached(point)):
            price = self._memory.orders[client_id].rests_at
            assert price is not None, "a market order does not rest"
            found.append((price, client_id))
        # Sorting is stable: at one price limit orders come before stops, in the order of their arrival.
        found.sort(key=_price, reverse=not rising)
        return found

    def _set_last(self, symbol: str, price: Decimal) -> None:
        self._memory.books[symbol].recorded.clear(price)


def _price(found: tuple[Decimal, str]) -> Decimal:
    return found[0]
