"""The runtime on threads: clocks, timers, ids, chance, and spawning."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from helpers import BOUND, Collector, Desk, Recorder, Threads

from orderpit.actors.actor import BaseActor
from orderpit.actors.address import Address
from orderpit.actors.messages import Query, Ready
from orderpit.actors.threads import DataClock, DataTimers, ThreadRuntime, WallTimers

MS = 1_000_000


class Arrivals(Recorder):
    """A target that a test can wait for."""

    def send(self, message: Any) -> bool:
        self(message)
        return True


def runtime(**more: Any) -> ThreadRuntime:
    return ThreadRuntime(Recorder(), {}.__setitem__, **more)


# -- timers on the wall clock


@pytest.fixture
def timers() -> Any:
    running = WallTimers()
    yield running
    running.close()


def test_timers_fire_in_the_order_in_which_they_fall_due(timers: WallTimers) -> None:
    target = Arrivals()
    with timers._changed:  # none fires before all are set, however long this thread is kept from going on
        due = {
            delay: timers.call_later(delay * MS, target, delay, background=False).due  # type: ignore[attr-defined]
            for delay in (30, 10, 20, 0)
        }
    assert target.first(4) == sorted(due, key=due.__getitem__)


def test_timers_that_fall_due_together_fire_in_the_order_in_which_they_were_set(timers: WallTimers) -> None:
    target = Arrivals()
    for number in range(100):
        timers.call_later(0, target, number, background=False)
    assert target.first(100) == [*range(100)]


def test_a_timer_counts_as_under_way_until_its_message_has_been_sent() -> None:
    pending = Recorder()
    timers: WallTimers = WallTimers(lambda: pending(timers.pending()))
    seen: list[int] = []

    class Target(Arrivals):
        def send(self, message: Any) -> bool:
            seen.append(timers.pending())
            return super().send(message)

    target = Target()
    timers.call_later(10 * MS, target, "a", background=False)
    assert timers.pending() == 1
    target.first(1)
    assert seen == [1]
    assert pending.first(1) == [0]
    timers.close()


def test_a_background_timer_is_not_under_way_and_fires_all_the_same(timers: WallTimers) -> None:
    target = Arrivals()
    timers.call_later(5 * MS, target, "a", background=True)
    assert timers.pending() == 0
    assert target.first(1) == ["a"]


def test_a_cancelled_timer_does_not_fire_and_is_no_longer_under_way() -> None:
    told = Recorder()
    timers = WallTimers(lambda: told(1))
    target = Arrivals()
    timer = timers.call_later(20 * MS, target, "cancelled", background=False)
    hour = timers.call_later(3_600_000 * MS, target, "far", background=False)
    timer.cancel()
    hour.cancel()
    hour.cancel()
    assert timers.pending() == 0
    assert len(told.items) == 2, "whoever waits for quiet is told"
    timers.call_later(30 * MS, target, "next", background=False)
    assert target.first(1) == ["next"]
    timers.close()


def test_a_timer_cancelled_too_late_has_fired_and_changes_nothing(timers: WallTimers) -> None:
    target = Arrivals()
    timer = timers.call_later(0, target, "a", background=False)
    target.first(1)
    timer.cancel()
    timers.call_later(0, target, "b", background=False)
    assert target.first(2) == ["a", "b"]
    assert timers.pending() >= 0


def test_an_earlier_timer_overtakes_one_that_is_being_waited_for(timers: WallTimers) -> None:
    target = Arrivals()
    timers.call_later(3_600_000 * MS, target, "far", background=False)
    timers.call_later(MS, target, "near", background=False)
    assert target.first(1) == ["near"]


def test_closed_timers_fire_no_more_and_nothing_is_under_way() -> None:
    timers, target = WallTimers(), Arrivals()
    timers.call_later(3_600_000 * MS, target, "far", background=False)
    timers.close()
    timers.call_later(0, target, "late", background=False).cancel()
    assert timers.pending() == 0
    assert target.items == []


def test_timers_set_by_many_threads_all_fire_once(timers: WallTimers, eager_switching: None) -> None:
    target = Arrivals()

    def set_many(writer: int) -> None:
        for number in range(100):
            timer = timers.call_later((number % 7) * MS, target, (writer, number), background=number % 2 == 0)
            if number % 10 == 9:
                timer.cancel()
                timer.cancel()

    writers = [threading.Thread(target=set_many, args=(writer,)) for writer in range(4)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join(BOUND)
    fired = target.until(lambda items: len({item for item in items if item[1] % 10 != 9}) == 360)
    assert len(set(fired)) == len(fired)
    end = Arrivals()
    timers.call_later(20 * MS, end, "end", background=True)
    end.first(1)
    assert timers.pending() == 0


# -- timers and time of recorded data


def test_a_data_clock_stands_still_until_it_is_moved_and_never_goes_back() -> None:
    clock = DataClock()
    assert clock.now_ns() == 0
    clock.advance(5)
    clock.advance(3)
    assert clock.now_ns() == 5


def test_data_timers_fire_one_by_one_and_move_the_clock_to_when_they_were_due() -> None:
    clock, target = DataClock(), Collector()
    timers = DataTimers(clock)
    clock.advance(100)
    for delay in (30, 10, 10):
        timers.call_later(delay, target, delay, background=False)
    assert not timers.fire_next(109)
    assert [timers.fire_next(130) for _ in range(4)] == [True, True, True, False]
    assert target.messages == [10, 10, 30]
    assert clock.now_ns() == 130
    assert timers.pending() == 0


def test_at_the_end_of_the_data_timers_in_the_foreground_alone_fire() -> None:
    clock, target = DataClock(), Collector()
    timers = DataTimers(clock)
    timers.call_later(10, target, "background", background=True)
    timers.call_later(20, target, "foreground", background=False)
    assert [timers.fire_next(None) for _ in range(2)] == [True, False]
    assert target.messages == ["foreground"]
    assert timers.fire_next(20)
    assert target.messages == ["foreground", "background"]


def test_cancelled_and_closed_data_timers_do_not_fire() -> None:
    clock, target = DataClock(), Collector()
    timers = DataTimers(clock)
    timers.call_later(10, target, "cancelled", background=False).cancel()
    timers.call_later(10, target, "closed", background=False)
    timers.close()
    assert not timers.fire_next(100)
    assert target.messages == []


# -- ids and chance


def test_ids_name_run_sender_and_count_and_go_on_for_the_same_sender() -> None:
    source = runtime(run_id="run")
    first, again, other = source.ids("a"), source.ids("a"), source.ids("b")
    assert [first(), again(), first(), other()] == ["run-a-1", "run-a-2", "run-a-3", "run-b-1"]


def test_ids_of_two_runs_differ() -> None:
    assert runtime().ids("a")() != runtime().ids("a")()


def test_ids_are_unique_when_many_threads_take_them(eager_switching: None) -> None:
    next_id, taken = runtime().ids("a"), Recorder()
    takers = [threading.Thread(target=lambda: taken([next_id() for _ in range(500)])) for _ in range(8)]
    for thread in takers:
        thread.start()
    ids = [one for some in taken.first(8) for one in some]
    assert len(set(ids)) == 4_000


def test_a_draw_depends_on_seed_key_and_count_and_on_nothing_else() -> None:
    draw, same, other = runtime().draws(7), runtime().draws(7), runtime().draws(8)
    assert draw("o-1", 0) == same("o-1", 0)
    assert len({draw("o-1", 0), draw("o-1", 1), draw("o-2", 0), other("o-1", 0)}) == 4


def test_draws_lie_evenly_between_zero_and_one() -> None:
    draw = runtime().draws(1)
    draws = [draw("key", count) for count in range(2_000)]
    assert all(0 <= one < 1 for one in draws)
    assert Decimal("0.47") < sum(draws) / 2_000 < Decimal("0.53")
    assert all(len(str(one)) <= 20 for one in draws)


# -- permits


def test_permits_run_out_and_come_back() -> None:
    gate = runtime().permits(2)
    assert [gate.acquire(0) for _ in range(3)] == [True, True, False]
    gate.release()
    assert gate.acquire(0)
    assert not gate.acquire(0.01)


# -- the base actor on its thread


class Counter(BaseActor):
    """Adds what it is sent, and sends it on; raises for what cannot be added."""

    def __init__(self, context: Any, target: Any) -> None:
        super().__init__(context)
        self.total = 0
        self.target = target

    def handle(self, message: Any) -> None:
        self.send(self.target, message)
        self.total += message

    def answer(self, query: Query) -> object:
        return 1 / 0 if isinstance(query, Breaks) else super().answer(query)

    def books(self) -> int:
        return self.total


class Breaks(Query):
    """A query that cannot be answered."""


def test_an_actor_is_given_its_name_and_is_left_with_its_books_when_it_stops(threads: Threads) -> None:
    address = threads.spawn(Counter, Collector(), name="counter")
    address.send(3)
    address.send(4)
    address.stop(BOUND)
    assert {name: left.books() for name, left in threads.books.items()} == {"counter": 7}


def test_a_query_that_raises_is_answered_with_its_error_and_costs_nothing_else(threads: Threads) -> None:
    address = threads.spawn(Counter, Collector())
    for _ in range(10):
        with pytest.raises(ZeroDivisionError):
            address.ask(Breaks(), BOUND)
    assert address.ask(Ready(), BOUND)
    assert threads.problems.items == []


def test_what_a_handler_that_raised_wanted_to_send_is_not_sent(desk: Desk) -> None:
    target = Collector()
    counter = desk.make(Counter, target)
    for message in (1, "poison", 2):
        counter.on_receive(message)
    assert target.messages == [1, 2]
    assert counter.books() == 3


class Hostile(Exception):
    """An exception that cannot even be shown."""

    def __str__(self) -> str:
        raise ZeroDivisionError

    __repr__ = __str__


class Throws(BaseActor):
    """Raises what it is sent."""

    def handle(self, message: Any) -> None:
        raise message


def test_an_exception_that_cannot_be_shown_is_reported_all_the_same(desk: Desk) -> None:
    actor = desk.make(Throws)
    actor.on_receive(Hostile())
    (problem,) = desk.problems
    assert "Hostile" in problem.error
    assert "Hostile" in problem.message


def test_four_failures_in_five_seconds_stop_an_actor_and_spread_out_they_do_not(threads: Threads, desk: Desk) -> None:
    address = threads.spawn(Throws)
    for _ in range(4):
        address.send(ZeroDivisionError())
    threads.problems.first(4)
    address.stop(BOUND)
    assert address.closed
    actor = desk.make(Throws)
    for _ in range(20):
        actor.on_receive(ZeroDivisionError())
        desk.clock.now += 1_700 * MS
    assert actor.mailbox.sent == 0, "it has not told itself to stop"


def test_asking_has_a_bound(threads: Threads) -> None:
    class Stuck(BaseActor):
        def handle(self, message: Any) -> None:
            message.wait(BOUND)

    gate = threading.Event()
    address = threads.spawn(Stuck)
    address.send(gate)
    with pytest.raises(TimeoutError, match="actor has not answered within"):
        address.ask(Ready(), 0.01)
    with pytest.raises(TimeoutError, match="actor has not stopped within"):
        address.stop(0.01)
    gate.set()
    address.stop(BOUND)


def test_the_threads_of_actors_are_daemons(threads: Threads) -> None:
    found = Recorder()

    class Looks(BaseActor):
        def handle(self, message: Any) -> None:
            found(threading.current_thread().daemon)

    threads.spawn(Looks).send(1)
    assert found.first(1) == [True]


def test_an_address_is_bound_before_its_actor_runs() -> None:
    bound = Recorder()
    running = runtime()
    address: Address[Any] = Address("actor")

    class Looks(BaseActor):
        def started(self) -> None:
            bound(address.is_bound)
            address.send("to myself")

        def handle(self, message: Any) -> None:
            bound(message)

    running.spawn(address, Looks)
    assert bound.first(2) == [True, "to myself"]
    address.stop(BOUND)
