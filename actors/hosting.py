"""What a trading system hosts: strategies, subscribers and event loops, each on an actor of its own."""

from __future__ import annotations

import contextlib
import itertools
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Final

import pykka

from ..model.blotter import EXTERNAL
from ..model.errors import InvalidConfiguration, JournalError
from ..model.events import OrderUpdate
from ..model.market import MARKET_DATA
from . import checks
from .actor import BaseActor, refuse_in_handler
from .address import Address
from .aio import UpdateStream
from .conflation import QuoteSlots
from .messages import Leave, Listen, Ready, Register, StartStrategy, StopListening, Subscribe, Unsubscribe
from .playback import Subscription
from .publisher import Subscriber
from .reading import ASK_TIMEOUT, Reading
from .strategy import Strategy, StrategyActor

SOURCE: Final = "system"
"""The strategy id of orders that the host submits itself."""


class Hosting(Reading):
    """What is hosted. TradingSystem is the whole, and sets this attribute."""

    # The names that it gives are numbered.
    _numbers: itertools.count[int]
    # Why the journal takes nothing at present.
    _unrecordable: JournalError | None

    def _must_be_recordable(self) -> None:
        if self._unrecordable is not None:
            raise self._unrecordable

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
        callback = target.tell if checks.is_ref(target) else target
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
        self._runtime.settle()

        def unsubscribe() -> None:
            self._at.publisher.send(Unsubscribe(address))
            self._at.exchange.send(StopListening(address))
            address.send(Leave())

        return Subscription(address, unsubscribe)

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
        self._runtime.settle()
        stream.closed_by(leave)
        return stream

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
                address.stop(ASK_TIMEOUT)
            raise
        if self._at.journal.is_bound:
            # It begins with what it knew, and with nothing before that.
            self._at.manager.send(Register(name, address, first=True))
            self._at.manager.ask(Ready(), ASK_TIMEOUT)
            self._listen(address, symbol, MARKET_DATA, slots)
        else:
            self._at.manager.send(Register(name, address))
            self._listen(address, symbol, MARKET_DATA, slots)
            address.send(StartStrategy())
        self._runtime.settle()
        return name

    def _listen(
        self, address: Address[Any], symbol: str | None, kinds: frozenset[type[Any]], slots: QuoteSlots
    ) -> None:
        # In a session on recorded data every quote counts; there, nobody can fall behind.
        conflate = None if self._runtime.in_data_time else slots
        self._at.exchange.send(Listen(address, symbol, kinds, lambda: address.queued, conflate))

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

    def _reserved_names(self) -> frozenset[str]:
        return frozenset({SOURCE, EXTERNAL, self._monitor.name, *(address.name for address in self._at.everybody())})

    def _spawn(self, address: Address[Any], actor_class: type[BaseActor], *args: Any) -> None:
        self._runtime.spawn(address, actor_class, *args)
        address.ask(Ready(), ASK_TIMEOUT)
