"""Looking back at a journal: replay, explain and verify."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from typing import Any

from ..actors.monitor import Troubles
from ..journal.books import MARKED, Books
from ..journal.reading import EVERYTHING, Until
from ..journal.story import story_of
from ..journal.verifying import Verified, Verifier
from ..model.account_events import TradingStateChanged
from ..model.errors import InvalidValue, JournalCorrupt, JournalError
from ..model.explaining import explain
from ..model.text import identifier
from ._data import DataReport
from ._errors import FAILED, OK, UsageError, printable
from ._journal import Opened, damage_told, journal
from ._limits import show_judged
from ._outcome import SHOWN_TROUBLES, Outcome
from ._output import Output, counted
from ._profit import show_profit
from ._report import show_end, show_orders, show_portfolio, show_stats, show_traded
from ._signals import Signals
from ._tallies import REFUSALS, Tallies


def replay(args: Namespace, out: Output, signals: Signals) -> int:
    """Show what a journal adds up to, at its end or before."""
    until = until_of(args.until)
    began = time.perf_counter()
    with damage_told(), journal(args.journal, signals.check) as opened:
        outcome, unfinished = replayed(opened, until, began)
        last = opened.store.head.sequence
    if args.json:
        at = {"path": args.journal, "sequence": outcome.data.records, "last": last, "marks": "last fill"}
        found = outcome.to_dict() | {"journal": at | {"unfinished": list(unfinished)}}
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return outcome.exit_code
    out.heading(f"Journal {printable(args.journal)}: row {outcome.data.records:,} of {last:,}")
    out.line(f"{MARKED[0].upper()}{MARKED[1:]}")
    show_stats(out, outcome)
    show_judged(out, outcome)
    show_traded(out, outcome)
    show_portfolio(out, outcome)
    show_profit(out, outcome)
    show_orders(out, outcome)
    show_end(out, outcome)
    _show_unfinished(out, unfinished)
    return outcome.exit_code


def until_of(text: str | None) -> Until:
    """Read --until.

    Raises:
        UsageError: for anything but a row or a time.
    """
    try:
        return EVERYTHING if text is None else Until.of("--until", text)
    except InvalidValue as error:
        raise UsageError(str(error)) from None


def replayed(opened: Opened, until: Until, began: float) -> tuple[Outcome, tuple[str, ...]]:
    """Fold a journal up to a row; return what came of it, and what of its groups is unfinished there."""
    books, tallies = Books(opened.terms), Tallies()
    for update in opened.updates(until):
        books.take(update)
        if isinstance(update.event, REFUSALS):
            tallies.refusal(update)
        elif isinstance(update.event, TradingStateChanged):
            tallies.trip(update)
    stats, (audit, unfinished), earned = books.statistics.to_dict(), books.audit(), books.performance
    assert earned is not None, "they were asked for"
    performance = earned.performance()
    symbols = tuple(stats["symbols_traded"])
    data = DataReport(opened.path, books.sequence, symbols, books.first_time_ns, books.last_time_ns)
    outcome = Outcome(
        stats=stats,
        portfolio=books.portfolio.snapshot(),
        orders=tuple(books.orders.values()),
        audit=audit,
        troubles=Troubles(0, 0, (), ()),
        orderly=True,
        data=data,
        seconds=time.perf_counter() - began,
        instruments=opened.terms.by_symbol,
        rejected=dict(tallies.rejected),
        refused=dict(tallies.refused),
        performance=performance,
        strategies={name: earned.performance(name) for name in performance.strategies},
        trips=tuple(tallies.trips),
    )
    return outcome, unfinished


def _show_unfinished(out: Output, unfinished: tuple[str, ...]) -> None:
    if unfinished:
        out.line(f"Unfinished in groups, unless the venue was out of reach or trading halted: {len(unfinished):,}")
        for text in unfinished[:SHOWN_TROUBLES]:
            out.line(f"  {printable(text)}")


def explain_order(args: Namespace, out: Output, signals: Signals) -> int:
    """Tell the story of one order.

    Raises:
        UsageError: where no row is about it.
    """
    order_id = identifier("ORDER_ID", args.order_id, InvalidValue)
    with damage_told(), journal(args.journal, signals.check) as opened:
        progress = opened.progress()
        try:
            story, others, states = story_of(opened.store, opened.codec.decode, order_id, opened.path, progress.passed)
        finally:
            progress.end()
    if story is None:
        msg = f"{args.journal}: no row is about an order with the id {order_id}"
        raise UsageError(msg)
    told = explain(order_id, story, others, states)
    if args.json:
        sys.stdout.write(json.dumps(told.to_dict(), indent=2) + "\n")
    else:
        for line in str(told).splitlines():
            out.line(printable(line))
    return OK


def verify(args: Namespace, out: Output, signals: Signals) -> int:
    """Check a journal; 1 where something is wrong with it.

    Raises:
        UsageError: where there is none, or another process has it open.
    """
    began = time.perf_counter()
    found = _verified(args.journal, signals)
    seconds = time.perf_counter() - began
    if args.json:
        written: dict[str, Any] = {"path": args.journal, "right": found.is_right, **found.to_dict()}
        sys.stdout.write(json.dumps(written | {"seconds": round(seconds, 3)}, indent=2) + "\n")
    else:
        _show_verified(out, args.journal, found, seconds)
    return OK if found.is_right else FAILED


def _verified(path: str, signals: Signals) -> Verified:
    try:
        with journal(path, signals.check) as opened:
            verifier = Verifier(opened.terms, path)
            try:
                for update in opened.updates():
                    verifier.take(update)
            except JournalCorrupt as error:
                return verifier.found(error)
            return verifier.found(head=opened.store.head.digest)
    except JournalCorrupt as error:
        # Of the chain or the mark, which are checked before any row is read.
        return Verified(bad_row=error.sequence, rule=error.rule)
    except JournalError as error:
        raise UsageError(str(error)) from None


def _show_verified(out: Output, path: str, found: Verified, seconds: float) -> None:
    name = printable(path)
    read = f"{counted(found.rows, 'row')}, {counted(found.orders, 'order')}, {counted(found.fills, 'fill')}"
    if found.bad_row is not None:
        where = f"row {found.bad_row}" if found.bad_row else "the journal as a whole"
        out.line(f"{name}: WRONG at {where}: {printable(found.rule)}")
        if found.rows:
            out.line(f"Right before it: {read}")
        return
    for violation in found.violations[:SHOWN_TROUBLES]:
        out.line(f"{name}: WRONG in all {found.rows:,} rows together: {printable(violation)}")
    if not found.violations:
        out.line(f"{name}: right")
    out.line(f"{read}; {counted(found.checks, 'check')} besides the chain and the mark, {seconds:.1f} s")
    out.line(f"head {found.head}")
    _show_unfinished(out, found.unfinished)
