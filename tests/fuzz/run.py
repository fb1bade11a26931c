"""Seeded fuzzing of everything that comes from outside: each input is accepted, or refused by one clear error."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Final

import attrs

from .files import Shelf
from .messages import message
from .outcome import Case
from .rows import row
from .settings import Desk, settings

SLOWEST_MS: Final = 100
"""Milliseconds that no input may take."""

_AGAIN: Final = 9
_KEPT: Final = 20
_CHUNK: Final = 1_000
_LARGE: Final = 2**32
_MEMORY: Final = "/dev/shm"  # noqa: S108  # a folder of its own is made there

Draws = tuple[Callable[[Random], Case], ...]


@attrs.frozen
class Fuzz:
    """What became of the inputs, and the lines that replay those that failed.

    Attributes:
        slowest_ms: of the slowest input, taken again where one seemed slow: the machine may have been busy.
        failures: what failed, at most 20 of them in words, each with the command that replays it.
    """

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    slowest_ms: float = 0.0
    failed: int = 0
    failures: tuple[str, ...] = ()

    def plus(self, other: Fuzz) -> Fuzz:
        """Return what became of these inputs and of others."""
        return Fuzz(
            self.inputs + other.inputs,
            self.accepted + other.accepted,
            self.refused + other.refused,
            max(self.slowest_ms, other.slowest_ms),
            self.failed + other.failed,
            (self.failures + other.failures)[:_KEPT],
        )


def run(*, count: int, seed: int, progress: Callable[[float], object] = lambda _: None, workers: int = 1) -> Fuzz:
    """Try so many inputs.

    Args:
        count: how many.
        seed: the same seed gives the same inputs.
        progress: told which part has been tried, from 0 to 1, now and then.
        workers: on how many processes; what is tried does not depend on it.
    """
    chunks = [(seed, first, min(first + _CHUNK, count)) for first in range(0, count, _CHUNK)]
    found = Fuzz()
    with contextlib.ExitStack() as stack:
        over = map if workers == 1 else stack.enter_context(ProcessPoolExecutor(workers)).map
        for part in over(_some, chunks):
            found = found.plus(part)
            progress(found.inputs / count)
    return found


def _some(chunk: tuple[int, int, int]) -> Fuzz:
    """Try the inputs from one number to before another."""
    seed, first, end = chunk
    accepted, slowest, failures = 0, 0.0, list[str]()
    with draws() as table:
        for number in range(first, end):
            took, taken, what = _tried(drawn(table, seed, number))
            slowest = max(slowest, took)
            accepted += taken is True
            if taken is None:
                failures.append(f"python -m tests.fuzz {seed} {number}  # {what}")
    refused = end - first - accepted - len(failures)
    return Fuzz(end - first, accepted, refused, round(slowest * 1_000, 1), len(failures), tuple(failures[:_KEPT]))


@contextlib.contextmanager
def draws() -> Iterator[Draws]:
    """Give what draws an input, each as often as its share of the inputs."""
    desk = Desk()
    # In memory where there is such a place: it is the reading that is tried, and not the disk.
    with tempfile.TemporaryDirectory(dir=_MEMORY if Path(_MEMORY).is_dir() else None) as folder:
        try:
            yield (*[message] * 10, *[settings] * 3, *[desk.case] * 2, *[Shelf(Path(folder)).case] * 5, *[row] * 3)
        finally:
            desk.close()


def drawn(table: Draws, seed: int, number: int) -> Case:
    """Return the input of a number: it depends on seed and number alone."""
    random = Random(seed * _LARGE + number)
    return random.choice(table)(random)


def _tried(case: Case) -> tuple[float, bool | None, str]:
    """Return the seconds it took, whether it was accepted, or None and what went wrong."""
    began = time.perf_counter()
    try:
        taken = case.call()
    except Exception as error:  # noqa: BLE001  # that is what is looked for
        return 0.0, None, f"{case.what}: {type(error).__name__}: {ascii(str(error))[:200]}"
    took = time.perf_counter() - began
    for _ in range(_AGAIN):
        if took * 1_000 <= SLOWEST_MS:
            return took, taken, ""
        began = time.perf_counter()
        case.call()
        took = min(took, time.perf_counter() - began)
    return took, None, f"{case.what}: takes {took * 1_000:.0f} ms"
