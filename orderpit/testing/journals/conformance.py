"""The laws that every journal's store keeps, each held against a store at a place that can crash, fill up and fail."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import Final, Protocol, TypeAlias

from ...journal.store import Head, JournalStore, Row
from ...model.errors import InvalidJournal, JournalBroken, JournalCorrupt, JournalFull, JournalLocked

TERMS: Final = b"the terms of a journal"


class Place(Protocol):
    """Somewhere a journal can be, of a test's own: a folder, or a disk that is simulated."""

    def open(self) -> JournalStore:
        """Open what is there, or begin one with the terms b"the terms of a journal"."""
        ...

    def open_copy(self, path: str) -> JournalStore:
        """Open what backup(path) has written."""
        ...

    def crash(self) -> None:
        """End the process that has it open, and lose all that was not made durable; open() is called next."""
        ...

    def fill(self) -> None:
        """Leave no room for a hundred kilobytes more."""
        ...

    def make_room(self) -> None:
        """Give room again."""
        ...

    def fail(self, after: int = 0) -> None:
        """Fail every sync, or every write where there are none, after so many more have succeeded, until the crash."""
        ...

    def attempts(self) -> int:
        """Return how many writes and syncs have failed at this place."""
        ...

    def damage(self, sequence: int) -> None:
        """Change the body of a row by one bit, while nothing is open."""
        ...


Make: TypeAlias = Callable[[], Place]
Law: TypeAlias = Callable[[Place], None]


def rows(first: int, last: int, size: int = 30) -> list[Row]:
    """Return rows by their numbers, no two alike."""
    return [
        Row(number, f"Kind{number % 3}", 1 + number % 2, f"{number} ".encode().ljust(size, b"\xff"))
        for number in range(first, last + 1)
    ]


def check_store(make: Make) -> None:
    """Hold a store against all laws, each at a new place.

    Raises:
        AssertionError: for the first law that it breaks, naming it.
    """
    for law in LAWS:
        try:
            law(make())
        except Exception as error:
            # What a store raises against its interface is a broken law as well.
            msg = f"{law.__name__}: {type(error).__name__}: {error}"
            raise AssertionError(msg) from error


def _must(holds: object, what: str) -> None:
    if not holds:
        raise AssertionError(what)


@contextlib.contextmanager
def _raises(kind: type[Exception], what: str) -> Generator[None]:
    try:
        yield
    except kind:
        return
    raise AssertionError(what)


def _holds(store: JournalStore, count: int, size: int = 30) -> None:
    found = list(store.read())
    numbers = [row.sequence for row in found]
    _must(numbers == list(range(1, count + 1)), f"rows 1 to {count} are expected in order, got {numbers}")
    _must(found == rows(1, count, size), "a row is not what was appended")
    _must(store.head.sequence == count, f"the head is {store.head.sequence}, and {count} rows are there")


def appended_rows_are_read_in_order(place: Place) -> None:
    """What has been appended is read, as a whole and in parts."""
    store = place.open()
    _must(store.terms == TERMS, "the terms are not those it was begun with")
    _holds(store, 0)
    store.append(rows(1, 5))
    store.append([])
    store.append(rows(6, 6))
    _holds(store, 6)
    _must(list(store.read(2, 4)) == rows(2, 4), "both ends are included")
    _must(list(store.read(5)) == rows(5, 6), "without a last row, all are read")
    _must(not list(store.read(7)), "there is nothing beyond the head")
    store.close()
    store.close()


def rows_are_there_after_closing(place: Place) -> None:
    """A journal goes on where it ended, and its head is the same."""
    store = place.open()
    store.append(rows(1, 40))
    head = store.head
    store.close()
    again = place.open()
    _must(again.head == head, "the head is another after opening it again")
    _must(again.terms == TERMS, "the terms are others after opening it again")
    again.append(rows(41, 41))
    _holds(again, 41)
    again.close()


def acknowledged_rows_survive_a_crash(place: Place) -> None:
    """When append() has returned, its rows are durable, after each crash again."""
    for last in (1, 8, 9, 30, 90):
        store = place.open()
        before = store.head.sequence
        _must(before == (0, 1, 8, 9, 30)[(1, 8, 9, 30, 90).index(last)], f"rows were lost: {before} are left")
        store.append(rows(before + 1, last))
        place.crash()
    store = place.open()
    _holds(store, 90)
    store.close()


def a_batch_is_kept_whole_or_not_at_all(place: Place) -> None:
    """A batch during which the disk fails is there after the crash as a whole, or not at all."""
    last = 0
    for after in range(6):
        store = place.open()
        _must(store.head.sequence == last, f"rows were lost: {store.head.sequence} of {last} are left")
        place.fail(after)
        acknowledged = False
        with contextlib.suppress(JournalBroken):
            store.append(rows(last + 1, last + 40))
            acknowledged = True
        if not after:
            _must(not acknowledged, "a write failed, and append() said nothing")
        place.crash()
        again = place.open()
        may = {last + 40} if acknowledged else {last, last + 40}
        _must(
            again.head.sequence in may, f"of rows {last + 1} to {last + 40}, those to {again.head.sequence} are there"
        )
        last = again.head.sequence
        _holds(again, last)
        again.close()


def a_failed_write_closes_the_store(place: Place) -> None:
    """After a write that failed nothing is tried again."""
    store = place.open()
    store.append(rows(1, 3))
    place.fail()
    with _raises(JournalBroken, "a write failed, and append() said nothing"):
        store.append(rows(4, 4))
    failed = place.attempts()
    for _ in range(3):
        with _raises(JournalBroken, "a store of which nothing is known took rows"):
            store.append(rows(4, 4))
    _must(place.attempts() == failed, "the disk was asked again after it had failed")
    place.crash()
    again = place.open()
    _must(again.head.sequence in {3, 4}, "rows were lost")
    again.close()


def rows_that_do_not_follow_are_refused(place: Place) -> None:
    """A gap, a repetition and another order are refused, and change nothing."""
    store = place.open()
    store.append(rows(1, 3))
    head = store.head
    for wrong in (rows(5, 5), rows(3, 4), rows(1, 1), [*rows(4, 5), *rows(7, 7)], list(reversed(rows(4, 5)))):
        with _raises(ValueError, f"rows {[row.sequence for row in wrong]} were taken after row 3"):
            store.append(wrong)
    _must(store.head == head, "a refusal has moved the head")
    _holds(store, 3)
    store.close()


def without_room_nothing_changes(place: Place) -> None:
    """A full disk refuses rows; reading goes on, and appending when there is room."""
    store = place.open()
    store.append(rows(1, 3))
    head = store.head
    place.fill()
    for _ in range(2):
        with _raises(JournalFull, "there was no room, and append() said nothing"):
            store.append(rows(4, 203, 1_000))
        _must(store.head == head, "rows were refused, and the head has moved")
        _holds(store, 3)
    place.make_room()
    store.append(rows(4, 50))
    place.crash()
    again = place.open()
    _holds(again, 50)
    again.close()


def only_one_has_it_open(place: Place) -> None:
    """The second is refused at once."""
    store = place.open()
    with _raises(JournalLocked, "it was opened twice"):
        place.open()
    store.append(rows(1, 1))
    store.close()
    place.open().close()


def a_changed_row_is_found_and_named(place: Place) -> None:
    """Nothing is read from a journal of which a row has changed, at the latest from that row on."""
    store = place.open()
    store.append(rows(1, 20))
    store.close()
    place.damage(13)
    try:
        store = place.open()
        found = list(store.read())
    except JournalCorrupt as error:
        _must(error.sequence == 13, f"row 13 was changed, and row {error.sequence} was named")  # noqa: PLR2004
        return
    _must(found == [], "a row was changed, and nobody has noticed")


def a_backup_is_a_journal_of_its_own(place: Place) -> None:
    """A copy has all that was there at its moment, and is written over nothing."""
    store = place.open()
    store.append(rows(1, 10))
    head = store.head
    store.backup("copy")
    store.append(rows(11, 12))
    with _raises(InvalidJournal, "a backup was written over another"):
        store.backup("copy")
    store.close()
    copy = place.open_copy("copy")
    _must(copy.head == head, "the copy has another head")
    _must(copy.terms == TERMS, "the copy has other terms")
    _holds(copy, 10)
    copy.close()


def the_head_covers_every_row(place: Place) -> None:
    """Each row changes the hash, and a refused one does not."""
    store = place.open()
    heads: list[Head] = [store.head]
    for number in range(1, 6):
        store.append(rows(number, number))
        heads.append(store.head)
    _must(len({head.digest for head in heads}) == len(heads), "two heads have one hash")
    _must([head.sequence for head in heads] == list(range(6)), "the head has not moved by one row each time")
    store.close()


LAWS: Final[tuple[Law, ...]] = (
    appended_rows_are_read_in_order,
    the_head_covers_every_row,
    rows_are_there_after_closing,
    acknowledged_rows_survive_a_crash,
    a_batch_is_kept_whole_or_not_at_all,
    a_failed_write_closes_the_store,
    rows_that_do_not_follow_are_refused,
    without_room_nothing_changes,
    only_one_has_it_open,
    a_changed_row_is_found_and_named,
    a_backup_is_a_journal_of_its_own,
)
