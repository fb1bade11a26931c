"""How what the venue holds is held against what is on record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from .kinds import Side
from .numbers import ZERO, add, negate, plain
from .positions import Held
from .reports import VenuePosition

_CALLED = {None: "", Side.BUY: " long", Side.SELL: " short"}


def differences(told: Iterable[VenuePosition], on_record: Iterable[tuple[str, Held]], *, hedged: bool) -> Iterator[str]:
    """Iterate over what the venue holds and we do not, as a person would be told of it.

    Where positions are hedged the long and the short one are compared each by itself, since both may be wrong by the
    same; netted, where the venue does not say which of the two it tells of.

    Args:
        told: all that the venue holds; what is not among them is zero.
        on_record: what is held of each symbol, by whomever: more than one of a symbol come together.
        hedged: whether a symbol has a long and a short position.
    """
    told = tuple(told)
    netted = {position.symbol for position in told if position.opened_by is None}
    there: dict[tuple[str, Side | None], Decimal] = {}
    for position in told:
        key = position.symbol, position.opened_by if hedged and position.symbol not in netted else None
        there[key] = add(there.get(key, ZERO), position.quantity)
    here: dict[tuple[str, Side | None], Decimal] = {}
    for symbol, held in on_record:
        sides = {Side.BUY: held.long, Side.SELL: negate(held.short)}
        for side, quantity in (sides if hedged and symbol not in netted else {None: held.net}).items():
            here[symbol, side] = add(here.get((symbol, side), ZERO), quantity)
    for key in sorted({*there, *here}, key=lambda one: (one[0], _CALLED[one[1]])):
        theirs, ours = there.get(key, ZERO), here.get(key, ZERO)
        if theirs != ours:
            yield f"{key[0]}{_CALLED[key[1]]}: the venue holds {plain(theirs)}, on record are {plain(ours)}"
