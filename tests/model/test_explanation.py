"""Why an order is as it is: its checks, its events and what led to them, as text and as data."""

from __future__ import annotations

import json

import pytest
from builders import NOW, event, fill, number, stop_terms, terms

from orderpit.model import events as e
from orderpit.model.explaining import explain
from orderpit.model.judgement import Check, Judgement
from orderpit.model.kinds import Action, Contingency, Liquidity, Reason, Role, TradingState, Trip
from orderpit.model.lifecycle import apply
from orderpit.model.link import Link
from orderpit.model.reports import Fill
from orderpit.model.stories import MOST_OF_ONE, Stories, Story

QUANTITY = Check("max_order_quantity", Reason.MAX_ORDER_QUANTITY, "", "", "quantity")
LONG = Check("max_long", Reason.MAX_LONG, "strategy", "BTC/USDT", "long position with all working orders")
PASSED = Judgement((QUANTITY, LONG), ((number("10"), number("20")), (number("10"), number("15"))))
FAILED = Judgement((QUANTITY, LONG), ((number("10"), number("20")), (number("16"), number("15"))), refused=True)


class Told:
    """A stream of events, numbered, with each order as it stands after them."""

    def __init__(self, most=100):
        self.stories = Stories(most)
        self.orders = {}
        self.sequence = 0

    def tell(self, *events):
        for item in events:
            self.sequence += 1
            order = None
            if not isinstance(item, (e.CommandRefused, *ACCOUNT)):
                order = self.orders[item.order_id] = apply(self.orders.get(item.order_id), item)
            self.stories.on_update(e.OrderUpdate(self.sequence, item, order))
        return self

    def explain(self, order_id="o-1"):
        others = {other: self.stories.of(other) for other in self.orders if other != order_id}
        return explain(order_id, self.stories.of(order_id), others, self.stories.states)


ACCOUNT = (e.CashMoved, e.LimitsChanged, e.TradingStateChanged)


def created(**changes):
    return event(e.OrderCreated, **changes)


def opened():
    return (event(e.OrderSubmitted), event(e.OrderOpened))


def halted(**changes):
    return event(e.TradingStateChanged, **{"text": "loss 5: must be at most 4", "trip": Trip.DAILY_LOSS} | changes)


def texts(told, order_id="o-1"):
    return [happening.text for happening in told.explain(order_id).happenings]


def test_each_check_is_told_with_its_numbers_and_the_last_may_have_refused():
    told = Told().tell(created(judgement=FAILED), event(e.OrderDenied, reason=Reason.MAX_LONG, text="too long"))
    found = told.explain()
    assert [(checked.check.name, checked.passed) for checked in found.checks] == [
        ("max_order_quantity", True),
        ("max_long", False),
    ]
    assert found.summary == "It was refused before it left, MAX_LONG: too long."
    assert found.to_dict()["checks"][1] == {
        "name": "max_long",
        "reason": "MAX_LONG",
        "strategy_id": "strategy",
        "symbol": "BTC/USDT",
        "counts": "long position with all working orders",
        "value": "16",
        "bound": "15",
        "rule": "must be at most 15",
        "passed": False,
    }


def test_the_text_is_read_from_top_to_bottom_and_fits_a_terminal():
    later = event(e.OrderFilled, fill=fill("x-1", "4"), time_ns=NOW + 1_500_000_000)
    told = Told().tell(created(judgement=PASSED), *opened(), later)
    assert str(told.explain()).splitlines() == [
        "Order o-1 of strategy: BUY 10 BTC/USDT @$100.00 (PARTIAL)",
        "  It is PARTIAL; 4 of 10 filled at 100 on average, fees 1 USDT.",
        "",
        "Checks: 2 run, all passed",
        "  passed  max_order_quantity: quantity 10, must be at most 20",
        "  passed  max_long of strategy in BTC/USDT: long position with all working",
        "          orders 10, must be at most 15",
        "",
        "Events, in seconds since 2023-11-14 22:13:20.000000 UTC",
        "     0.000000 #1 test: created by strategy: BUY 10 BTC/USDT LIMIT @ 100 GTC",
        "     0.000000 #2 test: sent to the venue as o-1",
        "     0.000000 #3 test: taken by the venue as v-1",
        "     1.500000 #4 test: filled 4 @ 100, fee 1 USDT; so far 4 of 10 filled at 100",
        "              on average, fees 1 USDT",
    ]


def test_no_line_is_wider_than_eighty_columns():
    told = Told().tell(created(judgement=FAILED), event(e.OrderDenied, text="x" * 200 + " " + "word " * 60))
    told.tell(event(e.CommandRefused, judgement=FAILED), halted())
    assert max(map(len, str(told.explain()).splitlines())) <= 80


def test_the_refusal_of_a_modify_has_its_checks():
    refused = event(e.CommandRefused, command="ModifyOrder", reason=Reason.MAX_LONG, text="no", judgement=FAILED)
    told = Told().tell(created(judgement=PASSED), *opened(), refused)
    last = told.explain().happenings[-1]
    assert (last.text, [checked.passed for checked in last.checks]) == (
        "ModifyOrder of strategy was refused, MAX_LONG: no",
        [True, False],
    )
    assert "REFUSED max_long of strategy in BTC/USDT" in str(told.explain())


def test_a_modify_that_was_let_pass_has_its_checks():
    told = Told().tell(created(), *opened(), event(e.ModifyRequested, judgement=PASSED))
    assert len(told.explain().happenings[-1].checks) == 2


@pytest.mark.parametrize(
    ("value", "bound", "said"),
    [
        pytest.param(None, number("5"), "quantity unknown, as a price is missing, must be at most 5", id="no price"),
        pytest.param(number("5"), None, "quantity 5, there is nothing to hold it to", id="no account"),
    ],
)
def test_what_a_check_could_not_measure_is_said(value, bound, said):
    judgement = Judgement((QUANTITY,), ((value, bound),), refused=True)
    told = Told().tell(created(judgement=judgement), event(e.OrderDenied))
    assert f"REFUSED max_order_quantity: {said}" in " ".join(str(told.explain()).split())
    assert told.explain().to_dict()["checks"][0]["bound"] == (None if bound is None else "5")


@pytest.mark.parametrize(
    ("events", "why"),
    [
        pytest.param((created(), event(e.OrderDenied)), "refused before any limit was looked at", id="terms"),
        pytest.param((created(), *opened()), "no limit applied to it", id="no limits"),
        pytest.param((created(unasked=True), *opened()), "nobody submitted it", id="unasked"),
        pytest.param((event(e.CommandRefused),), "never was an order", id="no order"),
    ],
)
def test_where_there_are_no_checks_it_is_said_why(events, why):
    found = Told().tell(*events).explain()
    assert found.checks == ()
    assert why in found.unchecked
    assert f"Checks: {found.unchecked}" in str(found)


ENDS = {
    "filled": (
        (*opened(), event(e.OrderFilled, fill=fill(quantity="10"))),
        "It was filled completely; 10 of 10 filled at 100 on average, fees 1 USDT.",
    ),
    "working": (opened(), "It is OPEN."),
    "on its way": (opened()[:1], "It is SUBMITTED."),
    "rejected": (
        (*opened()[:1], event(e.OrderRejected, text="closed")),
        "It was refused by the venue, VENUE: closed.",
    ),
    "expired": ((*opened(), event(e.OrderExpired)), "It expired, VENUE."),
    "cancelled": ((*opened(), event(e.OrderCancelled)), "It was cancelled as requested."),
    "cancelled by the venue": (
        (*opened(), event(e.OrderCancelled, reason=Reason.SELF_TRADE)),
        "It was cancelled, SELF_TRADE.",
    ),
    "in doubt": (
        (*opened(), event(e.OrderInDoubt)),
        "It is OPEN; it is in doubt whether the venue has executed more.",
    ),
    "late fill": (
        (*opened(), event(e.OrderCancelled), event(e.OrderFilled, fill=fill())),
        (
            "It was cancelled as requested; 4 of 10 filled at 100 on average, fees 1 USDT; "
            "an execution came after its end."
        ),
    ),
}


@pytest.mark.parametrize(("events", "sentence"), ENDS.values(), ids=ENDS)
def test_one_sentence_says_how_it_ended(events, sentence):
    assert Told().tell(created(), *events).explain().summary == sentence


def test_what_never_was_an_order_is_told_too():
    found = Told().tell(event(e.CommandRefused, text="order_id o-1: is not known")).explain()
    assert found.summary == (
        "It never was an order: CancelOrder of strategy was refused, UNKNOWN_ORDER: order_id o-1: is not known."
    )
    assert (found.order, found.to_dict()["order"]) == (None, None)
    assert str(found).startswith("Order o-1\n")


SAID = {
    "stop": ((event(e.OrderTriggered),), "its stop was reached"),
    "trailing stop": ((event(e.OrderTriggered, stop_price=number("99")),), "its stop was reached at 99"),
    "without an id": ((event(e.OrderOpened, exchange_order_id=None),), "taken by the venue"),
    "as maker": (
        (
            event(
                e.OrderFilled,
                fill=Fill(
                    execution_id="x-1",
                    quantity="3",
                    price="100",
                    fee="0.1",
                    fee_currency="USDT",
                    liquidity=Liquidity.MAKER,
                ),
            ),
        ),
        "filled 3 @ 100 as maker, fee 0.1 USDT; so far 3 of 10 filled at 100 on average, fees 0.1 USDT",
    ),
    "void": (
        (event(e.OrderFilled, fill=fill()), event(e.FillBusted, fill=fill())),
        "execution x-1 of 4 @ 100, fee 1 USDT, was declared void; so far 0 of 10 filled",
    ),
    "corrected": (
        (event(e.OrderFilled, fill=fill()), event(e.FillCorrected)),
        (
            "execution x-1 of 4 @ 100 was corrected to 3 @ 100, fee 1 USDT; "
            "so far 3 of 10 filled at 100 on average, fees 1 USDT"
        ),
    ),
    "cancel": ((event(e.CancelRequested),), "a cancel was sent to the venue"),
    "cancel refused": (
        (event(e.CancelRequested), event(e.CancelRejected)),
        "the venue refused the cancel, TOO_LATE",
    ),
    "modify": ((event(e.ModifyRequested),), "new terms, price 101, quantity 8 went to the venue"),
    "modify by another order": (
        (event(e.ModifyRequested, price=None, reason=Reason.CONTINGENT),),
        "new terms, quantity 8 went to the venue, CONTINGENT",
    ),
    "replace": (
        (event(e.ModifyRequested, replaces=True, stop_price=number("99"), expire_time_ns=NOW),),
        (
            "a cancel, to send it anew with price 101, quantity 8, stop price 99, "
            "until 2023-11-14 22:13:20.000000 UTC went to the venue"
        ),
    ),
    "modify refused": (
        (event(e.ModifyRequested), event(e.ModifyRejected, text="no")),
        "the venue refused the new terms, TOO_LATE: no",
    ),
    "modified": (
        (event(e.ModifyRequested), event(e.OrderModified)),
        "new terms are in force: price 101, quantity 8",
    ),
    "another id": (
        (event(e.OrderModified, request_id=None, price=None, quantity=None, exchange_order_id="v-2"),),
        "new terms are in force: another id at the venue",
    ),
    "doubt": ((event(e.OrderInDoubt, text="no answer in 10 s"),), "in doubt, NO_ANSWER: no answer in 10 s"),
    "resolved": ((event(e.OrderInDoubt), event(e.OrderResolved)), "the doubt is resolved: it is OPEN"),
    "expired": ((event(e.OrderExpired, text="at its time"),), "expired, VENUE: at its time"),
}


@pytest.mark.parametrize(("events", "said"), SAID.values(), ids=SAID)
def test_each_event_is_a_sentence(events, said):
    asked = stop_terms() if isinstance(events[0], e.OrderTriggered) else terms()
    told = Told().tell(created(terms=asked), *opened()[: 1 if isinstance(events[0], e.OrderOpened) else 2], *events)
    assert texts(told)[-1] == said


def test_an_order_sent_anew_is_told():
    asked = event(e.ModifyRequested, replaces=True)
    told = Told().tell(created(), *opened(), asked, event(e.OrderReplaced, filled_quantity=number("0")))
    assert texts(told)[-1] == "sent anew as o-1/2 for 4"


# -- groups


def linked(order_id, role, **changes):
    link = Link(group_id="g", contingency=Contingency.BRACKET, role=role, **changes)
    return created(order_id=order_id, link=link, terms=terms(order_id=order_id))


def of(order_id, kind, **changes):
    return event(kind, order_id=order_id, **changes)


def sent(order_id):
    return (of(order_id, e.OrderSubmitted, client_order_id=order_id), of(order_id, e.OrderOpened))


def bracket_told(*more):
    told = Told().tell(linked("in", Role.ENTRY), linked("up", Role.PROFIT_TARGET), linked("down", Role.STOP_LOSS))
    told.tell(*sent("in"), of("in", e.OrderFilled, fill=fill(quantity="10")))
    return told.tell(*sent("up"), *sent("down"), *more)


def test_what_another_order_of_the_group_has_led_to_is_told_on_both_sides():
    told = bracket_told(
        of("up", e.OrderFilled, fill=fill("x-2", "10", "110")),
        of("down", e.CancelRequested, reason=Reason.CONTINGENT),
        of("down", e.OrderCancelled, reason=Reason.CONTINGENT),
    )
    # The entry's events are 1, 4 to 6; the target's 2, 7, 8 and 11; the stop's 3, 9, 10, 12 and 13.
    down = told.explain("down")
    assert [(happening.sequence, happening.cause) for happening in down.happenings] == [
        (3, ""),
        (9, "in was filled 10 @ 100 (#6)"),
        (10, ""),
        (12, "up was filled 10 @ 110 (#11)"),
        (13, "up was filled 10 @ 110 (#11)"),
    ]
    assert down.summary == "It was cancelled, CONTINGENT, because up was filled 10 @ 110 (#11)."
    effects = {happening.sequence: happening.effects for happening in told.explain("up").happenings}
    assert effects[11] == (
        "down: a cancel was sent to the venue, CONTINGENT (#12)",
        "down: cancelled, CONTINGENT (#13)",
    )
    assert [(other.order_id, other.role) for other in down.relatives] == [("in", "entry"), ("up", "profit target")]
    text = str(down)
    assert "Group g, beside it\n  entry in: FILLED\n  profit target up: FILLED\n" in text
    assert "because up was filled 10 @ 110 (#11)" in text
    assert "so down: cancelled, CONTINGENT (#13)" in str(told.explain("up"))
    assert told.explain("up").to_dict()["relatives"][1] == {
        "order_id": "down",
        "role": "stop loss",
        "state": "CANCELLED",
    }


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        pytest.param(of("up", e.OrderCancelled), "up was cancelled", id="cancelled"),
        pytest.param(of("up", e.OrderExpired), "up was expired", id="expired"),
        pytest.param(
            of("up", e.OrderModified, request_id=None, price=None, reason=Reason.REDUCE_ONLY),
            "up was modified",
            id="modified",
        ),
    ],
)
def test_what_has_led_to_it_need_not_be_a_fill(ending, said):
    told = bracket_told(ending, of("down", e.CancelRequested, reason=Reason.CONTINGENT))
    assert told.explain("down").happenings[-1].cause == f"{said} (#11)"


def test_a_refused_order_and_a_restated_execution_lead_to_something_too():
    told = Told().tell(linked("in", Role.ENTRY), linked("up", Role.PROFIT_TARGET), of("in", e.OrderDenied))
    told.tell(of("up", e.OrderCancelled, reason=Reason.CONTINGENT))
    assert told.explain("up").happenings[-1].cause == "in was refused (#3)"
    told = bracket_told(
        of("in", e.FillBusted, fill=fill(quantity="10")), of("up", e.CancelRequested, reason=Reason.CONTINGENT)
    )
    assert told.explain("up").happenings[-1].cause.startswith("in was restated")


def test_without_what_led_to_it_nothing_is_made_up():
    told = Told().tell(linked("up", Role.PROFIT_TARGET), of("up", e.OrderCancelled, reason=Reason.CONTINGENT))
    assert told.explain("up").happenings[-1].cause == ""
    assert told.explain("up").summary == "It was cancelled, CONTINGENT."


@pytest.mark.parametrize(
    ("contingency", "role", "waits"),
    [
        pytest.param(Contingency.BRACKET, Role.STOP_LOSS, "the fill of its entry", id="bracket"),
        pytest.param(Contingency.OTO, Role.THEN, "the order before it", id="oto"),
    ],
)
def test_an_order_that_waits_for_another_says_so(contingency, role, waits):
    link = Link(group_id="g", contingency=contingency, role=role)
    assert Told().tell(created(link=link)).explain().summary == f"It waits here for {waits}."


def test_an_order_in_place_of_another_names_it():
    told = Told().tell(linked("o-1", Role.STOP_LOSS, replaces="o-0"))
    assert texts(told)[0].endswith(", stop loss of BRACKET g, in place of o-0, which has ended")


def test_of_a_relative_that_only_a_command_has_named_nothing_is_told():
    told = Told().tell(linked("o-1", Role.ENTRY))
    others = {"o-2": Story((e.OrderUpdate(9, event(e.CommandRefused, order_id="o-2"), None),))}
    assert explain("o-1", told.stories.of("o-1"), others).relatives == ()


# -- the trading state


def test_the_trading_state_in_which_it_was_refused_is_told():
    told = Told().tell(halted(), created(), event(e.OrderDenied, reason=Reason.HALTED, text="trading is halted"))
    assert texts(told)[0] == "the trading state went from ACTIVE to HALTED, DAILY_LOSS: loss 5: must be at most 4"


def test_a_change_while_it_lives_is_told_and_what_it_led_to():
    told = Told().tell(created(), *opened(), halted(action=Action.CANCEL_ALL))
    told.tell(event(e.CancelRequested, reason=Reason.TRIPPED), event(e.OrderCancelled, reason=Reason.TRIPPED))
    found = told.explain()
    assert [happening.event for happening in found.happenings][3] == "TradingStateChanged"
    cause = "the trading state went from ACTIVE to HALTED, DAILY_LOSS: loss 5: must be at most 4 (#4)"
    assert [happening.cause for happening in found.happenings][4:] == [cause, cause]
    assert found.summary == f"It was cancelled, TRIPPED, because {cause}."


def test_a_change_after_it_closed_or_of_another_strategy_is_not_told():
    resumed = halted(before=TradingState.HALTED, state=TradingState.ACTIVE)
    told = Told().tell(halted(), resumed, created(), *opened(), halted(strategy_id="other"))
    told.tell(event(e.OrderCancelled, reason=Reason.TRIPPED), halted())
    assert [happening.event for happening in told.explain().happenings] == [
        "OrderCreated",
        "OrderSubmitted",
        "OrderOpened",
        "OrderCancelled",
    ]
    assert told.explain().happenings[-1].cause == ""


def test_a_change_of_its_own_strategy_names_it():
    told = Told().tell(created(), halted(strategy_id="strategy", text=""))
    assert texts(told)[1] == "strategy's trading state went from ACTIVE to HALTED, DAILY_LOSS"


# -- what is kept


def test_the_first_and_the_latest_events_of_one_order_are_kept():
    told = Told().tell(created(judgement=PASSED), *opened())
    told.tell(*(event(e.CommandRefused, text=str(n)) for n in range(MOST_OF_ONE)))
    found = told.explain()
    assert (len(found.happenings), found.left_out, len(found.checks)) == (MOST_OF_ONE + 1, 2, 2)
    assert "  ... 2 events are no longer kept" in str(found).splitlines()
    assert found.to_dict()["events_left_out"] == 2


def test_of_closed_orders_the_first_to_close_loses_its_events_and_keeps_its_checks():
    told = Told(most=6)
    for order_id in ("o-1", "o-2"):
        told.tell(created(order_id=order_id, judgement=PASSED), *(of(order_id, type(item)) for item in opened()))
    told.tell(of("o-2", e.OrderCancelled), of("o-1", e.OrderCancelled))
    assert [len(told.stories.of(order_id).updates) for order_id in ("o-1", "o-2")] == [4, 1]
    found = told.explain("o-2")
    assert (found.left_out, len(found.checks)) == (3, 2)
    assert str(found).endswith("  ... 3 events are no longer kept")


def test_what_comes_after_is_kept_of_an_order_whose_events_are_gone():
    told = Told(most=3).tell(created(), *opened(), event(e.OrderCancelled))
    assert told.explain().left_out == 3
    told.tell(event(e.OrderFilled, fill=fill()))
    assert (len(told.explain().happenings), told.explain().left_out) == (2, 3)


def test_ids_that_were_never_orders_are_forgotten_first_come_first():
    told = Told(most=2)
    told.tell(*(event(e.CommandRefused, order_id=f"o-{n}") for n in range(3)))
    assert [told.stories.of(f"o-{n}") is None for n in range(3)] == [True, False, False]


def test_an_id_that_was_named_before_it_was_an_order_is_kept_while_that_lives():
    told = Told(most=2).tell(event(e.CommandRefused), created())
    told.tell(*(event(e.CommandRefused, order_id=f"x-{n}") for n in range(3)))
    assert [happening.event for happening in told.explain().happenings] == ["OrderCreated"]


def test_commands_on_a_closed_order_do_not_grow_without_bound():
    told = Told(most=5).tell(created(), event(e.OrderDenied))
    told.tell(*(event(e.CommandRefused) for _ in range(20)))
    assert len(told.stories.of("o-1").updates) <= 5


def test_what_concerns_no_order_is_in_no_story():
    told = Told().tell(event(e.CashMoved), event(e.LimitsChanged), event(e.CommandRefused, order_id=""))
    assert told.stories.of("") is None


def test_all_of_it_is_data():
    told = bracket_told(of("up", e.OrderFilled, fill=fill("x-2", "10", "110")), halted())
    for order_id in told.orders:
        assert json.loads(json.dumps(told.explain(order_id).to_dict()))["order_id"] == order_id
