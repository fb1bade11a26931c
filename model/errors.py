"""Every error that orderpit raises: one small tree of frozen values whose message is built from their fields."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Self

import attrs

_SHOWN = 60
_TOLD = 300
_SHOWN_BITS = 200
# The repr of a Decimal depends on the caller's context (capitals); an error's text must not.
_TEXT = decimal.Context(prec=1, capitals=1)


def shown(value: object) -> str:
    """Return a bounded, printable picture of any value, even of one whose own repr raises."""
    if type(value) is str and len(value) > _SHOWN:
        return f"{value[:_SHOWN]!a}... ({len(value)} characters)"
    try:
        text = _pictured(value)
    except Exception as error:  # noqa: BLE001  # a hostile repr must not become a second failure
        return f"<{kind_name(value)} whose repr raised {kind_name(error)}>"
    picture = _printable(text)
    return picture if len(text) <= _SHOWN else f"{picture}... ({len(text)} characters)"


def _pictured(value: object) -> str:
    if isinstance(value, int) and int.bit_length(value) > _SHOWN_BITS:
        # Writing out an int of a million digits takes seconds.
        return f"an int of {int.bit_length(value)} bits"
    if type(value) is Decimal:
        return f"Decimal('{_TEXT.to_sci_string(value)}')"
    # A repr may return a subclass of str, whose methods are its author's; what goes on from here is an exact str.
    return str.__str__(ascii(value))


def _printable(text: str, most: int = _SHOWN) -> str:
    """Cut a text, and escape what a terminal or a log must never see: controls, surrogates, direction marks."""
    start = text[:most]
    return start if start.isascii() and start.isprintable() else ascii(start)[1:-1][:most]


def kind_name(value: object) -> str:
    """Return the name of a value's class, bounded and printable, whatever its author made of it."""
    # Read past a metaclass, which could answer with anything.
    name: str = type.__dict__["__name__"].__get__(type(value))
    return _printable(name)


def told(error: BaseException) -> str:
    """Return a bounded, printable picture of an error; of one of ours its message, with the rule."""
    if type(error).__str__ is not InvalidValue.__str__:
        return shown(error)
    try:
        text = f"{kind_name(error)}: {error}"
    except Exception:  # noqa: BLE001  # whoever raises it may have put anything into its fields
        return shown(error)
    return _printable(text, _TOLD)


class OrderpitError(Exception):
    """The root of the tree."""


@attrs.frozen
class InvalidValue(OrderpitError, ValueError):
    """A value that can never be right, refused at the boundary before anything was done."""

    field: str
    value: str
    rule: str

    @classmethod
    def of(cls, field: str, value: object, rule: str) -> Self:
        """Build the error from the offending value itself, however hostile that is."""
        return cls(field, shown(value), rule)

    def __str__(self) -> str:
        return f"{self.field}: {self.rule}, got {self.value}"


class InvalidOrder(InvalidValue):
    """An order, modification or cancellation that can never be valid."""


class InvalidInstrument(InvalidValue):
    """An instrument whose definition contradicts itself."""


class InvalidMarketData(InvalidValue):
    """A quote, trade, bar or depth that no market can show."""


class InvalidReport(InvalidValue):
    """A report of a venue that cannot be read."""


class InvalidConfiguration(InvalidValue):
    """A setting of the system that is out of range."""


@attrs.frozen
class InvalidData(OrderpitError, ValueError):
    """A row of a data file that cannot be read; line 0 is the file as a whole."""

    file: str
    line: int
    value: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.reason}, got {self.value}" if self.value else f"{where}: {self.reason}"


@attrs.frozen
class IllegalTransition(OrderpitError):
    """A bug of ours: an event was applied that the state table forbids."""

    order_id: str
    state: str
    event: str

    def __str__(self) -> str:
        return f"order {self.order_id} in state {self.state} cannot take {self.event}"


@attrs.frozen
class Overloaded(OrderpitError):
    """Too many orders have had no first answer yet; nothing was created."""

    limit: int

    def __str__(self) -> str:
        return f"{self.limit} orders are waiting for their first update; nothing was created, try again later"


@attrs.frozen
class SystemStopped(OrderpitError, RuntimeError):
    """The system is not running, so the request was not taken."""

    request: str
    why: str = "is not running"

    def __str__(self) -> str:
        return f"{self.request} was not taken: the trading system {self.why}"


@attrs.frozen
class BlockingCall(OrderpitError, RuntimeError):
    """A call that waits was made inside a handler, where it would stall an actor."""

    call: str
    actor: str

    def __str__(self) -> str:
        return f"{self.call} waits, and may not be called inside a handler of {self.actor}"


class JournalError(OrderpitError):
    """The journal cannot be used as it was asked to be."""


@attrs.frozen
class InvalidJournal(JournalError, ValueError):
    """What is at the path is no journal of ours, or one that cannot be opened here."""

    path: str
    rule: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}"


class JournalLocked(InvalidJournal):
    """Another process has the journal open."""


@attrs.frozen
class JournalCorrupt(JournalError):
    """A row is not what was written, or is gone. sequence names the first such row, 0 the journal as a whole."""

    path: str
    sequence: int
    rule: str

    def __str__(self) -> str:
        where = f"{self.path}, row {self.sequence}" if self.sequence else self.path
        return f"{where}: {self.rule}"


@attrs.frozen
class JournalFull(JournalError):
    """There is no room for more rows; what is there is whole, and can be read."""

    path: str
    cause: str

    def __str__(self) -> str:
        return f"{self.path}: there is no room for more rows: {self.cause}"


@attrs.frozen
class JournalBroken(JournalError):
    """A write has failed, and nothing is known of what has been kept; the journal has to be opened anew."""

    path: str
    cause: str

    def __str__(self) -> str:
        return f"{self.path}: a write has failed, open it anew: {self.cause}"
