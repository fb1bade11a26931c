"""The record of all orders: the order manager's whole state, and what each message means for it.

decide() reads and computes, commit() writes what was computed; nothing in commit() can fail, so a message either takes
effect whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Final

from . import events as e
from . import reports as r
from .alarm import Alarm, AlarmCode
from .clearing import Clearing
from .commanding import cancel_of, replacement_of
from .commands import SubmitOrder
from .gate import Gate, disconnection
from .kinds import OrderState, OrderType, Reason
from .order import CLOSED, Order
from .records import EXTERNAL, SOURCE, Outcome, Restated, Restatement, execution_of, is_awaited
from .refusal import Refusal
from .reporting import decide as judge
from .values import changed

__all__ = ["EXTERNAL", "SOURCE", "Blotter", "Outcome"]


_UNHEARD: Final = frozenset({Reason.DISCONNECTED, Reason.RECONCILING, Reason.WITHHELD})
"""Why reports may be missing without a trace: the doubt ends with the venue's answer alone."""


class Blotter(Clearing):
    """The records, and what commands, reports, the passing of time and the venue's link mean for them.

    Args:
        next_id: source of ids for requests and external orders.
        answer_within_ns: how long a venue may take to answer a request before the order is in doubt; None for ever.
        max_unanswered: with so many orders sent or in doubt, and not answered, a new one is refused.
        amends, instruments, hedged: as for Clearing.
    """

    @property
    def next_deadline_ns(self) -> int | None:
        """When the oldest unanswered request falls due, on the clock given to commit(); None without a venue to ask."""
        return None if self._is_cut_off else next(iter(self._deadlines.values()), None)

    def decide_report(self, report: r.VenueReport, now_ns: int) -> Outcome:
        """Judge what the venue said."""
        order = self._addressed(report)
        outcome = self._unknown(report, now_ns) if order is None else self._judge(order, report, now_ns)
        if isinstance(report, r.VenueFilled):
            early = self._early.get(execution_of(report))
            return outcome if early is None else self._restated_at_once(outcome, early, report.fill, now_ns)
        if isinstance(report, Restatement) and (order is None or self._booked(order, report) is None):
            known = self._early.get(execution_of(report))
            # What has been busted cannot be corrected any more.
            return changed(outcome, early=known if isinstance(known, r.VenueFillBusted) else report)
        return outcome

    def _restated_at_once(self, outcome: Outcome, early: Restatement, fill: r.Fill, now: int) -> Outcome:
        """Let a bust or correction that overtook its execution follow it."""
        last = outcome.updates[-1]
        assert last.order is not None, "an execution heard of for the first time is booked"
        verdict = judge(last.order, early, now, fill)
        more = self._fold(last.order, verdict.events, last.sequence)
        asks = any(map(_leaves_a_question, more[-1:]))
        return changed(
            outcome,
            updates=(*outcome.updates, *more),
            requests=self._asked(last.order, now) if asks else outcome.requests,
            alarms=(*outcome.alarms, *verdict.alarms),
        )

    def _judge(self, order: Order, report: r.VenueReport, now_ns: int) -> Outcome:
        query = (report.client_order_id, report.request_id or "") if isinstance(report, r.VenueStatus) else None
        if query is None or not query[1]:
            return self._judged(order, report, now_ns)
        if query[1] not in self._queries.get(query[0], ()):
            # Come again, or asked before our latest request was made, behind which the venue has been asked anew.
            return Outcome(repeats=1)
        return changed(self._judged(order, report, now_ns), answered=query)

    def _judged(self, order: Order, report: r.VenueReport, now_ns: int) -> Outcome:
        booked = self._booked(order, report)
        restated = not self._restated.isdisjoint((order.client_order_id, *order.replaced_client_order_ids))
        answered = isinstance(report, r.VenueModified | r.VenueCancelRejected) and report.request_id in self._answered

        def new_id(symbol: str) -> str | Refusal:
            return self._new_client_id(symbol, order.strategy_id)

        verdict = judge(order, report, now_ns, booked, restated=restated, answered=answered, new_id=new_id)
        updates = self._fold(order, verdict.events)
        requests: tuple[r.VenueRequest, ...] = tuple(
            replacement_of(update.order, now_ns)
            for update in updates
            if isinstance(update.event, e.OrderReplaced) and update.order is not None
        )
        if isinstance(report, r.VenueStatus) and _outlives(report, order):
            requests = (*requests, *self._cancelled_there(order, now_ns))
        elif any(map(_leaves_a_question, updates[-1:])):
            requests = (*requests, *self._asked(updates[-1].order or order, now_ns))
        return Outcome(updates, requests, verdict.alarms, repeats=int(verdict.is_repeat))

    def _new_client_id(self, symbol: str, strategy_id: str) -> str | Refusal:
        refusal = self.gate.refuse_submit(symbol, strategy_id)
        if refusal is not None:
            return refusal
        while (client_id := self._unused_id()) in self._by_client_id:
            pass
        return client_id

    def _cancelled_there(self, order: Order, now: int) -> tuple[r.VenueRequest, ...]:
        """Take off the venue's book what it has, asked, and we hold closed: nobody else here would cancel it."""
        if self._is_cut_off:
            return ()
        return (cancel_of(order, self._next_id(), now),)

    def decide_overdue(self, now_ns: int, elapsed_ns: int) -> Outcome:
        """Put every order in doubt whose request has had no answer in time; a time-out is not a rejection.

        Args:
            now_ns: the time that the events bear.
            elapsed_ns: of a clock that never jumps, as the one given to commit().
        """
        due = () if self._is_cut_off else takewhile(lambda item: item[1] <= elapsed_ns, self._deadlines.items())
        orders = tuple(self._known(order_id) for order_id, _ in due)
        text = "the venue has not answered in time"
        alarms = tuple(Alarm(now_ns, AlarmCode.NO_ANSWER, order.order_id, text) for order in orders)
        return self._doubted(orders, Reason.NO_ANSWER, text, now_ns, alarms)

    def decide_link(self, link: r.VenueLink, now_ns: int) -> Outcome:
        """Judge the loss of the venue, or its return.

        When it is lost, what becomes of the requests in flight is unknown. When it is back, it is asked about every
        order that may have moved meanwhile.
        """
        if isinstance(link, r.VenueDisconnected) is self._is_cut_off:
            return Outcome(repeats=1)
        if isinstance(link, r.VenueConnected):
            text = "the venue is connected again, and asked what has happened meanwhile"
            return self._ask_about_all(Reason.DISCONNECTED, text, now_ns, self.gate.with_venue_found())
        text = disconnection(link.reason)
        orders = tuple(order for order in self.orders() if is_awaited(order) and not order.in_doubt)
        alarm = Alarm(now_ns, AlarmCode.DISCONNECTED, "", f"{text}; orders in doubt by it: {len(orders)}")
        lost = self._doubted(orders, Reason.DISCONNECTED, text, now_ns, (alarm,))
        return changed(lost, requests=(), gate=self.gate.with_venue_lost(link.reason))

    def _ask_about_all(self, reason: Reason, text: str, now: int, gate: Gate) -> Outcome:
        """Put every order in doubt that may have moved, and ask about each; until they are known, none leaves."""
        orders = tuple(order for order in self.orders() if order.in_doubt or is_at_venue(order))
        doubted = self._doubted(orders, reason, text, now)
        return changed(
            doubted,
            requests=tuple(query for order in orders for query in self._queries_of(order, now)),
            gate=gate.with_reconciling(reconciling=bool(orders)),
            reconciling=frozenset(order.order_id for order in orders),
        )

    def decide_reconciled(self, _now_ns: int) -> Outcome:
        """Let orders leave again, now that the venue has answered about all."""
        return Outcome(gate=self.gate.with_reconciling(reconciling=False))

    def decide_set_aside(self, report: r.VenueReport, now_ns: int) -> Outcome:
        """Put the order in doubt whose report could not be handled.

        With an execution of an order that we do not know, that is one of nobody's, to which it will be booked.
        """
        text = f"a {type(report).__name__} could not be handled and was set aside"
        order = self.order(self._by_client_id.get(report.client_order_id, ""))
        if order is None:
            if isinstance(report, r.VenueFilled) and type(report.fill) is r.Fill:
                return self._begun_in_doubt(report, text, now_ns)
            # Nothing moved, or it does not say what.
            return Outcome()
        alarm = Alarm(now_ns, AlarmCode.NO_ANSWER, order.order_id, text)
        doubted = self._doubted((order,), Reason.REPORT_SET_ASIDE, text, now_ns, (alarm,))
        # Asked each time, a venue whose answer cannot be handled either would be asked without end.
        return changed(doubted, requests=()) if order.until_asked else doubted

    def _begun_in_doubt(self, report: r.VenueFilled, text: str, now: int) -> Outcome:
        begun = self._external(report, now)
        doubt = _doubt(begun[0].order_id, Reason.REPORT_SET_ASIDE, text, now, until_asked=True)
        updates = self._fold(None, (*begun, doubt))
        order = updates[-1].order
        assert order is not None, "each of these events is of the order"
        alarm = Alarm(now, AlarmCode.UNKNOWN_ORDER, report.client_order_id, text)
        return Outcome(updates, self._asked(order, now), (alarm,))

    def _unknown(self, report: r.VenueReport, now: int) -> Outcome:
        alarm = Alarm(
            now, AlarmCode.UNKNOWN_ORDER, report.client_order_id, f"{type(report).__name__} for an order we do not know"
        )
        if not isinstance(report, r.VenueFilled):
            return Outcome(alarms=(alarm,))
        # Money moved, so it is booked, to an order of nobody's.
        begun = self._external(report, now)
        order_id = begun[0].order_id
        events: tuple[e.OrderEvent, ...] = (
            *begun,
            e.OrderOpened(
                time_ns=now, source=report.source, order_id=order_id, exchange_order_id=report.exchange_order_id
            ),
            e.OrderFilled(time_ns=now, source=report.source, order_id=order_id, fill=report.fill),
        )
        return Outcome(updates=self._fold(None, events), alarms=(alarm,))

    def _external(self, report: r.VenueFilled, now: int) -> tuple[e.OrderCreated, e.OrderSubmitted]:
        order_id = self._unused_id()
        terms = SubmitOrder(
            report.symbol,
            report.side,
            OrderType.MARKET,
            report.fill.quantity,
            order_id=order_id,
            time_ns=now,
            source=EXTERNAL,
        )
        return (
            e.OrderCreated(time_ns=now, source=SOURCE, order_id=order_id, strategy_id=EXTERNAL, terms=terms),
            e.OrderSubmitted(time_ns=now, source=SOURCE, order_id=order_id, client_order_id=report.client_order_id),
        )

    def _doubted(
        self, orders: Iterable[Order], reason: Reason, text: str, now: int, alarms: tuple[Alarm, ...] = ()
    ) -> Outcome:
        # The event is recorded again for an order already in doubt, so that its next query has a deadline too.
        updates: list[e.OrderUpdate] = []
        requests: list[r.VenueRequest] = []
        for order in orders:
            # While nobody listens, or a report is lost to us, no other report says that none is missing.
            missing = reason in _UNHEARD or (reason is Reason.REPORT_SET_ASIDE and not order.until_asked)
            event = _doubt(order.order_id, reason, text, now, until_asked=missing)
            updates.extend(self._fold(order, (event,), self.sequence + len(updates)))
            requests.extend(self._asked(order, now))
        return Outcome(tuple(updates), tuple(requests), alarms)


def _doubt(order_id: str, reason: Reason, text: str, now: int, *, until_asked: bool) -> e.OrderInDoubt:
    return e.OrderInDoubt(
        time_ns=now, source=SOURCE, order_id=order_id, reason=reason, text=text, until_asked=until_asked
    )


def is_at_venue(order: Order) -> bool:
    """Whether the venue may have it, and may execute it."""
    return order.is_open or order.state is OrderState.SUBMITTED


def _outlives(report: r.VenueStatus, order: Order) -> bool:
    present = report.client_order_id == order.client_order_id
    return present and order.in_doubt and order.is_closed and report.state not in {None, *CLOSED}


def _leaves_a_question(update: e.OrderUpdate) -> bool:
    """Whether the venue should be asked: something has happened and the truth is unknown still."""
    order, event = update.order, update.event
    if order is None or not order.in_doubt:
        # Busted before the last fill, it lives on at the venue; after, it does not.
        return isinstance(event, Restated) and order is not None and order.is_filled and bool(order.remaining_quantity)
    if isinstance(event, e.OrderFilled) and order.misses_executions:
        return False
    if isinstance(event, e.OrderFilled) and order.venue_filled_quantity is not None:
        # Those that are missing come one by one: asked about each, the venue would tell them all each time.
        return order.filled_quantity >= order.venue_filled_quantity
    return True
