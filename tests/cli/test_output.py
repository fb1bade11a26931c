"""What results are shown on: plain lines, and rich on a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from orderpit import Instrument
from orderpit.cli._data import Chart
from orderpit.cli._errors import printable
from orderpit.cli._fancy import Fancy
from orderpit.cli._output import Nothing, Plain, console_on, counted, sparkline, thinned
from orderpit.cli._report import money, priced, profit
from orderpit.cli._tallies import place

ROOT = Path(__file__).parents[2]
OURS, JSON = str(ROOT / "orderpit" / "actors" / "actor.py"), json.__file__


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_columns_are_aligned_and_those_marked_stand_to_the_right():
    stream = io.StringIO()
    Plain(stream).table(("name", ">count"), [("a", "1"), ("longer", "1,000")])
    assert stream.getvalue() == "name    count\na           1\nlonger  1,000\n"


def test_a_table_without_rows_is_nothing():
    stream = io.StringIO()
    Plain(stream).table(("name",), [])
    Fancy(Console(file=stream)).table(("name",), [])
    Nothing().table(("name",), [("a",)])
    assert stream.getvalue() == ""


def test_what_the_streams_encoding_does_not_know_is_replaced_and_raises_nothing():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Plain(stream).chart("x", [Decimal(1), Decimal(2)])
    stream.flush()
    assert stream.buffer.getvalue() == b"x  ??\n   1 to 2, from 1 up to 2\n"


def test_a_sparkline_spans_the_eight_heights():
    assert sparkline([Decimal(n) for n in range(8)]) == "▁▂▃▄▅▆▇█"
    assert sparkline([Decimal(5)] * 3) == "▁▁▁"


def test_thinned_prices_are_spread_evenly_and_end_with_the_last():
    assert thinned(list(range(100)), 4) == [24, 49, 74, 99]
    assert thinned([1, 2], 4) == [1, 2]


def test_a_chart_keeps_a_bounded_number_of_prices_from_first_to_last():
    chart = Chart()
    for price in range(10_000):
        chart.take(Decimal(price))
    steps = {int(b - a) for a, b in zip(chart.points, chart.points[1:], strict=False)}
    assert chart.points[0] == 0
    assert chart.points[-1] > 9_800
    assert len(chart.points) < 256
    assert len(steps) == 1


@pytest.mark.parametrize(
    ("amount", "written"),
    [("1234.567", "1234.57"), ("0", "0.00"), ("0.001", "0.00100000"), ("-0.004", "-0.00400000")],
)
def test_small_amounts_keep_the_digits_that_matter(amount, written):
    assert money(Decimal(amount)) == written


@pytest.mark.parametrize(
    ("price", "written"), [("61829.8", "61829.80"), ("43350", "43350.00"), ("260.1344", "260.1344")]
)
def test_a_price_has_the_places_of_its_instrument_at_least(price, written):
    btc = Instrument("BTC/USDT", price_increment="0.010", quantity_increment="1")
    assert priced(Decimal(price), btc) == written
    assert priced(Decimal(price), None) == price


def test_one_is_singular():
    assert [counted(n, "problem") for n in (0, 1, 2000)] == ["0 problems", "1 problem", "2,000 problems"]


def test_a_place_is_the_last_line_of_the_users_own_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bot = tmp_path / "bot.py"
    frames = "".join(f'  File "{file}", line {n}, in f\n    f()\n' for n, file in enumerate((OURS, bot, JSON)))
    assert place(f"Traceback\n{frames}ValueError: x\n") == "bot.py:1"
    assert place(f'Traceback\n  File "{OURS}", line 3, in f\n') == f"{OURS}:3"
    assert place("") == ""


def test_a_gain_has_its_sign():
    assert [profit(Decimal(n)) for n in (1, 0, -1)] == ["+1.00", "0.00", "-1.00"]


@pytest.mark.fault(39)
def test_what_a_terminal_must_not_see_is_escaped():
    assert printable("é\x1b[31m\n\u202e\udc80") == "é\\x1b[31m\\n\\u202e\\udc80"


def test_known_words_are_coloured_and_nothing_is_read_as_markup():
    stream = io.StringIO()
    out = Fancy(Console(file=stream, force_terminal=True, color_system="standard", markup=False, width=60))
    out.table(("state", ">n"), [("FILLED", "[red]1")])
    assert "\x1b[32mFILLED\x1b[0m" in stream.getvalue()
    assert "[red]1" in stream.getvalue()


def test_no_console_without_a_terminal_on_a_dumb_one_or_without_rich(monkeypatch):
    monkeypatch.delenv("TERM", raising=False)
    assert console_on(io.StringIO()) is None
    assert console_on(Terminal()) is not None
    monkeypatch.setenv("TERM", "dumb")
    assert console_on(Terminal()) is None
    monkeypatch.delenv("TERM")
    monkeypatch.delitem(sys.modules, "orderpit.cli._fancy")
    monkeypatch.setitem(sys.modules, "rich.box", None)
    assert console_on(Terminal()) is None


def on_a_terminal(*argv, **environment):
    """Run the command line on a terminal of 80 columns, and return its exit code and what it wrote there."""
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **environment}
    process = subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, "-m", "orderpit", *argv], cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, env=env
    )
    os.close(slave)
    written = b""
    try:
        while chunk := os.read(master, 65536):
            written += chunk
    except OSError:
        pass  # how Linux says that the other end of a terminal is closed
    finally:
        os.close(master)
    return process.wait(30), written.decode()


def test_the_demo_has_colours_on_a_terminal():
    code, written = on_a_terminal("demo", NO_COLOR="")
    assert code == 0
    assert "\x1b[32mFILLED" in written
    assert "Final OMS statistics" in written


def test_the_demo_is_plain_on_a_terminal_where_rich_is_not_installed(tmp_path):
    (tmp_path / "rich").mkdir()
    (tmp_path / "rich" / "__init__.py").write_text("raise ImportError('rich is hidden')\n")
    code, written = on_a_terminal("demo", PYTHONPATH=os.fspath(tmp_path))
    assert code == 0
    assert "\x1b" not in written
    assert "Final OMS statistics\r\n----" in written


def test_a_session_is_watched_live_on_a_terminal_without_colours_where_they_are_not_wanted(tmp_path):
    path = tmp_path / "BTC-USDT.csv"
    rows = (f"{1_700_000_000 + n * 60},{p},{p + 1},{p - 1},{p}\n" for n, p in enumerate(range(1000, 1400)))
    path.write_text("timestamp,open,high,low,close\n" + "".join(rows))
    code, written = on_a_terminal("session", "--data", str(path), NO_COLOR="1")
    assert code == 0
    assert "\x1b[?1049h" in written
    assert "open orders" in written
    assert "recent fills" in written
    shown, _, after = written.rpartition("\x1b[?1049l")
    assert "Audit: clean" in after
    assert "\x1b[32m" not in shown + after
    assert "\x1b[31m" not in shown + after
