"""The journal's actor, as an object without a thread, and what the order manager keeps back."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from builders import event, terms
from helpers import Collector, Desk

from orderpit import Alarm, AlarmCode, OrderUpdate
from orderpit.actors.journal import RETRY_NS, Journal
from orderpit.actors.messages import Durable, Flush, Record, Unrecorded
from orderpit.actors.outbox import Outbox
from orderpit.journal.memory import MemoryStore
from orderpit.journal.store import Row
from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.errors import JournalBroken, JournalFull
from orderpit.model.gate import Gate
from orderpit.model.lifecycle import create
from orderpit.model.records import Outcome


def entry(sequence: int) -> OrderUpdate:
    created = event(e.OrderCreated, order_id=f"o-{sequence}", terms=terms(order_id=f"o-{sequence}"))
    return OrderUpdate(sequence, created, create(created))


def entries(first: int, last: int) -> Record:
    return Record(tuple(map(entry, range(first, last + 1))))


class Failing(MemoryStore):
    """Raises once, at the append with this number."""

    def __init__(self, at: int, error: Exception) -> None:
        super().__init__()
        self.at, self.error, self.tried = at, error, 0
        self.closed = 0

    def append(self, rows: Any) -> None:
        self.tried += 1
        if self.tried == self.at:
            raise self.error
        super().append(rows)

    def close(self) -> None:
        self.closed += 1


@attrs.define
class Floor:
    """A journal, and everything it says."""

    desk: Desk
    store: MemoryStore = attrs.Factory(MemoryStore)
    said: list[Any] = attrs.Factory(list)
    timers: list[tuple[int, Any, bool]] = attrs.Factory(list)
    me: Collector = attrs.Factory(Collector)
    manager: Collector = attrs.Factory(Collector)
    monitor: Collector = attrs.Factory(Collector)
    journal: Any = None

    def __attrs_post_init__(self) -> None:
        self.journal = self.desk.make(
            Journal,
            self.me,
            self.manager,
            self.monitor,
            self.store,
            lambda sequence, one: Row(sequence, type(one).__name__, 1, one.order_id.encode()),
            self.said.append,
            lambda delay, target, message, *, background: self.timers.append((delay, message, background)),
        )

    def tell(self, *messages: Any) -> None:
        for message in messages:
            self.journal.on_receive(message)


def test_what_waits_is_written_in_one_go_and_said_to_be_durable_once(desk: Desk) -> None:
    floor = Floor(desk)
    floor.tell(entries(1, 2), entries(3, 3))
    assert floor.me.messages == [Flush()]
    assert (floor.store.appends, floor.manager.messages) == (0, [])
    floor.tell(Flush())
    assert (floor.store.appends, floor.manager.messages) == (1, [Durable(3)])
    assert [row.body for row in floor.store.rows] == [b"o-1", b"o-2", b"o-3"]
    floor.tell(Flush())
    assert floor.store.appends == 1


def test_a_full_store_is_tried_again_and_nothing_is_lost(desk: Desk) -> None:
    floor = Floor(desk, Failing(1, JournalFull("here", "no room")))
    floor.tell(entries(1, 1), Flush(), entries(2, 2))
    assert floor.timers == [(RETRY_NS, Flush(), True)]
    # It asks for nothing else meanwhile.
    assert floor.me.messages == [Flush()]
    assert [type(message) for message in floor.manager.messages] == [Unrecorded]
    assert [type(error) for error in floor.said] == [JournalFull]
    floor.tell(Flush())
    assert floor.manager.messages[1:] == [Unrecorded(None), Durable(2)]
    assert floor.said[1:] == [None]
    assert [alarm.code for alarm in floor.monitor.messages] == [AlarmCode.JOURNAL] * 2
    floor.tell(entries(3, 3))
    assert floor.me.messages == [Flush()] * 2


def test_a_store_that_stays_full_is_complained_of_once(desk: Desk) -> None:
    store = MemoryStore(most=0)
    floor = Floor(desk, store)
    floor.tell(entries(1, 1), Flush(), Flush(), Flush())
    assert len(floor.timers) == 3
    assert len(floor.monitor.messages) == 1
    assert [type(message) for message in floor.manager.messages] == [Unrecorded]


@pytest.mark.fault(53, 54)
def test_a_write_that_failed_is_never_tried_again(desk: Desk) -> None:
    store = Failing(2, JournalBroken("here", "the disk does not answer"))
    floor = Floor(desk, store)
    floor.tell(entries(1, 1), Flush(), entries(2, 2), Flush(), Flush(), entries(3, 3), Flush())
    assert store.tried == 2
    assert floor.timers == []
    assert floor.manager.messages == [
        Durable(1),
        Unrecorded("here: a write has failed, open it anew: the disk does not answer"),
    ]
    assert [type(error) for error in floor.said] == [JournalBroken]
    (alarm,) = floor.monitor.messages
    assert isinstance(alarm, Alarm)
    assert alarm.text.startswith("no order leaves any more")
    floor.journal.on_stop()
    assert "2 rows" in str(desk.problems[0]), "one that was tried, and one that was not taken any more"


def test_an_entry_that_cannot_be_encoded_ends_the_writing_and_leaves_no_gap(desk: Desk) -> None:
    floor = Floor(desk)
    floor.tell(entries(1, 1), Flush())
    vars(floor.journal)["_encode"] = lambda sequence, one: 1 / 0
    floor.tell(entries(2, 2), Flush())
    vars(floor.journal)["_encode"] = lambda sequence, one: Row(sequence, "", 1, b"")
    floor.tell(entries(3, 3), Flush())
    assert [row.sequence for row in floor.store.rows] == [1]
    assert [type(message) for message in floor.manager.messages] == [Durable, Unrecorded]


def test_what_was_not_written_down_is_told_when_it_stops(desk: Desk) -> None:
    store = Failing(1, JournalFull("here", "no room"))
    floor = Floor(desk, store)
    floor.tell(entries(1, 4), Flush())
    floor.journal.on_stop()
    assert [problem.what for problem in desk.problems] == ["stopped before it could write down"]
    assert "4 rows" in str(desk.problems[0])
    assert store.closed == 1


def test_nobody_else_is_understood(desk: Desk) -> None:
    floor = Floor(desk)
    floor.tell("what is this")
    assert [problem.what for problem in desk.problems] == ["unknown message"]


# -- what waits to be written down


def asking(*requests: Any) -> Outcome:
    return Outcome(requests=requests)


SUBMIT = r.VenueSubmit(
    client_order_id="o-1",
    symbol="BTC/USDT",
    side=terms().side,
    order_type=terms().order_type,
    quantity=terms().quantity,
    price=None,
    stop_price=None,
    time_in_force=terms().time_in_force,
    time_ns=0,
    source="",
)
CANCEL = r.VenueCancel(client_order_id="o-1", request_id="c", symbol="BTC/USDT", time_ns=0, source="")
MODIFY = r.VenueModify(
    client_order_id="o-1",
    request_id="m",
    symbol="BTC/USDT",
    price=None,
    quantity=terms().quantity,
    time_ns=0,
    source="",
)
QUERY = r.VenueQuery(client_order_id="o-1", request_id="q", symbol="BTC/USDT", time_ns=0, source="")


def test_outcomes_are_released_in_order_once_their_entries_are_durable() -> None:
    outbox, first, second, third = Outbox(), asking(SUBMIT), asking(CANCEL), asking(QUERY)
    for sequence, outcome in ((2, first), (4, second), (4, third)):
        outbox.hold(sequence, outcome, Gate())
    assert list(outbox.released(1)) == []
    assert list(outbox.released(3)) == [(first, Gate())]
    assert len(outbox) == 2
    assert list(outbox.released(4)) == [(second, Gate()), (third, Gate())]
    assert list(outbox.released(9)) == []


def test_cancels_and_queries_are_taken_out_ahead_and_once() -> None:
    outbox, other = Outbox(), attrs.evolve(SUBMIT, client_order_id="o-2")
    for sequence, outcome in ((1, asking(other)), (2, asking(CANCEL, other, QUERY)), (3, asking())):
        outbox.hold(sequence, outcome, Gate())
    assert outbox.harmless() == (CANCEL, QUERY)
    assert outbox.harmless() == ()
    assert [outcome for outcome, _ in outbox.released(3)] == [asking(other), asking(other), asking()]


def test_nothing_overtakes_the_order_that_it_is_about() -> None:
    outbox = Outbox()
    for sequence, outcome in ((1, asking(SUBMIT)), (2, asking(CANCEL)), (3, asking(QUERY))):
        outbox.hold(sequence, outcome, Gate())
    assert outbox.harmless() == ()
    assert len(list(outbox.released(1))) == 1
    assert outbox.harmless() == (CANCEL, QUERY), "the order has left: they come behind it"


def test_a_cancel_goes_ahead_of_a_change_that_waits_and_a_query_does_not() -> None:
    outbox = Outbox()
    for sequence, outcome in ((1, asking(MODIFY)), (2, asking(CANCEL, QUERY))):
        outbox.hold(sequence, outcome, Gate())
    assert outbox.harmless() == (CANCEL,)
    assert [outcome for outcome, _ in outbox.released(2)] == [asking(MODIFY), asking(QUERY)]
