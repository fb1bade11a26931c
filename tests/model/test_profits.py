"""Profit by scope, since midnight and from its highest, by figures worked out by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orderpit.model.checking import Scope
from orderpit.model.kinds import Side
from orderpit.model.limits import RiskLimits
from orderpit.model.numbers import ZERO, multiply, negate, plain, subtract, total
from orderpit.model.profits import DAY_NS, scopes_around

from .ledger import BTC, ETH, EUR, INSTRUMENTS
from .losing import ACCOUNT, ALL, MIDNIGHT, NOON, SECOND, Losses, watched

DAILY = RiskLimits(max_daily_loss="100")


def test_profit_is_realised_and_unrealised_less_fees() -> None:
    losses = watched().price("100")
    losses.fills("buy 4 @ 100 fee 1", "sell 1 @ 110 fee 1")
    # Paid 400, brought in 110, fees 2, and 3 are held at 100: 110 - 400 - 2 + 300.
    assert losses.profit() == "8"
    losses.price("90")
    assert losses.profit() == "-22"
    losses.price("95", ETH)
    assert losses.profit() == "-22", "of what is not held the price says nothing"


def test_each_scope_has_its_own_and_those_of_the_strategies_sum_to_the_account() -> None:
    losses = watched().price("100").price("10", ETH)
    losses.fill("buy 1 @ 100", "a", BTC)
    losses.fill("sell 2 @ 100", "b", BTC)
    losses.fill("buy 5 @ 10", "a", ETH)
    losses.price("103").price("9", ETH)
    # a: 1 * 3 in BTC, 5 * -1 in ETH; b: -2 * 3.
    assert losses.profit(Scope("a", BTC)) == "3"
    assert losses.profit(Scope("a", ETH)) == "-5"
    assert losses.profit(Scope("a")) == "-2"
    assert losses.profit(Scope("b")) == "-6"
    assert losses.profit(Scope(symbol=BTC)) == "-3"
    assert losses.profit() == "-8"


def test_money_of_another_currency_is_worth_what_it_is_worth_now() -> None:
    losses = watched().price("100", EUR).price("2", "EUR/USDT").price("5", "BNB/USDT")
    losses.fill("buy 1 @ 100 fee 0.2 BNB", "a", EUR)
    losses.price("110", EUR)
    # 10 EUR at 2, less 0.2 BNB at 5.
    assert losses.profit() == "19"
    losses.price("3", "EUR/USDT")
    assert losses.profit() == "29"
    losses.price("10", "BNB/USDT")
    assert losses.profit() == "28"


def test_without_a_price_the_profit_is_not_known() -> None:
    losses = watched()
    fill = losses.fill("buy 1 @ 100")
    losses.fill("buy 1 @ 10", symbol=EUR)
    assert (losses.profit(), losses.loss(), losses.fall()) == ("unknown",) * 3
    assert losses.profit(Scope("b")) == "0", "it has none of them"
    losses.price("101")
    assert losses.profit() == "unknown", "the euros have no rate"
    assert losses.profit(Scope(symbol=BTC)) == "1"
    losses.price("11", EUR)
    # 1 BTC cost 10 EUR and is worth 11, which at 101 / 11 USDT each is 101; the 10 that were paid are 10 * 101 / 11.
    assert losses.profit(Scope(symbol=EUR)).startswith("9.1818181818")
    losses.bust(Side.BUY, fill)
    assert losses.profit().startswith("9.1818181818")


def test_without_an_account_currency_no_profit_is_known() -> None:
    losses = watched(currency=None).price("100")
    losses.fills("buy 1 @ 100")
    losses.price("101")
    assert (losses.profit(), losses.loss(), losses.fall()) == ("unknown",) * 3


def test_a_position_in_a_symbol_that_is_not_traded_counts_once_it_has_a_price() -> None:
    losses = watched()
    losses.fill("sell 1 @ 7", symbol="X/USDT")
    assert losses.profit() == "unknown"
    losses.fill("buy 1 @ 5", symbol="X/USDT")
    assert losses.profit() == "2"


def test_a_bust_and_a_correction_are_as_if_it_had_been_so_from_the_beginning() -> None:
    losses = watched().price("100")
    first = losses.fill("buy 1 @ 90 fee 1")
    second = losses.fill("buy 1 @ 80 fee 1")
    # 10 - 1 and 20 - 1.
    assert losses.profit() == "28"
    losses.correct(Side.BUY, first, "95")
    assert losses.profit() == "23"
    losses.bust(Side.BUY, second)
    assert losses.profit() == "4"


# -- since midnight


def test_the_loss_of_a_day_begins_at_midnight_with_the_profit_as_it_stood() -> None:
    losses = Losses(DAILY).price("100").fills("buy 10 @ 100")
    losses.price("97")
    assert losses.loss() == "30"
    losses.at(MIDNIGHT + DAY_NS - 1).price("96")
    assert losses.loss() == "40"
    # What is lost between the last price of the one day and the first of the other counts to the other.
    losses.at(MIDNIGHT + DAY_NS).price("91")
    assert losses.loss() == "50"
    assert losses.profit() == "-90"
    losses.price("98")
    assert losses.loss() == "0", "a profit is no loss"
    losses.at(NOON).price("90")
    assert losses.loss() == "60", "a time from before begins no day"


def test_days_without_data_count_to_the_next_that_has_some() -> None:
    losses = Losses(DAILY).price("100").fills("buy 1 @ 100")
    losses.at(NOON + 5 * DAY_NS).price("80").price("70")
    assert losses.loss() == "30"
    assert losses.loss(now=NOON + 6 * DAY_NS) == "0", "the next day has begun, and nothing has happened in it"


def test_an_update_begins_a_day_as_well() -> None:
    losses = Losses(DAILY).price("100").fills("buy 1 @ 100").price("80")
    losses.at(NOON + DAY_NS).fill("sell 1 @ 75")
    assert losses.loss() == "5"


def test_a_day_that_begins_without_a_price_begins_with_the_first_profit_that_is_known() -> None:
    losses = Losses(DAILY).price("1", ETH).fills("buy 1 @ 100")
    losses.at(NOON + DAY_NS).price("1", ETH)
    assert losses.loss() == "unknown"
    losses.price("90").price("85")
    assert (losses.profit(), losses.loss()) == ("-15", "5")


def test_a_limit_that_is_set_at_noon_counts_from_midnight_and_the_highest_from_then_on() -> None:
    losses = Losses().price("100").fills("buy 10 @ 100").price("120")
    losses.at(NOON + DAY_NS).price("118")
    losses.price("117")
    losses.checks.held_to(RiskLimits(max_daily_loss="1", max_drawdown="1"))
    # 200 until midnight, 170 now.
    assert (losses.profit(), losses.loss(), losses.fall()) == ("170", "30", "0")
    losses.price("116")
    assert (losses.loss(), losses.fall()) == ("40", "10")


def test_a_limit_of_one_strategy_that_is_set_at_noon_counts_what_that_one_has_lost_since_midnight() -> None:
    losses = Losses().price("100").fills("buy 10 @ 100", strategy="a").fills("buy 1 @ 90", strategy="b")
    losses.at(NOON + DAY_NS).price("95")
    losses.checks.held_to(RiskLimits(strategies={"b": RiskLimits(max_daily_loss="1")}))
    # At midnight b had earned 10, and now 5.
    assert (losses.profit(Scope("b")), losses.loss(Scope("b"))) == ("5", "5")


def test_a_limit_that_is_set_where_the_day_began_without_a_price_knows_no_loss_until_there_is_one() -> None:
    losses = Losses().price("1", ETH).fills("buy 1 @ 100")
    losses.at(NOON + DAY_NS).price("1", ETH)
    losses.checks.held_to(DAILY)
    assert losses.loss() == "unknown"
    losses.price("90").price("88")
    assert losses.loss() == "2"


def test_limits_that_are_taken_away_and_set_again_begin_with_all_that_has_happened() -> None:
    losses = Losses(RiskLimits(max_drawdown="1")).price("100").fills("buy 1 @ 100").price("110").price("105")
    assert losses.fall() == "5"
    losses.checks.held_to(RiskLimits(max_drawdown="2", instruments={BTC: RiskLimits(max_daily_loss="1")}))
    assert losses.fall() == "5", "the highest stays"
    assert losses.profit(Scope(symbol=BTC)) == "5"
    losses.checks.held_to(RiskLimits())
    losses.fills("sell 1 @ 105", "buy 1 @ 50")
    losses.checks.held_to(DAILY)
    assert losses.profit() == "60"


# -- whatever happens

_cents = st.decimals("1", "200", places=2).map(plain)
_traded = [BTC, ETH, EUR]
_prices = st.tuples(st.just("price"), st.sampled_from([*_traded, "EUR/USDT", "BNB/USDT"]), _cents)
_fills = st.tuples(
    st.just("fill"),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(_traded),
    st.sampled_from(["buy", "sell"]),
    st.integers(1, 6),
    _cents,
    st.sampled_from([0, 1, 3]),
    st.sampled_from(["USDT", "EUR", "BNB", "BTC"]),
)
_busts = st.tuples(st.just("bust"), st.integers(0, 30), st.booleans(), _cents)
_pauses = st.tuples(st.just("pause"), st.sampled_from([SECOND, DAY_NS // 2, DAY_NS]))
_steps = st.lists(st.one_of(_prices, _fills, _fills, _busts, _pauses), max_size=20)
PRICED = [
    ("price", BTC, "100"),
    ("price", ETH, "10"),
    ("price", EUR, "90"),
    ("price", "EUR/USDT", "1.1"),
    ("price", "BNB/USDT", "5"),
]


def tell(losses: Losses, step: tuple, filled: list, slices: int = 1) -> None:
    match step:
        case ("price", symbol, price):
            losses.price(price, symbol)
        case ("pause", time):
            losses.at(losses.now + time)
        case ("bust", at, busts, price):
            if filled:
                side, strategy, symbol, fill = filled.pop(at % len(filled))
                if busts:
                    losses.bust(side, fill, strategy, symbol)
                else:
                    filled.append((side, strategy, symbol, losses.correct(side, fill, price, strategy, symbol)))
        case (_, strategy, symbol, side, quantity, price, fee, currency):
            for _ in range(slices):
                words = f"{side} {quantity * 12 // slices} @ {price} fee {fee * 12 // slices} {currency}"
                filled.append((Side(side.upper()), strategy, symbol, losses.fill(words, strategy, symbol)))


def told(steps, slices: int = 1) -> Losses:
    losses, filled = watched(), []
    for step in (*PRICED, *steps):
        tell(losses, step, filled, slices)
    return losses


def everything(losses: Losses) -> list:
    return [(losses.profit(scope), losses.loss(scope), losses.fall(scope), losses.row(scope)) for scope in ALL]


@given(_steps)
def test_the_profit_of_the_account_is_that_of_the_portfolio_after_each_step(steps) -> None:
    losses, filled = watched(), []
    for step in PRICED:
        tell(losses, step, filled)
    for step in steps:
        tell(losses, step, filled)
        seen = losses.portfolio.snapshot()
        amounts = {code: negate(fee) for code, fee in seen.fees.items()}
        for earned in (seen.realised_pnl, seen.unrealised_pnl):
            for code, amount in earned.items():
                amounts[code] = total((amounts.get(code, ZERO), amount))
        expected = losses.conversion.total(amounts, "USDT")
        profit = losses.checks.profits.profit(ACCOUNT)
        assert profit == expected


@given(_steps)
def test_strategies_and_symbols_sum_to_the_account(steps) -> None:
    losses = told(steps)
    profit = losses.checks.profits.profit
    account = profit(ACCOUNT)
    assert account == total(profit(Scope(name)) for name in ("a", "b", "c"))
    assert account == total(profit(Scope(symbol=symbol)) for symbol in _traded)
    assert account == total(profit(Scope(name, symbol)) for name in ("a", "b", "c") for symbol in _traded)


@given(_steps.filter(lambda steps: all(step[0] != "bust" for step in steps)), st.sampled_from([2, 3, 12]))
def test_slicing_fills_changes_nothing(steps, slices: int) -> None:
    assert everything(told(steps, slices)) == everything(told(steps))


@given(_steps, st.integers(0, 20))
def test_whoever_looks_late_sees_what_whoever_looked_all_along_does(steps, late: int) -> None:
    steps = [*PRICED, *steps]
    early, idle = watched(), Losses()
    for losses in (early, idle):
        filled: list = []
        for at, step in enumerate(steps):
            if at == late:
                losses.checks.always_watch(ALL, ALL)
            tell(losses, step, filled)
        losses.checks.always_watch(ALL, ALL)
    for scope in ALL:
        assert early.profit(scope) == idle.profit(scope)
        assert early.loss(scope) == idle.loss(scope)
        assert early.row(scope) == idle.row(scope)


@given(_steps)
def test_what_is_kept_is_what_is_computed_from_scratch(steps) -> None:
    losses, filled = watched(), []
    for step in (*PRICED, *steps):
        tell(losses, step, filled)
    convert = losses.conversion.convert
    for scope in ALL:
        worth = ZERO
        for side, strategy, symbol, fill in filled:
            if scope in scopes_around(strategy, symbol):
                gained = subtract(losses.conversion.price(symbol), fill.price)
                gained = multiply(gained if side is Side.BUY else negate(gained), fill.quantity)
                gained = convert(gained, INSTRUMENTS[symbol].quote, "USDT")
                worth = total((worth, gained, negate(convert(fill.fee, fill.fee_currency, "USDT"))))
        assert losses.checks.profits.profit(scope) == worth
