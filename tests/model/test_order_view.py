"""What can be read of orders: as they stand, by what they are, by what they have been, and the latest entries."""

from __future__ import annotations

import re

import pytest
from builders import S, event, folded, terms
from groups import entered

from orderpit.model import events as e
from orderpit.model.kinds import OrderState, Side
from orderpit.model.order import Order
from orderpit.model.order_view import OrderView


class Told:
    """A view that is told of orders by their events."""

    def __init__(self, history: int = 100) -> None:
        self.view = OrderView(history)
        self.sequence = 0

    def life(self, order_id: str, *kinds, strategy_id: str = "strategy", **changes) -> Order:
        own = terms(order_id=order_id, source=strategy_id, **changes)
        order = None
        begin = event(e.OrderCreated, strategy_id=strategy_id, terms=own, order_id=order_id)
        for item in (begin, *(event(kind, order_id=order_id) for kind in kinds)):
            order = folded(order, item)
            self.tell(item, order)
        return order

    def tell(self, item: e.Event, order: Order | None = None) -> None:
        self.sequence += 1
        self.view.on_update(e.OrderUpdate(self.sequence, item, order))


OPENED = (e.OrderSubmitted, e.OrderOpened)


def several() -> Told:
    """Return a view of four orders: partly filled and cancelled, open, denied, and open again."""
    told = Told()
    told.life("cancelled", *OPENED, e.OrderFilled, e.OrderCancelled)
    told.life("open", *OPENED, e.OrderInDoubt, symbol="ETH/USDT", side=Side.SELL)
    told.life("denied", e.OrderDenied, strategy_id="two")
    told.life("last", *OPENED, strategy_id="two")
    return told


def names(orders) -> list[str]:
    return [order.order_id for order in orders]


def test_an_order_is_read_as_its_last_event_has_left_it():
    told = Told()
    order = told.life("o-1", *OPENED, e.OrderFilled)
    assert told.view.order("o-1") == order
    assert order.state is S.PARTIALLY_FILLED
    assert told.view.order("unheard-of") is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param({}, ["cancelled", "open", "denied", "last"], id="all, oldest first"),
        pytest.param({"live_only": True}, ["open", "last"], id="live ones"),
        pytest.param({"symbol": "ETH/USDT"}, ["open"], id="of a symbol"),
        pytest.param({"side": Side.BUY}, ["cancelled", "denied", "last"], id="of a side"),
        pytest.param({"state": S.OPEN}, ["open", "last"], id="in a state"),
        pytest.param({"strategy_id": "two"}, ["denied", "last"], id="of a strategy"),
        pytest.param({"strategy_id": "two", "live_only": True}, ["last"], id="live ones of a strategy"),
        pytest.param({"side": Side.SELL, "strategy_id": "two"}, [], id="none"),
        pytest.param({"newest": 2}, ["denied", "last"], id="the newest two"),
        pytest.param({"newest": 9}, ["cancelled", "open", "denied", "last"], id="more than there are"),
        pytest.param({"newest": 0}, [], id="no newest"),
        pytest.param({"newest": 1, "side": Side.SELL}, ["open"], id="the newest of a side"),
    ],
)
def test_orders_are_found_by_what_they_are(wanted, found):
    assert names(several().view.select(**wanted)) == found


def test_an_order_has_been_in_each_state_that_it_was_in_and_in_no_other():
    view = several().view
    been = {state for state in OrderState if view.has_been("cancelled", state)}
    assert been == {S.PENDING, S.SUBMITTED, S.OPEN, S.PARTIALLY_FILLED, S.CANCELLED}
    assert {state for state in OrderState if view.has_been("denied", state)} == {S.PENDING, S.REJECTED}
    assert not any(view.has_been("unheard-of", state) for state in OrderState)


def test_the_newest_entries_are_kept_oldest_first_and_no_more_than_asked_for():
    told = Told(history=3)
    told.life("o-1", *OPENED, e.OrderFilled, e.OrderCancelled)
    assert [update.sequence for update in told.view.newest(None)] == [3, 4, 5]
    assert [update.sequence for update in told.view.newest(2)] == [4, 5]
    assert [update.sequence for update in told.view.newest(9)] == [3, 4, 5]
    assert told.view.newest(0) == ()
    assert told.view.order("o-1").state is S.CANCELLED, "the order is known for good"


def test_an_entry_of_no_order_is_kept_and_counted_and_changes_no_order():
    told = several()
    before = told.view.select()
    told.tell(event(e.CommandRefused, order_id="o-9"))
    assert told.view.select() == before
    assert type(told.view.newest(1)[0].event) is e.CommandRefused
    assert told.view.statistics.to_dict()["total_commands_refused"] == 1


def test_statistics_are_of_the_same_entries():
    counted = several().view.statistics.to_dict()
    assert (counted["total_orders_created"], counted["open_orders_count"], counted["total_orders_rejected"]) == (
        4,
        2,
        1,
    )
    assert counted["total_events"] == 14


def test_the_story_of_an_order_is_told_of_its_own_events_alone():
    view = several().view
    assert view.explain("denied").order_id == "denied"
    assert "symbol: is not traded" in str(view.explain("denied"))
    assert "symbol: is not traded" not in str(view.explain("last"))
    assert view.explain("unheard-of") is None


def test_the_story_of_an_order_of_a_group_knows_of_the_others():
    desk, view = entered(), OrderView(100)
    for update in desk.updates:
        view.on_update(update)
    assert {"entry", "target", "stop"} <= set(re.findall(r"[a-z]+", str(view.explain("stop"))))


def test_a_command_that_never_became_an_order_has_a_story_too():
    told = Told()
    told.tell(event(e.CommandRefused, order_id="o-9"))
    assert told.view.order("o-9") is None
    assert told.view.explain("o-9").order_id == "o-9"
