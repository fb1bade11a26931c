"""The two lossy links between the order manager and an exchange that misbehaves, and what is held back on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from ...actors.address import Address, Target
from ...actors.exchange import ExchangeActor, VenueSays
from ...actors.messages import Halt
from ...actors.runtime import Cancellable, Context
from ...model import reports as r
from ...model.instrument import Instrument
from ...model.numbers import add, multiply
from ...model.values import changed
from .faults import Faults, Picks
from .tables import CALM, Due, Heal, Held, Storm, Tables, What
from .truth import MONEY, Record, Said, Truth

_MESSAGES: Final = frozenset({"request", "report", "late report"})


class ChaosLinks(ExchangeActor):
    """The links. What arrives is the business of the subclass.

    Args:
        context: as every actor.
        me: its own address.
        manager: the order manager.
        instruments: by symbol.
        faults: of the storm.
        draw: the source of chance, keyed by an order's number here and the count of its draws.
        next_id: source of the ids of executions and orders that the venue behind does not know.
        call_later: sets a timer on the runtime.
        extra_delay: nanoseconds that the request with this number is on its way, beyond the faults' latency.
        truth: what the venue has done before, where it outlives a system.
    """

    def __init__(
        self,
        context: Context,
        me: Address[Any],
        manager: Target[VenueSays | Halt],
        instruments: Mapping[str, Instrument],
        faults: Faults,
        draw: Callable[[str, int], Decimal],
        next_id: Callable[[], str],
        call_later: Callable[..., Cancellable],
        extra_delay: Callable[[int], int] | None = None,
        truth: Truth | None = None,
    ) -> None:
        super().__init__(context, manager)
        self._me = me
        self._instruments = instruments
        self._storm = self._tables = Tables(faults)
        self._draw_number = draw
        self._next_id = next_id
        self._call_later = call_later
        self._extra_delay = extra_delay
        self._requests = 0
        self._last_arrives_ns = 0
        self._truth = Truth() if truth is None else truth
        self._held: dict[int, Held] = {}
        self._numbers = 0
        self._is_down = False
        self._missed: list[tuple[Record, Said]] = []
        # Requests about no order, and what they are keyed by; and of lists that have been told, the orders whose status
        # is on its way still, behind which the end of the list is to come.
        self._of_all = Record(0, "")
        self._ends: dict[str, tuple[r.VenueListed, set[str]]] = {}
        self._limited_until = self._closed_until = 0
        self._happened: Counter[str] = Counter()

    # -- for the subclass

    def arrive(self, record: Record, request: r.VenueRequest) -> None:
        """Take a request that has come to the venue."""

    def forget(self) -> None:
        """Take all open orders off the venue's book without a word."""

    def expire(self, record: Record) -> None:
        """Let an order expire, if it is still live."""

    # -- messages

    def handle(self, message: Any) -> None:
        """Take what concerns the faults; all else as every exchange."""
        match message:
            case Due():
                held = self._held.pop(message.number, None)
                if held is not None:
                    self._go_on(held)
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
        record = self._record_of(request)
        if self._is_down:
            return
        tables, delay = self._tables, self._tables.latency_ns + self._on_the_way_ns()
        match self.pick(tables.down, record):
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
                delay += self.span(record, tables.slow_ns)
            case _:
                pass
        if not delay and not record.requests:
            self.arrive(record, request)
            return
        # A later request never overtakes an earlier one on the same order, or the answer to a query would say nothing.
        now = self.context.elapsed_ns()
        record.requests = (*record.requests, request)
        record.arrives_ns = max(record.arrives_ns, now + delay)
        self.hold(record.arrives_ns - now, "request", record)

    def _record_of(self, request: r.VenueRequest) -> Record:
        return self._of_all if isinstance(request, r.VenueList) else self._truth.record(request.client_order_id)

    def _on_the_way_ns(self) -> int:
        """Return how long the next request takes without faults: none arrives before one that was sent earlier."""
        if self._extra_delay is None:
            return 0
        now, number = self.context.elapsed_ns(), self._requests + 1
        arrives = max(self._last_arrives_ns, now + self._extra_delay(number))
        self._requests, self._last_arrives_ns = number, arrives
        return arrives - now

    # -- up: reports

    def report_up(self, record: Record, report: Said, delay_ns: int = 0) -> None:
        """Send a report on its way back."""
        if self._is_down:
            self._miss(record, report)
            return
        tables = self._tables
        twin: Said | None = None
        name = self.pick(tables.up(record, report), record)
        match name:
            case None:
                pass
            case "lost_ack":
                self._happened[name] += 1
                return
            case "duplicate":
                self._deliver_late(delay_ns + self.span(record, tables.late_ns), record, report)
            case "late_fill":
                delay_ns += tables.late_ns + self.span(record, tables.late_ns)
            case "other_content":
                assert isinstance(report, r.VenueFilled), "only an execution has an id"
                twin = changed(report, fill=self.repriced(report))
            case _:
                delay_ns += self.span(record, tables.late_ns)
        if name is not None:
            self._happened[name] += 1
        if delay_ns:
            self._deliver_late(delay_ns, record, report)
        elif tables.latency_ns or record.reports:
            record.reports = (*record.reports, (report, twin))
            self.hold(tables.latency_ns, "report", record)
        else:
            self._deliver(report, twin)

    def report_end(self, end: r.VenueListed, told: Iterable[Record]) -> None:
        """Send the end of a list on its way back, behind how each order stands; what befell that is not waited for."""
        if self._is_down:
            return
        waits = {record.client_order_id for record in told if _tells(record, end.request_id)}
        if waits:
            self._ends[end.request_id] = (end, waits)
        else:
            self.send(self._manager, end)

    def _deliver(self, report: Said, twin: Said | None = None) -> None:
        self.send(self._manager, report)
        if twin is not None:
            # Behind the first, which is the truth.
            self.send(self._manager, twin)
        if isinstance(report, r.VenueStatus) and report.request_id in self._ends:
            end, waits = self._ends[report.request_id]
            waits.discard(report.client_order_id)
            if not waits:
                del self._ends[report.request_id]
                self.send(self._manager, end)

    def _deliver_late(self, delay_ns: int, record: Record, report: Said) -> None:
        self.hold(delay_ns + self._tables.latency_ns, "late report", record, report)

    def _miss(self, record: Record, report: Said) -> None:
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
        self._ends.clear()
        if forgets:
            self.forget()
        self.hold(self.span(record, self._tables.outage_ns) + 1, "connect")

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
                self.report_up(record, report)

    def hold(
        self,
        delay: int,
        what: What,
        record: Record | None = None,
        report: Said | None = None,
    ) -> None:
        """Let something happen later."""
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
            self.arrive(record, request)
        elif held.what == "report":
            (report, twin), *_ = record.reports
            record.reports = record.reports[1:]
            self._deliver(report, twin)
        elif held.report is not None:
            self._deliver(held.report)
        else:
            self.expire(record)

    def _heal(self) -> None:
        self._tables = CALM
        self._limited_until = self._closed_until = 0
        held, self._held = sorted(self._held.items(), key=_due), {}
        self._connect()
        for _, one in held:
            one.timer.cancel()
            if one.what in _MESSAGES:
                self._go_on(one)

    # -- chance and prices

    def draw(self, record: Record) -> Decimal:
        """Draw an order's next number from [0, 1)."""
        record.draws += 1
        return self._draw_number(f"C-{record.number}", record.draws)

    def pick(self, picks: Picks, record: Record) -> str | None:
        """Draw whether one of several faults happens to an order, and which; no draw where none is on."""
        return picks.at(self.draw(record)) if picks else None

    def span(self, record: Record, most_ns: int) -> int:
        """Draw a duration."""
        return int(multiply(self.draw(record), Decimal(most_ns)))

    def repriced(self, report: r.VenueFilled) -> r.Fill:
        """Return an execution at a price one increment higher."""
        price = add(report.fill.price, self._instruments[report.symbol].price_increment)
        return changed(report.fill, price=price)


def _tells(record: Record, request_id: str) -> bool:
    """Whether the status that answers a list is on its way."""
    return any(isinstance(report, r.VenueStatus) and report.request_id == request_id for report, _ in record.reports)


def _due(held: tuple[int, Held]) -> tuple[int, int]:
    return held[1].due_ns, held[0]
