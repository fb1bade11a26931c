"""What the simulated venue books and reports of an order: executions, refusals, and how its remainder ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from . import reports as r
from .instrument import Instrument
from .kinds import Liquidity as LiquidityFlag
from .kinds import OrderState, Reason
from .numbers import ZERO, add, multiply, plain, tidy
from .values import changed
from .venue_curtailing import cancel, expire
from .venue_memory import VenueMemory
from .venue_order import VenueOrder, VenueRules
from .venue_position import Reducing
from .venue_ties import Ties


class Booking:
    """Writes what happens to orders into the memory, and reports it.

    Args:
        memory: orders, books and offers.
        instruments: by symbol.
        rules: fees and fills.
        next_id: source of execution ids.
        reducing: books positions, and keeps reduce-only orders within them.
        ties: lets an execution touch the others of its group.
    """

    def __init__(
        self,
        memory: VenueMemory,
        instruments: Mapping[str, Instrument],
        rules: VenueRules,
        next_id: Callable[[], str],
        reducing: Reducing,
        ties: Ties,
    ) -> None:
        self._memory = memory
        self._instruments = instruments
        self._rules = rules
        self._next_id = next_id
        self._reducing = reducing
        self._ties = ties

    def fill(self, order: VenueOrder, quantity: Decimal, price: Decimal, *, maker: bool | None = None) -> VenueOrder:
        """Book and report one execution: that of a resting limit order is the maker's, any other the taker's.

        Where maker is given, it says so instead: of two orders that meet here, the one that has come in is the taker.
        """
        memory = self._memory
        if maker is None:
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
                **(self._shown_after(order, quantity) if maker else {}),
            )
        )
        memory.reports.append(reported(order, fill, memory.now_ns))
        # Before the next order of the same step fills, which may be one that this fill leaves nothing to reduce. Ties
        # first: what they take from the others of a group, reduce-only ones are not to be shortened by once more.
        self._ties.book(order, quantity)
        self._reducing.book(order, quantity)
        return order

    def _shown_after(self, order: VenueOrder, quantity: Decimal) -> dict[str, object]:
        """What a fill leaves of the shown part of an iceberg; when it is used up, the next is shown behind all others.

        FIX tag 1138, DisplayQty, with tag 1083, DisplayWhen, 2: it is shown anew when it is exhausted.
        """
        if order.instructions.display_quantity is None:
            return {}
        if quantity < order.visible:
            return {"used": add(order.used, quantity)}
        return {"used": ZERO, "priority": self._memory.next_priority()}

    def reject(self, client_id: str, reason: Reason, text: str) -> None:
        """Report that an order is refused."""
        now = self._memory.now_ns
        report = r.VenueRejected(client_order_id=client_id, reason=reason, text=text, time_ns=now)
        self._memory.reports.append(report)

    def end(self, order: VenueOrder) -> None:
        """End the remainder of an order that does not rest: what the market does not offer is not waited for."""
        filled, quantity = plain(order.filled), plain(order.quantity)
        text = f"{filled} of {quantity} could be filled at once, and the rest does not wait"
        self._end(order, Reason.REMAINDER, text)

    def kill(self, order: VenueOrder, there: Decimal) -> None:
        """End an order that fills at once and as a whole or not at all; there is what could have been had of it."""
        text = f"{plain(order.leaves)} was wanted at once, and {plain(there)} was there"
        self._end(order, Reason.FILL_OR_KILL, text)

    def _end(self, order: VenueOrder, reason: Reason, text: str) -> None:
        if self._rules.remainder == "expired":
            expire(self._memory, order, reason, text)
        else:
            cancel(self._memory, order, reason, text)


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
