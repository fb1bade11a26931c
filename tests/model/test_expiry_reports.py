"""An expiry that the venue reports, against each request that may be on its way and each report that may cross it."""

from __future__ import annotations

import pytest
from builders import NOW, S, event, fill, folded, order_in, report, stop_terms, terms

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.alarm import AlarmCode
from orderpit.model.kinds import OrderType, Pending, Reason, TimeInForce
from orderpit.model.numbers import exact
from orderpit.model.reporting import Verdict, decide

GTD = terms(time_in_force=TimeInForce.GTD, expire_time_ns=NOW + 5)
LIVE = (S.SUBMITTED, S.OPEN, S.PARTIALLY_FILLED)
CANCEL = (event(e.CancelRequested),)
MODIFY = (event(e.ModifyRequested),)
LONGER = (event(e.ModifyRequested, price=None, quantity=None, expire_time_ns=NOW + 9),)
REQUESTS = {
    "nothing": (),
    "cancel": CANCEL,
    "modification": MODIFY,
    "longer": LONGER,
    "modification-then-cancel": (*MODIFY, *CANCEL),
}
EXPIRED = report(r.VenueExpired, reason=Reason.TIME_IN_FORCE)
ANSWERS = {
    "cancel": report(r.VenueCancelRejected, reason=Reason.TOO_LATE),
    "modification": report(r.VenueModifyRejected, reason=Reason.TOO_LATE),
}


def judged(order, item) -> Verdict:
    return decide(order, item, NOW)


def after(order, *items):
    for item in items:
        order = folded(order, *judged(order, item).events)
    return order


def codes(verdict: Verdict) -> list[AlarmCode]:
    return [alarm.code for alarm in verdict.alarms]


each_request = pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS)
each_state = pytest.mark.parametrize("state", LIVE, ids=lambda state: state.value)


@pytest.mark.fault(31)
@each_state
@each_request
def test_an_order_expires_whatever_is_on_its_way_for_it(state, asked):
    order = order_in(state, *asked, of=GTD)
    verdict = judged(order, EXPIRED)
    expired = folded(order, *verdict.events)
    assert verdict.alarms == ()
    assert (expired.state, expired.pending, expired.reason) == (S.EXPIRED, Pending.NONE, Reason.TIME_IN_FORCE)
    assert expired.filled_quantity == order.filled_quantity
    assert judged(expired, EXPIRED).is_repeat


@pytest.mark.fault(31)
@each_state
def test_a_request_that_the_expiry_overtook_has_its_refusal_once(state):
    for name, answer in ANSWERS.items():
        expired = after(order_in(state, *REQUESTS[name], of=GTD), EXPIRED)
        (refused,) = judged(expired, answer).events
        assert isinstance(refused, e.CancelRejected | e.ModifyRejected)
        assert refused.reason is Reason.TOO_LATE
        refused_once = folded(expired, refused)
        assert refused_once.state is S.EXPIRED
        assert judged(refused_once, answer).is_repeat


@pytest.mark.fault(31)
@each_state
def test_a_refusal_that_overtakes_the_expiry_leaves_the_order_to_it(state):
    for name, answer in ANSWERS.items():
        order = after(order_in(state, *REQUESTS[name], of=GTD), answer)
        assert (order.state, order.pending) == (state, Pending.NONE)
        assert after(order, EXPIRED).state is S.EXPIRED


@pytest.mark.fault(31)
@each_state
def test_both_requests_that_the_expiry_overtook_have_their_refusals(state):
    expired = after(order_in(state, *REQUESTS["modification-then-cancel"], of=GTD), EXPIRED)
    answered = after(expired, *ANSWERS.values())
    assert (answered.state, answered.pending_request_id, answered.overtaken_request_id) == (S.EXPIRED, None, None)


@pytest.mark.fault(31)
def test_a_longer_life_that_was_granted_before_the_end_is_in_force():
    granted = report(r.VenueModified, price=None, quantity=None, expire_time_ns=NOW + 9)
    order = after(order_in(S.OPEN, *LONGER, of=GTD), granted)
    assert (order.expire_time_ns, order.pending) == (NOW + 9, Pending.NONE)
    expired = after(order, EXPIRED)
    assert (expired.state, expired.expire_time_ns) == (S.EXPIRED, NOW + 9)


@pytest.mark.fault(31)
def test_a_modification_that_is_granted_behind_the_expiry_contradicts_it():
    expired = after(order_in(S.OPEN, *MODIFY, of=GTD), EXPIRED)
    verdict = judged(expired, report(r.VenueModified))
    assert codes(verdict) == [AlarmCode.UNEXPECTED_REPORT]
    assert verdict.events == ()


@pytest.mark.fault(11, 31)
@each_state
@each_request
def test_a_fill_that_comes_behind_the_expiry_is_booked(state, asked):
    order = order_in(state, *asked, of=GTD)
    expired = after(order, EXPIRED)
    verdict = judged(expired, report(r.VenueFilled, fill=fill("x-9", "1")))
    late = folded(expired, *verdict.events)
    assert codes(verdict) == [AlarmCode.LATE_FILL]
    assert (late.state, late.late_fill) == (S.EXPIRED, True)
    assert late.filled_quantity == order.filled_quantity + 1


@pytest.mark.fault(31)
@each_state
def test_an_expiry_behind_the_last_fill_changes_nothing_and_is_told(state):
    order = order_in(state, of=GTD)
    rest = exact("rest", order.quantity - order.filled_quantity)
    filled = after(order, report(r.VenueFilled, fill=fill("x-9", rest)))
    verdict = judged(filled, EXPIRED)
    assert (filled.state, codes(verdict), verdict.events) == (S.FILLED, [AlarmCode.UNEXPECTED_REPORT], ())


@pytest.mark.fault(31)
def test_an_expiry_tells_of_a_fill_that_has_not_been_heard_of():
    order = order_in(S.PARTIALLY_FILLED, of=GTD)
    more = report(r.VenueExpired, reason=Reason.TIME_IN_FORCE, filled_quantity="7")
    expired = after(order, more)
    assert (expired.state, expired.in_doubt, expired.venue_filled_quantity) == (S.EXPIRED, True, 7)
    found = after(expired, report(r.VenueFilled, fill=fill("x-9", "3")))
    assert (found.filled_quantity, found.state) == (7, S.EXPIRED)


@pytest.mark.fault(31)
@each_request
def test_a_doubt_about_an_order_ends_with_its_expiry(asked):
    order = order_in(S.OPEN, *asked, event(e.OrderInDoubt), of=GTD)
    assert after(order, EXPIRED).in_doubt is False


@pytest.mark.parametrize("triggered", [False, True], ids=["waiting", "triggered"])
def test_a_stop_expires_before_its_trigger_and_behind_it(triggered):
    of = stop_terms(time_in_force=TimeInForce.DAY)
    order = order_in(S.OPEN, *(event(e.OrderTriggered),) * triggered, of=of)
    expired = after(order, EXPIRED)
    assert (expired.state, expired.triggered) == (S.EXPIRED, triggered)
    assert judged(expired, report(r.VenueTriggered)).is_repeat, "a trigger that the expiry overtook is no news"


@pytest.mark.parametrize(
    ("kind", "state"), [(r.VenueCancelled, S.CANCELLED), (r.VenueExpired, S.EXPIRED)], ids=["cancelled", "expired"]
)
@pytest.mark.parametrize("reason", [Reason.REMAINDER, Reason.FILL_OR_KILL], ids=lambda reason: reason.value)
def test_what_does_not_wait_ends_with_the_reason_and_the_words_of_the_venue(kind, state, reason):
    order = order_in(S.OPEN, of=terms(time_in_force=TimeInForce.FOK))
    ended = after(order, report(kind, reason=reason, text="10 was wanted at once, and 4 was there"))
    assert (ended.state, ended.reason) == (state, reason)
    assert ended.reason_text == "10 was wanted at once, and 4 was there"
    assert ended.order_type is OrderType.LIMIT
