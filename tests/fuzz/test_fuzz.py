"""Whatever comes from outside is accepted, or refused by one clear error, within a tenth of a second."""

from __future__ import annotations

import inspect
from pathlib import Path
from random import Random

import pytest
from fuzz.messages import TARGETS, check
from fuzz.outcome import accepts
from fuzz.run import SLOWEST_MS, drawn, draws, run
from fuzz.settings import CONFIGURATIONS

from orderpit import InvalidConfiguration, InvalidOrder, Quote, SimulatedExchange
from orderpit.model import reports


@pytest.mark.fault(33, 34, 35, 37, 38, 39, 41, 42, 46)
@pytest.mark.parametrize("seed", [0, 1])
def test_five_thousand_inputs_are_accepted_or_refused_by_one_clear_error(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = run(count=2_500, seed=seed)
    assert found.failures == ()
    assert found.accepted + found.refused == 2_500
    assert min(found.accepted, found.refused) > 500, "inputs that are all good or all bad try little"
    assert found.slowest_ms <= SLOWEST_MS
    assert list(tmp_path.iterdir()) == [], "what is refused writes no file"


def test_an_input_depends_on_seed_and_number_alone() -> None:
    with draws() as table:
        once = [drawn(table, 3, number).what for number in range(200)]
        again = [drawn(table, 3, number).what for number in reversed(range(200))]
        assert once == again[::-1]
        assert once != [drawn(table, 4, number).what for number in range(200)]


def test_what_is_tried_does_not_depend_on_the_number_of_processes() -> None:
    told: list[float] = []
    one = run(count=1_500, seed=5)
    two = run(count=1_500, seed=5, workers=2, progress=told.append)
    assert (one.inputs, one.accepted, one.refused) == (two.inputs, two.accepted, two.refused)
    assert told == [pytest.approx(2 / 3), 1]


def test_every_field_of_everything_that_is_built_is_drawn() -> None:
    fields: dict[type, set[str]] = {}
    for kind, _, _, drawn_fields in TARGETS:
        fields.setdefault(kind, set()).update(drawn_fields)
    for kind, drawn_fields in fields.items():
        assert {field.name for field in kind.__attrs_attrs__} == drawn_fields, kind.__name__
    for kind, _, draws_of in CONFIGURATIONS:
        taken = set(inspect.signature(kind).parameters)
        assert taken == set(draws_of), kind.__name__
    assert {kind for kind, *_ in TARGETS} >= reports.VENUE_REPORTS | reports.VENUE_LISTINGS | reports.VENUE_LINK


def test_a_failing_input_is_counted_and_can_be_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses_all(value: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("fuzz.messages.check", refuses_all)
    found = run(count=100, seed=0)
    assert found.failed > 0
    assert found.accepted + found.refused + found.failed == 100
    command, _, said = found.failures[0].partition("  # ")
    assert command.startswith("python -m tests.fuzz 0 ")
    assert "ZeroDivisionError" in said
    with draws() as table, pytest.raises(ZeroDivisionError):
        drawn(table, 0, int(command.split()[-1])).call()


def test_a_slow_input_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz.run.SLOWEST_MS", 0)
    found = run(count=10, seed=0)
    assert found.failed == 10
    assert all(": takes " in failure for failure in found.failures)


@pytest.mark.parametrize(
    ("call", "kind", "fields"),
    [
        (lambda: SimulatedExchange(latency="-1"), InvalidOrder, ["latency"]),
        (lambda: SimulatedExchange(latency="-1"), InvalidConfiguration, ["seed"]),
    ],
    ids=["another error", "another field"],
)
def test_a_refusal_that_is_not_clear_is_a_failure(call, kind, fields) -> None:
    with pytest.raises(AssertionError):
        accepts(call, kind, fields)


def test_a_value_that_has_no_place_in_a_message_is_a_failure() -> None:
    quote = Quote("A/B", bid="1")
    check(quote)
    for wrong in (1.5, [], "a\nb", -1, float("nan"), Random()):
        object.__setattr__(quote, "bid", wrong)
        with pytest.raises(AssertionError):
            check(quote)
