"""The mailbox in every schedule: senders against a mailbox that closes, with a choice at each single operation."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pykka
import pytest

from orderpit.actors.activity import Activity
from orderpit.actors.mailbox import ActorStop, Envelope, Mailbox
from orderpit.actors.scheduler import Scheduler
from orderpit.actors.stepped import SteppedRuntime
from orderpit.actors.stepping import StepQueue
from orderpit.testing import Stepped, every_schedule, uniform


class TornQueue(StepQueue):
    """Gives up control after each put and before each message is drained: there another thread may come between.

    Not before a put as well, where no sender has done anything since the last choice, but for the marker that follows
    an urgent message; nor where it looks whether it is empty, which is right before it drains.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(scheduler)
        self._scheduler_here = scheduler

    def put(self, item: Any) -> None:
        if item.message is None:
            self.let_others_go_first()
        self._items.append(item)
        if self.reader is not None:
            self._scheduler_here.wake(self.reader, self)
        self.let_others_go_first()

    def get_nowait(self) -> Any:
        self.let_others_go_first()
        return super().get_nowait()


class Answer:
    """A reply that counts its answers."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def set(self, value: Any = None) -> None:
        self.given.append("value" if value is None else str(value))

    def set_exception(self, exc_info: Any = None) -> None:
        self.given.append(exc_info[0].__name__)


class Race:
    """A reader that stops at the first ActorStop, as pykka's loop does, and senders; each a task of its own."""

    def __init__(self, choose: Any) -> None:
        self.scheduler: Scheduler = SteppedRuntime(print, print, Stepped(choose=choose)).scheduler
        queue = TornQueue(self.scheduler)
        self.box = Mailbox(queue)
        self.handled: list[str] = []
        self.buried: list[Any] = []
        self.told: dict[str, bool] = {}
        self.box.attach(Activity(), self.buried.append)
        queue.reader = self.scheduler.start("reader", self._read)

    def _read(self) -> None:
        while True:
            envelope = self.box.get()
            if envelope.reply_to is not None:
                envelope.reply_to.set()
            if isinstance(envelope.message, ActorStop):
                break
            self.handled.append(envelope.message)
        # pykka's teardown.
        assert self.box.empty()

    def sender(self, *messages: str, first: bool = False, asks: bool = False) -> list[Answer]:
        answers = [Answer() for _ in messages]

        def send() -> None:
            for message, answer in zip(messages, answers, strict=True):
                put = self.box.put_first if first else self.box.put
                self.told[message] = put(Envelope(message, answer if asks else None))  # type: ignore[arg-type]

        self.scheduler.start(f"sender {len(self.scheduler.tasks)}", send)
        return answers

    def stopper(self) -> Answer:
        answer = Answer()
        self.scheduler.start("stopper", lambda: self.box.put(Envelope(ActorStop(), answer)))  # type: ignore[arg-type]
        return answer

    def verify(self, *messages: str) -> None:
        self.scheduler.run()
        assert Counter(self.handled + self.buried) == Counter(messages), "each is handled or buried, once"
        for message in messages:
            # True may still be buried, in the moment that follows.
            assert self.told[message] or message in self.buried, "False is buried already"
        box = self.box
        assert (box.sent, box.queued) == (box.handled + box.dead, 0)
        self.scheduler.abandon()


def stopping(choose: Any) -> Race:
    """Return a race whose mailbox has been told to stop, so that all that is sent meets its end."""
    race = Race(choose)
    race.box.put(Envelope(ActorStop()))
    return race


def every(run: Any, least: int) -> None:
    assert sum(1 for _ in every_schedule(run)) >= least


@pytest.mark.fault(71)
def test_a_message_is_handled_or_buried_in_every_schedule_of_a_sender_and_a_stop() -> None:
    outcomes: set[tuple[int, int]] = set()

    def run(choose: Any) -> None:
        race = Race(choose)
        race.sender("a")
        stopped = race.stopper()
        race.verify("a")
        assert stopped.given == ["value"]
        outcomes.add((len(race.handled), len(race.buried)))

    every(run, 500)
    assert outcomes == {(1, 0), (0, 1)}


@pytest.mark.fault(71)
@pytest.mark.parametrize("first", [False, True], ids=["both in line", "one urgent"])
def test_both_messages_are_handled_or_buried_in_every_schedule_of_two_senders_and_a_closing_mailbox(
    first: bool,  # noqa: FBT001
) -> None:
    outcomes: set[tuple[str, ...]] = set()

    def run(choose: Any) -> None:
        race = stopping(choose)
        race.sender("a", first=first)
        race.sender("b")
        race.verify("a", "b")
        outcomes.add((*race.handled, "|", *race.buried))

    every(run, 4_000)
    assert {("|", "a", "b"), ("|", "b", "a")} <= outcomes
    # Only what is urgent passes the message that stops it.
    assert (("a", "|", "b") in outcomes) is first


@pytest.mark.fault(71)
def test_every_late_ask_is_answered_once_in_every_schedule() -> None:
    outcomes: set[str] = set()

    def run(choose: Any) -> None:
        race = Race(choose)
        (answer,) = race.sender("ask", asks=True)
        stopped = race.stopper()
        race.verify("ask")
        assert answer.given == (["value"] if race.handled else [pykka.ActorDeadError.__name__])
        assert stopped.given == ["value"]
        outcomes.add(answer.given[0])

    every(run, 500)
    assert outcomes == {"value", pykka.ActorDeadError.__name__}


def test_every_stop_is_answered_once_in_every_schedule() -> None:
    def run(choose: Any) -> None:
        race = Race(choose)
        answers = race.stopper(), race.stopper()
        race.verify()
        assert [answer.given for answer in answers] == [["value"], ["value"]]

    every(run, 500)


def test_who_waits_for_the_end_is_told_once_in_every_schedule() -> None:
    def run(choose: Any) -> None:
        race, answer = stopping(choose), Answer()
        race.scheduler.start("waits", lambda: race.box.when_ended(answer))
        race.sender("a")
        race.verify("a")
        assert answer.given == ["value"]

    every(run, 50)


@pytest.mark.parametrize("seed", range(20))
def test_many_senders_of_all_kinds_lose_nothing_against_a_closing_mailbox(seed: int) -> None:
    for number in range(10):
        race = Race(uniform(100 * seed + number))
        race.sender("a1", "a2", "a3")
        race.sender("u1", "u2", first=True)
        asked = race.sender("q1", "q2", asks=True)
        stopped = race.stopper()
        race.verify("a1", "a2", "a3", "u1", "u2", "q1", "q2")
        assert [len(answer.given) for answer in asked] == [1, 1]
        assert stopped.given == ["value"]
