"""Hostile and halfway plausible values for every kind of field, drawn from a seeded generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from random import Random
from typing import Any, Final

from orderpit.model.kinds import (
    Action,
    Liquidity,
    OrderState,
    OrderType,
    Reason,
    Side,
    TimeInForce,
    TradingState,
    TrailingType,
    Trip,
)

Draw = Callable[[Random], Any]


class LyingText(str):
    """A str that claims to equal everything."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True


class Scalar(int):
    """What a scalar of another library is to us: an integer of another class."""


class Number(Decimal):
    """A Decimal of another class."""


def _refuses(*_: object, **__: object) -> Any:
    raise RuntimeError("no")


class Mute:
    """An object that answers nothing: every question raises."""

    __hash__ = None  # type: ignore[assignment]
    __eq__ = __ne__ = __lt__ = __bool__ = __len__ = __iter__ = __contains__ = __getitem__ = _refuses
    __repr__ = __str__ = __format__ = __int__ = __index__ = __float__ = __call__ = _refuses


class Evasive:
    """An object that will not even say of what class it is."""

    @property
    def __class__(self) -> Any:
        raise RuntimeError("no class")


class Closed:
    """An object none of whose attributes can be asked for."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


class Numberlike:
    """A value that passes for a number wherever nobody looks at its type."""

    def __float__(self) -> float:
        return 1.0

    __int__ = __index__ = lambda self: 1


class Rude(type):
    """A class of classes that cannot be shown or compared."""

    __hash__ = type.__hash__
    __repr__ = __eq__ = _refuses  # type: ignore[assignment]


class Ugly:
    """An object whose picture would redraw a terminal."""

    def __repr__(self) -> str:
        return "\x1b[2J\u202e\n" * 100


_CIRCLE: Final[list[Any]] = []
_CIRCLE.append(_CIRCLE)
_NESTED: Final[list[Any]] = []
_inner = _NESTED
for _ in range(50_000):
    _inner.append([])
    _inner = _inner[0]

# Built once: it is their reading that is measured, not their making.
JUNK: Final[tuple[Any, ...]] = (
    None, True, False, 0.1, float("nan"), float("inf"), -0.0, 1j, b"1", bytearray(b"1"), [1], {"a": 1}, {1, 2}, (1, 2),
    (), [], {}, object(), Decimal, int, len, lambda: 1, Fraction(1, 3), Scalar(1), Number(1), LyingText("1"), Mute(),
    Evasive(), Closed(), Numberlike(), Rude("Rude", (), {}), Ugly(), _CIRCLE, _NESTED, range(3), NotImplemented, ...,
    Decimal("NaN"), Decimal("sNaN"), Decimal("sNaN" + "9" * 1_000), Decimal("Infinity"), Decimal("-Infinity"),
    Decimal("-0"), Decimal("-0E+999999999"), Decimal("1E+999999999"), Decimal("1E-999999999"), Decimal("1" * 10**6),
    Decimal("0." + "1" * 10**6), 1 << 4_000_000, -(1 << 4_000_000), 2**63, -(2**63), 10**18, 10**5_000,
    "1" * 10**7, "x" * 10**7, "\x00" * 10**6, "\ud800", "1_0", " 1", "1 ", "+1", "1e5", "NaN", "Infinity", "-0",
    "-0.00", "\uff11", "\u0661", "\u00b2", ".5", "5.", "0x10", "1,000", "", "\u202e1", "1\u200b", "\u0410", "a\nb",
    "\x1b[31m", "{0}", "%s", "caf\u00e9", "cafe\u0301", "None",
)  # fmt: skip

_ENUMS: Final[tuple[type[Enum], ...]] = (
    *(Side, OrderType, OrderState, TimeInForce, TrailingType, Liquidity, Reason, TradingState, Action, Trip),
)
_ODD: Final = "\x00\x07\n\r\t\x1b\x7f\x85\u00a0\u00e9\u0410\u0661\u200b\u202e\u2028\ud800\udfff\ufeff\uff11\U0001f4a5"
_PLAIN: Final = "ABCxyz019._:/-"


def number(random: Random) -> Any:
    """Draw what might be a number."""
    match random.randrange(8):
        case 0:
            return random.choice(JUNK)
        case 1:
            return random.choice((0, 1, -1, random.getrandbits(random.choice((1, 8, 62, 64, 200, 5_000)))))
        case 2:
            digits = tuple(random.randrange(10) for _ in range(random.choice((1, 5, 18, 19, 40, 60))))
            return Decimal((random.randrange(2), digits, random.choice((0, -2, -18, -19, 3, 17, 10**6, -(10**6)))))
        case 3:
            return spoilt(random, plain_number(random))
        case _:
            return plain_number(random)


def plain_number(random: Random) -> str:
    """Draw a plain decimal number, of too many digits at times."""
    whole = random.randrange(10 ** random.choice((1, 1, 2, 3, 6, 18, 19)))
    places = random.choice((0, 0, 1, 2, 8, 18, 19))
    return f"{whole}.{random.randrange(10**places):0{places}d}" if places else str(whole)


def spoilt(random: Random, text: str) -> str:
    """Put something into a text that may not belong there."""
    at = random.randrange(len(text) + 1)
    piece = random.choice((random.choice(_ODD), random.choice("+-_eE., '\"{}\\"), text * random.choice((1, 3, 40))))
    return text[:at] + piece + text[at + random.randrange(2) :]


def name(random: Random) -> Any:
    """Draw what might be an id, a symbol or a currency."""
    match random.randrange(4):
        case 0:
            return random.choice(JUNK)
        case 1:
            return spoilt(random, _letters(random))
        case _:
            return _letters(random)


def _letters(random: Random) -> str:
    return "".join(random.choices(_PLAIN, k=random.choice((1, 1, 3, 8, 63, 64, 65))))


def remark(random: Random) -> Any:
    """Draw what might be free text."""
    if not random.randrange(3):
        return random.choice(JUNK)
    return "".join(random.choices(_PLAIN + " " + _ODD * random.randrange(2), k=random.choice((0, 1, 9, 256, 257))))


def time(random: Random) -> Any:
    """Draw what might be a time or a count."""
    if not random.randrange(3):
        return random.choice(JUNK)
    return random.choice(
        (0, 1, 5, -1, 2**62, 2**63 - 1, 2**63, random.getrandbits(61), str(random.getrandbits(8)), 1.0)
    )


def flag(random: Random) -> Any:
    """Draw what might be true or false."""
    return random.choice((True, False, True, False, 0, 1, "True", random.choice(JUNK)))


def member(of: type[Enum]) -> Draw:
    """Return what draws what might be a member of an enumeration."""
    members = list(of)

    def draw(random: Random) -> Any:
        match random.randrange(6):
            case 0:
                return random.choice(JUNK)
            case 1:
                return random.choice(list(random.choice(_ENUMS)))
            case 2:
                return random.choice((random.choice(members).value, random.choice(members).name, of))
            case _:
                return random.choice(members)

    return draw


def levels(random: Random) -> Any:
    """Draw what might be the levels of a book."""
    if not random.randrange(4):
        return random.choice((random.choice(JUNK), [random.choice(JUNK)], "12", iter([("1", "2")]), {"1": "2"}))
    pairs: list[Any] = [(str(price), plain_number(random)) for price in range(random.randrange(5), 0, -1)]
    if random.randrange(2):
        pairs.reverse()
    if pairs and not random.randrange(2):
        odd = random.choice((number(random), (number(random),), (number(random), number(random)), ("1", "1", "1")))
        pairs[random.randrange(len(pairs))] = odd
    return random.choice((list, tuple, list, set if all(map(_hashes, pairs)) else list))(pairs)


def _hashes(value: Any) -> bool:
    try:
        hash(value)
    except Exception:  # noqa: BLE001  # hostile values raise what they like
        return False
    return True


def junk(random: Random) -> Any:
    """Draw something that is nothing in particular."""
    return random.choice(JUNK)


def either(*draws: Draw) -> Draw:
    """Return what draws by one of several."""
    return lambda random: random.choice(draws)(random)


def exactly(*values: Any) -> Draw:
    """Return what draws one of a few values."""
    return lambda random: random.choice(values)


def changed(random: Random, base: Mapping[str, Any], draws: Mapping[str, Draw]) -> dict[str, Any]:
    """Return good arguments of which one, two or three are drawn anew."""
    names = random.sample(list(draws), k=min(len(draws), random.choice((1, 1, 1, 2, 3))))
    return {**base, **{one: draws[one](random) for one in names}}
