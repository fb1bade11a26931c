"""How the account and each strategy have done, as a fold of updates and prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from . import events as e
from .account_events import CashMoved
from .booking import entries, quote_of
from .capital import Capital
from .conversion import Conversion
from .earning import Earnings, Executed, Sizes, Sums
from .equity_curve import MINUTE_NS, MOST_SAMPLES, EquityCurve
from .instrument import Instrument
from .market import MarketData
from .numbers import ZERO, add, magnitude, multiply, ratio, subtract
from .order import Order
from .performance import Performance, tidied
from .returns import sharpe_ratio, sortino_ratio
from .round_trips import Booked, Legs, RoundTrip, Tally, TripBook, closes

_YEAR_NS: Final = Decimal(365 * 24 * 60 * 60 * 1_000_000_000)


class PerformanceBook:
    """Everything that performance() is computed from.

    The equity is known at every mark, and drawdowns are those of all marks. A price changes what it is held for by
    quantity * change, so a price costs the same however much was traded.

    Args:
        instruments: by symbol.
        cash: opening balance by currency; None for none, and then there is no capital and nothing relative to it.
        currency: the account currency; None where there is none, and then money is not told.
        hedged: whether a long and a short position can be held in the same symbol.
        interval_ns: between the samples of the curves, at first.
        most_samples: how many there is room for.
        risk_free_rate: of a year, as a fraction, for the ratios.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        cash: Mapping[str, Decimal] | None = None,
        currency: str | None = None,
        *,
        hedged: bool = False,
        interval_ns: int = MINUTE_NS,
        most_samples: int = MOST_SAMPLES,
        risk_free_rate: Decimal = ZERO,
    ) -> None:
        self.sequence = 0
        self._instruments = instruments
        self._currency = currency
        self._hedged = hedged
        self._risk_free_rate = risk_free_rate
        self._conversion = Conversion(instruments)
        self._curve = EquityCurve(interval_ns, most_samples)
        self._time_ns = 0
        self._account = Earnings()
        self._strategies: dict[str, Earnings] = {}
        self._holders: dict[str, set[Earnings]] = {}
        # Who has had money in another currency than the account's: any price may change what that is worth.
        self._abroad: set[Earnings] = set()
        self._capital = Capital(cash or {})
        if currency is not None:
            self._settle(())

    def on_market_data(self, data: MarketData, now_ns: int) -> None:
        """Take over a price, at the system's time."""
        self._pass_time(now_ns)
        symbol = data.symbol
        before = self._conversion.price(symbol)
        self._conversion.on_market_data(data)
        price = self._conversion.price(symbol)
        if price == before:
            return
        holders: Iterable[Earnings] = self._holders.get(symbol, ())
        if holders:
            quote = quote_of(self._instruments, symbol)
            for earnings in holders:
                earnings.reprice(symbol, quote, before, price)
        if holders or self._abroad or self._capital.currencies - {self._currency}:
            self._settle(holders)

    def on_update(self, update: e.OrderUpdate) -> None:
        """Fold one entry of the stream; one that was folded before changes nothing."""
        if update.sequence <= self.sequence:
            return
        order, event = update.order, update.event
        self._pass_time(event.time_ns)
        changed: tuple[Earnings, ...] | None = None
        match event:
            case e.OrderFilled() if order is not None:
                changed = (self._fill(order, event, update.sequence),)
            case e.FillBusted() | e.FillCorrected() if order is not None:
                changed = (self._restate(order, event),)
            case CashMoved():
                self._capital.pay(event.currency, event.amount)
                changed = ()
            case _:
                pass
        # It is booked, whatever comes of finding out what it is worth, which the next one does again.
        self.sequence = update.sequence
        if changed is not None:
            self._settle(changed)

    def _pass_time(self, now_ns: int) -> None:
        if now_ns >= self._curve.due_ns:
            profits = tuple(earnings.profit for earnings in self._strategies.values())
            self._curve.take(now_ns, self._capital.sample(profits))
        self._time_ns = max(self._time_ns, now_ns)

    def _fill(self, order: Order, event: e.OrderFilled, sequence: int) -> Earnings:
        earnings = self._of(order)
        trips = self._trips(earnings, order.symbol)
        booked = Booked(sequence, order.order_id, order.side, closes(order, hedged=self._hedged), event.fill)
        legs, trip = trips.after(booked)
        executed = self._executed(order, event, trips, legs)
        stands = [(one, one.after(executed)) for one in (earnings, self._account)]
        recounts = [] if trip is None else [(one.tallies, one.tallies.after((trip,))) for one, _ in stands]
        # All is computed; nothing from here on can fail.
        trips.take_over(booked, legs, trip)
        self._take_over(order, executed, earnings, trips, stands)
        for tallies, after in recounts:
            tallies.take_over(after)
        return earnings

    def _restate(self, order: Order, event: e.FillBusted | e.FillCorrected) -> Earnings:
        earnings = self._of(order)
        trips = self._trips(earnings, order.symbol)
        after = trips.restated(order, event)
        executed = self._executed(order, event, trips, after.legs)
        stands = [(one, one.after(executed)) for one in (earnings, self._account)]
        since = after.sequence
        own = (*after.trips, *_trips_from(since, (earnings,), trips))
        everybody = (*after.trips, *_trips_from(since, self._strategies.values(), trips))
        recounts = [
            (tallies, tallies.after(ended, since))
            for tallies, ended in ((earnings.tallies, own), (self._account.tallies, everybody))
        ]
        # All is computed; nothing from here on can fail.
        trips.restate(after)
        self._take_over(order, executed, earnings, trips, stands)
        for tallies, recount in recounts:
            tallies.take_over(recount)
        return earnings

    def _executed(self, order: Order, event: e.OrderEvent, trips: TripBook, legs: Legs) -> Executed:
        change = subtract(legs.net, trips.legs.net)
        price = self._conversion.price(order.symbol)
        return Executed(order.symbol, trips.quote, order.side, entries(event), change, price)

    def _of(self, order: Order) -> Earnings:
        return self._strategies.get(order.strategy_id) or Earnings(self._capital.backing)

    def _trips(self, earnings: Earnings, symbol: str) -> TripBook:
        return earnings.trips.get(symbol) or TripBook(quote_of(self._instruments, symbol))

    def _take_over(
        self,
        order: Order,
        executed: Executed,
        earnings: Earnings,
        trips: TripBook,
        stands: Iterable[tuple[Earnings, Sums]],
    ) -> None:
        symbol = order.symbol
        self._strategies[order.strategy_id] = earnings
        earnings.trips[symbol] = trips
        holders = self._holders.setdefault(symbol, set())
        for one, sums in stands:
            one.take_over(executed, sums)
            if symbol in one.held:
                holders.add(one)
            else:
                holders.discard(one)
            if one.money.keys() - {self._currency}:
                self._abroad.add(one)

    def _settle(self, changed: Iterable[Earnings]) -> None:
        """Bring up to date what the account and these strategies have earned, and how far that has fallen."""
        currency, capital = self._currency, self._capital
        if currency is None:
            self._account.profit = None
            for earnings in self._strategies.values():
                earnings.profit = None
            return
        account = self._account
        account.value(self._conversion, currency)
        capital.value(self._conversion, currency, account.profit)
        if capital.equity is not None:
            account.falls.see(subtract(capital.equity, capital.paid_in))
        for earnings in self._abroad.union(changed) if self._abroad else changed:
            if earnings is not account:
                earnings.value(self._conversion, currency)
                if earnings.profit is not None:
                    earnings.falls.see(earnings.profit)
                    earnings.relative_falls.see(earnings.profit, capital.backing)

    def performance(self, strategy_id: str | None = None) -> Performance:
        """Return how the account has done, or one strategy; one that has not traded has earned nothing."""
        if strategy_id is None:
            return self._snapshot(None, self._account, self._of_account())
        earnings = self._strategies.get(strategy_id) or Earnings(self._capital.backing)
        if self._currency is None:
            earnings.profit = None
        return self._snapshot(strategy_id, earnings, self._of_strategy(strategy_id, earnings))

    def _of_account(self) -> dict[str, Any]:
        capital, falls = self._capital, self._account.falls
        equity = capital.equity
        returns = self._curve.returns()
        figures: dict[str, Any] = {
            "equity": equity,
            "curve": self._curve.points((sample.equity for sample in self._curve.samples), self._time_ns, equity),
            "total_return": capital.total_return(),
            "max_drawdown": falls.most,
            "max_drawdown_fraction": capital.falls.most,
            **self._ratios(returns),
        }
        if equity is not None:
            fallen = falls.fallen(subtract(equity, capital.paid_in))
            figures |= {
                "peak": add(equity, fallen),
                "drawdown": fallen,
                "drawdown_fraction": capital.falls.fraction(equity),
            }
        return figures

    def _of_strategy(self, strategy_id: str, earnings: Earnings) -> dict[str, Any]:
        place = [*self._strategies, strategy_id].index(strategy_id)
        profit, paid_in = earnings.profit, self._capital.paid_in
        levels = (sample.profit(place) for sample in self._curve.samples)
        figures: dict[str, Any] = {
            "curve": self._curve.points(levels, self._time_ns, profit),
            "max_drawdown": earnings.falls.most,
            "max_drawdown_fraction": earnings.relative_falls.most,
            **self._ratios(self._curve.strategy_returns(place)),
        }
        if profit is not None:
            is_known = self._capital.equity is not None and paid_in > ZERO
            figures |= {
                "peak": earnings.falls.peak,
                "drawdown": earnings.falls.fallen(profit),
                "drawdown_fraction": earnings.relative_falls.fraction(profit),
                "total_return": ratio(profit, paid_in) if is_known else None,
            }
        return figures

    def _ratios(self, returns: tuple[Decimal, ...]) -> dict[str, Any]:
        periods = ratio(_YEAR_NS, Decimal(self._curve.interval_ns))
        return {
            "sharpe": sharpe_ratio(returns, periods, self._risk_free_rate),
            "sortino": sortino_ratio(returns, periods, self._risk_free_rate),
        }

    def _snapshot(self, strategy_id: str | None, earnings: Earnings, more: dict[str, Any]) -> Performance:
        gross, net = self._exposure(self._netted() if strategy_id is None else earnings.sizes())
        figures: dict[str, Any] = {
            "equity": None,
            "peak": None,
            "drawdown": None,
            "drawdown_fraction": None,
            "total_return": None,
            "paid_in": None if self._capital.equity is None else self._capital.paid_in,
            "net_profit": earnings.profit,
            "fees": self._total(earnings.fees),
            "turnover": self._total(earnings.traded),
            "gross_exposure": gross,
            "net_exposure": net,
            **self._of_trades(earnings.tallies.now),
            **more,
        }
        if self._currency is None:
            figures |= {"curve": (), "max_drawdown": None, "max_drawdown_fraction": None}
        return Performance(
            strategy_id=strategy_id,
            currency=self._currency,
            sequence=self.sequence,
            time_ns=self._time_ns,
            strategies=tuple(self._strategies),
            interval_ns=self._curve.interval_ns,
            **tidied(figures),
        )

    def _of_trades(self, tally: Tally) -> dict[str, Any]:
        gains, losses = self._total(tally.gains), self._total(tally.losses)
        largest = [self._total({currency: loss}) for currency, loss in tally.largest_losses.items()]
        known = [loss for loss in largest if loss is not None]
        return {
            "trades": tally.trades,
            "won": tally.won,
            "lost": tally.lost,
            "hit_rate": _quotient(Decimal(tally.won), Decimal(tally.trades)),
            "average_win": _quotient(gains, Decimal(tally.won)),
            "average_loss": _quotient(losses, Decimal(tally.lost)),
            "profit_factor": _quotient(gains, losses),
            "largest_loss": max(known, default=None) if len(known) == len(largest) else None,
            "losses_now": tally.losses_now,
            "most_losses": tally.most_losses,
        }

    def _total(self, amounts: Mapping[str, Decimal]) -> Decimal | None:
        return None if self._currency is None else self._conversion.total(amounts, self._currency)

    def _netted(self) -> dict[str, Sizes]:
        """Return what the account holds: netted over the strategies, or each side added up where they are hedged."""
        if not self._hedged:
            return {symbol: (magnitude(held), held) for symbol, held in self._account.held.items()}
        sums: dict[str, Sizes] = {}
        for earnings in self._strategies.values():
            for symbol, (both, net) in earnings.sizes().items():
                before = sums.get(symbol, (ZERO, ZERO))
                sums[symbol] = (add(before[0], both), add(before[1], net))
        return sums

    def _exposure(self, sizes: Mapping[str, Sizes]) -> tuple[Decimal | None, Decimal | None]:
        both: dict[str, Decimal] = {}
        net: dict[str, Decimal] = {}
        for symbol, held in sizes.items():
            if not held[0]:
                continue
            price, quote = self._conversion.price(symbol), quote_of(self._instruments, symbol)
            if price is None:
                return None, None
            both[quote] = add(both.get(quote, ZERO), multiply(held[0], price))
            net[quote] = add(net.get(quote, ZERO), multiply(held[1], price))
        return self._total(both), self._total(net)


def _trips_from(sequence: int, strategies: Iterable[Earnings], but: TripBook) -> Iterable[RoundTrip]:
    books = (trips for earnings in strategies for trips in earnings.trips.values() if trips is not but)
    return (trip for trips in books for trip in trips.trips_from(sequence))


def _quotient(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    return None if part is None or not whole else ratio(part, whole)
