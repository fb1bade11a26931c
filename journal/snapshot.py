"""The snapshot of a journal: what was folded of it up to a row, in a file beside it, so that the next start folds less.

It proves nothing and decides nothing. The journal is checked as ever; a snapshot that is not whole, or was made by
another program, under other settings or of other rows, is as good as none: the journal is then folded from its start.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

import attrs

_SUFFIX: Final = ".snapshot"

_MAGIC: Final = b"orderpit snapshot 1\n"
_HEAD: Final = struct.Struct(">20sQ32s32sI")
_LENGTH: Final = struct.Struct(">Q")
_HASH: Final = 32


@attrs.frozen
class Snapshot:
    """What was folded up to a row.

    Attributes:
        sequence: of the row.
        digest: of the chain there.
        key: stands for the program and the settings that folded it, see key_of().
        parts: of the memento.
    """

    sequence: int
    digest: bytes
    key: bytes
    parts: Sequence[bytes]


def place_of(path: str) -> str:
    """Return where the snapshot of a journal is: beside it, wherever the program goes and whatever points there."""
    return f"{Path(path).resolve()}{_SUFFIX}"


def key_of(beginning: Sequence[bytes]) -> bytes:
    """Return what stands for this program, and for settings by what a fold begins with under them.

    Args:
        beginning: the memento of a fold of nothing.
    """
    found = blake2b(_program(), digest_size=_HASH)
    for part in beginning:
        found.update(_LENGTH.pack(len(part)))
        found.update(part)
    return found.digest()


@cache
def _program() -> bytes:
    """Return a hash of every line that a fold may run: a version number says nothing of a line that was changed."""
    package = Path(__file__).resolve().parents[1]
    found = blake2b(digest_size=_HASH)
    for path in sorted(one for folder in ("actors", "journal", "model") for one in (package / folder).glob("*.py")):
        found.update(path.name.encode())
        found.update(path.read_bytes())
    return found.digest()


def keep(path: str, snapshot: Snapshot) -> None:
    """Put a snapshot in the place of the one before, at once or not at all; only the owner may read it.

    Raises:
        OSError: where it cannot be written; the one before is there still.
    """
    # Of this process alone: one of a life that has ended may be at work still.
    new = f"{path}.{os.getpid()}.new"
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            found = blake2b(digest_size=_HASH)
            for piece in _pieces(snapshot):
                found.update(piece)
                file.write(piece)
            file.write(found.digest())
            file.flush()
            os.fsync(file.fileno())
        Path(new).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(new).unlink()
        raise


def _pieces(snapshot: Snapshot) -> Iterator[bytes]:
    yield _HEAD.pack(_MAGIC, snapshot.sequence, snapshot.digest, snapshot.key, len(snapshot.parts))
    for part in snapshot.parts:
        yield _LENGTH.pack(len(part))
        yield part


def found_at(path: str, key: bytes) -> Snapshot | None:
    """Return the snapshot that is there, if it is whole and was made by this program under the same settings."""
    try:
        data = memoryview(Path(path).read_bytes())
    except OSError:
        return None
    if len(data) < _HEAD.size + _HASH:
        return None
    body, said = data[:-_HASH], bytes(data[-_HASH:])
    magic, sequence, digest, made_by, count = _HEAD.unpack_from(body)
    if magic != _MAGIC or made_by != key or blake2b(body, digest_size=_HASH).digest() != said:
        return None
    parts: list[bytes] = []
    at = _HEAD.size
    for _ in range(count):
        (length,) = _LENGTH.unpack_from(body, at)
        at += _LENGTH.size
        parts.append(bytes(body[at : at + length]))
        at += length
    return Snapshot(sequence, digest, made_by, parts)
