"""What a newcomer does wrong, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import BOUND, Recorder, assert_clean, market, quote, system_of

from orderpit import (
    AlarmCode,
    Bar,
    InvalidConfiguration,
    OrderState,
    OrderType,
    Reason,
    Side,
    Strategy,
    SubmitOrder,
    SystemStopped,
)
from orderpit.actors.settings import patience
from orderpit.actors.system import TradingSystem

DAY = 86_400_000_000_000


class Fails(Strategy):
    def on_market_data(self, data: Any) -> None:
        raise ZeroDivisionError


def test_a_strategy_that_fails_on_every_daily_bar_is_stopped_though_the_bars_lie_days_apart() -> None:
    troubles = Recorder()
    bars = [Bar("BTC/USDT", open=1, high=1, low=1, close=1, time_ns=day * DAY) for day in range(1, 30)]
    with system_of(clock="data", on_error=troubles) as system:
        system.add_strategy(Fails)
        assert system.play(bars).wait(BOUND).records == len(bars)
        failures = [trouble for trouble in system.troubles().problems if trouble.what == "set aside"]
    assert len(failures) == 4


def test_a_coroutine_function_is_no_subscriber() -> None:
    async def never_awaited(update: Any) -> None:
        raise AssertionError(update)

    with system_of() as system, pytest.raises(InvalidConfiguration, match=r"coroutine function.*updates\(\)"):
        system.subscribe(never_awaited)


def test_a_strategy_for_a_symbol_that_is_not_traded_is_refused() -> None:
    with system_of() as system:
        with pytest.raises(InvalidConfiguration, match="symbol: must be one that is traded, got 'BTCUSDT'"):
            system.add_strategy(Strategy, symbol="BTCUSDT")
        assert_clean(system)


@pytest.mark.parametrize(
    ("life", "said"),
    [
        pytest.param([], "has not been started: use `with` or start()", id="not started"),
        pytest.param(["start", "stop"], "has stopped; make a new one", id="stopped"),
    ],
)
def test_a_system_that_does_not_run_says_why(life: list[str], said: str) -> None:
    system = system_of()
    for step in life:
        getattr(system, step)()
    with pytest.raises(SystemStopped) as caught:
        system.submit(market())
    assert str(caught.value) == f"submit() was not taken: the trading system {said}"


def test_starting_what_runs_says_so() -> None:
    with system_of() as system, pytest.raises(SystemStopped, match="is running already"):
        system.start()


def test_an_id_used_twice_for_different_orders_is_heard_of() -> None:
    troubles = Recorder()
    with system_of(on_error=troubles) as system:
        system.publish(quote())
        buy = market(order_id="a")
        system.wait(system.submit(buy), OrderState.FILLED, BOUND)
        system.submit(market(side=Side.SELL, order_id="a"))
        system.quiesce(BOUND)
        assert [alarm.code for alarm in system.troubles().alarms] == [AlarmCode.DUPLICATE_ID]
        assert_clean(system)


def test_an_order_says_why_it_was_rejected() -> None:
    with system_of() as system:
        order_id = system.submit(SubmitOrder("DOGE/USDT", Side.BUY, OrderType.MARKET, "1"))
        order = system.wait(order_id, OrderState.REJECTED, BOUND)
        assert (order.reason, order.reason_text) == (
            Reason.UNKNOWN_SYMBOL,
            "symbol DOGE/USDT: is not one of BTC/USDT, ETH/USDT",
        )
        assert system.orders(symbol="DOGE/USDT") == (order,)


def test_only_an_exchange_of_ones_own_is_given_ten_seconds_to_answer() -> None:
    simulated = system_of()._settings.exchange
    assert patience("auto", simulated) is None
    assert patience("auto", object()) == 10  # type: ignore[arg-type]
    assert patience("3", simulated) == "3"
    assert isinstance(system_of(answer_within=None), TradingSystem)
