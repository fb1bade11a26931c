"""What an approved order may still cost, while its updates and the answers to its modifications are on their way."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import attrs

from . import events as e
from .commands import ModifyOrder, SubmitOrder
from .kinds import Contingency, OrderState, Reason, Role
from .link import Link
from .numbers import ZERO, add, subtract
from .order import Order
from .values import changed


@attrs.frozen(weakref_slot=False)
class Working:
    """An approved order as risk knows it. order is None until its first update has come back.

    asked are the modifications that the order manager has not answered, oldest first, with None for one that risk
    denied: it answers these too, in the order in which they were asked. sent are those on their way to the venue.
    cost is what is reserved. pool names those of which an execution closes the others, None where there are none; link
    is its place in its group.
    """

    terms: SubmitOrder
    pool: str | None = None
    order: Order | None = None
    asked: tuple[ModifyOrder | None, ...] = ()
    sent: tuple[e.ModifyRequested, ...] = ()
    cost: Decimal = ZERO
    link: Link | None = None

    @property
    def leaves(self) -> Decimal:
        """The most that may still execute, whichever of the modifications on their way are granted.

        An exit of a bracket that has not been sent is for what the entry will have filled, which the entry counts.
        """
        is_unsent = self.order is None or self.order.state is OrderState.PENDING
        if is_unsent and self.link is not None and self.link.is_exit:
            return ZERO
        order = self.order
        if order is not None and order.is_closed and order.venue_filled_quantity is not None:
            # Nothing more will execute there, but not all of what has is booked.
            return max(subtract(order.venue_filled_quantity, order.filled_quantity), ZERO)
        return max(subtract(self.dearest.quantity, self.filled), ZERO)

    @property
    def closes(self) -> bool:
        """Whether, where positions are hedged, it closes what is there before it opens anything; see Order.closes."""
        return self.terms.reduce_only or (self.link is not None and self.link.is_exit)

    @property
    def filled(self) -> Decimal:
        """What has filled, as far as risk has heard."""
        return ZERO if self.order is None else self.order.filled_quantity

    @property
    def requested(self) -> SubmitOrder:
        """The terms if every modification on its way is granted."""
        terms = self._current
        if not self.asked and not self.sent:
            return terms
        for change in self.changes():
            terms = changed(
                terms,
                price=change.price or terms.price,
                stop_price=change.stop_price or terms.stop_price,
                quantity=change.quantity or terms.quantity,
            )
        return terms

    @property
    def dearest(self) -> SubmitOrder:
        """The terms that could cost most, whichever of the modifications on their way are granted."""
        terms = self._current
        if not self.asked and not self.sent:
            return terms
        for change in self.changes():
            terms = changed(
                terms,
                price=_dearer(terms.price, change.price),
                stop_price=_dearer(terms.stop_price, change.stop_price),
                quantity=max(terms.quantity, change.quantity or ZERO),
            )
        return terms

    @property
    def _current(self) -> SubmitOrder:
        order, terms = self.order, self.terms
        if order is None or (order.price, order.stop_price, order.quantity) == (
            terms.price,
            terms.stop_price,
            terms.quantity,
        ):
            return terms
        return changed(terms, price=order.price, stop_price=order.stop_price, quantity=order.quantity)

    def changes(self) -> Iterator[ModifyOrder | e.ModifyRequested]:
        """Return the modifications on their way."""
        yield from self.sent
        yield from (command for command in self.asked if command is not None)

    def after(self, event: e.OrderEvent, order: Order) -> Working:
        """Return it after one more event of its own order."""
        asked, sent = self.asked, self.sent
        match event:
            case e.ModifyRequested():
                # What we change by ourselves, nobody has asked risk for.
                asked, sent = asked[1:] if event.reason is Reason.REQUESTED else asked, (*sent, event)
            case e.OrderModified() if event.request_id is not None and order.state is OrderState.PENDING:
                # It has not been sent, so the new terms are in force without a word to the venue.
                asked = asked[1:]
            case e.OrderModified() | e.ModifyRejected():
                sent = tuple(request for request in sent if request.request_id != event.request_id)
            case _:
                pass
        return changed(self, order=order, asked=asked, sent=sent)


def terms_of(order: Order) -> SubmitOrder:
    """Return what would have to be submitted for an order as it stands."""
    return SubmitOrder(
        order.symbol,
        order.side,
        order.order_type,
        order.quantity,
        price=order.price,
        # A trailing stop has one that the venue has set.
        stop_price=None if order.trailing_offset is not None else order.stop_price,
        time_in_force=order.time_in_force,
        expire_time_ns=order.expire_time_ns,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        display_quantity=order.display_quantity,
        trailing_offset=order.trailing_offset,
        trailing_type=order.trailing_type,
        activation_price=order.activation_price,
        order_id=order.order_id,
        source=order.strategy_id,
    )


class Pools:
    """Amounts by order, of which those of one pool count once, by the largest."""

    def __init__(self) -> None:
        self._pools: dict[str, dict[str, Decimal]] = {}

    def growth(self, order_id: str, pool: str | None, before: Decimal, after: Decimal) -> Decimal:
        """Return how much more would count if an order had so much in place of what it has."""
        if pool is None:
            return subtract(after, before)
        amounts = self._pools.get(pool, {})
        most = max(amounts.values(), default=ZERO)
        others = max((amount for name, amount in amounts.items() if name != order_id), default=ZERO)
        return subtract(max(others, after), most)

    def put(self, order_id: str, pool: str | None, after: Decimal) -> None:
        """Have an order count so much."""
        if pool is None:
            return
        amounts = self._pools.setdefault(pool, {})
        amounts[order_id] = after
        if not after:
            del amounts[order_id]
        if not amounts:
            del self._pools[pool]


class Reserved:
    """What working orders may still cost, by currency; of the orders of one pool the dearest alone counts."""

    def __init__(self) -> None:
        self.by_currency: dict[str, Decimal] = {}
        self._pools = Pools()

    def growth(self, order_id: str, pool: str | None, before: Decimal, after: Decimal) -> Decimal:
        """Return how much more would be held if an order cost so much."""
        return self._pools.growth(order_id, pool, before, after)

    def put(self, currency: str, order_id: str, pool: str | None, before: Decimal, after: Decimal) -> None:
        """Hold what an order costs in place of what it did."""
        change = self._pools.growth(order_id, pool, before, after)
        self._pools.put(order_id, pool, after)
        if change:
            self.by_currency[currency] = add(self.by_currency.get(currency, ZERO), change)


def pool_of(link: Link) -> str | None:
    """Name the orders of a group of which an execution closes the others, or takes as much from them."""
    closes = link.contingency in {Contingency.OCO, Contingency.OUO}
    exits = link.contingency is Contingency.BRACKET and link.role is not Role.ENTRY
    return link.group_id if closes or exits else None


def _dearer(price: Decimal | None, other: Decimal | None) -> Decimal | None:
    """Return the higher price, for a buy that has one; a change to a term that it has not changes nothing."""
    return price if price is None or other is None else max(price, other)
