"""A history that can be transformed: what is published and asked for, as values, drawn from a seed and carried out."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal

import attrs
from helpers import system_of

from orderpit import Instrument, OrderType, Quote, Side, SimulatedExchange, SubmitOrder, TradingSystem
from orderpit.actors.exchange import Exchange
from orderpit.model.reports import VenueReport, VenueRequest
from orderpit.model.venue import SimulatedVenue
from orderpit.testing import Stepped, let_pass


@attrs.frozen(kw_only=True)
class Act:
    """One thing that is done from outside; what it has no need of is None."""

    kind: Literal["quote", "submit", "modify", "cancel"]
    symbol: str
    order_id: str = ""
    side: Side = Side.BUY
    price: Decimal | None = None
    quantity: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None


def script(seed: int, length: int, symbols: Sequence[str]) -> tuple[Act, ...]:
    """Draw a history: prices move around 100, orders are near them, and each order may be changed and cancelled."""
    drawn = random.Random(seed)
    acts: list[Act] = [Act(kind="quote", symbol=name, bid=Decimal(99), ask=Decimal(101)) for name in symbols]
    orders: list[tuple[str, str]] = []
    for number in range(length):
        symbol, near = drawn.choice(symbols), Decimal(drawn.randint(90, 110))
        kind = drawn.choice(["quote", "limit", "limit", "market", "modify", "cancel"])
        if kind == "quote":
            acts.append(Act(kind="quote", symbol=symbol, bid=near - 1, ask=near + 1))
        elif kind in {"limit", "market"}:
            order_id = f"o-{number}"
            orders.append((order_id, symbol))
            price = near if kind == "limit" else None
            side, quantity = drawn.choice(list(Side)), Decimal(drawn.randint(1, 9))
            acts.append(Act(kind="submit", symbol=symbol, order_id=order_id, side=side, price=price, quantity=quantity))
        elif orders:
            order_id, symbol = drawn.choice(orders)
            if kind == "cancel":
                acts.append(Act(kind="cancel", symbol=symbol, order_id=order_id))
            else:
                terms: dict[str, Any] = {"price": near, "quantity": Decimal(drawn.randint(1, 9))}
                acts.append(Act(kind="modify", symbol=symbol, order_id=order_id, **terms))
    return tuple(acts)


def do(system: TradingSystem, act: Act) -> None:
    match act.kind:
        case "quote":
            system.publish(Quote(act.symbol, bid=act.bid, ask=act.ask, bid_size="20", ask_size="20"))
        case "submit":
            kind = OrderType.MARKET if act.price is None else OrderType.LIMIT
            assert act.quantity is not None
            system.submit(SubmitOrder(act.symbol, act.side, kind, act.quantity, price=act.price, order_id=act.order_id))
        case "modify":
            system.modify(act.order_id, price=act.price, quantity=act.quantity)
        case "cancel":
            system.cancel(act.order_id)


@contextlib.contextmanager
def after(acts: Iterable[Act], instruments: Iterable[Instrument], **settings: Any) -> Iterator[TradingSystem]:
    """Return a system, still running, in which these things have been done, so many seconds of virtual time apart."""
    pause = settings.pop("pause", 0)
    stepped = Stepped(choose=settings.pop("choose", None), on_delivery=settings.pop("on_delivery", None))
    with system_of(*instruments, runtime=stepped, **settings) as system:
        for act in acts:
            do(system, act)
            if pause:
                let_pass(system, pause)
        assert system.quiesce(60)
        yield system


class Repeating(Exchange):
    """A simulated venue that says everything so many times."""

    def __init__(self, times: int) -> None:
        self._times = times

    def connect(self, instruments: Any, report: Any) -> None:
        self._report, self._now, count = report, 0, iter(range(10**9))
        simulated = SimulatedExchange()
        self._venue = SimulatedVenue(
            instruments, simulated.rules, lambda _, __: Decimal(0), lambda: f"venue-{next(count)}"
        )

    def request(self, request: VenueRequest) -> None:
        self._say(self._venue.request(request, self._tick()))

    def on_market_data(self, data: Any) -> None:
        self._say(self._venue.on_market_data(data, self._tick()))

    def close(self) -> None:
        pass

    def _tick(self) -> int:
        self._now += 1
        return self._now

    def _say(self, reports: Iterable[VenueReport]) -> None:
        for report in reports:
            for _ in range(self._times):
                self._report(report)
