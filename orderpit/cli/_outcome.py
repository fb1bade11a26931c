"""What a command has to tell when it is over, as values and as the JSON of every command."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

import attrs

from ..actors.audit import AuditReport, audit
from ..actors.monitor import Troubles
from ..actors.order_manager import ManagerBooks
from ..actors.portfolio import PortfolioBooks
from ..actors.reading import MailboxCount
from ..actors.system import TradingSystem
from ..actors.view import ViewBooks
from ..model.account_events import TradingStateChanged
from ..model.alarm import Alarm, AlarmCode
from ..model.explanation import Explanation
from ..model.instrument import Instrument
from ..model.numbers import ZERO, add, plain, subtract
from ..model.order import Order
from ..model.performance import Performance
from ..model.portfolio import PortfolioSnapshot
from ._data import DataReport
from ._errors import FAILED, OK
from ._kept import Kept
from ._tallies import Tallies, Tally

SHOWN_TROUBLES = 10
_NOTHING = PortfolioSnapshot(cash={}, positions={}, realised_pnl={}, unrealised_pnl={}, fees={}, equity={}, sequence=0)


@attrs.frozen(kw_only=True)
class Flooded:
    """What a flood adds to the outcome of every command.

    Attributes:
        orders: submitted by the strategies.
        strategies, seed: as asked for.
        orders_per_second: from the first order until the last was submitted and nothing was under way.
        modified, cancelled: commands of these kinds.
        held_back: submissions refused at the edge, since too many were in flight.
        stalled: whether it was given up because nothing moved any more.
        faults: how often each injected fault happened; empty without --faults.
        alarms: how many of each code were raised.
        mailboxes: by actor, what passed and the most that ever waited.
    """

    orders: int
    strategies: int
    seed: int
    orders_per_second: float
    modified: int
    cancelled: int
    held_back: int
    stalled: bool
    faults: Mapping[str, int]
    alarms: Mapping[str, int]
    mailboxes: tuple[MailboxCount, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return attrs.asdict(self, recurse=True) | {
            "orders_per_second": round(self.orders_per_second, 1),
            "faults": dict(self.faults),
            "alarms": dict(self.alarms),
            "mailboxes": {
                box.actor: {"sent": box.sent, "handled": box.handled, "dead": box.dead, "high": box.high}
                for box in self.mailboxes
            },
        }


@attrs.frozen(kw_only=True)
class Outcome:
    """A finished run.

    Attributes:
        seconds: how long the data took to play.
        problems: one line for each place.
        flooded: what a flood adds.
        performance: how the account has done; None where that is not asked.
        strategies: how each strategy has done, by its id.
        trips: the changes of the trading state, in order.
        explanations: of the orders that were asked for, by their ids; None where nothing is known of one.
        runtime: on which the actors ran, where that can be chosen.
        alarms_expected: whether faults were asked for; each alarm then says that one was noticed.
        journal: what a session has written down; None without a journal.
        unprotected: how many of the alarms say that what a bracket held had no stop: the market's doing, not ours.
    """

    stats: Mapping[str, Any]
    portfolio: PortfolioSnapshot
    orders: tuple[Order, ...]
    audit: AuditReport
    troubles: Troubles
    orderly: bool
    data: DataReport
    seconds: float
    instruments: Mapping[str, Instrument] = attrs.field(factory=dict[str, Instrument])
    rejected: Mapping[str, Tally] = attrs.field(factory=dict[str, Tally])
    refused: Mapping[str, Tally] = attrs.field(factory=dict[str, Tally])
    problems: tuple[str, ...] = ()
    flooded: Flooded | None = None
    alarms_expected: bool = False
    unprotected: int = 0
    runtime: str | None = None
    journal: Kept | None = None
    performance: Performance | None = None
    strategies: Mapping[str, Performance] = attrs.field(factory=dict[str, Performance])
    trips: tuple[TradingStateChanged, ...] = ()
    explanations: Mapping[str, Explanation | None] = attrs.field(factory=dict[str, "Explanation | None"])

    @property
    def exit_code(self) -> int:
        """Zero only if the audit found nothing and nothing went wrong inside."""
        failed = self.troubles.problem_count or self.failures_told or not self.orderly
        return OK if self.audit.is_clean and not failed else FAILED

    @property
    def failures_told(self) -> int:
        """How many alarms say that something is wrong."""
        return 0 if self.alarms_expected else self.troubles.alarm_count - self.unprotected

    def trouble_lines(self) -> list[str]:
        """Return the first few things that went wrong, as text."""
        shown = () if self.alarms_expected else self.troubles.alarms
        told = (alarm for alarm in shown if alarm.code is not AlarmCode.UNPROTECTED)
        alarms = (f"alarm {alarm.code.value}{_about(alarm)}: {alarm.text}" for alarm in told)
        return list(islice((*(self.problems or map(str, self.troubles.problems)), *alarms), SHOWN_TROUBLES))

    def to_dict(self, *, interrupted: bool = False) -> dict[str, Any]:
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
                "rounding": _plain(book.rounding),
            },
            "audit": {"violations": list(self.audit.violations), "checks": self.audit.checks},
            "data": attrs.asdict(self.data, filter=attrs.filters.exclude("notes")),
            "seconds": round(self.seconds, 3),
            "rejected": {reason: attrs.asdict(tally) for reason, tally in self.rejected.items()},
            "refused": {reason: attrs.asdict(tally) for reason, tally in self.refused.items()},
            "problems": {
                "count": self.troubles.problem_count,
                "alarms": self.troubles.alarm_count,
                "texts": self.trouble_lines(),
            },
            "interrupted": interrupted,
            "net": _plain(net(book)),
            **({} if self.runtime is None else {"runtime": self.runtime}),
            **({} if self.performance is None else {"performance": self._performance(self.performance)}),
            **({} if self.flooded is None else {"stress": self.flooded.to_dict()}),
            **({} if self.runtime is None else {"trips": [_trip(event) for event in self.trips]}),
            **({} if self.journal is None else {"journal": attrs.asdict(self.journal)}),
            **({"explanations": self._explained()} if self.explanations else {}),
        }

    def _explained(self) -> dict[str, Any]:
        return {name: None if told is None else told.to_dict() for name, told in self.explanations.items()}

    def _performance(self, account: Performance) -> dict[str, Any]:
        return {
            "account": account.to_dict(),
            "strategies": {name: one.to_dict() for name, one in self.strategies.items()},
        }


def collect(
    system: TradingSystem, data: DataReport, seconds: float, tallies: Tallies, *, stop_timeout: float = 10.0
) -> Outcome:
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
        instruments=system.instruments,
        rejected=dict(tallies.rejected),
        refused=dict(tallies.refused),
        problems=tallies.problems(),
        unprotected=tallies.alarms.get(AlarmCode.UNPROTECTED.value, 0),
        trips=tuple(tallies.trips),
    )


def _about(alarm: Alarm) -> str:
    return f" on order {alarm.order_id}" if alarm.order_id else ""


def net(book: PortfolioSnapshot) -> dict[str, Decimal]:
    """Return what was gained by currency: realised + unrealised - fees; zero where nothing was traded."""
    gross = {
        currency: add(book.realised_pnl.get(currency, ZERO), book.unrealised_pnl.get(currency, ZERO))
        for currency in sorted(book.cash.keys() | book.equity.keys() | book.realised_pnl.keys())
    }
    return {currency: subtract(gain, book.fees.get(currency, ZERO)) for currency, gain in gross.items()}


def _trip(event: TradingStateChanged) -> dict[str, Any]:
    return {
        "time_ns": event.time_ns,
        "strategy_id": event.strategy_id,
        "before": event.before.value,
        "state": event.state.value,
        "trip": event.trip.value,
        "action": None if event.action is None else event.action.value,
        "text": event.text,
    }


def _plain(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: plain(amount) for currency, amount in amounts.items()}
