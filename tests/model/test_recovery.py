"""What is rebuilt from the entries of a life is what that life knew, and the next one goes on as it would have."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.account import MarginAccount, SpotAccount
from orderpit.model.commands import CancelOrder, ModifyOrder
from orderpit.model.kinds import Action, OrderState, OrderType, Reason, Side, TradingState, Trip
from orderpit.model.limits import RiskLimits, Rule
from orderpit.model.records import EXTERNAL
from orderpit.model.tying import bracket_of, oco_of, oto_of
from orderpit.model.values import changed

from .builders import NOW, fill, report
from .desks import SECOND, buy, group, sell
from .lives import CASH, Life, assert_same

S = OrderState


def plain_orders(life: Life) -> None:
    for order_id, price in (("open", "90"), ("part", "101"), ("filled", "101"), ("sent", "80")):
        life.ask(buy(order_id, price, "2"))
    for order_id in ("open", "part"):
        life.report(r.VenueAccepted, order_id, exchange_order_id=order_id)
    life.filled("part", "0.5")
    life.filled("filled", "2", fee="1")
    life.ask(sell("sold", "100", "1"))
    life.filled("sold", "1", price="100")


def refusals(life: Life) -> None:
    life.ask(buy("costly", "90", "100000"))
    life.ask(buy("unknown", symbol="XRP/USDT"))
    life.ask(CancelOrder("nothing"))
    plain_orders(life)
    life.ask(buy("open", "91"))
    life.report(r.VenueRejected, "sent")


def changes(life: Life) -> None:
    plain_orders(life)
    life.ask(ModifyOrder("open", quantity="3", price="95"))
    life.ask(ModifyOrder("part", quantity="9"))
    life.report(r.VenueModifyRejected, "part", request_id=life.blotter.order("part").pending_request_id)
    life.ask(ModifyOrder("part", quantity="1"))
    request_id = life.blotter.order("part").pending_request_id
    life.report(r.VenueModified, "part", request_id=request_id, price=None, quantity="1")
    life.ask(CancelOrder("sent"))
    life.ask(CancelOrder("sent"))
    life.ask(ModifyOrder("sent", quantity="1"))


def executions(life: Life) -> None:
    plain_orders(life)
    life.report(r.VenueFillBusted, "filled", symbol="BTC/USDT", execution_id="x2")
    life.report(r.VenueCancelled, "open")
    life.filled("open", "1")
    life.report(r.VenueFilled, "nobody-knows")
    life.report(r.VenueStatus, "part", state=S.FILLED, filled_quantity="2")


def brackets(life: Life) -> None:
    for name in ("waiting", "entered", "out"):
        life.ask(
            group(
                bracket_of(buy(None, "100", "2"), sell(None, "120", "2"), sell(None, None, "2", stop_price="90")), name
            )
        )
    for name in ("entered", "out"):
        life.filled(f"{name}-0", "2", price="100")
    life.report(r.VenueAccepted, "entered-1")
    life.filled("out-1", "2", price="120")
    life.ask(group(oco_of((buy(None, "90"), buy(None, "95")), "cancel"), "either"))
    life.filled("either-1", "0.4")
    life.ask(group(oto_of(buy(None, "98"), (sell(None, "110"),)), "then"))
    life.ask(group(oco_of((buy(None, "90", "9000"), buy(None, "95", "9000")), "reduce"), "costly"))
    life.ask(CancelOrder("then-1"))


def payments(life: Life) -> None:
    plain_orders(life)
    life.pay("500", "in")
    life.pay("500", "in")
    life.pay("-70", "out")
    life.pay("-1000000", "too-much")
    life.pay("3", "coins", "BTC")


def limits_changed(life: Life) -> None:
    plain_orders(life)
    life.bound(RiskLimits(max_order_quantity="2", max_long="50"))
    life.ask(buy("large", "90", "3"))
    life.bound(RiskLimits(max_order_quantity="5"))
    life.ask(buy("larger", "90", "3"))


def trips(life: Life) -> None:
    plain_orders(life)
    life.halt("one")
    life.halt("s", Action.REDUCE)
    life.ask(buy("opens", "90"))
    life.halt()
    life.ask(buy("halted", "90"))
    life.resume("one")


def resumed(life: Life) -> None:
    plain_orders(life)
    life.halt("s", Action.FLATTEN)
    life.report(r.VenueCancelled, "open")
    life.resume()
    life.ask(buy("again", "90"))


STORIES = (plain_orders, refusals, changes, executions, brackets, payments, limits_changed, trips, resumed)
KINDS = {
    "netted": {},
    "hedged": {"hedged": True},
    "spot": {"account": SpotAccount()},
    "margin": {"account": MarginAccount(leverage="5", maintenance_margin="0.1")},
    "no amend": {"amends": False},
    "no ties": {"ties": False},
    "no cash": {"cash": None},
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_what_is_rebuilt_is_what_was_known(story, kind):
    life = Life(**kind).price()
    story(life)
    assert_same(life.recovered().priced_as(life).known(), life.known())


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_it_is_the_same_at_every_entry_and_when_it_is_rebuilt_from_what_was_rebuilt(story):
    life = Life().price()
    life.pictures = {}
    story(life)
    assert len(life.pictures) > 5
    for sequence, known in life.pictures.items():
        again = life.recovered(sequence)
        assert_same(again.recovered().priced_as(life).known(), known)


def replaced() -> Life:
    """Return a life on a venue without amend, in which an order was replaced, and part of it filled before."""
    life = Life(amends=False, answer_within_ns=SECOND).price()
    life.ask(buy("o-1", "90", "2"))
    life.filled("o-1", "0.5")
    life.ask(ModifyOrder("o-1", price="95", quantity="3"))
    life.report(r.VenueCancelled, "o-1", reason=Reason.REQUESTED, filled_quantity="0.5")
    assert life.blotter.order("o-1").client_order_id != "o-1"
    return life


def test_an_order_that_was_replaced_is_known_by_each_of_its_names():
    life = replaced()
    again = life.recovered().priced_as(life)
    assert_same(again.known(), life.known())
    second = life.blotter.order("o-1").client_order_id
    again.report(r.VenueFilled, second, fill=fill("y-1", "1"))
    again.report(r.VenueFilled, "o-1", fill=fill("y-2", "0.25"))
    assert again.blotter.order("o-1").filled_quantity == Decimal("1.75")
    assert [order.order_id for order in again.blotter.orders()] == ["o-1"]


# -- the next life goes on


def sent() -> Life:
    life = Life(answer_within_ns=SECOND).price()
    life.ask(buy("o-1", "90", "2", tag="mine"))
    return life


def test_an_order_of_an_earlier_life_is_answered_and_not_made_again():
    again = sent().recovered().price()
    repeated = changed(buy("o-1", "90", "2", tag="mine"), source="s")
    assert again.blotter.decide_command(again.risk.decide(repeated, NOW), NOW).answers == (
        ("s", again.blotter.latest["o-1"]),
    )
    assert again.said(repeated) == "approved"
    assert again.risk.reserved == {"USDT": 180}
    again.ask(buy("o-1", "91", "2", tag="mine"))
    assert again.updates[-1].event.reason is Reason.DUPLICATE_ID
    assert again.risk.reserved == {"USDT": 180}


def test_an_execution_of_an_earlier_life_is_not_booked_again():
    life = sent()
    life.filled("o-1", "0.5")
    again = life.recovered().price()
    one = life.blotter.order("o-1").fills[0]
    again.report(r.VenueFilled, "o-1", fill=one)
    assert again.blotter.order("o-1").filled_quantity == Decimal("0.5")
    again.report(r.VenueFillBusted, "o-1", symbol="BTC/USDT", execution_id=one.execution_id)
    assert again.blotter.net_positions() == {"BTC/USDT": 0}


def test_a_payment_of_an_earlier_life_is_not_made_again():
    life = Life()
    life.pay("500", "t-1")
    again = life.recovered()
    assert again.pay("500", "t-1") is None
    refused = again.pay("501", "t-1")
    assert (type(refused), refused.reason) == (e.CommandRefused, Reason.DUPLICATE_ID)
    assert again.risk.funds.balance("USDT").total == CASH["USDT"] + 500
    assert again.risk.funds.paid == {"USDT": 500}


def test_what_is_withdrawn_was_not_free_and_is_gone():
    life = Life()
    life.pay("-99000", "t-1")
    again = life.recovered().price()
    assert again.risk.funds.balance("USDT").free == 1000
    assert again.pay("-1001", "t-2").reason is Reason.INSUFFICIENT_FUNDS
    assert again.said(buy("o-1", "100", "10.001")).startswith("INSUFFICIENT_FUNDS")


def test_the_time_for_an_answer_counts_from_the_recovery():
    again = sent().recovered(elapsed_ns=5 * SECOND)
    assert again.blotter.next_deadline_ns == 6 * SECOND
    overdue = again.hear(again.blotter.decide_overdue(NOW, 6 * SECOND))
    assert [type(request) for request in overdue.requests] == [r.VenueQuery]
    assert again.blotter.order("o-1").in_doubt


def test_an_answer_to_a_question_of_an_earlier_life_says_nothing():
    life = sent()
    overdue = life.hear(life.blotter.decide_overdue(NOW, SECOND))
    status = report(r.VenueStatus, request_id=overdue.requests[0].request_id, state=None, complete=True)
    again = life.recovered()
    assert again.blotter.decide_report(status, NOW).repeats == 1
    assert life.blotter.decide_report(status, NOW).repeats == 0


def test_each_life_asks_the_venue_for_what_has_happened_since_the_same_moment():
    life = sent()
    began_ns, day_ns = life.now, 24 * 3600 * SECOND
    life.now += 3 * day_ns
    life.pay("500", "t-1")
    for one in (life, life.recovered()):
        (request,) = one.blotter.decide_reconciling(one.now).requests
        assert request.since_ns == began_ns - day_ns


def test_what_was_adopted_or_booked_to_nobody_counts_as_it_did_and_was_never_judged():
    limits = RiskLimits(max_orders_per_second=1)
    life = Life(limits).price()
    life.report(r.VenueFilled, "stray", side=Side.BUY, fill=fill("x-9", "4"))
    asked = life.hear(life.blotter.decide_reconciling(life.now))
    listed = r.VenueOrderListed(
        client_order_id="theirs",
        request_id=asked.requests[0].request_id,
        symbol="BTC/USDT",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity="3",
        price="90",
    )
    life.hear(life.blotter.decide_listed(listed, life.now))
    again = life.recovered().priced_as(life)
    assert_same(again.known(), life.known())
    exposure = again.risk.exposures.of((EXTERNAL, "BTC/USDT"))
    assert (exposure.position, exposure.high) == (4, 7)
    assert again.said(buy("o-1", "90")) == "approved"


def test_a_position_that_was_to_be_closed_is_closed_once():
    life = Life().price()
    life.ask(buy("o-1", "101", "2"))
    life.filled("o-1", "2", price="101")
    life.halt("s", Action.FLATTEN)
    life.hear(life.blotter.decide_clearing(life.now))
    closing = [order for order in life.blotter.orders() if order.order_type is OrderType.MARKET]
    assert [(order.side, order.quantity) for order in closing] == [(Side.SELL, 2)]
    again = life.recovered().priced_as(life)
    assert_same(again.known(), life.known())
    assert again.blotter.decide_clearing(again.now).requests == ()
    again.filled(closing[0].order_id, "2")
    assert again.blotter.net_positions() == {"BTC/USDT": 0}


def test_requests_of_an_earlier_life_count_against_the_rates():
    limits = RiskLimits(max_orders_per_second=3, max_modifies_per_second=1, max_cancels_per_second=1)
    life = Life(limits).price()
    life.ask(buy("one", "90"))
    life.ask(buy("two", "90"))
    life.ask(buy("denied", "90", "100000"))
    life.ask(ModifyOrder("one", price="91"))
    life.ask(CancelOrder("two"))
    again = life.recovered().priced_as(life)
    probes = (buy("three", "90"), buy("four", "90"), ModifyOrder("one", price="92"), CancelOrder("one"))
    said = ["approved", "ORDER_RATE", "MODIFY_RATE", "CANCEL_RATE"]
    for desk in (life, again):
        assert [desk.said(probe).split(":")[0] for probe in probes] == said
    again.now += SECOND
    assert again.said(buy("five", "90")) == "approved"


@pytest.mark.parametrize(
    "terms",
    [{"price": None}, {"price": None, "trailing_offset": Decimal(5), "order_type": OrderType.TRAILING_STOP}],
    ids=["market", "trailing"],
)
def test_what_a_buy_without_a_price_may_cost_is_held_as_soon_as_there_is_one(terms):
    life = Life().price()
    command = changed(buy("o-1", "90", "2"), **{"order_type": OrderType.MARKET} | terms)
    life.ask(command)
    life.ask(buy("o-2", None, "1", symbol="ETH/USDT"))
    life.filled("o-2", "1")
    assert life.risk.reserved["USDT"] > 200
    again = life.recovered()
    assert not again.risk.reserved.get("USDT")
    again.priced_as(life)
    assert again.risk.reserved == life.risk.reserved
    # Once: prices do not move what is held.
    again.price(("100", "110"))
    assert again.risk.reserved == life.risk.reserved
    again.report(r.VenueCancelled, "o-1")
    again.price()
    assert again.risk.reserved == {"USDT": 0}


# -- what has tripped


def losing(life: Life, times: int, name: str = "") -> Life:
    for number in range(times):
        life.ask(buy(f"{name}b{number}", "100"))
        life.filled(f"{name}b{number}", "1", price="100")
        life.ask(sell(f"{name}s{number}", "99"))
        life.filled(f"{name}s{number}", "1", price="99")
    return life


def trips_in(life: Life) -> int:
    return sum(isinstance(update.event, e.TradingStateChanged) for update in life.updates)


RULES = (Rule(on=Trip.CONSECUTIVE_LOSSES, action=Action.REDUCE, limit="2", strategy="s"),)


def test_a_rule_that_has_tripped_does_not_trip_again_for_the_same():
    life = losing(Life(rules=RULES).price(), 3)
    assert trips_in(life) == 1
    again = life.recovered().priced_as(life)
    assert trips_in(again) == 1
    assert again.risk.gate.state_of("s") is TradingState.REDUCING
    again.ask(sell("more", "99"))
    assert trips_in(again) == 1


def test_that_one_rule_has_tripped_says_nothing_of_another():
    others = (*RULES, Rule(on=Trip.CONSECUTIVE_LOSSES, action=Action.REDUCE, limit="4"))
    life = losing(Life(rules=others).price(), 3)
    again = life.recovered().priced_as(life)
    for desk in (life, again):
        losing(desk, 1, "more-")
        assert trips_in(desk) == 1
        # A person lets it lose more.
        desk.resume("s")
        losing(desk, 1, "most-")
        assert desk.risk.gate.state_of() is TradingState.REDUCING


def test_a_rule_that_a_person_has_looked_at_trips_as_far_beyond_as_it_would_have():
    life = losing(Life(rules=RULES).price(), 3)
    life.resume("s")
    again = life.recovered().priced_as(life)
    for desk in (life, again):
        assert desk.risk.gate.state_of("s") is TradingState.ACTIVE
        losing(desk, 2, "more-")
        assert trips_in(desk) == 2, "five losses are three, and two"
        losing(desk, 1, "most-")
        assert trips_in(desk) == 3
        assert desk.risk.gate.state_of("s") is TradingState.REDUCING


def test_a_rule_that_was_within_its_limit_since_trips_anew():
    life = losing(Life(rules=RULES).price(), 3)
    life.resume("s")
    life.ask(buy("b", "100"))
    life.filled("b", "1", price="100")
    life.ask(sell("s", "99"))
    life.filled("s", "1", price="120")
    again = life.recovered().priced_as(life)
    for desk in (life, again):
        losing(desk, 3, "more-")
        assert trips_in(desk) == 3, "two and one more, counted from none"


def test_a_trip_that_was_not_on_record_yet_is_made_good():
    life = losing(Life(rules=RULES).price(), 3)
    at = next(update.sequence for update in life.updates if isinstance(update.event, e.TradingStateChanged))
    again = life.recovered(at - 1)
    assert trips_in(again) == 0
    again.price()
    assert trips_in(again) == 1
    assert again.risk.gate.state_of("s") is TradingState.REDUCING


def test_limits_on_losses_and_refusals_that_a_person_has_looked_at_begin_anew():
    limits = RiskLimits(max_consecutive_losses=2, max_reject_rate="0.5", reject_window=2)
    life = losing(Life(limits).price(), 2)
    assert life.said(buy("x", "100")).startswith("MAX_CONSECUTIVE_LOSSES")
    life.resume()
    again = life.recovered().priced_as(life)
    for desk in (life, again):
        assert desk.said(buy("y", "100")) == "approved"
