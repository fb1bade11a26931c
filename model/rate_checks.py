"""The limits on how much is asked for in a time, and on how many orders may be open.

What the order manager sends by itself is not counted by the rates: the exits of a bracket and the second orders of an
OTO when their turn comes, the cancels and the closing orders of a rule that trips, and queries. It is counted among
the open orders, from the approval of its group on, since it is not judged again when it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

import attrs

from .checking import Asked, Family, Kind, Measure, Pair, Scope, Sort, scoped_limits, scopes_of
from .judgement import Check, Measured
from .kinds import Reason, Role
from .limits import RiskLimits
from .numbers import ONE, multiply
from .reservation import Working

_SECOND: Final = 1_000_000_000
_NANO: Final = Decimal("1e-9")
_ALL: Final = Scope()
_LATER: Final = frozenset({Role.THEN, Role.PROFIT_TARGET, Role.STOP_LOSS})

_REQUESTS: Final = "max_requests_per_second"
_BY_KIND: Final = {
    Kind.SUBMIT: ("max_orders_per_second", Reason.ORDER_RATE, "orders"),
    Kind.MODIFY: ("max_modifies_per_second", Reason.MODIFY_RATE, "modifications"),
    Kind.CANCEL: ("max_cancels_per_second", Reason.CANCEL_RATE, "cancels"),
}


@attrs.define
class Bucket:
    """So many tokens, of which as many come back in a second.

    What is taken is kept in thousand millionths of a token, so that in each nanosecond as many of these come back as
    there are tokens, and nothing is ever rounded. A time before one that was seen gives none back.

    Attributes:
        tokens: how many there are.
        taken: of them, in thousand millionths, at the latest time.
        time_ns: the latest time.
    """

    tokens: int
    taken: int = 0
    time_ns: int = 0

    def taken_at(self, now_ns: int) -> int:
        """Return what is still taken."""
        passed = now_ns - self.time_ns
        return self.taken if passed <= 0 else max(self.taken - passed * self.tokens, 0)

    def take(self, now_ns: int) -> None:
        """Take one, which must be there."""
        self.taken = self.taken_at(now_ns) + _SECOND
        self.time_ns = max(self.time_ns, now_ns)

    def resize(self, tokens: int) -> None:
        """Have so many tokens from now on; of fewer, all may be taken, but no more than that."""
        self.tokens = tokens
        self.taken = min(self.taken, tokens * _SECOND)


class RateChecks(Family):
    """max_orders_per_second, max_modifies_per_second, max_cancels_per_second and max_requests_per_second.

    Only what is approved takes tokens, and it does so even if the order manager then refuses it. A group takes as many
    as it has orders that leave at once. Of the requests, cancel_reserve are for cancels alone.
    """

    def __init__(self) -> None:
        self._limits = RiskLimits()
        self._buckets: dict[tuple[str, Scope], Bucket] = {}
        self._taken_from: dict[tuple[Kind, str, str], tuple[Bucket, ...]] = {}

    def held_to(self, limits: RiskLimits) -> None:
        """Keep what is taken of limits that stay, whatever they become."""
        self._limits = limits
        self._taken_from.clear()
        kept: dict[tuple[str, Scope], Bucket] = {}
        for scope, own in scoped_limits(limits):
            for name in (_REQUESTS, *(name for name, _, _ in _BY_KIND.values())):
                tokens = getattr(own, name)
                if tokens is not None:
                    kept[name, scope] = bucket = self._buckets.get((name, scope)) or Bucket(tokens)
                    bucket.resize(tokens)
        self._buckets = kept

    def checks(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterable[Pair]:
        """Return those that are set for this kind."""
        ids, rule = (scope.strategy_id, scope.symbol), "must be at most {} per second"
        name, reason, counts = _BY_KIND[sort.kind]
        bucket = self._buckets.get((name, scope))
        if bucket is not None:
            yield Check(name, reason, *ids, counts, rule), _rate(bucket, bucket.tokens, scope)
        bucket = self._buckets.get((_REQUESTS, scope))
        if bucket is not None:
            reserved = 0 if sort.kind is Kind.CANCEL else limits.cancel_reserve
            if reserved:
                rule = f"{rule}, with {reserved} more for cancels"
            check = Check(_REQUESTS, Reason.REQUEST_RATE, *ids, "requests", rule)
            yield check, _rate(bucket, bucket.tokens - reserved, scope)

    def judged(self, kind: Kind, asked: Asked, *, passed: bool) -> None:
        """Take a token from each bucket that applies, for what leaves."""
        if not passed or not self._buckets:
            return
        key = kind, asked.strategy_id, asked.terms.symbol
        buckets = self._taken_from.get(key)
        if buckets is None:
            buckets = self._taken_from[key] = tuple(self._applying(*key))
        if kind is not Kind.SUBMIT or _leaves_at_once(asked.working):
            for bucket in buckets:
                bucket.take(asked.now_ns)

    def _applying(self, kind: Kind, strategy_id: str, symbol: str) -> Iterator[Bucket]:
        for scope, _ in scopes_of(self._limits, strategy_id, symbol):
            for name in (_BY_KIND[kind][0], _REQUESTS):
                bucket = self._buckets.get((name, scope))
                if bucket is not None:
                    yield bucket


class OpenOrderChecks(Family):
    """max_open_orders: approved and not closed, or in doubt; each order of a group counts, held or not."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, int]] = {}
        self._by_symbol: dict[str, int] = {}
        self._total = 0

    def counted(self, order_id: str, was: Working | None, working: Working | None) -> None:
        """Count an order that is new, or no longer one that has ended."""
        del order_id
        if (was is None) is (working is None):
            return
        more = 1 if was is None else -1
        terms = (working or was).terms  # type: ignore[union-attr]  # one of them is there
        self._total += more
        self._by_symbol[terms.symbol] = self._by_symbol.get(terms.symbol, 0) + more
        own = self._counts.setdefault(terms.source, {})
        own[terms.symbol] = own.get(terms.symbol, 0) + more

    def checks(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterable[Pair]:
        """Return it, if it is set, for a new order."""
        if sort.kind is Kind.SUBMIT and limits.max_open_orders is not None:
            ids = scope.strategy_id, scope.symbol
            check = Check("max_open_orders", Reason.MAX_OPEN_ORDERS, *ids, "open orders with this one")
            yield check, self._open(scope, Decimal(limits.max_open_orders))

    def open(self, scope: Scope) -> int:
        """Return how many orders are open."""
        if scope == _ALL:
            return self._total
        if not scope.strategy_id:
            return self._by_symbol.get(scope.symbol, 0)
        own = self._counts.get(scope.strategy_id, {})
        return own.get(scope.symbol, 0) if scope.symbol else sum(own.values())

    def _open(self, scope: Scope, most: Decimal) -> Measure:
        def measure(_: Asked) -> Measured:
            return Decimal(self.open(scope) + 1), most

        return measure


def _rate(bucket: Bucket, most: int, scope: Scope) -> Measure:
    bound = Decimal(most)

    def measure(asked: Asked) -> Measured:
        # Mostly nothing is taken any more.
        taken = bucket.taken_at(asked.now_ns) if bucket.taken else 0
        if asked.working.link is None:
            # It is of no group, so nothing leaves before it.
            return (multiply(Decimal(taken + _SECOND), _NANO) if taken else ONE), bound
        for other in asked.ahead:
            if _leaves_at_once(other) and scope.symbol in {"", other.terms.symbol}:
                taken += _SECOND
        if asked.was is not None or _leaves_at_once(asked.working):
            return multiply(Decimal(taken + _SECOND), _NANO), bound
        # It takes none, whatever there is.
        value = multiply(Decimal(taken), _NANO)
        return value, max(bound, value)

    return measure


def _leaves_at_once(working: Working) -> bool:
    return working.link is None or working.link.role not in _LATER
