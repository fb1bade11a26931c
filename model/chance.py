"""What is made of draws in [0, 1): a normal deviate, and a pick from a sample. Exact, without a float."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, TypeVar, cast

from .errors import InvalidConfiguration
from .numbers import Number, multiply, subtract, total

T = TypeVar("T")

NORMAL_DRAWS: Final = 12
"""How many draws make one normal deviate."""
NORMAL_BOUND: Final = Decimal(6)
"""No deviate lies farther from zero than this."""


def normal(chances: Sequence[Decimal]) -> Decimal:
    """Return a standard normal deviate: the sum of twelve draws in [0, 1), less six (Irwin-Hall).

    Its mean is 0 and its variance 1, as they should be; its tails end at -6 and 6, and are thinner than a true normal's
    from about 3 on. It is exact, so that it is the same on every machine.
    """
    return subtract(total(chances), NORMAL_BOUND)


def picked(sample: Sequence[T], chance: Decimal) -> T:
    """Return the member of a sample that one draw in [0, 1) points at; all are equally likely."""
    return sample[int(multiply(chance, Decimal(len(sample))))]


def sample_of(field: str, value: object, member: Callable[[str, Number], Decimal]) -> tuple[Decimal, ...]:
    """Take a sample at the boundary: a tuple or a list of one or more numbers.

    Args:
        field: the name that an error shall give, with the place of the member.
        value: what the caller gave.
        member: takes one of them.

    Raises:
        InvalidConfiguration: naming the field, the value and the rule.
    """
    if type(value) is not tuple and type(value) is not list:
        raise InvalidConfiguration.of(field, value, "must be a tuple or a list of numbers")
    numbers = tuple(cast("Sequence[Number]", value))
    if not numbers:
        raise InvalidConfiguration.of(field, numbers, "must have at least one number")
    return tuple(member(f"{field}[{place}]", number) for place, number in enumerate(numbers))
