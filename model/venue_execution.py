"""How an order executes at the simulated venue: triggered, taken, filled, ended, and what is reported of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from . import reports as r
from .instrument import Instrument
from .kinds import Liquidity as LiquidityFlag
from .kinds import OrderState, Reason
from .numbers import EXACT, ONE, ZERO, add, multiply, subtract, tidy
from .values import changed
from .venue_memory import VenueMemory
from .venue_order import Draw, VenueOrder, VenueRules

_TWO: Final = Decimal(2)


class Execution:
    """Executes orders against what the market offers.

    Each method takes an order as it stands and returns it as it stands then.

    Args:
        memory: orders, books and offers.
        instruments: by symbol.
        rules: fees and fills.
        draw: the source of chance, see Draw.
        next_id: source of execution ids.
    """

    def __init__(
        self,
        memory: VenueMemory,
        instruments: Mapping[str, Instrument],
        rules: VenueRules,
        draw: Draw,
        next_id: Callable[[], str],
    ) -> None:
        self._memory = memory
        self._instruments = instruments
        self._rules = rules
        self._draw = draw
        self._next_id = next_id

    def arrive(self, order: VenueOrder) -> None:
        """Do what an order does when it comes in, is triggered, or comes back with new terms: trigger, take, rest."""
        offers = self._memory.offers(order.symbol, order.side)
        if order.waits_for_stop:
            if offers and order.is_stopped_by(offers[0].price):
                self.trigger(order)
        elif order.price is None:
            self._end(self.take(order) or order)
        elif offers and order.may_trade_at(offers[0].price):
            touched = self.touched(self._memory.put(changed(order, crossing=True)))
            if touched is not None:
                self.take(touched)

    def trigger(self, order: VenueOrder) -> None:
        """Make a stop a market order, a stop-limit a limit order, which queues behind those that rest at its price."""
        memory = self._memory
        order = memory.put(changed(order, triggered=True, priority=memory.next_priority()))
        memory.reports.append(r.VenueTriggered(client_order_id=order.client_order_id, time_ns=memory.now_ns))
        if order.price is None and not memory.offers(order.symbol, order.side):
            memory.put(changed(order, state=OrderState.REJECTED))
            text = "triggered, but no price is known to fill at"
            self.reject(order.client_order_id, Reason.NO_MARKET, text)
        else:
            self.arrive(order)

    def reject(self, client_id: str, reason: Reason, text: str) -> None:
        """Report that an order is refused."""
        now = self._memory.now_ns
        report = r.VenueRejected(client_order_id=client_id, reason=reason, text=text, time_ns=now)
        self._memory.reports.append(report)

    def touched(self, order: VenueOrder) -> VenueOrder | None:
        """Return a limit order that the market reaches, None if chance passes it over; no draw where all fill."""
        probability = self._rules.fill_probability
        if probability >= ONE:
            return order
        order, drawn = self._chance(order)
        return order if drawn < probability else None

    def take(self, order: VenueOrder) -> VenueOrder | None:
        """Fill from the offers, level by level, within the order's limit; None when nothing was there to take."""
        memory, symbol = self._memory, order.symbol
        taken: VenueOrder | None = None
        for offer in memory.offers(symbol, order.side):
            if not order.leaves or not order.may_trade_at(offer.price):
                break
            available = offer.available
            quantity = order.leaves if available is None else min(order.leaves, available)
            if quantity > ZERO:
                liquidity = memory.liquidity(symbol)
                memory.set_liquidity(symbol, liquidity.taken(offer.price, quantity, order.side))
                order, price = self.priced(order, offer.price)
                order = taken = self.fill(order, quantity, price)
        return taken

    def fill(self, order: VenueOrder, quantity: Decimal, price: Decimal) -> VenueOrder:
        """Book and report one execution: that of a resting limit order is the maker's, any other the taker's."""
        memory = self._memory
        maker = order.price is not None and not order.crossing
        notional = multiply(quantity, price)
        fee = tidy(multiply(notional, self._rules.maker_fee if maker else self._rules.taker_fee))
        filled = add(order.filled, quantity)
        fill = r.Fill(
            execution_id=self._next_id(),
            quantity=quantity,
            price=price,
            fee=fee,
            fee_currency=self._instruments[order.symbol].quote,
            liquidity=LiquidityFlag.MAKER if maker else LiquidityFlag.TAKER,
            time_ns=memory.now_ns,
        )
        order = memory.put(
            changed(
                order,
                filled=filled,
                notional=add(order.notional, notional),
                fees=add(order.fees, fee),
                fill_chain=order.fill_chain.appended(fill),
                state=OrderState.FILLED if filled >= order.quantity else OrderState.PARTIALLY_FILLED,
            )
        )
        memory.reports.append(reported(order, fill, memory.now_ns))
        return order

    def priced(self, order: VenueOrder, offered: Decimal) -> tuple[VenueOrder, Decimal]:
        """Return a fill's price: the offer while a limit order crosses, its own once it rests; a market order slips."""
        if order.price is not None:
            return order, offered if order.crossing else order.price
        if not self._rules.slippage:
            return order, offered
        order, drawn = self._chance(order)
        factor = multiply(subtract(multiply(drawn, _TWO), ONE), self._rules.slippage)
        move = multiply(offered, factor)
        # Slippage is the largest move, either way, so the price moves by whole ticks and never by one more.
        beyond = EXACT.remainder(move, self._instruments[order.symbol].price_increment)
        return order, add(offered, subtract(move, beyond))

    def _chance(self, order: VenueOrder) -> tuple[VenueOrder, Decimal]:
        """Draw the order's next random number."""
        order = self._memory.put(changed(order, draws=order.draws + 1))
        return order, self._draw(order.draw_key, order.draws)

    def _end(self, order: VenueOrder) -> None:
        """End the remainder of a market order: what the market does not offer is not waited for."""
        if not order.leaves:
            return
        memory, client_id = self._memory, order.client_order_id
        if self._rules.remainder == "expired":
            memory.put(changed(order, state=OrderState.EXPIRED))
            expired = r.VenueExpired(
                client_order_id=client_id,
                reason=Reason.REMAINDER,
                filled_quantity=order.filled,
                time_ns=memory.now_ns,
            )
            memory.reports.append(expired)
        else:
            memory.put(changed(order, state=OrderState.CANCELLED))
            memory.reports.append(
                r.VenueCancelled(
                    client_order_id=client_id,
                    reason=Reason.REMAINDER,
                    text="the quoted size is used up",
                    filled_quantity=order.filled,
                    time_ns=memory.now_ns,
                )
            )


def reported(order: VenueOrder, fill: r.Fill, now_ns: int) -> r.VenueFilled:
    """Return the report of an execution, as it is told when it happens and whenever the order is asked about."""
    return r.VenueFilled(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        fill=fill,
        exchange_order_id=order.exchange_order_id,
        time_ns=now_ns,
    )
