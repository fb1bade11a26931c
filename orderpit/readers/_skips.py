"""What becomes of a row that cannot be read: it is raised, or counted and reported, never dropped in silence."""

from __future__ import annotations

from typing import Final

import attrs

from ..model.errors import InvalidData, shown

KEPT: Final = 10
"""How many errors are kept whole; the others are only counted."""


@attrs.frozen
class Skipped:
    """The rows that were passed over because skip_bad_rows was set: how many, and the first few errors."""

    count: int = 0
    errors: tuple[InvalidData, ...] = ()


class Rejects:
    """Takes every row that cannot be read: raises InvalidData, or keeps the tally when bad rows are to be skipped."""

    def __init__(self, *, skip: bool) -> None:
        self._skip = skip
        self._count = 0
        self._errors: list[InvalidData] = []

    @property
    def skipped(self) -> Skipped:
        """The tally up to now."""
        return Skipped(self._count, tuple(self._errors))

    def row(self, file: str, line: int, value: str, reason: str) -> None:
        """Refuse one row; the value is a picture of it that is safe to print."""
        error = InvalidData(file, line, value, reason)
        if not self._skip:
            raise error
        self._count += 1
        if self._count <= KEPT:
            self._errors.append(error)


def unreadable(file: str, reason: str) -> InvalidData:
    """Build the error for a file as a whole, at line 0, which is raised even when bad rows are skipped."""
    return InvalidData(file, 0, shown(file), reason)
