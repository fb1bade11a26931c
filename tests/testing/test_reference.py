"""Differential: the system against a small model without actors, which reads the same messages in the same order."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from helpers import assert_clean
from scripted import after, script

from orderpit import Instrument, SimulatedExchange, TradingSystem
from orderpit.model import reports as r
from orderpit.model.commands import Approved, Denied, SubmitOrder
from orderpit.model.kinds import Side
from orderpit.testing import SCENARIOS, ChaosExchange, Faults, heal, seeded

SYMBOLS = ("BTC/USDT", "ETH/USDT")
INSTRUMENTS = tuple(Instrument(name, price_increment="0.01", quantity_increment="0.001") for name in SYMBOLS)


class Reference:
    """Orders, positions and cash, from what the order manager is handed; numbers are fractions, which are exact."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        # None for an execution that has been declared void.
        self.executions: dict[tuple[str, str, Side, str], r.Fill | None] = {}
        self.early: list[Any] = []

    def __call__(self, now_ns: int, receiver: str, message: Any) -> None:
        if receiver != "order_manager":
            return
        match message:
            case Approved(command=SubmitOrder() as terms):
                self.begin(terms, "SUBMITTED")
            case Denied(command=SubmitOrder() as terms):
                self.begin(terms, "REJECTED")
            case r.VenueFilled():
                self.fill(message)
            case r.VenueFillBusted() | r.VenueFillCorrected():
                self.restate(message)
            case r.VenueAccepted():
                self.move(message, "OPEN", {"SUBMITTED"})
            case r.VenueRejected():
                self.move(message, "REJECTED", {"SUBMITTED"})
            case r.VenueCancelled():
                self.move(message, "CANCELLED", {"SUBMITTED", "OPEN", "PARTIAL"})
            case r.VenueExpired():
                self.move(message, "EXPIRED", {"SUBMITTED", "OPEN", "PARTIAL"})
            case r.VenueModified():
                self.modify(message)
            case _:
                pass

    def begin(self, terms: SubmitOrder, state: str) -> None:
        assert terms.order_id is not None
        assert terms.order_id not in self.orders, "the histories give each order an id of its own"
        self.orders[terms.order_id] = {"state": state, "quantity": terms.quantity, "price": terms.price}

    def move(self, report: Any, state: str, sources: set[str]) -> None:
        order = self.orders.get(report.client_order_id)
        if order is not None and order["state"] in sources:
            order["state"] = state

    def modify(self, report: r.VenueModified) -> None:
        order = self.orders[report.client_order_id]
        if order["state"] in {"OPEN", "PARTIAL"}:
            done = self.filled(report.client_order_id)
            order["price"] = report.price or order["price"]
            order["quantity"] = max(report.quantity or order["quantity"], done)
            order["state"] = "FILLED" if order["quantity"] == done else order["state"]

    def fill(self, report: r.VenueFilled) -> None:
        key = (report.client_order_id, report.symbol, report.side, report.fill.execution_id)
        if key in self.executions:
            return
        self.executions[key] = report.fill
        order = self.orders.get(report.client_order_id)
        if order is not None and order["state"] in {"SUBMITTED", "OPEN", "PARTIAL"}:
            done = self.filled(report.client_order_id) >= order["quantity"]
            order["state"] = "FILLED" if done else "PARTIAL"
        for early in self.early:
            self.restate(early, keep=False)

    def restate(self, report: Any, *, keep: bool = True) -> None:
        busts = isinstance(report, r.VenueFillBusted)
        execution_id = report.execution_id if busts else report.fill.execution_id
        for side in Side:
            key = (report.client_order_id, report.symbol, side, execution_id)
            if key in self.executions:
                if self.executions[key] is not None:
                    self.executions[key] = None if busts else report.fill
                return
        if keep:
            self.early.append(report)

    def filled(self, client_id: str) -> Fraction:
        return sum(
            (Fraction(one.quantity) for key, one in self.executions.items() if one and key[0] == client_id), Fraction()
        )

    def money(self) -> tuple[dict[str, Fraction], Fraction]:
        """Return positions, and cash after fees."""
        held, cash = dict.fromkeys(SYMBOLS, Fraction()), Fraction()
        for (_, symbol, side, _), fill in self.executions.items():
            if fill is not None:
                signed = Fraction(fill.quantity) * (1 if side is Side.BUY else -1)
                held[symbol] += signed
                cash -= signed * Fraction(fill.price) + Fraction(fill.fee)
        return held, cash


def states_of(system: TradingSystem) -> dict[str, dict[str, Any]]:
    return {
        order.order_id: {"state": order.state.value, "quantity": order.quantity, "price": order.price}
        for order in system.orders()
    }


def money_of(system: TradingSystem) -> tuple[dict[str, Fraction], Fraction]:
    portfolio = system.portfolio()
    held = {name: Fraction(position.quantity) for name, position in portfolio.positions.items()}
    return dict.fromkeys(SYMBOLS, Fraction()) | held, Fraction(portfolio.cash.get("USDT", 0))


@pytest.mark.parametrize("seed", range(12))
def test_the_system_and_the_reference_agree_on_orders_positions_and_cash(seed: int) -> None:
    reference = Reference()
    exchange = SimulatedExchange(
        slippage="0.01", fill_probability="0.7", latency="0.01" if seed % 2 else "0", seed=seed
    )
    acts = script(seed, 250, SYMBOLS)
    with after(acts, INSTRUMENTS, exchange=exchange, choose=seeded(seed), on_delivery=reference) as system:
        assert len(reference.executions) > 10
        assert states_of(system) == reference.orders
        assert money_of(system) == reference.money()
        assert_clean(system)


FAULTS = [pytest.param(faults, id=name) for name, faults in SCENARIOS.items()] + [
    pytest.param(Faults.drawn(seed), id=f"drawn {seed}") for seed in range(6)
]


@pytest.mark.parametrize("faults", FAULTS)
def test_they_agree_on_the_money_whatever_the_venue_does(faults: Faults) -> None:
    reference = Reference()
    exchange = ChaosExchange(faults=faults, seed=3)
    settings = {"exchange": exchange, "answer_within": 2, "choose": seeded(1), "on_delivery": reference, "pause": 0.2}
    with after(script(7, 60, SYMBOLS), INSTRUMENTS, **settings) as system:
        assert heal(system)
        assert reference.executions
        assert money_of(system) == reference.money()


Break = Callable[[Reference], None]


def forget_one(reference: Reference) -> None:
    reference.executions.popitem()


def turn_one(reference: Reference) -> None:
    (client_id, symbol, side, execution_id), fill = reference.executions.popitem()
    other = Side.SELL if side is Side.BUY else Side.BUY
    reference.executions[client_id, symbol, other, execution_id] = fill


def move_one(reference: Reference) -> None:
    next(iter(reference.orders.values()))["state"] = "EXPIRED"


@pytest.mark.parametrize("spoil", [forget_one, turn_one, move_one], ids=lambda spoil: spoil.__name__)
def test_a_difference_is_seen(spoil: Break) -> None:
    reference = Reference()
    with after(script(1, 60, SYMBOLS), INSTRUMENTS, on_delivery=reference) as system:
        spoil(reference)
        assert (states_of(system), money_of(system)) != (reference.orders, reference.money())
