"""Keys of a terminal, one at a time, without echo; what the terminal was set to comes back."""

from __future__ import annotations

import os
import select
import termios
import tty
from types import TracebackType
from typing import Any, Final, Self

_WAIT_SECONDS: Final = 0.25
_MORE_SECONDS: Final = 0.05
_LONGEST: Final = 16
_NAMED: Final = {
    **dict.fromkeys((b"\x1b[C", b"\x1b[B", b"\x1bOC", b"\x1bOB", b"n", b" ", b"j"), "next"),
    **dict.fromkeys((b"\x1b[D", b"\x1b[A", b"\x1bOD", b"\x1bOA", b"p", b"k"), "previous"),
    **dict.fromkeys((b"\x1b[H", b"\x1bOH", b"\x1b[1~", b"\x1b[7~"), "home"),
    **dict.fromkeys((b"\x1b[F", b"\x1bOF", b"\x1b[4~", b"\x1b[8~"), "end"),
    b"\x1b[5~": "page-up",
    b"\x1b[6~": "page-down",
    b"\x1b": "escape",
    b"\r": "enter",
    b"\n": "enter",
    b"\x7f": "backspace",
    b"\x08": "backspace",
}


class Keys:
    """Reads keys by name, or as the character that they are.

    Args:
        descriptor: of a terminal.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before: list[Any] | None = None
        self._waiting = b""

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    def read(self, *, typing: bool = False) -> str | None:
        """Return the next key; None where none came for a while, as the window may have changed; q once it is gone.

        Args:
            typing: whether letters are themselves.
        """
        if not self._waiting and not self._is_there(_WAIT_SECONDS):
            return None
        if not self._waiting and not self._take():
            return "q"
        sequence = self._first()
        if typing and len(sequence) == 1 and sequence.isalnum() | (sequence == b" "):
            return sequence.decode("ascii")
        return _NAMED.get(sequence) or sequence.decode("utf-8", "replace")

    def _is_there(self, seconds: float) -> bool:
        return bool(select.select([self._descriptor], [], [], seconds)[0])

    def _take(self) -> bool:
        read = os.read(self._descriptor, 1024)
        self._waiting += read
        return bool(read)

    def _first(self) -> bytes:
        """Return the first key of what has come: a sequence that begins with escape, or a character."""
        if not self._waiting.startswith(b"\x1b"):
            size = next((n for n in range(1, 5) if _is_whole(self._waiting[:n])), 1)
            return self._cut(size)
        while len(self._waiting) < _LONGEST:
            if self._waiting in _NAMED and self._waiting != b"\x1b":
                break
            if not self._is_there(_MORE_SECONDS) or not self._take():
                break
        known = [len(name) for name in _NAMED if len(name) > 1 and self._waiting.startswith(name)]
        if known:
            return self._cut(max(known))
        # A key that has no meaning here must not be taken for the letters that it is written with.
        return self._cut(len(self._waiting) if self._waiting[1:2] in {b"[", b"O"} else 1)

    def _cut(self, size: int) -> bytes:
        first, self._waiting = self._waiting[:size], self._waiting[size:]
        return first


def _is_whole(part: bytes) -> bool:
    try:
        part.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
