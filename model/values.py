"""How a frozen value becomes another one."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

import attrs

V = TypeVar("V")
_Copy = Callable[[object], Any]
_Finish = Callable[[Any, str, object], None]
_known: dict[type[Any], tuple[_Copy, _Finish, bool]] = {}


def changed(value: V, **changes: object) -> V:
    """Return a copy of a frozen attrs value with some fields replaced, without running converters or validators.

    For values whose every field has been checked already. attrs.evolve() checks again and asks for the class's fields
    at each call, which for an order takes thirty times as long.

    Raises:
        TypeError: for a field that the class has not.
    """
    kind = type(value)
    copy, write, thaws = _known.get(kind) or _learn(kind)
    made: V = copy(value)
    for name, item in changes.items():
        try:
            write(made, name, item)
        except (AttributeError, KeyError):
            msg = f"{kind.__name__} has no field {name}"
            raise TypeError(msg) from None
    if thaws:
        made.__class__ = kind
    return made


def _learn(kind: type[Any]) -> tuple[_Copy, _Finish, bool]:
    names = tuple(field.name for field in attrs.fields(kind))
    read: Callable[[object], Any] = _read_one(names[0]) if len(names) == 1 else attrgetter(*names)
    twin = _thawed(kind, names)
    known = _by_slots(kind, names, read) if twin is None else _by_twin(twin, read)
    _known[kind] = known
    return known


def _thawed(kind: type[Any], names: tuple[str, ...]) -> type[Any] | None:
    """Return a class of the same layout whose attributes can be set; None where Python takes no instance for the other.

    It does not where there is a slot for weak references, or a base class with fields.
    """
    fields = {name: attrs.field() for name in names}
    twin: type[Any] = attrs.make_class(kind.__name__, fields, slots=True, weakref_slot=False, eq=False, repr=False)
    try:
        object.__new__(twin).__class__ = kind
    except TypeError:
        return None
    return twin


def _by_twin(twin: type[Any], read: Callable[[object], Any]) -> tuple[_Copy, _Finish, bool]:
    return lambda value: twin(*read(value)), setattr, True


def _by_slots(kind: type[Any], names: tuple[str, ...], read: Callable[[object], Any]) -> tuple[_Copy, _Finish, bool]:
    # A slot's descriptor writes what a frozen class's own __setattr__ refuses; the copy is not shared yet.
    by_name = {name: getattr(kind, name).__set__ for name in names}
    writers = tuple(by_name.values())

    def copy(value: object) -> Any:
        made = object.__new__(kind)
        for write, item in zip(writers, read(value), strict=True):
            write(made, item)
        return made

    def write(made: Any, name: str, item: object) -> None:
        by_name[name](made, item)

    return copy, write, False


def _read_one(name: str) -> Callable[[object], Any]:
    # attrgetter() returns a tuple only for two names or more.
    return lambda value: (getattr(value, name),)
