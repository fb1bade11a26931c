"""Risk: what it costs to hold an order to every limit there is, while 0, 100 and 10,000 orders work.

    python -m benchmarks.risk [--open 0 100 10000] [--orders 3000] [--runs 5] [--json]

An approval is one decision and its taking over: terms, prices, limits, and what the order may come to from then on.
"without limits" has none and checks no funds. "account" has every limit of RiskLimits for the account, and funds. "all
scopes" has the same limits once more for the symbol, the strategy, and the strategy in the symbol. "checks" is what
they cost beyond an approval without limits, in the same run, with what they keep of each order; "alone" is what it
takes to hold an order to them, numbers included, and nothing else. The last column says how many times as much an
approval costs at the most open orders as at the fewest.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import sys
import time
from decimal import Decimal

import attrs

from orderpit import Instrument, OrderType, OrderUpdate, Quote, RiskLimits, Side, SubmitOrder, Trade
from orderpit.model.checking import Asked, Kind
from orderpit.model.commands import Approved
from orderpit.model.events import CommandRefused
from orderpit.model.kinds import Reason
from orderpit.model.risk import RiskBook

SYMBOL, STRATEGY = "BTC/USDT", "benchmark"
INSTRUMENTS = {SYMBOL: Instrument(SYMBOL, price_increment="0.01", quantity_increment="0.001")}
NOW = 1_700_000_000_000_000_000
MILLISECOND = 1_000_000
WIDE = RiskLimits(
    max_order_quantity="1000",
    max_order_notional="100000000",
    price_collar="0.5",
    max_long="1000000",
    max_short="1000000",
    max_gross="1000000",
    max_exposure="1000000000000",
    max_leverage="1000",
    max_concentration="1000",
    max_open_orders=1_000_000,
    max_orders_per_second=1_000_000,
    max_modifies_per_second=1_000_000,
    max_cancels_per_second=1_000_000,
    max_requests_per_second=2_000_000,
    cancel_reserve=1_000,
    duplicate_within="0.5",
    refuse_self_crossing=True,
    max_daily_loss="1000000000",
    max_drawdown="1000000000",
    max_consecutive_losses=1_000,
    max_reject_rate="1",
    max_data_age="1000000",
    only_in_trading_hours=True,
)
"""Every limit there is, none of which an order here comes near."""
WITHIN = attrs.evolve(WIDE, instruments={SYMBOL: WIDE})
LIMITS = {
    "without limits": RiskLimits(),
    "account": WIDE,
    "all scopes": attrs.evolve(WITHIN, strategies={STRATEGY: WITHIN}),
}


def _order(number: int) -> SubmitOrder:
    """Buyers below the middle, sellers above; no two at one price."""
    side = (Side.BUY, Side.SELL)[number % 2]
    away = Decimal(number // 2 + 100) / 100
    price = 50_000 - away if side is Side.BUY else 50_000 + away
    return SubmitOrder(
        SYMBOL,
        side,
        OrderType.LIMIT,
        "0.1",
        price=price,
        order_id=f"o-{number}",
        time_ns=NOW,
        source=STRATEGY,
    )


class Desk:
    """A risk controller's book, and the stream that it follows.

    Args:
        limits: those in force.
        working: how many orders work.
    """

    def __init__(self, limits: RiskLimits, working: int) -> None:
        funds = None if limits == RiskLimits() else {"USDT": Decimal(10) ** 12}
        self.book = RiskBook(INSTRUMENTS, limits, cash=funds, currency="USDT")
        self.book.on_market_data(Quote(SYMBOL, bid="49999.99", ask="50000.01", time_ns=NOW))
        self.book.on_market_data(Trade(SYMBOL, price="50000", time_ns=NOW))
        self._sequence = 0
        for number in range(working):
            self.approve(_order(number), NOW)

    def approve(self, order: SubmitOrder, now_ns: int) -> None:
        """Judge an order, which must pass, and take over what follows."""
        judged = self.book.decide(order, now_ns)
        if type(judged) is not Approved:
            sys.exit(f"refused: {judged}")
        self.book.commit(judged)

    def take_back(self, order: SubmitOrder) -> None:
        """Have it end before it was an order, so that as many work as before."""
        assert order.order_id is not None
        self._sequence += 1
        refused = CommandRefused(
            time_ns=NOW,
            source="order_manager",
            order_id=order.order_id,
            strategy_id=STRATEGY,
            command=SubmitOrder.__name__,
            reason=Reason.INTERNAL_ERROR,
            text="",
        )
        self.book.on_update(OrderUpdate(self._sequence, refused, None))


def measure(limits: RiskLimits, working: int, orders: int) -> float:
    """Return the microseconds of an approval while so many orders work."""
    desk = Desk(limits, working)
    gc.collect()
    spent: list[float] = []
    for number in range(working, working + orders):
        order, now_ns = _order(number), NOW + number * MILLISECOND
        start = time.perf_counter()
        desk.approve(order, now_ns)
        spent.append(time.perf_counter() - start)
        desk.take_back(order)
    return statistics.median(spent) * 1e6


def measure_alone(limits: RiskLimits, working: int, orders: int) -> float:
    """Return the microseconds in which one order after the other is held to its limits, and nothing else is done."""
    desk = Desk(limits, working)
    lists = vars(desk.book)["_checklists"]
    asked: list[Asked] = []
    run = lists.run
    lists.run = lambda kind, one: (asked.append(one), run(kind, one))[1]
    for number in range(working, working + orders):
        desk.book.decide(_order(number), NOW + number * MILLISECOND)
    spent: list[float] = []
    for one in asked:
        start = time.perf_counter()
        run(Kind.SUBMIT, one)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent) * 1e6


def main() -> None:
    """Measure in turn, and print the medians, the cost of the checks, and how an approval grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--open", type=int, nargs="+", default=[0, 100, 10_000])
    parser.add_argument("--orders", type=int, default=3_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    # What works would otherwise be searched for garbage again and again, which is no cost of risk.
    gc.disable()
    runs: list[dict[str, list[float]]] = []
    for number in range(options.runs):
        found = {name: [measure(limits, n, options.orders) for n in options.open] for name, limits in LIMITS.items()}
        for name, limits in LIMITS.items():
            found[f"alone, {name}"] = [measure_alone(limits, n, options.orders) for n in options.open]
        runs.append(found)
        print(f"run {number + 1} done", file=sys.stderr)
    _tell(runs, options.open, as_json=options.json)


def _tell(runs: list[dict[str, list[float]]], working: list[int], *, as_json: bool) -> None:
    bare = "without limits"
    medians = {
        name: [statistics.median(run[name][at] for run in runs) for at in range(len(working))]
        for name in runs[0]
        if name != f"alone, {bare}"
    }
    checks = {
        f"checks, {name}": [
            statistics.median(run[name][at] - run[bare][at] for run in runs) for at in range(len(working))
        ]
        for name in LIMITS
        if name != bare
    }
    ratios = {
        name: statistics.median(run[name][at] / run[bare][at] for run in runs for at in range(len(working)))
        for name in LIMITS
    }
    growth = {name: statistics.median(run[name][-1] / run[name][0] for run in runs) for name in LIMITS}
    if as_json:
        print(json.dumps({"open": working, "microseconds": medians | checks, "ratios": ratios, "growth": growth}))
        return
    print(f"microseconds for an approval, {len(runs)} runs, Python {platform.python_version()}")
    print(f"{'orders that work':24}" + "".join(f"{n:>10,}" for n in working) + f"{'ratio':>10}{'growth':>10}")
    for name, values in (medians | checks).items():
        cells = "".join(f"{value:>10.1f}" for value in values)
        more = f"{ratios[name]:>9.2f}x{growth[name]:>9.2f}x" if name in LIMITS else ""
        print(f"{name:24}{cells}{more}")


if __name__ == "__main__":
    main()
