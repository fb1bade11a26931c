"""The positions at the simulated venue, and the reduce-only orders that may not go beyond them.

An account's position in a symbol is the sum of its executions here; at the start it is zero. Where positions are hedged
it has two, a long and a short one: an order that closes (VenueSubmit.closes, or reduce-only) takes from that of the
other side, and opens one of its own with what is left; every other order opens its own. After every execution the
live reduce-only orders of the account together leave no more than the position that they close, so that whatever fills
next, none of them can turn it. The orders of one group (link_id) stand for each other: they count once, with the
largest, and an execution of one shortens the others that leave more than it had left the group. Where all is still too
much, because something else has made the position smaller, the newest are shortened first, and what is left with
nothing is cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from .kinds import Reason, Side
from .numbers import ZERO, add, negate, subtract, total
from .venue_curtailing import cancel, shorten
from .venue_memory import VenueMemory
from .venue_order import VenueOrder

_Groups = dict[tuple[bool, str], list[VenueOrder]]


class Reducing:
    """Books positions, and keeps reduce-only orders within them.

    Args:
        memory: orders, books and positions.
        next_id: source of the ids under which the venue itself changes an order.
        hedged: whether an account can hold a long and a short position in the same symbol.
    """

    def __init__(self, memory: VenueMemory, next_id: Callable[[], str], *, hedged: bool = False) -> None:
        self._memory = memory
        self._next_id = next_id
        self._hedged = hedged

    def room(self, order: VenueOrder) -> Decimal:
        """Return how much a reduce-only order may leave: what it closes, without what other groups close already."""
        groups = self._groups(order.account, order.symbol, order.side)
        groups.pop(_group_of(order), None)
        return subtract(self._closed_by(order), total(_leaves(group) for group in groups.values()))

    def book(self, order: VenueOrder, quantity: Decimal) -> None:
        """Take over an execution of an order, as it stands after it, and shorten what has become too much."""
        self._move(order, quantity)
        if not self._memory.books[order.symbol].reducing.get(order.account):
            return
        if order.instructions.reduce_only and order.link_id is not None:
            self._shorten_linked(order, quantity)
        self._shorten_newest(order)

    def _move(self, order: VenueOrder, quantity: Decimal) -> None:
        memory, account, symbol, opened = self._memory, order.account, order.symbol, quantity
        if not self._hedged:
            memory.move_position(account, symbol, quantity if order.side is Side.BUY else negate(quantity))
            return
        if order.closes or order.instructions.reduce_only:
            closed = min(self._closed_by(order), quantity)
            memory.move_position(account, symbol, negate(closed), Side.SELL if order.side is Side.BUY else Side.BUY)
            opened = subtract(quantity, closed)
        memory.move_position(account, symbol, opened, order.side)

    def _shorten_linked(self, order: VenueOrder, quantity: Decimal) -> None:
        """Take an execution from the others of its group: what it closed is no longer theirs to close."""
        others = self._groups(order.account, order.symbol, order.side).get(_group_of(order), [])
        before = max((add(order.leaves, quantity), *(other.leaves for other in others)))
        self._shorten(others, subtract(before, quantity))

    def _shorten_newest(self, order: VenueOrder) -> None:
        """Shorten all that closes on the order's side to what there is to close; the other side closes no less."""
        groups = self._groups(order.account, order.symbol, order.side)
        excess = subtract(total(_leaves(group) for group in groups.values()), self._closed_by(order))
        for group in reversed(groups.values()):
            if excess <= ZERO:
                break
            leaves = _leaves(group)
            self._shorten(group, max(subtract(leaves, excess), ZERO))
            excess = subtract(excess, leaves)

    def _shorten(self, orders: Iterable[VenueOrder], most: Decimal) -> None:
        for order in orders:
            if order.leaves <= most:
                continue
            if most:
                shorten(self._memory, order, add(order.filled, most), Reason.REDUCE_ONLY, self._next_id())
            else:
                cancel(self._memory, order, Reason.REDUCE_ONLY, "nothing is left for it to reduce")

    def position(self, order: VenueOrder) -> Decimal:
        """Return the position that an order's account has for it to close; negative for a short one."""
        account, symbol = order.account, order.symbol
        if not self._hedged:
            return self._memory.position(account, symbol)
        if order.side is Side.BUY:
            return negate(self._memory.position(account, symbol, Side.SELL))
        return self._memory.position(account, symbol, Side.BUY)

    def _closed_by(self, order: VenueOrder) -> Decimal:
        """The position of an order's account, as far as its side closes it."""
        position = self.position(order)
        return max(negate(position) if order.side is Side.BUY else position, ZERO)

    def _groups(self, account: str, symbol: str, side: Side) -> _Groups:
        """Live reduce-only orders that stand for each other, the oldest group first, and the oldest order in each."""
        memory, groups = self._memory, _Groups()
        reducing = memory.books[symbol].reducing.get(account, ())
        for order in sorted((memory.orders[client_id] for client_id in reducing), key=_number):
            if order.side is side:
                groups.setdefault(_group_of(order), []).append(order)
        return groups


def _group_of(order: VenueOrder) -> tuple[bool, str]:
    return (False, order.client_order_id) if order.link_id is None else (True, order.link_id)


def _leaves(group: Iterable[VenueOrder]) -> Decimal:
    return max(order.leaves for order in group)


def _number(order: VenueOrder) -> int:
    return order.number
