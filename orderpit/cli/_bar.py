"""The progress bar of a flood, on a terminal."""

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

    def show(self, flooding: Flooding) -> None:
        """Draw how it stands."""
        done, orders, pace, deepest, left = flood_figures(flooding)
        figures = (orders, pace, deepest, left) if self._live.console.width >= _WIDE else (orders, pace, left)
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(no_wrap=True, overflow="ellipsis", justify="right")
        bar = ProgressBar(total=flooding.wanted, completed=flooding.submitted)
        line.add_row(done, bar, Text(", ".join(figures)))
        self._live.update(line, refresh=True)
