"""The trading system: the one place that wires everything, and what a host talks to."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType, TracebackType
from typing import Any, Final, Literal, Self

import attrs
import pykka

from ..model.alarm import Alarm
from ..model.blotter import EXTERNAL
from ..model.commands import CancelOrder, Command, ModifyOrder, SubmitOrder
from ..model.errors import InvalidConfiguration, InvalidMarketData, InvalidOrder, Overloaded, SystemStopped
from ..model.events import OrderUpdate
from ..model.instrument import Instrument
from ..model.kinds import OrderState
from ..model.market import MARKET_DATA, MarketData
from ..model.numbers import Number
from ..model.order import Order
from ..model.portfolio import PortfolioSnapshot
from ..model.risk import RiskLimits
from ..model.text import free_text, identifier
from ..model.values import changed
from . import checks
from .actor import BaseActor, in_handler, refuse_in_handler
from .address import Address, Failure
from .aio import LoopReply, UpdateStream
from .conflation import QuoteSlots
from .exchange import Exchange, SimulatedExchange
from .mailbox import Reply
from .market_feed import MarketFeed
from .messages import (
    ForgetWait,
    GetBooks,
    GetHistory,
    GetOrder,
    GetOrders,
    GetPortfolio,
    GetProblems,
    GetStats,
    Halt,
    Leave,
    Listen,
    NextRecord,
    Problem,
    Query,
    Ready,
    Register,
    Resume,
    StartStrategy,
    StopListening,
    StopStrategy,
    Subscribe,
    Unsubscribe,
    WaitForState,
)
from .monitor import Troubles, to_stderr
from .playback import Playback, Subscription
from .publisher import Subscriber
from .settings import Settings, patience
from .strategy import Strategy, StrategyActor
from .threads import DataClock, DataTimers, ThreadRuntime, after_fork_in_child
from .wiring import Addresses, plan

SOURCE: Final = "system"
_ASK_TIMEOUT: Final = 10.0
_STEPS: Final = 4
_WHY: Final = MappingProxyType(
    {
        "new": "has not been started: use `with` or start()",
        "running": "is running already",
        "stopping": "is stopping",
        "stopped": "has stopped; make a new one",
        "forked": "was left behind by a fork: its threads do not exist in this process",
    }
)
_NO_LIMITS: Final = RiskLimits()
_systems: weakref.WeakSet[TradingSystem] = weakref.WeakSet()


@attrs.frozen
class MailboxCount:
    """One mailbox's figures: sent = handled + queued + dead, with at most one message in its actor's hands."""

    actor: str
    sent: int
    handled: int
    queued: int
    dead: int
    high: int


class TradingSystem:
    """Strategies, risk controller, order manager, exchange and portfolio, each an actor on its own thread.

    A context manager: entering starts the actors, leaving stops them in order. Every method may be called from any
    thread; those that wait raise BlockingCall inside a handler of a strategy.

    Args:
        instruments: what can be traded.
        exchange: a SimulatedExchange, or an Exchange of your own.
        cash: opening balance by currency, against which buys are checked; None checks no funds.
        risk: limits on each order.
        runtime: "threads".
        clock: "wall", or "data" for recorded data: then time is that of the records that play() sends.
        seed: of all chance in the system, together with the exchange's own seed.
        on_error: called, on a thread of its own, with each Problem and each Alarm; stderr unless given.
        history: how many updates are kept to be read and to be sent again.
        max_in_flight: how many orders of one sender may have had no first update.
        answer_within: seconds in which the venue must answer before an order is in doubt; None for ever. "auto" is 10
            for an exchange of your own, and None for the simulated one, which loses nothing however late it is.
        on_exit: "leave" working orders as they are when the system stops, or "cancel" them.
        run_id: first part of every id that the system gives; one that is unique over restarts unless given.

    Raises:
        InvalidConfiguration: naming the setting, the value and the rule.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        exchange: SimulatedExchange | Exchange,
        cash: Mapping[str, Number] | None = None,
        risk: RiskLimits = _NO_LIMITS,
        runtime: Literal["threads"] = "threads",
        clock: Literal["wall", "data"] = "wall",
        seed: int = 0,
        on_error: Callable[[Problem | Alarm], object] | None = None,
        history: int = 10_000,
        max_in_flight: int = 10_000,
        answer_within: Number | Literal["auto"] | None = "auto",
        on_exit: Literal["leave", "cancel"] = "leave",
        run_id: str | None = None,
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
            answer_within=patience(answer_within, exchange),
            on_exit=on_exit,
            run_id=run_id,
        )
        self._state: Literal["new", "running", "stopping", "stopped", "forked"] = "new"
        self._left: dict[str, BaseActor] = {}
        self._at = Addresses()
        self._monitor: Address[Problem | Alarm | Query] = Address("monitor")
        self._strategies: dict[str, Address[Any]] = {}
        self._subscribers: list[Address[Any]] = []
        self._feeds: list[Playback] = []
        self._numbers = itertools.count(1)
        self._clock = DataClock() if clock == "data" else None
        self._timers = None if self._clock is None else DataTimers(self._clock)
        self._runtime = ThreadRuntime(
            self._report,
            self._left.__setitem__,
            clock=self._clock,
            timers=self._timers,
            run_id=self._settings.run_id,
        )
        self._permits = self._runtime.permits(self._settings.max_in_flight)
        self._stopping = self._runtime.permits(1)
        self._next_order_id = self._runtime.ids(SOURCE)
        _systems.add(self)

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """What can be traded, by symbol."""
        return self._settings.instruments

    @property
    def opening_cash(self) -> Mapping[str, Decimal]:
        """The balances that it opened with, by currency."""
        return self._settings.cash or MappingProxyType({})

    # -- life

    def start(self) -> Self:
        """Start every actor and confirm that it is ready; also what `with` does.

        Raises:
            Exception: what an actor's start raised; those that had started are stopped again.
        """
        if self._state != "new":
            raise SystemStopped("start()", _WHY[self._state])
        self._state = "running"
        try:
            for one in plan(self._settings, self._runtime, self._at, self._monitor, self._first_answered):
                self._spawn(one.address, one.actor_class, *one.arguments)
        except BaseException:
            self.stop(timeout=1)
            raise
        return self

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
            Whether everything ended in time; what did not is reported as a problem.
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
            orderly = self._wind_down(timeout) if started else True
            self._runtime.close()
            self._state = "stopped"
            return orderly
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

    def _spawn(self, address: Address[Any], actor_class: type[BaseActor], *args: Any) -> None:
        self._runtime.spawn(address, actor_class, *args)
        address.ask(Ready(), _ASK_TIMEOUT)

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
        if not isinstance(records, Iterable):
            raise InvalidConfiguration.of("records", records, "must be an iterable of market data")
        self._must_run("play()")
        if self._feeds and not self._feeds[-1].address.closed and not self._feeds[-1].progress().finished:
            raise InvalidConfiguration.of("records", "a second source", "must wait until the first has been played")
        for ended in self._feeds:
            ended.address.stop(_ASK_TIMEOUT)
        self._forget_ended()
        address = self._new_address("market_feed")
        future = self._runtime.future()
        feed = Playback(address, future)
        pass_time = _time_passes_by_itself if self._timers is None else self._pass_time
        targets = (self._at.risk, self._at.portfolio, self._at.exchange)
        when_quiet = self._runtime.activity.when_quiet
        arguments = (address, iter(records), self.instruments, targets, when_quiet, pass_time, future)
        self._spawn(address, MarketFeed, *arguments)
        self._feeds.append(feed)
        address.send(NextRecord())
        return feed

    def _pass_time(self, time_ns: int | None) -> bool:
        assert self._timers is not None, "asked for with a data clock only"
        assert self._clock is not None, "asked for with a data clock only"
        if self._timers.fire_next(time_ns):
            return True
        if time_ns is not None:
            self._clock.advance(time_ns)
        return False

    # -- orders

    def submit(self, order: SubmitOrder, *, timeout: float = 5.0) -> str:
        """Submit an order and return its id at once; what becomes of it is in wait(), order() and the updates.

        Raises:
            InvalidOrder: when it is not a SubmitOrder.
            Overloaded: when too many orders had no first update for timeout seconds; nothing was created.
            SystemStopped: when it is not running.
        """
        if type(order) is not SubmitOrder:
            raise InvalidOrder.of("order", order, "must be a SubmitOrder")
        checks.seconds("timeout", timeout)
        self._must_run("submit()")
        if not self._permits.acquire(0):
            refuse_in_handler("submit()")
            if not self._permits.acquire(timeout):
                raise Overloaded(self._settings.max_in_flight)
        order_id = order.order_id or self._next_order_id()
        stamped = changed(order, order_id=order_id, time_ns=self._runtime.now_ns(), source=SOURCE)
        self._pass_to_risk(stamped, "submit()")
        return order_id

    def modify(self, order_id: str, *, price: Number | None = None, quantity: Number | None = None) -> None:
        """Ask for another price or quantity of a live order; the quantity counts what has filled.

        Raises:
            InvalidOrder: for what can never be valid.
            SystemStopped: when it is not running.
        """
        self._pass_to_risk(self._stamped(ModifyOrder(order_id, price=price, quantity=quantity)), "modify()")

    def cancel(self, order_id: str) -> None:
        """Ask for the end of a live order.

        Raises:
            InvalidOrder: for what cannot be an order id.
            SystemStopped: when it is not running.
        """
        self._pass_to_risk(self._stamped(CancelOrder(order_id)), "cancel()")

    def halt(self, reason: str) -> None:
        """Let no new order and no modification leave from now on, ahead of everything that waits; cancels still do.

        Once it has returned, none leaves. Inside a handler of a strategy it does not wait for that.

        Args:
            reason: at most 256 printable characters; it is in the text of every refusal.

        Raises:
            InvalidConfiguration: for another reason.
            SystemStopped: when it is not running.
        """
        self._to_both_gates(Halt(free_text("reason", reason, InvalidConfiguration)), "halt()")

    def resume(self) -> None:
        """Let new orders leave again, but those in a symbol that was stopped since a report could not be handled."""
        self._to_both_gates(Resume(), "resume()")

    def _to_both_gates(self, message: Halt | Resume, request: str) -> None:
        self._must_run(request)
        for gate in (self._at.risk, self._at.manager):
            if in_handler():
                gate.send_first(message)
                continue
            try:
                gate.ask(message, _ASK_TIMEOUT, first=True)
            except pykka.ActorDeadError:
                raise SystemStopped(request) from None

    def _stamped(self, command: Command) -> Command:
        return changed(command, time_ns=self._runtime.now_ns(), source=SOURCE)

    def _pass_to_risk(self, command: Command, request: str) -> None:
        self._must_run(request)
        if not self._at.risk.send(command):
            raise SystemStopped(request)

    def _first_answered(self, source: str) -> None:
        if source == SOURCE:
            self._permits.release()

    # -- reading

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
            known = self._ask(self._at.view, GetOrder(order_id), _ASK_TIMEOUT)
            seen = "unknown" if known is None else known.state.value
            msg = f"order {order_id} has not been {state.value} within {timeout} s; it is {seen}"
            raise TimeoutError(msg) from None
        except pykka.ActorDeadError:
            raise SystemStopped("wait()") from None
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
        checks.seconds("timeout", timeout)
        reply = LoopReply()
        self.wait_for(order_id, state, reply)
        try:
            async with asyncio.timeout(timeout):
                return await reply.future
        finally:
            self._at.view.send(ForgetWait(order_id, reply))

    def updates(self, *events: type[Any], symbol: str | None = None) -> UpdateStream:
        """Subscribe an event loop, from now on: `async for update in system.updates(): ...`; never blocks it.

        Leaving an `async with` closes the subscription; without one it ends when the iterator is forgotten.
        """
        order_events, data_kinds = checks.subscribed(events)
        if data_kinds:
            raise InvalidConfiguration.of("events", events, "must be types of events, not of market data")
        checks.symbol(symbol, self.instruments)
        self._must_run("updates()")
        stream = UpdateStream()
        address = self._new_address("updates")

        def leave(_: object = None) -> None:
            self._at.publisher.send(Unsubscribe(address))
            address.send(Leave())

        # Sending takes no lock, so it may also be done by the garbage collector, wherever that happens to run.
        weak = weakref.ref(stream, leave)

        def take(update: OrderUpdate) -> None:
            alive = weak()
            if alive is not None:
                alive.take(update)

        def ended() -> None:
            alive = weak()
            if alive is not None:
                alive.end()

        self._forget_ended()
        self._runtime.spawn(address, Subscriber, take, QuoteSlots(), ended)
        self._subscribers.append(address)
        self._at.publisher.send(Subscribe(address, order_events, symbol))
        stream.closed_by(leave)
        return stream

    def _forget_ended(self) -> None:
        """Let go of the subscribers and feeds that have stopped: others may come as long as the system runs."""
        for owners, owner, address in self._guests():
            box = address.mailbox
            if box.closed and box.handled + box.dead == box.sent:
                # Each step is atomic, and harmless when another thread has been faster.
                with contextlib.suppress(ValueError):
                    owners.remove(owner)
                self._runtime.activity.remove(box)
                self._left.pop(address.name, None)

    def _guests(self) -> Iterator[tuple[list[Any], object, Address[Any]]]:
        for address in tuple(self._subscribers):
            yield self._subscribers, address, address
        for feed in tuple(self._feeds):
            yield self._feeds, feed, feed.address

    def _new_address(self, kind: str) -> Address[Any]:
        return Address(f"{kind}-{next(self._numbers)}")

    def order(self, order_id: str) -> Order | None:
        """Return an order as it stands, None when it is not known."""
        order: Order | None = self._ask(self._at.view, GetOrder(checks.order_id(order_id)), _ASK_TIMEOUT)
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
        orders: tuple[Order, ...] = self._ask(self._at.view, query, _ASK_TIMEOUT)
        return orders

    def stats(self) -> dict[str, Any]:
        """Return the notebook's statistics and more, ready for JSON."""
        stats: dict[str, Any] = self._ask(self._at.view, GetStats(), _ASK_TIMEOUT)
        return stats

    def history(self, newest: int | None = None) -> tuple[OrderUpdate, ...]:
        """Return the latest updates, oldest first; as many as `history` keeps."""
        updates: tuple[OrderUpdate, ...] = self._ask(self._at.view, GetHistory(checks.newest(newest)), _ASK_TIMEOUT)
        return updates

    def portfolio(self) -> PortfolioSnapshot:
        """Return positions, cash and profit; includes every update that has been read before."""
        snapshot: PortfolioSnapshot = self._ask(self._at.portfolio, GetPortfolio(), _ASK_TIMEOUT)
        return snapshot

    def troubles(self) -> Troubles:
        """Return the problems and alarms so far."""
        troubles: Troubles = self._ask(self._monitor, GetProblems(), _ASK_TIMEOUT)
        return troubles

    def _ask(self, address: Address[Any], query: Any, timeout: float) -> Any:
        """Ask an actor; one that has stopped has left what it knew, and nothing changes that any more."""
        if not address.is_bound or self._state == "forked":
            raise SystemStopped(type(query).__name__)
        refuse_in_handler(type(query).__name__)
        if address.name not in self._left:
            try:
                return address.ask(query, timeout)
            except pykka.ActorDeadError:
                if address.name not in self._left:
                    raise SystemStopped(type(query).__name__) from None
        answer = self._left[address.name].reply(query)
        if isinstance(answer, Failure):
            raise answer.error
        return answer

    # -- subscribers and strategies

    def subscribe(
        self, target: Callable[[Any], object] | pykka.ActorRef[Any], *events: type[Any], symbol: str | None = None
    ) -> Subscription:
        """Have a callable called, or an actor told, of updates from now on, in order and without gap.

        Args:
            target: called on a thread of its own, where it may wait for the system; or a pykka actor's ref.
            events: event types to hear of (all without any); market data types are heard of as the data itself.
            symbol: only this symbol.
        """
        refuse_in_handler("subscribe()")
        callback = target.tell if isinstance(target, pykka.ActorRef) else target
        checks.must_be_callable("target", callback)
        order_events, data_kinds = checks.subscribed(events)
        checks.symbol(symbol, self.instruments)
        self._must_run("subscribe()")
        address = self._new_address("subscriber")
        slots = QuoteSlots()
        self._forget_ended()
        self._spawn(address, Subscriber, callback, slots)
        self._subscribers.append(address)
        if data_kinds:
            self._listen(address, symbol, data_kinds, slots)
        if order_events or not events:
            self._at.publisher.send(Subscribe(address, order_events, symbol))

        def unsubscribe() -> None:
            self._at.publisher.send(Unsubscribe(address))
            self._at.exchange.send(StopListening(address))
            address.send(Leave())

        return Subscription(address, unsubscribe)

    def add_strategy(
        self, strategy: Callable[..., Strategy], /, *, strategy_id: str | None = None, **parameters: Any
    ) -> str:
        """Give a strategy an actor of its own, and let it begin.

        Args:
            strategy: a subclass of Strategy, or what else makes one from the parameters.
            strategy_id: under which its orders are recorded; its class's name and a number unless given.
            parameters: passed to it. One named symbol also limits the market data that it is told of, and must be one
                that is traded.

        Raises:
            Exception: what making the strategy raised.
        """
        refuse_in_handler("add_strategy()")
        self._must_run("add_strategy()")
        checks.must_be_callable("strategy", strategy)
        symbol = checks.symbol(parameters["symbol"], self.instruments) if "symbol" in parameters else None
        name = checks.strategy_name(strategy_id, strategy, next(self._numbers))
        address: Address[Any] = Address(name)
        # One atomic step, since any thread may add one.
        if name in self._reserved_names() or self._strategies.setdefault(name, address) is not address:
            raise InvalidConfiguration.of("strategy_id", name, "must not be taken")
        slots = QuoteSlots()
        arguments = (
            lambda: strategy(**parameters),
            self._at.risk,
            self._runtime.ids(name),
            self._settings.max_in_flight,
            slots,
        )
        try:
            self._spawn(address, StrategyActor, *arguments)
        except BaseException:
            del self._strategies[name]
            if address.is_bound:
                address.stop(_ASK_TIMEOUT)
            raise
        self._at.manager.send(Register(name, address))
        self._listen(address, symbol, MARKET_DATA, slots)
        address.send(StartStrategy())
        return name

    def _reserved_names(self) -> frozenset[str]:
        return frozenset({SOURCE, EXTERNAL, self._monitor.name, *(address.name for address in self._at.all())})

    def _listen(
        self, address: Address[Any], symbol: str | None, kinds: frozenset[type[Any]], slots: QuoteSlots
    ) -> None:
        # In a session on recorded data every quote counts; there, nobody can fall behind.
        conflate = None if self._clock is not None else slots
        self._at.exchange.send(Listen(address, symbol, kinds, lambda: address.queued, conflate))

    # -- for the audit

    def quiesce(self, timeout: float) -> bool:
        """Wait until nothing is under way, or see that it has stopped."""
        refuse_in_handler("quiesce()", even_in_callbacks=True)
        checks.seconds("timeout", timeout)
        return self._state == "stopped" or self._runtime.wait_quiet(timeout)

    def books(self) -> Mapping[str, Any]:
        """Return every built-in actor's books by its name, and those that stopped strategies have left."""
        refuse_in_handler("books()", even_in_callbacks=True)
        if self._state == "new":
            raise SystemStopped("books()")
        # A strategy that runs is not waited for: its handlers are the host's, and may take their time.
        ended = [address for address in tuple(self._strategies.values()) if address.name in self._left]
        asked = [*(address for address in (*self._at.all(), self._monitor) if address.is_bound), *ended]
        return {address.name: self._ask(address, GetBooks(), _ASK_TIMEOUT) for address in asked}

    def mailboxes(self) -> tuple[MailboxCount, ...]:
        """Return the figures of every mailbox, by actor."""
        return tuple(
            MailboxCount(address.name, box.sent, box.handled, box.queued, box.dead, box.high)
            for address in self._started()
            for box in (address.mailbox,)
        )

    def _started(self) -> Iterator[Address[Any]]:
        """Every actor that was started, in the order in which they stop."""
        actors = (*self._traders(), *self._at.all(), *self._subscribers, self._monitor)
        return (address for address in actors if address.is_bound)

    def _traders(self) -> tuple[Address[Any], ...]:
        return (*(feed.address for feed in self._feeds), *self._strategies.values())

    def _must_run(self, request: str) -> None:
        if self._state != "running":
            raise SystemStopped(request, _WHY[self._state])


def _time_passes_by_itself(time_ns: int | None) -> bool:
    del time_ns
    return False


def _mark_forked() -> None:
    for system in _systems:
        system.forked()


after_fork_in_child(_mark_forked)
