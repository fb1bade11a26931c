"""A venue in another process, as a system meets it: how it is named, and the actor that owns the connection."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import attrs

from ..actors.address import Address, Target
from ..actors.exchange import ExchangeActor, ExchangeDescription, ExchangeMessage, Surroundings, VenueSays
from ..actors.expiring import ExpiryTimer
from ..actors.messages import CheckExpiries, Halt
from ..actors.runtime import Cancellable, Context, Runtime
from ..model.errors import InvalidConfiguration
from ..model.market import MarketData
from ..model.numbers import Number, positive
from ..model.reports import VenueConnected, VenueDisconnected, VenueRequest
from .link import Link, LinkDown, address_of
from .wire import PROTOCOL, REPORTS, Ask, Describe, FromSystem, Garbled, Hello, Terms, answer_in, read, traded, written

_NS: Final = Decimal(1_000_000_000)
_LONGEST_TIMEOUT: Final = 60
_LONGEST_REASON: Final = 200
FIRST_DELAY_NS: Final = 100_000_000
"""After which the connection is first tried anew, less up to half of it; each time after twice as long."""
LONGEST_DELAY_NS: Final = 10_000_000_000
"""Beyond which it is not made longer."""


@attrs.frozen
class Reconnect:
    """Try the connection anew."""


class RemoteVenue(ExchangeDescription):
    """A venue that `orderpit venue` serves in another process, and that goes on when this one ends.

    It is asked for its terms when this is made. Each request and each piece of market data is answered by all that it
    led to before the next is sent, so that a paced session waits for it. When the connection breaks, or an answer does
    not come in time, the order manager hears VenueDisconnected, and VenueConnected once it is back: it is tried again
    after 0.1 seconds, then after twice as long each time, up to 10. Requests and market data meanwhile are lost.

    Args:
        address: "HOST:PORT" where it listens.
        timeout: seconds, at most 60, in which it must answer; as long may the exchange's actor stand still.

    Raises:
        InvalidConfiguration: for an address at which no venue answers that speaks this version of the protocol; and by
            a system that starts, while another one trades there, or where it does not fit the first that did.
    """

    __slots__ = ("__weakref__", "_address", "_links", "_terms", "_timeout")

    def __init__(self, address: str, *, timeout: Number = 5) -> None:
        self._address = address
        seconds = positive("timeout", timeout, InvalidConfiguration)
        if seconds > _LONGEST_TIMEOUT:
            raise InvalidConfiguration.of("timeout", timeout, f"must be at most {_LONGEST_TIMEOUT} seconds")
        self._timeout = float(seconds)
        # By the runtimes of the systems that trade there, to be closed when a system has crashed.
        self._links: weakref.WeakKeyDictionary[Runtime, Link] = weakref.WeakKeyDictionary()
        self._terms = self._asked_for_terms()

    def __repr__(self) -> str:
        return f"RemoteVenue({self._address!r})"

    @property
    def dearest_fee(self) -> Decimal:
        """The larger of its two fees."""
        return self._terms.dearest_fee

    @property
    def allowance(self) -> Decimal:
        """The factor by which a market order may cost more than the quote said."""
        return self._terms.allowance

    @property
    def allowance_ticks(self) -> int:
        """By how many ticks its price may be worse on top of that."""
        return self._terms.allowance_ticks

    @property
    def amends(self) -> bool:
        """Whether it amends orders."""
        return self._terms.amends

    @property
    def ties(self) -> bool:
        """Whether it ties the orders of a group."""
        return self._terms.ties

    @property
    def lists(self) -> bool:
        """Whether it can be asked for all orders at once."""
        return self._terms.lists

    @property
    def remembers(self) -> bool:
        """Whether it knows of what was traded before this system began."""
        return self._terms.remembers

    def actor_in(self, around: Surroundings) -> tuple[type[ExchangeActor], tuple[Any, ...]]:
        """Return the actor's class, and its arguments behind the Context."""
        runtime = around.runtime
        runtime.begin_no_earlier(self._asked_for_terms().now_ns)
        link = self._links[runtime] = self._new_link()
        instruments = tuple(map(traded, around.instruments.values()))

        def hello(now_ns: int) -> Hello:
            return Hello(PROTOCOL, now_ns, instruments, around.hedged, around.seed)

        draws = runtime.draws(around.seed)
        timers = (runtime.call_later, runtime.look_later)
        return RemoteExchangeActor, (around.me, around.manager, link, hello, draws, *timers, self._address)

    def left_by(self, runtime: Runtime) -> None:
        """Disconnect a system that has ended."""
        link = self._links.pop(runtime, None)
        if link is not None:
            link.close()

    def _new_link(self) -> Link:
        return Link(*address_of(self._address), self._timeout)

    def _asked_for_terms(self) -> Terms:
        link = self._new_link()
        try:
            link.open()
            terms = link.ask(Describe(PROTOCOL))
        except LinkDown as down:
            rule = f"must be where a venue listens: {down}"
            raise InvalidConfiguration.of("address", self._address, rule) from down
        finally:
            link.close()
        if not isinstance(terms, Terms) or terms.protocol != PROTOCOL:
            rule = f"must be where a venue speaks version {PROTOCOL} of the protocol"
            raise InvalidConfiguration.of("address", self._address, rule)
        return terms


class RemoteExchangeActor(ExchangeActor):
    """The exchange where the venue is in another process.

    Args:
        context: as every actor.
        me: its own address, for its timers.
        manager: the order manager.
        link: to the venue; it is this actor's.
        hello: what a connection begins with, at a time.
        draw: the source of chance, by which the systems of a venue that is back do not all come at once.
        call_later: sets the timer of expiries.
        look_later: sets the timer of connections, by the wall.
        address: for errors.
    """

    def __init__(
        self,
        context: Context,
        me: Address[ExchangeMessage | Reconnect],
        manager: Target[VenueSays | Halt],
        link: Link,
        hello: Callable[[int], Hello],
        draw: Callable[[str, int], Decimal],
        call_later: Callable[..., Cancellable],
        look_later: Callable[..., Cancellable],
        address: str,
    ) -> None:
        super().__init__(context, manager)
        self._me = me
        self._link = link
        self._hello = hello
        self._draw = draw
        self._look_later = look_later
        self._address = address
        self._expiry = ExpiryTimer(me, call_later)
        self._is_down = False
        self._why_down = ""
        # Connections tried since there was one that was of use, and in all.
        self._tries = self._draws = 0

    def started(self) -> None:
        """Connect.

        Raises:
            InvalidConfiguration: when the venue cannot be reached, or does not let this system trade.
        """
        try:
            self._connect()
        except LinkDown as down:
            rule = f"must be where a venue lets this system trade: {down}"
            raise InvalidConfiguration.of("address", self._address, rule) from down

    def handle(self, message: Any) -> None:
        """Take what concerns the connection; all else as every exchange."""
        if isinstance(message, Reconnect):
            self._reconnect()
        else:
            super().handle(message)

    def request(self, request: VenueRequest) -> None:
        """Have the venue handle a request; while the link is down, it is lost."""
        self._tell(request)

    def observe(self, data: MarketData) -> None:
        """Have the venue fill what the observation reaches."""
        self._tell(data)

    def check_expiries(self, message: CheckExpiries) -> None:
        """Have the venue let expire what is due."""
        self._expiry.fired(message)
        self._tell(None)

    def on_stop(self) -> None:
        """Disconnect."""
        self._link.close()
        super().on_stop()

    def _bury(self, message: object) -> None:
        if not isinstance(message, Reconnect):
            super()._bury(message)

    def _tell(self, message: VenueRequest | MarketData | None) -> None:
        if self._is_down:
            return
        now = self.context.now_ns()
        try:
            self._ask(Ask(now, None if message is None else written(message)), now)
        except LinkDown as down:
            self._is_down, self._why_down = True, str(down)
            self.send(self._manager, VenueDisconnected(reason=_said(down), time_ns=now))
            self._try_later()
        else:
            # To be let in is not enough: one that fails at each request would be tried as fast as it fails.
            self._tries = 0

    def _connect(self) -> None:
        now = self.context.now_ns()
        self._link.open()
        self._ask(self._hello(now), now)

    def _ask(self, message: FromSystem, now: int) -> None:
        answer = self._link.ask(message)
        try:
            answered = answer_in(answer)
            said = tuple(read(one, REPORTS) for one in answered.said)
        except Garbled as garbled:
            self._link.close()
            raise LinkDown(str(garbled)) from garbled
        for report in said:
            self.send(self._manager, report)
        self._expiry.set(answered.next_expiry_ns, now)

    def _reconnect(self) -> None:
        try:
            self._connect()
        except LinkDown as down:
            if str(down) != self._why_down:
                self._why_down = str(down)
                self._report(f"cannot be connected again: {_said(down)}")
            self._try_later()
            return
        self._is_down = False
        self.send(self._manager, VenueConnected(time_ns=self.context.now_ns()))

    def _try_later(self) -> None:
        longest = min(FIRST_DELAY_NS << min(self._tries, 10), LONGEST_DELAY_NS)
        self._tries, self._draws = self._tries + 1, self._draws + 1
        jitter = int(self._draw("reconnect", self._draws) * (longest // 2))
        self._look_later(longest - jitter, self._me, Reconnect())


def _said(down: LinkDown) -> str:
    """Return what a venue may have said as what a record may hold."""
    text = str(down)[:_LONGEST_REASON]
    return text if text.isprintable() else ascii(text)[1:-1][:_LONGEST_REASON]
