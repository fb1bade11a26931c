"""A history from outside: what client and venue saw is consistent, and a history that was tampered with is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from helpers import BTC, ETH, system_of
from scripted import do, script

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.commands import SubmitOrder
from orderpit.model.kinds import OrderType, Reason, Side
from orderpit.testing import SCENARIOS, ChaosExchange, Faults, Stepped, heal, let_pass, seeded
from orderpit.testing.watching.history import History

CLIENT = "subscriber-1"
SYMBOLS = ("BTC/USDT", "ETH/USDT")


def lived(seed: int, faults: Faults, length: int = 60) -> History:
    history = History(CLIENT)
    stepped = Stepped(choose=seeded(seed), late_ns=1_000_000, on_delivery=history)
    exchange = ChaosExchange(faults=faults, seed=seed)
    with system_of(BTC, ETH, runtime=stepped, exchange=exchange, answer_within=2) as system:
        system.subscribe(lambda update: None)
        for number, act in enumerate(script(seed, length, SYMBOLS)):
            do(system, act)
            if not number % 5:
                let_pass(system, 0.5)
        assert heal(system)
        cash = system.portfolio().cash
        assert {name: amount for name, amount in history.cash().items() if amount} == {
            name: amount for name, amount in cash.items() if amount
        }
    return history


CASES = [pytest.param(number, faults, id=name) for number, (name, faults) in enumerate(SCENARIOS.items())] + [
    pytest.param(seed, Faults.drawn(seed), id=f"drawn {seed}") for seed in range(8)
]


@pytest.mark.parametrize(("seed", "faults"), CASES)
def test_what_client_and_venue_saw_is_consistent_whatever_the_venue_does(seed: int, faults: Faults) -> None:
    history = lived(seed, faults)
    assert history.faults() == ()
    assert len(history.submitted) > 10
    assert len(history.handed) > 10
    assert history.told


@pytest.fixture(scope="module")
def good() -> History:
    return lived(1, Faults.none())


def copied(history: History) -> History:
    copy = History(CLIENT)
    for name in ("submitted", "told", "handed", "reported"):
        setattr(copy, name, list(getattr(history, name)))
    return copy


def first(items: list[Any], kind: type[Any]) -> Any:
    return next(item for item in items if isinstance(item, kind))


def loses_an_order(history: History) -> None:
    history.submitted.append("lost")


def invents_an_order(history: History) -> None:
    terms = SubmitOrder("BTC/USDT", Side.BUY, OrderType.MARKET, "1", order_id="invented")
    fields = {"time_ns": 1, "source": "", "order_id": "invented"}
    history.told.append(e.OrderCreated(**fields, strategy_id="s", terms=terms))


def creates_twice(history: History) -> None:
    history.told.insert(0, first(history.told, e.OrderCreated))


def loses_a_fill(history: History) -> None:
    history.told.remove(first(history.told, e.OrderFilled))


def invents_a_fill(history: History) -> None:
    history.reported.remove(first(history.reported, r.VenueFilled))


def tells_a_fill_twice(history: History) -> None:
    history.told.append(first(history.told, e.OrderFilled))


def ends_twice(history: History) -> None:
    ended = first(history.told, e.OrderCancelled)
    history.told.append(e.OrderExpired(time_ns=1, source="", order_id=ended.order_id, reason=Reason.VENUE))


def tells_of_the_end_before_the_beginning(history: History) -> None:
    history.told.insert(0, first(history.told, e.OrderCancelled))


def sends_what_was_not_asked(history: History) -> None:
    history.handed.append(attrs.evolve(first(history.handed, r.VenueSubmit), client_order_id="unasked"))


def sends_twice(history: History) -> None:
    history.handed.append(first(history.handed, r.VenueSubmit))


def cancels_what_was_not_asked(history: History) -> None:
    history.handed.append(attrs.evolve(first(history.handed, r.VenueCancel), request_id="unasked"))


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (loses_an_order, "order lost was submitted 1 times, and nothing was heard of it"),
        (invents_an_order, "order invented was created, and nobody had submitted it"),
        (creates_twice, "was created 2 times"),
        (loses_a_fill, "was reported, and the client was never told"),
        (invents_a_fill, "was told, and the venue never reported it"),
        (tells_a_fill_twice, "was told 2 times"),
        (ends_twice, "which was CANCELLED"),
        (tells_of_the_end_before_the_beginning, "before it was created"),
        (sends_what_was_not_asked, "order unasked is at the venue, and the client was never told"),
        (sends_twice, "was handed to the venue 2 times"),
        (cancels_what_was_not_asked, "request unasked is at the venue"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_history_that_was_tampered_with_is_not(good: History, tamper: Callable[[History], None], fault: str) -> None:
    assert good.faults() == ()
    history = copied(good)
    tamper(history)
    assert any(fault in found for found in history.faults()), history.faults()


def test_cash_that_the_client_was_not_told_of_is_missing(good: History) -> None:
    history = copied(good)
    loses_a_fill(history)
    assert history.cash() != good.cash()
