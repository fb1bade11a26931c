"""The laws of a system at rest: nobody is at work, so all actors must agree, and nothing may be left lying about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ...actors.stepped import SteppedRuntime
from ...actors.system import TradingSystem
from ...model.contingent import due_ns
from ...model.kinds import OrderState, Pending, Side
from ...model.numbers import ZERO, add, multiply
from ...model.order import Order
from .laws import Stream, Violation, must_equal
from .passes import Passes
from .sharing import actors_of, inside


class Rest:
    """Holds all books of a system against each other and against the stream.

    Args:
        system: that has started.
        stream: as it was seen.
        passes: what was on its way to the venue.
    """

    def __init__(self, system: TradingSystem, stream: Stream, passes: Passes) -> None:
        actors = actors_of(system)
        self._system = system
        self._stream = stream
        self._passes = passes
        self._runtime: SteppedRuntime = inside(system, "_runtime")
        self._settings = inside(system, "_settings")
        self._manager: Any = actors["order_manager"]
        self._blotter = inside(self._manager, "_blotter")
        self._risk: Any = actors["risk_controller"]
        self._book = inside(self._risk, "_book")
        self._portfolio: Any = actors["portfolio"]
        self._view: Any = actors["view"]

    def hold(self) -> None:
        """Hold what must be so whenever nobody is at work."""
        self._hold_mailboxes()
        must_equal("I-4", "last entry that anybody was told of", self._stream.sequence, self._blotter.sequence)
        if self._system_runs():
            self._passes.hold_at_rest()
        if self._blotter.gate.halted is None:
            # A fold that failed for good has halted trading; else each has followed the whole stream.
            self._hold_followers()
            self._hold_exposure()
        self._hold_deadlines()
        self._hold_retries()
        self._hold_bounds()

    def hold_end(self, *, healed: bool) -> None:
        """Hold what must be so when nothing more will come."""
        scheduler = self._runtime.scheduler
        must_equal("I-6", "timers that are something under way", scheduler.timers.foreground, 0)
        must_equal("I-6", "who waits without an end", [task.name for task in scheduler.tasks if task.without_end], [])
        must_equal("I-6", "messages that wait", sum(box.queued for box in self._system.mailboxes()), 0)
        if healed:
            for order in self._stream.live.values():
                if _is_awaited(order):
                    raise Violation(
                        "I-7", f"what is known of {order.order_id}", _known_of(order), "an answer of the venue"
                    )

    def _system_runs(self) -> bool:
        return not inside(self._system, "_at").exchange.closed

    def _hold_mailboxes(self) -> None:
        for box in self._system.mailboxes():
            accounted = box.handled + box.queued + box.dead
            if accounted != box.sent:
                raise Violation("I-5", f"handled + queued + dead of {box.actor}", accounted, box.sent)

    def _hold_followers(self) -> None:
        for actor in (self._risk, self._portfolio, self._view):
            name = actor.context.name
            must_equal("I-1", f"how far {name} has followed", actor.followed, self._blotter.sequence)
            must_equal("I-17", f"updates that wait in {name}", len(inside(actor, "_early")), 0)
        live = self._stream.live
        must_equal("I-3", "live orders of the view", set(inside(inside(self._view, "_view"), "_live")), set(live))
        by_strategy: dict[str, set[str]] = {}
        for order in live.values():
            by_strategy.setdefault(order.strategy_id, set()).add(order.order_id)
        for name, address in inside(self._system, "_strategies").items():
            actor = inside(address.ref, "_actor_weakref")() if address.is_bound and not address.closed else None
            if actor is not None:
                must_equal("I-3", f"live orders of {name}", set(actor.own.live), by_strategy.get(name, set()))
                must_equal("I-17", f"orders that {name} has heard nothing of", list(actor.untold), [])

    def _hold_exposure(self) -> None:
        working = inside(self._book, "_working")
        doubted = {order.order_id: order for order in self._blotter.orders() if order.is_closed and order.in_doubt}
        # What nobody here has sent counts too: an order that was found at the venue, and adopted, may fill.
        live = self._stream.live | doubted
        must_equal("I-13", "orders that risk counts as working", set(working), set(live))
        must_equal("I-17", "orders that risk waits for", sorted(inside(self._book, "_judged")), [])
        if self._book.funds.cash is None:
            return
        # Of the orders of a group that close each other, the dearest counts for all.
        dearest: dict[tuple[str, str | None, str], Decimal] = {}
        for order_id, held in working.items():
            order = live[order_id]
            if order.side is not Side.BUY:
                must_equal("I-13", f"reserved for {order_id}, which sells", held.cost, ZERO)
                continue
            key = (self._system.instruments[order.symbol].quote, held.pool, "" if held.pool else order_id)
            dearest[key] = max(dearest.get(key, ZERO), held.cost)
            if order.price is not None and held.cost < (worst := multiply(order.leaves_quantity, order.price)):
                raise Violation("I-13", f"reserved for {order_id}", held.cost, f"at least {worst}")
        sums: dict[str, Decimal] = {}
        for (currency, _, _), cost in dearest.items():
            sums[currency] = add(sums.get(currency, ZERO), cost)
        for currency in sums.keys() | self._book.reserved.keys():
            found, expected = self._book.reserved.get(currency, ZERO), sums.get(currency, ZERO)
            must_equal("I-13", f"reserved {currency}", found, expected)

    def _hold_deadlines(self) -> None:
        if self._settings.answer_within_ns is None:
            return
        deadlines = inside(self._blotter, "_deadlines")
        awaited = {order_id for order_id, order in self._stream.live.items() if _is_awaited(order)}
        must_equal(
            "I-7", "live orders that wait for the venue without a deadline", sorted(awaited.difference(deadlines)), []
        )
        if deadlines and self._system_runs() and self._blotter.gate.disconnected is None:
            must_equal(
                "I-7", "whether a timer looks at the deadlines", inside(self._manager, "_timer_set"), expected=True
            )

    def _hold_retries(self) -> None:
        due, timer = self._blotter.next_retry_ns, inside(self._manager, "_retry_ns")
        for order in self._stream.live.values():
            # Said of every group with a live order, so that none is forgotten.
            group = self._blotter.groups.get(order.group_id or "")
            again = None if group is None else due_ns(group, self._blotter.gate)
            if again is not None and (due is None or due > again):
                raise Violation("I-22", f"when group {order.group_id} is looked at again", due, again)
        if due is not None and self._system_runs() and (timer is None or timer > due):
            raise Violation("I-22", "when the order manager looks at what is to be closed once more", timer, due)

    def _hold_bounds(self) -> None:
        most = self._settings.history
        for actor, kept in (
            (self._manager, len(inside(self._manager, "_recent"))),
            (self._view, len(inside(self._view, "_view").history)),
        ):
            if kept > most:
                raise Violation("I-17", f"updates that {actor.context.name} keeps", kept, f"at most {most}")


def _is_awaited(order: Order) -> bool:
    # Said a second time on purpose: what is checked must not be what checks.
    return order.in_doubt or order.state is OrderState.SUBMITTED or order.pending is not Pending.NONE


def _known_of(order: Order) -> str:
    doubt = ", in doubt" if order.in_doubt else ""
    return f"{order.state.value}, pending {order.pending.value}{doubt}"
