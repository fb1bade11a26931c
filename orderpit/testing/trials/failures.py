"""What a developer reads when a bot has failed: why, message by message, and the line that runs it again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import pykka

from ... import actors, model
from ...model.errors import InvalidConfiguration
from .story import numbered

_FRAME: Final = '  File "'
_FOLDERS: Final = (
    *(Path(str(package.__file__)).parent for package in (actors, model, pykka)),
    Path(__file__).parents[1],
)
_NOT_OWN: Final = (*(f"{folder}{os.sep}" for folder in _FOLDERS), "<attrs ")
"""How the names of files begin that tell a developer nothing about the bot."""


class Failure(AssertionError):
    """A bot failed: in which run, how, message by message, and the line that runs it again.

    Attributes:
        error: what the check or the bot raised.
        replay: names the run, as Trial.replay() takes it.
        story: the messages of that run, one line each.
    """

    def __init__(self, title: str, error: BaseException, replay: str, story: Sequence[str], line: str) -> None:
        parts = [title, _indented(_cause(error)), numbered(story) if story else "", f"  replay: {line}"]
        super().__init__("\n\n".join(filter(None, parts)))
        self.error, self.replay, self.story = error, replay, tuple(story)


def to_ranges(numbers: Iterable[int]) -> str:
    """Write numbers in one word, such as 3,7-9."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def from_ranges(text: str) -> frozenset[int]:
    """Read numbers.

    Raises:
        InvalidConfiguration: for what to_ranges() does not write.
    """
    numbers: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            raise InvalidConfiguration.of("replay", text, "must name records like 3,7-9")
        numbers.update(range(int(first), int(last or first) + 1))
    return frozenset(numbers)


def own_part(traceback: str) -> str:
    """Leave out of a traceback what lies in orderpit, in pykka, and in code that attrs has written."""
    kept: list[str] = []
    is_own = has_own = False
    for line in traceback.splitlines():
        if line.startswith(_FRAME):
            is_own = not line.removeprefix(_FRAME).startswith(_NOT_OWN)
            has_own = has_own or is_own
        if is_own or not line.startswith("  "):
            kept.append(line)
    return "\n".join(kept) if has_own else traceback


def own_frames(traceback: TracebackType | None) -> TracebackType | None:
    """Leave out the same of a traceback that has not been written down."""
    if traceback is None:
        return None
    rest = own_frames(traceback.tb_next)
    if traceback.tb_frame.f_code.co_filename.startswith(_NOT_OWN):
        return rest
    return TracebackType(rest, traceback.tb_frame, traceback.tb_lasti, traceback.tb_lineno)


def _cause(error: BaseException) -> str:
    """Say what failed, and where in the developer's own code."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = ""
    # A file of ours would not tell a developer anything.
    if last is not None and not str(last.tb_frame.f_globals.get("__name__")).startswith("orderpit."):
        code = last.tb_frame.f_code
        where = f"\n{_relative(code.co_filename)}:{last.tb_lineno}, in {code.co_name}"
    notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
    return f"{type(error).__name__}: {error}{where}{notes}"


def _relative(file: str) -> str:
    try:
        path = Path(file).relative_to(Path.cwd())
    except ValueError:
        return file
    return str(path)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
