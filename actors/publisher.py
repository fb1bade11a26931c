"""Fan-out: passes updates on to subscribers, so that their number costs the order manager nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..model.events import OrderUpdate
from .actor import BaseActor
from .address import Target
from .conflation import NewestQuote, QuoteSlots
from .messages import Leave, Subscribe, Unsubscribe
from .runtime import Context

MOST_WAITING: Final = 100_000
"""Updates that may wait for a subscriber before it is let go: memory has an end, and a gap would be worse."""


class Publisher(BaseActor):
    """Tells each subscriber of the updates that it asked for."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._subscribers: tuple[Subscribe, ...] = ()

    def handle(self, message: Any) -> None:
        """Pass an update on, or note a subscriber."""
        match message:
            case OrderUpdate():
                for subscriber in self._subscribers:
                    if _wants(subscriber, message):
                        self._tell(subscriber, message)
            case Subscribe():
                self._subscribers = (*self._subscribers, message)
            case Unsubscribe():
                self._forget(message.target)
            case _:
                self.unknown(message)

    def escalate(self) -> None:
        """Go on: trading does not depend on it, and what it failed to pass on has been reported."""

    def unreachable(self, target: Target[Any]) -> None:
        """Let a subscriber go that has stopped."""
        self._forget(target)

    def _tell(self, subscriber: Subscribe, update: OrderUpdate) -> None:
        if subscriber.target.queued > MOST_WAITING:
            self._forget(subscriber.target)
            self._report("too far behind, let go at", update)
            return
        self.send(subscriber.target, update)

    def _forget(self, target: Target[Any]) -> None:
        self._subscribers = tuple(known for known in self._subscribers if known.target is not target)


def _wants(subscriber: Subscribe, update: OrderUpdate) -> bool:
    if subscriber.events and not isinstance(update.event, subscriber.events):
        return False
    return subscriber.symbol is None or (update.order is not None and update.order.symbol == subscriber.symbol)


def _nothing() -> None:
    pass


class Subscriber(BaseActor):
    """Runs a callback of the host on a thread of its own, where it may wait for the system.

    Args:
        context: as every actor.
        callback: called with each update, or each piece of market data, one at a time.
        slots: where conflated quotes come from.
        ended: called when nothing more will come.
    """

    may_block = True

    def __init__(
        self,
        context: Context,
        callback: Callable[[Any], object],
        slots: QuoteSlots,
        ended: Callable[[], None] = _nothing,
    ) -> None:
        super().__init__(context)
        self._callback = callback
        self._slots = slots
        self._ended = ended
        self._left = False

    def handle(self, message: Any) -> None:
        """Call back."""
        if isinstance(message, Leave):
            self._left = True
            self.stop_now()
            return
        if isinstance(message, NewestQuote):
            message = self._slots.take(message)
        if message is not None:
            self._callback(message)

    def _bury(self, message: object) -> None:
        # What was on its way to one who left is no loss.
        if not self._left:
            super()._bury(message)

    def on_stop(self) -> None:
        """Say that nothing more will come."""
        self._ended()
        super().on_stop()
