"""The actor of an exchange that misbehaves, with a simulated venue behind or an exchange of the host's own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

from ...actors.exchange import Exchange, VenueSays, must_be_said_by_a_venue
from ...actors.expiring import ExpiryTimer
from ...actors.messages import CheckExpiries
from ...actors.runtime import Context
from ...actors.simulated_exchange import VenueBehind
from ...model import reports as r
from ...model.market import MarketData
from ...model.venue_listing import positions_of
from .tables import ChaosBooks, ChaosCounts, Heard
from .truth import Record
from .venue import ChaosVenue

T = TypeVar("T")


class SimulatedChaosActor(ChaosVenue):
    """With a simulated venue behind.

    Args:
        venue: its whole state.
        common: as for every ChaosLinks.
    """

    def __init__(self, context: Context, venue: VenueBehind, *common: Any) -> None:
        super().__init__(context, *common)
        self._venue = venue
        self._expiry = ExpiryTimer(self._me, self._call_later)

    def started(self) -> None:
        """Find out what has happened at a venue that outlives the system, while nobody was there."""
        now = self.context.now_ns()
        everything = r.VenueList(request_id="start", time_ns=now, source="chaos")
        self._truth.goes_on(self._told(self._venue.list_orders(everything, now), now))

    def ask_venue(self, request: r.VenueRequest) -> tuple[r.VenueReport | r.VenueListing, ...]:
        """Have the venue handle a request."""
        now = self.context.now_ns()
        if isinstance(request, r.VenueList):
            return self._told(self._venue.list_orders(request, now), now)
        return self._told(self._venue.request(request, now), now)

    def strike(self, record: Record, quantity: Decimal) -> tuple[r.VenueReport, ...]:
        """Have the venue fill a resting order."""
        now = self.context.now_ns()
        return self._told(self._venue.execute(record.client_order_id, quantity, now), now)

    def observe(self, data: MarketData) -> None:
        """Fill what the observation reaches."""
        now = self.context.now_ns()
        self.from_venue(self._told(self._venue.on_market_data(data, now), now))

    def check_expiries(self, message: CheckExpiries) -> None:
        """Let orders expire whose time has come."""
        now = self.context.now_ns()
        self._expiry.fired(message)
        self.from_venue(self._told(self._venue.pass_time(now), now))

    def positions(self, said: r.VenueListed) -> tuple[r.VenuePosition, ...] | None:
        """Return what accounts truly hold; where positions are hedged, what was executed beside them is not known."""
        del said
        return None if self._venue.is_hedged else positions_of(self._truth.positions(self._venue.orders.values()))

    def _told(self, reports: tuple[T, ...], now_ns: int) -> tuple[T, ...]:
        self._expiry.set(self._venue.next_expiry_ns, now_ns)
        return reports

    def books(self) -> ChaosBooks:
        """Return every order as it truly stands."""
        return ChaosBooks(self._truth.orders(self._venue.orders.values()), self.happened())


class AdaptedChaosActor(ChaosVenue):
    """With an exchange of the host's own behind.

    Args:
        adapter: the host's object.
        common: as for every ChaosLinks.
    """

    def __init__(self, context: Context, adapter: Exchange, *common: Any) -> None:
        super().__init__(context, *common)
        self._adapter = adapter

    def started(self) -> None:
        """Let the adapter connect."""
        self._adapter.connect(self._instruments, self._heard)

    def ask_venue(self, request: r.VenueRequest) -> tuple[r.VenueReport, ...]:
        """Hand a request to the adapter, which reports later."""
        self._adapter.request(request)
        return ()

    def observe(self, data: MarketData) -> None:
        """Hand market data to the adapter."""
        self._adapter.on_market_data(data)

    def says_at_once(self) -> bool:
        """Whether it did is not seen here: it may report from any thread."""
        return True

    def books(self) -> ChaosCounts:
        """Return how often each fault has happened."""
        return ChaosCounts(self.happened())

    def on_stop(self) -> None:
        """Let the adapter disconnect."""
        try:
            self._adapter.close()
        except BaseException as error:  # noqa: BLE001  # the host's code must not keep an actor from stopping
            self._report("could not close", "the exchange adapter", error)
        super().on_stop()

    def _heard(self, report: VenueSays) -> None:
        must_be_said_by_a_venue(report)
        self._me.send(Heard(report))
