"""Numbered messages: each is applied once and in order, whatever is lost, doubled or out of order on the way."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import event as noted
from hypothesis import given, settings
from hypothesis import strategies as st

from orderpit.model.errors import InvalidReport
from orderpit.model.session import GapFill, Inbound, Outbound


def taken(state, *numbers):
    """Take messages that are their own numbers, and return the state and all that was to be applied."""
    applied = []
    for number in numbers:
        result = state.take(number, number)
        assert result.end is None
        state, applied = result.state, [*applied, *result.apply]
    return state, applied


def test_what_comes_in_order_is_applied_at_once():
    state, applied = taken(Inbound(), 1, 2, 3)
    assert (applied, state) == ([1, 2, 3], Inbound(4))
    assert Inbound(7).take(7, "seven").apply == ("seven",)


@pytest.mark.fault(24)
def test_a_gap_is_asked_for_and_nothing_past_it_is_applied_until_it_is_closed():
    state, _ = taken(Inbound(), 1)
    early = state.take(4, 4)
    assert (early.apply, early.resend, early.state.missing) == ((), (2, 3), (2, 3))
    later = early.state.take(5, 5)
    assert (later.apply, later.resend) == ((), None), "asked for once"
    second = later.state.take(8, 8)
    assert second.resend == (6, 7)
    part = second.state.take(2, 2, possible_duplicate=True)
    assert (part.apply, part.resend, part.state.missing) == ((2,), None, (3, 3))
    whole = part.state.take(3, 3, possible_duplicate=True)
    assert (whole.apply, whole.resend, whole.state.missing) == ((3, 4, 5), None, (6, 7))
    state, applied = taken(whole.state, 7, 6)
    assert (applied, state.missing, state.expected) == ([6, 7, 8], None, 9)


@pytest.mark.fault(24)
def test_what_comes_again_too_early_is_kept_once():
    state = Inbound().take(3, "first").state
    again = state.take(3, "second", possible_duplicate=True)
    assert (again.state, again.apply, again.resend, again.end) == (state, (), None, None)


@pytest.mark.fault(25)
def test_a_number_too_low_ends_the_session_unless_it_is_a_possible_duplicate():
    state, _ = taken(Inbound(), 1, 2, 3)
    low = state.take(2, 2)
    assert low.end == "number 2 is too low: 4 was expected, and it is no possible duplicate"
    assert (low.state, low.apply, low.resend) == (state, (), None)
    flagged = state.take(2, 2, possible_duplicate=True)
    assert (flagged.state, flagged.apply, flagged.resend, flagged.end) == (state, (), None, None)
    assert state.skip(2, 9).end is not None
    assert state.skip(2, 9, possible_duplicate=True).state == state


@pytest.mark.fault(24)
def test_a_gap_fill_moves_on_and_what_came_early_is_applied():
    state = Inbound().take(5, 5).state
    filled = state.skip(1, 5, possible_duplicate=True)
    assert (filled.apply, filled.state.expected, filled.state.missing) == ((5,), 6, None)


def test_a_gap_fill_over_what_came_early_applies_it_in_its_place():
    state, _ = taken(Inbound(), 3, 5, 8)
    filled = state.skip(1, 7, possible_duplicate=True)
    assert (filled.apply, filled.state.expected, filled.state.missing) == ((3, 5), 7, (7, 7))


def test_a_gap_fill_that_comes_too_early_waits_for_its_turn():
    early = Inbound().skip(3, 10)
    assert (early.apply, early.resend, early.state.missing) == ((), (1, 2), (1, 2))
    assert early.state.take(10, 10).resend is None
    state, applied = taken(early.state, 10, 1, 2)
    assert (applied, state.expected) == ([1, 2, 10], 11)


def test_no_more_is_kept_than_the_limit_and_what_was_dropped_is_asked_for_later():
    state, _ = taken(Inbound(limit=2), 2, 3)
    full = state.take(4, 4)
    assert (full.state, full.resend) == (state, None)
    state, applied = taken(state, 1)
    assert (applied, state.expected) == ([1, 2, 3], 4)
    assert state.take(5, 5).resend == (4, 4)


@pytest.mark.parametrize("number", [0, -1, True, 1.0, "1", None], ids=repr)
def test_what_is_no_number_is_refused(number):
    for call in (
        lambda: Inbound().take(number, "x"),
        lambda: Inbound().skip(number, 2),
        lambda: Inbound().skip(1, number),
        lambda: Inbound(number),
        lambda: Inbound(limit=number),
        lambda: Outbound(number),
        lambda: Outbound(5).asked_again(number),
        lambda: Outbound(5).asked_again(1, Decimal("sNaN")),  # which cannot even be compared
    ):
        with pytest.raises(InvalidReport):
            call()


def test_a_gap_fill_that_leads_nowhere_is_refused():
    with pytest.raises(InvalidReport, match="next_number: must be above the gap fill's own number 3, got 3"):
        Inbound().skip(3, 3)


def test_a_flag_that_is_none_is_refused():
    with pytest.raises(InvalidReport, match="possible_duplicate: must be True or False"):
        Inbound().take(1, "x", possible_duplicate=1)


@pytest.mark.fault(26)
def test_what_we_sent_is_never_sent_again():
    outbound = Outbound().sent().sent().sent()
    assert outbound.next_number == 4
    assert outbound.asked_again(1) == GapFill(1, 4)
    assert outbound.asked_again(2, 2) == GapFill(2, 3)
    assert outbound.asked_again(2, 99) == GapFill(2, 4)
    assert outbound.asked_again(4) is None


class Line:
    """A venue that has sent 1 to count, some of them of no lasting meaning, and sends again what it is asked for."""

    def __init__(self, count, passing, limit):
        self.count = count
        self.passing = passing
        self.state = Inbound(limit=limit)
        self.applied = []
        self.asked = []

    def deliver(self, number, *, flagged):
        if flagged and number in self.passing:
            result = self.state.skip(number, number + 1, possible_duplicate=True)
        else:
            result = self.state.take(number, number, possible_duplicate=flagged)
        assert result.end is None
        assert len(result.state.waiting) <= self.state.limit
        self.state = result.state
        self.applied += result.apply
        if result.resend is not None:
            self.asked.append(result.resend)

    def sent_again(self):
        asked, self.asked = self.asked, []
        return [number for first, last in asked for number in range(first, last + 1)]


@pytest.mark.fault(24)
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_lost_doubled_or_out_of_order_each_message_is_applied_once_and_in_order(data):
    count = data.draw(st.integers(1, 25))
    passing = data.draw(st.sets(st.integers(1, count), max_size=4))
    line = Line(count, passing, data.draw(st.sampled_from([1, 3, 100])))
    numbers = data.draw(st.permutations(range(1, count + 1)))
    for number in numbers[: data.draw(st.integers(0, count))]:
        line.deliver(number, flagged=False)
        if data.draw(st.booleans()):
            line.deliver(number, flagged=True)
    lossy = data.draw(st.integers(0, 5))
    for turn in range(lossy + 5 * count):
        # A heartbeat has a number too, so that the loss of the last message shows; what is asked for may be lost again.
        if line.state.expected <= count + 1:
            line.deliver(count + 1, flagged=True)
        again = line.sent_again() or (
            range(line.state.missing[0], line.state.missing[1] + 1) if line.state.missing else ()
        )
        noted(f"turn {min(turn, 3)}, {'asked' if again else 'quiet'}")
        for number in data.draw(st.permutations(again)) if turn < lossy else again:
            if turn >= lossy or data.draw(st.booleans()):
                line.deliver(number, flagged=True)
    applied = line.applied
    assert applied == sorted(set(applied)), "in order, and each once"
    assert set(range(1, count + 1)) - passing <= set(applied) <= set(range(1, count + 2))
    assert (line.state.missing, line.state.expected) == (None, count + 2)
