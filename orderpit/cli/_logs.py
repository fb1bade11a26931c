"""Logging, which only the command line sets up: order events to a file, failures to stderr, pykka's logger to both."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loguru import logger

from ..model.errors import kind_name
from ._errors import UsageError, printable

if TYPE_CHECKING:
    from loguru import Record

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/-+@%")
_LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})


@contextlib.contextmanager
def logs(log_file: str | None, *, debug: bool) -> Generator[None]:
    """Set logging up for a command, and take it down again; loguru's default sink goes for good.

    Raises:
        UsageError: when the file cannot be opened.
    """
    with contextlib.suppress(ValueError):
        logger.remove(0)  # loguru's own, which would repeat every event on stderr
    sinks = [
        logger.add(
            _to_stderr,
            level="ERROR",
            format=_full if debug else _short,
            filter=None if debug else _is_new,
            diagnose=False,
        )
    ]
    bridge = _Bridge()
    pykka_logger = logging.getLogger("pykka")
    try:
        if log_file is not None:
            sinks.append(_file(log_file))
        logger.enable("orderpit")
        pykka_logger.addHandler(bridge)
        yield
    finally:
        pykka_logger.removeHandler(bridge)
        for sink in sinks:
            logger.remove(sink)
        logger.disable("orderpit")


def _file(path: str) -> int:
    if not Path(path).parent.is_dir():
        # loguru would make the folder: of a slip of the keys, that is.
        msg = f"--log-file {printable(path)}: there is no such folder"
        raise UsageError(msg)
    try:
        # Braces in a name are loguru's for a time.
        return logger.add(
            path.replace("{", "{{").replace("}", "}}"),
            level="INFO",
            format=_line,
            enqueue=True,
            diagnose=False,
            backtrace=False,
        )
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else error
        msg = f"--log-file {printable(path)}: {printable(str(said))}"
        raise UsageError(msg) from None


class _Bridge(logging.Handler):
    """Hands a record of the standard library's logging to loguru, its text as a field."""

    def emit(self, record: logging.LogRecord) -> None:
        fields = {"logger": record.name, "text": record.getMessage()}
        if record.exc_info is not None and record.exc_info[1] is not None:
            fields["error"] = f"{kind_name(record.exc_info[1])}: {record.exc_info[1]}"
        level = record.levelname if record.levelname in _LEVELS else record.levelno
        logger.bind(**fields).log(level, "from the standard library's logging")


def _to_stderr(message: str) -> None:
    # Looked up at each call: the live view puts its own stream in place of sys.stderr.
    sys.stderr.write(message)


def _line(record: Record) -> str:
    stamp = record["time"].isoformat(timespec="microseconds")
    fields = _fields(record["extra"])
    return _kept(record, "_line", " ".join([stamp, f"{record['level'].name:<7}", record["message"], *fields]))


def _is_new(record: Record) -> bool:
    return not record["extra"].get("_again")


def _short(record: Record) -> str:
    at = record["extra"].get("_at")
    extra = {key: value for key, value in record["extra"].items() if key not in {"traceback", "time_ns", "sequence"}}
    return _kept(
        record,
        "_short",
        f"orderpit: {' '.join([record['message'], *_fields(extra), *([f'at={_value(at)}'] if at else [])])}",
    )


def _full(record: Record) -> str:
    trace = str(record["extra"].get("traceback", ""))
    _short(record)
    lines = [record["extra"]["_short"], *(printable(line) for line in trace.splitlines())]
    return _kept(record, "_full", "\n".join(lines))


def _kept(record: Record, key: str, text: str) -> str:
    # loguru reads what is returned as a template, in which a value's braces and angle brackets would mean something.
    record["extra"][key] = text
    return "{extra[" + key + "]}\n"


def _fields(extra: dict[str, Any]) -> list[str]:
    return [f"{key}={_value(value)}" for key, value in extra.items() if value != "" and not key.startswith("_")]


def _value(value: object) -> str:
    text = str(value)
    # json.dumps() escapes control characters and all that is not ASCII.
    return text if text and _BARE.issuperset(text) else json.dumps(text)
