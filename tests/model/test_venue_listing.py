"""What the simulated venue tells of itself when it is asked for all orders at once."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_venue import a_venue, act
from test_venue_properties import FEES, INSTRUMENTS, cancels, drawn, modifies, play, quotes, submit, traders

from orderpit.model import reports as r
from orderpit.model.errors import InvalidReport
from orderpit.model.instructions import Instructions
from orderpit.model.kinds import Contingency, OrderState, OrderType, Side, TimeInForce
from orderpit.model.numbers import ZERO, add, negate, total
from orderpit.model.order import CLOSED
from orderpit.model.venue import SimulatedVenue, VenueRules

Told = tuple[r.VenueReport | r.VenueListing, ...]


def told(venue: SimulatedVenue, since_ns: int = 0, now_ns: int = 9) -> Told:
    return venue.list_orders(r.VenueList(request_id="all", since_ns=since_ns, time_ns=0, source="test"), now_ns)


def shortly(answer: Told) -> list[str]:
    """The answer as a trader would read it."""
    lines: list[str] = []
    for said in answer:
        match said:
            case r.VenueOrderListed():
                lines.append(f"{said.client_order_id} {said.side.value} {said.quantity}")
            case r.VenueFilled():
                lines.append(f"{said.client_order_id} filled {said.fill.quantity}")
            case r.VenueStatus():
                assert said.state is not None
                lines.append(f"{said.client_order_id} is {said.state.value}")
            case r.VenueListed():
                lines.append(f"{said.orders} orders")
            case _:
                lines.append(type(said).__name__)
    return lines


def test_of_each_order_its_terms_its_executions_and_its_state_are_told_and_their_number_at_the_end() -> None:
    venue = a_venue()
    for line in ("quote 99x2 / 101x2", "a BUY 3 limit 101", "b SELL 1 limit 110", "c BUY 1 limit 90", "cancel c"):
        act(venue, line)
    assert shortly(told(venue)) == [
        *("a BUY 3", "a filled 2", "a is PARTIAL"),
        *("b SELL 1", "b is OPEN"),
        *("c BUY 1", "c is CANCELLED"),
        "3 orders",
    ]


def test_a_venue_without_orders_says_so() -> None:
    assert told(a_venue()) == (r.VenueListed(request_id="all", orders=0, complete=True, positions=(), time_ns=9),)


def test_what_has_ended_before_the_time_asked_for_is_left_out_and_what_is_open_never_is() -> None:
    venue = a_venue()
    for now_ns, line in enumerate(("a BUY 1 limit 90", "b BUY 1 limit 90", "c BUY 1 limit 90"), 1):
        act_at(venue, line, now_ns)
    for now_ns, line in ((5, "cancel a"), (6, "cancel b")):
        act_at(venue, line, now_ns)
    listed = {since: [line[0] for line in shortly(told(venue, since)) if " BUY " in line] for since in (0, 5, 6, 7)}
    assert listed == {0: ["a", "b", "c"], 5: ["a", "b", "c"], 6: ["b", "c"], 7: ["c"]}


def act_at(venue: SimulatedVenue, line: str, now_ns: int) -> None:
    first, *rest = line.split()
    if first == "cancel":
        request: r.VenueOrderRequest = r.VenueCancel(
            client_order_id=rest[0], request_id="R", symbol="BTC/USDT", time_ns=0, source="test"
        )
    else:
        request = submit(first, Side(rest[0]), Decimal(rest[1]), Decimal(rest[3]))
    venue.request(request, now_ns)


def test_what_expires_at_that_moment_is_told_as_expired_and_reported_before() -> None:
    venue = a_venue()
    order = submit("a", Side.BUY, Decimal(1), Decimal(90))
    venue.request(attrs.evolve(order, time_in_force=TimeInForce.GTD, expire_time_ns=8), 1)
    assert shortly(told(venue, now_ns=8)) == ["VenueExpired", "a BUY 1", "a is EXPIRED", "1 orders"]


def test_all_terms_are_told_that_an_order_manager_needs_to_adopt_an_order() -> None:
    venue = a_venue()
    asked = attrs.evolve(
        submit("a", Side.BUY, Decimal(4), Decimal(90)),
        time_in_force=TimeInForce.GTD,
        expire_time_ns=100,
        instructions=Instructions(post_only=True, display_quantity=Decimal(1)),
        account="momentum",
        closes=True,
        link_id="g-1",
        contingency=Contingency.OCO,
    )
    venue.request(asked, 3)
    terms, status, _ = told(venue)
    assert isinstance(terms, r.VenueOrderListed)
    same = attrs.fields_dict(r.VenueSubmit).keys() - {"time_ns", "source"}
    assert {name: getattr(terms, name) for name in same} == {name: getattr(asked, name) for name in same}
    order = venue.orders["a"]
    assert (terms.exchange_order_id, terms.triggered, terms.created_ns) == (order.exchange_order_id, False, 3)
    assert isinstance(status, r.VenueStatus)
    assert (status.request_id, status.complete, status.state) == ("all", True, OrderState.OPEN)


def test_terms_are_those_in_force() -> None:
    venue = a_venue()
    for line in ("quote 99 / 101", "a BUY 3 stop 105 limit 106", "modify a limit 107 quantity 2", "quote 105 / 105"):
        act(venue, line)
    terms, *_ = told(venue)
    assert isinstance(terms, r.VenueOrderListed)
    assert (terms.order_type, terms.price, terms.quantity, terms.triggered) == (OrderType.STOP_LIMIT, 107, 2, True)


def test_where_positions_are_hedged_the_long_and_the_short_one_are_told() -> None:
    venue = a_venue(hedged=True)
    for line in ("quote 99 / 101", "a BUY 3", "b SELL 2"):
        act(venue, line)
    *_, end = told(venue)
    assert isinstance(end, r.VenueListed)
    assert [(held.opened_by, held.quantity) for held in end.positions or ()] == [(Side.BUY, 3), (Side.SELL, -2)]


@given(st.lists(traders | modifies | cancels | quotes, max_size=25))
def test_all_that_the_venue_knows_can_be_rebuilt_from_what_it_tells(steps: list[object]) -> None:
    ids = iter(range(10_000))
    venue = SimulatedVenue(INSTRUMENTS, VenueRules(**FEES), drawn, lambda: f"E-{next(ids)}")  # type: ignore[arg-type]
    for step in steps:
        play(venue, step)  # type: ignore[arg-type]
    before = dict(venue.orders)
    answer = told(venue)
    assert dict(venue.orders) == before, "to tell changes nothing"
    held: dict[str, Decimal] = {}
    fills: list[r.Fill] = []
    terms: r.VenueOrderListed | None = None
    rebuilt: dict[str, tuple[object, ...]] = {}
    for said in answer[:-1]:
        match said:
            case r.VenueOrderListed():
                terms, fills = said, []
            case r.VenueFilled():
                fills.append(said.fill)
            case r.VenueStatus():
                assert terms is not None
                assert said.client_order_id == terms.client_order_id
                assert said.filled_quantity == total(fill.quantity for fill in fills)
                rebuilt[said.client_order_id] = (terms.quantity, terms.price, terms.side, said.state, tuple(fills))
                signed = said.filled_quantity if terms.side is Side.BUY else negate(said.filled_quantity)
                held[terms.account] = add(held.get(terms.account, ZERO), signed)
            case _:
                pytest.fail(f"{said} has no place in an answer")
    assert rebuilt == {
        name: (order.quantity, order.price, order.side, order.state, tuple(order.fill_chain.items()))
        for name, order in before.items()
    }
    end = answer[-1]
    assert isinstance(end, r.VenueListed)
    assert (end.orders, end.complete, end.balances) == (len(before), True, None)
    assert {one.account: one.quantity for one in end.positions or ()} == {k: v for k, v in held.items() if v}
    open_now = [said.state for said in told(venue, since_ns=10**18) if isinstance(said, r.VenueStatus)]
    assert not CLOSED.intersection(open_now)
    assert len(open_now) == sum(order.is_live for order in before.values())


def test_holdings_may_be_any_iterable_and_become_a_tuple() -> None:
    balances = [r.VenueBalance(currency="USDT", amount="5")]
    end = r.VenueListed(request_id="all", orders=0, balances=iter(balances))  # type: ignore[arg-type]  # any iterable
    assert end.balances == tuple(balances)
    with pytest.raises(InvalidReport, match="positions"):
        r.VenueListed(request_id="all", orders=0, positions=balances)  # type: ignore[arg-type]
