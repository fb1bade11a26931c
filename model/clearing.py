"""The trading state of the order manager: what trips and resumes it, and what a trip does to orders and positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from . import events as e
from .account_events import TradingStateChanged
from .alarm import Alarm, AlarmCode
from .commanding import Step, sent_as, submit_of
from .commands import SubmitOrder
from .flattening import Cancel, Close, Failed, Stake, due_ns, troubles, wanted
from .gate import Gate, Hold, told_to
from .grouping import Grouping
from .instrument import Instrument
from .kinds import Action, OrderType, Reason, Trip
from .order import Order
from .positions import Key, Positions
from .records import SOURCE, Outcome
from .values import changed

TAG: Final = "flatten"
"""The tag of the orders that close a position at the market."""
_NO_INSTRUMENTS: Final[Mapping[str, Instrument]] = MappingProxyType({})
_ENDING: Final = frozenset({Reason.TOO_LATE, Reason.NOT_AT_VENUE})


class Clearing(Grouping):
    """The records and the groups, and what trips mean for them.

    Args:
        next_id, answer_within_ns, max_unanswered, amends: as for Records.
        instruments: on whose grid positions are closed.
        hedged: whether a symbol has a long and a short position.
    """

    def __init__(
        self,
        next_id: Callable[[], str],
        answer_within_ns: int | None = None,
        max_unanswered: int = 10_000,
        *,
        amends: bool = True,
        instruments: Mapping[str, Instrument] = _NO_INSTRUMENTS,
        hedged: bool = False,
    ) -> None:
        super().__init__(next_id, answer_within_ns, max_unanswered, amends=amends)
        self._instruments = instruments
        self._hedged = hedged
        self._positions = Positions(hedged=hedged)
        # Those that work or are in doubt, by strategy and symbol, oldest first.
        self._open: dict[Key, dict[str, None]] = {}
        self._uncancelled: dict[str, Failed] = {}
        self._ending: set[str] = set()
        self._unfilled: dict[Key, Failed] = {}
        self._told_of: frozenset[str] = frozenset()

    # -- trips

    def decide_trip(self, hold: Hold, strategy_id: str, now_ns: int) -> Outcome:
        """Judge a trip: the state that is in force from here on, the fact for the record, and the first cancels."""
        before = self.gate.state_of(strategy_id)
        gate = self.gate.tripped(hold, strategy_id)
        fact = TradingStateChanged(
            time_ns=now_ns,
            source=SOURCE,
            strategy_id=strategy_id,
            before=before,
            state=gate.state_of(strategy_id),
            trip=hold.trip,
            action=hold.action,
            text=hold.reason,
        )
        whose = f"strategy {strategy_id}: " if strategy_id else ""
        alarm = Alarm(now_ns, AlarmCode.TRIPPED, "", f"{whose}{hold.trip.value}, {hold.action.value}: {hold.reason}")
        # Whoever has asked for it knows.
        alarms = () if hold.trip is Trip.PERSON else (alarm,)
        recorded = (e.OrderUpdate(self.sequence + 1, fact, None),)
        return self._cleared(Outcome(recorded, alarms=alarms, gate=gate), gate, now_ns)

    def decide_resume(self, strategy_id: str, now_ns: int) -> Outcome:
        """Judge a person's resuming, of one strategy or of all."""
        gate = self.gate.opened(strategy_id)
        fact = TradingStateChanged(
            time_ns=now_ns,
            source=SOURCE,
            strategy_id=strategy_id,
            before=self.gate.state_of(strategy_id),
            state=gate.state_of(strategy_id),
            trip=Trip.PERSON,
            action=None,
            text="resumed",
        )
        return Outcome(updates=(e.OrderUpdate(self.sequence + 1, fact, None),), gate=gate)

    # -- what is to be cleared

    @property
    def is_clearing(self) -> bool:
        """Whether a trip is in force that cancels orders or closes positions."""
        return self.gate.clears

    def decide_clearing(self, now_ns: int) -> Outcome:
        """Look at what the trips in force still ask for."""
        return self._cleared(Outcome(), self.gate, now_ns)

    @property
    def next_clearing_ns(self) -> int | None:
        """When to look again at what was refused or in vain, by the events' clock; None: there is nothing."""
        if not self.gate.clears:
            return None
        dues = (due_ns(stake, action) for stake, action in self._stakes(self.gate))
        return min((due for due in dues if due is not None), default=None)

    def _cleared(self, outcome: Outcome, gate: Gate, now: int) -> Outcome:
        updates, requests, alarms = list(outcome.updates), list(outcome.requests), list(outcome.alarms)
        told: set[str] = set()
        for stake, action in self._stakes(gate):
            if gate.disconnected is None:
                for asked in wanted(stake, action, now):
                    order, step = self._clearing_step(stake, asked, now)
                    updates.extend(self._fold(order, step.events, self.sequence + len(updates)))
                    requests.extend(step.requests)
            for text in troubles(stake, action):
                told.add(text)
                if text not in self._told_of:
                    alarms.append(Alarm(now, AlarmCode.UNFLATTENED, "", text))
        return changed(
            outcome, updates=tuple(updates), requests=tuple(requests), alarms=tuple(alarms), cleared=frozenset(told)
        )

    def _clearing_step(self, stake: Stake, asked: Cancel | Close, now: int) -> tuple[Order | None, Step]:
        if isinstance(asked, Cancel):
            step = self._withdrawn(asked.order, now, Reason.TRIPPED)
            again = self._asked_anew(asked.order, now) if step.requests else ()
            return asked.order, Step(step.events, (*step.requests, *again))
        order_id = self._unused_id()
        terms = SubmitOrder(
            stake.symbol,
            asked.side,
            OrderType.MARKET,
            asked.quantity,
            reduce_only=True,
            order_id=order_id,
            tag=TAG,
            time_ns=now,
            source=stake.strategy_id,
        )
        created = e.OrderCreated(
            time_ns=now,
            source=SOURCE,
            order_id=order_id,
            strategy_id=stake.strategy_id,
            terms=terms,
            unasked=True,
        )
        (begin,) = self._fold(None, (created,))
        assert begin.order is not None, "an order's first event makes it"
        return None, Step((created, sent_as(order_id, now)), (submit_of(begin.order, order_id, now),))

    def _stakes(self, gate: Gate) -> Iterator[tuple[Stake, Action]]:
        """Iterate over what strategies have where a trip is in force for them."""
        if not gate.clears:
            return
        for key in sorted({*self._open, *self._positions.keys()}):
            action = gate.clearing_of(key[0])
            if action is not None:
                yield self._stake(key), action

    def _stake(self, key: Key) -> Stake:
        orders = tuple(self._known(order_id) for order_id in self._open.get(key, ()))
        names = [order.order_id for order in orders]
        return Stake(
            strategy_id=key[0],
            symbol=key[1],
            held=self._positions.of(key),
            orders=orders,
            instrument=self._instruments.get(key[1]),
            uncancelled=tuple((name, self._uncancelled[name]) for name in names if name in self._uncancelled),
            ending=frozenset(name for name in names if name in self._ending),
            unfilled=self._unfilled.get(key),
            hedged=self._hedged,
            brackets=tuple(
                (name, group.open_quantity)
                for name in dict.fromkeys(order.group_id for order in orders)
                if name is not None and (group := self.groups.get(name)) is not None
            ),
        )

    def net_positions(self) -> Mapping[str, Decimal]:
        """Return what all strategies hold of each symbol that was ever traded, netted."""
        return dict(self._positions.net())

    # -- the fold

    def commit(self, outcome: Outcome, elapsed_ns: int) -> None:
        """Take over what was decided, see Records."""
        super().commit(outcome, elapsed_ns)
        for update in outcome.updates:
            if update.order is not None:
                self._keep(update.event, update.order)
        if outcome.cleared is not None:
            self._told_of = outcome.cleared
        if outcome.gate is not None and not outcome.gate.clears:
            self._told_of = frozenset()

    def recover(self, update: e.OrderUpdate, elapsed_ns: int) -> None:
        """Take over an entry that was recorded before, see Records. What has tripped stays tripped."""
        super().recover(update, elapsed_ns)
        if isinstance(update.event, TradingStateChanged):
            self.gate = told_to(self.gate, update.event)

    def _keep(self, event: e.Event, order: Order) -> None:
        moved = self._positions.after(event, order)
        if moved is not None:
            self._positions.take_over(moved)
        key, order_id = (order.strategy_id, order.symbol), order.order_id
        match event:
            case e.CancelRejected() if event.reason in _ENDING:
                self._ending.add(order_id)
            case e.CancelRejected():
                failed = self._uncancelled.get(order_id)
                self._uncancelled[order_id] = (failed or Failed(0, 0)).again(event.time_ns)
            case e.OrderResolved():
                self._ending.discard(order_id)
            case _:
                pass
        if order.is_closed:
            self._uncancelled.pop(order_id, None)
            self._ending.discard(order_id)
        if order.is_closed and not order.in_doubt:
            self._open.get(key, {}).pop(order_id, None)
            if not self._open.get(key, True):
                del self._open[key]
            self._count_attempt(key, order, event)
        else:
            self._open.setdefault(key, {})[order_id] = None

    def _count_attempt(self, key: Key, order: Order, event: e.Event) -> None:
        if order.tag != TAG or not order.reduce_only:
            return
        if order.filled_quantity:
            self._unfilled.pop(key, None)
        else:
            self._unfilled[key] = self._unfilled.get(key, Failed(0, 0)).again(event.time_ns)
