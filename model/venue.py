"""The simulated venue: what each request and each price leads to.

How it fills:

* A market order, and a limit order that is marketable when it arrives, takes the opposite side of the quote, level by level
  where depth is known, and no more than the quoted size where that is known. What a market order cannot fill ends
  CANCELLED (or EXPIRED, as Binance does); what a limit order cannot fill rests. Where no quote is known, the last trade or
  close stands in for both sides, without limit of size.
* A resting limit order fills as maker, at its own price: when the opposite quote reaches it, for at most the quoted size;
  or when a trade reaches it, for at most the trade's size, if the trade's aggressor was on the other side.
* A stop is triggered by the quote it would execute against, by a trade, or by a bar, at its stop price or beyond; a
  triggered stop is a market order, a triggered stop-limit a limit order, from that moment on.
* A bar is walked from its open to the nearer of its extremes (the low, when both are equally near), to the other, to its
  close. The open is a jump: whatever it reaches fills at the open, a limit order thus at its price or better. Between two
  points the price is taken to pass through every price, so a limit order fills at its price and a stop at its stop price.
  Size within a bar is not limited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Final, Literal

import attrs

from . import reports as r
from .instrument import Instrument
from .kinds import Liquidity as LiquidityFlag
from .kinds import OrderState, OrderType, Reason, Side
from .ladder import Ladder
from .liquidity import Liquidity
from .market import Bar, Depth, MarketData, Quote, Trade
from .numbers import ONE, ZERO, add, multiply, negate, subtract
from .values import changed

S = OrderState
Draw = Callable[[str, int], Decimal]
"""A random number in [0, 1) for an order's id and its count of draws: the same for the same seed."""
_TWO: Final = Decimal(2)
_LIVE: Final = frozenset({S.OPEN, S.PARTIALLY_FILLED})


@attrs.frozen(kw_only=True)
class VenueRules:
    """How the venue charges and fills: fees as fractions of notional, see SimulatedExchange."""

    maker_fee: Decimal
    taker_fee: Decimal
    slippage: Decimal = ZERO
    fill_probability: Decimal = ONE
    remainder: Literal["cancelled", "expired"] = "cancelled"


@attrs.frozen(kw_only=True)
class VenueOrder:
    """An order as the venue knows it. priority is its place in the queue at its price."""

    client_order_id: str
    exchange_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    priority: int
    state: OrderState = S.OPEN
    triggered: bool = False
    # Marketable when it arrived, and still not filled: it goes on as a taker, at the market's price.
    crossing: bool = False
    filled: Decimal = ZERO
    notional: Decimal = ZERO
    fees: Decimal = ZERO
    draws: int = 0

    @property
    def leaves(self) -> Decimal:
        """What may still fill."""
        return subtract(self.quantity, self.filled)

    @property
    def waits_for_stop(self) -> bool:
        """Whether its trigger price has not been reached."""
        return self.stop_price is not None and not self.triggered

    @property
    def is_live(self) -> bool:
        """Whether it is on the book."""
        return self.state in _LIVE


class _Book:
    """The resting orders of one symbol."""

    def __init__(self) -> None:
        self.limits = {Side.BUY: Ladder(rising=False), Side.SELL: Ladder(rising=True)}
        self.stops = {Side.BUY: Ladder(rising=True), Side.SELL: Ladder(rising=False)}

    def place_of(self, order: VenueOrder) -> tuple[Ladder, Decimal] | None:
        """Return the ladder and the price that an order rests at; None for a market order."""
        if order.waits_for_stop and order.stop_price is not None:
            return self.stops[order.side], order.stop_price
        return None if order.price is None else (self.limits[order.side], order.price)


class SimulatedVenue:
    """All orders, books and offers of the simulated exchange.

    request() and on_market_data() return the reports they lead to. When one raises, the venue is as it was before.

    Args:
        instruments: by symbol.
        rules: fees and fills.
        draw: the source of chance, see Draw.
        next_id: source of execution ids, unique over restarts.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], rules: VenueRules, draw: Draw, next_id: Callable[[], str]
    ) -> None:
        self.orders: dict[str, VenueOrder] = {}
        self._instruments = instruments
        self._rules = rules
        self._draw = draw
        self._next_id = next_id
        self._books: dict[str, _Book] = {symbol: _Book() for symbol in instruments}
        self._offers: dict[str, Liquidity] = {}
        self._accepted = 0
        self._priority = 0
        self._before: dict[str, VenueOrder | None] = {}
        self._reports: list[r.VenueReport] = []
        self._now = 0

    def request(self, request: r.VenueRequest, now_ns: int) -> tuple[r.VenueReport, ...]:
        """Handle what the order manager asks for."""
        match request:
            case r.VenueSubmit():
                return self._run(request.symbol, now_ns, lambda: self._submit(request))
            case r.VenueCancel():
                return self._run(request.symbol, now_ns, lambda: self._cancel(request))
            case r.VenueModify():
                return self._run(request.symbol, now_ns, lambda: self._modify(request))
            case r.VenueQuery():
                return (self._status(request, now_ns),)

    def on_market_data(self, data: MarketData, now_ns: int) -> tuple[r.VenueReport, ...]:
        """Take over an observation and fill what it reaches; a symbol that is not traded here is passed over."""
        if data.symbol not in self._instruments:
            return ()
        return self._run(data.symbol, now_ns, lambda: self._observe(data))

    def _run(self, symbol: str, now: int, step: Callable[[], None]) -> tuple[r.VenueReport, ...]:
        offers, accepted, priority = self._offers.get(symbol), self._accepted, self._priority
        self._before, self._reports, self._now = {}, [], now
        try:
            step()
        except BaseException:
            self._roll_back(symbol, offers)
            self._accepted, self._priority = accepted, priority
            raise
        return tuple(self._reports)

    def _roll_back(self, symbol: str, offers: Liquidity | None) -> None:
        for client_id, order in self._before.items():
            if order is None:
                del self.orders[client_id]
            else:
                self.orders[client_id] = order
        if offers is None:
            self._offers.pop(symbol, None)
        else:
            self._offers[symbol] = offers
        if symbol in self._books:
            self._books[symbol] = book = _Book()
            resting = (o for o in self.orders.values() if o.symbol == symbol and o.is_live)
            for order in sorted(resting, key=lambda o: o.priority):
                place = book.place_of(order)
                if place is not None:
                    place[0].add(place[1], order.client_order_id)

    # -- requests

    def _submit(self, request: r.VenueSubmit) -> None:
        client_id = request.client_order_id
        known = self.orders.get(client_id)
        if known is not None:
            # Sent again under the same id: it is one order.
            self._report(r.VenueAccepted(client_order_id=client_id, exchange_order_id=known.exchange_order_id))
            return
        if request.symbol not in self._instruments:
            text = f"symbol {request.symbol}: is not traded here"
            self._report(r.VenueRejected(client_order_id=client_id, reason=Reason.UNKNOWN_SYMBOL, text=text))
            return
        buying = request.side is Side.BUY
        if request.order_type is OrderType.MARKET and not self._liquidity(request.symbol).offers(buying=buying):
            text = f"no price is known at which {request.symbol} could be {'bought' if buying else 'sold'}"
            self._report(r.VenueRejected(client_order_id=client_id, reason=Reason.NO_MARKET, text=text))
            return
        self._accepted += 1
        self._priority += 1
        order = VenueOrder(
            client_order_id=client_id,
            exchange_order_id=f"X-{self._accepted}",
            symbol=request.symbol,
            side=request.side,
            order_type=request.order_type,
            quantity=request.quantity,
            price=request.price,
            stop_price=request.stop_price,
            priority=self._priority,
        )
        self._report(r.VenueAccepted(client_order_id=client_id, exchange_order_id=order.exchange_order_id))
        self._put(order)
        self._work(order)

    def _work(self, order: VenueOrder) -> None:
        """Do what an order does on arrival: trigger, take, rest."""
        if order.waits_for_stop:
            offers = self._liquidity(order.symbol).offers(buying=order.side is Side.BUY)
            if offers and _stops_at(order, offers[0].price):
                self._trigger(order)
            return
        if order.price is None:
            self._finish(self._take(order) or order)
        elif self._is_marketable(order):
            order = self._put(changed(order, crossing=True))
            if self._hit(order):
                self._take(order)

    def _cancel(self, request: r.VenueCancel) -> None:
        client_id = request.client_order_id
        order = self.orders.get(client_id)
        if order is None or not order.is_live:
            reason = Reason.NOT_AT_VENUE if order is None else Reason.TOO_LATE
            self._report(r.VenueCancelRejected(client_order_id=client_id, request_id=request.request_id, reason=reason))
            return
        self._put(changed(order, state=S.CANCELLED))
        self._report(r.VenueCancelled(client_order_id=client_id, reason=Reason.REQUESTED))

    def _modify(self, request: r.VenueModify) -> None:
        client_id = request.client_order_id
        order = self.orders.get(client_id)
        if order is None or not order.is_live:
            reason = Reason.NOT_AT_VENUE if order is None else Reason.TOO_LATE
            self._report(r.VenueModifyRejected(client_order_id=client_id, request_id=request.request_id, reason=reason))
            return
        price = order.price if request.price is None else request.price
        quantity = order.quantity if request.quantity is None else max(request.quantity, order.filled)
        shrinks_only = price == order.price and quantity <= order.quantity
        state = order.state if quantity > order.filled else S.FILLED
        if not shrinks_only:
            self._priority += 1
        # Priority is kept when only the quantity shrinks.
        priority = order.priority if shrinks_only else self._priority
        if not shrinks_only:
            self._put(changed(order, state=S.CANCELLED))  # out of the queue, to come back at its end
        crossing = order.crossing and shrinks_only
        order = self._put(
            changed(order, price=price, quantity=quantity, state=state, priority=priority, crossing=crossing)
        )
        self._report(
            r.VenueModified(client_order_id=client_id, request_id=request.request_id, price=price, quantity=quantity)
        )
        if order.is_live and not shrinks_only and not order.waits_for_stop:
            self._work(order)

    def _status(self, request: r.VenueQuery, now: int) -> r.VenueStatus:
        order = self.orders.get(request.client_order_id)
        return r.VenueStatus(
            client_order_id=request.client_order_id,
            state=None if order is None else order.state,
            filled_quantity=ZERO if order is None else order.filled,
            complete=True,
            time_ns=now,
        )

    # -- market data

    def _observe(self, data: MarketData) -> None:
        symbol = data.symbol
        before = self._liquidity(symbol)
        match data:
            case Quote():
                self._offers[symbol] = before.after_quote(data)
                self._match_quotes(symbol)
            case Depth():
                self._offers[symbol] = before.after_depth(data)
                self._match_quotes(symbol)
            case Trade():
                self._offers[symbol] = before.after_last(data.price, replaces_quotes=False)
                self._match_trade(data)
            case Bar():
                self._match_bar(data)

    def _match_quotes(self, symbol: str) -> None:
        book = self._books[symbol]
        for side in (Side.BUY, Side.SELL):
            offers = self._liquidity(symbol).offers(buying=side is Side.BUY)
            if not offers:
                continue
            best = offers[0].price
            for client_id in book.limits[side].reached(best):
                order = self.orders[client_id]
                if self._hit(order) and self._take(order) is None:
                    # Nothing was left for the best of them, so nothing is left for the others.
                    break
            for client_id in book.stops[side].reached(best):
                self._trigger(self.orders[client_id])

    def _match_trade(self, trade: Trade) -> None:
        book, left = self._books[trade.symbol], trade.size
        for side in (Side.BUY, Side.SELL):
            if trade.aggressor is not side:
                for client_id in book.limits[side].reached(trade.price):
                    if left is not None and left <= ZERO:
                        break
                    order = self.orders[client_id]
                    if self._hit(order) and order.price is not None:
                        quantity = order.leaves if left is None else min(order.leaves, left)
                        self._fill(order, quantity, trade.price if order.crossing else order.price)
                        left = None if left is None else subtract(left, quantity)
            for client_id in book.stops[side].reached(trade.price):
                self._trigger(self.orders[client_id])

    def _match_bar(self, bar: Bar) -> None:
        to_low, to_high = subtract(bar.open, bar.low), subtract(bar.high, bar.open)
        extremes = (bar.low, bar.high) if to_low <= to_high else (bar.high, bar.low)
        self._pass(bar.symbol, bar.open, bar.open)
        here = bar.open
        for point in (*extremes, bar.close):
            if point != here:
                self._pass(bar.symbol, here, point)
            here = point

    def _pass(self, symbol: str, start: Decimal, point: Decimal) -> None:
        """Move the price from start to a point; what it reaches comes in the order in which it is reached.

        A jump has start = point: what it reaches was passed over and fills there.
        """
        self._set_last(symbol, point)
        for price, order in tuple(self._on_the_way(symbol, point)):
            reached = max(price, start) if self._comes_from_below(order) else min(price, start)
            if order.waits_for_stop:
                self._set_last(symbol, reached)
                self._trigger(order)
            elif self._hit(order):
                self._fill(order, order.leaves, reached)
        self._set_last(symbol, point)

    def _comes_from_below(self, order: VenueOrder) -> bool:
        """Say whether a rising price reaches the order: a sell limit or a buy stop."""
        return (order.side is Side.BUY) is order.waits_for_stop

    def _on_the_way(self, symbol: str, point: Decimal) -> Iterator[tuple[Decimal, VenueOrder]]:
        book = self._books[symbol]
        for rising, limit, stop in ((True, Side.SELL, Side.BUY), (False, Side.BUY, Side.SELL)):
            found: list[tuple[Decimal, bool, VenueOrder]] = []
            for client_id in (*book.limits[limit].reached(point), *book.stops[stop].reached(point)):
                order = self.orders[client_id]
                price = order.stop_price if order.waits_for_stop else order.price
                if price is not None:
                    # At one price limit orders come before stops, in the order of their arrival.
                    found.append((price if rising else negate(price), order.waits_for_stop, order))
            found.sort(key=lambda item: item[:2])
            yield from ((key if rising else negate(key), order) for key, _, order in found)

    def _set_last(self, symbol: str, price: Decimal) -> None:
        self._offers[symbol] = self._liquidity(symbol).after_last(price, replaces_quotes=True)

    # -- orders

    def _liquidity(self, symbol: str) -> Liquidity:
        return self._offers.get(symbol) or Liquidity()

    def _is_marketable(self, order: VenueOrder) -> bool:
        offers = self._liquidity(order.symbol).offers(buying=order.side is Side.BUY)
        return bool(offers) and order.price is not None and _within(order.side, offers[0].price, order.price)

    def _trigger(self, order: VenueOrder) -> None:
        order = self._put(changed(order, triggered=True))
        self._report(r.VenueTriggered(client_order_id=order.client_order_id))
        if order.price is None and not self._liquidity(order.symbol).offers(buying=order.side is Side.BUY):
            self._put(changed(order, state=S.REJECTED))
            text = "triggered, but no price is known to fill at"
            self._report(r.VenueRejected(client_order_id=order.client_order_id, reason=Reason.NO_MARKET, text=text))
            return
        self._work(order)

    def _chance(self, order: VenueOrder) -> Decimal:
        """Draw the order's next random number."""
        order = self.orders[order.client_order_id]
        order = self._put(changed(order, draws=order.draws + 1))
        return self._draw(order.exchange_order_id, order.draws)

    def _hit(self, order: VenueOrder) -> bool:
        """Say whether a touched limit order fills; where that is certain, nothing is drawn."""
        probability = self._rules.fill_probability
        return probability >= ONE or self._chance(order) < probability

    def _take(self, order: VenueOrder) -> VenueOrder | None:
        """Fill from the offers, level by level, within the order's limit; None when nothing was there to take."""
        order = self.orders[order.client_order_id]
        buying = order.side is Side.BUY
        taken: VenueOrder | None = None
        for offer in self._liquidity(order.symbol).offers(buying=buying):
            if order.price is not None and not _within(order.side, offer.price, order.price):
                break
            available = offer.available
            quantity = order.leaves if available is None else min(order.leaves, available)
            if quantity > ZERO:
                offers = self._liquidity(order.symbol).taken(offer.price, quantity, buying=buying)
                self._offers[order.symbol] = offers
                order = taken = self._fill(order, quantity, self._price_of(order, offer.price))
            if not order.leaves:
                break
        return taken

    def _price_of(self, order: VenueOrder, offered: Decimal) -> Decimal:
        """A market order gets the offer, with slippage; a limit order the offer on arrival, its own price once it rests."""
        if order.price is not None:
            return offered if order.crossing else order.price
        if not self._rules.slippage:
            return offered
        # Drawn from [-1, 1): slippage is the largest move, either way.
        drawn = subtract(multiply(self._chance(order), _TWO), ONE)
        moved = multiply(offered, add(ONE, multiply(drawn, self._rules.slippage)))
        return self._instruments[order.symbol].on_tick(moved)

    def _fill(self, order: VenueOrder, quantity: Decimal, price: Decimal) -> VenueOrder:
        order = self.orders[order.client_order_id]
        notional = multiply(quantity, price)
        maker = order.price is not None and not order.crossing
        flag = LiquidityFlag.MAKER if maker else LiquidityFlag.TAKER
        rate = self._rules.maker_fee if maker else self._rules.taker_fee
        fee = multiply(notional, rate)
        filled = add(order.filled, quantity)
        order = self._put(
            changed(
                order,
                filled=filled,
                notional=add(order.notional, notional),
                fees=add(order.fees, fee),
                state=S.FILLED if filled >= order.quantity else S.PARTIALLY_FILLED,
            )
        )
        fill = r.Fill(
            execution_id=self._next_id(),
            quantity=quantity,
            price=price,
            fee=fee,
            fee_currency=self._instruments[order.symbol].quote,
            liquidity=flag,
            time_ns=self._now,
        )
        self._report(
            r.VenueFilled(
                client_order_id=order.client_order_id,
                symbol=order.symbol,
                side=order.side,
                fill=fill,
                exchange_order_id=order.exchange_order_id,
            )
        )
        return order

    def _finish(self, order: VenueOrder) -> None:
        """End the remainder of a market order: what the market does not offer is not waited for."""
        if not order.leaves:
            return
        if self._rules.remainder == "expired":
            self._put(changed(order, state=S.EXPIRED))
            self._report(r.VenueExpired(client_order_id=order.client_order_id, reason=Reason.REMAINDER))
        else:
            self._put(changed(order, state=S.CANCELLED))
            text = "the quoted size is used up"
            self._report(r.VenueCancelled(client_order_id=order.client_order_id, reason=Reason.REMAINDER, text=text))

    def _put(self, order: VenueOrder) -> VenueOrder:
        """Replace an order, and move it to where it now rests."""
        client_id, book = order.client_order_id, self._books[order.symbol]
        before = self.orders.get(client_id)
        self._before.setdefault(client_id, before)
        was = book.place_of(before) if before is not None and before.is_live else None
        now = book.place_of(order) if order.is_live else None
        if was != now:
            if was is not None:
                was[0].remove(was[1], client_id)
            if now is not None:
                now[0].add(now[1], client_id)
        self.orders[client_id] = order
        return order

    def _report(self, report: r.VenueReport) -> None:
        self._reports.append(changed(report, time_ns=self._now))


def _within(side: Side, price: Decimal, limit: Decimal) -> bool:
    return price <= limit if side is Side.BUY else price >= limit


def _stops_at(order: VenueOrder, price: Decimal) -> bool:
    assert order.stop_price is not None, "only stops are asked"
    return price >= order.stop_price if order.side is Side.BUY else price <= order.stop_price
