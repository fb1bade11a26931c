"""How trailing stops follow the market at the simulated venue.

A trailing stop begins to follow when the market has been at its activation price (a sell's: there or above; a buy's:
there or below), at once without one, and does not exist before. From then on a sell's stop stays its offset behind the
highest price seen, a buy's behind the lowest, on a tick and never nearer than the offset; it never moves back. Seen is
what the order would execute against (the bid for a sell, the ask for a buy), and each trade's price, and each price
that a bar passes through. One that is triggered is a market order.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from .instrument import Instrument
from .kinds import OrderType, Side
from .numbers import ZERO
from .trailing import moves_at, stop_behind
from .values import changed
from .venue_memory import VenueMemory
from .venue_order import VenueOrder

_ANY_PRICE: Final = {Side.BUY: Decimal("Infinity"), Side.SELL: ZERO}
"""What the market is sure to reach: a buy follows it down, a sell up."""


class Trailing:
    """Moves the stops of trailing orders.

    Args:
        memory: orders, books and offers.
        instruments: by symbol.
    """

    def __init__(self, memory: VenueMemory, instruments: Mapping[str, Instrument]) -> None:
        self._memory = memory
        self._instruments = instruments

    def started(self, order: VenueOrder) -> VenueOrder:
        """Return an order that comes in as it is to be queued: if it trails, behind the market that is known."""
        if order.order_type is not OrderType.TRAILING_STOP:
            return order
        order = changed(order, follows_at=order.instructions.activation_price or _ANY_PRICE[order.side])
        quoted = self._memory.quoted(order.symbol, order.side)
        return self._moved(order, quoted) if quoted is not None and order.is_led_by(quoted) else order

    def follow(self, symbol: str, side: Side, price: Decimal) -> None:
        """Move the stops of one side that a price takes along; the others are not looked at."""
        memory = self._memory
        for client_id in memory.books[symbol].following[side].reached(price):
            order = self._moved(memory.orders[client_id], price)
            memory.put(changed(order, priority=memory.next_priority()))

    def _moved(self, order: VenueOrder, best: Decimal) -> VenueOrder:
        tick, instructions = self._instruments[order.symbol].price_increment, order.instructions
        stop = stop_behind(order.side, best, instructions, tick)
        return changed(order, stop_price=stop, follows_at=moves_at(order.side, stop, instructions, tick))
