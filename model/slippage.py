"""Slippage: how far from the market's price the fill of a market order lands, in whole ticks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, Final

import attrs

from .chance import NORMAL_BOUND, NORMAL_DRAWS, normal, picked, sample_of
from .errors import InvalidConfiguration
from .kinds import Side
from .numbers import (
    EXACT,
    ONE,
    ZERO,
    Number,
    add,
    exact,
    magnitude,
    multiply,
    negate,
    not_negative,
    subtract,
    tidy,
    whole,
)

_TWO: Final = Decimal(2)
_MOST_TICKS: Final = 10**9


def _ticks(value: int) -> int:
    return whole("ticks", value, InvalidConfiguration, below=_MOST_TICKS)


@attrs.frozen
class FixedSlippage:
    """Every fill is so many ticks worse for the taker; a sale's price stays at least one tick.

    Args:
        ticks: 0 or more.

    Raises:
        InvalidConfiguration: naming the argument, its value and the rule.
    """

    draws: ClassVar = 0
    most: ClassVar = ZERO
    ticks: int = attrs.field(converter=_ticks)

    @property
    def most_ticks(self) -> int:
        """The largest move against the taker, in ticks."""
        return self.ticks

    def price(self, side: Side, offered: Decimal, tick: Decimal, chances: Sequence[Decimal]) -> Decimal:
        """Return the price at which an offer is taken."""
        del chances
        move = multiply(Decimal(self.ticks), tick)
        if side is Side.BUY:
            return add(offered, move)
        return max(subtract(offered, move), min(offered, tick))


def below_one(field: str, value: Number) -> Decimal:
    """Take a relative move at the boundary, either way the same.

    Raises:
        InvalidConfiguration: for what is no number in [0, 1): a price must stay above zero.
    """
    most = not_negative(field, value, InvalidConfiguration)
    if most >= ONE:
        raise InvalidConfiguration.of(field, value, "must be below 1")
    return most


def _most(value: Number) -> Decimal:
    return below_one("most", value)


@attrs.frozen
class UniformSlippage:
    """Every move up to a largest one is equally likely, up as well as down.

    Args:
        most: the largest relative move, below 1.

    Raises:
        InvalidConfiguration: naming the argument, its value and the rule.
    """

    most_ticks: ClassVar = 0
    most: Decimal = attrs.field(converter=_most)

    @property
    def draws(self) -> int:
        """How many draws a fill needs."""
        return 1 if self.most else 0

    def price(self, side: Side, offered: Decimal, tick: Decimal, chances: Sequence[Decimal]) -> Decimal:
        """Return the price at which an offer is taken."""
        del side
        if not chances:
            return offered
        return _moved(offered, multiply(subtract(multiply(chances[0], _TWO), ONE), self.most), tick)


def _deviation(value: Number) -> Decimal:
    deviation = not_negative("deviation", value, InvalidConfiguration)
    if multiply(deviation, NORMAL_BOUND) >= ONE:
        raise InvalidConfiguration.of("deviation", value, "must be below 1/6, since a move may be six times as large")
    return deviation


@attrs.frozen
class NormalSlippage:
    """Moves are normally distributed around none, up as well as down, and end at six standard deviations.

    Args:
        deviation: the standard deviation of the relative move, below 1/6.

    Raises:
        InvalidConfiguration: naming the argument, its value and the rule.
    """

    draws: ClassVar = NORMAL_DRAWS
    most_ticks: ClassVar = 0
    deviation: Decimal = attrs.field(converter=_deviation)

    @property
    def most(self) -> Decimal:
        """The largest relative move."""
        return multiply(self.deviation, NORMAL_BOUND)

    def price(self, side: Side, offered: Decimal, tick: Decimal, chances: Sequence[Decimal]) -> Decimal:
        """Return the price at which an offer is taken."""
        del side
        return _moved(offered, multiply(normal(chances), self.deviation), tick)


def _move(field: str, value: Number) -> Decimal:
    move = exact(field, value, InvalidConfiguration)
    if magnitude(move) >= ONE:
        raise InvalidConfiguration.of(field, value, "must be above -1 and below 1")
    return move


def _moves(value: Sequence[Number]) -> tuple[Decimal, ...]:
    return sample_of("moves", value, _move)


@attrs.frozen
class SampledSlippage:
    """Each fill draws one of a sample of moves, as they were measured.

    Args:
        moves: relative, against the taker; a negative one is in its favour. Each above -1 and below 1.

    Raises:
        InvalidConfiguration: naming the argument, its value and the rule.
    """

    draws: ClassVar = 1
    most_ticks: ClassVar = 0
    moves: tuple[Decimal, ...] = attrs.field(converter=_moves)

    @property
    def most(self) -> Decimal:
        """The largest relative move against the taker."""
        return max(ZERO, *self.moves)

    def price(self, side: Side, offered: Decimal, tick: Decimal, chances: Sequence[Decimal]) -> Decimal:
        """Return the price at which an offer is taken."""
        move = picked(self.moves, chances[0])
        return _moved(offered, move if side is Side.BUY else negate(move), tick)


def _moved(price: Decimal, relative: Decimal, tick: Decimal) -> Decimal:
    """Move a price by whole ticks, never by one more than the relative move, which is of less than the price."""
    move = multiply(price, relative)
    return tidy(add(price, subtract(move, EXACT.remainder(move, tick))))


SlippageModel = FixedSlippage | UniformSlippage | NormalSlippage | SampledSlippage
SLIPPAGE_MODELS: Final = frozenset({FixedSlippage, UniformSlippage, NormalSlippage, SampledSlippage})
NO_SLIPPAGE: Final = UniformSlippage(ZERO)
