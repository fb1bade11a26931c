"""A disk that is simulated: it records what is written and synced, and tells what may be there when the power goes.

The very same store runs on it, with SQLite's own file operations going through a VFS of apsw.
"""

from __future__ import annotations

import errno
import itertools
import random
import sqlite3
import sys
from collections.abc import Callable, Iterator
from typing import Any

import apsw
import attrs

SECTOR = 512
_NAMES = itertools.count()


class File:
    """What the processes see of a file; what is durable of it is worked out from the disk's log."""

    def __init__(self, number: int, data: bytes = b"") -> None:
        self.number = number
        self.data = bytearray(data)

    def write(self, data: bytes, at: int) -> None:
        if len(self.data) < at:
            self.data.extend(bytes(at - len(self.data)))
        self.data[at : at + len(data)] = data


@attrs.frozen
class Op:
    """An entry of the log: what was done, to which file or name, and with what."""

    what: str
    file: int = 0
    name: str = ""
    at: int = 0
    data: bytes = b""


class SimulatedDisk:
    """A Disk of its own; see orderpit/journal/disk.py.

    Args:
        files: what is on it, and durable, at the beginning.
    """

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.log: list[Op] = []
        self.names: dict[str, File] = {}
        self.handles: dict[int, tuple[File, str]] = {}
        self.locked: dict[str, list[tuple[int, bool]]] = {}
        self.room: int | None = None
        self.fails: Callable[[str], bool] = lambda _: False
        self.failed = 0
        self._count = itertools.count(1)
        self._connections: list[Connection] = []
        self._vfs = Vfs(self)
        for name, data in (files or {}).items():
            self.names[name] = File(next(self._count), data)
        self.start = dict(self.names)
        self.start_data = {file.number: bytes(file.data) for file in self.start.values()}

    # What happens to files, whoever asks for it.

    def may(self, what: str) -> bool:
        """Whether the disk does as it is told; counts where it does not."""
        if self.fails(what):
            self.failed += 1
            return False
        return True

    def put(self, file: File, data: bytes, at: int) -> None:
        if not self.may("write"):
            raise OSError(errno.EIO, "Input/output error")
        if self.room is not None and at + len(data) > len(file.data):
            self.room -= at + len(data) - len(file.data)
            if self.room < 0:
                self.room = 0
                raise OSError(errno.ENOSPC, "No space left on device")
        self.log.append(Op("write", file.number, at=at, data=bytes(data)))
        file.write(data, at)

    def cut(self, file: File, size: int) -> None:
        self.log.append(Op("truncate", file.number, at=size))
        del file.data[size:]

    def flush(self, file: File) -> None:
        if not self.may("sync"):
            self.log.append(Op("failed sync", file.number))
            raise OSError(errno.EIO, "Input/output error")
        self.log.append(Op("sync", file.number))

    def name_file(self, path: str, file: File) -> None:
        self.log.append(Op("name", file.number, path))
        self.names[path] = file

    # The Disk that the store asks.

    def resolve(self, path: str) -> str:
        return path if path.startswith("/") else f"/{path}"

    def exists(self, path: str) -> bool:
        return path == "/" or path in self.names

    def size(self, path: str) -> int:
        return len(self.names[path].data) if path in self.names else 0

    def connect(self, path: str, mode: str) -> Any:
        connection = Connection(self._vfs, path)
        self._connections.append(connection)
        return connection

    def create(self, path: str) -> int:
        if path in self.names:
            raise FileExistsError(errno.EEXIST, "File exists")
        self.name_file(path, File(next(self._count)))
        return self.open(path, write=True)

    def open(self, path: str, *, write: bool) -> int:
        if path not in self.names:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        handle = next(self._count)
        self.handles[handle] = (self.names[path], path)
        return handle

    def lock(self, handle: int, *, shared: bool) -> None:
        others = self.locked.setdefault(self.handles[handle][1], [])
        if any(not shared or not theirs for _, theirs in others):
            raise BlockingIOError(errno.EWOULDBLOCK, "Resource temporarily unavailable")
        others.append((handle, shared))

    def read(self, handle: int, count: int, at: int) -> bytes:
        return bytes(self.handles[handle][0].data[at : at + count])

    def write(self, handle: int, data: bytes, at: int) -> None:
        self.put(self.handles[handle][0], data, at)

    def sync(self, handle: int) -> None:
        self.flush(self.handles[handle][0])

    def close(self, handle: int) -> None:
        _, path = self.handles.pop(handle)
        self.locked[path] = [one for one in self.locked.get(path, []) if one[0] != handle]

    def link(self, path: str, to: str) -> None:
        if to in self.names:
            raise FileExistsError(errno.EEXIST, "File exists")
        self.name_file(to, self.names[path])

    def remove(self, path: str) -> None:
        if self.names.pop(path, None) is not None:
            self.log.append(Op("remove", name=path))

    def sync_folder(self, path: str) -> None:
        if not self.may("sync"):
            raise OSError(errno.EIO, "Input/output error")
        self.log.append(Op("sync folder"))

    def note(self, what: str, number: int) -> None:
        """Put a remark of the test into the log."""
        self.log.append(Op(what, at=number))

    def end(self) -> None:
        """Let go of what the process had open; nothing more is written by it."""
        self.fails = lambda _: False
        for connection in self._connections:
            connection.close()


class Vfs(apsw.VFS):
    """SQLite's view of the disk."""

    def __init__(self, disk: SimulatedDisk) -> None:
        self.disk = disk
        self.name = f"simulated{next(_NAMES)}"
        super().__init__(self.name, "")

    def excepthook(self, *_: object) -> None:
        """Leave it at the error that the statement raises."""

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802  # SQLite's name
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or f"/temporary{next(_NAMES)}"
        is_new = path not in self.disk.names
        if is_new:
            if not flags[0] & apsw.SQLITE_OPEN_CREATE:
                raise apsw.CantOpenError(path)
            self.disk.name_file(path, File(next(self.disk._count)))
        flags[1] = flags[0]
        return VfsFile(self.disk, self.disk.names[path], is_new=is_new)

    def xDelete(self, name: str, syncdir: bool) -> None:  # noqa: N802, FBT001
        self.disk.remove(name)
        if syncdir:
            self.disk.sync_folder(name)

    def xAccess(self, name: str, flags: int) -> bool:  # noqa: N802
        return name in self.disk.names

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        return name


class VfsFile:
    """An open file as SQLite sees it. Locks always succeed: the mark's lock is what the simulation has."""

    def __init__(self, disk: SimulatedDisk, file: File, *, is_new: bool) -> None:
        self.disk, self.file, self.is_new = disk, file, is_new

    def excepthook(self, *_: object) -> None:
        """Leave it at the error that the statement raises."""

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        return bytes(self.file.data[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        try:
            self.disk.put(self.file, data, offset)
        except OSError as error:
            raise (apsw.FullError if error.errno == errno.ENOSPC else apsw.IOError)(str(error)) from error

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self.disk.cut(self.file, size)

    def xSync(self, flags: int) -> None:  # noqa: N802
        try:
            self.disk.flush(self.file)
            if self.is_new:
                # As SQLite does on its own: with the first sync of a new log its name is made durable.
                self.is_new = False
                self.disk.sync_folder("")
        except OSError as error:
            raise apsw.IOError(str(error)) from error

    def xFileSize(self) -> int:  # noqa: N802
        return len(self.file.data)

    def xLock(self, level: int) -> None: ...  # noqa: N802

    def xUnlock(self, level: int) -> None: ...  # noqa: N802

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:  # noqa: N802
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return 4096

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

    def xClose(self) -> None: ...  # noqa: N802


class Rows:
    """The rows of a statement."""

    def __init__(self, rows: list[Any]) -> None:
        self.rows = iter(rows)

    def fetchone(self) -> Any:
        return next(self.rows, None)

    def fetchall(self) -> list[Any]:
        return list(self.rows)


class Connection:
    """A connection of apsw that answers as one of the standard library does."""

    def __init__(self, vfs: Vfs, path: str) -> None:
        with _as_sqlite3():
            self.real = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs.name)
            self.real.execute("PRAGMA locking_mode = EXCLUSIVE")

    @property
    def in_transaction(self) -> bool:
        return self.real.in_transaction

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        with _as_sqlite3():
            # All at once, so that what fails on the way to the last row is raised here and not where it is forgotten.
            return Rows(self.real.execute(sql, values).fetchall())

    def executemany(self, sql: str, values: Any) -> None:
        with _as_sqlite3():
            self.real.executemany(sql, values).fetchall()

    def backup(self, target: Connection) -> None:
        with _as_sqlite3(), target.real.backup("main", self.real, "main") as copying:
            copying.step()

    def close(self) -> None:
        with _as_sqlite3():
            self.real.close()


class _as_sqlite3:  # noqa: N801  # reads as a function
    def __enter__(self) -> None:
        self.hook = sys.unraisablehook
        sys.unraisablehook = self.unraisable

    def unraisable(self, what: Any) -> None:
        """Leave out that the disk failed where SQLite goes on, as when it closes a file."""
        if not isinstance(what.exc_value, (OSError, apsw.Error)):
            self.hook(what)

    def __exit__(self, _: object, error: object, trace: object) -> None:
        sys.unraisablehook = self.hook
        if isinstance(error, apsw.Error):
            told = sqlite3.OperationalError(str(error))
            codes = ((apsw.FullError, sqlite3.SQLITE_FULL), (apsw.IOError, sqlite3.SQLITE_IOERR))
            told.sqlite_errorcode = next(
                (code for kind, code in codes if isinstance(error, kind)), sqlite3.SQLITE_ERROR
            )
            raise told from error


def remains(disk: SimulatedDisk, moment: int, draw: random.Random, *, keeps: float | None = None) -> dict[str, bytes]:
    """Return the files that are there when the power goes, by their names.

    What was synced is there. Of what was not, each sector of each write may be there or not, in any order.

    Args:
        disk: whose log is read.
        moment: how many entries of it have happened.
        draw: decides what is lost.
        keeps: the chance that something not synced is there; drawn where it is not given.
    """
    chance = draw.choice((0.0, 0.1, 0.5, 0.9, 1.0)) if keeps is None else keeps
    durable = {number: File(number, data) for number, data in disk.start_data.items()}
    names = {name: file.number for name, file in disk.start.items()}
    pending: dict[int, list[Op]] = {}
    renamed: list[Op] = []
    for op in disk.log[:moment]:
        match op.what:
            case "write" | "truncate":
                pending.setdefault(op.file, []).append(op)
            case "sync":
                _apply(durable.setdefault(op.file, File(op.file)), pending.pop(op.file, []))
            case "failed sync":
                # What was to be written counts as written from now on, whether it was or not.
                _lose(durable.setdefault(op.file, File(op.file)), pending.pop(op.file, []), draw, 0.5)
            case "name" | "remove":
                renamed.append(op)
            case "sync folder":
                _rename(names, renamed)
                renamed = []
    for number, ops in pending.items():
        _lose(durable.setdefault(number, File(number)), ops, draw, chance)
    _rename(names, [op for op in renamed if draw.random() < chance])
    return {name: bytes(durable.get(number, File(number)).data) for name, number in names.items()}


def _apply(file: File, ops: list[Op]) -> None:
    for op in ops:
        if op.what == "truncate":
            del file.data[op.at :]
        else:
            file.write(op.data, op.at)


def _lose(file: File, ops: list[Op], draw: random.Random, chance: float) -> None:
    kept = [piece for op in ops for piece in _pieces(op) if draw.random() < chance]
    if draw.random() < 0.5:
        draw.shuffle(kept)
    _apply(file, kept)


def _pieces(op: Op) -> Iterator[Op]:
    if op.what == "truncate":
        yield op
        return
    at, end = op.at, op.at + len(op.data)
    while at < end:
        until = min(end, (at // SECTOR + 1) * SECTOR)
        yield attrs.evolve(op, at=at, data=op.data[at - op.at : until - op.at])
        at = until


def _rename(names: dict[str, int], ops: list[Op]) -> None:
    for op in ops:
        if op.what == "name":
            names[op.name] = op.file
        else:
            names.pop(op.name, None)
