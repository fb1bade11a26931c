"""A venue with a mind of its own: what it refuses, executes, declares void and lets expire."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from ...actors.exchange import VenueSays
from ...actors.runtime import Context
from ...model import reports as r
from ...model.kinds import OrderState, OrderType, Reason
from ...model.numbers import EXACT, add, multiply, subtract
from ...model.records import Restatement
from ...model.values import changed
from .links import ChaosLinks
from .tables import Heard
from .truth import Record

_HALF: Final = Decimal("0.5")
_FOUR: Final = Decimal(4)
_TWO: Final = Decimal(2)
_TWO_DAYS: Final = Decimal(172_800_000_000_000)


class ChaosVenue(ChaosLinks):
    """What is common to both kinds of exchange behind."""

    def __init__(self, context: Context, *common: Any) -> None:
        super().__init__(context, *common)
        # The orders that have been told of, by the lists that are being answered.
        self._lists: dict[str, dict[str, Record]] = {}

    # -- for the two kinds

    def ask_venue(self, request: r.VenueRequest) -> tuple[r.VenueReport | r.VenueListing, ...]:
        """Have the venue behind handle a request; what it says at once, or nothing if it reports later."""
        raise NotImplementedError

    def strike(self, record: Record, quantity: Decimal) -> tuple[r.VenueReport, ...]:
        """Have the venue behind fill a resting order, where that can be had."""
        del record, quantity
        return ()

    def positions(self, said: r.VenueListed) -> tuple[r.VenuePosition, ...] | None:
        """Return what accounts truly hold, where that can be had."""
        return said.positions

    def leaves(self, record: Record) -> Decimal:
        """Return what of an order may still fill."""
        return subtract(record.quantity, record.worked)

    def handle(self, message: Any) -> None:
        """Take what an exchange of the host's own has said; all else as before."""
        if type(message) is Heard:
            self.from_venue((message.report,))
        else:
            super().handle(message)

    def arrive(self, record: Record, request: r.VenueRequest) -> None:
        """Handle a request, or refuse it; a fill may come first."""
        name = self.pick(self._tables.at_venue[type(request)], record)
        if name == "rate_limit":
            self._limited_until = self.context.elapsed_ns() + self.span(record, self._tables.outage_ns)
        elif name == "market_closed":
            self._closed_until = self.context.elapsed_ns() + self.span(record, self._tables.outage_ns)
        refusal = self._refusal(request, name)
        if refusal is not None:
            self._refuse(record, request, *refusal)
            return
        if isinstance(request, r.VenueList):
            self._lists[request.request_id] = {}
        if name in {"fill_races_cancel", "fill_races_modify"}:
            self._race(record, name)
        if isinstance(request, r.VenueSubmit):
            if name == "wrong_price":
                request = self._mispriced(record, request)
            self._truth.submitted(record, request)
            if self.pick(self._tables.born, record) is not None:
                self._happened["clock_skew"] += 1
                record.skew_ns = int(multiply(subtract(self.draw(record), _HALF), _TWO_DAYS))
        self.from_venue(self.ask_venue(request))

    def _refusal(self, request: r.VenueRequest, name: str | None) -> tuple[str, str] | None:
        """The fault for which the venue refuses a request, and its words."""
        now = self.context.elapsed_ns()
        if name in {"cancel_rejected", "modify_rejected"}:
            return name, "the venue would not"
        if now < self._limited_until and not isinstance(request, r.VenueCancel):
            return "rate_limit", "too many requests"
        if now < self._closed_until and isinstance(request, r.VenueSubmit | r.VenueModify):
            return "market_closed", "the market is closed"
        return None

    def _refuse(self, record: Record, request: r.VenueRequest, name: str, text: str) -> None:
        self._happened[name] += 1
        now = self.context.now_ns()
        match request:
            case r.VenueSubmit(client_order_id=client_id):
                self.report_up(record, r.VenueRejected(client_order_id=client_id, text=text, time_ns=now))
            case r.VenueCancel():
                self.report_up(record, _refused(r.VenueCancelRejected, request, text, now))
            case r.VenueModify():
                self.report_up(record, _refused(r.VenueModifyRejected, request, text, now))
            case _:
                # A question that is refused has no answer, and is asked again.
                pass

    def _mispriced(self, record: Record, request: r.VenueSubmit) -> r.VenueSubmit:
        if request.price is None:
            return request
        tick = self._instruments[request.symbol].price_increment
        lower = subtract(request.price, tick)
        self._happened["wrong_price"] += 1
        record.altered = lower if lower > 0 and self.draw(record) < _HALF else add(request.price, tick)
        return changed(request, price=record.altered)

    # -- at the venue

    def from_venue(self, reports: tuple[VenueSays, ...], delay_ns: int = 0) -> None:
        """Take what the venue behind says, and send it on its way back, held up by so much."""
        for said in reports:
            if isinstance(said, r.VenueDisconnected | r.VenueConnected):
                self.send(self._manager, said)
                continue
            if isinstance(said, r.VenueOrderListed):
                self._order_listed(said)
                continue
            if isinstance(said, r.VenueListed):
                self._listed(said)
                continue
            asked_for = isinstance(said, r.VenueStatus)
            if isinstance(said, r.VenueStatus) and self._is_unlisted(said):
                continue
            for report in self._truth.learn(said):
                record = self._truth.record(report.client_order_id)
                self.report_up(record, report, delay_ns)
                if asked_for:
                    continue
                if isinstance(report, r.VenueFilled):
                    self._executed(record, report)
                elif isinstance(report, r.VenueAccepted):
                    self._rests(record)

    def _order_listed(self, said: r.VenueOrderListed) -> None:
        record = self._truth.record(said.client_order_id)
        # What it has forgotten it does not list.
        if not record.forgotten:
            self._lists.setdefault(said.request_id, {})[said.client_order_id] = record
            self.report_up(record, said)

    def _is_unlisted(self, said: r.VenueStatus) -> bool:
        return said.request_id in self._lists and self._truth.record(said.client_order_id).forgotten

    def _listed(self, said: r.VenueListed) -> None:
        told, now = self._lists.pop(said.request_id, {}), self.context.now_ns()
        request = r.VenueList(request_id=said.request_id, time_ns=now, source=said.source)
        for record, report in self._truth.invented(request, now):
            told[record.client_order_id] = record
            self.report_up(record, report)
        self.report_end(changed(said, orders=len(told), positions=self.positions(said)), told.values())

    def _executed(self, record: Record, report: r.VenueFilled) -> None:
        name = self.pick(self._tables.executed, record)
        match name:
            case "overfill" if record.ended is OrderState.FILLED:
                self._execute_again(report, record)
            case "unknown_order":
                self._execute_again(report, self._truth.record(self._next_id()))
            case "bust" | "correction":
                self._restate(record, busts=name == "bust")
            case _:
                return
        self._happened[name] += 1

    def _execute_again(self, report: r.VenueFilled, at: Record) -> None:
        fill = changed(report.fill, execution_id=self._next_id())
        again = changed(report, client_order_id=at.client_order_id, fill=fill)
        self._truth.executed_again(at, again)
        self.report_up(at, again)

    def _restate(self, record: Record, *, busts: bool) -> None:
        executed = next((known for known in record.executions.values() if known.restated is None), None)
        if executed is None:
            return
        first, now = executed.first, self.context.now_ns()
        client_id, symbol, execution_id = first.client_order_id, first.symbol, first.fill.execution_id
        restated: Restatement
        if busts:
            restated = r.VenueFillBusted(
                client_order_id=client_id, symbol=symbol, execution_id=execution_id, time_ns=now
            )
        else:
            fill = self.repriced(first)
            restated = r.VenueFillCorrected(client_order_id=client_id, symbol=symbol, fill=fill, time_ns=now)
        executed.restated = restated
        # It may overtake what it restates.
        self.report_up(record, restated, self.span(record, self._tables.late_ns))

    def _rests(self, record: Record) -> None:
        if record.order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT} and self.pick(self._tables.rests, record):
            self.hold(self.span(record, self._tables.late_ns), "expiry", record)

    def expire(self, record: Record) -> None:
        """Let an order expire, if it is still live; a fill may come first."""
        self._race(record, "fill_races_expiry")
        if record.is_live:
            cancel = self._truth.end_by(record, "expiry", self._next_id(), self.context.now_ns())
            self.from_venue(self.ask_venue(cancel))

    def _race(self, record: Record, name: str) -> None:
        """Let a fill come just before something else, and its report perhaps after."""
        if not record.is_live:
            return
        quarter, leaves = int(multiply(self.draw(record), _FOUR)), self.leaves(record)
        lot = self._instruments[record.symbol].quantity_increment
        half = multiply(EXACT.divide_int(EXACT.divide_int(leaves, lot), _TWO), lot)
        is_whole, is_late = divmod(quarter, 2)
        reports = self.strike(record, leaves if is_whole or not half else half)
        if reports:
            # It may have expired at that very moment instead.
            self._happened[name] += any(isinstance(report, r.VenueFilled) for report in reports)
            self.from_venue(reports, self._tables.late_ns if is_late else 0)

    def forget(self) -> None:
        """Take all open orders off the venue's book without a word."""
        for live in tuple(self._truth.live.values()):
            cancel = self._truth.end_by(live, "restart", self._next_id(), self.context.now_ns())
            self.from_venue(self.ask_venue(cancel))


def _refused(
    kind: type[r.VenueCancelRejected | r.VenueModifyRejected],
    request: r.VenueCancel | r.VenueModify,
    text: str,
    now: int,
) -> r.VenueReport:
    return kind(
        client_order_id=request.client_order_id,
        request_id=request.request_id,
        reason=Reason.VENUE,
        text=text,
        time_ns=now,
    )
