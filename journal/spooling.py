"""How snapshots are made while a journal is written: its rows are copied, and folded by another process.

Folding takes several times as long as writing, and would hold up whoever shares the interpreter. So the rows since the
latest snapshot are written to a file once more, and when there are many, a process of its own folds them on top of that
snapshot, writes the next one, and ends.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from .snapshot import place_of
from .store import Head, Row

_BETWEEN: Final = "OrderCreated"
"""What becomes of an order that was created is told by the row behind, and both are folded together."""
_ASK: Final = "import sys; sys.path[:] = {path!r}; from {package}.actors.snapshotting import main; main(sys.argv[1])"
_ENCODER: Final = msgspec.msgpack.Encoder()


class Beginning(msgspec.Struct, array_like=True, frozen=True):
    """What the rows of a spool are to be folded on top of.

    Attributes:
        place: of the snapshot.
        key: see snapshot.key_of().
        nothing: the memento of a fold of nothing.
        first: the number of the first row; of those before it there is a snapshot, where it is not 1.
    """

    place: str
    key: bytes
    nothing: list[bytes]
    first: int


class Spool:
    """Copies the rows of a journal, and has snapshots made of them. It is used by whoever owns the store, and no other.

    Nothing that goes wrong here concerns the journal: it is said once, and no more snapshots are made.

    Args:
        path: of the journal.
        key, nothing: see Beginning.
        last: the number of the row up to which there is a snapshot; 0 where there is none.
        say: told once why no more snapshots are made.
        every: so many rows are waited for.
    """

    def __init__(
        self,
        path: str,
        key: bytes,
        nothing: Sequence[bytes],
        last: int,
        say: Callable[[str], object],
        every: int,
    ) -> None:
        self._place = place_of(path)
        self._key = key
        self._nothing = list(nothing)
        self._say = say
        self._every = every
        self._first = last + 1
        self._count = 0
        self._latest = ""
        self._file: BinaryIO | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._is_over = False
        self._clear()

    def take(self, rows: Iterable[Row], head: Head) -> None:
        """Copy rows that have become durable, the last of which is the chain's head."""
        self.copy(rows)
        try:
            if self._process is not None and self._process.poll() is not None:
                self._ended(self._process)
            is_due = self._count >= self._every and self._process is None and self._latest != _BETWEEN
            if is_due and not self._is_over:
                self._fold(head)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is no reason for the journal to break
            self._give_up(str(error))

    def copy(self, rows: Iterable[Row]) -> None:
        """Copy rows behind which others come at once."""
        if self._is_over:
            return
        try:
            for row in rows:
                self._copy(row)
        except Exception as error:  # noqa: BLE001  # likewise
            self._give_up(str(error))

    def close(self) -> None:
        """Make no more snapshots, and leave nothing behind."""
        self._is_over = True
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
        self._clear()

    @property
    def _open_spool(self) -> str:
        return f"{self._place}.rows"

    @property
    def _whole_spool(self) -> str:
        return f"{self._place}.folding"

    def _clear(self) -> None:
        place = Path(self._place)
        left = [Path(self._open_spool), Path(self._whole_spool)]
        with contextlib.suppress(OSError):
            names = (one.name for one in place.parent.iterdir())
            left += [place.with_name(name) for name in names if name.startswith(place.name) and name.endswith(".new")]
        for path in left:
            with contextlib.suppress(OSError):
                path.unlink()

    def _copy(self, row: Row) -> None:
        if self._file is None:
            handle = os.open(self._open_spool, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(handle, "wb")
            self._put(self._file, Beginning(self._place, self._key, self._nothing, self._first))
        self._put(self._file, (row.sequence, row.kind, row.version, row.body))
        self._count += 1
        self._latest = row.kind

    @staticmethod
    def _put(file: BinaryIO, what: object) -> None:
        body = _ENCODER.encode(what)
        file.write(len(body).to_bytes(4, "big"))
        file.write(body)

    def _fold(self, head: Head) -> None:
        assert self._file is not None, "rows were copied"
        self._put(self._file, (head.sequence, "", 0, head.digest))
        self._file.close()
        self._file, self._first, self._count = None, head.sequence + 1, 0
        Path(self._open_spool).replace(self._whole_spool)
        package = __name__.partition(".")[0]
        command = [sys.executable, "-c", _ASK.format(path=sys.path, package=package), self._whole_spool]
        self._process = subprocess.Popen(  # noqa: S603  # this very program
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def _ended(self, process: subprocess.Popen[bytes]) -> None:
        _, said = process.communicate()
        self._process = None
        if process.returncode:
            lines = said.decode(errors="replace").strip().splitlines()
            self._give_up(lines[-1] if lines else f"exit status {process.returncode}")

    def _give_up(self, why: str) -> None:
        self.close()
        self._say(f"no more snapshots are made of the journal, so that the next start takes longer: {why}")


def frames(path: str) -> Iterator[bytes]:
    """Iterate over the frames of a spool that is whole, and take it away: the next has the same name."""
    with Path(path).open("rb") as file:
        Path(path).unlink()
        while size := file.read(4):
            yield file.read(int.from_bytes(size, "big"))
