"""What is wrong with a new order whatever the market does: grid, sizes, times and combinations of instructions.

Each rule has a reason code of its own, and its text names the field, the value and the number that decided. What can
never be valid, an order without a price where one is needed, raises when the command is built; what stands here is what
some instrument or venue allows and this one does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from .commands import ModifyOrder, SubmitOrder
from .instrument import Instrument
from .kinds import OrderType, Reason, TimeInForce, TrailingType
from .numbers import is_multiple, plain
from .order import Order
from .refusal import Refusal

_AT_ONCE: Final = frozenset({TimeInForce.IOC, TimeInForce.FOK})
_DATED: Final = frozenset({TimeInForce.GTD, TimeInForce.DAY})
_NEVER_RESTS: Final = frozenset({OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP})


def check_submission(order: SubmitOrder, instrument: Instrument, now_ns: int) -> Refusal | None:
    """Judge a new order by what does not depend on prices, funds or limits; the first rule that it breaks."""
    return (
        check_combination(order)
        or check_expiry(order.expire_time_ns, now_ns)
        or instrument.check_quantity(order.quantity)
        or _check_display(order, instrument)
        or _check_trail(order, instrument)
    )


def check_combination(order: SubmitOrder) -> Refusal | None:
    """Refuse instructions that contradict each other.

    * post_only rests or does nothing. So it does not go with what never rests: MARKET, STOP and TRAILING_STOP, which
      become market orders, and IOC and FOK. Binance Spot has it as an order type of its own, LIMIT_MAKER, which takes
      no timeInForce. On a STOP_LIMIT it counts once the order has been triggered.
    * display_quantity shows a part of what rests, so the same goes for it. On Binance Spot icebergQty is for limit
      orders with timeInForce GTC; CME Globex has a display quantity (FIX tag 1138; 210, MaxShow, in FIX 4.4) on limit
      and stop-limit orders, good for the day or till a date also, which is what is allowed here.
    * GTD and DAY say when what rests ends, and what a MARKET order does not fill ends at once. FIX 4.4 and CME Globex
      let one carry them, since there the remainder may rest; on Binance Spot MARKET takes no timeInForce.

    reduce_only goes with everything. On a stop, IOC and FOK count once it has been triggered.
    """
    for field, shown, other in _contradictions(order):
        return Refusal.of(Reason.UNSUPPORTED_COMBINATION, field, shown, f"does not go with {other}")
    return None


def _contradictions(order: SubmitOrder) -> Iterator[tuple[str, str, str]]:
    kind, lasts = order.order_type, order.time_in_force
    resting: list[tuple[str, str]] = []
    if order.post_only:
        resting.append(("post_only", "True"))
    if order.display_quantity is not None:
        resting.append(("display_quantity", plain(order.display_quantity)))
    for field, shown in resting:
        if kind in _NEVER_RESTS:
            yield field, shown, f"order_type {kind.value}"
        if lasts in _AT_ONCE:
            yield field, shown, f"time_in_force {lasts.value}"
    if kind is OrderType.MARKET and lasts in _DATED:
        yield "time_in_force", lasts.value, f"order_type {kind.value}"


def check_expiry(expire_time_ns: int | None, now_ns: int) -> Refusal | None:
    """Refuse a time that is over: an order has expired from its expiry on."""
    if expire_time_ns is None or expire_time_ns > now_ns:
        return None
    return Refusal.of(Reason.EXPIRE_TIME, "expire_time_ns", str(expire_time_ns), f"must be after now, {now_ns}")


def check_has(order: SubmitOrder | Order, change: ModifyOrder) -> Refusal | None:
    """Refuse new terms for what the order has not; the stop price of a trailing stop follows the market."""
    for field, wanted, has in (
        ("price", change.price, order.price),
        ("stop_price", change.stop_price, order.stop_price),
    ):
        if wanted is not None and has is None:
            return Refusal.of(Reason.UNSUPPORTED, field, wanted, f"a {order.order_type.value} order has none to change")
    if change.expire_time_ns is not None and order.time_in_force is not TimeInForce.GTD:
        rule = f"a {order.time_in_force.value} order has none to change"
        return Refusal.of(Reason.UNSUPPORTED, "expire_time_ns", str(change.expire_time_ns), rule)
    return None


def _check_display(order: SubmitOrder, instrument: Instrument) -> Refusal | None:
    """Hold what is shown against the quantity (Binance filter ICEBERG_PARTS, FIX OrdRejReason 13) and the lot."""
    shown = order.display_quantity
    if shown is None:
        return None
    if shown > order.quantity:
        rule = f"must be at most the quantity {plain(order.quantity)}"
        return Refusal.of(Reason.DISPLAY_QUANTITY, "display_quantity", shown, rule)
    if not is_multiple(shown, instrument.quantity_increment):
        rule = f"must be a multiple of {plain(instrument.quantity_increment)}"
        return Refusal.of(Reason.DISPLAY_QUANTITY, "display_quantity", shown, rule)
    return None


def _check_trail(order: SubmitOrder, instrument: Instrument) -> Refusal | None:
    """Hold the prices of a trailing stop against the tick; one in per cent or ticks gives prices on it by itself."""
    offset = order.trailing_offset if order.trailing_type is TrailingType.AMOUNT else None
    return _on_grid("trailing_offset", offset, instrument) or _on_grid(
        "activation_price", order.activation_price, instrument
    )


def _on_grid(field: str, price: Decimal | None, instrument: Instrument) -> Refusal | None:
    return None if price is None else instrument.check_tick(field, price)
