"""The columns of a CSV file, and rows taken apart by one regular expression."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from ..model.errors import InvalidMarketData
from ..model.numbers import not_negative, positive
from ._build import NUMBER

_INTEGER = re.compile(r"[0-9]{1,20}")
_ANYTHING: Final = r'[^,"]*'
_FLAGS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "1": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "0": False,
}


@attrs.frozen
class Field:
    """What is read from a column.

    Args:
        name: what an error calls it.
        pattern: what its text must match for the row to be taken at once.
        check: refuses, with the reason, a text that is wrong; asked only about rows that do not match.
    """

    name: str
    pattern: str
    check: Callable[[str], object]


def price(name: str) -> Field:
    """Describe a column of prices, or of quantities that cannot be zero."""
    return Field(name, NUMBER, lambda text: positive(name, text, InvalidMarketData))


def amount(name: str) -> Field:
    """Describe a column of volumes, which may be zero."""
    return Field(name, NUMBER, lambda text: not_negative(name, text, InvalidMarketData))


def optional(field: Field) -> Field:
    """Describe the same column when it may be empty."""
    return Field(field.name, f"(?:{field.pattern})?", lambda text: field.check(text) if text else None)


def count(name: str) -> Field:
    """Describe a column of times since the epoch or of numbers that count."""

    def check(text: str) -> object:
        if not _INTEGER.fullmatch(text):
            raise InvalidMarketData.of(name, text, "must be a whole number of at most 20 digits")
        return text

    return Field(name, _INTEGER.pattern, check)


def flag(name: str) -> Field:
    """Describe a column of true and false, in either case, or 1 and 0."""

    def check(text: str) -> object:
        if text not in _FLAGS:
            raise InvalidMarketData.of(name, text, "must be true or false, or 1 or 0")
        return text

    return Field(name, "|".join(_FLAGS), check)


def is_set(text: str) -> bool:
    """Return what a flag's text says."""
    return _FLAGS[text]


def cells(row: str) -> list[str]:
    """Split a row at its commas, minding quotes.

    Raises:
        InvalidMarketData: for quotes that do not close.
    """
    if '"' not in row:
        return row.split(",")
    try:
        return next(csv.reader([row], strict=True))
    except (csv.Error, StopIteration) as error:
        raise InvalidMarketData.of("row", row, f"has quotes that do not match ({error})") from None


class Layout:
    """How the rows of one file are taken apart.

    Args:
        columns: for each column of the file what is read from it, or None where nothing is.
        wanted: the fields in the order in which split() returns them; one that is not a column comes out empty.
    """

    def __init__(self, columns: Sequence[Field | None], wanted: Sequence[Field]) -> None:
        self._columns = columns
        # The group after the last column is always empty: it stands for the fields that the file does not have.
        self._groups = [columns.index(field) + 1 if field in columns else len(columns) + 1 for field in wanted]
        patterns = [_ANYTHING if field is None else field.pattern for field in columns]
        self._match = re.compile(",".join(f"({pattern})" for pattern in patterns) + "()", re.ASCII).fullmatch

    def split(self, row: str) -> Sequence[str]:
        """Return the texts of the wanted fields.

        Raises:
            InvalidMarketData: naming the first field that is wrong, or the number of columns.
        """
        found = self._match(row)
        return self._slowly(row) if found is None else found.group(*self._groups)

    def _slowly(self, row: str) -> Sequence[str]:
        """Take a row apart that has quotes, or say what is wrong with it."""
        found = cells(row)
        if len(found) != len(self._columns):
            raise InvalidMarketData.of("row", row, f"must have {len(self._columns)} columns, not {len(found)}")
        for field, text in zip(self._columns, found, strict=True):
            if field is not None:
                field.check(text)
        found.append("")
        return [found[group - 1] for group in self._groups]
