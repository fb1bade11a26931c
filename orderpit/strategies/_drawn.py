"""Orders and changes drawn at random, of every kind: what the traders of floods, ordeals and storms ask for."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any, Final

import attrs

from ..model.commands import SubmitOrder
from ..model.kinds import STOPS, OrderType, Side, TimeInForce, TrailingType
from ..model.numbers import add, multiply, subtract
from ..model.order import Order
from ..model.values import changed

SIDES: Final = (Side.BUY, Side.SELL)
_TYPES: Final = (
    *(OrderType.MARKET,) * 3,
    *(OrderType.LIMIT,) * 7,
    *(OrderType.STOP,) * 2,
    *(OrderType.STOP_LIMIT,) * 2,
    OrderType.TRAILING_STOP,
)
_LIMITED: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_STOPPED: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_LASTING: Final = (
    *(TimeInForce.GTC,) * 10,
    *(TimeInForce.GTD,) * 2,
    *(TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK),
)
_AT_ONCE: Final = (*(TimeInForce.GTC,) * 4, TimeInForce.IOC, TimeInForce.FOK)
_RESTING: Final = frozenset({TimeInForce.GTC, TimeInForce.GTD, TimeInForce.DAY})
_INSTRUCTED_ONE_IN: Final = 8
_WRONG_SIDE_ONE_IN: Final = 12
_MILLISECOND: Final = 1_000_000


@attrs.frozen(kw_only=True)
class Reach:
    """How far drawn terms go.

    Attributes:
        tick, lot: the instrument's increments.
        ticks: how far a price may lie from the market.
        lots: the largest quantity.
        lasting_ms: the longest that a GTD order is good for, in milliseconds.
    """

    tick: Decimal
    lot: Decimal
    ticks: int
    lots: int
    lasting_ms: int = 5_000


def drawn_order(chance: random.Random, symbol: str, price: Decimal, reach: Reach, now_ns: int) -> SubmitOrder:
    """Draw an order of any type, time in force and instructions, its prices near the one given.

    No two of its terms contradict each other. Of the stops, about one in twelve has a price that the market has
    reached already.
    """
    kind, side, quantity = chance.choice(_TYPES), chance.choice(SIDES), lots(chance, reach)
    lasts = chance.choice(_AT_ONCE if kind is OrderType.MARKET else _LASTING)
    terms: dict[str, Any] = {"time_in_force": lasts}
    if kind in _LIMITED:
        terms["price"] = near(chance, price, reach)
    if kind in _STOPPED:
        terms["stop_price"] = _beyond(chance, side, price, reach)
    if kind is OrderType.TRAILING_STOP:
        terms |= _trail(chance, price, reach)
    if lasts is TimeInForce.GTD:
        terms["expire_time_ns"] = soon(chance, now_ns, reach)
    if kind in _LIMITED and lasts in _RESTING:
        terms["post_only"] = _now_and_then(chance)
        if _now_and_then(chance):
            terms["display_quantity"] = min(lots(chance, reach), quantity)
    terms["reduce_only"] = _now_and_then(chance)
    return SubmitOrder(symbol, side, kind, quantity, **terms)


def contradictory_order(chance: random.Random, symbol: str, price: Decimal, reach: Reach) -> SubmitOrder:
    """Draw an order that risk refuses, since two of its terms do not go together."""
    side, lot, tick = chance.choice(SIDES), reach.lot, reach.tick
    match chance.randrange(4):
        case 0:
            return SubmitOrder(symbol, side, OrderType.MARKET, lot, time_in_force=TimeInForce.DAY)
        case 1:
            lasts = chance.choice((TimeInForce.IOC, TimeInForce.FOK))
            return SubmitOrder(symbol, side, OrderType.LIMIT, lot, price=price, time_in_force=lasts, post_only=True)
        case 2:
            return SubmitOrder(symbol, side, OrderType.STOP, lot, stop_price=price, display_quantity=lot)
        case _:
            return SubmitOrder(symbol, side, OrderType.TRAILING_STOP, lot, trailing_offset=tick, post_only=True)


def drawn_bracket(
    chance: random.Random, symbol: str, price: Decimal, reach: Reach, now_ns: int
) -> tuple[SubmitOrder, Decimal, Decimal]:
    """Draw an entry, a profit target on one side of the market and of the entry's prices, and a stop on the other."""
    entry = changed(drawn_order(chance, symbol, price, reach, now_ns), reduce_only=False)
    prices = [known for known in (price, entry.price, entry.stop_price) if known is not None]
    above = add(max(prices), _ticks(reach, chance.randint(1, reach.ticks)))
    below = max(subtract(min(prices), _ticks(reach, chance.randint(1, reach.ticks))), reach.tick)
    return (entry, above, below) if entry.side is Side.BUY else (entry, below, above)


def drawn_change(chance: random.Random, order: Order, reach: Reach, now_ns: int) -> dict[str, Any]:
    """Draw one or two new terms of an order, of those that it has: arguments of ModifyOrder."""
    changes: dict[str, Any] = {"quantity": lots(chance, reach)}
    if order.price is not None:
        changes["price"] = near(chance, order.price, reach)
    if order.stop_price is not None and order.order_type in STOPS and not order.triggered:
        changes["stop_price"] = near(chance, order.stop_price, reach)
    if order.time_in_force is TimeInForce.GTD:
        changes["expire_time_ns"] = soon(chance, now_ns, reach)
    names = chance.sample(sorted(changes), k=min(len(changes), chance.choice((1, 1, 2))))
    return {name: changes[name] for name in names}


def near(chance: random.Random, price: Decimal, reach: Reach) -> Decimal:
    """Draw a price within reach of another."""
    return max(add(price, _ticks(reach, chance.randint(-reach.ticks, reach.ticks))), reach.tick)


def lots(chance: random.Random, reach: Reach) -> Decimal:
    """Draw a quantity."""
    return multiply(reach.lot, Decimal(chance.randint(1, reach.lots)))


def soon(chance: random.Random, now_ns: int, reach: Reach) -> int:
    """Draw a time to expire at."""
    return now_ns + chance.randint(1, reach.lasting_ms) * _MILLISECOND


def _beyond(chance: random.Random, side: Side, price: Decimal, reach: Reach) -> Decimal:
    """Draw a stop price: above the market for a buy, below for a sell, now and then the other way round."""
    away = _ticks(reach, chance.randint(1, reach.ticks))
    rises = (side is Side.BUY) is (chance.randrange(_WRONG_SIDE_ONE_IN) > 0)
    return add(price, away) if rises else max(subtract(price, away), reach.tick)


def _trail(chance: random.Random, price: Decimal, reach: Reach) -> dict[str, Any]:
    ticks = chance.randint(1, reach.ticks)
    kind = chance.choice(tuple(TrailingType))
    offset = {
        TrailingType.AMOUNT: _ticks(reach, ticks),
        TrailingType.TICKS: Decimal(ticks),
        TrailingType.PERCENT: multiply(Decimal(ticks), Decimal("0.01")),
    }[kind]
    active = None if chance.randrange(2) else near(chance, price, reach)
    return {"trailing_offset": offset, "trailing_type": kind, "activation_price": active}


def _now_and_then(chance: random.Random) -> bool:
    return not chance.randrange(_INSTRUCTED_ONE_IN)


def _ticks(reach: Reach, count: int) -> Decimal:
    return multiply(reach.tick, Decimal(count))
