"""Fill models: how much of a limit order fills when the market reaches it, alone and at the venue."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_venue import SYMBOL, a_venue, act, always, lines_of, never, seeded, submit, tell

from orderpit.model import reports as r
from orderpit.model.errors import InvalidConfiguration
from orderpit.model.fill_models import (
    ByProbability,
    ByQueuePosition,
    ByVolumeShare,
    FillModel,
    Reach,
    ReachedBy,
    ThroughOnly,
    Touch,
    filled,
)
from orderpit.model.kinds import Side
from orderpit.model.market import Quote
from orderpit.model.numbers import is_multiple

D = Decimal
LOT = D("0.01")


def reach(by: ReachedBy, **told: Any) -> Reach:
    """A BUY of 5 at 100, reached at its price, with nothing known of size."""
    numbers = {name: D(told.pop(name)) for name in tuple(told) if isinstance(told[name], str) and name != "side"}
    side = Side(told.pop("side", "BUY"))
    order = {"price": D(100), "leaves": D(5), "lot": LOT, "market": D(100)}
    return Reach(**{"side": side, "by": by, **order, **numbers, **told})


TABLE = [
    pytest.param(Touch(), reach("quote"), "5", id="touch: all of it"),
    pytest.param(Touch(), reach("quote", offered="2"), "2", id="touch: what is offered"),
    pytest.param(ByProbability("0.8"), reach("trade", chance="0.79"), "5", id="probability: lucky"),
    pytest.param(ByProbability("0.8"), reach("trade", chance="0.8"), "0", id="probability: not lucky"),
    pytest.param(ByProbability(0), reach("trade", chance="0"), "0", id="probability 0: never"),
    pytest.param(ByProbability(1), reach("trade", chance="0.999"), "5", id="probability 1: always"),
    pytest.param(ByProbability("0.5"), reach("arrival", taker=True, chance="0.6"), "0", id="probability: a taker, too"),
    pytest.param(ByVolumeShare("0.1"), reach("trade", volume="20", offered="20"), "2", id="share of a trade"),
    pytest.param(ByVolumeShare("0.1"), reach("bar", volume="20"), "2", id="share of a bar"),
    pytest.param(ByVolumeShare("0.1"), reach("quote", volume="20", offered="20"), "2", id="share of a quoted size"),
    pytest.param(ByVolumeShare("0.1"), reach("bar", volume="0.59"), "0.05", id="share: rounded down to the lot"),
    pytest.param(ByVolumeShare("0.1"), reach("bar", volume="0.09"), "0", id="share: less than a lot is none"),
    pytest.param(ByVolumeShare("0.1"), reach("bar", volume="20", taken="1.5"), "0.5", id="share: of all together"),
    pytest.param(ByVolumeShare("0.1"), reach("bar", volume="20", taken="3"), "0", id="share: used up"),
    pytest.param(ByVolumeShare("0.1"), reach("bar", volume="500"), "5", id="share: of more than it leaves"),
    pytest.param(
        ByVolumeShare("0.5"), reach("trade", volume="9", offered="1", taken="8"), "0", id="share: others first"
    ),
    pytest.param(ByVolumeShare(1), reach("trade", volume="9", offered="1", taken="8"), "1", id="share: of one"),
    pytest.param(ByVolumeShare("0.1"), reach("bar"), "5", id="share: of a volume that is not known"),
    pytest.param(ByVolumeShare("0.1"), reach("arrival", taker=True, volume="20", offered="3"), "3", id="share: taker"),
    pytest.param(ByQueuePosition(), reach("trade", offered="9", ahead="7"), "2", id="queue: what is left"),
    pytest.param(ByQueuePosition(), reach("trade", offered="9", ahead="9"), "0", id="queue: nothing left"),
    pytest.param(ByQueuePosition(), reach("trade", offered="9", ahead="12"), "0", id="queue: not reached"),
    pytest.param(ByQueuePosition(), reach("trade", offered="9", ahead="0"), "5", id="queue: at its head"),
    pytest.param(ByQueuePosition(), reach("trade", offered="1", ahead="0.333"), "0.66", id="queue: down to the lot"),
    pytest.param(ByQueuePosition(), reach("trade", offered="9"), "0", id="queue: length not known"),
    pytest.param(ByQueuePosition(), reach("trade", ahead="1"), "0", id="queue: a trade of no known size"),
    pytest.param(ByQueuePosition(), reach("trade", ahead="0"), "5", id="queue: at its head, no known size"),
    pytest.param(ByQueuePosition(), reach("trade", offered="2", ahead="9", market="99.99"), "2", id="queue: beyond"),
    pytest.param(ByQueuePosition(), reach("trade", offered="2", market="99.99"), "2", id="queue: beyond, not known"),
    pytest.param(
        ByQueuePosition(), reach("quote", offered="2", ahead="9"), "2", id="queue: the opposite quote is there"
    ),
    pytest.param(ByQueuePosition(), reach("depth", offered="2"), "2", id="queue: the opposite depth is there"),
    pytest.param(ByQueuePosition(), reach("bar"), "0", id="queue: touched by a bar"),
    pytest.param(ByQueuePosition(), reach("bar", market="99.99"), "5", id="queue: a bar goes beyond"),
    pytest.param(ByQueuePosition(), reach("arrival", taker=True, offered="3", ahead="9"), "3", id="queue: taker"),
    pytest.param(ThroughOnly(), reach("trade"), "0", id="through: just touched"),
    pytest.param(ThroughOnly(), reach("trade", market="99.99"), "5", id="through: beyond a buy"),
    pytest.param(ThroughOnly(), reach("trade", side="SELL", market="99.99"), "0", id="through: not yet at a sell"),
    pytest.param(ThroughOnly(), reach("trade", side="SELL", market="100.01"), "5", id="through: beyond a sell"),
    pytest.param(ThroughOnly(), reach("quote", market="99", offered="2"), "2", id="through: what is offered"),
    pytest.param(ThroughOnly(), reach("arrival", taker=True), "5", id="through: taker"),
]


@pytest.mark.parametrize(("model", "reached", "fills"), TABLE)
def test_a_model_says_how_much_fills(model: FillModel, reached: Reach, fills: str) -> None:
    assert filled(model, reached) == D(fills)


MODELS = (Touch(), ByProbability("0.3"), ByVolumeShare("0.37"), ByQueuePosition(), ThroughOnly())
sizes = st.integers(1, 10**9).map(lambda n: D(n).scaleb(-4))
maybe = st.none() | sizes
reaches = st.builds(
    Reach,
    side=st.sampled_from(Side),
    price=sizes,
    leaves=st.integers(1, 10**7).map(lambda n: D(n).scaleb(-2)),
    lot=st.just(LOT),
    by=st.sampled_from(get_args(ReachedBy)),
    market=sizes,
    taker=st.booleans(),
    offered=maybe,
    volume=maybe,
    taken=st.just(D(0)) | sizes,
    ahead=maybe | st.just(D(0)),
    chance=st.integers(0, 10**6 - 1).map(lambda n: D(n).scaleb(-6)),
)


@given(reached=reaches, model=st.sampled_from(MODELS))
def test_no_model_fills_more_than_there_is_or_off_the_lot_or_otherwise_when_asked_again(
    reached: Reach, model: FillModel
) -> None:
    quantity = filled(model, reached)
    assert 0 <= quantity <= reached.leaves
    assert reached.offered is None or quantity <= reached.offered
    assert quantity == reached.most or is_multiple(quantity, LOT)
    assert quantity == filled(model, reached)


@given(reached=reaches)
def test_no_model_is_more_generous_than_touch(reached: Reach) -> None:
    assert all(filled(model, reached) <= filled(Touch(), reached) for model in MODELS)


class Says:
    """A model of the user's own, which says whatever it is told."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def fill(self, reach: Reach, /) -> Decimal:
        del reach
        return self.answer  # type: ignore[no-any-return]


class Number(Decimal):
    """A Decimal of another class."""


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        pytest.param(D("5.01"), "must return from 0 to 2", id="more than is offered"),
        pytest.param(D("2.01"), "must return from 0 to 2", id="a lot too much"),
        pytest.param(D("-0.01"), "must return from 0 to 2", id="less than nothing"),
        pytest.param(D("1.005"), "must return whole lots of 0.01", id="half a lot"),
        pytest.param(D("NaN"), "must be finite", id="not a number"),
        pytest.param(D("Infinity"), "must be finite", id="infinite"),
        pytest.param(D("1e999999"), "must have at most 18 digits", id="huge"),
        pytest.param(D("1e-999999"), "must have at most 18 digits", id="tiny"),
        pytest.param(0, "must return a Decimal, not int", id="an int"),
        pytest.param(1.0, "must return a Decimal, not float", id="a float"),
        pytest.param(True, "must return a Decimal, not bool", id="a bool"),
        pytest.param(None, "must return a Decimal, not NoneType", id="nothing"),
        pytest.param("1", "must return a Decimal, not str", id="text"),
        pytest.param(Number(1), "must return a Decimal, not Number", id="a Decimal of another class"),
    ],
)
def test_a_model_that_says_nonsense_is_named_with_its_answer_and_the_rule(answer: object, rule: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        filled(Says(answer), reach("trade", offered="2"))
    assert refused.value.field == "Says.fill"
    assert rule in refused.value.rule


@pytest.mark.parametrize("answer", ["0", "0.01", "1.99", "2"])
def test_a_model_may_say_anything_from_nothing_to_all(answer: str) -> None:
    assert filled(Says(D(answer)), reach("trade", offered="2")) == D(answer)


def test_all_that_is_offered_may_fill_even_off_the_lot() -> None:
    assert filled(Touch(), reach("trade", offered="1.2345")) == D("1.2345")


# -- at the venue

STORIES = {
    "share: two orders together, of a trade": (
        ByVolumeShare("0.1"),
        """
        a BUY 1 limit 100 -> a accepted
        b BUY 3 limit 100 -> b accepted
        trade 100x20 -> a 1 @ 100 maker fee 0.1; b 1 @ 100 maker fee 0.1
        trade 100x5 -> b 0.5 @ 100 maker fee 0.05
    """,
    ),
    "share: of a trade that was not with them, none": (
        ByVolumeShare("0.1"),
        """
        a BUY 1 limit 100 -> a accepted
        trade 100x20 by BUY ->
    """,
    ),
    "share: of a quoted size, which stays taken": (
        ByVolumeShare("0.1"),
        """
        a BUY 3 limit 100 -> a accepted
        quote 99 / 100x10 -> a 1 @ 100 maker fee 0.1
        quote 99 / 100x10 ->
        quote 99 / 100x5 -> a 0.5 @ 100 maker fee 0.05
    """,
    ),
    "share: of all levels within the limit": (
        ByVolumeShare("0.1"),
        """
        a BUY 9 limit 100 -> a accepted
        depth 98x1 / 99x10 100x10 101x500 -> a 2 @ 100 maker fee 0.2
    """,
    ),
    "share: of a bar as a whole": (
        ByVolumeShare("0.1"),
        """
        a BUY 1 limit 98 -> a accepted
        b BUY 1 limit 97 -> b accepted
        c SELL 1 limit 104 -> c accepted
        bar 100 105 96 101 25 -> a 1 @ 98 maker fee 0.098; b 1 @ 97 maker fee 0.097; c 0.5 @ 104 maker fee 0.052
    """,
    ),
    "share: a taker takes what is offered": (
        ByVolumeShare("0.1"),
        """
        quote 99 / 100x10
        a BUY 3 limit 100 -> a accepted; a 3 @ 100 taker fee 0.6
        b BUY 3 -> b accepted; b 3 @ 100 taker fee 0.6
    """,
    ),
    "through: a quote, a trade and a bar that touch fill nothing": (
        ThroughOnly(),
        """
        a BUY 1 limit 100 -> a accepted
        quote 99 / 100 ->
        trade 100x5 ->
        bar 101 102 100 101 ->
        trade 99.99x5 -> a 1 @ 100 maker fee 0.1
    """,
    ),
    "through: a bar beyond fills at the order's price": (
        ThroughOnly(),
        """
        a BUY 1 limit 100 -> a accepted
        b SELL 1 limit 103 -> b accepted
        bar 101 103 99.99 102 -> a 1 @ 100 maker fee 0.1
        bar 102 103.01 102 103 -> b 1 @ 103 maker fee 0.103
    """,
    ),
    "through: an open beyond fills there": (
        ThroughOnly(),
        """
        a BUY 1 limit 100 -> a accepted
        bar 98 102 98 101 -> a 1 @ 98 maker fee 0.098
    """,
    ),
    "through: a taker takes what is offered": (
        ThroughOnly(),
        """
        quote 99 / 100
        a BUY 1 limit 100 -> a accepted; a 1 @ 100 taker fee 0.2
    """,
    ),
    "queue: trades use up what stands ahead, then the order": (
        ByQueuePosition(),
        """
        depth 100x5 99x5 / 101x5
        a BUY 3 limit 100 -> a accepted
        trade 100x4 by SELL ->
        trade 100x2 by SELL -> a 1 @ 100 maker fee 0.1
        trade 100x9 by SELL -> a 2 @ 100 maker fee 0.2
    """,
    ),
    "queue: two orders behind the same queue share what is left": (
        ByQueuePosition(),
        """
        depth 100x5 / 101x5
        a BUY 3 limit 100 -> a accepted
        b BUY 3 limit 100 -> b accepted
        trade 100x10 by SELL -> a 3 @ 100 maker fee 0.3; b 2 @ 100 maker fee 0.2
    """,
    ),
    "queue: where no depth is known only a trade beyond fills": (
        ByQueuePosition(),
        """
        a BUY 3 limit 100 -> a accepted
        trade 100x4 by SELL ->
        trade 99.99x4 by SELL -> a 3 @ 100 maker fee 0.3
    """,
    ),
}


@pytest.mark.parametrize(("model", "story"), STORIES.values(), ids=STORIES)
def test_the_venue_fills_what_the_model_says_and_draws_nothing_for_it(model: FillModel, story: str) -> None:
    assert tell(a_venue(never, fill_model=model), story) == lines_of(story)


class Coin:
    """A model of the user's own that does not say whether it uses chance."""

    def fill(self, reach: Reach, /) -> Decimal:
        return reach.at_most(D(1)) if reach.chance < D("0.5") else D(0)


@pytest.mark.parametrize(("drawn", "filled"), [("0.4", ["a"]), ("0.5", [])], ids=["heads", "tails"])
def test_a_model_of_ones_own_is_given_a_draw(drawn: str, filled: list[str]) -> None:
    venue = a_venue(always(drawn), fill_model=Coin())
    act(venue, "a BUY 3 limit 100")
    reports = act(venue, "trade 100x5")
    assert [report.client_order_id for report in reports] == filled
    assert venue.orders["a"].draws == 1


def test_where_nothing_is_offered_nobody_is_asked() -> None:
    venue = a_venue(never, fill_model=Says(None))
    act(venue, "quote 99 / 100x0")
    assert [type(report) for report in act(venue, "a BUY 3 limit 100")] == [r.VenueAccepted]


def test_a_model_that_says_nonsense_leaves_the_venue_as_it_was() -> None:
    model = Says(D(9))
    venue = a_venue(seeded(1), fill_model=model)
    venue.request(submit("a", "BUY", "3", "limit", "100"), 0)
    before = venue.orders["a"]
    with pytest.raises(InvalidConfiguration, match=r"Says\.fill: must return from 0 to 2"):
        venue.on_market_data(Quote(SYMBOL, bid="99", ask="100", ask_size="2"), 0)
    assert venue.orders["a"] == before
    model.answer = D(2)
    (report,) = venue.on_market_data(Quote(SYMBOL, bid="99", ask="100", ask_size="2"), 0)
    assert isinstance(report, r.VenueFilled)
    assert report.fill.quantity == 2


@pytest.mark.parametrize(
    ("make", "field"),
    [
        pytest.param(lambda: ByProbability("1.01"), "probability", id="more than certain"),
        pytest.param(lambda: ByProbability(-1), "probability", id="less than impossible"),
        pytest.param(lambda: ByProbability(0.5), "probability", id="a float"),
        pytest.param(lambda: ByVolumeShare(0), "share", id="no share"),
        pytest.param(lambda: ByVolumeShare("1.01"), "share", id="more than all"),
        pytest.param(lambda: ByVolumeShare(None), "share", id="none"),
    ],
)
def test_a_model_out_of_range_is_refused(make: Any, field: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        make()
    assert refused.value.field == field
