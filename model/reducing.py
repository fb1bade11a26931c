"""What risk knows of positions: enough to tell a reduce-only order that could reduce nothing, whatever fills."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from . import events as e
from .booking import entries
from .commands import SubmitOrder
from .kinds import Reason, Side
from .numbers import ZERO, add, negate, plain, subtract, total
from .order import Order
from .refusal import Refusal
from .reservation import Working

_Key = tuple[str, str]


class Holdings:
    """Positions by strategy and symbol, from the fills that risk has heard of; at the start each is zero."""

    def __init__(self) -> None:
        self._held: dict[_Key, Decimal] = {}

    def after(self, event: e.Event, order: Order) -> dict[_Key, Decimal]:
        """Return the positions that an event of an order changes, as they stand then; see take_over()."""
        key = order.strategy_id, order.symbol
        held = self._held.get(key, ZERO)
        booked = entries(event)
        for entry in booked:
            adds = (order.side is Side.BUY) is not entry.taken_back
            held = add(held, entry.fill.quantity) if adds else subtract(held, entry.fill.quantity)
        return {key: held} if booked else {}

    def take_over(self, changed: dict[_Key, Decimal]) -> None:
        """Take over what after() has returned."""
        self._held.update(changed)

    def refuse(self, command: SubmitOrder, working: Iterable[Working]) -> Refusal | None:
        """Refuse a reduce-only order that leaves nothing to reduce even if all that works for its position fills.

        Risk may hear late of what has filled, but that is of an order which still works for it; so it refuses nothing
        that the venue, which knows, would let pass.
        """
        if not command.reduce_only:
            return None
        held = self._held.get((command.source, command.symbol), ZERO)
        to_come = total(
            max(subtract(known.dearest.quantity, known.filled), ZERO)
            for known in working
            if known.terms.source == command.source
            and known.terms.symbol == command.symbol
            and known.terms.side is not command.side
        )
        closes = held if command.side is Side.SELL else negate(held)
        if add(closes, to_come) > ZERO:
            return None
        rule = f"with a position of {plain(held)} and {plain(to_come)} to come, there is nothing for it to reduce"
        return Refusal.of(Reason.REDUCE_ONLY, "quantity", command.quantity, rule)
