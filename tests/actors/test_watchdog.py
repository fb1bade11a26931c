"""Who watches from outside: the watchdog and the kill file, as objects without threads."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import Collector, Desk

from orderpit.actors.kill_file import LOOK_NS, KillFile
from orderpit.actors.messages import CheckActors, CheckFile, Halt, Resume
from orderpit.actors.threads import first_line
from orderpit.actors.watchdog import Moving, Watchdog
from orderpit.model.kinds import Action, Trip
from orderpit.model.limits import Rule

STUCK = Rule(on=Trip.STUCK_ACTOR, action=Action.HALT, limit="1")


class Watched:
    """A watchdog with a limit of one second, which looks four times in it, and what it sees."""

    def __init__(self) -> None:
        self.gate, self.timers, self.seen = Collector(), [], ()  # type: ignore[var-annotated]
        desk = Desk("watchdog")
        later = lambda delay, _, message: self.timers.append((delay, message))  # noqa: E731
        self.dog: Any = desk.make(Watchdog, Collector(), (self.gate,), (STUCK,), lambda: self.seen, later)

    def look(self, times: int, *seen: Moving) -> list[Halt]:
        self.seen = seen
        before = len(self.gate.messages)
        for _ in range(times):
            self.dog.on_receive(CheckActors())
        return self.gate.messages[before:]


def still(name: str = "view", handled: int = 7, queued: int = 3, *, is_strategy: bool = False) -> Moving:
    return Moving(name, queued, handled, is_strategy)


def test_an_actor_that_stands_still_for_longer_than_the_limit_trips_once() -> None:
    watched = Watched()
    # The first look begins the time; four more are one second, which is not yet longer than the limit.
    assert watched.look(5, still()) == []
    (halt,) = watched.look(1, still())
    assert halt == Halt("view has not moved for more than 1 s, and 3 messages wait", Trip.STUCK_ACTOR, Action.HALT, "")
    assert watched.look(20, still()) == []
    assert {delay for delay, _ in watched.timers} == {250_000_000}


@pytest.mark.parametrize(
    "between", [still(handled=8), still(queued=0)], ids=["it has handled one", "nothing waits for it"]
)
def test_an_actor_that_moves_is_let_be_and_each_standstill_trips(between: Moving) -> None:
    watched = Watched()
    assert watched.look(4, still()) == []
    assert watched.look(1, between) == []
    assert watched.look(5, still(handled=9)) == []
    assert len(watched.look(1, still(handled=9))) == 1
    watched.look(1, between)
    assert len(watched.look(6, still(handled=10))) == 1


def test_a_strategy_that_stands_still_is_held_alone() -> None:
    assert [halt.strategy_id for halt in Watched().look(6, still("slow", is_strategy=True))] == ["slow"]


def test_after_a_person_has_resumed_what_stands_still_trips_again() -> None:
    watched = Watched()
    assert len(watched.look(6, still())) == 1
    watched.dog.on_receive(Resume())
    assert watched.look(5, still()) == []
    assert len(watched.look(1, still())) == 1


class Filed:
    """Who watches the kill file, and what the file says."""

    def __init__(self) -> None:
        self.gate, self.timers = Collector(), Collector()
        self.line: str | None = None
        later = lambda delay, _, message: self.timers.send((delay, message))  # noqa: E731
        desk = Desk("kill_file")
        self.actor: Any = desk.make(KillFile, Collector(), (self.gate,), lambda: self.line, later)

    def look(self, line: str | None) -> list[Halt]:
        self.line = line
        before = len(self.gate.messages)
        self.actor.on_receive(CheckFile())
        return self.gate.messages[before:]


@pytest.mark.parametrize(
    ("line", "reason", "action"),
    [
        pytest.param("", "kill file", Action.CANCEL_ALL, id="empty"),
        pytest.param("too much\n", "kill file: too much", Action.CANCEL_ALL, id="a reason"),
        pytest.param("Flatten now\n", "kill file: Flatten now", Action.FLATTEN, id="flatten"),
        pytest.param("do not flatten", "kill file: do not flatten", Action.CANCEL_ALL, id="not its first word"),
        pytest.param("a\x1b[2Jb", "kill file: a?[2Jb", Action.CANCEL_ALL, id="not printable"),
        pytest.param("x" * 999, "kill file: " + "x" * 200, Action.CANCEL_ALL, id="too long"),
    ],
)
def test_the_kill_file_trips_with_its_first_line_as_the_reason(line: str, reason: str, action: Action) -> None:
    assert Filed().look(line) == [Halt(reason, Trip.FILE, action)]


def test_the_kill_file_trips_once_as_long_as_it_is_there_and_again_when_somebody_resumes() -> None:
    filed = Filed()
    counts = [len(filed.look(line)) for line in (None, "a", "a", "b", None, "c")]
    assert counts == [0, 1, 0, 0, 0, 1]
    filed.actor.on_receive(Resume())
    assert len(filed.gate.messages) == 3
    assert filed.timers.messages == [(0, CheckFile()), *[(LOOK_NS, CheckFile())] * 6]


def test_the_first_line_of_a_file(tmp_path: Any) -> None:
    file = tmp_path / "kill"
    assert first_line(str(file)) is None
    assert first_line(str(file / "below")) is None
    file.write_bytes(b"caf\xff\nsecond")
    assert first_line(str(file)) == "caf\ufffd"
    assert first_line(str(tmp_path)) == ""
