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
from ...model.kinds import OrderType, Side
from ...model.mark import Mark
from ...model.market import Bar, Depth, MarketData, Quote, Trade
from ...model.numbers import add, multiply, subtract

BTC: Final = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.001", min_notional="1")
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
_SIDES: Final = (Side.BUY, Side.SELL)
_TYPES: Final = (OrderType.MARKET, OrderType.LIMIT, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT)
_LIMITED: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_STOPPED: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_DEEDS: Final = ("submit",) * 11 + ("cancel",) * 5 + ("reprice",) * 2 + ("resize",) * 2
_RECORDS: Final = ("quote",) * 11 + ("no size",) * 4 + ("trade",) * 3 + ("bar", "jump")
_THIN_RECORDS: Final = ("trade", "trade", "one side", "one side", "one side", "quote")
_MISTAKES: Final = ("off tick", "off lot", "unknown symbol", "post only", "unknown order", "again", "taken id")
_THIN_ONE_IN: Final = 12
_WRONG_ONE_IN: Final = 25
_FAILS_ONE_IN: Final = 500
_ANSWERS_ONE_IN: Final = 4
_LEAST: Final = Decimal("10.00")
_REACH: Final = Decimal("0.60")
_TICKS_AWAY: Final = 120
_MOST_LOTS: Final = 400
_MOST_OFFERED: Final = 900


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
            self._submit(any_order(chance, symbol, self._last[symbol]))
        elif deed == "cancel":
            self.cancel(chance.choice(working).order_id)
        else:
            order = chance.choice(working)
            if order.price is not None and deed == "reprice":
                self.modify(order.order_id, price=near(chance, order.price, _TICKS_AWAY // 2))
            else:
                self.modify(order.order_id, quantity=lots(chance, _MOST_LOTS))

    def _submit(self, order: SubmitOrder) -> None:
        self._quota -= 1
        order_id = self.submit(order)
        if order_id is not None:
            self._sent.append(order if order.order_id is not None else _named(order, order_id))

    def _err(self, symbol: str, mistake: str) -> None:
        chance, price = self._chance, self._last[symbol]
        match mistake:
            case "off tick":
                self._submit(SubmitOrder(symbol, Side.BUY, OrderType.LIMIT, _LOT, price=add(price, _OFF_GRID)))
            case "off lot":
                self._submit(SubmitOrder(symbol, Side.BUY, OrderType.MARKET, add(_LOT, _OFF_GRID)))
            case "unknown symbol":
                self._submit(SubmitOrder("XRP/USDT", Side.BUY, OrderType.MARKET, _LOT))
            case "post only":
                self._submit(SubmitOrder(symbol, Side.SELL, OrderType.LIMIT, _LOT, price=price, post_only=True))
            case "again" if self._sent:
                self._submit(chance.choice(self._sent))
            case "taken id" if self._sent:
                taken = chance.choice(self._sent)
                self._submit(_named(any_order(chance, symbol, price), taken.order_id))
            case _:
                self.cancel("nobody-knows-it")


def any_order(chance: random.Random, symbol: str, price: Decimal) -> SubmitOrder:
    """Draw an order of any type on either side, its prices near the one given."""
    kind = chance.choice(_TYPES)
    return SubmitOrder(
        symbol,
        chance.choice(_SIDES),
        kind,
        lots(chance, _MOST_LOTS),
        price=near(chance, price, _TICKS_AWAY) if kind in _LIMITED else None,
        stop_price=near(chance, price, _TICKS_AWAY) if kind in _STOPPED else None,
    )


def _named(order: SubmitOrder, order_id: str | None) -> SubmitOrder:
    return SubmitOrder(
        order.symbol,
        order.side,
        order.order_type,
        order.quantity,
        price=order.price,
        stop_price=order.stop_price,
        order_id=order_id,
    )


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
        mid = max(near(chance, self.prices[symbol], 200 if kind == "jump" else 20), _LEAST)
        self.prices[symbol] = mid
        match kind:
            case "trade":
                return Trade(symbol, price=mid, size=self._offered(), aggressor=chance.choice(_SIDES))
            case "bar":
                return Bar(symbol, open=mid, high=add(mid, _REACH), low=subtract(mid, _REACH), close=mid)
            case "one side":
                side, levels = chance.choice(_SIDES), ((mid, self._offered()),)
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
        return lots(self._chance, _MOST_OFFERED)


def near(chance: random.Random, price: Decimal, ticks: int) -> Decimal:
    """Draw a price at most so many ticks away."""
    return max(add(price, multiply(_TICK, Decimal(chance.randint(-ticks, ticks)))), _TICK)


def lots(chance: random.Random, most: int) -> Decimal:
    """Draw a quantity of at most so many lots."""
    return multiply(_LOT, Decimal(chance.randint(1, most)))
