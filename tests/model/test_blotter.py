"""The order manager's record: what each command and each report leads to."""

from __future__ import annotations

from itertools import count

import pytest
from builders import NOW, S, event, fill, folded, halt, report, stop_terms, terms

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.alarm import AlarmCode
from orderpit.model.blotter import EXTERNAL, SOURCE, Blotter, Outcome
from orderpit.model.commands import Approved, CancelOrder, Denied, ModifyOrder
from orderpit.model.kinds import OrderType, Pending, Reason, Side, TimeInForce
from orderpit.model.refusal import Refusal

SECOND = 1_000_000_000


def blotter(answer_within_ns=None, ids=None) -> Blotter:
    numbers = count(1)
    return Blotter(ids or (lambda: f"om-{next(numbers)}"), answer_within_ns)


def approved(command) -> Approved:
    return Approved(command, NOW, "risk_controller")


def told(book, message, now=NOW) -> Outcome:
    """Decide and commit, as the order manager does."""
    if isinstance(message, Approved | Denied):
        outcome = book.decide_command(message, now)
    else:
        outcome = book.decide_report(message, now)
    book.commit(outcome, now)
    return outcome


def with_order(*reports, answer_within_ns=None, **changes) -> Blotter:
    book = blotter(answer_within_ns)
    told(book, approved(terms(**changes)))
    for item in reports:
        told(book, item)
    return book


def kinds(outcome) -> list[str]:
    return [type(update.event).__name__ for update in outcome.updates]


def refusal_of(outcome) -> Reason:
    (update,) = outcome.updates
    assert (type(update.event), update.order, outcome.requests) == (e.CommandRefused, None, ())
    assert update.event.source == SOURCE
    return update.event.reason


ACCEPTED = report(r.VenueAccepted)
FILLED = report(r.VenueFilled, fill=fill("x-1", "10"))
CANCEL = approved(CancelOrder("o-1", source="strategy"))
MODIFY = approved(ModifyOrder("o-1", price="101", source="strategy"))


def test_an_approved_order_is_created_and_sent_with_all_its_terms():
    book = blotter()
    outcome = told(book, approved(terms()))
    assert kinds(outcome) == ["OrderCreated", "OrderSubmitted"]
    assert [update.sequence for update in outcome.updates] == [1, 2]
    (request,) = outcome.requests
    assert isinstance(request, r.VenueSubmit)
    assert (request.client_order_id, request.quantity, request.price) == ("o-1", 10, 100)
    assert (book.order("o-1").state, book.order("o-1").strategy_id) == (S.SUBMITTED, "strategy")
    assert [order.order_id for order in book.orders()] == ["o-1"]
    assert (book.sequence, book.next_deadline_ns) == (2, None)


def test_the_venue_is_sent_every_term_that_it_is_to_execute():
    asked = stop_terms(time_in_force=TimeInForce.IOC, side=Side.SELL)
    (request,) = told(blotter(), approved(asked), NOW + 1).requests
    for name in ("symbol", "side", "order_type", "quantity", "price", "stop_price", "time_in_force"):
        assert getattr(request, name) == getattr(asked, name)
    assert (request.time_ns, request.source) == (NOW + 1, SOURCE)


def test_a_denied_order_is_recorded_and_not_sent():
    book = blotter()
    refusal = Refusal(Reason.MAX_QUANTITY, "quantity 10: must be at most 5")
    outcome = told(book, Denied(terms(), refusal, NOW, "risk_controller"))
    assert kinds(outcome) == ["OrderCreated", "OrderDenied"]
    assert (outcome.requests, outcome.updates[1].event.text) == ((), refusal.text)
    assert (book.order("o-1").state, book.order("o-1").reason) == (S.REJECTED, Reason.MAX_QUANTITY)


def test_nothing_changes_before_the_commit():
    book = blotter()
    book.decide_command(approved(terms()), NOW)
    assert (book.order("o-1"), book.sequence, list(book.orders())) == (None, 0, [])


@pytest.mark.fault(43)
def test_a_repeated_order_is_answered_with_where_it_stands():
    book = with_order(ACCEPTED)
    outcome = told(book, approved(terms(time_ns=NOW + 5)))
    assert (outcome.updates, outcome.requests) == ((), ())
    assert outcome.answers == (("strategy", book.latest["o-1"]),)


@pytest.mark.fault(43)
@pytest.mark.parametrize(
    "changes", [{"quantity": "11"}, {"source": "another"}, {"tag": "x"}], ids=["quantity", "strategy", "tag"]
)
def test_a_repeated_id_with_other_content_is_refused_and_no_order_is_made(changes):
    book = with_order()
    outcome = told(book, approved(terms(**changes)))
    assert refusal_of(outcome) is Reason.DUPLICATE_ID
    # Whoever waits for this id is handed the other order, so the refusal must not go unheard.
    assert [alarm.code for alarm in outcome.alarms] == [AlarmCode.DUPLICATE_ID]
    assert (book.order("o-1").quantity, len(list(book.orders()))) == (10, 1)


def test_an_id_that_the_venue_uses_for_an_external_order_is_taken():
    book = blotter()
    told(book, report(r.VenueFilled, client_order_id="o-1"))
    assert refusal_of(told(book, approved(terms()))) is Reason.DUPLICATE_ID


@pytest.mark.fault(32)
def test_no_order_leaves_while_halted_or_for_a_stopped_symbol():
    book = blotter()
    book.gate = book.gate.tripped(halt("lunch"))
    assert kinds(told(book, approved(terms()))) == ["OrderCreated", "OrderDenied"]
    assert book.order("o-1").reason is Reason.HALTED
    assert book.latest["o-1"].event.text == "trading is halted: lunch"
    book.gate = book.gate.opened().with_symbol_stopped("BTC/USDT")
    told(book, approved(terms(order_id="o-2")))
    assert book.order("o-2").reason is Reason.SYMBOL_STOPPED
    told(book, approved(terms(order_id="o-3", symbol="ETH/USDT")))
    assert book.order("o-3").state is S.SUBMITTED


@pytest.mark.fault(29)
def test_a_venue_that_answers_too_slowly_is_sent_no_more_orders_and_cancels_still():
    numbers = count(1)
    book = Blotter(lambda: f"om-{next(numbers)}", SECOND, max_unanswered=2)
    for order_id in ("o-1", "o-2"):
        told(book, approved(terms(order_id=order_id)))
        assert book.order(order_id).state is S.SUBMITTED
    told(book, approved(terms(order_id="o-3")))
    assert book.order("o-3").reason is Reason.VENUE_BUSY
    assert book.order("o-3").reason_text == ("the venue has not answered 2 orders: must be fewer than 2 for another")
    assert [type(request) for request in told(book, CANCEL).requests] == [r.VenueCancel]
    assert told(book, approved(terms())).answers == (("strategy", book.latest["o-1"]),), (
        "sent again, it is the same order"
    )
    # An answer makes room, and a doubt takes it again.
    told(book, ACCEPTED)
    told(book, approved(terms(order_id="o-4")))
    assert book.order("o-4").state is S.SUBMITTED
    told(book, report(r.VenueAccepted, client_order_id="o-4"))
    book.commit(book.decide_set_aside(ACCEPTED, NOW), NOW)
    told(book, approved(terms(order_id="o-5")))
    assert book.order("o-5").reason is Reason.VENUE_BUSY
    for answer in (report(r.VenueCancelled), report(r.VenueStatus, state=S.CANCELLED)):
        told(book, answer)
    told(book, approved(terms(order_id="o-6")))
    assert book.order("o-6").state is S.SUBMITTED


def test_a_cancel_is_asked_for_once():
    book = with_order(ACCEPTED)
    outcome = told(book, CANCEL)
    assert kinds(outcome) == ["CancelRequested"]
    (request,) = outcome.requests
    assert (type(request), request.client_order_id, request.request_id) == (r.VenueCancel, "o-1", "om-1")
    assert book.order("o-1").pending is Pending.CANCEL
    assert refusal_of(told(book, CANCEL)) is Reason.CANCEL_PENDING


def test_a_modification_is_asked_for_with_the_terms_that_change():
    book = with_order(ACCEPTED)
    outcome = told(book, MODIFY)
    assert kinds(outcome) == ["ModifyRequested"]
    (request,) = outcome.requests
    assert (type(request), request.price, request.quantity) == (r.VenueModify, 101, None)
    assert (book.order("o-1").price, book.order("o-1").pending) == (100, Pending.MODIFY)
    assert refusal_of(told(book, MODIFY)) is Reason.MODIFY_PENDING


def test_a_cancel_may_go_after_a_modification_and_no_modification_after_a_cancel():
    book = with_order(ACCEPTED)
    told(book, MODIFY)
    assert kinds(told(book, CANCEL)) == ["CancelRequested"]
    assert refusal_of(told(book, MODIFY)) is Reason.CANCEL_PENDING


@pytest.mark.fault(13)
@pytest.mark.parametrize("command", [CANCEL, MODIFY], ids=["cancel", "modify"])
def test_a_command_on_an_unknown_or_closed_order_never_reaches_the_venue(command):
    assert refusal_of(told(blotter(), command)) is Reason.UNKNOWN_ORDER
    assert refusal_of(told(with_order(FILLED), command)) is Reason.ORDER_CLOSED


@pytest.mark.parametrize("command", [CANCEL, MODIFY], ids=["cancel", "modify"])
def test_a_command_that_risk_denied_is_refused_with_its_reason(command):
    book = with_order(ACCEPTED)
    denied = Denied(command.command, Refusal(Reason.PRICE_BAND, "price 101: too far"), NOW, "risk_controller")
    assert refusal_of(told(book, denied)) is Reason.PRICE_BAND
    assert book.order("o-1").pending is Pending.NONE


@pytest.mark.parametrize(
    ("changes", "terms_changes", "reason"),
    [
        pytest.param({"price": "100.0"}, {}, Reason.NOTHING_TO_MODIFY, id="same-price"),
        pytest.param({"price": "100", "quantity": "10.0"}, {}, Reason.NOTHING_TO_MODIFY, id="same-terms"),
        pytest.param(
            {"price": "100"}, {"order_type": OrderType.MARKET, "price": None}, Reason.UNSUPPORTED, id="price-of-market"
        ),
    ],
)
def test_a_modification_without_effect_or_sense_is_refused(changes, terms_changes, reason):
    book = with_order(ACCEPTED, **terms_changes)
    assert refusal_of(told(book, approved(ModifyOrder("o-1", **changes)))) is reason


def test_the_quantity_of_a_market_order_can_be_modified():
    book = with_order(ACCEPTED, order_type=OrderType.MARKET, price=None)
    assert kinds(told(book, approved(ModifyOrder("o-1", quantity="9")))) == ["ModifyRequested"]


def test_while_halted_a_cancel_passes_and_a_modification_does_not():
    book = with_order(ACCEPTED)
    book.gate = book.gate.tripped(halt("lunch"))
    assert refusal_of(told(book, MODIFY)) is Reason.HALTED
    assert kinds(told(book, CANCEL)) == ["CancelRequested"]


def only_created() -> Blotter:
    """A record whose order was written down and not yet sent, as after a crash in between."""
    book = blotter()
    created = event(e.OrderCreated)
    book.commit(Outcome(updates=(e.OrderUpdate(1, created, folded(None, created)),)), NOW)
    return book


def test_an_order_and_its_cancel_end_cancelled_and_never_sent():
    book = only_created()
    outcome = told(book, CANCEL)
    assert (kinds(outcome), outcome.requests) == (["OrderCancelled"], ())
    assert book.order("o-1").state is S.CANCELLED


def test_an_order_that_was_not_sent_takes_new_terms_at_once():
    book = only_created()
    outcome = told(book, MODIFY)
    assert (kinds(outcome), outcome.requests) == (["OrderModified"], ())
    order = book.order("o-1")
    assert (order.state, order.pending, order.price) == (S.PENDING, Pending.NONE, 101)


def test_a_command_that_could_not_be_handled_is_refused():
    assert refusal_of(blotter().decide_unhandled(CANCEL, NOW)) is Reason.INTERNAL_ERROR


@pytest.mark.fault(5)
def test_a_report_moves_its_order_and_a_repeat_is_counted():
    book = with_order()
    assert kinds(told(book, FILLED)) == ["OrderOpened", "OrderFilled"]
    assert told(book, FILLED) == Outcome(repeats=1)
    assert (book.order("o-1").filled_quantity, book.repeats, book.sequence) == (10, 1, 4)


@pytest.mark.fault(11)
def test_a_fill_of_an_order_that_we_denied_is_booked_to_it():
    book = blotter()
    told(book, Denied(terms(), Refusal(Reason.HALTED, "trading is halted"), NOW, "risk_controller"))
    outcome = told(book, FILLED)
    assert [alarm.code for alarm in outcome.alarms] == [AlarmCode.LATE_FILL]
    assert (book.order("o-1").state, book.order("o-1").filled_quantity) == (S.REJECTED, 10)


@pytest.mark.fault(19)
def test_a_fill_of_an_unknown_order_is_booked_to_an_external_order():
    book = blotter()
    item = report(r.VenueFilled, client_order_id="theirs", exchange_order_id="v-3", fill=FILLED.fill)
    outcome = told(book, item)
    assert kinds(outcome) == ["OrderCreated", "OrderSubmitted", "OrderOpened", "OrderFilled"]
    assert [alarm.code for alarm in outcome.alarms] == [AlarmCode.UNKNOWN_ORDER]
    order = book.order("om-1")
    assert (order.strategy_id, order.client_order_id, order.exchange_order_id) == (EXTERNAL, "theirs", "v-3")
    assert (order.state, order.filled_quantity, order.symbol, order.side) == (S.FILLED, 10, "BTC/USDT", Side.BUY)
    assert told(book, item) == Outcome(repeats=1)


@pytest.mark.parametrize("changes", [{"symbol": "ETH/USDT"}, {"side": Side.SELL}], ids=["symbol", "side"])
def test_a_fill_of_another_symbol_or_side_does_not_move_the_order_it_names(changes):
    book = with_order(ACCEPTED)
    stray = report(r.VenueFilled, **changes)
    outcome = told(book, stray)
    assert [alarm.code for alarm in outcome.alarms] == [AlarmCode.UNKNOWN_ORDER]
    assert (book.order("o-1").filled_quantity, book.order("om-1").filled_quantity) == (0, 2)
    assert told(book, stray) == Outcome(repeats=1)
    # The order's own reports still find it.
    assert kinds(told(book, report(r.VenueCancelled))) == ["OrderCancelled"]
    assert book.order("o-1").state is S.CANCELLED


@pytest.mark.parametrize(
    ("name", "change", "filled"),
    [
        ("FillBusted", report(r.VenueFillBusted, execution_id="x-7"), 0),
        ("FillCorrected", report(r.VenueFillCorrected, fill=fill("x-7", "1")), 1),
    ],
)
def test_a_fill_of_the_other_side_is_reversed_where_it_was_booked(name, change, filled):
    book = with_order(ACCEPTED, report(r.VenueFilled, side=Side.SELL, fill=fill("x-7", "2")))
    outcome = told(book, change)
    assert (kinds(outcome), outcome.alarms) == ([name], ())
    ours, external = book.orders()
    assert (ours.side, ours.filled_quantity) == (Side.BUY, 0)
    assert (external.side, external.strategy_id, external.filled_quantity) == (Side.SELL, EXTERNAL, filled)


def test_an_external_order_never_takes_an_id_in_use():
    ids = iter(["o-1", "o-1", "om-1"])
    book = blotter(ids=lambda: next(ids))
    told(book, approved(terms()))
    told(book, report(r.VenueFilled, client_order_id="theirs"))
    assert [order.order_id for order in book.orders()] == ["o-1", "om-1"]


def test_any_other_report_on_an_unknown_order_is_an_alarm_alone():
    outcome = told(blotter(), report(r.VenueCancelled, client_order_id="theirs"))
    assert (outcome.updates, [alarm.code for alarm in outcome.alarms]) == ((), [AlarmCode.UNKNOWN_ORDER])
    assert outcome.alarms[0].order_id == "theirs"


@pytest.mark.fault(30)
def test_one_execution_may_be_that_of_both_orders_of_a_self_trade():
    book = with_order()
    told(book, approved(terms(order_id="o-2", side=Side.SELL)))
    told(book, FILLED)
    told(book, report(r.VenueFilled, client_order_id="o-2", side=Side.SELL, fill=FILLED.fill))
    assert [order.filled_quantity for order in book.orders()] == [10, 10]


@pytest.mark.fault(20)
def test_a_correction_and_a_bust_find_the_execution_and_repeats_of_the_fill_stay_repeats():
    book = with_order(report(r.VenueFilled, fill=fill()))
    # With less filled than it had, it may have been done at the venue, which is asked.
    assert kinds(told(book, report(r.VenueFillCorrected))) == ["FillCorrected", "OrderInDoubt"]
    for content in (fill(), fill(quantity="3")):
        assert told(book, report(r.VenueFilled, fill=content)) == Outcome(repeats=1)
    assert kinds(told(book, report(r.VenueFillBusted))) == ["FillBusted", "OrderInDoubt"]
    assert told(book, report(r.VenueFilled, fill=fill())) == Outcome(repeats=1)
    assert (book.order("o-1").filled_quantity, book.order("o-1").leaves_quantity) == (0, 10)


@pytest.mark.fault(27)
def test_a_contradiction_asks_the_venue():
    book = with_order(FILLED)
    outcome = told(book, report(r.VenueStatus))
    assert kinds(outcome) == ["OrderInDoubt"]
    (query,) = outcome.requests
    assert (type(query), query.client_order_id) == (r.VenueQuery, "o-1")
    # Asked, and it lives there still: nobody here would ever cancel it.
    again = told(book, report(r.VenueStatus))
    assert ([alarm.code for alarm in again.alarms], again.updates) == ([AlarmCode.CONTRADICTION], ())
    assert [(type(item), item.client_order_id) for item in again.requests] == [(r.VenueCancel, "o-1")]
    # Something new that leaves the doubt standing: asked again.
    late = told(book, report(r.VenueFilled, fill=fill("x-2", "1")))
    assert (kinds(late), [type(item) for item in late.requests]) == (["OrderFilled"], [r.VenueQuery])


@pytest.mark.fault(3, 4)
def test_without_an_answer_in_time_an_order_is_in_doubt_and_never_rejected():
    book = with_order(answer_within_ns=SECOND)
    assert book.next_deadline_ns == NOW + SECOND
    assert book.decide_overdue(NOW + SECOND - 1, NOW + SECOND - 1) == Outcome()
    outcome = book.decide_overdue(NOW + SECOND, NOW + SECOND)
    assert kinds(outcome) == ["OrderInDoubt"]
    assert [type(request) for request in outcome.requests] == [r.VenueQuery]
    assert [alarm.code for alarm in outcome.alarms] == [AlarmCode.NO_ANSWER]
    book.commit(outcome, NOW + SECOND)
    assert (book.order("o-1").state, book.order("o-1").in_doubt) == (S.SUBMITTED, True)
    assert book.next_deadline_ns == NOW + 2 * SECOND
    # Asked again for as long as there is no answer.
    book.commit(book.decide_overdue(NOW + 2 * SECOND, NOW + 2 * SECOND), NOW + 2 * SECOND)
    told(book, ACCEPTED)
    assert (book.order("o-1").state, book.order("o-1").in_doubt, book.next_deadline_ns) == (S.OPEN, False, None)


def test_in_another_life_what_has_no_answer_falls_due_by_the_clock_of_that_life():
    book = with_order(answer_within_ns=SECOND)
    book.wait_from(5)
    assert book.next_deadline_ns == 5 + SECOND
    patient = with_order(answer_within_ns=None)
    patient.wait_from(5)
    assert patient.next_deadline_ns is None


def test_all_overdue_orders_are_put_in_doubt_in_one_gapless_sequence():
    book = with_order(answer_within_ns=SECOND)
    told(book, approved(terms(order_id="o-2")), NOW + 1)
    told(book, approved(terms(order_id="o-3")), NOW + 9)
    outcome = book.decide_overdue(NOW + SECOND + 1, NOW + SECOND + 1)
    assert [(update.sequence, update.order.order_id) for update in outcome.updates] == [(7, "o-1"), (8, "o-2")]
    assert [request.client_order_id for request in outcome.requests] == ["o-1", "o-2"]


def test_a_lost_cancel_can_be_asked_for_again_once_the_venue_has_answered():
    book = with_order(ACCEPTED, answer_within_ns=SECOND)
    told(book, CANCEL, NOW + 5)
    assert book.next_deadline_ns == NOW + 5 + SECOND
    book.commit(book.decide_overdue(NOW + 5 + SECOND, NOW + 5 + SECOND), NOW + 5 + SECOND)
    assert kinds(told(book, report(r.VenueStatus))) == ["CancelRejected", "OrderResolved"]
    assert book.next_deadline_ns is None
    assert kinds(told(book, CANCEL)) == ["CancelRequested"]


@pytest.mark.fault(12)
@pytest.mark.parametrize("more", [(), (report(r.VenueFilled, fill=fill("x-1", "4")),)], ids=["nothing", "a fill"])
def test_a_venue_that_calls_a_cancel_too_late_owes_the_end_and_is_asked_for_it(more):
    book = with_order(ACCEPTED, answer_within_ns=SECOND)
    sent = told(book, CANCEL, NOW + 5)
    told(book, report(r.VenueCancelRejected, request_id=sent.requests[0].request_id, reason=Reason.TOO_LATE), NOW + 6)
    for item in more:
        told(book, item, NOW + 7)
    assert book.next_deadline_ns == NOW + 6 + SECOND
    outcome = book.decide_overdue(NOW + 6 + SECOND, NOW + 6 + SECOND)
    assert (kinds(outcome), [type(item) for item in outcome.requests]) == (["OrderInDoubt"], [r.VenueQuery])
    book.commit(outcome, NOW + 6 + SECOND)
    filled = len(more) * 4
    told(book, report(r.VenueStatus, state=S.CANCELLED, filled_quantity=filled), NOW + 6 + SECOND)
    assert (book.order("o-1").state, book.next_deadline_ns) == (S.CANCELLED, None)


@pytest.mark.parametrize("end", [FILLED, report(r.VenueCancelled)], ids=["filled", "cancelled"])
def test_a_venue_that_has_told_of_the_end_owes_nothing(end):
    book = with_order(ACCEPTED, answer_within_ns=SECOND)
    sent = told(book, CANCEL)
    told(book, report(r.VenueCancelRejected, request_id=sent.requests[0].request_id, reason=Reason.TOO_LATE))
    told(book, end)
    assert book.next_deadline_ns is None


def test_a_cancel_refused_after_the_end_was_told_asks_for_nothing_more():
    book = with_order(ACCEPTED, answer_within_ns=SECOND)
    sent = told(book, CANCEL)
    told(book, FILLED)
    told(book, report(r.VenueCancelRejected, request_id=sent.requests[0].request_id, reason=Reason.TOO_LATE))
    assert book.next_deadline_ns is None


@pytest.mark.parametrize("state", [S.OPEN, S.FILLED], ids=["live", "closed"])
def test_a_doubt_has_a_deadline_even_when_no_request_is_in_flight(state):
    book = with_order(*([ACCEPTED] if state is S.OPEN else [FILLED]), answer_within_ns=SECOND)
    assert book.next_deadline_ns is None
    book.commit(book.decide_set_aside(report(r.VenueCancelled), NOW), NOW)
    assert book.order("o-1").in_doubt
    assert book.next_deadline_ns == NOW + SECOND
    told(book, report(r.VenueStatus, state=state))
    assert (book.order("o-1").in_doubt, book.next_deadline_ns) == (False, None)


def test_a_partial_fill_leaves_the_deadline_of_a_cancel():
    book = with_order(ACCEPTED, answer_within_ns=SECOND)
    told(book, CANCEL)
    told(book, report(r.VenueFilled), NOW + 7)
    assert book.next_deadline_ns == NOW + SECOND
    told(book, report(r.VenueCancelled))
    assert book.next_deadline_ns is None


def test_a_report_that_was_set_aside_puts_its_order_in_doubt():
    book = with_order(ACCEPTED)
    outcome = book.decide_set_aside(FILLED, NOW)
    (update,) = outcome.updates
    assert (update.event.reason, update.order.in_doubt) == (Reason.REPORT_SET_ASIDE, True)
    assert [type(request) for request in outcome.requests] == [r.VenueQuery]
    assert blotter().decide_set_aside(ACCEPTED, NOW) == Outcome()


def test_every_stored_order_is_the_fold_of_its_stream():
    book = blotter()
    outcomes = [told(book, item) for item in (approved(terms()), ACCEPTED, report(r.VenueFilled), CANCEL, FILLED)]
    stream = [update for outcome in outcomes for update in outcome.updates]
    assert [update.sequence for update in stream] == list(range(1, len(stream) + 1))
    assert folded(None, *(update.event for update in stream)) == book.order("o-1") == stream[-1].order


@pytest.mark.fault(20)
@pytest.mark.parametrize("known", [True, False], ids=["of an order of ours", "of nobody's"])
def test_a_bust_that_comes_before_its_fill_reverses_it_when_it_comes(known):
    book = with_order(ACCEPTED) if known else blotter()
    early = told(book, report(r.VenueFillBusted, execution_id="x-7"))
    assert (early.updates, len(early.alarms)) == ((), 1)
    outcome = told(book, report(r.VenueFilled, fill=fill("x-7")))
    asked = ["OrderInDoubt"] if known else []
    assert kinds(outcome)[-2 - len(asked) :] == ["OrderFilled", "FillBusted", *asked]
    order = outcome.updates[-1].order
    assert (order.filled_quantity, order.filled_notional, order.fees_paid, order.fills) == (0, 0, 0, ())
    # Once only: what comes again is a repeat, and another execution stands.
    assert told(book, report(r.VenueFilled, fill=fill("x-7"))).updates == ()
    assert kinds(told(book, report(r.VenueFilled, fill=fill("x-8", "1"))))[-1] == "OrderFilled"


@pytest.mark.fault(20)
def test_a_correction_that_comes_before_its_fill_replaces_it_when_it_comes():
    book = with_order(ACCEPTED)
    told(book, report(r.VenueFillCorrected, fill=fill("x-7", "3", "99")))
    outcome = told(book, report(r.VenueFilled, fill=fill("x-7", "4", "100")))
    assert kinds(outcome) == ["OrderFilled", "FillCorrected", "OrderInDoubt"]
    assert outcome.updates[-1].order.fills == (fill("x-7", "3", "99"),)
