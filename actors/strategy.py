"""Strategies: a plain object of the user's, hosted by an actor of its own."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

import attrs

from ..model.commands import SUBMISSIONS, CancelOrder, ModifyOrder, SubmitGroup, SubmitOrder
from ..model.errors import InvalidConfiguration, InvalidOrder
from ..model.events import CommandRefused, Event, OrderCreated, OrderUpdate
from ..model.group import Group
from ..model.lifecycle import create
from ..model.link import Link
from ..model.market import MARKET_DATA, MarketData
from ..model.numbers import ZERO, Number
from ..model.order import Order
from ..model.own_orders import OwnOrders
from ..model.tying import BracketIds, GroupIds, bracket_ids, bracket_of, ids_of, oco_of, oto_of, stamped
from ..model.values import changed
from .actor import BaseActor
from .address import Target
from .conflation import NewestQuote, QuoteSlots
from .messages import Answered, Recovered, StartStrategy, StopStrategy, Unrecorded
from .runtime import Context


class Strategy:
    """Decides what to trade. Override any of the four handlers; they run one at a time, on the strategy's own thread.

    What a handler submits, modifies or cancels leaves when it returns; when it raises, nothing leaves. From anywhere
    else than its handlers a strategy cannot act. A handler must not wait: every answer comes to on_order().
    """

    _hosted_by: StrategyActor | None = None

    def on_start(self) -> None:
        """Begin."""

    def on_market_data(self, data: MarketData) -> None:
        """See a Quote, Trade, Bar or Depth."""

    def on_order(self, update: OrderUpdate) -> None:
        """Hear of a change to one of its own orders, or of the refusal of one of its commands (order is None)."""

    def on_stop(self) -> None:
        """End: it may still cancel."""

    @property
    def _desk(self) -> StrategyActor:
        if self._hosted_by is None:
            raise InvalidConfiguration.of("strategy", self, "must not act before on_start()")
        return self._hosted_by

    @property
    def _acting(self) -> StrategyActor:
        # What another thread left in the outbox would wait for the next message, or be lost while it is emptied.
        if not self._desk.is_current():
            raise InvalidConfiguration.of("strategy", self, "must act inside its own handlers, on its own thread")
        return self._desk

    @property
    def strategy_id(self) -> str:
        """The id under which its orders are recorded."""
        return self._desk.context.name

    def now_ns(self) -> int:
        """Return the system's time: nanoseconds since the epoch, UTC."""
        return self._desk.context.now_ns()

    def submit(self, command: SubmitOrder) -> str | None:
        """Submit an order and return its id.

        None when too many orders have had no first update yet, or the journal takes nothing: nothing was created.
        """
        return self._acting.submit(command)

    def bracket(
        self, entry: SubmitOrder, *, profit_target: Number | SubmitOrder, stop_loss: Number | SubmitOrder
    ) -> BracketIds | None:
        """Submit an entry with a profit target and a stop, see TradingSystem.bracket(); None as for submit()."""
        ids = self._acting.tie(bracket_of(entry, profit_target, stop_loss))
        return None if ids is None else bracket_ids(ids)

    def oco(self, *orders: SubmitOrder, partial: Literal["cancel", "reduce"] = "cancel") -> GroupIds | None:
        """Submit orders of which an execution of one cancels or reduces the others; None as for submit()."""
        return self._acting.tie(oco_of(orders, partial))

    def oto(self, first: SubmitOrder, *then: SubmitOrder) -> GroupIds | None:
        """Submit an order, and others that are sent once it has filled completely; None as for submit()."""
        return self._acting.tie(oto_of(first, then))

    def group(self, group_id: str) -> Group | None:
        """Return a group of its orders, as far as it was told; None when it was told of none yet."""
        return self._desk.own.groups.get(group_id)

    def modify(
        self,
        order_id: str,
        *,
        price: Number | None = None,
        quantity: Number | None = None,
        stop_price: Number | None = None,
        expire_time_ns: int | None = None,
    ) -> None:
        """Ask for other terms of a live order; see ModifyOrder."""
        terms = ModifyOrder(
            order_id, price=price, quantity=quantity, stop_price=stop_price, expire_time_ns=expire_time_ns
        )
        self._acting.modify(terms)

    def cancel(self, order_id: str) -> None:
        """Ask for the end of a live order."""
        self._acting.cancel(CancelOrder(order_id))

    def orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Return its working orders (those not closed), as far as it was told, and PENDING what it submitted since."""
        orders = (*self._desk.own.live.values(), *self._desk.untold.values())
        return tuple(order for order in orders if symbol is None or order.symbol == symbol)

    def position(self, symbol: str) -> Decimal:
        """Return what its own fills add up to, negative for a short position."""
        return self._desk.own.positions.get(symbol, ZERO)


@attrs.frozen
class StrategyBooks:
    """What a strategy's actor counted: submissions that were refused at the edge, and quotes that were conflated."""

    refused_at_edge: int
    conflated: int


class StrategyActor(BaseActor):
    """The strategy's thread: tells it of data and of its own orders, and sends its commands to risk.

    Args:
        context: as every actor; its name is the strategy's id.
        make: makes the strategy.
        risk: takes its commands.
        next_id: source of order ids.
        max_in_flight: how many orders may have had no first update.
        slots: where conflated quotes come from.
    """

    def __init__(
        self,
        context: Context,
        make: Callable[[], Strategy],
        risk: Target[Any],
        next_id: Callable[[], str],
        max_in_flight: int,
        slots: QuoteSlots,
    ) -> None:
        super().__init__(context)
        self._make = make
        self._risk = risk
        self._next_id = next_id
        self._max_in_flight = max_in_flight
        self._slots = slots
        # Why the journal takes nothing at present.
        self._unrecordable: str | None = None
        self._in_flight = 0
        self._strategy = Strategy()
        self.refused_at_edge = 0
        self.own = OwnOrders()
        # Submitted, and nothing heard of it yet: without these, a strategy that asks for its orders would submit twice.
        self.untold: dict[str, Order] = {}

    def started(self) -> None:
        """Make the strategy, in the thread that will run it."""
        strategy = self._make()
        if not isinstance(strategy, Strategy):
            raise InvalidConfiguration.of("strategy", strategy, "must be made into a Strategy")
        strategy._hosted_by = self  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # two halves of one thing
        self._strategy = strategy

    def handle(self, message: Any) -> None:
        """Tell the strategy."""
        if type(message) in MARKET_DATA:
            self._strategy.on_market_data(message)
            return
        match message:
            case OrderUpdate():
                self._follow(message)
                self._strategy.on_order(message)
            case Answered():
                # An order submitted twice: nothing to fold, since nothing has changed.
                self._told(message.update.event.order_id)
                self._strategy.on_order(message.update)
            case NewestQuote():
                quote = self._slots.take(message)
                if quote is not None:
                    self._strategy.on_market_data(quote)
            case Unrecorded():
                self._unrecordable = message.why
            case Recovered():
                self.own = message.own
            case StartStrategy():
                self._strategy.on_start()
            case StopStrategy():
                self._strategy.on_stop()
            case _:
                self.unknown(message)

    def submit(self, command: SubmitOrder) -> str | None:
        """Send an order to risk when the handler has returned."""
        if type(command) is not SubmitOrder:
            raise InvalidOrder.of("command", command, "must be a SubmitOrder")
        if self._in_flight >= self._max_in_flight or self._unrecordable is not None:
            self.refused_at_edge += 1
            return None
        order_id = command.order_id or self._next_id()
        now, name = self.context.now_ns(), self.context.name
        terms = changed(command, order_id=order_id, time_ns=now, source=name)
        self.send(self._risk, terms)
        self._await(terms, order_id, None)
        return order_id

    def tie(self, group: SubmitGroup) -> GroupIds | None:
        """Send a group of orders to risk when the handler has returned."""
        if self._in_flight + len(group.orders) > self._max_in_flight or self._unrecordable is not None:
            self.refused_at_edge += len(group.orders)
            return None
        command = stamped(group, self._next_id, self.context.now_ns(), self.context.name)
        self.send(self._risk, command)
        ids = ids_of(command)
        for terms, order_id, link in zip(command.orders, ids.orders, command.links, strict=True):
            self._await(terms, order_id, link)
        return ids

    def _await(self, terms: SubmitOrder, order_id: str, link: Link | None) -> None:
        self._in_flight += 1
        if order_id not in self.own.live:
            now, name = terms.time_ns, terms.source
            created = OrderCreated(
                time_ns=now, source=name, order_id=order_id, strategy_id=name, terms=terms, link=link
            )
            self.untold[order_id] = create(created)

    def modify(self, command: ModifyOrder) -> None:
        """Send a modification to risk when the handler has returned."""
        self.send(self._risk, changed(command, time_ns=self.context.now_ns(), source=self.context.name))

    def cancel(self, command: CancelOrder) -> None:
        """Send a cancel to risk when the handler has returned."""
        self.send(self._risk, changed(command, time_ns=self.context.now_ns(), source=self.context.name))

    def discarded(self, outbox: list[tuple[Target[Any], object]]) -> None:
        """Take back what a handler that raised had wanted to submit."""
        for _, message in outbox:
            submitted = message.orders if isinstance(message, SubmitGroup) else (message,)
            for order in submitted:
                if isinstance(order, SubmitOrder) and order.order_id is not None:
                    self._told(order.order_id)

    def books(self) -> StrategyBooks:
        """Return what was counted."""
        return StrategyBooks(self.refused_at_edge, self._slots.conflated)

    def _told(self, order_id: str) -> None:
        self._in_flight = max(self._in_flight - 1, 0)
        self.untold.pop(order_id, None)

    def _follow(self, update: OrderUpdate) -> None:
        self.own.on_update(update)
        if _answers_submission(update.event):
            self._told(update.event.order_id)


def _answers_submission(event: Event) -> bool:
    if isinstance(event, OrderCreated):
        # What the order manager sends in place of another order, nobody has submitted.
        return not event.unasked
    return isinstance(event, CommandRefused) and event.command in SUBMISSIONS
