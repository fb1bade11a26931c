"""What a venue that misbehaves tells of all its orders at once."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import BTC, NOW, OwnVenue, Recorder, limit, market, quote

from orderpit import InvalidConfiguration, OrderState, OrderType, Side, SimulatedExchange, TradingSystem
from orderpit.model import reports as r
from orderpit.testing import ChaosExchange, Faults, Stepped, happened, heal, let_pass, seeded, storm

FREE = SimulatedExchange(maker_fee=0, taker_fee=0)


class Asked:
    """A system on the stepped runtime, and what its order manager hears of the venue."""

    def __init__(self, faults: Faults, inner: Any = FREE, **settings: Any) -> None:
        self.heard: list[Any] = []
        runtime = Stepped(on_delivery=self._heard, **settings.pop("stepped", {}))
        exchange = ChaosExchange(inner=inner, faults=faults)
        arguments = {"runtime": runtime, "answer_within": None, "on_error": Recorder()} | settings
        self.system = TradingSystem([BTC], exchange=exchange, **arguments)

    def _heard(self, _: int, name: str, message: Any) -> None:
        if name == "order_manager":
            self.heard.append(message)

    def list(self, request_id: str = "all", seconds: float = 5) -> list[Any]:
        """Ask for all, and return what is heard within so many seconds."""
        self.heard.clear()
        self.system._at.exchange.send(r.VenueList(request_id=request_id, time_ns=NOW, source="test"))
        self.system._runtime.settle()
        let_pass(self.system, seconds)
        return list(self.heard)


def names(heard: list[Any]) -> list[str]:
    return [type(message).__name__ for message in heard]


def test_what_was_executed_beside_the_books_is_told_with_what_became_of_it() -> None:
    asked = Asked(Faults(unknown_order=1))
    with asked.system as system:
        system.publish(quote())
        system.submit(market("3"))
        heal(system)
        heard = asked.list()
    assert names(heard) == [*["VenueOrderListed", "VenueFilled", "VenueStatus"] * 2, "VenueListed"]
    end = heard[-1]
    assert (end.orders, end.complete, [held.quantity for held in end.positions]) == (2, True, [3, 3])


def test_a_bust_is_told_behind_its_execution_and_the_position_is_without_it() -> None:
    asked = Asked(Faults(bust=1))
    with asked.system as system:
        system.publish(quote())
        system.submit(market("3"))
        let_pass(system, 5)
        heal(system)
        heard = asked.list()
    assert names(heard) == ["VenueOrderListed", "VenueFilled", "VenueFillBusted", "VenueStatus", "VenueListed"]
    assert heard[-2].filled_quantity == 0
    assert heard[-1].positions == ()


def test_what_the_venue_has_forgotten_it_does_not_list() -> None:
    asked = Asked(Faults(restart=1, outage="0.1"))
    with asked.system as system:
        heal(system)
        system.publish(quote())
        forgotten = system.submit(limit())
        storm(system)
        system.cancel(forgotten)
        heal(system)
        kept = system.submit(limit())
        heard = asked.list()
    listed = [message.client_order_id for message in heard if isinstance(message, r.VenueOrderListed)]
    assert (listed, heard[-1].orders) == ([kept], 1)
    assert forgotten not in {getattr(message, "client_order_id", None) for message in heard}


@pytest.mark.parametrize("seed", range(20))
def test_the_end_never_overtakes_what_it_ends(seed: int) -> None:
    asked = Asked(Faults(latency="0.1"), stepped={"choose": seeded(seed), "late_ns": 1_000_000_000})
    with asked.system as system:
        system.publish(quote())
        for price in ("90", "91", "101"):
            system.submit(limit(price))
        let_pass(system, 1)
        heard = asked.list()
    told = [message for message in heard if isinstance(message, r.VenueOrderListed | r.VenueStatus | r.VenueListed)]
    assert names(told)[-1] == "VenueListed"
    assert (names(told).count("VenueStatus"), told[-1].orders) == (3, 3)


def test_a_list_that_is_lost_or_refused_has_no_answer() -> None:
    for fault in ("lost_request", "rate_limit", "disconnect"):
        asked = Asked(Faults(**{fault: 1, "outage": "0.5"}))
        with asked.system as system:
            heal(system)
            system.publish(quote())
            system.submit(limit())
            storm(system)
            heard = asked.list()
            assert not {r.VenueOrderListed, r.VenueListed} & set(map(type, heard)), fault
            assert happened(system)[fault] >= 1
            heal(system)
            assert names(asked.list("again"))[-1] == "VenueListed", fault


def test_where_positions_are_hedged_what_was_executed_beside_them_is_not_told_as_a_position() -> None:
    asked = Asked(Faults(), positions="hedged")
    with asked.system as system:
        system.publish(quote())
        system.submit(market("3"))
        assert asked.list()[-1].positions is None


def test_the_answer_of_an_exchange_of_ones_own_is_passed_on() -> None:
    class Lists(OwnVenue):
        lists = True

    venue = Lists()
    asked = Asked(Faults(), venue)
    assert ChaosExchange(inner=venue).lists
    assert not ChaosExchange(inner=OwnVenue()).lists
    with asked.system as system:
        asked.list()
        assert isinstance(venue.requests.items[-1], r.VenueList)
        terms: Any = {"symbol": BTC.symbol, "side": Side.BUY, "order_type": OrderType.LIMIT, "quantity": "1"}
        asked.heard.clear()
        venue.report(r.VenueOrderListed(client_order_id="theirs", request_id="all", **terms))
        venue.report(r.VenueStatus(client_order_id="theirs", request_id="all", state=OrderState.OPEN))
        held = (r.VenuePosition(symbol=BTC.symbol, quantity="7"),)
        venue.report(r.VenueListed(request_id="all", orders=1, positions=held))
        let_pass(system, 1)
        heard = list(asked.heard)
    assert names(heard) == ["VenueOrderListed", "VenueStatus", "VenueListed"]
    assert (heard[-1].orders, heard[-1].positions) == (1, held)


def test_whether_an_exchange_lists_is_said_by_true_or_false() -> None:
    class Unsure(OwnVenue):
        lists = "perhaps"

    with pytest.raises(InvalidConfiguration, match="must have True or False as lists"):
        TradingSystem([BTC], exchange=Unsure())
