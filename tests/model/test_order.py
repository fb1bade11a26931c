"""What an order answers about itself."""

from __future__ import annotations

import pytest
from builders import NOW, S, event, fill, order_in, terms

from orderpit.model import events as e
from orderpit.model.kinds import OrderState, OrderType, Side
from orderpit.model.order import CLOSED, LIVE


@pytest.mark.parametrize(
    ("state", "more", "filled", "leaves", "cancelled", "excess"),
    [
        pytest.param(S.PENDING, (), 0, 10, 0, 0, id="pending"),
        pytest.param(S.PARTIALLY_FILLED, (), 4, 6, 0, 0, id="partial"),
        pytest.param(S.FILLED, (), 10, 0, 0, 0, id="filled"),
        pytest.param(S.CANCELLED, (), 4, 0, 6, 0, id="cancelled"),
        pytest.param(S.REJECTED, (), 0, 0, 10, 0, id="rejected"),
        pytest.param(S.EXPIRED, (event(e.OrderFilled, fill=fill("x-2", "12")),), 12, 0, 0, 2, id="overfilled"),
    ],
)
def test_filled_less_excess_plus_leaves_plus_cancelled_is_the_quantity(state, more, filled, leaves, cancelled, excess):
    order = order_in(state, *more)
    assert (order.filled_quantity, order.leaves_quantity) == (filled, leaves)
    assert (order.cancelled_quantity, order.excess_quantity) == (cancelled, excess)
    assert order.remaining_quantity == leaves + cancelled
    assert filled - excess + leaves + cancelled == order.quantity


@pytest.mark.parametrize("state", list(OrderState), ids=lambda state: state.value)
def test_an_order_is_open_filled_or_closed_by_its_state(state):
    order = order_in(state)
    assert order.is_open is (state in {S.OPEN, S.PARTIALLY_FILLED})
    assert order.is_filled is (state is S.FILLED)
    assert order.is_closed is (state in CLOSED)
    assert order.is_closed is (state not in LIVE)


def test_an_order_is_a_buy_or_a_sell():
    buy, sell = order_in(S.OPEN), order_in(S.OPEN, of=terms(side=Side.SELL))
    assert (buy.is_buy, buy.is_sell, sell.is_buy, sell.is_sell) == (True, False, False, True)


def test_the_average_price_weighs_by_quantity():
    order = order_in(S.PARTIALLY_FILLED, event(e.OrderFilled, fill=fill("x-2", "2", "106")))
    assert (order.average_fill_price, order.filled_notional) == (102, 612)
    assert order_in(S.OPEN).average_fill_price == 0


def test_the_dictionary_has_the_keys_of_the_notebook_and_plain_numbers():
    order = order_in(S.PARTIALLY_FILLED, of=terms(quantity="12.50", price="100.10"))
    assert order.to_dict() == {
        "order_id": "o-1",
        "client_order_id": "o-1",
        "symbol": "BTC/USDT",
        "side": "BUY",
        "type": "LIMIT",
        "quantity": "12.5",
        "price": "100.1",
        "stop_price": None,
        "state": "PARTIAL",
        "filled_quantity": "4",
        "remaining_quantity": "8.5",
        "average_fill_price": "100",
        "fill_percentage": "32.0%",
        "created_at": "2023-11-14T22:13:20+00:00",
        "fees_paid": "1",
    }


@pytest.mark.parametrize(
    ("created_ns", "text"),
    [(0, "1970-01-01T00:00:00+00:00"), (NOW + 1999, "2023-11-14T22:13:20.000001+00:00"), (2**63 - 1, "2262-04-11")],
)
def test_the_time_of_creation_is_written_to_the_microsecond_and_never_rounded_up(created_ns, text):
    order = order_in(S.OPEN)
    assert type(order)(**fields_of(order) | {"created_ns": created_ns}).to_dict()["created_at"].startswith(text)


def fields_of(order):
    return {field.name: getattr(order, field.name) for field in order.__attrs_attrs__}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        pytest.param({"quantity": "0.10", "price": "43000"}, "BUY 0.1 BTC/USDT @$43000.00 (OPEN)", id="limit"),
        pytest.param(
            {"order_type": OrderType.MARKET, "price": None, "side": Side.SELL},
            "SELL 10 BTC/USDT @MARKET (OPEN)",
            id="market",
        ),
        pytest.param(
            {"order_type": OrderType.STOP, "price": None, "stop_price": "42000"},
            "BUY 10 BTC/USDT @MARKET (OPEN)",
            id="stop",
        ),
    ],
)
def test_an_order_reads_as_in_the_notebook(changes, text):
    assert str(order_in(S.OPEN, of=terms(**changes))) == text


def test_stop_prices_are_in_the_dictionary():
    stop = terms(order_type=OrderType.STOP, price=None, stop_price="42000.0")
    assert order_in(S.OPEN, of=stop).to_dict()["stop_price"] == "42000"
    assert order_in(S.OPEN, of=stop).to_dict()["price"] is None


def test_the_filled_part_is_given_in_per_cent():
    order = order_in(S.OPEN, event(e.OrderFilled, fill=fill("x-1", "1")), of=terms(quantity="3"))
    assert str(order.fill_percentage) == "33." + "3" * 40
    assert order.to_dict()["fill_percentage"] == "33.3%"
