"""The order manager: the single writer of order state."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from ..model.account_events import CashMoved, LimitsChanged, TradingStateChanged
from ..model.alarm import Alarm
from ..model.commands import Approved, Denied
from ..model.events import CommandRefused, Fact, OrderUpdate
from ..model.gate import Gate, Hold
from ..model.group import Group
from ..model.kinds import Action, Trip
from ..model.order import Order
from ..model.own_orders import OwnOrders
from ..model.reconciler import Reconciler
from ..model.records import Outcome
from ..model.reports import (
    VENUE_LINK,
    VENUE_LISTINGS,
    VENUE_REPORTS,
    VenueCancel,
    VenueConnected,
    VenueDisconnected,
    VenueFilled,
    VenueLink,
    VenueListed,
    VenueListing,
    VenueModify,
    VenueOrderListed,
    VenueReport,
    VenueRequest,
    VenueSubmit,
)
from ..model.values import changed
from .actor import BaseActor
from .address import Address, Target
from .mailbox import Reply
from .messages import (
    Answered,
    CheckClearing,
    CheckDeadlines,
    CheckRetries,
    Durable,
    GiveAnswer,
    Halt,
    Reconcile,
    Record,
    Recovered,
    Register,
    ResendUpdates,
    Resume,
    StartStrategy,
    StopSymbol,
    Unrecorded,
    WaitForReconciliation,
)
from .outbox import Outbox
from .runtime import Cancellable, Context

Timed = CheckDeadlines | CheckRetries | CheckClearing
FromJournal = Durable | Unrecorded
Asked = Register | ResendUpdates | Reconcile | WaitForReconciliation
FromVenue = VenueReport | VenueListing | VenueLink
ManagerMessage = Approved | Denied | Fact | FromVenue | Halt | Resume | Asked | FromJournal | Timed

_NOBODY: Final[Mapping[str, OwnOrders]] = MappingProxyType({})


@attrs.frozen
class ManagerBooks:
    """What the order manager knows at one moment; earlier are the ids of the orders of earlier lives of the system."""

    orders: tuple[Order, ...]
    sequence: int
    repeats: int
    groups: tuple[Group, ...]
    gate: Gate
    earlier: frozenset[str] = frozenset()


class OrderManager(BaseActor):
    """Turns approved commands and venue reports into the one ordered stream of updates, and requests to the venue.

    Args:
        context: as every actor.
        me: its own address, for its timers.
        exchange: takes the requests.
        folds: risk and portfolio, told of every update first, in this order.
        view: told after the strategies.
        monitor: takes alarms.
        call_later: sets a timer on the runtime.
        blotter: the record of all orders.
        recent: the latest updates, as many as are kept to be sent again.
        journal: writes entries down before anything follows from them; None where nothing is written down.
        strategies: what strategies know of their own, of those that are not there yet.
    """

    def __init__(
        self,
        context: Context,
        me: Address[ManagerMessage],
        exchange: Target[VenueRequest],
        folds: tuple[Target[Any], ...],
        view: Target[OrderUpdate | Answered],
        monitor: Target[Alarm],
        call_later: Callable[..., Cancellable],
        blotter: Reconciler,
        recent: deque[OrderUpdate],
        journal: Target[Record] | None = None,
        strategies: Mapping[str, OwnOrders] = _NOBODY,
    ) -> None:
        super().__init__(context)
        self._me = me
        self._exchange = exchange
        self._folds = folds
        self._risk = folds[0]
        self._view = view
        self._monitor = monitor
        self._call_later = call_later
        self._blotter = blotter
        self._strategies: dict[str, Target[Any]] = {}
        self._absent = dict(strategies)
        self._earlier = frozenset(order.order_id for order in blotter.orders())
        self._recent = recent
        self._journal = journal
        self._held = Outbox()
        # By client id: the venue would only refuse to cancel them.
        self._never_sent: set[str] = set()
        self._waiting: list[Reply] = []
        # Whether the venue has answered about all that it was asked about last.
        self._has_heard_all = True
        self._timer_set = False
        self._retry_ns: int | None = None
        self._looks_again = False
        self._clearing_ns: int | None = None

    def handle(self, message: Any) -> None:
        """Judge one message and publish what follows."""
        self._take(message)
        if self._waiting:
            self._answer_waiting()

    def _take(self, message: Any) -> None:
        now = self.context.now_ns()
        if type(message) in VENUE_REPORTS:
            self._publish(self._blotter.decide_report(message, now))
            return
        match message:
            case Approved() | Denied():
                self._publish(self._blotter.decide_command(message, now))
            case Durable():
                self._release(self._held.released(message.sequence))
            case Unrecorded():
                self._unrecorded(message)
            case Reconcile():
                self._has_heard_all = self._blotter.gate.disconnected is None
                self._publish(self._blotter.decide_reconciling(now))
            case WaitForReconciliation():
                self._waiting.append(message.reply)
            case Register():
                self._register(message)
            case VenueDisconnected() | VenueConnected():
                self._publish(self._blotter.decide_link(message, now))
            case VenueOrderListed() | VenueListed():
                self._listed(message, now)
            case CashMoved() | LimitsChanged() | CommandRefused():
                self._publish(self._blotter.decide_fact(message, now))
            case Halt():
                self._publish(self._blotter.decide_trip(_hold_of(message), message.strategy_id, now))
                self._set_clearing_timer()
            case Resume():
                if self._blotter.gate.reconciling and not message.strategy_id:
                    self._has_heard_all = False
                self._publish(self._blotter.decide_resume(message.strategy_id, now))
            case ResendUpdates():
                self._resend(message)
            case CheckDeadlines():
                self._timer_set = False
                self._publish(self._blotter.decide_overdue(now, self.context.elapsed_ns()))
            case CheckRetries():
                self._retry_ns = None
                self._publish(self._blotter.decide_retries(now))
            case CheckClearing():
                self._looks_again, self._clearing_ns = False, None
                self._publish(self._blotter.decide_clearing(now))
                self._set_clearing_timer()
            case _:
                self.unknown(message)

    def unreachable(self, target: Target[Any]) -> None:
        """Let a strategy go that has stopped; its orders stay on record."""
        self._strategies = {name: known for name, known in self._strategies.items() if known is not target}

    def set_aside(self, message: object) -> None:
        """Refuse a command; a report leaves its order in doubt and its symbol without new orders; the link's halts."""
        now = self.context.now_ns()
        if isinstance(message, Approved | Denied):
            self._publish(self._blotter.decide_unhandled(message, now))
        elif type(message) in VENUE_REPORTS:
            outcome = self._blotter.decide_set_aside(message, now)  # type: ignore[arg-type]  # one of VENUE_REPORTS
            orders = (update.order for update in outcome.updates)
            symbols = {order.symbol for order in orders if order is not None}
            if isinstance(message, VenueFilled):
                # Of an order that we may not know: what it moved is not booked.
                symbols.add(message.symbol)
            for symbol in sorted(symbols):
                self._blotter.gate = self._blotter.gate.with_symbol_stopped(symbol)
                self.send(self._risk, StopSymbol(symbol))
            self._publish(outcome)
        elif isinstance(message, Halt):
            # Whatever could not be told or cancelled, nothing may leave.
            self._blotter.gate = self._blotter.gate.tripped(_hold_of(message), message.strategy_id)
        elif type(message) in VENUE_LINK:
            self._halt("what the venue said of its link could not be handled")
        elif isinstance(message, FromJournal) or type(message) in VENUE_LISTINGS:
            # What has become durable may not have been told, or what the venue holds is not known.
            self._halt(f"a {type(message).__name__} could not be handled")
            if isinstance(message, VenueOrderListed):
                self._publish(self._blotter.decide_listed_wrong(message))

    def escalate(self) -> None:
        """Halt trading: the records can no longer be trusted to be complete."""
        self._halt("the order manager failed repeatedly")

    def books(self) -> ManagerBooks:
        """Return every order as it stands."""
        blotter = self._blotter
        orders, groups = tuple(blotter.orders()), tuple(blotter.groups)
        return ManagerBooks(orders, blotter.sequence, blotter.repeats, groups, blotter.gate, self._earlier)

    def _bury(self, message: object) -> None:
        # A timer that fires while the system stops tells nothing that anybody must hear of.
        if not isinstance(message, Timed):
            super()._bury(message)

    def _publish(self, outcome: Outcome) -> None:
        """Updates and requests leave together, once all of them have been computed and written down."""
        outcome = self._blotter.followed(outcome, self.context.now_ns())
        elapsed = self.context.elapsed_ns()
        self._blotter.commit(outcome, elapsed)
        if self._journal is None:
            self._let_go(outcome)
        else:
            self._write_down(outcome, self._journal)
        self._set_timer(elapsed)
        self._set_retry_timer()
        if self._blotter.is_clearing and not self._looks_again and (outcome.updates or outcome.gate is not None):
            # Behind what has been reported by now, so that what has filled meanwhile is counted.
            self._looks_again = True
            self.send(self._me, CheckClearing())
        if self._blotter.has_reconciled:
            self._has_heard_all = True
            self._publish(self._blotter.decide_reconciled(self.context.now_ns()))

    def _let_go(self, outcome: Outcome) -> None:
        for update in outcome.updates:
            for fold in self._folds:
                self.send(fold, update)
            for owner in self._owners(update):
                self.send(owner, update)
            if self._absent and update.order is not None and update.order.strategy_id in self._absent:
                self._absent[update.order.strategy_id].on_update(update)
            self.send(self._view, update)
        for request in outcome.requests:
            self.send(self._exchange, request)
        for alarm in outcome.alarms:
            self.send(self._monitor, alarm)
        for answered in (Answered(*answer) for answer in outcome.answers):
            self.send(self._view, answered)
            if answered.source in self._strategies:
                self.send(self._strategies[answered.source], answered)
        self._recent.extend(outcome.updates)

    # -- the journal

    def _write_down(self, outcome: Outcome, journal: Target[Record]) -> None:
        if outcome.updates:
            self.send(journal, Record(outcome.updates))
        elif not self._held:
            self._let_go(outcome)
            return
        for alarm in outcome.alarms:
            self.send(self._monitor, alarm)
        outcome = changed(outcome, alarms=())
        self._held.hold(self._blotter.sequence, outcome, self._blotter.gate)
        if self._blotter.gate.unrecorded is not None:
            self._send_harmless()

    def _release(self, outcomes: Iterable[tuple[Outcome, Gate]]) -> None:
        for outcome, decided_in in outcomes:
            self._let_go(self._checked(outcome, decided_in))

    def _checked(self, outcome: Outcome, decided_in: Gate) -> Outcome:
        """Keep back what was to leave and may no longer, for what has happened while it waited to be written down."""
        leaving: list[VenueRequest] = []
        for request in outcome.requests:
            refusal = None
            if isinstance(request, VenueSubmit | VenueModify):
                refusal = self._blotter.refuse_held(request, decided_in)
            if refusal is not None and isinstance(request, VenueSubmit | VenueModify):
                if isinstance(request, VenueSubmit):
                    self._never_sent.add(request.client_order_id)
                self._publish(self._blotter.decide_withheld(request, refusal, self.context.now_ns()))
            elif not isinstance(request, VenueCancel) or request.client_order_id not in self._never_sent:
                leaving.append(request)
        return outcome if len(leaving) == len(outcome.requests) else changed(outcome, requests=tuple(leaving))

    def _listed(self, message: VenueListing, now: int) -> None:
        outcome = self._blotter.decide_listed(message, now)
        self._publish(outcome)
        if outcome.hold is not None:
            halt = Halt(outcome.hold.reason, outcome.hold.trip, outcome.hold.action)
            self.send(self._risk, halt)
            self._take(halt)

    def _unrecorded(self, message: Unrecorded) -> None:
        self._publish(Outcome(gate=self._blotter.gate.with_journal(message.why)))
        for strategy in self._strategies.values():
            self.send(strategy, message)
        if message.why is not None:
            self._send_harmless()

    def _send_harmless(self) -> None:
        for request in self._held.harmless():
            self.send(self._exchange, request)

    def _register(self, message: Register) -> None:
        own = self._absent.pop(message.strategy_id, None)
        self._strategies[message.strategy_id] = message.target
        if self._blotter.gate.unrecorded is not None:
            self.send(message.target, Unrecorded(self._blotter.gate.unrecorded))
        if message.first:
            if own is not None:
                self.send(message.target, Recovered(own))
            self.send(message.target, StartStrategy())

    def _answer_waiting(self) -> None:
        # What the venue has said must have been written down, and a halt that it has led to be in force at risk, which
        # is asked ahead of what waits there: so that whoever has waited finds both.
        if not self._blotter.gate.reconciling and not self._held:
            has_answered = self._has_heard_all and self._blotter.gate.disconnected is None
            for reply in self._waiting:
                self.send(self._risk, GiveAnswer(reply, has_answered))
            self._waiting.clear()

    def _owners(self, update: OrderUpdate) -> tuple[Target[Any], ...]:
        if isinstance(update.event, TradingStateChanged) and not update.event.strategy_id:
            return tuple(self._strategies.values())
        owner = self._strategies.get(_owner(update))
        return () if owner is None else (owner,)

    def _set_timer(self, elapsed: int) -> None:
        # One timer for the oldest unanswered request, not one for each.
        deadline = self._blotter.next_deadline_ns
        if deadline is not None and not self._timer_set:
            self._timer_set = True
            self._call_later(max(deadline - elapsed, 0), self._me, CheckDeadlines(), background=True)

    def _set_retry_timer(self) -> None:
        # One for the earliest; of one that was set for later and fires all the same, nothing comes.
        due_ns = self._blotter.next_retry_ns
        if due_ns is not None and (self._retry_ns is None or due_ns < self._retry_ns):
            self._retry_ns = due_ns
            delay_ns = max(due_ns - self.context.now_ns(), 0)
            self._call_later(delay_ns, self._me, CheckRetries(), background=True)

    def _set_clearing_timer(self) -> None:
        due_ns = self._blotter.next_clearing_ns
        if due_ns is not None and (self._clearing_ns is None or due_ns < self._clearing_ns):
            self._clearing_ns = due_ns
            delay_ns = max(due_ns - self.context.now_ns(), 0)
            self._call_later(delay_ns, self._me, CheckClearing(), background=True)

    def _halt(self, reason: str) -> None:
        self.send(self._risk, Halt(reason))
        self._publish(self._blotter.decide_trip(Hold(Action.HALT, Trip.FAILURE, reason), "", self.context.now_ns()))

    def _resend(self, request: ResendUpdates) -> None:
        if self._recent and request.first < self._recent[0].sequence:
            # Nobody should trade on books that have a hole.
            self._report("no longer has what is missing for", request)
            self._halt("updates are missing that are no longer kept")
        for update in self._recent:
            if request.first <= update.sequence <= request.last:
                self.send(request.target, update)


def _owner(update: OrderUpdate) -> str:
    if update.order is not None:
        return update.order.strategy_id
    return update.event.strategy_id if isinstance(update.event, CommandRefused | TradingStateChanged) else ""


def _hold_of(halt: Halt) -> Hold:
    return Hold(halt.action, halt.trip, halt.reason)
