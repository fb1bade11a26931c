"""Events as a journal may get them: one of each class with every field told, and any that Hypothesis can think of."""

from __future__ import annotations

import typing
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs
from builders import event, fill, stop_terms, terms
from hypothesis import strategies as st

from orderpit.model import events as e
from orderpit.model.commands import SubmitOrder
from orderpit.model.events import Event
from orderpit.model.judgement import Check, Judgement
from orderpit.model.kinds import Contingency, Liquidity, OrderType, Reason, Role, TimeInForce, TrailingType
from orderpit.model.limits import RiskLimits
from orderpit.model.link import Link
from orderpit.model.reports import Fill

KINDS: tuple[type[Any], ...] = typing.get_args(Event)
JUDGED = (e.OrderCreated, e.ModifyRequested, e.CommandRefused)

CHECKS = (
    Check("max_long", Reason.MAX_LONG, "", "BTC/USDT", "the long position"),
    Check("max_data_age", Reason.STALE_DATA, "maker", "", "the age of the data", "must be at most {}"),
    Check("cash", Reason.INSUFFICIENT_FUNDS, "", "", "what is free", "must be at least {}", at_least=True),
)
JUDGEMENT = Judgement(CHECKS, ((Decimal("1.50"), Decimal(2)), (None, Decimal("0.5")), (Decimal(-3), Decimal(0))), True)  # noqa: FBT003
_LIMITS = RiskLimits(
    max_long="1.5",
    max_requests_per_second=10,
    cancel_reserve=2,
    instruments={"BTC/USDT": RiskLimits(max_short="0.00000001")},
    strategies={"maker": RiskLimits(refuse_self_crossing=True, instruments={"ETH/USDT": RiskLimits(max_gross=7)})},
)
_FILL = fill(fee="-0.25", liquidity=Liquidity.MAKER, time_ns=7)
_MORE: dict[type[Any], dict[str, Any]] = {
    e.OrderCreated: {
        "terms": terms(
            order_type=OrderType.TRAILING_STOP,
            price=None,
            trailing_offset="0.5",
            trailing_type=TrailingType.PERCENT,
            activation_price="99.99",
            time_in_force=TimeInForce.GTD,
            expire_time_ns=1_800_000_000_000_000_000,
            reduce_only=True,
            tag='a "tag" of caf\u00e9, \u20ac and \U0001f4a5',
            notes="\\ / {}",
        ),
        "link": Link(group_id="g-1", contingency=Contingency.BRACKET, role=Role.STOP_LOSS, replaces="o-0"),
        "judgement": JUDGEMENT,
        "unasked": True,
    },
    e.OrderTriggered: {"stop_price": Decimal("98.10")},
    e.OrderFilled: {"fill": _FILL, "client_order_id": "o-1/1"},
    e.FillBusted: {"fill": _FILL, "client_order_id": "o-1/1"},
    e.FillCorrected: {"fill": _FILL, "client_order_id": "o-1/1"},
    e.ModifyRequested: {
        "stop_price": Decimal("98.10"),
        "expire_time_ns": 5,
        "replaces": True,
        "judgement": JUDGEMENT,
    },
    e.OrderModified: {"stop_price": Decimal("98.10"), "expire_time_ns": 5, "exchange_order_id": "v-2"},
    e.OrderInDoubt: {"filled_quantity": Decimal("3.5"), "until_asked": True},
    e.CommandRefused: {"judgement": JUDGEMENT},
    e.LimitsChanged: {"limits": _LIMITS},
}


def told_in_full(kind: type[Any]) -> Any:
    """Return an event of a class whose fields are other than their defaults."""
    return event(kind, **_MORE.get(kind, {}))


_CHARACTERS = st.characters(exclude_categories=["Cs"])
_TEXTS = st.text(_CHARACTERS, max_size=20)
_NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=9) | st.builds(
    lambda digits, exponent: Decimal((digits < 0, tuple(map(int, str(abs(digits)))), exponent)),
    st.integers(-(10**100), 10**100),
    st.integers(-80, 80),
)
_OF_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXTS,
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    Decimal: _NUMBERS,
    SubmitOrder: st.sampled_from([terms(), stop_terms(), _MORE[e.OrderCreated]["terms"]]),
    Fill: st.sampled_from([fill(), _FILL]),
    RiskLimits: st.sampled_from([RiskLimits(), _LIMITS]),
    Judgement: st.builds(
        Judgement,
        st.sampled_from([(), CHECKS, CHECKS[:1], CHECKS[1:]]),
        st.lists(st.tuples(st.none() | _NUMBERS, st.none() | _NUMBERS), max_size=3).map(tuple),
        st.booleans(),
    ),
}


def _of(hint: Any) -> st.SearchStrategy[Any]:
    kinds = typing.get_args(hint) or (hint,)
    return st.one_of([_of_kind(kind) for kind in kinds])


def _of_kind(kind: Any) -> st.SearchStrategy[Any]:
    if kind is type(None):
        return st.none()
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    if kind is Link:
        return st.builds(Link, **_fields(Link))
    return _OF_TYPE[kind]


def _fields(kind: type[Any]) -> dict[str, st.SearchStrategy[Any]]:
    hints = typing.get_type_hints(kind)
    return {field.name: _of(hints[field.name]) for field in attrs.fields(kind)}


EVENTS: st.SearchStrategy[Any] = st.one_of([st.builds(kind, **_fields(kind)) for kind in KINDS])
"""Any event, of any class."""
