"""How the simulated venue tells of its orders in answer to a VenueList."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from . import reports as r
from .kinds import Side
from .numbers import negate
from .venue_booking import reported
from .venue_order import VenueOrder

Holdings = Iterable[tuple[tuple[str, str, Side | None], Decimal]]
"""Positions by account, symbol and, where they are hedged, the side that opened them; those are zero or more."""


def listed(order: VenueOrder, request: r.VenueList, now_ns: int) -> Iterator[r.VenueReport | r.VenueListing]:
    """Return all that is told of one order."""
    yield terms_of(order, request, now_ns)
    for fill in order.fill_chain.items():
        yield reported(order, fill, now_ns)
    yield status_of(order, request.request_id, now_ns)


def terms_of(order: VenueOrder, request: r.VenueList, now_ns: int) -> r.VenueOrderListed:
    """Return an order's terms as they are in force."""
    return r.VenueOrderListed(
        client_order_id=order.client_order_id,
        request_id=request.request_id,
        exchange_order_id=order.exchange_order_id,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        quantity=order.quantity,
        price=order.price,
        stop_price=order.stop_price,
        time_in_force=order.time_in_force,
        expire_time_ns=order.expire_time_ns,
        instructions=order.instructions,
        account=order.account,
        closes=order.closes,
        link_id=order.link_id,
        contingency=order.contingency,
        triggered=order.triggered,
        created_ns=order.created_ns,
        time_ns=now_ns,
    )


def status_of(order: VenueOrder, request_id: str, now_ns: int) -> r.VenueStatus:
    """Return how an order stands."""
    return r.VenueStatus(
        client_order_id=order.client_order_id,
        request_id=request_id,
        state=order.state,
        filled_quantity=order.filled,
        complete=True,
        price=order.price,
        quantity=order.quantity,
        stop_price=order.stop_price,
        expire_time_ns=order.expire_time_ns,
        time_ns=now_ns,
    )


def listed_all(request: r.VenueList, orders: int, now_ns: int, holdings: Holdings | None) -> r.VenueListed:
    """Return the end of the answer. Of money the venue keeps no account."""
    return r.VenueListed(
        request_id=request.request_id,
        orders=orders,
        complete=True,
        positions=None if holdings is None else positions_of(holdings),
        time_ns=now_ns,
    )


def positions_of(holdings: Holdings) -> tuple[r.VenuePosition, ...]:
    """Return positions as they are told, those that are zero left out."""
    return tuple(
        r.VenuePosition(
            account=account,
            symbol=symbol,
            quantity=negate(quantity) if opened_by is Side.SELL else quantity,
            opened_by=opened_by,
        )
        for (account, symbol, opened_by), quantity in holdings
        if quantity
    )
