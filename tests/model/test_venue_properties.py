"""What holds at the simulated venue whatever comes: it is compared with a slow venue that scans all its orders."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable
from decimal import Decimal
from hashlib import blake2b
from types import FrameType
from typing import Literal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderpit.model import reports as r
from orderpit.model.fill_models import ByProbability
from orderpit.model.instructions import Instructions
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Liquidity, OrderState, OrderType, Side, TimeInForce
from orderpit.model.market import Bar, Depth, MarketData, Quote, Trade
from orderpit.model.numbers import total
from orderpit.model.slippage import UniformSlippage
from orderpit.model.venue import SimulatedVenue, VenueRules
from orderpit.model.venue_order import PREVENTIONS, SelfTradePrevention

SYMBOL = "BTC/USDT"
BUY, SELL = Side.BUY, Side.SELL
INSTRUMENTS = {SYMBOL: Instrument(SYMBOL, price_increment="0.01", quantity_increment="1")}
NO_FEES = {"maker_fee": Decimal(0), "taker_fee": Decimal(0)}
FEES = {"maker_fee": Decimal("0.001"), "taker_fee": Decimal("0.002")}
Step = r.VenueRequest | MarketData


def drawn(order_id: str, nth: int) -> Decimal:
    digest = blake2b(f"{order_id}/{nth}".encode(), digest_size=8).digest()
    return Decimal(int.from_bytes(digest, "big") % 10**18).scaleb(-18)


def play(venue: SimulatedVenue, step: Step) -> tuple[r.VenueReport, ...]:
    return venue.on_market_data(step, 0) if isinstance(step, MarketData) else venue.request(step, 0)


def submit(
    client_id: str, side: Side, quantity: Decimal, limit: Decimal | None = None, stop: Decimal | None = None
) -> r.VenueSubmit:
    kinds = {(False, False): "MARKET", (False, True): "LIMIT", (True, False): "STOP", (True, True): "STOP_LIMIT"}
    return r.VenueSubmit(
        client_order_id=client_id,
        symbol=SYMBOL,
        side=side,
        order_type=OrderType(kinds[stop is not None, limit is not None]),
        quantity=quantity,
        price=limit,
        stop_price=stop,
        time_in_force=TimeInForce.GTC,
        time_ns=0,
        source="test",
    )


def modify(client_id: str, price: Decimal | None, quantity: Decimal | None) -> r.VenueModify:
    return r.VenueModify(
        client_order_id=client_id,
        request_id="R-1",
        symbol=SYMBOL,
        price=price,
        quantity=quantity,
        time_ns=0,
        source="test",
    )


def cancel(client_id: str) -> r.VenueCancel:
    return r.VenueCancel(client_order_id=client_id, request_id="R-1", symbol=SYMBOL, time_ns=0, source="test")


def bar(corners: list[Decimal], opened: int, closed: int) -> Bar:
    return Bar(SYMBOL, open=corners[opened], high=max(corners), low=min(corners), close=corners[closed])


# Few prices, few sizes and few ids, so that orders meet.
sides = st.sampled_from(Side)
prices = st.integers(95, 105).map(Decimal)
sizes = st.integers(1, 5).map(Decimal)
ids = st.integers(0, 12).map(lambda n: f"o{n}")
submits = st.builds(submit, ids, sides, sizes, st.none() | prices, st.none() | prices)
of_one = submits.map(lambda order: attrs.evolve(order, account="one"))
accounts = st.sampled_from(["one", "other"])
# Of accounts that may meet themselves, and partly hidden.
traders = st.builds(
    lambda order, account, shown: attrs.evolve(
        order, account=account, instructions=Instructions(display_quantity=shown)
    ),
    submits,
    accounts,
    st.none() | sizes,
)
modifies = st.builds(modify, ids, st.none() | prices, st.none() | sizes)
cancels = st.builds(cancel, ids)
quotes = st.builds(
    lambda bid, spread, bid_size, ask_size: Quote(
        SYMBOL, bid=bid, ask=bid + spread, bid_size=bid_size, ask_size=ask_size
    ),
    prices,
    st.integers(0, 3).map(Decimal),
    st.none() | sizes,
    st.none() | sizes,
)
half_quotes = st.builds(lambda ask: Quote(SYMBOL, ask=ask), prices) | st.builds(
    lambda bid: Quote(SYMBOL, bid=bid), prices
)
trades = st.builds(
    lambda price, size, aggressor: Trade(SYMBOL, price=price, size=size, aggressor=aggressor),
    prices,
    st.none() | sizes,
    st.none() | sides,
)
bars = st.builds(bar, st.lists(prices, min_size=4, max_size=4), st.integers(0, 3), st.integers(0, 3))
depths = st.builds(
    lambda middle, bids, asks: Depth(
        SYMBOL,
        bids=[(middle - n, size) for n, size in enumerate(bids)],
        asks=[(middle + 1 + n, size) for n, size in enumerate(asks)],
    ),
    prices,
    st.lists(sizes, max_size=3),
    st.lists(sizes, max_size=3),
)
on_quotes_and_trades = st.lists(
    submits | submits | modifies | cancels | quotes | half_quotes | trades, min_size=5, max_size=60
)
anything = st.lists(
    submits | traders | traders | modifies | cancels | quotes | half_quotes | trades | bars | depths,
    min_size=5,
    max_size=40,
)


@attrs.define
class NaiveOrder:
    name: str
    side: Side
    quantity: Decimal
    limit: Decimal | None
    stop: Decimal | None
    time: int
    filled: Decimal = Decimal(0)
    takes: bool = False

    def allows(self, price: Decimal) -> bool:
        return self.limit is None or (price <= self.limit if self.side is BUY else price >= self.limit)

    def stopped(self, price: Decimal) -> bool:
        return self.stop is not None and (price >= self.stop if self.side is BUY else price <= self.stop)

    @property
    def rests(self) -> bool:
        return self.stop is None and self.limit is not None

    def prefers(self, one: Decimal, other: Decimal) -> bool:
        """Whether the one price is at least as good for it."""
        return one <= other if self.side is BUY else one >= other

    def place(self) -> tuple[Decimal, int]:
        """The nearest to the market first: the highest buy limit, the lowest buy stop."""
        price = self.limit if self.stop is None else self.stop
        assert price is not None
        highest_first = (self.side is BUY) is (self.stop is None)
        return -price if highest_first else price, self.time


@attrs.define
class NaiveVenue:
    """Every order is looked at in every step. One symbol; quotes and trades; no chance, no fees."""

    refuses_stops: bool
    live: list[NaiveOrder] = attrs.Factory(list)
    seen: set[str] = attrs.Factory(set)
    shown: dict[Side, tuple[Decimal, Decimal | None] | None] = attrs.Factory(dict)
    used: dict[Side, Decimal] = attrs.Factory(dict)
    last: Decimal | None = None
    clock: int = 0
    fills: list[tuple[str, Decimal, Decimal, bool]] = attrs.Factory(list)

    def offer(self, side: Side) -> tuple[Decimal, Decimal] | None:
        """Price and size that a taker on this side meets."""
        if not self.shown:
            return None if self.last is None else (self.last, Decimal("Infinity"))
        shown = self.shown[side]
        if shown is None:
            return None
        return shown[0], Decimal("Infinity") if shown[1] is None else shown[1] - self.used[side]

    def now(self) -> int:
        self.clock += 1
        return self.clock

    def fill(self, order: NaiveOrder, size: Decimal, price: Decimal, *, maker: bool | None = None) -> None:
        if maker is None:
            maker = order.limit is not None and not order.takes
        if maker and order.limit is not None:
            price = order.limit
        order.filled += size
        self.fills.append((order.name, size, price, maker))
        if order.filled == order.quantity:
            self.live.remove(order)

    def take(self, order: NaiveOrder) -> None:
        offer = self.offer(order.side)
        size = Decimal(0) if offer is None else min(offer[1], order.quantity - order.filled)
        if offer is not None and size > 0:
            self.used[order.side] = self.used.get(order.side, Decimal(0)) + size
            self.fill(order, size, offer[0])

    def facing(self, side: Side) -> list[NaiveOrder]:
        """The resting limit orders that one on this side meets, the best first."""
        return sorted((o for o in self.live if o.side is not side and o.rests), key=NaiveOrder.place)

    def meet(self, order: NaiveOrder) -> None:
        """Let an order that has come in take from the quote and from those that rest, the better price first."""
        while order.filled < order.quantity:
            offer, facing = self.offer(order.side), self.facing(order.side)
            quoted = None if offer is None or not offer[1] or not order.allows(offer[0]) else offer[0]
            best = facing[0].limit if facing else None
            if best is None or not order.allows(best) or (quoted is not None and order.prefers(quoted, best)):
                if quoted is None:
                    return
                self.take(order)
            else:
                size = min(order.quantity - order.filled, facing[0].quantity - facing[0].filled)
                self.fill(facing[0], size, best, maker=True)
                self.fill(order, size, best, maker=False)

    def arrive(self, order: NaiveOrder) -> None:
        offer = self.offer(order.side)
        if order.stop is not None:
            if offer is not None and order.stopped(offer[0]):
                self.trigger(order)
        elif order.limit is None:
            self.meet(order)
            self.live = [other for other in self.live if other is not order]
        else:
            order.takes = offer is not None and order.allows(offer[0])
            self.meet(order)

    def trigger(self, order: NaiveOrder) -> None:
        order.stop, order.time = None, self.now()
        self.arrive(order)

    def play(self, step: Step) -> None:
        order = next(
            (o for o in self.live if not isinstance(step, MarketData) and o.name == step.client_order_id), None
        )
        match step:
            case r.VenueSubmit() if step.client_order_id not in self.seen:
                terms = (step.client_order_id, step.side, step.quantity, step.price, step.stop_price)
                new, offer = NaiveOrder(*terms, time=self.now()), self.offer(step.side)
                beyond = self.refuses_stops and offer is not None and new.stopped(offer[0])
                market = offer is not None or self.facing(step.side)
                if not beyond and (step.order_type is not OrderType.MARKET or market):
                    self.seen.add(step.client_order_id)
                    self.live.append(new)
                    self.arrive(new)
            case r.VenueCancel() if order is not None:
                self.live.remove(order)
            case r.VenueModify() if order is not None and (step.price is None or order.limit is not None):
                self.modify(order, step)
            case Quote():
                for side, price, size in ((BUY, step.ask, step.ask_size), (SELL, step.bid, step.bid_size)):
                    shown = None if price is None else (price, size)
                    if self.shown.get(side) != shown:
                        self.used[side] = Decimal(0)
                    self.shown[side] = shown
                for side in Side:
                    offer = self.offer(side)
                    if offer is not None:
                        for resting in self.on_limits(side, offer[0]):
                            self.take(resting)
                        for stop in self.on_stops(side, offer[0]):
                            self.trigger(stop)
            case Trade():
                self.trade(step, Decimal("Infinity") if step.size is None else step.size)
            case _:
                pass
        for resting in self.live:
            offer = self.offer(resting.side)
            resting.takes = resting.takes and offer is not None and resting.allows(offer[0])

    def on_limits(self, side: Side, price: Decimal) -> list[NaiveOrder]:
        limits = [o for o in self.live if o.side is side and o.stop is None and o.allows(price)]
        return sorted(limits, key=NaiveOrder.place)

    def on_stops(self, side: Side, price: Decimal) -> list[NaiveOrder]:
        return sorted((o for o in self.live if o.side is side and o.stopped(price)), key=NaiveOrder.place)

    def modify(self, order: NaiveOrder, step: r.VenueModify) -> None:
        limit = order.limit if step.price is None else step.price
        quantity = order.quantity if step.quantity is None else max(step.quantity, order.filled)
        requeues = limit != order.limit or quantity > order.quantity
        order.limit, order.quantity = limit, quantity
        if quantity == order.filled:
            self.live.remove(order)
        elif requeues:
            order.time, order.takes = self.now(), False
            if order.stop is None:
                self.arrive(order)

    def trade(self, step: Trade, left: Decimal) -> None:
        self.last = step.price
        for side in Side:
            for resting in self.on_limits(side, step.price) if step.aggressor is not side else ():
                size = min(left, resting.quantity - resting.filled)
                if size > 0:
                    left -= size
                    self.fill(resting, size, step.price)
            for stop in self.on_stops(side, step.price):
                self.trigger(stop)


def fills_of(reports: Iterable[r.VenueReport]) -> list[tuple[str, Decimal, Decimal, bool]]:
    return [
        (report.client_order_id, report.fill.quantity, report.fill.price, report.fill.liquidity is Liquidity.MAKER)
        for report in reports
        if isinstance(report, r.VenueFilled)
    ]


@settings(max_examples=400, deadline=None)
@given(steps=on_quotes_and_trades, beyond=st.sampled_from(["reject", "trigger"]))
def test_the_venue_fills_what_a_venue_that_scans_all_its_orders_fills(
    steps: list[Step], beyond: Literal["reject", "trigger"]
) -> None:
    rules = VenueRules(**NO_FEES, wrong_side_stop=beyond)
    venue, naive = SimulatedVenue(INSTRUMENTS, rules, drawn, lambda: "E"), NaiveVenue(beyond == "reject")
    for step in steps:
        naive.fills.clear()
        naive.play(step)
        assert fills_of(play(venue, step)) == naive.fills
        assert {name for name, order in venue.orders.items() if order.is_live} == {order.name for order in naive.live}


class Fuse:
    """Lets so many calls pass, then fails; while it is not armed it lets all pass."""

    left: int | None = None

    def burn(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise FuseBlown


class FuseBlown(Exception):
    pass


CHANCE = {"slippage": UniformSlippage("0.02"), "fill_model": ByProbability("0.7")}


def resting(venue: SimulatedVenue) -> list[list[str]]:
    """Every queue of the book, as the market would meet it."""
    book = venue._memory.books[SYMBOL]
    everything = {True: Decimal(10**6), False: Decimal(0)}
    ladders = [(book.limits[BUY], False), (book.limits[SELL], True), (book.stops[BUY], True), (book.stops[SELL], False)]
    return [list(ladder.reached(everything[rising])) for ladder, rising in ladders]


def ahead(venue: SimulatedVenue) -> dict[str, Decimal | None]:
    """What is estimated to stand before each order."""
    return {name: venue._memory.books[SYMBOL].ahead(order) for name, order in venue.orders.items()}


@settings(max_examples=200, deadline=None)
@given(steps=anything, prevention=st.sampled_from(PREVENTIONS))
def test_a_step_that_fails_at_any_of_its_calls_leaves_the_venue_as_it_was(
    steps: list[Step], prevention: SelfTradePrevention
) -> None:
    fuse, rules = Fuse(), VenueRules(**FEES, **CHANCE, self_trade_prevention=prevention)

    def draw(order_id: str, nth: int) -> Decimal:
        fuse.burn()
        return drawn(order_id, nth)

    def next_id() -> str:
        fuse.burn()
        return "E"

    tried = SimulatedVenue(INSTRUMENTS, rules, draw, next_id)
    spared = SimulatedVenue(INSTRUMENTS, rules, drawn, lambda: "E")
    for step in steps:
        calls, before = 0, dict(tried.orders)
        while True:
            fuse.left = calls
            try:
                reports = play(tried, step)
            except FuseBlown:
                assert list(tried.orders.items()) == list(before.items())
                assert resting(tried) == resting(spared)
                assert ahead(tried) == ahead(spared)
                calls += 1
            else:
                break
        assert reports == play(spared, step)
        assert tried.orders == spared.orders
        assert tried._memory.books[SYMBOL].recorded.state() == spared._memory.books[SYMBOL].recorded.state()
        assert resting(tried) == resting(spared)


def test_after_a_step_that_failed_the_queue_is_what_it_was_and_not_what_it_was_at_first() -> None:
    fuse = Fuse()

    def next_id() -> str:
        fuse.burn()
        return "E"

    venue = SimulatedVenue(INSTRUMENTS, VenueRules(**FEES), drawn, next_id)
    for name in ("first", "second"):
        play(venue, submit(name, BUY, Decimal(2), limit=Decimal(100)))
    play(venue, modify("first", None, Decimal(3)))
    fuse.left = 1
    with pytest.raises(FuseBlown):
        play(venue, Quote(SYMBOL, ask="100"))
    fuse.left = None
    assert [name for name, *_ in fills_of(play(venue, Quote(SYMBOL, ask="100")))] == ["second", "first"]


def test_a_step_that_failed_leaves_other_symbols_alone_and_a_taker_a_taker() -> None:
    fuse = Fuse()

    def next_id() -> str:
        fuse.burn()
        return "E"

    eth = Instrument("ETH/USDT", price_increment="0.01", quantity_increment="1")
    venue = SimulatedVenue({**INSTRUMENTS, "ETH/USDT": eth}, VenueRules(**FEES), drawn, next_id)
    play(venue, attrs.evolve(submit("other", BUY, Decimal(2), limit=Decimal(100)), symbol="ETH/USDT"))
    play(venue, Quote(SYMBOL, ask="99", ask_size="1"))
    play(venue, submit("taker", BUY, Decimal(3), limit=Decimal(100)))
    fuse.left = 0
    with pytest.raises(FuseBlown):
        play(venue, Quote(SYMBOL, ask="98", ask_size="1"))
    fuse.left = None
    assert fills_of(play(venue, Quote(SYMBOL, ask="98", ask_size="1"))) == [("taker", 1, 98, False)]
    assert fills_of(play(venue, Quote("ETH/USDT", ask="98"))) == [("other", 2, 100, True)]


@settings(max_examples=200, deadline=None)
@given(steps=anything)
def test_nothing_fills_beyond_its_quantity_or_its_limit_and_every_sum_agrees(steps: list[Step]) -> None:
    venue = SimulatedVenue(INSTRUMENTS, VenueRules(**FEES, **CHANCE), drawn, lambda: "E")
    fills: dict[str, list[r.Fill]] = {}
    for step in steps:
        for report in play(venue, step):
            if isinstance(report, r.VenueFilled):
                fills.setdefault(report.client_order_id, []).append(report.fill)
                limit = venue.orders[report.client_order_id].price
                assert limit is None or (
                    report.fill.price <= limit if report.side is BUY else report.fill.price >= limit
                )
        for name, order in venue.orders.items():
            booked = fills.get(name, [])
            assert 0 <= order.filled == total(fill.quantity for fill in booked) <= order.quantity
            assert order.notional == total(fill.quantity * fill.price for fill in booked)
            assert order.fees == total(fill.fee for fill in booked)
            assert (order.state is OrderState.FILLED) is (order.filled == order.quantity)
        live = {name for name, order in venue.orders.items() if order.is_live}
        queues = [name for queue in resting(venue) for name in queue]
        assert sorted(queues) == sorted(live)


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(of_one | of_one | modifies | cancels | quotes, max_size=40))
def test_no_more_is_taken_of_a_quote_than_its_size(steps: list[Step]) -> None:
    venue = SimulatedVenue(INSTRUMENTS, VenueRules(**FEES, **CHANCE), drawn, lambda: "E")
    shown: dict[Side, tuple[Decimal | None, Decimal | None]] = {}
    taken = {BUY: Decimal(0), SELL: Decimal(0)}
    for step in steps:
        if isinstance(step, Quote):
            for side, quoted in ((BUY, (step.ask, step.ask_size)), (SELL, (step.bid, step.bid_size))):
                if shown.get(side) != quoted:
                    taken[side] = Decimal(0)
                shown[side] = quoted
        for report in play(venue, step):
            if isinstance(report, r.VenueFilled):
                taken[report.side] += report.fill.quantity
        for side, (_, size) in shown.items():
            assert size is None or taken[side] <= size


# -- cost


def calls_made(act: Callable[[], object]) -> int:
    """Count every call, of Python and of C, that an action makes: a cost without a clock."""
    made = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal made
        made += event in {"call", "c_call"}

    before, collecting = sys.getprofile(), gc.isenabled()
    # Hypothesis has itself called at each collection, which would count.
    gc.disable()
    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(before)
        if collecting:
            gc.enable()
    return made


def a_full_venue(orders: int) -> SimulatedVenue:
    """A fourth each of buy and sell limits and stops, outside 900 to 1,100."""
    venue = SimulatedVenue(INSTRUMENTS, VenueRules(**FEES), drawn, lambda: "E")
    for n in range(orders // 4 + 1):
        away = 100 + Decimal(n) / 100
        play(venue, submit(f"a{n}", BUY, Decimal(1), limit=1000 - away))
        play(venue, submit(f"b{n}", SELL, Decimal(1), limit=1000 + away))
        play(venue, submit(f"c{n}", BUY, Decimal(1), stop=1000 + away))
        play(venue, submit(f"d{n}", SELL, Decimal(1), stop=1000 - away))
    return venue


@pytest.fixture(scope="module")
def venues() -> tuple[SimulatedVenue, SimulatedVenue]:
    return a_full_venue(10), a_full_venue(50_000)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(Quote(SYMBOL, bid="999", ask="1001", bid_size="5", ask_size="5"), id="quote"),
        pytest.param(Trade(SYMBOL, price="1000", size="5"), id="trade"),
        pytest.param(Depth(SYMBOL, bids=[("999", "1"), ("998", "1")], asks=[("1001", "1")]), id="depth"),
        pytest.param(Bar(SYMBOL, open="1000", high="1050", low="950", close="1020"), id="bar"),
        pytest.param(Quote(SYMBOL, ask="100", ask_size="0"), id="a quote that reaches every buyer and has nothing"),
    ],
)
def test_a_price_that_touches_nothing_costs_the_same_with_10_resting_orders_and_with_50_000(
    data: MarketData, venues: tuple[SimulatedVenue, SimulatedVenue]
) -> None:
    few, many = (calls_made(lambda venue=venue: play(venue, data)) for venue in venues)
    assert few == many
    assert all(len(venue.orders) == sum(map(len, resting(venue))) for venue in venues)
