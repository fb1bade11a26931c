"""Groups against a venue that does anything a venue may do, in any order: after each message the laws hold."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

import attrs
import pytest
from groups import SYMBOL, Desk, bracket, oco, oto
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orderpit.model import reports as r
from orderpit.model.commands import SubmitGroup
from orderpit.model.group import Group
from orderpit.model.kinds import Contingency, OrderState, Reason, Role
from orderpit.model.numbers import ZERO

_AT_REST_WITHIN = 400


@attrs.define
class There:
    """An order at the venue."""

    request: r.VenueSubmit
    quantity: Decimal
    filled: Decimal = ZERO
    live: bool = True
    executions: list[tuple[str, Decimal]] = attrs.Factory(list)


class Venue:
    """Takes requests and gives reports, each whenever it is let to, in the order of one link."""

    def __init__(self) -> None:
        self.orders: dict[str, There] = {}
        self.incoming: deque[r.VenueRequest] = deque()
        self.outgoing: deque[r.VenueReport] = deque()

    def take(self, *, refuse: bool) -> None:
        """Handle the next request."""
        request = self.incoming.popleft()
        client_id = request.client_order_id
        there = self.orders.get(client_id)
        match request:
            case r.VenueSubmit():
                if refuse:
                    self.outgoing.append(r.VenueRejected(client_order_id=client_id))
                else:
                    self.orders[client_id] = There(request, request.quantity)
                    self.outgoing.append(r.VenueAccepted(client_order_id=client_id))
            case r.VenueQuery():
                self._tell(client_id, there, request)
            case r.VenueCancel():
                self._cancel(request, there, refuse=refuse)
            case r.VenueModify():
                self._modify(request, there, refuse=refuse)

    def _tell(self, client_id: str, there: There | None, request: r.VenueQuery) -> None:
        state = None
        if there is not None:
            ended = OrderState.FILLED if there.filled >= there.quantity else OrderState.CANCELLED
            state = OrderState.OPEN if there.live else ended
        self.outgoing.append(
            r.VenueStatus(
                client_order_id=client_id,
                request_id=request.request_id,
                state=state,
                complete=True,
                filled_quantity=ZERO if there is None else there.filled,
                quantity=None if there is None else there.quantity,
            )
        )

    def _cancel(self, request: r.VenueCancel, there: There | None, *, refuse: bool) -> None:
        client_id = request.client_order_id
        if there is None or not there.live or refuse:
            gone = Reason.NOT_AT_VENUE if there is None else Reason.TOO_LATE
            reason = Reason.VENUE if there is not None and there.live else gone
            self.outgoing.append(
                r.VenueCancelRejected(client_order_id=client_id, request_id=request.request_id, reason=reason)
            )
            return
        there.live = False
        self.outgoing.append(r.VenueCancelled(client_order_id=client_id, reason=Reason.REQUESTED))

    def _modify(self, request: r.VenueModify, there: There | None, *, refuse: bool) -> None:
        client_id = request.client_order_id
        if there is None or not there.live or refuse:
            gone = Reason.NOT_AT_VENUE if there is None else Reason.TOO_LATE
            reason = Reason.VENUE if there is not None and there.live else gone
            self.outgoing.append(
                r.VenueModifyRejected(client_order_id=client_id, request_id=request.request_id, reason=reason)
            )
            return
        if request.quantity is not None:
            there.quantity = max(request.quantity, there.filled)
            there.live = there.filled < there.quantity
        self.outgoing.append(
            r.VenueModified(
                client_order_id=client_id,
                request_id=request.request_id,
                price=request.price,
                quantity=there.quantity,
                stop_price=request.stop_price,
            )
        )

    def fill(self, at: int, share: int) -> None:
        """Execute a part of what one live order leaves."""
        live = [(client_id, there) for client_id, there in self.orders.items() if there.live]
        if not live:
            return
        client_id, there = live[at % len(live)]
        left = there.quantity - there.filled
        quantity = left if share == 0 else min(left, Decimal(share))
        there.filled += quantity
        there.live = there.filled < there.quantity
        execution_id = f"{client_id}-x{len(there.executions)}"
        there.executions.append((execution_id, quantity))
        fill = r.Fill(execution_id=execution_id, quantity=quantity, price="100", fee_currency="USDT")
        self.outgoing.append(
            r.VenueFilled(client_order_id=client_id, symbol=SYMBOL, side=there.request.side, fill=fill)
        )

    def end(self, at: int) -> None:
        """Expire one live order."""
        live = [(client_id, there) for client_id, there in self.orders.items() if there.live]
        if live:
            client_id, there = live[at % len(live)]
            there.live = False
            self.outgoing.append(r.VenueExpired(client_order_id=client_id))

    def bust(self, at: int) -> None:
        """Take one execution back; the order is not worked on with it."""
        done = [(client_id, there) for client_id, there in self.orders.items() if there.executions and not there.live]
        if done:
            client_id, there = done[at % len(done)]
            execution_id, quantity = there.executions.pop()
            there.filled -= quantity
            self.outgoing.append(r.VenueFillBusted(client_order_id=client_id, symbol=SYMBOL, execution_id=execution_id))


class World:
    """Both ends of the link."""

    def __init__(self, group: SubmitGroup) -> None:
        self.venue = Venue()
        self.desk = Desk(group)

    def step(self, what: str, at: int) -> None:
        desk, venue = self.desk, self.venue
        match what:
            case "arrive" | "refuse" if venue.incoming:
                venue.take(refuse=what == "refuse")
            case "tell" if venue.outgoing:
                report = venue.outgoing.popleft()
                desk.take(desk.blotter.decide_report(report, desk.now))
            case "fill":
                venue.fill(at, at % 7)
            case "end":
                venue.end(at)
            case "bust":
                venue.bust(at)
            case "cancel" | "modify":
                orders = desk.group().orders
                order = orders[at % len(orders)]
                if what == "cancel":
                    desk.cancel(order.order_id)
                elif order.price is not None:
                    desk.modify(order.order_id, price=100 + at % 5)
            case "halt":
                desk.halt()
            case "resume":
                desk.resume()
            case "wait":
                desk.retry()
            case _:
                pass
        desk.now += 1
        venue.incoming.extend(desk.requests)
        desk.requests = []

    def come_to_rest(self) -> Group:
        """Resume, and let all that is under way arrive."""
        self.step("resume", 0)
        for _ in range(_AT_REST_WITHIN):
            if not self.venue.incoming and not self.venue.outgoing and self.desk.blotter.next_retry_ns is None:
                break
            self.step("wait", 0)
            self.step("arrive", 0)
            self.step("tell", 0)
        assert not self.venue.incoming, "it goes on without end"
        assert self.desk.blotter.next_retry_ns is None, "it is given up"
        return self.desk.group()


USUAL = ["arrive"] * 3 + ["tell"] * 3 + ["fill"] * 2
WHAT = st.sampled_from([*USUAL, "refuse", "end", "bust", "cancel", "modify", "halt", "resume", "wait"])
STEPS = st.lists(st.tuples(WHAT, st.integers(0, 20)), max_size=60)
GROUPS = {
    "bracket": bracket,
    "oco": oco,
    "ouo": lambda: oco(Contingency.OUO),
    "oto": oto,
}


def too_many(group: Group) -> set[str]:
    """Return the orders that should not work, as it stands."""
    ids = {order.order_id for order in group.orders}
    executed = sum(order.filled_quantity for order in group.orders)
    match group.contingency:
        case Contingency.BRACKET:
            return ids - {group.legs[0].order.order_id} if group.open_quantity <= ZERO else set()
        case Contingency.OCO:
            return ids - {group.first_executed} if executed else set()
        case Contingency.OUO:
            return ids if executed >= max(leg.asked_quantity for leg in group.legs) else set()
        case _:
            return set()


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.parametrize("name", GROUPS)
@given(steps=STEPS)
def test_whatever_the_venue_does_the_laws_hold_after_each_message_and_it_comes_to_rest(name, steps):
    world = World(GROUPS[name]())
    for what, at in steps:
        world.step(what, at)
    group = world.come_to_rest()
    assert group.orders == tuple(order for order in world.desk.blotter.orders() if order.link is not None)
    for order in group.orders:
        there = world.venue.orders.get(order.client_order_id)
        assert order.filled_quantity == (ZERO if there is None else there.filled)
    stops = group.of(Role.STOP_LOSS)
    if group.open_quantity > ZERO and not stops[-1].is_withdrawn_by_user:
        assert not stops[-1].order.is_closed, "what is open is never given up"
    assert not [order.order_id for order in group.orders if order.is_open and order.order_id in too_many(group)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(st.tuples(st.sampled_from(["arrive", "tell", "fill"]), st.integers(0, 20)), max_size=60))
def test_with_a_venue_that_refuses_nothing_what_is_open_has_both_exits(steps):
    world = World(bracket())
    for what, at in steps:
        world.step(what, at)
    group = world.come_to_rest()
    held = group.open_quantity
    working = [leg.order.leaves_quantity for leg in group.legs[1:] if leg.order.is_open]
    if held > ZERO:
        assert working == [held, held]
        assert group.is_protected
    else:
        assert working == []
