"""Temporary."""
from __future__ import annotations

from typing import Any, get_args

import msgspec

from ..model import events as e
from .store import Row

_ENCODER = msgspec.json.Encoder(decimal_format="string")
_DECODERS: dict[str, Any] = {kind.__name__: msgspec.json.Decoder(kind) for kind in get_args(e.Event)}

def encode(sequence: int, event: e.Event) -> Row:
    return Row(sequence, type(event).__name__, 1, _ENCODER.encode(event))

def decode(row: Row) -> e.Event:
    event: e.Event = _DECODERS[row.kind].decode(row.body)
    return event
