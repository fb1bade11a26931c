"""What may befall the process and what stands around it (part D of the fault catalogue)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import BOUND, Recorder, assert_clean, market, quote, system_of
from loguru import logger

from orderpit import OrderState, log_update

ROOT = Path(__file__).parents[2]


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
