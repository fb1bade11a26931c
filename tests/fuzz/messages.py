"""Fuzzing of what is built: commands, market data, reports, instruments and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from random import Random
from typing import Any, Final

import attrs

from orderpit.model import reports as r
from orderpit.model.account import Currency, MarginAccount
from orderpit.model.commands import CancelOrder, ChangeLimits, ModifyOrder, MoveCash, SubmitGroup, SubmitOrder
from orderpit.model.errors import (
    InvalidConfiguration,
    InvalidInstrument,
    InvalidMarketData,
    InvalidOrder,
    InvalidReport,
    InvalidValue,
)
from orderpit.model.instructions import Instructions
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import (
    Action,
    Contingency,
    Liquidity,
    OrderState,
    OrderType,
    Reason,
    Side,
    TimeInForce,
    TrailingType,
    Trip,
)
from orderpit.model.limits import RiskLimits, Rule
from orderpit.model.market import Bar, Depth, Quote, Trade
from orderpit.model.session import Inbound, Outbound
from orderpit.model.trading_hours import TradingHours

from .outcome import Case, accepts
from .values import (
    Draw,
    changed,
    either,
    exactly,
    flag,
    junk,
    levels,
    member,
    name,
    number,
    remark,
    time,
)

_DIGITS: Final = 54
_LONGEST: Final = 256
_STAMP: Final[Mapping[str, Draw]] = {"time_ns": time, "source": remark}
_OPTIONAL: Final = either(number, exactly(None))
_FILL: Final = r.Fill(execution_id="x", quantity="1", price="1", fee_currency="USDT")
_ORDER: Final = {"symbol": "A/B", "side": Side.BUY, "order_type": OrderType.LIMIT, "quantity": "1", "price": "1"}
_TRAILING: Final = {"order_type": OrderType.TRAILING_STOP, "price": None, "trailing_offset": "1"}
_DATED: Final = {"time_in_force": TimeInForce.GTD, "expire_time_ns": 1}
_UNTIL: Final = either(time, exactly(None))
_TERMS: Final = {"price": _OPTIONAL, "quantity": _OPTIONAL, "stop_price": _OPTIONAL, "expire_time_ns": _UNTIL}
_CLOCK: Final = either(remark, exactly("00:00", "23:59", "24:00", "9:30", "09:30\n", "\u0660\u0669:30"))
_ID: Final = {"client_order_id": "o"}
_TRADED: Final = {**_ID, "symbol": "A/B", "fill": _FILL}
_HELD: Final = (r.VenueBalance(currency="A", amount="-1"), r.VenuePosition(symbol="A/B", quantity="-1"))
_LISTED: Final = {
    **_ID, "request_id": "l", "symbol": "A/B", "side": Side.BUY, "order_type": OrderType.LIMIT, "quantity": "1",
}  # fmt: skip
_REPORTS: Final[tuple[tuple[type[Any], Mapping[str, Any]], ...]] = (
    *((kind, _ID) for kind in (r.VenueAccepted, r.VenueRejected, r.VenueTriggered, r.VenueCancelled, r.VenueExpired)),
    *((kind, {**_ID, "request_id": "c"}) for kind in (r.VenueModified, r.VenueCancelRejected, r.VenueModifyRejected)),
    (r.VenueFilled, {**_TRADED, "side": Side.BUY}),
    (r.VenueFillBusted, {**_ID, "symbol": "A/B", "execution_id": "x"}),
    (r.VenueFillCorrected, _TRADED),
    (r.VenueStatus, {**_ID, "state": None}),
    (r.VenueOrderListed, _LISTED),
    (r.VenueListed, {"request_id": "l", "orders": 1}),
    (r.VenueBalance, {"currency": "A", "amount": "1"}),
    (r.VenuePosition, {"symbol": "A/B", "quantity": "1"}),
    (r.VenueDisconnected, {}),
    (r.VenueConnected, {}),
)
_OF_REPORTS: Final[Mapping[str, Draw]] = {
    **dict.fromkeys(("client_order_id", "exchange_order_id", "request_id", "execution_id", "symbol"), name),
    **_TERMS,
    **_STAMP,
    "reason": either(member(Reason), remark),
    "text": remark,
    "side": member(Side),
    "state": member(OrderState),
    "filled_quantity": _OPTIONAL,
    "complete": flag,
    "fill": either(junk, exactly(_FILL)),
    "order_type": member(OrderType),
    "time_in_force": member(TimeInForce),
    "instructions": either(junk, exactly(Instructions(), Instructions(display_quantity=Decimal(1)))),
    "account": remark,
    "closes": flag,
    "triggered": flag,
    "link_id": either(name, exactly(None)),
    "contingency": either(member(Contingency), exactly(None)),
    "created_ns": time,
    "orders": time,
    "balances": either(junk, exactly(None, (), _HELD[:1], _HELD)),
    "positions": either(junk, exactly(None, (), _HELD[1:], _HELD)),
    "currency": name,
    "amount": number,
    "opened_by": either(member(Side), exactly(None)),
}


def _drawn(kind: type[Any]) -> Mapping[str, Draw]:
    return {field.name: _OF_REPORTS[field.name] for field in attrs.fields(kind)}


Target = tuple[type[Any], type[InvalidValue], Mapping[str, Any], Mapping[str, Draw]]

_OF_ORDERS: Final[Mapping[str, Draw]] = {
    "symbol": name, "side": member(Side), "order_type": member(OrderType), **_TERMS,
    "time_in_force": member(TimeInForce), "post_only": flag, "reduce_only": flag, "display_quantity": _OPTIONAL,
    "trailing_offset": _OPTIONAL, "trailing_type": member(TrailingType), "activation_price": _OPTIONAL,
    "order_id": name, "tag": remark, "notes": remark, **_STAMP,
}  # fmt: skip

_ENTRY: Final = SubmitOrder("A/B", Side.BUY, OrderType.LIMIT, "1", price="2")
_LEGS: Final = (
    _ENTRY,
    SubmitOrder("A/B", Side.SELL, OrderType.LIMIT, "1", price="3"),
    SubmitOrder("A/B", Side.SELL, OrderType.STOP, "1", stop_price="1"),
    SubmitOrder("A/B", Side.SELL, OrderType.TRAILING_STOP, "1", trailing_offset="1"),
    SubmitOrder("A/B", Side.SELL, OrderType.STOP, "1", stop_price="5"),
    SubmitOrder("C/D", Side.BUY, OrderType.MARKET, "2", order_id="taken"),
)


def _orders(random: Random) -> Any:
    return tuple(random.choice((*_LEGS, *_LEGS, junk(random))) for _ in range(random.randrange(5)))


_OF_GROUPS: Final[Mapping[str, Draw]] = {
    "contingency": member(Contingency), "orders": either(_orders, junk, exactly(_LEGS[:3], _LEGS[:2])),
    "group_id": either(name, exactly(None)), **_STAMP,
}  # fmt: skip
_COUNT: Final = either(time, exactly(None, 1, 20))
_LIMITED: Final = (RiskLimits(), RiskLimits(max_long="1"), RiskLimits(instruments={"A/B": RiskLimits(max_gross="2")}))


def _named(random: Random) -> Any:
    pairs: list[Any] = []
    for _ in range(random.randrange(4)):
        limits = either(junk, exactly(*_LIMITED, *_LIMITED))(random)
        pairs.append((either(name, exactly("A", "B"))(random), limits))
    try:
        return dict(pairs) if random.randrange(2) else tuple(pairs)
    except Exception:  # noqa: BLE001  # what cannot be hashed is no key
        return tuple(pairs)


_OF_LIMITS: Final[Mapping[str, Draw]] = {
    **dict.fromkeys((
        "max_order_quantity", "max_order_notional", "price_collar", "max_long", "max_short", "max_gross",
        "max_exposure", "max_leverage", "max_concentration", "duplicate_within", "max_daily_loss", "max_drawdown",
        "max_reject_rate", "max_data_age",
    ), _OPTIONAL),
    **dict.fromkeys((
        "max_open_orders", "max_orders_per_second", "max_modifies_per_second", "max_cancels_per_second",
        "max_requests_per_second", "cancel_reserve", "max_consecutive_losses", "reject_window",
    ), _COUNT),
    "refuse_self_crossing": flag, "only_in_trading_hours": flag,
    "instruments": either(junk, _named), "strategies": either(junk, _named),
}  # fmt: skip
_ALSO_NAMED: Final = {SubmitGroup: frozenset({"profit_target", "stop_loss", "order_id", "symbol", "side", "quantity"})}
"""What the refusal of a message may name besides its own fields: those of what is in it."""

TARGETS: Final[tuple[Target, ...]] = (
    (SubmitGroup, InvalidOrder, {"contingency": Contingency.BRACKET, "orders": _LEGS[:3]}, _OF_GROUPS),
    (SubmitGroup, InvalidOrder, {"contingency": Contingency.OUO, "orders": _LEGS[1:3]}, _OF_GROUPS),
    (SubmitOrder, InvalidOrder, _ORDER, _OF_ORDERS),
    (SubmitOrder, InvalidOrder, {**_ORDER, **_TRAILING}, _OF_ORDERS),
    (SubmitOrder, InvalidOrder, {**_ORDER, **_DATED}, _OF_ORDERS),
    (ModifyOrder, InvalidOrder, {"order_id": "o", "price": "1"}, {"order_id": name, **_TERMS, **_STAMP}),
    (CancelOrder, InvalidOrder, {"order_id": "o"}, {"order_id": name, **_STAMP}),
    (Quote, InvalidMarketData, {"symbol": "A/B", "bid": "1", "ask": "2"}, {
        "symbol": name, "bid": _OPTIONAL, "ask": _OPTIONAL, "bid_size": _OPTIONAL, "ask_size": _OPTIONAL, **_STAMP,
    }),
    (Trade, InvalidMarketData, {"symbol": "A/B", "price": "1"}, {
        "symbol": name, "price": number, "size": _OPTIONAL, "aggressor": member(Side), **_STAMP,
    }),
    (Bar, InvalidMarketData, {"symbol": "A/B", "open": "2", "high": "3", "low": "1", "close": "2"}, {
        "symbol": name, "open": number, "high": number, "low": number, "close": number, "volume": _OPTIONAL, **_STAMP,
    }),
    (Depth, InvalidMarketData, {"symbol": "A/B", "bids": (), "asks": ()}, {
        "symbol": name, "bids": levels, "asks": levels, **_STAMP,
    }),
    (Instrument, InvalidInstrument, {"symbol": "A/B", "price_increment": "1", "quantity_increment": "1"}, {
        "symbol": name, "price_increment": number, "quantity_increment": number, "min_quantity": _OPTIONAL,
        "max_quantity": _OPTIONAL, "min_notional": _OPTIONAL, "max_notional": _OPTIONAL, "price_band": _OPTIONAL,
        "base_currency": name, "quote_currency": name,
        "trading_hours": either(junk, exactly(None, TradingHours(open="09:30", close="16:00"))),
    }),
    (TradingHours, InvalidInstrument, {"open": "09:30", "close": "16:00"}, {
        "open": _CLOCK, "close": _CLOCK, "time_zone": either(junk, exactly(UTC, timezone(timedelta(hours=-5)))),
        "days": either(junk, levels, exactly((0, 1), [6], {1, 2}, range(7), (7,), (0, 0))),
    }),
    *[(RiskLimits, InvalidConfiguration, {"max_requests_per_second": 5}, _OF_LIMITS)] * 2,
    (Rule, InvalidConfiguration, {"on": Trip.DRAWDOWN, "action": Action.HALT, "limit": "1"}, {
        "on": member(Trip), "action": member(Action), "limit": _OPTIONAL, "strategy": name,
    }),
    (Currency, InvalidConfiguration, {"code": "USDT"}, {
        "code": name, "places": _COUNT, "rounding": either(junk, exactly("half-even", "half-up", "down", "DOWN")),
    }),
    (MarginAccount, InvalidConfiguration, {"leverage": "2", "maintenance_margin": "0.1"}, {
        "leverage": _OPTIONAL, "initial_margin": _OPTIONAL, "maintenance_margin": number,
    }),
    (MoveCash, InvalidOrder, {"currency": "USDT", "amount": "1"}, {
        "currency": name, "amount": number, "transfer_id": either(name, exactly(None)), "text": remark, **_STAMP,
    }),
    (ChangeLimits, InvalidOrder, {"limits": RiskLimits()}, _STAMP),
    (ChangeLimits, InvalidConfiguration, {"limits": RiskLimits()}, {"limits": either(junk, exactly(*_LIMITED))}),
    (r.Fill, InvalidReport, {"execution_id": "x", "quantity": "1", "price": "1", "fee_currency": "USDT"}, {
        "execution_id": name, "quantity": number, "price": number, "fee": number, "fee_currency": name,
        "liquidity": member(Liquidity), "time_ns": time,
    }),
    *((kind, InvalidReport, base, _drawn(kind)) for kind, base in _REPORTS),
)  # fmt: skip
"""What is built: its class, the error that refuses it, good arguments, and what draws each argument anew."""


_NUMBERED: Final = ("number", "next_number", "possible_duplicate", "expected", "limit", "first", "last")


def numbered(random: Random) -> Case:
    """Draw what a session is told of a numbered message."""
    one, other, wrong = time(random), time(random), flag(random)
    inbound, outbound = Inbound[int](3), Outbound().sent().sent()
    calls: tuple[Callable[[], object], ...] = (
        lambda: Inbound[int](one, limit=other),
        lambda: inbound.take(one, 0, possible_duplicate=wrong),
        lambda: inbound.skip(one, other, possible_duplicate=wrong),
        lambda: Outbound(one),
        lambda: outbound.asked_again(one, other),
    )
    call = random.choice(calls)
    return Case("a numbered message", lambda: accepts(call, InvalidReport, _NUMBERED))


def message(random: Random) -> Case:
    """Draw the building of one message, or the taking of a numbered one."""
    if not random.randrange(40):
        return numbered(random)
    kind, error, base, draws = random.choice(TARGETS)
    arguments = changed(random, base, draws)
    return Case(
        kind.__name__, lambda: _built(kind, error, arguments, frozenset(draws) | _ALSO_NAMED.get(kind, frozenset()))
    )


def _built(kind: type[Any], error: type[InvalidValue], arguments: Mapping[str, Any], fields: frozenset[str]) -> bool:
    built: list[Any] = []
    if not accepts(lambda: built.append(kind(**arguments)), error, fields):
        return False
    (value,) = built
    check(value)
    again = kind(**{field.name: getattr(value, field.name) for field in attrs.fields(kind)})
    assert again == value, "built of its own fields it is another"
    assert hash(again) == hash(value), "built of its own fields it has another hash"
    return True


def check(value: object) -> None:
    """Hold a value that was accepted against what messages are made of.

    Raises:
        AssertionError: for what has no place in a message, or is out of range.
    """
    kind = type(value)
    if kind is Decimal:
        assert value.is_finite(), value
        digits, exponent = value.as_tuple()[1:]
        assert -_DIGITS <= exponent <= 0, exponent
        assert len(digits) + exponent <= _DIGITS, "too many digits"
        assert value or not value.is_signed(), "minus zero"
    elif kind is str:
        assert len(value) <= _LONGEST
        assert value.isprintable()
    elif kind is int:
        assert 0 <= value < 2**63
    elif kind is tuple:
        for item in value:
            check(item)
    elif attrs.has(kind):
        for field in attrs.fields(kind):
            check(getattr(value, field.name))
    else:
        assert value is None or kind is bool or isinstance(value, Enum | tzinfo), kind
