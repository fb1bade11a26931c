"""Post-only, reduce-only, trailing and misplaced stops in a whole system, and what we then know of them."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import BOUND, assert_clean, limit, market, quote, system_of

from orderpit import (
    Bar,
    Order,
    OrderState,
    OrderType,
    Reason,
    Side,
    SimulatedExchange,
    SubmitOrder,
    TradingSystem,
    TrailingType,
)
from orderpit.model.kinds import Liquidity
from orderpit.testing import ChaosExchange, Faults, Stepped, heal, let_pass, seeded

SELL = Side.SELL
RUNTIMES = ["threads", "stepped"]
FAULTS = Faults(lost_request="0.1", slow="0.2", lost_ack="0.2", duplicate="0.1", reordered="0.2", fill_before_ack="0.1")


def stop(price: str, **more: Any) -> SubmitOrder:
    return SubmitOrder("BTC/USDT", Side.BUY, OrderType.STOP, 1, stop_price=price, **more)


def trailing(offset: str, quantity: str = "1", side: Side = SELL, **more: Any) -> SubmitOrder:
    return SubmitOrder("BTC/USDT", side, OrderType.TRAILING_STOP, quantity, trailing_offset=offset, **more)


def settled(system: TradingSystem, order_id: str) -> Order:
    assert system.quiesce(BOUND)
    order = system.order(order_id)
    assert order is not None
    return order


def assert_quiet(system: TradingSystem) -> None:
    """Nobody was alarmed, and the books agree."""
    assert_clean(system)
    assert system.troubles().alarms == ()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_post_only_order_that_would_take_is_refused(runtime: Any) -> None:
    with system_of(runtime=runtime) as system:
        system.publish(quote())
        order = settled(system, system.submit(limit("101", post_only=True)))
        assert (order.state, order.reason) == (OrderState.REJECTED, Reason.POST_ONLY)
        assert order.reason_text == "price 101: would take at 101, and a post-only order must rest"
        assert_quiet(system)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_post_only_order_that_slides_has_its_new_price_and_fills_as_maker(runtime: Any) -> None:
    with system_of(runtime=runtime, exchange=SimulatedExchange(post_only="slide")) as system:
        system.publish(quote())
        order_id = system.submit(limit("105", post_only=True))
        assert str(settled(system, order_id).price) == "100.99"
        system.modify(order_id, price="110", quantity="2")
        order = settled(system, order_id)
        assert (str(order.price), order.quantity, order.pending_request_id) == ("100.99", 2, None)
        system.publish(quote("99", "100.50"))
        order = system.wait(order_id, OrderState.FILLED, BOUND)
        assert [(str(fill.price), fill.liquidity) for fill in order.fills] == [("100.99", Liquidity.MAKER)]
        assert_quiet(system)


def test_a_modification_into_the_market_is_refused_and_the_old_price_stands() -> None:
    with system_of(runtime="stepped") as system:
        system.publish(quote())
        order_id = system.submit(limit("100", post_only=True))
        system.modify(order_id, price="101")
        order = settled(system, order_id)
        assert (order.state, order.price, order.pending_request_id) == (OrderState.OPEN, 100, None)
        assert_quiet(system)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_reduce_only_order_is_shortened_when_it_arrives_and_whenever_the_position_shrinks(runtime: Any) -> None:
    with system_of(runtime=runtime) as system:
        system.publish(quote())
        system.wait(system.submit(market("10")), OrderState.FILLED, BOUND)
        order_id = system.submit(limit("105", "15", SELL, reduce_only=True))
        assert settled(system, order_id).quantity == 10
        system.wait(system.submit(market("4", SELL)), OrderState.FILLED, BOUND)
        assert settled(system, order_id).quantity == 6
        system.wait(system.submit(market("6", SELL)), OrderState.FILLED, BOUND)
        order = settled(system, order_id)
        assert (order.state, order.reason) == (OrderState.CANCELLED, Reason.REDUCE_ONLY)
        assert system.portfolio().positions["BTC/USDT"].quantity == 0
        assert_quiet(system)


def test_a_position_that_is_closed_twice_at_once_is_closed_once() -> None:
    with system_of(runtime="stepped") as system:
        system.publish(quote())
        system.submit(market("10"))
        target = system.submit(limit("105", "10", SELL))
        stop_loss = system.submit(
            SubmitOrder("BTC/USDT", SELL, OrderType.STOP, "10", stop_price="95", reduce_only=True)
        )
        # One bar goes through both.
        system.publish(Bar("BTC/USDT", open="100", high="106", low="94", close="100"))
        reasons = {settled(system, name).reason for name in (target, stop_loss)}
        quantity = system.portfolio().positions["BTC/USDT"].quantity
        # The low comes first, so the stop has closed it, and the other, which is not reduce-only, has turned it.
        assert (reasons, quantity) == ({None}, -10)
        system.submit(market("20"))
        target = system.submit(limit("105", "10", SELL, reduce_only=True))
        system.submit(SubmitOrder("BTC/USDT", SELL, OrderType.STOP, "10", stop_price="95"))
        system.publish(Bar("BTC/USDT", open="100", high="106", low="94", close="100"))
        assert settled(system, target).reason is Reason.REDUCE_ONLY
        assert system.portfolio().positions["BTC/USDT"].quantity == 0
        assert_quiet(system)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_trailing_stop_has_no_stop_price_until_it_is_triggered(runtime: Any) -> None:
    with system_of(runtime=runtime) as system:
        system.publish(quote("100", "101"))
        order_id = system.submit(trailing("5", trailing_type=TrailingType.PERCENT))
        system.publish(quote("120", "121"))
        assert settled(system, order_id).stop_price is None
        system.modify(order_id, quantity="2")
        assert settled(system, order_id).quantity == 2
        system.publish(quote("114", "115"))
        order = system.wait(order_id, OrderState.FILLED, BOUND)
        assert (order.stop_price, order.triggered, order.average_fill_price) == (114, True, 114)
        assert_quiet(system)


def test_a_trailing_buy_is_held_to_what_it_may_cost() -> None:
    with system_of(runtime="stepped", cash={"USDT": "105"}) as system:
        system.publish(quote("100", "100"))
        refused = settled(system, system.submit(trailing("10", side=Side.BUY)))
        assert refused.reason is Reason.INSUFFICIENT_FUNDS
        order_id = system.submit(trailing("4", side=Side.BUY))
        system.publish(quote("90", "90"))
        system.publish(quote("94", "94"))
        assert settled(system, order_id).average_fill_price == 94
        assert_quiet(system)


@pytest.mark.parametrize(
    ("how", "state", "reason"),
    [
        pytest.param("reject", OrderState.REJECTED, Reason.STOP_PRICE, id="refused"),
        pytest.param("trigger", OrderState.FILLED, None, id="triggered at once"),
    ],
)
def test_a_stop_that_the_market_has_reached_already(how: Any, state: OrderState, reason: Reason | None) -> None:
    with system_of(runtime="stepped", exchange=SimulatedExchange(wrong_side_stop=how)) as system:
        system.publish(quote())
        order = settled(system, system.submit(stop("100")))
        assert (order.state, order.reason) == (state, reason)
        assert_quiet(system)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_comes_late_twice_or_not_at_all_we_agree_with_the_venue_in_the_end(seed: int) -> None:
    inner = SimulatedExchange(post_only="slide", latency="0.001")
    exchange = ChaosExchange(inner=inner, faults=FAULTS, seed=seed)
    with system_of(runtime=Stepped(choose=seeded(seed)), exchange=exchange) as system:
        system.publish(quote())
        system.submit(market("10"))
        let_pass(system, 1)
        system.submit(limit("105", "15", SELL, reduce_only=True))
        system.submit(limit("103", post_only=True))
        system.submit(trailing("3", "4", reduce_only=True))
        for price in ("104", "101", "99", "98", "106"):
            let_pass(system, 1)
            system.publish(quote(price, price))
        heal(system)
        assert system.quiesce(BOUND)
        assert_clean(system)
        quantity = system.portfolio().positions["BTC/USDT"].quantity
        assert quantity >= 0
