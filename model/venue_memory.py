"""What the simulated venue remembers, and how it goes back to what it was when a step fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from .kinds import Side
from .numbers import ZERO, add
from .order_book import OrderBook
from .reports import VenueReport
from .undo import Undo
from .venue_expiry import Expiries
from .venue_order import VenueOrder


class VenueMemory:
    """All orders, books and offers, and the reports of the step under way.

    Args:
        symbols: what is traded.
    """

    def __init__(self, symbols: Iterable[str]) -> None:
        self.orders: dict[str, VenueOrder] = {}
        self.expiries = Expiries(self.orders)
        self._undo = Undo()
        self.books = {symbol: OrderBook(self._undo) for symbol in symbols}
        self.reports: list[VenueReport] = []
        self.now_ns = 0
        self._accepted = 0
        self._priority = 0
        # As they were before the step under way, for those that it has changed.
        self._orders_before: dict[str, VenueOrder | None] = {}
        # That of a step which was taken back is no earlier than the truth.
        self._changed_ns: dict[str, int] = {}
        # Client ids by group; one of an order that a step took back again does no harm.
        self._tied: dict[str, dict[str, None]] = {}
        self._positions: dict[tuple[str, str, Side | None], Decimal] = {}
        self._positions_before: dict[tuple[str, str, Side | None], Decimal] = {}

    def attempt(self, step: Callable[[], None], now_ns: int) -> tuple[VenueReport, ...]:
        """Run a step and return what it reports; when it raises, everything is as it was before."""
        accepted, priority = self._accepted, self._priority
        self._orders_before, self.reports, self.now_ns = {}, [], now_ns
        self._positions_before = {}
        self.expiries.begin()
        self._undo.begin()
        try:
            step()
        except BaseException:
            self._accepted, self._priority = accepted, priority
            self._roll_back()
            raise
        return tuple(self.reports)

    def _roll_back(self) -> None:
        self.expiries.roll_back()
        self._undo.back()
        self._positions.update(self._positions_before)
        for client_id, before in self._orders_before.items():
            if before is None:
                # It may have failed before the order was in.
                self.orders.pop(client_id, None)
            else:
                self.orders[client_id] = before

    @property
    def accepted(self) -> int:
        """How many orders have been accepted."""
        return self._accepted

    def next_draw_key(self) -> str:
        """Return what the chance of one more accepted order is keyed by: its number, the same in every run."""
        self._accepted += 1
        return f"X-{self._accepted}"

    def next_priority(self) -> int:
        """Return a place behind all that are queued."""
        self._priority += 1
        return self._priority

    def put(self, order: VenueOrder) -> VenueOrder:
        """Add an order, or replace one."""
        client_id, book = order.client_order_id, self.books[order.symbol]
        before = self.orders.get(client_id)
        self._orders_before.setdefault(client_id, before)
        if before is None:
            book.add(order)
            if order.link_id is not None and order.contingency is not None:
                self._tied.setdefault(order.link_id, {})[client_id] = None
        else:
            book.replace(before, order)
        self.orders[client_id] = order
        self._changed_ns[client_id] = self.now_ns
        self.expiries.watch(order, before)
        return order

    def tied(self, order: VenueOrder) -> Iterable[str]:
        """Return the client ids of all that an execution touches of an order's group, its own among them."""
        return () if order.link_id is None else self._tied.get(order.link_id, ())

    def position(self, account: str, symbol: str, opened_by: Side | None = None) -> Decimal:
        """Return an account's position, in units of the base.

        Where positions are netted: what it has bought here less what it has sold. Where they are hedged: what it holds
        long, opened by BUY, or short, opened by SELL; zero or more.
        """
        return self._positions.get((account, symbol, opened_by), ZERO)

    def positions(self) -> Iterable[tuple[tuple[str, str, Side | None], Decimal]]:
        """Return all positions by account, symbol and what opened them, see position()."""
        return self._positions.items()

    def changed_ns(self, order: VenueOrder) -> int:
        """Return when an order last changed, or somewhat later."""
        return self._changed_ns[order.client_order_id]

    def move_position(self, account: str, symbol: str, change: Decimal, opened_by: Side | None = None) -> None:
        """Take over an execution."""
        before = self.position(account, symbol, opened_by)
        self._positions_before.setdefault((account, symbol, opened_by), before)
        self._positions[account, symbol, opened_by] = add(before, change)

    def best(self, symbol: str, side: Side) -> Decimal | None:
        """Return the best price that a taker on this side meets, recorded or of an order."""
        return self.books[symbol].best(side)

    def quoted(self, symbol: str, side: Side) -> Decimal | None:
        """Return the best price that the recorded market offers to a taker on this side."""
        offer = self.books[symbol].recorded.best(side)
        return None if offer is None else offer.price
