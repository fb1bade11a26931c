"""Stories on a venue that has no amend: what happens, and after the arrow what follows and what is sent."""

from __future__ import annotations

from itertools import count

import pytest
from builders import NOW, event, fill, folded, halt, number, order_in, report, terms

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.audit import Ledger, check_venue
from orderpit.model.blotter import Blotter, Outcome
from orderpit.model.commanding import replacement_of
from orderpit.model.commands import Approved, CancelOrder, ModifyOrder
from orderpit.model.kinds import OrderState, OrderType, Pending, Reason, TimeInForce
from orderpit.model.lifecycle import apply
from orderpit.model.numbers import ZERO, plain
from orderpit.model.reporting import decide
from orderpit.model.values import changed
from orderpit.model.venue_order import VenueOrder

S = OrderState


def blotter() -> Blotter:
    numbers = count(1)
    return Blotter(lambda: f"m-{next(numbers)}", 1_000_000_000, amends=False)


def _named(words: list[str]) -> dict[str, str]:
    return dict(zip(words[::2], words[1::2], strict=True))


def command(kind: str, words: list[str]) -> Approved:
    if kind == "cancel":
        return Approved(CancelOrder("o-1", source="strategy"), NOW, "risk_controller")
    return Approved(ModifyOrder("o-1", source="strategy", **_named(words)), NOW, "risk_controller")


def said(kind: str, client_id: str, words: list[str]) -> r.VenueReport:
    """`filled m-2 x 1 4`, `cancelled o-1 filled_quantity 4`: a report on a client id."""
    if kind == "filled":
        quantity, execution_id = words
        return report(r.VenueFilled, client_order_id=client_id, fill=fill(execution_id, quantity))
    if kind == "corrected":
        quantity, execution_id = words
        return report(r.VenueFillCorrected, client_order_id=client_id, fill=fill(execution_id, quantity))
    if kind == "busted":
        return report(r.VenueFillBusted, client_order_id=client_id, execution_id=words[0])
    classes = {
        "accepted": r.VenueAccepted,
        "rejected": r.VenueRejected,
        "triggered": r.VenueTriggered,
        "cancelled": r.VenueCancelled,
        "expired": r.VenueExpired,
        "refused": r.VenueCancelRejected,
        "status": r.VenueStatus,
    }
    named: dict[str, object] = dict(_named(words))
    if kind == "cancelled":
        named = {"reason": "REQUESTED", "filled_quantity": None} | named
    if kind == "status":
        state = named["state"]
        named |= {"state": None if state == "none" else S(state), "request_id": None}
        named["complete"] = named.get("complete") != "no"
    if "reason" in named:
        named["reason"] = Reason(named["reason"])
    return report(classes[kind], client_order_id=client_id, **named)


def follows(outcome: Outcome) -> str:
    words = [type(update.event).__name__.removeprefix("Order") for update in outcome.updates]
    words += [f"!{alarm.code.value}" for alarm in outcome.alarms]
    for request in outcome.requests:
        name = f"{type(request).__name__.removeprefix('Venue').lower()} {request.client_order_id}"
        if isinstance(request, r.VenueSubmit):
            assert request.price is not None
            name += f" {plain(request.quantity)} @ {plain(request.price)}"
        words.append(f"| {name}")
    return " ".join(words)


def standing(book: Blotter) -> str:
    order = book.order("o-1")
    assert order is not None
    at = "" if order.price is None else f" @ {plain(order.price)}"
    doubt = "?" if order.in_doubt else ""
    pending = "" if order.pending is Pending.NONE else f" {order.pending.value}"
    filled = f"{plain(order.filled_quantity)}/{plain(order.quantity)}{at}"
    return f"{order.state.value}{doubt} {filled} on {order.client_order_id}{pending}"


def tell(book: Blotter, line: str) -> str:
    happens, _, _ = line.partition(" ->")
    kind, *words = happens.split()
    if kind == "=":
        return f"= {standing(book)}"
    if kind == "halt":
        book.gate = book.gate.tripped(halt("lunch"))
        return line
    if kind == "late":
        outcome = book.decide_overdue(NOW, NOW + 10**12)
    elif kind in {"modify", "cancel"}:
        outcome = book.decide_command(command(kind, words), NOW)
    else:
        outcome = book.decide_report(said(kind, words[0], words[1:]), NOW)
    book.commit(outcome, NOW)
    found = follows(outcome)
    return f"{happens} -> {found}" if found else f"{happens} ->"


STORIES = {
    "a new order takes the place of the old one": """
        modify price 101 quantity 8 -> ModifyRequested | cancel o-1
        = OPEN 0/10 @ 100 on o-1 MODIFY
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 8 @ 101
        = OPEN 0/10 @ 100 on m-2 MODIFY
        accepted m-2 -> Modified
        = OPEN 0/8 @ 101 on m-2
        filled m-2 8 x-1 -> Filled
        = FILLED 8/8 @ 101 on m-2
    """,
    "what has filled counts": """
        filled o-1 4 x-1 -> Filled
        modify quantity 6 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 4 -> Replaced | submit m-2 2 @ 100
        accepted m-2 -> Modified
        = PARTIAL 4/6 @ 100 on m-2
        filled m-2 2 x-2 -> Filled
        = FILLED 6/6 @ 100 on m-2
    """,
    "to what has filled, and nothing is sent": """
        filled o-1 4 x-1 -> Filled
        modify quantity 4 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 4 -> Modified
        = FILLED 4/4 @ 100 on o-1
    """,
    "below what has filled meanwhile": """
        modify quantity 2 -> ModifyRequested | cancel o-1
        filled o-1 4 x-1 -> Filled
        cancelled o-1 filled_quantity 4 -> Modified
        = FILLED 4/4 @ 100 on o-1
    """,
    "below what has filled, of which some has not been told": """
        modify quantity 2 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 4 -> Modified InDoubt !CONTRADICTION | query o-1
        = OPEN? 0/4 @ 100 on o-1
        filled o-1 4 x-1 -> Resolved Filled
        = FILLED 4/4 @ 100 on o-1
    """,
    "a fill before the acknowledgement implies it": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 -> Replaced | submit m-2 10 @ 101
        filled m-2 3 x-1 -> Modified Filled
        accepted m-2 -> Modified
        = PARTIAL 3/10 @ 101 on m-2
    """,
    "a venue that gives no reason means our cancel": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 reason VENUE -> Replaced | submit m-2 10 @ 101
    """,
    "cancelled for another reason, it is over": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 reason SELF_TRADE -> Cancelled
        refused o-1 request_id m-1 -> ModifyRejected
        = CANCELLED 0/10 @ 100 on o-1
    """,
    "too late, and the old terms stand": """
        modify price 101 -> ModifyRequested | cancel o-1
        refused o-1 request_id m-1 -> ModifyRejected
        = OPEN 0/10 @ 100 on o-1
        modify price 102 -> ModifyRequested | cancel o-1
    """,
    "too late since it has filled": """
        modify price 101 quantity 20 -> ModifyRequested | cancel o-1
        filled o-1 10 x-1 -> Filled
        = FILLED 10/10 @ 100 on o-1
        refused o-1 request_id m-1 -> ModifyRejected
    """,
    "the venue does not know the order that is to be cancelled": """
        modify price 101 -> ModifyRequested | cancel o-1
        refused o-1 request_id m-1 reason NOT_AT_VENUE -> ModifyRejected InDoubt !CONTRADICTION | query o-1
    """,
    "the new order is refused": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 10 @ 101
        rejected m-2 reason POST_ONLY -> ModifyRejected Cancelled
        = CANCELLED 0/10 @ 100 on m-2
    """,
    "trading is halted before the new order is sent": """
        modify price 101 -> ModifyRequested | cancel o-1
        halt
        cancelled o-1 filled_quantity 0 -> ModifyRejected Cancelled
        = CANCELLED 0/10 @ 100 on o-1
    """,
    "a cancel before the old order is off the book": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancel -> CancelRequested | cancel o-1
        cancelled o-1 filled_quantity 0 -> ModifyRejected Cancelled
        = CANCELLED 0/10 @ 100 on o-1
        refused o-1 request_id m-2 ->
    """,
    "a cancel and a modification that both came too late": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancel -> CancelRequested | cancel o-1
        refused o-1 request_id m-1 -> ModifyRejected
        = OPEN 0/10 @ 100 on o-1 CANCEL
        refused o-1 request_id m-2 -> CancelRejected
        = OPEN 0/10 @ 100 on o-1
    """,
    "a cancel when the new order is on its way": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 10 @ 101
        cancel -> CancelRequested | cancel m-2
        accepted m-2 -> Modified
        cancelled m-2 filled_quantity 0 -> Cancelled
        = CANCELLED 0/10 @ 101 on m-2
    """,
    "a cancel whose answer overtakes the acknowledgement": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 10 @ 101
        cancel -> CancelRequested | cancel m-2
        cancelled m-2 filled_quantity 0 -> Modified Cancelled
        accepted m-2 ->
        = CANCELLED 0/10 @ 101 on m-2
    """,
    "a cancel that overtakes the new order": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 10 @ 101
        cancel -> CancelRequested | cancel m-2
        refused m-2 request_id m-3 reason NOT_AT_VENUE -> CancelRejected InDoubt !CONTRADICTION | query m-2
        status m-2 state OPEN filled_quantity 0 -> Modified Resolved
        = OPEN 0/10 @ 101 on m-2
    """,
    "a cancel of a new order that is refused": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 10 @ 101
        cancel -> CancelRequested | cancel m-2
        rejected m-2 -> ModifyRejected Cancelled
        refused m-2 request_id m-3 reason NOT_AT_VENUE -> CancelRejected
        = CANCELLED 0/10 @ 100 on m-2
    """,
    "no second modification while one is under way, and one after it": """
        modify price 101 -> ModifyRequested | cancel o-1
        modify price 102 -> CommandRefused
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 10 @ 101
        modify price 102 -> CommandRefused
        accepted m-2 -> Modified
        filled m-2 3 x-1 -> Filled
        modify price 102 -> ModifyRequested | cancel m-2
        cancelled m-2 filled_quantity 3 -> Replaced | submit m-4 7 @ 102
        filled m-4 7 x-2 -> Modified Filled
        = FILLED 10/10 @ 102 on m-4
    """,
    "an execution under the old client id that was told of": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 4 -> Replaced InDoubt !CONTRADICTION | submit m-2 6 @ 101 | query o-1 | query m-2
        accepted m-2 -> Modified | query o-1 | query m-2
        = OPEN? 0/10 @ 101 on m-2
        filled o-1 3 x-1 -> Filled
        = PARTIAL? 3/10 @ 101 on m-2
        filled m-2 5 x-2 -> Filled
        filled o-1 1 x-3 -> Resolved Filled
        = PARTIAL 9/10 @ 101 on m-2
        filled o-1 1 x-3 ->
        filled m-2 1 x-4 -> Filled
        = FILLED 10/10 @ 101 on m-2
    """,
    "an execution that the venue still does not tell of": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 4 -> Replaced InDoubt !CONTRADICTION | submit m-2 6 @ 101 | query o-1 | query m-2
        status o-1 state CANCELLED filled_quantity 4 -> !CONTRADICTION
        status m-2 state OPEN filled_quantity 0 -> Modified | query o-1 | query m-2
        = OPEN? 0/10 @ 101 on m-2
        late -> InDoubt !NO_ANSWER | query o-1 | query m-2
        filled o-1 4 x-1 -> Resolved Filled
        = PARTIAL 4/10 @ 101 on m-2
        status o-1 state CANCELLED filled_quantity 4 ->
    """,
    "an execution under the old client id that nobody told of makes the order larger": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 -> Replaced | submit m-2 10 @ 101
        filled o-1 4 x-1 -> Modified Filled !OVERFILL
        = PARTIAL 4/14 @ 100 on m-2 MODIFY
        accepted m-2 -> Modified
        filled o-1 1 x-2 -> Modified Filled !OVERFILL
        = PARTIAL 5/15 @ 101 on m-2
        filled m-2 10 x-3 -> Filled
        = FILLED 15/15 @ 101 on m-2
        filled o-1 1 x-4 -> Filled !LATE_FILL
    """,
    "the same execution again, and with other content": """
        filled o-1 4 x-1 -> Filled
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 4 -> Replaced | submit m-2 6 @ 101
        filled o-1 4 x-1 ->
        filled o-1 3 x-1 -> !EXECUTION_CONFLICT
    """,
    "an execution under the old client id is declared void": """
        filled o-1 4 x-1 -> Filled
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 4 -> Replaced | submit m-2 6 @ 101
        busted o-1 x-1 -> FillBusted Modified
        accepted m-2 -> Modified
        = PARTIAL 0/6 @ 101 on m-2
        busted o-1 x-1 ->
        filled m-2 6 x-2 -> Filled
        = FILLED 6/6 @ 101 on m-2
    """,
    "an execution under the old client id is corrected": """
        filled o-1 4 x-1 -> Filled
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 4 -> Replaced | submit m-2 6 @ 101
        accepted m-2 -> Modified
        corrected o-1 3 x-1 -> FillCorrected Modified
        = PARTIAL 3/9 @ 101 on m-2
        corrected o-1 5 x-1 -> Modified FillCorrected !OVERFILL
        = PARTIAL 5/11 @ 101 on m-2
        corrected o-1 5 x-1 ->
        corrected o-1 5 x-9 -> !UNKNOWN_EXECUTION
        filled m-2 6 x-2 -> Filled
        = FILLED 11/11 @ 101 on m-2
        busted o-1 x-1 -> FillBusted | query m-2
        status m-2 state FILLED filled_quantity 6 ->
        = FILLED 6/11 @ 101 on m-2
    """,
    "declared void before it was told of": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 10 @ 101
        accepted m-2 -> Modified
        busted o-1 x-1 -> !UNKNOWN_EXECUTION
        filled o-1 4 x-1 -> Modified Filled FillBusted Modified !OVERFILL
        = PARTIAL 0/10 @ 101 on m-2
    """,
    "what else comes late under the old client id is over": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 10 @ 101
        cancelled o-1 filled_quantity 0 ->
        accepted o-1 ->
        expired o-1 ->
        triggered o-1 ->
        refused o-1 request_id m-1 ->
        = OPEN 0/10 @ 100 on m-2 MODIFY
    """,
    "no answer to the cancel, which was lost": """
        modify price 101 -> ModifyRequested | cancel o-1
        late -> InDoubt !NO_ANSWER | query o-1
        status o-1 state OPEN filled_quantity 0 -> ModifyRejected Resolved
        = OPEN 0/10 @ 100 on o-1
    """,
    "no answer to the cancel, which had come": """
        modify price 101 -> ModifyRequested | cancel o-1
        late -> InDoubt !NO_ANSWER | query o-1
        status o-1 state CANCELLED filled_quantity 0 -> Resolved Replaced | submit m-3 10 @ 101
        = OPEN 0/10 @ 100 on m-3 MODIFY
    """,
    "no answer to the cancel, and the venue has lost the order": """
        modify price 101 -> ModifyRequested | cancel o-1
        late -> InDoubt !NO_ANSWER | query o-1
        status o-1 state none filled_quantity 0 -> Resolved Cancelled
    """,
    "no answer to the cancel of an order that has filled": """
        filled o-1 4 x-1 -> Filled
        modify price 101 -> ModifyRequested | cancel o-1
        late -> InDoubt !NO_ANSWER | query o-1
        status o-1 state FILLED filled_quantity 4 -> !CONTRADICTION
    """,
    "no answer to the new order, which works": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 10 @ 101
        late -> InDoubt !NO_ANSWER | query m-2
        status m-2 state OPEN filled_quantity 0 price 101 quantity 10 -> Modified Resolved
        = OPEN 0/10 @ 101 on m-2
    """,
    "no answer to the new order, which the venue never had": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 10 @ 101
        late -> InDoubt !NO_ANSWER | query m-2
        status m-2 state none complete no filled_quantity 0 -> !CONTRADICTION
        status m-2 state none filled_quantity 0 -> Resolved ModifyRejected Cancelled
        = CANCELLED 0/10 @ 100 on m-2
    """,
    "no answer to the new order, which the venue has refused": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 10 @ 101
        late -> InDoubt !NO_ANSWER | query m-2
        status m-2 state REJECTED filled_quantity 0 -> Resolved ModifyRejected Cancelled
    """,
    "the new order has expired at the venue": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 10 @ 101
        expired m-2 filled_quantity 0 -> Modified Expired
        = EXPIRED 0/10 @ 101 on m-2
    """,
    "quantities under the new client id count what filled under the old": """
        filled o-1 4 x-1 -> Filled
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 4 -> Replaced | submit m-2 6 @ 101
        accepted m-2 quantity 5 -> Modified !CHANGED_TERMS
        = PARTIAL 4/9 @ 101 on m-2
        filled m-2 2 x-2 -> Filled
        cancelled m-2 filled_quantity 3 -> InDoubt Cancelled !CONTRADICTION | query m-2
        filled m-2 1 x-3 -> Filled !LATE_FILL | query m-2
        status m-2 state CANCELLED filled_quantity 3 -> Resolved
        = CANCELLED 7/9 @ 101 on m-2
    """,
    "acknowledged at another price": """
        modify price 101 -> ModifyRequested | cancel o-1
        cancelled o-1 filled_quantity 0 -> Replaced | submit m-2 10 @ 101
        accepted m-2 price 99 -> Modified !CHANGED_TERMS
        = OPEN 0/10 @ 99 on m-2
    """,
}


def lines_of(story: str) -> list[str]:
    return [line.strip() for line in story.strip().splitlines()]


@pytest.mark.fault(14, 15)
@pytest.mark.parametrize("story", [pytest.param(story, id=title) for title, story in STORIES.items()])
def test_what_follows_and_what_is_sent_is_what_the_story_tells(story):
    book = blotter()
    for message in (Approved(terms(), NOW, "risk_controller"), report(r.VenueAccepted)):
        is_command = isinstance(message, Approved)
        decide = book.decide_command if is_command else book.decide_report
        book.commit(decide(message, NOW), NOW)
    assert [tell(book, line) for line in lines_of(story)] == lines_of(story)


ASKED = event(e.ModifyRequested, price=None, quantity=None, replaces=True)
SENT = event(e.OrderReplaced, quantity=number("6"), filled_quantity=number("4"))


@pytest.mark.parametrize(
    ("of", "change", "before", "expected"),
    [
        pytest.param({}, {"price": number("101")}, (), {"price": 101, "stop_price": None}, id="price"),
        pytest.param({}, {}, (), {"price": 100, "quantity": 6}, id="quantity"),
        pytest.param(
            {"order_type": OrderType.STOP, "price": None, "stop_price": "99"},
            {"stop_price": number("98")},
            (),
            {"order_type": OrderType.STOP, "price": None, "stop_price": 98},
            id="stop price",
        ),
        pytest.param(
            {"time_in_force": TimeInForce.GTD, "expire_time_ns": NOW},
            {"expire_time_ns": NOW + 1},
            (),
            {"time_in_force": TimeInForce.GTD, "expire_time_ns": NOW + 1},
            id="expiry",
        ),
        pytest.param(
            {"order_type": OrderType.STOP_LIMIT, "stop_price": "99"},
            {"price": number("101")},
            (event(e.OrderTriggered),),
            {"order_type": OrderType.LIMIT, "price": 101, "stop_price": None},
            id="a triggered stop-limit is a limit order",
        ),
        pytest.param(
            {"order_type": OrderType.STOP, "price": None, "stop_price": "99"},
            {},
            (event(e.OrderTriggered),),
            {"order_type": OrderType.MARKET, "price": None, "stop_price": None},
            id="a triggered stop is a market order",
        ),
    ],
)
def test_the_new_order_has_the_terms_that_were_asked_for_and_the_others_as_they_are(of, change, before, expected):
    asked = event(e.ModifyRequested, **{"price": None, "quantity": None, "replaces": True} | change)
    order = order_in(S.PARTIALLY_FILLED, *before, asked, SENT, of=terms(**of))
    request = replacement_of(order, NOW + 1)
    assert {name: getattr(request, name) for name in expected} == expected
    assert (request.client_order_id, request.quantity, request.time_ns) == ("o-1/2", 6, NOW + 1)


@pytest.mark.parametrize(("shown", "expected"), [("5", 5), ("6", 6), ("9", 6)])
def test_no_more_is_shown_than_the_new_order_is_for(shown, expected):
    order = order_in(S.PARTIALLY_FILLED, ASKED, SENT, of=terms(display_quantity=shown))
    assert replacement_of(order, NOW).instructions.display_quantity == expected


@pytest.mark.fault(17)
def test_an_order_keeps_every_client_id_that_it_has_had():
    order = order_in(S.OPEN, ASKED, SENT, event(e.OrderModified))
    again = folded(order, ASKED, event(e.OrderReplaced, client_order_id="o-1/3"))
    assert (again.order_id, again.client_order_id) == ("o-1", "o-1/3")
    assert again.replaced_client_order_ids == ("o-1", "o-1/2")
    assert order.exchange_order_id is None


def test_a_modification_in_flight_is_part_of_the_order_until_it_is_answered():
    order = order_in(S.OPEN, ASKED)
    assert (order.replacement.request_id, order.replacement.sent) == ("m-1", None)
    assert apply(order, SENT).replacement.sent == 6
    for answer in (e.OrderModified, e.ModifyRejected):
        assert apply(apply(order, SENT), event(answer)).replacement is None


def test_an_order_that_was_not_acknowledged_is_replaced_as_one_that_was():
    book = blotter()
    book.commit(book.decide_command(Approved(terms(), NOW, "risk_controller"), NOW), NOW)
    assert tell(book, "modify price 101") == "modify price 101 -> ModifyRequested | cancel o-1"
    assert tell(book, "cancelled o-1").endswith("-> Opened Replaced | submit m-2 10 @ 101")


def test_a_new_order_that_slid_or_was_shortened_as_instructed_raises_no_alarm():
    for instruction in ("post_only", "reduce_only"):
        book = blotter()
        book.commit(book.decide_command(Approved(terms(**{instruction: True}), NOW, "risk_controller"), NOW), NOW)
        for line in ("accepted o-1", "modify price 101", "cancelled o-1"):
            tell(book, line)
        assert tell(book, "accepted m-2 price 99 quantity 9") == "accepted m-2 price 99 quantity 9 -> Modified"


def test_a_client_id_of_ours_is_no_order_id_that_a_user_has_taken():
    book = blotter()
    for order_id in ("o-1", "m-2"):
        book.commit(book.decide_command(Approved(terms(order_id=order_id), NOW, "risk_controller"), NOW), NOW)
    tell(book, "modify price 101")
    assert tell(book, "cancelled o-1").endswith("submit m-3 10 @ 101")
    tell(book, "accepted m-3")
    taken = book.decide_command(Approved(terms(order_id="m-3"), NOW, "risk_controller"), NOW)
    assert follows(taken) == "CommandRefused !DUPLICATE_ID"
    tell(book, "modify price 102")
    assert tell(book, "cancelled m-3").endswith("submit m-5 10 @ 102")


def test_a_client_id_of_ours_is_none_under_which_the_venue_has_executed_already():
    book = blotter()
    book.commit(book.decide_command(Approved(terms(), NOW, "risk_controller"), NOW), NOW)
    for line in ("accepted o-1", "modify price 101"):
        tell(book, line)
    # Booked to an order of nobody's, m-2, which is m-3 at the venue.
    assert tell(book, "filled m-3 1 x-1").endswith("-> Created Submitted Opened Filled !UNKNOWN_ORDER")
    assert tell(book, "cancelled o-1").endswith("submit m-4 10 @ 101")


def test_without_a_source_of_ids_no_new_order_is_sent():
    order = order_in(S.OPEN, ASKED)
    verdict = decide(order, report(r.VenueCancelled, reason=Reason.REQUESTED), NOW)
    after = folded(order, *verdict.events)
    assert (after.state, after.reason, after.replacement) == (S.CANCELLED, Reason.REPLACED, None)


@pytest.mark.parametrize("turned", [False, True], ids=["old first", "new first"])
def test_the_audit_takes_the_orders_at_the_venue_that_an_order_has_been_together(turned):
    order = order_in(S.PARTIALLY_FILLED, ASKED, SENT, event(e.OrderModified))
    old = VenueOrder(
        client_order_id="o-1",
        exchange_order_id="v-1",
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        quantity=number("10"),
        price=number("100"),
        stop_price=None,
        priority=1,
        draw_key="",
        state=S.CANCELLED,
        filled=number("4"),
        notional=number("400"),
        fees=number("1"),
    )
    new = changed(old, client_order_id="o-1/2", state=S.OPEN, filled=ZERO, notional=ZERO, fees=ZERO)
    ledger = Ledger()
    check_venue(ledger, [order], [new, old] if turned else [old, new])
    assert ledger.report().violations == ()
    check_venue(ledger, [order], [new, changed(old, filled=number("5"))])
    assert len(ledger.report().violations) == 1
