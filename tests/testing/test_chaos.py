"""The chaos exchange: each fault by itself, as the order manager meets it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from helpers import BOUND, BTC, OwnVenue, Recorder, assert_clean, limit, market, quote

from orderpit import (
    AlarmCode,
    ByVolumeShare,
    FixedSlippage,
    InvalidConfiguration,
    NormalSlippage,
    Order,
    OrderState,
    Pending,
    Reason,
    SampledLatency,
    Side,
    SimulatedExchange,
    TradingSystem,
    audit,
)
from orderpit.model import reports as r
from orderpit.testing import RATES, SCENARIOS, ChaosExchange, Faults, happened, heal, let_pass, settled, storm

FREE = SimulatedExchange(maker_fee=0, taker_fee=0)


def chaotic(faults: Faults, inner: Any = FREE, **settings: Any) -> TradingSystem:
    """Return a system, not yet started, on the stepped runtime, where nothing is left to chance but the faults."""
    arguments: dict[str, Any] = {"runtime": "stepped", "answer_within": 2, "on_error": Recorder()}
    return TradingSystem([BTC], exchange=ChaosExchange(inner=inner, faults=faults), **arguments | settings)


def alarms(system: TradingSystem) -> list[AlarmCode]:
    return [alarm.code for alarm in system.troubles().alarms]


def told(system: TradingSystem, order_id: str) -> list[str]:
    """The events of an order behind its submission, by name."""
    names = [type(update.event).__name__ for update in system.history() if update.event.order_id == order_id]
    return names[2:]


def rested(system: TradingSystem, **terms: Any) -> str:
    """Submit an order that rests, and return its id."""
    system.publish(quote("99", "101"))
    order_id = system.submit(limit(**{"price": "100", "quantity": "4"} | terms))
    let_pass(system, 0.01)
    return order_id


def known(system: TradingSystem, order_id: str) -> Order:
    order = system.order(order_id)
    assert order is not None
    return order


# -- the description


@pytest.mark.parametrize("name", RATES)
def test_each_fault_has_a_rate_that_is_a_probability(name: str) -> None:
    assert getattr(Faults(**{name: "0.5"}), name) == Decimal("0.5")
    assert Faults(**{name: 1}).names() == (name,)
    for wrong, rule in (("1.1", "must be at most 1"), ("-0.1", "must not be negative"), (0.5, "must be a Decimal")):
        with pytest.raises(InvalidConfiguration, match=f"{name}.*{rule}"):
            Faults(**{name: wrong})


def test_a_duration_must_not_be_negative() -> None:
    with pytest.raises(InvalidConfiguration, match=r"outage.*must not be negative"):
        Faults(outage="-1")


def test_no_faults_are_none() -> None:
    assert Faults.none().names() == ()


def test_a_seed_draws_its_own_faults_with_about_a_third_of_them_off() -> None:
    drawn = [Faults.drawn(seed) for seed in range(300)]
    assert drawn[7] == Faults.drawn(7) != drawn[8]
    on = sum(len(faults.names()) for faults in drawn) / (300 * len(RATES))
    assert 0.62 < on < 0.71
    assert {name for faults in drawn for name in faults.names()} == set(RATES)


def test_each_fault_has_a_scenario_of_its_own() -> None:
    assert sorted(name for faults in SCENARIOS.values() for name in faults.names()) == sorted(RATES)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"faults": "lost request"}, "faults.*must be Faults"),
        ({"inner": SimulatedExchange}, "inner.*must be an Exchange, with a method connect"),
        ({"inner": object()}, "inner.*must be an Exchange, with a method connect"),
        ({"seed": -1}, "seed.*must be at least 0"),
    ],
    ids=["a name", "a class", "no exchange", "seed"],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidConfiguration, match=rule):
        ChaosExchange(**settings)


@pytest.mark.parametrize(
    "inner",
    [
        SimulatedExchange(slippage="0.01", fill_probability="0.5", latency="0.001"),
        SimulatedExchange(
            slippage=NormalSlippage("0.005"),
            fill_model=ByVolumeShare("0.3"),
            latency=SampledLatency(("0", "0.001", "0.02")),
        ),
    ],
    ids=["numbers", "models"],
)
def test_without_faults_it_is_the_exchange_behind(inner: SimulatedExchange) -> None:
    def fills(exchange: Any) -> list[tuple[Any, ...]]:
        with TradingSystem([BTC], exchange=exchange, runtime="stepped", seed=3) as system:
            for step in range(30):
                system.publish(quote(str(96 - step % 3), str(104 - step % 5), bid_size="2", ask_size="3"))
                system.submit(limit(str(98 + step % 5), "2", Side.SELL if step % 2 else Side.BUY))
                system.submit(market("1"))
            system.quiesce(BOUND)
            return [
                (order.state, [(fill.quantity, fill.price, fill.fee) for fill in order.fills])
                for order in system.orders()
            ]

    assert fills(ChaosExchange(inner=inner)) == fills(inner)


def test_what_risk_reserves_is_that_of_the_exchange_behind() -> None:
    inner = SimulatedExchange(taker_fee="0.5", slippage="0.25")
    exchange = ChaosExchange(inner=inner)
    assert (exchange.dearest_fee, exchange.allowance) == (Decimal("0.5"), Decimal("1.25"))
    assert ChaosExchange(inner=SimulatedExchange(slippage=FixedSlippage(3))).allowance_ticks == 3
    assert ChaosExchange(inner=OwnVenue()).allowance_ticks == 0
    assert not exchange.loses_nothing, "so that it is waited for, but not for ever"
    with chaotic(Faults.none(), inner, cash={"USDT": "150"}) as system:
        system.publish(quote("99", "100"))
        order = system.wait(system.submit(market("1")), OrderState.REJECTED, BOUND)
        assert order.reason is Reason.INSUFFICIENT_FUNDS


def test_the_same_seed_gives_the_same_faults() -> None:
    def run(seed: int) -> tuple[Any, ...]:
        exchange = ChaosExchange(faults=Faults.drawn(5), seed=seed)
        with TradingSystem([BTC], exchange=exchange, runtime="stepped", on_error=Recorder()) as system:
            for _ in range(20):
                rested(system)
                system.publish(quote("98", "100"))
            return dict(happened(system)), system.history()

    assert run(1) == run(1)
    assert run(1)[0] != run(2)[0]


def test_only_a_system_at_a_chaos_exchange_has_counts() -> None:
    with (
        TradingSystem([BTC], exchange=FREE, runtime="stepped") as system,
        pytest.raises(InvalidConfiguration, match="must trade at a ChaosExchange"),
    ):
        happened(system)


# -- requests


@pytest.mark.fault(3)
def test_03_a_lost_request_is_asked_about_and_ends_the_order() -> None:
    with chaotic(Faults(lost_request=1)) as system:
        order_id = rested(system)
        assert known(system, order_id).state is OrderState.SUBMITTED
        let_pass(system, 2.1)
        assert known(system, order_id).in_doubt
        assert heal(system)
        order = known(system, order_id)
        assert (order.state, order.reason) == (OrderState.REJECTED, Reason.NOT_AT_VENUE)
        assert_clean(system)


@pytest.mark.fault(4)
def test_04_an_order_whose_acknowledgement_is_lost_is_found_live() -> None:
    with chaotic(Faults(lost_ack=1)) as system:
        order_id = rested(system)
        assert heal(system)
        order = known(system, order_id)
        assert (order.state, order.in_doubt) == (OrderState.OPEN, False)
        assert told(system, order_id) == ["OrderInDoubt", "OrderResolved", "OrderOpened"]
        assert_clean(system)


@pytest.mark.fault(29)
def test_29_a_request_that_takes_too_long_is_in_doubt_and_arrives_before_the_query() -> None:
    with chaotic(Faults(slow=1, slow_by=60)) as system:
        order_id = rested(system)
        let_pass(system, 2.1)
        assert known(system, order_id).in_doubt
        assert settled(system, 300)
        assert known(system, order_id).state is OrderState.OPEN
        assert_clean(system)


@pytest.mark.fault(2)
@pytest.mark.parametrize("healed", [True, False], ids=["healed", "in its own time"])
def test_02_a_disconnect_puts_what_is_in_flight_in_doubt(healed: bool) -> None:  # noqa: FBT001
    with chaotic(Faults(disconnect="0.5", outage=10, latency="0.01")) as system:
        system.publish(quote())
        ids = [system.submit(limit("100", "4")) for _ in range(6)]
        assert happened(system)["disconnect"] == 1
        assert AlarmCode.DISCONNECTED in alarms(system)
        assert any(known(system, order_id).in_doubt for order_id in ids)
        refused = system.wait(system.submit(limit()), OrderState.REJECTED, BOUND)
        assert refused.reason is Reason.DISCONNECTED
        assert heal(system) if healed else settled(system, 600)
        states = {known(system, order_id).state for order_id in ids}
        assert states <= {OrderState.OPEN, OrderState.REJECTED}
        assert_clean(system)


@pytest.mark.fault(2)
def test_02_what_was_executed_behind_a_broken_link_is_booked_once_it_is_back() -> None:
    with chaotic(Faults(disconnect=1, outage=10)) as system:
        heal(system)
        order_id = rested(system)
        storm(system)
        system.cancel(order_id)
        system.publish(quote("99", "100"))
        assert known(system, order_id).filled_quantity == 0
        assert heal(system)
        assert known(system, order_id).state is OrderState.FILLED
        assert_clean(system)


@pytest.mark.fault(22)
def test_22_orders_that_a_restart_has_forgotten_are_cancelled_and_keep_what_they_executed() -> None:
    with chaotic(Faults(restart=1)) as system:
        heal(system)
        idle, partial = rested(system, price="99.5"), rested(system)
        system.publish(quote("99", "100", ask_size="1"))
        storm(system)
        system.cancel(idle)
        assert heal(system)
        assert [(known(system, name).state, known(system, name).reason) for name in (idle, partial)] == [
            (OrderState.CANCELLED, Reason.NOT_AT_VENUE)
        ] * 2
        assert known(system, partial).filled_quantity == 1
        assert_clean(system)


@pytest.mark.fault(28)
def test_28_a_rate_limit_refuses_all_but_cancels_until_it_is_over() -> None:
    with chaotic(Faults(rate_limit=1, outage=10)) as system:
        heal(system)
        resting = rested(system)
        storm(system)
        system.publish(quote())
        refused = system.wait(system.submit(limit()), OrderState.REJECTED, BOUND)
        assert (refused.reason, refused.reason_text) == (Reason.VENUE, "too many requests")
        system.cancel(resting)
        assert known(system, resting).state is OrderState.CANCELLED
        assert heal(system)
        assert known(system, rested(system)).state is OrderState.OPEN


@pytest.mark.fault(32)
def test_32_a_closed_market_refuses_orders_and_modifications_but_not_cancels() -> None:
    with chaotic(Faults(market_closed=1, outage=10)) as system:
        heal(system)
        resting = rested(system)
        storm(system)
        refused = system.wait(system.submit(limit()), OrderState.REJECTED, BOUND)
        assert (refused.reason, refused.reason_text) == (Reason.VENUE, "the market is closed")
        system.modify(resting, price="98")
        assert (known(system, resting).price, told(system, resting)[-1]) == (Decimal(100), "ModifyRejected")
        system.cancel(resting)
        assert known(system, resting).state is OrderState.CANCELLED


# -- at the venue


@pytest.mark.fault(12)
def test_12_a_cancel_that_is_refused_leaves_the_order_live() -> None:
    with chaotic(Faults(cancel_rejected=1)) as system:
        order_id = rested(system)
        system.cancel(order_id)
        order = known(system, order_id)
        assert (order.state, order.pending) == (OrderState.OPEN, Pending.NONE)
        assert told(system, order_id)[-1] == "CancelRejected"


@pytest.mark.fault(15)
def test_15_a_modification_that_is_refused_leaves_the_old_terms() -> None:
    with chaotic(Faults(modify_rejected=1)) as system:
        order_id = rested(system)
        system.modify(order_id, price="98", quantity="2")
        order = known(system, order_id)
        assert (order.price, order.quantity, order.pending) == (Decimal(100), Decimal(4), Pending.NONE)


@pytest.mark.fault(21)
def test_21_the_price_of_an_acknowledgement_is_in_force() -> None:
    with chaotic(Faults(wrong_price=1)) as system:
        order_id = rested(system)
        price = known(system, order_id).price
        assert price in {Decimal("99.99"), Decimal("100.01")}
        assert alarms(system) == [AlarmCode.CHANGED_TERMS]
        system.publish(quote("99", price))
        assert known(system, order_id).average_fill_price == price
        assert_clean(system)


def test_a_wrong_price_is_never_zero() -> None:
    with chaotic(Faults(wrong_price=1)) as system:
        assert {known(system, rested(system, price="0.01")).price for _ in range(10)} == {Decimal("0.02")}


@pytest.mark.fault(9)
@pytest.mark.parametrize("seed", range(4))
def test_09_a_fill_that_races_a_cancel_is_booked(seed: int) -> None:
    with chaotic(Faults(fill_races_cancel=1), seed=seed) as system:
        order_id = rested(system)
        system.cancel(order_id)
        assert heal(system)
        order = known(system, order_id)
        assert order.filled_quantity == (4 if order.state is OrderState.FILLED else 2) or order.late_fill
        assert_clean(system)


@pytest.mark.fault(10)
def test_10_a_fill_that_is_reported_behind_the_end_of_its_order_is_booked() -> None:
    late = set()
    for seed in range(12):
        with chaotic(Faults(fill_races_cancel=1), seed=seed) as system:
            order_id = rested(system)
            system.cancel(order_id)
            assert heal(system)
            order = known(system, order_id)
            late.add((order.state, order.late_fill, order.filled_quantity))
            assert_clean(system)
    assert (OrderState.CANCELLED, True, Decimal(2)) in late


@pytest.mark.fault(14)
@pytest.mark.parametrize("quantity", ["1", "2", "9"])
def test_14_a_fill_that_races_a_modification_counts(quantity: str) -> None:
    for seed in range(4):
        with chaotic(Faults(fill_races_modify=1), seed=seed) as system:
            order_id = rested(system)
            system.modify(order_id, quantity=quantity)
            assert heal(system)
            assert known(system, order_id).filled_quantity in {Decimal(2), Decimal(4)}
            assert_clean(system)


@pytest.mark.fault(11, 31)
def test_31_an_order_that_expires_as_a_fill_races_it_ends_once_and_books_the_fill() -> None:
    ends = set()
    for seed in range(12):
        with chaotic(Faults(fill_races_expiry=1), seed=seed) as system:
            order_id = rested(system)
            assert settled(system)
            order = known(system, order_id)
            ends.add((order.state, order.late_fill))
            assert_clean(system)
    assert ends == {(OrderState.FILLED, False), (OrderState.EXPIRED, False), (OrderState.EXPIRED, True)}


@pytest.mark.fault(18)
def test_18_what_is_executed_beyond_the_quantity_is_booked() -> None:
    with chaotic(Faults(overfill=1)) as system:
        system.publish(quote())
        order = system.wait(system.submit(market("2")), OrderState.FILLED, BOUND)
        assert settled(system)
        order = known(system, order.order_id)
        assert (order.filled_quantity, order.excess_quantity, order.leaves_quantity) == (4, 2, 0)
        assert AlarmCode.OVERFILL in alarms(system)
        assert_clean(system)


@pytest.mark.fault(19)
def test_19_an_execution_on_an_order_that_nobody_sent_is_booked_to_nobody() -> None:
    with chaotic(Faults(unknown_order=1)) as system:
        system.publish(quote())
        system.wait(system.submit(market("2")), OrderState.FILLED, BOUND)
        (external,) = system.orders(strategy_id="external")
        assert (external.state, external.filled_quantity) == (OrderState.FILLED, 2)
        assert AlarmCode.UNKNOWN_ORDER in alarms(system)
        assert_clean(system)


@pytest.mark.fault(20)
def test_20_an_execution_that_is_declared_void_is_taken_back() -> None:
    with chaotic(Faults(bust=1)) as system:
        system.publish(quote())
        order_id = system.submit(market("2"))
        assert settled(system)
        order = known(system, order_id)
        assert (order.filled_quantity, order.fills, order.is_closed) == (0, (), True)
        assert system.portfolio().positions["BTC/USDT"].quantity == 0
        assert_clean(system)


@pytest.mark.fault(20)
def test_20_an_order_of_which_an_execution_was_void_ends_with_what_stands() -> None:
    with chaotic(Faults(bust="0.5")) as system:
        order_id = rested(system)
        for _ in range(4):
            system.publish(quote("99", "100", ask_size="1"))
            system.publish(quote())
            assert settled(system)
        order = known(system, order_id)
        assert happened(system)["bust"]
        assert order.filled_quantity < 4
        assert order.is_closed
        assert_clean(system)


@pytest.mark.fault(20)
def test_20_a_corrected_execution_has_its_new_price() -> None:
    with chaotic(Faults(correction=1)) as system:
        system.publish(quote())
        order_id = system.submit(market("2"))
        assert settled(system)
        assert known(system, order_id).average_fill_price == Decimal("101.01")
        assert_clean(system)


@pytest.mark.fault(23)
def test_23_a_wrong_clock_is_data_and_orders_nothing() -> None:
    with chaotic(Faults(clock_skew=1)) as system:
        system.publish(quote())
        orders = [system.wait(system.submit(market("1")), OrderState.FILLED, BOUND) for _ in range(8)]
        skews = [order.fills[0].time_ns - order.created_ns for order in orders]
        assert min(skews) < -(10**12)
        assert max(skews) > 10**12
        assert all(abs(skew) <= 86_400 * 10**9 for skew in skews)
        assert all(update.event.time_ns == orders[0].created_ns for update in system.history())
        assert_clean(system)


# -- reports


@pytest.mark.fault(5, 6)
def test_06_every_report_twice_changes_nothing() -> None:
    with chaotic(Faults(duplicate=1)) as system:
        order_id = rested(system)
        system.publish(quote("99", "100"))
        assert settled(system)
        assert known(system, order_id).filled_quantity == 4
        assert system.books()["order_manager"].repeats == happened(system)["duplicate"] == 2
        assert alarms(system) == []
        assert_clean(system)


@pytest.mark.fault(7)
def test_07_of_two_executions_under_one_id_the_first_is_kept() -> None:
    with chaotic(Faults(other_content=1)) as system:
        order_id = rested(system)
        system.publish(quote("99", "100"))
        assert known(system, order_id).average_fill_price == 100
        assert alarms(system) == [AlarmCode.EXECUTION_CONFLICT]
        assert_clean(system)


@pytest.mark.fault(8)
def test_08_a_fill_that_overtakes_its_acknowledgement_implies_it() -> None:
    with chaotic(Faults(fill_before_ack=1)) as system:
        system.publish(quote())
        order_id = system.submit(market("2"))
        assert told(system, order_id) == ["OrderOpened", "OrderFilled"]
        assert settled(system)
        assert told(system, order_id) == ["OrderOpened", "OrderFilled"]
        assert_clean(system)


@pytest.mark.fault(16)
def test_16_answers_out_of_order_are_told_apart_by_their_request() -> None:
    prices = set()
    for seed in range(6):
        with chaotic(Faults(reordered="0.5"), seed=seed) as system:
            order_id = rested(system)
            for price in ("98", "97", "96"):
                system.modify(order_id, price=price)
                assert settled(system)
            prices.add(known(system, order_id).price)
            assert_clean(system)
    assert prices == {Decimal(96)}


def test_a_late_fill_comes_behind_the_cancellation() -> None:
    with chaotic(Faults(late_fill=1)) as system:
        order_id = rested(system)
        system.publish(quote("99", "100", ask_size="1"))
        system.cancel(order_id)
        order = known(system, order_id)
        assert (order.state, order.filled_quantity) == (OrderState.CANCELLED, 0)
        assert heal(system)
        order = known(system, order_id)
        assert (order.state, order.filled_quantity, order.late_fill) == (OrderState.CANCELLED, 1, True)
        assert_clean(system)


# -- an exchange of one's own behind


def test_an_exchange_of_ones_own_is_asked_and_heard() -> None:
    venue = OwnVenue()
    with chaotic(Faults(duplicate=1), venue) as system:
        order_id = rested(system)
        assert [type(request) for request in venue.requests.items] == [r.VenueSubmit]
        assert len(venue.data.items) == 1
        venue.report(r.VenueAccepted(client_order_id=order_id, exchange_order_id="1"))
        assert settled(system)
        assert known(system, order_id).state is OrderState.OPEN
        venue.report(r.VenueDisconnected())
        venue.report(r.VenueConnected())
        let_pass(system, 0.01)
        assert type(venue.requests.items[-1]) is r.VenueQuery
        assert happened(system) == {"duplicate": 1}
        with pytest.raises(Exception, match="must be one of the venue's report types"):
            venue.report("hello")
        assert audit(system).violations == ()
    assert venue.closed.is_set()


def test_the_link_to_an_exchange_of_ones_own_breaks_too() -> None:
    venue = OwnVenue()
    with chaotic(Faults(restart=1, outage=1), venue) as system:
        heal(system)
        order_id = rested(system)
        venue.report(r.VenueAccepted(client_order_id=order_id, exchange_order_id="1"))
        let_pass(system, 0.01)
        storm(system)
        system.cancel(order_id)
        (sent,) = [request for request in venue.requests.items if type(request) is r.VenueCancel]
        venue.report(r.VenueCancelled(client_order_id=order_id))
        let_pass(system, 2)
        assert known(system, order_id).in_doubt
        heal(system, 3)
        assert isinstance(venue.requests.items[-1], r.VenueQuery)
        venue.report(r.VenueStatus(client_order_id=order_id, state=OrderState.CANCELLED, complete=True))
        assert settled(system)
        order = known(system, order_id)
        assert (order.state, order.reason) == (OrderState.CANCELLED, Reason.NOT_AT_VENUE)
        assert sent.source == "chaos"


def test_an_exchange_that_cannot_close_is_reported() -> None:
    class Stuck(OwnVenue):
        def close(self) -> None:
            raise RuntimeError

    problems = Recorder()
    with chaotic(Faults.none(), Stuck(), on_error=problems):
        pass
    assert [problem.what for problem in problems.items] == ["could not close"]
