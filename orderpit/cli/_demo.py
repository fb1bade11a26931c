"""The demo: the notebook's six steps, then a strategy on the daily bars that ship with the package."""

from __future__ import annotations

import contextlib
import time
from decimal import Decimal
from typing import Final

from ..actors.logs import log_update
from ..actors.simulated_exchange import SimulatedExchange
from ..actors.system import TradingSystem
from ..bars import daily_bars, instrument
from ..model.commands import SubmitOrder
from ..model.events import OrderFilled
from ..model.instrument import Instrument
from ..model.kinds import OrderState, OrderType, Side
from ..model.market import Quote
from ..model.numbers import add, subtract
from ..strategies import MovingAverageCrossover
from ._data import DataReport
from ._errors import Interrupted
from ._outcome import Outcome, collect
from ._output import Output
from ._report import priced, show_updates
from ._signals import Signals
from ._tallies import REFUSALS, Tallies

BTC: Final = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.00001")
SHARE: Final = "AAPL"
_PRICE: Final = Decimal(43250)
_HALF_SPREAD: Final = Decimal("0.01")
_TIMEOUT: Final = 5.0


class Demo:
    """The six steps. Each waits for what it is about, then shows every event since the step before."""

    def __init__(self, system: TradingSystem, out: Output, signals: Signals) -> None:
        self._system = system
        self._out = out
        self._signals = signals
        self._shown = 0

    def run(self) -> None:
        """Take the six steps."""
        self._step(
            "1 of 6: a market order",
            "It fills at the best offer, give or take up to 0.5 % simulated slippage, and pays the taker's fee.",
        )
        self._price(_PRICE)
        self._order(OrderState.FILLED, Side.BUY, OrderType.MARKET, "0.1")
        self._step(
            "2 of 6: a limit order at a favourable price", "100 above the market: it fills at once, and not dearer."
        )
        self._order(OrderState.FILLED, Side.BUY, OrderType.LIMIT, "0.05", price=add(_PRICE, Decimal(100)))
        self._step("3 of 6: a limit order far from the market", "1,000 below: it rests on the book.")
        far = self._order(OrderState.OPEN, Side.BUY, OrderType.LIMIT, "0.08", price=subtract(_PRICE, Decimal(1000)))
        self._step("4 of 6: a stop order", "500 below: it waits for its trigger.")
        stop = self._order(
            OrderState.OPEN, Side.SELL, OrderType.STOP, "0.03", stop_price=subtract(_PRICE, Decimal(500))
        )
        self._step(
            "5 of 6: the price falls by 600",
            "Triggered, it fills at the best bid, give or take up to 0.5 % simulated slippage.",
        )
        self._price(subtract(_PRICE, Decimal(600)))
        self._system.wait(stop, OrderState.FILLED, _TIMEOUT)
        self._show()
        self._step("6 of 6: a cancel", "The far limit order is taken off the book.")
        self._system.cancel(far)
        self._system.wait(far, OrderState.CANCELLED, _TIMEOUT)
        self._show()

    def bars(self) -> DataReport:
        """Let a strategy trade on real daily bars."""
        self._step(
            f"A strategy: moving-average crossover on {SHARE}",
            "Daily bars of 2010 to 2012. It holds 10 shares while the 20-day average is above the 50-day one.",
        )
        bars = tuple(daily_bars(SHARE))
        self._out.chart(f"{SHARE} close", [bar.close for bar in bars])
        self._system.add_strategy(MovingAverageCrossover, strategy_id="crossover", symbol=SHARE, size=10)
        progress = self._system.play(bars).wait(_TIMEOUT)
        self._show(fills_only=True)
        source = f"daily bars of {SHARE} that ship with orderpit"
        return DataReport(source, progress.records, progress.symbols, progress.first_time_ns, progress.last_time_ns)

    def _step(self, title: str, what: str) -> None:
        self._signals.check()
        self._out.heading(title)
        self._out.line(what)

    def _price(self, mid: Decimal) -> None:
        bid, ask = subtract(mid, _HALF_SPREAD), add(mid, _HALF_SPREAD)
        self._out.line(f"{BTC.symbol} quoted {priced(bid, BTC)} / {priced(ask, BTC)}")
        self._system.publish(Quote(BTC.symbol, bid=bid, ask=ask, source="demo"))

    def _order(
        self,
        until: OrderState,
        side: Side,
        order_type: OrderType,
        quantity: str,
        *,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> str:
        order = SubmitOrder(BTC.symbol, side, order_type, quantity, price=price, stop_price=stop_price)
        order_id = self._system.submit(order)
        self._system.wait(order_id, until, _TIMEOUT)
        self._show()
        return order_id

    def _show(self, *, fills_only: bool = False) -> None:
        new = [update for update in self._system.history() if update.sequence > self._shown]
        self._shown = new[-1].sequence if new else self._shown
        shown = [u for u in new if not fills_only or isinstance(u.event, OrderFilled)]
        show_updates(self._out, shown, self._system.instruments)


def run(out: Output, signals: Signals, *, seed: int, log: bool) -> Outcome:
    """Run the demo and show what happens, step by step; the summary is left to the caller."""
    # The notebook's exchange: a tenth of a per cent of fee, half a per cent of slippage either way.
    exchange = SimulatedExchange(maker_fee="0.001", taker_fee="0.001", slippage="0.005", seed=seed)
    cash = {"USDT": "1000000", "USD": "100000"}
    instruments = [BTC, instrument(SHARE)]
    began = time.perf_counter()
    tallies = Tallies()
    with TradingSystem(instruments, exchange=exchange, cash=cash, run_id="demo", on_error=tallies.trouble) as system:
        system.subscribe(tallies.refusal, *REFUSALS)
        if log:
            system.subscribe(log_update)
        demo = Demo(system, out, signals)
        data = DataReport("none")
        with contextlib.suppress(Interrupted):
            demo.run()
            data = demo.bars()
        return collect(system, data, time.perf_counter() - began, tallies)
