"""Orders on a venue that has no amend, end to end: each modification is a cancel and a new order."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import BTC
from storms import assert_converges, rage, stormy

from orderpit import OrderState, OrderType, Quote, Side, SimulatedExchange, SubmitOrder, TradingSystem, audit
from orderpit.model.errors import InvalidConfiguration
from orderpit.model.events import OrderReplaced
from orderpit.testing import ChaosExchange, Faults

BOUND = 10


@pytest.mark.parametrize("runtime", ["stepped", "threads"])
def test_an_order_is_modified_twice_and_keeps_its_id(runtime: Any) -> None:
    with TradingSystem([BTC], exchange=SimulatedExchange(amends=False), runtime=runtime) as system:
        system.publish(Quote("BTC/USDT", bid="99", ask="101", ask_size="4"))
        order_id = system.submit(SubmitOrder("BTC/USDT", Side.BUY, OrderType.LIMIT, "10", price="101"))
        system.wait(order_id, OrderState.PARTIALLY_FILLED, timeout=BOUND)
        system.modify(order_id, price="100", quantity="8")
        assert system.quiesce(BOUND)
        order = system.order(order_id)
        assert order is not None
        assert (order.price, order.quantity, order.filled_quantity, order.leaves_quantity) == (100, 8, 4, 4)
        assert order.replaced_client_order_ids == (order_id,)
        assert order.client_order_id != order.order_id == order_id
        system.publish(Quote("BTC/USDT", bid="99", ask="100", ask_size="1"))
        system.modify(order_id, quantity="5")
        done = system.wait(order_id, OrderState.FILLED, timeout=BOUND)
        assert (done.quantity, done.filled_quantity, done.filled_notional) == (5, 5, 504)
        assert audit(system).violations == ()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_venue_does_replaced_orders_converge(seed: int) -> None:
    faults = Faults.drawn(seed)
    inner = SimulatedExchange(slippage="0.01", latency="0.001" if seed % 2 else 0, amends=False)
    exchange = ChaosExchange(inner=inner, faults=faults, seed=seed)
    with stormy(seed, faults, exchange=exchange, history=100_000) as system:
        rage(system, seed, rounds=40)
        assert_converges(system)
        assert any(isinstance(update.event, OrderReplaced) for update in system.history())


class Adapter:
    """An exchange of one's own that does nothing."""

    def __init__(self, amends: Any) -> None:
        self.amends = amends

    def connect(self, instruments: Any, report: Any) -> None:
        pass

    def request(self, request: Any) -> None:
        pass

    def on_market_data(self, data: Any) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.parametrize("amends", [None, 0, "no"])
def test_whether_an_exchange_amends_is_true_or_false(amends: Any) -> None:
    with pytest.raises(InvalidConfiguration, match="exchange: must have True or False as amends"):
        TradingSystem([BTC], exchange=Adapter(amends))
    with pytest.raises(InvalidConfiguration, match="amends: must be True or False"):
        SimulatedExchange(amends=amends)


def test_an_attribute_that_raises_is_one_clear_error() -> None:
    class Broken(Adapter):
        @property
        def amends(self) -> bool:
            raise OSError

        @amends.setter
        def amends(self, value: object) -> None:
            pass

    with pytest.raises(InvalidConfiguration, match="must have True or False as amends"):
        TradingSystem([BTC], exchange=Broken(amends=None))
