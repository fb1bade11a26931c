"""A desk whose every entry is kept, and the next life of it, which knows nothing but these entries."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any, Self

from orderpit.model import events as e
from orderpit.model.commands import ChangeLimits, MoveCash
from orderpit.model.gate import Hold
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Action, Trip
from orderpit.model.limits import RiskLimits
from orderpit.model.market import Quote
from orderpit.model.order_view import OrderView
from orderpit.model.portfolio import PortfolioBook
from orderpit.model.reconciler import Reconciler
from orderpit.model.records import Outcome
from orderpit.model.tripping import Tripped
from orderpit.model.values import changed

from .desks import TICK, TimedDesk

SYMBOLS = ("BTC/USDT", "ETH/USDT")
INSTRUMENTS = {symbol: Instrument(symbol, **TICK) for symbol in SYMBOLS}
CASH = {"USDT": Decimal(100_000)}
UNLIMITED = RiskLimits()


class Ids:
    """A source of ids that can be set to where it has been."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return f"m-{self.count}"


class Life(TimedDesk):
    """Risk, the record, the portfolio and the view of one life; each entry reaches all of them."""

    def __init__(
        self,
        limits: RiskLimits = UNLIMITED,
        *,
        amends: bool = True,
        answer_within_ns: int | None = None,
        **risk: Any,
    ) -> None:
        self.settings = {"limits": limits, "amends": amends, "answer_within_ns": answer_within_ns, **risk}
        hedged = risk.get("hedged", False)
        super().__init__(limits, *INSTRUMENTS.values(), priced=False, **{"cash": CASH} | risk)
        self.ids = Ids()
        self.blotter = Reconciler(
            self.ids, answer_within_ns, amends=amends, instruments=INSTRUMENTS, hedged=hedged, lists=True
        )
        self.risk.gate = changed(self.risk.gate, amends=amends)
        self.portfolio = PortfolioBook(INSTRUMENTS, CASH, hedged=hedged)
        self.view = OrderView(1_000)
        self.updates: list[e.OrderUpdate] = []
        self.followers += [self.portfolio.on_update, self.view.on_update, self.updates.append]
        self.quotes: dict[str, Quote] = {}
        # The last entry of each decision: those of one are recorded together, or not at all.
        self.ends = [0]
        # What was known once each decision had been taken over, by its last entry, where that is wanted.
        self.pictures: dict[int, Mapping[str, Any]] | None = None

    def recovered(self, until: int | None = None, elapsed_ns: int = 0, **settings: Any) -> Self:
        """Return the next life, which knows the entries so far, or up to one, and no prices."""
        other = type(self)(**self.settings | settings)
        other.now = self.now
        behind: list[e.OrderUpdate | None] = [*self.updates, None]
        for update, after in list(pairwise(behind))[:until]:
            assert update is not None
            is_denied = after is not None and isinstance(after.event, e.OrderDenied)
            other.blotter.recover(update, elapsed_ns)
            other.risk.recover(update, denied=is_denied and isinstance(update.event, e.OrderCreated))
            other.portfolio.on_update(update)
            other.view.on_update(update)
            other.updates.append(update)
        return other

    # -- what happens

    def price(self, *quotes: tuple[str, str]) -> Self:
        """Have a bid and an ask in each symbol."""
        for symbol, (bid, ask) in zip(SYMBOLS, quotes or (("99", "101"),) * 2, strict=False):
            self.tell(Quote(symbol, bid=bid, ask=ask))
        return self

    def priced_as(self, other: Life) -> Self:
        """Have the latest prices of another life."""
        for quote in other.quotes.values():
            self.tell(quote)
        return self

    def tell(self, data: Quote) -> None:
        """Have a price, and whatever trips by it."""
        super().tell(data)
        self.portfolio.on_market_data(data)
        self.quotes[data.symbol] = data
        for tripped in self.risk.tripped(self.now):
            self._put_in_force(tripped)

    def pay(self, amount: str, transfer_id: str, currency: str = "USDT") -> e.Event | None:
        """Pay in, or out, as a person asks; return what is recorded."""
        command = MoveCash(currency, amount, transfer_id=transfer_id, time_ns=self.now, source="person")
        fact = self.risk.move_cash(command, self.now)
        if fact is not None:
            self.fact(fact)
        return fact

    def bound(self, limits: RiskLimits) -> None:
        """Put other limits in force."""
        self.fact(self.risk.change_limits(ChangeLimits(limits, source="person"), self.now))

    def halt(self, strategy_id: str = "", action: Action = Action.HALT, trip: Trip = Trip.PERSON) -> None:
        """Trip, as a person or a rule does: risk hears of it first."""
        hold = Hold(action, trip, "enough")
        self.risk.gate = self.risk.gate.tripped(hold, strategy_id)
        self._take(self.blotter.decide_trip(hold, strategy_id, self.now))

    def resume(self, strategy_id: str = "") -> None:
        """Resume, as a person does."""
        self.risk.gate = self.risk.gate.opened(strategy_id)
        self.risk.resumed(strategy_id)
        self._take(self.blotter.decide_resume(strategy_id, self.now))

    def hear(self, outcome: Outcome) -> Outcome:
        """Take over what was decided elsewhere."""
        self._take(outcome)
        return outcome

    def _take(self, outcome: Outcome) -> None:
        outcome = self.blotter.followed(outcome, self.now)
        self.blotter.commit(outcome, 0)
        tripped: list[Tripped] = []
        for update in outcome.updates:
            for follow in self.followers:
                follow(update)
            tripped += self.risk.tripped(self.now)
        self.ends.append(self.blotter.sequence)
        if self.pictures is not None:
            self.pictures[self.blotter.sequence] = self.known()
        for one in tripped:
            self._put_in_force(one)

    def _put_in_force(self, tripped: Tripped) -> None:
        rule, hold = tripped.rule, Hold(tripped.rule.action, tripped.rule.on, tripped.text)
        self.risk.gate = self.risk.gate.tripped(hold, rule.strategy)
        self._take(self.blotter.decide_trip(hold, rule.strategy, self.now))

    # -- what is known

    def known(self) -> Mapping[str, Any]:
        """Return what is known, by what it is; to be compared after the same prices."""
        blotter, risk = self.blotter, self.risk
        own = {order.strategy_id for order in blotter.orders()}
        return {
            "sequence": blotter.sequence,
            "orders": {order.order_id: order for order in blotter.orders()},
            "groups": list(blotter.groups),
            "holds": [sorted(map(repr, gate.holds)) for gate in (blotter.gate, risk.gate)],
            "clearings": [sorted(gate.clearings) for gate in (blotter.gate, risk.gate)],
            "positions": {symbol: net for symbol, net in blotter.net_positions().items() if net},
            "exposures": {key: one for key, one in risk.exposures.all().items() if one.size or one.position},
            "reserved": {currency: amount for currency, amount in risk.reserved.items() if amount},
            "limits": risk.limits,
            "account": risk.account(blotter.sequence),
            "paid": dict(risk.funds.paid),
            "portfolio": [self.portfolio.snapshot(None), *(self.portfolio.snapshot(name) for name in sorted(own))],
            "statistics": self.view.statistics.to_dict(),
            "viewed": self.view.select(),
            "entries": self.view.newest(None),
        }


def assert_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    """Compare what is known, thing by thing."""
    assert list(one) == list(other)
    for name, found in one.items():
        assert found == other[name], name
