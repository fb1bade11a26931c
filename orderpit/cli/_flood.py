"""A flood: strategies that command as fast as they are answered, and the market that moves meanwhile."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Final

from ..actors.strategy import Strategy
from ..model import events as e
from ..model.commands import SubmitOrder
from ..model.instrument import Instrument
from ..model.kinds import Reason
from ..model.limits import RiskLimits
from ..model.market import MarketData, Quote
from ..model.numbers import multiply
from ..model.order import Order
from ..model.values import changed
from ..strategies._drawn import Reach, contradictory_order, drawn_change, drawn_order

INSTRUMENTS: Final = (
    Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.001"),
    Instrument("ETH/USDT", price_increment="0.01", quantity_increment="0.001"),
)
LIMITS: Final = RiskLimits(max_order_quantity="9")
"""Which every hundredth order or so breaks."""

_TOO_MUCH: Final = Decimal(10)
_TICK: Final = Decimal("0.01")
_REACH: Final = Reach(tick=_TICK, lot=Decimal("0.001"), ticks=100, lots=999)
_START_CENTS: Final = 100_00
_LEAST_CENTS: Final = 50_00
_MOST_CENTS: Final = 150_00
_STEP_CENTS: Final = 40
_AT_ONCE: Final = 20
_MOST_WORKING: Final = 40
_ANSWERS: Final = (
    *(e.OrderOpened, e.OrderTriggered, e.OrderFilled, e.OrderModified, e.OrderCancelled, e.OrderExpired),
    *(e.OrderRejected, e.CancelRejected, e.ModifyRejected),
)
_PAUSE_QUOTES: Final = 20
"""How long nothing is submitted to a venue that refuses: else the flood would be over before it is back."""


class Trader(Strategy):
    """Submits its number of orders; each answer is another turn, in which it submits, modifies or cancels.

    Every type, time in force and instruction on both sides; about one command in thirty is one that must be refused.

    Args:
        orders: how many it submits.
        seed: of its chances; what comes of them depends on the threads.
    """

    def __init__(self, orders: int, seed: str) -> None:
        self._chance = random.Random(seed)
        self._working: dict[str, Order] = {}
        self._prices = {instrument.symbol: _price(_START_CENTS) for instrument in INSTRUMENTS}
        self._pausing = 0
        # Written by the strategy's thread alone, read by any.
        self.left = orders
        self.submitted = 0
        self.modified = 0
        self.cancelled = 0
        self.held_back = 0

    @property
    def is_done(self) -> bool:
        """Whether it has submitted all its orders."""
        return self.left <= 0

    def calm_down(self) -> None:
        """Submit no more."""
        self.left = 0

    def on_start(self) -> None:
        """Begin with several commands at once."""
        for _ in range(_AT_ONCE):
            self._turn()

    def on_market_data(self, data: MarketData) -> None:
        """Follow the price, and take a turn: else one whose orders all rest would never take another."""
        if isinstance(data, Quote) and data.bid is not None:
            self._prices[data.symbol] = data.bid
        self._pausing = max(self._pausing - 1, 0)
        self._turn()

    def on_order(self, update: e.OrderUpdate) -> None:
        """Note what works, and take a turn at each answer."""
        order = update.order
        if order is not None:
            if order.is_closed:
                self._working.pop(order.order_id, None)
            elif isinstance(update.event, e.OrderOpened):
                self._working[order.order_id] = order
        match update.event:
            case e.OrderRejected(reason=Reason.VENUE) | e.OrderDenied(reason=Reason.DISCONNECTED):
                self._pausing = _PAUSE_QUOTES
            case event if isinstance(event, _ANSWERS):
                self._turn()
            case _:
                pass

    def _turn(self) -> None:
        if self.left <= 0:
            return
        drawn = self._chance.random()
        if self._working and (drawn < 0.15 or len(self._working) > _MOST_WORKING):  # noqa: PLR2004
            order_id = self._any_of_mine()
            self.cancel(order_id)
            self.cancelled += 1
            if drawn >= 0.01:  # noqa: PLR2004
                # Else it may be cancelled or modified once more, while the cancel is on its way: that is refused.
                self._working.pop(order_id)
        elif self._working and drawn < 0.3:  # noqa: PLR2004
            self._modify()
        elif not self._pausing:
            self._submit()

    def _any_of_mine(self) -> str:
        return self._chance.choice(tuple(self._working))

    def _modify(self) -> None:
        order = self._working[self._any_of_mine()]
        self.modify(order.order_id, **drawn_change(self._chance, order, _REACH, self.now_ns()))
        self.modified += 1

    def _submit(self) -> None:
        if self.submit(self._drawn()) is None:
            self.held_back += 1
            return
        self.left -= 1
        self.submitted += 1

    def _drawn(self) -> SubmitOrder:
        chance = self._chance
        symbol = chance.choice(INSTRUMENTS).symbol
        price = self._prices[symbol]
        order = drawn_order(chance, symbol, price, _REACH, self.now_ns())
        match chance.randrange(100):
            case 0:
                return changed(order, symbol="XRP/USDT")
            case 1:
                return changed(order, quantity=_TOO_MUCH)
            case 2:
                return contradictory_order(chance, symbol, price, _REACH)
            case _:
                return order


class Market:
    """Prices that wander, with sizes small enough for partial fills.

    Args:
        seed: the same gives the same quotes.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._cents = {instrument.symbol: _START_CENTS for instrument in INSTRUMENTS}

    def quotes(self) -> tuple[Quote, ...]:
        """Return the next quote of each symbol."""
        return tuple(self._next(symbol) for symbol in self._cents)

    def _next(self, symbol: str) -> Quote:
        chance = self._chance
        moved = self._cents[symbol] + chance.randint(-_STEP_CENTS, _STEP_CENTS)
        self._cents[symbol] = bid = min(max(moved, _LEAST_CENTS), _MOST_CENTS)
        ask = bid + chance.randint(1, 5)
        sizes = (str(chance.randint(1, 50)) for _ in range(2))
        return Quote(symbol, bid=_price(bid), ask=_price(ask), bid_size=next(sizes), ask_size=next(sizes))


def _price(cents: int) -> Decimal:
    return multiply(_TICK, Decimal(cents))
