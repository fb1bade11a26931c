"""Reads the tables of scenarios: text files of rows, each a rule, its steps, and what each step leads to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import attrs

FOLDER = Path(__file__).parent
ENDS = frozenset({"FILLED", "CANCELLED", "REJECTED", "EXPIRED"})
HAPPENS = ENDS | {"PENDING", "SUBMITTED", "OPEN", "TRIGGERED", "PARTIAL", "MODIFIED"}
REFUSALS = frozenset({"CANCEL-REJECTED", "MODIFY-REJECTED", "REFUSED", "INVALID"})
COLUMNS = "step | order | what happens | fills | fee | reason"
_HEAD = re.compile(r"\[([a-z0-9]+(?:-[a-z0-9]+)*)\] (\S.*\.)")
_FILL = re.compile(r"([0-9.]+)@([0-9.]+)")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_ORDER = re.compile(r"[A-Z][A-Za-z0-9-]*")


class TableError(Exception):
    """A line that is no line of a table: where it stands, and what is wrong with it."""

    def __str__(self) -> str:
        return ": ".join(self.args)


@attrs.frozen
class Fill:
    """One execution."""

    quantity: Decimal
    price: Decimal
    liquidity: str

    def __str__(self) -> str:
        return f"{plain(self.quantity)}@{plain(self.price)} {self.liquidity}"


@attrs.frozen
class Outcome:
    """What a step leads to for one order: in order of time within each column; the fee is that of all the fills."""

    order: str
    happens: tuple[str, ...]
    fills: tuple[Fill, ...] = ()
    fee: Decimal | None = None
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        fills, fee = " ".join(map(str, self.fills)), "" if self.fee is None else plain(self.fee)
        return " | ".join((self.order, " ".join(self.happens), fills, fee, " ".join(self.reasons)))


@attrs.frozen
class Line:
    """A step as it stands in the table, and what it leads to."""

    where: str
    words: str
    outcomes: tuple[Outcome, ...] = ()


@attrs.frozen
class Row:
    """A scenario."""

    name: str
    rule: str
    topic: str
    lines: tuple[Line, ...]


def plain(number: Decimal) -> str:
    """Write a number without exponent and without zeros at its end."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rows() -> tuple[Row, ...]:
    """Read every table of this folder."""
    return tuple(row for path in sorted(FOLDER.glob("*.txt")) for row in parse(path.stem, path.read_text("utf-8")))


def parse(topic: str, text: str) -> Iterator[Row]:
    """Read one table. A line that begins with # is a comment; an empty line means nothing."""
    name, rule, begins, lines = "", "", "", list[Line]()
    for number, raw in enumerate(text.splitlines(), 1):
        where = f"{topic}.txt:{number}"
        if not raw.strip() or raw.startswith("#"):
            continue
        if raw.startswith("  "):
            if not name:
                raise TableError(where, "a step before the first row")
            _add(lines, where, raw)
            continue
        if name:
            yield _row(name, rule, topic, lines, begins)
        head = _HEAD.fullmatch(raw)
        if head is None:
            raise TableError(where, f"must be `[name-of-the-row] Its rule.`, or indented, not {raw!r}")
        (name, rule), begins, lines = head.groups(), where, []
    if name:
        yield _row(name, rule, topic, lines, begins)


def _row(name: str, rule: str, topic: str, lines: list[Line], where: str) -> Row:
    if not any(line.outcomes for line in lines):
        raise TableError(where, f"row {name} expects nothing")
    return Row(name, rule, topic, tuple(lines))


def _add(lines: list[Line], where: str, raw: str) -> None:
    words, *cells = (cell.strip() for cell in raw.split("|"))
    if cells and len(cells) != COLUMNS.count("|"):
        raise TableError(where, f"must have the columns {COLUMNS}")
    outcome = (_outcome(where, cells),) if cells else ()
    if words:
        lines.append(Line(where, words, outcome))
    elif lines and lines[-1].outcomes and outcome:
        before = lines.pop()
        lines.append(attrs.evolve(before, outcomes=before.outcomes + outcome))
    else:
        raise TableError(where, "has no step, and goes on with none")


def _outcome(where: str, cells: list[str]) -> Outcome:
    order, happens, fills, fee, reasons = cells
    if not _ORDER.fullmatch(order):
        raise TableError(where, f"{order!r} is no name of an order")
    words = happens.split()
    if not words or not set(words) <= HAPPENS | REFUSALS:
        raise TableError(where, f"{happens!r} must be of {', '.join(sorted(HAPPENS | REFUSALS))}")
    if bool(fills) is not bool(fee):
        raise TableError(where, "fills have a fee, and nothing else has")
    if fee and not _NUMBER.fullmatch(fee):
        raise TableError(where, f"fee {fee!r} is no number")
    executed = tuple(_fills(where, fills))
    if len(executed) > words.count("PARTIAL") + words.count("FILLED"):
        raise TableError(where, "more fills than PARTIAL and FILLED")
    return Outcome(order, tuple(words), executed, Decimal(fee) if fee else None, tuple(reasons.split()))


def _fills(where: str, text: str) -> Iterator[Fill]:
    words = text.split()
    for figures, liquidity in zip(words[::2], words[1::2], strict=False):
        found = _FILL.fullmatch(figures)
        if found is None or liquidity not in {"MAKER", "TAKER"}:
            raise TableError(where, f"{figures} {liquidity} must be quantity@price MAKER or TAKER")
        yield Fill(Decimal(found[1]), Decimal(found[2]), liquidity)
    if len(words) % 2:
        raise TableError(where, f"{words[-1]!r} must be followed by MAKER or TAKER")
