"""The journal in SQLite: what is durable is there again, and what has been changed, cut or lost is found and named."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orderpit.journal.chain import follow
from orderpit.journal.disk import RealDisk
from orderpit.journal.opening import APPLICATION, VERSION
from orderpit.journal.sqlite import SqliteStore, open_store
from orderpit.journal.store import Row
from orderpit.model.errors import InvalidJournal, JournalBroken, JournalCorrupt, JournalFull, JournalLocked
from tests.journal.keeping import TERMS, begun, head, kept, rows, tampered

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    opened = begun(path)
    yield opened
    opened.close()


def refused(path: Path | str, kind: type[Any] = InvalidJournal, **more: Any) -> Any:
    with pytest.raises(kind) as caught:
        open_store(str(path), terms=TERMS, **more)
    assert type(caught.value) is kind
    return caught.value


def corrupt(path: Path) -> JournalCorrupt:
    return refused(path, JournalCorrupt)


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


def test_what_was_appended_is_there_again(path: Path) -> None:
    store = begun(path, 30)
    head = store.head
    assert list(store.read()) == rows(1, 30)
    store.close()
    store.close()
    for read_only in (True, False):
        again = open_store(str(path), terms=b"others", read_only=read_only)
        assert (again.head, again.terms) == (head, TERMS)
        assert list(again.read()) == rows(1, 30)
        assert list(again.read(5, 9)) == rows(5, 9)
        assert list(again.read(29)) == rows(29, 30)
        assert list(again.read(31)) == list(again.read(7, 6)) == []
        again.close()


def test_terms_may_be_worked_out_when_they_are_needed(path: Path) -> None:
    open_store(str(path), terms=lambda: TERMS).close()

    def never() -> bytes:
        raise AssertionError

    store = open_store(str(path), terms=never)
    assert store.terms == TERMS
    store.close()


def test_no_two_journals_begin_alike(tmp_path: Path) -> None:
    heads = set()
    for name in "ab":
        store = begun(tmp_path / name)
        heads.add(store.head)
        store.close()
    assert len(heads) == 2


def test_rows_that_do_not_follow_are_refused_and_nothing_is_kept(store: SqliteStore) -> None:
    store.append(rows(1, 3))
    for wrong in (rows(3, 4), rows(5, 6), [*rows(4, 5), *rows(5, 5)], rows(1, 1)):
        with pytest.raises(ValueError, match="does not follow row"):
            store.append(wrong)
    store.append([])
    assert list(store.read()) == rows(1, 3)


def test_rows_are_read_while_others_are_appended(store: SqliteStore) -> None:
    store.append(rows(1, 2_500))
    reading = store.read()
    first = [next(reading) for _ in range(1_500)]
    store.append(rows(2_501, 2_600))
    assert first + list(reading) == rows(1, 2_500)


def test_the_log_does_not_grow_without_end(path: Path) -> None:
    store = begun(path)
    for number in range(1, 1_501):
        store.append(rows(number, number))
    assert Path(f"{path}-wal").stat().st_size < 8_000_000
    assert path.stat().st_size > 50_000
    store.close()


def test_it_can_be_used_on_another_thread_than_the_one_that_opened_it(store: SqliteStore) -> None:
    thread = threading.Thread(target=lambda: store.append(rows(1, 5)))
    thread.start()
    thread.join(20)
    assert list(store.read()) == rows(1, 5)


def test_files_are_for_their_owner_alone_from_the_first_moment(path: Path) -> None:
    modes: dict[str, set[int]] = {}

    class Watching(RealDisk):
        def _look(self) -> None:
            for one in path.parent.iterdir():
                modes.setdefault(one.name, set()).add(stat.S_IMODE(one.stat().st_mode))

        def sync(self, handle: int) -> None:
            self._look()
            super().sync(handle)

        def link(self, path: str, to: str) -> None:
            self._look()
            super().link(path, to)

    before = os.umask(0)
    try:
        store = open_store(str(path), terms=TERMS, disk=Watching())
        store.append(rows(1, 3))
        store.backup(str(path.parent / "copy.db"))
        store.close()
    finally:
        os.umask(before)
    assert {"orders.db", "orders.db.mark", "orders.db-wal", "orders.db.new", "copy.db", "copy.db.mark"} <= set(modes)
    assert set.union(*modes.values()) == {0o600}


# What is at the path.


def _directory(path: Path) -> None:
    path.mkdir()
    Path(f"{path}.mark").write_bytes(b"x")


def _database(path: Path) -> None:
    tampered(path, "PRAGMA application_id = 7", "CREATE TABLE t(a)")


def _newer(path: Path) -> None:
    kept(path, 3)
    tampered(path, f"PRAGMA user_version = {VERSION + 1}", "PRAGMA wal_checkpoint(TRUNCATE)")


def _without_a_journal(path: Path) -> None:
    kept(path, 3)
    path.unlink()


def _circle(path: Path) -> None:
    path.symlink_to(path)


def _old_log(path: Path) -> None:
    Path(f"{path}-wal").write_bytes(b"x" * 100)


@pytest.mark.fault(59, 61)
@pytest.mark.parametrize(
    ("prepare", "rule"),
    [
        (lambda path: path.write_bytes(b""), "is an empty file and no journal"),
        (lambda path: path.write_bytes(b"x"), "is no SQLite database"),
        (lambda path: path.write_bytes(b"x" * 10_000), "is no SQLite database"),
        (_directory, "Is a directory"),
        (_database, "is a database of another application, 0x00000007"),
        (_newer, f"is a journal of version {VERSION + 1}, and this program reads 1 to {VERSION}"),
        (_without_a_journal, "though its mark is"),
        (_circle, "Too many levels of symbolic links"),
        (_old_log, "is there already, and nothing is written over it"),
    ],
    ids=["empty", "short", "text", "directory", "other database", "newer", "only the mark", "circle", "old log"],
)
def test_what_is_no_journal_of_ours_is_refused_and_left_as_it_is(
    path: Path, prepare: Callable[[Path], None], rule: str
) -> None:
    prepare(path)
    before = {one: one.read_bytes() for one in path.parent.iterdir() if one.is_file()}
    assert rule in refused(path).rule
    assert {one: one.read_bytes() for one in path.parent.iterdir() if one.is_file()} == before


@pytest.mark.fault(59)
def test_a_version_that_there_has_never_been_is_refused(path: Path) -> None:
    kept(path, 3)
    tampered(path, "PRAGMA user_version = 0", "PRAGMA wal_checkpoint(TRUNCATE)")
    assert "never been" in refused(path).rule


@pytest.mark.fault(61)
def test_what_is_only_read_is_not_made(path: Path) -> None:
    assert "is not there" in refused(path, read_only=True).rule
    assert names(path.parent) == set()


@pytest.mark.fault(64)
def test_a_path_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "its folder is not there" in refused(tmp_path / "none" / "orders.db").rule
    assert refused("").rule


@pytest.mark.fault(64)
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user; others are refused by the next test")
@pytest.mark.parametrize("count", [0, 3], ids=["to be made", "there"])
def test_a_journal_that_another_user_may_not_write_is_refused(path: Path, count: int) -> None:
    if count:
        kept(path, count)
    before = names(path.parent)
    os.seteuid(65_534)
    try:
        assert "Permission denied" in refused(path).rule
    finally:
        os.seteuid(0)
    assert names(path.parent) == before


@pytest.mark.fault(64)
@pytest.mark.parametrize("place", ["/proc/orders.db", "file/orders.db"])
def test_a_place_that_takes_no_files_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    refused(tmp_path / place)


def test_a_link_leads_to_the_journal_and_to_its_mark(path: Path) -> None:
    kept(path, 3)
    link = path.parent / "link.db"
    link.symlink_to(path)
    store = open_store(str(link))
    assert store.head.sequence == 3
    assert isinstance(refused(path, JournalLocked), JournalLocked)
    store.close()
    assert "link.db.mark" not in names(path.parent)


@pytest.mark.fault(63)
def test_the_second_process_is_refused_at_once(path: Path) -> None:
    code = (
        "import sys; from orderpit.journal.sqlite import open_store as o; o(sys.argv[1], read_only=bool(sys.argv[2]))"
    )
    store = begun(path, 3)
    for read_only in ("", "1"):
        done = subprocess.run(  # noqa: S603  # this test's own code
            [sys.executable, "-c", code, str(path), read_only], cwd=ROOT, capture_output=True, text=True, check=False,
            timeout=20,
        )  # fmt: skip
        assert "JournalLocked" in done.stderr, done.stderr
    refused(path, JournalLocked)
    refused(path, JournalLocked, read_only=True)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        tampered(path, "DELETE FROM rows")
    store.append(rows(4, 5))
    store.close()
    assert head(path).sequence == 5


def test_two_may_read_and_then_nobody_may_write(path: Path) -> None:
    kept(path, 3)
    one, other = open_store(str(path), read_only=True), open_store(str(path), read_only=True)
    refused(path, JournalLocked)
    assert list(one.read()) == list(other.read()) == rows(1, 3)
    for store in (one, other):
        with pytest.raises(InvalidJournal, match="for reading only"):
            store.append(rows(4, 4))
        store.close()


# What was written by a process that was killed.


def left(path: Path, count: int) -> Path:
    """Copy the files of a journal that is open, as they would be after a kill."""
    store = begun(path, count)
    copy = path.parent / "left" / "orders.db"
    copy.parent.mkdir(exist_ok=True)
    for suffix in ("", "-wal", ".mark"):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    store.close()
    return copy


def test_a_log_that_was_left_is_read_and_reading_alone_changes_nothing(path: Path) -> None:
    copy = left(path, 30)
    before = {one.name: one.read_bytes() for one in copy.parent.iterdir()}
    reader = open_store(str(copy), read_only=True)
    assert list(reader.read()) == rows(1, 30)
    reader.close()
    assert {one.name: one.read_bytes() for one in copy.parent.iterdir()} == before
    store = open_store(str(copy))
    assert list(store.read()) == rows(1, 30)
    store.append(rows(31, 32))
    store.close()


@pytest.mark.fault(62)
@pytest.mark.parametrize("missing", ["-wal", ".mark", ""], ids=["log", "mark", "file"])
def test_a_part_that_was_left_behind_is_missed(path: Path, missing: str) -> None:
    copy = left(path, 30)
    Path(f"{copy}{missing}").unlink()
    refused(copy, JournalCorrupt if missing else InvalidJournal)


@pytest.mark.fault(62)
def test_a_backup_is_whole_has_a_mark_of_its_own_and_can_be_made_while_it_is_written(path: Path) -> None:
    store = begun(path, 30)
    copy = path.parent / "copy.db"
    store.backup(str(copy))
    store.append(rows(31, 40))
    head = store.head
    store.close()
    assert names(path.parent) == {"orders.db", "orders.db.mark", "copy.db", "copy.db.mark"}
    again = open_store(str(copy))
    assert (again.terms, list(again.read())) == (TERMS, rows(1, 30))
    again.append(rows(31, 40))
    assert again.head == head, "the same chain goes on"
    again.close()


def test_a_backup_that_cannot_be_finished_leaves_nothing_and_can_be_made_again(path: Path) -> None:
    disk = Failing("write")
    store = open_store(str(path), terms=TERMS, disk=disk)
    store.append(rows(1, 3))
    disk.fails = True
    with pytest.raises(InvalidJournal, match="cannot be written: Input/output error"):
        store.backup(str(path.parent / "copy.db"))
    assert not {one for one in names(path.parent) if one.startswith("copy")}
    disk.fails = False
    store.backup(str(path.parent / "copy.db"))
    store.close()
    assert head(path.parent / "copy.db").sequence == 3


def test_without_terms_nothing_is_begun(path: Path) -> None:
    with pytest.raises(InvalidJournal, match="is not there"):
        open_store(str(path))
    assert not names(path.parent)


@pytest.mark.parametrize("suffix", ["", ".mark", "-wal"])
def test_a_backup_is_not_written_over_anything(path: Path, suffix: str) -> None:
    store = begun(path, 3)
    copy = path.parent / f"copy.db{suffix}"
    copy.write_bytes(b"precious")
    with pytest.raises(InvalidJournal, match="is there already"):
        store.backup(str(path.parent / "copy.db"))
    with pytest.raises(InvalidJournal, match="its folder is not there"):
        store.backup(str(path.parent / "none" / "copy.db"))
    with pytest.raises(InvalidJournal, match="is there already"):
        store.backup(str(path))
    assert copy.read_bytes() == b"precious"
    assert {one for one in names(path.parent) if one.startswith("copy")} == {copy.name}
    store.append(rows(4, 4))
    store.close()


class Dies(BaseException):
    """The end of a process."""


def dying(real: Any, left_over: list[int]) -> Any:
    """Return a call that ends the process once so many have been made."""

    def call(*arguments: Any, **more: Any) -> Any:
        if not left_over[0]:
            raise Dies
        left_over[0] -= 1
        return real(*arguments, **more)

    return call


def test_a_beginning_that_is_interrupted_anywhere_is_nothing_or_a_journal(tmp_path: Path) -> None:
    calls = ("create", "lock", "connect", "open", "sync", "close", "link", "remove", "sync_folder", "write")
    survived = 0
    for step in range(100):
        folder = tmp_path / str(step)
        folder.mkdir()
        disk, left_over = RealDisk(), [step]
        for name in calls:
            setattr(disk, name, dying(getattr(disk, name), left_over))
        try:
            open_store(str(folder / "orders.db"), terms=TERMS, disk=disk).close()
            survived += 1
        except Dies:
            pass
        # What the dead process had open is closed by the system.
        for handle in [int(one.name) for one in Path("/proc/self/fd").iterdir()]:
            with contextlib.suppress(OSError):
                if str(folder) in str(Path(f"/proc/self/fd/{handle}").readlink()):
                    os.close(handle)
        again = open_store(str(folder / "orders.db"), terms=TERMS)
        assert (again.head.sequence, again.terms) == (0, TERMS)
        again.append(rows(1, 1))
        again.close()
    assert 50 < survived < 99


# Damage.


_OF_THE_OTHER = "(SELECT body FROM rows r WHERE r.sequence = 33 - rows.sequence)"
_EXCHANGED = f"UPDATE rows SET body = {_OF_THE_OTHER} WHERE sequence IN (16, 17)"  # noqa: S608


@pytest.mark.fault(58)
@pytest.mark.parametrize(
    ("statement", "row", "rule"),
    [
        ("DELETE FROM rows WHERE sequence = 11", 11, "is missing: row 12 stands in its place"),
        ("DELETE FROM rows WHERE sequence = 1", 1, "is missing"),
        ("DELETE FROM rows WHERE sequence > 25", 26, "was durable and is gone: the mark knows 30 rows"),
        ("DELETE FROM rows", 1, "was durable and is gone"),
        ("UPDATE rows SET body = x'00' WHERE sequence = 7", 7, "is not what was written"),
        ("UPDATE rows SET body = zeroblob(20) WHERE sequence = 30", 30, "is not what was written"),
        ("UPDATE rows SET kind = 'OrderFilled' WHERE sequence = 7", 7, "is not what was written"),
        ("UPDATE rows SET kind = 'a' || char(0) || 'b' WHERE sequence = 7", 7, "is not what was written"),
        ("UPDATE rows SET version = 2 WHERE sequence = 7", 7, "is not what was written"),
        ("UPDATE rows SET version = -1 WHERE sequence = 7", 7, "is not what was written"),
        ("UPDATE rows SET digest = zeroblob(32) WHERE sequence = 7", 7, "is not what was written"),
        (_EXCHANGED, 16, "is not what was written"),
        ("INSERT INTO rows SELECT 31, kind, version, body, digest FROM rows WHERE sequence = 30", 31, "not follow"),
        ("INSERT INTO rows SELECT -5, kind, version, body, digest FROM rows WHERE sequence = 30", 1, "is missing"),
        ("UPDATE journal SET terms = x'00'", 1, "does not follow the row before it"),
        ("UPDATE journal SET identity = x'00'", 1, "does not follow the row before it"),
        ("DELETE FROM journal", 0, "what it was begun with cannot be read"),
        ("DROP TABLE rows", 0, "no such table"),
    ],
    ids=[
        "deleted", "first deleted", "tail deleted", "all deleted", "edited", "last edited", "kind", "nul", "version",
        "negative version", "hash", "exchanged", "repeated", "put before", "terms", "identity", "beginning", "table",
    ],
)  # fmt: skip
def test_a_row_that_was_changed_by_hand_is_found_and_named(path: Path, statement: str, row: int, rule: str) -> None:
    tampered(kept(path, 30), statement)
    if statement.startswith("DROP"):
        assert rule in refused(path).rule
        return
    error = corrupt(path)
    assert error.sequence == row
    assert rule in error.rule
    with pytest.raises(JournalCorrupt):
        open_store(str(path), read_only=True)


def test_the_beginning_of_an_empty_journal_is_held_against_the_mark(path: Path) -> None:
    tampered(kept(path, 0), "UPDATE journal SET terms = x'00'")
    assert "than the one that the mark knows" in corrupt(path).rule


@pytest.mark.fault(58)
def test_a_chain_that_was_worked_out_anew_by_hand_is_found(path: Path) -> None:
    store = begun(path, 30)
    digest = store.digest_at(9)
    store.close()
    for row in [Row(10, "Kind1", 1, b"forged"), *rows(11, 30)]:
        digest = follow(digest, row)
        body, link = row.body.hex(), digest.hex()
        change = f"UPDATE rows SET body = x'{body}', digest = x'{link}' WHERE sequence = {row.sequence}"  # noqa: S608
        tampered(path, change)
    assert corrupt(path).sequence == 30
    assert "than the one that the mark knows" in corrupt(path).rule


def test_rows_that_follow_but_are_beyond_the_mark_are_taken(path: Path) -> None:
    mark = Path(f"{path}.mark")
    store = begun(path, 30)
    before = mark.read_bytes()
    store.append(rows(31, 35))
    store.close()
    mark.write_bytes(before)
    again = open_store(str(path))
    assert again.head.sequence == 35
    again.close()
    assert mark.read_bytes() != before, "the mark knows them now"


@pytest.mark.parametrize("slot", [0, 1])
def test_a_mark_of_which_one_slot_is_torn_still_tells_of_a_lost_tail(path: Path, slot: int) -> None:
    kept(path, 30)
    mark = bytearray(Path(f"{path}.mark").read_bytes())
    mark[slot * 4096 + 20] ^= 1
    Path(f"{path}.mark").write_bytes(mark)
    tampered(path, "DELETE FROM rows WHERE sequence > 20")
    assert corrupt(path).sequence == 21


def test_a_mark_that_says_nothing_is_refused(path: Path) -> None:
    kept(path, 30)
    for content in (b"", b"x" * 8192, b"\0" * 8192):
        Path(f"{path}.mark").write_bytes(content)
        assert "its mark cannot be read" in corrupt(path).rule


def test_damage_that_happens_while_it_is_open_is_found_by_reading(path: Path) -> None:
    store = begun(path, 30)
    store._connection.execute("UPDATE rows SET body = x'00' WHERE sequence = 20")
    reading = store.read(15)
    assert [next(reading).sequence for _ in range(5)] == [15, 16, 17, 18, 19]
    with pytest.raises(JournalCorrupt, match="row 20: is not what was written"):
        next(reading)
    store._connection.execute("DELETE FROM rows WHERE sequence > 20")
    with pytest.raises(JournalCorrupt, match="row 25: was durable and is gone"):
        list(store.read(26))
    with pytest.raises(JournalCorrupt, match="row 21: was durable and is gone"):
        list(store.read(21))
    store.close()


# A disk that fails.


@pytest.mark.fault(52)
def test_without_room_nothing_changes_and_the_same_store_goes_on_when_there_is_room(store: SqliteStore) -> None:
    store.append(rows(1, 10))
    head = store.head
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    for _ in range(3):
        with pytest.raises(JournalFull, match="there is no room for more rows: database or disk is full"):
            store.append(rows(11, 500, 100))
        assert store.head == head
        assert list(store.read()) == rows(1, 10)
    store._connection.execute("PRAGMA max_page_count = 100000")
    store.append(rows(11, 500, 100))
    assert list(store.read()) == rows(1, 10) + rows(11, 500, 100)


_LIMITED = """
import resource, sys
from orderpit.journal.sqlite import open_store
from orderpit.journal.store import Row
from orderpit.model.errors import JournalBroken
store = open_store(sys.argv[1], terms=b'')
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    while True:
        store.append([Row(store.head.sequence + 1, "Kind", 1, b"x" * 1000)])
        print(store.head.sequence, flush=True)
except JournalBroken as error:
    print(error)
for call in (lambda: store.append([]), store.read, lambda: store.backup("copy.db")):
    try:
        call()
    except JournalBroken:
        print("closed")
"""


@pytest.mark.fault(53)
def test_after_a_write_that_failed_the_store_is_closed_and_what_was_acknowledged_is_there(path: Path) -> None:
    done = subprocess.run(  # noqa: S603  # this test's own code
        [sys.executable, "-c", _LIMITED, str(path)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    *told, error, one, two, three = done.stdout.splitlines()
    assert "a write has failed, open it anew: disk I/O error" in error
    assert (one, two, three) == ("closed", "closed", "closed")
    store = open_store(str(path))
    assert int(told[-1]) <= store.head.sequence <= int(told[-1]) + 1
    store.append([Row(store.head.sequence + 1, "Kind", 1, b"")])
    store.close()


class Failing(RealDisk):
    """A disk whose mark cannot be written or synced from some moment on."""

    def __init__(self, name: str) -> None:
        self.fails = False
        self.tries = 0
        real: Any = getattr(self, name)

        def call(*arguments: Any) -> None:
            if self.fails:
                self.tries += 1
                raise OSError(5, "Input/output error")
            real(*arguments)

        setattr(self, name, call)


@pytest.mark.fault(53, 54)
@pytest.mark.parametrize("name", ["write", "sync"])
def test_a_mark_that_cannot_be_written_closes_the_store_and_is_not_tried_again(path: Path, name: str) -> None:
    disk = Failing(name)
    store = open_store(str(path), terms=TERMS, disk=disk)
    store.append(rows(1, 3))
    disk.fails = True
    with pytest.raises(JournalBroken, match="Input/output error"):
        store.append(rows(4, 6))
    for call in (lambda: store.append(rows(4, 6)), lambda: list(store.read())):
        with pytest.raises(JournalBroken, match="a write has failed"):
            call()
    store.close()
    assert disk.tries == 1
    again = open_store(str(path))
    assert list(again.read()) == rows(1, 6), "it was in the journal, ahead of its mark"
    again.close()


@pytest.mark.fault(53)
def test_a_mark_that_cannot_be_written_at_the_start_refuses_the_journal(path: Path) -> None:
    kept(path, 3)
    disk = Failing("sync")
    disk.fails = True
    refused(path, JournalBroken, disk=disk)
    assert head(path).sequence == 3


@pytest.mark.fault(55)
def test_a_process_that_is_killed_leaves_what_it_acknowledged(path: Path) -> None:
    code = _LIMITED.replace("resource.setrlimit", "(lambda *_: None)")
    with subprocess.Popen(  # noqa: S603  # this test's own code
        [sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = [int(next(process.stdout)) for _ in range(50)]
        process.send_signal(signal.SIGKILL)
        told += map(int, process.stdout.read().splitlines())
    store = open_store(str(path))
    assert told[-1] <= store.head.sequence <= told[-1] + 1
    assert [row.sequence for row in store.read()] == list(range(1, store.head.sequence + 1))
    store.close()


def test_the_header_says_whose_file_it_is(path: Path) -> None:
    kept(path, 1)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION,)
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    connection.close()
