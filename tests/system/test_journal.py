"""The journal of a whole system: nothing is said before it is durable, and what was said is known again."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import attrs
import pytest
from helpers import BOUND, BTC, ETH, OwnVenue, Recorder, assert_clean, limit, market, quote, system_of
from recovering import pictures, rebuilt, rebuilt_books, recorded_in

from orderpit import (
    Action,
    Alarm,
    AlarmCode,
    OrderState,
    OrderUpdate,
    Reason,
    RiskLimits,
    Rule,
    Side,
    SimulatedExchange,
    Strategy,
    TradingState,
    TradingSystem,
    Trip,
)
from orderpit.journal.memory import MemoryStore
from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.errors import InvalidConfiguration, InvalidJournal, JournalBroken, JournalFull
from orderpit.testing import Stepped, seeded

CASH = {"USDT": "100000"}


def journalled(store: MemoryStore | str, **settings: Any) -> TradingSystem:
    return system_of(BTC, journal=store, **{"runtime": "stepped", "cash": CASH} | settings)


def trade(system: TradingSystem) -> None:
    """Have something of everything: fills, a denial, a bracket, a cancel, a modification, money, limits, a halt."""
    system.publish(quote(bid_size="3", ask_size="3"))
    system.submit(market("1"))
    working = system.submit(limit("90", "2"))
    system.submit(limit("90", "500000"))
    system.modify(working, quantity="1.5")
    bracket = system.bracket(limit("101", "1"), profit_target="120", stop_loss="80")
    system.oco(limit("130", side=Side.SELL), limit("140", side=Side.SELL))
    system.deposit("USDT", "50")
    system.set_limits(RiskLimits(max_order_quantity="1000"))
    system.submit(limit("95", "2000"))
    system.halt("for a moment", strategy_id="nobody")
    system.resume("nobody")
    system.cancel(working)
    system.cancel(working)
    system.publish(quote("119", "121", bid_size="3", ask_size="3"))
    system.publish(quote("121", "123", bid_size="0.4", ask_size="3"))
    system.withdraw("USDT", "1000000")
    assert system.order(bracket.profit_target) is not None


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_said_before_it_is_durable(seed: int) -> None:
    store, told, sent = MemoryStore(), 0, 0

    def look(_: int, receiver: str, message: object) -> None:
        nonlocal told, sent
        if isinstance(message, OrderUpdate):
            told += 1
            assert message.sequence <= store.head.sequence, receiver
        elif isinstance(message, r.VenueSubmit | r.VenueModify | r.VenueCancel):
            sent += 1
            recorded = [update.event for update in recorded_in(store)]
            assert any(is_about(event, message) for event in recorded), message

    def is_about(event: Any, request: Any) -> bool:
        if isinstance(request, r.VenueSubmit):
            return isinstance(event, e.OrderSubmitted) and event.client_order_id == request.client_order_id
        return getattr(event, "request_id", None) == request.request_id

    with journalled(store, runtime=Stepped(choose=seeded(seed), on_delivery=look)) as system:
        trade(system)
        assert_clean(system)
    assert told > 100
    assert sent > 8


@pytest.mark.parametrize("seed", range(5))
def test_what_is_rebuilt_is_what_was_there_at_every_entry(seed: int) -> None:
    store, live = MemoryStore(), dict[tuple[str, int], str]()
    systems: list[TradingSystem] = []

    def look(_: int) -> None:
        if systems and vars(systems[0])["_state"] == "running":
            live.update(pictures(systems[0]))

    with journalled(store, runtime=Stepped(choose=seeded(seed), on_step=look)) as system:
        systems.append(system)
        trade(system)
        found = rebuilt(system, store)
        assert {name for name, _ in live} == {name for name, _ in found}
        for key, expected in live.items():
            assert found[key] == expected, key
        # Entries of one decision are taken over together; the folds see each.
        assert len(live) > 3 * store.head.sequence


def test_at_rest_nothing_that_was_known_is_missing() -> None:
    store = MemoryStore()
    with journalled(store) as system:
        trade(system)
        risk, account, stats = system.risk(), system.account(), system.stats()
        states = system.trading_state(), system.trading_state("nobody")
        name = next(order.group_id for order in system.orders() if order.group_id is not None)
        orders = system.orders(), system.group(name)
        assert any(one.size for one in risk.exposures.values())
    again = journalled(store)
    books = rebuilt_books(again, store)
    assert dict(books.risk.exposures.all()) == risk.exposures
    assert books.risk.limits == risk.limits
    assert books.risk.reserved == risk.reserved
    assert books.risk.account(0).balances == account.balances
    assert books.view.statistics.to_dict() == stats
    assert (books.risk.gate.state_of(), books.blotter.gate.state_of("nobody")) == states
    assert (books.view.select(), books.blotter.groups.get(name)) == orders


class Remembers(Strategy):
    """Keeps what it knew when it began."""

    seen: tuple[Any, ...] = ()

    def on_start(self) -> None:
        type(self).seen = (tuple(order.order_id for order in self.orders()), self.position("BTC/USDT"))
        if not self.orders():
            self.submit(limit("90", order_id="resting"))
            self.submit(limit("101", order_id="taking"))


@pytest.mark.parametrize("runtime", ["stepped", "threads"])
def test_a_second_life_begins_where_the_first_ended(runtime: Any) -> None:
    store = MemoryStore()
    with journalled(store, runtime=runtime) as system:
        system.publish(quote())
        system.add_strategy(Remembers, strategy_id="one")
        system.wait("taking", OrderState.FILLED, timeout=BOUND)
        system.wait("resting", OrderState.OPEN, timeout=BOUND)
        system.deposit("USDT", "7", transfer_id="t-1")
        system.halt("a person looks", strategy_id="two")
        assert system.quiesce(BOUND)
        before = system.portfolio()
    with journalled(store, runtime=runtime) as system:
        # The simulated exchange has begun anew and has no orders.
        assert system.order("resting").state is OrderState.CANCELLED
        assert system.order("resting").reason is Reason.NOT_AT_VENUE
        assert system.order("taking").state is OrderState.FILLED
        assert system.portfolio().cash == before.cash
        assert system.portfolio().positions["BTC/USDT"].quantity == 1
        assert system.portfolio("one").realised_pnl == before.strategies["one"].realised_pnl
        assert system.trading_state("two") is TradingState.HALTED
        assert system.risk().reserved == {"USDT": 0}
        system.deposit("USDT", "7", transfer_id="t-1")
        assert system.quiesce(BOUND)
        assert system.portfolio().cash == before.cash
        system.publish(quote())
        system.add_strategy(Remembers, strategy_id="one")
        assert system.quiesce(BOUND)
        assert Remembers.seen == ((), 1)
        assert_clean(system)


def test_ids_of_another_life_are_other_ids() -> None:
    store, given = MemoryStore(), list[str]()
    for _ in range(3):
        with journalled(store, run_id="run") as system:
            system.publish(quote())
            given += [system.submit(market()), system.submit(limit("90"))]
            assert_clean(system)
            executions = [fill.execution_id for order in system.orders() for fill in order.fills]
    assert len(set(given)) == 6
    assert len(set(executions)) == len(executions) == 3


@pytest.mark.fault(43)
def test_an_order_of_an_earlier_life_is_answered_and_not_made_again() -> None:
    store, order = MemoryStore(), limit("101", order_id="mine")
    for _ in range(2):
        with journalled(store) as system:
            system.publish(quote())
            assert system.submit(order) == "mine"
            assert system.wait("mine", OrderState.FILLED, timeout=BOUND).filled_quantity == 1
            system.submit(limit("99", "3", order_id="mine"))
            refused = [update.event for update in system.history() if isinstance(update.event, e.CommandRefused)]
            assert refused[-1].reason is Reason.DUPLICATE_ID
            assert system.portfolio().positions["BTC/USDT"].quantity == 1


def test_limits_that_are_given_hold_and_else_those_that_were_recorded() -> None:
    store, tight = MemoryStore(), RiskLimits(max_order_quantity="2")
    with journalled(store, risk=RiskLimits(max_order_quantity="9")) as system:
        assert system.risk().limits == RiskLimits(max_order_quantity="9")
        system.set_limits(tight)
    with journalled(store) as system:
        assert system.risk().limits == tight
    with journalled(store, risk=RiskLimits(max_order_quantity="5")) as system:
        assert system.risk().limits == RiskLimits(max_order_quantity="5")
    changes = [update.event.limits for update in recorded_in(store) if isinstance(update.event, e.LimitsChanged)]
    assert [str(one.max_order_quantity) for one in changes] == ["9", "2", "5"]


@pytest.mark.fault(52)
def test_while_there_is_no_room_no_order_is_taken_and_cancels_leave() -> None:
    store, problems = MemoryStore(), Recorder()
    asked: list[type[Any]] = []

    def look(_: int, receiver: str, message: object) -> None:
        if receiver == "exchange":
            asked.append(type(message))

    with journalled(store, on_error=problems, runtime=Stepped(on_delivery=look)) as system:
        system.publish(quote())
        working = system.submit(limit("90"))
        store.most = len(store.rows)
        system.submit(market())
        with pytest.raises(JournalFull, match="there is no room"):
            system.submit(market())
        with pytest.raises(JournalFull):
            system.oco(limit("130", side=Side.SELL), limit("140", side=Side.SELL))
        system.cancel(working)
        assert asked[-1] is r.VenueCancel
        # What cannot be written down has not been said.
        assert system.order(working).state is OrderState.OPEN
        assert asked.count(r.VenueSubmit) == 1
        store.most = None
        system.wait(working, OrderState.CANCELLED, timeout=BOUND)
        assert system.wait(system.submit(market()), OrderState.FILLED, timeout=BOUND)
        assert system.quiesce(BOUND)
        alarms = [one for one in problems.items if isinstance(one, Alarm) and one.code is AlarmCode.JOURNAL]
        assert [alarm.text.split(":")[0] for alarm in alarms] == [
            "no order leaves until there is room",
            "the journal has room again",
        ]
        assert_clean(system)


def test_an_order_that_waited_to_be_written_down_does_not_leave_after_a_halt() -> None:
    store = MemoryStore()
    with journalled(store) as system:
        system.publish(quote())
        store.most = 0
        waiting = system.submit(market())
        system.halt("enough")
        store.most = None
        order = system.wait(waiting, OrderState.REJECTED, timeout=BOUND)
        assert order.reason is Reason.WITHHELD
        assert system.portfolio().positions == {}
        assert_clean(system)


class Breaks(MemoryStore):
    """Fails to write from some append on."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self.good = good

    def append(self, rows: Any) -> None:
        if self.appends == self.good:
            raise JournalBroken("memory", "the disk does not answer")
        super().append(rows)


@pytest.mark.fault(53, 54)
def test_after_a_write_that_failed_nothing_leaves_but_cancels() -> None:
    store, problems = Breaks(good=2), Recorder()
    with journalled(store, on_error=problems) as system:
        system.publish(quote())
        working = system.submit(limit("90"))
        assert system.order(working).state is OrderState.OPEN
        system.submit(market())
        store.good = 10**6
        with pytest.raises(JournalBroken, match="the disk does not answer"):
            system.submit(market())
        system.cancel(working)
        assert system.quiesce(BOUND)
        assert store.appends == 2
        assert system.order(working).state is OrderState.OPEN
    with journalled(store) as system:
        assert system.order(working).state is OrderState.CANCELLED
        assert_clean(system)


def test_orders_are_refused_until_the_venue_has_answered() -> None:
    store, venue = MemoryStore(), OwnVenue()
    with journalled(store, exchange=venue, answer_within="5") as system:
        working = system.submit(limit("90"))
        venue.report(r.VenueAccepted(client_order_id=working))
        assert system.quiesce(BOUND)
    venue = OwnVenue()
    with journalled(store, exchange=venue, answer_within="5") as system:
        queries = [one for one in venue.requests.items if isinstance(one, r.VenueQuery)]
        assert {query.client_order_id for query in queries} == {working}
        refused = system.wait(system.submit(limit("90")), OrderState.REJECTED, timeout=BOUND)
        assert refused.reason is Reason.RECONCILING
        assert not system.reconcile(timeout=1)
        latest = [one for one in venue.requests.items if isinstance(one, r.VenueQuery)][-1]
        status = r.VenueStatus(
            client_order_id=working, request_id=latest.request_id, state=OrderState.OPEN, complete=True, quantity="1"
        )
        venue.report(status)
        assert system.quiesce(BOUND)
        assert system.order(working).in_doubt is False
        assert system.order(system.submit(limit("90"))).state is OrderState.SUBMITTED


def test_a_person_may_go_on_without_the_venues_answer() -> None:
    store = MemoryStore()
    with journalled(store, exchange=OwnVenue()) as system:
        system.submit(limit("90"))
    with journalled(store, exchange=OwnVenue()) as system:
        assert system.order(system.submit(limit("91"))).reason is Reason.RECONCILING
        system.resume()
        assert system.order(system.submit(limit("91"))).state is OrderState.SUBMITTED


class Slow(MemoryStore):
    """Takes its time when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def append(self, rows: Any) -> None:
        self.began.set()
        assert self.go_on.wait(BOUND), rows
        super().append(rows)


@pytest.mark.fault(65)
def test_a_slow_disk_makes_everything_later_and_loses_nothing_and_somebody_hears_of_it() -> None:
    store, problems = Slow(), Recorder()
    rule = Rule(on=Trip.STUCK_ACTOR, action=Action.ALERT, limit="0.05")
    with journalled(store, runtime="threads", on_error=problems, rules=[rule]) as system:
        system.publish(quote())
        assert system.wait(system.submit(market()), OrderState.FILLED, timeout=BOUND)
        store.began.clear()
        store.go_on.clear()
        first = system.submit(market())
        assert store.began.wait(BOUND)
        orders = [first, *(system.submit(market()) for _ in range(20))]
        found = problems.until(lambda items: any("journal has not moved" in getattr(one, "text", "") for one in items))
        assert [one.code for one in found if isinstance(one, Alarm)] == [AlarmCode.TRIPPED]
        assert system.order(first) is None
        assert system.trading_state() is TradingState.ACTIVE
        store.go_on.set()
        for order_id in orders:
            assert system.wait(order_id, OrderState.FILLED, timeout=BOUND)
        assert_clean(system)
        # Those that had waited were written in one go.
        assert store.appends < len(orders) * 2
    assert [row.sequence for row in store.rows] == list(range(1, len(store.rows) + 1))


@pytest.mark.parametrize("runtime", ["stepped", "threads"])
def test_a_copy_is_made_while_the_system_runs_and_can_be_gone_on_with(tmp_path: Path, runtime: Any) -> None:
    path, copy = str(tmp_path / "orders.db"), str(tmp_path / "copy.db")
    with journalled(path, runtime=runtime) as system:
        system.publish(quote())
        assert system.wait(system.submit(market()), OrderState.FILLED, timeout=BOUND)
        assert system.quiesce(BOUND)
        entries = system.stats()["total_events"]
        assert system.backup(copy) == entries
        with pytest.raises(InvalidJournal, match="nothing is written over it"):
            system.backup(copy)
        assert system.wait(system.submit(market()), OrderState.FILLED, timeout=BOUND)
        assert_clean(system)
    with journalled(copy, runtime=runtime) as system:
        assert system.portfolio().positions["BTC/USDT"].quantity == 1
        assert_clean(system)
    with journalled(path, runtime=runtime) as system:
        assert system.portfolio().positions["BTC/USDT"].quantity == 2


def test_paths_may_be_path_objects(tmp_path: Path) -> None:
    with system_of(BTC, journal=tmp_path / "orders.db", kill_file=tmp_path / "kill") as system:
        assert system.backup(tmp_path / "copy.db") == 0
    assert (tmp_path / "copy.db").exists()


class Hostile:
    """Answers no question about itself."""

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise RuntimeError

    def __fspath__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("setting", ["journal", "kill_file"])
@pytest.mark.parametrize(
    "wrong", [Hostile, b"orders.db", "", "a\0b", 7], ids=["hostile", "bytes", "empty", "nul", "int"]
)
def test_what_is_no_path_is_refused_by_name(setting: str, wrong: Any) -> None:
    settings = {setting: Hostile() if wrong is Hostile else wrong}
    with pytest.raises(InvalidConfiguration, match=f"^{setting}: "):
        system_of(BTC, **settings)


def test_what_is_not_written_down_cannot_be_copied(tmp_path: Path) -> None:
    with system_of(BTC) as system, pytest.raises(InvalidConfiguration, match="journal: must have been given"):
        system.backup(str(tmp_path / "copy.db"))
    with journalled(MemoryStore()) as system:
        with pytest.raises(InvalidConfiguration, match="path: must be the path of a file"):
            system.backup("")
        with pytest.raises(InvalidJournal, match="has no copy"):
            system.backup(str(tmp_path / "copy.db"))


# -- what waits to be recorded while something else happens


RUNTIMES = pytest.mark.parametrize("runtime", ["stepped", "threads"])


@RUNTIMES
def test_positions_are_closed_under_a_halt_that_was_to_close_them(runtime: str) -> None:
    with journalled(MemoryStore(), runtime=runtime) as system:
        system.publish(quote())
        system.wait(system.submit(market("2")), OrderState.FILLED, timeout=BOUND)
        system.kill("stop all", flatten=True)
        assert system.quiesce(BOUND)
        (closing,) = (order for order in system.orders() if order.tag == "flatten")
        system.wait(closing.order_id, OrderState.FILLED, timeout=BOUND)
        assert not system.portfolio().positions["BTC/USDT"].quantity
        assert len(system.orders()) == 2, "one was enough"


@RUNTIMES
def test_a_stop_shrinks_while_trading_is_halted(runtime: str) -> None:
    store = MemoryStore()
    with journalled(store, runtime=runtime, exchange=SimulatedExchange(ties=False)) as system:
        system.publish(quote())
        bracket = system.bracket(limit("101", "2"), profit_target="120", stop_loss="80")
        assert system.quiesce(BOUND)
        system.halt("a person looks")
        before = store.head.sequence
        system.publish(quote("120", "122", bid_size="1"))
        assert system.quiesce(BOUND)
        stop = system.order(bracket.stop_loss)
        assert (stop.quantity, stop.in_doubt) == (1, False)
        assert store.head.sequence < before + 5, "it was not asked for again and again"
        system.publish(quote("79", "81"))
        system.wait(bracket.stop_loss, OrderState.FILLED, timeout=BOUND)
        assert not system.portfolio().positions["BTC/USDT"].quantity


def test_an_order_that_waited_to_be_recorded_does_not_leave_after_trading_only_reduces() -> None:
    store = Slow()
    with journalled(store, runtime="threads") as system:
        system.publish(quote())
        store.began.clear()
        store.go_on.clear()
        order_id = system.submit(market("1"))
        assert store.began.wait(BOUND)
        system.reduce("only reduce from now on")
        store.go_on.set()
        assert system.wait(order_id, OrderState.CANCELLED, timeout=BOUND).reason is Reason.TRIPPED
        assert not system.portfolio().positions


@pytest.mark.parametrize(
    ("ends", "state", "reason"),
    [
        ("cancel", OrderState.CANCELLED, Reason.REQUESTED),
        ("kill", OrderState.CANCELLED, Reason.TRIPPED),
        ("time", OrderState.REJECTED, Reason.WITHHELD),
    ],
)
def test_what_was_ended_while_the_journal_was_full_never_leaves(ends: str, state: OrderState, reason: Reason) -> None:
    store, sent = MemoryStore(), list[str]()

    def look(_: int, __: str, message: object) -> None:
        if isinstance(message, r.VenueSubmit | r.VenueQuery | r.VenueCancel):
            sent.append(type(message).__name__)

    with journalled(store, runtime=Stepped(on_delivery=look), answer_within="5") as system:
        system.publish(quote())
        store.most = store.head.sequence
        order_id = system.submit(market("1"))
        if ends == "cancel":
            system.cancel(order_id)
        elif ends == "kill":
            system.kill("enough")
        with pytest.raises(TimeoutError):
            system.wait(order_id, OrderState.FILLED, timeout=8 if ends == "time" else 1)
        assert not sent, "a query would have been told that there is no such order"
        store.most = None
        assert system.wait(order_id, state, timeout=BOUND).reason is reason
        assert set(sent) <= {"VenueQuery"}
        assert_clean(system)


def test_what_cannot_be_recorded_is_not_promised() -> None:
    store = MemoryStore()
    system = journalled(store, risk=RiskLimits(max_order_quantity="5")).start()
    system.publish(quote())
    store.most = store.head.sequence
    system.submit(limit("90"))
    for request in (lambda: system.set_limits(RiskLimits()), lambda: system.deposit("USDT", "5")):
        with pytest.raises(JournalFull):
            request()
    system.halt("a person has seen something")
    assert system.trading_state() is TradingState.HALTED, "what stops trading is in force all the same"
    assert not system.stop(), "not all is recorded"


def test_a_journal_that_a_failed_start_has_begun_keeps_the_terms_it_was_begun_with() -> None:
    class Unreachable(OwnVenue):
        def connect(self, *_: Any) -> None:
            msg = "wrong key"
            raise RuntimeError(msg)

    store = MemoryStore()
    with pytest.raises(RuntimeError, match="wrong key"):
        journalled(store, exchange=Unreachable()).start()
    with pytest.raises(InvalidJournal, match="cash: begun with 100000 USDT, now 5 USDT"):
        journalled(store, cash={"USDT": "5"}).start()
    journalled(store).start().stop()


@pytest.mark.parametrize(
    "order", [market("1.5", symbol="ETH/USDT"), limit("90.5", "1.5", symbol="ETH/USDT")], ids=["position", "order"]
)
def test_what_is_open_in_an_instrument_that_was_added_keeps_it(order: Any) -> None:
    store = MemoryStore()
    journalled(store).start().stop()
    with system_of(BTC, ETH, journal=store, runtime="stepped", cash=CASH) as system:
        system.publish(quote(symbol="ETH/USDT"))
        system.submit(order)
    for instruments, expected in (
        ((BTC,), "now without ETH/USDT: it was added later, .* name it among the instruments"),
        ((BTC, attrs.evolve(ETH, quantity_increment="1")), "quantity_increment: .*, now 1: 1.5 is open in it"),
    ):
        with pytest.raises(InvalidJournal, match=expected):
            system_of(*instruments, journal=store, runtime="stepped", cash=CASH).start()
    system_of(
        BTC, attrs.evolve(ETH, quantity_increment="0.5"), journal=store, runtime="stepped", cash=CASH
    ).start().stop()
