"""Latency: how long a request is on its way, in whole nanoseconds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_venue import seeded

from orderpit.model.chance import NORMAL_DRAWS
from orderpit.model.errors import InvalidConfiguration
from orderpit.model.latency import FixedLatency, LatencyModel, NormalLatency, SampledLatency

D = Decimal
EVEN = ("0.5",) * NORMAL_DRAWS
HIGH = ("0.75",) * NORMAL_DRAWS
LOW = ("0",) * NORMAL_DRAWS


@pytest.mark.parametrize(
    ("model", "chances", "delay", "longest"),
    [
        pytest.param(FixedLatency(0), (), 0, "0", id="none"),
        pytest.param(FixedLatency("0.05"), (), 50_000_000, "0.05", id="fixed"),
        pytest.param(FixedLatency("0.0000000019"), (), 1, "0.0000000019", id="what is left of a nanosecond is dropped"),
        pytest.param(NormalLatency("0.05", "0.01"), EVEN, 50_000_000, "0.11", id="normal: its mean"),
        pytest.param(NormalLatency("0.05", "0.01"), HIGH, 80_000_000, "0.11", id="normal: three deviations late"),
        pytest.param(NormalLatency("0.05", "0.01"), LOW, 0, "0.11", id="normal: never below zero"),
        pytest.param(NormalLatency(mean=1, deviation=0), LOW, 10**9, "1", id="normal: no deviation"),
        pytest.param(SampledLatency(("0.02", "0.2")), ("0.49",), 20_000_000, "0.2", id="sampled: the first"),
        pytest.param(SampledLatency(["0.02", "0.2"]), ("0.5",), 200_000_000, "0.2", id="sampled: the second"),
    ],
)
def test_a_request_takes_as_long_as_the_model_says(
    model: LatencyModel, chances: tuple[str, ...], delay: int, longest: str
) -> None:
    assert model.draws == len(chances)
    assert model.delay_ns(tuple(map(D, chances))) == delay
    assert model.longest == D(longest)


spans = st.integers(0, 10**12).map(lambda n: D(n).scaleb(-9))
models = st.one_of(
    spans.map(FixedLatency),
    st.builds(NormalLatency, spans, spans),
    st.lists(spans, min_size=1, max_size=5).map(SampledLatency),
)
unit = st.integers(0, 10**18 - 1).map(lambda n: D(n).scaleb(-18))


@given(model=models, chances=st.lists(unit, min_size=NORMAL_DRAWS, max_size=NORMAL_DRAWS))
def test_no_request_arrives_before_it_was_sent_or_later_than_the_longest(
    model: LatencyModel, chances: list[Decimal]
) -> None:
    delay = model.delay_ns(tuple(chances[: model.draws]))
    assert type(delay) is int
    assert 0 <= delay <= model.longest * 10**9
    assert delay == model.delay_ns(tuple(chances[: model.draws]))


def test_a_normal_latency_spreads_around_its_mean() -> None:
    draw, model = seeded(1), NormalLatency("0.05", "0.01")
    delays = [model.delay_ns([draw(f"L-{n}", nth) for nth in range(NORMAL_DRAWS)]) for n in range(1_000)]
    assert abs(sum(delays) / len(delays) - 50_000_000) < 1_000_000
    assert 620 < sum(40_000_000 < delay < 60_000_000 for delay in delays) < 740


@pytest.mark.parametrize(
    ("make", "field"),
    [
        pytest.param(lambda: FixedLatency(-1), "seconds", id="fixed: negative"),
        pytest.param(lambda: FixedLatency(0.05), "seconds", id="fixed: a float"),
        pytest.param(lambda: NormalLatency(-1, 0), "mean", id="normal: mean"),
        pytest.param(lambda: NormalLatency(0, "-0.1"), "deviation", id="normal: deviation"),
        pytest.param(lambda: SampledLatency(()), "seconds", id="sampled: empty"),
        pytest.param(lambda: SampledLatency("0.1"), "seconds", id="sampled: text"),
        pytest.param(lambda: SampledLatency(("0.1", -1)), "seconds[1]", id="sampled: negative"),
        pytest.param(lambda: SampledLatency((None,)), "seconds[0]", id="sampled: none"),
    ],
)
def test_a_model_out_of_range_is_refused(make: Any, field: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        make()
    assert refused.value.field == field
