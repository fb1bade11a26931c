"""What was folded ahead of the next start: it is what a fold of every row comes to, or it is not used."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crashing import life_of
from helpers import BOUND, BTC, ETH, Recorder, limit, market, quote, system_of
from recovering import image

from benchmarks.risk import WIDE
from orderpit import Action, MarginAccount, OrderState, Rule, TradingSystem, Trip
from orderpit.actors import snapshotting
from orderpit.actors.books import books_for
from orderpit.actors.messages import Problem
from orderpit.actors.snapshotting import Folded
from orderpit.journal import spooling
from orderpit.journal.codec import Codec
from orderpit.journal.memento import read, written
from orderpit.journal.memory import MemoryStore
from orderpit.journal.reading import Orders
from orderpit.journal.sqlite import SqliteStore
from orderpit.testing.watching.sharing import actors_of

ROOT = Path(__file__).parents[2]
CASH = {"USDT": "100000"}
GIVEN = vars(snapshotting)["_GIVEN"]


def folded(system: TradingSystem) -> Folded:
    return Folded(books_for(vars(system)["_settings"], vars(system)["_runtime"]), Orders())


def under_everything(system: TradingSystem) -> TradingSystem:
    """Return a system of the same kind, with all limits and rules, on a margin."""
    positions = vars(system)["_settings"].positions
    trips = {Trip.DAILY_LOSS: "5", Trip.DRAWDOWN: "5", Trip.CONSECUTIVE_LOSSES: 3, Trip.REJECT_RATE: "0.5"}
    rules = [Rule(on=trip, action=Action.HALT, limit=limit) for trip, limit in trips.items()]
    rules.append(Rule(on=Trip.MARGIN_CALL, action=Action.REDUCE))
    account = MarginAccount(leverage=2, maintenance_margin="0.1")
    return system_of(BTC, cash={"USDT": "1000000"}, risk=WIDE, rules=rules, account=account, positions=positions)


def fold(into: Folded, store: MemoryStore, first: int, last: int | None = None) -> Folded:
    into.fold(store.read(first, last), Codec(read=store.read), 0)
    return into


@pytest.mark.parametrize("seed", range(10))
def test_a_fold_that_is_written_and_read_at_any_row_goes_on_as_if_it_had_never_been(seed: int) -> None:
    lived, store = life_of(seed)
    system = under_everything(lived) if seed % 2 else lived
    last = store.head.sequence
    whole = image(fold(folded(system), store, 1))
    # What becomes of an order that was created is told by the row behind, and both are folded together.
    cuts = [number for number, row in enumerate(store.read(), 1) if row.kind != "OrderCreated"]
    for cut in (0, last, *random.Random(seed).sample(cuts, 6)):
        before = fold(folded(system), store, 1, cut)
        parts, functions = written(before, GIVEN)
        again = read(parts, functions)
        # In sets of what is known by its identity the order is another.
        assert list(map(len, written(again, GIVEN)[0])) == list(map(len, parts)), cut
        assert image(again) == image(before), cut
        assert image(fold(again, store, cut + 1)) == whole, cut


# On disk, with a process that folds.


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@pytest.fixture
def firsts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows from which journals are read."""
    found: list[int] = []
    real = SqliteStore.read

    def noting(store: SqliteStore, first: int = 1, last: int | None = None) -> Iterator[Any]:
        if last is None:
            found.append(first)
        return real(store, first, last)

    monkeypatch.setattr(SqliteStore, "read", noting)
    return found


def journalled(path: Path, **settings: Any) -> TradingSystem:
    given = {"journal": path, "runtime": "stepped", "cash": CASH, "snapshot_every": 20} | settings
    return system_of(*given.pop("instruments", (BTC,)), **given)


def trade(system: TradingSystem, orders: int = 8) -> None:
    system.publish(quote())
    for _ in range(orders):
        system.submit(market("0.1"))
    system.submit(limit("90"))


def spool_of(system: TradingSystem) -> Any:
    return vars(actors_of(system)["journal"])["_spool"]


def wait_for_snapshot(system: TradingSystem) -> None:
    process = vars(spool_of(system))["_process"]
    assert process is not None, "so many rows make one worth while"
    process.wait(BOUND)


def life(path: Path, **settings: Any) -> None:
    """Leave a journal with a snapshot, and rows behind it."""
    with journalled(path, **settings) as system:
        trade(system)
        wait_for_snapshot(system)
        system.submit(market("0.2"))


def names(path: Path) -> set[str]:
    return {one.name for one in path.parent.iterdir()}


def known(system: TradingSystem) -> Any:
    return system.orders(), system.portfolio(), system.stats(), system.performance()


def test_the_next_life_reads_only_what_is_behind_the_snapshot_and_knows_the_same(path: Path, firsts: list[int]) -> None:
    life(path)
    assert names(path) == {"orders.db", "orders.db.mark", "orders.db.snapshot"}
    copy = path.parent / "copy.db"
    for suffix in ("", ".mark"):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    firsts.clear()
    with journalled(path, on_error=Recorder()) as system, journalled(copy, snapshot_every=0) as other:
        assert firsts[0] > 20
        assert firsts[1] == 1
        assert known(system) == known(other)
        system.publish(quote())
        assert system.wait(system.submit(market("0.3")), OrderState.FILLED, BOUND)
    assert names(path) == {*("orders.db", "orders.db.mark", "orders.db.snapshot"), *("copy.db", "copy.db.mark")}


def test_each_snapshot_is_folded_on_top_of_the_one_before(path: Path, firsts: list[int]) -> None:
    life(path)
    firsts.clear()
    with journalled(path) as system:
        trade(system)
        wait_for_snapshot(system)
    (earlier, *_) = firsts
    firsts.clear()
    with journalled(path, snapshot_every=10**6) as system:
        assert firsts[0] > earlier > 1
        found = image(actors_of(system)["order_manager"].__dict__["_blotter"].orders())
    firsts.clear()
    with journalled(path, snapshot_every=0) as system:
        assert firsts[0] == 1
        assert image(actors_of(system)["order_manager"].__dict__["_blotter"].orders()) == found


@pytest.mark.parametrize(
    "settings",
    [{"history": 5}, {"instruments": (BTC, ETH)}, {"unknown_orders": "cancel"}, {"snapshot_every": 0}],
    ids=lambda one: next(iter(one)),
)
def test_under_other_settings_every_row_is_folded(path: Path, settings: Any, firsts: list[int]) -> None:
    life(path)
    firsts.clear()
    with journalled(path, **settings) as system:
        assert firsts[0] == 1
        assert len(system.orders()) == 10


def test_a_snapshot_that_is_damaged_costs_time_and_nothing_else(path: Path, firsts: list[int]) -> None:
    life(path)
    place = Path(f"{path}.snapshot")
    data = bytearray(place.read_bytes())
    data[len(data) // 2] ^= 1
    place.write_bytes(data)
    firsts.clear()
    with journalled(path) as system:
        assert firsts[0] == 1
        assert len(system.orders()) == 10


def test_the_snapshot_of_another_journal_is_not_used(path: Path, firsts: list[int]) -> None:
    life(path)
    other = path.parent / "other.db"
    life(other)
    shutil.copy(f"{other}.snapshot", f"{path}.snapshot")
    firsts.clear()
    with journalled(path):
        assert firsts[0] == 1


def test_a_fold_that_fails_is_said_once_and_trading_goes_on(path: Path) -> None:
    problems = Recorder()
    with journalled(path, on_error=problems) as system:
        trade(system)
        wait_for_snapshot(system)
        Path(f"{path}.snapshot").unlink()
        trade(system)
        wait_for_snapshot(system)
        trade(system)
        assert system.wait(system.submit(market("0.3")), OrderState.FILLED, BOUND)
        trade(system)
    (problem,) = (one for one in problems.items if isinstance(one, Problem))
    assert problem.actor == "journal"
    assert problem.what.startswith("no more snapshots are made of the journal, so that the next start takes longer: ")
    assert problem.what.endswith("is not there")
    assert names(path) == {"orders.db", "orders.db.mark"}


def test_without_room_for_a_copy_trading_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    problems = Recorder()
    with journalled(path, on_error=problems) as system:
        trade(system, 2)
        monkeypatch.setattr(spooling.Spool, "_put", full)
        trade(system)
    (problem,) = (one for one in problems.items if isinstance(one, Problem))
    assert problem.what.endswith("No space left on device")
    assert names(path) == {"orders.db", "orders.db.mark"}


def test_what_cannot_be_written_is_said_and_every_row_is_folded(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise TypeError("Books.risk cannot be written: bot:Mine")

    monkeypatch.setattr(snapshotting, "written", refused)
    with journalled(path) as system:
        trade(system)
        assert spool_of(system) is None
    said = "no snapshots are made of the journal, so that the next start takes longer: Books.risk cannot be written"
    assert capsys.readouterr().err == f"orderpit: journal: {said}: bot:Mine\n"
    assert names(path) == {"orders.db", "orders.db.mark"}


def test_a_snapshot_is_beside_the_journal_wherever_the_program_goes(
    path: Path, firsts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(path.parent)
    with journalled(Path(path.name)) as system:
        monkeypatch.chdir(elsewhere)
        trade(system)
        wait_for_snapshot(system)
    assert list(elsewhere.iterdir()) == []
    firsts.clear()
    pointer = elsewhere / "pointer.db"
    pointer.symlink_to(path)
    with journalled(pointer):
        assert firsts[0] > 20


_KEY = """
import sys
sys.path.insert(0, "tests")
from system.test_snapshots import GIVEN, folded, life_of, under_everything
from orderpit.journal.memento import written
from orderpit.journal.snapshot import key_of
print(key_of(written(folded(under_everything(life_of(1)[0])), GIVEN)[0]).hex())
"""


def test_settings_have_the_same_key_in_every_process() -> None:
    found = {
        subprocess.run(  # noqa: S603  # this test's own code
            [sys.executable, "-c", _KEY],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in "123"
    }
    assert len(found) == 1
    assert len(found.pop().strip()) == 64


def test_a_life_that_ends_meanwhile_leaves_nothing_of_it(path: Path) -> None:
    with journalled(path) as system:
        trade(system)
        process = vars(spool_of(system))["_process"]
        assert process is not None
    assert process.poll() is not None
    assert names(path) - {"orders.db.snapshot"} == {"orders.db", "orders.db.mark"}


def test_what_a_life_that_was_killed_has_left_is_taken_away(path: Path) -> None:
    life(path)
    for suffix in ("rows", "folding", "12.new"):
        Path(f"{path}.snapshot.{suffix}").write_bytes(b"half of it")
    with journalled(path):
        assert names(path) >= {"orders.db.snapshot"}
    assert names(path) == {"orders.db", "orders.db.mark", "orders.db.snapshot"}


@pytest.mark.parametrize("ended", [True, False], ids=["ended", "at work"])
def test_the_fold_for_a_life_that_has_ended_changes_nothing(
    path: Path, *, ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    real = subprocess.Popen

    def later(command: list[str], **_: Any) -> Any:
        commands.append(command)
        shutil.copy(command[-1], f"{path}.kept")
        return real(["true"], stderr=subprocess.PIPE, stdin=subprocess.PIPE)

    with monkeypatch.context() as patched, journalled(path) as system:
        patched.setattr(spooling.subprocess, "Popen", later)
        trade(system)
    (command, *_) = commands
    shutil.move(f"{path}.kept", command[-1])
    with real(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        if ended:
            process.stdin.close()
        assert process.wait(BOUND) == 0
    assert Path(f"{path}.snapshot").exists() is not ended
