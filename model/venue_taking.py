"""How an order takes what the market offers at the simulated venue, from the best price on."""

from __future__ import annotations

from .numbers import ZERO
from .venue_booking import Booking
from .venue_memory import VenueMemory
from .venue_order import VenueOrder
from .venue_pricing import Pricing


class Taking:
    """Walks the levels for a taker.

    Args:
        memory: orders, books and offers.
        pricing: at what price an offer is taken.
        booking: writes and reports each execution.
    """

    def __init__(self, memory: VenueMemory, pricing: Pricing, booking: Booking) -> None:
        self._memory = memory
        self._pricing = pricing
        self._booking = booking

    def take(self, order: VenueOrder) -> VenueOrder | None:
        """Fill from the offers, level by level, within the order's limit; None when nothing was there to take."""
        memory, symbol = self._memory, order.symbol
        taken: VenueOrder | None = None
        for offer in memory.offers(symbol, order.side):
            if not order.leaves or not order.may_trade_at(offer.price):
                break
            available = offer.available
            quantity = order.leaves if available is None else min(order.leaves, available)
            if quantity > ZERO:
                liquidity = memory.liquidity(symbol)
                memory.set_liquidity(symbol, liquidity.taken(offer.price, quantity, order.side))
                order, price = self._pricing.priced(order, offer.price)
                order = taken = self._booking.fill(order, quantity, price)
        return taken
