"""Whether anything is under way in a system."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from helpers import BOUND, Recorder, Threads

from orderpit.actors.activity import Activity
from orderpit.actors.actor import BaseActor
from orderpit.actors.mailbox import Envelope, Mailbox


def mailbox(activity: Activity) -> Mailbox:
    box = Mailbox()
    box.attach(activity, print)
    return box


def test_all_is_quiet_where_nothing_was_ever_sent() -> None:
    activity = Activity()
    mailbox(activity)
    assert activity.is_quiet()


def test_a_message_is_under_way_until_its_handler_has_returned() -> None:
    activity = Activity()
    box = mailbox(activity)
    box.put(Envelope(1))
    assert not activity.is_quiet()
    box.get()
    assert not activity.is_quiet()
    box.empty()
    assert activity.is_quiet()


def test_a_message_that_a_handler_sent_is_under_way_before_the_handler_is_done() -> None:
    activity = Activity()
    one, two = mailbox(activity), mailbox(activity)
    one.put(Envelope("cause"))
    one.get()
    two.put(Envelope("consequence"))
    one.empty()
    assert not activity.is_quiet()
    two.get()
    two.empty()
    assert activity.is_quiet()


def test_buried_messages_are_not_under_way() -> None:
    activity = Activity()
    box = mailbox(activity)
    box.put(Envelope(1))
    box.empty()
    box.put(Envelope(2))
    assert activity.is_quiet()


def test_what_a_burial_causes_is_under_way_before_the_burial_is_done() -> None:
    activity = Activity()
    monitor, box = mailbox(activity), Mailbox()
    quiet: list[bool] = []

    def bury(message: object) -> None:
        monitor.put(Envelope(message))
        quiet.append(activity.is_quiet())

    box.attach(activity, bury)
    box.put(Envelope("late"))
    box.empty()
    assert quiet == [False]
    assert not activity.is_quiet()


def test_timers_that_will_lead_to_messages_count_as_under_way() -> None:
    activity = Activity()
    pending = [1]
    activity.count_also(lambda: pending[0])
    assert not activity.is_quiet()
    pending[0] = 0
    assert activity.is_quiet()


def test_a_watcher_is_called_at_once_when_all_is_quiet() -> None:
    activity, called = Activity(), Recorder()
    activity.when_quiet(lambda: called(1))
    assert called.items == [1]
    assert not activity.watchers


def test_a_watcher_is_called_once_when_the_last_message_has_been_handled() -> None:
    activity, called = Activity(), Recorder()
    box = mailbox(activity)
    box.put(Envelope(1))
    activity.when_quiet(lambda: called(1))
    assert called.items == []
    box.get()
    box.empty()
    assert called.items == [1]


def test_a_forgotten_watcher_is_not_called() -> None:
    activity, called = Activity(), Recorder()
    box = mailbox(activity)
    box.put(Envelope(1))

    def call() -> None:
        called(1)

    activity.when_quiet(call)
    activity.forget(call)
    activity.forget(call)
    box.empty()
    assert called.items == []


def test_a_watcher_that_causes_something_keeps_the_next_one_waiting() -> None:
    activity, called = Activity(), Recorder()
    box = mailbox(activity)
    box.put(Envelope("first"))
    activity.when_quiet(lambda: box.put(Envelope("second")) and called("sent"))
    activity.when_quiet(lambda: called("quiet"))
    box.get()
    reader = threading.Thread(target=lambda: (box.get(), box.get()), daemon=True)
    reader.start()
    assert called.first(2) == ["sent", "quiet"]
    box.put(Envelope("end"))
    reader.join(BOUND)


def test_whoever_waits_for_quiet_hears_of_it_when_the_last_message_is_buried_by_its_sender() -> None:
    activity, called = Activity(), Recorder()
    box = Mailbox()
    # Between the put and the burial: it is under way then, and no reader is left that would look again.
    box.attach(activity, lambda _: activity.when_quiet(lambda: called("quiet")))
    box.empty()
    box.put(Envelope("late"))
    assert called.items == ["quiet"]


class Overtaken:
    """A mailbox at whose count another thread makes the whole check first."""

    handled = dead = 0
    works = False

    def __init__(self, activity: Activity) -> None:
        self.puts = 0
        self.activity: Activity | None = None
        activity.add(self)

    @property
    def sent(self) -> int:
        seen, overtaking, self.activity = self.puts, self.activity, None
        if overtaking is not None:
            overtaking.check()
        return seen


def test_a_quiet_moment_serves_no_call_that_came_after_it() -> None:
    activity, called = Activity(), Recorder()
    box = Overtaken(activity)

    def second() -> None:
        called(("second", activity.is_quiet()))

    def first() -> None:
        called(("first", activity.is_quiet()))
        box.puts += 1
        activity.when_quiet(second)

    box.puts = 1
    activity.when_quiet(first)
    box.puts, box.activity = 0, activity
    activity.check()
    assert called.items == [("first", True)]
    box.handled = 1
    activity.check()
    assert called.items == [("first", True), ("second", True)]


def test_mailboxes_added_by_many_threads_at_once_are_all_counted(eager_switching: None) -> None:
    for _ in range(10):
        activity, begin = Activity(), threading.Barrier(8)
        boxes = [Mailbox() for _ in range(200)]

        def add(mine: list[Mailbox], activity: Activity = activity, begin: threading.Barrier = begin) -> None:
            begin.wait(BOUND)
            for box in mine:
                box.attach(activity, print)

        adders = [threading.Thread(target=add, args=(boxes[number::8],)) for number in range(8)]
        for thread in adders:
            thread.start()
        for thread in adders:
            thread.join(BOUND)
        for box in boxes:
            box.put(Envelope(1))
            assert not activity.is_quiet()
            box.empty()
            assert activity.is_quiet()


class Relay(BaseActor):
    """Sends a number, one less, to the next target, until it is zero."""

    def __init__(self, context: Any, targets: list[Any]) -> None:
        super().__init__(context)
        self._targets = targets

    def handle(self, message: Any) -> None:
        if message:
            self.send(self._targets[message % len(self._targets)], message - 1)


@pytest.mark.parametrize("hops", [0, 1, 7, 500])
def test_waiting_for_quiet_waits_for_every_consequence_of_every_message(
    threads: Threads, hops: int, eager_switching: None
) -> None:
    targets: list[Any] = []
    targets += [threads.spawn(Relay, targets, name=f"relay-{number}") for number in range(4)]
    for _ in range(20):
        before = sum(target.mailbox.handled for target in targets)
        for target in targets:
            target.send(hops)
        assert threads.runtime.wait_quiet(BOUND)
        assert sum(target.mailbox.handled for target in targets) - before == 4 * (hops + 1)


def test_waiting_for_quiet_ends_with_false_when_a_handler_does_not_return(threads: Threads) -> None:
    class Stuck(BaseActor):
        def handle(self, message: Any) -> None:
            message.wait(BOUND)

    gate = threading.Event()
    address = threads.spawn(Stuck)
    address.send(gate)
    assert not threads.runtime.wait_quiet(0.01)
    assert not threads.runtime.activity.watchers
    gate.set()
    assert threads.runtime.wait_quiet(BOUND)


def test_waiting_for_quiet_is_not_held_up_by_messages_sent_ahead_of_others(
    threads: Threads, eager_switching: None
) -> None:
    targets: list[Any] = []
    targets += [threads.spawn(Relay, targets, name=f"relay-{number}") for number in range(3)]
    for _ in range(300):
        for target in targets:
            target.send_first(2)
        assert threads.runtime.wait_quiet(BOUND)
