"""Races of amends against fills, triggers, cancels and each other, on venues that have an amend and that have none.

Where it has none, an amend is a cancel and a new order, and between the two nothing of the order works there.
"""

from __future__ import annotations

from ...actors.scheduler import Choose
from ...actors.simulated_exchange import SimulatedExchange
from ...actors.stepped import START_NS
from ...model.commands import ModifyOrder, SubmitOrder
from ...model.kinds import OrderType, Side, TimeInForce
from ...model.numbers import plain
from ...model.values import changed
from .arena import Arena
from .racing import race
from .saying import BTC, buy, cancel, modify, offers, quote

_AMENDS = SimulatedExchange(maker_fee="0", taker_fee="0")
_REPLACES = SimulatedExchange(maker_fee="0", taker_fee="0", amends=False)
_VENUE = frozenset({"exchange"})
_BETWEEN = frozenset({"order_manager"})
_LATER_NS = START_NS + 60_000_000_000
_LATEST_NS = START_NS + 90_000_000_000


def _stop() -> SubmitOrder:
    return SubmitOrder(BTC.symbol, Side.BUY, OrderType.STOP, "2", stop_price="105", order_id="o")


def _lasting() -> SubmitOrder:
    return changed(buy("o"), time_in_force=TimeInForce.GTD, expire_time_ns=_LATER_NS)


def _of(arena: Arena) -> str:
    return f"of {plain(arena.order('o').quantity)}"


def _stopped(arena: Arena) -> str:
    order = arena.order("o")
    assert order.stop_price is not None, "it is a stop"
    return f"stop {plain(order.stop_price)}{' triggered' if order.triggered else ''}"


def _ids(arena: Arena) -> str:
    return f"ids {len(arena.order('o').replaced_client_order_ids) + 1}"


def _against(
    choose: Choose,
    exchange: SimulatedExchange,
    order: SubmitOrder,
    amend: ModifyOrder,
    racing: frozenset[str] = _VENUE,
) -> Arena:
    """An arena in which a quote for two at 100 to 106 came while an amend was on its way."""
    arena = Arena(choose, racing, exchange=exchange)
    arena.set_up(quote(), order)
    top = "106" if order.order_type is OrderType.STOP else "100"
    arena.race(user=[amend], market=[quote("99", top, ask_size="2")])
    return arena


@race(
    "FILLED 2; stop 105 triggered; ORDER_CLOSED",
    "FILLED 2; stop 105 triggered; TOO_LATE",
    "FILLED 2; stop 105 triggered; UNSUPPORTED",
    "OPEN 0; stop 107",
    size=23,
)
def a_trigger_against_a_new_stop_price(choose: Choose) -> str:
    """A quote reaches a stop while a higher stop price is on its way: triggered at the old, or waiting at the new."""
    with _against(choose, _AMENDS, _stop(), modify("o", stop_price="107")) as arena:
        return arena.end(_stopped(arena))


@race("FILLED 2", "FILLED 2; ORDER_CLOSED", "FILLED 2; TOO_LATE", size=22)
def a_fill_against_a_new_expiry(choose: Choose) -> str:
    """A quote fills an order while another expiry is on its way: it is filled, whatever becomes of the amend."""
    with _against(choose, _AMENDS, _lasting(), modify("o", expire_time_ns=_LATEST_NS)) as arena:
        return arena.end()


@race(
    "FILLED 1; at 100; of 1; MODIFY_PENDING",
    "FILLED 1; at 100; of 1; ORDER_CLOSED",
    "FILLED 1; at 100; of 1; TOO_LATE",
    "FILLED 1; at 98; of 1",
    "OPEN 0; at 98; of 1",
    "OPEN 0; at 98; of 2; MODIFY_PENDING",
    "PARTIAL 1; at 98; of 2; MODIFY_PENDING",
    size=361,
)
def a_fill_against_two_amends(choose: Choose) -> str:
    """A partial fill while two amends of different terms come: each is answered by itself, and what filled counts."""
    with Arena(choose, _VENUE, exchange=_AMENDS) as arena:
        arena.set_up(quote(), buy("o"))
        arena.race(user=[modify("o", price="98")], other=[modify("o", quantity="1")], market=offers(1))
        return arena.end(arena.price("o"), _of(arena))


@race("FILLED 2; at 100; ids 1; ORDER_CLOSED", "FILLED 2; at 100; ids 1; TOO_LATE", "OPEN 0; at 98; ids 2", size=820)
def a_fill_against_a_price_by_a_new_order(choose: Choose) -> str:
    """A quote reaches an order that is being replaced by one at a lower price: filled first, or open at the new."""
    with _against(choose, _REPLACES, buy("o"), modify("o", price="98"), _BETWEEN) as arena:
        return arena.end(arena.price("o"), _ids(arena))


@race("FILLED 2; of 2; ids 1; ORDER_CLOSED", "FILLED 2; of 2; ids 1; TOO_LATE", "PARTIAL 2; of 3; ids 2", size=58)
def a_fill_against_more_by_a_new_order(choose: Choose) -> str:
    """A quote for two reaches an order for two that is being replaced by one for three: never more than three fill."""
    with _against(choose, _REPLACES, buy("o"), modify("o", quantity="3")) as arena:
        return arena.end(_of(arena), _ids(arena))


@race("FILLED 1; of 1; ids 2", "FILLED 2; of 2; ids 1", size=58)
def a_fill_against_less_by_a_new_order(choose: Choose) -> str:
    """A quote for two reaches an order for four that is being replaced by one for one: done with what has filled."""
    with _against(choose, _REPLACES, buy("o", "4"), modify("o", quantity="1")) as arena:
        return arena.end(_of(arena), _ids(arena))


@race(
    "FILLED 2; stop 105 triggered; ids 1; ORDER_CLOSED",
    "FILLED 2; stop 105 triggered; ids 1; TOO_LATE",
    "FILLED 2; stop 105 triggered; ids 1; UNSUPPORTED",
    "OPEN 0; stop 107; ids 2",
    size=59,
)
def a_trigger_against_a_stop_price_by_a_new_order(choose: Choose) -> str:
    """A quote reaches a stop that is being replaced by one with a higher stop price, or comes between the two."""
    with _against(choose, _REPLACES, _stop(), modify("o", stop_price="107")) as arena:
        return arena.end(_stopped(arena), _ids(arena))


@race("FILLED 2; ids 1; ORDER_CLOSED", "FILLED 2; ids 1; TOO_LATE", "FILLED 2; ids 2", size=58)
def a_fill_against_an_expiry_by_a_new_order(choose: Choose) -> str:
    """A quote reaches an order that is being replaced by one with another expiry: one of the two fills."""
    with _against(choose, _REPLACES, _lasting(), modify("o", expire_time_ns=_LATEST_NS)) as arena:
        return arena.end(_ids(arena))


@race(
    "OPEN 0; at 100; of 3; ids 2; MODIFY_PENDING",
    "OPEN 0; at 98; of 2; ids 2; MODIFY_PENDING",
    "OPEN 0; at 98; of 3; ids 3",
    size=10,
)
def two_amends_by_new_orders(choose: Choose) -> str:
    """Two threads modify an order where there is no amend: it has the terms of one, or of one after the other."""
    with Arena(choose, _VENUE, exchange=_REPLACES) as arena:
        arena.set_up(quote(), buy("o"))
        arena.race(user=[modify("o", price="98")], other=[modify("o", quantity="3")])
        return arena.end(arena.price("o"), _of(arena), _ids(arena))


@race(
    "CANCELLED 0; at 100; ids 1; CANCEL_PENDING",
    "CANCELLED 0; at 100; ids 1; ORDER_CLOSED",
    "CANCELLED 0; at 98; ids 2",
    size=25,
)
def a_cancel_against_an_amend_by_a_new_order(choose: Choose) -> str:
    """A cancel while an order is being replaced: it ends for good, and no new order is left working."""
    with Arena(choose, _BETWEEN, exchange=_REPLACES) as arena:
        arena.set_up(quote(), buy("o"))
        arena.race(user=[modify("o", price="98")], other=[cancel("o")])
        return arena.end(arena.price("o"), _ids(arena))


@race(
    "CANCELLED 0; at 100; ids 1; HALTED",
    "OPEN 0; at 100; ids 1; HALTED",
    "OPEN 0; at 98; ids 2",
    size=229,
)
def a_halt_against_an_amend_by_a_new_order(choose: Choose) -> str:
    """Trading is halted while an order is being replaced: no new order leaves after the halt."""
    with Arena(choose, _VENUE, exchange=_REPLACES) as arena:
        arena.set_up(quote(), buy("o"))
        arena.race(user=[modify("o", price="98")], host=[lambda: arena.system.halt("enough")])
        return arena.end(arena.price("o"), _ids(arena))


@race(
    "CANCELLED 0; of 2; ids 1; CANCEL_PENDING",
    "CANCELLED 0; of 2; ids 1; ORDER_CLOSED",
    "CANCELLED 0; of 3; ids 2",
    "CANCELLED 2; of 3; ids 2",
    "FILLED 2; of 2; ids 1; CANCEL_PENDING; TOO_LATE",
    "FILLED 2; of 2; ids 1; ORDER_CLOSED",
    "FILLED 2; of 2; ids 1; ORDER_CLOSED; TOO_LATE",
    "FILLED 2; of 2; ids 1; TOO_LATE",
    size=716,
)
def a_cancel_an_amend_by_a_new_order_and_a_fill(choose: Choose) -> str:
    """A cancel, an amend and a fill of one order where there is no amend: one end, and the money of what filled."""
    with Arena(choose, _VENUE, exchange=_REPLACES) as arena:
        arena.set_up(quote(), buy("o"))
        arena.race(user=[modify("o", quantity="3")], other=[cancel("o")], market=[quote("99", "100", ask_size="2")])
        return arena.end(_of(arena), _ids(arena))
