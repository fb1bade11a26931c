"""The journal: events a second by the size of the batch, and how long it takes to open by the number of rows.

    python -m benchmarks.journal [--batches 1 10 100 1000] [--seconds 1] [--rows 10000 100000] [--runs 3]
                                 [--folder PATH] [--json]

An event is encoded, chained and made durable: two flushes to disk for each batch, one of the log and one of the mark.
The events are those of orders at work: created with five checks, submitted, opened, filled. "encode" is the same
without a store; "flush" says how many flushes a second the disk itself takes, each of a page that is overwritten.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from orderpit import OrderType, Side, SubmitOrder
from orderpit.journal.codec import Codec
from orderpit.journal.sqlite import open_store
from orderpit.model import events as e
from orderpit.model.judgement import Check, Judgement
from orderpit.model.kinds import Reason
from orderpit.model.reports import Fill

NOW = 1_700_000_000_000_000_000
SOURCE = {"time_ns": NOW, "source": "order_manager"}
CHECKS = tuple(Check(f"limit_{n}", Reason.MAX_LONG, "", "BTC/USDT", "the long position") for n in range(5))
JUDGEMENT = Judgement(CHECKS, tuple((Decimal("1.5"), Decimal(1_000)) for _ in CHECKS))


def events_of(order: int) -> tuple[e.Event, ...]:
    """Return the life of an order that is filled."""
    about = {**SOURCE, "order_id": f"o-{order}"}
    terms = SubmitOrder("BTC/USDT", Side.BUY, OrderType.LIMIT, "0.1", price="50000", order_id=f"o-{order}")
    fill = Fill(execution_id=f"x-{order}", quantity="0.1", price="50000", fee="5", fee_currency="USDT", time_ns=NOW)
    return (
        e.OrderCreated(**about, strategy_id="maker", terms=terms, judgement=JUDGEMENT),
        e.OrderSubmitted(**about, client_order_id=f"o-{order}"),
        e.OrderOpened(**about, exchange_order_id=f"v-{order}"),
        e.OrderFilled(**about, fill=fill),
    )


EVENTS = tuple(event for order in range(250) for event in events_of(order))


def flushes(folder: Path, seconds: float) -> float:
    """Return how many flushes a second the disk takes."""
    path = folder / "flush"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(handle, bytes(4096), 0)
        os.fsync(handle)
        count, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            os.pwrite(handle, count.to_bytes(8, "big"), 0)
            os.fsync(handle)
            count += 1
    finally:
        os.close(handle)
        path.unlink()
    return count / spent


def encoded(seconds: float) -> float:
    """Return how many events a second are encoded."""
    codec, sequence, start = Codec(), 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        for event in EVENTS:
            sequence += 1
            codec.encode(sequence, event)
    return sequence / spent


def appended(folder: Path, batch: int, seconds: float) -> float:
    """Return how many events a second are encoded and made durable in batches of one size."""
    store = open_store(str(folder / f"batch-{batch}.db"), terms=b"")
    codec, sequence, start = Codec(), 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        rows = [codec.encode(sequence + n, EVENTS[(sequence + n) % len(EVENTS)]) for n in range(1, batch + 1)]
        store.append(rows)
        sequence += batch
    store.close()
    return sequence / spent


def opened(folder: Path, rows: int) -> float:
    """Return the microseconds that opening takes for each row, all checks included."""
    path = folder / f"rows-{rows}.db"
    store = open_store(str(path), terms=b"")
    codec = Codec()
    for first in range(1, rows + 1, 1_000):
        numbers = range(first, min(first + 1_000, rows + 1))
        store.append([codec.encode(number, EVENTS[number % len(EVENTS)]) for number in numbers])
    store.close()
    start = time.perf_counter()
    store = open_store(str(path))
    spent = time.perf_counter() - start
    store.close()
    path.unlink()
    return spent / rows * 1e6


def main() -> None:
    """Measure in turn, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 10, 100, 1_000])
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", help="on the disk that is to be measured; that for temporary files unless given")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: dict[str, list[float]] = {}
    opening: dict[int, list[float]] = {}
    for number in range(options.runs):
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            folder = Path(name)
            found.setdefault("flush", []).append(flushes(folder, options.seconds))
            found.setdefault("encode", []).append(encoded(options.seconds))
            for batch in options.batches:
                found.setdefault(f"batches of {batch:,}", []).append(appended(folder, batch, options.seconds))
            for rows in options.rows:
                opening.setdefault(rows, []).append(opened(folder, rows))
        print(f"run {number + 1} done", file=sys.stderr)
    if options.json:
        print(json.dumps({"per_second": found, "opening_us_per_row": opening}))
        return
    print(f"a second, {options.runs} runs, Python {platform.python_version()}")
    print(f"{'':20}{'median':>12}{'minimum':>12}{'maximum':>12}{'of encode':>12}{'per flush':>12}")
    for what, values in found.items():
        of_encode = statistics.median(one / of for one, of in zip(values, found["encode"], strict=True))
        per_flush = statistics.median(one / of for one, of in zip(values, found["flush"], strict=True))
        middle = statistics.median(values)
        print(
            f"{what:20}{middle:>12,.0f}{min(values):>12,.0f}{max(values):>12,.0f}{of_encode:>12.0%}{per_flush:>12.1f}"
        )
    for rows, values in opening.items():
        print(f"opening {rows:,} rows: {statistics.median(values):.1f} microseconds for each")


if __name__ == "__main__":
    main()
