from __future__ import annotations

from decimal import Decimal
from itertools import islice

import attrs
import pytest

from orderpit.model.kinds import OrderState, OrderType, Side
from orderpit.model.market import Depth, Quote
from orderpit.model.order_book import OrderBook
from orderpit.model.recorded_depth import Offer
from orderpit.model.undo import Undo
from orderpit.model.venue_order import VenueOrder

SYMBOL = "BTC/USDT"
BUY, SELL = Side.BUY, Side.SELL
DEPTH = Depth(SYMBOL, bids=[("99", "1"), ("98", "2")], asks=[("101", "1"), ("102", "2"), ("103", "3")])


def an_order(name: str, side: Side, price: str, priority: int = 1, **terms: object) -> VenueOrder:
    fields = {
        "client_order_id": name,
        "exchange_order_id": name,
        "symbol": SYMBOL,
        "side": side,
        "order_type": OrderType.LIMIT,
        "quantity": Decimal(2),
        "price": Decimal(price),
        "stop_price": None,
        "priority": priority,
        "draw_key": name,
    }
    return VenueOrder(**fields | terms)  # type: ignore[arg-type]


def a_book(*orders: VenueOrder, depth: Depth | None = DEPTH) -> OrderBook:
    book = OrderBook(Undo())
    if depth is not None:
        book.snapshot(depth)
    for order in orders:
        book.add(order)
    return book


def met(book: OrderBook, taker: Side, limit: str | None = None) -> list[str]:
    facing = book.facing(taker, None if limit is None else Decimal(limit))
    return [f"offer {one.price}" if isinstance(one, Offer) else one for one in facing]


def test_an_empty_book_has_no_best_and_nobody_to_meet() -> None:
    book = a_book(depth=None)
    assert book.best(BUY) is book.best(SELL) is None
    assert met(book, BUY) == met(book, SELL) == []


@pytest.mark.parametrize(
    ("orders", "depth", "best"),
    [
        pytest.param([], DEPTH, "101", id="recorded alone"),
        pytest.param(["105"], None, "105", id="orders alone"),
        pytest.param(["100"], DEPTH, "100", id="an order before the recorded"),
        pytest.param(["105"], DEPTH, "101", id="an order behind the recorded"),
    ],
)
def test_the_best_price_is_recorded_or_of_an_order(orders: list[str], depth: Depth | None, best: str) -> None:
    book = a_book(*(an_order(price, SELL, price) for price in orders), depth=depth)
    assert book.best(BUY) == Decimal(best)


def test_a_taker_meets_offers_and_orders_by_price_then_the_recorded_then_by_time() -> None:
    book = a_book(
        an_order("late", SELL, "102", 2), an_order("later", SELL, "102", 3), an_order("first", SELL, "100.5", 4)
    )
    assert met(book, BUY) == ["first", "offer 101", "offer 102", "late", "later", "offer 103"]
    assert met(book, BUY, "102") == ["first", "offer 101", "offer 102", "late", "later"]
    assert met(book, BUY, "101.5") == ["first", "offer 101"]
    assert met(book, BUY, "100") == []


def test_a_seller_meets_the_highest_first() -> None:
    book = a_book(an_order("a", BUY, "98.5"), an_order("b", BUY, "97"))
    assert met(book, SELL) == ["offer 99", "a", "offer 98", "b"]
    assert met(book, SELL, "97.5") == ["offer 99", "a", "offer 98"]


def test_a_taker_looks_at_no_more_than_it_meets() -> None:
    book = a_book(*(an_order(f"o{n}", SELL, "100", n) for n in range(1, 1_000)))
    assert list(islice(book.facing(BUY, None), 3)) == ["o1", "o2", "o3"]


def test_an_order_that_shrinks_keeps_its_place_and_one_of_a_new_priority_goes_behind() -> None:
    first, second = an_order("a", SELL, "100", 1), an_order("b", SELL, "100", 2)
    book = a_book(first, second, depth=None)
    smaller = attrs.evolve(first, quantity=Decimal(1))
    book.replace(first, smaller)
    assert met(book, BUY) == ["a", "b"]
    book.replace(smaller, attrs.evolve(smaller, priority=3))
    assert met(book, BUY) == ["b", "a"]


def test_a_marketable_order_is_known_as_long_as_it_is_in() -> None:
    order = an_order("a", BUY, "105", crossing=True)
    book = a_book(order)
    assert list(book.crossing) == ["a"]
    book.remove(order)
    assert list(book.crossing) == []


def test_a_closed_order_is_not_in() -> None:
    closed = an_order("a", BUY, "100", state=OrderState.CANCELLED)
    book = a_book(closed, depth=None)
    book.remove(closed)
    assert met(book, SELL) == []
    assert book.ahead(closed) is None


def test_the_top_is_so_many_levels_of_known_size() -> None:
    book = a_book()
    assert book.recorded.top(SELL, 1) == ((99, 1),)
    assert book.recorded.top(BUY, 2) == ((101, 1), (102, 2))
    book.quote(Quote(SYMBOL, bid="99", ask="100"))
    assert book.recorded.top(BUY, 2) == ((101, 1),)


def test_a_quote_of_unknown_size_says_nothing_of_what_stands_ahead() -> None:
    unsized, order = Quote(SYMBOL, bid="99", ask="101"), an_order("a", BUY, "99")
    book = a_book(depth=None)
    book.quote(unsized)
    book.add(order)
    book.quote(unsized)
    assert book.ahead(order) is None
    book.quote(Quote(SYMBOL, bid="99", bid_size="3", ask="101"))
    assert book.ahead(order) == 3
