"""Floods, stops in full traffic, and a system that lives on, each on real threads, and each held to its sums."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import threading
import time
from pathlib import Path
from typing import Any, Final

from orderpit import (
    MarketData,
    OrderType,
    Problem,
    Reason,
    Side,
    SimulatedExchange,
    Strategy,
    SubmitOrder,
    SystemStopped,
    TradingSystem,
    audit,
)
from orderpit.cli._flood import INSTRUMENTS, LIMITS, Market, Trader

_BOUND: Final = 60.0
_STRATEGIES: Final = 6
_ORDERS: Final = 6_000
_MIB: Final = 2**20
_RESTING: Final = 10
_EXPECTED: Final = frozenset(
    {
        *(Reason.HALTED, Reason.UNKNOWN_SYMBOL, Reason.UNSUPPORTED_COMBINATION, Reason.MAX_ORDER_QUANTITY),
        *(Reason.STOP_PRICE, Reason.POST_ONLY, Reason.REDUCE_ONLY, Reason.EXPIRE_TIME),
    }
)
"""Why an order of such traffic may be refused."""


def flood(seed: str, market_seed: int) -> tuple[int, int]:
    """Flood one system until its strategies are done, stop it, and audit it: messages handled, orders recorded."""
    troubles: list[Any] = []
    system = TradingSystem(
        INSTRUMENTS,
        exchange=SimulatedExchange(slippage="0.001", fill_probability="0.9", seed=market_seed),
        risk=LIMITS,
        cash={"USDT": "1000000"},
        on_error=troubles.append,
        on_exit="cancel",
        max_in_flight=200,
        history=1_000,
    )
    traders = [Trader(_ORDERS // _STRATEGIES, f"{seed}-{number}") for number in range(_STRATEGIES)]
    market = Market(market_seed)
    until = time.monotonic() + _BOUND
    ticking = threading.Event()
    with system:
        for trader in traders:
            system.add_strategy(lambda it=trader: it)
        while not all(trader.is_done for trader in traders):
            for quote in market.quotes():
                system.publish(quote)
            ticking.wait(0.005)
            assert time.monotonic() < until, f"not done within {_BOUND} s: {system.mailboxes()}"
        assert system.quiesce(_BOUND), f"not at rest within {_BOUND} s: {system.mailboxes()}"
        assert system.stop(_BOUND), f"no orderly end within {_BOUND} s: {troubles}"
    assert not troubles, troubles[:5]
    orders = system.books()["order_manager"].orders
    assert len(orders) == _ORDERS, f"{len(orders)} orders of {_ORDERS}"
    assert all(order.is_closed for order in orders), "an order is open at the end"
    _must_be_clean(system)
    return sum(box.handled for box in system.mailboxes()), len(orders)


def stop_in_traffic(number: int, seed: int = 0) -> None:
    """Stop a system while strategies and threads of the host submit, cancel and publish; nothing may be lost."""
    before = threading.active_count()
    taken: list[str] = []
    troubles: list[Any] = []
    system = TradingSystem(
        INSTRUMENTS,
        exchange=SimulatedExchange(latency="0.0005") if number % 2 else SimulatedExchange(),
        risk=LIMITS,
        on_error=troubles.append,
        on_exit=("leave", "cancel")[number // 2 % 2],
    ).start()
    market = Market(seed + number)
    for quote in market.quotes():
        system.publish(quote)
    system.subscribe(lambda _: None)
    system.add_strategy(lambda: Trader(100_000, f"{seed}-{number}"))
    begun = threading.Event()

    def trade(trader: int) -> None:
        moving, count = Market(trader), 0
        with contextlib.suppress(SystemStopped):
            while True:
                order_id = f"{trader}-{count}"
                system.submit(SubmitOrder("BTC/USDT", Side.BUY, OrderType.LIMIT, "1", price="101", order_id=order_id))
                taken.append(order_id)
                system.cancel(order_id)
                system.publish(moving.quotes()[0])
                count += 1
                if count == number % 23:
                    begun.set()

    traders = [threading.Thread(target=trade, args=(trader,), daemon=True) for trader in range(2)]
    for thread in traders:
        thread.start()
    # Each system at another moment, from before its first order to some way into the traffic.
    begun.wait(0.01)
    assert system.stop(_BOUND), f"no orderly end within {_BOUND} s: {troubles}"
    for thread in traders:
        thread.join(_BOUND)
        assert not thread.is_alive(), "a thread of the host is stuck in a call"
    _nothing_is_lost(system, taken, troubles)
    until = time.monotonic() + _BOUND
    while threading.active_count() > before:
        # An actor says that it has stopped a moment before its thread has ended.
        assert time.monotonic() < until, f"threads outlive their system: {threading.enumerate()}"
        threading.Event().wait(0.001)


def _nothing_is_lost(system: TradingSystem, taken: list[str], troubles: list[Any]) -> None:
    orders = {order.order_id: order for order in system.books()["order_manager"].orders}
    dead = [one for one in troubles if isinstance(one, Problem) and one.what.startswith("stopped before")]
    lost = set(taken) - set(orders)
    assert len(lost) <= len(dead), f"taken, neither recorded nor reported: {sorted(lost)[:5]}"
    assert len(dead) == len(troubles), [one for one in troubles if one not in dead][:5]
    for order in orders.values():
        assert order.reason is None or order.state.value != "REJECTED" or order.reason in _EXPECTED, (
            f"{order}: {order.reason}, {order.reason_text}"
        )
    _must_be_clean(system)


def _must_be_clean(system: TradingSystem) -> None:
    report = audit(system, _BOUND)
    assert report.is_clean, report.violations[:5]
    assert report.checks > 0, "the audit checked nothing"


class Patient(Strategy):
    """Has a few orders rest, and at each quote modifies each, submits each once more, and cancels one nobody knows."""

    def __init__(self) -> None:
        self.turns = 0

    def on_start(self) -> None:
        """Let the orders rest."""
        self._submit()

    def on_market_data(self, data: MarketData) -> None:
        """Take a turn: no new order comes of it, however many there are."""
        self.turns += 1
        for number in range(_RESTING):
            self.modify(f"resting-{number}", price=f"10.{self.turns % 7}")
        self._submit()
        self.cancel("unknown")

    def _submit(self) -> None:
        for number in range(_RESTING):
            order_id = f"resting-{number}"
            self.submit(SubmitOrder("BTC/USDT", Side.BUY, OrderType.LIMIT, "1", price="10", order_id=order_id))


class Steady:
    """A system that lives on, to which much is said and nothing new: its memory must stay as it is."""

    def __init__(self) -> None:
        self._troubles: list[Any] = []
        self._patient = Patient()
        self._system = TradingSystem(
            INSTRUMENTS, exchange=SimulatedExchange(), on_error=self._troubles.append, history=100
        ).start()
        self._market = Market(0)
        self._turn()
        self._system.add_strategy(lambda: self._patient)
        assert self._system.quiesce(_BOUND), "not at rest"

    def go_on(self, turns: int) -> None:
        """Let it take so many turns, each when the one before has come to rest: else quotes would be conflated."""
        for _ in range(turns):
            self._turn()
            assert self._system.quiesce(_BOUND), f"not at rest within {_BOUND} s: {self._system.mailboxes()}"

    def _turn(self) -> None:
        self._system.publish(self._market.quotes()[0])

    def close(self) -> int:
        """Stop it, audit it, and return how many turns it has taken."""
        assert self._system.stop(_BOUND), "no orderly end"
        assert not self._troubles, self._troubles[:5]
        assert len(self._system.books()["order_manager"].orders) == _RESTING, "an order too many"
        _must_be_clean(self._system)
        return self._patient.turns


def resident() -> float:
    """Return the memory in MiB that this process cannot give back, 0 where the system does not tell."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError, TypeError):
        # What is free but not returned follows the deepest backlog so far, which chance makes deeper now and then.
        ctypes.CDLL(None).malloc_trim(0)
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / _MIB
    except OSError:
        return 0.0
