"""A rule on violations of the books: what trips it, and that a clean run does not."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import BOUND, BTC, assert_clean, limit, quote, system_of

from orderpit import OrderState
from orderpit.actors.audit import audit
from orderpit.model.account_events import TradingStateChanged
from orderpit.model.events import OrderUpdate
from orderpit.model.kinds import Action, TradingState, Trip
from orderpit.model.limits import Rule
from orderpit.model.numbers import ONE
from orderpit.model.values import changed

RULE = Rule(on=Trip.AUDIT_VIOLATION, action=Action.HALT)


def trips(system: Any) -> list[tuple[Trip, str]]:
    events = [update.event for update in system.history() if isinstance(update.event, TradingStateChanged)]
    return [(event.trip, event.text) for event in events]


def traded(system: Any) -> OrderUpdate:
    system.publish(quote())
    order_id = system.submit(limit("101"))
    system.wait(order_id, OrderState.FILLED, BOUND)
    assert system.quiesce(BOUND)
    (last,) = (it for it in system.history() if it.order is not None and it.order.is_closed)
    return last


@pytest.mark.parametrize("runtime", ["stepped", "threads"])
def test_a_broken_order_trips_once_and_a_clean_run_never_does(runtime: Any) -> None:
    with system_of(BTC, rules=[RULE], runtime=runtime) as system:
        update = traded(system)
        assert_clean(system)
        assert trips(system) == []
        assert update.order is not None
        broken = changed(update, order=changed(update.order, filled_notional=ONE))
        for _ in range(2):
            system._at.auditor.send(broken)
        assert system.quiesce(BOUND)
        text = f"notional = sum of fills: {update.order.order_id}: found 1, expected 101"
        assert trips(system) == [(Trip.AUDIT_VIOLATION, text)]
        assert system.trading_state() is TradingState.HALTED


def test_an_audit_that_finds_something_trips() -> None:
    with system_of(BTC, rules=[RULE], runtime="stepped") as system:
        update = traded(system)
        # The portfolio books the fill a second time, as an entry that the stream does not have.
        system._at.portfolio.send(changed(update, sequence=system.history()[-1].sequence + 1))
        report = audit(system, BOUND)
        assert not report.is_clean
        assert system.quiesce(BOUND)
        assert [trip for trip, _ in trips(system)] == [Trip.AUDIT_VIOLATION] * len(report.violations)
        assert system.trading_state() is TradingState.HALTED


def test_without_such_a_rule_nobody_audits() -> None:
    with system_of(BTC, runtime="stepped") as system:
        assert not system._at.auditor.is_bound
        system.trip_violations(("something",))
        assert system.trading_state() is TradingState.ACTIVE
