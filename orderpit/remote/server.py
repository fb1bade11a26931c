"""The process of a venue: one simulated exchange, and the systems that come and go."""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

import attrs

from ..actors.messages import Problem
from ..actors.monitor import to_stderr
from ..actors.simulated_exchange import SimulatedExchange
from ..actors.sources import Ids, draws
from ..model.errors import InvalidConfiguration
from ..model.instrument import Instrument
from ..model.market import MARKET_DATA
from ..model.reports import VenueList, VenueListing, VenueReport
from ..model.venue import SimulatedVenue, VenueOrder
from .wire import (
    LONGEST_FROM_SYSTEM,
    PROTOCOL,
    REQUESTS,
    Answer,
    Ask,
    Describe,
    Frames,
    FromSystem,
    FromVenue,
    Garbled,
    Hello,
    Refusal,
    Terms,
    framed,
    from_system,
    instruments_of,
    read,
    written,
)

_LOOK: Final = 0.1
_SEND_WITHIN: Final = 5.0
_CHUNK: Final = 1 << 16
_UNREAD: Final = 4
"""What may stand unread before the end of a system: what it asked last, in parts."""
Said = tuple[VenueReport | VenueListing, ...]


class VenueFloor:
    """The venue itself: it answers what is said to it, and knows nothing of connections.

    Args:
        exchange: how it behaves.
        run_id: the first part of all its ids.
    """

    def __init__(self, exchange: SimulatedExchange, run_id: str) -> None:
        self._exchange = exchange
        self._next_id = Ids(run_id).of("exchange")
        self._venue: SimulatedVenue | None = None
        self._instruments: Mapping[str, Instrument] = {}
        self._hedged = False
        self._now_ns = 0

    @property
    def orders(self) -> Mapping[str, VenueOrder]:
        """Every order that it has accepted, by client order id."""
        return {} if self._venue is None else self._venue.orders

    def terms(self) -> Terms:
        """Return how it behaves."""
        it = self._exchange
        allowed = (it.dearest_fee, it.allowance, it.allowance_ticks)
        return Terms(PROTOCOL, self._now_ns, *allowed, it.amends, it.ties, it.lists, remembers=True)

    def welcome(self, hello: Hello) -> Answer:
        """Let a system in; what expires by then it is not told.

        Raises:
            Garbled: for a system that does not fit the first.
        """
        instruments = instruments_of(hello.instruments)
        if self._venue is None:
            rules = attrs.evolve(self._exchange.rules, hedged=hello.hedged)
            drawn = draws(hello.seed, self._exchange.seed)
            self._venue = SimulatedVenue(instruments, rules, drawn, self._next_id)
            self._instruments, self._hedged = instruments, hello.hedged
        for symbol, instrument in instruments.items():
            if self._instruments.get(symbol) != instrument:
                msg = f"{symbol} must be as it was when the venue was first traded at"
                raise Garbled(msg)
        if hello.hedged is not self._hedged:
            msg = "positions must be netted or hedged as when the venue was first traded at"
            raise Garbled(msg)
        self._step(SimulatedVenue.pass_time, hello.now_ns)
        return self._answer(())

    def take(self, ask: Ask) -> Answer:
        """Handle a request or an observation, or let time pass.

        Raises:
            Garbled: for what is none.
        """
        message = None if ask.message is None else read(ask.message, REQUESTS)

        def act(venue: SimulatedVenue, now_ns: int) -> Said:
            if message is None:
                return venue.pass_time(now_ns)
            if type(message) in MARKET_DATA:
                return venue.on_market_data(message, now_ns)
            if isinstance(message, VenueList):
                return venue.list_orders(message, now_ns)
            return venue.request(message, now_ns)

        return self._answer(self._step(act, ask.now_ns))

    def _step(self, act: Callable[[SimulatedVenue, int], Said], now_ns: int) -> Said:
        assert self._venue is not None, "only who has been let in is heard"
        now = max(now_ns, self._now_ns)
        said = act(self._venue, now)
        self._now_ns = now
        return said

    def _answer(self, said: Said) -> Answer:
        assert self._venue is not None, "only who has been let in is answered"
        return Answer(tuple(map(written, said)), self._venue.next_expiry_ns)


class _Peer:
    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.frames = Frames(LONGEST_FROM_SYSTEM)
        self.is_dropped = False

    def has_more(self) -> bool:
        """Whether something of it has not been read yet, be it that it has left."""
        self.socket.settimeout(0)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.socket.settimeout(_SEND_WITHIN)
        return True


class VenueServer:
    """Serves a simulated exchange to one system after the other, over TCP, on the caller's thread. A context manager.

    Args:
        exchange: how it behaves; what its latency says is not kept to here.
        host, port: where to listen; port 0 takes any that is free.
        run_id: the first part of all its ids; one that is unique over restarts unless given.
        on_error: called with a Problem where something fails that no connection has brought about.

    Raises:
        InvalidConfiguration: for an address that cannot be listened at.
    """

    def __init__(
        self,
        exchange: SimulatedExchange,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        run_id: str | None = None,
        on_error: Callable[[Problem], object] = to_stderr,
    ) -> None:
        self._on_error = on_error
        self._floor = VenueFloor(exchange, run_id or uuid.uuid4().hex[:12])
        self._holder: _Peer | None = None
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._listening = socket.create_server((host, port), family=family)
        except OSError as error:
            rule = f"must be an address to listen at: {error}"
            raise InvalidConfiguration.of("listen", f"{host}:{port}", rule) from error
        self._listening.settimeout(0)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ, None)
        # While no connection can be taken: when it is tried again, by the monotonic clock, and what was told of it.
        self._deaf_until: float | None = None
        self._why_deaf = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def address(self) -> str:
        """HOST:PORT where it listens."""
        host, port, *_ = self._listening.getsockname()
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def orders(self) -> Mapping[str, VenueOrder]:
        """Every order that it has accepted, by client order id."""
        return dict(self._floor.orders)

    def serve(self, ends: Callable[[], bool]) -> None:
        """Serve until ends() says so, which is asked ten times a second at least."""
        while not ends():
            self._listen_again()
            for key, _ in self._selector.select(_LOOK):
                if key.data is None:
                    self._accept()
                elif not key.data.is_dropped:
                    self._hear(key.data)

    def close(self) -> None:
        """Close all connections, and listen no more."""
        for key in tuple(self._selector.get_map().values()):
            if isinstance(key.data, _Peer):
                self._drop(key.data)
        self._selector.close()
        self._listening.close()

    def _accept(self) -> None:
        try:
            connected, _ = self._listening.accept()
        except (BlockingIOError, ConnectionError):
            # Whoever came has left again.
            return
        except OSError as error:
            self._cannot_accept(error)
            return
        self._why_deaf = ""
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.settimeout(_SEND_WITHIN)
        except OSError:
            # As above, which some systems say only now.
            connected.close()
            return
        self._selector.register(connected, selectors.EVENT_READ, _Peer(connected))

    def _cannot_accept(self, error: OSError) -> None:
        # Who came stands there still, and would be tried as fast as the processor can.
        self._selector.unregister(self._listening)
        self._deaf_until = time.monotonic() + _LOOK
        if str(error) != self._why_deaf:
            self._why_deaf = str(error)
            self._report("cannot take a connection, and tries on", error)

    def _listen_again(self) -> None:
        if self._deaf_until is not None and time.monotonic() >= self._deaf_until:
            self._deaf_until = None
            self._selector.register(self._listening, selectors.EVENT_READ, None)

    def _hear(self, peer: _Peer) -> None:
        try:
            data = peer.socket.recv(_CHUNK)
            if not data:
                self._drop(peer)
                return
            for frame in peer.frames.take(data):
                answer = self._answer(peer, from_system(frame))
                peer.socket.sendall(framed(answer))
        except OSError:
            self._drop(peer)
        except Garbled as error:
            self._refuse(peer, str(error))
        except Exception as error:  # noqa: BLE001  # whatever one connection leads to, the venue stands for the others
            self._report("failed, and has ended a connection", error)
            self._refuse(peer, f"{type(error).__name__}: {error}")

    def _report(self, what: str, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error))
        self._on_error(Problem(time.time_ns(), "venue", what, "", f"{type(error).__name__}: {error}", trace))

    def _answer(self, peer: _Peer, said: FromSystem) -> FromVenue:
        match said:
            case Describe(protocol=protocol):
                _must_speak(protocol)
                return self._floor.terms()
            case Hello(protocol=protocol):
                _must_speak(protocol)
                self._must_be_free(peer)
                answer = self._floor.welcome(said)
                self._holder = peer
                return answer
            case Ask():
                if self._holder is not peer:
                    msg = "a system says hello before it asks"
                    raise Garbled(msg)
                return self._floor.take(said)

    def _must_be_free(self, peer: _Peer) -> None:
        holder = self._holder
        if holder is None or holder is peer:
            return
        # That it has left stands behind what it had asked last, which may not have been read yet.
        for _ in range(_UNREAD):
            if holder.is_dropped or not holder.has_more():
                break
            self._hear(holder)
        if not holder.is_dropped:
            msg = "another system trades there"
            raise Garbled(msg)

    def _refuse(self, peer: _Peer, text: str) -> None:
        with contextlib.suppress(OSError):
            peer.socket.sendall(framed(Refusal(ascii(text[:200])[1:-1])))
        self._drop(peer)

    def _drop(self, peer: _Peer) -> None:
        if self._holder is peer:
            self._holder = None
        if not peer.is_dropped:
            peer.is_dropped = True
            self._selector.unregister(peer.socket)
            peer.socket.close()


def _must_speak(protocol: Any) -> None:
    if protocol != PROTOCOL:
        msg = f"version {protocol} of the protocol, where {PROTOCOL} is spoken"
        raise Garbled(msg)
