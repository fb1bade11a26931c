"""Stories of several accounts at the simulated venue: `one:a BUY 2 limit 100 show 1` is an order of account one."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from test_venue import SYMBOL, a_venue, lines_of, said, submit
from test_venue import act as act_alone

from orderpit.model import reports as r
from orderpit.model.fill_models import ByQueuePosition
from orderpit.model.instructions import Instructions
from orderpit.model.kinds import TimeInForce
from orderpit.model.venue import SimulatedVenue
from orderpit.model.venue_order import SelfTradePrevention


def ordered(line: str) -> r.VenueSubmit | None:
    name, *rest = line.split()
    account, colon, client_id = name.partition(":")
    if not colon:
        return None
    lasts = TimeInForce(rest.pop()) if rest[-1] in {"IOC", "FOK"} else TimeInForce.GTC
    display = Decimal(rest.pop()) if rest[-2:-1] == ["show"] else None
    rest = [word for word in rest if word != "show"]
    side, quantity, *terms = rest
    return attrs.evolve(
        submit(client_id, side, quantity, *terms),
        account=account,
        time_in_force=lasts,
        instructions=Instructions(display_quantity=display),
    )


def act(venue: SimulatedVenue, line: str) -> tuple[r.VenueReport, ...]:
    order = ordered(line)
    return act_alone(venue, line) if order is None else venue.request(order, 7)


def told(venue: SimulatedVenue, story: str) -> list[str]:
    lines: list[str] = []
    for line in lines_of(story):
        step = line.split("->")[0].strip()
        lines.append(f"{step} -> {'; '.join(said(report) for report in act(venue, step))}".strip())
    return lines


MEETING = {
    "two accounts trade at the price of the one that rests": """
        one:a BUY 5 limit 100 -> a accepted
        other:b SELL 2 limit 99 -> b accepted; a 2 @ 100 maker fee 0.2; b 2 @ 100 taker fee 0.4
        query a -> a 2 @ 100 maker fee 0.2; a PARTIAL 2
    """,
    "a market order where only orders rest": """
        one:a SELL 1 limit 101 -> a accepted
        other:b BUY 2 -> b accepted; a 1 @ 101 maker fee 0.101; b 1 @ 101 taker fee 0.202; b Cancelled REMAINDER
    """,
    "the better price first, and recorded size first where they are equal": """
        depth 99x1 / 101x1 102x1 103x1
        one:a SELL 1 limit 102 -> a accepted
        one:b SELL 1 limit 100 -> b accepted
        other:c BUY 5 limit 102 -> c accepted; b 1 @ 100 maker fee 0.1; c 1 @ 100 taker fee 0.2
            ; c 1 @ 101 taker fee 0.202; c 1 @ 102 taker fee 0.204; a 1 @ 102 maker fee 0.102; c 1 @ 102 taker fee 0.204
    """,
    "a trade between two orders triggers no stop": """
        other:s BUY 1 stop 101 -> s accepted
        one:a SELL 1 limit 102 -> a accepted
        other:b BUY 1 -> b accepted; a 1 @ 102 maker fee 0.102; b 1 @ 102 taker fee 0.204
        query s -> s OPEN 0
    """,
    "a triggered stop arrives as a taker": """
        quote 99x9 / 105x9
        one:a SELL 1 limit 104 -> a accepted
        other:s BUY 2 stop 106 -> s accepted
        trade 106x1 by SELL -> s triggered; a 1 @ 104 maker fee 0.104; s 1 @ 104 taker fee 0.208
            ; s 1 @ 105 taker fee 0.21
    """,
    "a limit order that met only orders is a maker when the market comes": """
        quote 99 / 105
        one:a SELL 1 limit 101 -> a accepted
        other:b BUY 2 limit 103 -> b accepted; a 1 @ 101 maker fee 0.101; b 1 @ 101 taker fee 0.202
        quote 99 / 102 -> b 1 @ 103 maker fee 0.103
    """,
    "a taker left over from a small quote is met as a maker, and stays a taker for the market": """
        quote 99 / 101x1
        one:a BUY 5 limit 103 -> a accepted; a 1 @ 101 taker fee 0.202
        other:b SELL 1 limit 102 -> b accepted; a 1 @ 103 maker fee 0.103; b 1 @ 103 taker fee 0.206
        quote 99 / 102x1 -> a 1 @ 102 taker fee 0.204
    """,
    "an amended price meets the orders there": """
        one:a BUY 1 limit 100 -> a accepted
        other:b SELL 1 limit 102 -> b accepted
        modify b limit 100 -> b now 1 @ 100; a 1 @ 100 maker fee 0.1; b 1 @ 100 taker fee 0.2
    """,
    "all or nothing counts the orders that rest": """
        depth 99x1 / 101x1 103x9
        one:a SELL 2 limit 102 -> a accepted
        other:b BUY 4 limit 102 FOK -> b accepted; b Cancelled FILL_OR_KILL
        other:c BUY 3 limit 102 FOK -> c accepted; c 1 @ 101 taker fee 0.202; a 2 @ 102 maker fee 0.204
            ; c 2 @ 102 taker fee 0.408
    """,
    "at once counts them too": """
        one:a SELL 2 limit 102 -> a accepted
        other:b BUY 5 limit 102 IOC -> b accepted; a 2 @ 102 maker fee 0.204; b 2 @ 102 taker fee 0.408
            ; b Cancelled REMAINDER
    """,
}
ICEBERG = {
    "the part that is shown stands in its place, the next behind the others": """
        one:a SELL 5 limit 100 show 2 -> a accepted
        one:b SELL 2 limit 100 -> b accepted
        other:c BUY 3 -> c accepted; a 2 @ 100 maker fee 0.2; c 2 @ 100 taker fee 0.4; b 1 @ 100 maker fee 0.1
            ; c 1 @ 100 taker fee 0.2
        other:d BUY 2 -> d accepted; b 1 @ 100 maker fee 0.1; d 1 @ 100 taker fee 0.2; a 1 @ 100 maker fee 0.1
            ; d 1 @ 100 taker fee 0.2
    """,
    "one that is larger goes on to the others, then to what is shown anew": """
        one:a SELL 5 limit 100 show 2 -> a accepted
        one:b SELL 1 limit 100 -> b accepted
        other:c BUY 9 limit 100 -> c accepted; a 2 @ 100 maker fee 0.2; c 2 @ 100 taker fee 0.4
            ; b 1 @ 100 maker fee 0.1; c 1 @ 100 taker fee 0.2; a 2 @ 100 maker fee 0.2; c 2 @ 100 taker fee 0.4
            ; a 1 @ 100 maker fee 0.1; c 1 @ 100 taker fee 0.2
    """,
    "what is used up in part is not shown anew": """
        one:a SELL 5 limit 100 show 3 -> a accepted
        other:c BUY 2 -> c accepted; a 2 @ 100 maker fee 0.2; c 2 @ 100 taker fee 0.4
        one:b SELL 1 limit 100 -> b accepted
        other:d BUY 3 -> d accepted; a 1 @ 100 maker fee 0.1; d 1 @ 100 taker fee 0.2; b 1 @ 100 maker fee 0.1
            ; d 1 @ 100 taker fee 0.2; a 1 @ 100 maker fee 0.1; d 1 @ 100 taker fee 0.2
    """,
    "the recorded market meets it part by part": """
        one:a BUY 5 limit 100 show 2 -> a accepted
        one:b BUY 2 limit 100 -> b accepted
        trade 100x5 by SELL -> a 2 @ 100 maker fee 0.2; b 2 @ 100 maker fee 0.2; a 1 @ 100 maker fee 0.1
        quote 99 / 100x9 -> a 1 @ 100 maker fee 0.1; a 1 @ 100 maker fee 0.1
    """,
    "as a taker it takes all that it wants": """
        quote 99 / 101x9
        one:a BUY 5 limit 101 show 2 -> a accepted; a 5 @ 101 taker fee 1.01
    """,
    "a bar of unlimited size fills it at once": """
        one:a BUY 5 limit 100 show 2 -> a accepted
        bar 101 102 99 100 -> a 5 @ 100 maker fee 0.5
    """,
}
STORIES = [
    pytest.param(story, id=f"{name}: {title}")
    for name, chapter in {"meeting": MEETING, "iceberg": ICEBERG}.items()
    for title, story in chapter.items()
]


@pytest.mark.parametrize("story", STORIES)
def test_the_venue_says_what_the_story_tells(story: str) -> None:
    assert told(a_venue(), story) == lines_of(story)


@pytest.mark.fault(30)
@pytest.mark.parametrize(
    ("prevention", "story"),
    [
        (
            "cancel_newest",
            """
            one:a SELL 2 limit 100 -> a accepted
            other:b SELL 1 limit 99 -> b accepted
            one:c BUY 5 limit 101 -> c accepted; b 1 @ 99 maker fee 0.099; c 1 @ 99 taker fee 0.198
                ; c Cancelled SELF_TRADE
            query a -> a OPEN 0
            """,
        ),
        (
            "cancel_newest",
            """
            one:a SELL 2 limit 100 -> a accepted
            one:m BUY 5 -> m accepted; m Cancelled SELF_TRADE
            one:c BUY 1 limit 100 FOK -> c accepted; c Cancelled FILL_OR_KILL
            """,
        ),
        (
            "cancel_oldest",
            """
            one:a SELL 2 limit 100 -> a accepted
            other:b SELL 1 limit 100 -> b accepted
            one:c BUY 1 limit 100 FOK -> c accepted; a Cancelled SELF_TRADE; b 1 @ 100 maker fee 0.1
                ; c 1 @ 100 taker fee 0.2
            """,
        ),
        (
            "cancel_both",
            """
            one:a SELL 2 limit 100 -> a accepted
            one:c BUY 5 limit 101 -> c accepted; a Cancelled SELF_TRADE; c Cancelled SELF_TRADE
            """,
        ),
        (
            "decrement",
            """
            one:a SELL 2 limit 100 -> a accepted
            other:b SELL 1 limit 101 -> b accepted
            one:c BUY 5 limit 101 -> c accepted; a Cancelled SELF_TRADE; c now 3; b 1 @ 101 maker fee 0.101
                ; c 1 @ 101 taker fee 0.202
            query c -> c 1 @ 101 taker fee 0.202; c PARTIAL 1
            """,
        ),
        (
            "decrement",
            """
            one:a SELL 5 limit 100 -> a accepted
            one:c BUY 2 limit 101 -> c accepted; a now 3; c Cancelled SELF_TRADE
            """,
        ),
        (
            "decrement",
            """
            one:a SELL 2 limit 100 -> a accepted
            one:c BUY 2 limit 101 -> c accepted; a Cancelled SELF_TRADE; c Cancelled SELF_TRADE
            """,
        ),
    ],
    ids=[
        "newest",
        "newest, all or nothing",
        "oldest",
        "both",
        "decrement newest",
        "decrement oldest",
        "decrement equal",
    ],
)
def test_an_account_does_not_trade_with_itself(prevention: SelfTradePrevention, story: str) -> None:
    assert told(a_venue(self_trade_prevention=prevention), story) == lines_of(story)


def test_a_self_trade_says_with_whom() -> None:
    venue = a_venue()
    act(venue, "one:a SELL 2 limit 100")
    _, cancelled = act(venue, "one:b BUY 2 limit 100")
    assert isinstance(cancelled, r.VenueCancelled)
    assert (cancelled.client_order_id, cancelled.text) == ("a", "would have traded with b, of the same account")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([], 5, id="behind the recorded size"),
        pytest.param(["trade 100x2 by SELL"], 3, id="a trade takes from it"),
        pytest.param(["trade 100x2 by BUY"], 5, id="a buyer's does not"),
        pytest.param(["trade 100 by SELL"], 0, id="one of unknown size has used it up"),
        pytest.param(["depth 100x4 / 101x1"], 4, id="depth lowers it"),
        pytest.param(["depth 100x9 / 101x1"], 5, id="depth does not raise it"),
        pytest.param(["quote 100x3 / 101x1", "quote 100x9 / 101x1"], 3, id="a quote lowers it"),
        pytest.param(["quote 101x3 / 102x1", "quote 100x9 / 101x1"], 5, id="a better quote says nothing of it"),
        pytest.param(["quote 99x3 / 101x1", "quote 100x9 / 101x1"], 0, id="a worse quote has done away with it"),
        pytest.param(["depth 99x3 / 101x1", "depth 100x9 / 101x1"], 0, id="depth without it has done away with it"),
        pytest.param(["depth 102x3 101x1 / 103x1"], 5, id="depth that does not reach it says nothing of it"),
        pytest.param(["two:t SELL 2 limit 100"], 3, id="a taker here takes from it"),
    ],
)
def test_what_stands_ahead_of_a_resting_order(steps: list[str], expected: int) -> None:
    venue = a_venue(fill_model=ByQueuePosition())
    for line in ("depth 100x5 / 101x1", "one:a BUY 1 limit 100", *steps):
        act(venue, line)
    assert venue._memory.books[SYMBOL].ahead(venue.orders["a"]) == expected


def test_nothing_is_known_ahead_of_an_order_outside_the_depth_or_of_one_that_does_not_rest() -> None:
    venue = a_venue()
    for line in ("depth 100x5 / 101x1", "one:a BUY 1 limit 90", "one:b BUY 1 stop 110", "one:c BUY 1"):
        act(venue, line)
    book = venue._memory.books[SYMBOL]
    assert [book.ahead(venue.orders[name]) for name in "abc"] == [None, None, None]
    act(venue, "depth 100x5 90x2 / 101x1")
    assert book.ahead(venue.orders["a"]) == 2


def test_by_queue_position_a_trade_serves_those_ahead_first() -> None:
    story = """
        depth 100x5 / 101x1
        one:a BUY 2 limit 100 -> a accepted
        trade 100x4 by SELL ->
        trade 100x2 by SELL -> a 1 @ 100 maker fee 0.1
        trade 100x4 by SELL -> a 1 @ 100 maker fee 0.1
    """
    assert told(a_venue(fill_model=ByQueuePosition()), story) == lines_of(story)
