"""The watch: passes over what is right, and each law is seen to catch a bug that breaks it."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from helpers import BTC, OwnVenue, limit, market, quote, system_of

from orderpit import Quote, RiskLimits, Side, SimulatedExchange, Strategy, TradingSystem
from orderpit.actors.actor import BaseActor
from orderpit.actors.following import Follower
from orderpit.actors.mailbox import Mailbox
from orderpit.actors.order_manager import OrderManager
from orderpit.actors.simulated_exchange import SimulatedExchangeActor
from orderpit.actors.strategy import StrategyActor
from orderpit.actors.tasks import Task
from orderpit.actors.view import View
from orderpit.model import booking, lifecycle
from orderpit.model import funds as funds_module
from orderpit.model import own_orders as own_orders_module
from orderpit.model import portfolio as portfolio_module
from orderpit.model.blotter import Blotter
from orderpit.model.checking import Checklists
from orderpit.model.commands import Approved, CancelOrder
from orderpit.model.errors import InvalidConfiguration
from orderpit.model.gate import Gate
from orderpit.model.holding import Holding
from orderpit.model.numbers import ONE, add
from orderpit.model.order import Order
from orderpit.model.reports import VenueCancel, VenueRequest
from orderpit.model.reservation import Reserved
from orderpit.model.values import changed
from orderpit.testing import ChaosExchange, Faults, Stepped, heal, let_pass, seeded
from orderpit.testing.trace import Trace
from orderpit.testing.watching.sharing import actors_of
from orderpit.testing.watching.watch import Violation, Watch, all_of

Bug = Callable[[pytest.MonkeyPatch], None]


class Both(Strategy):
    """Buys and sells with each quote, and keeps a limit order working."""

    def on_market_data(self, data: Any) -> None:
        self.submit(market("2", Side.BUY))
        self.submit(market("1", Side.SELL))
        if len(self.orders()) < 4:
            self.submit(limit("90"))


@contextlib.contextmanager
def watched(watch: Watch | None = None, **settings: Any) -> Iterator[tuple[TradingSystem, Watch]]:
    watch = watch or Watch(every=1)
    choose = settings.pop("choose", None)
    runtime = Stepped(choose=choose, late_ns=1_000, on_delivery=watch.delivered, on_step=watch.stepped)
    system = system_of(BTC, runtime=runtime, **{"cash": {"USDT": "100000"}, "answer_within": 2} | settings)
    try:
        with system:
            watch.attach(system)
            yield system, watch
    finally:
        system._runtime.close()


def trade(system: TradingSystem) -> None:
    """Something of everything: fills either way, a modification, cancels, a halt, a refusal, a repeated order."""
    system.add_strategy(Both)
    system.publish(quote())
    kept = system.submit(limit("95"))
    system.modify(kept, price="96")
    gone = system.submit(limit("94", order_id="mine"))
    system.submit(limit("94", order_id="mine"))
    system.cancel(gone)
    system.submit(limit("1000", "5000"))
    system.submit(market("9", Side.SELL))
    system.halt("a pause")
    system.submit(limit("93"))
    system.cancel(kept)
    system.resume()
    system.submit(limit("92"))
    system.publish(quote("89", "91"))


def drive(**settings: Any) -> Watch:
    with watched(**settings) as (system, watch):
        trade(system)
        watch.finish()
    return watch


# -- what is right


@pytest.mark.parametrize("seed", [None, *range(6)], ids=str)
def test_nothing_is_found_where_nothing_is_wrong(seed: int | None) -> None:
    watch = drive(choose=None if seed is None else seeded(seed))
    assert watch.rests_held > 5
    assert watch.deliveries > 100


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found_at_an_exchange_that_misbehaves(seed: int) -> None:
    exchange = ChaosExchange(faults=Faults.drawn(seed), seed=seed)
    with watched(choose=seeded(seed), exchange=exchange) as (system, watch):
        for _ in range(5):
            trade_on(system)
        assert heal(system)
        watch.finish()


def trade_on(system: TradingSystem) -> None:
    system.publish(quote())
    for _ in range(5):
        system.modify(system.submit(limit("95")), price="96")
        system.submit(market("1"))
    for order in system.orders(live_only=True)[:3]:
        system.cancel(order.order_id)
    system.publish(quote("89", "91"))


def test_nothing_is_found_without_cash_or_after_the_stop() -> None:
    with watched(cash=None) as (system, watch):
        trade(system)
        system.stop()
        watch.finish()


def test_the_time_between_two_looks_at_all_books_grows_with_what_works() -> None:
    with watched(Watch(every=10)) as (system, watch):
        system.publish(quote())
        for _ in range(30):
            system.submit(limit("90"))
        often, steps = watch.rests_held, watch.steps
    assert often < steps / 50


def test_several_can_listen_to_deliveries() -> None:
    first, second = Trace(), Trace()
    all_of(first, second)(0, "view", "a message")
    assert first.deliveries == second.deliveries == 1
    assert first.digest() == second.digest()


def test_only_a_stepped_system_can_be_watched() -> None:
    with system_of() as system, pytest.raises(InvalidConfiguration, match="must run stepped"):
        Watch().attach(system)
    with pytest.raises(InvalidConfiguration, match="must have been attached"):
        Watch().finish()


# -- each law catches a bug


def wrap(cheat: Callable[..., Any], owner: type[Any], name: str) -> Bug:
    """Put a cheat, which is given the original and its arguments, in the place of a method."""

    def bug(patch: pytest.MonkeyPatch) -> None:
        original = getattr(owner, name)
        patch.setattr(owner, name, lambda *args, **more: cheat(original, *args, **more))

    return bug


def put(value: Any, where: Any, name: str) -> Bug:
    return lambda patch: patch.setattr(where, name, value)


def lets_pass(f: Any, *args: Any) -> Any:
    return None, f(*args)[1]


def forgets_fees(cash: Any, quote: str, side: Side, booked: Any) -> Any:
    return booking.balances(cash, quote, side, [changed(one, fill=attrs.evolve(one.fill, fee=0)) for one in booked])


def more_at_the_venue(original: Any, book: Blotter, *args: Any) -> Any:
    outcome = original(book, *args)
    return changed(outcome, requests=tuple(changed(one, quantity=add(one.quantity, ONE)) for one in outcome.requests))


def cancels_wait_for_the_end_of_a_halt(original: Any, book: Blotter, command: Any, refusal: Any, *rest: Any) -> Any:
    return original(book, command, book.gate.refuse_modify() or refusal, *rest)


def approves_all(original: Any, book: Blotter, judged: Any, now: int) -> Any:
    return original(book, Approved(judged.command, judged.time_ns, judged.source), now)


def ignores_cancels(original: Any, manager: OrderManager, message: Any) -> None:
    if not (isinstance(message, Approved) and isinstance(message.command, CancelOrder)):
        original(manager, message)


def loses_cancels(original: Any, actor: BaseActor, target: Any, message: Any) -> None:
    if not isinstance(message, VenueCancel):
        original(actor, target, message)


def forgets_the_halt(original: Any, book: Blotter, *args: Any) -> None:
    original(book, *args)
    book.gate = Gate()


def asks_twice(original: Any, actor: SimulatedExchangeActor, request: VenueRequest) -> None:
    actor.send(actor._me, request)
    original(actor, request)


def drops(original: Any, box: Mailbox, envelope: Any) -> bool:
    if isinstance(envelope.message, Quote) and envelope.message.bid == 89:
        next(box._puts)
        return True
    return original(box, envelope)


BUGS = [
    pytest.param("I-1", wrap(lambda f, h, s, q, p: f(h, s, add(q, ONE), p), Holding, "increased"), id="portfolio"),
    pytest.param("I-1", put(lambda q: q, own_orders_module, "negate"), id="strategy"),
    pytest.param("I-2", put(property(lambda order: order.quantity), Order, "leaves_quantity"), id="leaves"),
    pytest.param("I-2", put(lambda a, b: a, lifecycle, "multiply"), id="notional"),
    pytest.param("I-5", wrap(drops, Mailbox, "put"), id="lost in the mailbox"),
    pytest.param("I-5", wrap(ignores_cancels, OrderManager, "handle"), id="command unanswered"),
    pytest.param("I-11", wrap(lambda f, h, q, p: f(h, q, add(p, ONE)), Holding, "reduced"), id="profit"),
    pytest.param("I-12", put(forgets_fees, portfolio_module, "balances"), id="cash"),
    pytest.param("I-12", put(forgets_fees, funds_module, "cash_after"), id="funds"),
    pytest.param("I-13", wrap(more_at_the_venue, Blotter, "_submit"), id="other terms"),
    pytest.param("I-13", wrap(approves_all, Blotter, "decide_command"), id="denied leaves"),
    pytest.param("I-13", wrap(asks_twice, SimulatedExchangeActor, "request"), id="sent twice"),
    pytest.param("I-13", wrap(lambda f, *args: None, Reserved, "put"), id="nothing reserved"),
    pytest.param("I-13", wrap(lets_pass, Checklists, "run"), id="unpaid"),
    pytest.param("I-14", wrap(lambda f, gate, *_: gate, Gate, "tripped"), id="halt without effect"),
    pytest.param("I-14", wrap(lambda f, *args: None, Gate, "refuse_submit"), id="sent while halted"),
    pytest.param("I-14", wrap(cancels_wait_for_the_end_of_a_halt, Blotter, "_cancel"), id="cancel held back"),
    pytest.param("I-14", wrap(loses_cancels, BaseActor, "send"), id="cancel lost"),
    pytest.param("I-14", wrap(forgets_the_halt, Blotter, "commit"), id="halt forgotten"),
]


@pytest.mark.parametrize(("law", "bug"), BUGS)
def test_a_bug_is_caught(law: str, bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    bug(monkeypatch)
    with pytest.raises(Violation) as caught:
        drive()
    assert caught.value.law == law
    assert caught.value.step > 0
    assert str(caught.value).startswith(f"{law}, step {caught.value.step}: ")


def test_an_order_that_waits_for_the_venue_without_a_deadline_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    wrap(lambda f, *args: None, Blotter, "_watch")(monkeypatch)
    with pytest.raises(Violation, match="without a deadline") as caught:
        drive(exchange=SimulatedExchange(latency="0.1"))
    assert caught.value.law == "I-7"


def test_an_order_that_the_venue_never_spoke_of_is_caught_at_the_end() -> None:
    with watched(exchange=OwnVenue()) as (system, watch):
        system.publish(quote())
        system.submit(limit("95"))
        watch.finish(healed=False)
        with pytest.raises(Violation, match="SUBMITTED, pending NONE") as caught:
            watch.finish()
    assert caught.value.law == "I-7"


def violation(body: Callable[[TradingSystem], object], **settings: Any) -> Violation:
    """Run a body in a watched system, to its end, and return what is found."""

    def run() -> None:
        with watched(**settings) as (system, watch):
            body(system)
            watch.finish()

    with pytest.raises(Violation) as caught:
        run()
    return caught.value


def submit_two(system: TradingSystem) -> None:
    system.publish(quote())
    system.submit(limit("95", "2"))


@pytest.mark.parametrize(
    "limits",
    [RiskLimits(max_order_quantity="1"), RiskLimits(max_order_notional="100")],
    ids=["quantity", "notional"],
)
def test_an_order_beyond_a_limit_is_caught(limits: RiskLimits, monkeypatch: pytest.MonkeyPatch) -> None:
    wrap(lets_pass, Checklists, "run")(monkeypatch)
    found = violation(submit_two, risk=limits)
    assert found.law == "I-13"
    assert "at most" in str(found)


def test_exits_of_what_the_venue_has_filled_too_much_may_go_beyond_a_limit() -> None:
    inner = SimulatedExchange(amends=False)
    chaos = ChaosExchange(inner=inner, faults=Faults(overfill=1, latency="0.001"), seed=1)
    with watched(exchange=chaos, risk=RiskLimits(max_order_quantity="1")) as (system, watch):
        system.publish(quote())
        ids = system.bracket(market("1", Side.BUY), profit_target="150", stop_loss="50")
        let_pass(system, 1)
        assert heal(system)
        assert system.order(ids.stop_loss).quantity == system.order(ids.entry).filled_quantity == 2
        watch.finish()


def test_an_order_in_a_stopped_symbol_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop_symbol(system: TradingSystem) -> None:
        manager = actors_of(system)["order_manager"]
        manager._blotter.gate = manager._blotter.gate.with_symbol_stopped("BTC/USDT")
        system.submit(limit("95"))

    wrap(lambda f, gate, *_: gate.refuse_modify(), Gate, "refuse_submit")(monkeypatch)
    assert violation(stop_symbol).law == "I-15"


@pytest.mark.parametrize(
    ("owner", "of", "name"),
    [("order_manager", lambda actor: actor, "_recent"), ("view", lambda actor: actor._view, "history")],
    ids=["manager", "view"],
)
def test_a_list_without_an_end_is_caught(owner: str, of: Callable[[Any], Any], name: str) -> None:
    def without_end(system: TradingSystem) -> None:
        setattr(of(actors_of(system)[owner]), name, deque())
        trade(system)

    found = violation(without_end, history=5)
    assert found.law == "I-17"
    assert found.subject == f"updates that {owner} keeps"


def test_who_waits_at_the_end_is_caught() -> None:
    with watched() as (system, watch):
        trade(system)
        scheduler = system._runtime.scheduler
        lost = Task("somebody")
        lost.without_end = True
        scheduler.tasks.append(lost)
        with pytest.raises(Violation, match=r"who waits without an end: found \['somebody'\]") as caught:
            watch.finish()
        scheduler.tasks.remove(lost)
    assert caught.value.law == "I-6"


def test_a_fold_that_passes_over_entries_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def skips(original: Any, follower: Follower, update: Any, fold: Any) -> None:
        ends = update.order is not None and update.order.is_closed
        original(follower, update, id if ends else fold)

    wrap(skips, View, "follow")(monkeypatch)
    found = violation(trade)
    assert found.law == "I-3"
    assert found.subject == "live orders of the view"


def test_a_strategy_that_does_not_follow_its_orders_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    wrap(lambda f, actor, update: None, StrategyActor, "_follow")(monkeypatch)
    assert violation(trade).law in {"I-1", "I-3"}


@attrs.frozen
class Cheat:
    inside: Any


def send_cheat(system: TradingSystem) -> None:
    system._at.view.send(Cheat([]))
    system.publish(quote())


@pytest.mark.fault(44)
def test_a_message_that_could_change_is_caught() -> None:
    found = violation(send_cheat)
    assert found.law == "I-20"
    assert found.found == "Cheat.inside is a list, which is no value"


def test_messages_are_not_walked_when_that_is_not_wanted() -> None:
    with watched(Watch(messages_too=False)) as (system, watch):
        send_cheat(system)
        watch.finish()


class Remembers(Strategy):
    def __init__(self, memory: list[Any]) -> None:
        self.memory = memory


def test_strategies_that_share_a_list_are_caught_unless_that_is_allowed() -> None:
    memory: list[Any] = []
    with watched() as (system, watch):
        system.add_strategy(Remembers, memory=memory)
        system.add_strategy(Remembers, memory=memory)
        watch.finish(allowed=[memory])
        watch.finish(shared=False)
        with pytest.raises(Violation, match=r"a list is both Remembers-1\._strategy\.memory and") as caught:
            watch.finish()
    assert caught.value.law == "I-20"


@pytest.mark.parametrize("shared_too", [False, True], ids=["at the end", "at each rest"])
def test_what_is_shared_is_found_at_each_rest_where_that_is_wanted(*, shared_too: bool) -> None:
    memory: list[Any] = []

    def share(system: TradingSystem) -> None:
        system.add_strategy(Remembers, memory=memory)
        system.add_strategy(Remembers, memory=memory)
        reached_the_end.append(True)

    reached_the_end: list[bool] = []
    assert violation(share, watch=Watch(every=1, shared_too=shared_too)).law == "I-20"
    assert bool(reached_the_end) is not shared_too


def test_an_error_of_the_watch_itself_reaches_the_caller_and_not_an_actor() -> None:
    troubles: list[Any] = []

    def run() -> None:
        with watched(on_error=troubles.append) as (system, watch):
            watch._stream.take = lambda *args, **more: 1 // 0
            trade(system)

    with pytest.raises(ZeroDivisionError):
        run()
    assert troubles == []


def test_a_violation_is_raised_where_the_caller_moves_the_actors(monkeypatch: pytest.MonkeyPatch) -> None:
    put(property(lambda order: order.quantity), Order, "leaves_quantity")(monkeypatch)
    troubles: list[Any] = []
    assert violation(trade, on_error=troubles.append).law == "I-2"
    assert troubles == []
