"""The codec: what is written is read back as it was, and nothing else is read."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from builders import event
from hypothesis import given
from hypothesis import strategies as st
from storms import rage, stormy

from orderpit.journal.codec import Codec
from orderpit.journal.store import Row
from orderpit.model import events as e
from orderpit.model.errors import InvalidValue, JournalCorrupt
from orderpit.model.judgement import NOT_JUDGED, Judgement
from orderpit.model.kinds import Reason
from orderpit.testing import Faults
from tests.journal.facts import CHECKS, EVENTS, JUDGED, JUDGEMENT, KINDS, told_in_full

GOLDEN = Path(__file__).parent / "golden"
named = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def refused(row: Row, codec: Codec | None = None) -> JournalCorrupt:
    with pytest.raises(JournalCorrupt) as caught:
        (codec or Codec("orders.db")).decode(row)
    assert caught.value.sequence == row.sequence
    return caught.value


def rewritten(row: Row, **fields: Any) -> Row:
    """Return the row with other fields in its body, written as the codec writes."""
    body = json.loads(row.body) | fields
    return attrs.evolve(row, body=json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())


@named
def test_every_kind_of_event_is_read_back_as_it_was_written(kind: type[Any]) -> None:
    for one in (event(kind), told_in_full(kind)):
        row = Codec().encode(1, one)
        assert (row.sequence, row.kind, row.version) == (1, kind.__name__, 1)
        assert Codec().decode(row) == one


@given(st.lists(EVENTS, max_size=8))
def test_any_events_are_read_back_as_they_were_written(facts: list[Any]) -> None:
    codec, other = Codec(), Codec()
    rows = [codec.encode(number, fact) for number, fact in enumerate(facts, 1)]
    assert [codec.decode(row) for row in rows] == [other.decode(row) for row in rows] == facts
    assert [repr(other.decode(row)) for row in rows] == [repr(fact) for fact in facts]


@pytest.mark.parametrize("seed", [1, 2])
def test_every_event_of_a_storm_is_read_back_as_it_was_written(seed: int) -> None:
    with stormy(seed, Faults.drawn(seed), cash={"USDT": "1000000"}) as system:
        rage(system, seed)
        updates = system.history()
    codec, other = Codec(), Codec()
    assert len(updates) > 100
    for update in updates:
        assert other.decode(codec.encode(update.sequence, update.event)) == update.event


@pytest.mark.fault(60)
@named
def test_rows_of_every_released_version_are_read(kind: type[Any]) -> None:
    for folder in GOLDEN.iterdir():
        body = (folder / f"{kind.__name__}.json").read_bytes()
        row = Row(1, kind.__name__, int(folder.name), body)
        assert Codec().decode(row) == told_in_full(kind)


@pytest.mark.fault(60)
def test_a_row_of_an_older_version_is_brought_up_step_by_step() -> None:
    def told_otherwise(fields: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if name != "venue_id"} | {
            "exchange_order_id": fields["venue_id"]
        }

    def without_a_source(fields: dict[str, Any]) -> dict[str, Any]:
        return fields | {"source": "venue"}

    steps = {("OrderOpened", 1): told_otherwise, ("OrderOpened", 2): without_a_source}
    codec = Codec(steps=steps)
    opened = event(e.OrderOpened, source="venue")
    assert codec.encode(1, opened).version == 3
    old = Row(1, "OrderOpened", 1, b'{"order_id":"o-1","time_ns":1700000000000000000,"venue_id":"v-1"}')
    assert codec.decode(old) == opened
    newer = Row(1, "OrderOpened", 2, b'{"exchange_order_id":"v-1","order_id":"o-1","time_ns":1700000000000000000}')
    assert codec.decode(newer) == opened
    assert codec.decode(codec.encode(1, opened)) == opened
    assert "is no OrderOpened of version 1: KeyError" in refused(attrs.evolve(newer, version=1), codec).rule
    spaced = attrs.evolve(old, body=old.body.replace(b":", b": "))
    assert "is not written as a OrderOpened of version 1" in refused(spaced, codec).rule


def test_a_row_that_an_older_version_never_wrote_is_refused_after_its_steps() -> None:
    codec = Codec(steps={("OrderResolved", 1): lambda fields: fields | {"order_id": 7}})
    row = Row(1, "OrderResolved", 1, b'{"order_id":"o-1"}')
    assert "is no OrderResolved: ValidationError" in refused(row, codec).rule


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"version": 2}, "is a OrderFilled of version 2, and this program reads 1 to 1"),
        ({"version": 0}, "of version 0"),
        ({"kind": "OrderDreamt"}, "is of the unknown kind 'OrderDreamt'"),
        ({"kind": "\x1b[31m"}, "is of the unknown kind"),
        ({"kind": "OrderOpened"}, "is no OrderOpened"),
        ({"body": b""}, "is no OrderFilled"),
        ({"body": b"[]"}, "is no OrderFilled"),
        ({"body": b"null"}, "is no OrderFilled"),
        ({"body": b"\xff\xfe"}, "is no OrderFilled"),
        ({"body": b"[" * 100_000}, "is no OrderFilled"),
        ({"body": b'{"a":' * 100_000}, "is no OrderFilled"),
    ],
    ids=["newer", "older than the first", "unknown", "hostile", "another", "empty", "list", "null", "bytes", "[", "{"],
)
def test_what_is_no_row_of_ours_is_refused(change: dict[str, Any], rule: str) -> None:
    row = attrs.evolve(Codec().encode(3, event(e.OrderFilled)), **change)
    error = refused(row)
    assert rule in error.rule
    assert str(error).startswith("orders.db, row 3: ")
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"time_ns":', b'"unknown":1,"time_ns":'),
        (b'"source":"test",', b""),
        (b'"client_order_id":null,', b""),
        (b'"source":"test"', b'"source": "test"'),
        (b'"source":"test"', b'"source":"t\\u0065st"'),
        (b'"source":"test"', b'"source":"\\ud800"'),
        (b'"source":"test"', b'"source":"test","source":"test"'),
        (b'"source":"test"', b'"source":7'),
        (b'"source":"test"', b'"source":null'),
        (b'"quantity":"2"', b'"quantity":2'),
        (b'"quantity":"2"', b'"quantity":2.0'),
        (b'"quantity":"2"', b'"quantity":"2e0"'),
        (b'"quantity":"2"', b'"quantity":" 2"'),
        (b'"quantity":"2"', b'"quantity":"2E+2"'),
        (b'"quantity":"2"', b'"quantity":"NaN"'),
        (b'"quantity":"2"', b'"quantity":"sNaN"'),
        (b'"quantity":"2"', b'"quantity":"-Infinity"'),
        (b'"quantity":"2"', b'"quantity":"1E+999999999"'),
        (b'"quantity":"2"', b'"quantity":"' + b"9" * 19 + b'"'),
        (b'"quantity":"2"', b'"quantity":"' + b"9" * 10**6 + b'"'),
        (b'"quantity":"2"', b'"quantity":"-2"'),
        (b'"quantity":"2"', b'"quantity":"0"'),
        (b'"fee":"1"', b'"fee":"-0"'),
        (b'"fee_currency":"USDT"', b'"fee_currency":"US DT"'),
        (b'"execution_id":"x-9"', b'"execution_id":""'),
        (b'"liquidity":null', b'"liquidity":"NEITHER"'),
        (b'"time_ns":17', b'"time_ns":' + b"9" * 10_000 + b"17"),
        (b'"time_ns":17', b'"time_ns":9999999917'),
        (b'"time_ns":17', b'"time_ns":-9999999917'),
        (b'"time_ns":17', b'"time_ns":1.7'),
        (b'"time_ns":17', b'"time_ns":NaN17'),
    ],
    ids=str,
)
def test_a_body_that_would_not_have_been_written_so_is_refused(old: bytes, new: bytes) -> None:
    row = Codec().encode(1, event(e.OrderFilled))
    assert old in row.body
    refused(attrs.evolve(row, body=row.body.replace(old, new)))


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (e.OrderTriggered, "stop_price", "Infinity"),
        (e.OrderTriggered, "stop_price", "1E+10000"),
        (e.OrderTriggered, "stop_price", "9" * 257),
        (e.OrderModified, "expire_time_ns", 2**63),
        (e.OrderModified, "expire_time_ns", -(2**63) - 1),
    ],
    ids=["infinite", "exponent", "digits", "above 64 bits", "below 64 bits"],
)
def test_numbers_that_exact_arithmetic_cannot_give_are_refused_both_ways(
    kind: type[Any], field: str, value: Any
) -> None:
    row = rewritten(Codec().encode(1, event(kind)), **{field: value})
    assert f"{field}: must " in refused(row).rule
    wrong = event(kind, **{field: Decimal(value) if isinstance(value, str) else value})
    with pytest.raises(InvalidValue, match=f"{field}: must "):
        Codec().encode(1, wrong)


@pytest.mark.fault(41)
def test_a_lone_surrogate_cannot_be_written() -> None:
    with pytest.raises(InvalidValue, match="OrderDenied: must be text that can be written") as caught:
        Codec().encode(1, event(e.OrderDenied, text="\ud800"))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("kind", JUDGED, ids=lambda kind: kind.__name__)
def test_checks_are_spelled_out_once_and_then_referred_to(kind: type[Any]) -> None:
    codec = Codec()
    facts = [told_in_full(kind), event(e.OrderResolved), told_in_full(kind), event(kind, judgement=NOT_JUDGED)]
    rows = [codec.encode(number, fact) for number, fact in enumerate(facts, 5)]
    assert b"the age of the data" in rows[0].body
    assert b'"checks":5,' in rows[2].body
    assert b'"checks":[],' in rows[3].body
    other = Codec()
    decoded: list[Any] = [other.decode(row) for row in rows]
    assert decoded == facts
    assert decoded[0].judgement.checks is decoded[2].judgement.checks, "all orders of a kind share them"
    assert b'"checks":5,' in other.encode(9, told_in_full(kind)).body, "what has been read is known"


def test_equal_checks_are_spelled_out_once_and_others_again() -> None:
    codec = Codec()
    equal = tuple(attrs.evolve(check) for check in CHECKS)
    kept = [CHECKS, equal, CHECKS[:1], equal, CHECKS[:1]]
    facts = [event(e.OrderCreated, judgement=Judgement(checks)) for checks in kept]
    told = [json.loads(codec.encode(number, fact).body) for number, fact in enumerate(facts, 1)]
    assert [len(body["judgement"]["checks"]) for body in (told[0], told[2])] == [3, 1]
    assert [body["judgement"]["checks"] for body in (told[1], told[3], told[4])] == [1, 1, 3]


def test_what_was_encoded_and_never_appended_is_not_referred_to() -> None:
    codec = Codec()
    codec.encode(1, event(e.OrderCreated, judgement=JUDGEMENT))
    assert b"the age of the data" in codec.encode(1, event(e.CommandRefused, judgement=JUDGEMENT)).body
    assert b'"checks":1,' in codec.encode(2, event(e.CommandRefused, judgement=JUDGEMENT)).body
    other = Codec()
    other.decode(codec.encode(1, event(e.OrderCreated, judgement=JUDGEMENT)))
    assert b'"checks":1,' in other.encode(2, event(e.OrderCreated, judgement=JUDGEMENT)).body


class Rows:
    """Rows that can be read by their numbers."""

    def __init__(self, *rows: Row) -> None:
        self.rows = {row.sequence: row for row in rows}
        self.asked: list[int] = []

    def read(self, first: int, last: int) -> list[Row]:
        assert first == last
        self.asked.append(first)
        return [self.rows[first]] if first in self.rows else []


def test_a_row_in_the_middle_is_decoded_by_reading_the_one_that_it_refers_to() -> None:
    codec = Codec()
    rows = Rows(*(codec.encode(number, told_in_full(e.OrderCreated)) for number in (1, 2, 3)))
    other = Codec("", rows.read)
    assert other.decode(rows.rows[3]) == other.decode(rows.rows[2]) == told_in_full(e.OrderCreated)
    assert rows.asked == [1], "once is enough"


def test_checks_that_change_for_ever_do_not_fill_the_memory() -> None:
    rows = Rows()
    codec = Codec("", rows.read)
    for number in range(1, 3_001):
        checks = (attrs.evolve(CHECKS[0], name=f"limit_{number}"),)
        row = codec.encode(number, event(e.OrderCreated, judgement=Judgement(checks)))
        assert b"limit_" in row.body
        rows.rows[number] = row
    assert max(len(known) for known in (codec._same, codec._equal, codec._at)) < 2_100
    first: Any = codec.decode(rows.rows[1])
    assert first.judgement.checks[0].name == "limit_1"


@pytest.mark.parametrize(
    ("reference", "rule"),
    [
        (5, "refers to row 5, which is not before it"),
        (6, "refers to row 6, which is not before it"),
        (0, "refers to row 0, which is not before it"),
        (-1, "refers to row -1, which is not before it"),
        (10**4_000, "which is not before it"),
        (1, "refers to row 1, which spells out no checks that were read"),
        (2, "refers to row 2, which spells out no checks that were read"),
        (3, "refers to row 3, which spells out no checks that were read"),
        (4, "refers to row 4, which spells out no checks that were read"),
    ],
    ids=["itself", "later", "none", "negative", "huge", "no judgement", "no checks", "only refers", "not there"],
)
def test_a_reference_that_leads_nowhere_is_refused(reference: int, rule: str) -> None:
    codec = Codec()
    created = codec.encode(2, event(e.OrderCreated))
    refers = {"checks": 2, "measured": [], "refused": False}
    rows = Rows(
        codec.encode(1, event(e.OrderResolved)),
        created,
        rewritten(attrs.evolve(created, sequence=3), judgement=refers),
    )
    row = rewritten(attrs.evolve(created, sequence=5), judgement=refers | {"checks": reference})
    assert rule in refused(row, Codec("orders.db", rows.read)).rule


@pytest.mark.parametrize(
    "judgement",
    [
        {"checks": "1", "measured": [], "refused": False},
        {"checks": True, "measured": [], "refused": False},
        {"checks": None, "measured": [], "refused": False},
        {"checks": [{}], "measured": [], "refused": False},
        {"checks": [], "measured": [["NaN", None]], "refused": False},
        {"checks": [], "measured": [["1"]], "refused": False},
        {"checks": [], "measured": [["1", "1", "1"]], "refused": False},
        {"checks": [], "measured": [], "refused": 0},
        {"checks": [], "measured": []},
        {},
        None,
    ],
    ids=str,
)
def test_a_judgement_of_another_shape_is_refused(judgement: Any) -> None:
    refused(rewritten(Codec().encode(1, event(e.OrderCreated)), judgement=judgement))


def test_a_new_order_that_could_never_have_been_built_is_refused() -> None:
    row = Codec().encode(1, event(e.OrderCreated))
    body = json.loads(row.body)
    for changes, rule in (
        ({"price": None}, "price: is required by a LIMIT order"),
        ({"symbol": "BTC USDT"}, "symbol: must be 1 to 64 characters"),
        ({"tag": "a\nb"}, "tag: must be at most 256 printable characters"),
        ({"quantity": "1E-19"}, "quantity: must have at most 18 digits"),
    ):
        assert rule in refused(rewritten(row, terms=body["terms"] | changes)).rule


def test_limits_that_could_never_have_been_set_are_refused() -> None:
    row = Codec().encode(1, event(e.LimitsChanged))
    limits = json.loads(row.body)["limits"]
    for changes, rule in (
        ({"max_long": "-1"}, "max_long: must be greater than zero"),
        ({"cancel_reserve": 5}, "cancel_reserve: must be below max_requests_per_second"),
        ({"instruments": [["B", limits], ["A", limits]]}, "instruments: must be written as it is taken"),
        ({"instruments": [["A", limits], ["A", limits]]}, "instruments: must have each name once"),
        ({"instruments": [["A", limits | {"max_gross": "0"}]]}, "max_gross: must be greater than zero"),
    ):
        assert rule in refused(rewritten(row, limits=limits | changes)).rule


@given(st.sampled_from(KINDS), st.binary(max_size=64), st.integers(0, 2_000), st.integers(0, 64))
def test_any_bytes_in_a_body_are_read_or_refused(kind: type[Any], piece: bytes, at: int, over: int) -> None:
    row = Codec().encode(1, told_in_full(kind))
    spoilt = attrs.evolve(row, body=row.body[:at] + piece + row.body[at + over :])
    try:
        decoded = Codec().decode(spoilt)
    except JournalCorrupt:
        return
    assert Codec().encode(1, decoded).body == spoilt.body


def test_reasons_are_kept_by_their_names() -> None:
    row = Codec().encode(1, event(e.OrderCancelled, reason=Reason.REQUESTED))
    assert f'"reason":"{Reason.REQUESTED.value}"'.encode() in row.body
