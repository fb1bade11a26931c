"""Random sequences of commands and reports through the blotter, and the laws that hold after each of them."""

from __future__ import annotations

from fractions import Fraction
from itertools import count

import attrs
from builders import NOW, S, folded, terms
from hypothesis import event as noted
from hypothesis import given, settings
from hypothesis import strategies as st

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.blotter import Blotter
from orderpit.model.commands import Approved, CancelOrder, Denied, ModifyOrder
from orderpit.model.gate import Gate
from orderpit.model.kinds import OrderState, OrderType, Reason, Side
from orderpit.model.refusal import Refusal

# How far along a state is. A state never moves to a lower rank, and never between two that are closed.
RANK = {S.PENDING: 0, S.SUBMITTED: 1, S.OPEN: 2, S.PARTIALLY_FILLED: 3}
CLOSED_RANK = 4
ANSWER_WITHIN = 5

# o-4 is never submitted, so that what the venue says of it concerns an unknown order.
known = st.sampled_from(["o-1", "o-2", "o-3"])
named = st.sampled_from(["o-1", "o-1", "o-2", "o-3", "o-4"])
# On a venue that has no amend, an order may be replaced by one of these.
placed = st.sampled_from(["o-1", "o-1", "o-2", "o-3", "o-4", "om-2", "om-3"])
quantities = st.sampled_from(["0.000000000000000001", "1", "3", "5", "10", "12"])
prices = st.sampled_from(["1234567.89", "100", "99.5"])
request_ids = st.integers(1, 6).map("om-{}".format)
times = st.integers(0, 3)

fills = st.builds(
    r.Fill,
    execution_id=st.integers(1, 6).map("x-{}".format),
    quantity=quantities,
    price=prices,
    fee=st.sampled_from(["0", "0.1", "-0.000000000000000001"]),
    fee_currency=st.sampled_from(["USDT", "BNB"]),
)
submissions = st.builds(
    lambda order_id, kind, **changes: terms(
        order_id=order_id,
        order_type=kind,
        price="100" if kind in {OrderType.LIMIT, OrderType.STOP_LIMIT} else None,
        stop_price="99" if kind in {OrderType.STOP, OrderType.STOP_LIMIT} else None,
        trailing_offset="5" if kind is OrderType.TRAILING_STOP else None,
        **changes,
    ),
    known,
    st.sampled_from(OrderType),
    quantity=st.sampled_from(["10", "0.000000000000000003"]),
)
commands = st.one_of(
    submissions,
    submissions,
    st.builds(CancelOrder, named),
    st.builds(
        ModifyOrder,
        named,
        price=prices,
        quantity=st.none() | quantities,
        stop_price=st.sampled_from([None, None, "98"]),
        expire_time_ns=st.sampled_from([None, None, NOW + 1]),
    ),
)
judged = st.one_of(
    st.builds(Approved, commands, st.just(NOW), st.just("risk_controller")),
    st.builds(
        Denied, commands, st.just(Refusal(Reason.HALTED, "trading is halted")), st.just(NOW), st.just("risk_controller")
    ),
)
sides = st.sampled_from([Side.BUY, Side.BUY, Side.BUY, Side.SELL])
venue_ids = st.sampled_from([None, "v-1", "v-2"])
reports = st.one_of(
    st.builds(r.VenueAccepted, client_order_id=placed, exchange_order_id=venue_ids, quantity=st.none() | quantities),
    st.builds(r.VenueRejected, client_order_id=placed),
    st.builds(r.VenueTriggered, client_order_id=named),
    st.builds(r.VenueFilled, client_order_id=named, symbol=st.just("BTC/USDT"), side=sides, fill=fills),
    st.builds(r.VenueFilled, client_order_id=named, symbol=st.just("BTC/USDT"), side=sides, fill=fills),
    st.builds(
        r.VenueModified,
        client_order_id=named,
        request_id=request_ids,
        price=st.none() | prices,
        quantity=st.none() | quantities,
        stop_price=st.sampled_from([None, None, "98"]),
        expire_time_ns=st.sampled_from([None, None, NOW + 1]),
        reason=st.sampled_from([Reason.REQUESTED, Reason.REDUCE_ONLY]),
        exchange_order_id=venue_ids,
    ),
    st.builds(r.VenueCancelled, client_order_id=placed, filled_quantity=st.none() | quantities),
    st.builds(r.VenueExpired, client_order_id=named, filled_quantity=st.none() | quantities),
    st.builds(
        r.VenueCancelRejected,
        client_order_id=named,
        request_id=request_ids,
        reason=st.sampled_from([Reason.TOO_LATE, Reason.NOT_AT_VENUE]),
    ),
    st.builds(r.VenueModifyRejected, client_order_id=named, request_id=request_ids),
    st.builds(
        r.VenueFillBusted,
        client_order_id=named,
        symbol=st.just("BTC/USDT"),
        execution_id=st.integers(1, 6).map("x-{}".format),
    ),
    st.builds(r.VenueFillCorrected, client_order_id=named, symbol=st.just("BTC/USDT"), fill=fills),
    st.builds(
        r.VenueStatus,
        client_order_id=placed,
        state=st.none() | st.sampled_from(OrderState),
        filled_quantity=st.sampled_from(["0", "3", "10"]),
        complete=st.booleans(),
        price=st.none() | prices,
        quantity=st.none() | quantities,
        stop_price=st.sampled_from([None, None, "98"]),
        expire_time_ns=st.sampled_from([None, None, NOW + 1]),
    ),
)
steps = st.tuples(
    times,
    st.one_of(
        judged,
        reports,
        reports,
        st.just("overdue"),
        st.sampled_from([Gate(), Gate("lunch")]),
        st.sampled_from([r.VenueDisconnected(), r.VenueConnected()]),
        st.tuples(st.just("set aside"), reports),
    ),
)


@attrs.frozen
class Early:
    fill: r.Fill | None


class Witness:
    """What an outsider can work out from the messages alone, against which the blotter is held."""

    def __init__(self, *, amends):
        numbers = count(1)
        self.book = Blotter(lambda: f"om-{next(numbers)}", ANSWER_WITHIN, amends=amends)
        self.now = NOW
        self.streams = {}
        self.ranks = {}
        self.sequence = 0
        # Executions by what they name: the order's id at the venue, symbol, side, execution id.
        self.executed = {}
        # Busts and corrections that came before what they concern.
        self.early = {}

    def step(self, elapsed, item):
        self.now += elapsed
        match item:
            case Approved() | Denied():
                outcome = self.book.decide_command(item, self.now)
            case "overdue":
                outcome = self.book.decide_overdue(self.now, self.now)
            case Gate():
                self.book.gate = attrs.evolve(item, disconnected=self.book.gate.disconnected)
                return
            case r.VenueDisconnected() | r.VenueConnected():
                outcome = self.book.decide_link(item, self.now)
            case ("set aside", report):
                outcome = self.book.decide_set_aside(report, self.now)
            case _:
                outcome = self.book.decide_report(item, self.now)
                self.hear(item)
        self.book.commit(outcome, self.now)
        for update in outcome.updates:
            self.see(update)
        self.check()

    def hear(self, report):
        """Keep the first content of each execution, drop it when it is busted, replace it when it is corrected."""
        match report:
            case r.VenueFilled():
                key = (report.client_order_id, report.symbol, report.side, report.fill.execution_id)
                if key not in self.executed:
                    self.executed[key] = self.early.pop((*key[:2], key[3]), report).fill
            case r.VenueFillBusted():
                self.restate(report, report.execution_id, None)
            case r.VenueFillCorrected():
                self.restate(report, report.fill.execution_id, report.fill)
            case _:
                pass

    def restate(self, report, execution_id, fill):
        keys = self.named_by(report, execution_id)
        if not keys:
            key = (report.client_order_id, report.symbol, execution_id)
            # What has been busted cannot be corrected any more.
            self.early[key] = Early(None if self.early.get(key) == Early(None) else fill)
        for key in keys:
            if self.executed[key] is not None:
                self.executed[key] = fill

    def named_by(self, report, execution_id):
        """A bust names no side; it concerns the order that has the id, and a stray fill if that has no such one."""
        client_id = report.client_order_id
        names = ((order, (order.client_order_id, *order.replaced_client_order_ids)) for order in self.book.orders())
        owner = next((order for order, ids in names if client_id in ids), None)
        ours = owner and (client_id, owner.symbol, owner.side, execution_id)
        strays = [(client_id, report.symbol, side, execution_id) for side in Side]
        return [key for key in (ours, *strays) if key in self.executed][:1]

    def see(self, update):
        self.sequence += 1
        assert update.event.time_ns == self.now
        assert update.event.source in {"order_manager", "exchange"}
        assert update.sequence == self.sequence, "the sequence has a gap"
        if update.order is None:
            assert isinstance(update.event, e.CommandRefused)
            return
        order = update.order
        assert update.event.order_id == order.order_id
        self.streams.setdefault(order.order_id, []).append(update.event)
        before, self.ranks[order.order_id] = self.ranks.get(order.order_id), order.state
        if before is not None and before is not order.state:
            assert before in RANK, f"{before} was closed and became {order.state}"
            assert RANK[before] < RANK.get(order.state, CLOSED_RANK), f"{before} went back to {order.state}"

    def check(self):
        orders = list(self.book.orders())
        for order in orders:
            total = (
                Fraction(order.filled_quantity)
                - Fraction(order.excess_quantity)
                + Fraction(order.leaves_quantity)
                + Fraction(order.cancelled_quantity)
            )
            assert total == Fraction(order.quantity), order
            assert order.filled_quantity == sum_of(order.fills, lambda one: Fraction(one.quantity))
            assert Fraction(order.filled_notional) == sum_of(
                order.fills, lambda one: Fraction(one.quantity) * Fraction(one.price)
            )
            assert not (order.is_closed and order.leaves_quantity)
        standing = [one for one in self.executed.values() if one is not None]
        booked = [one for order in orders for one in order.fills]
        assert sorted(map(attrs.astuple, booked), key=repr) == sorted(map(attrs.astuple, standing), key=repr)

    def finish(self):
        assert self.sequence == self.book.sequence
        for order in self.book.orders():
            assert folded(None, *self.streams[order.order_id]) == order
            noted(f"ends {order.state.value}{' in doubt' if order.in_doubt else ''}")
            if order.in_doubt and self.book.gate.disconnected is None:
                assert self.book.next_deadline_ns is not None


def sum_of(items, value):
    return sum((value(item) for item in items), Fraction(0))


@settings(max_examples=200, deadline=None)
@given(st.lists(steps, min_size=20, max_size=60), st.booleans())
def test_the_laws_of_the_blotter_hold_after_every_step(sequence, amends):
    witness = Witness(amends=amends)
    witness.step(0, Approved(terms(), NOW, "risk_controller"))
    for elapsed, item in sequence:
        witness.step(elapsed, item)
    witness.finish()


@settings(max_examples=100, deadline=None)
@given(st.lists(steps, min_size=5, max_size=25), st.booleans(), st.data())
def test_a_repeated_report_adds_nothing_to_an_order_but_the_end_of_its_doubt(sequence, amends, data):
    witness = Witness(amends=amends)
    witness.step(0, Approved(terms(), NOW, "risk_controller"))
    for elapsed, item in sequence:
        witness.step(elapsed, item)
    report = data.draw(reports)
    witness.step(0, report)
    again = witness.book.decide_report(report, witness.now)
    assert {type(update.event) for update in again.updates} <= {e.OrderResolved}
