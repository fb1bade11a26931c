"""A two-sided quoter: a bid below and an offer above the market, which follow it as it moves."""

from __future__ import annotations

from decimal import Decimal

from ..actors.strategy import Strategy
from ..model.commands import SubmitOrder
from ..model.errors import InvalidConfiguration
from ..model.events import OrderUpdate
from ..model.kinds import OrderState, OrderType, Pending, Side
from ..model.mark import Mark
from ..model.market import MarketData
from ..model.numbers import ONE, ZERO, Number, add, magnitude, multiply, negate, positive, round_to, subtract
from ..model.order import Order


class TwoSidedQuoter(Strategy):
    """Keeps one buy and one sell limit order around the mid price, and modifies them when it has moved.

    Args:
        symbol: what to quote.
        size: of each order, in units of the base.
        tick: the price increment, on which both prices are rounded.
        distance: how far from the mid each order lies, as a fraction of it.
        follow: how far the mid may move, as a fraction of it, before the orders are moved after it.
        most: how much may be held, long or short, before the side that adds to it rests; ten times size unless given.
    """

    def __init__(
        self,
        symbol: str,
        size: Number,
        *,
        tick: Number,
        distance: Number = "0.0003",
        follow: Number = "0.0001",
        most: Number | None = None,
    ) -> None:
        self._symbol = symbol
        self._size = positive("size", size, InvalidConfiguration)
        self._tick = positive("tick", tick, InvalidConfiguration)
        self._distance = positive("distance", distance, InvalidConfiguration)
        self._follow = positive("follow", follow, InvalidConfiguration)
        self._most = multiply(self._size, Decimal(10)) if most is None else positive("most", most, InvalidConfiguration)
        self._mark = Mark()
        self._quoted_at = ZERO
        self._quotes: dict[Side, Order | str] = {}
        self._resting: set[Side] = set()

    def on_market_data(self, data: MarketData) -> None:
        """Fill an empty side, and move the other when the price has moved."""
        self._mark = self._mark.after(data)
        mid = self._mark.price
        if mid is None:
            return
        moved = magnitude(subtract(mid, self._quoted_at)) > multiply(mid, self._follow)
        if moved:
            self._quoted_at = mid
        for side in Side:
            self._quote(side, moved=moved)

    def on_order(self, update: OrderUpdate) -> None:
        """Remember each side's order as it stands; a side that was refused rests until the other one has filled."""
        order = update.order
        if order is None:
            return
        if not order.is_closed:
            self._quotes[order.side] = order
            return
        self._quotes.pop(order.side, None)
        if order.state is OrderState.REJECTED:
            self._resting.add(order.side)
        elif order.filled_quantity:
            self._resting.discard(_other(order.side))

    def on_stop(self) -> None:
        """Take both orders off the market."""
        for order in self.orders(self._symbol):
            self.cancel(order.order_id)

    def _quote(self, side: Side, *, moved: bool) -> None:
        quote = self._quotes.get(side)
        if quote is None:
            self._submit(side)
        elif moved and isinstance(quote, Order) and quote.is_open and quote.pending is Pending.NONE:
            price = self._price(side)
            if price != quote.price:
                self.modify(quote.order_id, price=price)

    def _submit(self, side: Side) -> None:
        held = self.position(self._symbol)
        more = held if side is Side.BUY else negate(held)
        if side in self._resting or add(more, self._size) > self._most:
            return
        order_id = self.submit(SubmitOrder(self._symbol, side, OrderType.LIMIT, self._size, price=self._price(side)))
        if order_id is not None:
            self._quotes[side] = order_id

    def _price(self, side: Side) -> Decimal:
        factor = subtract(ONE, self._distance) if side is Side.BUY else add(ONE, self._distance)
        return max(round_to(multiply(self._quoted_at, factor), self._tick), self._tick)


def _other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY
