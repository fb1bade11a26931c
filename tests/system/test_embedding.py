"""A trading system inside somebody else's application."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pykka
import pytest
from helpers import BOUND, BTC, ETH, OwnVenue, Recorder, assert_clean, limit, market, quote, system_of

import orderpit
from orderpit import (
    BlockingCall,
    InvalidOrder,
    Order,
    OrderState,
    OrderType,
    OrderUpdate,
    Overloaded,
    Quote,
    Reason,
    Side,
    SimulatedExchange,
    Strategy,
    SubmitOrder,
    SystemStopped,
    Trade,
    TradingSystem,
    audit,
)
from orderpit.model import events as e

ROOT = Path(__file__).parents[2]


# -- the example


def test_the_example_of_the_design_runs_as_it_stands() -> None:
    from orderpit import Instrument  # noqa: PLC0415  # as a reader of the example would write it

    class MyStrategy(Strategy):
        def __init__(self, symbol: str, size: str) -> None:
            self.symbol, self.size = symbol, size

    btc = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.00001")

    with TradingSystem([btc], exchange=SimulatedExchange(taker_fee="0.001", seed=7)) as system:
        system.publish(Quote("BTC/USDT", bid="43249.99", ask="43250.01"))
        order_id = system.submit(SubmitOrder("BTC/USDT", Side.BUY, OrderType.LIMIT, "0.05", price="43350"))
        order = system.wait(order_id, OrderState.FILLED, timeout=5)
        system.modify(order_id, price="43000", quantity="0.04")
        system.cancel(order_id)
        assert system.order(order_id) == order
        assert system.orders(symbol="BTC/USDT", state=OrderState.OPEN) == ()
        assert system.stats()["total_orders_filled"] == 1
        assert all(type(update) is OrderUpdate for update in system.history())
        heard = Recorder()
        handle = system.subscribe(heard)
        system.add_strategy(MyStrategy, symbol="BTC/USDT", size="0.01")
        handle.close()
        assert (order.average_fill_price, order.fees_paid) == (order.fills[0].price, order.fills[0].fee)
        assert str(order.average_fill_price) == "43250.01"
        assert_clean(system)


# -- waiting and reading


def test_an_order_that_is_not_known_yet_is_waited_for(system: TradingSystem) -> None:
    found = Recorder()
    waiter = threading.Thread(target=lambda: found(system.wait("mine", OrderState.OPEN, BOUND)))
    waiter.start()
    system.publish(quote())
    system.submit(limit("50", order_id="mine"))
    assert found.first(1)[0].order_id == "mine"
    waiter.join(BOUND)


def test_a_wait_ends_when_the_order_has_closed_otherwise(system: TradingSystem) -> None:
    order = system.wait(system.submit(market()), OrderState.FILLED, BOUND)
    assert (order.state, order.reason) == (OrderState.REJECTED, Reason.NO_MARKET)


@pytest.mark.parametrize(("order_id", "seen"), [("never", "unknown"), ("mine", "OPEN")], ids=["unknown", "known"])
def test_a_wait_that_takes_too_long_names_the_order_and_its_state(
    system: TradingSystem, order_id: str, seen: str
) -> None:
    system.publish(quote())
    system.submit(limit("50", order_id="mine"))
    system.wait("mine", OrderState.OPEN, BOUND)
    with pytest.raises(TimeoutError, match=f"order {order_id} has not been FILLED within 0.01 s; it is {seen}"):
        system.wait(order_id, OrderState.FILLED, timeout=0.01)


def test_a_wait_ends_when_the_system_stops() -> None:
    raised, waiting = Recorder(), threading.Event()
    with system_of() as system:

        def wait() -> None:
            waiting.set()
            with pytest.raises(SystemStopped):
                system.wait("never", OrderState.FILLED, BOUND)
            raised(1)

        waiter = threading.Thread(target=wait)
        waiter.start()
        assert waiting.wait(BOUND)
    raised.first(1)
    waiter.join(BOUND)


def test_an_unknown_order_is_none(system: TradingSystem) -> None:
    assert system.order("never") is None


def test_after_a_wait_the_portfolio_includes_what_was_waited_for(system: TradingSystem, eager_switching: None) -> None:
    system.publish(quote())
    for count in range(1, 200):
        system.wait(system.submit(market()), OrderState.FILLED, BOUND)
        assert system.portfolio().positions[BTC.symbol].quantity == count


def test_an_order_submitted_after_a_quote_always_finds_its_price(eager_switching: None) -> None:
    with system_of(cash={"USDT": "1000000"}) as system:
        for number in range(1, 200):
            system.publish(quote(str(number), str(number)))
            order = system.wait(system.submit(market()), OrderState.FILLED, BOUND)
            assert order.average_fill_price == number


# -- subscribing


def _subscribed(*events: type[Any], symbol: str | None = None) -> list[Any]:
    heard = Recorder()
    with system_of() as system:
        system.subscribe(heard, *events, symbol=symbol)
        system.publish(quote())
        system.publish(quote(symbol="ETH/USDT"))
        system.publish(Trade(BTC.symbol, price="100"))
        for symbol_of_order in (BTC.symbol, ETH.symbol):
            system.wait(system.submit(market(symbol=symbol_of_order)), OrderState.FILLED, BOUND)
        assert system.quiesce(BOUND)
    return heard.items


def test_a_subscriber_hears_of_every_update_in_order_and_without_gap() -> None:
    assert [update.sequence for update in _subscribed()] == list(range(1, 9))


@pytest.mark.parametrize(
    ("events", "symbol", "expected"),
    [
        ((e.OrderFilled,), None, ["OrderFilled BTC/USDT", "OrderFilled ETH/USDT"]),
        ((e.OrderFilled,), "ETH/USDT", ["OrderFilled ETH/USDT"]),
        ((e.OrderCreated, e.OrderFilled), "BTC/USDT", ["OrderCreated BTC/USDT", "OrderFilled BTC/USDT"]),
        ((Quote,), None, ["Quote BTC/USDT", "Quote ETH/USDT"]),
        ((Quote, Trade), "BTC/USDT", ["Quote BTC/USDT", "Trade BTC/USDT"]),
        ((Trade, e.OrderFilled), "BTC/USDT", ["Trade BTC/USDT", "OrderFilled BTC/USDT"]),
    ],
    ids=["one type", "type and symbol", "two types", "quotes", "data of a symbol", "data and events"],
)
def test_a_subscriber_hears_of_the_types_and_the_symbol_that_it_asked_for(
    events: Any, symbol: str | None, expected: list[str]
) -> None:
    heard = [
        f"{type(item.event).__name__} {item.order.symbol}"
        if type(item) is OrderUpdate
        else f"{type(item).__name__} {item.symbol}"
        for item in _subscribed(*events, symbol=symbol)
    ]
    assert sorted(heard) == sorted(expected)


class Host(pykka.ThreadingActor):
    """An actor of the host."""

    use_daemon_thread = True

    def __init__(self, heard: Recorder) -> None:
        super().__init__()
        self._heard = heard

    def on_receive(self, message: Any) -> Any:
        self._heard(message)


def test_an_actor_of_the_host_can_be_told_of_updates(system: TradingSystem) -> None:
    heard = Recorder()
    ref = Host.start(heard)
    system.subscribe(ref, e.OrderFilled)
    system.publish(quote())
    system.wait(system.submit(market()), OrderState.FILLED, BOUND)
    (update,) = heard.first(1)
    assert type(update.event) is e.OrderFilled
    ref.stop(timeout=BOUND)


def test_a_closed_subscription_hears_no_more(system: TradingSystem) -> None:
    heard, other = Recorder(), Recorder()
    handle = system.subscribe(heard)
    system.subscribe(other)
    system.submit(market())
    other.first(2)
    handle.close()
    before = len(heard.items)
    system.submit(market())
    other.first(6)
    assert len(heard.items) == before
    handle.close()


def test_a_callback_may_wait_for_the_system(system: TradingSystem) -> None:
    waited = Recorder()

    def callback(update: OrderUpdate) -> None:
        assert update.order is not None
        waited(system.wait(update.order.order_id, OrderState.FILLED, BOUND).state)
        waited(system.stats()["total_orders_filled"])

    system.subscribe(callback, e.OrderCreated)
    system.publish(quote())
    system.submit(market())
    assert waited.first(2) == [OrderState.FILLED, 1]


# -- blocking calls inside handlers

BLOCKING: dict[str, Callable[[TradingSystem], Any]] = {
    "wait": lambda system: system.wait("x", OrderState.FILLED, 1),
    "order": lambda system: system.order("x"),
    "orders": lambda system: system.orders(),
    "stats": lambda system: system.stats(),
    "history": lambda system: system.history(),
    "portfolio": lambda system: system.portfolio(),
    "troubles": lambda system: system.troubles(),
    "subscribe": lambda system: system.subscribe(print),
    "add_strategy": lambda system: system.add_strategy(Strategy),
    "play": lambda system: system.play([]),
    "stop": lambda system: system.stop(),
    "quiesce": lambda system: system.quiesce(1),
    "audit": audit,
}


class Calls(Strategy):
    """Makes a call in a handler and keeps what it raises."""

    def __init__(self, call: Callable[[], Any], raised: Recorder) -> None:
        self.call, self.raised = call, raised

    def on_start(self) -> None:
        try:
            self.raised(self.call())
        except Exception as error:  # noqa: BLE001  # the test looks at it
            self.raised(error)


@pytest.mark.parametrize("name", BLOCKING)
def test_a_call_that_waits_raises_inside_a_handler_of_a_strategy(system: TradingSystem, name: str) -> None:
    raised = Recorder()
    system.add_strategy(Calls, call=lambda: BLOCKING[name](system), raised=raised)
    (error,) = raised.first(1)
    assert type(error) is BlockingCall
    assert error.actor == "Calls-1"


@pytest.mark.parametrize("name", ["stop", "quiesce", "audit"])
def test_a_callback_may_not_wait_for_its_own_end(system: TradingSystem, name: str) -> None:
    raised = Recorder()

    def callback(_: Any) -> None:
        try:
            BLOCKING[name](system)
        except BlockingCall as error:
            raised(error)

    system.subscribe(callback, e.OrderCreated)
    system.submit(market())
    raised.first(1)


def test_a_strategy_may_submit_through_the_system_as_long_as_that_does_not_wait(system: TradingSystem) -> None:
    submitted = Recorder()
    system.publish(quote())
    system.add_strategy(Calls, call=lambda: system.submit(market()), raised=submitted)
    assert system.wait(submitted.first(1)[0], OrderState.FILLED, BOUND).strategy_id == "system"


def test_a_submission_inside_a_handler_that_would_have_to_wait_raises_and_creates_nothing() -> None:
    raised = Recorder()
    with system_of(max_in_flight=1) as system:

        def call() -> Any:
            # The first update cannot come: this very call is made by the view.
            return system.submit(limit())

        class Reply:
            def set(self, _: Any = None) -> None:
                for _ in range(2):
                    try:
                        raised(call())
                    except BlockingCall as error:
                        raised(error)

        first = system.wait(system.submit(limit()), OrderState.SUBMITTED, BOUND)
        system.wait_for(first.order_id, OrderState.SUBMITTED, Reply())
        taken, error = raised.first(2)
        assert system.wait(taken, OrderState.SUBMITTED, BOUND)
        assert type(error) is BlockingCall
        assert system.quiesce(BOUND)
        assert system.stats()["total_orders_created"] == 2


# -- asyncio


def test_waiting_and_reading_updates_in_an_event_loop(system: TradingSystem) -> None:
    async def trade() -> list[int]:
        async with system.updates() as updates:
            system.publish(quote())
            order = await system.wait_async(system.submit(market()), OrderState.FILLED, BOUND)
            assert order.is_filled
            sequences: list[int] = []
            async for update in updates:
                sequences.append(update.sequence)
                if isinstance(update.event, e.OrderFilled):
                    break
            return sequences

    assert asyncio.run(trade()) == [1, 2, 3, 4]


def test_many_updates_reach_an_event_loop_in_order_and_the_end_of_the_system_ends_them() -> None:
    async def read(system: TradingSystem) -> list[int]:
        updates = system.updates()
        stopper = threading.Thread(target=flood, args=(system,))
        stopper.start()
        sequences = [update.sequence async for update in updates]
        stopper.join(BOUND)
        return sequences

    def flood(system: TradingSystem) -> None:
        system.publish(quote())
        ids = [system.submit(market()) for _ in range(1_000)]
        system.wait(ids[-1], OrderState.FILLED, BOUND)
        system.stop()

    system = system_of().start()
    assert asyncio.run(read(system)) == list(range(1, 4_001))


def test_an_event_loop_goes_on_while_it_waits(system: TradingSystem) -> None:
    async def both() -> int:
        turns = 0
        waiting = asyncio.create_task(system.wait_async("mine", OrderState.FILLED, BOUND))
        while not waiting.done():
            turns += 1
            if turns == 5:
                system.publish(quote())
                system.submit(market(order_id="mine"))
            await asyncio.sleep(0)
        assert waiting.result().is_filled
        return turns

    assert asyncio.run(both()) >= 5


def test_a_wait_in_an_event_loop_times_out_and_can_be_cancelled(system: TradingSystem, troubles: Recorder) -> None:
    async def wait() -> None:
        with pytest.raises(TimeoutError):
            await system.wait_async("never", OrderState.FILLED, 0.01)
        waiting = asyncio.create_task(system.wait_async("never", OrderState.FILLED, BOUND))
        await asyncio.sleep(0)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting

    asyncio.run(wait())
    # The order that nobody waits for any more harms nobody.
    system.publish(quote())
    system.wait(system.submit(market(order_id="never")), OrderState.FILLED, BOUND)
    assert troubles.items == []


def test_a_wait_in_an_event_loop_ends_when_the_system_stops() -> None:
    troubles = Recorder()

    async def wait(system: TradingSystem) -> None:
        waiting = asyncio.create_task(system.wait_async("never", OrderState.FILLED, BOUND))
        await asyncio.sleep(0)
        await asyncio.to_thread(system.stop)
        with pytest.raises(SystemStopped):
            await waiting

    asyncio.run(wait(system_of(on_error=troubles).start()))
    assert troubles.items == []


def test_a_reader_of_updates_that_goes_away_harms_nobody(system: TradingSystem, troubles: Recorder) -> None:
    async def leave() -> None:
        system.updates()
        async with system.updates():
            pass

    asyncio.run(leave())
    system.publish(quote())
    for _ in range(20):
        system.wait(system.submit(market()), OrderState.FILLED, BOUND)
    assert system.quiesce(BOUND)
    assert troubles.items == []


@pytest.mark.parametrize("updates", [True, False], ids=["updates", "subscribe"])
def test_subscribing_and_leaving_again_and_again_leaves_no_threads_behind(
    system: TradingSystem, troubles: Recorder, *, updates: bool
) -> None:
    async def come_and_go() -> None:
        async with system.updates():
            pass

    system.publish(quote())
    system.wait(system.submit(market()), OrderState.FILLED, BOUND)
    before = set(threading.enumerate())
    for _ in range(20):
        system.submit(market())
        if updates:
            asyncio.run(come_and_go())
        else:
            system.subscribe(Recorder()).close()
    assert system.quiesce(BOUND)
    deadline = time.monotonic() + 2
    for thread in set(threading.enumerate()) - before:
        thread.join(max(deadline - time.monotonic(), 0))
        assert not thread.is_alive(), thread.name
    assert troubles.items == []


# -- several systems, and the host's own things


def test_systems_in_one_process_do_not_know_of_each_other() -> None:
    heard = Recorder()
    with system_of(run_id="a") as one, system_of(run_id="b") as two:
        two.subscribe(heard)
        one.publish(quote("10", "11"))
        two.publish(quote("20", "21"))
        first = one.wait(one.submit(market()), OrderState.FILLED, BOUND)
        second = two.wait(two.submit(market()), OrderState.FILLED, BOUND)
        assert (first.average_fill_price, second.average_fill_price) == (11, 21)
        assert two.order(first.order_id) is None
        one.stop()
        assert two.wait(two.submit(market()), OrderState.FILLED, BOUND).is_filled
        # What a subscriber has heard is not what wait() waits for: on a busy machine that may still be nothing.
        assert {update.order.order_id[0] for update in heard.first(8)} == {"b"}
        assert_clean(one)
        assert_clean(two)


def test_many_systems_may_start_and_stop_at_once() -> None:
    ended = Recorder()

    def run() -> None:
        with system_of() as system:
            system.publish(quote())
            for _ in range(10):
                system.wait(system.submit(market()), OrderState.FILLED, BOUND)
        ended(audit(system).violations)

    runners = [threading.Thread(target=run) for _ in range(6)]
    for thread in runners:
        thread.start()
    assert ended.first(6) == [()] * 6
    for thread in runners:
        thread.join(BOUND)


def test_the_actors_of_the_host_outlive_ours_and_ours_outlive_a_stop_of_all_of_the_hosts() -> None:
    ref = Host.start(Recorder())
    with system_of() as first:
        first.publish(quote())
    assert ref.is_alive()
    with system_of() as second:
        second.add_strategy(Strategy)
        second.subscribe(Recorder())
        pykka.ActorRegistry.stop_all(timeout=BOUND)
        assert not ref.is_alive()
        second.publish(quote())
        assert second.wait(second.submit(market()), OrderState.FILLED, BOUND).is_filled
        assert_clean(second)


_HOST = """
import sys
from loguru import logger

lines = []
logger.remove()
logger.add(lines.append, level=0)
sinks = dict(logger._core.handlers)

import model, actors
assert model.ANSWER == 42 and actors.ANSWER == 43

import orderpit
from orderpit import Instrument, OrderState, OrderType, Quote, Side, SimulatedExchange, SubmitOrder, TradingSystem
from orderpit import audit

btc = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.00001")
with TradingSystem([btc], exchange=SimulatedExchange()) as system:
    system.publish(Quote("BTC/USDT", bid="99", ask="101"))
    order_id = system.submit(SubmitOrder("BTC/USDT", Side.BUY, OrderType.MARKET, "1"))
    assert system.wait(order_id, OrderState.FILLED, timeout=10).is_filled
    system.submit(SubmitOrder("NONE", Side.BUY, OrderType.MARKET, "1"))
assert audit(system).violations == ()

assert sys.modules["model"] is model and sys.modules["actors"] is actors
assert model.__file__.startswith(sys.argv[1]) and actors.__file__.startswith(sys.argv[1])
assert "orderpit.model" in sys.modules and "orderpit.actors" in sys.modules
assert dict(logger._core.handlers) == sinks, "the host's sinks are unchanged"
assert lines == [], lines
print("ok")
"""


def _python(code: str, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(cwd), str(Path(orderpit.__file__).parents[1])])
    return subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-W", "error", "-c", code, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_host_keeps_its_own_model_and_actors_modules_and_its_log_sinks(tmp_path: Path) -> None:
    for name, answer in (("model", 42), ("actors", 43)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"ANSWER = {answer}\n")
    ended = _python(_HOST, str(tmp_path), cwd=tmp_path)
    assert (ended.stdout, ended.stderr) == ("ok\n", "")


def test_importing_orderpit_imports_nothing_that_only_others_need(tmp_path: Path) -> None:
    code = "import sys, orderpit; print(*sorted(sys.modules))"
    loaded = set(_python(code, cwd=tmp_path).stdout.split())
    assert "orderpit" in loaded
    unwanted = {"rich", "pytest", "_pytest", "hypothesis", "sqlite3", "csv", "gzip", "zipfile", "argparse"}
    assert loaded & unwanted == set()
    assert not {name for name in loaded if name.startswith(("orderpit.cli", "orderpit.readers"))}


# -- life


def test_a_system_is_started_once() -> None:
    with system_of() as system, pytest.raises(SystemStopped, match="start"):
        system.start()


def test_a_system_that_was_not_started_refuses_everything_and_can_be_stopped() -> None:
    system = system_of()
    for call in (lambda: system.submit(market()), lambda: system.publish(quote()), system.stats, system.books):
        with pytest.raises(SystemStopped):
            call()
    assert system.stop()


def test_a_stopped_system_refuses_everything_and_its_books_can_be_read() -> None:
    with system_of() as system:
        system.publish(quote())
        system.wait(system.submit(market()), OrderState.FILLED, BOUND)
    calls: list[Callable[[], Any]] = [
        lambda: system.submit(market()),
        lambda: system.modify("x", price="1"),
        lambda: system.cancel("x"),
        lambda: system.halt("x"),
        system.resume,
        lambda: system.publish(quote()),
        lambda: system.play([]),
        lambda: system.subscribe(print),
        lambda: system.add_strategy(Strategy),
        lambda: system.wait("x", OrderState.FILLED, 1),
        system.start,
    ]
    for call in calls:
        with pytest.raises(SystemStopped):
            call()
    assert_clean(system)


def test_what_a_stopped_system_knew_can_still_be_read() -> None:
    with system_of() as system:
        system.publish(quote())
        order_id = system.submit(market())
        order = system.wait(order_id, OrderState.FILLED, BOUND)
        system.quiesce(BOUND)
        before = (system.stats(), system.portfolio(), system.history(), system.orders())
    assert (system.stats(), system.portfolio(), system.history(), system.orders()) == before
    assert system.order(order_id) == order
    assert system.order("unknown") is None
    assert system.troubles().problem_count == 0


def test_stopping_twice_and_at_once_from_many_threads_stops_once() -> None:
    stops, ends = Recorder(), Recorder()

    class Counts(Strategy):
        def on_stop(self) -> None:
            stops(1)

    troubles = Recorder()
    system = system_of(on_error=troubles).start()
    system.add_strategy(Counts)
    stoppers = [threading.Thread(target=lambda: ends(system.stop())) for _ in range(5)]
    for thread in stoppers:
        thread.start()
    assert ends.first(5) == [True] * 5
    assert system.stop()
    assert stops.items == [1]
    assert troubles.items == []
    for thread in stoppers:
        thread.join(BOUND)


def test_working_orders_are_left_as_they_are_unless_the_system_is_told_otherwise() -> None:
    states: dict[str, list[OrderState]] = {}
    for on_exit in ("leave", "cancel"):
        with system_of(on_exit=on_exit) as system:
            system.publish(quote())
            for _ in range(20):
                system.submit(limit("50"))
        states[on_exit] = [order.state for order in system.books()["order_manager"].orders]
        assert_clean(system)
    assert states == {"leave": [OrderState.OPEN] * 20, "cancel": [OrderState.CANCELLED] * 20}


def test_what_was_under_way_is_finished_before_a_system_stops() -> None:
    with system_of(exchange=SimulatedExchange(latency="0.05")) as system:
        system.publish(quote())
        for _ in range(100):
            system.submit(market())
    orders: tuple[Order, ...] = system.books()["order_manager"].orders
    assert [order.state for order in orders] == [OrderState.FILLED] * 100
    assert_clean(system)


def test_nothing_is_left_of_those_that_came_and_went_while_a_system_runs() -> None:
    with system_of() as system:

        async def look() -> None:
            # Left, and forgotten: of the forgotten one no update of its symbol will ever tell.
            async with system.updates():
                pass
            system.updates(symbol="ETH/USDT")

        def come_and_go() -> tuple[int, int]:
            asyncio.run(look())
            gc.collect()
            system.subscribe(print).close()
            system.play([quote()]).wait(BOUND)
            assert system.quiesce(BOUND)
            return len(system.mailboxes()), threading.active_count()

        for _ in range(5):
            after_few = come_and_go()
        for _ in range(20):
            after_many = come_and_go()
        assert after_many[0] - after_few[0] < 5
        assert after_many[1] - after_few[1] < 5


def test_to_leave_a_system_that_has_stopped_is_no_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    async def look() -> None:
        async with system.updates():
            system.stop()

    troubles = Recorder()
    with system_of(on_error=troubles) as system:
        subscription = system.subscribe(print, Quote)
        asyncio.run(look())
        subscription.close()
    assert troubles.items == []
    assert capsys.readouterr().err == ""


def test_no_thread_of_a_system_outlives_it() -> None:
    before = set(threading.enumerate())
    with system_of(exchange=SimulatedExchange(latency="0.001")) as system:
        system.add_strategy(Strategy)
        system.subscribe(Recorder())
        system.publish(quote())
        system.wait(system.submit(market()), OrderState.FILLED, BOUND)
    for thread in set(threading.enumerate()) - before:
        thread.join(BOUND)
        assert not thread.is_alive(), thread.name


def test_an_exchange_that_cannot_connect_fails_the_start_and_stops_what_had_started() -> None:
    class Unreachable(OwnVenue):
        def connect(self, instruments: Any, report: Any) -> None:
            raise ConnectionRefusedError

    before = set(threading.enumerate())
    system = system_of(exchange=Unreachable())
    with pytest.raises(ConnectionRefusedError):
        system.start()
    for thread in set(threading.enumerate()) - before:
        thread.join(BOUND)
        assert not thread.is_alive(), thread.name
    with pytest.raises(SystemStopped):
        system.submit(limit())
    assert system.stop()


# -- halt and resume


@pytest.mark.fault(32)
def test_a_halt_refuses_new_orders_and_lets_cancels_and_fills_pass_until_it_is_lifted(system: TradingSystem) -> None:
    system.publish(quote())
    working = [system.submit(limit("50")) for _ in range(2)]
    system.wait(working[1], OrderState.OPEN, BOUND)
    system.halt("lunch")
    refused = system.wait(system.submit(market()), OrderState.FILLED, BOUND)
    assert (refused.state, refused.reason) == (OrderState.REJECTED, Reason.HALTED)
    system.cancel(working[0])
    assert system.wait(working[0], OrderState.CANCELLED, BOUND).state is OrderState.CANCELLED
    system.modify(working[1], price="51")
    system.publish(quote("49", "50"))
    assert system.wait(working[1], OrderState.FILLED, BOUND).average_fill_price == 50
    system.resume()
    assert system.wait(system.submit(market()), OrderState.FILLED, BOUND).is_filled
    assert_clean(system)


def test_a_strategy_may_halt_trading_without_waiting_for_it(system: TradingSystem) -> None:
    halted = Recorder()
    system.publish(quote())
    system.add_strategy(Calls, call=lambda: system.halt("enough"), raised=halted)
    assert halted.first(1) == [None]
    refused = system.wait(system.submit(market()), OrderState.FILLED, BOUND)
    assert refused.reason is Reason.HALTED
    assert system.history()[-1].event.text == "trading is halted: enough"
    assert_clean(system)


def test_once_a_halt_has_returned_no_order_leaves_whatever_was_on_its_way(eager_switching: None) -> None:
    venue = OwnVenue()
    with system_of(exchange=venue) as system:
        flooded = threading.Event()

        def flood() -> None:
            for number in range(2_000):
                system.submit(limit())
                if number == 200:
                    flooded.set()

        flooder = threading.Thread(target=flood)
        flooder.start()
        assert flooded.wait(BOUND)
        system.halt("stop")
        system.books()  # what had left before has arrived
        left = len(venue.requests.items)
        flooder.join(BOUND)
        assert system.quiesce(BOUND)
        assert len(venue.requests.items) == left
        assert_clean(system)


# -- fork


_FORK = """
import os, sys
from orderpit import Instrument, OrderState, OrderType, Quote, Side, SimulatedExchange, SubmitOrder, SystemStopped
from orderpit import TradingSystem

btc = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.00001")
order = SubmitOrder("BTC/USDT", Side.BUY, OrderType.MARKET, "1")
calls = {
    "submit": lambda s: s.submit(order),
    "publish": lambda s: s.publish(Quote("BTC/USDT", bid="99", ask="101")),
    "cancel": lambda s: s.cancel("x"),
    "halt": lambda s: s.halt("x"),
    "order": lambda s: s.order("x"),
    "stats": lambda s: s.stats(),
    "wait": lambda s: s.wait("x", OrderState.FILLED, 1),
    "subscribe": lambda s: s.subscribe(print),
}
with TradingSystem([btc], exchange=SimulatedExchange()) as system:
    child = os.fork()
    if child == 0:
        refused = 0
        for name, call in calls.items():
            try:
                call(system)
            except SystemStopped as error:
                refused += 1
        system.stop()
        os._exit(0 if refused == len(calls) else 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    system.publish(Quote("BTC/USDT", bid="99", ask="101"))
    filled = system.wait(system.submit(order), OrderState.FILLED, timeout=10).is_filled
print(status, filled)
"""


@pytest.mark.fault(75)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_in_a_forked_child_a_system_refuses_everything_and_the_parent_goes_on(tmp_path: Path) -> None:
    ended = _python(_FORK.replace("-W", ""), cwd=tmp_path, PYTHONWARNINGS="ignore")
    assert (ended.stdout, ended.returncode) == ("0 True\n", 0), ended.stderr


# -- what is submitted twice


@pytest.mark.fault(43)
def test_the_same_order_again_is_one_order_and_another_under_its_id_is_refused(system: TradingSystem) -> None:
    heard = Recorder()
    system.subscribe(heard, e.CommandRefused)
    system.publish(quote())
    first = limit("50", order_id="mine")
    for _ in range(5):
        assert system.submit(first) == "mine"
    system.submit(limit("51", order_id="mine"))
    (refused,) = heard.first(1)
    assert refused.event.reason is Reason.DUPLICATE_ID
    assert len(system.orders()) == 1
    assert_clean(system)


@pytest.mark.parametrize("count", [1, 50])
def test_repeated_orders_give_their_place_in_flight_back(count: int) -> None:
    with system_of(max_in_flight=2) as system:
        system.publish(quote())
        for _ in range(count):
            system.submit(limit("50", order_id="mine"), timeout=BOUND)
            with contextlib.suppress(Overloaded):
                system.submit(limit("51", order_id="mine"), timeout=BOUND)
        assert system.quiesce(BOUND)
        assert system.submit(limit("50"), timeout=0)


def test_a_number_that_is_no_order_is_refused_at_once(system: TradingSystem) -> None:
    with pytest.raises(InvalidOrder, match="order"):
        system.submit(7)  # type: ignore[arg-type]
