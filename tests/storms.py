"""A storm of orders upon an exchange that misbehaves, and what must be true once it has healed."""

from __future__ import annotations

import contextlib
import random
from decimal import Decimal
from typing import Any

from helpers import BTC, ETH, Recorder

from orderpit import (
    Order,
    Problem,
    Quote,
    Side,
    SimulatedExchange,
    Trade,
    TradingSystem,
    audit,
)
from orderpit.strategies._drawn import Reach, drawn_change, drawn_order
from orderpit.testing import ChaosExchange, Faults, Stepped, heal, let_pass, seeded

_TICK = Decimal("0.01")
REACH = Reach(tick=_TICK, lot=Decimal(1), ticks=300, lots=9)


def stormy(seed: int, faults: Faults, **settings: Any) -> TradingSystem:
    """Return a system, not yet started, on the stepped runtime, whose schedule and faults the seed draws."""
    inner = SimulatedExchange(slippage="0.01", fill_probability="0.8", latency="0.001" if seed % 2 else 0)
    arguments: dict[str, Any] = {
        "exchange": ChaosExchange(inner=inner, faults=faults, seed=seed),
        "runtime": Stepped(choose=seeded(seed), late_ns=3_000_000, most_steps=2_000_000),
        "answer_within": 2,
        "seed": seed,
        "on_error": Recorder(),
    }
    return TradingSystem([BTC, ETH], **arguments | settings)


def rage(system: TradingSystem, seed: int, rounds: int = 60) -> list[str]:
    """Let orders, cancels, modifications and market data fall upon the system; returns the ids of the orders."""
    draw, ids = random.Random(seed), list[str]()
    mids = {"BTC/USDT": 10_000, "ETH/USDT": 5_000}
    for _ in range(rounds):
        with system._runtime.held() if system._runtime.is_stepped else contextlib.nullcontext():
            for _ in range(draw.randint(1, 6)):
                symbol = draw.choice(list(mids))
                _act(system, draw, symbol, mids, ids)
        system.publish(_quote(draw, symbol, mids))
        let_pass(system, draw.choice((0, 0.001, 0.05, 0.3)))
    return ids


def _act(system: TradingSystem, draw: random.Random, symbol: str, mids: dict[str, int], ids: list[str]) -> None:
    kind = draw.random()
    if kind < 0.5 or not ids:
        now_ns = system._runtime.now_ns()
        ids.append(system.submit(drawn_order(draw, symbol, _price(mids[symbol]), REACH, now_ns)))
    elif kind < 0.65:
        system.cancel(draw.choice(ids[-12:]))
    elif kind < 0.8:
        order_id = draw.choice(ids[-12:])
        order, now_ns = system.order(order_id), system._runtime.now_ns()
        # One that nobody has taken up yet has no terms to be seen.
        system.modify(order_id, **({"quantity": 5} if order is None else drawn_change(draw, order, REACH, now_ns)))
    elif kind < 0.9:
        price = _price(mids[symbol] + draw.randint(-150, 150))
        system.publish(Trade(symbol, price=price, size=str(draw.randint(1, 5)), aggressor=draw.choice(list(Side))))
    else:
        system.publish(_quote(draw, symbol, mids))


def _quote(draw: random.Random, symbol: str, mids: dict[str, int]) -> Quote:
    mids[symbol] += draw.randint(-80, 80)
    bid, ask = _price(mids[symbol] - draw.randint(1, 20)), _price(mids[symbol] + draw.randint(1, 20))
    sizes = {"bid_size": str(draw.randint(1, 20)), "ask_size": str(draw.randint(1, 20))}
    return Quote(symbol, bid=bid, ask=ask, **(sizes if draw.random() < 0.8 else {}))


def _price(ticks: int) -> Decimal:
    return ticks * _TICK


def assert_converges(system: TradingSystem) -> tuple[Order, ...]:
    """Heal, and hold the books against the truth; returns all orders."""
    assert heal(system), [str(order) for order in system.orders() if order.in_doubt or order.pending.value != "NONE"]
    report = audit(system)
    assert report.violations == ()
    there = {order.client_order_id: order for order in system.books()["exchange"].orders}
    for order in system.orders(live_only=True):
        assert there[order.client_order_id].is_live, order
    problems = [item for item in system.troubles().problems if isinstance(item, Problem)]
    assert not problems
    return system.orders()
