"""The trading system: its life, and what a host asks of it."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Literal, Self

from ..journal.store import JournalStore
from ..model.account import Account, CostBasis, Currency, PositionMode
from ..model.alarm import Alarm
from ..model.commands import CancelOrder, Command, ModifyOrder, SubmitOrder
from ..model.errors import (
    InvalidConfiguration,
    InvalidMarketData,
    InvalidOrder,
    JournalError,
    Overloaded,
    SystemStopped,
)
from ..model.instrument import Instrument
from ..model.kinds import OrderState
from ..model.limits import RiskLimits, Rule
from ..model.market import MARKET_DATA, MarketData
from ..model.numbers import Number
from ..model.values import changed
from . import checks
from .actor import refuse_in_handler
from .address import Address
from .books import Books
from .exchange import Exchange, ExchangeDescription
from .hosting import SOURCE
from .market_feed import MarketFeed
from .messages import (
    GetOrders,
    Halt,
    NextRecord,
    Problem,
    StopStrategy,
    WaitForState,
)
from .monitor import to_stderr
from .playback import Playback
from .reading import ASK_TIMEOUT, WHY
from .recovering import open_journal_of, recovered_books
from .settings import SNAPSHOT_EVERY, Settings, patience
from .steering import Steering
from .stepped import Stepped
from .threads import after_fork_in_child
from .watchdog import Moving
from .wiring import Addresses, plan, plan_guards, runtime_for

_STEPS: Final = 4
_NO_LIMITS: Final = RiskLimits()
_systems: weakref.WeakSet[TradingSystem] = weakref.WeakSet()


class TradingSystem(Steering):
    """Strategies, risk controller, order manager, exchange and portfolio, each an actor on its own thread.

    A context manager: entering starts the actors, leaving stops them in order. Every method may be called from any
    thread; those that wait raise BlockingCall inside a handler of a strategy.

    Args:
        instruments: what can be traded.
        exchange: a SimulatedExchange, or an Exchange of your own.
        cash: opening balance by currency, against which buys are checked; None checks no funds.
        risk: limits of the account, of strategies and of symbols, see RiskLimits.
        runtime: "threads", one for each actor; or "stepped": all on the caller's thread, in virtual time. There
            publish() and submit() return when nobody can move any more, and wait() lets time pass. A Stepped says more.
        clock: "wall", or "data" for recorded data: then time is that of the records that play() sends.
        seed: of all chance in the system, together with the exchange's own seed.
        on_error: called, on a thread of its own, with each Problem and each Alarm; stderr unless given.
        history: how many updates are kept to be read and to be sent again.
        max_in_flight: how many orders of one sender may have had no first update.
        max_unanswered: how many orders may be without an answer of the venue before a new one is refused.
        answer_within: seconds in which the venue must answer before an order is in doubt; None for ever. "auto" is 10
            for an exchange of your own, and None for the simulated one, which loses nothing however late it is.
        on_exit: "leave" working orders as they are when the system stops, or "cancel" them.
        run_id: first part of every id that the system gives; one that is unique over restarts unless given.
        account: a SpotAccount or a MarginAccount; without one, buys are held to the cash and sells to nothing.
        currency: what money is told in where currencies meet; the quote currency, where there is but one.
        currencies: which currencies are rounded, and how; the others are booked exactly.
        cost_basis: "average", "fifo" or "lifo": which of what was bought is sold first.
        positions: "netted", or "hedged": a long and a short one for each symbol, where a reduce-only order and the
            exit of a bracket close, and every other order opens.
        rules: what changes the trading state by itself.
        kill_file: a path; once there is a file, all working orders are cancelled and no order leaves.
        journal: a path, or a JournalStore: every fact is written down there before anything follows from it, and the
            system begins with what was written down before. None keeps nothing.
        unknown_orders: "adopt" orders that the venue tells of and that are not on record, or "cancel" them.
        snapshot_every: so many entries of a journal at a path are folded ahead of the next start, by a process of its
            own; 0 for never.

    Raises:
        InvalidConfiguration: naming the setting, the value and the rule.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        exchange: ExchangeDescription | Exchange,
        cash: Mapping[str, Number] | None = None,
        risk: RiskLimits = _NO_LIMITS,
        runtime: Literal["threads", "stepped"] | Stepped = "threads",
        clock: Literal["wall", "data"] = "wall",
        seed: int = 0,
        on_error: Callable[[Problem | Alarm], object] | None = None,
        history: int = 10_000,
        max_in_flight: int = 10_000,
        max_unanswered: int = 10_000,
        answer_within: Number | Literal["auto"] | None = "auto",
        on_exit: Literal["leave", "cancel"] = "leave",
        run_id: str | None = None,
        account: Account | None = None,
        currency: str | None = None,
        currencies: Iterable[Currency] = (),
        cost_basis: CostBasis = "average",
        positions: PositionMode = "netted",
        rules: Iterable[Rule] = (),
        kill_file: str | checks.PathLike | None = None,
        journal: str | checks.PathLike | JournalStore | None = None,
        unknown_orders: Literal["adopt", "cancel"] = "adopt",
        snapshot_every: int = SNAPSHOT_EVERY,
    ) -> None:
        self._settings = Settings(
            instruments=instruments,
            exchange=exchange,
            cash=cash,
            limits=risk,
            runtime=runtime,
            clock=clock,
            seed=seed,
            on_error=to_stderr if on_error is None else on_error,
            history=history,
            max_in_flight=max_in_flight,
            max_unanswered=max_unanswered,
            answer_within=patience(answer_within, exchange),
            on_exit=on_exit,
            run_id=run_id,
            account=account,
            currency=currency,
            currencies=currencies,
            cost_basis=cost_basis,
            positions=positions,
            rules=rules,
            kill_file=kill_file,
            journal=journal,
            unknown_orders=unknown_orders,
            snapshot_every=snapshot_every,
        )
        self._state = "new"
        self._left = {}
        self._unrecordable: JournalError | None = None
        self._at = Addresses()
        self._monitor = Address("monitor")
        self._strategies = {}
        self._subscribers = []
        self._feeds = []
        self._numbers = itertools.count(1)
        self._runtime = runtime_for(self._settings, self._report, self._left.__setitem__)
        self._permits = self._runtime.permits(self._settings.max_in_flight)
        self._stopping = self._runtime.permits(1)
        self._next_order_id = self._runtime.ids(SOURCE)
        _systems.add(self)

    # -- life

    def start(self) -> Self:
        """Start every actor and confirm that it is ready; also what `with` does.

        Raises:
            Exception: what an actor's start raised; those that had started are stopped again.
        """
        if self._state != "new":
            raise SystemStopped("start()", WHY[self._state])
        self._state = "running"
        try:
            self._start_actors()
            for one in plan_guards(self._settings, self._runtime, self._at, self._seen):
                self._spawn(one.address, one.actor_class, *one.arguments)
        except BaseException:
            self.stop(timeout=1)
            raise
        return self

    def _start_actors(self) -> None:
        settings, at, monitor = self._settings, self._at, self._monitor
        opened = open_journal_of(settings)
        try:
            books, spool = recovered_books(settings, self._runtime, opened, self._say_of_snapshots)
            self._next_order_id = self._runtime.ids(SOURCE)
            kept = (
                ()
                if opened is None
                else (opened.store, opened.codec.encode, self._say, self._runtime.call_later, spool)
            )
            for one in plan(settings, self._runtime, at, monitor, self._first_answered, books, kept):
                self._spawn(one.address, one.actor_class, *one.arguments)
        except BaseException:
            if opened is not None and not at.journal.is_bound:
                opened.store.close()
            raise
        if opened is not None:
            self._take_up(books)

    def _take_up(self, books: Books) -> None:
        """Go on where the last life of the system ended, once the venue has said what has happened meanwhile."""
        limits = self._settings.limits
        if limits not in {_NO_LIMITS, books.limits}:
            # Those that are given hold, and the record says so; else those that were in force when it ended.
            self.set_limits(limits)
        self.reconcile()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self, timeout: float = 10.0) -> bool:
        """Stop in order; each step is bounded by timeout seconds.

        New orders are refused, the feed ends, strategies hear on_stop(), all that is under way is finished, then the
        actors stop. Working orders stay as they are, or are cancelled, as on_exit says.

        Returns:
            Whether everything ended in time, and is recorded; what did not is reported as a problem.
        """
        refuse_in_handler("stop()", even_in_callbacks=True)
        checks.seconds("timeout", timeout)
        # One stops; who comes second waits for it.
        if not self._stopping.acquire(_STEPS * timeout):
            return False
        try:
            if self._state in {"stopped", "forked"}:
                return True
            started, self._state = self._state != "new", "stopping"
            # After a crash there is nobody left to be told.
            orderly = not started or (not self._runtime.has_crashed and self._wind_down(timeout))
            self._runtime.close()
            if isinstance(self._settings.exchange, ExchangeDescription):
                self._settings.exchange.left_by(self._runtime)
            self._state = "stopped"
            return orderly and self._unrecordable is None
        finally:
            self._stopping.release()

    def _wind_down(self, timeout: float) -> bool:
        for feed in self._feeds:
            feed.stop()
        if self._at.risk.is_bound:
            # Behind what was submitted before; what strategies submit from here on is refused, and they may cancel.
            self._at.risk.send(Halt("the system stops"))
        for strategy in tuple(self._strategies.values()):
            if strategy.is_bound and not strategy.closed:
                strategy.send(StopStrategy())
        orderly = self._runtime.drain(timeout)
        if self._settings.on_exit == "cancel":
            orderly = self._cancel_all(timeout) and orderly
        # An exchange of one's own may report until it is closed, and risk, which is behind it, must hear of it too.
        for address in (*self._traders(), self._at.exchange):
            orderly = (not address.is_bound or self._stop_actor(address, timeout)) and orderly
        # From here on no deadline may pass: what it would lead to could find its readers gone.
        self._runtime.end_timers()
        orderly = orderly and self._runtime.drain(timeout)
        for address in self._started():
            orderly = self._stop_actor(address, timeout) and orderly
        return orderly

    def _cancel_all(self, timeout: float) -> bool:
        try:
            working = self._ask(self._at.view, GetOrders(live_only=True), timeout)
        except (SystemStopped, TimeoutError):
            return False
        ended = [self._runtime.future() for _ in working]
        for order, future in zip(working, ended, strict=True):
            self._at.risk.send(self._stamped(CancelOrder(order.order_id)))
            self._at.view.send(WaitForState(order.order_id, OrderState.CANCELLED, future))
        orderly = self._runtime.drain(timeout)
        # A venue of one's own answers when it likes.
        if not self._runtime.wait_all(ended, timeout):
            now, what = self._runtime.now_ns(), "has not ended every order in time,"
            self._report(Problem(now, self._at.exchange.name, what, f"{len(working)} were to be cancelled", ""))
            return False
        return orderly

    def _stop_actor(self, address: Address[Any], timeout: float) -> bool:
        try:
            address.stop(timeout)
        except TimeoutError:
            now = self._runtime.now_ns()
            self._report(Problem(now, address.name, "did not stop in time,", f"{address.queued} messages wait", ""))
            return False
        return True

    def _report(self, problem: Problem) -> None:
        if self._monitor.is_bound and not self._monitor.closed:
            self._monitor.send(problem)
        else:
            # The monitor starts first and stops last; what it cannot take must not be lost.
            to_stderr(problem)

    def forked(self) -> None:
        """Mark a copy of the system in a forked child, where its threads do not exist, as unusable."""
        self._state = "forked"

    # -- market data

    def publish(self, data: MarketData) -> None:
        """Tell the system of a Quote, Trade, Bar or Depth, stamped with the system's time if it has none.

        Raises:
            InvalidMarketData: for another type, or a symbol that is not traded.
            SystemStopped: when it is not running.
        """
        if type(data) not in MARKET_DATA:
            raise InvalidMarketData.of("data", data, "must be a Quote, Trade, Bar or Depth")
        if data.symbol not in self.instruments:
            raise InvalidMarketData.of("symbol", data.symbol, f"must be one of {', '.join(sorted(self.instruments))}")
        self._must_run("publish()")
        if not data.time_ns:
            data = changed(data, time_ns=self._runtime.now_ns())
        for target in (self._at.risk, self._at.portfolio, self._at.exchange):
            target.send(data)
        self._runtime.settle()

    def play(self, records: Iterable[MarketData]) -> Playback:
        """Play recorded data, paced: each record when nothing caused by the one before is under way.

        Playback.wait() raises what reading a record raised, and InvalidMarketData for a record of a symbol that is not
        traded: such a record ends the playing.

        Raises:
            InvalidConfiguration: for what is no iterable, and while other records are still being played.
            BlockingCall: inside a handler of a strategy.
            SystemStopped: when it is not running.
        """
        refuse_in_handler("play()")
        if not issubclass(type(records), Iterable):  # isinstance() asks the value itself, which may raise
            raise InvalidConfiguration.of("records", records, "must be an iterable of market data")
        self._must_run("play()")
        if self._feeds and not self._feeds[-1].address.closed and not self._feeds[-1].progress().finished:
            raise InvalidConfiguration.of("records", "a second source", "must wait until the first has been played")
        for ended in self._feeds:
            ended.address.stop(ASK_TIMEOUT)
        self._forget_ended()
        address = self._new_address("market_feed")
        future = self._runtime.future()
        feed = Playback(address, future, self._runtime.run_steps)
        targets = (self._at.risk, self._at.portfolio)
        runtime = self._runtime
        paced = (runtime.activity.when_quiet, runtime.pass_time)
        traded = (iter(records), self.instruments)
        self._spawn(address, MarketFeed, address, *traded, targets, self._at.exchange, *paced, future)
        self._feeds.append(feed)
        address.send(NextRecord())
        return feed

    # -- orders

    def submit(self, order: SubmitOrder, *, timeout: float = 5.0) -> str:
        """Submit an order and return its id at once; what becomes of it is in wait(), order() and the updates.

        Raises:
            InvalidOrder: when it is not a SubmitOrder.
            Overloaded: when too many orders had no first update for timeout seconds; nothing was created.
            JournalError: when the journal takes nothing; nothing was created.
            SystemStopped: when it is not running.
        """
        if type(order) is not SubmitOrder:
            raise InvalidOrder.of("order", order, "must be a SubmitOrder")
        checks.seconds("timeout", timeout)
        self._must_run("submit()")
        self._must_be_recordable()
        if not self._permits.acquire(0):
            refuse_in_handler("submit()")
            if not self._permits.acquire(timeout):
                raise Overloaded(self._settings.max_in_flight)
        order_id = order.order_id or self._next_order_id()
        stamped = changed(order, order_id=order_id, time_ns=self._runtime.now_ns(), source=SOURCE)
        self._pass_to_risk(stamped, "submit()")
        return order_id

    def modify(
        self,
        order_id: str,
        *,
        price: Number | None = None,
        quantity: Number | None = None,
        stop_price: Number | None = None,
        expire_time_ns: int | None = None,
    ) -> None:
        """Ask for other terms of a live order, see ModifyOrder; the quantity counts what has filled.

        Raises:
            InvalidOrder: for what can never be valid.
            SystemStopped: when it is not running.
        """
        terms = ModifyOrder(
            order_id, price=price, quantity=quantity, stop_price=stop_price, expire_time_ns=expire_time_ns
        )
        self._pass_to_risk(self._stamped(terms), "modify()")

    def cancel(self, order_id: str) -> None:
        """Ask for the end of a live order.

        Raises:
            InvalidOrder: for what cannot be an order id.
            SystemStopped: when it is not running.
        """
        self._pass_to_risk(self._stamped(CancelOrder(order_id)), "cancel()")

    def _seen(self) -> tuple[Moving, ...]:
        strategies = tuple(self._strategies.values())
        addresses = (*strategies, *self._at.all())
        return tuple(
            Moving(address.name, address.queued, address.mailbox.handled, address in strategies)
            for address in addresses
            if address.is_bound
        )

    def _stamped(self, command: Command) -> Command:
        return changed(command, time_ns=self._runtime.now_ns(), source=SOURCE)

    def _say(self, why_not: JournalError | None) -> None:
        # One reference, written by the journal's thread and read by every edge.
        self._unrecordable = why_not

    def _say_of_snapshots(self, text: str) -> None:
        self._report(Problem(self._runtime.now_ns(), self._at.journal.name, text, "", ""))

    def _first_answered(self, source: str) -> None:
        if source == SOURCE:
            self._permits.release()


def _mark_forked() -> None:
    for system in _systems:
        system.forked()


after_fork_in_child(_mark_forked)
