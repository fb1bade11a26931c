"""Any store must keep the laws: ours does, on a disk that loses what was not synced, and faulty ones are caught."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs
import pytest

from orderpit.journal.memory import MemoryStore
from orderpit.journal.sqlite import SqliteStore, open_store
from orderpit.journal.store import Head, JournalStore, Row
from orderpit.model.errors import JournalBroken, JournalFull
from orderpit.testing.journals import LAWS, check_store
from orderpit.testing.journals import conformance as laws
from orderpit.testing.journals.conformance import TERMS
from tests.journal.power import SimulatedDisk, remains

PATH = "/orders.db"


class OnSimulatedDisk:
    """A place on a disk that loses everything that was not synced."""

    def __init__(self, wrap: Callable[[SqliteStore], Any] = lambda store: store) -> None:
        self.disk = SimulatedDisk()
        self.wrap = wrap

    def open(self) -> JournalStore:
        return self.wrap(open_store(PATH, terms=TERMS, disk=self.disk))

    def open_copy(self, path: str) -> JournalStore:
        return open_store(path, terms=b"", disk=self.disk)

    def crash(self) -> None:
        left = remains(self.disk, len(self.disk.log), random.Random(0), keeps=0)
        self.disk.end()
        self.disk = SimulatedDisk(left)

    def fill(self) -> None:
        self.disk.room = 50_000

    def make_room(self) -> None:
        self.disk.room = None

    def fail(self, after: int = 0) -> None:
        left = [after]

        def fails(what: str) -> bool:
            left[0] -= what == "sync"
            return what == "sync" and left[0] < 0

        self.disk.fails = fails

    def attempts(self) -> int:
        return self.disk.failed

    def damage(self, sequence: int) -> None:
        file = self.disk.names[PATH]
        at = file.data.index(f"{sequence} ".encode().ljust(30, b"\xff"))
        file.data[at + 20] ^= 1


@pytest.mark.fault(52, 53, 54, 58, 63)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_store_in_sqlite_keeps_the_law(law: Callable[[Any], None]) -> None:
    place = OnSimulatedDisk()
    law(place)
    place.disk.end()


def test_it_keeps_all_of_them_together() -> None:
    check_store(OnSimulatedDisk)


class InMemory:
    """A place that ends with the process."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.store.begin(TERMS)

    def open(self) -> JournalStore:
        return self.store

    def fill(self) -> None:
        self.store.most = len(self.store.rows)

    def make_room(self) -> None:
        self.store.most = None

    def crash(self) -> None:
        pass


@pytest.mark.parametrize(
    "law",
    [
        laws.appended_rows_are_read_in_order,
        laws.the_head_covers_every_row,
        laws.rows_are_there_after_closing,
        laws.rows_that_do_not_follow_are_refused,
        laws.without_room_nothing_changes,
    ],
    ids=lambda law: law.__name__,
)
def test_the_store_in_memory_keeps_the_laws_that_ask_for_no_disk(law: Callable[[Any], None]) -> None:
    law(InMemory())


class Faulty:
    """A store that is one of ours, but for one law."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store

    @property
    def head(self) -> Head:
        return self.store.head

    @property
    def terms(self) -> bytes:
        return self.store.terms

    def append(self, rows: Sequence[Row]) -> None:
        self.store.append(rows)

    def read(self, first: int = 1, last: int | None = None) -> Iterator[Row]:
        return self.store.read(first, last)

    def backup(self, path: str) -> None:
        self.store.backup(path)

    def close(self) -> None:
        self.store.close()


class AcknowledgesBeforeItIsDurable(Faulty):
    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        store._connection.execute("PRAGMA synchronous = OFF")


class KeepsRowsInMemory(Faulty):
    """Appends the batch before, when the next one comes."""

    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        self.waiting: list[Row] = []

    @property
    def head(self) -> Head:
        return Head(self.waiting[-1].sequence, self.waiting[-1].body) if self.waiting else self.store.head

    def append(self, rows: Sequence[Row]) -> None:
        if rows and rows[0].sequence == self.head.sequence + 1:
            waiting, self.waiting = self.waiting, list(rows)
            self.store.append(waiting)
        else:
            self.store.append(rows)

    def read(self, first: int = 1, last: int | None = None) -> Iterator[Row]:
        yield from self.store.read(first, last)
        yield from (row for row in self.waiting if first <= row.sequence <= (last or row.sequence))

    def close(self) -> None:
        if self.waiting:
            self.store.append(self.waiting)
        self.waiting = []
        self.store.close()


class DropsTheTailWhenItIsOpened(Faulty):
    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        self.dropped = min(store.head.sequence, 1)

    @property
    def head(self) -> Head:
        return attrs.evolve(self.store.head, sequence=self.store.head.sequence - self.dropped)


class Reorders(Faulty):
    def read(self, first: int = 1, last: int | None = None) -> Iterator[Row]:
        found = list(self.store.read(first, last))
        found[-2:] = reversed(found[-2:])
        return iter(found)


class KeepsHalfABatch(Faulty):
    def append(self, rows: Sequence[Row]) -> None:
        half = len(rows) // 2
        self.store.append(rows[:half])
        # The second half meets the failure alone.
        self.store.append(rows[half:])


class KeepsRowByRow(Faulty):
    def append(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self.store.append([row])


class SwallowsFull(Faulty):
    def append(self, rows: Sequence[Row]) -> None:
        try:
            self.store.append(rows)
        except JournalFull:
            return


class TakesFullForBroken(Faulty):
    def append(self, rows: Sequence[Row]) -> None:
        try:
            self.store.append(rows)
        except JournalFull as error:
            raise JournalBroken(error.path, error.cause) from error


class RetriesAfterAFailedSync(Faulty):
    def append(self, rows: Sequence[Row]) -> None:
        try:
            self.store.append(rows)
        except JournalBroken:
            disk: Any = self.store._disk
            self.store = open_store(PATH, terms=b"", disk=disk)
            self.store.append(rows)


class SwallowsAFailedWrite(Faulty):
    def append(self, rows: Sequence[Row]) -> None:
        try:
            self.store.append(rows)
        except JournalBroken:
            return


class IgnoresGaps(Faulty):
    def append(self, rows: Sequence[Row]) -> None:
        start = self.store.head.sequence + 1
        self.store.append([attrs.evolve(row, sequence=number) for number, row in enumerate(rows, start)])


class LeavesOutTheLast(Faulty):
    def read(self, first: int = 1, last: int | None = None) -> Iterator[Row]:
        return self.store.read(first, None if last is None else last - 1)


class ForgetsItsTerms(Faulty):
    terms = b""  # type: ignore[assignment]


class BacksUpNothing(Faulty):
    def backup(self, path: str) -> None:
        disk: Any = self.store._disk
        if disk.exists(f"/{path}"):
            self.store.backup(path)
        open_store(path, terms=TERMS, disk=disk).close()


class HashesNothing(Faulty):
    @property
    def head(self) -> Head:
        return Head(self.store.head.sequence)


class LocksNothing(Faulty):
    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        disk: Any = store._disk
        disk.locked.clear()


BREAKS: dict[type[Faulty], Callable[[Any], None]] = {
    AcknowledgesBeforeItIsDurable: laws.acknowledged_rows_survive_a_crash,
    KeepsRowsInMemory: laws.rows_are_there_after_closing,
    DropsTheTailWhenItIsOpened: laws.rows_are_there_after_closing,
    Reorders: laws.appended_rows_are_read_in_order,
    KeepsHalfABatch: laws.a_batch_is_kept_whole_or_not_at_all,
    KeepsRowByRow: laws.a_batch_is_kept_whole_or_not_at_all,
    SwallowsFull: laws.without_room_nothing_changes,
    TakesFullForBroken: laws.without_room_nothing_changes,
    RetriesAfterAFailedSync: laws.a_failed_write_closes_the_store,
    SwallowsAFailedWrite: laws.a_batch_is_kept_whole_or_not_at_all,
    IgnoresGaps: laws.rows_that_do_not_follow_are_refused,
    LeavesOutTheLast: laws.appended_rows_are_read_in_order,
    ForgetsItsTerms: laws.appended_rows_are_read_in_order,
    BacksUpNothing: laws.a_backup_is_a_journal_of_its_own,
    HashesNothing: laws.the_head_covers_every_row,
    LocksNothing: laws.only_one_has_it_open,
}


@pytest.mark.parametrize("faulty", Faulty.__subclasses__(), ids=lambda one: one.__name__)
def test_a_store_that_breaks_a_law_is_caught_by_it(faulty: type[Faulty]) -> None:
    with pytest.raises(AssertionError, match=f"^{BREAKS[faulty].__name__}: "):
        check_store(lambda: OnSimulatedDisk(faulty))


def test_every_law_is_broken_by_some_store() -> None:
    assert {*BREAKS.values(), laws.a_changed_row_is_found_and_named} == set(LAWS)


def test_a_store_that_trusts_every_row_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteStore, "_linked", lambda _, __, ___, entry: entry[4])
    with pytest.raises(AssertionError, match="a_changed_row_is_found_and_named"):
        check_store(OnSimulatedDisk)
