"""Binance recordings: quotes, trades, and the book rebuilt from a snapshot and diffs."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from orderpit.model.errors import InvalidData
from orderpit.model.kinds import Side
from orderpit.model.market import Depth, Quote, Trade
from orderpit.readers import Format, open_records

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def quote(update=7, *, bid=("10.0", "1.5"), ask=("10.5", "2.0"), code="BTCUSDT"):
    data = {"u": update, "s": code, "b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}
    return {"stream": "btcusdt@bookTicker", "data": data}


def trade(price="10.5", size="0.25", *, maker=True, code="BTCUSDT"):
    data = {"e": "trade", "E": 1, "s": code, "t": 5, "p": price, "q": size, "T": 1, "m": maker, "M": True}
    return {"stream": "btcusdt@trade", "data": data}


def diff(first, last, bids=(), asks=(), code="BTCUSDT"):
    data = {"e": "depthUpdate", "E": 1, "s": code, "U": first, "u": last, "b": list(bids), "a": list(asks)}
    return {"stream": "btcusdt@depth@100ms", "data": data}


def snapshot(update, bids=(("10", "1"), ("9", "2")), asks=(("11", "1"), ("12", "2"))):
    return {"lastUpdateId": update, "bids": list(bids), "asks": list(asks)}


def write(path: Path, messages: Iterable[object], start=100) -> Path:
    lines = (message if type(message) is str else json.dumps(message) for message in messages)
    path.write_text("".join(f"{time} {line}\n" for time, line in enumerate(lines, start)))
    return path


def read(tmp_path, *messages, **options):
    with open_records(write(tmp_path / "recording", messages), **options) as records:
        assert records.format is Format.BINANCE_RECORDING
        return list(records), records


def levels(*pairs):
    return tuple((Decimal(price), Decimal(size)) for price, size in pairs)


def test_a_book_ticker_is_a_quote_at_its_receive_time(tmp_path):
    (found,), _ = read(tmp_path, quote())
    assert found == Quote(
        "BTC/USDT", bid="10.0", ask="10.5", bid_size="1.5", ask_size="2.0", time_ns=100, source="recording"
    )


def test_an_empty_side_of_a_book_ticker_is_absent(tmp_path):
    (found,), _ = read(tmp_path, quote(bid=("0.00000000", "0.00000000")))
    assert found == Quote("BTC/USDT", ask="10.5", ask_size="2.0", time_ns=100, source="recording")


@pytest.mark.parametrize(("maker", "aggressor"), [(True, Side.SELL), (False, Side.BUY)], ids=["buyer", "seller"])
def test_the_aggressor_is_the_side_that_was_not_the_maker(tmp_path, maker, aggressor):
    (found,), _ = read(tmp_path, trade(maker=maker))
    assert found == Trade("BTC/USDT", price="10.5", size="0.25", aggressor=aggressor, time_ns=100, source="recording")


def test_a_message_without_the_wrapping_of_a_combined_stream_is_read_too(tmp_path):
    found, _ = read(tmp_path, quote()["data"], trade()["data"])
    assert [type(record) for record in found] == [Quote, Trade]


def test_depth_begins_with_the_snapshot_and_the_diffs_before_it_that_it_does_not_hold(tmp_path):
    found, records = read(
        tmp_path,
        diff(1, 4, bids=[("10.9", "9")]),  # held by the snapshot
        diff(5, 8, bids=[("10", "0"), ("10.5", "3")]),  # received before it, but later than it
        snapshot(6),
        diff(2, 5, bids=[("10.8", "9")]),  # held by the snapshot, received after it
        diff(9, 9, asks=[("11", "0"), ("11.5", "4")]),
    )
    assert found == [
        Depth(
            "BTC/USDT",
            bids=levels(("10.5", "3"), ("9", "2")),
            asks=levels(("11", "1"), ("12", "2")),
            time_ns=102,
            source="recording",
        ),
        Depth(
            "BTC/USDT",
            bids=levels(("10.5", "3"), ("9", "2")),
            asks=levels(("11.5", "4"), ("12", "2")),
            time_ns=104,
            source="recording",
        ),
    ]
    assert records.notes == ()


def test_a_level_is_replaced_removed_and_a_removal_of_nothing_is_nothing(tmp_path):
    (_, found), _ = read(
        tmp_path, diff(1, 1), snapshot(6), diff(7, 7, bids=[("10.00", "5"), ("9", "0.000"), ("8", "0")])
    )
    assert found.bids == levels(("10", "5"))


@pytest.mark.parametrize("count", [1, 2, 3], ids=str)
def test_depth_shows_as_many_levels_as_asked_for(tmp_path, count):
    (found,), _ = read(tmp_path, diff(1, 1), snapshot(6), depth_levels=count)
    assert found.bids == levels(("10", "1"), ("9", "2"))[:count]
    assert found.asks == levels(("11", "1"), ("12", "2"))[:count]


def test_without_a_snapshot_there_is_no_depth_and_the_notes_say_so(tmp_path):
    found, records = read(tmp_path, diff(1, 1), quote(), diff(2, 2))
    assert [type(record) for record in found] == [Quote]
    assert records.notes == ("2 depth updates of BTC/USDT came without a snapshot to apply them to",)


def test_missing_updates_are_an_error(tmp_path):
    with pytest.raises(InvalidData, match="line 4: U must follow update 7; the book waits for a snapshot, got 9"):
        read(tmp_path, diff(1, 1), snapshot(6), diff(7, 7), diff(9, 9))


def test_after_missing_updates_the_book_waits_for_the_next_snapshot(tmp_path):
    found, records = read(
        tmp_path, diff(1, 1), snapshot(6), diff(9, 9), diff(10, 10), snapshot(9), diff(11, 11), skip_bad_rows=True
    )
    assert [record.time_ns for record in found] == [101, 104, 105]
    assert records.skipped.count == 1
    assert records.notes == ()


def test_a_snapshot_older_than_the_first_diff_makes_no_book_but_the_next_one_does(tmp_path):
    found, records = read(
        tmp_path, diff(10, 11), diff(12, 13, bids=[("10", "7")]), snapshot(5), snapshot(11), skip_bad_rows=True
    )
    assert [(record.time_ns, record.bids[0]) for record in found] == [(103, levels(("10", "7"))[0])]
    assert [error.line for error in records.skipped.errors] == [3]


def test_a_later_snapshot_replaces_the_book_and_an_older_one_does_not(tmp_path):
    found, _ = read(
        tmp_path, diff(1, 1), snapshot(6), snapshot(20, bids=[("5", "5")]), snapshot(7), diff(21, 21, bids=[("6", "6")])
    )
    assert [record.bids[0][0] for record in found] == [10, 5, 6]


def test_a_book_that_comes_out_crossed_is_an_error(tmp_path):
    with pytest.raises(InvalidData, match="line 3: bid must not be above the ask 11"):
        read(tmp_path, diff(1, 1), snapshot(6), diff(7, 7, bids=[("11.5", "1")]))


def test_the_book_lives_on_from_file_to_file(tmp_path):
    first = write(tmp_path / "first", [diff(1, 6), snapshot(6)])
    second = write(tmp_path / "second", [diff(7, 7, bids=[("10.5", "1")])], start=200)
    with open_records([first, second]) as records:
        found = [(record.time_ns, record.bids[0][0], record.source) for record in records]
    assert found == [(101, 10, "first"), (200, Decimal("10.5"), "second")]


def test_two_symbols_in_one_recording_have_a_book_each(tmp_path):
    first = write(tmp_path / "btc", [diff(1, 6), snapshot(6)])
    second = write(tmp_path / "eth", [diff(1, 2, code="ETHUSDT"), snapshot(2, bids=[("3", "1")])])
    with open_records([first, second]) as records:
        assert [(record.symbol, record.bids[0][0]) for record in records] == [("BTC/USDT", 10), ("ETH/USDT", 3)]


def test_a_snapshot_that_could_be_of_either_symbol_is_refused(tmp_path):
    with pytest.raises(InvalidData, match="line 3: lastUpdateId is of a snapshot whose symbol is not known"):
        read(tmp_path, diff(1, 1), diff(1, 1, code="ETHUSDT"), snapshot(6))


def test_a_snapshot_before_anything_else_is_of_the_symbol_in_the_name_of_the_file(tmp_path):
    with open_records(write(tmp_path / "spot_ethusdt_20240808", [snapshot(6)])) as records:
        assert [record.symbol for record in records] == ["ETH/USDT"]


def test_a_symbol_given_names_a_code_of_an_unknown_quote_currency(tmp_path):
    with pytest.raises(InvalidData, match="pass --symbol"):
        read(tmp_path, quote(code="BTCXYZ"))
    (found,), _ = read(tmp_path, quote(code="BTCXYZ"), symbol="BTC/XYZ")
    assert found.symbol == "BTC/XYZ"


def test_a_symbol_given_must_be_the_one_recorded(tmp_path):
    with pytest.raises(InvalidData, match="s must be the symbol asked for, ETH/USDT, got 'BTCUSDT'"):
        read(tmp_path, quote(), symbol="ETH/USDT")


@pytest.mark.fault(33, 37, 39, 46)
@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param("{", "must be JSON", id="cut off"),
        pytest.param('{"u": NaN}', "has NaN", id="NaN"),
        pytest.param('{"u": -Infinity}', "has -Infinity", id="infinity"),
        pytest.param('{"u": 1, "u": 2}', "same key twice", id="duplicate key"),
        pytest.param('{"data": {"s": "A", "s": "B"}}', "same key twice", id="duplicate key inside"),
        pytest.param('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deeply", id="deeply nested"),
        pytest.param('{"u": ' + "1" * 5_000 + "}", "must be JSON", id="huge int"),
        pytest.param('{"data": []}', "data must be an object", id="data is a list"),
        pytest.param('{"e": "kline", "s": "BTCUSDT"}', "e must be", id="another stream"),
        pytest.param("{}", "e must be", id="empty object"),
        pytest.param(trade(price="-1"), "p must be", id="negative price"),
        pytest.param(trade(price="NaN"), "p must be", id="NaN as text"),
        pytest.param(trade(price="1e3"), "p must be", id="exponent"),
        pytest.param(trade(price="１"), "p must be", id="full-width digit"),  # noqa: RUF001  # the point of it
        pytest.param(trade(price=10), "p must be", id="price as an int"),
        pytest.param(trade(price=None), "p must be", id="no price"),
        pytest.param(trade(price="0.0"), "price must be greater than zero", id="price of zero"),
        pytest.param(trade(size="0"), "size must be greater than zero", id="size of zero"),
        pytest.param(trade(maker=1), "m must be true or false", id="maker as an int"),
        pytest.param(trade(code="btc\u202eusdt"), "s must be", id="direction mark in a symbol"),
        pytest.param(quote(bid=("10.6", "1")), "bid must not be above the ask 10.5", id="crossed"),
        pytest.param(quote(bid=("0", "0"), ask=("0", "0")), "bid must be given", id="neither side"),
        pytest.param(quote(bid=("0", "1")), "bid must be greater than zero", id="size at no price"),
        pytest.param(diff(2, 1), "u must not be below U 2", id="updates backwards"),
        pytest.param(diff("1", 1), "U must be an update id", id="text as an id"),
        pytest.param(diff(1, 2.0), "u must be an update id", id="float as an id"),
        pytest.param(diff(1, 2, bids=[("1", "2", "3")]), "b must be pairs", id="level of three"),
        pytest.param(diff(1, 2, bids=[("0", "1")]), "b must be pairs", id="level at zero"),
        pytest.param(diff(1, 2, asks=[(1, 2)]), "a must be pairs", id="level of ints"),
        pytest.param(
            diff(1, 2) | {"data": diff(1, 2)["data"] | {"b": {}}}, "b must be a list", id="levels as an object"
        ),
    ],
)
def test_a_message_that_cannot_be_right_is_refused(tmp_path, message, reason):
    with pytest.raises(InvalidData, match=f"line 2: .*{reason}"):
        read(tmp_path, quote(), message)
    found, records = read(tmp_path, quote(), message, trade(), skip_bad_rows=True)
    assert [type(record) for record in found] == [Quote, Trade]
    assert (records.skipped.count, records.skipped.errors[0].line) == (1, 2)


def test_a_price_written_as_a_json_number_keeps_its_digits(tmp_path):
    line = json.dumps(trade(price="PRICE")).replace('"PRICE"', "0.100000000000000005")
    (found,), _ = read(tmp_path, line)
    assert found.price == Decimal("0.100000000000000005")


def test_a_line_that_is_no_message_is_refused(tmp_path):
    path = write(tmp_path / "recording", [quote()])
    path.write_text(path.read_text() + "what is this\n")
    with open_records(path) as records, pytest.raises(InvalidData, match="line 2: row must be a receive time"):
        list(records)


def test_a_time_out_of_range_is_refused(tmp_path):
    path = write(tmp_path / "recording", [quote()], start=9_999_999_999_999_999_999)
    with open_records(path) as records, pytest.raises(InvalidData, match="time_ns must be"):
        list(records)
