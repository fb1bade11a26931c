"""A system on one thread: the caller moves it, time is virtual, and what comes of it is what threads would do."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pykka
import pytest
from helpers import BOUND, BTC, Recorder, assert_clean, limit, market, quote, system_of

from orderpit import (
    Bar,
    BlockingCall,
    InvalidConfiguration,
    OrderState,
    Quote,
    Side,
    SimulatedExchange,
    Strategy,
    SystemStopped,
    TradingSystem,
)
from orderpit.actors.audit import audit
from orderpit.actors.stepped import START_NS
from orderpit.bars import daily_bars, instrument
from orderpit.model.events import OrderFilled
from orderpit.readers import infer_instrument, open_records
from orderpit.strategies import BracketedBreakout, MovingAverageCrossover, TwoSidedQuoter
from orderpit.testing import Crashed, Deadlock, OutOfSteps, Stepped, seeded

SECOND = 1_000_000_000
DATA = Path(__file__).parents[3] / "shared" / "data"
RECORDED = DATA / "spot_btcusdt_20240808.gz"


def stepped(**settings: Any) -> TradingSystem:
    return system_of(**{"runtime": "stepped"} | settings)


def now_ns(system: TradingSystem) -> int:
    return system._runtime.now_ns()


def late(seconds: str, **settings: Any) -> TradingSystem:
    return stepped(exchange=SimulatedExchange(latency=seconds), **settings)


# -- who moves, and what time is


@pytest.mark.parametrize("fibres", ["greenlet", "thread"])
def test_publish_and_submit_return_when_all_that_they_caused_has_been_dealt_with(fibres: Any) -> None:
    heard: list[Any] = []
    with stepped(runtime=Stepped(fibres=fibres)) as system:
        system.subscribe(heard.append, OrderFilled)
        system.publish(quote())
        order_id = system.submit(market())
        assert [update.event.order_id for update in heard] == [order_id]
        order = system.order(order_id)
        assert order is not None
        assert order.state is OrderState.FILLED
        assert system.portfolio().positions["BTC/USDT"].quantity == 1
    assert_clean(system)


def test_time_begins_at_the_same_moment_and_moves_only_when_somebody_waits() -> None:
    with late("0.25") as system:
        assert now_ns(system) == START_NS
        system.publish(quote())
        order_id = system.submit(market())
        assert now_ns(system) == START_NS
        assert system.wait(order_id, OrderState.FILLED, 5).is_filled
        assert START_NS + SECOND // 4 <= now_ns(system) <= START_NS + SECOND
    assert_clean(system)


def test_wait_raises_timeout_error_at_once_when_nothing_more_can_happen() -> None:
    with stepped() as system:
        system.publish(quote())
        order_id = system.submit(limit("50"))
        with pytest.raises(TimeoutError, match=r"has not been FILLED within 3600 s; it is OPEN"):
            system.wait(order_id, OrderState.FILLED, 3_600)
        assert now_ns(system) == START_NS + 3_600 * SECOND


def test_wait_raises_timeout_error_when_what_it_waits_for_comes_later() -> None:
    with late("2") as system:
        system.publish(quote())
        order_id = system.submit(market())
        with pytest.raises(TimeoutError):
            system.wait(order_id, OrderState.FILLED, 1)
        assert system.wait(order_id, OrderState.FILLED, 4).is_filled


@pytest.mark.parametrize("most", [1, 2, 3, 7])
def test_recorded_data_played_in_slices_is_played_to_its_end(most: int) -> None:
    heard: list[Quote] = []
    with stepped(clock="data") as system:
        system.subscribe(heard.append, Quote)
        playback = system.play(quote(time_ns=number) for number in range(1, 21))
        while playback.run_steps(most):
            pass
        assert heard[-1].time_ns == 20


def test_quiesce_lets_pass_what_time_it_takes() -> None:
    with late("2") as system:
        system.publish(quote())
        system.submit(market())
        assert not system.quiesce(0.5)
        assert system.quiesce(10)
        assert system.quiesce(0)


def test_what_is_sent_while_the_actors_are_held_is_under_way_at_once() -> None:
    with stepped() as system:
        system.publish(quote())
        with system._runtime.held():
            order_ids = [system.submit(market("0.1")) for _ in range(5)]
            assert system.mailboxes()[0].queued == 5
        for order_id in order_ids:
            system.wait(order_id, OrderState.FILLED, 1)


def test_more_orders_than_may_be_in_flight_wait_in_virtual_time() -> None:
    with late("0.1", max_in_flight=2) as system:
        system.publish(quote())
        with system._runtime.held():
            order_ids = [system.submit(market("0.1"), timeout=5) for _ in range(6)]
        assert system.quiesce(5)
        assert all(order is not None and order.is_filled for order in map(system.order, order_ids))


# -- inside callbacks and handlers


@pytest.mark.parametrize("seed", range(6))
def test_a_subscribers_callback_may_submit_and_wait_for_the_system(seed: int) -> None:
    closing: list[Any] = []

    def close_out(update: Any) -> None:
        if update.order.is_buy and update.order.is_filled:
            order_id = system.submit(market(side=Side.SELL))
            closing.append(system.wait(order_id, OrderState.FILLED, 5))
            assert system.portfolio().positions["BTC/USDT"].quantity == 0
            with pytest.raises(BlockingCall):
                system.quiesce(1)

    exchange = SimulatedExchange(latency="0.1")
    with stepped(exchange=exchange, runtime=Stepped(choose=seeded(seed), late_ns=1_000)) as system:
        system.subscribe(close_out, OrderFilled)
        system.publish(quote())
        system.submit(market())
        assert system.quiesce(5)
    assert [order.state for order in closing] == [OrderState.FILLED]
    assert_clean(system)


def test_a_strategy_may_submit_and_must_not_wait() -> None:
    class Buys(Strategy):
        def on_market_data(self, data: Any) -> None:
            self.submit(market(symbol=data.symbol))
            system.wait("any", OrderState.FILLED, 1)

    with stepped(on_error=(problems := Recorder())) as system:
        system.add_strategy(Buys)
        system.publish(quote())
        assert system.quiesce(1)
    assert "BlockingCall" in problems.items[0].error


def test_an_actor_of_the_host_can_be_told_of_updates() -> None:
    told = Recorder()

    class Hosts(pykka.ThreadingActor):
        def on_receive(self, message: Any) -> None:
            told(message)

    hosts = Hosts.start()
    try:
        with stepped() as system:
            system.subscribe(hosts, OrderFilled)
            system.publish(quote())
            order_id = system.submit(market())
        assert told.first()[0].event.order_id == order_id
        assert hosts.is_alive()
    finally:
        hosts.stop()


# -- asyncio


def test_an_event_loop_waits_for_orders_and_reads_updates() -> None:
    async def main() -> list[str]:
        with late("0.5") as system:
            async with system.updates(OrderFilled) as updates:
                system.publish(quote())
                order_ids = [system.submit(market("0.1")) for _ in range(3)]
                for order_id in order_ids:
                    assert (await system.wait_async(order_id, OrderState.FILLED, 5)).is_filled
                with pytest.raises(TimeoutError):
                    await system.wait_async("unknown", OrderState.OPEN, 5)
                read = [(await anext(updates)).event.order_id for _ in order_ids]
                assert read == order_ids
        with pytest.raises(StopAsyncIteration):
            await anext(updates)
        return read

    assert len(asyncio.run(asyncio.wait_for(main(), BOUND))) == 3


def test_the_next_record_waits_for_a_request_that_is_on_its_way() -> None:
    class Buys(Strategy):
        def on_market_data(self, data: Any) -> None:
            if not self.orders():
                self.submit(limit("150"))

    with stepped(exchange=SimulatedExchange(latency="1")) as system:
        system.add_strategy(Buys)
        system.play([quote(ask="101"), quote(bid="150", ask="200")]).wait(BOUND)
        # The first came to the venue when it still offered what it had been submitted for.
        assert system.orders()[0].state is OrderState.FILLED


# -- what does not go


def test_another_thread_is_refused_with_one_clear_error() -> None:
    raised: list[str] = []

    def use() -> None:
        for call in (
            lambda: system.submit(market()),
            lambda: system.publish(quote()),
            system.orders,
            lambda: system.quiesce(1),
            lambda: system.cancel("any"),
        ):
            try:
                call()
            except InvalidConfiguration as error:
                raised.append(str(error))

    with stepped() as system:
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        assert raised == ["runtime: must be used from the thread that made the system, got 'stepped'"] * 5
        assert system.orders() == ()
        # What was refused was never sent.
        assert audit(system).violations == ()


@pytest.mark.parametrize(
    "settings", [{"fibres": "green"}, {"late_ns": -1}, {"most_steps": 1.5}, {"crash_at": True}], ids=str
)
def test_a_setting_that_makes_no_sense_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfiguration, match=next(iter(settings))):
        Stepped(**settings)


def test_a_runtime_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidConfiguration, match="runtime"):
        system_of(runtime="fast")


# -- ends


@pytest.mark.parametrize("fibres", ["greenlet", "thread"])
def test_a_crash_at_any_step_ends_the_system_without_a_word(fibres: Any, capfd: pytest.CaptureFixture[str]) -> None:
    def run(crash_at: int | None) -> int:
        choose, heard = seeded(3), Recorder()
        runtime = Stepped(choose=choose, fibres=fibres, crash_at=crash_at)
        with late("0.1", runtime=runtime, on_error=heard) as system:
            system.publish(quote())
            system.wait(system.submit(market()), OrderState.FILLED, 5)
        assert heard.items == []
        return system._runtime.scheduler.steps

    steps = run(None)
    for step in range(0, steps, 7):
        with pytest.raises(Crashed, match=f"crashed at step {step}$"):
            run(step)
    gc.collect()
    assert capfd.readouterr() == ("", "")


def test_a_crashed_system_answers_nothing_and_can_be_stopped() -> None:
    system = stepped(runtime=Stepped(crash_at=40)).start()
    with system._runtime.held():
        for _ in range(40):
            system.publish(quote())
    with pytest.raises(Crashed):
        system.quiesce(1)
    with pytest.raises(Crashed):
        system.orders()
    assert not system.stop()
    with pytest.raises(SystemStopped):
        system.publish(quote())


@pytest.mark.fault(68)
def test_messages_without_an_end_are_reported_and_the_system_ends() -> None:
    class Chases(Strategy):
        def on_order(self, update: Any) -> None:
            self.submit(limit("50"))

        def on_market_data(self, data: Any) -> None:
            self.submit(limit("50"))

    with stepped(runtime=Stepped(most_steps=3_000)) as system:
        system.add_strategy(Chases)
        with pytest.raises(OutOfSteps, match="not at rest after 3,000 steps"):
            system.publish(quote())


@pytest.mark.parametrize("fibres", ["greenlet", "thread"])
def test_an_interrupt_inside_a_strategy_reaches_the_caller_and_the_system_can_still_stop(fibres: Any) -> None:
    class Interrupted(Strategy):
        def on_market_data(self, data: Any) -> None:
            raise KeyboardInterrupt

    with stepped(runtime=Stepped(fibres=fibres)) as system:
        system.add_strategy(Interrupted)
        with pytest.raises(KeyboardInterrupt):
            system.publish(quote())
        assert system.wait(system.submit(market()), OrderState.FILLED, 1).is_filled
        assert system.stop()
    assert_clean(system)


@pytest.mark.parametrize("fibres", ["greenlet", "thread"])
def test_a_system_that_is_forgotten_while_it_runs_has_no_side_effects(
    fibres: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    class Hosts(pykka.ThreadingActor):
        pass

    hosts = Hosts.start()
    try:
        for seed in range(3):
            system = late("9", runtime=Stepped(choose=seeded(seed), fibres=fibres)).start()
            system.subscribe(lambda _, system=system: system.wait("never", OrderState.FILLED, 100))  # type: ignore[misc]
            system.publish(quote())
            system.submit(market())
            del system
            gc.collect()
        assert hosts.is_alive()
    finally:
        hosts.stop()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("fibres", ["greenlet", "thread"])
def test_a_callback_that_still_waits_when_the_system_stops_is_named_and_ended(
    fibres: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    heard, ended = Recorder(), []

    def waits(_: Any) -> None:
        try:
            system._runtime.future().get(timeout=1_000)
        finally:
            ended.append("ended")

    system = stepped(runtime=Stepped(fibres=fibres), on_error=heard).start()
    system.subscribe(waits, OrderFilled)
    system.publish(quote())
    system.submit(market())
    assert not system.stop(timeout=1)
    assert ended == ["ended"]
    assert [problem.what for problem in heard.items] == ["did not stop in time,"]
    assert capfd.readouterr() == ("", "")


def test_actors_of_the_host_that_wait_for_each_other_are_named() -> None:
    class Asks(pykka.ThreadingActor):
        def on_receive(self, other: Any) -> Any:
            return other.ask(None)

    with stepped() as system:
        one, other = (system._runtime.start(name, Asks) for name in ("one", "other"))
        one.tell(other)
        other.tell(one)
        with pytest.raises(Deadlock, match="one waits for other; other waits for one"):
            system.quiesce(1)


def test_several_systems_live_in_one_process_also_one_inside_a_callback_of_another() -> None:
    inner: list[Any] = []

    def trade_elsewhere(_: Any) -> None:
        with stepped() as other:
            other.publish(quote())
            inner.append(other.wait(other.submit(market()), OrderState.FILLED, 1))

    with late("1") as one, stepped() as two:
        one.subscribe(trade_elsewhere, OrderFilled)
        for system in (one, two):
            system.publish(quote())
        ids = [system.submit(market()) for system in (one, two)]
        assert [system.wait(id_, OrderState.FILLED, 5).state for system, id_ in zip((one, two), ids, strict=True)]
        assert one.quiesce(5)
    assert len(inner) == 1
    for system in (one, two):
        assert_clean(system)


# -- recorded data


FILLS = SimulatedExchange(taker_fee="0.001", maker_fee="0.0005", fill_probability="0.9", latency="0.05", seed=5)


def replayed(
    runtime: Any, records: Any, symbol: Any, strategy: Any, *, exchange: Any = FILLS, **parameters: Any
) -> tuple[Any, ...]:
    system = TradingSystem(
        [symbol],
        exchange=exchange,
        cash={symbol.quote: "1000000"},
        clock="data",
        run_id="same",
        runtime=runtime,
        answer_within=100,
    )
    with system:
        system.add_strategy(strategy, strategy_id="s", symbol=symbol.symbol, **parameters)
        progress = system.play(records).wait(BOUND)
        result = system.history(), system.portfolio(), progress
    assert_clean(system)
    return result


def same_on_threads_and_stepped(records: Any, symbol: Any, strategy: Any, **parameters: Any) -> int:
    threads = replayed("threads", records(), symbol, strategy, **parameters)
    for runtime in ("stepped", Stepped(choose=seeded(4))):
        assert replayed(runtime, records(), symbol, strategy, **parameters) == threads
    return sum(isinstance(update.event, OrderFilled) for update in threads[0])


def test_daily_bars_give_the_same_updates_on_threads_and_stepped() -> None:
    fills = same_on_threads_and_stepped(
        lambda: daily_bars("AAPL"), instrument("AAPL"), MovingAverageCrossover, size="10", fast=5, slow=20
    )
    assert fills > 5


def zigzag() -> Iterator[Bar]:
    for minute in range(120):
        price = 1000 + abs(minute % 80 - 40) // 2
        prices = {"open": price, "high": price + 1, "low": price - 1, "close": price}
        yield Bar(BTC.symbol, **prices, volume=5, time_ns=(minute + 1) * 60 * SECOND)


@pytest.mark.parametrize(
    ("strategy", "parameters"),
    [(TwoSidedQuoter, {"tick": "0.01"}), (MovingAverageCrossover, {}), (BracketedBreakout, {"tick": "0.01"})],
    ids=["quoter", "crossover", "breakout"],
)
def test_what_fills_beside_a_bar_is_known_before_the_bar_whoever_moves_first(strategy: Any, parameters: Any) -> None:
    # Requests are on their way for longer than a bar, so that bars fill what a strategy is just about to move.
    exchange = SimulatedExchange(fill_probability="0.5", latency="90")

    def played(runtime: Any) -> Any:
        return replayed(runtime, zigzag(), BTC, strategy, exchange=exchange, size="0.96", **parameters)

    in_turn = played("stepped")
    assert sum(isinstance(update.event, OrderFilled) for update in in_turn[0]) > 1
    for seed in range(12):
        assert played(Stepped(choose=seeded(seed))) == in_turn, f"seed {seed}"


@pytest.mark.skipif(
    not RECORDED.exists(),
    reason="the recorded market data is not beside the checkout, at ../shared/data: stepped is NOT compared on it",
)
@pytest.mark.parametrize(
    ("strategy", "parameters"),
    [
        (MovingAverageCrossover, {"size": "0.01", "fast": 5, "slow": 20}),
        (TwoSidedQuoter, {"size": "0.01", "tick": "0.01", "distance": "0.00001", "follow": "0.00001"}),
    ],
    ids=["crossover", "quoter"],
)
def test_a_recorded_day_gives_the_same_updates_on_threads_and_stepped(strategy: Any, parameters: Any) -> None:
    def records() -> Any:
        return itertools.islice(open_records(RECORDED), 4_000)

    assert same_on_threads_and_stepped(records, infer_instrument(RECORDED), strategy, **parameters) > 0
