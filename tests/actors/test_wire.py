"""What passes between a system and a venue in another process: read as it was written, or refused."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import msgspec
import pytest
from builders import LISTED, ORDER_LISTED, VENUE_REPORTS, VENUE_REQUESTS, report, request
from helpers import BTC, quote
from hypothesis import given
from hypothesis import strategies as st

from orderpit import Bar, Depth, InvalidConfiguration, Trade, TradingHours
from orderpit.model import reports as r
from orderpit.model.instructions import Instructions
from orderpit.remote import wire
from orderpit.remote.link import address_of

SAID = [*(request(kind) for kind in VENUE_REQUESTS), r.VenueList(request_id="l", time_ns=1, source="test")]
DATA = [
    quote(),
    Trade("A/B", price="1"),
    Bar("A/B", open="1", high="2", low="1", close="2"),
    Depth("A/B", bids=[("1", "2")], asks=[("2", "1"), ("3", "4")]),
]
REPORTS = [*(report(kind) for kind in VENUE_REPORTS), ORDER_LISTED, LISTED]


def name(value: object) -> str:
    return type(value).__name__


@pytest.mark.parametrize("value", [*SAID, *DATA], ids=name)
def test_what_a_system_says_is_read_as_it_was_written(value: object) -> None:
    asked = wire.Ask(7, wire.written(value))
    (frame,) = wire.Frames(10_000).take(wire.framed(asked))
    heard = wire.from_system(frame)
    assert isinstance(heard, wire.Ask)
    assert heard.message is not None
    assert (heard.now_ns, wire.read(heard.message, wire.REQUESTS)) == (7, value)


@pytest.mark.parametrize("value", REPORTS, ids=name)
def test_what_a_venue_says_is_read_as_it_was_written(value: object) -> None:
    (frame,) = wire.Frames(10_000).take(wire.framed(wire.Answer((wire.written(value),), 5)))
    heard = wire.answer_in(wire.from_venue(frame))
    assert [wire.read(one, wire.REPORTS) for one in heard.said] == [value]
    with pytest.raises(wire.Garbled, match="unknown kind"):
        wire.read(heard.said[0], wire.REQUESTS)


def test_every_kind_of_message_can_be_sent() -> None:
    assert {name(value) for value in [*SAID, *DATA]} == set(wire.REQUESTS)
    assert {name(value) for value in REPORTS} == set(wire.REPORTS)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("client_order_id", "a\nb"),
        ("client_order_id", ""),
        ("quantity", "NaN"),
        ("quantity", "1" * 60),
        ("quantity", 1.5),
        ("quantity", "-0"),
        ("side", "HOLD"),
        ("time_ns", -1),
        ("time_ns", 2**70),
        ("account", "a\x00"),
        ("instructions", {"post_only": 1}),
        ("extra", 1),
    ],
    ids=lambda value: str(value)[:20].encode("unicode_escape").decode(),
)
def test_a_request_that_could_not_have_been_built_is_refused(field: str, wrong: object) -> None:
    fields = msgspec.json.decode(bytes(wire.written(request(r.VenueSubmit)).body))
    body = msgspec.json.encode(fields | {field: wrong})
    with pytest.raises(wire.Garbled):
        wire.read(wire.Message("VenueSubmit", msgspec.Raw(body)), wire.REQUESTS)


def test_instructions_are_checked_too() -> None:
    odd = attrs.evolve(request(r.VenueSubmit), instructions=Instructions(display_quantity=-BTC.price_increment))
    with pytest.raises(wire.Garbled, match="display_quantity"):
        wire.read(wire.written(odd), wire.REQUESTS)


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_else_is_raised(garbage: bytes) -> None:
    for read in (wire.from_system, wire.from_venue):
        with pytest.raises(wire.Garbled):
            read(garbage)


@given(st.lists(st.integers(0, 40), max_size=5), st.integers(1, 50))
def test_frames_are_found_however_they_are_cut(lengths: list[int], piece: int) -> None:
    bodies = [bytes([65 + n]) * (length + 1) for n, length in enumerate(lengths)]
    stream = b"".join(len(body).to_bytes(wire.HEAD, "big") + body for body in bodies)
    frames = wire.Frames(100)
    pieces = [stream[at : at + piece] for at in range(0, len(stream), piece)]
    assert [frame for part in pieces for frame in frames.take(part)] == bodies


@pytest.mark.parametrize("length", [0, 101, 2**32 - 1])
def test_a_frame_of_a_length_that_cannot_be_is_refused_before_it_has_come(length: int) -> None:
    with pytest.raises(wire.Garbled, match=f"a frame of {length} bytes"):
        list(wire.Frames(100).take(length.to_bytes(wire.HEAD, "big")))


@pytest.mark.parametrize(
    "zone",
    [UTC, ZoneInfo("America/New_York"), timezone(timedelta(hours=-5)), timezone(timedelta(0))],
    ids=["UTC", "by name", "by distance", "at no distance"],
)
def test_instruments_are_sent_with_their_trading_hours(zone: tzinfo) -> None:
    hours = TradingHours(open="09:30", close="16:00", time_zone=zone)
    instrument = attrs.evolve(BTC, trading_hours=hours, min_notional="5")
    assert wire.instruments_of([wire.traded(instrument)]) == {BTC.symbol: instrument}
    assert wire.instruments_of([wire.traded(BTC)]) == {BTC.symbol: BTC}


def test_hours_in_a_zone_that_cannot_be_named_are_refused() -> None:
    class Own(tzinfo):
        def utcoffset(self, when: Any) -> timedelta:
            return timedelta(0)

        def dst(self, when: Any) -> timedelta:
            return timedelta(0)

        def tzname(self, when: Any) -> str:
            return "own"

    hours = TradingHours(open="09:30", close="16:00", time_zone=Own())
    with pytest.raises(InvalidConfiguration, match="time_zone"):
        wire.traded(attrs.evolve(BTC, trading_hours=hours))


@pytest.mark.parametrize("zone", ["Nowhere/None", "/etc/passwd", "../zone", 10**9], ids=str)
def test_hours_in_a_zone_that_is_none_are_refused(zone: Any) -> None:
    sent = wire.Traded(wire.traded(BTC).instrument, wire.Hours("09:30", "16:00", (0,), zone))
    with pytest.raises(wire.Garbled):
        wire.instruments_of([sent])


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:7007", ("127.0.0.1", 7007)), ("[::1]:1", ("::1", 1)), ("venue.test:65535", ("venue.test", 65_535))],
    ids=["IPv4", "IPv6", "name"],
)
def test_an_address_is_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert address_of(text) == address


@pytest.mark.parametrize(
    "wrong", [None, 7007, "", "7007", ":7007", "host:", "host:-1", "host:1x", "host:65536"], ids=str
)
def test_what_is_no_address_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidConfiguration, match="address"):
        address_of(wrong)
