"""What the log says: one line for each order event and each trouble, its values as fields.

Nothing is logged by itself: subscribe log_update, give log_trouble as on_error, and enable loguru for "orderpit".
"""

from __future__ import annotations

from typing import Any

import attrs
from loguru import logger

from ..model.account_events import CashMoved, LimitsChanged, TradingStateChanged
from ..model.alarm import Alarm
from ..model.events import CommandRefused, Event, OrderDenied, OrderFilled, OrderRejected, OrderUpdate
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
    fields |= _of_the_account(event)
    bound = logger.bind(time_ns=event.time_ns, **fields)
    if isinstance(event, _REFUSALS):
        bound.warning("refused")
    elif isinstance(event, TradingStateChanged):
        bound.warning("trading state")
    elif isinstance(event, CashMoved | LimitsChanged):
        bound.info("account event")
    else:
        bound.info("order event")


def _of_the_account(event: Event) -> dict[str, Any]:
    """Return the fields of what concerns no order."""
    match event:
        case CashMoved():
            fields = {"transfer_id": event.transfer_id, "amount": plain(event.amount), "currency": event.currency}
            return {**fields, "text": event.text}
        case LimitsChanged():
            return {"limits": str(event.limits)}
        case TradingStateChanged():
            action = "" if event.action is None else event.action.value
            fields = {"strategy_id": event.strategy_id, "before": event.before.value, "state": event.state.value}
            return {**fields, "trip": event.trip.value, "action": action, "text": event.text}
        case _:
            return {}


def log_trouble(trouble: Problem | Alarm) -> None:
    """Write what went wrong inside: a callable for on_error."""
    fields = attrs.asdict(trouble, recurse=False)
    fields |= {"code": trouble.code.value} if isinstance(trouble, Alarm) else {}
    logger.bind(**fields).error("alarm" if isinstance(trouble, Alarm) else "problem")
