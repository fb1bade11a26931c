"""What a journal costs an order, and how long a system takes to start again.

    python -m benchmarks.restart [--orders 2000] [--closed 300] [--runs 3] [--folder PATH] [--restart-only] [--json]

MARKET orders, each filled in full, on threads: one after the other, and flooded; without a journal, with one in memory,
and with one on disk. Then the system is started again on the journal that is on disk, and the events are counted: first
every event is folded, then a snapshot of all of them is taken up.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from orderpit import Instrument, OrderState, OrderType, Quote, Side, SimulatedExchange, SubmitOrder, TradingSystem
from orderpit.journal.memory import MemoryStore

BTC = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.001")
BOUND = 120.0
KINDS = ("no journal", "in memory", "on disk")


def system(journal: Any, snapshot_every: int = 0) -> TradingSystem:
    """Return a system with a journal, or with none."""
    return TradingSystem(
        [BTC],
        exchange=SimulatedExchange(),
        cash={"USDT": "1000000000000"},
        journal=journal,
        max_in_flight=10**6,
        max_unanswered=10**6,
        snapshot_every=snapshot_every,
    )


def order(number: int) -> SubmitOrder:
    """Return one that is filled at once."""
    return SubmitOrder("BTC/USDT", Side.SELL if number % 2 else Side.BUY, OrderType.MARKET, "0.1")


def measure(journal: Any, closed: int, flooded: int) -> dict[str, float]:
    """Return microseconds: of an order in the middle, and of one in a hundred, and of each of a flood."""
    with system(journal) as running:
        running.publish(Quote("BTC/USDT", bid="99", ask="101"))
        taken: list[float] = []
        for number in range(closed):
            begin = time.perf_counter()
            running.wait(running.submit(order(number)), OrderState.FILLED, timeout=BOUND)
            taken.append((time.perf_counter() - begin) * 1e6)
        begin = time.perf_counter()
        for number in range(flooded):
            last = running.submit(order(number))
        running.wait(last, OrderState.FILLED, timeout=BOUND)
        flood = (time.perf_counter() - begin) / flooded * 1e6
    return {"median": statistics.median(taken), "1 in 100": statistics.quantiles(taken, n=100)[-1], "flooded": flood}


def make_snapshot(path: str) -> float:
    """Have a snapshot made of all events; return the seconds until it is there."""
    place, begin = Path(f"{path}.snapshot"), time.perf_counter()
    with system(path, snapshot_every=1):
        while not place.exists():
            if time.perf_counter() - begin > 10 * BOUND:
                raise TimeoutError(place)
            time.sleep(0.01)
    return time.perf_counter() - begin


def restarted(path: str, snapshot_every: int) -> tuple[int, float]:
    """Return how many events there are, and the seconds that a system takes to start on them."""
    begin = time.perf_counter()
    again = system(path, snapshot_every).start()
    spent = time.perf_counter() - begin
    events = again.stats()["total_events"]
    again.stop()
    return events, spent


def main() -> None:
    """Measure in turn, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=2_000)
    parser.add_argument("--closed", type=int, default=300)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", help="on the disk that is to be measured; that for temporary files unless given")
    parser.add_argument("--restart-only", action="store_true", help="leave out what an order costs")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {}
    starts: list[tuple[int, float, float, float]] = []
    for number in range(options.runs):
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            path = str(Path(name) / "orders.db")
            for kind, journal in zip(KINDS, (None, MemoryStore(), path), strict=True):
                if options.restart_only and journal is not path:
                    continue
                found.setdefault(kind, []).append(measure(journal, options.closed, options.orders))
            events, folded = restarted(path, 0)
            made = make_snapshot(path)
            starts.append((events, folded, made, restarted(path, 10**9)[1]))
        print(f"run {number + 1} done", file=sys.stderr)
    if options.json:
        print(json.dumps({"microseconds": found, "restarts": starts}))
        return
    if not options.restart_only:
        print(f"microseconds for an order, {options.runs} runs, Python {platform.python_version()}")
        print(f"{'':12}{'median':>10}{'1 in 100':>10}{'flooded':>10}{'of none':>10}")
        for kind, runs in found.items():
            middle = {what: statistics.median(run[what] for run in runs) for what in runs[0]}
            ratio = statistics.median(
                run["flooded"] / none["flooded"] for run, none in zip(runs, found[KINDS[0]], strict=True)
            )
            cells = "".join(f"{value:>10,.0f}" for value in middle.values())
            print(f"{kind:12}{cells}{ratio:>9.2f}x")
    print(f"starting again on {starts[0][0]:,} events")
    for which, what in enumerate(("folding each", "making a snapshot", "from the snapshot"), 1):
        seconds = statistics.median(one[which] for one in starts)
        each = statistics.median(one[which] / one[0] * 1e6 for one in starts)
        print(f"{what:20}{seconds:>8.2f} s{each:>8.0f} microseconds for each event")


if __name__ == "__main__":
    main()
