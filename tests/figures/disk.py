"""The journal on a disk that fails: cuts, flipped bits, and power that goes at any moment."""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

import attrs

from orderpit.journal.sqlite import SqliteStore, open_store
from orderpit.journal.store import Row
from orderpit.model.errors import JournalBroken, JournalError
from tests.figures.ordeals import FIRST_FRESH
from tests.journal.power import SimulatedDisk, remains

TERMS: Final = b"terms"
PATH: Final = "/orders.db"
MOMENTS: Final = 25
"""At which the power goes, of one life of a journal."""

_MEMORY: Final = "/dev/shm"  # noqa: S108  # a folder of its own is made there
_PARTS: Final = ("", "-wal", ".mark")


@attrs.frozen
class Damage:
    """How many damages were done, of how many nothing was lost, and a line for each that was not found.

    Attributes:
        count: of damages.
        harmless: of those after which all was there.
        found: of those that were found, and named.
        undetected: a line that replays it, for each that was neither.
    """

    count: int
    harmless: int
    found: int
    undetected: tuple[str, ...]


def body(number: int, size: int) -> bytes:
    """Return what a row holds; which begins with its number."""
    return f"{number}:".encode().ljust(size, b"\x5a")


@contextlib.contextmanager
def folder() -> Generator[Path]:
    """Give a folder, in memory where there is such a place: it is no real disk that is tried."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if Path(_MEMORY).is_dir() else None) as name:
        yield Path(name)


class Shelf:
    """Journals as processes that were killed have left them: all in the log, half of it, and all in the file."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.files: list[dict[str, bytes]] = []
        self.rows: list[list[Row]] = []
        for checkpoint in (0, 20, 40):
            path = place / f"{checkpoint}.db"
            store = open_store(str(path), terms=TERMS)
            rows: list[Row] = []
            for batch in range(40):
                new = [Row(len(rows) + n + 1, "Kind", 1, body(len(rows) + n, 20 + 17 * n)) for n in range(6)]
                store.append(new)
                rows += new
                if batch + 1 == checkpoint:
                    vars(store)["_connection"].execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self.files.append({part: (place / f"{checkpoint}.db{part}").read_bytes() for part in _PARTS})
            self.rows.append(rows)
            store.close()

    def outcome(self, which: int, part: str, data: bytes) -> str | None:
        """Return how a journal opens of which one file is this: "whole", "found", or None for an undetected loss."""
        path = self.place / "damaged.db"
        for name, was in self.files[which].items():
            (self.place / f"damaged.db{name}").write_bytes(data if name == part else was)
        try:
            store = open_store(str(path))
        except JournalError:
            return "found"
        try:
            whole = list(store.read()) == self.rows[which] and store.terms == TERMS
            last = len(self.rows[which])
            if whole:
                store.append([Row(last + 1, "Kind", 1, b"more")])
                whole = [row.sequence for row in store.read(last)] == [last, last + 1]
        except JournalError:
            return "found"
        finally:
            store.close()
        return "whole" if whole else None


def cut(data: bytes, draw: random.Random) -> bytes:
    """Return the data without its end."""
    return data[: draw.randrange(len(data))]


def flipped(data: bytes, draw: random.Random) -> bytes:
    """Return the data with one bit the other way round."""
    at = draw.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]


DAMAGES: Final = {"cut": cut, "flip": flipped}


def damage(name: str, *, count: int, seed: int, progress: Callable[[float], object] = lambda _: None) -> Damage:
    """Cut or flip so many times, in a file that is drawn, of a journal that is drawn.

    Half of the seeds are the same in every run.
    """
    outcomes: dict[str, int] = {"whole": 0, "found": 0}
    undetected: list[str] = []
    with folder() as place:
        shelf = Shelf(place)
        for number in range(count):
            one = number if number < count // 2 else FIRST_FRESH + seed + number
            outcome, where = damaged(shelf, name, one)
            if outcome is None:
                undetected.append(f"{name} of seed {one}: {where}")
            else:
                outcomes[outcome] += 1
            progress((number + 1) / count)
    return Damage(count, outcomes["whole"], outcomes["found"], tuple(undetected))


def damaged(shelf: Shelf, name: str, seed: int) -> tuple[str | None, str]:
    """Do the damage of one seed; return what came of it, and which file it was."""
    draw = random.Random(seed)
    which = draw.randrange(len(shelf.files))
    part = draw.choice([part for part in _PARTS if shelf.files[which][part]])
    data = DAMAGES[name](shelf.files[which][part], draw)
    return shelf.outcome(which, part, data), f"journal {which}, orders.db{part}"


@attrs.frozen
class Losses:
    """How often the power went, and a line for each time after which something was wrong.

    Attributes:
        count: of losses of power.
        operations: of the disk, among which the moments were drawn.
        failures: of a sync, on the way.
        violations: lines.
    """

    count: int
    operations: int
    failures: int
    violations: tuple[str, ...]


def power(*, count: int, seed: int, progress: Callable[[float], object] = lambda _: None) -> Losses:
    """Let the power go so many times; half of the lives are the same in every run."""
    lives = -(-count // MOMENTS)
    operations = failures = 0
    violations: list[str] = []
    with folder() as place:
        for number in range(lives):
            one = number if number < lives // 2 else FIRST_FRESH + seed + number
            disk = lived(one)
            operations += len(disk.log)
            failures += disk.failed
            draw = random.Random(one)
            for moment in sorted(draw.choices(range(len(disk.log) + 1), k=MOMENTS)):
                wrong = after_the_loss(disk, moment, draw, place)
                if wrong:
                    violations.append(f"life {one}, moment {moment} of {len(disk.log)}: {wrong}")
            progress((number + 1) / lives)
    return Losses(lives * MOMENTS, operations, failures, tuple(violations))


def lived(seed: int) -> SimulatedDisk:
    """Return the disk on which a journal has lived: appending, checkpoints, restarts and failed syncs."""
    draw = random.Random(seed)
    disk = SimulatedDisk()
    unlucky = draw.random() < 0.5
    store: SqliteStore | None = None
    for _ in range(draw.randint(5, 25)):
        if unlucky:
            chance, chances = draw.choice((0, 0, 0.1, 0.4)), random.Random(draw.random())
            disk.fails = lambda what, c=chance, r=chances: what == "sync" and r.random() < c
        try:
            if store is None:
                store = open_store(PATH, terms=TERMS, disk=disk)
                disk.note("acknowledged", store.head.sequence)
            _live(store, disk, draw)
            if draw.random() < 0.1:
                store.close()
                store = None
        except JournalBroken:
            store = None
        except JournalError as error:
            # A disk that fails at the very beginning; nothing has been acknowledged then.
            if any(op.what == "acknowledged" and op.at for op in disk.log):
                msg = f"life {seed}: {error}"
                raise AssertionError(msg) from error
            store = None
    disk.end()
    return disk


def _live(store: SqliteStore, disk: SimulatedDisk, draw: random.Random) -> None:
    first = store.head.sequence + 1
    size = draw.choice((0, 20, 300, 5_000))
    rows = [Row(first + n, "Kind", 1, body(first + n, size)) for n in range(draw.choice((1, 1, 2, 10, 40)))]
    store.append(rows)
    disk.note("acknowledged", store.head.sequence)
    if draw.random() < 0.3:
        # As if the log had grown long: the next append carries it over into the file.
        vars(store)["_unchecked"] = 10**6


def after_the_loss(disk: SimulatedDisk, moment: int, draw: random.Random, place: Path) -> str:
    """Return what is wrong with the journal when the power is back; empty where nothing is."""
    for one in place.iterdir():
        one.unlink()
    for name, data in remains(disk, moment, draw).items():
        (place / name.lstrip("/")).write_bytes(data)
    acknowledged = max((op.at for op in disk.log[:moment] if op.what == "acknowledged"), default=0)
    try:
        store = open_store(str(place / PATH.lstrip("/")), terms=TERMS)
    except JournalError as error:
        return f"{type(error).__name__}: {error.rule if hasattr(error, 'rule') else error}"
    try:
        found = list(store.read())
        if len(found) < acknowledged:
            return f"{acknowledged} rows were acknowledged, and {len(found)} are there"
        if any(not row.body.startswith(f"{number}:".encode()) for number, row in enumerate(found, 1)):
            return "a row is another"
        store.append([Row(len(found) + 1, "Kind", 1, b"more")])
    except JournalError as error:
        return f"{type(error).__name__} once it was open: {error}"
    finally:
        store.close()
    return ""
