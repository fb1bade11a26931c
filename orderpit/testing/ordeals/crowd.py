"""Who trades in an ordeal, and at which prices: strategies that do everything, mistakes included, and a market."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from ...actors.strategy import Strategy
from ...model.commands import SubmitOrder
from ...model.events import OrderUpdate
from ...model.instrument import Instrument
from ...model.kinds import Contingency, OrderType, Side, TimeInForce
from ...model.limits import RiskLimits
from ...model.mark import Mark
from ...model.market import Bar, Depth, MarketData, Quote, Trade
from ...model.numbers import add, multiply, subtract
from ...model.values import changed
from ...strategies._drawn import SIDES, Reach, contradictory_order, drawn_bracket, drawn_change, drawn_order, lots, near

BTC: Final = Instrument(
    "BTC/USDT", price_increment="0.01", quantity_increment="0.001", min_notional="1", max_notional="39"
)
ETH: Final = Instrument(
    "ETH/USDT",
    price_increment="0.01",
    quantity_increment="0.001",
    min_quantity="0.002",
    max_quantity="0.399",
    price_band="0.025",
)
THIN: Final = Instrument("SOL/USDT", price_increment="0.01", quantity_increment="0.001")
"""Traded now and then, often with one side of the book empty, and at first without any price."""
INSTRUMENTS: Final = (BTC, ETH, THIN)
PRICES: Final = {"BTC/USDT": Decimal("100.00"), "ETH/USDT": Decimal("50.00"), "SOL/USDT": Decimal("20.00")}

_TICK: Final = Decimal("0.01")
_LOT: Final = Decimal("0.001")
_OFF_GRID: Final = Decimal("0.0005")
_DEEDS: Final = ("submit",) * 10 + ("cancel",) * 5 + ("modify",) * 4 + ("tie",)
_RECORDS: Final = ("quote",) * 11 + ("no size",) * 4 + ("trade",) * 3 + ("bar", "jump")
_THIN_RECORDS: Final = ("trade", "trade", "one side", "one side", "one side", "quote")
_GROUPS: Final = (*(Contingency.BRACKET,) * 4, *Contingency)
_MISTAKES: Final = (
    *("off tick", "off lot", "unknown symbol", "unknown order", "again", "taken id", "a price that it has not"),
    *("contradiction", "shows too much", "too late"),
)
_THIN_ONE_IN: Final = 12
_WRONG_ONE_IN: Final = 25
_FAILS_ONE_IN: Final = 500
_ANSWERS_ONE_IN: Final = 4
_SELDOM: Final = (
    *("price_collar", "max_leverage", "max_concentration", "max_orders_per_second", "max_modifies_per_second"),
    *("max_cancels_per_second", "max_requests_per_second", "duplicate_within", "max_daily_loss", "max_drawdown"),
    *("max_consecutive_losses", "max_reject_rate", "max_data_age"),
)
_TENTH: Final = Decimal("0.1")
_LEAST: Final = Decimal("10.00")
_REACH: Final = Decimal("0.60")
REACH: Final = Reach(tick=_TICK, lot=_LOT, ticks=120, lots=400)
_OFFERED: Final = changed(REACH, lots=900)
_STEP: Final = changed(REACH, ticks=20)
_JUMP: Final = changed(REACH, ticks=200)


class Trader(Strategy):
    """Submits, modifies and cancels as chance has it, also from inside its callbacks; errs and fails now and then.

    Args:
        seed: of its chances.
        quota: how many orders it submits.
    """

    def __init__(self, seed: str, quota: int) -> None:
        self._chance = random.Random(seed)
        self._quota = quota
        self._last = dict(PRICES)
        self._sent: list[SubmitOrder] = []

    def on_market_data(self, data: MarketData) -> None:
        """Do something, perhaps."""
        price = Mark().after(data).price
        if price is not None:
            self._last[data.symbol] = price
        self._act(data.symbol)
        if not self._chance.randrange(_FAILS_ONE_IN):
            msg = "a strategy that fails"
            raise ArithmeticError(msg)

    def on_order(self, update: OrderUpdate) -> None:
        """Do something at once, perhaps: while the answer is on its way to others."""
        del update
        if not self._chance.randrange(_ANSWERS_ONE_IN):
            self._act(self._chance.choice(sorted(self._last)))

    def _act(self, symbol: str) -> None:
        if self._quota <= 0:
            return
        chance = self._chance
        working = self.orders()
        deed = chance.choice(_DEEDS) if working else "submit"
        if not chance.randrange(_WRONG_ONE_IN):
            self._err(symbol, chance.choice(_MISTAKES))
        elif deed == "submit":
            self._submit(drawn_order(chance, symbol, self._last[symbol], REACH, self.now_ns()))
        elif deed == "tie":
            self._tie(symbol)
        elif deed == "cancel":
            self.cancel(chance.choice(working).order_id)
        else:
            order = chance.choice(working)
            self.modify(order.order_id, **drawn_change(chance, order, REACH, self.now_ns()))

    def _submit(self, order: SubmitOrder) -> None:
        self._quota -= 1
        order_id = self.submit(order)
        if order_id is not None:
            self._sent.append(order if order.order_id is not None else _named(order, order_id))

    def _tie(self, symbol: str) -> None:
        chance, price, now_ns = self._chance, self._last[symbol], self.now_ns()
        kind = chance.choice(_GROUPS)
        self._quota -= 3 if kind is Contingency.BRACKET else 2
        if kind is Contingency.BRACKET:
            entry, target, stop = drawn_bracket(chance, symbol, price, REACH, now_ns)
            self.bracket(entry, profit_target=target, stop_loss=stop)
            return
        one, other = (drawn_order(chance, symbol, price, REACH, now_ns) for _ in range(2))
        if kind is Contingency.OTO:
            self.oto(one, other)
        else:
            self.oco(one, other, partial="reduce" if kind is Contingency.OUO else "cancel")

    def _err(self, symbol: str, mistake: str) -> None:
        chance, price = self._chance, self._last[symbol]
        match mistake:
            case "off tick":
                self._submit(SubmitOrder(symbol, Side.BUY, OrderType.LIMIT, _LOT, price=add(price, _OFF_GRID)))
            case "off lot":
                self._submit(SubmitOrder(symbol, Side.BUY, OrderType.MARKET, add(_LOT, _OFF_GRID)))
            case "unknown symbol":
                self._submit(SubmitOrder("XRP/USDT", Side.BUY, OrderType.MARKET, _LOT))
            case "contradiction":
                self._submit(contradictory_order(chance, symbol, price, REACH))
            case "shows too much":
                shown = add(_LOT, _LOT)
                self._submit(SubmitOrder(symbol, Side.SELL, OrderType.LIMIT, _LOT, price=price, display_quantity=shown))
            case "too late":
                good = SubmitOrder(symbol, Side.BUY, OrderType.LIMIT, _LOT, price=price)
                self._submit(changed(good, time_in_force=TimeInForce.GTD, expire_time_ns=self.now_ns()))
            case "a price that it has not":
                unpriced = [order for order in self.orders() if order.price is None]
                self.modify(unpriced[0].order_id if unpriced else "nobody-knows-it", price=price)
            case "again" if self._sent:
                self._submit(chance.choice(self._sent))
            case "taken id" if self._sent:
                taken = chance.choice(self._sent)
                order = drawn_order(chance, symbol, price, REACH, self.now_ns())
                self._submit(_named(order, taken.order_id))
            case _:
                self.cancel("nobody-knows-it")


def drawn_limits(chance: random.Random) -> RiskLimits:
    """Draw limits of every scope, tight enough that orders meet them."""
    by_symbol = {symbol: _drawn_scope(chance, 16) for symbol in PRICES if not chance.randrange(3)}
    by_strategy = {
        name: changed(_drawn_scope(chance, 12), instruments=((BTC.symbol, _drawn_scope(chance, 8)),))
        for name in ("Trader-1", "Trader-2", "external")
        if not chance.randrange(2)
    }
    every = changed(_drawn_scope(chance, 30), **_drawn_seldom(chance))
    return changed(every, instruments=tuple(sorted(by_symbol.items())), strategies=tuple(sorted(by_strategy.items())))


def _drawn_seldom(chance: random.Random) -> dict[str, object]:
    """Draw some of the limits that one meets soon, and that then keep much from happening."""
    per_second = chance.randint(1, 8)
    drawn = RiskLimits(
        price_collar=chance.choice(("0.002", "0.01")),
        max_leverage=chance.choice(("0.001", "1")),
        max_concentration=chance.choice(("0.001", "0.5")),
        max_orders_per_second=per_second,
        max_modifies_per_second=per_second,
        max_cancels_per_second=per_second,
        max_requests_per_second=per_second + 1,
        duplicate_within=chance.randint(1, 5),
        max_daily_loss=chance.randint(1, 20),
        max_drawdown=chance.randint(1, 20),
        max_consecutive_losses=chance.randint(1, 5),
        max_reject_rate=chance.choice(("0.3", "0.8")),
        reject_window=chance.randint(3, 20),
        max_data_age=chance.choice(("0.05", "1")),
    )
    names = chance.sample(_SELDOM, k=chance.randint(0, 3))
    seldom: dict[str, object] = {name: getattr(drawn, name) for name in names}
    if "max_requests_per_second" in seldom:
        seldom["cancel_reserve"] = chance.randint(0, per_second)
    return seldom | {"refuse_self_crossing": not chance.randrange(4), "reject_window": drawn.reject_window}


def _drawn_scope(chance: random.Random, tenths: int) -> RiskLimits:
    """Draw limits of one scope: on positions in tenths of a unit, on exposure in tens, and on each order."""

    def drawn(times: int) -> Decimal | None:
        return multiply(Decimal(chance.randint(2, tenths * times)), _TENTH) if chance.randrange(2) else None

    return RiskLimits(
        max_long=drawn(1),
        max_short=drawn(1),
        max_gross=drawn(2),
        max_exposure=None if chance.randrange(4) else 10 * chance.randint(2, tenths * 2),
        max_order_quantity=None if chance.randrange(5) else "0.35",
        max_open_orders=None if chance.randrange(4) else chance.randint(3, 2 * tenths),
    )


def _named(order: SubmitOrder, order_id: str | None) -> SubmitOrder:
    return changed(order, order_id=order_id)


class Market:
    """Prices that wander and jump: quotes with and without sizes, trades, bars, and books with an empty side."""

    def __init__(self, chance: random.Random, prices: Mapping[str, Decimal]) -> None:
        self._chance = chance
        self._liquid = sorted(set(prices) - {THIN.symbol})
        self.prices = dict(prices)

    def next(self) -> MarketData:
        """Draw the next record, of any symbol."""
        chance = self._chance
        thin = not chance.randrange(_THIN_ONE_IN)
        symbol = THIN.symbol if thin else chance.choice(self._liquid)
        kind = chance.choice(_THIN_RECORDS if thin else _RECORDS)
        mid = max(near(chance, self.prices[symbol], _JUMP if kind == "jump" else _STEP), _LEAST)
        self.prices[symbol] = mid
        match kind:
            case "trade":
                return Trade(symbol, price=mid, size=self._offered(), aggressor=chance.choice(SIDES))
            case "bar":
                return Bar(symbol, open=mid, high=add(mid, _REACH), low=subtract(mid, _REACH), close=mid)
            case "one side":
                side, levels = chance.choice(SIDES), ((mid, self._offered()),)
                return Depth(symbol, bids=levels if side is Side.BUY else (), asks=() if side is Side.BUY else levels)
            case _:
                return self._quote(symbol, mid, sized=kind != "no size")

    def _quote(self, symbol: str, mid: Decimal, *, sized: bool) -> Quote:
        half = multiply(_TICK, Decimal(self._chance.randint(1, 5)))
        bid, ask = subtract(mid, half), add(mid, half)
        if not sized:
            return Quote(symbol, bid=bid, ask=ask)
        return Quote(symbol, bid=bid, ask=ask, bid_size=self._offered(), ask_size=self._offered())

    def _offered(self) -> Decimal:
        return lots(self._chance, _OFFERED)
