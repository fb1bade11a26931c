"""The kill switch: ahead of everything that waits, and from outside the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from helpers import BOUND, BTC, Recorder, assert_clean, limit, quote, system_of

from orderpit import InvalidConfiguration, OrderState, OrderUpdate, Reason, Strategy
from orderpit.model.account_events import TradingStateChanged
from orderpit.model.kinds import Action, TradingState, Trip
from orderpit.model.limits import Rule

ROOT = Path(__file__).resolve().parents[2]
MANY = 20_000


def trips(updates: Any) -> list[tuple[Trip, Action | None, str]]:
    events = [update.event for update in updates if isinstance(update.event, TradingStateChanged)]
    return [(event.trip, event.action, event.text) for event in events]


def test_a_kill_takes_effect_at_once_while_twenty_thousand_orders_wait_to_be_judged() -> None:
    with system_of(BTC, max_in_flight=2 * MANY, max_unanswered=2 * MANY) as system:
        system.publish(quote())
        first = system.submit(limit("90"))
        system.wait(first, OrderState.OPEN, BOUND)
        reached, release = threading.Event(), threading.Event()

        class Waits:
            def set(self, value: Any = None) -> None:
                reached.set()
                assert release.wait(BOUND), value

        from orderpit.actors.mailbox import Envelope  # noqa: PLC0415
        from orderpit.actors.messages import Ready  # noqa: PLC0415

        system._at.risk.mailbox.put(Envelope(Ready(), Waits()))  # type: ignore[arg-type]
        assert reached.wait(BOUND)
        order = limit("80")
        for _ in range(MANY):
            system.submit(order)
        assert system._at.risk.queued >= MANY
        system.kill("enough")
        release.set()
        assert system.wait(first, OrderState.CANCELLED, BOUND).reason is Reason.TRIPPED
        assert system.trading_state() is TradingState.HALTED
        assert system.quiesce(10 * BOUND)
        assert system.stats()["orders_by_state"]["REJECTED"] == MANY


def test_a_flatten_that_is_no_truth_value_is_refused_and_halts_nothing() -> None:
    with system_of(BTC) as system:
        with pytest.raises(InvalidConfiguration, match="flatten: must be True or False, got 'no'"):
            system.kill("enough", flatten="no")  # type: ignore[arg-type]
        assert system.trading_state() is TradingState.ACTIVE


def test_a_kill_may_come_from_a_handler_and_from_a_signal_handler() -> None:
    class Kills(Strategy):
        def on_order(self, update: OrderUpdate) -> None:
            if update.order is not None and update.order.is_open:
                system.kill("a strategy's own doing")

        def on_start(self) -> None:
            self.submit(limit("90"))

    with system_of(BTC) as system:
        system.publish(quote())
        system.add_strategy(Kills)
        assert system.quiesce(BOUND)
        assert [order.state.value for order in system.orders()] == ["CANCELLED"]
        before = signal.signal(signal.SIGUSR1, lambda *_: system.kill("signalled", trip=Trip.SIGNAL))
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
        finally:
            signal.signal(signal.SIGUSR1, before)
        assert system.quiesce(BOUND)
        assert trips(system.history())[-1] == (Trip.SIGNAL, Action.CANCEL_ALL, "signalled")
        assert_clean(system)


@pytest.mark.parametrize("runtime", ["stepped", "threads"])
def test_a_file_kills_and_nothing_resumes_as_long_as_it_is_there(runtime: Any, tmp_path: Path) -> None:
    file, told = tmp_path / "kill", Recorder()
    with system_of(BTC, kill_file=str(file), runtime=runtime) as system:
        system.publish(quote())
        order_id = system.submit(limit("90"))
        system.wait(order_id, OrderState.OPEN, BOUND)
        system.subscribe(told, TradingStateChanged)
        file.write_text("flatten, please\nmore")
        cancelled = system.wait(order_id, OrderState.CANCELLED, BOUND)
        assert cancelled.reason is Reason.TRIPPED
        assert system.trading_state() is TradingState.HALTED
        with pytest.raises(InvalidConfiguration, match="must be gone before trading is resumed"):
            system.resume()
        assert system.trading_state() is TradingState.HALTED
        file.unlink()
        system.resume()
        assert system.trading_state() is TradingState.ACTIVE
        reason = "kill file: flatten, please"
        # "flatten," is another word.
        assert system.quiesce(BOUND)
        assert trips(told.items) == [
            (Trip.FILE, Action.CANCEL_ALL, reason),
            (Trip.PERSON, None, "resumed"),
        ]


def test_a_file_that_was_seen_before_its_word_was_written_closes_positions_all_the_same(tmp_path: Path) -> None:
    file, told = tmp_path / "kill", Recorder()
    with system_of(BTC, kill_file=str(file), runtime="threads") as system:
        system.subscribe(told, TradingStateChanged)
        file.touch()
        told.first(1)
        file.write_text("flatten")
        told.first(2)
        assert [action for _, action, _ in trips(told.items)] == [Action.CANCEL_ALL, Action.FLATTEN]


def test_a_strategy_that_never_returns_is_held_and_the_others_are_not() -> None:
    release, began = threading.Event(), threading.Event()

    class Stuck(Strategy):
        def on_market_data(self, data: Any) -> None:
            began.set()
            assert release.wait(BOUND), data

    rule = Rule(on=Trip.STUCK_ACTOR, action=Action.CANCEL_ALL, limit="0.05")
    told = Recorder()
    with system_of(BTC, rules=[rule]) as system:
        system.subscribe(told, TradingStateChanged)
        system.add_strategy(Stuck, strategy_id="stuck")
        system.publish(quote())
        assert began.wait(BOUND)
        system.add_strategy(Strategy, strategy_id="other")
        system.publish(quote("98", "100"))
        told.first()
        assert (system.trading_state("stuck"), system.trading_state("other")) == (
            TradingState.HALTED,
            TradingState.ACTIVE,
        )
        release.set()


CSV = "timestamp,open,high,low,close,volume\n"


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """Minute bars, as many as take a session long enough."""
    path = tmp_path / "BTCUSDT.csv"
    with path.open("w") as file:
        file.write(CSV)
        for count in range(400_000):
            price = 100 + count % 7
            file.write(f"{1_600_000_000 + 60 * count},{price},{price + 2},{price - 2},{price + 1},10\n")
    return path


@pytest.mark.parametrize("way", ["signal", "file"])
def test_a_session_is_killed_from_outside_its_process(way: str, endless: Path, tmp_path: Path) -> None:
    kill, log = tmp_path / "kill", tmp_path / "log"
    arguments = ["session", "--data", str(endless), "--symbol", "BTC/USDT", "--quiet", "--log-file", str(log)]
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "run.py", *arguments, "--kill-file", str(kill)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = ""
        assert process.stderr is not None
        waited = threading.Timer(3 * BOUND, process.kill)
        waited.start()
        while process.poll() is None and not (log.exists() and log.stat().st_size):
            threading.Event().wait(0.05)
        if way == "signal":
            process.send_signal(signal.SIGUSR1)
        else:
            kill.touch()
        while process.poll() is None and "TradingStateChanged" not in said:
            threading.Event().wait(0.05)
            said = log.read_text() if log.exists() else ""
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=BOUND)
        waited.cancel()
        cause = "SIGNAL" if way == "signal" else "FILE"
        assert cause in next(line for line in said.splitlines() if "TradingStateChanged" in line)
    finally:
        process.kill()
        process.wait()
