"""Random orders at a venue without a recorded market, against a book that looks at every order in every step."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference_book import Order, ReferenceBook

from orderpit.model import reports as r
from orderpit.model.instructions import Instructions
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Liquidity, OrderType, Reason, Side, TimeInForce
from orderpit.model.venue import SimulatedVenue, VenueRules
from orderpit.model.venue_order import PREVENTIONS, SelfTradePrevention

SYMBOL = "BTC/USDT"
INSTRUMENTS = {SYMBOL: Instrument(SYMBOL, price_increment="1", quantity_increment="1")}
NOBODY, SOMEBODY = Decimal(0), {"time_ns": 0, "source": "test", "symbol": SYMBOL}
Said = tuple[str, str, Decimal, Decimal | None]


def a_venue(prevention: SelfTradePrevention) -> SimulatedVenue:
    def no_draw(order_id: str, nth: int) -> Decimal:
        pytest.fail(f"draw {nth} of {order_id}: nothing is left to chance")

    rules = VenueRules(maker_fee=Decimal(0), taker_fee=Decimal(0), self_trade_prevention=prevention)
    return SimulatedVenue(INSTRUMENTS, rules, no_draw, lambda: "E")


def submit(order: Order) -> r.VenueSubmit:
    return r.VenueSubmit(
        client_order_id=order.name,
        side=order.side,
        order_type=OrderType.MARKET if order.limit is None else OrderType.LIMIT,
        quantity=order.leaves,
        price=order.limit,
        stop_price=None,
        time_in_force=order.lasts,
        instructions=Instructions(display_quantity=order.display),
        account=order.account,
        **SOMEBODY,  # type: ignore[arg-type]
    )


def cancel(name: str) -> r.VenueCancel:
    return r.VenueCancel(client_order_id=name, request_id="R", **SOMEBODY)  # type: ignore[arg-type]


def shrink(name: str, quantity: Decimal) -> r.VenueModify:
    return r.VenueModify(client_order_id=name, request_id="R", price=None, quantity=quantity, **SOMEBODY)  # type: ignore[arg-type]


def said(reports: tuple[r.VenueReport, ...]) -> Iterator[Said]:
    """What the venue says, in the reference book's words; the maker of each trade comes before the taker."""
    roles: list[Liquidity | None] = []
    for report in reports:
        match report:
            case r.VenueFilled(fill=fill):
                roles.append(fill.liquidity)
                yield "fill", report.client_order_id, fill.quantity, fill.price
            case r.VenueCancelled():
                assert report.filled_quantity is not None
                yield report.reason.value, report.client_order_id, report.filled_quantity, None
            case r.VenueModified():
                assert report.quantity is not None
                yield "now", report.client_order_id, report.quantity, None
            case r.VenueRejected(reason=Reason.NO_MARKET):
                # A list has no market to know of: there was nobody.
                yield "REMAINDER", report.client_order_id, NOBODY, None
            case _:
                assert isinstance(report, r.VenueAccepted)
    assert roles == [Liquidity.MAKER, Liquidity.TAKER] * (len(roles) // 2)


quantities = st.integers(1, 9).map(Decimal)
lasts = st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK])
Terms = tuple[str, Side, Decimal | None, Decimal, Decimal | None, TimeInForce]
arrivals = st.tuples(
    st.sampled_from(["", "a", "b", "c"]),
    st.sampled_from(Side),
    st.none() | st.integers(98, 102).map(Decimal),
    quantities,
    st.none() | st.integers(1, 3).map(Decimal),
    lasts,
)
Change = tuple[str, int, int]
BEHIND_AN_ICEBERG: list[Terms | Change] = [
    ("", Side.SELL, Decimal(98), Decimal(2), Decimal(1), TimeInForce.GTC),
    ("b", Side.SELL, Decimal(98), Decimal(1), None, TimeInForce.GTC),
    # It would meet its own order before what the iceberg shows next.
    ("b", Side.BUY, Decimal(98), Decimal(2), None, TimeInForce.FOK),
]
changes = st.tuples(st.sampled_from(["cancel", "shrink"]), st.integers(0, 50), st.integers(1, 8))


@settings(max_examples=400, deadline=None)
@given(
    steps=st.lists(arrivals | arrivals | arrivals | changes, min_size=4, max_size=60),
    prevention=st.sampled_from(PREVENTIONS),
)
@example(steps=BEHIND_AN_ICEBERG, prevention="cancel_newest")
@example(steps=BEHIND_AN_ICEBERG, prevention="cancel_oldest")
def test_the_same_orders_fill_in_the_same_order_as_in_a_list(
    steps: list[Terms | Change], prevention: SelfTradePrevention
) -> None:
    venue, reference = a_venue(prevention), ReferenceBook(prevention)
    for number, step in enumerate(steps):
        reference.said.clear()
        if len(step) == 6:
            account, side, limit, quantity, display, lasting = step
            lasting = TimeInForce.GTC if limit is None else lasting
            order = Order(f"o{number}", account, side, limit, quantity, display, lasting)
            reports = venue.request(submit(order), 0)
            reference.submit(order)
        elif reference.orders:
            verb, which, by = step
            resting = reference.orders[which % len(reference.orders)]
            leaves = max(resting.leaves - by, Decimal(0))
            if verb == "cancel" or not leaves:
                reports = venue.request(cancel(resting.name), 0)
                reference.end("REQUESTED", resting)
            else:
                reports = venue.request(shrink(resting.name, resting.filled + leaves), 0)
                reference.shrink(resting, leaves)
        else:
            continue
        assert list(said(reports)) == reference.said
        resting_there = {name: (order.leaves, order.visible) for name, order in venue.orders.items() if order.is_live}
        assert resting_there == {order.name: (order.leaves, order.visible) for order in reference.orders}
