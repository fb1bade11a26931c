"""What is wrong with a new order whatever the market does: each rule, its code, and the numbers in its text."""

from __future__ import annotations

import pytest
from builders import NOW, number, terms

from orderpit.model.commands import SubmitOrder
from orderpit.model.errors import InvalidInstrument, InvalidOrder
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import OrderType, Reason, Side, TimeInForce, TrailingType
from orderpit.model.validation import check_combination, check_submission

BTC = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.001")
TYPES = {
    OrderType.MARKET: {},
    OrderType.LIMIT: {"price": "100"},
    OrderType.STOP: {"stop_price": "99"},
    OrderType.STOP_LIMIT: {"price": "100", "stop_price": "99"},
    OrderType.TRAILING_STOP: {"trailing_offset": "1"},
}
TIMES = {
    TimeInForce.GTC: {},
    TimeInForce.IOC: {},
    TimeInForce.FOK: {},
    TimeInForce.GTD: {"expire_time_ns": NOW + 1},
    TimeInForce.DAY: {},
}
RESTING_TYPES = {OrderType.LIMIT, OrderType.STOP_LIMIT}
RESTING_TIMES = {TimeInForce.GTC, TimeInForce.GTD, TimeInForce.DAY}


def order(kind: OrderType = OrderType.LIMIT, time_in_force: TimeInForce = TimeInForce.GTC, **more) -> SubmitOrder:
    fields = {"time_in_force": time_in_force, **TYPES[kind], **TIMES[time_in_force]} | more
    return SubmitOrder("BTC/USDT", Side.BUY, kind, fields.pop("quantity", "10"), **fields)


def trailing(**more) -> SubmitOrder:
    return order(OrderType.TRAILING_STOP, **more)


@pytest.mark.parametrize("time_in_force", TimeInForce, ids=lambda value: value.value)
@pytest.mark.parametrize("kind", OrderType, ids=lambda value: value.value)
def test_each_type_goes_with_each_time_in_force_but_a_market_order_does_not_last(kind, time_in_force):
    refusal = check_combination(order(kind, time_in_force))
    if kind is OrderType.MARKET and time_in_force in {TimeInForce.GTD, TimeInForce.DAY}:
        assert refusal is not None
        assert refusal.reason is Reason.UNSUPPORTED_COMBINATION
        assert refusal.text == f"time_in_force {time_in_force.value}: does not go with order_type MARKET"
    else:
        assert refusal is None


@pytest.mark.parametrize("time_in_force", TimeInForce, ids=lambda value: value.value)
@pytest.mark.parametrize("kind", OrderType, ids=lambda value: value.value)
@pytest.mark.parametrize(
    ("instruction", "shown"),
    [({"post_only": True}, "post_only True"), ({"display_quantity": "2"}, "display_quantity 2")],
    ids=["post-only", "display"],
)
def test_what_asks_to_rest_goes_only_with_what_rests(instruction, shown, kind, time_in_force):
    refusal = check_combination(order(kind, time_in_force, **instruction))
    if kind in RESTING_TYPES and time_in_force in RESTING_TIMES:
        assert refusal is None
        return
    assert refusal is not None
    assert refusal.reason is Reason.UNSUPPORTED_COMBINATION
    other = f"time_in_force {time_in_force.value}" if kind in RESTING_TYPES else f"order_type {kind.value}"
    assert refusal.text == f"{shown}: does not go with {other}"


@pytest.mark.parametrize("time_in_force", TimeInForce, ids=lambda value: value.value)
@pytest.mark.parametrize("kind", OrderType, ids=lambda value: value.value)
def test_reduce_only_goes_with_whatever_goes_without_it(kind, time_in_force):
    assert check_combination(order(kind, time_in_force, reduce_only=True)) == check_combination(
        order(kind, time_in_force)
    )


BROKEN = {
    "display over quantity": (
        order(display_quantity="10.001"),
        Reason.DISPLAY_QUANTITY,
        "display_quantity 10.001: must be at most the quantity 10",
    ),
    "display off the lot": (
        order(display_quantity="0.0005"),
        Reason.DISPLAY_QUANTITY,
        "display_quantity 0.0005: must be a multiple of 0.001",
    ),
    "expiry in the past": (
        order(time_in_force=TimeInForce.GTD, expire_time_ns=NOW - 1),
        Reason.EXPIRE_TIME,
        f"expire_time_ns {NOW - 1}: must be after now, {NOW}",
    ),
    "expiry now": (
        order(time_in_force=TimeInForce.GTD, expire_time_ns=NOW),
        Reason.EXPIRE_TIME,
        f"expire_time_ns {NOW}: must be after now, {NOW}",
    ),
    "quantity off the lot": (
        order(quantity="0.0005"),
        Reason.QUANTITY_INCREMENT,
        "quantity 0.0005: must be a multiple of 0.001",
    ),
    "trailing amount off the tick": (
        trailing(trailing_offset="0.005"),
        Reason.PRICE_INCREMENT,
        "trailing_offset 0.005: must be a multiple of 0.01",
    ),
    "activation price off the tick": (
        trailing(activation_price="100.005"),
        Reason.PRICE_INCREMENT,
        "activation_price 100.005: must be a multiple of 0.01",
    ),
}


@pytest.mark.parametrize(("broken", "reason", "text"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_has_its_code_and_its_numbers(broken, reason, text):
    refusal = check_submission(broken, BTC, NOW)
    assert refusal is not None
    assert (refusal.reason, refusal.text) == (reason, text)


@pytest.mark.parametrize(
    "allowed",
    [
        order(),
        order(display_quantity="10"),
        order(display_quantity="0.001"),
        order(time_in_force=TimeInForce.GTD, expire_time_ns=NOW + 1),
        trailing(trailing_offset="0.01"),
        trailing(trailing_offset="0.333", trailing_type=TrailingType.PERCENT),
        trailing(trailing_offset="3", trailing_type=TrailingType.TICKS),
        trailing(activation_price="100.01"),
        # On the other side of the market it waits, as one on this side does; that is no mistake.
        trailing(activation_price="0.01"),
    ],
    ids=[
        "plain", "all shown", "a lot shown", "a moment left", "a tick", "per cent off the tick", "ticks", "activation",
        "activation far away",
    ],
)  # fmt: skip
def test_what_breaks_no_rule_passes(allowed):
    assert check_submission(allowed, BTC, NOW) is None


@pytest.mark.parametrize(
    ("notional", "reason", "text"),
    [
        ("9.99", Reason.MIN_NOTIONAL, "notional 9.99: must be at least 10"),
        ("10", None, ""),
        ("1000", None, ""),
        ("1000.01", Reason.MAX_NOTIONAL, "notional 1000.01: must be at most 1000"),
    ],
    ids=["below", "least", "most", "beyond"],
)
def test_an_order_is_worth_neither_less_nor_more_than_the_instrument_allows(notional, reason, text):
    bounded = Instrument(
        "BTC/USDT", price_increment="0.01", quantity_increment="0.001", min_notional="10", max_notional="1000"
    )
    refusal = bounded.check_notional(number(notional))
    assert (None if refusal is None else (refusal.reason, refusal.text)) == (reason and (reason, text))


def test_the_most_that_an_order_may_be_worth_is_not_below_the_least():
    with pytest.raises(InvalidInstrument) as raised:
        Instrument("BTC/USDT", price_increment="1", quantity_increment="1", min_notional="10", max_notional="9")
    assert str(raised.value) == "max_notional: must not be below min_notional 10, got Decimal('9')"


def test_the_first_of_several_broken_rules_is_told():
    refusal = check_submission(terms(quantity="0.0005", display_quantity="11"), BTC, NOW)
    assert refusal is not None
    assert refusal.reason is Reason.QUANTITY_INCREMENT


@pytest.mark.parametrize(
    ("more", "message"),
    [
        pytest.param(
            {"trailing_type": TrailingType.PERCENT, "trailing_offset": "100"},
            "trailing_offset: must be below 100 per cent, got Decimal('100')",
            id="all of the price",
        ),
        pytest.param(
            {"trailing_type": TrailingType.TICKS, "trailing_offset": "1.5"},
            "trailing_offset: must be a whole number of ticks, got Decimal('1.5')",
            id="a part of a tick",
        ),
    ],
)
def test_a_trailing_offset_that_can_never_be_valid_makes_no_order(more, message):
    with pytest.raises(InvalidOrder) as raised:
        trailing(**more)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    "more",
    [{"trailing_offset": "1"}, {"activation_price": "1"}, {"trailing_type": TrailingType.TICKS}],
    ids=["trailing_offset", "activation_price", "trailing_type"],
)
def test_what_says_how_a_stop_trails_goes_with_no_other_type(more):
    (field,) = more
    with pytest.raises(InvalidOrder, match=f"^{field}: has no meaning for a LIMIT order"):
        order(**more)
