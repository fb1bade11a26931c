"""The fields of venue reports: each function takes what an adapter gives, or raises InvalidReport naming the field."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from .errors import InvalidReport
from .kinds import Liquidity, OrderState, Reason, Side
from .numbers import DIGITS, Number, exact, not_negative, positive, whole
from .text import free_text, identifier

# A fee is a product of price, quantity and rate, so it may carry three times the digits of each.
_FEE_DIGITS: Final = 3 * DIGITS


def client_order_id(value: str) -> str:
    """Take our id of the order."""
    return identifier("client_order_id", value, InvalidReport)


def execution_id(value: str) -> str:
    """Take the venue's id of an execution."""
    return identifier("execution_id", value, InvalidReport)


def symbol(value: str) -> str:
    """Take a symbol."""
    return identifier("symbol", value, InvalidReport)


def exchange_order_id(value: str | None) -> str | None:
    """Take the venue's id of the order, where it has one."""
    return None if value is None else identifier("exchange_order_id", value, InvalidReport)


def optional_request_id(value: str | None) -> str | None:
    """Take our id of a query, where the venue repeats it."""
    return None if value is None else request_id(value)


def request_id(value: str) -> str:
    """Take our id of a cancel or modification."""
    return identifier("request_id", value, InvalidReport)


def fee_currency(value: str) -> str:
    """Take a currency."""
    return identifier("fee_currency", value, InvalidReport)


def quantity(value: Number) -> Decimal:
    """Take a quantity, in units of the base."""
    return positive("quantity", value, InvalidReport)


def optional_quantity(value: Number | None) -> Decimal | None:
    """Take a quantity, where there is one."""
    return None if value is None else positive("quantity", value, InvalidReport)


def price(value: Number) -> Decimal:
    """Take a price, in the quote currency."""
    return positive("price", value, InvalidReport)


def optional_price(value: Number | None) -> Decimal | None:
    """Take a price, where there is one."""
    return None if value is None else positive("price", value, InvalidReport)


def optional_stop_price(value: Number | None) -> Decimal | None:
    """Take a trigger price, where there is one."""
    return None if value is None else positive("stop_price", value, InvalidReport)


def optional_expire_time_ns(value: int | None) -> int | None:
    """Take when an order ends, in nanoseconds, where there is such a time."""
    return None if value is None else whole("expire_time_ns", value, InvalidReport, least=1)


def filled_quantity(value: Number) -> Decimal:
    """Take a sum of executions, in units of the base."""
    return not_negative("filled_quantity", value, InvalidReport)


def optional_filled_quantity(value: Number | None) -> Decimal | None:
    """Take a sum of executions, where there is one."""
    return None if value is None else filled_quantity(value)


def fee(value: Number) -> Decimal:
    """Take a fee; a rebate is negative."""
    return exact("fee", value, InvalidReport, digits=_FEE_DIGITS)


def time_ns(value: int) -> int:
    """Take a time, in nanoseconds."""
    return whole("time_ns", value, InvalidReport)


def text(value: str) -> str:
    """Take words for people."""
    return free_text("text", value, InvalidReport)


def link_reason(value: str) -> str:
    """Take why a link is down, for people."""
    return free_text("reason", value, InvalidReport)


def source(value: str) -> str:
    """Take who says so."""
    return free_text("source", value, InvalidReport)


def side(value: Side) -> Side:
    """Take a side."""
    if type(value) is not Side:
        raise InvalidReport.of("side", value, "must be a Side")
    return value


def reason(value: Reason) -> Reason:
    """Take a reason."""
    if type(value) is not Reason:
        raise InvalidReport.of("reason", value, "must be a Reason")
    return value


def liquidity(value: Liquidity | None) -> Liquidity | None:
    """Take whether an execution made or took, where the venue tells it."""
    if value is not None and type(value) is not Liquidity:
        raise InvalidReport.of("liquidity", value, "must be a Liquidity or None")
    return value


def state(value: OrderState | None) -> OrderState | None:
    """Take a state, or None."""
    if value is not None and type(value) is not OrderState:
        raise InvalidReport.of("state", value, "must be an OrderState or None")
    return value


def complete(value: bool) -> bool:  # noqa: FBT001  # a converter takes one positional value
    """Take a flag."""
    if type(value) is not bool:
        raise InvalidReport.of("complete", value, "must be True or False")
    return value
