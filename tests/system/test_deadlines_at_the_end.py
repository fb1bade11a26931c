"""A deadline that passes while the system stops leads to nothing: those who would have to hear of it are gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from helpers import OwnVenue, Recorder, assert_clean, limit, system_of

from orderpit.actors.scheduler import Option
from orderpit.testing import Stepped


class TimerBeforeRisksLastMessage:
    """Lets the order manager's timer fire, late as it may be, when risk is about to stop, and risk go first then."""

    def __init__(self) -> None:
        self.system: Any = None

    def __call__(self, options: Sequence[Option]) -> int:
        names = [option.name for option in options]
        if self.system is None or not self.system._at.exchange.closed or "risk_controller" not in names:
            return 0
        return names.index("timer of order_manager" if "timer of order_manager" in names else "risk_controller")


@pytest.mark.fault(71)
def test_a_deadline_that_passes_between_two_stops_leads_to_nothing() -> None:
    choose, troubles = TimerBeforeRisksLastMessage(), Recorder()
    runtime = Stepped(choose=choose, late_ns=10_000_000_000)
    # Answered by nobody: the deadline lies five seconds ahead, within what a message may be late.
    system = system_of(exchange=OwnVenue(), answer_within=5, runtime=runtime, on_error=troubles)
    with system:
        system.submit(limit())
        choose.system = system
    assert troubles.items == []
    assert_clean(system)
