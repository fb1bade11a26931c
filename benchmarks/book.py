"""The order book of the simulated exchange: what an operation costs while 1,000, 10,000 and 100,000 orders rest in it.

    python -m benchmarks.book [--orders 1000 10000 100000] [--operations 2000] [--runs 3] [--json]

The orders rest half on each side. "apart": each at a price of its own. "together": on each side all at one price. Each
operation is one call of the venue, from request to reports, order values, exact sums and roll-back included. The market
data touch no order. The last column says how many times as much an operation costs at the most orders as at the fewest.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from decimal import Decimal

from orderpit import Depth, Instrument, OrderType, Quote, Side, TimeInForce, Trade
from orderpit.model.market import MarketData
from orderpit.model.reports import VenueCancel, VenueModify, VenueRequest, VenueSubmit
from orderpit.model.venue import SimulatedVenue, VenueRules

SYMBOL = "BTC/USDT"
INSTRUMENTS = {SYMBOL: Instrument(SYMBOL, price_increment="0.01", quantity_increment="1")}
MIDDLE, TICK = Decimal(100_000), Decimal("0.01")
LEVELS = 10


def _limit(number: int, side: Side, price: Decimal, account: str = "resting") -> VenueSubmit:
    return VenueSubmit(
        client_order_id=f"{account}-{number}",
        symbol=SYMBOL,
        side=side,
        order_type=OrderType.LIMIT,
        quantity=Decimal(2),
        price=price,
        stop_price=None,
        time_in_force=TimeInForce.GTC,
        account=account,
        time_ns=0,
        source="benchmark",
    )


def _price(number: int, *, apart: bool) -> Decimal:
    """Buyers below the middle, sellers above, in an order that is not sorted; ten ticks stay free in between."""
    away = LEVELS + 1 + (number // 2 * 7_919 % 1_000_003 if apart else 0)
    return MIDDLE - away * TICK if number % 2 else MIDDLE + away * TICK


def _resting(number: int, *, apart: bool) -> VenueSubmit:
    return _limit(number, Side.BUY if number % 2 else Side.SELL, _price(number, apart=apart))


def _a_venue(orders: int, *, apart: bool) -> SimulatedVenue:
    ids = itertools.count()
    rules = VenueRules(maker_fee=Decimal("0.001"), taker_fee=Decimal("0.001"))
    venue = SimulatedVenue(INSTRUMENTS, rules, lambda _order, _nth: Decimal(0), lambda: f"E-{next(ids)}")
    for number in range(orders):
        venue.request(_resting(number, apart=apart), 0)
    return venue


def _timed(act: Callable[[VenueRequest], object], requests: Iterable[VenueRequest]) -> float:
    """Return microseconds for each."""
    prepared = list(requests)
    start = time.perf_counter()
    for request in prepared:
        act(request)
    return (time.perf_counter() - start) / len(prepared) * 1e6


def _requested(orders: int, operations: int, *, apart: bool) -> dict[str, float]:
    """Time requests that leave as many orders in the book as there were."""
    venue = _a_venue(orders, apart=apart)
    where = "apart" if apart else "together"

    def ask(request: VenueRequest) -> object:
        return venue.request(request, 0)

    span = range(orders, orders + operations)
    names = [f"resting-{number}" for number in span]
    here = {"symbol": SYMBOL, "request_id": "R", "time_ns": 0, "source": "benchmark"}
    less = Decimal(1)
    figures = {
        f"insert, {where}": _timed(ask, [_resting(number, apart=apart) for number in span]),
        f"amend, {where}": _timed(
            ask, [VenueModify(client_order_id=name, price=None, quantity=less, **here) for name in names]
        ),
        f"cancel, {where}": _timed(ask, [VenueCancel(client_order_id=name, **here) for name in names]),
    }
    # Each takes a half of the best order on the other side, so that not even half as many are used up.
    taken = min(operations, orders)
    takers = [_limit(number, Side.SELL if number % 2 else Side.BUY, _far(number), "taker") for number in range(taken)]
    figures[f"match, {where}"] = _timed(ask, takers)
    return figures


def _far(number: int) -> Decimal:
    return Decimal(1) if number % 2 else MIDDLE * 2


def _observed(orders: int, operations: int) -> dict[str, float]:
    """Time market data that reach no order."""
    venue = _a_venue(orders, apart=True)
    bids = [(MIDDLE - (n + 1) * TICK, Decimal(n + 1)) for n in range(LEVELS)]
    asks = [(MIDDLE + (n + 1) * TICK, Decimal(n + 1)) for n in range(LEVELS)]
    kinds: dict[str, list[MarketData]] = {
        f"depth, {LEVELS} levels": [
            Depth(SYMBOL, bids=[(bids[0][0], Decimal(n % 5 + 1)), *bids[1:]], asks=asks) for n in range(operations)
        ],
        "quote": [
            Quote(SYMBOL, bid=bids[0][0], ask=asks[0][0], bid_size=n % 5 + 1, ask_size=1) for n in range(operations)
        ],
        "trade": [Trade(SYMBOL, price=MIDDLE, size=1, aggressor=Side.BUY) for _ in range(operations)],
    }
    figures: dict[str, float] = {}
    for name, data in kinds.items():
        start = time.perf_counter()
        for item in data:
            venue.on_market_data(item, 0)
        figures[name] = (time.perf_counter() - start) / len(data) * 1e6
    return figures


def measure(orders: int, operations: int) -> dict[str, float]:
    """Return what each operation costs while so many orders rest, in microseconds."""
    figures: dict[str, float] = {}
    for apart in (True, False):
        gc.collect()
        figures |= _requested(orders, operations, apart=apart)
    gc.collect()
    return figures | _observed(orders, operations)


def main() -> None:
    """Measure each number of orders in turn, and print the medians and how they grow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--operations", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    # What rests would otherwise be searched for garbage again and again, which is no cost of the book.
    gc.disable()
    runs: list[dict[int, dict[str, float]]] = []
    for number in range(options.runs):
        runs.append({orders: measure(orders, options.operations) for orders in options.orders})
        print(f"run {number + 1} done", file=sys.stderr)
    names = list(runs[0][options.orders[0]])
    medians = {name: [statistics.median(run[n][name] for run in runs) for n in options.orders] for name in names}
    growth = {
        name: statistics.median(run[options.orders[-1]][name] / run[options.orders[0]][name] for run in runs)
        for name in names
    }
    if options.json:
        print(json.dumps({"orders": options.orders, "microseconds": medians, "growth": growth}))
        return
    print(
        f"microseconds for an operation (operations a second), {options.runs} runs, Python {platform.python_version()}"
    )
    print(f"{'orders that rest':20}" + "".join(f"{orders:>20,}" for orders in options.orders) + f"{'growth':>10}")
    for name, values in medians.items():
        cells = "".join(f"{f'{value:,.1f} ({1e6 / value:,.0f})':>20}" for value in values)
        print(f"{name:20}{cells}{growth[name]:>9.2f}x")


if __name__ == "__main__":
    main()
