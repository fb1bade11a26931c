"""The live view of a session."""

from __future__ import annotations

import io
import re
import time
from collections import deque

import pytest
from rich.console import Console

from orderpit import OrderState, OrderType, Side, SimulatedExchange, SubmitOrder, TradingSystem
from orderpit.cli._data import Source
from orderpit.cli._live import LiveView, _fills
from orderpit.cli._progress import ProgressLines, left
from orderpit.cli._session import Playing
from orderpit.model.events import OrderFilled

BOUND = 20.0


@pytest.fixture
def playing(tmp_path):
    path = tmp_path / "BTC-USDT.csv"
    path.write_text("date,open,high,low,close\n" + "".join(f"2024-01-{n:02},7,9,5,{n % 3 + 6}\n" for n in range(1, 29)))
    source = Source([str(path)], None, None, skip_bad_rows=False)
    fills = deque(maxlen=8)
    with TradingSystem(source.instruments, exchange=SimulatedExchange(), clock="data", run_id="t") as system:
        system.subscribe(fills.append, OrderFilled)
        system.play(source.records()).wait(BOUND)
        bought = system.submit(SubmitOrder("BTC/USDT", Side.BUY, OrderType.MARKET, "2"))
        system.wait(bought, OrderState.FILLED, BOUND)
        rests = system.submit(SubmitOrder("BTC/USDT", Side.SELL, OrderType.LIMIT, "1.5", price="11"))
        system.wait(rests, OrderState.OPEN, BOUND)
        assert system.quiesce(BOUND)
        yield Playing(system, source, fills, time.perf_counter() - 10, "a title")
    source.close()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (20, 5)], ids=["80x24", "120x40", "20x5"])
def test_the_view_fits_the_terminal_and_shows_prices_orders_fills_profit_and_progress(playing, width, height):
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, no_color=True, width=width, height=height, legacy_windows=False)
    with LiveView(console) as view:
        view.show(playing)
    drawn = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", stream.getvalue()).strip("\r\n")
    lines = drawn.splitlines()
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    if width >= 80:
        for shown in ("a title", "BTC/USDT", "SELL", "1.5", "OPEN", "BUY", "profit", "28 records", "100%"):
            assert shown in drawn
        assert "…" not in drawn


def test_recent_fills_name_their_symbol_where_several_run(playing):
    def drawn(instruments):
        console = Console(file=io.StringIO(), width=60)
        console.print(_fills(list(playing.fills), instruments))
        return console.file.getvalue()

    assert "symbol" not in drawn({"BTC/USDT": None})
    assert "BTC/USDT" in drawn({"BTC/USDT": None, "ETH/USDT": None})


def test_progress_lines_come_at_a_modest_rate(playing):
    stream = io.StringIO()
    with ProgressLines(stream) as progress:
        for _ in range(5):
            progress.show(playing)
    (line,) = stream.getvalue().splitlines()
    assert re.fullmatch(r"orderpit: 100%, 28 records, 3 a second, [+-][0-9.]+ USDT, 0:00 left", line)


@pytest.mark.parametrize(
    ("done", "seconds", "said"),
    [(0.0, 5.0, "time left unknown"), (0.5, 61.0, "1:01 left"), (1.0, 9.0, "0:00 left")],
)
def test_the_time_left_is_told_at_the_pace_so_far(done, seconds, said):
    assert left(done, seconds) == said
