"""The market feed: plays recorded data into the system, one record at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

import attrs

from ..model.errors import InvalidMarketData
from ..model.market import MARKET_DATA, MarketData
from ..model.values import changed
from .actor import BaseActor
from .address import Address, Target
from .mailbox import Reply
from .messages import GetProgress, Held, NextRecord, PassOn, Query, Recorded, StopFeed
from .runtime import Context


@attrs.frozen
class Progress:
    """How far a feed has come: records sent, symbols seen, and the times of the first and the last record."""

    records: int = 0
    symbols: tuple[str, ...] = ()
    first_time_ns: int | None = None
    last_time_ns: int | None = None
    finished: bool = False


class MarketFeed(BaseActor):
    """Owns a source of records, and paces it: record n+1 is sent when nothing caused by record n is under way.

    Args:
        context: as every actor.
        me: its own address.
        records: the source; reading it may block, which is why it is read here and nowhere else.
        traded: the symbols that records may be of.
        targets: risk and portfolio, told of each record in this order and before the exchange, so that an order that
            follows a record finds its price everywhere.
        exchange: passes each record on to whoever listens once what the record caused there has been dealt with, so
            that a strategy knows which of its orders it filled, however threads are switched.
        when_quiet: makes a call once nothing is under way.
        pass_time: moves time to the one given (to the end of all that is under way when None), firing what falls due;
            True when something fired, which must be dealt with before the next record.
        done: answered with the final Progress, or with the error that ended the feed.
    """

    def __init__(
        self,
        context: Context,
        me: Address[Any],
        records: Iterator[MarketData],
        traded: Collection[str],
        targets: tuple[Target[MarketData], ...],
        exchange: Target[Recorded | PassOn],
        when_quiet: Callable[[Callable[[], None]], None],
        pass_time: Callable[[int | None], bool],
        done: Reply,
    ) -> None:
        super().__init__(context)
        self._me = me
        self._records = records
        self._traded = traded
        self._targets = targets
        self._exchange = exchange
        self._when_quiet = when_quiet
        self._pass_time = pass_time
        self._done = done
        self._next: MarketData | None = None
        self._held = False
        self._ended = False
        self._symbols: dict[str, None] = {}
        self._progress = Progress()

    def handle(self, message: Any) -> None:
        """Send the next record, or stop."""
        match message:
            case NextRecord():
                if self._held:
                    self._held = False
                    self.send(self._exchange, PassOn())
                    self._when_quiet(self._again)
                elif not self._ended:
                    self._advance()
            case Held():
                self._held = True
            case StopFeed():
                self._finish()
            case _:
                self.unknown(message)

    def answer(self, query: Query) -> object:
        """Answer with the progress."""
        return self._now_at() if isinstance(query, GetProgress) else super().answer(query)

    def on_stop(self) -> None:
        """Answer whoever waits for the end."""
        self._finish()
        super().on_stop()

    def _advance(self) -> None:
        try:
            record = self._next if self._next is not None else next(self._records, None)
        except BaseException as error:  # noqa: BLE001  # it belongs to whoever waits for the end
            self._finish(error)
            return
        invalid = None if record is None else self._invalid(record)
        if invalid is not None:
            self._finish(invalid)
            return
        if record is not None and not record.time_ns:
            # As published data are: every message has a time.
            record = changed(record, time_ns=self.context.now_ns())
        self._next = record
        if self._pass_time(None if record is None else record.time_ns):
            self._when_quiet(self._again)
            return
        if record is None:
            self._finish()
            return
        self._next = None
        for target in self._targets:
            self.send(target, record)
        self.send(self._exchange, Recorded(record, self._me))
        self._count(record)
        self._when_quiet(self._again)

    def _invalid(self, record: MarketData) -> InvalidMarketData | None:
        if type(record) not in MARKET_DATA:
            return InvalidMarketData.of("record", record, "must be a Quote, Trade, Bar or Depth")
        if record.symbol not in self._traded:
            return InvalidMarketData.of("symbol", record.symbol, f"must be one of {', '.join(sorted(self._traded))}")
        return None

    def _again(self) -> None:
        self._me.send(NextRecord())

    def _count(self, record: MarketData) -> None:
        self._symbols[record.symbol] = None
        before = self._progress
        first = record.time_ns if before.first_time_ns is None else before.first_time_ns
        self._progress = Progress(before.records + 1, (), first, record.time_ns)

    def _now_at(self) -> Progress:
        return attrs.evolve(self._progress, symbols=tuple(self._symbols), finished=self._ended)

    def _finish(self, error: BaseException | None = None) -> None:
        if self._ended:
            return
        self._ended = True
        if error is None:
            self._done.set(self._now_at())
        else:
            self._done.set(error)
