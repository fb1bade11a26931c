"""How a bracket, OCO or OTO is asked for, and the ids that its orders are given."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs

from .commands import SubmitGroup, SubmitOrder
from .errors import InvalidOrder
from .kinds import Contingency, OrderType, Side
from .numbers import Number, positive
from .text import is_identifier
from .values import changed


@attrs.frozen
class GroupIds:
    """The id of a group, and those of its orders as they were given."""

    group_id: str
    orders: tuple[str, ...]


@attrs.frozen
class BracketIds:
    """The id of a bracket, and those of its orders."""

    group_id: str
    entry: str
    profit_target: str
    stop_loss: str


def bracket_of(entry: SubmitOrder, profit_target: Number | SubmitOrder, stop_loss: Number | SubmitOrder) -> SubmitGroup:
    """Tie an entry to its exits; an exit given as a price is a LIMIT or a STOP of the entry's quantity.

    Raises:
        InvalidOrder: for orders that can make no bracket.
    """
    _must_be_order("entry", entry)
    target, stop = profit_target, stop_loss
    if type(target) is not SubmitOrder:
        target = _exit(entry, OrderType.LIMIT, price=positive("profit_target", target, InvalidOrder))
    if type(stop) is not SubmitOrder:
        stop = _exit(entry, OrderType.STOP, stop_price=positive("stop_loss", stop, InvalidOrder))
    return SubmitGroup(Contingency.BRACKET, (entry, target, stop))


def _exit(
    entry: SubmitOrder, kind: OrderType, *, price: Decimal | None = None, stop_price: Decimal | None = None
) -> SubmitOrder:
    side = Side.SELL if entry.side is Side.BUY else Side.BUY
    return SubmitOrder(entry.symbol, side, kind, entry.quantity, price=price, stop_price=stop_price, tag=entry.tag)


def oco_of(orders: tuple[SubmitOrder, ...], partial: object) -> SubmitGroup:
    """Tie orders of which an execution cancels the others, or takes as much from them.

    Raises:
        InvalidOrder: for orders that can make no such group.
    """
    if type(partial) is not str or partial not in {"cancel", "reduce"}:
        raise InvalidOrder.of("partial", partial, "must be one of cancel, reduce")
    return SubmitGroup(Contingency.OCO if partial == "cancel" else Contingency.OUO, orders)


def oto_of(first: SubmitOrder, then: tuple[SubmitOrder, ...]) -> SubmitGroup:
    """Tie orders to a first one, with whose complete fill they are sent.

    Raises:
        InvalidOrder: for orders that can make no such group.
    """
    _must_be_order("first", first)
    return SubmitGroup(Contingency.OTO, (first, *then))


def _must_be_order(field: str, value: object) -> None:
    if type(value) is not SubmitOrder:
        raise InvalidOrder.of(field, value, "must be a SubmitOrder")


def stamped(group: SubmitGroup, next_id: Callable[[], str], now_ns: int, source: str) -> SubmitGroup:
    """Return a group with ids where it has none, and with its time and source in every order.

    Where the first order has an id, those that are missing are made of it, so that the same orders asked for again are
    the same group. Of an id that leaves no room for that, none is made.
    """
    first = group.orders[0].order_id
    group_id = group.group_id or first or next_id()
    orders = tuple(
        changed(order, order_id=order.order_id or _made_of(first, at) or next_id(), time_ns=now_ns, source=source)
        for at, order in enumerate(group.orders, start=1)
    )
    return changed(group, group_id=group_id, orders=orders, time_ns=now_ns, source=source)


def _made_of(first: str | None, at: int) -> str | None:
    made = f"{first}/{at}"
    return made if first is not None and is_identifier(made) else None


def ids_of(group: SubmitGroup) -> GroupIds:
    """Return the ids of a group that has been stamped."""
    assert group.group_id is not None, "given when it was stamped"
    return GroupIds(group.group_id, tuple(order.order_id or "" for order in group.orders))


def bracket_ids(ids: GroupIds) -> BracketIds:
    """Return the ids of a bracket by their names."""
    return BracketIds(ids.group_id, *ids.orders)
