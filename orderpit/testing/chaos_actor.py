"""The actor of an exchange that misbehaves: two lossy links, and between them a venue with a mind of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal

import attrs

from ..actors.address import Address, Target
from ..actors.exchange import Exchange, ExchangeActor, ExchangeBooks
from ..actors.messages import Halt
from ..actors.runtime import Cancellable, Context
from ..model import reports as r
from ..model.errors import InvalidReport
from ..model.instrument import Instrument
from ..model.kinds import OrderState, OrderType, Reason
from ..model.market import MarketData
from ..model.numbers import EXACT, add, multiply, subtract
from ..model.values import changed
from ..model.venue import SimulatedVenue
from .chaos_faults import Faults, Picks, nanoseconds
from .chaos_truth import MONEY, Record, Restatement, Truth

_HALF: Final = Decimal("0.5")
_FOUR: Final = Decimal(4)
_TWO: Final = Decimal(2)
_TWO_DAYS: Final = Decimal(172_800_000_000_000)


@attrs.frozen
class Heal:
    """All faults off: the link is up, and what is held back is delivered."""


@attrs.frozen
class Storm:
    """The faults are on again."""


@attrs.frozen
class Due:
    """What was held back under this number goes on."""

    number: int


@attrs.frozen
class Heard:
    """A report of the exchange behind, when that is one of the host's own."""

    report: r.VenueReport | r.VenueLink


@attrs.frozen
class ChaosBooks(ExchangeBooks):
    """Every order as it truly stands at the venue, and how often each fault has happened."""

    happened: Mapping[str, int]


@attrs.frozen
class ChaosCounts:
    """How often each fault has happened; the orders are in the books of the exchange behind."""

    happened: Mapping[str, int]


What = Literal["request", "report", "late report", "connect", "expiry"]


@attrs.frozen
class Held:
    """What is on its way, or is to happen later. Requests and reports that keep their order are in the record."""

    due_ns: int
    what: What
    timer: Cancellable
    record: Record | None = None
    report: r.VenueReport | None = None


class Tables:
    """The faults that may befall each kind of message, made once for each set of rates."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.latency_ns = nanoseconds(faults.latency)
        self.late_ns = nanoseconds(faults.late)
        self.slow_ns = nanoseconds(faults.slow_by)
        self.outage_ns = nanoseconds(faults.outage)
        self.down = Picks(faults, "lost_request", "slow", "disconnect", "restart")
        self.at_venue: dict[type[Any], Picks] = {
            r.VenueSubmit: Picks(faults, "rate_limit", "market_closed", "wrong_price"),
            r.VenueModify: Picks(faults, "rate_limit", "market_closed", "modify_rejected", "fill_races_modify"),
            r.VenueCancel: Picks(faults, "cancel_rejected", "fill_races_cancel"),
            r.VenueQuery: Picks(faults, "rate_limit"),
        }
        self.born = Picks(faults, "clock_skew")
        self.rests = Picks(faults, "fill_races_expiry")
        self.executed = Picks(faults, "overfill", "unknown_order", "bust", "correction")
        self.fill_up = Picks(faults, "duplicate", "reordered", "late_fill", "other_content")
        self.accepted_up = Picks(faults, "lost_ack", "duplicate", "reordered", "fill_before_ack")
        self.answer_up = Picks(faults, "lost_ack", "duplicate", "reordered")
        self.other_up = Picks(faults, "duplicate", "reordered")


_CALM: Final = Tables(Faults.none())
_MESSAGES: Final = frozenset({"request", "report", "late report"})
_ANSWERS: Final = frozenset({r.VenueModified, r.VenueCancelRejected, r.VenueModifyRejected, r.VenueStatus})


class ChaosActor(ExchangeActor):
    """What is common to both kinds of exchange behind.

    Args:
        context: as every actor.
        me: its own address.
        manager: the order manager.
        instruments: by symbol.
        faults: of the storm.
        draw: the source of chance, keyed by an order's number here and the count of its draws.
        next_id: source of the ids of executions and orders that the venue behind does not know.
        call_later: sets a timer on the runtime.
        extra_latency_ns: of requests, beyond that of the faults.
    """

    def __init__(
        self,
        context: Context,
        me: Address[Any],
        manager: Target[r.VenueReport | r.VenueLink | Halt],
        instruments: Mapping[str, Instrument],
        faults: Faults,
        draw: Callable[[str, int], Decimal],
        next_id: Callable[[], str],
        call_later: Callable[..., Cancellable],
        extra_latency_ns: int = 0,
    ) -> None:
        super().__init__(context, manager)
        self._me = me
        self._instruments = instruments
        self._storm = self._tables = Tables(faults)
        self._draw_number = draw
        self._next_id = next_id
        self._call_later = call_later
        self._extra_latency_ns = extra_latency_ns
        self._truth = Truth()
        self._held: dict[int, Held] = {}
        self._numbers = 0
        self._is_down = False
        self._missed: list[tuple[Record, r.VenueReport]] = []
        self._limited_until = self._closed_until = 0
        self._happened: Counter[str] = Counter()

    # -- for the two kinds

    def ask_venue(self, request: r.VenueRequest) -> tuple[r.VenueReport, ...]:
        """Have the venue behind handle a request; what it says at once, or nothing if it reports later."""
        raise NotImplementedError

    def strike(self, record: Record, quantity: Decimal) -> tuple[r.VenueReport, ...]:
        """Have the venue behind fill a resting order, where that can be had."""
        del record, quantity
        return ()

    def leaves(self, record: Record) -> Decimal:
        """Return what of an order may still fill."""
        return subtract(record.quantity, record.worked)

    # -- messages

    def handle(self, message: Any) -> None:
        """Take what concerns the faults; all else as every exchange."""
        match message:
            case Due():
                held = self._held.pop(message.number, None)
                if held is not None:
                    self._go_on(held)
            case Heard():
                self.from_venue((message.report,))
            case Heal():
                self._heal()
            case Storm():
                self._tables = self._storm
            case _:
                super().handle(message)

    def happened(self) -> Mapping[str, int]:
        """Return how often each fault has happened."""
        return MappingProxyType(dict(self._happened))

    # -- down: requests

    def request(self, request: r.VenueRequest) -> None:
        """Send a request on its way."""
        record = self._truth.record(request.client_order_id)
        if self._is_down:
            return
        tables, delay = self._tables, self._tables.latency_ns + self._extra_latency_ns
        match self._pick(tables.down, record):
            case "lost_request":
                self._happened["lost_request"] += 1
                return
            case "disconnect":
                self._cut(record, forgets=False)
                return
            case "restart":
                self._cut(record, forgets=True)
                return
            case "slow":
                self._happened["slow"] += 1
                delay += self._span(record, tables.slow_ns)
            case _:
                pass
        if not delay and not record.requests:
            self._arrive(record, request)
            return
        # A later request never overtakes an earlier one on the same order, or the answer to a query would say nothing.
        now = self.context.elapsed_ns()
        record.requests = (*record.requests, request)
        record.arrives_ns = max(record.arrives_ns, now + delay)
        self._hold(record.arrives_ns - now, "request", record)

    def _arrive(self, record: Record, request: r.VenueRequest) -> None:
        name = self._pick(self._tables.at_venue[type(request)], record)
        if name == "rate_limit":
            self._limited_until = self.context.elapsed_ns() + self._span(record, self._tables.outage_ns)
        elif name == "market_closed":
            self._closed_until = self.context.elapsed_ns() + self._span(record, self._tables.outage_ns)
        refusal = self._refusal(request, name)
        if refusal is not None:
            self._refuse(record, request, *refusal)
            return
        if name in {"fill_races_cancel", "fill_races_modify"}:
            self._race(record, name)
        if isinstance(request, r.VenueSubmit):
            if name == "wrong_price":
                request = self._mispriced(record, request)
            self._truth.submitted(record, request)
            if self._pick(self._tables.born, record) is not None:
                self._happened["clock_skew"] += 1
                record.skew_ns = int(multiply(subtract(self._draw(record), _HALF), _TWO_DAYS))
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
        client_id, now = request.client_order_id, self.context.now_ns()
        match request:
            case r.VenueSubmit():
                self._up(record, r.VenueRejected(client_order_id=client_id, text=text, time_ns=now))
            case r.VenueCancel():
                self._up(record, _refused(r.VenueCancelRejected, request, text, now))
            case r.VenueModify():
                self._up(record, _refused(r.VenueModifyRejected, request, text, now))
            case _:
                # A query that is refused has no answer, and is made again.
                pass

    def _mispriced(self, record: Record, request: r.VenueSubmit) -> r.VenueSubmit:
        if request.price is None:
            return request
        tick = self._instruments[request.symbol].price_increment
        lower = subtract(request.price, tick)
        self._happened["wrong_price"] += 1
        record.altered = lower if lower > 0 and self._draw(record) < _HALF else add(request.price, tick)
        return changed(request, price=record.altered)

    # -- at the venue

    def from_venue(self, reports: tuple[r.VenueReport | r.VenueLink, ...], delay_ns: int = 0) -> None:
        """Take what the venue behind says, and send it on its way back, held up by so much."""
        for said in reports:
            if isinstance(said, r.VenueDisconnected | r.VenueConnected):
                self.send(self._manager, said)
                continue
            asked_for = isinstance(said, r.VenueStatus)
            for report in self._truth.learn(said):
                record = self._truth.record(report.client_order_id)
                self._up(record, report, delay_ns)
                if asked_for:
                    continue
                if isinstance(report, r.VenueFilled):
                    self._executed(record, report)
                elif isinstance(report, r.VenueAccepted):
                    self._rests(record)

    def _executed(self, record: Record, report: r.VenueFilled) -> None:
        name = self._pick(self._tables.executed, record)
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
        self._up(at, again)

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
            fill = self._repriced(first)
            restated = r.VenueFillCorrected(client_order_id=client_id, symbol=symbol, fill=fill, time_ns=now)
        executed.restated = restated
        # It may overtake what it restates.
        self._up(record, restated, self._span(record, self._tables.late_ns))

    def _repriced(self, report: r.VenueFilled) -> r.Fill:
        price = add(report.fill.price, self._instruments[report.symbol].price_increment)
        return changed(report.fill, price=price)

    def _rests(self, record: Record) -> None:
        if record.order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT} and self._pick(self._tables.rests, record):
            self._hold(self._span(record, self._tables.late_ns), "expiry", record)

    def _expire(self, record: Record) -> None:
        self._race(record, "fill_races_expiry")
        if record.is_live:
            cancel = self._truth.end_by(record, "expiry", self._next_id(), self.context.now_ns())
            self.from_venue(self.ask_venue(cancel))

    def _race(self, record: Record, name: str) -> None:
        """Let a fill come just before something else, and its report perhaps after."""
        if not record.is_live:
            return
        quarter, leaves = int(multiply(self._draw(record), _FOUR)), self.leaves(record)
        lot = self._instruments[record.symbol].quantity_increment
        half = multiply(EXACT.divide_int(EXACT.divide_int(leaves, lot), _TWO), lot)
        is_whole, is_late = divmod(quarter, 2)
        reports = self.strike(record, leaves if is_whole or not half else half)
        if reports:
            self._happened[name] += 1
            self.from_venue(reports, self._tables.late_ns if is_late else 0)

    # -- up: reports

    def _up(self, record: Record, report: r.VenueReport, delay_ns: int = 0) -> None:
        """Send a report on its way back."""
        if self._is_down:
            self._miss(record, report)
            return
        tables = self._tables
        twin: r.VenueReport | None = None
        name = self._pick(_table(tables, record, report), record)
        match name:
            case None:
                pass
            case "lost_ack":
                self._happened[name] += 1
                return
            case "duplicate":
                self._deliver_late(delay_ns + self._span(record, tables.late_ns), record, report)
            case "late_fill":
                delay_ns += tables.late_ns + self._span(record, tables.late_ns)
            case "other_content":
                assert isinstance(report, r.VenueFilled), "only an execution has an id"
                twin = changed(report, fill=self._repriced(report))
            case _:
                delay_ns += self._span(record, tables.late_ns)
        if name is not None:
            self._happened[name] += 1
        if delay_ns:
            self._deliver_late(delay_ns, record, report)
        elif tables.latency_ns or record.reports:
            record.reports = (*record.reports, (report, twin))
            self._hold(tables.latency_ns, "report", record)
        else:
            self._deliver(report, twin)

    def _deliver(self, report: r.VenueReport, twin: r.VenueReport | None = None) -> None:
        self.send(self._manager, report)
        if twin is not None:
            # Behind the first, which is the truth.
            self.send(self._manager, twin)

    def _deliver_late(self, delay_ns: int, record: Record, report: r.VenueReport) -> None:
        self._hold(delay_ns + self._tables.latency_ns, "late report", record, report)

    def _miss(self, record: Record, report: r.VenueReport) -> None:
        if type(report) in MONEY:
            self._missed.append((record, report))

    # -- the link, and what is held back

    def _cut(self, record: Record, *, forgets: bool) -> None:
        self._happened["restart" if forgets else "disconnect"] += 1
        self._is_down = True
        reason = "the venue restarts" if forgets else "the link is broken"
        self.send(self._manager, r.VenueDisconnected(reason=reason, time_ns=self.context.now_ns()))
        lost = [(number, held) for number, held in self._held.items() if held.what in _MESSAGES]
        for number, held in lost:
            held.timer.cancel()
            del self._held[number]
            self._lose(held)
        if forgets:
            for live in tuple(self._truth.live.values()):
                cancel = self._truth.end_by(live, "restart", self._next_id(), self.context.now_ns())
                self.from_venue(self.ask_venue(cancel))
        self._hold(self._span(record, self._tables.outage_ns) + 1, "connect")

    def _lose(self, held: Held) -> None:
        record = held.record
        assert record is not None, "a message is about an order"
        if held.what == "request":
            record.requests = record.requests[1:]
        elif held.report is not None:
            self._miss(record, held.report)
        else:
            (report, _), *_ = record.reports
            record.reports = record.reports[1:]
            self._miss(record, report)

    def _connect(self) -> None:
        if not self._is_down:
            return
        self._is_down = False
        self.send(self._manager, r.VenueConnected(time_ns=self.context.now_ns()))
        missed, self._missed = self._missed, []
        for record, report in missed:
            # Who still has an order live asks for it; of what has ended the venue tells by itself.
            if not record.is_live:
                self._up(record, report)

    def _hold(
        self,
        delay: int,
        what: What,
        record: Record | None = None,
        report: r.VenueReport | None = None,
    ) -> None:
        self._numbers += 1
        timer = self._call_later(delay, self._me, Due(self._numbers))
        self._held[self._numbers] = Held(self.context.elapsed_ns() + delay, what, timer, record, report)

    def _go_on(self, held: Held) -> None:
        if held.what == "connect":
            self._connect()
            return
        record = held.record
        assert record is not None, "all else is about an order"
        if held.what == "request":
            request, *_ = record.requests
            record.requests = record.requests[1:]
            self._arrive(record, request)
        elif held.what == "report":
            (report, twin), *_ = record.reports
            record.reports = record.reports[1:]
            self._deliver(report, twin)
        elif held.report is not None:
            self._deliver(held.report)
        else:
            self._expire(record)

    def _heal(self) -> None:
        self._tables = _CALM
        self._limited_until = self._closed_until = 0
        held, self._held = sorted(self._held.items(), key=_due), {}
        self._connect()
        for _, one in held:
            one.timer.cancel()
            if one.what in _MESSAGES:
                self._go_on(one)

    # -- chance

    def _draw(self, record: Record) -> Decimal:
        record.draws += 1
        return self._draw_number(f"C-{record.number}", record.draws)

    def _pick(self, picks: Picks, record: Record) -> str | None:
        return picks.at(self._draw(record)) if picks else None

    def _span(self, record: Record, most_ns: int) -> int:
        return int(multiply(self._draw(record), Decimal(most_ns)))


class SimulatedChaosActor(ChaosActor):
    """With a simulated venue behind.

    Args:
        venue: its whole state.
        common: as for every ChaosActor.
    """

    def __init__(self, context: Context, venue: SimulatedVenue, *common: Any) -> None:
        super().__init__(context, *common)
        self._venue = venue

    def ask_venue(self, request: r.VenueRequest) -> tuple[r.VenueReport, ...]:
        """Have the venue handle a request."""
        return self._venue.request(request, self.context.now_ns())

    def strike(self, record: Record, quantity: Decimal) -> tuple[r.VenueReport, ...]:
        """Have the venue fill a resting order."""
        return self._venue.execute(record.client_order_id, quantity, self.context.now_ns())

    def observe(self, data: MarketData) -> None:
        """Fill what the observation reaches."""
        self.from_venue(self._venue.on_market_data(data, self.context.now_ns()))

    def books(self) -> ChaosBooks:
        """Return every order as it truly stands."""
        return ChaosBooks(self._truth.orders(self._venue.orders.values()), self.happened())


class AdaptedChaosActor(ChaosActor):
    """With an exchange of the host's own behind.

    Args:
        adapter: the host's object.
        common: as for every ChaosActor.
    """

    def __init__(self, context: Context, adapter: Exchange, *common: Any) -> None:
        super().__init__(context, *common)
        self._adapter = adapter

    def started(self) -> None:
        """Let the adapter connect."""
        self._adapter.connect(self._instruments, self._heard)

    def ask_venue(self, request: r.VenueRequest) -> tuple[r.VenueReport, ...]:
        """Hand a request to the adapter, which reports later."""
        self._adapter.request(request)
        return ()

    def observe(self, data: MarketData) -> None:
        """Hand market data to the adapter."""
        self._adapter.on_market_data(data)

    def books(self) -> ChaosCounts:
        """Return how often each fault has happened."""
        return ChaosCounts(self.happened())

    def on_stop(self) -> None:
        """Let the adapter disconnect."""
        try:
            self._adapter.close()
        except BaseException as error:  # noqa: BLE001  # the host's code must not keep an actor from stopping
            self._report("could not close", "the exchange adapter", error)
        super().on_stop()

    def _heard(self, report: r.VenueReport | r.VenueLink) -> None:
        if type(report) not in r.VENUE_REPORTS and type(report) not in r.VENUE_LINK:
            raise InvalidReport.of("report", report, "must be one of the venue's report types")
        self._me.send(Heard(report))


def _table(tables: Tables, record: Record, report: r.VenueReport) -> Picks:
    kind = type(report)
    if kind is r.VenueFilled:
        return tables.fill_up
    if kind is r.VenueAccepted:
        return tables.accepted_up
    # What nobody has asked for is not lost: nobody would ask again.
    if (
        kind in _ANSWERS
        or (isinstance(report, r.VenueCancelled) and report.reason is Reason.REQUESTED)
        or (kind is r.VenueRejected and not record.acknowledged)
    ):
        return tables.answer_up
    return tables.other_up


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


def _due(held: tuple[int, Held]) -> tuple[int, int]:
    return held[1].due_ns, held[0]
