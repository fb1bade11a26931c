"""The sharp edges of pykka, one pair of tests each: the edge in plain pykka, and that it is gone here."""

from __future__ import annotations

import ast
import inspect
import logging
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pykka
import pytest
from helpers import BOUND, BTC, BlockedReply, Collector, OwnVenue, Recorder, Threads, limit, market, quote, system_of

from orderpit import (
    Bar,
    Fill,
    OrderState,
    Overloaded,
    Problem,
    Quote,
    Strategy,
    SystemStopped,
    Trade,
    TradingSystem,
    audit,
)
from orderpit.actors.actor import BaseActor
from orderpit.actors.address import Address
from orderpit.actors.mailbox import ActorStop, Mailbox
from orderpit.actors.messages import Halt, Query, Ready
from orderpit.actors.threads import ThreadRuntime
from orderpit.model import reports as r

ROOT = Path(__file__).parents[2]
SHORT = 0.2
"""Seconds after which something that waits for ever is taken to do so."""


@pytest.fixture(autouse=True)
def quiet_pykka() -> Any:
    # What dies here on purpose is written to stderr by the logging module otherwise.
    logger = logging.getLogger("pykka")
    logger.disabled = True
    yield
    logger.disabled = False
    pykka.ActorRegistry.stop_all(timeout=BOUND)


class Plain(pykka.ThreadingActor):
    """A plain pykka actor that runs the functions it is told."""

    use_daemon_thread = True

    def on_receive(self, message: Any) -> Any:
        return message()


class Ours(BaseActor):
    """An actor of ours that runs the functions it is told, and counts them."""

    def __init__(self, context: Any, *targets: Any) -> None:
        super().__init__(context)
        self.count = 0
        self.targets = targets

    def handle(self, message: Any) -> None:
        message()
        self.count += 1

    def answer(self, query: Query) -> object:
        return self.count if isinstance(query, HowMany) else super().answer(query)


class HowMany(Query):
    """Asks how many messages have been handled whole."""


def poison() -> None:
    raise ZeroDivisionError


# -- an exception under tell


def test_in_pykka_an_exception_under_tell_kills_the_actor_and_drops_its_queue() -> None:
    ref = Plain.start()
    gate, handled = threading.Event(), threading.Event()
    ref.tell(lambda: gate.wait(BOUND))
    ref.tell(poison)
    ref.tell(handled.set)
    gate.set()
    assert ref.actor_stopped.wait(BOUND)
    assert not handled.is_set()


@pytest.mark.fault(66)
def test_here_a_poison_message_is_set_aside_and_reported_and_the_actor_goes_on(threads: Threads) -> None:
    address = threads.spawn(Ours)
    handled = threading.Event()
    address.send(handled.set)
    address.send(poison)
    address.send(handled.set)
    assert address.ask(HowMany(), BOUND) == 2
    (problem,) = threads.problems.items
    assert (problem.actor, problem.what, problem.error) == ("actor", "set aside", "ZeroDivisionError()")
    assert "raise ZeroDivisionError" in problem.traceback


# -- a BaseException in a handler


def test_in_pykka_sys_exit_in_a_handler_stops_every_actor_of_the_process() -> None:
    ref, bystander = Plain.start(), Plain.start()
    ref.tell(sys.exit)
    assert bystander.actor_stopped.wait(BOUND)


@pytest.mark.fault(66, 74)
@pytest.mark.parametrize(
    "error", [SystemExit, KeyboardInterrupt, GeneratorExit, BaseException], ids=lambda e: e.__name__
)
def test_here_no_exception_of_any_kind_reaches_pykkas_loop(threads: Threads, error: type[BaseException]) -> None:
    def leave() -> None:
        raise error

    bystander = Plain.start()
    address = threads.spawn(Ours)
    address.send(leave)
    assert address.ask(HowMany(), BOUND) == 0
    assert bystander.is_alive()
    assert [problem.what for problem in threads.problems.items] == ["set aside"]


# -- tell to a stopped actor


def test_in_pykka_tell_to_a_stopped_actor_raises_in_the_sender() -> None:
    ref = Plain.start()
    ref.stop()
    with pytest.raises(pykka.ActorDeadError):
        ref.tell(print)


def test_here_sending_to_a_stopped_actor_returns_false_and_leaves_a_dead_letter(threads: Threads) -> None:
    address = threads.spawn(Ours)
    address.stop(BOUND)
    assert not address.send(print)
    assert not address.send_first(print)
    assert [problem.what for problem in threads.problems.items] == ["stopped before it could handle"] * 2
    assert address.mailbox.dead == 2


def test_here_an_actor_that_sends_to_a_stopped_one_lives_on(threads: Threads) -> None:
    stopped, sender = threads.spawn(Ours, name="stopped"), threads.spawn(Sender, name="sender")
    stopped.stop(BOUND)
    sender.send((stopped, print))
    assert sender.ask(HowMany(), BOUND) == 1


class Sender(BaseActor):
    """Sends what it is told to whom it is told."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.count = 0

    def handle(self, message: Any) -> None:
        self.send(*message)
        self.count += 1

    def answer(self, query: Query) -> object:
        return self.count if isinstance(query, HowMany) else super().answer(query)


# -- tell and ask racing stop


class LateInbox(queue.Queue[Any]):
    """Puts a message when the actor has ended, as a sender does that was interrupted after it saw the actor alive."""

    def __init__(self) -> None:
        super().__init__()
        self.seen_alive, self.ended = threading.Event(), threading.Event()

    def put(self, item: Any, *_: Any, **__: Any) -> None:
        if not isinstance(item.message, ActorStop):
            self.seen_alive.set()
            assert self.ended.wait(BOUND)
        super().put(item)


class LateActor(Plain):
    """An actor whose inbox is a late one."""

    @staticmethod
    def _create_actor_inbox() -> Any:
        return LateInbox()

    def _actor_loop_teardown(self) -> None:
        super()._actor_loop_teardown()
        self.actor_inbox.ended.set()


def test_in_pykka_an_ask_that_races_a_stop_waits_for_ever() -> None:
    ref, answers = LateActor.start(), Recorder()

    def ask() -> None:
        future = ref.ask(print, block=False)
        try:
            answers(future.get(timeout=SHORT))
        except pykka.Timeout as waits:
            answers(waits)

    asker = threading.Thread(target=ask)
    asker.start()
    assert ref.actor_inbox.seen_alive.wait(BOUND)
    ref.stop(timeout=BOUND)
    assert [type(answer) for answer in answers.first(1)] == [pykka.Timeout]
    asker.join(BOUND)


def test_here_an_ask_that_comes_too_late_is_answered_at_once(threads: Threads) -> None:
    address = threads.spawn(Ours)
    address.stop(BOUND)
    with pytest.raises(pykka.ActorDeadError):
        address.ask(HowMany(), BOUND)


def test_pykka_closes_an_inbox_by_asking_whether_it_is_empty_in_the_teardown_and_nowhere_else() -> None:
    folder = Path(inspect.getfile(pykka)).parent
    found = {
        (path.name, function.name)
        for path in folder.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "empty" and isinstance(node.ctx, ast.Load)
    }
    assert found == {("_actor.py", "_actor_loop_teardown")}


def test_pykka_stops_an_actor_with_the_message_that_a_mailbox_knows() -> None:
    class Keeps(Plain):
        @staticmethod
        def _create_actor_inbox() -> Any:
            return Kept()

    class Kept(queue.Queue[Any]):
        def put(self, item: Any, *_: Any, **__: Any) -> None:
            seen.append(item.message)
            super().put(item)

    seen: list[Any] = []
    Keeps.start().stop()
    assert [type(message) for message in seen] == [ActorStop]


def test_pykka_reads_the_mailbox_and_the_envelope_that_it_is_given(threads: Threads) -> None:
    address = threads.spawn(Ours)
    assert isinstance(address.ref.actor_inbox, Mailbox)
    assert address.ref.ask(HowMany(), timeout=BOUND) == 0
    address.ref.tell(print)
    address.ref.stop(timeout=BOUND)
    assert not address.ref.is_alive()


# -- one registry for the process


def test_in_pykka_stop_all_stops_the_actors_of_everybody() -> None:
    mine, another = Plain.start(), Plain.start()
    pykka.ActorRegistry.stop_all(timeout=BOUND)
    assert not mine.is_alive()
    assert not another.is_alive()


def test_here_the_registry_knows_no_actor_of_ours(system: TradingSystem) -> None:
    system.add_strategy(Strategy)
    system.subscribe(Recorder())
    assert pykka.ActorRegistry.get_all() == []
    pykka.ActorRegistry.stop_all(timeout=BOUND)
    system.publish(quote())
    assert system.wait(system.submit(market()), OrderState.FILLED, BOUND).is_filled


def test_here_not_even_an_actor_that_is_being_started_is_in_the_registry(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered: list[Any] = []
    monkeypatch.setattr(pykka.ActorRegistry, "register", registered.append)
    threads.spawn(Ours)
    assert registered == []


def test_here_stopping_a_system_leaves_the_hosts_actors_alone() -> None:
    ref = Plain.start()
    with system_of():
        pass
    assert ref.is_alive()


# -- full inboxes


def test_in_pykka_an_inbox_grows_without_end() -> None:
    ref = Plain.start()
    gate = threading.Event()
    ref.tell(lambda: gate.wait(BOUND))
    for _ in range(10_000):
        ref.tell(int)
    assert ref.actor_inbox.qsize() >= 10_000
    gate.set()


class Bounded(Plain):
    """An actor whose inbox has room for one message."""

    @staticmethod
    def _create_actor_inbox() -> Any:
        return queue.Queue(maxsize=1)


def test_in_pykka_two_actors_with_bounded_inboxes_that_tell_each_other_deadlock() -> None:
    here, there = Bounded.start(), Bounded.start()
    begin, done = threading.Barrier(2), threading.Semaphore(0)

    def flood(other: pykka.ActorRef[Any]) -> None:
        begin.wait(BOUND)
        for _ in range(3):
            other.tell(int)
        done.release()

    here.tell(lambda: flood(there))
    there.tell(lambda: flood(here))
    assert not done.acquire(timeout=SHORT)
    # Make room, so that the two can end.
    while not (done.acquire(timeout=0.01) and done.acquire(timeout=0.01)):
        for ref in (here, there):
            if not ref.actor_inbox.empty():
                ref.actor_inbox.get()


def test_here_two_actors_may_flood_each_other(threads: Threads) -> None:
    here, there = threads.spawn(Flooder, name="here"), threads.spawn(Flooder, name="there")
    here.send(there)
    there.send(here)
    assert threads.runtime.wait_quiet(BOUND)
    assert here.ask(HowMany(), BOUND) == there.ask(HowMany(), BOUND) == 5_000


class Flooder(BaseActor):
    """Sends 5,000 messages to the address that it is told, and counts those that come."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.count = 0

    def handle(self, message: Any) -> None:
        if isinstance(message, int):
            self.count += 1
        else:
            for number in range(5_000):
                self.send(message, number)

    def answer(self, query: Query) -> object:
        return self.count if isinstance(query, HowMany) else super().answer(query)


@pytest.fixture
def held_up() -> Any:
    """A system of two orders in flight whose view is held up, so that no first update of an order arrives there."""
    venue, troubles = OwnVenue(), Recorder()
    with system_of(exchange=venue, on_error=troubles, max_in_flight=2) as system:
        reply = BlockedReply()
        first = system.submit(limit())
        system.wait(first, OrderState.SUBMITTED, BOUND)
        system.wait_for(first, OrderState.SUBMITTED, reply)
        assert reply.reached.wait(BOUND)
        yield system, venue, first, reply
        reply.release.set()
        assert system.quiesce(BOUND)
        assert audit(system).violations == ()


@pytest.mark.fault(69)
def test_here_an_order_beyond_the_limit_in_flight_is_refused_at_the_edge_having_created_nothing(held_up: Any) -> None:
    system, venue, _, reply = held_up
    taken = [system.submit(limit()) for _ in range(2)]
    with pytest.raises(Overloaded):
        system.submit(limit(order_id="too-many"), timeout=0.01)
    reply.release.set()
    assert system.wait(taken[-1], OrderState.SUBMITTED, BOUND)
    assert system.order("too-many") is None
    assert system.stats()["total_orders_created"] == 3
    assert "too-many" not in {request.client_order_id for request in venue.requests.items}
    assert system.submit(limit(order_id="too-many"), timeout=BOUND) == "too-many"


def test_here_a_submission_waits_for_room_up_to_its_timeout(held_up: Any) -> None:
    system, _, _, reply = held_up
    for _ in range(2):
        system.submit(limit())
    submitted = Recorder()
    waiting = threading.Thread(target=lambda: submitted(system.submit(limit(), timeout=BOUND)))
    waiting.start()
    reply.release.set()
    assert system.wait(submitted.first()[0], OrderState.SUBMITTED, BOUND)
    waiting.join(BOUND)


@pytest.mark.fault(69)
def test_here_fills_acknowledgements_and_cancels_pass_when_orders_are_refused(held_up: Any) -> None:
    system, venue, first, _ = held_up
    taken = [system.submit(limit()) for _ in range(2)]
    with pytest.raises(Overloaded):
        system.submit(limit(), timeout=0)
    fill = Fill(execution_id="x-1", quantity="1", price="100", fee_currency="USDT")
    venue.report(r.VenueAccepted(client_order_id=first))
    venue.report(r.VenueFilled(client_order_id=first, symbol=BTC.symbol, side=limit().side, fill=fill))
    system.cancel(taken[0])
    # The cancel has passed risk and the order manager, and the fill is in the portfolio.
    venue.requests.until(lambda requests: any(type(request) is r.VenueCancel for request in requests))
    assert system.portfolio().positions[BTC.symbol].quantity == 1


def test_here_a_halt_passes_all_that_waits(threads: Threads) -> None:
    class Lists(BaseActor):
        def handle(self, message: Any) -> None:
            if isinstance(message, threading.Event):
                message.wait(BOUND)
            else:
                seen.append(message)

    seen: list[Any] = []
    address, gate = threads.spawn(Lists), threading.Event()
    address.send(gate)
    for number in range(1_000):
        address.send(number)
    address.send_first(Halt("now"))
    gate.set()
    address.ask(Ready(), BOUND)
    assert seen[0] == Halt("now")
    assert seen[1:] == list(range(1_000))


class Greedy(Strategy):
    """Submits five orders from one handler."""

    def __init__(self, told: Any) -> None:
        self.told = told

    def on_start(self) -> None:
        self.told([self.submit(limit()) for _ in range(5)])

    def on_order(self, update: Any) -> None:
        if update.order is not None and update.order.state is OrderState.SUBMITTED and len(self.told.items) == 1:
            self.told([self.submit(limit())])


@pytest.mark.fault(69)
def test_here_a_strategy_that_submits_too_much_gets_none_and_it_is_counted() -> None:
    told = Recorder()
    with system_of(exchange=OwnVenue(), max_in_flight=3) as system:
        name = system.add_strategy(Greedy, told=told)
        first, later = told.first(2)
        assert [order_id is None for order_id in first] == [False, False, False, True, True]
        # When a first update has come there is room again.
        assert later[0] is not None
        system.quiesce(BOUND)
        assert system.stats()["total_orders_created"] == 4
    assert system.books()[name].refused_at_edge == 2


class Slow(Strategy):
    """Waits in its first handler, and keeps what it is told of."""

    def __init__(self, seen: Any, began: threading.Event, gate: threading.Event) -> None:
        self.seen, self.began, self.gate = seen, began, gate

    def on_market_data(self, data: Any) -> None:
        self.began.set()
        assert self.gate.wait(BOUND)
        self.seen(data)


def _told_slowly(clock: str) -> list[Any]:
    seen, began, gate = Recorder(), threading.Event(), threading.Event()
    with system_of(clock=clock) as system:
        system.add_strategy(Slow, seen=seen, began=began, gate=gate)
        system.publish(quote("1", "10000"))
        assert began.wait(BOUND)
        for number in range(2, 3_000):
            system.publish(quote(str(number), "10000"))
            if number % 100 == 0:
                system.publish(Trade(BTC.symbol, price="9999"))
                system.publish(Bar(BTC.symbol, open="9999", high="9999", low="9999", close="9999"))
        system.books()  # the exchange, which is asked too, has passed on all by now
        gate.set()
        assert system.quiesce(BOUND)
        return list(seen.items)


def test_here_quotes_alone_are_conflated_for_a_slow_strategy_and_the_newest_is_seen() -> None:
    seen = _told_slowly("wall")
    quotes = [data for data in seen if type(data) is Quote]
    assert len(quotes) < 1_500
    assert str(quotes[-1].bid) == "2999"
    assert [quote.bid for quote in quotes] == sorted({quote.bid for quote in quotes})
    assert len([data for data in seen if type(data) is Trade]) == 29
    assert len([data for data in seen if type(data) is Bar]) == 29


def test_here_no_quote_is_conflated_in_a_session_on_recorded_data() -> None:
    quotes = [data for data in _told_slowly("data") if type(data) is Quote]
    assert [int(quote.bid or 0) for quote in quotes] == list(range(1, 3_000))


# -- on_start that raises


class Stillborn(Plain):
    def on_start(self) -> None:
        poison()


class OursStillborn(Ours):
    def started(self) -> None:
        poison()


def test_in_pykka_an_on_start_that_raises_goes_unnoticed() -> None:
    ref = Stillborn.start()
    assert ref.actor_stopped.wait(BOUND)


def test_here_whoever_asks_a_started_actor_whether_it_is_ready_gets_its_error(threads: Threads) -> None:
    address = threads.spawn(OursStillborn)
    with pytest.raises(ZeroDivisionError):
        address.ask(Ready(), BOUND)


# -- threads that keep a process alive


_CRASH = """
import sys
{setup}
sys.stdout.write("started\\n"); sys.stdout.flush()
raise SystemError("the host crashed")
"""
_PLAIN = "import pykka\nclass Plain(pykka.ThreadingActor): pass\nPlain.start()"
_SYSTEM = """
from orderpit import Instrument, SimulatedExchange, Strategy, TradingSystem
btc = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.00001")
system = TradingSystem([btc], exchange=SimulatedExchange(latency="100")).start()
system.add_strategy(Strategy)
system.subscribe(print)
"""


def _crash(setup: str, timeout: float) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _CRASH.format(setup=setup)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)  # noqa: S603


def test_in_pykka_the_actors_of_a_crashed_process_keep_it_alive() -> None:
    with pytest.raises(subprocess.TimeoutExpired) as ended:
        _crash(_PLAIN, 1.5)
    assert b"started" in (ended.value.output or b"")


@pytest.mark.fault(74)
def test_here_a_crashed_process_ends() -> None:
    ended = _crash(_SYSTEM, BOUND)
    assert ended.returncode == 1
    assert ended.stdout == "started\n"
    assert "SystemError: the host crashed" in ended.stderr


# -- what follows from the above


def test_an_actor_cannot_be_told_of_by_a_system_that_has_stopped() -> None:
    with system_of() as system:
        pass
    with pytest.raises(SystemStopped):
        system.submit(limit())


def test_dead_letters_of_the_one_who_hears_of_dead_letters_do_not_go_round_in_circles(threads: Threads) -> None:
    class Hears(BaseActor):
        def handle(self, message: Any) -> None:
            heard.append(message)

    heard: list[Any] = []
    last = Collector()
    monitor: Address[Any] = Address("monitor")

    def report(problem: Problem) -> None:
        (last if monitor.closed else monitor).send(problem)

    runtime = ThreadRuntime(report, {}.__setitem__)
    runtime.spawn(monitor, Hears)
    monitor.stop(BOUND)
    monitor.send("late")
    assert [type(message) for message in last.messages] == [Problem]
