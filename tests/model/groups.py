"""What the tests of groups build from: groups in few words, and a blotter that follows every outcome by its groups."""

from __future__ import annotations

from itertools import count

from builders import halt

from orderpit.model import reports as r
from orderpit.model.blotter import Outcome
from orderpit.model.commands import Approved, CancelOrder, Denied, ModifyOrder, SubmitGroup, SubmitOrder
from orderpit.model.gate import Gate
from orderpit.model.group import Groups
from orderpit.model.group_laws import group_laws
from orderpit.model.kinds import Contingency, OrderType, Reason, Side
from orderpit.model.reconciler import Reconciler
from orderpit.model.refusal import Refusal
from orderpit.model.tying import bracket_of, stamped

SYMBOL = "BTC/USDT"


def limit(order_id, quantity="10", price="100", side=Side.BUY, **more):
    return SubmitOrder(SYMBOL, side, OrderType.LIMIT, quantity, price=price, order_id=order_id, **more)


def stop(order_id, quantity="10", stop_price="95", side=Side.SELL, **more):
    return SubmitOrder(SYMBOL, side, OrderType.STOP, quantity, stop_price=stop_price, order_id=order_id, **more)


def named(group, group_id="g", time_ns=1):
    """Return a group as it leaves the edge."""
    ids = count(1)
    group = stamped(group, lambda: f"{group_id}-{next(ids)}", time_ns, "strategy")
    return SubmitGroup(group.contingency, group.orders, group_id=group_id, time_ns=time_ns, source="strategy")


def bracket(quantity="10", **more):
    entry = limit("entry", quantity, **more)
    target = limit("target", quantity, "110", Side.SELL)
    return named(bracket_of(entry, target, stop("stop", quantity)))


def oco(contingency=Contingency.OCO, quantity="10"):
    low = limit("low", quantity, "90")
    high = SubmitOrder(SYMBOL, Side.BUY, OrderType.STOP, quantity, stop_price="110", order_id="high")
    return named(SubmitGroup(contingency, (low, high)))


def oto():
    return named(SubmitGroup(Contingency.OTO, (limit("first"), limit("then", "5", "110", Side.SELL), stop("more"))))


class Desk:
    """A blotter that is told things one by one; each time the groups must keep their laws."""

    def __init__(self, group=None, *, amends=True, answer_within_ns=None) -> None:
        ids = count(1)
        self.blotter = Reconciler(lambda: f"r-{next(ids)}", answer_within_ns, amends=amends)
        self.now = 1_000
        self.requests: list[r.VenueRequest] = []
        self.all_requests: list[r.VenueRequest] = []
        self.alarms = []
        self.updates = []
        # As the view keeps them: from the updates alone.
        self.folded = Groups()
        self.executions = count(1)
        if group is not None:
            self.take(self.blotter.decide_command(Approved(group, self.now, "risk"), self.now))

    def take(self, outcome: Outcome) -> Outcome:
        outcome = self.blotter.followed(outcome, self.now)
        self.blotter.commit(outcome, self.now)
        self.requests.extend(outcome.requests)
        self.all_requests.extend(outcome.requests)
        self.alarms.extend(outcome.alarms)
        self.updates.extend(outcome.updates)
        for update in outcome.updates:
            self.folded.on_update(update)
        for group in self.blotter.groups:
            assert group == self.folded.get(group.group_id)
            for finding in group_laws(group, self.blotter.gate):
                assert finding.found == finding.expected, finding
        return outcome

    def report(self, kind, order_id, **fields):
        client_id = self.order(order_id).client_order_id
        return self.take(self.blotter.decide_report(kind(client_order_id=client_id, **fields), self.now))

    def opened(self, *order_ids):
        for order_id in order_ids:
            self.report(r.VenueAccepted, order_id)

    def filled(self, order_id, quantity, execution_id=None):
        execution_id = execution_id or f"x-{next(self.executions)}"
        fill = r.Fill(execution_id=execution_id, quantity=quantity, price="100", fee_currency="USDT")
        order = self.order(order_id)
        return self.report(r.VenueFilled, order_id, symbol=SYMBOL, side=order.side, fill=fill)

    def busted(self, order_id, execution_id):
        return self.report(r.VenueFillBusted, order_id, symbol=SYMBOL, execution_id=execution_id)

    def amended(self, order_id):
        """Answer the latest amend of an order with a yes."""
        request = self.latest(r.VenueModify, order_id)
        return self.report(r.VenueModified, order_id, request_id=request.request_id, quantity=request.quantity)

    def unamended(self, order_id, reason=Reason.VENUE):
        request = self.latest(r.VenueModify, order_id)
        return self.report(r.VenueModifyRejected, order_id, request_id=request.request_id, reason=reason)

    def uncancelled(self, order_id, reason=Reason.VENUE):
        request = self.latest(r.VenueCancel, order_id)
        return self.report(r.VenueCancelRejected, order_id, request_id=request.request_id, reason=reason)

    def answered(self, order_id, **found):
        """Answer the latest query of an order."""
        request = self.latest(r.VenueQuery, order_id)
        return self.report(r.VenueStatus, order_id, request_id=request.request_id, **found)

    def cancelled(self, order_id, reason=Reason.REQUESTED):
        return self.report(r.VenueCancelled, order_id, reason=reason)

    def expired(self, order_id):
        return self.report(r.VenueExpired, order_id)

    def rejected(self, order_id, reason=Reason.STOP_PRICE):
        return self.report(r.VenueRejected, order_id, reason=reason)

    def command(self, command):
        return self.take(self.blotter.decide_command(Approved(command, self.now, "risk"), self.now))

    def deny(self, command, text="no"):
        denied = Denied(command, Refusal(Reason.PRICE_INCREMENT, text), self.now, "risk")
        return self.take(self.blotter.decide_command(denied, self.now))

    def cancel(self, order_id):
        return self.command(CancelOrder(order_id, source="strategy"))

    def modify(self, order_id, **terms):
        return self.command(ModifyOrder(order_id, source="strategy", **terms))

    def halt(self):
        self.blotter.gate = self.blotter.gate.tripped(halt("enough"))

    def retry(self):
        """Let the time pass until something is to be closed at the market once more."""
        due_ns = self.blotter.next_retry_ns
        if due_ns is not None:
            self.now = max(self.now, due_ns)
        return self.take(self.blotter.decide_retries(self.now))

    def resume(self):
        return self.take(Outcome(gate=Gate(amends=self.blotter.gate.amends)))

    def link(self, kind):
        return self.take(self.blotter.decide_link(kind(), self.now))

    # -- what became of it

    def order(self, order_id):
        order = self.blotter.order(order_id)
        assert order is not None, order_id
        return order

    def group(self, group_id="g"):
        group = self.blotter.groups.get(group_id)
        assert group is not None, group_id
        return group

    def latest(self, kind, order_id):
        client_id = self.order(order_id).client_order_id
        return [one for one in self.all_requests if isinstance(one, kind) and one.client_order_id == client_id][-1]

    def shown(self):
        """Return each order of the group as its state, quantity and request in flight."""
        return {order.order_id: _shown(order) for order in self.group().orders}

    def asked(self):
        """Return the requests since the last look."""
        asked, self.requests = self.requests, []
        return [_request(one) for one in asked]


def _shown(order):
    pending = "" if order.pending.value == "NONE" else f" {order.pending.value}"
    return f"{order.state.value} {order.filled_quantity}/{order.quantity}{pending}"


def _request(one):
    match one:
        case r.VenueSubmit():
            return f"submit {one.client_order_id} {one.order_type.value} {one.quantity}"
        case r.VenueModify():
            return f"modify {one.client_order_id} {one.quantity or one.price or one.stop_price}"
        case r.VenueCancel():
            return f"cancel {one.client_order_id}"
        case _:
            return f"query {one.client_order_id}"


def entered(quantity="10", *, filled=None) -> Desk:
    """Return a bracket whose entry has filled, and whose exits the venue has."""
    desk = Desk(bracket(quantity))
    desk.opened("entry")
    desk.filled("entry", filled or quantity)
    desk.opened("stop", "target")
    desk.requests.clear()
    return desk


TENTH = 100_000_000
"""Of a second, in nanoseconds."""


def codes(desk):
    return [alarm.code for alarm in desk.alarms]


def closed_in_vain(times=1) -> Desk:
    """Return a bracket whose stop has failed, and which the venue has not closed at the market so often."""
    desk = entered()
    desk.now += 36_000 * TENTH
    desk.expired("stop")
    for _ in range(times - 1):
        nothing_closed(desk)
        desk.retry()
    nothing_closed(desk)
    desk.requests.clear()
    return desk


def nothing_closed(desk):
    return desk.rejected(desk.group().orders[-1].order_id, Reason.NO_MARKET)
