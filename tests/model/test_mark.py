from __future__ import annotations

from decimal import Decimal

import pytest

from orderpit.model.kinds import Side
from orderpit.model.mark import Mark
from orderpit.model.market import Bar, Depth, MarketData, Quote, Trade

SYMBOL = "BTC/USDT"
QUOTE = Quote(SYMBOL, bid="99", ask="102")
BID, ASK = Quote(SYMBOL, bid="99"), Quote(SYMBOL, ask="102")
TRADE = Trade(SYMBOL, price="98")
BAR = Bar(SYMBOL, open="100", high="110", low="90", close="105")
DEPTH = Depth(SYMBOL, bids=[("97", "1"), ("96", "1")], asks=[("101", "1")])
EMPTY = Depth(SYMBOL, bids=[], asks=[])


@pytest.mark.parametrize(
    ("seen", "price", "for_a_buy", "for_a_sell"),
    [
        pytest.param((), None, None, None, id="nothing seen"),
        pytest.param((QUOTE,), "100.5", "102", "99", id="a quote: mid, and the opposite side"),
        pytest.param((DEPTH,), "99", "101", "97", id="depth: its best levels"),
        pytest.param((TRADE,), "98", "98", "98", id="a trade alone"),
        pytest.param((BAR,), "105", "105", "105", id="a bar's close"),
        pytest.param((QUOTE, TRADE), "100.5", "102", "99", id="mid before last trade"),
        pytest.param((TRADE, BID), "98", "98", "99", id="last trade before one side"),
        pytest.param((BID,), "99", "99", "99", id="a bid alone"),
        pytest.param((ASK,), "102", "102", "102", id="an ask alone"),
        pytest.param((QUOTE, BAR), "105", "105", "105", id="a bar outdates a quote"),
        pytest.param((BAR, QUOTE), "100.5", "102", "99", id="a quote after a bar"),
        pytest.param((QUOTE, TRADE, EMPTY), "98", "98", "98", id="an empty book leaves the last trade"),
        pytest.param((QUOTE, EMPTY), None, None, None, id="an empty book leaves nothing"),
    ],
)
def test_a_mark_after_what_was_seen(
    seen: tuple[MarketData, ...], price: str | None, for_a_buy: str | None, for_a_sell: str | None
) -> None:
    mark = Mark()
    for data in seen:
        mark = mark.after(data)
    expected = [None if value is None else Decimal(value) for value in (price, for_a_buy, for_a_sell)]
    assert [mark.price, mark.against(Side.BUY), mark.against(Side.SELL)] == expected
