"""Fuzzing of files: data of every format and packing, damaged before or after packing, and files of limits."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from random import Random
from typing import Any, Final

from orderpit.limits_file import load_limits
from orderpit.model.errors import InvalidData
from orderpit.model.market import Bar, Depth, Quote, Trade
from orderpit.readers import infer_instrument, open_records

from .messages import check
from .outcome import Case, fits

_BOOK: Final = (
    b'100 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":6,"b":[],"a":[]}}\n'
    b'101 {"lastUpdateId":5,"bids":[["10","1"],["9","2"]],"asks":[["11","1"]]}\n'
    b'102 {"stream":"btcusdt@bookTicker","data":{"u":7,"s":"BTCUSDT","b":"10","B":"1","a":"11","A":"2"}}\n'
    b'103 {"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","p":"10.5","q":"0.25","T":1,"m":true}}\n'
    b'104 {"stream":"btcusdt@depth","data":{"e":"depthUpdate","s":"BTCUSDT","U":7,"u":8,"b":[["10","0"]],"a":[]}}\n'
)
WHOLE: Final = (
    b"date,open,high,low,close,volume\n" + b"2010-01-04,10,12,9,11,100\n" * 3,
    b"1,61837.63,0.02,1236.75,1723161254087,True,True\n" * 3,
    b"1704067200000,3,4,2,3.5,12.5,1704067259999,43.2,17,6,21,0\n" * 3,
    b"recv_ts_ns,exch_ts_ms,trade_id,price,qty,buyer_is_maker\n" + b"1723161254087896568,1723161255342,3,5,2,0\n" * 2,
    b"60000,7420,7422,7405,7405,13.35\n" * 3,
    _BOOK,
)
"""A file of each format."""

_LIMITS: Final = (
    b'max_long = 0.5\nmax_open_orders = 10\n[instruments."BTC/USDT"]\nmax_short = 2\nrefuse_self_crossing = true\n',
    b'[strategies.mm]\nmax_gross = 1e3\n[strategies.mm.instruments."X"]\nprice_collar = 0.05\n[currencies]\nUSDT = 2\n',
    (
        b'[account]\ntype = "margin"\nleverage = 5\nmaintenance_margin = 0.05\n[[rules]]\non = "drawdown"\nlimit = 5\n'
        b'action = "halt"\nstrategy = "mm"\n'
    ),
    b"max_requests_per_second = 5\ncancel_reserve = 4\ncurrencies.BTC = {places = 8, rounding = 'up'}\n",
)
"""Files of limits."""

_SPLINTERS: Final = (
    b"", b",", b"\n", b"\r", b'"', b"-", b"0", b".", b"e9", b"9" * 30, b"NaN", b"\xff", b"\0", b"{", b"[[", b"}",
    b"\xd9\xa3", b"\xe2\x80\xae", b"\x1b[2J", b"null", b"true", b" ", b":", b"BTCUSDT", b"1" * 400,
)  # fmt: skip


def _packings(content: bytes) -> tuple[bytes, ...]:
    several = io.BytesIO()
    with zipfile.ZipFile(several, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)
        archive.writestr("b.csv", content)
    return content, gzip.compress(content, 1), several.getvalue()


_PACKED: Final = tuple(_packings(content) for content in WHOLE)


def _damaged(random: Random, content: bytes, most: int) -> bytes:
    changed = bytearray(content)
    for _ in range(random.randrange(most + 1)):
        at = random.randrange(len(changed) + 1)
        if random.randrange(3):
            changed[at : at + random.choice((0, 1, 1, 2, 10, 1_000))] = random.choice(_SPLINTERS)
        elif at < len(changed):
            changed[at] ^= 1 << random.randrange(8)
    return bytes(changed)


def _content(random: Random) -> bytes:
    which = random.randrange(len(WHOLE))
    match random.randrange(8):
        case 0:
            return random.randbytes(random.randrange(200))
        case 1:
            return _damaged(random, random.choice(_PACKED[which]), 4)
        case 2:
            return random.choice((gzip.compress, lambda text, _: _packings(text)[2]))(
                _damaged(random, WHOLE[which], 3), 1
            )
        case _:
            return _damaged(random, WHOLE[which], 3)


class Shelf:
    """A file that is written anew for each input.

    Args:
        folder: where it may lie; nothing else is written there.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "coinbase_btcusd_20180404_trade"

    def case(self, random: Random) -> Case:
        """Draw a file, and a way to read it."""
        return self._data(random) if random.randrange(5) else self._limits(random)

    def _limits(self, random: Random) -> Case:
        content = _damaged(random, random.choice(_LIMITS), 3)

        def call() -> bool:
            self._path.write_bytes(content)
            try:
                load_limits(self._path)
            except InvalidData as error:
                self._is_clear(error)
                return False
            return True

        return Case("load_limits", call)

    def _data(self, random: Random) -> Case:
        content, skip, symbol = _content(random), bool(random.randrange(2)), random.choice((None, "BTC/USDT"))
        infers = not random.randrange(4)

        def call() -> bool:
            self._path.write_bytes(content)
            try:
                if infers:
                    check(infer_instrument(self._path, symbol, skip_bad_rows=skip))
                else:
                    self._read(symbol, skip=skip)
            except InvalidData as error:
                self._is_clear(error)
                return False
            return True

        return Case("infer_instrument" if infers else "open_records", call)

    def _is_clear(self, error: InvalidData) -> None:
        assert error.file.startswith(str(self._path)), error.file
        assert error.line >= 0, error.line
        assert error.reason, "states no reason"
        fits(str(error).removeprefix(str(self._path)))

    def _read(self, symbol: str | None, *, skip: bool) -> None:
        with open_records(self._path, symbol=symbol, skip_bad_rows=skip) as records:
            for record in records:
                check(record)
                assert _again(record) == record
            assert all(type(error) is InvalidData for error in records.skipped.errors)


_FIELDS: Final[dict[type[Any], tuple[str, ...]]] = {
    Trade: ("price", "size", "aggressor"),
    Quote: ("bid", "ask", "bid_size", "ask_size"),
    Bar: ("open", "high", "low", "close", "volume"),
    Depth: ("bids", "asks"),
}


def _again(record: Any) -> Any:
    fields = (*_FIELDS[type(record)], "time_ns", "source")
    return type(record)(record.symbol, **{field: getattr(record, field) for field in fields})
