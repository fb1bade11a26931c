"""An order book that is a list: slow, short, and right by looking at it. The real one is held against it."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal

import attrs

from orderpit.model.kinds import Side, TimeInForce

MODES = {"cancel_oldest": ("maker",), "cancel_newest": ("taker",), "cancel_both": ("maker", "taker")}


@attrs.define
class Order:
    name: str
    account: str
    side: Side
    limit: Decimal | None
    leaves: Decimal
    display: Decimal | None
    lasts: TimeInForce
    time: int = 0
    filled: Decimal = Decimal(0)
    visible: Decimal = Decimal(0)

    def allows(self, price: Decimal | None) -> bool:
        if self.limit is None or price is None:
            return True
        return price <= self.limit if self.side is Side.BUY else price >= self.limit


@attrs.define
class ReferenceBook:
    """Every order is looked at in every step; said is what happened, to whom, with a quantity and a price."""

    prevention: str
    orders: list[Order] = attrs.Factory(list)
    said: list[tuple[str, str, Decimal, Decimal | None]] = attrs.Factory(list)
    clock: int = 0

    def queue(self, order: Order) -> None:
        self.clock += 1
        order.time, order.visible = self.clock, min(order.leaves, order.display or order.leaves)

    def facing(self, taker: Order) -> list[Order]:
        falling = -1 if taker.side is Side.SELL else 1
        met = [o for o in self.orders if o.side is not taker.side and taker.allows(o.limit)]
        return sorted(met, key=lambda o: (falling * (o.limit or 0), o.time))

    def end(self, why: str, order: Order) -> None:
        self.said.append((why, order.name, order.filled, None))
        self.orders, order.leaves = [o for o in self.orders if o is not order], Decimal(0)

    def submit(self, order: Order) -> None:
        if order.lasts is TimeInForce.FOK and not self.would_fill(order):
            self.end("FILL_OR_KILL", order)
        while order.leaves and (facing := self.facing(order)):
            if order.account and facing[0].account == order.account:
                self.prevent(order, facing[0])
            else:
                self.trade(order, facing[0])
        if order.leaves and (order.limit is None or order.lasts is not TimeInForce.GTC):
            self.end("REMAINDER", order)
        elif order.leaves:
            self.queue(order)
            self.orders.append(order)

    def would_fill(self, order: Order) -> bool:
        book, taker = deepcopy((self, order))
        taker.lasts = TimeInForce.IOC
        book.submit(taker)
        return taker.filled == order.leaves

    def trade(self, taker: Order, maker: Order) -> None:
        size = min(taker.leaves, maker.visible)
        for order in (maker, taker):
            order.leaves, order.filled = order.leaves - size, order.filled + size
            self.said.append(("fill", order.name, size, maker.limit))
        maker.visible -= size
        if not maker.leaves:
            self.orders.remove(maker)
        elif not maker.visible:
            self.queue(maker)

    def prevent(self, taker: Order, maker: Order) -> None:
        size, who = min(taker.leaves, maker.leaves), MODES.get(self.prevention, ())
        for role, order in (("maker", maker), ("taker", taker)):
            if role in who or (not who and order.leaves == size):
                self.end("SELF_TRADE", order)
            elif not who:
                self.shrink(order, order.leaves - size)

    def shrink(self, order: Order, leaves: Decimal) -> None:
        order.leaves, order.visible = leaves, min(order.visible, leaves)
        self.said.append(("now", order.name, order.filled + leaves, None))
