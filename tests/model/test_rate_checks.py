"""Rates, open orders, duplicates and self-crossing, by figures worked out by hand."""

from __future__ import annotations

import pytest

from orderpit.model import reports as r
from orderpit.model.commands import Approved, CancelOrder, ModifyOrder
from orderpit.model.kinds import OrderType, Reason
from orderpit.model.limits import RiskLimits
from orderpit.model.own_order_checks import DuplicateChecks
from orderpit.model.rate_checks import Bucket
from orderpit.model.tying import bracket_of, oco_of, oto_of

from .desks import SECOND, TimedDesk, buy, group, sell

HALF = SECOND // 2


# -- tokens


def test_a_token_comes_back_in_its_time_and_no_nanosecond_before() -> None:
    desk = TimedDesk(RiskLimits(max_orders_per_second=2))
    assert desk.said(buy("a"), at=0) == "approved"
    assert desk.said(buy("b"), at=0) == "approved"
    assert desk.said(buy("c"), at=0) == "ORDER_RATE: orders 3: must be at most 2 per second"
    # After 499,999,999 ns there are 0.999999998 tokens, after 500,000,000 ns there is one.
    assert desk.said(buy("d"), at=HALF - 1) == "ORDER_RATE: orders 2.000000002: must be at most 2 per second"
    assert desk.said(buy("e"), at=HALF) == "approved"
    assert desk.said(buy("f"), at=HALF).startswith("ORDER_RATE")


def test_thirds_of_a_second_are_not_rounded() -> None:
    bucket = Bucket(3)
    for _ in range(3):
        bucket.take(0)
    # A token takes 333,333,333 and a third nanoseconds.
    assert bucket.taken_at(333_333_333) + SECOND == 3 * SECOND + 1
    assert bucket.taken_at(333_333_334) + SECOND == 3 * SECOND - 2
    assert bucket.taken_at(SECOND - 1) == 3
    assert bucket.taken_at(SECOND) == 0
    assert bucket.taken_at(9 * SECOND) == 0, "no more than there are"


def test_time_that_goes_back_gives_no_tokens() -> None:
    desk = TimedDesk(RiskLimits(max_orders_per_second=1))
    assert desk.said(buy("a"), at=SECOND) == "approved"
    assert desk.said(buy("b"), at=0).startswith("ORDER_RATE")
    assert desk.said(buy("c"), at=2 * SECOND - 1).startswith("ORDER_RATE")
    assert desk.said(buy("d"), at=2 * SECOND) == "approved"


def test_a_token_is_not_given_back_to_one_that_takes_at_an_earlier_time() -> None:
    bucket = Bucket(2)
    bucket.take(SECOND)
    bucket.take(0)
    assert (bucket.taken, bucket.time_ns) == (2 * SECOND, SECOND)


def test_what_is_refused_takes_no_token() -> None:
    desk = TimedDesk(RiskLimits(max_orders_per_second=1, max_order_quantity="1"))
    assert desk.said(buy("a", quantity="2")).startswith("MAX_ORDER_QUANTITY")
    assert desk.said(buy("b")) == "approved"


def test_each_kind_has_a_bucket_of_its_own() -> None:
    desk = TimedDesk(RiskLimits(max_orders_per_second=3, max_modifies_per_second=1, max_cancels_per_second=1))
    for order_id in ("a", "b", "c"):
        assert desk.said(buy(order_id)) == "approved"
        desk.report(r.VenueAccepted, order_id)
    assert desk.said(ModifyOrder("a", price="99")) == "approved"
    modified = "MODIFY_RATE: modifications 2: must be at most 1 per second"
    assert desk.said(ModifyOrder("b", price="99")) == modified
    assert desk.said(CancelOrder("b")) == "approved"
    assert desk.said(CancelOrder("c")) == "CANCEL_RATE: cancels 2: must be at most 1 per second"
    assert desk.said(CancelOrder("c"), at=SECOND) == "approved"


def test_of_the_requests_some_are_kept_for_cancels() -> None:
    desk = TimedDesk(RiskLimits(max_requests_per_second=4, cancel_reserve=2))
    for order_id in ("a", "b"):
        assert desk.said(buy(order_id)) == "approved"
        desk.report(r.VenueAccepted, order_id)
    expected = "REQUEST_RATE: requests 3: must be at most 2 per second, with 2 more for cancels"
    assert desk.said(buy("c")) == expected
    assert desk.said(ModifyOrder("a", price="99")) == expected
    assert desk.said(CancelOrder("a")) == "approved"
    assert desk.said(CancelOrder("b")) == "approved"
    assert desk.said(CancelOrder("b")) == "REQUEST_RATE: requests 5: must be at most 4 per second"


@pytest.mark.parametrize(
    ("command", "takes"),
    [
        pytest.param(oco_of((buy("a", "90"), sell("b", "110")), "cancel"), 2, id="both-of-an-oco"),
        pytest.param(oto_of(buy("a", "90"), (sell("b", "110"),)), 1, id="the-first-of-an-oto"),
        pytest.param(
            bracket_of(buy("a", "90"), sell("b", "110"), sell("c", None, stop_price="80")),
            1,
            id="the-entry-of-a-bracket",
        ),
    ],
)
def test_a_group_takes_as_many_as_leave_at_once(command, takes: int) -> None:
    for most in (2, 3):
        desk = TimedDesk(RiskLimits(max_orders_per_second=most))
        desk.ask(buy("z", "80"))
        judged = desk.ask(group(command))
        assert isinstance(judged, Approved) is (1 + takes <= most)
        left = most - 1 - (takes if isinstance(judged, Approved) else 0)
        assert [desk.said(buy(f"y{n}", "70")) for n in range(left)] == ["approved"] * left
        assert desk.said(buy("x", "70")).startswith("ORDER_RATE")


def test_an_order_that_is_held_is_not_refused_for_what_is_taken_already() -> None:
    desk = TimedDesk(RiskLimits(max_orders_per_second=1))
    assert desk.said(group(oto_of(buy("a", "90"), (sell("b", "110"),)))) == "approved"


def test_rates_hold_by_scope_and_what_is_taken_stays_when_limits_change() -> None:
    within = RiskLimits(max_orders_per_second=2, instruments={"ETH/USDT": RiskLimits(max_orders_per_second=1)})
    limits = RiskLimits(
        max_orders_per_second=4,
        strategies={"s": within},
        instruments={"BTC/USDT": RiskLimits(max_orders_per_second=3)},
    )
    desk = TimedDesk(limits)
    assert desk.said(buy("a", symbol="ETH/USDT")) == "approved"
    own = "ORDER_RATE: orders 2: must be at most 1 per second, the limit of s in ETH/USDT"
    assert desk.said(buy("b", symbol="ETH/USDT")) == own
    assert desk.said(buy("c")) == "approved"
    assert desk.said(buy("d")) == "ORDER_RATE: orders 3: must be at most 2 per second, the limit of s"
    assert desk.said(buy("e", source="t")) == "approved"
    assert desk.said(buy("f", source="t")) == "approved"
    assert desk.said(buy("g", source="t")) == "ORDER_RATE: orders 5: must be at most 4 per second"
    desk.limit(RiskLimits(max_orders_per_second=5))
    assert desk.said(buy("h")) == "approved"
    assert desk.said(buy("i")) == "ORDER_RATE: orders 6: must be at most 5 per second"
    # Of fewer tokens no more than all are taken.
    desk.limit(RiskLimits(max_orders_per_second=1))
    assert desk.said(buy("j"), at=SECOND) == "approved"


# -- open orders


def test_orders_are_open_from_their_approval_until_they_have_ended() -> None:
    desk = TimedDesk(RiskLimits(max_open_orders=2))
    assert desk.said(buy("a")) == "approved"
    assert desk.said(buy("b")) == "approved"
    assert desk.said(buy("c")) == "MAX_OPEN_ORDERS: open orders with this one 3: must be at most 2"
    desk.report(r.VenueAccepted, "a")
    assert desk.said(ModifyOrder("a", price="99")) == "approved"
    assert desk.said(CancelOrder("a")) == "approved"
    assert desk.said(buy("d")).startswith("MAX_OPEN_ORDERS"), "a cancel that is asked for closes nothing"
    desk.report(r.VenueCancelled, "a")
    assert desk.said(buy("e")) == "approved"
    desk.filled("b", "1")
    assert desk.said(buy("f")) == "approved"


def test_each_order_of_a_group_is_open() -> None:
    bracket = bracket_of(buy("a", "90"), sell("b", "110"), sell("c", None, stop_price="80"))
    desk = TimedDesk(RiskLimits(max_open_orders=2))
    said = desk.said(group(bracket))
    assert said == "MAX_OPEN_ORDERS: stop loss c: open orders with this one 3: must be at most 2"
    assert desk.said(buy("d")) == "approved", "those before it count no more"
    assert desk.said(buy("e")) == "approved"
    assert TimedDesk(RiskLimits(max_open_orders=3)).said(group(bracket)) == "approved"


def test_open_orders_are_counted_by_scope() -> None:
    own = RiskLimits(max_open_orders=2, instruments={"ETH/USDT": RiskLimits(max_open_orders=1)})
    limits = RiskLimits(strategies={"s": own}, instruments={"BTC/USDT": RiskLimits(max_open_orders=2)})
    desk = TimedDesk(limits)
    assert desk.said(buy("a", symbol="ETH/USDT")) == "approved"
    assert desk.said(buy("b", symbol="ETH/USDT")).endswith("at most 1, the limit of s in ETH/USDT")
    assert desk.said(buy("c")) == "approved"
    assert desk.said(buy("d")).endswith("at most 2, the limit of s")
    assert desk.said(buy("e", source="t")) == "approved"
    assert desk.said(buy("f", source="t")).endswith("at most 2, the limit of BTC/USDT")
    assert desk.said(buy("g", source="t", symbol="ETH/USDT")) == "approved"


# -- duplicates


def test_the_same_order_passes_again_when_the_time_is_over() -> None:
    desk = TimedDesk(RiskLimits(duplicate_within="0.5"))
    assert desk.said(buy("a", tag="one"), at=0) == "approved"
    expected = "DUPLICATE_ORDER: seconds since the same order 0.499999999: must be at least 0.5"
    assert desk.said(buy("b", tag="two"), at=HALF - 1) == expected
    assert desk.said(buy("c"), at=HALF) == "approved"
    assert desk.said(buy("d"), at=HALF + 1).startswith("DUPLICATE_ORDER")


@pytest.mark.parametrize(
    "other",
    [
        sell("b", "100"),
        buy("b", "100.01"),
        buy("b", None),
        buy("b", "100", "1.001"),
        buy("b", "100", symbol="ETH/USDT"),
        buy("b", "100", source="t"),
        buy("b", "100", stop_price="103"),
    ],
    ids=["side", "price", "type", "quantity", "symbol", "strategy", "stop-price"],
)
def test_what_differs_is_no_duplicate(other) -> None:
    desk = TimedDesk(RiskLimits(duplicate_within="1"))
    assert desk.said(buy("a", "100")) == "approved"
    assert desk.said(buy("a2", "100.00", "1.0")).startswith("DUPLICATE_ORDER"), "written otherwise it is the same"
    assert desk.said(other) == "approved"


def test_what_was_refused_is_not_the_first_and_orders_of_one_group_are_not_the_same() -> None:
    desk = TimedDesk(RiskLimits(duplicate_within="1", max_open_orders=2))
    legs = oco_of((buy("a", "90"), buy("b", "90")), "cancel")
    assert desk.said(group(legs)) == "approved"
    assert desk.said(buy("c", "90")).startswith("MAX_OPEN_ORDERS")
    desk.limit(RiskLimits(duplicate_within="1"))
    assert desk.said(buy("d", "90")).startswith("DUPLICATE_ORDER")
    assert desk.said(buy("e", "91")) == "approved"
    desk.report(r.VenueAccepted, "e")
    assert desk.said(ModifyOrder("e", price="90")) == "approved", "a modification is no new order"


def test_only_so_much_is_remembered_as_is_needed() -> None:
    desk = TimedDesk(RiskLimits(duplicate_within="0.5"))
    (duplicates,) = (one for one in desk.risk._checklists.families if isinstance(one, DuplicateChecks))
    for number in range(100):
        assert desk.said(buy(f"o-{number}", str(1 + number % 7)), at=number * HALF) == "approved"
        assert len(duplicates) <= 2
    desk.limit(RiskLimits())
    assert len(duplicates) == 0


# -- trading with oneself

NO_CROSSING = RiskLimits(refuse_self_crossing=True)


def test_a_buy_stays_below_own_sells_and_a_sell_above_own_buys() -> None:
    desk = TimedDesk(NO_CROSSING)
    assert desk.said(sell("a", "105")) == "approved"
    assert desk.said(sell("b", "104")) == "approved"
    expected = "SELF_CROSSING: price {}: must be at most 103.99, below sells that work"
    assert desk.said(buy("c", "104")) == expected.format("104")
    assert desk.said(buy("d", "200")) == expected.format("200")
    assert desk.said(buy("e", None)) == expected.format("104"), "at the market it would meet the sell"
    assert desk.said(buy("f", None, stop_price="110")) == expected.format("104")
    assert desk.said(buy("g", "103.99")) == "approved"
    assert desk.said(sell("h", "103.99")) == "SELF_CROSSING: price 103.99: must be at least 104, above buys that work"
    assert desk.said(sell("i", None)) == "SELF_CROSSING: price 103.99: must be at least 104, above buys that work"
    assert desk.said(buy("j", "200", symbol="ETH/USDT")) == "approved"
    desk.report(r.VenueCancelled, "b")
    assert desk.said(buy("k", "104.99")) == "approved"
    desk.filled("a", "1")
    assert desk.said(buy("l", None)) == "approved"


def test_of_the_account_all_strategies_count_of_a_strategy_its_own() -> None:
    desk = TimedDesk(RiskLimits(strategies={"s": NO_CROSSING}))
    desk.ask(sell("a", "104", source="t"))
    assert desk.said(buy("b", "104")) == "approved"
    assert desk.said(sell("c", "104")).endswith("must be at least 104.01, above buys that work, the limit of s")
    # From here on for all; those that work already count.
    desk.limit(RiskLimits())
    desk.limit(NO_CROSSING)
    assert desk.said(buy("d", "104")).endswith("must be at most 103.99, below sells that work")
    assert desk.said(sell("e", "104", source="u")).endswith("must be at least 104.01, above buys that work")


def test_a_stop_counts_when_it_has_been_triggered() -> None:
    desk = TimedDesk(NO_CROSSING)
    desk.ask(sell("a", "95", stop_price="96"))
    desk.report(r.VenueAccepted, "a")
    assert desk.said(buy("b", "95", symbol="BTC/USDT")) == "approved"
    desk.report(r.VenueCancelled, "b")
    desk.report(r.VenueTriggered, "a")
    assert desk.blotter.order("a").order_type is OrderType.STOP_LIMIT
    assert desk.said(buy("c", "95")).startswith("SELF_CROSSING: price 95: must be at most 94.99")


def test_a_modification_is_held_to_it_and_counts_from_its_approval() -> None:
    desk = TimedDesk(NO_CROSSING)
    desk.ask(sell("a", "105"))
    desk.ask(buy("b", "95"))
    desk.report(r.VenueAccepted, "a")
    desk.report(r.VenueAccepted, "b")
    assert desk.said(ModifyOrder("b", price="105")).startswith("SELF_CROSSING: price 105: must be at most 104.99")
    assert desk.said(ModifyOrder("a", price="95")).startswith("SELF_CROSSING: price 95: must be at least 95.01")
    assert desk.said(ModifyOrder("a", price="100")) == "approved"
    # It may be at 105 or at 100.
    assert desk.said(buy("c", "100")).startswith("SELF_CROSSING: price 100: must be at most 99.99")
    request = desk.blotter.order("a").pending_request_id
    desk.report(r.VenueModifyRejected, "a", request_id=request, reason=Reason.VENUE)
    assert desk.said(buy("d", "100")) == "approved"
    assert desk.said(ModifyOrder("a", quantity="2")) == "approved"


def test_a_modification_that_reaches_no_farther_is_let_pass() -> None:
    desk = TimedDesk(RiskLimits())
    desk.ask(sell("a", "105"))
    desk.ask(buy("b", "106"))
    desk.ask(buy("c", None, stop_price="107"))
    for order_id in ("a", "b", "c"):
        desk.report(r.VenueAccepted, order_id)
    desk.limit(NO_CROSSING)
    assert desk.said(ModifyOrder("b", quantity="2")) == "approved"
    assert desk.said(ModifyOrder("c", stop_price="108")) == "approved"
    assert desk.said(ModifyOrder("a", price="105.01")) == "approved"
    assert desk.said(ModifyOrder("a", price="104.99")).startswith("SELF_CROSSING: price 104.99: must be at least 105")


def test_the_orders_of_a_bracket_do_not_cross_each_other_but_those_of_others() -> None:
    desk = TimedDesk(NO_CROSSING)
    bracket = bracket_of(buy("a", None), sell("b", "110"), sell("c", None, stop_price="80"))
    assert desk.said(group(bracket)) == "approved"
    # The exits of this one are held, and count as if they worked.
    assert desk.said(buy("d", "110")).startswith("SELF_CROSSING: price 110: must be at most 109.99")
    assert desk.said(buy("e", "90")) == "approved"
    second = bracket_of(buy("f", "91"), sell("g", "111"), sell("h", None, stop_price="80"))
    # Its entry would stand at 91, which does not matter to its stop; the buy at 90 does.
    said = desk.said(group(second, "g2"))
    assert said == "SELF_CROSSING: stop loss h: price 90: must be at least 90.01, above buys that work"
    desk.report(r.VenueCancelled, "e")
    assert desk.said(group(second, "g3")) == "approved"
    assert desk.said(buy("i", "90")) == "approved", "a stop that waits stands nowhere"


def test_of_an_oto_neither_crosses_the_other_and_of_an_oco_they_do() -> None:
    desk = TimedDesk(NO_CROSSING)
    assert desk.said(group(oto_of(buy("a", "100"), (sell("b", "100"),)))) == "approved"
    desk = TimedDesk(NO_CROSSING)
    said = desk.said(group(oco_of((buy("a", "100"), sell("b", "100")), "cancel")))
    assert said.startswith("SELF_CROSSING: leg b: price 100: must be at least 100.01")
    assert desk.said(sell("c", "100")) == "approved", "the first leg counts no more"


def test_two_orders_at_one_price_both_count() -> None:
    desk = TimedDesk(NO_CROSSING)
    desk.ask(sell("a", "105"))
    desk.ask(sell("b", "105"))
    desk.report(r.VenueCancelled, "a")
    assert desk.said(buy("c", "105")).startswith("SELF_CROSSING")
    desk.report(r.VenueCancelled, "b")
    assert desk.said(buy("d", "105")) == "approved"
