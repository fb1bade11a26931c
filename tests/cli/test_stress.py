"""Floods, in this process and as one of their own; what they do to the system is in tests/stress."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import attrs
import pytest
from rich.console import Console

from orderpit import SimulatedExchange, TradingSystem
from orderpit.cli import main
from orderpit.cli._bar import FloodBar
from orderpit.cli._flood import INSTRUMENTS, Market, Trader
from orderpit.cli._progress import StressLines
from orderpit.cli._session import Blind
from orderpit.cli._signals import Signals
from orderpit.cli._stress import Flooding, _Moving, _until_over

ROOT = Path(__file__).parents[2]
BOUND = 60.0


def stress(capsys, *argv, code=0):
    assert main(["stress", "--json", "--quiet", *argv]) == code
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_a_flood_ends_with_every_order_closed_and_a_clean_audit(capsys):
    found = stress(capsys, "--orders", "1500", "--strategies", "3", "--seed", "5")
    assert found["audit"]["violations"] == []
    assert found["audit"]["checks"] > 1500
    states = found["stats"]["orders_by_state"]
    assert states["FILLED"] + states["CANCELLED"] + states["REJECTED"] + states["EXPIRED"] == 1500
    assert all(states[state] > 0 for state in ("FILLED", "CANCELLED", "REJECTED"))
    assert found["rejected"].keys() >= {"MAX_ORDER_QUANTITY", "UNKNOWN_SYMBOL", "UNSUPPORTED_COMBINATION"}
    assert found["refused"]
    assert found["data"]["symbols"] == ["BTC/USDT", "ETH/USDT"]
    added = found["stress"]
    assert (added["orders"], added["strategies"], added["seed"]) == (1500, 3, 5)
    assert (added["stalled"], added["faults"]) == (False, {})
    assert added["orders_per_second"] > 0
    assert {"trader-1", "trader-2", "trader-3", "risk_controller", "exchange"} <= added["mailboxes"].keys()
    for box in added["mailboxes"].values():
        assert box["sent"] == box["handled"] + box["dead"]
        assert box["high"] > 0


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_flood_with_faults_heals_and_every_doubt_is_resolved(seed, capsys):
    assert main(["stress", "--faults", "--json", "--quiet", "--orders", "600", "--seed", seed]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    found = json.loads(out)
    assert found["audit"]["violations"] == []
    assert found["stats"]["open_orders_count"] == 0
    assert sum(found["stress"]["alarms"].values()) == found["problems"]["alarms"] > 0
    assert sum(found["stress"]["faults"].values()) > 20
    assert found["problems"]["count"] == 0
    assert found["problems"]["texts"] == []


def test_there_may_be_more_strategies_than_orders(capsys):
    found = stress(capsys, "--orders", "2", "--strategies", "5")
    assert found["stats"]["total_orders_created"] == 2
    assert found["stress"]["strategies"] == 5


def test_in_a_pipe_progress_is_lines_on_stderr_and_the_summary_names_every_mailbox(capsys):
    assert main(["stress", "--orders", "200", "--strategies", "2"]) == 0
    out, err = capsys.readouterr()
    assert err == "orderpit: 200 orders by 2 strategies, seed 0\n"
    assert out.startswith("Stress: 200 orders by 2 strategies, seed 0\n")
    for shown in ("orders_by_state", "Mailboxes", "risk_controller", "trader-2", "Orders: 200, ", "Audit: clean"):
        assert shown in out
    assert "\x1b" not in out


@pytest.fixture
def flooding():
    """A flood whose one strategy is not there: nothing of it is ever submitted."""
    with TradingSystem(INSTRUMENTS, exchange=SimulatedExchange(), run_id="t") as system:
        trader = Trader(1000, "0")
        trader.submitted = 250
        yield Flooding(system, (trader,), 1000, "a title", time.perf_counter() - 10)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_bar_is_one_line_that_fits_the_terminal(width, flooding):
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, no_color=True, width=width, height=9, legacy_windows=False)
    with FloodBar(console) as bar:
        bar.show(flooding)
    drawn = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", stream.getvalue()).strip("\r\n")
    assert drawn.startswith(" 25% ")
    assert len(drawn.splitlines()[0]) <= width
    if width >= 80:
        assert re.search(r"250 orders, \d+ a second, .*0:3\d left", drawn)


def test_progress_lines_of_a_flood_come_at_a_modest_rate(flooding):
    stream = io.StringIO()
    with StressLines(stream) as progress:
        for _ in range(5):
            progress.show(flooding)
        progress.show(attrs.evolve(flooding, began=flooding.began - 10))
    first, then = stream.getvalue().splitlines()
    assert first == "orderpit: a title"
    assert re.fullmatch(r"orderpit:  25%, 250 orders, \d+ a second, 0 wait for [a-z_]+, 1:0\d left", then)


def test_a_flood_in_which_nothing_moves_any_more_is_given_up(flooding):
    moving = _Moving(flooding.system, Market(0))
    assert not _until_over(flooding, moving, Blind(), Signals(), patience=0.05)


@pytest.fixture
def flood():
    """A flood that would last for hours, as a process of its own, once it has begun."""
    command = [sys.executable, "run.py", "stress", "--orders", "10000000", "--strategies", "4", "--json"]
    with subprocess.Popen(  # noqa: S603  # our own command
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr.readline().endswith("10,000,000 orders by 4 strategies, seed 0\n")
        yield process
        process.kill()


@pytest.mark.fault(72)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_72_a_signal_ends_a_flood_in_order_and_the_books_are_right(number, flood):
    flood.send_signal(number)
    # Within five seconds, or there is no summary.
    out, err = flood.communicate(timeout=BOUND)
    assert flood.returncode == 128 + number, err
    assert err.endswith(f"orderpit: interrupted by {number.name}\n")
    found = json.loads(out)
    assert found["interrupted"] is True
    assert found["audit"]["violations"] == []
    assert found["stats"]["open_orders_count"] == 0
    assert 0 < found["stress"]["orders"] < 10_000_000
    assert found["problems"]["count"] == 0


@pytest.mark.fault(72)
def test_72_a_second_signal_ends_a_flood_at_once(flood):
    flood.send_signal(signal.SIGTERM)
    flood.send_signal(signal.SIGINT)
    out, err = flood.communicate(timeout=BOUND)
    assert flood.returncode in {130, 143}
    assert out == ""
    assert err.endswith("orderpit: stopped at once, no summary\n")
