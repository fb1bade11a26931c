from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeAlias

import attrs
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model.conversion import Conversion
from orderpit.model.events import OrderUpdate
from orderpit.model.numbers import add, multiply, plain, subtract, total
from orderpit.model.performance import Performance
from orderpit.model.portfolio import PortfolioBook

from .ledger import BTC, ETH, EUR, INSTRUMENTS, Ledger

CASH = {"USDT": "100000", "EUR": "500"}
Step: TypeAlias = tuple[str, ...]

_cents = st.decimals("1", "200", places=2).map(plain)
_symbols = st.sampled_from([BTC, ETH, EUR])
_prices = st.tuples(st.just("price"), st.sampled_from([BTC, ETH, EUR, "EUR/USDT", "BNB/USDT"]), _cents)
_fills = st.tuples(
    st.just("fill"),
    st.sampled_from(["a", "b", "c"]),
    _symbols,
    st.sampled_from(["buy", "sell"]),
    st.integers(1, 60).map(str),
    _cents,
    st.sampled_from(["0", "0.6", "6"]),
    st.sampled_from(["USDT", "EUR", "BNB"]),
)
_payments = st.tuples(st.just("pay"), st.sampled_from(["-50", "300"]), st.sampled_from(["USDT", "EUR"]))
_steps = st.lists(st.one_of(_prices, _fills, _fills, _payments), max_size=25)
_PAST: dict[str, Any] = dict.fromkeys(
    (
        *("curve", "peak", "drawdown", "drawdown_fraction", "max_drawdown", "max_drawdown_fraction"),
        *("total_return", "sharpe", "sortino"),
    )
) | {"strategies": (), "time_ns": 0}
"""What an execution that was restated leaves as it was known before."""
_priced = [("price", BTC, "100"), ("price", ETH, "10"), ("price", EUR, "90"), ("price", "EUR/USDT", "1.1")]
_all_priced = [*_priced, ("price", "BNB/USDT", "5")]


def told(steps: Iterable[Step], slices: int = 1, *, hedged: bool = False) -> Ledger:
    """A second for each; a fill in so many equal slices, one after the other."""
    ledger = Ledger(CASH, hedged=hedged)
    for second, step in enumerate(steps, start=1):
        ledger.after(second * 20)
        match step:
            case ("price", symbol, price):
                ledger.price(price, symbol)
            case ("pay", amount, currency):
                ledger.pay(amount, currency)
            case (_, strategy, symbol, side, quantity, price, fee, currency):
                # Of sixty parts each slice has the same whole number, so that nothing is rounded.
                sliced = [plain(multiply(Decimal(n), Decimal(60 // slices))) for n in (quantity, fee)]
                for _ in range(slices):
                    ledger.fill(f"{side} {sliced[0]} @ {price} fee {sliced[1]} {currency}", strategy, symbol)
            case _:
                raise AssertionError(step)
    return ledger


def everyone(ledger: Ledger) -> list[Performance]:
    seen = [ledger.seen(who) for who in (None, "a", "b", "c")]
    return [attrs.evolve(one, sequence=0) for one in seen]


@given(_steps, st.sampled_from([2, 3, 5, 12]), st.booleans())
def test_slicing_fills_changes_nothing(steps: list[Step], slices: int, hedged: bool) -> None:  # noqa: FBT001  # drawn
    whole = told([*_priced, *steps], hedged=hedged)
    sliced = told([*_priced, *steps], slices, hedged=hedged)
    assert everyone(sliced) == everyone(whole)


@given(_steps)
def test_strategies_sum_to_the_account(steps: list[Step]) -> None:
    ledger = told([*_all_priced, *steps])
    account, *strategies = everyone(ledger)
    for figure in ("net_profit", "fees", "turnover", "net_exposure"):
        assert getattr(account, figure) == total(getattr(one, figure) for one in strategies), figure
    for count in ("trades", "won", "lost"):
        assert getattr(account, count) == sum(getattr(one, count) for one in strategies), count
    assert account.gross_exposure is not None
    assert account.gross_exposure <= total(one.gross_exposure or Decimal(0) for one in strategies)


@given(_steps)
def test_the_deepest_falls_are_those_of_the_equity_after_each_step(steps: list[Step]) -> None:
    steps = [*_all_priced, *steps]
    gains, levels, factor = [Fraction(0)], list[Fraction](), Fraction(1)
    # So much that the equity stays above zero, and each fall has a fraction.
    ledger = Ledger({**CASH, "USDT": "1000000000"})
    for step in steps:
        before = ledger.seen()
        _tell(ledger, step)
        seen = ledger.seen()
        if seen.equity is None or seen.paid_in is None:
            continue
        assert seen.drawdown is not None
        assert seen.drawdown >= 0
        if step[0] == "pay" and before.equity is not None:
            factor *= Fraction(before.equity) / Fraction(seen.equity)
        gains.append(Fraction(seen.equity) - Fraction(seen.paid_in))
        levels.append(Fraction(seen.equity) * factor)
    seen = ledger.seen()
    assert Fraction(seen.max_drawdown or 0) == _deepest(gains)
    deepest = max((1 - low / high for high, low in _falls(levels)), default=Fraction(0))
    assert abs(Fraction(seen.max_drawdown_fraction or 0) - deepest) < Fraction(1, 10**30)


def _tell(ledger: Ledger, step: Step) -> None:
    match step:
        case ("price", symbol, price):
            ledger.price(price, symbol)
        case ("pay", amount, currency):
            ledger.pay(amount, currency)
        case (_, strategy, symbol, side, quantity, price, fee, currency):
            ledger.fill(f"{side} {quantity} @ {price} fee {fee} {currency}", strategy, symbol)
        case _:
            raise AssertionError(step)


def _falls(levels: list[Fraction]) -> list[tuple[Fraction, Fraction]]:
    """Each level beside the highest until then."""
    high, found = levels[0] if levels else Fraction(0), list[tuple[Fraction, Fraction]]()
    for level in levels:
        high = max(high, level)
        found.append((high, level))
    return found


def _deepest(levels: list[Fraction]) -> Fraction:
    return max((high - low for high, low in _falls(levels)), default=Fraction(0))


@given(_steps, st.lists(st.tuples(st.integers(0, 24), st.booleans()), max_size=3), st.booleans())
def test_the_profit_is_what_the_portfolio_says(
    steps: list[Step],
    restated: list[tuple[int, bool]],
    hedged: bool,  # noqa: FBT001  # drawn
) -> None:
    ledger = told([*_all_priced, *steps], hedged=hedged)
    for place, busts in restated:
        ledger.restate(place, busts=busts)
    opening = {code: Decimal(amount) for code, amount in CASH.items()}
    portfolio = PortfolioBook(INSTRUMENTS, opening, hedged=hedged)
    for message in ledger.told:
        if isinstance(message, OrderUpdate):
            portfolio.on_update(message)
        else:
            portfolio.on_market_data(message)
    rates = Conversion(INSTRUMENTS)
    for message in ledger.told:
        if not isinstance(message, OrderUpdate):
            rates.on_market_data(message)
    for who in (None, "a", "b", "c"):
        book, seen = portfolio.snapshot(who), ledger.seen(who)
        profit = {
            currency: subtract(
                add(book.realised_pnl.get(currency, Decimal(0)), book.unrealised_pnl.get(currency, Decimal(0))),
                book.fees.get(currency, Decimal(0)),
            )
            for currency in ("USDT", "EUR", "BNB")
        }
        # The portfolio rounds a cost that has no end to 40 places; what it releases and keeps add up to the same.
        assert seen.net_profit == rates.total(profit, "USDT")
        assert seen.fees == rates.total(book.fees, "USDT")
        if who is None:
            assert seen.equity == rates.total(book.equity, "USDT")
    never_was = everyone(ledger.anew(Ledger(CASH, hedged=hedged)))
    assert [attrs.evolve(one, **_PAST) for one in everyone(ledger)] == [attrs.evolve(one, **_PAST) for one in never_was]


@given(_steps)
def test_the_profit_is_that_of_valuing_everything_anew(steps: list[Step]) -> None:
    ledger = told([*_all_priced, *steps])
    prices: dict[str, Fraction] = {}
    held: dict[str, Fraction] = {}
    money: dict[str, Fraction] = {}
    for step in (*_all_priced, *steps):
        match step:
            case ("price", symbol, price):
                prices[symbol] = Fraction(price)
            case ("fill", _, symbol, side, quantity, price, fee, currency):
                # told() books sixty times as much.
                sign, quote = (60 if side == "buy" else -60), symbol.partition("/")[2]
                held[symbol] = held.get(symbol, Fraction(0)) + sign * Fraction(quantity)
                money[quote] = money.get(quote, Fraction(0)) - sign * Fraction(quantity) * Fraction(price)
                money[currency] = money.get(currency, Fraction(0)) - 60 * Fraction(fee)
            case _:
                pass
    for symbol, quantity in held.items():
        quote = symbol.partition("/")[2]
        money[quote] += quantity * prices[symbol]
    rates = {"USDT": Fraction(1), "EUR": prices["EUR/USDT"], "BNB": prices["BNB/USDT"]}
    expected = sum(amount * rates[currency] for currency, amount in money.items())
    net_profit = ledger.seen().net_profit
    assert net_profit is not None
    assert Fraction(net_profit) == expected


@given(st.lists(st.decimals("50", "150", places=2), min_size=3, max_size=30))
def test_returns_of_a_curve_of_random_prices_are_those_of_its_points(prices: list[Decimal]) -> None:
    ledger = Ledger({"USDT": "1000"}).price("100").fill("buy 3 @ 100 fee 1")
    for minute, price in enumerate(prices, start=1):
        ledger.after(minute * 60 - 1).price(price).after(minute * 60).price(price)
    points = [point.equity for point in ledger.seen().curve]
    held = [add(Decimal(999), multiply(Decimal(3), subtract(price, Decimal(100)))) for price in prices]
    assert points == [1000, *held]
    returns = [Fraction(b) / Fraction(a) - 1 for a, b in pairwise(points)]
    mean = sum(returns) / len(returns)
    variance = sum((value - mean) ** 2 for value in returns) / (len(returns) - 1)
    sharpe = ledger.seen().sharpe
    if variance > Fraction(1, 10**20):
        assert sharpe is not None
        square = mean**2 / variance * (365 * 24 * 60)
        assert abs(Fraction(sharpe) ** 2 - square) <= square / 10**12 + Fraction(1, 10**12)
