"""Chance and price at the simulated venue: how much fills of an order that the market reaches, and at what price."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .fill_models import Offered, Reach, ReachedBy, filled
from .instrument import Instrument
from .numbers import ZERO
from .values import changed
from .venue_memory import VenueMemory
from .venue_order import Draw, VenueOrder, VenueRules


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
        # A model of the user's own that does not say is given a draw each time.
        self._uses_chance = bool(getattr(rules.fill_model, "uses_chance", True))

    def reached(
        self, order: VenueOrder, by: ReachedBy, market: Decimal, offered: Offered
    ) -> tuple[VenueOrder, Decimal]:
        """Return how much fills of a limit order that the market reaches, as the fill model says.

        Nothing is asked or drawn where nothing is offered, and nothing drawn where the model leaves nothing to chance.

        Args:
            order: at its price or better.
            by: what has reached it.
            market: how far the market has come, see Reach.
            offered: what is there for it.
        """
        if offered.left is not None and offered.left <= ZERO:
            return order, ZERO
        price, chance = order.price, ZERO
        assert price is not None, "only a limit order is reached"
        if self._uses_chance:
            order, (chance,) = self._chances(order, 1)
        reach = Reach(
            side=order.side,
            price=price,
            leaves=order.leaves,
            lot=self._instruments[order.symbol].quantity_increment,
            taker=order.crossing,
            by=by,
            market=market,
            offered=offered.left,
            volume=offered.volume,
            taken=offered.taken,
            ahead=order.ahead,
            chance=chance,
        )
        return order, filled(self._rules.fill_model, reach)

    def priced(self, order: VenueOrder, offered: Decimal) -> tuple[VenueOrder, Decimal]:
        """Return a fill's price: the offer while a limit order crosses, its own once it rests; a market order slips."""
        if order.price is not None:
            return order, offered if order.crossing else order.price
        slippage = self._rules.slippage
        order, chances = self._chances(order, slippage.draws)
        tick = self._instruments[order.symbol].price_increment
        return order, slippage.price(order.side, offered, tick, chances)

    def _chances(self, order: VenueOrder, number: int) -> tuple[VenueOrder, tuple[Decimal, ...]]:
        """Draw the order's next random numbers."""
        if not number:
            return order, ()
        before = order.draws
        order = self._memory.put(changed(order, draws=before + number))
        return order, tuple(self._draw(order.draw_key, before + nth) for nth in range(1, number + 1))
