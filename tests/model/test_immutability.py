"""Every message is deeply immutable: frozen attrs of enums, str, int, Decimal, bool, None, tuple and Chain."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import attrs
import pytest
from builders import (
    ACCOUNT_EVENTS,
    LISTING,
    NOW,
    ORDER_EVENTS,
    VENUE_REPORTS,
    VENUE_REQUESTS,
    S,
    event,
    fill,
    order_in,
    report,
    request,
    terms,
)
from groups import Desk, bracket

from orderpit.model import (
    account,
    account_events,
    alarm,
    blotter,
    commands,
    events,
    instrument,
    judgement,
    limits,
    market,
    order,
    refusal,
    reporting,
    reports,
    risk,
)
from orderpit.model.account import Currency, MarginAccount, SpotAccount
from orderpit.model.alarm import Alarm, AlarmCode
from orderpit.model.blotter import Outcome
from orderpit.model.chain import Chain
from orderpit.model.commands import Approved, CancelOrder, ChangeLimits, Denied, ModifyOrder, MoveCash
from orderpit.model.events import CommandRefused, OrderUpdate
from orderpit.model.fill_models import ByProbability, ByVolumeShare, Reach
from orderpit.model.instrument import Instrument
from orderpit.model.judgement import Check, Checked, Judgement
from orderpit.model.kinds import Action, Reason, Side, Trip
from orderpit.model.latency import FixedLatency, NormalLatency, SampledLatency
from orderpit.model.limits import RiskLimits, Rule
from orderpit.model.market import Bar, Depth, Quote, Trade
from orderpit.model.refusal import Refusal
from orderpit.model.reporting import Verdict
from orderpit.model.slippage import FixedSlippage, NormalSlippage, SampledSlippage, UniformSlippage

LEAVES = {str, int, bool, Decimal, type(None)}
CONTAINERS = {tuple, frozenset}

REFUSAL = Refusal(Reason.HALTED, "trading is halted")
UPDATE = OrderUpdate(1, event(events.OrderFilled), order_in(S.PARTIALLY_FILLED))
CHECK = Check("max_long", Reason.MAX_LONG, "", "BTC/USDT", "the position")
JUDGEMENT = Judgement((CHECK,), ((Decimal(1), Decimal(2)),))
LIMITS = RiskLimits(
    max_order_quantity="1",
    instruments={"A/B": RiskLimits(max_long="1")},
    strategies={"s": RiskLimits(instruments={"A/B": RiskLimits(max_open_orders=1)})},
)
ALARM = Alarm(NOW, AlarmCode.LATE_FILL, "o-1", "late")
MESSAGES = [
    terms(),
    ModifyOrder("o-1", price="1"),
    CancelOrder("o-1"),
    bracket(),
    Desk(bracket()).group(),
    Approved(bracket(), NOW, "risk_controller"),
    Approved(terms(), NOW, "risk_controller", (JUDGEMENT,)),
    MoveCash("USDT", "-1"),
    ChangeLimits(LIMITS),
    CHECK,
    Checked(CHECK, Decimal(1), None, passed=True),
    JUDGEMENT,
    LIMITS,
    Rule(on=Trip.MARGIN_CALL, action=Action.REDUCE),
    Currency("USDT", 2),
    SpotAccount(),
    MarginAccount(leverage=2, maintenance_margin="0.1"),
    Denied(terms(), REFUSAL, NOW, "risk_controller"),
    REFUSAL,
    Quote("A", bid="1", ask="2"),
    Trade("A", price="1"),
    Bar("A", open="1", high="1", low="1", close="1"),
    Depth("A", bids=[["1", "2"]], asks=[("2", "1")]),
    Instrument("A/B", price_increment="1", quantity_increment="1"),
    fill(),
    order_in(S.PARTIALLY_FILLED),
    UPDATE,
    ALARM,
    Verdict((event(events.OrderFilled),), (ALARM,)),
    Outcome(updates=(UPDATE,), requests=(request(reports.VenueQuery),), alarms=(ALARM,), answers=(("s", UPDATE),)),
    *(event(kind) for kind in (*ORDER_EVENTS, CommandRefused, *ACCOUNT_EVENTS)),
    *(report(kind) for kind in VENUE_REPORTS),
    *(request(kind) for kind in VENUE_REQUESTS),
    reports.VenueDisconnected(reason="the line is dead"),
    reports.VenueConnected(),
    *LISTING,
    Reach(side=Side.BUY, price=Decimal(1), leaves=Decimal(1), lot=Decimal(1), by="bar", market=Decimal(1)),
    ByProbability("0.5"),
    ByVolumeShare("0.5"),
    FixedSlippage(1),
    UniformSlippage("0.5"),
    NormalSlippage("0.1"),
    SampledSlippage(["0.5"]),
    FixedLatency("0.5"),
    NormalLatency("0.5", "0.5"),
    SampledLatency(["0.5"]),
]


def faults(value, path):
    """Yield the path of everything inside a value that could change."""
    kind = type(value)
    if kind in LEAVES or isinstance(value, Enum):
        return
    if kind in CONTAINERS:
        for index, item in enumerate(value):
            yield from faults(item, f"{path}[{index}]")
    elif kind is Chain:
        yield from faults(value.items(), path)
    elif attrs.has(kind):
        yield from ungrounded(value, path)
        for field in attrs.fields(kind):
            yield from faults(getattr(value, field.name), f"{path}.{field.name}")
    else:
        yield f"{path} is a {kind.__name__}"


def ungrounded(value, path):
    """Yield the path of a value that takes another attribute, or has a dictionary to put one into."""
    if hasattr(value, "__dict__"):
        yield f"{path} has a __dict__"
    if not attrs.fields(type(value)):
        return
    first = attrs.fields(type(value))[0].name
    try:
        setattr(value, first, getattr(value, first))
    except attrs.exceptions.FrozenInstanceError:
        return
    yield f"{path} is not frozen"


@pytest.mark.fault(44)
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_is_deeply_immutable(message):
    assert list(faults(message, type(message).__name__)) == []


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_has_a_hash_and_equals_its_twin(message):
    twin = attrs.evolve(message)
    assert twin == message
    assert hash(twin) == hash(message)


@pytest.mark.fault(44)
def test_every_message_type_is_walked():
    modules = (
        *(account, account_events, alarm, blotter, commands, events, instrument, judgement, limits, market, order),
        *(refusal, reporting, reports, risk),
    )
    defined = {
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and attrs.has(kind) and kind.__module__ == module.__name__
    }
    walked = {type(message) for message in MESSAGES}
    assert {kind.__name__ for kind in defined - walked if not kind.__name__.startswith("_")} == set()


def test_a_depth_keeps_nothing_of_the_lists_it_was_given():
    level = ["1", "2"]
    levels = [level]
    depth = Depth("A", bids=levels, asks=())
    level[0] = "9"
    levels.clear()
    assert depth.bids == ((1, 2),)


@attrs.frozen
class Loose:
    """A frozen value with something loose in it."""

    item: object


@attrs.define
class Open:
    """A value that can be changed."""

    item: int = 0


class Text(str):  # noqa: SLOT000  # what it can carry is the point
    """A str that can carry more."""


@pytest.mark.fault(44)
@pytest.mark.parametrize(
    "item",
    [[1], {1: 2}, {1}, bytearray(b"x"), Open(), ([1],), Chain.of(([1],)), Text("x"), 1.5, object(), Loose([1])],
    ids=lambda item: type(item).__name__,
)
def test_the_walker_finds_what_could_change(item):
    assert list(faults(Loose(item), "Loose"))
