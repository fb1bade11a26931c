"""Simulated orders with all faults on, every step audited, and everything settled in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final

import attrs

from orderpit import Quote, SimulatedExchange, TradingSystem
from orderpit.actors.scheduler import Option
from orderpit.testing import Probes, Stepped, held
from orderpit.testing.ordeals.crowd import BTC
from orderpit.testing.ordeals.ordeal import Survived, ordeal

ORDERS_EACH: Final = 500
PUSH_ORDERS: Final = 200_000
NIGHTLY_ORDERS: Final = 30_000_000
FIRST_FRESH: Final = 1_000_000
"""Seeds below are the same in every run; as many others are fresh, and printed where they fail."""
_MORE_THAN_WAIT: Final = 2_500


@attrs.frozen
class Storms:
    """What came of all storms; failures have a line each that replays it."""

    storms: int
    orders: int
    messages: int
    checks: int
    faults: Mapping[str, int]
    probes: Mapping[str, int]
    failures: tuple[str, ...]


def seeds(*, nightly: bool, fresh_from: int) -> list[int]:
    """Return the seeds of a run: half of them fixed, half fresh."""
    count = (NIGHTLY_ORDERS if nightly else PUSH_ORDERS) // ORDERS_EACH
    # External orders come on top, and what is submitted twice falls away: a few more, so that the sum is reached.
    count += count // 20
    return [*range(count // 2), *range(fresh_from, fresh_from + count - count // 2)]


def run(
    *, nightly: bool, seed: int, workers: int, progress: Callable[[float], object], most: int | None = None
) -> Storms:
    """Run all storms, on so many processes.

    Args:
        nightly: whether as many as in a night.
        seed: the first of the fresh ones.
        workers: processes.
        progress: told how much is done, from 0 to 1.
        most: storms, for a try.
    """
    todo = seeds(nightly=nightly, fresh_from=FIRST_FRESH + seed)[:most]
    faults: Counter[str] = Counter()
    probes = slow_listener()
    orders = messages = checks = 0
    failures: list[str] = []
    with ProcessPoolExecutor(workers) as pool:
        for number, (one, result) in enumerate(zip(todo, pool.map(_attempt, todo, chunksize=4), strict=True)):
            progress((number + 1) / len(todo))
            if isinstance(result, str):
                failures.append(f"{replaying(one)}  # {result}")
                continue
            orders += result.orders
            messages += result.messages
            checks += result.checks
            faults.update(result.happened)
            probes.update(result.probes)
    return Storms(len(todo), orders, messages, checks, faults, probes, tuple(failures))


def slow_listener() -> Counter[str]:
    """Publish more quotes than a listener takes in time, which no ordeal does; return the probes reached."""
    probes = Probes()

    def exchange_first(options: Sequence[Option]) -> int:
        return next((index for index, option in enumerate(options) if option.name == "exchange"), 0)

    heard: list[object] = []
    runtime = Stepped(choose=exchange_first, on_delivery=probes)
    with TradingSystem([BTC], exchange=SimulatedExchange(), runtime=runtime) as system:
        system.subscribe(heard.append, Quote)
        with held(system):
            for cents in range(_MORE_THAN_WAIT):
                system.publish(Quote(BTC.symbol, bid=cents + 1, ask=cents + 2))
        system.quiesce(10)
    return Counter(probes.counts)


def replaying(seed: int) -> str:
    """Return the command that replays a storm."""
    return f"python run.py replay --seed {seed} --orders {ORDERS_EACH}"


def _attempt(seed: int) -> Survived | str:
    try:
        return ordeal(seed, ORDERS_EACH)
    # Whatever it is, it is what the storm has found; the others go on.
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
