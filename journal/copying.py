"""Copies of folds: what changes is copied, and the frozen values in it are shared."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar, cast

import attrs

from ..model.chain import Chain

_T = TypeVar("_T")


def copied(value: _T) -> _T:
    """Return a copy that goes its own way.

    Lists, sets, dicts, deques and plain objects of ours are copied, each once however often it is referred to; all else
    is taken to be immutable, as every attrs value of the model is.
    """
    return cast("_T", _copied(value, {}))


_Memo: TypeAlias = dict[int, Any]


def _copied(value: object, memo: _Memo) -> Any:
    kind = type(value)
    container = _CONTAINERS.get(kind)
    if container is None and not _is_ours(kind):
        return value
    known = memo.get(id(value))
    if known is not None:
        return known
    if container is not None:
        return container(value, memo)
    copy: object = object.__new__(kind)
    # Before what is in it, which may refer to it; so do the others.
    memo[id(value)] = copy
    for name in _names(value):
        setattr(copy, name, _copied(getattr(value, name), memo))
    return copy


def _each(items: Collection[Any], memo: _Memo) -> Iterable[Any]:
    """Copy items; hundreds of thousands of values are looked at by their types alone."""
    if any(kind in _CONTAINERS or _is_ours(kind) for kind in set(map(type, items))):
        return [_copied(item, memo) for item in items]
    return items


def _dict(value: Any, memo: _Memo) -> Any:
    copy: dict[Any, Any] = {}
    memo[id(value)] = copy
    copy.update(zip(_each(value.keys(), memo), _each(value.values(), memo), strict=True))
    return copy


def _list(value: Any, memo: _Memo) -> Any:
    copy: list[Any] = []
    memo[id(value)] = copy
    copy.extend(_each(value, memo))
    return copy


def _set(value: Any, memo: _Memo) -> Any:
    copy: set[Any] = set()
    memo[id(value)] = copy
    copy.update(_each(value, memo))
    return copy


def _deque(value: Any, memo: _Memo) -> Any:
    copy: deque[Any] = deque(maxlen=value.maxlen)
    memo[id(value)] = copy
    copy.extend(_each(value, memo))
    return copy


_CONTAINERS: Final[Mapping[type[Any], Callable[[Any, _Memo], Any]]] = MappingProxyType(
    {dict: _dict, list: _list, set: _set, deque: _deque}
)
_OURS: dict[type[Any], bool] = {}


def _is_ours(kind: type[Any]) -> bool:
    """Whether objects of a class change: ours, and no values."""
    known = _OURS.get(kind)
    if known is None:
        ours = kind.__module__.startswith("orderpit.")
        known = _OURS[kind] = ours and not attrs.has(kind) and not issubclass(kind, Enum | Chain | BaseException | type)
    return known


def _names(value: Any) -> list[str]:
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()) if hasattr(value, name)]
    return [*getattr(value, "__dict__", {}), *slots]
