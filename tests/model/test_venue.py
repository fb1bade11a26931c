"""Stories at the simulated venue: each line is what happens, and after the arrow what the venue says to it."""

from __future__ import annotations

from decimal import Decimal
from hashlib import blake2b
from itertools import count

import pytest

from orderpit.model import reports as r
from orderpit.model.fill_models import ByProbability
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import OrderType, Side, TimeInForce
from orderpit.model.market import Bar, Depth, MarketData, Quote, Trade
from orderpit.model.numbers import plain
from orderpit.model.slippage import UniformSlippage
from orderpit.model.venue import Draw, SimulatedVenue, VenueRules

SYMBOL = "BTC/USDT"
FEES = {"maker_fee": Decimal("0.001"), "taker_fee": Decimal("0.002")}


def seeded(seed: int) -> Draw:
    def draw(order_id: str, nth: int) -> Decimal:
        digest = blake2b(f"{seed}/{order_id}/{nth}".encode(), digest_size=8).digest()
        return Decimal(int.from_bytes(digest, "big") % 10**18).scaleb(-18)

    return draw


def never(order_id: str, nth: int) -> Decimal:
    pytest.fail(f"draw {nth} of {order_id}: where nothing is left to chance, nothing is drawn")


def a_venue(draw: Draw = never, symbols: tuple[str, ...] = (SYMBOL,), **rules: object) -> SimulatedVenue:
    ids = count(1)
    instruments = {s: Instrument(s, price_increment="0.01", quantity_increment="0.01") for s in symbols}
    return SimulatedVenue(instruments, VenueRules(**{**FEES, **rules}), draw, lambda: f"E-{next(ids)}")  # type: ignore[arg-type]


def submit(client_id: str, side: str, quantity: str, *terms: str, symbol: str = SYMBOL) -> r.VenueSubmit:
    """`a BUY 2 stop 105 limit 106`: what is not named is absent, and that gives the order's type."""
    named = dict(zip(terms[::2], terms[1::2], strict=True))
    stop, limit = named.get("stop"), named.get("limit")
    kind = {(False, False): "MARKET", (False, True): "LIMIT", (True, False): "STOP", (True, True): "STOP_LIMIT"}
    return r.VenueSubmit(
        client_order_id=client_id,
        symbol=symbol,
        side=Side(side),
        order_type=OrderType(kind[stop is not None, limit is not None]),
        quantity=Decimal(quantity),
        price=None if limit is None else Decimal(limit),
        stop_price=None if stop is None else Decimal(stop),
        time_in_force=TimeInForce.GTC,
        time_ns=0,
        source="test",
    )


def cancel(client_id: str) -> r.VenueCancel:
    return r.VenueCancel(client_order_id=client_id, request_id="R-1", symbol=SYMBOL, time_ns=0, source="test")


def query(client_id: str) -> r.VenueQuery:
    return r.VenueQuery(client_order_id=client_id, request_id="R-1", symbol=SYMBOL, time_ns=0, source="test")


def modify(client_id: str, *terms: str) -> r.VenueModify:
    named = {name: Decimal(value) for name, value in zip(terms[::2], terms[1::2], strict=True)}
    price, quantity = named.get("limit"), named.get("quantity")
    until = named.get("until")
    return r.VenueModify(
        client_order_id=client_id,
        request_id="R-1",
        symbol=SYMBOL,
        price=price,
        quantity=quantity,
        stop_price=named.get("stop"),
        expire_time_ns=None if until is None else int(until),
        time_ns=0,
        source="test",
    )


def level(text: str) -> tuple[str | None, str | None]:
    price, _, size = text.partition("x")
    return (None if price == "-" else price), size or None


def market_data(kind: str, *words: str) -> MarketData:
    if kind == "quote":
        (bid, bid_size), (ask, ask_size) = level(words[0]), level(words[2])
        return Quote(SYMBOL, bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size)
    if kind == "depth":
        middle = words.index("/")
        bids, asks = ([tuple(w.split("x")) for w in side] for side in (words[:middle], words[middle + 1 :]))
        return Depth(SYMBOL, bids=bids, asks=asks)  # type: ignore[arg-type]  # converted
    if kind == "trade":
        price, size = level(words[0])
        assert price is not None
        return Trade(SYMBOL, price=price, size=size, aggressor=Side(words[2]) if len(words) > 1 else None)
    opened, high, low, close, *volume = words
    return Bar(SYMBOL, open=opened, high=high, low=low, close=close, volume=volume[0] if volume else None)


def act(venue: SimulatedVenue, line: str) -> tuple[r.VenueReport, ...]:
    first, *rest = line.split()
    if first in {"quote", "depth", "trade", "bar"}:
        return venue.on_market_data(market_data(first, *rest), 7)
    if first in {"cancel", "query", "modify"}:
        request = {"cancel": cancel, "query": query, "modify": modify}[first]
        return venue.request(request(*rest), 7)
    return venue.request(submit(first, *rest), 7)


def said(report: r.VenueReport) -> str:
    """What a trader would read of a report."""
    who = report.client_order_id
    match report:
        case r.VenueAccepted():
            return f"{who} accepted"
        case r.VenueTriggered():
            return f"{who} triggered"
        case r.VenueFilled(fill=fill):
            assert fill.liquidity is not None
            role = fill.liquidity.value.lower()
            return f"{who} {plain(fill.quantity)} @ {plain(fill.price)} {role} fee {plain(fill.fee)}"
        case r.VenueModified():
            at = "" if report.price is None else f" @ {plain(report.price)}"
            at += "" if report.stop_price is None else f" stop {plain(report.stop_price)}"
            at += "" if report.expire_time_ns is None else f" until {report.expire_time_ns}"
            return f"{who} now {plain(report.quantity or Decimal(0))}{at}"
        case r.VenueStatus():
            state = "unknown" if report.state is None else report.state.value
            return f"{who} {state} {plain(report.filled_quantity)}"
        case r.VenueFillBusted() | r.VenueFillCorrected():
            pytest.fail("the simulated venue takes nothing back")
        case _:
            return f"{who} {type(report).__name__.removeprefix('Venue')} {report.reason.value}"


def lines_of(story: str) -> list[str]:
    """A line that begins with a semicolon goes on where the one before ended."""
    lines: list[str] = []
    for line in (line.strip() for line in story.strip().splitlines()):
        if line.startswith(";"):
            lines[-1] += line
        else:
            lines.append(line if "->" in line else f"{line} ->")
    return lines


def tell(venue: SimulatedVenue, story: str) -> list[str]:
    """Play each line and write it down again with what the venue said to it."""
    told: list[str] = []
    for line in lines_of(story):
        step = line.split("->")[0].strip()
        told.append(f"{step} -> {'; '.join(said(report) for report in act(venue, step))}".strip())
    return told


MARKET = {
    "a buy takes the ask": """
        quote 99 / 101
        a BUY 2 -> a accepted; a 2 @ 101 taker fee 0.404
        query a -> a 2 @ 101 taker fee 0.404; a FILLED 2
    """,
    "a sell takes the bid": """
        quote 99 / 101
        a SELL 2 -> a accepted; a 2 @ 99 taker fee 0.396
    """,
    "without any price there is no market": """
        a BUY 2 -> a Rejected NO_MARKET
        query a -> a unknown 0
    """,
    "with the other side alone there is no market": """
        quote 99 / -
        a BUY 2 -> a Rejected NO_MARKET
        b SELL 2 -> b accepted; b 2 @ 99 taker fee 0.396
    """,
    "a bid that has gone is no market for a seller": """
        quote 99 / 101
        quote - / 101
        a SELL 2 -> a Rejected NO_MARKET
    """,
    "after a trade alone the last price stands in for both sides": """
        trade 100x1
        a BUY 7 -> a accepted; a 7 @ 100 taker fee 1.4
        b SELL 7 -> b accepted; b 7 @ 100 taker fee 1.4
    """,
    "after a bar its close does": """
        bar 100 110 90 105
        a BUY 2 -> a accepted; a 2 @ 105 taker fee 0.42
    """,
    "a bar outdates an older quote": """
        quote 99 / 101
        bar 200 220 180 210
        a BUY 1 -> a accepted; a 1 @ 210 taker fee 0.42
    """,
    "a trade does not outdate a quote": """
        quote 99 / 101
        trade 200x5
        a BUY 1 -> a accepted; a 1 @ 101 taker fee 0.202
    """,
    "what a small quote cannot fill is cancelled": """
        quote 99x5 / 101x1.5
        a BUY 2 -> a accepted; a 1.5 @ 101 taker fee 0.303; a Cancelled REMAINDER
        query a -> a 1.5 @ 101 taker fee 0.303; a CANCELLED 1.5
    """,
    "consumed size stays consumed": """
        quote 99x5 / 101x1.5
        a BUY 1 -> a accepted; a 1 @ 101 taker fee 0.202
        b BUY 1 -> b accepted; b 0.5 @ 101 taker fee 0.101; b Cancelled REMAINDER
        c BUY 1 -> c accepted; c Cancelled REMAINDER
        quote 99x5 / 101x1.5
        d BUY 1 -> d accepted; d Cancelled REMAINDER
    """,
    "until the size changes": """
        quote 99x5 / 101x1
        a BUY 1 -> a accepted; a 1 @ 101 taker fee 0.202
        quote 99x5 / 101x2
        b BUY 3 -> b accepted; b 2 @ 101 taker fee 0.404; b Cancelled REMAINDER
    """,
    "or the price": """
        quote 99x5 / 101x1
        a BUY 1 -> a accepted; a 1 @ 101 taker fee 0.202
        quote 99x5 / 102x1
        b BUY 1 -> b accepted; b 1 @ 102 taker fee 0.204
        quote 99x5 / 101x1
        c BUY 1 -> c accepted; c 1 @ 101 taker fee 0.202
    """,
    "one side's consumption leaves the other's": """
        quote 99x1 / 101x1
        a BUY 1 -> a accepted; a 1 @ 101 taker fee 0.202
        b SELL 1 -> b accepted; b 1 @ 99 taker fee 0.198
        c SELL 1 -> c accepted; c Cancelled REMAINDER
    """,
    "a quote of no size fills nothing": """
        quote 99x0 / 101x0
        a BUY 1 -> a accepted; a Cancelled REMAINDER
    """,
    "earlier quotes are not depth": """
        quote 99x5 / 102x5
        quote 99x5 / 101x5
        quote 99x5 / 100x1
        a BUY 3 -> a accepted; a 1 @ 100 taker fee 0.2; a Cancelled REMAINDER
    """,
    "through the levels where depth is known": """
        depth 99x1 98x1 / 101x1 102x2 103x9
        a BUY 4 -> a accepted; a 1 @ 101 taker fee 0.202; a 2 @ 102 taker fee 0.408; a 1 @ 103 taker fee 0.206
        b SELL 3 -> b accepted; b 1 @ 99 taker fee 0.198; b 1 @ 98 taker fee 0.196; b Cancelled REMAINDER
    """,
    "a level consumed in part stays so in the next depth": """
        depth 99x1 / 101x1 102x2
        a BUY 2 -> a accepted; a 1 @ 101 taker fee 0.202; a 1 @ 102 taker fee 0.204
        depth 99x1 / 101x1 102x2 103x1
        b BUY 3 -> b accepted; b 1 @ 102 taker fee 0.204; b 1 @ 103 taker fee 0.206; b Cancelled REMAINDER
    """,
    "a quote renews the top and keeps the depth below": """
        depth 99x1 98x4 / 101x1 102x2
        quote 98x4 / 100x1
        a BUY 3 -> a accepted; a 1 @ 100 taker fee 0.2; a 1 @ 101 taker fee 0.202; a 1 @ 102 taker fee 0.204
        b SELL 9 -> b accepted; b 4 @ 98 taker fee 0.784; b Cancelled REMAINDER
    """,
    "a level that depth has shown stays when a quote changes its size": """
        depth 99x1 / 101x1 102x2
        quote 99x1 / 101x3
        quote 99x1 / 100x1
        a BUY 9 -> a accepted; a 1 @ 100 taker fee 0.2; a 3 @ 101 taker fee 0.606; a 2 @ 102 taker fee 0.408
            ; a Cancelled REMAINDER
    """,
    "an empty book is no market": """
        depth 99x1 / 101x1
        depth / 101x1
        a SELL 1 -> a Rejected NO_MARKET
    """,
}

LIMIT = {
    "marketable on arrival takes the better price": """
        quote 99 / 101
        a BUY 2 limit 105 -> a accepted; a 2 @ 101 taker fee 0.404
        b SELL 2 limit 95 -> b accepted; b 2 @ 99 taker fee 0.396
    """,
    "at the price is marketable": """
        quote 99 / 101
        a BUY 2 limit 101 -> a accepted; a 2 @ 101 taker fee 0.404
    """,
    "rests until the opposite quote touches it, and makes at its own price": """
        quote 99 / 101
        a BUY 2 limit 100 -> a accepted
        query a -> a OPEN 0
        quote 99.5 / 100.01 ->
        quote 99.5 / 100 -> a 2 @ 100 maker fee 0.2
    """,
    "a quote through it fills at its own price too": """
        quote 99 / 101
        a SELL 2 limit 102 -> a accepted
        quote 104 / 105 -> a 2 @ 102 maker fee 0.204
    """,
    "the near quote does not fill it": """
        quote 99 / 101
        a BUY 2 limit 100 -> a accepted
        quote 100 / 101 ->
    """,
    "no quote at all: it rests": """
        a BUY 2 limit 100 -> a accepted
        quote 99 / - ->
        quote 99 / 100 -> a 2 @ 100 maker fee 0.2
    """,
    "in parts, as size is quoted": """
        quote 99 / 101
        a BUY 5 limit 100 -> a accepted
        quote 99 / 100x2 -> a 2 @ 100 maker fee 0.2
        query a -> a 2 @ 100 maker fee 0.2; a PARTIAL 2
        quote 99 / 100x2 ->
        quote 99 / 100x1 -> a 1 @ 100 maker fee 0.1
        quote 97 / 98x9 -> a 2 @ 100 maker fee 0.2
        query a -> a 2 @ 100 maker fee 0.2; a 1 @ 100 maker fee 0.1; a 2 @ 100 maker fee 0.2; a FILLED 5
    """,
    "through the levels within its limit, and the rest rests": """
        depth 99x1 / 101x1 102x2 103x9
        a BUY 5 limit 102 -> a accepted; a 1 @ 101 taker fee 0.202; a 2 @ 102 taker fee 0.408
        query a -> a 1 @ 101 taker fee 0.202; a 2 @ 102 taker fee 0.408; a PARTIAL 3
    """,
    "marketable for more than there is: a taker until the market has left": """
        quote 99 / 101x2
        a BUY 9 limit 103 -> a accepted; a 2 @ 101 taker fee 0.404
        quote 99 / 102x1 -> a 1 @ 102 taker fee 0.204
        quote 99 / 104x5 ->
        quote 99 / 102x3 -> a 3 @ 103 maker fee 0.309
    """,
    "an ask that disappears has left too": """
        quote 99 / 101x2
        a BUY 9 limit 103 -> a accepted; a 2 @ 101 taker fee 0.404
        quote 99 / - ->
        quote 99 / 101x2 -> a 2 @ 103 maker fee 0.206
    """,
    "a taker that waits pays what a trade pays": """
        quote 99 / 101x2
        a BUY 9 limit 103 -> a accepted; a 2 @ 101 taker fee 0.404
        trade 100.5x1 by SELL -> a 1 @ 100.5 taker fee 0.201
    """,
    "two share one quote by price, then time": """
        quote 99 / 110
        a BUY 2 limit 100 -> a accepted
        b BUY 2 limit 101 -> b accepted
        c BUY 2 limit 101 -> c accepted
        quote 99 / 100x5 -> b 2 @ 101 maker fee 0.202; c 2 @ 101 maker fee 0.202; a 1 @ 100 maker fee 0.1
        quote 99 / 100x5 ->
    """,
    "sellers too": """
        quote 99 / 110
        a SELL 2 limit 112 -> a accepted
        b SELL 2 limit 111 -> b accepted
        c SELL 2 limit 111 -> c accepted
        quote 112x3 / 113 -> b 2 @ 111 maker fee 0.222; c 1 @ 111 maker fee 0.111
    """,
    "a trade at the price fills up to its size": """
        a BUY 5 limit 100 -> a accepted
        b BUY 5 limit 100 -> b accepted
        trade 100x7 by SELL -> a 5 @ 100 maker fee 0.5; b 2 @ 100 maker fee 0.2
        trade 99x2 by SELL -> b 2 @ 100 maker fee 0.2
        trade 100.5x2 by SELL ->
    """,
    "a trade of unknown size fills whatever it reaches": """
        a BUY 5 limit 100 -> a accepted
        trade 100 -> a 5 @ 100 maker fee 0.5
    """,
    "a buyer's trade fills sellers, not buyers": """
        a BUY 5 limit 100 -> a accepted
        b SELL 5 limit 101 -> b accepted
        trade 100x1 by BUY ->
        trade 101x1 by SELL ->
        trade 101x1 by BUY -> b 1 @ 101 maker fee 0.101
        trade 100x1 by SELL -> a 1 @ 100 maker fee 0.1
    """,
    "a trade by nobody knows whom may fill either": """
        a BUY 5 limit 100 -> a accepted
        b SELL 5 limit 101 -> b accepted
        trade 100x1 -> a 1 @ 100 maker fee 0.1
        trade 101x1 -> b 1 @ 101 maker fee 0.101
    """,
    "two that cross here trade with each other": """
        quote 90 / 110
        a BUY 2 limit 100 -> a accepted
        b SELL 3 limit 99 -> b accepted; a 2 @ 100 maker fee 0.2; b 2 @ 100 taker fee 0.4
        trade 100x3 -> b 1 @ 99 maker fee 0.099
    """,
}

STOP = {
    "a buy stop waits for the ask": """
        quote 99 / 101
        a BUY 2 stop 105 -> a accepted
        quote 104.99 / 104.99 ->
        quote 99 / 105 -> a triggered; a 2 @ 105 taker fee 0.42
        query a -> a 2 @ 105 taker fee 0.42; a FILLED 2
    """,
    "a sell stop waits for the bid": """
        quote 99 / 101
        a SELL 2 stop 95 -> a accepted
        quote 95.01 / 96 ->
        quote 94 / 100 -> a triggered; a 2 @ 94 taker fee 0.376
    """,
    "beyond its stop when it arrives, it is refused": """
        quote 99 / 101
        a BUY 2 stop 100 -> a Rejected STOP_PRICE
        b SELL 2 stop 99 -> b Rejected STOP_PRICE
        c BUY 2 stop 101.01 -> c accepted
        d SELL 2 stop 98.99 -> d accepted
    """,
    "it rests where no price is known": """
        a BUY 2 stop 100 -> a accepted
        quote 100 / 101 -> a triggered; a 2 @ 101 taker fee 0.404
    """,
    "a trade triggers it, the quote fills it": """
        quote 99 / 101
        a BUY 2 stop 105 -> a accepted
        trade 105x1 by SELL -> a triggered; a 2 @ 101 taker fee 0.404
    """,
    "triggered where nobody offers, it is rejected": """
        quote 99 / -
        a BUY 2 stop 105 -> a accepted
        trade 105x1 -> a triggered; a Rejected NO_MARKET
        query a -> a REJECTED 0
    """,
    "nearest stops first": """
        quote 99 / 101
        a SELL 1 stop 95 -> a accepted
        b SELL 1 stop 97 -> b accepted
        c SELL 1 stop 97 -> c accepted
        quote 94x2 / 96 -> b triggered; b 1 @ 94 taker fee 0.188; c triggered; c 1 @ 94 taker fee 0.188; a triggered
            ; a Cancelled REMAINDER
    """,
    "limit orders come before the stops of the same quote": """
        quote 99 / 101
        a BUY 2 stop 105 -> a accepted
        quote 99 / 104
        b BUY 2 limit 103 -> b accepted
        quote 99 / 105x3 -> a triggered; a 2 @ 105 taker fee 0.42
        c BUY 2 -> c accepted; c 1 @ 105 taker fee 0.21; c Cancelled REMAINDER
        quote 99 / 103x1 -> b 1 @ 103 maker fee 0.103
    """,
    "it takes no more than is quoted": """
        quote 99 / 101
        a BUY 2 stop 105 -> a accepted
        quote 99 / 106x1.5 -> a triggered; a 1.5 @ 106 taker fee 0.318; a Cancelled REMAINDER
    """,
    "on depth it walks the levels": """
        quote 99 / 101
        a BUY 2 stop 105 -> a accepted
        depth 99x1 / 105x1 106x1 -> a triggered; a 1 @ 105 taker fee 0.21; a 1 @ 106 taker fee 0.212
    """,
}

STOP_LIMIT = {
    "marketable when triggered, it takes": """
        quote 99 / 101
        a BUY 2 stop 105 limit 106 -> a accepted
        quote 99 / 105.5 -> a triggered; a 2 @ 105.5 taker fee 0.422
    """,
    "beyond its limit when triggered, it rests as maker": """
        quote 99 / 101
        a BUY 2 stop 105 limit 106 -> a accepted
        quote 99 / 107 -> a triggered
        query a -> a OPEN 0
        quote 99 / 106 -> a 2 @ 106 maker fee 0.212
    """,
    "beyond its stop when it arrives, it is refused": """
        quote 99 / 101
        a SELL 2 stop 100 limit 98 -> a Rejected STOP_PRICE
    """,
    "its limit fills nothing before the stop is reached": """
        quote 99 / 101
        a SELL 2 stop 95 limit 97 -> a accepted
        quote 98 / 99 ->
        quote 94 / 98 -> a triggered
        quote 97 / 98 -> a 2 @ 97 maker fee 0.194
    """,
    "triggered by a trade where nobody offers, it rests": """
        quote 99 / -
        a BUY 2 stop 105 limit 106 -> a accepted
        trade 105x1 -> a triggered
        quote 99 / 106 -> a 2 @ 106 maker fee 0.212
    """,
    "it queues behind those that rested at its limit before it was triggered": """
        quote 99 / 101
        a BUY 1 stop 105 limit 104 -> a accepted
        quote 99 / 104.5
        b BUY 1 limit 104 -> b accepted
        quote 99 / 105 -> a triggered
        quote 99 / 104x1 -> b 1 @ 104 maker fee 0.104
    """,
}

TRIGGERED_AT_ONCE = {
    "beyond its stop when it arrives": """
        quote 99 / 101
        a BUY 2 stop 100 -> a accepted; a triggered; a 2 @ 101 taker fee 0.404
        b SELL 2 stop 99 -> b accepted; b triggered; b 2 @ 99 taker fee 0.396
    """,
    "triggered and limited in one arrival": """
        quote 99 / 101
        a SELL 2 stop 100 limit 98 -> a accepted; a triggered; a 2 @ 99 taker fee 0.396
        b SELL 2 stop 100 limit 99.5 -> b accepted; b triggered
    """,
    "amended to beyond the market": """
        quote 99 / 101
        a BUY 2 stop 105 -> a accepted
        modify a stop 101 -> a now 2 stop 101; a triggered; a 2 @ 101 taker fee 0.404
    """,
}

BAR = {
    "low first when it is nearer to the open": """
        bar 100 100 100 100
        a BUY 1 limit 98 -> a accepted
        b SELL 1 limit 105 -> b accepted
        bar 100 105 98 101 -> a 1 @ 98 maker fee 0.098; b 1 @ 105 maker fee 0.105
    """,
    "high first when that is nearer": """
        bar 100 100 100 100
        a BUY 1 limit 95 -> a accepted
        b SELL 1 limit 102 -> b accepted
        bar 100 102 95 99 -> b 1 @ 102 maker fee 0.102; a 1 @ 95 maker fee 0.095
    """,
    "the low when both are equally near": """
        bar 100 100 100 100
        a BUY 1 limit 98 -> a accepted
        b SELL 1 limit 102 -> b accepted
        bar 100 102 98 99 -> a 1 @ 98 maker fee 0.098; b 1 @ 102 maker fee 0.102
    """,
    "a bar that does not reach it": """
        bar 100 100 100 100
        a BUY 1 limit 97.99 -> a accepted
        b SELL 1 limit 102.01 -> b accepted
        c BUY 1 stop 102.01 -> c accepted
        d SELL 1 stop 97.99 -> d accepted
        bar 100 102 98 99 ->
    """,
    "a gap fills limits at the open, which is better than their price": """
        bar 100 100 100 100
        a BUY 1 limit 98 -> a accepted
        bar 95 96 94 95 -> a 1 @ 95 maker fee 0.095
        b SELL 1 limit 97 -> b accepted
        bar 99 99 99 99 -> b 1 @ 99 maker fee 0.099
    """,
    "a gap fills stops at the open, which is worse": """
        bar 100 100 100 100
        a SELL 1 stop 98 -> a accepted
        b BUY 1 stop 102 -> b accepted
        bar 95 96 94 95 -> a triggered; a 1 @ 95 taker fee 0.19
        bar 107 107 107 107 -> b triggered; b 1 @ 107 taker fee 0.214
    """,
    "a stop in the range fills at its price": """
        bar 100 100 100 100
        a SELL 1 stop 98 -> a accepted
        b BUY 1 stop 103 -> b accepted
        bar 100 105 97 101 -> a triggered; a 1 @ 98 taker fee 0.196; b triggered; b 1 @ 103 taker fee 0.206
    """,
    "stop and limit of one order in one bar": """
        bar 100 100 100 100
        a BUY 1 stop 103 limit 102 -> a accepted
        bar 100 105 99 101 -> a triggered; a 1 @ 102 maker fee 0.102
    """,
    "a stop-limit that is marketable takes at its stop": """
        bar 100 100 100 100
        a BUY 1 stop 103 limit 104 -> a accepted
        bar 100 105 99 101 -> a triggered; a 1 @ 103 taker fee 0.206
    """,
    "a stop-limit that is passed after the extreme stays": """
        bar 100 100 100 100
        a BUY 1 stop 103 limit 100.5 -> a accepted
        bar 100 105 99 101 -> a triggered
        bar 101 101 100 101 -> a 1 @ 100.5 maker fee 0.1005
    """,
    "a gap beyond stop and limit": """
        bar 100 100 100 100
        a SELL 1 stop 98 limit 97 -> a accepted
        bar 95 96 94 95 -> a triggered
        bar 95 98 95 96 -> a 1 @ 97 maker fee 0.097
    """,
    "profit target and stop loss in one bar, the nearer extreme decides": """
        bar 100 100 100 100
        a SELL 1 limit 104 -> a accepted
        b SELL 1 stop 97 -> b accepted
        bar 100 106 96 100 -> b triggered; b 1 @ 97 taker fee 0.194; a 1 @ 104 maker fee 0.104
    """,
    "what is reached on the way comes in the order of the way": """
        bar 100 100 100 100
        a SELL 1 limit 103 -> a accepted
        b BUY 1 stop 102 -> b accepted
        c BUY 1 stop 103 -> c accepted
        d SELL 1 limit 101 -> d accepted
        bar 100 104 100 104 -> d 1 @ 101 maker fee 0.101; b triggered; b 1 @ 102 taker fee 0.204
            ; a 1 @ 103 maker fee 0.103; c triggered; c 1 @ 103 taker fee 0.206
    """,
    "and down again": """
        bar 100 100 100 100
        a BUY 1 limit 97 -> a accepted
        b SELL 1 stop 98 -> b accepted
        c SELL 1 stop 97 -> c accepted
        d BUY 1 limit 99 -> d accepted
        bar 100 100 96 96 -> d 1 @ 99 maker fee 0.099; b triggered; b 1 @ 98 taker fee 0.196; a 1 @ 97 maker fee 0.097
            ; c triggered; c 1 @ 97 taker fee 0.194
    """,
    "the way back from the far extreme to the close counts": """
        bar 100 100 100 100
        a BUY 1 stop 104 limit 103 -> a accepted
        bar 100 105 99 102.5 -> a triggered; a 1 @ 103 maker fee 0.103
    """,
    "a bar's size is not limited": """
        bar 100 100 100 100
        a BUY 1000000 limit 98 -> a accepted
        bar 100 101 98 99 -> a 1000000 @ 98 maker fee 98000
    """,
    "a taker left over from quotes fills at the open": """
        quote 99 / 101x2
        a BUY 3 limit 103 -> a accepted; a 2 @ 101 taker fee 0.404
        bar 102 102 102 102 -> a 1 @ 102 taker fee 0.204
    """,
}

REQUESTS = {
    "a cancel takes it off the book": """
        quote 99 / 101
        a BUY 2 limit 100 -> a accepted
        cancel a -> a Cancelled REQUESTED
        quote 98 / 99 ->
        query a -> a CANCELLED 0
    """,
    "a cancelled stop is not triggered": """
        quote 99 / 101
        a BUY 2 stop 105 -> a accepted
        cancel a -> a Cancelled REQUESTED
        quote 106 / 107 ->
    """,
    "a cancel keeps what has filled": """
        quote 99 / 101x1
        a BUY 2 limit 101 -> a accepted; a 1 @ 101 taker fee 0.202
        cancel a -> a Cancelled REQUESTED
        query a -> a 1 @ 101 taker fee 0.202; a CANCELLED 1
    """,
    "too late to cancel or to modify": """
        quote 99 / 101
        a BUY 2 -> a accepted; a 2 @ 101 taker fee 0.404
        cancel a -> a CancelRejected TOO_LATE
        modify a quantity 3 -> a ModifyRejected TOO_LATE
    """,
    "nothing to cancel or to modify": """
        cancel a -> a CancelRejected NOT_AT_VENUE
        modify a quantity 3 -> a ModifyRejected NOT_AT_VENUE
        query a -> a unknown 0
    """,
    "the same id again is the same order": """
        quote 99 / 101
        a BUY 2 limit 100 -> a accepted
        a BUY 2 limit 100 -> a accepted
        quote 99 / 100 -> a 2 @ 100 maker fee 0.2
        a BUY 2 limit 100 -> a accepted
        query a -> a 2 @ 100 maker fee 0.2; a FILLED 2
    """,
    "a smaller quantity keeps its place": """
        quote 99 / 110
        a BUY 5 limit 100 -> a accepted
        b BUY 5 limit 100 -> b accepted
        modify a quantity 3 -> a now 3 @ 100
        quote 99 / 100x4 -> a 3 @ 100 maker fee 0.3; b 1 @ 100 maker fee 0.1
    """,
    "a larger quantity goes to the end": """
        quote 99 / 110
        a BUY 5 limit 100 -> a accepted
        b BUY 5 limit 100 -> b accepted
        modify a quantity 6 -> a now 6 @ 100
        quote 99 / 100x7 -> b 5 @ 100 maker fee 0.5; a 2 @ 100 maker fee 0.2
    """,
    "another price goes to the end there, even there and back": """
        quote 99 / 110
        a BUY 5 limit 100 -> a accepted
        b BUY 5 limit 100 -> b accepted
        modify a limit 101 -> a now 5 @ 101
        modify a limit 100 -> a now 5 @ 100
        quote 99 / 100x7 -> b 5 @ 100 maker fee 0.5; a 2 @ 100 maker fee 0.2
    """,
    "the terms it has keep its place": """
        quote 99 / 110
        a BUY 5 limit 100 -> a accepted
        b BUY 5 limit 100 -> b accepted
        modify a limit 100 quantity 5 -> a now 5 @ 100
        quote 99 / 100x1 -> a 1 @ 100 maker fee 0.1
    """,
    "a price that crosses takes at once": """
        quote 99 / 101
        a BUY 2 limit 100 -> a accepted
        modify a limit 102 -> a now 2 @ 102; a 2 @ 101 taker fee 0.404
    """,
    "a price that no longer crosses rests": """
        quote 99 / 101x1
        a BUY 2 limit 102 -> a accepted; a 1 @ 101 taker fee 0.202
        modify a limit 100 -> a now 2 @ 100
        quote 99 / 99.5 -> a 1 @ 100 maker fee 0.1
    """,
    "a taker whose quantity shrinks goes on taking": """
        quote 99 / 101x1
        a BUY 5 limit 102 -> a accepted; a 1 @ 101 taker fee 0.202
        modify a quantity 3 -> a now 3 @ 102
        quote 99 / 101x9 -> a 2 @ 101 taker fee 0.404
    """,
    "to what has filled, and it is filled": """
        quote 99 / 101x2
        a BUY 5 limit 101 -> a accepted; a 2 @ 101 taker fee 0.404
        modify a quantity 2 -> a now 2 @ 101
        query a -> a 2 @ 101 taker fee 0.404; a FILLED 2
        quote 99 / 100x9 ->
    """,
    "below what has filled, and it is what has filled": """
        quote 99 / 101x2
        a BUY 5 limit 101 -> a accepted; a 2 @ 101 taker fee 0.404
        modify a quantity 1 limit 90 -> a now 2 @ 90
        query a -> a 2 @ 101 taker fee 0.404; a FILLED 2
    """,
    "a waiting stop takes new terms and waits on": """
        quote 99 / 101
        a BUY 2 stop 105 limit 106 -> a accepted
        modify a limit 108 quantity 3 -> a now 3 @ 108
        quote 99 / 107 -> a triggered; a 3 @ 107 taker fee 0.642
    """,
    "a stop's quantity": """
        quote 99 / 101
        a BUY 2 stop 105 -> a accepted
        modify a quantity 3 -> a now 3
        quote 99 / 107 -> a triggered; a 3 @ 107 taker fee 0.642
    """,
    "another stop price goes to the end of those that wait there": """
        quote 99 / 101
        a BUY 2 stop 105 -> a accepted
        b BUY 2 stop 106 -> b accepted
        modify a stop 106 -> a now 2 stop 106
        quote 99 / 105x1 ->
        quote 99 / 106x1 -> b triggered; b 1 @ 106 taker fee 0.212; b Cancelled REMAINDER
        ; a triggered; a Cancelled REMAINDER
    """,
    "a stop price there and back has lost its place": """
        quote 99 / 101
        a BUY 1 stop 105 -> a accepted
        b BUY 1 stop 105 -> b accepted
        modify a stop 106 -> a now 1 stop 106
        modify a stop 105 -> a now 1 stop 105
        quote 99 / 105x1 -> b triggered; b 1 @ 105 taker fee 0.21; a triggered; a Cancelled REMAINDER
    """,
    "a smaller quantity keeps a stop's place": """
        quote 99 / 101
        a BUY 2 stop 105 -> a accepted
        b BUY 1 stop 105 -> b accepted
        modify a quantity 1 -> a now 1
        quote 99 / 105x1 -> a triggered; a 1 @ 105 taker fee 0.21; b triggered; b Cancelled REMAINDER
    """,
    "a triggered stop has no stop price any more": """
        quote 99 / 101
        a BUY 2 stop 105 limit 105 -> a accepted
        quote 99 / 106 -> a triggered
        modify a stop 107 -> a ModifyRejected UNSUPPORTED
        modify a limit 106 -> a now 2 @ 106; a 2 @ 106 taker fee 0.424
    """,
    "what has no stop price has none to modify, and what has no expiry neither": """
        quote 99 / 101
        a BUY 2 limit 100 -> a accepted
        modify a stop 105 -> a ModifyRejected UNSUPPORTED
        modify a until 9 -> a ModifyRejected UNSUPPORTED
        quote 99 / 100 -> a 2 @ 100 maker fee 0.2
    """,
    "a stop has no price to modify": """
        quote 99 / 101
        a BUY 2 stop 105 -> a accepted
        modify a limit 90 -> a ModifyRejected UNSUPPORTED
        quote 99 / 107 -> a triggered; a 2 @ 107 taker fee 0.428
    """,
}

STORIES = [
    pytest.param(story, id=f"{name}: {title}")
    for name, chapter in {
        "MARKET": MARKET,
        "LIMIT": LIMIT,
        "STOP": STOP,
        "STOP_LIMIT": STOP_LIMIT,
        "bar": BAR,
        "request": REQUESTS,
    }.items()
    for title, story in chapter.items()
]


@pytest.mark.parametrize("story", STORIES)
def test_the_venue_says_what_the_story_tells(story: str) -> None:
    assert tell(a_venue(), story) == lines_of(story)


@pytest.mark.parametrize("story", TRIGGERED_AT_ONCE.values(), ids=TRIGGERED_AT_ONCE)
def test_a_stop_beyond_the_market_is_triggered_at_once_where_the_rules_say_so(story: str) -> None:
    assert tell(a_venue(wrong_side_stop="trigger"), story) == lines_of(story)


def test_the_remainder_of_a_market_order_expires_where_the_rules_say_so() -> None:
    story = """
        quote 99 / 101x1.5
        a BUY 2 -> a accepted; a 1.5 @ 101 taker fee 0.303; a Expired REMAINDER
        query a -> a 1.5 @ 101 taker fee 0.303; a EXPIRED 1.5
    """
    assert tell(a_venue(remainder="expired"), story) == lines_of(story)


def test_an_unknown_symbol_is_refused_with_its_name() -> None:
    (report,) = a_venue().request(submit("a", "BUY", "1", symbol="DOGE/USDT"), 7)
    assert isinstance(report, r.VenueRejected)
    assert (report.reason.value, report.text) == ("UNKNOWN_SYMBOL", "symbol DOGE/USDT: is not traded here")


def test_market_data_of_an_unknown_symbol_is_passed_over() -> None:
    assert a_venue().on_market_data(Quote("DOGE/USDT", bid="1", ask="2"), 7) == ()


def test_no_market_names_the_symbol_and_the_side() -> None:
    venue = a_venue()
    texts = [
        report.text
        for side in ("BUY", "SELL")
        for report in venue.request(submit(side, side, "1"), 7)
        if isinstance(report, r.VenueRejected)
    ]
    assert texts == [
        "no price is known at which BTC/USDT could be bought",
        "no price is known at which BTC/USDT could be sold",
    ]


def test_symbols_do_not_touch_each_other() -> None:
    venue = a_venue(symbols=(SYMBOL, "ETH/USDT"))
    act(venue, "quote 99 / 101")
    (refused,) = venue.request(submit("a", "BUY", "1", symbol="ETH/USDT"), 7)
    assert said(refused) == "a Rejected NO_MARKET"
    venue.request(submit("b", "BUY", "1", "limit", "100", symbol="ETH/USDT"), 7)
    assert act(venue, "quote 89 / 90") == ()
    assert [said(x) for x in venue.on_market_data(Quote("ETH/USDT", bid="89", ask="90"), 7)] == [
        "b 1 @ 100 maker fee 0.1"
    ]


def test_reports_carry_the_time_of_the_step_and_the_ids_of_venue_and_execution() -> None:
    venue = a_venue()
    venue.on_market_data(Quote(SYMBOL, bid="99", ask="101"), 5)
    accepted, filled = venue.request(submit("a", "BUY", "1"), 11)
    assert isinstance(accepted, r.VenueAccepted)
    assert isinstance(filled, r.VenueFilled)
    assert (accepted.time_ns, filled.time_ns, filled.fill.time_ns) == (11, 11, 11)
    assert accepted.exchange_order_id == filled.exchange_order_id == "E-1"
    assert (filled.fill.execution_id, filled.fill.fee_currency, filled.side) == ("E-2", "USDT", Side.BUY)
    again, status = venue.request(query("a"), 13)
    assert isinstance(again, r.VenueFilled)
    assert (again.fill, again.time_ns, again.exchange_order_id) == (filled.fill, 13, "E-1")
    assert isinstance(status, r.VenueStatus)
    assert (status.time_ns, status.complete) == (13, True)


def test_the_venue_keeps_what_an_order_has_filled_paid_and_been_charged() -> None:
    venue = a_venue()
    act(venue, "quote 99 / 101x1")
    act(venue, "a BUY 2 limit 102")
    act(venue, "quote 99 / 102x1")
    order = venue.orders["a"]
    assert (order.filled, order.notional, order.fees, order.leaves) == (2, 203, Decimal("0.406"), 0)


# -- chance


def filled_prices(venue: SimulatedVenue, number: int) -> list[Decimal]:
    reports = [report for n in range(number) for report in act(venue, f"o{n} BUY 1")]
    return [report.fill.price for report in reports if isinstance(report, r.VenueFilled)]


def always(drawn: str) -> Draw:
    return lambda _order_id, _nth: Decimal(drawn)


@pytest.mark.parametrize(
    ("drawn", "slippage", "price"),
    [
        pytest.param("0", "0.005", "99.5", id="least draw, best price"),
        pytest.param("0.5", "0.005", "100", id="half: no slippage"),
        pytest.param("0.999999", "0.005", "100.49", id="greatest draw, worst price, never beyond the bound"),
        pytest.param("0.75", "0.005", "100.25", id="three quarters, half of the way"),
        pytest.param("0.999999", "0.00019", "100.01", id="what is left of a tick is dropped, upwards"),
        pytest.param("0", "0.00019", "99.99", id="and downwards"),
        pytest.param("0", "0.00009", "100", id="less than a tick is none"),
        pytest.param("0", "0.999", "0.1", id="the price stays above zero"),
    ],
)
def test_slippage_moves_a_market_fill_by_whole_ticks_within_its_bound(drawn: str, slippage: str, price: str) -> None:
    venue = a_venue(always(drawn), slippage=UniformSlippage(slippage))
    act(venue, "quote 100 / 100")
    assert filled_prices(venue, 1) == [Decimal(price)]


def test_slippage_spreads_evenly_over_both_sides() -> None:
    venue = a_venue(seeded(1), slippage=UniformSlippage("0.005"))
    act(venue, "quote 100 / 100")
    prices = filled_prices(venue, 2_000)
    assert min(prices) >= Decimal("99.5")
    assert max(prices) <= Decimal("100.5")
    assert 850 < sum(price > 100 for price in prices) < 1_150
    assert all(price % Decimal("0.01") == 0 for price in prices)


def test_a_limit_order_does_not_slip() -> None:
    venue = a_venue(never, slippage=UniformSlippage("0.005"))
    act(venue, "quote 99 / 101")
    assert [said(x) for x in act(venue, "a BUY 1 limit 102")] == ["a accepted", "a 1 @ 101 taker fee 0.202"]


def test_at_probability_zero_no_limit_order_ever_fills() -> None:
    story = """
        quote 99 / 101
        a BUY 1 limit 102 -> a accepted
        b BUY 1 limit 100 -> b accepted
        quote 98 / 99 ->
        trade 90x5 ->
        bar 90 95 85 90 ->
        c BUY 1 -> c accepted; c 1 @ 90 taker fee 0.18
    """
    assert tell(a_venue(seeded(1), fill_model=ByProbability(0)), story) == lines_of(story)


def test_at_probability_one_half_half_of_the_touched_orders_fill() -> None:
    venue = a_venue(seeded(1), fill_model=ByProbability("0.5"))
    for n in range(2_000):
        act(venue, f"o{n} BUY 1 limit 100")
    assert 900 < len(act(venue, "quote 99 / 100")) < 1_100


def test_an_order_that_chance_passes_over_gets_another_at_the_next_touch() -> None:
    drawn = iter(["0.9", "0.9", "0.1"])
    story = """
        a BUY 1 limit 100 -> a accepted
        quote 99 / 100 ->
        quote 99 / 101 ->
        quote 99 / 100 ->
        trade 100x1 -> a 1 @ 100 maker fee 0.1
    """
    venue = a_venue(lambda _order_id, _nth: Decimal(next(drawn)), fill_model=ByProbability("0.5"))
    assert tell(venue, story) == lines_of(story)


def test_a_marketable_order_that_chance_passes_over_goes_on_as_taker_until_the_market_has_left() -> None:
    drawn = iter(["0.9", "0.9", "0.1", "0.9", "0.1"])
    story = """
        quote 99 / 101
        a BUY 1 limit 105 -> a accepted
        quote 99 / 102 ->
        quote 99 / 103 -> a 1 @ 103 taker fee 0.206
        b BUY 1 limit 105 -> b accepted
        quote 99 / 106 ->
        quote 99 / 103 -> b 1 @ 105 maker fee 0.105
    """
    venue = a_venue(lambda _order_id, _nth: Decimal(next(drawn)), fill_model=ByProbability("0.5"))
    assert tell(venue, story) == lines_of(story)


def test_in_a_bar_an_order_that_chance_passes_over_has_been_left_when_the_price_comes_back() -> None:
    drawn = iter(["0.9", "0.9", "0.9", "0.1"])
    story = """
        quote 99 / 100
        a BUY 1 limit 101 -> a accepted
        bar 100 104 99 100 -> a 1 @ 101 maker fee 0.101
    """
    venue = a_venue(lambda _order_id, _nth: Decimal(next(drawn)), fill_model=ByProbability("0.5"))
    assert tell(venue, story) == lines_of(story)


def busy(venue: SimulatedVenue) -> list[str]:
    """A few hundred steps in which chance decides about most orders."""
    told: list[str] = []
    for n in range(200):
        middle = 100 + n * 7 % 11
        for line in (
            f"quote {middle - 1}x{n % 5} / {middle + 1}x{n % 3}",
            f"m{n} {'BUY' if n % 2 else 'SELL'} 1",
            f"l{n} {'SELL' if n % 3 else 'BUY'} 2 limit {100 + n * 5 % 9}",
            f"s{n} {'BUY' if n % 5 else 'SELL'} 1 stop {100 + n * 3 % 13}",
            f"trade {100 + n * 3 % 7}x2",
            f"bar {middle} {middle + 5} {middle - 3} {middle + 1}",
        ):
            told += [said(report) for report in act(venue, line)]
    return told


def test_the_same_seed_and_input_give_the_same_fills_and_another_seed_others() -> None:
    chance = {"slippage": UniformSlippage("0.01"), "fill_model": ByProbability("0.5")}
    first, again, other = (busy(a_venue(seeded(seed), **chance)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_somebody_comes_to_trade_with_a_resting_order() -> None:
    venue = a_venue()
    venue.on_market_data(Quote(SYMBOL, bid="99", ask="101"), 0)
    venue.request(submit("a", "BUY", "3", "limit", "100"), 0)
    (first,) = venue.execute("a", Decimal(2), 5)
    assert isinstance(first, r.VenueFilled)
    fill = first.fill
    assert (fill.quantity, fill.price, fill.fee, fill.time_ns) == (2, 100, Decimal("0.2"), 5)
    (last,) = venue.execute("a", Decimal(9), 6)
    assert isinstance(last, r.VenueFilled)
    assert last.fill.quantity == 1
    assert venue.execute("a", Decimal(1), 7) == ()


@pytest.mark.parametrize(
    "order",
    [submit("b", "BUY", "1", "stop", "105", "limit", "106"), submit("b", "BUY", "1", "stop", "105")],
    ids=["a stop-limit that waits", "a stop"],
)
def test_nobody_comes_to_trade_with_what_does_not_rest(order: r.VenueSubmit) -> None:
    venue = a_venue()
    venue.on_market_data(Quote(SYMBOL, bid="99", ask="101"), 0)
    venue.request(order, 0)
    assert venue.execute("b", Decimal(1), 0) == ()
    assert venue.execute("nobody's", Decimal(1), 0) == ()


def test_a_step_that_fails_leaves_a_marketable_order_a_taker() -> None:
    def draw(order_id: str, nth: int) -> Decimal:
        if order_id == "X-2":
            raise ArithmeticError
        return Decimal("0.9") if nth == 1 else Decimal(0)

    venue = a_venue(draw, fill_model=ByProbability("0.5"))
    venue.on_market_data(Quote(SYMBOL, bid="99", ask="101"), 0)
    venue.request(submit("a", "BUY", "1", "limit", "102"), 0)
    with pytest.raises(ArithmeticError):
        venue.request(submit("b", "BUY", "1", "limit", "102"), 0)
    (report,) = venue.on_market_data(Quote(SYMBOL, bid="99", ask="101"), 0)
    assert isinstance(report, r.VenueFilled)
    assert (report.fill.price, report.fill.fee) == (101, Decimal("0.202")), "at the market's price, for a taker's fee"
