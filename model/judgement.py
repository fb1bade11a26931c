"""What risk looked at when it let an order pass, or refused it: each check with its numbers."""

from __future__ import annotations

from decimal import Decimal

import attrs

from .kinds import Reason


@attrs.frozen
class Check:
    """One limit within one scope.

    Attributes:
        name: of the limit, such as "max_long".
        reason: the code of its refusal.
        strategy_id, symbol: its scope; empty for all.
        counts: what it measures, in words.
        rule: what is asked of it, with {} where the bound stands.
        at_least: whether the value must be at least the bound; else at most.
    """

    name: str
    reason: Reason
    strategy_id: str
    symbol: str
    counts: str
    rule: str = "must be at most {}"
    at_least: bool = False


@attrs.frozen
class Checked:
    """A check that was run: what was measured, and what it was held to. value is None where a price was missing."""

    check: Check
    value: Decimal | None
    bound: Decimal | None
    passed: bool


Measured = tuple[Decimal | None, Decimal | None]
"""A value and its bound."""


@attrs.frozen
class Judgement:
    """The checks of one order in the order in which they were run, with as many values; the last may have failed.

    Kept as two tuples, of which the first is shared by all orders of its kind, since every order has one.
    """

    checks: tuple[Check, ...] = ()
    measured: tuple[Measured, ...] = ()
    refused: bool = False

    def each(self) -> tuple[Checked, ...]:
        """Return each check that was run."""
        last = len(self.measured) - 1
        return tuple(
            Checked(check, value, bound, passed=not (self.refused and at == last))
            for at, (check, (value, bound)) in enumerate(zip(self.checks, self.measured, strict=False))
        )


NOT_JUDGED = Judgement()
