"""How the order manager and the venue come to agree again after nobody has listened for a while.

At the start of another life of the system, when the link is up again, and when somebody asks: every order that may have
moved is in doubt, the venue is asked, and no new order leaves before it has answered. What it tells is booked by the
rules of any report; what it tells of orders that are not on record is adopted, as nobody's; what cannot be explained
trips trading, which a person has to resume.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from . import events as e
from . import reports as r
from .alarm import Alarm, AlarmCode
from .blotter import Blotter, is_at_venue
from .cash_on_record import CashOnRecord
from .commands import SubmitOrder
from .comparing import differences
from .gate import Gate, Hold
from .instrument import Instrument
from .kinds import Action, OrderState, Pending, Reason, Trip
from .order import CLOSED, Order
from .records import EXTERNAL, SOURCE, Outcome
from .refusal import Refusal
from .values import changed

_NO_INSTRUMENTS: Final[Mapping[str, Instrument]] = MappingProxyType({})
_OVERLAP_NS: Final = 24 * 3_600_000_000_000
"""By how much a venue's clock may be wrong: of so much time before we last agreed its orders are asked for, too."""


class Reconciler(Blotter):
    """The record of all orders, and how it is brought to agree with the venue's.

    Args:
        next_id, answer_within_ns, max_unanswered, amends, instruments, hedged: as for Blotter.
        lists: whether the venue can be asked for all its orders at once; else it is asked about each that we know.
        remembers: whether the venue has known all that was ever traded, so that its positions should be ours.
        cash: what its balances should be; None where they are not compared.
        adopts: whether orders that are not on record are left at work; else they are cancelled.
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
        lists: bool = False,
        remembers: bool = False,
        cash: CashOnRecord | None = None,
        adopts: bool = True,
    ) -> None:
        super().__init__(
            next_id, answer_within_ns, max_unanswered, amends=amends, instruments=instruments, hedged=hedged
        )
        self._lists = lists
        self._remembers = remembers
        self._cash = cash
        self._adopts = adopts
        # The list that the venue was asked for last, and the orders that it has told of in it, by client id.
        self._list: str | None = None
        self._in_list: set[str] = set()
        self._list_due_ns: int | None = None
        # Whether that list counted other orders than it told of, and is asked for anew when it falls due.
        self._asks_anew = False
        self._has_told_of_hole = False
        # Whether positions or balances differed while orders were asked about that may explain it.
        self._compares_again = False
        # No later than the last moment at which we and the venue agreed.
        self._agreed_ns = 0
        # The order that somebody asked for last.
        self._asked_for: str | None = None

    # -- asking

    def decide_reconciling(self, now_ns: int) -> Outcome:
        """Ask the venue what has happened while nobody listened; until it has answered, no new order leaves.

        Whatever was on its way when the system ended may have arrived or not. While the venue cannot be reached it is
        asked nothing, and will be when it can.
        """
        if self._is_cut_off:
            return Outcome()
        text = "the venue is asked what has happened while nobody listened"
        return self._ask_about_all(Reason.RECONCILING, text, now_ns, self.gate)

    def _ask_about_all(self, reason: Reason, text: str, now: int, gate: Gate) -> Outcome:
        asked = super()._ask_about_all(reason, text, now, gate)
        if not self._lists:
            return asked
        return changed(asked, requests=(self._list_request(now),), gate=gate.with_reconciling(reconciling=True))

    def _list_request(self, now: int) -> r.VenueList:
        # A clock that is behind what it was is right now, and was ahead then.
        since_ns = max(min(self._agreed_ns, now) - _OVERLAP_NS, 0)
        return r.VenueList(request_id=self._next_id(), since_ns=since_ns, time_ns=now, source=SOURCE)

    @property
    def next_deadline_ns(self) -> int | None:
        """When the oldest question without an answer falls due, see Blotter."""
        orders, due = super().next_deadline_ns, self._list_due_ns
        if due is None or self._is_cut_off:
            return orders
        return due if orders is None else min(orders, due)

    def decide_overdue(self, now_ns: int, elapsed_ns: int) -> Outcome:
        """Put orders in doubt, see Blotter, and ask anew for a list that has not come in time."""
        overdue = super().decide_overdue(now_ns, elapsed_ns)
        if self._is_cut_off or self._list_due_ns is None or self._list_due_ns > elapsed_ns:
            return overdue
        requests = (*overdue.requests, self._list_request(now_ns))
        if self._asks_anew:
            # It came in time, and wrong: of that has been told.
            return changed(overdue, requests=requests)
        alarm = Alarm(now_ns, AlarmCode.NO_ANSWER, "", "the venue has not listed its orders in time")
        return changed(overdue, requests=requests, alarms=(*overdue.alarms, alarm))

    # -- being told

    @property
    def has_reconciled(self) -> bool:
        """Whether the venue has said all that it was asked about, and orders do not leave yet all the same."""
        return self.gate.reconciling and not self._reconciling and self._list is None and not self._asks_anew

    def decide_reconciled(self, now_ns: int) -> Outcome:
        """Let orders leave again, see Blotter; or ask for another list, where positions differed before the answers.

        What the orders that were asked about have executed may be the difference.
        """
        if self._compares_again:
            return Outcome(requests=(self._list_request(now_ns),))
        return super().decide_reconciled(now_ns)

    def decide_listed(self, report: r.VenueListing, now_ns: int) -> Outcome:
        """Judge what belongs to a list of the venue's orders. One of an order's own reports is judged as any."""
        if report.request_id != self._list:
            return Outcome(repeats=1)
        if isinstance(report, r.VenueListed):
            return self._ended(report, now_ns)
        told = Outcome(listed=report.client_order_id)
        if report.client_order_id in self._by_client_id:
            return told
        if self._instruments and report.symbol not in self._instruments:
            # Nothing could be reckoned of it: no limit, no reservation, no profit.
            text = f"the venue has an order in {report.symbol}, which is not traded here; it is left alone"
            return changed(told, alarms=(Alarm(now_ns, AlarmCode.UNKNOWN_ORDER, report.client_order_id, text),))
        return changed(self._adopted(report, now_ns), listed=report.client_order_id)

    def decide_listed_wrong(self, report: r.VenueOrderListed) -> Outcome:
        """Count an order of a list that could not be handled: the list has told of it, and has no hole."""
        return Outcome(listed=report.client_order_id) if report.request_id == self._list else Outcome()

    def _judged(self, order: Order, report: r.VenueReport, now_ns: int) -> Outcome:
        if self._adopts and isinstance(report, r.VenueStatus) and _works_on(order, report):
            return self._left_at_work(order, report, now_ns)
        return super()._judged(order, report, now_ns)

    def _left_at_work(self, order: Order, report: r.VenueStatus, now: int) -> Outcome:
        """Leave an order of nobody's at work that was begun by an execution: for how much it is was not known then.

        What it executes is booked to it late. Cancelled, somebody's order would be lost that we only watch.
        """
        text = f"an order that is not on record works on beyond what is booked, as {order.order_id}"
        alarm = Alarm(now, AlarmCode.UNKNOWN_ORDER, order.client_order_id, text)
        resolved = e.OrderResolved(time_ns=now, source=report.source, order_id=order.order_id)
        updates = self._fold(order, (resolved,)) if order.in_doubt else ()
        return Outcome(updates, alarms=(alarm,))

    def _adopted(self, report: r.VenueOrderListed, now: int) -> Outcome:
        """Take an order over that is not on record: it works there, whoever has sent it."""
        order_id = self._unused_id()
        instructions = report.instructions
        terms = SubmitOrder(
            report.symbol,
            report.side,
            report.order_type,
            report.quantity,
            price=report.price,
            stop_price=report.stop_price,
            time_in_force=report.time_in_force,
            expire_time_ns=report.expire_time_ns,
            post_only=instructions.post_only,
            reduce_only=instructions.reduce_only,
            display_quantity=instructions.display_quantity,
            trailing_offset=instructions.trailing_offset,
            trailing_type=instructions.trailing_type,
            activation_price=instructions.activation_price,
            order_id=order_id,
            time_ns=now,
            source=EXTERNAL,
        )
        created = e.OrderCreated(
            time_ns=now, source=SOURCE, order_id=order_id, strategy_id=EXTERNAL, terms=terms, unasked=True
        )
        sent = e.OrderSubmitted(time_ns=now, source=SOURCE, order_id=order_id, client_order_id=report.client_order_id)
        opened = e.OrderOpened(
            time_ns=now, source=report.source, order_id=order_id, exchange_order_id=report.exchange_order_id
        )
        triggered = (
            (e.OrderTriggered(time_ns=now, source=report.source, order_id=order_id),) if report.triggered else ()
        )
        updates = self._fold(None, (created, sent, opened, *triggered))
        text = f"the venue has an order that is not on record; it is now, as {order_id}"
        alarm = Alarm(now, AlarmCode.UNKNOWN_ORDER, report.client_order_id, text)
        return Outcome(updates, alarms=(alarm,))

    def _ended(self, report: r.VenueListed, now: int) -> Outcome:
        """Judge the end of a list: which orders it does not tell of, and whether positions and balances agree.

        An order that is not in it is asked about by itself: it may have ended before the time that was asked for, and
        to take it for gone would lose what it has executed.
        """
        reconciling = map(self._known, sorted(self._reconciling))
        absent = (order for order in reconciling if order.client_order_id not in self._in_list)
        requests: list[r.VenueRequest] = [query for order in absent for query in self._queries_of(order, now)]
        if report.orders != len(self._in_list):
            return self._with_hole(report, tuple(requests), now)
        if not self._adopts:
            requests += self._cancels_of_others(now)
        alarms: tuple[Alarm, ...] = ()
        if not report.complete:
            text = "the venue cannot list all its orders: those that are on record are asked about one by one"
            alarms = (Alarm(now, AlarmCode.UNRECONCILED, "", f"{text}: {report.text}" if report.text else text),)
        return self._compared(report, Outcome(requests=tuple(requests), alarms=alarms, ended=True), now)

    def _compared(self, report: r.VenueListed, outcome: Outcome, now: int) -> Outcome:
        positions, balances = tuple(self._positions_that_differ(report)), tuple(self._balances_that_differ(report))
        if not positions and not balances:
            return outcome
        if self._reconciling:
            return changed(outcome, compares_again=True)
        told = (Alarm(now, AlarmCode.UNRECONCILED, "", text) for text in (*positions, *balances))
        outcome = changed(outcome, alarms=(*outcome.alarms, *told))
        if not positions:
            # Fees and interest that the venue has booked by itself are no reason to stop.
            return outcome
        return changed(outcome, hold=Hold(Action.HALT, Trip.UNRECONCILED, f"positions differ: {'; '.join(positions)}"))

    def _with_hole(self, report: r.VenueListed, requests: tuple[r.VenueRequest, ...], now: int) -> Outcome:
        """Judge a list of which some was lost on the way: it proves nothing, and is asked for anew once it is due."""
        counts = f"it counts {report.orders}, and has told of {len(self._in_list)}"
        alarm = Alarm(now, AlarmCode.UNRECONCILED, "", f"the venue's list of its orders has a hole: {counts}")
        # Once, however often it is so.
        return Outcome(requests=requests, alarms=() if self._has_told_of_hole else (alarm,), has_hole=True)

    def _cancels_of_others(self, now: int) -> Iterator[r.VenueRequest]:
        for order in self.orders():
            if order.strategy_id == EXTERNAL and is_at_venue(order) and order.client_order_id in self._in_list:
                yield from self._cancelled_there(order, now)

    def _positions_that_differ(self, report: r.VenueListed) -> Iterator[str]:
        """Return what the venue holds and we do not, as a person would be told of it."""
        if not self._remembers or report.positions is None:
            return
        keys = self._positions.keys()
        on_record = ((key[1], self._positions.of(key)) for key in keys)
        yield from differences(report.positions, on_record, hedged=self._hedged)

    def _balances_that_differ(self, report: r.VenueListed) -> Iterator[str]:
        if self._remembers and self._cash is not None and report.balances is not None:
            yield from self._cash.differences(report.balances, self._positions)

    def refuse_held(self, request: r.VenueSubmit | r.VenueModify, decided_in: Gate) -> Refusal | None:
        """Judge a request that has waited to be recorded, by what has happened meanwhile.

        What was decided under the very halt that is in force may leave: it closes a position, or shrinks an order.

        Args:
            request: not sent yet.
            decided_in: what was in force when it was decided.
        """
        order = self.order(self._by_client_id[request.client_order_id])
        assert order is not None, "a request is about an order"
        if order.is_closed or order.pending is Pending.CANCEL:
            return Refusal(Reason.WITHHELD, "its cancel was asked for meanwhile")
        if order.in_doubt and not order.until_asked and isinstance(request, r.VenueSubmit):
            # The strategy has been told that no answer came, and prices have moved on.
            return Refusal(Reason.WITHHELD, "it has waited too long")
        before, now = (self._refused_by(gate, request, order) for gate in (decided_in, self.gate))
        if now is not None and (before is None or before.reason is not now.reason):
            return now
        if order.closes:
            return None
        return self.gate.refuse_outdated(decided_in.state_of(order.strategy_id), order.strategy_id)

    @staticmethod
    def _refused_by(gate: Gate, request: r.VenueSubmit | r.VenueModify, order: Order) -> Refusal | None:
        if isinstance(request, r.VenueSubmit):
            return gate.refuse_submit(order.symbol, order.strategy_id)
        return gate.refuse_modify(order.strategy_id)

    def decide_withheld(self, request: r.VenueSubmit | r.VenueModify, refusal: Refusal, now_ns: int) -> Outcome:
        """Keep back a request that has waited to be recorded, and may no longer leave.

        An order that was to be sent with it ends, for the venue has never had it; any other is asked about.
        """
        order = self.order(self._by_client_id[request.client_order_id])
        assert order is not None, "a request is about an order"
        text = f"kept back: {refusal.text}"
        is_unheard_of = order.state is OrderState.SUBMITTED and not order.replaced_client_order_ids
        if not is_unheard_of or not isinstance(request, r.VenueSubmit):
            return self._doubted((order,), Reason.WITHHELD, text, now_ns)
        is_withdrawn = order.pending is Pending.CANCEL
        ends = e.OrderCancelled if is_withdrawn else e.OrderRejected
        reason = (order.withdrawn_because or Reason.REQUESTED) if is_withdrawn else Reason.WITHHELD
        ended = ends(time_ns=now_ns, source=SOURCE, order_id=order.order_id, reason=reason, text=text)
        known = (e.OrderResolved(time_ns=now_ns, source=SOURCE, order_id=order.order_id),) if order.in_doubt else ()
        return Outcome(self._fold(order, (*known, ended)))

    # -- the fold

    def commit(self, outcome: Outcome, elapsed_ns: int) -> None:
        """Take over what was decided, see Records."""
        super().commit(outcome, elapsed_ns)
        for update in outcome.updates:
            self._note_agreement(update)
            if self._cash is not None:
                self._cash.on_update(update)
        if outcome.gate is not None and outcome.gate.disconnected is not None:
            # Nothing more comes of what was asked on a link that is gone.
            self._let_go_of_list()
        for request in outcome.requests:
            if isinstance(request, r.VenueList):
                self._await_list(request.request_id, elapsed_ns)
        if outcome.listed is not None:
            self._in_list.add(outcome.listed)
            order = self.order(self._by_client_id.get(outcome.listed, ""))
            if order is not None and self._list is not None and (order.is_closed or order.strategy_id == EXTERNAL):
                # Of ours that work the answer counts only where nothing was asked of them since.
                self._queries.setdefault(outcome.listed, set()).add(self._list)
        if outcome.ended:
            self._let_go_of_list()
            self._compares_again = outcome.compares_again
        if outcome.has_hole:
            # When it is due stays, so that a venue that always counts wrong is not asked without end.
            self._list, self._in_list = None, set()
            self._asks_anew = self._has_told_of_hole = True

    def _await_list(self, request_id: str, elapsed_ns: int) -> None:
        self._list, self._in_list = request_id, set()
        self._asks_anew = self._compares_again = False
        if self._answer_within_ns is not None:
            self._list_due_ns = elapsed_ns + self._answer_within_ns
        for order in map(self._known, self._reconciling):
            for client_id in (*order.replaced_client_order_ids, order.client_order_id):
                self._queries.setdefault(client_id, set()).add(request_id)

    def _let_go_of_list(self) -> None:
        self._list, self._list_due_ns, self._in_list = None, None, set()
        self._asks_anew = self._has_told_of_hole = self._compares_again = False

    def _note_agreement(self, update: e.OrderUpdate) -> None:
        """Note when we and the venue agreed for sure.

        That is when somebody's order was sent: none is before the venue has said all that happened while nobody
        listened. That anything was recorded, or even reported, proves nothing, for the rest may be missing. An entry
        with an earlier time than one before it shows that the clock was ahead then.
        """
        event, order = update.event, update.order
        if isinstance(event, e.OrderCreated) and not event.unasked and event.strategy_id != EXTERNAL:
            self._asked_for = event.order_id
        sent = isinstance(event, e.OrderSubmitted) and event.order_id == self._asked_for and event.source == SOURCE
        # What waits for another order is sent later, whatever has happened meanwhile.
        if sent and order is not None and order.created_ns == event.time_ns:
            self._agreed_ns = event.time_ns
        else:
            self._agreed_ns = min(self._agreed_ns, event.time_ns)


def _works_on(order: Order, report: r.VenueStatus) -> bool:
    """Whether the venue has an order of nobody's at work of which all that was known is booked."""
    booked = order.is_filled and order.filled_quantity == report.filled_quantity
    return order.strategy_id == EXTERNAL and booked and report.state not in {None, *CLOSED}
