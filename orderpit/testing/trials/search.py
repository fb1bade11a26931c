"""Every schedule, those with the fewest surprises first: what breaks is then found in its shortest form."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from ...actors.scheduler import Choose, Option

T = TypeVar("T")


def fewest_first(run: Callable[[Choose], T]) -> Iterator[tuple[dict[int, int], T]]:
    """Run once for each schedule there is, and yield each with what its run returned.

    First comes the one in which all move in turn, then those in which once somebody moves out of turn, then those in
    which that happens twice, and so on: most bugs need little of it (Musuvathi, Qadeer: Iterative Context Bounding for
    Systematic Testing of Multithreaded Programs, PLDI 2007).

    Args:
        run: runs a world of its own from its beginning, with the choices it is given, and depends on nothing else.
    """
    waiting: deque[tuple[tuple[int, int], ...]] = deque([()])
    while waiting:
        path = waiting.popleft()
        deviations = dict(path)
        counts: list[int] = []

        def choose(
            options: Sequence[Option], deviations: dict[int, int] = deviations, counts: list[int] = counts
        ) -> int:
            counts.append(len(options))
            return deviations.get(len(counts) - 1, 0)

        yield deviations, run(choose)
        first = path[-1][0] + 1 if path else 0
        waiting.extend(
            (*path, (point, choice)) for point in range(first, len(counts)) for choice in range(1, counts[point])
        )
