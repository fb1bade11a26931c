"""The view: what the outside reads."""

from __future__ import annotations

import threading
from typing import Any

import pykka
import pytest
from builders import event, fill, terms
from helpers import BOUND, Collector, Desk, Recorder, Threads

from orderpit import OrderState, OrderUpdate
from orderpit.actors.messages import (
    Answered,
    ForgetWait,
    GetHistory,
    GetOrder,
    GetOrders,
    GetStats,
    WaitForState,
)
from orderpit.actors.view import View
from orderpit.model import events as e
from orderpit.model.lifecycle import apply, create
from orderpit.model.order_view import OrderView

S = OrderState


class Reply:
    """Keeps its answers."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.errors: list[Any] = []

    def set(self, value: Any = None) -> None:
        self.values.append(value)

    def set_exception(self, exc_info: Any = None) -> None:
        self.errors.append(exc_info[0])


class Read:
    """A view without a thread, and what it tells."""

    def __init__(self, desk: Desk, history: int = 100) -> None:
        self.desk, self.publisher, self.answered = desk, Collector(), Recorder()
        arguments = (Collector(), Collector(), Collector(), self.publisher, self.answered, OrderView(history))
        self.view = desk.make(View, *arguments)
        self.orders: dict[str, Any] = {}

    def tell(self, *events: Any) -> None:
        for item in events:
            if isinstance(item, e.CommandRefused):
                order = None
            else:
                known = self.orders.get(item.order_id)
                order = self.orders[item.order_id] = create(item) if known is None else apply(known, item)
            self.view.on_receive(OrderUpdate(self.view.followed + 1, item, order))

    def ask(self, query: Any) -> Any:
        return self.view.on_receive(query)


@pytest.fixture
def read(desk: Desk) -> Read:
    return Read(desk)


def story(order_id: str, *kinds: Any, **of: Any) -> list[Any]:
    begun = event(e.OrderCreated, order_id=order_id, terms=terms(order_id=order_id, **of), strategy_id="strategy")
    return [begun, *(event(kind, order_id=order_id) for kind in (e.OrderSubmitted, *kinds))]


def test_an_order_is_what_its_latest_update_says_and_none_when_it_is_unknown(read: Read) -> None:
    read.tell(*story("o-1", e.OrderOpened))
    assert read.ask(GetOrder("o-1")).state is S.OPEN
    assert read.ask(GetOrder("o-2")) is None


def test_a_wait_for_a_state_that_was_passed_is_answered_at_once_with_the_order_as_it_stands(read: Read) -> None:
    read.tell(*story("o-1", e.OrderOpened, e.OrderCancelled))
    for state in (S.PENDING, S.SUBMITTED, S.OPEN, S.CANCELLED, S.FILLED):
        reply = Reply()
        read.view.on_receive(WaitForState("o-1", state, reply))
        assert [order.state for order in reply.values] == [S.CANCELLED], state


def test_a_wait_for_a_state_to_come_is_answered_when_it_comes(read: Read) -> None:
    reply, beside = Reply(), Reply()
    read.view.on_receive(WaitForState("o-1", S.OPEN, reply))
    read.view.on_receive(WaitForState("o-2", S.OPEN, beside))
    read.tell(*story("o-1"))
    assert reply.values == []
    read.tell(event(e.OrderOpened))
    assert [order.state for order in reply.values] == [S.OPEN]
    read.tell(event(e.OrderCancelled))
    assert len(reply.values) == 1
    assert beside.values == []


def test_a_wait_ends_when_the_order_closes_otherwise(read: Read) -> None:
    reply = Reply()
    read.view.on_receive(WaitForState("o-1", S.FILLED, reply))
    read.tell(*story("o-1", e.OrderRejected))
    assert [order.state for order in reply.values] == [S.REJECTED]


def test_a_forgotten_wait_is_not_answered_and_others_for_the_same_order_are(read: Read) -> None:
    gone, stays = Reply(), Reply()
    for reply in (gone, stays):
        read.view.on_receive(WaitForState("o-1", S.OPEN, reply))
    read.view.on_receive(ForgetWait("o-1", gone))
    read.view.on_receive(ForgetWait("never-heard-of", gone))
    read.tell(*story("o-1", e.OrderOpened))
    assert (len(gone.values), len(stays.values)) == (0, 1)


def test_a_reply_that_raises_costs_nobody_else_the_update(read: Read) -> None:
    class Broken(Reply):
        def set(self, value: Any = None) -> None:
            raise ZeroDivisionError

    good = Reply()
    for reply in (Broken(), good):
        read.view.on_receive(WaitForState("o-1", S.OPEN, reply))
    read.tell(*story("o-1", e.OrderOpened))
    assert len(good.values) == 1
    assert len(read.publisher.messages) == 3
    assert read.ask(GetStats())["total_events"] == 3
    assert [problem.what for problem in read.desk.problems] == ["could not answer"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (GetOrders(), ["a", "b", "c"]),
        (GetOrders(symbol="ETH/USDT"), ["b"]),
        (GetOrders(state=S.OPEN), ["a", "b"]),
        (GetOrders(live_only=True), ["a", "b"]),
        (GetOrders(strategy_id="strategy"), ["a", "b", "c"]),
        (GetOrders(strategy_id="nobody"), []),
        (GetOrders(newest=2), ["b", "c"]),
        (GetOrders(newest=0), []),
        (GetOrders(newest=9), ["a", "b", "c"]),
        (GetOrders(live_only=True, newest=1, symbol="BTC/USDT"), ["a"]),
    ],
    ids=str,
)
def test_orders_are_selected_oldest_first(read: Read, query: GetOrders, expected: list[str]) -> None:
    read.tell(*story("a", e.OrderOpened), *story("b", e.OrderOpened, symbol="ETH/USDT"), *story("c", e.OrderRejected))
    assert [order.order_id for order in read.ask(query)] == expected


@pytest.mark.parametrize(
    ("newest", "sequences"), [(None, [3, 4, 5]), (2, [4, 5]), (0, []), (3, [3, 4, 5]), (99, [3, 4, 5])], ids=str
)
def test_the_history_is_the_latest_updates_and_bounded(desk: Desk, newest: int | None, sequences: list[int]) -> None:
    read = Read(desk, history=3)
    read.tell(*story("a", e.OrderOpened), *story("b"))
    assert [update.sequence for update in read.ask(GetHistory(newest))] == sequences


def test_every_update_is_passed_on_to_subscribers(read: Read) -> None:
    read.tell(*story("o-1", e.OrderOpened), event(e.CommandRefused))
    assert [update.sequence for update in read.publisher.messages] == [1, 2, 3, 4]


def test_a_submission_makes_room_for_another_once_with_its_first_update(read: Read) -> None:
    read.tell(*story("o-1", e.OrderOpened, source="a"))
    assert read.answered.items == ["a"]
    read.tell(event(e.CommandRefused, command="SubmitOrder", strategy_id="b"))
    read.tell(event(e.CommandRefused, command="CancelOrder", strategy_id="c"))
    read.view.on_receive(Answered("d", read.publisher.messages[0]))
    assert read.answered.items == ["a", "b", "d"]


def test_statistics_are_those_of_the_stream(read: Read) -> None:
    read.tell(*story("a", e.OrderOpened), event(e.OrderFilled, order_id="a", fill=fill(quantity="10")))
    stats = read.ask(GetStats())
    assert (stats["total_orders_created"], stats["total_orders_filled"], stats["total_events"]) == (1, 1, 4)


def test_whoever_still_waits_when_the_view_stops_is_told(read: Read) -> None:
    waits, broken = Reply(), object()
    read.view.on_receive(WaitForState("o-1", S.OPEN, waits))
    read.view.on_receive(WaitForState("o-1", S.OPEN, broken))  # type: ignore[arg-type]  # has no set_exception
    read.view.on_stop()
    assert waits.errors == [pykka.ActorDeadError]
    assert read.desk.books["actor"].books().sequence == 0


def test_whoever_comes_to_wait_after_the_view_has_stopped_is_told_at_once(threads: Threads) -> None:
    address = threads.spawn(View, Collector(), Collector(), Collector(), Collector(), Recorder(), OrderView(10))
    address.stop(BOUND)
    future: pykka.Future[Any] = pykka.ThreadingFuture()
    address.send(WaitForState("o-1", S.OPEN, future))
    with pytest.raises(pykka.ActorDeadError):
        future.get(timeout=BOUND)
    address.send(ForgetWait("o-1", future))
    assert threads.problems.items == []


def test_many_waits_from_many_threads_are_all_answered(threads: Threads, eager_switching: None) -> None:
    address = threads.spawn(View, Collector(), Collector(), Collector(), Collector(), Recorder(), OrderView(10))
    answered = Recorder()

    def wait(number: int) -> None:
        future: pykka.Future[Any] = pykka.ThreadingFuture()
        address.send(WaitForState("o-1", (S.SUBMITTED, S.OPEN, S.FILLED)[number % 3], future))
        answered(future.get(timeout=BOUND).state)

    waiters = [threading.Thread(target=wait, args=(number,)) for number in range(30)]
    for thread in waiters:
        thread.start()
    order = None
    for sequence, item in enumerate(story("o-1", e.OrderOpened, e.OrderCancelled), 1):
        order = create(item) if order is None else apply(order, item)
        address.send(OrderUpdate(sequence, item, order))
    assert len(answered.first(30)) == 30
    for thread in waiters:
        thread.join(BOUND)
