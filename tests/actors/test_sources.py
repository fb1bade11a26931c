"""Ids and chance: no order of calls can change either."""

from __future__ import annotations

from decimal import Decimal

from orderpit.actors.sources import Ids, draws


def test_each_sender_counts_for_itself_whoever_asks() -> None:
    ids = Ids("run")
    one, again, other = ids.of("one"), ids.of("one"), ids.of("other")
    assert [one(), other(), again(), one()] == ["run-one-1", "run-other-1", "run-one-2", "run-one-3"]


def test_a_draw_depends_on_seeds_key_and_count_alone() -> None:
    draw, same = draws(1, 2), draws(1, 2)
    assert [draw("a", 0), draw("b", 0), draw("a", 1)] == [same("a", 0), draw("b", 0), same("a", 1)]
    others = [draws(1, 3)("a", 0), draws(12)("a", 0), draw("b", 0), draw("a", 1)]
    assert draw("a", 0) not in others
    # In every version: a seed that was written down must go on giving the same run.
    assert draw("a", 0) == Decimal("0.631677299131653067")


def test_draws_lie_in_the_unit_interval_and_spread_over_it() -> None:
    drawn = [draws(7)("key", count) for count in range(2_000)]
    assert all(0 <= one < 1 for one in drawn)
    for tenth in range(10):
        share = sum(Decimal(tenth) / 10 <= one < Decimal(tenth + 1) / 10 for one in drawn)
        assert 150 < share < 250
