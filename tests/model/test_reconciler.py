"""How the record and the venue come to agree again: what is asked, what each answer means, and what may leave."""

from __future__ import annotations

from itertools import count

import pytest
from builders import NOW, S, fill, report, terms
from test_blotter import ACCEPTED, CANCEL, FILLED, MODIFY, SECOND, approved, kinds, refusal_of, told

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.alarm import AlarmCode
from orderpit.model.blotter import EXTERNAL, Outcome
from orderpit.model.cash_on_record import CashOnRecord
from orderpit.model.commands import CancelOrder
from orderpit.model.gate import Hold
from orderpit.model.instructions import Instructions
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Action, OrderType, Pending, Reason, Side, TimeInForce, Trip
from orderpit.model.numbers import exact
from orderpit.model.reconciler import Reconciler
from orderpit.model.refusal import Refusal

DAY = 24 * 3600 * SECOND
LATER = NOW + 7 * SECOND


def record(*messages, answer_within_ns=None, **settings) -> Reconciler:
    """Return a record that was told these, of a venue that lists its orders."""
    numbers = count(1)
    book = Reconciler(lambda: f"om-{next(numbers)}", answer_within_ns, **{"lists": True} | settings)
    for message in messages:
        told(book, message)
    return book


def asking(book: Reconciler, now: int = LATER) -> Outcome:
    outcome = book.decide_reconciling(now)
    book.commit(outcome, now)
    return outcome


def listing(outcome: Outcome) -> str:
    """Return the id of the only thing that is asked: for a list."""
    (request,) = outcome.requests
    assert isinstance(request, r.VenueList)
    return request.request_id


def heard(book: Reconciler, said: r.VenueListing) -> Outcome:
    return heard_at(book, said, LATER)


def heard_at(book: Reconciler, said: r.VenueListing, now: int) -> Outcome:
    outcome = book.decide_listed(said, now)
    book.commit(outcome, now)
    return outcome


def one_listed(request_id: str, client_id: str = "o-1", **more) -> r.VenueOrderListed:
    fields = {
        "client_order_id": client_id,
        "request_id": request_id,
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "quantity": "10",
        "price": "100",
    }
    return r.VenueOrderListed(**fields | more)


def end(request_id: str, orders: int = 0, **more) -> r.VenueListed:
    return r.VenueListed(**{"request_id": request_id, "orders": orders, "complete": True} | more)


def standing(request_id: str, client_id: str = "o-1", **more) -> r.VenueStatus:
    return report(r.VenueStatus, client_order_id=client_id, **{"request_id": request_id, "state": S.OPEN} | more)


def asked_about(outcome: Outcome) -> list[str]:
    assert {type(request) for request in outcome.requests} <= {r.VenueQuery}
    return [request.client_order_id for request in outcome.requests]


def query_ids(outcome: Outcome) -> list[str]:
    return [request.request_id for request in outcome.requests if isinstance(request, r.VenueQuery)]


def new(order_id: str):
    return approved(terms(order_id=order_id))


OPENED = (new("o-1"), ACCEPTED)


# -- asking


def test_every_order_that_may_have_moved_is_in_doubt_and_one_list_is_asked_for():
    closed = report(r.VenueFilled, client_order_id="done", fill=fill("x-1", "10"))
    book = record(*OPENED, new("sent"), new("done"), closed)
    outcome = asking(book)
    assert isinstance(outcome.requests[0], r.VenueList)
    assert len(outcome.requests) == 1
    assert [(update.order.order_id, update.event.reason) for update in outcome.updates] == [
        ("o-1", Reason.RECONCILING),
        ("sent", Reason.RECONCILING),
    ]
    assert book.order("o-1").until_asked, "no single report says that none is missing"
    assert not book.order("done").in_doubt
    assert (book.gate.reconciling, book.has_reconciled) == (True, False)


def since(book: Reconciler, now: int = LATER) -> int:
    """Return from when on the venue is asked for what has changed."""
    request = asking(book, now).requests[0]
    assert isinstance(request, r.VenueList)
    assert request.time_ns == now
    return request.since_ns


@pytest.mark.parametrize(
    ("last", "from_ns"), [(NOW, NOW - DAY), (DAY // 2, 0)], ids=["a day before the last order", "from the beginning"]
)
def test_the_venue_is_asked_for_what_has_changed_since_somebodys_order_was_sent_and_a_day_more(last, from_ns):
    book = record()
    told(book, approved(terms()), last)
    assert since(book) == from_ns


def lives_on(book: Reconciler, days: int) -> None:
    now = NOW + days * DAY
    refused = e.CommandRefused(
        time_ns=0, source="risk", order_id="", strategy_id="s", command="", reason=Reason.HALTED, text=""
    )
    book.commit(book.decide_fact(refused, now), now)


def loses_and_finds(book: Reconciler, days: int) -> None:
    for link in (r.VenueDisconnected(reason="gone"), r.VenueConnected()):
        book.commit(book.decide_link(link, NOW + days * DAY), NOW)


def is_told_of_a_stranger(book: Reconciler, days: int) -> None:
    told(book, report(r.VenueFilled, client_order_id="stray", fill=fill("x-9", "4")), NOW + days * DAY)


def has_an_order_refused(book: Reconciler, days: int) -> None:
    asking(book, NOW + days * DAY)
    told(book, new("refused"), NOW + days * DAY)


def closes_a_position(book: Reconciler, days: int) -> None:
    book.commit(book.decide_trip(Hold(Action.FLATTEN, Trip.PERSON, "enough"), "", NOW + days * DAY), NOW)
    told(book, report(r.VenueFilled, fill=fill("x-1", "4")), NOW + days * DAY)
    book.commit(book.decide_clearing(NOW + days * DAY), NOW)


@pytest.mark.parametrize(
    "what", [lives_on, loses_and_finds, is_told_of_a_stranger, has_an_order_refused, closes_a_position]
)
def test_nothing_that_is_recorded_before_the_venue_has_told_all_makes_it_tell_less(what):
    book = record(*OPENED)
    what(book, 3)
    assert since(book, NOW + 4 * DAY) == NOW - DAY


def test_what_was_told_of_a_list_that_did_not_come_to_its_end_leaves_the_rest_to_be_told():
    book = record(*OPENED, FILLED)
    later = NOW + 3 * DAY
    request_id = listing(asking(book, later))
    book.commit(book.decide_listed(one_listed(request_id, "theirs"), later), later)
    assert since(book, later) == NOW - DAY


def test_orders_that_leave_once_the_venue_has_told_all_begin_the_time_that_it_is_asked_for_anew():
    book = record(*OPENED)
    later = NOW + 3 * DAY
    request_id = listing(asking(book, later))
    heard(book, one_listed(request_id))
    told(book, standing(request_id))
    heard(book, end(request_id, 1))
    book.commit(book.decide_reconciled(later), later)
    told(book, new("o-2"), later)
    assert since(book, later + DAY) == later - DAY


def test_a_clock_that_was_ahead_for_a_while_does_not_hide_what_happened_since():
    book = record()
    told(book, new("ahead"), NOW + 9 * DAY)
    assert since(book, NOW + 2 * DAY) == NOW + DAY, "by now at the latest"
    told(book, new("right"), NOW + 3 * DAY)
    lives_on(book, 4)
    assert since(book, NOW + 5 * DAY) == NOW + DAY, "what was recorded since has an earlier time"


def test_a_record_without_orders_is_held_against_the_venue_all_the_same():
    book = record()
    request_id = listing(asking(book))
    assert book.gate.reconciling
    heard(book, end(request_id))
    assert book.has_reconciled


def test_a_venue_that_lists_nothing_is_asked_about_each_order():
    book = record(*OPENED, new("sent"), lists=False)
    outcome = asking(book)
    assert asked_about(outcome) == ["o-1", "sent"]
    first, second = query_ids(outcome)
    told(book, standing(first))
    assert not book.has_reconciled
    told(book, standing(second, "sent", state=None, complete=True))
    assert book.has_reconciled
    assert book.order("sent").state is S.REJECTED


def test_without_a_list_and_without_orders_there_is_nothing_to_wait_for():
    book = record(lists=False)
    asking(book)
    assert (book.gate.reconciling, book.has_reconciled) == (False, False)


def test_while_the_venue_is_lost_nothing_is_asked_and_all_of_it_once_it_is_back():
    book = record(*OPENED)
    book.commit(book.decide_link(r.VenueDisconnected(reason="gone"), NOW), NOW)
    assert asking(book) == Outcome()
    found = book.decide_link(r.VenueConnected(), LATER)
    book.commit(found, LATER)
    assert [type(request) for request in found.requests] == [r.VenueList]
    assert book.gate.reconciling


def test_until_the_venue_has_answered_nothing_new_leaves_and_cancels_do():
    book = record(*OPENED)
    request_id = listing(asking(book))
    assert kinds(told(book, new("o-2"))) == ["OrderCreated", "OrderDenied"]
    assert book.order("o-2").reason is Reason.RECONCILING
    assert refusal_of(told(book, MODIFY)) is Reason.RECONCILING
    cancelled = told(book, CANCEL)
    assert [type(request) for request in cancelled.requests] == [r.VenueCancel, r.VenueQuery]
    told(book, report(r.VenueCancelled))
    told(book, standing(*query_ids(cancelled), state=S.CANCELLED))
    assert not book.has_reconciled, "the list has not come to its end"
    heard(book, one_listed(request_id))
    heard(book, end(request_id, 1))
    assert book.has_reconciled
    book.commit(book.decide_reconciled(LATER), LATER)
    told(book, new("o-3"))
    assert (book.order("o-3").state, book.has_reconciled) == (S.SUBMITTED, False)


# -- what a list says


def test_an_order_that_a_list_tells_of_is_as_its_report_says():
    book = record(*OPENED)
    request_id = listing(asking(book))
    assert heard(book, one_listed(request_id)).updates == ()
    assert book.order("o-1").in_doubt, "its terms alone do not say what has filled"
    told(book, report(r.VenueFilled, fill=fill("x-1", "4")))
    outcome = told(book, standing(request_id, state=S.PARTIALLY_FILLED, filled_quantity="4"))
    assert kinds(outcome) == ["OrderResolved"]
    assert heard(book, end(request_id, 1)).updates == ()
    order = book.order("o-1")
    assert (order.state, order.filled_quantity, order.in_doubt) == (S.PARTIALLY_FILLED, 4, False)
    assert book.has_reconciled


@pytest.mark.fault(22)
def test_an_order_that_a_whole_list_does_not_tell_of_ends_once_the_venue_says_that_it_is_gone():
    book = record(*OPENED, report(r.VenueFilled, fill=fill("x-1", "4")), new("sent"))
    outcome = heard(book, end(listing(asking(book))))
    assert (outcome.updates, outcome.alarms, asked_about(outcome)) == ((), (), ["o-1", "sent"])
    assert not book.has_reconciled
    for query in outcome.requests:
        told(book, standing(query.request_id, query.client_order_id, state=None, filled_quantity="0", complete=True))
    ends = {order.order_id: (order.state, order.reason, order.in_doubt) for order in book.orders()}
    assert ends == {
        "o-1": (S.CANCELLED, Reason.NOT_AT_VENUE, False),
        "sent": (S.REJECTED, Reason.NOT_AT_VENUE, False),
    }
    assert book.order("o-1").filled_quantity == 4, "what was executed stays booked"
    assert book.has_reconciled


@pytest.mark.fault(22)
def test_what_an_order_has_executed_that_a_list_does_not_tell_of_is_booked():
    book = record(*OPENED)
    outcome = heard(book, end(listing(asking(book))))
    told(book, report(r.VenueFilled, fill=fill("x-1", "10")))
    told(book, standing(*query_ids(outcome), state=S.FILLED, filled_quantity="10"))
    assert (book.order("o-1").state, book.order("o-1").in_doubt, book.has_reconciled) == (S.FILLED, False, True)


def test_what_a_list_that_is_not_complete_does_not_tell_of_is_asked_about_by_itself_and_said():
    book = record(*OPENED, new("told-of"), new("o-3"), report(r.VenueRejected, client_order_id="o-3"))
    request_id = listing(asking(book))
    heard(book, one_listed(request_id, "told-of"))
    told(book, standing(request_id, "told-of"))
    outcome = heard(book, end(request_id, 1, complete=False))
    assert (outcome.updates, asked_about(outcome)) == ((), ["o-1"])
    text = "the venue cannot list all its orders: those that are on record are asked about one by one"
    assert [(alarm.code, alarm.text) for alarm in outcome.alarms] == [(AlarmCode.UNRECONCILED, text)]
    assert (book.order("o-1").in_doubt, book.has_reconciled) == (True, False)
    told(book, standing(outcome.requests[0].request_id))
    assert (book.order("o-1").in_doubt, book.has_reconciled) == (False, True)


def test_a_venue_that_cannot_list_all_is_quoted():
    book = record()
    outcome = heard(book, end(listing(asking(book)), complete=False, text="after a crash"))
    assert outcome.alarms[0].text.endswith("one by one: after a crash")


def test_a_list_with_a_hole_is_asked_for_anew_when_it_falls_due_and_told_of_once():
    book = record(*OPENED, answer_within_ns=SECOND)
    request_id = listing(asking(book))
    for turn, now in enumerate(range(LATER, LATER + 3 * SECOND, SECOND)):
        outcome = heard_at(book, end(request_id, 2, positions=holding("7")), now)
        texts = ["the venue's list of its orders has a hole: it counts 2, and has told of 0"]
        assert [alarm.text for alarm in outcome.alarms] == (texts if turn == 0 else [])
        assert outcome.hold is None, "what is missing may explain it"
        if turn == 0:
            told(book, standing(*query_ids(outcome)))
        assert not book.order("o-1").in_doubt
        assert (book.has_reconciled, book.next_deadline_ns) == (False, now + SECOND)
        assert book.decide_overdue(now, now + SECOND - 1) == Outcome()
        overdue = book.decide_overdue(now + SECOND, now + SECOND)
        book.commit(overdue, now + SECOND)
        assert overdue.alarms == ()
        request_id = listing(overdue)
    heard(book, one_listed(request_id))
    heard(book, end(request_id, 1))
    assert (book.has_reconciled, book.next_deadline_ns) == (True, None)


def test_a_list_that_was_asked_for_anew_and_does_not_come_is_told_of():
    book = record(answer_within_ns=SECOND)
    heard(book, end(listing(asking(book)), 1))
    for texts in ([], ["the venue has not listed its orders in time"]):
        due = book.next_deadline_ns
        overdue = book.decide_overdue(due, due)
        book.commit(overdue, due)
        assert [alarm.text for alarm in overdue.alarms] == texts


def test_a_hole_is_told_of_again_in_another_list():
    book = record()
    for _ in range(2):
        assert heard(book, end(listing(asking(book)), 1)).alarms
        assert heard(book, end(listing(asking(book)))).alarms == ()


def test_an_order_of_a_list_that_could_not_be_handled_leaves_no_hole():
    book = record()
    request_id = listing(asking(book))
    for said in (one_listed(request_id, "odd"), one_listed("another", "stale")):
        book.commit(book.decide_listed_wrong(said), LATER)
    assert heard(book, end(request_id, 1)).alarms == ()
    assert book.has_reconciled


@pytest.mark.parametrize("said", [one_listed("om-0", "another"), end("om-0")], ids=["an order", "the end"])
def test_what_belongs_to_another_list_than_the_last_says_nothing(said):
    book = record(*OPENED)
    request_id = listing(asking(book))
    assert heard(book, said) == Outcome(repeats=1)
    assert (book.repeats, book.has_reconciled) == (1, False)
    heard(book, end(request_id))
    assert heard(book, end(request_id)) == Outcome(repeats=1), "come again"


def test_what_a_list_says_of_an_order_does_not_count_once_something_was_asked_of_it_since():
    book = record(*OPENED)
    request_id = listing(asking(book))
    cancelled = told(book, CANCEL)
    heard(book, one_listed(request_id))
    assert told(book, standing(request_id)) == Outcome(repeats=1)
    assert (book.order("o-1").pending, book.order("o-1").in_doubt) == (Pending.CANCEL, True)
    heard(book, end(request_id, 1))
    assert not book.has_reconciled
    told(book, report(r.VenueCancelled))
    told(book, standing(*query_ids(cancelled), state=S.CANCELLED))
    assert book.has_reconciled


def test_each_client_id_that_an_order_has_had_is_answered_by_the_list():
    book = record(*OPENED, MODIFY, report(r.VenueCancelled, filled_quantity="0"), amends=False)
    second = book.order("o-1").client_order_id
    assert second != "o-1"
    told(book, report(r.VenueAccepted, client_order_id=second))
    request_id = listing(asking(book))
    for client_id in ("o-1", second):
        heard(book, one_listed(request_id, client_id))
    assert told(book, standing(request_id, "o-1", state=S.CANCELLED)).answered == ("o-1", request_id)
    told(book, standing(request_id, second, price="101", quantity="10"))
    heard(book, end(request_id, 2))
    assert (book.order("o-1").state, book.order("o-1").in_doubt) == (S.OPEN, False)
    assert book.has_reconciled


def test_what_a_list_has_told_of_that_was_asked_for_anew_does_not_count():
    book = record(*OPENED)
    heard(book, one_listed(listing(asking(book))))
    outcome = heard(book, end(listing(asking(book)), 1))
    assert outcome.alarms[0].text.endswith("it counts 1, and has told of 0")
    assert not book.has_reconciled


@pytest.mark.fault(26)
def test_nothing_that_was_sent_before_is_ever_sent_again():
    book = record(*OPENED, new("sent"), new("cancelled"), approved(CancelOrder("cancelled", source="strategy")))
    outcomes = [asking(book)]
    outcomes.append(heard(book, end(listing(outcomes[0]))))
    for query in outcomes[-1].requests:
        told(book, standing(query.request_id, query.client_order_id, state=None, complete=True))
    outcomes.append(asking(book))
    leaves = {type(request) for outcome in outcomes for request in outcome.requests}
    assert leaves == {r.VenueList, r.VenueQuery}
    assert all(order.is_closed for order in book.orders())


@pytest.mark.fault(27)
def test_an_order_that_works_there_and_has_ended_here_is_in_doubt_and_taken_off_its_book():
    book = record(*OPENED, report(r.VenueCancelled))
    request_id = listing(asking(book))
    assert not book.order("o-1").in_doubt
    heard(book, one_listed(request_id))
    outcome = told(book, standing(request_id))
    assert kinds(outcome) == ["OrderInDoubt"]
    assert [alarm.code for alarm in outcome.alarms] == [AlarmCode.CONTRADICTION]
    assert [type(request) for request in outcome.requests] == [r.VenueQuery]
    heard(book, end(request_id, 1))
    assert (book.order("o-1").state, book.order("o-1").in_doubt) == (S.CANCELLED, True)
    # It says so again, and so it is cancelled there.
    again = told(book, standing(*query_ids(outcome)))
    assert [type(request) for request in again.requests] == [r.VenueCancel]
    told(book, report(r.VenueCancelled))
    assert not book.order("o-1").in_doubt


# -- orders that are not on record


@pytest.mark.fault(19)
def test_an_order_that_is_not_on_record_is_adopted_and_what_it_executes_is_booked_to_it():
    book = record()
    request_id = listing(asking(book))
    outcome = heard(book, one_listed(request_id, "theirs", exchange_order_id="v-7"))
    assert kinds(outcome) == ["OrderCreated", "OrderSubmitted", "OrderOpened"]
    (order,) = book.orders()
    assert order.strategy_id == EXTERNAL
    assert order.order_id not in {"theirs", "v-7"}
    assert (order.client_order_id, order.exchange_order_id, order.state) == ("theirs", "v-7", S.OPEN)
    (alarm,) = outcome.alarms
    assert (alarm.code, alarm.order_id) == (AlarmCode.UNKNOWN_ORDER, "theirs")
    assert alarm.text == f"the venue has an order that is not on record; it is now, as {order.order_id}"
    told(book, report(r.VenueFilled, client_order_id="theirs", fill=fill("x-1", "4")))
    answered = told(book, standing(request_id, "theirs", state=S.PARTIALLY_FILLED, filled_quantity="4"))
    assert (answered.answered, answered.alarms) == (("theirs", request_id), ())
    heard(book, end(request_id, 1))
    (order,) = book.orders()
    assert (order.state, order.filled_quantity, order.in_doubt) == (S.PARTIALLY_FILLED, 4, False)
    assert book.net_positions() == {"BTC/USDT": 4}


def test_an_order_is_adopted_with_all_its_terms():
    book = record()
    request_id = listing(asking(book))
    instructions = Instructions(reduce_only=True, display_quantity=exact("shown", "2"))
    more = {
        "side": Side.SELL,
        "order_type": OrderType.STOP_LIMIT,
        "stop_price": "99",
        "time_in_force": TimeInForce.GTD,
        "expire_time_ns": NOW + DAY,
        "instructions": instructions,
    }
    outcome = heard(book, one_listed(request_id, "theirs", triggered=True, **more))
    assert kinds(outcome)[-1] == "OrderTriggered"
    (order,) = book.orders()
    for name in ("side", "order_type", "time_in_force", "expire_time_ns", "instructions"):
        assert getattr(order, name) == more[name], name
    assert (order.quantity, order.price, order.stop_price, order.triggered) == (10, 100, 99, True)


def test_an_adopted_order_is_known_the_next_time():
    book = record()
    for _ in range(2):
        request_id = listing(asking(book))
        heard(book, one_listed(request_id, "theirs"))
        told(book, standing(request_id, "theirs"))
        heard(book, end(request_id, 1))
    (order,) = book.orders()
    assert (order.state, order.in_doubt, book.has_reconciled) == (S.OPEN, False, True)


@pytest.mark.parametrize("adopts", [True, False], ids=["adopt", "cancel"])
def test_orders_that_are_nobodys_are_left_at_work_or_cancelled(adopts):
    book = record(*OPENED, adopts=adopts)
    request_id = listing(asking(book))
    for client_id in ("theirs", "done", "o-1"):
        heard(book, one_listed(request_id, client_id))
        told(book, standing(request_id, client_id, state=S.CANCELLED if client_id == "done" else S.OPEN))
    outcome = heard(book, end(request_id, 3))
    asked = [(type(request), request.client_order_id) for request in outcome.requests]
    assert asked == ([] if adopts else [(r.VenueCancel, "theirs")])
    assert {order.client_order_id: order.state for order in book.orders() if order.strategy_id == EXTERNAL} == {
        "theirs": S.OPEN,
        "done": S.CANCELLED,
    }
    assert book.has_reconciled


def test_only_what_the_venue_has_told_of_is_cancelled_as_nobodys():
    stray = report(r.VenueFilled, client_order_id="stray", fill=fill("x-1", "4"))
    book = record(stray, adopts=False)
    (order,) = book.orders()
    assert (order.strategy_id, order.is_closed) == (EXTERNAL, True)
    request_id = listing(asking(book))
    heard(book, one_listed(request_id, "theirs"))
    told(book, standing(request_id, "theirs"))
    heard(book, end(request_id, 1))
    # Asked again, it does not say that it has it still.
    outcome = heard(book, end(listing(asking(book)), complete=False))
    assert asked_about(outcome) == ["theirs"]


STRAY = report(r.VenueFilled, client_order_id="byhand", fill=fill("x-1", "4"))


def works_on(request_id: str, filled: str) -> r.VenueStatus:
    return standing(request_id, "byhand", state=S.PARTIALLY_FILLED, quantity="10", filled_quantity=filled)


def test_an_order_of_nobodys_that_was_begun_by_an_execution_works_on_and_is_watched():
    book = record(STRAY)
    for filled, execution in (("4", "x-1"), ("7", "x-2")):
        request_id = listing(asking(book))
        heard(book, one_listed(request_id, "byhand"))
        told(book, report(r.VenueFilled, client_order_id="byhand", fill=fill(execution, "4" if filled == "4" else "3")))
        outcome = told(book, works_on(request_id, filled))
        assert (outcome.updates, outcome.requests) == ((), ())
        (order,) = book.orders()
        (alarm,) = outcome.alarms
        text = f"an order that is not on record works on beyond what is booked, as {order.order_id}"
        assert (alarm.code, alarm.order_id, alarm.text) == (AlarmCode.UNKNOWN_ORDER, "byhand", text)
        assert heard(book, end(request_id, 1)).requests == ()
        assert (order.filled_quantity, order.in_doubt, book.has_reconciled) == (exact("filled", filled), False, True)


def test_an_order_of_nobodys_that_works_on_is_in_doubt_until_all_is_booked():
    book = record(STRAY)
    request_id = listing(asking(book))
    heard(book, one_listed(request_id, "byhand"))
    asked = told(book, works_on(request_id, "6"))
    assert asked_about(asked) == ["byhand"]
    told(book, report(r.VenueFilled, client_order_id="byhand", fill=fill("x-2", "2")))
    outcome = told(book, works_on(*query_ids(asked), "6"))
    assert (kinds(outcome), outcome.requests) == (["OrderResolved"], ())
    (order,) = book.orders()
    assert (order.filled_quantity, order.in_doubt) == (6, False)


def test_an_order_of_nobodys_that_works_on_is_cancelled_where_none_may():
    book = record(STRAY, adopts=False)
    request_id = listing(asking(book))
    heard(book, one_listed(request_id, "byhand"))
    asked = told(book, works_on(request_id, "4"))
    outcome = told(book, works_on(*query_ids(asked), "4"))
    assert [type(request) for request in outcome.requests] == [r.VenueCancel]


# -- positions


def holding(*quantities: str, **more) -> tuple[r.VenuePosition, ...]:
    return tuple(r.VenuePosition(symbol="BTC/USDT", quantity=quantity, **more) for quantity in quantities)


BOUGHT = (*OPENED, FILLED)


def agreed(positions, *, messages=BOUGHT, **settings) -> Outcome:
    book = record(*messages, **{"remembers": True} | settings)
    return heard(book, end(listing(asking(book)), positions=positions))


def test_positions_that_cannot_be_explained_trip_trading_and_say_the_numbers():
    outcome = agreed((*holding("7"), r.VenuePosition(symbol="ETH/USDT", quantity="-1")))
    texts = [
        "BTC/USDT: the venue holds 7, on record are 10",
        "ETH/USDT: the venue holds -1, on record are 0",
    ]
    assert [(alarm.code, alarm.text) for alarm in outcome.alarms] == [(AlarmCode.UNRECONCILED, text) for text in texts]
    assert outcome.hold == Hold(Action.HALT, Trip.UNRECONCILED, f"positions differ: {'; '.join(texts)}")


def test_a_position_that_the_venue_does_not_tell_of_is_none():
    assert agreed(()).alarms[0].text == "BTC/USDT: the venue holds 0, on record are 10"


@pytest.mark.parametrize(
    ("positions", "settings"),
    [
        (holding("10"), {}),
        (holding("13", "-3"), {"hedged": True}),
        ((*holding("13", opened_by=Side.BUY), *holding("-3", opened_by=Side.SELL)), {}),
        (None, {}),
        (holding("7"), {"remembers": False}),
    ],
    ids=[
        "equal",
        "hedged, and it does not say which",
        "netted, and it says which",
        "not told",
        "of a venue that has not known all",
    ],
)
def test_positions_that_agree_or_cannot_be_compared_trip_nothing(positions, settings):
    outcome = agreed(positions, **settings)
    assert (outcome.alarms, outcome.hold) == ((), None)


def test_hedged_positions_are_compared_each_by_itself():
    outcome = agreed((*holding("15", opened_by=Side.BUY), *holding("-5", opened_by=Side.SELL)), hedged=True)
    assert [alarm.text for alarm in outcome.alarms] == [
        "BTC/USDT long: the venue holds 15, on record are 10",
        "BTC/USDT short: the venue holds -5, on record are 0",
    ]
    assert outcome.hold.trip is Trip.UNRECONCILED


def test_hedged_positions_that_the_venue_does_not_tell_of_are_none():
    assert agreed((), hedged=True).alarms[0].text == "BTC/USDT long: the venue holds 0, on record are 10"


def test_hedged_positions_of_several_strategies_and_accounts_come_together():
    sold = terms(order_id="o-2", side=Side.SELL, source="other")
    more = (approved(sold), report(r.VenueFilled, client_order_id="o-2", side=Side.SELL, fill=fill("x-2", "10")))
    positions = (*holding("6", opened_by=Side.BUY), *holding("4", opened_by=Side.BUY, account="second"))
    outcome = agreed((*positions, *holding("-10", opened_by=Side.SELL)), messages=(*BOUGHT, *more), hedged=True)
    assert (outcome.alarms, outcome.hold) == ((), None)


def test_positions_are_compared_where_the_venue_cannot_list_all_its_orders_too():
    book = record(*BOUGHT, remembers=True)
    outcome = heard(book, end(listing(asking(book)), complete=False, positions=holding("7")))
    assert [alarm.code for alarm in outcome.alarms] == [AlarmCode.UNRECONCILED] * 2
    assert outcome.hold.reason == "positions differ: BTC/USDT: the venue holds 7, on record are 10"


@pytest.mark.parametrize("executed", ["3", "0"], ids=["explained", "not explained"])
def test_positions_that_differ_while_orders_are_asked_about_are_compared_when_they_are_known(executed):
    book = record(*OPENED, remembers=True)
    outcome = heard(book, end(listing(asking(book)), positions=holding("3")))
    assert (asked_about(outcome), outcome.alarms, outcome.hold) == (["o-1"], (), None)
    if executed != "0":
        told(book, report(r.VenueFilled, fill=fill("x-1", executed)))
    told(book, standing(*query_ids(outcome), state=S.CANCELLED, filled_quantity=executed))
    assert book.has_reconciled
    again = book.decide_reconciled(LATER)
    book.commit(again, LATER)
    assert (book.has_reconciled, book.gate.reconciling) == (False, True)
    outcome = heard(book, end(listing(again), positions=holding("3")))
    assert (outcome.hold is None) is (executed == "3")
    assert book.has_reconciled
    book.commit(book.decide_reconciled(LATER), LATER)
    assert not book.gate.reconciling


# -- balances


def usdt(*amounts: str) -> tuple[r.VenueBalance, ...]:
    return tuple(r.VenueBalance(currency="USDT", amount=amount) for amount in amounts)


def agreed_on(balances, **settings) -> Outcome:
    """Return what follows where 10 were bought at 100, with a fee of 1, of the 5000 that there were."""
    cash = CashOnRecord({}, {"USDT": exact("cash", "5000")}, {}, is_spot=False)
    book = record(*BOUGHT, **{"remembers": True, "cash": cash} | settings)
    return heard(book, end(listing(asking(book)), balances=balances))


def test_balances_that_differ_are_told_with_the_numbers_and_trip_nothing():
    outcome = agreed_on(usdt("3990"))
    assert [(alarm.code, alarm.text) for alarm in outcome.alarms] == [
        (AlarmCode.UNRECONCILED, "USDT: the venue has 3990, on record are 3999")
    ]
    assert outcome.hold is None


@pytest.mark.parametrize(
    ("balances", "settings"),
    [(usdt("3999"), {}), (None, {}), (usdt("1"), {"remembers": False}), (usdt("1"), {"cash": None})],
    ids=["equal", "not told", "of a venue that has not known all", "no cash is kept"],
)
def test_balances_that_agree_or_cannot_be_compared_are_not_told(balances, settings):
    assert agreed_on(balances, **settings).alarms == ()


def test_balances_that_differ_while_orders_are_asked_about_are_compared_when_they_are_known():
    cash = CashOnRecord({}, {"USDT": exact("cash", "5000")}, {}, is_spot=False)
    book = record(*OPENED, remembers=True, cash=cash)
    outcome = heard(book, end(listing(asking(book)), balances=usdt("4700")))
    assert (asked_about(outcome), outcome.alarms) == (["o-1"], ())
    told(book, report(r.VenueFilled, fill=fill("x-1", "3", fee="0")))
    told(book, standing(*query_ids(outcome), state=S.CANCELLED, filled_quantity="3"))
    again = book.decide_reconciled(LATER)
    book.commit(again, LATER)
    assert heard(book, end(listing(again), balances=usdt("4700"))).alarms == ()


# -- time and the link


def test_a_list_that_does_not_come_in_time_is_asked_for_again():
    book = record(answer_within_ns=SECOND)
    first = listing(asking(book))
    assert book.next_deadline_ns == LATER + SECOND
    assert book.decide_overdue(LATER, LATER + SECOND - 1) == Outcome()
    overdue = book.decide_overdue(LATER + SECOND, LATER + SECOND)
    book.commit(overdue, LATER + SECOND)
    (alarm,) = overdue.alarms
    assert (alarm.code, alarm.text) == (AlarmCode.NO_ANSWER, "the venue has not listed its orders in time")
    second = listing(overdue)
    assert book.next_deadline_ns == LATER + 2 * SECOND
    assert heard(book, end(first)) == Outcome(repeats=1)
    heard(book, end(second))
    assert (book.has_reconciled, book.next_deadline_ns) == (True, None)


def test_orders_fall_due_beside_the_list():
    book = record(answer_within_ns=SECOND)
    told(book, new("o-1"), LATER - SECOND // 2)
    book.commit(book.decide_reconciling(LATER), LATER - SECOND // 4)
    assert book.next_deadline_ns == LATER + SECOND - SECOND // 4
    overdue = book.decide_overdue(LATER + SECOND, LATER + SECOND)
    assert [type(request) for request in overdue.requests] == [r.VenueQuery, r.VenueList]
    assert kinds(overdue) == ["OrderInDoubt"]


def test_a_link_that_breaks_ends_the_list_and_its_time():
    book = record(*OPENED, answer_within_ns=SECOND)
    first = listing(asking(book))
    heard(book, one_listed(first))
    book.commit(book.decide_link(r.VenueDisconnected(reason="gone"), LATER), LATER)
    assert (book.next_deadline_ns, book.decide_overdue(LATER + DAY, LATER + DAY)) == (None, Outcome())
    assert heard(book, end(first, 1)) == Outcome(repeats=1)
    found = book.decide_link(r.VenueConnected(), LATER)
    book.commit(found, LATER)
    second = listing(found)
    # What the first list told of does not count for the second.
    assert asked_about(heard(book, end(second))) == ["o-1"]


HALTED = Refusal(Reason.HALTED, "trading is halted: enough")


def withheld(book: Reconciler, request: r.VenueSubmit | r.VenueModify) -> Outcome:
    outcome = book.decide_withheld(request, HALTED, LATER)
    book.commit(outcome, LATER)
    return outcome


@pytest.mark.parametrize("doubted", [False, True], ids=["not in doubt", "in doubt"])
def test_an_order_that_was_kept_back_has_ended_and_nobody_is_asked(doubted):
    book = record(answer_within_ns=SECOND)
    (request,) = told(book, new("o-1")).requests
    if doubted:
        book.commit(book.decide_overdue(LATER, LATER), LATER)
    outcome = withheld(book, request)
    event = outcome.updates[-1].event
    assert (event.reason, event.text) == (Reason.WITHHELD, "kept back: trading is halted: enough")
    assert (kinds(outcome)[0] == "OrderResolved") is doubted
    assert (outcome.requests, book.order("o-1").state, book.order("o-1").in_doubt) == ((), S.REJECTED, False)
    assert book.next_deadline_ns is None
    # The cancel that went after it finds nothing, and the answer to a query says no more.
    told(book, report(r.VenueStatus, state=None, complete=False))
    assert not book.order("o-1").in_doubt


def test_an_order_that_was_kept_back_for_its_cancel_is_cancelled():
    book = record()
    (request,) = told(book, new("o-1")).requests
    told(book, CANCEL)
    withheld(book, request)
    assert (book.order("o-1").state, book.order("o-1").reason) == (S.CANCELLED, Reason.REQUESTED)


@pytest.mark.parametrize("ended", [False, True], ids=["a change", "one that has ended"])
def test_what_else_was_kept_back_leaves_its_order_in_doubt_until_the_venue_has_said_how_it_is(ended):
    book = record()
    (request,) = told(book, new("o-1")).requests
    told(book, ACCEPTED)
    if ended:
        told(book, report(r.VenueCancelled))
    else:
        (request,) = told(book, MODIFY).requests
    outcome = withheld(book, request)
    (update,) = outcome.updates
    assert (update.event.reason, update.event.text) == (Reason.WITHHELD, "kept back: trading is halted: enough")
    assert asked_about(outcome) == ["o-1"]
    told(book, report(r.VenueAccepted))
    assert book.order("o-1").in_doubt, "the venue's answer alone ends it"


HALT, REDUCE = (Hold(action, Trip.PERSON, "enough") for action in (Action.HALT, Action.REDUCE))


def refused(book: Reconciler, request, decided_in) -> Reason | None:
    refusal = book.refuse_held(request, decided_in)
    return None if refusal is None else refusal.reason


@pytest.mark.parametrize(
    ("before", "meanwhile", "expected"),
    [
        (None, None, None),
        (None, HALT, Reason.HALTED),
        (HALT, None, None),
        (None, REDUCE, Reason.REDUCING),
        (REDUCE, None, None),
        (REDUCE, HALT, Reason.HALTED),
    ],
    ids=["nothing", "a halt", "decided under the halt", "a reduce", "decided while reducing", "a halt after a reduce"],
)
def test_what_has_waited_is_judged_by_what_has_happened_meanwhile(before, meanwhile, expected):
    book = record()
    (request,) = told(book, new("o-1")).requests
    if before is not None:
        book.gate = book.gate.tripped(before)
    decided_in = book.gate
    if meanwhile is not None:
        book.gate = book.gate.tripped(meanwhile)
    assert refused(book, request, decided_in) is expected


def test_a_change_that_has_waited_is_held_to_a_halt_and_one_decided_under_it_is_not():
    book = record(*OPENED)
    (request,) = told(book, MODIFY).requests
    decided_in, book.gate = book.gate, book.gate.tripped(HALT)
    assert refused(book, request, decided_in) is Reason.HALTED
    assert refused(book, request, book.gate) is None


def test_what_only_closes_leaves_while_trading_only_reduces():
    book = record()
    (request,) = told(book, approved(terms(order_id="o-1", reduce_only=True))).requests
    decided_in, book.gate = book.gate, book.gate.tripped(REDUCE)
    assert refused(book, request, decided_in) is None


@pytest.mark.parametrize("ends", ["cancel", "overdue", "closed"])
def test_what_was_ended_while_it_waited_does_not_leave(ends):
    book = record(answer_within_ns=SECOND)
    (request,) = told(book, new("o-1")).requests
    if ends == "cancel":
        told(book, CANCEL)
    elif ends == "overdue":
        book.commit(book.decide_overdue(LATER, LATER), LATER)
    else:
        told(book, report(r.VenueRejected))
    assert refused(book, request, book.gate) is Reason.WITHHELD


def test_what_the_venue_is_asked_about_for_another_reason_leaves():
    book = record()
    (request,) = told(book, new("o-1")).requests
    asking(book)
    assert refused(book, request, book.gate) is None


def test_an_order_in_what_is_not_traded_here_is_told_of_and_left_alone():
    book = record(
        instruments={"BTC/USDT": Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.001")},
        adopts=False,
    )
    first = listing(asking(book))
    outcome = heard(book, one_listed(first, "theirs", symbol="ETH/USDT"))
    assert [alarm.text for alarm in outcome.alarms] == [
        "the venue has an order in ETH/USDT, which is not traded here; it is left alone"
    ]
    assert not tuple(book.orders())
    assert not heard(book, end(first, 1)).requests
    assert book.has_reconciled
