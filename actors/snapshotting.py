"""The process that folds a journal's rows and writes what they come to; see journal/spooling.py."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import sys
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final

import attrs
import msgspec

from ..journal.codec import Checks, Codec
from ..journal.memento import Functions, read, written
from ..journal.reading import Orders, updates
from ..journal.recorded import Opened
from ..journal.snapshot import Snapshot, found_at, keep, key_of, place_of
from ..journal.spooling import Beginning, Spool, frames
from ..journal.sqlite import SqliteStore
from ..journal.store import Row
from ..model.events import OrderUpdate
from ..model.reconciler import Reconciler
from .books import Books

_GIVEN: Final = frozenset({f"{Reconciler.__module__}:{Reconciler.__qualname__}._next_id"})
"""Where there are functions in what is folded: that makes ids, each life has its own."""


@attrs.define
class Folded:
    """All that a start folds out of a journal.

    Attributes:
        books: what the built-in actors know.
        orders: every order, for the reader of the rows that follow.
        checks: those that rows have spelled out, by the numbers of these.
        latest_ns: the latest time of an event.
    """

    books: Books
    orders: Orders
    checks: dict[int, Checks] = attrs.field(factory=dict[int, Checks])
    latest_ns: int = 0

    def fold(self, rows: Iterator[Row], codec: Codec, elapsed_ns: int) -> None:
        """Fold the rows that follow. Deadlines of requests without an answer count from elapsed_ns.

        Raises:
            JournalCorrupt: for the first row that is not what was written.
        """
        for number, checks in self.checks.items():
            codec.remember(number, checks)
        self.books.blotter.wait_from(elapsed_ns)
        self.books.recover(self._noting_time(updates(rows, codec.decode, self.orders)), elapsed_ns)
        self.checks = codec.spelled_out()

    def _noting_time(self, recorded: Iterator[OrderUpdate]) -> Iterator[OrderUpdate]:
        for update in recorded:
            self.latest_ns = max(self.latest_ns, update.event.time_ns)
            yield update


def resumed(snapshot: Snapshot, functions: Functions) -> Folded:
    """Return what a snapshot holds."""
    folded: Any = read(snapshot.parts, functions)
    assert type(folded) is Folded, "the key says that this program has written it"
    return folded


def recover(
    opened: Opened, books: Books, elapsed_ns: int, every: int, say: Callable[[str], object]
) -> tuple[Folded, Spool | None]:
    """Fold a journal into books that nothing has happened in, or what follows its snapshot on top of that.

    Args:
        opened: the journal.
        books: under the settings of now.
        elapsed_ns: deadlines of requests without an answer count from here.
        every: so many rows make another snapshot worth while; 0 for none, now or before.
        say: told why no more snapshots are made.

    Returns:
        What it comes to; and what is to be given the rows that follow, for the next snapshot: None where there is no
        file to put one beside.

    Raises:
        JournalCorrupt: for the first row that is not what was written.
    """
    # Of no path: what it is called now makes no other settings.
    folded, last, spool = Folded(books, Orders()), 0, None
    if every and isinstance(opened.store, SqliteStore) and opened.is_file:
        try:
            nothing, functions = written(folded, _GIVEN)
        except TypeError as error:
            say(f"no snapshots are made of the journal, so that the next start takes longer: {error}")
        else:
            key = key_of(nothing)
            found = found_at(place_of(opened.path), key)
            if found is not None and _belongs(found, opened.store):
                with _no_collection():
                    folded, last = resumed(found, functions), found.sequence
            spool = Spool(opened.path, key, nothing, last, say, every)
    folded.orders.path = opened.path
    try:
        with _no_collection():
            folded.fold(_copied(opened.store.read(last + 1), spool), opened.codec, elapsed_ns)
        if spool is not None:
            spool.take((), opened.store.head)
    except BaseException:
        if spool is not None:
            spool.close()
        raise
    return folded, spool


def _belongs(found: Snapshot, store: SqliteStore) -> bool:
    return 0 < found.sequence <= store.head.sequence and store.digest_at(found.sequence) == found.digest


def _copied(rows: Iterator[Row], spool: Spool | None) -> Iterator[Row]:
    for row in rows:
        if spool is not None:
            spool.copy((row,))
        yield row


@contextlib.contextmanager
def _no_collection() -> Generator[None]:
    """Have nothing looked through for what could be freed while nothing is: of millions of objects, again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def main(spool: str) -> None:
    """Fold the rows of a spool on top of the snapshot that is there, and write the next."""
    os.nice(10)
    # Nothing is let go of before the end.
    gc.disable()
    each = frames(spool)
    beginning = msgspec.msgpack.decode(next(each), type=Beginning)
    if beginning.first == 1:
        before = Snapshot(0, b"", beginning.key, beginning.nothing)
    else:
        found = found_at(beginning.place, beginning.key)
        if found is None or found.sequence != beginning.first - 1:
            msg = f"the snapshot of row {beginning.first - 1} is not there"
            raise SystemExit(msg)
        before = found
    folded = resumed(before, {})
    ends: list[tuple[int, bytes]] = []

    def rows() -> Iterator[Row]:
        for frame in each:
            sequence, kind, version, body = msgspec.msgpack.decode(frame, type=tuple[int, str, int, bytes])
            if kind:
                yield Row(sequence, kind, version, body)
            else:
                ends.append((sequence, body))

    folded.fold(rows(), Codec(beginning.place), 0)
    ((sequence, digest),) = ends
    parts = written(folded, _GIVEN)[0]
    if select.select([sys.stdin], [], [], 0)[0]:
        # Nothing is ever said there: whoever asked for it has ended, and the next life may be at work.
        return
    keep(beginning.place, Snapshot(sequence, digest, beginning.key, parts))
