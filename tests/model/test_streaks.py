"""Losses in a row, and rates of refusals, counted by hand."""

from __future__ import annotations

import pytest

from orderpit.model.checking import Scope
from orderpit.model.kinds import Reason, Side
from orderpit.model.limits import RiskLimits
from orderpit.model.numbers import plain
from orderpit.model.reject_rates import RejectRates, Window

from .ledger import BTC, ETH
from .losing import ACCOUNT, Losses, watched

LOST = ("buy 1 @ 100", "sell 1 @ 99")
WON = ("buy 1 @ 100", "sell 1 @ 101")
EVEN = ("buy 1 @ 100", "sell 1 @ 100")


@pytest.mark.parametrize(
    ("fills", "row"),
    [
        pytest.param((), 0, id="nothing"),
        pytest.param(LOST, 1, id="one"),
        pytest.param((*LOST, *LOST), 2, id="two"),
        pytest.param((*LOST, *LOST, *WON), 0, id="a gain ends the row"),
        pytest.param((*LOST, *EVEN), 0, id="nothing lost ends it too"),
        pytest.param((*LOST, *WON, *LOST), 1, id="and another begins"),
        pytest.param((*LOST, "buy 1 @ 100"), 1, id="what is open does not count"),
        pytest.param(("buy 2 @ 100", "sell 1 @ 90", "sell 1 @ 111"), 0, id="it is the whole that counts: 201 for 200"),
        pytest.param(("buy 2 @ 100", "sell 1 @ 90", "sell 1 @ 109"), 1, id="it is the whole that counts: 199 for 200"),
        pytest.param(("buy 1 @ 100", "sell 3 @ 99", "buy 2 @ 100"), 2, id="a flip ends one and begins another"),
        pytest.param(("buy 1 @ 100", "sell 1 @ 101 fee 2"), 1, id="fees are part of it"),
        pytest.param(("buy 1 @ 100", "sell 1 @ 101 fee 2 BNB"), 0, id="those of another currency are not"),
    ],
)
def test_round_trips_that_are_lost_in_a_row_are_counted(fills: tuple[str, ...], row: int) -> None:
    assert watched().fills(*fills).row() == row


def test_each_scope_counts_its_own_in_the_order_in_which_they_ended() -> None:
    losses = watched()
    losses.fills("buy 1 @ 100", strategy="a")
    losses.fills(*LOST, strategy="b")
    losses.fills(*LOST, strategy="b", symbol=ETH)
    losses.fills("sell 1 @ 101", strategy="a")
    assert (losses.row(), losses.row(Scope("a")), losses.row(Scope("b"))) == (0, 0, 2)
    assert (losses.row(Scope(symbol=BTC)), losses.row(Scope(symbol=ETH)), losses.row(Scope("b", BTC))) == (0, 1, 1)


def test_hedged_positions_are_round_trips_of_their_own() -> None:
    losses = watched(hedged=True).fills("buy 1 @ 100", "sell 1 @ 99")
    assert losses.row() == 0, "one is long and one short"
    losses.fill("sell 1 @ 98", reduce_only=True)
    assert losses.row() == 1
    losses.fill("buy 1 @ 100", reduce_only=True)
    assert losses.row() == 2


def test_a_fill_that_is_taken_back_or_corrected_is_counted_anew() -> None:
    losses = watched().fills(*LOST, "buy 1 @ 100")
    last = losses.fill("sell 1 @ 101")
    assert losses.row() == 0
    corrected = losses.correct(Side.SELL, last, "99")
    assert losses.row() == 2
    losses.bust(Side.SELL, corrected)
    assert losses.row() == 1


def test_who_begins_late_counts_what_was_lost_before() -> None:
    losses = Losses().fills(*LOST, *LOST, "buy 1 @ 100")
    last = losses.fill("sell 1 @ 101")
    losses.correct(Side.SELL, last, "99")
    losses.checks.held_to(RiskLimits(max_consecutive_losses=5))
    assert losses.row() == 3
    losses.checks.held_to(RiskLimits())
    losses.fills(*LOST)
    losses.checks.held_to(RiskLimits(max_consecutive_losses=5))
    assert losses.row() == 4


def test_a_row_that_is_begun_anew_forgets_what_came_before_even_when_it_is_restated() -> None:
    losses = watched().fills(*LOST, "buy 1 @ 100")
    last = losses.fill("sell 1 @ 99")
    losses.checks.streaks.restart(ACCOUNT)
    assert (losses.row(), losses.row(Scope("a"))) == (0, 2)
    losses.fills(*LOST)
    assert (losses.row(), losses.row(Scope("a"))) == (1, 3)
    losses.correct(Side.SELL, last, "98")
    assert (losses.row(), losses.row(Scope("a"))) == (1, 3)


# -- refusals


def rate(losses: Losses, scope: Scope = ACCOUNT) -> tuple[str, bool]:
    window = losses.checks.rates.of(scope)
    return plain(window.rate), window.is_full


def test_the_latest_orders_count_whoever_has_refused_them() -> None:
    losses = Losses(RiskLimits(max_reject_rate="0.5", reject_window=4))
    losses.sent("1").denied("2").sent("3")
    assert rate(losses) == ("0.25", False)
    losses.sent("4").rejected("3")
    assert rate(losses) == ("0.5", True)
    losses.sent("5").sent("6")
    # 3, refused after it was sent, to 6.
    assert rate(losses) == ("0.25", True)
    losses.rejected("2").rejected("unknown")
    assert rate(losses) == ("0.25", True), "it is no longer among them, and counts once"
    losses.sent("7")
    assert rate(losses) == ("0", True)


@pytest.mark.parametrize("reason", [Reason.MAX_REJECT_RATE, Reason.HALTED, Reason.REDUCING], ids=lambda one: one.value)
def test_what_says_nothing_of_the_order_is_not_counted(reason: Reason) -> None:
    losses = Losses(RiskLimits(max_reject_rate="0.5", reject_window=2)).sent("1").denied("2", reason)
    assert rate(losses) == ("0", False)


def test_each_scope_has_a_window_of_its_own() -> None:
    limits = RiskLimits(
        max_reject_rate="0.5", reject_window=2, strategies={"a": RiskLimits(max_reject_rate="0.5", reject_window=1)}
    )
    losses = Losses(limits).sent("1", "a").denied("2", strategy="b")
    assert rate(losses) == ("0.5", True)
    assert rate(losses, Scope("a")) == ("0", True)


def test_a_window_of_another_length_keeps_the_latest() -> None:
    losses = Losses(RiskLimits(max_reject_rate="0.5", reject_window=3)).denied("1").sent("2").sent("3").rejected("3")
    losses.checks.held_to(RiskLimits(max_reject_rate="0.5", reject_window=2))
    assert rate(losses) == ("0.5", True)
    losses.checks.held_to(RiskLimits(max_reject_rate="0.5", reject_window=4))
    assert rate(losses) == ("0.25", False)


def test_nothing_is_kept_for_nobody() -> None:
    losses = Losses().denied("1")
    losses.checks.held_to(RiskLimits(max_reject_rate="0.5", reject_window=1))
    assert rate(losses) == ("0", False)


def test_a_window_that_is_cleared_is_empty() -> None:
    window = RejectRates().add(ACCOUNT, 1)
    window.see("1", refused=True)
    window.clear()
    assert (window.rate, window.is_full) == (Window(1).rate, False)
