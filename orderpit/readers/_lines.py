"""Text lines of plain, gzip and zip files, streamed: neither a file nor a line beyond the limit is held in memory."""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol, cast

import attrs

from ..model.errors import shown
from ._skips import Rejects, unreadable

LINE_LIMIT: Final = 10_000_000
"""Bytes that a line may have; the longest of a real recording, a snapshot of 5,000 levels, has 350,000."""

_BLOCK: Final = 1 << 18
_MOST_SAID: Final = 120
_BROKEN: Final = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)
"""What the standard library raises for damaged, encrypted (RuntimeError) and unknown (NotImplementedError) packing."""


class _Bytes(Protocol):
    def read1(self, size: int, /) -> bytes: ...


class Progress:
    """How far into the files, as they lie on disk, the reading is."""

    def __init__(self) -> None:
        self.read = 0
        self._before = 0

    def at(self, position: int) -> None:
        """Note the position in the file being read."""
        self.read = self._before + position

    def done(self, size: int) -> None:
        """Note that a file has been read to its end."""
        self._before += size
        self.read = self._before


@attrs.frozen
class Stream:
    """One stretch of text: a file, or a member of a zip file.

    Args:
        label: what an error calls it: the file as it was named by the caller, with the member if there are several.
        names: where a symbol or a date may be read from: the file's name, then the member's.
        data: the unpacked bytes.
        raw: the file on disk, whose position is the progress.
    """

    label: str
    names: tuple[str, ...]
    data: _Bytes
    raw: io.BufferedReader


def size_of(path: str) -> int:
    """Return the size of a regular file in bytes.

    Raises:
        InvalidData: for a path that is missing, may not be read, or is no regular file.
    """
    try:
        status = os.stat(path)  # noqa: PTH116  # a path with a NUL is an error to name here, not in pathlib
    except (OSError, ValueError) as error:
        raise unreadable(path, _said(error)) from None
    if not stat.S_ISREG(status.st_mode):
        # A pipe or a device could block for ever.
        raise unreadable(path, "is a directory" if stat.S_ISDIR(status.st_mode) else "is not a regular file")
    return status.st_size


def streams(path: str) -> Generator[Stream, None, None]:
    """Yield what a file holds, each stream to be read before the next is asked for.

    Packing is told by the first bytes, not by the name.

    Raises:
        InvalidData: for a file that cannot be opened and a zip file that cannot be unpacked.
    """
    name = Path(path).name
    try:
        raw = open(path, "rb")  # noqa: PTH123, SIM115  # closed by the with below, which must not see open's own errors
    except (OSError, ValueError) as error:
        raise unreadable(path, _said(error)) from None
    with raw:
        magic = raw.peek(4)[:4]
        if magic[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield Stream(path, (name,), unpacked, raw)
        elif magic in {b"PK\x03\x04", b"PK\x05\x06"}:
            yield from _members(path, name, raw)
        else:
            yield Stream(path, (name,), raw, raw)


def _members(path: str, name: str, raw: io.BufferedReader) -> Iterator[Stream]:
    try:
        archive = zipfile.ZipFile(raw)
    except _BROKEN as error:
        raise unreadable(path, f"is a damaged zip file: {_said(error)}") from None
    with archive:
        # ZipInfo.is_dir() raises IndexError for a name that is empty.
        infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
        infos = [info for info in infos if not info.filename.startswith("__MACOSX/")]
        if not infos:
            raise unreadable(path, "is a zip file without members")
        for info in infos:
            label = path if len(infos) == 1 else f"{path} ({shown(info.filename)})"
            try:
                member = cast("io.BufferedIOBase", archive.open(info))
            except _BROKEN as error:
                raise unreadable(label, f"cannot be unpacked: {_said(error)}") from None
            with member:
                yield Stream(label, (name, info.filename.rpartition("/")[2]), member, raw)


def lines(stream: Stream, rejects: Rejects, progress: Progress) -> Iterator[tuple[int, str]]:
    """Yield each line with its number, counted from 1, without its end.

    A line that is too long or not UTF-8 is refused alone. Where packed data breaks off, what came before is yielded,
    and the break is refused as the line it fell into: half a row may look like a whole one with another price.
    """
    number = 0
    held: list[bytes] = []
    size = 0
    overlong = False
    while True:
        try:
            block = stream.data.read1(_BLOCK)
        except _BROKEN as error:
            rejects.row(
                stream.label, number + 1, shown(b"".join(held)), f"the data cannot be read any further: {_said(error)}"
            )
            return
        progress.at(stream.raw.tell())
        end = block.rfind(b"\n") + 1
        if block and not end:
            size += len(block)
            if size <= LINE_LIMIT:
                held.append(block)
            elif not overlong:
                overlong = True
                value = shown(b"".join(held))
                held.clear()
                rejects.row(stream.label, number + 1, value, f"the line is longer than {LINE_LIMIT} bytes")
            continue
        chunk = b"".join([*held, block[:end]])
        if not number:
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        if overlong and chunk:
            chunk = chunk[chunk.index(b"\n") + 1 :]
            number += 1
        for text in _decoded(chunk):
            number += 1
            if isinstance(text, bytes):
                rejects.row(stream.label, number, shown(text), "the line is not UTF-8")
            else:
                yield number, text
        if not block:
            return
        held = [block[end:]]
        size = len(held[0])
        overlong = False


def _decoded(chunk: bytes) -> Sequence[str | bytes]:
    """Split whole lines, keeping those that are not UTF-8 as bytes."""
    # Not splitlines(): that also splits at U+2028 and the like, and the line numbers would be nobody else's.
    try:
        found = chunk.decode().replace("\r\n", "\n").removesuffix("\r").split("\n")
    except UnicodeDecodeError:
        return [_text(line) for line in chunk.removesuffix(b"\n").split(b"\n")]
    if not found[-1]:
        found.pop()
    return found


def _text(line: bytes) -> str | bytes:
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        return line


def _said(error: BaseException) -> str:
    """Return what the standard library says, without the path that our own message names already, and not all of it.

    zipfile cites a damaged name, which may be kilobytes long.
    """
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    said = ascii(text or type(error).__name__)[1:-1]
    return said if len(said) <= _MOST_SAID else f"{said[:_MOST_SAID]}..."
