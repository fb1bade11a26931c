"""Whether a message could ever change: a walk through what it holds, by a plan made once for each type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, cast

import attrs

from ...actors import messages as m
from ...actors.mailbox import ActorStop
from ...model.chain import Chain

_KEPT: Final = 512
"""Messages that are remembered: each goes to all who are told of it within a short time."""
_Read = Callable[[object], tuple[object, ...]]

_ADDRESS: Final = "an address: where actors meet, and all that can be done with it is to send"
_REPLY: Final = "where one answer goes, from one actor to one asker"
_TYPES: Final = "names classes, which nobody changes"
BY_DESIGN: Final[Mapping[type[Any], Mapping[str, str]]] = MappingProxyType(
    {
        m.ResendUpdates: MappingProxyType({"target": _ADDRESS}),
        m.Register: MappingProxyType({"target": _ADDRESS}),
        m.Listen: MappingProxyType(
            {
                "target": _ADDRESS,
                "kinds": _TYPES,
                "queued": "reads how many messages wait for the target, and nothing else",
                "slots": "the one hand-over between two actors that is no message; each of its steps is atomic",
            }
        ),
        m.Recorded: MappingProxyType({"feed": _ADDRESS}),
        m.StopListening: MappingProxyType({"target": _ADDRESS}),
        m.Subscribe: MappingProxyType({"target": _ADDRESS, "events": _TYPES}),
        m.Unsubscribe: MappingProxyType({"target": _ADDRESS}),
        m.WaitForState: MappingProxyType({"reply": _REPLY}),
        m.ForgetWait: MappingProxyType({"reply": _REPLY}),
    }
)
"""Fields of messages that hold no value, and why that is right."""


class _Plan:
    """How one type is walked: fields that have held nothing but leaves are looked at together, others one by one."""

    __slots__ = ("deep", "flat", "names", "read_deep", "read_flat")

    def __init__(self, names: tuple[str, ...], deep: frozenset[str] = frozenset()) -> None:
        self.names = names
        self.deep = tuple(name for name in names if name in deep)
        self.flat = tuple(name for name in names if name not in deep)
        self.read_deep = _reader(self.deep)
        self.read_flat = _reader(self.flat)


class Immutability:
    """Says what of a message could change; remembers what it has walked, since one message goes to many.

    What may be in a message: exactly str, int, bool, None, Decimal and members of enumerations, in frozen attrs classes
    without a __dict__, tuples, frozensets and Chains; and in a MappingProxyType, which is read-only for whoever gets
    it, and which our code makes over a dict that it keeps for nothing else.

    Args:
        by_design: fields that hold no value, by type, each with the reason.
    """

    def __init__(self, by_design: Mapping[type[Any], Mapping[str, str]] = BY_DESIGN) -> None:
        self._by_design = by_design
        self._leaves: set[type[Any]] = {str, int, bool, type(None), Decimal, ActorStop}
        self._plans: dict[type[Any], _Plan] = {}
        self._bad_types: dict[type[Any], str] = {}
        # By id, and kept here so that no other object can have that id meanwhile.
        self.walked: dict[int, object] = {}

    def fault(self, message: object) -> str | None:
        """Return what could change, as a path and its type; None when nothing could."""
        if id(message) in self.walked:
            return None
        kind = type(message)
        if kind in self._leaves:
            return None
        fault = self._walk(message, kind)
        if fault is not None:
            return f"{kind.__name__}{fault}"
        self._remember(message)
        return None

    def _walk(self, value: object, kind: type[Any]) -> str | None:
        plan = self._plans.get(kind)
        if plan is not None:
            return self._walk_fields(value, kind, plan)
        if kind is Chain:
            return self._walk_chain(cast("Chain[object]", value))
        if kind is MappingProxyType:
            return self._walk_items(tuple(cast("Mapping[object, object]", value).items()))
        if kind is tuple or kind is frozenset:
            return self._walk_items(cast("tuple[object, ...]", value))
        return self._first_of_its_kind(value, kind)

    def _walk_fields(self, value: object, kind: type[Any], plan: _Plan) -> str | None:
        leaves = self._leaves
        # One step in C for the many fields that hold leaves.
        if not leaves.issuperset(map(type, plan.read_flat(value))):
            held = zip(plan.flat, plan.read_flat(value), strict=True)
            deep = frozenset(name for name, item in held if type(item) not in leaves)
            plan = self._plans[kind] = _Plan(plan.names, deep.union(plan.deep))
        for index, item in enumerate(plan.read_deep(value)):
            inside = type(item)
            # The path is put together on the way back, so that it costs nothing where there is no fault.
            if inside not in leaves and (fault := self._walk(item, inside)) is not None:
                return f".{plan.deep[index]}{fault}"
        return None

    def _walk_items(self, items: Iterable[object]) -> str | None:
        for index, item in enumerate(items):
            inside = type(item)
            if inside not in self._leaves and (fault := self._walk(item, inside)) is not None:
                return f"[{index}]{fault}"
        return None

    def _walk_chain(self, chain: Chain[object]) -> str | None:
        """Walk from the newest link to the first that is known: the past of a chain is shared."""
        links: list[object] = []
        link = chain
        while id(link) not in self.walked:
            links.append(link)
            inside: tuple[Chain[object], object] | None = link._link  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the links themselves are walked
            if inside is None:
                break
            link, item = inside
            if type(item) not in self._leaves and (fault := self._walk(item, type(item))) is not None:
                return f"[{len(link)}]{fault}"
        for known in links:
            self._remember(known)
        return None

    def _first_of_its_kind(self, value: object, kind: type[Any]) -> str | None:
        if isinstance(value, Enum):
            self._leaves.add(kind)
            return None
        why = self._bad_types.get(kind) or self._why_not(kind)
        if why is not None:
            self._bad_types[kind] = why
            return f" {why}"
        passed_over = self._by_design.get(kind, {})
        plan = _Plan(tuple(field.name for field in attrs.fields(kind) if field.name not in passed_over))
        self._plans[kind] = plan
        return self._walk_fields(value, kind, plan)

    def _why_not(self, kind: type[Any]) -> str | None:
        name = kind.__name__
        if "__attrs_attrs__" not in vars(kind):
            return f"is a {name}, which is no value"
        if kind.__setattr__.__name__ != "_frozen_setattrs":
            return f"is a {name}, which is not frozen"
        if kind.__dictoffset__:
            return f"is a {name}, which has a __dict__"
        for field in attrs.fields(kind):
            default = field.default
            if default is not attrs.NOTHING and not isinstance(default, cast("type[Any]", attrs.Factory)):
                inside: type[Any] = type(cast("object", default))
                if inside not in self._leaves and (fault := self._walk(default, inside)) is not None:
                    return f"is a {name}, whose default of {field.name}{fault}"
        return None

    def _remember(self, value: object) -> None:
        if len(self.walked) >= _KEPT:
            self.walked.clear()
        self.walked[id(value)] = value


def _reader(names: tuple[str, ...]) -> _Read:
    # attrgetter() returns a tuple only for two names or more.
    if not names:
        return _nothing
    read = attrgetter(*names)
    return read if len(names) > 1 else lambda value: (read(value),)


def _nothing(value: object) -> tuple[object, ...]:
    del value
    return ()
