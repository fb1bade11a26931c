"""The mailbox: it loses nothing, closes by itself, and counts what passes."""

from __future__ import annotations

import threading
import time
from itertools import permutations
from typing import Any

import pykka
import pytest
from helpers import BOUND, Desk

from orderpit.actors.activity import Activity
from orderpit.actors.actor import BaseActor
from orderpit.actors.address import Address
from orderpit.actors.mailbox import ActorStop, Envelope, Mailbox
from orderpit.actors.threads import ThreadRuntime


class Asked:
    """A reply that keeps its answers."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.errors: list[Any] = []

    def set(self, value: Any = None) -> None:
        self.values.append(value)

    def set_exception(self, exc_info: Any = None) -> None:
        self.errors.append(exc_info)


def mailbox() -> tuple[Mailbox, list[object]]:
    box, buried = Mailbox(), []
    box.attach(Activity(), buried.append)
    return box, buried


def counts(box: Mailbox) -> tuple[int, int, int, int]:
    return (box.sent, box.handled, box.queued, box.dead)


def test_messages_come_out_in_the_order_in_which_they_were_put() -> None:
    box, _ = mailbox()
    for message in (1, 2, 3):
        box.put(Envelope(message))
    assert [box.get().message for _ in range(3)] == [1, 2, 3]


def test_a_message_counts_as_handled_when_the_next_one_is_asked_for() -> None:
    box, _ = mailbox()
    box.put(Envelope(1))
    box.put(Envelope(2))
    assert counts(box) == (2, 0, 2, 0)
    box.get()
    assert counts(box) == (2, 0, 1, 0)
    box.get()
    assert counts(box) == (2, 1, 0, 0)


def test_the_high_mark_is_the_most_that_ever_waited() -> None:
    box, _ = mailbox()
    for _ in range(5):
        box.put(Envelope(None))
    for _ in range(5):
        box.get()
    box.put(Envelope(None))
    box.get()
    assert box.high == 5


def test_an_urgent_message_comes_before_all_that_wait() -> None:
    box, _ = mailbox()
    box.put(Envelope("first"))
    box.put(Envelope("second"))
    box.put_first(Envelope("halt"))
    assert counts(box) == (3, 0, 3, 0)
    assert [box.get().message for _ in range(3)] == ["halt", "first", "second"]
    assert box.queued == 0


def test_urgent_messages_come_in_their_own_order() -> None:
    box, _ = mailbox()
    for message in ("halt", "resume"):
        box.put_first(Envelope(message))
    assert [box.get().message for _ in range(2)] == ["halt", "resume"]


def test_the_place_of_an_urgent_message_in_the_queue_is_no_message() -> None:
    box, _ = mailbox()
    box.put_first(Envelope("halt"))
    box.get()
    box.put(Envelope("next"))
    assert box.get().message == "next"
    assert counts(box) == (2, 1, 0, 0)


def test_closing_buries_what_waits() -> None:
    box, buried = mailbox()
    for message in ("handled", "a", "b"):
        box.put(Envelope(message))
    box.put_first(Envelope("urgent"))
    box.get()
    assert box.empty()
    assert sorted(map(str, buried)) == ["a", "b", "handled"]
    assert counts(box) == (4, 1, 0, 3)


def test_what_comes_after_closing_is_buried_by_its_sender() -> None:
    box, buried = mailbox()
    box.empty()
    box.put(Envelope("late"))
    box.put_first(Envelope("later"))
    assert buried == ["late", "later"]
    assert counts(box) == (2, 0, 0, 2)


def test_a_late_ask_is_answered_with_the_actors_death() -> None:
    box, _ = mailbox()
    box.empty()
    asked = Asked()
    box.put(Envelope("question", asked))
    assert [error[0] for error in asked.errors] == [pykka.ActorDeadError]


def test_stopping_twice_is_no_loss_and_is_answered() -> None:
    box, buried = mailbox()
    box.empty()
    asked = Asked()
    box.put(Envelope(ActorStop(), asked))
    box.put(Envelope(ActorStop()))
    assert asked.values == [None]
    assert buried == []
    assert box.dead == 2


class Stepped:
    """A queue that lets something else happen right before each of its steps."""

    def __init__(self, inner: Any, before: dict[tuple[str, int], Any]) -> None:
        self._inner, self._before, self._counts = inner, before, {}

    def _step(self, name: str) -> None:
        count = self._counts[name] = self._counts.get(name, 0) + 1
        self._before.pop((name, count), lambda: None)()

    def put(self, item: Any) -> None:
        self._step("put")
        self._inner.put(item)
        self._step("was put")

    def get_nowait(self) -> Any:
        self._step("get_nowait")
        return self._inner.get_nowait()

    def empty(self) -> bool:
        self._step("empty")
        return bool(self._inner.empty())

    def qsize(self) -> int:
        return int(self._inner.qsize())


@pytest.mark.parametrize("put", [Mailbox.put, Mailbox.put_first], ids=["put", "put first"])
@pytest.mark.parametrize("step", ["put", "was put"])
def test_a_mailbox_that_closes_while_a_message_is_put_buries_it_once(put: Any, step: str) -> None:
    box, buried = mailbox()
    box.queue = Stepped(box.queue, {(step, 1): box.empty})  # type: ignore[assignment]
    asked = Asked()
    put(box, Envelope("racing", asked))
    assert buried == ["racing"]
    assert len(asked.errors) == 1
    assert counts(box) == (1, 0, 0, 1)


@pytest.mark.parametrize("put", [Mailbox.put, Mailbox.put_first], ids=["put", "put first"])
@pytest.mark.parametrize("step", [("get_nowait", 1), ("get_nowait", 2), ("empty", 1)], ids=str)
def test_a_message_put_while_a_mailbox_drains_is_buried_once(put: Any, step: tuple[str, int]) -> None:
    box, buried = mailbox()
    asked = Asked()
    box.put(Envelope("waits"))
    box.queue = Stepped(box.queue, {step: lambda: put(box, Envelope("racing", asked))})  # type: ignore[assignment]
    box.empty()
    assert sorted(map(str, buried)) == ["racing", "waits"]
    assert len(asked.errors) == 1
    assert counts(box) == (2, 0, 0, 2)


@pytest.mark.parametrize("order", [*permutations(("put", "halt", "close"))], ids="-".join)
def test_in_whatever_order_things_happen_the_counts_add_up(order: tuple[str, ...]) -> None:
    box, buried = mailbox()
    steps = {
        "put": lambda: box.put(Envelope("message")),
        "halt": lambda: box.put_first(Envelope("halt")),
        "close": box.empty,
    }
    for name in order:
        steps[name]()
    assert sorted(map(str, buried)) == ["halt", "message"]
    assert counts(box) == (2, 0, 0, 2)


def test_whoever_waits_for_quiet_hears_of_it_after_an_urgent_message_too() -> None:
    # The urgent message leaves a mark in the queue, which must not pass for work to do.
    desk = Desk()
    box, quiet = Mailbox(), threading.Event()
    box.attach(desk.context.activity, print)
    box.put_first(Envelope("halt"))
    box.get()
    desk.context.activity.when_quiet(quiet.set)
    assert not quiet.is_set()
    reader = threading.Thread(target=box.get, daemon=True)
    reader.start()
    assert quiet.wait(BOUND)
    box.put(Envelope("end"))
    reader.join(BOUND)


class Counter(BaseActor):
    """Notes what it handles."""

    def __init__(self, context: Any, seen: list[Any]) -> None:
        super().__init__(context)
        self.seen = seen

    def handle(self, message: Any) -> None:
        self.seen.append(message)


WRITERS = 6


@pytest.mark.fault(71)
def test_no_message_is_lost_and_no_ask_hangs_however_a_stop_falls_among_many_writers(eager_switching: None) -> None:
    deadline = time.monotonic() + 6
    rounds = 0
    while rounds < 20 or (rounds < 1500 and time.monotonic() < deadline):
        _stop_among_writers(rounds)
        rounds += 1


def _stop_among_writers(number: int) -> None:
    dead: list[Any] = []
    seen: list[Any] = []
    runtime = ThreadRuntime(dead.append, {}.__setitem__)
    address: Address[Any] = Address("counter")
    runtime.spawn(address, Counter, seen)
    begin = threading.Barrier(WRITERS + 1)
    taken: list[tuple[int, int, bool]] = []
    asks: list[pykka.Future[Any]] = []

    def write(writer: int) -> None:
        begin.wait(BOUND)
        for count in range(25):
            if count % 5 == 4:
                future: pykka.Future[Any] = pykka.ThreadingFuture()
                asks.append(future)
                address.mailbox.put(Envelope((writer, count), future))
            elif count % 5 == 3:
                taken.append((writer, count, address.send_first((writer, count))))
            else:
                taken.append((writer, count, address.send((writer, count))))

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in writers:
        thread.start()
    begin.wait(BOUND)
    for _ in range(number % 40):
        address.send("filler")
    address.stop(BOUND)
    for thread in writers:
        thread.join(BOUND)
        assert not thread.is_alive()

    answered = sum(_is_answered(future) for future in asks)
    box = address.mailbox
    assert box.sent == WRITERS * 25 + number % 40 + 1
    assert box.queued == 0
    assert box.handled + box.dead == box.sent
    assert len(dead) == box.dead
    handled = [message for message in seen if message != "filler"]
    assert box.handled == len(seen) + 1
    assert len(set(handled)) == len(handled)
    # Of what was handled, send() did not say that nobody would.
    refused = {(writer, count) for writer, count, was_taken in taken if not was_taken}
    assert refused.isdisjoint(handled)
    assert answered == len([message for message in handled if message[1] % 5 == 4])


def _is_answered(future: pykka.Future[Any]) -> bool:
    try:
        future.get(timeout=BOUND)
    except pykka.ActorDeadError:
        return False
    return True
