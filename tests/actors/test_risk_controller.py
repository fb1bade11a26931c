"""The risk controller, as an object without a thread."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pykka
import pytest
from builders import NOW, event, terms
from helpers import BTC, Collector, Desk, quote

from orderpit import OrderUpdate, Reason, RiskLimits
from orderpit.actors.messages import GiveAnswer, Halt, ResendUpdates, Resume, StopSymbol
from orderpit.actors.risk_controller import RiskController
from orderpit.model import events as e
from orderpit.model.commands import Approved, CancelOrder, Denied, ModifyOrder
from orderpit.model.lifecycle import apply, create
from orderpit.model.refusal import Refusal
from orderpit.model.risk import RiskBook


class Gate:
    """A risk controller and the order manager that it sends to."""

    def __init__(self, desk: Desk, **limits: Any) -> None:
        self.desk = desk
        self.manager = Collector()
        self.me = Collector()
        book = RiskBook({BTC.symbol: BTC}, RiskLimits(**limits), cash={"USDT": Decimal(2_000)})
        self.risk = desk.make(RiskController, self.me, self.manager, book)

    def tell(self, *messages: Any) -> Any:
        for message in messages:
            self.risk.on_receive(message)
        return self.manager.messages[-1] if self.manager.messages else None


@pytest.fixture
def gate(desk: Desk) -> Gate:
    return Gate(desk)


def test_a_command_within_limits_passes_with_the_time_at_which_it_was_judged(gate: Gate) -> None:
    judged = gate.tell(terms())
    assert judged == Approved(terms(), NOW, "risk_controller", judged.judgements)


def test_a_command_beyond_limits_passes_on_as_denied_with_its_reason(desk: Desk) -> None:
    judged = Gate(desk, max_order_quantity="5").tell(terms())
    assert type(judged) is Denied
    assert judged.refusal.reason is Reason.MAX_ORDER_QUANTITY


def test_every_command_passes_on_exactly_once(gate: Gate) -> None:
    commands = [terms(), CancelOrder("o-1"), ModifyOrder("o-1", price="99"), CancelOrder("unknown"), terms()]
    gate.tell(*commands)
    assert [judged.command for judged in gate.manager.messages] == commands


def test_an_order_judged_after_a_quote_is_judged_by_it(gate: Gate) -> None:
    buy = terms(order_type=terms().order_type, price="1000000")
    assert gate.tell(quote(), buy).refusal.reason is Reason.INSUFFICIENT_FUNDS


def test_the_cost_of_an_order_is_reserved_once_per_id_and_released_by_its_end(gate: Gate) -> None:
    gate.tell(terms(), terms())
    assert gate.risk.books().reserved == (("USDT", 1000),)
    second = terms(order_id="o-2", quantity="11")
    assert gate.tell(second).refusal.reason is Reason.INSUFFICIENT_FUNDS
    order = create(event(e.OrderCreated))
    denied = event(e.OrderDenied)
    gate.tell(OrderUpdate(1, event(e.OrderCreated), order), OrderUpdate(2, denied, apply(order, denied)))
    assert gate.risk.books().sequence == 2
    assert [amount for _, amount in gate.risk.books().reserved] == [0]


def test_a_halt_denies_orders_and_modifications_and_lets_cancels_pass(gate: Gate) -> None:
    gate.tell(terms(), Halt("test"))
    assert gate.tell(terms(order_id="o-2")).refusal == Refusal(Reason.HALTED, "trading is halted: test")
    assert gate.tell(ModifyOrder("o-1", price="99")).refusal.reason is Reason.HALTED
    assert type(gate.tell(CancelOrder("o-1"))) is Approved
    gate.tell(Resume())
    assert type(gate.tell(terms(order_id="o-3", quantity="1"))) is Approved


def test_a_stopped_symbol_denies_its_orders(gate: Gate) -> None:
    assert gate.tell(StopSymbol(BTC.symbol), terms()).refusal.reason is Reason.SYMBOL_STOPPED


def test_a_command_that_cannot_be_judged_is_denied_so_that_its_sender_hears_of_it(gate: Gate) -> None:
    poison = terms()
    object.__setattr__(poison, "quantity", None)
    judged = gate.tell(poison)
    assert type(judged) is Denied
    assert judged.refusal.reason is Reason.INTERNAL_ERROR
    assert not any(amount for _, amount in gate.risk.books().reserved)
    assert type(gate.tell(terms())) is Approved
    assert [problem.what for problem in gate.desk.problems] == ["set aside"]


def test_a_gap_in_the_stream_is_asked_for(gate: Gate) -> None:
    gate.tell(OrderUpdate(3, event(e.CommandRefused), None))
    assert gate.manager.messages == [ResendUpdates(1, 2, gate.me)]


def test_repeated_failure_halts_trading(gate: Gate) -> None:
    poison = terms()
    object.__setattr__(poison, "quantity", None)
    gate.tell(*[poison] * 4)
    assert len(gate.manager.of(Halt)) == 1
    assert len([message for message in gate.me.messages if type(message) is Halt]) == 1


def test_an_unknown_message_is_reported(gate: Gate) -> None:
    gate.tell("what is this")
    assert [problem.what for problem in gate.desk.problems] == ["unknown message"]


def test_an_answer_that_is_passed_on_is_given(gate: Gate) -> None:
    answer = pykka.ThreadingFuture[bool]()
    gate.tell(GiveAnswer(answer, value=True))
    assert answer.get(timeout=0)
