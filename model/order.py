"""The order: its terms and its four facts, as one immutable value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import attrs

from .chain import Chain
from .instructions import NO_INSTRUCTIONS, Instructions
from .kinds import Liquidity, OrderState, OrderType, Pending, Reason, Side, TimeInForce, TrailingType
from .link import Link
from .numbers import HUNDRED, ZERO, multiply, plain, ratio, subtract, to_places, total
from .replacement import Replacement
from .reports import Fill

LIVE: Final = frozenset({OrderState.PENDING, OrderState.SUBMITTED, OrderState.OPEN, OrderState.PARTIALLY_FILLED})
CLOSED: Final = frozenset(OrderState) - LIVE
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


_NO_FILLS: Final[Chain[Fill]] = Chain()


@attrs.frozen(kw_only=True, weakref_slot=False)
class Order:
    """An order as it stood after one event.

    Quantities are in units of the base, prices and amounts in the quote currency, times in nanoseconds since the epoch
    (UTC). The four facts: state; pending, the request in flight; what has filled; and in_doubt, whether the venue's
    answer is missing. At all times filled - excess + leaves + cancelled = quantity.

    pending_request_id is the last request that has had no answer of its own; it outlives the order's end, so that a
    refusal that was overtaken by the end is told once. withdrawn_because is why a cancel went out that has had no
    answer. overtaken_request_id is a modification that has had no answer when a cancel went after it; pending_quantity
    is what a modification without an answer asks for. terms_changed says that the terms are no longer those that were
    sent. venue_filled_quantity is what the venue says has filled, while the order is in doubt because executions are
    missing; until_asked says that the doubt ends with the venue's answer to a query and with no other report. link is
    its place in a group.

    Where an amend is a cancel and a new order, replaced_client_order_ids are those under which it was at the venue
    before, oldest first; replaced_filled_quantity is what is booked as filled under them, replaced_quantity what the
    present one was sized by; replacement is the modification under way.

    average_fill_price is for display (40 decimal places); filled_notional is exact. fees_paid sums in fee_currency,
    that of the order's first fill; a fee in another currency is in the fills alone.
    """

    order_id: str
    client_order_id: str
    exchange_order_id: str | None = None
    strategy_id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    expire_time_ns: int | None = None
    instructions: Instructions = NO_INSTRUCTIONS
    link: Link | None = None
    replaced_client_order_ids: tuple[str, ...] = ()
    replacement: Replacement | None = None
    replaced_quantity: Decimal = ZERO
    replaced_filled_quantity: Decimal = ZERO
    state: OrderState = OrderState.PENDING
    pending: Pending = Pending.NONE
    pending_request_id: str | None = None
    withdrawn_because: Reason | None = None
    overtaken_request_id: str | None = None
    pending_quantity: Decimal | None = None
    triggered: bool = False
    terms_changed: bool = False
    in_doubt: bool = False
    venue_filled_quantity: Decimal | None = None
    until_asked: bool = False
    late_fill: bool = False
    filled_quantity: Decimal = ZERO
    filled_notional: Decimal = ZERO
    fees_paid: Decimal = ZERO
    fee_currency: str | None = None
    fill_chain: Chain[Fill] = _NO_FILLS
    created_ns: int
    submitted_ns: int | None = None
    filled_ns: int | None = None
    closed_ns: int | None = None
    reason: Reason | None = None
    reason_text: str = ""
    tag: str = ""
    notes: str = ""

    @property
    def fills(self) -> tuple[Fill, ...]:
        """Every execution that stands, in the order in which it was booked."""
        return self.fill_chain.items()

    @property
    def remaining_quantity(self) -> Decimal:
        """What has not filled: max(quantity - filled, 0)."""
        return max(subtract(self.quantity, self.filled_quantity), ZERO)

    @property
    def leaves_quantity(self) -> Decimal:
        """What may still fill: the remainder while live, zero once closed (FIX tag 151)."""
        return ZERO if self.is_closed else self.remaining_quantity

    @property
    def cancelled_quantity(self) -> Decimal:
        """What will never fill: the remainder once closed."""
        return self.remaining_quantity if self.is_closed else ZERO

    @property
    def excess_quantity(self) -> Decimal:
        """What the venue executed beyond the quantity."""
        return max(subtract(self.filled_quantity, self.quantity), ZERO)

    @property
    def misses_executions(self) -> bool:
        """Whether the venue has said that more filled under replaced client ids than is booked."""
        return self.replaced_filled_quantity < self.replaced_quantity

    @property
    def average_fill_price(self) -> Decimal:
        """Notional over quantity, zero while nothing has filled."""
        return ratio(self.filled_notional, self.filled_quantity) if self.filled_quantity else ZERO

    @property
    def fill_percentage(self) -> Decimal:
        """Filled part of the quantity in per cent."""
        return ratio(multiply(self.filled_quantity, HUNDRED), self.quantity)

    @property
    def maker_quantity(self) -> Decimal:
        """What has filled while it rested; with the taker's, and what the venue leaves unstated, all that has."""
        return self._quantity_as(Liquidity.MAKER)

    @property
    def taker_quantity(self) -> Decimal:
        """What has filled against resting orders."""
        return self._quantity_as(Liquidity.TAKER)

    @property
    def maker_fees(self) -> Decimal:
        """The part of fees_paid that was paid as maker."""
        return self._fees_as(Liquidity.MAKER)

    @property
    def taker_fees(self) -> Decimal:
        """The part of fees_paid that was paid as taker."""
        return self._fees_as(Liquidity.TAKER)

    def _quantity_as(self, liquidity: Liquidity) -> Decimal:
        return total(fill.quantity for fill in self.fills if fill.liquidity is liquidity)

    def _fees_as(self, liquidity: Liquidity) -> Decimal:
        currency = self.fee_currency
        return total(fill.fee for fill in self.fills if fill.liquidity is liquidity and fill.fee_currency == currency)

    @property
    def post_only(self) -> bool:
        """Whether it may only rest on the book, never take."""
        return self.instructions.post_only

    @property
    def reduce_only(self) -> bool:
        """Whether it may only bring the position closer to zero."""
        return self.instructions.reduce_only

    @property
    def closes(self) -> bool:
        """Whether, where positions are hedged, it closes what is there before it opens anything.

        So does what may only reduce, and an exit of a bracket (FIX tag 77, PositionEffect).
        """
        return self.instructions.reduce_only or (self.link is not None and self.link.is_exit)

    @property
    def display_quantity(self) -> Decimal | None:
        """How much of it the market sees at a time; None for all."""
        return self.instructions.display_quantity

    @property
    def trailing_offset(self) -> Decimal | None:
        """How far a trailing stop stays behind the market, in what trailing_type says."""
        return self.instructions.trailing_offset

    @property
    def trailing_type(self) -> TrailingType:
        """What the trailing offset counts."""
        return self.instructions.trailing_type

    @property
    def activation_price(self) -> Decimal | None:
        """Where a trailing stop begins to follow the market; None for at once."""
        return self.instructions.activation_price

    @property
    def group_id(self) -> str | None:
        """The group that it belongs to."""
        return None if self.link is None else self.link.group_id

    @property
    def is_buy(self) -> bool:
        """Whether it buys."""
        return self.side is Side.BUY

    @property
    def is_sell(self) -> bool:
        """Whether it sells."""
        return self.side is Side.SELL

    @property
    def is_open(self) -> bool:
        """Whether it works on the venue's book: OPEN or PARTIALLY_FILLED."""
        return self.state is OrderState.OPEN or self.state is OrderState.PARTIALLY_FILLED

    @property
    def is_filled(self) -> bool:
        """Whether it is completely filled."""
        return self.state is OrderState.FILLED

    @property
    def is_closed(self) -> bool:
        """Whether its state is terminal."""
        return self.state in CLOSED

    def to_dict(self) -> dict[str, str | None]:
        """Return the notebook's keys; decimals as plain strings, the time in ISO 8601, UTC."""
        created = _EPOCH + timedelta(microseconds=self.created_ns // 1000)
        return {
            "order_id": self.order_id,
            "client_order_id": self.client_order_id,
            "symbol": self.symbol,
            "side": self.side.value,
            "type": self.order_type.value,
            "quantity": plain(self.quantity),
            "price": None if self.price is None else plain(self.price),
            "stop_price": None if self.stop_price is None else plain(self.stop_price),
            "state": self.state.value,
            "filled_quantity": plain(self.filled_quantity),
            "remaining_quantity": plain(self.remaining_quantity),
            "average_fill_price": plain(self.average_fill_price),
            "fill_percentage": f"{to_places(self.fill_percentage, 1)}%",
            "created_at": created.isoformat(),
            "fees_paid": plain(self.fees_paid),
        }

    def __str__(self) -> str:
        at = "@MARKET" if self.price is None else f"@${to_places(self.price, 2)}"
        return f"{self.side.value} {plain(self.quantity)} {self.symbol} {at} ({self.state.value})"
