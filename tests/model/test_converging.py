"""Whatever is lost, doubled or out of order: once the venue has been asked, our side and the venue's agree."""

from __future__ import annotations

from itertools import permutations

import pytest
from builders import NOW, S, fill, report
from test_blotter import ACCEPTED, SECOND, approved, kinds, told, with_order

from orderpit.model import reports as r
from orderpit.model.alarm import AlarmCode
from orderpit.model.blotter import Blotter, Outcome
from orderpit.model.commands import Approved, CancelOrder, ModifyOrder
from orderpit.model.kinds import Pending, Reason

CUT = Approved(ModifyOrder("o-1", quantity="7", source="strategy"), NOW, "risk_controller")


def filled(execution_id, quantity):
    return report(r.VenueFilled, fill=fill(execution_id, quantity))


def busted(execution_id):
    return report(r.VenueFillBusted, execution_id=execution_id)


def corrected(execution_id, quantity):
    return report(r.VenueFillCorrected, fill=fill(execution_id, quantity))


class Venue:
    """What is true: the reports in the order in which they came to pass there, and how the order stands after them."""

    def __init__(self, state, quantity, *happened):
        self.state = state
        self.happened = happened
        sums = {}
        for item in happened:
            match item:
                case r.VenueFilled() | r.VenueFillCorrected():
                    sums[item.fill.execution_id] = item.fill.quantity
                case r.VenueFillBusted():
                    sums[item.execution_id] = 0
                case _:
                    pass
        self.filled = sum(sums.values())
        self.quantity = quantity

    def answer(self, request):
        if isinstance(request, r.VenueCancel):
            if self.state in {S.OPEN, S.PARTIALLY_FILLED}:
                self.state = S.CANCELLED
                return (report(r.VenueCancelled, filled_quantity=self.filled),)
            return (report(r.VenueCancelRejected, request_id=request.request_id),)
        executions = [item for item in self.happened if hasattr(item, "fill") or hasattr(item, "execution_id")]
        status = report(
            r.VenueStatus, state=self.state, filled_quantity=self.filled, quantity=self.quantity, price="100"
        )
        return (*executions, status)


OTHER_TERMS = report(r.VenueAccepted, quantity="12")
CUT_DONE = report(r.VenueModified, request_id="om-1", price="100", quantity="7")
HISTORIES = {
    "filled": lambda: Venue(S.FILLED, 10, ACCEPTED, filled("x-1", "4"), filled("x-2", "6")),
    "working": lambda: Venue(S.PARTIALLY_FILLED, 10, ACCEPTED, filled("x-1", "4"), filled("x-2", "3")),
    "cancelled": lambda: Venue(
        S.CANCELLED, 10, filled("x-1", "4"), filled("x-2", "3"), report(r.VenueCancelled, filled_quantity="7")
    ),
    "expired": lambda: Venue(
        S.EXPIRED, 10, filled("x-1", "4"), filled("x-2", "3"), report(r.VenueExpired, filled_quantity="7")
    ),
    "other terms": lambda: Venue(S.FILLED, 12, OTHER_TERMS, filled("x-1", "4"), filled("x-2", "8")),
    "busted after the last fill": lambda: Venue(S.FILLED, 10, filled("x-1", "4"), filled("x-2", "6"), busted("x-1")),
    "busted before the last fill": lambda: Venue(
        S.PARTIALLY_FILLED, 10, filled("x-1", "4"), busted("x-1"), filled("x-2", "6")
    ),
    "all busted": lambda: Venue(S.FILLED, 10, ACCEPTED, filled("x-1", "10"), busted("x-1")),
    "busted and cancelled": lambda: Venue(
        S.CANCELLED, 10, filled("x-1", "4"), busted("x-1"), report(r.VenueCancelled, filled_quantity="0")
    ),
    "corrected to less after the last fill": lambda: Venue(
        S.FILLED, 10, filled("x-1", "4"), filled("x-2", "6"), corrected("x-1", "3")
    ),
    "corrected to less before the last fill": lambda: Venue(
        S.PARTIALLY_FILLED, 10, filled("x-1", "4"), corrected("x-1", "3"), filled("x-2", "6")
    ),
    "corrected to more": lambda: Venue(S.FILLED, 10, filled("x-1", "4"), corrected("x-1", "5"), filled("x-2", "5")),
    "cut while it fills": lambda: Venue(S.FILLED, 7, filled("x-1", "4"), CUT_DONE, filled("x-2", "3")),
}


def arrivals(venue):
    """Every order of arrival, with each report but a bust or a correction lost or not."""
    sure = {i for i, item in enumerate(venue.happened) if isinstance(item, r.VenueFillBusted | r.VenueFillCorrected)}
    for kept in range(len(venue.happened) + 1):
        for arrival in permutations(range(len(venue.happened)), kept):
            if sure <= set(arrival):
                yield tuple(venue.happened[i] for i in arrival)


def exchanged(book: Blotter, venue: Venue, outcome: Outcome) -> None:
    """Let the venue answer what it is asked, and what it is asked then, for as long as that ends."""
    requests = list(outcome.requests)
    for count, request in enumerate(requests):
        assert count < 20, "the venue is asked without end"
        for answer in venue.answer(request):
            requests += told(book, answer).requests


def healed(book: Blotter, venue: Venue) -> None:
    for link in (r.VenueDisconnected(), r.VenueConnected()):
        outcome = book.decide_link(link, NOW)
        book.commit(outcome, NOW)
    exchanged(book, venue, outcome)
    for nth in range(1, 6):
        now = NOW + nth * 9 * SECOND
        outcome = book.decide_overdue(now, now)
        book.commit(outcome, now)
        exchanged(book, venue, outcome)


@pytest.mark.fault(3, 4, 5, 6, 8, 9, 10, 14, 20, 21)
@pytest.mark.parametrize("again", [False, True], ids=["each once", "all of it a second time"])
@pytest.mark.parametrize("name", HISTORIES)
def test_after_every_loss_and_order_of_arrival_a_question_brings_both_sides_together(name, again):
    for number, arrival in enumerate(arrivals(HISTORIES[name]())):
        venue = HISTORIES[name]()
        book = with_order(answer_within_ns=SECOND)
        if CUT_DONE in venue.happened:
            told(book, CUT)
        for item in arrival * (1 + again):
            exchanged(book, venue, told(book, item))
        healed(book, venue)
        (order,) = book.orders()
        place = (number, [type(item).__name__ for item in arrival])
        assert not order.in_doubt, place
        assert order.filled_quantity == venue.filled, place
        assert order.is_closed is (venue.state not in {S.OPEN, S.PARTIALLY_FILLED}), place
        assert order.pending is Pending.NONE, place
        assert order.is_closed or order.quantity == venue.quantity, place


def missing_six() -> Blotter:
    """Of ten that the venue says have filled, four are booked."""
    book = with_order(filled("x-1", "4"))
    told(book, report(r.VenueStatus, state=S.FILLED, filled_quantity="10"))
    assert (book.order("o-1").in_doubt, book.order("o-1").venue_filled_quantity) == (True, 10)
    return book


def test_a_doubt_about_missing_executions_stays_until_all_are_booked():
    book = missing_six()
    first = told(book, filled("x-2", "2"))
    assert (kinds(first), first.requests, book.order("o-1").in_doubt) == (["OrderFilled"], (), True)
    last = told(book, filled("x-3", "4"))
    assert kinds(last) == ["OrderResolved", "OrderFilled"]
    order = book.order("o-1")
    assert (order.state, order.in_doubt, order.venue_filled_quantity) == (S.FILLED, False, None)


def test_an_order_that_lives_when_all_is_booked_is_asked_about_once_more():
    book = with_order(ACCEPTED)
    told(book, report(r.VenueStatus, state=S.CANCELLED, filled_quantity="4"))
    outcome = told(book, filled("x-1", "4"))
    assert [type(request) for request in outcome.requests] == [r.VenueQuery]
    assert book.order("o-1").in_doubt
    told(book, report(r.VenueStatus, state=S.CANCELLED, filled_quantity="4"))
    assert (book.order("o-1").state, book.order("o-1").in_doubt) == (S.CANCELLED, False)


@pytest.mark.parametrize(
    "item",
    [
        ACCEPTED,
        report(r.VenueCancelled),
        report(r.VenueExpired),
        report(r.VenueModified),
        filled("x-1", "4"),
        report(r.VenueFillBusted, execution_id="x-8"),
    ],
    ids=lambda item: type(item).__name__,
)
def test_nothing_else_ends_a_doubt_about_missing_executions(item):
    book = missing_six()
    for _ in range(2):
        told(book, item)
        assert book.order("o-1").in_doubt


def test_a_status_that_misses_nothing_ends_a_doubt_about_missing_executions():
    book = missing_six()
    told(book, report(r.VenueStatus, state=S.PARTIALLY_FILLED, filled_quantity="4"))
    order = book.order("o-1")
    assert (order.in_doubt, order.venue_filled_quantity) == (False, None)


def test_a_time_out_in_a_doubt_about_missing_executions_forgets_none_of_them():
    book = with_order(filled("x-1", "4"), answer_within_ns=SECOND)
    told(book, report(r.VenueStatus, state=S.FILLED, filled_quantity="10"))
    book.commit(book.decide_overdue(NOW + SECOND, NOW + SECOND), NOW + SECOND)
    assert book.order("o-1").venue_filled_quantity == 10


def test_the_venues_newest_word_on_what_has_filled_counts():
    book = missing_six()
    outcome = told(book, report(r.VenueStatus, state=S.FILLED, filled_quantity="9"))
    assert (kinds(outcome), book.order("o-1").venue_filled_quantity) == (["OrderInDoubt"], 9)
    same = told(book, report(r.VenueStatus, state=S.FILLED, filled_quantity="9"))
    assert (same.updates, same.requests) == ((), ())
    assert [alarm.text for alarm in same.alarms] == ["the venue says that 9 has filled, and 4 is booked"]


@pytest.mark.parametrize("kind", [r.VenueCancelled, r.VenueExpired])
def test_an_end_that_tells_of_more_executions_than_are_booked_leaves_a_doubt_about_them(kind):
    book = with_order(filled("x-1", "4"))
    outcome = told(book, report(kind, filled_quantity="7"))
    # In doubt before it closes, so that what is still to be booked is never taken for free.
    assert kinds(outcome) == ["OrderInDoubt", kind.__name__.replace("Venue", "Order")]
    assert [type(request) for request in outcome.requests] == [r.VenueQuery]
    assert told(book, report(kind, filled_quantity="7")).updates == ()
    told(book, filled("x-2", "3"))
    told(book, report(r.VenueStatus, state=book.order("o-1").state, filled_quantity="7"))
    assert (book.order("o-1").filled_quantity, book.order("o-1").in_doubt) == (7, False)


def test_a_fill_lost_before_its_bust_is_not_needed_to_end_the_order():
    """A venue that tells of executions that stand alone, and has none left."""
    book = with_order(ACCEPTED, busted("x-1"))
    told(book, report(r.VenueStatus, state=S.FILLED))
    order = book.order("o-1")
    assert (order.state, order.reason, order.cancelled_quantity) == (S.CANCELLED, Reason.VENUE, 10)
    assert told(book, report(r.VenueStatus, state=S.FILLED)).updates == ()


@pytest.mark.fault(20)
def test_a_bust_of_a_filled_order_asks_whether_it_lives_on_and_what_does_is_cancelled():
    book = with_order(filled("x-1", "4"), filled("x-2", "6"))
    outcome = told(book, busted("x-1"))
    assert kinds(outcome) == ["FillBusted"]
    assert [type(request) for request in outcome.requests] == [r.VenueQuery]
    status = report(r.VenueStatus, state=S.PARTIALLY_FILLED, filled_quantity="6")
    assert [type(request) for request in told(book, status).requests] == [r.VenueQuery]
    assert [type(request) for request in told(book, status).requests] == [r.VenueCancel]
    told(book, report(r.VenueStatus, state=S.CANCELLED, filled_quantity="6"))
    assert (book.order("o-1").state, book.order("o-1").in_doubt) == (S.FILLED, False)


def test_nothing_is_cancelled_there_while_the_venue_is_lost():
    book = with_order(filled("x-1", "10"))
    told(book, report(r.VenueStatus))
    book.commit(book.decide_link(r.VenueDisconnected(), NOW), NOW)
    assert told(book, report(r.VenueStatus)).requests == ()


def test_what_has_been_busted_before_it_came_cannot_be_corrected():
    book = with_order(ACCEPTED, busted("x-1"), corrected("x-1", "3"))
    assert kinds(told(book, filled("x-1", "4"))) == ["OrderFilled", "FillBusted", "OrderInDoubt"]


def test_a_late_acknowledgement_leaves_a_doubt_as_it_is():
    book = with_order(filled("x-1", "4"))
    told(book, approved(CancelOrder("o-1", source="strategy")))
    book.commit(book.decide_set_aside(ACCEPTED, NOW), NOW)
    outcome = told(book, report(r.VenueAccepted, price="99"))
    assert (kinds(outcome), [alarm.code for alarm in outcome.alarms]) == (["OrderModified"], [AlarmCode.CHANGED_TERMS])
    assert book.order("o-1").in_doubt
