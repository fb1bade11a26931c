"""The price collar, the age of market data and trading hours, by figures worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from orderpit.model import reports as r
from orderpit.model.commands import CancelOrder, ModifyOrder, SubmitOrder
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import OrderType, Side, TrailingType
from orderpit.model.limits import RiskLimits
from orderpit.model.market import Bar, Quote, Trade
from orderpit.model.trading_hours import TradingHours

from .builders import NOW
from .desks import SECOND, TICK, TimedDesk, buy, sell

COLLAR = RiskLimits(price_collar="0.05")
# The mark is 100, between 99 and 101: a buy at most 105, a sell at least 95.


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param(buy("a", "105"), "approved", id="buy-at-the-collar"),
        pytest.param(buy("a", "105.01"), "PRICE_COLLAR: price 105.01: must be at most 105", id="buy-above"),
        pytest.param(sell("a", "95"), "approved", id="sell-at-the-collar"),
        pytest.param(sell("a", "94.99"), "PRICE_COLLAR: price 94.99: must be at least 95", id="sell-below"),
        pytest.param(buy("a", "1"), "approved", id="far-below-is-no-harm-to-a-buyer"),
        pytest.param(sell("a", "900"), "approved", id="far-above-is-no-harm-to-a-seller"),
        pytest.param(buy("a", None), "approved", id="market-buy-meets-101"),
        pytest.param(sell("a", None), "approved", id="market-sell-meets-99"),
        pytest.param(buy("a", None, stop_price="105"), "approved", id="stop-at-the-collar"),
        pytest.param(
            buy("a", None, stop_price="105.01"), "PRICE_COLLAR: price 105.01: must be at most 105", id="stop-above"
        ),
        pytest.param(
            buy("a", "104", stop_price="106"), "PRICE_COLLAR: price 106: must be at most 105", id="stop-of-a-stop-limit"
        ),
        pytest.param(
            sell("a", "93", stop_price="96"), "PRICE_COLLAR: price 93: must be at least 95", id="limit-of-a-stop-limit"
        ),
        pytest.param(
            sell("a", None, stop_price="94"), "PRICE_COLLAR: price 94: must be at least 95", id="sell-stop-below"
        ),
    ],
)
def test_an_order_may_be_priced_as_far_from_the_mark_as_the_collar_allows(command: SubmitOrder, said: str) -> None:
    assert TimedDesk(COLLAR).said(command) == said


def test_the_last_trade_counts_where_it_is_stricter() -> None:
    desk = TimedDesk(COLLAR)
    desk.tell(Trade("BTC/USDT", price="98"))
    # 98 * 1.05 = 102.9 is below 105; 100 * 0.95 = 95 is above 98 * 0.95 = 93.1.
    assert desk.said(buy("a", "102.9")) == "approved"
    assert desk.said(buy("b", "102.91")) == "PRICE_COLLAR: price 102.91: must be at most 102.9"
    assert desk.said(sell("c", "94.99")) == "PRICE_COLLAR: price 94.99: must be at least 95"
    desk.tell(Trade("BTC/USDT", price="102"))
    # 102 * 0.95 = 96.9
    assert desk.said(buy("d", "105")) == "approved"
    assert desk.said(sell("e", "96.9")) == "approved"
    assert desk.said(sell("f", "96.89")) == "PRICE_COLLAR: price 96.89: must be at least 96.9"


def test_a_market_order_is_held_to_the_price_that_it_would_meet() -> None:
    desk = TimedDesk(COLLAR)
    desk.tell(Quote("BTC/USDT", bid="90", ask="110"))
    assert desk.said(buy("a", None)) == "PRICE_COLLAR: price 110: must be at most 105"
    assert desk.said(sell("b", None)) == "PRICE_COLLAR: price 90: must be at least 95"
    desk.tell(Bar("BTC/USDT", open="100", high="100", low="100", close="100", volume="1"))
    assert desk.said(buy("c", None)) == "approved"
    assert desk.said(sell("d", None)) == "approved"


def test_a_trailing_stop_is_held_to_the_market() -> None:
    desk = TimedDesk(COLLAR)
    trailing = {"trailing_offset": "20", "trailing_type": TrailingType.AMOUNT}
    command = SubmitOrder("BTC/USDT", Side.SELL, OrderType.TRAILING_STOP, "1", order_id="a", **trailing)
    assert desk.said(command) == "approved"


@pytest.mark.parametrize("command", [buy("a", "1"), sell("a", "900")], ids=["buy", "sell"])
def test_without_a_market_price_there_is_no_collar_to_hold_to(command: SubmitOrder) -> None:
    assert TimedDesk(COLLAR, priced=False).said(command).startswith("NO_REFERENCE_PRICE")


def test_a_modification_may_not_go_farther_and_may_stay() -> None:
    desk = TimedDesk(COLLAR)
    desk.ask(buy("a", "105"))
    desk.ask(sell("b", "106"))
    desk.report(r.VenueAccepted, "a")
    desk.report(r.VenueAccepted, "b")
    assert desk.said(ModifyOrder("a", price="105.01")) == "PRICE_COLLAR: price 105.01: must be at most 105"
    assert desk.said(ModifyOrder("b", price="94.99")) == "PRICE_COLLAR: price 94.99: must be at least 95"
    desk.tell(Quote("BTC/USDT", bid="119", ask="121"))
    # 120 * 0.95 = 114: the sell at 106 was let pass before.
    assert desk.said(ModifyOrder("b", price="105.99")) == "PRICE_COLLAR: price 105.99: must be at least 106"
    assert desk.said(ModifyOrder("b", quantity="2")) == "approved"
    desk.tell(Quote("BTC/USDT", bid="79", ask="81"))
    assert desk.said(ModifyOrder("a", price="105.01")) == "PRICE_COLLAR: price 105.01: must be at most 105"
    assert desk.said(ModifyOrder("a", price="104")) == "approved"
    assert desk.said(CancelOrder("a")) == "approved"


# -- how old the data is


def test_data_may_be_as_old_as_the_limit_and_no_nanosecond_older() -> None:
    desk = TimedDesk(RiskLimits(max_data_age="1.5"))
    assert desk.said(buy("a"), at=1_500_000_000) == "approved"
    late = "STALE_DATA: seconds since the latest market data 1.500000001: must be at most 1.5"
    assert desk.said(buy("b"), at=1_500_000_001) == late
    desk.tell(Trade("BTC/USDT", price="100"))
    assert desk.said(buy("c")) == "approved"
    assert desk.said(buy("d", symbol="ETH/USDT")) == late, "each symbol has its own"


def test_data_from_before_a_pause_is_recognised() -> None:
    desk = TimedDesk(RiskLimits(max_data_age="5"))
    assert desk.said(buy("a"), at=SECOND) == "approved"
    assert desk.said(buy("b"), at=61 * SECOND).startswith("STALE_DATA: seconds since the latest market data 61:")
    assert desk.said(ModifyOrder("a", price="99")).startswith("STALE_DATA")
    assert desk.said(CancelOrder("a")) == "approved"


def test_what_closes_is_let_pass_on_old_data_or_none() -> None:
    desk = TimedDesk(RiskLimits(max_data_age="1"), priced=False)
    assert desk.said(buy("a")).startswith("NO_REFERENCE_PRICE")
    desk.limit(RiskLimits())
    desk.ask(buy("b", quantity="5"))
    desk.filled("b", "5")
    desk.limit(RiskLimits(max_data_age="1"))
    assert desk.said(sell("c", reduce_only=True)) == "approved"
    desk.tell(Quote("BTC/USDT", bid="99", ask="101"))
    assert desk.said(sell("d", reduce_only=True), at=9 * SECOND) == "approved"
    assert desk.said(sell("e")).startswith("STALE_DATA")


# -- trading hours


def test_orders_leave_while_the_market_is_open() -> None:
    # NOW is 2023-11-14 22:13:20 UTC, a Tuesday.
    assert datetime.fromtimestamp(NOW // SECOND, UTC).isoformat() == "2023-11-14T22:13:20+00:00"
    hours = TradingHours(open="22:14", close="22:15")
    desk = TimedDesk(RiskLimits(only_in_trading_hours=True), Instrument("BTC/USDT", **TICK, trading_hours=hours))
    closed = "OUTSIDE_HOURS: seconds until the market opens {}: must be at most 0"
    assert desk.said(buy("a")) == closed.format(40)
    assert desk.said(buy("b"), at=40 * SECOND - 1) == closed.format("0.000000001")
    assert desk.said(buy("c"), at=40 * SECOND) == "approved"
    assert desk.said(buy("d"), at=100 * SECOND - 1) == "approved"
    # Until Wednesday at 22:14: a day less the minute that it was open.
    assert desk.said(buy("e"), at=100 * SECOND) == closed.format(86_400 - 60)
    assert desk.said(ModifyOrder("c", price="99")).startswith("OUTSIDE_HOURS")
    assert desk.said(CancelOrder("c")) == "approved"
    assert desk.said(buy("f"), at=99 * SECOND) == "approved", "a clock that was put back"


def test_a_change_to_what_has_filled_is_judged_by_the_price_that_it_sets_too() -> None:
    desk = TimedDesk(COLLAR)
    desk.ask(buy("a", "100", "5"))
    desk.report(r.VenueAccepted, "a")
    desk.filled("a", "3")
    assert desk.said(ModifyOrder("a", quantity="3", price="1000")).startswith("PRICE_COLLAR: price 1000")
    assert desk.said(ModifyOrder("a", quantity="3", price="100.001")).startswith("PRICE_INCREMENT: price 100.001")
    assert desk.said(ModifyOrder("a", quantity="2")) == "approved"


def test_a_market_without_hours_never_closes() -> None:
    desk = TimedDesk(RiskLimits(only_in_trading_hours=True))
    assert desk.said(buy("a")) == "approved"


def test_ages_are_exact() -> None:
    desk = TimedDesk(RiskLimits(max_data_age="1"))
    judged = desk.ask(buy("a"), at=1)
    (checked,) = judged.judgements[0].each()
    assert (checked.value, checked.bound) == (Decimal("0.000000001"), Decimal(1))
