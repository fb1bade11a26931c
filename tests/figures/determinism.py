"""The same seed gives the same digest: again in this process, in a fresh one, and on the other kind of fibre.

`python -m tests.figures.determinism` reads seeds from stdin, and writes a digest for each.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from orderpit import (
    Instrument,
    OrderState,
    OrderType,
    OrderUpdate,
    Quote,
    Side,
    SimulatedExchange,
    Strategy,
    SubmitOrder,
    TradingSystem,
)
from orderpit.testing import Stepped, Trace, seeded

ROOT: Final = Path(__file__).parents[2]
PUSH_SEEDS: Final = 200
NIGHTLY_SEEDS: Final = 20_000
FIRST_FRESH: Final = 1_000_000
_AT_ONCE: Final = 100
_SYMBOLS: Final = ("BTC/USDT", "ETH/USDT")


@attrs.frozen
class Determinism:
    """How many seeds were run, in which ways besides the first, and a line for each digest that was another."""

    seeds: int
    ways: tuple[str, ...]
    differences: tuple[str, ...]


class _Chaser(Strategy):
    """Buys on each quote, and answers each fill: what it does depends on the order in which it hears of things."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._working: list[str] = []

    def on_market_data(self, data: Any) -> None:
        order_id = self.submit(SubmitOrder(self._symbol, Side.BUY, OrderType.LIMIT, "2", price=data.ask))
        if order_id is not None:
            self._working.append(order_id)
        if len(self._working) > 2:
            self.cancel(self._working.pop(0))

    def on_order(self, update: OrderUpdate) -> None:
        if update.order is not None and update.order.is_filled and update.order.is_buy:
            self.submit(SubmitOrder(self._symbol, Side.SELL, OrderType.MARKET, update.order.quantity))


def digest(seed: int, fibres: Any = "auto") -> str:
    """Drive a system on one seed, and return the digest of all that was told to anybody."""
    trace = Trace()
    runtime = Stepped(choose=seeded(seed), late_ns=20_000_000, fibres=fibres, most_steps=100_000, on_delivery=trace)
    exchange = SimulatedExchange(
        latency="0.01", slippage="0.001", fill_probability="0.7", taker_fee="0.001", seed=seed % 7
    )
    instruments = [Instrument(name, price_increment="0.01", quantity_increment="0.01") for name in _SYMBOLS]
    errors: list[object] = []
    with TradingSystem(instruments, exchange=exchange, runtime=runtime, seed=seed, on_error=errors.append) as system:
        for name in _SYMBOLS:
            system.add_strategy(_Chaser, symbol=name)
        system.subscribe(lambda update: update.order is not None and system.order(update.order.order_id))
        for number in range(2):
            with system._runtime.held():
                for name in _SYMBOLS:
                    bid = 100 + (seed + number) % 5
                    system.publish(Quote(name, bid=bid, ask=bid + 1, bid_size=3, ask_size=3))
                order_id = system.submit(SubmitOrder(_SYMBOLS[number % 2], Side.BUY, OrderType.MARKET, "1"))
                system.modify(order_id, quantity="2")
            system.wait(order_id, OrderState.FILLED, 5)
        system.quiesce(5)
    return trace.digest()


def fresh_process(seeds: Iterable[int], hash_seed: str) -> list[str]:
    """Return the digests of a process of its own, where strings have other hashes."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.figures.determinism"],
        input=" ".join(map(str, seeds)),
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def other_hash_seed(seed: int) -> str:
    """Return one that this process does not have."""
    found = str(1 + seed % 1_000_000)
    return "0" if found == os.environ.get("PYTHONHASHSEED") else found


WAYS: Final[Mapping[str, Callable[[list[int], int], list[str]]]] = {
    "again in the same process": lambda seeds, _: [digest(one) for one in seeds],
    "on parked threads": lambda seeds, _: [digest(one, "thread") for one in seeds],
    "in a fresh process with another PYTHONHASHSEED": lambda seeds, seed: fresh_process(seeds, other_hash_seed(seed)),
}


def run(*, nightly: bool, seed: int, progress: Callable[[float], object]) -> Determinism:
    """Compare the digests of all seeds, half of which are the same in every run.

    Args:
        nightly: whether as many as in a night.
        seed: the first of the fresh ones.
        progress: told how much is done, from 0 to 1.
    """
    count = NIGHTLY_SEEDS if nightly else PUSH_SEEDS
    fresh = FIRST_FRESH + seed
    todo = [*range(count // 2), *range(fresh, fresh + count - count // 2)]
    differences: list[str] = []
    for start in range(0, count, _AT_ONCE):
        seeds = todo[start : start + _AT_ONCE]
        expected = [digest(one) for one in seeds]
        for way, digests in WAYS.items():
            found = zip(seeds, expected, digests(seeds, seed), strict=True)
            differences += [f"seed {one}: {first}, {way} {then}" for one, first, then in found if first != then]
        progress((start + len(seeds)) / count)
    return Determinism(count, tuple(WAYS), tuple(differences))


if __name__ == "__main__":
    for given in sys.stdin.read().split():
        sys.stdout.write(f"{digest(int(given))}\n")
