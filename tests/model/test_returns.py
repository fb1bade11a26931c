from __future__ import annotations

import statistics
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orderpit.model.numbers import plain, root
from orderpit.model.returns import sharpe_ratio, sortino_ratio

YEAR = Decimal(365)


def of(*returns: str) -> list[Decimal]:
    return [Decimal(value) for value in returns]


def test_a_sharpe_ratio_by_hand() -> None:
    # Mean 0.02; deviations -0.01, 0.01, 0.03, -0.03: squares sum to 0.002, over 3; sqrt(4) periods.
    ratio = sharpe_ratio(of("0.01", "0.03", "0.05", "-0.01"), Decimal(4))
    assert ratio is not None
    # 0.02 / sqrt(0.002 / 3) * 2 = sqrt(0.04^2 * 1500) = sqrt(2.4)
    assert abs(ratio - root(Decimal("2.4"))) < Decimal("1e-36")


def test_a_sortino_ratio_by_hand() -> None:
    # Mean 0.02; of four periods one is below zero: sqrt(0.01^2 / 4) = 0.005; times sqrt(4) periods: 0.02 / 0.005 * 2.
    assert sortino_ratio(of("0.01", "0.03", "0.05", "-0.01"), Decimal(4)) == 8


def test_the_risk_free_rate_of_a_year_is_earned_in_parts() -> None:
    # 0.04 a year is 0.01 a period of four: 0, 0.02, 0.04, -0.02 are left. Mean 0.01; downside sqrt(0.02^2 / 4) = 0.01.
    assert sortino_ratio(of("0.01", "0.03", "0.05", "-0.01"), Decimal(4), Decimal("0.04")) == 2
    # Squares of -0.01, 0.01, 0.03, -0.03 again: 0.01 / sqrt(0.002 / 3) * 2 = sqrt(0.6).
    ratio = sharpe_ratio(of("0.01", "0.03", "0.05", "-0.01"), Decimal(4), Decimal("0.04"))
    assert ratio is not None
    assert abs(ratio - root(Decimal("0.6"))) < Decimal("1e-36")


@pytest.mark.parametrize(
    ("returns", "sharpe", "sortino"),
    [
        pytest.param((), None, None, id="none"),
        pytest.param(("-0.01",), None, None, id="one"),
        pytest.param(("0.01", "0.01"), None, None, id="all the same"),
        # Mean 0; -0.01 alone is below zero.
        pytest.param(("0.01", "-0.01"), "0", "0", id="nothing on the whole"),
        # They do not deviate, and fall short: -0.01 / sqrt(2 * 0.01^2 / 2).
        pytest.param(("-0.01", "-0.01"), None, "-1", id="all the same, below zero"),
        pytest.param(("0.01", "0.02"), plain(root(Decimal("4.5"))), None, id="never below zero"),
    ],
)
def test_where_there_is_no_ratio(returns: tuple[str, ...], sharpe: str | None, sortino: str | None) -> None:
    told = [sharpe_ratio(of(*returns), Decimal(1)), sortino_ratio(of(*returns), Decimal(1))]
    expected = [None if value is None else pytest.approx(float(value), rel=1e-12) for value in (sharpe, sortino)]
    assert [None if value is None else float(value) for value in told] == expected


@given(st.lists(st.decimals("-0.5", "0.5", places=6), min_size=2, max_size=40))
@example([Decimal(0), Decimal(0), Decimal(0), Decimal(0), Decimal("-0.000001"), Decimal("0.000908")])
@example([*[Decimal(0)] * 39, Decimal("-0.000001")])
@example([*[Decimal("0.5")] * 39, Decimal("-0.000001")])
def test_the_ratios_are_those_of_the_statistics_module(returns: list[Decimal]) -> None:
    exact = [Fraction(value) for value in returns]
    mean = statistics.mean(exact)
    downside = sum(min(value, Fraction(0)) ** 2 for value in exact) / len(exact)
    for told, variance in (
        (sharpe_ratio(returns, YEAR), statistics.variance(exact)),
        (sortino_ratio(returns, YEAR), downside),
    ):
        if not variance:
            assert told is None
        else:
            assert told is not None
            # Squared, so that the reference has no root: the ratio's square is mean^2 / variance * periods. At most 40
            # returns of six places have a variance of at least 10^-14; rounded at the fortieth place, it is right to
            # 10^-26 of its size, and so is the square.
            square = mean**2 / variance * 365
            assert abs(Fraction(told) ** 2 - square) <= square / 10**26 + Fraction(1, 10**30)
            assert (told > 0) is (mean > 0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("0", "0", id="nothing"),
        pytest.param("144", "12", id="a square"),
        pytest.param("0.25", "0.5", id="a square of a fraction"),
        pytest.param("2", "1.4142135623730950488016887242096980785697", id="forty places of the root of two"),
        pytest.param(
            "0.0000000000000000000000000000000000000000004", "0.0000000000000000000006324555320336758664", id="tiny"
        ),
    ],
)
def test_a_square_root(value: str, expected: str) -> None:
    assert plain(root(Decimal(value))) == expected
