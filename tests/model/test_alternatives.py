"""OCO, OUO and OTO: what each outcome leads to."""

from __future__ import annotations

import pytest
from groups import Desk, codes, oco, oto

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.alarm import AlarmCode
from orderpit.model.kinds import Contingency, OrderState, Reason

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
