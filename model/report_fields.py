"""The fields of venue reports: each function takes what an adapter gives, or raises InvalidReport naming the field."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, TypeVar

import attrs

from .errors import InvalidReport
from .instructions import Instructions
from .kinds import Contingency, Liquidity, OrderState, OrderType, Reason, Side, TimeInForce, TrailingType
from .members import up_to_another_kind
from .numbers import DIGITS, Number, exact, not_negative, positive, whole
from .text import free_text, identifier

# A fee is a product of price, quantity and rate, so it may carry three times the digits of each.
_FEE_DIGITS: Final = 3 * DIGITS
_SUM_DIGITS: Final = _FEE_DIGITS
T = TypeVar("T")


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
    return _flag("complete", value)


def _flag(field: str, value: bool) -> bool:  # noqa: FBT001  # likewise
    if type(value) is not bool:
        raise InvalidReport.of(field, value, "must be True or False")
    return value


def closes(value: bool) -> bool:  # noqa: FBT001  # likewise
    """Take whether an order closes a hedged position."""
    return _flag("closes", value)


def triggered(value: bool) -> bool:  # noqa: FBT001  # likewise
    """Take whether a stop price has been reached."""
    return _flag("triggered", value)


def order_type(value: OrderType) -> OrderType:
    """Take a type of order."""
    if type(value) is not OrderType:
        raise InvalidReport.of("order_type", value, "must be an OrderType")
    return value


def time_in_force(value: TimeInForce) -> TimeInForce:
    """Take how long an order stays."""
    if type(value) is not TimeInForce:
        raise InvalidReport.of("time_in_force", value, "must be a TimeInForce")
    return value


def contingency(value: Contingency | None) -> Contingency | None:
    """Take what an execution does to the others of a group, where the venue ties them."""
    if value is not None and type(value) is not Contingency:
        raise InvalidReport.of("contingency", value, "must be a Contingency or None")
    return value


def instructions(value: Instructions) -> Instructions:
    """Take an order's instructions."""
    if type(value) is not Instructions:
        raise InvalidReport.of("instructions", value, "must be Instructions")
    for name in ("post_only", "reduce_only"):
        _flag(f"instructions {name}", getattr(value, name))
    if type(value.trailing_type) is not TrailingType:
        raise InvalidReport.of("instructions trailing_type", value.trailing_type, "must be a TrailingType")
    return attrs.evolve(
        value,
        display_quantity=_optional_positive("instructions display_quantity", value.display_quantity),
        trailing_offset=_optional_positive("instructions trailing_offset", value.trailing_offset),
        activation_price=_optional_positive("instructions activation_price", value.activation_price),
    )


def _optional_positive(field: str, value: Number | None) -> Decimal | None:
    return None if value is None else positive(field, value, InvalidReport)


def account(value: str) -> str:
    """Take whose an order is; empty where the venue keeps one account only."""
    return free_text("account", value, InvalidReport)


def link_id(value: str | None) -> str | None:
    """Take the id of a group, where an order belongs to one."""
    return None if value is None else identifier("link_id", value, InvalidReport)


def created_ns(value: int) -> int:
    """Take when an order came to the venue, in nanoseconds; 0 where it is not told."""
    return whole("created_ns", value, InvalidReport)


def orders(value: int) -> int:
    """Take how many orders were told of."""
    return whole("orders", value, InvalidReport)


def currency(value: str) -> str:
    """Take a currency."""
    return identifier("currency", value, InvalidReport)


def amount(value: Number) -> Decimal:
    """Take an amount of money; a debt is negative."""
    return exact("amount", value, InvalidReport, digits=_SUM_DIGITS)


def position(value: Number) -> Decimal:
    """Take a position, in units of the base; a short one is negative."""
    return exact("quantity", value, InvalidReport, digits=_SUM_DIGITS)


def opened_by(value: Side | None) -> Side | None:
    """Take which of two hedged positions it is."""
    if value is not None and type(value) is not Side:
        raise InvalidReport.of("opened_by", value, "must be a Side or None")
    return value


def optional_tuple_of(field: str, values: Iterable[T] | None, kind: type[T]) -> tuple[T, ...] | None:
    """Take any number of one kind, where the venue tells them."""
    if values is None:
        return None
    try:
        taken = up_to_another_kind(values, kind)
    except Exception as error:  # what is no iterable, or one of the adapter's own that raises
        raise InvalidReport.of(field, values, f"must be of {kind.__name__}, or None") from error
    for value in taken[-1:]:
        if type(value) is not kind:
            raise InvalidReport.of(field, value, f"must be a {kind.__name__}")
    return tuple(taken)
