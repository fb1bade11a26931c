"""The market feed: recorded data, one record at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from helpers import BOUND, NOW, Collector, Desk, Recorder, assert_clean, market, quote, system_of

from orderpit import InvalidConfiguration, InvalidMarketData, OrderState, Quote, SimulatedExchange, Strategy
from orderpit.actors.market_feed import MarketFeed, Progress
from orderpit.actors.messages import GetProgress, Held, NextRecord, PassOn, Recorded, StopFeed

SECOND = 1_000_000_000


class Feed:
    """A feed without a thread; the test says when all is quiet, and when time has passed."""

    def __init__(self, desk: Desk, records: Iterable[Any], passes: Any = lambda _: False) -> None:
        self.targets = (Collector(), Collector())
        self.exchange, self.me, self.done = Collector(), Collector(), Recorder()
        self.quiet: list[Any] = []
        self.desk = desk

        class Done:
            set = self.done

        targets, paced = (self.targets, self.exchange), (self.quiet.append, passes)
        self.actor = desk.make(MarketFeed, self.me, iter(records), {"BTC/USDT"}, *targets, *paced, Done())

    def begin(self) -> None:
        self.actor.on_receive(NextRecord())

    def go_on(self) -> None:
        self.quiet.pop()()
        self.actor.on_receive(self.me.messages.pop())

    @property
    def sent(self) -> list[Any]:
        return self.targets[0].messages


def records(count: int) -> list[Quote]:
    return [quote(str(number), "1000", time_ns=number * SECOND) for number in range(1, count + 1)]


def test_each_record_goes_to_every_target(desk: Desk) -> None:
    feed = Feed(desk, records(1))
    feed.begin()
    assert [target.messages for target in feed.targets] == [records(1)] * 2
    assert feed.exchange.messages == [Recorded(*records(1), feed.me)]


def test_a_record_that_the_exchange_has_something_to_say_of_is_passed_on_before_the_next_is_sent(desk: Desk) -> None:
    feed = Feed(desk, records(2))
    feed.begin()
    feed.actor.on_receive(Held())
    feed.go_on()
    assert feed.exchange.messages[1:] == [PassOn()]
    assert len(feed.sent) == 1
    feed.go_on()
    assert len(feed.sent) == 2


def test_a_record_that_is_kept_back_is_passed_on_also_when_the_feed_has_been_stopped(desk: Desk) -> None:
    feed = Feed(desk, records(2))
    feed.begin()
    feed.actor.on_receive(Held())
    feed.actor.on_receive(StopFeed())
    feed.go_on()
    feed.go_on()
    assert feed.exchange.messages[1:] == [PassOn()]
    assert len(feed.sent) == 1


def test_the_next_record_is_sent_when_all_is_quiet(desk: Desk) -> None:
    feed = Feed(desk, records(3))
    feed.begin()
    assert len(feed.sent) == 1
    feed.go_on()
    assert len(feed.sent) == 2


def test_the_end_is_answered_once_with_the_progress(desk: Desk) -> None:
    feed = Feed(desk, records(2))
    feed.begin()
    assert feed.actor.on_receive(GetProgress()) == Progress(1, ("BTC/USDT",), SECOND, SECOND)
    feed.go_on()
    feed.go_on()
    assert feed.done.items == [Progress(2, ("BTC/USDT",), SECOND, 2 * SECOND, finished=True)]
    feed.actor.on_receive(StopFeed())
    feed.actor.on_stop()
    assert len(feed.done.items) == 1


def test_a_record_of_a_symbol_that_is_not_traded_ends_the_feed(desk: Desk) -> None:
    feed = Feed(desk, [*records(1), quote(symbol="DOGE/USDT"), *records(1)])
    feed.begin()
    feed.go_on()
    assert len(feed.sent) == 1
    (error,) = feed.done.items
    assert type(error) is InvalidMarketData
    assert (error.field, error.value) == ("symbol", "'DOGE/USDT'")


def test_a_record_without_a_time_gets_the_systems(desk: Desk) -> None:
    feed = Feed(desk, [quote()])
    feed.begin()
    assert [record.time_ns for record in feed.sent] == [NOW]


def test_no_records_at_all_are_played_at_once(desk: Desk) -> None:
    feed = Feed(desk, [])
    feed.begin()
    assert feed.done.items == [Progress(finished=True)]


def test_what_falls_due_before_a_record_is_dealt_with_before_it_is_sent(desk: Desk) -> None:
    due = [True, True, False]
    feed = Feed(desk, records(1), lambda _: due.pop(0))
    feed.begin()
    assert feed.sent == []
    feed.go_on()
    assert feed.sent == []
    feed.go_on()
    assert len(feed.sent) == 1


def test_what_is_still_to_come_after_the_last_record_is_dealt_with_before_the_end(desk: Desk) -> None:
    passed: list[Any] = []

    def passes(until: Any) -> bool:
        passed.append(until)
        return len(passed) == 2

    feed = Feed(desk, records(1), passes)
    feed.begin()
    feed.go_on()
    assert feed.done.items == []
    feed.go_on()
    assert passed == [SECOND, None, None]
    assert len(feed.done.items) == 1


def test_a_feed_that_is_stopped_sends_no_more_and_answers(desk: Desk) -> None:
    feed = Feed(desk, records(3))
    feed.begin()
    feed.actor.on_receive(StopFeed())
    feed.go_on()
    assert len(feed.sent) == 1
    assert [progress.records for progress in feed.done.items] == [1]


def test_a_source_that_raises_ends_the_feed_with_its_error(desk: Desk) -> None:
    def source() -> Iterator[Any]:
        yield quote(time_ns=1)
        raise ConnectionError

    feed = Feed(desk, source())
    feed.begin()
    feed.go_on()
    assert [type(item) for item in feed.done.items] == [ConnectionError]
    assert len(feed.sent) == 1


@pytest.mark.parametrize("bad", ["a line", 3, object(), {"bid": 1}], ids=["str", "int", "object", "dict"])
def test_what_is_no_record_ends_the_feed_with_an_error_that_names_it(desk: Desk, bad: Any) -> None:
    feed = Feed(desk, [bad])
    feed.begin()
    assert [type(item) for item in feed.done.items] == [InvalidMarketData]
    assert feed.done.items[0].field == "record"
    assert feed.sent == []


def test_an_unknown_message_is_reported(desk: Desk) -> None:
    Feed(desk, []).actor.on_receive("what is this")
    assert [problem.what for problem in desk.problems] == ["unknown message"]


# -- in a system


class Buys(Strategy):
    """Buys at each quote, and notes which quotes it had seen when its order was filled."""

    def __init__(self, lag: Recorder) -> None:
        self.lag, self.seen = lag, 0

    def on_market_data(self, data: Any) -> None:
        self.seen += 1
        self.submit(market(tag=str(self.seen)))

    def on_order(self, update: Any) -> None:
        if update.order is not None and update.order.is_filled:
            self.lag(self.seen - int(update.order.tag))


@pytest.mark.parametrize("clock", ["wall", "data"])
def test_every_order_is_filled_before_the_next_record_is_sent(clock: str, eager_switching: None) -> None:
    lag = Recorder()
    with system_of(clock=clock) as system:
        system.add_strategy(Buys, lag=lag)
        progress = system.play(records(200)).wait(BOUND)
        assert progress == Progress(200, ("BTC/USDT",), SECOND, 200 * SECOND, finished=True)
        assert lag.items == [0] * 200
        assert_clean(system)


def test_on_a_data_clock_the_time_is_that_of_the_records() -> None:
    with system_of(clock="data") as system:
        system.add_strategy(Buys, lag=Recorder())
        system.play(records(3)).wait(BOUND)
        assert [order.created_ns for order in system.orders()] == [SECOND, 2 * SECOND, 3 * SECOND]


def test_the_same_records_and_seed_give_the_same_fills(eager_switching: None) -> None:
    def fills() -> list[Any]:
        exchange = SimulatedExchange(slippage="0.01", fill_probability="0.5", latency="1.5", seed=3)
        with system_of(exchange=exchange, clock="data", run_id="run") as system:
            system.add_strategy(Buys, lag=Recorder(), strategy_id="buys")
            system.play(records(60)).wait(BOUND)
            return [(order.order_id, order.fills) for order in system.orders()]

    assert fills() == fills()


def test_a_second_source_waits_until_the_first_has_been_played() -> None:
    gate = threading.Event()

    def slow() -> Iterator[Any]:
        assert gate.wait(BOUND)
        yield from records(1)

    with system_of() as system:
        first = system.play(slow())
        # The feed is reading, so it cannot answer how far it has come: do not ask it to.
        gate.set()
        first.wait(BOUND)
        assert system.play(records(2)).wait(BOUND).records == 2


def test_a_source_that_is_stopped_with_its_system_ends_early() -> None:
    def endless() -> Iterator[Any]:
        number = 0
        while True:
            number += 1
            yield quote(str(number), "1000000000", time_ns=number)

    with system_of() as system:
        playing = system.play(endless())
        order = system.wait(system.submit(market()), OrderState.FILLED, BOUND)
        assert order.is_closed
    progress = playing.wait(BOUND)
    assert progress.finished
    assert progress.records >= 0
    assert_clean(system)


def test_the_error_of_a_source_is_raised_to_whoever_waits_for_its_end() -> None:
    def source() -> Iterator[Any]:
        yield quote(time_ns=1)
        raise InvalidConfiguration.of("row", "x", "cannot be read")

    with system_of() as system:
        playing = system.play(source())
        with pytest.raises(InvalidConfiguration, match="cannot be read"):
            playing.wait(BOUND)
        assert system.quiesce(BOUND)
