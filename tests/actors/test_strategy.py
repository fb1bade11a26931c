"""Strategies: the object, its actor without a thread, and on one."""

from __future__ import annotations

import itertools
from contextvars import copy_context
from typing import Any

import pytest
from builders import event, fill, terms
from helpers import BOUND, NOW, Collector, Desk, Recorder, Threads, assert_clean, limit, market, quote, system_of

from orderpit import InvalidConfiguration, InvalidOrder, OrderState, OrderUpdate, Reason, Strategy
from orderpit.actors.conflation import QuoteSlots
from orderpit.actors.messages import Answered, Ready, StartStrategy, StopStrategy
from orderpit.actors.strategy import StrategyActor
from orderpit.model import events as e
from orderpit.model.commands import CancelOrder, ModifyOrder, SubmitOrder
from orderpit.model.lifecycle import apply, create


class Scripted(Strategy):
    """Runs one function of the test for each thing that it is told."""

    def __init__(self, **does: Any) -> None:
        self.does = does

    def _do(self, name: str, *arguments: Any) -> None:
        self.does.get(name, lambda *_: None)(self, *arguments)

    def on_start(self) -> None:
        self._do("start")

    def on_market_data(self, data: Any) -> None:
        self._do("data", data)

    def on_order(self, update: Any) -> None:
        self._do("order", update)

    def on_stop(self) -> None:
        self._do("stop")


class Hosted:
    """A strategy in its actor, and the risk controller that it sends to."""

    def __init__(self, desk: Desk, max_in_flight: int = 3, **does: Any) -> None:
        self.desk, self.risk, self.slots = desk, Collector(), QuoteSlots()
        self.strategy = Scripted(**does)
        ids = map("id-{}".format, itertools.count(1)).__next__
        self.actor = StrategyActor(desk.context, lambda: self.strategy, self.risk, ids, max_in_flight, self.slots)
        # What the actor's own thread would be.
        self.thread = copy_context()
        self.thread.run(self.actor.on_start)

    def tell(self, *messages: Any) -> list[Any]:
        for message in messages:
            self.thread.run(self.actor.on_receive, message)
        return self.risk.messages


def folded(*events: Any) -> list[OrderUpdate]:
    order, updates = None, []
    for sequence, item in enumerate(events, 1):
        order = create(item) if order is None else apply(order, item)
        updates.append(OrderUpdate(sequence, item, order))
    return updates


OPENED = (event(e.OrderCreated), event(e.OrderSubmitted), event(e.OrderOpened))


def test_what_a_handler_submits_is_stamped_and_leaves_when_it_returns(desk: Desk) -> None:
    at_return: list[int] = []

    def start(strategy: Strategy) -> None:
        assert strategy.submit(limit()) == "id-1"
        at_return.append(len(hosted.risk.messages))

    hosted = Hosted(desk, start=start)
    (submitted,) = hosted.tell(StartStrategy())
    assert at_return == [0]
    assert type(submitted) is SubmitOrder
    assert (submitted.order_id, submitted.source, submitted.time_ns) == ("id-1", "actor", NOW)


def test_what_a_handler_that_raises_had_submitted_does_not_leave_and_leaves_its_room(desk: Desk) -> None:
    def data(strategy: Strategy, seen: Any) -> None:
        for _ in range(3):
            assert strategy.submit(limit()) is not None
        if seen.bid == 1:
            raise ZeroDivisionError

    hosted = Hosted(desk, data=data)
    assert hosted.tell(quote("1")) == []
    assert len(hosted.tell(quote("2"))) == 3


def test_commands_leave_in_the_order_in_which_they_were_given(desk: Desk) -> None:
    def start(strategy: Strategy) -> None:
        strategy.submit(limit(order_id="mine"))
        strategy.modify("mine", price="99", quantity="2")
        strategy.cancel("mine")

    sent = Hosted(desk, start=start).tell(StartStrategy())
    assert [type(command) for command in sent] == [SubmitOrder, ModifyOrder, CancelOrder]
    assert {command.order_id for command in sent} == {"mine"}
    assert {command.source for command in sent} == {"actor"}


@pytest.mark.parametrize(
    ("first_update", "room"),
    [
        (folded(*OPENED)[0], 1),
        (folded(*OPENED)[1], 0),
        (OrderUpdate(1, event(e.CommandRefused, command="SubmitOrder"), None), 1),
        (OrderUpdate(1, event(e.CommandRefused, command="CancelOrder"), None), 0),
        (Answered("actor", folded(*OPENED)[-1]), 1),
    ],
    ids=["created", "submitted", "refused", "cancel refused", "answered"],
)
def test_room_is_made_by_the_first_update_of_a_submission(desk: Desk, first_update: Any, room: int) -> None:
    submitted: list[Any] = []
    hosted = Hosted(desk, data=lambda strategy, _: submitted.append(strategy.submit(limit())))
    hosted.tell(quote(), quote(), quote(), quote())
    assert submitted[3] is None
    hosted.tell(first_update, quote(), quote())
    assert [order_id is not None for order_id in submitted[4:]] == [True] * room + [False] * (2 - room)
    assert hosted.actor.books().refused_at_edge == 3 - room


def test_working_orders_and_positions_are_those_it_was_told_of(desk: Desk) -> None:
    hosted = Hosted(desk)
    updates = folded(*OPENED, event(e.OrderFilled, fill=fill("x-1", "4")), event(e.OrderCancelled))
    hosted.tell(*updates[:4])
    assert [order.order_id for order in hosted.strategy.orders()] == ["o-1"]
    assert [order.order_id for order in hosted.strategy.orders("BTC/USDT")] == ["o-1"]
    assert hosted.strategy.orders("ETH/USDT") == ()
    assert hosted.strategy.position("BTC/USDT") == 4
    assert hosted.strategy.position("ETH/USDT") == 0
    hosted.tell(updates[4])
    assert hosted.strategy.orders() == ()
    assert hosted.strategy.position("BTC/USDT") == 4


@pytest.mark.parametrize(
    ("restated", "position"),
    [(event(e.FillBusted, fill=fill("x-1", "4")), 0), (event(e.FillCorrected, replaced=fill("x-1", "4")), 3)],
    ids=["bust", "correction"],
)
def test_busts_and_corrections_move_the_position_back(desk: Desk, restated: Any, position: int) -> None:
    hosted = Hosted(desk)
    hosted.tell(*folded(*OPENED, event(e.OrderFilled, fill=fill("x-1", "4")), restated))
    assert hosted.strategy.position("BTC/USDT") == position


def test_a_fact_is_kept_although_the_handler_that_was_told_of_it_raised(desk: Desk) -> None:
    def order(_: Strategy, update: OrderUpdate) -> None:
        raise ZeroDivisionError

    hosted = Hosted(desk, order=order)
    hosted.tell(*folded(*OPENED[:1], *OPENED[1:], event(e.OrderFilled, fill=fill("x-1", "4")))[3:])
    assert hosted.strategy.position("BTC/USDT") == 4


def test_the_last_handler_may_still_cancel(desk: Desk) -> None:
    def stop(strategy: Strategy) -> None:
        for order in strategy.orders():
            strategy.cancel(order.order_id)

    sent = Hosted(desk, stop=stop).tell(*folded(*OPENED), StopStrategy())
    assert [(type(command), command.order_id) for command in sent] == [(CancelOrder, "o-1")]


def test_a_strategy_knows_its_id_and_the_time(desk: Desk) -> None:
    strategy = Hosted(desk).strategy
    assert (strategy.strategy_id, strategy.now_ns()) == ("actor", NOW)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda strategy: strategy.submit("buy"), "command"),
        (lambda strategy: strategy.submit(None), "command"),
        (lambda strategy: strategy.cancel(7), "order_id"),
        (lambda strategy: strategy.modify("o-1"), "price"),
        (lambda strategy: strategy.modify("o-1", price=0.1), "price"),
    ],
    ids=["submit a str", "submit None", "cancel an int", "modify nothing", "modify to a float"],
)
def test_what_can_never_be_valid_raises_in_the_handler_and_nothing_leaves(desk: Desk, call: Any, field: str) -> None:
    raised: list[Any] = []

    def start(strategy: Strategy) -> None:
        with pytest.raises(InvalidOrder) as error:
            call(strategy)
        raised.append(error.value.field)

    assert Hosted(desk, start=start).tell(StartStrategy()) == []
    assert raised == [field]
    assert desk.problems == []


def test_an_unknown_message_is_reported(desk: Desk) -> None:
    Hosted(desk).tell("what is this")
    assert [problem.what for problem in desk.problems] == ["unknown message"]


def test_what_is_no_strategy_fails_its_start(threads: Threads) -> None:
    address = threads.spawn(StrategyActor, dict, Collector(), str, 1, QuoteSlots())
    with pytest.raises(InvalidConfiguration, match="strategy"):
        address.ask(Ready(), BOUND)


# -- in a system


def test_a_strategy_trades_and_hears_of_its_own_orders_alone() -> None:
    heard = Recorder()

    def start(strategy: Strategy) -> None:
        strategy.submit(market())

    with system_of() as system:
        system.publish(quote())
        name = system.add_strategy(Scripted, start=start, order=lambda _, update: heard(update))
        system.wait(system.submit(market()), OrderState.FILLED, BOUND)
        events = [type(update.event) for update in heard.first(4)]
        assert events == [e.OrderCreated, e.OrderSubmitted, e.OrderOpened, e.OrderFilled]
        assert {update.order.strategy_id for update in heard.items} == {name}
        assert [order.strategy_id for order in system.orders(strategy_id=name)] == [name]
        assert_clean(system)


def test_a_strategy_hears_why_its_command_was_refused() -> None:
    heard = Recorder()
    with system_of() as system:
        system.add_strategy(
            Scripted, start=lambda strategy: strategy.cancel("unknown"), order=lambda _, update: heard(update)
        )
        (update,) = heard.first()
        assert update.order is None
        assert update.event.reason is Reason.UNKNOWN_ORDER


def test_a_named_symbol_limits_the_market_data_that_a_strategy_is_told_of() -> None:
    class Watches(Strategy):
        def __init__(self, symbol: str) -> None:
            self.symbol = symbol

        def on_market_data(self, data: Any) -> None:
            seen(data.symbol)

    seen = Recorder()
    with system_of() as system:
        system.add_strategy(Watches, symbol="ETH/USDT")
        system.publish(quote(symbol="BTC/USDT"))
        system.publish(quote(symbol="ETH/USDT"))
        assert system.quiesce(BOUND)
        assert seen.items == ["ETH/USDT"]


def test_a_strategy_that_cancels_what_works_when_it_stops_leaves_nothing_behind() -> None:
    def stop(strategy: Strategy) -> None:
        for order in strategy.orders():
            strategy.cancel(order.order_id)

    with system_of() as system:
        system.publish(quote())
        system.add_strategy(Scripted, start=lambda strategy: strategy.submit(limit("50")), stop=stop)
        assert system.quiesce(BOUND)
        assert [order.state for order in system.orders()] == [OrderState.OPEN]
    assert [order.state for order in system.books()["order_manager"].orders] == [OrderState.CANCELLED]
    assert_clean(system)


def test_a_strategy_whose_making_raises_is_not_added() -> None:
    def make() -> Strategy:
        raise ConnectionError

    with system_of() as system:
        with pytest.raises(ConnectionError):
            system.add_strategy(make, strategy_id="mine")
        # Nothing half done: the name is free.
        assert system.add_strategy(Strategy, strategy_id="mine") == "mine"
        assert terms().order_id == "o-1"


def test_its_orders_include_what_it_has_just_submitted_and_not_heard_of():
    asked = []

    def twice(strategy, data):
        for _ in range(2):
            if not strategy.orders():
                strategy.submit(limit("1", "1"))
            asked.append([(order.state, order.symbol) for order in strategy.orders()])

    with system_of() as system:
        name = system.add_strategy(lambda: Scripted(data=twice))
        for _ in range(20):
            system.publish(quote())
        assert_clean(system)
        assert len(system.orders(strategy_id=name)) == 1
    assert asked[0] == [(OrderState.PENDING, "BTC/USDT")]


@pytest.mark.parametrize(
    "act",
    [
        lambda strategy: strategy.submit(limit()),
        lambda strategy: strategy.modify("o-1", price="100"),
        lambda strategy: strategy.cancel("o-1"),
    ],
    ids=["submit", "modify", "cancel"],
)
def test_a_strategy_cannot_act_from_another_thread_where_what_it_does_would_be_left_lying(act: Any, desk: Desk) -> None:
    hosted = Hosted(desk, data=lambda *_: None)
    with pytest.raises(InvalidConfiguration, match="must act inside its own handlers"):
        act(hosted.strategy)
    assert hosted.tell(quote()) == []
    assert hosted.strategy.orders() == ()
