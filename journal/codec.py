"""Rows from events and events from rows: JSON with every field by name, read back strictly.

What is read must be what would be written: the text of a row is compared with the text of the event it gave.

The limits that an order was held to are the same for all orders of a kind, and take kilobytes. A row spells them out
where they occur for the first time; a later one names the row where they stand.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Final, TypeAlias, cast

import attrs
import msgspec

from ..model.errors import InvalidValue, JournalCorrupt, shown
from ..model.events import Event
from ..model.judgement import Check, Judgement, Measured
from .store import Row
from .strict import examiner
from .upcast import STEPS, Steps, upcast, version_of

Read: TypeAlias = Callable[[int, int], Iterable[Row]]
Checks: TypeAlias = tuple[Check, ...]

_ENCODER: Final = msgspec.json.Encoder(decimal_format="string")
_MOST_KNOWN: Final = 1_000
_LONGEST: Final = 200


@attrs.frozen
class _Judged:
    """A judgement as it is kept: its checks, or the number of the row where they stand."""

    checks: int | Checks
    measured: tuple[Measured, ...]
    refused: bool


class _Layout:
    """How events of a class are written.

    A judgement, where there is one, is written as a _Judged, so the class has a twin in which it is one.
    """

    def __init__(self, kind: type[Any]) -> None:
        hints = typing.get_type_hints(kind)
        names = sorted(field.name for field in attrs.fields(kind))
        self.kind = kind
        self.is_judged = hints.get("judgement") is Judgement
        self.names = tuple(name for name in names if name != "judgement")
        self.read: Callable[[Any], tuple[Any, ...]] = attrgetter(*self.names)
        fields = [(name, hints[name]) for name in self.names]
        self.twin: Any = msgspec.defstruct(kind.__name__, [*fields, ("judgement", _Judged)]) if self.is_judged else None
        self.decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(self.twin if self.is_judged else kind)
        self.examine = examiner(kind, deep=True)
        # What was measured comes from exact arithmetic and is sixty numbers at times, too many to look at each again.
        self.examine_own = examiner(kind, deep=False, without="judgement")


_LAYOUTS: Final = {kind.__name__: _Layout(kind) for kind in typing.get_args(Event)}
_LAYOUT_OF: Final = {layout.kind: layout for layout in _LAYOUTS.values()}


def _said(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"[:_LONGEST]
    return text if text.isprintable() else ascii(text)[1:-1]


class Codec:
    """Encodes and decodes the rows of one journal.

    It remembers which row spells out which checks, of those it has encoded and decoded. One that encodes shall have
    been given no rows but those of the journal they are for.

    Args:
        path: of the journal, for errors.
        read: gives the rows from one number to another, both included, such as JournalStore.read. Without it, rows
            can be decoded only after those that they refer to.
        steps: from older layouts to those of today.
    """

    def __init__(self, path: str = "", read: Read | None = None, *, steps: Steps = STEPS) -> None:
        self._path = path
        self._read = read
        self._steps = steps
        self._versions = {kind: version_of(kind, steps) for kind in _LAYOUTS}
        self._last = 0
        # By identity first, since every order of a kind has the very same checks, and hashing them takes long. The
        # checks are kept with it, so that no other object can have that identity.
        self._same: dict[int, tuple[Checks, int]] = {}
        self._equal: dict[Checks, int] = {}
        self._at: dict[int, Checks] = {}

    def encode(self, sequence: int, event: Event) -> Row:
        """Return the row of an event.

        Args:
            sequence: of the row. One that is not above those before takes back what was encoded from there on, which
                was never appended.
            event: any of the ordered stream.

        Raises:
            InvalidValue: for an event that could not be read back: a bug of whoever made it.
        """
        layout = _LAYOUT_OF[type(event)]
        if sequence <= self._last:
            self._forget(sequence)
        self._last = sequence
        layout.examine_own(event)
        written: Any = event
        if layout.is_judged:
            judgement: Judgement = cast("Any", event).judgement
            written = layout.twin(
                *layout.read(event),
                _Judged(self._reference(sequence, judgement.checks), judgement.measured, judgement.refused),
            )
        kind = layout.kind.__name__
        try:
            return Row(sequence, kind, self._versions[kind], _ENCODER.encode(written))
        except (UnicodeError, msgspec.MsgspecError) as error:
            raise InvalidValue.of(kind, event, f"must be text that can be written: {_said(error)}") from error

    def decode(self, row: Row) -> Event:
        """Return the event of a row.

        Raises:
            JournalCorrupt: for a row that encode() would not have written.
        """
        layout = _LAYOUTS.get(row.kind)
        if layout is None:
            raise self._corrupt(row, f"is of the unknown kind {shown(row.kind)}")
        try:
            decoded = self._decoded(layout, row)
            event: Any = self._judged(layout, row, decoded) if layout.is_judged else decoded
            layout.examine(event)
        except InvalidValue as error:
            raise self._corrupt(row, f"holds what no {row.kind} can hold: {error}") from error
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise self._corrupt(row, f"is no {row.kind}: {_said(error)}") from error
        return cast("Event", event)

    def spelled_out(self) -> dict[int, Checks]:
        """Return the checks that it remembers, by the rows that spell them out."""
        return dict(self._at)

    def remember(self, sequence: int, checks: Checks) -> None:
        """Take over what spelled_out() of another has returned."""
        self._remember(sequence, checks)

    def _decoded(self, layout: _Layout, row: Row) -> Any:
        body, newest = row.body, self._versions[row.kind]
        if not 1 <= row.version <= newest:
            rule = f"is a {row.kind} of version {row.version}, and this program reads 1 to {newest}"
            raise self._corrupt(row, rule)
        if row.version < newest:
            fields = msgspec.json.decode(body, type=dict[str, Any])
            self._same_text(row, fields)
            try:
                body = _ENCODER.encode(upcast(row.kind, row.version, fields, self._steps))
            except (KeyError, TypeError, ValueError) as error:
                raise self._corrupt(row, f"is no {row.kind} of version {row.version}: {_said(error)}") from error
            return layout.decoder.decode(body)
        decoded = layout.decoder.decode(body)
        self._same_text(row, decoded)
        return decoded

    def _same_text(self, row: Row, decoded: Any) -> None:
        """Refuse what is written in another way: unknown or missing fields, other spellings, blanks."""
        if _ENCODER.encode(decoded) != row.body:
            raise self._corrupt(row, f"is not written as a {row.kind} of version {row.version} is")

    def _judged(self, layout: _Layout, row: Row, decoded: Any) -> Any:
        """Return the event of its twin."""
        kept: _Judged = decoded.judgement
        checks = self._checks(row, kept.checks)
        fields = dict(zip(layout.names, layout.read(decoded), strict=True))
        return layout.kind(**fields, judgement=Judgement(checks, kept.measured, kept.refused))

    def _checks(self, row: Row, kept: int | Checks) -> Checks:
        if not isinstance(kept, int):
            if kept:
                self._remember(row.sequence, kept)
            return kept
        if not 0 < kept < row.sequence:
            raise self._corrupt(row, f"refers to row {shown(kept)}, which is not before it")
        if kept not in self._at and self._read is not None:
            for other in self._read(kept, kept):
                self._spelled_out(row, other)
        if kept not in self._at:
            raise self._corrupt(row, f"refers to row {kept}, which spells out no checks that were read")
        return self._at[kept]

    def _spelled_out(self, row: Row, other: Row) -> None:
        """Read what another row spells out; one that only refers does not, and is not followed."""
        layout = _LAYOUTS.get(other.kind)
        if layout is None or not layout.is_judged:
            return
        decoded = self._decoded(layout, other)
        kept: _Judged = decoded.judgement
        if not isinstance(kept.checks, int) and kept.checks and other.sequence < row.sequence:
            self._remember(other.sequence, kept.checks)

    def _reference(self, sequence: int, checks: Checks) -> int | Checks:
        """Return the row where checks stand, or themselves where they have not been seen."""
        if not checks:
            return checks
        same = self._same.get(id(checks))
        if same is not None:
            return same[1]
        at = self._equal.get(checks)
        if at is None:
            self._remember(sequence, checks)
            return checks
        self._same[id(checks)] = (checks, at)
        return at

    def _remember(self, sequence: int, checks: Checks) -> None:
        # Limits that change again and again must not fill the memory; what is forgotten is spelled out anew, or read.
        if len(self._same) + len(self._at) > 2 * _MOST_KNOWN and self._read is not None:
            self._same.clear()
            self._equal.clear()
            self._at.clear()
        self._equal.setdefault(checks, sequence)
        self._same[id(checks)] = (checks, self._equal[checks])
        self._at[sequence] = checks

    def _forget(self, sequence: int) -> None:
        self._same = {key: kept for key, kept in self._same.items() if kept[1] < sequence}
        self._equal = {checks: at for checks, at in self._equal.items() if at < sequence}
        self._at = {at: checks for at, checks in self._at.items() if at < sequence}

    def _corrupt(self, row: Row, rule: str) -> JournalCorrupt:
        return JournalCorrupt(self._path, row.sequence, rule)
