"""How a frozen value becomes another one."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, TypeVar

import attrs

V = TypeVar("V")
_readers: dict[type[Any], tuple[attrgetter[Any], tuple[str, ...], tuple[Any, ...]]] = {}


def changed(value: V, **changes: object) -> V:
    """Return a copy of a frozen attrs value with some fields replaced, without running converters or validators.

    For values whose every field has been checked already. attrs.evolve() checks again and asks for the class's fields
    at each call, which for an order takes five times as long.
    """
    kind = type(value)
    known = _readers.get(kind)
    if known is None:
        names = tuple(field.name for field in attrs.fields(kind))  # type: ignore[arg-type]  # any attrs class
        writers = tuple(getattr(kind, name).__set__ for name in names)
        known = _readers[kind] = (attrgetter(*names), names, writers)
    read, names, writers = known
    current = dict(zip(names, read(value), strict=True))
    current.update(changes)
    if len(current) != len(names):
        msg = f"{kind.__name__} has no field {', '.join(sorted(current.keys() - set(names)))}"
        raise TypeError(msg)
    copy = object.__new__(kind)
    for write, item in zip(writers, current.values(), strict=True):
        write(copy, item)
    return copy
