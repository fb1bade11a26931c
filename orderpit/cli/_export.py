"""Export of a journal to CSV: orders, fills and events, decimals as exact text, no cell that a spreadsheet runs."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from ..model.events import OrderFilled, OrderUpdate
from ..model.numbers import multiply, plain
from ..model.order import Order
from ._errors import OK, UsageError
from ._journal import Opened, damage_told, journal
from ._output import Output, counted
from ._report import detail
from ._signals import Signals

_NS: Final = 1_000_000_000
_RUN: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
ORDER_COLUMNS: Final = (
    *("order_id", "client_order_id", "exchange_order_id", "strategy_id", "group_id", "symbol", "side", "order_type"),
    *("quantity", "price", "stop_price", "time_in_force", "state", "in_doubt", "filled_quantity", "average_fill_price"),
    *("filled_notional", "leaves_quantity", "cancelled_quantity", "fees_paid", "fee_currency", "reason", "reason_text"),
    *("created", "created_ns", "closed", "closed_ns", "tag", "notes"),
)
FILL_COLUMNS: Final = (
    *("sequence", "order_id", "strategy_id", "symbol", "side", "execution_id", "quantity", "price", "notional"),
    *("fee", "fee_currency", "liquidity", "venue_time", "venue_time_ns"),
)
EVENT_COLUMNS: Final = ("sequence", "time", "time_ns", "event", "source", "order_id", "symbol", "state", "what")


def run(args: Namespace, out: Output, signals: Signals) -> int:
    """Write the three files into a folder.

    Raises:
        UsageError: for a folder that cannot be written to, or that has such a file already.
    """
    folder = Path(args.csv)
    with damage_told(), journal(args.journal, signals.check) as opened:
        try:
            counts = _exported(opened, folder)
        except OSError as error:
            msg = f"{error.filename or folder}: {error.strerror or error}"
            raise UsageError(msg) from None
    if args.json:
        found = {"path": args.journal, "folder": args.csv, "rows": counts}
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    for name, count in counts.items():
        out.line(f"{folder / name}: {counted(count, 'row')}")
    return OK


def _exported(opened: Opened, folder: Path) -> dict[str, int]:
    names = ("orders.csv", "fills.csv", "events.csv")
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (folder / name).exists():
            msg = f"{folder / name}: is there already, and is not overwritten"
            raise UsageError(msg)
    orders: dict[str, Order] = {}
    booked: dict[tuple[str, str], int] = {}
    # Written beside their places, so that what breaks off leaves no file that looks whole.
    parts = {name: folder / f"{name}.part" for name in names}
    try:
        events = _write(parts["events.csv"], EVENT_COLUMNS, _events(opened, orders, booked))
        counts = {
            "orders.csv": _write(parts["orders.csv"], ORDER_COLUMNS, map(_order, orders.values())),
            "fills.csv": _write(parts["fills.csv"], FILL_COLUMNS, _fills(orders.values(), booked)),
            "events.csv": events,
        }
        for name, part in parts.items():
            part.rename(folder / name)
    finally:
        for part in parts.values():
            with contextlib.suppress(FileNotFoundError):
                part.unlink()
    return counts


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([cell(value) for value in row])
            count += 1
    return count


def cell(value: object) -> str:
    """Write a cell: numbers exactly, nothing for None, and text so that no spreadsheet takes it for a formula."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return plain(value)
        case int():
            return str(value)
        case _:
            text = str(value)
            return f"'{text}" if text.startswith(_RUN) else text


def _events(opened: Opened, orders: dict[str, Order], booked: dict[tuple[str, str], int]) -> Iterator[tuple[Any, ...]]:
    instruments = opened.terms.by_symbol
    for update in opened.updates():
        event, order = update.event, update.order
        if order is not None:
            orders[order.order_id] = order
            if isinstance(event, OrderFilled):
                booked[order.order_id, event.fill.execution_id] = update.sequence
        yield _event(update, detail(update, instruments))


def _event(update: OrderUpdate, what: str) -> tuple[Any, ...]:
    event, order = update.event, update.order
    at = (update.sequence, moment_ns(event.time_ns), event.time_ns)
    of = (None, None) if order is None else (order.symbol, order.state.value)
    return (*at, type(event).__name__, event.source, event.order_id, *of, what)


def _order(order: Order) -> tuple[Any, ...]:
    return (
        *(order.order_id, order.client_order_id, order.exchange_order_id, order.strategy_id, order.group_id),
        *(order.symbol, order.side.value, order.order_type.value, order.quantity, order.price, order.stop_price),
        *(order.time_in_force.value, order.state.value, order.in_doubt, order.filled_quantity),
        order.average_fill_price if order.filled_quantity else None,
        *(order.filled_notional, order.leaves_quantity, order.cancelled_quantity, order.fees_paid, order.fee_currency),
        *(None if order.reason is None else order.reason.value, order.reason_text),
        *(moment_ns(order.created_ns), order.created_ns, moment_ns(order.closed_ns), order.closed_ns),
        *(order.tag, order.notes),
    )


def _fills(orders: Iterable[Order], booked: dict[tuple[str, str], int]) -> Iterator[tuple[Any, ...]]:
    """Return the executions that stand; what was taken back is among the events."""
    for order in orders:
        for fill in order.fills:
            yield (
                *(booked.get((order.order_id, fill.execution_id)), order.order_id, order.strategy_id, order.symbol),
                *(order.side.value, fill.execution_id, fill.quantity, fill.price, multiply(fill.quantity, fill.price)),
                *(fill.fee, fill.fee_currency, None if fill.liquidity is None else fill.liquidity.value),
                *(moment_ns(fill.time_ns), fill.time_ns),
            )


def moment_ns(time_ns: int | None) -> str | None:
    """Write a time in ISO 8601, to the nanosecond."""
    if time_ns is None:
        return None
    seconds, rest = divmod(time_ns, _NS)
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
