"""Cost bases, hedged positions, strategies, deposits and rounding, in figures that are worked by hand."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from books import BTC, ETH, Books, figures

from orderpit.model.account import Currency
from orderpit.model.kinds import Role
from orderpit.model.rounding import rounded

CENTS = (Currency("USDT", places=2),)
LOTS = ("buy 2 @ 100", "buy 3 @ 110", "buy 1 @ 130")
SHORT_LOTS = ("sell 2 @ 100", "sell 3 @ 110", "sell 1 @ 130")


# -- cost bases


@pytest.mark.parametrize(
    ("basis", "fills", "mark", "shown"),
    [
        # Bought: 2 * 100 + 3 * 110 + 1 * 130 = 660 for 6. Sold 4 @ 120 = 480. Cash 10,000 - 660 + 480 = 9,820.
        # At 125 what is left, 2, is worth 250, so equity is 10,070 whatever was sold first.
        pytest.param(
            "average",
            (*LOTS, "sell 4 @ 120"),
            "125",
            # 4 * 110 = 440 released, 480 - 440 = 40; left 220, 250 - 220 = 30.
            {"cash": "9820", "realised": "40", "unrealised": "30", "equity": "10070", "long": "2 for 220"},
            id="average",
        ),
        pytest.param(
            "fifo",
            (*LOTS, "sell 4 @ 120"),
            "125",
            # 2 * 100 + 2 * 110 = 420 released, 480 - 420 = 60; left 110 + 130 = 240, 250 - 240 = 10.
            {"cash": "9820", "realised": "60", "unrealised": "10", "equity": "10070", "long": "2 for 240"},
            id="first in, first out",
        ),
        pytest.param(
            "lifo",
            (*LOTS, "sell 4 @ 120"),
            "125",
            # 130 + 3 * 110 = 460 released, 480 - 460 = 20; left 2 * 100 = 200, 250 - 200 = 50.
            {"cash": "9820", "realised": "20", "unrealised": "50", "equity": "10070", "long": "2 for 200"},
            id="last in, first out",
        ),
        pytest.param(
            "fifo",
            (*LOTS, "sell 8 @ 120"),
            "125",
            # A flip: 6 * 120 - 660 = 60 earned; 2 sold short for 240, worth -250. Cash 10,000 - 660 + 960.
            {"cash": "10300", "realised": "60", "unrealised": "-10", "equity": "10050", "short": "2 for 240"},
            id="first in, first out: a flip",
        ),
        pytest.param(
            "lifo",
            (*SHORT_LOTS, "buy 4 @ 105"),
            "125",
            # A short: 130 + 3 * 110 = 460 released, 460 - 420 = 40; 2 left for 200, worth -250. Cash 10,660 - 420.
            {"cash": "10240", "realised": "40", "unrealised": "-50", "equity": "9990", "short": "2 for 200"},
            id="last in, first out: a short",
        ),
        pytest.param(
            "fifo",
            (*SHORT_LOTS, "buy 4 @ 105", "buy 3 @ 90"),
            "125",
            # 200 + 220 - 420 = 0; then 110 + 130 - 180 = 60, and 1 long @ 90, worth 125. Cash 10,660 - 420 - 270.
            {"cash": "9970", "realised": "60", "unrealised": "35", "equity": "10095", "long": "1 for 90"},
            id="first in, first out: a short flips",
        ),
    ],
)
def test_which_lot_is_closed_first_makes_the_realised_profit(basis, fills, mark, shown):
    books = Books(basis)
    for words in fills:
        books.fill(words)
    assert figures(books.price(mark).seen()) == shown


@pytest.mark.parametrize(
    ("basis", "hedged", "opening", "slice_"),
    [
        # 1 * (43,290 - 43,250) = 40.00: each of the fills earns 0.004.
        pytest.param("average", False, ("buy 1 @ 43250",), "sell 0.0001 @ 43290", id="each earns less than a cent"),
        # 100 + 2 * 101 = 302 was paid for 3, at an average without an end; 3 * 114 = 342. 342 - 302 = 40.00.
        pytest.param("average", False, ("buy 1 @ 100", "buy 2 @ 101"), "sell 0.0003 @ 114", id="a third"),
        pytest.param("average", True, ("buy 1 @ 100", "buy 2 @ 101"), "sell 0.0003 @ 114", id="a third, hedged"),
        pytest.param("fifo", False, ("buy 1 @ 100", "buy 2 @ 101"), "sell 0.0003 @ 114", id="first in, first out"),
        pytest.param(
            "lifo", True, ("buy 1 @ 100", "buy 2 @ 101"), "sell 0.0003 @ 114", id="last in, first out, hedged"
        ),
    ],
)
def test_ten_thousand_fills_that_earned_40_book_40(basis, hedged, opening, slice_):
    books = Books(basis, hedged=hedged, currencies=CENTS)
    for words in opening:
        books.fill(words)
    for _ in range(10_000):
        books.fill(slice_, order_id="close", reduce_only=True)
    # The cash that is booked is in cents, and no cent is missing.
    assert figures(books.seen()) == {"cash": "10040", "realised": "40", "equity": "10040"}


# -- strategies


def test_what_strategies_realise_and_what_crosses_sum_to_the_account():
    books = Books().fill("buy 4 @ 100 fee 1", "a").fill("sell 3 @ 105 fee 2", "b").price("110")
    account = books.seen()
    # The account: 3 of 4 sold, 3 * (105 - 100) = 15; 1 left, 110 - 100 = 10. Cash 10,000 - 400 - 1 + 315 - 2.
    shown = {"cash": "9912", "realised": "15", "unrealised": "10", "fees": "3", "equity": "10022", "crossed": "15"}
    assert figures(account) == {**shown, "long": "1 for 100"}
    # a has sold nothing: 4 * (110 - 100) = 40. b is short: 3 * (105 - 110) = -15. 40 - 15 - 15 crossed = 10.
    of_a = {"cash": "-401", "unrealised": "40", "fees": "1", "equity": "39", "long": "4 for 400"}
    of_b = {"cash": "313", "unrealised": "-15", "fees": "2", "equity": "-17", "short": "3 for 315"}
    assert {name: figures(of) for name, of in account.strategies.items()} == {"a": of_a, "b": of_b}
    assert figures(books.seen("a")) == of_a


def test_without_a_price_the_account_is_worth_what_the_strategies_have_paid():
    account = Books().fill("buy 4 @ 100", "a").fill("sell 3 @ 105", "b").seen()
    # 10,000 - 400 + 315 = 9,915 and positions that cost 400 - 315 = 85. What crossed, 15, is in what is left as -15.
    shown = {"cash": "9915", "realised": "15", "unrealised": "-15", "equity": "10000", "crossed": "15"}
    assert figures(account) == {**shown, "long": "1 for 100"}


def test_nobody_s_snapshot_is_empty():
    snapshot = Books().fill("buy 1 @ 1").seen("nobody")
    assert (snapshot.cash, snapshot.positions, snapshot.equity, snapshot.strategies) == ({}, {}, {}, {})


def test_a_strategy_has_the_symbols_that_it_has_traded():
    books = Books().fill("buy 1 @ 1", "a").fill("buy 2 @ 1", "b", symbol=ETH)
    assert (set(books.seen("a").positions), set(books.seen().positions)) == ({BTC}, {BTC, ETH})


# -- hedged


def test_hedged_an_order_opens_its_own_side_and_only_one_that_reduces_closes():
    books = Books(hedged=True).fill("buy 5 @ 100").fill("sell 2 @ 110").price("105")
    # Both stand: 5 * 5 = 25 and 2 * 5 = 10. Cash 10,000 - 500 + 220.
    both = {"cash": "9720", "unrealised": "35", "equity": "10035", "long": "5 for 500", "short": "2 for 220"}
    assert figures(books.seen()) == both
    # 3 * (120 - 100) = 60 earned, 2 left, 2 * 5 = 10 to come beside the 10 of the short. Cash 9,720 + 360.
    books.fill("sell 3 @ 120", reduce_only=True)
    closed = {"cash": "10080", "realised": "60", "unrealised": "20", "long": "2 for 200", "short": "2 for 220"}
    assert figures(books.seen()) == {**closed, "equity": "10080"}
    # 2 close the short, 2 * (110 - 104) = 12, and the third goes to the long side, for 200 + 104. Cash 10,080 - 312.
    books.fill("buy 3 @ 104", reduce_only=True)
    flipped = {"cash": "9768", "realised": "72", "unrealised": "11", "equity": "10083", "long": "3 for 304"}
    assert figures(books.seen()) == flipped


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        pytest.param(Role.PROFIT_TARGET, {"realised": "10", "equity": "10010"}, id="profit target"),
        pytest.param(Role.STOP_LOSS, {"realised": "10", "equity": "10010"}, id="stop loss"),
        pytest.param(Role.ENTRY, {"equity": "10000", "long": "1 for 100", "short": "1 for 110"}, id="entry"),
    ],
)
def test_hedged_the_exits_of_a_bracket_close(role, shown):
    books = Books(hedged=True).fill("buy 1 @ 100").fill("sell 1 @ 110", role=role)
    assert figures(books.seen()) == {"cash": "10010", **shown}


def test_hedged_a_position_shows_both_sides_and_no_average_of_them():
    books = Books(hedged=True).fill("buy 5 @ 100").fill("sell 2 @ 110")
    position = books.seen().positions[BTC]
    assert (position.quantity, position.cost, position.average_price) == (3, 280, 0)
    assert [(side.quantity, side.cost, side.average_price) for side in (position.long, position.short)] == [
        (5, 500, 100),
        (2, 220, 110),
    ]
    assert books.fill("sell 5 @ 1", reduce_only=True).seen().positions[BTC].average_price == 110


def test_hedged_one_strategy_closes_nothing_of_another_s():
    books = Books(hedged=True).fill("buy 5 @ 100", "a").fill("sell 2 @ 110", "b", reduce_only=True).price("100")
    # b has no long to close: it opens a short. The account has both, and nothing has crossed.
    assert figures(books.seen()) == {
        "cash": "9720",
        "unrealised": "20",
        "equity": "10020",
        "long": "5 for 500",
        "short": "2 for 220",
    }


def test_hedged_the_account_pools_what_strategies_hold_on_one_side():
    books = Books(hedged=True).fill("buy 1 @ 100", "a").fill("buy 1 @ 120", "b")
    books.fill("sell 1 @ 130", "a", reduce_only=True).price("130")
    account = books.seen()
    # a: 130 - 100 = 30. The account at an average of 110: 130 - 110 = 20. So 20 - 30 = -10 has crossed.
    assert (account.realised_pnl["USDT"], account.crossed["USDT"], account.unrealised_pnl["USDT"]) == (20, -10, 20)
    assert account.strategies["a"].realised_pnl["USDT"] == 30
    assert account.strategies["b"].unrealised_pnl["USDT"] == 10


# -- fees, deposits


def test_each_fee_is_booked_in_its_own_currency_and_a_rebate_comes_in():
    books = Books().fill("buy 1 @ 100 fee 0.001 BTC").fill("buy 1 @ 100 fee 0.02 BNB").fill("buy 1 @ 100 fee -0.05")
    seen = books.price("100").seen()
    assert seen.cash == {"USDT": Decimal("9700.05"), "BTC": Decimal("-0.001"), "BNB": Decimal("-0.02")}
    assert seen.fees == {"USDT": Decimal("-0.05"), "BTC": Decimal("0.001"), "BNB": Decimal("0.02")}
    assert seen.equity == {"USDT": Decimal("10000.05"), "BTC": Decimal("-0.001"), "BNB": Decimal("-0.02")}


def test_money_paid_in_and_out_is_no_profit():
    books = Books().pay("500").fill("buy 1 @ 100").pay("-200").pay("3", "EUR").price("110")
    shown = {"cash": "10200", "unrealised": "10", "equity": "10310", "deposits": "300", "long": "1 for 100"}
    assert figures(books.seen()) == shown
    assert books.seen().cash["EUR"] == books.seen().equity["EUR"] == books.seen().deposits["EUR"] == 3
    assert (books.seen("a").deposits, books.seen("a").cash["USDT"]) == ({}, -100)


# -- rounding


@pytest.mark.parametrize(
    ("rule", "amounts"),
    [
        # Of 0.125, 0.135, 0.126, and below zero: where the rule for a tie decides, and where it does not.
        pytest.param("half-even", ("0.12", "0.14", "0.13", "-0.12"), id="half-even"),
        pytest.param("half-up", ("0.13", "0.14", "0.13", "-0.13"), id="half-up"),
        pytest.param("half-down", ("0.12", "0.13", "0.13", "-0.12"), id="half-down"),
        pytest.param("up", ("0.13", "0.14", "0.13", "-0.13"), id="up"),
        pytest.param("down", ("0.12", "0.13", "0.12", "-0.12"), id="down"),
    ],
)
def test_each_rule_of_rounding(rule, amounts):
    currency = Currency("USDT", places=2, rounding=rule)
    found = tuple(str(rounded(Decimal(amount), currency)) for amount in ("0.125", "0.135", "0.126", "-0.125"))
    assert found == amounts


def test_a_currency_without_places_is_exact():
    assert rounded(Decimal("0.123456789"), Currency("USDT")) == Decimal("0.123456789")


def test_what_is_rounded_is_the_sum_of_an_order_s_cash():
    books = Books(currencies=CENTS)
    cash = []
    for _ in range(3):
        books.fill("buy 0.333 @ 10.01 fee 0.0033", order_id="o")
        cash.append(str(books.seen().cash["USDT"]))
    # 0.333 * 10.01 = 3.33333: 3.33, 6.67 (6.66666), 10.00 (9.99999); fees 0.00, 0.01 (0.0066), 0.01 (0.0099).
    assert cash == ["9996.67", "9993.32", "9989.99"]
    # Exactly 9,990.00001 - 0.0099 = 9,989.99011 would be there: -0.00001 and -0.0001 are rounding.
    seen = books.seen()
    assert (seen.rounding["USDT"], seen.fees["USDT"]) == (Decimal("-0.00011"), Decimal("0.0099"))


def test_each_order_is_rounded_for_itself_and_counts_for_its_strategy():
    books = Books(currencies=CENTS).fill("buy 1 @ 0.003", "a").fill("buy 1 @ 0.004", "a").fill("sell 1 @ 0.006", "b")
    # 0.003 and 0.004 are booked as nothing, 0.006 as 0.01: a gains 0.007, b 0.004.
    account = books.seen()
    assert account.cash["USDT"] == Decimal("10000.01")
    rounding = {name: str(of.rounding["USDT"]) for name, of in account.strategies.items()}
    assert (rounding, account.rounding["USDT"]) == ({"a": "0.007", "b": "0.004"}, Decimal("0.011"))


def test_only_the_currency_that_states_its_places_is_rounded():
    books = Books(currencies=(Currency("BNB", places=1), Currency("USDT"))).fill("buy 1 @ 0.003 fee 0.06 BNB")
    seen = books.seen()
    assert seen.cash == {"USDT": Decimal("9999.997"), "BNB": Decimal("-0.1")}
    assert (seen.rounding, seen.fees) == ({"BNB": Decimal("-0.04")}, {"BNB": Decimal("0.06")})


def test_a_bust_takes_its_rounding_back():
    books = Books(currencies=CENTS)
    for words in ("buy 1 @ 0.003", "buy 1 @ 0.004"):
        books.fill(words, order_id="o")
    assert books.seen().rounding["USDT"] == Decimal("-0.003")
    # 0.007 was booked as 0.01; 0.004 is booked as nothing.
    seen = books.bust(*books.fills[0]).seen()
    assert (seen.cash["USDT"], seen.rounding["USDT"]) == (10_000, Decimal("0.004"))


# -- taken back


@pytest.mark.parametrize("basis", ["average", "fifo", "lifo"])
@pytest.mark.parametrize("place", [0, 63, 64, 65, 128, 199])
def test_an_execution_among_many_is_taken_back_as_if_it_had_never_been(basis, place):
    # Two hundred buys and sells in turns: the checkpoints that a bust is folded from are every 64.
    words = [f"{'sell' if n % 3 else 'buy'} {n % 7 + 1} @ {100 + n % 11}" for n in range(200)]
    books, without = Books(basis), Books(basis)
    for number, text in enumerate(words):
        books.fill(text, "ab"[number % 2], order_id=f"o-{number}")
        if number != place:
            without.fill(text, "ab"[number % 2], order_id=f"o-{number}")
    assert books.bust(*books.fills[place]).seen() == without.seen()
    # And what comes then, another one taken back among it, finds the checkpoints as they should be.
    for one in (books, without):
        one.fill("buy 9 @ 50", "a", order_id="later")
    order, fill = books.fills[150]
    assert (
        books.bust(order, fill).seen()
        == without.bust(order, attrs.evolve(fill, execution_id=_id(without, order))).seen()
    )


def _id(books, order):
    return next(fill.execution_id for one, fill in books.fills if one.order_id == order.order_id)


def test_an_execution_of_another_order_with_the_same_id_stays():
    books = Books().fill("buy 1 @ 100", order_id="one")
    order, fill = books.fills[0]
    other = attrs.evolve(order, order_id="other", strategy_id="b")
    books.execute(other, fill).bust(order, fill)
    assert (books.seen("a").positions[BTC].quantity, books.seen("b").positions[BTC].quantity) == (0, 1)


def test_hedged_a_bust_turns_what_was_closed_into_what_was_opened():
    books = Books(hedged=True).fill("buy 2 @ 100", "a").fill("buy 3 @ 100", "b")
    books.fill("sell 2 @ 110", "a", reduce_only=True).price("110")
    # Without the buy there was nothing to close: the sell has opened a short. b's long is as it was.
    seen = books.bust(*books.fills[0]).seen()
    held = {name: figures(of) for name, of in seen.strategies.items()}
    # 3 * (110 - 100) = 30 is b's; a's short is worth what it has brought in.
    assert held == {
        "a": {"cash": "220", "short": "2 for 220"},
        "b": {"cash": "-300", "unrealised": "30", "equity": "30", "long": "3 for 300"},
    }
    position = seen.positions[BTC]
    assert (position.long.quantity, position.short.quantity) == (3, 2)
    assert seen.realised_pnl["USDT"] == 0
    assert seen.equity["USDT"] == 10_030


def test_what_a_checker_looks_at_is_the_account_s():
    books = Books(currencies=CENTS).pay("7").fill("buy 1 @ 0.003").fill("buy 1 @ 2", "b")
    # Neither rounded nor with the deposit: 10,000 - 0.003 - 2.
    assert books.book.exact_cash == {"USDT": Decimal("9997.997")}
    assert (books.book.holding(BTC).quantity, books.book.holding(ETH).quantity) == (2, 0)
