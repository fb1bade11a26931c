"""Snapshots in their files: whole and of this very program, or none at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from orderpit.journal import snapshot as module
from orderpit.journal.snapshot import Snapshot, found_at, keep, key_of

KEY = key_of([b"nothing"])
KEPT = Snapshot(7, b"d" * 32, KEY, [b"first", b"", b"second" * 100])


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "orders.db.snapshot")


def test_what_is_kept_is_found(path: str) -> None:
    keep(path, KEPT)
    assert found_at(path, KEY) == KEPT
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600


def test_the_next_takes_the_place_of_the_one_before_and_leaves_nothing_beside(path: str) -> None:
    keep(path, KEPT)
    later = Snapshot(9, b"e" * 32, KEY, [])
    keep(path, later)
    assert found_at(path, KEY) == later
    assert [one.name for one in Path(path).parent.iterdir()] == ["orders.db.snapshot"]


def test_one_that_cannot_be_written_leaves_the_one_before_and_nothing_else(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(path, KEPT)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        keep(path, Snapshot(9, b"e" * 32, KEY, []))
    assert found_at(path, KEY) == KEPT
    assert [one.name for one in Path(path).parent.iterdir()] == ["orders.db.snapshot"]


def test_where_nothing_is_nothing_is_found(path: str) -> None:
    assert found_at(path, KEY) is None


def test_of_other_settings_or_another_program_it_is_none(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert key_of([b"noth", b"ing"]) != KEY != key_of([b"other"])
    keep(path, KEPT)
    assert found_at(path, key_of([b"other"])) is None
    monkeypatch.setattr(module, "_program", lambda: b"one line is another")
    assert found_at(path, key_of([b"nothing"])) is None


def test_a_byte_that_is_another_makes_it_none(path: str) -> None:
    keep(path, KEPT)
    whole = Path(path).read_bytes()
    for at in range(len(whole)):
        Path(path).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert found_at(path, KEY) is None, at


def test_one_that_is_cut_or_longer_is_none(path: str) -> None:
    keep(path, KEPT)
    whole = Path(path).read_bytes()
    for size in range(len(whole)):
        Path(path).write_bytes(whole[:size])
        assert found_at(path, KEY) is None, size
    Path(path).write_bytes(whole + b"\0")
    assert found_at(path, KEY) is None
