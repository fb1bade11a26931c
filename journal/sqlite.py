"""A journal in one SQLite file, with its high-water mark beside it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NoReturn

from ..model.errors import InvalidJournal, JournalBroken, JournalCorrupt, JournalFull
from .chain import beginning, follow, link
from .disk import Disk, RealDisk
from .mark import Mark
from .opening import build, enter, establish, primary, refuse_without_folder, refusing, write_again
from .store import Head, Row

_REAL: Final = RealDisk()
_UNREADABLE: Final = (sqlite3.Error, UnicodeError)
_AT_ONCE: Final = 1_000
_PAGES: Final = 1_000
_BYTES_PER_PAGE: Final = 3_000
_ROWS: Final = "SELECT sequence, kind, version, body, digest FROM rows WHERE sequence BETWEEN ? AND ? ORDER BY sequence"
_ALL: Final = "SELECT sequence, kind, version, body, digest FROM rows ORDER BY sequence"


def open_store(
    path: str, *, terms: Callable[[], bytes] | bytes | None = None, read_only: bool = False, disk: Disk = _REAL
) -> SqliteStore:
    """Open the journal at a path, or begin one where neither it nor its mark is; all of it is checked.

    Args:
        path: of the file; the mark lies beside it, with ".mark" at its end.
        terms: what a new journal is begun with; without them it must be there. Not looked at for one that is.
        read_only: whether it must be there, and nothing of it is changed.
        disk: where it lies.

    Raises:
        InvalidJournal: for a path where no journal can be, or that holds something else, or one of a newer version.
        JournalLocked: while it is open elsewhere.
        JournalCorrupt: for the first row that is not what was written, or is gone.
        JournalBroken: where it could be read but the disk would not take a write.
    """
    with refusing(path):
        found = disk.resolve(path)

        def begin(new: str) -> None:
            assert terms is not None, "nothing is begun without"
            build(disk, new, terms() if callable(terms) else terms, os.urandom(16))

        mark = enter(disk, found, None if terms is None else begin, read_only=read_only)
        try:
            mode = "rw"
            if read_only:
                mode = "ro" if disk.size(found + "-wal") else "immutable"
            else:
                _harden(disk, path, found)
            connection = disk.connect(found, mode)
        except BaseException:
            mark.close()
            raise
    store = SqliteStore(disk, path, found, mark, connection, read_only=read_only)
    try:
        with refusing(path):
            store.check()
    except BaseException:
        store.close()
        raise
    return store


def _harden(disk: Disk, path: str, found: str) -> None:
    try:
        write_again(disk, found + "-wal")
    except OSError as error:
        raise JournalBroken(path, str(error)) from error


class SqliteStore:
    """A JournalStore; see store.py. It may be used on any thread, by one at a time. Made by open_store()."""

    def __init__(
        self, disk: Disk, path: str, found: str, mark: Mark | None, connection: sqlite3.Connection, *, read_only: bool
    ) -> None:
        self._disk = disk
        self._path = path
        self._found = found
        self._mark = mark
        self._connection = connection
        self._read_only = read_only
        self._closed = ""
        self._start = b""
        self._terms = b""
        self._head = Head()
        self._unchecked = 0

    @property
    def path(self) -> str:
        """Where it is."""
        return self._path

    @property
    def head(self) -> Head:
        """The last row that is durable."""
        return self._head

    @property
    def terms(self) -> bytes:
        """What the journal was begun with."""
        return self._terms

    def begin(self, terms: bytes) -> NoReturn:
        """Refuse: it was begun when its file was made, with the terms that open_store() was given.

        Raises:
            InvalidJournal: always.
        """
        del terms
        raise InvalidJournal(self._path, "was begun when it was made")

    def check(self) -> None:
        """Read all of it, hold it against the mark, and make both durable; done once, by open_store()."""
        if not self._read_only:
            # Nobody else may come in between, another program that knows SQLite least of all. In this mode there is no
            # file of shared memory either.
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA wal_autocheckpoint = 0")
            # Where fsync() is satisfied before the disk is.
            self._connection.execute("PRAGMA fullfsync = ON")
            self._connection.execute("PRAGMA checkpoint_fullfsync = ON")
            if self._connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                raise InvalidJournal(self._path, "keeps no write-ahead log, which a journal does")
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("COMMIT")
        self._read_beginning()
        marked = None if self._mark is None else self._mark.read()
        self._head = self._verified(marked)
        if self._mark is not None and marked is None and self._head.sequence:
            raise JournalCorrupt(self._path, 0, "its mark cannot be read, without which a lost tail could not be told")
        if marked is not None and self._head.sequence < marked.sequence:
            gone = self._head.sequence + 1
            raise JournalCorrupt(self._path, gone, f"was durable and is gone: the mark knows {marked.sequence} rows")
        # What is no row can be damaged too, and spoil rows that are yet to be written.
        ((found,),) = self._connection.execute("PRAGMA quick_check(1)").fetchall()
        if found != "ok":
            raise JournalCorrupt(self._path, 0, f"is damaged where no rows are: {found}")
        if not self._read_only:
            self._settle(marked)

    def _read_beginning(self) -> None:
        try:
            ((identity, terms),) = self._connection.execute("SELECT identity, terms FROM journal").fetchall()
            self._start = beginning(identity, terms)
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            if isinstance(error, sqlite3.Error) and primary(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise
            raise JournalCorrupt(self._path, 0, f"what it was begun with cannot be read: {error}") from error
        self._terms = terms

    def _verified(self, marked: Head | None) -> Head:
        """Follow the chain to its end."""
        sequence, digest = 0, self._start
        until = -1 if marked is None else marked.sequence
        if not until:
            self._must_be_marked(marked, sequence, digest)
        entries = self._connection.execute(_ALL)
        try:
            # A million times at each start: nothing is made of a row here.
            for entry in iter(entries.fetchone, None):
                digest = self._linked(digest, sequence + 1, entry)
                sequence += 1
                if sequence == until:
                    self._must_be_marked(marked, sequence, digest)
        except _UNREADABLE as error:
            raise JournalCorrupt(self._path, sequence + 1, f"cannot be read: {error}") from error
        return Head(sequence, digest)

    def _must_be_marked(self, marked: Head | None, sequence: int, digest: bytes) -> None:
        if marked is not None and digest != marked.digest:
            raise JournalCorrupt(self._path, sequence, "is another row than the one that the mark knows")

    def _linked(self, previous: bytes, expected: int, entry: Any) -> bytes:
        """Return the hash of a row, as it is kept, if the row is the one that is expected."""
        sequence, kind, version, body, digest = entry
        if sequence != expected:
            rule = f"is missing: row {sequence} stands in its place"
            raise JournalCorrupt(self._path, expected, rule)
        try:
            found = link(previous, sequence, kind, version, body)
        except (TypeError, AttributeError, UnicodeError, struct.error) as error:
            raise JournalCorrupt(self._path, sequence, f"is not what was written: {error}") from error
        if found != digest:
            raise JournalCorrupt(self._path, sequence, "is not what was written, or does not follow the row before it")
        return found

    def _settle(self, marked: Head | None) -> None:
        """Make durable what was found, and then let the mark know it, in both of its slots."""
        assert self._mark is not None
        try:
            # What was read may never have reached the disk itself: the process that wrote it was killed before.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            if marked is None:
                # The names first: a mark that says something of a journal whose name has been lost is never opened.
                self._disk.sync_folder(self._found)
                self._mark.begin(self._head)
            else:
                self._mark.write(self._head)
                self._mark.write(self._head)
        except (OSError, sqlite3.Error) as error:
            self._break(error)

    def append(self, rows: Sequence[Row]) -> None:
        """Make rows durable; see JournalStore."""
        self._writable()
        sequence, digest = self._head.sequence, self._head.digest
        entries: list[tuple[int, str, int, bytes, bytes]] = []
        size = 0
        for row in rows:
            sequence += 1
            if row.sequence != sequence:
                msg = f"row {row.sequence} does not follow row {sequence - 1}"
                raise ValueError(msg)
            digest = follow(digest, row)
            entries.append((sequence, row.kind, row.version, row.body, digest))
            size += len(row.body)
        if not entries:
            return

        def write() -> None:
            self._connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?)", entries)

        self._commit(write)
        head = Head(sequence, digest)
        assert self._mark is not None
        try:
            self._mark.write(head)
        except OSError as error:
            self._break(error)
        self._head = head
        self._relieve(size)

    def _commit(self, write: Callable[[], object]) -> None:
        """Write within one transaction, all or nothing."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            write()
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if primary(error) != sqlite3.SQLITE_FULL:
                self._break(error)
            self._roll_back()
            raise JournalFull(self._path, str(error)) from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        if not self._connection.in_transaction:
            return
        try:
            self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            self._break(error)

    def _relieve(self, size: int) -> None:
        """Carry the log over into the file now and then, before it grows without end."""
        self._unchecked += 2 + size // _BYTES_PER_PAGE
        if self._unchecked < _PAGES:
            return
        self._unchecked = 0
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            # Without room in the file the log stays as it is; what was appended is durable there.
            if primary(error) != sqlite3.SQLITE_FULL:
                self._break(error)

    def _break(self, error: Exception) -> NoReturn:
        """Close for good: of a write that has failed nothing is known, and trying again proves nothing."""
        self._close(f"a write has failed: {error}")
        raise JournalBroken(self._path, str(error)) from error

    def _readable(self) -> None:
        if self._closed:
            raise JournalBroken(self._path, self._closed)

    def _writable(self) -> None:
        self._readable()
        if self._read_only:
            raise InvalidJournal(self._path, "was opened for reading only")

    def read(self, first: int = 1, last: int | None = None) -> Iterator[Row]:
        """Iterate over rows by their numbers, both included; see JournalStore."""
        self._readable()
        return self._each(max(first, 1), self._head.sequence if last is None else min(last, self._head.sequence))

    def _each(self, first: int, last: int) -> Iterator[Row]:
        if first > last:
            return
        digest = self.digest_at(first - 1)
        while first <= last:
            self._readable()
            until = min(first + _AT_ONCE - 1, last)
            # Page by page, so that nothing is half read when the next row is appended.
            try:
                entries = self._connection.execute(_ROWS, (first, until)).fetchall()
            except _UNREADABLE as error:
                raise JournalCorrupt(self._path, first, f"cannot be read: {error}") from error
            for entry in entries:
                digest = self._linked(digest, first, entry)
                yield Row(*entry[:4])
                first += 1
            if first <= until:
                raise JournalCorrupt(self._path, first, "was durable and is gone")

    def digest_at(self, sequence: int) -> bytes:
        """Return the hash of the chain up to a row, as it is kept."""
        if not sequence:
            return self._start
        try:
            found = self._connection.execute("SELECT digest FROM rows WHERE sequence = ?", (sequence,)).fetchone()
        except _UNREADABLE as error:
            raise JournalCorrupt(self._path, sequence, f"cannot be read: {error}") from error
        if found is None or type(found[0]) is not bytes:
            raise JournalCorrupt(self._path, sequence, "was durable and is gone")
        return found[0]

    def backup(self, path: str) -> None:
        """Write a whole copy, checked row by row, to a path where nothing is; see JournalStore.

        Raises:
            InvalidJournal: where there is something, or a copy cannot be written. Nothing is left there then.
            JournalCorrupt: for the first row that is not what was written.
            JournalBroken: when it has been closed.
        """
        self._readable()
        with refusing(path, "written"):
            to = self._disk.resolve(path)
            refuse_without_folder(self._disk, to)
            if self._disk.exists(to + ".mark"):
                raise InvalidJournal(path, "its mark is there already, and nothing is written over it")
            mark = establish(self._disk, to, self._copy)
            try:
                mark.begin(self._head)
                self._disk.sync_folder(to)
            except BaseException:
                # Without its mark it could not be opened, and would stand in the way of the next.
                with contextlib.suppress(OSError):
                    self._disk.remove(to)
                    self._disk.remove(to + ".mark")
                raise
            finally:
                mark.close()

    def _copy(self, new: str) -> None:
        with contextlib.closing(self._disk.connect(new, "rw")) as target:
            self._connection.backup(target)
        with contextlib.closing(self._disk.connect(new, "immutable")) as copied:
            store = SqliteStore(self._disk, new, new, None, copied, read_only=True)
            store.check()
            if store.head != self._head:
                raise JournalCorrupt(new, store.head.sequence, "the copy ends in another row than the journal")

    def close(self) -> None:
        """Let go of it. Closing twice does no harm."""
        self._close("it has been closed")

    def _close(self, why: str) -> None:
        if self._closed:
            return
        self._closed = why
        try:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            if self._read_only:
                with contextlib.suppress(OSError):
                    self._disk.remove(self._found + "-shm")
        finally:
            if self._mark is not None:
                self._mark.close()
