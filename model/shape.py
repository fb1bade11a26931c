"""Which orders can make a group, and what each of them is in it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from .errors import InvalidOrder
from .kinds import STOPS, Contingency, OrderType, Role, Side, TimeInForce
from .numbers import plain

if TYPE_CHECKING:
    from .commands import SubmitOrder

_BRACKET: Final = (Role.ENTRY, Role.PROFIT_TARGET, Role.STOP_LOSS)
_FEWEST: Final = 2
_AT_ONCE: Final = frozenset({TimeInForce.IOC, TimeInForce.FOK})


def roles_in(contingency: Contingency, count: int) -> tuple[Role, ...]:
    """Return what each of so many orders is."""
    if contingency is Contingency.BRACKET:
        return _BRACKET
    if contingency is Contingency.OTO:
        return (Role.FIRST, *(Role.THEN for _ in range(count - 1)))
    return tuple(Role.LEG for _ in range(count))


def refuse_misshapen(contingency: Contingency, orders: tuple[SubmitOrder, ...]) -> None:
    """Refuse orders that can never make such a group.

    Raises:
        InvalidOrder: naming the order, its value and the rule.
    """
    kind = contingency.value
    if contingency is Contingency.BRACKET and len(orders) != len(_BRACKET):
        raise InvalidOrder.of("orders", len(orders), "must be three of a BRACKET: entry, profit target and stop loss")
    if len(orders) < _FEWEST:
        raise InvalidOrder.of("orders", len(orders), f"must be at least two of a group {kind}")
    ids = [order.order_id for order in orders if order.order_id is not None]
    repeated = next((order_id for at, order_id in enumerate(ids) if order_id in ids[:at]), None)
    if repeated is not None:
        raise InvalidOrder.of("order_id", repeated, "must be another for each order of a group")
    if contingency is Contingency.BRACKET:
        _refuse_bracket(*orders)
    elif contingency is not Contingency.OTO:
        other = next((order.symbol for order in orders if order.symbol != orders[0].symbol), None)
        if other is not None:
            raise InvalidOrder.of("symbol", other, f"must be {orders[0].symbol}, as the first's of a group {kind}")


def _refuse_bracket(entry: SubmitOrder, target: SubmitOrder, stop: SubmitOrder) -> None:
    if target.order_type is not OrderType.LIMIT:
        raise InvalidOrder.of("profit_target", target.order_type.value, "must be a LIMIT order")
    if target.time_in_force in _AT_ONCE:
        # It would end in the moment it is sent, and the position would have no target.
        raise InvalidOrder.of("profit_target", target.time_in_force.value, "must be GTC, GTD or DAY, since it waits")
    if stop.order_type not in STOPS:
        raise InvalidOrder.of("stop_loss", stop.order_type.value, "must be a STOP, STOP_LIMIT or TRAILING_STOP order")
    for leg in (target, stop):
        if leg.symbol != entry.symbol:
            raise InvalidOrder.of("symbol", leg.symbol, f"must be {entry.symbol} in every order of the bracket")
        if leg.side is entry.side:
            raise InvalidOrder.of("side", leg.side.value, "must be opposite to the entry's in both exits")
        if leg.quantity != entry.quantity:
            raise InvalidOrder.of("quantity", leg.quantity, "must be the entry's in both exits, which follow it")
    _refuse_crossed(entry.side, target.price, stop.stop_price)
    _refuse_reached(entry, target, stop)


def _refuse_crossed(side: Side, target: Decimal | None, stop: Decimal | None) -> None:
    """Refuse a profit target on the stop's side: the market would have reached one of them from the beginning."""
    if target is None or stop is None:
        return
    if side is Side.BUY and target <= stop:
        raise InvalidOrder.of("profit_target", target, f"must be above the stop loss at {stop}")
    if side is Side.SELL and target >= stop:
        raise InvalidOrder.of("profit_target", target, f"must be below the stop loss at {stop}")


def _refuse_reached(entry: SubmitOrder, target: SubmitOrder, stop: SubmitOrder) -> None:
    """Refuse an exit that the market has reached whenever the entry fills: a limit fills at it or better."""
    buys = entry.side is Side.BUY
    limit, trigger, wall = entry.price, entry.stop_price, stop.stop_price
    if limit is not None and wall is not None and (wall >= limit if buys else wall <= limit):
        rule = f"must be {'below' if buys else 'above'} the entry's price {plain(limit)}"
        raise InvalidOrder.of("stop_loss", wall, rule)
    if trigger is None or target.price is None:
        return
    if target.price <= trigger if buys else target.price >= trigger:
        rule = f"must be {'above' if buys else 'below'} the entry's stop price {plain(trigger)}"
        raise InvalidOrder.of("profit_target", target.price, rule)
