"""Races of what a host does: subscribing, adding and stopping strategies, reading, waiting and playing records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pykka

from ...actors.address import Address
from ...actors.conflation import QuoteSlots
from ...actors.following import Follower
from ...actors.messages import Ready, Register, ResendUpdates
from ...actors.publisher import Subscriber
from ...actors.scheduler import Choose
from ...actors.simulated_exchange import SimulatedExchange
from ...actors.strategy import Strategy
from ...model.commands import SubmitOrder
from ...model.events import OrderFilled, OrderUpdate
from ...model.kinds import OrderState, OrderType, Side
from ...model.market import MarketData
from ...model.numbers import plain
from .arena import Arena
from .racing import race
from .saying import accepted, buy, cancel, filled, quote

_FREE = SimulatedExchange(maker_fee="0", taker_fee="0")
_RISK = frozenset({"risk_controller"})


def _arena(choose: Choose, *racing: str, **settings: Any) -> Arena:
    settings.setdefault("exchange", _FREE)
    return Arena(choose, racing, **settings)


class _Hears:
    """A subscriber that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[OrderUpdate] = []

    def __call__(self, update: OrderUpdate) -> None:
        self.heard.append(update)


def _gapless(updates: list[OrderUpdate]) -> None:
    numbers = [update.sequence for update in updates]
    first = numbers[0] if numbers else 0
    if numbers != list(range(first, first + len(numbers))):
        msg = f"a subscriber heard {numbers}"
        raise AssertionError(msg)


@race(
    "CANCELLED 0; heard 0",
    "CANCELLED 0; heard 1",
    "CANCELLED 0; heard 2",
    "CANCELLED 0; heard 3",
    "CANCELLED 0; heard 4",
    "CANCELLED 0; heard 5",
    size=880,
)
def subscribing_against_updates(choose: Choose) -> str:
    """A subscriber comes while an order lives and ends: it hears of everything from some moment on, without a gap."""
    with _arena(choose, "view") as arena:
        arena.set_up(quote())
        hears = _Hears()
        arena.race(host=[lambda: arena.system.subscribe(hears)], user=[buy("o"), cancel("o")])
        _gapless(hears.heard)
        last = arena.system.history(1)[-1].sequence
        if hears.heard and hears.heard[-1].sequence != last:
            msg = "it did not hear the end"
            raise AssertionError(msg)
        return arena.end(f"heard {len(hears.heard)}")


@race(
    "CANCELLED 0; heard 0",
    "CANCELLED 0; heard 1",
    "CANCELLED 0; heard 2",
    "CANCELLED 0; heard 3",
    "CANCELLED 0; heard 4",
    "CANCELLED 0; heard 5",
    size=517,
)
def unsubscribing_against_updates(choose: Choose) -> str:
    """A subscriber leaves while an order lives and ends: it hears of everything up to some moment, without a gap."""
    with _arena(choose, "publisher") as arena:
        arena.set_up(quote())
        hears = _Hears()
        kept = arena.system.subscribe(hears)
        leave: Callable[[], None] = kept._unsubscribe  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # close() waits
        arena.race(host=[leave], user=[buy("o"), cancel("o")])
        _gapless(hears.heard)
        return arena.end(f"heard {len(hears.heard)}")


class _Buyer(Strategy):
    """Buys once, at the first quote that it sees; keeps what it hears."""

    heard: list[OrderUpdate]

    def __init__(self, heard: list[OrderUpdate]) -> None:
        self.heard = heard
        self.bought = False

    def on_market_data(self, data: MarketData) -> None:
        """Buy once."""
        if not self.bought:
            self.bought = True
            self.submit(SubmitOrder(data.symbol, Side.BUY, OrderType.LIMIT, "1", price="100"))

    def on_order(self, update: OrderUpdate) -> None:
        """Keep it."""
        self.heard.append(update)


@race("FILLED 1; heard 4", "heard 0", size=462)
def adding_a_strategy_against_quotes(choose: Choose) -> str:
    """A strategy is added while quotes come: it buys once or never, and hears everything of its own order."""
    with _arena(choose) as arena:
        heard: list[OrderUpdate] = []
        arena.race(
            host=[lambda: arena.system.add_strategy(_Buyer, strategy_id="buyer", heard=heard)],
            market=[quote("99", "100"), quote("99", "100")],
        )
        arena.commands += bool(heard)
        return arena.end(f"heard {len(heard)}")


@race("FILLED 1; heard 4", "heard 0", size=403)
def adding_one_strategy_twice(choose: Choose) -> str:
    """Two threads add a strategy under one name: one is there, and the other is told that the name is taken."""
    with _arena(choose, "exchange") as arena:
        heard: list[OrderUpdate] = []
        refused: list[str] = []

        def add() -> None:
            try:
                arena.system.add_strategy(_Buyer, strategy_id="buyer", heard=heard)
            except ValueError as error:
                refused.append(str(error))

        arena.race(host=[add], host_2=[add], market=[quote("99", "100")])
        if len(refused) != 1:
            msg = f"refused: {refused}"
            raise AssertionError(msg)
        arena.commands += bool(heard)
        return arena.end(f"heard {len(heard)}")


@race("FILLED 1; heard", "FILLED 1; not heard", size=430)
def stopping_a_strategy_against_its_fill(choose: Choose) -> str:
    """A strategy stops while its order fills: the fill is booked, whoever is left to hear of it."""
    with _arena(choose, "buyer") as arena:
        heard: list[OrderUpdate] = []
        arena.system.add_strategy(_Buyer, strategy_id="buyer", heard=heard)
        arena.set_up(quote())
        arena.commands += 1
        address = arena.system._strategies["buyer"]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # one library
        arena.race(host=[*[lambda: arena.system.order("o")] * 3, lambda: address.stop(1)], market=[quote("99", "100")])
        lost = sum(isinstance(one.event, OrderFilled) for one in heard) == 0
        return arena.end("not heard" if lost else "heard", problems=None)


@race(
    "answered, handled 0",
    "answered, handled 1",
    "answered, handled 2",
    "dead, handled 0",
    "dead, handled 1",
    "dead, handled 2",
    size=679,
)
def asking_an_actor_that_stops(choose: Choose) -> str:
    """Two threads ask and tell an actor while a third stops it: asks are answered, messages handled or reported."""
    with _arena(choose, "subscriber-x") as arena:
        heard: list[object] = []
        address: Address[Any] = Address("subscriber-x")
        arena.runtime.spawn(address, Subscriber, heard.append, QuoteSlots())
        arena.runtime.settle()
        answers: list[str] = []

        def ask() -> None:
            try:
                address.ask(Ready(), 1)
                answers.append("answered")
            except pykka.ActorDeadError:
                answers.append("dead")

        arena.race(
            host=[lambda: address.stop(1)],
            user=[lambda: address.send("one"), lambda: address.send("two")],
            other=[ask],
        )
        box = address.mailbox
        if box.sent != box.handled + box.dead:
            msg = f"{box.sent} sent, {box.handled} handled, {box.dead} dead"
            raise AssertionError(msg)
        if len(answers) != 1:
            msg = "an ask was left without an answer"
            raise AssertionError(msg)
        lost = 2 - len(heard)
        if heard != ["one", "two"][: len(heard)]:
            msg = f"handled {heard}"
            raise AssertionError(msg)
        return arena.end(f"{answers[0]}, handled {len(heard)}", problems=lost)


@race("FILLED 2; order 0, portfolio 0", "FILLED 2; order 0, portfolio 2", "FILLED 2; order 2, portfolio 2", size=2829)
def reading_against_a_fill(choose: Choose) -> str:
    """A thread reads an order and then the portfolio while it fills: who has seen the fill finds it there too."""
    with _arena(choose, "portfolio", "view") as arena:
        arena.set_up(quote(), buy("o"))
        seen: list[str] = []

        def read() -> None:
            order = arena.order("o")
            position = arena.system.portfolio().positions.get("BTC/USDT")
            held = "0" if position is None else plain(position.quantity)
            seen.append(f"order {plain(order.filled_quantity)}, portfolio {held}")
            if order.filled_quantity != 0 and held != "2":
                msg = f"read {seen[0]}"
                raise AssertionError(msg)

        arena.race(host=[read], market=[quote("99", "100")])
        return arena.end(seen[0])


@race(
    "CANCELLED 0; waited for CANCELLED",
    "FILLED 2; waited for FILLED; ORDER_CLOSED",
    "FILLED 2; waited for FILLED; TOO_LATE",
    size=340,
)
def waiting_against_a_fill_and_a_cancel(choose: Choose) -> str:
    """A thread waits for a fill while the order fills or is cancelled: it is told of the end, whichever it is."""
    with _arena(choose, "exchange") as arena:
        arena.set_up(quote(), buy("o"))
        got: list[str] = []

        def wait() -> None:
            got.append(arena.system.wait("o", OrderState.FILLED, 5).state.value)

        arena.race(host=[wait], market=[quote("99", "100")], user=[cancel("o")])
        return arena.end(f"waited for {got[0]}")


class _Fold(Follower):
    """Follows the stream, of which it is told only in part."""

    def handle(self, message: Any) -> None:
        """Follow."""
        self.follow(message, lambda _: None)


@race("OPEN 0, OPEN 0", size=2132)
def a_fold_with_gaps_against_the_stream(choose: Choose) -> str:
    """A fold is told of some updates only, and asks for the others while more come: it misses none, in order."""
    with _arena(choose, "fold", "order_manager") as arena:
        address: Address[Any] = Address("fold")
        arena.runtime.spawn(address, _Fold, address, arena.at.manager, arena.at.risk)
        arena.at.manager.send(Register("user", address))
        arena.set_up(quote(), buy("a"), by="other")
        arena.race(user=[buy("b")])
        fold: Any = arena.actor_of(address)
        last = max(one.sequence for one in arena.system.history() if one.order and one.order.strategy_id == "user")
        if fold.followed < last:
            msg = f"followed to {fold.followed} of {last}"
            raise AssertionError(msg)
        return arena.end()


@race("FILLED 3; position 3", size=224)
def sending_again_against_the_stream(choose: Choose) -> str:
    """Everything is sent to the portfolio again while fills come: each is booked once."""
    with _arena(choose, "order_manager", exchange=None) as arena:
        arena.set_up(buy("o", "3"), accepted("o"), filled("o", "e1"))
        again = ResendUpdates(1, 100, arena.at.portfolio)
        arena.race(host=[lambda: arena.at.manager.send(again)], venue=[filled("o", "e2")], line_2=[filled("o", "e3")])
        return arena.end(arena.position())


@race("FILLED 2; at 100", size=22)
def playing_records_against_an_order(choose: Choose) -> str:
    """Records are played, paced, while a thread submits an order that the second fills, before the third comes."""
    with _arena(choose, "exchange") as arena:
        seen: list[str] = []
        arena.system.subscribe(lambda data: seen.append(plain(data.ask)), type(quote()))
        records = [quote("99", "101"), quote("98", "99"), quote("97", "98")]
        arena.race(host=[lambda: arena.system.play(records)], user=[buy("o")])
        if seen != ["101", "99", "98"]:
            msg = f"saw {seen}"
            raise AssertionError(msg)
        return arena.end(f"at {plain(arena.order('o').average_fill_price)}")
