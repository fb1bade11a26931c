"""Brackets, OCO and OTO on a whole system, under watch at every step."""

from __future__ import annotations

import pytest
from helpers import BOUND, BTC, OwnVenue, Recorder, assert_clean, limit, market, quote, system_of

from orderpit import (
    AlarmCode,
    Fill,
    InvalidOrder,
    OrderState,
    OrderType,
    Overloaded,
    Quote,
    Reason,
    Side,
    SimulatedExchange,
    Strategy,
    SubmitOrder,
    TradingSystem,
    audit,
    reports,
)
from orderpit.actors.stepped import Stepped
from orderpit.model.events import CancelRequested, OrderCreated
from orderpit.model.kinds import Role
from orderpit.testing import ChaosExchange, Faults, heal
from orderpit.testing.watching.watch import Watch

FREE = SimulatedExchange(maker_fee="0", taker_fee="0")


class Watched:
    """A stepped system whose every step is watched; ends with an audit."""

    def __init__(self, **more) -> None:
        self.watch = Watch(every=1)
        self.troubles = Recorder()
        stepped = Stepped(on_delivery=self.watch.delivered, on_step=self.watch.stepped)
        settings = {"exchange": FREE, "on_error": self.troubles}
        self.system = TradingSystem([BTC], runtime=stepped, **settings | more)

    def __enter__(self) -> TradingSystem:
        self.system.start()
        self.watch.attach(self.system)
        return self.system

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            self.watch.finish()
        self.system.stop()


def shown(system, group_id):
    return [
        f"{order.link.role.value} {order.state.value} {order.filled_quantity}/{order.quantity}"
        for order in system.group(group_id).orders
    ]


def buy_ten(**more):
    return limit("100", "10", **more)


def test_a_bracket_from_its_entry_to_its_end():
    with Watched() as system:
        system.publish(quote("99", "100", ask_size="4"))
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
        assert shown(system, ids.group_id) == ["ENTRY PARTIAL 4/10", "PROFIT_TARGET OPEN 0/4", "STOP_LOSS OPEN 0/4"]
        system.publish(quote("99", "100", ask_size="6.5"))
        assert shown(system, ids.group_id) == ["ENTRY FILLED 10/10", "PROFIT_TARGET OPEN 0/10", "STOP_LOSS OPEN 0/10"]
        system.publish(quote("110", "111", bid_size="3"))
        assert system.order(ids.stop_loss).quantity == 7
        system.publish(quote("94", "96"))
        assert [system.order(one).state for one in (ids.entry, ids.profit_target, ids.stop_loss)] == [
            OrderState.FILLED,
            OrderState.CANCELLED,
            OrderState.FILLED,
        ]
        assert system.portfolio().positions["BTC/USDT"].quantity == 0
        reasons = [update.event.reason for update in system.history() if isinstance(update.event, CancelRequested)]
        assert reasons == [Reason.CONTINGENT]
        stats = system.stats()
        assert (stats["unprotected_ns"], stats["unprotected_ns_max"]) == (0, 0)
        assert system.troubles().alarms == ()


def test_the_time_without_protection_is_that_of_the_way_to_the_venue():
    with Watched(exchange=SimulatedExchange(latency="0.002")) as system:
        system.publish(quote("99", "100"))
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
        system.wait(ids.stop_loss, OrderState.OPEN, BOUND)
        unprotected = system.group(ids.group_id).unprotected_ns
        assert unprotected >= 2_000_000
        assert system.stats()["unprotected_ns"] == unprotected
        assert system.stats()["unprotected_ns_max"] == unprotected


def test_a_stop_that_the_market_has_passed_is_closed_at_the_market():
    with Watched() as system:
        system.publish(quote("99", "100"))
        low = limit("120", "10")
        ids = system.bracket(low, profit_target="130", stop_loss="99.5")
        assert shown(system, ids.group_id) == [
            "ENTRY FILLED 10/10",
            "PROFIT_TARGET CANCELLED 0/10",
            "STOP_LOSS REJECTED 0/10",
            "STOP_LOSS FILLED 10/10",
        ]
        assert [alarm.code for alarm in system.troubles().alarms] == [AlarmCode.UNPROTECTED]
        assert system.portfolio().positions["BTC/USDT"].quantity == 0


def test_a_stop_that_the_venue_refuses_to_cancel_is_asked_to_end_until_it_has():
    plain = SimulatedExchange(maker_fee="0", taker_fee="0", ties=False)
    with Watched(exchange=ChaosExchange(inner=plain, faults=Faults(cancel_rejected=1))) as system:
        system.publish(quote("99", "100"))
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
        flat_ns = system.now_ns()
        system.publish(quote("110", "111"))
        let_pass(system, 1)
        events = [update.event for update in system.history() if update.event.order_id == ids.stop_loss]
        asked = [event.time_ns - flat_ns for event in events if isinstance(event, CancelRequested)]
        assert asked == [0, 10**8, 3 * 10**8, 7 * 10**8]
        assert [alarm.code for alarm in system.troubles().alarms] == [AlarmCode.UNCANCELLED]
        heal(system)
        let_pass(system, 1)
        assert system.group(ids.group_id).is_closed
        assert len(system.troubles().alarms) == 1


def let_pass(system, seconds):
    """Let time pass for an order that never fills."""
    order_id = system.submit(limit("1000", "1", side=Side.SELL))
    with pytest.raises(TimeoutError):
        system.wait(order_id, OrderState.FILLED, seconds)
    system.cancel(order_id)


def stopped_at_a_thin_bid(system):
    """Return a bracket of which 7 of 10 are open still, with nothing left to sell to."""
    system.publish(quote("99", "100"))
    ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
    system.publish(quote("94", "96", bid_size="3"))
    return ids


def test_what_a_thin_market_does_not_take_is_closed_when_it_takes_more():
    with Watched() as system:
        begin_ns = system.now_ns()
        ids = stopped_at_a_thin_bid(system)
        let_pass(system, 1)
        attempts = system.group(ids.group_id).of(Role.STOP_LOSS)[1:]
        assert [leg.order.created_ns - begin_ns for leg in attempts] == [0, 10**8, 3 * 10**8, 7 * 10**8]
        assert {leg.order.reason for leg in attempts} == {Reason.REMAINDER}
        system.publish(quote("93", "96", bid_size="5"))
        let_pass(system, 1)
        assert system.group(ids.group_id).open_quantity == 2
        system.publish(quote("92", "96"))
        let_pass(system, 3)
        assert shown(system, ids.group_id)[1] == "PROFIT_TARGET CANCELLED 0/2"
        assert system.group(ids.group_id).is_closed
        assert system.portfolio().positions["BTC/USDT"].quantity == 0
        assert [alarm.code for alarm in system.troubles().alarms] == [AlarmCode.UNPROTECTED] * 2


def test_in_the_time_of_recorded_data_it_is_tried_again_by_their_times():
    second = 10**9
    day = 20_000 * 86_400 * second
    quotes = [
        Quote("BTC/USDT", bid="99", ask="100", time_ns=day),
        Quote("BTC/USDT", bid="94", ask="96", bid_size="3", time_ns=day + second),
        Quote("BTC/USDT", bid="93", ask="96", time_ns=day + 2 * second),
        Quote("BTC/USDT", bid="93", ask="97", time_ns=day + 600 * second),
    ]
    with Watched(clock="data") as system:
        system.play(quotes[:1]).wait(timeout=BOUND)
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
        system.play(quotes[1:]).wait(timeout=BOUND)
        last = system.group(ids.group_id).orders[-1]
        assert (last.filled_quantity, last.filled_ns - day) == (7, 2_500_000_000)


def test_what_is_to_be_tried_again_is_not_under_way():
    with Watched() as system:
        stopped_at_a_thin_bid(system)
        now_ns = system.now_ns()
        assert system.quiesce(BOUND)
        assert system.now_ns() == now_ns


def test_a_stop_ends_what_is_tried_again():
    with Watched(on_exit="cancel") as system:
        ids = stopped_at_a_thin_bid(system)
    group = system.group(ids.group_id)
    assert group.is_closed
    assert len(group.orders) == 4


def test_on_threads_it_is_tried_again_too():
    with system_of(exchange=FREE) as system:
        system.publish(quote("99", "100"))
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
        system.wait(ids.stop_loss, OrderState.OPEN, BOUND)
        system.publish(quote("94", "96", bid_size="3"))
        system.wait(ids.stop_loss, OrderState.CANCELLED, BOUND)
        system.quiesce(BOUND)
        system.publish(quote("93", "96"))
        system.wait(ids.profit_target, OrderState.CANCELLED, BOUND)
        assert system.group(ids.group_id).open_quantity == 0
        assert audit(system, BOUND).violations == ()


def test_a_denied_leg_denies_all_and_frees_every_place():
    with Watched(max_in_flight=3) as system:
        for _ in range(3):
            ids = system.bracket(buy_ten(), profit_target="110.001", stop_loss="95")
            orders = [system.order(one) for one in (ids.entry, ids.profit_target, ids.stop_loss)]
            assert {order.state for order in orders} == {OrderState.REJECTED}
            assert {order.reason for order in orders} == {Reason.PRICE_INCREMENT}
            assert f"profit target {ids.profit_target}: price 110.001" in orders[0].reason_text


def test_an_id_that_is_taken_refuses_all_and_frees_every_place():
    with Watched(max_in_flight=3) as system:
        system.submit(limit("90", "1", order_id="o"))
        for _ in range(3):
            ids = system.bracket(buy_ten(order_id="o"), profit_target="110", stop_loss="95")
            assert system.group(ids.group_id) is None
        assert len(system.orders()) == 1


def test_a_bracket_submitted_again_is_the_same_bracket_and_frees_every_place():
    with Watched(max_in_flight=3) as system:
        system.publish(quote("99", "100", ask_size="4"))
        first, *others = (system.bracket(buy_ten(order_id="a"), profit_target="110", stop_loss="95") for _ in range(4))
        assert others == [first] * 3
        assert (first.group_id, first.entry, first.profit_target, first.stop_loss) == ("a", "a", "a/2", "a/3")
        assert shown(system, "a") == ["ENTRY PARTIAL 4/10", "PROFIT_TARGET OPEN 0/4", "STOP_LOSS OPEN 0/4"]
        assert (len(system.orders()), system.troubles().alarms) == (3, ())
        other = system.bracket(buy_ten(order_id="a"), profit_target="111", stop_loss="95")
        assert other == first
        assert [alarm.code for alarm in system.troubles().alarms] == [AlarmCode.DUPLICATE_ID]
        assert len(system.orders()) == 3


@pytest.mark.parametrize("kind", ["oco", "oto"])
def test_an_oco_and_an_oto_submitted_again_are_the_same(kind):
    with Watched(max_in_flight=2) as system:
        orders = (limit("95", "2", order_id="a"), limit("105", "2", side=Side.SELL))
        assert len({getattr(system, kind)(*orders) for _ in range(3)}) == 1
        assert len(system.orders()) == 2


def test_each_order_of_a_group_takes_a_place_until_it_is_first_heard_of():
    with Watched(max_in_flight=2) as system, pytest.raises(Overloaded):
        system.bracket(buy_ten(), profit_target="110", stop_loss="95", timeout=0)
    with Watched(max_in_flight=2) as system:
        with pytest.raises(Overloaded):
            system.oco(limit("90", "1"), limit("91", "1"), limit("92", "1"), timeout=0)
        assert system.orders() == ()
        assert len(system.oco(limit("90", "1"), limit("91", "1")).orders) == 2


def test_a_replacement_gives_no_place_back_that_nobody_has_taken():
    with Watched(max_in_flight=3) as system:
        system.publish(quote("99", "100"))
        system.bracket(limit("120", "10"), profit_target="130", stop_loss="99.5")
        system.publish(quote("99", "100", ask_size="100"))
        with pytest.raises(Overloaded):
            system.oco(*(limit("90", "1") for _ in range(4)), timeout=0)


def test_an_oco_and_an_oto():
    with Watched() as system:
        system.publish(quote("99", "101"))
        oco = system.oco(limit("95", "2"), limit("105", "2", side=Side.SELL))
        oto = system.oto(limit("94", "1"), limit("110", "1", side=Side.SELL))
        assert system.order(oto.orders[1]).state is OrderState.PENDING
        system.publish(quote("94", "95"))
        assert [system.order(one).state for one in oco.orders] == [OrderState.FILLED, OrderState.CANCELLED]
        system.publish(quote("93", "94"))
        assert [system.order(one).state for one in oto.orders] == [OrderState.FILLED, OrderState.OPEN]


def test_orders_of_which_one_takes_from_the_other():
    with Watched() as system:
        system.publish(quote("99", "101"))
        ids = system.oco(limit("95", "2"), limit("105", "2", side=Side.SELL), partial="reduce")
        system.publish(quote("94", "95", ask_size="0.5"))
        assert system.order(ids.orders[1]).quantity == system.order(ids.orders[0]).leaves_quantity


def test_under_a_halt_the_exits_wait_for_the_resume():
    with Watched() as system:
        system.publish(quote("99", "101"))
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
        system.halt("enough")
        system.publish(quote("99", "100"))
        assert system.order(ids.stop_loss).state is OrderState.PENDING
        assert [alarm.code for alarm in system.troubles().alarms] == [AlarmCode.UNPROTECTED]
        system.resume()
        assert system.order(ids.stop_loss).is_open
        assert system.order(ids.profit_target).is_open


def test_exits_that_only_reduce_are_counted_once_at_the_venue():
    exits = {"side": Side.SELL, "reduce_only": True}
    target = limit("110", "10", **exits)
    stop = SubmitOrder("BTC/USDT", Side.SELL, OrderType.STOP, "10", stop_price="95", reduce_only=True)
    with Watched() as system:
        system.publish(quote("99", "100"))
        ids = system.bracket(buy_ten(), profit_target=target, stop_loss=stop)
        assert shown(system, ids.group_id)[1:] == ["PROFIT_TARGET OPEN 0/10", "STOP_LOSS OPEN 0/10"]


def test_a_venue_without_amends_takes_the_same_brackets():
    with Watched(exchange=SimulatedExchange(amends=False)) as system:
        system.publish(quote("99", "100", ask_size="4"))
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
        system.publish(quote("99", "100", ask_size="6.5"))
        system.publish(quote("110", "111", bid_size="3"))
        stop = system.order(ids.stop_loss)
        assert (stop.quantity, stop.is_open) == (7, True)
        assert len(stop.replaced_client_order_ids) == 2


NO_AMENDS = SimulatedExchange(amends=False, ties=False, latency="0.01")


def test_under_a_halt_a_stop_is_not_taken_off_the_book_of_a_venue_without_amends():
    with Watched(exchange=NO_AMENDS) as system:
        system.publish(quote("99", "100"))
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
        assert system.quiesce(BOUND)
        system.halt("enough")
        system.publish(quote("110", "111", bid_size="3"))
        assert system.quiesce(BOUND)
        assert shown(system, ids.group_id)[1:] == ["PROFIT_TARGET PARTIAL 3/10", "STOP_LOSS OPEN 0/10"]
        system.resume()
        assert system.quiesce(BOUND)
        assert shown(system, ids.group_id)[1:] == ["PROFIT_TARGET PARTIAL 3/10", "STOP_LOSS OPEN 0/7"]
        assert system.troubles().alarms == ()


def test_a_stop_that_a_halt_has_kept_from_being_placed_anew_comes_back_as_a_stop():
    with Watched(exchange=NO_AMENDS) as system:
        system.publish(quote("99", "100"))
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
        assert system.quiesce(BOUND)
        system.publish(quote("110", "111", bid_size="3"))
        system.halt("while it is being replaced")
        assert system.quiesce(BOUND)
        assert shown(system, ids.group_id)[2:] == ["STOP_LOSS CANCELLED 0/10"]
        assert [alarm.code for alarm in system.troubles().alarms] == [AlarmCode.UNPROTECTED]
        system.resume()
        assert system.quiesce(BOUND)
        assert shown(system, ids.group_id)[3:] == ["STOP_LOSS OPEN 0/7"]
        assert system.group(ids.group_id).orders[-1].order_type is OrderType.STOP


def test_under_a_halt_what_an_entry_fills_further_is_protected_with_the_resume():
    with Watched() as system:
        system.publish(quote("99", "100", ask_size="4"))
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
        system.halt("enough")
        system.publish(quote("99", "100", ask_size="6.5"))
        assert shown(system, ids.group_id) == ["ENTRY FILLED 10/10", "PROFIT_TARGET OPEN 0/4", "STOP_LOSS OPEN 0/4"]
        assert [alarm.code for alarm in system.troubles().alarms] == [AlarmCode.UNPROTECTED]
        system.resume()
        assert shown(system, ids.group_id)[1:] == ["PROFIT_TARGET OPEN 0/10", "STOP_LOSS OPEN 0/10"]


@pytest.mark.parametrize("exchange", [FREE, SimulatedExchange(latency="0.01")], ids=["at once", "with latency"])
def test_a_stop_that_cancels_ends_every_order_of_a_bracket_sends_none_and_alarms_once(exchange):
    with Watched(on_exit="cancel", exchange=exchange) as system:
        system.publish(quote("99", "100", ask_size="4"))
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
        assert system.quiesce(BOUND)
    assert shown(system, ids.group_id) == [
        "ENTRY CANCELLED 4/10",
        "PROFIT_TARGET CANCELLED 0/4",
        "STOP_LOSS CANCELLED 0/4",
    ]
    assert [alarm.code for alarm in system.troubles().alarms] == [AlarmCode.UNPROTECTED]


def test_a_stop_that_leaves_orders_leaves_the_exits_at_work():
    with Watched(on_exit="leave") as system:
        system.publish(quote("99", "100", ask_size="4"))
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
    assert shown(system, ids.group_id) == ["ENTRY PARTIAL 4/10", "PROFIT_TARGET OPEN 0/4", "STOP_LOSS OPEN 0/4"]
    assert system.troubles().alarms == ()


class Bracketing(Strategy):
    """Enters once, with each kind of group."""

    def __init__(self, seen) -> None:
        self.seen = seen

    def on_start(self) -> None:
        ids = self.bracket(limit("100", "1"), profit_target="110", stop_loss="95")
        assert ids is not None
        self.seen.append([order.state.value for order in self.orders()])
        self.seen.append(self.group(ids.group_id))
        self.ids = ids
        assert self.oco(limit("90", "1"), limit("91", "1")) is not None
        assert self.oto(limit("90", "1"), limit("91", "1")) is None, "no place is left"

    def on_order(self, update) -> None:
        if isinstance(update.event, OrderCreated) and update.order.link.role is Role.STOP_LOSS:
            self.seen.append(len(self.group(self.ids.group_id).orders))


def test_a_strategy_asks_for_groups_too():
    seen = []
    with Watched(max_in_flight=5) as system:
        system.publish(quote("99", "101"))
        system.add_strategy(Bracketing, seen=seen)
        assert seen == [["PENDING"] * 3, None, 3]
        assert len(system.orders()) == 5


class Repeating(Strategy):
    """Asks for the same bracket again at each quote."""

    def __init__(self, seen) -> None:
        self.seen = seen

    def on_market_data(self, data) -> None:
        del data
        self.seen.append(self.bracket(limit("100", "1", order_id="mine"), profit_target="110", stop_loss="95"))


def test_a_strategy_that_asks_again_has_one_bracket_and_its_places_back():
    seen = []
    with Watched(max_in_flight=3) as system:
        system.add_strategy(Repeating, seen=seen)
        for bid in ("99", "98", "97"):
            system.publish(quote(bid, "101"))
        assert len(seen) == 3
        assert seen == [seen[0]] * 3
        assert seen[0] is not None
        assert len(system.orders()) == 3
        assert system.troubles().alarms == ()


class Raising(Strategy):
    def on_market_data(self, data) -> None:
        self.bracket(limit("100", "1"), profit_target="110", stop_loss="95")
        raise RuntimeError(data.symbol)


def test_a_handler_that_raises_has_asked_for_nothing():
    with Watched(max_in_flight=3) as system:
        strategy = system.add_strategy(Raising)
        system.publish(quote("99", "101"))
        system.publish(quote("98", "101"))
        assert system.orders() == ()
        assert len(system.troubles().problems) == 2, strategy
        assert system.books().get(strategy) is None


def test_what_an_entry_fills_while_the_venue_is_lost_is_protected_when_it_is_back():
    venue = OwnVenue()
    with system_of(exchange=venue) as system:
        ids = system.bracket(buy_ten(order_id="a"), profit_target="110", stop_loss="95")
        fill = Fill(execution_id="x", quantity="10", price="100", fee_currency="USDT")
        assert system.quiesce(BOUND)
        venue.report(reports.VenueDisconnected(reason="the line is dead"))
        venue.report(reports.VenueFilled(client_order_id="a", symbol=BTC.symbol, side=Side.BUY, fill=fill))
        assert system.quiesce(BOUND)
        assert shown(system, ids.group_id)[1:] == ["PROFIT_TARGET PENDING 0/10", "STOP_LOSS PENDING 0/10"]
        codes = [alarm.code for alarm in system.troubles().alarms]
        assert codes == [AlarmCode.DISCONNECTED, AlarmCode.UNPROTECTED]
        venue.report(reports.VenueConnected())
        assert system.quiesce(BOUND)
        sent = [one.client_order_id for one in venue.requests.items if isinstance(one, reports.VenueSubmit)]
        assert sent == ["a", ids.stop_loss, ids.profit_target]
        assert shown(system, ids.group_id)[1:] == ["PROFIT_TARGET SUBMITTED 0/10", "STOP_LOSS SUBMITTED 0/10"]


def test_what_cannot_be_a_group_is_refused_at_once():
    with Watched() as system:
        with pytest.raises(InvalidOrder, match="profit_target"):
            system.bracket(buy_ten(), profit_target="90", stop_loss="95")
        with pytest.raises(InvalidOrder, match="group_id"):
            system.group("a b")


def test_working_groups_are_cancelled_when_the_system_stops():
    system = system_of(on_exit="cancel")
    with system:
        system.publish(quote("99", "101"))
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
        system.wait(ids.entry, OrderState.OPEN, BOUND)
    assert all(order.is_closed for order in system.orders())
    assert_clean(system)


def test_on_threads_a_bracket_comes_to_the_same_end():
    with system_of(exchange=FREE) as system:
        system.publish(quote("99", "100"))
        ids = system.bracket(buy_ten(), profit_target="110", stop_loss="95")
        system.wait(ids.stop_loss, OrderState.OPEN, BOUND)
        system.wait(ids.profit_target, OrderState.OPEN, BOUND)
        system.publish(quote("110", "111"))
        system.wait(ids.stop_loss, OrderState.CANCELLED, BOUND)
        assert system.order(ids.profit_target).is_filled
        assert audit(system, BOUND).violations == ()


def test_a_market_entry_has_its_exits_at_once():
    with Watched() as system:
        system.publish(Quote("BTC/USDT", bid="99", ask="100"))
        ids = system.bracket(market("10"), profit_target="110", stop_loss="95")
        assert system.group(ids.group_id).is_protected
