"""One symbol's order book, rebuilt from a snapshot and the diffs around it."""

from __future__ import annotations

from collections import deque
from typing import Final

import attrs

from ..model.errors import InvalidMarketData
from ..model.kinds import Side
from ..model.market import Level
from ..model.order_book import OrderBook
from ..model.undo import Undo

_WAITING: Final = 1_000
"""Diffs kept while no snapshot has come: at one every 100 ms, of the last 100 s. A recording may never have one."""


@attrs.frozen
class Diff:
    """The levels that changed from update first to update last; a size of zero takes the level away."""

    first: int
    last: int
    bids: list[Level]
    asks: list[Level]


class Book:
    """The rule of Binance: buffer the diffs, take a snapshot, drop the diffs up to its id, apply the rest.

    https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams, "How to manage a local order book
    correctly". A diff that leaves a gap makes the book invalid until the next snapshot.
    """

    def __init__(self) -> None:
        self._undo = Undo()
        self._book = OrderBook(self._undo)
        self._waiting: deque[Diff] = deque(maxlen=_WAITING)
        self.update_id: int | None = None
        """The last update in the book; None while it is not valid."""
        self.unused = 0
        """Diffs that came while there was no valid book and that no snapshot has made use of."""

    def snapshot(self, update_id: int, bids: list[Level], asks: list[Level]) -> bool:
        """Take a snapshot as of update_id, and say whether it was used: one older than a valid book is not.

        Raises:
            InvalidMarketData: when updates between it and the diffs at hand are missing.
        """
        if self.update_id is not None and update_id <= self.update_id:
            return False
        self._book = OrderBook(self._undo)
        self._apply(bids, asks)
        self.update_id = update_id
        waiting, self._waiting = self._waiting, deque(maxlen=_WAITING)
        self.unused = 0
        gap: InvalidMarketData | None = None
        for diff in waiting:
            try:
                self.diff(diff)
            except InvalidMarketData as error:
                # There is at most one: from here on the rest waits for the next snapshot.
                gap = error
        if gap is not None:
            raise gap
        return True

    def diff(self, diff: Diff) -> bool:
        """Apply a diff, keep it until there is a snapshot, or drop it when the book is past it; say whether it applied.

        Raises:
            InvalidMarketData: when updates before it are missing; the book is then no longer valid.
        """
        known = self.update_id
        if known is not None and diff.last <= known:
            return False
        if known is not None and diff.first <= known + 1:
            self._apply(diff.bids, diff.asks)
            self.update_id = diff.last
            return True
        self.update_id = None
        self._waiting.append(diff)
        self.unused += 1
        if known is not None:
            raise InvalidMarketData.of("U", diff.first, f"must follow update {known}; the book waits for a snapshot")
        return False

    def top(self, levels: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Return the best bids and asks, the best first."""
        recorded = self._book.recorded
        return recorded.top(Side.SELL, levels), recorded.top(Side.BUY, levels)

    def _apply(self, bids: list[Level], asks: list[Level]) -> None:
        # Each message is applied as a whole, or it is refused before: there is never one to take back.
        self._undo.begin()
        self._book.diff(bids, asks)
