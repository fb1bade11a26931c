"""The monitor: hears of everything that went wrong."""

from __future__ import annotations

import threading
from typing import Any

import attrs
import pytest
from helpers import BOUND, Desk, Recorder, Threads

from orderpit import Alarm, AlarmCode, Problem
from orderpit.actors.messages import GetProblems
from orderpit.actors.monitor import Monitor, to_stderr

PROBLEM = Problem(1, "order_manager", "set aside", "VenueFilled(...)", "ZeroDivisionError()", "Traceback ...\n")
ALARM = Alarm(1, AlarmCode.OVERFILL, "o-1", "5 executed with 4 of the order remaining")


def test_problems_and_alarms_are_counted_kept_and_told(desk: Desk) -> None:
    told = Recorder()
    monitor = desk.make(Monitor, told)
    for trouble in (PROBLEM, ALARM, PROBLEM):
        monitor.on_receive(trouble)
    troubles = monitor.on_receive(GetProblems())
    assert told.items == [PROBLEM, ALARM, PROBLEM]
    assert (troubles.problem_count, troubles.alarm_count) == (2, 1)
    assert (troubles.problems, troubles.alarms) == ((PROBLEM, PROBLEM), (ALARM,))


def test_what_is_kept_is_bounded_and_what_is_counted_is_not(desk: Desk) -> None:
    monitor = desk.make(Monitor, lambda _: None)
    for _ in range(1_500):
        monitor.on_receive(PROBLEM)
        monitor.on_receive(ALARM)
    troubles = monitor.books()
    assert (troubles.problem_count, troubles.alarm_count) == (1_500, 1_500)
    assert len(troubles.problems) == len(troubles.alarms) == 1_000


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit, KeyboardInterrupt], ids=lambda error: error.__name__)
def test_an_on_error_that_raises_is_the_end_of_nothing(
    threads: Threads, capsys: pytest.CaptureFixture[str], error: type[BaseException]
) -> None:
    def on_error(_: Any) -> None:
        raise error

    address = threads.spawn(Monitor, on_error)
    for _ in range(10):
        address.send(PROBLEM)
    assert address.ask(GetProblems(), BOUND).problem_count == 10
    assert not address.closed
    printed = capsys.readouterr().err
    assert printed.count(str(PROBLEM)) == 10
    assert error.__name__ in printed


def test_an_on_error_that_does_not_return_holds_up_nobody_else(threads: Threads) -> None:
    gate, began = threading.Event(), threading.Event()

    def on_error(_: Any) -> None:
        began.set()
        gate.wait(BOUND)

    address = threads.spawn(Monitor, on_error)
    assert address.send(PROBLEM)
    assert began.wait(BOUND)
    assert all(address.send(PROBLEM) for _ in range(1_000))
    gate.set()
    assert address.ask(GetProblems(), BOUND).problem_count == 1_001


def test_without_an_on_error_each_trouble_is_a_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    to_stderr(PROBLEM)
    to_stderr(ALARM)
    to_stderr(attrs.evolve(ALARM, code=AlarmCode.DISCONNECTED, order_id="", text="the venue is disconnected"))
    assert capsys.readouterr().err.splitlines() == [
        "orderpit: order_manager: set aside VenueFilled(...): ZeroDivisionError()",
        "Traceback ...",
        "orderpit: alarm OVERFILL on order o-1: 5 executed with 4 of the order remaining",
        "orderpit: alarm DISCONNECTED: the venue is disconnected",
    ]


def test_an_unknown_message_is_reported(desk: Desk) -> None:
    desk.make(Monitor, print).on_receive("what is this")
    assert [problem.what for problem in desk.problems] == ["unknown message"]
