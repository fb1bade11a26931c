"""The view: what the outside reads. It stands last among the built-in actors, so that who has read it has seen all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pykka

from ..model.commands import SUBMISSIONS
from ..model.events import CommandRefused, OrderCreated, OrderUpdate
from ..model.order_view import OrderView
from .address import Target
from .following import Follower
from .mailbox import Reply
from .messages import (
    Answered,
    ForgetWait,
    GetExplanation,
    GetGroup,
    GetHistory,
    GetOrder,
    GetOrders,
    GetStats,
    Halt,
    Query,
    WaitForState,
)
from .runtime import Context

ViewMessage = OrderUpdate | Answered | WaitForState | ForgetWait | Query


@attrs.frozen
class ViewBooks:
    """How far the view has followed the stream, and what it counted."""

    sequence: int
    stats: tuple[tuple[str, Any], ...]


class View(Follower):
    """Folds the stream into what can be read of orders, and tells who waits for one.

    Args:
        context: as every actor.
        me: its own address.
        manager: the order manager.
        risk: told to halt when the stream can no longer be followed.
        publisher: passes updates on to subscribers, after the view.
        first_answered: called with the source of each submission when its first update, or its refusal, has come.
        book: orders, states visited, statistics and a bounded history.
        followed: the last entry that the book includes.
    """

    def __init__(
        self,
        context: Context,
        me: Target[ViewMessage],
        manager: Target[Any],
        risk: Target[Halt],
        publisher: Target[OrderUpdate],
        first_answered: Callable[[str], None],
        book: OrderView,
        followed: int = 0,
    ) -> None:
        super().__init__(context, me, manager, risk, followed)
        self._publisher = publisher
        self._first_answered = first_answered
        self._view = book
        self._waiting: dict[str, tuple[WaitForState, ...]] = {}

    def handle(self, message: Any) -> None:
        """Take over an update, or note who waits for one."""
        match message:
            case OrderUpdate():
                self.follow(message, self._fold)
            case WaitForState():
                if not self._serve(message):
                    waiting = self._waiting.get(message.order_id, ())
                    self._waiting[message.order_id] = (*waiting, message)
            case Answered():
                self._first_answered(message.source)
            case ForgetWait():
                left = tuple(w for w in self._waiting.get(message.order_id, ()) if w.reply is not message.reply)
                self._keep_waiting(message.order_id, left)
            case _:
                self.unknown(message)

    def answer(self, query: Query) -> object:
        """Answer with immutable snapshots."""
        match query:
            case GetOrder():
                return self._view.order(query.order_id)
            case GetOrders():
                return self._view.select(**attrs.asdict(query, recurse=False))
            case GetGroup():
                return self._view.statistics.groups.get(query.group_id)
            case GetStats():
                return self._view.statistics.to_dict()
            case GetExplanation():
                return self._view.explain(query.order_id)
            case GetHistory():
                return self._view.newest(query.newest)
            case _:
                return super().answer(query)

    def on_stop(self) -> None:
        """Tell whoever still waits that nothing more will come."""
        error = pykka.ActorDeadError("the system stopped before the order came into the state")
        for waiting in self._waiting.values():
            for wait in waiting:
                _fail(wait.reply, error)
        self._waiting.clear()
        super().on_stop()

    def _bury(self, message: object) -> None:
        if isinstance(message, WaitForState):
            _fail(message.reply, pykka.ActorDeadError("the system stopped before it was asked"))
        elif not isinstance(message, ForgetWait):
            super()._bury(message)

    def books(self) -> ViewBooks:
        """Return how far the view has come."""
        return ViewBooks(self.followed, tuple(self._view.statistics.to_dict().items()))

    def _fold(self, update: OrderUpdate) -> None:
        self._view.on_update(update)
        order_id = update.event.order_id
        if update.order is not None and order_id in self._waiting:
            self._keep_waiting(order_id, tuple(w for w in self._waiting[order_id] if not self._serve(w)))
        event = update.event
        if isinstance(event, OrderCreated):
            # What the order manager sends in place of another order, nobody has submitted.
            if not event.unasked:
                self._first_answered(event.terms.source)
        elif isinstance(event, CommandRefused) and event.command in SUBMISSIONS:
            self._first_answered(event.strategy_id)
        self.send(self._publisher, update)

    def _serve(self, wait: WaitForState) -> bool:
        order = self._view.order(wait.order_id)
        if order is None or not (order.is_closed or self._view.has_been(wait.order_id, wait.state)):
            return False
        try:
            wait.reply.set(order)
        except BaseException as error:  # noqa: BLE001  # who gave a broken reply must not cost the others the update
            self._report("could not answer", wait, error)
        return True

    def _keep_waiting(self, order_id: str, waiting: tuple[WaitForState, ...]) -> None:
        if waiting:
            self._waiting[order_id] = waiting
        else:
            self._waiting.pop(order_id, None)


def _fail(reply: Reply, error: Exception) -> None:
    set_exception = getattr(reply, "set_exception", None)
    if set_exception is not None:
        set_exception((type(error), error, None))
