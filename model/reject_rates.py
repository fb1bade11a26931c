"""Which of the latest orders were refused, by us or by the venue: of the account, each strategy and each symbol."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Final

from . import events as e
from .checking import Scope
from .kinds import Reason
from .numbers import ratio
from .profits import scopes_around

NOT_COUNTED: Final = frozenset({Reason.MAX_REJECT_RATE, Reason.HALTED, Reason.REDUCING})
"""What says nothing of the order: else refusing would keep itself going."""


class Window:
    """The latest orders whose outcome is known: sent to the venue, or refused before.

    Args:
        length: how many.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self._orders: deque[tuple[str, bool]] = deque(maxlen=length)
        self._refused = 0
        # What so many refused ones come to, each worked out once.
        self._rates: dict[int, Decimal] = {}
        # Refused by the venue after they were sent.
        self._late: set[str] = set()

    def see(self, order_id: str, *, refused: bool) -> None:
        """Take in one more order, in place of the oldest."""
        if len(self._orders) == self.length:
            oldest, was_refused = self._orders[0]
            self._late.discard(oldest)
            self._refused -= was_refused
        self._orders.append((order_id, refused))
        self._refused += refused

    def reject(self, order_id: str) -> None:
        """Note that an order was refused after all; one that is no longer among them counts no more."""
        if (order_id, False) in self._orders:
            self._late.add(order_id)

    def clear(self) -> None:
        """Begin anew."""
        self._orders.clear()
        self._late.clear()
        self._refused = 0

    @property
    def is_full(self) -> bool:
        """Whether there have been enough to judge by."""
        return len(self._orders) == self.length

    @property
    def rate(self) -> Decimal:
        """The refused ones as a fraction of all that there is room for."""
        refused = len(self._late) + self._refused
        rate = self._rates.get(refused)
        if rate is None:
            rate = self._rates[refused] = ratio(Decimal(refused), Decimal(self.length))
        return rate

    def resized(self, length: int) -> Window:
        """Return one of another length with the latest of the same orders."""
        other = Window(length)
        for order_id, refused in self._orders:
            other.see(order_id, refused=refused)
            if order_id in self._late:
                other.reject(order_id)
        return other


class RejectRates:
    """The windows of limits, and those of whoever else asks for one."""

    def __init__(self) -> None:
        self._of_limits: dict[Scope, Window] = {}
        self._added: list[tuple[Scope, Window]] = []

    def watch(self, lengths: Mapping[Scope, int]) -> None:
        """Keep windows of these lengths, and no others; one that was kept goes on."""
        kept = self._of_limits
        self._of_limits = {
            scope: kept[scope].resized(length) if scope in kept else Window(length) for scope, length in lengths.items()
        }

    def add(self, scope: Scope, length: int) -> Window:
        """Return a window that is kept for good."""
        window = Window(length)
        self._added.append((scope, window))
        return window

    def of(self, scope: Scope) -> Window:
        """Return that of a scope that is watched."""
        return self._of_limits[scope]

    def after(self, update: e.OrderUpdate) -> Callable[[], None] | None:
        """Return what takes over an entry of the stream, which cannot fail."""
        order, event = update.order, update.event
        if order is None or not (self._of_limits or self._added):
            return None
        take: Callable[[Window], None]
        match event:
            case e.OrderSubmitted():
                take = partial(Window.see, order_id=order.order_id, refused=False)
            case e.OrderDenied() if event.reason not in NOT_COUNTED:
                take = partial(Window.see, order_id=order.order_id, refused=True)
            case e.OrderRejected():
                take = partial(Window.reject, order_id=order.order_id)
            case _:
                return None
        return partial(_each, take, tuple(self._around(order.strategy_id, order.symbol)))

    def _around(self, strategy_id: str, symbol: str) -> Iterable[Window]:
        scopes = scopes_around(strategy_id, symbol)
        yield from (self._of_limits[scope] for scope in scopes if scope in self._of_limits)
        yield from (window for scope, window in self._added if scope in scopes)


def _each(take: Callable[[Window], None], windows: Iterable[Window]) -> None:
    for window in windows:
        take(window)
