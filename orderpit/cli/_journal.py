"""Opening a journal to look back: read-only, with its progress on a terminal, and in one line what keeps it shut."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Generator, Iterator
from typing import Final, TextIO

import attrs

from ..journal.codec import Codec
from ..journal.reading import EVERYTHING, Orders, Until, rows_of, updates
from ..journal.sqlite import open_store
from ..journal.store import JournalStore
from ..journal.terms import JournalTerms, decode_terms
from ..model.errors import JournalCorrupt, JournalError, JournalLocked
from ..model.events import OrderUpdate
from ._errors import UsageError

_EVERY_SECONDS: Final = 0.2
_LOOK_ROWS: Final = 500


class Progress:
    """Says on a terminal how many rows have passed, a few times a second; elsewhere nothing."""

    def __init__(self, total: int, stream: TextIO | None = None, check: Callable[[], object] = lambda: None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._shown = self._stream.isatty()
        self._total = total
        self._check = check
        self._next = time.monotonic() + _EVERY_SECONDS
        self._written = 0

    def passed(self, row: int) -> None:
        """Take note of a row."""
        if row % _LOOK_ROWS:
            return
        self._check()
        now = time.monotonic()
        if self._shown and now >= self._next:
            self._next = now + _EVERY_SECONDS
            text = f"orderpit: row {row:,} of {self._total:,}, {row / max(self._total, 1):.0%}"
            self._stream.write(f"\r{text.ljust(self._written)}")
            self._stream.flush()
            self._written = len(text)

    def end(self) -> None:
        """Wipe away what was said."""
        if self._written:
            self._stream.write(f"\r{' ' * self._written}\r")
            self._stream.flush()
            self._written = 0


@attrs.frozen
class Opened:
    """A journal that is open: its path, its rows, what it was begun with, and what reads its rows."""

    path: str
    store: JournalStore
    terms: JournalTerms
    codec: Codec
    check: Callable[[], object]

    def updates(self, until: Until = EVERYTHING) -> Iterator[OrderUpdate]:
        """Iterate over its updates, with progress."""
        progress = self.progress()
        try:
            for update in updates(rows_of(self.store, until=until), self.codec.decode, Orders(self.path), until):
                progress.passed(update.sequence)
                yield update
        finally:
            progress.end()

    def progress(self) -> Progress:
        """Return what shows progress over its rows."""
        return Progress(self.store.head.sequence, check=self.check)


@contextlib.contextmanager
def journal(path: str, check: Callable[[], object] = lambda: None) -> Generator[Opened]:
    """Open a journal; each row is checked first.

    Args:
        path: of its file.
        check: called now and then while it is read, to end it by raising.

    Raises:
        UsageError: where there is none, or another process has it open.
        JournalError: for one that is damaged.
    """
    try:
        store: JournalStore = open_store(path, read_only=True)
    except JournalLocked as error:
        msg = f"{error}; stop the process that writes it, or look at a backup that it makes"
        raise UsageError(msg) from None
    with contextlib.closing(store):
        yield Opened(path, store, decode_terms(store.terms, path), Codec(path, store.read), check)


@contextlib.contextmanager
def damage_told() -> Generator[None]:
    """Tell what is wrong with a journal in one line.

    Raises:
        UsageError: for anything that is wrong with it.
    """
    try:
        yield
    except JournalError as error:
        msg = f"{error} (`orderpit verify` tells more)" if isinstance(error, JournalCorrupt) else str(error)
        raise UsageError(msg) from None
