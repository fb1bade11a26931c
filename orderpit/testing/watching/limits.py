"""The laws of limits on positions: what risk lets pass, what it refuses, and what has executed in the end.

Everything is worked out from scratch, by walking all orders that work; risk keeps sums, and they must be the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from ...model import events as e
from ...model.account_events import LimitsChanged
from ...model.booking import entries
from ...model.commands import Approved, Denied, ModifyOrder, SubmitGroup, SubmitOrder
from ...model.kinds import Contingency, OrderState, Pending, Reason, Role, Side
from ...model.limits import RiskLimits
from ...model.numbers import ZERO, add, magnitude, negate, subtract, total
from ...model.order import Order
from ...model.records import EXTERNAL
from .laws import Moved, Violation, must_equal

_Key = tuple[str, str]
_LIMITS: Final = {Reason.MAX_LONG: "max_long", Reason.MAX_SHORT: "max_short", Reason.MAX_GROSS: "max_gross"}


class Worst(NamedTuple):
    """The most and the least that positions can become, and the most of their absolute values."""

    high: Decimal = ZERO
    low: Decimal = ZERO
    size: Decimal = ZERO

    def of(self, limit: str) -> Decimal:
        """Return what a limit is held against."""
        return {"max_long": self.high, "max_short": negate(self.low), "max_gross": self.size}[limit]


def has_limits(limits: RiskLimits) -> bool:
    """Whether there is any on a position."""
    within = [limits, *(one for _, one in (*limits.instruments, *limits.strategies))]
    within += [one for _, own in limits.strategies for _, one in own.instruments]
    return any(getattr(one, name) is not None for one in within for name in _LIMITS.values())


def _scopes(limits: RiskLimits, strategy_id: str, symbol: str) -> Iterable[tuple[str, RiskLimits]]:
    """Return the limits that apply to an order, each with whose position they are about; empty for all."""
    own = dict(limits.strategies).get(strategy_id, RiskLimits())
    yield "", limits
    yield "", dict(limits.instruments).get(symbol, RiskLimits())
    yield strategy_id, own
    yield strategy_id, dict(own.instruments).get(symbol, RiskLimits())


class _Counted(NamedTuple):
    """What a working order may still execute; of one pool the largest alone does."""

    strategy_id: str
    side: Side
    closes: bool
    pool: str
    leaves: Decimal


class LimitLaws:
    """Holds each of risk's verdicts against the worst case, as risk could know it.

    Args:
        book: of risk, read as it stands before a message is handed to it, and after it has been handled.
        ties: whether the venue ties the orders of a group.
        hedged: whether a symbol has two positions, which these laws do not know.
    """

    def __init__(self, book: Any, *, ties: bool, hedged: bool) -> None:
        self._book = book
        self._limits: RiskLimits = book.limits
        self._working: Mapping[str, Any] = vars(book)["_working"]
        self._ties = ties
        self._hedged = hedged
        self._held: dict[_Key, Decimal] = {}
        self._asked: SubmitOrder | SubmitGroup | ModifyOrder | None = None
        self._before: dict[_Key, tuple[Worst, Worst]] = {}
        # What was refused on its way to the order manager, with what it would have come to.
        self._would: dict[int, tuple[object, RiskLimits, SubmitOrder, Worst, Worst, Worst, Worst]] = {}

    def moved(self, moved: Iterable[Moved]) -> None:
        """Take what has executed, as far as risk has followed."""
        for one in moved:
            key = one.strategy_id, one.symbol
            self._held[key] = add(self._held.get(key, ZERO), one.quantity)

    def changed(self, limits: RiskLimits) -> None:
        """Take other limits that risk is being handed."""
        self._limits = limits

    def judges(self, command: SubmitOrder | SubmitGroup | ModifyOrder) -> None:
        """Note what risk is about to judge, and the worst case as it is."""
        if self._hedged or not has_limits(self._limits):
            return
        orders = self._orders_of(command)
        if not orders:
            return
        self._asked = command
        self._before = {(one.source, one.symbol): self._worst(one.source, one.symbol) for one in orders}
        if isinstance(command, SubmitOrder | ModifyOrder):
            (order,) = orders
            own, every = self._before[order.source, order.symbol]
            own_after, every_after = self._worst(order.source, order.symbol, command)
            self._would[id(command)] = (command, self._limits, order, own, every, own_after, every_after)

    def look(self) -> None:
        """Hold what was let pass since."""
        command, self._asked = self._asked, None
        if command is None or not self._passed(command):
            return
        self._would.pop(id(command), None)
        for order in self._orders_of(command):
            ids = order.source, order.symbol
            own, every = self._worst(*ids)
            found = self._book.exposures.of(ids)
            must_equal("I-23", f"worst case of {ids}", Worst(found.high, found.low, found.size), own)
            sums = self._book.exposures.sums(order.symbol)
            must_equal("I-23", f"worst case of {order.symbol}", Worst(sums.high, sums.low, sums.size), every)
            own_before, every_before = self._before[ids]
            for whose, limits in _scopes(self._limits, *ids):
                before, after = (own_before, own) if whose else (every_before, every)
                for name in _LIMITS.values():
                    most = getattr(limits, name)
                    if most is not None and most < after.of(name) and after.of(name) > before.of(name):
                        what = f"{name} of {whose or 'all'} in {order.symbol} with {order.order_id} let through"
                        raise Violation("I-23", what, after.of(name), f"at most {most}")

    def judged(self, judged: Approved | Denied) -> None:
        """Hold that what was refused could have exceeded the limit that is named."""
        would = self._would.pop(id(judged.command), None)
        name = _LIMITS.get(judged.refusal.reason) if isinstance(judged, Denied) else None
        if would is None or name is None:
            return
        _, limits, order, own, every, own_after, every_after = would
        for whose, within in _scopes(limits, order.source, order.symbol):
            before, after = (own, own_after) if whose else (every, every_after)
            most = getattr(within, name)
            if most is not None and after.of(name) > most and after.of(name) > before.of(name):
                return
        raise Violation("I-23", f"{name} with {order.order_id}", "refused", "let through: no worst case exceeds it")

    def _orders_of(self, command: SubmitOrder | SubmitGroup | ModifyOrder) -> tuple[SubmitOrder, ...]:
        if isinstance(command, ModifyOrder):
            known = self._working.get(command.order_id)
            return () if known is None else (known.terms,)
        orders = command.orders if isinstance(command, SubmitGroup) else (command,)
        return () if any(one.order_id in self._working for one in orders) else orders

    def _passed(self, command: SubmitOrder | SubmitGroup | ModifyOrder) -> bool:
        if isinstance(command, ModifyOrder):
            known = self._working.get(command.order_id)
            return known is not None and command in known.asked[-1:]
        orders = command.orders if isinstance(command, SubmitGroup) else (command,)
        return all(one.order_id in self._working for one in orders)

    # -- from scratch

    def _worst(
        self, strategy_id: str, symbol: str, asked: SubmitOrder | ModifyOrder | None = None
    ) -> tuple[Worst, Worst]:
        """Return the worst case of one strategy in a symbol and that of all, as if something asked had passed."""
        counted = [self._counted(held, asked) for held in self._working.values() if held.terms.symbol == symbol]
        if isinstance(asked, SubmitOrder):
            counted.append(_Counted(strategy_id, asked.side, asked.reduce_only, "", asked.quantity))
        names = {one.strategy_id for one in counted} | {name for name, of in self._held if of == symbol} | {strategy_id}
        by_name = {
            name: _worst_of(self._held.get((name, symbol), ZERO), [one for one in counted if one.strategy_id == name])
            for name in names
        }
        return by_name[strategy_id], Worst(*(total(values) for values in zip(*by_name.values(), strict=True)))

    def _counted(self, held: Any, asked: SubmitOrder | ModifyOrder | None) -> _Counted:
        order: Order | None = held.order
        quantities = [held.terms.quantity if order is None else order.quantity]
        quantities += [
            change.quantity for change in (*held.sent, *held.asked) if change is not None and change.quantity
        ]
        if isinstance(asked, ModifyOrder) and asked.order_id == held.terms.order_id and asked.quantity is not None:
            quantities.append(asked.quantity)
        filled = ZERO if order is None else order.filled_quantity
        if order is not None and order.is_closed and order.venue_filled_quantity is not None:
            # It has ended there, and the venue has said with how much.
            quantities = [order.venue_filled_quantity]
        leaves = max(subtract(max(quantities), filled), ZERO)
        link, pool = held.link, ""
        if link is not None:
            exits = link.role in {Role.PROFIT_TARGET, Role.STOP_LOSS}
            if exits and (order is None or order.state is OrderState.PENDING):
                leaves = ZERO
            if self._ties and (exits or link.contingency in {Contingency.OCO, Contingency.OUO}):
                pool = link.group_id
        return _Counted(held.terms.source, held.terms.side, held.terms.reduce_only, pool, leaves)


def _worst_of(position: Decimal, counted: Iterable[_Counted]) -> Worst:
    sums: dict[tuple[Side, bool], Decimal] = {}
    pools: dict[tuple[Side, bool, str], Decimal] = {}
    for one in counted:
        if one.pool:
            pools[one.side, one.closes, one.pool] = max(pools.get((one.side, one.closes, one.pool), ZERO), one.leaves)
        else:
            sums[one.side, one.closes] = add(sums.get((one.side, one.closes), ZERO), one.leaves)
    for (side, closes, _), most in pools.items():
        sums[side, closes] = add(sums.get((side, closes), ZERO), most)
    # Those that only close go first: to zero at most, where there is something to close.
    high = position if position >= ZERO else min(add(position, sums.get((Side.BUY, True), ZERO)), ZERO)
    low = position if position <= ZERO else max(subtract(position, sums.get((Side.SELL, True), ZERO)), ZERO)
    high = add(high, sums.get((Side.BUY, False), ZERO))
    low = subtract(low, sums.get((Side.SELL, False), ZERO))
    return Worst(high, low, max(high, negate(low)))


class ExecutedLaws:
    """Holds what has executed against the widest limits that were ever in force, which every order has passed.

    What nobody could have counted on is left out: executions of what nobody here has ordered, of what had ended, beyond
    the quantity, or on the wrong side of zero of an order that only closes, and those that were taken back.
    """

    def __init__(self, limits: RiskLimits, *, hedged: bool) -> None:
        self._all = [] if hedged else [limits]
        self._held: dict[_Key, Decimal] = {}
        self._left_out: dict[tuple[str, str, Side], Decimal] = {}
        self._last: dict[str, Order] = {}

    def update(self, update: e.OrderUpdate) -> None:
        """Take an entry of the stream that is seen for the first time."""
        event, order = update.event, update.order
        if isinstance(event, LimitsChanged) and self._all:
            self._all.append(event.limits)
        if order is None or not self._all:
            return
        before = self._last.get(order.order_id)
        self._last[order.order_id] = order
        if isinstance(event, e.OrderModified) and before is not None and before.pending is not Pending.MODIFY:
            self._leave_out(order, order.side, max(subtract(order.quantity, before.quantity), ZERO))
        booked = entries(event) if isinstance(event, e.OrderFilled | e.FillBusted | e.FillCorrected) else ()
        for entry in booked:
            self._book(order, before, entry.fill.quantity, taken_back=entry.taken_back, plain=len(booked) == 1)
        if booked:
            self._hold(order)

    def _book(self, order: Order, before: Order | None, quantity: Decimal, *, taken_back: bool, plain: bool) -> None:
        key = order.strategy_id, order.symbol
        held = self._held.get(key, ZERO)
        buys = (order.side is Side.BUY) is not taken_back
        after = add(held, quantity) if buys else subtract(held, quantity)
        self._held[key] = after
        if taken_back or not plain:
            for side in Side:
                self._leave_out(order, side, quantity)
            return
        ended = before is None or (before.is_closed and not before.in_doubt)
        unasked = quantity if ended or order.strategy_id == EXTERNAL else ZERO
        if before is not None:
            unasked = max(unasked, subtract(order.excess_quantity, before.excess_quantity))
        if order.reduce_only:
            beyond = max(after, ZERO) if buys else max(negate(after), ZERO)
            unasked = max(unasked, min(beyond, quantity))
        self._leave_out(order, order.side, unasked)

    def _leave_out(self, order: Order, side: Side, quantity: Decimal) -> None:
        key = order.strategy_id, order.symbol, side
        self._left_out[key] = add(self._left_out.get(key, ZERO), quantity)

    def _hold(self, order: Order) -> None:
        for whose in (order.strategy_id, ""):
            executed = self._executed(whose, order.symbol)
            for name in _LIMITS.values():
                most = self._widest(name, order.strategy_id if whose else "", order.symbol)
                if most is not None and executed.of(name) > most:
                    what = f"{name} of {whose or 'all'} in {order.symbol}, executed by {order.order_id}"
                    raise Violation("I-23", what, executed.of(name), f"at most {most}")

    def _executed(self, whose: str, symbol: str) -> Worst:
        high = low = size = ZERO
        for (strategy_id, of), held in self._held.items():
            if of != symbol or (whose and whose != strategy_id):
                continue
            bought = self._left_out.get((strategy_id, symbol, Side.BUY), ZERO)
            sold = self._left_out.get((strategy_id, symbol, Side.SELL), ZERO)
            high = add(high, subtract(held, bought))
            low = add(low, add(held, sold))
            size = add(size, subtract(magnitude(held), add(bought, sold)))
        return Worst(high, low, size)

    def _widest(self, name: str, whose: str, symbol: str) -> Decimal | None:
        """Return the widest that was ever in force, each time the narrowest that applied; None where there was none."""
        widest = ZERO
        for limits in self._all:
            given = [getattr(within, name) for of, within in _scopes(limits, whose, symbol) if of == whose]
            narrowest = min((most for most in given if most is not None), default=None)
            if narrowest is None:
                return None
            widest = max(widest, narrowest)
        return widest
