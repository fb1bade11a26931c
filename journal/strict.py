"""Whether decoded values are such as our own classes take: their converters, and numbers that can be computed with."""

from __future__ import annotations

import decimal
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from functools import partial
from operator import attrgetter
from typing import Any, Final, TypeAlias, cast

import attrs

from ..model.errors import InvalidValue
from ..model.numbers import EXACT

_LIMIT: Final = 2**63
_plus: Final = EXACT.plus
_Test: TypeAlias = Callable[[str, Any], None]


def number(field: str, value: Decimal) -> None:
    """Take a number that exact arithmetic can have given.

    Raises:
        InvalidValue: for any other.
    """
    try:
        _plus(value)
        if value.is_finite():
            return
    except decimal.DecimalException:
        pass
    raise InvalidValue.of(field, value, f"must be finite, of at most {EXACT.prec} digits, below 1E+{EXACT.Emax}")


def integer(field: str, value: int) -> None:
    """Take an integer that 64 bits hold.

    Raises:
        InvalidValue: for any other.
    """
    if not -_LIMIT <= value < _LIMIT:
        raise InvalidValue.of(field, value, "must fit into 64 bits")


def examiner(kind: type[Any], *, deep: bool, without: str | None = None) -> Callable[[Any], None]:
    """Return what examines the values of a class, field by field, and raises InvalidValue for the first wrong one.

    Args:
        kind: an attrs class, whose values have the types that they are annotated with.
        deep: whether to look into values that were checked when they were built, which what is decoded was not.
        without: a field to leave out.
    """
    tests = [test for test in _tests(kind, {}, deep=deep) if test[1] != without]
    return partial(_each, tests, "")


_Tests: TypeAlias = "list[tuple[Callable[[Any], Any], str, _Test]]"
_Known: TypeAlias = "dict[type[Any], _Tests]"


def _each(tests: _Tests, field: str, value: Any) -> None:
    for read, name, test in tests:
        item = read(value)
        if item is not None:
            test(f"{field}.{name}" if field else name, item)


def _tests(kind: type[Any], known: _Known, *, deep: bool) -> _Tests:
    """Return the tests of each field of a class; known are those of classes around it, which it may refer to."""
    if kind in known:
        return known[kind]
    found = known[kind] = []
    hints = typing.get_type_hints(kind)
    for field in attrs.fields(kind):
        hint, read = hints[field.name], attrgetter(field.name)
        if field.converter is None:
            test = _test_of(hint, known, deep=deep)
            if test is not None:
                found.append((read, field.name, test))
        elif deep and not _is_closed(hint):
            found.append((read, field.name, _converting(field.converter)))
            inside = _test_of(hint, known, deep=deep) if typing.get_origin(hint) is tuple else None
            if inside is not None:
                found.append((read, field.name, inside))
    return found


def _is_closed(hint: Any) -> bool:
    """Whether every value of that type is right: a truth value, or a member of an enumeration."""
    return all(kind is bool or (isinstance(kind, type) and issubclass(kind, Enum)) for kind in _kinds(hint))


def _kinds(hint: Any) -> tuple[Any, ...]:
    """Return the types of a union but None, or the one type."""
    if typing.get_origin(hint) in {types.UnionType, typing.Union}:
        return tuple(kind for kind in typing.get_args(hint) if kind is not types.NoneType)
    return (hint,)


def _converting(converter: Any) -> _Test:
    """Test by a field's own converter, which gives a value back as it is if it is right."""

    def test(field: str, value: Any) -> None:
        taken = converter(value)
        if taken is not value and (type(cast("object", value)) is not tuple or taken != value):
            raise InvalidValue.of(field, value, "must be written as it is taken")

    return test


def _test_of(hint: Any, known: _Known, *, deep: bool) -> _Test | None:
    (kind, *others) = _kinds(hint)
    if others:
        return None
    if kind is Decimal:
        return number
    if kind is int:
        return integer
    if typing.get_origin(kind) is tuple:
        return _test_of_tuple(typing.get_args(kind), known, deep=deep)
    return partial(_each, _tests(kind, known, deep=deep)) if attrs.has(kind) else None


def _test_of_tuple(kinds: tuple[Any, ...], known: _Known, *, deep: bool) -> _Test | None:
    if len(kinds) == 2 and kinds[1] is Ellipsis:  # noqa: PLR2004  # tuple[T, ...]
        test = _test_of(kinds[0], known, deep=deep)
        return None if test is None else partial(_all, test)
    return partial(_one_by_one, [_test_of(kind, known, deep=deep) for kind in kinds])


def _all(test: _Test, field: str, values: Any) -> None:
    for item in values:
        test(field, item)


def _one_by_one(tests: list[_Test | None], field: str, values: Any) -> None:
    for item, test in zip(values, tests, strict=True):
        if test is not None and item is not None:
            test(field, item)
