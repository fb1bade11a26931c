"""The named races of the system: the small ones to the end; the large ones are among the figures."""

from __future__ import annotations

import re

import pytest

from orderpit.actors.following import Follower
from orderpit.actors.scheduler import Choose
from orderpit.model import reporting
from orderpit.model.risk import RiskBook
from orderpit.testing.races import families
from orderpit.testing.races.known import RACES, Race

MOST = 120
"""Schedules of the races that are run with every test: those with more are among the figures."""
SMALL = [race for race in RACES.values() if race.size <= MOST]


@pytest.mark.fault(2, 6, 7, 9, 10, 11, 12, 16, 18, 19, 20, 31, 43, 66)
@pytest.mark.parametrize("race", SMALL, ids=lambda race: race.name.replace(" ", "-"))
def test_every_schedule_of(race: Race) -> None:
    found = race.explore()
    found.check()
    assert found.complete
    assert race.size / 2 <= found.schedules <= race.size * 2, "about so many as it says"
    assert found.outcomes.keys() == race.outcomes


@pytest.mark.parametrize("name", [race.name for race in RACES.values() if race.size > MOST])
def test_a_large_race_in_turn_and_a_few_schedules_on(name: str) -> None:
    found = RACES[name].explore(most=4)
    found.check()
    assert found.schedules == 4


def test_there_are_as_many_as_is_said() -> None:
    assert len(RACES) >= 30
    assert sum(race.size for race in RACES.values()) >= 100_000
    assert all(race.size for race in RACES.values())


@pytest.mark.parametrize("race", tuple(RACES.values()), ids=lambda race: race.name.replace(" ", "-"))
def test_a_race_says_what_races_and_what_may_come_of_it(race: Race) -> None:
    assert race.what.endswith(".")
    assert race.outcomes


@pytest.mark.parametrize("race", tuple(families.report_sets(2, 3)), ids=lambda race: race.name.replace(" ", "-"))
def test_reports(race: Race) -> None:
    found = race.explore()
    found.check()
    assert found.complete
    assert found.schedules == race.size


def test_fills_against_cancels() -> None:
    for race in families.fills_against_cancels(2, 1):
        found = race.explore()
        found.check()
        assert len(found.outcomes) >= 2


def test_an_outcome_that_is_not_foreseen_breaks_a_law_and_so_does_one_that_never_comes() -> None:
    def run(choose: Choose) -> str:
        return "left" if choose([_Option("left"), _Option("right")]) == 0 else "right"

    assert not Race("a", "", run, frozenset({"left", "right"}), 2).explore().broken
    (unforeseen,) = Race("a", "", run, frozenset({"left"}), 2).explore().broken
    assert unforeseen.what == "AssertionError: not foreseen: right"
    assert unforeseen.replay == 'python run.py explore "a" --schedule 0:1'
    (never,) = Race("a", "", run, frozenset({"left", "right", "up"}), 2).explore().broken
    assert never.what == "never came of it: up"


class _Option:
    def __init__(self, name: str) -> None:
        self.name = name


def drop_late_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = reporting._filled
    monkeypatch.setattr(reporting, "_filled", lambda order, *more: iter(()) if order.is_closed else judge(order, *more))


def reserve_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RiskBook, "commit", lambda book, judged: None)


def fold_whatever_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    def follow(self, update, fold):
        fold(update)
        self.followed = update.sequence

    monkeypatch.setattr(Follower, "follow", follow)


@pytest.mark.parametrize(
    ("plant", "name"),
    [
        (drop_late_fills, "a late fill"),
        (drop_late_fills, "an expiry against two fills"),
        (reserve_nothing, "two orders against one balance"),
        (fold_whatever_comes, "sending again against the stream"),
    ],
    ids=["late-fill", "expiry", "balance", "stream"],
)
def test_a_bug_is_found_and_its_line_replays_it(plant, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    (broken,) = RACES[name].explore().broken
    (schedule,) = re.findall(r"--schedule (\S+)$", broken.replay)
    with pytest.raises(Exception, match=re.escape(broken.what.partition(": ")[2][:40])):
        RACES[name].run_again(schedule)
