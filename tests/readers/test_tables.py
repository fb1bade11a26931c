"""CSV files: what each format's rows become."""

from __future__ import annotations

import gzip
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from orderpit.model.errors import InvalidData
from orderpit.model.kinds import Side
from orderpit.model.market import Bar, Trade
from orderpit.readers import Format, open_records

if TYPE_CHECKING:
    from pathlib import Path

MS = 1_000_000
TRADES_HEADER = "id,price,qty,quoteQty,time,isBuyerMaker,isBestMatch\n"
TRADE = "4356546541,61837.63000000,0.02000000,1236.75260000,{time},{maker},True\n"
KLINE = "{time},3.0,4.0,2.0,3.5,12.5,{close},43.2,17,6.0,21.0,0\n"
OHLCV = "date,open,high,low,close,volume\n"


def read(path: Path, text: str, **options):
    path.write_bytes(text.encode())
    with open_records(path, **options) as records:
        return list(records)


@pytest.mark.parametrize("header", ["", TRADES_HEADER], ids=["no header", "header"])
@pytest.mark.parametrize(
    "time", ["1723161254087", "1723161254087000"], ids=["milliseconds as until 2024", "microseconds as since 2025"]
)
def test_binance_trades_are_read_with_either_unit_of_time(tmp_path, header, time):
    path = tmp_path / "BTCUSDT-trades-2024-08-08.csv"
    (found,) = read(path, header + TRADE.format(time=time, maker="True"))
    assert found == Trade(
        "BTC/USDT",
        price="61837.63000000",
        size="0.02",
        aggressor=Side.SELL,
        time_ns=1723161254087 * MS,
        source="BTCUSDT-trades-2024-08-08.csv",
    )


@pytest.mark.parametrize(
    ("maker", "aggressor"),
    [
        ("True", Side.SELL),
        ("true", Side.SELL),
        ("1", Side.SELL),
        ("False", Side.BUY),
        ("false", Side.BUY),
        ("0", Side.BUY),
    ],
    ids=["True", "true", "1", "False", "false", "0"],
)
def test_a_buyer_who_made_the_price_was_sold_to(tmp_path, maker, aggressor):
    (found,) = read(tmp_path / "ETHUSDT-trades.csv", TRADE.format(time=1723161254087, maker=maker))
    assert found.aggressor is aggressor


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("", 1),
        (
            "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n",
            1,
        ),
        ("", 1000),
    ],
    ids=["no header", "header", "microseconds"],
)
def test_the_time_of_a_kline_is_its_close_time(tmp_path, header, unit):
    row = KLINE.format(time=1704067200000 * unit, close=1704067260000 * unit - 1)
    (found,) = read(tmp_path / "BTCFDUSD-1m-2024-01.csv", header + row)
    assert found == Bar(
        "BTC/FDUSD",
        open="3.0",
        high="4.0",
        low="2.0",
        close="3.5",
        volume="12.5",
        time_ns=1704067260000 * MS - MS // unit,
        source="BTCFDUSD-1m-2024-01.csv",
    )


def test_recorded_trades_carry_their_receive_time(tmp_path):
    text = (
        "recv_ts_ns,exch_ts_ms,trade_id,price,qty,buyer_is_maker\n1723161254087896568,1723161255342,3735683259,5,2,0\n"
    )
    (found,) = read(tmp_path / "binance_spot_ethusdt_trades_20240808T2354.csv", text)
    assert (found.symbol, found.time_ns, found.aggressor) == ("ETH/USDT", 1723161254087896568, Side.BUY)


def test_a_minute_of_lean_ends_a_minute_after_it_begins(tmp_path):
    path = tmp_path / "coinbase_btcusd_20180404_trade.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("20180404_btcusd_minute_trade.csv", "60000,7420,7422,7405,7405,13.35069752\n")
    with open_records(path) as records:
        assert records.format is Format.LEAN_BARS
        (found,) = records
    midnight = 1522800000 * 1000 * MS
    assert (found.symbol, found.time_ns, found.high) == ("BTC/USD", midnight + 120_000 * MS, Decimal(7422))


@pytest.mark.parametrize(
    ("written", "time_ns"),
    [
        ("2010-01-04", 1262649599_999999999),
        ("20100104", 1262649599_999999999),
        ("2010-01-04T00:00:00", 1262563200_000000000),
        ("2010-01-04 09:30", 1262597400_000000000),
        ("2010-01-04 09:30:00.123456789", 1262597400_123456789),
        ("2010-01-04T09:30:00Z", 1262597400_000000000),
        ("2010-01-04T09:30:00-05:00", 1262615400_000000000),
        ("20100104T093000+0530", 1262577600_000000000),
        ("1262597400", 1262597400_000000000),
        ("1262597400123", 1262597400_123000000),
        ("1262597400123456", 1262597400_123456000),
        ("1262597400123456789", 1262597400_123456789),
    ],
)
def test_the_time_of_a_bar_may_be_written_in_many_ways(tmp_path, written, time_ns):
    (found,) = read(tmp_path / "x.csv", f"{OHLCV}{written},1,2,0.5,1.5,7\n", symbol="AAPL")
    assert found.time_ns == time_ns


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "2010-02-30",
        "0000-01-01",
        "1969-12-31",
        "2010-01-04T24:00:00",
        "2010-01-04T23:59:60",
        "2010-01-04 09:30:00.1234567891",
        "2010-01-04T09:30:00+25:00",
        "-1",
        "1.5",
        "９999999999",  # noqa: RUF001  # a full-width digit is the point
        "9999999999999999999",
        "10000000000000000000000",
        "9999-01-01",
    ],
)
def test_a_time_that_is_none_is_refused_by_name(tmp_path, written):
    with pytest.raises(InvalidData, match="time") as caught:
        read(tmp_path / "x.csv", f"{OHLCV}{written},1,2,0.5,1.5,7\n", symbol="AAPL")
    assert caught.value.line == 2


def test_columns_are_found_by_name_in_any_order_and_case(tmp_path):
    header = "Name,CLOSE, Open ,Timestamp,Low,High,Adj Close\n"
    text = header + '"Apple, Inc.",3,2,1262597400,1,4,0.1\nApple,3,2,1262597401,1,4,\n'
    first, second = read(tmp_path / "AAPL.csv", text)
    assert first == Bar(
        "AAPL", open="2", high="4", low="1", close="3", time_ns=1262597400 * 1000 * MS, source="AAPL.csv"
    )
    assert second.time_ns == first.time_ns + 1000 * MS


def test_an_empty_volume_is_unknown_and_a_zero_is_zero(tmp_path):
    unknown, zero = read(tmp_path / "AAPL.csv", f"{OHLCV}2010-01-04,1,1,1,1,\n2010-01-05,1,1,1,1,0\n")
    assert (unknown.volume, zero.volume) == (None, Decimal(0))


def test_a_symbol_column_names_the_symbol_of_each_row(tmp_path):
    text = "date,symbol,open,high,low,close\n" + "".join(
        f"2010-01-04,{name},1,1,1,1\n" for name in ("AAPL", "GBTC", "BTCUSDT", "ETH/USD", "BNBUSD")
    )
    found = [bar.symbol for bar in read(tmp_path / "x.csv", text)]
    assert found == ["AAPL", "GBTC", "BTC/USDT", "ETH/USD", "BNB/USD"]


def test_a_row_of_another_symbol_than_the_one_asked_for_is_refused(tmp_path):
    text = "date,symbol,open,high,low,close\n2010-01-04,AAPL,1,1,1,1\n2010-01-04,IBM,1,1,1,1\n"
    with pytest.raises(InvalidData, match="line 3: symbol must be the symbol asked for, AAPL, got 'IBM'"):
        read(tmp_path / "x.csv", text, symbol="AAPL")


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT-trades-2024-08-08.csv", "BTC/USDT"),
        ("btcusdt.csv.gz", "BTC/USDT"),
        ("binance_spot_btcusdt_trades_20240808T2354_20240809T0005.csv.gz", "BTC/USDT"),
        ("coinbase_btcusd_20180404_trade.zip", "BTC/USD"),
        ("ETH-BTC_1m.csv", "ETH/BTC"),
        ("1000PEPEUSDT-1m.csv", "1000PEPE/USDT"),
        ("BTCTUSD.csv", "BTC/TUSD"),
        ("DOTUSD.csv", "DOT/USD"),
        ("USDCUSDT.csv", "USDC/USDT"),
        ("MSFT.csv", "MSFT"),
    ],
)
def test_the_symbol_is_taken_from_the_name_of_the_file(tmp_path, name, symbol):
    (found,) = read(tmp_path / name, f"{OHLCV}2010-01-04,1,1,1,1,1\n")
    assert found.symbol == symbol


@pytest.mark.parametrize("name", ["data.csv", "aapl.csv", "prices_2010.csv", "spot_btc.csv", "20100104.csv"])
def test_a_symbol_that_is_nowhere_is_asked_for(tmp_path, name):
    with pytest.raises(InvalidData, match="pass --symbol"):
        read(tmp_path / name, f"{OHLCV}2010-01-04,1,1,1,1,1\n")


def test_a_symbol_given_wins_over_the_name_of_the_file(tmp_path):
    (found,) = read(tmp_path / "BTCUSDT.csv", f"{OHLCV}2010-01-04,1,1,1,1,1\n", symbol="XBT/USD")
    assert found.symbol == "XBT/USD"


def test_times_may_go_backwards(tmp_path):
    found = read(tmp_path / "AAPL.csv", f"{OHLCV}2010-01-05,1,1,1,1,1\n2010-01-04,1,1,1,1,1\n")
    assert found[0].time_ns > found[1].time_ns


def test_files_are_read_one_after_the_other_whatever_their_packing(tmp_path):
    plain, packed, several = tmp_path / "AAPL.csv", tmp_path / "MSFT.csv.gz", tmp_path / "both.zip"
    plain.write_text(f"{OHLCV}2010-01-04,1,1,1,1,1\n")
    packed.write_bytes(gzip.compress(f"{OHLCV}2010-01-05,1,1,1,1,1\n".encode()))
    with zipfile.ZipFile(several, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("folder")
        archive.writestr("folder/IBM.csv", f"{OHLCV}2010-01-06,1,1,1,1,1\n")
        archive.writestr("folder/BTCUSDT-trades.csv", TRADE.format(time=1723161254087, maker="1"))
    with open_records([plain, str(packed), several]) as records:
        assert [record.symbol for record in records] == ["AAPL", "MSFT", "IBM", "BTC/USDT"]
        assert records.bytes_read == records.total_bytes
        assert records.total_bytes == sum(path.stat().st_size for path in (plain, packed, several))
        assert records.source == f"{plain}, {packed}, {several}"


def test_line_ends_blank_lines_and_a_byte_order_mark_are_no_rows(tmp_path):
    text = f"\ufeff\r\n{OHLCV}\n2010-01-04,1,1,1,1,1\r\n\n  \n2010-01-05,1,1,1,1,1\r"
    assert len(read(tmp_path / "AAPL.csv", text.replace("volume\n", "volume\r\n"))) == 2


def test_progress_is_told_while_reading(tmp_path):
    path = tmp_path / "AAPL.csv"
    path.write_text(OHLCV + "2010-01-04,1,1,1,1,1\n" * 50_000)
    with open_records(path) as records:
        assert (records.bytes_read, records.total_bytes) == (0, path.stat().st_size)
        next(records)
        assert 0 < records.bytes_read < records.total_bytes


def test_no_records_come_after_close(tmp_path):
    path = tmp_path / "AAPL.csv"
    path.write_text(OHLCV + "2010-01-04,1,1,1,1,1\n" * 3)
    records = open_records(path)
    assert isinstance(next(records), Bar)
    records.close()
    records.close()
    assert list(records) == []
