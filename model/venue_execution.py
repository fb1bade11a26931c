"""What an order does at the simulated venue when it comes in, when it is triggered, and when it comes back.

A market order is IOC by nature: what it cannot fill at once ends. So does what a limit order with IOC cannot fill; one
with FOK fills as a whole or not at all, and that is looked at before anything is taken. Where no price is known, a
market order is refused, and a limit order with IOC or FOK ends unfilled. For a stop all this counts from its trigger.
The fill model has its say: what it does not let fill at once is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from . import reports as r
from .kinds import OrderState, OrderType, Reason, TimeInForce
from .numbers import ZERO
from .refusal import Refusal
from .values import changed
from .venue_admission import Admission
from .venue_booking import Booking
from .venue_memory import VenueMemory
from .venue_order import VenueOrder
from .venue_pricing import Pricing
from .venue_taking import Taking


class TooLittle(Exception):
    """A FOK order would have filled in part: one of the orders that it met was shortened by what it met before.

    It asks for the step to be made anew, and never leaves the venue.
    """

    def __init__(self, client_order_id: str, filled: Decimal) -> None:
        super().__init__(client_order_id)
        self.client_order_id = client_order_id
        self.filled = filled


class Execution:
    """Lets orders arrive and be triggered.

    too_little says of which FOK orders the step under way is known not to fill the whole, and how much it would.

    Args:
        memory: orders, books and offers.
        taking: takes what the market offers.
        pricing: says how much fills of an order that is reached.
        booking: writes and reports what happens.
        admission: judges what is triggered.
        next_id: source of the ids under which the venue itself changes an order.
    """

    def __init__(
        self,
        memory: VenueMemory,
        taking: Taking,
        pricing: Pricing,
        booking: Booking,
        admission: Admission,
        next_id: Callable[[], str],
    ) -> None:
        self._memory = memory
        self._taking = taking
        self._pricing = pricing
        self._booking = booking
        self._admission = admission
        self._next_id = next_id
        self.too_little: dict[str, Decimal] = {}

    def arrive(self, order: VenueOrder) -> None:
        """Do what an order does when it comes in, is triggered, or comes back with new terms: trigger, take, rest.

        Raises:
            TooLittle: when the step must be taken back, and made anew with this in mind.
        """
        if order.waits_for_stop:
            quoted = self._memory.quoted(order.symbol, order.side)
            if quoted is not None and order.is_stopped_by(quoted):
                self.trigger(order)
            return
        client_id, whole = order.client_order_id, order.time_in_force is TimeInForce.FOK
        order, recorded = self._there_for(order)
        if whole:
            # Looked at before anything is taken: it fills as a whole or not at all.
            there = min(self._taking.in_all(order, recorded), self.too_little.get(client_id, order.leaves))
            if there < order.leaves:
                self._booking.kill(order, there)
                return
        self._taking.arrive(order, recorded)
        order = self._memory.orders[client_id]
        if whole and order.filled < order.quantity:
            raise TooLittle(client_id, order.filled)
        if order.is_live and not order.may_rest:
            self._booking.end(order)

    def _there_for(self, order: VenueOrder) -> tuple[VenueOrder, Decimal]:
        """Return how much of an order that meets the recorded market fills at once from what that offers."""
        if order.price is None:
            left = self._taking.on_offer(order).left
            return order, order.leaves if left is None else min(order.leaves, left)
        quoted = self._memory.quoted(order.symbol, order.side)
        if quoted is None or not order.may_trade_at(quoted):
            return order, ZERO
        order = self._memory.put(changed(order, crossing=True))
        return self._pricing.reached(order, "arrival", quoted, self._taking.on_offer(order))

    def trigger(self, order: VenueOrder) -> None:
        """Make a stop a market order, a stop-limit a limit order, which queues behind those that rest at its price."""
        memory = self._memory
        order = memory.put(changed(order, triggered=True, priority=memory.next_priority()))
        trails = order.order_type is OrderType.TRAILING_STOP
        triggered = r.VenueTriggered(
            client_order_id=order.client_order_id,
            stop_price=order.stop_price if trails else None,
            time_ns=memory.now_ns,
        )
        memory.reports.append(triggered)
        if order.price is None and memory.best(order.symbol, order.side) is None:
            self._refuse(order, Refusal(Reason.NO_MARKET, "triggered, but no price is known to fill at"))
            return
        admitted = self._admission.resting(order)
        if isinstance(admitted, Refusal):
            self._refuse(order, admitted)
        elif admitted.price == order.price:
            self.arrive(order)
        else:
            self._slide(order, admitted)

    def _refuse(self, order: VenueOrder, refusal: Refusal) -> None:
        self._memory.put(changed(order, state=OrderState.REJECTED))
        self._booking.reject(order.client_order_id, refusal.reason, refusal.text)

    def _slide(self, order: VenueOrder, slid: VenueOrder) -> None:
        """Let a post-only order rest beside the market; its price decides its queue, so it leaves that of the old."""
        memory = self._memory
        memory.put(changed(slid, priority=memory.next_priority()))
        modified = r.VenueModified(
            client_order_id=order.client_order_id,
            request_id=self._next_id(),
            price=slid.price,
            reason=Reason.POST_ONLY,
            time_ns=memory.now_ns,
        )
        memory.reports.append(modified)
