"""performance() of a whole system: the account, each strategy, and after the system has stopped."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import assert_clean, system_of

from orderpit import Bar, InvalidConfiguration, OrderType, Quote, Side, SimulatedExchange, Strategy, SubmitOrder
from orderpit.model.performance import Performance

MINUTE = 60_000_000_000
START = 1_700_000_000_000_000_000 // MINUTE * MINUTE
BTC = "BTC/USDT"


class Once(Strategy):
    """Buys at one bar and sells at another."""

    def __init__(self, buy: int, sell: int) -> None:
        self._bars = 0
        self._at = {buy: Side.BUY, sell: Side.SELL}

    def on_market_data(self, data: Any) -> None:
        self._bars += 1
        if side := self._at.get(self._bars):
            self.submit(SubmitOrder(BTC, side, OrderType.MARKET, "1"))


def a_bar(minute: int, price: int) -> Bar:
    return Bar(BTC, open=price, high=price, low=price, close=price, time_ns=START + minute * MINUTE)


def figures(performance: Performance, *names: str) -> dict[str, Any]:
    told = performance.to_dict()
    return {name: told[name] for name in names}


@pytest.mark.parametrize("runtime", ["threads", "stepped"])
def test_the_account_and_its_strategies_over_a_few_bars(runtime: str) -> None:
    exchange = SimulatedExchange(maker_fee="0.01", taker_fee="0.01", slippage="0")
    with system_of(exchange=exchange, cash={"USDT": "1000"}, clock="data", runtime=runtime) as system:
        system.add_strategy(Once, strategy_id="early", buy=1, sell=3)
        system.add_strategy(Once, strategy_id="late", buy=2, sell=4)
        system.play(a_bar(n, price) for n, price in enumerate([100, 120, 110, 90, 90])).wait(20)
        before = system.performance()
    after = system.performance()
    assert before == after
    # early: -100 + 110 - 1 - 1.1 = 7.9. late: -120 + 90 - 1.2 - 0.9 = -32.1.
    names = ("net_profit", "fees", "turnover", "trades", "won", "lost", "gross_exposure", "total_return")
    assert figures(system.performance("early"), *names) == {
        "net_profit": "7.9",
        "fees": "2.1",
        "turnover": "210",
        "trades": 1,
        "won": 1,
        "lost": 0,
        "gross_exposure": "0",
        "total_return": "0.0079",
    }
    assert figures(system.performance("late"), *names[:3]) == {"net_profit": "-32.1", "fees": "2.1", "turnover": "210"}
    assert figures(after, *names) == {
        "net_profit": "-24.2",
        "fees": "4.2",
        "turnover": "420",
        "trades": 2,
        "won": 1,
        "lost": 1,
        "gross_exposure": "0",
        "total_return": "-0.0242",
    }
    # 1000; -1; +20 - 1.2; -20 - 1.1 (early is out, late holds 10 less); -20 - 0.9: as each minute was over.
    assert [figure for _, figure in after.to_dict()["curve"]] == ["1000", "999", "1017.8", "996.7", "975.8"]
    # The highest was 1019, at 120 before late has paid its fee.
    assert figures(after, "max_drawdown", "peak", "drawdown") == {
        "max_drawdown": "43.2",
        "peak": "1019",
        "drawdown": "43.2",
    }
    assert after.strategies == ("early", "late")
    assert_clean(system)


def test_what_the_system_has_done_includes_what_was_read_before() -> None:
    with system_of(cash={"USDT": "1000"}, runtime="stepped") as system:
        system.publish(Quote(BTC, bid="99", ask="101"))
        system.submit(SubmitOrder(BTC, Side.BUY, OrderType.MARKET, "1"))
        seen = system.performance("system")
        assert seen.sequence == system.stats()["total_events"]
        assert seen.net_profit == system.performance().net_profit
        assert seen.turnover == 101


def test_an_id_that_no_strategy_can_have_is_refused() -> None:
    with system_of(runtime="stepped") as system, pytest.raises(InvalidConfiguration, match="strategy_id"):
        system.performance("no such name")
