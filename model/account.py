"""What kind of account is traded on, and how each currency is rounded."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias, get_args

import attrs

from .errors import InvalidConfiguration
from .numbers import ONE, Number, multiply, positive, whole
from .text import identifier

_MOST_PLACES = 18


def _code(value: str) -> str:
    return identifier("code", value, InvalidConfiguration)


def _places(value: int | None) -> int | None:
    return None if value is None else whole("places", value, InvalidConfiguration, below=_MOST_PLACES + 1)


def _initial_margin(value: Number | None) -> Decimal | None:
    return None if value is None else positive("initial_margin", value, InvalidConfiguration)


def _maintenance_margin(value: Number) -> Decimal:
    return positive("maintenance_margin", value, InvalidConfiguration)


def _leverage(value: Number | None) -> Decimal | None:
    return None if value is None else positive("leverage", value, InvalidConfiguration)


Rounding: TypeAlias = Literal["half-even", "half-up", "half-down", "up", "down"]


def _rounding(value: Rounding) -> Rounding:
    _refuse_other("rounding", value, get_args(Rounding))
    return value


def _refuse_other(field: str, value: object, allowed: tuple[str, ...]) -> None:
    if type(value) is not str or value not in allowed:
        raise InvalidConfiguration.of(field, value, f"must be one of {', '.join(allowed)}")


@attrs.frozen
class Currency:
    """How cash in a currency is booked: to so many places, rounded by so much.

    What is rounded is the sum of an order's cash so far, of its notional and of its fee each, so that the slicing of
    fills changes nothing. Profit is not rounded.

    Args:
        code: such as "USDT".
        places: digits after the point; None books exactly.
        rounding: half-even unless given.

    Raises:
        InvalidConfiguration: naming the field, the value and the rule.
    """

    code: str = attrs.field(converter=_code)
    places: int | None = attrs.field(default=None, converter=_places)
    rounding: Rounding = attrs.field(default="half-even", converter=_rounding)


@attrs.frozen(kw_only=True)
class SpotAccount:
    """What is sold must be there: a working buy locks its cost, a working sell what it would deliver."""


@attrs.frozen(kw_only=True)
class MarginAccount:
    """Positions of either side against a margin.

    Args:
        leverage: how many times the equity all positions may be worth; 1 / initial_margin. One of the two is given.
        initial_margin: fraction of a position's notional that must be there for an order to leave.
        maintenance_margin: fraction below which the equity must not fall; no more than the initial margin.

    Raises:
        InvalidConfiguration: naming the field, the value and the rule.
    """

    leverage: Decimal | None = attrs.field(default=None, converter=_leverage)
    initial_margin: Decimal | None = attrs.field(default=None, converter=_initial_margin)
    maintenance_margin: Decimal = attrs.field(converter=_maintenance_margin)

    def __attrs_post_init__(self) -> None:
        if (self.leverage is None) is (self.initial_margin is None):
            raise InvalidConfiguration.of("leverage", self.leverage, "must be given, or else initial_margin")
        if self.initial_margin is not None and self.maintenance_margin > self.initial_margin:
            rule = "must not be above the initial margin"
            raise InvalidConfiguration.of("maintenance_margin", self.maintenance_margin, rule)
        if self.leverage is not None and multiply(self.maintenance_margin, self.leverage) > ONE:
            rule = "must not be above the initial margin, which is 1 / leverage"
            raise InvalidConfiguration.of("maintenance_margin", self.maintenance_margin, rule)


CostBasis: TypeAlias = Literal["average", "fifo", "lifo"]
"""Which of what was bought is sold first, and so what a closing earns."""

PositionMode: TypeAlias = Literal["netted", "hedged"]
"""Whether buys and sells of a symbol make one position, or a long and a short one."""

Account: TypeAlias = SpotAccount | MarginAccount
