"""What a venue may do to an order (part A of the fault catalogue), on a whole system and a venue of the test's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from builders import fill, report
from helpers import BOUND, BTC, OwnVenue, Recorder, assert_clean, limit, system_of

from orderpit import AlarmCode, Order, OrderState, Reason, TradingSystem
from orderpit.model import events as e
from orderpit.model import reports as r

DAY = 86_400_000_000_000


class Desk:
    """A system, its venue, and what is told to whoever runs it; with one order of 10 that the venue was asked for."""

    def __init__(self, system: TradingSystem, venue: OwnVenue, troubles: Recorder) -> None:
        self.system, self.venue, self._troubles = system, venue, troubles
        self.id = system.submit(limit(quantity="10"))
        venue.requests.first(1)

    def tell(self, kind: type[Any], **fields: Any) -> Order:
        """Report something on the order, and return it as it stands then."""
        self.venue.report(report(kind, client_order_id=self.id, **fields))
        assert self.system.quiesce(BOUND)
        order = self.system.order(self.id)
        assert order is not None
        return order

    def fill(self, execution_id: str, quantity: str, **more: Any) -> Order:
        return self.tell(r.VenueFilled, fill=fill(execution_id, quantity, **more))

    def alarms(self) -> list[AlarmCode]:
        return [trouble.code for trouble in self._troubles.items]

    def asked(self) -> list[type[Any]]:
        """Return the kinds of the requests that the venue was sent after the first."""
        return [type(request) for request in self.venue.requests.items[1:]]

    def position(self) -> Any:
        return self.system.portfolio().positions[BTC.symbol].quantity


@pytest.fixture
def desk(troubles: Recorder) -> Iterator[Desk]:
    venue = OwnVenue()
    with system_of(exchange=venue, on_error=troubles) as system:
        yield Desk(system, venue, troubles)
        assert system.quiesce(BOUND)
        assert_clean(system)


@pytest.mark.fault(7)
def test_an_execution_id_with_other_content_is_not_booked_again(desk: Desk) -> None:
    desk.fill("x-1", "4")
    order = desk.fill("x-1", "5")
    assert (order.filled_quantity, len(order.fills), desk.position()) == (4, 1, 4)
    assert desk.alarms() == [AlarmCode.EXECUTION_CONFLICT]


@pytest.mark.fault(11)
@pytest.mark.parametrize(
    ("kind", "state"),
    [(r.VenueRejected, OrderState.REJECTED), (r.VenueExpired, OrderState.EXPIRED)],
    ids=["rejected", "expired"],
)
def test_a_fill_for_an_order_that_has_ended_is_booked(desk: Desk, kind: type[Any], state: OrderState) -> None:
    assert desk.tell(kind).state is state
    order = desk.fill("x-1", "4")
    assert (order.state, order.filled_quantity, order.late_fill, desk.position()) == (state, 4, True, 4)
    assert AlarmCode.LATE_FILL in desk.alarms()


@pytest.mark.fault(14)
@pytest.mark.parametrize(("quantity", "state"), [("6", OrderState.PARTIALLY_FILLED), ("4", OrderState.FILLED)])
def test_a_modification_that_a_fill_overtook_counts_what_has_filled(
    desk: Desk, quantity: str, state: OrderState
) -> None:
    desk.tell(r.VenueAccepted)
    desk.system.modify(desk.id, quantity=quantity)
    request = desk.venue.requests.first(2)[1]
    desk.fill("x-1", "4")
    order = desk.tell(r.VenueModified, request_id=request.request_id, price=None, quantity=quantity)
    assert (order.state, order.quantity, order.filled_quantity) == (state, int(quantity), 4)
    assert order.leaves_quantity == int(quantity) - 4


@pytest.mark.fault(15)
def test_the_old_terms_stand_when_the_venue_refuses_a_modification(desk: Desk) -> None:
    desk.tell(r.VenueAccepted)
    desk.system.modify(desk.id, price="99", quantity="5")
    request = desk.venue.requests.first(2)[1]
    order = desk.tell(r.VenueModifyRejected, request_id=request.request_id)
    assert (order.price, order.quantity, order.pending.value) == (100, 10, "NONE")
    desk.system.modify(desk.id, quantity="5")
    assert desk.venue.requests.first(3)[2].quantity == 5


@pytest.mark.fault(17)
def test_reports_find_an_order_whose_id_at_the_venue_has_changed(desk: Desk) -> None:
    desk.tell(r.VenueAccepted, exchange_order_id="v-1")
    desk.system.modify(desk.id, price="99")
    request = desk.venue.requests.first(2)[1]
    order = desk.tell(
        r.VenueModified, request_id=request.request_id, price="99", quantity=None, exchange_order_id="v-2"
    )
    assert (order.exchange_order_id, order.price) == ("v-2", 99)
    # A fill from before the change carries the old id; it is the same order's all the same.
    desk.venue.report(report(r.VenueFilled, client_order_id=desk.id, exchange_order_id="v-1", fill=fill("x-1", "4")))
    assert desk.fill("x-2", "6").is_filled
    assert desk.alarms() == []


@pytest.mark.fault(20)
def test_what_the_venue_takes_back_and_corrects_is_in_the_books_as_if_it_had_never_been_otherwise(desk: Desk) -> None:
    desk.fill("x-1", "4")
    desk.fill("x-2", "2")
    desk.tell(r.VenueFillCorrected, symbol=BTC.symbol, fill=fill("x-2", "3", price="90"))
    order = desk.tell(r.VenueFillBusted, symbol=BTC.symbol, execution_id="x-1")
    assert (order.filled_quantity, order.average_fill_price, order.leaves_quantity) == (3, 90, 7)
    assert desk.position() == 3
    assert desk.system.portfolio().cash["USDT"] == -271  # 3 at 90 and one fee: that of the fill that stands


@pytest.mark.fault(21)
def test_terms_that_the_venue_acknowledged_otherwise_are_in_force_and_raise_an_alarm(desk: Desk) -> None:
    order = desk.tell(r.VenueAccepted, price="99", quantity="9")
    assert (order.price, order.quantity, order.leaves_quantity) == (99, 9, 9)
    assert desk.alarms() == [AlarmCode.CHANGED_TERMS]
    assert desk.fill("x-1", "9").is_filled


@pytest.mark.fault(21)
def test_terms_that_the_venue_made_dearer_are_what_risk_reserves() -> None:
    venue = OwnVenue()
    with system_of(exchange=venue, cash={"USDT": "1500"}) as system:
        order_id = system.submit(limit("100", "10"))
        venue.requests.first(1)
        venue.report(report(r.VenueAccepted, client_order_id=order_id, price="140"))
        assert system.quiesce(BOUND)
        order = system.wait(system.submit(limit("100", "2")), OrderState.REJECTED, BOUND)
        assert (order.reason, order.reason_text) == (
            Reason.INSUFFICIENT_FUNDS,
            "cost with fee 200: must be at most the 100 USDT that are free",
        )
        assert_clean(system)


@pytest.mark.fault(22)
def test_an_order_that_a_restarted_venue_has_forgotten_ends_and_what_it_executed_stays_booked(desk: Desk) -> None:
    desk.tell(r.VenueAccepted)
    desk.fill("x-1", "4")
    desk.venue.report(r.VenueDisconnected(reason="restart"))
    desk.venue.report(r.VenueConnected())
    desk.venue.requests.until(lambda requests: type(requests[-1]) is r.VenueQuery)
    order = desk.tell(r.VenueStatus, state=None, complete=True)
    assert (order.state, order.in_doubt, order.reason) == (OrderState.CANCELLED, False, Reason.NOT_AT_VENUE)
    assert (order.filled_quantity, order.cancelled_quantity, desk.position()) == (4, 6, 4)


@pytest.mark.fault(23)
@pytest.mark.parametrize("skew", [-DAY, DAY, 0], ids=["a day behind", "a day ahead", "standing still at zero"])
def test_the_times_of_a_venue_are_data_and_order_nothing(desk: Desk, skew: int) -> None:
    now = desk.system.history()[0].event.time_ns
    stamps = [max(0, now + skew) if skew else 0, 5, now, 2]
    desk.tell(r.VenueAccepted, time_ns=stamps[0])
    for number, stamp in enumerate(stamps[1:]):
        desk.fill(f"x-{number}", "1", time_ns=stamp)
    updates = desk.system.history()
    assert [type(update.event) for update in updates] == [
        e.OrderCreated, e.OrderSubmitted, e.OrderOpened, *[e.OrderFilled] * 3,
    ]  # fmt: skip
    times = [update.event.time_ns for update in updates]
    assert times == sorted(times)
    assert now <= times[-1] < now + DAY, "our own clock, whatever the venue's says"
    order = desk.system.order(desk.id)
    assert order is not None
    assert [one.time_ns for one in order.fills] == stamps[1:]
    assert desk.alarms() == []


@pytest.mark.fault(27)
def test_of_two_reports_that_disagree_the_last_does_not_win(desk: Desk) -> None:
    assert desk.tell(r.VenueCancelled).state is OrderState.CANCELLED
    order = desk.tell(r.VenueStatus, state=OrderState.OPEN)
    assert (order.state, order.in_doubt) == (OrderState.CANCELLED, True)
    assert desk.asked() == [r.VenueQuery]
    assert desk.alarms() == [AlarmCode.CONTRADICTION]
    order = desk.tell(r.VenueStatus, state=OrderState.CANCELLED)
    assert (order.state, order.in_doubt) == (OrderState.CANCELLED, False)


@pytest.mark.fault(31)
@pytest.mark.parametrize(
    ("filled", "first", "state"),
    [
        ("4", "fill", OrderState.EXPIRED),
        ("4", "expiry", OrderState.EXPIRED),
        ("10", "fill", OrderState.FILLED),
        ("10", "expiry", OrderState.EXPIRED),
    ],
    ids=["a fill, then the expiry", "the expiry, then a fill", "the last fill first", "the last fill after the expiry"],
)
def test_an_expiry_and_a_fill_end_an_order_once_in_either_order(
    desk: Desk, filled: str, first: str, state: OrderState
) -> None:
    desk.tell(r.VenueAccepted)
    for what in ("fill", "expiry") if first == "fill" else ("expiry", "fill"):
        order = desk.fill("x-1", filled) if what == "fill" else desk.tell(r.VenueExpired)
    assert (order.state, order.filled_quantity, order.leaves_quantity) == (state, int(filled), 0)
    assert desk.position() == int(filled)
    closed = [update for update in desk.system.history() if update.order is not None and update.order.is_closed]
    assert {update.order.state for update in closed} == {state}


@pytest.mark.fault(32)
def test_an_order_that_a_closed_venue_rejects_says_why_and_the_next_one_trades(desk: Desk) -> None:
    order = desk.tell(r.VenueRejected, text="the market is closed")
    assert (order.state, order.reason, order.reason_text) == (
        OrderState.REJECTED,
        Reason.VENUE,
        "the market is closed",
    )
    desk.id = desk.system.submit(limit(quantity="10"))
    desk.venue.requests.first(2)
    assert desk.fill("x-1", "10").is_filled
