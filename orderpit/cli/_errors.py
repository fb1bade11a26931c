"""How a command ends other than by running through: exit codes, errors and interruptions."""

from __future__ import annotations

from typing import Final

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
SIGNALLED: Final = 128
"""Added to the signal's number, as shells do: 130 for SIGINT, 143 for SIGTERM."""


class UsageError(Exception):
    """What was asked for cannot be done as it was asked for. The message is one line for the user."""


class Interrupted(Exception):
    """A signal has asked for the end: no error, it is what the user wants."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def printable(text: str) -> str:
    """Escape what a terminal or a log must not see: control characters, lone surrogates, direction marks."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
