"""The fault catalogue: what the system must survive, what is expected then, and what waits for a part."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs

HERE: Final = Path(__file__).parent

PARTS: Final[Mapping[str, str]] = {
    "A": "Exchange and protocol",
    "B": "Input",
    "C": "Journal and disk",
    "D": "Runtime",
}


@attrs.frozen
class Fault:
    """One row of the catalogue.

    Attributes:
        number: by which a test names it: `@pytest.mark.fault(9)`.
        part: a key of PARTS.
        name: what goes wrong.
        expected: what is expected of the system then.
        lacks: what of the row is not there yet, although the rest of it is and is tested; empty where all is there.
        waits_for: the part without which nothing of the row can be shown; empty where there are tests.
    """

    number: int
    part: str
    name: str
    expected: str
    lacks: str = ""
    waits_for: str = ""


_ADAPTER: Final = "an adapter of a real venue"
_NO_SESSION: Final = f"a session that goes by these rules, which are there for {_ADAPTER}"


def _rows(part: str, first: int, *rows: tuple[str, str, str]) -> Iterator[Fault]:
    for number, (name, expected, lacks) in enumerate(rows, first):
        yield Fault(number, part, name, expected, lacks)


_EXCHANGE: Final = (
    (
        "the connection breaks while nothing is under way",
        "new orders are refused as DISCONNECTED, cancels pass, and orders flow again once the venue is back",
        f"reconnecting with growing pauses, which is the work of {_ADAPTER}",
    ),
    (
        "the connection breaks with orders in flight",
        "they are in doubt and not rejected, their exposure stays reserved, and the venue is asked when it is back",
        "",
    ),
    (
        "a request is lost before the venue",
        "the order is in doubt; it ends as rejected only where the venue's memory is complete",
        "",
    ),
    ("an acknowledgement is lost", "the order is in doubt until the venue is asked, and then as the venue says", ""),
    ("an acknowledgement comes twice", "the second changes nothing and is counted", ""),
    ("an execution comes twice", "it is booked once", ""),
    (
        "an execution id comes back with other content",
        "the first stands, and an alarm is raised",
        "stopping what a strategy does with that order",
    ),
    ("a fill overtakes its acknowledgement", "it is booked, and implies the acknowledgement", ""),
    ("a fill overtakes the cancel that was asked for", "it is booked; the cancel stays pending and ends once", ""),
    (
        "a fill comes after its order was cancelled",
        "it is booked, the order stays cancelled and is flagged, and an alarm is raised",
        "",
    ),
    (
        "a fill comes for an order that was rejected or has expired",
        "it is booked, the state stays, and an alarm is raised",
        "",
    ),
    (
        "a cancel is refused by the venue",
        "the order lives on as before; where the venue does not know it, it is in doubt",
        "",
    ),
    ("a cancel names an unknown or closed order", "it is refused here, and the venue hears nothing of it", ""),
    (
        "a modification races a fill",
        "the new quantity counts what has filled; at or below that the order is filled",
        "",
    ),
    ("a modification is refused by the venue", "the old terms stand", ""),
    ("the answers to several requests come in another order", "each goes by the id of its request", ""),
    ("a modification gives the order another id at the venue", "the order carries the new id", ""),
    (
        "more is filled than was ordered",
        "all of it is booked, nothing is left open, the excess has a field of its own, and an alarm is raised",
        "stopping the strategy whose order it was",
    ),
    (
        "a fill comes for an order that nobody here knows",
        "it is booked to an external order, and an alarm is raised",
        "",
    ),
    (
        "the venue takes an execution back, or corrects it",
        "position, cash and fees are as if only what stands had ever been",
        "",
    ),
    (
        "the venue acknowledges other terms than were sent",
        "the venue's terms are in force and are what risk reserves for, and an alarm is raised",
        "",
    ),
    (
        "the venue restarts and has forgotten its open orders",
        "asked for them, it says so, and they end as it says; what was executed stays booked",
        "",
    ),
    ("the venue's clock is wrong", "its times are data, and put nothing in another order", ""),
    (
        "a numbered message is missing",
        "it is asked for again, and nothing behind the gap is applied before it has come",
        _NO_SESSION,
    ),
    ("a number is too low, and not marked as a repeat", "the session ends, and says why", _NO_SESSION),
    (
        "a venue asks for old messages again after a reconnect",
        "what was sent is never sent anew; the numbers are skipped",
        _NO_SESSION,
    ),
    ("two reports of the venue disagree", "the order is in doubt, and the venue is asked; the last does not win", ""),
    (
        "the venue has been asked too often",
        "a request that did not get through is no rejection, and is asked about; where the venue rejects, it says why",
        f"pacing requests before they leave, which is the work of {_ADAPTER}",
    ),
    (
        "the venue takes minutes",
        "a bounded number of orders waits for it; beyond that, new ones are refused and cancels pass",
        "",
    ),
    (
        "an order meets another of ours; a book is crossed; a price is zero",
        "at the simulated exchange no account trades with itself; else both sides are booked; such data are refused",
        "",
    ),
    (
        "an expiry races a fill",
        "whichever comes first, the order ends once, and what was executed is booked",
        "",
    ),
    ("trading is halted, or the venue is closed", "new orders are rejected with the reason, and cancels pass", ""),
)

_INPUT: Final = (
    ("a number is negative, zero, NaN, infinite or minus zero", "refused by an error that names the field", ""),
    ("a quantity is True, a float, or a number of another class", "refused: the exact types alone are taken", ""),
    ("a number has a million digits", "refused by its size before anything is computed with it", ""),
    ("a sum would be rounded in silence", "the operation fails instead; no context of the host changes a result", ""),
    ("a number is written with full-width digits, blanks, underscores", "refused", ""),
    ("a name is ten megabytes long", "refused by its length, and shown shortened", ""),
    (
        "a text holds control characters, escapes, look-alikes",
        "refused in names; in logs and on the terminal, escaped",
        "",
    ),
    (
        "a value that is logged holds braces",
        "log messages are constant, so that a value is never taken as a format",
        "",
    ),
    ("a lone surrogate, or a number beyond 64 bits", "refused where it comes in", ""),
    ("a value lies about equality, cannot be shown or hashed", "refused by its exact type, and shown safely", ""),
    (
        "an order id comes a second time",
        "with the same content it is answered, with other content refused",
        "",
    ),
    ("a message holds something that can change", "found: messages hold immutable values alone", ""),
    (
        "a message is of an unknown type",
        "set aside, counted and reported; the actor goes on",
        "",
    ),
    ("JSON is nested without end, holds NaN or a key twice", "refused", ""),
)

_DISK: Final = (
    ("a crash before the journal is written", "nothing has happened", ""),
    ("a crash between writing and sending", "the venue is asked: it never had it; nothing is sent a second time", ""),
    ("a crash between sending and writing the answer", "the venue is asked, and what it tells is booked once", ""),
    ("something is sent before it is written", "found, since the venue knows what the journal does not", ""),
    ("a crash while recovering, again and again", "recovery ends, and ends alike", ""),
    ("the disk is full", "new orders halt, cancels and reading go on", ""),
    ("an error of the disk or a limit on the file", "nothing more leaves; the next system reads again", ""),
    ("a flush to disk fails", "stop and reopen; never tried again as if it could heal", ""),
    ("a write is torn", "a whole number of events is read back", ""),
    ("a bit flips in the log that is written ahead", "found; no trading before it is resolved", ""),
    ("a bit flips in the file", "found", ""),
    ("a row is deleted, moved or edited", "found", ""),
    ("the journal is of a newer version", "refused, naming both versions", ""),
    ("the journal is of an older version", "read", ""),
    ("the file is no journal, or empty", "refused; nothing is created in its place", ""),
    ("a part of the journal is left behind when it is copied", "found, and documented", ""),
    ("two processes open one journal", "the second is refused at once", ""),
    ("the journal lies where it cannot be written", "a clear error at the start", ""),
    ("the disk is slow", "slower, and nothing is lost", ""),
)

_RUNTIME: Final = (
    (
        "an actor raises an exception",
        "that message is set aside and reported, and the actor goes on from before it",
        "",
    ),
    (
        "an actor fails again and again",
        "a strategy or subscriber is stopped, alone; a part of the core halts trading, and the command exits with 1",
        "cancelling what works by itself: a halt lets cancels pass, and gives none",
    ),
    ("a callback publishes and submits from inside the callback", "nobody waits for itself, however deep", ""),
    (
        "a flood: a strategy with 100,000 orders a second",
        "refused at the edge; fills and cancels pass, and memory stays bounded",
        "",
    ),
    ("a subscriber or a log sink is slow or stuck", "it falls behind alone", ""),
    ("a stop in the middle of traffic", "every message is handled or accounted for, and nothing hangs", ""),
    (
        "SIGINT or SIGTERM, once and twice",
        "an orderly stop; the second ends the process at once",
        "a signal while recovering",
    ),
    (
        "the process is paused, or killed",
        "after a pause what is overdue is asked for, and all is booked",
        "recognising market data that has grown old",
    ),
    (
        "sys.exit in a strategy; the interpreter ends",
        "a strategy ends nothing but its turn; a crashed process ends",
        "",
    ),
    ("a fork", "the child is refused, and the parent goes on", ""),
    ("the wall clock jumps", "no order of events and no deadline depends on it", ""),
)

CATALOGUE: Final[Mapping[int, Fault]] = {
    fault.number: fault
    for fault in (
        *_rows("A", 1, *_EXCHANGE),
        *_rows("B", 33, *_INPUT),
        *_rows("C", 47, *_DISK),
        *_rows("D", 66, *_RUNTIME),
    )
}


@attrs.frozen(order=True)
class Shown:
    """A test that shows a row: the file, from the repository's root with slashes, and the function."""

    path: str
    test: str


@functools.cache
def shown_by(folder: Path = HERE) -> dict[int, tuple[Shown, ...]]:
    """Return the tests that are marked with each number, in the order of files and lines."""
    found: dict[int, dict[Shown, None]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
        for test, number in marks_in(path.read_text(encoding="utf-8")):
            found.setdefault(number, {})[Shown(name, test)] = None
    return {number: tuple(tests) for number, tests in sorted(found.items())}


def marks_in(source: str) -> Iterator[tuple[str, int]]:
    """Yield each test of a module with each number that it is marked with.

    A mark stands above the function, in the parameters there, or in the module's pytestmark for all its tests.

    Raises:
        ValueError: for a mark whose numbers are not written out.
    """
    if ".fault(" not in source:
        return
    body = ast.parse(source).body
    of_module = [
        number
        for node in body
        if isinstance(node, ast.Assign) and any(_is_named(target, "pytestmark") for target in node.targets)
        for number in _numbers(node.value)
    ]
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            numbers = [number for decorator in node.decorator_list for number in _numbers(decorator)]
            for number in dict.fromkeys(of_module + numbers):
                yield node.name, number


def _is_named(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _numbers(node: ast.AST) -> Iterator[int]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "fault":
            for argument in call.args:
                if not (isinstance(argument, ast.Constant) and type(argument.value) is int):
                    msg = f"line {call.lineno}: a fault mark takes numbers that are written out"
                    raise ValueError(msg)
                yield argument.value
