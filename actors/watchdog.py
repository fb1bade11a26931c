"""Who watches that every actor moves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

import attrs

from ..model.kinds import Trip
from ..model.limits import Rule
from ..model.numbers import EXACT, plain
from .actor import BaseActor
from .address import Target
from .messages import CheckActors, Halt, Resume
from .runtime import Context

_NS: Final = Decimal(1_000_000_000)
_LOOKS: Final = 4
_SHORTEST_NS: Final = 10_000_000
_LONGEST_NS: Final = 1_000_000_000


@attrs.frozen
class Moving:
    """What is seen of an actor: how many messages wait for it, and how many it has handled."""

    name: str
    queued: int
    handled: int
    is_strategy: bool


@attrs.define
class _Still:
    handled: int
    for_ns: int = 0
    tripped: set[Rule] = attrs.field(factory=set[Rule])


class Watchdog(BaseActor):
    """Trips once for each standstill: messages wait for an actor, and it has handled none for longer than the limit.

    Time is counted in looks of its own, so that a clock that is set has no part in it. Of a strategy that stands still
    the trading state of that strategy alone is changed.

    Args:
        context: as every actor.
        me: its own address.
        gates: risk and the order manager, told ahead of all that waits for them.
        rules: those on stuck actors.
        look: returns what is seen of every actor.
        look_later: sets a timer on the runtime, by the clock on the wall where there is one.
    """

    def __init__(
        self,
        context: Context,
        me: Target[Any],
        gates: tuple[Target[Halt], ...],
        rules: tuple[Rule, ...],
        look: Callable[[], Iterable[Moving]],
        look_later: Callable[[int, Target[Any], object], object],
    ) -> None:
        super().__init__(context)
        self._me = me
        self._gates = gates
        self._limits = tuple((int(EXACT.multiply(rule.limit, _NS)), rule) for rule in rules if rule.limit is not None)
        self._look = look
        self._look_later = look_later
        shortest = min((limit for limit, _ in self._limits), default=_LONGEST_NS)
        self._pause_ns = min(max(shortest // _LOOKS, _SHORTEST_NS), _LONGEST_NS)
        self._still: dict[str, _Still] = {}

    def started(self) -> None:
        """Begin to look."""
        self._look_later(self._pause_ns, self._me, CheckActors())

    def handle(self, message: Any) -> None:
        """Look at every actor."""
        match message:
            case CheckActors():
                self._look_later(self._pause_ns, self._me, CheckActors())
                self._check()
            case Resume():
                # What still stands still trips again, after the limit.
                self._still.clear()
            case _:
                self.unknown(message)

    def _check(self) -> None:
        seen: dict[str, _Still] = {}
        for one in self._look():
            if not one.queued:
                continue
            still = self._still.get(one.name)
            if still is None or still.handled != one.handled:
                seen[one.name] = _Still(one.handled)
                continue
            still.for_ns += self._pause_ns
            seen[one.name] = still
            for limit, rule in self._limits:
                if still.for_ns > limit and rule not in still.tripped:
                    still.tripped.add(rule)
                    self._trip(rule, one)
        self._still = seen

    def _trip(self, rule: Rule, stuck: Moving) -> None:
        assert rule.limit is not None, "a rule on stuck actors has one"
        text = f"{stuck.name} has not moved for more than {plain(rule.limit)} s, and {stuck.queued} messages wait"
        halt = Halt(text, Trip.STUCK_ACTOR, rule.action, stuck.name if stuck.is_strategy else "")
        for gate in self._gates:
            self.send(gate, halt)

    def _bury(self, message: object) -> None:
        if not isinstance(message, CheckActors | Resume):
            super()._bury(message)
