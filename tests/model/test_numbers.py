"""Exact arithmetic, and how numbers are written."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model.errors import InvalidValue
from orderpit.model.numbers import (
    ZERO,
    add,
    exact,
    is_multiple,
    magnitude,
    multiply,
    negate,
    not_negative,
    plain,
    positive,
    ratio,
    round_to,
    share,
    subtract,
    to_places,
    total,
    whole,
)

HALF_OF_40_PLACES = Fraction(1, 2 * 10**40)


def number(coefficient):
    return Decimal((int(coefficient < 0), tuple(map(int, str(abs(coefficient)))), -18))


# 18 digits each side of the point.
numbers = st.integers(-(10**36) + 1, 10**36 - 1).map(number)
above_zero = st.integers(1, 10**36 - 1).map(number)


@given(numbers, numbers)
def test_sums_differences_and_products_are_exact(left, right):
    x, y = Fraction(left), Fraction(right)
    assert Fraction(add(left, right)) == x + y
    assert Fraction(subtract(left, right)) == x - y
    assert Fraction(multiply(left, right)) == x * y
    assert Fraction(multiply(multiply(left, right), multiply(left, right))) == (x * y) ** 2
    assert Fraction(negate(left)) == -x
    assert Fraction(magnitude(left)) == abs(x)


@given(st.lists(numbers))
def test_a_total_is_the_exact_sum(values):
    assert Fraction(total(iter(values))) == sum(map(Fraction, values), Fraction(0))


@given(numbers, above_zero)
def test_a_ratio_is_right_to_40_places(numerator, denominator):
    result = ratio(numerator, denominator)
    assert abs(Fraction(result) - Fraction(numerator) / Fraction(denominator)) <= HALF_OF_40_PLACES


@given(numbers, above_zero)
def test_the_whole_share_is_the_amount_and_no_share_is_nothing(amount, whole_part):
    assert share(amount, whole_part, whole_part) == amount
    assert share(amount, ZERO, whole_part) == 0


@given(numbers, above_zero, above_zero)
def test_a_share_is_right_to_40_places(amount, part, all_parts):
    wanted = Fraction(amount) * Fraction(part) / Fraction(all_parts)
    assert abs(Fraction(share(amount, part, all_parts)) - wanted) <= HALF_OF_40_PLACES


@given(numbers, above_zero)
def test_a_number_rounds_to_a_multiple_within_half_an_increment(value, increment):
    rounded = round_to(value, increment)
    assert is_multiple(rounded, increment)
    assert (Fraction(rounded) / Fraction(increment)).denominator == 1
    assert abs(Fraction(rounded) - Fraction(value)) <= Fraction(increment) / 2


@given(numbers, above_zero)
def test_a_multiple_is_a_whole_number_of_increments(value, increment):
    assert is_multiple(value, increment) is ((Fraction(value) / Fraction(increment)).denominator == 1)


@pytest.mark.fault(36)
def test_a_result_that_cannot_be_exact_is_an_error():
    with pytest.raises(decimal.Inexact):
        add(Decimal("1E+200"), Decimal("1E-200"))


@pytest.mark.parametrize(
    ("value", "increment", "rounded"),
    [("0.125", "0.05", "0.10"), ("0.175", "0.05", "0.20"), ("1.1", "0.5", "1.0"), ("-0.02", "0.05", "0")],
)
def test_halves_round_to_the_even_multiple(value, increment, rounded):
    assert round_to(Decimal(value), Decimal(increment)) == Decimal(rounded)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.500", "1.5"),
        ("100", "100"),
        ("1E+17", "100000000000000000"),
        ("1E-18", "0.000000000000000001"),
        ("0E-40", "0"),
        ("-0.00", "0"),
        ("-0", "0"),
        ("-1.10", "-1.1"),
        ("0.10", "0.1"),
        ("1234567.89", "1234567.89"),
    ],
)
def test_a_number_is_written_plainly(value, text):
    assert plain(Decimal(value)) == text


@given(numbers)
def test_a_number_written_plainly_reads_back_as_itself(value):
    assert Decimal(plain(value)) == value
    assert exact("value", plain(value)) == value


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("43250", 2, "43250.00"),
        ("0.005", 2, "0.00"),
        ("0.015", 2, "0.02"),
        ("-0.001", 2, "0.00"),
        ("-1.5", 0, "-2"),
        ("1E+17", 1, "100000000000000000.0"),
    ],
)
def test_a_number_is_rounded_for_people(value, places, text):
    assert to_places(Decimal(value), places) == text


@given(numbers)
def test_the_boundary_takes_what_it_gives(value):
    if value.is_signed() and not value:
        return
    assert str(exact("value", value)) == str(value)


@pytest.mark.fault(35)
@pytest.mark.parametrize("sign", [1, -1], ids=["plus", "minus"])
@pytest.mark.parametrize("digits", [18, 54])
def test_the_digits_on_each_side_are_bounded_however_a_number_is_given(sign, digits):
    most = sign * (10**digits - 1)
    for value in (most, str(most), Decimal(most)):
        assert exact("value", value, digits=digits) == Decimal(most)
    beyond = sign * 10**digits
    for value in (beyond, str(beyond), Decimal(beyond), f"{sign}.{'0' * digits}1", Decimal(f"{sign}E-{digits + 1}")):
        with pytest.raises(InvalidValue, match=f"at most {digits} digits"):
            exact("value", value, digits=digits)


@pytest.mark.parametrize(
    ("take", "value", "taken"),
    [
        pytest.param(positive, "0", False, id="positive-zero"),
        pytest.param(positive, "-1", False, id="positive-negative"),
        pytest.param(positive, "1", True, id="positive"),
        pytest.param(not_negative, "0", True, id="not-negative-zero"),
        pytest.param(not_negative, "-1", False, id="not-negative-negative"),
        pytest.param(whole, 0, True, id="whole-least"),
        pytest.param(whole, 2**63 - 1, True, id="whole-most"),
        pytest.param(whole, 2**63, False, id="whole-beyond"),
        pytest.param(whole, -1, False, id="whole-negative"),
    ],
)
def test_each_boundary_has_its_range(take, value, taken):
    if taken:
        assert take("value", value) == Decimal(value)
    else:
        with pytest.raises(InvalidValue, match="value: must"):
            take("value", value)


def test_a_whole_number_has_the_range_that_is_asked_for():
    assert whole("lag", 5, least=5, below=6) == 5
    for wrong in (4, 6):
        with pytest.raises(InvalidValue, match="lag: must be at least 5 and below 6"):
            whole("lag", wrong, least=5, below=6)
