"""Binance WebSocket recordings: one receive time and one JSON message a line."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, cast

from ..model.errors import InvalidMarketData
from ..model.kinds import Side
from ..model.market import Depth, Level, MarketData, Quote, Trade
from ._book import Book, Diff
from ._build import NUMBER, depth, quote, trade
from ._json import json_object
from ._symbols import of_names, same, split

_LINE = re.compile(r"([0-9]{1,19}) (\{.*)", re.DOTALL)
_NUMBER = re.compile(NUMBER)
_CODE = re.compile(r"[A-Z0-9]{2,32}")
_ID_LIMIT: Final = 2**63
_REQUEST: Final = "pass --symbol BASE/QUOTE"


def begins(line: str) -> bool:
    """Say whether a line is one of a recording."""
    return _LINE.fullmatch(line) is not None


class Recording:
    """Reads the lines of one session's recordings, of one file after another: the books live on from file to file.

    The time of everything is the receive time. A bookTicker is a Quote, a trade is a Trade, and a depth diff or
    snapshot is a Depth once the book is valid.
    """

    def __init__(self, symbol: str | None, levels: int) -> None:
        self._given = symbol
        self._levels = levels
        self._symbols: dict[str, str] = {}
        self._books: dict[str, Book] = {}
        self._names: tuple[str, ...] = ()
        self._here: set[str] = set()
        self._source = ""

    def begin(self, names: tuple[str, ...], source: str) -> None:
        """Go on with another file."""
        self._names, self._source = names, source
        self._here.clear()

    def notes(self) -> tuple[str, ...]:
        """Return what a report should say about the books."""
        return tuple(
            f"{book.unused} depth updates of {symbol} came without a snapshot to apply them to"
            for symbol, book in self._books.items()
            if book.unused
        )

    def parse(self, line: str) -> MarketData | None:
        """Read one line; None is a depth message that completes no book."""
        found = _LINE.fullmatch(line)
        if found is None:
            raise InvalidMarketData.of("row", line, "must be a receive time in nanoseconds and a JSON object")
        time_ns = int(found[1])
        message = json_object(found[2])
        if "lastUpdateId" in message:
            return self._snapshot(message, time_ns)
        data = message.get("data", message)
        if not isinstance(data, dict):
            raise InvalidMarketData.of("data", data, "must be an object")
        data = cast("dict[str, object]", data)
        match data.get("e"):
            case "trade":
                return self._trade(data, time_ns)
            case "depthUpdate":
                return self._diff(data, time_ns)
            case None if "u" in data and "B" in data and "A" in data:
                return self._quote(data, time_ns)
            case other:
                raise InvalidMarketData.of(
                    "e", other, "must be a trade, a depthUpdate, a bookTicker or a depth snapshot"
                )

    def _trade(self, data: dict[str, object], time_ns: int) -> Trade:
        maker = data.get("m")
        if type(maker) is not bool:
            raise InvalidMarketData.of("m", maker, "must be true or false")
        # The buyer was the maker, so the seller took liquidity.
        aggressor = Side.SELL if maker else Side.BUY
        return trade(self._symbol(data), _number(data, "p"), _number(data, "q"), aggressor, time_ns, self._source)

    def _quote(self, data: dict[str, object], time_ns: int) -> Quote:
        bid, bid_size = _number(data, "b"), _number(data, "B")
        ask, ask_size = _number(data, "a"), _number(data, "A")
        # An empty side of the book is written as price 0 and size 0.
        return quote(
            self._symbol(data),
            bid if bid or bid_size else None,
            bid_size,
            ask if ask or ask_size else None,
            ask_size,
            time_ns,
            self._source,
        )

    def _diff(self, data: dict[str, object], time_ns: int) -> Depth | None:
        symbol = self._symbol(data)
        first, last = _id(data, "U"), _id(data, "u")
        if last < first:
            raise InvalidMarketData.of("u", last, f"must not be below U {first}")
        book = self._book(symbol)
        return self._depth(
            symbol, time_ns, changed=book.diff(Diff(first, last, _levels(data, "b"), _levels(data, "a")))
        )

    def _snapshot(self, data: dict[str, object], time_ns: int) -> Depth | None:
        symbol = self._whose()
        update_id = _id(data, "lastUpdateId")
        changed = self._book(symbol).snapshot(update_id, _levels(data, "bids"), _levels(data, "asks"))
        return self._depth(symbol, time_ns, changed=changed)

    def _depth(self, symbol: str, time_ns: int, *, changed: bool) -> Depth | None:
        if not changed:
            return None
        bids, asks = self._books[symbol].top(self._levels)
        return depth(symbol, bids, asks, time_ns, self._source)

    def _book(self, symbol: str) -> Book:
        book = self._books.get(symbol)
        if book is None:
            book = self._books[symbol] = Book()
        return book

    def _symbol(self, data: dict[str, object]) -> str:
        code = data.get("s")
        known = self._symbols.get(code) if type(code) is str else None
        if known is None:
            known = self._learned(code)
        self._here.add(known)
        return known

    def _learned(self, code: object) -> str:
        if type(code) is not str or not _CODE.fullmatch(code):
            raise InvalidMarketData.of("s", code, "must be a symbol of capital letters and digits")
        if self._given is not None and not same(self._given, code):
            raise InvalidMarketData.of("s", code, f"must be the symbol asked for, {self._given}")
        symbol = self._given or split(code)
        if symbol is None:
            raise InvalidMarketData.of("s", code, f"ends in no known quote currency: {_REQUEST}")
        self._symbols[code] = symbol
        return symbol

    def _whose(self) -> str:
        """Return the symbol of a snapshot, which as the venue sends it does not say."""
        if self._given is not None:
            return self._given
        if len(self._here) == 1:
            return next(iter(self._here))
        symbol = None if self._here else of_names(self._names)
        if symbol is None:
            raise InvalidMarketData.of("lastUpdateId", None, f"is of a snapshot whose symbol is not known: {_REQUEST}")
        return symbol


def _number(data: dict[str, object], key: str) -> Decimal:
    text = data.get(key)
    if type(text) is not str or not _NUMBER.fullmatch(text):
        raise InvalidMarketData.of(key, text, "must be the text of a plain decimal number that is not negative")
    return Decimal(text)


def _id(data: dict[str, object], key: str) -> int:
    value = data.get(key)
    if type(value) is not int or not 0 <= value < _ID_LIMIT:
        raise InvalidMarketData.of(key, value, "must be an update id")
    return value


def _levels(data: dict[str, object], key: str) -> list[Level]:
    levels = data.get(key)
    if type(levels) is not list:
        raise InvalidMarketData.of(key, levels, "must be a list of price and size")
    return [_level(key, level) for level in cast("list[object]", levels)]


def _level(key: str, level: object) -> Level:
    match level:
        case [str(price), str(size)] if _NUMBER.fullmatch(price) and _NUMBER.fullmatch(size) and Decimal(price):
            return Decimal(price), Decimal(size)
        case _:
            raise InvalidMarketData.of(
                key, level, "must be pairs of a price and a size, as texts of plain decimal numbers"
            )
