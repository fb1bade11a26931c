"""What reports mean for orders that the venue itself changes: post-only, reduce-only, trailing."""

from __future__ import annotations

import pytest
from builders import NOW, event, order_in, report, stop_terms, terms

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.alarm import AlarmCode
from orderpit.model.kinds import OrderState, OrderType, Reason, Side
from orderpit.model.lifecycle import apply
from orderpit.model.numbers import plain
from orderpit.model.reporting import decide

S = OrderState
SOLD = {"side": Side.SELL}


def heard(order, item):
    """The order after a report, and the alarms that it raised."""
    verdict = decide(order, item, NOW)
    for said in verdict.events:
        order = apply(order, said)
    return order, [alarm.code for alarm in verdict.alarms]


CHANGED = [AlarmCode.CHANGED_TERMS]


@pytest.mark.parametrize(
    ("asked", "told", "alarms"),
    [
        pytest.param({"post_only": True}, {"price": "99.99"}, [], id="a post-only buy that slid down"),
        pytest.param({"post_only": True}, {"price": "100.01"}, CHANGED, id="a post-only buy put higher"),
        pytest.param({"post_only": True} | SOLD, {"price": "100.01"}, [], id="a post-only sell that slid up"),
        pytest.param({"post_only": True} | SOLD, {"price": "99.99"}, CHANGED, id="a post-only sell put lower"),
        pytest.param({"post_only": True}, {"quantity": "9"}, CHANGED, id="a post-only one shortened"),
        pytest.param({"reduce_only": True}, {"quantity": "9"}, [], id="a reduce-only one that was shortened"),
        pytest.param({"reduce_only": True}, {"quantity": "11"}, CHANGED, id="a reduce-only one that has grown"),
        pytest.param({"reduce_only": True}, {"price": "99"}, CHANGED, id="a reduce-only one at another price"),
        pytest.param(
            {"reduce_only": True, "post_only": True},
            {"price": "99", "quantity": "9"},
            [],
            id="both, slid and shortened",
        ),
        pytest.param({}, {"price": "99"}, CHANGED, id="neither, at another price"),
    ],
)
@pytest.mark.parametrize("kind", [r.VenueAccepted, r.VenueStatus])
def test_only_terms_that_an_order_did_not_ask_for_alarm(kind, asked, told, alarms):
    order = order_in(S.SUBMITTED, of=terms(**asked))
    if kind is r.VenueStatus:
        order = apply(order_in(S.OPEN, of=terms(**asked)), event(e.OrderInDoubt))
        told = {"price": "100", "quantity": "10", "state": S.OPEN} | told
    order, raised = heard(order, report(kind, **told))
    assert raised == alarms
    # What the venue says is in force either way: it is what will execute.
    assert (plain(order.price), plain(order.quantity)) == (told.get("price", "100"), told.get("quantity", "10"))


@pytest.mark.parametrize("reason", [Reason.REDUCE_ONLY, Reason.POST_ONLY])
def test_what_the_venue_changes_by_the_orders_own_instruction_is_taken_over_and_alarms_nobody(reason):
    order = order_in(S.OPEN, of=terms(post_only=True, reduce_only=True))
    order, alarms = heard(order, report(r.VenueModified, request_id="V-1", price="99", quantity="3", reason=reason))
    assert (plain(order.price), plain(order.quantity), alarms) == ("99", "3", [])


def test_a_change_of_the_venues_own_answers_no_modification_that_is_on_its_way():
    order = apply(order_in(S.OPEN, of=terms(reduce_only=True)), event(e.ModifyRequested, price=None, quantity=None))
    order, alarms = heard(
        order, report(r.VenueModified, request_id="V-1", price=None, quantity="3", reason=Reason.REDUCE_ONLY)
    )
    assert (order.pending_request_id, plain(order.quantity), alarms) == ("m-1", "3", [])


def test_a_reduce_only_order_with_nothing_left_to_reduce_ends_cancelled():
    order = order_in(S.PARTIALLY_FILLED, of=terms(reduce_only=True))
    order, alarms = heard(order, report(r.VenueCancelled, reason=Reason.REDUCE_ONLY, filled_quantity="4"))
    assert (order.state, order.reason, alarms) == (S.CANCELLED, Reason.REDUCE_ONLY, [])


def test_a_triggered_post_only_stop_limit_may_be_refused():
    order = order_in(S.OPEN, of=stop_terms(post_only=True))
    for item in (report(r.VenueTriggered), report(r.VenueRejected, reason=Reason.POST_ONLY)):
        order, alarms = heard(order, item)
        assert alarms == []
    assert (order.state, order.reason) == (S.REJECTED, Reason.POST_ONLY)


def test_a_trailing_stop_has_a_stop_price_from_its_trigger_on():
    asked = terms(order_type=OrderType.TRAILING_STOP, price=None, trailing_offset="5")
    order = apply(order_in(S.OPEN, of=asked), event(e.OrderInDoubt))
    assert order.stop_price is None
    order, alarms = heard(order, report(r.VenueStatus, state=S.OPEN, quantity="10", stop_price="95"))
    assert (order.stop_price, order.terms_changed, alarms) == (None, False, [])
    order, alarms = heard(order, report(r.VenueTriggered, stop_price="96"))
    assert (order.stop_price, order.triggered, alarms) == (96, True, [])
