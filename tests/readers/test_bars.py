"""The daily bars that ship with the package."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from importlib import resources
from itertools import pairwise

import pytest

from orderpit.bars import SYMBOLS, daily_bars, instrument
from orderpit.model.errors import InvalidMarketData


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_bars_are_of_three_years_of_trading_days_in_order(symbol):
    bars = list(daily_bars(symbol))
    assert len(bars) == 754
    assert all(earlier.time_ns < later.time_ns for earlier, later in pairwise(bars))
    assert {bar.symbol for bar in bars} == {symbol}
    dates = [dt.datetime.fromtimestamp(bar.time_ns // 1_000_000_000, dt.UTC).date() for bar in bars]
    assert (dates[0], dates[-1]) == (dt.date(2010, 1, 4), dt.date(2012, 12, 31))
    assert all(date.weekday() < 5 for date in dates)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_no_split_makes_the_prices_jump(symbol):
    assert all(abs(later.close / earlier.close - 1) < Decimal("0.1") for earlier, later in pairwise(daily_bars(symbol)))


def test_the_first_bar_of_apple_is_as_it_was_traded():
    bar = next(daily_bars("AAPL"))
    figures = [str(figure) for figure in (bar.open, bar.high, bar.low, bar.close, bar.volume)]
    assert figures == ["213.43", "214.5", "212.38", "214.01", "17633200"]


def test_shares_are_whole_and_priced_in_cents():
    found = instrument("IBM")
    assert (found.symbol, str(found.price_increment), str(found.quantity_increment)) == ("IBM", "0.01", "1")
    assert found.quote == "USD"


@pytest.mark.parametrize("get", [daily_bars, instrument], ids=["daily_bars", "instrument"])
def test_another_symbol_is_refused_at_once(get):
    with pytest.raises(InvalidMarketData, match="must be one of AAPL, MSFT, IBM"):
        get("GOOG")


def test_the_files_are_small_and_say_where_they_are_from():
    folder = resources.files("orderpit.bars")
    tables = [entry for entry in folder.iterdir() if entry.name.endswith(".csv")]
    assert len(tables) == len(SYMBOLS)
    assert sum(len(table.read_bytes()) for table in tables) < 150_000
    assert "Public domain" in folder.joinpath("PROVENANCE.md").read_text(encoding="utf-8")
