"""What happened in a run, message by message, and its digest."""

from __future__ import annotations

import hashlib
from collections import deque
from decimal import Decimal
from enum import Enum
from typing import Any, Final, cast

import attrs

from ..model.events import OrderUpdate
from ..model.numbers import plain

_KEPT_PICTURES: Final = 512


class Trace:
    """Takes each delivery, and adds it to a digest; keeps the latest as text.

    The digest depends on who was told what, in which order and when, and on nothing else: not on addresses in memory,
    not on PYTHONHASHSEED, not on the kind of fibre.

    Args:
        kept: how many of the latest deliveries are kept to be read; 0 for none.
    """

    def __init__(self, kept: int = 0) -> None:
        self.deliveries = 0
        self.latest: deque[tuple[int, str, object]] = deque(maxlen=kept)
        self._digest = hashlib.blake2b(digest_size=16)
        self._pictures: dict[int, tuple[object, bytes]] = {}

    def __call__(self, now_ns: int, receiver: str, message: object) -> None:
        """Take one delivery: Stepped(on_delivery=...) calls it."""
        self.deliveries += 1
        self._digest.update(b"%d %s " % (now_ns, receiver.encode()))
        self._digest.update(self._picture(message))
        if self.latest.maxlen:
            self.latest.append((now_ns, receiver, message))

    def digest(self) -> str:
        """Return the digest of all deliveries so far, as 32 hexadecimal digits."""
        return self._digest.hexdigest()

    def _picture(self, message: object) -> bytes:
        # One message goes to many; it is kept here so that no other can have its id meanwhile.
        known = self._pictures.get(id(message))
        if known is not None:
            return known[1]
        if len(self._pictures) >= _KEPT_PICTURES:
            self._pictures.clear()
        text = f"{picture(message)}\n".encode()
        self._pictures[id(message)] = (message, text)
        return text


def picture(value: object) -> str:
    """Write a message, the same in every process: what is no value is named by its type."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return repr(value)
    if kind is Decimal:
        return plain(cast(Decimal, value))
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, OrderUpdate):
        # The order is a fold of events, and tells nothing new.
        return f"#{value.sequence} {picture(value.event)}"
    if kind is tuple:
        return f"({', '.join(picture(item) for item in cast(tuple[object, ...], value))})"
    if kind is frozenset:
        return f"{{{', '.join(sorted(picture(item) for item in cast(frozenset[object], value)))}}}"
    if attrs.has(cast(type[Any], kind)):
        return f"{kind.__name__}({', '.join(_fields(value, kind))})"
    return kind.__name__


def _fields(value: object, kind: type[Any]) -> list[str]:
    """Those that say something, by name."""
    return [
        f"{field.name}={picture(held)}"
        for field in attrs.fields(kind)
        if (held := getattr(value, field.name)) is not None and held != ""
    ]
