"""The profit summary of a session: as JSON, and as a table that says the same."""

from __future__ import annotations

import sys
from decimal import Decimal

import pytest

from orderpit.cli import main
from orderpit.cli._data import DataReport
from orderpit.cli._outcome import Outcome
from orderpit.cli._output import Plain
from orderpit.cli._profit import show_profit

from ..model.ledger import BTC, Ledger
from .test_session import bars, session, waves


@pytest.fixture
def files(tmp_path):
    return ["--data", bars(tmp_path / "BTC-USDT.csv", waves(400))]


def test_json_has_the_figures_of_the_account_and_of_each_strategy(files, capsys):
    found, _ = session(capsys, *files, "--strategy", "crossover")
    account, strategies = found["performance"]["account"], found["performance"]["strategies"]
    assert list(strategies) == ["crossover"]
    assert account["trades"] == strategies["crossover"]["trades"] > 0
    # Two ways to the same: profit as a fold of prices, and realised + unrealised - fees.
    assert account["net_profit"] == strategies["crossover"]["net_profit"] == found["net"]["USDT"]
    assert account["equity"] == found["portfolio"]["equity"]["USDT"]
    assert account["fees"] == found["portfolio"]["fees"]["USDT"]
    # A bar each minute: a sample each, and the present is the last.
    times = [time_ns for time_ns, _ in account["curve"]]
    assert len(times) == 400
    assert [times[0], times[-1]] == [found["data"]["first_time_ns"], found["data"]["last_time_ns"]]
    lowest = min(Decimal(equity) for _, equity in account["curve"])
    assert Decimal(account["max_drawdown"]) >= Decimal(100_000) - lowest > 0
    assert Decimal(account["sharpe"]) != 0


def test_the_table_says_what_json_says(files, capsys):
    found, _ = session(capsys, *files, "--strategy", "crossover")
    assert main(["session", "--quiet", *files, "--strategy", "crossover"]) == 0
    lines = capsys.readouterr().out.splitlines()
    begin = lines.index("Profit in USDT")
    _, strategy, account, note, chart, *_ = lines[begin + 2 :]
    assert strategy.split()[0] == "crossover"
    assert account.split()[0] == "account"
    told = found["performance"]["account"]
    assert Decimal(account.split()[1]) == round(Decimal(told["net_profit"]), 2)
    assert str(told["trades"]) in account.split()
    assert note == "Ratios are of the returns of 1 min, annualised to 365 days"
    assert chart.startswith("equity  ")


def shown(ledger, capsys):
    account = ledger.seen()
    outcome = Outcome(
        stats={},
        portfolio=None,
        orders=(),
        audit=None,
        troubles=None,
        orderly=True,
        data=DataReport("none"),
        seconds=1,
        performance=account,
        strategies={name: ledger.seen(name) for name in account.strategies},
    )
    show_profit(Plain(sys.stdout), outcome)
    return capsys.readouterr().out.splitlines()


def test_a_summary_by_hand(capsys):
    ledger = Ledger({"USDT": "1000"}).price("100").fill("buy 2 @ 100 fee 1", "quoter").price("75")
    ledger.fill("sell 2 @ 75 fee 1", "quoter").fill("buy 1 @ 75", "[x]").price("80").fill("sell 1 @ 80", "[x]")
    # 2 * -25 - 2 = -52 of 1000; from 1000 down to 948 is 5.2 %. The other has earned 5.
    assert shown(ledger, capsys) == [
        "Profit in USDT",
        "--------------",
        "of       net profit  return   max drawdown  trades  hit rate  Sharpe  Sortino  turnover  fees",
        "quoter       -52.00  -5.20%  52.00 (5.20%)       1     0.00%       -        -    350.00  2.00",
        "[x]           +5.00  +0.50%           0.00       1   100.00%       -        -    155.00  0.00",
        "account      -47.00  -4.70%  52.00 (5.20%)       2    50.00%       -        -    505.00  2.00",
        "Ratios are of the returns of 1 min, annualised to 365 days",
        "equity  ▁",
        "        953 to 953, from 953 up to 953",
    ]


def test_money_of_no_currency_is_not_told(capsys):
    ledger = (
        Ledger({"USDT": "1000"}, None).price("100").fill("buy 2 @ 100 fee 1").fill("sell 2 @ 101 fee 1", symbol=BTC)
    )
    assert shown(ledger, capsys) == [
        "Profit",
        "------",
        "of       net profit  return  max drawdown  trades  hit rate  Sharpe  Sortino  turnover  fees",
        "a                 -       -             -       1     0.00%       -        -         -     -",
        "account           -       -             -       1     0.00%       -        -         -     -",
        "Prices count several currencies, and none is the account's: money is not told",
    ]


def test_nothing_is_shown_where_nothing_was_traded(capsys):
    assert shown(Ledger({"USDT": "1000"}).price("100"), capsys) == []
