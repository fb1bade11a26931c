"""The limits on what may be lost, and on how many orders may be refused, before no position may be made larger.

Each refuses only what could open or enlarge a position: closing is never refused for what has been lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import partial

from .checking import Asked, Family, Kind, Measure, Pair, Scope, Sort, scoped_limits
from .conversion import Conversion
from .events import OrderUpdate
from .instrument import Instrument
from .judgement import Check, Measured
from .kinds import Reason
from .limits import RiskLimits
from .market import MarketData
from .numbers import ONE, ZERO, add
from .profits import Profits
from .reject_rates import RejectRates, Window
from .streaks import Streaks


class LossChecks(Family):
    """max_daily_loss, max_drawdown, max_consecutive_losses and max_reject_rate.

    The worst of an order is that it loses, so with as many losses in a row as are allowed no position is opened any
    more. That and a rate of refusals would never end by themselves, since nothing new is let in: a person who resumes
    has them begin anew where they stand in the way. The losses themselves do not: a limit is raised to go on.

    Args:
        instruments: by symbol.
        conversion: the prices.
        currency: the account's; None where there is none.
        hedged: whether a symbol has a long and a short position.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], conversion: Conversion, currency: str | None, *, hedged: bool
    ) -> None:
        self.currency = currency
        self.profits = Profits(instruments, conversion, currency)
        self.streaks = Streaks(instruments, hedged=hedged)
        self.rates = RejectRates()
        # Those that rules go by as well.
        self._always: tuple[frozenset[Scope], frozenset[Scope]] = frozenset(), frozenset()
        self._limits = RiskLimits()

    def always_watch(self, profits: Iterable[Scope], streaks: Iterable[Scope]) -> None:
        """Keep the figures of these scopes whether there is a limit or not."""
        self._always = frozenset(profits), frozenset(streaks)
        self.held_to(self._limits)

    def held_to(self, limits: RiskLimits) -> None:
        """Keep the figures that these limits need."""
        self._limits = limits
        scoped = dict(scoped_limits(limits))
        losses = {
            scope for scope, own in scoped.items() if not (own.max_daily_loss is None and own.max_drawdown is None)
        }
        rows = {scope for scope, own in scoped.items() if own.max_consecutive_losses is not None}
        lengths = {scope: own.reject_window for scope, own in scoped.items() if own.max_reject_rate is not None}
        self.profits.watch(losses | self._always[0])
        self.streaks.watch(rows | self._always[1])
        self.rates.watch(lengths)

    def resumed(self, strategy_id: str) -> None:
        """Hear that a person has resumed, of one strategy or of all."""
        for scope, limits in scoped_limits(self._limits):
            if strategy_id and scope.strategy_id != strategy_id:
                continue
            most, rate = limits.max_consecutive_losses, limits.max_reject_rate
            if most is not None and self.streaks.of(scope) >= most:
                self.streaks.restart(scope)
            if rate is not None and _exceeds(self.rates.of(scope), rate):
                self.rates.of(scope).clear()

    def on_time(self, time_ns: int) -> None:
        """Hear of a time before its prices are taken over."""
        self.profits.on_time(time_ns)

    def on_market_data(self, data: MarketData) -> None:
        """Take over a price."""
        self.profits.on_market_data(data)

    def after(self, update: OrderUpdate) -> Callable[[], None] | None:
        """Compute what an entry of the stream changes."""
        # That a day has begun is true whatever comes of the entry.
        self.profits.on_time(update.event.time_ns)
        takes = [
            take
            for take in (self.profits.after(update), self.streaks.after(update), self.rates.after(update))
            if take is not None
        ]
        if not takes:
            return None

        def take_all() -> None:
            for take in takes:
                take()

        return take_all

    def checks(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterable[Pair]:
        """Return those that are set; a cancel is held to none."""
        return () if sort.kind is Kind.CANCEL else self._set(scope, limits)

    def _set(self, scope: Scope, limits: RiskLimits) -> Iterator[Pair]:
        ids, rule = (scope.strategy_id, scope.symbol), f"must be at most {{}} {self.currency}"
        if limits.max_daily_loss is not None:
            check = Check("max_daily_loss", Reason.MAX_DAILY_LOSS, *ids, "daily loss", rule)
            yield check, self._loss(partial(self.profits.daily_loss, scope), limits.max_daily_loss)
        if limits.max_drawdown is not None:
            check = Check("max_drawdown", Reason.MAX_DRAWDOWN, *ids, "fall from the highest profit", rule)
            yield check, self._loss(lambda _: self.profits.fall(scope), limits.max_drawdown)
        if limits.max_consecutive_losses is not None:
            counts = "losses in a row with this one"
            check = Check("max_consecutive_losses", Reason.MAX_CONSECUTIVE_LOSSES, *ids, counts)
            yield check, self._row(scope, Decimal(limits.max_consecutive_losses))
        if limits.max_reject_rate is not None:
            counts, rule = "fraction of refused orders", f"must be at most {{}} of the last {limits.reject_window}"
            check = Check("max_reject_rate", Reason.MAX_REJECT_RATE, *ids, counts, rule)
            yield check, self._rate(scope, limits.max_reject_rate)

    def _loss(self, lost: Callable[[int], Decimal | None], most: Decimal) -> Measure:
        has_account = self.currency is not None

        def measure(asked: Asked) -> Measured:
            loss = lost(asked.now_ns)
            if not asked.enlarges:
                # Whatever has been lost, known or not.
                return (ZERO, most) if loss is None else (loss, max(most, loss))
            return (loss, most) if has_account else (ZERO, None)

        return measure

    def _row(self, scope: Scope, most: Decimal) -> Measure:
        def measure(asked: Asked) -> Measured:
            row = Decimal(self.streaks.of(scope))
            return (add(row, ONE), most) if asked.enlarges else (row, max(most, row))

        return measure

    def _rate(self, scope: Scope, most: Decimal) -> Measure:
        def measure(asked: Asked) -> Measured:
            window = self.rates.of(scope)
            rate = window.rate
            return rate, most if window.is_full and asked.enlarges else max(most, rate)

        return measure


def _exceeds(window: Window, most: Decimal) -> bool:
    return window.is_full and window.rate > most
