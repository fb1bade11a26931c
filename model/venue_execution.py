"""What an order does at the simulated venue when it comes in, when it is triggered, and when it comes back."""

from __future__ import annotations

from . import reports as r
from .kinds import OrderState, Reason
from .values import changed
from .venue_booking import Booking
from .venue_memory import VenueMemory
from .venue_order import VenueOrder
from .venue_pricing import Pricing
from .venue_taking import Taking


class Execution:
    """Lets orders arrive and be triggered.

    Args:
        memory: orders, books and offers.
        taking: takes what the market offers.
        pricing: draws whether an order that is reached fills.
        booking: writes and reports what happens.
    """

    def __init__(self, memory: VenueMemory, taking: Taking, pricing: Pricing, booking: Booking) -> None:
        self._memory = memory
        self._taking = taking
        self._pricing = pricing
        self._booking = booking

    def arrive(self, order: VenueOrder) -> None:
        """Do what an order does when it comes in, is triggered, or comes back with new terms: trigger, take, rest."""
        offers = self._memory.offers(order.symbol, order.side)
        if order.waits_for_stop:
            if offers and order.is_stopped_by(offers[0].price):
                self.trigger(order)
        elif order.price is None:
            self._booking.end(self._taking.take(order) or order)
        elif offers and order.may_trade_at(offers[0].price):
            touched = self._pricing.touched(self._memory.put(changed(order, crossing=True)))
            if touched is not None:
                self._taking.take(touched)

    def trigger(self, order: VenueOrder) -> None:
        """Make a stop a market order, a stop-limit a limit order, which queues behind those that rest at its price."""
        memory = self._memory
        order = memory.put(changed(order, triggered=True, priority=memory.next_priority()))
        memory.reports.append(r.VenueTriggered(client_order_id=order.client_order_id, time_ns=memory.now_ns))
        if order.price is None and not memory.offers(order.symbol, order.side):
            memory.put(changed(order, state=OrderState.REJECTED))
            text = "triggered, but no price is known to fill at"
            self._booking.reject(order.client_order_id, Reason.NO_MARKET, text)
        else:
            self.arrive(order)
