from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model.kinds import Side
from orderpit.model.liquidity import Liquidity, Offer
from orderpit.model.market import Depth, Quote

SYMBOL = "BTC/USDT"
BUY, SELL = Side.BUY, Side.SELL


def offers(liquidity: Liquidity, side: Side) -> list[tuple[Decimal, Decimal | None]]:
    return [(offer.price, offer.available) for offer in liquidity.offers(side)]


def test_before_any_price_nothing_is_offered() -> None:
    assert Liquidity().offers(BUY) == Liquidity().offers(SELL) == ()


def test_a_last_price_offers_both_sides_without_limit_and_is_never_used_up() -> None:
    last = Liquidity().after_trade(Decimal(100))
    assert last.offers(BUY) == last.offers(SELL) == (Offer(Decimal(100), None),)
    assert last.taken(Decimal(100), Decimal(5), BUY) == last


def test_a_quote_without_size_is_never_used_up() -> None:
    quoted = Liquidity().after_quote(Quote(SYMBOL, bid="99", ask="101"))
    assert offers(quoted.taken(Decimal(101), Decimal(5), BUY), BUY) == [(101, None)]


def test_what_a_buyer_takes_is_gone_from_the_asks_and_not_from_the_bids() -> None:
    quoted = Liquidity().after_quote(Quote(SYMBOL, bid="99", ask="101", bid_size="5", ask_size="5"))
    bought = quoted.taken(Decimal(101), Decimal(2), BUY)
    assert (offers(bought, BUY), offers(bought, SELL)) == ([(101, 3)], [(99, 5)])
    sold = bought.taken(Decimal(99), Decimal(1), SELL)
    assert (offers(sold, BUY), offers(sold, SELL)) == ([(101, 3)], [(99, 4)])


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
def test_size_once_taken_stays_taken_until_price_or_size_changes(then: Quote | Depth, available: int | None) -> None:
    quoted = Liquidity().after_quote(Quote(SYMBOL, bid="99", ask="101", ask_size="5"))
    taken = quoted.taken(Decimal(101), Decimal(2), BUY)
    after = taken.after_quote(then) if isinstance(then, Quote) else taken.after_depth(then)
    assert after.offers(BUY)[0].available == available


def test_quotes_alone_never_pile_up_to_a_depth() -> None:
    liquidity = Liquidity()
    for price in range(200, 100, -1):
        liquidity = liquidity.after_quote(Quote(SYMBOL, bid="50", ask=price, ask_size="5"))
    assert offers(liquidity, BUY) == [(101, 5)]


def test_a_quote_between_the_levels_of_a_depth_replaces_those_before_it() -> None:
    depth = Liquidity().after_depth(
        Depth(SYMBOL, bids=[("99", "1"), ("98", "2"), ("97", "3")], asks=[("101", "1"), ("102", "2"), ("103", "3")])
    )
    quoted = depth.after_quote(Quote(SYMBOL, bid="98.5", ask="102", bid_size="9", ask_size="9"))
    assert offers(quoted, SELL) == [(Decimal("98.5"), 9), (98, 2), (97, 3)]
    assert offers(quoted, BUY) == [(102, 9), (103, 3)]


sizes = st.integers(0, 5).map(Decimal)
prices = st.integers(100, 104).map(Decimal)


@given(
    steps=st.lists(
        st.one_of(
            st.builds(lambda ask, size: Quote(SYMBOL, ask=ask, ask_size=size), prices, sizes),
            st.builds(
                lambda levels: Depth(SYMBOL, bids=[], asks=sorted(levels.items())), st.dictionaries(prices, sizes)
            ),
            sizes,
        ),
        max_size=40,
    )
)
def test_offers_stay_sorted_and_nobody_takes_more_of_a_level_than_its_size(
    steps: list[Quote | Depth | Decimal],
) -> None:
    liquidity = Liquidity()
    for step in steps:
        if isinstance(step, Quote):
            liquidity = liquidity.after_quote(step)
        elif isinstance(step, Depth):
            liquidity = liquidity.after_depth(step)
        else:
            for offer in liquidity.offers(BUY)[:1]:
                assert offer.available is not None
                liquidity = liquidity.taken(offer.price, min(step, offer.available), BUY)
        at = [offer.price for offer in liquidity.offers(BUY)]
        assert at == sorted(set(at))
        assert all(offer.available is not None and offer.available >= 0 for offer in liquidity.offers(BUY))
