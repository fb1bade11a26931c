"""Positions and cash, per strategy and in total, as a fold of fills: exact, and the same however these are sliced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from . import events as e
from .account import CostBasis, Currency
from .account_events import CashMoved
from .booking import Flows, balances, entries, fees_after, quote_of
from .holding import AnyHolding, nothing_held, unrealised
from .instrument import Instrument
from .mark import Mark
from .market import MarketData
from .numbers import ZERO, add, multiply, subtract, total
from .order import Order
from .portfolio_snapshot import PortfolioFigures, PortfolioSnapshot, Position, position_of, shown
from .position_book import Booked, Held, PositionBook, Restated, booked
from .rounding import CashRounding

__all__ = ["PortfolioBook", "PortfolioFigures", "PortfolioSnapshot", "Position"]

_NO_CURRENCIES: Final[Mapping[str, Currency]] = MappingProxyType({})


class _Money:
    """Sums by currency: cash as it is exactly, fees, and what rounding has added to the cash that is booked."""

    def __init__(self, cash: Mapping[str, Decimal]) -> None:
        self.cash = dict(cash)
        self.fees: dict[str, Decimal] = {}
        self.rounding: dict[str, Decimal] = {}


class PortfolioBook:
    """The portfolio's whole state.

    Args:
        instruments: by symbol.
        cash: opening balance by currency; None opens every account at zero.
        cost_basis: which of what was bought is sold first: "average" (all of it alike), "fifo" or "lifo".
        hedged: whether a strategy can hold a long and a short position in the same symbol.
        currencies: by code, those whose cash is booked to so many places.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        cash: Mapping[str, Decimal] | None = None,
        *,
        cost_basis: CostBasis = "average",
        hedged: bool = False,
        currencies: Mapping[str, Currency] = _NO_CURRENCIES,
    ) -> None:
        self.sequence = 0
        self._instruments = instruments
        self._hedged = hedged
        self._nothing = nothing_held(cost_basis, hedged=hedged)
        self._rounding = CashRounding(currencies)
        self._account = _Money(cash or {})
        self._strategies: dict[str, _Money] = {}
        self._deposits: dict[str, Decimal] = {}
        self._positions: dict[str, PositionBook] = {}
        self._marks: dict[str, Mark] = {}

    @property
    def exact_cash(self) -> Mapping[str, Decimal]:
        """The account's opening cash and what fills have moved, before rounding and deposits; it goes on changing."""
        return MappingProxyType(self._account.cash)

    def holding(self, symbol: str) -> AnyHolding:
        """Return what the account holds of a symbol."""
        book = self._positions.get(symbol)
        return self._nothing if book is None else book.account

    def on_market_data(self, data: MarketData) -> None:
        """Take over a price."""
        self._marks[data.symbol] = self._marks.get(data.symbol, Mark()).after(data)

    def on_update(self, update: e.OrderUpdate) -> None:
        """Fold one entry of the stream."""
        order, event = update.order, update.event
        match event:
            case e.OrderFilled() if order is not None:
                positions = self._book_of(order.symbol)
                one = booked(order, event.fill, hedged=self._hedged)
                self._take_over(order, event, positions, (one, positions.after(one)))
            case e.FillBusted() | e.FillCorrected() if order is not None:
                positions = self._book_of(order.symbol)
                self._take_over(order, event, positions, positions.restated(order, event))
            case CashMoved():
                self._deposits[event.currency] = add(self._deposits.get(event.currency, ZERO), event.amount)
            case _:
                pass
        self.sequence = update.sequence

    def _book_of(self, symbol: str) -> PositionBook:
        return self._positions.get(symbol) or PositionBook(self._nothing)

    def _take_over(
        self, order: Order, event: e.OrderEvent, positions: PositionBook, after: tuple[Booked, Held] | Restated
    ) -> None:
        moved, quote = entries(event), quote_of(self._instruments, order.symbol)
        sums = self._rounding.after(order.order_id, quote, order.side, moved)
        changes = self._rounding.changes(sums)
        strategy = self._strategies.get(order.strategy_id) or _Money({})
        stands = [
            (
                money,
                balances(money.cash, quote, order.side, moved),
                fees_after(money.fees, moved),
                {code: add(money.rounding.get(code, ZERO), change) for code, change in changes.items()},
            )
            for money in (self._account, strategy)
        ]
        # All is computed; nothing from here on can fail.
        for money, cash, fees, rounding in stands:
            money.cash.update(cash)
            money.fees.update(fees)
            money.rounding.update(rounding)
        self._rounding.take_over(sums)
        self._strategies[order.strategy_id] = strategy
        self._positions[order.symbol] = positions
        if isinstance(after, Restated):
            positions.restate(after)
        else:
            positions.take_over(*after)

    def snapshot(self, strategy_id: str | None = None) -> PortfolioSnapshot:
        """Return everything as it stands, as one immutable value; of one strategy where one is named."""
        if strategy_id is not None:
            return PortfolioSnapshot.of(self._of_strategy(strategy_id), self.sequence)
        strategies = {name: self._of_strategy(name) for name in self._strategies}
        return PortfolioSnapshot.of(self._of_account(), self.sequence, MappingProxyType(strategies))

    def _of_strategy(self, strategy_id: str) -> PortfolioFigures:
        positions = (
            self._position(symbol, book.strategies[strategy_id])
            for symbol, book in self._positions.items()
            if strategy_id in book.strategies
        )
        return self._figures(self._strategies.get(strategy_id) or _Money({}), positions, {}, {})

    def _of_account(self) -> PortfolioFigures:
        crossed: dict[str, Decimal] = {}
        positions: list[Position] = []
        for symbol, book in self._positions.items():
            realised = total(holding.realised for holding in book.strategies.values())
            crossing = subtract(book.account.realised, realised)
            _increase(crossed, quote_of(self._instruments, symbol), crossing)
            positions.append(self._position(symbol, book.account, crossing))
        return self._figures(self._account, positions, crossed, self._deposits)

    def _position(self, symbol: str, holding: AnyHolding, crossed: Decimal = ZERO) -> Position:
        price = self._marks.get(symbol, Mark()).price
        # Until a price is known, a strategy's position is worth what it has cost, and the account's what these are.
        return position_of(
            symbol, holding, price, subtract(ZERO, crossed) if price is None else unrealised(holding, price)
        )

    def _figures(
        self,
        money: _Money,
        held: Iterable[Position],
        crossed: Mapping[str, Decimal],
        deposits: Mapping[str, Decimal],
    ) -> PortfolioFigures:
        positions = {position.symbol: position for position in held}
        cash, realised, open_profit = dict(money.cash), dict[str, Decimal](), dict[str, Decimal]()
        for amounts in (money.rounding, deposits):
            for currency, amount in amounts.items():
                _increase(cash, currency, amount)
        equity = dict(cash)
        for symbol, position in positions.items():
            quote = quote_of(self._instruments, symbol)
            _increase(realised, quote, position.realised_pnl)
            _increase(open_profit, quote, position.unrealised_pnl)
            _increase(equity, quote, add(position.cost, position.unrealised_pnl))
        return PortfolioFigures(
            cash=shown(cash),
            positions=MappingProxyType(positions),
            realised_pnl=shown(realised),
            unrealised_pnl=shown(open_profit),
            fees=shown(money.fees),
            equity=shown(equity),
            deposits=shown(deposits),
            rounding=shown(money.rounding),
            crossed=shown(crossed),
        )

    def executed(self) -> Mapping[str, Flows]:
        """Return what was bought and sold by symbol, summed anew from the fills."""
        sums: dict[str, Flows] = {}
        for symbol, book in self._positions.items():
            flows = Flows()
            for one in book.booked:
                flows = flows.after(one.side, one.fill.quantity, multiply(one.fill.quantity, one.fill.price))
            sums[symbol] = flows
        return sums


def _increase(amounts: dict[str, Decimal], key: str, amount: Decimal) -> None:
    amounts[key] = add(amounts.get(key, ZERO), amount)
