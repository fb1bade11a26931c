"""What a run has to have met to prove anything: situations by name, counted as they pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from ...actors import messages as m
from ...actors.conflation import NewestQuote
from ...model import events as e
from ...model import reports as r
from ...model.alarm import Alarm, AlarmCode
from ...model.blotter import EXTERNAL
from ...model.kinds import OrderState, Pending, Reason
from ...model.order import CLOSED, Order
from ...model.reports import VENUE_LINK, VENUE_REPORTS
from ..chaos.faults import RATES
from .laws import MAY_FOLLOW

_REMEMBERED: Final = 4_096
_MANAGER: Final = "order_manager"

NEVER_TAKEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "PENDING > CANCELLED": "an order is sent by the same message that creates it, so no cancel finds it unsent",
        "SUBMITTED > PARTIAL": "a fill implies the acknowledgement, so the order opens first",
        "SUBMITTED > FILLED": "a fill implies the acknowledgement, so the order opens first",
    }
)
"""Moves of the state table that the system as it is never makes, and why."""


def _moves() -> Iterable[str]:
    for state, targets in MAY_FOLLOW.items():
        for target in sorted(targets, key=lambda target: target.value):
            name = f"{state.value} > {target.value}"
            if name not in NEVER_TAKEN:
                yield f"state: {name}"


SITUATIONS: Final = (
    "fill: partial",
    "fill: before the acknowledgement",
    "fill: while a cancel is in flight",
    "fill: while a modification is in flight",
    "fill: after the end",
    "fill: beyond the quantity",
    "fill: of an unknown order",
    "fill: the same execution again",
    "fill: declared void",
    "fill: declared void after the end",
    "fill: corrected",
    "fill: corrected after the end",
    "acknowledged again",
    "cancel: lost the race against a fill",
    "cancel: overtook a modification",
    "cancel: refused by the venue",
    "modification: granted",
    "modification: lost the race against a fill",
    "modification: refused by the venue",
    "modification: at or below what has filled",
    "the venue changed the terms",
    "a stop was triggered",
    "doubt: while it lasts, in doubt again",
    "doubt: ended live",
    *(f"doubt: ended {state.value}" for state in sorted(CLOSED, key=lambda state: state.value)),
    "the same order submitted again",
    "halted",
    "resumed",
    "a symbol stopped",
    "the link lost",
    "the link found",
    "a message set aside",
    "a dead letter",
    "an actor failed repeatedly",
    "updates sent again after a gap",
    "quotes conflated",
)
"""What may happen to an order and to the system, besides what the groups below name."""

NAMES: Final = (
    *SITUATIONS,
    *_moves(),
    *(f"reason: {reason.value}" for reason in Reason),
    *(f"alarm: {code.value}" for code in AlarmCode),
    *(f"report: {kind.__name__}" for kind in sorted(VENUE_REPORTS, key=lambda kind: kind.__name__)),
    *(f"fault: {name}" for name in RATES),
)
"""Every probe."""


class Probes:
    """Counts what a run meets; give it to Stepped(on_delivery=...), alone or through all_of().

    counts has every probe by name, those that were not reached with zero.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = dict.fromkeys(NAMES, 0)
        self._at: dict[str, Callable[[Any], None]] = {
            "view": self._at_view,
            "monitor": self._at_monitor,
            _MANAGER: self._at_manager,
            "exchange": self._at_exchange,
            "risk_controller": self._at_risk,
        }
        self._live: dict[str, Order] = {}
        self._unacknowledged: set[str] = set()
        self._executions: dict[tuple[str, str], None] = {}
        self._ended: Order | None = None
        self._ended_ns = 0

    def __call__(self, now_ns: int, receiver: str, message: object) -> None:
        """Take a delivery."""
        del now_ns
        at = self._at.get(receiver)
        if at is not None:
            at(message)
        elif type(message) is NewestQuote:
            self.counts["quotes conflated"] += 1

    def add_faults(self, happened: Mapping[str, int]) -> None:
        """Count what happened(system) says of the faults of a ChaosExchange."""
        for name, count in happened.items():
            if f"fault: {name}" in self.counts:
                self.counts[f"fault: {name}"] += count

    def add(self, other: Probes) -> None:
        """Count what another run has met."""
        for name, count in other.counts.items():
            self.counts[name] += count

    def reached(self) -> tuple[str, ...]:
        """Return the names of those that were reached."""
        return tuple(name for name, count in self.counts.items() if count)

    def missing(self, without: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the names of those that were never reached.

        Args:
            without: names, or beginnings of names, that this run is not meant to reach.
        """
        beginnings = tuple(without)
        return tuple(name for name, count in self.counts.items() if not count and not name.startswith(beginnings))

    # -- at whom

    def _at_view(self, message: Any) -> None:
        if type(message) is e.OrderUpdate:
            self._update(message)
        elif type(message) is m.Answered:
            self.counts["the same order submitted again"] += 1

    def _at_monitor(self, message: Any) -> None:
        if type(message) is Alarm:
            self.counts[f"alarm: {message.code.value}"] += 1
        elif type(message) is m.Problem:
            if message.what == "set aside":
                self.counts["a message set aside"] += 1
            elif message.what.startswith("stopped before"):
                self.counts["a dead letter"] += 1

    def _at_manager(self, message: Any) -> None:
        kind = cast("type[object]", type(message))
        if kind in VENUE_REPORTS:
            self.counts[f"report: {kind.__name__}"] += 1
            self._report(message)
        elif kind in VENUE_LINK:
            self.counts["the link lost" if kind is r.VenueDisconnected else "the link found"] += 1
        elif kind is m.ResendUpdates:
            self.counts["updates sent again after a gap"] += 1
        elif kind is m.Halt:
            self.counts["halted"] += 1
            if message.reason.endswith("failed repeatedly"):
                self.counts["an actor failed repeatedly"] += 1
        elif kind is m.Resume:
            self.counts["resumed"] += 1

    def _at_exchange(self, message: Any) -> None:
        if type(message) is r.VenueSubmit:
            self._unacknowledged.add(message.client_order_id)

    def _at_risk(self, message: Any) -> None:
        if type(message) is m.StopSymbol:
            self.counts["a symbol stopped"] += 1
        elif type(message) is m.Halt and message.reason == "the order manager failed repeatedly":
            # It halts itself without a message.
            self.counts["an actor failed repeatedly"] += 1

    # -- what it is

    def _report(self, report: r.VenueReport) -> None:
        client_id = report.client_order_id
        if isinstance(report, r.VenueFilled):
            if client_id in self._unacknowledged:
                self.counts["fill: before the acknowledgement"] += 1
            if len(self._executions) >= _REMEMBERED:
                self._executions.clear()
            execution = client_id, report.fill.execution_id
            self.counts["fill: the same execution again"] += execution in self._executions
            self._executions[execution] = None
        elif isinstance(report, r.VenueAccepted) and client_id not in self._unacknowledged:
            self.counts["acknowledged again"] += 1
        self._unacknowledged.discard(client_id)

    def _update(self, update: e.OrderUpdate) -> None:
        order, event = update.order, update.event
        reason: Reason | None = getattr(event, "reason", None)
        if reason is not None:
            self.counts[f"reason: {reason.value}"] += 1
        self._end_of_doubt(order, event)
        if order is None:
            return
        before = self._live.get(order.order_id)
        if before is not None:
            self._change(before, order)
        self._event(before, order, event)
        if order.is_closed and not order.in_doubt:
            self._live.pop(order.order_id, None)
        else:
            self._live[order.order_id] = order

    def _change(self, before: Order, order: Order) -> None:
        counts = self.counts
        if order.state is not before.state:
            move = f"state: {before.state.value} > {order.state.value}"
            counts[move] = counts.get(move, 0) + 1
        if order.overtaken_request_id is not None and before.overtaken_request_id is None:
            counts["cancel: overtook a modification"] += 1

    def _end_of_doubt(self, order: Order | None, event: e.Event) -> None:
        """Count how a doubt ended: what ended it follows at once, or the order is as it was."""
        ended, self._ended = self._ended, None
        if ended is not None:
            followed = order is not None and order.order_id == ended.order_id and event.time_ns == self._ended_ns
            last = order if followed and order is not None else ended
            self.counts[f"doubt: ended {last.state.value if last.is_closed else 'live'}"] += 1
        if type(event) is e.OrderResolved:
            self._ended, self._ended_ns = order, event.time_ns

    def _event(self, before: Order | None, order: Order, event: e.Event) -> None:
        counts = self.counts
        after_the_end = before is None or before.is_closed
        match event:
            case e.OrderFilled():
                self._filled(before, order)
            case e.FillBusted():
                counts["fill: declared void after the end" if after_the_end else "fill: declared void"] += 1
            case e.FillCorrected():
                counts["fill: corrected after the end" if after_the_end else "fill: corrected"] += 1
            case e.OrderCreated():
                counts["fill: of an unknown order"] += order.strategy_id == EXTERNAL
            case e.CancelRejected():
                counts["cancel: refused by the venue"] += 1
            case e.ModifyRejected():
                counts["modification: refused by the venue"] += 1
            case e.OrderModified():
                self._modified(order, event)
            case e.OrderTriggered():
                counts["a stop was triggered"] += 1
            case e.OrderInDoubt():
                counts["doubt: while it lasts, in doubt again"] += before is not None and before.in_doubt
            case _:
                pass

    def _filled(self, before: Order | None, order: Order) -> None:
        counts = self.counts
        if before is None or before.is_closed:
            counts["fill: after the end"] += 1
        elif before.pending is not Pending.NONE:
            request = "cancel" if before.pending is Pending.CANCEL else "modification"
            counts[f"fill: while a {request} is in flight"] += 1
            counts[f"{request}: lost the race against a fill"] += order.is_filled
        counts["fill: partial"] += order.state is OrderState.PARTIALLY_FILLED
        counts["fill: beyond the quantity"] += order.filled_quantity > order.quantity

    def _modified(self, order: Order, event: e.OrderModified) -> None:
        counts = self.counts
        counts["the venue changed the terms" if event.request_id is None else "modification: granted"] += 1
        if event.quantity is not None and order.state is OrderState.FILLED:
            counts["modification: at or below what has filled"] += 1
