"""The daily bars that ship with the package: where they lie, and what instrument they are of."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Final

from ..model.errors import InvalidMarketData
from ..model.instrument import Instrument
from ..model.market import Bar
from ..readers import open_records

SYMBOLS: Final = ("AAPL", "MSFT", "IBM")
"""The symbols that there are bars of: 754 trading days each, 2010-01-04 to 2012-12-31, prices not adjusted."""


def daily_bars(symbol: str) -> Iterator[Bar]:
    """Return the daily bars of a symbol, from the oldest on.

    A bar's time is the last nanosecond of its day in UTC, when it has long been complete (New York closes at 20:00 or
    21:00), and still falls on its date.

    Raises:
        InvalidMarketData: for a symbol that is not one of SYMBOLS.
    """
    return _read(_checked(symbol))


def instrument(symbol: str) -> Instrument:
    """Return the instrument that the bars are of: whole shares, priced in US dollars and cents.

    Raises:
        InvalidMarketData: for a symbol that is not one of SYMBOLS.
    """
    return Instrument(_checked(symbol), price_increment="0.01", quantity_increment="1", quote_currency="USD")


def _checked(symbol: str) -> str:
    if symbol not in SYMBOLS:
        raise InvalidMarketData.of("symbol", symbol, f"must be one of {', '.join(SYMBOLS)}")
    return symbol


def _read(symbol: str) -> Iterator[Bar]:
    # as_file() gives a real file also when the package was imported from a zip.
    found = resources.files(__name__.rpartition(".")[0]).joinpath(f"{symbol.lower()}.csv")
    with resources.as_file(found) as path, open_records(path, symbol=symbol) as records:
        for record in records:
            assert isinstance(record, Bar)
            yield record
