"""Schedules: drawn, recorded, replayed, enumerated, shrunk, and written in one word."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderpit import InvalidConfiguration
from orderpit.testing import (
    Recording,
    Replay,
    Window,
    by_hypothesis,
    every_schedule,
    from_text,
    hurried,
    pct,
    seeded,
    shrink,
    to_text,
    uniform,
)


@attrs.frozen
class Named:
    name: str


A, B, C = map(Named, "abc")
OPTIONS = (A, B, C)


def drawn(choose: Any, count: int = 200, options: Sequence[Named] = OPTIONS) -> list[int]:
    return [choose(options) for _ in range(count)]


@pytest.mark.parametrize("way", [uniform, hurried, pct, seeded], ids=lambda way: way.__name__)
def test_a_seed_always_draws_the_same_and_another_seed_something_else(way: Any) -> None:
    assert drawn(way(3)) == drawn(way(3))
    assert len({tuple(drawn(way(seed))) for seed in range(0, 30, 3)}) > 3
    assert set(drawn(way(3))) <= {0, 1, 2}


def test_hurried_mostly_lets_the_longest_waiting_go_first() -> None:
    counts = Counter(drawn(hurried(1), 1_000))
    assert 850 < counts[0] < 1_000


def test_pct_keeps_to_its_priorities_but_for_depth_minus_one_changes() -> None:
    for seed in range(20):
        leaders = [key for key, _ in itertools.groupby(drawn(pct(seed, depth=3, horizon=100), 100))]
        assert len(leaders) <= 3
    assert len(set(drawn(pct(1, depth=1), 500))) == 1


def test_what_was_recorded_is_replayed() -> None:
    recording = Recording(uniform(5))
    first = drawn(recording)
    assert recording.points == 200
    assert drawn(Replay(recording.deviations)) == first
    assert drawn(Replay(from_text(to_text(recording.deviations)))) == first


def test_a_choice_that_is_no_longer_there_becomes_the_last_one_that_is() -> None:
    assert Replay({0: 5})((A, B)) == 1


@pytest.mark.parametrize(("deviations", "text"), [({}, "-"), ({40: 2, 12: 1}, "12:1,40:2")], ids=["none", "two"])
def test_a_schedule_is_written_in_one_word(deviations: dict[int, int], text: str) -> None:
    assert to_text(deviations) == text
    assert from_text(text) == deviations


@pytest.mark.parametrize("text", ["", "1", "1:", ":1", "1:-1", "a:b", "1:1,", "1:1 2:2"])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(InvalidConfiguration, match="schedule"):
        from_text(text)


def test_every_schedule_is_run_once_depth_first() -> None:
    def run(choose: Any) -> tuple[int, ...]:
        first = choose((A, B))
        return (first, choose(OPTIONS)) if first else (first,)

    assert list(every_schedule(run)) == [({}, (0,)), ({0: 1}, (1, 0)), ({0: 1, 1: 1}, (1, 1)), ({0: 1, 1: 2}, (1, 2))]
    assert len(list(every_schedule(run, most=2))) == 2
    assert [result for _, result in every_schedule(lambda _: "no choice")] == ["no choice"]


def test_a_run_that_depends_on_something_else_is_found_out() -> None:
    counts = itertools.count(2)

    def run(choose: Any) -> None:
        choose((A,) * next(counts))
        choose(OPTIONS)

    with pytest.raises(InvalidConfiguration, match="must depend on the choices alone"):
        list(every_schedule(run))


def test_a_window_lets_them_move_in_turn_until_it_is_opened() -> None:
    window = Window(lambda options: len(options) - 1)
    assert window(OPTIONS) == 0
    window.is_open = True
    assert window(OPTIONS) == 2


def test_in_a_window_those_that_do_not_race_move_first() -> None:
    window = Window(lambda options: len(options) - 1, frozenset("ac"))
    window.is_open = True
    assert window(OPTIONS) == 1
    assert window((A, C)) == 1


@given(st.dictionaries(st.integers(0, 40), st.integers(1, 4), max_size=12), st.data())
@settings(max_examples=60, deadline=None)
def test_shrinking_finds_a_failure_from_which_nothing_can_be_taken_away(found: dict[int, int], data: Any) -> None:
    needed = (
        {point: data.draw(st.integers(1, found[point])) for point in data.draw(st.sets(st.sampled_from([*found])))}
        if found
        else {}
    )

    def fails(candidate: dict[int, int]) -> bool:
        return all(candidate.get(point, 0) >= least for point, least in needed.items())

    assert shrink(found, fails) == needed


def test_shrinking_stops_after_so_many_runs_with_what_it_has() -> None:
    runs = itertools.count()
    shrunk = shrink(dict.fromkeys(range(50), 1), lambda _: next(runs) >= 0, most_runs=1)
    assert next(runs) == 1
    assert len(shrunk) == 25


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_hypothesis_can_choose(data: Any) -> None:
    assert by_hypothesis(data)(OPTIONS) in {0, 1, 2}
