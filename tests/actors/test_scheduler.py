"""The scheduler: it finds every order that threads could take, and knows who waits for whom."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import Any

import pykka
import pytest
from helpers import Collector

from orderpit.actors.actor import BaseActor
from orderpit.actors.address import Address
from orderpit.actors.runtime import Context
from orderpit.actors.stepped import START_NS, SteppedRuntime
from orderpit.model.errors import InvalidConfiguration
from orderpit.testing import Crashed, Deadlock, OutOfSteps, Stepped, every_schedule, seeded

SECOND = 1_000_000_000
KINDS = ("greenlet", "thread")


def world(**settings: Any) -> SteppedRuntime:
    problems: list[Any] = []
    return SteppedRuntime(problems.append, lambda *_: None, Stepped(**settings))


class Keeper(pykka.ThreadingActor):
    """Keeps what it is told, and answers with it."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Any] = []

    def on_receive(self, message: Any) -> Any:
        if message == "kept":
            return tuple(self.kept)
        self.kept.append(message)
        return None


class Relay(pykka.ThreadingActor):
    """Tells another what it is told."""

    def __init__(self, other: pykka.ActorRef[Any], label: str) -> None:
        super().__init__()
        self._other, self._label = other, label

    def on_receive(self, message: Any) -> None:
        self._other.tell(f"{message} {self._label}")


class Asker(pykka.ThreadingActor):
    """Asks whom it is told to ask, and keeps the answer."""

    def __init__(self, timeout: float | None = None) -> None:
        super().__init__()
        self._timeout = timeout
        self.answers: list[Any] = []

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, pykka.ActorRef):
            try:
                self.answers.append(message.ask("question", timeout=self._timeout))
            except pykka.Timeout:
                self.answers.append("timeout")
            return None
        return self.answers if message == "answers" else f"answer to {message}"


class Silent(pykka.ThreadingActor):
    """Waits for what never comes before it answers."""

    def __init__(self, future: pykka.Future[Any]) -> None:
        super().__init__()
        self._never = future

    def on_receive(self, message: Any) -> Any:
        del message
        return self._never.get()


@pytest.fixture(params=KINDS)
def fibres(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_unchanged_pykka_actors_run_their_own_loop_with_its_ask_its_proxy_and_its_stop(fibres: str) -> None:
    runtime = world(fibres=fibres)
    keeper = runtime.start("keeper", Keeper)
    keeper.tell("one")
    assert keeper.ask("kept") == ("one",)
    assert keeper.proxy().kept.get() == ["one"]
    assert keeper.ask("kept", block=False).map(len).get() == 1
    assert keeper.stop()
    assert not keeper.is_alive()
    with pytest.raises(pykka.ActorDeadError):
        keeper.ask("kept")


def test_an_actor_that_raises_ends_as_pykka_has_it_and_the_asker_hears_of_it(fibres: str) -> None:
    runtime = world(fibres=fibres)

    class Fails(pykka.ThreadingActor):
        def on_receive(self, message: Any) -> Any:
            raise ValueError(message)

    fails = runtime.start("fails", Fails)
    with pytest.raises(ValueError, match="asked"):
        fails.ask("asked")
    assert fails.is_alive()


def test_every_order_in_which_messages_of_two_senders_can_arrive_is_found_and_no_other() -> None:
    def run(choose: Any) -> tuple[Any, ...]:
        runtime = world(choose=choose)
        keeper = runtime.start("keeper", Keeper)
        relays = [runtime.start(label, Relay, keeper, label) for label in ("a", "b")]
        runtime.settle()
        for relay in relays:
            relay.tell(1)
            relay.tell(2)
        kept: tuple[Any, ...] = keeper.ask("kept") if not runtime.settle() else ()
        runtime.close()
        return kept

    found = {kept for _, kept in every_schedule(run)}
    a, b = ["1 a", "2 a"], ["1 b", "2 b"]
    # Each sender's own order is kept, so there are 4! / (2! 2!).
    assert len(found) == 6
    assert all([one for one in kept if one in a] == a and [one for one in kept if one in b] == b for kept in found)


def test_without_a_chooser_they_move_in_turn() -> None:
    runtime = world()
    keeper = runtime.start("keeper", Keeper)
    relays = [runtime.start(label, Relay, keeper, label) for label in ("a", "b")]
    for relay in relays:
        relay.tell(1)
        relay.tell(2)
    runtime.settle()
    assert keeper.ask("kept") == ("1 a", "1 b", "2 a", "2 b")


def test_an_ask_inside_an_actor_parks_it_until_the_reply(fibres: str) -> None:
    runtime = world(fibres=fibres, choose=seeded(1))
    asker, asked = runtime.start("asker", Asker), runtime.start("asked", Asker)
    asker.tell(asked)
    runtime.settle()
    assert asker.ask("answers") == ["answer to question"]


def test_an_ask_inside_an_actor_ends_at_its_deadline_in_virtual_time(fibres: str) -> None:
    runtime = world(fibres=fibres)
    asker, silent = runtime.start("asker", Asker, 7.5), runtime.start("silent", Silent, runtime.future())
    asker.tell(silent)
    runtime.settle()
    assert runtime.now_ns() == START_NS
    assert asker.ask("answers", timeout=10) == ["timeout"]
    assert runtime.now_ns() == START_NS + 7.5 * SECOND


def test_an_ask_from_outside_ends_at_its_deadline_in_virtual_time(fibres: str) -> None:
    runtime = world(fibres=fibres)
    silent = runtime.start("silent", Silent, runtime.future())
    with pytest.raises(pykka.Timeout):
        silent.ask("question", timeout=3)
    assert runtime.now_ns() == START_NS + 3 * SECOND


@pytest.mark.fault(68)
@pytest.mark.parametrize("size", [1, 2, 3], ids=["itself", "each other", "three in a circle"])
def test_actors_that_wait_for_each_other_are_a_deadlock_that_names_both_sides(fibres: str, size: int) -> None:
    runtime = world(fibres=fibres)
    names = "abc"[:size]
    refs = [runtime.start(name, Asker) for name in names]
    for ref, after in zip(refs, [*refs[1:], refs[0]], strict=True):
        ref.tell(after)
    with pytest.raises(Deadlock) as caught:
        runtime.settle()
    expected = [f"{name} waits for {after}" for name, after in zip(names, names[1:] + names[0], strict=True)]
    assert caught.value.waits == tuple(expected)
    # It has been said.
    runtime.settle()


def test_a_chain_that_ends_with_one_who_never_answers_is_named_to_a_caller_who_waits_without_end() -> None:
    runtime = world()
    asker, silent = runtime.start("asker", Asker), runtime.start("silent", Silent, runtime.future())
    asker.tell(silent)
    runtime.settle()
    with pytest.raises(
        Deadlock, match="the caller waits for asker; asker waits for silent; silent waits for an answer"
    ):
        asker.ask("answers")


def test_a_wait_that_ends_by_itself_is_no_deadlock() -> None:
    runtime = world()
    one, other = runtime.start("one", Asker, 1), runtime.start("other", Asker, 2)
    one.tell(other)
    other.tell(one)
    runtime.settle()
    assert runtime.wait_quiet(3)
    # The first gave up after a second, and then could answer the other.
    assert (one.ask("answers"), other.ask("answers")) == (["timeout"], ["answer to question"])


@pytest.mark.fault(68)
@pytest.mark.parametrize("choose", [None, seeded(0)], ids=["in turn", "chosen"])
def test_messages_without_an_end_are_out_of_steps(choose: Any) -> None:
    class Endless(pykka.ThreadingActor):
        def on_receive(self, message: Any) -> None:
            self.actor_ref.tell(message)

    runtime = world(choose=choose, most_steps=100)
    endless = runtime.start("endless", Endless)
    endless.tell("again")
    with pytest.raises(OutOfSteps, match="not at rest after 100 steps; still to move: endless"):
        runtime.settle()
    with pytest.raises(Crashed):
        runtime.settle()


class Ledger(BaseActor):
    """Writes each payment once to rows that outlive the process, and only then confirms it."""

    def __init__(self, context: Context, rows: list[str], confirm: Any) -> None:
        super().__init__(context)
        self._rows, self._confirm = rows, confirm

    def handle(self, message: str) -> None:
        if message not in self._rows:
            self._rows.append(message)
        self.send(self._confirm, message)


class Payer(BaseActor):
    """Sends what has not been confirmed in its own rows."""

    def __init__(self, context: Context, me: Any, ledger: Any, confirmed: list[str]) -> None:
        super().__init__(context)
        self._me, self._ledger, self._confirmed = me, ledger, confirmed

    def handle(self, message: tuple[str, ...] | str) -> None:
        if isinstance(message, str):
            self._confirmed.append(message)
            return
        for payment in message:
            if payment not in self._confirmed:
                self.send(self._ledger, payment)


PAYMENTS = ("p1", "p2", "p3")


def _pay(rows: list[str], confirmed: list[str], **settings: Any) -> int:
    runtime = world(**settings)
    payer, ledger = Address[Any]("payer"), Address[Any]("ledger")
    runtime.spawn(ledger, Ledger, rows, payer)
    runtime.spawn(payer, Payer, payer, ledger, confirmed)
    payer.send(PAYMENTS)
    try:
        runtime.settle()
    finally:
        steps = runtime.scheduler.steps
        runtime.close()
    return steps


@pytest.mark.parametrize("seed", range(6))
def test_a_crash_at_any_step_loses_no_durable_row_and_writes_none_twice(fibres: str, seed: int) -> None:
    steps = _pay([], [], choose=seeded(seed), fibres=fibres)
    assert steps > 5
    partly = set()
    for step in range(steps):
        rows: list[str] = []
        confirmed: list[str] = []
        with pytest.raises(Crashed) as crash:
            _pay(rows, confirmed, choose=seeded(seed), fibres=fibres, crash_at=step)
        assert crash.value.step == step
        assert set(confirmed) <= set(rows)
        partly.add((len(rows), len(confirmed)))
        _pay(rows, confirmed, choose=seeded(seed + 1), fibres=fibres)
        assert sorted(rows) == sorted(confirmed) == list(PAYMENTS)
    # It crashed between a row and its confirmation, too.
    assert any(confirmed < rows for rows, confirmed in partly)


def test_nothing_is_done_after_a_crash(fibres: str) -> None:
    reached: set[int] = set()
    for step in range(2, 14):
        done: list[int] = []
        by_step: list[int] = []

        def look(_: int, done: list[int] = done, by_step: list[int] = by_step) -> None:
            by_step.append(len(done))

        runtime = world(choose=seeded(step), fibres=fibres, crash_at=step, on_step=look)
        keeper = runtime.start("keeper", Keeper)

        class Sends(pykka.ThreadingActor):
            def on_receive(self, message: Any) -> None:
                for number in range(5):
                    message.tell(number)
                    done.append(number)  # noqa: B023  # it is called within the same turn

        runtime.start("sender", Sends).tell(keeper)
        with contextlib.suppress(Crashed):
            runtime.settle()
        assert runtime.has_crashed or len(done) == 5
        assert len(done) == by_step[-1]
        reached.add(len(done))
    # It ended in the middle of the loop, too.
    assert reached & {1, 2, 3, 4}


def test_an_interrupt_inside_a_handler_reaches_the_caller_and_the_others_go_on(fibres: str) -> None:
    problems: list[Any] = []
    runtime = SteppedRuntime(problems.append, lambda *_: None, Stepped(fibres=fibres))
    told = Collector()

    class Interrupted(BaseActor):
        def handle(self, message: Any) -> None:
            self.send(told, message)
            if message == "interrupt":
                raise KeyboardInterrupt

    address: Address[Any] = Address("actor")
    runtime.spawn(address, Interrupted)
    for message in ("interrupt", "next"):
        address.send(message)
    with pytest.raises(KeyboardInterrupt):
        runtime.settle()
    runtime.settle()
    # Its message was set aside whole, as any that raises.
    assert told.messages == ["next"]
    assert [problem.what for problem in problems] == ["set aside"]


def test_a_signal_that_interrupts_an_actor_reaches_the_caller_and_the_others_go_on(fibres: str) -> None:
    runtime = world(fibres=fibres)
    told = Collector()

    class Signals(BaseActor):
        def handle(self, message: Any) -> None:
            if message == "signal":
                signal.raise_signal(signal.SIGINT)
            self.send(told, message)

    address: Address[Any] = Address("actor")
    runtime.spawn(address, Signals)
    for number in range(3):
        for message in ("signal", number):
            address.send(message)
        with pytest.raises(KeyboardInterrupt):
            runtime.settle()
        runtime.settle()
        assert told.messages[-1] == number
        assert runtime.wait_quiet(1)


def test_what_leaves_a_plain_actor_reaches_the_caller_and_stops_no_actor_of_the_host(fibres: str) -> None:
    class Exits(pykka.ThreadingActor):
        def on_receive(self, message: Any) -> Any:
            raise SystemExit(message)

    runtime, hosts = world(fibres=fibres), Keeper.start()
    try:
        runtime.start("exits", Exits).tell(3)
        with pytest.raises(SystemExit):
            runtime.settle()
        assert hosts.is_alive()
    finally:
        hosts.stop()


def test_what_a_hook_raises_reaches_the_caller_and_ends_the_world(fibres: str) -> None:
    def refuse(_now_ns: int, receiver: str, message: object) -> None:
        assert message != "wrong", receiver

    runtime = world(fibres=fibres, on_delivery=refuse)
    keeper = runtime.start("keeper", Keeper)
    keeper.tell("right")
    keeper.tell("wrong")
    with pytest.raises(AssertionError, match="keeper"):
        runtime.settle()
    with pytest.raises(Crashed):
        runtime.settle()


def _order_of_timers(second_ns: int, **settings: Any) -> set[tuple[Any, ...]]:
    def run(choose: Any) -> tuple[Any, ...]:
        runtime = world(choose=choose, **settings)
        told = Collector()
        runtime.call_later(SECOND, told, "first")
        runtime.call_later(second_ns, told, "second")
        assert runtime.wait_quiet(5)
        assert runtime.now_ns() == START_NS + second_ns
        return tuple(told.messages)

    return {order for _, order in every_schedule(run)}


IN_ORDER, REVERSED = ("first", "second"), ("second", "first")


def test_timers_that_fall_due_together_fire_in_any_order() -> None:
    assert _order_of_timers(SECOND) == {IN_ORDER, REVERSED}


def test_timers_that_fall_due_apart_fire_in_order_unless_they_may_be_late() -> None:
    assert _order_of_timers(SECOND + 10) == {IN_ORDER}
    assert _order_of_timers(SECOND + 10, late_ns=9) == {IN_ORDER}
    assert _order_of_timers(SECOND + 10, late_ns=10) == {IN_ORDER, REVERSED}


@pytest.mark.parametrize(
    ("late_ns", "expected"), [(0, {"message, timer"}), (5, {"message, timer", "timer, message"})], ids=["never", "late"]
)
def test_a_timer_may_overtake_messages_that_are_handled_late(late_ns: int, expected: set[str]) -> None:
    def run(choose: Any) -> str:
        runtime = world(choose=choose, late_ns=late_ns)
        keeper, address = runtime.start("keeper", Keeper), Address[Any]("keeper")
        address.bind(keeper)
        runtime.settle()
        runtime.call_later(5, address, "timer")
        with runtime.held():
            runtime.start("relay", Relay, keeper, "").tell("message")
        runtime.wait_quiet(1)
        return ", ".join(word.strip() for word in keeper.ask("kept"))

    assert {order for _, order in every_schedule(run)} == expected


def test_a_timer_that_is_due_races_with_messages() -> None:
    def run(choose: Any) -> Any:
        runtime = world(choose=choose)
        keeper, address = runtime.start("keeper", Keeper), Address[Any]("keeper")
        address.bind(keeper)
        runtime.start("relay", Relay, keeper, "").tell("message")
        runtime.call_later(0, address, "timer")
        runtime.wait_quiet(1)
        return keeper.ask("kept")

    assert {order for _, order in every_schedule(run)} == {("message ", "timer"), ("timer", "message ")}


def test_a_timer_that_was_cancelled_does_not_fire() -> None:
    runtime, told = world(), Collector()
    runtime.call_later(1, told, "never").cancel()
    runtime.call_later(2, told, "fires")
    assert runtime.wait_quiet(1)
    assert told.messages == ["fires"]


def test_another_thread_is_refused_before_anything_is_queued(fibres: str) -> None:
    runtime = world(fibres=fibres)
    keeper = runtime.start("keeper", Keeper)
    raised: list[BaseException] = []

    def use() -> None:
        for call in (lambda: keeper.tell("other"), lambda: keeper.ask("kept"), runtime.settle):
            try:
                call()
            except InvalidConfiguration as error:
                raised.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert [str(error) for error in raised] == [
        "runtime: must be used from the thread that made the system, got 'stepped'"
    ] * 3
    assert keeper.ask("kept") == ()


def test_an_urgent_message_can_come_at_any_time() -> None:
    def run(choose: Any) -> Any:
        runtime = world(choose=choose)
        keeper, address = runtime.start("keeper", Keeper), Address[Any]("keeper")
        address.bind(keeper)

        class Sends(pykka.ThreadingActor):
            def on_receive(self, message: Any) -> None:
                address.send(message)
                address.send_first("halt")

        runtime.settle()
        runtime.start("sender", Sends).tell("order")
        runtime.start("other", Relay, keeper, "of another").tell("order")
        runtime.settle()
        return keeper.ask("kept")

    found = {order for _, order in every_schedule(run)}
    mine, other, halt = "order", "order of another", "halt"
    assert {(mine, other, halt), (mine, halt, other), (other, mine, halt), (other, halt, mine)} <= found
