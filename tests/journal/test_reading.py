"""What is read of a journal is what was published, and its books are those that the system had."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_in_memory import TERMS, InMemory, journal_of, run

from orderpit.journal.books import Books
from orderpit.journal.codec import Codec
from orderpit.journal.copying import copied
from orderpit.journal.reading import Orders, Until, rows_of, updates
from orderpit.journal.stepping import Stepper
from orderpit.journal.story import story_of
from orderpit.model.errors import InvalidValue, JournalCorrupt
from orderpit.model.events import OrderFilled
from orderpit.model.explaining import explain

PUBLISHED, SYSTEM = run()
STORE = journal_of(PUBLISHED)
LAST = len(PUBLISHED)
SPREAD = journal_of(attrs.evolve(one, event=attrs.evolve(one.event, time_ns=one.sequence * 1_000)) for one in PUBLISHED)
"""The same, one microsecond apart."""


def read(store=STORE, until=Until()):  # noqa: B008  # a frozen value
    return list(updates(rows_of(store, until=until), Codec(read=store.read).decode, until=until))


def stepper(**kwargs):
    return Stepper(STORE, TERMS, Codec(read=STORE.read).decode, **kwargs)


def figures(books):
    return books.sequence, books.statistics.to_dict(), books.portfolio.snapshot(), books.orders, books.live, books.gate


def test_the_updates_are_the_very_ones_that_were_published():
    assert read() == list(PUBLISHED)


def test_the_books_are_those_of_the_live_system_but_for_marks():
    books = Books(TERMS)
    for update in read():
        books.take(update)
    live, again = SYSTEM.portfolio(), books.portfolio.snapshot()
    for name in ("cash", "fees", "realised_pnl", "deposits", "rounding", "crossed", "sequence"):
        assert getattr(again, name) == getattr(live, name)
    assert {name: one.quantity for name, one in again.positions.items()} == {
        name: one.quantity for name, one in live.positions.items()
    }
    assert books.statistics.to_dict() == dict(SYSTEM.stats())
    assert books.performance.performance().trades == SYSTEM.performance().trades
    report, unfinished = books.audit()
    assert report.is_clean
    assert unfinished == ()


def test_positions_are_marked_at_the_last_fill():
    books = Books(TERMS)
    fills = []
    for update in read():
        books.take(update)
        fills += [update.event.fill.price] if isinstance(update.event, OrderFilled) else []
    assert books.portfolio.snapshot().positions["BTC/USDT"].mark == fills[-1]


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("7", Until(sequence=7)),
        ("0", Until(sequence=0)),
        ("1970-01-02", Until(time_ns=86_400_000_000_000)),
        ("1970-01-01T00:01", Until(time_ns=60_000_000_000)),
        ("1970-01-01T00:00:01.5Z", Until(time_ns=1_500_000_000)),
        ("1970-01-01 00:00:00.000000001+00:00", Until(time_ns=1)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_row_or_a_time_in_utc_says_how_far_to_read(text, until):
    assert Until.of("--until", text) == until


@pytest.mark.parametrize(
    "text",
    ["", "x", "-1", "1.5", "9" * 25, "2024-01-01.5", "2024-13-01", "2024-01-01T00:00:00+02:00", "\u0663"],
    ids=ascii,
)
def test_anything_else_is_refused_by_name(text):
    with pytest.raises(InvalidValue, match="--until: must be the number of a row, or a time in UTC"):
        Until.of("--until", text)


def test_reading_ends_at_the_row_or_before_the_first_that_is_later():
    assert [update.sequence for update in read(until=Until(sequence=5))] == [1, 2, 3, 4, 5]
    assert read(until=Until(sequence=10**9)) == list(PUBLISHED)
    assert [update.sequence for update in read(SPREAD, Until(time_ns=41_999))][-1] == 41
    assert [update.sequence for update in read(SPREAD, Until(time_ns=42_000))][-1] == 42


def test_a_missing_row_is_named():
    rows = [row for row in STORE.rows if row.sequence != 9]
    with pytest.raises(JournalCorrupt, match="row 10: follows row 8") as caught:
        list(updates(rows, Codec(read=STORE.read).decode, Orders("j.db")))
    assert caught.value.sequence == 10


def test_an_event_that_cannot_have_happened_is_named():
    twice = attrs.evolve(STORE.rows[0], sequence=2)
    with pytest.raises(JournalCorrupt, match="row 2: tells what cannot have happened"):
        list(updates([STORE.rows[0], twice], Codec().decode, Orders("j.db")))


def test_stepping_back_and_forth_shows_what_reading_from_the_start_does():
    back = stepper(every=8)
    back.move(back.last)
    for to in (70, 69, 68, 3, 99, 0, 50, 49, 110, 64):
        assert back.move(to) == to
        fresh = stepper()
        fresh.move(to)
        assert figures(back.books) == figures(fresh.books)
        assert back.recent == PUBLISHED[:to]


@given(every=st.integers(1, 40), moves=st.lists(st.integers(-3, LAST + 3), max_size=12))
def test_wherever_it_comes_from_the_books_of_a_row_are_the_same(every, moves):
    one = stepper(every=every)
    for to in moves:
        at = one.move(to)
        assert one.recent == PUBLISHED[:at]
        assert {order_id: order.state for order_id, order in one.books.orders.items()} == {
            update.order.order_id: update.order.state for update in PUBLISHED[:at] if update.order is not None
        }
    fresh = stepper()
    fresh.move(one.at)
    assert figures(one.books) == figures(fresh.books)


def test_a_step_back_does_not_begin_anew():
    back = stepper(every=5)
    back.move(back.last)
    folded = back.folded
    back.move(back.last - 1)
    assert back.folded - folded < 40
    assert len(back._kept) <= 16


def test_beyond_the_ends_it_stays_at_them():
    one = stepper()
    assert one.move(10**9) == len(PUBLISHED)
    assert one.move(-5) == 0
    assert one.recent == ()


def test_the_next_row_about_an_order_is_found_and_after_the_last_the_first():
    order_id = PUBLISHED[0].event.order_id
    numbers = [update.sequence for update in PUBLISHED if update.event.order_id == order_id]
    one = stepper()
    found = []
    for _ in range(len(numbers) + 1):
        found.append(one.find(order_id))
        one.move(found[-1])
    assert found == [*numbers, numbers[0]]
    assert one.find("nobody") is None


def test_a_row_is_found_by_its_time():
    one = Stepper(SPREAD, TERMS, Codec(read=SPREAD.read).decode)
    assert one.row_at(Until(time_ns=41_999)) == 41
    assert one.row_at(Until(time_ns=0)) == 0
    assert one.row_at(Until(sequence=10**9)) == len(PUBLISHED)


def test_a_copy_shares_no_container_and_refers_to_itself_as_before():
    class Plain:
        pass

    Plain.__module__ = "orderpit.x"
    one = Plain()
    one.items, one.me, one.also = [1, {2}], one, None
    one.also = one.items
    copy = copied(one)
    copy.items.append(3)
    copy.items[1].add(4)
    assert one.items == [1, {2}]
    assert copy.me is copy
    assert copy.also is copy.items


def test_the_story_of_each_order_is_what_the_live_system_tells():
    for order_id in {update.event.order_id for update in PUBLISHED} - {""}:
        story, others, states = story_of(STORE, Codec(read=STORE.read).decode, order_id)
        assert explain(order_id, story, others, states) == SYSTEM.explain(order_id)


def test_of_an_order_that_no_row_is_about_there_is_no_story():
    assert story_of(STORE, Codec(read=STORE.read).decode, "nobody")[0] is None
    assert story_of(InMemory(), Codec().decode, "nobody")[0] is None
