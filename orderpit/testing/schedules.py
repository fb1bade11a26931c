"""Who moves next: drawn from a seed, as recorded, or every way there is.

A schedule is what was chosen wherever there was a choice. Choice 0 is whoever has waited longest, so a schedule is
written as its deviations from that: "12:1,40:2" is choice 1 at the 13th point and choice 2 at the 41st.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from ..actors.scheduler import Choose, Option
from ..model.errors import InvalidConfiguration

T = TypeVar("T")
Deviations = Mapping[int, int]
"""By the number of the point, what was chosen there; 0 elsewhere."""
_IN_TURN: Final = "-"


def uniform(seed: int) -> Choose:
    """Choose each with the same chance."""
    draw = random.Random(seed)
    return lambda options: draw.randrange(len(options))


def hurried(seed: int, chance: float = 0.1) -> Choose:
    """Let whoever has waited longest go first, but now and then another: long orderly runs with few surprises."""
    draw = random.Random(seed)
    return lambda options: draw.randrange(len(options)) if draw.random() < chance else 0


def pct(seed: int, depth: int = 3, horizon: int = 1_000) -> Choose:
    """Give everybody a random priority, and drop whoever leads to the lowest at depth - 1 random points.

    Finds a bug that needs `depth` things to happen in one order with a probability that can be stated (Burckhardt,
    Kothari, Musuvathi, Nagarakatte: A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs, ASPLOS 2010).

    Args:
        seed: of the priorities and the points.
        depth: how many things must come in order.
        horizon: about how many points a run has.
    """
    draw = random.Random(seed)
    changes = {draw.randrange(horizon) for _ in range(depth - 1)}
    priorities: dict[str, float] = {}
    point = 0

    def choose(options: Sequence[Option]) -> int:
        nonlocal point
        for option in options:
            if option.name not in priorities:
                priorities[option.name] = 1 + draw.random()
        leader = max(range(len(options)), key=lambda index: priorities[options[index].name])
        if point in changes:
            priorities[options[leader].name] = draw.random()
        point += 1
        return leader

    return choose


def seeded(seed: int, horizon: int = 1_000) -> Choose:
    """Choose as the seed says, by one of the three ways above: each finds what the others are slow to find.

    Args:
        seed: of the way and its choices.
        horizon: about how many points a run has.
    """
    match seed % 3:
        case 0:
            return uniform(seed)
        case 1:
            return hurried(seed)
        case _:
            return pct(seed, horizon=horizon)


def drawn_by(draw_index: Callable[[int], int]) -> Choose:
    """Let a function of the number of options choose: Hypothesis, say, which then shrinks the schedule."""
    return lambda options: draw_index(len(options))


class Recording:
    """Chooses as another does, and keeps what was chosen."""

    def __init__(self, choose: Choose) -> None:
        self._choose = choose
        self.points = 0
        self.deviations: dict[int, int] = {}

    def __call__(self, options: Sequence[Option]) -> int:
        """Choose."""
        index = self._choose(options)
        if index:
            self.deviations[self.points] = index
        self.points += 1
        return index


class Replay:
    """Chooses as was recorded. Where a choice is no longer there, the last one that is."""

    def __init__(self, deviations: Deviations) -> None:
        self._deviations = deviations
        self._point = 0

    def __call__(self, options: Sequence[Option]) -> int:
        """Choose."""
        index = self._deviations.get(self._point, 0)
        self._point += 1
        return min(index, len(options) - 1)


class Window:
    """In turn until it is opened; then as another chooses, among those that race.

    What leads up to a race is no part of it; nor are those who only listen to it: whoever sends nothing back to those
    that race moves first, since when it does makes no difference to them.

    Args:
        choose: chooses among at least two that race.
        racing: the names of those that race ("timer of ..." for timers); None for all.
    """

    def __init__(self, choose: Choose, racing: frozenset[str] | None = None) -> None:
        self._choose = choose
        self._racing = racing
        self.is_open = False

    def __call__(self, options: Sequence[Option]) -> int:
        """Choose."""
        if not self.is_open:
            return 0
        if self._racing is None:
            return self._choose(options)
        for index, option in enumerate(options):
            if option.name not in self._racing:
                return index
        return self._choose(options)


def every_schedule(run: Callable[[Choose], T], most: int | None = None) -> Iterator[tuple[dict[int, int], T]]:
    """Run once for each schedule there is, depth first, and yield each with what its run returned.

    Args:
        run: runs a world of its own from its beginning, with the choices it is given, and depends on nothing else.
        most: stop after so many; None for all.

    Raises:
        InvalidConfiguration: when a run does depend on something else, so that its choices are not there again.
    """
    path: list[list[int]] = []
    count = 0
    while most is None or count < most:
        point = 0

        def choose(options: Sequence[Option]) -> int:
            nonlocal point
            if point == len(path):
                path.append([0, len(options)])
            chosen, count = path[point]
            if count != len(options):
                rule = f"must depend on the choices alone: at point {point} there were {count}"
                raise InvalidConfiguration.of("options", len(options), rule)
            point += 1
            return chosen

        result = run(choose)
        yield {number: chosen for number, (chosen, _) in enumerate(path) if chosen}, result
        count += 1
        while path and path[-1][0] == path[-1][1] - 1:
            path.pop()
        if not path:
            return
        path[-1][0] += 1


def shrink(deviations: Deviations, fails: Callable[[dict[int, int]], bool], most_runs: int = 2_000) -> dict[int, int]:
    """Return a schedule that still fails, from which no deviation can be taken away and none made smaller.

    Args:
        deviations: of a schedule that fails.
        fails: runs a schedule and says whether it fails.
        most_runs: what is found by then is returned.
    """
    runs = 0

    def still_fails(candidate: dict[int, int]) -> bool:
        nonlocal runs
        runs += 1
        return runs <= most_runs and fails(candidate)

    found = _fewer(dict(deviations), still_fails)
    for point in sorted(found):
        for smaller in range(1, found[point]):
            candidate = found | {point: smaller}
            if still_fails(candidate):
                found = candidate
                break
    return found


def _fewer(found: dict[int, int], still_fails: Callable[[dict[int, int]], bool]) -> dict[int, int]:
    """Take away halves, then quarters, and so on to single ones, from the end on, while it still fails."""
    size = len(found)
    while size:
        size = (size + 1) // 2
        points = sorted(found, reverse=True)
        for start in range(0, len(points), size):
            without = set(points[start : start + size])
            candidate = {point: choice for point, choice in found.items() if point not in without}
            if len(candidate) < len(found) and still_fails(candidate):
                found = candidate
        if size == 1:
            # Until a round of single ones takes nothing away.
            if len(found) == len(points):
                return found
            size = min(2, len(found))
    return found


def to_text(deviations: Deviations) -> str:
    """Write a schedule in one word."""
    return ",".join(f"{point}:{choice}" for point, choice in sorted(deviations.items())) or _IN_TURN


def from_text(text: str) -> dict[int, int]:
    """Read a schedule.

    Raises:
        InvalidConfiguration: for what to_text() does not write.
    """
    if text == _IN_TURN:
        return {}
    deviations: dict[int, int] = {}
    for part in text.split(","):
        point, colon, choice = part.partition(":")
        if not (colon and point.isdecimal() and choice.isdecimal()):
            raise InvalidConfiguration.of("schedule", text, "must be like 12:1,40:2, or - for none")
        deviations[int(point)] = int(choice)
    return deviations


def by_hypothesis(data: Any) -> Choose:
    """Let Hypothesis choose: `data` is what `st.data()` gives to a test."""
    from hypothesis import strategies as st  # noqa: PLC0415  # an extra

    return drawn_by(lambda count: int(data.draw(st.integers(0, count - 1))))
