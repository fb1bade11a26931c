"""A performance book told in words: fills, prices and payments, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Self

import attrs

from orderpit.model import events as e
from orderpit.model.account_events import CashMoved
from orderpit.model.commands import SubmitOrder
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Contingency, OrderType, Role, Side
from orderpit.model.lifecycle import create
from orderpit.model.link import Link
from orderpit.model.market import MarketData, Trade
from orderpit.model.numbers import multiply
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
        self.told: list[MarketData | e.OrderUpdate] = []
        self._times: list[int] = []
        self._sequence = 0

    def after(self, seconds: int) -> Self:
        self.now = START + seconds * SECOND
        return self

    def price(self, price: str | Decimal, symbol: str = BTC) -> Self:
        return self.market(Trade(symbol, price=price))

    def market(self, data: MarketData) -> Self:
        self.book.on_market_data(data, self.now)
        self._keep(data)
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
        update = e.OrderUpdate(self._sequence, event, order)
        self.book.on_update(update)
        self._keep(update)
        return self

    def _keep(self, message: MarketData | e.OrderUpdate) -> None:
        self.told.append(message)
        self._times.append(self.now)

    def fills(self) -> list[tuple[e.OrderFilled, Order]]:
        """The executions that stand, as they stand."""
        standing: dict[str, tuple[e.OrderFilled, Order]] = {}
        for update in self.told:
            if isinstance(update, e.OrderUpdate) and update.order is not None:
                match update.event:
                    case e.OrderFilled(fill=fill):
                        standing[fill.execution_id] = update.event, update.order
                    case e.FillBusted(fill=fill):
                        del standing[fill.execution_id]
                    case e.FillCorrected(fill=fill):
                        standing[fill.execution_id] = (
                            attrs.evolve(standing[fill.execution_id][0], fill=fill),
                            update.order,
                        )
                    case _:
                        pass
        return list(standing.values())

    def restate(self, place: int, *, busts: bool) -> Self:
        """Bust one of the executions that stand, or double its price."""
        if standing := self.fills():
            filled, order = standing[place % len(standing)]
            was, now = filled.fill, self.now
            is_now = attrs.evolve(was, price=multiply(was.price, Decimal(2)))
            restated: e.Event = (
                e.FillBusted(time_ns=now, source="", order_id="o", fill=was)
                if busts
                else e.FillCorrected(time_ns=now, source="", order_id="o", replaced=was, fill=is_now)
            )
            self.tell(restated, order)
        return self

    def anew(self, other: Ledger) -> Ledger:
        """Tell another what stands now, as if nothing else had ever been told."""
        standing = {filled.fill.execution_id: filled for filled, _ in self.fills()}
        for time_ns, message in zip(self._times, self.told, strict=True):
            other.now = time_ns
            if not isinstance(message, e.OrderUpdate):
                other.market(message)
            elif isinstance(message.event, e.OrderFilled):
                if (filled := standing.get(message.event.fill.execution_id)) is not None:
                    other.tell(filled, message.order)
            elif isinstance(message.event, CashMoved):
                other.tell(message.event, None)
        return other

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
