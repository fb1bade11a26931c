"""Sessions on one thread: the same orders and fills as on threads, watched in slices, and ended in order."""

from __future__ import annotations

import json
import os
import re
import signal
import threading

import pytest

from orderpit.cli import _session, main


@pytest.fixture
def btc(tmp_path):
    path = tmp_path / "BTC-USDT.csv"
    prices = [1000 + abs(n % 160 - 80) // 2 for n in range(600)]
    rows = [f"{1_700_000_000 + n * 60},{price},{price + 1},{price - 1},{price},5\n" for n, price in enumerate(prices)]
    path.write_text("timestamp,open,high,low,close,volume\n" + "".join(rows))
    return str(path)


def session(capsys, *argv, code=0):
    assert main(["session", "--json", *argv]) == code
    out, err = capsys.readouterr()
    return json.loads(out), err


@pytest.mark.parametrize("strategy", ["quoter", "crossover", "breakout"])
def test_the_same_data_give_the_same_outcome_on_both_runtimes(strategy, btc, capsys):
    argv = ("--quiet", "--data", btc, "--strategy", strategy, "--fill-probability", "0.5", "--latency", "90")
    outcomes = {}
    for runtime in ("threads", "stepped"):
        found, err = session(capsys, *argv, "--runtime", runtime)
        # With such a latency the market may have left a bracket's stop behind before it arrives, which is told.
        assert all("code=UNPROTECTED" in line for line in err.splitlines())
        assert not err or strategy == "breakout"
        assert found.pop("runtime") == runtime
        del found["seconds"]
        outcomes[runtime] = found
    assert outcomes["stepped"] == outcomes["threads"]
    assert outcomes["stepped"]["stats"]["total_orders_filled"] > 0


def test_no_thread_is_started_for_an_actor(btc, capsys):
    before = threading.active_count()
    seen = []

    def count(*_):
        seen.append(threading.active_count())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_session.Blind, "show", count)
        session(capsys, "--quiet", "--data", btc, "--runtime", "stepped")
    assert set(seen) == {before}


def test_progress_is_written_while_it_runs(btc, capsys, monkeypatch):
    monkeypatch.setattr(_session, "_LOOK_SECONDS", 0.0)
    monkeypatch.setattr("orderpit.cli._progress._EVERY_SECONDS", 0.0)
    monkeypatch.setattr(_session, "_STEPS", 100)
    found, err = session(capsys, "--data", btc, "--runtime", "stepped")
    assert found["data"]["records"] == 600
    shown = [int(count) for count in re.findall(r"(\d+) records?,", err)]
    assert shown == sorted(shown)
    assert len(set(shown)) > 3, "it was looked at in between, not only before and after"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_it_in_order_with_what_was_played(number, btc, capsys, monkeypatch):
    monkeypatch.setattr(_session, "_LOOK_SECONDS", 0.0)
    looks = []

    def interrupt(*_):
        looks.append(None)
        if len(looks) == 4:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(_session.Blind, "show", interrupt)
    found, _ = session(capsys, "--quiet", "--data", btc, "--runtime", "stepped", code=128 + number)
    assert found["interrupted"] is True
    assert 0 < found["data"]["records"] < 600
    assert found["audit"]["violations"] == []


def test_another_runtime_is_refused_in_one_line(capsys):
    assert main(["session", "--data", "x.csv", "--runtime", "fast"]) == 2
    assert "--runtime" in capsys.readouterr().err
