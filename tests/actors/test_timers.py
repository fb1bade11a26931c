"""Timers by the time at which they fall due."""

from __future__ import annotations

import random

from helpers import Collector

from orderpit.actors.timers import Timer, TimerHeap


def add(timers: TimerHeap, due: int, *, background: bool = False) -> Timer:
    return timers.add(due, Collector(), due, timers.take, background=background)


def test_the_earliest_comes_first_and_those_due_together_in_the_order_in_which_they_were_set() -> None:
    timers = TimerHeap()
    set_ones = [add(timers, due) for due in (5, 3, 5, 1, 3)]
    order = []
    while (first := timers.first()) is not None:
        timers.take(first)
        order.append(set_ones.index(first))
    assert order == [3, 1, 4, 0, 2]


def test_a_timer_is_taken_once_and_cancelled_once() -> None:
    timers = TimerHeap()
    timer = add(timers, 1)
    assert timers.take(timer)
    assert not timers.take(timer)
    timer.cancel()
    assert (timers.first(), timers.foreground) == (None, 0)


def test_only_timers_of_the_foreground_count_as_under_way() -> None:
    timers = TimerHeap()
    behind, before = add(timers, 1, background=True), add(timers, 2)
    assert timers.foreground == 1
    assert (timers.first(), timers.first_in_foreground()) == (behind, before)
    before.cancel()
    assert (timers.foreground, timers.first_in_foreground()) == (0, None)


def test_those_that_are_due_by_a_time_are_found_in_order_among_many() -> None:
    draw, timers = random.Random(1), TimerHeap()
    live = [add(timers, draw.randrange(100)) for _ in range(300)]
    for timer in draw.sample(live, 150):
        timer.cancel()
        live.remove(timer)
    for due in (-1, 0, 10, 50, 99, 200):
        assert timers.by(due) == sorted(timer for timer in live if timer.due <= due)


def test_all_are_forgotten_at_once() -> None:
    timers = TimerHeap()
    add(timers, 1)
    timers.clear()
    assert (timers.first(), timers.foreground, timers.by(5)) == (None, 0, [])
