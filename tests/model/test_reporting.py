"""Every pair of state and venue report, decided and applied, on an order that is certain and on one in doubt."""

from __future__ import annotations

import pytest
from builders import NOW, VENUE_REPORTS, S, event, fill, folded, number, order_in, report, stop_terms, terms

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.alarm import AlarmCode
from orderpit.model.kinds import OrderState, OrderType, Pending, Reason, TimeInForce
from orderpit.model.lifecycle import apply
from orderpit.model.reporting import Verdict, decide

REPORTS = {
    "VenueAccepted": report(r.VenueAccepted),
    "VenueAccepted with other terms": report(r.VenueAccepted, price="99", quantity="9"),
    "VenueAccepted with more": report(r.VenueAccepted, quantity="12"),
    "VenueRejected": report(r.VenueRejected),
    "VenueTriggered": report(r.VenueTriggered),
    "VenueFilled in part": report(r.VenueFilled),
    "VenueFilled whole": report(r.VenueFilled, fill=fill("x-9", "10")),
    "VenueFilled again": report(r.VenueFilled, fill=fill()),
    "VenueModified": report(r.VenueModified),
    "VenueModified to what has filled": report(r.VenueModified, quantity="4"),
    "VenueModified to more": report(r.VenueModified, quantity="20"),
    "VenueModified to the same": report(r.VenueModified, quantity=None, price=None),
    "VenueCancelled": report(r.VenueCancelled),
    "VenueExpired": report(r.VenueExpired),
    "VenueCancelRejected": report(r.VenueCancelRejected),
    "VenueCancelRejected not at venue": report(r.VenueCancelRejected, reason=Reason.NOT_AT_VENUE),
    "VenueModifyRejected": report(r.VenueModifyRejected),
    "VenueFillBusted": report(r.VenueFillBusted),
    "VenueFillBusted unknown": report(r.VenueFillBusted, execution_id="x-8"),
    "VenueFillCorrected": report(r.VenueFillCorrected),
    "VenueFillCorrected to more": report(r.VenueFillCorrected, fill=fill(quantity="12")),
    "VenueStatus live": report(r.VenueStatus),
    "VenueStatus filled": report(r.VenueStatus, state=S.FILLED),
    "VenueStatus filled more": report(r.VenueStatus, state=S.OPEN, filled_quantity="11"),
    "VenueStatus cancelled": report(r.VenueStatus, state=S.CANCELLED),
    "VenueStatus rejected": report(r.VenueStatus, state=S.REJECTED),
    "VenueStatus expired": report(r.VenueStatus, state=S.EXPIRED),
    "VenueStatus unknown": report(r.VenueStatus, state=None),
    "VenueStatus gone": report(r.VenueStatus, state=None, complete=True),
}

# What follows from each report in each state: events, then alarms with a "!", then the state, with a "?" for in doubt.
# PARTIAL, FILLED and CANCELLED have filled 4, 10 and 4 of 10 as execution x-1; the order is a limit order.
MEANINGS = """
VenueAccepted
    PENDING    OrderSubmitted OrderOpened !UNEXPECTED_REPORT -> OPEN
    SUBMITTED  OrderOpened -> OPEN
    OPEN       nothing -> OPEN
    PARTIAL    nothing -> PARTIAL
    FILLED     nothing -> FILLED
    CANCELLED  nothing -> CANCELLED
    REJECTED   OrderInDoubt !CONTRADICTION -> REJECTED?
    EXPIRED    nothing -> EXPIRED
VenueAccepted with other terms
    PENDING    OrderSubmitted OrderOpened OrderModified !UNEXPECTED_REPORT !CHANGED_TERMS -> OPEN
    SUBMITTED  OrderOpened OrderModified !CHANGED_TERMS -> OPEN
    OPEN       OrderModified !CHANGED_TERMS -> OPEN
    PARTIAL    OrderModified !CHANGED_TERMS -> PARTIAL
    FILLED     nothing -> FILLED
    CANCELLED  nothing -> CANCELLED
    REJECTED   OrderInDoubt !CONTRADICTION -> REJECTED?
    EXPIRED    nothing -> EXPIRED
VenueAccepted with more
    PENDING    OrderSubmitted OrderOpened OrderModified !UNEXPECTED_REPORT !CHANGED_TERMS -> OPEN
    SUBMITTED  OrderOpened OrderModified !CHANGED_TERMS -> OPEN
    OPEN       OrderModified !CHANGED_TERMS -> OPEN
    PARTIAL    OrderModified !CHANGED_TERMS -> PARTIAL
    FILLED     OrderInDoubt !CONTRADICTION -> FILLED?
    CANCELLED  nothing -> CANCELLED
    REJECTED   OrderInDoubt !CONTRADICTION -> REJECTED?
    EXPIRED    nothing -> EXPIRED
VenueRejected
    PENDING    OrderSubmitted OrderRejected !UNEXPECTED_REPORT -> REJECTED
    SUBMITTED  OrderRejected -> REJECTED
    OPEN       OrderInDoubt !CONTRADICTION -> OPEN?
    PARTIAL    OrderInDoubt !CONTRADICTION -> PARTIAL?
    FILLED     !UNEXPECTED_REPORT -> FILLED
    CANCELLED  !UNEXPECTED_REPORT -> CANCELLED
    REJECTED   nothing -> REJECTED
    EXPIRED    !UNEXPECTED_REPORT -> EXPIRED
VenueTriggered
    PENDING    !UNEXPECTED_REPORT !UNEXPECTED_REPORT -> PENDING
    SUBMITTED  !UNEXPECTED_REPORT -> SUBMITTED
    OPEN       !UNEXPECTED_REPORT -> OPEN
    PARTIAL    !UNEXPECTED_REPORT -> PARTIAL
    FILLED     nothing -> FILLED
    CANCELLED  nothing -> CANCELLED
    REJECTED   nothing -> REJECTED
    EXPIRED    nothing -> EXPIRED
VenueFilled in part
    PENDING    OrderSubmitted OrderOpened OrderFilled !UNEXPECTED_REPORT -> PARTIAL
    SUBMITTED  OrderOpened OrderFilled -> PARTIAL
    OPEN       OrderFilled -> PARTIAL
    PARTIAL    OrderFilled -> PARTIAL
    FILLED     OrderFilled !LATE_FILL !OVERFILL -> FILLED
    CANCELLED  OrderFilled !LATE_FILL -> CANCELLED
    REJECTED   OrderFilled !LATE_FILL -> REJECTED
    EXPIRED    OrderFilled !LATE_FILL -> EXPIRED
VenueFilled whole
    PENDING    OrderSubmitted OrderOpened OrderFilled !UNEXPECTED_REPORT -> FILLED
    SUBMITTED  OrderOpened OrderFilled -> FILLED
    OPEN       OrderFilled -> FILLED
    PARTIAL    OrderFilled !OVERFILL -> FILLED
    FILLED     OrderFilled !LATE_FILL !OVERFILL -> FILLED
    CANCELLED  OrderFilled !LATE_FILL !OVERFILL -> CANCELLED
    REJECTED   OrderFilled !LATE_FILL -> REJECTED
    EXPIRED    OrderFilled !LATE_FILL -> EXPIRED
VenueFilled again
    PENDING    OrderSubmitted OrderOpened OrderFilled !UNEXPECTED_REPORT -> PARTIAL
    SUBMITTED  OrderOpened OrderFilled -> PARTIAL
    OPEN       OrderFilled -> PARTIAL
    PARTIAL    nothing -> PARTIAL
    FILLED     !EXECUTION_CONFLICT -> FILLED
    CANCELLED  nothing -> CANCELLED
    REJECTED   OrderFilled !LATE_FILL -> REJECTED
    EXPIRED    OrderFilled !LATE_FILL -> EXPIRED
VenueModified
    PENDING    OrderSubmitted OrderOpened OrderModified !UNEXPECTED_REPORT !CHANGED_TERMS -> OPEN
    SUBMITTED  OrderOpened OrderModified !CHANGED_TERMS -> OPEN
    OPEN       OrderModified !CHANGED_TERMS -> OPEN
    PARTIAL    OrderModified !CHANGED_TERMS -> PARTIAL
    FILLED     nothing -> FILLED
    CANCELLED  !UNEXPECTED_REPORT -> CANCELLED
    REJECTED   !UNEXPECTED_REPORT -> REJECTED
    EXPIRED    !UNEXPECTED_REPORT -> EXPIRED
VenueModified to what has filled
    PENDING    OrderSubmitted OrderOpened OrderModified !UNEXPECTED_REPORT !CHANGED_TERMS -> OPEN
    SUBMITTED  OrderOpened OrderModified !CHANGED_TERMS -> OPEN
    OPEN       OrderModified !CHANGED_TERMS -> OPEN
    PARTIAL    OrderModified !CHANGED_TERMS -> FILLED
    FILLED     nothing -> FILLED
    CANCELLED  !UNEXPECTED_REPORT -> CANCELLED
    REJECTED   !UNEXPECTED_REPORT -> REJECTED
    EXPIRED    !UNEXPECTED_REPORT -> EXPIRED
VenueModified to more
    PENDING    OrderSubmitted OrderOpened OrderModified !UNEXPECTED_REPORT !CHANGED_TERMS -> OPEN
    SUBMITTED  OrderOpened OrderModified !CHANGED_TERMS -> OPEN
    OPEN       OrderModified !CHANGED_TERMS -> OPEN
    PARTIAL    OrderModified !CHANGED_TERMS -> PARTIAL
    FILLED     OrderInDoubt !CONTRADICTION -> FILLED?
    CANCELLED  !UNEXPECTED_REPORT -> CANCELLED
    REJECTED   !UNEXPECTED_REPORT -> REJECTED
    EXPIRED    !UNEXPECTED_REPORT -> EXPIRED
VenueModified to the same
    PENDING    !UNEXPECTED_REPORT -> PENDING
    SUBMITTED  nothing -> SUBMITTED
    OPEN       nothing -> OPEN
    PARTIAL    nothing -> PARTIAL
    FILLED     nothing -> FILLED
    CANCELLED  !UNEXPECTED_REPORT -> CANCELLED
    REJECTED   !UNEXPECTED_REPORT -> REJECTED
    EXPIRED    !UNEXPECTED_REPORT -> EXPIRED
VenueCancelled
    PENDING    OrderSubmitted OrderCancelled !UNEXPECTED_REPORT -> CANCELLED
    SUBMITTED  OrderCancelled -> CANCELLED
    OPEN       OrderCancelled -> CANCELLED
    PARTIAL    OrderCancelled -> CANCELLED
    FILLED     !UNEXPECTED_REPORT -> FILLED
    CANCELLED  nothing -> CANCELLED
    REJECTED   !UNEXPECTED_REPORT -> REJECTED
    EXPIRED    !UNEXPECTED_REPORT -> EXPIRED
VenueExpired
    PENDING    OrderSubmitted OrderExpired !UNEXPECTED_REPORT -> EXPIRED
    SUBMITTED  OrderExpired -> EXPIRED
    OPEN       OrderExpired -> EXPIRED
    PARTIAL    OrderExpired -> EXPIRED
    FILLED     !UNEXPECTED_REPORT -> FILLED
    CANCELLED  !UNEXPECTED_REPORT -> CANCELLED
    REJECTED   !UNEXPECTED_REPORT -> REJECTED
    EXPIRED    nothing -> EXPIRED
VenueCancelRejected
    PENDING    !UNEXPECTED_REPORT -> PENDING
    SUBMITTED  nothing -> SUBMITTED
    OPEN       nothing -> OPEN
    PARTIAL    nothing -> PARTIAL
    FILLED     nothing -> FILLED
    CANCELLED  nothing -> CANCELLED
    REJECTED   nothing -> REJECTED
    EXPIRED    nothing -> EXPIRED
VenueCancelRejected not at venue
    PENDING    !UNEXPECTED_REPORT -> PENDING
    SUBMITTED  nothing -> SUBMITTED
    OPEN       nothing -> OPEN
    PARTIAL    nothing -> PARTIAL
    FILLED     nothing -> FILLED
    CANCELLED  nothing -> CANCELLED
    REJECTED   nothing -> REJECTED
    EXPIRED    nothing -> EXPIRED
VenueModifyRejected
    PENDING    !UNEXPECTED_REPORT -> PENDING
    SUBMITTED  nothing -> SUBMITTED
    OPEN       nothing -> OPEN
    PARTIAL    nothing -> PARTIAL
    FILLED     nothing -> FILLED
    CANCELLED  nothing -> CANCELLED
    REJECTED   nothing -> REJECTED
    EXPIRED    nothing -> EXPIRED
VenueFillBusted
    PENDING    !UNEXPECTED_REPORT !UNKNOWN_EXECUTION -> PENDING
    SUBMITTED  !UNKNOWN_EXECUTION -> SUBMITTED
    OPEN       !UNKNOWN_EXECUTION -> OPEN
    PARTIAL    FillBusted OrderInDoubt -> PARTIAL?
    FILLED     FillBusted -> FILLED
    CANCELLED  FillBusted -> CANCELLED
    REJECTED   !UNKNOWN_EXECUTION -> REJECTED
    EXPIRED    !UNKNOWN_EXECUTION -> EXPIRED
VenueFillBusted unknown
    PENDING    !UNEXPECTED_REPORT !UNKNOWN_EXECUTION -> PENDING
    SUBMITTED  !UNKNOWN_EXECUTION -> SUBMITTED
    OPEN       !UNKNOWN_EXECUTION -> OPEN
    PARTIAL    !UNKNOWN_EXECUTION -> PARTIAL
    FILLED     !UNKNOWN_EXECUTION -> FILLED
    CANCELLED  !UNKNOWN_EXECUTION -> CANCELLED
    REJECTED   !UNKNOWN_EXECUTION -> REJECTED
    EXPIRED    !UNKNOWN_EXECUTION -> EXPIRED
VenueFillCorrected
    PENDING    !UNEXPECTED_REPORT !UNKNOWN_EXECUTION -> PENDING
    SUBMITTED  !UNKNOWN_EXECUTION -> SUBMITTED
    OPEN       !UNKNOWN_EXECUTION -> OPEN
    PARTIAL    FillCorrected OrderInDoubt -> PARTIAL?
    FILLED     FillCorrected -> FILLED
    CANCELLED  FillCorrected -> CANCELLED
    REJECTED   !UNKNOWN_EXECUTION -> REJECTED
    EXPIRED    !UNKNOWN_EXECUTION -> EXPIRED
VenueFillCorrected to more
    PENDING    !UNEXPECTED_REPORT !UNKNOWN_EXECUTION -> PENDING
    SUBMITTED  !UNKNOWN_EXECUTION -> SUBMITTED
    OPEN       !UNKNOWN_EXECUTION -> OPEN
    PARTIAL    FillCorrected !OVERFILL -> FILLED
    FILLED     FillCorrected !OVERFILL -> FILLED
    CANCELLED  FillCorrected !OVERFILL -> CANCELLED
    REJECTED   !UNKNOWN_EXECUTION -> REJECTED
    EXPIRED    !UNKNOWN_EXECUTION -> EXPIRED
VenueStatus live
    PENDING    OrderSubmitted OrderOpened !UNEXPECTED_REPORT -> OPEN
    SUBMITTED  OrderOpened -> OPEN
    OPEN       nothing -> OPEN
    PARTIAL    nothing -> PARTIAL
    FILLED     OrderInDoubt !CONTRADICTION -> FILLED?
    CANCELLED  OrderInDoubt !CONTRADICTION -> CANCELLED?
    REJECTED   OrderInDoubt !CONTRADICTION -> REJECTED?
    EXPIRED    OrderInDoubt !CONTRADICTION -> EXPIRED?
VenueStatus filled
    PENDING    OrderInDoubt !UNEXPECTED_REPORT !CONTRADICTION -> PENDING?
    SUBMITTED  OrderInDoubt !CONTRADICTION -> SUBMITTED?
    OPEN       OrderInDoubt !CONTRADICTION -> OPEN?
    PARTIAL    OrderInDoubt !CONTRADICTION -> PARTIAL?
    FILLED     nothing -> FILLED
    CANCELLED  OrderInDoubt !CONTRADICTION -> CANCELLED?
    REJECTED   OrderInDoubt !CONTRADICTION -> REJECTED?
    EXPIRED    OrderInDoubt !CONTRADICTION -> EXPIRED?
VenueStatus filled more
    PENDING    OrderInDoubt !UNEXPECTED_REPORT !CONTRADICTION -> PENDING?
    SUBMITTED  OrderInDoubt !CONTRADICTION -> SUBMITTED?
    OPEN       OrderInDoubt !CONTRADICTION -> OPEN?
    PARTIAL    OrderInDoubt !CONTRADICTION -> PARTIAL?
    FILLED     OrderInDoubt !CONTRADICTION -> FILLED?
    CANCELLED  OrderInDoubt !CONTRADICTION -> CANCELLED?
    REJECTED   OrderInDoubt !CONTRADICTION -> REJECTED?
    EXPIRED    OrderInDoubt !CONTRADICTION -> EXPIRED?
VenueStatus cancelled
    PENDING    OrderSubmitted OrderCancelled !UNEXPECTED_REPORT -> CANCELLED
    SUBMITTED  OrderCancelled -> CANCELLED
    OPEN       OrderCancelled -> CANCELLED
    PARTIAL    OrderCancelled -> CANCELLED
    FILLED     !UNEXPECTED_REPORT -> FILLED
    CANCELLED  nothing -> CANCELLED
    REJECTED   !UNEXPECTED_REPORT -> REJECTED
    EXPIRED    !UNEXPECTED_REPORT -> EXPIRED
VenueStatus rejected
    PENDING    OrderSubmitted OrderRejected !UNEXPECTED_REPORT -> REJECTED
    SUBMITTED  OrderRejected -> REJECTED
    OPEN       OrderRejected -> REJECTED
    PARTIAL    OrderInDoubt !CONTRADICTION -> PARTIAL?
    FILLED     !UNEXPECTED_REPORT -> FILLED
    CANCELLED  !UNEXPECTED_REPORT -> CANCELLED
    REJECTED   nothing -> REJECTED
    EXPIRED    !UNEXPECTED_REPORT -> EXPIRED
VenueStatus expired
    PENDING    OrderSubmitted OrderExpired !UNEXPECTED_REPORT -> EXPIRED
    SUBMITTED  OrderExpired -> EXPIRED
    OPEN       OrderExpired -> EXPIRED
    PARTIAL    OrderExpired -> EXPIRED
    FILLED     !UNEXPECTED_REPORT -> FILLED
    CANCELLED  !UNEXPECTED_REPORT -> CANCELLED
    REJECTED   !UNEXPECTED_REPORT -> REJECTED
    EXPIRED    nothing -> EXPIRED
VenueStatus unknown
    PENDING    !UNEXPECTED_REPORT -> PENDING
    SUBMITTED  OrderInDoubt !CONTRADICTION -> SUBMITTED?
    OPEN       OrderInDoubt !CONTRADICTION -> OPEN?
    PARTIAL    OrderInDoubt !CONTRADICTION -> PARTIAL?
    FILLED     nothing -> FILLED
    CANCELLED  nothing -> CANCELLED
    REJECTED   nothing -> REJECTED
    EXPIRED    nothing -> EXPIRED
VenueStatus gone
    PENDING    !UNEXPECTED_REPORT -> PENDING
    SUBMITTED  OrderRejected -> REJECTED
    OPEN       OrderCancelled -> CANCELLED
    PARTIAL    OrderCancelled -> CANCELLED
    FILLED     nothing -> FILLED
    CANCELLED  nothing -> CANCELLED
    REJECTED   nothing -> REJECTED
    EXPIRED    nothing -> EXPIRED
"""

# Whether the report ends the doubt about an order that is in doubt.
DOUBTS = """
                                  PENDING    SUBMITTED  OPEN       PARTIAL    FILLED     CANCELLED  REJECTED   EXPIRED
VenueAccepted                     clears     clears     stays      stays      stays      stays      stays      stays
VenueAccepted-with-other-terms    clears     clears     stays      stays      stays      stays      stays      stays
VenueAccepted-with-more           clears     clears     stays      stays      stays      stays      stays      stays
VenueRejected                     clears     clears     stays      stays      stays      stays      clears     stays
VenueTriggered                    stays      stays      stays      stays      stays      stays      stays      stays
VenueFilled-in-part               clears     clears     clears     clears     stays      stays      stays      stays
VenueFilled-whole                 clears     clears     clears     clears     stays      stays      stays      stays
VenueFilled-again                 clears     clears     clears     stays      stays      stays      stays      stays
VenueModified                     clears     clears     clears     clears     stays      stays      stays      stays
VenueModified-to-what-has-filled  clears     clears     clears     clears     stays      stays      stays      stays
VenueModified-to-more             clears     clears     clears     clears     stays      stays      stays      stays
VenueModified-to-the-same         stays      stays      stays      stays      stays      stays      stays      stays
VenueCancelled                    clears     clears     clears     clears     stays      clears     stays      stays
VenueExpired                      clears     clears     clears     clears     stays      stays      stays      clears
VenueCancelRejected               stays      stays      stays      stays      stays      stays      stays      stays
VenueCancelRejected-not-at-venue  stays      stays      stays      stays      stays      stays      stays      stays
VenueModifyRejected               stays      stays      stays      stays      stays      stays      stays      stays
VenueFillBusted                   stays      stays      stays      stays      stays      stays      stays      stays
VenueFillBusted-unknown           stays      stays      stays      stays      stays      stays      stays      stays
VenueFillCorrected                stays      stays      stays      stays      stays      stays      stays      stays
VenueFillCorrected-to-more        stays      stays      stays      stays      stays      stays      stays      stays
VenueStatus-live                  clears     clears     clears     clears     stays      stays      stays      stays
VenueStatus-filled                stays      stays      stays      stays      clears     stays      stays      stays
VenueStatus-filled-more           stays      stays      stays      stays      stays      stays      stays      stays
VenueStatus-cancelled             clears     clears     clears     clears     clears     clears     clears     clears
VenueStatus-rejected              clears     clears     clears     stays      clears     clears     clears     clears
VenueStatus-expired               clears     clears     clears     clears     clears     clears     clears     clears
VenueStatus-unknown               stays      stays      stays      stays      clears     clears     clears     clears
VenueStatus-gone                  stays      clears     clears     clears     clears     clears     clears     clears
"""


def cells():
    name = ""
    for line in MEANINGS.strip().splitlines():
        if line.startswith(" "):
            state, meaning = line.split(maxsplit=1)
            yield pytest.param(name, state, meaning, id=f"{state}-{name.replace(' ', '-')}")
        else:
            name = line


def judged(order, item) -> Verdict:
    """Decide with the execution that the blotter would look up, and see that the events can be applied."""
    execution_id = getattr(item, "execution_id", None) or getattr(getattr(item, "fill", None), "execution_id", None)
    booked = {one.execution_id: one for one in order.fills}.get(execution_id)
    return decide(order, item, NOW, booked)


def meaning_of(order, item) -> str:
    verdict = judged(order, item)
    after = folded(order, *verdict.events)
    # Events bear our time and the report's source; venue time is data.
    assert {(one.time_ns, one.source, one.order_id) for one in verdict.events} <= {(NOW, item.source, "o-1")}
    assert {(alarm.time_ns, alarm.order_id) for alarm in verdict.alarms} <= {(NOW, "o-1")}
    found = [type(one).__name__ for one in verdict.events] + [f"!{alarm.code.value}" for alarm in verdict.alarms]
    assert verdict.is_repeat is (not found)
    return f"{' '.join(found) or 'nothing'} -> {after.state.value}{'?' if after.in_doubt else ''}"


@pytest.mark.fault(8, 10, 11, 21)
@pytest.mark.parametrize(("name", "state", "meaning"), list(cells()))
def test_a_report_means_in_each_state_what_the_table_says(name, state, meaning):
    assert meaning_of(order_in(OrderState(state)), REPORTS[name]) == meaning


HEAD, *ROWS = [line.split() for line in DOUBTS.strip().splitlines()]


@pytest.mark.parametrize(
    ("name", "state", "effect"),
    [
        pytest.param(name, state, effect, id=f"{state}-{name}")
        for name, *effects in ROWS
        for state, effect in zip(HEAD, effects, strict=True)
    ],
)
def test_a_definite_report_ends_a_doubt_and_no_other_does(name, state, effect):
    order = order_in(OrderState(state), event(e.OrderInDoubt))
    after = folded(order, *judged(order, REPORTS[name.replace("-", " ")]).events)
    assert after.in_doubt is (effect == "stays")


def test_the_tables_name_every_state_and_every_report():
    assert {type(item) for item in REPORTS.values()} == set(VENUE_REPORTS)
    assert {(name, state) for name, state, _ in (cell.values for cell in cells())} == {
        (name, state.value) for name in REPORTS for state in OrderState
    }
    assert [state.value for state in OrderState] == HEAD
    assert [row[0].replace("-", " ") for row in ROWS] == list(REPORTS)


@pytest.mark.parametrize("name", list(REPORTS))
@pytest.mark.parametrize("state", list(OrderState), ids=lambda state: state.value)
def test_a_report_that_comes_twice_changes_nothing_the_second_time(name, state):
    order, item = order_in(state), REPORTS[name]
    once = folded(order, *judged(order, item).events)
    executed = [*order.fills, *([item.fill] if isinstance(item, r.VenueFilled) else [])]
    assert decide(once, item, NOW, next(iter(executed), None)).events == ()


def test_the_late_acknowledgement_of_an_order_opened_by_its_fill_brings_the_venues_id():
    order = order_in(S.SUBMITTED)
    filled = folded(order, *judged(order, REPORTS["VenueFilled in part"]).events)
    assert (filled.state, filled.exchange_order_id) == (S.PARTIALLY_FILLED, None)
    after = folded(filled, *judged(filled, REPORTS["VenueAccepted"]).events)
    assert (after.state, after.exchange_order_id) == (S.PARTIALLY_FILLED, "v-1")
    assert (after.price, after.quantity) == (filled.price, filled.quantity)
    assert judged(after, REPORTS["VenueAccepted"]).is_repeat


def test_a_fill_before_the_acknowledgement_brings_the_venues_id_when_it_has_one():
    verdict = judged(order_in(S.SUBMITTED), report(r.VenueFilled, exchange_order_id="v-7"))
    opened, filled = verdict.events
    assert (type(opened), opened.exchange_order_id, type(filled)) == (e.OrderOpened, "v-7", e.OrderFilled)


@pytest.mark.fault(16, 21)
@pytest.mark.parametrize("state", [S.OPEN, S.FILLED])
def test_a_late_acknowledgement_after_a_modification_does_not_bring_the_old_terms_back(state):
    order = order_in(S.OPEN, event(e.ModifyRequested), event(e.OrderModified))
    filled = event(e.OrderFilled, fill=fill(quantity="8"))
    order = folded(order, *(filled,) * (state is S.FILLED))
    assert order.state is state
    assert judged(order, report(r.VenueAccepted, price="100", quantity="10")).is_repeat


@pytest.mark.fault(8, 21)
def test_terms_acknowledged_late_and_otherwise_than_sent_are_in_force_as_early_ones_are():
    order, item = order_in(S.SUBMITTED), REPORTS["VenueAccepted with other terms"]
    orders = []
    for reports in ((item, REPORTS["VenueFilled in part"]), (REPORTS["VenueFilled in part"], item)):
        after, alarms = order, []
        for each in reports:
            verdict = judged(after, each)
            after, alarms = folded(after, *verdict.events), [*alarms, *verdict.alarms]
        orders.append(after)
        assert [alarm.code for alarm in alarms] == [AlarmCode.CHANGED_TERMS]
        assert judged(after, item).is_repeat, "once adopted, it comes again as a repeat"
    assert orders[0] == orders[1]
    assert (orders[0].price, orders[0].quantity, orders[0].filled_quantity) == (99, 9, 2)


def test_terms_acknowledged_late_stand_until_a_modification_in_flight_is_answered():
    order = order_in(S.PARTIALLY_FILLED, event(e.ModifyRequested))
    order = folded(order, *judged(order, REPORTS["VenueAccepted with other terms"]).events)
    assert (order.price, order.quantity, order.pending) == (99, 9, Pending.MODIFY)
    order = folded(order, *judged(order, report(r.VenueModified)).events)
    assert (order.price, order.quantity, order.pending) == (101, 8, Pending.NONE)
    assert judged(order, REPORTS["VenueAccepted with other terms"]).is_repeat


def test_an_order_acknowledged_late_for_no_more_than_has_filled_is_filled():
    order = order_in(S.PARTIALLY_FILLED)
    after = folded(order, *judged(order, report(r.VenueAccepted, quantity="4")).events)
    assert (after.state, after.quantity) == (S.FILLED, 4)


def test_an_acknowledgement_that_comes_again_after_a_bust_contradicts_nothing():
    order = order_in(S.FILLED, event(e.FillBusted, fill=fill(quantity="10")))
    assert judged(order, report(r.VenueAccepted, quantity="10")).is_repeat


@pytest.mark.fault(21)
def test_terms_acknowledged_otherwise_than_sent_are_in_force():
    order = order_in(S.SUBMITTED)
    after = folded(order, *judged(order, REPORTS["VenueAccepted with other terms"]).events)
    assert (after.price, after.quantity, after.exchange_order_id) == (99, 9, "v-1")


@pytest.mark.fault(21)
@pytest.mark.parametrize(("name", "value"), [("price", "99"), ("quantity", "9")])
def test_one_term_acknowledged_otherwise_than_sent_is_in_force(name, value):
    order = order_in(S.SUBMITTED)
    after = folded(order, *judged(order, report(r.VenueAccepted, **{name: value})).events)
    assert getattr(after, name) == number(value)
    assert (after.price, after.quantity) == (number("99"), 10) if name == "price" else (100, number("9"))


@pytest.mark.parametrize("state", [S.CANCELLED, S.EXPIRED, S.REJECTED], ids=lambda state: state.value)
def test_an_order_found_closed_when_the_venue_was_asked_says_so(state):
    order = order_in(S.OPEN, event(e.OrderInDoubt))
    after = folded(order, *judged(order, report(r.VenueStatus, state=state)).events)
    assert (after.state, after.reason) == (state, Reason.VENUE)


def test_terms_acknowledged_as_sent_are_no_news():
    verdict = judged(order_in(S.SUBMITTED), report(r.VenueAccepted, price="100.0", quantity="10.00"))
    assert [type(item) for item in verdict.events] == [e.OrderOpened]


@pytest.mark.fault(7)
def test_an_execution_with_other_content_keeps_the_first():
    order = order_in(S.PARTIALLY_FILLED)
    verdict = judged(order, report(r.VenueFilled, fill=fill(price="101")))
    assert verdict.events == ()
    assert [alarm.code for alarm in verdict.alarms] == [AlarmCode.EXECUTION_CONFLICT]


def test_a_corrected_execution_repeated_as_it_was_or_as_it_is_changes_nothing():
    order = order_in(S.PARTIALLY_FILLED, event(e.FillCorrected))
    for content in (fill(), fill(quantity="3")):
        assert decide(order, report(r.VenueFilled, fill=content), NOW, booked=fill()).is_repeat
    other = decide(order, report(r.VenueFilled, fill=fill(quantity="2")), NOW, booked=fill())
    assert [alarm.code for alarm in other.alarms] == [AlarmCode.EXECUTION_CONFLICT]


def test_a_busted_execution_is_not_booked_again_and_cannot_be_corrected():
    order = order_in(S.PARTIALLY_FILLED, event(e.FillBusted))
    assert decide(order, report(r.VenueFilled, fill=fill()), NOW, booked=fill()).is_repeat
    assert decide(order, report(r.VenueFillBusted), NOW, booked=fill()).is_repeat
    corrected = decide(order, report(r.VenueFillCorrected), NOW, booked=fill())
    assert (corrected.events, [alarm.code for alarm in corrected.alarms]) == ((), [AlarmCode.UNKNOWN_EXECUTION])


def test_a_correction_to_what_already_stands_is_a_repeat():
    assert judged(order_in(S.PARTIALLY_FILLED), report(r.VenueFillCorrected, fill=fill())).is_repeat


@pytest.mark.parametrize("state", [S.SUBMITTED, S.OPEN, S.PARTIALLY_FILLED])
def test_a_stop_is_triggered_once_and_the_trigger_implies_the_acknowledgement(state):
    order = order_in(state, of=stop_terms())
    after = folded(order, *judged(order, report(r.VenueTriggered)).events)
    assert after.triggered
    assert after.state is (S.OPEN if state is S.SUBMITTED else state)
    assert judged(after, report(r.VenueTriggered)).is_repeat


@pytest.mark.parametrize(
    ("triggered", "meaning"),
    [
        pytest.param(True, "OrderRejected -> REJECTED", id="triggered"),
        pytest.param(False, "OrderInDoubt !CONTRADICTION -> OPEN?", id="waiting"),
    ],
)
def test_only_a_triggered_stop_can_be_refused_after_it_was_acknowledged(triggered, meaning):
    order = order_in(S.OPEN, *(event(e.OrderTriggered),) * triggered, of=stop_terms())
    assert meaning_of(order, report(r.VenueRejected)) == meaning


def test_the_acknowledgement_of_a_refused_stop_is_late_and_that_of_any_other_refused_order_a_contradiction():
    assert judged(order_in(S.REJECTED, of=stop_terms()), report(r.VenueAccepted)).is_repeat
    market = terms(order_type=OrderType.MARKET, price=None)
    assert meaning_of(order_in(S.REJECTED, of=market), report(r.VenueAccepted)).endswith("REJECTED?")


@pytest.mark.parametrize("state", [S.SUBMITTED, S.OPEN, S.PARTIALLY_FILLED])
def test_a_modification_that_was_asked_for_takes_effect_without_alarm(state):
    order = order_in(state, event(e.ModifyRequested))
    verdict = judged(order, report(r.VenueModified, exchange_order_id="v-2"))
    after = folded(order, *verdict.events)
    assert (after.price, after.quantity, after.pending, after.exchange_order_id) == (101, 8, Pending.NONE, "v-2")
    assert verdict.alarms == ()


@pytest.mark.parametrize(
    ("asked", "item", "told"),
    [
        pytest.param(e.CancelRequested, report(r.VenueCancelRejected), e.CancelRejected, id="cancel"),
        pytest.param(e.ModifyRequested, report(r.VenueModifyRejected), e.ModifyRejected, id="modify"),
    ],
)
@pytest.mark.parametrize("end", [None, e.OrderCancelled, e.OrderExpired, e.OrderRejected])
def test_a_refused_request_is_told_once_even_when_the_end_overtook_it(asked, item, told, end):
    order = order_in(S.OPEN, event(asked), *((event(end),) if end else ()))
    verdict = judged(order, item)
    assert ([type(one) for one in verdict.events], verdict.alarms) == ([told], ())
    after = folded(order, *verdict.events)
    assert (after.state, after.pending, after.price, after.quantity) == (order.state, Pending.NONE, 100, 10)
    assert judged(after, item).is_repeat


@pytest.mark.fault(16)
def test_answers_go_by_the_request_and_never_by_arrival():
    order = order_in(S.OPEN, event(e.ModifyRequested), event(e.CancelRequested))
    verdict = judged(order, report(r.VenueModified))
    assert (verdict.alarms, [type(item) for item in verdict.events]) == ((), [e.OrderModified])
    assert folded(order, *verdict.events).pending is Pending.CANCEL
    refused = judged(order, report(r.VenueModifyRejected))
    assert [type(item) for item in refused.events] == [e.ModifyRejected]
    assert folded(order, *refused.events).pending is Pending.CANCEL


@pytest.mark.fault(12)
def test_a_cancel_refused_because_the_venue_does_not_know_the_order_puts_it_in_doubt():
    order = order_in(S.OPEN, event(e.CancelRequested))
    item = report(r.VenueCancelRejected, reason=Reason.NOT_AT_VENUE)
    assert meaning_of(order, item) == "CancelRejected OrderInDoubt !CONTRADICTION -> OPEN?"
    closed = apply(order, event(e.OrderCancelled))
    assert meaning_of(closed, item) == "CancelRejected -> CANCELLED"


def test_a_lost_cancel_and_a_lost_modification_can_be_made_again():
    order = order_in(S.OPEN, event(e.ModifyRequested), event(e.CancelRequested), event(e.OrderInDoubt))
    verdict = judged(order, report(r.VenueStatus, price="100", quantity="10"))
    assert [type(item) for item in verdict.events] == [e.ModifyRejected, e.CancelRejected, e.OrderResolved]
    assert {item.reason for item in verdict.events[:2]} == {Reason.NO_ANSWER}
    assert folded(order, *verdict.events) == order_in(S.OPEN)


@pytest.mark.parametrize(
    ("terms_in_force", "changes"),
    [
        pytest.param({"price": "101", "quantity": "8"}, (101, 8), id="both"),
        pytest.param({"price": "100", "quantity": "8"}, (100, 8), id="quantity"),
        pytest.param({"price": "101", "quantity": "10"}, (101, 10), id="price"),
    ],
)
@pytest.mark.parametrize("asked", [(e.ModifyRequested,), (e.ModifyRequested, e.CancelRequested)], ids=len)
def test_a_modification_whose_answer_was_lost_is_known_by_the_terms_in_force(terms_in_force, changes, asked):
    order = order_in(S.SUBMITTED, *(event(kind) for kind in asked), event(e.OrderInDoubt))
    verdict = judged(order, report(r.VenueStatus, **terms_in_force))
    after = folded(order, *verdict.events)
    assert verdict.alarms == ()
    assert ((after.price, after.quantity), after.pending, after.in_doubt) == (changes, Pending.NONE, False)


@pytest.mark.parametrize("asked", [(e.ModifyRequested,), (e.ModifyRequested, e.CancelRequested)], ids=len)
@pytest.mark.parametrize("term", ["stop_price", "expire_time_ns"])
def test_a_lost_modification_of_stop_price_or_expiry_is_known_by_the_terms_in_force(term, asked):
    of = stop_terms(time_in_force=TimeInForce.GTD, expire_time_ns=NOW)
    order = order_in(S.OPEN, *(event(kind) for kind in asked), event(e.OrderInDoubt), of=of)
    in_force = {"price": "100", "quantity": "10", "stop_price": "99", "expire_time_ns": NOW}
    new = NOW + 1 if term == "expire_time_ns" else "98"
    verdict = judged(order, report(r.VenueStatus, **in_force | {term: new}))
    after = folded(order, *verdict.events)
    assert (verdict.alarms, after.pending, after.in_doubt) == ((), Pending.NONE, False)
    assert getattr(after, term) == (new if term == "expire_time_ns" else 98)
    lost = judged(order, report(r.VenueStatus, **in_force))
    assert type(lost.events[0]) is e.ModifyRejected


@pytest.mark.parametrize("end", ["trails", "triggered"])
def test_a_stop_price_that_moves_at_the_venue_or_counts_no_more_is_nobodys_change(end):
    trailing = terms(order_type=OrderType.TRAILING_STOP, price=None, trailing_offset="1")
    extra = () if end == "trails" else (event(e.OrderTriggered),)
    order = order_in(S.OPEN, *extra, event(e.OrderInDoubt), of=trailing if end == "trails" else stop_terms())
    price = None if end == "trails" else "100"
    verdict = judged(order, report(r.VenueStatus, price=price, quantity="10", stop_price="97"))
    assert ([type(item) for item in verdict.events], verdict.alarms) == ([e.OrderResolved], ())


def test_a_modification_stays_pending_while_the_venue_does_not_tell_its_terms():
    order = order_in(S.OPEN, event(e.ModifyRequested), event(e.OrderInDoubt))
    after = folded(order, *judged(order, report(r.VenueStatus)).events)
    assert (after.pending, after.in_doubt) == (Pending.MODIFY, False)


def test_terms_that_the_venue_has_and_nobody_asked_for_are_taken_over_with_an_alarm():
    order = order_in(S.OPEN, event(e.OrderInDoubt))
    verdict = judged(order, report(r.VenueStatus, price="99", quantity="10"))
    assert [alarm.code for alarm in verdict.alarms] == [AlarmCode.CHANGED_TERMS]
    assert folded(order, *verdict.events) == order_in(S.OPEN, event(e.OrderModified, price=number("99"), quantity=None))
    assert judged(order_in(S.OPEN), report(r.VenueStatus, price="99", quantity="10")).is_repeat


def test_an_order_found_on_the_terms_that_we_know_is_out_of_doubt_and_nothing_else():
    verdict = judged(order_in(S.OPEN, event(e.OrderInDoubt)), report(r.VenueStatus, price="100", quantity="10"))
    assert ([type(item) for item in verdict.events], verdict.alarms) == ([e.OrderResolved], ())


def test_an_order_found_with_no_more_than_has_filled_is_filled():
    order = order_in(S.PARTIALLY_FILLED, event(e.ModifyRequested), event(e.CancelRequested), event(e.OrderInDoubt))
    after = folded(order, *judged(order, report(r.VenueStatus, price="100", quantity="4")).events)
    assert (after.state, after.quantity, after.in_doubt, after.pending) == (S.FILLED, 4, False, Pending.NONE)


def test_a_request_in_flight_outlives_a_status_that_nobody_was_in_doubt_about():
    assert judged(order_in(S.OPEN, event(e.CancelRequested)), report(r.VenueStatus)).is_repeat


@pytest.mark.parametrize("requests", [(e.ModifyRequested,), (e.ModifyRequested, e.CancelRequested)])
def test_an_order_cut_to_what_had_filled_by_an_amend_without_an_answer_is_found_filled(
    requests: tuple[type, ...],
) -> None:
    order = order_in(S.PARTIALLY_FILLED, *(event(kind) for kind in requests), event(e.OrderInDoubt))
    verdict = judged(order, report(r.VenueStatus, state=S.FILLED, filled_quantity="4"))
    after = folded(order, *verdict.events)
    assert (after.state, after.quantity, after.in_doubt, after.pending) == (S.FILLED, 4, False, Pending.NONE)
    assert verdict.alarms == ()


def test_filled_with_less_than_its_quantity_and_no_amend_on_its_way_stays_in_doubt() -> None:
    order = order_in(S.PARTIALLY_FILLED, event(e.OrderInDoubt))
    after = folded(order, *judged(order, report(r.VenueStatus, state=S.FILLED, filled_quantity="4")).events)
    assert (after.state, after.in_doubt) == (S.PARTIALLY_FILLED, True)


def test_a_status_of_filled_agrees_with_a_closed_order_whose_late_fills_completed_it():
    order = order_in(S.CANCELLED, event(e.OrderFilled, fill=fill("x-2", "6")), event(e.OrderInDoubt))
    after = folded(order, *judged(order, report(r.VenueStatus, state=S.FILLED, filled_quantity="10")).events)
    assert (after.state, after.in_doubt) == (S.CANCELLED, False)


@pytest.mark.fault(3, 22)
def test_an_order_that_a_complete_venue_does_not_know_ends_with_that_reason():
    item = report(r.VenueStatus, state=None, complete=True)
    for state in (S.SUBMITTED, S.OPEN):
        order = order_in(state)
        assert folded(order, *judged(order, item).events).reason is Reason.NOT_AT_VENUE


@pytest.mark.fault(27)
def test_a_contradiction_doubts_once_and_alarms_each_time():
    order = order_in(S.FILLED, event(e.OrderInDoubt))
    verdict = judged(order, report(r.VenueStatus))
    assert (verdict.events, [alarm.code for alarm in verdict.alarms]) == ((), [AlarmCode.CONTRADICTION])


def test_events_carry_our_time_and_the_reports_source_and_alarms_name_the_order():
    verdict = decide(order_in(S.FILLED), report(r.VenueFilled, time_ns=5, source="binance"), NOW + 1)
    assert {(item.time_ns, item.source, item.order_id) for item in verdict.events} == {(NOW + 1, "binance", "o-1")}
    assert {(alarm.time_ns, alarm.order_id) for alarm in verdict.alarms} == {(NOW + 1, "o-1")}
    assert verdict.alarms[1].text == "2 executed with 0 of the order remaining"
    assert number("2") == order_in(S.OPEN, verdict.events[0]).filled_quantity
