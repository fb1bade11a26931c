"""The course of the equity, and of each strategy's profit: samples at equal intervals, as many as there is room for."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import Final

import attrs

from .numbers import ZERO, multiply, ratio, subtract

MINUTE_NS: Final = 60_000_000_000
MOST_SAMPLES: Final = 1_440
"""A day of minutes; after that the interval is two minutes, and so on."""


@attrs.frozen
class EquityPoint:
    """One point of a curve: nanoseconds since the epoch (UTC), and an amount in the account currency."""

    time_ns: int
    equity: Decimal


@attrs.frozen
class Sample:
    """How all stood at one time.

    Attributes:
        equity: of the account, in its currency; None when it was not known.
        factor: by what the equity is multiplied so that money paid in or out does not show: before / after of each
            such payment so far.
        chain: two samples can be compared only within one; zero as long as no capital was there.
        profits: of the strategies, in the order in which they first traded; shorter where some had not yet.
    """

    equity: Decimal | None
    factor: Decimal
    chain: int
    profits: tuple[Decimal | None, ...]

    def profit(self, place: int) -> Decimal | None:
        """Return the profit of the strategy in this place: zero before its first trade."""
        return self.profits[place] if place < len(self.profits) else ZERO

    def return_until(self, later: Sample) -> Decimal | None:
        """Return what the account has earned since, as a fraction of its equity then, payments apart."""
        if not self.is_comparable(later) or self.equity is None or later.equity is None:
            return None
        before = multiply(self.equity, self.factor)
        return ratio(subtract(multiply(later.equity, later.factor), before), before)

    def strategy_return_until(self, later: Sample, place: int) -> Decimal | None:
        """Return what a strategy has earned since, as a fraction of the account's equity then."""
        before, after = self.profit(place), later.profit(place)
        if not self.is_comparable(later) or self.equity is None or before is None or after is None:
            return None
        return ratio(subtract(after, before), self.equity)

    def is_comparable(self, later: Sample) -> bool:
        """Say whether a return from here until then has a meaning."""
        return self.chain == later.chain > 0 and self.equity is not None and self.equity > ZERO


class EquityCurve:
    """Samples of a time, an interval apart from the first on.

    Of a time at which nothing happened the sample is what stood then. When there is no more room, every second sample
    is dropped and the interval doubles.

    Args:
        interval_ns: at first, in nanoseconds.
        most: how many samples there is room for, at least two.
    """

    def __init__(self, interval_ns: int = MINUTE_NS, most: int = MOST_SAMPLES) -> None:
        self.interval_ns = interval_ns
        self.samples: list[Sample] = []
        # The earliest time at which the next sample is taken. Time zero is that of a clock which nobody has set yet.
        self.due_ns = 1
        self._start_ns = 0
        self._most = most

    def take(self, time_ns: int, standing: Sample) -> None:
        """Take the samples up to this time, from due_ns on: what has stood since the one before."""
        if not self.samples:
            self._start_ns = time_ns
        count = self._count(time_ns)
        while count > self._most:
            self.interval_ns *= 2
            del self.samples[1::2]
            count = self._count(time_ns)
        self.samples.extend([standing] * (count - len(self.samples)))
        self.due_ns = self._start_ns + count * self.interval_ns

    def _count(self, time_ns: int) -> int:
        return (time_ns - self._start_ns) // self.interval_ns + 1

    def returns(self) -> tuple[Decimal, ...]:
        """Return the account's returns, of the intervals of which they are known."""
        return _known(a.return_until(b) for a, b in pairwise(self.samples))

    def strategy_returns(self, place: int) -> tuple[Decimal, ...]:
        """Return a strategy's returns, of the intervals of which they are known."""
        return _known(a.strategy_return_until(b, place) for a, b in pairwise(self.samples))

    def points(self, levels: Iterable[Decimal | None], time_ns: int, level: Decimal | None) -> tuple[EquityPoint, ...]:
        """Return a curve of the samples' levels, where known, and of the present one."""
        times = range(self._start_ns, self.due_ns, self.interval_ns)
        course = [*zip(times, levels, strict=True)] if self.samples else []
        # What happened in the moment of the last sample is not in it.
        if course and course[-1][0] >= time_ns:
            course.pop()
        return tuple(EquityPoint(time, known) for time, known in [*course, (time_ns, level)] if known is not None)


def _known(values: Iterable[Decimal | None]) -> tuple[Decimal, ...]:
    return tuple(value for value in values if value is not None)
