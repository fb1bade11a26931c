"""Brackets whose stop fails, or whose requests the venue refuses."""

from __future__ import annotations

import pytest
from groups import SYMBOL, TENTH, Desk, bracket, closed_in_vain, codes, entered, limit, named, nothing_closed, oco

from orderpit.model import reports as r
from orderpit.model.alarm import AlarmCode
from orderpit.model.commands import SubmitOrder
from orderpit.model.kinds import Contingency, OrderState, OrderType, Reason, Role, Side
from orderpit.model.tying import bracket_of

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
