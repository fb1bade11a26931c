"""How an order is held to every limit that applies to it, and what is kept of that.

A family of checks knows its limits and what they measure. For each kind of order (its strategy, symbol and side) the
checks that apply are put together once and run in a row; they are put together anew when limits change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple, TypeAlias

import attrs

from .commands import SubmitOrder
from .events import OrderUpdate
from .exposure import Exposure, Share, Sums
from .instrument import Instrument
from .judgement import Check, Judgement, Measured
from .kinds import Reason, Side
from .limits import RiskLimits
from .market import MarketData
from .numbers import plain
from .refusal import Refusal
from .reservation import Working


class Kind(Enum):
    """What is asked for."""

    # One object each, looked up for every order; Enum's own hash is a Python function.
    __hash__ = object.__hash__

    SUBMIT = "SUBMIT"
    MODIFY = "MODIFY"
    CANCEL = "CANCEL"


# Tuples, since they are keys that are looked up for every order.
class Sort(NamedTuple):
    """The sort of order that a checklist is for."""

    kind: Kind
    strategy_id: str
    symbol: str
    side: Side


class Scope(NamedTuple):
    """Whose limits they are, and of what; an empty one is of all."""

    strategy_id: str = ""
    symbol: str = ""


@attrs.define
class Asked:
    """An order, or a change of one, that is to be judged.

    Attributes:
        order_id: of the order.
        strategy_id: whose it is.
        terms: those that it would have; of a cancel, those that it has.
        instrument: of its symbol.
        now_ns: nanoseconds since the epoch, UTC.
        working: the order as it would be.
        was: the order as it is, None for a new one.
        before, after: its strategy's exposure in its symbol, without and with it.
        sums: the exposure of all strategies in its symbol, without it.
        share: what it counts.
        ahead: the orders of its group that were judged before it.
        enlarges: whether it could open a position, or make one larger.
    """

    order_id: str
    strategy_id: str
    terms: SubmitOrder
    instrument: Instrument
    now_ns: int
    working: Working
    was: Working | None
    before: Exposure
    after: Exposure
    sums: Sums
    share: Share
    ahead: tuple[Working, ...] = ()
    enlarges: bool = False


Measure: TypeAlias = Callable[[Asked], Measured]
"""Returns the value and its bound. Without a value a price is missing, without a bound an account is."""

Pair: TypeAlias = tuple[Check, Measure]


class Family:
    """Checks that share what they know. Each method but checks() may be left as it is."""

    def checks(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterable[Pair]:
        """Return the checks that the limits of one scope ask for, of a sort of order that lies in it."""
        raise NotImplementedError

    def held_to(self, limits: RiskLimits) -> None:
        """Hear of the limits in force, at the start and whenever they change."""
        del limits

    def on_market_data(self, data: MarketData) -> None:
        """Take over a price."""

    def after(self, update: OrderUpdate) -> Callable[[], None] | None:
        """Compute what an entry of the stream changes, and return what takes it over, which cannot fail."""
        del update
        return None

    def counted(self, order_id: str, was: Working | None, working: Working | None) -> None:
        """Hear of an order that works, as it was and as it is; None before it was approved and after it has ended.

        The orders of a group work while those after them are judged. Nothing here can fail.
        """

    def judged(self, kind: Kind, asked: Asked, *, passed: bool) -> None:
        """Hear of what has been judged."""


@attrs.frozen
class Checklist:
    """The checks of one kind of order, in the order in which they are run, each with its measure and its at_least."""

    checks: tuple[Check, ...]
    steps: tuple[tuple[Measure, bool], ...]

    def run(self, asked: Asked) -> tuple[Refusal | None, Judgement]:
        """Run them until one fails."""
        measured: list[Measured] = []
        for measure, at_least in self.steps:
            value, bound = found = measure(asked)
            measured.append(found)
            if value is None or bound is None or (value < bound if at_least else value > bound):
                return self._refused(asked, tuple(measured))
        return None, Judgement(self.checks, tuple(measured))

    def _refused(self, asked: Asked, measured: tuple[Measured, ...]) -> tuple[Refusal, Judgement]:
        check, found = self.checks[len(measured) - 1], measured[-1]
        refusal = _missing(check, asked, found) if None in found else refusal_of(check, found)
        return refusal, Judgement(self.checks, measured, refused=True)


class Checklists:
    """Every checklist that has been asked for, under the limits in force.

    listening are the families that hear of what has been judged, counting those that hear of what works.

    Args:
        families: in the order in which their checks are run.
        limits: of the account.
    """

    def __init__(self, families: tuple[Family, ...], limits: RiskLimits) -> None:
        self.families = families
        self.listening = tuple(family for family in families if type(family).judged is not Family.judged)
        self.counting = tuple(family for family in families if type(family).counted is not Family.counted)
        self._limits = limits
        self._lists: dict[tuple[Kind, str, str, Side], Checklist] = {}
        self._tell_families()

    @property
    def limits(self) -> RiskLimits:
        """Those in force; set, they hold from then on."""
        return self._limits

    @limits.setter
    def limits(self, limits: RiskLimits) -> None:
        self._limits = limits
        self._lists.clear()
        self._tell_families()

    def _tell_families(self) -> None:
        for family in self.families:
            family.held_to(self._limits)

    def run(self, kind: Kind, asked: Asked) -> tuple[Refusal | None, Judgement]:
        """Judge what is asked for."""
        terms = asked.terms
        key = (kind, asked.strategy_id, terms.symbol, terms.side)
        known = self._lists.get(key)
        if known is None:
            known = self._lists[key] = self._put_together(Sort(*key))
        return known.run(asked)

    def _put_together(self, sort: Sort) -> Checklist:
        scopes = tuple(scopes_of(self._limits, sort.strategy_id, sort.symbol))
        pairs = [
            pair for family in self.families for scope, limits in scopes for pair in family.checks(sort, scope, limits)
        ]
        steps = tuple((measure, check.at_least) for check, measure in pairs)
        return Checklist(tuple(check for check, _ in pairs), steps)


def scopes_of(limits: RiskLimits, strategy_id: str, symbol: str) -> Iterable[tuple[Scope, RiskLimits]]:
    """Return the scopes that an order lies in, from the widest on, each with its limits."""
    yield Scope(), limits
    within = dict(limits.instruments).get(symbol)
    if within is not None:
        yield Scope(symbol=symbol), within
    own = dict(limits.strategies).get(strategy_id)
    if own is not None:
        yield Scope(strategy_id), own
        within = dict(own.instruments).get(symbol)
        if within is not None:
            yield Scope(strategy_id, symbol), within


def scoped_limits(limits: RiskLimits) -> Iterable[tuple[Scope, RiskLimits]]:
    """Return every scope that has limits, with them."""
    yield Scope(), limits
    for symbol, within in limits.instruments:
        yield Scope(symbol=symbol), within
    for strategy_id, own in limits.strategies:
        yield Scope(strategy_id), own
        for symbol, within in own.instruments:
            yield Scope(strategy_id, symbol), within


def refusal_of(check: Check, measured: Measured) -> Refusal:
    """Say what has failed, with its numbers and its scope."""
    value, bound = measured
    assert value is not None, "it was measured"
    assert bound is not None, "it was held to something"
    rule = check.rule.format(plain(bound))
    within = " in ".join(filter(None, (check.strategy_id, check.symbol)))
    return Refusal.of(check.reason, check.counts, value, f"{rule}, the limit of {within}" if within else rule)


def _missing(check: Check, asked: Asked, measured: Measured) -> Refusal:
    if measured[0] is None:
        rule = "no market price is known to value it by"
        return Refusal.of(Reason.NO_REFERENCE_PRICE, "quantity", asked.terms.quantity, rule)
    rule = f"there is no account to hold it to {check.name} by"
    return Refusal.of(Reason.NO_ACCOUNT, "quantity", asked.terms.quantity, rule)
