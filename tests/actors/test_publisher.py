"""Fan-out to subscribers, and the actor that each of them has."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from builders import event, order_in, terms
from helpers import BOUND, Collector, Desk, Recorder, Threads, quote

from orderpit import BlockingCall, OrderState, OrderUpdate
from orderpit.actors.actor import refuse_in_handler
from orderpit.actors.conflation import QuoteSlots
from orderpit.actors.messages import Subscribe, Unsubscribe
from orderpit.actors.publisher import MOST_WAITING, Publisher, Subscriber
from orderpit.model import events as e


class Reader(Collector):
    """A subscriber's address: keeps what it is sent, with as many messages waiting as it is told."""

    def __init__(self, *, alive: bool = True) -> None:
        super().__init__()
        self.queued = 0
        self.alive = alive

    def send(self, message: Any) -> bool:
        super().send(message)
        return self.alive


def updates() -> list[OrderUpdate]:
    btc, eth = order_in(OrderState.OPEN), order_in(OrderState.OPEN, of=terms(symbol="ETH/USDT"))
    return [
        OrderUpdate(1, event(e.OrderOpened), btc),
        OrderUpdate(2, event(e.OrderFilled), eth),
        OrderUpdate(3, event(e.CommandRefused), None),
        OrderUpdate(4, event(e.OrderFilled), btc),
    ]


@pytest.mark.parametrize(
    ("kinds", "symbol", "sequences"),
    [
        ((), None, [1, 2, 3, 4]),
        ((e.OrderFilled,), None, [2, 4]),
        ((e.OrderFilled, e.CommandRefused), None, [2, 3, 4]),
        ((), "BTC/USDT", [1, 4]),
        ((e.OrderFilled,), "ETH/USDT", [2]),
        ((e.OrderExpired,), None, []),
    ],
    ids=["all", "one type", "two types", "one symbol", "type and symbol", "never"],
)
def test_a_subscriber_is_told_of_what_it_asked_for(
    desk: Desk, kinds: Any, symbol: str | None, sequences: list[int]
) -> None:
    publisher, reader = desk.make(Publisher), Reader()
    publisher.on_receive(Subscribe(reader, kinds, symbol))  # type: ignore[arg-type]
    for update in updates():
        publisher.on_receive(update)
    assert [update.sequence for update in reader.messages] == sequences


def test_a_subscriber_is_told_of_what_comes_after_it_has_subscribed_and_before_it_leaves(desk: Desk) -> None:
    publisher, reader, other = desk.make(Publisher), Reader(), Reader()
    first, second, third, fourth = updates()
    messages = [first, Subscribe(reader, (), None), second, Subscribe(other, (), None), third, Unsubscribe(reader)]  # type: ignore[arg-type]
    for message in (*messages, fourth):
        publisher.on_receive(message)
    assert [update.sequence for update in reader.messages] == [2, 3]
    assert [update.sequence for update in other.messages] == [3, 4]


@pytest.mark.fault(70)
def test_a_subscriber_that_is_too_far_behind_is_let_go_alone_and_it_is_reported(desk: Desk) -> None:
    publisher, slow, quick = desk.make(Publisher), Reader(), Reader()
    for reader in (slow, quick):
        publisher.on_receive(Subscribe(reader, (), None))  # type: ignore[arg-type]
    slow.queued = MOST_WAITING + 1
    for update in updates():
        publisher.on_receive(update)
    assert slow.messages == []
    assert len(quick.messages) == 4
    assert [problem.what for problem in desk.problems] == ["too far behind, let go at"]


def test_a_subscriber_that_has_stopped_is_let_go_alone(desk: Desk) -> None:
    publisher, gone, stays = desk.make(Publisher), Reader(alive=False), Reader()
    for reader in (gone, stays):
        publisher.on_receive(Subscribe(reader, (), None))  # type: ignore[arg-type]
    for update in updates():
        publisher.on_receive(update)
    assert (len(gone.messages), len(stays.messages)) == (1, 4)


def test_an_unknown_message_is_reported(desk: Desk) -> None:
    desk.make(Publisher).on_receive("what is this")
    assert [problem.what for problem in desk.problems] == ["unknown message"]


# -- the subscriber's own actor


def test_a_callback_is_called_with_each_message_in_order_and_never_two_at_once(threads: Threads) -> None:
    busy, overlaps, seen = threading.Lock(), Recorder(), Recorder()

    def callback(message: Any) -> None:
        if not busy.acquire(blocking=False):
            overlaps(message)
            return
        seen(message)
        busy.release()

    address = threads.spawn(Subscriber, callback, QuoteSlots())
    writers = [threading.Thread(target=lambda: [address.send(number) for number in range(100)]) for _ in range(4)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join(BOUND)
    assert sorted(seen.first(400)) == sorted([*range(100)] * 4)
    assert overlaps.items == []


def test_a_callback_is_called_with_the_newest_quote_for_a_marker_and_not_at_all_without_one(desk: Desk) -> None:
    seen, slots = Recorder(), QuoteSlots()
    marker = slots.put(quote("1"))
    slots.put(quote("2"))
    subscriber = desk.make(Subscriber, seen, slots)
    subscriber.on_receive(marker)
    subscriber.on_receive(marker)
    assert seen.items == [quote("2")]


def test_a_callback_that_raises_once_misses_that_message_alone(threads: Threads) -> None:
    seen = Recorder()

    def callback(message: int) -> None:
        if message == 2:
            raise ZeroDivisionError
        seen(message)

    address = threads.spawn(Subscriber, callback, QuoteSlots())
    for number in (1, 2, 3):
        address.send(number)
    assert seen.first(2) == [1, 3]
    assert [problem.what for problem in threads.problems.items] == ["set aside"]


def test_a_callback_that_keeps_raising_is_stopped_ahead_of_what_waits_for_it(threads: Threads) -> None:
    calls, gate, ended = Recorder(), threading.Event(), threading.Event()

    def callback(message: int) -> None:
        gate.wait(BOUND)
        calls(message)
        raise ZeroDivisionError

    address = threads.spawn(Subscriber, callback, QuoteSlots(), ended.set)
    for number in range(100):
        address.send(number)
    gate.set()
    assert ended.wait(BOUND)
    address.stop(BOUND)
    assert calls.items == [0, 1, 2, 3]
    problems = threads.problems.until(lambda problems: len(problems) == 101)
    assert [str(problem) for problem in problems if "repeatedly" in problem.what] == [
        "actor: failed repeatedly and is stopped"
    ]


@pytest.mark.parametrize(("even_in_callbacks", "refused"), [(False, False), (True, True)], ids=["wait", "stop"])
def test_a_callback_may_wait_but_not_for_its_own_end(
    threads: Threads, *, even_in_callbacks: bool, refused: bool
) -> None:
    raised = Recorder()

    def callback(_: Any) -> None:
        try:
            refuse_in_handler("call()", even_in_callbacks=even_in_callbacks)
        except BlockingCall as error:
            raised(error)

    address = threads.spawn(Subscriber, callback, QuoteSlots())
    address.send(1)
    address.stop(BOUND)
    assert [(error.call, error.actor) for error in raised.items] == [("call()", "actor")] * refused
