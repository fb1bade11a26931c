"""How a row that an older version wrote becomes one of today: a table of steps, each from one layout to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

Fields: TypeAlias = dict[str, Any]
Step: TypeAlias = Callable[[Fields], Fields]
Steps: TypeAlias = Mapping[tuple[str, int], Step]

STEPS: Final[Steps] = {}
"""From (kind, version) to what takes the fields of that version and gives those of the next.

A layout that has been released never changes: a field that comes, goes or changes its meaning needs a step here, and
the rows of tests/journal/golden stay as they are.
"""


def version_of(kind: str, steps: Steps = STEPS) -> int:
    """Return the version in which rows of a kind are written now: 1, and one more for each step."""
    version = 1
    while (kind, version) in steps:
        version += 1
    return version


def upcast(kind: str, version: int, fields: Fields, steps: Steps = STEPS) -> Fields:
    """Return the fields as they are laid out now."""
    while (kind, version) in steps:
        fields = steps[kind, version](fields)
        version += 1
    return fields
