"""Sessions that keep a journal: what the next one takes up, which records it plays, and what is refused."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from orderpit.cli import main
from orderpit.journal.codec import Codec
from orderpit.journal.sqlite import open_store

ROOT = Path(__file__).parents[2]
MINUTE_NS = 60_000_000_000
FIRST_NS = 1_700_000_000 * 1_000_000_000


@pytest.fixture
def btc(tmp_path):
    path = tmp_path / "BTC-USDT.csv"
    prices = (1000 + abs(n % 160 - 80) // 2 for n in range(240))
    rows = (f"{1_700_000_000 + n * 60},{price},{price + 1},{price - 1},{price},5\n" for n, price in enumerate(prices))
    path.write_text("timestamp,open,high,low,close,volume\n" + "".join(rows))
    return str(path)


@pytest.fixture
def journal(tmp_path):
    return str(tmp_path / "orders.db")


def session(capsys, *argv, code=0):
    assert main(["session", "--json", "--quiet", *argv]) == code
    return json.loads(capsys.readouterr().out)


def events_of(path):
    store = open_store(path, read_only=True)
    try:
        codec = Codec(path, store.read)
        return [codec.decode(row) for row in store.read()]
    finally:
        store.close()


@pytest.mark.parametrize("runtime", ["threads", "stepped"])
def test_the_next_session_plays_the_records_that_are_later_than_the_journal(btc, journal, runtime, capsys):
    common = "--data", btc, "--journal", journal, "--runtime", runtime
    first = session(capsys, *common, "--records", "100")
    written = events_of(journal)
    assert first["journal"] == {"path": journal, "entries": len(written), "earlier": 0, "passed_over": 0}
    latest = max(event.time_ns for event in written)
    second = session(capsys, *common)
    passed_over = 1 + (latest - FIRST_NS) // MINUTE_NS
    assert second["journal"]["passed_over"] == passed_over
    assert second["data"]["records"] == 240 - passed_over
    assert second["data"]["first_time_ns"] > latest
    assert second["journal"]["entries"] == len(events_of(journal)) > second["journal"]["earlier"] >= len(written)
    assert second["stats"]["total_orders_filled"] > first["stats"]["total_orders_filled"] > 0
    assert second["audit"]["violations"] == []


def test_a_session_that_is_over_plays_nothing_that_was_traded_on(btc, journal, capsys):
    first = session(capsys, "--data", btc, "--journal", journal)
    latest = max(event.time_ns for event in events_of(journal))
    again = session(capsys, "--data", btc, "--journal", journal)
    assert again["data"]["records"] == (FIRST_NS + 239 * MINUTE_NS - latest) // MINUTE_NS
    assert again["portfolio"]["positions"] == first["portfolio"]["positions"]
    assert again["stats"]["total_orders_filled"] == first["stats"]["total_orders_filled"]


def test_the_screen_says_what_is_gone_on_with_and_how_much_the_journal_has(btc, journal, capsys):
    argv = ["session", "--data", btc, "--journal", journal]
    assert main([*argv, "--records", "100"]) == 0
    out = capsys.readouterr().out
    assert f"Journal: {len(events_of(journal))} entries in {journal}\n" in out
    assert "Going on" not in out
    assert main(argv) == 0
    out = capsys.readouterr().out
    assert out.count("The simulated exchange begins anew") == 1
    assert f"entries in {journal}, " in out
    assert "Records passed over, since they are no later than it: " in out


def test_without_a_journal_nothing_is_said_of_one(btc, capsys):
    found = session(capsys, "--data", btc)
    assert "journal" not in found
    assert main(["session", "--data", btc]) == 0
    assert "ournal" not in capsys.readouterr().out


def flipped(path):
    with Path(path).open("r+b") as file:
        found = file.read().rindex(b"BTC/USDT")
        file.seek(found)
        file.write(b"ETH")


@pytest.mark.parametrize("kind", ["no journal", "corrupt", "locked", "no folder"])
def test_a_journal_that_cannot_be_opened_is_one_line_and_exit_code_2(btc, journal, kind, capsys):
    session(capsys, "--data", btc, "--journal", journal)
    held = None
    match kind:
        case "no journal":
            journal = btc
        case "corrupt":
            flipped(journal)
        case "locked":
            held = open_store(journal)
        case _:
            journal += "/orders.db"
    assert main(["session", "--data", btc, "--journal", journal]) == 2
    if held is not None:
        held.close()
    err = capsys.readouterr().err
    assert err.startswith(f"orderpit: {journal}")
    assert err.count("\n") == 1


def test_a_disk_that_takes_no_more_in_the_middle_is_exit_code_1(btc, journal):
    def no_more():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "run.py", "session", "--data", btc, "--journal", journal, "--quiet"],
        cwd=ROOT,
        check=False,
        preexec_fn=no_more,  # no threads are here that could hold a lock
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert "code=JOURNAL" in done.stderr
    assert "no order leaves" in done.stderr
    written = events_of(journal)
    assert written, "something had been written before"
    assert f"Journal: {len(written)} entries" in done.stdout


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--venue", "127.0.0.1:1"), "--venue: must be where a venue listens"),
        (("--venue", "nowhere"), "--venue: must be"),
        (("--venue", "127.0.0.1:1", "--taker-fee", "0"), "--taker-fee: must be said where the venue is started"),
        (("--venue", "127.0.0.1:1", "--latency", "1"), "--latency: must be said where the venue is started"),
    ],
    ids=["nobody there", "no address", "a fee of the venue", "latency"],
)
def test_a_venue_that_cannot_be_traded_at_is_one_line_and_exit_code_2(btc, more, why, capsys):
    assert main(["session", "--data", btc, *more]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"orderpit: {why}")
    assert err.count("\n") == 1
