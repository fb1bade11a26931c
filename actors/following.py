"""How a fold follows the order manager's stream: in order, each entry once, and asking again for what is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..model.events import OrderUpdate
from .actor import FAILURES_ALLOWED, BaseActor
from .address import Target
from .messages import Halt, ResendUpdates
from .runtime import Context

_KEPT: Final = 10_000


class Follower(BaseActor):
    """An actor whose state is a fold of the stream.

    Args:
        context: as every actor.
        me: its own address, to which missing entries are sent again.
        manager: the order manager.
        risk: told with it to halt when the stream can no longer be followed.
        followed: the last entry that its state includes already.
    """

    def __init__(
        self, context: Context, me: Target[Any], manager: Target[Any], risk: Target[Any], followed: int = 0
    ) -> None:
        super().__init__(context)
        self._risk = risk
        self._me = me
        self._manager = manager
        self._early: dict[int, OrderUpdate] = {}
        self._failed_at = 0
        self._attempts = 0
        self._has_given_up = False
        self.followed = followed
        self.repeated = 0

    def follow(self, update: OrderUpdate, fold: Callable[[OrderUpdate], None]) -> None:
        """Fold an entry if it is the next one, and whatever waited for it; ask for those before it otherwise."""
        if update.sequence <= self.followed:
            self.repeated += 1
            return
        if update.sequence > self.followed + 1:
            self._ask_for_missing(update)
            return
        fold(update)
        self.followed = update.sequence
        self._early.pop(update.sequence, None)
        self.has_followed()
        while (waiting := self._early.get(self.followed + 1)) is not None:
            fold(waiting)
            self.followed = waiting.sequence
            del self._early[self.followed]
            self.has_followed()

    def has_followed(self) -> None:
        """Look at the state after an entry; whatever fails here, the entry is not folded again."""

    def set_aside(self, message: object) -> None:
        """Ask again for an entry that could not be folded: those after it have no meaning without it."""
        if not isinstance(message, OrderUpdate):
            return
        missing = self.followed + 1
        self._attempts = self._attempts + 1 if self._failed_at == missing else 1
        self._failed_at = missing
        # Not for ever: as many failures as these halt trading. Whoever resumes it has the next entry try once more.
        self._has_given_up = self._attempts > FAILURES_ALLOWED
        if not self._has_given_up:
            # The one that failed too, where it was not yet its turn.
            self.send(self._manager, ResendUpdates(missing, max(missing, message.sequence), self._me))

    def escalate(self) -> None:
        """Halt trading: nobody should trade on books that are not kept."""
        for gate in (self._risk, self._manager):
            self.send(gate, Halt(f"{self.context.name} failed repeatedly"))

    def _ask_for_missing(self, update: OrderUpdate) -> None:
        first = self.followed + 1
        if self._has_given_up or not self._early or update.sequence <= min(self._early):
            self._has_given_up = False
            self.send(self._manager, ResendUpdates(first, update.sequence - 1, self._me))
        if len(self._early) < _KEPT:
            self._early[update.sequence] = update
