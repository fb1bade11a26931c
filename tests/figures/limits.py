"""Two strategies on real threads race for the last of a limit of the account, again and again.

The account may hold 1 either way. Whenever it holds 1, both strategies sell 2 at the market, of which the limit lets
one pass; then it holds -1, and both buy 2.
"""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import attrs

from orderpit import (
    Instrument,
    MarketData,
    Order,
    OrderState,
    OrderType,
    OrderUpdate,
    Quote,
    Reason,
    RiskLimits,
    Side,
    SimulatedExchange,
    Strategy,
    SubmitOrder,
    TradingSystem,
    audit,
)

SYMBOL: Final = "BTC/USDT"
ROUNDS_EACH: Final = 5_000
"""Of one system: then another takes over, so that memory stays small."""
NAMES: Final = ("left", "right")
_BTC: Final = Instrument(SYMBOL, price_increment="0.01", quantity_increment="1")
_LIMITS: Final = RiskLimits(max_long="1", max_short="1")
_REFUSED: Final = frozenset({Reason.MAX_LONG, Reason.MAX_SHORT})
_BOUND: Final = 60.0
_SWITCH: Final = 1e-5


@attrs.frozen
class Raced:
    """What came of the races: how many were run, how often each strategy had the last of the limit, and violations."""

    rounds: int
    won: tuple[int, int]
    violations: tuple[str, ...]


class Racer(Strategy):
    """Sells 2 on a quote of 1, buys 2 on any other, and tells of the end of each of its orders."""

    def __init__(self, ended: queue.SimpleQueue[Order]) -> None:
        self._ended = ended

    def on_market_data(self, data: MarketData) -> None:
        """Race."""
        sells = type(data) is Quote and data.bid == 1
        self.submit(SubmitOrder(SYMBOL, Side.SELL if sells else Side.BUY, OrderType.MARKET, 2))

    def on_order(self, update: OrderUpdate) -> None:
        """Tell what has come of it."""
        if update.order is not None and update.order.is_closed:
            self._ended.put(update.order)


def run(*, rounds: int, progress: Callable[[float], object] = lambda _: None) -> Raced:
    """Run so many races, and hold after each that the limit was not exceeded."""
    found = Raced(0, (0, 0), ())
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        while found.rounds < rounds and not found.violations:
            one = _system(min(rounds - found.rounds, ROUNDS_EACH))
            won = found.won[0] + one.won[0], found.won[1] + one.won[1]
            found = Raced(found.rounds + one.rounds, won, found.violations + one.violations)
            progress(found.rounds / rounds)
    finally:
        sys.setswitchinterval(before)
    return found


def _system(rounds: int) -> Raced:
    ended: queue.SimpleQueue[Order] = queue.SimpleQueue()
    troubles: list[object] = []
    won: dict[str, int] = dict.fromkeys(NAMES, 0)
    violations: list[str] = []
    with TradingSystem(
        [_BTC], exchange=SimulatedExchange(), risk=_LIMITS, on_error=troubles.append, history=100
    ) as system:
        system.publish(Quote(SYMBOL, bid=2, ask=2))
        system.wait(system.submit(SubmitOrder(SYMBOL, Side.BUY, OrderType.MARKET, 1)), OrderState.FILLED, _BOUND)
        for name in NAMES:
            system.add_strategy(Racer, strategy_id=name, ended=ended)
        held, number = Decimal(1), 0
        for number in range(1, rounds + 1):
            # The price says which side is asked for; nothing else depends on it.
            system.publish(Quote(SYMBOL, bid=1 if held > 0 else 2, ask=2))
            orders = ended.get(timeout=_BOUND), ended.get(timeout=_BOUND)
            held += sum(order.filled_quantity if order.is_buy else -order.filled_quantity for order in orders)
            violations += (f"round {number}: {order!r}" for order in orders if not _ended_well(order))
            filled = [order for order in orders if order.is_filled]
            if len(filled) != 1 or abs(held) != 1:
                violations.append(f"round {number}: {len(filled)} of 2 were filled, and the account holds {held}")
            if violations:
                break
            won[filled[0].strategy_id] += 1
        report = audit(system)
    violations += report.violations
    violations += map(str, troubles)
    return Raced(number, (won[NAMES[0]], won[NAMES[1]]), tuple(violations))


def _ended_well(order: Order) -> bool:
    return order.is_filled or (order.state is OrderState.REJECTED and order.reason in _REFUSED)
