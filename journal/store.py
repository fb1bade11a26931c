"""What a journal is kept in: rows that are durable once they have been appended, in order, without gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import attrs

GENESIS: Final = bytes(32)
"""The hash before the first row."""


@attrs.frozen
class Row:
    """An entry as it is kept.

    Attributes:
        sequence: 1, 2, 3 and so on, without a gap.
        kind: the name of the event's class.
        version: of the layout of that kind's body.
        body: the event, encoded; see codec.py.
    """

    sequence: int
    kind: str
    version: int
    body: bytes


@attrs.frozen
class Head:
    """The last row that is durable: its sequence number, 0 while there is none, and the hash of the chain up to it."""

    sequence: int = 0
    digest: bytes = GENESIS


class JournalStore(Protocol):
    """A place to keep a journal in. It is used by one thread at a time, and by one process.

    Whoever opens one has checked all of it: each row follows the one before by its number and by its hash, and none is
    missing that was durable once.
    """

    @property
    def head(self) -> Head:
        """The last row that is durable."""
        ...

    @property
    def terms(self) -> bytes:
        """What the journal was begun with, see terms.py; nothing before it has been."""
        ...

    def begin(self, terms: bytes) -> None:
        """Begin the journal: from here on its terms are these.

        Raises:
            JournalError: as append() does.
            ValueError, InvalidJournal: where it has been begun.
        """
        ...

    def append(self, rows: Sequence[Row]) -> None:
        """Make rows durable: when this returns they are, and when it raises none of them is.

        Raises:
            JournalFull: there is no room. Nothing has changed; it may be tried again, and reading goes on.
            JournalBroken: nothing is known of what has been kept. The store is closed: open it anew, and read.
            ValueError: for rows that do not follow the head.
        """
        ...

    def read(self, first: int = 1, last: int | None = None) -> Iterator[Row]:
        """Iterate over rows by their numbers, both included.

        Raises:
            JournalCorrupt: at the first row that is not what was written, naming it.
        """
        ...

    def backup(self, path: str) -> None:
        """Write a whole copy, of one moment, to a path where nothing is."""
        ...

    def close(self) -> None:
        """Let go of it. Closing twice does no harm."""
        ...
