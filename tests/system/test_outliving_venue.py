"""A venue that outlives the systems that trade there, on both runtimes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import BOUND, BTC, ETH, NOW, Recorder, assert_clean, limit, market, quote, system_of

from orderpit import (
    AlarmCode,
    Instrument,
    InvalidConfiguration,
    InvalidMarketData,
    OrderState,
    SimulatedExchange,
    TimeInForce,
    TradingState,
    TradingSystem,
    Venue,
    reports,
)
from orderpit.actors.stepped import START_NS
from orderpit.journal.memory import MemoryStore
from orderpit.testing import Crashed, Stepped, seeded
from orderpit.testing.chaos.exchange import ChaosExchange, happened, heal
from orderpit.testing.chaos.faults import Faults

SECOND = 1_000_000_000
runtimes = pytest.mark.parametrize("runtime", ["threads", "stepped"])


def a_venue(**settings: Any) -> Venue:
    return Venue(SimulatedExchange(**settings))


def trading(venue: Any, run_id: str, **settings: Any) -> TradingSystem:
    return system_of(**{"exchange": venue, "run_id": run_id, "runtime": "stepped"} | settings)


def executions(venue: Venue) -> list[str]:
    return [fill.execution_id for order in venue.orders.values() for fill in order.fill_chain.items()]


# -- what it remembers


@runtimes
def test_an_order_that_one_system_left_is_filled_by_the_prices_of_the_next(runtime: Any) -> None:
    venue = a_venue()
    with trading(venue, "one", runtime=runtime) as first:
        first.publish(quote())
        left = first.submit(limit("95", "2"))
        first.wait(left, OrderState.OPEN, BOUND)
        assert_clean(first)
    assert venue.orders[left].state is OrderState.OPEN
    with trading(venue, "two", runtime=runtime) as second:
        second.publish(quote("94", "95"))
        assert second.quiesce(BOUND)
        assert (venue.orders[left].state, venue.orders[left].filled) == (OrderState.FILLED, 2)
        # Nobody has told this system of it: an execution of an order that it does not know is booked to nobody's.
        assert [order.filled_quantity for order in second.orders()] == [2]


@runtimes
def test_the_ids_of_orders_and_executions_do_not_repeat_from_one_system_to_the_next(runtime: Any) -> None:
    venue = a_venue()
    for run_id in ("one", "two", "three"):
        with trading(venue, run_id, runtime=runtime) as system:
            system.publish(quote())
            for _ in range(3):
                system.wait(system.submit(market()), OrderState.FILLED, BOUND)
    assert len(venue.orders) == len({order.exchange_order_id for order in venue.orders.values()}) == 9
    assert len(set(executions(venue))) == 9


def test_orders_and_positions_are_those_of_all_the_systems_together() -> None:
    venue, told = a_venue(), Recorder()
    for run_id in ("one", "two"):
        troubles, on_delivery = Recorder(), lambda _, name, message: told(message) if name == "order_manager" else None
        with trading(venue, run_id, runtime=Stepped(on_delivery=on_delivery), on_error=troubles) as system:
            system.publish(quote())
            system.submit(market("3"))
            system._at.exchange.send(reports.VenueList(request_id="all", time_ns=NOW, source="test"))
            assert system.quiesce(1)
    ends = [message for message in told.items if isinstance(message, reports.VenueListed)]
    assert [(end.orders, [position.quantity for position in end.positions or ()]) for end in ends] == [
        (1, [3]),
        (2, [6]),
    ]


def test_what_is_read_is_a_picture_of_one_moment() -> None:
    venue = a_venue()
    assert (dict(venue.orders), venue.now_ns) == ({}, 0)
    with trading(venue, "one") as system:
        system.publish(quote())
        before = venue.orders
        order_id = system.submit(limit())
        assert not before
        assert list(venue.orders) == [order_id]


def test_the_books_of_a_system_that_has_left_are_those_of_when_it_left() -> None:
    venue = a_venue()
    with trading(venue, "one") as first:
        first.publish(quote())
        first.submit(market())
    with trading(venue, "two") as second:
        second.publish(quote())
        second.submit(market())
    assert_clean(first)


# -- one after the other


@runtimes
def test_two_systems_cannot_trade_at_one_venue_at_once(runtime: Any) -> None:
    venue = a_venue()
    with trading(venue, "one", runtime=runtime) as first:
        second = trading(venue, "two", runtime=runtime)
        with pytest.raises(InvalidConfiguration, match="another one trades there still"):
            second.start()
        first.publish(quote())
        assert first.wait(first.submit(market()), OrderState.FILLED, BOUND).is_filled
    with trading(venue, "three", runtime=runtime) as third:
        third.publish(quote())
        assert third.wait(third.submit(market()), OrderState.FILLED, BOUND).is_filled


def test_a_system_that_could_not_start_leaves_the_venue_to_the_next() -> None:
    venue = a_venue()
    first = trading(venue, "one", runtime=Stepped(crash_at=3))
    with pytest.raises(Crashed):
        first.start()
    with trading(venue, "two") as second:
        second.publish(quote())
        assert second.wait(second.submit(market()), OrderState.FILLED, 1).is_filled


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"instruments": (BTC, Instrument("ETH/USDT", price_increment="1", quantity_increment="1"))}, "instruments"),
        ({"instruments": (BTC, Instrument("SOL/USDT", price_increment="1", quantity_increment="1"))}, "instruments"),
        ({"positions": "hedged"}, "positions"),
    ],
    ids=["another increment", "another symbol", "another mode of positions"],
)
def test_a_later_system_must_fit_the_first(settings: dict[str, Any], field: str) -> None:
    venue = a_venue()
    with trading(venue, "one"):
        pass
    instruments = settings.pop("instruments", (BTC, ETH))
    with pytest.raises(InvalidConfiguration, match="first given to a system") as raised:
        system_of(*instruments, exchange=venue, runtime="stepped", **settings).start()
    assert raised.value.field == field
    with system_of(BTC, exchange=venue, runtime="stepped") as fewer:
        fewer.publish(quote())


def test_only_a_simulated_exchange_can_be_made_to_outlive_a_system() -> None:
    wrong: Any = "simulated"
    with pytest.raises(InvalidConfiguration, match="must be a SimulatedExchange"):
        Venue(wrong)
    assert repr(a_venue()).startswith("Venue(SimulatedExchange(")


def test_it_behaves_as_the_exchange_that_it_was_made_of() -> None:
    told = {"taker_fee": "0.002", "slippage": "0.01", "amends": False, "ties": False, "lists": False}
    exchange = SimulatedExchange(**told)
    venue = Venue(exchange)
    names = ("dearest_fee", "allowance", "allowance_ticks", "amends", "ties", "lists", "loses_nothing")
    assert [getattr(venue, name) for name in names] == [getattr(exchange, name) for name in names]


# -- time


def test_a_system_on_the_stepped_runtime_begins_no_earlier_than_the_venues_latest_moment() -> None:
    venue = a_venue()
    with trading(venue, "one", answer_within=5) as first:
        first.publish(quote())
        until = START_NS + 3 * SECOND
        order = limit("95", time_in_force=TimeInForce.GTD, expire_time_ns=until)
        first.wait(first.submit(order), OrderState.EXPIRED, 10)
        assert first._runtime.now_ns() == venue.now_ns == until
    with trading(venue, "two") as second:
        assert second._runtime.now_ns() == until
        second.publish(quote())
        assert venue.now_ns == until


@runtimes
def test_in_the_time_of_recorded_data_a_system_begins_no_earlier_either(runtime: Any) -> None:
    venue = a_venue()
    for run_id, times in (("one", (NOW, NOW + SECOND)), ("two", (NOW - SECOND, NOW + 2 * SECOND))):
        with trading(venue, run_id, runtime=runtime, clock="data") as system:
            system.play([quote(time_ns=time_ns) for time_ns in times[:1]]).wait(BOUND)
            assert system._runtime.now_ns() >= venue.now_ns
            system.play([quote(time_ns=time_ns) for time_ns in times[1:]]).wait(BOUND)
        assert venue.now_ns == times[-1]


def test_the_time_of_the_wall_may_lie_behind_the_venues_which_does_not_go_back() -> None:
    venue = a_venue()
    far = 4_000_000_000 * SECOND
    with trading(venue, "one"):
        pass
    venue.pass_time(far)
    with trading(venue, "two", runtime="threads") as system:
        system.publish(quote())
        order_id = system.submit(market())
        system.wait(order_id, OrderState.FILLED, BOUND)
        assert venue.now_ns == far
        assert [fill.time_ns for fill in venue.orders[order_id].fill_chain.items()] == [far]


def test_an_order_expires_by_the_time_of_the_next_system_and_one_that_is_due_before_it_starts_unheard() -> None:
    venue = a_venue()
    until = START_NS + 10 * SECOND
    with trading(venue, "one") as first:
        first.publish(quote())
        soon = first.submit(limit("95", time_in_force=TimeInForce.GTD, expire_time_ns=START_NS + 5 * SECOND))
        later = first.submit(limit("95", time_in_force=TimeInForce.GTD, expire_time_ns=until))
    heard: list[Any] = []
    with trading(venue, "two", runtime=Stepped(on_delivery=lambda *it: heard.append(it))) as second:
        assert venue.orders[soon].state is OrderState.OPEN
        with pytest.raises(TimeoutError):
            second.wait("never", OrderState.FILLED, 6)
        assert [venue.orders[it].state for it in (soon, later)] == [OrderState.EXPIRED, OrderState.OPEN]
    venue.pass_time(until)
    assert venue.orders[later].state is OrderState.EXPIRED
    told = [
        message.client_order_id
        for _, name, message in heard
        if (name, type(message).__name__) == ("order_manager", "VenueExpired")
    ]
    assert told == [soon]


# -- while nobody is there


def test_the_market_moves_on_while_no_system_is_there() -> None:
    venue = a_venue()
    with trading(venue, "one") as first:
        first.publish(quote())
        left = first.submit(limit("95"))
    venue.publish(quote("94", "95", time_ns=START_NS + SECOND))
    assert venue.orders[left].state is OrderState.FILLED
    assert venue.now_ns == START_NS + SECOND


def test_what_only_the_system_may_do_is_refused_while_one_is_there_and_before_the_first() -> None:
    venue = a_venue()
    with pytest.raises(InvalidConfiguration, match=r"must have been given to a system before publish\(\)"):
        venue.publish(quote())
    with trading(venue, "one"), pytest.raises(InvalidConfiguration, match=r"left by its system before pass_time\(\)"):
        venue.pass_time(NOW)
    wrong: Any = "a price"
    with pytest.raises(InvalidMarketData):
        venue.publish(wrong)


# -- crashes


def crash_points() -> Iterator[int]:
    venue = a_venue()
    with trading(venue, "whole", runtime=Stepped(choose=seeded(1))) as system:
        _trade(system)
        steps = system._runtime.scheduler.steps  # type: ignore[attr-defined]
    return iter(range(0, steps, 5))


def _trade(system: TradingSystem) -> None:
    system.publish(quote())
    for price in ("100", "101", "102"):
        system.submit(limit(price))
    system.quiesce(1)


def test_wherever_a_system_crashes_the_venue_goes_on_and_nothing_that_was_on_its_way_arrives_later() -> None:
    points = list(crash_points())
    reached: set[int] = set()
    for step in points:
        venue = a_venue(latency="0.01")
        with pytest.raises(Crashed), trading(venue, "one", runtime=Stepped(choose=seeded(1), crash_at=step)) as first:
            _trade(first)
        known = dict(venue.orders)
        reached.add(len(known))
        with trading(venue, "two") as second:
            assert second.quiesce(10)
            assert dict(venue.orders) == known
            second.publish(quote())
            order = second.wait(second.submit(market()), OrderState.FILLED, 10)
            assert order.filled_quantity == 1
        assert len(set(executions(venue))) == len(executions(venue))
    assert reached == {0, 1, 2, 3}, "crashes before, between and behind the orders"


def test_a_crashed_system_that_nobody_has_stopped_does_not_hold_the_venue() -> None:
    venue = a_venue()
    first = trading(venue, "one", runtime=Stepped(crash_at=60)).start()
    with pytest.raises(Crashed):
        first.play(quote() for _ in itertools.count()).wait(BOUND)
    with trading(venue, "two") as second:
        second.publish(quote())
        assert second.wait(second.submit(market()), OrderState.FILLED, 1).is_filled
        # Stopped at last, it does not take the venue from the one that trades there now.
        first.stop()
        assert second.wait(second.submit(market()), OrderState.FILLED, 1).is_filled


# -- behind faults


def test_a_venue_behind_faults_remembers_what_was_executed_beside_its_books() -> None:
    chaos = ChaosExchange(inner=a_venue(), faults=Faults(unknown_order="1", bust="0.5"))
    ids: set[str] = set()
    for run_id in ("one", "two"):
        with trading(chaos, run_id, on_error=Recorder()) as system:
            system.publish(quote())
            for _ in range(4):
                system.submit(market())
            assert heal(system)
            ids.update(fill.execution_id for order in system.orders() for fill in order.fills)
            assert happened(system)["unknown_order"] == 4
            external = [order for order in system.books()["exchange"].orders if order.draw_key == ""]
            assert len(external) == (4 if run_id == "one" else 8)
    assert len(ids) == len(set(ids)) >= 8


def test_positions_are_held_against_those_of_a_venue_behind_faults() -> None:
    store, problems = MemoryStore(), Recorder()
    with trading(a_venue(), "one", journal=store) as first:
        first.publish(quote())
        assert first.wait(first.submit(market("2")), OrderState.FILLED, BOUND)
    # It has been begun anew, and knows of nothing.
    with trading(ChaosExchange(inner=a_venue()), "two", journal=store, on_error=problems) as second:
        assert second.trading_state() is TradingState.HALTED
    texts = [one.text for one in problems.items if one.code is AlarmCode.UNRECONCILED]
    assert texts == ["BTC/USDT: the venue holds 0, on record are 2"]


def test_a_venue_behind_faults_goes_on_where_it_was_with_what_happened_while_nobody_was_there() -> None:
    venue = a_venue()
    chaos = ChaosExchange(inner=venue)
    with trading(chaos, "one") as first:
        first.publish(quote())
        left = first.submit(limit("95"))
    venue.publish(quote("94", "95"))
    with trading(chaos, "two") as second:
        (order,) = second.books()["exchange"].orders
        assert (order.client_order_id, order.state, order.filled) == (left, OrderState.FILLED, 1)


def test_two_systems_cannot_trade_behind_faults_at_once_either() -> None:
    chaos = ChaosExchange(inner=a_venue())
    with trading(chaos, "one"), pytest.raises(InvalidConfiguration, match="another one trades there still"):
        trading(chaos, "two").start()
    with trading(chaos, "three") as third:
        third.publish(quote())


def test_what_a_system_that_has_left_still_sends_does_not_arrive() -> None:
    venue = a_venue()
    with trading(venue, "one") as first:
        first.publish(quote())
        left = first.submit(limit())
    connection = first._left["exchange"]._venue
    late = reports.VenueCancel(client_order_id=left, request_id="late", symbol=BTC.symbol, time_ns=NOW, source="test")
    with trading(venue, "two"):
        assert connection.request(late, NOW) == ()
        assert connection.on_market_data(quote("50", "51"), NOW) == ()
    assert venue.orders[left].state is OrderState.OPEN
