"""What an order answers about itself."""

from __future__ import annotations

import pytest
from builders import NOW, S, event, fill, folded, number, order_in, terms
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model import events as e
from orderpit.model.kinds import Liquidity, OrderState, OrderType, Side, TrailingType
from orderpit.model.numbers import multiply, subtract, total
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


def test_an_order_tells_how_it_trails_and_another_that_it_does_not():
    trails = terms(
        order_type=OrderType.TRAILING_STOP,
        price=None,
        trailing_offset="2.5",
        trailing_type=TrailingType.PERCENT,
        activation_price="105",
    )
    one, other = order_in(S.OPEN, of=trails), order_in(S.OPEN)
    assert (one.trailing_offset, one.trailing_type, one.activation_price) == (number("2.5"), TrailingType.PERCENT, 105)
    assert (other.trailing_offset, other.trailing_type, other.activation_price) == (None, TrailingType.AMOUNT, None)


def test_the_average_price_weighs_by_quantity():
    order = order_in(S.PARTIALLY_FILLED, event(e.OrderFilled, fill=fill("x-2", "2", "106")))
    assert (order.average_fill_price, order.filled_notional) == (102, 612)
    assert order_in(S.OPEN).average_fill_price == 0


def filled(order, *fills):
    return folded(order, *(event(e.OrderFilled, fill=one) for one in fills))


def test_what_was_filled_as_maker_and_as_taker_is_told_apart():
    order = filled(
        order_in(S.OPEN),
        fill("x-1", "1", fee="0.25", liquidity=Liquidity.TAKER),
        fill("x-2", "3", fee="0.5", liquidity=Liquidity.MAKER),
        fill("x-3", "2", fee="0.125", liquidity=Liquidity.MAKER),
        # In another currency than the first, so that it is in the fills alone; and one of which nothing is said.
        fill("x-4", "1", fee="7", fee_currency="BNB", liquidity=Liquidity.MAKER),
        fill("x-5", "1", fee="0.0625"),
    )
    assert (order.maker_quantity, order.taker_quantity) == (6, 1)
    assert (order.maker_fees, order.taker_fees) == (number("0.625"), number("0.25"))
    assert order.fees_paid == number("0.9375")
    assert [one.liquidity for one in order.fills].count(Liquidity.MAKER) == 3


def test_an_order_without_fills_was_neither_maker_nor_taker():
    order = order_in(S.OPEN)
    assert (order.maker_quantity, order.taker_quantity, order.maker_fees, order.taker_fees) == (0, 0, 0, 0)


def test_an_execution_that_is_corrected_from_taker_to_maker_counts_as_maker():
    order = filled(order_in(S.OPEN), was := fill("x-1", liquidity=Liquidity.TAKER))
    now = fill("x-1", liquidity=Liquidity.MAKER)
    order = folded(order, event(e.FillCorrected, replaced=was, fill=now))
    assert (order.maker_quantity, order.taker_quantity) == (4, 0)


parts = st.lists(st.integers(1, 10**6), min_size=1, max_size=8)


@given(
    executions=st.lists(
        st.tuples(parts, st.integers(1, 10**7), st.sampled_from([*Liquidity, None])), min_size=1, max_size=5
    )
)
def test_slicing_a_fill_changes_neither_price_nor_fees_nor_who_was_maker(executions):
    rate, whole, sliced = number("0.00075"), [], []
    for at, (lots, cents, liquidity) in enumerate(executions):
        price = number(f"{cents // 100}.{cents % 100:02}")
        for into, counts in ((whole, [sum(lots)]), (sliced, lots)):
            for part, count in enumerate(counts):
                quantity = number(f"0.{count:08}")
                fee = multiply(multiply(quantity, price), rate)
                into.append(fill(f"x-{at}-{part}", quantity, price, fee=fee, liquidity=liquidity))
    one, many = (filled(order_in(S.OPEN, of=terms(quantity="99")), *fills) for fills in (whole, sliced))
    for field in (
        "filled_quantity", "filled_notional", "average_fill_price", "fees_paid", "maker_quantity", "taker_quantity",
        "maker_fees", "taker_fees", "state", "leaves_quantity",
    ):  # fmt: skip
        assert getattr(one, field) == getattr(many, field), field
    unstated = total(part.quantity for part in many.fills if part.liquidity is None)
    assert subtract(many.filled_quantity, unstated) == many.maker_quantity + many.taker_quantity


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
