"""What the order manager has decided and may not say yet: what follows from an entry waits until that is durable."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TypeGuard

from ..model.gate import Gate
from ..model.records import Outcome
from ..model.reports import VenueCancel, VenueModify, VenueQuery, VenueRequest, VenueSubmit
from ..model.values import changed

Harmless = VenueCancel | VenueQuery
"""Requests that may leave unrecorded where nothing can be recorded: whoever forgets them asks again."""


class Outbox:
    """Outcomes in the order in which they were decided, each with the entry that has to be durable first.

    With each stands the gate under which it was decided: another may be in force when it leaves.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Outcome, Gate]] = deque()
        # How many from the oldest on have been looked through for what is harmless, and the orders that are to be sent
        # and changed by these.
        self._looked_through = 0
        self._unsent: set[str] = set()
        self._unsent_changes: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def hold(self, sequence: int, outcome: Outcome, gate: Gate) -> None:
        """Keep an outcome until an entry is durable."""
        self._waiting.append((sequence, outcome, gate))

    def released(self, durable: int) -> Iterator[tuple[Outcome, Gate]]:
        """Take out, oldest first, what may leave now that all entries up to one are durable."""
        while self._waiting and self._waiting[0][0] <= durable:
            _, outcome, gate = self._waiting.popleft()
            if self._looked_through:
                # What waited for this to leave may now.
                self._looked_through = 0
                self._unsent.clear()
                self._unsent_changes.clear()
            yield outcome, gate

    def harmless(self) -> tuple[Harmless, ...]:
        """Take out the requests that may leave all the same while nothing can be recorded.

        Not those that would overtake what they are about: the venue would say that it never had an order which leaves
        once there is room, or cancel nothing and then get what was to be cancelled.
        """
        found: list[Harmless] = []
        for at in range(self._looked_through, len(self._waiting)):
            sequence, outcome, gate = self._waiting[at]
            self._note_unsent(outcome)
            leaving = [request for request in outcome.requests if self._may_overtake(request)]
            if leaving:
                found += leaving
                requests = tuple(request for request in outcome.requests if request not in leaving)
                self._waiting[at] = sequence, changed(outcome, requests=requests), gate
        self._looked_through = len(self._waiting)
        return tuple(found)

    def _may_overtake(self, request: VenueRequest) -> TypeGuard[Harmless]:
        if isinstance(request, VenueCancel):
            # Before a change it is as good as behind it.
            return request.client_order_id not in self._unsent
        return isinstance(request, VenueQuery) and not (
            request.client_order_id in self._unsent or request.client_order_id in self._unsent_changes
        )

    def _note_unsent(self, outcome: Outcome) -> None:
        for request in outcome.requests:
            if isinstance(request, VenueSubmit):
                self._unsent.add(request.client_order_id)
            elif isinstance(request, VenueModify):
                self._unsent_changes.add(request.client_order_id)
