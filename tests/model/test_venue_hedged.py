"""A venue whose accounts hold a long and a short position beside each other; every figure is worked by hand."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from test_venue_instructions import FREE, SYMBOL, said, submit

from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Side
from orderpit.model.market import Quote
from orderpit.model.venue import SimulatedVenue, VenueRules

MARKET = Quote(SYMBOL, bid="99", ask="101")


def a_venue(*, hedged: bool = True) -> SimulatedVenue:
    instrument = Instrument(SYMBOL, price_increment="1", quantity_increment="1")
    numbers = iter(range(1, 100))
    rules = VenueRules(**FREE, hedged=hedged)
    venue = SimulatedVenue({SYMBOL: instrument}, rules, lambda *_: Decimal(0), lambda: f"E-{next(numbers)}")
    venue.on_market_data(MARKET, 0)
    return venue


def tell(venue: SimulatedVenue, line: str) -> list[str]:
    """`a SELL 2 closes`, and the words of an order's instructions."""
    words = line.split()
    request = submit(*(word for word in words if word != "closes"))
    return [said(report) for report in venue.request(attrs.evolve(request, closes="closes" in words), 0)]


def held(venue: SimulatedVenue, account: str = "ann") -> tuple[Decimal, Decimal]:
    memory = venue._memory
    return memory.position(account, SYMBOL, Side.BUY), memory.position(account, SYMBOL, Side.SELL)


@pytest.mark.parametrize(
    ("orders", "long", "short"),
    [
        pytest.param(["a BUY 5", "b SELL 2"], 5, 2, id="each opens its own side"),
        pytest.param(["a BUY 5", "b SELL 2 closes"], 3, 0, id="one that closes takes from the other side"),
        pytest.param(["a BUY 5", "b SELL 2 reduce-only"], 3, 0, id="so does one that only reduces"),
        pytest.param(["a BUY 5", "b SELL 7 closes"], 0, 2, id="what is left over opens its own side"),
        pytest.param(["a SELL 5", "b BUY 7 closes"], 2, 0, id="what closes a short, too"),
        pytest.param(["a SELL 3 closes"], 0, 3, id="with nothing to close it opens"),
        pytest.param(["a BUY 5", "b SELL 7", "c SELL 9 reduce-only"], 0, 7, id="it is shortened to its side"),
        pytest.param(["a BUY 5", "b SELL 7", "c BUY 9 reduce-only"], 5, 0, id="and so is the other"),
    ],
)
def test_what_an_order_closes_and_opens(orders: list[str], long: int, short: int) -> None:
    venue = a_venue()
    for line in orders:
        tell(venue, line)
    assert held(venue) == (long, short)


@pytest.mark.parametrize(
    ("orders", "refused"),
    [
        # The net position is 5 - 7 = -2; yet a sell has 5 to reduce, and a buy 7.
        pytest.param(["a BUY 5", "b SELL 7", "c SELL 2 reduce-only limit 110"], False, id="a sell of the long"),
        pytest.param(["a BUY 5", "b SELL 7", "c BUY 2 reduce-only limit 90"], False, id="a buy of the short"),
        # The net position is 5, and it is all long.
        pytest.param(["a BUY 5", "c BUY 2 reduce-only limit 90"], True, id="a buy with no short"),
        # All 5 are to be closed already.
        pytest.param(
            ["a BUY 5", "b SELL 5 reduce-only limit 110", "c SELL 1 reduce-only limit 111"], True, id="all is closed"
        ),
    ],
)
def test_what_there_is_to_reduce_is_that_of_the_other_side(orders: list[str], *, refused: bool) -> None:
    venue = a_venue()
    *before, last = orders
    for line in before:
        tell(venue, line)
    assert ("Rejected REDUCE_ONLY" in tell(venue, last)[0]) is refused


def test_a_refusal_tells_the_position_of_that_side() -> None:
    venue = a_venue()
    for line in ("a SELL 3", "b BUY 1", "c BUY 3 reduce-only limit 90"):
        tell(venue, line)
    (report,) = venue.request(submit("d", "BUY", "1", "reduce-only", "limit", "90"), 0)
    assert report.text == "quantity 1: the position of -3 leaves no more for a reduce-only BUY to reduce"


def test_what_closes_the_position_shortens_what_was_to_reduce_it_and_what_opens_does_not() -> None:
    venue = a_venue()
    for line in ("a BUY 5", "exit SELL 5 reduce-only limit 110"):
        tell(venue, line)
    # A sell that opens a short leaves the long, and its exit, alone; one that closes 2 of it shortens the exit to 3.
    assert tell(venue, "b SELL 4") == ["b accepted", "b 4 @ 99 taker"]
    assert tell(venue, "c SELL 2 closes") == ["c accepted", "c 2 @ 99 taker", "exit now 3 REDUCE_ONLY"]
    assert held(venue) == (3, 4)


def test_accounts_are_apart() -> None:
    venue = a_venue()
    tell(venue, "a BUY 5")
    assert "Rejected REDUCE_ONLY" in tell(venue, "b SELL 5 reduce-only as bob")[0]
    tell(venue, "c SELL 5 closes as bob")
    assert (held(venue), held(venue, "bob")) == ((5, 0), (0, 5))


def test_where_positions_are_netted_every_order_closes() -> None:
    venue = a_venue(hedged=False)
    for line in ("a BUY 5", "b SELL 2", "c SELL 1 closes"):
        tell(venue, line)
    assert venue._memory.position("ann", SYMBOL) == 2


@pytest.mark.parametrize("hedged", [True, False], ids=["hedged", "netted"])
def test_a_venue_says_whether_positions_are_hedged(*, hedged: bool) -> None:
    assert a_venue(hedged=hedged).is_hedged is hedged
