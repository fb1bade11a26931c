"""The names that users and files depend on."""

from __future__ import annotations

from orderpit.model.alarm import AlarmCode
from orderpit.model.kinds import (
    Action,
    Liquidity,
    OrderState,
    OrderType,
    Pending,
    Reason,
    Side,
    TimeInForce,
    TradingState,
    Trip,
)


def test_states_types_and_sides_have_the_values_of_the_notebook():
    assert {state.name: state.value for state in OrderState} == {
        "PENDING": "PENDING",
        "SUBMITTED": "SUBMITTED",
        "OPEN": "OPEN",
        "PARTIALLY_FILLED": "PARTIAL",
        "FILLED": "FILLED",
        "CANCELLED": "CANCELLED",
        "REJECTED": "REJECTED",
        "EXPIRED": "EXPIRED",
    }
    assert [kind.value for kind in OrderType] == ["MARKET", "LIMIT", "STOP", "STOP_LIMIT", "TRAILING_STOP"]
    assert [side.value for side in Side] == ["BUY", "SELL"]


def test_every_other_value_is_its_name():
    for kind in (OrderType, Side, TimeInForce, Pending, Liquidity, Reason, AlarmCode, TradingState, Action, Trip):
        assert [member.value for member in kind] == [member.name for member in kind]
