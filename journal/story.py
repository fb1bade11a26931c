"""The whole story of one order in a journal: only the rows that are about it and its group are read closely."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..model.account_events import TradingStateChanged
from ..model.errors import IllegalTransition, JournalCorrupt
from ..model.events import OrderCreated, OrderUpdate
from ..model.lifecycle import apply
from ..model.order import Order
from ..model.stories import Story
from .reading import OF_NO_ORDER, Decode
from .store import JournalStore

_STATES = TradingStateChanged.__name__
Told = tuple[Story | None, Mapping[str, Story], tuple[OrderUpdate, ...]]


def story_of(
    store: JournalStore,
    decode: Decode,
    order_id: str,
    path: str = "",
    passed: Callable[[int], object] = lambda _: None,
) -> Told:
    """Return an order's story, None where no row is about it; those of its group; and the trading states.

    Args:
        store: of the rows.
        decode: gives the event of a row.
        order_id: whose.
        path: of the journal, for errors.
        passed: called with each row's number as it is read.

    Raises:
        JournalCorrupt: for a row about it that is not what was written, or cannot follow those before.
    """
    group_id = _group_of(store, decode, order_id)
    # An id has no character that JSON escapes, so a row that does not have its bytes is not about it.
    wanted: set[bytes] = {name.encode() for name in (order_id, group_id) if name}
    orders: dict[str, Order] = {}
    told: dict[str, list[OrderUpdate]] = {}
    states: list[OrderUpdate] = []
    for row in store.read():
        passed(row.sequence)
        if row.kind == _STATES:
            states.append(OrderUpdate(row.sequence, decode(row), None))
            continue
        if not any(part in row.body for part in wanted):
            continue
        event = decode(row)
        name = event.order_id
        if isinstance(event, OrderCreated) and group_id and event.link is not None and event.link.group_id == group_id:
            wanted.add(name.encode())
        elif name != order_id and name not in orders:
            continue
        if isinstance(event, OF_NO_ORDER):
            told.setdefault(name, []).append(OrderUpdate(row.sequence, event, None))
            continue
        try:
            orders[name] = apply(orders.get(name), event)
        except IllegalTransition as error:
            raise JournalCorrupt(path, row.sequence, f"tells what cannot have happened: {error}") from error
        told.setdefault(name, []).append(OrderUpdate(row.sequence, event, orders[name]))
    stories = {name: Story(tuple(updates)) for name, updates in told.items()}
    story = stories.pop(order_id, None)
    return story, stories, tuple(states)


def _group_of(store: JournalStore, decode: Decode, order_id: str) -> str | None:
    wanted = order_id.encode()
    for row in store.read():
        if row.kind == OrderCreated.__name__ and wanted in row.body:
            event = decode(row)
            if isinstance(event, OrderCreated) and event.order_id == order_id:
                return None if event.link is None else event.link.group_id
    return None
