"""How the built-in actors are put together: which addresses there are, and what each actor is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import attrs

from ..model.kinds import Trip
from .actor import BaseActor
from .address import Address, Ahead
from .auditor import Auditor
from .books import Books
from .exchange import AdaptedExchangeActor, ExchangeDescription, Surroundings
from .journal import Journal
from .kill_file import KillFile
from .messages import Problem
from .monitor import Monitor
from .order_manager import OrderManager
from .portfolio import Portfolio
from .publisher import Publisher
from .risk_controller import RiskController
from .runtime import Runtime
from .settings import Settings
from .stepped import Stepped, SteppedRuntime
from .threads import DataClock, DataTimers, ThreadRuntime, first_line
from .view import View
from .watchdog import Moving, Watchdog


@attrs.frozen
class Plan:
    """An actor to be: its address, its class and its arguments."""

    address: Address[Any]
    actor_class: type[BaseActor]
    arguments: tuple[Any, ...]


@attrs.frozen
class Addresses:
    """Where the built-in actors will be found, in the order in which they stop: who produces stops first."""

    risk: Address[Any] = attrs.field(factory=lambda: Address[Any]("risk_controller"))
    exchange: Address[Any] = attrs.field(factory=lambda: Address[Any]("exchange"))
    manager: Address[Any] = attrs.field(factory=lambda: Address[Any]("order_manager"))
    journal: Address[Any] = attrs.field(factory=lambda: Address[Any]("journal"))
    portfolio: Address[Any] = attrs.field(factory=lambda: Address[Any]("portfolio"))
    view: Address[Any] = attrs.field(factory=lambda: Address[Any]("view"))
    publisher: Address[Any] = attrs.field(factory=lambda: Address[Any]("publisher"))
    kill_file: Address[Any] = attrs.field(factory=lambda: Address[Any]("kill_file"))
    watchdog: Address[Any] = attrs.field(factory=lambda: Address[Any]("watchdog"))
    auditor: Address[Any] = attrs.field(factory=lambda: Address[Any]("auditor"))

    def everybody(self) -> tuple[Address[Any], ...]:
        """Return them and those that watch from outside."""
        return (*self.all(), self.journal, self.kill_file, self.watchdog, self.auditor)

    def guards(self) -> tuple[Address[Any], ...]:
        """Return those that watch from outside, as far as they were asked for."""
        return tuple(it for it in (self.kill_file, self.watchdog, self.auditor) if it.is_bound)

    def all(self) -> tuple[Address[Any], ...]:
        """Return those that are at work in the order in which they stop."""
        kept = (self.journal,) if self.journal.is_bound else ()
        return (self.risk, self.exchange, self.manager, self.portfolio, *kept, self.view, self.publisher)


def runtime_for(settings: Settings, report: Callable[[Problem], None], leave: Callable[[str, Any], None]) -> Runtime:
    """Return the runtime that the settings ask for.

    Args:
        settings: of the system.
        report: where problems go.
        leave: where actors are left when they stop.
    """
    stepped = Stepped() if settings.runtime == "stepped" else settings.runtime
    if isinstance(stepped, Stepped):
        in_data_time = settings.clock == "data"
        return SteppedRuntime(report, leave, stepped, in_data_time=in_data_time, run_id=settings.run_id)
    if settings.clock == "wall":
        return ThreadRuntime(report, leave, run_id=settings.run_id)
    clock = DataClock()
    return ThreadRuntime(report, leave, clock=clock, timers=DataTimers(clock), run_id=settings.run_id)


def plan(
    settings: Settings,
    runtime: Runtime,
    at: Addresses,
    monitor: Address[Any],
    first_answered: Callable[[str], None],
    books: Books,
    journal: tuple[Any, ...] = (),
) -> tuple[Plan, ...]:
    """Return the built-in actors in the order in which they start: who is told things starts first.

    Args:
        settings: of the system.
        runtime: that they run on.
        at: where they will be found.
        monitor: where the monitor will be.
        first_answered: told when a submission has had its first answer.
        books: what they know.
        journal: what the journal's actor is given behind the monitor; empty where nothing is written down.
    """
    followed = books.blotter.sequence
    manager_arguments = (
        at.manager,
        at.exchange,
        (at.risk, at.portfolio),
        at.view,
        monitor,
        runtime.call_later,
        books.blotter,
        books.recent,
        at.journal if journal else None,
        books.own,
    )
    view_arguments = (at.view, at.manager, at.risk, at.publisher, first_answered, books.view, followed)
    portfolio_arguments = (at.portfolio, at.manager, at.risk, books.portfolio, books.performance, followed)
    kept = (Plan(at.journal, Journal, (at.journal, at.manager, monitor, *journal)),) if journal else ()
    return (
        Plan(monitor, Monitor, (settings.on_error,)),
        Plan(at.publisher, Publisher, ()),
        Plan(at.view, View, view_arguments),
        Plan(at.portfolio, Portfolio, portfolio_arguments),
        *kept,
        Plan(at.manager, OrderManager, manager_arguments),
        _plan_exchange(settings, runtime, at),
        Plan(at.risk, RiskController, (at.risk, at.manager, books.risk, followed)),
    )


def plan_guards(
    settings: Settings, runtime: Runtime, at: Addresses, look: Callable[[], Iterable[Moving]]
) -> tuple[Plan, ...]:
    """Return those that watch from outside; who is told by them has started."""
    gates = (Ahead[Any](at.risk), Ahead[Any](at.manager))
    rules = tuple(rule for rule in settings.rules if rule.on is Trip.STUCK_ACTOR)
    guards: list[Plan] = []
    if settings.kill_file is not None:
        line = partial(first_line, settings.kill_file)
        guards.append(Plan(at.kill_file, KillFile, (at.kill_file, gates, line, runtime.look_later)))
    if rules:
        guards.append(Plan(at.watchdog, Watchdog, (at.watchdog, gates, rules, look, runtime.look_later)))
    audited = tuple(rule for rule in settings.rules if rule.on is Trip.AUDIT_VIOLATION)
    if audited:
        guards.append(Plan(at.auditor, Auditor, (at.auditor, at.publisher, gates, audited)))
    return tuple(guards)


def _plan_exchange(settings: Settings, runtime: Runtime, at: Addresses) -> Plan:
    exchange = settings.exchange
    if not isinstance(exchange, ExchangeDescription):
        return Plan(at.exchange, AdaptedExchangeActor, (at.manager, exchange, settings.instruments))
    hedged = settings.positions == "hedged"
    around = Surroundings(at.exchange, at.manager, settings.instruments, runtime, settings.seed, hedged)
    return Plan(at.exchange, *exchange.actor_in(around))
