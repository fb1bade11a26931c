"""The public entry: recorded market data as one iterator over one or several files."""

from __future__ import annotations

import itertools
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from types import TracebackType
from typing import Self

from ..model.errors import InvalidConfiguration, InvalidData, InvalidMarketData
from ..model.market import MarketData
from ..model.numbers import whole
from ..model.text import identifier
from ._formats import Format, detect, parser
from ._lines import Progress, Stream, lines, size_of, streams
from ._recording import Recording
from ._skips import Rejects, Skipped, unreadable
from ._tables import Parse

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
_SOURCE_LENGTH = 256


class Records:
    """An iterator over recorded market data, in the order of files and rows. Close it, or use it in a with.

    Attributes:
        source: the files, as they were named.
        format: the format of the first file.
        total_bytes: the size of the files on disk, compressed where they are.
    """

    def __init__(self, paths: tuple[str, ...], symbol: str | None, depth_levels: int, *, skip_bad_rows: bool) -> None:
        self.source = ", ".join(paths)
        self._paths = paths
        self._symbol = symbol
        self._rejects = Rejects(skip=skip_bad_rows)
        self._progress = Progress()
        self._recording = Recording(symbol, depth_levels)
        self._sizes = [size_of(path) for path in paths]
        self.total_bytes = sum(self._sizes)
        # Every file is looked into before the first record goes out: the last one's fault should not cost an hour.
        formats = [self._probe(path) for path in paths]
        self.format: Format = formats[0]
        self._records: Generator[MarketData, None, None] = self._read()

    @property
    def skipped(self) -> Skipped:
        """The rows that could not be read and were passed over, up to now."""
        return self._rejects.skipped

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks for the report, such as on depth updates that no snapshot came for."""
        return self._recording.notes()

    @property
    def bytes_read(self) -> int:
        """How many of total_bytes have been read."""
        return self._progress.read

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> MarketData:
        return next(self._records)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; there are no records after it."""
        self._records.close()

    def _probe(self, path: str) -> Format:
        with closing(streams(path)) as found:
            for stream in found:
                rows = lines(stream, Rejects(skip=False), Progress())
                # A reader of its own: the shared one must not have begun with this file when the reading does.
                return self._begin(stream, rows, Recording(self._symbol, 1))[0]
        raise unreadable(path, "is empty")

    def _read(self) -> Generator[MarketData, None, None]:
        for path, size in zip(self._paths, self._sizes, strict=True):
            with closing(streams(path)) as found:
                for stream in found:
                    yield from self._rows(stream)
            self._progress.done(size)

    def _rows(self, stream: Stream) -> Iterator[MarketData]:
        _, parse, rows = self._begin(stream, lines(stream, self._rejects, self._progress), self._recording)
        for number, line in rows:
            try:
                record = parse(line)
            except InvalidMarketData as error:
                # Asked only now: a blank line holds nothing, and looking for one in each row would cost each row.
                if line.strip():
                    self._rejects.row(stream.label, number, error.value, f"{error.field} {error.rule}")
                continue
            if record is not None:
                yield record

    def _begin(
        self, stream: Stream, rows: Iterator[tuple[int, str]], recording: Recording
    ) -> tuple[Format, Parse, Iterator[tuple[int, str]]]:
        """Tell the format by the first line, and return what reads the rows, and the rows without a header."""
        for number, line in rows:
            if not line.strip():
                continue
            try:
                detected = detect(line)
                parse = parser(detected, stream.names, self._symbol, _source(stream.names[0]), recording)
            except InvalidMarketData as error:
                raise InvalidData(stream.label, number, error.value, f"{error.field} {error.rule}") from None
            return detected.format, parse, rows if detected.header else itertools.chain([(number, line)], rows)
        raise unreadable(stream.label, "is empty")


def open_records(
    paths: Paths, *, symbol: str | None = None, skip_bad_rows: bool = False, depth_levels: int = 10
) -> Records:
    """Open recorded market data: one file, or several that are read one after the other.

    A file is plain, gzip or zip, which its first bytes tell, and of one of the formats of Format, which its first line
    tells. Nothing is read into memory as a whole.

    Args:
        paths: the file or files.
        symbol: the symbol of the records; needed where neither the data nor the name of the file holds it. Data that
            names its symbol must agree with it, the slash aside.
        skip_bad_rows: pass over rows that cannot be read, and count them in Records.skipped.
        depth_levels: how many levels on each side a Depth shows.

    Raises:
        InvalidData: naming file, line, value and reason. While the records are read, for a row, unless bad rows are
            skipped; here and then, for a file that cannot be opened or is of no known format, in either case.
        InvalidConfiguration: for arguments that can never be right.
    """
    several = (paths,) if isinstance(paths, str | os.PathLike) else tuple(paths)
    if not several:
        raise InvalidConfiguration.of("paths", several, "must name at least one file")
    if symbol is not None:
        identifier("symbol", symbol, InvalidConfiguration)
    whole("depth_levels", depth_levels, InvalidConfiguration, least=1)
    names = tuple(os.fspath(path) for path in several)
    return Records(names, symbol, depth_levels, skip_bad_rows=skip_bad_rows)


def _source(name: str) -> str:
    """Return the name of a file as a record may carry it."""
    return name if name.isprintable() and len(name) <= _SOURCE_LENGTH else ascii(name)[1:-1][:_SOURCE_LENGTH]
