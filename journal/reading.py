"""The stream of a journal, read again: the very updates that were published when it was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from ..model.account_events import CashMoved, LimitsChanged, TradingStateChanged
from ..model.errors import IllegalTransition, InvalidValue, JournalCorrupt
from ..model.events import CommandRefused, Event, OrderUpdate
from ..model.lifecycle import apply
from ..model.order import Order
from .store import JournalStore, Row

Decode = Callable[[Row], Event]

OF_NO_ORDER: Final = (CommandRefused, CashMoved, LimitsChanged, TradingStateChanged)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TIME: Final = re.compile(r"([0-9-]{10}(?:[T ][0-9:]{5,8})?)(?:(?<=:[0-9]{2})[.]([0-9]{1,9}))?(Z|[+]00:00)?", re.ASCII)
_DIGITS: Final = 18


@attrs.frozen
class Until:
    """How far to read: to a row, or to the last row before the first that is of a later time.

    Attributes:
        sequence: of the last row that is wanted; None for no such bound.
        time_ns: nanoseconds since the epoch, UTC; None for no such bound.
    """

    sequence: int | None = None
    time_ns: int | None = None

    @classmethod
    def of(cls, field: str, text: str) -> Until:
        """Read a sequence number, or a time in ISO 8601, which is UTC: 2024-08-08, or 2024-08-08T23:54:01.5Z.

        Raises:
            InvalidValue: naming the field, for anything else.
        """
        if text.isascii() and text.isdigit() and len(text) <= _DIGITS:
            return cls(sequence=int(text))
        found = _TIME.fullmatch(text)
        if found is not None:
            try:
                moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
            except ValueError:
                found = None
            else:
                micros = (moment - _EPOCH) // _MICROSECOND
                return cls(time_ns=micros * 1_000 + int((found[2] or "").ljust(9, "0")))
        rule = "must be the number of a row, or a time in UTC such as 2024-08-08T23:54:01"
        raise InvalidValue.of(field, text, rule)

    def has_passed(self, update: OrderUpdate) -> bool:
        """Say whether an update lies beyond."""
        return (self.sequence is not None and update.sequence > self.sequence) or (
            self.time_ns is not None and update.event.time_ns > self.time_ns
        )


EVERYTHING: Final = Until()


class Orders:
    """Every order by its id as the rows so far have left it, in the order of first appearance.

    Args:
        path: of the journal, for errors.
    """

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.sequence = 0
        self.by_id: dict[str, Order] = {}

    def take(self, sequence: int, event: Event) -> OrderUpdate:
        """Fold the event of the next row, and return the update that it was published as.

        Raises:
            JournalCorrupt: for a row that does not follow the one before, or an event that the order's life forbids.
        """
        if sequence != self.sequence + 1:
            raise JournalCorrupt(self.path, sequence, f"follows row {self.sequence}")
        order = None
        if not isinstance(event, OF_NO_ORDER):
            before = self.by_id.get(event.order_id)
            try:
                order = apply(before, event)
            except IllegalTransition as error:
                raise JournalCorrupt(self.path, sequence, f"tells what cannot have happened: {error}") from error
            self.by_id[event.order_id] = order
        self.sequence = sequence
        return OrderUpdate(sequence, event, order)


def updates(
    rows: Iterable[Row], decode: Decode, orders: Orders | None = None, until: Until = EVERYTHING
) -> Iterator[OrderUpdate]:
    """Read rows as the updates that were published.

    Args:
        rows: in order, from the one that follows what orders has folded.
        decode: gives the event of a row, such as Codec.decode.
        orders: as the rows before have left them, which it goes on folding; none unless given.
        until: where to end.

    Raises:
        JournalCorrupt: for the first row that is not what was written, or cannot follow those before it.
    """
    orders = Orders() if orders is None else orders
    for row in rows:
        event = decode(row)
        if until.has_passed(OrderUpdate(row.sequence, event, None)):
            return
        yield orders.take(row.sequence, event)


def rows_of(store: JournalStore, first: int = 1, until: Until = EVERYTHING) -> Iterator[Row]:
    """Read a journal's rows, no further than is wanted; a time is not looked at, since rows have to be decoded."""
    last = store.head.sequence if until.sequence is None else min(until.sequence, store.head.sequence)
    return store.read(first, last) if first <= last else iter(())
