"""Where results are shown: plain lines, or rich's tables and colours on a terminal that has them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from ..model.numbers import ZERO, plain, ratio, subtract

if TYPE_CHECKING:
    from rich.console import Console

BLOCKS: Final = "▁▂▃▄▅▆▇█"
CHART_WIDTH: Final = 48
STYLES: Final = {
    **dict.fromkeys(("FILLED", "BUY", "OrderFilled", "clean"), "green"),
    **dict.fromkeys(("SELL", "CANCELLED", "EXPIRED", "OrderCancelled"), "yellow"),
    **dict.fromkeys(("REJECTED", "OrderRejected", "OrderDenied", "CommandRefused"), "red"),
    **dict.fromkeys(("OPEN", "PARTIAL", "OrderOpened", "OrderTriggered"), "cyan"),
}


class Output(Protocol):
    """What a command shows its results on. A column whose name begins with > is set to the right."""

    def heading(self, text: str) -> None:
        """Begin a part."""

    def line(self, text: str) -> None:
        """Write one line."""

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table; without rows, nothing."""

    def chart(self, label: str, prices: Sequence[Decimal]) -> None:
        """Draw prices small, with the first, the last, and the range."""


class Nothing:
    """Shows nothing, for what --quiet leaves out."""

    def heading(self, text: str) -> None:
        """Begin no part."""

    def line(self, text: str) -> None:
        """Write no line."""

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write no table."""

    def chart(self, label: str, prices: Sequence[Decimal]) -> None:
        """Draw nothing."""


class Plain:
    """Lines of text, for a pipe, a file, or a terminal without rich."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._gap = ""

    def heading(self, text: str) -> None:
        """Begin a part, a blank line after the one before."""
        self.line(f"{self._gap}{text}\n{'-' * len(text)}")
        self._gap = "\n"

    def line(self, text: str) -> None:
        """Write one line."""
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write the columns aligned, two blanks apart."""
        if not rows:
            return
        names = [column.lstrip(">") for column in columns]
        widths = [max(len(row[n]) for row in (names, *rows)) for n in range(len(columns))]
        for row in (names, *rows):
            cells = [
                cell.rjust(width) if column.startswith(">") else cell.ljust(width)
                for column, cell, width in zip(columns, row, widths, strict=True)
            ]
            self.line("  ".join(cells).rstrip())

    def chart(self, label: str, prices: Sequence[Decimal]) -> None:
        """Draw prices in one line."""
        if prices:
            self.line(f"{label}  {sparkline(prices)}\n{' ' * len(label)}  {span(prices)}")


def console_on(stream: TextIO) -> Console | None:
    """Return rich's console when the stream is a terminal and rich is there, else None."""
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return None
    try:
        from ._fancy import console  # noqa: PLC0415  # rich is an extra
    except ImportError:
        return None
    return console(stream)


def sparkline(prices: Sequence[Decimal], width: int = CHART_WIDTH) -> str:
    """Draw prices with eight heights of blocks, at most width of them."""
    picked = thinned(prices, width)
    low, high = min(picked), max(picked)
    reach = subtract(high, low)
    if not reach:
        return BLOCKS[0] * len(picked)
    top = len(BLOCKS) - 1
    # For the eye only: a height needs no exactness.
    return "".join(BLOCKS[round(float(ratio(subtract(price, low), reach)) * top)] for price in picked)


def thinned(prices: Sequence[Decimal], width: int) -> Sequence[Decimal]:
    """Return at most width of the prices, evenly spread, the last included."""
    if len(prices) <= width:
        return prices
    return [prices[(n + 1) * len(prices) // width - 1] for n in range(width)]


def span(prices: Sequence[Decimal]) -> str:
    """Write the first and the last price, and the lowest and the highest."""
    return f"{plain(prices[0])} to {plain(prices[-1])}, from {plain(min(prices))} up to {plain(max(prices))}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Write a number of things: 1 problem, 2,000 problems; the plural is the noun with an s unless given."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def signed(amount: Decimal, text: str) -> str:
    """Put a plus before what is above zero."""
    return f"+{text}" if amount > ZERO else text
