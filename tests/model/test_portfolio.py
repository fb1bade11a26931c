from __future__ import annotations

import decimal
from collections.abc import Iterable
from decimal import Decimal
from itertools import accumulate, count

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderpit.model import events as e
from orderpit.model.booking import Entry, Flows, balances, entries, fees_after, quote_of
from orderpit.model.commands import SubmitOrder
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import OrderType, Reason, Side
from orderpit.model.lifecycle import create
from orderpit.model.market import Quote, Trade
from orderpit.model.numbers import EXACT, ZERO, add, plain, subtract, total
from orderpit.model.order import Order
from orderpit.model.portfolio import PortfolioBook, PortfolioSnapshot
from orderpit.model.reports import Fill

BTC, ETH = "BTC/USDT", "ETH/USDT"
INSTRUMENTS = {s: Instrument(s, price_increment="0.01", quantity_increment="0.01") for s in (BTC, ETH)}
OPENING = {"USDT": Decimal(10_000)}
BUY, SELL = Side.BUY, Side.SELL


def an_order(side: Side, symbol: str = BTC) -> Order:
    terms = SubmitOrder(symbol, side, OrderType.MARKET, "1", order_id="o")
    return create(e.OrderCreated(time_ns=0, source="", order_id="o", strategy_id="", terms=terms))


ORDERS = {(side, symbol): an_order(side, symbol) for side in Side for symbol in (BTC, ETH, "DOGE/EUR", "IBM")}
Facts = e.OrderFilled | e.FillBusted | e.FillCorrected


def filled(fill: Fill) -> e.OrderFilled:
    return e.OrderFilled(time_ns=0, source="", order_id="o", fill=fill)


def busted(fill: Fill) -> e.FillBusted:
    return e.FillBusted(time_ns=0, source="", order_id="o", fill=fill)


def corrected(replaced: Fill, fill: Fill) -> e.FillCorrected:
    return e.FillCorrected(time_ns=0, source="", order_id="o", replaced=replaced, fill=fill)


def a_fill(quantity: str | Decimal, price: str | Decimal, fee: str | Decimal = "0", **changes: str) -> Fill:
    terms = {"execution_id": "E", "fee_currency": "USDT", **changes}
    return Fill(quantity=quantity, price=price, fee=Decimal(fee), **terms)


def book_all(book: PortfolioBook, facts: Iterable[tuple[Side, str, Facts]]) -> PortfolioBook:
    for side, symbol, fact in facts:
        book.on_update(e.OrderUpdate(book.sequence + 1, fact, ORDERS[side, symbol]))
    return book


def a_book(*trades: str, opening: dict[str, Decimal] | None = None) -> PortfolioBook:
    """`buy 2 @ 100 fee 0.2`, one after the other."""
    facts: list[tuple[Side, str, Facts]] = []
    for number, trade in enumerate(trades):
        side, quantity, _, price, *rest = trade.split()
        fee = rest[1] if rest else "0"
        facts.append((Side(side.upper()), BTC, filled(a_fill(quantity, price, fee, execution_id=f"E-{number}"))))
    return book_all(PortfolioBook(INSTRUMENTS, OPENING if opening is None else opening), facts)


def figures(snapshot: PortfolioSnapshot) -> dict[str, str]:
    position = snapshot.positions[BTC]
    return {
        "position": f"{plain(position.quantity)} @ {plain(position.average_price)}",
        "realised": plain(position.realised_pnl),
        "unrealised": plain(position.unrealised_pnl),
        "cash": plain(snapshot.cash["USDT"]),
        "fees": plain(snapshot.fees["USDT"]),
        "equity": plain(snapshot.equity["USDT"]),
    }


@pytest.mark.parametrize(
    ("trades", "mark", "position", "realised", "unrealised", "cash", "fees", "equity"),
    [
        pytest.param(["buy 2 @ 100 fee 0.2"], 110, "2 @ 100", 0, 20, 9799.8, 0.2, 10019.8, id="long"),
        pytest.param(["sell 2 @ 100 fee 0.2"], 110, "-2 @ 100", 0, -20, 10199.8, 0.2, 9979.8, id="short"),
        pytest.param(["sell 2 @ 100"], 95, "-2 @ 100", 0, 10, 10200, 0, 10010, id="short in a falling market"),
        pytest.param(["buy 1 @ 100", "buy 3 @ 120"], 120, "4 @ 115", 0, 20, 9540, 0, 10020, id="average cost"),
        pytest.param(
            ["buy 1 @ 100", "buy 3 @ 120", "sell 1 @ 125"],
            120,
            "3 @ 115",
            10,
            15,
            9665,
            0,
            10025,
            id="part of it closed",
        ),
        pytest.param(
            ["buy 4 @ 100 fee 1", "sell 4 @ 90 fee 1"],
            50,
            "0 @ 0",
            -40,
            0,
            9958,
            2,
            9958,
            id="all of it closed at a loss",
        ),
        pytest.param(
            ["sell 4 @ 100", "buy 1 @ 90", "buy 3 @ 80"],
            50,
            "0 @ 0",
            70,
            0,
            10070,
            0,
            10070,
            id="a short closed in parts",
        ),
        pytest.param(
            ["buy 2 @ 100", "sell 5 @ 110"], 105, "-3 @ 110", 20, 15, 10350, 0, 10035, id="a long flipped to a short"
        ),
        pytest.param(
            ["sell 2 @ 100", "buy 5 @ 90"], 95, "3 @ 90", 20, 15, 9750, 0, 10035, id="a short flipped to a long"
        ),
        pytest.param(
            ["buy 2 @ 100", "sell 2 @ 110", "buy 1 @ 120"],
            121,
            "1 @ 120",
            20,
            1,
            9900,
            0,
            10021,
            id="closed and opened again",
        ),
        pytest.param(["buy 1 @ 100 fee -0.01"], 100, "1 @ 100", 0, 0, 9900.01, -0.01, 10000.01, id="a rebate"),
    ],
)
def test_figures_worked_by_hand(
    trades: list[str],
    mark: int,
    position: str,
    realised: float,
    unrealised: float,
    cash: float,
    fees: float,
    equity: float,
) -> None:
    book = a_book(*trades)
    book.on_market_data(Trade(BTC, price=mark))
    expected = {"realised": realised, "unrealised": unrealised, "cash": cash, "fees": fees, "equity": equity}
    assert figures(book.snapshot()) == {"position": position, **{k: str(v) for k, v in expected.items()}}


def test_until_a_price_is_known_a_position_is_worth_what_it_cost() -> None:
    snapshot = a_book("buy 2 @ 100 fee 1").snapshot()
    position = snapshot.positions[BTC]
    assert (position.mark, position.unrealised_pnl, snapshot.equity["USDT"]) == (None, 0, 9_999)


def test_a_position_is_marked_at_mid() -> None:
    book = a_book("buy 2 @ 100")
    book.on_market_data(Quote(BTC, bid="101", ask="102"))
    position = book.snapshot().positions[BTC]
    assert (position.mark, position.unrealised_pnl) == (Decimal("101.5"), 3)


def test_symbols_and_currencies_are_kept_apart_and_summed_by_quote_currency() -> None:
    facts = [
        (BUY, BTC, filled(a_fill("1", "100", "0.001", fee_currency="BNB"))),
        (SELL, BTC, filled(a_fill("1", "110", "1"))),
        (BUY, ETH, filled(a_fill("10", "5", "0.5"))),
        (SELL, ETH, filled(a_fill("10", "4"))),
    ]
    snapshot = book_all(PortfolioBook(INSTRUMENTS, OPENING), facts).snapshot()
    assert snapshot.cash == {"USDT": Decimal("9998.5"), "BNB": Decimal("-0.001")}
    assert snapshot.fees == {"BNB": Decimal("0.001"), "USDT": Decimal("1.5")}
    assert snapshot.realised_pnl == {"USDT": 0}
    assert [snapshot.positions[s].realised_pnl for s in (BTC, ETH)] == [10, -10]
    assert snapshot.equity == snapshot.cash


def test_a_fill_in_a_symbol_that_we_do_not_trade_is_booked() -> None:
    facts = [
        (BUY, "DOGE/EUR", filled(a_fill("10", "2", fee_currency="EUR"))),
        (SELL, "IBM", filled(a_fill("1", "50", fee_currency="IBM"))),
    ]
    snapshot = book_all(PortfolioBook(INSTRUMENTS), facts).snapshot()
    assert snapshot.cash == {"EUR": -20, "IBM": 50}
    assert snapshot.positions["DOGE/EUR"].quantity == 10


def test_a_snapshot_does_not_change_and_cannot_be_changed() -> None:
    book = a_book("buy 1 @ 100")
    snapshot = book.snapshot()
    book_all(book, [(BUY, BTC, filled(a_fill("1", "100")))])
    assert snapshot.cash == {"USDT": 9_900}
    for mapping in (snapshot.cash, snapshot.positions, snapshot.fees, snapshot.equity):
        with pytest.raises(TypeError):
            mapping["USDT"] = 0  # type: ignore[index]
    assert (snapshot.sequence, book.snapshot().sequence) == (1, 2)


def test_updates_without_an_execution_move_only_the_sequence() -> None:
    book = a_book("buy 1 @ 100")
    before = book.snapshot()
    opened = e.OrderOpened(time_ns=0, source="", order_id="o", exchange_order_id=None)
    refused = e.CommandRefused(
        time_ns=0, source="", order_id="o", strategy_id="", command="", reason=Reason.HALTED, text=""
    )
    book.on_update(e.OrderUpdate(2, opened, ORDERS[BUY, BTC]))
    book.on_update(e.OrderUpdate(3, refused, None))
    assert book.snapshot() == attrs.evolve(before, sequence=3)


def test_what_was_executed_is_summed_anew_from_the_fills() -> None:
    book = a_book("buy 2 @ 100 fee 1", "buy 1 @ 90", "sell 5 @ 110 fee 1")
    assert book.executed() == {BTC: Flows(3, 5, 260)}


# -- busts and corrections


@pytest.mark.fault(20)
def test_a_bust_in_the_middle_is_as_if_the_fill_had_never_been() -> None:
    trades = ["buy 2 @ 100 fee 0.3", "sell 5 @ 120 fee 0.7", "buy 1 @ 90 fee 0.1"]
    book = a_book(*trades)
    book_all(book, [(SELL, BTC, busted(a_fill("5", "120", "0.7", execution_id="E-1")))])
    assert figures(book.snapshot()) == figures(a_book(trades[0], trades[2]).snapshot())
    assert book.executed() == {BTC: Flows(3, 0, -290)}


@pytest.mark.fault(20)
def test_a_correction_stands_where_the_fill_stood() -> None:
    book = a_book("buy 2 @ 100 fee 0.3", "sell 5 @ 120 fee 0.7", "buy 1 @ 90 fee 0.1")
    wrong, right = (a_fill("5", "120", "0.7", execution_id="E-1"), a_fill("1", "130", "0.2", execution_id="E-1"))
    book_all(book, [(SELL, BTC, corrected(wrong, right))])
    expected = a_book("buy 2 @ 100 fee 0.3", "sell 1 @ 130 fee 0.2", "buy 1 @ 90 fee 0.1")
    assert figures(book.snapshot()) == figures(expected.snapshot())


def test_a_correction_of_the_fee_s_currency_moves_the_fee() -> None:
    book = a_book("buy 1 @ 100 fee 0.3")
    wrong = a_fill("1", "100", "0.3", execution_id="E-0")
    right = a_fill("1", "100", "0.01", execution_id="E-0", fee_currency="BNB")
    snapshot = book_all(book, [(BUY, BTC, corrected(wrong, right))]).snapshot()
    assert snapshot.cash == {"USDT": 9_900, "BNB": Decimal("-0.01")}
    assert snapshot.fees == {"USDT": 0, "BNB": Decimal("0.01")}


@pytest.mark.parametrize("fact", [busted(a_fill("1", "1")), corrected(a_fill("1", "1"), a_fill("2", "1"))])
def test_what_was_never_booked_cannot_be_taken_back_and_nothing_changes(fact: Facts) -> None:
    book = a_book("buy 1 @ 100 fee 0.3")
    before, executed = book.snapshot(), book.executed()
    with pytest.raises(ValueError, match="was never booked"):
        book_all(book, [(BUY, BTC, fact)])
    assert (book.snapshot(), book.executed()) == (before, executed)


# -- whatever the fills

quantities = st.integers(1, 10**6).map(lambda n: Decimal(n).scaleb(-4))
prices = st.integers(1, 10**7).map(lambda n: Decimal(n).scaleb(-2))
fees = st.integers(-100, 10**4).map(lambda n: Decimal(n).scaleb(-5))
trades = st.lists(st.tuples(st.sampled_from(Side), quantities, prices, fees), min_size=1, max_size=12)
Trades = list[tuple[Side, Decimal, Decimal, Decimal]]


def facts_of(done: Trades) -> list[tuple[Side, str, Facts]]:
    ids = count()
    return [
        (side, BTC, filled(a_fill(quantity, price, fee, execution_id=f"E-{next(ids)}")))
        for side, quantity, price, fee in done
    ]


def sliced(trade: tuple[Side, Decimal, Decimal, Decimal], cuts: list[Decimal]) -> Trades:
    """The same trade in several fills, its fee cut anyhow."""
    side, quantity, price, fee = trade
    ends = [*sorted({cut for cut in cuts if cut < quantity}), quantity]
    pieces = [subtract(end, start) for start, end in zip([ZERO, *ends], ends, strict=False)]
    return [(side, piece, price, fee if n == 0 else ZERO) for n, piece in enumerate(pieces)]


@settings(max_examples=200, deadline=None)
@given(done=trades, data=st.data())
def test_however_the_same_fills_are_sliced_every_figure_is_the_same_to_the_last_digit(
    done: Trades, data: st.DataObject
) -> None:
    pieces = [piece for trade in done for piece in sliced(trade, data.draw(st.lists(quantities, max_size=4)))]
    whole, cut = (book_all(PortfolioBook(INSTRUMENTS, OPENING), facts_of(f)) for f in (done, pieces))
    for book in (whole, cut):
        book.on_market_data(Trade(BTC, price="123.45"))
    assert attrs.evolve(cut.snapshot(), sequence=0) == attrs.evolve(whole.snapshot(), sequence=0)
    assert cut.executed() == whole.executed()


@settings(max_examples=200, deadline=None)
@given(done=trades, mark=prices)
def test_the_books_balance_exactly(done: Trades, mark: Decimal) -> None:
    book = book_all(PortfolioBook(INSTRUMENTS, OPENING), facts_of(done))
    book.on_market_data(Trade(BTC, price=mark))
    snapshot = book.snapshot()
    paid = total(fee for *_, fee in done)
    flows = total(EXACT.multiply(price, -quantity if side is BUY else quantity) for side, quantity, price, _ in done)
    assert snapshot.cash["USDT"] == EXACT.subtract(add(OPENING["USDT"], flows), paid)
    assert snapshot.fees["USDT"] == paid
    profit = add(snapshot.realised_pnl["USDT"], snapshot.unrealised_pnl["USDT"])
    assert subtract(snapshot.equity["USDT"], OPENING["USDT"]) == subtract(profit, paid)
    held = total(quantity if side is BUY else -quantity for side, quantity, *_ in done)
    assert snapshot.positions[BTC].quantity == held
    assert snapshot.equity["USDT"] == add(snapshot.cash["USDT"], EXACT.multiply(held, mark))


@pytest.mark.fault(20)
@settings(max_examples=200, deadline=None)
@given(done=trades, data=st.data())
def test_when_everything_is_busted_in_any_order_the_book_is_where_it_began(done: Trades, data: st.DataObject) -> None:
    facts = facts_of(done)
    book = book_all(PortfolioBook(INSTRUMENTS, OPENING), facts)
    for side, symbol, fact in data.draw(st.permutations(facts)):
        book_all(book, [(side, symbol, busted(fact.fill))])
    snapshot = book.snapshot()
    assert snapshot.cash == snapshot.equity == OPENING
    assert (snapshot.fees, snapshot.realised_pnl, snapshot.unrealised_pnl) == ({"USDT": 0}, {"USDT": 0}, {"USDT": 0})
    assert snapshot.positions[BTC].quantity == 0
    assert book.executed() == {BTC: Flows(0, 0, 0)}


@settings(max_examples=200, deadline=None)
@given(done=trades, data=st.data())
def test_a_book_with_corrections_is_the_book_of_what_stands(done: Trades, data: st.DataObject) -> None:
    facts = facts_of(done)
    book = book_all(PortfolioBook(INSTRUMENTS, OPENING), facts)
    standing = list(facts)
    for place in data.draw(st.lists(st.integers(0, len(done) - 1), max_size=4)):
        side, symbol, fact = standing[place]
        right = attrs.evolve(fact.fill, quantity=data.draw(quantities), price=data.draw(prices), fee=data.draw(fees))
        book_all(book, [(side, symbol, corrected(fact.fill, right))])
        standing[place] = (side, symbol, filled(right))
    expected = book_all(PortfolioBook(INSTRUMENTS, OPENING), standing)
    assert attrs.evolve(book.snapshot(), sequence=0) == attrs.evolve(expected.snapshot(), sequence=0)


@pytest.mark.fault(36)
def test_ten_thousand_of_the_smallest_quantity_add_up_exactly_at_a_price_of_nine_digits() -> None:
    one = filled(a_fill("0.000000000000000001", "1234567.89", "0.000000000000000000000001"))
    book = book_all(PortfolioBook(INSTRUMENTS, OPENING), [(BUY, BTC, one)] * 10_000)
    snapshot = book.snapshot()
    assert snapshot.positions[BTC].quantity == Decimal("0.00000000000001")
    assert snapshot.positions[BTC].average_price == Decimal("1234567.89")
    assert snapshot.fees["USDT"] == Decimal("0.00000000000000000001")
    assert snapshot.cash["USDT"] == Decimal("9999.99999998765432109999")
    book_all(book, [(SELL, BTC, filled(a_fill("0.00000000000001", "1234567.89")))])
    assert book.snapshot().realised_pnl == {"USDT": 0}
    assert book.snapshot().cash["USDT"] == Decimal("9999.99999999999999999999")


@pytest.mark.fault(36)
def test_the_largest_and_the_smallest_numbers_together_are_exact() -> None:
    most, least = "999999999999999999.999999999999999999", "0.000000000000000001"
    done = [(BUY, most, most), (BUY, least, least), (SELL, most, least), (SELL, least, most)]
    book = book_all(PortfolioBook(INSTRUMENTS), ((side, BTC, filled(a_fill(q, p))) for side, q, p in done))
    snapshot = book.snapshot()
    assert snapshot.positions[BTC].quantity == 0
    assert snapshot.realised_pnl["USDT"] == snapshot.cash["USDT"]
    large, small = Decimal(most), Decimal(least)
    first = EXACT.subtract(EXACT.multiply(large, small), EXACT.multiply(large, large))
    second = EXACT.subtract(EXACT.multiply(small, large), EXACT.multiply(small, small))
    assert snapshot.cash["USDT"] == add(first, second)


def test_a_host_s_decimal_context_changes_nothing() -> None:
    done = ["buy 3 @ 100.01 fee 0.12345", "sell 1 @ 100.02", "sell 4 @ 99.97 fee 0.5", "buy 1 @ 3.33"]
    expected = figures(a_book(*done).snapshot())
    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_UP)):
        assert figures(a_book(*done).snapshot()) == expected


# -- what an event books


def test_only_executions_are_booked() -> None:
    old, new = a_fill("1", "100"), a_fill("2", "100")
    assert entries(filled(old)) == (Entry(old),)
    assert entries(busted(old)) == (Entry(old, taken_back=True),)
    assert entries(corrected(old, new)) == (Entry(old, taken_back=True), Entry(new))
    assert entries(e.OrderResolved(time_ns=0, source="", order_id="o")) == ()


def test_money_moves_from_the_balances_as_they_are() -> None:
    booked = (Entry(a_fill("2", "100", "0.5")), Entry(a_fill("1", "90", "0.1"), taken_back=True))
    assert balances({"USDT": Decimal(1000)}, "USDT", BUY, booked) == {"USDT": Decimal("889.6")}
    assert balances({}, "USDT", SELL, booked) == {"USDT": Decimal("109.6")}
    assert fees_after({"USDT": Decimal(1)}, booked) == {"USDT": Decimal("1.4")}


@pytest.mark.parametrize(
    ("symbol", "currency"),
    [
        pytest.param(BTC, "USDT", id="as the instrument says"),
        pytest.param("DOGE/EUR", "EUR", id="not traded here: after the slash"),
        pytest.param("IBM", "IBM", id="nothing is known of it"),
    ],
)
def test_the_currency_of_a_price(symbol: str, currency: str) -> None:
    assert quote_of(INSTRUMENTS, symbol) == currency


def test_slices_add_up() -> None:
    pieces = sliced((BUY, Decimal(5), Decimal(1), ZERO), [Decimal(2), Decimal(9), Decimal(2), Decimal("4.5")])
    assert list(accumulate(quantity for _, quantity, *_ in pieces)) == [2, Decimal("4.5"), 5]
