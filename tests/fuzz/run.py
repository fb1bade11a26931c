"""Seeded fuzzing of everything that comes from outside: each input is accepted, or refused by one clear error."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final

import attrs

from .files import Shelf
from .messages import message
from .outcome import Case
from .settings import Desk, settings

SLOWEST_MS: Final = 100
"""Milliseconds that no input may take."""

_AGAIN: Final = 5
_KEPT: Final = 20
_TOLD: Final = 500
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

    inputs: int
    accepted: int
    refused: int
    slowest_ms: float
    failed: int
    failures: tuple[str, ...]


def run(*, count: int, seed: int, progress: Callable[[float], object] = lambda _: None) -> Fuzz:
    """Try so many inputs.

    Args:
        count: how many.
        seed: the same seed gives the same inputs.
        progress: told which part has been tried, from 0 to 1, now and then.
    """
    accepted, failed, slowest, failures = 0, 0, 0.0, list[str]()
    with draws() as table:
        for number in range(count):
            took, taken, what = _tried(drawn(table, seed, number))
            slowest = max(slowest, took)
            accepted += taken is True
            if taken is None:
                failed += 1
                if len(failures) < _KEPT:
                    failures.append(f"python -m tests.fuzz {seed} {number}  # {what}")
            if number % _TOLD == 0:
                progress(number / count)
    progress(1.0)
    return Fuzz(count, accepted, count - accepted - failed, round(slowest * 1_000, 1), failed, tuple(failures))


@contextlib.contextmanager
def draws() -> Iterator[Draws]:
    """Give what draws an input, each as often as its share of the inputs."""
    desk = Desk()
    # In memory where there is such a place: it is the reading that is tried, and not the disk.
    with tempfile.TemporaryDirectory(dir=_MEMORY if Path(_MEMORY).is_dir() else None) as folder:
        try:
            yield (*[message] * 10, *[settings] * 3, *[desk.case] * 2, *[Shelf(Path(folder)).case] * 5)
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
