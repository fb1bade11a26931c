"""The page of a blotter on a terminal: events, the order of the last one, working orders, positions and money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Self

from rich.console import Console, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..journal.books import Books
from ..journal.stepping import Stepper
from ..model.events import OrderUpdate
from ..model.explanation import moment
from ..model.instrument import Instrument
from ..model.numbers import plain
from ..model.order import Order
from ._errors import printable
from ._fancy import table_of
from ._output import STYLES
from ._report import at, averaged, detail, money, profit

_FRAME: Final = 2
_HEADER: Final = 2
_ORDER_LINES: Final = 7
_LEAST: Final = 3
_SHARES: Final = (11, 13, 10)
"""Of the width: an order, the working orders, money."""

_MARGINS: Final = 8
_KEYS: Final = "←/→ n p step  PgUp/PgDn 20  g row|time  / order id  Home End  q quit"


class Screen:
    """Draws on the terminal's other screen, so that what stood there comes back."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, stepper: Stepper, path: str, asked: str, said: str) -> None:
        """Draw how it stands."""
        self._live.update(page(stepper, path, self._console.size, asked, said), refresh=True)


def page(stepper: Stepper, path: str, size: tuple[int, int], asked: str = "", said: str = "") -> RenderableType:
    """Draw the row where a stepper stands.

    Args:
        stepper: where it is.
        path: of the journal.
        size: columns and lines there are.
        asked: what is being typed.
        said: what there is to say instead of the keys.
    """
    height = size[1]
    books, recent = stepper.books, stepper.recent
    lower = _ORDER_LINES + _FRAME
    room = max(height - 2 - lower - _FRAME - _HEADER, _LEAST)
    if height > 4 * _ORDER_LINES:
        lower = max(lower, height // 3)
        room = max(height - 2 - lower - _FRAME - _HEADER, _LEAST)
    screen = Layout()
    screen.split_column(
        Layout(_title(stepper, path), size=1),
        Layout(_framed(_events(recent[-room:], books.terms.by_symbol), "events"), name="events"),
        Layout(name="lower", size=lower),
        Layout(_foot(asked, said), size=1),
    )
    order = recent[-1].order if recent else None
    screen["lower"].split_row(
        Layout(_framed(_order(order, books.terms.by_symbol), "order after it"), ratio=_SHARES[0]),
        Layout(
            _framed(
                _working(books, lower - _FRAME - _HEADER, size[0] * _SHARES[1] // sum(_SHARES)),
                f"working orders: {len(books.live):,}",
            ),
            ratio=_SHARES[1],
        ),
        Layout(_framed(_money(books), "positions and cash"), ratio=_SHARES[2]),
    )
    return screen


def _framed(content: RenderableType, title: str) -> Panel:
    return Panel(content, title=Text(title), title_align="left", border_style="dim")


def _title(stepper: Stepper, path: str) -> Text:
    when = "" if not stepper.recent else f"  {moment(stepper.recent[-1].event.time_ns)}"
    where = f"row {stepper.at:,} of {stepper.last:,}{when}"
    return Text.assemble((where, "bold"), "  ", (printable(path), "dim"), no_wrap=True, overflow="ellipsis")


def _foot(asked: str, said: str) -> Text:
    if asked:
        what = "go to row or time" if asked[0] == "g" else "next row about order"
        return Text(f"{what}: {asked[1:]}▏", style="bold", no_wrap=True, overflow="ellipsis")
    return Text(printable(said) or _KEYS, style="yellow" if said else "dim", no_wrap=True, overflow="ellipsis")


def _events(updates: Sequence[OrderUpdate], instruments: Mapping[str, Instrument]) -> RenderableType:
    if not updates:
        return Text("before the first row", style="dim")
    table = table_of([">#", "event", "order", "what", "state"], gap=1)
    for column in table.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    table.columns[0].min_width = len(str(updates[-1].sequence))
    table.columns[3].ratio = 1
    table.expand = True
    for update in updates:
        name, order = type(update.event).__name__, update.order
        table.add_row(
            str(update.sequence),
            _word(name),
            printable(update.event.order_id),
            printable(detail(update, instruments)),
            _word("" if order is None else order.state.value),
            style="reverse" if update is updates[-1] else "",
        )
    return table


def _order(order: Order | None, instruments: Mapping[str, Instrument]) -> RenderableType:
    if order is None:
        return Text("the row is about no order", style="dim")
    price = at(order, instruments)
    flags = [word for word, is_so in (("in doubt", order.in_doubt), ("late fill", order.late_fill)) if is_so]
    doing = [] if order.pending.value.lower() == "none" else [f"{order.pending.value.lower()} under way"]
    average = averaged(order.average_fill_price, instruments.get(order.symbol)) if order.filled_quantity else "-"
    lines = (
        order.order_id,
        f"{order.side.value} {plain(order.quantity)} {order.symbol}",
        f"{order.order_type.value} {price}".rstrip(),
        ", ".join([order.state.value, *doing, *flags]),
        f"filled {plain(order.filled_quantity)} at {average}",
        f"leaves {plain(order.leaves_quantity)}, cancelled {plain(order.cancelled_quantity)}",
        f"fees {money(order.fees_paid)} {order.fee_currency or ''}".rstrip(),
    )
    return Text("\n".join(printable(line) for line in lines), no_wrap=True, overflow="ellipsis")


def _working(books: Books, room: int, width: int) -> RenderableType:
    if not books.live:
        return Text("none", style="dim")
    orders = [books.orders[order_id] for order_id in list(books.live)[-max(room, 1) :]]
    rows = [
        (one.order_id, one.side.value, plain(one.leaves_quantity), at(one, books.terms.by_symbol)) for one in orders
    ]
    taken = sum(max(len(row[n]) for row in (("", "side", "leaves", "price"), *rows)) for n in (1, 2, 3))
    table = table_of(["order", "side", ">leaves", ">price"], gap=1)
    for column in table.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    for order_id, side, *figures in rows:
        table.add_row(_tail(order_id, max(width - taken - _MARGINS, _LEAST)), _word(side), *figures)
    return table


def _tail(order_id: str, width: int) -> str:
    """Cut an id in front: ids of a run differ at their ends."""
    return order_id if len(order_id) <= width else f"…{order_id[1 - width :]}"


def _money(books: Books) -> RenderableType:
    snapshot = books.portfolio.snapshot()
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    for one in snapshot.positions.values():
        table.add_row(one.symbol, plain(one.quantity))
        table.add_row(Text("  realised", style="dim"), profit(one.realised_pnl))
    for currency, amount in snapshot.cash.items():
        table.add_row(f"cash {currency}", money(amount))
    return table


def _word(word: str) -> Text:
    return Text(word, style=STYLES.get(word, ""))
