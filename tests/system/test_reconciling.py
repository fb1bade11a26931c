"""What the venue knows and what is on record agree again before another order leaves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import attrs
import pytest
from helpers import BOUND, BTC, OwnVenue, Recorder, assert_clean, limit, market, quote, system_of

from orderpit import (
    Alarm,
    AlarmCode,
    OrderState,
    OrderType,
    Problem,
    Quote,
    Reason,
    RiskLimits,
    Side,
    SimulatedExchange,
    TradingState,
    TradingSystem,
    Venue,
)
from orderpit.actors.stepped import START_NS
from orderpit.journal.memory import MemoryStore
from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.account_events import TradingStateChanged
from orderpit.model.blotter import EXTERNAL
from orderpit.model.kinds import Trip
from orderpit.testing import Crashed, Stepped

CASH = {"USDT": "100000"}


def life(store: MemoryStore | None, venue: Any, **settings: Any) -> TradingSystem:
    return system_of(BTC, journal=store, exchange=venue, cash=CASH, **{"runtime": "stepped"} | settings)


def alarms(problems: Recorder, code: AlarmCode) -> list[str]:
    return [one.text for one in problems.items if isinstance(one, Alarm) and one.code is code]


@pytest.mark.fault(2, 4)
def test_what_filled_while_nobody_listened_is_booked_before_the_first_order() -> None:
    store, venue = MemoryStore(), Venue(SimulatedExchange())
    with life(store, venue) as system:
        system.publish(quote())
        bought, waiting = system.submit(limit("95", "2")), system.submit(limit("50"))
    venue.publish(Quote("BTC/USDT", bid="93", ask="94", time_ns=START_NS + 10**9))
    with life(store, venue) as system:
        assert system.order(bought).state is OrderState.FILLED
        assert system.order(waiting).state is OrderState.OPEN
        assert not any(order.in_doubt for order in system.orders())
        assert system.portfolio().positions["BTC/USDT"].quantity == 2
        assert system.risk().reserved["USDT"] == Decimal("50.05")
        system.publish(quote())
        assert system.wait(system.submit(market()), OrderState.FILLED, timeout=BOUND)
        assert_clean(system)


@pytest.mark.fault(19)
@pytest.mark.parametrize("policy", ["adopt", "cancel"])
def test_an_order_that_is_not_on_record_is_adopted_as_nobodys(policy: Any) -> None:
    problems, venue = Recorder(), Venue(SimulatedExchange())
    with life(None, venue, run_id="another") as other:
        other.publish(quote())
        foreign = other.submit(limit("90", "2"))
        other.submit(market("1"))
        other.submit(market("1", Side.SELL))
    with life(MemoryStore(), venue, on_error=problems, unknown_orders=policy) as system:
        orders = {order.client_order_id: order for order in system.orders()}
        assert {order.strategy_id for order in orders.values()} == {EXTERNAL}
        assert orders[foreign].state is (OrderState.OPEN if policy == "adopt" else OrderState.CANCELLED)
        assert (orders[foreign].price, orders[foreign].quantity) == (90, 2)
        assert orders[foreign].order_id != foreign
        assert venue.orders[foreign].is_live is (policy == "adopt")
        assert len(alarms(problems, AlarmCode.UNKNOWN_ORDER)) == 3
        assert system.portfolio().positions["BTC/USDT"].quantity == 0
        assert system.trading_state() is TradingState.ACTIVE
        system.publish(quote())
        assert system.wait(system.submit(market()), OrderState.FILLED, timeout=BOUND)
        if policy == "adopt":
            system.cancel(orders[foreign].order_id)
            assert system.wait(orders[foreign].order_id, OrderState.CANCELLED, timeout=BOUND)
        assert_clean(system)
        names = len(system.orders())
        # Asked again, the venue tells nothing that is not known.
        assert system.reconcile()
        assert len(system.orders()) == names
        assert_clean(system)


def test_an_adopted_order_is_the_same_one_in_the_next_life() -> None:
    store, venue = MemoryStore(), Venue(SimulatedExchange())
    with life(None, venue, run_id="another") as other:
        other.publish(quote())
        other.submit(limit("90", "2"))
    ids = []
    for _ in range(2):
        with life(store, venue) as system:
            (order,) = system.orders()
            ids.append(order.order_id)
            assert order.state is OrderState.OPEN
            assert_clean(system)
    assert ids[0] == ids[1]


class Lister(OwnVenue):
    """A venue of one's own that lists its orders when it is asked, as it is told to."""

    lists = True

    def __init__(self, *answer: Any, complete: bool = True, **listed: Any) -> None:
        super().__init__()
        self.answer, self.complete, self.listed = answer, complete, listed

    def request(self, request: Any) -> None:
        super().request(request)
        if isinstance(request, r.VenueList):
            for kind, fields in self.answer:
                named = {"request_id": request.request_id} if kind is not r.VenueFilled else {}
                self.report(kind(**named, **fields))
            count = sum(kind is r.VenueOrderListed for kind, _ in self.answer)
            ended = {"orders": count, "complete": self.complete} | self.listed
            self.report(r.VenueListed(request_id=request.request_id, **ended))

    def asked(self, kind: type[Any]) -> list[Any]:
        return [one for one in self.requests.items if isinstance(one, kind)]


class Forgetful(Lister):
    """One that has forgotten every order."""

    def request(self, request: Any) -> None:
        super().request(request)
        if isinstance(request, r.VenueQuery):
            named = {"client_order_id": request.client_order_id, "request_id": request.request_id}
            self.report(r.VenueStatus(**named, state=None, complete=True))


def left_with_one_open() -> tuple[MemoryStore, str]:
    store = MemoryStore()
    with life(store, OwnVenue()) as system:
        working = system.submit(limit("90"))
        system._settings.exchange.report(r.VenueAccepted(client_order_id=working))
        assert system.quiesce(BOUND)
    return store, working


@pytest.mark.fault(3)
def test_an_order_that_a_whole_list_does_not_tell_of_is_gone_once_the_venue_says_so() -> None:
    store, working = left_with_one_open()
    venue = Forgetful()
    with life(store, venue) as system:
        assert system.order(working).state is OrderState.CANCELLED
        assert system.order(working).reason is Reason.NOT_AT_VENUE
        (query,) = venue.asked(r.VenueQuery)
        assert query.client_order_id == working


@pytest.mark.fault(2, 4)
@pytest.mark.parametrize("lives", [1, 3], ids=["restarted", "killed while it recovered"])
def test_what_filled_days_ago_is_booked_whatever_was_recorded_since(lives: int) -> None:
    store, venue = MemoryStore(), Venue(SimulatedExchange())
    with life(store, venue) as system:
        system.publish(quote())
        bought, sold = system.submit(limit("95", "2")), system.submit(limit("110", "1", Side.SELL))
    hour = 3600 * 10**9
    venue.publish(Quote("BTC/USDT", bid="93", ask="94", time_ns=START_NS + hour))
    venue.publish(Quote("BTC/USDT", bid="111", ask="112", time_ns=START_NS + 2 * hour))
    venue.pass_time(START_NS + 72 * hour)
    for number in range(lives - 1):
        with pytest.raises(Crashed), life(store, venue, runtime=Stepped(crash_at=20 + number)):
            pass
    # The limits that are in force now are recorded before the venue has said anything.
    with life(store, venue, risk=RiskLimits(max_order_quantity="50")) as system:
        assert {system.order(one).state for one in (bought, sold)} == {OrderState.FILLED}
        assert system.portfolio().positions["BTC/USDT"].quantity == 1
        assert_clean(system)


def test_a_list_with_a_hole_is_asked_for_anew_and_no_order_leaves_before_it_has_none() -> None:
    problems, venue = Recorder(), Lister(orders=1)
    with life(MemoryStore(), venue, answer_within="2", on_error=problems) as system:
        assert system.order(system.submit(limit("90"))).reason is Reason.RECONCILING
        venue.listed["orders"] = 0
        assert system.reconcile()
        assert len(alarms(problems, AlarmCode.UNRECONCILED)) == 1
        assert system.order(system.submit(limit("91"))).state is OrderState.SUBMITTED


def test_what_a_list_that_is_not_complete_does_not_tell_of_is_asked_about_by_itself() -> None:
    store, working = left_with_one_open()
    venue = Lister(complete=False)
    with life(store, venue, answer_within=None) as system:
        assert system.order(working).in_doubt
        (query,) = venue.asked(r.VenueQuery)
        assert query.client_order_id == working
        assert system.order(system.submit(limit("91"))).reason is Reason.RECONCILING
        fields = {"client_order_id": working, "request_id": query.request_id, "complete": True}
        venue.report(r.VenueStatus(**fields, state=OrderState.OPEN, quantity="1", price="90"))
        assert system.quiesce(BOUND)
        assert not system.order(working).in_doubt
        assert system.order(system.submit(limit("91"))).state is OrderState.SUBMITTED


@pytest.mark.fault(27)
def test_positions_that_cannot_be_explained_halt_trading_until_a_person_resumes() -> None:
    store, problems = MemoryStore(), Recorder()
    venue = Lister(positions=(r.VenuePosition(symbol="BTC/USDT", quantity="3"),))
    with life(store, venue, on_error=problems) as system:
        assert system.trading_state() is TradingState.HALTED
        (fact,) = (one.event for one in system.history() if isinstance(one.event, TradingStateChanged))
        assert fact.trip is Trip.UNRECONCILED
        assert fact.text == "positions differ: BTC/USDT: the venue holds 3, on record are 0"
        assert alarms(problems, AlarmCode.UNRECONCILED) == ["BTC/USDT: the venue holds 3, on record are 0"]
        assert system.order(system.submit(limit("90"))).reason is Reason.HALTED
    with life(store, Lister()) as system:
        # It is a person who has to look.
        assert system.trading_state() is TradingState.HALTED
        system.resume()
        assert system.order(system.submit(limit("90"))).state is OrderState.SUBMITTED


def test_balances_that_cannot_be_explained_are_told_and_trading_goes_on() -> None:
    store, problems = MemoryStore(), Recorder()
    with life(store, SimulatedExchange(maker_fee=0, taker_fee=0)) as system:
        system.publish(quote())
        assert system.wait(system.submit(market()), OrderState.FILLED, timeout=BOUND)
        system.deposit("USDT", "50")
        there = system.portfolio().cash["USDT"]
    venue = Lister(balances=(r.VenueBalance(currency="USDT", amount=there),))
    with life(store, venue, on_error=problems) as system:
        assert alarms(problems, AlarmCode.UNRECONCILED) == []
        venue.listed["balances"] = (r.VenueBalance(currency="USDT", amount=there - 1),)
        assert system.reconcile()
        assert system.trading_state() is TradingState.ACTIVE
    assert alarms(problems, AlarmCode.UNRECONCILED) == ["USDT: the venue has 99948, on record are 99949"]


def test_a_list_that_does_not_come_is_asked_for_again() -> None:
    class Deaf(Lister):
        def request(self, request: Any) -> None:
            if len(self.asked(r.VenueList)) < 2:
                self.requests(request)
            else:
                super().request(request)

    problems, venue = Recorder(), Deaf()
    with life(MemoryStore(), venue, answer_within="2", on_error=problems) as system:
        assert len(venue.asked(r.VenueList)) == 3
        assert alarms(problems, AlarmCode.NO_ANSWER) == ["the venue has not listed its orders in time"] * 2
        assert system.order(system.submit(limit("90"))).state is OrderState.SUBMITTED


@pytest.mark.fault(26)
def test_a_link_that_breaks_while_the_venue_answers_begins_anew() -> None:
    store, working = left_with_one_open()
    venue = OwnVenue()
    venue.lists = True  # type: ignore[attr-defined]
    with life(store, venue, answer_within=None) as system:
        venue.report(r.VenueDisconnected(reason="gone"))
        assert system.quiesce(BOUND)
        assert system.order(system.submit(limit("91"))).reason is Reason.DISCONNECTED
        assert not system.reconcile(timeout=1)
        venue.report(r.VenueConnected())
        assert system.quiesce(BOUND)
        first, second = (one for one in venue.requests.items if isinstance(one, r.VenueList))
        venue.report(r.VenueListed(request_id=first.request_id, orders=0, complete=True))
        assert system.quiesce(BOUND)
        assert system.order(working).in_doubt
        venue.report(r.VenueListed(request_id=second.request_id, orders=0, complete=True))
        assert system.quiesce(BOUND)
        (query,) = (one for one in venue.requests.items if isinstance(one, r.VenueQuery))
        named = {"client_order_id": working, "request_id": query.request_id}
        venue.report(r.VenueStatus(**named, state=None, complete=True))
        assert system.quiesce(BOUND)
        assert system.order(working).state is OrderState.CANCELLED
        assert system.order(system.submit(limit("91"))).state is OrderState.SUBMITTED


@pytest.mark.fault(51)
@pytest.mark.parametrize("crash_at", range(1, 200, 7))
def test_a_crash_in_the_middle_of_recovering_costs_nothing(crash_at: int) -> None:
    store, venue = MemoryStore(), Venue(SimulatedExchange())
    with life(store, venue) as system:
        system.publish(quote())
        system.submit(market("2"))
        orders = [system.submit(limit(str(price))) for price in range(80, 90)]
        system.bracket(limit("101"), profit_target="120", stop_loss="70")
    venue.publish(Quote("BTC/USDT", bid="84", ask="84.5", time_ns=START_NS + 10**9))
    crashed = False
    for at in (crash_at, crash_at // 2 + 1, crash_at // 3 + 1):
        try:
            with life(store, venue, runtime=Stepped(crash_at=at)) as system:
                system.publish(quote("84", "84.5"))
        except Crashed:
            crashed = True
    with life(store, venue) as system:
        filled = [order for order in orders if system.order(order).state is OrderState.FILLED]
        assert len(filled) == 5
        assert not any(order.in_doubt for order in system.orders())
        assert {name for name, order in venue.orders.items() if order.is_live} == {
            order.client_order_id for order in system.orders() if not order.is_closed
        }
        assert_clean(system)
    assert crashed or crash_at > 150


@pytest.mark.fault(22)
def test_a_venue_that_has_forgotten_an_order_ends_it_and_what_was_executed_stays() -> None:
    store = MemoryStore()
    with life(store, SimulatedExchange()) as system:
        system.publish(quote(ask_size="0.4"))
        partly = system.submit(limit("101", "1"))
        assert system.wait(partly, OrderState.PARTIALLY_FILLED, timeout=BOUND)
    with life(store, SimulatedExchange()) as system:
        order = system.order(partly)
        assert (order.state, order.reason) == (OrderState.CANCELLED, Reason.NOT_AT_VENUE)
        assert order.filled_quantity == Decimal("0.4")
        assert system.portfolio().positions["BTC/USDT"].quantity == Decimal("0.4")
        assert [type(one.event) for one in system.history()][-3:] == [e.OrderInDoubt, e.OrderResolved, e.OrderCancelled]
        assert_clean(system)


def test_an_order_in_a_list_that_contradicts_itself_halts_trading() -> None:
    terms = {"client_order_id": "odd", "symbol": "BTC/USDT", "side": Side.BUY, "quantity": "1"}
    venue, problems = Lister((r.VenueOrderListed, {**terms, "order_type": OrderType.LIMIT})), Recorder()
    with life(MemoryStore(), venue, on_error=problems) as system:
        assert system.trading_state() is TradingState.HALTED
        assert [one.what for one in problems.items if isinstance(one, Problem)] == ["set aside"]
        assert system.orders() == ()
        refused = system.order(system.submit(limit("90")))
        assert refused.reason is Reason.HALTED
        assert "a VenueOrderListed could not be handled" in refused.reason_text


@pytest.mark.parametrize("runtime", ["stepped", "threads"])
def test_a_venue_that_cannot_be_reached_has_not_answered(runtime: str) -> None:
    venue = OwnVenue()
    with system_of(BTC, exchange=venue, runtime=runtime, journal=MemoryStore()) as system:
        venue.report(r.VenueDisconnected(reason="gone"))
        assert system.quiesce(BOUND)
        assert not system.reconcile(timeout=BOUND)


def test_what_resume_has_ended_has_not_been_answered() -> None:
    venue, store = OwnVenue(), MemoryStore()
    with system_of(BTC, exchange=venue, runtime="threads", journal=store) as system:
        system.publish(quote())
        system.submit(limit("90"))
        assert system.quiesce(BOUND)
        with ThreadPoolExecutor(1) as other:
            answered = other.submit(system.reconcile, BOUND)
            while not answered.done():
                system.resume()
        assert answered.result() is False


FOREIGN = {"client_order_id": "byhand", "symbol": "ETH/USDT", "side": Side.BUY}
BY_HAND = r.Fill(execution_id="f-1", quantity="2", price="10", fee="0", fee_currency="USDT")


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "still to be closed"])
def test_what_was_executed_in_what_is_not_traded_here_is_closed_and_the_next_life_begins(*, is_closed: bool) -> None:
    store, venue, problems = MemoryStore(), OwnVenue(), Recorder()
    with life(store, venue, answer_within=None, on_error=problems) as system:
        venue.report(r.VenueFilled(**FOREIGN, fill=BY_HAND))
        assert system.quiesce(BOUND)
        system.kill("enough", flatten=True)
        assert system.quiesce(BOUND)
        (close,) = (request for request in venue.requests.items if isinstance(request, r.VenueSubmit))
        assert (close.symbol, close.side, close.quantity) == ("ETH/USDT", Side.SELL, 2)
        if is_closed:
            sold = attrs.evolve(BY_HAND, execution_id="f-2")
            named = {"client_order_id": close.client_order_id, "symbol": close.symbol, "side": close.side}
            venue.report(r.VenueFilled(**named, fill=sold))
            assert system.quiesce(BOUND)
            assert system.portfolio().positions["ETH/USDT"].quantity == 0
        assert_clean(system)
    assert not [one for one in problems.items if isinstance(one, Problem)]
    with life(store, OwnVenue(), answer_within=None) as system:
        assert system.trading_state() is TradingState.HALTED
        assert [order.is_closed for order in system.orders()] == [True, is_closed]
        assert_clean(system)
