"""Stories of post-only, reduce-only, trailing and misplaced stop orders at the simulated venue.

Each line is what happens, and after the arrow what the venue says to it; see test_venue.py.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from test_venue import lines_of, market_data, modify

from orderpit.model import reports as r
from orderpit.model.instructions import Instructions
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import OrderType, Reason, Side, TimeInForce, TrailingType
from orderpit.model.numbers import plain
from orderpit.model.venue import SimulatedVenue, VenueRules

SYMBOL = "BTC/USDT"
FREE: dict[str, Any] = {"maker_fee": Decimal(0), "taker_fee": Decimal(0)}


def a_venue(tick: str = "0.01", **rules: Any) -> SimulatedVenue:
    ids, instrument = count(1), Instrument(SYMBOL, price_increment=tick, quantity_increment="0.01")

    def never(order_id: str, nth: int) -> Decimal:
        pytest.fail(f"draw {nth} of {order_id}: nothing is left to chance")

    return SimulatedVenue({SYMBOL: instrument}, VenueRules(**FREE, **rules), never, lambda: f"E-{next(ids)}")


def submit(client_id: str, side: str, quantity: str, *words: str) -> r.VenueSubmit:
    """`a SELL 2 trail 5% from 110 reduce-only as bob in group`: what is not named is absent."""
    rest = [word for word in words if word not in {"post-only", "reduce-only"}]
    named = dict(zip(rest[::2], rest[1::2], strict=True))
    stop, limit, trail, begins = (named.get(name) for name in ("stop", "limit", "trail", "from"))
    kind = {(False, False): "MARKET", (False, True): "LIMIT", (True, False): "STOP", (True, True): "STOP_LIMIT"}
    trailing_type = TrailingType.AMOUNT
    if trail is not None:
        trailing_type = {"%": TrailingType.PERCENT, "t": TrailingType.TICKS}.get(trail[-1], trailing_type)
    return r.VenueSubmit(
        client_order_id=client_id,
        symbol=SYMBOL,
        side=Side(side),
        order_type=OrderType(kind[stop is not None, limit is not None] if trail is None else "TRAILING_STOP"),
        quantity=Decimal(quantity),
        price=None if limit is None else Decimal(limit),
        stop_price=None if stop is None else Decimal(stop),
        time_in_force=TimeInForce.GTC,
        instructions=Instructions(
            post_only="post-only" in words,
            reduce_only="reduce-only" in words,
            trailing_offset=None if trail is None else Decimal(trail.rstrip("%t")),
            trailing_type=trailing_type,
            activation_price=None if begins is None else Decimal(begins),
        ),
        account=named.get("as", "ann"),
        link_id=named.get("in"),
        time_ns=0,
        source="test",
    )


def act(venue: SimulatedVenue, line: str) -> tuple[r.VenueReport, ...]:
    first, *rest = line.split()
    if first in {"quote", "depth", "trade", "bar"}:
        return venue.on_market_data(market_data(first, *rest), 7)
    asked = {"client_order_id": rest[0], "request_id": "R-1", "symbol": SYMBOL, "time_ns": 0, "source": "test"}
    if first == "cancel":
        return venue.request(r.VenueCancel(**asked), 7)
    if first == "query":
        return venue.request(r.VenueQuery(**asked), 7)
    if first == "modify":
        return venue.request(modify(*rest), 7)
    return venue.request(submit(first, *rest), 7)


def said(report: r.VenueReport) -> str:
    who = report.client_order_id
    match report:
        case r.VenueAccepted():
            at = "" if report.price is None else f" @ {plain(report.price)}"
            return f"{who} accepted{at}" + ("" if report.quantity is None else f" for {plain(report.quantity)}")
        case r.VenueTriggered():
            return f"{who} triggered" + ("" if report.stop_price is None else f" at {plain(report.stop_price)}")
        case r.VenueFilled(fill=fill):
            assert fill.liquidity is not None
            return f"{who} {plain(fill.quantity)} @ {plain(fill.price)} {fill.liquidity.value.lower()}"
        case r.VenueModified():
            told = "" if report.quantity is None else f" {plain(report.quantity)}"
            told += "" if report.price is None else f" @ {plain(report.price)}"
            told += "" if report.stop_price is None else f" stop {plain(report.stop_price)}"
            return f"{who} now{told}" + ("" if report.reason is Reason.REQUESTED else f" {report.reason.value}")
        case r.VenueStatus():
            state = "unknown" if report.state is None else report.state.value
            return f"{who} {state}" + ("" if report.stop_price is None else f" stop {plain(report.stop_price)}")
        case r.VenueFillBusted() | r.VenueFillCorrected():
            pytest.fail("the simulated venue takes nothing back")
        case _:
            return f"{who} {type(report).__name__.removeprefix('Venue')} {report.reason.value}"


def tell(venue: SimulatedVenue, story: str) -> list[str]:
    told = []
    for line in lines_of(story):
        happens, arrow, _ = line.partition(" ->")
        reports = "; ".join(map(said, act(venue, happens)))
        told.append(f"{happens}{arrow} {reports}".rstrip() if arrow else happens)
    return told


def text_of(*lines: str, **rules: Any) -> str:
    """What the venue gives as the reason of its last refusal."""
    venue = a_venue(**rules)
    reports = [report for line in lines for report in act(venue, line)]
    assert isinstance(reports[-1], r.VenueRejected | r.VenueModifyRejected)
    return f"{reports[-1].reason.value}: {reports[-1].text}"


def stories(chapter: dict[str, str]) -> Any:
    return pytest.mark.parametrize("story", chapter.values(), ids=chapter)


# -- post-only

POST_ONLY = {
    "it rests, and fills as maker": """
        quote 99 / 101
        a BUY 2 limit 100.99 post-only -> a accepted
        quote 99 / 100 -> a 2 @ 100.99 maker
    """,
    "at the market's price or beyond it would take": """
        quote 99 / 101
        a BUY 2 limit 101 post-only -> a Rejected POST_ONLY
        b BUY 2 limit 102 post-only -> b Rejected POST_ONLY
        c SELL 2 limit 99 post-only -> c Rejected POST_ONLY
        d SELL 2 limit 99.01 post-only -> d accepted
    """,
    "a resting order of somebody else is the market, too": """
        quote 99 / 105
        a SELL 1 limit 103 as bob -> a accepted
        b BUY 1 limit 103 post-only -> b Rejected POST_ONLY
        c BUY 1 limit 102.99 post-only -> c accepted
    """,
    "where no market is known it rests": """
        a BUY 2 limit 100 post-only -> a accepted
        quote 98 / 99 -> a 2 @ 100 maker
    """,
    "where only the last trade is known that is the market": """
        trade 100
        a BUY 2 limit 100 post-only -> a Rejected POST_ONLY
        b BUY 2 limit 99.99 post-only -> b accepted
    """,
    "what never rests is refused": """
        quote 99 / 101
        a BUY 2 post-only -> a Rejected POST_ONLY
        b BUY 2 stop 105 post-only -> b accepted
        quote 99 / 105 -> b triggered; b Rejected POST_ONLY
    """,
    "modified into the market, it keeps its old terms and its place": """
        quote 99 / 101
        a BUY 2 limit 100 post-only -> a accepted
        b BUY 2 limit 100 -> b accepted
        modify a limit 101 -> a ModifyRejected POST_ONLY
        quote 99 / 100x3 -> a 2 @ 100 maker; b 1 @ 100 maker
    """,
    "modified beside the market": """
        quote 99 / 101
        a BUY 2 limit 98 post-only -> a accepted
        modify a limit 100.99 quantity 3 -> a now 3 @ 100.99
    """,
    "a smaller quantity is no reason to look at the market": """
        quote 99 / 101
        a BUY 2 limit 100 post-only -> a accepted
        quote 98 / 100x0 ->
        modify a quantity 1 -> a now 1 @ 100
        modify a quantity 2 -> a ModifyRejected POST_ONLY
    """,
    "a stop-limit is judged when it is triggered": """
        quote 99 / 101
        a BUY 2 stop 105 limit 106 post-only -> a accepted
        b BUY 2 stop 105 limit 104 post-only -> b accepted
        quote 99 / 105 -> a triggered; a Rejected POST_ONLY; b triggered
        query a -> a REJECTED stop 105
        quote 99 / 104 -> b 2 @ 104 maker
    """,
    "a bar that opens beyond it fills it as maker": """
        bar 100 100 100 100
        a BUY 1 limit 98 post-only -> a accepted
        bar 95 96 94 95 -> a 1 @ 95 maker
    """,
}

SLIDES = {
    "one tick off the opposite best": """
        quote 99 / 101
        a BUY 2 limit 103 post-only -> a accepted @ 100.99
        b SELL 2 limit 98 post-only as bob -> b accepted @ 101
        quote 99 / 100.99 -> a 2 @ 100.99 maker
    """,
    "what rests anyway stays where it is": """
        quote 99 / 101
        a BUY 2 limit 100 post-only -> a accepted
    """,
    "on the tick beside a price between two": """
        quote 98.995 / 101.005
        a BUY 2 limit 102 post-only -> a accepted @ 101
        b SELL 2 limit 98 post-only as bob -> b accepted @ 101.01
    """,
    "where there is no room below": """
        quote 0.01 / 0.01
        a BUY 2 limit 1 post-only -> a Rejected POST_ONLY
        b SELL 2 limit 0.01 post-only -> b accepted @ 0.02
    """,
    "when modified": """
        quote 99 / 101
        a BUY 2 limit 98 post-only -> a accepted
        modify a limit 105 -> a now 2 @ 100.99 POST_ONLY
        quote 99 / 100.99 -> a 2 @ 100.99 maker
    """,
    "when triggered": """
        quote 99 / 101
        a BUY 2 stop 105 limit 106 post-only -> a accepted
        quote 99 / 105 -> a triggered; a now @ 104.99 POST_ONLY
        quote 99 / 104.99x1 -> a 1 @ 104.99 maker
    """,
    "behind those that rest there": """
        quote 99 / 101
        a BUY 1 limit 100.99 -> a accepted
        b BUY 1 limit 102 post-only -> b accepted @ 100.99
        quote 99 / 100.99x1 -> a 1 @ 100.99 maker
    """,
    "sent again, it is told the same": """
        quote 99 / 101
        a BUY 2 limit 103 post-only -> a accepted @ 100.99
        a BUY 2 limit 103 post-only -> a accepted @ 100.99
    """,
}


@stories(POST_ONLY)
def test_a_post_only_order_rests_or_is_refused(story: str) -> None:
    assert tell(a_venue(), story) == lines_of(story)


@stories(SLIDES)
def test_a_post_only_order_slides_where_the_rules_say_so(story: str) -> None:
    assert tell(a_venue(post_only="slide"), story) == lines_of(story)


# -- reduce-only

REDUCE_ONLY = {
    "without a position it is refused": """
        quote 99 / 101
        a SELL 1 limit 105 reduce-only -> a Rejected REDUCE_ONLY
        b BUY 1 limit 95 reduce-only -> b Rejected REDUCE_ONLY
        c SELL 1 reduce-only -> c Rejected REDUCE_ONLY
    """,
    "on the side that would add, too": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a BUY 1 limit 95 reduce-only -> a Rejected REDUCE_ONLY
        b SELL 1 limit 105 reduce-only -> b accepted
    """,
    "each account has a position of its own": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 1 limit 105 reduce-only as bob -> a Rejected REDUCE_ONLY
    """,
    "more than the position is shortened to it": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 15 limit 105 reduce-only -> a accepted for 10
        quote 105 / 106 -> a 10 @ 105 maker
        b SELL 1 limit 110 reduce-only -> b Rejected REDUCE_ONLY
    """,
    "at the market, too": """
        quote 99 / 101
        o SELL 10 -> o accepted; o 10 @ 99 taker
        a BUY 15 reduce-only -> a accepted for 10; a 10 @ 101 taker
    """,
    "what others close already is not there to close": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 4 limit 105 reduce-only -> a accepted
        b SELL 4 stop 95 reduce-only -> b accepted
        c SELL 4 limit 106 reduce-only -> c accepted for 2
        d SELL 4 limit 107 reduce-only -> d Rejected REDUCE_ONLY
        cancel b -> b Cancelled REQUESTED
        e SELL 9 limit 107 reduce-only -> e accepted for 4
    """,
    "orders that are not reduce-only take no room": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 8 limit 105 -> a accepted
        b SELL 10 limit 106 reduce-only -> b accepted
        quote 105 / 107 -> a 8 @ 105 maker; b now 2 REDUCE_ONLY
    """,
    "the orders of a group count once, with the largest": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 10 limit 105 reduce-only in g -> a accepted
        b SELL 12 stop 95 reduce-only in g -> b accepted for 10
        c SELL 1 limit 106 reduce-only -> c Rejected REDUCE_ONLY
    """,
    "an execution of one shortens the others of its group, and nobody else": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 5 limit 105 reduce-only in g -> a accepted
        b SELL 5 stop 95 reduce-only in g -> b accepted
        c SELL 5 limit 110 reduce-only -> c accepted
        quote 105x2 / 106 -> a 2 @ 105 maker; b now 3 REDUCE_ONLY
        quote 105x9 / 106 -> a 3 @ 105 maker; b Cancelled REDUCE_ONLY
        query c -> c OPEN
    """,
    "one that leaves less than its group does is not shortened": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 5 limit 105 reduce-only in g -> a accepted
        b SELL 5 limit 106 reduce-only in g -> b accepted
        c SELL 10 stop 95 reduce-only in g -> c accepted
        quote 105x2 / 107 -> a 2 @ 105 maker; c now 8 REDUCE_ONLY
    """,
    "a position that grows shortens nothing, and leaves room for more": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 10 limit 105 reduce-only -> a accepted
        p BUY 5 -> p accepted; p 5 @ 101 taker
        query a -> a OPEN
        b SELL 9 limit 106 reduce-only -> b accepted for 5
    """,
    "the newest is shortened first when the position shrinks": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 4 limit 105 reduce-only -> a accepted
        b SELL 4 limit 106 reduce-only -> b accepted
        c SELL 2 limit 107 reduce-only -> c accepted
        s SELL 3 -> s accepted; s 3 @ 99 taker; c Cancelled REDUCE_ONLY; b now 3 REDUCE_ONLY
        t SELL 7 -> t accepted; t 7 @ 99 taker; b Cancelled REDUCE_ONLY; a Cancelled REDUCE_ONLY
    """,
    "an amended order has not become newer": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 4 limit 105 reduce-only -> a accepted
        b SELL 6 limit 106 reduce-only -> b accepted
        modify a limit 107 -> a now 4 @ 107
        s SELL 6 -> s accepted; s 6 @ 99 taker; b Cancelled REDUCE_ONLY
    """,
    "one that has partly filled keeps what has filled": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 10 limit 105 reduce-only -> a accepted
        quote 105x4 / 106 -> a 4 @ 105 maker
        quote 99 / 101
        s SELL 3 -> s accepted; s 3 @ 99 taker; a now 7 REDUCE_ONLY
        t SELL 3 -> t accepted; t 3 @ 99 taker; a Cancelled REDUCE_ONLY
    """,
    "one quote that reaches two": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 8 limit 104 -> a accepted
        b SELL 10 limit 105 reduce-only -> b accepted
        quote 106 / 107 -> a 8 @ 104 maker; b now 2 REDUCE_ONLY; b 2 @ 105 maker
    """,
    "a position that is turned leaves nothing": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 15 limit 104 -> a accepted
        b SELL 10 limit 105 reduce-only -> b accepted
        quote 106 / 107 -> a 15 @ 104 maker; b Cancelled REDUCE_ONLY
        c BUY 9 limit 100 reduce-only -> c accepted for 5
    """,
    "a stop and a limit order on the path of one bar": """
        bar 100 100 100 100
        o BUY 10 -> o accepted; o 10 @ 100 taker
        a SELL 10 limit 105 reduce-only -> a accepted
        b SELL 10 stop 98 -> b accepted
        bar 100 105 98 101 -> b triggered; b 10 @ 98 taker; a Cancelled REDUCE_ONLY
    """,
    "two on the way of one bar": """
        bar 100 100 100 100
        o BUY 10 -> o accepted; o 10 @ 100 taker
        a SELL 10 limit 104 -> a accepted
        b SELL 10 limit 105 reduce-only -> b accepted
        bar 100 105 99 101 -> a 10 @ 104 maker; b Cancelled REDUCE_ONLY
    """,
    "modified upwards it is judged like a new one": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 4 limit 105 reduce-only -> a accepted
        b SELL 4 limit 106 reduce-only -> b accepted
        modify a quantity 9 -> a now 6 @ 105 REDUCE_ONLY
        modify a quantity 7 -> a ModifyRejected REDUCE_ONLY
        modify b quantity 5 -> b ModifyRejected REDUCE_ONLY
        modify a quantity 5 -> a now 5 @ 105
        modify b quantity 5 -> b now 5 @ 106
    """,
    "what has filled counts in its quantity": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 4 limit 105 reduce-only -> a accepted
        quote 105x3 / 106 -> a 3 @ 105 maker
        quote 99 / 101
        modify a quantity 20 -> a now 10 @ 105 REDUCE_ONLY
        modify a quantity 3 -> a now 3 @ 105
        query a -> a 3 @ 105 maker; a FILLED
    """,
    "sent again, it is told what it was shortened to": """
        quote 99 / 101
        o BUY 10 -> o accepted; o 10 @ 101 taker
        a SELL 15 limit 105 reduce-only -> a accepted for 10
        a SELL 15 limit 105 reduce-only -> a accepted for 10
    """,
}


@stories(REDUCE_ONLY)
def test_a_reduce_only_order_closes_what_there_is_and_no_more(story: str) -> None:
    assert tell(a_venue(), story) == lines_of(story)


# -- stops on the wrong side, and the numbers in what is refused


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        pytest.param(
            ["quote 99 / 101", "a BUY 1 stop 100"],
            "STOP_PRICE: stop_price 100: must be above the market, 101: it would trigger at once",
            id="a buy stop",
        ),
        pytest.param(
            ["quote 99 / 101", "a SELL 1 stop 99 limit 95"],
            "STOP_PRICE: stop_price 99: must be below the market, 99: it would trigger at once",
            id="a sell stop-limit",
        ),
        pytest.param(
            ["quote 99 / 101", "a SELL 1 stop 95", "modify a stop 99.5"],
            "STOP_PRICE: stop_price 99.5: must be below the market, 99: it would trigger at once",
            id="a stop that is moved there",
        ),
        pytest.param(
            ["quote 99 / 101", "a BUY 1 limit 102 post-only"],
            "POST_ONLY: price 102: would take at 101, and a post-only order must rest",
            id="post-only",
        ),
        pytest.param(
            ["quote 99 / 101", "a BUY 1 post-only"],
            "POST_ONLY: a MARKET order cannot rest on the book",
            id="post-only at the market",
        ),
        pytest.param(
            ["quote 99 / 101", "o BUY 3", "a SELL 3 limit 105 reduce-only", "b SELL 2 limit 105 reduce-only"],
            "REDUCE_ONLY: quantity 2: the position of 3 leaves no more for a reduce-only SELL to reduce",
            id="reduce-only",
        ),
        pytest.param(
            ["quote 99 / 101", "o SELL 3", "a BUY 3 limit 95 reduce-only", "modify a quantity 5"],
            "REDUCE_ONLY: quantity 5: the position of -3 leaves no more for a reduce-only BUY to reduce",
            id="a larger reduce-only quantity",
        ),
    ],
)
def test_a_refusal_names_the_numbers(lines: list[str], text: str) -> None:
    assert text_of(*lines) == text


def test_a_refused_stop_price_leaves_the_old_one() -> None:
    story = """
        quote 99 / 101
        a SELL 1 stop 95 -> a accepted
        modify a stop 99.5 -> a ModifyRejected STOP_PRICE
        query a -> a OPEN stop 95
        modify a stop 98 -> a now 1 stop 98
        quote 98 / 101 -> a triggered; a 1 @ 98 taker
    """
    assert tell(a_venue(), story) == lines_of(story)


# -- trailing stops

TRAILING = {
    "a sell's stop follows the bid up, and never down": """
        quote 100 / 101
        a SELL 1 trail 5 -> a accepted
        query a -> a OPEN stop 95
        quote 104 / 105 ->
        query a -> a OPEN stop 99
        quote 99.01 / 105 ->
        query a -> a OPEN stop 99
        quote 99 / 100 -> a triggered at 99; a 1 @ 99 taker
    """,
    "a buy's stop follows the ask down, and never up": """
        quote 100 / 101
        a BUY 1 trail 5 -> a accepted
        query a -> a OPEN stop 106
        quote 89 / 90 ->
        query a -> a OPEN stop 95
        quote 93 / 94 ->
        query a -> a OPEN stop 95
        quote 93 / 96 -> a triggered at 95; a 1 @ 96 taker
    """,
    "by per cent of the best price": """
        quote 100 / 100
        a SELL 1 trail 10% -> a accepted
        b BUY 1 trail 10% as bob -> b accepted
        query a -> a OPEN stop 90
        query b -> b OPEN stop 110
        quote 200 / 200 -> b triggered at 110; b 1 @ 200 taker
        query a -> a OPEN stop 180
        quote 180 / 200 -> a triggered at 180; a 1 @ 180 taker
    """,
    "by ticks": """
        quote 100 / 101
        a SELL 1 trail 50t -> a accepted
        query a -> a OPEN stop 99.5
        quote 101 / 102 ->
        query a -> a OPEN stop 100.5
    """,
    "rounded to the tick, away from the market": """
        quote 100.01 / 100.01
        a SELL 1 trail 3% -> a accepted
        b BUY 1 trail 3% as bob -> b accepted
        query a -> a OPEN stop 97
        query b -> b OPEN stop 103.02
    """,
    "it begins where no price was known with the first that is": """
        a SELL 1 trail 5 -> a accepted
        b BUY 1 trail 5 as bob -> b accepted
        query a -> a OPEN
        quote 100 / - ->
        query a -> a OPEN stop 95
        query b -> b OPEN
        quote 95 / 97 -> a triggered at 95; a 1 @ 95 taker
        query b -> b OPEN stop 102
    """,
    "a sell's begins when the market has risen to its activation price": """
        quote 100 / 101
        a SELL 1 trail 5 from 110 -> a accepted
        query a -> a OPEN
        quote 90 / 91 ->
        query a -> a OPEN
        quote 109.99 / 111 ->
        query a -> a OPEN
        quote 110 / 111 ->
        query a -> a OPEN stop 105
        quote 106 / 107 ->
        quote 105 / 106 -> a triggered at 105; a 1 @ 105 taker
    """,
    "a buy's when it has fallen there": """
        quote 100 / 101
        a BUY 1 trail 5 from 90 -> a accepted
        quote 120 / 121 ->
        quote 89 / 90.01 ->
        query a -> a OPEN
        quote 87 / 88 ->
        query a -> a OPEN stop 93
    """,
    "at once where the market is there already": """
        quote 100 / 101
        a SELL 1 trail 5 from 99 -> a accepted
        query a -> a OPEN stop 95
        b BUY 1 trail 5 from 101 as bob -> b accepted
        query b -> b OPEN stop 106
    """,
    "a trade's price is seen, and triggers": """
        quote 100 / 101
        a SELL 1 trail 2 -> a accepted
        trade 101.5 ->
        query a -> a OPEN stop 99.5
        trade 99.5 -> a triggered at 99.5; a 1 @ 100 taker
    """,
    "an offset above the price waits for a stop that there can be": """
        quote 3 / 4
        a SELL 1 trail 5 -> a accepted
        quote 5 / 6 ->
        query a -> a OPEN
        quote 5.01 / 6 ->
        query a -> a OPEN stop 0.01
    """,
    "a bar is followed up and then triggers on its way down": """
        bar 100 100 100 100
        a SELL 1 trail 3 -> a accepted
        bar 100 105 98 101 -> a triggered at 102; a 1 @ 102 taker
    """,
    "a bar that falls first triggers at its stop": """
        bar 100 100 100 100
        a SELL 1 trail 2 -> a accepted
        bar 100 105 97 104 -> a triggered at 98; a 1 @ 98 taker
    """,
    "a bar is followed down and triggers on its way up": """
        bar 100 100 100 100
        a BUY 1 trail 3 -> a accepted
        bar 100 105 98 104 -> a triggered at 101; a 1 @ 101 taker
    """,
    "a bar activates, is followed, and triggers": """
        bar 100 100 100 100
        a SELL 1 trail 3 from 104 -> a accepted
        bar 100 105 98 101 -> a triggered at 102; a 1 @ 102 taker
    """,
    "a gap below the stop fills at the open": """
        bar 100 100 100 100
        a SELL 1 trail 3 -> a accepted
        bar 90 91 89 90 -> a triggered at 97; a 1 @ 90 taker
    """,
    "a gap in its favour moves it": """
        bar 100 100 100 100
        a SELL 1 trail 3 -> a accepted
        bar 110 111 109 110 ->
        query a -> a OPEN stop 108
    """,
    "triggered where nobody offers, it is rejected": """
        trade 100
        a SELL 1 trail 5 -> a accepted
        quote - / 101 ->
        trade 95 -> a triggered at 95; a Rejected NO_MARKET
    """,
    "its quantity may change, its stop price not": """
        quote 100 / 101
        a SELL 1 trail 5 -> a accepted
        modify a quantity 3 -> a now 3
        modify a stop 97 -> a ModifyRejected UNSUPPORTED
        modify a limit 97 -> a ModifyRejected UNSUPPORTED
        query a -> a OPEN stop 95
        quote 95 / 96 -> a triggered at 95; a 3 @ 95 taker
    """,
    "a larger quantity does not trigger what has just followed a trade beyond the quote": """
        quote 95 / 101
        a SELL 1 trail 2 -> a accepted
        trade 101 ->
        modify a quantity 3 -> a now 3
        query a -> a OPEN stop 99
        quote 95 / 101 -> a triggered at 99; a 3 @ 95 taker
    """,
    "cancelled, it follows no more": """
        quote 100 / 101
        a SELL 1 trail 5 -> a accepted
        cancel a -> a Cancelled REQUESTED
        quote 110 / 111 ->
        query a -> a CANCELLED stop 95
        quote 90 / 91 ->
    """,
    "reduce-only, it closes no more than the position": """
        quote 100 / 100
        o BUY 2 -> o accepted; o 2 @ 100 taker
        a SELL 5 trail 5 reduce-only -> a accepted for 2
        quote 110 / 111 ->
        s SELL 1 -> s accepted; s 1 @ 110 taker; a now 1 REDUCE_ONLY
        quote 105 / 106 -> a triggered at 105; a 1 @ 105 taker
    """,
    "those that stood farther back are taken along later": """
        quote 100 / 101
        a SELL 1 trail 5 -> a accepted
        quote 97 / 98 ->
        b SELL 1 trail 5 -> b accepted
        quote 98 / 99 ->
        query a -> a OPEN stop 95
        query b -> b OPEN stop 93
        quote 102 / 103 ->
        query a -> a OPEN stop 97
        query b -> b OPEN stop 97
    """,
}


@stories(TRAILING)
def test_a_trailing_stop_follows_the_market(story: str) -> None:
    assert tell(a_venue(), story) == lines_of(story)
