"""What the simulated venue remembers, and how it goes back to what it was when a step fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from .kinds import Side
from .ladder import Ladder
from .liquidity import Liquidity, Offers
from .numbers import ZERO, add
from .reports import VenueReport
from .venue_expiry import Expiries
from .venue_order import VenueOrder


class Book:
    """The live orders of one symbol, by the price that brings them into play."""

    def __init__(self) -> None:
        self.limits = {Side.BUY: Ladder(rising=False), Side.SELL: Ladder(rising=True)}
        self.stops = {Side.BUY: Ladder(rising=True), Side.SELL: Ladder(rising=False)}
        self.crossing: dict[str, None] = {}
        # Trailing stops by the price at which they move next, and reduce-only orders by account.
        self.following = {Side.BUY: Ladder(rising=False), Side.SELL: Ladder(rising=True)}
        self.reducing: dict[str, dict[str, None]] = {}

    def add(self, order: VenueOrder) -> None:
        """Queue an order behind the others at its price."""
        if not order.is_live:
            return
        price, client_id = order.rests_at, order.client_order_id
        if price is not None:
            self._ladder(order).add(price, client_id)
            if order.crossing:
                self.crossing[client_id] = None
        if order.waits_for_stop and order.follows_at is not None:
            self.following[order.side].add(order.follows_at, client_id)
        if order.instructions.reduce_only:
            self.reducing.setdefault(order.account, {})[client_id] = None

    def remove(self, order: VenueOrder) -> None:
        """Take an order out; one that is not in is passed over."""
        if not order.is_live:
            return
        price, client_id = order.rests_at, order.client_order_id
        if price is not None:
            self._ladder(order).remove(price, client_id)
            self.crossing.pop(client_id, None)
        if order.waits_for_stop and order.follows_at is not None:
            self.following[order.side].remove(order.follows_at, client_id)
        if order.instructions.reduce_only:
            self.reducing[order.account].pop(client_id)

    def replace(self, before: VenueOrder, after: VenueOrder) -> None:
        """Take over a new state of an order; it stays in its place unless its priority has changed or it has closed."""
        if before.priority != after.priority or before.is_live is not after.is_live:
            self.remove(before)
            self.add(after)
        elif before.crossing is not after.crossing:
            if after.crossing:
                self.crossing[after.client_order_id] = None
            else:
                del self.crossing[after.client_order_id]

    def _ladder(self, order: VenueOrder) -> Ladder:
        return (self.stops if order.waits_for_stop else self.limits)[order.side]


class VenueMemory:
    """All orders, books and offers, and the reports of the step under way.

    Args:
        symbols: what is traded.
    """

    def __init__(self, symbols: Iterable[str]) -> None:
        self.orders: dict[str, VenueOrder] = {}
        self.expiries = Expiries(self.orders)
        self.books = {symbol: Book() for symbol in symbols}
        self.reports: list[VenueReport] = []
        self.now_ns = 0
        self._liquidity = dict.fromkeys(self.books, Liquidity())
        self._accepted = 0
        self._priority = 0
        # As they were before the step under way, for those that it has changed.
        self._orders_before: dict[str, VenueOrder | None] = {}
        self._liquidity_before: dict[str, Liquidity] = {}
        self._positions: dict[tuple[str, str], Decimal] = {}
        self._positions_before: dict[tuple[str, str], Decimal] = {}

    def attempt(self, step: Callable[[], None], now_ns: int) -> tuple[VenueReport, ...]:
        """Run a step and return what it reports; when it raises, everything is as it was before."""
        accepted, priority = self._accepted, self._priority
        self._orders_before, self._liquidity_before, self.reports, self.now_ns = {}, {}, [], now_ns
        self._positions_before = {}
        self.expiries.begin()
        try:
            step()
        except BaseException:
            self._accepted, self._priority = accepted, priority
            self._roll_back()
            raise
        return tuple(self.reports)

    def _roll_back(self) -> None:
        self.expiries.roll_back()
        self._liquidity.update(self._liquidity_before)
        self._positions.update(self._positions_before)
        touched: set[str] = set()
        for client_id, before in self._orders_before.items():
            touched.add(self.orders[client_id].symbol)
            if before is None:
                del self.orders[client_id]
            else:
                self.orders[client_id] = before
        for symbol in touched:
            self.books[symbol] = Book()
        # Priority is the order in which they were queued.
        for order in sorted(self.orders.values(), key=lambda order: order.priority):
            if order.symbol in touched:
                self.books[order.symbol].add(order)

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
        else:
            book.replace(before, order)
        self.orders[client_id] = order
        self.expiries.watch(order, before)
        return order

    def position(self, account: str, symbol: str) -> Decimal:
        """Return what an account has bought here less what it has sold, in units of the base."""
        return self._positions.get((account, symbol), ZERO)

    def move_position(self, account: str, symbol: str, change: Decimal) -> None:
        """Take over an execution."""
        before = self.position(account, symbol)
        self._positions_before.setdefault((account, symbol), before)
        self._positions[account, symbol] = add(before, change)

    def liquidity(self, symbol: str) -> Liquidity:
        """Return what the market offers."""
        return self._liquidity[symbol]

    def set_liquidity(self, symbol: str, liquidity: Liquidity) -> None:
        """Take over what the market offers now."""
        self._liquidity_before.setdefault(symbol, self._liquidity[symbol])
        self._liquidity[symbol] = liquidity

    def offers(self, symbol: str, side: Side) -> Offers:
        """Return what a taker on this side meets, from the best on."""
        return self._liquidity[symbol].offers(side)
