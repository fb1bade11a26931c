"""What a person must hear of, though it changes no order."""

from __future__ import annotations

from enum import Enum

import attrs


class AlarmCode(Enum):
    """What is wrong."""

    LATE_FILL = "LATE_FILL"
    OVERFILL = "OVERFILL"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    UNKNOWN_EXECUTION = "UNKNOWN_EXECUTION"
    EXECUTION_CONFLICT = "EXECUTION_CONFLICT"
    UNEXPECTED_REPORT = "UNEXPECTED_REPORT"
    CONTRADICTION = "CONTRADICTION"
    CHANGED_TERMS = "CHANGED_TERMS"
    NO_ANSWER = "NO_ANSWER"
    DUPLICATE_ID = "DUPLICATE_ID"
    DISCONNECTED = "DISCONNECTED"
    UNPROTECTED = "UNPROTECTED"
    OVERCLOSED = "OVERCLOSED"
    UNCANCELLED = "UNCANCELLED"
    TRIPPED = "TRIPPED"
    UNFLATTENED = "UNFLATTENED"
    JOURNAL = "JOURNAL"
    UNRECONCILED = "UNRECONCILED"


@attrs.frozen
class Alarm:
    """A fact that calls for attention. order_id is the venue's client id where we know no order; empty: about none.

    source is the actor that raised it.
    """

    time_ns: int
    code: AlarmCode
    order_id: str
    text: str
    source: str = "order_manager"
