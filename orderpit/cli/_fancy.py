"""Results on a terminal, with rich."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ._output import STYLES, span, sparkline


def console(stream: TextIO) -> Console:
    """Return a console on which nothing that comes from data or a file's name is read as markup."""
    return Console(file=stream, markup=False, highlight=False, emoji=False)


def table_of(columns: Sequence[str], *, gap: int = 2) -> Table:
    """Return an empty table, its columns so many blanks apart; one whose name begins with > is set to the right."""
    table = Table(box=SIMPLE_HEAD, padding=(0, gap - 1, 0, 0), pad_edge=False, show_edge=False)
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if right else "left", header_style="dim", overflow="fold")
    return table


class Fancy:
    """Rules, tables and colours."""

    def __init__(self, on: Console) -> None:
        self._console = on

    def heading(self, text: str) -> None:
        """Begin a part with a rule."""
        self._console.print()
        self._console.print(Rule(Text(text, style="bold"), align="left", style="dim"))

    def line(self, text: str) -> None:
        """Write one line."""
        self._console.print(text)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table, known words in colour."""
        if not rows:
            return
        table = table_of(columns)
        for row in rows:
            table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
        self._console.print(table)

    def chart(self, label: str, prices: Sequence[Decimal]) -> None:
        """Draw prices in one line, green where they rose and red where they fell over all."""
        if prices:
            style = "green" if prices[-1] >= prices[0] else "red"
            self._console.print(Text.assemble(f"{label}  ", (sparkline(prices), style)))
            self._console.print(Text(f"{' ' * len(label)}  {span(prices)}", style="dim"))
