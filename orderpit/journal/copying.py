"""Copies of folds: what changes is copied, and the frozen values in it are shared."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Any, TypeVar, cast

import attrs

from ..model.chain import Chain

_T = TypeVar("_T")


def copied(value: _T) -> _T:
    """Return a copy that goes its own way.

    Lists, sets, dicts, deques and plain objects of ours are copied, each once however often it is referred to; all else
    is taken to be immutable, as every attrs value of the model is.
    """
    return cast("_T", _copied(value, {}))


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    kind: type[Any] = type(value)
    if kind not in _CONTAINERS and not _is_ours(kind):
        return value
    known = memo.get(id(value))
    if known is not None:
        return known
    copy: Any
    if kind is deque:
        copy = deque[Any](maxlen=value.maxlen)
    elif kind in _CONTAINERS:
        copy = kind()
    else:
        copy = object.__new__(kind)
    # Before what is in it, which may refer to it.
    memo[id(value)] = copy
    if kind is dict:
        copy.update((_copied(key, memo), _copied(item, memo)) for key, item in value.items())
    elif kind is set:
        copy.update(_copied(item, memo) for item in value)
    elif kind in _CONTAINERS:
        copy.extend(_copied(item, memo) for item in value)
    else:
        for name in _names(value):
            setattr(copy, name, _copied(getattr(value, name), memo))
    return copy


_CONTAINERS = frozenset({dict, list, set, deque})
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
