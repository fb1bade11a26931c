"""Plays a scenario on a system of its own, and says what each of its steps led to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from typing import Any
from zlib import crc32

from conformance import steps as s
from conformance.orders import SYMBOL, Group, Place
from conformance.table import Fill, Outcome, Row, plain
from conformance.words import DAY, nanoseconds
from helpers import BOUND, Recorder

from orderpit import (
    Instrument,
    InvalidOrder,
    MarketData,
    OrderState,
    OrderUpdate,
    Quote,
    Reason,
    RiskLimits,
    SimulatedExchange,
    Strategy,
    SubmitOrder,
    TradingSystem,
    audit,
    events,
)
from orderpit.testing import Stepped, seeded

SIGNAL = "SIGNAL/USDT"
"""Not traded by any order: a quote of it has an account act."""
NANOSECONDS = Decimal(1_000_000_000)
_FEES = {"maker_fee": "0.001", "taker_fee": "0.002"}
_INSTRUMENT = {"price_increment": "0.01", "quantity_increment": "0.001"}
_SIMPLE = {
    events.OrderSubmitted: "SUBMITTED",
    events.OrderOpened: "OPEN",
    events.OrderTriggered: "TRIGGERED",
    events.OrderModified: "MODIFIED",
    events.OrderDenied: "REJECTED",
    events.OrderRejected: "REJECTED",
    events.OrderCancelled: "CANCELLED",
    events.OrderExpired: "EXPIRED",
    events.CancelRejected: "CANCEL-REJECTED",
    events.ModifyRejected: "MODIFY-REJECTED",
    events.CommandRefused: "REFUSED",
}
_SEEN = {
    "leaves": "leaves_quantity",
    "filled": "filled_quantity",
    "cancelled": "cancelled_quantity",
    "average": "average_fill_price",
    "notional": "filled_notional",
    "fees": "fees_paid",
    "stop": "stop_price",
}


class Account(Strategy):
    """A strategy that submits what it finds in its tray, whenever there is a signal."""

    def __init__(self, tray: deque[SubmitOrder]) -> None:
        self._tray = tray

    def on_market_data(self, data: MarketData) -> None:
        if data.symbol == SIGNAL:
            while self._tray:
                self.submit(self._tray.popleft())


class Stage:
    """A system in data time that begins at 09:00, and the names of its orders.

    Args:
        row: the scenario; its settings are taken from it.
        runtime: "threads", or "stepped", where who moves next is drawn by a seed that is the row's own.
    """

    def __init__(self, row: Row, runtime: str) -> None:
        self._steps = [(line, s.read(line)) for line in row.lines]
        found: dict[str, dict[str, Any]] = {"venue": {}, "instrument": {}, "cash": {}, "limits": {}}
        for _, step in self._steps:
            if isinstance(step, s.Setting):
                found[step.of].update(step.values)
        traded = Instrument(SYMBOL, **_INSTRUMENT | found["instrument"])
        others = [Instrument(symbol, **_INSTRUMENT) for symbol in ("ETH/USDT", SIGNAL)]
        self.system = TradingSystem(
            [traded, *others],
            exchange=SimulatedExchange(**_FEES | found["venue"]),
            cash=found["cash"] or None,
            risk=RiskLimits(**found["limits"]),
            runtime="threads" if runtime == "threads" else Stepped(choose=seeded(crc32(row.name.encode()))),
            clock="data",
            on_error=Recorder(),
        )
        self._trays: dict[str, deque[SubmitOrder]] = {}
        self._ids: dict[str, str] = {}
        self._group_id = ""
        self._seen = 0

    def play(self) -> list[str]:
        """Play every step, and return where and how the table and the system differ."""
        with self.system:
            self._pass_time(nanoseconds(DAY, "09:00:00"))
            for line, step in self._steps:
                invalid = self._take(step)
                assert self.system.quiesce(BOUND), line.where
                found = [*invalid, *self._outcomes()]
                expected = sorted(str(outcome) for outcome in line.outcomes)
                actual = sorted(str(outcome) for outcome in found)
                if isinstance(step, s.See) and not self._holds(step):
                    expected, actual = [line.words], [self._fact(step)]
                if actual != expected:
                    wrong = [f"{line.where}: {line.words}"]
                    wrong += [f"    table:  {text}" for text in expected] + [f"    system: {text}" for text in actual]
                    return wrong
            report = audit(self.system, BOUND)
            assert report.checks > 0
            troubles = self.system.troubles()
            awaited = {step.value for _, step in self._steps if isinstance(step, s.See) and step.subject == "alarm"}
            raised = [
                str(trouble)
                for trouble in (*troubles.problems, *troubles.alarms)
                if getattr(trouble, "code", None) is None or trouble.code.value not in awaited
            ]
        return [*map(str, report.violations), *raised]

    def _take(self, step: s.Step) -> list[Outcome]:
        match step:
            case s.Publish(data):
                self.system.publish(data)
            case Place(name, account, terms):
                try:
                    order = SubmitOrder(**terms, order_id=name)
                except InvalidOrder as error:
                    return [Outcome(name, ("INVALID",), reasons=(error.field,))]
                self._submit(order, account)
            case s.Modify(name, terms):
                self.system.modify(self._ids.get(name, name), **terms)
            case s.Cancel(name):
                self.system.cancel(self._ids.get(name, name))
            case s.Gate("halt"):
                self.system.halt("the table says so")
            case s.Gate():
                self.system.resume()
            case s.At(time_ns):
                self._pass_time(time_ns)
            case Group():
                self._tie(step)
            case _:
                pass
        return []

    def _submit(self, order: SubmitOrder, account: str | None) -> None:
        if account is None:
            self.system.submit(order)
            return
        if account not in self._trays:
            tray = self._trays[account] = deque()
            self.system.add_strategy(lambda: Account(tray), strategy_id=account)
        self._trays[account].append(order)
        self.system.publish(Quote(SIGNAL, bid="1"))

    def _tie(self, group: Group) -> None:
        parts = [part if isinstance(part, str) else SubmitOrder(**part.terms) for part in group.parts]
        match group.kind:
            case "bracket":
                entry, target, stop = parts
                made = self.system.bracket(entry, profit_target=target, stop_loss=stop)
                ids = (made.entry, made.profit_target, made.stop_loss)
            case "ouo":
                made = self.system.oco(*parts, partial="reduce")
                ids = made.orders
            case kind:
                made = getattr(self.system, kind)(*parts)
                ids = made.orders
        self._group_id = made.group_id
        self._ids.update(zip(group.names, ids, strict=True))

    def _pass_time(self, until_ns: int) -> None:
        while self.system._runtime.pass_time(until_ns):
            assert self.system.quiesce(BOUND)

    def _outcomes(self) -> Iterable[Outcome]:
        """Say what has happened to each order since this was asked before."""
        updates = [update for update in self.system.history() if update.sequence > self._seen]
        self._seen += len(updates)
        names = {order_id: name for name, order_id in self._ids.items()}
        by_order: dict[str, list[OrderUpdate]] = {}
        for update in updates:
            by_order.setdefault(update.event.order_id, []).append(update)
        found = (_outcome(self._name(names, order_id, of), of) for order_id, of in by_order.items())
        return [outcome for outcome in found if outcome.happens]

    def _name(self, names: dict[str, str], order_id: str, updates: list[OrderUpdate]) -> str:
        order = updates[0].order
        if order_id not in names and order is not None and order.link is not None and order.link.replaces:
            names[order_id] = f"{names[order.link.replaces]}-2"
            self._ids[names[order_id]] = order_id
        return names.get(order_id, order_id)

    def _holds(self, see: s.See) -> bool:
        fact = self._fact(see)
        return fact == see.value or (fact[-1].isdecimal() and plain(Decimal(fact)) == see.value)

    def _fact(self, see: s.See) -> str:
        if see.subject in {"position", "cash", "fees", "alarm", "unprotected"}:
            return self._account_fact(see)
        order = self.system.order(self._ids.get(see.subject, see.subject))
        return _text(getattr(order, _SEEN.get(see.field, see.field)))

    def _account_fact(self, see: s.See) -> str:
        if see.subject == "alarm":
            alarms = self.system.troubles().alarms
            return alarms[-1].code.value if alarms else "none"
        if see.subject == "unprotected":
            group = self.system.group(self._group_id)
            assert group is not None
            return _text(Decimal(group.unprotected_ns) / NANOSECONDS)
        books = self.system.portfolio()
        if see.subject == "position":
            held = books.positions.get(SYMBOL)
            return "0" if held is None else _text(getattr(held, see.field))
        return _text(getattr(books, see.subject)[see.field])


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value.value if isinstance(value, Enum) else value)


def _outcome(name: str, updates: list[OrderUpdate]) -> Outcome:
    # An order that has only been created is held back: it waits for another.
    happens = ["PENDING"] if all(isinstance(update.event, events.OrderCreated) for update in updates) else []
    fills: list[Fill] = []
    reasons: list[str] = []
    fee = Decimal(0)
    for update in updates:
        event = update.event
        if isinstance(event, events.OrderFilled):
            assert update.order is not None
            fill = event.fill
            happens.append(update.order.state.value)
            fills.append(Fill(fill.quantity, fill.price, fill.liquidity.value))
            fee += fill.fee
        elif type(event) in _SIMPLE:
            happens.append(_SIMPLE[type(event)])
            if isinstance(event, events.OrderModified) and update.order.state is OrderState.FILLED:
                happens.append("FILLED")
        # New terms that were asked for need no reason.
        reason = getattr(event, "reason", None) if type(event) in _SIMPLE else None
        if reason is not None and not (isinstance(event, events.OrderModified) and reason is Reason.REQUESTED):
            reasons.append(reason.value)
    return Outcome(name, tuple(happens), tuple(fills), fee if fills else None, tuple(reasons))
