"""Deep immutability of messages, and objects that two actors reach: planted cheats are found, our own messages pass."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import attrs
import pytest
from builders import LISTING, ORDER_EVENTS, VENUE_REPORTS, VENUE_REQUESTS, event, report, request
from helpers import BTC, ETH, limit, market, quote, system_of

from orderpit import Quote, SimulatedExchange, Strategy, TradingSystem
from orderpit.actors import messages
from orderpit.actors.conflation import QuoteSlots
from orderpit.actors.mailbox import ActorStop
from orderpit.model.chain import Chain
from orderpit.model.events import OrderFilled
from orderpit.model.kinds import Side
from orderpit.testing.watching.immutable import BY_DESIGN, Immutability
from orderpit.testing.watching.sharing import MEETING_POINTS, actors_of, shared_objects


@attrs.frozen
class Holder:
    held: Any
    more: int = 0


@attrs.frozen
class One:
    held: Any


@attrs.define
class NotFrozen:
    held: int = 1


@attrs.frozen(slots=False)
class WithDict:
    held: int = 1


@attrs.frozen
class WithMutableDefault:
    held: Any = attrs.field(default=[])  # noqa: B039, RUF100  # the cheat


class Undecorated(Holder):
    """A subclass that attrs has not seen has a __dict__."""


class LyingStr(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


CHEATS = [
    pytest.param(Holder([1]), "Holder.held is a list", id="list"),
    pytest.param(Holder((1, ([2],))), "Holder.held[1][0] is a list", id="list in a tuple"),
    pytest.param(Holder({"a": 1}), "Holder.held is a dict", id="dict"),
    pytest.param(Holder({1}), "Holder.held is a set", id="set"),
    pytest.param(Holder((frozenset({(0.5,)}),)), "Holder.held[0][0][0] is a float", id="deep"),
    pytest.param(Holder(NotFrozen()), "Holder.held is a NotFrozen, which is not frozen", id="not frozen"),
    pytest.param(NotFrozen(), "NotFrozen is a NotFrozen, which is not frozen", id="not frozen itself"),
    pytest.param(Holder(WithDict()), "Holder.held is a WithDict, which has a __dict__", id="a __dict__"),
    pytest.param(Undecorated(1), "Undecorated is a Undecorated, which is no value", id="undecorated subclass"),
    pytest.param(Holder(LyingStr("a")), "Holder.held is a LyingStr", id="subclass of str"),
    pytest.param(WithMutableDefault(1), "whose default of held is a list", id="mutable default"),
    pytest.param(Holder(0.1), "Holder.held is a float", id="float"),
    pytest.param(Holder(b"a"), "Holder.held is a bytes", id="bytes"),
    pytest.param(Holder(print), "Holder.held is a builtin_function_or_method", id="callable"),
    pytest.param(Holder(object()), "Holder.held is a object", id="object"),
    pytest.param(Holder(Chain.of(([], 1, 2))), "Holder.held[0] is a list", id="in a chain"),
    pytest.param(Holder(MappingProxyType({"a": []})), "Holder.held[0][1] is a list", id="in a proxy"),
    pytest.param(One([]), "One.held is a list", id="the only field"),
    pytest.param([], "list is a list", id="no value at all"),
]


@pytest.mark.fault(44)
@pytest.mark.parametrize(("message", "where"), CHEATS)
def test_a_planted_cheat_is_found_each_time(message: object, where: str) -> None:
    walker = Immutability()
    for _ in range(2):
        fault = walker.fault(message)
        assert fault is not None
        assert where in fault


@pytest.mark.fault(44)
@pytest.mark.parametrize(("message", "where"), CHEATS)
def test_a_cheat_is_found_behind_one_of_its_type_that_was_right(message: Any, where: str) -> None:
    walker = Immutability()
    assert walker.fault(Holder(1)) is None
    assert walker.fault(One((1, "a", None))) is None
    assert where in (walker.fault(message) or "")


GOOD = [
    *(event(kind) for kind in ORDER_EVENTS),
    *(report(kind) for kind in VENUE_REPORTS),
    *(request(kind) for kind in VENUE_REQUESTS),
    *LISTING,
    quote(),
    market(),
    ActorStop(),
    Holder((1, True, None, "a", Decimal(1), Side.BUY, frozenset({Side.SELL}))),
    Holder(MappingProxyType({"a": Decimal(1)})),
    Holder(Chain.of(tuple(range(3)))),
]


@pytest.mark.parametrize("message", GOOD, ids=lambda message: type(message).__name__)
def test_a_value_passes(message: object) -> None:
    assert Immutability().fault(message) is None


def test_a_chain_is_walked_only_as_far_as_it_is_new() -> None:
    walker, chain = Immutability(), Chain[Any]()
    for number in range(5):
        chain = chain.appended((number,))
        assert walker.fault(Holder(chain)) is None
    before = len(walker.walked)
    assert walker.fault(Holder(chain.appended((9,)))) is None
    assert len(walker.walked) == before + 2


def test_what_was_walked_is_kept_so_that_nothing_else_gets_its_id_and_not_without_an_end() -> None:
    walker = Immutability()
    for number in range(10_000):
        assert walker.fault(Holder(number)) is None
    assert 0 < len(walker.walked) <= 512


def test_every_exception_has_its_reason_and_is_needed() -> None:
    for kind, fields in BY_DESIGN.items():
        assert {field.name for field in attrs.fields(kind)} >= set(fields)
        assert all(len(reason) > 10 for reason in fields.values())
    strict = Immutability(by_design={})
    register = messages.Register("s", system_of()._at.view)
    assert strict.fault(register) == "Register.target is a Address, which is no value"
    assert Immutability().fault(register) is None


# -- objects that two actors reach


class Remembers(Strategy):
    def __init__(self, memory: Any = None) -> None:
        self.memory = memory

    def on_market_data(self, data: Any) -> None:
        self.submit(market("1"))


def running(runtime: Any) -> TradingSystem:
    exchange = SimulatedExchange(latency="0.001", slippage="0.01")
    return system_of(BTC, ETH, runtime=runtime, cash={"USDT": "100000"}, exchange=exchange)


@pytest.mark.fault(44)
@pytest.mark.parametrize("runtime", ["stepped", "threads"])
def test_no_two_actors_of_a_running_system_reach_an_object_that_could_change(runtime: str) -> None:
    with running(runtime) as system:
        system.subscribe(lambda update: None, OrderFilled, Quote)
        system.add_strategy(Remembers, memory=[])
        system.add_strategy(Remembers, memory=[])
        for _ in range(5):
            system.publish(quote())
            system.submit(limit("98"))
        assert system.quiesce(20)
        assert shared_objects(system) == ()
        assert len(actors_of(system)) == 10


def test_after_the_stop_the_actors_are_still_looked_at() -> None:
    memory: dict[str, int] = {}
    with running("stepped") as system:
        system.add_strategy(Remembers, memory=memory)
        system.add_strategy(Remembers, memory=memory)
    (shared,) = shared_objects(system)
    assert str(shared) == "a dict is both Remembers-1._strategy.memory and Remembers-2._strategy.memory"
    assert shared_objects(system, allowed=[memory]) == ()


COUNT = itertools.count()
APPEND = [0].append


class Own:
    """An object of the host's."""

    def __init__(self) -> None:
        self.count = 0

    def tell(self, _: object) -> None:
        self.count += 1


def closed_over(shared: Any) -> Callable[[], Any]:
    return lambda: shared


@pytest.mark.parametrize(
    ("disguise", "kind"),
    [
        (lambda own: own, "Own"),
        (lambda own: own.tell, "Own"),
        (closed_over, "Own"),
        (lambda own: (frozenset(), (own,)), "Own"),
        (lambda own: MappingProxyType({"a": own}), "Own"),
        (Holder, "Own"),
        (lambda own: {"key": [own]}, "Own"),
        (lambda _: COUNT, "count"),
        (lambda _: APPEND, "list"),
    ],
    ids=["itself", "method", "closure", "tuple", "proxy", "frozen", "dict", "iterator", "C method"],
)
def test_a_shared_object_is_found_in_disguise(disguise: Callable[[Any], Any], kind: str) -> None:
    own = Own()
    with running("stepped") as system:
        system.add_strategy(Remembers, memory=disguise(own))
        system.add_strategy(Remembers, memory=disguise(own))
        assert {shared.kind for shared in shared_objects(system)} == {kind}


def test_a_book_that_two_actors_hold_is_found() -> None:
    with running("stepped") as system:
        actors = actors_of(system)
        actors["view"].__dict__["borrowed"] = vars(vars(actors["portfolio"])["_book"])["_marks"]
        (shared,) = shared_objects(system)
        assert shared.kind == "dict"
        assert "portfolio._book._marks" in {shared.first, shared.second}


def test_every_meeting_point_has_its_reason() -> None:
    assert QuoteSlots in MEETING_POINTS
    assert all(len(reason) > 5 for reason in MEETING_POINTS.values())
