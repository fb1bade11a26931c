"""The progress of a session or a flood without a terminal: a line now and then."""

from __future__ import annotations

from typing import Final, Self, TextIO

from ._outcome import net
from ._output import counted
from ._report import profit
from ._session import Playing
from ._stress import Flooding

_EVERY_SECONDS: Final = 2.0


class ProgressLines:
    """Writes one line every two seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = _EVERY_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, playing: Playing) -> None:
        """Write a line, if it is time for one."""
        seconds = playing.seconds
        if seconds < self._next:
            return
        self._next = seconds + _EVERY_SECONDS
        done, passed = playing.source.done(), playing.source.passed
        profits = [f"{profit(gain)} {currency}" for currency, gain in net(playing.system.portfolio()).items()]
        parts = [
            f"{done:4.0%}",
            counted(passed, "record"),
            f"{passed / seconds:,.0f} a second",
            *profits,
            left(done, seconds),
        ]
        self._stream.write(f"orderpit: {', '.join(parts)}\n")
        self._stream.flush()


class StressLines:
    """Writes what is done, and then one line every two seconds of a flood."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, flooding: Flooding) -> None:
        """Write a line, if it is time for one."""
        if flooding.seconds < self._next:
            return
        text = ", ".join(flood_figures(flooding)) if self._next else flooding.title
        self._next = flooding.seconds + _EVERY_SECONDS
        self._stream.write(f"orderpit: {text}\n")
        self._stream.flush()


def flood_figures(flooding: Flooding) -> list[str]:
    """Say how far a flood has come, how fast, and where the most messages wait."""
    done, seconds = flooding.submitted / flooding.wanted, flooding.seconds
    deepest = flooding.deepest()
    return [
        f"{done:4.0%}",
        f"{flooding.submitted:,} orders",
        f"{flooding.submitted / seconds:,.0f} a second" if seconds > 0 else "",
        f"{deepest.queued:,} wait for {deepest.actor}",
        left(done, seconds),
    ]


def left(done: float, seconds: float) -> str:
    """Say how much longer it will take, at the pace so far."""
    if done <= 0:
        return "time left unknown"
    remaining = round(seconds / done - seconds)
    minutes, rest = divmod(remaining, 60)
    return f"{minutes}:{rest:02} left"
