"""JSON as strictly as money needs it: no NaN, no duplicate keys, no number that became a float."""

from __future__ import annotations

import json
from typing import NoReturn, cast

from ..model.errors import InvalidMarketData


class _Refused(ValueError):
    pass


def _constant(name: str) -> NoReturn:
    msg = f"has {name}, which JSON does not know"
    raise _Refused(msg)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("has the same key twice in one object")
    return found


# A number with a point stays the text that was written; whoever asks for a price checks that text.
_decode = json.JSONDecoder(object_pairs_hook=_unique, parse_float=str, parse_constant=_constant).decode


def json_object(text: str) -> dict[str, object]:
    """Read one JSON object.

    Raises:
        InvalidMarketData: for anything else, and for what json.loads() would let pass.
    """
    try:
        found = cast("object", _decode(text))
    except _Refused as error:
        raise InvalidMarketData.of("message", text, str(error)) from None
    except RecursionError:
        raise InvalidMarketData.of("message", text, "is nested too deeply") from None
    except ValueError as error:
        # Also an int of more than 4,300 digits, which Python refuses to read.
        raise InvalidMarketData.of("message", text, f"must be JSON ({error})") from None
    if not isinstance(found, dict):
        raise InvalidMarketData.of("message", text, "must be a JSON object")
    return cast("dict[str, object]", found)
