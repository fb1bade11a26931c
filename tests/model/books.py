"""A portfolio book told in words: fills, busts, prices and payments of several strategies, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Self

import attrs

from orderpit.model import events as e
from orderpit.model.account import CostBasis, Currency
from orderpit.model.account_events import CashMoved
from orderpit.model.commands import SubmitOrder
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Contingency, OrderType, Role, Side
from orderpit.model.lifecycle import create
from orderpit.model.link import Link
from orderpit.model.market import Trade
from orderpit.model.numbers import plain
from orderpit.model.order import Order
from orderpit.model.portfolio import PortfolioBook
from orderpit.model.portfolio_snapshot import PortfolioFigures, PortfolioSnapshot
from orderpit.model.reports import Fill

BTC, ETH = "BTC/USDT", "ETH/USDT"
INSTRUMENTS = {s: Instrument(s, price_increment="0.01", quantity_increment="0.01") for s in (BTC, ETH)}
OPENING = {"USDT": Decimal(10_000)}


@attrs.frozen(kw_only=True)
class Terms:
    """Of whom an order is, and what it may do."""

    order_id: str
    side: Side
    strategy: str = "a"
    symbol: str = BTC
    reduce_only: bool = False
    role: Role | None = None

    def order(self) -> Order:
        """The order, as far as the book looks at it."""
        terms = SubmitOrder(
            self.symbol, self.side, OrderType.MARKET, "1", order_id=self.order_id, reduce_only=self.reduce_only
        )
        link = None if self.role is None else Link(group_id="g", contingency=Contingency.BRACKET, role=self.role)
        head = {"time_ns": 0, "source": "", "order_id": self.order_id}
        return create(e.OrderCreated(**head, strategy_id=self.strategy, terms=terms, link=link))


class Books:
    """Tells a book; its orders are `o-1`, `o-2`, ... and their executions `x-1`, `x-2`, ... unless told."""

    def __init__(
        self,
        cost_basis: CostBasis = "average",
        *,
        hedged: bool = False,
        currencies: tuple[Currency, ...] = (),
        cash: Mapping[str, Decimal] = OPENING,
    ) -> None:
        by_code = {one.code: one for one in currencies}
        self.book = PortfolioBook(INSTRUMENTS, cash, cost_basis=cost_basis, hedged=hedged, currencies=by_code)
        self.fills: list[tuple[Order, Fill]] = []

    def fill(self, words: str, strategy: str = "a", order_id: str | None = None, **terms) -> Self:
        """`buy 2 @ 100 fee 0.2 BNB`; a fee is in USDT unless told."""
        side, quantity, _, price, *rest = words.split()
        number = len(self.fills) + 1
        fill = Fill(
            execution_id=f"x-{number}",
            quantity=quantity,
            price=price,
            fee=rest[1] if rest else "0",
            fee_currency=rest[2] if len(rest) > 2 else "USDT",
        )
        of = Terms(order_id=order_id or f"o-{number}", side=Side(side.upper()), strategy=strategy, **terms)
        return self.execute(of.order(), fill)

    def execute(self, order: Order, fill: Fill) -> Self:
        """Book an execution."""
        self.fills.append((order, fill))
        return self.tell(e.OrderFilled(time_ns=0, source="", order_id=order.order_id, fill=fill), order)

    def bust(self, order: Order, fill: Fill) -> Self:
        """Take an execution back."""
        return self.tell(e.FillBusted(time_ns=0, source="", order_id=order.order_id, fill=fill), order)

    def correct(self, order: Order, replaced: Fill, fill: Fill) -> Self:
        """Put another execution in the place of one."""
        head = {"time_ns": 0, "source": "", "order_id": order.order_id}
        return self.tell(e.FillCorrected(**head, replaced=replaced, fill=fill), order)

    def pay(self, amount: str, currency: str = "USDT") -> Self:
        """Pay in, or out."""
        moved = CashMoved(time_ns=0, source="", transfer_id="t", currency=currency, amount=Decimal(amount), text="")
        return self.tell(moved, None)

    def price(self, price: str | Decimal, symbol: str = BTC) -> Self:
        """Set a mark."""
        self.book.on_market_data(Trade(symbol, price=price))
        return self

    def tell(self, event: e.Event, order: Order | None) -> Self:
        """Hand it one entry of the stream."""
        self.book.on_update(e.OrderUpdate(self.book.sequence + 1, event, order))
        return self

    def seen(self, strategy: str | None = None) -> PortfolioSnapshot:
        """The snapshot, without the sequence: that is of how it was told."""
        return attrs.evolve(self.book.snapshot(strategy), sequence=0)


def figures(of: PortfolioFigures, currency: str = "USDT", symbol: str = BTC) -> dict[str, str]:
    """What is there, but for what is zero, as one would write it."""
    position = of.positions.get(symbol)
    amounts = {
        "cash": of.cash,
        "realised": of.realised_pnl,
        "unrealised": of.unrealised_pnl,
        "fees": of.fees,
        "equity": of.equity,
        "deposits": of.deposits,
        "rounding": of.rounding,
        "crossed": of.crossed,
    }
    shown = {name: plain(by[currency]) for name, by in amounts.items() if by.get(currency)}
    for name in ("long", "short"):
        held = None if position is None else getattr(position, name)
        if held is not None and held.quantity:
            shown[name] = f"{plain(held.quantity)} for {plain(held.cost)}"
    return shown
