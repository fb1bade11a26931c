"""The exchange: a simulated one, or one of your own behind an adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal, Protocol

import attrs

from ..model.errors import InvalidConfiguration, InvalidReport
from ..model.instrument import Instrument
from ..model.market import MARKET_DATA, MarketData, Quote
from ..model.numbers import ONE, ZERO, Number, add, multiply, not_negative, whole
from ..model.reports import (
    VENUE_LINK,
    VENUE_REPORTS,
    VenueCancel,
    VenueLink,
    VenueModify,
    VenueQuery,
    VenueReport,
    VenueRequest,
    VenueSubmit,
)
from ..model.venue import SimulatedVenue, VenueOrder, VenueRules
from .actor import BaseActor
from .address import Address, Target
from .conflation import BEHIND
from .messages import Arrived, Halt, Listen, StopListening
from .runtime import Cancellable, Context, Runtime

ExchangeMessage = VenueRequest | MarketData | Arrived | Listen | StopListening
_SECOND = Decimal(1_000_000_000)


class Exchange(Protocol):
    """An exchange of one's own. Its methods are called on the exchange actor's thread; report may be called from any.

    request() must not wait for an answer: what the venue says is reported when it comes.
    """

    def connect(self, instruments: Mapping[str, Instrument], report: Callable[[VenueReport | VenueLink], None]) -> None:
        """Make ready. An error raised here fails the start of the system.

        report also takes VenueDisconnected and VenueConnected, when the link to the venue goes down and comes back.
        """
        ...

    def request(self, request: VenueRequest) -> None:
        """Send a request to the venue: VenueSubmit, VenueModify, VenueCancel or VenueQuery."""
        ...

    def on_market_data(self, data: MarketData) -> None:
        """Take notice of published market data."""
        ...

    def close(self) -> None:
        """Disconnect."""
        ...


def _maker_fee(value: Number) -> Decimal:
    return not_negative("maker_fee", value, InvalidConfiguration)


def _taker_fee(value: Number) -> Decimal:
    return not_negative("taker_fee", value, InvalidConfiguration)


def _slippage(value: Number) -> Decimal:
    slippage = not_negative("slippage", value, InvalidConfiguration)
    if slippage >= ONE:
        raise InvalidConfiguration.of("slippage", value, "must be below 1")
    return slippage


def _fill_probability(value: Number) -> Decimal:
    probability = not_negative("fill_probability", value, InvalidConfiguration)
    if probability > ONE:
        raise InvalidConfiguration.of("fill_probability", value, "must be at most 1")
    return probability


def _latency(value: Number) -> Decimal:
    return not_negative("latency", value, InvalidConfiguration)


def _seed(value: int) -> int:
    return whole("seed", value, InvalidConfiguration)


def _known_remainder(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    if type(value) is not str or value not in {"cancelled", "expired"}:
        raise InvalidConfiguration.of(attribute.name, value, "must be 'cancelled' or 'expired'")


@attrs.frozen
class Surroundings:
    """What the actor of an exchange finds in the system: addresses, instruments by symbol, the runtime, its seed."""

    me: Address[Any]
    manager: Address[Any]
    instruments: Mapping[str, Instrument]
    runtime: Runtime
    seed: int


class ExchangeDescription:
    """An exchange as an immutable value, from which the system builds the actor."""

    __slots__ = ()

    @property
    def dearest_fee(self) -> Decimal:
        """The largest fee, as a fraction of notional: what risk reserves for it."""
        return ZERO

    @property
    def allowance(self) -> Decimal:
        """The factor by which a market order may cost more than the quote said."""
        return ONE

    @property
    def loses_nothing(self) -> bool:
        """Whether every request is answered, however late."""
        return False

    def actor_in(self, around: Surroundings) -> tuple[type[ExchangeActor], tuple[Any, ...]]:
        """Return the actor's class, and its arguments behind the Context."""
        raise NotImplementedError


@attrs.frozen(kw_only=True)
class SimulatedExchange(ExchangeDescription):
    """How the simulated exchange shall behave; the system builds its actor from it.

    Args:
        maker_fee, taker_fee: as a fraction of notional, in the quote currency.
        slippage: the largest relative move of a market order's fill, either way ("0.005" is the notebook's).
        fill_probability: the chance that a touched limit order fills ("0.8" is the notebook's).
        latency: seconds that a request is on its way.
        seed: the same seed and the same messages give the same fills.
        remainder: how what a market order cannot fill ends: "cancelled" (FIX) or "expired" (Binance).
    """

    maker_fee: Decimal = attrs.field(default=Decimal("0.001"), converter=_maker_fee)
    taker_fee: Decimal = attrs.field(default=Decimal("0.001"), converter=_taker_fee)
    slippage: Decimal = attrs.field(default=Decimal(0), converter=_slippage)
    fill_probability: Decimal = attrs.field(default=Decimal(1), converter=_fill_probability)
    latency: Decimal = attrs.field(default=Decimal(0), converter=_latency)
    seed: int = attrs.field(default=0, converter=_seed)
    remainder: Literal["cancelled", "expired"] = attrs.field(default="cancelled", validator=_known_remainder)

    @property
    def rules(self) -> VenueRules:
        """Fees and fills."""
        return VenueRules(
            maker_fee=self.maker_fee,
            taker_fee=self.taker_fee,
            slippage=self.slippage,
            fill_probability=self.fill_probability,
            remainder=self.remainder,
        )

    @property
    def latency_ns(self) -> int:
        """The latency in whole nanoseconds."""
        return int(multiply(self.latency, _SECOND))

    @property
    def dearest_fee(self) -> Decimal:
        """The larger of the two fees."""
        return max(self.maker_fee, self.taker_fee)

    @property
    def allowance(self) -> Decimal:
        """The factor by which a market order may cost more than the quote said."""
        return add(ONE, self.slippage)

    @property
    def loses_nothing(self) -> bool:
        """It answers every request."""
        return True

    def venue_in(self, around: Surroundings) -> SimulatedVenue:
        """Return a venue that behaves so."""
        draws, ids = around.runtime.draws(around.seed, self.seed), around.runtime.ids("exchange")
        return SimulatedVenue(around.instruments, self.rules, draws, ids)

    def actor_in(self, around: Surroundings) -> tuple[type[ExchangeActor], tuple[Any, ...]]:
        """Return the actor's class, and its arguments behind the Context."""
        venue = self.venue_in(around)
        arguments = (around.me, around.manager, venue, self.latency_ns, around.runtime.call_later)
        return SimulatedExchangeActor, arguments


@attrs.frozen
class ExchangeBooks:
    """Every order that the simulated venue accepted, as it stands there."""

    orders: tuple[VenueOrder, ...]


class ExchangeActor(BaseActor):
    """What both kinds of exchange share: reports go to the order manager, market data on to whoever listens."""

    def __init__(self, context: Context, manager: Target[VenueReport | VenueLink | Halt]) -> None:
        super().__init__(context)
        self._manager = manager
        self._listeners: tuple[Listen, ...] = ()

    def handle(self, message: Any) -> None:
        """Take a request, an observation, or a new listener."""
        if type(message) in MARKET_DATA:
            self.observe(message)
            self._pass_on(message)
            return
        match message:
            case VenueSubmit() | VenueCancel() | VenueModify() | VenueQuery():
                self.request(message)
            case Arrived():
                self.arrived(message.request)
            case Listen():
                self._listeners = (*self._listeners, message)
            case StopListening():
                self._forget(message.target)
            case _:
                self.unknown(message)

    def escalate(self) -> None:
        """Halt trading, and go on: cancels must still reach the venue, and its reports us."""
        self.send(self._manager, Halt("the exchange failed repeatedly"))

    def unreachable(self, target: Target[Any]) -> None:
        """Let a listener go that has stopped."""
        self._forget(target)

    def request(self, request: VenueRequest) -> None:
        """Take a request of the order manager."""

    def arrived(self, request: VenueRequest) -> None:
        """Take a request that was held up on its way."""

    def observe(self, data: MarketData) -> None:
        """Take market data, before whoever listens hears of it."""

    def _forget(self, target: Target[Any]) -> None:
        self._listeners = tuple(known for known in self._listeners if known.target is not target)

    def _pass_on(self, data: MarketData) -> None:
        kind = type(data)
        for known in self._listeners:
            if kind not in known.kinds or known.symbol not in {None, data.symbol}:
                continue
            slots = known.slots
            if slots is not None and isinstance(data, Quote) and (known.queued() > BEHIND or slots.waits(data.symbol)):
                marker = slots.put(data)
                if marker is not None:
                    self.send(known.target, marker)
            else:
                self.send(known.target, data)


class SimulatedExchangeActor(ExchangeActor):
    """The simulated exchange.

    Args:
        context: as every actor.
        me: its own address, for requests held up by latency.
        manager: the order manager.
        venue: its whole state.
        latency_ns: how long a request is on its way.
        call_later: sets a timer on the runtime.
    """

    def __init__(
        self,
        context: Context,
        me: Address[ExchangeMessage],
        manager: Target[VenueReport | VenueLink | Halt],
        venue: SimulatedVenue,
        latency_ns: int,
        call_later: Callable[..., Cancellable],
    ) -> None:
        super().__init__(context, manager)
        self._me = me
        self._venue = venue
        self._latency_ns = latency_ns
        self._call_later = call_later

    def request(self, request: VenueRequest) -> None:
        """Take a request, at once or when its latency has passed."""
        if self._latency_ns:
            self._call_later(self._latency_ns, self._me, Arrived(request))
        else:
            self.arrived(request)

    def arrived(self, request: VenueRequest) -> None:
        """Let the venue handle a request."""
        for report in self._venue.request(request, self.context.now_ns()):
            self.send(self._manager, report)

    def observe(self, data: MarketData) -> None:
        """Fill what the observation reaches."""
        for report in self._venue.on_market_data(data, self.context.now_ns()):
            self.send(self._manager, report)

    def books(self) -> ExchangeBooks:
        """Return every order as the venue knows it."""
        return ExchangeBooks(tuple(self._venue.orders.values()))


class AdaptedExchangeActor(ExchangeActor):
    """An exchange of one's own.

    Args:
        context: as every actor.
        manager: the order manager.
        adapter: the host's object.
        instruments: by symbol.
    """

    def __init__(
        self,
        context: Context,
        manager: Target[VenueReport | VenueLink | Halt],
        adapter: Exchange,
        instruments: Mapping[str, Instrument],
    ) -> None:
        super().__init__(context, manager)
        self._adapter = adapter
        self._instruments = instruments

    def started(self) -> None:
        """Let the adapter connect."""
        self._adapter.connect(self._instruments, self._report_from_venue)

    def request(self, request: VenueRequest) -> None:
        """Hand a request to the adapter."""
        self._adapter.request(request)

    def observe(self, data: MarketData) -> None:
        """Hand market data to the adapter."""
        self._adapter.on_market_data(data)

    def on_stop(self) -> None:
        """Let the adapter disconnect."""
        try:
            self._adapter.close()
        except BaseException as error:  # noqa: BLE001  # the host's code must not keep an actor from stopping
            self._report("could not close", "the exchange adapter", error)
        super().on_stop()

    def _report_from_venue(self, report: VenueReport | VenueLink) -> None:
        if type(report) not in VENUE_REPORTS and type(report) not in VENUE_LINK:
            raise InvalidReport.of("report", report, "must be one of the venue's report types")
        self._manager.send(report)
