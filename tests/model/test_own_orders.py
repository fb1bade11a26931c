"""What a strategy knows of its own, which it is told again when it begins another life."""

from __future__ import annotations

import pytest
from builders import event, fill, folded, terms
from groups import entered

from orderpit.model import events as e
from orderpit.model.kinds import Side
from orderpit.model.own_orders import OwnOrders


def told(*items: e.Event, side: Side = Side.BUY, own: OwnOrders | None = None, order_id: str = "o-1") -> OwnOrders:
    own = own or OwnOrders()
    order = folded(None, event(e.OrderCreated, order_id=order_id, terms=terms(order_id=order_id, side=side)))
    for sequence, item in enumerate(items, start=1):
        order = folded(order, item)
        own.on_update(e.OrderUpdate(sequence, item, order))
    return own


SENT = event(e.OrderSubmitted)
FOUR, SIX = fill("x-1", "4"), fill("x-2", "6")


def filled(one) -> e.OrderFilled:
    return event(e.OrderFilled, fill=one)


def test_an_order_is_its_own_until_it_has_closed():
    own = told(SENT, filled(FOUR))
    assert own.live["o-1"].filled_quantity == 4
    assert told(SENT, filled(FOUR), event(e.OrderCancelled)).live == {}
    assert told(SENT, filled(FOUR), filled(SIX)).live == {}


@pytest.mark.parametrize(
    ("items", "bought"),
    [
        pytest.param((SENT,), None, id="nothing has filled"),
        pytest.param((SENT, filled(FOUR)), 4, id="in part"),
        pytest.param((SENT, filled(FOUR), filled(SIX)), 10, id="whole"),
        pytest.param((SENT, filled(FOUR), event(e.OrderCancelled), filled(SIX)), 10, id="after it was cancelled"),
        pytest.param((SENT, filled(FOUR), event(e.FillBusted, fill=FOUR)), 0, id="busted"),
        pytest.param(
            (SENT, filled(FOUR), event(e.FillCorrected, replaced=FOUR, fill=fill("x-1", "3"))), 3, id="corrected"
        ),
    ],
)
@pytest.mark.parametrize("side", Side, ids=lambda side: side.value)
def test_its_position_is_what_was_executed_and_stands(items, bought, side):
    signed = None if bought is None else bought if side is Side.BUY else -bought
    assert told(*items, side=side).positions.get("BTC/USDT") == signed


def test_positions_of_several_orders_are_netted():
    own = told(SENT, filled(SIX))
    sold = (event(e.OrderSubmitted, order_id="o-2"), event(e.OrderFilled, order_id="o-2", fill=FOUR))
    told(*sold, side=Side.SELL, own=own, order_id="o-2")
    assert own.positions == {"BTC/USDT": 2}
    assert list(own.live) == ["o-1", "o-2"]


def test_an_entry_of_no_order_changes_nothing():
    own = OwnOrders()
    own.on_update(e.OrderUpdate(1, event(e.CommandRefused, order_id="o-1"), None))
    assert (own.live, own.positions, list(own.groups)) == ({}, {}, [])


def test_its_groups_are_those_of_the_record():
    own, desk = OwnOrders(), entered()
    for update in desk.updates:
        own.on_update(update)
    assert own.groups.get("g") == desk.blotter.groups.get("g")
    assert sorted(own.live) == ["stop", "target"]
    assert own.positions == {"BTC/USDT": 10}
