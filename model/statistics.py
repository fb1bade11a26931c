"""The notebook's statistics and a few more, as a fold of the stream of updates."""

from __future__ import annotations

from typing import Any

from . import events as e
from .booking import entries
from .group import Groups
from .kinds import OrderState
from .order import LIVE
from .traded import Traded


class Statistics:
    """Counts kept as the stream passes: reading them never walks the orders."""

    def __init__(self) -> None:
        self._states: dict[str, OrderState] = {}
        self._by_state = dict.fromkeys(OrderState, 0)
        self._symbols: dict[str, None] = {}
        self._fills = 0
        self._traded = Traded()
        self._refused = 0
        self._sequence = 0
        self.groups = Groups()

    def on_update(self, update: e.OrderUpdate) -> None:
        """Fold one entry of the stream."""
        self._sequence = update.sequence
        self.groups.on_update(update)
        order = update.order
        if order is None:
            self._refused += isinstance(update.event, e.CommandRefused)
            return
        before = self._states.get(order.order_id)
        if before is not order.state:
            if before is not None:
                self._by_state[before] -= 1
            self._by_state[order.state] += 1
            self._states[order.order_id] = order.state
        self._symbols[order.symbol] = None
        if isinstance(update.event, e.OrderFilled):
            self._fills += 1
        self._traded.book(order.symbol, entries(update.event))

    def to_dict(self) -> dict[str, Any]:
        """Return the notebook's keys and more, ready for JSON.

        open_orders_count counts every order that is not terminal. traded has, by symbol, what was executed as maker, as
        taker, and without the venue saying which: fills, quantity, notional, average_price, and fees by currency. These
        are of the executions that stand, while total_fills counts every one that was reported. unprotected_ns are the
        nanoseconds in which what a bracket's entry had filled was not protected by a stop, of all brackets together and
        of the worst.
        """
        unprotected, longest = self.groups.unprotected_ns()
        return {
            "total_orders_created": sum(self._by_state.values()),
            "total_orders_filled": self._by_state[OrderState.FILLED],
            "total_orders_cancelled": self._by_state[OrderState.CANCELLED],
            "total_orders_rejected": self._by_state[OrderState.REJECTED],
            "open_orders_count": sum(self._by_state[state] for state in LIVE),
            "symbols_traded": list(self._symbols),
            "orders_by_state": {state.value: count for state, count in self._by_state.items()},
            "total_fills": self._fills,
            "traded": self._traded.to_dict(),
            "unprotected_ns": unprotected,
            "unprotected_ns_max": longest,
            "total_commands_refused": self._refused,
            "total_events": self._sequence,
        }
