"""Races among the orders of a group: the market, the user and the venue against what the group asks for."""

from __future__ import annotations

from collections.abc import Sequence

from ...actors.messages import Halt, Resume
from ...actors.scheduler import Choose
from ...actors.simulated_exchange import SimulatedExchange
from ...model.commands import SubmitGroup, SubmitOrder
from ...model.kinds import OrderType, Side
from ...model.market import Quote
from ...model.reports import VenueFilled
from ...model.tying import bracket_of, oco_of, oto_of
from ...model.values import changed
from .arena import Arena, Say
from .racing import race
from .saying import BTC, accepted, buy, cancel, expired, filled, modify, quote, rejected

# A venue that leaves it to the order manager to tie orders, so that the market may reach the others first.
_FREE = SimulatedExchange(maker_fee="0", taker_fee="0", ties=False)
_TYING = SimulatedExchange(maker_fee="0", taker_fee="0")
_VENUE = frozenset({"exchange"})
_BELOW = Quote(BTC.symbol, bid="89", ask="91")


def _sell(order_id: str, price: str, quantity: str = "2") -> SubmitOrder:
    return SubmitOrder(BTC.symbol, Side.SELL, OrderType.LIMIT, quantity, price=price, order_id=order_id)


def _stop(order_id: str, stop_price: str = "90") -> SubmitOrder:
    return SubmitOrder(BTC.symbol, Side.SELL, OrderType.STOP, "2", stop_price=stop_price, order_id=order_id)


def _named(group: SubmitGroup) -> SubmitGroup:
    return changed(group, group_id="g")


def _bracket(stop_price: str = "90") -> SubmitGroup:
    return _named(bracket_of(buy("entry"), _sell("target", "110"), _stop("the-stop", stop_price)))


def _bid(price: str, size: str | None = None) -> Quote:
    return Quote(BTC.symbol, bid=price, ask="200", bid_size=size)


def _sold(order_id: str, execution_id: str) -> VenueFilled:
    return changed(filled(order_id, execution_id), side=Side.SELL)


def _run(choose: Choose, before: Sequence[Say], *, exchange: SimulatedExchange = _FREE, **racers: Sequence[Say]) -> str:
    """Run a race at the simulated venue, with the laws of groups held at every step."""
    with Arena(choose, _VENUE, exchange=exchange) as arena:
        arena.hold_groups()
        arena.set_up(*before)
        arena.race(**racers)
        return arena.end(arena.position())


def _entered() -> Sequence[Say]:
    return [quote(), _bracket(), quote("99", "100")]


@race(
    "CANCELLED 0, CANCELLED 0, CANCELLED 0; position 0",
    "CANCELLED 1, OPEN 0, OPEN 0; position 1",
    size=25,
)
def an_entry_that_fills_against_its_cancel(choose: Choose) -> str:
    """The entry of a bracket fills while its cancel is on its way: what has filled has both exits."""
    return _run(choose, [quote(), _bracket()], user=[cancel("entry")], market=[quote("99", "100", ask_size="1")])


@race(
    "CANCELLED 0, CANCELLED 0, CANCELLED 0; position 0",
    "CANCELLED 1, OPEN 0, OPEN 0; position 1",
    "FILLED 2, OPEN 0, OPEN 0; position 2; ORDER_CLOSED",
    "FILLED 2, OPEN 0, OPEN 0; position 2; TOO_LATE",
    size=1024,
)
def an_entry_that_fills_in_parts_against_its_cancel(choose: Choose) -> str:
    """Two parts of the entry fill while it is cancelled: the exits work for what has filled, never for more or less."""
    offers = [quote("99", "100", ask_size="1"), quote("99", "99.5", ask_size="1")]
    return _run(choose, [quote(), _bracket()], user=[cancel("entry")], market=offers)


@race(
    "FILLED 2, CANCELLED 0, FILLED 2; position 0",
    "FILLED 2, FILLED 2, CANCELLED 0; position 0",
    "FILLED 2, FILLED 2, FILLED 2; position -2; OVERCLOSED",
    size=265,
)
def both_exits_reached(choose: Choose) -> str:
    """The market reaches the profit target, and the stop at once after it: one closes it, or both are told."""
    return _run(choose, _entered(), up=[_bid("110")], down=[_BELOW])


@race(
    "FILLED 2, CANCELLED 0, FILLED 2; position 0",
    "FILLED 2, FILLED 2, CANCELLED 0; position 0",
    size=265,
)
def both_exits_reached_at_a_venue_that_ties_orders(choose: Choose) -> str:
    """As before, where the venue itself takes from one exit what the other has executed: nothing is closed twice."""
    return _run(choose, _entered(), exchange=_TYING, up=[_bid("110")], down=[_BELOW])


@race(
    "FILLED 2, CANCELLED 0, FILLED 2; position 0",
    "FILLED 2, CANCELLED 1, FILLED 1; position 0",
    "FILLED 2, CANCELLED 1, FILLED 2; position -1; OVERCLOSED",
    "FILLED 2, CANCELLED 1, FILLED 2; position -1; TOO_LATE; OVERCLOSED",
    size=265,
)
def a_part_of_the_target_against_the_stop(choose: Choose) -> str:
    """A part of the profit target fills while the stop is reached: the stop sells the rest, or too much and is told."""
    return _run(choose, _entered(), up=[_bid("110", "1")], down=[_BELOW])


@race(
    "FILLED 2, PARTIAL 0.5, OPEN 0; position 1.5",
    size=265,
)
def a_part_of_the_target_against_more_of_the_entry(choose: Choose) -> str:
    """A part of the profit target fills while the entry fills further: both exits come to what is open."""
    before: Sequence[Say] = [quote(), _bracket(), quote("99", "100", ask_size="1")]
    return _run(choose, before, up=[_bid("110", "0.5")], market=[quote("99", "99.5", ask_size="1")])


@race(
    "FILLED 2, CANCELLED 0, FILLED 2; position 0",
    "FILLED 2, FILLED 2, CANCELLED 0, REJECTED 0; position 0; STOP_PRICE; UNPROTECTED",
    "FILLED 2, OPEN 0, OPEN 0; position 2",
    size=600,
)
def an_entry_that_fills_against_a_market_below_its_stop(choose: Choose) -> str:
    """The market falls below the stop while the entry fills: refused, triggered or closed, the position ends flat."""
    return _run(choose, [quote(), _bracket()], market=[quote("99", "100")], down=[_BELOW])


@race(
    "FILLED 2, CANCELLED 0, FILLED 2; position 0; ORDER_CLOSED",
    "FILLED 2, CANCELLED 0, FILLED 2; position 0; TOO_LATE",
    "FILLED 2, OPEN 0, CANCELLED 0; position 2; UNPROTECTED",
    size=25,
)
def a_stop_that_its_user_cancels_against_its_trigger(choose: Choose) -> str:
    """The user cancels the stop while it is reached: it has sold, or what is open has no stop any more, and is told."""
    return _run(choose, _entered(), user=[cancel("the-stop")], down=[_BELOW])


@race(
    "FILLED 2, CANCELLED 0, CANCELLED 0, FILLED 2; position 0",
    "FILLED 2, CANCELLED 0, CANCELLED 0, FILLED 2; position 0; ORDER_CLOSED",
    "FILLED 2, CANCELLED 0, CANCELLED 0, FILLED 2; position 0; TOO_LATE",
    size=326,
)
def a_stop_against_a_bid_of_the_same_account(choose: Choose) -> str:
    """A bid of the same account comes in and is cancelled while the stop is reached: the stop sells all in any case."""
    own = buy("own", price="89.5", quantity="1")
    return _run(choose, _entered(), exchange=_TYING, user=[own, cancel("own")], down=[_BELOW])


@race(
    "FILLED 2, CANCELLED 0, OPEN 0; position 2",
    "FILLED 2, CANCELLED 1, OPEN 0; position 1",
    size=24,
)
def a_target_that_its_user_cancels_against_its_fill(choose: Choose) -> str:
    """The user cancels the profit target while it fills: the position is closed, or the stop alone works on."""
    return _run(choose, _entered(), user=[cancel("target")], up=[_bid("110", "1")])


@race(
    "FILLED 2, PARTIAL 1, OPEN 0; position 1",
    "FILLED 2, PARTIAL 1, OPEN 0; position 1; MODIFY_PENDING",
    size=24,
)
def a_new_stop_price_against_a_part_of_the_target(choose: Choose) -> str:
    """The user moves the stop while a part of the target fills: the stop is moved, and comes to what is open."""
    return _run(choose, _entered(), user=[modify("the-stop", stop_price="95")], up=[_bid("110", "1")])


@race(
    "FILLED 2, OPEN 0, OPEN 0; position 2; ORDER_CLOSED",
    "FILLED 2, OPEN 0, OPEN 0; position 2; TOO_LATE",
    "FILLED 3, OPEN 0, OPEN 0; position 3",
    size=25,
)
def a_larger_entry_against_its_fill(choose: Choose) -> str:
    """The user asks for a larger entry while it fills: the exits work for what has filled of whichever it was."""
    return _run(choose, [quote(), _bracket()], user=[modify("entry", quantity="3")], market=[quote("99", "100")])


@race(
    "PARTIAL 1, OPEN 0, OPEN 0; position 1; TRIPPED",
    "PARTIAL 1, OPEN 0, OPEN 0; position 1; TRIPPED; UNPROTECTED",
    size=360,
)
def a_halt_against_the_fill_of_an_entry(choose: Choose) -> str:
    """Trading is halted and resumed while the entry fills: the exits leave before or after, never within."""
    with Arena(choose, _VENUE, exchange=_FREE) as arena:
        arena.hold_groups()
        arena.set_up(quote(), _bracket())
        arena.race(
            user=[lambda: arena.at.manager.send_first(Halt("enough")), lambda: arena.at.manager.send_first(Resume())],
            market=[quote("99", "100", ask_size="1")],
        )
        return arena.end(arena.position())


@race(
    "FILLED 2, SUBMITTED 0, PARTIAL 1, EXPIRED 0; position 1; UNPROTECTED",
    size=2,
)
def an_expiry_of_the_stop_against_the_target(choose: Choose) -> str:
    """The venue expires the stop while a part of the target fills: the rest is closed at the market."""
    with Arena(choose) as arena:
        arena.hold_groups()
        arena.set_up(_bracket(), filled("entry", "e1", "2"), accepted("the-stop"), accepted("target"))
        arena.race(venue=[expired("the-stop")], other=[_sold("target", "e2")])
        return arena.end(arena.position())


@race(
    "CANCELLED 0, PARTIAL 1; position 1",
    "CANCELLED 1, PARTIAL 1; position 0; OVERCLOSED",
    "PARTIAL 1, CANCELLED 0; position -1",
    "PARTIAL 1, CANCELLED 1; position 0; OVERCLOSED",
    size=220,
)
def two_alternatives_executed(choose: Choose) -> str:
    """The market reaches both orders of an OCO, one after the other: one is executed, or both are and it is told."""
    group = _named(oco_of((buy("low", price="95"), _sell("high", "105")), "cancel"))
    return _run(choose, [quote(), group], down=[quote("94", "95", ask_size="1")], up=[_bid("105", "1")])


@race(
    "CANCELLED 1, FILLED 1; position 0",
    "FILLED 1, CANCELLED 1; position 0",
    size=220,
)
def two_alternatives_that_take_from_each_other(choose: Choose) -> str:
    """Parts of both orders fill, and each takes from the other: together not more than was asked for, or it is told."""
    group = _named(oco_of((buy("low", price="95"), _sell("high", "105")), "reduce"))
    return _run(choose, [quote(), group], down=[quote("94", "95", ask_size="1")], up=[_bid("105", "1")])


@race(
    "CANCELLED 0, CANCELLED 0; position 0",
    "FILLED 2, OPEN 0; position 2; ORDER_CLOSED",
    "FILLED 2, OPEN 0; position 2; TOO_LATE",
    size=24,
)
def a_first_that_fills_against_its_cancel(choose: Choose) -> str:
    """The first of an OTO fills while it is cancelled: the other is sent, or it never is."""
    group = _named(oto_of(buy("first"), (_sell("then", "110"),)))
    return _run(choose, [quote(), group], user=[cancel("first")], market=[quote("99", "100")])


@race(
    "FILLED 2, SUBMITTED 0, SUBMITTED 0, REJECTED 0; position 2; VENUE; UNPROTECTED",
    size=2,
)
def a_stop_that_is_refused_against_more_of_the_entry(choose: Choose) -> str:
    """The venue refuses the stop while the entry fills further: everything that is open is closed at the market."""
    with Arena(choose) as arena:
        arena.hold_groups()
        arena.set_up(_bracket(), filled("entry", "e1"))
        arena.race(venue=[rejected("the-stop")], other=[filled("entry", "e2")])
        return arena.end(arena.position())
