"""What orders may cost at the prices that are known."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from .commands import SubmitOrder
from .instrument import Instrument
from .kinds import OrderType, Side
from .mark import Mark
from .market import MarketData
from .numbers import ONE, ZERO, add, multiply, subtract
from .trailing import dearest_trigger

_NO_MARK: Final = Mark()


class Valuation:
    """The latest prices, and the worst that an order may come to at them.

    Args:
        instruments: by symbol.
        allowance: factor on a market order's price for slippage, at least 1.
        allowance_ticks: what comes on top of that, in ticks of the instrument.
        fee_rate: largest fee as a fraction of notional.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], *, allowance: Decimal, allowance_ticks: int, fee_rate: Decimal
    ) -> None:
        self._instruments = instruments
        self._allowance = allowance
        self._allowance_ticks = Decimal(allowance_ticks)
        self._fee_rate = fee_rate
        self._with_fee = add(ONE, fee_rate)
        self._marks: dict[str, Mark] = {}

    def on_market_data(self, data: MarketData) -> None:
        """Take over a price."""
        self._marks[data.symbol] = self.mark(data.symbol).after(data)

    def price(self, symbol: str) -> Decimal | None:
        """Return what a symbol is worth, in the quote currency; None when no market is known."""
        return self.mark(symbol).price

    def worst_price(self, terms: SubmitOrder) -> Decimal | None:
        """Return the dearest price at which an order could execute as things stand; None when no market is known."""
        market = self.mark(terms.symbol).against(terms.side)
        tick = self._instruments[terms.symbol].price_increment
        if terms.price is not None:
            # A sell limit below the market executes at the market.
            return max(terms.price, market) if terms.side is Side.SELL and market is not None else terms.price
        if terms.stop_price is not None:
            market = terms.stop_price if market is None else max(terms.stop_price, market)
        elif terms.order_type is OrderType.TRAILING_STOP:
            market = dearest_trigger(terms.side, market, terms.instructions, tick)
        if market is None:
            return None
        return add(multiply(market, self._allowance), multiply(self._allowance_ticks, tick))

    def notional(self, terms: SubmitOrder) -> Decimal | None:
        """Return what an order may be worth, in the quote currency; None when no market is known."""
        price = self.worst_price(terms)
        return None if price is None else multiply(terms.quantity, price)

    def cost(self, terms: SubmitOrder, filled: Decimal) -> Decimal | None:
        """Return what may still be paid for an order of which so much has filled, in the quote currency, fee included.

        None when no market is known.
        """
        price = self.worst_price(terms)
        if price is None:
            return None
        leaves = max(subtract(terms.quantity, filled), ZERO)
        return multiply(multiply(leaves, price), self._with_fee)

    def fee(self, terms: SubmitOrder, leaves: Decimal) -> Decimal:
        """Return the largest fee on what may still execute, in the quote currency; zero while no market is known."""
        price = self.worst_price(terms) if self._fee_rate else None
        return ZERO if price is None else multiply(multiply(leaves, price), self._fee_rate)

    def mark(self, symbol: str) -> Mark:
        """Return what market data has told of a symbol."""
        return self._marks.get(symbol, _NO_MARK)
