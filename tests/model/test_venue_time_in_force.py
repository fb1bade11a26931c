"""How long orders work at the simulated venue: stories of which each line begins with the time, and what holds."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_venue import FEES, SYMBOL, cancel, lines_of, market_data, modify, never, query, said, submit

from orderpit.model import reports as r
from orderpit.model.fill_models import ByProbability, Reach
from orderpit.model.instructions import Instructions
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import OrderState, Reason, TimeInForce
from orderpit.model.market import Quote
from orderpit.model.numbers import plain, total
from orderpit.model.trading_hours import TradingHours
from orderpit.model.venue import Draw, SimulatedVenue, VenueRules

HOUR = 3_600 * 10**9
OFFICE = TradingHours(open="09:00", close="17:00")


def a_venue(draw: Draw = never, hours: TradingHours | None = None, **rules: object) -> SimulatedVenue:
    ids = count(1)
    grid = {"price_increment": "0.01", "quantity_increment": "0.01"}
    traded = {SYMBOL: Instrument(SYMBOL, **grid, trading_hours=hours)}
    fees = dict.fromkeys(FEES, Decimal(0))
    return SimulatedVenue(traded, VenueRules(**fees | rules), draw, lambda: f"E-{next(ids)}")


def lasting(client_id: str, side: str, quantity: str, *terms: str) -> r.VenueSubmit:
    """`a BUY 2 limit 100 GTD 9`: the last words are its time in force; GTC where there are none."""
    words, force, until = list(terms), TimeInForce.GTC, None
    if "GTD" in words:
        *words, _, end = words
        force, until = TimeInForce.GTD, int(end)
    elif words and words[-1] in TimeInForce.__members__:
        force = TimeInForce(words.pop())
    return attrs.evolve(submit(client_id, side, quantity, *words), time_in_force=force, expire_time_ns=until)


def act(venue: SimulatedVenue, line: str) -> tuple[r.VenueReport, ...]:
    at, *words = line.split()
    now, kind, rest = int(at), words[0], words[1:]
    if kind in {"quote", "depth", "trade", "bar"}:
        return venue.on_market_data(market_data(kind, *rest), now)
    if kind in {"cancel", "query", "modify"}:
        return venue.request({"cancel": cancel, "query": query, "modify": modify}[kind](*rest), now)
    if kind == "somebody":
        return venue.execute(rest[-1], Decimal(rest[1]), now)
    return venue.pass_time(now) if kind == "wait" else venue.request(lasting(kind, *rest), now)


def shortly(report: r.VenueReport) -> str:
    return said(report).replace(" fee 0", "")


def tell(venue: SimulatedVenue, story: str) -> list[str]:
    told: list[str] = []
    for line in lines_of(story):
        step = line.split("->")[0].strip()
        told.append(f"{step} -> {'; '.join(shortly(report) for report in act(venue, step))}".strip())
    return told


IOC = {
    "fills what is there, and the rest does not wait": """
        1 quote 99x5 / 101x2
        1 a BUY 5 limit 101 IOC -> a accepted; a 2 @ 101 taker; a Cancelled REMAINDER
        2 quote 99x5 / 101x9
        2 query a -> a 2 @ 101 taker; a CANCELLED 2
    """,
    "walks the levels within its limit": """
        1 depth 99x5 / 101x1 102x1 103x1
        1 a BUY 5 limit 102 IOC -> a accepted; a 1 @ 101 taker; a 1 @ 102 taker; a Cancelled REMAINDER
    """,
    "that finds all it wants is filled": """
        1 quote 99x5 / 101x5
        1 a BUY 5 limit 101 IOC -> a accepted; a 5 @ 101 taker
    """,
    "not marketable": """
        1 quote 99x5 / 101x5
        1 a BUY 5 limit 100 IOC -> a accepted; a Cancelled REMAINDER
    """,
    "where no price is known": """
        1 a SELL 5 limit 100 IOC -> a accepted; a Cancelled REMAINDER
    """,
    "on a market order says what it is": """
        1 quote 99x5 / 101x2
        1 a BUY 5 IOC -> a accepted; a 2 @ 101 taker; a Cancelled REMAINDER
    """,
    "of a stop limit counts from the trigger": """
        1 quote 99x5 / 101x5
        1 a BUY 5 stop 105 limit 106 IOC -> a accepted
        2 quote 104x5 / 105x2 -> a triggered; a 2 @ 105 taker; a Cancelled REMAINDER
    """,
    "of a stop limit that is triggered beyond its limit": """
        1 quote 99x5 / 101x5
        1 a BUY 5 stop 105 limit 105 IOC -> a accepted
        2 quote 107x5 / 108x2 -> a triggered; a Cancelled REMAINDER
    """,
    "of a stop limit within a bar": """
        1 quote 99 / 101
        1 a BUY 5 stop 105 limit 105 IOC -> a accepted
        2 bar 101 110 100 109 -> a triggered; a 5 @ 105 taker
    """,
    "of a stop within a bar that jumps over its limit": """
        1 quote 99 / 101
        1 a BUY 5 stop 105 limit 105 IOC -> a accepted
        2 bar 107 110 106 109 -> a triggered; a Cancelled REMAINDER
    """,
}

FOK = {
    "fills as a whole": """
        1 quote 99x5 / 101x5
        1 a BUY 5 limit 101 FOK -> a accepted; a 5 @ 101 taker
    """,
    "or not at all, and takes nothing": """
        1 quote 99x5 / 101x4
        1 a BUY 5 limit 101 FOK -> a accepted; a Cancelled FILL_OR_KILL
        1 b BUY 4 limit 101 FOK -> b accepted; b 4 @ 101 taker
        1 query a -> a CANCELLED 0
    """,
    "over the levels within its limit": """
        1 depth 99x5 / 101x1 102x1 103x1
        1 a BUY 3 limit 102 FOK -> a accepted; a Cancelled FILL_OR_KILL
        1 b BUY 2 limit 102 FOK -> b accepted; b 1 @ 101 taker; b 1 @ 102 taker
    """,
    "what has been taken is not there": """
        1 quote 99x5 / 101x5
        1 a BUY 2 limit 101 IOC -> a accepted; a 2 @ 101 taker
        1 b BUY 4 limit 101 FOK -> b accepted; b Cancelled FILL_OR_KILL
        1 c BUY 3 limit 101 FOK -> c accepted; c 3 @ 101 taker
    """,
    "of a market order": """
        1 depth 99x5 / 101x1 102x1
        1 a BUY 3 FOK -> a accepted; a Cancelled FILL_OR_KILL
        1 b BUY 2 FOK -> b accepted; b 1 @ 101 taker; b 1 @ 102 taker
    """,
    "where no price is known": """
        1 a SELL 5 limit 100 FOK -> a accepted; a Cancelled FILL_OR_KILL
        1 b SELL 5 FOK -> b Rejected NO_MARKET
    """,
    "not marketable": """
        1 quote 99x5 / 101x5
        1 a SELL 5 limit 100 FOK -> a accepted; a Cancelled FILL_OR_KILL
    """,
    "where only a last price is known there is enough of everything": """
        1 trade 100x1
        1 a SELL 500 limit 100 FOK -> a accepted; a 500 @ 100 taker
    """,
    "of a stop counts from the trigger": """
        1 quote 99x5 / 101x5
        1 a BUY 5 stop 105 FOK -> a accepted
        1 b BUY 2 stop 105 FOK -> b accepted
        2 quote 104x5 / 105x2 -> a triggered; a Cancelled FILL_OR_KILL; b triggered; b 2 @ 105 taker
    """,
    "of a stop limit counts from the trigger": """
        1 quote 99x5 / 101x5
        1 a BUY 3 stop 105 limit 105 FOK -> a accepted
        2 depth 104x5 / 105x2 106x2 -> a triggered; a Cancelled FILL_OR_KILL
    """,
    "cancelled before it was triggered": """
        1 quote 99 / 101
        1 a BUY 3 stop 105 limit 105 FOK -> a accepted
        2 cancel a -> a Cancelled REQUESTED
        3 quote 104 / 105
    """,
}

GTD = {
    "works until its time comes": """
        1 quote 99 / 101
        1 a BUY 5 limit 100 GTD 9 -> a accepted
        8 quote 99x1 / 100x2 -> a 2 @ 100 maker
        9 wait -> a Expired TIME_IN_FORCE
        9 query a -> a 2 @ 100 maker; a EXPIRED 2
    """,
    "not a nanosecond sooner": """
        1 a BUY 5 limit 100 GTD 9 -> a accepted
        8 wait
        8 cancel a -> a Cancelled REQUESTED
        9 wait
    """,
    "before market data of the same time fill it": """
        1 quote 99 / 101
        1 a BUY 5 limit 100 GTD 9 -> a accepted
        9 quote 98 / 99 -> a Expired TIME_IN_FORCE
    """,
    "before a trade, a bar, depth": """
        1 quote 99 / 101
        1 a BUY 5 limit 100 GTD 9 -> a accepted
        1 b BUY 5 limit 100 GTD 10 -> b accepted
        1 c BUY 5 limit 100 GTD 11 -> c accepted
        9 trade 99x50 -> a Expired TIME_IN_FORCE; b 5 @ 100 maker; c 5 @ 100 maker
    """,
    "a stop is not triggered any more": """
        1 quote 99 / 101
        1 a BUY 5 stop 105 GTD 9 -> a accepted
        1 b BUY 5 stop 105 limit 106 GTD 10 -> b accepted
        9 quote 104 / 105 -> a Expired TIME_IN_FORCE; b triggered; b 5 @ 105 taker
    """,
    "a stop limit that was triggered still expires": """
        1 quote 99 / 101
        1 a BUY 5 stop 105 limit 105 GTD 9 -> a accepted
        2 quote 106 / 107 -> a triggered
        9 quote 104 / 105 -> a Expired TIME_IN_FORCE
    """,
    "before a cancel, a modification, a query, a new order": """
        1 a BUY 1 limit 100 GTD 9 -> a accepted
        1 b BUY 1 limit 100 GTD 10 -> b accepted
        1 c BUY 1 limit 100 GTD 11 -> c accepted
        1 d BUY 1 limit 100 GTD 12 -> d accepted
        9 cancel a -> a Expired TIME_IN_FORCE; a CancelRejected TOO_LATE
        10 modify b limit 99 -> b Expired TIME_IN_FORCE; b ModifyRejected TOO_LATE
        11 query c -> c Expired TIME_IN_FORCE; c EXPIRED 0
        12 e BUY 1 limit 100 -> d Expired TIME_IN_FORCE; e accepted
    """,
    "before somebody comes to trade with it": """
        1 a BUY 1 limit 100 GTD 9 -> a accepted
        1 b BUY 1 limit 100 GTD 10 -> b accepted
        9 somebody takes 1 of a -> a Expired TIME_IN_FORCE
        9 somebody takes 1 of b -> b 1 @ 100 maker
    """,
    "several at once, the earliest first and then in the order of the queue": """
        1 a BUY 1 limit 100 GTD 9 -> a accepted
        1 b BUY 1 limit 100 GTD 8 -> b accepted
        1 z BUY 1 limit 100 GTD 7 -> z accepted
        1 y BUY 1 limit 100 GTD 7 -> y accepted
        1 c BUY 1 limit 100 GTD 10 -> c accepted
        9 wait -> z Expired TIME_IN_FORCE; y Expired TIME_IN_FORCE; b Expired TIME_IN_FORCE; a Expired TIME_IN_FORCE
    """,
    "one that has filled, or was cancelled, does not": """
        1 quote 99 / 101
        1 a BUY 1 limit 101 GTD 9 -> a accepted; a 1 @ 101 taker
        1 b BUY 1 limit 99 GTD 9 -> b accepted
        2 cancel b -> b Cancelled REQUESTED
        9 wait
    """,
    "that has come too late is refused": """
        9 a BUY 1 limit 100 GTD 9 -> a Rejected EXPIRE_TIME
        9 b BUY 1 limit 100 GTD 8 -> b Rejected EXPIRE_TIME
        9 c BUY 1 limit 100 GTD 10 -> c accepted
    """,
    "sent again under its id when it has expired": """
        1 a BUY 1 limit 100 GTD 9 -> a accepted
        9 a BUY 1 limit 100 GTD 9 -> a Expired TIME_IN_FORCE; a accepted
        9 query a -> a EXPIRED 0
    """,
    "a later time is in force at once": """
        1 a BUY 1 limit 100 GTD 9 -> a accepted
        2 modify a until 20 -> a now 1 @ 100 until 20
        9 wait
        19 wait
        20 wait -> a Expired TIME_IN_FORCE
    """,
    "and so is an earlier one": """
        1 a BUY 1 limit 100 GTD 9 -> a accepted
        2 modify a until 5 -> a now 1 @ 100 until 5
        5 wait -> a Expired TIME_IN_FORCE
        9 wait
    """,
    "there and back": """
        1 a BUY 1 limit 100 GTD 9 -> a accepted
        2 modify a until 20 -> a now 1 @ 100 until 20
        3 modify a until 9 -> a now 1 @ 100 until 9
        9 wait -> a Expired TIME_IN_FORCE
        20 wait
    """,
    "a time that is over is refused, and the old one stays": """
        1 a BUY 1 limit 100 GTD 9 -> a accepted
        5 modify a until 5 -> a ModifyRejected EXPIRE_TIME
        9 wait -> a Expired TIME_IN_FORCE
    """,
}

STORIES = [
    pytest.param(story, id=f"{kind}: {name}")
    for kind, stories in (("IOC", IOC), ("FOK", FOK), ("GTD", GTD))
    for name, story in stories.items()
]


@pytest.mark.parametrize("story", STORIES)
def test_an_order_works_as_long_as_its_time_in_force_says(story: str) -> None:
    assert tell(a_venue(), story) == lines_of(story)


@pytest.mark.parametrize("force", ["IOC", "FOK"])
def test_what_does_not_wait_expires_where_the_rules_say_so(force: str) -> None:
    venue = a_venue(remainder="expired")
    act(venue, "1 quote 99x5 / 101x2")
    *_, ended = act(venue, f"1 a BUY 5 limit 101 {force}")
    assert isinstance(ended, r.VenueExpired)
    assert ended.reason is (Reason.REMAINDER if force == "IOC" else Reason.FILL_OR_KILL)
    assert ended.filled_quantity == (2 if force == "IOC" else 0)
    assert venue.orders["a"].state is OrderState.EXPIRED


@pytest.mark.parametrize(
    ("order", "text"),
    [
        pytest.param("BUY 5 limit 101 IOC", "2 of 5 could be filled at once, and the rest does not wait", id="IOC"),
        pytest.param("BUY 5 limit 101 FOK", "5 was wanted at once, and 2 was there", id="FOK"),
        pytest.param("BUY 5", "2 of 5 could be filled at once, and the rest does not wait", id="market order"),
        pytest.param("BUY 5 limit 100 FOK", "5 was wanted at once, and 0 was there", id="not marketable"),
        pytest.param("BUY 5 limit 100 GTD 3", "expire_time_ns 3: must be after now, 3", id="too late"),
    ],
)
@pytest.mark.parametrize("remainder", ["cancelled", "expired"])
def test_the_end_says_in_numbers_what_decided_it(order: str, text: str, remainder: str) -> None:
    venue = a_venue(remainder=remainder)
    act(venue, "3 quote 99x5 / 101x2")
    *_, ended = act(venue, f"3 a {order}")
    assert isinstance(ended, r.VenueCancelled | r.VenueExpired | r.VenueRejected)
    assert ended.text == text


@pytest.mark.parametrize(
    ("force", "drawn", "said_of_it"),
    [
        pytest.param("IOC", "0.4", ["a accepted", "a 5 @ 101 taker"], id="IOC filled"),
        pytest.param("IOC", "0.6", ["a accepted", "a Cancelled REMAINDER"], id="IOC passed over"),
        pytest.param("FOK", "0.4", ["a accepted", "a 5 @ 101 taker"], id="FOK filled"),
        pytest.param("FOK", "0.6", ["a accepted", "a Cancelled FILL_OR_KILL"], id="FOK passed over"),
    ],
)
def test_chance_may_pass_over_what_does_not_wait(force: str, drawn: str, said_of_it: list[str]) -> None:
    venue = a_venue(lambda _order, _nth: Decimal(drawn), fill_model=ByProbability("0.5"))
    act(venue, "1 quote 99x5 / 101x5")
    assert [shortly(report) for report in act(venue, f"1 a BUY 5 limit 101 {force}")] == said_of_it


class Half:
    """A fill model of the user's own: of all that is there, an order gets the half."""

    uses_chance = False

    def fill(self, reach: Reach, /) -> Decimal:
        return reach.most / 2


def test_what_a_fill_model_leaves_of_the_market_must_be_enough_for_a_fok() -> None:
    venue = a_venue(fill_model=Half())
    act(venue, "1 quote 99x5 / 101x8")
    assert [shortly(one) for one in act(venue, "1 a BUY 4 limit 101 IOC")][1:] == [
        "a 2 @ 101 taker",
        "a Cancelled REMAINDER",
    ]
    assert [shortly(one) for one in act(venue, "1 b BUY 4 limit 101 FOK")][1:] == ["b Cancelled FILL_OR_KILL"]


def of_others(venue: SimulatedVenue) -> None:
    """Somebody holds 5, and offers to sell them at 100, or else at 101: only 5 can be had."""
    bought = attrs.evolve(lasting("bought", "BUY", "5"), account="other")
    plain_sale = attrs.evolve(lasting("plain", "SELL", "5", "limit", "100"), account="other")
    reducing = attrs.evolve(lasting("reducing", "SELL", "5", "limit", "101"), account="other")
    act(venue, "1 trade 90x5")
    venue.request(bought, 1)
    act(venue, "1 quote 90x5 / -")
    venue.request(attrs.evolve(reducing, instructions=Instructions(reduce_only=True)), 1)
    venue.request(plain_sale, 1)


def test_a_fok_that_would_leave_nothing_of_what_it_meets_next_fills_nothing_at_all() -> None:
    venue = a_venue()
    of_others(venue)
    before = dict(venue.orders)
    *_, killed = venue.request(attrs.evolve(lasting("a", "BUY", "8", "limit", "101", "FOK"), account="me"), 1)
    assert isinstance(killed, r.VenueCancelled)
    assert (killed.reason, killed.text) == (Reason.FILL_OR_KILL, "8 was wanted at once, and 5 was there")
    assert {name: order for name, order in venue.orders.items() if name != "a"} == before
    filled = venue.request(lasting("b", "BUY", "5", "limit", "101", "FOK"), 1)
    assert [shortly(one) for one in filled] == [
        "b accepted",
        "plain 5 @ 100 maker",
        "reducing Cancelled REDUCE_ONLY",
        "b 5 @ 100 taker",
    ]


def test_a_fok_stop_that_cannot_fill_leaves_the_rest_of_the_step_as_it_would_have_been() -> None:
    venue = a_venue()
    of_others(venue)
    venue.request(attrs.evolve(lasting("a", "BUY", "8", "stop", "95", "limit", "101", "FOK"), account="me"), 1)
    venue.request(attrs.evolve(lasting("b", "BUY", "5", "stop", "96", "limit", "101", "FOK"), account="me"), 1)
    told = [shortly(report) for report in act(venue, "2 quote 94x1 / 200x1")]
    assert told[:2] == ["a triggered", "a Cancelled FILL_OR_KILL"]
    assert told[2:] == ["b triggered", "plain 5 @ 100 maker", "reducing Cancelled REDUCE_ONLY", "b 5 @ 100 taker"]


def test_an_expiry_tells_its_time_and_what_had_filled() -> None:
    venue = a_venue()
    act(venue, "1 a BUY 5 limit 100 GTD 9")
    act(venue, "2 quote 99 / 100x2")
    (expired,) = act(venue, "11 wait")
    assert expired == r.VenueExpired(
        client_order_id="a", reason=Reason.TIME_IN_FORCE, filled_quantity=Decimal(2), time_ns=11
    )


def test_market_data_of_another_symbol_lets_time_pass_too() -> None:
    venue = a_venue()
    act(venue, "1 a BUY 5 limit 100 GTD 9")
    (expired,) = venue.on_market_data(Quote("ETH/USDT", bid="1"), 9)
    assert isinstance(expired, r.VenueExpired)


def test_the_next_expiry_is_the_earliest_of_those_that_live() -> None:
    venue = a_venue()
    seen = [venue.next_expiry_ns]
    for line in ("1 a BUY 1 limit 100 GTD 9", "1 b BUY 1 limit 100 GTD 5", "1 c BUY 1 limit 100", "2 cancel b"):
        act(venue, line)
        seen.append(venue.next_expiry_ns)
    act(venue, "9 wait")
    assert [*seen, venue.next_expiry_ns] == [None, 9, 5, 5, 9, None]


# -- the day


def test_a_day_order_expires_when_the_session_ends() -> None:
    venue = a_venue(hours=OFFICE)
    # 1970-01-01 was a Thursday.
    act(venue, f"{10 * HOUR} a BUY 1 limit 100 DAY")
    assert venue.next_expiry_ns == 17 * HOUR
    assert act(venue, f"{17 * HOUR - 1} wait") == ()
    assert shortly(*act(venue, f"{17 * HOUR} wait")) == "a Expired TIME_IN_FORCE"


def test_a_day_order_that_comes_in_after_hours_waits_for_the_next_session() -> None:
    venue = a_venue(hours=OFFICE)
    friday_evening = (24 + 17) * HOUR
    act(venue, f"{friday_evening} a BUY 1 limit 100 DAY")
    assert venue.next_expiry_ns == (4 * 24 + 17) * HOUR


def test_a_day_ends_by_the_clocks_of_the_market() -> None:
    hours = TradingHours(open="09:30", close="16:00", time_zone=ZoneInfo("America/New_York"))
    venue = a_venue(hours=hours)
    act(venue, f"{12 * HOUR} a BUY 1 limit 100 DAY")
    assert venue.next_expiry_ns == 21 * HOUR


def test_where_the_market_never_closes_a_day_order_works_until_it_is_cancelled() -> None:
    venue = a_venue()
    act(venue, "1 a BUY 1 limit 100 DAY")
    assert venue.next_expiry_ns is None
    assert act(venue, f"{10**6 * HOUR} wait") == ()


def test_the_hours_bound_day_orders_alone() -> None:
    venue = a_venue(hours=OFFICE)
    act(venue, "1 a BUY 1 limit 100")
    assert venue.next_expiry_ns is None


def test_a_stop_of_the_day_is_not_triggered_on_the_next() -> None:
    venue = a_venue(hours=OFFICE)
    act(venue, f"{10 * HOUR} quote 99 / 101")
    act(venue, f"{10 * HOUR} a BUY 1 stop 105 DAY")
    assert [shortly(report) for report in act(venue, f"{33 * HOUR} quote 104 / 105")] == ["a Expired TIME_IN_FORCE"]


# -- a step that fails


def test_a_step_that_fails_expires_nothing_and_the_next_one_does() -> None:
    fails = [True]

    def draw(_order: str, _nth: int) -> Decimal:
        if fails[0]:
            raise RuntimeError
        return Decimal(0)

    venue = a_venue(draw, fill_model=ByProbability("0.5"))
    act(venue, "1 a BUY 1 limit 100 GTD 9")
    act(venue, "1 b BUY 1 limit 100 GTD 12")
    with pytest.raises(RuntimeError):
        act(venue, "9 quote 98 / 99")
    assert venue.orders["a"].is_live
    assert venue.next_expiry_ns == 9
    fails[0] = False
    told = [shortly(report) for report in act(venue, "10 quote 98 / 99")]
    assert told == ["a Expired TIME_IN_FORCE", "b 1 @ 100 maker"]


def test_a_new_time_that_was_not_granted_in_the_end_is_forgotten() -> None:
    ids, fails = count(1), [False]

    def next_id() -> str:
        if fails[0]:
            raise RuntimeError
        return f"E-{next(ids)}"

    instrument = Instrument(SYMBOL, price_increment="0.01", quantity_increment="0.01")
    venue = SimulatedVenue({SYMBOL: instrument}, VenueRules(**FEES), never, next_id)
    act(venue, "1 quote 99 / 101")
    act(venue, "1 a BUY 1 limit 100 GTD 9")
    fails[0] = True
    with pytest.raises(RuntimeError):
        # Marketable at its new price: the fill has no id.
        act(venue, "2 modify a limit 101 until 5")
    fails[0] = False
    assert venue.next_expiry_ns == 9
    assert act(venue, "5 wait") == ()
    assert shortly(*act(venue, "9 wait")) == "a Expired TIME_IN_FORCE"


# -- whatever comes


prices = st.integers(95, 105).map(str)
sizes = st.integers(1, 5).map(str)
forces = st.sampled_from(["", "IOC", "FOK", "DAY"])


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """A session of up to forty steps in which time passes by 0 to 3 nanoseconds between one and the next."""
    now, written = 1, []
    for nth in range(draw(st.integers(5, 40))):
        now += draw(st.integers(0, 3))
        kind = draw(st.sampled_from(["order", "order", "order", "quote", "quote", "trade", "cancel", "modify", "wait"]))
        name = f"o{draw(st.integers(0, max(nth, 1)))}"
        price, size = draw(prices), draw(sizes)
        match kind:
            case "order":
                shape = draw(st.sampled_from(["", f" limit {price}", f" stop {price}", f" stop {price} limit {price}"]))
                force = f"GTD {now + draw(st.integers(0, 9))}" if draw(st.booleans()) else draw(forces)
                written.append(f"{now} o{nth} {draw(st.sampled_from(['BUY', 'SELL']))} {size}{shape} {force}")
            case "quote":
                ask = int(price) + draw(st.integers(0, 3))
                written.append(f"{now} quote {price}x{size} / {ask}x{draw(sizes)}")
            case "trade":
                written.append(f"{now} trade {price}x{size}")
            case "modify":
                until = draw(st.sampled_from(["", f" until {now + draw(st.integers(0, 9))}"]))
                written.append(f"{now} modify {name} quantity {size}{until}")
            case _:
                written.append(f"{now} {kind} {name}" if kind == "cancel" else f"{now} wait")
    return written


def played(venue: SimulatedVenue, session: list[str]) -> Iterator[tuple[int, r.VenueReport]]:
    for line in session:
        for report in act(venue, line):
            yield int(line.split()[0]), report


@settings(max_examples=200, deadline=None)
@given(session=lines())
def test_nothing_fills_at_its_expiry_or_later_and_everything_that_lives_till_then_expires(session: list[str]) -> None:
    venue = a_venue(wrong_side_stop="trigger")
    for line in session:
        now = int(line.split()[0])
        for report in act(venue, line):
            order = venue.orders.get(report.client_order_id)
            if (
                isinstance(report, r.VenueFilled | r.VenueTriggered)
                and order is not None
                and order.expires_ns is not None
            ):
                assert now < order.expires_ns, "it had expired"
            if isinstance(report, r.VenueExpired):
                assert order is not None
                assert order.expires_ns is not None
                assert order.expires_ns <= now
        late = [o for o in venue.orders.values() if o.is_live and o.expires_ns is not None and o.expires_ns <= now]
        assert late == []
        waiting = [o.expires_ns for o in venue.orders.values() if o.is_live and o.expires_ns is not None]
        assert venue.next_expiry_ns == min(waiting, default=None)


@settings(max_examples=200, deadline=None)
@given(session=lines())
def test_a_fok_fills_as_a_whole_in_one_step_or_not_at_all(session: list[str]) -> None:
    venue = a_venue(wrong_side_stop="trigger")
    for line in session:
        filled: dict[str, list[Decimal]] = {}
        for report in act(venue, line):
            if isinstance(report, r.VenueFilled):
                filled.setdefault(report.client_order_id, []).append(report.fill.quantity)
        for name, quantities in filled.items():
            order = venue.orders[name]
            if order.time_in_force is TimeInForce.FOK:
                assert total(quantities) == order.quantity, plain(order.quantity)
        for order in venue.orders.values():
            if order.time_in_force in {TimeInForce.FOK, TimeInForce.IOC} and not order.waits_for_stop:
                assert not order.is_live, "it does not rest"
            if order.time_in_force is TimeInForce.FOK:
                assert order.filled in {0, order.quantity}


@settings(max_examples=100, deadline=None)
@given(session=lines(), extra=st.lists(st.integers(0, 60), max_size=5))
def test_how_often_the_clock_is_looked_at_changes_no_fill(session: list[str], extra: list[int]) -> None:
    """Timers that come late, or not at all, make no difference to what is executed."""
    plainly = [fill_of(report) for _, report in played(a_venue(wrong_side_stop="trigger"), session)]
    venue, looked = a_venue(wrong_side_stop="trigger"), []
    for nth, line in enumerate(session):
        if nth in extra:
            looked += [fill_of(report) for report in venue.pass_time(int(line.split()[0]))]
        looked += [fill_of(report) for report in act(venue, line)]
    assert [fill for fill in looked if fill] == [fill for fill in plainly if fill]


@settings(max_examples=100, deadline=None)
@given(session=lines())
def test_a_step_that_fails_anywhere_leaves_every_expiry_as_it_was(session: list[str]) -> None:
    left: list[int | None] = [None]

    def next_id() -> str:
        if left[0] is not None:
            left[0] -= 1
            if left[0] < 0:
                raise RuntimeError
        return "E"

    instrument = Instrument(SYMBOL, price_increment="0.01", quantity_increment="0.01", trading_hours=OFFICE)
    rules = VenueRules(maker_fee=Decimal(0), taker_fee=Decimal(0), wrong_side_stop="trigger")
    tried = SimulatedVenue({SYMBOL: instrument}, rules, never, next_id)
    spared = SimulatedVenue({SYMBOL: instrument}, rules, never, lambda: "E")
    for line in session:
        for calls in range(100):
            left[0], before = calls, (dict(tried.orders), tried.next_expiry_ns)
            try:
                reports = act(tried, line)
            except RuntimeError:
                assert (dict(tried.orders), tried.next_expiry_ns) == before
            else:
                break
        left[0] = None
        assert reports == act(spared, line)
        assert tried.next_expiry_ns == spared.next_expiry_ns


def fill_of(report: r.VenueReport) -> tuple[str, Decimal, Decimal] | None:
    if not isinstance(report, r.VenueFilled):
        return None
    return report.client_order_id, report.fill.quantity, report.fill.price


# -- cost


def test_looking_for_what_has_expired_costs_the_same_with_100_orders_and_with_20_000() -> None:
    looked = []
    for orders in (100, 20_000):
        venue = a_venue()
        for nth in range(orders):
            act(venue, f"1 o{nth} BUY 1 limit 100 GTD {10**9 + nth}")
        entries = len(venue._memory.expiries._heap)
        assert venue.pass_time(10**9 - 1) == ()
        looked.append(entries - len(venue._memory.expiries._heap))
    assert looked == [0, 0]
