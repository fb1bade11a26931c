"""What the simulated venue refuses or changes of an order when it arrives, is amended, or is triggered.

* A stop whose price the market has reached already, as far as it would execute against it, is refused (Binance: "Stop
  price would trigger immediately"; CME Globex likewise), or triggered at once where VenueRules.wrong_side_stop says so.
  Where no market is known, it is accepted.
* A post-only order that would take is refused (Binance LIMIT_MAKER; FIX tag 18, ExecInst 6), or put one tick off the
  best opposite price where VenueRules.post_only says "slide". A stop-limit is judged when it is triggered.
* A reduce-only order is shortened to what its account's position, and its other reduce-only orders, leave to reduce,
  and refused where that is nothing; see venue_position.py. It may come to less than the least quantity of the
  instrument: what a position leaves can always be closed.

A refused amend leaves the old terms, in their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .instrument import Instrument
from .kinds import OrderType, Reason, Side
from .numbers import EXACT, ZERO, add, plain, subtract
from .refusal import Refusal
from .values import changed
from .venue_memory import VenueMemory
from .venue_order import VenueOrder, VenueRules
from .venue_position import Reducing
from .venue_trailing import Trailing


class Admission:
    """Judges orders by the market and the position.

    Args:
        memory: orders, books and offers.
        instruments: by symbol.
        rules: which of the choices are made.
        trailing: sets the stop of a trailing order that comes in.
        reducing: knows what there is to reduce.
    """

    def __init__(
        self,
        memory: VenueMemory,
        instruments: Mapping[str, Instrument],
        rules: VenueRules,
        trailing: Trailing,
        reducing: Reducing,
    ) -> None:
        self._memory = memory
        self._instruments = instruments
        self._rules = rules
        self._trailing = trailing
        self._reducing = reducing

    def admit(self, order: VenueOrder) -> VenueOrder | Refusal:
        """Return a new order as it is let in."""
        admitted = self._beyond_stop(order) or self._reduced(order)
        if isinstance(admitted, VenueOrder):
            admitted = self.resting(admitted)
        return self._trailing.started(admitted) if isinstance(admitted, VenueOrder) else admitted

    def amended(self, before: VenueOrder, after: VenueOrder) -> VenueOrder | Refusal:
        """Return an order with new terms as they are granted; what stays as it was is not judged anew."""
        if not after.is_live:
            # Its quantity has been lowered to what has filled.
            return after
        if after.stop_price != before.stop_price:
            refusal = self._beyond_stop(after)
            if refusal is not None:
                return refusal
        admitted = self._grown(before, after) if after.quantity > before.quantity else after
        if isinstance(admitted, Refusal) or admitted.priority == before.priority:
            # What keeps its place goes on resting there.
            return admitted
        return self.resting(admitted)

    def resting(self, order: VenueOrder) -> VenueOrder | Refusal:
        """Return an order that is about to meet the market, if it is post-only as one that rests."""
        if not order.instructions.post_only or order.waits_for_stop:
            return order
        if order.price is None:
            return Refusal(Reason.POST_ONLY, f"a {order.order_type.value} order cannot rest on the book")
        best = self._memory.best(order.symbol, order.side)
        if best is None or not order.may_trade_at(best):
            return order
        slid = self._beside(best, order)
        if self._rules.post_only == "slide" and slid > ZERO:
            return changed(order, price=slid)
        rule = f"would take at {plain(best)}, and a post-only order must rest"
        return Refusal.of(Reason.POST_ONLY, "price", order.price, rule)

    def _beside(self, best: Decimal, order: VenueOrder) -> Decimal:
        """The price nearest to the opposite best at which an order rests."""
        tick = self._instruments[order.symbol].price_increment
        over = EXACT.remainder(best, tick)
        if order.side is Side.SELL:
            return add(subtract(best, over), tick)
        return subtract(best, over or tick)

    def _beyond_stop(self, order: VenueOrder) -> Refusal | None:
        if not order.waits_for_stop or order.order_type is OrderType.TRAILING_STOP:
            return None
        quoted = self._memory.quoted(order.symbol, order.side)
        stop = order.stop_price
        if stop is None or quoted is None or not order.is_stopped_by(quoted):
            return None
        if self._rules.wrong_side_stop == "trigger":
            return None
        where = "above" if order.side is Side.BUY else "below"
        rule = f"must be {where} the market, {plain(quoted)}: it would trigger at once"
        return Refusal.of(Reason.STOP_PRICE, "stop_price", stop, rule)

    def _reduced(self, order: VenueOrder) -> VenueOrder | Refusal:
        if not order.instructions.reduce_only:
            return order
        room = self._reducing.room(order)
        if room <= ZERO:
            return self._nothing_to_reduce(order)
        return order if order.leaves <= room else changed(order, quantity=add(order.filled, room))

    def _grown(self, before: VenueOrder, after: VenueOrder) -> VenueOrder | Refusal:
        admitted = self._reduced(after)
        if isinstance(admitted, VenueOrder) and admitted.quantity <= before.quantity:
            return self._nothing_to_reduce(after)
        return admitted

    def _nothing_to_reduce(self, order: VenueOrder) -> Refusal:
        position = plain(self._reducing.position(order))
        rule = f"the position of {position} leaves no more for a reduce-only {order.side.value} to reduce"
        return Refusal.of(Reason.REDUCE_ONLY, "quantity", order.quantity, rule)
