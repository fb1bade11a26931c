"""The boundary for text: identifiers, symbols, and the free text that a user may attach."""

from __future__ import annotations

import re
from typing import Final

from .errors import InvalidValue, kind_name

_ID = re.compile(r"[A-Za-z0-9._:/-]{1,64}", re.ASCII)
_FREE_LENGTH: Final = 256


def identifier(field: str, value: object, error: type[InvalidValue] = InvalidValue) -> str:
    """Take an id or a symbol: an exact str of 1 to 64 characters of A-Z, a-z, 0-9 and . _ : / -."""
    if type(value) is not str:
        raise error.of(field, value, f"must be a str, not {kind_name(value)}")
    if not is_identifier(value):
        raise error.of(field, value, "must be 1 to 64 characters of A-Z, a-z, 0-9 and . _ : / -")
    return value


def is_identifier(value: str) -> bool:
    """Whether identifier() would take it."""
    return _ID.fullmatch(value) is not None


def free_text(field: str, value: object, error: type[InvalidValue] = InvalidValue) -> str:
    """Take a remark: an exact str of at most 256 printable characters, possibly none."""
    if type(value) is not str:
        raise error.of(field, value, f"must be a str, not {kind_name(value)}")
    # isprintable() is false for control characters, newlines, surrogates and direction marks alike.
    if len(value) > _FREE_LENGTH or not value.isprintable():
        raise error.of(field, value, "must be at most 256 printable characters")
    return value
