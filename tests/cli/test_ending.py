"""How the process ends: signals, a closed pipe, and the exit code that the outcome gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from orderpit import Alarm, AlarmCode, Problem
from orderpit.actors.monitor import Troubles
from orderpit.cli._data import DataReport
from orderpit.cli._outcome import Outcome
from orderpit.model.audit import AuditReport
from orderpit.model.portfolio import PortfolioSnapshot

ROOT = Path(__file__).parents[2]
BOUND = 30.0
NO_MONEY = PortfolioSnapshot(cash={}, positions={}, realised_pnl={}, unrealised_pnl={}, fees={}, equity={}, sequence=0)
CLEAN = Outcome(
    stats={},
    portfolio=NO_MONEY,
    orders=(),
    audit=AuditReport((), 9),
    troubles=Troubles(0, 0, (), ()),
    orderly=True,
    data=DataReport("none"),
    seconds=0.0,
)
PROBLEM = Troubles(1, 0, (Problem(0, "view", "set aside", "x", "y"),), ())
ALARM = Troubles(0, 1, (), (Alarm(0, AlarmCode.CONTRADICTION, "o", "t"),))

STUCK = """
import sys, threading
from orderpit import Strategy

class Stuck(Strategy):
    def __init__(self, symbol, size):
        pass

    def on_market_data(self, data):
        sys.stderr.write("stuck\\n")
        sys.stderr.flush()
        threading.Event().wait()
"""


@pytest.mark.fault(67)
@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (CLEAN, 0),
        (attrs.evolve(CLEAN, audit=AuditReport(("cash: found 1, expected 2",), 9)), 1),
        (attrs.evolve(CLEAN, troubles=PROBLEM), 1),
        (attrs.evolve(CLEAN, troubles=ALARM), 1),
        (attrs.evolve(CLEAN, troubles=ALARM, alarms_expected=True), 0),
        (attrs.evolve(CLEAN, troubles=ALARM, unprotected=1), 0),
        (attrs.evolve(CLEAN, troubles=PROBLEM, alarms_expected=True), 1),
        (attrs.evolve(CLEAN, orderly=False), 1),
    ],
    ids=[
        "clean",
        "violation",
        "problem",
        "alarm",
        "alarm that was asked for",
        "alarm of the market's doing",
        "problem nobody asked for",
        "not orderly",
    ],
)
def test_the_exit_code_is_zero_only_where_nothing_was_found(outcome, code):
    assert outcome.exit_code == code


def started(*argv, **kwargs):
    return subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, "-m", "orderpit", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs
    )


@pytest.fixture
def stuck(tmp_path):
    """A session whose strategy does not come back, started and stuck."""
    (tmp_path / "stuck.py").write_text(STUCK)
    (tmp_path / "AAPL.csv").write_text("date,open,high,low,close\n2024-01-02,5,5,5,5\n")
    env = {**os.environ, "PYTHONPATH": os.fspath(ROOT)}
    process = started("session", "--data", "AAPL.csv", "--strategy", "stuck:Stuck", cwd=tmp_path, env=env)
    with process:
        assert process.stderr.readline() == "stuck\n"
        yield process
        process.kill()


def test_a_strategy_that_never_returns_does_not_keep_a_signal_from_ending_the_session(stuck):
    stuck.send_signal(signal.SIGTERM)
    out, err = stuck.communicate(timeout=BOUND)
    assert stuck.returncode == 143
    assert "Audit: " in out
    assert "Not everything came to an orderly end in time" in out
    assert err.endswith("orderpit: interrupted by SIGTERM\n")


@pytest.mark.fault(72)
def test_the_second_signal_ends_the_process_at_once(stuck):
    stuck.send_signal(signal.SIGTERM)
    stuck.send_signal(signal.SIGINT)
    out, err = stuck.communicate(timeout=BOUND)
    assert stuck.returncode in {130, 143}
    assert out == ""
    assert err == "orderpit: stopped at once, no summary\n"


def test_a_reader_that_has_had_enough_is_no_error():
    with started(cwd=ROOT) as process:
        process.stdout.close()
        _, err = process.communicate(timeout=BOUND)
    assert (process.returncode, err) == (141, "")
