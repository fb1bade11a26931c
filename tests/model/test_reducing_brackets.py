"""What a trip that reduces leaves of the exits of brackets."""

from __future__ import annotations

import pytest
from groups import Desk, bracket, limit

from orderpit.model.gate import Hold
from orderpit.model.kinds import Action, Side, Trip


@pytest.mark.parametrize(("sold", "left"), [(None, {"target", "stop"}), ("1", set()), ("10", set())])
def test_exits_stay_only_while_there_is_all_that_they_close(sold: str | None, left: set[str]) -> None:
    desk = Desk(bracket())
    desk.opened("entry")
    desk.filled("entry", "10")
    desk.opened("target", "stop")
    if sold is not None:
        desk.command(limit("out", sold, side=Side.SELL, source="strategy", time_ns=1))
        desk.filled("out", sold)
    blotter = desk.blotter
    desk.take(blotter.decide_trip(Hold(Action.REDUCE, Trip.PERSON, "enough"), "", desk.now))
    assert {
        order.order_id for order in blotter.orders() if not order.is_closed and not order.pending_request_id
    } == left
