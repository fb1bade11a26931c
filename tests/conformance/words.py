"""The words of a step, taken one by one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from conformance.table import TableError

DAY = "2024-01-03"
"""When every scenario begins, a Wednesday."""
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_NAME = re.compile(r"[A-Z][A-Za-z0-9-]*")


class Words:
    """What is left of a line; every error names file, line and text."""

    def __init__(self, where: str, text: str) -> None:
        self._where, self._text, self._words = where, text, text.split()

    def fail(self, word: str, why: str) -> TableError:
        """Return the error that says what is wrong with a word."""
        return TableError(self._where, f"{word!r} {why}, in `{self._text}`")

    def __bool__(self) -> bool:
        return bool(self._words)

    def take(self, what: str, matching: Callable[[str], object] = bool) -> str:
        """Take the next word, which must match."""
        if not self._words:
            raise self.fail(what, "is missing")
        word = self._words.pop(0)
        if not matching(word):
            raise self.fail(word, f"is no {what}")
        return word

    def has(self, word: str) -> bool:
        """Take the next word if it is this one."""
        found = self._words[:1] == [word]
        if found:
            self._words.pop(0)
        return found

    def number(self) -> str:
        """Take a number."""
        return self.take("number", _NUMBER.fullmatch)

    def name(self) -> str:
        """Take the name of an order."""
        return self.take("name of an order", _NAME.fullmatch)

    def time_ns(self) -> int:
        """Take a time of day, perhaps behind a date, UTC."""
        word = self.take("time")
        day, clock = (word, self.take("time")) if "-" in word else (DAY, word)
        try:
            return nanoseconds(day, clock)
        except ValueError:
            raise self.fail(clock, "is no time") from None

    def end(self) -> None:
        """There must be no more."""
        if self:
            raise self.fail(self.take("word"), "means nothing")


def nanoseconds(day: str, clock: str) -> int:
    """Return a time, UTC, in nanoseconds since the epoch."""
    since = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1) * 1000


def is_name(word: str) -> bool:
    """Whether a word may be the name of an order."""
    return _NAME.fullmatch(word) is not None
