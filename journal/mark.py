"""The high-water mark: a small file beside the journal that says how far it has come, and that only one may write it.

SQLite takes a log whose end is damaged for a shorter one, and says nothing. So the last durable row is written a second
time, elsewhere: into one of two slots in turn, so that a write that is torn leaves the other.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import Final

from .disk import Disk
from .store import Head

_MAGIC: Final = b"orderpit"
_SLOT: Final = struct.Struct(">8sqqq32s")
_CHECK: Final = 16
_APART: Final = 4096
_SIZE: Final = 2 * _APART
_VERSION: Final = 1


class Mark:
    """An open and locked mark.

    Args:
        disk: where it is.
        handle: of its file, which this closes.
    """

    def __init__(self, disk: Disk, handle: int) -> None:
        self._disk = disk
        self._handle = handle
        self._count = 0

    def read(self) -> Head | None:
        """Return the last row that it knows of, None for a mark that says nothing.

        Raises:
            OSError: for what the disk raises.
        """
        newest: tuple[int, Head] | None = None
        for number in range(2):
            found = _read(self._disk.read(self._handle, _SLOT.size + _CHECK, number * _APART))
            if found is not None and (newest is None or found[0] > newest[0]):
                newest = found
        if newest is None:
            return None
        self._count = newest[0]
        return newest[1]

    def is_empty(self) -> bool:
        """Whether its file has no content at all: the beginning of the journal was interrupted."""
        return not self._disk.read(self._handle, 1, 0)

    def begin(self, head: Head) -> None:
        """Write both slots, and all between them, so that no later write needs room on the disk."""
        self._count += 1
        first = _written(self._count, head)
        self._count += 1
        second = _written(self._count, head)
        slots = (second, first) if self._count % 2 == 0 else (first, second)
        self._disk.write(self._handle, b"".join(slot.ljust(_APART, b"\0") for slot in slots), 0)
        self._disk.sync(self._handle)

    def write(self, head: Head) -> None:
        """Make it durable that the journal has come so far.

        Raises:
            OSError: for what the disk raises; what it says is unknown then.
        """
        self._count += 1
        self._disk.write(self._handle, _written(self._count, head), self._count % 2 * _APART)
        self._disk.sync(self._handle)

    def close(self) -> None:
        """Let go of it, and of the lock."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            self._disk.close(handle)


def _written(count: int, head: Head) -> bytes:
    slot = _SLOT.pack(_MAGIC, _VERSION, count, head.sequence, head.digest)
    return slot + blake2b(slot, digest_size=_CHECK).digest()


def _read(slot: bytes) -> tuple[int, Head] | None:
    if len(slot) != _SLOT.size + _CHECK or blake2b(slot[:-_CHECK], digest_size=_CHECK).digest() != slot[-_CHECK:]:
        return None
    magic, version, count, sequence, digest = _SLOT.unpack(slot[:-_CHECK])
    return (count, Head(sequence, digest)) if (magic, version) == (_MAGIC, _VERSION) else None
