"""The journal's actor: it owns the store, and says what has become durable."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ..journal.store import JournalStore, Row
from ..model.alarm import Alarm, AlarmCode
from ..model.errors import JournalBroken, JournalError, JournalFull
from ..model.events import Event
from .actor import BaseActor
from .address import Address, Target
from .messages import Backup, Durable, Flush, Query, Record, Unrecorded
from .runtime import Cancellable, Context

if TYPE_CHECKING:
    # The extra `journal`.
    from ..journal.spooling import Spool

RETRY_NS: Final = 1_000_000_000
"""How long it waits before it tries again to write to a store that was full."""

Encode = Callable[[int, Event], Row]
"""Makes the row of an entry."""


class Journal(BaseActor):
    """Writes entries down, as many at a time as its mailbox holds, and tells the order manager once they are durable.

    While there is no room it says so, keeps what it has not written and tries again. After a write that failed nothing
    is known, so it is never tried again: nothing becomes durable any more, until the journal is opened anew.

    Args:
        context: as every actor.
        me: its own address.
        manager: the order manager.
        monitor: takes alarms.
        store: where rows are kept.
        encode: makes the row of an entry.
        say: told why nothing can be written down, and None when it can again; called on the journal's thread.
        call_later: sets a timer on the runtime.
        spool: given what has been written down, for snapshots.
    """

    def __init__(
        self,
        context: Context,
        me: Address[Any],
        manager: Target[Durable | Unrecorded],
        monitor: Target[Alarm],
        store: JournalStore,
        encode: Encode,
        say: Callable[[JournalError | None], None],
        call_later: Callable[..., Cancellable],
        spool: Spool | None = None,
    ) -> None:
        super().__init__(context)
        self._me = me
        self._manager = manager
        self._monitor = monitor
        self._store = store
        self._encode = encode
        self._say = say
        self._why_not: JournalError | None = None
        self._call_later = call_later
        self._spool = spool
        self._rows: list[Row] = []
        # What is behind in the mailbox comes first, so that it is written in one go.
        self._flush_sent = False
        self._is_broken = False
        self._not_taken = 0

    def handle(self, message: Any) -> None:
        """Take entries, or write down what has been taken."""
        match message:
            case Record() if self._is_broken:
                # Nothing becomes durable any more; the order manager keeps what it may not say.
                self._not_taken += len(message.updates)
            case Record():
                for update in message.updates:
                    self._rows.append(self._encode(update.sequence, update.event))
                if not self._flush_sent and self._why_not is None:
                    self._flush_sent = True
                    self.send(self._me, Flush())
            case Flush():
                self._flush_sent = False
                self._write()
            case _:
                self.unknown(message)

    def answer(self, query: Query) -> object:
        """Write a copy, and answer with the number of its last entry."""
        if not isinstance(query, Backup):
            return super().answer(query)
        self._store.backup(query.path)
        return self._store.head.sequence

    def set_aside(self, message: object) -> None:
        """Write nothing more: an entry that cannot be written down leaves a gap that must not be."""
        if isinstance(message, Record | Flush):
            what = "encoded" if isinstance(message, Record) else "written"
            self._broken(JournalBroken(self.context.name, f"an entry could not be {what}"))

    def _bury(self, message: object) -> None:
        if not isinstance(message, Flush):
            super()._bury(message)

    def _write(self) -> None:
        if not self._rows or self._is_broken:
            return
        try:
            self._store.append(self._rows)
        except JournalFull as error:
            self._full(error)
            return
        except JournalBroken as error:
            self._broken(error)
            return
        if self._why_not is not None:
            self._stands(None)
            self._alarm("the journal has room again")
        self.send(self._manager, Durable(self._rows[-1].sequence))
        if self._spool is not None:
            self._spool.take(self._rows, self._store.head)
        self._rows.clear()

    def _full(self, error: JournalFull) -> None:
        if self._why_not is None:
            self._stands(error)
            self._alarm(f"no order leaves until there is room: {error}")
        self._call_later(RETRY_NS, self._me, Flush(), background=True)

    def _broken(self, error: JournalBroken) -> None:
        self._is_broken = True
        self._stands(error)
        self._alarm(f"no order leaves any more: {error}")

    def _stands(self, why_not: JournalError | None) -> None:
        self._why_not = why_not
        self._say(why_not)
        self.send(self._manager, Unrecorded(None if why_not is None else str(why_not)))

    def _alarm(self, text: str) -> None:
        self.send(self._monitor, Alarm(self.context.now_ns(), AlarmCode.JOURNAL, "", text, source=self.context.name))

    def on_stop(self) -> None:
        """Let go of the store."""
        if unwritten := len(self._rows) + self._not_taken:
            self._report("stopped before it could write down", f"{unwritten} rows")
        if self._spool is not None:
            self._spool.close()
        try:
            self._store.close()
        except BaseException as error:  # noqa: BLE001  # reported; nothing must keep an actor from stopping
            self._report("could not close", "the journal", error)
        super().on_stop()
