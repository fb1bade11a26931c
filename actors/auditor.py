"""Who holds orders to the laws of their books while a system runs, beside the path of trading."""

from __future__ import annotations

from typing import Any

from ..model.auditing import Auditing
from ..model.events import OrderUpdate
from ..model.kinds import Trip
from ..model.limits import Rule
from .actor import BaseActor
from .address import Address, Target
from .messages import Halt, Resume, Subscribe, Violated
from .runtime import Context


class Auditor(BaseActor):
    """Trips once for each violation: of an order that has closed, and of an audit that somebody has made.

    Args:
        context: as every actor.
        me: its own address, to which updates come.
        publisher: asked for all updates.
        gates: risk and the order manager, told ahead of all that waits for them.
        rules: those on violations.
    """

    def __init__(
        self,
        context: Context,
        me: Address[Any],
        publisher: Target[Any],
        gates: tuple[Target[Halt], ...],
        rules: tuple[Rule, ...],
    ) -> None:
        super().__init__(context)
        self._me = me
        self._publisher = publisher
        self._gates = gates
        self._rules = rules
        self._auditing = Auditing()

    def started(self) -> None:
        """Ask for the updates."""
        self.send(self._publisher, Subscribe(self._me, (), None))

    def handle(self, message: Any) -> None:
        """Look at an update, or take what an audit has found."""
        match message:
            case OrderUpdate():
                self._trip(self._auditing.on_update(message))
            case Violated():
                self._trip(self._auditing.found(message.violations))
            case Resume():
                self._auditing.resume()
            case _:
                self.unknown(message)

    def _trip(self, violations: tuple[str, ...]) -> None:
        for text in violations:
            for rule in self._rules:
                for gate in self._gates:
                    self.send(gate, Halt(text, Trip.AUDIT_VIOLATION, rule.action))

    def _bury(self, message: object) -> None:
        # It stops before those whose updates it hears.
        if not isinstance(message, OrderUpdate | Resume):
            super()._bury(message)
