"""A venue that is lost and comes back, and one that is too slow, as a whole system meets them."""

from __future__ import annotations

import pytest
from helpers import BOUND, BTC, OwnVenue, Recorder, assert_clean, limit, system_of

from orderpit import AlarmCode, Fill, OrderState, Reason, reports


@pytest.mark.fault(1, 2)
def test_a_lost_venue_holds_new_orders_back_keeps_funds_reserved_and_is_asked_when_it_is_back() -> None:
    venue, troubles = OwnVenue(), Recorder()
    with system_of(exchange=venue, on_error=troubles, cash={"USDT": "1000"}) as system:
        order_id = system.submit(limit("100", "4"))
        assert system.quiesce(BOUND)
        venue.report(reports.VenueDisconnected(reason="the line is dead"))
        assert system.quiesce(BOUND)
        order = system.order(order_id)
        assert order is not None
        assert (order.state, order.in_doubt) == (OrderState.SUBMITTED, True)
        refused = system.wait(system.submit(limit()), OrderState.REJECTED, BOUND)
        assert (refused.reason, refused.reason_text) == (
            Reason.DISCONNECTED,
            "the venue is disconnected: the line is dead",
        )
        assert system.books()["risk_controller"].reserved == (("USDT", 400),)
        assert [type(request) for request in venue.requests.items] == [reports.VenueSubmit]

        venue.report(reports.VenueConnected())
        assert system.quiesce(BOUND)
        assert [type(request) for request in venue.requests.items] == [reports.VenueSubmit, reports.VenueQuery]
        fill = Fill(execution_id="x-1", quantity="3", price="100", fee_currency="USDT")
        venue.report(reports.VenueFilled(client_order_id=order_id, symbol=BTC.symbol, side=order.side, fill=fill))
        venue.report(
            reports.VenueStatus(
                client_order_id=order_id, state=OrderState.CANCELLED, filled_quantity="3", complete=True
            )
        )
        order = system.wait(order_id, OrderState.CANCELLED, BOUND)
        assert (order.filled_quantity, order.in_doubt) == (3, False)
        assert system.quiesce(BOUND)
        assert system.books()["risk_controller"].reserved == (("USDT", 0),)
        assert system.portfolio().cash["USDT"] == 700
        assert_clean(system)
    assert [alarm.code for alarm in troubles.items] == [AlarmCode.DISCONNECTED]


@pytest.mark.fault(29)
def test_a_venue_too_slow_to_answer_is_sent_no_more_orders_than_the_limit() -> None:
    venue = OwnVenue()
    with system_of(exchange=venue, max_unanswered=2) as system:
        first, second, third = (system.submit(limit()) for _ in range(3))
        assert system.wait(third, OrderState.REJECTED, BOUND).reason is Reason.VENUE_BUSY
        system.cancel(second)
        assert system.quiesce(BOUND)
        assert [type(request).__name__ for request in venue.requests.items] == [*["VenueSubmit"] * 2, "VenueCancel"]
        venue.report(reports.VenueAccepted(client_order_id=first))
        fourth = system.submit(limit())
        assert system.wait(fourth, OrderState.SUBMITTED, BOUND).reason is None
        assert_clean(system)
