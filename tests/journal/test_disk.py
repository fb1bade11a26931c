"""Cuts, flipped bits and losses of power: nothing is lost in silence, and the proofs notice a store that loses."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from figures import disk

from orderpit.journal import sqlite
from orderpit.journal.mark import Mark
from orderpit.journal.sqlite import SqliteStore


@pytest.mark.fault(55)
def test_no_cut_loses_a_row_in_silence() -> None:
    found = disk.damage("cut", count=400, seed=0)
    assert found.undetected == ()
    assert found.count == found.harmless + found.found == 400
    assert min(found.harmless, found.found) > 50, "cuts that are all alike try little"


@pytest.mark.fault(56, 57)
def test_no_flipped_bit_changes_a_row_in_silence() -> None:
    found = disk.damage("flip", count=400, seed=0)
    assert found.undetected == ()
    assert found.count == found.harmless + found.found == 400
    assert min(found.harmless, found.found) > 50


@pytest.mark.fault(47, 54, 55)
def test_what_was_acknowledged_is_there_whenever_the_power_goes() -> None:
    found = disk.power(count=500, seed=0)
    assert found.violations == ()
    assert found.count == 500
    assert found.operations > 5_000
    assert found.failures > 20, "syncs that never fail try little"


@pytest.mark.parametrize("life", [27052023])
def test_a_life_in_which_something_was_lost_once_loses_nothing_at_any_moment(life: int, tmp_path: Path) -> None:
    lived = disk.lived(life)
    for moment in range(len(lived.log) + 1):
        assert disk.after_the_loss(lived, moment, random.Random(moment), tmp_path) == "", f"moment {moment}"


def test_damages_and_losses_depend_on_their_seeds_alone() -> None:
    assert disk.damage("flip", count=40, seed=3) == disk.damage("flip", count=40, seed=3)
    one, other = disk.lived(5), disk.lived(5)
    # The beginning of each journal is drawn by the system, so that no two are alike.
    assert [(op.what, op.name, op.at, len(op.data)) for op in one.log] == [
        (op.what, op.name, op.at, len(op.data)) for op in other.log
    ]


def test_without_the_mark_cuts_would_not_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mark, "read", lambda _: sqlite.Head(0, b""))
    monkeypatch.setattr(SqliteStore, "_verified", without_a_mark(SqliteStore._verified))
    assert disk.damage("cut", count=100, seed=0).undetected


def without_a_mark(verified):
    return lambda store, _: verified(store, None)


def test_without_the_hashes_flipped_bits_would_not_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteStore, "_linked", lambda _, __, ___, entry: entry[4])
    assert disk.damage("flip", count=200, seed=0).undetected


def test_without_a_sync_before_the_acknowledgement_losses_of_power_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    execute = disk.SimulatedDisk.connect

    def careless(self, path, mode):
        connection = execute(self, path, mode)
        run = connection.execute
        connection.execute = lambda sql, *values: run(sql.replace("synchronous = FULL", "synchronous = OFF"), *values)
        return connection

    monkeypatch.setattr(disk.SimulatedDisk, "connect", careless)
    assert disk.power(count=100, seed=0).violations


def test_without_writing_the_log_again_a_failed_sync_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "write_again", lambda *_: None)
    assert disk.power(count=1_000, seed=0).violations
