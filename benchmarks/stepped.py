"""How fast the stepped runtime moves messages, and how it compares with threads on the same data.

    python -m benchmarks.stepped [--runs N] [--messages N]

Bare actors pass messages around a ring: what is measured is the runtime, not what a handler does. Then the daily bars
that ship with the package are played to a strategy on threads and stepped, in turn.
"""

from __future__ import annotations

import argparse
import itertools
import platform
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import pykka

from orderpit import SimulatedExchange, TradingSystem
from orderpit.actors.actor import BaseActor
from orderpit.actors.address import Address
from orderpit.actors.runtime import Context
from orderpit.actors.stepped import SteppedRuntime
from orderpit.bars import daily_bars, instrument
from orderpit.strategies import MovingAverageCrossover
from orderpit.testing import Stepped, Trace, uniform

_RING: Final = 8
_UNDER_WAY: Final = 4
_TIMES: Final = 5


class Relay(BaseActor):
    """Passes a number on, one less, until it is none."""

    def __init__(self, context: Context, after: Address[int]) -> None:
        super().__init__(context)
        self._after = after

    def handle(self, message: int) -> None:
        """Pass it on."""
        if message:
            self.send(self._after, message - 1)


class Plain(pykka.ThreadingActor):
    """Does the same as an actor of pykka alone."""

    def __init__(self) -> None:
        super().__init__()
        self.after: pykka.ActorRef[Any]

    def on_receive(self, message: Any) -> None:
        """Pass it on, or take whom it goes to."""
        if isinstance(message, pykka.ActorRef):
            self.after = message
        elif message:
            self.after.tell(message - 1)


def _base_ring(runtime: SteppedRuntime) -> list[Callable[[int], object]]:
    addresses: list[Address[int]] = [Address(f"relay{number}") for number in range(_RING)]
    for number, address in enumerate(addresses):
        runtime.spawn(address, Relay, addresses[(number + 1) % _RING])
    return [address.send for address in addresses]


def _plain_ring(runtime: SteppedRuntime) -> list[Callable[[int], object]]:
    refs = [runtime.start(f"plain{number}", Plain) for number in range(_RING)]
    for number, ref in enumerate(refs):
        ref.tell(refs[(number + 1) % _RING])
    return [ref.tell for ref in refs]


_RINGS: Final = {"our actors": _base_ring, "plain pykka": _plain_ring}


def _messages_per_second(ring: str, messages: int, settings: dict[str, Any]) -> float:
    runtime = SteppedRuntime(print, lambda *_: None, Stepped(**settings))
    senders = _RINGS[ring](runtime)
    runtime.settle()
    each = messages // _UNDER_WAY
    for send in senders[:_UNDER_WAY]:
        send(each - 1)
    # One thread at a time does everything, so its own time is what counts, whoever else uses the machine.
    began = time.process_time()
    runtime.settle()
    seconds = time.process_time() - began
    runtime.close()
    return each * _UNDER_WAY / seconds


def _session_seconds(runtime: Any) -> float:
    share = instrument("AAPL")
    # The same year again and again, each time later.
    bars = list(daily_bars("AAPL"))
    exchange = SimulatedExchange(taker_fee="0.001")
    system = TradingSystem([share], exchange=exchange, clock="data", run_id="bench", runtime=runtime)
    with system:
        system.add_strategy(MovingAverageCrossover, symbol=share.symbol, size="10", fast=3, slow=8)
        began = time.perf_counter()
        for _ in range(_TIMES):
            system.play(bars).wait(60)
        return time.perf_counter() - began


def main() -> None:
    """Measure, and write two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--messages", type=int, default=40_000)
    args = parser.parse_args()
    out = sys.stdout.write
    ways: list[tuple[str, Callable[[], dict[str, Any]]]] = [
        ("chosen by a seed", lambda: {"choose": uniform(1)}),
        ("chosen by a seed, traced", lambda: {"choose": uniform(1), "on_delivery": Trace()}),
        ("in turn", dict),
    ]
    out(f"{args.messages:,} messages, medians of {args.runs} runs, Python {platform.python_version()}\n")
    out(f"{'messages/s of processor time':<40}{'greenlet':>12}{'thread':>12}\n")
    for ring, (way, settings) in itertools.product(_RINGS, ways):
        found = {}
        for fibres, share in (("greenlet", 1), ("thread", 8)):
            speeds = [
                _messages_per_second(ring, args.messages // share, {"fibres": fibres, **settings()})
                for _ in range(args.runs)
            ]
            found[fibres] = statistics.median(speeds)
        out(f"{ring + ', ' + way:<40}{found['greenlet']:>12,.0f}{found['thread']:>12,.0f}\n")
    threads, stepped, chosen = [], [], []
    for _ in range(args.runs):
        threads.append(_session_seconds("threads"))
        stepped.append(_session_seconds("stepped"))
        chosen.append(_session_seconds(Stepped(choose=uniform(1))))
    out("\na session on daily bars, time against threads (median of the runs' ratios)\n")
    for name, seconds in (("stepped", stepped), ("stepped, chosen by a seed", chosen)):
        ratio = statistics.median(one / other for one, other in zip(seconds, threads, strict=True))
        out(f"{name:<40}{ratio:>12.0%}\n")


if __name__ == "__main__":
    main()
