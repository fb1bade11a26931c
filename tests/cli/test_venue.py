"""A venue in a process of its own, a system in another, and kill -9 for either."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from helpers import BOUND, BTC, ETH, Recorder, limit, market, quote, system_of

from orderpit import OrderState, Reason
from orderpit.cli import main
from orderpit.remote import RemoteVenue

ROOT = Path(__file__).parents[2]

SYSTEM = """
import sys, time
sys.path.insert(0, "tests")
from helpers import BTC, limit, market, quote, system_of
from orderpit import OrderState
from orderpit.remote import RemoteVenue

system = system_of(exchange=RemoteVenue(sys.argv[1]), run_id=sys.argv[2]).start()
system.publish(quote())
system.wait(system.submit(market("3")), OrderState.FILLED, 20)
print(system.wait(system.submit(limit("95")), OrderState.OPEN, 20).order_id, flush=True)
while True:
    system.submit(limit("90"))
"""


@contextmanager
def process(*argv: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python on some arguments, and see to it that it ends with the block."""
    running = subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, *argv], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with running:
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def venue(listen: str = "127.0.0.1:0", *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `venue`, and return its process and its address."""
    with process("run.py", "venue", "--listen", listen, "--json", *more) as running:
        assert running.stdout is not None
        yield running, json.loads(running.stdout.readline())["listening"]


def first_line(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline().strip()


def trading(address: str, run_id: str, **settings: Any) -> Any:
    return system_of(**{"exchange": RemoteVenue(address), "run_id": run_id} | settings)


def test_a_system_that_is_killed_leaves_its_orders_to_the_venue_and_the_next_one_trades_on() -> None:
    with venue() as (_, address):
        lines: list[str] = []
        for run_id in ("one", "two", "three"):
            with process("-c", SYSTEM, address, run_id) as system:
                lines.append(first_line(system))
                system.send_signal(signal.SIGKILL)
                system.wait(BOUND)
        with trading(address, "last") as last:
            last.publish(quote("94", "95"))
            assert last.quiesce(BOUND)
            # Of each of those before, an order that was open there has filled now.
            assert [order.filled_quantity for order in last.orders()][:3] == [1, 1, 1]
            assert last.wait(last.submit(market()), OrderState.FILLED, BOUND).is_filled
        assert lines == [f"{run_id}-system-2" for run_id in ("one", "two", "three")]


def test_a_venue_that_is_killed_takes_the_link_down_and_the_next_one_is_found() -> None:
    troubles = Recorder()
    with venue() as (running, address):
        system = trading(address, "one", on_error=troubles).start()
        system.publish(quote())
        system.wait(order_id := system.submit(limit("95")), OrderState.OPEN, BOUND)
        running.send_signal(signal.SIGKILL)
        running.wait(BOUND)
        lost = system.submit(limit("96"))
        assert system.quiesce(BOUND)
        assert system.order(lost).in_doubt
    with venue(address):
        assert system.wait(lost, OrderState.REJECTED, BOUND).reason is Reason.NOT_AT_VENUE
        assert system.wait(order_id, OrderState.CANCELLED, BOUND).reason is Reason.NOT_AT_VENUE
        system.publish(quote())
        assert system.wait(system.submit(market()), OrderState.FILLED, BOUND).is_filled
        system.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_it_in_order(number: signal.Signals) -> None:
    with process("run.py", "venue", "--listen", "127.0.0.1:0") as running:
        line = first_line(running)
        assert line.startswith("listening at 127.0.0.1:")
        with system_of(BTC, ETH, exchange=RemoteVenue(line.rpartition(" ")[2])) as system:
            system.publish(quote())
            system.wait(system.submit(market()), OrderState.FILLED, BOUND)
        running.send_signal(number)
        out, err = running.communicate(timeout=BOUND)
    assert (running.returncode, out) == (128 + number, "1 order accepted\n")
    assert err == f"orderpit: interrupted by {number.name}\n"


def test_fees_are_those_that_were_asked_for() -> None:
    with venue("127.0.0.1:0", "--taker-fee", "0.002") as (_, address):
        assert RemoteVenue(address).dearest_fee == Decimal("0.002")


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["--listen", "nowhere"], "--listen: must be HOST:PORT"),
        (["--taker-fee", "much"], "taker_fee"),
        (["--listen", "203.0.113.1:1"], "listen: must be an address to listen at"),
    ],
    ids=["no address", "no fee", "an address of another machine"],
)
def test_a_mistake_is_told_in_one_line(argv: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["venue", *argv]) == 2
    assert why in capsys.readouterr().err
