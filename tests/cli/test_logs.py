"""Logging of the command line."""

from __future__ import annotations

import logging
from decimal import Decimal

import pytest
from loguru import logger

from orderpit import Action, OrderUpdate, Problem, Reason, RiskLimits, TradingState, Trip
from orderpit.actors.logs import log_trouble, log_update
from orderpit.cli._errors import UsageError
from orderpit.cli._limits import trip_text
from orderpit.cli._logs import logs
from orderpit.cli._report import detail
from orderpit.cli._tallies import Tallies
from orderpit.model.account_events import CashMoved, LimitsChanged, TradingStateChanged
from orderpit.model.events import CommandRefused

HOSTILE = "a\x1b[31m\nb\u202e{x} <red> \udc80"


def refused(text):
    event = CommandRefused(
        time_ns=1,
        source="s",
        order_id="o",
        strategy_id="t",
        command="CancelOrder",
        reason=Reason.UNKNOWN_ORDER,
        text=text,
    )
    return OrderUpdate(7, event, None)


OF_NO_ORDER = {
    "cash": (
        CashMoved(time_ns=1, source="risk", transfer_id="t-1", currency="USDT", amount=Decimal("-5.50"), text="rent"),
        "INFO    account event time_ns=1 sequence=7 event=CashMoved transfer_id=t-1 amount=-5.5",
        "out 5.5 USDT",
    ),
    "limits": (
        LimitsChanged(time_ns=1, source="risk", limits=RiskLimits()),
        "INFO    account event time_ns=1 sequence=7 event=LimitsChanged limits=",
        "",
    ),
    "trading state": (
        TradingStateChanged(
            time_ns=1,
            source="risk",
            strategy_id="mm",
            before=TradingState.ACTIVE,
            state=TradingState.HALTED,
            trip=Trip.DRAWDOWN,
            action=Action.HALT,
            text="7",
        ),
        (
            "WARNING trading state time_ns=1 sequence=7 event=TradingStateChanged strategy_id=mm before=ACTIVE "
            "state=HALTED trip=DRAWDOWN action=HALT text=7"
        ),
        "ACTIVE to HALTED, DRAWDOWN: 7",
    ),
}


@pytest.mark.parametrize(("event", "logged", "shown"), OF_NO_ORDER.values(), ids=OF_NO_ORDER)
def test_an_event_of_no_order_is_a_line_too(event, logged, shown, tmp_path):
    path = tmp_path / "x.log"
    update = OrderUpdate(7, event, None)
    with logs(str(path), debug=False):
        log_update(update)
    assert logged in path.read_text(encoding="utf-8")
    assert detail(update, {}) == shown


def test_trips_are_kept_for_the_summary():
    tallies = Tallies()
    for event, _, _ in OF_NO_ORDER.values():
        tallies.trip(OrderUpdate(7, event, None))
    assert [trip_text(trip) for trip in tallies.trips] == ["ACTIVE to HALTED of mm by DRAWDOWN, HALT: 7"]


@pytest.mark.fault(39, 40)
def test_whatever_stands_in_a_value_an_event_is_one_printable_line(tmp_path, capsys):
    path = tmp_path / "x.log"
    with logs(str(path), debug=False):
        log_update(refused(HOSTILE))
    (line,) = path.read_text(encoding="utf-8").splitlines()
    assert line.isprintable()
    assert " WARNING refused time_ns=1 sequence=7 event=CommandRefused order_id=o reason=UNKNOWN_ORDER text=" in line
    assert r"{x} <red>" in line
    assert capsys.readouterr().err == ""


def test_a_problem_goes_to_stderr_as_one_line_and_with_debug_its_traceback_follows(capsys):
    problem = Problem(1, "view", "set aside", HOSTILE, "boom", "Traceback\n  line\x1b one\n")
    with logs(None, debug=False):
        log_trouble(problem)
    assert capsys.readouterr().err.startswith('orderpit: problem actor=view what="set aside" message=')
    with logs(None, debug=True):
        log_trouble(problem)
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.isprintable()
    assert rest == ["Traceback", r"  line\x1b one"]


def test_what_pykka_logs_goes_where_the_rest_goes(tmp_path, capsys):
    path = tmp_path / "x.log"
    with logs(str(path), debug=False):
        logging.getLogger("pykka").warning("actor %s", HOSTILE)
        logging.getLogger("pykka").log(7, "not heard of")
        logging.getLogger("pykka").error("failed", exc_info=ValueError(HOSTILE))
    first, second = path.read_text(encoding="utf-8").splitlines()
    assert "logger=pykka" in first
    assert "ValueError: " in second
    assert (first + second).isprintable()
    assert capsys.readouterr().err.count("\n") == 1


def test_afterwards_there_is_no_sink_and_no_handler_of_ours_left(tmp_path, capsys):
    handlers = list(logging.getLogger("pykka").handlers)
    heard = []
    sink = logger.add(heard.append, level="INFO")
    with logs(str(tmp_path / "x.log"), debug=False):
        pass
    logger.error("after")
    log_update(refused(""))
    logger.remove(sink)
    assert logging.getLogger("pykka").handlers == handlers
    assert len(heard) == 1
    assert capsys.readouterr().err == ""
    assert (tmp_path / "x.log").read_text() == ""


@pytest.mark.parametrize("name", ["no/such/x.log", "", "a\x00b"], ids=["no folder", "a folder", "NUL"])
def test_a_file_that_cannot_be_written_is_named(name, tmp_path):
    path = str(tmp_path / name)
    with pytest.raises(UsageError, match=r"--log-file .*: "), logs(path, debug=False):
        pass
