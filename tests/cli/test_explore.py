"""`orderpit explore`: the races there are, one of them run to the end, and one schedule run again."""

from __future__ import annotations

import json

import pytest

from orderpit.cli import main
from orderpit.testing.races.known import RACES

RACE = "a late fill"


def test_the_races_are_listed(capsys):
    assert main(["explore"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{len(RACES)} races"
    for race in RACES.values():
        (line,) = (line for line in lines if line.startswith(f"{race.name}  "))
        assert f"{race.size:,}" in line
        assert line.endswith(race.what)


def test_a_race_is_run_to_its_end(capsys):
    assert main(["explore", RACE]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("A late fill\n-----------\n")
    for outcome in RACES[RACE].outcomes:
        assert f"  {outcome}\n" in captured.out
    assert "schedules, all of them, " in captured.out
    assert captured.out.endswith(": no law is broken\n")


def test_json_has_every_count(capsys):
    assert main(["explore", RACE, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["name"] == RACE
    assert found["complete"] is True
    assert found["outcomes"].keys() == RACES[RACE].outcomes
    assert sum(found["outcomes"].values()) == found["schedules"]
    assert found["broken"] == []


def test_json_lists_the_races(capsys):
    assert main(["explore", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["races"]
    assert [race["name"] for race in listed] == list(RACES)


def test_most_ends_it_early(capsys):
    assert main(["explore", "six fills in any order", "--most", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["schedules"], found["complete"]) == (3, False)


def test_one_schedule_is_run_again(capsys):
    assert main(["explore", RACE, "--schedule", "0:1"]) == 0
    assert "1 schedule, not all, " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["explore", "no such race"], "orderpit: RACE: 'no such race' is not known; `explore` lists those that are\n"),
        (
            ["explore", RACE, "--schedule", "1-2"],
            "orderpit: schedule: must be like 12:1,40:2, or - for none, got '1-2'\n",
        ),
        (["explore", RACE, "--most", "0"], "orderpit: argument --most: must be at least 1, got '0'\n"),
    ],
    ids=["race", "schedule", "most"],
)
def test_bad_arguments_are_refused_in_one_line(argv, said, capsys):
    assert main(argv) == 2
    assert capsys.readouterr() == ("", said)
