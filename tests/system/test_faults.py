"""Faults at run time (part D of the catalogue), and attempts to lose an order. The number in a name is the row's."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import pytest
from builders import fill, report
from helpers import BOUND, BTC, NOW, OwnVenue, Recorder, assert_clean, limit, market, quote, system_of

from orderpit import (
    Alarm,
    AlarmCode,
    OrderState,
    OrderUpdate,
    Overloaded,
    Problem,
    Quote,
    Reason,
    SimulatedExchange,
    Strategy,
    SystemStopped,
    TradingSystem,
)
from orderpit.model import events as e
from orderpit.model import reports as r


class Does(Strategy):
    """Runs a function of the test for each piece of market data."""

    def __init__(self, data: Any = None, order: Any = None, stop: Any = None) -> None:
        self._data, self._order, self._stop = data, order, stop

    def on_market_data(self, data: Any) -> None:
        if self._data is not None:
            self._data(self, data)

    def on_order(self, update: OrderUpdate) -> None:
        if self._order is not None:
            self._order(self, update)

    def on_stop(self) -> None:
        if self._stop is not None:
            self._stop(self)


def still_trades(system: TradingSystem) -> None:
    system.publish(quote())
    assert system.wait(system.submit(market()), OrderState.FILLED, BOUND).is_filled


# -- poison and repeated failure


@pytest.mark.fault(66)
@pytest.mark.parametrize(
    "error", [ZeroDivisionError, SystemExit, KeyboardInterrupt, RecursionError, MemoryError], ids=lambda x: x.__name__
)
def test_66_a_strategy_that_raises_misses_one_message_and_goes_on(
    system: TradingSystem, troubles: Recorder, error: type[BaseException]
) -> None:
    seen = Recorder()

    def data(strategy: Strategy, item: Any) -> None:
        strategy.submit(limit("50"))
        if item.bid == 2:
            raise error
        seen(item.bid)

    system.add_strategy(Does, data=data)
    for bid in ("1", "2", "3"):
        system.publish(quote(bid))
    assert system.quiesce(BOUND)
    assert seen.items == [1, 3]
    assert len(system.orders()) == 2, "what the handler that raised had submitted did not leave"
    (problem,) = troubles.items
    assert (problem.actor, problem.what) == ("Does-1", "set aside")
    still_trades(system)
    assert_clean(system)


@pytest.mark.fault(66)
def test_66_a_subscriber_that_raises_misses_one_update_and_hears_the_next(
    system: TradingSystem, troubles: Recorder
) -> None:
    seen = Recorder()

    def callback(update: OrderUpdate) -> None:
        if update.sequence == 2:
            raise ZeroDivisionError
        seen(update.sequence)

    system.subscribe(callback)
    still_trades(system)
    assert seen.first(3) == [1, 3, 4]
    assert system.quiesce(BOUND)
    assert [problem.what for problem in troubles.items] == ["set aside"]


@pytest.mark.fault(66)
def test_66_an_on_error_that_raises_is_called_again_for_the_next_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    calls = Recorder()

    def on_error(trouble: Any) -> None:
        calls(trouble)
        raise SystemExit

    with system_of(on_error=on_error) as system:
        system.subscribe(lambda _: sys.exit(3), e.OrderFilled)
        for _ in range(3):
            still_trades(system)
        assert system.quiesce(BOUND)
        assert len(calls.items) == 3
        assert_clean(system)
    assert "on_error raised SystemExit" in capsys.readouterr().err


@pytest.mark.fault(67)
def test_67_repeated_failure_stops_that_strategy_and_no_other(system: TradingSystem, troubles: Recorder) -> None:
    seen = Recorder()

    def poison(strategy: Strategy, _: Any) -> None:
        raise ZeroDivisionError

    bad = system.add_strategy(Does, data=poison)
    system.add_strategy(Does, data=lambda _, item: seen(item.bid))
    for bid in range(1, 101):
        system.publish(quote(str(bid)))
    assert system.quiesce(BOUND)
    assert len(seen.items) == 100
    assert [problem.what for problem in troubles.items].count("set aside") == 4
    before = len(troubles.items)
    for _ in range(50):
        still_trades(system)
    assert system.quiesce(BOUND)
    # One dead letter may tell the exchange that nobody listens there any more.
    assert len(troubles.items) <= before + 1
    assert {problem.actor for problem in troubles.items} == {bad}
    assert_clean(system)


@pytest.mark.fault(67)
def test_67_the_orders_of_a_strategy_that_was_stopped_live_on_and_their_fills_are_booked(system: TradingSystem) -> None:
    def data(strategy: Strategy, item: Any) -> None:
        if item.bid == 1:
            strategy.submit(limit("50", order_id="orphan"))
        else:
            raise ZeroDivisionError

    system.add_strategy(Does, data=data)
    for _ in range(10):
        system.publish(quote("1"))
        system.publish(quote("2"))
    assert system.quiesce(BOUND)
    system.publish(quote("49", "50"))
    assert system.wait("orphan", OrderState.FILLED, BOUND).is_filled
    assert system.portfolio().positions[BTC.symbol].quantity == 1
    system.cancel("orphan")
    assert system.quiesce(BOUND)
    assert_clean(system)


@pytest.mark.fault(67)
def test_67_repeated_failure_stops_that_subscriber_and_no_other(system: TradingSystem, troubles: Recorder) -> None:
    seen = Recorder()
    system.subscribe(lambda _: 1 / 0)
    system.subscribe(seen)
    for _ in range(20):
        still_trades(system)
    assert len(seen.first(80)) == 80
    assert system.quiesce(BOUND)
    assert [problem.what for problem in troubles.items].count("set aside") == 4
    # What waited for it when it was stopped has been reported, one by one. It does not go on for ever: one dead letter
    # more may tell the publisher that nobody listens there any more.
    before = len(troubles.items)
    for _ in range(20):
        still_trades(system)
    assert system.quiesce(BOUND)
    assert len(troubles.items) <= before + 1


@pytest.mark.fault(67)
def test_67_repeated_failure_of_the_order_manager_halts_trading_and_lets_cancels_pass() -> None:
    venue, troubles = OwnVenue(), Recorder()
    with system_of(exchange=venue, on_error=troubles) as system:
        order_id = system.submit(limit())
        system.wait(order_id, OrderState.SUBMITTED, BOUND)
        for _ in range(4):
            venue.report(tampered(r.VenueFilled, client_order_id=order_id, fill=None))
        assert system.quiesce(BOUND)
        refused = system.wait(system.submit(limit(symbol="ETH/USDT")), OrderState.SUBMITTED, BOUND)
        assert refused.reason is Reason.HALTED
        system.cancel(order_id)
        venue.requests.until(lambda requests: r.VenueCancel in map(type, requests))
        system.resume()
        assert system.submit(limit(symbol="ETH/USDT"))
        assert system.quiesce(BOUND)
        assert_clean(system)


def test_67_repeated_failure_of_the_exchange_halts_nothing_it_still_does_and_reports_it() -> None:
    class Breaks(OwnVenue):
        def on_market_data(self, data: Any) -> None:
            raise ConnectionError

    troubles = Recorder()
    with system_of(exchange=Breaks(), on_error=troubles) as system:
        for _ in range(3):
            system.publish(quote())
        assert system.quiesce(BOUND)
        assert system.wait(system.submit(limit()), OrderState.SUBMITTED, BOUND).state is OrderState.SUBMITTED
        assert [problem.actor for problem in troubles.items] == ["exchange"] * 3


@pytest.mark.fault(67)
def test_67_an_exchange_that_fails_again_and_again_halts_trading_and_is_not_stopped() -> None:
    class Breaks(OwnVenue):
        def on_market_data(self, data: Any) -> None:
            raise ConnectionError

    venue = Breaks()
    with system_of(exchange=venue) as system:
        working = system.submit(limit())
        system.wait(working, OrderState.SUBMITTED, BOUND)
        for _ in range(10):
            system.publish(quote())
        assert system.quiesce(BOUND)
        refused = system.wait(system.submit(limit()), OrderState.SUBMITTED, BOUND)
        assert refused.reason is Reason.HALTED
        system.cancel(working)
        venue.requests.until(lambda requests: type(requests[-1]) is r.VenueCancel)
        assert_clean(system)


# -- the notebook's deadlock


@pytest.mark.fault(68)
def test_68_a_callback_that_publishes_and_submits_from_inside_the_callback_waits_for_nobody(
    system: TradingSystem,
) -> None:
    filled = Recorder()

    def callback(update: OrderUpdate) -> None:
        filled(update.sequence)
        if len(filled.items) < 500:
            system.publish(quote())
            system.submit(market())

    system.subscribe(callback, e.OrderFilled)
    still_trades(system)
    assert len(filled.first(500)) == 500
    assert system.quiesce(BOUND)
    assert_clean(system)


# -- flood


@pytest.mark.fault(69)
def test_69_a_flood_is_refused_at_the_edge_and_fills_and_cancels_are_unaffected() -> None:
    refused = Recorder()
    with system_of(max_in_flight=50) as system:
        system.publish(quote())
        working = [system.submit(limit("50"), timeout=BOUND) for _ in range(10)]
        system.wait(working[-1], OrderState.OPEN, BOUND)
        stop = threading.Event()

        def flood() -> None:
            count = 0
            while not stop.is_set():
                try:
                    system.submit(limit("50"), timeout=0)
                except Overloaded:
                    count += 1
            refused(count)

        flooders = [threading.Thread(target=flood) for _ in range(3)]
        for thread in flooders:
            thread.start()
        for order_id in working[:5]:
            system.cancel(order_id)
            assert system.wait(order_id, OrderState.CANCELLED, BOUND).state is OrderState.CANCELLED
        system.publish(quote("49", "50"))
        for order_id in working[5:]:
            assert system.wait(order_id, OrderState.FILLED, BOUND).is_filled
        stop.set()
        assert sum(refused.first(3)) > 0
        for thread in flooders:
            thread.join(BOUND)
        assert system.quiesce(BOUND)
        assert_clean(system)
        # Risk, order manager and view never had more to do than there were permits, and what each leads to.
        high = {box.actor: box.high for box in system.mailboxes()}
        assert high["risk_controller"] < 5_000, high


# -- slow and stuck subscribers


@pytest.mark.fault(70)
def test_70_a_stuck_subscriber_holds_up_nobody_but_itself(troubles: Recorder) -> None:
    gate, began, seen = threading.Event(), threading.Event(), Recorder()

    def stuck(_: Any) -> None:
        began.set()
        gate.wait(BOUND)

    with system_of(on_error=troubles) as system:
        system.subscribe(stuck)
        system.subscribe(stuck, Quote)
        system.subscribe(seen)
        for _ in range(50):
            still_trades(system)
        assert began.wait(BOUND)
        assert len(seen.first(200)) == 200
        gate.set()
    assert troubles.items == []
    assert_clean(system)


@pytest.mark.fault(70)
def test_70_a_system_stops_in_bounded_time_although_a_subscriber_is_stuck_and_says_so(troubles: Recorder) -> None:
    gate, began = threading.Event(), threading.Event()

    def stuck(_: Any) -> None:
        began.set()
        gate.wait(BOUND)

    system = system_of(on_error=troubles).start()
    system.subscribe(stuck)
    still_trades(system)
    assert began.wait(BOUND)
    before = time.monotonic()
    assert not system.stop(timeout=0.05)
    assert time.monotonic() - before < 5
    assert [problem.what for problem in troubles.items] == ["did not stop in time,"]
    with pytest.raises(SystemStopped):
        system.submit(market())
    gate.set()


# -- stop during traffic


@pytest.mark.fault(71)
@pytest.mark.parametrize("run", range(5))
def test_71_a_stop_during_traffic_closes_every_account(run: int, eager_switching: None) -> None:
    taken, refused, troubles = Recorder(), Recorder(), Recorder()
    system = system_of(exchange=SimulatedExchange(), on_error=troubles).start()
    system.publish(quote())
    begun = threading.Event()

    def trade(trader: int) -> None:
        for number in range(10_000):
            order_id = f"{trader}-{number}"
            try:
                taken(system.submit(limit("101", order_id=order_id)))
                system.publish(quote())
                system.cancel(order_id)
            except SystemStopped:
                refused(order_id)
                return
            if number == 20 + run:
                begun.set()

    traders = [threading.Thread(target=trade, args=(trader,)) for trader in range(3)]
    for thread in traders:
        thread.start()
    assert begun.wait(BOUND)
    system.stop()
    for thread in traders:
        thread.join(BOUND)
        assert not thread.is_alive()
    assert len(refused.items) == 3
    known = {order.order_id for order in system.books()["order_manager"].orders}
    assert known <= set(taken.items) | set(refused.items)
    assert_clean(system)
    # Whatever was taken and not handled has been reported, one by one.
    lost = set(taken.items) - known
    dead = [problem for problem in troubles.items if isinstance(problem, Problem) and "stopped before" in problem.what]
    assert len(lost) <= len(dead)


class WorksOne(Does):
    """Submits one order at its first market data."""

    has_submitted = False

    def on_market_data(self, data: Any) -> None:
        if not self.has_submitted:
            self.has_submitted = True
            self.submit(limit("50"))


@pytest.mark.fault(71)
def test_71_strategies_may_cancel_but_not_submit_while_the_system_stops() -> None:
    def stop(strategy: Strategy) -> None:
        for order in strategy.orders():
            strategy.cancel(order.order_id)
        strategy.submit(market(order_id="last"))

    with system_of() as system:
        system.add_strategy(WorksOne, stop=stop)
        system.publish(quote())
        assert system.quiesce(BOUND)
    ended = {order.order_id: (order.state, order.reason) for order in system.books()["order_manager"].orders}
    assert ended.pop("last") == (OrderState.REJECTED, Reason.HALTED)
    assert [state for state, _ in ended.values()] == [OrderState.CANCELLED]
    assert_clean(system)


@pytest.mark.fault(71)
def test_71_a_strategy_that_orders_anew_whenever_an_order_ends_does_not_keep_a_system_from_stopping() -> None:
    def order(strategy: Strategy, update: OrderUpdate) -> None:
        if update.order is not None and update.order.is_closed and update.order.state is not OrderState.REJECTED:
            strategy.submit(limit("50"))

    with system_of(on_exit="cancel") as system:
        system.add_strategy(WorksOne, order=order)
        system.publish(quote())
        assert system.quiesce(BOUND)
        assert system.stop(timeout=BOUND)
    states = [order.state for order in system.books()["order_manager"].orders]
    assert states == [OrderState.CANCELLED, OrderState.REJECTED]
    assert_clean(system)


@pytest.mark.parametrize("on_exit", ["leave", "cancel"])
def test_71_a_cancel_on_its_way_in_recorded_time_arrives_although_the_data_has_ended(on_exit: Any) -> None:
    def stop(strategy: Strategy) -> None:
        if on_exit == "leave":
            for order in strategy.orders():
                strategy.cancel(order.order_id)

    exchange = SimulatedExchange(latency="0.1")
    with system_of(clock="data", exchange=exchange, on_exit=on_exit) as system:
        system.add_strategy(WorksOne, stop=stop)
        system.play([quote(time_ns=NOW)]).wait(BOUND)
        assert system.stop(BOUND)
    assert [order.state for order in system.books()["order_manager"].orders] == [OrderState.CANCELLED]
    assert_clean(system)


class Flushes(OwnVenue):
    """Says while it is closed what it has not said before."""

    def close(self) -> None:
        for request in self.requests.items:
            self.report(report(r.VenueAccepted, client_order_id=request.client_order_id))
            self.report(report(r.VenueFilled, client_order_id=request.client_order_id))
        super().close()


@pytest.mark.fault(71)
def test_71_what_an_exchange_reports_while_it_is_closed_is_in_every_book(troubles: Recorder) -> None:
    with system_of(exchange=Flushes(), cash={"USDT": "1000000"}, on_error=troubles) as system:
        for _ in range(100):
            system.submit(limit(quantity="4"))
    assert {order.filled_quantity for order in system.books()["order_manager"].orders} == {2}
    assert_clean(system)
    assert troubles.items == []


class Later(OwnVenue):
    """Answers from a thread of its own, once the last cancel is there."""

    def request(self, request: Any) -> None:
        super().request(request)
        if isinstance(request, r.VenueCancel) and len(self.requests.items) == 6:
            self.thread = threading.Timer(0.05, self.answer)
            self.thread.start()

    def answer(self) -> None:
        for request in self.requests.items[:3]:
            self.report(report(r.VenueCancelled, client_order_id=request.client_order_id))


@pytest.mark.fault(71)
def test_71_a_stop_that_cancels_waits_for_what_the_venue_says_to_it() -> None:
    venue = Later()
    with system_of(exchange=venue, on_exit="cancel") as system:
        for _ in range(3):
            system.submit(limit())
        assert system.stop(BOUND)
    venue.thread.join(BOUND)
    assert [order.state for order in system.books()["order_manager"].orders] == [OrderState.CANCELLED] * 3
    assert_clean(system)


def test_71_a_stop_that_cancels_says_which_venue_has_not_answered(troubles: Recorder) -> None:
    system = system_of(exchange=OwnVenue(), on_exit="cancel", on_error=troubles).start()
    system.submit(limit())
    assert not system.stop(timeout=0.2)
    assert [problem.what for problem in troubles.items] == ["has not ended every order in time,"]


def test_71_a_strategy_that_asks_for_ever_does_not_keep_a_session_from_stopping() -> None:
    def ask(strategy: Strategy, update: OrderUpdate) -> None:
        strategy.cancel(update.event.order_id)

    system = system_of(clock="data", exchange=SimulatedExchange(latency="0.1")).start()
    system.add_strategy(Does, order=ask, stop=lambda strategy: strategy.cancel("unknown"))
    assert not system.stop(timeout=0.1)


@pytest.mark.fault(74)
def test_74_sys_exit_in_a_strategy_ends_nothing(system: TradingSystem, troubles: Recorder) -> None:
    system.add_strategy(Does, data=lambda *_: sys.exit(1))
    still_trades(system)
    assert system.quiesce(BOUND)
    assert [problem.error for problem in troubles.items] == ["SystemExit(1)"]
    assert_clean(system)


# -- attempts to lose an order


def tampered(kind: type[Any], **changes: Any) -> Any:
    """A venue report that passed no check."""
    bad = report(kind)
    for name, value in changes.items():
        object.__setattr__(bad, name, value)
    return bad


def filled(order_id: str, execution_id: str = "x-1", quantity: str = "1", **more: Any) -> r.VenueFilled:
    return report(r.VenueFilled, client_order_id=order_id, fill=fill(execution_id, quantity), **more)


@pytest.fixture
def at_venue(troubles: Recorder) -> Any:
    """A system on a venue of the test's own, with one order that it has been asked to place."""
    venue = OwnVenue()
    with system_of(exchange=venue, on_error=troubles) as system:
        order_id = system.submit(limit(quantity="10"))
        venue.requests.first(1)
        system.wait(order_id, OrderState.SUBMITTED, BOUND)
        yield system, venue, order_id
        assert system.quiesce(BOUND)
        assert_clean(system)


def settled(system: TradingSystem, order_id: str) -> Any:
    assert system.quiesce(BOUND)
    return system.order(order_id)


@pytest.mark.fault(66)
def test_a_report_that_cannot_be_handled_leaves_its_order_in_doubt_and_its_symbol_without_new_orders(
    at_venue: Any, troubles: Recorder
) -> None:
    system, venue, order_id = at_venue
    venue.report(tampered(r.VenueFilled, client_order_id=order_id, fill=None))
    doubted = settled(system, order_id)
    assert (doubted.in_doubt, doubted.state) == (True, OrderState.SUBMITTED)
    assert type(venue.requests.items[-1]) is r.VenueQuery
    refused = system.wait(system.submit(limit()), OrderState.SUBMITTED, BOUND)
    assert refused.reason is Reason.SYMBOL_STOPPED
    assert system.wait(system.submit(limit(symbol="ETH/USDT")), OrderState.SUBMITTED, BOUND).reason is None
    assert {type(trouble) for trouble in troubles.items} == {Problem, Alarm}
    # What comes next is booked, but only the venue's answer says that what was set aside was not one more.
    venue.report(filled(order_id, quantity="10"))
    order = settled(system, order_id)
    assert (order.in_doubt, order.state) == (True, OrderState.FILLED)
    venue.report(report(r.VenueStatus, client_order_id=order_id, state=OrderState.FILLED, filled_quantity="10"))
    order = settled(system, order_id)
    assert (order.in_doubt, order.state) == (False, OrderState.FILLED)


ANSWERS = {
    "working": (report(r.VenueStatus), OrderState.OPEN, False),
    "never there": (report(r.VenueStatus, state=None, complete=True), OrderState.REJECTED, False),
    "not found, but it may be": (report(r.VenueStatus, state=None), OrderState.SUBMITTED, True),
    "cancelled": (report(r.VenueStatus, state=OrderState.CANCELLED), OrderState.CANCELLED, False),
    "filled, the fill is missing": (
        report(r.VenueStatus, state=OrderState.FILLED, filled_quantity="10"),
        OrderState.SUBMITTED,
        True,
    ),
}


@pytest.mark.fault(3, 4)
@pytest.mark.parametrize("name", ANSWERS)
def test_a_venue_that_does_not_answer_is_asked_and_its_answer_resolves_the_doubt(name: str) -> None:
    answer, state, in_doubt = ANSWERS[name]
    venue, troubles = OwnVenue(), Recorder()
    with system_of(exchange=venue, answer_within="0.02", on_error=troubles) as system:
        heard = Recorder()
        system.subscribe(heard, e.OrderInDoubt)
        order_id = system.submit(limit(quantity="10"))
        heard.first(1)
        venue.requests.until(lambda requests: any(type(request) is r.VenueQuery for request in requests))
        object.__setattr__(answer, "client_order_id", order_id)
        venue.report(answer)
        order = settled(system, order_id)
        assert (order.state, order.in_doubt) == (state, in_doubt)
        assert AlarmCode.NO_ANSWER in {trouble.code for trouble in troubles.items}
        venue.report(filled(order_id, quantity="10"))
        assert settled(system, order_id).filled_quantity == 10, "money moved, whatever was said before"
        assert_clean(system)


@pytest.mark.fault(5, 6)
def test_every_report_twice_is_every_report_once(at_venue: Any) -> None:
    system, venue, order_id = at_venue
    reports = [
        report(r.VenueAccepted, client_order_id=order_id),
        filled(order_id, "x-1", "4"),
        filled(order_id, "x-2", "6"),
    ]
    for one in reports:
        for _ in range(3):
            venue.report(one)
    order = settled(system, order_id)
    assert (order.state, order.filled_quantity, len(order.fills)) == (OrderState.FILLED, 10, 2)
    assert system.portfolio().positions[BTC.symbol].quantity == 10


@pytest.mark.fault(8)
def test_a_fill_before_its_acknowledgement_implies_it(at_venue: Any) -> None:
    system, venue, order_id = at_venue
    venue.report(filled(order_id, quantity="10"))
    venue.report(report(r.VenueAccepted, client_order_id=order_id))
    assert settled(system, order_id).is_filled
    kinds = [type(update.event) for update in system.history() if update.event.order_id == order_id]
    assert kinds == [e.OrderCreated, e.OrderSubmitted, e.OrderOpened, e.OrderFilled]


@pytest.mark.fault(10)
def test_a_fill_after_the_end_of_its_order_is_booked_and_raises_an_alarm(at_venue: Any, troubles: Recorder) -> None:
    system, venue, order_id = at_venue
    venue.report(report(r.VenueCancelled, client_order_id=order_id))
    venue.report(filled(order_id, quantity="4"))
    order = settled(system, order_id)
    assert (order.state, order.filled_quantity, order.late_fill) == (OrderState.CANCELLED, 4, True)
    assert system.portfolio().positions[BTC.symbol].quantity == 4
    assert [alarm.code for alarm in troubles.items] == [AlarmCode.LATE_FILL]


@pytest.mark.fault(18)
def test_a_fill_beyond_the_quantity_is_booked_and_raises_an_alarm(at_venue: Any, troubles: Recorder) -> None:
    system, venue, order_id = at_venue
    venue.report(filled(order_id, quantity="12"))
    order = settled(system, order_id)
    assert (order.filled_quantity, order.excess_quantity, order.leaves_quantity) == (12, 2, 0)
    assert system.portfolio().positions[BTC.symbol].quantity == 12
    assert [alarm.code for alarm in troubles.items] == [AlarmCode.OVERFILL]


@pytest.mark.fault(19)
def test_a_fill_for_an_order_of_nobodys_is_booked_and_raises_an_alarm(at_venue: Any, troubles: Recorder) -> None:
    system, venue, _ = at_venue
    venue.report(filled("nobodys", quantity="3"))
    assert system.quiesce(BOUND)
    (external,) = system.orders(strategy_id="external")
    assert external.filled_quantity == 3
    assert system.portfolio().positions[BTC.symbol].quantity == 3
    assert [alarm.code for alarm in troubles.items] == [AlarmCode.UNKNOWN_ORDER]


@pytest.mark.fault(9, 12)
def test_a_cancel_that_comes_too_late_leaves_the_order_to_its_fill(at_venue: Any) -> None:
    system, venue, order_id = at_venue
    system.cancel(order_id)
    cancel = venue.requests.first(2)[1]
    venue.report(filled(order_id, "x-1", "4"))
    venue.report(report(r.VenueCancelRejected, client_order_id=order_id, request_id=cancel.request_id))
    venue.report(filled(order_id, "x-2", "6"))
    assert settled(system, order_id).is_filled


def test_an_order_that_was_cancelled_before_it_could_be_sent_ends_once_and_for_all(
    system: TradingSystem, eager_switching: None
) -> None:
    system.publish(quote())
    ids = []
    for _ in range(300):
        ids.append(system.submit(limit("50")))
        system.cancel(ids[-1])
    for order_id in ids:
        assert system.wait(order_id, OrderState.CANCELLED, BOUND).state is OrderState.CANCELLED
    assert_clean(system)


def test_an_unanswered_cancel_puts_the_order_in_doubt_and_can_be_made_again() -> None:
    venue = OwnVenue()
    with system_of(exchange=venue, answer_within="0.02") as system:
        heard = Recorder()
        system.subscribe(heard, e.OrderInDoubt)
        order_id = system.submit(limit())
        venue.requests.first(1)
        venue.report(report(r.VenueAccepted, client_order_id=order_id))
        system.wait(order_id, OrderState.OPEN, BOUND)
        system.cancel(order_id)
        heard.until(lambda updates: any(update.order.state is OrderState.OPEN for update in updates))
        venue.report(report(r.VenueStatus, client_order_id=order_id))
        assert not settled(system, order_id).in_doubt
        system.cancel(order_id)
        venue.requests.until(lambda requests: sum(type(one) is r.VenueCancel for one in requests) == 2)
        venue.report(report(r.VenueCancelled, client_order_id=order_id))
        assert settled(system, order_id).state is OrderState.CANCELLED
        assert_clean(system)


@pytest.mark.fault(76)
def test_76_a_clock_that_jumps_moves_no_order_and_no_deadline() -> None:
    venue = OwnVenue()
    with system_of(exchange=venue, clock="data") as system:
        ids = []
        for time_ns in (5_000_000_000, 1_000_000_000, 9_000_000_000, 2):
            system.publish(quote(time_ns=time_ns))
            ids.append(system.submit(limit()))
        assert system.quiesce(BOUND)
        assert [order.order_id for order in system.orders()] == ids
        assert [update.sequence for update in system.history()] == list(range(1, 9))
        assert_clean(system)
