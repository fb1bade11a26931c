"""What the order manager knows: every order, every execution, and who they belong to. Written by commit() alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import attrs

from . import events as e
from . import reports as r
from .alarm import Alarm
from .commands import SubmitOrder
from .contingent import Trouble
from .gate import Gate, Hold
from .group import Group
from .kinds import OrderState, Pending, Reason, Side
from .lifecycle import apply
from .order import Order

SOURCE = "order_manager"
EXTERNAL = "external"
"""The strategy id of orders that the venue knows and we do not."""

_QUESTIONS = (
    e.OrderSubmitted
    | e.CancelRequested
    | e.ModifyRequested
    | e.OrderReplaced
    | e.OrderInDoubt
    | e.CancelRejected
    | e.ModifyRejected
)
"""Events from which on an answer has its time."""

Restatement = r.VenueFillBusted | r.VenueFillCorrected
Restated = e.FillBusted | e.FillCorrected


@attrs.frozen
class Outcome:
    """What one message leads to.

    updates are new entries of the stream, in order; requests go to the venue after them; answers repeat
    earlier updates to who submitted the same orders again; repeats counts reports that said nothing new. early is a
    bust or correction of an execution that has not been reported yet, which must meet it when it is. answered is the
    query that has been answered, by client id and its own id. gate replaces the one there is. groups are those that
    were looked at, as they stand then; told is what is wrong with them, by their ids, and has been told. look_at are
    the ids of groups to be looked at though nothing has happened to their orders. cleared is what is wrong with what a
    trip asks for, None where nobody looked. reconciling are the ids of the orders that the venue was asked about while
    nothing may leave, None where it is not asked now; listed is the client id of one that it has told of in a list, and
    ended says that the list has come to its end, has_hole that it has come to its end and some of it was lost;
    compares_again says that positions differ, and are to be compared once more when the venue has answered about all.
    hold is what trips trading, decided by itself.
    """

    updates: tuple[e.OrderUpdate, ...] = ()
    requests: tuple[r.VenueRequest, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    answers: tuple[tuple[str, e.OrderUpdate], ...] = ()
    repeats: int = 0
    early: Restatement | None = None
    answered: tuple[str, str] | None = None
    gate: Gate | None = None
    groups: tuple[Group, ...] = ()
    told: tuple[tuple[str, frozenset[Trouble]], ...] = ()
    look_at: tuple[str, ...] = ()
    cleared: frozenset[str] | None = None
    reconciling: frozenset[str] | None = None
    listed: str | None = None
    ended: bool = False
    has_hole: bool = False
    compares_again: bool = False
    hold: Hold | None = None


class Records:
    """Every order by its id, every execution by its id, and the next sequence number; read by what extends it."""

    def __init__(
        self,
        next_id: Callable[[], str],
        answer_within_ns: int | None = None,
        max_unanswered: int = 10_000,
        *,
        amends: bool = True,
    ) -> None:
        self.latest: dict[str, e.OrderUpdate] = {}
        self.sequence = 0
        self.repeats = 0
        # Risk has one too; a halt that overtook an approval in this mailbox must still hold.
        self.gate = Gate(amends=amends)
        self._terms: dict[str, SubmitOrder] = {}
        self._by_client_id: dict[str, str] = {}
        # A fill of another symbol or side than the order it names must not move this order's position.
        self._executed_as: dict[tuple[str, str, Side], str] = {}
        # Keyed by order as well: in a self-trade both orders report the same execution id.
        self._executions: dict[tuple[str, str], r.Fill] = {}
        self._early: dict[tuple[str, str, str], Restatement] = {}
        # Client ids under which the venue has taken an execution back, or changed one.
        self._restated: set[str] = set()
        # Requests that have been answered though no event names them so: modifications of which the venue has said that
        # they took effect, and cancels that ended an order by the cancel of a modification before them.
        self._answered: set[str] = set()
        # By client id, the queries that wait for an answer and were made after the order's latest request or doubt.
        self._queries: dict[str, set[str]] = {}
        # Insertion order is deadline order, since every request gets the same time.
        self._deadlines: dict[str, int] = {}
        self._end_owed: set[str] = set()
        # Sent or in doubt, and the venue has not said what became of them.
        self._unanswered: set[str] = set()
        # Those that the venue has to speak of before anything leaves.
        self._reconciling: set[str] = set()
        self._next_id = next_id
        self._answer_within_ns = answer_within_ns
        self._max_unanswered = max_unanswered
        self._amends = amends

    @property
    def has_reconciled(self) -> bool:
        """Whether the venue has said all that it was asked about, and orders do not leave yet all the same."""
        return self.gate.reconciling and not self._reconciling

    def order(self, order_id: str) -> Order | None:
        """Return an order as it stands."""
        update = self.latest.get(order_id)
        return None if update is None else update.order

    @property
    def _is_cut_off(self) -> bool:
        return self.gate.disconnected is not None

    def _asked(self, order: Order, now: int) -> tuple[r.VenueRequest, ...]:
        """Return the query of an order's status, where there is a venue to ask."""
        return () if self._is_cut_off else self._queries_of(order, now)

    def _queries_of(self, order: Order, now: int) -> tuple[r.VenueQuery, ...]:
        """Return the query under the client id that is in flight, and under older ones where executions are missing."""
        older = order.replaced_client_order_ids if order.misses_executions else ()
        return tuple(self._query(order, client_id, now) for client_id in (*older, order.client_order_id))

    def _query(self, order: Order, client_id: str, now: int) -> r.VenueQuery:
        return r.VenueQuery(
            client_order_id=client_id,
            request_id=self._next_id(),
            symbol=order.symbol,
            time_ns=now,
            source=SOURCE,
        )

    def _known(self, order_id: str) -> Order:
        order = self.order(order_id)
        assert order is not None, "a deadline is that of an order"
        return order

    def orders(self) -> Iterator[Order]:
        """Iterate over all orders in the order of their first appearance."""
        return (update.order for update in self.latest.values() if update.order is not None)

    def commit(self, outcome: Outcome, elapsed_ns: int) -> None:
        """Take over what was decided; deadlines count from elapsed_ns, of a clock that never jumps."""
        self.repeats += outcome.repeats
        if outcome.gate is not None:
            self.gate = outcome.gate
        if outcome.early is not None:
            self._early[execution_of(outcome.early)] = outcome.early
            self._restated.add(outcome.early.client_order_id)
        if outcome.answered is not None:
            client_id, request_id = outcome.answered
            self._queries[client_id].discard(request_id)
        for update in outcome.updates:
            self.sequence = update.sequence
            order, event = update.order, update.event
            if order is None:
                continue
            known = self.order(order.order_id)
            self.latest[order.order_id] = update
            match event:
                case e.OrderCreated():
                    self._terms[order.order_id] = event.terms
                    self._name(order)
                case e.OrderSubmitted() | e.OrderReplaced():
                    self._name(order)
                case e.OrderFilled():
                    self._executions[order.order_id, event.fill.execution_id] = event.fill
                    client_id = event.client_order_id or order.client_order_id
                    self._early.pop((client_id, order.symbol, event.fill.execution_id), None)
                case e.CancelRequested() | e.ModifyRequested():
                    # What the venue answers to them was true before the request, and says nothing of it.
                    self._queries.pop(order.client_order_id, None)
                case e.OrderInDoubt() if event.until_asked or known is None or not known.in_doubt:
                    # Nor does what was true before the doubt came up.
                    self._queries.pop(order.client_order_id, None)
                case e.OrderModified() if event.request_id is not None:
                    self._answered.add(event.request_id)
                case e.ModifyRejected(reason=Reason.CANCEL_PENDING) if order.pending_request_id is not None:
                    self._answered.add(order.pending_request_id)
                case e.FillBusted() | e.FillCorrected():
                    self._restated.add(order.client_order_id)
                case _:
                    pass
            self._watch(order, event, elapsed_ns)
        if outcome.reconciling is not None:
            self._reconciling = set(outcome.reconciling)
        for request in outcome.requests:
            if isinstance(request, r.VenueQuery):
                self._queries.setdefault(request.client_order_id, set()).add(request.request_id)

    def recover(self, update: e.OrderUpdate, elapsed_ns: int) -> None:
        """Take over an entry that was recorded before; what it led to has been done, or will be asked about."""
        self.commit(Outcome(updates=(update,)), elapsed_ns)

    def wait_from(self, elapsed_ns: int) -> None:
        """Count the deadlines of requests without an answer from a time of another clock, as recover() does."""
        if self._answer_within_ns is not None:
            self._deadlines = dict.fromkeys(self._deadlines, elapsed_ns + self._answer_within_ns)

    def _name(self, order: Order) -> None:
        self._by_client_id.setdefault(order.client_order_id, order.order_id)
        self._executed_as[order.client_order_id, order.symbol, order.side] = order.order_id

    def _watch(self, order: Order, event: e.Event, elapsed_ns: int) -> None:
        if order.in_doubt or order.state is OrderState.SUBMITTED:
            self._unanswered.add(order.order_id)
        else:
            self._unanswered.discard(order.order_id)
        if not order.in_doubt:
            self._reconciling.discard(order.order_id)
        if self._answer_within_ns is None:
            return
        if order.is_closed or isinstance(event, e.OrderResolved):
            self._end_owed.discard(order.order_id)
        elif isinstance(event, e.CancelRejected | e.ModifyRejected) and event.reason is Reason.TOO_LATE:
            # No longer live there: the venue owes a report of how it ended.
            self._end_owed.add(order.order_id)
        if not is_awaited(order) and order.order_id not in self._end_owed:
            self._deadlines.pop(order.order_id, None)
        elif isinstance(event, _QUESTIONS):
            self._deadlines.pop(order.order_id, None)
            self._deadlines[order.order_id] = elapsed_ns + self._answer_within_ns

    def _fold(
        self, order: Order | None, events: Iterable[e.OrderEvent], after: int | None = None
    ) -> tuple[e.OrderUpdate, ...]:
        sequence = self.sequence if after is None else after
        updates: list[e.OrderUpdate] = []
        for event in events:
            order = apply(order, event)
            sequence += 1
            updates.append(e.OrderUpdate(sequence, event, order))
        return tuple(updates)

    def _addressed(self, report: r.VenueReport) -> Order | None:
        match report:
            case r.VenueFilled():
                order_id = self._executed_as.get((report.client_order_id, report.symbol, report.side))
            case r.VenueFillBusted():
                order_id = self._booked_to(report, report.execution_id)
            case r.VenueFillCorrected():
                order_id = self._booked_to(report, report.fill.execution_id)
            case _:
                order_id = self._by_client_id.get(report.client_order_id)
        return None if order_id is None else self.order(order_id)

    def _booked_to(self, report: r.VenueFillBusted | r.VenueFillCorrected, execution_id: str) -> str | None:
        """Return the order that an execution was booked to, which may be an external one under an id of ours."""
        client_id = report.client_order_id
        ours = self._by_client_id.get(client_id)
        others = (self._executed_as.get((client_id, report.symbol, side)) for side in Side)
        for order_id in (ours, *others):
            if order_id is not None and (order_id, execution_id) in self._executions:
                return order_id
        return ours

    def _booked(self, order: Order, report: r.VenueReport) -> r.Fill | None:
        match report:
            case r.VenueFilled() | r.VenueFillCorrected():
                execution_id = report.fill.execution_id
            case r.VenueFillBusted():
                execution_id = report.execution_id
            case _:
                return None
        return self._executions.get((order.order_id, execution_id))


def is_awaited(order: Order) -> bool:
    """Whether the venue owes an answer on the order."""
    return order.in_doubt or order.state is OrderState.SUBMITTED or order.pending is not Pending.NONE


def execution_of(report: r.VenueFilled | Restatement) -> tuple[str, str, str]:
    """Return what an execution, its bust and its correction have in common."""
    execution_id = report.execution_id if isinstance(report, r.VenueFillBusted) else report.fill.execution_id
    return (report.client_order_id, report.symbol, execution_id)
