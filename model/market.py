"""Market data: immutable observations of one symbol's market."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final, TypeAlias, cast

import attrs

from .errors import InvalidMarketData
from .kinds import Side
from .numbers import Number, not_negative, plain, positive, whole
from .text import free_text, identifier

Level = tuple[Decimal, Decimal]
"""One price level of a book: (price, size)."""


def _symbol(value: str) -> str:
    return identifier("symbol", value, InvalidMarketData)


def _time(value: int) -> int:
    return whole("time_ns", value, InvalidMarketData)


def _source(value: str) -> str:
    return free_text("source", value, InvalidMarketData)


def _bid(value: Number | None) -> Decimal | None:
    return None if value is None else positive("bid", value, InvalidMarketData)


def _ask(value: Number | None) -> Decimal | None:
    return None if value is None else positive("ask", value, InvalidMarketData)


def _bid_size(value: Number | None) -> Decimal | None:
    return None if value is None else not_negative("bid_size", value, InvalidMarketData)


def _ask_size(value: Number | None) -> Decimal | None:
    return None if value is None else not_negative("ask_size", value, InvalidMarketData)


def _price(value: Number) -> Decimal:
    return positive("price", value, InvalidMarketData)


def _size(value: Number | None) -> Decimal | None:
    return None if value is None else positive("size", value, InvalidMarketData)


def _aggressor(value: Side | None) -> Side | None:
    if value is not None and type(value) is not Side:
        raise InvalidMarketData.of("aggressor", value, "must be a Side or None")
    return value


def _open(value: Number) -> Decimal:
    return positive("open", value, InvalidMarketData)


def _high(value: Number) -> Decimal:
    return positive("high", value, InvalidMarketData)


def _low(value: Number) -> Decimal:
    return positive("low", value, InvalidMarketData)


def _close(value: Number) -> Decimal:
    return positive("close", value, InvalidMarketData)


def _volume(value: Number | None) -> Decimal | None:
    return None if value is None else not_negative("volume", value, InvalidMarketData)


def _items(field: str, value: object, rule: str) -> tuple[object, ...]:
    if type(value) is not tuple and type(value) is not list:
        raise InvalidMarketData.of(field, value, rule)
    return tuple(cast("Sequence[object]", value))


def _level(field: str, value: object) -> Level:
    pair = _items(field, value, "must be a pair of price and size")
    if len(pair) != 2:  # noqa: PLR2004  # a pair
        raise InvalidMarketData.of(field, value, "must be a pair of price and size")
    price = positive(f"{field} price", pair[0], InvalidMarketData)
    return price, not_negative(f"{field} size", pair[1], InvalidMarketData)


def _levels(field: str, value: Sequence[tuple[Number, Number]]) -> tuple[Level, ...]:
    return tuple(_level(field, level) for level in _items(field, value, "must be a sequence of (price, size)"))


def _bids(value: Sequence[tuple[Number, Number]]) -> tuple[Level, ...]:
    levels = _levels("bids", value)
    if any(nearer[0] <= farther[0] for nearer, farther in pairwise(levels)):
        raise InvalidMarketData.of("bids", value, "must fall in price from the best on")
    return levels


def _asks(value: Sequence[tuple[Number, Number]]) -> tuple[Level, ...]:
    levels = _levels("asks", value)
    if any(nearer[0] >= farther[0] for nearer, farther in pairwise(levels)):
        raise InvalidMarketData.of("asks", value, "must rise in price from the best on")
    return levels


@attrs.frozen(kw_only=True)
class Quote:
    """The best bid and ask. A size of None is unknown and taken as unlimited; one side may be absent.

    Raises:
        InvalidMarketData: for a crossed quote (bid above ask), a quote of neither side, and numbers out of range.
    """

    symbol: str = attrs.field(converter=_symbol, kw_only=False)
    bid: Decimal | None = attrs.field(default=None, converter=_bid)
    ask: Decimal | None = attrs.field(default=None, converter=_ask)
    bid_size: Decimal | None = attrs.field(default=None, converter=_bid_size)
    ask_size: Decimal | None = attrs.field(default=None, converter=_ask_size)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="", converter=_source)

    def __attrs_post_init__(self) -> None:
        if self.bid is None and self.ask is None:
            raise InvalidMarketData.of("bid", None, "must be given when there is no ask")
        _refuse_crossed(self.bid, self.ask)


@attrs.frozen(kw_only=True)
class Trade:
    """One execution on the market. The aggressor is the side that took liquidity, None where it is not known."""

    symbol: str = attrs.field(converter=_symbol, kw_only=False)
    price: Decimal = attrs.field(converter=_price)
    size: Decimal | None = attrs.field(default=None, converter=_size)
    aggressor: Side | None = attrs.field(default=None, converter=_aggressor)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="", converter=_source)


@attrs.frozen(kw_only=True)
class Bar:
    """Open, high, low and close of an interval that ends at time_ns.

    Raises:
        InvalidMarketData: when high is not the highest, or low not the lowest, of the four.
    """

    symbol: str = attrs.field(converter=_symbol, kw_only=False)
    open: Decimal = attrs.field(converter=_open)
    high: Decimal = attrs.field(converter=_high)
    low: Decimal = attrs.field(converter=_low)
    close: Decimal = attrs.field(converter=_close)
    volume: Decimal | None = attrs.field(default=None, converter=_volume)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="", converter=_source)

    def __attrs_post_init__(self) -> None:
        if self.high < max(self.open, self.low, self.close):
            raise InvalidMarketData.of("high", self.high, "must be the highest price of the bar")
        if self.low > min(self.open, self.close):
            raise InvalidMarketData.of("low", self.low, "must be the lowest price of the bar")


@attrs.frozen(kw_only=True)
class Depth:
    """The visible book: (price, size) from the best level on, on each side.

    Raises:
        InvalidMarketData: for levels out of order, a crossed book, and numbers out of range.
    """

    symbol: str = attrs.field(converter=_symbol, kw_only=False)
    bids: tuple[Level, ...] = attrs.field(converter=_bids)
    asks: tuple[Level, ...] = attrs.field(converter=_asks)
    time_ns: int = attrs.field(default=0, converter=_time)
    source: str = attrs.field(default="", converter=_source)

    def __attrs_post_init__(self) -> None:
        if self.bids and self.asks:
            _refuse_crossed(self.bids[0][0], self.asks[0][0])


def _refuse_crossed(bid: Decimal | None, ask: Decimal | None) -> None:
    if bid is not None and ask is not None and bid > ask:
        raise InvalidMarketData.of("bid", bid, f"must not be above the ask {plain(ask)}")


MarketData: TypeAlias = Quote | Trade | Bar | Depth
MARKET_DATA: Final = frozenset({Quote, Trade, Bar, Depth})
"""The same as a set: `type(x) in MARKET_DATA` is many times faster than isinstance() on a union."""
