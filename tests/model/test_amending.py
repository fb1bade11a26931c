"""Amends of each of the four terms: answers are matched by request id, whatever overtakes what."""

from __future__ import annotations

from itertools import count, product

import pytest
from builders import NOW, S, event, fill, number, order_in, report, stop_terms

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.blotter import Blotter, Outcome
from orderpit.model.commands import Approved, CancelOrder, ModifyOrder
from orderpit.model.events import CommandRefused
from orderpit.model.kinds import Pending, Reason, TimeInForce
from orderpit.model.order import Order

OLD = {"price": 100, "quantity": 10, "stop_price": 99, "expire_time_ns": NOW}
NEW = {"price": 101, "quantity": 8, "stop_price": 98, "expire_time_ns": NOW + 1}
NEWER = {"price": 102, "quantity": 7, "stop_price": 97, "expire_time_ns": NOW + 2}
EACH = pytest.mark.parametrize("term", list(OLD))
PLAIN = {"request_id": None, "price": None, "quantity": None}


def approved(command) -> Approved:
    return Approved(command, NOW, "risk_controller")


def changing(term, to) -> Approved:
    value = to[term] if term == "expire_time_ns" else str(to[term])
    return approved(ModifyOrder("o-1", source="strategy", **{term: value}))


def tell(book, message) -> Outcome:
    decide = book.decide_command if isinstance(message, Approved) else book.decide_report
    outcome = decide(message, NOW)
    book.commit(outcome, NOW)
    return outcome


def a_book() -> Blotter:
    numbers = count(1)
    book = Blotter(lambda: f"m-{next(numbers)}")
    tell(book, approved(stop_terms(time_in_force=TimeInForce.GTD, expire_time_ns=NOW)))
    tell(book, report(r.VenueAccepted))
    return book


def standing(book) -> Order:
    order = book.order("o-1")
    assert order is not None
    return order


def terms_of(order) -> dict[str, object]:
    return {term: getattr(order, term) for term in OLD}


def modified(request_id, term, to) -> r.VenueModified:
    value = to[term] if term == "expire_time_ns" else str(to[term])
    named = {"price": None, "quantity": None} | {term: value}
    return report(r.VenueModified, request_id=request_id, **named)


@EACH
def test_the_term_that_is_named_and_no_other_is_asked_for_and_changes(term):
    book = a_book()
    (request,) = tell(book, changing(term, NEW)).requests
    assert isinstance(request, r.VenueModify)
    assert {name: getattr(request, name) for name in OLD} == dict.fromkeys(OLD) | {term: NEW[term]}
    assert terms_of(standing(book)) == OLD
    tell(book, modified(request.request_id, term, NEW))
    assert terms_of(standing(book)) == OLD | {term: NEW[term]}
    assert (standing(book).pending, standing(book).terms_changed) == (Pending.NONE, True)


@pytest.mark.fault(15)
@EACH
def test_a_refused_amend_leaves_the_old_terms(term):
    book = a_book()
    tell(book, changing(term, NEW))
    tell(book, report(r.VenueModifyRejected, request_id="m-1"))
    assert (terms_of(standing(book)), standing(book).pending) == (OLD, Pending.NONE)
    assert not standing(book).terms_changed


@pytest.mark.fault(16)
@EACH
@pytest.mark.parametrize("late", ["modified", "refused"])
@pytest.mark.parametrize("granted", [True, False], ids=["granted", "refused"])
def test_an_answer_that_comes_again_says_nothing_of_the_next_amend(term, granted, late):
    book = a_book()
    first = modified("m-1", term, NEW) if granted else report(r.VenueModifyRejected, request_id="m-1")
    tell(book, changing(term, NEW))
    tell(book, first)
    tell(book, changing(term, NEWER))
    again = modified("m-1", term, NEW) if late == "modified" else report(r.VenueModifyRejected, request_id="m-1")
    if late == "refused" or granted:
        assert tell(book, again).updates == ()
        assert standing(book).pending is Pending.MODIFY
    tell(book, modified("m-2", term, NEWER))
    assert (getattr(standing(book), term), standing(book).pending) == (NEWER[term], Pending.NONE)


ANSWERS = list(product(["granted", "refused"], ["done", "refused"], ["modify first", "cancel first"]))


@pytest.mark.fault(16)
@EACH
@pytest.mark.parametrize(("amend", "cancel", "order"), ANSWERS, ids=lambda word: word)
def test_a_cancel_behind_an_amend_and_their_answers_in_any_order(term, amend, cancel, order):
    book = a_book()
    tell(book, changing(term, NEW))
    tell(book, approved(CancelOrder("o-1", source="strategy")))
    assert standing(book).pending is Pending.CANCEL
    to_amend = modified("m-1", term, NEW) if amend == "granted" else report(r.VenueModifyRejected, request_id="m-1")
    to_cancel = report(r.VenueCancelled, reason=Reason.REQUESTED)
    if cancel == "refused":
        to_cancel = report(r.VenueCancelRejected, request_id="m-2")
    answers = (to_amend, to_cancel) if order == "modify first" else (to_cancel, to_amend)
    for answer in answers:
        tell(book, answer)
    after = standing(book)
    # What had ended before its answer came ends with the terms it had; an alarm says that the venue had others.
    too_late = cancel == "done" and order == "cancel first"
    changes = {term: NEW[term]} if amend == "granted" and not too_late else {}
    assert terms_of(after) == OLD | changes
    assert (after.state, after.pending) == (S.CANCELLED if cancel == "done" else S.OPEN, Pending.NONE)


@pytest.mark.fault(14)
@EACH
@pytest.mark.parametrize("part", ["4", "10"])
def test_a_fill_before_the_answer_counts(term, part):
    book = a_book()
    tell(book, changing(term, NEW))
    tell(book, report(r.VenueFilled, fill=fill("x-1", part)))
    if part == "10":
        assert tell(book, report(r.VenueModifyRejected, request_id="m-1")).alarms == ()
        assert (standing(book).state, terms_of(standing(book))) == (S.FILLED, OLD)
        return
    tell(book, modified("m-1", term, NEW))
    after = standing(book)
    assert (after.state, after.filled_quantity, terms_of(after)) == (S.PARTIALLY_FILLED, 4, OLD | {term: NEW[term]})


@EACH
@pytest.mark.parametrize("reason", [Reason.REDUCE_ONLY, Reason.SELF_TRADE, Reason.POST_ONLY, Reason.REQUESTED])
def test_a_change_of_the_venues_own_raises_an_alarm_only_without_a_reason(term, reason):
    book = a_book()
    tell(book, changing(term, NEW))
    value = NEWER[term] if term == "expire_time_ns" else str(NEWER[term])
    own = {"price": None, "quantity": None} | {term: value}
    outcome = tell(book, report(r.VenueModified, request_id="v-7", reason=reason, **own))
    assert len(outcome.alarms) == (reason is Reason.REQUESTED)
    # What is in flight is still without an answer.
    assert (getattr(standing(book), term), standing(book).pending) == (NEWER[term], Pending.MODIFY)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"stop_price": "98"}, id="the stop price of what has been triggered"),
        pytest.param({"expire_time_ns": NOW}, id="the expiry of what has none"),
    ],
)
def test_a_term_that_the_order_has_not_is_refused(change):
    book = Blotter(lambda: "m-1")
    tell(book, approved(stop_terms()))
    tell(book, report(r.VenueAccepted))
    tell(book, report(r.VenueTriggered))
    (update,) = tell(book, approved(ModifyOrder("o-1", source="strategy", **change))).updates
    assert isinstance(update.event, CommandRefused)
    assert update.event.reason is Reason.UNSUPPORTED


def test_the_quantity_that_is_asked_for_is_known_until_the_answer():
    for kind in (e.OrderModified, e.ModifyRejected):
        asked = event(e.ModifyRequested, quantity=number("20"))
        assert order_in(S.OPEN, asked).pending_quantity == 20
        assert order_in(S.OPEN, asked, event(kind)).pending_quantity is None
    assert order_in(S.OPEN, event(e.ModifyRequested, quantity=None)).pending_quantity is None
    assert order_in(S.OPEN, event(e.OrderModified, **PLAIN, exchange_order_id="v")).terms_changed is False
