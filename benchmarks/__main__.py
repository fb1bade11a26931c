"""All workloads, each run in a fresh process, as a table with the machine and the versions.

    python -m benchmarks [--only W1 W3] [--orders 20000] [--records N] [--runs 5] [--growth] [--json]

    W1  market orders, each filled: flooded, with 64 in flight, and one after the other
    W2  limit orders placed away from the market, then a price that goes through all; one price update while many rest
    W3  limit orders, each placed and cancelled
    W4  one publisher and 1, 10 and 100 subscribers
    W5  recorded market data, with the quoter and the crossover running
    W6  W1 and W3 with ten times as many orders, and with --growth with fifty times
    W7  W1 through a journal on disk

The runs of a workload take turns with those of all others, so that what the machine does beside them is shared alike.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

import attrs

PACKAGES: Final = ("pykka", "attrs")


@attrs.frozen
class Line:
    """A line of the table.

    Attributes:
        work: W1 to W7.
        what: said of it in the table.
        arguments: of benchmarks.workloads.
    """

    work: str
    what: str
    arguments: tuple[str, ...]


def lines(orders: int, records: int | None, *, growth: bool) -> Iterator[Line]:
    """Iterate over all that is measured."""
    many = f"--orders={orders}"
    for runtime in ("threads", "stepped"):
        on = f"--runtime={runtime}"
        for drive, said in (("flood", "flooded"), ("window", "64 in flight"), ("closed", "one in flight")):
            yield Line("W1", f"round trip, {said}, {runtime}", ("round-trip", on, many, f"--drive={drive}"))
        yield Line("W2", f"place, then sweep, {runtime}", ("resting-book", on, many))
        for rest in (orders // 20, orders // 2, orders * 5 // 2):
            yield Line("W2", f"one price, {rest:,} rest, {runtime}", ("price-update", on, f"--orders={rest}"))
        for drive, said in (("flood", "flooded"), ("window", "64 in flight")):
            yield Line("W3", f"place and cancel, {said}, {runtime}", ("place-and-cancel", on, many, f"--drive={drive}"))
        some = () if records is None else (f"--records={records}",)
        yield Line("W5", f"recorded session, {runtime}", ("session", on, *some))
    for count in (1, 10, 100):
        said = f"{count} subscriber{'s' if count > 1 else ''}, threads"
        yield Line("W4", said, ("fan-out", f"--orders={orders // count}", f"--subscribers={count}"))
    for times in (10, 50) if growth else (10,):
        more = f"--orders={orders * times}"
        yield Line("W6", f"round trip, {orders * times:,} orders, threads", ("round-trip", more, "--drive=window"))
        cancels = ("place-and-cancel", more, "--drive=window")
        yield Line("W6", f"place and cancel, {orders * times:,} orders, threads", cancels)
    yield Line("W7", "round trip, journal on disk, threads", ("round-trip", many, "--drive=window", "--journal"))


def run(line: Line) -> dict[str, Any]:
    """Run one line once, in a process of its own."""
    command = (sys.executable, "-m", "benchmarks.workloads", *line.arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own module
    if done.returncode:
        sys.exit(f"{line.what}: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def row(line: Line, runs: list[dict[str, Any]]) -> str:
    """Return a line of the table."""
    head = f"{line.work}  {line.what:46}"
    if "skipped" in runs[0]:
        return f"{head} {runs[0]['skipped']}"
    if "idle_us" in runs[0]:
        idle, filling = (statistics.median(one[kind] for one in runs) for kind in ("idle_us", "filling_us"))
        return f"{head}{idle:>11,.0f} us a price that fills nothing, {filling:,.0f} us one that fills an order"
    rates = [one["orders"] / one["seconds"] for one in runs]
    text = f"{head}{statistics.median(rates):>11,.0f}{min(rates):>11,.0f}{max(rates):>11,.0f}"
    if "median_us" in runs[0]:
        for name in ("median_us", "p99_us", "bytes_per_order"):
            text += f"{statistics.median(one[name] for one in runs):>12,.0f}"
    return text


def main() -> None:
    """Measure everything in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[f"W{number}" for number in range(1, 8)], metavar="W")
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--records", type=int, help="of W5; all unless given")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--growth", action="store_true", help="W6 with fifty times as many orders too")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    every = lines(args.orders, args.records, growth=args.growth)
    asked = [line for line in every if args.only is None or line.work in args.only]
    found: dict[Line, list[dict[str, Any]]] = {line: [] for line in asked}
    began = time.monotonic()
    for number in range(args.runs):
        for place, line in enumerate(asked, 1):
            said = f"run {number + 1} of {args.runs}, {place} of {len(asked)}: {line.work} {line.what}"
            print(f"{said} ({time.monotonic() - began:,.0f} s)", file=sys.stderr)
            found[line].append(run(line))
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"
    if args.json:
        results = [attrs.asdict(line) | {"runs": runs} for line, runs in found.items()]
        print(json.dumps({"machine": where, "results": results}))
        return
    print(f"{args.orders:,} orders, {args.runs} runs, {where}")
    print(f"{'orders (W4, W5: records) a second':50}{'median':>11}{'least':>11}{'most':>11}", end="")
    print(f"{'us median':>12}{'us 1 in 100':>12}{'bytes each':>12}")
    for line, runs in found.items():
        print(row(line, runs))


if __name__ == "__main__":
    main()
