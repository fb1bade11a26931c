"""Races with what lets orders pass or not: a halt, a symbol stopped by a bad report, the link to the venue, the end."""

from __future__ import annotations

from typing import Any

from ...actors.order_manager import ManagerBooks
from ...actors.scheduler import Choose
from ...actors.simulated_exchange import SimulatedExchange
from ...model import reports as r
from ...model.errors import SystemStopped
from ...model.kinds import OrderState
from .arena import Arena
from .racing import race
from .saying import accepted, buy, cancel, filled, modify, quote

_FREE = SimulatedExchange(maker_fee="0", taker_fee="0")
_RISK = frozenset({"risk_controller"})


def _arena(choose: Choose, *racing: str, **settings: Any) -> Arena:
    settings.setdefault("exchange", _FREE)
    return Arena(choose, racing, **settings)


@race(
    "OPEN 0, OPEN 0; left 2",
    "OPEN 0, REJECTED 0; left 1; HALTED",
    "REJECTED 0, OPEN 0; left 1; HALTED",
    "REJECTED 0, REJECTED 0; left 0; HALTED",
    size=9308,
)
def a_halt_against_two_submissions(choose: Choose) -> str:
    """Trading is halted while two strategies submit: once halt() has returned, no order leaves."""
    with _arena(choose, "risk_controller") as arena:
        arena.set_up(quote())
        left: list[int] = []

        def halt() -> None:
            arena.system.halt("enough")
            left.append(_sent(arena))

        arena.race(host=[halt], user=[buy("a")], other=[buy("b")])
        if _sent(arena) != left[0]:
            msg = "an order left after halt() had returned"
            raise AssertionError(msg)
        return arena.end(f"left {left[0]}")


def _sent(arena: Arena) -> int:
    """How many orders the order manager has sent on."""
    books: ManagerBooks = arena.actor_of(arena.at.manager).books()
    return sum(order.submitted_ns is not None for order in books.orders)


@race("CANCELLED 0, OPEN 0; at 100; HALTED", "CANCELLED 0, OPEN 0; at 98", size=9308)
def a_halt_against_a_cancel(choose: Choose) -> str:
    """Trading is halted while an order is cancelled and another modified: the cancel passes, whatever came first."""
    with _arena(choose, "risk_controller") as arena:
        arena.set_up(quote(), buy("a"), buy("b"))
        arena.race(host=[lambda: arena.system.halt("enough")], user=[cancel("a")], other=[modify("b", price="98")])
        if arena.order("a").state is not OrderState.CANCELLED:
            msg = "a halt held a cancel up"
            raise AssertionError(msg)
        return arena.end(arena.price("b"))


@race("OPEN 0", "REJECTED 0; HALTED", size=184)
def resuming_against_a_submission(choose: Choose) -> str:
    """Trading is resumed while an order is submitted: it is refused as long as one of the two gates is closed."""
    with _arena(choose, "risk_controller") as arena:
        arena.set_up(quote(), lambda: arena.system.halt("enough"))
        arena.race(host=[arena.system.resume], user=[buy("o")])
        return arena.end()


@race("OPEN 0", "REJECTED 0; HALTED", size=5890)
def a_halt_against_resuming_and_a_submission(choose: Choose) -> str:
    """One thread halts, another resumes, a third submits: the order leaves or is refused."""
    with _arena(choose) as arena:
        arena.set_up(quote())
        arena.race(host=[lambda: arena.system.halt("enough")], host_2=[arena.system.resume], user=[buy("o")])
        return arena.end()


def _unreadable() -> r.VenueFilled:
    """A fill without content, as a bug of an adapter might make it."""
    report = filled("o", "e1")
    object.__setattr__(report, "fill", None)
    return report


@race("OPEN 0?, REJECTED 0; SYMBOL_STOPPED; NO_ANSWER", "OPEN 0?, SUBMITTED 0; NO_ANSWER", size=18)
def a_poison_report_against_a_submission(choose: Choose) -> str:
    """A report that cannot be handled stops its symbol while an order is submitted: sent before, or refused after."""
    with _arena(choose, "order_manager", exchange=None) as arena:
        arena.set_up(buy("o"), accepted("o"))
        poison = _unreadable()
        arena.race(venue=[lambda: arena.at.manager.send(poison)], user=[buy("p")])
        return arena.end(problems=1)


@race("PARTIAL 2?; CANCEL_PENDING; NO_ANSWER", size=60)
def a_poison_report_among_good_ones(choose: Choose) -> str:
    """A report that cannot be handled comes among fills: they are booked, and the venue is asked."""
    with _arena(choose, exchange=None) as arena:
        arena.set_up(buy("o", "3"), accepted("o"))
        poison = _unreadable()
        arena.race(
            venue=[filled("o", "e2"), filled("o", "e3")],
            line_2=[lambda: arena.at.manager.send(poison)],
            user=[cancel("o")],
            other=[cancel("o")],
        )
        if not arena.count(r.VenueQuery):
            msg = "nobody asked what the report said"
            raise AssertionError(msg)
        return arena.end(problems=1)


@race("REJECTED 0; DISCONNECTED; DISCONNECTED", "SUBMITTED 0?; DISCONNECTED", size=12)
def losing_the_venue_against_a_submission(choose: Choose) -> str:
    """The link to the venue breaks while an order is submitted: in doubt if it was sent, refused if it was not."""
    with _arena(choose, "order_manager", exchange=None) as arena:
        arena.race(venue=[r.VenueDisconnected()], user=[buy("o")])
        return arena.end()


@race(
    "PARTIAL 1?, REJECTED 0; DISCONNECTED; DISCONNECTED",
    "PARTIAL 1?, REJECTED 0; RECONCILING; DISCONNECTED",
    "PARTIAL 1?, SUBMITTED 0?; DISCONNECTED",
    size=60,
)
def losing_and_finding_the_venue_against_orders(choose: Choose) -> str:
    """The link breaks and comes back while orders are submitted, cancelled and filled: what is live is asked about."""
    with _arena(choose, exchange=None) as arena:
        arena.set_up(buy("a"), accepted("a"))
        arena.race(
            link=[r.VenueDisconnected(), r.VenueConnected()],
            user=[buy("b")],
            other=[cancel("a")],
            venue=[filled("a", "e1")],
        )
        asked = {request.client_order_id for request in arena.asked if isinstance(request, r.VenueQuery)}
        if not all(order_id in asked for order_id in "ab" if arena.order(order_id).in_doubt):
            msg = f"asked about {asked}"
            raise AssertionError(msg)
        return arena.end()


@race(
    "OPEN 0, OPEN 0; told 0",
    "OPEN 0, REJECTED 0; told 0; HALTED",
    "OPEN 0; told 1",
    "REJECTED 0, OPEN 0; told 0; HALTED",
    "REJECTED 0, REJECTED 0; told 0; HALTED",
    "REJECTED 0; told 1; HALTED",
    size=374,
)
def the_end_against_submissions(choose: Choose) -> str:
    """The system stops while two threads submit: each order is recorded, or its sender is told that it stops."""
    with _arena(choose, "risk_controller") as arena:
        arena.set_up(quote())
        told: list[str] = []

        def submit(order_id: str) -> None:
            try:
                arena.system.submit(buy(order_id))
                arena.commands += 1
            except SystemStopped:
                told.append(order_id)

        arena.enter("user", [lambda: submit("a")])
        arena.enter("other", [lambda: arena.system.order("a"), lambda: submit("b")])
        arena.open("user", "other")
        # When the caller stops the system is one more choice.
        arena.runtime.scheduler.run_steps(arena.pick(12))
        if not arena.system.stop(5):
            msg = "it did not stop in order"
            raise AssertionError(msg)
        return arena.end(f"told {len(told)}")
