from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model import price_levels
from orderpit.model.price_levels import PriceLevels

both_ways = pytest.mark.parametrize("rising", [True, False], ids=["rising", "falling"])


def best_first(plain: dict[Decimal, str], *, rising: bool) -> list[tuple[Decimal, str]]:
    return sorted(plain.items(), reverse=not rising)


@both_ways
def test_before_any_price_there_is_none(*, rising: bool) -> None:
    levels: PriceLevels[str] = PriceLevels(rising=rising)
    assert (len(levels), bool(levels), list(levels), levels.best(5)) == (0, False, [], ())
    assert levels.first() is levels.after(Decimal(1)) is levels.get(Decimal(1)) is levels.pop(Decimal(1)) is None


def test_one_price_written_in_two_ways_is_one_level() -> None:
    levels = PriceLevels([(Decimal("100.0"), "a")], rising=True)
    levels.set(Decimal("100.000"), "b")
    assert levels.get(Decimal(100)) == "b"
    assert len(levels) == 1


@both_ways
def test_what_cannot_be_compared_is_refused_before_it_is_in(*, rising: bool) -> None:
    levels: PriceLevels[str] = PriceLevels(rising=rising)
    with pytest.raises(TypeError):
        levels.set(object(), "a")  # type: ignore[arg-type]
    assert not levels


prices = st.integers(1, 40).map(Decimal)
steps = st.lists(st.tuples(st.sampled_from(["set", "set", "pop"]), prices), max_size=120)


@given(rising=st.booleans(), steps=steps, probe=prices, count=st.integers(0, 50))
def test_levels_are_a_dict_sorted_by_price_however_small_the_blocks(
    *, rising: bool, steps: list[tuple[str, Decimal]], probe: Decimal, count: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(price_levels, "_MOST", 4)
        patch.setattr(price_levels, "_FEW", 2)
        levels: PriceLevels[str] = PriceLevels(rising=rising)
        plain: dict[Decimal, str] = {}
        for place, (verb, price) in enumerate(steps):
            if verb == "set":
                levels.set(price, str(place))
                plain[price] = str(place)
            else:
                assert levels.pop(price) == plain.pop(price, None)
            assert len(levels) == len(plain)
    expected = best_first(plain, rising=rising)
    worse = [level for level in expected if (level[0] > probe if rising else level[0] < probe)]
    assert list(levels) == expected
    assert levels.best(count) == tuple(expected[:count])
    assert levels.first() == (expected[0] if expected else None)
    assert levels.after(probe) == (worse[0] if worse else None)
    assert levels.get(probe) == plain.get(probe)
    assert bool(levels) is bool(plain)


@both_ways
def test_a_hundred_thousand_prices_are_walked_from_the_best_on(*, rising: bool) -> None:
    inserted = [Decimal(n * 7_919 % 100_003) for n in range(100_000)]
    levels = PriceLevels(((price, "") for price in inserted), rising=rising)
    assert len(levels) == 100_000
    assert [price for price, _ in levels] == sorted(inserted, reverse=not rising)
    for price in inserted[:99_990]:
        levels.pop(price)
    assert [price for price, _ in levels.best(20)] == sorted(inserted[99_990:], reverse=not rising)
