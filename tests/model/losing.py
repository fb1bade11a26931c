"""Losses told in words: fills, prices and refusals, one after the other."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from orderpit.model import events as e
from orderpit.model.checking import Scope
from orderpit.model.conversion import Conversion
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Reason, Side
from orderpit.model.limits import RiskLimits, Rule
from orderpit.model.loss_checks import LossChecks
from orderpit.model.market import Trade
from orderpit.model.numbers import plain
from orderpit.model.portfolio import PortfolioBook
from orderpit.model.profits import DAY_NS
from orderpit.model.reports import Fill
from orderpit.model.tripping import Reading, Tripping
from orderpit.model.values import changed

from .ledger import BTC, ETH, EUR, INSTRUMENTS, an_order

SECOND = 1_000_000_000
MIDNIGHT = 19_700 * DAY_NS
NOON = MIDNIGHT + DAY_NS // 2
ALL = tuple(
    Scope(strategy, symbol) for strategy in ("", "a", "b", "c") for symbol in ("", BTC, ETH, EUR, "EUR/USDT", "X/USDT")
)
ACCOUNT = Scope()


class Losses:
    """Tells the checks, and a portfolio the same; the time is NOON of a day until at() moves it."""

    def __init__(
        self,
        limits: RiskLimits | None = None,
        *rules: Rule,
        currency: str | None = "USDT",
        hedged: bool = False,
        margin: Reading | None = None,
    ) -> None:
        instruments: dict[str, Instrument] = INSTRUMENTS
        self.now = NOON
        self.margin = margin
        self.conversion = Conversion(instruments)
        self.checks = LossChecks(instruments, self.conversion, currency, hedged=hedged)
        self.checks.held_to(limits or RiskLimits())
        given = None if margin is None else (lambda: self.margin or (None, Decimal(0)))
        self.tripping = Tripping(rules, self.checks, given)
        self.portfolio = PortfolioBook(instruments)
        self._sequence = 0

    def at(self, now: int) -> Self:
        self.now = now
        return self

    def price(self, price: str, symbol: str = BTC) -> Self:
        trade = Trade(symbol, price=price, time_ns=self.now)
        self.checks.on_time(self.now)
        self.conversion.on_market_data(trade)
        self.checks.on_market_data(trade)
        self.portfolio.on_market_data(trade)
        return self

    def fill(self, words: str, strategy: str = "a", symbol: str = BTC, *, reduce_only: bool = False) -> Fill:
        """`buy 2 @ 100 fee 0.2 BNB`; a fee is in USDT unless told."""
        side, quantity, _, price, *rest = words.split()
        currency = rest[2] if len(rest) > 2 else "USDT"
        fee = rest[1] if rest else "0"
        fill = _fill(f"E-{self._sequence}", quantity, price, fee, currency)
        order = an_order(strategy, Side(side.upper()), symbol, reduce_only=reduce_only)
        self.tell(e.OrderFilled(time_ns=self.now, source="", order_id="o", fill=fill), order)
        return fill

    def fills(self, *words: str, strategy: str = "a", symbol: str = BTC) -> Self:
        for each in words:
            self.fill(each, strategy, symbol)
        return self

    def bust(self, side: Side, fill: Fill, strategy: str = "a", symbol: str = BTC) -> Self:
        event = e.FillBusted(time_ns=self.now, source="", order_id="o", fill=fill)
        return self.tell(event, an_order(strategy, side, symbol))

    def correct(self, side: Side, fill: Fill, price: str, strategy: str = "a", symbol: str = BTC) -> Fill:
        corrected = changed(fill, price=Decimal(price))
        event = e.FillCorrected(time_ns=self.now, source="", order_id="o", replaced=fill, fill=corrected)
        self.tell(event, an_order(strategy, side, symbol))
        return corrected

    def sent(self, order_id: str, strategy: str = "a") -> Self:
        return self._said(e.OrderSubmitted, order_id, strategy, client_order_id=order_id)

    def denied(self, order_id: str, reason: Reason = Reason.MAX_LONG, strategy: str = "a") -> Self:
        return self._said(e.OrderDenied, order_id, strategy, reason=reason, text="")

    def rejected(self, order_id: str, strategy: str = "a") -> Self:
        return self._said(e.OrderRejected, order_id, strategy, reason=Reason.VENUE, text="")

    def _said(self, kind: type, order_id: str, strategy: str, **fields: object) -> Self:
        order = changed(an_order(strategy, Side.BUY, BTC), order_id=order_id)
        return self.tell(kind(time_ns=self.now, source="", order_id=order_id, **fields), order)

    def tell(self, event: e.Event, order: object) -> Self:
        self._sequence += 1
        update = e.OrderUpdate(self._sequence, event, order)  # type: ignore[arg-type]
        take = self.checks.after(update)
        if take is not None:
            take()
        self.portfolio.on_update(update)
        return self

    # -- what is seen

    def profit(self, scope: Scope = ACCOUNT) -> str:
        return _told(self.checks.profits.profit(scope))

    def loss(self, scope: Scope = ACCOUNT, now: int | None = None) -> str:
        return _told(self.checks.profits.daily_loss(scope, self.now if now is None else now))

    def fall(self, scope: Scope = ACCOUNT) -> str:
        return _told(self.checks.profits.fall(scope))

    def row(self, scope: Scope = ACCOUNT) -> int:
        return self.checks.streaks.of(scope)

    def tripped(self) -> list[str]:
        return [tripped.text for tripped in self.tripping.tripped(self.now)]


def watched(**more: object) -> Losses:
    """Every figure of every scope is kept."""
    losses = Losses(**more)  # type: ignore[arg-type]
    losses.checks.always_watch(ALL, ALL)
    return losses


def _fill(execution_id: str, quantity: str, price: str, fee: str, currency: str) -> Fill:
    return Fill(execution_id=execution_id, quantity=quantity, price=price, fee=fee, fee_currency=currency)


def _told(value: Decimal | None) -> str:
    return "unknown" if value is None else plain(value)
