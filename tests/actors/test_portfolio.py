"""The portfolio's actor: two books of one stream, and what it answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from builders import S, event, fill, order_in
from helpers import NOW, Collector, Desk, quote

from orderpit import Instrument, OrderUpdate
from orderpit.actors.messages import GetPerformance, GetPortfolio, ResendUpdates
from orderpit.actors.portfolio import Portfolio
from orderpit.model import events as e
from orderpit.model.performance_book import PerformanceBook
from orderpit.model.portfolio import PortfolioBook

BTC = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.01")
CASH = {"USDT": Decimal(1000)}


class Stumbling(PortfolioBook):
    """Fails at the first entry, and at no other."""

    stumbled = False

    def on_update(self, update: Any) -> None:
        if not self.stumbled:
            self.stumbled = True
            raise ZeroDivisionError
        super().on_update(update)


def filled() -> OrderUpdate:
    """4 at 100, a fee of 1."""
    return OrderUpdate(1, event(e.OrderFilled, fill=fill()), order_in(S.PARTIALLY_FILLED))


def told(desk: Desk, book: type[PortfolioBook]) -> tuple[Portfolio, Collector]:
    manager = Collector()
    books = book({BTC.symbol: BTC}, CASH), PerformanceBook({BTC.symbol: BTC}, CASH, "USDT")
    return desk.make(Portfolio, Collector(), manager, Collector(), *books), manager


def test_both_books_are_told_of_prices_and_fills(desk: Desk) -> None:
    actor, _ = told(desk, PortfolioBook)
    actor.on_receive(quote("109", "111", time_ns=NOW))
    actor.on_receive(filled())
    portfolio, performance = actor.answer(GetPortfolio()), actor.answer(GetPerformance())
    # 1000 - 400 - 1 + 4 * 110.
    assert [portfolio.equity["USDT"], performance.equity] == [1039, 1039]
    assert [actor.answer(GetPerformance(who)).net_profit for who in ("strategy", "another")] == [39, 0]


def test_an_entry_that_one_book_could_not_fold_is_folded_once_by_both(desk: Desk) -> None:
    actor, manager = told(desk, Stumbling)
    actor.on_receive(quote("109", "111", time_ns=NOW))
    actor.on_receive(filled())
    assert [type(message) for message in manager.messages] == [ResendUpdates]
    actor.on_receive(filled())
    portfolio, performance = actor.answer(GetPortfolio()), actor.answer(GetPerformance())
    assert [portfolio.equity["USDT"], performance.equity, performance.turnover] == [1039, 1039, 400]
