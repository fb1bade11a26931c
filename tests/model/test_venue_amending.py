"""What the simulated venue refuses to amend, and that what it refuses stays in its place as it was."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_venue import SYMBOL, a_venue, act, modify, said, submit

from orderpit.model import reports as r
from orderpit.model.instructions import Instructions
from orderpit.model.kinds import OrderType, Reason, TimeInForce
from orderpit.model.venue import SimulatedVenue


def refusal(venue: SimulatedVenue, request: r.VenueModify, now: int = 7) -> tuple[Reason, str]:
    before = dict(venue.orders)
    (report,) = venue.request(request, now)
    assert isinstance(report, r.VenueModifyRejected)
    assert dict(venue.orders) == before
    return report.reason, report.text


def test_a_venue_without_an_amend_says_so() -> None:
    venue = a_venue(amends=False)
    act(venue, "quote 99 / 101")
    act(venue, "a BUY 2 limit 100")
    reason, text = refusal(venue, modify("a", "limit", "98"))
    assert (reason, text) == (Reason.UNSUPPORTED, "client_order_id a: this venue amends no orders")


def test_the_stop_price_of_a_trailing_stop_is_the_venues_to_move() -> None:
    venue = a_venue()
    act(venue, "quote 99 / 101")
    trailing = attrs.evolve(
        submit("a", "SELL", "2"),
        order_type=OrderType.TRAILING_STOP,
        instructions=Instructions(trailing_offset=Decimal(2)),
    )
    venue.request(trailing, 7)
    reason, text = refusal(venue, modify("a", "stop", "98"))
    assert (reason, text) == (Reason.UNSUPPORTED, "stop_price 98: that of a TRAILING_STOP order follows the market")


@pytest.mark.parametrize("until", [6, 7])
def test_an_expiry_that_is_over_is_refused(until: int) -> None:
    venue = a_venue()
    act(venue, "quote 99 / 101")
    lasting = attrs.evolve(submit("a", "BUY", "2", "limit", "100"), time_in_force=TimeInForce.GTD, expire_time_ns=9)
    venue.request(lasting, 7)
    assert refusal(venue, modify("a", "until", str(until)))[0] is Reason.EXPIRE_TIME
    (report,) = venue.request(modify("a", "until", "8"), 7)
    assert said(report) == "a now 2 @ 100 until 8"


def test_an_expiry_alone_keeps_the_place() -> None:
    venue = a_venue()
    act(venue, "quote 99 / 110")
    for name in ("a", "b"):
        one = submit(name, "BUY", "1", "limit", "100")
        venue.request(attrs.evolve(one, time_in_force=TimeInForce.GTD, expire_time_ns=90), 7)
    act(venue, "modify a until 80")
    (filled,) = act(venue, "quote 99 / 100x1")
    assert filled.client_order_id == "a"


@pytest.mark.parametrize("stop", ["101", "100.5"], ids=["at the market", "beyond it"])
def test_a_stop_price_on_the_wrong_side_is_refused_and_the_old_one_stands(stop: str) -> None:
    venue = a_venue()
    act(venue, "quote 99 / 101")
    act(venue, "a BUY 2 stop 105")
    assert refusal(venue, modify("a", "stop", stop))[0] is Reason.STOP_PRICE
    assert said(act(venue, "quote 104 / 105")[0]) == "a triggered"


def test_where_such_a_stop_is_triggered_at_once_an_amended_one_is_too() -> None:
    venue = a_venue(wrong_side_stop="trigger")
    act(venue, "quote 99 / 101")
    act(venue, "a BUY 2 stop 105")
    assert [said(report) for report in act(venue, "modify a stop 100")] == [
        "a now 2 stop 100",
        "a triggered",
        "a 2 @ 101 taker fee 0.404",
    ]


TERMS = st.fixed_dictionaries(
    {},
    optional={
        "limit": st.sampled_from(["98", "99", "100", "101"]),
        "quantity": st.sampled_from(["1", "2", "3", "5"]),
        "stop": st.sampled_from(["103", "104", "105"]),
    },
).filter(bool)


@given(
    amends=st.lists(st.tuples(st.sampled_from("abcd"), TERMS), max_size=8),
    size=st.sampled_from(["1", "2", "4", "9"]),
)
def test_the_queue_is_that_of_a_list_in_which_who_loses_priority_goes_to_the_end(
    amends: list[tuple[str, dict[str, str]]], size: str
) -> None:
    venue = a_venue()
    act(venue, "quote 90 / 102")
    limits = {name: ["100", Decimal(2)] for name in "abcd"}
    queue = list("abcd")
    for name in queue:
        act(venue, f"{name} BUY 2 limit 100")
    for name, terms in amends:
        (report,) = venue.request(modify(name, *(word for pair in terms.items() for word in pair)), 7)
        if "stop" in terms:
            assert isinstance(report, r.VenueModifyRejected)
            continue
        price, quantity = terms.get("limit", limits[name][0]), Decimal(terms.get("quantity", limits[name][1]))
        if price != limits[name][0] or quantity > limits[name][1]:  # type: ignore[operator]  # a quantity
            queue.remove(name)
            queue.append(name)
        limits[name] = [price, quantity]
    reached = [name for name in queue if Decimal(limits[name][0]) >= 100]
    reached.sort(key=lambda name: -Decimal(limits[name][0]))
    left, expected = Decimal(size), []
    for name in reached:
        taken = min(left, Decimal(limits[name][1]))
        if taken:
            expected.append((name, taken))
        left -= taken
    reports = act(venue, f"quote 90 / 100x{size}")
    fills = [(one.client_order_id, one.fill.quantity) for one in reports if isinstance(one, r.VenueFilled)]
    assert fills == expected
    assert venue.orders["a"].symbol == SYMBOL
