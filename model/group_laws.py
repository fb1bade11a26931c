"""The laws that the orders of a group must keep at every moment, written without a look at what brings them about."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import attrs

from .gate import Gate
from .group import Group, Leg
from .kinds import Contingency, OrderState, OrderType, Pending, Role
from .numbers import ZERO, add, subtract, total
from .order import Order

_WORKING = "exits working = entry filled and not yet closed"
_NOTHING = "nothing works when nothing is open"
_HELD = "what waits is held for a reason"
_OVER = "nothing more enters when an exit has completed"
_STOP = "what is open has a stop"
_ONE = "one execution ends the others"


@attrs.frozen
class Finding:
    """One thing held against another; they differ where a law is broken."""

    law: str
    subject: str
    found: object
    expected: object


def group_laws(group: Group, gate: Gate) -> Iterator[Finding]:
    """Hold a group as it stands against the laws; gate says what may leave."""
    match group.contingency:
        case Contingency.BRACKET:
            yield from _bracket(group, gate)
        case Contingency.OTO:
            yield from _held_for(group, gate)
        case _:
            yield from _alternatives(group, gate)


def _bracket(group: Group, gate: Gate) -> Iterator[Finding]:
    entrance = group.of(Role.ENTRY)[0]
    entry = entrance.order
    exits = [leg for leg in group.legs if leg.link.role is not Role.ENTRY]
    held = subtract(entry.filled_quantity, total(leg.order.filled_quantity for leg in exits))
    if any(leg.order.is_filled for leg in exits):
        yield Finding(_OVER, entry.order_id, entry.is_closed or _is_ending(entrance), expected=True)
    for leg in exits:
        order = leg.order
        if order.is_closed:
            continue
        if order.state is OrderState.PENDING:
            stuck = held > ZERO and gate.refuse_submit(order.symbol, order.strategy_id) is not None
            waits = held <= ZERO and (entry.in_doubt or not entry.is_closed)
            yield Finding(_HELD, order.order_id, stuck or waits, expected=True)
        elif held <= ZERO:
            yield Finding(_NOTHING, order.order_id, _is_ending(leg), expected=True)
        elif not _is_in_flight(leg) and order.order_type is not OrderType.MARKET:
            yield from _working(leg, held, gate)
    for role in (Role.PROFIT_TARGET, Role.STOP_LOSS):
        live = [leg.order.order_id for leg in exits if leg.link.role is role and not leg.order.is_closed]
        yield Finding("one order at a time is an exit", f"{group.group_id} {role.value}", len(live) <= 1, expected=True)
    if held > ZERO:
        yield Finding(_STOP, group.group_id, _has_stop(group, gate), expected=True)


def _working(leg: Leg, held: Decimal, gate: Gate) -> Iterator[Finding]:
    order = leg.order
    leaves = order.leaves_quantity
    cut = leaves < held and leg.cut_from is not None
    kept = gate.refuse_resize(order.symbol, order.strategy_id, grows=leaves < held) is not None
    # Without a venue to ask, or one that will not cancel what it would not change, it stays as it is.
    refused = leg.cancel_again_ns is not None and leg.refused_quantity == add(order.filled_quantity, held)
    stuck = gate.disconnected is not None or refused
    yield Finding(_WORKING, order.order_id, held if cut or kept or stuck else leaves, held)


def _has_stop(group: Group, gate: Gate) -> bool:
    stops = group.of(Role.STOP_LOSS)
    last = stops[-1]
    if not last.order.is_closed or last.is_withdrawn_by_user:
        return True
    awaited = any(leg.order.in_doubt for leg in stops)
    # Closing at the market has brought nothing: it is tried again at a time that is known.
    in_vain = last.order.order_type is OrderType.MARKET and not last.order.filled_quantity
    return (
        (in_vain and group.retry_at_ns is not None)
        or awaited
        or gate.refuse_submit(last.order.symbol, last.order.strategy_id) is not None
    )


def _held_for(group: Group, gate: Gate) -> Iterator[Finding]:
    first = group.of(Role.FIRST)[0].order
    for leg in group.of(Role.THEN):
        order = leg.order
        if order.state is OrderState.PENDING:
            stuck = first.is_filled and gate.refuse_submit(order.symbol, order.strategy_id) is not None
            waits = not first.is_closed or first.in_doubt
            yield Finding(_HELD, order.order_id, stuck or (waits and not first.is_filled), expected=True)


def _alternatives(group: Group, gate: Gate) -> Iterator[Finding]:
    executed = [order for order in group.orders if order.filled_quantity]
    if not executed:
        return
    done = total(order.filled_quantity for order in executed)
    for leg in group.legs:
        order = leg.order
        if order.is_closed or _is_ending(leg):
            continue
        left = subtract(leg.asked_quantity, done)
        if group.contingency is Contingency.OCO:
            yield Finding(_ONE, order.order_id, order is _first(group, executed), expected=True)
        elif left <= ZERO:
            yield Finding(_NOTHING, order.order_id, "works", "ends")
        elif not _is_in_flight(leg):
            yield from _working(leg, left, gate)


def _first(group: Group, executed: list[Order]) -> Order | None:
    return next((order for order in executed if order.order_id == group.first_executed), None)


def _is_ending(leg: Leg) -> bool:
    # What the venue refuses to cancel is asked for again at a time that is known.
    return leg.order.pending is Pending.CANCEL or leg.ending or leg.cancel_again_ns is not None


def _is_in_flight(leg: Leg) -> bool:
    return leg.order.pending is not Pending.NONE or leg.order.in_doubt or leg.ending
