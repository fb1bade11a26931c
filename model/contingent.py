"""What a group asks for: a pure function of how its orders stand, and not of what has just happened to them.

So every race, late fill, bust, correction, refusal and expiry comes to the same place. What is asked for is in flight
or done when the function is next called, so it is asked for once; what was refused, or in vain, when its time comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from .alarm import AlarmCode
from .gate import Gate
from .group import EXITS, Group, Leg, has_come
from .kinds import Contingency, OrderState, OrderType, Pending, Role
from .numbers import ZERO, add, negate, plain, subtract, total


@attrs.frozen
class Send:
    """Send a held order, for this quantity."""

    leg: Leg
    quantity: Decimal


@attrs.frozen
class Resize:
    """Change the quantity of a working order."""

    leg: Leg
    quantity: Decimal


@attrs.frozen
class End:
    """Cancel a live order; left is for how much it should work instead."""

    leg: Leg
    left: Decimal = ZERO


@attrs.frozen
class Replace:
    """Send a new order for this quantity in place of one that has ended; at_market: as a MARKET order."""

    leg: Leg
    quantity: Decimal
    at_market: bool


Action: TypeAlias = Send | Resize | End | Replace


@attrs.frozen
class Trouble:
    """What a person must hear of once."""

    code: AlarmCode
    order_id: str
    text: str


def wanted(group: Group, gate: Gate, now_ns: int) -> tuple[Action, ...]:
    """Return what has to be asked for now, as the group's orders stand; each action is on another order."""
    return tuple(action for action in _lacking(group, gate) if _may_be_asked(group, action, now_ns))


def due_ns(group: Group, gate: Gate) -> int | None:
    """Return when the next thing is to be asked for that was refused or in vain; None: there is none."""
    waits = (_again_ns(group, action) for action in _lacking(group, gate))
    return min((due for due in waits if due is not None), default=None)


def _lacking(group: Group, gate: Gate) -> Iterator[Action]:
    """Iterate over what stands between the orders and what they should be, also where it is not to be asked for now."""
    return _LACKING[group.contingency](group, gate)


def _may_be_asked(group: Group, action: Action, now: int) -> bool:
    if isinstance(action, End) and not _may_be_cancelled(action.leg):
        return False
    due = _again_ns(group, action)
    return due is None or has_come(due, now)


def _again_ns(group: Group, action: Action) -> int | None:
    match action:
        case End():
            return action.leg.cancel_again_ns
        case Replace() if action.leg.has_closed_nothing:
            # What has brought something goes on at once; what has brought nothing would be asked for without end.
            return group.retry_at_ns
        case _:
            return None


def _may_be_cancelled(leg: Leg) -> bool:
    """Whether a cancel of it has a point; also of one in doubt."""
    order = leg.order
    return not (order.is_closed or order.pending is Pending.CANCEL or leg.ending)


# -- OCO, OUO, OTO


def _one_cancels_others(group: Group, _gate: Gate) -> Iterator[Action]:
    if group.first_executed is None:
        return
    for leg in group.legs:
        if leg.order.order_id != group.first_executed:
            yield End(leg)


def _one_updates_others(group: Group, gate: Gate) -> Iterator[Action]:
    executed = total(order.filled_quantity for order in group.orders)
    for leg in group.legs:
        left = subtract(leg.asked_quantity, executed)
        if left > ZERO:
            yield from _resized(leg, add(leg.order.filled_quantity, left), gate)
        else:
            yield End(leg)


def _one_triggers_others(group: Group, gate: Gate) -> Iterator[Action]:
    first = group.legs[0].order
    for leg in group.legs[1:]:
        if leg.order.state is not OrderState.PENDING:
            continue
        if first.is_filled:
            if gate.refuse_submit(leg.order.symbol, leg.order.strategy_id) is None:
                yield Send(leg, leg.order.quantity)
        elif first.is_closed and not first.in_doubt:
            yield End(leg)


# -- brackets


def _bracket(group: Group, gate: Gate) -> Iterator[Action]:
    entry, held = group.legs[0], group.open_quantity
    over = is_over(group)
    if over:
        yield End(entry)
    finished = over or (entry.order.is_closed and not entry.order.in_doubt)
    for role in EXITS:
        legs = group.of(role)
        live = [leg for leg in legs if not leg.order.is_closed]
        for leg in live:
            if held > ZERO:
                yield from _worked(leg, held, gate)
            elif finished or leg.order.state is not OrderState.PENDING:
                yield End(leg)
        if legs and not live and held > ZERO:
            yield from _replaced(group, legs, gate)


def is_over(group: Group) -> bool:
    """Whether the trade of a bracket has ended, so that nothing more may enter."""
    exits = [leg for role in EXITS for leg in group.of(role)]
    if any(leg.order.is_filled for leg in exits) or has_failed(group):
        return True
    return group.open_quantity <= ZERO and any(leg.order.filled_quantity for leg in exits)


def has_failed(group: Group) -> bool:
    """Whether a stop has ended without anybody asking for it."""
    return any(leg.ended_by_itself for leg in group.of(Role.STOP_LOSS))


def _worked(leg: Leg, held: Decimal, gate: Gate) -> Iterator[Action]:
    order = leg.order
    if order.state is OrderState.PENDING:
        if gate.refuse_submit(order.symbol, order.strategy_id) is None:
            yield Send(leg, held)
    elif order.order_type is not OrderType.MARKET:
        # What closes at the market is done before it could be changed.
        yield from _resized(leg, add(order.filled_quantity, held), gate)


def _resized(leg: Leg, quantity: Decimal, gate: Gate) -> Iterator[Action]:
    order = leg.order
    if order.is_closed or quantity == order.quantity:
        return
    if leg.refused_quantity == quantity:
        # The venue will not have it so: what remains is to take it away. A bracket sends another in its place.
        yield End(leg, subtract(quantity, order.filled_quantity))
    elif _may_be_resized(leg, quantity, gate):
        yield Resize(leg, quantity)


def _may_be_resized(leg: Leg, quantity: Decimal, gate: Gate) -> bool:
    order = leg.order
    if order.pending is not Pending.NONE or order.in_doubt or leg.ending or leg.cut_from == quantity:
        return False
    refused = gate.refuse_resize(order.symbol, order.strategy_id, grows=quantity > order.quantity)
    return gate.disconnected is None and refused is None


def _replaced(group: Group, legs: tuple[Leg, ...], gate: Gate) -> Iterator[Action]:
    last, held = legs[-1], group.open_quantity
    order = last.order
    if last.is_withdrawn_by_user or any(leg.order.in_doubt for leg in legs):
        return
    if gate.refuse_submit(order.symbol, order.strategy_id) is not None:
        return
    if last.link.role is Role.PROFIT_TARGET:
        if not last.ended_by_itself:
            yield Replace(last, held, at_market=False)
    elif order.order_type is OrderType.MARKET:
        yield Replace(last, held, at_market=True)
    else:
        yield Replace(last, held, at_market=last.ended_by_itself)


_LACKING: Final[Mapping[Contingency, Callable[[Group, Gate], Iterator[Action]]]] = MappingProxyType(
    {
        Contingency.OCO: _one_cancels_others,
        Contingency.OUO: _one_updates_others,
        Contingency.OTO: _one_triggers_others,
        Contingency.BRACKET: _bracket,
    }
)


# -- what a person must hear of


def troubles(group: Group, gate: Gate) -> tuple[Trouble, ...]:
    """Return what is wrong with a group as it stands."""
    return tuple(_troubles(group, gate))


def _troubles(group: Group, gate: Gate) -> Iterator[Trouble]:
    yield from _uncancelled(group, gate)
    if group.contingency is Contingency.BRACKET:
        held = group.open_quantity
        if held < ZERO:
            text = f"group {group.group_id}: the exits have closed {plain(negate(held))} more than the entry has filled"
            yield Trouble(AlarmCode.OVERCLOSED, group.legs[0].order.order_id, text)
        elif held > ZERO:
            yield from _unprotected(group, gate)
    elif group.contingency is not Contingency.OTO:
        yield from _executed_too_much(group)


def _uncancelled(group: Group, gate: Gate) -> Iterator[Trouble]:
    for action in _lacking(group, gate):
        leg = action.leg
        if isinstance(action, End) and leg.is_uncancelled and leg.order.leaves_quantity > action.left:
            why = "works for more than it should, and the venue refuses to cancel it, which is asked for again"
            text = f"group {group.group_id}: order_id {leg.order.order_id}: {why}"
            yield Trouble(AlarmCode.UNCANCELLED, leg.order.order_id, text)


def _unprotected(group: Group, gate: Gate) -> Iterator[Trouble]:
    stops = group.of(Role.STOP_LOSS)
    last = stops[-1]
    order = last.order
    failed = next((leg.order for leg in stops if leg.ended_by_itself), None)
    if last.is_withdrawn_by_user:
        why = "its stop was cancelled on request"
    elif failed is not None:
        # The same for every attempt to come, so that it is told once.
        order = failed
        why = "its stop has failed, and it is to be closed at the market"
        if any(leg.has_closed_nothing for leg in stops):
            why = "its stop has failed, and so has closing it at the market, which is tried again until it is closed"
    elif _is_held_back(last, group.open_quantity, gate):
        why = "no order may leave, nor grow"
    elif (
        last.is_uncancelled
        and order.quantity < add(order.filled_quantity, group.open_quantity) == last.refused_quantity
    ):
        why = "its stop works for less, and the venue refuses to change or to cancel it"
    else:
        return
    text = f"group {group.group_id}: what its entry has filled is not protected: {why}"
    yield Trouble(AlarmCode.UNPROTECTED, order.order_id, text)


def _is_held_back(leg: Leg, held: Decimal, gate: Gate) -> bool:
    order = leg.order
    if order.is_closed or order.state is OrderState.PENDING:
        return gate.refuse_submit(order.symbol, order.strategy_id) is not None
    grows = add(order.filled_quantity, held) > order.quantity
    return (
        grows
        and order.pending is Pending.NONE
        and gate.refuse_resize(order.symbol, order.strategy_id, grows=True) is not None
    )


def _executed_too_much(group: Group) -> Iterator[Trouble]:
    executed = [order for order in group.orders if order.filled_quantity]
    most = max(leg.asked_quantity for leg in group.legs)
    if group.contingency is Contingency.OCO:
        too_much = len(executed) > 1
    else:
        too_much = total(order.filled_quantity for order in executed) > most
    if too_much:
        text = f"group {group.group_id}: {len(executed)} of its orders were executed before they could be held back"
        yield Trouble(AlarmCode.OVERCLOSED, executed[-1].order_id, text)
