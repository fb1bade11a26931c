"""A system that dies at any step: what the next one knows, what the venue knows, and what the journal knows agree."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from crashing import Case, outcome_of
from helpers import BOUND, BTC, assert_clean, limit, market, quote, system_of

from orderpit import Action, OrderState, Rule, SimulatedExchange, TradingState, TradingSystem, Trip, Venue
from orderpit.actors.messages import Record
from orderpit.actors.order_manager import OrderManager
from orderpit.actors.outbox import Outbox
from orderpit.journal.memory import MemoryStore
from orderpit.model.records import Outcome as Decided
from orderpit.testing import Crashed, Stepped, seeded

SEEDS = (0, 3)
"""Of two worlds; the figures of docs/reliability.md have hundreds."""


@pytest.mark.fault(47, 48, 49, 51)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_crash_at_any_step_costs_nothing_and_repeats_nothing(seed: int) -> None:
    whole = outcome_of(Case(seed, None))
    assert (whole.crashed, whole.wrong) == (False, ())
    assert whole.steps > 150
    crashes = 0
    for step in range(1, whole.steps + 1):
        found = outcome_of(Case(seed, step))
        assert found.wrong == (), f"crashed before step {step}"
        crashes += found.crashed
    # The last steps are those of stopping, where nobody hears of a crash any more.
    assert crashes > whole.steps - 30


BY_A_RULE = Rule(on=Trip.DAILY_LOSS, limit=20, action=Action.FLATTEN)


def losing(store: MemoryStore, venue: Venue, seed: int, crash_at: int | None = None) -> TradingSystem:
    runtime = Stepped(choose=seeded(seed), crash_at=crash_at, most_steps=100_000)
    return system_of(
        BTC,
        journal=store,
        exchange=venue,
        cash={"USDT": "100000"},
        currency="USDT",
        rules=[BY_A_RULE],
        runtime=runtime,
        on_error=lambda _: None,
    )


def lose(system: TradingSystem, *, by_a_rule: bool) -> int:
    """Hold 11 with a stop and another order at work, and have it all closed; return the step at which that begins."""
    system.publish(quote("99", "100"))
    for quantity in ("3", "3", "3"):
        system.submit(market(quantity))
    system.bracket(limit("100", "2"), profit_target="150", stop_loss="60")
    system.submit(limit("80", "1"))
    assert system.quiesce(BOUND)
    begins = system._runtime.scheduler.steps
    if by_a_rule:
        system.publish(quote("90", "91"))
    else:
        system.kill("enough", flatten=True)
    assert system.quiesce(BOUND)
    return begins


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("by_a_rule", [False, True], ids=["by a person", "by a rule"])
def test_what_was_to_be_closed_when_the_system_died_is_closed_in_its_next_life(*, by_a_rule: bool, seed: int) -> None:
    latency = SimulatedExchange(latency="0.001" if seed % 2 else 0)
    with losing(MemoryStore(), Venue(latency), seed) as whole:
        begins = lose(whole, by_a_rule=by_a_rule)
    halted = 0
    for step in range(begins, whole._runtime.scheduler.steps, 5):
        store, venue = MemoryStore(), Venue(latency)
        with contextlib.suppress(Crashed), losing(store, venue, seed, step) as system:
            lose(system, by_a_rule=by_a_rule)
        with losing(store, venue, seed + 1) as system:
            if system.trading_state() is TradingState.ACTIVE:
                # Nobody had written down that anything was to be closed.
                assert system.portfolio().positions[BTC.symbol].quantity == 11
                continue
            halted += 1
            system.publish(quote("90", "91"))
            # What was in vain is tried again after a while.
            with pytest.raises(TimeoutError):
                system.wait("nobody", OrderState.FILLED, timeout=120)
            assert not system.portfolio().positions[BTC.symbol].quantity, f"crashed before step {step}"
            assert all(order.is_closed for order in system.orders()), f"crashed before step {step}"
            assert_clean(system)
    assert halted > 20


def sends_first(manager: OrderManager, outcome: Decided, journal: Any) -> None:
    vars(OrderManager)["_let_go"](manager, outcome)
    if outcome.updates:
        manager.send(journal, Record(outcome.updates))


def releases_all(outbox: Outbox, durable: int) -> Any:
    del durable
    while len(outbox):
        _, outcome, gate = vars(outbox)["_waiting"].popleft()
        yield outcome, gate


@pytest.mark.fault(50)
@pytest.mark.parametrize(
    ("owner", "name", "bug"),
    [
        pytest.param(OrderManager, "_write_down", sends_first, id="sends before it writes"),
        pytest.param(Outbox, "released", releases_all, id="releases too much"),
    ],
)
def test_what_is_sent_before_it_is_written_is_found(owner: Any, name: str, bug: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(owner, name, bug)
    steps = outcome_of(Case(0, None)).steps
    wrong = [text for step in range(1, steps, 3) for text in outcome_of(Case(0, step)).wrong]
    assert any("the journal does not" in text or "is written" in text for text in wrong)
