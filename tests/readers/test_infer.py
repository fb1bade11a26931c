"""The instrument that the first records tell."""

from __future__ import annotations

import pytest

from orderpit.model.errors import InvalidData
from orderpit.model.instrument import Instrument
from orderpit.readers import infer_instrument

OHLCV = "date,open,high,low,close,volume\n"


def test_bars_of_a_share_are_in_whole_shares_and_dollars(tmp_path):
    path = tmp_path / "AAPL.csv"
    path.write_text(f"{OHLCV}2010-01-04,213.43,214.5,212.38,214.0100,17633200\n")
    expected = Instrument("AAPL", price_increment="0.01", quantity_increment="1", quote_currency="USD")
    assert infer_instrument(path) == expected


def test_bars_of_a_pair_are_in_small_parts_of_the_base(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(f"{OHLCV}2010-01-04,3,3,3,3,1\n")
    expected = Instrument("BTC/USD", price_increment="1", quantity_increment="0.00000001")
    assert infer_instrument([path], "BTC/USD") == expected


def test_a_pair_written_without_a_slash_is_quoted_in_its_quote_currency(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(f"{OHLCV}2010-01-04,3,3,3,3,1\n")
    found = infer_instrument(path, "BTCUSDT")
    assert (found.symbol, found.base, found.quote) == ("BTCUSDT", "BTC", "USDT")


def test_increments_are_the_most_decimals_seen_without_trailing_zeros(tmp_path):
    path = tmp_path / "BTCUSDT-trades.csv"
    path.write_text(
        "".join(f"1,{p}0000,{q}0000,1,1723161254087,True,True\n" for p, q in [("2.5", "3.0"), ("2.25", "0.001")])
    )
    assert infer_instrument(path) == Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.001")


def test_only_the_first_thousand_records_are_looked_at(tmp_path):
    path = tmp_path / "AAPL.csv"
    path.write_text(OHLCV + "2010-01-04,1.5,1.5,1.5,1.5,1\n" * 1_000 + "a bad row\n")
    assert str(infer_instrument(path).price_increment) == "0.1"


def test_records_of_another_symbol_do_not_count(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("date,symbol,open,high,low,close\n2010-01-04,AAPL,1.5,1.5,1.5,1.5\n2010-01-04,IBM,1,1.25,1,1\n")
    assert str(infer_instrument(path).price_increment) == "0.1"


def test_a_bad_row_is_refused_or_skipped_as_asked(tmp_path):
    path = tmp_path / "AAPL.csv"
    path.write_text(f"{OHLCV}bad\n2010-01-04,3,3,3,3,1\n")
    with pytest.raises(InvalidData, match="line 2"):
        infer_instrument(path)
    assert infer_instrument(path, skip_bad_rows=True).symbol == "AAPL"


def test_a_file_without_a_record_tells_nothing(tmp_path):
    path = tmp_path / "AAPL.csv"
    path.write_text(OHLCV)
    with pytest.raises(InvalidData, match="holds no record"):
        infer_instrument(path)
