"""The simulated venue's values: its rules, and an order as it knows it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, Literal, get_args

import attrs

from .chain import Chain
from .fill_models import FillModel, Touch
from .instructions import NO_INSTRUCTIONS, Instructions
from .kinds import STOPS, Contingency, OrderState, OrderType, Side, TimeInForce
from .numbers import ZERO, subtract
from .reports import Fill
from .slippage import NO_SLIPPAGE, SlippageModel

Draw = Callable[[str, int], Decimal]
"""A random number in [0, 1) for an order's id and its count of draws: the same for the same seed."""
SelfTradePrevention = Literal["cancel_newest", "cancel_oldest", "cancel_both", "decrement"]
"""Who gives way where an account would trade with itself, see venue_self_trade."""
PREVENTIONS: Final = get_args(SelfTradePrevention)
_TOUCH: Final = Touch()
_NO_FILLS: Final[Chain[Fill]] = Chain()
_AT_ONCE: Final = frozenset({TimeInForce.IOC, TimeInForce.FOK})
_LIVE: Final = frozenset({OrderState.OPEN, OrderState.PARTIALLY_FILLED})


@attrs.frozen(kw_only=True)
class VenueRules:
    """How the venue charges and fills: fees as fractions of notional, see SimulatedExchange."""

    maker_fee: Decimal
    taker_fee: Decimal
    slippage: SlippageModel = NO_SLIPPAGE
    fill_model: FillModel = _TOUCH
    remainder: Literal["cancelled", "expired"] = "cancelled"
    post_only: Literal["refuse", "slide"] = "refuse"
    wrong_side_stop: Literal["reject", "trigger"] = "reject"
    self_trade_prevention: SelfTradePrevention = "cancel_oldest"
    amends: bool = True
    ties: bool = True
    hedged: bool = False


@attrs.frozen(kw_only=True, weakref_slot=False)
class VenueOrder:
    """An order as the venue knows it. priority is its place in the queue at its price: the lower comes first.

    account is whose it is, closes says that it closes a hedged position, link_id that of its group, contingency what an
    execution of it does to the others there, number how many had been accepted when it was, created_ns when that was.
    The stop price of a trailing stop follows the market; follows_at is the price at which it moves next, or begins to.
    """

    client_order_id: str
    exchange_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    priority: int
    draw_key: str
    time_in_force: TimeInForce = TimeInForce.GTC
    expire_time_ns: int | None = None
    # Of a DAY order, where the market closes.
    day_ends_ns: int | None = None
    instructions: Instructions = NO_INSTRUCTIONS
    account: str = ""
    closes: bool = False
    link_id: str | None = None
    contingency: Contingency | None = None
    state: OrderState = OrderState.OPEN
    triggered: bool = False
    # Marketable when it arrived and not yet filled: a taker, at the market's price, until the market leaves its limit.
    crossing: bool = False
    filled: Decimal = ZERO
    notional: Decimal = ZERO
    fees: Decimal = ZERO
    fill_chain: Chain[Fill] = _NO_FILLS
    draws: int = 0
    number: int = 0
    created_ns: int = 0
    follows_at: Decimal | None = None
    # Of an iceberg, what has filled of the part that is shown; the recorded size before it, when last reached.
    used: Decimal = ZERO
    ahead: Decimal | None = None

    @property
    def leaves(self) -> Decimal:
        """What may still fill."""
        return subtract(self.quantity, self.filled)

    @property
    def visible(self) -> Decimal:
        """How much of it stands in its place in the queue: of an iceberg what is left of the part that is shown."""
        shown = self.instructions.display_quantity
        if shown is None:
            return self.leaves
        return min(self.leaves, subtract(shown, self.used))

    @property
    def expires_ns(self) -> int | None:
        """When it expires, in nanoseconds since the epoch, UTC; None for never."""
        return self.day_ends_ns if self.expire_time_ns is None else self.expire_time_ns

    @property
    def waits_for_stop(self) -> bool:
        """Whether its trigger price has not been reached."""
        return self.order_type in STOPS and not self.triggered

    @property
    def may_rest(self) -> bool:
        """Whether what does not fill at once waits for the market."""
        return self.price is not None and self.time_in_force not in _AT_ONCE

    @property
    def rests_at(self) -> Decimal | None:
        """The price that brings it into play: the stop until it is reached, then the limit; None where it has none."""
        return self.stop_price if self.waits_for_stop else self.price

    @property
    def is_live(self) -> bool:
        """Whether it is on the book."""
        return self.state in _LIVE

    def may_trade_at(self, price: Decimal) -> bool:
        """Say whether its limit allows the price."""
        if self.price is None:
            return True
        return price <= self.price if self.side is Side.BUY else price >= self.price

    def is_stopped_by(self, price: Decimal) -> bool:
        """Say whether a price is at its stop or beyond."""
        stop = self.stop_price
        return stop is not None and (price >= stop if self.side is Side.BUY else price <= stop)

    def is_led_by(self, price: Decimal) -> bool:
        """Say whether a price takes its stop along, or has it begin to follow."""
        at = self.follows_at
        return at is not None and (price <= at if self.side is Side.BUY else price >= at)
