"""The timer of the exchange for orders that expire, and the simulated exchange's actor with it."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import attrs
import pytest
from builders import request as venue_request
from helpers import BTC, NOW, Collector, Desk, quote

from orderpit import Reason, SimulatedExchange, TimeInForce, TradingHours
from orderpit.actors.expiring import ExpiryTimer
from orderpit.actors.messages import CheckExpiries
from orderpit.actors.simulated_exchange import SimulatedExchangeActor
from orderpit.model import reports as r
from orderpit.model.venue import SimulatedVenue
from orderpit.testing.chaos.actor import SimulatedChaosActor
from orderpit.testing.chaos.faults import Faults


class Timer:
    def __init__(self, delay_ns: int, message: CheckExpiries, *, background: bool) -> None:
        self.delay_ns, self.message, self.background = delay_ns, message, background
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Timers:
    """Keeps the timers that are set; the test fires them."""

    def __init__(self) -> None:
        self.set: list[Timer] = []

    def call_later(self, delay_ns: int, _target: Any, message: Any, *, background: bool = False) -> Timer:
        self.set.append(Timer(delay_ns, message, background=background))
        return self.set[-1]

    def running(self) -> list[int]:
        return [timer.delay_ns for timer in self.set if not timer.cancelled]


@pytest.fixture
def timers() -> Timers:
    return Timers()


@pytest.fixture
def timer(timers: Timers) -> ExpiryTimer:
    return ExpiryTimer(Collector(), timers.call_later)


def test_one_timer_runs_in_the_background(timer: ExpiryTimer, timers: Timers) -> None:
    timer.set(50, 10)
    assert [(one.delay_ns, one.background) for one in timers.set] == [(40, True)]


def test_none_runs_where_nothing_expires(timer: ExpiryTimer, timers: Timers) -> None:
    timer.set(None, 10)
    assert timers.set == []


def test_a_later_expiry_needs_no_other_timer(timer: ExpiryTimer, timers: Timers) -> None:
    for due in (50, 50, 60, None):
        timer.set(due, 10)
    assert timers.running() == [40]


def test_an_earlier_expiry_takes_the_place_of_a_later_one(timer: ExpiryTimer, timers: Timers) -> None:
    timer.set(50, 10)
    timer.set(30, 10)
    assert timers.running() == [20]


def test_one_that_is_due_is_set_for_now(timer: ExpiryTimer, timers: Timers) -> None:
    timer.set(5, 10)
    assert timers.running() == [0]


def test_once_it_has_fired_another_can_be_set(timer: ExpiryTimer, timers: Timers) -> None:
    timer.set(50, 10)
    timer.fired(timers.set[0].message)
    timer.set(60, 50)
    assert timers.running() == [40, 10]


def test_one_that_fires_though_it_was_cancelled_leaves_the_other_running(timer: ExpiryTimer, timers: Timers) -> None:
    timer.set(50, 10)
    timer.set(30, 10)
    timer.fired(timers.set[0].message)
    timer.set(30, 20)
    assert timers.running() == [20]


# -- the actor


class Exchange:
    """The actor of a simulated exchange, plain or with faults, and the order manager that it reports to."""

    def __init__(self, desk: Desk, timers: Timers, *, chaos: bool) -> None:
        self.desk, self.timers, self.manager = desk, timers, Collector()
        ids = map("x-{}".format, itertools.count(1)).__next__
        hours = TradingHours(open="00:00", close="00:00", days=range(7))
        btc = {BTC.symbol: attrs.evolve(BTC, trading_hours=hours)}
        venue = SimulatedVenue(btc, SimulatedExchange().rules, lambda *_: Decimal(0), ids)
        me: Any = Collector()
        if chaos:
            faults = (me, self.manager, btc, Faults.none(), lambda *_: Decimal(0), ids, timers.call_later)
            self.actor = desk.make(SimulatedChaosActor, venue, *faults)
        else:
            self.actor = desk.make(SimulatedExchangeActor, me, self.manager, venue, lambda _: 0, timers.call_later)

    def tell(self, message: Any, at: int = 0) -> list[str]:
        self.desk.clock.now = NOW + at
        before = len(self.manager.messages)
        self.actor.on_receive(message)
        return [type(report).__name__ for report in self.manager.messages[before:]]

    def gtd(self, client_id: str, until: int, at: int = 0) -> list[str]:
        order = attrs.evolve(
            venue_request(r.VenueSubmit),
            client_order_id=client_id,
            time_in_force=TimeInForce.GTD,
            expire_time_ns=NOW + until,
        )
        return self.tell(order, at)

    def fire(self, at: int) -> list[str]:
        return self.tell(self.timers.set[-1].message, at)


@pytest.fixture(params=[False, True], ids=["simulated", "chaos"])
def exchange(request: pytest.FixtureRequest, desk: Desk, timers: Timers) -> Exchange:
    return Exchange(desk, timers, chaos=request.param)


def test_an_order_expires_when_its_timer_fires(exchange: Exchange) -> None:
    exchange.gtd("a", 50)
    assert exchange.timers.running() == [50]
    assert exchange.fire(50) == ["VenueExpired"]
    assert exchange.manager.messages[-1].reason is Reason.TIME_IN_FORCE
    assert exchange.timers.running() == [50]


def test_the_next_order_gets_the_next_timer(exchange: Exchange) -> None:
    exchange.gtd("a", 50)
    exchange.gtd("b", 70, at=10)
    assert exchange.fire(50) == ["VenueExpired"]
    assert exchange.timers.running() == [50, 20]
    assert exchange.fire(70) == ["VenueExpired"]


def test_a_timer_that_is_early_is_set_anew(exchange: Exchange) -> None:
    exchange.gtd("a", 50)
    assert exchange.fire(49) == []
    assert exchange.timers.running() == [50, 1]
    assert exchange.fire(50) == ["VenueExpired"]


def test_what_comes_before_a_timer_that_is_late_finds_the_order_expired(exchange: Exchange) -> None:
    exchange.gtd("a", 50)
    assert exchange.tell(quote("99", "100"), at=60) == ["VenueExpired"]
    assert exchange.fire(61) == []


def test_what_has_ended_before_its_time_leaves_a_timer_that_finds_nothing(exchange: Exchange) -> None:
    exchange.gtd("o-1", 50)
    exchange.tell(venue_request(r.VenueCancel))
    assert exchange.fire(50) == []
    assert exchange.timers.running() == [50]


def test_an_order_for_the_day_has_a_timer_too(exchange: Exchange) -> None:
    exchange.tell(attrs.evolve(venue_request(r.VenueSubmit), time_in_force=TimeInForce.DAY))
    day = 86_400 * 10**9
    assert exchange.timers.running() == [day - NOW % day]


def test_a_timer_that_fires_while_the_exchange_stops_is_no_problem(exchange: Exchange) -> None:
    exchange.actor._bury(CheckExpiries(1))
    assert exchange.desk.problems == []
    exchange.actor._bury(venue_request(r.VenueCancel))
    assert len(exchange.desk.problems) == 1
