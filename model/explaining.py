"""How an explanation is made of what is kept of an order, of the others of its group, and of the trading state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from . import events as e
from .account_events import TradingStateChanged
from .explanation import Explanation, Happening, Relative
from .judgement import Checked
from .kinds import Contingency, OrderState, Reason, Role, TradingState
from .order import Order
from .stories import Story
from .telling import done, role_of, so_far, told

_MOVES: Final = (
    e.OrderFilled
    | e.FillBusted
    | e.FillCorrected
    | e.OrderDenied
    | e.OrderRejected
    | e.OrderCancelled
    | e.OrderExpired
    | e.OrderModified
)
"""What happens to one order of a group and moves the others."""

_LATER: Final = frozenset({Role.THEN, Role.PROFIT_TARGET, Role.STOP_LOSS})
"""Those that leave when another order of the group has filled."""


def explain(
    order_id: str, story: Story, others: Mapping[str, Story], states: tuple[e.OrderUpdate, ...] = ()
) -> Explanation:
    """Tell an order's story.

    Args:
        order_id: whose.
        story: what is kept of it.
        others: the same of the other orders of its group, by id.
        states: changes of the trading state, oldest first.
    """
    updates = story.updates
    order = next((update.order for update in reversed(updates) if update.order is not None), None)
    touching = tuple(_touching(updates, order, states))
    causes = _causes(order_id, story, others, touching)
    effects = _effects(order_id, story, others)
    begun = updates[0].event.time_ns
    happenings = tuple(
        _happening(update, begun, causes.get(update.sequence, ""), tuple(effects.get(update.sequence, ())))
        for update in sorted((*updates, *touching), key=_sequence)
    )
    checks, unchecked = _checks(updates[0], order)
    link = None if order is None else order.link
    return Explanation(
        order_id=order_id,
        order=order,
        summary=_summary(order, updates, causes),
        checks=checks,
        unchecked=unchecked,
        happenings=happenings,
        group_id=None if link is None else link.group_id,
        relatives=tuple(_relatives(others)),
        left_out=story.left_out,
    )


def _sequence(update: e.OrderUpdate) -> int:
    return update.sequence


def _relatives(others: Mapping[str, Story]) -> Iterator[Relative]:
    for order_id, story in others.items():
        order = next((update.order for update in reversed(story.updates) if update.order is not None), None)
        if order is not None and order.link is not None:
            yield Relative(order_id=order_id, role=role_of(order.link), state=order.state)


def _checks(first: e.OrderUpdate, order: Order | None) -> tuple[tuple[Checked, ...], str]:
    event = first.event
    if not isinstance(event, e.OrderCreated):
        return (), "none, as it never was an order"
    checks = event.judgement.each()
    if checks:
        return checks, ""
    if event.unasked:
        return (), "none, as nobody submitted it; the order manager sent it by itself"
    if order is not None and order.state is OrderState.REJECTED and order.submitted_ns is None:
        return (), "none, as it was refused before any limit was looked at"
    return (), "none, as no limit applied to it"


# -- causes


def _touching(
    updates: tuple[e.OrderUpdate, ...], order: Order | None, states: tuple[e.OrderUpdate, ...]
) -> Iterator[e.OrderUpdate]:
    """Return the trading states in force when it began, unless they allowed everything, and changes until its end."""
    first, last = updates[0].sequence, updates[-1].sequence
    live = order is not None and not order.is_closed
    before: dict[str, e.OrderUpdate] = {}
    for update in states:
        event = update.event
        if not isinstance(event, TradingStateChanged) or (
            event.strategy_id and (order is None or event.strategy_id != order.strategy_id)
        ):
            continue
        if update.sequence < first:
            before[event.strategy_id] = update
        elif live or update.sequence < last:
            before.pop(event.strategy_id, None)
            yield update
    # Yielded last: the caller puts them in order.
    for update in before.values():
        if isinstance(update.event, TradingStateChanged) and update.event.state is not TradingState.ACTIVE:
            yield update


def _causes(
    order_id: str, story: Story, others: Mapping[str, Story], touching: tuple[e.OrderUpdate, ...]
) -> dict[int, str]:
    """Return, by sequence number, what has led to an event of the order."""
    causes: dict[int, str] = {}
    group = {order_id: story, **others}
    for update in story.updates:
        if _is_contingent(update):
            cause = _cause(update, group)
            if cause is not None:
                causes[update.sequence] = f"{cause.event.order_id} was {done(cause.event)} (#{cause.sequence})"
        elif _reason(update.event) is Reason.TRIPPED:
            before = [state for state in touching if state.sequence < update.sequence]
            if before:
                state = max(before, key=_sequence)
                causes[update.sequence] = f"{told(state)} (#{state.sequence})"
    return causes


def _effects(order_id: str, story: Story, others: Mapping[str, Story]) -> dict[int, list[str]]:
    """Return, by sequence number, what the order's events have led to in other orders."""
    effects: dict[int, list[str]] = {}
    group = {order_id: story, **others}
    for other_id, other in others.items():
        for update in filter(_is_contingent, other.updates):
            cause = _cause(update, group)
            if cause is not None and cause.event.order_id == order_id:
                text = f"{other_id}: {told(update)} (#{update.sequence})"
                effects.setdefault(cause.sequence, []).append(text)
    return effects


def _is_contingent(update: e.OrderUpdate) -> bool:
    """Whether another order of the group has led to it."""
    if _reason(update.event) is Reason.CONTINGENT:
        return True
    link = None if update.order is None else update.order.link
    return isinstance(update.event, e.OrderSubmitted) and link is not None and link.role in _LATER


def _reason(event: e.Event) -> Reason | None:
    if isinstance(event, e.CancelRequested | e.ModifyRequested | e.OrderModified | e.OrderCancelled):
        return event.reason
    return None


def _cause(update: e.OrderUpdate, group: Mapping[str, Story]) -> e.OrderUpdate | None:
    """Return the latest thing that happened to another order of the group before, and not because of others itself."""
    before = (
        found
        for order_id, story in group.items()
        if order_id != update.event.order_id
        for found in story.updates
        if found.sequence < update.sequence and isinstance(found.event, _MOVES) and not _is_contingent(found)
    )
    return max(before, key=_sequence, default=None)


def _happening(update: e.OrderUpdate, begun: int, cause: str, effects: tuple[str, ...]) -> Happening:
    event = update.event
    judged = event.judgement.each() if isinstance(event, e.ModifyRequested | e.CommandRefused) else ()
    return Happening(
        sequence=update.sequence,
        time_ns=event.time_ns,
        after_ns=event.time_ns - begun,
        source=event.source,
        event=type(event).__name__,
        text=told(update),
        cause=cause,
        effects=effects,
        checks=judged,
        state=None if update.order is None else update.order.state,
    )


def _summary(order: Order | None, updates: tuple[e.OrderUpdate, ...], causes: Mapping[int, str]) -> str:
    if order is None:
        return f"It never was an order: {told(updates[-1])}."
    filled = f"; {so_far(order)}" if order.filled_quantity else ""
    doubt = "; it is in doubt whether the venue has executed more" if order.in_doubt else ""
    late = "; an execution came after its end" if order.late_fill else ""
    return f"{_end(order, updates, causes)}{filled}{late}{doubt}."


def _end(order: Order, updates: Iterable[e.OrderUpdate], causes: Mapping[int, str]) -> str:
    why = "" if order.reason is None else order.reason.value
    why += f": {order.reason_text}" if order.reason_text else ""
    match order.state:
        case OrderState.FILLED:
            return "It was filled completely"
        case OrderState.REJECTED if order.submitted_ns is None:
            return f"It was refused before it left, {why}"
        case OrderState.REJECTED:
            return f"It was refused by the venue, {why}"
        case OrderState.EXPIRED:
            return f"It expired, {why}"
        case OrderState.CANCELLED:
            said = "It was cancelled as requested" if order.reason is Reason.REQUESTED else f"It was cancelled, {why}"
            because = [causes[update.sequence] for update in updates if update.sequence in causes]
            led = order.reason is not Reason.REQUESTED and because
            return f"{said}, because {because[-1]}" if led else said
        case OrderState.PENDING if order.link is not None and order.link.role in _LATER:
            waits = "the fill of its entry" if order.link.contingency is Contingency.BRACKET else "the order before it"
            return f"It waits here for {waits}"
        case _:
            return f"It is {order.state.value}"
