"""Lots: the oldest or the newest is closed first, exactly, and none is copied."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderpit.model.lots import FIFO, LIFO, Lots
from orderpit.model.numbers import multiply, subtract, total


def lots_of(lots: Lots, *opened: str) -> Lots:
    """`2 @ 100`, one after the other."""
    for words in opened:
        quantity, _, price = words.split()
        lots = lots.increased(Decimal(quantity), Decimal(price))
    return lots


OPENED = ("2 @ 100", "3 @ 110", "1 @ 130")


@pytest.mark.parametrize(
    ("lots", "closed", "cost"),
    [
        # 2 * 100 + 3 * 110 + 1 * 130 = 660 is what all have cost.
        pytest.param(FIFO, "1", "560", id="oldest first: part of the first, 1 * 100"),
        pytest.param(FIFO, "2", "460", id="oldest first: the first, 2 * 100"),
        pytest.param(FIFO, "4", "240", id="oldest first: 2 * 100 + 2 * 110"),
        pytest.param(FIFO, "6", "0", id="oldest first: all"),
        pytest.param(LIFO, "0.5", "595", id="newest first: part of the last, 0.5 * 130"),
        pytest.param(LIFO, "1", "530", id="newest first: the last, 1 * 130"),
        pytest.param(LIFO, "5", "100", id="newest first: 130 + 3 * 110 + 1 * 100"),
        pytest.param(LIFO, "6", "0", id="newest first: all"),
    ],
)
def test_what_is_left_has_cost_what_was_not_closed(lots: Lots, closed: str, cost: str) -> None:
    left = lots_of(lots, *OPENED).reduced(Decimal(closed))
    assert (left.size, left.cost) == (subtract(Decimal(6), Decimal(closed)), Decimal(cost))


def test_lots_are_opened_and_closed_in_turns() -> None:
    # 1 @ 10 and 1 @ 20; closing 1 leaves 1 @ 20; then 1 @ 30: the oldest is 20, the newest 30.
    oldest = lots_of(lots_of(FIFO, "1 @ 10", "1 @ 20").reduced(Decimal(1)), "1 @ 30").reduced(Decimal(1))
    # Newest first, closing 1 leaves 1 @ 10, and then 1 @ 30 goes first.
    newest = lots_of(lots_of(LIFO, "1 @ 10", "1 @ 20").reduced(Decimal(1)), "1 @ 30").reduced(Decimal(1))
    assert (oldest.cost, newest.cost) == (30, 10)


@pytest.mark.parametrize("lots", [pytest.param(FIFO, id="fifo"), pytest.param(LIFO, id="lifo")])
def test_what_was_done_to_one_value_does_not_show_in_another(lots: Lots) -> None:
    held = lots_of(lots, *OPENED)
    one, other = held.reduced(Decimal(4)), held.increased(Decimal(1), Decimal(1))
    assert (held.size, held.cost) == (6, 660)
    assert one.reduced(Decimal(2)).cost == 0
    assert other.reduced(Decimal(7)).cost == 0


def test_fills_at_one_price_make_one_lot() -> None:
    assert lots_of(LIFO, "1 @ 5", "2 @ 5")._new == ((Decimal(3), Decimal(5)), None)


amounts = st.integers(1, 10**6).map(lambda n: Decimal(n).scaleb(-3))
steps = st.lists(st.tuples(st.booleans(), amounts, amounts), max_size=40)


@settings(max_examples=200, deadline=None)
@given(steps=steps, oldest_first=st.booleans())
def test_lots_are_those_of_a_plain_list(steps: list[tuple[bool, Decimal, Decimal]], *, oldest_first: bool) -> None:
    lots, plain = Lots(oldest_first), deque[list[Decimal]]()
    for opens, quantity, price in steps:
        if opens:
            lots = lots.increased(quantity, price)
            plain.append([quantity, price])
            continue
        wanted = closing = min(quantity, lots.size)
        lots = lots.reduced(closing)
        while wanted:
            lot = plain[0 if oldest_first else -1]
            taken = min(lot[0], wanted)
            lot[0], wanted = subtract(lot[0], taken), subtract(wanted, taken)
            if not lot[0]:
                plain.popleft() if oldest_first else plain.pop()
    assert lots.size == total(quantity for quantity, _ in plain)
    assert lots.cost == total(multiply(quantity, price) for quantity, price in plain)


@pytest.mark.parametrize("lots", [pytest.param(FIFO, id="fifo"), pytest.param(LIFO, id="lifo")])
def test_a_hundred_thousand_lots_are_closed_one_by_one_and_let_go(lots: Lots) -> None:
    for number in range(100_000):
        lots = lots.increased(Decimal(1), Decimal(number % 7 + 1))
    for _ in range(99_999):
        lots = lots.reduced(Decimal(1))
    # 99,999 = 7 * 14,285 + 4: the last was opened at 5, the first at 1.
    assert (lots.size, lots.cost) == (1, 5 if lots.oldest_first else 1)
