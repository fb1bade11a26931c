"""Rows of CSV files as trades and bars: Binance's public trades and klines, recorded trades, OHLCV, Lean's minutes."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from ..model.errors import InvalidMarketData
from ..model.kinds import Side
from ..model.market import Bar, MarketData, Trade
from ..model.text import identifier
from ._build import bar, trade
from ._layout import Field, Layout, amount, count, flag, is_set, optional, price
from ._symbols import named, same
from ._times import DAY, MILLISECOND, epoch, moment

Parse = Callable[[str], MarketData | None]
"""Turns one line into what it says, or into None; raises InvalidMarketData."""

_MILLISECONDS = re.compile("[0-9]{1,8}")


def _of_the_day(text: str) -> int:
    if not _MILLISECONDS.fullmatch(text) or int(text) * MILLISECOND >= DAY:
        raise InvalidMarketData.of("milliseconds of the day", text, "must be below 86400000")
    return int(text)


_PRICE: Final = price("price")
_SIZE: Final = price("qty")
_TIME: Final = count("time")
_MAKER: Final = flag("isBuyerMaker")
_OPEN: Final = price("open")
_HIGH: Final = price("high")
_LOW: Final = price("low")
_CLOSE: Final = price("close")
_VOLUME: Final = optional(amount("volume"))
_LEAN_TIME: Final = Field("milliseconds of the day", _MILLISECONDS.pattern, _of_the_day)
_MOMENT: Final = Field("time", '[^,"]{1,40}', moment)
_SYMBOL: Final = Field("symbol", "[A-Za-z0-9._:/-]{1,64}", lambda text: identifier("symbol", text, InvalidMarketData))

_TRADES: Final = {"price": _PRICE, "qty": _SIZE, "isbuyermaker": _MAKER, "buyerismaker": _MAKER}
_KLINES: Final = {"open": _OPEN, "high": _HIGH, "low": _LOW, "close": _CLOSE, "volume": _VOLUME, "closetime": _TIME}
_OHLCV: Final = {
    "open": _OPEN,
    "high": _HIGH,
    "low": _LOW,
    "close": _CLOSE,
    "volume": _VOLUME,
    "symbol": _SYMBOL,
    **dict.fromkeys(("time", "timestamp", "date", "datetime"), _MOMENT),
}


def trades(columns: Sequence[str], time: str, symbol: str, source: str) -> Parse:
    """Read trades whose time stands in the named column. A buyer who is the maker was hit: the aggressor sold."""
    fields = _TRADES | {time: _TIME}
    split = Layout([fields.get(column) for column in columns], (_TIME, _PRICE, _SIZE, _MAKER)).split

    def parse(row: str) -> Trade:
        when, at, size, maker = split(row)
        aggressor = Side.SELL if is_set(maker) else Side.BUY
        return trade(symbol, Decimal(at), Decimal(size), aggressor, epoch(when), source)

    return parse


def klines(columns: Sequence[str], symbol: str, source: str) -> Parse:
    """Read Binance's klines. The time of a bar is its close_time, as it is written."""
    wanted = (_TIME, _OPEN, _HIGH, _LOW, _CLOSE, _VOLUME)
    split = Layout([_KLINES.get(column) for column in columns], wanted).split

    def parse(row: str) -> Bar:
        when, opened, high, low, close, volume = split(row)
        return bar(symbol, _prices(opened, high, low, close), _volume(volume), epoch(when), source)

    return parse


def ohlcv(columns: Sequence[str], symbol: str | None, source: str) -> Parse:
    """Read bars of any time column; a symbol column must agree with a symbol given.

    The time is taken as the end of the interval, as it stands, and a date alone as the end of that day: see moment().
    """
    wanted = (_MOMENT, _OPEN, _HIGH, _LOW, _CLOSE, _VOLUME, _SYMBOL)
    split = Layout([_OHLCV.get(column) for column in columns], wanted).split

    @functools.lru_cache(maxsize=1024)
    def symbol_of(text: str) -> str:
        if symbol is None:
            return named(text)
        if text and not same(symbol, text):
            raise InvalidMarketData.of("symbol", text, f"must be the symbol asked for, {symbol}")
        return symbol

    def parse(row: str) -> Bar:
        when, opened, high, low, close, volume, name = split(row)
        return bar(symbol_of(name), _prices(opened, high, low, close), _volume(volume), moment(when), source)

    return parse


def lean(midnight: int, interval: int, symbol: str, source: str) -> Parse:
    """Read Lean's bars: milliseconds of the day where the interval begins, open, high, low, close, volume."""
    columns = (_LEAN_TIME, _OPEN, _HIGH, _LOW, _CLOSE, _VOLUME)
    split = Layout(columns, columns).split

    def parse(row: str) -> Bar:
        when, opened, high, low, close, volume = split(row)
        time_ns = midnight + _of_the_day(when) * MILLISECOND + interval
        return bar(symbol, _prices(opened, high, low, close), _volume(volume), time_ns, source)

    return parse


def _prices(opened: str, high: str, low: str, close: str) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return Decimal(opened), Decimal(high), Decimal(low), Decimal(close)


def _volume(text: str) -> Decimal | None:
    return Decimal(text) if text else None
