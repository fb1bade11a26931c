"""How risk judges reduce-only and trailing orders: the one by positions, the other by where it may trigger."""

from __future__ import annotations

from decimal import Decimal

import pytest
from test_risk import SYMBOL, Desk, a_book, a_desk, buy, sell, verdict

from orderpit.model.commands import CancelOrder, ModifyOrder, SubmitOrder
from orderpit.model.kinds import OrderType, Side, TrailingType
from orderpit.model.limits import RiskLimits
from orderpit.model.market import Quote


def reduce_only(side: Side, quantity: str, order_id: str, source: str = "") -> SubmitOrder:
    return SubmitOrder(
        SYMBOL, side, OrderType.LIMIT, quantity, price="100", reduce_only=True, order_id=order_id, source=source
    )


def trailing(side: Side, offset: str, kind: TrailingType, begins: str | None = None) -> SubmitOrder:
    return SubmitOrder(
        SYMBOL,
        side,
        OrderType.TRAILING_STOP,
        "1",
        trailing_offset=offset,
        trailing_type=kind,
        activation_price=begins,
        order_id="a",
    )


# -- reduce-only


def long_of(quantity: str) -> Desk:
    desk = a_desk("10000")
    desk.quote("100")
    desk.ask(buy(quantity, order_id="opens"))
    desk.settle()
    return desk


@pytest.mark.parametrize(
    ("side", "expected"), [(Side.SELL, "approved"), (Side.BUY, "REDUCE_ONLY")], ids=["that closes", "that adds"]
)
def test_a_reduce_only_order_is_judged_by_its_side(side: Side, expected: str) -> None:
    assert long_of("5").ask(reduce_only(side, "5", "a")) == expected


def test_a_short_position_is_closed_by_a_buy() -> None:
    desk = a_desk("10000")
    desk.quote("100")
    desk.ask(sell("5", order_id="opens"))
    desk.settle()
    assert desk.ask(reduce_only(Side.SELL, "1", "a")) == "REDUCE_ONLY"
    assert desk.ask(reduce_only(Side.BUY, "1", "b")) == "approved"


def test_each_strategy_has_a_position_and_orders_of_its_own() -> None:
    desk = long_of("5")
    desk.ask(buy("5", "90", order_id="adds"))
    assert desk.ask(reduce_only(Side.SELL, "5", "a", source="another")) == "REDUCE_ONLY"
    assert desk.ask(reduce_only(Side.SELL, "5", "b")) == "approved"


def test_what_works_for_the_position_may_still_fill_so_the_venue_judges() -> None:
    desk = a_desk("10000")
    desk.quote("100")
    assert desk.ask(reduce_only(Side.SELL, "1", "a")) == "REDUCE_ONLY"
    desk.ask(buy("5", "90", order_id="opens"))
    assert desk.ask(reduce_only(Side.SELL, "1", "b")) == "approved"
    desk.ask(CancelOrder("opens"))
    desk.settle()
    assert desk.ask(reduce_only(Side.SELL, "1", "c")) == "REDUCE_ONLY"


def test_a_position_that_others_close_already_is_the_venues_to_judge() -> None:
    desk = long_of("5")
    assert desk.ask(reduce_only(Side.SELL, "5", "a")) == "approved"
    assert desk.ask(reduce_only(Side.SELL, "5", "b")) == "approved"
    desk.settle()
    assert {name for name, order in desk.venue.orders.items() if order.instructions.reduce_only} == {"a"}


def test_what_has_filled_of_an_order_is_not_to_come() -> None:
    desk = a_desk("10000")
    desk.ask(buy("5", "90", order_id="opens"))
    desk.settle()
    desk.quote("90", "3")
    desk.settle()
    desk.ask(sell("5", order_id="turns"))
    desk.settle()
    # 3 bought and 5 sold; of the buy 2 are to come, which is what there is short, and no more.
    assert desk.ask(reduce_only(Side.SELL, "1", "a")) == "REDUCE_ONLY"
    desk.ask(ModifyOrder("opens", quantity="6"))
    assert desk.ask(reduce_only(Side.SELL, "1", "b")) == "approved"


def test_the_refusal_names_the_numbers() -> None:
    book = a_book()
    book.commit(book.decide(buy("2", "90", order_id="opens"), 0))
    assert verdict(book, reduce_only(Side.BUY, "1", "a")) == (
        "REDUCE_ONLY: quantity 1: with a position of 0 and 0 to come, there is nothing for it to reduce"
    )


# -- trailing stops


@pytest.mark.parametrize(
    ("order", "worst"),
    [
        pytest.param(trailing(Side.BUY, "5", TrailingType.AMOUNT), "106", id="a buy, its offset above the ask"),
        pytest.param(trailing(Side.BUY, "10", TrailingType.PERCENT), "111.1", id="a buy by per cent"),
        pytest.param(trailing(Side.BUY, "50", TrailingType.TICKS), "101.5", id="a buy by ticks"),
        pytest.param(trailing(Side.BUY, "5", TrailingType.AMOUNT, "98"), "103", id="a buy that begins lower"),
        pytest.param(trailing(Side.BUY, "5", TrailingType.AMOUNT, "90"), "101", id="a buy that begins far lower"),
        pytest.param(trailing(Side.BUY, "5", TrailingType.AMOUNT, "120"), "106", id="a buy that begins at once"),
        pytest.param(trailing(Side.SELL, "5", TrailingType.AMOUNT), "99", id="a sell, at the bid"),
        pytest.param(trailing(Side.SELL, "5", TrailingType.AMOUNT, "120"), "99", id="a sell that begins higher"),
    ],
)
def test_a_trailing_stop_is_valued_where_it_may_trigger(order: SubmitOrder, worst: str) -> None:
    book = a_book(limits=RiskLimits(max_order_notional="1"))
    book.on_market_data(Quote(SYMBOL, bid="99", ask="101"))
    assert verdict(book, order) == f"MAX_ORDER_NOTIONAL: notional {worst}: must be at most 1"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        pytest.param(trailing(Side.BUY, "5", TrailingType.AMOUNT), "NO_REFERENCE_PRICE", id="a buy"),
        pytest.param(trailing(Side.SELL, "5", TrailingType.AMOUNT), "NO_REFERENCE_PRICE", id="a sell"),
        pytest.param(
            trailing(Side.BUY, "5", TrailingType.AMOUNT, "90"), "MAX_ORDER_NOTIONAL: notional 95", id="begins"
        ),
        pytest.param(trailing(Side.SELL, "5", TrailingType.AMOUNT, "90"), "MAX_ORDER_NOTIONAL: notional 90", id="ends"),
    ],
)
def test_without_a_market_a_trailing_stop_is_valued_by_its_activation_price(order: SubmitOrder, expected: str) -> None:
    assert verdict(a_book(limits=RiskLimits(max_order_notional="1")), order).startswith(expected)


def test_a_trailing_buy_reserves_where_it_may_trigger_until_it_fills() -> None:
    desk = a_desk("200")
    desk.quote("100")
    assert desk.ask(trailing(Side.BUY, "5", TrailingType.AMOUNT)) == "approved"
    assert desk.reserved == Decimal("105.105")
    desk.settle()
    desk.quote("90")
    desk.quote("95")
    desk.settle()
    assert desk.reserved == 0
    assert desk.spent == Decimal("95.095")
