"""Stepping through a journal, forwards and backwards: copies of the fold are kept, so that none begins anew."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from ..model.events import OrderUpdate
from .books import Books
from .copying import copied
from .reading import Decode, Orders, Until, updates
from .store import JournalStore
from .terms import JournalTerms

_EVERY: Final = 2_000
_MOST: Final = 16
_BEHIND: Final = 500
_RECENT: Final = 200


class _Fold:
    """The fold of the rows up to one."""

    def __init__(self, terms: JournalTerms, path: str) -> None:
        self.orders = Orders(path)
        self.books = Books(terms, performance=False)
        self.recent: deque[OrderUpdate] = deque(maxlen=_RECENT)


class Stepper:
    """Stands at one row of a journal, with the books as they were after it.

    At most 16 copies are kept, evenly spread over what was passed, and one that lies 500 rows behind: going back costs
    the fold of a sixteenth of the journal at worst, and of 500 rows when it goes on.

    Args:
        store: of the rows.
        terms: that it was begun with.
        decode: gives the event of a row.
        path: of the journal, for errors.
        passed: called with each row's number as it is folded.
        every: how many rows apart the first copies are.
    """

    def __init__(
        self,
        store: JournalStore,
        terms: JournalTerms,
        decode: Decode,
        path: str = "",
        passed: Callable[[int], object] = lambda _: None,
        *,
        every: int = _EVERY,
    ) -> None:
        self._store = store
        self._decode = decode
        self._passed = passed
        self._every = every
        self._fold = _Fold(terms, path)
        self._kept: dict[int, _Fold] = {0: copied(self._fold)}
        self._near: tuple[int, _Fold] | None = None
        self.folded = 0

    @property
    def last(self) -> int:
        """The number of the last row."""
        return self._store.head.sequence

    @property
    def at(self) -> int:
        """The number of the row where it stands; 0 before the first."""
        return self._fold.orders.sequence

    @property
    def books(self) -> Books:
        """The books after this row. They are worth reading until the next move."""
        return self._fold.books

    @property
    def recent(self) -> tuple[OrderUpdate, ...]:
        """This row's update and up to 199 before it, oldest first."""
        return tuple(self._fold.recent)

    def move(self, to: int) -> int:
        """Go to a row, or to the nearest that there is; return its number.

        Raises:
            JournalCorrupt: for a row that is not what was written.
        """
        to = max(0, min(to, self.last))
        if to < self.at:
            self._fold = copied(self._behind(to))
            self._forward(to, keep_at=to - _BEHIND)
        else:
            self._forward(to, keep_at=None)
        return self.at

    def find(self, order_id: str) -> int | None:
        """Return the next row that is about an order, beginning anew at the end; None where there is none."""
        # An id has no character that JSON escapes.
        wanted = order_id.encode()
        for first, last in ((self.at + 1, self.last), (1, self.at)):
            for row in self._store.read(first, last) if first <= last else ():
                if wanted in row.body and self._decode(row).order_id == order_id:
                    return row.sequence
        return None

    def row_at(self, until: Until) -> int:
        """Return the last row that is no later than asked for."""
        last = self.last if until.sequence is None else min(until.sequence, self.last)
        if until.time_ns is None:
            return last
        for update in self._decoded(last):
            if until.has_passed(update):
                return update.sequence - 1
        return last

    def _decoded(self, last: int) -> Iterator[OrderUpdate]:
        if last:
            for row in self._store.read(1, last):
                yield OrderUpdate(row.sequence, self._decode(row), None)

    def _behind(self, to: int) -> _Fold:
        """Return the latest copy that is not beyond a row."""
        nearest = max(number for number in self._kept if number <= to)
        if self._near is not None and nearest < self._near[0] <= to:
            return self._near[1]
        return self._kept[nearest]

    def _forward(self, to: int, keep_at: int | None) -> None:
        if to <= self.at:
            return
        fold = self._fold
        for update in updates(self._store.read(self.at + 1, to), self._decode, fold.orders):
            fold.books.take(update)
            fold.recent.append(update)
            self.folded += 1
            if update.sequence % self._every == 0 and update.sequence not in self._kept:
                self._keep(update.sequence)
            if update.sequence == keep_at:
                self._near = update.sequence, copied(fold)
            self._passed(update.sequence)

    def _keep(self, sequence: int) -> None:
        self._kept[sequence] = copied(self._fold)
        if len(self._kept) > _MOST:
            self._every *= 2
            self._kept = {number: fold for number, fold in self._kept.items() if number % self._every == 0}
