"""The view: what the outside reads. It stands last among the built-in actors, so that who has read it has seen all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import attrs
import pykka

from ..model.commands import SUBMISSIONS
from ..model.events import CommandRefused, OrderCreated, OrderUpdate
from ..model.explaining import explain
from ..model.explanation import Explanation
from ..model.kinds import OrderState
from ..model.order import Order
from ..model.statistics import Statistics
from ..model.stories import Stories
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
    """Folds the stream into orders, states visited, statistics and a bounded history.

    Args:
        context: as every actor.
        me: its own address.
        manager: the order manager.
        risk: told to halt when the stream can no longer be followed.
        publisher: passes updates on to subscribers, after the view.
        first_answered: called with the source of each submission when its first update, or its refusal, has come.
        history: how many updates are kept, and how many more of orders that have closed.
    """

    def __init__(
        self,
        context: Context,
        me: Target[ViewMessage],
        manager: Target[Any],
        risk: Target[Halt],
        publisher: Target[OrderUpdate],
        first_answered: Callable[[str], None],
        history: int,
    ) -> None:
        super().__init__(context, me, manager, risk)
        self._publisher = publisher
        self._first_answered = first_answered
        self._orders: dict[str, Order] = {}
        self._live: dict[str, None] = {}
        self._visited: dict[str, frozenset[OrderState]] = {}
        self._waiting: dict[str, tuple[WaitForState, ...]] = {}
        self._statistics = Statistics()
        self._history: deque[OrderUpdate] = deque(maxlen=history)
        self._stories = Stories(history)

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
                return self._orders.get(query.order_id)
            case GetOrders():
                return self._select(query)
            case GetGroup():
                return self._statistics.groups.get(query.group_id)
            case GetStats():
                return self._statistics.to_dict()
            case GetExplanation():
                return self._explain(query.order_id)
            case GetHistory():
                updates = tuple(self._history)
                return updates if query.newest is None else updates[max(len(updates) - query.newest, 0) :]
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
        return ViewBooks(self.followed, tuple(self._statistics.to_dict().items()))

    def _fold(self, update: OrderUpdate) -> None:
        order = update.order
        self._statistics.on_update(update)
        self._history.append(update)
        self._stories.on_update(update)
        if order is not None:
            order_id = order.order_id
            visited = self._visited.get(order_id, frozenset())
            if order.state not in visited:
                self._visited[order_id] = visited | {order.state}
            self._orders[order_id] = order
            if order.is_closed:
                self._live.pop(order_id, None)
            else:
                self._live[order_id] = None
            if order_id in self._waiting:
                self._keep_waiting(order_id, tuple(w for w in self._waiting[order_id] if not self._serve(w)))
        event = update.event
        if isinstance(event, OrderCreated):
            # What the order manager sends in place of another order, nobody has submitted.
            if not event.unasked:
                self._first_answered(event.terms.source)
        elif isinstance(event, CommandRefused) and event.command in SUBMISSIONS:
            self._first_answered(event.strategy_id)
        self.send(self._publisher, update)

    def _explain(self, order_id: str) -> Explanation | None:
        story = self._stories.of(order_id)
        if story is None:
            return None
        order = self._orders.get(order_id)
        group = None if order is None or order.group_id is None else self._statistics.groups.get(order.group_id)
        ids = () if group is None else (relative.order_id for relative in group.orders)
        stories = ((other, self._stories.of(other)) for other in ids if other != order_id)
        others = {other: kept for other, kept in stories if kept is not None}
        return explain(order_id, story, others, self._stories.states)

    def _serve(self, wait: WaitForState) -> bool:
        order = self._orders.get(wait.order_id)
        if order is None or not (order.is_closed or wait.state in self._visited[wait.order_id]):
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

    def _select(self, query: GetOrders) -> tuple[Order, ...]:
        ids: Iterable[str] = self._live if query.live_only else self._orders
        found = tuple(
            order
            for order in (self._orders[order_id] for order_id in ids)
            if (query.symbol is None or order.symbol == query.symbol)
            and (query.state is None or order.state is query.state)
            and (query.side is None or order.side is query.side)
            and (query.strategy_id is None or order.strategy_id == query.strategy_id)
        )
        return found if query.newest is None else found[max(len(found) - query.newest, 0) :]


def _fail(reply: Reply, error: Exception) -> None:
    set_exception = getattr(reply, "set_exception", None)
    if set_exception is not None:
        set_exception((type(error), error, None))
