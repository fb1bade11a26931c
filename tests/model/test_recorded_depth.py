from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model.kinds import Side
from orderpit.model.market import Depth, Quote
from orderpit.model.order_book import OrderBook
from orderpit.model.undo import Undo

SYMBOL = "BTC/USDT"
BUY, SELL = Side.BUY, Side.SELL
Fed = Quote | Depth


def fed(*data: Fed, undo: Undo | None = None) -> OrderBook:
    book = OrderBook(undo or Undo())
    for item in data:
        feed(book, item)
    return book


def feed(book: OrderBook, data: Fed) -> None:
    if isinstance(data, Quote):
        book.quote(data)
    else:
        book.snapshot(data)


def offers(book: OrderBook, side: Side) -> list[tuple[Decimal, Decimal | None]]:
    return [(offer.price, offer.available) for offer in book.recorded.offers(side)]


def test_before_any_price_nothing_is_offered() -> None:
    assert offers(fed(), BUY) == offers(fed(), SELL) == []


def test_a_last_price_offers_both_sides_without_limit_and_is_never_used_up() -> None:
    book = fed()
    book.recorded.trade(Decimal(100))
    book.take(BUY, Decimal(100), Decimal(5))
    assert offers(book, BUY) == offers(book, SELL) == [(100, None)]


def test_a_bar_outdates_the_quotes() -> None:
    book = fed(Quote(SYMBOL, bid="99", ask="101"))
    book.recorded.clear(Decimal(200))
    book.recorded.clear(Decimal(210))
    assert offers(book, BUY) == offers(book, SELL) == [(210, None)]
    assert book.recorded.size(BUY, Decimal(210)) is None


def test_a_quote_without_size_is_never_used_up() -> None:
    book = fed(Quote(SYMBOL, bid="99", ask="101"))
    book.take(BUY, Decimal(101), Decimal(5))
    assert offers(book, BUY) == [(101, None)]


def test_what_a_buyer_takes_is_gone_from_the_asks_and_not_from_the_bids() -> None:
    book = fed(Quote(SYMBOL, bid="99", ask="101", bid_size="5", ask_size="5"))
    book.take(BUY, Decimal(101), Decimal(2))
    assert (offers(book, BUY), offers(book, SELL)) == ([(101, 3)], [(99, 5)])
    book.take(SELL, Decimal(99), Decimal(1))
    assert (offers(book, BUY), offers(book, SELL)) == ([(101, 3)], [(99, 4)])


@pytest.mark.parametrize(
    ("then", "available"),
    [
        pytest.param(Quote(SYMBOL, bid="98", ask="101", ask_size="5"), 3, id="same ask, other bid: still taken"),
        pytest.param(
            Quote(SYMBOL, bid="99", ask="101.00", ask_size="5.0"), 3, id="the same in other digits: still taken"
        ),
        pytest.param(Quote(SYMBOL, bid="99", ask="101", ask_size="4"), 4, id="other size: new"),
        pytest.param(Quote(SYMBOL, bid="99", ask="102", ask_size="5"), 5, id="other price: new"),
        pytest.param(Quote(SYMBOL, bid="99", ask="101"), None, id="size no longer known: no limit"),
        pytest.param(Depth(SYMBOL, bids=[], asks=[("101", "5")]), 3, id="depth shows the same level: still taken"),
        pytest.param(Depth(SYMBOL, bids=[], asks=[("101", "6")]), 6, id="depth shows another size: new"),
    ],
)
def test_size_once_taken_stays_taken_until_price_or_size_changes(then: Fed, available: int | None) -> None:
    book = fed(Quote(SYMBOL, bid="99", ask="101", ask_size="5"))
    book.take(BUY, Decimal(101), Decimal(2))
    feed(book, then)
    assert offers(book, BUY)[0][1] == available


def test_quotes_alone_never_pile_up_to_a_depth() -> None:
    book = fed(*(Quote(SYMBOL, bid="50", ask=price, ask_size="5") for price in range(200, 100, -1)))
    assert offers(book, BUY) == [(101, 5)]


DEPTH = Depth(SYMBOL, bids=[("99", "1"), ("98", "2"), ("97", "3")], asks=[("101", "1"), ("102", "2"), ("103", "3")])


def test_a_quote_between_the_levels_of_a_depth_replaces_those_before_it() -> None:
    book = fed(DEPTH, Quote(SYMBOL, bid="98.5", ask="102", bid_size="9", ask_size="9"))
    assert offers(book, SELL) == [(Decimal("98.5"), 9), (98, 2), (97, 3)]
    assert offers(book, BUY) == [(102, 9), (103, 3)]


def test_a_diff_changes_the_levels_that_it_names_and_takes_out_those_of_size_0() -> None:
    book = fed(DEPTH)
    book.take(BUY, Decimal(101), Decimal("0.4"))
    book.diff(bids=[(Decimal(99), Decimal(0)), (Decimal(96), Decimal(4))], asks=[(Decimal(102), Decimal(7))])
    assert offers(book, SELL) == [(98, 2), (97, 3), (96, 4)]
    assert offers(book, BUY) == [(101, Decimal("0.6")), (102, 7), (103, 3)]
    book.diff(bids=[], asks=[(Decimal(101), Decimal(1)), (Decimal("101.5"), Decimal(0))])
    assert offers(book, BUY)[0] == (101, Decimal("0.6")), "the same size: what was taken stays taken"


@pytest.mark.parametrize(
    ("price", "size"),
    [("101", 1), ("100", 0), ("101.5", 0), ("103", 3), ("104", None)],
    ids=["a level", "better than the best", "between two levels", "the last", "behind the last"],
)
def test_what_depth_says_of_a_price(price: str, size: int | None) -> None:
    assert fed(DEPTH).recorded.size(BUY, Decimal(price)) == size


@pytest.mark.parametrize(
    ("price", "size"), [("99", 5), ("99.5", 0), ("98", None)], ids=["the best", "better", "behind it"]
)
def test_what_a_quote_says_of_a_price(price: str, size: int | None) -> None:
    assert fed(Quote(SYMBOL, bid="99", ask="101", bid_size="5")).recorded.size(SELL, Decimal(price)) == size


def test_an_empty_side_has_no_size_anywhere() -> None:
    assert fed(Quote(SYMBOL, bid="99")).recorded.size(BUY, Decimal(101)) == 0


sizes = st.integers(0, 5).map(Decimal)
prices = st.integers(100, 104).map(Decimal)
steps = st.lists(
    st.one_of(
        st.builds(lambda ask, size: Quote(SYMBOL, ask=ask, ask_size=size), prices, sizes),
        st.builds(lambda levels: Depth(SYMBOL, bids=[], asks=sorted(levels.items())), st.dictionaries(prices, sizes)),
        st.tuples(prices, sizes),
        sizes,
    ),
    max_size=40,
)


def play(book: OrderBook, step: Fed | tuple[Decimal, Decimal] | Decimal) -> None:
    if isinstance(step, tuple):
        book.diff(bids=[], asks=[step])
    elif isinstance(step, Decimal):
        offer = book.recorded.best(BUY)
        if offer is not None and offer.available is not None:
            book.take(BUY, offer.price, min(step, offer.available))
    else:
        feed(book, step)


@given(steps=steps)
def test_offers_stay_sorted_and_nobody_takes_more_of_a_level_than_its_size(
    steps: list[Fed | tuple[Decimal, Decimal] | Decimal],
) -> None:
    book = fed()
    for step in steps:
        play(book, step)
        at = [price for price, _ in offers(book, BUY)]
        assert at == sorted(set(at))
        assert all(available is not None and available >= 0 for _, available in offers(book, BUY))


@given(before=steps, after=steps)
def test_what_is_undone_has_not_been_fed(
    before: list[Fed | tuple[Decimal, Decimal] | Decimal], after: list[Fed | tuple[Decimal, Decimal] | Decimal]
) -> None:
    undo = Undo()
    book = fed(undo=undo)
    for step in before:
        play(book, step)
    state = book.recorded.state()
    undo.begin()
    for step in after:
        play(book, step)
    book.recorded.clear(Decimal(7))
    undo.back()
    assert book.recorded.state() == state
