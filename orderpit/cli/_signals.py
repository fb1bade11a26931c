"""Signals: the first asks for an orderly end, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Final, Self

from ._errors import SIGNALLED, Interrupted

ORDERLY_SECONDS: Final = 5.0
"""Within which an orderly end must have come; a strategy that never returns could hold it up for ever."""

_SHOW_CURSOR: Final = "\x1b[?25h"
_LEAVE_SCREEN: Final = "\x1b[?1049l"


class Signals:
    """Handlers for SIGINT and SIGTERM while a command runs; what was there before comes back afterwards."""

    def __init__(self) -> None:
        self._received: int | None = None
        self._before: dict[int, object] = {}
        self._watchdog: threading.Timer | None = None

    def __enter__(self) -> Self:
        # Python lets only the main thread set handlers; a host that calls main() elsewhere keeps its own.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() returned

    @property
    def received(self) -> int | None:
        """The first signal, None while there was none."""
        return self._received

    def check(self) -> None:
        """Raise Interrupted once a signal has come; asked between steps, so that no step is torn apart."""
        if self._received is not None:
            raise Interrupted(self._received)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._received is not None:
            _end_now(SIGNALLED + number, "stopped at once, no summary")
        self._received = number
        self._watchdog = threading.Timer(ORDERLY_SECONDS, _give_up, (SIGNALLED + number,))
        self._watchdog.daemon = True
        self._watchdog.start()


def _give_up(code: int) -> None:
    _end_now(code, f"no orderly end within {ORDERLY_SECONDS:g} s, ending at once")


def _end_now(code: int, why: str) -> None:
    if sys.stdout.isatty():
        # A live view may have hidden the cursor and switched to the other screen.
        os.write(1, (_LEAVE_SCREEN + _SHOW_CURSOR).encode())
    os.write(2, f"orderpit: {why}\n".encode())
    os._exit(code)
