"""The limits that hold an order to one's own others: the same order twice in a short time, and trading with oneself."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from .checking import Asked, Family, Kind, Measure, Pair, Scope, Sort, scoped_limits
from .judgement import Check, Measured
from .kinds import STOPS, Contingency, Reason, Side
from .limits import RiskLimits
from .numbers import ZERO, add, multiply, subtract
from .price_levels import PriceLevels
from .reservation import Working

_SECOND: Final = 1_000_000_000
_NANO: Final = Decimal("1e-9")
_Key: TypeAlias = tuple[object, ...]


class DuplicateChecks(Family):
    """duplicate_within: a second order of the same strategy, symbol, side, type, prices and quantity.

    The first is one that was approved; what has become of it does not matter, nor do tags and other terms. Orders of
    one group are no duplicates of each other. At the very end of the time the order passes. Only what was approved
    within the longest time that any limit asks for is kept.
    """

    def __init__(self) -> None:
        self._longest_ns = 0
        # A clock that is put back does not bring back what has been forgotten, so here it stands until it is there.
        self._now_ns = 0
        self._latest: dict[_Key, int] = {}
        self._by_time: deque[tuple[int, _Key]] = deque()
        self._asked: Asked | None = None
        self._key: _Key = ()

    def held_to(self, limits: RiskLimits) -> None:
        """Keep what these limits need."""
        times = [own.duplicate_within for _, own in scoped_limits(limits) if own.duplicate_within is not None]
        # Rounded up: what is kept too long is not refused for it.
        self._longest_ns = int(multiply(max(times), Decimal(_SECOND))) + 1 if times else 0
        if not times:
            self._latest.clear()
            self._by_time.clear()

    def checks(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterable[Pair]:
        """Return it, if it is set, for a new order."""
        if sort.kind is Kind.SUBMIT and limits.duplicate_within is not None:
            ids, counts, rule = (scope.strategy_id, scope.symbol), "seconds since the same order", "must be at least {}"
            check = Check("duplicate_within", Reason.DUPLICATE_ORDER, *ids, counts, rule, at_least=True)
            yield check, self._since(limits.duplicate_within)

    def judged(self, kind: Kind, asked: Asked, *, passed: bool) -> None:
        """Remember an order that has passed, and forget what is too old."""
        if not passed or kind is not Kind.SUBMIT or not self._longest_ns:
            return
        now_ns, key = max(self._now_ns, asked.now_ns), self._key_of(asked)
        self._now_ns = now_ns
        self._latest[key] = now_ns
        self._by_time.append((now_ns, key))
        oldest = now_ns - self._longest_ns
        while self._by_time[0][0] < oldest:
            time_ns, key = self._by_time.popleft()
            if self._latest.get(key) == time_ns:
                del self._latest[key]

    def _since(self, least: Decimal) -> Measure:
        def measure(asked: Asked) -> Measured:
            before = self._latest.get(self._key_of(asked))
            if before is None:
                return least, least
            return multiply(Decimal(max(self._now_ns, asked.now_ns) - before), _NANO), least

        return measure

    def _key_of(self, asked: Asked) -> _Key:
        # An order is judged in each scope and then remembered, and hashing decimals takes time.
        if self._asked is not asked:
            self._asked, self._key = asked, _key(asked)
        return self._key

    def __len__(self) -> int:
        return len(self._by_time)


def _key(asked: Asked) -> _Key:
    terms = asked.terms
    return (
        asked.strategy_id,
        terms.symbol,
        terms.side,
        terms.order_type,
        terms.price,
        terms.stop_price,
        terms.quantity,
    )


class CrossingChecks(Family):
    """refuse_self_crossing: an order that could trade with one that works, of the account or of the strategy.

    A working order stands at its limit price; while modifications are on their way, at the one that reaches farthest.
    An order that is held until its turn stands at its price from its approval on, since it is not judged again. A
    stop stands nowhere until it is triggered. An order without a limit price reaches whatever stands on the other side.
    The orders of a bracket and of an OTO do not cross each other; those of an OCO do. A modification that reaches no
    farther than what was asked before is not refused.

    Args:
        working: orders by id, as risk keeps them.
    """

    def __init__(self, working: Mapping[str, Working]) -> None:
        self._working = working
        # Whose orders are kept apart, "" for those of all: as the limits ask for it.
        self._names: frozenset[str] = frozenset()
        # Where each order stands; and by strategy ("" for all), symbol and side, the ids at each price.
        self._stands: dict[str, Decimal] = {}
        self._levels: dict[tuple[str, str, Side], PriceLevels[set[str]]] = {}

    def held_to(self, limits: RiskLimits) -> None:
        """Keep where orders stand if any limit asks for it."""
        names = frozenset(scope.strategy_id for scope, own in scoped_limits(limits) if own.refuse_self_crossing)
        if names == self._names:
            return
        self._names = names
        self._stands.clear()
        self._levels.clear()
        for order_id, working in self._working.items():
            self.counted(order_id, None, working)

    def counted(self, order_id: str, was: Working | None, working: Working | None) -> None:
        """Have an order stand where it does now."""
        if not self._names:
            return
        before = self._stands.get(order_id)
        price = None if working is None else _stands_at(working)
        if price == before:
            return
        one = working or was
        assert one is not None, "something works, or did"
        for name in self._names.intersection(("", one.terms.source)):
            levels = self._at(name, one.terms.symbol, one.terms.side)
            if before is not None:
                _take_out(levels, before, order_id)
            if price is not None:
                _put_in(levels, price, order_id)
        if price is None:
            del self._stands[order_id]
        else:
            self._stands[order_id] = price

    def checks(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterable[Pair]:
        """Return it, if it is asked for; a cancel reaches nothing."""
        if sort.kind is not Kind.CANCEL and limits.refuse_self_crossing:
            sells = sort.side is Side.SELL
            rule = f"must be at {'least {}, above buys' if sells else 'most {}, below sells'} that work"
            ids = scope.strategy_id, scope.symbol
            check = Check("refuse_self_crossing", Reason.SELF_CROSSING, *ids, "price", rule, at_least=sells)
            levels = self._at(scope.strategy_id, sort.symbol, Side.BUY if sells else Side.SELL)
            yield check, self._crossing(levels, sells=sells)

    def _crossing(self, levels: PriceLevels[set[str]], *, sells: bool) -> Measure:
        def measure(asked: Asked) -> Measured:
            price, was = asked.terms.price, asked.was
            best = self._best(levels, asked.working)
            if best is None:
                return (price or ZERO), (price or ZERO)
            tick = asked.instrument.price_increment
            value, bound = price or best, add(best, tick) if sells else subtract(best, tick)
            if was is not None:
                # Without a limit price it reaches no farther than before.
                asked_before = was.requested.price or value
                bound = min(bound, asked_before) if sells else max(bound, asked_before)
            return value, bound

        return measure

    def _best(self, levels: PriceLevels[set[str]], working: Working) -> Decimal | None:
        """Return the best price at which another stands that it may meet."""
        link = working.link
        level = levels.first()
        if link is None or link.contingency not in {Contingency.BRACKET, Contingency.OTO}:
            return None if level is None else level[0]
        while level is not None:
            price, ids = level
            if any(not _is_of(self._working[order_id], link.group_id) for order_id in ids):
                return price
            level = levels.after(price)
        return None

    def _at(self, name: str, symbol: str, side: Side) -> PriceLevels[set[str]]:
        key = name, symbol, side
        levels = self._levels.get(key)
        if levels is None:
            levels = self._levels[key] = PriceLevels(rising=side is Side.SELL)
        return levels


def _is_of(working: Working, group_id: str) -> bool:
    return working.link is not None and working.link.group_id == group_id


def _put_in(levels: PriceLevels[set[str]], price: Decimal, order_id: str) -> None:
    levels.setdefault(price, set()).add(order_id)


def _take_out(levels: PriceLevels[set[str]], price: Decimal, order_id: str) -> None:
    ids = levels.get(price)
    assert ids is not None, "it was put in"
    ids.discard(order_id)
    if not ids:
        levels.pop(price)


def _stands_at(working: Working) -> Decimal | None:
    """Return the limit price of an order that may rest, whichever of the modifications on their way are granted."""
    terms, order = working.terms, working.order
    if terms.order_type in STOPS and (order is None or not order.triggered):
        return None
    price = terms.price if order is None else order.price
    if price is None or not (working.asked or working.sent):
        return price
    farther = min if terms.side is Side.SELL else max
    for change in working.changes():
        if change.price is not None:
            price = farther(price, change.price)
    return price
