"""What the order manager has decided and may not say yet: what follows from an entry waits until that is durable."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from ..model.records import Outcome
from ..model.reports import VenueCancel, VenueQuery
from ..model.values import changed

Harmless = VenueCancel | VenueQuery
"""Requests that may leave unrecorded where nothing can be recorded: whoever forgets them asks again."""


class Outbox:
    """Outcomes in the order in which they were decided, each with the entry that has to be durable first."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Outcome]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def hold(self, sequence: int, outcome: Outcome) -> None:
        """Keep an outcome until an entry is durable."""
        self._waiting.append((sequence, outcome))

    def released(self, durable: int) -> Iterator[Outcome]:
        """Take out, oldest first, what may leave now that all entries up to one are durable."""
        while self._waiting and self._waiting[0][0] <= durable:
            yield self._waiting.popleft()[1]

    def harmless(self) -> tuple[Harmless, ...]:
        """Take out the requests that may leave all the same while nothing can be recorded."""
        found: list[Harmless] = []
        for at, (sequence, outcome) in enumerate(self._waiting):
            requests = [request for request in outcome.requests if not isinstance(request, Harmless)]
            if len(requests) < len(outcome.requests):
                found += (request for request in outcome.requests if isinstance(request, Harmless))
                self._waiting[at] = sequence, changed(outcome, requests=tuple(requests))
        return tuple(found)
