"""Why something was refused: a code for programs, and the numbers that decided it for people."""

from __future__ import annotations

from decimal import Decimal

import attrs

from .kinds import Reason
from .numbers import plain


@attrs.frozen
class Refusal:
    """A reason code and one sentence that names the field, the value and the rule."""

    reason: Reason
    text: str

    @classmethod
    def of(cls, reason: Reason, field: str, value: Decimal | str, rule: str) -> Refusal:
        """Build the sentence from its three parts."""
        seen = plain(value) if isinstance(value, Decimal) else value
        return cls(reason, f"{field} {seen}: {rule}")
