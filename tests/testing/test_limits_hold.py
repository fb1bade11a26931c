"""No limit on positions is ever exceeded, and nothing is refused that could not have exceeded one, whatever happens.

Random orders, groups, changes, cancels, fills and limits that change while all this goes on, with every fault and
without, in every order that the scheduler draws. The watch holds each verdict against the worst case from scratch, as
risk could know it, and what has executed against the limits that were in force.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from builders import event, fill
from helpers import BTC, limit, market, quote

from orderpit import OrderUpdate, RiskLimits, Side, SimulatedExchange, TradingSystem
from orderpit.model import events as e
from orderpit.model import exposure_checks
from orderpit.model.account_events import LimitsChanged
from orderpit.model.checking import Checklist
from orderpit.model.exposure import Exposures
from orderpit.model.judgement import NOT_JUDGED
from orderpit.model.kinds import Reason
from orderpit.model.lifecycle import apply
from orderpit.model.reservation import Working
from orderpit.model.risk import RiskBook
from orderpit.testing import Faults, Stepped, Watch
from orderpit.testing.ordeals import ordeal as ordeals
from orderpit.testing.ordeals.ordeal import ordeal
from orderpit.testing.watching.laws import Violation
from orderpit.testing.watching.limits import ExecutedLaws

SEEDS = range(10)
ORDERS = 150
NAMED = [f"reason: {reason.value}" for reason in (Reason.MAX_LONG, Reason.MAX_SHORT, Reason.MAX_GROSS)]


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ordeal is held to limits."""
    monkeypatch.setattr(ordeals, "_LIMITED", 1)


@pytest.mark.parametrize("faults", [None, Faults.none()], ids=["faults", "no faults"])
def test_whatever_happens_no_limit_is_exceeded_and_each_refusal_is_justified(
    limited: None, faults: Faults | None
) -> None:
    met = Counter[str]()
    for seed in SEEDS:
        met.update(ordeal(seed, ORDERS, faults=faults).probes)
    assert all(met[name] > 20 for name in NAMED), {name: met[name] for name in NAMED}


# -- the laws can fail


def drive() -> None:
    """Have every limit met, and one order refused by each."""
    watch = Watch(every=1)
    runtime = Stepped(on_delivery=watch.delivered, on_step=watch.stepped)
    limits = RiskLimits(max_long="5", max_short="5", max_gross="8")
    with TradingSystem([BTC], exchange=SimulatedExchange(), risk=limits, runtime=runtime) as system:
        watch.attach(system)
        system.publish(quote())
        system.submit(market(quantity="4"))
        resting = system.submit(limit("90", quantity="1"))
        system.modify(resting, quantity="2")
        system.submit(market(quantity="1"))
        system.cancel(resting)
        system.submit(market(quantity="1"))
        system.submit(market(side=Side.SELL, quantity="10"))
        system.submit(market(side=Side.SELL, quantity="1"))
        system.set_limits(RiskLimits(max_long="3", max_short="9", max_gross="9"))
        system.submit(market(side=Side.SELL, quantity="4"))
        system.submit(market(quantity="9"))
        system.submit(limit("90", quantity="9", reduce_only=True))
        watch.finish()


Bug = Callable[[pytest.MonkeyPatch], None]


def put(where: Any, name: str, value: Any) -> Bug:
    return lambda patch: patch.setattr(where, name, value)


def wrapped(where: Any, name: str, cheat: Callable[..., Any]) -> Bug:
    original = getattr(where, name)
    return put(where, name, lambda *args, **more: cheat(original, *args, **more))


def too_narrow(f: Callable[..., Any], figure: Any, most: Decimal) -> Any:
    return f(figure, most - 1)


def passes_all(f: Callable[..., Any], *args: Any) -> Any:
    refusal, judgement = f(*args)
    wide = refusal is not None and refusal.reason in {Reason.MAX_LONG, Reason.MAX_SHORT, Reason.MAX_GROSS}
    return (None, NOT_JUDGED) if wide else (refusal, judgement)


BUGS = [
    pytest.param(put(Exposures, "put", lambda *_: None), id="working orders do not count"),
    pytest.param(put(Working, "leaves", property(lambda one: one.terms.quantity)), id="what has filled counts twice"),
    pytest.param(wrapped(Checklist, "run", passes_all), id="nothing is refused"),
    pytest.param(wrapped(exposure_checks, "_of_all", too_narrow), id="refused too soon"),
    pytest.param(put(Exposures, "with_held", lambda _, at, held: at), id="fills do not move the position"),
    pytest.param(
        put(
            RiskBook,
            "change_limits",
            lambda _, command, now_ns: LimitsChanged(time_ns=now_ns, source="", limits=command.limits),
        ),
        id="limits are not taken over",
    ),
]


def test_without_a_bug_nothing_is_found() -> None:
    drive()


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_is_caught_by_the_law_of_limits(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    bug(monkeypatch)
    with pytest.raises(Violation) as caught:
        drive()
    assert caught.value.law == "I-23"


# -- what has executed


def executed(limits: RiskLimits, *fills: Decimal | str, ends_before: int | None = None, changes: Any = None) -> None:
    """Tell the law of one order of 10 that executes bit by bit, and may have ended before one of them."""
    laws, order, sequence = ExecutedLaws(limits, hedged=False), None, 0

    def tell(happened: Any, after: Any) -> None:
        nonlocal sequence
        sequence += 1
        laws.update(OrderUpdate(sequence, happened, after))

    steps = [event(e.OrderCreated), event(e.OrderSubmitted), event(e.OrderOpened)]
    for at, quantity in enumerate(fills):
        if at == ends_before:
            steps.append(event(e.OrderCancelled))
        steps.append(event(e.OrderFilled, fill=fill(f"x-{at}", quantity)))
    for step in steps:
        order = apply(order, step)
        tell(step, order)
    if changes is not None:
        tell(event(LimitsChanged, limits=changes), None)
        order = apply(order, step := event(e.OrderFilled, fill=fill("x-last", "1")))
        tell(step, order)


@pytest.mark.parametrize(
    "limits",
    [
        RiskLimits(max_long="5"),
        RiskLimits(max_gross="5"),
        RiskLimits(instruments={"BTC/USDT": RiskLimits(max_long="5")}),
        RiskLimits(strategies={"strategy": RiskLimits(max_long="5")}),
        RiskLimits(
            max_long="9", strategies={"strategy": RiskLimits(instruments={"BTC/USDT": RiskLimits(max_long="5")})}
        ),
    ],
    ids=["long", "gross", "of a symbol", "of a strategy", "of a strategy in a symbol"],
)
def test_what_executes_beyond_a_limit_is_found_and_what_reaches_it_is_not(limits: RiskLimits) -> None:
    executed(limits, "3", "2")
    with pytest.raises(Violation, match="I-23"):
        executed(limits, "3", "2", "1")


def test_limits_of_another_side_strategy_or_symbol_are_not_held_against_it() -> None:
    others = RiskLimits(
        max_short="1",
        instruments={"ETH/USDT": RiskLimits(max_long="1")},
        strategies={"another": RiskLimits(max_long="1"), "strategy": RiskLimits(max_short="1")},
    )
    executed(others, "9")


def test_what_nobody_could_have_counted_on_is_left_out() -> None:
    # 3 filled, and 4 more after it had been cancelled.
    executed(RiskLimits(max_long="3"), "3", "4", ends_before=1)
    with pytest.raises(Violation, match="I-23"):
        executed(RiskLimits(max_long="3"), "3", "4")


def test_the_widest_limit_that_was_ever_in_force_holds() -> None:
    executed(RiskLimits(max_long="3"), "3", changes=RiskLimits(max_long="4"))
    executed(RiskLimits(max_long="4"), "3", changes=RiskLimits(max_long="1"))
    with pytest.raises(Violation, match="I-23"):
        executed(RiskLimits(max_long="3"), "3", changes=RiskLimits(max_long="3"))
