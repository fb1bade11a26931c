"""The live view of a session on a terminal: prices, working orders, fills, profit, and how far the data has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..model.events import OrderFilled, OrderUpdate
from ..model.instrument import Instrument
from ..model.numbers import ZERO, plain, to_places
from ..model.order import Order
from ..model.portfolio import PortfolioSnapshot
from ._data import Source
from ._fancy import table_of
from ._outcome import net
from ._output import STYLES, counted, sparkline
from ._progress import left
from ._report import at, averaged, money, priced, profit
from ._session import Playing

_FRAME: Final = 2
_HEADER: Final = 2
_PRICE_COLUMNS: Final = 48
_MOST_SYMBOLS: Final = 4
_NS: Final = 1_000_000_000


class LiveView:
    """Draws on the terminal's other screen, so that what stood there comes back. It asks only for bounded answers."""

    def __init__(self, console: Console) -> None:
        self._console = console
        # Drawn by show() alone: a thread of its own would take its turns from the actors.
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, playing: Playing) -> None:
        """Draw how it stands."""
        self._live.update(self._drawn(playing), refresh=True)

    def _drawn(self, playing: Playing) -> RenderableType:
        source, system = playing.source, playing.system
        width, height = self._console.size
        symbols = min(len(source.marks), _MOST_SYMBOLS)
        block = symbols + _HEADER + _FRAME
        room = max(height - 2 * block - 1 - _FRAME - _HEADER, 1)
        book = system.portfolio()
        orders = system.orders(live_only=True, newest=room)
        fills = list(playing.fills)[-room:]
        screen = Layout()
        screen.split_column(
            Layout(_framed(_prices(source, width - _PRICE_COLUMNS), playing.title), size=block),
            Layout(name="middle"),
            Layout(_framed(_positions(book, system.instruments), "profit"), size=block),
            Layout(_progress(playing), size=1),
        )
        screen["middle"].split_row(
            Layout(_framed(_orders(orders, system.instruments), "open orders")),
            Layout(_framed(_fills(fills, system.instruments), "recent fills")),
        )
        return screen


def _framed(content: RenderableType, title: str) -> Panel:
    return Panel(content, title=Text(title), title_align="left", border_style="dim")


def _prices(source: Source, width: int) -> Table:
    table = table_of(["symbol", ">bid", ">ask", ">last", ""])
    instruments = {instrument.symbol: instrument for instrument in source.instruments}
    for symbol, mark in list(source.marks.items())[:_MOST_SYMBOLS]:
        points = list(source.charts[symbol].points)
        line = sparkline(points, max(width, 1)) if points else ""
        rose = not points or points[-1] >= points[0]
        shown = (
            "" if price is None else priced(price, instruments[symbol]) for price in (mark.bid, mark.ask, mark.last)
        )
        table.add_row(symbol, *shown, Text(line, style="green" if rose else "red"))
    return table


def _orders(orders: Sequence[Order], instruments: Mapping[str, Instrument]) -> RenderableType:
    several = len({order.symbol for order in orders}) > 1
    table = table_of([*(["symbol"] if several else []), "side", ">quantity", ">price", "state", ">fill"], gap=1)
    for order in reversed(orders):
        filled = f"{to_places(order.fill_percentage, 0)}%"
        row = (_word(order.side.value), plain(order.quantity), at(order, instruments), _word(order.state.value), filled)
        table.add_row(*([order.symbol] if several else []), *row)
    return table if orders else Text("none", style="dim")


def _fills(fills: Sequence[OrderUpdate], instruments: Mapping[str, Instrument]) -> RenderableType:
    several = len(instruments) > 1
    table = table_of(["time", *(["symbol"] if several else []), "side", ">quantity", ">price"], gap=1)
    for update in reversed(fills):
        event, order = update.event, update.order
        if isinstance(event, OrderFilled) and order is not None:
            when, fill = _clock(event.time_ns), event.fill
            price = priced(fill.price, instruments.get(order.symbol))
            row = (_word(order.side.value), plain(fill.quantity), price)
            table.add_row(when, *([order.symbol] if several else []), *row)
    return table if fills else Text("none yet", style="dim")


def _positions(book: PortfolioSnapshot, instruments: Mapping[str, Instrument]) -> Table:
    table = table_of(["symbol", ">position", ">average", ">realised", ">unrealised", ">fees", ">net"])
    gains = net(book)
    for position in list(book.positions.values())[:_MOST_SYMBOLS]:
        # Fees are by currency, which several symbols may share.
        quote = next((currency for currency in gains if len(gains) == 1 or position.symbol.endswith(currency)), "")
        row = (plain(position.quantity), averaged(position.average_price, instruments.get(position.symbol)))
        profits = (_gain(position.realised_pnl), _gain(position.unrealised_pnl))
        fees = money(book.fees.get(quote, ZERO))
        table.add_row(position.symbol, *row, *profits, fees, _gain(gains[quote]) if quote in gains else "")
    return table


def _progress(playing: Playing) -> RenderableType:
    done, seconds = playing.source.done(), playing.seconds
    pace = playing.source.passed / seconds if seconds > 0 else 0.0
    line = Table.grid(padding=(0, 1), expand=True)
    line.add_column(no_wrap=True)
    line.add_column(ratio=1)
    line.add_column(no_wrap=True, justify="right")
    text = f"{counted(playing.source.passed, 'record')}, {pace:,.0f}/s, {left(done, seconds)}"
    line.add_row(f"{done:4.0%}", ProgressBar(total=1.0, completed=done), text)
    return Group(line)


def _gain(amount: Decimal) -> Text:
    return Text(profit(amount), style="green" if amount > 0 else "red" if amount < 0 else "")


def _word(word: str) -> Text:
    return Text(word, style=STYLES.get(word, ""))


def _clock(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // _NS, tz=UTC).strftime("%H:%M:%S")
