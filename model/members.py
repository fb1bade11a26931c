"""What a caller gives as a collection, taken as far as it is what was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def up_to_another_kind(values: Iterable[T], kind: type[T]) -> list[T]:
    """Return the values up to the first of another kind, that one included: of a million others one is enough."""
    taken: list[T] = []
    for value in values:
        taken.append(value)
        if type(value) is not kind:
            break
    return taken
