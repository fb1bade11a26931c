from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from orderpit.model import events as e
from orderpit.model.kinds import Reason, Role, Side
from orderpit.model.market import Depth, Quote
from orderpit.model.numbers import plain, ratio
from orderpit.model.reports import Fill

from .ledger import BTC, ETH, EUR, MINUTE, START, Ledger, an_order, figures

CASH = {"USDT": "1000"}
MONEY = ("equity", "net_profit", "fees", "turnover", "gross_exposure", "net_exposure", "peak", "drawdown")
TRADES = ("trades", "won", "lost", "hit_rate", "average_win", "average_loss", "profit_factor", "largest_loss")
RUNS = ("losses_now", "most_losses")


def a_day() -> Ledger:
    """Equity 1000; 999 after the fee; 1019 at 110 (2 * 10 more); 989 at 95 (2 * 15 less); 1037 after it is closed.

    Closed at 120: -200 + 240 - 1 - 2 = 37.
    """
    ledger = Ledger(CASH).price("100").fill("buy 2 @ 100 fee 1")
    ledger.after(30).price("110")
    ledger.after(60).price("95")
    ledger.after(120).fill("sell 2 @ 120 fee 2")
    return ledger.after(180).price("120")


def test_money_while_a_position_is_open() -> None:
    ledger = Ledger(CASH).price("100").fill("buy 2 @ 100 fee 1").price("110").price("95")
    # 1000 - 200 - 1 + 2 * 95; the peak was 1000 - 200 - 1 + 2 * 110 = 1019, and 30 below it is 989.
    assert figures(ledger.seen(), *MONEY) == {
        "equity": "989",
        "net_profit": "-11",
        "fees": "1",
        "turnover": "200",
        "gross_exposure": "190",
        "net_exposure": "190",
        "peak": "1019",
        "drawdown": "30",
    }
    # Of a strategy the same, but it has no cash: its peak was a profit of 19.
    assert figures(ledger.seen("a"), *MONEY) == {
        "equity": None,
        "net_profit": "-11",
        "fees": "1",
        "turnover": "200",
        "gross_exposure": "190",
        "net_exposure": "190",
        "peak": "19",
        "drawdown": "30",
    }


def test_the_curve_is_what_stood_when_each_interval_was_over() -> None:
    seen = a_day().seen()
    assert [(point.time_ns - START, plain(point.equity)) for point in seen.curve] == [
        (0, "1000"),
        (MINUTE, "1019"),
        (2 * MINUTE, "989"),
        (3 * MINUTE, "1037"),
    ]
    assert seen.interval_ns == MINUTE
    assert [plain(point.equity) for point in a_day().seen("a").curve] == ["0", "19", "-11", "37"]


def test_the_curve_ends_with_the_present() -> None:
    ledger = Ledger(CASH).price("100").fill("buy 1 @ 100").after(70).price("100").after(80).price("103")
    assert [(point.time_ns - START, plain(point.equity)) for point in ledger.seen().curve] == [
        (0, "1000"),
        (MINUTE, "1000"),
        (80 * 1_000_000_000, "1003"),
    ]


def test_drawdowns_are_those_of_every_mark_and_not_of_the_samples_alone() -> None:
    ledger = Ledger(CASH).price("100").fill("buy 1 @ 100")
    # Up 50 to 1050, down 70 to 980, up again: all between two samples.
    for price in ("150", "80", "100"):
        ledger.price(price)
    seen = ledger.after(60).price("100").seen()
    assert [plain(point.equity) for point in seen.curve] == ["1000", "1000"]
    assert seen.max_drawdown == 70
    assert seen.max_drawdown_fraction == ratio(Decimal(70), Decimal(1050))
    assert seen.drawdown == 50
    assert seen.drawdown_fraction == ratio(Decimal(50), Decimal(1050))


def test_the_largest_fall_as_a_fraction_may_be_another_one() -> None:
    # 1000 to 700 is 300, 30 %; then up to 2000, and down to 1500: 500, 25 %.
    ledger = Ledger(CASH).price("1000").fill("buy 1 @ 1000")
    for price in ("700", "2000", "1500"):
        ledger.price(price)
    seen = ledger.seen()
    assert figures(seen, "max_drawdown", "max_drawdown_fraction", "drawdown", "drawdown_fraction") == {
        "max_drawdown": "500",
        "max_drawdown_fraction": "0.3",
        "drawdown": "500",
        "drawdown_fraction": "0.25",
    }


def test_the_ratios_of_a_day_by_hand() -> None:
    seen = a_day().seen()
    # From sample to sample: 1000, 1019, 989, 1037.
    returns = [Fraction(19, 1000), Fraction(-30, 1019), Fraction(48, 989)]
    mean = sum(returns) / 3
    deviation = float(sum((r - mean) ** 2 for r in returns) / 2) ** 0.5
    downside = float(returns[1] ** 2 / 3) ** 0.5
    per_year = (365 * 24 * 60) ** 0.5
    assert seen.sharpe is not None
    assert seen.sortino is not None
    assert float(seen.sharpe) == pytest.approx(float(mean) / deviation * per_year, rel=1e-12)
    assert float(seen.sortino) == pytest.approx(float(mean) / downside * per_year, rel=1e-12)
    assert figures(seen, "total_return") == {"total_return": "0.037"}
    # The strategy is the only one, and the account has no other profit.
    assert [a_day().seen("a").sharpe, a_day().seen("a").total_return] == [seen.sharpe, seen.total_return]


def test_trades_are_round_trips_less_their_fees() -> None:
    ledger = Ledger(CASH).price("100")
    # -200 + 240 - 3 = +37 in three fills; 90 - 100 - 1 = -11; 100 - 100 = 0; 30 - 50 = -20; one still open.
    ledger.fill("buy 2 @ 100 fee 1").fill("sell 1 @ 120 fee 1").fill("sell 1 @ 120 fee 1")
    ledger.fill("sell 1 @ 90").fill("buy 1 @ 100 fee 1")
    ledger.fill("buy 1 @ 100").fill("sell 1 @ 100")
    ledger.fill("buy 1 @ 50", symbol=ETH).fill("sell 1 @ 30", symbol=ETH)
    ledger.fill("buy 1 @ 100")
    assert figures(ledger.seen(), *TRADES, *RUNS) == {
        "trades": 4,
        "won": 1,
        "lost": 2,
        "hit_rate": "0.25",
        "average_win": "37",
        "average_loss": "15.5",
        "profit_factor": plain(ratio(Decimal(37), Decimal(31))),
        "largest_loss": "20",
        "losses_now": 1,
        "most_losses": 1,
    }


@pytest.mark.parametrize(
    ("prices", "now", "most"),
    [
        pytest.param(["101", "99", "99", "98"], 3, 3, id="three lost at the end"),
        pytest.param(["99", "99", "101"], 0, 2, id="a win ends it"),
        pytest.param(["99", "99", "100", "99"], 1, 2, id="so does a trade that earns nothing"),
        pytest.param([], 0, 0, id="no trades"),
    ],
)
def test_losses_in_a_row(prices: list[str], now: int, most: int) -> None:
    ledger = Ledger(CASH)
    for price in prices:
        ledger.fill("buy 1 @ 100").fill(f"sell 1 @ {price}")
    assert figures(ledger.seen(), *RUNS) == {"losses_now": now, "most_losses": most}


def test_a_flip_ends_one_trade_and_begins_another_and_splits_the_fee() -> None:
    ledger = Ledger(CASH).fill("buy 1 @ 100 fee 1").fill("sell 4 @ 110 fee 2")
    # A quarter of the second fee belongs to the one that closes: 110 - 100 - 1 - 0.5 = 8.5.
    assert figures(ledger.seen(), "trades", "average_win") == {"trades": 1, "average_win": "8.5"}
    # The rest to the other: 3 * 110 - 3 * 120 - 1.5 - 0.5 = -32.
    ledger.fill("buy 3 @ 120 fee 0.5")
    assert figures(ledger.seen(), "trades", "average_loss") == {"trades": 2, "average_loss": "32"}
    # Both together are the net profit.
    assert figures(ledger.price("120").seen(), "net_profit") == {"net_profit": "-23.5"}


def test_fees_in_another_currency_cost_profit_at_its_price_and_are_in_no_trade() -> None:
    ledger = Ledger(CASH).price("100").fill("buy 1 @ 100 fee 2 BNB").fill("sell 1 @ 110")
    assert figures(ledger.seen(), "net_profit", "equity", "fees", "trades", "average_win") == {
        "net_profit": None,
        "equity": None,
        "fees": None,
        "trades": 1,
        "average_win": "10",
    }
    # 10 - 2 * 3, as soon as there is a price; and 10 - 2 * 4.5 later.
    assert figures(ledger.price("3", "BNB/USDT").seen(), "net_profit", "fees") == {"net_profit": "4", "fees": "6"}
    seen = ledger.price("4.5", "BNB/USDT").seen()
    assert figures(seen, "net_profit", "fees", "equity", "max_drawdown") == {
        "net_profit": "1",
        "fees": "9",
        "equity": "1001",
        "max_drawdown": "3",
    }
    assert figures(ledger.seen("a"), "net_profit", "max_drawdown") == {"net_profit": "1", "max_drawdown": "3"}


def test_strategies_sum_to_the_account_and_its_exposure_is_netted() -> None:
    ledger = Ledger(CASH).price("100").price("10", ETH)
    ledger.fill("buy 3 @ 100 fee 1", "a").fill("sell 1 @ 102 fee 0.5", "b").fill("sell 5 @ 11", "b", ETH)
    ledger.price("104").price("12", ETH)
    # a: 3 * 4 - 1 = 11. b: 102 - 104 - 0.5 + 5 * (11 - 12) = -7.5.
    assert figures(ledger.seen("a"), *MONEY[1:6]) == {
        "net_profit": "11",
        "fees": "1",
        "turnover": "300",
        "gross_exposure": "312",
        "net_exposure": "312",
    }
    assert figures(ledger.seen("b"), *MONEY[1:6]) == {
        "net_profit": "-7.5",
        "fees": "0.5",
        "turnover": "157",
        "gross_exposure": "164",
        "net_exposure": "-164",
    }
    # Net 2 BTC at 104 and -5 ETH at 12: 208 + 60, and 208 - 60.
    assert figures(ledger.seen(), *MONEY[1:6], "strategies") == {
        "net_profit": "3.5",
        "fees": "1.5",
        "turnover": "457",
        "gross_exposure": "268",
        "net_exposure": "148",
        "strategies": ["a", "b"],
    }


def test_a_strategy_falls_by_a_fraction_of_the_accounts_equity() -> None:
    ledger = Ledger(CASH).price("100").fill("buy 1 @ 100", "a").price("200").fill("sell 1 @ 200", "a")
    # The account stands at 1100 when b begins; b loses 55.
    ledger.fill("buy 1 @ 200", "b").price("145")
    seen = ledger.seen("b")
    assert figures(seen, "drawdown", "drawdown_fraction", "max_drawdown_fraction", "total_return") == {
        "drawdown": "55",
        "drawdown_fraction": "0.05",
        "max_drawdown_fraction": "0.05",
        "total_return": "-0.055",
    }


def test_deposits_and_withdrawals_are_no_profit() -> None:
    ledger = Ledger(CASH).price("100").fill("buy 1 @ 100")
    # 10 % on 1000; 1000 more; 10 % on 2100; half of it taken out: 1.1 * 1.1 = 1.21.
    ledger.price("200").after(60).pay("1000").price("410").after(120).pay("-1155").after(180).price("410")
    seen = ledger.seen()
    assert figures(seen, "equity", "paid_in", "net_profit", "total_return", "peak", "drawdown", "max_drawdown") == {
        "equity": "1155",
        "paid_in": "845",
        "net_profit": "310",
        "total_return": "0.21",
        "peak": "1155",
        "drawdown": "0",
        "max_drawdown": "0",
    }
    # The returns of the intervals are 0.1, 0.1 and 0: mean 0.2 / 3, sample variance (2 * (1 / 30)^2 + (2 / 30)^2) / 2.
    mean, deviation = 0.2 / 3, (6 / 900 / 2) ** 0.5
    assert seen.sharpe is not None
    assert float(seen.sharpe) == pytest.approx(mean / deviation * (365 * 24 * 60) ** 0.5, rel=1e-12)
    assert seen.sortino is None
    # 1155 to 1039.5, a tenth, though the highest equity before the withdrawal was 2310.
    assert figures(ledger.price("294.5").seen(), "drawdown", "drawdown_fraction", "peak") == {
        "drawdown": "115.5",
        "drawdown_fraction": "0.1",
        "peak": "1155",
    }


def test_a_fall_goes_on_over_a_deposit() -> None:
    ledger = Ledger(CASH).price("100").fill("buy 1 @ 100").price("200")
    # 1100 to 990 is a tenth. 990 more do not heal it: then 1980 stand for 1100, and 2200 would be the peak.
    ledger.price("90").pay("990").price("35")
    # 55 less: 1925 of 2200 is seven eighths. In money it is the fall of 110 before, and 55.
    assert figures(ledger.seen(), "drawdown", "equity", "peak", "drawdown_fraction") == {
        "drawdown": "165",
        "equity": "1925",
        "peak": "2090",
        "drawdown_fraction": "0.125",
    }


def test_after_everything_was_withdrawn_no_return_is_told() -> None:
    ledger = Ledger(CASH).price("100").fill("buy 1 @ 100").price("90").fill("sell 1 @ 90")
    ledger.pay("-990").pay("500").fill("buy 1 @ 90").price("65")
    assert figures(ledger.seen(), "equity", "total_return", "drawdown", "max_drawdown_fraction") == {
        "equity": "475",
        "total_return": None,
        "drawdown": "35",
        # 25 of the new 500; the 10 of 1000 before were less.
        "max_drawdown_fraction": "0.05",
    }


def test_without_cash_there_is_profit_and_nothing_relative_to_it() -> None:
    ledger = Ledger(None).price("100").fill("buy 1 @ 100").price("110").after(60).price("95")
    ledger.after(120).price("97").after(180).price("99")
    assert figures(
        ledger.seen(), "equity", "paid_in", "max_drawdown", "max_drawdown_fraction", "drawdown_fraction", "sharpe"
    ) == {
        "equity": "-1",
        "paid_in": "0",
        "max_drawdown": "15",
        "max_drawdown_fraction": None,
        "drawdown_fraction": None,
        "sharpe": None,
    }
    assert figures(ledger.seen("a"), "total_return", "sharpe", "drawdown_fraction", "drawdown") == {
        "total_return": None,
        "sharpe": None,
        "drawdown_fraction": None,
        "drawdown": "11",
    }


def test_money_in_several_currencies_is_told_in_the_accounts() -> None:
    ledger = Ledger({"USDT": "1000", "EUR": "100"}).price("1.10", "EUR/USDT").price("50", EUR)
    ledger.fill("buy 2 @ 50 fee 1 EUR", "a", EUR).price("60", EUR).price("1.20", "EUR/USDT")
    # In EUR: 100 of cash, 2 * 10 - 1 of profit; at 1.20 the 119 are 142.8, and the profit 22.8.
    assert figures(ledger.seen(), *MONEY[:6], "paid_in") == {
        "equity": "1142.8",
        "net_profit": "22.8",
        "fees": "1.2",
        "turnover": "120",
        "gross_exposure": "144",
        "net_exposure": "144",
        # As it was worth when that was first known.
        "paid_in": "1110",
    }
    assert figures(ledger.seen("a"), "net_profit") == {"net_profit": "22.8"}


def test_what_was_paid_in_before_its_price_was_known_counts_when_it_is() -> None:
    ledger = Ledger({"USDT": "1000", "EUR": "100"})
    assert figures(ledger.seen(), "equity", "paid_in", "curve") == {"equity": None, "paid_in": None, "curve": []}
    ledger.price("1.5", "EUR/USDT")
    assert figures(ledger.seen(), "equity", "paid_in", "total_return") == {
        "equity": "1150",
        "paid_in": "1150",
        "total_return": "0",
    }
    # What leaves while the price is gone is not guessed.
    ledger.market(Quote("EUR/USDT", bid="1.5")).market(Depth("EUR/USDT", bids=[], asks=[]))
    assert figures(ledger.seen(), "equity") == {"equity": "1150"}  # the last price still stands


def test_a_payment_whose_worth_is_unknown_leaves_the_equity_unknown() -> None:
    ledger = Ledger({"USDT": "1000", "EUR": "100"}).market(Quote("EUR/USDT", bid="1.5"))
    ledger.market(Depth("EUR/USDT", bids=[], asks=[])).pay("-100", "EUR")
    # All EUR are gone, so the balance is known; by how much it has shrunk is not.
    assert figures(ledger.seen(), "equity") == {"equity": None}
    ledger.market(Quote("EUR/USDT", bid="2"))
    assert figures(ledger.seen(), "equity", "paid_in") == {"equity": "1000", "paid_in": "950"}


def test_a_position_without_a_price_leaves_money_unknown_until_there_is_one() -> None:
    ledger = Ledger(CASH).price("100").fill("buy 1 @ 10", "a", ETH).fill("buy 1 @ 100", "b")
    assert figures(ledger.seen(), *MONEY) == {
        "equity": None,
        "net_profit": None,
        "fees": "0",
        "turnover": "110",
        "gross_exposure": None,
        "net_exposure": None,
        "peak": None,
        "drawdown": None,
    }
    assert [ledger.seen("a").net_profit, ledger.seen("b").net_profit] == [None, 0]
    ledger.price("12", ETH)
    assert figures(ledger.seen(), "equity", "net_profit") == {"equity": "1002", "net_profit": "2"}
    ledger.market(Quote(ETH, bid="11")).market(Depth(ETH, bids=[], asks=[]))
    assert figures(ledger.seen(), "equity") == {"equity": "1002"}


def test_a_price_that_is_lost_leaves_the_profit_unknown() -> None:
    ledger = Ledger(CASH).market(Quote(BTC, bid="100")).fill("buy 1 @ 100")
    assert figures(ledger.seen(), "net_profit") == {"net_profit": "0"}
    ledger.market(Depth(BTC, bids=[], asks=[]))
    assert figures(ledger.seen(), "net_profit", "gross_exposure") == {"net_profit": None, "gross_exposure": None}
    # Closed meanwhile, at a profit of 5: nothing is held that would need a price.
    ledger.fill("sell 1 @ 105")
    assert figures(ledger.seen(), "net_profit") == {"net_profit": "5"}


def test_without_an_account_currency_trades_are_told_and_money_is_not() -> None:
    ledger = Ledger({"USDT": "1000", "EUR": "100"}, None).price("100")
    ledger.fill("buy 1 @ 100").fill("sell 1 @ 90").after(60).price("100").pay("5")
    for who in (None, "a", "b"):
        seen = ledger.seen(who)
        assert figures(seen, "currency", "equity", "net_profit", "turnover", "max_drawdown", "curve", "paid_in") == {
            "currency": None,
            "equity": None,
            "net_profit": None,
            "turnover": None,
            "max_drawdown": None,
            "curve": [],
            "paid_in": None,
        }
        assert seen.trades == (0 if who == "b" else 1)
        assert seen.average_loss is None


def test_a_strategy_that_has_not_traded_has_earned_nothing() -> None:
    seen = a_day().seen("idle")
    assert figures(seen, *MONEY[1:], "trades", "hit_rate", "total_return", "sharpe") == {
        "net_profit": "0",
        "fees": "0",
        "turnover": "0",
        "gross_exposure": "0",
        "net_exposure": "0",
        "peak": "0",
        "drawdown": "0",
        "trades": 0,
        "hit_rate": None,
        "total_return": "0",
        "sharpe": None,
    }
    assert [point.equity for point in seen.curve] == [0, 0, 0, 0]


def _executed(quantity: str, price: str, number: int) -> Fill:
    return Fill(execution_id=f"E-{number}", quantity=quantity, price=price, fee="1", fee_currency="USDT")


def test_a_bust_and_a_correction_reverse_exactly() -> None:
    ledger = Ledger(CASH).price("100").fill("buy 2 @ 100 fee 1").fill("sell 1 @ 90 fee 1").fill("sell 1 @ 80 fee 1")
    assert figures(ledger.seen(), "net_profit", "trades", "average_loss") == {
        "net_profit": "-33",
        "trades": 1,
        "average_loss": "33",
    }
    sell = an_order("a", Side.SELL, BTC)
    # The second sell was at 120: -200 + 90 + 120 - 3 = 7.
    was, is_now = _executed("1", "80", 3), _executed("1", "120", 3)
    ledger.tell(e.FillCorrected(time_ns=0, source="", order_id="o", replaced=was, fill=is_now), sell)
    assert figures(ledger.seen(), "net_profit", "trades", "average_win", "losses_now", "turnover") == {
        "net_profit": "7",
        "trades": 1,
        "average_win": "7",
        "losses_now": 0,
        "turnover": "410",
    }
    # The first sell never was: one of two is still held, at 100: -200 + 120 + 100 - 2 = 18.
    ledger.tell(e.FillBusted(time_ns=0, source="", order_id="o", fill=_executed("1", "90", 2)), sell)
    assert figures(ledger.seen(), "net_profit", "trades", "turnover", "fees", "gross_exposure") == {
        "net_profit": "18",
        "trades": 0,
        "turnover": "320",
        "fees": "2",
        "gross_exposure": "100",
    }
    ledger.price("101")
    assert figures(ledger.seen("a"), "net_profit") == {"net_profit": "19"}


def test_a_bust_of_what_was_never_booked_changes_nothing() -> None:
    ledger = Ledger(CASH).price("100").fill("buy 1 @ 100")
    before = ledger.seen()
    busted = e.FillBusted(time_ns=0, source="", order_id="o", fill=_executed("7", "7", 7))
    with pytest.raises(ValueError, match="execution E-7 of o was never booked"):
        ledger.tell(busted, an_order("nobody", Side.BUY, BTC))
    assert ledger.seen() == before


def test_an_update_that_was_folded_changes_nothing() -> None:
    ledger = Ledger(CASH).price("100").fill("buy 1 @ 100 fee 1")
    before = ledger.seen()
    fill = e.OrderFilled(time_ns=0, source="", order_id="o", fill=_executed("1", "100", 1))
    ledger.book.on_update(e.OrderUpdate(1, fill, an_order("a", Side.BUY, BTC)))
    assert ledger.seen() == before
    refused = e.CommandRefused(
        time_ns=START,
        source="",
        order_id="x",
        strategy_id="a",
        command="CancelOrder",
        reason=Reason.UNKNOWN_ORDER,
        text="",
    )
    ledger.book.on_update(e.OrderUpdate(2, refused, None))
    assert [ledger.seen().sequence, ledger.seen().net_profit] == [2, before.net_profit]


def test_hedged_positions_are_trades_of_their_own_and_add_up_in_the_exposure() -> None:
    ledger = Ledger(CASH, hedged=True).price("100").fill("buy 3 @ 100").fill("sell 2 @ 102")
    # 3 long beside 2 short: nothing is closed. b has 1 short.
    ledger.fill("sell 1 @ 100", "b").price("104")
    exposures = [figures(ledger.seen(who), "gross_exposure", "net_exposure", "trades") for who in (None, "a", "b")]
    assert exposures == [
        {"gross_exposure": "624", "net_exposure": "0", "trades": 0},
        {"gross_exposure": "520", "net_exposure": "104", "trades": 0},
        {"gross_exposure": "104", "net_exposure": "-104", "trades": 0},
    ]
    # Reducing closes the short: 2 * (102 - 104) = -4. A stop of a bracket closes the long: 3 * 4 = 12, and opens 1.
    ledger.fill("buy 2 @ 104", reduce_only=True)
    assert figures(ledger.seen("a"), "trades", "average_loss") == {"trades": 1, "average_loss": "4"}
    ledger.fill("sell 4 @ 104", role=Role.STOP_LOSS)
    assert figures(ledger.seen("a"), "trades", "average_win", "net_exposure", "net_profit") == {
        "trades": 2,
        "average_win": "12",
        "net_exposure": "-104",
        "net_profit": "8",
    }
