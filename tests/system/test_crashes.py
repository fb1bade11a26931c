"""A system that dies at any step: what the next one knows, what the venue knows, and what the journal knows agree."""

from __future__ import annotations

from typing import Any

import pytest
from crashing import Case, outcome_of

from orderpit.actors.messages import Record
from orderpit.actors.order_manager import OrderManager
from orderpit.actors.outbox import Outbox
from orderpit.model.records import Outcome as Decided

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
