"""The progress bar of a flood and of an exploration, on a terminal."""

from __future__ import annotations

from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ._progress import flood_figures
from ._stress import Flooding

_WIDE: Final = 100
"""Columns from which on there is room for all figures beside the bar."""


class Bar:
    """A line that is drawn again and again, and gone at the end."""

    def __init__(self, console: Console) -> None:
        # Drawn by show() alone: a thread of its own would take its turns from the actors.
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, done: float, figures: str) -> None:
        """Draw how far it has come, from 0 to 1."""
        self.draw(f"{done:4.0%}", ProgressBar(total=1.0, completed=done), figures)

    def draw(self, done: str, bar: ProgressBar, figures: str) -> None:
        """Draw the line anew."""
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(no_wrap=True, overflow="ellipsis", justify="right")
        line.add_row(done, bar, Text(figures))
        self._live.update(line, refresh=True)


class FloodBar:
    """The bar of a flood, which says as much as there is room for."""

    def __init__(self, console: Console) -> None:
        self._bar = Bar(console)
        self._console = console

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.__exit__()

    def show(self, flooding: Flooding) -> None:
        """Draw how it stands."""
        done, orders, pace, deepest, left = flood_figures(flooding)
        figures = (orders, pace, deepest, left) if self._console.width >= _WIDE else (orders, pace, left)
        bar = ProgressBar(total=flooding.wanted, completed=flooding.submitted)
        self._bar.draw(done, bar, ", ".join(figures))
