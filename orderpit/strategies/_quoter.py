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
from ..model.numbers import ONE, Number, add, magnitude, multiply, negate, positive, ratio, round_to, subtract, whole
from ..model.order import Order


class TwoSidedQuoter(Strategy):
    """Keeps one buy and one sell limit order around the mid price, and modifies them as it moves.

    Both lean against what is held: lower while long, higher while short, so that the next fill rather brings it back.

    Args:
        symbol: what to quote.
        size: of each order, in units of the base.
        tick: the price increment, on which both prices are rounded.
        distance: how far from the mid each order lies, as a fraction of it.
        follow: how far an order's price may be off, as a fraction of the mid, before it is modified; also how far both
            lean for each size that is held.
        most: how many sizes may be held, long or short, before the side that adds to them rests.
    """

    def __init__(
        self,
        symbol: str,
        size: Number,
        *,
        tick: Number,
        distance: Number = "0.0003",
        follow: Number = "0.0001",
        most: int = 10,
    ) -> None:
        self._symbol = symbol
        self._size = positive("size", size, InvalidConfiguration)
        self._tick = positive("tick", tick, InvalidConfiguration)
        self._distance = positive("distance", distance, InvalidConfiguration)
        self._follow = positive("follow", follow, InvalidConfiguration)
        self._most = multiply(self._size, Decimal(whole("most", most, InvalidConfiguration, least=1)))
        self._mark = Mark()
        self._quotes: dict[Side, Order | None] = {}  # None: submitted, and not heard of yet
        self._resting: set[Side] = set()

    def on_market_data(self, data: MarketData) -> None:
        """Fill an empty side; move an order that the price has left behind."""
        self._mark = self._mark.after(data)
        mid = self._mark.price
        if mid is not None:
            for side in Side:
                self._quote(side, mid)

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
            self._resting.discard(Side.SELL if order.is_buy else Side.BUY)

    def on_stop(self) -> None:
        """Take both orders off the market."""
        for order in self.orders(self._symbol):
            self.cancel(order.order_id)

    def _quote(self, side: Side, mid: Decimal) -> None:
        price = self._price(side, mid)
        if side not in self._quotes:
            self._submit(side, price)
            return
        quote = self._quotes[side]
        if quote is None or quote.price is None or not quote.is_open or quote.pending is not Pending.NONE:
            return
        if magnitude(subtract(price, quote.price)) >= multiply(mid, self._follow):
            self.modify(quote.order_id, price=price)

    def _submit(self, side: Side, price: Decimal) -> None:
        held = self.position(self._symbol)
        after = add(held if side is Side.BUY else negate(held), self._size)
        if side in self._resting or after > self._most:
            return
        order_id = self.submit(SubmitOrder(self._symbol, side, OrderType.LIMIT, self._size, price=price))
        if order_id is not None:
            self._quotes[side] = None

    def _price(self, side: Side, mid: Decimal) -> Decimal:
        lean = multiply(ratio(self.position(self._symbol), self._size), self._follow)
        away = negate(self._distance) if side is Side.BUY else self._distance
        factor = add(ONE, subtract(away, lean))
        return max(round_to(multiply(mid, factor), self._tick), self._tick)
