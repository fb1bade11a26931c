"""What trips by itself: rules on losses, refusals and margin, looked at after every price and every update."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeAlias

import attrs

from .checking import Scope
from .kinds import Trip
from .limits import Rule
from .loss_checks import LossChecks
from .numbers import ZERO, add, plain
from .reject_rates import Window

Reading: TypeAlias = tuple[Decimal | None, Decimal]
"""A figure and what it may be at most. Of a figure that is not known nothing is said."""

REJECT_WINDOW: Final = 20
"""How many orders a rule on refusals goes by."""


@attrs.frozen
class Tripped:
    """A rule that has tripped, and the numbers."""

    rule: Rule
    text: str


@attrs.define
class _Watch:
    """A rule, and how it stands.

    Attributes:
        read: measures it. A method, since what a function has closed over is not known to who keeps a copy of all this.
        counts: what it measures, in words.
        window: of refusals, which a person who resumes has begin anew.
        is_tripped: until it is back within its limit, or a person has resumed.
        seen: the latest figure.
        granted: the figure at which a person has resumed: it trips again when it is beyond that by the limit.
    """

    rule: Rule
    read: Callable[[_Watch, int], Reading]
    counts: str
    unit: str = ""
    window: Window | None = None
    is_tripped: bool = False
    seen: Decimal = ZERO
    granted: Decimal = ZERO
    scope: Scope = attrs.field(init=False)
    limit: Decimal = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.scope, self.limit = Scope(self.rule.strategy), self.rule.limit or ZERO

    def look(self, now_ns: int) -> Tripped | None:
        """Measure, and say whether it has just tripped."""
        beyond = self.follow(now_ns)
        if beyond is None:
            return None
        value, limit = beyond
        most = add(limit, self.granted)
        if self.is_tripped or value <= most:
            return None
        self.is_tripped = True
        return Tripped(self.rule, self._text(value, limit, most))

    def follow(self, now_ns: int) -> tuple[Decimal, Decimal] | None:
        """Measure, and return the figure with its limit where it is beyond that."""
        value, limit = self.read(self, now_ns)
        if value is None:
            return None
        self.seen = value
        if value > limit:
            return value, limit
        self.is_tripped, self.granted = False, ZERO
        return None

    def _text(self, value: Decimal, limit: Decimal, most: Decimal) -> str:
        whose = f"strategy {self.rule.strategy}: " if self.rule.strategy else ""
        text = f"{whose}{self.counts} {plain(value)}{self.unit}: must be at most {plain(most)}{self.unit}"
        if self.granted:
            text += f", the limit of {plain(limit)} from the {plain(self.granted)} on at which trading was resumed"
        return text

    def resume(self) -> None:
        """A person has looked at what happened: what has led here is counted anew."""
        if not self.is_tripped:
            return
        self.is_tripped = False
        if self.window is not None:
            self.window.clear()
        elif self.rule.limit is not None:
            self.granted = self.seen


class Tripping:
    """All rules that go by what risk knows; the others are somebody else's.

    A rule trips once when its figure goes beyond its limit, and again only after the figure has been back within it, or
    a person has resumed. After that it trips when the figure has gone beyond where it was then by as much as the limit
    once more; of refusals, by the orders since. A margin call that is not met trips again at once.

    Args:
        rules: all that there are.
        losses: the figures.
        margin: returns what must be there, None where that is not known, and the equity.
    """

    def __init__(
        self, rules: tuple[Rule, ...], losses: LossChecks, margin: Callable[[], Reading] | None = None
    ) -> None:
        self._losses = losses
        self._margin = margin
        watches = (self._watch(rule) for rule in rules)
        self._watches = tuple(watch for watch in watches if watch is not None)
        mine = [watch.rule for watch in self._watches]
        losses.always_watch(
            (Scope(rule.strategy) for rule in mine if rule.on in {Trip.DAILY_LOSS, Trip.DRAWDOWN}),
            (Scope(rule.strategy) for rule in mine if rule.on is Trip.CONSECUTIVE_LOSSES),
        )

    def tripped(self, now_ns: int) -> tuple[Tripped, ...]:
        """Return the rules that have tripped since this was last called."""
        if not self._watches:
            return ()
        looked = (watch.look(now_ns) for watch in self._watches)
        return tuple(tripped for tripped in looked if tripped is not None)

    def resumed(self, strategy_id: str) -> None:
        """Hear that a person has resumed, of one strategy or of all."""
        for watch in self._watches:
            if not strategy_id or watch.rule.strategy == strategy_id:
                watch.resume()

    def follow(self, now_ns: int) -> None:
        """Measure only: what has tripped before is on record, and what is not on record has yet to trip."""
        for watch in self._watches:
            watch.follow(now_ns)

    def recover(self, trip: Trip, strategy_id: str) -> None:
        """Hear of a trip that was recorded before, of one strategy or of all."""
        for watch in self._watches:
            if (watch.rule.on, watch.rule.strategy) == (trip, strategy_id):
                watch.is_tripped = True

    def _watch(self, rule: Rule) -> _Watch | None:
        unit = f" {self._losses.currency}"
        match rule.on:
            case Trip.DAILY_LOSS:
                return _Watch(rule, self._daily_loss, "daily loss", unit)
            case Trip.DRAWDOWN:
                return _Watch(rule, self._fall, "fall from the highest profit", unit)
            case Trip.CONSECUTIVE_LOSSES:
                return _Watch(rule, self._streak, "losses in a row")
            case Trip.REJECT_RATE:
                window = self._losses.rates.add(Scope(rule.strategy), REJECT_WINDOW)
                counts = f"fraction of refused orders among the last {REJECT_WINDOW}"
                return _Watch(rule, self._rate, counts, window=window)
            case Trip.MARGIN_CALL if self._margin is not None:
                return _Watch(rule, self._needed, "maintenance margin against the equity", unit)
            case _:
                return None

    def _daily_loss(self, watch: _Watch, now_ns: int) -> Reading:
        return self._losses.profits.daily_loss(watch.scope, now_ns), watch.limit

    def _fall(self, watch: _Watch, _: int) -> Reading:
        return self._losses.profits.fall(watch.scope), watch.limit

    def _streak(self, watch: _Watch, _: int) -> Reading:
        return Decimal(self._losses.streaks.of(watch.scope)), watch.limit

    def _rate(self, watch: _Watch, _: int) -> Reading:
        assert watch.window is not None, "it goes by one"
        return (watch.window.rate if watch.window.is_full else ZERO), watch.limit

    def _needed(self, _watch: _Watch, _: int) -> Reading:
        assert self._margin is not None, "else there is no such watch"
        return self._margin()
