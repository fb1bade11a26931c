"""Whatever the fills: slicing changes nothing, strategies sum to the account, what is taken back was never there."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import attrs
import pytest
from books import BTC, ETH, OPENING, Books, Terms
from hypothesis import given, settings
from hypothesis import strategies as st

from orderpit.model.account import CostBasis, Currency
from orderpit.model.kinds import Side
from orderpit.model.numbers import ZERO, add, multiply, subtract, total
from orderpit.model.order import Order
from orderpit.model.portfolio_snapshot import PortfolioFigures
from orderpit.model.reports import Fill

quantities = st.integers(1, 10**6).map(lambda n: Decimal(n).scaleb(-4))
prices = st.integers(1, 10**7).map(lambda n: Decimal(n).scaleb(-3))
fees = st.integers(-100, 10**4).map(lambda n: Decimal(n).scaleb(-5))


@attrs.frozen
class Execution:
    """One, before it has an id."""

    terms: Terms
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str

    def fill(self, execution_id: str) -> Fill:
        return Fill(
            execution_id=execution_id,
            quantity=self.quantity,
            price=self.price,
            fee=self.fee,
            fee_currency=self.fee_currency,
        )


@st.composite
def executions(draw: st.DrawFn, most: int = 12) -> list[Execution]:
    """Executions of orders of several strategies in two symbols; an order may have many."""
    sides, names, symbols = st.sampled_from(Side), st.sampled_from("abc"), st.sampled_from((BTC, ETH))
    orders = [
        Terms(
            order_id=f"o-{n}",
            side=draw(sides),
            strategy=draw(names),
            symbol=draw(symbols),
            reduce_only=draw(st.booleans()),
        )
        for n in range(draw(st.integers(1, 6)))
    ]
    one = st.builds(
        Execution, st.sampled_from(orders), quantities, prices, fees, st.sampled_from(("USDT", "BTC", "BNB"))
    )
    return draw(st.lists(one, min_size=1, max_size=most))


@st.composite
def settings_of(draw: st.DrawFn) -> dict[str, object]:
    """Any way in which a book may be kept."""
    bases: tuple[CostBasis, ...] = ("average", "fifo", "lifo")
    rules = st.sampled_from(("half-even", "half-up", "half-down", "up", "down"))
    currency = st.builds(Currency, st.sampled_from(("USDT", "BNB")), st.integers(0, 3), rules)
    currencies = draw(st.lists(currency, max_size=2, unique_by=lambda one: one.code))
    return {"cost_basis": draw(st.sampled_from(bases)), "hedged": draw(st.booleans()), "currencies": tuple(currencies)}


def booked(done: Iterable[Execution], kept: dict[str, object]) -> Books:
    books = Books(**kept)
    for number, one in enumerate(done):
        books.execute(one.terms.order(), one.fill(f"x-{number}"))
    return books


def priced(books: Books) -> Books:
    return books.price("123.45").price("67.891", ETH)


def sliced(one: Execution, cuts: list[Decimal], paid: list[Decimal]) -> list[Execution]:
    """The same execution in several, its fee cut anyhow."""
    ends = [*sorted({cut for cut in cuts if cut < one.quantity}), one.quantity]
    pieces = [subtract(end, start) for start, end in zip([ZERO, *ends], ends, strict=False)]
    parts = (paid * len(pieces))[: len(pieces) - 1]
    shares = [*parts, subtract(one.fee, total(parts))]
    return [attrs.evolve(one, quantity=piece, fee=fee) for piece, fee in zip(pieces, shares, strict=True)]


@settings(max_examples=300, deadline=None)
@given(done=executions(), kept=settings_of(), data=st.data())
def test_however_fills_are_sliced_every_figure_is_the_same_to_the_last_digit(
    done: list[Execution], kept: dict[str, object], data: st.DataObject
) -> None:
    cuts, paid = st.lists(quantities, max_size=4), st.lists(fees, min_size=1, max_size=3)
    pieces = [piece for one in done for piece in sliced(one, data.draw(cuts), data.draw(paid))]
    whole, cut = booked(done, kept), booked(pieces, kept)
    assert cut.seen() == whole.seen()
    assert priced(cut).seen() == priced(whole).seen()
    assert cut.book.executed() == whole.book.executed()


def sums(parts: Iterable[PortfolioFigures], name: str) -> dict[str, Decimal]:
    result: dict[str, Decimal] = {}
    for part in parts:
        for currency, amount in getattr(part, name).items():
            result[currency] = add(result.get(currency, ZERO), amount)
    return result


def without_zeros(amounts: dict[str, Decimal]) -> dict[str, Decimal]:
    return {currency: amount for currency, amount in amounts.items() if amount}


def plus(one: dict[str, Decimal], *others: dict[str, Decimal]) -> dict[str, Decimal]:
    result = dict(one)
    for other in others:
        for currency, amount in other.items():
            result[currency] = add(result.get(currency, ZERO), amount)
    return without_zeros(result)


def minus(amounts: dict[str, Decimal]) -> dict[str, Decimal]:
    return {currency: subtract(ZERO, amount) for currency, amount in amounts.items()}


@settings(max_examples=300, deadline=None)
@given(done=executions(), kept=settings_of(), with_price=st.booleans(), paid=st.integers(-(10**6), 10**6))
def test_strategies_sum_to_the_account_and_no_money_is_from_nowhere(
    done: list[Execution], kept: dict[str, object], *, with_price: bool, paid: int
) -> None:
    books = booked(done, kept).pay(str(paid))
    account = (priced(books) if with_price else books).seen()
    parts = account.strategies.values()
    assert set(account.strategies) == {one.terms.strategy for one in done}
    for name in ("fees", "rounding"):
        assert plus(sums(parts, name)) == plus(getattr(account, name))
    for name in ("cash", "equity"):
        assert plus(OPENING, account.deposits, sums(parts, name)) == plus(getattr(account, name))
    assert plus(sums(parts, "realised_pnl"), account.crossed) == plus(account.realised_pnl)
    assert plus(sums(parts, "unrealised_pnl"), minus(account.crossed)) == plus(account.unrealised_pnl)
    for symbol, position in account.positions.items():
        held = [part.positions[symbol] for part in parts if symbol in part.positions]
        assert total(one.quantity for one in held) == position.quantity
        assert position.quantity == subtract(position.long.quantity, position.short.quantity)
        if kept["hedged"]:
            assert total(one.long.quantity for one in held) == position.long.quantity
        if len(held) == 1:
            # Nobody is there to cross with.
            assert held == [position]
    for figures, before in ((account, plus(OPENING, account.deposits)), *((part, {}) for part in parts)):
        earned = plus(figures.realised_pnl, figures.unrealised_pnl, minus(figures.fees), figures.rounding)
        assert plus(figures.equity, minus(before)) == earned


@settings(max_examples=200, deadline=None)
@given(done=executions(), kept=settings_of())
def test_cash_is_what_was_executed(done: list[Execution], kept: dict[str, object]) -> None:
    account = booked(done, kept | {"currencies": ()}).seen()
    flows = (multiply(one.price, one.quantity if one.terms.side is Side.SELL else -one.quantity) for one in done)
    paid = total(one.fee for one in done if one.fee_currency == "USDT")
    assert account.cash["USDT"] == subtract(add(OPENING["USDT"], total(flows)), paid)


@settings(max_examples=200, deadline=None)
@given(done=executions(), kept=settings_of())
def test_cash_in_a_currency_with_places_has_no_more(done: list[Execution], kept: dict[str, object]) -> None:
    account = booked(done, kept).seen()
    for currency in kept["currencies"]:
        for figures in (account, *account.strategies.values()):
            cash = figures.cash.get(currency.code, ZERO)
            assert cash == round(cash, currency.places)


@settings(max_examples=200, deadline=None)
@given(done=executions(), kept=settings_of(), data=st.data())
def test_independent_instruments_may_come_in_any_order(
    done: list[Execution], kept: dict[str, object], data: st.DataObject
) -> None:
    by_symbol = {symbol: [one for one in done if one.terms.symbol == symbol] for symbol in (BTC, ETH)}
    turns = data.draw(st.permutations([one.terms.symbol for one in done]))
    lines = {symbol: iter(of) for symbol, of in by_symbol.items()}
    other = booked((next(lines[symbol]) for symbol in turns), kept)
    assert priced(other).seen() == priced(booked(done, kept)).seen()


@settings(max_examples=200, deadline=None)
@given(done=executions(), kept=settings_of(), data=st.data())
def test_when_everything_is_busted_in_any_order_all_is_as_at_the_beginning(
    done: list[Execution], kept: dict[str, object], data: st.DataObject
) -> None:
    books = booked(done, kept)
    for order, fill in data.draw(st.permutations(books.fills)):
        books.bust(order, fill)
    account = priced(books).seen()
    assert plus(account.cash) == plus(account.equity) == OPENING
    for figures in (account, *account.strategies.values()):
        for name in ("realised_pnl", "unrealised_pnl", "fees", "rounding", "crossed"):
            assert plus(getattr(figures, name)) == {}
        assert not any(position.long.quantity or position.short.quantity for position in figures.positions.values())


def the_same(one: PortfolioFigures, other: PortfolioFigures) -> bool:
    """Whether figures are the same; who has nothing left may be there or not."""
    names = [field.name for field in attrs.fields(PortfolioFigures) if field.name != "positions"]
    held, also = (
        {s: p for s, p in of.positions.items() if p.quantity or p.realised_pnl or p.long.quantity}
        for of in (one, other)
    )
    return held == also and all(plus(getattr(one, name)) == plus(getattr(other, name)) for name in names)


@settings(max_examples=200, deadline=None)
@given(done=executions(most=20), kept=settings_of(), data=st.data())
def test_what_is_taken_back_or_corrected_is_as_if_it_had_been_so_from_the_beginning(
    done: list[Execution], kept: dict[str, object], data: st.DataObject
) -> None:
    books = booked(done, kept)
    standing: list[tuple[Order, Fill]] = list(books.fills)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(standing)))
        if place == len(standing):
            continue
        order, fill = standing[place]
        if data.draw(st.booleans()):
            books.bust(order, fill)
            del standing[place]
        else:
            right = attrs.evolve(fill, quantity=data.draw(quantities), price=data.draw(prices), fee=data.draw(fees))
            books.correct(order, fill, right)
            standing[place] = (order, right)
    expected = Books(**kept)
    for order, fill in standing:
        expected.execute(order, fill)
    found, fresh = priced(books).seen(), priced(expected).seen()
    assert the_same(found, fresh)
    empty = Books().seen("nobody")
    for name in found.strategies:
        assert the_same(found.strategies[name], fresh.strategies.get(name, empty))


@pytest.mark.parametrize("basis", ["average", "fifo", "lifo"])
def test_an_execution_that_was_never_booked_cannot_be_taken_back_and_nothing_changes(basis: CostBasis) -> None:
    books = Books(basis).fill("buy 1 @ 100", order_id="one")
    order, fill = books.fills[0]
    before = books.seen()
    for wrong in (attrs.evolve(fill, price="101"), attrs.evolve(fill, execution_id="x-9")):
        with pytest.raises(ValueError, match=f"execution {wrong.execution_id} of one was never booked"):
            books.bust(order, wrong)
    assert books.seen() == before
