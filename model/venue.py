"""The simulated venue: what each request and each price leads to.

How it fills:

* A market order, and a limit order that is marketable when it arrives, takes the opposite side of the quote, level by
  level where depth is known, and no more than the quoted size where that is known. What a market order cannot fill
  ends CANCELLED (or EXPIRED, as Binance does); what a limit order cannot fill rests. Where no quote is known, the
  last trade or close stands in for both sides, without limit of size.
* A resting limit order fills as maker, at its own price: when the opposite quote reaches it, for at most the quoted
  size; or when a trade reaches it, for at most the trade's size, if the trade's aggressor was on the other side. One
  that was marketable when it arrived goes on as taker, at the market's price, until the market has left its limit.
* A stop is triggered by the quote it would execute against, by a trade, or by a bar, at its stop price or beyond; a
  triggered stop is a market order, a triggered stop-limit a limit order that arrives at that moment.
* A bar is walked from its open to the nearer of its extremes (the low, when both are equally near), to the other, to
  its close. The open is a jump: whatever it reaches fills at the open, a limit order thus at its price or better.
  Between two points the price is taken to pass through every price, so a limit order fills at its price and a stop at
  its stop price. Size within a bar is not limited.

* An order that comes in meets the orders of others here, too, at their price, for as much as there is: the better price
  first, and at one price the recorded size before the orders, which come first come first served. Such a trade moves no
  last price and triggers no stop. Orders of one account do not trade with each other, see venue_self_trade.py.
* Of an iceberg the part that is shown stands in its place; when it is used up, the next is shown behind the others.

How much fills of a limit order that is reached is the fill model's to say, see fill_models.py: the above is Touch().
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from . import reports as r
from .instrument import Instrument
from .kinds import OrderType, Reason, Side
from .market import MarketData
from .refusal import Refusal
from .validation import check_expiry
from .values import changed
from .venue_admission import Admission
from .venue_amending import Amending
from .venue_booking import Booking, reported
from .venue_curtailing import cancel, expire
from .venue_execution import Execution, TooLittle
from .venue_expiry import day_end
from .venue_listing import listed, listed_all, status_of
from .venue_matching import Matching
from .venue_memory import VenueMemory
from .venue_order import Draw, VenueOrder, VenueRules
from .venue_position import Reducing
from .venue_pricing import Pricing
from .venue_self_trade import SelfTrade
from .venue_taking import Taking
from .venue_ties import Ties
from .venue_trailing import Trailing

__all__ = ["Draw", "SimulatedVenue", "VenueOrder", "VenueRules"]


class SimulatedVenue:
    """The simulated exchange's whole state, and what it answers.

    request(), on_market_data() and pass_time() return the reports they lead to. When one raises, the venue is as it was
    before. The time is what they are told, in nanoseconds since the epoch, UTC: an order whose time has come by then
    expires before anything else happens.

    Args:
        instruments: by symbol.
        rules: fees and fills.
        draw: the source of chance, see Draw.
        next_id: source of the ids of orders and executions, unique over restarts.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], rules: VenueRules, draw: Draw, next_id: Callable[[], str]
    ) -> None:
        self._memory = VenueMemory(instruments)
        self._instruments = instruments
        self._next_id = next_id
        self._hedged = rules.hedged
        reducing = Reducing(self._memory, next_id, hedged=rules.hedged)
        trailing = Trailing(self._memory, instruments)
        self._ties = Ties(self._memory, rules, next_id)
        self._booking = Booking(self._memory, instruments, rules, next_id, reducing, self._ties)
        self._admission = Admission(self._memory, instruments, rules, trailing, reducing)
        pricing = Pricing(self._memory, instruments, rules, draw)
        taking = Taking(self._memory, pricing, self._booking, SelfTrade(self._memory, rules, next_id))
        self._execution = Execution(self._memory, taking, pricing, self._booking, self._admission, next_id)
        self._matching = Matching(self._memory, self._execution, taking, pricing, self._booking, trailing)
        self._amending = Amending(self._memory, self._execution, self._admission, rules)

    @property
    def orders(self) -> Mapping[str, VenueOrder]:
        """Every order that was accepted, by its client order id."""
        return self._memory.orders

    @property
    def is_hedged(self) -> bool:
        """Whether an account can hold a long and a short position in the same symbol."""
        return self._hedged

    @property
    def next_expiry_ns(self) -> int | None:
        """When the next order expires; None when none will."""
        return self._memory.expiries.next_ns

    def request(self, request: r.VenueOrderRequest, now_ns: int) -> tuple[r.VenueReport, ...]:
        """Handle what the order manager asks for."""
        match request:
            case r.VenueSubmit():
                return self._attempt(lambda: self._submit(request), now_ns)
            case r.VenueCancel():
                return self._attempt(lambda: self._cancel(request), now_ns)
            case r.VenueModify():
                return self._attempt(lambda: self._amending.amend(request), now_ns)
            case r.VenueQuery():
                return self._attempt(lambda: self._answer(request), now_ns)

    def list_orders(self, request: r.VenueList, now_ns: int) -> tuple[r.VenueReport | r.VenueListing, ...]:
        """Tell of every order that is open or has changed since, and of all positions."""
        expired = self.pass_time(now_ns)
        memory = self._memory
        orders = tuple(
            order for order in self.orders.values() if order.is_live or memory.changed_ns(order) >= request.since_ns
        )
        told = tuple(report for order in orders for report in listed(order, request, now_ns))
        return (*expired, *told, listed_all(request, len(orders), now_ns, memory.positions()))

    def on_market_data(self, data: MarketData, now_ns: int) -> tuple[r.VenueReport, ...]:
        """Take over an observation and fill what it reaches; a symbol that is not traded here is passed over."""
        if data.symbol not in self._memory.books:
            return self.pass_time(now_ns)
        return self._attempt(lambda: self._matching.observe(data), now_ns)

    def pass_time(self, now_ns: int) -> tuple[r.VenueReport, ...]:
        """Let expire what is due, when nothing else happens."""
        return self._memory.attempt(self._expire, now_ns)

    def execute(self, client_order_id: str, quantity: Decimal, now_ns: int) -> tuple[r.VenueReport, ...]:
        """Fill a resting limit order at its own price, as if somebody had come to trade with it.

        Nothing for any other order, and never more than the order leaves.
        """
        return self._attempt(lambda: self._execute(client_order_id, quantity), now_ns)

    def _attempt(self, step: Callable[[], None], now_ns: int) -> tuple[r.VenueReport, ...]:
        def when_time_has_passed() -> None:
            self._expire()
            step()

        self._execution.too_little.clear()
        while True:
            try:
                return self._memory.attempt(when_time_has_passed, now_ns)
            except TooLittle as known:
                self._execution.too_little[known.client_order_id] = known.filled

    def _expire(self) -> None:
        for order in self._memory.expiries.take(self._memory.now_ns):
            expire(self._memory, order, Reason.TIME_IN_FORCE)

    def _execute(self, client_order_id: str, quantity: Decimal) -> None:
        order = self.orders.get(client_order_id)
        if order is not None and order.is_live and order.price is not None and not order.waits_for_stop:
            self._booking.fill(order, min(quantity, order.leaves), order.price)

    def _submit(self, request: r.VenueSubmit) -> None:
        memory, client_id = self._memory, request.client_order_id
        known = memory.orders.get(client_id)
        if known is not None:
            # Sent again under the same id: it is one order.
            self._accept(known, request)
            return
        admitted = self._unfit(request) or self._admission.admit(_asked_for(request))
        if isinstance(admitted, Refusal):
            self._booking.reject(client_id, admitted.reason, admitted.text)
            return
        order = memory.put(
            changed(
                admitted,
                exchange_order_id=self._next_id(),
                draw_key=memory.next_draw_key(),
                priority=memory.next_priority(),
                day_ends_ns=day_end(self._instruments[request.symbol], request.time_in_force, memory.now_ns),
                number=memory.accepted,
                created_ns=memory.now_ns,
            )
        )
        self._accept(order, request)
        order = self._ties.arrive(order, request.time_ns)
        if order.is_live:
            self._execution.arrive(order)

    def _unfit(self, request: r.VenueSubmit) -> Refusal | None:
        """Refuse what is not traded here, an expiry in the past, and a market order without a market."""
        memory, symbol = self._memory, request.symbol
        if symbol not in memory.books:
            return Refusal(Reason.UNKNOWN_SYMBOL, f"symbol {symbol}: is not traded here")
        expired = check_expiry(request.expire_time_ns, memory.now_ns)
        if expired is not None:
            return expired
        if request.order_type is OrderType.MARKET and memory.best(symbol, request.side) is None:
            done = "bought" if request.side is Side.BUY else "sold"
            return Refusal(Reason.NO_MARKET, f"no price is known at which {symbol} could be {done}")
        return None

    def _accept(self, order: VenueOrder, request: r.VenueSubmit) -> None:
        asked = order.instructions
        accepted = r.VenueAccepted(
            client_order_id=order.client_order_id,
            exchange_order_id=order.exchange_order_id,
            # What it has been changed to on arrival.
            price=order.price if asked.post_only and order.price != request.price else None,
            quantity=order.quantity if asked.reduce_only and order.quantity != request.quantity else None,
            time_ns=self._memory.now_ns,
        )
        self._memory.reports.append(accepted)

    def _cancel(self, request: r.VenueCancel) -> None:
        memory, client_id = self._memory, request.client_order_id
        order = memory.orders.get(client_id)
        if order is None or not order.is_live:
            memory.reports.append(
                r.VenueCancelRejected(
                    client_order_id=client_id,
                    request_id=request.request_id,
                    reason=Reason.NOT_AT_VENUE if order is None else Reason.TOO_LATE,
                    time_ns=memory.now_ns,
                )
            )
            return
        cancel(memory, order, Reason.REQUESTED)

    def _answer(self, request: r.VenueQuery) -> None:
        """Tell an order's executions, of which some reports may have been lost, and then how it stands."""
        memory = self._memory
        order, now_ns = self.orders.get(request.client_order_id), memory.now_ns
        if order is None:
            unknown = r.VenueStatus(
                client_order_id=request.client_order_id,
                request_id=request.request_id,
                state=None,
                complete=True,
                time_ns=now_ns,
            )
            memory.reports.append(unknown)
            return
        memory.reports += (reported(order, fill, now_ns) for fill in order.fill_chain.items())
        memory.reports.append(status_of(order, request.request_id, now_ns))


def _asked_for(request: r.VenueSubmit) -> VenueOrder:
    """Return the order as it was sent; what the venue gives it, it gets when it is let in."""
    return VenueOrder(
        client_order_id=request.client_order_id,
        exchange_order_id="",
        draw_key="",
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        quantity=request.quantity,
        price=request.price,
        stop_price=request.stop_price,
        time_in_force=request.time_in_force,
        expire_time_ns=request.expire_time_ns,
        instructions=request.instructions,
        account=request.account,
        closes=request.closes,
        link_id=request.link_id,
        contingency=request.contingency,
        priority=0,
    )
