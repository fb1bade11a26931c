"""The laws of one order's life and of the stream of updates, held against each entry as it is first seen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, get_args

from ...model import events as e
from ...model.blotter import EXTERNAL
from ...model.booking import entries
from ...model.instrument import Instrument
from ...model.kinds import OrderState, Pending, Side
from ...model.numbers import ZERO, add, is_multiple, multiply, negate, plain, subtract
from ...model.order import Order
from ...model.reports import Fill

S = OrderState
_REMEMBERED: Final = 1_024

# Written out once more, on purpose: a table that was checked against itself would always be right.
MAY_FOLLOW: Final[Mapping[OrderState, frozenset[OrderState]]] = MappingProxyType(
    {
        S.PENDING: frozenset({S.SUBMITTED, S.REJECTED, S.CANCELLED}),
        S.SUBMITTED: frozenset({S.OPEN, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED}),
        S.OPEN: frozenset({S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED}),
        S.PARTIALLY_FILLED: frozenset({S.FILLED, S.CANCELLED, S.EXPIRED}),
    }
)
"""What may follow which live state; nothing follows the others."""
_AFTER_THE_END: Final = frozenset(
    {
        e.OrderFilled,
        e.FillBusted,
        e.FillCorrected,
        e.CancelRejected,
        e.ModifyRejected,
        e.OrderInDoubt,
        e.OrderResolved,
    }
)
"""Events that a closed order may have: money that moved, answers that came too late, and doubts."""

_OF_NO_ORDER: Final = frozenset({e.CommandRefused, *get_args(e.AccountEvent)})
_MOVING: Final = frozenset({e.OrderFilled, e.FillBusted, e.FillCorrected})
_NAMING: Final = frozenset(
    {e.OrderCreated, e.OrderSubmitted, e.ModifyRequested, e.OrderReplaced, e.OrderOpened, e.OrderModified}
)


class Violation(AssertionError):
    """A law was broken.

    Args:
        law: its number, such as "I-3".
        subject: the order, actor or currency that it was broken for, and what was looked at.
        found: what is.
        expected: what should be.
    """

    def __init__(self, law: str, subject: str, found: object, expected: object) -> None:
        super().__init__(law, subject, found, expected)
        self.law, self.subject, self.found, self.expected = law, subject, found, expected
        self.step = 0

    def __str__(self) -> str:
        found, expected = _shown(self.found), _shown(self.expected)
        return f"{self.law}, step {self.step}: {self.subject}: found {found}, expected {expected}"


def must_equal(law: str, subject: str, found: object, expected: object) -> None:
    """Hold one thing against another.

    Raises:
        Violation: when they differ.
    """
    if found != expected:
        raise Violation(law, subject, found, expected)


class Moved:
    """What one entry of the stream moved: a position, and cash by currency; flow is its part before fees."""

    __slots__ = ("cash", "flow", "quantity", "sequence", "strategy_id", "symbol")

    def __init__(self, sequence: int, order: Order, quantity: Decimal, flow: Decimal) -> None:
        self.sequence, self.symbol, self.strategy_id = sequence, order.symbol, order.strategy_id
        self.quantity, self.flow = quantity, flow
        self.cash: list[tuple[str, Decimal]] = []


class _Life:
    """What is known of one order: the sums kept here, apart from those that the order keeps itself."""

    __slots__ = ("executions", "filled", "notional", "order")

    def __init__(self, order: Order) -> None:
        self.order = order
        self.filled = ZERO
        self.notional = ZERO
        self.executions: set[str] | None = None


class Stream:
    """Folds the stream of updates a second time, by rules of its own, and holds each entry against that.

    Args:
        instruments: by symbol.
    """

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self.sequence = 0
        self.moved: list[Moved] = []
        self.live: dict[str, Order] = {}
        self._instruments = instruments
        self._lives: dict[str, _Life] = {}
        self._by_client_id: dict[str, str] = {}
        self._by_venue_id: dict[tuple[str, str], str] = {}
        self._recent: list[e.OrderUpdate | None] = [None] * _REMEMBERED

    def take(self, receiver: str, update: e.OrderUpdate, *, sees_all: bool) -> bool:
        """Take an update that is being delivered; True when it is seen for the first time.

        Args:
            receiver: whom it is delivered to.
            update: the entry.
            sees_all: whether the receiver is told of every entry.
        """
        sequence = update.sequence
        known = self._recent[sequence % _REMEMBERED]
        if known is update:
            return False
        if sequence == self.sequence + 1:
            if not sees_all:
                return False
            self.sequence = sequence
            self._recent[sequence % _REMEMBERED] = update
            self._fold(update)
            return True
        if sequence <= self.sequence:
            if known is not None and known.sequence == sequence and known != update:
                raise Violation("I-4", f"update {sequence} as {receiver} is told", update.event, known.event)
        elif sees_all:
            raise Violation("I-4", f"the next update that {receiver} is told", sequence, self.sequence + 1)
        return False

    # Below, no sentence is put together before it is known that something is wrong: these lines run for every update.

    def _fold(self, update: e.OrderUpdate) -> None:
        event, order = update.event, update.order
        if order is None:
            if type(event) not in _OF_NO_ORDER:
                raise Violation("I-3", f"update {update.sequence} without an order", type(event), _OF_NO_ORDER)
            return
        order_id = order.order_id
        if event.order_id != order_id:
            raise Violation("I-3", f"order of the event for {event.order_id}", order_id, event.order_id)
        life = self._lives.get(order_id)
        closed = order.state not in MAY_FOLLOW
        if life is None:
            if type(event) is not e.OrderCreated or order.state is not S.PENDING:
                raise Violation("I-3", f"first event of {order_id}", type(event), e.OrderCreated)
            life = self._lives[order_id] = _Life(order)
            _hold_quantities(life, order, closed=closed)
        else:
            before = life.order
            self._follow(life, order, event)
            if type(event) in _MOVING:
                self._move(life, order, event, update.sequence)  # type: ignore[arg-type]  # one of these three
            life.order = order
            if (
                order.filled_quantity is not before.filled_quantity
                or order.filled_notional is not before.filled_notional
                or order.quantity is not before.quantity
                or order.state is not before.state
                or type(event) in _MOVING
            ):
                # The law is about these alone.
                _hold_quantities(life, order, closed=closed)
        if type(event) in _NAMING and order.strategy_id != EXTERNAL:
            # An external order may bear an id of ours: a venue that executes what nobody ordered names it as it likes.
            self._name(order, event)
        if closed:
            self.live.pop(order_id, None)
        else:
            self.live[order_id] = order

    def _follow(self, life: _Life, order: Order, event: e.Event) -> None:
        before, kind, order_id = life.order, type(event), order.order_id
        state, last = order.state, before.state
        if kind is e.OrderCreated:
            raise Violation("I-3", f"creations of {order_id}", "two", "one")
        if state is not last and state not in MAY_FOLLOW.get(last, ()):
            raise Violation("I-3", f"{order_id} after {kind.__name__}", state.value, f"what may follow {last.value}")
        if last not in MAY_FOLLOW:
            if kind not in _AFTER_THE_END:
                raise Violation("I-3", f"{order_id}, which is {last.value}", kind.__name__, "no such event")
            if order.quantity != before.quantity or order.price != before.price or order.closed_ns != before.closed_ns:
                raise Violation("I-3", f"terms of {order_id} after its end", str(order), str(before))
        if order.symbol != before.symbol or order.side is not before.side or order.strategy_id != before.strategy_id:
            raise Violation("I-3", f"{order_id} after {kind.__name__}", str(order), str(before))
        if order.in_doubt is not before.in_doubt:
            expected = e.OrderInDoubt if order.in_doubt else e.OrderResolved
            if kind is not expected:
                raise Violation("I-7", f"what changed the doubt about {order_id}", kind, expected)
        if order.pending is not Pending.NONE and state not in MAY_FOLLOW:
            raise Violation("I-7", f"request in flight of {order_id}, which is {state.value}", order.pending, "none")

    def _move(self, life: _Life, order: Order, event: e.OrderEvent, sequence: int) -> None:
        """Book executions anew."""
        buys = order.side is Side.BUY
        quantity = notional = ZERO
        fees: list[tuple[str, Decimal]] = []
        for entry in entries(event):
            fill = entry.fill
            _hold_numbers(order.order_id, fill)
            sign = subtract if entry.taken_back else add
            quantity = sign(quantity, fill.quantity)
            notional = sign(notional, multiply(fill.quantity, fill.price))
            if fill.fee:
                fees.append((fill.fee_currency, fill.fee if entry.taken_back else negate(fill.fee)))
        life.filled = add(life.filled, quantity)
        life.notional = add(life.notional, notional)
        if isinstance(event, e.OrderFilled):
            executed = life.executions = life.executions or set()
            if event.fill.execution_id in executed:
                raise Violation("I-9", f"execution {event.fill.execution_id} of {order.order_id}", "twice", "once")
            executed.add(event.fill.execution_id)
        if buys:
            moved = Moved(sequence, order, quantity, negate(notional))
        else:
            moved = Moved(sequence, order, negate(quantity), notional)
        moved.cash = [(self._quote_of(order.symbol), moved.flow), *fees]
        self.moved.append(moved)

    def _quote_of(self, symbol: str) -> str:
        instrument = self._instruments.get(symbol)
        return instrument.quote if instrument is not None else symbol.partition("/")[2] or symbol

    def _name(self, order: Order, event: e.Event) -> None:
        order_id, client_id, venue_id = order.order_id, order.client_order_id, order.exchange_order_id
        if isinstance(event, e.OrderCreated | e.OrderSubmitted | e.OrderReplaced):
            holder = self._by_client_id.setdefault(client_id, order_id)
            if holder != order_id:
                raise Violation("I-10", f"order of the client id {client_id}", holder, order_id)
        if isinstance(event, e.OrderSubmitted):
            self._hold_to_grid(order, order.price, order.quantity)
        elif isinstance(event, e.ModifyRequested):
            self._hold_to_grid(order, event.price, event.quantity, event.stop_price)
        elif isinstance(event, e.OrderReplaced):
            self._hold_to_grid(order, None, event.quantity)
        elif venue_id is not None:
            holder = self._by_venue_id.setdefault((order.symbol, venue_id), order_id)
            if holder != order_id:
                raise Violation("I-10", f"order of the venue's id {venue_id}", holder, order_id)

    def _hold_to_grid(
        self, order: Order, price: Decimal | None, quantity: Decimal | None, stop_price: Decimal | None = None
    ) -> None:
        instrument = self._instruments.get(order.symbol)
        if instrument is None:
            raise Violation("I-18", f"symbol of {order.order_id}", order.symbol, "one that is traded")
        for value, increment, what in (
            (price, instrument.price_increment, "price"),
            (stop_price or order.stop_price, instrument.price_increment, "stop price"),
            (quantity, instrument.quantity_increment, "quantity"),
        ):
            if value is not None and not is_multiple(value, increment):
                raise Violation("I-18", f"{what} of {order.order_id}", value, f"a multiple of {plain(increment)}")


def _hold_quantities(life: _Life, order: Order, *, closed: bool) -> None:
    filled, quantity = order.filled_quantity, order.quantity
    left = subtract(quantity, filled) if filled < quantity else ZERO
    found = (
        filled,
        order.filled_notional,
        order.leaves_quantity,
        order.cancelled_quantity,
        order.excess_quantity,
        order.is_closed,
    )
    excess = subtract(filled, quantity) if filled > quantity else ZERO
    expected = (life.filled, life.notional, ZERO if closed else left, left if closed else ZERO, excess, closed)
    if found != expected:
        what = "filled, notional, leaves, cancelled, excess, closed"
        raise Violation("I-2", f"{what} of {order.order_id}", _listed(found), _listed(expected))
    if filled < ZERO:
        raise Violation("I-2", f"filled quantity of {order.order_id}", filled, "zero or more")
    if not closed and not left:
        raise Violation("I-2", f"leaves of {order.order_id}, which is {order.state.value}", ZERO, "more than zero")


def _hold_numbers(order_id: str, fill: Fill) -> None:
    for value in (fill.quantity, fill.price, fill.fee):
        if type(value) is not Decimal or not value.is_finite():
            raise Violation(
                "I-18", f"a number of execution {fill.execution_id} of {order_id}", value, "a finite Decimal"
            )


def _listed(values: tuple[object, ...]) -> str:
    return ", ".join(_shown(value) for value in values)


def _shown(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value) if value.is_finite() else str(value)
    return value.__name__ if isinstance(value, type) else str(value)
