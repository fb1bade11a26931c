"""What the log says: one line for each order event and each trouble, its values as fields.

Nothing is logged by itself: subscribe log_update, give log_trouble as on_error, and enable loguru for "orderpit".
"""

from __future__ import annotations

from typing import Any

import attrs
from loguru import logger

from ..model.alarm import Alarm
from ..model.events import CommandRefused, OrderDenied, OrderFilled, OrderRejected, OrderUpdate
from ..model.numbers import plain
from .messages import Problem

_REFUSALS = (CommandRefused, OrderDenied, OrderRejected)


def log_update(update: OrderUpdate) -> None:
    """Write one order event, refusals as warnings: a callable for TradingSystem.subscribe()."""
    event, order = update.event, update.order
    fields: dict[str, Any] = {"sequence": update.sequence, "event": type(event).__name__, "order_id": event.order_id}
    if order is not None:
        fields |= {"symbol": order.symbol, "side": order.side.value, "type": order.order_type.value}
        fields |= {"quantity": plain(order.quantity), "filled": plain(order.filled_quantity)}
        fields |= {} if order.price is None else {"price": plain(order.price)}
        fields |= {"state": order.state.value}
    if isinstance(event, OrderFilled):
        fields |= {"fill_quantity": plain(event.fill.quantity), "fill_price": plain(event.fill.price)}
        fields |= {"fee": plain(event.fill.fee), "fee_currency": event.fill.fee_currency}
    if isinstance(event, _REFUSALS):
        fields |= {"reason": event.reason.value, "text": event.text}
    bound = logger.bind(time_ns=event.time_ns, **fields)
    if isinstance(event, _REFUSALS):
        bound.warning("refused")
    else:
        bound.info("order event")


def log_trouble(trouble: Problem | Alarm) -> None:
    """Write what went wrong inside: a callable for on_error."""
    fields = attrs.asdict(trouble, recurse=False)
    fields |= {"code": trouble.code.value} if isinstance(trouble, Alarm) else {}
    logger.bind(**fields).error("alarm" if isinstance(trouble, Alarm) else "problem")
