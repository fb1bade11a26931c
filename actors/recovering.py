"""How a system takes up where its last life ended: the journal is opened, and the books are folded from it."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from ..model.errors import InvalidConfiguration
from ..model.values import changed
from .books import Books, books_for
from .runtime import Runtime
from .settings import Settings

if TYPE_CHECKING:
    from ..journal.continuing import Used
    from ..journal.recorded import Opened
    from ..journal.spooling import Spool


def open_journal_of(settings: Settings) -> Opened | None:
    """Open the journal that the settings ask for.

    Raises:
        InvalidConfiguration: where the extra is missing that it needs.
        JournalError: when it cannot be opened.
    """
    if settings.journal is None:
        return None
    # Imported here, since the extra `journal` is for those that keep one.
    try:
        from ..journal.recorded import open_journal  # noqa: PLC0415
        from ..journal.terms import JournalTerms  # noqa: PLC0415
    except ImportError as error:
        rule = f"needs the extra `journal` (pip install 'orderpit[journal]'): {error}"
        raise InvalidConfiguration.of("journal", settings.journal, rule) from error
    # The package is whole only by now.
    from .. import __version__  # noqa: PLC0415  # pyright: ignore[reportMissingImports, reportUnknownVariableType]  # beside actors/ there is none

    terms = JournalTerms(
        instruments=tuple(attrs.evolve(one, trading_hours=None) for one in settings.instruments.values()),
        cash=None if settings.cash is None else tuple(settings.cash.items()),
        account=settings.account,
        currencies=tuple(settings.currencies.values()),
        currency=settings.account_currency,
        cost_basis=settings.cost_basis,
        positions=settings.positions,
        package=str(__version__),  # pyright: ignore[reportUnknownArgumentType]  # likewise
    )
    return open_journal(settings.journal, terms)


def recovered_books(
    settings: Settings, runtime: Runtime, opened: Opened | None, say: Callable[[str], object]
) -> tuple[Books, Spool | None]:
    """Return the books that a system begins with, and what has snapshots made of them from there on.

    Args:
        settings: of the system.
        runtime: of the system.
        opened: its journal, if there is one.
        say: told why no more snapshots are made.

    Raises:
        JournalCorrupt: at the first row of the journal that is not what was written.
        InvalidJournal: for settings under which what is recorded would mean something else.
    """
    if opened is None:
        return books_for(settings, runtime), None
    from .snapshotting import recover  # noqa: PLC0415  # the extra `journal`

    head = opened.store.head
    if head.sequence:
        runtime.live_again(head.sequence)
    # What is no longer traded may have been: its fills are folded all the same.
    known = MappingProxyType({**opened.terms.by_symbol, **settings.instruments})
    books = books_for(changed(settings, instruments=known), runtime)
    folded, spool = recover(opened, books, runtime.context("recovery").elapsed_ns(), settings.snapshot_every, say)
    try:
        runtime.begin_no_earlier(folded.latest_ns)
        # Of one without rows too: a start that failed may have begun it, with other terms.
        opened.must_fit(_used_by(folded.books))
    except BaseException:
        if spool is not None:
            spool.close()
        raise
    return folded.books, spool


def _used_by(books: Books) -> Used:
    from ..journal.continuing import Used  # noqa: PLC0415  # the extra `journal`

    return Used.of(books.view.select(live_only=True), books.portfolio.snapshot(None))
