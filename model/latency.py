"""Latency: how long a request is on its way to the simulated exchange, in whole nanoseconds."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, Final

import attrs

from .chance import NORMAL_BOUND, NORMAL_DRAWS, normal, picked, sample_of
from .errors import InvalidConfiguration
from .numbers import ZERO, Number, add, multiply, not_negative

_SECOND: Final = Decimal(1_000_000_000)


def seconds_of(field: str, value: Number) -> Decimal:
    """Take a span of seconds at the boundary.

    Raises:
        InvalidConfiguration: for what is no number of zero or more.
    """
    return not_negative(field, value, InvalidConfiguration)


def _seconds(value: Number) -> Decimal:
    return seconds_of("seconds", value)


@attrs.frozen
class FixedLatency:
    """Every request takes the same time.

    Args:
        seconds: 0 or more.

    Raises:
        InvalidConfiguration: naming the argument, its value and the rule.
    """

    draws: ClassVar = 0
    seconds: Decimal = attrs.field(converter=_seconds)

    @property
    def longest(self) -> Decimal:
        """The longest that a request may take, in seconds."""
        return self.seconds

    def delay_ns(self, chances: Sequence[Decimal]) -> int:
        """Return how long a request takes."""
        del chances
        return _whole(self.seconds)


def _mean(value: Number) -> Decimal:
    return seconds_of("mean", value)


def _deviation(value: Number) -> Decimal:
    return seconds_of("deviation", value)


@attrs.frozen
class NormalLatency:
    """Times are normally distributed, end at six standard deviations, and are never below zero.

    Args:
        mean: in seconds, 0 or more.
        deviation: the standard deviation in seconds, 0 or more.

    Raises:
        InvalidConfiguration: naming the argument, its value and the rule.
    """

    draws: ClassVar = NORMAL_DRAWS
    mean: Decimal = attrs.field(converter=_mean)
    deviation: Decimal = attrs.field(converter=_deviation)

    @property
    def longest(self) -> Decimal:
        """The longest that a request may take, in seconds."""
        return add(self.mean, multiply(self.deviation, NORMAL_BOUND))

    def delay_ns(self, chances: Sequence[Decimal]) -> int:
        """Return how long a request takes."""
        return _whole(max(ZERO, add(self.mean, multiply(normal(chances), self.deviation))))


def _sample(value: Sequence[Number]) -> tuple[Decimal, ...]:
    return sample_of("seconds", value, seconds_of)


@attrs.frozen
class SampledLatency:
    """Each request draws one of a sample of times, as they were measured.

    Args:
        seconds: each 0 or more.

    Raises:
        InvalidConfiguration: naming the argument, its value and the rule.
    """

    draws: ClassVar = 1
    seconds: tuple[Decimal, ...] = attrs.field(converter=_sample)

    @property
    def longest(self) -> Decimal:
        """The longest that a request may take, in seconds."""
        return max(self.seconds)

    def delay_ns(self, chances: Sequence[Decimal]) -> int:
        """Return how long a request takes."""
        return _whole(picked(self.seconds, chances[0]))


def _whole(seconds: Decimal) -> int:
    return int(multiply(seconds, _SECOND))


LatencyModel = FixedLatency | NormalLatency | SampledLatency
LATENCY_MODELS: Final = frozenset({FixedLatency, NormalLatency, SampledLatency})
