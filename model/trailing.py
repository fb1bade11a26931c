"""Where a trailing stop stands behind the best price that it has seen."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from .instructions import Instructions
from .kinds import Side, TrailingType
from .numbers import EXACT, ONE, ZERO, add, multiply, ratio, subtract

_PER_CENT: Final = Decimal("0.01")
# A quotient is rounded to 40 places, so this much nearer to the market it is not beyond the true one.
_NEARER: Final = Decimal((0, (1,), -40))


def stop_behind(side: Side, best: Decimal, instructions: Instructions, tick: Decimal) -> Decimal | None:
    """Return the stop price of an order that has seen best as the best price.

    It lies on a tick, never nearer to best than the offset: below it for a sell, above it for a buy. None where a
    sell's would lie below the first tick.
    """
    away = _distance(best, instructions, tick)
    if side is Side.BUY:
        stop = add(best, away)
        short = EXACT.remainder(stop, tick)
        return subtract(add(stop, tick), short) if short else stop
    stop = subtract(best, away)
    return None if stop < tick else subtract(stop, EXACT.remainder(stop, tick))


def moves_at(side: Side, stop: Decimal | None, instructions: Instructions, tick: Decimal) -> Decimal:
    """Return a price that the market must reach before the stop moves by a tick; it may be that it moves a bit later.

    A sell's moves up with the market, a buy's down.
    """
    beyond = add(stop or ZERO, tick) if side is Side.SELL else subtract(stop or ZERO, tick)
    if instructions.trailing_type is not TrailingType.PERCENT:
        away = _distance(beyond, instructions, tick)
        return add(beyond, away) if side is Side.SELL else subtract(beyond, away)
    part = _distance(ONE, instructions, tick)
    if side is Side.SELL:
        return subtract(ratio(beyond, subtract(ONE, part)), _NEARER)
    return add(ratio(beyond, add(ONE, part)), _NEARER)


def dearest_trigger(side: Side, market: Decimal | None, instructions: Instructions, tick: Decimal) -> Decimal | None:
    """Return the dearest price at which a trailing stop may be triggered as things stand; None where nothing is known.

    A buy's is its offset above where it begins to follow, a sell's not above the market.
    """
    begins = instructions.activation_price
    if side is Side.SELL or (market is None and begins is None):
        return begins if market is None else market
    known = [price for price in (market, begins) if price is not None]
    stop = stop_behind(side, min(known), instructions, tick)
    assert stop is not None, "only a sell's may lie too low"
    return stop if market is None else max(stop, market)


def _distance(price: Decimal, instructions: Instructions, tick: Decimal) -> Decimal:
    offset = instructions.trailing_offset
    assert offset is not None, "a trailing stop has an offset"
    match instructions.trailing_type:
        case TrailingType.AMOUNT:
            return offset
        case TrailingType.TICKS:
            return multiply(offset, tick)
        case TrailingType.PERCENT:
            return multiply(multiply(price, offset), _PER_CENT)
