"""The order book of one symbol: orders that rest, by price, then time, and beside them the size that is recorded.

Adding an order, taking one out and meeting one costs the same however many rest, but for the bisection among prices.

What a taker meets at one price: first the recorded size, then the orders, first come first served. Of an order that
shows only a part of itself that part stands in its place; when it is used up, the next is shown behind all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain
from typing import Final

from .kinds import Side
from .ladder import Ladder, Queue
from .market import Depth, Level, Quote
from .numbers import ZERO
from .recorded_depth import Offer, RecordedDepth
from .undo import Undo
from .venue_order import VenueOrder

_Watched = tuple[Decimal, Queue, Decimal | None]
_OTHER: Final = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


class OrderBook:
    """The live orders of one symbol, and what the recorded market offers.

    Args:
        undo: takes back the step under way.
    """

    def __init__(self, undo: Undo) -> None:
        self.limits = {Side.BUY: Ladder(undo, rising=False), Side.SELL: Ladder(undo, rising=True)}
        self.stops = {Side.BUY: Ladder(undo, rising=True), Side.SELL: Ladder(undo, rising=False)}
        self.crossing: dict[str, None] = {}
        # Trailing stops by the price at which they move next, and reduce-only orders by account.
        self.following = {Side.BUY: Ladder(undo, rising=False), Side.SELL: Ladder(undo, rising=True)}
        self.reducing: dict[str, dict[str, None]] = {}
        self.recorded = RecordedDepth(undo)
        self._undo = undo

    # -- orders

    def add(self, order: VenueOrder) -> None:
        """Queue an order behind the others at its price."""
        if not order.is_live:
            return
        price, side, order_id = order.rests_at, order.side, order.client_order_id
        if price is not None:
            self._ladder(order).add(price, order_id, order.priority, self._known(order, price))
            if order.crossing:
                self._mark(self.crossing, order_id)
        if order.waits_for_stop and order.follows_at is not None:
            self.following[side].add(order.follows_at, order_id, order.priority)
        if order.instructions.reduce_only:
            self._mark(self.reducing.setdefault(order.account, {}), order_id)

    def remove(self, order: VenueOrder) -> None:
        """Take an order out; one that is not in is passed over."""
        if not order.is_live:
            return
        price, order_id = order.rests_at, order.client_order_id
        if price is not None:
            self._ladder(order).remove(price, order_id)
            if order.crossing:
                self._unmark(self.crossing, order_id)
        if order.waits_for_stop and order.follows_at is not None:
            self.following[order.side].remove(order.follows_at, order_id)
        if order.instructions.reduce_only:
            self._unmark(self.reducing[order.account], order_id)

    def replace(self, before: VenueOrder, after: VenueOrder) -> None:
        """Take over a new state of an order; it stays in its place unless its priority has changed or it has closed."""
        if before.is_live and after.is_live and _place(before) == _place(after) and not _follows_anew(before, after):
            price = after.rests_at
            # A trailing stop that no market has started yet stands nowhere.
            if before.priority != after.priority and price is not None:
                self._ladder(after).requeue(price, after.client_order_id, after.priority, self._known(after, price))
            if before.crossing is not after.crossing:
                (self._mark if after.crossing else self._unmark)(self.crossing, after.client_order_id)
        else:
            self.remove(before)
            self.add(after)

    def ahead(self, order: VenueOrder) -> Decimal | None:
        """Return the recorded size that is estimated to stand before a resting limit order; None: not known.

        It begins as the size at the order's price; a trade there takes from it, and a recorded size lowers it.
        """
        if order.price is None or order.waits_for_stop or not order.is_live:
            return None
        estimate = self.limits[order.side].ahead(order.price, order.client_order_id)
        return _least(estimate, self.recorded.size(_OTHER[order.side], order.price))

    # -- what is recorded

    def quote(self, quote: Quote) -> None:
        """Take over a top of the book."""
        for taker, price, size in ((Side.BUY, quote.ask, quote.ask_size), (Side.SELL, quote.bid, quote.bid_size)):
            watched = self._watched(taker, self._passed(taker, price))
            self.recorded.quote(taker, price, size)
            self._look_again(taker, watched)

    def snapshot(self, depth: Depth) -> None:
        """Take over the visible book."""
        sides = ((Side.BUY, depth.asks), (Side.SELL, depth.bids))
        watched = [
            (taker, self._watched(taker, chain(map(_price_of, levels), self._prices(taker)))) for taker, levels in sides
        ]
        self.recorded.snapshot(depth)
        for taker, orders in watched:
            self._look_again(taker, orders)

    def diff(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Take over the levels that have changed; one of size 0 has gone."""
        for taker, levels in ((Side.BUY, tuple(asks)), (Side.SELL, tuple(bids))):
            watched = self._watched(taker, map(_price_of, levels))
            self.recorded.diff(taker, levels)
            self._look_again(taker, watched)

    def traded(self, maker: Side, price: Decimal, size: Decimal | None) -> None:
        """Take over a trade with those who rest on a side: what stood before the orders at its price has traded.

        A size that is not known has used all of it up.
        """
        queue = self.limits[maker].levels.get(price)
        if queue is not None:
            self._undo.note(queue.ahead.kept())
            if size is None:
                queue.ahead.shown(ZERO)
            else:
                queue.ahead.traded(size)

    def take(self, taker: Side, price: Decimal, quantity: Decimal) -> None:
        """Let a taker on this side consume recorded size, which stays consumed until that price's size changes.

        What it leaves is what stands ahead of the orders there: see ahead().
        """
        self.recorded.take(taker, price, quantity)

    # -- what a taker meets

    def best(self, taker: Side) -> Decimal | None:
        """Return the best price that a taker on this side meets, recorded or of an order."""
        offer, resting = self.recorded.best(taker), self.limits[_OTHER[taker]].levels.first()
        if offer is None or resting is None:
            return resting[0] if offer is None and resting is not None else offer.price if offer is not None else None
        return _nearer(taker, offer.price, resting[0])

    def facing(self, taker: Side, limit: Decimal | None) -> Iterator[Offer | str]:
        """Iterate over what a taker meets within its limit, from the best price on: an offer, or the id of an order.

        What has been met may be taken, or taken out, while this runs.
        """
        levels = self.limits[_OTHER[taker]].levels
        offer, resting = self.recorded.best(taker), levels.first()
        while offer is not None or resting is not None:
            if resting is None or (offer is not None and _nearer(taker, offer.price, resting[0]) == offer.price):
                assert offer is not None, "one of the two is there"
                if limit is not None and _nearer(taker, offer.price, limit) != offer.price:
                    return
                yield offer
                offer = self.recorded.after(taker, offer.price)
            else:
                if limit is not None and _nearer(taker, resting[0], limit) != resting[0]:
                    return
                yield from resting[1].walk()
                resting = levels.after(resting[0])

    # -- inside

    def _ladder(self, order: VenueOrder) -> Ladder:
        return (self.stops if order.waits_for_stop else self.limits)[order.side]

    def _known(self, order: VenueOrder, price: Decimal) -> Decimal | None:
        """The recorded size that stands before an order that comes to a price."""
        return None if order.waits_for_stop else self.recorded.size(_OTHER[order.side], price)

    def _mark(self, marked: dict[str, None], order_id: str) -> None:
        marked[order_id] = None
        self._undo.note(lambda: marked.pop(order_id))

    def _unmark(self, marked: dict[str, None], order_id: str) -> None:
        del marked[order_id]
        self._undo.note(lambda: marked.setdefault(order_id))

    def _prices(self, taker: Side) -> Iterable[Decimal]:
        return (offer.price for offer in self.recorded.offers(taker))

    def _passed(self, taker: Side, price: Decimal | None) -> Iterator[Decimal]:
        """The recorded prices that a new best price does away with, and that price."""
        for known in self._prices(taker):
            if price is not None and _nearer(taker, known, price) == price:
                break
            yield known
        if price is not None:
            yield price

    def _watched(self, taker: Side, prices: Iterable[Decimal]) -> list[_Watched]:
        """The queues behind those prices, with the sizes that are recorded there before they change."""
        levels = self.limits[_OTHER[taker]].levels
        if not levels:
            return []
        queues = ((price, levels.get(price)) for price in prices)
        return [(price, queue, self.recorded.size(taker, price)) for price, queue in queues if queue is not None]

    def _look_again(self, taker: Side, watched: list[_Watched]) -> None:
        for price, queue, before in watched:
            size = _least(before, self.recorded.size(taker, price))
            if size is not None:
                self._undo.note(queue.ahead.kept())
                queue.ahead.shown(size)


def _follows_anew(before: VenueOrder, after: VenueOrder) -> bool:
    return before.priority != after.priority and after.waits_for_stop and after.follows_at is not None


def _place(order: VenueOrder) -> tuple[object, ...]:
    return order.rests_at, order.waits_for_stop, order.follows_at


def _nearer(taker: Side, one: Decimal, other: Decimal) -> Decimal:
    """Return which of two prices a taker on this side meets first; one where they are equal."""
    return min(one, other) if taker is Side.BUY else max(one, other)


def _least(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _price_of(level: Level) -> Decimal:
    return level[0]
