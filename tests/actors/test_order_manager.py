"""The order manager, as an object without a thread."""

from __future__ import annotations

import itertools
from collections import deque
from typing import Any

import attrs
import pytest
from builders import fill, report, terms
from helpers import Collector, Desk

from orderpit import Alarm, AlarmCode, OrderState, OrderType, OrderUpdate, Reason, Side
from orderpit.actors.messages import (
    Answered,
    CheckDeadlines,
    CheckRetries,
    GiveAnswer,
    Halt,
    Reconcile,
    Register,
    ResendUpdates,
    Resume,
    StopSymbol,
    WaitForReconciliation,
)
from orderpit.actors.order_manager import OrderManager
from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.account_events import TradingStateChanged
from orderpit.model.commands import Approved, CancelOrder, Denied, ModifyOrder, SubmitGroup
from orderpit.model.kinds import Contingency, Trip
from orderpit.model.reconciler import Reconciler
from orderpit.model.refusal import Refusal

SECOND = 1_000_000_000


@attrs.define
class Floor:
    """An order manager, and everything it sends, by whom it is sent to and in order."""

    desk: Desk
    history: int = 100
    max_unanswered: int = 100
    amends: bool = True
    lists: bool = False
    sent: list[tuple[str, Any]] = attrs.Factory(list)
    timers: list[tuple[int, Any, Any]] = attrs.Factory(list)
    manager: Any = None

    def __attrs_post_init__(self) -> None:
        self.manager = self.desk.make(
            OrderManager,
            self.to("me"),
            self.to("exchange"),
            (self.to("risk"), self.to("portfolio")),
            self.to("view"),
            self.to("monitor"),
            lambda delay, target, message, *, background: self.timers.append((delay, message, background)),
            Reconciler(
                map("r-{}".format, itertools.count(1)).__next__,
                SECOND,
                self.max_unanswered,
                amends=self.amends,
                lists=self.lists,
                remembers=self.lists,
            ),
            deque(maxlen=self.history),
        )

    def to(self, name: str) -> Any:
        floor = self

        class Target:
            def send(self, message: Any) -> bool:
                floor.sent.append((name, message))
                return True

        return Target()

    def tell(self, *messages: Any) -> None:
        for message in messages:
            self.manager.on_receive(message)

    def submit(self, **changes: Any) -> None:
        self.tell(Approved(terms(**changes), self.desk.clock(), "risk_controller"))

    def at(self, name: str, kind: type[Any] | None = None) -> list[Any]:
        return [message for to, message in self.sent if to == name and (kind is None or isinstance(message, kind))]

    def events(self) -> list[type[Any]]:
        return [type(update.event) for update in self.at("view", OrderUpdate)]


@pytest.fixture
def floor(desk: Desk) -> Floor:
    return Floor(desk)


def approved(command: Any) -> Approved:
    return Approved(command, 1, "risk_controller")


def test_an_approved_order_is_created_and_submitted_and_goes_to_the_exchange(floor: Floor) -> None:
    floor.submit()
    assert floor.events() == [e.OrderCreated, e.OrderSubmitted]
    (request,) = floor.at("exchange")
    assert type(request) is r.VenueSubmit
    assert request.client_order_id == "o-1"


def test_updates_reach_risk_then_portfolio_then_the_strategy_then_the_view_and_the_exchange_last(floor: Floor) -> None:
    floor.tell(Register("strategy", floor.to("strategy")))
    floor.submit()
    told = ["risk", "portfolio", "strategy", "view"]
    assert [to for to, _ in floor.sent] == [*told, *told, "exchange"]
    assert [update.sequence for update in floor.at("strategy")] == [1, 2]


def test_a_strategy_is_told_of_its_own_orders_only(floor: Floor) -> None:
    floor.tell(Register("strategy", floor.to("strategy")), Register("other", floor.to("other")))
    floor.submit()
    floor.submit(order_id="o-2", source="other")
    assert {update.order.order_id for update in floor.at("strategy")} == {"o-1"}
    assert {update.order.order_id for update in floor.at("other")} == {"o-2"}


def test_a_denied_order_is_recorded_and_goes_nowhere(floor: Floor) -> None:
    refusal = Refusal(Reason.MAX_ORDER_QUANTITY, "quantity 10: must be at most 5")
    floor.tell(Denied(terms(), refusal, 1, "risk_controller"))
    assert floor.events() == [e.OrderCreated, e.OrderDenied]
    assert floor.at("exchange") == []


def test_the_sequence_has_no_gap_whatever_comes(floor: Floor) -> None:
    floor.submit()
    floor.tell(
        report(r.VenueAccepted),
        report(r.VenueFilled),
        report(r.VenueFilled),
        approved(CancelOrder("unknown")),
        approved(CancelOrder("o-1")),
        report(r.VenueCancelled),
    )
    assert [update.sequence for update in floor.at("view")] == list(range(1, len(floor.at("view")) + 1))
    assert floor.at("risk") == floor.at("portfolio") == floor.at("view")


@pytest.mark.fault(5)
def test_a_repeated_report_says_nothing_new_and_is_counted(floor: Floor) -> None:
    floor.submit()
    floor.tell(report(r.VenueFilled), report(r.VenueFilled))
    assert floor.events().count(e.OrderFilled) == 1
    assert floor.manager.books().repeats == 1


def test_the_same_order_again_is_answered_with_its_latest_update(floor: Floor) -> None:
    floor.tell(Register("strategy", floor.to("strategy")))
    floor.submit()
    before = len(floor.at("view", OrderUpdate))
    floor.submit()
    assert len(floor.at("view", OrderUpdate)) == before
    assert floor.at("view", Answered) == floor.at("strategy", Answered)
    assert floor.at("view", Answered)[0].update.order.state is OrderState.SUBMITTED
    assert len(floor.at("exchange")) == 1


def test_the_same_id_with_other_content_is_refused_and_concerns_no_order(floor: Floor) -> None:
    floor.submit()
    floor.submit(quantity="11")
    refused = floor.at("view")[-1]
    assert refused.order is None
    assert refused.event.reason is Reason.DUPLICATE_ID


@pytest.mark.fault(13)
def test_a_cancel_of_an_unknown_order_is_refused_and_goes_nowhere(floor: Floor) -> None:
    floor.tell(approved(CancelOrder("unknown")))
    assert floor.at("view")[-1].event.reason is Reason.UNKNOWN_ORDER
    assert floor.at("exchange") == []


def test_a_fill_for_an_unknown_order_is_booked_and_raises_an_alarm(floor: Floor) -> None:
    floor.tell(report(r.VenueFilled, client_order_id="nobodys"))
    (alarm,) = floor.at("monitor", Alarm)
    assert alarm.code is AlarmCode.UNKNOWN_ORDER
    assert floor.events()[-1] is e.OrderFilled
    assert floor.at("view")[-1].order.strategy_id == "external"


def test_a_halt_refuses_orders_and_modifications_and_lets_cancels_pass(floor: Floor) -> None:
    floor.submit()
    floor.tell(report(r.VenueAccepted), Halt("test"))
    floor.submit(order_id="o-2")
    floor.tell(approved(ModifyOrder("o-1", price="99")), approved(CancelOrder("o-1")))
    assert [type(request) for request in floor.at("exchange")] == [r.VenueSubmit, r.VenueCancel]
    assert floor.manager.books().orders[1].reason is Reason.HALTED
    floor.tell(Resume())
    floor.submit(order_id="o-3")
    assert floor.at("exchange")[-1].client_order_id == "o-3"


@pytest.mark.fault(4)
def test_a_missing_answer_puts_the_order_in_doubt_asks_the_venue_and_the_answer_resolves_it(floor: Floor) -> None:
    floor.submit()
    assert [(delay, type(message)) for delay, message, _ in floor.timers] == [(SECOND, CheckDeadlines)]
    floor.desk.clock.now += SECOND
    floor.tell(CheckDeadlines())
    assert floor.events()[-1] is e.OrderInDoubt
    assert floor.at("view")[-1].order.in_doubt
    assert floor.at("view")[-1].order.state is OrderState.SUBMITTED
    assert type(floor.at("exchange")[-1]) is r.VenueQuery
    floor.tell(report(r.VenueStatus))
    assert not floor.at("view")[-1].order.in_doubt
    assert floor.at("view")[-1].order.state is OrderState.OPEN


def test_what_could_not_be_closed_is_looked_at_again_by_a_timer_in_the_background(floor: Floor) -> None:
    exit_terms = {"side": Side.SELL, "source": "strategy"}
    orders = (
        terms(order_id="entry"),
        terms(order_id="target", price="110", **exit_terms),
        terms(order_id="stop", order_type=OrderType.STOP, price=None, stop_price="95", **exit_terms),
    )
    floor.tell(approved(SubmitGroup(Contingency.BRACKET, orders, group_id="g", source="strategy")))
    floor.tell(report(r.VenueFilled, client_order_id="entry"), report(r.VenueRejected, client_order_id="stop"))
    floor.timers.clear()
    for _ in range(2):
        closing = floor.at("exchange")[-1]
        assert closing.order_type is OrderType.MARKET
        floor.tell(report(r.VenueRejected, client_order_id=closing.client_order_id))
        delay, message, background = floor.timers[-1]
        assert (type(message), background) == (CheckRetries, True)
        floor.desk.clock.now += delay
        floor.tell(message)
    assert [delay for delay, *_ in floor.timers] == [SECOND // 10, SECOND // 5]


def test_an_order_that_stays_unanswered_is_asked_after_again_and_again(floor: Floor) -> None:
    floor.submit()
    for _ in range(3):
        floor.desk.clock.now += SECOND
        floor.tell(CheckDeadlines())
    assert [type(request) for request in floor.at("exchange")] == [r.VenueSubmit, *[r.VenueQuery] * 3]
    assert len(floor.timers) == 4


def test_one_timer_is_set_however_many_requests_wait(floor: Floor) -> None:
    for number in range(5):
        floor.submit(order_id=f"o-{number}")
    assert len(floor.timers) == 1
    assert floor.timers[0][2], "a background timer, which is not something under way"


def test_an_answer_in_time_sets_no_doubt(floor: Floor) -> None:
    floor.submit()
    floor.tell(report(r.VenueAccepted))
    floor.desk.clock.now += 10 * SECOND
    floor.tell(CheckDeadlines())
    assert e.OrderInDoubt not in floor.events()


def poisonous(kind: type[Any], **changes: Any) -> Any:
    """A venue report that passed no check: what a bug of ours, or memory gone bad, could make of one."""
    bad = report(kind)
    for name, value in changes.items():
        object.__setattr__(bad, name, value)
    return bad


@pytest.mark.fault(66)
def test_a_poison_report_puts_its_order_in_doubt_and_stops_new_orders_for_its_symbol(floor: Floor) -> None:
    floor.submit()
    floor.tell(report(r.VenueAccepted), poisonous(r.VenueFilled, fill=None))
    doubted = floor.at("view")[-1]
    assert doubted.order.in_doubt
    assert doubted.event.reason is Reason.REPORT_SET_ASIDE
    assert floor.at("risk", StopSymbol) == [StopSymbol("BTC/USDT")]
    assert type(floor.at("exchange")[-1]) is r.VenueQuery
    floor.submit(order_id="o-2")
    assert floor.at("view")[-1].order.reason is Reason.SYMBOL_STOPPED
    floor.submit(order_id="o-3", symbol="ETH/USDT")
    assert floor.at("view")[-1].order.state is OrderState.SUBMITTED
    assert [problem.what for problem in floor.desk.problems] == ["set aside"]


def test_the_state_after_a_poison_report_is_that_from_before_it_and_the_doubt(floor: Floor) -> None:
    floor.submit()
    floor.tell(report(r.VenueFilled, fill=fill("x-1")), poisonous(r.VenueFilled, fill=None))
    before, after = floor.at("view")[-2].order, floor.at("view")[-1].order
    assert attrs.evolve(after, in_doubt=False, until_asked=False) == before
    floor.tell(report(r.VenueFilled, fill=fill("x-2")))
    assert floor.at("view")[-1].order.filled_quantity == 8


def test_a_poison_fill_of_no_order_of_ours_stops_new_orders_in_its_symbol(floor: Floor) -> None:
    floor.submit()
    before = list(floor.sent)
    floor.tell(poisonous(r.VenueFilled, client_order_id="nobodys", fill=None))
    assert floor.sent == [*before, ("risk", StopSymbol("BTC/USDT"))]
    assert len(floor.desk.problems) == 1


def test_a_poison_report_whose_very_id_is_poison_is_set_aside(floor: Floor) -> None:
    floor.submit()
    floor.tell(poisonous(r.VenueAccepted, client_order_id=[]))
    assert [problem.what for problem in floor.desk.problems] == ["set aside", "failed while setting aside"]
    floor.submit(order_id="o-2")
    assert floor.at("view")[-1].order.order_id == "o-2"


@pytest.mark.fault(66)
def test_a_poison_command_is_refused_so_that_its_sender_hears_of_it(floor: Floor) -> None:
    floor.tell(Register("strategy", floor.to("strategy")))
    command = terms()
    object.__setattr__(command, "order_type", None)
    object.__setattr__(command, "symbol", [])
    floor.tell(Approved(command, 1, "risk_controller"))
    assert floor.at("strategy")[-1].event.reason is Reason.INTERNAL_ERROR
    assert floor.at("strategy")[-1].order is None


@pytest.mark.fault(67)
def test_repeated_failure_halts_trading_here_and_at_risk(floor: Floor) -> None:
    floor.submit()
    for _ in range(4):
        floor.tell(poisonous(r.VenueFilled, fill=None))
    assert len(floor.at("risk", Halt)) == 1
    floor.submit(order_id="o-2", symbol="ETH/USDT")
    assert floor.at("view")[-1].order.reason is Reason.HALTED
    assert floor.at("view")[-1].event.text == "trading is halted: the order manager failed repeatedly"


def test_failures_far_apart_do_not_halt_trading(floor: Floor) -> None:
    floor.submit()
    for _ in range(10):
        floor.tell(poisonous(r.VenueFilled, fill=None))
        floor.desk.clock.now += 3 * SECOND
    assert floor.at("risk", Halt) == []


def test_missing_updates_are_sent_again_to_whoever_asks(floor: Floor) -> None:
    floor.submit()
    floor.tell(report(r.VenueAccepted))
    late = Collector()
    floor.tell(ResendUpdates(2, 3, late))
    assert late.messages == floor.at("view")[1:3]


def test_missing_updates_that_are_no_longer_kept_halt_trading(desk: Desk) -> None:
    floor = Floor(desk, history=2)
    floor.submit()
    floor.tell(report(r.VenueAccepted))
    late = Collector()
    floor.tell(ResendUpdates(1, 3, late))
    assert len(floor.at("risk", Halt)) == 1
    assert len(desk.problems) == 1


def test_a_strategy_that_has_stopped_is_sent_one_update_and_no_more(floor: Floor) -> None:
    class Stopped(Collector):
        def send(self, message: Any) -> bool:
            super().send(message)
            return False

    stopped = Stopped()
    floor.tell(Register("strategy", stopped))
    floor.submit()
    floor.tell(report(r.VenueAccepted), report(r.VenueFilled))
    assert len(stopped.messages) == 2, "those of one handler"
    assert len(floor.at("view")) == 4


@pytest.mark.fault(45)
def test_an_unknown_message_is_reported_and_changes_nothing(floor: Floor) -> None:
    floor.submit()
    before = list(floor.sent)
    floor.tell("what is this", None, 3.5)
    assert floor.sent == before
    assert [problem.what for problem in floor.desk.problems] == ["unknown message"] * 3


@pytest.mark.fault(1, 2)
def test_a_lost_venue_is_an_alarm_and_its_return_a_question_about_each_order(floor: Floor) -> None:
    floor.submit()
    floor.tell(r.VenueDisconnected(reason="the line is dead"))
    assert [alarm.code for alarm in floor.at("monitor", Alarm)] == [AlarmCode.DISCONNECTED]
    assert floor.at("view")[-1].order.in_doubt
    floor.desk.clock.now += 10 * SECOND
    floor.tell(CheckDeadlines())
    assert [type(request) for request in floor.at("exchange")] == [r.VenueSubmit]
    assert len(floor.timers) == 1, "nothing falls due while there is nobody to ask"
    floor.tell(r.VenueConnected())
    assert [type(request) for request in floor.at("exchange")] == [r.VenueSubmit, r.VenueQuery]
    assert len(floor.timers) == 2


def test_a_link_that_cannot_be_handled_halts_trading(floor: Floor) -> None:
    class Poison:
        def __bool__(self) -> bool:
            raise ZeroDivisionError

    bad = r.VenueDisconnected()
    object.__setattr__(bad, "reason", Poison())
    floor.tell(bad)
    assert floor.at("risk", Halt) == [Halt("what the venue said of its link could not be handled")]


def reply() -> Any:
    """Return where an answer would go: what it is told here goes to risk first."""
    return object()


def test_who_waits_for_the_venue_is_answered_when_risk_has_the_halt_that_its_answer_brings(desk: Desk) -> None:
    floor, waiting = Floor(desk, lists=True), reply()
    floor.tell(Reconcile(), WaitForReconciliation(waiting))
    (asked,) = floor.at("exchange", r.VenueList)
    held = (r.VenuePosition(symbol="BTC/USDT", quantity="3"),)
    floor.tell(r.VenueListed(request_id=asked.request_id, orders=0, complete=True, positions=held))
    halt, update, answer = floor.at("risk")
    assert (halt.trip, type(update.event), answer) == (
        Trip.UNRECONCILED,
        TradingStateChanged,
        GiveAnswer(waiting, value=True),
    )
    assert floor.sent[-1] == ("risk", answer), "behind all that was told"


def test_who_waits_for_the_venue_hears_at_once_that_resume_has_ended_it(floor: Floor) -> None:
    waiting = reply()
    floor.submit()
    floor.tell(Reconcile(), WaitForReconciliation(waiting), Resume("another"))
    assert floor.at("risk", GiveAnswer) == []
    floor.tell(Resume())
    assert floor.at("risk", GiveAnswer) == [GiveAnswer(waiting, value=False)]


def test_who_waits_for_a_venue_that_cannot_be_reached_hears_that_at_once(floor: Floor) -> None:
    waiting = reply()
    floor.submit()
    floor.tell(r.VenueDisconnected(reason="gone"), Reconcile(), WaitForReconciliation(waiting))
    assert floor.at("risk", GiveAnswer) == [GiveAnswer(waiting, value=False)]
