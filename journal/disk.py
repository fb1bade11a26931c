"""What a journal asks of a disk, few enough things that a disk can be simulated."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

HEADER: Final = 100
"""Bytes at the beginning of an SQLite file that say what it is."""


class Disk(Protocol):
    """Files and their folders; every method but connect() raises OSError."""

    def resolve(self, path: str) -> str:
        """Return the path with all links followed."""
        ...

    def exists(self, path: str) -> bool:
        """Whether there is anything."""
        ...

    def size(self, path: str) -> int:
        """Return how many bytes a file has; 0 where there is none."""
        ...

    def connect(self, path: str, mode: str) -> sqlite3.Connection:
        """Open a database that is there: rw, ro, or immutable, of which nobody may write. Raises sqlite3.Error."""
        ...

    def create(self, path: str) -> int:
        """Make a new file that nobody else may read, and open it for reading and writing."""
        ...

    def open(self, path: str, *, write: bool) -> int:
        """Open a file that is there."""
        ...

    def lock(self, handle: int, *, shared: bool) -> None:
        """Take the lock of an open file at once, or raise BlockingIOError; it ends with close()."""
        ...

    def read(self, handle: int, count: int, at: int) -> bytes:
        """Read so many bytes, fewer at the end of the file."""
        ...

    def write(self, handle: int, data: bytes, at: int) -> None:
        """Write all of the bytes."""
        ...

    def sync(self, handle: int) -> None:
        """Return when all that was written is durable."""
        ...

    def close(self, handle: int) -> None:
        """Let go of a file."""
        ...

    def link(self, path: str, to: str) -> None:
        """Give a file a second name, where nothing is yet."""
        ...

    def remove(self, path: str) -> None:
        """Remove a name; none is no error."""
        ...

    def sync_folder(self, path: str) -> None:
        """Return when the names in the folder of a path are durable."""
        ...


class RealDisk:
    """The disk of this machine."""

    def resolve(self, path: str) -> str:
        """Return the path with all links followed."""
        found = os.path.realpath(path)
        # A circle of links is left as it is by realpath(), and raises here.
        with contextlib.suppress(FileNotFoundError):
            Path(found).stat()
        return found

    def exists(self, path: str) -> bool:
        """Whether there is anything."""
        return os.path.lexists(path)

    def size(self, path: str) -> int:
        """Return how many bytes a file has; 0 where there is none."""
        try:
            return Path(path).stat().st_size
        except FileNotFoundError:
            return 0

    def connect(self, path: str, mode: str) -> sqlite3.Connection:
        """Open a database that is there."""
        how = "immutable=1" if mode == "immutable" else f"mode={mode}"
        return sqlite3.connect(
            f"file:{quote(path)}?{how}", uri=True, timeout=0, isolation_level=None, check_same_thread=False
        )

    def create(self, path: str) -> int:
        """Make a new file that nobody else may read."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def open(self, path: str, *, write: bool) -> int:
        """Open a file that is there."""
        return os.open(path, (os.O_RDWR if write else os.O_RDONLY) | os.O_CLOEXEC)

    def lock(self, handle: int, *, shared: bool) -> None:
        """Take the lock of an open file at once."""
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def read(self, handle: int, count: int, at: int) -> bytes:
        """Read so many bytes, fewer at the end of the file."""
        return os.pread(handle, count, at)

    def write(self, handle: int, data: bytes, at: int) -> None:
        """Write all of the bytes."""
        while data:
            written = os.pwrite(handle, data, at)
            data, at = data[written:], at + written

    def sync(self, handle: int) -> None:
        """Return when all that was written is durable."""
        os.fdatasync(handle) if hasattr(os, "fdatasync") else os.fsync(handle)

    def close(self, handle: int) -> None:
        """Let go of a file."""
        os.close(handle)

    def link(self, path: str, to: str) -> None:
        """Give a file a second name."""
        os.link(path, to)

    def remove(self, path: str) -> None:
        """Remove a name."""
        Path(path).unlink(missing_ok=True)

    def sync_folder(self, path: str) -> None:
        """Return when the names in the folder of a path are durable."""
        handle = os.open(Path(path).parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
