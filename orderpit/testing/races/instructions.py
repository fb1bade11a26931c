"""Races of post-only, reduce-only and trailing orders against the market and against cancels."""

from __future__ import annotations

from decimal import Decimal

from ...actors.scheduler import Choose
from ...actors.simulated_exchange import SimulatedExchange
from ...model.commands import SubmitOrder
from ...model.kinds import OrderType, Side
from ...model.numbers import plain
from ...model.values import changed
from .arena import Arena
from .racing import race
from .saying import BTC, buy, cancel, modify, quote

_FREE = SimulatedExchange(maker_fee="0", taker_fee="0")
_VENUE = frozenset({"exchange"})
_OPENS = SubmitOrder(BTC.symbol, Side.BUY, OrderType.MARKET, "2", order_id="a")
_CLOSES = SubmitOrder(BTC.symbol, Side.SELL, OrderType.LIMIT, "2", price="105", order_id="b")
_REDUCES = SubmitOrder(BTC.symbol, Side.SELL, OrderType.LIMIT, "2", price="106", reduce_only=True, order_id="c")
_TRAILS = SubmitOrder(BTC.symbol, Side.SELL, OrderType.TRAILING_STOP, "2", trailing_offset=Decimal(5), order_id="o")


@race("FILLED 2, FILLED 2, CANCELLED 0; position 0", "FILLED 2, FILLED 2, REJECTED 0; position 0; REDUCE_ONLY", size=22)
def a_reduce_only_order_against_a_fill_that_closes_the_position(choose: Choose) -> str:
    """The position is closed while a reduce-only order is on its way: refused or cancelled, and never turned by it."""
    with Arena(choose, _VENUE, exchange=_FREE) as arena:
        arena.set_up(quote(), _OPENS, _CLOSES)
        arena.race(user=[_REDUCES], market=[quote("105", "107")])
        return arena.end(arena.position())


@race("FILLED 2, FILLED 1, OPEN 0; of 1", "FILLED 2, FILLED 1, OPEN 0; of 1; REDUCE_ONLY", size=22)
def a_larger_reduce_only_quantity_against_a_fill_of_half_the_position(choose: Choose) -> str:
    """Half of the position goes while a reduce-only order is to grow: it leaves no more than the other half."""
    with Arena(choose, _VENUE, exchange=_FREE) as arena:
        arena.set_up(quote(), _OPENS, changed(_CLOSES, quantity=Decimal(1)), changed(_REDUCES, quantity=Decimal(1)))
        arena.race(user=[modify("c", quantity="2")], market=[quote("105", "107")])
        return arena.end(f"of {plain(arena.order('c').quantity)}")


@race("CANCELLED 0", "FILLED 2; stop 105; ORDER_CLOSED", "FILLED 2; stop 105; TOO_LATE", size=160)
def a_trailing_stop_against_its_cancel(choose: Choose) -> str:
    """The market takes a stop along and comes back to it while its cancel is on its way: it ends once."""
    with Arena(choose, _VENUE, exchange=_FREE) as arena:
        arena.set_up(quote(), _TRAILS)
        arena.race(user=[cancel("o")], market=[quote("110", "111"), quote("105", "106")])
        stop = arena.order("o").stop_price
        return arena.end("" if stop is None else f"stop {plain(stop)}")


@race("FILLED 2; MAKER", "REJECTED 0; POST_ONLY", size=21)
def a_post_only_order_against_the_market(choose: Choose) -> str:
    """The market comes to the price of a post-only order: it rests before and fills as maker, or it is refused."""
    with Arena(choose, _VENUE, exchange=_FREE) as arena:
        arena.set_up(quote())
        arena.race(user=[changed(buy("o"), post_only=True)], market=[quote("99", "100")])
        fills = arena.order("o").fills
        return arena.end(*(fill.liquidity.value for fill in fills if fill.liquidity is not None))
