"""What passes between a system and a venue in another process: frames of four bytes of length and one JSON object.

The system speaks first, and each of its frames is answered by one. It begins with Hello, or Describe, which say their
version of the protocol. What is not exactly as it would have been written is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any, Final, TypeVar, cast, get_args
from zoneinfo import ZoneInfo

import attrs
import msgspec

from ..model.errors import InvalidConfiguration, InvalidReport, InvalidValue
from ..model.instructions import Instructions
from ..model.instrument import Instrument
from ..model.market import MARKET_DATA
from ..model.numbers import DIGITS, exact, whole
from ..model.report_fields import instructions
from ..model.reports import VENUE_LISTINGS, VENUE_REPORTS, VenueRequest
from ..model.text import free_text, identifier
from ..model.trading_hours import TradingHours

PROTOCOL: Final = 2
"""The version that both sides must speak."""
LONGEST: Final = 1 << 28
"""Bytes in a frame; a list of a million orders is longer than any other answer."""
LONGEST_FROM_SYSTEM: Final = 1 << 22
"""Bytes in a frame of a system, so that nobody can fill the venue's memory with half a frame."""
HEAD: Final = 4

_ENCODER: Final = msgspec.json.Encoder(decimal_format="string")
_DIGITS: Final = 3 * DIGITS
_IDS: Final = frozenset({"client_order_id", "symbol", "request_id"})
T = TypeVar("T")


class Garbled(Exception):
    """What came was not what the protocol allows; the connection cannot be trusted further. It never leaves remote/."""


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Trading hours; zone is the name of a time zone, or its distance from UTC in seconds."""

    open: str
    close: str
    days: tuple[int, ...]
    zone: str | int


class Traded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An instrument; its hours by themselves, since a time zone is code."""

    instrument: msgspec.Raw
    hours: Hours | None


class Describe(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Say how you behave; answered by Terms."""

    protocol: int


class Hello(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Let this system trade; answered by Answer."""

    protocol: int
    now_ns: int
    instruments: tuple[Traded, ...]
    hedged: bool
    seed: int


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A request, an observation or a report: the name of its class, and its fields."""

    kind: str
    body: msgspec.Raw


class Ask(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Take this at that time, or let time pass; answered by Answer."""

    now_ns: int
    message: Message | None


class Terms(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """How the venue behaves, as in ExchangeDescription, and its latest moment."""

    protocol: int
    now_ns: int
    dearest_fee: Decimal
    allowance: Decimal
    allowance_ticks: int
    amends: bool
    ties: bool
    lists: bool
    remembers: bool


class Answer(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """What it led to, and when the next order expires."""

    said: tuple[Message, ...]
    next_expiry_ns: int | None


class Refusal(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """It was not done; the connection ends."""

    text: str


FromSystem = Describe | Hello | Ask
FromVenue = Terms | Answer | Refusal

_FROM_SYSTEM: Final[msgspec.json.Decoder[FromSystem]] = msgspec.json.Decoder(FromSystem)
_FROM_VENUE: Final[msgspec.json.Decoder[FromVenue]] = msgspec.json.Decoder(FromVenue)
REQUESTS: Final[Mapping[str, type[Any]]] = {
    kind.__name__: kind for kind in (*get_args(VenueRequest), *sorted(MARKET_DATA, key=lambda kind: kind.__name__))
}
"""What a system says."""
REPORTS: Final[Mapping[str, type[Any]]] = {kind.__name__: kind for kind in VENUE_REPORTS | VENUE_LISTINGS}
"""What a venue says."""
_DECODED: Final = (*REQUESTS.values(), *REPORTS.values(), Instrument)
_DECODERS: Final[Mapping[type[Any], msgspec.json.Decoder[Any]]] = {
    kind: msgspec.json.Decoder(kind) for kind in _DECODED
}


def framed(message: FromSystem | FromVenue) -> bytes:
    """Return a frame."""
    body = _ENCODER.encode(message)
    return len(body).to_bytes(HEAD, "big") + body


def length_of(head: bytes, most: int) -> int:
    """Return how many bytes follow.

    Raises:
        Garbled: for more than there may be.
    """
    length = int.from_bytes(head, "big")
    if not 0 < length <= most:
        msg = f"a frame of {length} bytes, where 1 to {most} may be"
        raise Garbled(msg)
    return length


class Frames:
    """What has come so far, and the frames that are whole."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = bytearray()

    def take(self, data: bytes) -> Iterator[bytes]:
        """Add what has come, and iterate over the frames that it completes.

        Raises:
            Garbled: for a frame that is too long.
        """
        self._bytes += data
        while len(self._bytes) >= HEAD:
            end = HEAD + length_of(bytes(self._bytes[:HEAD]), self._most)
            if len(self._bytes) < end:
                return
            frame = bytes(self._bytes[HEAD:end])
            del self._bytes[:end]
            yield frame


def answer_in(said: FromVenue) -> Answer:
    """Return what a venue said, which must be an Answer.

    Raises:
        Garbled: for anything else.
    """
    if isinstance(said, Answer):
        return said
    msg = f"a {type(said).__name__} where an Answer should be"
    raise Garbled(msg)


def from_system(body: bytes) -> FromSystem:
    """Return what a system said.

    Raises:
        Garbled: for anything else.
    """
    return _strictly(_FROM_SYSTEM, body)


def from_venue(body: bytes) -> FromVenue:
    """Return what a venue said.

    Raises:
        Garbled: for anything else.
    """
    return _strictly(_FROM_VENUE, body)


def written(value: object) -> Message:
    """Return a request, an observation or a report as it is sent."""
    return Message(type(value).__name__, msgspec.Raw(_ENCODER.encode(value)))


def read(message: Message, kinds: Mapping[str, type[Any]]) -> Any:
    """Return what was written, checked as if it had been built here.

    Raises:
        Garbled: for what is of no such kind, or could not have been built.
    """
    kind = kinds.get(message.kind)
    if kind is None:
        msg = f"a message of the unknown kind {message.kind[:60]!a}"
        raise Garbled(msg)
    return _checked(_strictly(_DECODERS[kind], bytes(message.body)))


def traded(instrument: Instrument) -> Traded:
    """Return an instrument as it is sent.

    Raises:
        InvalidConfiguration: for trading hours in a time zone that has no name and no fixed distance from UTC.
    """
    hours = instrument.trading_hours
    body = msgspec.Raw(_ENCODER.encode(attrs.evolve(instrument, trading_hours=None)))
    if hours is None:
        return Traded(body, None)
    return Traded(body, Hours(hours.open, hours.close, hours.days, _zone_name(hours.time_zone)))


def instruments_of(sent: Iterable[Traded]) -> dict[str, Instrument]:
    """Return the instruments that were sent, by symbol.

    Raises:
        Garbled: for one that could not have been built.
    """
    by_symbol: dict[str, Instrument] = {}
    for one in sent:
        instrument: Instrument = _checked(_strictly(_DECODERS[Instrument], bytes(one.instrument)))
        by_symbol[instrument.symbol] = attrs.evolve(instrument, trading_hours=_hours(one.hours))
    return by_symbol


def _zone_name(zone: tzinfo) -> str | int:
    if zone is UTC:
        return 0
    if isinstance(zone, ZoneInfo):
        return zone.key
    if type(zone) is timezone:
        return int(zone.utcoffset(None).total_seconds())
    rule = "must have a name or a fixed distance from UTC, to be told to another process"
    raise InvalidConfiguration.of("time_zone", zone, rule)


def _hours(hours: Hours | None) -> TradingHours | None:
    if hours is None:
        return None
    try:
        zone: tzinfo = ZoneInfo(hours.zone) if isinstance(hours.zone, str) else _distant(hours.zone)
        return TradingHours(open=hours.open, close=hours.close, time_zone=zone, days=hours.days)
    except (ValueError, OSError, KeyError, OverflowError) as error:
        raise Garbled(f"trading hours that cannot be: {error}"[:200]) from error


def _distant(seconds: int) -> tzinfo:
    return timezone(timedelta(seconds=seconds)) if seconds else UTC


def _strictly(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        value = decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ArithmeticError, ValueError) as error:
        raise Garbled(f"{type(error).__name__}: {error}"[:200]) from error
    # Unknown fields and other spellings of a number, which the types alone let pass.
    if _ENCODER.encode(value) != body:
        msg = f"a {type(value).__name__} that is written in another way"
        raise Garbled(msg)
    return value


def _checked(value: Any) -> Any:
    try:
        return _rebuilt(value)
    except InvalidValue as error:
        raise Garbled(str(error)) from error


def _rebuilt(value: Any) -> Any:
    """Return a value as its own constructor makes it, which decoding has passed by."""
    kind = cast("Any", type(value))
    if kind is tuple:
        return tuple(_rebuilt(one) for one in value)
    if kind is Instructions:
        return instructions(value)
    if not attrs.has(kind):
        return value
    fields: dict[str, Any] = {field.name: _rebuilt(getattr(value, field.name)) for field in attrs.fields(kind)}
    for name, given in fields.items():
        _must_be_plain(name, given)
    return kind(**fields)


def _must_be_plain(name: str, given: object) -> None:
    # A request has no converters: our own side builds it of what has been checked.
    if isinstance(given, Decimal):
        exact(name, given, InvalidReport, digits=_DIGITS)
    elif type(given) is int:
        whole(name, given, InvalidReport)
    elif name in _IDS and given is not None:
        identifier(name, given, InvalidReport)
    elif type(given) is str:
        free_text(name, given, InvalidReport)
