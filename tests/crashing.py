"""A system that dies at a chosen step, and what must be true of the one that comes after it."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import attrs

from orderpit import (
    Instrument,
    OrderState,
    OrderType,
    OrderUpdate,
    Quote,
    Side,
    SimulatedExchange,
    SubmitOrder,
    TradingSystem,
    Venue,
    audit,
)
from orderpit.journal.codec import Codec
from orderpit.journal.memory import MemoryStore
from orderpit.model import events as e
from orderpit.strategies._drawn import Reach, drawn_bracket, drawn_change, drawn_order
from orderpit.testing import Crashed, Stepped, held, seeded

BTC: Final = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="1")
REACH: Final = Reach(tick=Decimal("0.01"), lot=Decimal(1), ticks=300, lots=9)
_MIDDLE: Final = Decimal(100)
_ROUNDS: Final = 4
_LATER_NS: Final = 3_600_000_000_000
_SECOND_CRASH_ONE_IN: Final = 3


@attrs.frozen
class Case:
    """Which world, and the step before which it ends; None for a world that goes on."""

    seed: int
    crash_at: int | None


@attrs.frozen
class Outcome:
    """How many steps the first life took, whether it ended before its time, and what is wrong after the last."""

    steps: int
    crashed: bool
    wrong: tuple[str, ...]


class _World:
    """A venue and a journal, which outlive the systems, and what the lives of these have in common."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(f"crash {seed}")
        draw = self.draw
        self.exchange = SimulatedExchange(
            latency=draw.choice(("0", "0", "0.001")),
            fill_probability=draw.choice(("1", "0.8")),
            remainder=draw.choice(("cancelled", "expired")),
            amends=draw.random() < 0.7,
            ties=draw.random() < 0.7,
            lists=draw.random() < 0.7,
            seed=seed,
        )
        self.venue = Venue(self.exchange)
        self.store = MemoryStore()
        self.hedged = draw.random() < 0.3
        self.told = 0

    def life(self, seed: int, crash_at: int | None) -> TradingSystem:
        def look(_: int, receiver: str, message: object) -> None:
            del receiver
            if isinstance(message, OrderUpdate):
                self.told = max(self.told, message.sequence)

        return TradingSystem(
            [BTC],
            exchange=self.venue,
            journal=self.store,
            cash={"USDT": "1000000"},
            positions="hedged" if self.hedged else "netted",
            runtime=Stepped(choose=seeded(seed), crash_at=crash_at, on_delivery=look, most_steps=100_000),
            on_error=lambda _: None,
            seed=seed,
        )


def outcome_of(case: Case) -> Outcome:
    """Let a system die, and others after it while they recover, and look at what the last one makes of it."""
    world = _World(case.seed)
    crashed, steps = _lived(world, case)
    wrong = list(_sent_before_it_was_written(world))
    after = random.Random(f"after {case.seed} {case.crash_at}")
    if world.venue.orders and after.random() < 0.5:
        # Meanwhile the market moves, and nobody is told of what fills.
        mid = _MIDDLE + Decimal(after.randint(-300, 300)) / 100
        world.venue.publish(_quote(mid, world.venue.now_ns + after.choice((1, _LATER_NS))))
    while after.randrange(_SECOND_CRASH_ONE_IN) == 0:
        with contextlib.suppress(Crashed), world.life(case.seed + 1, after.randint(1, 120)):
            pass
        wrong += _sent_before_it_was_written(world)
    with world.life(case.seed + 2, None) as system:
        wrong += _wrong_with(system, world)
    return Outcome(steps, crashed, tuple(wrong))


def life_of(seed: int) -> tuple[TradingSystem, MemoryStore]:
    """Return a system that has lived to its end, and its journal."""
    world = _World(seed)
    with world.life(seed, None) as system:
        _trade(system, world.draw)
    return system, world.store


def _lived(world: _World, case: Case) -> tuple[bool, int]:
    system = world.life(case.seed, case.crash_at)
    try:
        with system:
            _trade(system, world.draw)
    except Crashed:
        return True, system._runtime.scheduler.steps
    return False, system._runtime.scheduler.steps


def _trade(system: TradingSystem, draw: random.Random) -> None:
    mid, ids = _MIDDLE, list[str]()
    system.publish(_quote(mid))
    for _ in range(_ROUNDS):
        with held(system):
            for _ in range(draw.randint(1, 3)):
                _act(system, draw, mid, ids)
        mid += Decimal(draw.randint(-150, 150)) / 100
        system.publish(_quote(mid, sizes=draw.choice((None, "2", "20"))))


def _act(system: TradingSystem, draw: random.Random, mid: Decimal, ids: list[str]) -> None:
    now_ns, kind = system._runtime.now_ns(), draw.random()
    if kind < 0.4 or not ids:
        ids.append(system.submit(drawn_order(draw, BTC.symbol, mid, REACH, now_ns)))
    elif kind < 0.55:
        entry, target, stop = drawn_bracket(draw, BTC.symbol, mid, REACH, now_ns)
        ids.append(system.bracket(entry, profit_target=target, stop_loss=stop).entry)
    elif kind < 0.65:
        pair = (SubmitOrder(BTC.symbol, Side.SELL, OrderType.LIMIT, 2, price=mid + more) for more in (1, 2))
        ids.extend(system.oco(*pair).orders)
    elif kind < 0.8:
        system.cancel(draw.choice(ids))
    elif kind < 0.92:
        order = system.order(draw.choice(ids))
        if order is not None:
            system.modify(order.order_id, **drawn_change(draw, order, REACH, now_ns))
    elif kind < 0.96:
        system.deposit("USDT", draw.randint(1, 9))
    else:
        system.reduce("a person looks")
        system.resume()


def _quote(mid: Decimal, time_ns: int = 0, sizes: str | None = "20") -> Quote:
    return Quote(BTC.symbol, bid=mid - 1, ask=mid + 1, bid_size=sizes, ask_size=sizes, time_ns=time_ns)


# -- what must be true


def _sent_before_it_was_written(world: _World) -> Iterator[str]:
    """What the venue knows, or anybody was told, and the journal does not."""
    codec = Codec(read=world.store.read)
    written: set[str] = set()
    for row in world.store.read():
        event = codec.decode(row)
        if isinstance(event, e.OrderSubmitted | e.OrderReplaced):
            written.add(event.client_order_id)
    yield from (f"the venue knows {name}, the journal does not" for name in sorted(world.venue.orders.keys() - written))
    if world.told > world.store.head.sequence:
        yield f"entry {world.told} was told, {world.store.head.sequence} is written"


def _wrong_with(system: TradingSystem, world: _World) -> Iterator[str]:
    yield from audit(system).violations
    orders = system.orders()
    yield from (f"{order.order_id} is in doubt" for order in orders if order.in_doubt)
    there = {name for name, order in world.venue.orders.items() if order.is_live}
    here = {order.client_order_id for order in orders if not order.is_closed and order.state is not OrderState.PENDING}
    yield from (f"{name} is live on one side alone" for name in sorted(there ^ here))
    executions = [(order.order_id, fill.execution_id) for order in orders for fill in order.fills]
    if len(set(executions)) < len(executions):
        yield "an execution is booked twice"
    system.publish(_quote(_MIDDLE))
    # What a person had asked for before the crash is in force still.
    system.resume()
    order_id = system.submit(SubmitOrder(BTC.symbol, Side.BUY, OrderType.MARKET, 1))
    one_more = system.wait(order_id, OrderState.FILLED, timeout=60)
    if not one_more.is_filled:
        yield f"nothing can be traded any more: {one_more.reason_text}"
