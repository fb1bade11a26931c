"""Which orders bring a position closer to zero, and never beyond, whatever fills."""

from __future__ import annotations

from decimal import Decimal

from .checking import Asked
from .kinds import Reason, Side
from .numbers import ZERO, add, negate, plain, subtract
from .refusal import Refusal


def refuse_reducing_nothing(asked: Asked) -> Refusal | None:
    """Refuse a reduce-only order that leaves nothing to reduce even if all that works for its position fills.

    Risk may hear late of what has filled, but that is of an order which still works for it; so it refuses nothing that
    the venue, which knows, would let pass.
    """
    at = asked.before
    sells = asked.terms.side is Side.SELL
    held = at.position
    to_come = add(at.buys, at.closing_buys) if sells else add(at.sells, at.closing_sells)
    closes = held if sells else negate(held)
    if add(closes, to_come) > ZERO or (at.long if sells else at.short) > ZERO:
        return None
    rule = f"with a position of {plain(held)} and {plain(to_come)} to come, there is nothing for it to reduce"
    return Refusal.of(Reason.REDUCE_ONLY, "quantity", asked.terms.quantity, rule)


def refuse_opening(asked: Asked, *, hedged: bool) -> Refusal | None:
    """Refuse what could open a position, or flip one, once all working orders of its side have filled.

    An order that only closes can do neither by itself; it is refused where there is nothing to close, and where others
    that would fill after it could then go beyond zero. A change of an order that makes it smaller, and changes nothing
    else, always passes.
    """
    was, working, at = asked.was, asked.working, asked.before
    if was is not None and working.leaves <= was.leaves and _same_prices(asked):
        return None
    sells = asked.terms.side is Side.SELL
    held = at.long if sells else at.short
    if asked.share.closes:
        free = held
        if free > ZERO and (hedged or not _widens(asked)):
            return None
    else:
        counted = add(at.sells, at.closing_sells) if sells else add(at.buys, at.closing_buys)
        own = ZERO if was is None else was.leaves
        free = ZERO if hedged else max(subtract(held, subtract(counted, own)), ZERO)
        if not hedged and _wanted(asked) <= free and free > ZERO:
            return None
    rule = f"must be at most the {plain(free)} that bring the position of {plain(at.position)} closer to zero"
    return Refusal.of(Reason.REDUCING, "quantity", asked.terms.quantity, f"trading only reduces: it {rule}")


def _widens(asked: Asked) -> bool:
    """Say whether the position could go beyond zero, or further beyond it, than without the order."""
    if asked.terms.side is Side.SELL:
        return asked.after.low < min(asked.before.low, ZERO)
    return asked.after.high > max(asked.before.high, ZERO)


def _wanted(asked: Asked) -> Decimal:
    """What it would execute; an exit that has not been sent too, for whatever its entry might open."""
    return max(asked.working.leaves, subtract(asked.terms.quantity, asked.working.filled))


def _same_prices(asked: Asked) -> bool:
    assert asked.was is not None, "asked of a change"
    now, then = asked.terms, asked.was.requested
    return (now.price, now.stop_price) == (then.price, then.stop_price)
