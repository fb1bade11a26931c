"""Limits on losses and refusals: what they refuse, what they let pass, and how it ends."""

from __future__ import annotations

import pytest

from orderpit.model.commands import CancelOrder, ChangeLimits, ModifyOrder
from orderpit.model.kinds import Side
from orderpit.model.limits import RiskLimits
from orderpit.model.market import Quote
from orderpit.model.profits import DAY_NS
from orderpit.model.reports import Fill, VenueFilled, VenueRejected

from .builders import NOW
from .test_exposure_checks import Desk, buy, order, sell

FREE = "approved"


def at(desk: Desk, price: int, symbol: str = "BTC/USDT", time_ns: int = NOW) -> None:
    desk.risk.on_market_data(Quote(symbol, bid=str(price - 1), ask=str(price + 1), time_ns=time_ns))


def trade(desk: Desk, name: str, opens: int, closes: int, symbol: str = "BTC/USDT") -> None:
    """Buy one and sell it again; whatever is refused fails the test."""
    for side, price in ((Side.BUY, opens), (Side.SELL, closes)):
        order_id = f"{name}-{side.value}"
        assert desk.said(order(side, "1", order_id, symbol=symbol)) == FREE
        fill = Fill(execution_id=order_id, quantity="1", price=str(price), fee="0", fee_currency="USDT")
        desk.report(VenueFilled, order_id, symbol=symbol, side=side, fill=fill)


def long_ten(limits: RiskLimits, **more: object) -> Desk:
    """Ten bought at 100, where the market is."""
    desk = Desk(limits, **more)  # type: ignore[arg-type]
    assert desk.said(buy("10", "first")) == FREE
    desk.filled("first", "10")
    return desk


def test_beyond_the_daily_loss_no_position_is_opened_or_enlarged() -> None:
    desk = long_ten(RiskLimits(max_daily_loss="100"))
    at(desk, 90)
    assert desk.said(buy("1", "at-limit")) == FREE
    at(desk, 89)
    refused = "MAX_DAILY_LOSS: daily loss 110: must be at most 100 USDT"
    assert desk.said(buy("1", "more")) == refused
    assert desk.said(buy("1", "another", symbol="ETH/USDT")) == refused
    assert desk.said(sell("25", "flips")) == refused
    assert desk.said(ModifyOrder("at-limit", quantity="2")) == refused
    assert desk.said(ModifyOrder("at-limit", price="99")) == FREE
    assert desk.said(CancelOrder("at-limit")) == FREE
    assert desk.said(sell("10", "closes")) == FREE


def test_the_next_day_begins_with_nothing_lost() -> None:
    desk = long_ten(RiskLimits(max_daily_loss="100"))
    at(desk, 80)
    assert desk.said(buy("1", "a")).startswith("MAX_DAILY_LOSS: daily loss 200:")
    at(desk, 75, time_ns=NOW + DAY_NS)
    assert desk.said(buy("1", "b")) == FREE, "50 since midnight"
    at(desk, 69, time_ns=NOW + DAY_NS)
    assert desk.said(buy("1", "c")).startswith("MAX_DAILY_LOSS: daily loss 110:")


def test_beyond_the_fall_from_the_highest_profit_no_position_is_opened() -> None:
    desk = long_ten(RiskLimits(max_drawdown="100"))
    at(desk, 130)
    at(desk, 119)
    expected = "MAX_DRAWDOWN: fall from the highest profit 110: must be at most 100 USDT"
    assert desk.said(buy("1", "a")) == expected, "with a profit of 190"
    at(desk, 120)
    assert desk.said(buy("1", "b")) == FREE


def test_one_limit_does_not_know_what_another_scope_has_lost() -> None:
    limits = RiskLimits(
        instruments={"ETH/USDT": RiskLimits(max_daily_loss="1")},
        strategies={"s": RiskLimits(max_drawdown="99", instruments={"BTC/USDT": RiskLimits(max_daily_loss="1")})},
    )
    desk = long_ten(limits)
    at(desk, 95)
    expected = "MAX_DAILY_LOSS: daily loss 50: must be at most 1 USDT, the limit of s in BTC/USDT"
    assert desk.said(buy("1", "a")) == expected
    assert desk.said(buy("1", "b", symbol="ETH/USDT")) == FREE
    assert desk.said(buy("1", "c", source="t")) == FREE
    at(desk, 90)
    expected = "MAX_DRAWDOWN: fall from the highest profit 100: must be at most 99 USDT, the limit of s"
    assert desk.said(buy("1", "d", symbol="ETH/USDT")) == expected
    assert desk.said(buy("1", "e", symbol="ETH/USDT", source="t")) == FREE


@pytest.mark.parametrize("limits", [{"max_daily_loss": "1"}, {"max_drawdown": "1"}], ids=["daily", "drawdown"])
def test_what_was_lost_must_be_known(limits: dict[str, str]) -> None:
    nowhere = Desk(RiskLimits(**limits), currency=None)  # type: ignore[arg-type]
    assert nowhere.said(buy("1", "a")).startswith("NO_ACCOUNT: quantity 1: there is no account")
    desk = Desk(RiskLimits())
    desk.ask(buy("1", "b", symbol="ABC/EUR"))
    desk.filled("b", "1")
    desk.risk.change_limits(ChangeLimits(RiskLimits(**limits)), NOW)  # type: ignore[arg-type]
    assert desk.said(buy("1", "c")).startswith("NO_REFERENCE_PRICE")
    assert desk.said(sell("1", "d", symbol="ABC/EUR")) == FREE, "closing needs nothing to be known"


def test_with_as_many_losses_in_a_row_as_are_allowed_the_next_is_not_risked() -> None:
    desk = Desk(RiskLimits(max_consecutive_losses=2))
    trade(desk, "one", 100, 99)
    trade(desk, "two", 100, 99)
    expected = "MAX_CONSECUTIVE_LOSSES: losses in a row with this one 3: must be at most 2"
    assert desk.said(buy("1", "a")) == expected
    desk.risk.change_limits(ChangeLimits(RiskLimits(max_consecutive_losses=3)), NOW)
    trade(desk, "three", 100, 101)
    desk.risk.change_limits(ChangeLimits(RiskLimits(max_consecutive_losses=2)), NOW)
    assert desk.said(buy("1", "b")) == FREE, "a gain has ended the row"


def test_closing_is_not_refused_for_losses_in_a_row() -> None:
    desk = Desk(RiskLimits(max_consecutive_losses=1))
    for order_id, symbol in (("a", "BTC/USDT"), ("b", "ETH/USDT")):
        assert desk.said(buy("1", order_id, symbol=symbol)) == FREE
        desk.filled(order_id, "1")
    assert desk.said(sell("1", "c", price="99")) == FREE
    fill = Fill(execution_id="c", quantity="1", price="99", fee="0", fee_currency="USDT")
    desk.report(VenueFilled, "c", symbol="BTC/USDT", side=Side.SELL, fill=fill)
    assert desk.said(sell("1", "d", symbol="ETH/USDT")) == FREE
    assert desk.said(buy("1", "e")).startswith("MAX_CONSECUTIVE_LOSSES")


def test_a_person_who_resumes_has_the_row_begin_anew_where_it_stands_in_the_way() -> None:
    limits = RiskLimits(max_consecutive_losses=2, strategies={"s": RiskLimits(max_consecutive_losses=3)})
    desk = Desk(limits)
    trade(desk, "one", 100, 99)
    trade(desk, "two", 100, 99)
    desk.risk.resumed("s")
    assert desk.said(buy("1", "a")).startswith("MAX_CONSECUTIVE_LOSSES"), "that of the account is not that of s"
    desk.risk.resumed()
    trade(desk, "three", 100, 99)
    expected = "losses in a row with this one 4: must be at most 3, the limit of s"
    assert desk.said(buy("1", "b")).endswith(expected), "where it does not stand in the way it goes on"


def refused_twice(limits: RiskLimits) -> Desk:
    """Four orders: one is refused by us, and one by the venue."""
    desk = Desk(limits)
    assert desk.said(buy("1", "sent")) == FREE
    assert desk.said(buy("60", "denied")).startswith("MAX_ORDER_QUANTITY")
    assert desk.said(buy("1", "rejected")) == FREE
    assert desk.said(buy("1", "last")) == FREE
    desk.report(VenueRejected, "rejected")
    return desk


def test_beyond_the_rate_of_refusals_no_position_is_opened_until_a_person_resumes() -> None:
    desk = refused_twice(RiskLimits(max_order_quantity="50", max_reject_rate="0.4", reject_window=4))
    expected = "MAX_REJECT_RATE: fraction of refused orders 0.5: must be at most 0.4 of the last 4"
    assert desk.said(buy("1", "a")) == expected
    assert desk.said(buy("1", "b")) == expected, "what it has refused itself does not count"
    assert desk.said(CancelOrder("sent")) == FREE
    desk.risk.resumed("t")
    assert desk.said(buy("1", "c", source="t")) == expected, "that of the account is not that of t"
    desk.risk.resumed()
    assert desk.said(buy("1", "d")) == FREE


def test_a_rate_at_the_limit_and_a_window_that_is_not_full_refuse_nothing() -> None:
    limits = {"max_order_quantity": "50", "reject_window": 4}
    desk = refused_twice(RiskLimits(max_reject_rate="0.5", **limits))  # type: ignore[arg-type]
    assert desk.said(buy("1", "a")) == FREE
    desk.risk.resumed()
    desk = refused_twice(RiskLimits(max_reject_rate="0.1", max_order_quantity="50", reject_window=5))
    assert desk.said(buy("1", "b")) == FREE
    assert desk.said(buy("1", "c")).startswith("MAX_REJECT_RATE: fraction of refused orders 0.4:")


def test_a_limit_that_is_raised_lets_orders_pass_again() -> None:
    desk = refused_twice(RiskLimits(max_order_quantity="50", max_reject_rate="0.4", reject_window=4))
    desk.risk.change_limits(ChangeLimits(RiskLimits(max_reject_rate="0.5", reject_window=4)), NOW)
    assert desk.said(buy("1", "a")) == FREE


def test_a_rate_that_stands_in_nobodys_way_goes_on_when_a_person_resumes() -> None:
    desk = refused_twice(RiskLimits(max_order_quantity="50", max_reject_rate="0.5", reject_window=4))
    desk.risk.resumed()
    assert desk.said(buy("60", "more")).startswith("MAX_ORDER_QUANTITY")
    # The one that was denied, the one that was rejected, and this one are among the latest four.
    assert desk.said(buy("1", "a")).startswith("MAX_REJECT_RATE: fraction of refused orders 0.75:")
