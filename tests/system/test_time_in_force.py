"""How long orders work, in a whole system: on threads and stepped, on the wall's clock and on that of recorded data."""

from __future__ import annotations

import time
from typing import Any

import attrs
import pytest
from helpers import BOUND, BTC, NOW, Recorder, assert_clean, limit, market, quote, system_of

from orderpit import (
    Order,
    OrderState,
    OrderType,
    Reason,
    Side,
    SimulatedExchange,
    Strategy,
    SubmitOrder,
    TimeInForce,
    TradingHours,
    TradingSystem,
)
from orderpit.actors.stepped import START_NS
from orderpit.testing import ChaosExchange, Faults, Stepped, happened, heal, let_pass, storm

GTD, DAY, IOC, FOK = TimeInForce.GTD, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK
SECOND = 1_000_000_000
RUNTIMES = ["threads", "stepped"]


def until(time_ns: int, **more: Any) -> SubmitOrder:
    return limit("90", time_in_force=GTD, expire_time_ns=time_ns, **more)


# -- GTD


def test_on_threads_an_order_expires_by_the_clock_of_the_machine() -> None:
    with system_of() as system:
        system.publish(quote())
        # On a busy machine the first may be over before it has come to the venue.
        for margin in (SECOND // 10, SECOND, 5 * SECOND):
            ends = time.time_ns() + margin
            order = system.wait(system.submit(until(ends)), OrderState.EXPIRED, BOUND)
            if order.reason is not Reason.EXPIRE_TIME:
                break
        assert (order.state, order.reason) == (OrderState.EXPIRED, Reason.TIME_IN_FORCE)
        assert order.closed_ns is not None
        assert order.closed_ns >= ends
        assert_clean(system)


def test_an_order_that_will_expire_one_day_is_not_something_under_way() -> None:
    with system_of() as system:
        order_id = system.submit(until(time.time_ns() + 10**6 * SECOND))
        system.wait(order_id, OrderState.OPEN, BOUND)
        assert system.quiesce(BOUND)
        assert_clean(system)


def test_stepped_an_order_expires_to_the_nanosecond() -> None:
    with system_of(runtime="stepped") as system:
        system.publish(quote())
        order_id = system.submit(until(START_NS + 3 * SECOND))
        assert system.quiesce(10)
        assert system.now_ns() == START_NS
        order = system.wait(order_id, OrderState.EXPIRED, 10)
        assert order.closed_ns == START_NS + 3 * SECOND
        assert_clean(system)


def test_stepped_whoever_waits_for_less_waits_in_vain() -> None:
    with system_of(runtime="stepped") as system:
        order_id = system.submit(until(START_NS + 3 * SECOND))
        with pytest.raises(TimeoutError):
            system.wait(order_id, OrderState.EXPIRED, 2)
        assert system.wait(order_id, OrderState.EXPIRED, 2).state is OrderState.EXPIRED


def test_a_modification_moves_the_expiry() -> None:
    with system_of(runtime="stepped") as system:
        order_id = system.submit(until(START_NS + 3 * SECOND))
        system.modify(order_id, expire_time_ns=START_NS + SECOND)
        assert system.wait(order_id, OrderState.EXPIRED, 10).closed_ns == START_NS + SECOND


def test_an_order_that_expires_on_its_way_to_the_venue_is_refused_there() -> None:
    with system_of(runtime="stepped", exchange=SimulatedExchange(latency="1")) as system:
        order = system.wait(system.submit(until(START_NS + SECOND // 2)), OrderState.OPEN, 10)
        assert (order.state, order.reason) == (OrderState.REJECTED, Reason.EXPIRE_TIME)
        assert str(START_NS + SECOND // 2) in order.reason_text
        assert str(START_NS + SECOND) in order.reason_text
        assert_clean(system)


def test_an_expiry_frees_the_money_of_its_order() -> None:
    with system_of(BTC, runtime="stepped", cash={"USDT": "100"}) as system:
        system.publish(quote())
        first = system.submit(until(START_NS + SECOND))
        assert system.wait(system.submit(limit("90")), OrderState.OPEN, 0.5).reason is Reason.INSUFFICIENT_FUNDS
        system.wait(first, OrderState.EXPIRED, 10)
        assert system.wait(system.submit(limit("90")), OrderState.OPEN, 1).state is OrderState.OPEN
        assert_clean(system)


class Resting(Strategy):
    """Buys at its first market data, till ten seconds later, and hears what becomes of it."""

    def __init__(self) -> None:
        self.asked = False
        self.closed: list[Order] = []

    def on_market_data(self, data: Any) -> None:
        if not self.asked:
            self.asked = True
            self.submit(until(data.time_ns + 10 * SECOND))

    def on_order(self, update: Any) -> None:
        if update.order is not None and update.order.is_closed:
            self.closed.append(update.order)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    ("after", "ask", "state"),
    [
        pytest.param(9 * SECOND, "89", OrderState.FILLED, id="just before"),
        pytest.param(10 * SECOND, "89", OrderState.EXPIRED, id="at its time"),
        pytest.param(3_600 * SECOND, "89", OrderState.EXPIRED, id="long after"),
    ],
)
def test_recorded_data_lets_an_order_expire_in_recorded_time(
    runtime: Any, after: int, ask: str, state: OrderState
) -> None:
    closed: list[Order] = []
    with system_of(clock="data", runtime=runtime) as system:
        strategy = Resting()
        strategy.closed = closed
        system.add_strategy(lambda: strategy)
        records = [quote(time_ns=NOW), quote("88", ask, time_ns=NOW + after)]
        system.play(records).wait(BOUND)
        assert system.quiesce(BOUND)
        assert_clean(system)
    assert [order.state for order in closed] == [state]
    if state is OrderState.EXPIRED:
        assert closed[0].closed_ns == NOW + 10 * SECOND, "the data's clock has been set to that moment"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_would_expire_after_the_end_of_the_data_is_still_open_then(runtime: Any) -> None:
    with system_of(clock="data", runtime=runtime) as system:
        system.add_strategy(Resting)
        system.play([quote(time_ns=NOW), quote(time_ns=NOW + 9 * SECOND)]).wait(BOUND)
        assert system.quiesce(BOUND)
        assert [order.state for order in system.orders()] == [OrderState.OPEN]
        assert_clean(system)


# -- DAY


def test_a_day_order_expires_at_the_end_of_the_session() -> None:
    # Virtual time begins at 2000-01-01T00:00Z, a Saturday.
    hours = TradingHours(open="09:00", close="17:00")
    weekdays = attrs.evolve(BTC, trading_hours=hours)
    with system_of(weekdays, runtime="stepped") as system:
        order = system.wait(system.submit(limit(time_in_force=DAY)), OrderState.EXPIRED, 4 * 86_400)
        assert order.closed_ns == START_NS + (2 * 24 + 17) * 3_600 * SECOND
        assert order.reason is Reason.TIME_IN_FORCE
        assert_clean(system)


def test_where_the_market_never_closes_a_day_order_is_there_a_year_later() -> None:
    with system_of(runtime="stepped") as system:
        order_id = system.submit(limit(time_in_force=DAY))
        let_pass(system, 365 * 86_400)
        order = system.order(order_id)
        assert order is not None
        assert order.state is OrderState.OPEN


# -- IOC and FOK


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    ("order", "state", "reason", "filled"),
    [
        pytest.param(limit("101", "5", time_in_force=IOC), OrderState.CANCELLED, Reason.REMAINDER, "2", id="IOC"),
        pytest.param(limit("101", "2", time_in_force=IOC), OrderState.FILLED, None, "2", id="IOC-whole"),
        pytest.param(limit("100", "2", time_in_force=IOC), OrderState.CANCELLED, Reason.REMAINDER, "0", id="IOC-none"),
        pytest.param(limit("101", "5", time_in_force=FOK), OrderState.CANCELLED, Reason.FILL_OR_KILL, "0", id="FOK"),
        pytest.param(limit("101", "2", time_in_force=FOK), OrderState.FILLED, None, "2", id="FOK-whole"),
        pytest.param(market("5", time_in_force=FOK), OrderState.CANCELLED, Reason.FILL_OR_KILL, "0", id="market-FOK"),
        pytest.param(market("5", time_in_force=IOC), OrderState.CANCELLED, Reason.REMAINDER, "2", id="market-IOC"),
    ],
)
def test_what_does_not_wait_ends_at_once(
    runtime: Any, order: SubmitOrder, state: OrderState, reason: Reason | None, filled: str
) -> None:
    with system_of(runtime=runtime) as system:
        system.publish(quote(ask_size="2"))
        ended = system.wait(system.submit(order), state, BOUND)
        assert (ended.state, ended.reason, str(ended.filled_quantity)) == (state, reason, filled)
        assert_clean(system)


def test_the_words_of_an_expired_remainder_stand_in_the_order() -> None:
    with system_of(runtime="stepped", exchange=SimulatedExchange(remainder="expired")) as system:
        system.publish(quote(ask_size="2"))
        order = system.wait(system.submit(limit("101", "5", time_in_force=FOK)), OrderState.EXPIRED, BOUND)
        assert (order.reason, order.reason_text) == (Reason.FILL_OR_KILL, "5 was wanted at once, and 2 was there")


def test_a_stop_fills_or_is_killed_when_it_is_triggered() -> None:
    with system_of(runtime="stepped") as system:
        system.publish(quote())
        stop = SubmitOrder(BTC.symbol, Side.BUY, OrderType.STOP, "5", stop_price="105", time_in_force=FOK)
        order_id = system.submit(stop)
        system.publish(quote("104", "105", ask_size="2"))
        order = system.wait(order_id, OrderState.CANCELLED, BOUND)
        assert (order.reason, order.triggered, order.filled_quantity) == (Reason.FILL_OR_KILL, True, 0)
        assert_clean(system)


# -- an exchange that misbehaves


def chaotic(faults: Faults, troubles: Recorder, **more: Any) -> TradingSystem:
    return system_of(exchange=ChaosExchange(faults=faults), runtime=Stepped(), on_error=troubles, **more)


def test_an_order_expires_behind_lossy_links_too(troubles: Recorder) -> None:
    with chaotic(Faults(latency="0.05"), troubles) as system:
        order_id = system.submit(until(START_NS + SECOND))
        order = system.wait(order_id, OrderState.EXPIRED, 10)
        assert order.closed_ns == START_NS + SECOND + SECOND // 20
        assert order.reason is Reason.TIME_IN_FORCE
        assert_clean(system)
    assert troubles.items == []


def test_an_expiry_that_happens_while_the_link_is_down_is_found_when_it_is_asked_about(troubles: Recorder) -> None:
    with chaotic(Faults(disconnect=1, outage="60"), troubles, answer_within="0.5") as system:
        heal(system)
        order_id = system.submit(until(START_NS + SECOND))
        system.wait(order_id, OrderState.OPEN, 0)
        storm(system)
        system.modify(order_id, price="89")
        let_pass(system, 2)
        in_doubt = system.order(order_id)
        assert in_doubt is not None
        assert in_doubt.is_open, "nobody has heard of its end"
        heal(system)
        order = system.order(order_id)
        assert order is not None
        assert (order.state, order.in_doubt) == (OrderState.EXPIRED, False)
        assert happened(system)["disconnect"] == 1
        assert_clean(system)


@pytest.mark.fault(31)
@pytest.mark.parametrize("seed", range(8))
def test_expiries_of_both_kinds_against_fills_and_cancels_leave_the_books_right(seed: int, troubles: Recorder) -> None:
    faults = Faults(fill_races_expiry="0.5", fill_races_cancel="0.3", duplicate="0.2", reordered="0.2", late="0.3")
    exchange = ChaosExchange(faults=faults, seed=seed)
    with system_of(exchange=exchange, runtime=Stepped(), on_error=troubles) as system:
        for number in range(10):
            system.submit(until(START_NS + (number % 5 + 1) * SECOND // 5, order_id=f"o{number}"))
        for number in range(0, 10, 3):
            let_pass(system, 0.1)
            system.publish(quote("88", "89", ask_size="0.4", time_ns=0))
            system.cancel(f"o{number}")
        let_pass(system, 2)
        heal(system)
        assert all(order.is_closed for order in system.orders())
        assert_clean(system)
