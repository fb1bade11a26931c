"""How a trading system opens its journal: what was recorded before, and where to record what comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import attrs

from ..model.events import AccountEvent, CommandRefused, Event, OrderUpdate
from ..model.lifecycle import apply
from ..model.order import Order
from .store import JournalStore, Row


@attrs.frozen
class Opened:
    """A journal that is open.

    Attributes:
        store: where rows are kept.
        encode: makes the row of an entry.
        recorded: what is in it, oldest first; raises JournalCorrupt at the first row that is not what was written.
    """

    store: JournalStore
    encode: Callable[[int, Event], Row]
    recorded: Iterator[OrderUpdate]


def open_journal(where: str | JournalStore) -> Opened:
    from .codec import decode, encode

    assert not isinstance(where, str)
    return Opened(where, encode, updates(where.read(), decode))


def updates(rows: Iterable[Row], decode: Callable[[Row], Event]) -> Iterator[OrderUpdate]:
    orders: dict[str, Order] = {}
    for row in rows:
        event = decode(row)
        if isinstance(event, CommandRefused | AccountEvent):
            yield OrderUpdate(row.sequence, event, None)
        else:
            order = orders[event.order_id] = apply(orders.get(event.order_id), event)
            yield OrderUpdate(row.sequence, event, order)
