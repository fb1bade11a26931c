"""One input, and how a refusal must look."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import attrs

from orderpit.model.errors import InvalidValue

LONGEST: Final = 800
"""Characters of the longest error: 60 characters of a value are shown, each of which may be escaped with ten."""


@attrs.frozen
class Case:
    """One input: what it is given to, and a call that returns True where it was accepted and False where refused.

    The call can be repeated. It raises whatever is neither.
    """

    what: str
    call: Callable[[], bool]


def accepts(call: Callable[[], object], kind: type[InvalidValue], fields: Collection[str]) -> bool:
    """Call, and say whether that was accepted; a refusal must be one clear error of this kind that names a field.

    Raises:
        AssertionError: for a refusal that is not clear.
        Exception: any other, as it is.
    """
    try:
        call()
    except InvalidValue as error:
        _is_clear(error, kind, fields)
        return False
    return True


def _is_clear(error: InvalidValue, kind: type[InvalidValue], fields: Collection[str]) -> None:
    assert type(error) is kind, f"{type(error).__name__} in place of {kind.__name__}: {error}"
    # "asks price" is of asks; "bid" is the best of bids.
    assert any(field in error.field or error.field == field[:-1] for field in fields), f"names no field: {error}"
    assert error.rule, "states no rule"
    assert f", got {error.value}" in str(error), f"shows no value: {error}"
    fits(str(error))


def fits(text: str) -> None:
    """Hold the text of an error against what a terminal and a log can take."""
    assert len(text) <= LONGEST, f"an error of {len(text)} characters"
    assert text.isprintable(), ascii(text)
