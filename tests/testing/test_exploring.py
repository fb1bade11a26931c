"""Exploring: every schedule once, outcomes counted, and the shortest schedule of what breaks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orderpit.actors.scheduler import Choose
from orderpit.testing.exploring import Progress, explore, run_schedule
from orderpit.testing.schedules import from_text


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


def order_of(choose: Choose, names: str) -> str:
    """Let things go one by one, as chosen, and say in which order they went."""
    left = [Named(name) for name in names]
    gone = ""
    while len(left) > 1:
        gone += left.pop(choose(left)).name
    return gone + left[0].name


def sorted_or_not(choose: Choose) -> str:
    gone = order_of(choose, "abcd")
    return "sorted" if gone == "abcd" else "not sorted"


def breaks_when_c_is_first(choose: Choose) -> str:
    gone = order_of(choose, "abc")
    if gone[0] == "c":
        raise ValueError("c went first: " + gone)
    return gone


def test_every_schedule_is_run_once_and_its_outcome_counted() -> None:
    found = explore(sorted_or_not)
    assert found.schedules == 24
    assert found.outcomes == {"sorted": 1, "not sorted": 23}
    assert found.broken == ()
    assert found.complete


def test_a_world_without_a_choice_has_one_schedule() -> None:
    found = explore(lambda _: "the only way")
    assert (found.schedules, found.outcomes, found.complete) == (1, {"the only way": 1}, True)


def test_it_stops_at_the_first_that_breaks_and_shrinks_it() -> None:
    found = explore(breaks_when_c_is_first, replay="run it again with {}".format)
    (broken,) = found.broken
    assert not found.complete
    assert broken.schedule == "0:2"
    assert broken.what == "ValueError: c went first: cab"
    assert str(broken) == "ValueError: c went first: cab\n  replay: run it again with 0:2"


def test_it_goes_on_when_asked_and_counts_only_what_broke_nothing() -> None:
    found = explore(breaks_when_c_is_first, most_broken=10)
    assert found.complete
    assert found.schedules == 6
    assert len(found.broken) == 2
    assert sum(found.outcomes.values()) == 4


def test_what_was_found_can_be_run_again() -> None:
    (broken,) = explore(breaks_when_c_is_first).broken
    with pytest.raises(ValueError, match="c went first"):
        run_schedule(breaks_when_c_is_first, from_text(broken.schedule))


def test_another_error_is_not_taken_for_the_one_that_is_being_shrunk() -> None:
    def world(choose: Choose) -> str:
        gone = order_of(choose, "abc")
        if gone == "cab":
            raise KeyError(gone)
        if gone == "cba":
            raise ValueError(gone)
        return gone

    found = explore(world, most_broken=10)
    assert [broken.what for broken in found.broken] == ["KeyError: 'cab'", "ValueError: cba"]
    assert [broken.schedule for broken in found.broken] == ["0:2", "0:2,1:1"]


def test_check_raises_with_the_line_that_replays() -> None:
    explore(sorted_or_not).check()
    with pytest.raises(AssertionError, match=r"(?s)c went first.*\n  replay: .*'0:2'"):
        explore(breaks_when_c_is_first).check()


@pytest.mark.parametrize(("most", "complete"), [(5, False), (6, True), (7, True)], ids=str)
def test_it_knows_whether_any_schedule_is_left(most: int, *, complete: bool) -> None:
    found = explore(lambda choose: order_of(choose, "abc"), most)
    assert found.schedules == min(most, 6)
    assert found.complete is complete


def test_progress_only_grows_and_ends_near_one() -> None:
    seen: list[Progress] = []
    explore(lambda choose: order_of(choose, "abcdef"), progress=seen.append)
    shares = [progress.done for progress in seen]
    assert len(shares) == 720 // 64
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.2
    assert 0.9 < shares[-1] < 1


def test_an_interrupt_is_not_taken_for_something_that_broke() -> None:
    def interrupted(choose: Choose) -> str:
        options: Sequence[Named] = [Named("a"), Named("b")]
        if choose(options):
            raise KeyboardInterrupt
        return "went on"

    with pytest.raises(KeyboardInterrupt):
        explore(interrupted)
