"""What is drawn at random is of every kind, within reach, and breaks no rule unless it shall."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

import attrs
import pytest

from orderpit import Instrument, OrderType, Reason, Side, SubmitOrder, TimeInForce, TrailingType
from orderpit.model import events as e
from orderpit.model.commands import ModifyOrder
from orderpit.model.lifecycle import create
from orderpit.model.validation import check_submission
from orderpit.strategies._drawn import Reach, contradictory_order, drawn_bracket, drawn_change, drawn_order

NOW = 1_700_000_000_000_000_000
BTC = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.001")
REACH = Reach(tick=BTC.price_increment, lot=BTC.quantity_increment, ticks=120, lots=400)
PRICE = Decimal(100)


@pytest.fixture(scope="module")
def orders() -> list[SubmitOrder]:
    chance = random.Random(1)
    return [drawn_order(chance, BTC.symbol, PRICE, REACH, NOW) for _ in range(4_000)]


def test_a_drawn_order_breaks_no_rule(orders: list[SubmitOrder]) -> None:
    assert [order for order in orders if check_submission(order, BTC, NOW)] == []
    assert [order for order in orders if order.price and BTC.check_price("price", order.price, PRICE)] == []


def test_every_type_time_in_force_and_instruction_is_drawn(orders: list[SubmitOrder]) -> None:
    assert set(Counter(order.order_type for order in orders)) == set(OrderType)
    assert set(Counter(order.time_in_force for order in orders)) == set(TimeInForce)
    assert {order.trailing_type for order in orders if order.trailing_offset} == set(TrailingType)
    for field in attrs.fields(SubmitOrder):
        values = {getattr(order, field.name) for order in orders}
        assert len(values) > 1 or field.name in {"symbol", "order_id", "tag", "notes", "time_ns", "source"}, field.name


def test_the_same_seed_draws_the_same_orders() -> None:
    once, again = (
        [drawn_order(chance, BTC.symbol, PRICE, REACH, NOW) for _ in range(50)]
        for chance in (random.Random(7), random.Random(7))
    )
    assert once == again


def test_a_contradictory_order_is_refused_as_one() -> None:
    chance = random.Random(2)
    for _ in range(200):
        refusal = check_submission(contradictory_order(chance, BTC.symbol, PRICE, REACH), BTC, NOW)
        assert refusal is not None
        assert refusal.reason is Reason.UNSUPPORTED_COMBINATION


def test_a_drawn_bracket_has_its_exits_on_both_sides_of_the_market() -> None:
    chance, sides = random.Random(4), set[Side]()
    for _ in range(200):
        entry, target, stop = drawn_bracket(chance, BTC.symbol, PRICE, REACH, NOW)
        assert target > PRICE > stop if entry.side is Side.BUY else target < PRICE < stop
        assert not entry.reduce_only
        sides.add(entry.side)
    assert sides == set(Side)


def test_a_drawn_change_names_terms_that_the_order_has(orders: list[SubmitOrder]) -> None:
    chance, seen = random.Random(3), Counter[str]()
    for number, terms in enumerate(orders):
        order = create(e.OrderCreated(time_ns=NOW, source="", order_id=f"o-{number}", strategy_id="", terms=terms))
        changes = drawn_change(chance, order, REACH, NOW)
        assert ModifyOrder(order.order_id, **changes)
        assert all(getattr(order, name) is not None for name in changes)
        seen.update(changes)
    assert set(seen) == {"price", "quantity", "stop_price", "expire_time_ns"}
