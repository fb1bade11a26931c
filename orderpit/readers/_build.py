"""Market data built from text that has been matched already, at a quarter of the public constructors' cost.

Each function takes what the constructor takes, with three things promised: the symbol and the source have passed the
model's boundary, every number is a Decimal without a sign and of at most 18 digits on each side of the point (which is
what NUMBER matches), and the time is an int of at least zero. The laws that relate the numbers are checked here; where
one does not hold, the public constructor is called to say so: there is one wording and one authority.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from ..model.kinds import Side
from ..model.market import Bar, Depth, Level, Quote, Trade

NUMBER: Final = r"[0-9]{1,18}(?:\.[0-9]{1,18})?"
"""The plain decimal number of the model's boundary, without a sign: no price, size or volume has one."""

_END_OF_TIME: Final = 2**63
_new = object.__new__


def _writers(kind: type[object], *names: str) -> tuple[Callable[[object, object], None], ...]:
    """Return what sets each slot of a frozen value while it is being built, as model/values.py does."""
    return tuple(getattr(kind, name).__set__ for name in names)


(_trade_symbol, _trade_price, _trade_size, _trade_aggressor, _trade_time, _trade_source) = _writers(
    Trade, "symbol", "price", "size", "aggressor", "time_ns", "source"
)
(_quote_symbol, _quote_bid, _quote_ask, _quote_bid_size, _quote_ask_size, _quote_time, _quote_source) = _writers(
    Quote, "symbol", "bid", "ask", "bid_size", "ask_size", "time_ns", "source"
)
(_bar_symbol, _bar_open, _bar_high, _bar_low, _bar_close, _bar_volume, _bar_time, _bar_source) = _writers(
    Bar, "symbol", "open", "high", "low", "close", "volume", "time_ns", "source"
)
(_depth_symbol, _depth_bids, _depth_asks, _depth_time, _depth_source) = _writers(
    Depth, "symbol", "bids", "asks", "time_ns", "source"
)


def trade(symbol: str, price: Decimal, size: Decimal, aggressor: Side, time_ns: int, source: str) -> Trade:
    """Build a Trade; the price and the size must be above zero."""
    if not price or not size or time_ns >= _END_OF_TIME:
        return Trade(symbol, price=price, size=size, aggressor=aggressor, time_ns=time_ns, source=source)
    value = _new(Trade)
    _trade_symbol(value, symbol)
    _trade_price(value, price)
    _trade_size(value, size)
    _trade_aggressor(value, aggressor)
    _trade_time(value, time_ns)
    _trade_source(value, source)
    return value


def quote(
    symbol: str,
    bid: Decimal | None,
    bid_size: Decimal,
    ask: Decimal | None,
    ask_size: Decimal,
    time_ns: int,
    source: str,
) -> Quote:
    """Build a Quote; the prices must be above zero and not crossed. The size of an absent side is left out."""
    if not bid or not ask or bid > ask or time_ns >= _END_OF_TIME:
        return Quote(
            symbol,
            bid=bid,
            ask=ask,
            bid_size=None if bid is None else bid_size,
            ask_size=None if ask is None else ask_size,
            time_ns=time_ns,
            source=source,
        )
    value = _new(Quote)
    _quote_symbol(value, symbol)
    _quote_bid(value, bid)
    _quote_ask(value, ask)
    _quote_bid_size(value, bid_size)
    _quote_ask_size(value, ask_size)
    _quote_time(value, time_ns)
    _quote_source(value, source)
    return value


def bar(
    symbol: str, prices: tuple[Decimal, Decimal, Decimal, Decimal], volume: Decimal | None, time_ns: int, source: str
) -> Bar:
    """Build a Bar of open, high, low and close, which must be above zero, with high the highest and low the lowest."""
    opened, high, low, close = prices
    if not low or not low <= opened <= high or not low <= close <= high or time_ns >= _END_OF_TIME:
        return Bar(symbol, open=opened, high=high, low=low, close=close, volume=volume, time_ns=time_ns, source=source)
    value = _new(Bar)
    _bar_symbol(value, symbol)
    _bar_open(value, opened)
    _bar_high(value, high)
    _bar_low(value, low)
    _bar_close(value, close)
    _bar_volume(value, volume)
    _bar_time(value, time_ns)
    _bar_source(value, source)
    return value


def depth(symbol: str, bids: tuple[Level, ...], asks: tuple[Level, ...], time_ns: int, source: str) -> Depth:
    """Build a Depth from levels in the order of the book, whose prices are above zero; it must not be crossed."""
    if (bids and asks and bids[0][0] > asks[0][0]) or time_ns >= _END_OF_TIME:
        return Depth(symbol, bids=bids, asks=asks, time_ns=time_ns, source=source)
    value = _new(Depth)
    _depth_symbol(value, symbol)
    _depth_bids(value, bids)
    _depth_asks(value, asks)
    _depth_time(value, time_ns)
    _depth_source(value, source)
    return value
