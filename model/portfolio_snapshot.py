"""What the portfolio shows: positions by symbol, and money by currency, of the account and of each strategy."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import attrs

from .holding import AnyHolding, Holding
from .numbers import ZERO, ratio, tidy

_NO_MONEY: Final[Mapping[str, Decimal]] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class PositionSide:
    """What is held on one side of the market: its quantity and cost, both zero or more; average_price is for display.

    The cost of a short position is what it has brought in.
    """

    quantity: Decimal
    cost: Decimal
    average_price: Decimal


@attrs.frozen(kw_only=True)
class Position:
    """One symbol's position in a snapshot. Money in the quote currency; average_price is for display.

    quantity is the long less the short, and cost what the long has cost less what the short has brought in. Where
    positions are netted, one of long and short is empty; where they are hedged, each is there for itself. average_price
    is that of the side that is held, zero where none is, or both are.

    mark is the price it is valued at: mid, else last trade, else close. While it is None, none is known, and a position
    is worth what it has cost; so unrealised_pnl is zero then. (Of the account's position it is then less what crossed:
    see PortfolioSnapshot.)
    """

    symbol: str
    quantity: Decimal
    average_price: Decimal
    realised_pnl: Decimal
    unrealised_pnl: Decimal
    mark: Decimal | None
    cost: Decimal
    long: PositionSide
    short: PositionSide


@attrs.frozen(kw_only=True)
class PortfolioFigures:
    """Positions by symbol, and money by currency. Profit is before fees, and exact.

    In each currency equity - opening cash - deposits = realised + unrealised - fees + rounding.

    Attributes:
        cash: what is booked; a fee in the base currency is booked to that, below zero if need be. Of a strategy, what
            its fills have moved, from zero.
        fees: exact, rebates deducted.
        equity: cash and what positions are worth.
        deposits: what was paid in less what was paid out; the account's.
        rounding: what cash has gained by being booked to a currency's places, below zero where it has lost.
        crossed: what the account has realised because one strategy has sold what another had bought, which neither has
            realised: the account's realised is the sum of the strategies' and crossed, its unrealised their sum less
            crossed. Zero while they do not cross.
    """

    cash: Mapping[str, Decimal]
    positions: Mapping[str, Position]
    realised_pnl: Mapping[str, Decimal]
    unrealised_pnl: Mapping[str, Decimal]
    fees: Mapping[str, Decimal]
    equity: Mapping[str, Decimal]
    deposits: Mapping[str, Decimal] = _NO_MONEY
    rounding: Mapping[str, Decimal] = _NO_MONEY
    crossed: Mapping[str, Decimal] = _NO_MONEY


@attrs.frozen(kw_only=True)
class PortfolioSnapshot(PortfolioFigures):
    """The account's figures, netted as the venue would see one account, or one strategy's.

    Attributes:
        sequence: that of the last update that is included.
        strategies: the figures of each strategy that has traded, by its id; empty in the snapshot of one strategy.
            Their positions' quantities, their fees and rounding, and realised + unrealised sum to the account's.
    """

    sequence: int
    strategies: Mapping[str, PortfolioFigures] = MappingProxyType({})

    @classmethod
    def of(
        cls, figures: PortfolioFigures, sequence: int, strategies: Mapping[str, PortfolioFigures] = MappingProxyType({})
    ) -> PortfolioSnapshot:
        """Return figures with the update that they were taken after."""
        fields: dict[str, Any] = {name: getattr(figures, name) for name in _FIGURES}
        return cls(**fields, sequence=sequence, strategies=strategies)


_FIGURES: Final = tuple(field.name for field in attrs.fields(PortfolioFigures))


def position_of(symbol: str, holding: AnyHolding, mark: Decimal | None, open_profit: Decimal) -> Position:
    """Return a position as it is shown."""
    long, short = (_side(holding) for holding in holding.sides())
    return Position(
        symbol=symbol,
        quantity=tidy(holding.quantity),
        average_price=ZERO if long.quantity and short.quantity else (long.average_price or short.average_price),
        realised_pnl=tidy(holding.realised),
        unrealised_pnl=tidy(open_profit),
        mark=mark,
        cost=tidy(holding.carried),
        long=long,
        short=short,
    )


def _side(holding: Holding) -> PositionSide:
    size, cost = holding.size, holding.remaining_cost
    return PositionSide(quantity=tidy(size), cost=tidy(cost), average_price=ratio(cost, size) if size else ZERO)


def shown(amounts: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    """Return the same amounts, read-only and without the trailing zeros that products and sums leave."""
    return MappingProxyType({currency: tidy(amount) for currency, amount in amounts.items()})
