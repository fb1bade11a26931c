"""The blotter: steps through a journal on a terminal, a row at a time, forwards and backwards."""

from __future__ import annotations

import contextlib
import json
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any, Final

from ..journal.reading import Until
from ..journal.stepping import Stepper
from ..model.errors import InvalidValue
from ..model.numbers import plain
from ._errors import OK, printable
from ._journal import Progress, damage_told, journal
from ._output import Output
from ._report import averaged, detail, money, profit, show_updates
from ._signals import Signals

if TYPE_CHECKING:
    from rich.console import Console

    from ._keys import Keys

_PAGE: Final = 20
_STEPS: Final = {"next": 1, "previous": -1, "page-down": _PAGE, "page-up": -_PAGE}


def run(args: Namespace, out: Output, console: Console | None, signals: Signals) -> int:
    """Show a journal row by row, beginning at its end; without a terminal, its last page."""
    keys = None if console is None or args.json else _keys()
    with damage_told(), journal(args.journal, signals.check) as opened:
        progress = opened.progress()
        stepper = Stepper(opened.store, opened.terms, opened.codec.decode, opened.path, progress.passed)
        _begin(stepper, progress)
        if args.json:
            sys.stdout.write(json.dumps(_page_dict(stepper, args.journal), indent=2) + "\n")
        elif console is None or keys is None:
            _print_page(out, stepper, args.journal)
        else:
            _step(stepper, console, keys, args.journal, signals, progress)
    return OK


def _keys() -> Keys | None:
    """Return what reads keys; None where that cannot be done."""
    if not sys.stdin.isatty():
        return None
    try:
        from ._keys import Keys  # noqa: PLC0415  # there are no such terminals on Windows
    except ImportError:
        return None
    return Keys(sys.stdin.fileno())


def _begin(stepper: Stepper, progress: Progress) -> None:
    try:
        stepper.move(stepper.last)
    finally:
        progress.end()


def _page_dict(stepper: Stepper, path: str) -> dict[str, Any]:
    instruments = stepper.books.terms.by_symbol
    events = [
        {
            "sequence": update.sequence,
            "time_ns": update.event.time_ns,
            "event": type(update.event).__name__,
            "order_id": update.event.order_id,
            "what": detail(update, instruments),
            "state": None if update.order is None else update.order.state.value,
        }
        for update in stepper.recent[-_PAGE:]
    ]
    return {"path": path, "sequence": stepper.at, "last": stepper.last, "events": events}


def _print_page(out: Output, stepper: Stepper, path: str) -> None:
    books = stepper.books
    instruments = books.terms.by_symbol
    shown = stepper.recent[-_PAGE:]
    out.heading(f"Journal {printable(path)}: row {stepper.at:,} of {stepper.last:,}")
    show_updates(out, shown, instruments)
    snapshot = books.portfolio.snapshot()
    out.line("")
    out.table(
        ("symbol", ">position", ">average", ">realised"),
        [
            (
                one.symbol,
                plain(one.quantity),
                averaged(one.average_price, instruments.get(one.symbol)),
                profit(one.realised_pnl),
            )
            for one in snapshot.positions.values()
        ],
    )
    for currency, amount in snapshot.cash.items():
        out.line(f"cash {money(amount)} {currency}")
    out.line("One page, since this is no terminal to step on; `orderpit replay --until` shows another row")


def _step(stepper: Stepper, console: Console, keys: Keys, path: str, signals: Signals, progress: Progress) -> None:
    from ._pages import Screen  # noqa: PLC0415  # rich is an extra

    asked, said, sought = "", "", ""
    with Screen(console) as screen, keys:
        while True:
            signals.check()
            screen.show(stepper, path, asked, said)
            key = keys.read(typing=bool(asked))
            if key is None:
                continue
            said = ""
            if asked:
                asked, done = _typed(asked, key)
                if done is None:
                    continue
                sought, said = _asked(stepper, done, sought)
            elif key == "q":
                return
            elif key in {"g", "/"}:
                asked = key
            elif key in _STEPS:
                stepper.move(stepper.at + _STEPS[key])
            elif key in {"home", "end"}:
                stepper.move(0 if key == "home" else stepper.last)
            with contextlib.suppress(OSError):
                progress.end()


def _typed(asked: str, key: str) -> tuple[str, str | None]:
    """Return what has been typed so far, and all of it once it has been entered."""
    if key == "enter":
        return "", asked
    if key == "escape":
        return "", None
    if key == "backspace":
        return asked[:-1], None
    return (asked + key if len(key) == 1 and key.isprintable() else asked), None


def _asked(stepper: Stepper, text: str, sought: str) -> tuple[str, str]:
    """Go where was asked for; return the order that is looked for, and what there is to say."""
    what, rest = text[0], text[1:].strip()
    if what == "g":
        try:
            stepper.move(stepper.row_at(Until.of("g", rest)))
        except InvalidValue as error:
            return sought, str(error)
        return sought, ""
    sought = rest or sought
    if not sought:
        return "", "type the id of an order after /"
    row = stepper.find(sought)
    if row is None:
        return sought, f"no row is about an order with the id {sought}"
    stepper.move(row)
    return sought, f"row {row:,} is about {sought}; / and enter finds the next"
