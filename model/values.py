"""How a frozen value becomes another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, TypeVar

import attrs

V = TypeVar("V")
_Write = Callable[[object, object], None]
_Access = tuple[Callable[[object], Any], tuple[_Write, ...], Mapping[str, _Write]]
_known: dict[type[Any], _Access] = {}


def changed(value: V, **changes: object) -> V:
    """Return a copy of a frozen attrs value with some fields replaced, without running converters or validators.

    For values whose every field has been checked already. attrs.evolve() checks again and asks for the class's fields
    at each call, which for an order takes five times as long.

    Raises:
        TypeError: for a field that the class has not.
    """
    kind = type(value)
    read, writers, by_name = _known.get(kind) or _learn(kind)
    copy = object.__new__(kind)
    for write, item in zip(writers, read(value), strict=True):
        write(copy, item)
    for name, item in changes.items():
        if name not in by_name:
            msg = f"{kind.__name__} has no field {name}"
            raise TypeError(msg)
        by_name[name](copy, item)
    return copy


def _learn(kind: type[Any]) -> _Access:
    names = tuple(field.name for field in attrs.fields(kind))
    # A slot's descriptor writes what a frozen class's own __setattr__ refuses; the copy is not shared yet.
    writers = tuple(getattr(kind, name).__set__ for name in names)
    read: Callable[[object], Any] = _read_one(names[0]) if len(names) == 1 else attrgetter(*names)
    access: _Access = (read, writers, dict(zip(names, writers, strict=True)))
    _known[kind] = access
    return access


def _read_one(name: str) -> Callable[[object], Any]:
    # attrgetter() returns a tuple only for two names or more.
    return lambda value: (getattr(value, name),)
