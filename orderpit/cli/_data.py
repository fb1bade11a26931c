"""The recorded data of a session: its files by symbol, what has been read of them, and the prices that passed."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

import attrs

from ..model.instrument import Instrument
from ..model.mark import Mark
from ..model.market import MarketData
from ..readers import Records, infer_instrument, open_records
from ._errors import UsageError, printable

_MOST_POINTS: Final = 256
_BROKEN_OFF: Final = "the data cannot be read any further"
"""How the readers begin the reason for packed data that breaks off."""


class Chart:
    """A bounded number of prices, evenly spread over all that passed: where it is full, every second one goes."""

    def __init__(self) -> None:
        self.points: list[Decimal] = []
        self._every = 1
        self._passed = 0

    def take(self, price: Decimal) -> None:
        """Take the next price."""
        if self._passed % self._every == 0:
            self.points.append(price)
            if len(self.points) >= _MOST_POINTS:
                self.points = self.points[::2]
                self._every *= 2
        self._passed += 1


@attrs.frozen
class DataReport:
    """What was played: of which source, how many records, of which symbols, and when."""

    source: str
    records: int = 0
    symbols: tuple[str, ...] = ()
    first_time_ns: int | None = None
    last_time_ns: int | None = None
    skipped: int = 0
    notes: tuple[str, ...] = ()


class Source:
    """Recorded files, grouped by symbol; each group is read file after file, and the groups together in time order.

    Read by the feed's thread; the figures may be read from any.

    Args:
        paths: the files.
        symbol: what they are of, where neither their content nor their names say so.
        limit: the most records to play; None for all.
        skip_bad_rows: count rows that cannot be read instead of ending.

    Raises:
        InvalidData: for a file that cannot be read.
    """

    def __init__(self, paths: Iterable[str], symbol: str | None, limit: int | None, *, skip_bad_rows: bool) -> None:
        groups: dict[str, tuple[Instrument, list[str]]] = {}
        self._paths = tuple(paths)
        for path in self._paths:
            instrument = infer_instrument(path, symbol, skip_bad_rows=skip_bad_rows)
            groups.setdefault(instrument.symbol, (instrument, []))[1].append(path)
        self.instruments = tuple(instrument for instrument, _ in groups.values())
        self.marks: dict[str, Mark] = {instrument.symbol: Mark() for instrument in self.instruments}
        self.charts: dict[str, Chart] = {instrument.symbol: Chart() for instrument in self.instruments}
        self.passed = self.passed_over = 0
        self._limit = limit
        self._opened: list[Records] = []
        self._streams: list[Iterator[MarketData]] = []
        self.first_prices: dict[str, Decimal | None] = {}
        for name, (_, files) in groups.items():
            records = open_records(files, symbol=symbol, skip_bad_rows=skip_bad_rows)
            self._opened.append(records)
            first = tuple(itertools.islice(records, 1))
            self.first_prices[name] = Mark().after(first[0]).price if first else None
            self._streams.append(itertools.chain(first, records))

    def records(self, after_ns: int = 0) -> Iterator[MarketData]:
        """Yield every record, noting its price as it passes; those of up to a time that is not 0 are passed over."""
        merged = self._streams[0] if len(self._streams) == 1 else heapq.merge(*self._streams, key=_time)
        try:
            for record in itertools.islice(merged, self._limit):
                self._note(record)
                if after_ns and record.time_ns <= after_ns:
                    self.passed_over += 1
                else:
                    yield record
        except OSError as error:
            msg = f"{self.name}: {error.strerror or error}"
            raise UsageError(msg) from error

    def _note(self, record: MarketData) -> None:
        mark = self.marks.get(record.symbol)
        if mark is None:
            where = f"{printable(record.source)}, record {self.passed + 1}"
            msg = f"{where}: symbol: must be one of {', '.join(self.marks)}, as the file began, got {record.symbol!a}"
            raise UsageError(msg)
        self.passed += 1
        mark = self.marks[record.symbol] = mark.after(record)
        if mark.price is not None:
            self.charts[record.symbol].take(mark.price)

    @property
    def name(self) -> str:
        """The files, as they were named."""
        return ", ".join(self._paths)

    def done(self) -> float:
        """Return which part of the data has been played, from 0 to 1."""
        total = sum(records.total_bytes for records in self._opened)
        of_bytes = sum(records.bytes_read for records in self._opened) / total if total else 1.0
        of_limit = self.passed / self._limit if self._limit else 0.0
        return min(max(of_bytes, of_limit), 1.0)

    def skipped(self) -> int:
        """Return how many rows have been passed over."""
        return sum(records.skipped.count for records in self._opened)

    def remarks(self) -> tuple[str, ...]:
        """Return what a report should say about the data: the first skipped rows of each symbol, and more."""
        errors = [error for records in self._opened for error in records.skipped.errors]
        missing = (
            f"everything after line {error.line} of {error.file} is missing"
            for error in errors
            if error.reason.startswith(_BROKEN_OFF)
        )
        notes = (note for records in self._opened for note in records.notes)
        return (*(f"skipped: {error}" for error in errors), *missing, *notes)

    def close(self) -> None:
        """Close the files."""
        for records in self._opened:
            records.close()


def _time(record: MarketData) -> int:
    return record.time_ns
