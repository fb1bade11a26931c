"""explain() of a running system: with what risk has really looked at, and what really happened."""

from __future__ import annotations

import json

import pytest
from helpers import BTC, limit, market, quote, system_of

from orderpit import InvalidValue, RiskLimits, Side, TradingSystem

LIMITS = RiskLimits(max_order_quantity=10, max_long=3, instruments={"BTC/USDT": RiskLimits(max_long=2)})


@pytest.fixture
def system():
    with system_of(BTC, runtime="stepped", risk=LIMITS, run_id="x", history=20) as running:
        running.publish(quote("99", "101"))
        yield running


def test_a_refused_order_has_every_check_up_to_the_one_that_failed(system: TradingSystem):
    order_id = system.submit(market("2.5"))
    system.quiesce(5)
    found = system.explain(order_id)
    assert found is not None
    assert [(c.check.name, c.check.symbol, str(c.value), str(c.bound), c.passed) for c in found.checks] == [
        ("max_order_quantity", "", "2.5", "10", True),
        ("max_long", "", "2.5", "3", True),
        ("max_long", "BTC/USDT", "2.5", "2", False),
    ]
    assert found.summary.startswith("It was refused before it left, MAX_LONG: ")
    assert "REFUSED max_long of BTC/USDT" in str(found)


def test_a_modify_has_its_checks_whether_it_passed_or_not(system: TradingSystem):
    order_id = system.submit(limit("98"))
    system.quiesce(5)
    system.modify(order_id, quantity=5)
    system.modify(order_id, quantity=2)
    system.quiesce(5)
    found = system.explain(order_id)
    assert found is not None
    asked = [happening for happening in found.happenings if happening.checks]
    assert [(happening.event, happening.checks[-1].passed) for happening in asked] == [
        ("CommandRefused", False),
        ("ModifyRequested", True),
    ]


def test_the_orders_of_a_bracket_name_each_other(system: TradingSystem):
    ids = system.bracket(market("1"), profit_target=105, stop_loss=95)
    system.quiesce(5)
    system.publish(quote("106", "107"))
    system.quiesce(5)
    target, stop = (system.explain(order_id) for order_id in (ids.profit_target, ids.stop_loss))
    assert target is not None
    assert stop is not None
    assert {relative.order_id for relative in stop.relatives} == {ids.entry, ids.profit_target}
    assert f"because {ids.profit_target} was filled 1 @ 105" in stop.summary
    assert any(ids.stop_loss in effect for happening in target.happenings for effect in happening.effects)


def test_of_orders_closed_long_ago_the_checks_remain(system: TradingSystem):
    first = system.submit(limit("1000", "11"))
    for _ in range(20):
        system.submit(limit("1000", "11", side=Side.SELL))
    system.quiesce(5)
    found = system.explain(first)
    assert found is not None
    assert (found.left_out, len(found.checks), found.checks[-1].passed) == (1, 1, False)


def test_an_unknown_order_has_no_explanation_and_a_bad_id_is_an_error(system: TradingSystem):
    assert system.explain("nobody") is None
    with pytest.raises(InvalidValue):
        system.explain("no such id")


def test_it_is_data_for_json_and_can_be_read_after_the_end():
    with system_of(BTC, runtime="stepped") as running:
        running.publish(quote("99", "101"))
        order_id = running.submit(market("1"))
        running.quiesce(5)
        during = running.explain(order_id)
    after = running.explain(order_id)
    assert after == during
    assert after is not None
    assert json.loads(json.dumps(after.to_dict()))["order"]["state"] == "FILLED"
