"""What may befall the process and what stands around it (part D of the fault catalogue)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import report
from helpers import BOUND, OwnVenue, Recorder, assert_clean, limit, market, quote, system_of
from loguru import logger

from orderpit import OrderState, log_update
from orderpit.model import reports as r

ROOT = Path(__file__).parents[2]
DAY = 86_400_000_000_000
ASKED = {r.VenueSubmit, r.VenueQuery}


@pytest.fixture
def logging() -> Iterator[None]:
    logger.enable("orderpit")
    yield
    logger.disable("orderpit")


@pytest.mark.fault(70)
def test_a_log_that_is_stuck_holds_up_nobody_but_its_own_subscriber(logging: None) -> None:
    gate, began, lines, troubles = threading.Event(), threading.Event(), Recorder(), Recorder()

    def stuck(line: str) -> None:
        began.set()
        assert gate.wait(BOUND)
        lines(line)

    sink = logger.add(stuck, format="{message}")
    try:
        with system_of(on_error=troubles) as system:
            system.subscribe(log_update)
            for _ in range(50):
                system.publish(quote())
                assert system.wait(system.submit(market()), OrderState.FILLED, BOUND).is_filled
            assert began.wait(BOUND)
            assert lines.items == [], "all of this while the log stood still"
            gate.set()
        # What had waited for the log was written before the system had stopped.
        assert len(lines.items) == 200
        assert troubles.items == []
        assert_clean(system)
    finally:
        gate.set()
        logger.remove(sink)


@pytest.mark.fault(76)
@pytest.mark.parametrize("jump", [-DAY, DAY], ids=["a day back", "a day on"])
def test_a_wall_clock_that_jumps_moves_no_deadline(jump: int, monkeypatch: pytest.MonkeyPatch) -> None:
    venue, right = OwnVenue(), time.time_ns
    with system_of(exchange=venue, answer_within="0.05") as system:
        system.submit(limit())
        monkeypatch.setattr(time, "time_ns", lambda: right() + jump)
        order_id = system.submit(limit())
        # Both are asked for in time: a deadline on the wall clock would lie a day ahead, or a day back.
        venue.requests.until(
            lambda requests: {type(one) for one in requests if one.client_order_id == order_id} == ASKED
        )
        monkeypatch.undo()
        venue.requests.until(lambda requests: sum(type(one) is r.VenueQuery for one in requests) >= 4)
        assert system.quiesce(BOUND)
        assert all(order.in_doubt for order in system.orders())
        assert [update.sequence for update in system.history()] == list(range(1, len(system.history()) + 1))


@pytest.mark.fault(76)
def test_a_wall_clock_that_jumps_on_makes_no_answer_late(monkeypatch: pytest.MonkeyPatch) -> None:
    venue, troubles, right = OwnVenue(), Recorder(), time.time_ns
    with system_of(exchange=venue, answer_within=int(BOUND), on_error=troubles) as system:
        order_id = system.submit(limit())
        system.wait(order_id, OrderState.SUBMITTED, BOUND)
        monkeypatch.setattr(time, "time_ns", lambda: right() + DAY)
        venue.report(report(r.VenueAccepted, client_order_id=order_id))
        order = system.wait(order_id, OrderState.OPEN, BOUND)
        assert not order.in_doubt
        assert system.quiesce(BOUND)
        assert troubles.items == []


_TRADES = """
import sys
from orderpit import Instrument, OrderState, OrderType, Side, SubmitOrder, TradingSystem, audit
from orderpit.model import reports as r

btc = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.00001")
seen, troubles = [], []

class Venue:
    # Keeps silent until it is asked what became of an order; then it says so, and fills it.
    def connect(self, instruments, report):
        self.report = report

    def request(self, request):
        seen.append(type(request).__name__)
        known = {"client_order_id": request.client_order_id}
        if type(request) is r.VenueQuery:
            self.report(r.VenueStatus(**known, state=OrderState.OPEN))
            fill = r.Fill(execution_id="x-" + request.client_order_id, quantity="1", price="100", fee_currency="USDT")
            self.report(r.VenueFilled(**known, symbol="BTC/USDT", side=Side.BUY, fill=fill))

    def on_market_data(self, data): pass
    def close(self): pass

with TradingSystem([btc], exchange=Venue(), answer_within="0.2", on_error=troubles.append) as system:
    ids = [system.submit(SubmitOrder("BTC/USDT", Side.BUY, OrderType.LIMIT, "1", price="100")) for _ in range(20)]
    system.quiesce(20)
    print("submitted", flush=True)
    sys.stdin.readline()
    for order_id in ids:
        assert system.wait(order_id, OrderState.FILLED, timeout=20).is_filled
    system.quiesce(20)
    print(system.stats()["total_orders_filled"], sorted(set(seen)), system.portfolio().positions["BTC/USDT"].quantity,
          [order.order_id for order in system.orders() if order.in_doubt], audit(system).violations, flush=True)
print({trouble.code.value for trouble in troubles})
"""


@pytest.mark.fault(73)
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be paused here")
def test_after_a_pause_of_the_process_what_is_overdue_is_asked_for_and_all_is_booked() -> None:
    process = subprocess.Popen(  # noqa: S603  # our own interpreter and program
        [sys.executable, "-c", _TRADES], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "submitted\n"
        process.send_signal(signal.SIGSTOP)
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        # Longer than the venue may take to answer: the deadlines pass while nobody can look at them.
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        process.send_signal(signal.SIGCONT)
        out, _ = process.communicate("\n", timeout=BOUND)
    first, second = out.splitlines()
    assert first == "20 ['VenueQuery', 'VenueSubmit'] 20 [] ()"
    assert second == "{'NO_ANSWER'}"
    assert process.returncode == 0
