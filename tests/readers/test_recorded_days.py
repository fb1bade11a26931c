"""The recorded days beside the checkout: the rebuilt book against the best quotes that the venue itself sent."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from orderpit.model.market import Bar, Depth, Quote, Trade
from orderpit.readers import infer_instrument, open_records

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not (DATA / "spot_btcusdt_20240808.gz").exists(),
    reason="the recorded market data is not beside the checkout, at ../shared/data: the book is NOT checked against it",
)
pytestmark = needs_data


def days(code: str) -> list[Path]:
    return [DATA / f"spot_{code}_{day}.gz" for day in ("20240808", "20240809")]


def venue_says(code: str) -> tuple[dict[int, int], dict[int, tuple[str, str, str, str]]]:
    """Return the update id that the book has reached at each receive time, and the best quote at each update id."""
    reached: dict[int, int] = {}
    best: dict[int, tuple[str, str, str, str]] = {}
    last = 0
    for path in days(code):
        with gzip.open(path, "rt") as lines:
            for line in lines:
                time, _, message = line.partition(" ")
                found = json.loads(message)
                if "lastUpdateId" in found:
                    reached[int(time)] = max(found["lastUpdateId"], last)
                elif "depth" in found["stream"]:
                    last = found["data"]["u"]
                    reached[int(time)] = last
                elif "bookTicker" in found["stream"]:
                    data = found["data"]
                    best[data["u"]] = (data["b"], data["B"], data["a"], data["A"])
    return reached, best


@pytest.mark.parametrize(
    ("code", "updates", "compared", "kinds"),
    # The updates are the diffs after the snapshot and the snapshot itself, with which one more came to BTC.
    [
        ("btcusdt", 6_493, 1_072, {Quote: 73_174, Trade: 19_904}),
        ("ethusdt", 6_469, 1_056, {Quote: 58_758, Trade: 14_515}),
    ],
    ids=["BTC", "ETH"],
)
def test_the_rebuilt_book_agrees_with_the_best_quote_of_the_same_update(code, updates, compared, kinds):
    reached, best = venue_says(code)
    counts: Counter[type] = Counter()
    same = different = 0
    with open_records(days(code)) as records:
        for record in records:
            counts[type(record)] += 1
            if type(record) is not Depth:
                continue
            (bid, bid_size), (ask, ask_size) = record.bids[0], record.asks[0]
            assert bid < ask
            assert len(record.bids) == len(record.asks) == 10
            expected = best.get(reached[record.time_ns])
            if expected is not None:
                agrees = tuple(map(str, (bid, bid_size, ask, ask_size))) == expected
                same, different = same + agrees, different + (not agrees)
        assert (records.skipped.count, records.notes) == (0, ())
    assert (same, different) == (compared, 0)
    assert counts == {**kinds, Depth: updates}


def test_the_second_day_alone_has_no_book_and_says_so():
    with open_records(DATA / "spot_btcusdt_20240809.gz") as records:
        kinds = Counter(type(record) for record in records)
        assert records.notes == ("3044 depth updates of BTC/USDT came without a snapshot to apply them to",)
    assert kinds == {Quote: 45_134, Trade: 10_147}


def test_the_trades_of_the_table_are_those_of_the_recording():
    (table,) = DATA.glob("binance_spot_ethusdt_trades_*.csv.gz")
    with open_records(table) as records:
        tabled = [(trade.time_ns, trade.price, trade.size, trade.aggressor) for trade in records]
    with open_records(days("ethusdt")) as records:
        trades = (record for record in records if type(record) is Trade)
        recorded = [(trade.time_ns, trade.price, trade.size, trade.aggressor) for trade in trades]
    assert tabled == recorded


@pytest.mark.parametrize(
    ("day", "bars", "first"), [("20180404", 1_007, 1522800060), ("20180405", 1_440, 1522886460)], ids=["4th", "5th"]
)
def test_a_day_of_minute_bars_begins_with_its_first_minute(day, bars, first):
    path = DATA / f"coinbase_btcusd_{day}_trade.zip"
    with open_records(path) as records:
        found = list(records)
    assert {type(bar) for bar in found} == {Bar}
    assert (len(found), found[0].time_ns, found[0].symbol) == (bars, first * 1_000_000_000, "BTC/USD")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("spot_btcusdt_20240808.gz", ("BTC/USDT", "0.01", "0.00001")),
        ("spot_ethusdt_20240808.gz", ("ETH/USDT", "0.01", "0.0001")),
        ("coinbase_btcusd_20180405_trade.zip", ("BTC/USD", "0.01", "0.00000001")),
    ],
)
def test_the_increments_are_those_of_the_venue(name, expected):
    found = infer_instrument(DATA / name)
    assert (found.symbol, f"{found.price_increment:f}", f"{found.quantity_increment:f}") == expected
