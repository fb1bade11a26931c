"""Quotes for a reader that has fallen behind: the newest of each symbol instead of all of them."""

from __future__ import annotations

from typing import Final

import attrs

from ..model.market import Quote

BEHIND: Final = 1_000
"""Messages that may wait for a reader before its quotes are conflated."""


@attrs.frozen
class NewestQuote:
    """Stands in a mailbox for the newest quote of a symbol."""

    symbol: str


class QuoteSlots:
    """One slot a symbol, between one writer and one reader, without a lock.

    Each step below is atomic. The writer fills the slot before it looks whether a marker waits; the reader takes the
    marker away before it empties the slot. So a quote may find its slot emptied early, and its marker an empty slot,
    but no newest quote stays behind.
    """

    def __init__(self) -> None:
        self._newest: dict[str, Quote] = {}
        self._marked: set[str] = set()
        self.conflated = 0

    def put(self, quote: Quote) -> NewestQuote | None:
        """Store the newest quote; the marker returned, if any, must be sent to the reader."""
        if quote.symbol in self._newest:
            self.conflated += 1
        self._newest[quote.symbol] = quote
        if quote.symbol in self._marked:
            return None
        self._marked.add(quote.symbol)
        return NewestQuote(quote.symbol)

    def waits(self, symbol: str) -> bool:
        """Say whether a quote waits here; a newer one that went around it would be read before it."""
        return symbol in self._marked or symbol in self._newest

    def take(self, marker: NewestQuote) -> Quote | None:
        """Take the newest quote; None when an earlier marker has brought it already."""
        self._marked.discard(marker.symbol)
        return self._newest.pop(marker.symbol, None)
