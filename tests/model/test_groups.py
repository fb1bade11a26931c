"""Groups of orders: what each outcome leads to, for every way in which the orders of a group may go."""

from __future__ import annotations

import pytest
from groups import SYMBOL, Desk, bracket, limit, named, oco, oto, stop

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.alarm import AlarmCode
from orderpit.model.commands import Approved, SubmitGroup, SubmitOrder
from orderpit.model.kinds import Contingency, OrderState, OrderType, Pending, Reason, Role, Side
from orderpit.model.numbers import exact
from orderpit.model.tying import bracket_of
from orderpit.model.values import changed


def entered(quantity="10", *, filled=None) -> Desk:
    """Return a bracket whose entry has filled, and whose exits the venue has."""
    desk = Desk(bracket(quantity))
    desk.opened("entry")
    desk.filled("entry", filled or quantity)
    desk.opened("stop", "target")
    desk.requests.clear()
    return desk


TENTH = 100_000_000
"""Of a second, in nanoseconds."""


def codes(desk):
    return [alarm.code for alarm in desk.alarms]


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


# -- a stop that fails


@pytest.mark.parametrize("end", ["rejected", "cancelled", "expired"])
def test_a_stop_that_ends_by_itself_is_replaced_at_the_market(end):
    desk = Desk(bracket())
    desk.filled("entry", "10")
    if end != "rejected":
        desk.opened("stop")
    desk.asked()
    getattr(desk, end)("stop")
    new = desk.group().orders[-1]
    assert desk.asked() == [f"submit {new.order_id} MARKET 10"]
    assert (new.side, new.link.role, new.link.replaces) == (Side.SELL, Role.STOP_LOSS, "stop")
    assert codes(desk) == [AlarmCode.UNPROTECTED]


def test_a_stop_that_fails_ends_what_is_left_of_the_entry():
    desk = entered(filled="4")
    desk.expired("stop")
    assert desk.asked()[0] == "cancel entry"


def test_closing_at_the_market_ends_the_profit_target():
    desk = entered()
    desk.expired("stop")
    desk.filled(desk.group().orders[-1].order_id, "10")
    assert desk.asked()[-1] == "cancel target"
    assert codes(desk) == [AlarmCode.UNPROTECTED]


def test_closing_at_the_market_goes_on_as_long_as_it_makes_progress():
    desk = entered()
    desk.expired("stop")
    closing = desk.group().orders[-1].order_id
    desk.filled(closing, "4")
    desk.cancelled(closing, Reason.REMAINDER)
    assert desk.asked()[-1].endswith("MARKET 6")
    assert len(desk.group().orders) == 5


def closed_in_vain(times=1) -> Desk:
    """Return a bracket whose stop has failed, and which the venue has not closed at the market so often."""
    desk = entered()
    desk.now += 36_000 * TENTH
    desk.expired("stop")
    for _ in range(times - 1):
        nothing_closed(desk)
        desk.retry()
    nothing_closed(desk)
    desk.requests.clear()
    return desk


def nothing_closed(desk):
    return desk.rejected(desk.group().orders[-1].order_id, Reason.NO_MARKET)


def test_closing_at_the_market_that_brings_nothing_is_told_and_not_tried_again_at_once():
    desk = closed_in_vain()
    assert len(desk.group().orders) == 4
    assert codes(desk) == [AlarmCode.UNPROTECTED] * 2
    desk.filled("target", "3")
    assert len(desk.group().orders) == 4
    assert len(desk.alarms) == 2


def test_it_is_tried_again_when_a_while_has_passed_for_what_is_open_then():
    desk = closed_in_vain()
    desk.filled("target", "3")
    ended_ns = desk.group().orders[-1].closed_ns
    assert desk.group().retry_at_ns == desk.blotter.next_retry_ns == ended_ns + TENTH
    desk.now = ended_ns + TENTH - 1
    assert desk.take(desk.blotter.decide_retries(desk.now)).updates == ()
    desk.now += 1
    desk.requests.clear()
    desk.take(desk.blotter.decide_retries(desk.now))
    assert [one.split()[2:] for one in desk.asked()] == [["MARKET", "7"]]
    assert desk.blotter.next_retry_ns is None, "it is on its way"


def test_the_time_between_attempts_doubles_up_to_a_minute():
    waits = []
    for times in (1, 2, 3, 9, 10, 11, 30):
        desk = closed_in_vain(times)
        waits.append((desk.group().retry_at_ns - desk.group().orders[-1].closed_ns) / (10 * TENTH))
    assert waits == [0.1, 0.2, 0.4, 25.6, 51.2, 60, 60]


def test_an_attempt_that_closes_a_part_is_followed_at_once_and_the_waiting_begins_anew():
    desk = closed_in_vain(5)
    desk.retry()
    closing = desk.group().orders[-1].order_id
    desk.filled(closing, "4")
    desk.cancelled(closing, Reason.REMAINDER)
    assert desk.asked()[-1].endswith("MARKET 6")
    nothing_closed(desk)
    assert desk.blotter.next_retry_ns == desk.now + TENTH


def test_however_often_it_is_tried_an_exposure_is_told_once():
    desk = closed_in_vain(12)
    assert [alarm.order_id for alarm in desk.alarms] == ["stop", "stop"]
    assert "is tried again" in desk.alarms[-1].text


def test_under_a_halt_it_is_not_tried_again_and_it_is_with_the_resume():
    desk = closed_in_vain()
    desk.halt()
    assert desk.blotter.next_retry_ns is None, "nobody waits for what may not leave"
    desk.now += 10 * TENTH
    assert desk.take(desk.blotter.decide_retries(desk.now)).requests == ()
    desk.resume()
    assert [one.split()[2:] for one in desk.asked()] == [["MARKET", "10"]]


def test_resumed_before_its_time_it_waits_for_that():
    desk = closed_in_vain()
    desk.halt()
    desk.resume()
    assert desk.asked() == []
    assert desk.blotter.next_retry_ns == desk.now + TENTH


def test_a_clock_that_is_set_back_does_not_put_it_off():
    desk = closed_in_vain()
    desk.now -= 10_000 * TENTH
    desk.take(desk.blotter.decide_retries(desk.now))
    assert len(desk.asked()) == 1


def test_what_the_target_has_closed_meanwhile_is_not_tried_again():
    desk = closed_in_vain()
    desk.filled("target", "10")
    assert (desk.group().retry_at_ns, desk.blotter.next_retry_ns) == (None, None)
    assert desk.retry().updates == ()


def test_nothing_is_tried_again_while_it_is_unknown_what_an_attempt_has_closed():
    desk = entered()
    desk.expired("stop")
    closing = desk.group().orders[-1].order_id
    desk.link(r.VenueDisconnected)
    desk.rejected(closing, Reason.NO_MARKET)
    desk.link(r.VenueConnected)
    assert desk.order(closing).in_doubt
    assert desk.retry().requests == ()
    desk.answered(closing, state=OrderState.REJECTED, complete=True, filled_quantity=0)
    assert desk.blotter.next_retry_ns is not None


def test_what_closes_at_the_market_is_never_modified():
    desk = entered()
    desk.expired("stop")
    desk.asked()
    desk.filled("target", "3")
    assert desk.asked() == []


def test_a_trailing_stop_is_replaced_without_where_it_stood():
    exits = SubmitOrder(SYMBOL, Side.SELL, OrderType.TRAILING_STOP, "10", trailing_offset="2", order_id="stop")
    desk = Desk(named(bracket_of(limit("entry"), "110", exits)))
    desk.filled("entry", "4")
    desk.opened("stop")
    desk.report(r.VenueTriggered, "stop", stop_price="99")
    desk.filled("stop", "4")
    desk.filled("entry", "2")
    new = desk.group().of(Role.STOP_LOSS)[-1].order
    assert (new.order_type, new.trailing_offset, new.stop_price) == (OrderType.TRAILING_STOP, 2, None)


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


# -- what the venue refuses


def test_an_exit_that_the_venue_will_not_resize_is_cancelled_and_replaced():
    desk = entered()
    desk.filled("target", "3")
    desk.unamended("stop")
    assert desk.asked() == ["modify stop 7", "cancel stop"]
    desk.cancelled("stop")
    (line,) = desk.asked()
    assert line.endswith("STOP 7")
    assert desk.alarms == []


def test_an_exit_that_the_venue_will_neither_resize_nor_cancel_stays_until_its_cancel_is_asked_for_again():
    desk = entered()
    desk.filled("target", "3")
    desk.unamended("stop")
    desk.uncancelled("stop")
    assert desk.asked() == ["modify stop 7", "cancel stop"]
    desk.modify("stop", stop_price="94")
    desk.unamended("stop")
    assert desk.asked() == ["modify stop 94"]
    desk.retry()
    assert desk.asked() == ["cancel stop"]
    desk.cancelled("stop")
    assert [line.split()[2:] for line in desk.asked()] == [["STOP", "7"]]
    assert codes(desk) == [AlarmCode.UNCANCELLED]


def test_a_stop_that_can_neither_grow_nor_be_cancelled_is_told_as_no_protection():
    desk = entered("10", filled="4")
    desk.filled("entry", "6")
    desk.unamended("stop")
    desk.uncancelled("stop")
    assert codes(desk) == [AlarmCode.UNPROTECTED]
    assert "works for less" in desk.alarms[0].text
    desk.retry()
    desk.uncancelled("stop")
    assert len(desk.alarms) == 1, "the same exposure is told once"
    desk.retry()
    desk.cancelled("stop")
    assert desk.asked()[-1].endswith("STOP 10")


def test_an_exit_that_the_venue_itself_has_ended_because_of_another_has_not_failed():
    desk = entered(filled="4")
    desk.filled("target", "4", "x")
    desk.cancelled("stop", Reason.CONTINGENT)
    desk.uncancelled("stop", Reason.TOO_LATE)
    desk.asked()
    desk.busted("target", "x")
    assert [line.split(" ", 2)[2] for line in desk.asked() if line.startswith("submit")] == ["STOP 4", "LIMIT 4"]
    assert desk.alarms == []


def test_a_resize_that_comes_too_late_waits_for_how_the_exit_ended():
    desk = entered()
    desk.filled("target", "3")
    desk.unamended("stop", Reason.TOO_LATE)
    assert desk.asked() == ["modify stop 7"]
    desk.filled("stop", "10")
    assert codes(desk) == [AlarmCode.OVERCLOSED]
    assert desk.asked() == ["cancel target"]


def test_a_resize_that_was_lost_is_asked_for_again():
    desk = entered()
    desk.filled("target", "3")
    desk.asked()
    desk.unamended("stop", Reason.NO_ANSWER)
    assert desk.asked() == ["modify stop 7"]


def test_a_refused_modification_of_the_users_costs_the_exit_nothing():
    desk = entered()
    desk.modify("stop", stop_price="96")
    desk.unamended("stop")
    assert desk.asked() == ["modify stop 96"]
    assert desk.shown()["stop"] == "OPEN 0/10"


def refused(times=1) -> Desk:
    """Return a bracket that is flat, and whose stop the venue has refused to cancel so often."""
    desk = entered()
    desk.filled("target", "10", "x")
    desk.uncancelled("stop")
    for _ in range(times - 1):
        desk.retry()
        desk.uncancelled("stop")
    return desk


def test_a_cancel_that_the_venue_refuses_is_asked_for_again_when_a_while_has_passed():
    desk = refused()
    assert desk.asked() == ["cancel stop"]
    assert desk.blotter.next_retry_ns == desk.now + TENTH
    desk.now += TENTH - 1
    assert desk.take(desk.blotter.decide_retries(desk.now)).updates == ()
    desk.now += 1
    desk.take(desk.blotter.decide_retries(desk.now))
    assert desk.asked() == ["cancel stop"]
    assert desk.blotter.next_retry_ns is None, "it is on its way"
    desk.cancelled("stop")
    assert desk.group().is_closed
    assert desk.blotter.next_retry_ns is None


def test_the_time_between_its_cancels_doubles_up_to_a_minute():
    desks = [refused(times) for times in (1, 2, 3, 10, 11, 30)]
    assert [(desk.blotter.next_retry_ns - desk.now) / (10 * TENTH) for desk in desks] == [0.1, 0.2, 0.4, 51.2, 60, 60]


def test_however_often_a_cancel_is_refused_it_is_told_once():
    desk = refused(12)
    desk.retry()
    assert [(alarm.code, alarm.order_id) for alarm in desk.alarms] == [(AlarmCode.UNCANCELLED, "stop")]
    assert desk.alarms[0].text == (
        "group g: order_id stop: works for more than it should, and the venue refuses to cancel it, "
        "which is asked for again"
    )


def test_what_works_too_much_once_more_is_told_once_more():
    desk = refused()
    desk.busted("target", "x")
    assert desk.blotter.next_retry_ns is None, "it is wanted again"
    assert desk.retry().updates == ()
    again = desk.group().orders[-1].order_id
    desk.opened(again)
    desk.filled(again, "10")
    assert desk.blotter.next_retry_ns == desk.now + TENTH
    assert codes(desk) == [AlarmCode.UNCANCELLED] * 2


@pytest.mark.parametrize("gate", ["halted", "disconnected"])
def test_whatever_may_not_leave_a_refused_cancel_is_asked_for_again(gate):
    desk = refused()
    if gate == "halted":
        desk.halt()
    else:
        desk.link(r.VenueDisconnected)
    desk.asked()
    desk.retry()
    assert "cancel stop" in desk.asked()


def test_a_clock_that_is_set_back_does_not_put_off_a_refused_cancel():
    desk = refused()
    desk.asked()
    desk.now -= 10_000 * TENTH
    desk.take(desk.blotter.decide_retries(desk.now))
    assert desk.asked() == ["cancel stop"]


@pytest.mark.parametrize("reason", [Reason.TOO_LATE, Reason.NOT_AT_VENUE], ids=lambda reason: reason.value)
def test_a_refused_cancel_that_then_comes_too_late_is_not_asked_for_again(reason):
    desk = refused()
    desk.retry()
    desk.asked()
    desk.uncancelled("stop", reason)
    assert desk.blotter.next_retry_ns is None
    assert desk.retry().updates == ()


def test_a_cancel_of_the_users_that_is_refused_is_not_asked_for_again():
    desk = entered()
    desk.cancel("stop")
    desk.uncancelled("stop")
    assert desk.blotter.next_retry_ns is None
    assert desk.retry().updates == ()
    assert desk.alarms == []


def test_the_rest_of_an_entry_that_the_venue_refuses_to_cancel_is_asked_for_again():
    desk = entered(filled="4")
    desk.filled("target", "4")
    desk.uncancelled("entry")
    desk.cancelled("stop")
    assert codes(desk) == [AlarmCode.UNCANCELLED]
    desk.asked()
    desk.retry()
    assert desk.asked() == ["cancel entry"]


@pytest.mark.parametrize("contingency", [Contingency.OCO, Contingency.OUO], ids=lambda one: one.value)
def test_an_alternative_that_the_venue_refuses_to_cancel_is_asked_for_again(contingency):
    desk = Desk(oco(contingency))
    desk.opened("low", "high")
    desk.filled("low", "10")
    desk.uncancelled("high")
    assert [(alarm.code, alarm.order_id) for alarm in desk.alarms] == [(AlarmCode.UNCANCELLED, "high")]
    desk.asked()
    desk.retry()
    assert desk.asked() == ["cancel high"]
    desk.cancelled("high")
    assert desk.blotter.next_retry_ns is None
    assert len(desk.alarms) == 1


def test_a_cancel_that_was_lost_is_asked_for_again():
    desk = entered()
    desk.filled("target", "10")
    desk.uncancelled("stop", Reason.NO_ANSWER)
    assert desk.asked() == ["cancel stop", "cancel stop"]


def test_a_cancel_that_comes_too_late_waits_for_how_the_exit_ended():
    desk = entered()
    desk.filled("target", "10")
    desk.uncancelled("stop", Reason.TOO_LATE)
    assert desk.asked() == ["cancel stop"]
    desk.filled("stop", "10")
    assert codes(desk) == [AlarmCode.OVERCLOSED]


def test_what_the_venue_takes_off_an_exit_by_itself_is_not_asked_for_again():
    desk = entered()
    desk.report(r.VenueModified, "stop", request_id="the-venue", quantity="6", reason=Reason.REDUCE_ONLY)
    assert desk.asked() == []
    desk.filled("target", "3")
    assert desk.asked() == ["modify stop 7"]


def test_what_the_venue_adds_to_an_exit_is_taken_off_again():
    desk = entered()
    desk.report(r.VenueModified, "stop", request_id="the-venue", quantity="12")
    assert desk.asked() == ["modify stop 10"]


# -- doubt, halt, the link


def test_an_exit_in_doubt_is_left_until_it_is_known_and_then_resized():
    desk = entered()
    desk.take(desk.blotter.decide_set_aside(r.VenueAccepted(client_order_id="stop"), desk.now))
    desk.asked()
    desk.filled("target", "3")
    assert desk.asked() == []
    assert desk.order("stop").in_doubt
    desk.answered("stop", state=OrderState.OPEN, quantity="10")
    assert desk.asked() == ["modify stop 7"]


def test_an_exit_in_doubt_may_be_cancelled_and_is_asked_about_again():
    desk = entered()
    desk.take(desk.blotter.decide_set_aside(r.VenueAccepted(client_order_id="stop"), desk.now))
    desk.asked()
    desk.filled("target", "10")
    assert desk.asked() == ["cancel stop", "query stop"]


def test_nothing_stands_in_for_a_stop_while_it_is_unknown_what_it_has_executed():
    desk = entered()
    desk.report(r.VenueCancelled, "stop", reason=Reason.VENUE, filled_quantity="4")
    desk.filled("stop", "4")
    assert desk.asked() == ["query stop", "query stop", "modify target 6"]
    desk.answered("stop", state=OrderState.CANCELLED, filled_quantity="4")
    (line,) = desk.asked()
    assert line.endswith("MARKET 6")


def test_exits_that_were_lost_on_their_way_are_sent_again_as_they_were():
    desk = Desk(bracket())
    desk.filled("entry", "4")
    desk.link(r.VenueDisconnected)
    desk.link(r.VenueConnected)
    desk.asked()
    for order_id in ("stop", "target"):
        desk.answered(order_id, state=None, complete=True)
    assert [one.split()[2:] for one in desk.asked()] == [["STOP", "4"], ["LIMIT", "4"]]
    assert codes(desk) == [AlarmCode.DISCONNECTED]
    desk.filled("entry", "6")
    assert desk.order("entry").pending is Pending.NONE


def test_what_closes_at_the_market_is_sent_again_at_once_where_it_was_lost():
    desk = entered()
    desk.expired("stop")
    desk.link(r.VenueDisconnected)
    desk.link(r.VenueConnected)
    desk.asked()
    desk.answered(desk.group().orders[-1].order_id, state=None, complete=True)
    assert [one.split()[2:] for one in desk.asked()] == [["MARKET", "10"]]


def test_an_exit_that_was_lost_is_not_sent_again_when_nothing_is_open():
    desk = Desk(bracket())
    desk.filled("entry", "10")
    desk.opened("target")
    desk.link(r.VenueDisconnected)
    desk.link(r.VenueConnected)
    desk.filled("target", "10")
    desk.asked()
    desk.answered("stop", state=None, complete=True)
    assert desk.asked() == []
    assert desk.group().is_closed


def test_a_stop_without_an_answer_is_shrunk_when_it_is_found_and_its_exposure_counted_until_then():
    desk = Desk(bracket(), answer_within_ns=5)
    desk.opened("entry")
    desk.filled("entry", "10")
    desk.opened("target")
    desk.now += 10
    desk.take(desk.blotter.decide_overdue(desk.now, desk.now))
    desk.filled("target", "4")
    desk.asked()
    assert desk.order("stop").in_doubt
    assert not desk.group().is_protected
    desk.answered("stop", state=OrderState.OPEN, quantity="10", complete=True)
    assert desk.asked() == ["modify stop 6"]
    assert desk.group().is_protected
    assert desk.group().unprotected_ns == 10
    assert codes(desk) == [AlarmCode.NO_ANSWER]


def test_under_a_halt_the_exits_wait_with_an_alarm_and_leave_when_it_is_over():
    desk = Desk(bracket())
    desk.asked()
    desk.halt()
    desk.filled("entry", "10")
    assert desk.asked() == []
    assert codes(desk) == [AlarmCode.UNPROTECTED]
    desk.resume()
    assert desk.asked() == ["submit stop STOP 10", "submit target LIMIT 10"]


def test_under_a_halt_an_exit_shrinks_and_does_not_grow():
    desk = entered(filled="4")
    desk.halt()
    desk.filled("entry", "3")
    assert desk.asked() == []
    assert codes(desk) == [AlarmCode.UNPROTECTED]
    desk.filled("target", "4")
    assert desk.asked() == ["cancel entry", "modify stop 3"]
    desk.resume()
    (line,) = desk.asked()
    assert line.endswith("LIMIT 3")


def without_amends() -> Desk:
    """Return a bracket at a venue without amends, whose exits work."""
    desk = Desk(bracket(), amends=False)
    desk.filled("entry", "10")
    desk.opened("stop", "target")
    desk.requests.clear()
    return desk


def test_under_a_halt_an_exit_is_not_cancelled_to_be_placed_anew_since_that_could_not_be():
    desk = without_amends()
    desk.halt()
    desk.filled("target", "4")
    assert (desk.asked(), codes(desk)) == ([], [])
    desk.resume()
    assert desk.asked() == ["cancel stop"]
    desk.cancelled("stop")
    assert [one.split()[2:] for one in desk.asked()] == [["STOP", "6"]]


@pytest.mark.parametrize("reopened", ["resume", "link"])
def test_a_stop_that_could_not_be_placed_anew_is_when_the_gate_is_open_again(reopened):
    desk = without_amends()
    desk.filled("target", "4")
    if reopened == "resume":
        desk.halt()
    else:
        desk.blotter.gate = desk.blotter.gate.with_venue_lost("")
    desk.cancelled("stop")
    assert desk.order("stop").reason is Reason.REPLACED
    assert desk.asked() == ["cancel stop"]
    assert codes(desk) == [AlarmCode.UNPROTECTED]
    if reopened == "resume":
        desk.resume()
    else:
        desk.link(r.VenueConnected)
    sent = [one.split()[2:] for one in desk.asked() if one.startswith("submit")]
    assert sent == [["STOP", "6"]]


def test_a_stop_that_the_venue_refuses_to_place_anew_is_closed_at_the_market():
    desk = without_amends()
    desk.filled("target", "4")
    desk.cancelled("stop")
    desk.rejected("stop")
    assert desk.order("stop").reason is Reason.REPLACED
    assert desk.asked()[-1].endswith("MARKET 6")


def test_under_a_halt_a_partial_exit_still_shrinks_the_other():
    desk = entered()
    desk.halt()
    desk.filled("target", "4")
    assert desk.asked() == ["modify stop 6"]


def test_under_a_halt_nothing_stands_in_for_a_stop():
    desk = entered()
    desk.halt()
    desk.expired("stop")
    assert desk.asked() == []
    desk.resume()
    assert desk.asked()[0].endswith("MARKET 10")


def test_with_the_venue_lost_nothing_is_resized_and_it_is_when_the_venue_has_answered():
    desk = entered()
    desk.link(r.VenueDisconnected)
    desk.filled("target", "3")
    assert desk.asked() == []
    desk.link(r.VenueConnected)
    assert sorted(desk.asked()) == ["query stop", "query target"]
    desk.answered("stop", state=OrderState.OPEN, quantity="10")
    assert desk.asked() == ["modify stop 7"]


def test_the_same_trouble_is_told_once_and_again_when_it_comes_again():
    desk = entered()
    desk.filled("target", "10", "x")
    desk.filled("stop", "10", "y")
    desk.busted("stop", "y")
    desk.filled("stop", "10", "z")
    assert [code for code in codes(desk) if code is AlarmCode.OVERCLOSED] == [AlarmCode.OVERCLOSED] * 2


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
    assert desk.blotter.groups.unprotected_ns() == (300, 300)
    terms = bracket_of(limit("e2"), "110", "95")
    desk.command(named(terms, "g2"))
    desk.filled("e2", "10")
    desk.now += 500
    desk.filled("target", "1")
    assert desk.blotter.groups.unprotected_ns() == (800, 500)


# -- OCO


def test_the_legs_of_an_oco_are_sent_at_once():
    desk = Desk(oco())
    assert desk.asked() == ["submit low LIMIT 10", "submit high STOP 10"]


@pytest.mark.parametrize("quantity", ["4", "10"])
def test_an_execution_of_a_leg_cancels_the_others(quantity):
    desk = Desk(oco())
    desk.opened("low", "high")
    desk.asked()
    desk.filled("high", quantity)
    assert desk.asked() == ["cancel low"]


def test_a_leg_that_ends_without_an_execution_leaves_the_others():
    desk = Desk(oco())
    desk.opened("high")
    desk.asked()
    desk.rejected("low")
    assert desk.asked() == []
    assert desk.order("high").is_open


def test_of_two_legs_that_were_executed_the_first_goes_on_and_an_alarm_tells():
    desk = Desk(oco())
    desk.opened("low", "high")
    desk.filled("low", "4")
    desk.filled("high", "4")
    assert desk.asked()[2:] == ["cancel high"]
    assert codes(desk) == [AlarmCode.OVERCLOSED]
    assert desk.group().first_executed == "low"


def test_with_its_execution_void_another_is_the_first():
    desk = Desk(oco())
    desk.opened("low", "high")
    desk.filled("low", "4", "x")
    desk.filled("high", "4")
    desk.busted("low", "x")
    assert desk.group().first_executed == "high"


# -- OUO


def test_an_execution_takes_as_much_from_the_others():
    desk = Desk(oco(Contingency.OUO))
    desk.opened("low", "high")
    desk.asked()
    desk.filled("low", "4")
    assert desk.asked() == ["modify high 6"]
    desk.filled("low", "6")
    assert desk.asked() == ["cancel high"]
    desk.cancelled("high")
    assert desk.alarms == []


def test_a_leg_that_the_venue_will_not_resize_is_cancelled():
    desk = Desk(oco(Contingency.OUO))
    desk.opened("low", "high")
    desk.filled("low", "4")
    desk.unamended("high")
    assert desk.asked()[2:] == ["modify high 6", "cancel high"]


def test_what_legs_have_executed_together_beyond_the_quantity_is_told():
    desk = Desk(oco(Contingency.OUO))
    desk.opened("low", "high")
    desk.filled("low", "7")
    assert desk.alarms == []
    desk.filled("high", "7")
    assert codes(desk) == [AlarmCode.OVERCLOSED]


def test_the_quantity_of_a_leg_that_follows_the_others_is_not_the_users_to_modify():
    desk = Desk(oco(Contingency.OUO))
    desk.opened("low")
    (refused,) = desk.modify("low", quantity="5").updates
    assert isinstance(refused.event, e.CommandRefused)
    assert refused.event.reason is Reason.CONTINGENT


# -- OTO


def test_what_is_triggered_waits_for_the_complete_fill_of_the_first():
    desk = Desk(oto())
    desk.filled("first", "4")
    assert desk.asked() == ["submit first LIMIT 10"]
    desk.filled("first", "6")
    assert desk.asked() == ["submit then LIMIT 5", "submit more STOP 10"]
    desk.opened("then")
    desk.filled("then", "2")
    assert desk.asked() == []


def test_a_first_that_ends_otherwise_ends_what_waits():
    desk = Desk(oto())
    desk.filled("first", "4")
    desk.cancelled("first")
    assert desk.asked() == ["submit first LIMIT 10"]
    assert desk.order("then").reason is Reason.CONTINGENT
    assert desk.order("more").state is OrderState.CANCELLED


def test_a_first_in_doubt_keeps_what_waits():
    desk = Desk(oto())
    desk.report(r.VenueCancelled, "first", filled_quantity="4")
    assert desk.order("then").state is OrderState.PENDING


def test_under_a_halt_what_is_triggered_waits_for_its_end():
    desk = Desk(oto())
    desk.halt()
    desk.filled("first", "10")
    desk.asked()
    assert desk.order("then").state is OrderState.PENDING
    desk.resume()
    assert desk.asked() == ["submit then LIMIT 5", "submit more STOP 10"]


def test_the_quantity_of_what_waits_for_the_first_may_be_modified():
    desk = Desk(oto())
    desk.modify("then", quantity="7")
    desk.filled("first", "10")
    assert "submit then LIMIT 7" in desk.asked()


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
