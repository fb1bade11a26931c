"""Real threads under load: nothing deadlocks, nothing is lost, and the audit is clean."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import BTC, Recorder, assert_clean, limit, market, quote, system_of

from orderpit import (
    OrderState,
    OrderUpdate,
    SimulatedExchange,
    Strategy,
    TradingSystem,
)
from orderpit.model import events as e
from tests.figures.traffic import stop_in_traffic

DEADLINE = 300.0
"""Seconds after which a run is taken to have deadlocked; none takes a third of it on two slow cores."""


@pytest.fixture(params=[None, 1e-6], ids=["usual switching", "switching every microsecond"])
def switching(request: pytest.FixtureRequest) -> Iterator[float | None]:
    before = sys.getswitchinterval()
    if request.param is not None:
        sys.setswitchinterval(request.param)
    yield request.param
    sys.setswitchinterval(before)


def rate(what: str, count: int, since: float) -> None:
    seconds = time.perf_counter() - since
    sys.stderr.write(f"\n{what}: {count:,} in {seconds:.1f} s, {count / seconds:,.0f}/s\n")


@pytest.mark.fault(68)
def test_a_callback_that_submits_from_inside_the_callback_thousands_deep(switching: float | None) -> None:
    # At some depth a stack would end; far beyond it, as deep again shows nothing more.
    depth = 5_000 if switching is None else 1_000
    bottom = threading.Event()
    deepest = 0

    with system_of(history=100) as system:

        def callback(update: OrderUpdate) -> None:
            nonlocal deepest
            deepest += 1
            if deepest < depth:
                # Its own update, and the next call of this callback, come from inside of this one.
                system.submit(market())
            else:
                bottom.set()

        since = time.perf_counter()
        system.subscribe(callback, e.OrderFilled)
        system.publish(quote())
        system.submit(market())
        assert bottom.wait(DEADLINE)
        rate("orders from inside a callback", depth, since)
        assert system.quiesce(DEADLINE)
        assert system.stats()["total_orders_filled"] == depth
        assert system.portfolio().positions[BTC.symbol].quantity == depth
        assert_clean(system)


class Busy(Strategy):
    """Submits, modifies and cancels until it has given its number of commands.

    Every turn it gives one command of each kind, and each update that an order of its ends with is another turn.
    """

    def __init__(self, commands: int, seed: int, done: Recorder) -> None:
        self.left, self.random, self.done = commands, random.Random(seed), done
        self.given = 0
        self.told = False

    def on_start(self) -> None:
        for _ in range(20):
            self.turn()

    def on_order(self, update: OrderUpdate) -> None:
        event = update.event
        if isinstance(event, e.OrderOpened | e.OrderFilled | e.OrderCancelled | e.OrderRejected | e.CommandRefused):
            self.turn()

    def turn(self) -> None:
        if self.left <= 0:
            if not self.told:
                self.told = True
                self.done(self.given)
            return
        chance = self.random.random()
        working = self.orders()
        if working and chance < 0.25:
            self.cancel(self.random.choice(working).order_id)
            self.count()
        elif working and chance < 0.5:
            order = self.random.choice(working)
            self.modify(order.order_id, price=str(self.random.randint(90, 110)))
            self.count()
        else:
            while chance < 1.0:
                # One in two on average keeps the number of working orders about where it is.
                side = self.random.choice([limit().side, limit(side=_SELL).side])
                if self.submit(limit(str(self.random.randint(90, 110)), "0.5", side)) is not None:
                    self.count()
                chance += 0.4

    def count(self) -> None:
        self.left -= 1
        self.given += 1


_SELL = next(side for side in type(limit().side) if side is not limit().side)


def flood(strategies: int, commands: int, **settings: Any) -> None:
    done, troubles = Recorder(), Recorder()
    with system_of(on_error=troubles, history=1_000, **settings) as system:
        system.publish(quote("99", "101"))
        since = time.perf_counter()
        for number in range(strategies):
            system.add_strategy(Busy, commands=commands // strategies, seed=number, done=done)
        until = time.monotonic() + DEADLINE
        moving = random.Random(0)
        while len(done.items) < strategies:
            # The market moves, so that orders fill that would else wait for ever.
            bid = moving.randint(92, 106)
            system.publish(quote(str(bid), str(bid + 2)))
            assert system.quiesce(0.01) or time.monotonic() < until, (system.stats(), system.mailboxes())
        assert system.quiesce(DEADLINE)
        rate(f"commands of {strategies} strategies", sum(done.items), since)
        assert sum(done.items) >= commands
        stats = system.stats()
        assert stats["orders_by_state"]["PENDING"] == stats["orders_by_state"]["SUBMITTED"] == 0
        assert not any(order.in_doubt for order in system.orders())
        assert_clean(system)
        assert troubles.items == []
    assert_clean(system)


def test_eight_strategies_submit_modify_and_cancel_at_once_24_000_commands() -> None:
    flood(8, 24_000, max_in_flight=500)


def test_eight_strategies_at_once_with_threads_that_switch_every_microsecond(eager_switching: None) -> None:
    flood(8, 6_000)


def test_eight_strategies_at_once_on_a_venue_with_latency_slippage_and_chance() -> None:
    exchange = SimulatedExchange(latency="0.001", slippage="0.001", fill_probability="0.7", seed=5)
    flood(8, 6_000, exchange=exchange)


def test_eight_strategies_at_once_with_few_orders_in_flight() -> None:
    flood(8, 6_000, max_in_flight=3)


@pytest.mark.fault(71)
def test_a_system_that_is_stopped_during_traffic_again_and_again_closes_every_account(
    switching: float | None,
) -> None:
    # Threads that hold on for 5 ms take ten times as long over the same stop.
    since, runs = time.perf_counter(), 4 if switching is None else 40
    for number in range(runs):
        stop_in_traffic(number)
    rate("stops during traffic", runs, since)


def test_many_threads_submit_and_wait_at_once(eager_switching: None) -> None:
    finished = Recorder()

    def trade(system: TradingSystem) -> None:
        for _ in range(100):
            order = system.wait(system.submit(market(), timeout=DEADLINE), OrderState.FILLED, DEADLINE)
            assert order.is_filled
            assert system.portfolio().positions[BTC.symbol].quantity > 0
        finished(1)

    with system_of(max_in_flight=8) as system:
        system.publish(quote())
        since = time.perf_counter()
        traders = [threading.Thread(target=trade, args=(system,)) for _ in range(12)]
        for thread in traders:
            thread.start()
        for thread in traders:
            thread.join(DEADLINE)
        rate("round trips of twelve threads", 1_200, since)
        assert len(finished.items) == 12
        assert system.stats()["total_orders_filled"] == 1_200
        assert_clean(system)


def test_subscribers_that_come_and_go_during_traffic_hear_without_gap(eager_switching: None) -> None:
    gaps, troubles = Recorder(), Recorder()
    stop = threading.Event()

    def listen(system: TradingSystem) -> None:
        while not stop.is_set():
            heard = Recorder()
            handle = system.subscribe(heard)
            heard.first(20)
            handle.close(DEADLINE)
            sequences = [update.sequence for update in heard.items]
            if sequences != list(range(sequences[0], sequences[0] + len(sequences))):
                gaps(sequences)

    with system_of(on_error=troubles) as system:
        system.publish(quote())
        listeners = [threading.Thread(target=listen, args=(system,)) for _ in range(4)]
        for thread in listeners:
            thread.start()
        for _ in range(2_000):
            system.submit(market(), timeout=DEADLINE)
        stop.set()
        for thread in listeners:
            while thread.is_alive():
                system.submit(market(), timeout=DEADLINE)
                thread.join(0.01)
        assert gaps.items == []
        assert system.quiesce(DEADLINE)
        assert_clean(system)
    assert troubles.items == []
