"""The simulated exchange: how it shall behave, and the actor in front of its venue."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, Protocol, cast

import attrs

from ..model.errors import InvalidConfiguration
from ..model.fill_models import ByProbability, FillModel, Touch, probability_of
from ..model.latency import LATENCY_MODELS, FixedLatency, LatencyModel, seconds_of
from ..model.market import MarketData
from ..model.numbers import ONE, Number, add, not_negative, whole
from ..model.reports import VenueList, VenueListing, VenueOrderRequest, VenueReport, VenueRequest
from ..model.slippage import NO_SLIPPAGE, SLIPPAGE_MODELS, SlippageModel, UniformSlippage, below_one
from ..model.venue import SimulatedVenue, VenueOrder, VenueRules
from ..model.venue_order import PREVENTIONS, SelfTradePrevention
from . import checks
from .address import Address, Target
from .exchange import ExchangeActor, ExchangeDescription, ExchangeMessage, Surroundings, VenueSays
from .expiring import ExpiryTimer
from .messages import Arrived, CheckExpiries, Halt
from .runtime import Cancellable, Context

_NO_LATENCY: Final = FixedLatency(0)
_TOUCH: Final = Touch()
_NUMBERS: Final = frozenset({Decimal, str, int})
Delay = Callable[[int], int]
"""How many nanoseconds the request with this number is on its way."""


def _maker_fee(value: Number) -> Decimal:
    return not_negative("maker_fee", value, InvalidConfiguration)


def _taker_fee(value: Number) -> Decimal:
    return not_negative("taker_fee", value, InvalidConfiguration)


def _refuse_what_is_no_number(field: str, value: object, models: frozenset[type]) -> None:
    if type(value) not in _NUMBERS:
        names = ", ".join(sorted(model.__name__ for model in models))
        raise InvalidConfiguration.of(field, value, f"must be a Decimal, str or int, or one of {names}")


def _slippage(value: Number | SlippageModel) -> SlippageModel:
    if type(value) in SLIPPAGE_MODELS:
        return cast("SlippageModel", value)
    _refuse_what_is_no_number("slippage", value, SLIPPAGE_MODELS)
    return UniformSlippage(below_one("slippage", cast("Number", value)))


def _fill_probability(value: Number) -> Decimal:
    return probability_of("fill_probability", value)


def _fill_model(value: FillModel | None) -> FillModel | None:
    if value is not None:
        checks.must_be_a_fill_model("fill_model", value)
    return value


def _latency(value: Number | LatencyModel) -> LatencyModel:
    if type(value) in LATENCY_MODELS:
        return cast("LatencyModel", value)
    _refuse_what_is_no_number("latency", value, LATENCY_MODELS)
    return FixedLatency(seconds_of("latency", cast("Number", value)))


def _seed(value: int) -> int:
    return whole("seed", value, InvalidConfiguration)


def _one_of(*known: str) -> Callable[[Any, attrs.Attribute[Any], object], None]:
    rule = f"must be one of {', '.join(map(repr, known))}"

    def validate(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
        if type(value) is not str or value not in known:
            raise InvalidConfiguration.of(attribute.name, value, rule)

    return validate


def _true_or_false(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    if type(value) is not bool:
        raise InvalidConfiguration.of(attribute.name, value, "must be True or False")


class VenueBehind(Protocol):
    """What the actor has behind it: a SimulatedVenue, see there, or a way to one."""

    @property
    def orders(self) -> Mapping[str, VenueOrder]:
        """Every order that was accepted, by its client order id."""
        ...

    @property
    def is_hedged(self) -> bool:
        """Whether an account can hold a long and a short position in the same symbol."""
        ...

    @property
    def next_expiry_ns(self) -> int | None:
        """When the next order expires; None when none will."""
        ...

    def request(self, request: VenueOrderRequest, now_ns: int) -> tuple[VenueReport, ...]:
        """Handle a request."""
        ...

    def list_orders(self, request: VenueList, now_ns: int) -> tuple[VenueReport | VenueListing, ...]:
        """Tell of every order that is open or has changed since, and of all positions."""
        ...

    def on_market_data(self, data: MarketData, now_ns: int) -> tuple[VenueReport, ...]:
        """Take over an observation."""
        ...

    def pass_time(self, now_ns: int) -> tuple[VenueReport, ...]:
        """Let expire what is due."""
        ...

    def execute(self, client_order_id: str, quantity: Decimal, now_ns: int) -> tuple[VenueReport, ...]:
        """Fill a resting limit order at its own price."""
        ...


@attrs.frozen(kw_only=True)
class SimulatedExchange(ExchangeDescription):
    """How the simulated exchange shall behave; the system builds its actor from it.

    Args:
        maker_fee, taker_fee: as a fraction of notional, in the quote currency.
        slippage: the largest relative move of a market order's fill, either way ("0.005" is the notebook's), or one of
            FixedSlippage, UniformSlippage, NormalSlippage and SampledSlippage.
        fill_probability: the chance that a touched limit order fills ("0.8" is the notebook's).
        fill_model: how much of a touched limit order fills: Touch(), ByProbability(), ByVolumeShare(),
            ByQueuePosition(), ThroughOnly(), or a FillModel of one's own. Touch() unless given, and ByProbability()
            where fill_probability is.
        latency: seconds that a request is on its way, or one of FixedLatency, NormalLatency and SampledLatency.
            Requests arrive in the order in which they were sent, as on one connection: a slow one holds up those
            behind it.
        seed: the same seed and the same messages give the same fills.
        remainder: how an order ends that does not wait, a market order or one with IOC or FOK, with what it cannot
            fill at once: "cancelled" (FIX) or "expired" (Binance).
        amends: whether it amends orders. Where it does not, the order manager modifies an order by a cancel and a new
            order, as on a venue that has nothing else (Binance Spot order/cancelReplace).
        ties: whether the venue itself ties the orders of a group that stand beside each other (OCO, OUO, the exits of a
            bracket), in the moment of an execution, as Binance Spot does with its order lists. Without it the order
            manager alone does, when it hears of the execution.
        lists: whether it can be asked for all orders at once. Without it the order manager asks for each that it knows.
        self_trade_prevention: who gives way where an account would trade with itself: "cancel_oldest", the order that
            rests (as at CME), "cancel_newest", "cancel_both", or "decrement", which takes the smaller quantity from
            both.
        post_only: what becomes of a post-only order that would take: "refuse" it (Binance LIMIT_MAKER), or "slide" it
            to one tick off the opposite best.
        wrong_side_stop: what becomes of a stop order whose price the market has reached when it arrives: "reject"
            (Binance and CME), or "trigger" it at once.

    Raises:
        InvalidConfiguration: naming the setting, its value and the rule.
    """

    maker_fee: Decimal = attrs.field(default=Decimal("0.001"), converter=_maker_fee)
    taker_fee: Decimal = attrs.field(default=Decimal("0.001"), converter=_taker_fee)
    slippage: SlippageModel = attrs.field(default=NO_SLIPPAGE, converter=_slippage)
    fill_probability: Decimal = attrs.field(default=Decimal(1), converter=_fill_probability)
    fill_model: FillModel | None = attrs.field(default=None, converter=_fill_model)
    latency: LatencyModel = attrs.field(default=_NO_LATENCY, converter=_latency)
    seed: int = attrs.field(default=0, converter=_seed)
    remainder: Literal["cancelled", "expired"] = attrs.field(
        default="cancelled", validator=_one_of("cancelled", "expired")
    )
    amends: bool = attrs.field(default=True, validator=_true_or_false)  # pyright: ignore[reportIncompatibleMethodOverride]  # its slot hides the property
    ties: bool = attrs.field(default=True, validator=_true_or_false)
    lists: bool = attrs.field(default=True, validator=_true_or_false)  # pyright: ignore[reportIncompatibleMethodOverride]  # likewise
    self_trade_prevention: SelfTradePrevention = attrs.field(default="cancel_oldest", validator=_one_of(*PREVENTIONS))
    post_only: Literal["refuse", "slide"] = attrs.field(default="refuse", validator=_one_of("refuse", "slide"))
    wrong_side_stop: Literal["reject", "trigger"] = attrs.field(
        default="reject", validator=_one_of("reject", "trigger")
    )

    def __attrs_post_init__(self) -> None:
        if self.fill_model is not None and self.fill_probability != ONE:
            raise InvalidConfiguration.of("fill_model", self.fill_model, "must not be given beside fill_probability")

    @property
    def rules(self) -> VenueRules:
        """Fees and fills."""
        return VenueRules(
            maker_fee=self.maker_fee,
            taker_fee=self.taker_fee,
            slippage=self.slippage,
            fill_model=self._fills,
            remainder=self.remainder,
            amends=self.amends,
            ties=self.ties,
            self_trade_prevention=self.self_trade_prevention,
            post_only=self.post_only,
            wrong_side_stop=self.wrong_side_stop,
        )

    @property
    def _fills(self) -> FillModel:
        if self.fill_model is not None:
            return self.fill_model
        return _TOUCH if self.fill_probability == ONE else ByProbability(self.fill_probability)

    @property
    def dearest_fee(self) -> Decimal:
        """The larger of the two fees."""
        return max(self.maker_fee, self.taker_fee)

    @property
    def allowance(self) -> Decimal:
        """The factor by which a market order may cost more than the quote said."""
        return add(ONE, self.slippage.most)

    @property
    def allowance_ticks(self) -> int:
        """By how many ticks its price may be worse on top of that."""
        return self.slippage.most_ticks

    @property
    def loses_nothing(self) -> bool:
        """It answers every request."""
        return True

    def venue_in(self, around: Surroundings) -> SimulatedVenue:
        """Return a venue that behaves so."""
        draws, ids = around.runtime.draws(around.seed, self.seed), around.runtime.ids("exchange")
        rules = attrs.evolve(self.rules, hedged=around.hedged)
        return SimulatedVenue(around.instruments, rules, draws, ids)

    def actor_in(self, around: Surroundings) -> tuple[type[ExchangeActor], tuple[Any, ...]]:
        """Return the actor's class, and its arguments behind the Context."""
        venue = self.venue_in(around)
        arguments = (around.me, around.manager, venue, self.delay_in(around), around.runtime.call_later)
        return SimulatedExchangeActor, arguments

    def delay_in(self, around: Surroundings) -> Delay:
        """Return how long each request is on its way, by its number: the same for the same seed."""
        latency, draw = self.latency, around.runtime.draws(around.seed, self.seed)

        def delay(number: int) -> int:
            return latency.delay_ns(tuple(draw(f"L-{number}", nth) for nth in range(1, latency.draws + 1)))

        return delay


@attrs.frozen
class ExchangeBooks:
    """Every order that the simulated venue accepted, as it stands there."""

    orders: tuple[VenueOrder, ...]


class SimulatedExchangeActor(ExchangeActor):
    """The simulated exchange.

    Args:
        context: as every actor.
        me: its own address, for requests held up by latency and for orders that expire.
        manager: the order manager.
        venue: its whole state.
        delay: how long a request is on its way.
        call_later: sets a timer on the runtime.
    """

    def __init__(
        self,
        context: Context,
        me: Address[ExchangeMessage],
        manager: Target[VenueSays | Halt],
        venue: VenueBehind,
        delay: Delay,
        call_later: Callable[..., Cancellable],
    ) -> None:
        super().__init__(context, manager)
        self._me = me
        self._venue = venue
        self._delay = delay
        self._call_later = call_later
        self._expiry = ExpiryTimer(me, call_later)
        self._requests = 0
        # Those on their way, the first to arrive first, and when the last of them will.
        self._on_the_way: deque[VenueRequest] = deque()
        self._last_arrives_ns = 0

    def started(self) -> None:
        """Wait for what is to expire at a venue that has been traded at before."""
        self._report_up((), self.context.now_ns())

    def request(self, request: VenueRequest) -> None:
        """Take a request, at once or when its latency has passed; never before one that was sent earlier."""
        number, now = self._requests + 1, self.context.elapsed_ns()
        arrives = now + self._delay(number)
        if self._on_the_way:
            arrives = max(arrives, self._last_arrives_ns)
        elif arrives == now:
            self._requests = number
            self._execute(request)
            return
        self._call_later(max(arrives - now, 0), self._me, Arrived(request))
        self._on_the_way.append(request)
        self._requests, self._last_arrives_ns = number, arrives

    def arrived(self, request: VenueRequest) -> None:
        """Take what comes off the connection next: two timers that are due together may fire in any order."""
        del request
        self._execute(self._on_the_way.popleft())

    def _execute(self, request: VenueRequest) -> None:
        now = self.context.now_ns()
        if isinstance(request, VenueList):
            self._report_up(self._venue.list_orders(request, now), now)
        else:
            self._report_up(self._venue.request(request, now), now)

    def observe(self, data: MarketData) -> None:
        """Fill what the observation reaches."""
        now = self.context.now_ns()
        self._report_up(self._venue.on_market_data(data, now), now)

    def check_expiries(self, message: CheckExpiries) -> None:
        """Let orders expire whose time has come."""
        now = self.context.now_ns()
        self._expiry.fired(message)
        self._report_up(self._venue.pass_time(now), now)

    def _report_up(self, reports: tuple[VenueReport | VenueListing, ...], now_ns: int) -> None:
        for report in reports:
            self.send(self._manager, report)
        self._expiry.set(self._venue.next_expiry_ns, now_ns)

    def books(self) -> ExchangeBooks:
        """Return every order as the venue knows it."""
        return ExchangeBooks(tuple(self._venue.orders.values()))
