"""One workload, run once in a process of its own, with one line of JSON on standard output.

    python -m benchmarks.workloads NAME [--runtime threads|stepped] [--orders 20000] [--drive flood|window|closed] ...

Everything is on in each: exact arithmetic, limits, every update kept, money and positions booked, immutable messages. A
workload that did not do all of its work ends with an error and prints no figure. See `python -m benchmarks` for all.
"""

from __future__ import annotations

import argparse
import gc
import heapq
import itertools
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

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
    Trade,
    TradingSystem,
    audit,
)
from orderpit.model.market import MarketData
from orderpit.readers import infer_instrument, open_records
from orderpit.strategies import MovingAverageCrossover, TwoSidedQuoter

BTC: Final = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.00001")
LIMITS: Final = RiskLimits(max_order_quantity="10", max_order_notional="1000000")
SIZE: Final = Decimal("0.1")
MIDDLE: Final = Decimal(50_000)
TICK: Final = Decimal("0.01")
WINDOW: Final = 64
LEVELS: Final = 50
APART: Final = Decimal(10)
BOUND: Final = 3_600.0
DATA: Final = Path(__file__).parents[2] / "shared" / "data"
RECORDED: Final = tuple(
    tuple(DATA / f"spot_{symbol}_{day}.gz" for day in (20240808, 20240809)) for symbol in ("btcusdt", "ethusdt")
)


class Stream(Strategy):
    """Keeps so many orders in flight until all have been sent, and notes how long each took.

    Args:
        orders: how many are sent.
        window: how many are in flight at once.
        make: the order of a number.
        cancels: whether each is cancelled once it works; it is done when it has been cancelled, else when it is filled.
    """

    def __init__(self, orders: int, window: int, make: Callable[[int], SubmitOrder], *, cancels: bool = False) -> None:
        self.orders = orders
        self.window = window
        self.make = make
        self.cancels = cancels
        self.done = 0
        self.took: list[float] = []
        self._sent = 0
        self._since: dict[str, float] = {}

    def on_start(self) -> None:
        """Send the first."""
        for _ in range(min(self.window, self.orders)):
            self._send()

    def on_order(self, update: OrderUpdate) -> None:
        """Cancel what works, if that is asked for; send the next for each that is done."""
        order = update.order
        if order is None:
            return
        if self.cancels and order.state is OrderState.OPEN and order.order_id in self._since:
            self.cancel(order.order_id)
        if order.is_closed:
            self.took.append(time.perf_counter() - self._since.pop(order.order_id))
            self.done += order.state is (OrderState.CANCELLED if self.cancels else OrderState.FILLED)
            if self._sent < self.orders:
                self._send()

    def _send(self) -> None:
        began = time.perf_counter()
        order_id = self.submit(self.make(self._sent))
        if order_id is None:
            sys.exit("an order was not taken")
        self._since[order_id] = began
        self._sent += 1


class Listens(Strategy):
    """Counts what it hears of the market."""

    def __init__(self) -> None:
        self.heard = 0

    def on_market_data(self, data: MarketData) -> None:
        """Count."""
        del data
        self.heard += 1


def quote(middle: Decimal) -> Quote:
    """Return a market that is a tick wide on both sides of a price."""
    return Quote(BTC.symbol, bid=middle - TICK, ask=middle + TICK)


def market(number: int) -> SubmitOrder:
    """Return an order that fills at once, on alternating sides."""
    return SubmitOrder(BTC.symbol, Side.SELL if number % 2 else Side.BUY, OrderType.MARKET, SIZE)


def away(number: int) -> SubmitOrder:
    """Return an order that rests on one of fifty levels of its side, the nearest of them a thousand from the middle."""
    distance = 1_000 + number // 2 % LEVELS * APART
    side, price = (Side.SELL, MIDDLE + distance) if number % 2 else (Side.BUY, MIDDLE - distance)
    return SubmitOrder(BTC.symbol, side, OrderType.LIMIT, SIZE, price=price)


def sweep() -> Iterable[Quote]:
    """Iterate over markets of which each crosses one level: all that are below, and then all above."""
    for way in (-1, 1):
        for step in range(LEVELS):
            yield quote(MIDDLE + way * (1_000 + step * APART + APART / 2))


def a_system(runtime: Any, orders: int, journal: str | None = None) -> TradingSystem:
    """Return a system that takes so many orders at once."""
    return TradingSystem(
        [BTC],
        exchange=SimulatedExchange(),
        cash={"USDT": "1000000000000"},
        risk=LIMITS,
        runtime=runtime,
        max_in_flight=orders,
        max_unanswered=orders,
        journal=journal,
    )


def settled(system: TradingSystem) -> None:
    """Wait until nothing is under way."""
    if not system.quiesce(BOUND):
        sys.exit(f"the work was not done within {BOUND:.0f} s")


def streamed(args: argparse.Namespace, make: Callable[[int], SubmitOrder], *, cancels: bool = False) -> dict[str, Any]:
    """Run one stream of orders; return seconds, latencies and the memory that each order took."""
    window = {"flood": args.orders, "window": WINDOW, "closed": 1}[args.drive]
    stream = Stream(args.orders, window, make, cancels=cancels)
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        journal = str(Path(folder) / "orders.db") if args.journal else None
        with a_system(args.runtime, args.orders, journal) as system:
            system.publish(quote(MIDDLE))
            settled(system)
            gc.collect()
            before = peak()
            began = time.perf_counter()
            system.add_strategy(lambda: stream, strategy_id="stream")
            settled(system)
            seconds = time.perf_counter() - began
            memory = (peak() - before) / args.orders
            violations = audit(system).violations
    if violations or stream.done != args.orders:
        sys.exit(f"{stream.done} of {args.orders} done, violations: {violations}")
    took = sorted(stream.took)
    return {
        "orders": args.orders,
        "seconds": seconds,
        "median_us": statistics.median(took) * 1e6,
        "p99_us": took[len(took) * 99 // 100] * 1e6,
        "bytes_per_order": memory,
    }


def peak() -> int:
    """Return the most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1_024)


def round_trip(args: argparse.Namespace) -> dict[str, Any]:
    """W1: market orders, each filled in full."""
    return streamed(args, market)


def resting_book(args: argparse.Namespace) -> dict[str, Any]:
    """W2: limit orders away from the market, all placed; then the price goes through all of them."""
    stream = Stream(args.orders, args.orders, away)
    with a_system(args.runtime, args.orders) as system:
        system.publish(quote(MIDDLE))
        settled(system)
        gc.collect()
        began = time.perf_counter()
        system.add_strategy(lambda: stream, strategy_id="stream")
        settled(system)
        placed = time.perf_counter()
        for one in sweep():
            system.publish(one)
        settled(system)
        seconds = time.perf_counter() - began
        violations = audit(system).violations
    if violations or stream.done != args.orders:
        sys.exit(f"{stream.done} of {args.orders} done, violations: {violations}")
    return {"orders": args.orders, "seconds": seconds, "placing_seconds": placed - began}


def price_update(args: argparse.Namespace) -> dict[str, Any]:
    """W2, one price: what a quote costs while so many orders rest, one that fills nothing and one that fills one order.

    On threads this is the time until nothing is under way, seen from outside.
    """
    updates = 200
    with a_system(args.runtime, args.orders + updates) as system:
        system.publish(quote(MIDDLE))
        settled(system)
        system.add_strategy(lambda: Stream(args.orders, args.orders, away), strategy_id="stream")
        settled(system)
        found: dict[str, Any] = {"orders": args.orders}
        for kind in ("idle", "filling"):
            took: list[float] = []
            for number in range(updates):
                price = MIDDLE + number % 10
                if kind == "filling":
                    order = SubmitOrder(BTC.symbol, Side.BUY, OrderType.LIMIT, SIZE, price=price - 5)
                    system.submit(order)
                    settled(system)
                    price -= 5 + TICK
                began = time.perf_counter()
                system.publish(quote(price))
                settled(system)
                took.append(time.perf_counter() - began)
                system.publish(quote(MIDDLE + 20))
                settled(system)
            found[f"{kind}_us"] = statistics.median(took) * 1e6
        filled = system.stats()["total_orders_filled"]
    if filled != updates:
        sys.exit(f"{filled} of {updates} filled")
    return found | {"seconds": found["idle_us"] / 1e6}


def place_and_cancel(args: argparse.Namespace) -> dict[str, Any]:
    """W3: limit orders, each placed and, once it works, cancelled."""
    return streamed(args, away, cancels=True)


def fan_out(args: argparse.Namespace) -> dict[str, Any]:
    """W4: one publisher, so many strategies that hear of each trade."""
    strategies = [Listens() for _ in range(args.subscribers)]
    with a_system(args.runtime, 1) as system:
        for number, strategy in enumerate(strategies):
            system.add_strategy(lambda one=strategy: one, strategy_id=f"listens-{number}")
        settled(system)
        gc.collect()
        trade = Trade(BTC.symbol, price="50000", size="1")
        began = time.perf_counter()
        for _ in range(args.orders):
            system.publish(trade)
        settled(system)
        seconds = time.perf_counter() - began
    heard = sum(strategy.heard for strategy in strategies)
    if heard != args.orders * args.subscribers:
        sys.exit(f"{heard} of {args.orders * args.subscribers} heard")
    return {"orders": args.orders, "seconds": seconds, "told": heard}


def session(args: argparse.Namespace) -> dict[str, Any]:
    """W5: recorded market data, every record, with the quoter and the crossover running."""
    if not all(file.exists() for files in RECORDED for file in files):
        return {"skipped": "the recorded market data are not beside the checkout, at ../shared/data"}
    instruments = [infer_instrument(files) for files in RECORDED]
    records = heapq.merge(*(open_records(files) for files in RECORDED), key=attrgetter("time_ns"))
    system = TradingSystem(
        instruments,
        exchange=SimulatedExchange(),
        cash={"USDT": "1000000"},
        risk=LIMITS,
        clock="data",
        runtime=args.runtime,
    )
    with system:
        for instrument in instruments:
            system.add_strategy(TwoSidedQuoter, symbol=instrument.symbol, size="0.01", tick=instrument.price_increment)
            system.add_strategy(MovingAverageCrossover, symbol=instrument.symbol, size="0.01")
        began = time.perf_counter()
        played = system.play(itertools.islice(records, args.records)).wait(BOUND)
        seconds = time.perf_counter() - began
        violations = audit(system).violations
        filled = system.stats()["total_orders_filled"]
    if violations:
        sys.exit(f"violations: {violations}")
    return {"orders": played.records, "seconds": seconds, "filled": filled}


WORKLOADS: Final[Mapping[str, Callable[[argparse.Namespace], dict[str, Any]]]] = MappingProxyType(
    {
        "round-trip": round_trip,
        "resting-book": resting_book,
        "price-update": price_update,
        "place-and-cancel": place_and_cancel,
        "fan-out": fan_out,
        "session": session,
    }
)


def main() -> None:
    """Run one workload, and print what it came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=tuple(WORKLOADS))
    parser.add_argument("--runtime", choices=("threads", "stepped"), default="threads")
    parser.add_argument("--orders", type=int, default=20_000, help="or records that are published")
    parser.add_argument("--drive", choices=("flood", "window", "closed"), default="flood")
    parser.add_argument("--subscribers", type=int, default=1)
    parser.add_argument("--records", type=int, help="of a recorded session; all unless given")
    parser.add_argument("--journal", action="store_true", help="write everything down, on disk")
    parser.add_argument("--folder", help="where the journal is; that for temporary files unless given")
    args = parser.parse_args()
    print(json.dumps(WORKLOADS[args.name](args)))


if __name__ == "__main__":
    main()
