"""Rules: when they trip, what they say, and when they trip again."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orderpit.model.kinds import Action, Trip
from orderpit.model.limits import Rule
from orderpit.model.profits import DAY_NS

from .ledger import ETH
from .losing import NOON, Losses


def rule(on: Trip, limit: str | None = None, strategy: str = "") -> Rule:
    return Rule(on=on, action=Action.HALT, limit=limit, strategy=strategy)


def test_a_daily_loss_trips_on_a_price_once() -> None:
    losses = Losses(None, rule(Trip.DAILY_LOSS, "100")).price("100").fills("buy 10 @ 100")
    assert losses.price("90").tripped() == []
    tripped = losses.price("89").tripping.tripped(losses.now)
    assert [one.text for one in tripped] == ["daily loss 110 USDT: must be at most 100 USDT"]
    assert tripped[0].rule == rule(Trip.DAILY_LOSS, "100")
    assert losses.tripped() == losses.price("50").tripped() == []


def test_it_trips_again_after_it_has_been_back_within_its_limit() -> None:
    losses = Losses(None, rule(Trip.DRAWDOWN, "100")).price("100").fills("buy 10 @ 100").price("120")
    assert losses.price("109").tripped() == ["fall from the highest profit 110 USDT: must be at most 100 USDT"]
    assert losses.price("110").tripped() == []
    assert losses.price("109").tripped() == ["fall from the highest profit 110 USDT: must be at most 100 USDT"]


def test_after_a_person_has_resumed_it_trips_by_as_much_again() -> None:
    losses = Losses(None, rule(Trip.DAILY_LOSS, "100")).price("100").fills("buy 10 @ 100").price("89")
    assert len(losses.tripped()) == 1
    losses.tripping.resumed("")
    assert losses.price("79").tripped() == []
    expected = (
        "daily loss 220 USDT: must be at most 210 USDT, the limit of 100 from the 110 on at which trading was resumed"
    )
    assert losses.price("78").tripped() == [expected]
    assert losses.price("50").tripped() == []
    losses.at(NOON + DAY_NS).price("50")
    assert losses.tripped() == []
    assert losses.price("39").tripped() == ["daily loss 110 USDT: must be at most 100 USDT"], "another day"


def test_who_resumes_what_has_not_tripped_changes_nothing() -> None:
    losses = Losses(None, rule(Trip.DAILY_LOSS, "100")).price("100").fills("buy 10 @ 100").price("91")
    assert losses.tripped() == []
    losses.tripping.resumed("")
    assert losses.price("89").tripped() == ["daily loss 110 USDT: must be at most 100 USDT"]


def test_each_strategy_trips_by_its_own_figures_and_resumes_by_itself() -> None:
    rules = [rule(Trip.CONSECUTIVE_LOSSES, "1", "a"), rule(Trip.CONSECUTIVE_LOSSES, "2")]
    losses = Losses(None, *rules)
    lost = ("buy 1 @ 100", "sell 1 @ 99")
    assert losses.fills(*lost, strategy="b").tripped() == []
    assert losses.fills(*lost).tripped() == []
    expected = ["strategy a: losses in a row 2: must be at most 1", "losses in a row 3: must be at most 2"]
    assert losses.fills(*lost).tripped() == expected
    losses.tripping.resumed("a")
    # 2 at which it was resumed, and 1.
    assert losses.fills(*lost).tripped() == []
    resumed = "strategy a: losses in a row 4: must be at most 3, the limit of 1 from the 2 on at which"
    assert [text[: len(resumed)] for text in losses.fills(*lost).tripped()] == [resumed]
    losses.fills("buy 1 @ 100", "sell 1 @ 101")
    assert losses.tripped() == []
    assert len(losses.fills(*lost, *lost).tripped()) == 1, "counted from none"


def test_refusals_trip_by_the_last_twenty_and_begin_anew_with_a_person() -> None:
    losses = Losses(None, rule(Trip.REJECT_RATE, "0.5"))
    for number in range(19):
        losses.denied(f"{number}")
    assert losses.tripped() == []
    expected = ["fraction of refused orders among the last 20 1: must be at most 0.5"]
    assert losses.denied("19").tripped() == expected
    assert losses.denied("20").tripped() == []
    losses.tripping.resumed("")
    for number in range(19):
        losses.denied(f"again-{number}")
    assert losses.tripped() == []
    assert losses.denied("again-19").tripped() == expected


def test_a_margin_call_trips_when_the_equity_is_below_what_must_be_there_and_again_with_a_person() -> None:
    losses = Losses(None, rule(Trip.MARGIN_CALL), margin=(Decimal(50), Decimal(50)))
    assert losses.tripped() == []
    losses.margin = Decimal(51), Decimal(50)
    expected = ["maintenance margin against the equity 51 USDT: must be at most 50 USDT"]
    assert losses.tripped() == expected
    assert losses.tripped() == []
    losses.tripping.resumed("")
    assert losses.tripped() == expected


def test_of_a_loss_that_is_not_known_nothing_is_said() -> None:
    losses = Losses(None, rule(Trip.DAILY_LOSS, "100"), rule(Trip.DRAWDOWN, "100"))
    losses.fill("buy 10 @ 100", symbol=ETH)
    assert losses.tripped() == []
    losses.price("100", ETH).price("89", ETH)
    assert len(losses.tripped()) == 2


def test_a_loss_that_is_not_known_for_a_while_has_not_been_back_within_its_limit() -> None:
    losses = Losses(None, rule(Trip.DAILY_LOSS, "100")).price("100").fills("buy 10 @ 100").price("89")
    assert len(losses.tripped()) == 1
    losses.fill("buy 1 @ 10", symbol=ETH)
    assert losses.tripped() == []
    losses.price("10", ETH)
    assert (losses.loss(), losses.tripped()) == ("110", [])


@pytest.mark.parametrize("on", [Trip.AUDIT_VIOLATION, Trip.MARGIN_CALL], ids=lambda on: on.value)
def test_what_is_not_known_here_is_left_to_others(on: Trip) -> None:
    losses = Losses(None, rule(on), rule(Trip.STUCK_ACTOR, "1"))
    assert losses.tripped() == []
    losses.tripping.resumed("")
