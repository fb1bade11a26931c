"""How a journal's files come to be, and what is asked of them before anything is read."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

from ..model.errors import InvalidJournal, JournalCorrupt, JournalError, JournalLocked
from .disk import HEADER, Disk
from .mark import Mark

APPLICATION: Final = 0x6F726470
"""What the header of the file says it belongs to: "ordp"."""

VERSION: Final = 1
"""Of the tables below."""

_MAGIC: Final = b"SQLite format 3\0"
_PIECE: Final = 1 << 20
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_TABLES: Final = """
CREATE TABLE journal (one INTEGER PRIMARY KEY CHECK (one = 1), identity BLOB NOT NULL, terms BLOB NOT NULL) STRICT;
CREATE TABLE rows (
    sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL
) STRICT;
"""


@contextlib.contextmanager
def refusing(path: str, what: str = "opened") -> Generator[None]:
    """Tell what goes wrong with files as what it means for the journal at a path, which was to be opened, say."""
    try:
        yield
    except JournalError:
        raise
    except BlockingIOError as error:
        raise JournalLocked(path, "is open already, and only one may have it open") from error
    except OSError as error:
        raise InvalidJournal(path, f"cannot be {what}: {error.strerror or error}") from error
    except UnicodeError as error:
        # What SQLite says of a damaged schema quotes it.
        raise JournalCorrupt(path, 0, f"cannot be read: {error}") from error
    except sqlite3.Error as error:
        if primary(error) in _BUSY:
            raise JournalLocked(path, "is open in another program") from error
        if primary(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR}:
            raise JournalCorrupt(path, 0, f"cannot be read: {error}") from error
        raise InvalidJournal(path, f"cannot be {what}: {error}") from error


def primary(error: sqlite3.Error) -> int:
    """Return SQLite's code of an error, without what it says beyond."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def enter(disk: Disk, path: str, build: Callable[[str], None] | None, *, read_only: bool) -> Mark:
    """Take the lock of the journal at a path, having made it where nothing is; and look at what is there.

    Args:
        disk: where it is.
        path: of the file, with no links in it.
        build: makes the database at a path where an empty file is; None where it must be there.
        read_only: whether it must be there, and stays as it is.
    """
    refuse_without_folder(disk, path)
    there, marked = disk.exists(path), disk.exists(path + ".mark")
    if not there and (read_only or build is None or (marked and disk.size(path + ".mark"))):
        rule = "is not there, though its mark is: it has been moved or deleted" if marked else "is not there"
        raise InvalidJournal(path, rule)
    if not there and build is not None:
        return establish(disk, path, build)
    if not marked:
        _look_at(disk, path, write=not read_only)
        raise JournalCorrupt(path, 0, "its mark is not there, without which a lost tail could not be told")
    mark = _locked(disk, path, read_only=read_only)
    try:
        # Not before: closing the file would take from a connection of this process the locks that SQLite has on it.
        _look_at(disk, path, write=not read_only)
    except BaseException:
        mark.close()
        raise
    return mark


def establish(disk: Disk, path: str, build: Callable[[str], None]) -> Mark:
    """Make a journal where nothing is, so that there is either all of it or nothing; return its mark, still empty.

    Raises:
        InvalidJournal: where there is anything.
    """
    _refuse_what_is_there(disk, path)
    mark = _locked(disk, path, read_only=False)
    new = path + ".new"
    try:
        _refuse_what_is_there(disk, path)
        _clear(disk, new)
        disk.close(disk.create(new))
        build(new)
        handle = disk.open(new, write=True)
        try:
            disk.sync(handle)
        finally:
            disk.close(handle)
        disk.link(new, path)
        disk.remove(new)
        disk.sync_folder(path)
    except BaseException:
        with contextlib.suppress(OSError):
            _clear(disk, new)
        # An empty mark means that the beginning was interrupted; it goes before the lock does.
        if not disk.exists(path) and mark.is_empty():
            disk.remove(path + ".mark")
        mark.close()
        raise
    return mark


def refuse_without_folder(disk: Disk, path: str) -> None:
    """Raise InvalidJournal for a path in a folder that is not there."""
    if not disk.exists(str(Path(path).parent)):
        raise InvalidJournal(path, "its folder is not there")


def _refuse_what_is_there(disk: Disk, path: str) -> None:
    """Refuse to write over anything; a log that another database has left would be taken for one of ours."""
    for name in (path, path + "-wal", path + "-journal"):
        if disk.exists(name):
            raise InvalidJournal(name, "is there already, and nothing is written over it")


def write_again(disk: Disk, path: str) -> None:
    """Write what a file holds once more, and sync it.

    Once a sync has failed, systems take for clean what never reached the disk: it can be read, and another sync says
    that all is well. The log must be durable before SQLite carries it over into the file.
    """
    size = disk.size(path)
    if not size:
        return
    handle = disk.open(path, write=True)
    try:
        for at in range(0, size, _PIECE):
            disk.write(handle, disk.read(handle, min(_PIECE, size - at), at), at)
        disk.sync(handle)
    finally:
        disk.close(handle)


def _clear(disk: Disk, path: str) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        disk.remove(path + suffix)


def build(disk: Disk, path: str, terms: bytes, identity: bytes) -> None:
    """Make the tables of a journal in an empty file."""
    connection = disk.connect(path, "rw")
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        ((mode,),) = connection.execute("PRAGMA journal_mode = WAL").fetchall()
        if mode != "wal":
            raise InvalidJournal(path, f"cannot keep a write-ahead log there, but one of mode {mode}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.split(";\n"):
            if statement.strip():
                connection.execute(statement)
        connection.execute("INSERT INTO journal VALUES (1, ?, ?)", (identity, terms))
        connection.execute("COMMIT")
    finally:
        connection.close()


def _locked(disk: Disk, path: str, *, read_only: bool) -> Mark:
    """Open the mark and take its lock, which is that of the journal."""
    name = path + ".mark"
    handle = _opened(disk, name, write=not read_only)
    try:
        disk.lock(handle, shared=read_only)
    except BaseException:
        disk.close(handle)
        raise
    return Mark(disk, handle)


def _opened(disk: Disk, name: str, *, write: bool) -> int:
    if write and not disk.exists(name):
        with contextlib.suppress(FileExistsError):
            return disk.create(name)
    return disk.open(name, write=write)


def _look_at(disk: Disk, path: str, *, write: bool) -> None:
    """Hold the file's header against what ours says.

    Raises:
        InvalidJournal: for a file that is no journal, or one of a newer version.
    """
    handle = disk.open(path, write=write)
    try:
        header = disk.read(handle, HEADER, 0)
    finally:
        disk.close(handle)
    if not header:
        raise InvalidJournal(path, "is an empty file and no journal")
    if len(header) < HEADER or not header.startswith(_MAGIC):
        raise InvalidJournal(path, "is no SQLite database, and so no journal")
    application, version = int.from_bytes(header[68:72], "big"), int.from_bytes(header[60:64], "big")
    if application != APPLICATION:
        raise InvalidJournal(path, f"is a database of another application, {application:#010x}, and no journal")
    if version > VERSION:
        raise InvalidJournal(path, f"is a journal of version {version}, and this program reads 1 to {VERSION}")
    if version < 1:
        raise InvalidJournal(path, f"is a journal of version {version}, which there has never been")
