"""What the tests of actors and systems share: collectors instead of actors, real threads, and waiting with a bound."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from orderpit import (
    Instrument,
    OrderType,
    Quote,
    Side,
    SimulatedExchange,
    SubmitOrder,
    TradingSystem,
    audit,
)
from orderpit.actors.activity import Activity
from orderpit.actors.actor import BaseActor
from orderpit.actors.address import Address
from orderpit.actors.runtime import Context
from orderpit.actors.threads import ThreadRuntime

BOUND = 20.0
"""Seconds that a test waits for a fact before it fails: far longer than any fact takes on a busy machine."""

NOW = 1_700_000_000_000_000_000
BTC = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.00001")
ETH = Instrument("ETH/USDT", price_increment="0.01", quantity_increment="0.0001")


class Collector:
    """A target that keeps what it is sent."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def send(self, message: Any) -> bool:
        self.messages.append(message)
        return True

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]


class Recorder:
    """A callable that keeps what it is called with, and lets a test wait for it."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._changed = threading.Condition()

    def __call__(self, item: Any) -> None:
        with self._changed:
            self.items.append(item)
            self._changed.notify_all()

    def until(self, is_true: Callable[[list[Any]], bool]) -> list[Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: is_true(self.items), BOUND), self.items[-5:]
            return list(self.items)

    def first(self, count: int = 1) -> list[Any]:
        return self.until(lambda items: len(items) >= count)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


class Desk:
    """What an actor object without a thread is given: a context, and lists of what it reports and deposits."""

    def __init__(self, name: str = "actor") -> None:
        self.clock = Clock()
        self.problems: list[Any] = []
        self.books: dict[str, Any] = {}
        self.context = Context(name, self.clock, Activity(), self.problems.append, self.books.__setitem__)

    def make(self, actor_class: type[Any], *arguments: Any) -> Any:
        actor = actor_class(self.context, *arguments)
        # In a context of its own, so that the test's thread does not pass for the actor's.
        copy_context().run(actor.on_start)
        return actor


class Threads:
    """Actors of ours on real threads, each stopped at the end of the test."""

    def __init__(self) -> None:
        self.problems = Recorder()
        self.books: dict[str, Any] = {}
        self.runtime = ThreadRuntime(self.problems, self.books.__setitem__, run_id="run")
        self._addresses: list[Address[Any]] = []

    def spawn(self, actor_class: type[BaseActor], *arguments: Any, name: str = "actor") -> Address[Any]:
        address: Address[Any] = Address(name)
        self.runtime.spawn(address, actor_class, *arguments)
        self._addresses.append(address)
        return address

    def stop(self) -> None:
        for address in self._addresses:
            address.stop(BOUND)
        self.runtime.close()


class BlockedReply:
    """A reply that keeps the actor that gives it from going on, until it is released."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.release = threading.Event()

    def set(self, value: Any = None) -> None:
        self.reached.set()
        assert self.release.wait(BOUND), value


class OwnVenue:
    """An exchange of one's own: keeps the requests, and reports what the test says."""

    def __init__(self) -> None:
        self.requests = Recorder()
        self.data = Recorder()
        self.closed = threading.Event()
        self.instruments: Any = None
        self.report: Any = None

    def connect(self, instruments: Any, report: Any) -> None:
        self.instruments, self.report = instruments, report

    def request(self, request: Any) -> None:
        self.requests(request)

    def on_market_data(self, data: Any) -> None:
        self.data(data)

    def close(self) -> None:
        self.closed.set()


def system_of(*instruments: Instrument, **settings: Any) -> TradingSystem:
    """Return a system, not yet started, that keeps its troubles to itself unless it is told otherwise."""
    arguments: dict[str, Any] = {"exchange": SimulatedExchange(), "on_error": Recorder()}
    return TradingSystem(instruments or (BTC, ETH), **arguments | settings)


def quote(bid: str = "99", ask: str = "101", symbol: str = "BTC/USDT", **more: Any) -> Quote:
    return Quote(symbol, bid=bid, ask=ask, **more)


def limit(price: str = "100", quantity: str = "1", side: Side = Side.BUY, symbol: str = "BTC/USDT", **more: Any) -> Any:
    return SubmitOrder(symbol, side, OrderType.LIMIT, quantity, price=price, **more)


def market(quantity: str = "1", side: Side = Side.BUY, symbol: str = "BTC/USDT", **more: Any) -> SubmitOrder:
    return SubmitOrder(symbol, side, OrderType.MARKET, quantity, **more)


def assert_clean(system: TradingSystem) -> None:
    """Hold the books of a system against each other."""
    report = audit(system, BOUND)
    assert report.violations == ()
    assert report.checks > 0
