"""Probes: each counts its situation, and nothing else does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import pytest
from helpers import BTC, NOW, limit, market, quote, system_of

from orderpit import Side, TradingSystem
from orderpit.actors import messages as m
from orderpit.actors.conflation import NewestQuote
from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.alarm import Alarm, AlarmCode
from orderpit.model.commands import SubmitOrder
from orderpit.model.kinds import OrderState, OrderType, Reason
from orderpit.model.lifecycle import TRANSITIONS, apply
from orderpit.model.order import Order
from orderpit.testing import ChaosExchange, Faults, Stepped, happened, heal, seeded
from orderpit.testing.watching.probes import NAMES, NEVER_TAKEN, Probes

FILL = r.Fill(execution_id="x", quantity="1", price="99", fee_currency="USDT")


def fact(kind: type[Any], **fields: Any) -> Any:
    return kind(**{"time_ns": NOW, "source": "exchange", "order_id": "a"} | fields)


def refused(kind: type[Any], request_id: str = "q") -> Any:
    return fact(kind, request_id=request_id, reason=Reason.TOO_LATE, text="")


def ended(kind: type[Any], reason: Reason = Reason.VENUE) -> Any:
    return fact(kind, reason=reason, **({} if kind is e.OrderExpired else {"text": ""}))


def filled(execution_id: str = "x", quantity: str = "1") -> Any:
    return fact(e.OrderFilled, fill=attrs.evolve(FILL, execution_id=execution_id, quantity=quantity))


def modified(**terms: Any) -> Any:
    return fact(e.OrderModified, **{"request_id": "q", "price": None, "quantity": None} | terms)


TERMS = SubmitOrder("BTC/USDT", Side.BUY, OrderType.STOP_LIMIT, "3", price="99", stop_price="98", order_id="a")
SENT = (fact(e.OrderCreated, strategy_id="s", terms=TERMS), fact(e.OrderSubmitted, client_order_id="a"))
OPEN = (*SENT, fact(e.OrderOpened, exchange_order_id="v"))
CANCELLING = (*OPEN, fact(e.CancelRequested, request_id="q"))
MODIFYING = (*OPEN, fact(e.ModifyRequested, request_id="q", price=None, quantity=TERMS.quantity * 2))
DOUBT = ended(e.OrderInDoubt, Reason.NO_ANSWER)
RESOLVED = fact(e.OrderResolved)
CLOSED = (*OPEN, ended(e.OrderCancelled))


def after(*events: Any) -> Probes:
    """Probes that were told of these events, as the view is."""
    probes, order = Probes(), None
    for sequence, event in enumerate(events, 1):
        order = None if isinstance(event, e.CommandRefused) else apply(order, event)
        probes(NOW, "view", e.OrderUpdate(sequence, event, order))
    # What ends a doubt is known when the next entry has come.
    probes(
        NOW,
        "view",
        e.OrderUpdate(
            9, fact(e.CommandRefused, strategy_id="", command="CancelOrder", reason=Reason.VENUE, text=""), None
        ),
    )
    return probes


SITUATIONS = [
    ("fill: partial", (*OPEN, filled())),
    ("fill: while a cancel is in flight", (*CANCELLING, filled())),
    ("fill: while a modification is in flight", (*MODIFYING, filled())),
    ("fill: after the end", (*CLOSED, filled())),
    ("fill: beyond the quantity", (*OPEN, filled(quantity="4"))),
    ("fill: declared void", (*OPEN, filled(), fact(e.FillBusted, fill=FILL))),
    ("fill: declared void after the end", (*OPEN, filled(), ended(e.OrderCancelled), fact(e.FillBusted, fill=FILL))),
    ("fill: corrected", (*OPEN, filled(), fact(e.FillCorrected, replaced=FILL, fill=attrs.evolve(FILL, price="98")))),
    (
        "fill: corrected after the end",
        (
            *OPEN,
            filled(),
            ended(e.OrderCancelled),
            fact(e.FillCorrected, replaced=FILL, fill=attrs.evolve(FILL, price="98")),
        ),
    ),
    ("cancel: lost the race against a fill", (*CANCELLING, filled(quantity="3"))),
    ("cancel: overtook a modification", (*MODIFYING, fact(e.CancelRequested, request_id="q2"))),
    ("cancel: refused by the venue", (*CANCELLING, refused(e.CancelRejected))),
    ("modification: granted", (*MODIFYING, modified())),
    ("modification: lost the race against a fill", (*MODIFYING, filled(quantity="3"))),
    ("modification: refused by the venue", (*MODIFYING, refused(e.ModifyRejected))),
    ("modification: at or below what has filled", (*OPEN, filled(), modified(quantity=FILL.quantity))),
    ("the venue changed the terms", (*OPEN, modified(request_id=None, price=FILL.price))),
    ("a stop was triggered", (*OPEN, fact(e.OrderTriggered))),
    ("doubt: while it lasts, in doubt again", (*OPEN, DOUBT, DOUBT)),
    ("doubt: ended live", (*OPEN, DOUBT, RESOLVED)),
    ("doubt: ended FILLED", (*OPEN, DOUBT, RESOLVED, filled(quantity="3"))),
    ("doubt: ended CANCELLED", (*OPEN, DOUBT, RESOLVED, ended(e.OrderCancelled))),
    ("doubt: ended REJECTED", (*SENT, DOUBT, RESOLVED, ended(e.OrderRejected))),
    ("doubt: ended EXPIRED", (*OPEN, DOUBT, RESOLVED, ended(e.OrderExpired))),
    ("state: SUBMITTED > OPEN", OPEN),
    ("state: PARTIAL > EXPIRED", (*OPEN, filled(), ended(e.OrderExpired))),
    ("reason: TOO_LATE", (*CANCELLING, refused(e.CancelRejected))),
]


@pytest.mark.parametrize(("name", "events"), SITUATIONS, ids=[name for name, _ in SITUATIONS])
def test_what_happens_to_an_order_is_counted_once_and_not_before_it_has_happened(
    name: str, events: Sequence[Any]
) -> None:
    last = 2 if name.startswith("doubt: ended ") and name != "doubt: ended live" else 1
    assert after(*events).counts[name] == 1
    assert after(*events[:-last]).counts[name] == 0


def test_a_fill_of_an_unknown_order_is_counted() -> None:
    external = fact(e.OrderCreated, strategy_id="external", terms=TERMS)
    assert after(external).counts["fill: of an unknown order"] == 1
    assert after(*OPEN).counts["fill: of an unknown order"] == 0


def report(kind: type[Any], **fields: Any) -> Any:
    return kind(client_order_id="a", **fields)


SUBMIT = r.VenueSubmit(
    client_order_id="a",
    symbol="BTC/USDT",
    side=Side.BUY,
    order_type=OrderType.MARKET,
    quantity=FILL.quantity,
    price=None,
    stop_price=None,
    time_in_force=TERMS.time_in_force,
    time_ns=NOW,
    source="order_manager",
)
EXECUTION = report(r.VenueFilled, symbol="BTC/USDT", side=Side.BUY, fill=FILL)
ACCEPTED = report(r.VenueAccepted)
PROBLEM = m.Problem(NOW, "view", "set aside", "", "")


@pytest.mark.parametrize(
    ("name", "deliveries"),
    [
        ("fill: before the acknowledgement", [("exchange", SUBMIT), ("order_manager", EXECUTION)]),
        ("fill: the same execution again", [("order_manager", EXECUTION), ("order_manager", EXECUTION)]),
        ("acknowledged again", [("exchange", SUBMIT), ("order_manager", ACCEPTED), ("order_manager", ACCEPTED)]),
        ("report: VenueFilled", [("order_manager", EXECUTION)]),
        ("the link lost", [("order_manager", r.VenueDisconnected())]),
        ("the link found", [("order_manager", r.VenueConnected())]),
        ("updates sent again after a gap", [("order_manager", m.ResendUpdates(1, 2, system_of()._at.view))]),
        ("halted", [("order_manager", m.Halt("why not"))]),
        ("resumed", [("order_manager", m.Resume())]),
        ("an actor failed repeatedly", [("order_manager", m.Halt("the exchange failed repeatedly"))]),
        ("an actor failed repeatedly", [("risk_controller", m.Halt("the order manager failed repeatedly"))]),
        ("a symbol stopped", [("risk_controller", m.StopSymbol("BTC/USDT"))]),
        ("a message set aside", [("monitor", PROBLEM)]),
        ("a dead letter", [("monitor", attrs.evolve(PROBLEM, what="stopped before it could handle"))]),
        ("alarm: OVERFILL", [("monitor", Alarm(NOW, AlarmCode.OVERFILL, "a", ""))]),
        ("quotes conflated", [("bot", NewestQuote("BTC/USDT"))]),
        ("the same order submitted again", [("view", m.Answered("s", e.OrderUpdate(1, SENT[0], None)))]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_happens_to_the_system_is_counted_once(name: str, deliveries: Sequence[tuple[str, object]]) -> None:
    probes = Probes()
    for receiver, message in deliveries:
        assert probes.counts[name] == 0
        probes(NOW, receiver, message)
    assert probes.counts[name] == 1


def drive(probes: Probes, exchange: Any, seed: int) -> TradingSystem:
    runtime = Stepped(choose=seeded(seed), late_ns=1_000_000, on_delivery=probes)
    with system_of(BTC, runtime=runtime, exchange=exchange, answer_within=2) as system:
        for number in range(12):
            system.publish(quote(str(95 + number % 7), str(97 + number % 7)))
            order_id = system.submit(limit(str(94 + number % 5), side=list(Side)[number % 2]))
            system.modify(order_id, price="93")
            system.cancel(order_id)
            system.submit(market())
        heal(system)
        probes.add_faults(happened(system))
    return system


def test_a_calm_run_reaches_nothing_that_only_faults_bring() -> None:
    probes = Probes()
    drive(probes, ChaosExchange(), 0)
    assert probes.counts["state: SUBMITTED > OPEN"] == 24
    assert not [name for name in probes.reached() if name.startswith(("fault", "doubt", "alarm", "the link"))]


def test_runs_with_faults_reach_most_of_what_they_are_for() -> None:
    total = Probes()
    for seed in range(12):
        probes = Probes()
        drive(probes, ChaosExchange(faults=Faults.drawn(seed), seed=seed), seed)
        total.add(probes)
    assert len(total.reached()) > 60
    assert {"fill: after the end", "doubt: ended live", "fault: late_fill"} <= set(total.reached())
    assert "quotes conflated" in total.missing()
    assert total.missing(without=NAMES) == ()
    assert not [name for name in total.missing(without=["alarm: "]) if name.startswith("alarm")]
    assert set(total.counts) == set(NAMES)


def test_the_moves_that_are_never_made_are_in_the_table() -> None:
    in_table = {f"{state.value} > {target.value}" for state, targets in TRANSITIONS.items() for target in targets}
    probed = {name.removeprefix("state: ") for name in NAMES if name.startswith("state: ")}
    partial = OrderState.PARTIALLY_FILLED.value
    assert probed | set(NEVER_TAKEN) | {f"{partial} > {partial}"} == in_table
    assert len(NAMES) == len(set(NAMES)) > 100


def test_an_order_is_forgotten_when_it_has_ended() -> None:
    probes = after(*OPEN, filled(quantity="3"))
    live: dict[str, Order] = probes._live
    assert live == {}
