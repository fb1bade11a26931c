"""A venue that outlives the systems that trade there: orders, books and ids go on where they were."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeVar

from ..model.errors import InvalidConfiguration, InvalidMarketData
from ..model.instrument import Instrument
from ..model.market import MARKET_DATA, MarketData
from ..model.reports import VenueList, VenueListing, VenueOrderRequest, VenueReport
from ..model.venue import SimulatedVenue, VenueOrder
from .exchange import ExchangeActor, ExchangeDescription, Surroundings
from .runtime import Runtime
from .simulated_exchange import Delay, SimulatedExchange, SimulatedExchangeActor
from .threads import lock

Report = TypeVar("Report")
Step = Callable[[SimulatedVenue, int], tuple[Report, ...]]


class Connection:
    """One system's way to a venue; once it has ended, nothing passes in either direction.

    Args:
        floor: where the venue is.
    """

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._left: Mapping[str, VenueOrder] | None = None

    @property
    def orders(self) -> Mapping[str, VenueOrder]:
        """Every order that was accepted, by its client order id; once it has ended, as they stood then."""
        return self._floor.orders() if self._left is None else self._left

    def end(self, orders: Mapping[str, VenueOrder]) -> None:
        """Take note that it has ended."""
        self._left = orders

    @property
    def is_hedged(self) -> bool:
        """Whether an account can hold a long and a short position in the same symbol."""
        return self._floor.is_hedged

    @property
    def next_expiry_ns(self) -> int | None:
        """When the next order expires; None when none will."""
        return self._floor.next_expiry_ns()

    def request(self, request: VenueOrderRequest, now_ns: int) -> tuple[VenueReport, ...]:
        """Have a request handled."""
        return self._floor.step(self, lambda venue, now: venue.request(request, now), now_ns)

    def list_orders(self, request: VenueList, now_ns: int) -> tuple[VenueReport | VenueListing, ...]:
        """Have it tell of its orders."""
        return self._floor.step(self, lambda venue, now: venue.list_orders(request, now), now_ns)

    def on_market_data(self, data: MarketData, now_ns: int) -> tuple[VenueReport, ...]:
        """Have an observation taken over."""
        return self._floor.step(self, lambda venue, now: venue.on_market_data(data, now), now_ns)

    def pass_time(self, now_ns: int) -> tuple[VenueReport, ...]:
        """Let expire what is due."""
        return self._floor.step(self, SimulatedVenue.pass_time, now_ns)

    def execute(self, client_order_id: str, quantity: Decimal, now_ns: int) -> tuple[VenueReport, ...]:
        """Have a resting order filled."""
        return self._floor.step(self, lambda venue, now: venue.execute(client_order_id, quantity, now), now_ns)


class Floor:
    """The venue itself, its time, and who trades there. One thread at a time is let in.

    Args:
        exchange: how it behaves.
    """

    def __init__(self, exchange: SimulatedExchange) -> None:
        self._exchange = exchange
        self._lock = lock()
        self._venue: SimulatedVenue | None = None
        self._instruments: Mapping[str, Instrument] = MappingProxyType({})
        self._hedged = False
        self._now_ns = 0
        self._connection: Connection | None = None
        # Weak: no system is kept alive by where it has traded.
        self._holder: weakref.ref[Runtime] | None = None

    @property
    def now_ns(self) -> int:
        """The latest moment that the venue has heard of."""
        return self._now_ns

    @property
    def is_hedged(self) -> bool:
        """Whether an account can hold a long and a short position in the same symbol."""
        return self._hedged

    def orders(self) -> Mapping[str, VenueOrder]:
        """Return every order that was accepted, as it stands at this moment."""
        with self._lock:
            return self._orders()

    def next_expiry_ns(self) -> int | None:
        """Return when the next order expires."""
        with self._lock:
            return None if self._venue is None else self._venue.next_expiry_ns

    def connect(self, around: Surroundings) -> Connection:
        """Let a system in, which then lives no earlier than the venue does; what has expired meanwhile it is not told.

        Raises:
            InvalidConfiguration: while another one trades here, and for one that does not fit the first.
        """
        with self._lock:
            if self._is_held():
                rule = "must be given to one system after the other: another one trades there still"
                raise InvalidConfiguration.of("exchange", self._exchange, rule)
            if self._venue is None:
                self._venue, self._hedged = self._exchange.venue_in(around), around.hedged
                self._instruments = MappingProxyType(dict(around.instruments))
            self._must_fit(around)
            self._cut()
            around.runtime.begin_no_earlier(self._now_ns)
            self._connection, self._holder = Connection(self), weakref.ref(around.runtime)
            self._step(SimulatedVenue.pass_time, around.runtime.now_ns())
            return self._connection

    def disconnect(self, runtime: Runtime) -> None:
        """Take note that a system has ended, if it is the one that trades here."""
        with self._lock:
            if self._holder is not None and self._holder() is runtime:
                self._cut()

    def step(self, connection: Connection | None, act: Step[Report], now_ns: int) -> tuple[Report, ...]:
        """Let something happen, and return what is reported; nothing for a connection that has ended."""
        with self._lock:
            if connection is not self._connection:
                return ()
            return self._step(act, now_ns)

    def step_alone(self, request: str, act: Step[VenueReport], now_ns: int) -> None:
        """Let something happen while no system trades here: nobody hears of it.

        Raises:
            InvalidConfiguration: while one does, and before the first one has.
        """
        with self._lock:
            if self._is_held():
                rule = f"must be left by its system before {request}"
                raise InvalidConfiguration.of("exchange", self._exchange, rule)
            if self._venue is None:
                rule = f"must have been given to a system before {request}"
                raise InvalidConfiguration.of("exchange", self._exchange, rule)
            self._cut()
            self._step(act, now_ns)

    def _step(self, act: Step[Report], now_ns: int) -> tuple[Report, ...]:
        assert self._venue is not None, "there is one from the first connection on"
        now = max(now_ns, self._now_ns)
        reports = act(self._venue, now)
        self._now_ns = now
        return reports

    def _orders(self) -> Mapping[str, VenueOrder]:
        return MappingProxyType({} if self._venue is None else dict(self._venue.orders))

    def _cut(self) -> None:
        if self._connection is not None:
            # Whoever looks at the books of the system that has left does not find those of the next.
            self._connection.end(self._orders())
        self._connection = self._holder = None

    def _is_held(self) -> bool:
        holder = None if self._holder is None else self._holder()
        return holder is not None and not holder.has_crashed

    def _must_fit(self, around: Surroundings) -> None:
        for symbol, instrument in around.instruments.items():
            if self._instruments.get(symbol) != instrument:
                rule = "must be as it was when the venue was first given to a system"
                raise InvalidConfiguration.of("instruments", symbol, rule)
        if around.hedged is not self._hedged:
            told = "hedged" if around.hedged else "netted"
            raise InvalidConfiguration.of("positions", told, "must be as when the venue was first given to a system")


class Venue(ExchangeDescription):
    """A simulated exchange that outlives the system that trades there, so that the next one finds what it left.

    Given to one TradingSystem after the other, on either runtime, it goes on where it was: orders, books, positions,
    expiries, and the ids of orders and executions, which never repeat. What was on its way in either direction when a
    system ended or crashed is lost. Time goes on and never back: a system on the stepped runtime or in the time of
    recorded data begins no earlier than the venue's latest moment. A venue takes an order that comes again under the
    same client order id for the same order: systems that do not restart from a journal each need a run_id of their own.

    Args:
        exchange: how it behaves. Instruments, the mode of positions and the system's seed are those of the first
            system; a later one may trade fewer instruments.

    Raises:
        InvalidConfiguration: for what is no SimulatedExchange; and by a system that starts, while another one trades
            there, or where it does not fit the first.
    """

    __slots__ = ("_exchange", "_floor")

    def __init__(self, exchange: SimulatedExchange) -> None:
        if type(exchange) is not SimulatedExchange:
            raise InvalidConfiguration.of("exchange", exchange, "must be a SimulatedExchange")
        self._exchange = exchange
        self._floor = Floor(exchange)

    def __repr__(self) -> str:
        return f"Venue({self._exchange!r})"

    # -- what it knows

    @property
    def orders(self) -> Mapping[str, VenueOrder]:
        """Every order that it has accepted, by client order id, as it stands at this moment."""
        return self._floor.orders()

    @property
    def now_ns(self) -> int:
        """Its latest moment, in nanoseconds since the epoch, UTC; 0 before the first."""
        return self._floor.now_ns

    # -- what happens there while no system is connected

    def publish(self, data: MarketData) -> None:
        """Let the market move while no system trades here: what fills is reported to nobody.

        Raises:
            InvalidMarketData: for another type.
            InvalidConfiguration: while a system trades here, and before the first one has.
        """
        if type(data) not in MARKET_DATA:
            raise InvalidMarketData.of("data", data, "must be a Quote, Trade, Bar or Depth")
        self._floor.step_alone("publish()", lambda venue, now: venue.on_market_data(data, now), data.time_ns)

    def pass_time(self, until_ns: int) -> None:
        """Let time pass while no system trades here, up to until_ns, in nanoseconds since the epoch, UTC.

        Raises:
            InvalidConfiguration: while a system trades here, and before the first one has.
        """
        self._floor.step_alone("pass_time()", SimulatedVenue.pass_time, until_ns)

    # -- for the system

    @property
    def dearest_fee(self) -> Decimal:
        """The larger of the two fees."""
        return self._exchange.dearest_fee

    @property
    def allowance(self) -> Decimal:
        """The factor by which a market order may cost more than the quote said."""
        return self._exchange.allowance

    @property
    def allowance_ticks(self) -> int:
        """By how many ticks its price may be worse on top of that."""
        return self._exchange.allowance_ticks

    @property
    def amends(self) -> bool:
        """Whether it amends orders."""
        return self._exchange.amends

    @property
    def ties(self) -> bool:
        """Whether it ties the orders of a group."""
        return self._exchange.ties

    @property
    def remembers(self) -> bool:
        """It outlives the systems that trade there."""
        return True

    @property
    def lists(self) -> bool:
        """Whether it can be asked for all orders at once."""
        return self._exchange.lists

    @property
    def loses_nothing(self) -> bool:
        """It answers every request of a system that goes on."""
        return True

    def venue_in(self, around: Surroundings) -> Connection:
        """Connect a system that starts."""
        return self._floor.connect(around)

    def delay_in(self, around: Surroundings) -> Delay:
        """Return how long each request is on its way, by its number on this connection."""
        return self._exchange.delay_in(around)

    def actor_in(self, around: Surroundings) -> tuple[type[ExchangeActor], tuple[Any, ...]]:
        """Return the actor's class, and its arguments behind the Context."""
        arguments = (
            around.me,
            around.manager,
            self.venue_in(around),
            self.delay_in(around),
            around.runtime.call_later,
        )
        return SimulatedExchangeActor, arguments

    def left_by(self, runtime: Runtime) -> None:
        """Take note that a system has ended."""
        self._floor.disconnect(runtime)
