"""Faults of the runtime while orders fly: poison, floods, stuck subscribers, forks, and processes that end."""

from __future__ import annotations

import gc
import itertools
import os
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from helpers import BOUND, BTC, Recorder, assert_clean, limit, market, quote, system_of

from orderpit import OrderState, OrderUpdate, Problem, Quote, Side, Strategy, TradingSystem
from orderpit.model import events as e

ROOT = Path(__file__).parents[2]
MIB = 2**20


class Trader(Strategy):
    """Submits an order of one side or the other whenever one of its own has come to an end."""

    def __init__(self, orders: int, done: Recorder) -> None:
        self.left, self.done = orders, done

    def on_start(self) -> None:
        for _ in range(20):
            self.next()

    def on_order(self, update: OrderUpdate) -> None:
        if isinstance(update.event, e.OrderFilled | e.OrderRejected):
            self.next()

    def next(self) -> None:
        self.left -= 1
        if self.left >= 0:
            self.submit(market(side=(Side.BUY, Side.SELL)[self.left % 2]))
        elif self.left == -20:
            self.done(self.strategy_id)


def trading(system: TradingSystem, strategies: int, orders: int) -> Recorder:
    """Let strategies submit so many orders each; says which is done."""
    done = Recorder()
    system.publish(quote())
    for number in range(strategies):
        system.add_strategy(Trader, strategy_id=f"trader-{number}", orders=orders, done=done)
    return done


# -- poison


class Poisoned(Trader):
    """Fails in every third handler, in every way that there is, and trades in between."""

    ways = (ArithmeticError, SystemExit, MemoryError, GeneratorExit)

    def __init__(self, orders: int, done: Recorder) -> None:
        super().__init__(orders, done)
        self.turns = itertools.count(1)

    def on_order(self, update: OrderUpdate) -> None:
        super().on_order(update)
        turn = next(self.turns)
        if turn % 3 == 0:
            raise self.ways[turn // 3 % len(self.ways)]


@pytest.mark.fault(66, 67, 74)
def test_a_strategy_that_fails_in_every_way_is_stopped_and_the_others_trade_on(eager_switching: None) -> None:
    troubles, done = Recorder(), Recorder()
    with system_of(on_error=troubles, history=100) as system:
        system.publish(quote())
        system.add_strategy(Poisoned, strategy_id="poisoned", orders=10_000, done=done)
        assert len(trading(system, 3, 500).first(3)) == 3
        troubles.until(lambda items: any("is stopped" in problem.what for problem in items))
        assert system.quiesce(BOUND)
        stats = system.stats()
        assert stats["total_orders_filled"] == stats["total_orders_created"] >= 1_500
        assert_clean(system)
    assert {problem.actor for problem in troubles.items} == {"poisoned"}
    assert {problem.error for problem in troubles.items} >= {f"{way.__name__}()" for way in Poisoned.ways}
    assert_clean(system)


class Unreadable:
    """A message that nobody understands and nobody can show."""

    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.fault(45, 66)
def test_messages_that_nobody_understands_cost_no_actor_its_traffic(eager_switching: None) -> None:
    troubles = Recorder()
    with system_of(on_error=troubles, history=100) as system:
        done = trading(system, 3, 500)
        core = [address for address in system._at.all() if address.is_bound]
        rounds = 0
        while len(done.items) < 3:
            for address in core:
                address.send(Unreadable())
            rounds += 1
            done.until(lambda items, rounds=rounds: len(items) == 3 or len(troubles.items) >= rounds)
        assert system.quiesce(BOUND)
        assert system.stats()["total_orders_filled"] == 1_500
        assert_clean(system)
    told = [problem.actor for problem in troubles.items]
    assert {problem.what for problem in troubles.items} == {"unknown message"}
    assert {told.count(address.name) for address in core} == {rounds}


# -- floods


class Greedy(Strategy):
    """Submits ten thousand orders in each handler, without ever waiting for an answer."""

    each = 10_000

    def __init__(self, symbol: str, told: Recorder) -> None:
        self.told = told
        self.accepted = 0

    def on_market_data(self, data: Any) -> None:
        order = limit("50")
        self.accepted += sum(self.submit(order) is not None for _ in range(self.each))
        self.told(self.accepted)


@pytest.mark.fault(69)
def test_300_000_orders_of_one_strategy_are_refused_at_the_edge_and_cost_nobody_anything() -> None:
    turns, in_flight, told = 30, 100, Recorder()
    with system_of(max_in_flight=in_flight, history=100) as system:
        system.publish(quote(symbol="ETH/USDT"))
        system.publish(quote())
        system.add_strategy(Greedy, strategy_id="greedy", symbol=BTC.symbol, told=told)
        resting = [system.submit(limit("60", symbol="ETH/USDT")) for _ in range(turns)]
        gc.collect()
        before = _resident()
        for turn, order_id in enumerate(resting, 1):
            system.publish(quote())
            filled = system.submit(market(symbol="ETH/USDT"), timeout=BOUND)
            assert system.wait(filled, OrderState.FILLED, BOUND).is_filled
            system.cancel(order_id)
            assert system.wait(order_id, OrderState.CANCELLED, BOUND).state is OrderState.CANCELLED
            told.first(turn)
        assert system.quiesce(BOUND)
        gc.collect()
        grown = _resident() - before
        accepted = told.items[-1]
        high = {box.actor: box.high for box in system.mailboxes()}
    assert_clean(system)
    turns = len(told.items)
    assert system.books()["greedy"].refused_at_edge == turns * Greedy.each - accepted
    assert in_flight <= accepted <= turns * in_flight
    # A submission that was refused and kept would be half a kilobyte: 150 MiB in all.
    assert grown < 64 * MIB, grown / MIB
    assert max(high.values()) < 20 * in_flight, high


def _resident() -> int:
    """Bytes of memory that this process has, as far as the system tells."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


# -- subscribers


@pytest.mark.fault(70)
def test_a_stuck_subscriber_and_one_that_fails_hold_up_no_flood(eager_switching: None) -> None:
    gate, troubles, heard = threading.Event(), Recorder(), Recorder()

    def stuck(_: object) -> None:
        gate.wait()

    def fails(_: object) -> None:
        raise ArithmeticError

    with system_of(on_error=troubles, history=100) as system:
        system.subscribe(stuck)
        system.subscribe(stuck, Quote)
        system.subscribe(fails)
        system.subscribe(lambda update: heard(update.sequence))
        done = trading(system, 3, 500)
        moving, published = random.Random(0), 0
        while len(done.items) < 3 or published < 4_000:
            bid = moving.randint(92, 106)
            for _ in range(50):
                system.publish(quote(str(bid), str(bid + 2)))
            published += 50
            system.wait(system.submit(market()), OrderState.FILLED, BOUND)
        total = system.stats()["total_events"]
        heard.until(lambda items: items[-1] >= total)
        assert heard.items[:total] == list(range(1, total + 1))
        waiting = [box for box in system.mailboxes() if box.actor.startswith("subscriber-")]
        assert len(waiting) == 4
        # Updates wait for the one that is stuck, each of them; of quotes, a thousand and then only the newest.
        assert waiting[0].queued >= total - 1
        assert waiting[1].queued < 2_000 < published
        gate.set()
        assert system.quiesce(BOUND)
        assert_clean(system)
    assert {problem.error for problem in troubles.items} <= {"ArithmeticError()", ""}
    assert all(isinstance(problem, Problem) and problem.actor == waiting[2].actor for problem in troubles.items)


# -- processes


_IN_TRAFFIC = """
import os, signal, sys, threading
sys.path[:0] = ["tests"]
from helpers import Recorder, limit, market, quote, system_of
from orderpit import Strategy, SystemStopped

class Busy(Strategy):
    def on_start(self):
        for _ in range(50):
            self.submit(market())
    def on_order(self, update):
        if update.order is not None and update.order.is_filled:
            self.submit(market())

heard = Recorder()
system = system_of(history=100).start()
system.publish(quote())
system.subscribe(heard)
for _ in range(3):
    system.add_strategy(Busy)
heard.first(500)
"""

_FORKS = """
signal.alarm(50)
for _ in range(20):
    child = os.fork()
    if child == 0:
        signal.alarm(10)  # a lock that another thread held at the fork is held for ever here
        refused = 0
        for call in (
            lambda: system.submit(market()), lambda: system.cancel("x"), lambda: system.publish(quote()),
            lambda: system.halt("x"), system.stats, system.portfolio, lambda: system.subscribe(print),
        ):
            try:
                call()
            except SystemStopped:
                refused += 1
        system.stop()
        os._exit(refused)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    heard.first(len(heard.items) + 100)
assert system.stop()
from orderpit import audit
print(audit(system).violations)
"""


def _python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=3 * BOUND,
        check=False,
    )


@pytest.mark.fault(75)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_forked_in_traffic_refuses_everything_and_the_parent_trades_on() -> None:
    ended = _python(_IN_TRAFFIC + _FORKS)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("()\n", "", 0)


@pytest.mark.fault(74)
@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        ("", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("raise ArithmeticError('the host fails')", 1, "ArithmeticError: the host fails"),
        ("try: sys.exit(3)\nfinally: assert system.stop()", 3, ""),
    ],
    ids=["runs out", "sys.exit", "an error", "sys.exit inside with"],
)
def test_a_process_that_ends_in_traffic_ends_at_once(ending: str, code: int, said: str) -> None:
    ended = _python(_IN_TRAFFIC + ending)
    assert (ended.stdout, ended.returncode) == ("", code)
    assert ended.stderr.strip().endswith(said)
