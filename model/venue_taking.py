"""How an order takes what the market offers at the simulated venue, from the best price on."""

from __future__ import annotations

from decimal import Decimal

from .fill_models import Offered
from .numbers import ZERO, add, subtract
from .recorded_depth import Offer
from .venue_booking import Booking
from .venue_memory import VenueMemory
from .venue_order import VenueOrder
from .venue_pricing import Pricing
from .venue_self_trade import SelfTrade, is_self_trade


class Taking:
    """Walks the levels for a taker.

    Args:
        memory: orders, books and offers.
        pricing: at what price an offer is taken.
        booking: writes and reports each execution.
        self_trade: what is done instead where both sides are of one account.
    """

    def __init__(self, memory: VenueMemory, pricing: Pricing, booking: Booking, self_trade: SelfTrade) -> None:
        self._memory = memory
        self._pricing = pricing
        self._booking = booking
        self._self_trade = self_trade

    def on_offer(self, order: VenueOrder) -> Offered:
        """Sum up the recorded offers within the order's limit; one without limit of size makes it all unlimited."""
        left = volume = taken = ZERO
        for offer in self._memory.books[order.symbol].recorded.offers(order.side):
            if not order.may_trade_at(offer.price):
                break
            if offer.size is None or offer.available is None:
                return Offered()
            left, volume, taken = add(left, offer.available), add(volume, offer.size), add(taken, offer.taken)
        return Offered(left, volume, taken)

    def in_all(self, order: VenueOrder, recorded: Decimal) -> Decimal:
        """Return how much of an order that has come in would fill at once, at most what it leaves.

        Args:
            order: of either kind.
            recorded: how much it may take of the recorded offers.
        """
        there = recorded
        for met in self._memory.books[order.symbol].facing(order.side, order.price):
            if there >= order.leaves:
                return order.leaves
            if isinstance(met, Offer):
                continue
            resting = self._memory.orders[met]
            if not is_self_trade(order, resting):
                there = add(there, resting.leaves)
            elif not self._self_trade.lets_pass:
                break
        return min(there, order.leaves)

    def arrive(self, order: VenueOrder, recorded: Decimal) -> None:
        """Fill an order that has come in from all that it meets: recorded offers, and the orders of others.

        Args:
            order: of either kind.
            recorded: how much it may take of the recorded offers.
        """
        memory, left = self._memory, recorded
        for met in memory.books[order.symbol].facing(order.side, order.price):
            # A fill may have shortened or ended it, or what it meets: see venue_position.
            order = memory.orders[order.client_order_id]
            if not order.is_live:
                return
            if isinstance(met, Offer):
                left = subtract(left, self._take(order, met, left))
                continue
            resting = memory.orders[met]
            if is_self_trade(order, resting):
                self._self_trade.prevent(order, resting)
            else:
                quantity, price = min(order.leaves, resting.visible), resting.price
                assert price is not None, "what rests as a limit order has a limit"
                self._booking.fill(resting, quantity, price, maker=True)
                self._booking.fill(order, quantity, price, maker=False)

    def take(self, order: VenueOrder, most: Decimal) -> None:
        """Fill an order from the recorded offers, level by level.

        Args:
            order: one that rests; of an iceberg, only what is shown fills in its place.
            most: how much it may take, at most what is offered within its limit.
        """
        left = most if order.crossing else min(most, order.visible)
        for offer in self._memory.books[order.symbol].recorded.offers(order.side):
            order = self._memory.orders[order.client_order_id]
            if not left or not order.is_live:
                return
            left = subtract(left, self._take(order, offer, left))

    def _take(self, order: VenueOrder, offer: Offer, most: Decimal) -> Decimal:
        """Fill an order from one offer, and return how much."""
        available = offer.available
        quantity = min(most, order.leaves)
        if available is not None:
            quantity = min(quantity, available)
        if quantity <= ZERO:
            return ZERO
        self._memory.books[order.symbol].take(order.side, offer.price, quantity)
        order, price = self._pricing.priced(order, offer.price)
        self._booking.fill(order, quantity, price)
        return quantity
