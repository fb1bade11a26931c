"""The audit of a system: collects every actor's books and holds them against each other."""

from __future__ import annotations

from ..model.audit import AuditReport, Ledger, check_groups, check_orders, check_venue
from ..model.audit_money import check_portfolio
from ..model.errors import InvalidConfiguration
from .order_manager import ManagerBooks
from .portfolio import PortfolioBooks
from .risk_controller import RiskBooks
from .simulated_exchange import ExchangeBooks
from .system import TradingSystem
from .view import ViewBooks

__all__ = ["AuditReport", "audit"]


def audit(system: TradingSystem, timeout: float = 30.0) -> AuditReport:
    """Check the books of a system: a running one is quiesced first, a stopped one has left its final books.

    The quantity law per order; the exits of each bracket work for what has filled of its entry and is not closed; what
    the exchange executed = what the order manager booked = what the portfolio booked; the cash identity, with deposits
    and rounding; the strategies sum to the account; a gapless sequence in every fold; and sent = handled + queued +
    dead in every mailbox.
    On a running system with rules on violations, what it finds trips them.
    The history plays no part. An exchange of one's own keeps its own books, so that comparison is left out there.

    Args:
        system: running or stopped.
        timeout: seconds to wait for a running system to come to rest.

    Raises:
        InvalidConfiguration: for what is no system, and for a timeout out of range.
        BlockingCall: inside a handler or a callback.
        SystemStopped: for a system that was never started.
    """
    # The annotation binds nobody who has no type checker.
    if not isinstance(system, TradingSystem):
        raise InvalidConfiguration.of("system", system, "must be a TradingSystem")
    report = _audited(system, timeout)
    system.trip_violations(report.violations)
    return report


def _audited(system: TradingSystem, timeout: float) -> AuditReport:
    ledger = Ledger()
    ledger.check("nothing is under way", f"after {timeout} s", system.quiesce(timeout), expected=True)
    books = system.books()
    manager = books.get("order_manager")
    portfolio = books.get("portfolio")
    if not isinstance(manager, ManagerBooks) or not isinstance(portfolio, PortfolioBooks):
        ledger.check("every actor leaves its books", "order manager and portfolio", "none", "books")
        return ledger.report()
    check_orders(ledger, manager.orders)
    check_groups(ledger, manager.orders, manager.groups, manager.gate)
    exchange = books.get("exchange")
    if isinstance(exchange, ExchangeBooks):
        check_venue(ledger, manager.orders, exchange.orders, manager.earlier)
    check_portfolio(
        ledger,
        manager.orders,
        portfolio.snapshot,
        portfolio.executed,
        system.opening_cash,
        system.instruments,
        system.currencies,
    )
    for name in ("risk_controller", "portfolio", "view"):
        fold = books.get(name)
        followed = fold.sequence if isinstance(fold, RiskBooks | PortfolioBooks | ViewBooks) else "no books"
        ledger.check("every fold has followed the whole stream", name, followed, manager.sequence)
    risk = books.get("risk_controller")
    if isinstance(risk, RiskBooks) and all(order.is_closed and not order.in_doubt for order in manager.orders):
        held = tuple(currency for currency, amount in risk.reserved if amount)
        ledger.check("nothing is reserved when no order works", "risk_controller", held, ())
    for box in system.mailboxes():
        accounted = box.handled + box.queued + box.dead
        ledger.check("sent = handled + queued + dead", box.actor, accounted, box.sent)
    return ledger.report()
