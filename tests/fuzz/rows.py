"""Fuzzing of journal rows: any bytes as a body are read as what would be written so, or refused as corrupt."""

from __future__ import annotations

import sys
import typing
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs

from orderpit.journal.codec import Codec
from orderpit.journal.store import Row
from orderpit.model.errors import JournalCorrupt
from orderpit.model.events import Event

from .outcome import Case, fits

_GOLDEN: Final = Path(__file__).parents[1] / "journal" / "golden" / "1"
_ROWS: Final = tuple(
    Row(1, kind.__name__, 1, (_GOLDEN / f"{kind.__name__}.json").read_bytes()) for kind in typing.get_args(Event)
)
_PIECES: Final = (
    b"null", b"true", b"0", b"-1", b"1e5", b'"1E+999999"', b'"NaN"', b'"sNaN"', b'"-0"', b"[]", b"{}", b"[" * 5_000,
    b'{"a":' * 5_000, b'"' + b"9" * 300 + b'"', b"9" * 5_000, b'"\\ud800"', b"\xff", b"\x00", b" ", b",", b'"', b"\\",
    b'"checks":7', b'"checks":0', b'"LIMIT"', "\u202e".encode(), str(sys.maxsize + 1).encode(),
)  # fmt: skip


def row(random: Random) -> Case:
    """Draw a row that is damaged in one to three places, or only in its kind, version or number."""
    one = random.choice(_ROWS)
    body = one.body
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        body = _spoilt(random, body)
    changes: dict[str, Any] = {"body": body}
    if not random.randrange(5):
        changes["kind"] = random.choice((random.choice(_ROWS).kind, "", "x" * 1_000, "\x1b[2J", "Event"))
    if not random.randrange(10):
        changes["version"] = random.choice((0, -1, 2, 2**62))
    drawn = attrs.evolve(one, **changes)
    return Case(f"a row of {one.kind}", lambda: _reads(drawn))


def _spoilt(random: Random, body: bytes) -> bytes:
    at = random.randrange(len(body) + 1)
    match random.randrange(5):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + random.randbytes(random.choice((1, 1, 4, 64))) + body[at + random.randrange(5) :]
        case 2:
            until = random.randrange(at, len(body) + 1)
            return body[:at] + body[until:]
        case 3:
            # A value in the place of another, which is more likely to be understood than anything anywhere.
            start = body.find(b":", at) + 1
            ends = [end for end in (body.find(b",", start), body.find(b"}", start)) if end >= 0]
            return body[:start] + random.choice(_PIECES) + body[min(ends, default=len(body)) :]
        case _:
            return body[:at] + random.choice(_PIECES) + body[at:]


def _reads(drawn: Row) -> bool:
    try:
        event = Codec("orders.db").decode(drawn)
    except JournalCorrupt as error:
        _is_clear(error, drawn)
        return False
    again = Codec().encode(drawn.sequence, event)
    assert again == drawn, "what was read would be written otherwise"
    return True


def _is_clear(error: JournalCorrupt, drawn: Row) -> None:
    assert error.sequence == drawn.sequence, "names another row"
    assert error.rule, "states no rule"
    fits(str(error))
