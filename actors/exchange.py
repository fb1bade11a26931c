"""The exchange: a simulated one, or one of your own behind an adapter."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Protocol

import attrs

from ..model.errors import InvalidReport
from ..model.instrument import Instrument
from ..model.market import MARKET_DATA, MarketData, Quote
from ..model.numbers import ONE, ZERO
from ..model.reports import (
    VENUE_LINK,
    VENUE_LISTINGS,
    VENUE_REPORTS,
    VenueCancel,
    VenueLink,
    VenueList,
    VenueListing,
    VenueModify,
    VenueQuery,
    VenueReport,
    VenueRequest,
    VenueSubmit,
)
from .actor import BaseActor
from .address import Address, Target
from .conflation import BEHIND
from .messages import Arrived, CheckExpiries, Halt, Held, Listen, PassOn, Recorded, StopListening
from .runtime import Context, Runtime

VenueSays = VenueReport | VenueListing | VenueLink
"""All that a venue says."""
_SAID: Final = VENUE_REPORTS | VENUE_LISTINGS | VENUE_LINK
ExchangeMessage = VenueRequest | MarketData | Recorded | PassOn | Arrived | CheckExpiries | Listen | StopListening


class Exchange(Protocol):
    """An exchange of one's own. Its methods are called on the exchange actor's thread; report may be called from any.

    request() must not wait for an answer: what the venue says is reported when it comes.

    A venue that has no amend says so with an attribute, `amends = False`; without it, it is taken to have one. It is
    then sent no VenueModify: a modification is a VenueCancel and, once VenueCancelled has come for it with reason
    REQUESTED, or none, a VenueSubmit under a new client_order_id for what is left of the new quantity. VenueCancelled
    should tell filled_quantity, by which that is sized; executions under the old client_order_id may still follow.

    A venue that can tell of all its orders at once says `lists = True`; it is then sent VenueList, and answers as that
    says. Without it, it is sent a VenueQuery for each order that may have moved.
    """

    def connect(self, instruments: Mapping[str, Instrument], report: Callable[[VenueSays], None]) -> None:
        """Make ready. An error raised here fails the start of the system.

        report also takes VenueDisconnected and VenueConnected, when the link to the venue goes down and comes back.
        """
        ...

    def request(self, request: VenueRequest) -> None:
        """Send a request to the venue: VenueSubmit, VenueModify, VenueCancel, VenueQuery, or VenueList if it lists."""
        ...

    def on_market_data(self, data: MarketData) -> None:
        """Take notice of published market data."""
        ...

    def close(self) -> None:
        """Disconnect."""
        ...


@attrs.frozen
class Surroundings:
    """What the actor of an exchange finds in the system: addresses, instruments by symbol, the runtime, its seed.

    hedged says whether an account can hold a long and a short position in the same symbol.
    """

    me: Address[Any]
    manager: Address[Any]
    instruments: Mapping[str, Instrument]
    runtime: Runtime
    seed: int
    hedged: bool = False


def must_be_said_by_a_venue(report: object) -> None:
    """Refuse what is none of the venue's types.

    Raises:
        InvalidReport: for anything else.
    """
    if type(report) not in _SAID:
        raise InvalidReport.of("report", report, "must be one of the venue's report types")


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
    def allowance_ticks(self) -> int:
        """By how many ticks its price may be worse on top of that."""
        return 0

    @property
    def amends(self) -> bool:
        """Whether it amends orders."""
        return True

    @property
    def loses_nothing(self) -> bool:
        """Whether every request is answered, however late."""
        return False

    @property
    def remembers(self) -> bool:
        """Whether it knows of what was traded before this system began, so that positions there should be ours."""
        return False

    @property
    def lists(self) -> bool:
        """Whether it can be asked for all orders at once, by VenueList."""
        return False

    def actor_in(self, around: Surroundings) -> tuple[type[ExchangeActor], tuple[Any, ...]]:
        """Return the actor's class, and its arguments behind the Context."""
        raise NotImplementedError

    def left_by(self, runtime: Runtime) -> None:
        """Take note that the system on this runtime has ended, however it did, or has not come to its start."""


class ExchangeActor(BaseActor):
    """What both kinds of exchange share: reports go to the order manager, market data on to whoever listens."""

    def __init__(self, context: Context, manager: Target[VenueSays | Halt]) -> None:
        super().__init__(context)
        self._manager = manager
        self._listeners: tuple[Listen, ...] = ()
        # Market data that nobody has heard of yet, since what a record caused here comes first.
        self._kept_back: deque[MarketData] = deque()

    def handle(self, message: Any) -> None:
        """Take a request, an observation, or a new listener."""
        if type(message) in MARKET_DATA:
            self.observe(message)
            self._hold_or_pass_on(message)
            return
        match message:
            case VenueSubmit() | VenueCancel() | VenueModify() | VenueQuery() | VenueList():
                self.request(message)
            case Recorded():
                self._play(message)
            case PassOn():
                while self._kept_back:
                    self._pass_on(self._kept_back.popleft())
            case Arrived():
                self.arrived(message.request)
            case CheckExpiries():
                self.check_expiries(message)
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

    def check_expiries(self, message: CheckExpiries) -> None:
        """Take note that time has passed."""

    def observe(self, data: MarketData) -> None:
        """Take market data, before whoever listens hears of it."""

    def says_at_once(self) -> bool:
        """Whether something that was observed, just now, has led to anything that others must deal with."""
        return self.has_sent

    def _play(self, message: Recorded) -> None:
        self.observe(message.data)
        if self.says_at_once():
            self._kept_back.append(message.data)
            self.send(message.feed, Held())
        else:
            self._hold_or_pass_on(message.data)

    def _hold_or_pass_on(self, data: MarketData) -> None:
        if self._kept_back:
            self._kept_back.append(data)
        else:
            self._pass_on(data)

    def _bury(self, message: object) -> None:
        # A timer that fires while the system stops tells nothing that anybody must hear of.
        if not isinstance(message, CheckExpiries):
            super()._bury(message)

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
        manager: Target[VenueSays | Halt],
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

    def says_at_once(self) -> bool:
        """Whether it did is not seen here: it may report from any thread."""
        return True

    def on_stop(self) -> None:
        """Let the adapter disconnect."""
        try:
            self._adapter.close()
        except BaseException as error:  # noqa: BLE001  # the host's code must not keep an actor from stopping
            self._report("could not close", "the exchange adapter", error)
        super().on_stop()

    def _report_from_venue(self, report: VenueSays) -> None:
        must_be_said_by_a_venue(report)
        self._manager.send(report)
