"""How a trading system opens its journal: what was recorded before, and where to record what comes."""

from __future__ import annotations

import attrs

from .codec import Codec
from .continuing import Used, refuse_changes
from .sqlite import open_store
from .store import JournalStore
from .terms import JournalTerms, decode_terms, encode_terms


@attrs.frozen
class Opened:
    """A journal that is open.

    Attributes:
        path: of its file, or what stands for it in errors.
        store: where rows are kept.
        terms: what it was begun with.
        asked: what it is opened with now.
        codec: makes the row of an entry, and an entry of a row.
        is_file: whether it is one, beside which there may be a snapshot.
    """

    path: str
    store: JournalStore
    terms: JournalTerms
    asked: JournalTerms
    codec: Codec
    is_file: bool

    def must_fit(self, used: Used) -> None:
        """Refuse to go on with terms under which what is recorded would mean something else.

        Raises:
            InvalidJournal: naming the first term that must not change, with both values.
        """
        refuse_changes(self.path, self.terms, self.asked, used)


def open_journal(where: str | JournalStore, terms: JournalTerms) -> Opened:
    """Open a journal, or begin one where there is none.

    Args:
        where: the path of its file, or a store that is open.
        terms: what it is begun with, if it has to be.

    Raises:
        JournalError: when it cannot be opened, or is not what was written.
    """
    path = where if isinstance(where, str) else type(where).__name__
    body = encode_terms(terms)
    store: JournalStore = open_store(where, terms=body) if isinstance(where, str) else where
    try:
        if not store.terms:
            store.begin(body)
        begun = decode_terms(store.terms, path)
        codec = Codec(path, store.read)
        return Opened(path, store, begun, terms, codec, isinstance(where, str))
    except BaseException:
        store.close()
        raise
