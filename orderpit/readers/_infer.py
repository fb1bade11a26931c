"""The instrument of a recording, as far as its first records tell."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from ..model.instrument import Instrument
from ..model.market import Bar, Depth, MarketData, Quote, Trade
from ..model.numbers import EXACT
from ._open import Paths, open_records
from ._skips import unreadable
from ._symbols import split

LOOKED_AT: Final = 1_000
"""Records that are looked at."""

_LEVELS: Final = 20
_QUANTITY_OF_A_PAIR: Final = "0.00000001"


def infer_instrument(paths: Paths, symbol: str | None = None, *, skip_bad_rows: bool = False) -> Instrument:
    """Return an instrument whose increments fit the first thousand records.

    The price increment is 10 to the minus most decimals of a price seen, trailing zeros aside (Binance writes eight of
    them), and the quantity increment the same for sizes. Bars give no sizes of single trades: for them the quantity
    increment is one share where the symbol has no slash, and else 0.00000001. A symbol without a slash is quoted in USD
    unless it ends in a known quote currency. What the venue's own rules are is in no recording: state the instrument
    where they matter.

    Args:
        paths: as for open_records().
        symbol: as for open_records(); the instrument is that of the first record.
        skip_bad_rows: as for open_records().

    Raises:
        InvalidData: as open_records(), and for files without a record.
    """
    with open_records(paths, symbol=symbol, skip_bad_rows=skip_bad_rows, depth_levels=_LEVELS) as records:
        first = next(records, None)
        if first is None:
            raise unreadable(records.source, "holds no record to tell the increments by")
        price_places, size_places = 0, 0
        only_bars = True
        for record in itertools.chain([first], itertools.islice(records, LOOKED_AT - 1)):
            if record.symbol != first.symbol:
                continue
            only_bars = only_bars and isinstance(record, Bar)
            price_places = max([price_places, *(_places(price) for price in _prices(record))])
            size_places = max([size_places, *(_places(size) for size in _sizes(record))])
    pair = "/" in first.symbol
    if only_bars:
        quantity_increment: str | Decimal = _QUANTITY_OF_A_PAIR if pair else "1"
    else:
        quantity_increment = _power(size_places)
    split_off = None if pair else split(first.symbol, shortest=2)
    return Instrument(
        first.symbol,
        price_increment=_power(price_places),
        quantity_increment=quantity_increment,
        base_currency=split_off and split_off.partition("/")[0],
        quote_currency=None if pair else (split_off or "/USD").partition("/")[2],
    )


def _prices(record: MarketData) -> Iterator[Decimal]:
    match record:
        case Trade():
            yield record.price
        case Quote():
            yield from (price for price in (record.bid, record.ask) if price is not None)
        case Bar():
            yield from (record.open, record.high, record.low, record.close)
        case Depth():
            yield from (price for price, _ in record.bids + record.asks)


def _sizes(record: MarketData) -> Iterator[Decimal]:
    match record:
        case Trade():
            yield from () if record.size is None else (record.size,)
        case Quote():
            yield from (size for size in (record.bid_size, record.ask_size) if size is not None)
        case Bar():
            pass
        case Depth():
            yield from (size for _, size in record.bids + record.asks)


def _places(value: Decimal) -> int:
    exponent = EXACT.normalize(value).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _power(places: int) -> Decimal:
    return Decimal((0, (1,), -places))
