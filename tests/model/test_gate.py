"""The gate: what keeps new orders from leaving, and what lets them leave again."""

from __future__ import annotations

import pytest

from orderpit.model.gate import Gate
from orderpit.model.kinds import Reason

LOST = Gate().with_venue_lost("the line is dead")
STOPPED = Gate().with_symbol_stopped("BTC/USDT")


@pytest.mark.fault(32)
@pytest.mark.parametrize(
    ("gate", "btc", "eth"),
    [
        pytest.param(Gate(), None, None, id="open"),
        pytest.param(STOPPED, Reason.SYMBOL_STOPPED, None, id="a symbol stopped"),
        pytest.param(STOPPED.with_halt("lunch"), Reason.HALTED, Reason.HALTED, id="halted"),
        pytest.param(STOPPED.with_halt("lunch").opened(), None, None, id="resumed"),
        pytest.param(LOST, Reason.DISCONNECTED, Reason.DISCONNECTED, id="disconnected"),
        pytest.param(
            LOST.with_halt("lunch").opened(), Reason.DISCONNECTED, Reason.DISCONNECTED, id="resumed, still cut off"
        ),
        pytest.param(
            LOST.with_halt("lunch").with_venue_found(), Reason.HALTED, Reason.HALTED, id="found, still halted"
        ),
        pytest.param(LOST.with_venue_found(), None, None, id="connected again"),
    ],
)
def test_what_may_leave(gate, btc, eth):
    refusals = [gate.refuse_submit(symbol) for symbol in ("BTC/USDT", "ETH/USDT")]
    assert [None if refusal is None else refusal.reason for refusal in refusals] == [btc, eth]


@pytest.mark.parametrize(
    ("reason", "text"),
    [("the line is dead", "the venue is disconnected: the line is dead"), ("", "the venue is disconnected")],
    ids=["with a reason", "without"],
)
def test_a_refusal_says_why_the_venue_is_disconnected(reason, text):
    assert Gate().with_venue_lost(reason).refuse_modify().text == text
