"""The exchange actors: the simulated one with its latency, and one's own behind an adapter."""

from __future__ import annotations

import itertools
import threading
from decimal import Decimal
from typing import Any

import pytest
from builders import LISTED, LISTING, ORDER_LISTED, report
from builders import request as venue_request
from helpers import BOUND, BTC, Collector, Desk, OwnVenue, Recorder, assert_clean, limit, market, quote, system_of

from orderpit import Bar, Depth, InvalidReport, OrderState, Quote, Reason, SimulatedExchange, Strategy, Trade
from orderpit.actors.conflation import BEHIND, NewestQuote, QuoteSlots
from orderpit.actors.exchange import AdaptedExchangeActor
from orderpit.actors.messages import Arrived, Held, Listen, PassOn, Recorded, StopListening
from orderpit.actors.simulated_exchange import SimulatedExchangeActor
from orderpit.model import reports as r
from orderpit.model.values import changed
from orderpit.model.venue import SimulatedVenue


class Venue:
    """The simulated exchange's actor, and the order manager that it reports to."""

    def __init__(self, desk: Desk, *delays_ns: int) -> None:
        self.manager, self.timers = Collector(), []
        ids = map("x-{}".format, itertools.count(1)).__next__
        venue = SimulatedVenue({BTC.symbol: BTC}, SimulatedExchange().rules, lambda *_: Decimal(0), ids)
        self.me: Any = Collector()
        arguments = (self.me, self.manager, venue, lambda n: delays_ns[n - 1] if delays_ns else 0, self._call_later)
        self.actor = desk.make(SimulatedExchangeActor, *arguments)

    def _call_later(self, delay_ns: int, target: Any, message: Any) -> None:
        self.timers.append((delay_ns, target, message))

    def tell(self, *messages: Any) -> list[type[Any]]:
        for message in messages:
            self.actor.on_receive(message)
        return [type(message) for message in self.manager.messages]


def submission(client_order_id: str) -> r.VenueSubmit:
    return changed(venue_request(r.VenueSubmit), client_order_id=client_order_id)


def test_a_request_without_latency_is_answered_in_the_same_step(desk: Desk) -> None:
    assert Venue(desk).tell(venue_request(r.VenueSubmit)) == [r.VenueAccepted]


def test_a_request_with_latency_arrives_when_its_timer_fires(desk: Desk) -> None:
    venue = Venue(desk, 5_000)
    assert venue.tell(venue_request(r.VenueSubmit)) == []
    ((delay, target, message),) = venue.timers
    assert (delay, target) == (5_000, venue.me)
    assert type(message) is Arrived
    assert venue.tell(message) == [r.VenueAccepted]


def test_requests_arrive_in_the_order_in_which_they_were_sent_whichever_timer_fires_first(desk: Desk) -> None:
    venue = Venue(desk, 5_000, 1_000, 0, 9_000)
    requests = [submission(f"o-{n}") for n in range(4)]
    assert venue.tell(*requests) == []
    delays = [delay for delay, _, _ in venue.timers]
    assert delays == sorted(delays), "a slow request holds up those behind it"
    for _, _, message in reversed(venue.timers):
        venue.tell(message)
    assert [report.client_order_id for report in venue.manager.messages] == ["o-0", "o-1", "o-2", "o-3"]


def test_a_request_without_latency_waits_for_one_that_is_still_on_its_way(desk: Desk) -> None:
    venue = Venue(desk, 5_000, 0, 0)
    first, second, third = (submission(f"o-{n}") for n in range(3))
    assert venue.tell(first, second) == []
    for _, _, message in tuple(venue.timers):
        venue.tell(message)
    venue.tell(third)
    assert len(venue.timers) == 2, "the connection is free again"
    assert [report.client_order_id for report in venue.manager.messages] == ["o-0", "o-1", "o-2"]


def test_a_request_that_cannot_be_handled_holds_up_nobody(desk: Desk) -> None:
    venue = Venue(desk, 5_000, 5_000)
    poison = venue_request(r.VenueSubmit)
    object.__setattr__(poison, "client_order_id", [])
    venue.tell(poison, submission("o-2"))
    for _, _, message in venue.timers:
        venue.tell(message)
    assert [problem.what for problem in desk.problems] == ["set aside"]
    assert [report.client_order_id for report in venue.manager.messages] == ["o-2"]


@pytest.mark.parametrize("kind", [r.VenueSubmit, r.VenueCancel, r.VenueModify, r.VenueQuery], ids=lambda k: k.__name__)
def test_every_kind_of_request_is_answered(desk: Desk, kind: type[Any]) -> None:
    assert len(Venue(desk).tell(venue_request(kind))) == 1


def test_market_data_fills_what_it_reaches_before_listeners_hear_of_it(desk: Desk) -> None:
    order: list[str] = []
    venue = Venue(desk)

    class Notes:
        def __init__(self, name: str) -> None:
            self.name = name

        def send(self, message: Any) -> bool:
            order.append(f"{self.name} {type(message).__name__}")
            return True

    venue.actor._manager = Notes("manager")
    listen = Listen(Notes("strategy"), None, frozenset({Quote}), int, None)
    venue.tell(venue_request(r.VenueSubmit), listen, quote("99", "100"))
    assert order == ["manager VenueAccepted", "manager VenueFilled", "strategy Quote"]


def test_a_record_that_fills_an_order_is_kept_back_and_what_comes_after_it_stays_behind_it(desk: Desk) -> None:
    venue, feed, listener = Venue(desk), Collector(), Collector()
    venue.tell(Listen(listener, None, frozenset({Quote}), int, None))
    idle, filling, later = quote("200", "201"), quote("99", "100"), quote("98", "99")
    venue.tell(venue_request(r.VenueSubmit), Recorded(idle, feed))
    assert (listener.messages, feed.messages) == ([idle], [])
    assert venue.tell(Recorded(filling, feed), later) == [r.VenueAccepted, r.VenueFilled]
    assert (listener.messages, feed.messages) == ([idle], [Held()])
    venue.tell(PassOn())
    assert listener.messages == [idle, filling, later]
    venue.tell(PassOn(), idle)
    assert listener.messages == [idle, filling, later, idle]


def test_a_record_is_always_kept_back_by_an_exchange_of_ones_own_which_may_report_from_any_thread(desk: Desk) -> None:
    feed, listener = Collector(), Collector()
    actor = desk.make(AdaptedExchangeActor, Collector(), OwnVenue(), {BTC.symbol: BTC})
    actor.on_receive(Listen(listener, None, frozenset({Quote}), int, None))
    actor.on_receive(Recorded(quote(), feed))
    assert (listener.messages, feed.messages) == ([], [Held()])
    actor.on_receive(PassOn())
    assert listener.messages == [quote()]


@pytest.mark.parametrize(
    ("kinds", "symbol", "heard"),
    [
        ({Quote, Trade, Bar, Depth}, None, 4),
        ({Quote, Trade, Bar, Depth}, "BTC/USDT", 4),
        ({Trade}, None, 1),
        ({Trade, Bar}, "ETH/USDT", 0),
    ],
    ids=["all", "one symbol", "one kind", "another symbol"],
)
def test_a_listener_hears_of_what_it_asked_for(desk: Desk, kinds: set[Any], symbol: str | None, heard: int) -> None:
    venue, listener = Venue(desk), Collector()
    venue.tell(Listen(listener, symbol, frozenset(kinds), int, None))
    venue.tell(
        quote(),
        Trade(BTC.symbol, price="100"),
        Bar(BTC.symbol, open="100", high="100", low="100", close="100"),
        Depth(BTC.symbol, bids=[("99", "1")], asks=[("101", "1")]),
    )
    assert len(listener.messages) == heard


def test_a_listener_that_stopped_listening_hears_nothing(desk: Desk) -> None:
    venue, gone, stays = Venue(desk), Collector(), Collector()
    for target in (gone, stays):
        venue.tell(Listen(target, None, frozenset({Quote}), int, None))
    venue.tell(StopListening(gone), quote())
    assert (len(gone.messages), len(stays.messages)) == (0, 1)


def test_a_listener_that_is_no_more_is_let_go(desk: Desk) -> None:
    class Gone(Collector):
        def send(self, message: Any) -> bool:
            super().send(message)
            return False

    venue, gone = Venue(desk), Gone()
    venue.tell(Listen(gone, None, frozenset({Quote}), int, None), quote(), quote(), quote())
    assert len(gone.messages) == 1


def test_quotes_alone_are_conflated_for_a_listener_that_is_behind(desk: Desk) -> None:
    venue, listener, slots = Venue(desk), Collector(), QuoteSlots()
    behind = [0]
    venue.tell(Listen(listener, None, frozenset({Quote, Trade}), lambda: behind[0], slots))
    venue.tell(quote("1"))
    behind[0] = BEHIND + 1
    venue.tell(quote("2"), quote("3"), Trade(BTC.symbol, price="100"))
    assert [type(message) for message in listener.messages] == [Quote, NewestQuote, Trade]
    assert slots.take(listener.messages[1]) == quote("3")


def test_no_quote_goes_around_a_newer_one_when_a_listener_falls_behind_again(desk: Desk) -> None:
    venue, listener, slots = Venue(desk), Collector(), QuoteSlots()
    behind = [BEHIND + 1]
    venue.tell(Listen(listener, None, frozenset({Quote}), lambda: behind[0], slots), quote("1"))
    behind[0] = BEHIND
    venue.tell(quote("2"))
    behind[0] = BEHIND + 1
    venue.tell(quote("3"))
    assert [type(message) for message in listener.messages] == [NewestQuote]
    assert slots.take(listener.messages[0]) == quote("3")
    behind[0] = BEHIND
    venue.tell(quote("4"))
    assert listener.messages[1:] == [quote("4")]


@pytest.mark.fault(66)
def test_a_poison_quote_leaves_the_venue_as_it_was(desk: Desk) -> None:
    venue, listener = Venue(desk), Collector()
    venue.tell(Listen(listener, None, frozenset({Quote}), int, None))
    poison = quote()
    object.__setattr__(poison, "bid", "not a number")
    object.__setattr__(poison, "ask", object())
    venue.tell(venue_request(r.VenueSubmit), poison)
    assert [problem.what for problem in desk.problems] == ["set aside"]
    assert listener.messages == [], "a quote that could not be taken is passed on to nobody"
    venue.tell(quote("99", "100"))
    assert [type(message) for message in venue.manager.messages] == [r.VenueAccepted, r.VenueFilled]
    assert listener.messages == [quote("99", "100")]
    assert len(desk.problems) == 1


def test_the_books_are_every_order_that_the_venue_accepted(desk: Desk) -> None:
    venue = Venue(desk)
    venue.tell(venue_request(r.VenueSubmit))
    assert [order.client_order_id for order in venue.actor.books().orders] == ["o-1"]


# -- on threads


def test_an_order_is_on_its_way_for_the_latency_and_counts_as_under_way() -> None:
    with system_of(exchange=SimulatedExchange(latency="0.05")) as system:
        system.publish(quote())
        order_id = system.submit(market())
        assert system.wait(order_id, OrderState.SUBMITTED, BOUND).order_id == order_id
        assert system.quiesce(BOUND)
        order = system.order(order_id)
        assert order is not None
        assert order.is_filled
        assert order.fills[0].time_ns - (order.submitted_ns or 0) >= 50_000_000
        assert_clean(system)


class BuysOnce(Strategy):
    """Buys at the market when it sees its first quote."""

    def __init__(self) -> None:
        self.has_bought = False

    def on_market_data(self, data: Any) -> None:
        if not self.has_bought:
            self.has_bought = True
            self.submit(market())


def test_an_order_is_filled_at_the_price_at_its_arrival() -> None:
    minute = 60_000_000_000
    with system_of(exchange=SimulatedExchange(latency="60"), clock="data") as system:
        system.add_strategy(BuysOnce)
        prices = [("99", "101"), ("199", "201"), ("299", "301")]
        times = [minute, minute + minute // 2, 3 * minute]
        system.play([quote(*price, time_ns=at) for price, at in zip(prices, times, strict=True)]).wait(BOUND)
        (order,) = system.orders()
        assert (order.average_fill_price, order.filled_ns) == (201, 2 * minute)
        assert_clean(system)


def test_an_exchange_of_ones_own_gets_requests_and_data_and_its_reports_count() -> None:
    venue = OwnVenue()
    with system_of(exchange=venue) as system:
        assert set(venue.instruments) == {"BTC/USDT", "ETH/USDT"}
        system.publish(quote())
        order_id = system.submit(limit())
        (request,) = venue.requests.first()
        assert type(request) is r.VenueSubmit
        venue.report(report(r.VenueAccepted, client_order_id=order_id))
        assert system.wait(order_id, OrderState.OPEN, BOUND).exchange_order_id == "v-1"
        system.cancel(order_id)
        cancel = venue.requests.first(2)[1]
        assert type(cancel) is r.VenueCancel
        venue.report(report(r.VenueCancelled, client_order_id=order_id))
        assert system.wait(order_id, OrderState.CANCELLED, BOUND).reason is Reason.VENUE
        assert len(venue.data.items) == 1
        assert_clean(system)
    assert venue.closed.is_set()


def test_reports_of_an_own_exchange_may_come_from_any_thread_and_in_any_number() -> None:
    venue = OwnVenue()
    with system_of(exchange=venue) as system:
        ids = [system.submit(limit()) for _ in range(40)]
        venue.requests.first(40)

        def fill_all(mine: list[str]) -> None:
            for order_id in mine:
                done = r.Fill(execution_id=f"x-{order_id}", quantity="1", price="100", fee_currency="USDT")
                venue.report(r.VenueFilled(client_order_id=order_id, symbol=BTC.symbol, side=limit().side, fill=done))

        reporters = [threading.Thread(target=fill_all, args=(ids[number::4],)) for number in range(4)]
        for thread in reporters:
            thread.start()
        for thread in reporters:
            thread.join(BOUND)
        assert all(system.wait(order_id, OrderState.FILLED, BOUND).is_filled for order_id in ids)
        assert_clean(system)


@pytest.mark.parametrize("bad", [None, "filled", 3, object(), quote()], ids=["None", "str", "int", "object", "quote"])
def test_what_is_no_report_is_refused_where_it_is_reported(bad: Any) -> None:
    venue = OwnVenue()
    with system_of(exchange=venue) as system:
        with pytest.raises(InvalidReport, match="report"):
            venue.report(bad)
        assert system.stats()["total_events"] == 0


@pytest.mark.fault(28)
def test_an_own_exchange_that_raises_on_a_request_leaves_the_order_to_its_deadline() -> None:
    class Fragile(OwnVenue):
        def request(self, request: Any) -> None:
            super().request(request)
            if type(request) is r.VenueSubmit:
                raise ConnectionError
            self.report(r.VenueStatus(client_order_id=request.client_order_id, state=None, complete=True))

    troubles = Recorder()
    with system_of(exchange=Fragile(), answer_within="0.02", on_error=troubles) as system:
        order = system.wait(system.submit(limit()), OrderState.REJECTED, BOUND)
        assert order.reason is Reason.NOT_AT_VENUE
        assert system.quiesce(BOUND)
        assert [order.in_doubt for order in system.orders()] == [False]
        assert_clean(system)
    assert [type(trouble).__name__ for trouble in troubles.items] == ["Problem", "Alarm"]


def test_an_own_exchange_that_raises_when_it_is_closed_is_reported_and_the_system_stops(desk: Desk) -> None:
    class Sticky(OwnVenue):
        def close(self) -> None:
            raise ConnectionError

    troubles = Recorder()
    with system_of(exchange=Sticky(), on_error=troubles):
        pass
    assert [problem.what for problem in troubles.items] == ["could not close"]


def test_an_adapter_is_connected_before_the_first_request(desk: Desk) -> None:
    venue = OwnVenue()
    actor = desk.make(AdaptedExchangeActor, Collector(), venue, {BTC.symbol: BTC})
    assert venue.instruments == {BTC.symbol: BTC}
    actor.on_receive(venue_request(r.VenueQuery))
    assert len(venue.requests.items) == 1


@pytest.mark.parametrize(("said", "lists"), [({}, False), ({"lists": True}, True)], ids=["says nothing", "lists"])
def test_an_exchange_of_ones_own_says_whether_it_lists(said: dict[str, bool], *, lists: bool) -> None:
    venue = type("Lists", (OwnVenue,), said)()
    assert system_of(exchange=venue)._settings.lists is lists
    assert system_of(exchange=SimulatedExchange(lists=lists))._settings.lists is lists


def test_a_list_is_asked_for_behind_the_requests_that_were_sent_before_and_answered_whole(desk: Desk) -> None:
    venue = Venue(desk, 5_000, 0)
    venue.tell(submission("o-1"), LISTING[0])
    for _, _, message in venue.timers:
        venue.tell(message)
    assert venue.tell() == [r.VenueAccepted, r.VenueOrderListed, r.VenueStatus, r.VenueListed]


def test_what_an_adapter_lists_reaches_the_order_manager(desk: Desk) -> None:
    venue, manager = OwnVenue(), Collector()
    actor = desk.make(AdaptedExchangeActor, manager, venue, {BTC.symbol: BTC})
    actor.on_receive(LISTING[0])
    assert venue.requests.items == [LISTING[0]]
    venue.report(ORDER_LISTED)
    venue.report(LISTED)
    assert manager.messages == [ORDER_LISTED, LISTED]
