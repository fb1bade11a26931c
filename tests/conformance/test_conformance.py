"""Every scenario of the tables, on threads and under a seeded scheduler; and that the tables leave out no kind."""

from __future__ import annotations

from collections import Counter

import pytest
from conformance.orders import Group, Place
from conformance.stage import Stage
from conformance.steps import read
from conformance.table import ENDS, HAPPENS, REFUSALS, Row, rows

from orderpit import Contingency, OrderType, TimeInForce, TrailingType
from orderpit.model.order import CLOSED

ROWS = rows()
STEPS = [read(line) for row in ROWS for line in row.lines]
ORDERS = [*(step for step in STEPS if isinstance(step, Place))]
ORDERS += [order for step in STEPS if isinstance(step, Group) for order in step.orders]
OUTCOMES = [outcome for row in ROWS for line in row.lines for outcome in line.outcomes]


@pytest.mark.parametrize("runtime", ["threads", "stepped"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_scenario_goes_as_its_table_says(row: Row, runtime: str) -> None:
    wrong = Stage(row, runtime).play()
    assert not wrong, "\n".join([f"{row.name}: {row.rule}", *wrong])


def test_there_are_at_least_120_scenarios_each_with_a_name_of_its_own() -> None:
    assert len(ROWS) >= 120
    assert [name for name, count in Counter(row.name for row in ROWS).items() if count > 1] == []


def test_every_type_of_order_occurs() -> None:
    assert {order.terms["order_type"] for order in ORDERS} == set(OrderType)


def test_every_time_in_force_occurs() -> None:
    assert {order.terms.get("time_in_force", TimeInForce.GTC) for order in ORDERS} == set(TimeInForce)


@pytest.mark.parametrize("instruction", ["post_only", "reduce_only", "display_quantity", "activation_price"])
def test_every_instruction_occurs(instruction: str) -> None:
    assert any(order.terms.get(instruction) for order in ORDERS)


def test_every_way_to_trail_occurs() -> None:
    assert {order.terms.get("trailing_type") for order in ORDERS} == {None, *TrailingType}


def test_every_contingency_occurs() -> None:
    kinds = {step.kind.upper() for step in STEPS if isinstance(step, Group)}
    assert kinds == {contingency.name for contingency in Contingency}


def test_every_end_of_an_order_occurs() -> None:
    assert {state.value for state in CLOSED} == ENDS
    seen = {word for outcome in OUTCOMES for word in outcome.happens}
    assert seen == HAPPENS | REFUSALS
