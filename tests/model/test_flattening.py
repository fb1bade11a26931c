"""What trips ask for of orders and positions: cancelled, closed, and tried again until it is done."""

from __future__ import annotations

import itertools

import pytest
from builders import NOW, event, fill, report, terms

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.alarm import AlarmCode
from orderpit.model.blotter import Blotter
from orderpit.model.clearing import TAG
from orderpit.model.commands import Approved, ModifyOrder
from orderpit.model.flattening import Cancel, Close, Stake, due_ns, wanted
from orderpit.model.gate import Hold
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Action, Contingency, OrderState, Reason, Role, Side, TradingState, Trip
from orderpit.model.lifecycle import apply
from orderpit.model.link import Link
from orderpit.model.numbers import exact
from orderpit.model.positions import Held

SECOND = 1_000_000_000
BTC = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.5", min_quantity="1", max_quantity="4")


class Desk:
    """An order manager's blotter, and what it has asked the venue for."""

    def __init__(self, **settings):
        count = map("r-{}".format, itertools.count(1)).__next__
        self.blotter = Blotter(count, instruments={"BTC/USDT": BTC}, **settings)
        self.now = NOW
        self.requests, self.alarms = [], []

    def take(self, outcome):
        outcome = self.blotter.followed(outcome, self.now)
        self.blotter.commit(outcome, self.now)
        self.requests.extend(outcome.requests)
        self.alarms.extend(outcome.alarms)
        return outcome

    def submit(self, order_id, quantity="4", judged_in=TradingState.ACTIVE, **changes):
        command = terms(order_id=order_id, quantity=quantity, **changes)
        return self.take(self.blotter.decide_command(Approved(command, NOW, "risk", (), judged_in), self.now))

    def says(self, kind, order_id, **changes):
        return self.take(self.blotter.decide_report(report(kind, client_order_id=order_id, **changes), self.now))

    def fills(self, order_id, quantity, side=Side.BUY):
        execution = fill(f"x-{order_id}-{self.blotter.sequence}", quantity)
        self.says(r.VenueFilled, order_id, side=side, fill=execution)

    def trips(self, action, strategy_id=""):
        return self.take(self.blotter.decide_trip(Hold(action, Trip.PERSON, "enough"), strategy_id, self.now))

    def look(self):
        before = len(self.requests)
        self.take(self.blotter.decide_clearing(self.now))
        return [(type(one).__name__, one.client_order_id) for one in self.requests[before:]]

    def closing(self):
        return [order for order in self.blotter.orders() if order.tag == TAG]


def long_of(quantity, **settings):
    desk = Desk(**settings)
    desk.submit("entry", quantity)
    desk.fills("entry", quantity)
    return desk


def test_what_works_is_cancelled_first_and_a_fill_meanwhile_is_closed_with_the_rest():
    desk = long_of("4")
    desk.submit("more", "3")
    desk.trips(Action.FLATTEN)
    assert desk.blotter.order("more").pending_request_id is not None
    assert desk.look() == []
    # 1 of 3 fills before the cancel: 4 + 1 are held, of which an order may close 4, and the next 1.
    desk.fills("more", "1")
    assert desk.look() == []
    desk.says(r.VenueCancelled, "more")
    assert len(desk.look()) == 1
    assert desk.look() == []
    (first,) = desk.closing()
    assert (first.side, first.quantity, first.reduce_only) == (Side.SELL, 4, True)
    desk.fills(first.order_id, "4", Side.SELL)
    desk.look()
    assert [order.quantity for order in desk.closing()] == [4, 1]


def test_a_fill_after_all_was_closed_is_closed_too():
    desk = long_of("4")
    desk.submit("late", "2")
    desk.trips(Action.FLATTEN)
    desk.says(r.VenueCancelled, "late")
    desk.look()
    desk.fills(desk.closing()[0].order_id, "4", Side.SELL)
    assert desk.look() == []
    desk.fills("late", "2")
    assert len(desk.look()) == 1
    assert desk.closing()[-1].quantity == 2


def test_closing_that_brings_nothing_is_tried_again_after_growing_pauses_and_told_once():
    desk = long_of("4")
    desk.trips(Action.FLATTEN)
    waits = []
    for _ in range(3):
        desk.look()
        desk.says(r.VenueRejected, desk.closing()[-1].order_id)
        assert desk.look() == []
        waits.append(desk.blotter.next_clearing_ns - desk.now)
        desk.now = desk.blotter.next_clearing_ns
    assert waits == [SECOND // 10, SECOND // 5, SECOND * 2 // 5]
    assert [alarm.code for alarm in desk.alarms] == [AlarmCode.UNFLATTENED]
    desk.look()
    desk.fills(desk.closing()[-1].order_id, "4", Side.SELL)
    assert (desk.look(), desk.blotter.next_clearing_ns) == ([], None)


def test_a_cancel_that_the_venue_refuses_is_asked_for_again():
    desk = Desk()
    desk.submit("a")
    desk.says(r.VenueAccepted, "a")
    desk.trips(Action.CANCEL_ALL)
    desk.says(r.VenueCancelRejected, "a", request_id=desk.requests[-1].request_id, reason=Reason.VENUE)
    assert desk.look() == []
    assert desk.alarms[-1].code is AlarmCode.UNFLATTENED
    desk.now = desk.blotter.next_clearing_ns
    assert desk.look() == [("VenueCancel", "a")]


def test_what_is_left_and_no_order_may_close_is_told():
    desk = Desk()
    desk.submit("entry", "4")
    desk.fills("entry", "0.7")
    desk.trips(Action.FLATTEN)
    desk.says(r.VenueCancelled, "entry")
    assert desk.look() == []
    rule = "0.7 cannot be closed, since it is no quantity that an order may have"
    assert desk.alarms[-1].text == f"strategy strategy, symbol BTC/USDT: {rule}"


@pytest.mark.parametrize(
    ("hedged", "left"), [(False, {"sell", "closes"}), (True, {"closes"})], ids=["netted", "hedged"]
)
def test_reducing_leaves_what_the_position_needs(hedged, left):
    desk = long_of("4", hedged=hedged)
    for name, side, reduce_only in [
        ("closes", Side.SELL, True),
        ("sell", Side.SELL, False),
        ("flips", Side.SELL, False),
        ("buy", Side.BUY, False),
    ]:
        desk.submit(name, "2", side=side, reduce_only=reduce_only)
    desk.trips(Action.REDUCE)
    live = {order.order_id for order in desk.blotter.orders() if not order.is_closed and not order.pending_request_id}
    assert live == left


def test_an_approval_from_before_trading_only_reduced_is_refused_behind_it():
    desk = Desk()
    desk.submit("a", price="90")
    desk.says(r.VenueAccepted, "a")
    desk.trips(Action.REDUCE, "another")
    desk.trips(Action.REDUCE, "strategy")
    desk.submit("b")
    assert desk.blotter.order("b").reason is Reason.REDUCING
    grow = Approved(ModifyOrder("a", quantity="9", source="strategy", time_ns=NOW), NOW, "risk")
    event = desk.take(desk.blotter.decide_command(grow, NOW)).updates[-1].event
    assert type(event) is e.CommandRefused
    desk.submit("c", "1", TradingState.REDUCING)
    assert desk.blotter.order("c").state is OrderState.SUBMITTED


def test_after_a_person_has_resumed_nothing_more_is_closed():
    desk = long_of("4")
    desk.submit("more", "3")
    desk.trips(Action.FLATTEN)
    desk.take(desk.blotter.decide_resume("", NOW))
    desk.says(r.VenueCancelled, "more")
    assert (desk.look(), desk.closing(), desk.blotter.next_clearing_ns) == ([], [], None)


def test_a_short_position_is_closed_by_buying_whole_where_no_grid_is_known():
    stake = Stake(strategy_id="s", symbol="ABC/XYZ", held=Held(short=exact("short", "3.7")), orders=(), instrument=None)
    assert wanted(stake, Action.FLATTEN, NOW) == (Close(Side.BUY, exact("quantity", "3.7")),)
    assert wanted(stake, Action.HALT, NOW) == ()
    assert due_ns(stake, Action.HALT) is None


def test_while_the_venue_is_away_nothing_is_cancelled_and_it_is_when_it_is_back():
    desk = Desk()
    desk.submit("a")
    assert not desk.blotter.is_clearing
    desk.take(desk.blotter.decide_link(r.VenueDisconnected(reason="gone", time_ns=NOW), NOW))
    before = len(desk.requests)
    desk.trips(Action.CANCEL_ALL)
    assert desk.blotter.is_clearing
    assert desk.requests[before:] == []
    desk.take(desk.blotter.decide_link(r.VenueConnected(time_ns=NOW), NOW))
    assert ("VenueCancel", "a") in desk.look()


def test_an_exit_of_a_bracket_that_has_nothing_open_is_not_counted():
    def exit_of(group_id):
        link = Link(group_id=group_id, contingency=Contingency.BRACKET, role=Role.STOP_LOSS)
        order_id = f"{group_id}-stop"
        selling = terms(order_id=order_id, side=Side.SELL)
        created = event(e.OrderCreated, order_id=order_id, terms=selling, link=link)
        return apply(apply(None, created), event(e.OrderSubmitted, order_id=order_id, client_order_id=order_id))

    open_one, done = exit_of("open"), exit_of("done")
    stake = Stake(
        strategy_id="strategy",
        symbol="BTC/USDT",
        held=Held(long=exact("long", "1")),
        orders=(open_one, done),
        instrument=BTC,
        brackets=(("open", exact("open", "2")), ("done", exact("done", "0"))),
    )
    assert wanted(stake, Action.REDUCE, NOW) == (Cancel(open_one),)
