"""What the tests of stores share: rows to keep, and stores that are closed at the end."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orderpit.journal.sqlite import SqliteStore, open_store
from orderpit.journal.store import Head, Row

TERMS = b"what it was begun with"


def rows(first: int, last: int, size: int = 20) -> list[Row]:
    """Return rows by their numbers, no two alike."""
    return [
        Row(number, f"Kind{number % 3}", 1, f"{number}-".encode().ljust(size, b"x"))
        for number in range(first, last + 1)
    ]


def begun(path: Path, count: int = 0, batch: int = 7) -> SqliteStore:
    """Begin a journal, and append so many rows in batches."""
    store = open_store(str(path), terms=TERMS)
    for first in range(1, count + 1, batch):
        store.append(rows(first, min(first + batch - 1, count)))
    return store


def kept(path: Path, count: int, **more: Any) -> Path:
    """Leave a closed journal of so many rows."""
    begun(path, count, **more).close()
    return path


def tampered(path: Path, *statements: str) -> None:
    """Change the database with another program."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def head(path: Path) -> Head:
    """Return where a journal on disk ends."""
    with contextlib.closing(open_store(str(path))) as store:
        return store.head


def bodies(found: Iterable[Row]) -> list[bytes]:
    return [row.body for row in found]
