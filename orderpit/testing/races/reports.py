"""Races of the venue's reports against each other and against commands, at a venue that says what it is told to."""

from __future__ import annotations

from collections.abc import Iterable

from ...actors.scheduler import Choose
from ...model import reports as r
from ...model.commands import SubmitOrder
from ...model.kinds import OrderState, OrderType, Side
from ...model.numbers import plain
from .arena import Arena, Venue
from .racing import race
from .saying import BTC, accepted, busted, buy, cancel, cancelled, corrected, expired, filled, modify, rejected

_MANAGER = frozenset({"order_manager"})


@race(
    "CANCELLED 3; LATE_FILL; UNEXPECTED_REPORT",
    "CANCELLED 3; ORDER_CLOSED; LATE_FILL; UNEXPECTED_REPORT",
    "EXPIRED 3; LATE_FILL; UNEXPECTED_REPORT",
    "EXPIRED 3; ORDER_CLOSED; LATE_FILL; UNEXPECTED_REPORT",
    "FILLED 3; ORDER_CLOSED; UNEXPECTED_REPORT",
    "FILLED 3; UNEXPECTED_REPORT",
    size=5040,
)
def reports_in_any_order(choose: Choose) -> str:
    """Acknowledgement, three fills, cancel and expiry while the user cancels: each fill is booked, one end stays."""
    with Arena(choose) as arena:
        arena.set_up(buy("o", "3"))
        arena.race(
            ack=[accepted("o")],
            venue=[filled("o", "e1")],
            line_2=[filled("o", "e2")],
            line_3=[filled("o", "e3")],
            line_4=[cancelled("o")],
            line_5=[expired("o")],
            user=[cancel("o")],
        )
        return arena.end()


@race(
    "CANCELLED 2; CONTRADICTION; LATE_FILL",
    "CANCELLED 2; LATE_FILL; UNEXPECTED_REPORT",
    "CANCELLED 2; ORDER_CLOSED; CONTRADICTION; LATE_FILL",
    "CANCELLED 2; ORDER_CLOSED; LATE_FILL; UNEXPECTED_REPORT",
    "FILLED 2; CONTRADICTION; UNEXPECTED_REPORT",
    "FILLED 2; ORDER_CLOSED; CONTRADICTION; UNEXPECTED_REPORT",
    "FILLED 2; ORDER_CLOSED; UNEXPECTED_REPORT",
    "FILLED 2; UNEXPECTED_REPORT",
    "REJECTED 2; ORDER_CLOSED; VENUE; LATE_FILL; UNEXPECTED_REPORT",
    "REJECTED 2; VENUE; LATE_FILL; UNEXPECTED_REPORT",
    size=5040,
)
def reports_of_a_stop_in_any_order(choose: Choose) -> str:
    """Acknowledgement, trigger, fills, rejection and cancel of a stop: each fill is booked, and one end stays."""
    with Arena(choose) as arena:
        arena.set_up(SubmitOrder(BTC.symbol, Side.BUY, OrderType.STOP, "2", stop_price="105", order_id="o"))
        arena.race(
            ack=[accepted("o")],
            venue=[r.VenueTriggered(client_order_id="o")],
            line_2=[filled("o", "e1")],
            line_3=[filled("o", "e2")],
            line_4=[rejected("o")],
            line_5=[cancelled("o")],
            user=[cancel("o")],
        )
        return arena.end()


@race("FILLED 21", size=5040)
def six_fills_in_any_order(choose: Choose) -> str:
    """Six fills and the acknowledgement, each on a line of its own: the order is filled, once, exactly."""
    with Arena(choose) as arena:
        arena.set_up(buy("o", "21"))
        lines = {f"line_{n}": [filled("o", f"e{n}", n)] for n in range(1, 7)}
        arena.race(ack=[accepted("o")], **lines)
        return arena.end()


@race("FILLED 1", "FILLED 1; ORDER_CLOSED", size=263)
def an_acknowledgement_a_fill_and_a_cancel(choose: Choose) -> str:
    """The user cancels while acknowledgement and fill are on their way: one end, and the fill is booked."""
    with Arena(choose, _MANAGER) as arena:
        arena.set_up(buy("o", "1"))
        arena.race(ack=[accepted("o")], user=[cancel("o")], venue=[filled("o", "e1")])
        return arena.end()


@race("CANCELLED 1", "CANCELLED 1; LATE_FILL", size=10)
def a_late_fill(choose: Choose) -> str:
    """A fill comes before or after the cancel that the venue confirmed: money moved, so it is booked."""
    with Arena(choose, _MANAGER) as arena:
        arena.set_up(buy("o"), accepted("o"), cancel("o"))
        arena.race(venue=[cancelled("o")], late=[filled("o", "e1")])
        return arena.end()


@race("REJECTED 0; ORDER_CLOSED; VENUE", "REJECTED 0; VENUE", size=11)
def a_rejection_against_a_cancel(choose: Choose) -> str:
    """The venue rejects an order that is being cancelled: it is rejected, and the cancel has its answer."""
    with Arena(choose, _MANAGER) as arena:
        arena.set_up(buy("o"))
        arena.race(venue=[rejected("o")], user=[cancel("o")])
        return arena.end()


@race("FILLED 1; UNEXPECTED_REPORT", "REJECTED 1; VENUE; LATE_FILL", size=13)
def a_rejection_against_a_fill(choose: Choose) -> str:
    """The venue rejects and fills one order, which cannot both be: the fill is booked, and somebody is called."""
    with Arena(choose, _MANAGER) as arena:
        arena.set_up(buy("o", "1"))
        arena.race(venue=[rejected("o")], line_2=[filled("o", "e1")])
        return arena.end()


@race("EXPIRED 1; LATE_FILL", "FILLED 1; UNEXPECTED_REPORT", size=10)
def an_expiry_against_a_fill(choose: Choose) -> str:
    """An order expires while a fill of its rest is on its way: one end, and the fill is booked."""
    with Arena(choose, _MANAGER) as arena:
        arena.set_up(buy("o", "1"), accepted("o"))
        arena.race(venue=[expired("o")], line_2=[filled("o", "e1")])
        return arena.end()


@race("EXPIRED 2; LATE_FILL", "FILLED 2; UNEXPECTED_REPORT", size=196)
def an_expiry_against_two_fills(choose: Choose) -> str:
    """An order expires while two fills are on their way on two lines."""
    with Arena(choose, _MANAGER) as arena:
        arena.set_up(buy("o"), accepted("o"))
        arena.race(venue=[expired("o")], line_2=[filled("o", "e1")], line_3=[filled("o", "e2")])
        return arena.end()


@race(
    "CANCELLED 2; LATE_FILL; UNEXPECTED_REPORT",
    "EXPIRED 2; LATE_FILL; UNEXPECTED_REPORT",
    "FILLED 2; UNEXPECTED_REPORT",
    size=24,
)
def an_expiry_against_a_cancel_and_a_fill(choose: Choose) -> str:
    """An expiry, a confirmed cancel and a fill of one order: whichever end comes first stays."""
    with Arena(choose) as arena:
        arena.set_up(buy("o"), accepted("o"), cancel("o"))
        arena.race(
            venue=[expired("o")], line_2=[cancelled("o")], line_3=[filled("o", "e1")], line_4=[filled("o", "e2")]
        )
        return arena.end()


@race("FILLED 3; position 3; LATE_FILL; OVERFILL", "FILLED 3; position 3; ORDER_CLOSED; LATE_FILL; OVERFILL", size=112)
def an_overfill_against_a_cancel(choose: Choose) -> str:
    """More is executed than was ordered while a cancel is on its way: all of it is booked, and somebody is called."""
    with Arena(choose, _MANAGER) as arena:
        arena.set_up(buy("o", "2"), accepted("o"))
        arena.race(user=[cancel("o")], venue=[filled("o", "e1", "2"), filled("o", "e2", "1")])
        return arena.end(arena.position())


@race("SUBMITTED 0, FILLED 1; position 1; UNKNOWN_ORDER", size=24)
def an_unknown_fill_against_a_submission(choose: Choose) -> str:
    """A fill of an order that nobody submitted comes among others: booked to an order of nobody's."""
    with Arena(choose, _MANAGER) as arena:
        arena.race(user=[buy("o", "1")], venue=[filled("stranger", "e1")])
        return arena.end(arena.position())


@race("FILLED 1; position 1", "FILLED 1; position 1; DUPLICATE_ID; DUPLICATE_ID; UNKNOWN_ORDER", size=24)
def a_fill_that_overtakes_its_submission(choose: Choose) -> str:
    """A fill comes under an id that is being submitted: the order's if it is known by then, else nobody's."""
    with Arena(choose, _MANAGER) as arena:
        arena.race(user=[buy("o", "1")], venue=[filled("o", "e1")])
        return arena.end(arena.position())


def _second_stands(state: OrderState) -> Venue:
    """Return a venue that answers queries: of two executions the first is void."""
    told = filled("o", "e2"), _status(state, "1")
    return Venue(lambda request: told if isinstance(request, r.VenueQuery) else ())


@race("CANCELLED 1; position 1", "FILLED 1; position 1", size=25)
def a_bust_against_the_completing_fill(choose: Choose) -> str:
    """A first fill is declared void while the completing one is on its way: one stands, whichever came first."""
    with Arena(choose, _MANAGER, exchange=_second_stands(OrderState.FILLED)) as arena:
        arena.set_up(buy("o"), accepted("o"), filled("o", "e1"))
        arena.race(venue=[filled("o", "e2")], line_2=[busted("o", "e1")])
        if arena.order("o").in_doubt:
            msg = "still in doubt"
            raise AssertionError(msg)
        return arena.end(arena.position())


@race("PARTIAL 1; position 1", "PARTIAL 1; position 1; UNKNOWN_EXECUTION", size=251)
def a_bust_that_overtakes_its_fill(choose: Choose) -> str:
    """A bust and the fill that it voids come on two lines, among another fill: the bust meets its fill."""
    with Arena(choose, _MANAGER, exchange=_second_stands(OrderState.PARTIALLY_FILLED)) as arena:
        arena.set_up(buy("o", "3"), accepted("o"))
        arena.race(venue=[filled("o", "e1")], line_2=[busted("o", "e1")], line_3=[filled("o", "e2")])
        if arena.order("o").in_doubt:
            msg = "still in doubt"
            raise AssertionError(msg)
        return arena.end(arena.position())


@race(
    "CANCELLED 3; cash flow 298",
    "CANCELLED 3; cash flow 298; LATE_FILL",
    "FILLED 3; cash flow 298; UNEXPECTED_REPORT",
    size=12,
)
def a_correction_against_a_fill_and_a_cancel(choose: Choose) -> str:
    """A first fill is corrected from 1 to 2 of 3 while another fill and a cancel come."""
    with Arena(choose) as arena:
        arena.set_up(buy("o", "3"), accepted("o"), filled("o", "e1"), cancel("o"))
        arena.race(
            venue=[corrected("o", "e1", "2", "99")], line_2=[filled("o", "e2")], line_3=[cancelled("o"), cancelled("o")]
        )
        return arena.end(f"cash flow {plain(arena.order('o').filled_notional)}")


@race("PARTIAL 4; cash flow 398", "PARTIAL 4; cash flow 398; UNKNOWN_EXECUTION", size=5040)
def a_bust_and_a_correction_among_fills(choose: Choose) -> str:
    """Four fills, the bust of one and the correction of another, each on its own line: the same sums in any order."""
    restated = busted("o", "e1"), corrected("o", "e2", "2", "99")
    executed = [filled("o", f"e{n}") for n in range(1, 5)]
    told: tuple[r.VenueReport, ...] = (*executed, *restated, _status(OrderState.PARTIALLY_FILLED, "4"))
    venue = Venue(lambda request: told if isinstance(request, r.VenueQuery) else ())
    with Arena(choose, exchange=venue) as arena:
        arena.set_up(buy("o", "10"))
        fills = {f"line_{n}": [one] for n, one in enumerate(executed, 1)}
        arena.race(ack=[accepted("o")], **fills, line_5=[restated[0]], line_6=[restated[1]])
        return arena.end(f"cash flow {plain(arena.order('o').filled_notional)}")


@race("PARTIAL 2", size=6)
def one_fill_told_on_two_lines(choose: Choose) -> str:
    """One execution is told twice, beside another: each is booked once."""
    with Arena(choose) as arena:
        arena.set_up(buy("o", "3"), accepted("o"))
        arena.race(venue=[filled("o", "e1"), filled("o", "e2")], line_2=[filled("o", "e1"), filled("o", "e2")])
        return arena.end()


@race("PARTIAL 1; at 100; EXECUTION_CONFLICT", "PARTIAL 1; at 99; EXECUTION_CONFLICT", size=6)
def one_execution_with_two_prices(choose: Choose) -> str:
    """One execution is told with two prices: the first is kept, and somebody is called."""
    with Arena(choose) as arena:
        arena.set_up(buy("o", "3"), accepted("o"))
        arena.race(venue=[filled("o", "e1", "1", "100")], line_2=[filled("o", "e1", "1", "99")], ack=[accepted("o")])
        return arena.end(f"at {plain(arena.order('o').average_fill_price)}")


def _too_late(request: r.VenueRequest) -> Iterable[r.VenueReport]:
    """Refuse every cancel and every modification."""
    if isinstance(request, r.VenueCancel):
        yield r.VenueCancelRejected(client_order_id=request.client_order_id, request_id=request.request_id)
    if isinstance(request, r.VenueModify):
        yield r.VenueModifyRejected(client_order_id=request.client_order_id, request_id=request.request_id)


@race("FILLED 1; pending NONE; ORDER_CLOSED", "FILLED 1; pending NONE; TOO_LATE", size=80)
def a_refused_cancel_against_the_fill(choose: Choose) -> str:
    """The venue refuses a cancel as too late, and tells of the fill on another line: filled, with nothing pending."""
    with Arena(choose, {"order_manager", "exchange"}, exchange=Venue(_too_late)) as arena:
        arena.set_up(buy("o", "1"), accepted("o"))
        arena.race(user=[cancel("o")], venue=[filled("o", "e1")])
        return arena.end(f"pending {arena.order('o').pending.value}")


@race("PARTIAL 2; pending NONE; CANCEL_PENDING; TOO_LATE", "PARTIAL 2; pending NONE; TOO_LATE", size=128)
def a_refused_modification_against_a_fill_and_a_cancel(choose: Choose) -> str:
    """The venue refuses a modification and a cancel while it fills the order in part."""
    with Arena(choose, {"exchange"}, exchange=Venue(_too_late)) as arena:
        arena.set_up(buy("o", "3"), accepted("o"))
        arena.race(user=[modify("o", price="99")], other=[cancel("o")], venue=[filled("o", "e1"), filled("o", "e2")])
        return arena.end(f"pending {arena.order('o').pending.value}")


@race("FILLED 2; of 2; pending NONE; TOO_LATE", size=12)
def answers_to_two_requests_in_any_order(choose: Choose) -> str:
    """A modification is overtaken by a cancel, and the answers come in any order: told apart by their ids."""
    with Arena(choose) as arena:
        arena.set_up(buy("o", "3"), accepted("o"), modify("o", quantity="2"), cancel("o"))
        first, second = (one.request_id for one in arena.asked if isinstance(one, r.VenueModify | r.VenueCancel))
        done = r.VenueModified(client_order_id="o", request_id=first, quantity="2")
        late = r.VenueCancelRejected(client_order_id="o", request_id=second)
        arena.race(venue=[done], line_2=[late], line_3=[filled("o", "e1"), filled("o", "e2")])
        return arena.end(f"of {plain(arena.order('o').quantity)}", f"pending {arena.order('o').pending.value}")


def _status(state: OrderState, quantity: str) -> r.VenueStatus:
    return r.VenueStatus(client_order_id="o", state=state, filled_quantity=quantity)


@race("PARTIAL 1; CONTRADICTION; NO_ANSWER", "PARTIAL 1; NO_ANSWER", size=2009)
def an_answer_to_a_query_against_a_fill(choose: Choose) -> str:
    """An order in doubt is asked about, and the answer counts a fill that is told on another line."""
    with Arena(choose, _MANAGER, answer_within="1") as arena:
        arena.set_up(buy("o", "2"), arena.let_time_pass)
        told = _status(OrderState.PARTIALLY_FILLED, "1")
        # When it is asked anew, it tells of the execution as well.
        arena.race(venue=[told, filled("o", "e1"), told], line_2=[filled("o", "e1")])
        if arena.order("o").in_doubt:
            msg = "still in doubt"
            raise AssertionError(msg)
        return arena.end()
