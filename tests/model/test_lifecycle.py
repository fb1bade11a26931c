"""Every pair of state and event, and what each event does to the facts besides the state."""

from __future__ import annotations

from fractions import Fraction

import pytest
from builders import NOW, ORDER_EVENTS, S, event, fill, folded, number, order_in, terms

from orderpit.model import events as e
from orderpit.model.errors import IllegalTransition
from orderpit.model.kinds import OrderState, Pending, Reason, TimeInForce
from orderpit.model.lifecycle import TRANSITIONS, apply, may_become
from orderpit.model.order import CLOSED, LIVE

# "=" stays, "-" is forbidden. PARTIAL, FILLED and CANCELLED have filled 4, 10 and 4 of 10 as execution x-1.
MATRIX = """
                            none     PENDING    SUBMITTED  OPEN       PARTIAL    FILLED  CANCELLED  REJECTED  EXPIRED
OrderCreated                PENDING  -          -          -          -          -       -          -         -
OrderDenied                 -        REJECTED   -          -          -          -       -          -         -
OrderSubmitted              -        SUBMITTED  -          -          -          -       -          -         -
OrderOpened                 -        -          OPEN       -          -          -       -          -         -
OrderRejected               -        -          REJECTED   REJECTED   -          -       -          -         -
OrderTriggered              -        -          -          =          =          -       -          -         -
OrderFilled/part            -        -          PARTIAL    PARTIAL    =          =       =          =         =
OrderFilled/whole           -        -          FILLED     FILLED     FILLED     =       =          =         =
OrderFilled/too-much        -        -          FILLED     FILLED     FILLED     =       =          =         =
FillBusted                  -        -          -          -          =          =       =          -         -
FillCorrected/down          -        -          -          -          =          =       =          -         -
FillCorrected/to-whole      -        -          -          -          FILLED     =       =          -         -
CancelRequested             -        -          =          =          =          -       -          -         -
CancelRejected              -        =          =          =          =          =       =          =         =
ModifyRequested             -        -          =          =          =          -       -          -         -
OrderReplaced               -        -          -          =          =          -       -          -         -
ModifyRejected              -        =          =          =          =          =       =          =         =
OrderModified/above-filled  -        =          -          =          =          -       -          -         -
OrderModified/to-filled     -        =          -          =          FILLED     -       -          -         -
OrderModified/below-filled  -        =          -          =          FILLED     -       -          -         -
OrderCancelled              -        CANCELLED  CANCELLED  CANCELLED  CANCELLED  -       -          -         -
OrderExpired                -        -          EXPIRED    EXPIRED    EXPIRED    -       -          -         -
OrderInDoubt                -        =          =          =          =          =       =          =         =
OrderResolved               -        =          =          =          =          =       =          =         =
"""

VARIANTS = {
    "OrderFilled/part": event(e.OrderFilled, fill=fill("x-9", "2")),
    "OrderFilled/whole": event(e.OrderFilled, fill=fill("x-9", "10")),
    "OrderFilled/too-much": event(e.OrderFilled, fill=fill("x-9", "12")),
    "FillCorrected/down": event(e.FillCorrected),
    "FillCorrected/to-whole": event(e.FillCorrected, fill=fill(quantity="10")),
    "OrderModified/above-filled": event(e.OrderModified),
    "OrderModified/to-filled": event(e.OrderModified, quantity=number("4")),
    "OrderModified/below-filled": event(e.OrderModified, quantity=number("1")),
}


HEAD, *ROWS = [line.split() for line in MATRIX.strip().splitlines()]
PAIRS = [
    pytest.param(name, state, target, id=f"{state}-{name}")
    for name, *cells in ROWS
    for state, target in zip(HEAD, cells, strict=True)
]


def naming_what_stands(item, order):
    """A bust or a correction of the execution that the order has, where it has one."""
    if order is None or not order.fills:
        return item
    if isinstance(item, e.FillBusted):
        return event(e.FillBusted, fill=order.fills[0])
    if isinstance(item, e.FillCorrected):
        return event(e.FillCorrected, replaced=order.fills[0], fill=item.fill)
    return item


@pytest.mark.parametrize(("name", "state", "target"), PAIRS)
def test_an_event_moves_a_state_as_the_table_says_or_is_refused(name, state, target):
    kind = next(kind for kind in ORDER_EVENTS if kind.__name__ == name.partition("/")[0])
    order = None if state == "none" else order_in(OrderState(state))
    item = naming_what_stands(VARIANTS.get(name) or event(kind), order)
    if target == "-":
        with pytest.raises(IllegalTransition) as caught:
            apply(order, item)
        assert (caught.value.order_id, caught.value.state, caught.value.event) == ("o-1", state, kind.__name__)
        return
    after = apply(order, item)
    assert after.state.value == (state if target == "=" else target)
    if after.state in CLOSED and (order is None or order.state in LIVE):
        assert (after.closed_ns, after.pending) == (NOW, Pending.NONE)
        assert (after.filled_ns == NOW) is after.is_filled
    if order is not None and order.is_closed:
        assert after.closed_ns == order.closed_ns


def test_the_matrix_names_every_state_and_every_event():
    assert ["none", *(state.value for state in OrderState)] == HEAD
    assert {row[0].partition("/")[0] for row in ROWS} == {kind.__name__ for kind in ORDER_EVENTS}


def test_the_table_is_that_of_the_design():
    assert {
        S.PENDING: {S.SUBMITTED, S.REJECTED, S.CANCELLED},
        S.SUBMITTED: {S.OPEN, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED},
        S.OPEN: {S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED},
        S.PARTIALLY_FILLED: {S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.EXPIRED},
        S.FILLED: set(),
        S.CANCELLED: set(),
        S.REJECTED: set(),
        S.EXPIRED: set(),
    } == TRANSITIONS
    assert may_become(S.OPEN, S.FILLED)
    assert not may_become(S.FILLED, S.OPEN)


def test_an_order_begins_with_all_its_terms():
    asked = terms(
        order_type=order_in(S.OPEN).order_type,
        time_in_force=TimeInForce.GTD,
        expire_time_ns=NOW + 1,
        tag="a tag",
        notes="a note",
    )
    order = apply(None, event(e.OrderCreated, terms=asked))
    for name in ("symbol", "side", "order_type", "quantity", "price", "stop_price", "time_in_force", "expire_time_ns"):
        assert getattr(order, name) == getattr(asked, name)
    assert (order.tag, order.notes, order.created_ns) == ("a tag", "a note", NOW)
    assert (order.client_order_id, order.strategy_id, order.fills) == ("o-1", "strategy", ())


@pytest.mark.fault(10)
def test_a_late_fill_is_booked_and_flagged_and_the_state_stays():
    order = order_in(S.CANCELLED)
    after = apply(order, event(e.OrderFilled, fill=fill("x-2", "2", "90")))
    assert (after.state, after.late_fill, order.late_fill) == (S.CANCELLED, True, False)
    assert (after.filled_quantity, after.filled_notional, after.fees_paid) == (6, 580, 2)
    assert (after.leaves_quantity, after.cancelled_quantity, after.excess_quantity) == (0, 4, 0)
    assert [one.execution_id for one in after.fills] == ["x-1", "x-2"]


@pytest.mark.fault(18)
def test_a_fill_beyond_the_quantity_is_booked_as_excess():
    after = order_in(S.PARTIALLY_FILLED, event(e.OrderFilled, fill=fill("x-2", "9")))
    assert (after.state, after.filled_quantity, after.excess_quantity) == (S.FILLED, 13, 3)
    assert (after.remaining_quantity, after.leaves_quantity, after.cancelled_quantity) == (0, 0, 0)


@pytest.mark.fault(9)
def test_a_partial_fill_leaves_the_request_in_flight_alone():
    for asked, pending in ((e.CancelRequested, Pending.CANCEL), (e.ModifyRequested, Pending.MODIFY)):
        after = order_in(S.OPEN, event(asked), event(e.OrderFilled))
        assert (after.state, after.pending) == (S.PARTIALLY_FILLED, pending)


@pytest.mark.fault(12, 15)
@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        pytest.param(e.CancelRequested, e.CancelRejected, id="cancel"),
        pytest.param(e.ModifyRequested, e.ModifyRejected, id="modify"),
    ],
)
@pytest.mark.parametrize("state", [S.SUBMITTED, S.OPEN, S.PARTIALLY_FILLED])
def test_a_refused_request_restores_nothing_but_pending(asked, refused, state):
    order = order_in(state)
    assert folded(order, event(asked), event(refused)) == order


@pytest.mark.fault(16)
def test_a_refusal_of_an_older_request_does_not_clear_a_newer_one():
    order = order_in(S.OPEN, event(e.CancelRequested, request_id="c-2"))
    assert apply(order, event(e.CancelRejected, request_id="c-1")) == order


def test_a_modification_that_a_cancel_went_after_is_pending_again_once_the_cancel_is_refused():
    order = order_in(S.OPEN, event(e.ModifyRequested), event(e.CancelRequested))
    assert (order.pending, order.pending_request_id, order.overtaken_request_id) == (Pending.CANCEL, "c-1", "m-1")
    again = apply(order, event(e.CancelRejected))
    assert (again.pending, again.pending_request_id, again.overtaken_request_id) == (Pending.MODIFY, "m-1", None)
    assert apply(again, event(e.ModifyRejected)) == order_in(S.OPEN)


@pytest.mark.fault(16)
def test_the_answer_to_an_overtaken_modification_leaves_the_cancel_pending():
    order = order_in(S.OPEN, event(e.ModifyRequested), event(e.CancelRequested))
    modified = apply(order, event(e.OrderModified))
    assert (modified.quantity, modified.pending, modified.overtaken_request_id) == (8, Pending.CANCEL, None)
    refused = apply(order, event(e.ModifyRejected))
    assert (refused.quantity, refused.pending, refused.overtaken_request_id) == (10, Pending.CANCEL, None)


def test_a_second_cancel_keeps_the_overtaken_modification():
    asked = (event(e.ModifyRequested), event(e.CancelRequested), event(e.CancelRequested, request_id="c-2"))
    assert order_in(S.OPEN, *asked).overtaken_request_id == "m-1"


def test_a_request_that_the_end_overtook_is_no_longer_pending_but_still_unanswered():
    order = order_in(S.OPEN, event(e.ModifyRequested), event(e.CancelRequested), event(e.OrderExpired))
    assert (order.pending, order.pending_request_id) == (Pending.NONE, "c-1")
    answered = apply(order, event(e.CancelRejected))
    assert (answered.pending, answered.pending_request_id) == (Pending.NONE, "m-1")
    assert apply(answered, event(e.ModifyRejected)).pending_request_id is None


@pytest.mark.fault(14)
def test_a_modification_counts_what_has_filled():
    order = order_in(S.PARTIALLY_FILLED, event(e.ModifyRequested))
    after = apply(order, event(e.OrderModified, quantity=number("6")))
    assert (after.state, after.quantity, after.leaves_quantity, after.pending) == (
        S.PARTIALLY_FILLED,
        6,
        2,
        Pending.NONE,
    )
    assert after.price == 101


@pytest.mark.fault(14)
@pytest.mark.parametrize("quantity", ["4", "1"], ids=["to", "below"])
def test_a_modification_to_or_below_what_has_filled_makes_that_the_quantity(quantity):
    after = order_in(S.PARTIALLY_FILLED, event(e.OrderModified, quantity=number(quantity)))
    assert (after.state, after.quantity, after.filled_quantity) == (S.FILLED, 4, 4)
    assert (after.leaves_quantity, after.cancelled_quantity, after.excess_quantity) == (0, 0, 0)


def test_an_order_that_was_not_sent_takes_new_terms_as_those_that_will_be_sent():
    after = order_in(S.PENDING, event(e.OrderModified))
    assert (after.state, after.price, after.quantity, after.terms_changed) == (S.PENDING, 101, 8, False)


@pytest.mark.parametrize("term", ["price", "quantity", "stop_price", "expire_time_ns"])
def test_a_modification_of_any_term_says_that_terms_have_changed(term):
    none = {"price": None, "quantity": None}
    value = 8 if term == "expire_time_ns" else number("8")
    assert order_in(S.OPEN, event(e.OrderModified, **none | {term: value})).terms_changed
    assert not order_in(S.OPEN, event(e.OrderModified, **none, exchange_order_id="v-2")).terms_changed


@pytest.mark.fault(17)
def test_a_term_of_none_stays_and_the_venues_id_follows_a_modification():
    order = order_in(S.OPEN)
    after = apply(order, event(e.OrderModified, request_id=None, price=None, quantity=None, exchange_order_id="v-2"))
    assert (after.price, after.quantity, after.exchange_order_id) == (100, 10, "v-2")
    assert apply(after, event(e.OrderModified)).exchange_order_id == "v-2"


@pytest.mark.fault(20)
@pytest.mark.parametrize("state", [S.PARTIALLY_FILLED, S.CANCELLED])
def test_a_bust_reverses_exactly_what_the_fill_booked(state):
    more = fill("x-2", "0.000000000000000001", "1234567.89", fee="0.123456789012345678901234")
    order = order_in(state)
    back = folded(order, event(e.OrderFilled, fill=more), event(e.FillBusted, fill=more))
    facts = ("state", "filled_quantity", "filled_notional", "fees_paid", "fee_currency", "fills")
    assert [getattr(back, name) for name in facts] == [getattr(order, name) for name in facts]


def test_a_bust_of_everything_leaves_a_live_order_partially_filled_with_nothing():
    after = order_in(S.PARTIALLY_FILLED, event(e.FillBusted))
    assert (after.state, after.filled_quantity, after.filled_notional, after.fees_paid) == (S.PARTIALLY_FILLED, 0, 0, 0)
    assert (after.leaves_quantity, after.fee_currency, after.fills, after.average_fill_price) == (10, None, (), 0)


def test_a_bust_reopens_no_closed_order():
    after = order_in(S.FILLED, event(e.FillBusted, fill=fill(quantity="10")))
    assert (after.state, after.leaves_quantity, after.cancelled_quantity) == (S.FILLED, 0, 10)


@pytest.mark.fault(20)
def test_a_correction_replaces_the_execution_in_its_place():
    booked = (event(e.OrderFilled, fill=fill("x-2", "2", "90")),)
    order = order_in(
        S.PARTIALLY_FILLED, *booked, event(e.FillCorrected, fill=fill(quantity="3", price="101", fee="0.5"))
    )
    assert [one.execution_id for one in order.fills] == ["x-1", "x-2"]
    assert (order.filled_quantity, order.filled_notional, order.fees_paid) == (5, 483, number("1.5"))


def test_an_execution_that_does_not_stand_as_said_can_be_neither_busted_nor_corrected():
    order = order_in(S.PARTIALLY_FILLED)
    for item in (
        event(e.FillBusted, fill=fill(price="101")),
        event(e.FillCorrected, replaced=fill("x-2")),
    ):
        with pytest.raises(IllegalTransition):
            apply(order, item)


def test_fees_sum_in_the_currency_of_the_first_fill():
    order = order_in(S.PARTIALLY_FILLED, event(e.OrderFilled, fill=fill("x-2", "1", fee="0.01", fee_currency="BNB")))
    assert (order.fees_paid, order.fee_currency) == (1, "USDT")
    left = apply(order, event(e.FillBusted))
    assert (left.fees_paid, left.fee_currency) == (number("0.01"), "BNB")


def test_doubt_is_a_fact_beside_the_state():
    doubted = order_in(S.OPEN, event(e.OrderInDoubt))
    assert (doubted.state, doubted.in_doubt) == (S.OPEN, True)
    assert apply(doubted, event(e.OrderResolved)) == order_in(S.OPEN)


def test_the_reason_of_the_end_is_kept():
    assert order_in(S.PENDING, event(e.OrderDenied)).reason is Reason.UNKNOWN_SYMBOL
    assert order_in(S.CANCELLED).reason is Reason.REQUESTED
    assert order_in(S.FILLED).reason is None


def test_a_trigger_is_a_fact_beside_the_state():
    assert order_in(S.OPEN, event(e.OrderTriggered)).triggered


def test_ten_thousand_smallest_fills_sum_exactly():
    order = order_in(S.OPEN, of=terms(quantity="0.00000000000001", price="1234567.89"))
    for count in range(10_000):
        order = apply(
            order, event(e.OrderFilled, fill=fill(f"x-{count}", "0.000000000000000001", "1234567.89", fee="0"))
        )
    assert (order.state, order.filled_quantity) == (S.FILLED, number("0.00000000000001"))
    assert Fraction(order.filled_notional) == 10_000 * Fraction("0.000000000000000001") * Fraction("1234567.89")
    assert order.average_fill_price == number("1234567.89")
    assert len(order.fills) == 10_000


def test_the_largest_fill_is_exact():
    most = "999999999999999999.999999999999999999"
    order = order_in(S.OPEN, event(e.OrderFilled, fill=fill("x-1", most, most)), of=terms(quantity=most))
    assert Fraction(order.filled_notional) == Fraction(most) ** 2
    assert order.average_fill_price == number(most)
