"""Doubts that only the venue's answer to a query ends: reports may be missing of which nothing else tells."""

from __future__ import annotations

import pytest
from builders import NOW, S, fill, report, stop_terms
from test_blotter import ACCEPTED, CANCEL, approved, kinds, told, with_order

from orderpit.model import reports as r
from orderpit.model.blotter import Blotter, Outcome
from orderpit.model.commands import ModifyOrder
from orderpit.model.kinds import Reason


def reconnected(*reports: r.VenueReport) -> Blotter:
    """Return a record of one order whose venue was lost after these reports, and is back."""
    book = with_order(*reports)
    for link in (r.VenueDisconnected(), r.VenueConnected()):
        book.commit(book.decide_link(link, NOW), NOW)
    return book


@pytest.mark.fault(2)
@pytest.mark.parametrize(
    ("name", "before", "said"),
    [
        ("acknowledged", (), ACCEPTED),
        ("filled in part", (ACCEPTED,), report(r.VenueFilled, fill=fill("x-1", "4"))),
        ("cancelled", (ACCEPTED,), report(r.VenueCancelled)),
        ("refused", (), report(r.VenueRejected)),
        ("expired", (ACCEPTED,), report(r.VenueExpired)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_after_the_venue_was_lost_no_single_report_says_that_none_is_missing(name, before, said):
    book = reconnected(*before)
    outcome = told(book, said)
    assert book.order("o-1").in_doubt, name
    assert [type(request) for request in outcome.requests] == [r.VenueQuery]
    # Come again, it says no more than before.
    told(book, said)
    assert book.order("o-1").in_doubt
    order = book.order("o-1")
    told(book, report(r.VenueStatus, state=order.state, filled_quantity=order.filled_quantity))
    assert not book.order("o-1").in_doubt
    assert not book.order("o-1").until_asked


@pytest.mark.fault(2)
def test_what_the_answer_misses_is_waited_for_and_asked_about_again():
    book = reconnected(ACCEPTED)
    told(book, report(r.VenueStatus, state=S.FILLED, filled_quantity="10"))
    assert book.order("o-1").venue_filled_quantity == 10
    last = told(book, report(r.VenueFilled, fill=fill("x-1", "10")))
    assert (book.order("o-1").state, book.order("o-1").in_doubt) == (S.FILLED, True)
    assert [type(request) for request in last.requests] == [r.VenueQuery]
    told(book, report(r.VenueStatus, state=S.FILLED, filled_quantity="10"))
    assert not book.order("o-1").in_doubt


@pytest.mark.fault(20)
def test_a_bust_that_overtakes_the_last_fill_is_settled_by_asking():
    book = with_order(ACCEPTED, report(r.VenueFilled, fill=fill("x-1", "4")))
    outcome = told(book, report(r.VenueFillBusted, execution_id="x-1"))
    assert kinds(outcome) == ["FillBusted", "OrderInDoubt"]
    assert outcome.updates[-1].event.reason is Reason.CONTRADICTION
    assert [type(request) for request in outcome.requests] == [r.VenueQuery]
    # The last fill comes, and does not complete it here: at the venue the order was done when the first was busted.
    told(book, report(r.VenueFilled, fill=fill("x-2", "6")))
    assert (book.order("o-1").state, book.order("o-1").in_doubt) == (S.PARTIALLY_FILLED, True)
    told(book, report(r.VenueStatus, state=S.FILLED, filled_quantity="6"))
    assert (book.order("o-1").state, book.order("o-1").in_doubt) == (S.CANCELLED, False)


@pytest.mark.fault(20)
@pytest.mark.parametrize("price", ["99", "101"], ids=["cheaper", "dearer"])
def test_a_correction_of_a_price_takes_nothing_back(price):
    book = with_order(ACCEPTED, report(r.VenueFilled, fill=fill("x-1", "4")))
    assert kinds(told(book, report(r.VenueFillCorrected, fill=fill("x-1", "4", price)))) == ["FillCorrected"]


@pytest.mark.fault(14)
@pytest.mark.parametrize("overtaken", [False, True], ids=["pending", "overtaken by a cancel"])
def test_an_order_that_fills_with_a_modification_to_more_on_its_way_may_live_on_at_the_venue(overtaken):
    book = with_order(ACCEPTED)
    told(book, approved(ModifyOrder("o-1", quantity="12", source="strategy")))
    if overtaken:
        told(book, CANCEL)
    outcome = told(book, report(r.VenueFilled, fill=fill("x-1", "10")))
    assert kinds(outcome) == ["OrderFilled", "OrderInDoubt"]
    assert [type(request) for request in outcome.requests] == [r.VenueQuery]
    lives = told(book, report(r.VenueStatus, state=S.PARTIALLY_FILLED, filled_quantity="10", quantity="12"))
    assert [type(request) for request in lives.requests] == [r.VenueCancel]
    told(book, report(r.VenueStatus, state=S.CANCELLED, filled_quantity="10", quantity="12"))
    assert (book.order("o-1").state, book.order("o-1").in_doubt) == (S.FILLED, False)


@pytest.mark.parametrize("quantity", ["9", None], ids=["to less", "of the price"])
def test_an_order_that_fills_with_another_modification_on_its_way_is_done(quantity):
    book = with_order(ACCEPTED)
    told(book, approved(ModifyOrder("o-1", price="99", quantity=quantity, source="strategy")))
    assert kinds(told(book, report(r.VenueFilled, fill=fill("x-1", "10")))) == ["OrderFilled"]


def test_an_order_that_fills_after_its_modification_was_answered_is_done():
    for answer in (r.VenueModified, r.VenueModifyRejected):
        book = with_order(ACCEPTED)
        (request,) = told(book, approved(ModifyOrder("o-1", quantity="12", source="strategy"))).requests
        more = {"quantity": "12"} if answer is r.VenueModified else {}
        told(book, report(answer, request_id=request.request_id, **more))
        rest = book.order("o-1").remaining_quantity
        assert kinds(told(book, report(r.VenueFilled, fill=fill("x-1", rest)))) == ["OrderFilled"]


@pytest.mark.fault(16)
def test_an_answer_that_comes_again_does_not_change_back_what_was_changed_since():
    book = with_order(ACCEPTED)
    answers = []
    for price in ("99", "98"):
        (request,) = told(book, approved(ModifyOrder("o-1", price=price, source="strategy"))).requests
        answers.append(report(r.VenueModified, request_id=request.request_id, price=price, quantity="10"))
        told(book, answers[-1])
    again = told(book, answers[0])
    assert (again.updates, again.alarms, again.repeats) == ((), (), 1)
    assert book.order("o-1").price == 98


def in_doubt():
    """Return a record of one order that is open and in doubt, and the query that was made about it."""
    book = with_order(ACCEPTED)
    lost = book.decide_link(r.VenueDisconnected(), NOW)
    book.commit(lost, NOW)
    found = book.decide_link(r.VenueConnected(), NOW)
    book.commit(found, NOW)
    return book, found.requests[0]


def status(query, state=S.OPEN, **more):
    return report(r.VenueStatus, request_id=query.request_id, state=state, **more)


@pytest.mark.fault(27)
@pytest.mark.parametrize("request_kind", ["cancel", "modify"])
def test_an_answer_from_before_a_request_says_nothing_of_it_and_the_venue_is_asked_behind_it(request_kind):
    book, query = in_doubt()
    # A person need not wait for the answer.
    book.commit(book.decide_resume("", NOW), NOW)
    command = CANCEL if request_kind == "cancel" else approved(ModifyOrder("o-1", quantity="12", source="strategy"))
    _, again = told(book, command).requests
    assert isinstance(again, r.VenueQuery)
    assert told(book, status(query, quantity="10")) == Outcome(repeats=1)
    assert book.order("o-1").pending.value == request_kind.upper()
    lost = told(book, status(again, quantity="10"))
    assert kinds(lost) == ["CancelRejected" if request_kind == "cancel" else "ModifyRejected", "OrderResolved"]
    assert not book.order("o-1").in_doubt


@pytest.mark.fault(27)
@pytest.mark.parametrize("doubt", ["the venue was lost again", "an execution was taken back", "it was refused"])
def test_an_answer_from_before_a_doubt_came_up_does_not_end_it(doubt):
    book, query = in_doubt()
    if doubt == "the venue was lost again":
        for link in (r.VenueDisconnected(), r.VenueConnected()):
            outcome = book.decide_link(link, NOW)
            book.commit(outcome, NOW)
    elif doubt == "an execution was taken back":
        told(book, report(r.VenueFilled, fill=fill("x-1", "4")))
        outcome = told(book, report(r.VenueFillBusted, execution_id="x-1"))
    else:
        told(book, report(r.VenueStatus, state=S.OPEN))
        outcome = told(book, report(r.VenueRejected))
    assert told(book, status(query)) == Outcome(repeats=1)
    assert book.order("o-1").in_doubt
    assert kinds(told(book, status(outcome.requests[-1]))) == ["OrderResolved"]


@pytest.mark.fault(2)
def test_a_fill_that_follows_one_that_was_set_aside_does_not_say_that_none_is_missing():
    book = with_order(ACCEPTED)
    book.commit(book.decide_set_aside(report(r.VenueFilled, fill=fill("x-1", "4")), NOW), NOW)
    told(book, report(r.VenueFilled, fill=fill("x-2", "2")))
    assert book.order("o-1").in_doubt
    told(book, report(r.VenueFilled, fill=fill("x-1", "4")))
    told(book, report(r.VenueStatus, state=S.PARTIALLY_FILLED, filled_quantity="6"))
    assert (book.order("o-1").filled_quantity, book.order("o-1").in_doubt) == (6, False)


def test_a_venue_whose_answers_cannot_be_handled_is_not_asked_without_end():
    book = with_order(ACCEPTED, answer_within_ns=1_000)
    said = report(r.VenueFilled, fill=fill("x-1", "10"))
    asked = []
    for _ in range(2):
        outcome = book.decide_set_aside(said, NOW)
        book.commit(outcome, NOW)
        asked.extend(outcome.requests)
    (query,) = asked
    # But when its time has passed.
    assert [type(request) for request in book.decide_overdue(NOW, NOW + 1_000).requests] == [r.VenueQuery]
    # And the answer to the first counts, whatever could not be handled since.
    assert kinds(told(book, status(query, S.FILLED, filled_quantity="10"))) == ["OrderInDoubt"]


def test_an_execution_of_an_unknown_order_that_was_set_aside_is_asked_for_and_booked():
    book = Blotter(iter(map(str, range(99))).__next__, 1_000)
    first, second = (
        report(r.VenueFilled, client_order_id="theirs", fill=fill(*what)) for what in (("x-1", "4"), ("x-2", "2"))
    )
    outcome = book.decide_set_aside(first, NOW)
    book.commit(outcome, NOW)
    assert kinds(outcome) == ["OrderCreated", "OrderSubmitted", "OrderInDoubt"]
    (query,) = outcome.requests
    assert (query.client_order_id, book.next_deadline_ns) == ("theirs", NOW + 1_000)
    for said in (second, first):
        told(book, said)
    (order,) = book.orders()
    assert (order.filled_quantity, order.strategy_id, order.in_doubt) == (6, "external", True)
    told(book, status(query, S.FILLED, client_order_id="theirs", filled_quantity="6"))
    (order,) = book.orders()
    assert (order.state, order.in_doubt, book.next_deadline_ns) == (S.FILLED, False, None)


def test_an_answer_counts_once():
    book, query = in_doubt()
    assert kinds(told(book, status(query))) == ["OrderResolved"]
    told(book, report(r.VenueCancelled))
    assert told(book, status(query)) == Outcome(repeats=1)
    assert not book.order("o-1").in_doubt


def test_while_the_venue_is_lost_it_is_not_asked_behind_a_cancel():
    book = with_order()
    book.commit(book.decide_link(r.VenueDisconnected(), NOW), NOW)
    assert book.order("o-1").in_doubt
    assert [type(request) for request in told(book, CANCEL).requests] == [r.VenueCancel]


@pytest.mark.fault(27)
def test_a_trigger_that_comes_late_does_not_end_the_doubt_of_a_refusal_that_overtook_it():
    book = Blotter(iter(map(str, range(99))).__next__)
    told(book, approved(stop_terms()))
    told(book, ACCEPTED)
    assert kinds(told(book, report(r.VenueRejected))) == ["OrderInDoubt"]
    assert kinds(told(book, report(r.VenueTriggered))) == ["OrderTriggered"]
    assert book.order("o-1").in_doubt
    told(book, report(r.VenueStatus, state=S.REJECTED))
    assert (book.order("o-1").state, book.order("o-1").in_doubt) == (S.REJECTED, False)


@pytest.mark.fault(4, 21)
def test_a_reduce_only_order_that_fills_before_it_is_acknowledged_may_have_been_shortened():
    book = with_order(reduce_only=True)
    outcome = told(book, report(r.VenueFilled, fill=fill("x-1", "4")))
    assert (book.order("o-1").state, book.order("o-1").in_doubt) == (S.PARTIALLY_FILLED, True)
    assert [type(request) for request in outcome.requests] == [r.VenueQuery]
    told(book, report(r.VenueStatus, state=S.FILLED, filled_quantity="4", quantity="4"))
    order = book.order("o-1")
    assert (order.state, order.quantity, order.in_doubt) == (S.FILLED, 4, False)


@pytest.mark.parametrize("cut", ["4", "2"], ids=["to what has filled", "and overfilled then"])
def test_an_order_that_is_done_at_the_venue_with_less_than_its_quantity_was_cut_there(cut):
    book = reconnected(ACCEPTED, report(r.VenueFilled, fill=fill("x-1", "4")))
    told(book, report(r.VenueStatus, state=S.FILLED, filled_quantity="4", quantity="10"))
    assert book.order("o-1").in_doubt, "it contradicts itself"
    told(book, report(r.VenueStatus, state=S.FILLED, filled_quantity="4", quantity=cut))
    order = book.order("o-1")
    assert (order.state, order.quantity, order.in_doubt) == (S.FILLED, 4, False)
