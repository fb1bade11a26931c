"""The simulated exchange: how it shall behave, and the actor in front of its venue."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

import attrs

from ..model.errors import InvalidConfiguration
from ..model.market import MarketData
from ..model.numbers import ONE, Number, add, multiply, not_negative, whole
from ..model.reports import VenueLink, VenueReport, VenueRequest
from ..model.venue import SimulatedVenue, VenueOrder, VenueRules
from .address import Address, Target
from .exchange import ExchangeActor, ExchangeDescription, ExchangeMessage, Surroundings
from .messages import Arrived, Halt
from .runtime import Cancellable, Context

_SECOND = Decimal(1_000_000_000)


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
