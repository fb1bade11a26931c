"""The portfolio: positions and cash, from fills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ..model.booking import Flows
from ..model.events import OrderUpdate
from ..model.market import MARKET_DATA, MarketData
from ..model.performance_book import PerformanceBook
from ..model.portfolio import PortfolioBook, PortfolioSnapshot
from .address import Target
from .following import Follower
from .messages import GetPerformance, GetPortfolio, Halt, Query
from .runtime import Context

PortfolioMessage = OrderUpdate | MarketData


@attrs.frozen
class PortfolioBooks:
    """What the portfolio knows at one moment; executed is bought, sold and net cash flow by symbol, from its fills."""

    sequence: int
    executed: Mapping[str, Flows]
    snapshot: PortfolioSnapshot


class Portfolio(Follower):
    """Books fills and marks positions.

    Args:
        context: as every actor.
        me: its own address.
        manager: the order manager.
        risk: told to halt when the books can no longer be kept.
        book: positions and cash.
        performance: how the account and the strategies have done.
        followed: the last entry that both include already.
    """

    def __init__(
        self,
        context: Context,
        me: Target[PortfolioMessage],
        manager: Target[Any],
        risk: Target[Halt],
        book: PortfolioBook,
        performance: PerformanceBook,
        followed: int = 0,
    ) -> None:
        super().__init__(context, me, manager, risk, followed)
        self._book = book
        self._performance = performance

    def handle(self, message: Any) -> None:
        """Take over a price or an update."""
        if isinstance(message, OrderUpdate):
            self.follow(message, self._fold)
        elif type(message) in MARKET_DATA:
            self._book.on_market_data(message)
            self._performance.on_market_data(message, self.context.now_ns())
        else:
            self.unknown(message)

    def answer(self, query: Query) -> object:
        """Answer with a snapshot, or with how it has done."""
        if isinstance(query, GetPerformance):
            return self._performance.performance(query.strategy_id)
        if isinstance(query, GetPortfolio):
            return self._book.snapshot(query.strategy_id)
        return super().answer(query)

    def _fold(self, update: OrderUpdate) -> None:
        # Where the second fails, the entry comes again; the first then leaves it out, since it has it.
        self._performance.on_update(update)
        self._book.on_update(update)

    def books(self) -> PortfolioBooks:
        """Return positions and cash, and the sums that the audit holds them against."""
        return PortfolioBooks(self.followed, self._book.executed(), self._book.snapshot())
