"""What can be read of a trading system, while it runs and after it has stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal

import attrs
import pykka

from ..model.account import Currency
from ..model.account_snapshot import AccountSnapshot
from ..model.alarm import Alarm
from ..model.errors import InvalidConfiguration, InvalidOrder, SystemStopped
from ..model.events import OrderUpdate
from ..model.explanation import Explanation
from ..model.group import Group
from ..model.instrument import Instrument
from ..model.kinds import OrderState, TradingState
from ..model.order import Order
from ..model.performance import Performance
from ..model.portfolio import PortfolioSnapshot
from ..model.text import identifier
from . import checks
from .actor import BaseActor, refuse_in_handler
from .address import Address, Failure
from .aio import LoopReply
from .mailbox import Reply
from .messages import (
    ForgetWait,
    GetAccount,
    GetBooks,
    GetExplanation,
    GetGroup,
    GetHistory,
    GetOrder,
    GetOrders,
    GetPerformance,
    GetPortfolio,
    GetProblems,
    GetRisk,
    GetStats,
    GetTradingState,
    Problem,
    Query,
    WaitForState,
)
from .monitor import Troubles
from .playback import Playback
from .risk_controller import RiskSnapshot
from .runtime import Runtime
from .settings import Settings
from .wiring import Addresses

ASK_TIMEOUT: Final = 10.0
WHY: Final = MappingProxyType(
    {
        "new": "has not been started: use `with` or start()",
        "running": "is running already",
        "stopping": "is stopping",
        "stopped": "has stopped; make a new one",
        "forked": "was left behind by a fork: its threads do not exist in this process",
    }
)


@attrs.frozen
class MailboxCount:
    """One mailbox's figures: sent = handled + queued + dead, with at most one message in its actor's hands."""

    actor: str
    sent: int
    handled: int
    queued: int
    dead: int
    high: int


class Reading:
    """What can be read. TradingSystem is the whole, and sets these attributes."""

    _settings: Settings
    _state: Literal["new", "running", "stopping", "stopped", "forked"]
    _runtime: Runtime
    _at: Addresses
    _monitor: Address[Problem | Alarm | Query]
    _strategies: dict[str, Address[Any]]
    _subscribers: list[Address[Any]]
    _feeds: list[Playback]
    # Actors that have stopped, by name: what they knew no longer changes and can still be read.
    _left: dict[str, BaseActor]

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """What can be traded, by symbol."""
        return self._settings.instruments

    @property
    def opening_cash(self) -> Mapping[str, Decimal]:
        """The balances that it opened with, by currency."""
        return self._settings.cash or MappingProxyType({})

    @property
    def currencies(self) -> Mapping[str, Currency]:
        """How cash is rounded, by currency; exact in those that are not there."""
        return self._settings.currencies

    def now_ns(self) -> int:
        """Return the system's time: nanoseconds since the epoch, UTC; in data time, that of the latest record."""
        return self._runtime.now_ns()

    def wait(self, order_id: str, state: OrderState, timeout: float) -> Order:
        """Wait until an order has ever been in a state, or has closed otherwise, and return it as it then stands.

        An id that is not known yet is waited for.

        Raises:
            TimeoutError: when that did not happen within timeout seconds.
            BlockingCall: inside a handler of a strategy.
            SystemStopped: when the system stopped before.
        """
        refuse_in_handler("wait()")
        checks.seconds("timeout", timeout)
        future = self._runtime.future()
        self.wait_for(order_id, state, future)
        try:
            order: Order = future.get(timeout=timeout)
        except pykka.Timeout:
            self._at.view.send(ForgetWait(order_id, future))
            known = self._ask(self._at.view, GetOrder(order_id), ASK_TIMEOUT)
            seen = "unknown" if known is None else known.state.value
            msg = f"order {order_id} has not been {state.value} within {timeout} s; it is {seen}"
            raise TimeoutError(msg) from None
        except pykka.ActorDeadError:
            raise SystemStopped("wait()") from None
        self._runtime.settle()
        return order

    def wait_for(self, order_id: str, state: OrderState, reply: Reply) -> None:
        """Have reply.set() called with the order, as wait() would return it; never blocks."""
        wait = WaitForState(checks.order_id(order_id), checks.state(state), reply)
        self._must_run("wait()")
        self._at.view.send(wait)

    async def wait_async(self, order_id: str, state: OrderState, timeout: float) -> Order:
        """Do what wait() does without blocking the event loop.

        Raises:
            TimeoutError, SystemStopped: as wait().
        """
        if self._runtime.is_stepped:
            # It does not block: it is this call that lets the actors move.
            return self.wait(order_id, state, timeout)
        checks.seconds("timeout", timeout)
        reply = LoopReply()
        self.wait_for(order_id, state, reply)
        try:
            async with asyncio.timeout(timeout):
                return await reply.future
        finally:
            self._at.view.send(ForgetWait(order_id, reply))

    def order(self, order_id: str) -> Order | None:
        """Return an order as it stands, None when it is not known."""
        order: Order | None = self._ask(self._at.view, GetOrder(checks.order_id(order_id)), ASK_TIMEOUT)
        return order

    def orders(
        self,
        *,
        symbol: str | None = None,
        state: OrderState | None = None,
        strategy_id: str | None = None,
        live_only: bool = False,
        newest: int | None = None,
    ) -> tuple[Order, ...]:
        """Return the orders that match, oldest first."""
        query = GetOrders(
            symbol=None if symbol is None else identifier("symbol", symbol, InvalidConfiguration),
            state=None if state is None else checks.state(state),
            strategy_id=checks.strategy_id(strategy_id),
            live_only=checks.live_only(live_only),
            newest=checks.newest(newest),
        )
        orders: tuple[Order, ...] = self._ask(self._at.view, query, ASK_TIMEOUT)
        return orders

    def group(self, group_id: str) -> Group | None:
        """Return a group of orders as it stands, None when it is not known."""
        query = GetGroup(identifier("group_id", group_id, InvalidOrder))
        group: Group | None = self._ask(self._at.view, query, ASK_TIMEOUT)
        return group

    def explain(self, order_id: str) -> Explanation | None:
        """Return why an order is as it is: each check, each event and its cause; None when nothing is known of it.

        The events of live orders are kept, the latest 1,000 of each, and of the orders that closed last as many as
        `history`; it says how many are missing. The checks of every order are kept.
        """
        query = GetExplanation(checks.order_id(order_id))
        explanation: Explanation | None = self._ask(self._at.view, query, ASK_TIMEOUT)
        return explanation

    def stats(self) -> dict[str, Any]:
        """Return the notebook's statistics and more, ready for JSON."""
        stats: dict[str, Any] = self._ask(self._at.view, GetStats(), ASK_TIMEOUT)
        return stats

    def history(self, newest: int | None = None) -> tuple[OrderUpdate, ...]:
        """Return the latest updates, oldest first; as many as `history` keeps."""
        updates: tuple[OrderUpdate, ...] = self._ask(self._at.view, GetHistory(checks.newest(newest)), ASK_TIMEOUT)
        return updates

    def portfolio(self, strategy_id: str | None = None) -> PortfolioSnapshot:
        """Return positions, cash and profit; includes every update that has been read before.

        Args:
            strategy_id: whose; None for the account, with the figures of every strategy beside its own.
        """
        query = GetPortfolio(checks.strategy_id(strategy_id))
        snapshot: PortfolioSnapshot = self._ask(self._at.portfolio, query, ASK_TIMEOUT)
        return snapshot

    def account(self) -> AccountSnapshot:
        """Return balances with what is locked, the equity, and how a margin account stands."""
        snapshot: AccountSnapshot = self._ask(self._at.risk, GetAccount(), ASK_TIMEOUT)
        return snapshot

    def risk(self) -> RiskSnapshot:
        """Return the limits in force, and what every position can become."""
        snapshot: RiskSnapshot = self._ask(self._at.risk, GetRisk(), ASK_TIMEOUT)
        return snapshot

    def performance(self, strategy_id: str | None = None) -> Performance:
        """Return how the account has done, or one strategy; includes every update that has been read before.

        The curve is sampled each minute of the system's time; see Performance for the definition of each figure.
        """
        query = GetPerformance(checks.strategy_id(strategy_id))
        performance: Performance = self._ask(self._at.portfolio, query, ASK_TIMEOUT)
        return performance

    def trading_state(self, strategy_id: str | None = None) -> TradingState:
        """Return what may leave: of one strategy, the stricter of what holds all and what holds it.

        It is asked ahead of everything that waits.
        """
        name = "" if strategy_id is None else identifier("strategy_id", strategy_id, InvalidConfiguration)
        state: TradingState = self._ask(self._at.risk, GetTradingState(name), ASK_TIMEOUT, first=True)
        return state

    def troubles(self) -> Troubles:
        """Return the problems and alarms so far."""
        troubles: Troubles = self._ask(self._monitor, GetProblems(), ASK_TIMEOUT)
        return troubles

    def books(self) -> Mapping[str, Any]:
        """Return every built-in actor's books by its name, and those that stopped strategies have left."""
        refuse_in_handler("books()", even_in_callbacks=True)
        if self._state == "new":
            raise SystemStopped("books()")
        # A strategy that runs is not waited for: its handlers are the host's, and may take their time.
        ended = [address for address in tuple(self._strategies.values()) if address.name in self._left]
        asked = [*(address for address in (*self._at.all(), self._monitor) if address.is_bound), *ended]
        return {address.name: self._ask(address, GetBooks(), ASK_TIMEOUT) for address in asked}

    def mailboxes(self) -> tuple[MailboxCount, ...]:
        """Return the figures of every mailbox, by actor."""
        return tuple(
            MailboxCount(address.name, box.sent, box.handled, box.queued, box.dead, box.high)
            for address in self._started()
            for box in (address.mailbox,)
        )

    def quiesce(self, timeout: float) -> bool:
        """Wait until nothing is under way, or see that it has stopped."""
        refuse_in_handler("quiesce()", even_in_callbacks=True)
        checks.seconds("timeout", timeout)
        return self._state == "stopped" or self._runtime.wait_quiet(timeout)

    def _ask(self, address: Address[Any], query: Any, timeout: float, *, first: bool = False) -> Any:
        """Ask an actor; one that has stopped has left what it knew, and nothing changes that any more."""
        if not address.is_bound or self._state == "forked":
            raise SystemStopped(type(query).__name__)
        refuse_in_handler(type(query).__name__)
        if address.name not in self._left:
            try:
                return address.ask(query, timeout, first=first)
            except pykka.ActorDeadError:
                if address.name not in self._left:
                    raise SystemStopped(type(query).__name__) from None
        answer = self._left[address.name].reply(query)
        if isinstance(answer, Failure):
            raise answer.error
        return answer

    def _must_run(self, request: str) -> None:
        if self._state != "running":
            raise SystemStopped(request, WHY[self._state])

    def _started(self) -> Iterator[Address[Any]]:
        """Every actor that was started, in the order in which they stop."""
        actors = (*self._traders(), *self._at.all(), *self._subscribers, self._monitor)
        return (address for address in actors if address.is_bound)

    def _traders(self) -> tuple[Address[Any], ...]:
        return (*self._at.guards(), *(feed.address for feed in self._feeds), *self._strategies.values())
