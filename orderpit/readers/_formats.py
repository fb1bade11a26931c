"""Which format a file has, told by its first line, and what reads its rows."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

import attrs

from ..model.errors import InvalidMarketData
from . import _tables
from ._layout import cells
from ._recording import Recording, begins
from ._symbols import of_names
from ._tables import Parse
from ._times import MINUTE, SECOND, date_in


class Format(Enum):
    """The formats that can be read."""

    BINANCE_RECORDING = "Binance WebSocket recording"
    BINANCE_TRADES = "Binance trades CSV"
    BINANCE_KLINES = "Binance klines CSV"
    RECORDED_TRADES = "recorded trades CSV"
    OHLCV = "OHLCV CSV"
    LEAN_BARS = "Lean bars CSV"


_TRADES: Final = ("id", "price", "qty", "quoteqty", "time", "isbuyermaker", "isbestmatch")
_RECORDED: Final = ("recvtsns", "exchtsms", "tradeid", "price", "qty", "buyerismaker")
_KLINES: Final = (
    *("opentime", "open", "high", "low", "close", "volume", "closetime"),
    *("quotevolume", "count", "takerbuyvolume", "takerbuyquotevolume", "ignore"),
)
_PRICES: Final = {"open", "high", "low", "close"}
_TIMES: Final = {"time", "timestamp", "date", "datetime"}
_LEAN_COLUMNS: Final = 6
_MOST_COLUMNS: Final = 1_000
_SINCE_EPOCH = re.compile(r"[0-9]{10,19}")
_OF_THE_DAY = re.compile(r"[0-9]{1,8}")


@attrs.frozen
class Detected:
    """What the first line told: the format, the names of the columns, and whether the line is a header."""

    format: Format
    columns: tuple[str, ...] = ()
    header: bool = False


def detect(line: str) -> Detected:
    """Tell the format by the first line that is not blank.

    A header decides by its names, whatever their case, underscores and order. Without one the number of columns
    decides, with a look at those that hold times.

    Raises:
        InvalidMarketData: for a line of no known format, and for a header whose columns are missing or doubled.
    """
    if begins(line):
        return Detected(Format.BINANCE_RECORDING)
    found = tuple(cells(line))
    if len(found) > _MOST_COLUMNS:
        raise InvalidMarketData.of("header", line, f"has more than {_MOST_COLUMNS} columns")
    columns = tuple(cell.strip().lower().replace("_", "") for cell in found)
    names = set(columns)
    kind: Format | None = None
    if set(_RECORDED) <= names:
        kind = Format.RECORDED_TRADES
    elif {"price", "qty", "time", "isbuyermaker"} <= names:
        kind = Format.BINANCE_TRADES
    elif {"opentime", "closetime", *_PRICES} <= names:
        kind = Format.BINANCE_KLINES
    elif names & _PRICES:
        kind = Format.OHLCV
        missing = ", ".join(sorted(_PRICES - names))
        if missing:
            raise InvalidMarketData.of("header", line, f"has no column {missing}")
        if len(names & _TIMES) != 1:
            raise InvalidMarketData.of("header", line, f"must have one column of {', '.join(sorted(_TIMES))}")
    if kind is not None:
        for name in names & {*_RECORDED, *_TRADES, *_KLINES, *_TIMES, "symbol"}:
            if columns.count(name) > 1:
                raise InvalidMarketData.of("header", line, f"has the column {name} more than once")
        return Detected(kind, columns, header=True)
    if len(found) == len(_TRADES) and _SINCE_EPOCH.fullmatch(found[4]):
        return Detected(Format.BINANCE_TRADES, _TRADES)
    if len(found) == len(_KLINES) and _SINCE_EPOCH.fullmatch(found[0]) and _SINCE_EPOCH.fullmatch(found[6]):
        return Detected(Format.BINANCE_KLINES, _KLINES)
    if len(found) == _LEAN_COLUMNS and _OF_THE_DAY.fullmatch(found[0]):
        return Detected(Format.LEAN_BARS)
    known = ", ".join(kind.value for kind in Format)
    raise InvalidMarketData.of("file", line, f"is of no known format; known are {known}")


def parser(detected: Detected, names: tuple[str, ...], symbol: str | None, source: str, recording: Recording) -> Parse:
    """Return what reads the rows of one file.

    Args:
        detected: what the first line told.
        names: the names of the file, which may hold the symbol and the date.
        symbol: what the caller calls the symbol, if he does.
        source: what every record says about where it is from.
        recording: the one reader that all recordings of a session share.

    Raises:
        InvalidMarketData: when the symbol, or the date of a format that needs one, is nowhere to be found.
    """
    columns = detected.columns
    if detected.format is Format.BINANCE_RECORDING:
        recording.begin(names, source)
        return recording.parse
    known = symbol or of_names(names)
    if detected.format is Format.OHLCV and "symbol" in columns:
        return _tables.ohlcv(columns, symbol, source)
    if known is None:
        raise InvalidMarketData.of("symbol", names[0], "is not in the data nor in the name of the file: pass --symbol")
    match detected.format:
        case Format.BINANCE_TRADES:
            return _tables.trades(columns, "time", known, source)
        case Format.RECORDED_TRADES:
            return _tables.trades(columns, "recvtsns", known, source)
        case Format.BINANCE_KLINES:
            return _tables.klines(columns, known, source)
        case Format.OHLCV:
            return _tables.ohlcv(columns, known, source)
        case Format.LEAN_BARS:
            midnight = date_in(names)
            if midnight is None:
                raise InvalidMarketData.of("date", names[0], "is not in the name of the file, as Lean's bars need it")
            interval = SECOND if any("second" in name for name in names) else MINUTE
            return _tables.lean(midnight, interval, known, source)
