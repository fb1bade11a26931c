"""What holds of reduce-only, trailing and post-only orders at the simulated venue, whatever comes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import count
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_venue_properties import calls_made

from orderpit.model import reports as r
from orderpit.model.instructions import Instructions
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Liquidity, OrderType, Side, TimeInForce, TrailingType
from orderpit.model.market import Bar, MarketData, Quote, Trade
from orderpit.model.venue import SimulatedVenue, VenueRules

SYMBOL = "BTC/USDT"
BUY, SELL = Side.BUY, Side.SELL
TICK = Decimal("0.01")
INSTRUMENTS = {SYMBOL: Instrument(SYMBOL, price_increment="0.01", quantity_increment="1")}
Step = r.VenueRequest | MarketData


def no_chance(order_id: str, nth: int) -> Decimal:
    pytest.fail(f"draw {nth} of {order_id}: nothing is left to chance")


def a_venue(next_id: Callable[[], str] | None = None, **rules: Any) -> SimulatedVenue:
    ids = count(1)
    fees = {"maker_fee": Decimal(0), "taker_fee": Decimal(0)}
    return SimulatedVenue(INSTRUMENTS, VenueRules(**fees, **rules), no_chance, next_id or (lambda: f"E-{next(ids)}"))


def play(venue: SimulatedVenue, step: Step) -> tuple[r.VenueReport, ...]:
    return venue.on_market_data(step, 0) if isinstance(step, MarketData) else venue.request(step, 0)


def submit(
    client_id: str,
    side: Side,
    quantity: Decimal,
    prices: tuple[Decimal | None, Decimal | None, Decimal | None],
    asked: dict[str, Any],
    whose: tuple[str, str | None],
) -> r.VenueSubmit:
    limit, stop, trail = prices
    kinds = {(False, False): "MARKET", (False, True): "LIMIT", (True, False): "STOP", (True, True): "STOP_LIMIT"}
    kind = OrderType(kinds[stop is not None, limit is not None])
    if trail is not None:
        kind, limit, stop = OrderType.TRAILING_STOP, None, None
    return r.VenueSubmit(
        client_order_id=client_id,
        symbol=SYMBOL,
        side=side,
        order_type=kind,
        quantity=quantity,
        price=limit,
        stop_price=stop,
        time_in_force=TimeInForce.GTC,
        instructions=Instructions(trailing_offset=trail, **asked),
        account=whose[0],
        link_id=whose[1],
        time_ns=0,
        source="test",
    )


# Few prices, few sizes and few ids, so that orders meet.
sides = st.sampled_from(Side)
levels = st.integers(95, 105).map(Decimal)
sizes = st.integers(1, 6).map(Decimal)
ids = st.integers(0, 15).map(lambda n: f"o{n}")
quotes = st.builds(
    lambda bid, spread, bid_size, ask_size: Quote(
        SYMBOL, bid=bid, ask=bid + spread, bid_size=bid_size, ask_size=ask_size
    ),
    levels,
    st.integers(0, 3).map(Decimal),
    st.none() | sizes,
    st.none() | sizes,
)
trades = st.builds(
    lambda price, size, aggressor: Trade(SYMBOL, price=price, size=size, aggressor=aggressor),
    levels,
    st.none() | sizes,
    st.none() | sides,
)
bars = st.builds(
    lambda corners, opened, closed: Bar(
        SYMBOL, open=corners[opened], high=max(corners), low=min(corners), close=corners[closed]
    ),
    st.lists(levels, min_size=4, max_size=4),
    st.integers(0, 3),
    st.integers(0, 3),
)
market = quotes | trades | bars
modifies = st.builds(
    lambda client_id, price, quantity: r.VenueModify(
        client_order_id=client_id,
        request_id="R-1",
        symbol=SYMBOL,
        price=price,
        quantity=quantity,
        time_ns=0,
        source="test",
    ),
    ids,
    st.none() | levels,
    st.none() | sizes,
)
cancels = st.builds(
    lambda client_id: r.VenueCancel(
        client_order_id=client_id, request_id="R-1", symbol=SYMBOL, time_ns=0, source="test"
    ),
    ids,
)
trails = st.none() | st.none() | st.integers(1, 4).map(Decimal)
prices = st.tuples(st.none() | levels, st.none() | levels, trails)
accounts = st.sampled_from(["ann", "ann", "bob"])


def submits(**asked: Any) -> st.SearchStrategy[r.VenueSubmit]:
    whose = st.tuples(accounts, st.sampled_from([None, None, "g", "h"]))
    return st.builds(submit, ids, sides, sizes, prices, st.fixed_dictionaries(asked), whose)


reduce_only = submits(reduce_only=st.booleans())
rules = st.fixed_dictionaries({"wrong_side_stop": st.sampled_from(["reject", "trigger"])})


# -- reduce-only


def closable(venue: SimulatedVenue, account: str, side: Side, position: Decimal) -> tuple[Decimal, Decimal]:
    """What the live reduce-only orders of an account leave on a side, a group counted once, and what there is."""
    groups: dict[str, Decimal] = {}
    for order in venue.orders.values():
        if order.is_live and order.instructions.reduce_only and order.account == account and order.side is side:
            group = order.client_order_id if order.link_id is None else f"group {order.link_id}"
            groups[group] = max(groups.get(group, Decimal(0)), order.leaves)
    return sum(groups.values(), Decimal(0)), max(position if side is SELL else -position, Decimal(0))


@settings(max_examples=400, deadline=None)
@given(steps=st.lists(reduce_only | reduce_only | market | modifies | cancels, max_size=60), how=rules)
def test_a_reduce_only_order_never_turns_or_grows_a_position(steps: list[Step], how: dict[str, Any]) -> None:
    venue, positions = a_venue(**how), {"ann": Decimal(0), "bob": Decimal(0)}
    for step in steps:
        for report in play(venue, step):
            if not isinstance(report, r.VenueFilled):
                continue
            order = venue.orders[report.client_order_id]
            before = positions[order.account]
            after = before + (report.fill.quantity if report.side is BUY else -report.fill.quantity)
            positions[order.account] = after
            if order.instructions.reduce_only:
                assert abs(after) < abs(before)
                assert after * before >= 0
        for account, position in positions.items():
            assert venue._memory.position(account, SYMBOL) == position
            for side in Side:
                left, there = closable(venue, account, side, position)
                assert left <= there


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(reduce_only | reduce_only | market | modifies | cancels, max_size=60))
def test_what_the_reports_say_of_the_terms_is_what_is_in_force(steps: list[Step]) -> None:
    venue, quantities = a_venue(), dict[str, Decimal]()
    for step in steps:
        for report in play(venue, step):
            if isinstance(report, r.VenueAccepted) and isinstance(step, r.VenueSubmit):
                quantities.setdefault(report.client_order_id, report.quantity or step.quantity)
            elif isinstance(report, r.VenueModified) and report.quantity is not None:
                quantities[report.client_order_id] = report.quantity
        assert {name: order.quantity for name, order in venue.orders.items()} == quantities


# -- post-only


@settings(max_examples=400, deadline=None)
@given(
    steps=st.lists(submits(post_only=st.booleans()) | market | modifies | cancels, max_size=60),
    how=st.sampled_from(["refuse", "slide"]),
)
def test_a_post_only_order_is_never_a_taker(steps: list[Step], how: Literal["refuse", "slide"]) -> None:
    venue = a_venue(post_only=how)
    for step in steps:
        for report in play(venue, step):
            if isinstance(report, r.VenueFilled):
                order = venue.orders[report.client_order_id]
                assert not order.instructions.post_only or report.fill.liquidity is Liquidity.MAKER


# -- trailing stops


class Watched:
    """A trailing stop and the best price that it has seen, looked at anew at every price."""

    def __init__(self, order: r.VenueSubmit) -> None:
        self.asked, self.sells = order.instructions, order.side is SELL
        self.best: Decimal | None = None
        self.triggered = False

    def sees(self, price: Decimal | None) -> None:
        begins = self.asked.activation_price
        if price is None or self.triggered:
            return
        if self.best is not None:
            self.best = max(self.best, price) if self.sells else min(self.best, price)
        elif begins is None or (price >= begins if self.sells else price <= begins):
            self.best = price
        stop = self.stop
        self.triggered = stop is not None and (price <= stop if self.sells else price >= stop)

    @property
    def stop(self) -> Decimal | None:
        """The tick that is at least the offset away from the best price, and nearest to it."""
        if self.best is None:
            return None
        offset = self.asked.trailing_offset
        assert offset is not None
        away = {
            TrailingType.AMOUNT: offset,
            TrailingType.TICKS: offset * TICK,
            TrailingType.PERCENT: self.best * offset / 100,
        }[self.asked.trailing_type]
        exact = self.best - away if self.sells else self.best + away
        stop = (exact / TICK).to_integral_value(ROUND_FLOOR if self.sells else ROUND_CEILING) * TICK
        return stop if stop > 0 else None


def seen_in(data: MarketData, *, sells: bool) -> list[Decimal | None]:
    match data:
        case Quote():
            return [data.bid if sells else data.ask]
        case Trade():
            return [data.price]
        case Bar():
            nearer_low = data.open - data.low <= data.high - data.open
            extremes = (data.low, data.high) if nearer_low else (data.high, data.low)
            return [data.open, *extremes, data.close]
        case _:
            pytest.fail("not shown here")


finer = st.integers(9_500, 10_500).map(lambda cents: Decimal(cents) / 100)
offsets = st.tuples(st.just(TrailingType.AMOUNT), finer | st.integers(1, 500).map(lambda n: Decimal(n) / 100))
offsets |= st.tuples(st.just(TrailingType.TICKS), st.integers(1, 300).map(Decimal))
offsets |= st.tuples(st.just(TrailingType.PERCENT), st.integers(1, 9_999).map(lambda n: Decimal(n) / 100))


def trailing(client_id: str, side: Side, offset: tuple[TrailingType, Decimal], begins: Decimal | None) -> r.VenueSubmit:
    asked = {"trailing_type": offset[0], "activation_price": begins}
    return submit(client_id, side, Decimal(1), (None, None, offset[1]), asked, ("ann", None))


@settings(max_examples=400, deadline=None)
@given(
    steps=st.lists(
        st.builds(trailing, ids, sides, offsets, st.none() | finer)
        | st.builds(lambda bid, more: Quote(SYMBOL, bid=bid, ask=bid + more), finer, st.integers(0, 2))
        | st.builds(lambda price: Trade(SYMBOL, price=price), finer)
        | st.builds(
            lambda corners: Bar(SYMBOL, open=corners[0], high=max(corners), low=min(corners), close=corners[-1]),
            st.lists(finer, min_size=4, max_size=4),
        )
        | modifies
        | cancels,
        max_size=60,
    )
)
def test_a_trailing_stop_stands_its_offset_behind_the_best_price_and_never_moves_back(steps: list[Step]) -> None:
    venue, watched = a_venue(), dict[str, Watched]()
    for step in steps:
        live = [name for name, order in venue.orders.items() if order.is_live]
        before = {name: order.stop_price for name, order in venue.orders.items()}
        reports = play(venue, step)
        if isinstance(step, MarketData):
            for name in live:
                for price in seen_in(step, sells=watched[name].sells):
                    watched[name].sees(price)
        elif isinstance(step, r.VenueSubmit) and step.client_order_id not in watched:
            watched[step.client_order_id] = Watched(step)
            watched[step.client_order_id].sees(venue._memory.quoted(SYMBOL, step.side))
        for name, watch in watched.items():
            order = venue.orders[name]
            assert (order.stop_price, order.triggered) == (watch.stop, watch.triggered)
            if (was := before.get(name)) is not None:
                assert order.stop_price is not None
                assert order.stop_price >= was if watch.sells else order.stop_price <= was
        for report in reports:
            if isinstance(report, r.VenueTriggered):
                assert report.stop_price == watched[report.client_order_id].stop


# -- a step that fails


class FuseBlown(Exception):
    pass


def state_of(venue: SimulatedVenue) -> tuple[Any, ...]:
    memory = venue._memory
    book = memory.books[SYMBOL]
    everything = {BUY: Decimal(0), SELL: Decimal(10**6)}
    following = [list(book.following[side].reached(everything[side])) for side in Side]
    reducing = {account: set(names) for account, names in book.reducing.items() if names}
    held = {account: memory.position(account, SYMBOL) for account in ("ann", "bob")}
    return dict(venue.orders), following, reducing, held


@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(
        submits(reduce_only=st.booleans(), post_only=st.booleans()) | market | modifies | cancels, max_size=40
    )
)
def test_a_step_that_fails_at_any_of_its_calls_leaves_positions_and_trailing_stops_as_they_were(
    steps: list[Step],
) -> None:
    left: list[int] = []

    def next_id() -> str:
        if left:
            left[0] -= 1
            if left[0] < 0:
                raise FuseBlown
        return "E"

    tried, spared = a_venue(next_id, post_only="slide"), a_venue(lambda: "E", post_only="slide")
    for step in steps:
        calls, before = 0, state_of(tried)
        while True:
            left[:] = [calls]
            try:
                reports = play(tried, step)
            except FuseBlown:
                assert state_of(tried) == before
                calls += 1
            else:
                break
        left.clear()
        assert reports == play(spared, step)
        assert state_of(tried) == state_of(spared)


def test_a_step_that_fails_after_its_first_fill_has_not_moved_the_position() -> None:
    left: list[int] = []

    def next_id() -> str:
        if left and not left.pop():
            raise FuseBlown
        return "E"

    venue = a_venue(next_id)
    for name in ("first", "second"):
        play(venue, submit(name, BUY, Decimal(2), (Decimal(100), None, None), {}, ("ann", None)))
    # The first fill gets its id, the second none.
    left[:] = [0, 1]
    with pytest.raises(FuseBlown):
        play(venue, Quote(SYMBOL, ask="100"))
    assert venue._memory.position("ann", SYMBOL) == 0
    play(venue, Quote(SYMBOL, ask="100"))
    assert venue._memory.position("ann", SYMBOL) == 4


# -- cost


def many_trailing(number: int) -> SimulatedVenue:
    """Stops that have followed the market from 100 up to 110 (or down to 90), and as many that are not active yet."""
    venue = a_venue()
    play(venue, Quote(SYMBOL, bid="100", ask="100"))
    amount = TrailingType.AMOUNT
    for n in range(number):
        for side in Side:
            play(venue, trailing(f"a{side.value}{n}", side, (amount, 30 + Decimal(n) / 100), None))
            far = Decimal(1_000 + n if side is SELL else 1)
            play(venue, trailing(f"b{side.value}{n}", side, (amount, Decimal(5)), far))
    for price in ("110", "90"):
        play(venue, Quote(SYMBOL, bid=price, ask=price))
    return venue


def test_a_price_that_moves_no_trailing_stop_costs_the_same_with_10_and_with_2_000() -> None:
    data = Quote(SYMBOL, bid="100", ask="101")
    venues = many_trailing(5), many_trailing(1_000)
    few, many = (calls_made(lambda venue=venue: play(venue, data)) for venue in venues)
    assert few == many
