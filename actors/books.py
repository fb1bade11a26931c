"""What the built-in actors know when they start: nothing, or what was recorded when the system last ran."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise

import attrs

from ..model.account import MarginAccount
from ..model.account_events import LimitsChanged
from ..model.cash_on_record import CashOnRecord
from ..model.events import OrderCreated, OrderDenied, OrderUpdate
from ..model.limits import RiskLimits
from ..model.numbers import ONE, ZERO
from ..model.order_view import OrderView
from ..model.own_orders import OwnOrders
from ..model.performance_book import PerformanceBook
from ..model.portfolio import PortfolioBook
from ..model.reconciler import Reconciler
from ..model.risk import RiskBook
from .exchange import ExchangeDescription
from .runtime import Runtime
from .settings import Settings


@attrs.define
class Books:
    """The state of each built-in actor that folds the stream.

    own is what each strategy knows of its own; limits are those that were recorded last, None while none were.
    """

    blotter: Reconciler
    risk: RiskBook
    portfolio: PortfolioBook
    performance: PerformanceBook
    view: OrderView
    recent: deque[OrderUpdate]
    own: dict[str, OwnOrders] = attrs.field(factory=dict[str, OwnOrders])
    limits: RiskLimits | None = None

    def recover(self, updates: Iterable[OrderUpdate], elapsed_ns: int, following: Iterable[OrderUpdate] = ()) -> None:
        """Fold what was recorded before. Deadlines of requests without an answer count from elapsed_ns.

        following are entries behind these, of which nothing is folded: they say what became of the last of these.
        """
        for update, denied in _with_denial(updates, following):
            self.blotter.recover(update, elapsed_ns)
            self.risk.recover(update, denied=denied)
            self.portfolio.on_update(update)
            self.performance.on_update(update)
            self.view.on_update(update)
            self.recent.append(update)
            if isinstance(update.event, LimitsChanged):
                self.limits = update.event.limits
            if update.order is not None:
                self.own.setdefault(update.order.strategy_id, OwnOrders()).on_update(update)


def _with_denial(
    updates: Iterable[OrderUpdate], following: Iterable[OrderUpdate]
) -> Iterator[tuple[OrderUpdate, bool]]:
    """Say of each entry whether it begins an order that the next one denies: both were recorded in one go."""
    last = next(iter(following), None)
    for update, behind in pairwise(chain(updates, (last,))):
        assert update is not None, "only behind the last may be nothing"
        denied = behind is not None and isinstance(behind.event, OrderDenied)
        yield update, denied and isinstance(update.event, OrderCreated)


def books_for(settings: Settings, runtime: Runtime) -> Books:
    """Return the books of a system that nothing has happened in yet."""
    described = settings.exchange if isinstance(settings.exchange, ExchangeDescription) else None
    hedged = settings.positions == "hedged"
    remembers = described is None or described.remembers
    blotter = Reconciler(
        runtime.ids("manager"),
        settings.answer_within_ns,
        settings.max_unanswered,
        amends=settings.amends,
        instruments=settings.instruments,
        hedged=hedged,
        lists=settings.lists,
        remembers=remembers,
        cash=_cash_on_record(settings) if remembers else None,
        adopts=settings.unknown_orders == "adopt",
    )
    risk = RiskBook(
        settings.instruments,
        settings.limits,
        cash=settings.cash,
        allowance=ONE if described is None else described.allowance,
        allowance_ticks=0 if described is None else described.allowance_ticks,
        fee_rate=ZERO if described is None else described.dearest_fee,
        currency=settings.account_currency,
        hedged=hedged,
        ties=settings.ties,
        account=settings.account,
        rules=settings.rules,
    )
    portfolio = PortfolioBook(
        settings.instruments,
        settings.cash,
        cost_basis=settings.cost_basis,
        hedged=hedged,
        currencies=settings.currencies,
    )
    performance = PerformanceBook(settings.instruments, settings.cash, settings.account_currency, hedged=hedged)
    return Books(blotter, risk, portfolio, performance, OrderView(settings.history), deque(maxlen=settings.history))


def _cash_on_record(settings: Settings) -> CashOnRecord | None:
    """Return what balances are held against; nothing on a margin, where venues book profit and not what was paid."""
    if settings.cash is None or isinstance(settings.account, MarginAccount):
        return None
    is_spot = settings.account is not None
    return CashOnRecord(settings.instruments, settings.cash, settings.currencies, is_spot=is_spot)
