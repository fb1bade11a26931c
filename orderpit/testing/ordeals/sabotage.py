"""Handlers of the core that raise now and then, as if they had a bug: what is set aside must not be lost."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from ...actors.system import TradingSystem
from ...model.commands import Approved, CancelOrder, Denied, ModifyOrder, SubmitOrder
from ...model.events import OrderUpdate
from ...model.reports import VENUE_REPORTS, VenueCancel, VenueModify, VenueQuery, VenueSubmit
from ..watching.sharing import actors_of

_COMMANDS: Final = frozenset({SubmitOrder, ModifyOrder, CancelOrder})
_REQUESTS: Final = frozenset({VenueSubmit, VenueModify, VenueCancel, VenueQuery})
_UPDATES: Final = frozenset({OrderUpdate})
_VICTIMS: Final[Mapping[str, frozenset[type[Any]]]] = MappingProxyType(
    {
        "order_manager": VENUE_REPORTS | {Approved, Denied},
        "risk_controller": _COMMANDS | _UPDATES,
        "portfolio": _UPDATES,
        "view": _UPDATES,
        "exchange": _REQUESTS,
    }
)
"""Whose messages of which kinds may be poison. A halt is not among them: it is what such a failure leads to."""


class Sabotage:
    """Lets handlers of the core fail.

    Args:
        chance: decides which messages are poison.
        one_in: of so many messages one is, on average.
        most: then no more.
    """

    def __init__(self, chance: random.Random, one_in: int, most: int) -> None:
        self._chance = chance
        self._one_in = one_in
        self._left = most
        self._actors: list[Any] = []

    def begin(self, system: TradingSystem) -> None:
        """Get between the actors of a system that has started and their handlers."""
        actors = actors_of(system)
        for name, kinds in _VICTIMS.items():
            actor: Any = actors[name]
            actor.handle = self._failing(actor.handle, kinds)
            self._actors.append(actor)

    def end(self) -> None:
        """Let nothing more fail, and leave no trace."""
        for actor in self._actors:
            del actor.handle
        self._actors.clear()

    def _failing(self, handle: Callable[[Any], None], kinds: frozenset[type[Any]]) -> Callable[[Any], None]:
        def handle_or_fail(message: Any) -> None:
            if self._left and type(message) in kinds and not self._chance.randrange(self._one_in):
                self._left -= 1
                msg = "sabotage"
                raise ArithmeticError(msg)
            handle(message)

        return handle_or_fail
