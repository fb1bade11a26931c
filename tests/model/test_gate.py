"""The gate: what keeps new orders from leaving, and what lets them leave again."""

from __future__ import annotations

import pytest
from builders import event, halt

from orderpit.model.account_events import TradingStateChanged
from orderpit.model.gate import Gate, Hold, told_to
from orderpit.model.kinds import Action, Reason, TradingState, Trip

A = Action
LOST = Gate().with_venue_lost("the line is dead")
STOPPED = Gate().with_symbol_stopped("BTC/USDT")


@pytest.mark.fault(32)
@pytest.mark.parametrize(
    ("gate", "btc", "eth"),
    [
        pytest.param(Gate(), None, None, id="open"),
        pytest.param(STOPPED, Reason.SYMBOL_STOPPED, None, id="a symbol stopped"),
        pytest.param(STOPPED.tripped(halt("lunch")), Reason.HALTED, Reason.HALTED, id="halted"),
        pytest.param(STOPPED.tripped(halt("lunch")).opened(), None, None, id="resumed"),
        pytest.param(LOST, Reason.DISCONNECTED, Reason.DISCONNECTED, id="disconnected"),
        pytest.param(
            LOST.tripped(halt("lunch")).opened(), Reason.DISCONNECTED, Reason.DISCONNECTED, id="resumed, still cut off"
        ),
        pytest.param(
            LOST.tripped(halt("lunch")).with_venue_found(), Reason.HALTED, Reason.HALTED, id="found, still halted"
        ),
        pytest.param(LOST.with_venue_found(), None, None, id="connected again"),
    ],
)
def test_what_may_leave(gate, btc, eth):
    refusals = [gate.refuse_submit(symbol) for symbol in ("BTC/USDT", "ETH/USDT")]
    assert [None if refusal is None else refusal.reason for refusal in refusals] == [btc, eth]


@pytest.mark.parametrize(
    ("reason", "text"),
    [("the line is dead", "the venue is disconnected: the line is dead"), ("", "the venue is disconnected")],
    ids=["with a reason", "without"],
)
def test_a_refusal_says_why_the_venue_is_disconnected(reason, text):
    assert Gate().with_venue_lost(reason).refuse_modify().text == text


# -- trips


def tripped(*trips):
    gate = Gate()
    for action, strategy_id in trips:
        gate = gate.tripped(Hold(action, Trip.PERSON, action.value.lower()), strategy_id)
    return gate


@pytest.mark.parametrize(
    ("trips", "everybody", "mine", "other"),
    [
        pytest.param([], "ACTIVE", "ACTIVE", "ACTIVE", id="none"),
        pytest.param([(A.ALERT, "")], "ACTIVE", "ACTIVE", "ACTIVE", id="an alert"),
        pytest.param([(A.REDUCE, "")], "REDUCING", "REDUCING", "REDUCING", id="all reduce"),
        pytest.param([(A.REDUCE, "mine")], "ACTIVE", "REDUCING", "ACTIVE", id="one reduces"),
        pytest.param([(A.HALT, "mine"), (A.REDUCE, "")], "REDUCING", "HALTED", "REDUCING", id="the stricter: of one"),
        pytest.param([(A.REDUCE, "mine"), (A.FLATTEN, "")], "HALTED", "HALTED", "HALTED", id="the stricter: of all"),
        pytest.param([(A.CANCEL_ALL, ""), (A.REDUCE, "")], "HALTED", "HALTED", "HALTED", id="never less strict"),
    ],
)
def test_the_stricter_of_two_trips_holds(trips, everybody, mine, other):
    gate = tripped(*trips)
    assert [gate.state_of(name).value for name in ("", "mine", "other")] == [everybody, mine, other]


def test_the_cause_that_is_given_is_that_of_the_strictest_and_of_two_as_strict_of_the_first():
    gate = Gate().tripped(halt("first")).tripped(halt("second"))
    assert gate.halted == "first"
    assert gate.tripped(Hold(A.CANCEL_ALL, Trip.FILE, "third")).halted == "third"
    of_one = Gate().tripped(Hold(A.HALT, Trip.DAILY_LOSS, "lost"), "mine")
    assert (of_one.halted, of_one.refuse_modify("mine").text) == (None, "trading of mine is halted: lost")
    assert of_one.refuse_modify("other") is None


@pytest.mark.parametrize(
    ("trips", "mine", "other"),
    [
        pytest.param([(A.HALT, "")], None, None, id="a halt cancels nothing"),
        pytest.param([(A.HALT, ""), (A.REDUCE, "")], A.REDUCE, A.REDUCE, id="a halt, then reduce"),
        pytest.param([(A.REDUCE, ""), (A.HALT, "")], A.REDUCE, A.REDUCE, id="reduce, then a halt"),
        pytest.param([(A.HALT, ""), (A.REDUCE, "mine")], A.REDUCE, None, id="a halt of all, one reduces"),
        pytest.param([(A.CANCEL_ALL, ""), (A.REDUCE, "")], A.CANCEL_ALL, A.CANCEL_ALL, id="never narrower"),
        pytest.param([(A.FLATTEN, "mine"), (A.REDUCE, "")], A.FLATTEN, A.REDUCE, id="the wider: of one"),
        pytest.param([(A.REDUCE, ""), (A.FLATTEN, "")], A.FLATTEN, A.FLATTEN, id="wider"),
    ],
)
def test_the_widest_clearing_holds_however_strict_the_state_is(trips, mine, other):
    gate = tripped(*trips)
    assert [gate.clearing_of("mine"), gate.clearing_of("other")] == [mine, other]
    assert gate.clears is (mine is not None)
    assert not gate.opened().clears
    assert gate.opened("mine").clearing_of("other") is other


def test_a_person_resumes_one_or_all():
    gate = tripped((A.HALT, "mine"), (A.REDUCE, ""))
    assert [gate.opened("mine").state_of(name).value for name in ("mine", "")] == ["REDUCING", "REDUCING"]
    assert gate.opened().state_of("mine") is TradingState.ACTIVE


@pytest.mark.parametrize(
    ("judged_in", "trips", "refused"),
    [
        pytest.param(TradingState.ACTIVE, [], False, id="nothing has tripped"),
        pytest.param(TradingState.ACTIVE, [(A.REDUCE, "")], True, id="judged before"),
        pytest.param(TradingState.REDUCING, [(A.REDUCE, "")], False, id="judged since"),
        pytest.param(TradingState.ACTIVE, [(A.REDUCE, "other")], False, id="of another"),
    ],
)
def test_what_was_judged_before_trading_only_reduced_does_not_leave(judged_in, trips, refused):
    assert (tripped(*trips).refuse_outdated(judged_in, "mine") is not None) is refused


# -- the journal and the venue


def reasons(gate: Gate) -> list[Reason | None]:
    """Return why a new order that was asked for, one that protects, and a modification are refused."""
    refusals = gate.refuse_new("BTC/USDT", "mine"), gate.refuse_submit("BTC/USDT", "mine"), gate.refuse_modify("mine")
    return [None if refusal is None else refusal.reason for refusal in refusals]


FULL = Gate().with_journal("it takes 3 rows")
ASKING = Gate().with_reconciling(reconciling=True)


@pytest.mark.parametrize(
    ("gate", "refused"),
    [
        pytest.param(FULL, [Reason.UNRECORDED] * 3, id="nothing can be recorded"),
        pytest.param(FULL.opened(), [Reason.UNRECORDED] * 3, id="which no person can resume"),
        pytest.param(FULL.with_journal(None), [None] * 3, id="there is room again"),
        pytest.param(ASKING, [Reason.RECONCILING, None, None], id="the venue is asked"),
        pytest.param(ASKING.opened("mine"), [Reason.RECONCILING, None, None], id="one is resumed"),
        pytest.param(ASKING.opened(), [None] * 3, id="a person goes on without"),
        pytest.param(ASKING.with_reconciling(reconciling=False), [None] * 3, id="the venue has answered"),
        pytest.param(ASKING.tripped(halt("lunch")), [Reason.HALTED] * 3, id="halted, and asked"),
    ],
)
def test_what_may_leave_while_the_journal_or_the_venue_is_waited_for(gate, refused):
    assert reasons(gate) == refused


def test_a_refusal_says_why_nothing_can_be_recorded():
    assert FULL.refuse_modify().text == "the journal takes nothing: it takes 3 rows"


@pytest.mark.parametrize(
    "trips",
    [
        pytest.param([(A.HALT, "")], id="a halt of all"),
        pytest.param([(A.REDUCE, "mine"), (A.FLATTEN, "")], id="one, and then all"),
        pytest.param([(A.ALERT, "")], id="an alert"),
    ],
)
def test_a_gate_that_is_told_what_was_recorded_is_as_it_was(trips):
    live = told = Gate()
    for action, strategy_id in trips:
        hold = Hold(action, Trip.DRAWDOWN, "enough")
        live = live.tripped(hold, strategy_id)
        recorded = event(TradingStateChanged, strategy_id=strategy_id, trip=hold.trip, action=action, text=hold.reason)
        told = told_to(told, recorded)
    assert told == live
    for strategy_id in ("mine", ""):
        resumed = event(TradingStateChanged, strategy_id=strategy_id, trip=Trip.PERSON, action=None, text="resumed")
        assert told_to(told, resumed) == live.opened(strategy_id)
