"""Chance and price at the simulated venue: whether an order fills that the market reaches, and at what price."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from .instrument import Instrument
from .numbers import EXACT, ONE, add, multiply, subtract
from .values import changed
from .venue_memory import VenueMemory
from .venue_order import Draw, VenueOrder, VenueRules

_TWO: Final = Decimal(2)


class Pricing:
    """Draws each order's chances.

    Args:
        memory: orders, books and offers.
        instruments: by symbol.
        rules: fees and fills.
        draw: the source of chance, see Draw.
    """

    def __init__(
        self, memory: VenueMemory, instruments: Mapping[str, Instrument], rules: VenueRules, draw: Draw
    ) -> None:
        self._memory = memory
        self._instruments = instruments
        self._rules = rules
        self._draw = draw

    def touched(self, order: VenueOrder) -> VenueOrder | None:
        """Return a limit order that the market reaches, None if chance passes it over; no draw where all fill."""
        probability = self._rules.fill_probability
        if probability >= ONE:
            return order
        order, drawn = self._chance(order)
        return order if drawn < probability else None

    def priced(self, order: VenueOrder, offered: Decimal) -> tuple[VenueOrder, Decimal]:
        """Return a fill's price: the offer while a limit order crosses, its own once it rests; a market order slips."""
        if order.price is not None:
            return order, offered if order.crossing else order.price
        if not self._rules.slippage:
            return order, offered
        order, drawn = self._chance(order)
        factor = multiply(subtract(multiply(drawn, _TWO), ONE), self._rules.slippage)
        move = multiply(offered, factor)
        # Slippage is the largest move, either way, so the price moves by whole ticks and never by one more.
        beyond = EXACT.remainder(move, self._instruments[order.symbol].price_increment)
        return order, add(offered, subtract(move, beyond))

    def _chance(self, order: VenueOrder) -> tuple[VenueOrder, Decimal]:
        """Draw the order's next random number."""
        order = self._memory.put(changed(order, draws=order.draws + 1))
        return order, self._draw(order.draw_key, order.draws)
