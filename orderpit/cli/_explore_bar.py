"""The progress bar of an exploration, on a terminal."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table


class Bar:
    """A line that is drawn again and again, and gone at the end."""

    def __init__(self, console: Console) -> None:
        # Drawn by show() alone: the actors have the only thread.
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, done: float, figures: str) -> None:
        """Draw how far it has come, from 0 to 1."""
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(no_wrap=True, overflow="ellipsis", justify="right")
        line.add_row(f"{done:4.0%}", ProgressBar(total=1.0, completed=done), figures)
        self._live.update(line, refresh=True)
