"""A venue at the other end of a connection: served on a thread of the test's, and met by whole systems."""

from __future__ import annotations

import errno
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from helpers import BOUND, BTC, ETH, NOW, Recorder, limit, market, quote, system_of

from orderpit import (
    AlarmCode,
    Instrument,
    InvalidConfiguration,
    OrderState,
    Reason,
    SimulatedExchange,
    TimeInForce,
    TradingState,
)
from orderpit.actors.monitor import to_stderr
from orderpit.actors.stepped import START_NS
from orderpit.journal.memory import MemoryStore
from orderpit.remote import RemoteVenue, VenueServer, wire
from orderpit.testing import Crashed, Stepped, let_pass

SECOND = 1_000_000_000
runtimes = pytest.mark.parametrize("runtime", ["threads", "stepped"])


@contextmanager
def served(
    exchange: SimulatedExchange | None = None, port: int = 0, on_error: Callable[[Any], object] = to_stderr
) -> Iterator[VenueServer]:
    """Serve a venue on a thread of its own until the end of the block."""
    ends = threading.Event()
    with VenueServer(exchange or SimulatedExchange(), port=port, on_error=on_error) as server:
        thread = threading.Thread(target=server.serve, args=(ends.is_set,))
        thread.start()
        try:
            yield server
        finally:
            ends.set()
            thread.join(BOUND)
    assert not thread.is_alive()


@pytest.fixture
def server() -> Iterator[VenueServer]:
    with served() as one:
        yield one


def trading(server: VenueServer, run_id: str, **settings: Any) -> Any:
    return system_of(**{"exchange": RemoteVenue(server.address), "run_id": run_id} | settings)


@runtimes
def test_orders_are_filled_rest_and_are_cancelled_there(server: VenueServer, runtime: Any) -> None:
    with trading(server, "one", runtime=runtime) as system:
        system.publish(quote())
        filled = system.wait(system.submit(market("2")), OrderState.FILLED, BOUND)
        assert (filled.filled_quantity, filled.average_fill_price) == (2, 101)
        resting = system.submit(limit("95"))
        system.wait(resting, OrderState.OPEN, BOUND)
        system.modify(resting, price="96")
        system.cancel(resting)
        assert system.wait(resting, OrderState.CANCELLED, BOUND).price == 96
        assert {name: order.state for name, order in server.orders.items()} == {
            filled.order_id: OrderState.FILLED,
            resting: OrderState.CANCELLED,
        }
        assert system.quiesce(BOUND)


@runtimes
def test_the_venue_goes_on_where_it_was_for_the_next_system(server: VenueServer, runtime: Any) -> None:
    with trading(server, "one", runtime=runtime) as first:
        first.publish(quote())
        first.wait(left := first.submit(limit("95", "2")), OrderState.OPEN, BOUND)
    with trading(server, "two", runtime=runtime) as second:
        second.publish(quote("94", "95"))
        assert second.quiesce(BOUND)
        assert [order.filled_quantity for order in second.orders()] == [2]
    assert server.orders[left].state is OrderState.FILLED


@runtimes
def test_a_paced_session_waits_for_all_that_a_record_leads_to(server: VenueServer, runtime: Any) -> None:
    def prices() -> Iterator[Any]:
        for n in range(50):
            yield quote(str(100 - n), str(101 - n), time_ns=NOW + n * SECOND)

    fills: list[tuple[int, Any]] = []
    with trading(server, "one", runtime=runtime, clock="data") as system:
        system.subscribe(lambda update: fills.append((update.event.time_ns, update.order.average_fill_price)))
        system.play([quote("100", "101", time_ns=NOW)]).wait(BOUND)
        for price in range(60, 100, 5):
            system.submit(limit(str(price)))
        assert system.quiesce(BOUND)
        fills.clear()
        system.play(prices()).wait(BOUND)
        assert system.quiesce(BOUND)
        told = [(fill.price, fill.time_ns) for order in system.orders() for fill in order.fills]
    # Each fills at the very record that reaches it: ask 101 - n at NOW + n seconds.
    assert told == [(price, NOW + (101 - price) * SECOND) for price in range(60, 100, 5)]
    assert len(fills) == 8


def test_time_goes_on_from_one_system_to_the_next_and_orders_expire(server: VenueServer) -> None:
    until = START_NS + 3 * SECOND
    with trading(server, "one", runtime="stepped") as first:
        first.publish(quote())
        order = limit("95", time_in_force=TimeInForce.GTD, expire_time_ns=until)
        first.wait(first.submit(order), OrderState.EXPIRED, 10)
    with trading(server, "two", runtime="stepped") as second:
        assert second._runtime.now_ns() == until


def test_a_second_system_is_refused_while_one_trades_there(server: VenueServer) -> None:
    with trading(server, "one", runtime="stepped") as first:
        with pytest.raises(InvalidConfiguration, match="another system trades there"):
            trading(server, "two", runtime="stepped").start()
        first.publish(quote())
        assert first.wait(first.submit(market()), OrderState.FILLED, 1).is_filled
    with trading(server, "three", runtime="stepped") as third:
        third.publish(quote())
        assert third.wait(third.submit(market()), OrderState.FILLED, 1).is_filled


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"instruments": (BTC, Instrument("ETH/USDT", price_increment="1", quantity_increment="1"))}, "ETH/USDT must"),
        ({"positions": "hedged"}, "positions must"),
    ],
    ids=["another increment", "another mode of positions"],
)
def test_a_later_system_must_fit_the_first(server: VenueServer, settings: dict[str, Any], why: str) -> None:
    with trading(server, "one", runtime="stepped"):
        pass
    instruments = settings.pop("instruments", (BTC, ETH))
    with pytest.raises(InvalidConfiguration, match=why):
        system_of(*instruments, exchange=RemoteVenue(server.address), runtime="stepped", **settings).start()


def test_a_crashed_system_leaves_the_venue_to_the_next(server: VenueServer) -> None:
    venue = RemoteVenue(server.address)

    def trade() -> None:
        with system_of(exchange=venue, runtime=Stepped(crash_at=150), run_id="one") as first:
            for _ in range(100):
                first.publish(quote())
                first.submit(limit("95"))

    with pytest.raises(Crashed):
        trade()
    known = set(server.orders)
    assert known
    with system_of(exchange=venue, runtime="stepped", run_id="two") as second:
        assert second.quiesce(1)
        assert set(server.orders) == known


def test_its_terms_are_those_of_the_exchange_that_is_served() -> None:
    exchange = SimulatedExchange(taker_fee="0.002", slippage="0.01", amends=False, ties=False, lists=False)
    with served(exchange) as server:
        venue = RemoteVenue(server.address)
        names = ("dearest_fee", "allowance", "allowance_ticks", "amends", "ties", "lists")
        assert [getattr(venue, name) for name in names] == [getattr(exchange, name) for name in names]
        assert not venue.loses_nothing
        assert repr(venue) == f"RemoteVenue('{server.address}')"


def test_where_nobody_listens_or_the_settings_are_wrong_it_is_refused_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidConfiguration, match="must be an address to listen at"):
            VenueServer(SimulatedExchange(), port=port)
        with pytest.raises(InvalidConfiguration, match="has not answered in time"):
            RemoteVenue(f"127.0.0.1:{port}", timeout="0.05")
    with pytest.raises(InvalidConfiguration, match="must be where a venue listens"):
        RemoteVenue(f"127.0.0.1:{port}")
    for timeout in (0, "61", "soon"):
        with pytest.raises(InvalidConfiguration, match="timeout"):
            RemoteVenue("127.0.0.1:1", timeout=timeout)


# -- the link


@runtimes
def test_a_venue_that_goes_down_is_reported_and_one_that_comes_back_is_found(runtime: Any) -> None:
    troubles = Recorder()
    with served() as server:
        port = int(server.address.rpartition(":")[2])
        system = trading(server, "one", runtime=runtime, on_error=troubles).start()
        system.publish(quote())
        system.wait(open_there := system.submit(limit("95")), OrderState.OPEN, BOUND)
    # It has gone, and the next order finds that out.
    lost = system.submit(limit("96"))
    assert system.quiesce(BOUND)
    assert system.order(lost).in_doubt
    refused = system.wait(system.submit(limit("97")), OrderState.REJECTED, BOUND)
    assert refused.reason is Reason.DISCONNECTED
    with served(port=port) as again:
        # Another process with an empty memory: what it never had ends, in doubt no longer.
        for order_id, state in ((lost, OrderState.REJECTED), (open_there, OrderState.CANCELLED)):
            order = system.wait(order_id, state, BOUND)
            assert (order.state, order.reason) == (state, Reason.NOT_AT_VENUE)
        system.publish(quote())
        assert system.wait(system.submit(market()), OrderState.FILLED, BOUND).is_filled
        assert len(again.orders) == 1
        system.stop()
    assert AlarmCode.DISCONNECTED in [getattr(trouble, "code", None) for trouble in troubles.items]


def test_it_is_tried_again_after_ever_longer_times_that_differ() -> None:
    tries: list[int] = []
    with served() as server:
        heard = Stepped(on_delivery=lambda now, _, it: tries.append(now) if type(it).__name__ == "Reconnect" else None)
        system = trading(server, "one", runtime=heard).start()
    system.publish(quote())
    let_pass(system, 60)
    system.stop()
    waits = [later - earlier for earlier, later in zip([START_NS, *tries], tries, strict=False)]
    for n, wait in enumerate(waits):
        longest = min(100_000_000 << n, 10 * SECOND)
        assert longest // 2 <= wait <= longest
    assert 8 <= len(waits) <= 20
    assert len(set(waits)) == len(waits)


@runtimes
def test_positions_that_differ_from_the_venues_halt_trading(runtime: Any) -> None:
    store, alarms = MemoryStore(), Recorder()
    settings = {"journal": store, "runtime": runtime, "cash": {"USDT": "100000"}}
    with served() as server, trading(server, "one", **settings) as system:
        system.publish(quote())
        system.wait(system.submit(market("2")), OrderState.FILLED, BOUND)
    # One that has been begun anew, and knows of nothing.
    with served() as server, trading(server, "two", on_error=alarms, **settings) as system:
        assert system.quiesce(BOUND)
        assert system.trading_state() is TradingState.HALTED
    texts = [trouble.text for trouble in alarms.items if getattr(trouble, "code", None) is AlarmCode.UNRECONCILED]
    assert texts == ["BTC/USDT: the venue holds 0, on record are 2"]


def test_a_venue_that_lets_in_and_fails_at_each_request_is_tried_after_ever_longer_times() -> None:
    tries: list[int] = []
    welcome = wire.framed(wire.Answer((), None))
    impostor = Impostor(TERMS, TERMS, *([welcome, b""] * 30))
    heard = Stepped(on_delivery=lambda now, _, it: tries.append(now) if type(it).__name__ == "Reconnect" else None)
    with system_of(BTC, exchange=RemoteVenue(impostor.address), runtime=heard, run_id="one") as system:
        system.publish(quote())
        let_pass(system, 60)
    impostor.close()
    assert 8 <= len(tries) <= 20


def test_a_refusal_of_several_lines_takes_the_link_down_and_it_is_tried_again() -> None:
    welcome, refusal = wire.framed(wire.Answer((), None)), wire.framed(wire.Refusal("not\nnow"))
    impostor = Impostor(TERMS, TERMS, welcome, refusal)
    troubles = Recorder()
    exchange = RemoteVenue(impostor.address)
    with system_of(BTC, exchange=exchange, runtime="stepped", run_id="one", on_error=troubles) as system:
        system.publish(quote())
        let_pass(system, 10)
    impostor.close()
    assert "not\\nnow" in troubles.items[0].text
    assert "cannot be connected again" in str(troubles.items[1])
    assert len(troubles.items) == 2, "it is said when the reason changes, not each time"


class Impostor:
    """Takes connections, and answers each frame with the next of some bytes; then it says nothing more."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = iter(answers)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        for _ in range(40):
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return
            with connected:
                connected.settimeout(BOUND)
                while connected.recv(1 << 16):
                    answer = next(self._answers, b"")
                    if not answer:
                        break
                    connected.sendall(answer)

    def close(self) -> None:
        self._listening.close()


def terms(protocol: int) -> bytes:
    flags = {"amends": True, "ties": True, "lists": True, "remembers": True}
    tenth = BTC.price_increment
    return wire.framed(
        wire.Terms(protocol=protocol, now_ns=0, dearest_fee=tenth, allowance=tenth, allowance_ticks=0, **flags)
    )


TERMS = terms(wire.PROTOCOL)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a frame of 1213486160 bytes"),
        (b"\x00\x00\x00\x02{}", "ValidationError"),
        (wire.framed(wire.Answer((), None)), f"version {wire.PROTOCOL}"),
        (wire.framed(wire.Refusal("not today")), "not today"),
        (terms(wire.PROTOCOL - 1), f"version {wire.PROTOCOL}"),
        (b"", "closed the connection"),
    ],
    ids=["another protocol", "an empty object", "another answer", "a refusal", "another version", "nothing"],
)
def test_what_is_no_venue_is_refused(answer: bytes, why: str) -> None:
    impostor = Impostor(answer)
    with pytest.raises(InvalidConfiguration, match=why):
        RemoteVenue(impostor.address, timeout=2)
    impostor.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff" * 64,
        b"\x00\x00\x00\x02{}",
        TERMS,
        wire.framed(wire.Answer((wire.Message("VenueAccepted", msgspec.Raw(b'{"client_order_id":"\\n"}')),), None)),
    ],
    ids=["bytes", "an empty object", "an answer to something else", "a report that cannot be"],
)
def test_garbage_instead_of_an_answer_takes_the_link_down_and_nothing_else(garbage: bytes) -> None:
    impostor = Impostor(TERMS, TERMS, wire.framed(wire.Answer((), None)), garbage)
    troubles = Recorder()
    with system_of(exchange=RemoteVenue(impostor.address, timeout=2), runtime="stepped", on_error=troubles) as system:
        order_id = system.submit(limit())
        order = system.order(order_id)
        assert order is not None
        assert (order.state, order.in_doubt) == (OrderState.SUBMITTED, True)
        impostor.close()
    assert [trouble.code for trouble in troubles.items] == [AlarmCode.DISCONNECTED]


# -- what the server bears


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "a frame of 1195725856 bytes"),
        (b"\x00\x00\x00\x05hello", "DecodeError"),
        (wire.framed(wire.Ask(0, None)), "says hello before"),
        (wire.framed(wire.Describe(99)), "version 99 of the protocol"),
        (wire.framed(wire.Hello(99, 0, (), False, 0)), "version 99 of the protocol"),  # noqa: FBT003  # its fields in order
    ],
    ids=["another protocol", "no JSON", "a question before hello", "a later version", "a hello of a later version"],
)
def test_garbage_is_refused_with_a_reason_and_the_venue_stands(server: VenueServer, said: bytes, why: str) -> None:
    host, _, port = server.address.rpartition(":")
    with trading(server, "one", runtime="stepped") as system:
        with socket.create_connection((host, int(port)), BOUND) as stranger:
            stranger.sendall(said)
            answer = b"".join(iter(lambda: stranger.recv(1 << 16), b""))
        (frame,) = wire.Frames(10_000).take(answer)
        refusal = wire.from_venue(frame)
        assert isinstance(refusal, wire.Refusal)
        assert re.search(why, refusal.text), refusal.text
        system.publish(quote())
        assert system.wait(system.submit(market()), OrderState.FILLED, 1).is_filled


def test_who_says_half_of_something_holds_up_nobody(server: VenueServer) -> None:
    host, _, port = server.address.rpartition(":")
    with socket.create_connection((host, int(port)), BOUND) as slow:
        slow.sendall(b"\x00\x00")
        with trading(server, "one", runtime="stepped") as system:
            system.publish(quote())
            assert system.wait(system.submit(market()), OrderState.FILLED, 1).is_filled


def test_a_fault_of_the_venues_own_is_said_there(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = Recorder()
    with monkeypatch.context() as patched, served(on_error=problems) as server:
        patched.setattr("orderpit.remote.server.VenueFloor.take", lambda *_: 1 / 0)
        with trading(server, "one", runtime="stepped") as system:
            system.publish(quote())
    assert {(problem.actor, problem.what) for problem in problems.items} == {
        ("venue", "failed, and has ended a connection")
    }
    assert "ZeroDivisionError" in problems.items[0].traceback


def test_a_venue_that_can_take_no_connection_says_so_once_and_takes_it_later(monkeypatch: pytest.MonkeyPatch) -> None:
    problems, failing, real = Recorder(), iter([True, True]), socket.socket.accept

    def full(listening: socket.socket) -> tuple[socket.socket, Any]:
        if next(failing, False):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return real(listening)

    with served(on_error=problems) as server, monkeypatch.context() as patched:
        patched.setattr(socket.socket, "accept", full)
        with trading(server, "one", runtime="stepped") as system:
            system.publish(quote())
            assert system.wait(system.submit(market()), OrderState.FILLED, 1).is_filled
    (problem,) = problems.items
    assert problem.what == "cannot take a connection, and tries on"
    assert "Too many open files" in problem.error


def test_a_request_that_the_venue_cannot_handle_ends_the_connection_and_not_the_venue(server: VenueServer) -> None:
    host, _, port = server.address.rpartition(":")
    hello = wire.Hello(wire.PROTOCOL, 0, (wire.traded(BTC),), False, 0)  # noqa: FBT003  # its fields in order
    with socket.create_connection((host, int(port)), BOUND) as system:
        system.sendall(wire.framed(hello))
        assert system.recv(1 << 16)
        system.sendall(wire.framed(wire.Ask(0, wire.Message("VenueSubmit", msgspec.Raw(b"{}")))))
        assert b"Refusal" in b"".join(iter(lambda: system.recv(1 << 16), b""))
    with system_of(BTC, exchange=RemoteVenue(server.address), runtime="stepped") as system:
        system.publish(quote())
        assert system.wait(system.submit(market()), OrderState.FILLED, 1).is_filled


def said_to(connected: socket.socket) -> Any:
    (frame,) = wire.Frames(10_000).take(connected.recv(1 << 16))
    return wire.from_venue(frame)


@pytest.mark.parametrize("left", [True, False], ids=["gone", "there still"])
def test_who_has_left_makes_room_though_its_last_question_is_not_read_yet(*, left: bool) -> None:
    hello = wire.framed(wire.Hello(wire.PROTOCOL, 0, (wire.traded(BTC),), False, 0))  # noqa: FBT003  # its fields in order
    with VenueServer(SimulatedExchange()) as server:
        host, _, port = server.address.rpartition(":")
        address = host, int(port)
        with socket.create_connection(address, BOUND) as first, socket.create_connection(address, BOUND) as second:
            for connected in (first, second):
                server._accept()
                connected.sendall(hello)
            peers = [key.data for key in server._selector.get_map().values() if key.data is not None]
            server._hear(peers[0])
            assert isinstance(said_to(first), wire.Answer)
            first.sendall(wire.framed(wire.Ask(0, None)))
            if left:
                first.shutdown(socket.SHUT_WR)
            server._hear(peers[1])
            assert type(said_to(second)) is (wire.Answer if left else wire.Refusal)
            assert peers[0].is_dropped is left
