"""How many round trips in a row were lost, of the account, of each strategy and of each symbol.

A round trip is a position of one strategy in one symbol from its opening until it is flat or flips, net of the fees in
the quote currency; one that is not lost ends the row. While nobody takes an interest, fills are only noted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeAlias

from . import events as e
from .booking import quote_of
from .checking import Scope
from .instrument import Instrument
from .numbers import ZERO
from .order import Order
from .positions import Key
from .profits import scopes_around
from .round_trips import Booked, Legs, Restated, RoundTrip, TripBook, closes

_Restatement: TypeAlias = tuple[Order, e.FillBusted | e.FillCorrected]
_Change: TypeAlias = tuple[Booked, Legs, RoundTrip | None] | Restated


class Streaks:
    """The rows of the scopes that are watched.

    Args:
        instruments: by symbol.
        hedged: whether a symbol has a long and a short position.
    """

    def __init__(self, instruments: Mapping[str, Instrument], *, hedged: bool = False) -> None:
        self._instruments = instruments
        self._hedged = hedged
        self._books: dict[Key, TripBook] = {}
        self._rows: dict[Scope, int] = {}
        # Where a row was begun anew: after this entry of the stream.
        self._begun: dict[Scope, int] = {}
        self._noted: list[tuple[Key, Booked | _Restatement]] = []
        self._last = 0

    def watch(self, scopes: Iterable[Scope]) -> None:
        """Count in these scopes and in no others; a new one counts what was lost before too."""
        wanted = frozenset(scopes)
        if wanted:
            noted, self._noted = self._noted, []
            for key, item in noted:
                self._take(key, *self._after(key, item))
        self._rows = {scope: self._rows[scope] if scope in self._rows else self._counted(scope) for scope in wanted}

    def of(self, scope: Scope) -> int:
        """Return how many of the latest round trips of a scope that is watched were lost in a row."""
        return self._rows[scope]

    def restart(self, scope: Scope) -> None:
        """Count anew from here on."""
        self._begun[scope] = self._last
        self._rows[scope] = 0

    def after(self, update: e.OrderUpdate) -> Callable[[], None] | None:
        """Compute what an entry of the stream changes, and return what takes it over, which cannot fail."""
        order, event = update.order, update.event
        if order is None:
            return None
        item: Booked | _Restatement
        if isinstance(event, e.OrderFilled):
            closing = closes(order, hedged=self._hedged)
            item = Booked(update.sequence, order.order_id, order.side, closing, event.fill)
        elif isinstance(event, e.FillBusted | e.FillCorrected):
            item = order, event
        else:
            return None
        key = order.strategy_id, order.symbol
        if not self._rows:
            return partial(self._noted.append, (key, item))
        return partial(self._take, key, *self._after(key, item))

    def _after(self, key: Key, item: Booked | _Restatement) -> tuple[TripBook, _Change]:
        """Return the book of a strategy in a symbol, and what is yet to be taken over in it."""
        book = self._books.get(key) or TripBook(quote_of(self._instruments, key[1]))
        return book, (item, *book.after(item)) if isinstance(item, Booked) else book.restated(*item)

    def _take(self, key: Key, book: TripBook, change: _Change) -> None:
        self._books[key] = book
        around = [scope for scope in scopes_around(*key) if scope in self._rows]
        if isinstance(change, Restated):
            book.restate(change)
            for scope in around:
                self._rows[scope] = self._counted(scope)
            return
        booked, _, trade = change
        self._last = booked.sequence
        book.take_over(*change)
        if trade is not None:
            for scope in around:
                self._rows[scope] = self._rows[scope] + 1 if trade.profit < ZERO else 0

    def _counted(self, scope: Scope) -> int:
        begun = self._begun.get(scope, 0)
        books = (book for key, book in self._books.items() if scope in scopes_around(*key))
        trades = (trade for book in books for trade in book.trips if trade.sequence > begun)
        row = 0
        for trade in sorted(trades, key=lambda trade: trade.sequence):
            row = row + 1 if trade.profit < ZERO else 0
        return row
