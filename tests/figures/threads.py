"""Real threads that take turns every microsecond: floods, stops in full traffic, and what memory does meanwhile.

    python -m tests.figures.threads [--nightly] [--seed N]

A wait that does not end is a failure: each has a bound, and past the last one the stacks of all threads are written
and the process ends.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Final

import attrs

from tests.figures.traffic import Steady, flood, resident, stop_in_traffic

PUSH_SECONDS: Final = 30.0
NIGHTLY_SECONDS: Final = 4 * 3600.0
PUSH_MESSAGES: Final = 1_000_000
PUSH_SHUTDOWNS: Final = 500
NIGHTLY_SHUTDOWNS: Final = 10_000
MOST_SLOPE: Final = 1.0
"""MiB an hour, from the second quarter of a soak on."""

_SWITCH: Final = 1e-6
_HANG: Final = 300.0
_SOAK: Final = 600.0
_ENOUGH: Final = 5
_MOST_LEFT: Final = 600
"""Blocks of Python's memory that one life may leave behind: an order has more than one, and each life has 6,000."""

_TURNS: Final = 50
"""Of the system that lives on, in each life of another; ten orders are modified in each."""
_HOUR: Final = 3600.0
_WARM: Final = 0.25
"""The part of a soak in which memory may still grow: caches fill, and the allocator finds its size."""


@attrs.frozen(kw_only=True)
class Threads:
    """What was run on real threads.

    Attributes:
        seconds: of floods.
        messages: handled in them, by all actors.
        orders: recorded in them.
        lives: systems that were flooded, one after the other.
        shutdowns: systems that were stopped in full traffic.
        slope: of resident memory from one life to the next, in MiB an hour; None for floods of less than ten minutes.
        resident: MiB at the end.
        violations: a line each.
    """

    seconds: float
    messages: int
    orders: int
    lives: int
    shutdowns: int
    slope: float | None
    resident: float | None
    violations: tuple[str, ...]


def run(
    *,
    nightly: bool,
    seed: int,
    progress: Callable[[float], object],
    seconds: float | None = None,
    stops: int | None = None,
) -> Threads:
    """Flood systems one after the other, then stop others in traffic.

    Args:
        nightly: whether to soak for hours; only then is the slope of memory a violation, since minutes are too short.
        seed: of prices and commands; what comes of them depends on the threads.
        progress: told how much is done, from 0 to 1.
        seconds: of floods, for a try.
        stops: how many, for a try.
    """
    lasting = seconds or (NIGHTLY_SECONDS if nightly else PUSH_SECONDS)
    count = stops if stops is not None else NIGHTLY_SHUTDOWNS if nightly else PUSH_SHUTDOWNS
    least = PUSH_MESSAGES if seconds is None else 0
    # In a process beside, so that both cores have work; not forked, since this one has threads.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as beside:
        stopping = beside.submit(stops_in_traffic, count, seed)
        found = _flooded(lasting, least, seed, progress)
        progress(1.0)
        shutdowns, violations = _result(stopping)
    # Over minutes it would tell of chance alone.
    rising = slope(found.memory) if found.seconds >= _SOAK else None
    if nightly and rising is not None and rising > MOST_SLOPE:
        violations += (f"memory grows by {rising:.2f} MiB an hour, over {found.lives} lives",)
    return Threads(
        seconds=found.seconds,
        messages=found.messages,
        orders=found.orders,
        lives=found.lives,
        shutdowns=shutdowns,
        slope=rising,
        resident=found.memory[-1][1] or None,
        violations=found.violations + violations,
    )


@attrs.frozen
class _Floods:
    seconds: float
    messages: int
    orders: int
    lives: int
    memory: tuple[tuple[float, float], ...]
    violations: tuple[str, ...]


def _flooded(lasting: float, least: int, seed: int, progress: Callable[[float], object]) -> _Floods:
    violations: list[str] = []
    memory: list[tuple[float, float]] = []
    blocks: list[int] = []
    messages = orders = lives = 0
    with _eager_switching():
        steady = Steady()
        began = time.monotonic()
        # A few violations tell as much as many, and each may have taken a minute.
        while (time.monotonic() - began < lasting or messages < least) and len(violations) < _ENOUGH:
            with _noted(violations, f"flood {lives}, seed {seed}"):
                handled, recorded = flood(f"{seed}-{lives}", seed + lives)
                messages += handled
                orders += recorded
                steady.go_on(_TURNS)
            lives += 1
            spent = time.monotonic() - began
            memory.append((spent, resident()))
            blocks.append(sys.getallocatedblocks())
            progress(min(spent / lasting, messages / least if least else 1.0, 1.0))
        spent = time.monotonic() - began
        with _noted(violations, f"the system that lived on, seed {seed}"):
            steady.close()
    left = left_behind(blocks)
    if left > _MOST_LEFT:
        violations.append(f"each life leaves {left:.0f} blocks of memory behind, seed {seed}")
    return _Floods(spent, messages, orders, lives, tuple(memory), tuple(violations))


def stops_in_traffic(count: int, seed: int) -> tuple[int, tuple[str, ...]]:
    """Stop so many systems in full traffic: how many came to an orderly end, and a line for each that did not."""
    violations: list[str] = []
    done = 0
    with _eager_switching():
        for number in range(count):
            with _noted(violations, f"shutdown {number}, seed {seed}"):
                stop_in_traffic(number, seed)
                done += 1
            if len(violations) >= _ENOUGH:
                break
    return done, tuple(violations)


def _result(stopping: Future[tuple[int, tuple[str, ...]]]) -> tuple[int, tuple[str, ...]]:
    try:
        return stopping.result()
    except BrokenProcessPool:
        return 0, ("a shutdown did not end; the stacks are on stderr",)


@contextlib.contextmanager
def _eager_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextlib.contextmanager
def _noted(violations: list[str], what: str) -> Iterator[None]:
    faulthandler.dump_traceback_later(_HANG, exit=True)
    try:
        yield
    # Whatever it is, it is what the run has found; the others go on.
    except Exception as error:  # noqa: BLE001
        faulthandler.dump_traceback(all_threads=True)
        violations.append(f"{what}: {type(error).__name__}: {error}")
    finally:
        faulthandler.cancel_dump_traceback_later()


def left_behind(blocks: Sequence[int]) -> float:
    """Return how many blocks of memory each life left behind, once the first two have filled what is kept."""
    warm = blocks[2:]
    return (warm[-1] - warm[0]) / (len(warm) - 1) if len(warm) > 1 else 0.0


def slope(memory: Sequence[tuple[float, float]]) -> float | None:
    """Fit a line through (seconds, MiB) once it is warm, and return how much it rises in an hour."""
    end = memory[-1][0] if memory else 0.0
    points = [(at / _HOUR, mib) for at, mib in memory if at >= end * _WARM and mib]
    if len(points) < 3:
        return None
    middle = sum(at for at, _ in points) / len(points)
    level = sum(mib for _, mib in points) / len(points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    return sum((at - middle) * (mib - level) for at, mib in points) / spread if spread else None


def main() -> int:
    """Run it alone, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nightly", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--stops", type=int)
    given = parser.parse_args()
    shown = 0.0

    def progress(done: float) -> None:
        nonlocal shown
        if done >= shown:
            shown = done + 0.05
            sys.stderr.write(f"threads: {done:4.0%}\n")

    found = run(nightly=given.nightly, seed=given.seed, progress=progress, seconds=given.seconds, stops=given.stops)
    for name, value in attrs.asdict(found).items():
        print(f"{name}: {value}")
    return 1 if found.violations else 0


if __name__ == "__main__":
    sys.exit(main())
