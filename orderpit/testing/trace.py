"""What happened in a run, message by message, and its digest."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any, Final

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
    write = _writers.get(kind)
    if write is None:
        write = _writers[kind] = _writer(kind)
    return write(value)


def _writer(kind: type[Any]) -> Callable[[Any], str]:
    """Return what writes values of a type."""
    if issubclass(kind, Enum):
        names = {member: member.name for member in kind}
        return names.__getitem__
    if issubclass(kind, OrderUpdate):
        return _update
    if attrs.has(kind):
        return _fields_of(kind)
    name = kind.__name__
    return lambda _: name


def _fields_of(kind: type[Any]) -> Callable[[Any], str]:
    """Return what writes the fields of a type that say something, by name; planned once, since it runs most often."""
    fields = [(field.name, f"{field.name}=") for field in attrs.fields(kind)]
    writers = _writers

    def write(value: object) -> str:
        said: list[str] = []
        for name, label in fields:
            held = getattr(value, name)
            if held is not None and (held or type(held) is not str):
                known = writers.get(held.__class__)
                said.append(label + (picture(held) if known is None else known(held)))
        return f"{kind.__name__}({', '.join(said)})"

    return write


def _update(value: OrderUpdate) -> str:
    # The order is a fold of events, and tells nothing new.
    return f"#{value.sequence} {picture(value.event)}"


def _tuple(value: tuple[object, ...]) -> str:
    return f"({', '.join(map(picture, value))})"


def _frozenset(value: frozenset[object]) -> str:
    # In an order that is no string's hash.
    return f"{{{', '.join(sorted(map(picture, value)))}}}"


_writers: Final[dict[type[Any], Callable[[Any], str]]] = {
    str: repr,
    int: repr,
    bool: repr,
    type(None): repr,
    Decimal: plain,
    tuple: _tuple,
    frozenset: _frozenset,
}
