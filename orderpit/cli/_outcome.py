"""What a command has to tell when it is over, as values and as the JSON of every command."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from ..actors.audit import AuditReport, audit
from ..actors.monitor import Troubles
from ..actors.order_manager import ManagerBooks
from ..actors.portfolio import PortfolioBooks
from ..actors.system import TradingSystem
from ..actors.view import ViewBooks
from ..model.numbers import ZERO, add, plain, subtract
from ..model.order import Order
from ..model.portfolio import PortfolioSnapshot
from ._data import DataReport
from ._errors import FAILED, OK

_NOTHING = PortfolioSnapshot(cash={}, positions={}, realised_pnl={}, unrealised_pnl={}, fees={}, equity={}, sequence=0)


@attrs.frozen(kw_only=True)
class Outcome:
    """A finished run. seconds is how long the data took to play."""

    stats: Mapping[str, Any]
    portfolio: PortfolioSnapshot
    orders: tuple[Order, ...]
    audit: AuditReport
    troubles: Troubles
    orderly: bool
    data: DataReport
    seconds: float

    @property
    def exit_code(self) -> int:
        """Zero only if the audit found nothing and nothing went wrong inside."""
        failed = self.troubles.problem_count or self.troubles.alarm_count or not self.orderly
        return OK if self.audit.is_clean and not failed else FAILED

    def to_dict(self) -> dict[str, Any]:
        """Return the one JSON object; decimals as plain strings without trailing zeros."""
        book = self.portfolio
        return {
            "stats": dict(self.stats),
            "portfolio": {
                "cash": _plain(book.cash),
                "positions": {
                    symbol: {
                        "quantity": plain(position.quantity),
                        "average_price": plain(position.average_price),
                        "realised_pnl": plain(position.realised_pnl),
                        "unrealised_pnl": plain(position.unrealised_pnl),
                    }
                    for symbol, position in book.positions.items()
                },
                "realised_pnl": _plain(book.realised_pnl),
                "unrealised_pnl": _plain(book.unrealised_pnl),
                "fees": _plain(book.fees),
                "equity": _plain(book.equity),
            },
            "audit": {"violations": list(self.audit.violations), "checks": self.audit.checks},
            "data": attrs.asdict(self.data, filter=attrs.filters.exclude("notes")),
            "seconds": round(self.seconds, 3),
        }


def collect(system: TradingSystem, data: DataReport, seconds: float, *, stop_timeout: float = 10.0) -> Outcome:
    """Stop a system, and read the books that its actors have left."""
    orderly = system.stop(stop_timeout)
    books = system.books()
    view, manager, portfolio = books.get("view"), books.get("order_manager"), books.get("portfolio")
    troubles = books.get("monitor")
    return Outcome(
        stats=dict(view.stats) if isinstance(view, ViewBooks) else {},
        portfolio=portfolio.snapshot if isinstance(portfolio, PortfolioBooks) else _NOTHING,
        orders=manager.orders if isinstance(manager, ManagerBooks) else (),
        audit=audit(system, stop_timeout),
        troubles=troubles if isinstance(troubles, Troubles) else Troubles(0, 0, (), ()),
        orderly=orderly,
        data=data,
        seconds=seconds,
    )


def net(book: PortfolioSnapshot) -> dict[str, Decimal]:
    """Return what was gained by currency: realised + unrealised - fees."""
    return {
        currency: subtract(add(realised, book.unrealised_pnl.get(currency, ZERO)), book.fees.get(currency, ZERO))
        for currency, realised in book.realised_pnl.items()
    }


def _plain(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: plain(amount) for currency, amount in amounts.items()}
