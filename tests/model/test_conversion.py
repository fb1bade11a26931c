from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model.conversion import Conversion
from orderpit.model.instrument import Instrument
from orderpit.model.market import Depth, MarketData, Quote, Trade
from orderpit.model.numbers import add, multiply, plain


def a_conversion(*symbols: str, **prices: str) -> Conversion:
    """Of instruments by symbol; prices by symbol with an underscore for the slash."""
    listed = {s: Instrument(s, price_increment="0.0001", quantity_increment="0.0001") for s in symbols}
    conversion = Conversion(listed)
    for symbol, price in prices.items():
        conversion.on_market_data(Trade(symbol.replace("_", "/"), price=price))
    return conversion


def shown(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


@pytest.mark.parametrize(
    ("prices", "source", "target", "expected"),
    [
        pytest.param({}, "EUR", "EUR", "1", id="the same currency, known to nobody"),
        pytest.param({"BTC_USD": "50000"}, "BTC", "USD", "50000", id="direct"),
        pytest.param({"BTC_USD": "50000"}, "USD", "BTC", "0.00002", id="inverse: 1 / 50000"),
        pytest.param({"BTC_USD": "3"}, "USD", "BTC", "0." + "3" * 40, id="inverse: a third to 40 places"),
        # 0.05 BTC for an ETH, 50,000 USD for a BTC: 0.05 * 50000.
        pytest.param({"ETH_BTC": "0.05", "BTC_USD": "50000"}, "ETH", "USD", "2500", id="two steps forward"),
        # 1 / (0.05 * 50000): divided once.
        pytest.param({"ETH_BTC": "0.05", "BTC_USD": "50000"}, "USD", "ETH", "0.0004", id="two steps backward"),
        # A BTC is 50,000 USD, a EUR 1.25 USD: 50000 / 1.25.
        pytest.param({"BTC_USD": "50000", "EUR_USD": "1.25"}, "BTC", "EUR", "40000", id="forward, then backward"),
        # 3 / 3 is one whole: a third rounded, times three, would be 0.99...
        pytest.param({"BTC_USD": "3", "EUR_USD": "3"}, "BTC", "EUR", "1", id="rounded once, at the end"),
        pytest.param({"BTC_USD": "50000"}, "BTC", "EUR", None, id="no way"),
        pytest.param({"ETH_BTC": "0.05"}, "ETH", "USD", None, id="a step without a price"),
        pytest.param({"EUR_USD": "1.25", "DOGE_EUR": "0.1"}, "DOGE", "EUR", None, id="a symbol that is not traded"),
    ],
)
def test_a_rate_at_these_prices(prices: dict[str, str], source: str, target: str, expected: str | None) -> None:
    conversion = a_conversion("BTC/USD", "ETH/BTC", "EUR/USD", **prices)
    assert shown(conversion.rate(source, target)) == expected
    assert shown(conversion.rate(source, target)) == expected  # kept


def test_the_shortest_way_is_taken() -> None:
    # Over BTC: 0.05 * 50000 = 2500; the direct price differs and wins.
    conversion = a_conversion("ETH/BTC", "BTC/USD", "ETH/USD", ETH_BTC="0.05", BTC_USD="50000", ETH_USD="2501")
    assert shown(conversion.rate("ETH", "USD")) == "2501"


@pytest.mark.parametrize("listed", list(permutations(["A/Y", "A/X", "X/Z", "Y/Z"])), ids=",".join)
def test_among_equally_short_ways_the_symbols_decide_whatever_the_order_of_listing(listed: tuple[str, ...]) -> None:
    # A/X, X/Z gives 2 * 3 = 6; A/Y, Y/Z gives 5 * 7 = 35.
    conversion = a_conversion(*listed, Y_Z="7", A_Y="5", X_Z="3", A_X="2")
    assert shown(conversion.rate("A", "Z")) == "6"
    # Backward it is the first symbol on the way that decides: X/Z before Y/Z, so 1 / 6.
    assert shown(conversion.rate("Z", "A")) == "0.1" + "6" * 38 + "7"


def test_a_longer_way_serves_until_the_shorter_has_a_price_and_when_it_has_lost_it() -> None:
    conversion = a_conversion("ETH/BTC", "BTC/USD", "ETH/USD", ETH_BTC="0.05", BTC_USD="50000")
    assert shown(conversion.rate("ETH", "USD")) == "2500"
    conversion.on_market_data(Quote("ETH/USD", bid="2500", ask="2502"))
    assert shown(conversion.rate("ETH", "USD")) == "2501"
    conversion.on_market_data(Depth("ETH/USD", bids=[], asks=[]))
    assert conversion.price("ETH/USD") is None
    assert shown(conversion.rate("ETH", "USD")) == "2500"


def test_a_rate_follows_each_price_on_its_way() -> None:
    conversion = a_conversion("ETH/BTC", "BTC/USD", "EUR/USD", ETH_BTC="0.05", BTC_USD="50000", EUR_USD="1.25")
    rates = [shown(conversion.rate("ETH", "EUR"))]
    news: list[MarketData] = [
        Trade("BTC/USD", price="40000"),
        Trade("ETH/BTC", price="0.1"),
        Trade("EUR/USD", price="1"),
        Trade("EUR/USD", price="1"),
    ]
    for data in news:
        conversion.on_market_data(data)
        rates.append(shown(conversion.rate("ETH", "EUR")))
    # 0.05 * 50000 / 1.25, 0.05 * 40000 / 1.25, 0.1 * 40000 / 1.25, 0.1 * 40000 / 1 twice.
    assert rates == ["2000", "1600", "3200", "4000", "4000"]


def test_a_price_can_come_from_whoever_keeps_the_marks() -> None:
    conversion = a_conversion("BTC/USD")
    conversion.on_price("BTC/USD", Decimal(50_000))
    assert shown(conversion.convert(Decimal(2), "BTC", "USD")) == "100000"
    conversion.on_price("BTC/USD", None)
    conversion.on_price("BTC/USD", None)
    assert conversion.convert(Decimal(2), "BTC", "USD") is None


def test_nothing_is_worth_nothing_in_every_currency() -> None:
    assert a_conversion("BTC/USD").convert(Decimal(0), "BTC", "USD") == 0


def test_the_sum_of_amounts_is_none_when_one_of_them_has_no_price() -> None:
    conversion = a_conversion("BTC/USD", "EUR/USD", BTC_USD="50000")
    # 100 + 0.5 * 50000; the zero in EUR needs no price.
    known = {"USD": Decimal(100), "BTC": Decimal("0.5"), "EUR": Decimal(0)}
    assert shown(conversion.total(known, "USD")) == "25100"
    assert conversion.total({**known, "EUR": Decimal(1)}, "USD") is None


_prices = st.decimals("0.0001", "1000000", places=4)
_amounts = st.decimals("-1000000", "1000000", places=8)


@given(st.tuples(_prices, _prices, _prices), st.lists(_amounts, min_size=1, max_size=5))
def test_converting_is_linear_and_as_a_fraction_would_have_it(
    prices: tuple[Decimal, Decimal, Decimal], amounts: list[Decimal]
) -> None:
    eth, btc, eur = prices
    named = {"ETH_BTC": plain(eth), "BTC_USD": plain(btc), "EUR_USD": plain(eur)}
    conversion = a_conversion("ETH/BTC", "BTC/USD", "EUR/USD", **named)
    rate = conversion.rate("ETH", "EUR")
    assert rate is not None
    assert abs(Fraction(rate) - Fraction(eth) * Fraction(btc) / Fraction(eur)) <= Fraction(1, 2 * 10**40)
    parts, whole = Decimal(0), Decimal(0)
    for amount in amounts:
        converted = conversion.convert(amount, "ETH", "EUR")
        assert converted is not None
        assert converted == multiply(amount, rate)
        parts, whole = add(parts, converted), add(whole, amount)
    assert conversion.convert(whole, "ETH", "EUR") == parts
