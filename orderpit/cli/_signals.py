"""Signals: the first asks for an orderly end, the second ends the process at once; SIGUSR1 stops all trading."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
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
        self._kill: Callable[[], object] | None = None
        self._killed = False
        self._defers = False

    def __enter__(self) -> Self:
        # Python lets only the main thread set handlers; a host that calls main() elsewhere keeps its own.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
            # Not every system has it.
            if hasattr(signal, "SIGUSR1"):
                self._before[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, self._handle_kill)
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
        if self._killed and self._defers and self._kill is not None:
            self._killed = False
            self._kill()
        if self._received is not None:
            raise Interrupted(self._received)

    def kill_by(self, kill: Callable[[], object], *, between_steps: bool) -> None:
        """Say what SIGUSR1 does: in the handler itself, or between steps where the main thread moves the actors."""
        self._kill, self._defers = kill, between_steps
        if self._killed and not between_steps:
            self._killed = False
            kill()

    def _handle_kill(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._kill is None or self._defers:
            self._killed = True
        else:
            self._kill()

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
