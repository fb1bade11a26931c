"""What a trip asks for of one strategy in one symbol: a pure function of what works there and what is held.

As with groups, what is asked for is in flight or done when it is next looked at, so that a lost message, a late fill
and a second trip come to the same place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final, TypeAlias

import attrs

from .group import has_come
from .instrument import Instrument
from .kinds import Action, OrderState, Pending, Side
from .numbers import ZERO, add, multiply, plain, subtract, total, whole_steps
from .order import Order
from .positions import Held

_RETRY_NS: Final = 100_000_000
_LONGEST_RETRY_NS: Final = 60_000_000_000
_MOST_DOUBLINGS: Final = 10
_HELD: Final = OrderState.PENDING


@attrs.frozen
class Failed:
    """How often in a row something has been asked for in vain, and when that was last known."""

    times: int
    last_ns: int

    def again(self, now_ns: int) -> Failed:
        """Return it after one more time."""
        return Failed(self.times + 1, now_ns)

    @property
    def due_ns(self) -> int:
        """When it may be asked for once more: the wait doubles each time, from a tenth of a second to a minute."""
        return self.last_ns + min(_RETRY_NS << min(self.times - 1, _MOST_DOUBLINGS), _LONGEST_RETRY_NS)


@attrs.frozen(kw_only=True)
class Stake:
    """What a strategy has in a symbol.

    Attributes:
        held: the position.
        orders: those that work or are in doubt, oldest first.
        instrument: None where the symbol is not traded here, and only its fills were heard of.
        uncancelled: by order, how often the venue has refused to cancel it.
        ending: the orders that the venue has no longer, and has not said how they ended.
        unfilled: how often closing has brought nothing.
        hedged: whether there is a long and a short position.
        brackets: by group, what has filled of its entry and its exits have not closed.
    """

    strategy_id: str
    symbol: str
    held: Held
    orders: tuple[Order, ...]
    instrument: Instrument | None
    uncancelled: tuple[tuple[str, Failed], ...] = ()
    ending: frozenset[str] = frozenset()
    unfilled: Failed | None = None
    hedged: bool = False
    brackets: tuple[tuple[str, Decimal], ...] = ()

    def failed(self, order: Order) -> Failed | None:
        """Return how often the venue has refused to cancel an order."""
        return next((failed for order_id, failed in self.uncancelled if order_id == order.order_id), None)


@attrs.frozen
class Cancel:
    """Cancel an order."""

    order: Order


@attrs.frozen
class Close:
    """Send an order at the market that closes as much."""

    side: Side
    quantity: Decimal


Step: TypeAlias = Cancel | Close


def wanted(stake: Stake, action: Action, now_ns: int) -> tuple[Step, ...]:
    """Return what has to be asked for now."""
    cancels = tuple(Cancel(order) for order in _to_cancel(stake, action) if _may_be_cancelled(stake, order, now_ns))
    if cancels or action is not Action.FLATTEN or stake.orders:
        return cancels
    if stake.unfilled is not None and not has_come(stake.unfilled.due_ns, now_ns):
        return ()
    return tuple(_closing(stake))


def due_ns(stake: Stake, action: Action) -> int | None:
    """Return when to look again at what was refused or in vain; None: nothing was."""
    waits = [
        failed.due_ns
        for order in _to_cancel(stake, action)
        if order.pending is not Pending.CANCEL and (failed := stake.failed(order)) is not None
    ]
    if action is Action.FLATTEN and not stake.orders and stake.unfilled is not None and any(_closing(stake)):
        waits.append(stake.unfilled.due_ns)
    return min(waits, default=None)


def troubles(stake: Stake, action: Action) -> Iterator[str]:
    """Iterate over what a person must hear of, each as a sentence that stays the same while it lasts."""
    for order in _to_cancel(stake, action):
        if stake.failed(order) is not None:
            yield f"order_id {order.order_id}: the venue refuses to cancel it, which is asked for again"
    if action is not Action.FLATTEN:
        return
    where = f"strategy {stake.strategy_id}, symbol {stake.symbol}"
    if stake.unfilled is not None and any(_closing(stake)):
        yield f"{where}: closing at the market has brought nothing, and is tried again until it is closed"
    if not stake.orders:
        left = total(quantity for _, quantity in _sides(stake) if not _order_of(stake, quantity))
        if left:
            yield f"{where}: {plain(left)} cannot be closed, since it is no quantity that an order may have"


# -- cancelling


def _to_cancel(stake: Stake, action: Action) -> Iterator[Order]:
    live = [order for order in stake.orders if not order.is_closed and order.order_id not in stake.ending]
    if action is Action.REDUCE:
        yield from _that_could_open(stake, live)
    elif action is Action.CANCEL_ALL:
        yield from live
    elif action is Action.FLATTEN:
        # What closes at the market is what we have sent, or is as good.
        yield from (order for order in live if not _closes_at_once(order))


def _closes_at_once(order: Order) -> bool:
    return order.reduce_only and order.price is None and order.stop_price is None and order.state is not _HELD


def _that_could_open(stake: Stake, live: list[Order]) -> Iterator[Order]:
    """What is not needed to close what is held, the newest first; what only closes stays.

    So do the exits of brackets, unless what they would close has been closed otherwise: then they would open.
    """
    for side in Side:
        mine = [order for order in live if order.side is side]
        held = stake.held.long if side is Side.SELL else stake.held.short
        yield from _exits_of_nothing(stake, mine, held)
        plain_orders = [order for order in mine if not order.closes]
        if stake.hedged:
            # There every order that is not told to close opens its own side.
            yield from plain_orders
            continue
        counted = add(_closing_quantity(mine), total(_counts(order) for order in plain_orders))
        for order in reversed(plain_orders):
            if counted <= held:
                break
            counted = subtract(counted, _counts(order))
            yield order


def _exits_of_nothing(stake: Stake, mine: list[Order], held: Decimal) -> Iterator[Order]:
    exits = [order for order in mine if _is_exit(order) and not order.reduce_only and order.state is not _HELD]
    names = dict.fromkeys(order.group_id for order in reversed(exits))
    # By what their entries have filled, not by what works: while one exit fills, the other is yet to be cut.
    left = {name: quantity for name, quantity in stake.brackets if name in names and quantity > ZERO}
    counted = total(left.values())
    for name in names:
        if counted <= held:
            break
        if name in left:
            counted = subtract(counted, left[name])
            yield from (order for order in exits if order.group_id == name)


def _is_exit(order: Order) -> bool:
    return order.link is not None and order.link.is_exit


def _counts(order: Order) -> Decimal:
    return order.remaining_quantity if order.state is _HELD else order.leaves_quantity


def _closing_quantity(orders: Iterable[Order]) -> Decimal:
    """What those come to that only close; the exits of one bracket take from each other."""
    by_group: dict[str, Decimal] = {}
    for order in orders:
        if order.closes and order.state is not _HELD:
            name = order.group_id or order.order_id
            by_group[name] = max(by_group.get(name, ZERO), order.leaves_quantity)
    return total(by_group.values())


def _may_be_cancelled(stake: Stake, order: Order, now_ns: int) -> bool:
    if order.pending is Pending.CANCEL:
        return False
    failed = stake.failed(order)
    return failed is None or has_come(failed.due_ns, now_ns)


# -- closing


def _sides(stake: Stake) -> Iterator[tuple[Side, Decimal]]:
    if stake.held.long > ZERO:
        yield Side.SELL, stake.held.long
    if stake.held.short > ZERO:
        yield Side.BUY, stake.held.short


def _closing(stake: Stake) -> Iterator[Close]:
    for side, quantity in _sides(stake):
        if size := _order_of(stake, quantity):
            yield Close(side, size)


def _order_of(stake: Stake, quantity: Decimal) -> Decimal:
    """Return the largest order that closes no more than is held, and leaves no rest that none can close; else zero."""
    instrument = stake.instrument
    if instrument is None:
        return quantity
    whole = lots = _lots(quantity, instrument)
    least = instrument.min_quantity or ZERO
    if instrument.max_quantity is not None and whole > instrument.max_quantity:
        # What is over must be enough for an order of its own.
        lots = _lots(min(instrument.max_quantity, max(subtract(whole, least), least)), instrument)
    return ZERO if lots < least else lots


def _lots(quantity: Decimal, instrument: Instrument) -> Decimal:
    return multiply(whole_steps(quantity, instrument.quantity_increment), instrument.quantity_increment)
