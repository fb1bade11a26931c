"""Searching by surprises: every schedule once, those with the fewest first."""

from __future__ import annotations

import itertools

from orderpit.actors.scheduler import Choose
from orderpit.testing.trials.search import fewest_first


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


def order_of(choose: Choose) -> str:
    """Let four go one by one, as chosen, and say in which order they went."""
    left = [Named(name) for name in "abcd"]
    gone = ""
    while len(left) > 1:
        gone += left.pop(choose(left)).name
    return gone + left[0].name


def test_every_schedule_is_run_once() -> None:
    found = [result for _, result in fewest_first(order_of)]
    assert sorted(found) == sorted("".join(order) for order in itertools.permutations("abcd"))


def test_those_with_the_fewest_surprises_come_first() -> None:
    sizes = [len(deviations) for deviations, _ in fewest_first(order_of)]
    assert sizes == sorted(sizes)
    assert sizes[0] == 0
    assert sizes[-1] == 3


def test_a_run_without_a_choice_is_the_only_one() -> None:
    assert list(fewest_first(lambda choose: "done")) == [({}, "done")]
