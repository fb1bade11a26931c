"""What each strategy holds of each symbol, long and short, as a fold of the executions that stand."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import chain
from typing import TypeAlias

import attrs

from . import events as e
from .booking import entries
from .kinds import Side
from .numbers import ZERO, add, negate, subtract
from .order import Order
from .reports import Fill

Key: TypeAlias = tuple[str, str]
"""A strategy's id and a symbol."""


@attrs.frozen
class Held:
    """What is held of either side, both at least zero; where positions are netted one of them is zero."""

    long: Decimal = ZERO
    short: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """Negative for a short position."""
        return subtract(self.long, self.short)

    @property
    def gross(self) -> Decimal:
        """Both sides together."""
        return add(self.long, self.short)


NOTHING_HELD = Held()


@attrs.frozen
class Execution:
    """An execution that stands; closes says that it closes what is there of the other side before it opens its own."""

    order_id: str
    execution_id: str
    side: Side
    quantity: Decimal
    closes: bool


@attrs.frozen
class Moved:
    """A position after an event: what is held, and the executions that stand from a place on, where they are kept."""

    key: Key
    held: Held
    place: int = 0
    executions: tuple[Execution, ...] = ()


class Positions:
    """Positions by strategy and symbol; after() computes and changes nothing, take_over() cannot fail.

    Where positions are netted an execution is taken back by its opposite. Where they are hedged it may have closed what
    was there and opened the rest, so every one that stands is kept, and what is left is folded anew.
    """

    def __init__(self, *, hedged: bool = False) -> None:
        self._hedged = hedged
        self._held: dict[Key, Held] = {}
        self._executions: dict[Key, list[Execution]] = {}
        self._net: dict[str, Decimal] = {}
        self._gross: dict[str, Decimal] = {}

    def of(self, key: Key) -> Held:
        """Return what a strategy holds of a symbol."""
        return self._held.get(key, NOTHING_HELD)

    def keys(self) -> Iterable[Key]:
        """Return each that anything was ever held of."""
        return self._held.keys()

    def net(self) -> Iterable[tuple[str, Decimal]]:
        """Return what all strategies hold of each symbol, netted."""
        return self._net.items()

    def net_of(self, symbol: str) -> Decimal:
        """Return what all strategies hold of a symbol, netted."""
        return self._net.get(symbol, ZERO)

    def gross(self) -> Iterable[tuple[str, Decimal]]:
        """Return what all strategies hold of each symbol, of both sides together."""
        return self._gross.items()

    def after(self, event: e.Event, order: Order) -> Moved | None:
        """Return the position that an event moves; None for one that moves nothing.

        Raises:
            ValueError: when an execution is taken back that was never booked.
        """
        booked = entries(event)
        if not booked:
            return None
        key = order.strategy_id, order.symbol
        held = self.of(key)
        if not self._hedged:
            net = held.net
            for entry in booked:
                bought = (order.side is Side.BUY) is not entry.taken_back
                net = add(net, entry.fill.quantity if bought else negate(entry.fill.quantity))
            return Moved(key, _netted(net))
        standing = self._executions.get(key, [])
        if not booked[0].taken_back:
            one = _execution(order, booked[0].fill)
            return Moved(key, _after(held, one), len(standing), (one,))
        place = _place(standing, order.order_id, booked[0].fill.execution_id)
        instead = (_execution(order, entry.fill) for entry in booked[1:])
        executions = (*instead, *standing[place + 1 :])
        held = NOTHING_HELD
        for one in chain(standing[:place], executions):
            held = _after(held, one)
        return Moved(key, held, place, executions)

    def take_over(self, moved: Moved) -> None:
        """Take over what after() has returned."""
        before, (_, symbol) = self.of(moved.key), moved.key
        self._held[moved.key] = moved.held
        self._net[symbol] = add(self.net_of(symbol), subtract(moved.held.net, before.net))
        self._gross[symbol] = add(self._gross.get(symbol, ZERO), subtract(moved.held.gross, before.gross))
        if self._hedged:
            self._executions.setdefault(moved.key, [])[moved.place :] = moved.executions


def _netted(net: Decimal) -> Held:
    return Held(net, ZERO) if net > ZERO else Held(ZERO, negate(net))


def _execution(order: Order, fill: Fill) -> Execution:
    return Execution(order.order_id, fill.execution_id, order.side, fill.quantity, order.closes)


def _place(standing: list[Execution], order_id: str, execution_id: str) -> int:
    # What is taken back is mostly among the latest.
    for place in range(len(standing) - 1, -1, -1):
        if (standing[place].order_id, standing[place].execution_id) == (order_id, execution_id):
            return place
    msg = f"execution {execution_id} of {order_id} was never booked"
    raise ValueError(msg)


def _after(held: Held, one: Execution) -> Held:
    """Return a hedged position after one more execution: what closes more than is there opens its own side."""
    buys = one.side is Side.BUY
    own, other = (held.long, held.short) if buys else (held.short, held.long)
    closed = min(other, one.quantity) if one.closes else ZERO
    own, other = add(own, subtract(one.quantity, closed)), subtract(other, closed)
    return Held(own, other) if buys else Held(other, own)
