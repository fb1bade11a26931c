"""`orderpit replay`: a seed has one digest; a law that is broken is shown with what led to it."""

from __future__ import annotations

import json

import pytest

from orderpit.cli import main
from orderpit.model import lifecycle
from orderpit.model.events import OrderFilled


def test_a_seed_is_replayed_and_has_a_digest(capsys):
    assert main(["replay", "--seed", "7", "--orders", "60"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Seed 7: 60 orders"
    assert lines[-1].startswith("digest ")


def test_the_digest_is_the_same_on_both_kinds_of_fibre(capsys):
    digests = set()
    for fibres in ("greenlet", "thread"):
        assert main(["replay", "--seed", "7", "--orders", "40", "--fibres", fibres, "--json"]) == 0
        digests.add(json.loads(capsys.readouterr().out)["digest"])
    assert len(digests) == 1


def test_json_says_what_happened(capsys):
    assert main(["replay", "--seed", "5", "--orders", "60", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["seed"] == 5
    assert found["broken"] == ""
    assert found["orders"] > 50
    assert found["checks"] > 50
    assert sum(found["happened"].values()) > 0


def test_a_broken_law_is_shown_with_the_messages_before_it(capsys, monkeypatch):
    # A bug: fills are forgotten.
    folds = {**lifecycle._FOLDS, OrderFilled: lambda order, event: order}
    monkeypatch.setattr(lifecycle, "_FOLDS", folds)
    assert main(["replay", "--seed", "7", "--orders", "60"]) == 1
    out = capsys.readouterr().out
    assert "BROKEN: Violation: I-" in out
    assert "OrderFilled" in out


@pytest.mark.parametrize("argument", [["--seed", "-1"], ["--orders", "0"], ["--fibres", "rope"]], ids=" ".join)
def test_a_bad_argument_is_one_line(capsys, argument):
    assert main(["replay", *argument]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_greenlets_that_are_not_installed_are_no_broken_law(capsys, monkeypatch):
    monkeypatch.setattr("orderpit.actors.fibres._greenlet", None)
    assert main(["replay", "--orders", "1", "--fibres", "greenlet"]) == 2
    captured = capsys.readouterr()
    assert "needs greenlet" in captured.err
    assert not captured.out
