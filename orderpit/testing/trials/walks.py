"""Market data drawn from a seed: a random walk of quotes and trades, with sizes and jumps."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from ...model.errors import InvalidConfiguration
from ...model.instrument import Instrument
from ...model.kinds import Side
from ...model.market import MarketData, Quote, Trade
from ...model.numbers import EXACT, Number, multiply, positive, whole

_SIZES: Final = tuple(map(Decimal, ("0.1", "0.25", "0.5", "1", "1", "2", "5")))
_STEP: Final = 8
_JUMP: Final = 120
_WIDEST: Final = 20
_ONE_IN: Final = 5
"""Of so many records one is a trade, and of so many quotes one has sizes that are not known."""
_JUMPS_ONE_IN: Final = 10


def random_walk(seed: int, instrument: Instrument, *, records: int = 60, start: Number = 100) -> Iterator[MarketData]:
    """Yield quotes and trades whose price walks by up to eight increments at a time, and now and then jumps.

    Args:
        seed: the same seed gives the same records.
        instrument: whose prices and sizes they are, on its grid.
        records: how many.
        start: about where the price begins, in the quote currency.

    Raises:
        InvalidConfiguration: naming the field, the value and the rule.
    """
    whole("records", records, InvalidConfiguration)
    increment, lot = instrument.price_increment, instrument.quantity_increment
    draw = random.Random(f"walk {seed}")
    middle = int(EXACT.divide_int(positive("start", start, InvalidConfiguration), increment))

    def price(ticks: int) -> Decimal:
        return multiply(Decimal(max(ticks, 1)), increment)

    def size() -> Decimal:
        lots = EXACT.divide_int(draw.choice(_SIZES), lot)
        return multiply(max(lots, Decimal(1)), lot)

    for _ in range(records):
        reach = _STEP if draw.randrange(_JUMPS_ONE_IN) else _JUMP
        middle = max(middle + draw.randint(-reach, reach), _WIDEST + 1)
        half = draw.randint(1, _WIDEST // 2)
        if not draw.randrange(_ONE_IN):
            yield Trade(
                instrument.symbol, price=price(middle), size=size(), aggressor=draw.choice((Side.BUY, Side.SELL))
            )
            continue
        known = draw.randrange(_ONE_IN) > 0
        yield Quote(
            instrument.symbol,
            bid=price(middle - half),
            ask=price(middle + half),
            bid_size=size() if known else None,
            ask_size=size() if known else None,
        )
