"""Why an order has been withdrawn or changed: what we know of it, and the venue's report does not say."""

from __future__ import annotations

import pytest
from builders import NOW, event, folded, order_in, report, terms

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.kinds import OrderState, Pending, Reason
from orderpit.model.reporting import decide

S = OrderState


def reasons(order, item):
    return [said.reason for said in decide(order, item, NOW).events if hasattr(said, "reason")]


@pytest.mark.parametrize("asked", [Reason.REQUESTED, Reason.CONTINGENT])
def test_a_cancel_that_we_asked_for_says_why_we_did(asked):
    order = order_in(S.OPEN, event(e.CancelRequested, reason=asked))
    assert reasons(order, report(r.VenueCancelled, reason=Reason.REQUESTED)) == [asked]


def test_a_cancel_of_the_venues_own_says_what_the_venue_says():
    order = order_in(S.OPEN, event(e.CancelRequested, reason=Reason.CONTINGENT))
    assert reasons(order, report(r.VenueCancelled, reason=Reason.SELF_TRADE)) == [Reason.SELF_TRADE]


def test_a_refused_cancel_is_no_longer_why():
    asked = event(e.CancelRequested, reason=Reason.CONTINGENT)
    order = folded(order_in(S.OPEN, asked), event(e.CancelRejected, request_id=asked.request_id))
    assert (order.pending, order.withdrawn_because) == (Pending.NONE, None)


@pytest.mark.parametrize(
    ("instructions", "told", "why"),
    [
        pytest.param({"post_only": True}, {"price": "99"}, Reason.POST_ONLY, id="slid"),
        pytest.param({"reduce_only": True}, {"quantity": "9"}, Reason.REDUCE_ONLY, id="shortened"),
        pytest.param({}, {"quantity": "9"}, Reason.REQUESTED, id="for no reason that we know"),
    ],
)
def test_an_acknowledgement_of_other_terms_is_told_with_their_reason(instructions, told, why):
    order = order_in(S.SUBMITTED, of=terms(**instructions))
    assert reasons(order, report(r.VenueAccepted, **told)) == [why]
