"""What the actor of an exchange that misbehaves is told, holds back, and looks its faults up in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs

from ...actors.exchange import VenueSays
from ...actors.runtime import Cancellable
from ...actors.simulated_exchange import ExchangeBooks
from ...model import reports as r
from ...model.kinds import Reason
from .faults import Faults, Picks, nanoseconds
from .truth import Record, Said

_ANSWERS: Final = frozenset({r.VenueModified, r.VenueCancelRejected, r.VenueModifyRejected, r.VenueStatus})


@attrs.frozen
class Heal:
    """All faults off: the link is up, and what is held back is delivered."""


@attrs.frozen
class Storm:
    """The faults are on again."""


@attrs.frozen
class Due:
    """What was held back under this number goes on."""

    number: int


@attrs.frozen
class Heard:
    """A report of the exchange behind, when that is one of the host's own."""

    report: VenueSays


@attrs.frozen
class ChaosBooks(ExchangeBooks):
    """Every order as it truly stands at the venue, and how often each fault has happened."""

    happened: Mapping[str, int]


@attrs.frozen
class ChaosCounts:
    """How often each fault has happened; the orders are in the books of the exchange behind."""

    happened: Mapping[str, int]


What = Literal["request", "report", "late report", "connect", "expiry"]


@attrs.frozen
class Held:
    """What is on its way, or is to happen later. Requests and reports that keep their order are in the record."""

    due_ns: int
    what: What
    timer: Cancellable
    record: Record | None = None
    report: Said | None = None


class Tables:
    """The faults that may befall each kind of message, made once for each set of rates."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.latency_ns = nanoseconds(faults.latency)
        self.late_ns = nanoseconds(faults.late)
        self.slow_ns = nanoseconds(faults.slow_by)
        self.outage_ns = nanoseconds(faults.outage)
        self.down = Picks(faults, "lost_request", "slow", "disconnect", "restart")
        self.at_venue: dict[type[Any], Picks] = {
            r.VenueSubmit: Picks(faults, "rate_limit", "market_closed", "wrong_price"),
            r.VenueModify: Picks(faults, "rate_limit", "market_closed", "modify_rejected", "fill_races_modify"),
            r.VenueCancel: Picks(faults, "cancel_rejected", "fill_races_cancel"),
            r.VenueQuery: Picks(faults, "rate_limit"),
            r.VenueList: Picks(faults, "rate_limit"),
        }
        self.born = Picks(faults, "clock_skew")
        self.rests = Picks(faults, "fill_races_expiry")
        self.executed = Picks(faults, "overfill", "unknown_order", "bust", "correction")
        self.fill_up = Picks(faults, "duplicate", "reordered", "late_fill", "other_content")
        self.accepted_up = Picks(faults, "lost_ack", "duplicate", "reordered", "fill_before_ack")
        self.answer_up = Picks(faults, "lost_ack", "duplicate", "reordered")
        self.other_up = Picks(faults, "duplicate", "reordered")

    def up(self, record: Record, report: Said) -> Picks:
        """Return what may befall a report on its way back."""
        kind = type(report)
        if kind is r.VenueFilled:
            return self.fill_up
        if kind is r.VenueAccepted:
            return self.accepted_up
        # What nobody has asked for is not lost: nobody would ask again.
        if (
            kind in _ANSWERS
            or (isinstance(report, r.VenueCancelled) and report.reason is Reason.REQUESTED)
            or (kind is r.VenueRejected and not record.acknowledged)
        ):
            return self.answer_up
        return self.other_up


CALM: Final = Tables(Faults.none())
