"""A journal in memory: it outlives a trading system, and ends with the process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..model.errors import InvalidJournal, JournalFull
from .chain import beginning, follow
from .store import GENESIS, Head, Row


class MemoryStore:
    """A JournalStore for tests: what was appended is there after a crash of the system, simulated or not.

    Args:
        most: how many rows there is room for; None for no end. May be changed at any time.
    """

    def __init__(self, most: int | None = None) -> None:
        self.most = most
        self.rows: list[Row] = []
        self.appends = 0
        self._digest = GENESIS
        self._terms = b""

    @property
    def head(self) -> Head:
        """The last row that is durable."""
        return Head(self.rows[-1].sequence if self.rows else 0, self._digest)

    @property
    def terms(self) -> bytes:
        """What the journal was begun with; nothing before it has been."""
        return self._terms

    def begin(self, terms: bytes) -> None:
        """Begin the journal."""
        if self._terms:
            msg = "it has been begun"
            raise ValueError(msg)
        self._terms = terms
        self._digest = beginning(b"memory", terms)

    def append(self, rows: Sequence[Row]) -> None:
        """Make rows durable, all or none."""
        following = self.head.sequence + 1
        if [row.sequence for row in rows] != list(range(following, following + len(rows))):
            msg = f"rows must follow row {following - 1}"
            raise ValueError(msg)
        if self.most is not None and len(self.rows) + len(rows) > self.most:
            raise JournalFull("memory", f"it takes {self.most} rows")
        self.appends += 1
        for row in rows:
            self._digest = follow(self._digest, row)
        self.rows.extend(rows)

    def read(self, first: int = 1, last: int | None = None) -> Iterator[Row]:
        """Iterate over rows by their numbers, both included."""
        return iter(tuple(self.rows[max(first - 1, 0) : last]))

    def backup(self, path: str) -> None:
        """Refuse: there is no file to copy."""
        raise InvalidJournal(path, "a journal in memory has no copy")

    def close(self) -> None:
        """Let go of it: another system may have it."""
