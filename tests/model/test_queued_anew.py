"""Orders at the simulated venue that queue anew: a trailing stop whose quantity grows, an iceberg that shows little."""

from __future__ import annotations

from decimal import Decimal

import pytest
from builders import number
from test_venue import SYMBOL, a_venue, act, modify, submit

from orderpit.model import reports as r
from orderpit.model.instructions import Instructions
from orderpit.model.kinds import OrderType, Side, TimeInForce


def trailing(activation_price: Decimal | None) -> r.VenueSubmit:
    return r.VenueSubmit(
        client_order_id="a",
        symbol=SYMBOL,
        side=Side.SELL,
        order_type=OrderType.TRAILING_STOP,
        quantity=number("1"),
        price=None,
        stop_price=None,
        time_in_force=TimeInForce.GTC,
        instructions=Instructions(trailing_offset=number("2"), activation_price=activation_price),
        time_ns=0,
        source="test",
    )


@pytest.mark.parametrize(
    ("market", "activation_price"),
    [((), None), (("quote 99 / 101",), number("110")), (("quote 99 / 101",), None)],
    ids=["no market yet", "not active yet", "following"],
)
def test_a_trailing_stop_grows_and_goes_on_as_before(market: tuple[str, ...], activation_price: Decimal | None) -> None:
    venue = a_venue()
    for line in market:
        act(venue, line)
    venue.request(trailing(activation_price), 7)
    (modified,) = venue.request(modify("a", "quantity", "3"), 7)
    assert isinstance(modified, r.VenueModified)
    for line in ("quote 111 / 112", "quote 120 / 121"):
        assert act(venue, line) == ()
    assert venue.orders["a"].stop_price == number("118")
    triggered, filled = act(venue, "quote 117 / 118")
    assert isinstance(triggered, r.VenueTriggered)
    assert isinstance(filled, r.VenueFilled)
    assert filled.fill.quantity == number("3")


def test_an_iceberg_that_shows_little_of_itself_is_met_as_often_as_it_comes_back() -> None:
    venue = a_venue()
    hidden = r.VenueSubmit(
        client_order_id="a",
        symbol=SYMBOL,
        side=Side.SELL,
        order_type=OrderType.LIMIT,
        quantity=number("2"),
        price=number("100"),
        stop_price=None,
        time_in_force=TimeInForce.GTC,
        instructions=Instructions(display_quantity=number("0.01")),
        account="one",
        time_ns=0,
        source="test",
    )
    venue.request(hidden, 7)
    venue.request(submit("b", "BUY", "2", "limit", "100"), 7)
    assert venue.orders["a"].filled == venue.orders["b"].filled == number("2")
    assert len(venue.orders["a"].fill_chain.items()) == 200
