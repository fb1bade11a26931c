from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model.ladder import Ladder
from orderpit.model.undo import Undo


class CountedDecimal(Decimal):
    """A price that counts how often it is compared."""

    compared = 0

    def _count(self, other: Decimal, compare: Callable[[Decimal, Decimal], bool]) -> bool:
        CountedDecimal.compared += 1
        return compare(Decimal(self), Decimal(other))

    def __lt__(self, other: Decimal) -> bool:  # type: ignore[override]  # prices are compared with prices
        return self._count(other, Decimal.__lt__)

    def __le__(self, other: Decimal) -> bool:  # type: ignore[override]
        return self._count(other, Decimal.__le__)

    def __gt__(self, other: Decimal) -> bool:  # type: ignore[override]
        return self._count(other, Decimal.__gt__)

    def __ge__(self, other: Decimal) -> bool:  # type: ignore[override]
        return self._count(other, Decimal.__ge__)


def comparisons(act: Callable[[], object]) -> int:
    CountedDecimal.compared = 0
    act()
    return CountedDecimal.compared


def a_ladder(*, rising: bool, orders: int) -> Ladder:
    """Prices from 1,001 up for sellers, from 999 down for buyers, as many as there are orders."""
    ladder = Ladder(Undo(), rising=rising)
    for n in range(1, orders + 1):
        step = Decimal(n) / 100
        ladder.add(1000 + step if rising else 1000 - step, f"o{n}", n)
    return ladder


@pytest.mark.parametrize("rising", [pytest.param(True, id="rising"), pytest.param(False, id="falling")])
@pytest.mark.parametrize("orders", [10, 1_000, 50_000])
def test_a_price_that_reaches_nothing_is_compared_once_however_many_orders_rest(*, rising: bool, orders: int) -> None:
    ladder = a_ladder(rising=rising, orders=orders)
    assert comparisons(lambda: list(ladder.reached(CountedDecimal(1000)))) == 1


@pytest.mark.parametrize("rising", [pytest.param(True, id="rising"), pytest.param(False, id="falling")])
def test_the_best_order_is_found_without_looking_at_the_50_000_that_are_also_reached(*, rising: bool) -> None:
    ladder = a_ladder(rising=rising, orders=50_000)
    far = CountedDecimal(2000 if rising else 1)
    assert comparisons(lambda: list(islice(ladder.reached(far), 1))) == 1


@pytest.mark.parametrize("rising", [pytest.param(True, id="rising"), pytest.param(False, id="falling")])
def test_adding_and_removing_among_50_000_prices_compares_a_few_dozen_times(*, rising: bool) -> None:
    ladder = a_ladder(rising=rising, orders=50_000)
    price = CountedDecimal("700.005" if not rising else "1300.005")
    assert comparisons(lambda: ladder.add(price, "new", 50_001)) < 40
    assert comparisons(lambda: ladder.remove(price, "new")) < 40
    assert len(ladder) == 50_000


def test_an_order_that_leaves_while_others_are_visited_does_not_disturb_them() -> None:
    ladder = a_ladder(rising=True, orders=5)
    seen: list[str] = []
    for order_id in ladder.reached(Decimal(2000)):
        seen.append(order_id)
        ladder.remove(1000 + Decimal(order_id[1:]) / 100, order_id)
    assert seen == ["o1", "o2", "o3", "o4", "o5"]
    assert len(ladder) == 0


def test_one_price_written_in_two_ways_is_one_level() -> None:
    ladder = Ladder(Undo(), rising=False)
    ladder.add(Decimal("100.0"), "a", 1)
    ladder.add(Decimal("100.000"), "b", 2)
    assert list(ladder.reached(Decimal(100))) == ["a", "b"]
    ladder.remove(Decimal(100), "a")
    assert list(ladder.reached(Decimal(100))) == ["b"]


prices = st.integers(1, 8).map(Decimal)


@given(
    rising=st.booleans(),
    steps=st.lists(st.tuples(st.sampled_from(["add", "remove", "reached"]), prices, st.integers(0, 9)), max_size=60),
)
def test_a_ladder_is_a_list_sorted_by_price_then_time(*, rising: bool, steps: list[tuple[str, Decimal, int]]) -> None:
    ladder, plain_list = Ladder(Undo(), rising=rising), list[tuple[Decimal, str]]()
    for place, (verb, price, which) in enumerate(steps):
        if verb == "add":
            ladder.add(price, str(place), place)
            plain_list.append((price, str(place)))
        elif verb == "remove" and plain_list:
            ladder.remove(*plain_list.pop(which % len(plain_list)))
        by_price = sorted(plain_list, key=lambda item: item[0], reverse=not rising)
        expected = [order_id for at, order_id in by_price if (at <= price if rising else at >= price)]
        assert list(ladder.reached(price)) == expected
        assert len(ladder) == len(plain_list)


def a_queue(orders: int) -> Ladder:
    ladder = Ladder(Undo(), rising=True)
    for n in range(1, orders + 1):
        ladder.add(Decimal(100), f"o{n}", n)
    return ladder


def test_the_first_of_a_long_queue_is_found_without_looking_at_those_that_were_before_it_or_are_behind() -> None:
    ladder = a_queue(20_000)
    seen: list[str] = []
    for order_id in ladder.reached(Decimal(100)):
        seen.append(order_id)
        ladder.remove(Decimal(100), order_id)
    assert seen == [f"o{n}" for n in range(1, 20_001)]


def test_one_that_is_queued_anew_is_met_again_behind_the_others() -> None:
    ladder = a_queue(3)
    seen: list[str] = []
    for order_id in ladder.reached(Decimal(100)):
        seen.append(order_id)
        if len(seen) < 3:
            ladder.requeue(Decimal(100), order_id, 10 + len(seen))
    assert seen == ["o1", "o2", "o3", "o1", "o2"]


@given(
    before=st.lists(st.tuples(prices, st.integers(0, 9)), max_size=30),
    steps=st.lists(st.tuples(st.sampled_from(["add", "remove", "requeue"]), prices, st.integers(0, 9)), max_size=30),
)
def test_what_is_undone_has_not_been(before: list[tuple[Decimal, int]], steps: list[tuple[str, Decimal, int]]) -> None:
    undo = Undo()
    ladder, queued = Ladder(undo, rising=True), dict[str, Decimal]()
    for place, (price, _) in enumerate(before):
        ladder.add(price, str(place), place, price)
        queued[str(place)] = price
    stood = list(ladder.reached(Decimal(9))), [ladder.ahead(price, order_id) for order_id, price in queued.items()]
    was = dict(queued)
    undo.begin()
    for place, (verb, price, which) in enumerate(steps, start=100):
        if verb == "add":
            ladder.add(price, str(place), place)
            queued[str(place)] = price
        elif queued:
            order_id = list(queued)[which % len(queued)]
            if verb == "remove":
                ladder.remove(queued.pop(order_id), order_id)
            else:
                ladder.requeue(queued[order_id], order_id, place)
    undo.back()
    assert (
        list(ladder.reached(Decimal(9))),
        [ladder.ahead(price, order_id) for order_id, price in was.items()],
    ) == stood


def test_one_that_leaves_before_its_turn_is_not_met() -> None:
    ladder = a_queue(5)
    seen: list[str] = []
    for order_id in ladder.reached(Decimal(100)):
        seen.append(order_id)
        if order_id == "o2":
            ladder.remove(Decimal(100), "o3")
    assert seen == ["o1", "o2", "o4", "o5"]


@pytest.mark.parametrize("left", ["o1", "o3", "o5"], ids=["first", "in the middle", "last"])
def test_one_whose_leaving_is_undone_stands_where_it_stood(left: str) -> None:
    undo = Undo()
    ladder = Ladder(undo, rising=True)
    for place in range(1, 6):
        ladder.add(Decimal(100), f"o{place}", place)
    undo.begin()
    ladder.remove(Decimal(100), left)
    undo.back()
    assert list(ladder.reached(Decimal(100))) == ["o1", "o2", "o3", "o4", "o5"]
