"""A fold as bytes, and again as a fold: every object that can be reached from one, each written once.

Objects are written by their shape, a class with its attributes or a tuple of so many items, as columns: all the values
of an attribute together. A column is made and read in a few calls, however many objects there are, which is what makes
a million of them a matter of seconds. Nothing is executed to read one: no constructor, no converter, no code that is
named in it. Only objects of this package can be in it, and values of the few types that its state is made of.

It is meant for the same program and nothing else: a class may have changed in any other. See snapshot.py.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from itertools import accumulate, chain, pairwise, repeat
from operator import attrgetter
from types import FunctionType, MappingProxyType, MemberDescriptorType, MethodType, NoneType
from typing import Any, Final, NoReturn, TypeAlias, cast

import msgspec

PACKAGE: Final = f"{__name__.partition('.')[0]}."
"""The classes that may occur are those of modules whose names begin so."""

Functions: TypeAlias = Mapping[str, Callable[..., Any]]
"""By the attribute that has them, as module:class.attribute."""

_PLAIN: Final[Mapping[str, Any]] = MappingProxyType(
    {"str": list[str], "int": list[int], "bool": list[bool], "Decimal": list[Decimal], "NoneType": list[None]}
)
_PLAIN_TYPES: Final = frozenset({str, int, bool, Decimal, NoneType})
_FILLED: Final = frozenset({list, set, dict, deque, MappingProxyType})
_FROZEN: Final = frozenset({tuple, frozenset})
_NUMBERS: Final = -1
# A reference is the number of a pool and a place in it, in one number.
_SHIFT: Final = 40
_PLACE: Final = (1 << _SHIFT) - 1


class _Shape(msgspec.Struct, array_like=True, frozen=True):
    """What the objects of a pool have in common.

    Attributes:
        kind: the name of a builtin type, or "object", "enum", "method", "given".
        name: the class of an object, of an enum's member or of a named tuple, as module:class; of a method its name; of
            a function that is given where it was found.
        fields: the attributes that an object has.
        size: how many items a tuple has.
        level: of a tuple or frozenset, one more than that of any that is an item of it.
    """

    kind: str
    name: str = ""
    fields: tuple[str, ...] = ()
    size: int = 0
    level: int = 0


class _Column(msgspec.Struct, array_like=True):
    """References to objects, by pool and by place in it: all in one pool, or each in its own. Or numbers themselves.

    Attributes:
        pools, places: of each value, or of the only one.
        times: how often the only value is there; 0 where there are others.
    """

    pools: int | list[int]
    places: list[int]
    times: int = 0


class _Segment(msgspec.Struct, array_like=True):
    """Some objects of a pool, one after the other: how many, how many items each of them has, and the columns."""

    count: int
    lengths: list[int]
    columns: list[_Column]


class _Pool:
    """Objects of one shape, in the order in which they were found; of so many the columns are written."""

    def __init__(self, index: int, shape: _Shape) -> None:
        self.first = index << _SHIFT
        self.shape = shape
        self.objects: list[Any] = []
        self.written = 0
        self.segments: list[_Segment] = []


def written(root: object, given: Collection[str] = ()) -> tuple[list[bytes], Functions]:
    """Return the parts that an object is written as, and the functions in it.

    What a function does cannot be written: whoever reads the parts gives those that are meant. A method of an object
    that is written is no such function, it is that object's.

    Args:
        root: the object.
        given: the attributes that have functions, as module:class.attribute. No other may, since a function may know of
            what it was made from.

    Raises:
        TypeError: for an object that is neither a plain value nor of this package, naming its class.
    """
    writer = _Writer(given)
    writer.write(root)
    return writer.parts(), writer.functions


class _Writer:
    def __init__(self, given: Collection[str]) -> None:
        self._given = given
        self.functions: dict[str, Callable[..., Any]] = {}
        self._pools: list[_Pool] = []
        self._by_shape: dict[_Shape, _Pool] = {}
        self._by_class: dict[type[Any], _Pool] = {}
        # Text and numbers are the same where they are equal, all else where it is one object: 1.0 and 1.00 are equal.
        self._values: dict[type[Any], dict[Any, int]] = {str: {}, int: {}, bool: {}}
        self._references: dict[int, int] = {}
        self._about = "the whole"

    def write(self, root: object) -> None:
        self._reference(root)
        grows = True
        while grows:
            grows = False
            # Those that are found meanwhile come behind, and are gone through too.
            for pool in self._pools:
                if pool.written < len(pool.objects):
                    grows, begin = True, pool.written
                    pool.written = len(pool.objects)
                    self._write(pool, pool.objects[begin:])

    def parts(self) -> list[bytes]:
        bodies: list[Any] = [[pool.shape for pool in self._pools]]
        for pool in self._pools:
            match pool.shape.kind:
                case "enum":
                    bodies.append([member.name for member in pool.objects])
                case kind if kind in _PLAIN:
                    bodies.append(pool.objects)
                case _:
                    bodies.append(pool.segments)
        return [msgspec.msgpack.encode(body) for body in bodies]

    def _write(self, pool: _Pool, objects: list[Any]) -> None:
        kind, segment = pool.shape.kind, _Segment(len(objects), [], [])
        match kind:
            case "object":
                for name in pool.shape.fields:
                    self._about = f"{pool.shape.name}.{name}"
                    segment.columns.append(self._column(map(attrgetter(name), objects)))
            case "tuple":
                segment.columns.extend(map(self._column, zip(*objects, strict=True)))
            case "dict" | "mappingproxy":
                segment.columns.append(self._column(chain.from_iterable(objects)))
                segment.columns.append(self._column(chain.from_iterable(one.values() for one in objects)))
            case "set" | "frozenset":
                # In the order of their text, so that what is equal is written alike.
                segment.columns.append(self._column(chain.from_iterable(sorted(one, key=str) for one in objects)))
            case "list" | "deque":
                segment.columns.append(self._column(chain.from_iterable(objects)))
            case "method":
                segment.columns.append(self._column(one.__self__ for one in objects))
            case _:
                pass
        if kind == "deque":
            segment.columns.append(self._column(one.maxlen for one in objects))
        if kind not in {"object", "tuple", "method", "given", "enum", *_PLAIN}:
            segment.lengths = list(map(len, objects))
        pool.segments.append(segment)

    def _column(self, items: Iterable[Any]) -> _Column:
        values = list(items)
        kinds = set(map(type, values))
        if kinds == {int}:
            return _Column(_NUMBERS, *_once(values))
        if kinds == {str}:
            found = list(map(self._values[str].get, values))
        else:
            found = list(map(self._references.get, map(id, values)))
        if None in found:
            found = [self._reference(value) if at is None else at for at, value in zip(found, values, strict=True)]
        references, times = _once(cast("list[int]", found))
        pools = [at >> _SHIFT for at in references]
        return _Column(pools[0] if len(set(pools)) == 1 else pools, [at & _PLACE for at in references], times)

    def _reference(self, value: Any) -> int:
        kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType]  # of Any nothing is known
        known, key = self._values.get(kind), value
        if known is None:
            known, key = self._references, id(value)
        at = known.get(key)
        if at is None:
            pool = self._by_class.get(kind) or self._pool_of(kind, value)
            at = known[key] = pool.first + len(pool.objects)
            # Kept, so that no other can come to have its identity.
            pool.objects.append(value)
        return at

    def _pool_of(self, kind: type[Any], value: Any) -> _Pool:
        name = f"{kind.__module__}:{kind.__qualname__}"
        is_ours = name.startswith(PACKAGE)
        if kind in _FROZEN or (is_ours and issubclass(kind, tuple)):
            inner = [self._reference(item) >> _SHIFT for item in value if isinstance(item, tuple | frozenset)]
            level = max((self._pools[index].shape.level for index in inner), default=-1) + 1
            if kind is frozenset:
                return self._pool(_Shape("frozenset", level=level))
            return self._pool(_Shape("tuple", name if is_ours else "", size=len(value), level=level))
        if kind is MethodType and not isinstance(value.__self__, type):
            return self._pool(_Shape("method", value.__name__, level=-1))
        if kind is FunctionType and self._about in self._given:
            if self.functions.setdefault(self._about, value) is not value:
                msg = f"{self._about} cannot be written: two functions are there"
                raise TypeError(msg)
            return self._pool(_Shape("given", self._about))
        if kind in _PLAIN_TYPES or kind in _FILLED:
            shape = _Shape(kind.__name__)
        elif is_ours and isinstance(value, Enum):
            shape = _Shape("enum", name)
        elif not is_ours or cast("Any", kind).__new__ is not object.__new__:
            msg = f"{self._about} cannot be written: {name}"
            raise TypeError(msg)
        else:
            shape = _Shape("object", name, _fields(value))
        pool = self._pool(shape)
        if not hasattr(value, "__dict__") or shape.kind == "enum":
            self._by_class[kind] = pool
        return pool

    def _pool(self, shape: _Shape) -> _Pool:
        pool = self._by_shape.get(shape)
        if pool is None:
            pool = self._by_shape[shape] = _Pool(len(self._pools), shape)
            self._pools.append(pool)
        return pool


def _once(values: list[int]) -> tuple[list[int], int]:
    """Return the only value and how often it is there, or all of them and 0; most fields of an order are like that."""
    count = len(values)
    return (values[:1], count) if count > 1 and values.count(values[0]) == count else (values, 0)


def _fields(value: Any) -> tuple[str, ...]:
    slots = (name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()))
    return (*(name for name in slots if name != "__weakref__"), *getattr(value, "__dict__", ()))


def read(parts: Iterable[bytes], functions: Functions) -> Any:
    """Return the object that was written, a new one in every part.

    Args:
        parts: as written() returned them.
        functions: those that are meant; one that is missing fails when it is called.

    Raises:
        ValueError: for what this very program has not written.
    """
    try:
        return _Reader(parts, functions).root()
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        msg = f"was not written by this program: {type(error).__name__}: {error}"
        raise ValueError(msg) from error


class _Reader:
    def __init__(self, parts: Iterable[bytes], functions: Functions) -> None:
        first, *bodies = parts
        self._functions = functions
        self._under: dict[int, dict[Any, Any]] = {}
        self._pools: list[list[Any]] = []
        self._made: list[tuple[_Shape, list[_Segment], list[Any]]] = []
        for shape, body in zip(msgspec.msgpack.decode(first, type=list[_Shape]), bodies, strict=True):
            match shape.kind:
                case "enum":
                    members = _class(shape.name).__members__
                    self._pools.append([members[name] for name in msgspec.msgpack.decode(body, type=list[str])])
                case kind if kind in _PLAIN:
                    self._pools.append(msgspec.msgpack.decode(body, type=_PLAIN[kind]))
                case _:
                    objects: list[Any] = []
                    self._pools.append(objects)
                    self._made.append((shape, msgspec.msgpack.decode(body, type=list[_Segment]), objects))

    def root(self) -> Any:
        """Make what is referred to before it is filled, and fill last what has to hash its items."""
        for shape, segments, objects in self._made:
            for segment in segments:
                objects.extend(self._empty(shape, segment))
        for shape, segments, objects in sorted(self._made, key=lambda one: one[0].level):
            for segment in segments:
                objects.extend(self._frozen(shape, segment))
        for shape, segments, objects in (made for made in self._made if made[0].kind == "object"):
            for name, *columns in zip(shape.fields, *(segment.columns for segment in segments), strict=True):
                values = chain.from_iterable(map(self._values, columns))
                # For frozen classes too; in one call, with none of it in Python.
                slot = getattr(_class(shape.name), _attribute(name), None)
                if type(slot) is MemberDescriptorType:
                    deque(map(slot.__set__, objects, values), maxlen=0)
                else:
                    deque(map(object.__setattr__, objects, repeat(name), values), maxlen=0)
        for shape, segments, objects in self._made:
            left = iter(objects)
            for segment in segments:
                self._fill(shape, segment, left)
        return self._pools[0][0]

    def _values(self, column: _Column) -> Iterable[Any]:
        pools, places = column.pools, column.places
        if column.times:
            (place,) = places
            return repeat(place if pools == _NUMBERS else self._pools[cast("int", pools)][place], column.times)
        if pools == _NUMBERS:
            return places
        if isinstance(pools, int):
            return map(self._pools[pools].__getitem__, places)
        return [self._pools[pool][place] for pool, place in zip(pools, places, strict=True)]

    def _empty(self, shape: _Shape, segment: _Segment) -> Iterable[Any]:
        match shape.kind:
            case "object":
                return map(object.__new__, repeat(_class(shape.name), segment.count))
            case "given":
                return repeat(self._functions.get(shape.name) or _missing(shape.name), segment.count)
            case "deque":
                return [deque(maxlen=most) for most in self._values(segment.columns[-1])]
            case "mappingproxy":
                return [self._proxy() for _ in range(segment.count)]
            case "list" | "dict" | "set" as kind:
                return [_EMPTY[kind]() for _ in range(segment.count)]
            case _:
                return ()

    def _proxy(self) -> MappingProxyType[Any, Any]:
        under: dict[Any, Any] = {}
        proxy = MappingProxyType(under)
        self._under[id(proxy)] = under
        return proxy

    def _frozen(self, shape: _Shape, segment: _Segment) -> Iterable[Any]:
        match shape.kind:
            case "tuple":
                items: Iterable[Any] = repeat((), segment.count)
                if shape.size:
                    items = zip(*map(self._values, segment.columns), strict=True)
                return map(cast("Any", tuple).__new__, repeat(_class(shape.name)), items) if shape.name else items
            case "frozenset":
                return map(frozenset, self._items(segment, 0))
            case "method":
                return [_method(shape.name, one) for one in self._values(segment.columns[0])]
            case _:
                return ()

    def _fill(self, shape: _Shape, segment: _Segment, left: Iterator[Any]) -> None:
        """Fill as many of the objects that are left as the segment is about."""
        match shape.kind:
            case "list" | "deque":
                for items, one in zip(self._items(segment, 0), left, strict=False):
                    one.extend(items)
            case "set":
                for items, one in zip(self._items(segment, 0), left, strict=False):
                    one.update(items)
            case "dict" | "mappingproxy":
                for keys, values, one in zip(self._items(segment, 0), self._items(segment, 1), left, strict=False):
                    filled = self._under[id(one)] if shape.kind == "mappingproxy" else one
                    filled.update(zip(keys, values, strict=True))
            case _:
                pass

    def _items(self, segment: _Segment, column: int) -> Iterator[Sequence[Any]]:
        """Return the items of each of its objects."""
        values = list(self._values(segment.columns[column]))
        for begin, end in pairwise(accumulate(segment.lengths, initial=0)):
            yield values[begin:end]


_EMPTY: Final[Mapping[str, Callable[[], Any]]] = MappingProxyType({"list": list, "dict": dict, "set": set})


def _class(name: str) -> Any:
    """Return a class of this package that is there; nothing is imported for its name."""
    module, _, path = name.partition(":")
    if not module.startswith(PACKAGE):
        raise LookupError(name)
    found = attrgetter(path)(sys.modules[module])
    if not isinstance(found, type):
        raise TypeError(name)
    return found


def _attribute(name: str) -> str:
    if name.startswith("__"):
        raise AttributeError(name)
    return name


def _method(name: str, one: Any) -> MethodType:
    # By the class, since the object has no attributes yet.
    kind = cast("type[object]", type(one))
    function = getattr(kind, _attribute(name))
    if not isinstance(function, FunctionType) or not kind.__module__.startswith(PACKAGE):
        raise TypeError(name)
    return MethodType(function, one)


def _missing(name: str) -> Callable[..., NoReturn]:
    """Return a function in place of one that is not known; a function, so that it can be written again."""

    def call(*_: object, **__: object) -> NoReturn:
        msg = f"{name} is not known here"
        raise RuntimeError(msg)

    return call
