"""Random lives: what is rebuilt from their entries is what they knew, and judges what comes next as they would."""

from __future__ import annotations

from decimal import Decimal

import attrs
from hypothesis import event as noted
from hypothesis import given, settings
from hypothesis import strategies as st

from orderpit.model import reports as r
from orderpit.model.account import MarginAccount, SpotAccount
from orderpit.model.commands import CancelOrder, ModifyOrder
from orderpit.model.kinds import Action, OrderState, Reason, Side
from orderpit.model.limits import RiskLimits
from orderpit.model.records import Outcome
from orderpit.model.tying import bracket_of, oco_of
from orderpit.model.values import changed

from .builders import fill, report
from .desks import SECOND, buy, group, sell
from .lives import Life, assert_same

HOUR = 3_600 * SECOND

names = st.sampled_from(["a", "b", "c", "g-0", "g-1", "g-2", "m-1"])
prices = st.sampled_from(["90", "95", "100", "105"])
quantities = st.sampled_from(["0.5", "1", "2", "3"])
symbols = st.sampled_from(["BTC/USDT", "BTC/USDT", "ETH/USDT"])
limits = st.builds(
    RiskLimits,
    max_order_quantity=st.none() | st.just("2"),
    max_long=st.none() | st.just("5"),
    max_orders_per_second=st.none() | st.just(4),
    max_open_orders=st.none() | st.just(3),
    max_consecutive_losses=st.none() | st.just(2),
    refuse_self_crossing=st.booleans(),
)

# What a buy without a price may cost goes by the price there was when it was heard of last, which is no entry.
orders = st.one_of(
    st.builds(
        lambda name, price, quantity, symbol: buy(name, price, quantity, symbol=symbol),
        st.sampled_from(["a", "b", "c"]),
        prices,
        quantities,
        symbols,
    ),
    st.builds(
        lambda name, price, quantity, symbol: sell(name, price, quantity, symbol=symbol),
        st.sampled_from(["a", "b", "c"]),
        prices | st.none(),
        quantities,
        symbols,
    ),
)
groups = st.sampled_from(
    [
        bracket_of(buy(None, "95", "2"), sell(None, "110", "2"), sell(None, None, "2", stop_price="80")),
        oco_of((buy(None, "90"), buy(None, "95", "2")), "reduce"),
    ]
).map(group)
modifications = st.builds(ModifyOrder, names, price=st.none() | prices, quantity=quantities)
commands = st.one_of(orders, orders, groups, modifications, st.builds(CancelOrder, names))

states = st.sampled_from([OrderState.OPEN, OrderState.CANCELLED, OrderState.FILLED, OrderState.PARTIALLY_FILLED])
reports = st.one_of(
    st.tuples(st.just(r.VenueAccepted), st.just({})),
    st.tuples(st.just(r.VenueRejected), st.just({})),
    st.tuples(
        st.just(r.VenueCancelled),
        st.builds(
            lambda reason, filled: {"reason": reason, "filled_quantity": filled},
            st.sampled_from([Reason.REQUESTED, Reason.VENUE]),
            st.sampled_from([None, "0", "1"]),
        ),
    ),
    st.tuples(st.just(r.VenueExpired), st.just({})),
    st.tuples(
        st.just(r.VenueFilled),
        st.builds(
            lambda side, number, quantity, price: {"side": side, "fill": fill(f"x-{number}", quantity, price)},
            st.sampled_from([Side.BUY, Side.BUY, Side.SELL]),
            st.integers(1, 6),
            quantities,
            prices,
        ),
    ),
    st.tuples(st.just(r.VenueFillBusted), st.integers(1, 6).map(lambda number: {"execution_id": f"x-{number}"})),
    st.tuples(
        st.just(r.VenueStatus),
        st.builds(
            lambda state, filled, quantity: {"state": state, "filled_quantity": filled, "quantity": quantity},
            states | st.none(),
            st.sampled_from(["0", "1", "2"]),
            st.none() | quantities,
        ),
    ),
)
answers = st.tuples(st.sampled_from(["modified", "not modified", "not cancelled"]), names)
steps = st.one_of(
    commands,
    commands,
    st.tuples(st.just("said"), names, reports),
    st.tuples(st.just("said"), names, reports),
    answers,
    st.tuples(st.just("price"), st.sampled_from([("89", "91"), ("99", "101"), ("108", "110")])),
    st.tuples(st.just("paid"), st.sampled_from(["10", "-10", "-1000000"]), st.sampled_from(["t-1", "t-2"])),
    st.tuples(st.just("bound"), limits),
    st.tuples(st.just("halt"), st.sampled_from(["", "s"]), st.sampled_from(Action)),
    st.tuples(st.just("resume"), st.sampled_from(["", "s"])),
    st.just(("overdue",)),
    st.just(("later",)),
)
KINDS = (
    {},
    {"hedged": True},
    {"amends": False},
    {"account": SpotAccount()},
    {"account": MarginAccount(leverage="5", maintenance_margin="0.1")},
    {"ties": False},
)


def take(life: Life, step) -> None:
    match step:
        case ("said", name, (kind, fields)):
            say(life, name, kind, fields)
        case ("modified" | "not modified" | "not cancelled", name):
            answer(life, *step)
        case ("price", quote):
            life.price(quote)
        case ("paid", amount, transfer_id):
            life.pay(amount, transfer_id)
        case ("bound", bounds):
            life.bound(bounds)
        case ("halt", strategy_id, action):
            life.halt(strategy_id, action)
        case ("resume", strategy_id):
            life.resume(strategy_id)
        case ("overdue",):
            life.hear(life.blotter.decide_overdue(life.now, life.now))
        case ("later",):
            life.now += SECOND
        case _:
            life.ask(step)


def said_of(life: Life, name: str, kind, fields) -> r.VenueReport:
    order = life.blotter.order(name)
    client_id = name if order is None else order.client_order_id
    traded = {"symbol": "BTC/USDT"} if kind in {r.VenueFilled, r.VenueFillBusted} else {}
    return report(kind, client_order_id=client_id, time_ns=life.now, **traded | fields)


def say(life: Life, name: str, kind, fields) -> None:
    said = said_of(life, name, kind, fields)
    outcome = life.blotter.decide_report(said, life.now)
    # A bust that overtakes its execution is no entry, and so it is not known to the next life.
    if outcome.early is None:
        life.hear(outcome)


def answer(life: Life, kind: str, name: str) -> None:
    """Answer the request that is on its way."""
    order = life.blotter.order(name)
    if order is None or order.pending_request_id is None:
        return
    about = {"client_order_id": order.client_order_id, "request_id": order.pending_request_id}
    said = {
        "modified": r.VenueModified(**about, quantity="2"),
        "not modified": r.VenueModifyRejected(**about),
        "not cancelled": r.VenueCancelRejected(**about),
    }
    life.hear(life.blotter.decide_report(said[kind], life.now))


def lived(sequence, kind, bounds) -> Life:
    life = Life(bounds, answer_within_ns=SECOND, **kind).price()
    for step in sequence:
        take(life, step)
    for state in {order.state for order in life.blotter.orders()}:
        noted(f"ends {state.value}")
    return life


def outcome_of(outcome: Outcome) -> Outcome:
    """Return what follows; what was told of groups and positions may be told again in another life."""
    return attrs.evolve(outcome, alarms=(), told=(), cleared=None, early=None)


lives = st.builds(lived, st.lists(steps, min_size=5, max_size=40), st.sampled_from(KINDS), limits)


@settings(max_examples=150, deadline=None)
@given(lives, st.data())
def test_what_is_rebuilt_is_what_was_known_wherever_the_entries_end(life, data):
    whole = life.recovered()
    assert_same(whole.priced_as(life).known(), life.known())
    until = data.draw(st.sampled_from(life.ends))
    part = life.recovered(until)
    assert part.blotter.sequence == until
    assert_same(part.recovered().priced_as(life).known(), part.priced_as(life).known())


@settings(max_examples=150, deadline=None)
@given(lives, st.lists(commands, max_size=4), st.lists(st.tuples(names, reports), max_size=4))
def test_the_next_life_judges_what_comes_as_the_last_would_have(life, asked, told):
    again = life.recovered().priced_as(life)
    # By then no rate counts what was asked for before it was denied or refused.
    life.now = again.now = life.now + HOUR
    for command in asked:
        own = changed(command, source="s")
        assert again.risk.decide(own, again.now) == life.risk.decide(own, life.now)
    for name, (kind, fields) in told:
        said = said_of(life, name, kind, fields)
        again.ids.count = life.ids.count = 1_000
        found, expected = (desk.blotter.decide_report(said, desk.now) for desk in (again, life))
        assert outcome_of(found) == outcome_of(expected)
    again.ids.count = life.ids.count = 2_000
    found, expected = (desk.blotter.decide_clearing(desk.now) for desk in (again, life))
    assert outcome_of(found) == outcome_of(expected)
    assert again.blotter.next_clearing_ns == life.blotter.next_clearing_ns
    assert again.blotter.next_retry_ns == life.blotter.next_retry_ns
    assert Decimal(0) <= min(again.risk.reserved.values(), default=Decimal(0))
