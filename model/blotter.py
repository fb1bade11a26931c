"""The record of all orders: the order manager's whole state, and what each message means for it.

decide() reads and computes, commit() writes what was computed; nothing in commit() can fail, so a message either takes
effect whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import takewhile

import attrs

from . import events as e
from . import reports as r
from .alarm import Alarm, AlarmCode
from .commands import Approved, CancelOrder, Command, Denied, ModifyOrder, SubmitOrder
from .gate import Gate, disconnection
from .kinds import OrderState, OrderType, Pending, Reason, Side
from .lifecycle import apply
from .order import CLOSED, Order
from .refusal import Refusal
from .reporting import decide as judge
from .values import changed

SOURCE = "order_manager"
EXTERNAL = "external"
"""The strategy id of orders that the venue knows and we do not."""


Restatement = r.VenueFillBusted | r.VenueFillCorrected
Restated = e.FillBusted | e.FillCorrected


@attrs.frozen
class Outcome:
    """What one message leads to.

    updates are new entries of the stream, in order; requests go to the venue after them; answer repeats an earlier
    update to the strategy that submitted the same order again; repeats counts reports that said nothing new. early is a
    bust or correction of an execution that has not been reported yet, which must meet it when it is. gate replaces the
    one there is.
    """

    updates: tuple[e.OrderUpdate, ...] = ()
    requests: tuple[r.VenueRequest, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    answer: tuple[str, e.OrderUpdate] | None = None
    repeats: int = 0
    early: Restatement | None = None
    gate: Gate | None = None


class Blotter:
    """Every order by its id, every execution by its id, and the next sequence number.

    Args:
        next_id: source of ids for requests and external orders.
        answer_within_ns: how long a venue may take to answer a request before the order is in doubt; None for ever.
    """

    def __init__(self, next_id: Callable[[], str], answer_within_ns: int | None = None) -> None:
        self.latest: dict[str, e.OrderUpdate] = {}
        self.sequence = 0
        self.repeats = 0
        # Risk has one too; a halt that overtook an approval in this mailbox must still hold.
        self.gate = Gate()
        self._terms: dict[str, SubmitOrder] = {}
        self._by_client_id: dict[str, str] = {}
        # A fill of another symbol or side than the order it names must not move this order's position.
        self._executed_as: dict[tuple[str, str, Side], str] = {}
        # Keyed by order as well: in a self-trade both orders report the same execution id.
        self._executions: dict[tuple[str, str], r.Fill] = {}
        self._early: dict[tuple[str, str, str], Restatement] = {}
        # Client ids under which the venue has taken an execution back, or changed one.
        self._restated: set[str] = set()
        # Insertion order is deadline order, since every request gets the same time.
        self._deadlines: dict[str, int] = {}
        self._next_id = next_id
        self._answer_within_ns = answer_within_ns

    def order(self, order_id: str) -> Order | None:
        """Return an order as it stands."""
        update = self.latest.get(order_id)
        return None if update is None else update.order

    def _known(self, order_id: str) -> Order:
        order = self.order(order_id)
        assert order is not None, "a deadline is that of an order"
        return order

    def orders(self) -> Iterator[Order]:
        """Iterate over all orders in the order of their first appearance."""
        return (update.order for update in self.latest.values() if update.order is not None)

    @property
    def next_deadline_ns(self) -> int | None:
        """When the oldest unanswered request falls due, on the clock given to commit(); None without a venue to ask."""
        return None if self._is_cut_off else next(iter(self._deadlines.values()), None)

    @property
    def _is_cut_off(self) -> bool:
        return self.gate.disconnected is not None

    def decide_command(self, judged: Approved | Denied, now_ns: int) -> Outcome:
        """Judge a command that risk has passed on, approved or denied."""
        command = judged.command
        refusal = judged.refusal if isinstance(judged, Denied) else None
        match command:
            case SubmitOrder():
                return self._submit(command, refusal, now_ns)
            case CancelOrder():
                return self._cancel(command, refusal, now_ns)
            case _:
                return self._modify(command, refusal, now_ns)

    def decide_report(self, report: r.VenueReport, now_ns: int) -> Outcome:
        """Judge what the venue said."""
        order = self._addressed(report)
        outcome = self._unknown(report, now_ns) if order is None else self._judge(order, report, now_ns)
        if isinstance(report, r.VenueFilled):
            early = self._early.get(_execution(report))
            return outcome if early is None else self._restated_at_once(outcome, early, report.fill, now_ns)
        if isinstance(report, Restatement) and (order is None or self._booked(order, report) is None):
            known = self._early.get(_execution(report))
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
        booked = self._booked(order, report)
        verdict = judge(order, report, now_ns, booked, restated=order.client_order_id in self._restated)
        updates = self._fold(order, verdict.events)
        if isinstance(report, r.VenueStatus) and _outlives(report, order):
            requests = self._cancelled_there(order, now_ns)
        else:
            requests = self._asked(order, now_ns) if any(map(_leaves_a_question, updates[-1:])) else ()
        return Outcome(updates, requests, verdict.alarms, repeats=int(verdict.is_repeat))

    def _cancelled_there(self, order: Order, now: int) -> tuple[r.VenueRequest, ...]:
        """Take off the venue's book what we hold closed: it was asked, it lives there, and nobody here would cancel it."""
        if self._is_cut_off:
            return ()
        return (_cancel(order, self._next_id(), now),)

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
            orders = tuple(order for order in self.orders() if order.in_doubt or _is_at_venue(order))
            text = "the venue is connected again, and asked what has happened meanwhile"
            asked = self._doubted(orders, Reason.DISCONNECTED, text, now_ns)
            requests = tuple(_query(order, now_ns) for order in orders)
            return changed(asked, requests=requests, gate=self.gate.with_venue_found())
        text = disconnection(link.reason)
        orders = tuple(order for order in self.orders() if _is_awaited(order) and not order.in_doubt)
        alarm = Alarm(now_ns, AlarmCode.DISCONNECTED, "", f"{text}; orders in doubt by it: {len(orders)}")
        lost = self._doubted(orders, Reason.DISCONNECTED, text, now_ns, (alarm,))
        return changed(lost, requests=(), gate=self.gate.with_venue_lost(link.reason))

    def decide_unhandled(self, judged: Approved | Denied, now_ns: int) -> Outcome:
        """Refuse a command that could not be handled, so that whoever sent it hears of it."""
        text = f"order_id {judged.command.order_id}: the command could not be handled and was set aside"
        return self._refused(judged.command, Refusal(Reason.INTERNAL_ERROR, text), now_ns)

    def decide_set_aside(self, report: r.VenueReport, now_ns: int) -> Outcome:
        """Put the order in doubt whose report could not be handled."""
        order = self.order(self._by_client_id.get(report.client_order_id, ""))
        if order is None:
            return Outcome()
        text = f"a {type(report).__name__} could not be handled and was set aside"
        alarm = Alarm(now_ns, AlarmCode.NO_ANSWER, order.order_id, text)
        return self._doubted((order,), Reason.REPORT_SET_ASIDE, text, now_ns, (alarm,))

    def commit(self, outcome: Outcome, elapsed_ns: int) -> None:
        """Take over what was decided; deadlines count from elapsed_ns, of a clock that never jumps."""
        self.repeats += outcome.repeats
        if outcome.gate is not None:
            self.gate = outcome.gate
        if outcome.early is not None:
            self._early[_execution(outcome.early)] = outcome.early
            self._restated.add(outcome.early.client_order_id)
        for update in outcome.updates:
            self.sequence = update.sequence
            order, event = update.order, update.event
            if order is None:
                continue
            self.latest[order.order_id] = update
            match event:
                case e.OrderCreated():
                    self._terms[order.order_id] = event.terms
                    self._name(order)
                case e.OrderSubmitted():
                    self._name(order)
                case e.OrderFilled():
                    self._executions[order.order_id, event.fill.execution_id] = event.fill
                    self._early.pop((order.client_order_id, order.symbol, event.fill.execution_id), None)
                case e.FillBusted() | e.FillCorrected():
                    self._restated.add(order.client_order_id)
                case _:
                    pass
            self._watch(order, event, elapsed_ns)

    def _name(self, order: Order) -> None:
        self._by_client_id.setdefault(order.client_order_id, order.order_id)
        self._executed_as[order.client_order_id, order.symbol, order.side] = order.order_id

    def _watch(self, order: Order, event: e.Event, elapsed_ns: int) -> None:
        if self._answer_within_ns is None:
            return
        if not _is_awaited(order):
            self._deadlines.pop(order.order_id, None)
        elif isinstance(event, e.OrderSubmitted | e.CancelRequested | e.ModifyRequested | e.OrderInDoubt):
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

    def _submit(self, command: SubmitOrder, refusal: Refusal | None, now: int) -> Outcome:
        order_id = command.order_id
        assert order_id is not None, "the edge gives every order an id"
        known = self.order(order_id)
        if known is not None and self._terms[order_id] == command and known.strategy_id == command.source:
            return Outcome(answer=(command.source, self.latest[order_id]))
        if known is not None or order_id in self._by_client_id:
            # An external order too has taken its id at the venue.
            text = f"order_id {order_id}: is taken by an order with other content"
            # Whoever waits for this id gets the order that has it, and would take it for the one that was refused.
            alarm = Alarm(now, AlarmCode.DUPLICATE_ID, order_id, f"{text}; no new order was created")
            return changed(self._refused(command, Refusal(Reason.DUPLICATE_ID, text), now), alarms=(alarm,))
        refusal = refusal or self.gate.refuse_submit(command.symbol)
        created = e.OrderCreated(
            time_ns=now, source=SOURCE, order_id=order_id, strategy_id=command.source, terms=command
        )
        if refusal is not None:
            denied = e.OrderDenied(
                time_ns=now, source=SOURCE, order_id=order_id, reason=refusal.reason, text=refusal.text
            )
            return Outcome(updates=self._fold(None, (created, denied)))
        sent = e.OrderSubmitted(time_ns=now, source=SOURCE, order_id=order_id, client_order_id=order_id)
        request = r.VenueSubmit(
            client_order_id=order_id,
            symbol=command.symbol,
            side=command.side,
            order_type=command.order_type,
            quantity=command.quantity,
            price=command.price,
            stop_price=command.stop_price,
            time_in_force=command.time_in_force,
            time_ns=now,
            source=SOURCE,
        )
        return Outcome(updates=self._fold(None, (created, sent)), requests=(request,))

    def _cancel(self, command: CancelOrder, refusal: Refusal | None, now: int) -> Outcome:
        order = refusal or self._changeable(command.order_id)
        if isinstance(order, Order) and order.pending is Pending.CANCEL:
            order = Refusal(Reason.CANCEL_PENDING, f"order_id {command.order_id}: a cancel is already on its way")
        if isinstance(order, Refusal):
            return self._refused(command, order, now)
        if order.state is OrderState.PENDING:
            never_sent = e.OrderCancelled(
                time_ns=now, source=SOURCE, order_id=order.order_id, reason=Reason.REQUESTED, text="never sent"
            )
            return Outcome(updates=self._fold(order, (never_sent,)))
        request_id = self._next_id()
        asked = e.CancelRequested(time_ns=now, source=SOURCE, order_id=order.order_id, request_id=request_id)
        return Outcome(updates=self._fold(order, (asked,)), requests=(_cancel(order, request_id, now),))

    def _modify(self, command: ModifyOrder, refusal: Refusal | None, now: int) -> Outcome:
        order = refusal or self._changeable(command.order_id)
        if isinstance(order, Order):
            order = self._unmodifiable(command, order) or order
        if isinstance(order, Refusal):
            return self._refused(command, order, now)
        request_id = self._next_id()
        asked = e.ModifyRequested(
            time_ns=now,
            source=SOURCE,
            order_id=order.order_id,
            request_id=request_id,
            price=command.price,
            quantity=command.quantity,
        )
        request = r.VenueModify(
            client_order_id=order.client_order_id,
            request_id=request_id,
            symbol=order.symbol,
            price=command.price,
            quantity=command.quantity,
            time_ns=now,
            source=SOURCE,
        )
        return Outcome(updates=self._fold(order, (asked,)), requests=(request,))

    def _changeable(self, order_id: str) -> Order | Refusal:
        order = self.order(order_id)
        if order is None:
            return Refusal(Reason.UNKNOWN_ORDER, f"order_id {order_id}: is not known")
        if order.is_closed:
            return Refusal(Reason.ORDER_CLOSED, f"order_id {order_id}: is {order.state.value}")
        return order

    def _unmodifiable(self, command: ModifyOrder, order: Order) -> Refusal | None:
        closed = self.gate.refuse_modify()
        if closed is not None:
            return closed
        if order.state is OrderState.PENDING:
            return Refusal(Reason.NOT_AT_VENUE, f"order_id {order.order_id}: has not been sent yet")
        if order.pending is not Pending.NONE:
            reason = Reason.CANCEL_PENDING if order.pending is Pending.CANCEL else Reason.MODIFY_PENDING
            return Refusal(reason, f"order_id {order.order_id}: a {order.pending.value.lower()} is already on its way")
        if command.price is not None and order.order_type not in {OrderType.LIMIT, OrderType.STOP_LIMIT}:
            return Refusal.of(Reason.UNSUPPORTED, "price", command.price, f"a {order.order_type.value} order has none")
        if _same(command.price, order.price) and _same(command.quantity, order.quantity):
            return Refusal(Reason.NOTHING_TO_MODIFY, f"order_id {order.order_id}: has these terms already")
        return None

    def _refused(self, command: Command, refusal: Refusal, now: int) -> Outcome:
        event = e.CommandRefused(
            time_ns=now,
            source=SOURCE,
            order_id=command.order_id or "",
            strategy_id=command.source,
            command=type(command).__name__,
            reason=refusal.reason,
            text=refusal.text,
        )
        return Outcome(updates=(e.OrderUpdate(self.sequence + 1, event, None),))

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

    def _unknown(self, report: r.VenueReport, now: int) -> Outcome:
        alarm = Alarm(
            now, AlarmCode.UNKNOWN_ORDER, report.client_order_id, f"{type(report).__name__} for an order we do not know"
        )
        if not isinstance(report, r.VenueFilled):
            return Outcome(alarms=(alarm,))
        # Money moved, so it is booked, to an order of nobody's.
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
        events: tuple[e.OrderEvent, ...] = (
            e.OrderCreated(time_ns=now, source=SOURCE, order_id=order_id, strategy_id=EXTERNAL, terms=terms),
            e.OrderSubmitted(time_ns=now, source=SOURCE, order_id=order_id, client_order_id=report.client_order_id),
            e.OrderOpened(
                time_ns=now, source=report.source, order_id=order_id, exchange_order_id=report.exchange_order_id
            ),
            e.OrderFilled(time_ns=now, source=report.source, order_id=order_id, fill=report.fill),
        )
        return Outcome(updates=self._fold(None, events), alarms=(alarm,))

    def _unused_id(self) -> str:
        # Ids are the users' to choose, and one may look like ours.
        while (order_id := self._next_id()) in self.latest:
            pass
        return order_id

    def _doubted(
        self, orders: Iterable[Order], reason: Reason, text: str, now: int, alarms: tuple[Alarm, ...] = ()
    ) -> Outcome:
        # The event is recorded again for an order already in doubt, so that its next query has a deadline too.
        updates: list[e.OrderUpdate] = []
        requests: list[r.VenueRequest] = []
        for order in orders:
            event = e.OrderInDoubt(time_ns=now, source=SOURCE, order_id=order.order_id, reason=reason, text=text)
            updates.extend(self._fold(order, (event,), self.sequence + len(updates)))
            requests.extend(self._asked(order, now))
        return Outcome(tuple(updates), tuple(requests), alarms)

    def _asked(self, order: Order, now: int) -> tuple[r.VenueRequest, ...]:
        return () if self._is_cut_off else (_query(order, now),)


def _is_at_venue(order: Order) -> bool:
    return order.is_open or order.state is OrderState.SUBMITTED


def _is_awaited(order: Order) -> bool:
    return order.in_doubt or order.state is OrderState.SUBMITTED or order.pending is not Pending.NONE


def _execution(report: r.VenueFilled | Restatement) -> tuple[str, str, str]:
    execution_id = report.execution_id if isinstance(report, r.VenueFillBusted) else report.fill.execution_id
    return (report.client_order_id, report.symbol, execution_id)


def _query(order: Order, now: int) -> r.VenueQuery:
    return r.VenueQuery(client_order_id=order.client_order_id, symbol=order.symbol, time_ns=now, source=SOURCE)


def _cancel(order: Order, request_id: str, now: int) -> r.VenueCancel:
    return r.VenueCancel(
        client_order_id=order.client_order_id, request_id=request_id, symbol=order.symbol, time_ns=now, source=SOURCE
    )


def _outlives(report: r.VenueStatus, order: Order) -> bool:
    return order.in_doubt and order.is_closed and report.state is not None and report.state not in CLOSED


def _leaves_a_question(update: e.OrderUpdate) -> bool:
    """Whether the venue should be asked: something has happened and the truth is unknown still."""
    order, event = update.order, update.event
    if order is None or not order.in_doubt:
        # Busted before the last fill, it lives on at the venue; after, it does not.
        return isinstance(event, Restated) and order is not None and order.is_filled and bool(order.remaining_quantity)
    if isinstance(event, e.OrderFilled) and order.venue_filled_quantity is not None:
        # Those that are missing come one by one: asked about each, the venue would tell them all each time.
        return order.filled_quantity >= order.venue_filled_quantity
    return True


def _same(wanted: Decimal | None, current: Decimal | None) -> bool:
    return wanted is None or wanted == current
