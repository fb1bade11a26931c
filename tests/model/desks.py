"""Risk and the order manager joined by hand, with a clock that a test sets."""

from __future__ import annotations

from itertools import count

from orderpit.model import reports as r
from orderpit.model.blotter import Blotter
from orderpit.model.commands import Approved, ChangeLimits, Denied, SubmitOrder
from orderpit.model.gate import Hold
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import OrderType, Side
from orderpit.model.limits import RiskLimits
from orderpit.model.market import Quote
from orderpit.model.risk import RiskBook
from orderpit.model.values import changed

from .builders import NOW, fill, report

SECOND = 1_000_000_000
TICK = {"price_increment": "0.01", "quantity_increment": "0.001"}


class TimedDesk:
    """Each update reaches risk before the next command is judged; times are nanoseconds after the desk was opened."""

    def __init__(self, limits: RiskLimits, *instruments: Instrument, priced: bool = True, **risk):
        known = instruments or (Instrument("BTC/USDT", **TICK), Instrument("ETH/USDT", **TICK))
        self.risk = RiskBook({one.symbol: one for one in known}, limits, **{"currency": "USDT"} | risk)
        hedged = risk.get("hedged", False)
        self.blotter = Blotter((f"m-{number}" for number in count(1)).__next__, hedged=hedged)
        self.followers = [self.risk.on_update]
        self.executions = count(1)
        self.now = NOW
        for one in known if priced else ():
            self.tell(Quote(one.symbol, bid="99", ask="101"))

    def tell(self, data) -> None:
        self.risk.on_market_data(changed(data, time_ns=self.now))

    def limit(self, limits: RiskLimits) -> None:
        self.risk.change_limits(ChangeLimits(limits), self.now)

    def ask(self, command, *, at: int | None = None) -> Approved | Denied:
        self.now = self.now if at is None else NOW + at
        command = changed(command, source=command.source or "s")
        judged = self.risk.decide(command, self.now)
        self.risk.commit(judged)
        self._take(self.blotter.decide_command(judged, self.now))
        return judged

    def said(self, command, *, at: int | None = None) -> str:
        judged = self.ask(command, at=at)
        return "approved" if isinstance(judged, Approved) else f"{judged.refusal.reason.value}: {judged.refusal.text}"

    def report(self, kind, order_id: str, **fields) -> None:
        self._take(self.blotter.decide_report(report(kind, client_order_id=order_id, **fields), self.now))

    def fact(self, fact) -> None:
        """Have a fact of risk's recorded, and told to it."""
        self._take(self.blotter.decide_fact(fact, self.now))

    def trip(self, hold: Hold) -> None:
        """Have the order manager trip, as it does for a person who asks both."""
        self._take(self.blotter.decide_trip(hold, "", self.now))

    def filled(self, order_id: str, quantity: str, **terms) -> None:
        order = self.blotter.order(order_id)
        executed = fill(f"x{next(self.executions)}", quantity, **{"fee": "0"} | terms)
        self.report(r.VenueFilled, order_id, symbol=order.symbol, side=order.side, fill=executed)

    def _take(self, outcome) -> None:
        outcome = self.blotter.followed(outcome, self.now)
        self.blotter.commit(outcome, 0)
        for update in outcome.updates:
            for follow in self.followers:
                follow(update)


def order(side: Side, order_id: str, price: str | None = "100", quantity: str = "1", **terms) -> SubmitOrder:
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    if "stop_price" in terms:
        kind = OrderType.STOP if price is None else OrderType.STOP_LIMIT
    return SubmitOrder(terms.pop("symbol", "BTC/USDT"), side, kind, quantity, price=price, order_id=order_id, **terms)


def buy(order_id: str, price: str | None = "100", quantity: str = "1", **terms) -> SubmitOrder:
    return order(Side.BUY, order_id, price, quantity, **terms)


def sell(order_id: str, price: str | None = "100", quantity: str = "1", **terms) -> SubmitOrder:
    return order(Side.SELL, order_id, price, quantity, **terms)


def group(command, group_id: str = "g"):
    orders = tuple(
        changed(one, order_id=one.order_id or f"{group_id}-{at}", source="s") for at, one in enumerate(command.orders)
    )
    return changed(command, orders=orders, group_id=group_id, source="s")
