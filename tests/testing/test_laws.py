"""The laws of the stream: entries that break them, one by one, among entries that keep them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest
from helpers import BTC, NOW

from orderpit.model import events as e
from orderpit.model.commands import SubmitOrder
from orderpit.model.kinds import OrderState, OrderType, Pending, Reason, Side
from orderpit.model.lifecycle import TRANSITIONS, apply
from orderpit.model.order import Order
from orderpit.model.reports import Fill
from orderpit.model.values import changed
from orderpit.testing.watching.laws import MAY_FOLLOW, Stream, Violation

Entries = list[e.OrderUpdate]
S = OrderState


def fact(kind: type[Any], order_id: str = "a", **fields: Any) -> Any:
    return kind(time_ns=NOW, source="test", order_id=order_id, **fields)


def created(order_id: str = "a", side: Side = Side.BUY) -> e.OrderCreated:
    terms = SubmitOrder("BTC/USDT", side, OrderType.LIMIT, "3", price="100", order_id=order_id)
    return fact(e.OrderCreated, order_id, strategy_id="s", terms=terms)


def sent(order_id: str = "a") -> e.OrderSubmitted:
    return fact(e.OrderSubmitted, order_id, client_order_id=order_id)


def opened(order_id: str = "a", venue_id: str | None = None) -> e.OrderOpened:
    return fact(e.OrderOpened, order_id, exchange_order_id=venue_id or f"v-{order_id}")


def filled(execution_id: str = "x1", quantity: str = "1", order_id: str = "a") -> e.OrderFilled:
    fill = Fill(execution_id=execution_id, quantity=quantity, price="99", fee="0.1", fee_currency="USDT")
    return fact(e.OrderFilled, order_id, fill=fill)


def cancelled(order_id: str = "a") -> e.OrderCancelled:
    return fact(e.OrderCancelled, order_id, reason=Reason.REQUESTED, text="")


def stream_of(*events: Any) -> Entries:
    orders: dict[str, Order] = {}
    entries: Entries = []
    for sequence, event in enumerate(events, 1):
        orders[event.order_id] = apply(orders.get(event.order_id), event)
        entries.append(e.OrderUpdate(sequence, event, orders[event.order_id]))
    return entries


def told(entries: Entries) -> Stream:
    stream = Stream({"BTC/USDT": BTC})
    for entry in entries:
        stream.take("view", entry, sees_all=True)
    return stream


GOOD = stream_of(
    created(), sent(), opened(), created("b", Side.SELL), sent("b"), filled("x1", "2", "b"), filled(), filled("x2", "2")
)


def with_order(entries: Entries, at: int, **changes: Any) -> Entries:
    """The entries up to one, whose order says something else."""
    entry = entries[at]
    assert entry.order is not None
    return [*entries[:at], attrs.evolve(entry, order=changed(entry.order, **changes))]


def and_then(entries: Entries, event: Any, **changes: Any) -> Entries:
    """The entries and one more, which the lifecycle itself would not let pass."""
    before = next(entry.order for entry in reversed(entries) if entry.event.order_id == event.order_id)
    assert before is not None
    return [*entries, e.OrderUpdate(len(entries) + 1, event, changed(before, **changes))]


def test_what_keeps_the_laws_passes_and_is_summed() -> None:
    stream = told(GOOD)
    assert stream.sequence == len(GOOD)
    assert [(one.strategy_id, one.quantity, one.flow) for one in stream.moved] == [
        ("s", -2, 198),
        ("s", 1, -99),
        ("s", 2, -198),
    ]
    assert stream.moved[0].cash == [("USDT", 198), ("USDT", Decimal("-0.1"))]
    assert list(stream.live) == ["b"]


def test_the_same_entry_told_to_many_counts_once() -> None:
    stream = told(GOOD)
    again = [stream.take("portfolio", entry, sees_all=True) for entry in GOOD]
    assert not any(again)
    assert len(stream.moved) == 3


def test_a_strategy_that_hears_of_an_entry_first_does_not_make_it_seen() -> None:
    stream = Stream({"BTC/USDT": BTC})
    assert not stream.take("bot", GOOD[0], sees_all=False)
    assert not stream.take("bot", GOOD[2], sees_all=False)
    assert stream.take("view", GOOD[0], sees_all=True)


def test_bust_and_correction_are_summed_in_reverse() -> None:
    fill = filled().fill
    smaller = attrs.evolve(fill, quantity="0.5")
    stream = told(
        stream_of(
            created(),
            sent(),
            opened(),
            filled(),
            fact(e.FillCorrected, replaced=fill, fill=smaller),
            fact(e.FillBusted, fill=smaller),
        )
    )
    assert [one.quantity for one in stream.moved] == [1, Decimal("-0.5"), Decimal("-0.5")]
    assert sum(one.flow for one in stream.moved) == 0


def test_the_table_here_says_what_the_table_of_the_lifecycle_says() -> None:
    ours = {state: targets - {state} for state, targets in TRANSITIONS.items() if targets}
    assert ours == MAY_FOLLOW


BROKEN = [
    pytest.param("I-4", [*GOOD[:3], *GOOD[4:]], id="a gap"),
    pytest.param("I-4", [*GOOD[:3], attrs.evolve(GOOD[1], sequence=2, event=opened())], id="another content"),
    pytest.param("I-3", GOOD[3:4] and [attrs.evolve(GOOD[1], sequence=1)], id="no beginning"),
    pytest.param("I-3", [attrs.evolve(GOOD[0], order=None)], id="no order"),
    pytest.param("I-3", [attrs.evolve(GOOD[0], event=created("b"))], id="another order"),
    pytest.param("I-3", and_then(GOOD[:3], created()), id="created twice"),
    pytest.param("I-3", with_order(GOOD, 0, state=S.OPEN), id="begins open"),
    pytest.param("I-3", with_order(GOOD, 1, state=S.PARTIALLY_FILLED), id="leaps"),
    pytest.param("I-3", and_then(GOOD, opened(), state=S.OPEN), id="lives again"),
    pytest.param("I-3", and_then(GOOD, cancelled(), state=S.CANCELLED), id="ends twice"),
    pytest.param("I-3", and_then(GOOD, cancelled()), id="an event after the end"),
    pytest.param("I-3", and_then(GOOD, fact(e.OrderResolved), quantity=Decimal(4)), id="new terms after the end"),
    pytest.param("I-3", with_order(GOOD, 2, side=Side.SELL), id="another side"),
    pytest.param("I-3", with_order(GOOD, 2, strategy_id="t"), id="another owner"),
    pytest.param("I-2", with_order(GOOD, 6, filled_quantity=Decimal(2)), id="filled"),
    pytest.param("I-2", with_order(GOOD, 6, filled_notional=Decimal(2)), id="notional"),
    pytest.param("I-2", and_then(GOOD[:6], filled("x9", "2"), state=S.PARTIALLY_FILLED), id="a fill not counted"),
    pytest.param("I-2", with_order(GOOD, 7, state=S.PARTIALLY_FILLED), id="nothing left and live"),
    pytest.param("I-9", stream_of(created(), sent(), opened(), filled(), filled()), id="an execution twice"),
    pytest.param("I-7", with_order(GOOD, 2, in_doubt=True), id="a doubt from nowhere"),
    pytest.param("I-7", with_order(GOOD, 7, pending=Pending.CANCEL), id="a request outlives its order"),
    pytest.param("I-10", with_order(GOOD, 3, client_order_id="a"), id="a client id for two"),
    pytest.param(
        "I-10",
        stream_of(created(), sent(), opened(), created("b"), sent("b"), opened("b", "v-a")),
        id="a venue id for two",
    ),
    pytest.param("I-18", with_order(GOOD, 1, price=Decimal("100.001")), id="off the tick"),
    pytest.param("I-18", with_order(GOOD, 1, stop_price=Decimal("100.001")), id="a stop off the tick"),
    pytest.param("I-18", with_order(GOOD, 1, quantity=Decimal("0.000001")), id="off the lot"),
    pytest.param(
        "I-18",
        and_then(GOOD[:3], fact(e.ModifyRequested, request_id="r", price=Decimal("0.001"), quantity=None)),
        id="a modification off the tick",
    ),
    pytest.param(
        "I-18", and_then(GOOD[:3], fact(e.OrderFilled, fill=changed(filled().fill, price=Decimal("NaN")))), id="NaN"
    ),
    pytest.param(
        "I-18", and_then(GOOD[:3], fact(e.OrderFilled, fill=changed(filled().fill, quantity=1))), id="no Decimal"
    ),
]


@pytest.mark.parametrize(("law", "entries"), BROKEN)
def test_an_entry_that_breaks_a_law_is_found(law: str, entries: Entries) -> None:
    with pytest.raises(Violation) as caught:
        told(entries)
    assert caught.value.law == law


def test_an_order_in_a_symbol_that_is_not_traded_is_found() -> None:
    take: Callable[..., bool] = Stream({}).take
    take("view", GOOD[0], sees_all=True)
    with pytest.raises(Violation, match="I-18"):
        take("view", GOOD[1], sees_all=True)


def test_a_violation_says_where_what_and_what_else() -> None:
    violation = Violation("I-2", "excess of a", Decimal("1.50"), Decimal(0))
    violation.step = 7
    assert str(violation) == "I-2, step 7: excess of a: found 1.5, expected 0"
    assert isinstance(violation, AssertionError)
