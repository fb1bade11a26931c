"""Buckets, duplicates, open orders and self-crossing against a list of all that has happened, looked through anew."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model import reports as r
from orderpit.model.commands import Approved, CancelOrder, ModifyOrder
from orderpit.model.limits import RiskLimits

from .desks import SECOND, TimedDesk, buy, sell

JUMPS = st.sampled_from([0, 1, 333_333_333, 333_333_334, SECOND // 2 - 1, SECOND // 2, SECOND, -SECOND // 3])


def free_at(tokens: int, taken: Sequence[int], now: int) -> Fraction:
    """Play a bucket from the start, in fractions; times never go back, since those are taken as the latest."""
    free, latest = Fraction(tokens), 0
    for time, take in (*((one, 1) for one in taken), (now, 0)):
        later = max(latest, time)
        free = min(Fraction(tokens), free + Fraction(tokens * (later - latest), SECOND)) - take
        latest = later
    return free


@given(
    most=st.integers(1, 4),
    reserve=st.integers(0, 2),
    asked=st.lists(st.tuples(st.sampled_from(["submit", "modify", "cancel"]), JUMPS), max_size=30),
)
def test_tokens_against_a_bucket_in_fractions(most: int, reserve: int, asked: list[tuple[str, int]]) -> None:
    requests = most + reserve
    desk = TimedDesk(RiskLimits())
    desk.ask(buy("x", "50"))
    desk.report(r.VenueAccepted, "x")
    each = {f"max_{name}_per_second": most for name in ("orders", "modifies", "cancels")}
    desk.limit(RiskLimits(max_requests_per_second=requests, cancel_reserve=reserve, **each))
    taken: dict[str, list[int]] = {"submit": [], "modify": [], "cancel": [], "all": []}
    at = 0
    for number, (kind, jump) in enumerate(asked):
        at = max(at + jump, 0)
        command: Any = {
            "submit": buy(f"o-{number}"),
            "modify": ModifyOrder("x", price=str(51 + number)),
            "cancel": CancelOrder("x"),
        }[kind]
        kept = 0 if kind == "cancel" else reserve
        may = free_at(most, taken[kind], at) >= 1 and free_at(requests, taken["all"], at) >= 1 + kept
        assert isinstance(desk.ask(command, at=at), Approved) is may
        if may:
            taken[kind].append(at)
            taken["all"].append(at)


ORDERS = st.tuples(
    st.sampled_from([buy, sell]),
    st.sampled_from([None, "99.99", "100", "100.00", "100.01"]),
    st.sampled_from(["1", "1.0", "2"]),
    st.sampled_from(["s", "t"]),
)


@given(asked=st.lists(st.tuples(ORDERS, JUMPS), max_size=30))
def test_duplicates_against_a_list(asked: list[tuple[Any, int]]) -> None:
    desk = TimedDesk(RiskLimits(duplicate_within="0.5"))
    passed: list[tuple[Any, int]] = []
    at = 0
    for number, ((side, price, quantity, strategy), jump) in enumerate(asked):
        at = max(at + jump, 0)
        command = side(f"o-{number}", price, quantity, source=strategy)
        same = (side, None if price is None else Fraction(price), Fraction(quantity), strategy)
        latest = next((time for one, time in reversed(passed) if one == same), None)
        # A time before that of the last that has passed is taken as that.
        now = max([at, *(time for _, time in passed)])
        may = latest is None or now - latest >= SECOND // 2
        assert isinstance(desk.ask(command, at=at), Approved) is may
        if may:
            passed.append((same, now))


STEPS = st.tuples(st.sampled_from(["order", "order", "modify", "cancel", "end", "fill", "refuse"]), st.integers(0, 9))


@pytest.mark.parametrize("own", [False, True], ids=["account", "strategy"])
@given(steps=st.lists(st.tuples(STEPS, ORDERS), max_size=30))
def test_crossing_and_open_orders_against_a_walk_through_all_orders(own: bool, steps: list[Any]) -> None:  # noqa: FBT001
    held = RiskLimits(refuse_self_crossing=True, max_open_orders=4)
    desk = TimedDesk(RiskLimits(strategies={"s": held, "t": held}) if own else held)
    ids: list[str] = []

    def prices(order_id: str) -> list[Fraction]:
        """Every limit price that an order may have now."""
        order = desk.blotter.order(order_id)
        working = desk.risk._working[order_id]
        asked = [change.price for change in working.sent]
        return [Fraction(price) for price in (order.price, *asked) if price is not None]

    def may(side: Any, price: str | None, strategy: str) -> bool:
        for order_id in ids:
            order = desk.blotter.order(order_id)
            other = order.side.value != ("BUY" if side is buy else "SELL")
            if order.is_closed or not other or (own and order.strategy_id != strategy):
                continue
            for rests in prices(order_id):
                if price is None or (Fraction(price) >= rests if side is buy else Fraction(price) <= rests):
                    return False
        return True

    def live(strategy: str) -> list[str]:
        found = [one for one in ids if not desk.blotter.order(one).is_closed]
        return [one for one in found if not own or desk.blotter.order(one).strategy_id == strategy]

    for number, ((kind, choice), (side, price, quantity, strategy)) in enumerate(steps):
        working = [one for one in ids if not desk.blotter.order(one).is_closed]
        if kind == "order":
            expected = len(live(strategy)) < 4 and may(side, price, strategy)
            order_id = f"o-{number}"
            assert isinstance(desk.ask(side(order_id, price, quantity, source=strategy)), Approved) is expected
            if expected:
                ids.append(order_id)
                desk.report(r.VenueAccepted, order_id)
        elif working:
            one = desk.blotter.order(working[choice % len(working)])
            request = one.pending_request_id
            if kind == "modify" and one.price is not None and price is not None and request is None:
                way = buy if one.side.value == "BUY" else sell
                nearer = (
                    Fraction(price) <= Fraction(one.price) if way is buy else Fraction(price) >= Fraction(one.price)
                )
                expected = nearer or may(way, price, one.strategy_id)
                assert isinstance(desk.ask(ModifyOrder(one.order_id, price=price)), Approved) is expected
            elif kind == "cancel" and request is None:
                assert isinstance(desk.ask(CancelOrder(one.order_id)), Approved)
            elif kind == "end":
                desk.report(r.VenueCancelled, one.order_id)
            elif kind == "fill":
                desk.filled(one.order_id, str(one.remaining_quantity))
            elif kind == "refuse" and one.pending.value == "MODIFY":
                desk.report(r.VenueModifyRejected, one.order_id, request_id=request)
