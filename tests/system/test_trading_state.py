"""The trading state of a whole system: what leaves in it, what a trip does, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from helpers import BOUND, BTC, Recorder, assert_clean, limit, market, quote, system_of

from orderpit import (
    AlarmCode,
    Instrument,
    OrderState,
    OrderUpdate,
    Reason,
    Side,
    SimulatedExchange,
    Strategy,
    SubmitOrder,
    TradingSystem,
)
from orderpit.actors.messages import Halt
from orderpit.model.account_events import TradingStateChanged
from orderpit.model.clearing import TAG
from orderpit.model.kinds import Action, TradingState, Trip

FREE = SimulatedExchange(maker_fee="0", taker_fee="0")
RUNTIMES = pytest.mark.parametrize("runtime", ["stepped", "threads"])


def traded(*orders: SubmitOrder, instrument: Instrument = BTC, **settings: Any) -> tuple[TradingSystem, list[str]]:
    """A running system at 99 to 101 in which these orders were submitted, one after the other."""
    system = system_of(instrument, exchange=FREE, **{"runtime": "stepped"} | settings).start()
    system.publish(quote())
    ids = []
    for order in orders:
        ids.append(system.submit(order))
        assert system.quiesce(BOUND)
    return system, ids


@contextmanager
def stopping(system: TradingSystem) -> Iterator[None]:
    try:
        yield
    finally:
        system.stop()


def held(system: TradingSystem) -> Decimal:
    positions = system.portfolio().positions
    return positions["BTC/USDT"].quantity if positions else Decimal(0)


def states(system: TradingSystem, ids: list[str]) -> list[str]:
    orders = [system.order(order_id) for order_id in ids]
    return [order.state.value for order in orders if order is not None]


def changes(system: TradingSystem) -> list[TradingStateChanged]:
    return [update.event for update in system.history() if isinstance(update.event, TradingStateChanged)]


@RUNTIMES
def test_a_halt_leaves_working_orders_and_is_on_record_with_its_cause_until_a_person_resumes(runtime: str) -> None:
    system, ids = traded(limit("90"), runtime=runtime)
    with stopping(system):
        system.halt("lunch")
        assert system.trading_state() is TradingState.HALTED
        system.resume()
        assert system.trading_state() is TradingState.ACTIVE
        assert system.quiesce(BOUND)
        assert states(system, ids) == ["OPEN"]
        told = [(one.before.value, one.state.value, one.trip, one.action, one.text) for one in changes(system)]
        assert told == [
            ("ACTIVE", "HALTED", Trip.PERSON, Action.HALT, "lunch"),
            ("HALTED", "ACTIVE", Trip.PERSON, None, "resumed"),
        ]
        assert [alarm.code for alarm in system.troubles().alarms] == []
        assert_clean(system)


@RUNTIMES
def test_reducing_cancels_what_could_open_and_leaves_what_closes(runtime: str) -> None:
    # Long 3. The sells of 2 and 1 close it; a further sell of 1 would flip it; the buy would add to it.
    orders = (market("3"), limit("110", "2", Side.SELL), limit("111", "1", Side.SELL), limit("112", "1", Side.SELL))
    system, ids = traded(*orders, limit("90", "1"), runtime=runtime)
    with stopping(system):
        system.reduce("enough")
        assert system.quiesce(BOUND)
        assert states(system, ids) == ["FILLED", "OPEN", "OPEN", "CANCELLED", "CANCELLED"]
        cancelled = system.order(ids[3])
        assert cancelled is not None
        assert cancelled.reason is Reason.TRIPPED
        opens = system.wait(system.submit(market("1")), OrderState.REJECTED, BOUND)
        assert opens.reason is Reason.REDUCING
        assert system.trading_state() is TradingState.REDUCING
        assert_clean(system)


def test_a_short_position_may_be_bought_back_and_no_more() -> None:
    system, ids = traded(
        market("2", Side.SELL), limit("90", "3"), limit("95", "2"), limit("120", "1", Side.SELL), runtime="stepped"
    )
    with stopping(system):
        system.reduce("enough")
        assert system.quiesce(BOUND)
        # 3 and 2 would buy back 5 of 2. The newest goes first, and the 3 that are left are too many still.
        assert states(system, ids) == ["FILLED", "CANCELLED", "CANCELLED", "CANCELLED"]
        assert system.wait(system.submit(market("2")), OrderState.FILLED, BOUND).is_filled
        assert held(system) == 0


@RUNTIMES
def test_kill_cancels_everything_and_leaves_positions(runtime: str) -> None:
    system, ids = traded(market("3"), limit("110", "2", Side.SELL), limit("90", "1"), runtime=runtime)
    with stopping(system):
        system.kill("enough")
        assert system.quiesce(BOUND)
        assert states(system, ids) == ["FILLED", "CANCELLED", "CANCELLED"]
        assert held(system) == 3
        assert system.wait(system.submit(market("1", Side.SELL)), OrderState.REJECTED, BOUND).reason is Reason.HALTED
        assert_clean(system)


@RUNTIMES
def test_flattening_closes_a_position_in_as_many_orders_as_the_instrument_asks_for(runtime: str) -> None:
    # 5 = 2 + 2 + 1, since an order may have at most 2.
    small = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.1", max_quantity="2")
    orders = (market("2"), market("2"), market("1"), limit("90", "1"))
    system, ids = traded(*orders, instrument=small, runtime=runtime)
    with stopping(system):
        system.kill("enough", flatten=True)
        assert system.quiesce(BOUND)
        assert held(system) == 0
        closing = [order for order in system.orders() if order.tag == TAG]
        assert [(order.quantity, order.side, order.reduce_only) for order in closing] == [
            (2, Side.SELL, True),
            (2, Side.SELL, True),
            (1, Side.SELL, True),
        ]
        assert states(system, ids)[-1] == "CANCELLED"
        assert_clean(system)


@RUNTIMES
def test_flattening_takes_brackets_with_it_and_resuming_sends_no_stop_again(runtime: str) -> None:
    system, _ = traded(runtime=runtime)
    with stopping(system):
        ids = system.bracket(market("1"), profit_target="120", stop_loss="80")
        system.wait(ids.stop_loss, OrderState.OPEN, BOUND)
        system.kill("enough", flatten=True)
        assert system.quiesce(BOUND)
        count = len(system.orders())
        assert (held(system), states(system, [ids.entry, ids.profit_target, ids.stop_loss])) == (
            0,
            ["FILLED", "CANCELLED", "CANCELLED"],
        )
        system.resume()
        system.publish(quote("70", "71"))
        assert system.quiesce(BOUND)
        assert (held(system), len(system.orders())) == (0, count)
        assert_clean(system)


def test_a_second_kill_is_on_record_and_closes_nothing_twice() -> None:
    system, _ = traded(market("3"))
    with stopping(system):
        for _ in range(3):
            system.kill("enough", flatten=True)
        assert system.quiesce(BOUND)
        assert held(system) == 0
        assert [order.quantity for order in system.orders() if order.tag == TAG] == [3]
        assert len(changes(system)) == 3


def test_without_a_market_closing_is_tried_again_and_a_person_hears_of_it() -> None:
    system, _ = traded(market("3", Side.SELL), instrument=BTC)
    with stopping(system):
        system.publish(quote("99", "101", ask_size="1", bid_size="1"))
        system.submit(market("1"))
        assert system.quiesce(BOUND)
        system.kill("enough", flatten=True)
        assert system.quiesce(BOUND)
        alarms = [alarm.code for alarm in system.troubles().alarms]
        if held(system):
            assert AlarmCode.UNFLATTENED in alarms
        system.publish(quote("98", "100"))
        with pytest.raises(TimeoutError):
            system.wait("none", OrderState.FILLED, 5)
        assert held(system) == 0
        assert_clean(system)


class Told(Strategy):
    """Keeps what it is told."""

    def __init__(self, told: Recorder, order: SubmitOrder | None = None) -> None:
        self.told, self.order = told, order

    def on_start(self) -> None:
        if self.order is not None:
            self.submit(self.order)

    def on_order(self, update: OrderUpdate) -> None:
        if isinstance(update.event, TradingStateChanged):
            self.told((update.event.strategy_id, update.event.state))


@RUNTIMES
def test_one_strategy_is_held_and_told_while_others_trade_on(runtime: str) -> None:
    mine, other = Recorder(), Recorder()
    system, _ = traded(runtime=runtime)
    with stopping(system):
        system.add_strategy(Told, strategy_id="mine", told=mine, order=limit("90"))
        system.add_strategy(Told, strategy_id="other", told=other, order=limit("91"))
        assert system.quiesce(BOUND)
        system._at.risk.send_first(Halt("lost too much", Trip.DAILY_LOSS, Action.CANCEL_ALL, "mine"))
        system._at.manager.send_first(Halt("lost too much", Trip.DAILY_LOSS, Action.CANCEL_ALL, "mine"))
        assert system.quiesce(BOUND)
        assert {order.strategy_id: order.state.value for order in system.orders()} == {
            "mine": "CANCELLED",
            "other": "OPEN",
        }
        assert (system.trading_state("mine"), system.trading_state("other")) == (
            TradingState.HALTED,
            TradingState.ACTIVE,
        )
        assert system.wait(system.submit(market("1")), OrderState.FILLED, BOUND).is_filled
        system.reduce("all of you")
        assert system.trading_state("mine") is TradingState.HALTED
        system.resume("mine")
        assert system.trading_state("mine") is TradingState.REDUCING
        assert system.quiesce(BOUND)
        assert mine.items == [
            ("mine", TradingState.HALTED),
            ("", TradingState.REDUCING),
            ("mine", TradingState.REDUCING),
        ]
        assert other.items == [("", TradingState.REDUCING)]


def test_an_alert_is_told_and_changes_nothing() -> None:
    system, ids = traded(limit("90"))
    with stopping(system):
        system._at.manager.send(Halt("0.4 of the last 20", Trip.REJECT_RATE, Action.ALERT))
        assert system.quiesce(BOUND)
        assert (system.trading_state(), states(system, ids)) == (TradingState.ACTIVE, ["OPEN"])
        assert [(one.action, one.state) for one in changes(system)] == [(Action.ALERT, TradingState.ACTIVE)]
        alarms = system.troubles().alarms
        assert [(alarm.code, alarm.text) for alarm in alarms] == [
            (AlarmCode.TRIPPED, "REJECT_RATE, ALERT: 0.4 of the last 20")
        ]


@pytest.mark.parametrize(("sold", "left"), [("3", 0), ("1", 2)], ids=["all", "a part"])
def test_in_a_state_that_reduces_no_exit_of_a_bracket_opens_when_what_it_protected_has_been_sold(
    sold: str, left: int
) -> None:
    system, _ = traded()
    with stopping(system):
        system.bracket(market("3"), profit_target=110, stop_loss=90)
        assert system.quiesce(BOUND)
        system.submit(market(sold, Side.SELL))
        system.reduce("enough")
        assert system.quiesce(BOUND)
        assert not list(system.orders(live_only=True))
        system.publish(quote("111", "112"))
        assert system.quiesce(BOUND)
        assert held(system) == left


def test_in_a_state_that_reduces_the_exits_of_a_bracket_stay_while_there_is_what_they_close() -> None:
    system, _ = traded()
    with stopping(system):
        system.bracket(market("3"), profit_target=110, stop_loss=90)
        system.reduce("enough")
        assert system.quiesce(BOUND)
        assert len(list(system.orders(live_only=True))) == 2
        system.publish(quote("111", "112"))
        assert system.quiesce(BOUND)
        assert held(system) == 0


def test_positions_are_closed_in_orders_that_leave_no_rest_too_small_for_one() -> None:
    # 6 in orders of 2 to 5: 5 would leave 1, which no order can close; 4 leave 2.
    instrument = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="1", min_quantity=2, max_quantity=5)
    system, _ = traded(market("3"), market("3"), instrument=instrument)
    with stopping(system):
        system.kill("enough", flatten=True)
        assert system.quiesce(BOUND)
        assert held(system) == 0
        assert [order.quantity for order in system.orders() if order.tag == TAG] == [4, 2]


@pytest.mark.parametrize("halted", [False, True], ids=["while active", "while halted"])
def test_reducing_cancels_what_could_open_also_while_trading_is_halted(halted: bool) -> None:  # noqa: FBT001
    with system_of(BTC, runtime="stepped") as system:
        system.publish(quote())
        order_id = system.submit(limit("90"))
        system.wait(order_id, OrderState.OPEN, BOUND)
        if halted:
            system.halt("news")
            assert system.quiesce(BOUND)
            assert not system.order(order_id).is_closed  # type: ignore[union-attr]
        system.reduce("home")
        assert system.quiesce(BOUND)
        assert system.order(order_id).state is OrderState.CANCELLED  # type: ignore[union-attr]
        assert system.trading_state() is (TradingState.HALTED if halted else TradingState.REDUCING)
