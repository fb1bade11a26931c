"""Races of an order's expiry, and of orders that do not wait, against fills, cancels, modifications and triggers."""

from __future__ import annotations

from collections.abc import Callable

from ...actors.scheduler import Choose
from ...actors.simulated_exchange import SimulatedExchange
from ...actors.stepped import START_NS
from ...model.commands import ModifyOrder, SubmitOrder
from ...model.kinds import OrderType, Side, TimeInForce
from ...model.values import changed
from .arena import Arena
from .racing import race
from .saying import BTC, buy, cancel, modify, offers, quote

_FREE = SimulatedExchange(maker_fee="0", taker_fee="0")
_EXPIRES_NS = START_NS + 10_000_000
_LATE_NS = 20_000_000
"""How late a message may be handled: later than the order expires."""
_LATER_NS = 5_000_000
_SLOW = SimulatedExchange(maker_fee="0", taker_fee="0", latency="0.004")
_AT_VENUE = frozenset({"exchange"})
_TIMERS = frozenset({"timer of exchange"})
_VENUE = _TIMERS | _AT_VENUE


def _till_then(order: SubmitOrder) -> SubmitOrder:
    return changed(order, time_in_force=TimeInForce.GTD, expire_time_ns=_EXPIRES_NS)


def _stop(order_id: str, price: str | None = None) -> SubmitOrder:
    kind = OrderType.STOP if price is None else OrderType.STOP_LIMIT
    return SubmitOrder(BTC.symbol, Side.BUY, kind, "2", stop_price="105", price=price, order_id=order_id)


def _arena(choose: Choose, racing: frozenset[str] = _VENUE) -> Arena:
    return Arena(choose, racing, exchange=_FREE, late_ns=_LATE_NS)


def _end(arena: Arena, *more: Callable[[Arena], str]) -> str:
    """Let the timer fire, where it has not, and return what came of the race."""
    arena.let_time_pass()
    arena.runtime.settle()
    return arena.end(*(words(arena) for words in more))


def _pending(arena: Arena) -> str:
    return f"pending {arena.order('o').pending.value}"


def _price(arena: Arena) -> str:
    return arena.price("o")


def _triggered(arena: Arena) -> str:
    return "triggered" if arena.order("o").triggered else ""


def _lasted(arena: Arena) -> str:
    closed_ns = arena.order("o").closed_ns
    return "" if closed_ns is None else f"after {(closed_ns - START_NS) // 1_000_000} ms"


@race("EXPIRED 0", "FILLED 2", size=22)
def a_quote_at_the_moment_of_expiry(choose: Choose) -> str:
    """A quote reaches an order as its time comes: filled or expired, as the venue has it, and never both."""
    with _arena(choose) as arena:
        arena.set_up(quote(), _till_then(buy("o")))
        arena.race(market=[quote("99", "100")])
        return _end(arena)


@race("EXPIRED 0", "EXPIRED 1", "FILLED 2", size=221)
def partial_fills_at_the_moment_of_expiry(choose: Choose) -> str:
    """Two offers, each of half an order, as its time comes: what has filled by then is booked, and nothing after."""
    with _arena(choose) as arena:
        arena.set_up(quote(), _till_then(buy("o")))
        arena.race(market=offers(2))
        return _end(arena)


@race("CANCELLED 0; pending NONE", "EXPIRED 0; pending NONE; ORDER_CLOSED", "EXPIRED 0; pending NONE; TOO_LATE", size=6)
def a_cancel_at_the_moment_of_expiry(choose: Choose) -> str:
    """A cancel is on its way as an order's time comes: one end, and the cancel has its answer."""
    with _arena(choose) as arena:
        arena.set_up(quote(), _till_then(buy("o")))
        arena.race(user=[cancel("o")])
        return _end(arena, _pending)


@race(
    "CANCELLED 0",
    "CANCELLED 1",
    "EXPIRED 0; ORDER_CLOSED",
    "EXPIRED 0; TOO_LATE",
    "EXPIRED 1; ORDER_CLOSED",
    "EXPIRED 1; TOO_LATE",
    size=327,
)
def a_cancel_and_a_fill_at_the_moment_of_expiry(choose: Choose) -> str:
    """A cancel and a quote that fills half of an order as its time comes: one end, with what was executed before it."""
    with _arena(choose) as arena:
        arena.set_up(quote(), _till_then(buy("o")))
        arena.race(user=[cancel("o")], market=offers(1))
        return _end(arena)


@race("EXPIRED 0; at 100; ORDER_CLOSED", "EXPIRED 0; at 100; TOO_LATE", "FILLED 2; at 101", size=7)
def a_new_price_at_the_moment_of_expiry(choose: Choose) -> str:
    """A new price, which would fill, is on its way as an order's time comes: it fills, or expires at the old price."""
    with _arena(choose) as arena:
        arena.set_up(quote(), _till_then(buy("o")))
        arena.race(user=[modify("o", price="101")])
        return _end(arena, _price)


@race("EXPIRED 0; after 10 ms; ORDER_CLOSED", "EXPIRED 0; after 10 ms; TOO_LATE", "EXPIRED 0; after 15 ms", size=6)
def more_time_at_the_moment_of_expiry(choose: Choose) -> str:
    """A later expiry is on its way as an order's time comes: it lives on until then, or expires and is told so."""
    later = ModifyOrder("o", expire_time_ns=_EXPIRES_NS + _LATER_NS)
    with _arena(choose) as arena:
        arena.set_up(quote(), _till_then(buy("o")))
        arena.race(user=[later])
        # The old time comes, and the new one.
        arena.let_time_pass()
        arena.runtime.settle()
        return _end(arena, _lasted)


@race(
    "EXPIRED 0",
    "EXPIRED 0; EXPIRE_TIME",
    "EXPIRED 0; ORDER_CLOSED",
    "EXPIRED 0; TOO_LATE",
    "FILLED 2",
    "FILLED 2; EXPIRE_TIME",
    "FILLED 2; ORDER_CLOSED",
    "FILLED 2; TOO_LATE",
    size=349,
)
def less_time_against_a_fill(choose: Choose) -> str:
    """An expiry is brought forward while a quote comes: filled, expired at the new time, or refused as past."""
    sooner = ModifyOrder("o", expire_time_ns=_EXPIRES_NS)
    with _arena(choose) as arena:
        arena.set_up(quote(), changed(_till_then(buy("o")), expire_time_ns=_EXPIRES_NS + _LATER_NS))
        arena.race(user=[sooner], market=[quote("99", "100")])
        return _end(arena)


@race("EXPIRED 0", "FILLED 2; triggered", size=23)
def a_trigger_at_the_moment_of_expiry(choose: Choose) -> str:
    """A quote reaches a stop as its time comes: triggered and filled, or expired untriggered."""
    with _arena(choose) as arena:
        arena.set_up(quote(), _till_then(_stop("o")))
        arena.race(market=[quote("105", "106")])
        return _end(arena, _triggered)


@race("EXPIRED 0", "EXPIRED 0; triggered", "FILLED 2; triggered", size=221)
def a_stop_limit_between_its_trigger_and_its_expiry(choose: Choose) -> str:
    """A stop limit is triggered by one quote and reached by another as its time comes: each only before it."""
    with _arena(choose) as arena:
        arena.set_up(quote(), _till_then(_stop("o", "105")))
        arena.race(market=[quote("105", "106"), quote("104", "105")])
        return _end(arena, _triggered)


@race("EXPIRED 0, EXPIRED 0", "EXPIRED 0, REJECTED 0; EXPIRE_TIME", size=11)
def a_submission_that_may_come_too_late(choose: Choose) -> str:
    """An order's time comes while it is on its way: refused by risk or by the venue, or it expires there."""
    with Arena(choose, _VENUE, exchange=_SLOW, late_ns=_LATE_NS) as arena:
        # One that is there already and expires at the same moment makes it come.
        arena.set_up(quote(), _till_then(buy("a")), lambda: arena.runtime.wait_quiet(1))
        arena.race(user=[_till_then(buy("b"))])
        arena.let_time_pass()
        arena.runtime.settle()
        return _end(arena)


@race("EXPIRED 0, EXPIRED 0", "FILLED 2, EXPIRED 0", size=37)
def two_orders_that_expire_together_against_one_offer(choose: Choose) -> str:
    """Two orders expire at one moment while an offer that is enough for one comes: the first fills, or neither."""
    with _arena(choose) as arena:
        arena.set_up(quote(), _till_then(buy("a")), _till_then(buy("b")))
        arena.race(market=[quote("99", "100", ask_size="2")])
        return _end(arena)


def _that_does_not_wait(order: SubmitOrder, force: TimeInForce) -> SubmitOrder:
    return changed(order, time_in_force=force)


@race("CANCELLED 0", "CANCELLED 1", "FILLED 2", size=563)
def an_immediate_order_against_two_quotes(choose: Choose) -> str:
    """An IOC order while the market goes away and comes back: it has what is there when it comes, and never waits."""
    with _arena(choose, _AT_VENUE) as arena:
        arena.set_up(quote("99", "100", ask_size="1"))
        order = _that_does_not_wait(buy("o"), TimeInForce.IOC)
        arena.race(user=[order], market=[quote("99", "101"), quote("99", "100", ask_size="2")])
        return arena.end()


@race("CANCELLED 0", "FILLED 2", size=314)
def a_fill_or_kill_order_against_growing_offers(choose: Choose) -> str:
    """A FOK order while the offer grows to what it wants: all or nothing, never the part that is there first."""
    with _arena(choose, _AT_VENUE) as arena:
        arena.set_up(quote("99", "100", ask_size="1"))
        order = _that_does_not_wait(buy("o"), TimeInForce.FOK)
        arena.race(user=[order], market=[quote("99", "100", ask_size="2"), quote("99", "100", ask_size="1.5")])
        return arena.end()


@race("CANCELLED 0, FILLED 2", "FILLED 2, CANCELLED 0", size=8)
def two_fill_or_kill_orders_for_one_offer(choose: Choose) -> str:
    """Two FOK orders for an offer that is enough for one: one has it all, and the other nothing."""
    with _arena(choose, _AT_VENUE) as arena:
        arena.set_up(quote("99", "100", ask_size="3"))
        first, second = (_that_does_not_wait(buy(name), TimeInForce.FOK) for name in "ab")
        arena.race(user=[first], other=[second])
        return arena.end()


@race("CANCELLED 1; ORDER_CLOSED", "CANCELLED 1; TOO_LATE", size=5)
def an_immediate_order_against_its_cancel(choose: Choose) -> str:
    """An IOC order is cancelled while the venue ends it: one end, and the cancel has its answer."""
    with _arena(choose, _AT_VENUE) as arena:
        arena.set_up(quote("99", "100", ask_size="1"))
        arena.race(user=[_that_does_not_wait(buy("o"), TimeInForce.IOC), cancel("o")])
        return arena.end()


@race(
    "CANCELLED 0; FILL_OR_KILL; ORDER_CLOSED", "CANCELLED 0; FILL_OR_KILL; TOO_LATE", "CANCELLED 0; REQUESTED", size=23
)
def a_killed_stop_against_its_cancel(choose: Choose) -> str:
    """A quote triggers a FOK stop that it cannot fill while its cancel is on its way: killed, or cancelled before."""
    with _arena(choose, _AT_VENUE) as arena:
        arena.set_up(quote(), _that_does_not_wait(_stop("o"), TimeInForce.FOK))
        arena.race(user=[cancel("o")], market=[quote("105", "106", ask_size="1")])
        reason = arena.order("o").reason
        return arena.end("" if reason is None else reason.value)
