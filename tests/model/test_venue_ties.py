"""Stories of orders that stand beside each other in a group, at a venue that ties them and at one that does not.

Each line is what happens, and after the arrow what the venue says to it; see test_venue_instructions.py.
"""

from __future__ import annotations

import attrs
import pytest
from test_venue import lines_of
from test_venue_instructions import a_venue, act, said, submit

from orderpit.model.kinds import Contingency
from orderpit.model.venue import SimulatedVenue


def tied(line: str) -> tuple[str, Contingency | None]:
    """`a SELL 2 limit 110 | OUO`: what stands behind the bar is the contingency."""
    rest, _, name = line.partition(" | ")
    return rest, Contingency(name) if name else None


def tell(venue: SimulatedVenue, story: str, asked_ns: int = 7) -> list[str]:
    told = []
    for line in lines_of(story):
        happens, arrow, _ = line.partition(" ->")
        rest, contingency = tied(happens)
        if contingency is None:
            reports = act(venue, rest)
        else:
            request = attrs.evolve(submit(*rest.split()), contingency=contingency, time_ns=asked_ns)
            reports = venue.request(request, 7)
        told.append(f"{happens}{arrow} {'; '.join(map(said, reports))}".rstrip() if arrow else happens)
    return told


EXITS = """
    quote 100 / 101
    t SELL 10 limit 110 in g | OUO -> t accepted
    s SELL 10 stop 95 in g | OUO -> s accepted
"""
STORIES = {
    "a partial fill of one takes as much from the other": """
    trade 110x3 by BUY -> t 3 @ 110 maker; s now 7 CONTINGENT
    quote 94 / 95 -> s triggered; s 7 @ 94 taker; t Cancelled CONTINGENT
    """,
    "a complete fill of one cancels the other": """
    trade 110x10 by BUY -> t 10 @ 110 maker; s Cancelled CONTINGENT
    quote 94 / 95
    """,
    "a bar that reaches both fills the one that it reaches first": """
    bar 100 111 90 100 -> s triggered; s 10 @ 95 taker; t Cancelled CONTINGENT
    """,
    "a bar that reaches both on its way up first": """
    bar 100 111 80 100 -> t 10 @ 110 maker; s Cancelled CONTINGENT
    """,
    "what stands in no group, or in another, is not touched": """
    a SELL 10 limit 110 in h | OUO -> a accepted
    b SELL 10 limit 110 in g -> b accepted
    trade 110x10 by BUY -> t 10 @ 110 maker; s Cancelled CONTINGENT
    trade 110x20 by BUY -> a 10 @ 110 maker; b 10 @ 110 maker
    """,
    "one that has ended is left alone": """
    cancel s -> s Cancelled REQUESTED
    trade 110x3 by BUY -> t 3 @ 110 maker
    """,
    "what was made smaller loses no more than it has": """
    modify s quantity 2 -> s now 2
    trade 110x3 by BUY -> t 3 @ 110 maker; s Cancelled CONTINGENT
    """,
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_an_execution_takes_from_the_orders_beside_it(story):
    whole = EXITS.strip() + story
    assert tell(a_venue(), whole) == lines_of(whole)


OCO = """
    quote 100 / 101
    b BUY 4 stop 105 in g | OCO -> b accepted
    s SELL 9 stop 95 in g | OCO -> s accepted
    c SELL 9 limit 120 in g | OCO -> c accepted
    quote 94.5x2 / 95 -> s triggered; s 2 @ 94.5 taker; b Cancelled CONTINGENT; c Cancelled CONTINGENT
    ; s Cancelled REMAINDER
"""


def test_any_execution_of_one_cancels_the_others_of_an_oco():
    assert tell(a_venue(), OCO) == lines_of(OCO)


LATE = """
    quote 100 / 101
    a BUY 4 limit 101 in g | OCO -> a accepted; a 4 @ 101 taker
    b BUY 4 limit 102 in g | OCO -> b accepted; b Cancelled CONTINGENT
    c SELL 4 limit 120 in h | OCO -> c accepted
"""
REPLACED = """
    quote 100 / 101x1
    a BUY 4 limit 101 in g | OCO -> a accepted; a 1 @ 101 taker
    cancel a -> a Cancelled REQUESTED
    b BUY 3 limit 99 in g | OCO -> b accepted
"""


@pytest.mark.parametrize("story", [LATE, REPLACED], ids=["executed", "replaced"])
def test_what_comes_in_after_an_execution_of_its_oco_never_meets_the_market(story):
    assert tell(a_venue(), story) == lines_of(story)


LATE_UPDATED = """
    quote 100 / 101x6
    a BUY 4 limit 101 in g | OUO -> a accepted; a 4 @ 101 taker
    b BUY 6 limit 102 in g | OUO -> b accepted; b now 2 CONTINGENT; b 2 @ 101 taker
    c BUY 5 limit 99 in g | OUO -> c accepted; c Cancelled CONTINGENT
    e BUY 3 limit 99 in g | OUO -> e accepted; e Cancelled CONTINGENT
    d SELL 4 limit 120 in h | OUO -> d accepted
"""
EARLIER = """
    quote 100 / 101x6
    a BUY 4 limit 101 in g | OUO -> a accepted; a 4 @ 101 taker
"""
ASKED_LATER = """
    b BUY 6 limit 99 in g | OUO -> b accepted
"""
UPDATED_REPLACED = """
    quote 100 / 101x1
    a BUY 4 limit 101 in g | OUO -> a accepted; a 1 @ 101 taker
    b BUY 5 limit 99 in g | OUO -> b accepted; b now 4 CONTINGENT
    cancel b -> b Cancelled REQUESTED
    c BUY 4 limit 98 in g | OUO -> c accepted
"""


@pytest.mark.parametrize(
    ("story", "asked_ns"), [(LATE_UPDATED, 6), (UPDATED_REPLACED, 7)], ids=["executed", "replaced"]
)
def test_what_comes_in_after_an_execution_of_its_ouo_is_what_that_leaves(story, asked_ns):
    assert tell(a_venue(), story, asked_ns) == lines_of(story)


def test_what_was_asked_for_after_an_execution_has_reckoned_with_it():
    venue = a_venue()
    assert tell(venue, EARLIER) == lines_of(EARLIER)
    assert tell(venue, ASKED_LATER, asked_ns=8) == lines_of(ASKED_LATER)


def test_a_venue_that_ties_nothing_fills_both():
    story = EXITS.strip() + "\n" + "bar 100 111 90 100 -> s triggered; s 10 @ 95 taker; t 10 @ 110 maker"
    assert tell(a_venue(ties=False), story) == lines_of(story)


def test_a_step_that_fails_leaves_nothing_tied():
    """The venue forgets an order whose step failed, and the group goes on without it."""
    venue = a_venue()
    tell(venue, EXITS)
    with pytest.raises(KeyError):
        venue.request(
            attrs.evolve(submit("x", "SELL", "10", "limit", "109", "in", "g"), contingency="OUO", side="up"), 7
        )
    assert tell(venue, "trade 110x10 by BUY ->") == ["trade 110x10 by BUY -> t 10 @ 110 maker; s Cancelled CONTINGENT"]
