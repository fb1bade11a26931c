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
    return link(previous, row.sequence, row.kind, row.version, row.body)


def link(previous: bytes, sequence: int, kind: str, version: int, body: bytes) -> bytes:
    """Return what follow() does, of a row that has not been made."""
    name = kind.encode()
    # The lengths stand before what is of no fixed length, so that no two rows are framed alike.
    frame = _FRAME.pack(sequence, version, len(name))
    return blake2b(b"".join((previous, frame, name, body)), digest_size=_SIZE).digest()
