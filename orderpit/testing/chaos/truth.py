"""What truly is at a venue that misbehaves: every order, and every execution as it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final, Literal

import attrs

from ...model import reports as r
from ...model.kinds import OrderState, OrderType, Reason, Side
from ...model.numbers import ZERO, add, multiply, negate, total
from ...model.order import CLOSED
from ...model.records import Restatement
from ...model.values import changed
from ...model.venue_listing import Holdings, status_of, terms_of
from ...model.venue_order import VenueOrder

MONEY: Final = frozenset({r.VenueFilled, r.VenueFillBusted, r.VenueFillCorrected})
"""Reports of what was executed."""
Said = r.VenueReport | r.VenueOrderListed
"""What a venue says of one order."""
NOT_AGAIN: Final = "what was declared void is not executed again"


@attrs.define
class Executed:
    """One execution: as it was first reported, and what became of it."""

    first: r.VenueFilled
    restated: Restatement | None = None

    @property
    def standing(self) -> r.Fill | None:
        """The execution as it stands; None when it is void."""
        match self.restated:
            case None:
                return self.first.fill
            case r.VenueFillCorrected():
                return self.restated.fill
            case _:
                return None


@attrs.define
class Record:
    """One order, known from the requests and reports that pass.

    number is that of its first request here, invented says that the venue behind never had it, worked what has been
    executed of its quantity, altered the price that it was put on the book with instead of its own; ending says how a
    cancel that nobody asked for is to appear.
    """

    number: int
    client_order_id: str
    symbol: str = ""
    side: Side | None = None
    order_type: OrderType = OrderType.MARKET
    quantity: Decimal = ZERO
    worked: Decimal = ZERO
    altered: Decimal | None = None
    acknowledged: bool = False
    ended: OrderState | None = None
    forgotten: bool = False
    invented: bool = False
    ending: Literal["expiry", "restart"] | None = None
    executions: dict[str, Executed] = attrs.field(factory=dict)
    draws: int = 0
    skew_ns: int = 0
    # On their way in order, each way: no choice of the scheduler's may let one overtake another by itself.
    requests: tuple[r.VenueRequest, ...] = ()
    reports: tuple[tuple[Said, Said | None], ...] = ()
    arrives_ns: int = 0

    @property
    def is_live(self) -> bool:
        """Whether it is on the venue's book."""
        return self.acknowledged and self.ended is None

    @property
    def is_complete(self) -> bool:
        """Whether its whole quantity has been executed."""
        return self.worked >= self.quantity

    def standing(self) -> Iterator[r.Fill]:
        """Iterate over the executions that stand."""
        return (fill for executed in self.executions.values() if (fill := executed.standing) is not None)


class Truth:
    """All orders. learn() turns what the venue behind says into what this one says."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.live: dict[str, Record] = {}
        self._own_requests: set[str] = set()

    def record(self, client_order_id: str) -> Record:
        """Return the record of an order; a new one for an id that has not been heard of."""
        known = self.records.get(client_order_id)
        if known is None:
            known = self.records[client_order_id] = Record(len(self.records) + 1, client_order_id)
        return known

    def submitted(self, record: Record, request: r.VenueSubmit) -> None:
        """Take over an order's terms, as it comes to the venue."""
        record.symbol, record.side = request.symbol, request.side
        record.order_type, record.quantity = request.order_type, request.quantity

    def end_by(self, record: Record, how: Literal["expiry", "restart"], request_id: str, now_ns: int) -> r.VenueCancel:
        """Return the cancel that ends an order as if the venue had done so by itself."""
        record.ending = how
        self._own_requests.add(request_id)
        return r.VenueCancel(
            client_order_id=record.client_order_id,
            request_id=request_id,
            symbol=record.symbol,
            time_ns=now_ns,
            source="chaos",
        )

    def learn(self, report: r.VenueReport) -> tuple[r.VenueReport, ...]:
        """Take over a report of the venue behind, and return what is to be reported of it."""
        record = self.record(report.client_order_id)
        if record.skew_ns:
            report = _skewed(report, record.skew_ns)
        match report:
            case r.VenueFilled():
                return self._filled(record, report)
            case r.VenueStatus():
                return tuple(_answer(record, report))
            case r.VenueAccepted():
                return (self._accepted(record, report),)
            case r.VenueModified():
                record.quantity = report.quantity or record.quantity
                return (report, *self._done(record, report))
            case r.VenueCancelled() if record.ending is not None:
                return self._ended_by_itself(record, report)
            case r.VenueCancelled() | r.VenueExpired():
                is_cancelled = isinstance(report, r.VenueCancelled)
                self._end(record, OrderState.CANCELLED if is_cancelled else OrderState.EXPIRED)
                return (changed(report, filled_quantity=_filled(record)),)
            case r.VenueRejected():
                self._end(record, OrderState.REJECTED)
            case r.VenueCancelRejected() if report.request_id in self._own_requests:
                record.ending = None
                return ()
            case r.VenueCancelRejected() | r.VenueModifyRejected() if record.forgotten:
                return (changed(report, reason=Reason.NOT_AT_VENUE),)
            case _:
                pass
        return (report,)

    def executed_again(self, record: Record, report: r.VenueFilled) -> None:
        """Take over an execution beyond the order's quantity, or on an order that nobody has sent."""
        if record.side is None:
            record.symbol, record.side, record.quantity = report.symbol, report.side, report.fill.quantity
            record.acknowledged, record.ended, record.invented = True, OrderState.FILLED, True
        record.executions[report.fill.execution_id] = Executed(report)

    def invented(self, request: r.VenueList, now_ns: int) -> Iterator[tuple[Record, Said]]:
        """Return what is to be listed of orders that the venue behind never had."""
        for record in self.records.values():
            if record.invented:
                order = _true(_order_of(record), record)
                yield record, terms_of(order, request, now_ns)
                for report in _answer(record, status_of(order, request.request_id, now_ns)):
                    yield record, report

    def positions(self, behind: Iterable[VenueOrder]) -> Holdings:
        """Return what accounts truly hold, where positions are netted."""
        held: dict[tuple[str, str, Side | None], Decimal] = {}
        for order in self.orders(behind):
            key = (order.account, order.symbol, None)
            change = order.filled if order.side is Side.BUY else negate(order.filled)
            held[key] = add(held.get(key, ZERO), change)
        return held.items()

    def goes_on(self, told: Iterable[r.VenueReport | r.VenueListing]) -> None:
        """Take over what was not reported of the venue behind, which goes on; what was on its way is lost."""
        for record in self.records.values():
            record.requests, record.reports, record.arrives_ns = (), (), 0
        for report in told:
            if isinstance(report, r.VenueListed):
                continue
            record = self.record(report.client_order_id)
            if isinstance(report, r.VenueOrderListed):
                self._listed(record, report)
                continue
            self.learn(report)
            if isinstance(report, r.VenueStatus) and report.state in CLOSED and record.ended is None:
                self._end(record, report.state)

    def _listed(self, record: Record, report: r.VenueOrderListed) -> None:
        record.symbol, record.side = report.symbol, report.side
        record.order_type, record.quantity = report.order_type, report.quantity
        record.acknowledged = True
        if record.ended is None:
            self.live[record.client_order_id] = record

    def orders(self, behind: Iterable[VenueOrder]) -> tuple[VenueOrder, ...]:
        """Return every order as it truly stands, from those of the venue behind and those that only this one knows."""
        theirs = {order.client_order_id: order for order in behind}
        ours = (record for name, record in self.records.items() if name not in theirs and record.executions)
        return (
            *(_true(order, self.records.get(name)) for name, order in theirs.items()),
            *(_true(_order_of(record), record) for record in ours),
        )

    def _filled(self, record: Record, report: r.VenueFilled) -> tuple[r.VenueReport, ...]:
        execution_id = report.fill.execution_id
        if execution_id in record.executions:
            # The answer to a query begins with what is known; the status brings it, as it stands.
            return ()
        if record.side is None:
            record.symbol, record.side = report.symbol, report.side
        record.executions[execution_id] = Executed(report)
        record.worked = add(record.worked, report.fill.quantity)
        return (report, *self._done(record, report))

    def _accepted(self, record: Record, report: r.VenueAccepted) -> r.VenueReport:
        if not record.acknowledged:
            record.acknowledged = True
            if record.ended is None:
                self.live[record.client_order_id] = record
        if report.quantity is not None:
            record.quantity = report.quantity
        return report if record.altered is None else changed(report, price=record.altered)

    def _done(self, record: Record, report: r.VenueReport) -> tuple[r.VenueReport, ...]:
        if not record.is_complete or record.ended is not None:
            return ()
        if _filled(record) >= record.quantity:
            self._end(record, OrderState.FILLED)
            return ()
        # Part of it was declared void while it worked, so that it ends with less than its quantity.
        self._end(record, OrderState.CANCELLED)
        client_id, now = record.client_order_id, report.time_ns
        return (
            r.VenueCancelled(
                client_order_id=client_id,
                reason=Reason.VENUE,
                text=NOT_AGAIN,
                filled_quantity=_filled(record),
                time_ns=now,
            ),
        )

    def _ended_by_itself(self, record: Record, report: r.VenueCancelled) -> tuple[r.VenueReport, ...]:
        if record.ending == "expiry":
            self._end(record, OrderState.EXPIRED)
            client_id, now = record.client_order_id, report.time_ns
            return (r.VenueExpired(client_order_id=client_id, filled_quantity=_filled(record), time_ns=now),)
        record.forgotten = True
        self._end(record, OrderState.CANCELLED)
        return ()

    def _end(self, record: Record, state: OrderState) -> None:
        if record.ended is None:
            record.ended = state
            self.live.pop(record.client_order_id, None)


def _filled(record: Record) -> Decimal:
    return total(fill.quantity for fill in record.standing())


def _answer(record: Record, status: r.VenueStatus) -> Iterator[r.VenueReport]:
    """The answer to a query: every execution, what became of it, and then the status."""
    for executed in record.executions.values():
        yield executed.first
        if executed.restated is not None:
            yield executed.restated
    filled = _filled(record)
    state = None if record.forgotten else record.ended or status.state
    yield changed(status, state=state, filled_quantity=filled)


def _skewed(report: r.VenueReport, by_ns: int) -> r.VenueReport:
    report = changed(report, time_ns=max(report.time_ns + by_ns, 0))
    if isinstance(report, r.VenueFilled | r.VenueFillCorrected):
        fill = report.fill
        return changed(report, fill=changed(fill, time_ns=max(fill.time_ns + by_ns, 0)))
    return report


def _true(order: VenueOrder, record: Record | None) -> VenueOrder:
    if record is None:
        return order
    fills = tuple(record.standing())
    return changed(
        order,
        filled=total(fill.quantity for fill in fills),
        notional=total(multiply(fill.quantity, fill.price) for fill in fills),
        fees=total(fill.fee for fill in fills),
        state=record.ended or order.state,
    )


def _order_of(record: Record) -> VenueOrder:
    assert record.side is not None, "an execution has a side"
    return VenueOrder(
        client_order_id=record.client_order_id,
        exchange_order_id=record.client_order_id,
        symbol=record.symbol,
        side=record.side,
        order_type=record.order_type,
        quantity=record.quantity,
        price=None,
        stop_price=None,
        priority=0,
        draw_key="",
        state=OrderState.FILLED,
    )
