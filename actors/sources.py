"""Where ids and chance come from: the same for every runtime."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from ..model.numbers import EXACT

_UNIT: Final = Decimal((0, (1,), -18))
_RANGE: Final = 10**18


class Ids:
    """Ids `<run>-<sender>-<count>`, unique over restarts as far as the run's id is."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._counts: dict[str, itertools.count[int]] = {}

    def live_again(self, sequence: int) -> None:
        """Give other ids from here on than in the lives of the system before, which had recorded so many entries."""
        self._run_id = f"{self._run_id}.{sequence}"
        self._counts.clear()

    def of(self, sender: str) -> Callable[[], str]:
        """Return a source of one sender's ids; it may be called from any thread."""
        # next() on a count is one atomic step.
        count = self._counts.setdefault(sender, itertools.count(1))
        prefix = f"{self._run_id}-{sender}-"
        return lambda: f"{prefix}{next(count)}"


def draws(*seeds: int) -> Callable[[str, int], Decimal]:
    """Return a source of numbers in [0, 1) keyed by seeds, key and count: no order of calls can change them."""
    seed = ",".join(map(str, seeds))

    def draw(key: str, count: int) -> Decimal:
        digest = hashlib.blake2b(f"{seed}|{key}|{count}".encode(), digest_size=16).digest()
        return EXACT.multiply(Decimal(int.from_bytes(digest) % _RANGE), _UNIT)

    return draw
