"""The order manager: the single writer of order state."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from ..model.account_events import CashMoved, LimitsChanged, TradingStateChanged
from ..model.alarm import Alarm
from ..model.blotter import Blotter, Outcome
from ..model.commands import Approved, Denied
from ..model.events import CommandRefused, Fact, OrderUpdate
from ..model.gate import Gate, Hold
from ..model.group import Group
from ..model.instrument import Instrument
from ..model.kinds import Action, Trip
from ..model.order import Order
from ..model.reports import (
    VENUE_LINK,
    VENUE_REPORTS,
    VenueConnected,
    VenueDisconnected,
    VenueFilled,
    VenueLink,
    VenueReport,
    VenueRequest,
)
from .actor import BaseActor
from .address import Address, Target
from .messages import (
    Answered,
    CheckClearing,
    CheckDeadlines,
    CheckRetries,
    Halt,
    Register,
    ResendUpdates,
    Resume,
    StopSymbol,
)
from .runtime import Cancellable, Context

Timed = CheckDeadlines | CheckRetries | CheckClearing
ManagerMessage = Approved | Denied | Fact | VenueReport | VenueLink | Halt | Resume | Register | ResendUpdates | Timed

_NO_INSTRUMENTS: Final[Mapping[str, Instrument]] = MappingProxyType({})


@attrs.frozen
class ManagerBooks:
    """What the order manager knows at one moment."""

    orders: tuple[Order, ...]
    sequence: int
    repeats: int
    groups: tuple[Group, ...]
    gate: Gate


class OrderManager(BaseActor):
    """Turns approved commands and venue reports into the one ordered stream of updates, and requests to the venue.

    Args:
        context: as every actor.
        me: its own address, for its timers.
        exchange: takes the requests.
        folds: risk and portfolio, told of every update first, in this order.
        view: told after the strategies.
        monitor: takes alarms.
        next_id: source of request ids.
        call_later: sets a timer on the runtime.
        answer_within_ns: how long the venue may take before an order is in doubt; None for ever.
        max_unanswered: how many orders the venue may leave without an answer before a new one is refused.
        history: how many updates are kept to be sent again.
        amends: whether the venue amends orders; where it does not, a modification is a cancel and a new order.
        instruments: on whose grid positions are closed.
        hedged: whether a symbol has a long and a short position.
    """

    def __init__(
        self,
        context: Context,
        me: Address[ManagerMessage],
        exchange: Target[VenueRequest],
        folds: tuple[Target[Any], ...],
        view: Target[OrderUpdate | Answered],
        monitor: Target[Alarm],
        next_id: Callable[[], str],
        call_later: Callable[..., Cancellable],
        answer_within_ns: int | None,
        max_unanswered: int,
        history: int,
        amends: bool,  # noqa: FBT001  # the arguments of an actor are told in order
        instruments: Mapping[str, Instrument] = _NO_INSTRUMENTS,
        hedged: bool = False,  # noqa: FBT001, FBT002  # likewise
    ) -> None:
        super().__init__(context)
        self._me = me
        self._exchange = exchange
        self._folds = folds
        self._risk = folds[0]
        self._view = view
        self._monitor = monitor
        self._call_later = call_later
        self._blotter = Blotter(
            next_id, answer_within_ns, max_unanswered, amends=amends, instruments=instruments, hedged=hedged
        )
        self._strategies: dict[str, Target[Any]] = {}
        self._recent: deque[OrderUpdate] = deque(maxlen=history)
        self._timer_set = False
        self._retry_ns: int | None = None
        self._looks_again = False
        self._clearing_ns: int | None = None

    def handle(self, message: Any) -> None:
        """Judge one message and publish what follows."""
        now = self.context.now_ns()
        if type(message) in VENUE_REPORTS:
            self._publish(self._blotter.decide_report(message, now))
            return
        match message:
            case Approved() | Denied():
                self._publish(self._blotter.decide_command(message, now))
            case Register():
                self._strategies[message.strategy_id] = message.target
            case VenueDisconnected() | VenueConnected():
                self._publish(self._blotter.decide_link(message, now))
            case CashMoved() | LimitsChanged() | CommandRefused():
                self._publish(self._blotter.decide_fact(message, now))
            case Halt():
                self._publish(self._blotter.decide_trip(_hold_of(message), message.strategy_id, now))
                self._set_clearing_timer()
            case Resume():
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

    def escalate(self) -> None:
        """Halt trading: the records can no longer be trusted to be complete."""
        self._halt("the order manager failed repeatedly")

    def books(self) -> ManagerBooks:
        """Return every order as it stands."""
        blotter = self._blotter
        orders, groups = tuple(blotter.orders()), tuple(blotter.groups)
        return ManagerBooks(orders, blotter.sequence, blotter.repeats, groups, blotter.gate)

    def _bury(self, message: object) -> None:
        # A timer that fires while the system stops tells nothing that anybody must hear of.
        if not isinstance(message, Timed):
            super()._bury(message)

    def _publish(self, outcome: Outcome) -> None:
        """The outbox: updates and requests leave together, once all of them have been computed."""
        outcome = self._blotter.followed(outcome, self.context.now_ns())
        for update in outcome.updates:
            for fold in self._folds:
                self.send(fold, update)
            for owner in self._owners(update):
                self.send(owner, update)
            self.send(self._view, update)
        for request in outcome.requests:
            self.send(self._exchange, request)
        for alarm in outcome.alarms:
            self.send(self._monitor, alarm)
        for answered in (Answered(*answer) for answer in outcome.answers):
            self.send(self._view, answered)
            if answered.source in self._strategies:
                self.send(self._strategies[answered.source], answered)
        elapsed = self.context.elapsed_ns()
        self._blotter.commit(outcome, elapsed)
        self._recent.extend(outcome.updates)
        self._set_timer(elapsed)
        self._set_retry_timer()
        if self._blotter.is_clearing and not self._looks_again and (outcome.updates or outcome.gate is not None):
            # Behind what has been reported by now, so that what has filled meanwhile is counted.
            self._looks_again = True
            self.send(self._me, CheckClearing())

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
