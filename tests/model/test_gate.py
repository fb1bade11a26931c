"""The gate: what keeps new orders from leaving, and what lets them leave again."""

from __future__ import annotations

import pytest

from orderpit.model.gate import Gate
from orderpit.model.kinds import Reason

STOPPED = Gate().with_symbol_stopped("BTC/USDT")


@pytest.mark.fault(32)
@pytest.mark.parametrize(
    ("gate", "btc", "eth"),
    [
        pytest.param(Gate(), None, None, id="open"),
        pytest.param(STOPPED, Reason.SYMBOL_STOPPED, None, id="a symbol stopped"),
        pytest.param(STOPPED.with_halt("lunch"), Reason.HALTED, Reason.HALTED, id="halted"),
        pytest.param(STOPPED.with_halt("lunch").opened(), None, None, id="resumed"),
    ],
)
def test_what_may_leave(gate, btc, eth):
    refusals = [gate.refuse_submit(symbol) for symbol in ("BTC/USDT", "ETH/USDT")]
    assert [None if refusal is None else refusal.reason for refusal in refusals] == [btc, eth]
