"""The answer to why an order is as it is: every check and every event, as text for people and as data."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import attrs

from .judgement import Checked
from .kinds import OrderState
from .numbers import plain
from .order import Order

WIDTH: Final = 80
"""Columns of the text."""

_NS: Final = 1_000_000_000
_US: Final = 1_000


@attrs.frozen(kw_only=True)
class Happening:
    """One event in the life of an order, or one that touched it.

    Attributes:
        sequence: of its update in the stream.
        time_ns: when it was accepted, nanoseconds since the epoch, UTC.
        after_ns: since the order's first event.
        source: who told of it.
        event: its name.
        text: what it says.
        cause: what led to it, where that is another order of its group or the trading state; else empty.
        effects: what it led to in other orders of its group.
        checks: those that were run for it.
        state: the order's after it; None where it changes no order.
    """

    sequence: int
    time_ns: int
    after_ns: int
    source: str
    event: str
    text: str
    cause: str = ""
    effects: tuple[str, ...] = ()
    checks: tuple[Checked, ...] = ()
    state: OrderState | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {
            "sequence": self.sequence,
            "time_ns": self.time_ns,
            "after_ns": self.after_ns,
            "source": self.source,
            "event": self.event,
            "text": self.text,
            "cause": self.cause,
            "effects": list(self.effects),
            "checks": [checked_dict(checked) for checked in self.checks],
            "state": None if self.state is None else self.state.value,
        }


@attrs.frozen(kw_only=True)
class Relative:
    """Another order of the same group, as it stands; role is what it is there."""

    order_id: str
    role: str
    state: OrderState


@attrs.frozen(kw_only=True)
class Explanation:
    """Why an order is as it is.

    Attributes:
        order_id: as asked.
        order: as it stands; None where a command named the id and no order has it.
        summary: why it ended as it did, or where it stands, in one sentence.
        checks: those that were run before it was let pass, or refused.
        unchecked: why there are none; empty where there are.
        happenings: its events, and what touched it, in order.
        group_id: the group that it belongs to, or None.
        relatives: the other orders of its group.
        left_out: how many of its events are no longer kept.
    """

    order_id: str
    order: Order | None
    summary: str
    checks: tuple[Checked, ...]
    unchecked: str
    happenings: tuple[Happening, ...]
    group_id: str | None = None
    relatives: tuple[Relative, ...] = ()
    left_out: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return it ready for JSON; decimals as plain strings, times in nanoseconds since the epoch, UTC."""
        return {
            "order_id": self.order_id,
            "summary": self.summary,
            "order": None if self.order is None else self.order.to_dict(),
            "checks": [checked_dict(checked) for checked in self.checks],
            "unchecked": self.unchecked,
            "events": [happening.to_dict() for happening in self.happenings],
            "group_id": self.group_id,
            "relatives": [
                {"order_id": other.order_id, "role": other.role, "state": other.state.value} for other in self.relatives
            ],
            "events_left_out": self.left_out,
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        head = f"Order {self.order_id}"
        if self.order is not None:
            head += f" of {self.order.strategy_id}: {self.order}"
        yield from _wrapped(head, "", "  ")
        yield from _wrapped(self.summary, "  ", "  ")
        yield ""
        yield from self._check_lines()
        if self.group_id is not None:
            yield ""
            yield from _wrapped(f"Group {self.group_id}, beside it", "", "  ")
            for other in self.relatives:
                yield from _wrapped(f"{other.role} {other.order_id}: {other.state.value}", "  ", "    ")
        yield ""
        yield from self._event_lines()

    def _check_lines(self) -> Iterator[str]:
        if not self.checks:
            yield from _wrapped(f"Checks: {self.unchecked}", "", "  ")
            return
        count = len(self.checks)
        said = "all passed" if self.checks[-1].passed else "the last refused it"
        yield f"Checks: {count} run, {said}"
        for checked in self.checks:
            yield from _check_line(checked, "  ")

    def _event_lines(self) -> Iterator[str]:
        begun = "" if not self.happenings else f", in seconds since {moment(self.happenings[0].time_ns)}"
        yield from _wrapped(f"Events{begun}", "", "  ")
        for number, happening in enumerate(self.happenings):
            if number == 1 and self.left_out:
                yield from _wrapped(f"... {self.left_out} events are no longer kept", "  ", "  ")
            line = f"{elapsed(happening.after_ns):>11} #{happening.sequence} {happening.source}: {happening.text}"
            yield from _wrapped(line, "  ", " " * 14)
            if happening.cause:
                yield from _wrapped(f"because {happening.cause}", " " * 14, " " * 16)
            for effect in happening.effects:
                yield from _wrapped(f"so {effect}", " " * 14, " " * 16)
            for checked in happening.checks:
                yield from _check_line(checked, " " * 14)
        if self.left_out and len(self.happenings) == 1:
            yield from _wrapped(f"... {self.left_out} events are no longer kept", "  ", "  ")


def checked_dict(checked: Checked) -> dict[str, Any]:
    """Return a check ready for JSON."""
    check = checked.check
    return {
        "name": check.name,
        "reason": check.reason.value,
        "strategy_id": check.strategy_id,
        "symbol": check.symbol,
        "counts": check.counts,
        "value": None if checked.value is None else plain(checked.value),
        "bound": None if checked.bound is None else plain(checked.bound),
        "rule": rule_of(checked),
        "passed": checked.passed,
    }


def rule_of(checked: Checked) -> str:
    """Write what was asked of a value."""
    if checked.bound is None:
        return "there is nothing to hold it to"
    return checked.check.rule.format(plain(checked.bound))


def _check_line(checked: Checked, indent: str) -> list[str]:
    check = checked.check
    scope = " in ".join(filter(None, (check.strategy_id, check.symbol)))
    value = "unknown, as a price is missing" if checked.value is None else plain(checked.value)
    name = f"{check.name} of {scope}" if scope else check.name
    mark = "passed " if checked.passed else "REFUSED"
    return _wrapped(f"{mark} {name}: {check.counts} {value}, {rule_of(checked)}", indent, indent + " " * 8)


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def moment(time_ns: int) -> str:
    """Write a time to the microsecond."""
    seconds, rest = divmod(time_ns, _NS)
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%d %H:%M:%S}.{rest // _US:06d} UTC"


def elapsed(time_ns: int) -> str:
    """Write a duration in seconds, to the microsecond."""
    sign = "-" if time_ns < 0 else ""
    seconds, rest = divmod(abs(time_ns), _NS)
    return f"{sign}{seconds}.{rest // _US:06d}"
