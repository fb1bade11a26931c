"""Market orders from submit to filled: through five actors on threads, and through the same actors without threads.

    python -m benchmarks.round_trip [--orders 20000] [--runs 5] [--json]

20,000 MARKET orders of 0.1 BTC/USDT on alternating sides, each filled in full against one quote: state, fill, position
and cash are booked exactly, every update is kept by the view, and the strategy is told of every step. On threads all
orders are submitted at once; without threads the very same actor objects handle the very same messages from one
queue, which shows what the hand-over between threads costs.
"""

from __future__ import annotations

import argparse
import contextvars
import gc
import json
import platform
import statistics
import sys
import time
from collections import deque
from typing import Any

import attrs

from orderpit import (
    Instrument,
    OrderState,
    OrderType,
    OrderUpdate,
    Quote,
    RiskLimits,
    Side,
    SimulatedExchange,
    Strategy,
    SubmitOrder,
    TradingSystem,
    audit,
)
from orderpit.actors.books import books_for
from orderpit.actors.conflation import QuoteSlots
from orderpit.actors.messages import Register, StartStrategy
from orderpit.actors.monitor import to_stderr
from orderpit.actors.settings import Settings
from orderpit.actors.strategy import StrategyActor
from orderpit.actors.threads import ThreadRuntime
from orderpit.actors.wiring import Addresses, plan

BTC = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.00001")
LIMITS = RiskLimits(max_order_quantity="10", max_order_notional="1000000")
QUOTE = Quote("BTC/USDT", bid="49999.99", ask="50000.01")


class Flood(Strategy):
    """Submits every order at its start and counts how many were filled."""

    def __init__(self, orders: int) -> None:
        self.orders = orders
        self.told = 0
        self.filled = 0

    def on_start(self) -> None:
        """Submit all."""
        sides = (Side.BUY, Side.SELL)
        for number in range(self.orders):
            self.submit(SubmitOrder("BTC/USDT", sides[number % 2], OrderType.MARKET, "0.1"))

    def on_order(self, update: OrderUpdate) -> None:
        """Count."""
        self.told += 1
        if update.order is not None and update.order.state is OrderState.FILLED:
            self.filled += 1


def on_threads(orders: int) -> float:
    """Return orders per second through actors on threads."""
    flood = Flood(orders)
    with TradingSystem(
        [BTC], exchange=SimulatedExchange(), risk=LIMITS, max_in_flight=orders, max_unanswered=orders
    ) as system:
        system.publish(QUOTE)
        start = time.perf_counter()
        system.add_strategy(lambda: flood, strategy_id="flood")
        if not system.quiesce(600):
            sys.exit("the orders were not done within 600 s")
        seconds = time.perf_counter() - start
        report = audit(system)
    if report.violations or flood.filled != orders:
        sys.exit(f"{flood.filled} of {orders} filled, violations: {report.violations}")
    return orders / seconds


class _Line:
    """Stands in for every mailbox: one queue of (actor, message)."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[_Stop, Any]] = deque()

    def run(self) -> None:
        while self.waiting:
            stop, message = self.waiting.popleft()
            stop.actor.on_receive(message)


class _Stop:
    """An address without a thread."""

    def __init__(self, line: _Line) -> None:
        self.line = line
        self.actor: Any = None

    def send(self, message: Any) -> bool:
        self.line.waiting.append((self, message))
        return True


def without_threads(orders: int) -> float:
    """Return orders per second through the same actor objects, on one thread, from one queue."""
    return contextvars.copy_context().run(_without_threads, orders)


def _without_threads(orders: int) -> float:
    settings = Settings(
        instruments=[BTC],
        exchange=SimulatedExchange(),
        cash=None,
        limits=LIMITS,
        runtime="threads",
        clock="wall",
        seed=0,
        on_error=to_stderr,
        history=10_000,
        max_in_flight=orders,
        max_unanswered=orders,
        answer_within=None,
        on_exit="leave",
        run_id=None,
    )
    runtime = ThreadRuntime(to_stderr, {}.__setitem__)
    line = _Line()
    monitor: Any = _Stop(line)
    stops: dict[str, Any] = {field.name: _Stop(line) for field in attrs.fields(Addresses)}
    at = Addresses(**stops)
    for one in plan(settings, runtime, at, monitor, {}.get, books_for(settings, runtime)):
        stop: Any = one.address
        stop.actor = one.actor_class(runtime.context("actor"), *one.arguments)
    flood = Flood(orders)
    strategy: Any = _Stop(line)
    strategy.actor = StrategyActor(
        runtime.context("flood"), lambda: flood, at.risk, runtime.ids("flood"), orders, QuoteSlots()
    )
    # Says that what runs here is this actor: a strategy may act in its own handlers alone.
    strategy.actor.on_start()
    at.manager.send(Register("flood", strategy))
    for target in (at.risk, at.portfolio, at.exchange):
        target.send(QUOTE)
    line.run()
    start = time.perf_counter()
    strategy.send(StartStrategy())
    line.run()
    seconds = time.perf_counter() - start
    runtime.close()
    if flood.filled != orders:
        sys.exit(f"{flood.filled} of {orders} filled")
    return orders / seconds


def main() -> None:
    """Measure both in turn, and print their medians and ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, list[float]] = {"threads": [], "no threads": []}
    for number in range(options.runs):
        for name, measure in (("threads", on_threads), ("no threads", without_threads)):
            gc.collect()
            figures[name].append(measure(options.orders))
            print(f"run {number + 1}: {name}: {figures[name][-1]:,.0f} orders/s", file=sys.stderr)
    medians = {name: statistics.median(values) for name, values in figures.items()}
    share = statistics.median(a / b for a, b in zip(figures["threads"], figures["no threads"], strict=True))
    if options.json:
        figures_of_all = {"orders": options.orders, "orders_per_second": figures, "share": share}
        print(json.dumps(figures_of_all))
        return
    print(f"{options.orders:,} market orders, {options.runs} runs, Python {platform.python_version()}")
    print(f"{'':12}{'median':>12}{'minimum':>12}{'maximum':>12}   orders/s")
    for name, values in figures.items():
        print(f"{name:12}{medians[name]:12,.0f}{min(values):12,.0f}{max(values):12,.0f}")
    print(f"threads reach {share:.0%} of the same actors without threads (median of the runs' ratios)")


if __name__ == "__main__":
    main()
