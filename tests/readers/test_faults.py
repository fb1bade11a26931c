"""Files that are damaged, hostile or not there: a record or InvalidData, and never anything else."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orderpit.model.errors import InvalidConfiguration, InvalidData
from orderpit.model.market import Bar, Depth, Quote, Trade
from orderpit.readers import open_records
from orderpit.readers._lines import LINE_LIMIT

if TYPE_CHECKING:
    from pathlib import Path

HEADER = b"date,open,high,low,close,volume\n"
ROW = b"2010-01-04,10,12,9,11,100\n"
TRADE = b"1,61837.63,0.02,1236.75,1723161254087,True,True\n"
KLINE = b"1704067200000,3,4,2,3.5,12.5,1704067259999,43.2,17,6,21,0\n"
RECORDED = b"recv_ts_ns,exch_ts_ms,trade_id,price,qty,buyer_is_maker\n1723161254087896568,1723161255342,3,5,2,0\n"
LEAN = b"60000,7420,7422,7405,7405,13.35\n"
RECORDING = (
    b'100 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":6,"b":[],"a":[]}}\n'
    b'101 {"lastUpdateId":5,"bids":[["10","1"],["9","2"]],"asks":[["11","1"]]}\n'
    b'102 {"stream":"btcusdt@bookTicker","data":{"u":7,"s":"BTCUSDT","b":"10","B":"1","a":"11","A":"2"}}\n'
    b'103 {"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","p":"10.5","q":"0.25","T":1,"m":true}}\n'
)


def read(path: Path, content: bytes, *, skip=False):
    path.write_bytes(content)
    with open_records(path, symbol="BTC/USDT", skip_bad_rows=skip) as records:
        return list(records), records.skipped


@pytest.mark.fault(33, 37, 41)
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(b"2010-01-04,10,12,9", "row must have 6 columns, not 4", id="missing columns"),
        pytest.param(b"2010-01-04,10,12,9,11,100,", "row must have 6 columns, not 7", id="a column too many"),
        pytest.param(b"2010-01-04,NaN,12,9,11,100", "open must be a plain decimal number", id="NaN"),
        pytest.param(b"2010-01-04,10,inf,9,11,100", "high must be a plain decimal number", id="infinity"),
        pytest.param(b"2010-01-04,10,12,-9,11,100", "low must be greater than zero", id="negative price"),
        pytest.param(b"2010-01-04,10,12,9,0.00,100", "close must be greater than zero", id="price of zero"),
        pytest.param(b"2010-01-04,10,12,9,,100", "close must be a plain decimal number", id="empty price"),
        pytest.param(b"2010-01-04,10,12,9,11,-1", "volume must not be negative", id="negative volume"),
        pytest.param("2010-01-04,１0,12,9,11,100".encode(), "open must be", id="full-width digit"),  # noqa: RUF001
        pytest.param(b"2010-01-04,1_0,12,9,11,100", "open must be", id="underscore"),
        pytest.param(b"2010-01-04, 10,12,9,11,100", "open must be", id="blank"),
        pytest.param(b"2010-01-04,1e1,12,9,11,100", "open must be", id="exponent"),
        pytest.param(b"2010-01-04,10,12,9,11,1234567890123456789", "volume must be", id="nineteen digits"),
        pytest.param(b"2010-01-04,10,12,9,11.1234567890123456789,1", "close must be", id="nineteen decimals"),
        pytest.param(b"2010-01-04,10,10.5,9,11,100", "high must be the highest", id="high below close"),
        pytest.param(b"2010-01-04,10,12,10.5,11,100", "low must be the lowest", id="low above open"),
        pytest.param(b"2010-01-04,10,12,9,11,1\x00", "volume must be", id="NUL"),
        pytest.param(b'2010-01-04,"10,12,9,11,100', "row has quotes that do not match", id="open quotes"),
        pytest.param(b'2010-01-04,"10" ,12,9,11,100', "row has quotes that do not match", id="text after quotes"),
        pytest.param(b"date,open,high,low,close,volume", "time must be", id="header again"),
        pytest.param(b"2010-01-04,10,12,9,\xff,100", "the line is not UTF-8", id="not UTF-8"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_or_counted_never_dropped(tmp_path, row, reason):
    path = tmp_path / "prices.csv"
    content = HEADER + ROW + row + b"\n" + ROW
    with pytest.raises(InvalidData) as caught:
        read(path, content)
    assert (caught.value.file, caught.value.line) == (str(path), 3)
    assert reason in str(caught.value)
    found, skipped = read(path, content, skip=True)
    assert len(found) == 2
    assert (skipped.count, str(skipped.errors[0])) == (1, str(caught.value))


def test_quotes_around_the_fields_are_taken_off(tmp_path):
    (found,), _ = read(tmp_path / "x", b'"date","open","high","low","close"\n"2010-01-04","10","12","9","11"\n')
    assert isinstance(found, Bar)


def test_only_the_first_errors_are_kept_and_all_are_counted(tmp_path):
    _, skipped = read(tmp_path / "x", HEADER + b"bad\n" * 1_000, skip=True)
    assert (skipped.count, [error.line for error in skipped.errors]) == (1_000, list(range(2, 12)))


def zip_with_a_nameless_member() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a", HEADER + ROW)
    central = packed.getvalue().index(b"PK\x01\x02")
    content = bytearray(packed.getvalue())
    # The name becomes the comment: zipfile's own ZipInfo.is_dir() raises IndexError for this.
    content[central + 28], content[central + 32] = 0, 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"\n\n", "is empty", id="blank"),
        pytest.param(gzip.compress(b""), "is empty", id="empty gzip"),
        pytest.param(b"hello\n", "is of no known format", id="prose"),
        pytest.param(b"{}\n", "is of no known format", id="json without a time"),
        pytest.param(b"\x00" * 1_000, "is of no known format", id="zeros"),
        pytest.param("date,open,high,low,close\n".encode("utf-16"), "not UTF-8", id="UTF-16"),
        pytest.param(b"date,open,high,low\n", "has no column close", id="header without close"),
        pytest.param(b"open,high,low,close\n", "must have one column of date", id="header without a time"),
        pytest.param(b"date,time,open,high,low,close\n", "must have one column of date", id="header with two times"),
        pytest.param(b"date,open,high,low,close,Open\n", "has the column open more than once", id="column twice"),
        pytest.param(b"open" + b"," * 2_000 + b"\n", "more than 1000 columns", id="columns without end"),
        pytest.param(LEAN, "date is not in the name of the file", id="Lean without a date"),
        pytest.param(b"PK\x03\x04 and no more", "is a damaged zip file", id="broken zip"),
        pytest.param(b"PK\x05\x06" + b"\0" * 18, "is a zip file without members", id="empty zip"),
        pytest.param(zip_with_a_nameless_member(), "cannot be unpacked", id="nameless member of a zip"),
        pytest.param(b"\x1f\x8b and no more", "cannot be read any further", id="broken gzip"),
    ],
)
@pytest.mark.parametrize("skip", [False, True], ids=["strict", "skip_bad_rows"])
def test_a_file_of_no_use_is_refused_when_it_is_opened(tmp_path, content, reason, skip):
    path = tmp_path / "prices"
    path.write_bytes(content)
    with pytest.raises(InvalidData) as caught:
        open_records(path, symbol="AAPL", skip_bad_rows=skip)
    assert caught.value.file == str(path)
    assert reason in caught.value.reason


def test_a_path_that_leads_nowhere_is_named_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    for path, reason in (
        ("missing.csv", "No such file"),
        (".", "is a directory"),
        ("a\0b", "null"),
        ("pipe", "is not a regular file"),
    ):
        with pytest.raises(InvalidData, match=reason) as caught:
            open_records(path)
        assert (caught.value.file, caught.value.line) == (path, 0)


def test_a_later_file_is_looked_into_before_the_first_is_read(tmp_path):
    good, bad = tmp_path / "AAPL.csv", tmp_path / "MSFT.csv"
    good.write_bytes(HEADER + ROW)
    bad.write_bytes(b"hello\n")
    with pytest.raises(InvalidData, match=r"MSFT\.csv, line 1: file is of no known format"):
        open_records([good, bad])


def test_arguments_that_can_never_be_right_are_refused(tmp_path):
    for arguments in ({"paths": []}, {"paths": "x", "symbol": "a b"}, {"paths": "x", "depth_levels": 0}):
        with pytest.raises(InvalidConfiguration):
            open_records(**arguments)


@pytest.mark.parametrize("content", [b"1," * LINE_LIMIT, b"1," * LINE_LIMIT + b"\n" + ROW], ids=["all", "more follows"])
def test_a_line_beyond_the_limit_is_one_bad_row(tmp_path, content):
    path = tmp_path / "x.gz"
    packed = gzip.compress(HEADER + ROW + content, 1)
    with pytest.raises(InvalidData, match="line 3: the line is longer than 10000000 bytes"):
        read(path, packed)
    found, skipped = read(path, packed, skip=True)
    assert len(found) == 1 + content.count(ROW)
    assert skipped.count == 1


def test_a_gzip_file_that_breaks_off_loses_the_row_it_breaks_in_and_says_so(tmp_path):
    path = tmp_path / "x.gz"
    packed = gzip.compress(HEADER + b"".join(b"2010-01-04,%d,9999,1,11,100\n" % n for n in range(1, 5_000)), 9)
    found, skipped = read(path, packed[: len(packed) // 2], skip=True)
    assert 1_000 < len(found) < 5_000
    # The row in which the data ends may look whole with half its digits: it is not among the records.
    assert [int(bar.open) for bar in found] == list(range(1, len(found) + 1))
    assert skipped.count == 1
    assert skipped.errors[0].line == len(found) + 2
    with pytest.raises(InvalidData, match="cannot be read any further"):
        read(path, packed[: len(packed) // 2])


def test_a_zip_file_with_a_wrong_checksum_or_a_password_is_refused(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("prices.csv", HEADER + ROW)
    wrong = packed.getvalue().replace(b"2010-01-04", b"2010-01-05")
    with pytest.raises(InvalidData, match="cannot be read any further: Bad CRC-32"):
        read(tmp_path / "x.zip", wrong)
    encrypted = bytearray(packed.getvalue())
    encrypted[6] |= 1
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InvalidData, match=r"cannot be unpacked: .*encrypted"):
        read(tmp_path / "x.zip", bytes(encrypted))


def test_what_is_said_of_a_damaged_zip_file_is_bounded(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("prices.csv", HEADER + ROW)
    damaged = bytearray(packed.getvalue())
    damaged[26:28] = (len(HEADER + ROW)).to_bytes(2, "little")  # the length of the name in the member's own header
    with pytest.raises(InvalidData, match=r"cannot be unpacked: File name in directory .*\.\.\.") as caught:
        read(tmp_path / "x.zip", bytes(damaged))
    assert len(caught.value.reason) < 200


def test_a_member_of_a_zip_file_is_named_when_there_are_several(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", HEADER + ROW)
        archive.writestr("b\x1b.csv", HEADER + b"bad\n")
    with pytest.raises(InvalidData, match=r"x\.zip \('b\\x1b\.csv'\), line 2: "):
        read(tmp_path / "x.zip", packed.getvalue())


WHOLE = {
    "ohlcv": HEADER + ROW * 3,
    "trades": TRADE * 3,
    "klines": KLINE * 3,
    "recorded": RECORDED * 2,
    "lean": LEAN * 3,
    "recording": RECORDING,
}


def packings(content: bytes) -> list[bytes]:
    several = io.BytesIO()
    with zipfile.ZipFile(several, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)
        archive.writestr("b.csv", content)
    return [content, gzip.compress(content), several.getvalue()]


SPLINTERS = [b"", b",", b"\n", b'"', b"-", b"0", b"9" * 30, b"NaN", b"\xff", b"\0", b"{", b"[[", b"\xd9\xa3"]


def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Overwrite, insert or cut out some bytes."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(changed)))
        cut = draw(st.sampled_from([0, 1, 1, 2, 10, 1_000]))
        changed[at : at + cut] = draw(st.sampled_from(SPLINTERS) | st.binary(max_size=4))
    return bytes(changed)


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    """A file of any format and packing, damaged before it was packed, or after, or both."""
    text = damaged(draw, draw(st.sampled_from(list(WHOLE.values()))))
    return damaged(draw, draw(st.sampled_from(packings(text))))


def agrees_with_the_public_constructor(record) -> bool:
    match record:
        case Trade():
            fields = ("price", "size", "aggressor")
        case Quote():
            fields = ("bid", "ask", "bid_size", "ask_size")
        case Bar():
            fields = ("open", "high", "low", "close", "volume")
        case Depth():
            fields = ("bids", "asks")
    values = {field: getattr(record, field) for field in (*fields, "time_ns", "source")}
    again = type(record)(record.symbol, **values)
    return again == record and repr(again) == repr(record) and hash(again) == hash(record)


@settings(max_examples=600, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=damaged_files() | st.binary(max_size=200), skip=st.booleans(), symbol=st.sampled_from([None, "BTC/USDT"])
)
def test_any_bytes_give_records_that_the_model_accepts_or_invalid_data(tmp_path, content, skip, symbol):
    path = tmp_path / "coinbase_btcusd_20180404_trade"
    path.write_bytes(content)
    refused: InvalidData | None = None
    try:
        with open_records(path, symbol=symbol, skip_bad_rows=skip) as records:
            for record in records:
                assert agrees_with_the_public_constructor(record)
    except InvalidData as error:
        refused = error
    assert refused is None or (refused.file.startswith(str(path)) and str(refused).isprintable())


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE.keys())
def test_what_the_fuzzing_starts_from_is_good(tmp_path, content):
    for packed in packings(content.replace(RECORDED * 2, RECORDED)):
        path = tmp_path / "coinbase_btcusd_20180404_trade"
        path.write_bytes(packed)
        with open_records(path, symbol="BTC/USDT") as records:
            assert all(agrees_with_the_public_constructor(record) for record in records)
