"""Exact decimal arithmetic that no setting of the host application can change.

Every operation of the model goes through the one context below. Its precision is far beyond what 18 digits on each side
of the point can need after two multiplications, and it traps Inexact: a result is exact or it is an error. The
divisions that orderpit needs are stated here, by name, with their rounding.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from .errors import InvalidValue, kind_name

Number = Decimal | str | int
"""What a caller may give for a price, a quantity or an amount. Never a float: 0.1 is not a tenth."""

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
HUNDRED: Final = Decimal(100)
DIGITS: Final = 18
"""Digits allowed on each side of the point at the boundary."""

_TRAPS: list[type[decimal.DecimalException]] = [
    decimal.Inexact,
    decimal.InvalidOperation,
    decimal.DivisionByZero,
    decimal.Overflow,
    decimal.Subnormal,
    decimal.FloatOperation,
]


def _context(prec: int, traps: list[type[decimal.DecimalException]]) -> decimal.Context:
    return decimal.Context(
        prec=prec, rounding=decimal.ROUND_HALF_EVEN, Emin=-9999, Emax=9999, capitals=1, clamp=0, traps=traps
    )


EXACT: Final = _context(256, _TRAPS)
_ROUNDING: Final = _context(256, [trap for trap in _TRAPS if trap is not decimal.Inexact])
_QUOTIENT: Final = Decimal((0, (1,), -40))
_PLAIN: Final = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?", re.ASCII)
_TIME_LIMIT: Final = 2**63

add = EXACT.add
subtract = EXACT.subtract
multiply = EXACT.multiply
negate = EXACT.minus


def total(values: Iterable[Decimal]) -> Decimal:
    """Sum exactly; the built-in sum() would use the caller's context."""
    result = ZERO
    for value in values:
        result = add(result, value)
    return result


def magnitude(value: Decimal) -> Decimal:
    """Return the absolute value; the built-in abs() would round in the caller's context."""
    return value.copy_abs()


def ratio(numerator: Decimal, denominator: Decimal) -> Decimal:
    """Divide to 40 decimal places, half-even: for averages and percentages, which are for display."""
    return tidy(_ROUNDING.quantize(_ROUNDING.divide(numerator, denominator), _QUOTIENT))


def root(value: Decimal) -> Decimal:
    """Return the square root to 40 decimal places, half-even; of a number that is zero or more."""
    return tidy(_ROUNDING.quantize(_ROUNDING.sqrt(value), _QUOTIENT))


def tidy(value: Decimal) -> Decimal:
    """Drop trailing zeros after the point, so that a quotient that comes out even prints as one would write it."""
    short = EXACT.normalize(value)
    return short if short.as_tuple().exponent <= 0 else EXACT.quantize(value, ONE)  # type: ignore[operator]  # finite


def share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Return amount * part / whole to 40 decimal places, half-even; exact when part is zero or the whole."""
    if part == whole:
        return amount
    return ratio(multiply(amount, part), whole)


def round_to(value: Decimal, increment: Decimal) -> Decimal:
    """Return the multiple of increment nearest to value, half-even."""
    steps = _ROUNDING.quantize(_ROUNDING.divide(value, increment), ONE)
    return multiply(steps, increment)


def whole_steps(value: Decimal, increment: Decimal) -> Decimal:
    """Return how many whole increments there are in a value that is zero or more."""
    return EXACT.divide_int(value, increment)


def is_multiple(value: Decimal, increment: Decimal) -> bool:
    """Say whether value is a whole number of increments."""
    return not EXACT.remainder(value, increment)


def plain(value: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros, as JSON and tables show it."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def to_places(value: Decimal, places: int) -> str:
    """Write a decimal rounded half-even to a number of places, for people."""
    rounded = _ROUNDING.quantize(value, Decimal((0, (1,), -places)))
    return f"{rounded or rounded.copy_abs():f}"


def exact(field: str, value: object, error: type[InvalidValue] = InvalidValue, *, digits: int = DIGITS) -> Decimal:
    """Take a number at the boundary: a finite Decimal, str or int of at most 18 digits each side of the point.

    Args:
        field: the name that an error shall give.
        value: what the caller gave; its type is checked exactly, so that a bool or a lying subclass does not pass.
        error: the class of the error to raise.
        digits: how many digits may stand on each side of the point, where 18 do not suffice.

    Raises:
        InvalidValue: of the given class, naming the field, the value and the rule.
    """
    # Each branch bounds the digits before anything is computed with them: int() of a Decimal of a million digits takes
    # half a minute, and writing out Decimal('1e999999999') a gigabyte.
    if type(value) is str:
        number = _parsed(field, value, error, digits)
    elif type(value) is int:
        if not -(10**digits) < value < 10**digits:
            raise error.of(field, value, f"must have at most {digits} digits before the point")
        number = Decimal(value)
    elif type(value) is Decimal:
        number = _fitted(field, value, error, digits)
    else:
        raise error.of(field, value, f"must be a Decimal, str or int, not {kind_name(value)}")
    if number.is_signed() and not number:
        raise error.of(field, value, "must not be a negative zero")
    return number


def _parsed(field: str, value: str, error: type[InvalidValue], digits: int) -> Decimal:
    # Decimal() alone would take '1_0', ' 1', full-width digits, exponents and 'nan'.
    found = _PLAIN.fullmatch(value) if len(value) <= 2 * digits + 2 else None
    if found is None or len(found[1]) > digits or len(found[2] or "") > digits:
        rule = f"must be a plain decimal number of at most {digits} digits each side of the point"
        raise error.of(field, value, rule)
    return Decimal(value)


def _fitted(field: str, value: Decimal, error: type[InvalidValue], digits: int) -> Decimal:
    if not value.is_finite():
        raise error.of(field, value, "must be finite")
    if value and value.adjusted() >= digits:
        raise error.of(field, value, f"must have at most {digits} digits before the point")
    try:
        fitted = EXACT.quantize(value, Decimal((0, (1,), -digits)))
    except decimal.Inexact:
        raise error.of(field, value, f"must have at most {digits} digits after the point") from None
    _, _, exponent = value.as_tuple()
    if isinstance(exponent, int) and -digits <= exponent <= 0:
        return value
    # Subtracting zero writes a positive exponent out, so that no price shows as 1E+3; the sign of a zero stays.
    return EXACT.subtract(EXACT.normalize(fitted), ZERO)


def positive(field: str, value: object, error: type[InvalidValue] = InvalidValue) -> Decimal:
    """Take a number above zero at the boundary; see exact()."""
    number = exact(field, value, error)
    if number <= ZERO:
        raise error.of(field, value, "must be greater than zero")
    return number


def not_negative(field: str, value: object, error: type[InvalidValue] = InvalidValue) -> Decimal:
    """Take a number that is zero or more at the boundary; see exact()."""
    number = exact(field, value, error)
    if number < ZERO:
        raise error.of(field, value, "must not be negative")
    return number


def whole(
    field: str, value: object, error: type[InvalidValue] = InvalidValue, *, least: int = 0, below: int = _TIME_LIMIT
) -> int:
    """Take an int in [least, below) at the boundary; a time is one of nanoseconds since the epoch, in UTC."""
    if type(value) is not int:
        raise error.of(field, value, f"must be an int, not {kind_name(value)}")
    if not least <= value < below:
        raise error.of(field, value, f"must be at least {least} and below {below}")
    return value
