"""Whether two actors could change the same object: a walk through everything that each can reach."""

from __future__ import annotations

import gc
import re
import types
import weakref
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, cast

import attrs
import pykka

from ...actors.activity import Activity
from ...actors.actor import BaseActor
from ...actors.address import Address
from ...actors.conflation import QuoteSlots
from ...actors.mailbox import Mailbox
from ...actors.runtime import Context
from ...actors.scheduler import Scheduler
from ...actors.sources import Ids
from ...actors.stepped import SteppedRuntime
from ...actors.system import TradingSystem
from ...actors.threads import ThreadRuntime
from ...model.chain import Chain
from .immutable import Immutability

MEETING_POINTS: Final[Mapping[type[Any], str]] = MappingProxyType(
    {
        Address: "an address can only be sent to",
        pykka.ActorRef: "the same, for an actor of the host's",
        Mailbox: "what addresses send to: its queue is made for many writers and one reader",
        Context: "a name, clocks, and where to report; never written to",
        Activity: "counts, each by one atomic step",
        SteppedRuntime: "clocks, ids and timers; one thread at a time by construction",
        ThreadRuntime: "clocks, ids and timers, which bring a lock of their own",
        Scheduler: "the stepped runtime's own",
        Ids: "each of its counts is one atomic step",
        TradingSystem: "the outside: an actor gets of it only the bound method that gives a permit back",
        QuoteSlots: "the deliberate hand-over without a lock of quotes to a reader that fell behind",
        pykka.Future: "one answer, set once by one actor, and read by whoever asked",
        pykka.Timeout: "an error",
    }
)
"""Where actors may meet, and why each of these is safe to share."""

_COMMON_LEAVES: Final = frozenset({str, int, bool, Decimal, type(None)})
_LEAVES: Final = (str, bytes, int, float, Decimal, type(None), Enum, type, re.Pattern, types.ModuleType, types.CodeType)
_SEEN_THROUGH: Final = (tuple, frozenset, Chain, MappingProxyType, types.FunctionType, types.MethodType, types.CellType)
_PYKKAS: Final = frozenset({"actor_inbox", "_actor_ref", "actor_urn", "actor_stopped", "mailbox", "context"})


@attrs.frozen
class Shared:
    """An object that two actors reach, and how each does."""

    kind: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"a {self.kind} is both {self.first} and {self.second}"


def shared_objects(system: TradingSystem, *, allowed: Iterable[object] = ()) -> tuple[Shared, ...]:
    """Return every object that could be changed and that two actors of a system reach.

    Args:
        system: at rest, or stopped: nothing may move meanwhile. On threads that is for the caller to see to.
        allowed: objects of the host's that its callbacks and strategies may share.
    """
    owners: dict[int, tuple[str, str]] = {}
    # Kept so that no other object can have an id of one that was made on the way.
    kept: list[object] = []
    passed_over = {id(one) for one in allowed}
    values = _Values()
    found: list[Shared] = []
    for name, actor in actors_of(system).items():
        for path, value in _changeable(name, actor, passed_over, values):
            kept.append(value)
            owner = owners.setdefault(id(value), (name, path))
            if owner[0] != name:
                found.append(Shared(type(value).__name__, owner[1], path))
    return tuple(found)


def actors_of(system: TradingSystem) -> dict[str, BaseActor]:
    """Return the actor objects of a system by their names; for looking, never for calling."""
    started = cast("Iterator[Address[Any]]", inside(system, "_started")())
    left = cast("Mapping[str, BaseActor]", inside(system, "_left"))
    # A ref holds its actor weakly; one that has stopped is left where the system finds it.
    found = ((address.name, left.get(address.name) or inside(address.ref, "_actor_weakref")()) for address in started)
    return {name: actor for name, actor in found if actor is not None}


def inside(owner: object, name: str) -> Any:
    """Return what an object keeps for itself: a checker looks where nobody else may."""
    return getattr(owner, name)


class _Values:
    """Knows messages and what is made of them, which nobody can change, so that each is walked once for all actors."""

    def __init__(self) -> None:
        self._immutability = Immutability(by_design={})
        self._known: set[int] = set()

    def __contains__(self, value: object) -> bool:
        if id(value) in self._known:
            return True
        if not attrs.has(type(value)) or self._immutability.fault(value) is not None:
            return False
        self._known.add(id(value))
        return True


def _changeable(name: str, actor: BaseActor, passed_over: set[int], values: _Values) -> Iterator[tuple[str, object]]:
    """Yield, each once, the objects that an actor reaches and that somebody could change."""
    passed = (*_LEAVES, *MEETING_POINTS, weakref.ref)
    seen: set[int] = set(passed_over)
    # An actor that is reached from another one is found as its own: nobody may hold it but its runtime.
    to_do = [(f"{name}.{key}", value) for key, value in vars(actor).items() if key not in _PYKKAS]
    while to_do:
        path, value = to_do.pop()
        if type(value) in _COMMON_LEAVES or id(value) in seen or value is actor or value in values:
            continue
        if isinstance(value, passed):
            continue
        seen.add(id(value))
        if not isinstance(value, _SEEN_THROUGH) and not _is_frozen(value):
            yield path, value
        to_do.extend(_held_by(path, cast("object", value)))


def _is_frozen(value: object) -> bool:
    kind = type(value)
    frozen = attrs.has(kind) and kind.__setattr__.__name__ == "_frozen_setattrs" and not kind.__dictoffset__
    # A function in C has no state but what it is bound to.
    return frozen or isinstance(value, types.BuiltinFunctionType) or kind.__module__ in {"operator", "functools"}


def _held_by(path: str, value: object) -> Iterator[tuple[str, object]]:
    match value:
        case types.FunctionType():
            # Not its globals: a module is everybody's, and what it defines is constant.
            cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
            yield from ((f"{path}<{name}>", cell) for name, cell in cells)
            yield from ((f"{path}<default>", default) for default in value.__defaults__ or ())
        case types.MethodType() | types.BuiltinFunctionType():
            yield f"{path}.__self__", value.__self__
        case dict() | MappingProxyType():
            mapping = cast("Mapping[object, object]", value)
            for key, item in mapping.items():
                # Most of what actors hold are values by their ids: no path is written for those.
                if type(item) not in _COMMON_LEAVES:
                    yield f"{path}[{key!r}]", item
                if type(key) not in _COMMON_LEAVES:
                    yield f"{path}'s keys", key
        case types.CellType():
            yield from ((path, content) for content in gc.get_referents(value))
        case _ if hasattr(value, "__dict__"):
            named = vars(value)
            yield from ((f"{path}.{name}", item) for name, item in named.items())
            # From Python 3.13 on an object holds its attributes itself: those have been named.
            known = {id(named), *map(id, named.values())}
            yield from ((path, item) for item in gc.get_referents(value) if id(item) not in known)
        case _:
            yield from ((path, item) for item in gc.get_referents(value) if type(item) not in _COMMON_LEAVES)
