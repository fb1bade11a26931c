"""What is held, by risk, by the order manager and in the portfolio: the same after any executions, however restated."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.kinds import Side
from orderpit.model.limits import RiskLimits
from orderpit.model.portfolio import PortfolioBook
from orderpit.model.positions import Held, Positions
from orderpit.model.records import EXTERNAL

from .builders import S, event, fill, order_in
from .desks import TimedDesk, order

SYMBOL = "BTC/USDT"
STRATEGIES = "ab"


class Books:
    """Risk, the order manager and the portfolio, which all follow the same stream."""

    def __init__(self, *, hedged: bool) -> None:
        self.desk = TimedDesk(RiskLimits(), hedged=hedged)
        self.portfolio = PortfolioBook({}, hedged=hedged)
        self.desk.followers.append(self.portfolio.on_update)
        self.executed: list[tuple[str, Side, str]] = []

    def ask(self, strategy_id: str, side: Side, *, reduce_only: bool = False) -> str:
        order_id = f"o{self.desk.blotter.sequence}"
        command = order(side, order_id, quantity="3", reduce_only=reduce_only, source=strategy_id)
        self.desk.ask(command)
        return order_id

    def fill(self, order_id: str, side: Side, lots: int) -> None:
        execution_id = f"x{len(self.executed)}"
        self.executed.append((order_id, side, execution_id))
        self.desk.report(r.VenueFilled, order_id, side=side, fill=fill(execution_id, str(lots)))

    def bust(self, at: int) -> None:
        order_id, _, execution_id = self.executed[at]
        self.desk.report(r.VenueFillBusted, order_id, execution_id=execution_id)

    def correct(self, at: int, lots: int) -> None:
        order_id, _, execution_id = self.executed[at]
        self.desk.report(r.VenueFillCorrected, order_id, fill=fill(execution_id, str(lots)))

    def held(self, strategy_id: str) -> tuple[Decimal, Decimal]:
        """What all three say, long and short."""
        key = strategy_id, SYMBOL
        at_risk, at_manager = self.desk.risk.exposures.of(key), vars(self.desk.blotter)["_positions"].of(key)
        position = self.portfolio.snapshot().strategies.get(strategy_id)
        known = position is not None and SYMBOL in position.positions
        one = position.positions[SYMBOL] if known else None
        booked = (one.long.quantity, one.short.quantity) if one is not None else (0, 0)
        assert (at_risk.long, at_risk.short) == (at_manager.long, at_manager.short) == booked
        return booked


@pytest.mark.parametrize("taken_back", [True, False], ids=["busted", "corrected to less"])
def test_once_what_was_closed_is_taken_back_what_closed_it_has_opened_its_own_side(taken_back):
    books = Books(hedged=True)
    bought = books.ask("a", Side.BUY)
    books.fill(bought, Side.BUY, 2)
    sold = books.ask("a", Side.SELL, reduce_only=True)
    books.fill(sold, Side.SELL, 3)
    assert books.held("a") == (0, 1)  # 2 are closed, and 1 was sold beyond them
    if taken_back:
        books.bust(0)
        assert books.held("a") == (0, 3)
    else:
        books.correct(0, 1)
        assert books.held("a") == (0, 2)


def test_what_was_sold_beyond_is_taken_back_without_a_trace():
    books = Books(hedged=True)
    books.fill(books.ask("a", Side.BUY), Side.BUY, 2)
    books.fill(books.ask("a", Side.SELL, reduce_only=True), Side.SELL, 3)
    books.bust(1)
    assert books.held("a") == (2, 0)


DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("asks"), st.sampled_from(STRATEGIES), st.sampled_from(Side), st.booleans()),
        st.tuples(st.just("fills"), st.integers(0, 5), st.integers(1, 4)),
        st.tuples(st.just("busts"), st.integers(0, 8)),
        st.tuples(st.just("corrects"), st.integers(0, 8), st.integers(1, 4)),
    ),
    max_size=16,
)


@pytest.mark.parametrize("hedged", [False, True], ids=["netted", "hedged"])
@settings(max_examples=200, deadline=None)
@given(deeds=DEEDS)
def test_risk_the_order_manager_and_the_portfolio_hold_the_same_after_any_fills_busts_and_corrections(hedged, deeds):
    books, orders = Books(hedged=hedged), [("nobodys", Side.SELL)]
    for deed, *facts in deeds:
        match deed, facts:
            case "asks", (strategy_id, side, reduce_only):
                orders.append((books.ask(strategy_id, side, reduce_only=reduce_only), side))
            case "fills", (number, lots):
                books.fill(*orders[-1 - number % len(orders)], lots)
            case "busts", (number,) if books.executed:
                books.bust(-1 - number % len(books.executed))
            case "corrects", (number, lots) if books.executed:
                books.correct(-1 - number % len(books.executed), lots)
            case _:
                pass
        for strategy_id in (*STRATEGIES, EXTERNAL):
            books.held(strategy_id)


def test_an_execution_that_was_never_booked_cannot_be_taken_back():
    positions, closing = Positions(hedged=True), event(e.OrderFilled, fill=fill("x-2"))
    moved = positions.after(closing, order_in(S.OPEN, closing))
    assert moved is not None
    positions.take_over(moved)
    with pytest.raises(ValueError, match="execution x-1 of o-1 was never booked"):
        positions.after(event(e.FillBusted), order_in(S.OPEN))
    assert positions.of(moved.key) == Held(long=Decimal(4))


def test_a_symbol_is_summed_over_strategies_net_and_of_both_sides_together():
    books = Books(hedged=True)
    for strategy_id, side, lots in (("a", Side.BUY, 2), ("a", Side.SELL, 1), ("b", Side.SELL, 4)):
        books.fill(books.ask(strategy_id, side), side, lots)
    positions: Positions = vars(books.desk.blotter)["_positions"]
    assert (positions.net_of(SYMBOL), dict(positions.gross())) == (-3, {SYMBOL: 7})  # 2 - 1 - 4, 2 + 1 + 4
    books.bust(2)
    assert (positions.net_of(SYMBOL), dict(positions.gross())) == (1, {SYMBOL: 3})
