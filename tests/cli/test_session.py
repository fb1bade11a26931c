"""Sessions on small files, in this process; and on the recorded days beside the checkout."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import sys
import zipfile
from pathlib import Path

import pytest

from orderpit.cli import main

DATA = Path(__file__).parents[3] / "shared" / "data"
DAY_NS = 86_400_000_000_000


def bars(path, prices, *, first=0):
    rows = [
        f"{1_700_000_000 + (first + n) * 60},{price},{price + 1},{price - 1},{price},5"
        for n, price in enumerate(prices)
    ]
    path.write_text("timestamp,open,high,low,close,volume\n" + "".join(f"{row}\n" for row in rows))
    return str(path)


def waves(count):
    """Prices that rise and fall by 40 over 160 records."""
    return [1000 + abs(n % 160 - 80) // 2 for n in range(count)]


def session(capsys, *argv, code=0):
    assert main(["session", "--json", "--quiet", *argv]) == code
    out, err = capsys.readouterr()
    return json.loads(out), err


@pytest.fixture
def btc(tmp_path):
    return bars(tmp_path / "BTC-USDT.csv", waves(240))


@pytest.mark.parametrize("strategy", ["quoter", "crossover", "breakout"])
def test_a_strategy_trades_on_the_data_and_the_audit_is_clean(strategy, btc, capsys):
    found, err = session(capsys, "--data", btc, "--strategy", strategy)
    assert found["audit"]["violations"] == []
    assert found["stats"]["total_orders_filled"] > 0
    # A bracket may be open when the data end.
    assert found["stats"]["open_orders_count"] in ({0, 2} if strategy == "breakout" else {0})
    assert found["data"] == {
        "source": btc,
        "records": 240,
        "symbols": ["BTC/USDT"],
        "first_time_ns": 1_700_000_000_000_000_000,
        "last_time_ns": 1_700_000_000_000_000_000 + 239 * 60_000_000_000,
        "skipped": 0,
    }
    assert err == ""


def order_table(capsys, *argv):
    """Return the head of the table of orders, and its rows, each by its columns."""
    assert main(["session", *argv]) == 0
    lines = capsys.readouterr().out.split("orders\n", 1)[1].splitlines()[1:]
    head = lines[0].split()
    return head, [line.split() for line in lines[1 : lines.index("")]]


def test_the_orders_of_brackets_are_marked_as_entry_target_and_stop(btc, capsys):
    head, rows = order_table(capsys, "--data", btc, "--strategy", "breakout")
    assert head == ["order", "group", "side", "quantity", "type", "price", "average", "state", "filled"]
    assert {(row[1], row[4]) for row in rows} >= {("entry", "MARKET"), ("target", "LIMIT"), ("stop", "STOP")}


BIDS = """
from orderpit import OrderType, Side, Strategy, SubmitOrder, TimeInForce

class Bids(Strategy):
    def __init__(self, symbol, size):
        self.order = SubmitOrder(
            symbol, Side.BUY, OrderType.LIMIT, size, price=1, time_in_force=TimeInForce.DAY, post_only=True,
        )

    def on_market_data(self, data):
        if not self.orders():
            self.submit(self.order)
"""


def test_what_orders_were_told_besides_has_a_column_when_there_is_any(btc, tmp_path, capsys, monkeypatch):
    (tmp_path / "bids_once.py").write_text(BIDS)
    monkeypatch.chdir(tmp_path)
    head, rows = order_table(capsys, "--data", btc, "--strategy", "bids_once:Bids", "--size", "1")
    assert head == ["order", "side", "quantity", "type", "price", "asked", "average", "state", "filled"]
    assert rows[0][5:8] == ["DAY,", "post", "only"]


def test_the_same_seed_and_data_give_the_same_orders_ids_and_fills(btc, tmp_path, capsys):
    def run(seed):
        log = tmp_path / "orders.log"
        log.unlink(missing_ok=True)
        argv = ("--data", btc, "--seed", seed, "--fill-probability", "0.5", "--latency", "90", "--log-file", str(log))
        found, _ = session(capsys, *argv)
        del found["seconds"]
        # Without the time of writing, at which each line begins.
        return found, [line.partition(" ")[2] for line in log.read_text().splitlines()]

    first = run("1")
    assert any("order_id=seed1-quoter-1 " in line for line in first[1])
    assert first == run("1")
    assert first != run("2")


def test_the_log_has_one_printable_line_for_each_event(btc, tmp_path, capsys):
    log = tmp_path / "a {b} <c>.log"
    found, _ = session(capsys, "--data", btc, "--log-file", str(log))
    lines = log.read_text().splitlines()
    assert [f"sequence={n}" in line for n, line in enumerate(lines, 1)] == [True] * found["stats"]["total_events"]
    assert all(line.isprintable() for line in lines)


def test_two_files_of_two_symbols_are_played_together_in_the_order_of_time(btc, tmp_path, capsys):
    eth = bars(tmp_path / "ETH-USDT.csv", waves(90), first=100)
    found, _ = session(capsys, "--data", btc, eth)
    assert found["data"]["symbols"] == ["BTC/USDT", "ETH/USDT"]
    assert found["data"]["records"] == 330
    assert found["data"]["last_time_ns"] == 1_700_000_000_000_000_000 + 239 * 60_000_000_000
    assert found["stats"]["symbols_traded"] == ["BTC/USDT", "ETH/USDT"]
    assert found["audit"]["violations"] == []


def test_two_files_of_one_symbol_are_played_one_after_the_other(btc, tmp_path, capsys):
    packed = tmp_path / "BTC-USDT-2.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(bars(tmp_path / "BTC-USDT-more.csv", waves(10), first=240))
    found, _ = session(capsys, "--data", btc, str(packed))
    assert (found["data"]["records"], found["data"]["symbols"]) == (250, ["BTC/USDT"])


def test_no_more_records_than_asked_for_are_played(btc, capsys):
    found, _ = session(capsys, "--data", btc, "--records", "7")
    assert found["data"]["records"] == 7


def test_a_row_that_cannot_be_read_ends_the_session_with_file_line_and_value(btc, capsys):
    path = Path(btc)
    rows = path.read_text().splitlines()
    path.write_text("\n".join([*rows[:201], "1700000000,1,2,x,1,5", *rows[201:]]) + "\n")
    assert main(["session", "--data", btc]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"orderpit: {btc}, line 202: ")
    assert "x" in err
    assert err.count("\n") == 1


def test_rows_skipped_on_request_are_counted_and_shown(btc, capsys):
    with Path(btc).open("a") as file:
        file.write("no row\n" * 3)
    found, _ = session(capsys, "--data", btc, "--skip-bad-rows")
    assert (found["data"]["records"], found["data"]["skipped"]) == (240, 3)
    assert main(["session", "--data", btc, "--skip-bad-rows", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "Rows skipped because they could not be read: 3" in out
    assert f"skipped: {btc}, line 242: " in out


def test_a_file_that_changes_its_symbol_is_refused(tmp_path, capsys):
    path = tmp_path / "x.csv"
    path.write_text("date,symbol,open,high,low,close\n2010-01-04,AAPL,3,3,3,3\n2010-01-05,IBM,3,3,3,3\n")
    assert main(["session", "--data", str(path)]) == 2
    err = capsys.readouterr().err
    assert "x.csv, record 2: symbol: must be one of AAPL, as the file began, got 'IBM'" in err
    assert err.count("\n") == 1


def test_without_a_stated_size_an_order_is_worth_about_a_thousand(tmp_path, capsys):
    path = bars(tmp_path / "AAPL.csv", [210, 210, 210])
    assert main(["session", "--data", path, "--quiet"]) == 0
    assert "BUY          5  AAPL" in capsys.readouterr().out


def test_a_buy_that_nothing_pays_for_is_refused_and_not_tried_at_every_record(btc, capsys):
    found, _ = session(capsys, "--data", btc, "--cash", "10", "--strategy", "crossover")
    assert found["stats"]["total_orders_filled"] == 0
    assert 0 < found["stats"]["total_orders_rejected"] < 10


OWN = """
import os, signal
from orderpit import OrderType, Side, Strategy, SubmitOrder

class Once(Strategy):
    def __init__(self, symbol, size):
        self.symbol, self.size, self.seen = symbol, size, 0

    def on_market_data(self, data):
        self.seen += 1
        if self.seen == 1:
            self.submit(SubmitOrder(self.symbol, Side.BUY, OrderType.MARKET, self.size))

class Failing(Once):
    def on_market_data(self, data):
        raise RuntimeError("first {x} <red>\\x1b[31m\\nsecond")

class Wrong(Once):
    def on_market_data(self, data):
        self.seen += 1
        if self.seen <= 2:
            self.last = self.submit(SubmitOrder(self.symbol, Side.BUY, OrderType.MARKET, "0.000000001"))
        else:
            self.cancel(self.last)

class Signalling(Once):
    number = signal.SIGINT
    def on_market_data(self, data):
        super().on_market_data(data)
        if self.seen == 100:
            os.kill(os.getpid(), self.number)

class Terminating(Signalling):
    number = signal.SIGTERM

class Unmakeable(Strategy):
    pass
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own_bots.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    yield "own_bots"
    sys.modules.pop("own_bots", None)


def test_a_strategy_of_ones_own_is_taken_from_the_current_folder(own, btc, capsys):
    before = list(sys.path)
    found, _ = session(capsys, "--data", btc, "--strategy", f"{own}:Once", "--size", "2")
    assert found["portfolio"]["positions"]["BTC/USDT"]["quantity"] == "2"
    assert sys.path == before


def test_a_strategy_that_cannot_be_made_is_an_input_error(own, btc, capsys):
    assert main(["session", "--data", btc, "--strategy", f"{own}:Unmakeable"]) == 2
    err = capsys.readouterr().err
    assert "own_bots:Unmakeable: could not be made with symbol= and size=: TypeError" in err
    assert err.count("\n") == 1


@pytest.mark.fault(67)
def test_a_strategy_that_fails_ends_in_exit_code_1_and_printable_lines(own, btc, tmp_path, capsys):
    log = tmp_path / "x.log"
    found, err = session(capsys, "--data", btc, "--strategy", f"{own}:Failing", "--log-file", str(log), code=1)
    assert found["audit"]["violations"] == []
    assert all(line.startswith("orderpit: problem actor=Failing ") for line in err.splitlines())
    assert err.replace("\n", "").isprintable()
    lines = log.read_text().splitlines()
    assert all(line.isprintable() and "first {x} <red>" in line for line in lines[:3])
    said = [line for line in err.splitlines() if 'what="set aside"' in line]
    assert len(said) == 1, "a place is named once"
    assert said[0].endswith(f" at={own}.py:16")
    assert len(lines) == found["problems"]["count"] > len(err.splitlines())
    assert found["problems"]["texts"][0].startswith(f"Failing: set aside at {own}.py:16: RuntimeError(")
    assert found["problems"]["texts"][0].endswith(" times)")


def test_why_orders_were_rejected_and_commands_refused_is_counted_with_an_example(own, btc, capsys):
    argv = ["--data", btc, "--strategy", f"{own}:Wrong", "--records", "12"]
    found, _ = session(capsys, *argv)
    assert found["rejected"] == {
        "QUANTITY_INCREMENT": {"count": 2, "example": "quantity 0.000000001: must be a multiple of 0.00000001"}
    }
    assert found["refused"]["ORDER_CLOSED"]["count"] == 10
    assert main(["session", "--quiet", *argv]) == 0
    out = capsys.readouterr().out
    assert "\nrejected: 2 (QUANTITY_INCREMENT 2: quantity 0.000000001: must be a multiple of 0.00000001)\n" in out
    assert "\nrefused: 10 (ORDER_CLOSED 10: " in out
    assert re.search(r"USDT +100000.00 +100000.00 +0.00 +0.00 +0.00 +0.00\n", out), "nothing traded is zero, not blank"


def test_packed_data_that_breaks_off_says_what_is_missing(btc, tmp_path, capsys):
    packed = tmp_path / "ETH-USDT.csv.gz"
    whole = gzip.compress(Path(btc).read_bytes())
    packed.write_bytes(whole[: len(whole) // 2])
    assert main(["session", "--data", str(packed), "--skip-bad-rows", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert re.search(rf"  everything after line [0-9]+ of {re.escape(str(packed))} is missing\n", out)


def test_debug_adds_the_traceback_of_what_a_strategy_raised(own, btc, capsys):
    _, err = session(capsys, "--data", btc, "--strategy", f"{own}:Failing", "--debug", code=1)
    assert "Traceback (most recent call last):\n" in err
    assert "RuntimeError: first" in err


@pytest.mark.fault(72)
@pytest.mark.parametrize(("name", "code"), [("Signalling", 130), ("Terminating", 143)])
def test_a_signal_ends_a_session_in_order_and_with_its_summary(name, code, own, tmp_path, capsys):
    btc = bars(tmp_path / "BTC-USDT.csv", waves(20_000))
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    found, err = session(capsys, "--data", btc, "--strategy", f"{own}:{name}", code=code)
    assert err == f"orderpit: interrupted by {signal.Signals(code - 128).name}\n"
    assert 100 <= found["data"]["records"] < 20_000
    assert found["stats"]["total_orders_filled"] == 1
    assert found["interrupted"] is True
    assert found["audit"]["violations"] == []
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.skipif(
    not (DATA / "spot_btcusdt_20240808.gz").exists(),
    reason="the recorded market data is not beside the checkout, at ../shared/data: NO session on it is tried",
)
@pytest.mark.parametrize(("code", "strategy"), [("btcusdt", "quoter"), ("ethusdt", "crossover")])
def test_a_session_on_a_recorded_day_violates_nothing(code, strategy, capsys):
    path = os.fspath(DATA / f"spot_{code}_20240808.gz")
    found, err = session(capsys, "--data", path, "--strategy", strategy, "--records", "6000", "--quiet")
    assert found["audit"]["violations"] == []
    assert found["data"]["records"] == 6000
    assert err == ""
