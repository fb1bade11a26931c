from __future__ import annotations

from decimal import Decimal

import pytest

from orderpit.model.drawdown import Drawdown
from orderpit.model.equity_curve import EquityCurve, Sample
from orderpit.model.numbers import ONE, plain


def standing(equity: int) -> Sample:
    return Sample(Decimal(equity), ONE, 1, (Decimal(equity - 100),))


def told(curve: EquityCurve, now: int) -> list[tuple[int, str]]:
    points = curve.points((sample.equity for sample in curve.samples), now, Decimal(7))
    return [(point.time_ns, plain(point.equity)) for point in points]


def test_a_time_at_which_nothing_happened_has_what_stood() -> None:
    curve = EquityCurve(10, 100)
    curve.take(5, standing(100))
    assert curve.due_ns == 15
    curve.take(36, standing(110))
    assert curve.due_ns == 45
    assert told(curve, 40) == [(5, "100"), (15, "110"), (25, "110"), (35, "110"), (40, "7")]


def test_when_there_is_no_more_room_every_second_sample_goes_and_the_interval_doubles() -> None:
    curve = EquityCurve(10, 4)
    for n in range(5):
        curve.take(1 + 10 * n, standing(n + 1))
    # Of the samples at 1, 11, 21 and 31 those at 1 and 21 are left; the next, at 41, had room.
    assert [curve.interval_ns, curve.due_ns] == [20, 61]
    assert told(curve, 50) == [(1, "1"), (21, "3"), (41, "5"), (50, "7")]
    assert [plain(value) for value in curve.returns()] == ["2", "0." + "6" * 39 + "7"]
    assert [plain(value) for value in curve.strategy_returns(0)] == ["2", "0." + "6" * 39 + "7"]


@pytest.mark.parametrize("gap", [10**3, 10**12, 10**18], ids=str)
def test_a_long_silence_takes_no_more_room(gap: int) -> None:
    curve = EquityCurve(10, 8)
    curve.take(1, standing(1))
    curve.take(1 + gap, standing(2))
    assert len(curve.samples) <= 8
    assert curve.interval_ns == 10 * 2 ** ((gap // 10 // 8).bit_length())
    assert curve.due_ns > gap


def test_before_the_first_sample_there_is_the_present_alone() -> None:
    assert told(EquityCurve(), 40) == [(40, "7")]


def test_the_clock_of_nobody_takes_no_sample() -> None:
    assert EquityCurve().due_ns > 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(Sample(None, ONE, 1, ()), standing(1), id="equity unknown before"),
        pytest.param(standing(1), Sample(None, ONE, 1, (None,)), id="and after"),
        pytest.param(standing(0), standing(1), id="nothing was there"),
        pytest.param(Sample(ONE, ONE, 0, ()), Sample(ONE, ONE, 0, ()), id="nothing was ever paid in"),
        pytest.param(Sample(ONE, ONE, 1, ()), Sample(ONE, ONE, 2, ()), id="it was all withdrawn between"),
    ],
)
def test_a_return_that_has_no_meaning_is_left_out(before: Sample, after: Sample) -> None:
    assert before.return_until(after) is None
    assert before.strategy_return_until(after, 0) is None


def test_a_strategys_unknown_profit_has_no_return() -> None:
    assert standing(100).strategy_return_until(Sample(ONE, ONE, 1, (None,)), 0) is None


def test_a_fall_is_measured_from_the_last_time_at_the_peak() -> None:
    fall = Drawdown()
    for level, capital in ((10, 100), (10, 50), (5, 80), (7, 70)):
        fall.see(Decimal(level), Decimal(capital))
    # 5 of the 50 that stood behind it when it was last at 10.
    assert [fall.fallen(Decimal(7)), fall.fraction(Decimal(7)), fall.most] == [3, Decimal("0.06"), Decimal("0.1")]


def test_a_fall_from_a_peak_without_capital_has_no_fraction_for_good() -> None:
    fall = Drawdown(Decimal(0), None)
    assert fall.most == 0
    fall.see(Decimal(-1), ONE)
    assert [fall.most, fall.fraction(Decimal(-1)), fall.fraction(Decimal(0))] == [None, None, 0]
    fall.see(Decimal(1), ONE)
    assert fall.most is None


def test_what_was_seen_at_another_size_keeps_its_proportion() -> None:
    fall = Drawdown(Decimal(100), Decimal(100))
    fall.see(Decimal(90), Decimal(90))
    fall.scale(Decimal(180), Decimal(90))
    assert [fall.peak, fall.fraction(Decimal(180))] == [200, Decimal("0.1")]
    fall.see(Decimal(150), Decimal(150))
    assert fall.most == Decimal("0.25")
    unknown = Drawdown(Decimal(100), None)
    unknown.scale(Decimal(2), Decimal(1))
    assert [unknown.peak, unknown.fraction(Decimal(100))] == [200, None]
