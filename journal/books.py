"""The books that a journal adds up to: orders, positions, cash, profit and statistics, by the folds of the live system.

Prices are not in a journal. Positions are marked at the price of the last fill of their symbol, and what depends on the
course of prices, such as drawdowns and ratios, is of those marks alone.
"""

from __future__ import annotations

from typing import Final

from ..model.account_events import TradingStateChanged
from ..model.audit import AuditReport, Ledger, check_orders
from ..model.audit_money import check_portfolio
from ..model.events import OrderFilled, OrderUpdate
from ..model.gate import Gate, Hold, told_to
from ..model.group_laws import Finding, group_laws
from ..model.kinds import Action, Trip
from ..model.market import Trade
from ..model.order import Order
from ..model.performance_book import PerformanceBook
from ..model.portfolio import PortfolioBook
from ..model.statistics import Statistics
from .continuing import Used
from .terms import JournalTerms

MARKED: Final = "prices are not in a journal: positions are marked at the last fill's price"


class Books:
    """Everything that updates of a journal add up to.

    Args:
        terms: that the journal was begun with.
        performance: whether to keep what the account and the strategies have earned, which takes the longest.
    """

    def __init__(self, terms: JournalTerms, *, performance: bool = True) -> None:
        self.terms = terms
        self.sequence = 0
        self.first_time_ns: int | None = None
        self.last_time_ns: int | None = None
        self.orders: dict[str, Order] = {}
        self.live: dict[str, None] = {}
        self.gate = Gate()
        self.statistics = Statistics()
        self.portfolio = PortfolioBook(
            terms.by_symbol,
            terms.opening_cash,
            cost_basis=terms.cost_basis,
            hedged=terms.is_hedged,
            currencies=terms.by_code,
        )
        self.performance = (
            PerformanceBook(terms.by_symbol, terms.opening_cash, terms.currency, hedged=terms.is_hedged)
            if performance
            else None
        )

    def take(self, update: OrderUpdate) -> None:
        """Fold one update."""
        event, order = update.event, update.order
        if isinstance(event, OrderFilled) and order is not None:
            mark = Trade(order.symbol, price=event.fill.price, time_ns=event.time_ns)
            self.portfolio.on_market_data(mark)
            if self.performance is not None:
                self.performance.on_market_data(mark, event.time_ns)
        if self.performance is not None:
            self.performance.on_update(update)
        self.portfolio.on_update(update)
        self.statistics.on_update(update)
        if order is not None:
            self.orders[order.order_id] = order
            if order.is_closed:
                self.live.pop(order.order_id, None)
            else:
                self.live[order.order_id] = None
        if isinstance(event, TradingStateChanged):
            self.gate = told_to(self.gate, event)
        self.sequence = update.sequence
        self.first_time_ns = event.time_ns if self.first_time_ns is None else self.first_time_ns
        self.last_time_ns = event.time_ns

    @property
    def used(self) -> Used:
        """What is open: which terms can change now depends on it."""
        return Used.of((self.orders[order_id] for order_id in self.live), self.portfolio.snapshot())

    def audit(self) -> tuple[AuditReport, tuple[str, ...]]:
        """Hold the books against each other.

        Returns:
            What was found; and what of the groups is unfinished, though it may have had a reason that is not in a
            journal: that the venue was out of reach, that a symbol was stopped, or that the process ended.
        """
        ledger = Ledger()
        check_orders(ledger, self.orders.values())
        terms = self.terms
        check_portfolio(
            ledger,
            self.orders.values(),
            self.portfolio.snapshot(),
            self.portfolio.executed(),
            terms.opening_cash or {},
            terms.by_symbol,
            terms.by_code,
        )
        return ledger.report(), tuple(self._check_groups(ledger))

    def _check_groups(self, ledger: Ledger) -> list[str]:
        linked: dict[str, list[Order]] = {}
        for order in self.orders.values():
            if order.link is not None:
                linked.setdefault(order.link.group_id, []).append(order)
        groups = {group.group_id: group for group in self.statistics.groups}
        folded = {name: list(group.orders) for name, group in groups.items()}
        ledger.check("a group is of its orders", "all groups", folded == linked, expected=True)
        unfinished: list[str] = []
        for group in groups.values():
            # What would be right if nothing could have left, the journal cannot say that it is wrong.
            shut = self.gate.with_venue_lost("").tripped(Hold(Action.HALT, Trip.FAILURE, ""))
            excused = {(one.law, one.subject) for one in group_laws(group, shut) if one.found == one.expected}
            asked = {(one.law, one.subject) for one in group_laws(group, shut)}
            for one in group_laws(group, self.gate):
                key = one.law, one.subject
                if one.found != one.expected and (key in excused or key not in asked):
                    unfinished.append(_told(one))
                else:
                    ledger.check(one.law, one.subject, one.found, one.expected)
        return unfinished


def _told(one: Finding) -> str:
    return f"{one.law}: {one.subject}: found {one.found}, expected {one.expected}"
