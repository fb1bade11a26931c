"""Brackets: what each outcome leads to, from the entry's first fill to the end, and what the user does meanwhile."""

from __future__ import annotations

import pytest
from groups import SYMBOL, Desk, bracket, closed_in_vain, codes, entered, limit, named, oco, oto, stop

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.alarm import AlarmCode
from orderpit.model.commands import Approved, SubmitGroup, SubmitOrder
from orderpit.model.kinds import Contingency, OrderState, OrderType, Reason, Role, Side
from orderpit.model.numbers import exact
from orderpit.model.tying import bracket_of
from orderpit.model.values import changed

# -- a bracket from its beginning


def test_only_the_entry_is_sent_and_the_exits_wait():
    desk = Desk(bracket())
    assert desk.asked() == ["submit entry LIMIT 10"]
    assert desk.shown() == {"entry": "SUBMITTED 0/10", "target": "PENDING 0/10", "stop": "PENDING 0/10"}
    links = [(order.link.group_id, order.link.contingency, order.link.role) for order in desk.group().orders]
    roles = (Role.ENTRY, Role.PROFIT_TARGET, Role.STOP_LOSS)
    assert links == [("g", Contingency.BRACKET, role) for role in roles]


def test_the_requests_name_the_group():
    desk = Desk(bracket())
    desk.filled("entry", "10")
    assert {one.link_id for one in desk.requests} == {"g"}


def test_the_first_fill_sends_both_exits_for_what_has_filled_the_stop_first():
    desk = Desk(bracket())
    desk.asked()
    outcome = desk.filled("entry", "4")
    assert desk.asked() == ["submit stop STOP 4", "submit target LIMIT 4"]
    kinds = [type(update.event).__name__ for update in outcome.updates]
    assert kinds == ["OrderOpened", "OrderFilled"] + ["OrderModified", "OrderSubmitted"] * 2
    assert [update.sequence for update in outcome.updates] == list(
        range(outcome.updates[0].sequence, outcome.updates[0].sequence + 6)
    )


def test_a_complete_fill_sends_both_exits_as_they_were_asked_for():
    desk = Desk(bracket())
    outcome = desk.filled("entry", "10")
    assert e.OrderModified not in {type(update.event) for update in outcome.updates}
    assert desk.asked() == ["submit entry LIMIT 10", "submit stop STOP 10", "submit target LIMIT 10"]


def test_further_fills_of_the_entry_grow_both_exits():
    desk = entered(filled="4")
    desk.filled("entry", "3")
    assert desk.asked() == ["modify stop 7", "modify target 7"]
    (requested,) = {desk.order(order_id).pending.value for order_id in ("stop", "target")}
    assert requested == "MODIFY"


def test_one_modification_of_an_order_is_in_flight_at_a_time_and_the_next_goes_with_the_answer():
    desk = entered(filled="4")
    desk.filled("entry", "3")
    desk.filled("entry", "3")
    assert desk.asked() == ["modify stop 7", "modify target 7"]
    desk.amended("stop")
    assert desk.asked() == ["modify stop 10"]


def test_a_partial_exit_shrinks_the_other_in_the_same_outcome():
    desk = entered()
    outcome = desk.filled("target", "3")
    assert desk.asked() == ["modify stop 7"]
    assert [type(update.event) for update in outcome.updates] == [e.OrderFilled, e.ModifyRequested]
    asked = outcome.updates[-1].event
    assert isinstance(asked, e.ModifyRequested)
    assert asked.reason is Reason.CONTINGENT


def test_an_exit_that_completes_cancels_the_other():
    desk = entered()
    outcome = desk.filled("stop", "10")
    assert desk.asked() == ["cancel target"]
    asked = outcome.updates[-1].event
    assert isinstance(asked, e.CancelRequested)
    assert asked.reason is Reason.CONTINGENT
    desk.cancelled("target")
    assert desk.group().is_closed
    assert desk.group().open_quantity == 0
    assert desk.alarms == []


@pytest.mark.parametrize("end", ["rejected", "cancelled", "expired"])
def test_an_entry_that_ends_unfilled_ends_the_exits_that_were_never_sent(end):
    desk = Desk(bracket())
    desk.asked()
    getattr(desk, end)("entry")
    assert desk.asked() == []
    for order_id in ("target", "stop"):
        order = desk.order(order_id)
        assert (order.state, order.reason, order.submitted_ns) == (OrderState.CANCELLED, Reason.CONTINGENT, None)


def test_an_entry_that_ends_partly_filled_leaves_the_exits_for_what_has_filled():
    desk = entered(filled="4")
    desk.cancelled("entry")
    assert desk.asked() == []
    assert desk.shown() == {"entry": "CANCELLED 4/10", "target": "OPEN 0/4", "stop": "OPEN 0/4"}


def test_a_late_fill_of_a_cancelled_entry_brings_exits_in_place_of_those_that_were_never_sent():
    desk = Desk(bracket())
    desk.opened("entry")
    desk.cancelled("entry")
    desk.asked()
    desk.filled("entry", "4")
    (first, second) = desk.asked()
    assert (first[-6:], second[-7:]) == ("STOP 4", "LIMIT 4")
    assert [order.link.replaces for order in desk.group().orders] == [None, None, None, "stop", "target"]


def test_an_entry_that_may_have_filled_keeps_its_exits_waiting():
    desk = Desk(bracket())
    desk.opened("entry")
    desk.report(r.VenueCancelled, "entry", filled_quantity="4")
    assert desk.order("stop").state is OrderState.PENDING
    desk.filled("entry", "4")
    assert desk.order("stop").quantity == exact("q", "4")


# -- a trade that is over


def test_an_exit_that_completes_ends_what_is_left_of_the_entry():
    desk = entered(filled="4")
    desk.filled("target", "4")
    assert desk.asked() == ["cancel entry", "cancel stop"]


def test_what_the_entry_fills_after_the_trade_is_over_is_protected_again():
    desk = entered(filled="4")
    desk.filled("target", "4")
    desk.cancelled("stop")
    desk.asked()
    desk.filled("entry", "2")
    assert sorted(line.split(" ", 2)[2] for line in desk.asked()) == ["LIMIT 2", "STOP 2"]
    new = desk.group().orders[-2:]
    assert [(order.link.role, order.link.replaces) for order in new] == [
        (Role.STOP_LOSS, "stop"),
        (Role.PROFIT_TARGET, "target"),
    ]
    assert [(order.price, order.stop_price) for order in new] == [(None, 95), (110, None)]


def test_a_replacement_has_the_terms_that_were_in_force():
    desk = entered(filled="4")
    desk.modify("target", price="111")
    desk.report(r.VenueModified, "target", request_id=desk.order("target").pending_request_id, price="111")
    desk.filled("target", "4")
    desk.cancelled("stop")
    desk.filled("entry", "2")
    assert desk.group().orders[-1].price == 111


def test_a_fill_of_the_entry_that_is_void_takes_back_the_exits():
    desk = Desk(bracket())
    desk.opened("entry")
    desk.filled("entry", "10", "x")
    desk.opened("stop", "target")
    desk.asked()
    desk.busted("entry", "x")
    assert desk.asked()[-2:] == ["cancel stop", "cancel target"]
    assert {order.pending.value for order in desk.group().orders[1:]} == {"CANCEL"}


def test_a_fill_of_an_exit_that_is_void_opens_what_it_had_closed():
    desk = entered()
    desk.filled("target", "10", "x")
    desk.cancelled("stop")
    desk.asked()
    desk.busted("target", "x")
    submitted = [line.split(" ", 2)[2] for line in desk.asked() if line.startswith("submit")]
    assert submitted == ["STOP 10", "LIMIT 10"]


def test_both_exits_filled_raise_an_alarm_and_send_nothing_more():
    desk = entered()
    desk.filled("target", "10")
    desk.filled("stop", "10")
    assert desk.asked() == ["cancel stop"]
    assert codes(desk) == [AlarmCode.OVERCLOSED]
    assert desk.group().open_quantity == -10


def test_two_partial_fills_that_close_everything_cancel_both_exits():
    desk = entered()
    desk.filled("target", "4")
    desk.filled("stop", "6")
    assert desk.asked() == ["modify stop 6", "cancel stop", "cancel target"]


# -- what the user does


def test_a_stop_that_its_user_cancels_stays_cancelled_with_an_alarm():
    desk = entered()
    desk.cancel("stop")
    desk.cancelled("stop")
    assert desk.asked() == ["cancel stop"]
    assert codes(desk) == [AlarmCode.UNPROTECTED]
    assert not desk.group().is_protected


def test_a_waiting_stop_that_its_user_cancels_is_never_sent():
    desk = Desk(bracket())
    desk.cancel("stop")
    desk.asked()
    desk.filled("entry", "4")
    assert desk.asked() == ["submit target LIMIT 4"]
    assert codes(desk) == [AlarmCode.UNPROTECTED]


@pytest.mark.parametrize("by", ["user", "venue"])
def test_a_profit_target_that_is_cancelled_leaves_the_stop_alone(by):
    desk = entered()
    if by == "user":
        desk.cancel("target")
    desk.cancelled("target", Reason.VENUE)
    desk.asked()
    assert desk.shown()["stop"] == "OPEN 0/10"
    assert len(desk.group().orders) == 3
    assert desk.alarms == []


def test_the_price_of_an_exit_may_be_modified():
    desk = entered()
    desk.modify("stop", stop_price="96")
    desk.modify("target", price="111", quantity="10")
    assert desk.asked() == ["modify stop 96", "modify target 10"]


def test_a_change_that_waits_for_the_users_own_modification_goes_with_its_answer():
    desk = entered()
    desk.modify("stop", stop_price="96")
    desk.filled("target", "3")
    assert desk.asked() == ["modify stop 96"]
    desk.report(r.VenueModified, "stop", request_id=desk.order("stop").pending_request_id, stop_price="96")
    assert desk.asked() == ["modify stop 7"]


def test_the_terms_of_an_exit_that_waits_may_be_modified():
    desk = Desk(bracket())
    desk.asked()
    desk.modify("stop", stop_price="96")
    assert desk.asked() == []
    desk.filled("entry", "4")
    submit = desk.requests[0]
    assert isinstance(submit, r.VenueSubmit)
    assert (submit.client_order_id, submit.stop_price, submit.quantity) == ("stop", 96, 4)


@pytest.mark.parametrize("order_id", ["stop", "target"])
def test_the_quantity_of_an_exit_is_not_the_users_to_modify(order_id):
    desk = entered()
    outcome = desk.modify(order_id, quantity="5")
    (refused,) = outcome.updates
    assert isinstance(refused.event, e.CommandRefused)
    assert refused.event.reason is Reason.CONTINGENT
    assert "quantity 5" in refused.event.text


def test_the_quantity_of_the_entry_is():
    desk = Desk(bracket())
    desk.opened("entry")
    desk.asked()
    desk.modify("entry", quantity="6")
    assert desk.asked() == ["modify entry 6"]


def test_a_modification_of_an_order_that_nobody_knows_is_refused_as_ever():
    (refused,) = Desk().modify("x", quantity="6").updates
    assert isinstance(refused.event, e.CommandRefused)
    assert refused.event.reason is Reason.UNKNOWN_ORDER


# -- the time without protection


def test_the_time_without_protection_is_from_the_fill_to_the_acknowledgement_of_the_stop():
    desk = Desk(bracket())
    desk.now = 2_000
    desk.filled("entry", "10")
    assert desk.group().unprotected_since_ns == 2_000
    desk.now = 2_700
    assert desk.group().unprotected_until(desk.now) == 700
    desk.opened("stop")
    assert (desk.group().unprotected_ns, desk.group().unprotected_since_ns) == (700, None)
    assert desk.group().unprotected_until(9_000) == 700


def test_a_clock_that_runs_backwards_takes_no_time_off():
    desk = Desk(bracket())
    desk.filled("entry", "10")
    desk.now -= 500
    desk.opened("stop")
    assert desk.group().unprotected_ns == 0


def test_the_times_of_all_brackets_are_summed_up_with_those_that_have_not_ended():
    desk = Desk(bracket())
    desk.filled("entry", "10")
    desk.now += 300
    desk.opened("stop")
    assert desk.folded.unprotected_ns() == (300, 300)
    terms = bracket_of(limit("e2"), "110", "95")
    desk.command(named(terms, "g2"))
    desk.filled("e2", "10")
    desk.now += 500
    desk.filled("target", "1")
    assert desk.folded.unprotected_ns() == (800, 500)


# -- refused as a whole


def test_a_group_that_risk_denies_is_recorded_with_every_order():
    desk = Desk()
    outcome = desk.deny(bracket(), "stop loss stop: price: wrong")
    assert [type(update.event) for update in outcome.updates] == [e.OrderCreated, e.OrderDenied] * 3
    assert desk.requests == []
    assert {order.state for order in desk.group().orders} == {OrderState.REJECTED}
    assert {order.reason_text for order in desk.group().orders} == {"stop loss stop: price: wrong"}


def test_a_halt_that_came_between_denies_it_too():
    desk = Desk()
    desk.halt()
    desk.command(bracket())
    assert {order.reason for order in desk.group().orders} == {Reason.HALTED}


@pytest.mark.parametrize("taken", ["order", "group"])
def test_an_id_that_is_taken_refuses_the_whole_group(taken):
    desk = Desk(bracket())
    again = bracket() if taken == "order" else named(bracket_of(limit("e2"), "110", "95"))
    if taken == "order":
        again = SubmitGroup(again.contingency, again.orders, group_id="g2", source="strategy")
    outcome = desk.command(again)
    refused = [update.event for update in outcome.updates]
    assert [type(event) for event in refused] == [e.CommandRefused] * 3
    assert {event.reason for event in refused if isinstance(event, e.CommandRefused)} == {Reason.DUPLICATE_ID}
    assert codes(desk) == [AlarmCode.DUPLICATE_ID]


@pytest.mark.parametrize("make", [bracket, oco, oto])
def test_the_same_group_again_is_answered_with_where_each_order_stands(make):
    desk = Desk(make())
    first = make().orders[0].order_id
    desk.filled(first, "10")
    sequence, sent = desk.blotter.sequence, len(desk.all_requests)
    outcome = desk.command(make())
    latest = [desk.blotter.latest[order.order_id] for order in make().orders]
    assert outcome.answers == tuple(("strategy", update) for update in latest)
    assert (desk.blotter.sequence, len(desk.all_requests), desk.alarms) == (sequence, sent, [])


def test_the_same_bracket_again_is_answered_though_another_order_has_replaced_its_stop():
    desk = closed_in_vain()
    assert len(desk.command(bracket()).answers) == 3
    assert len(desk.group().orders) == 4


def test_a_denied_group_again_is_answered_too():
    desk = Desk()
    desk.deny(bracket())
    assert [update.order.state for _, update in desk.command(bracket()).answers] == [OrderState.REJECTED] * 3


THREE = named(SubmitGroup(Contingency.OCO, (limit("a", price="90"), limit("b", price="91"), limit("c", price="92"))))


@pytest.mark.parametrize(
    "other",
    [
        changed(THREE, orders=THREE.orders[:2]),
        changed(THREE, orders=THREE.orders[::-1]),
        changed(THREE, orders=(*THREE.orders[:2], changed(THREE.orders[2], price="93"))),
        changed(THREE, contingency=Contingency.OUO),
        changed(THREE, group_id="h"),
        changed(THREE, group_id=None),
        changed(THREE, source="another"),
    ],
    ids=["fewer", "otherwise ordered", "another price", "another contingency", "another id", "no id", "another sender"],
)
def test_another_group_under_the_same_ids_is_refused(other):
    desk = Desk(THREE)
    outcome = desk.command(other)
    assert {update.event.reason for update in outcome.updates} == {Reason.DUPLICATE_ID}
    assert (outcome.answers, codes(desk)) == ((), [AlarmCode.DUPLICATE_ID])


def test_a_group_that_could_not_be_handled_is_refused_with_every_order():
    desk = Desk()
    outcome = desk.take(desk.blotter.decide_unhandled(Approved(bracket(), 1, "risk"), 1))
    assert [update.event.order_id for update in outcome.updates] == ["entry", "target", "stop"]
    assert {update.event.reason for update in outcome.updates if isinstance(update.event, e.CommandRefused)} == {
        Reason.INTERNAL_ERROR
    }


def test_an_id_of_ours_that_a_user_has_taken_is_passed_over():
    desk = entered()
    desk.command(SubmitOrder(SYMBOL, Side.BUY, OrderType.MARKET, "1", order_id="r-1", source="strategy"))
    desk.expired("stop")
    assert desk.group().orders[-1].order_id != "r-1"


def test_orders_outside_groups_cost_nothing_and_lead_to_nothing():
    desk = Desk()
    desk.command(SubmitOrder(SYMBOL, Side.BUY, OrderType.MARKET, "1", order_id="o", source="strategy"))
    assert list(desk.blotter.groups) == []
    assert stop("o").stop_price == 95
