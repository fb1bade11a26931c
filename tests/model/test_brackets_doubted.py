"""Brackets in doubt, under a halt, and without the link to the venue."""

from __future__ import annotations

import pytest
from groups import Desk, bracket, codes, entered

from orderpit.model import reports as r
from orderpit.model.alarm import AlarmCode
from orderpit.model.kinds import OrderState, Pending, Reason
from orderpit.model.refusal import Refusal

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


def test_an_exit_that_was_kept_back_for_too_long_is_sent_again_as_it_was():
    desk = Desk(bracket())
    desk.filled("entry", "4")
    desk.asked()
    late = desk.latest(r.VenueSubmit, "stop")
    too_long = Refusal(Reason.WITHHELD, "it has waited too long")
    desk.take(desk.blotter.decide_withheld(late, too_long, desk.now))
    assert [one.split()[2:] for one in desk.asked()] == [["STOP", "4"]]
    assert desk.order("stop").is_closed


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
