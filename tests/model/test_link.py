"""The loss of the venue and its return: what may leave, what is in doubt, and what is asked."""

from __future__ import annotations

import pytest
from builders import NOW, S, fill, halt, report, terms
from test_blotter import ACCEPTED, CANCEL, FILLED, MODIFY, SECOND, approved, kinds, refusal_of, told, with_order

from orderpit.model import reports as r
from orderpit.model.alarm import AlarmCode
from orderpit.model.blotter import Blotter, Outcome
from orderpit.model.kinds import Pending, Reason

LOST = r.VenueDisconnected(reason="the line is dead")
FOUND = r.VenueConnected()


def linked(book: Blotter, link: r.VenueLink, now: int = NOW) -> Outcome:
    outcome = book.decide_link(link, now)
    book.commit(outcome, now)
    return outcome


def asked(outcome: Outcome) -> list[str]:
    assert {type(request) for request in outcome.requests} <= {r.VenueQuery}
    return [request.client_order_id for request in outcome.requests]


@pytest.mark.fault(1)
def test_a_venue_lost_while_idle_changes_no_order_and_raises_an_alarm():
    book = with_order(ACCEPTED)
    outcome = linked(book, LOST)
    assert (outcome.updates, outcome.requests) == ((), ())
    (alarm,) = outcome.alarms
    assert (alarm.code, alarm.order_id) == (AlarmCode.DISCONNECTED, "")
    assert alarm.text == "the venue is disconnected: the line is dead; orders in doubt by it: 0"


@pytest.mark.fault(1)
def test_while_the_venue_is_lost_nothing_new_leaves_and_cancels_do():
    book = with_order(ACCEPTED)
    linked(book, LOST)
    assert kinds(told(book, approved(terms(order_id="o-2")))) == ["OrderCreated", "OrderDenied"]
    assert book.order("o-2").reason is Reason.DISCONNECTED
    assert refusal_of(told(book, MODIFY)) is Reason.DISCONNECTED
    assert [type(request) for request in told(book, CANCEL).requests] == [r.VenueCancel]
    linked(book, FOUND)
    told(book, approved(terms(order_id="o-3")))
    assert book.order("o-3").reason is Reason.RECONCILING
    assert not book.has_reconciled
    told(book, report(r.VenueStatus, state=S.CANCELLED))
    assert book.has_reconciled
    book.commit(book.decide_reconciled(0), 0)
    told(book, approved(terms(order_id="o-4")))
    assert book.order("o-4").state is S.SUBMITTED


@pytest.mark.fault(2)
@pytest.mark.parametrize("command", [None, CANCEL, MODIFY], ids=["submitted", "cancel pending", "modify pending"])
def test_an_order_with_a_request_in_flight_is_in_doubt_when_the_venue_is_lost(command):
    book = with_order() if command is None else with_order(ACCEPTED)
    if command is not None:
        told(book, command)
    before = book.order("o-1")
    outcome = linked(book, LOST)
    assert (kinds(outcome), outcome.requests) == (["OrderInDoubt"], ())
    assert outcome.updates[0].event.reason is Reason.DISCONNECTED
    after = book.order("o-1")
    assert (after.in_doubt, after.state, after.pending) == (True, before.state, before.pending)


@pytest.mark.parametrize("link", [LOST, FOUND], ids=["lost", "found"])
def test_hearing_the_same_again_is_a_repeat_and_nothing_else(link):
    book = with_order()
    linked(book, LOST)
    if link is FOUND:
        linked(book, FOUND)
    gate = book.gate
    assert linked(book, link) == Outcome(repeats=1)
    assert (book.gate, book.repeats) == (gate, 1)


def test_a_first_connection_says_nothing():
    assert linked(with_order(), FOUND) == Outcome(repeats=1)


def test_while_the_venue_is_lost_nobody_is_asked_and_no_time_runs_out():
    book = with_order(answer_within_ns=SECOND)
    told(book, approved(terms(order_id="o-2")))
    linked(book, LOST)
    assert book.next_deadline_ns is None
    assert book.decide_overdue(NOW + 9 * SECOND, NOW + 9 * SECOND) == Outcome()
    # What still comes in is heard, though a doubt that it leaves cannot be asked about.
    assert told(book, report(r.VenueStatus, state=S.OPEN, filled_quantity="3")).requests == ()
    assert book.decide_set_aside(report(r.VenueFilled), NOW).requests == ()
    told(book, report(r.VenueFilled, client_order_id="o-2", fill=fill("x-1", "10")))
    assert book.order("o-2").is_filled


@pytest.mark.fault(2, 22)
def test_when_the_venue_is_back_it_is_asked_about_every_order_that_may_have_moved():
    book = with_order(answer_within_ns=SECOND)
    told(book, approved(terms(order_id="open")))
    told(book, report(r.VenueAccepted, client_order_id="open"))
    told(book, approved(terms(order_id="closed")))
    told(book, report(r.VenueFilled, client_order_id="closed", fill=fill("x-1", "10")))
    told(book, approved(terms(order_id="doubted")))
    told(book, report(r.VenueFilled, client_order_id="doubted", fill=fill("x-1", "10")))
    told(book, report(r.VenueStatus, client_order_id="doubted"))
    linked(book, LOST)
    outcome = linked(book, FOUND, NOW + 5)
    assert asked(outcome) == ["o-1", "open", "doubted"]
    assert kinds(outcome) == ["OrderInDoubt"] * 3
    assert outcome.alarms == ()
    # A question that is lost in its turn is asked again.
    assert book.next_deadline_ns == NOW + 5 + SECOND
    assert asked(book.decide_overdue(NOW, NOW + 5 + SECOND)) == ["o-1", "open", "doubted"]


@pytest.mark.fault(22)
def test_a_venue_that_comes_back_without_its_orders_leaves_none_live_and_none_in_doubt():
    book = with_order()
    told(book, approved(terms(order_id="o-2")))
    told(book, report(r.VenueAccepted, client_order_id="o-2"))
    linked(book, LOST)
    for client_id in asked(linked(book, FOUND)):
        told(book, report(r.VenueStatus, client_order_id=client_id, state=None, complete=True))
    ends = {order.order_id: (order.state, order.reason, order.in_doubt) for order in book.orders()}
    assert ends == {
        "o-1": (S.REJECTED, Reason.NOT_AT_VENUE, False),
        "o-2": (S.CANCELLED, Reason.NOT_AT_VENUE, False),
    }


def test_what_happened_meanwhile_is_made_up_for_by_the_answer():
    book = with_order(ACCEPTED)
    told(book, CANCEL)
    linked(book, LOST)
    linked(book, FOUND)
    told(book, report(r.VenueFilled, fill=fill("x-1", "4")))
    told(book, report(r.VenueStatus, state=S.CANCELLED, filled_quantity="4"))
    order = book.order("o-1")
    assert (order.state, order.filled_quantity, order.in_doubt, order.pending) == (S.CANCELLED, 4, False, Pending.NONE)


def test_a_halt_and_a_lost_venue_come_and_go_each_by_itself():
    book = with_order(FILLED)
    linked(book, LOST)
    book.gate = book.gate.tripped(halt("lunch")).opened()
    told(book, approved(terms(order_id="o-2")))
    assert book.order("o-2").reason is Reason.DISCONNECTED
    book.gate = book.gate.tripped(halt("lunch"))
    linked(book, FOUND)
    told(book, approved(terms(order_id="o-3")))
    assert book.order("o-3").reason is Reason.HALTED
