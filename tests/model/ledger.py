"""A performance book told in words: fills, prices and payments, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Self

from orderpit.model import events as e
from orderpit.model.account_events import CashMoved
from orderpit.model.commands import SubmitOrder
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Contingency, OrderType, Role, Side
from orderpit.model.lifecycle import create
from orderpit.model.link import Link
from orderpit.model.market import MarketData, Trade
from orderpit.model.order import Order
from orderpit.model.performance import Performance
from orderpit.model.performance_book import PerformanceBook
from orderpit.model.reports import Fill

BTC, ETH, EUR = "BTC/USDT", "ETH/USDT", "BTC/EUR"
START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
INSTRUMENTS = {
    symbol: Instrument(symbol, price_increment="0.01", quantity_increment="0.01")
    for symbol in (BTC, ETH, EUR, "EUR/USDT", "BNB/USDT")
}


def an_order(strategy: str, side: Side, symbol: str, *, reduce_only: bool = False, role: Role | None = None) -> Order:
    terms = SubmitOrder(symbol, side, OrderType.MARKET, "1", order_id="o", reduce_only=reduce_only)
    link = None if role is None else Link(group_id="g", contingency=Contingency.BRACKET, role=role)
    return create(e.OrderCreated(time_ns=START, source="", order_id="o", strategy_id=strategy, terms=terms, link=link))


class Ledger:
    """Tells a book; its clock stands at START until after() moves it."""

    def __init__(
        self,
        cash: Mapping[str, str] | None = None,
        currency: str | None = "USDT",
        *,
        hedged: bool = False,
        most_samples: int = 1_440,
    ) -> None:
        opening = None if cash is None else {code: Decimal(amount) for code, amount in cash.items()}
        self.book = PerformanceBook(INSTRUMENTS, opening, currency, hedged=hedged, most_samples=most_samples)
        self.now = START
        self._sequence = 0

    def after(self, seconds: int) -> Self:
        self.now = START + seconds * SECOND
        return self

    def price(self, price: str | Decimal, symbol: str = BTC) -> Self:
        return self.market(Trade(symbol, price=price))

    def market(self, data: MarketData) -> Self:
        self.book.on_market_data(data, self.now)
        return self

    def fill(
        self, words: str, strategy: str = "a", symbol: str = BTC, *, reduce_only: bool = False, role: Role | None = None
    ) -> Self:
        """`buy 2 @ 100 fee 0.2 BNB`; a fee is in USDT unless told."""
        side, quantity, _, price, *rest = words.split()
        currency = rest[2] if len(rest) > 2 else "USDT"
        self._sequence += 1
        fill = Fill(
            execution_id=f"E-{self._sequence}",
            quantity=quantity,
            price=price,
            fee=rest[1] if rest else "0",
            fee_currency=currency,
        )
        order = an_order(strategy, Side(side.upper()), symbol, reduce_only=reduce_only, role=role)
        return self.tell(e.OrderFilled(time_ns=self.now, source="", order_id="o", fill=fill), order)

    def tell(self, event: e.Event, order: Order | None) -> Self:
        self._sequence = max(self._sequence, self.book.sequence + 1)
        self.book.on_update(e.OrderUpdate(self._sequence, event, order))
        return self

    def pay(self, amount: str, currency: str = "USDT") -> Self:
        moved = CashMoved(
            time_ns=self.now, source="", transfer_id="t", currency=currency, amount=Decimal(amount), text=""
        )
        return self.tell(moved, None)

    def seen(self, strategy: str | None = None) -> Performance:
        return self.book.performance(strategy)


def figures(performance: Performance, *names: str) -> dict[str, object]:
    """The named figures as JSON has them."""
    told = performance.to_dict()
    return {name: told[name] for name in names}
