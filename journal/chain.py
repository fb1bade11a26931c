"""The chain of hashes: each row's covers the row and all before it, and the first what the journal was begun with."""

from __future__ import annotations

import struct
from hashlib import blake2b

from .store import Row

_FRAME = struct.Struct(">qqI")
_SIZE = 32


def beginning(identity: bytes, terms: bytes) -> bytes:
    """Return the hash that the first row follows: no two journals begin alike, even with the same terms."""
    return blake2b(identity + terms, digest_size=_SIZE, person=b"orderpit journal").digest()


def follow(previous: bytes, row: Row) -> bytes:
    """Return the hash of a row that follows one with the previous hash."""
    kind = row.kind.encode()
    # The lengths stand before what is of no fixed length, so that no two rows are framed alike.
    frame = _FRAME.pack(row.sequence, row.version, len(kind))
    return blake2b(b"".join((previous, frame, kind, row.body)), digest_size=_SIZE).digest()


class Parts:
    """The hash of a snapshot: of the row it belongs to, of the chain there, and of each part in turn."""

    def __init__(self, sequence: int, digest: bytes) -> None:
        self._hash = blake2b(_FRAME.pack(sequence, 0, 0) + digest, digest_size=_SIZE, person=b"snapshot")

    def add(self, name: str, body: bytes) -> None:
        """Take the next part."""
        text = name.encode()
        self._hash.update(_FRAME.pack(len(body), 0, len(text)) + text)
        self._hash.update(body)

    def digest(self) -> bytes:
        """Return the hash of what was taken."""
        return self._hash.digest()
