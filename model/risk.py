"""The risk controller's whole state, and how it judges each command.

Everything is judged as if all working orders were to fill: the cost of a buy is reserved when it is approved and
released only by the update that closes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from . import events as e
from .booking import balances as cash_after
from .booking import entries, quote_of
from .commands import SUBMISSIONS, Approved, CancelOrder, Command, Denied, ModifyOrder, SubmitGroup, SubmitOrder
from .gate import Gate
from .instrument import Instrument
from .kinds import Reason, Side
from .limits import RiskLimits
from .market import MarketData
from .numbers import ONE, ZERO, add, multiply, plain, subtract, total
from .reducing import Holdings
from .refusal import Refusal
from .reservation import Reserved, Working, pool_of
from .validation import check_expiry, check_has, check_submission
from .values import changed
from .valuing import Valuation

SOURCE = "risk_controller"


class RiskBook:
    """What risk knows: instruments, limits, marks, cash, and what working orders may cost.

    Args:
        instruments: by symbol.
        limits: on each order.
        cash: opening balance by currency; None checks no funds.
        allowance: factor on a market order's price for slippage, at least 1.
        allowance_ticks: what comes on top of that, in ticks of the instrument.
        fee_rate: largest fee as a fraction of notional.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        limits: RiskLimits,
        *,
        cash: Mapping[str, Decimal] | None = None,
        allowance: Decimal = ONE,
        allowance_ticks: int = 0,
        fee_rate: Decimal = ZERO,
    ) -> None:
        self.gate = Gate()
        self._instruments = instruments
        self._limits = limits
        self._cash = None if cash is None else dict(cash)
        self._valuation = Valuation(
            instruments, allowance=allowance, allowance_ticks=allowance_ticks, fee_rate=fee_rate
        )
        self._working: dict[str, Working] = {}
        self._reserved = Reserved()
        self._holdings = Holdings()
        # Ids judged whose order has not been created yet, and ids of the orders that have.
        self._judged: set[str] = set()
        self._created: set[str] = set()

    @property
    def reserved(self) -> Mapping[str, Decimal]:
        """What working buys may still cost, by currency; of those that close each other, the dearest."""
        return self._reserved.by_currency

    def on_market_data(self, data: MarketData) -> None:
        """Take over a price."""
        self._valuation.on_market_data(data)

    def decide(self, command: Command, now_ns: int) -> Approved | Denied:
        """Judge a command. Nothing changes until commit() is called with the result."""
        refusal = self._refusal(command, now_ns)
        if refusal is None:
            return Approved(command, now_ns, SOURCE)
        return Denied(command, refusal, now_ns, SOURCE)

    def commit(self, judged: Approved | Denied) -> None:
        """Reserve what an approved command may cost, once per order id."""
        command = judged.command
        approved = isinstance(judged, Approved)
        if isinstance(command, SubmitOrder) and not self._is_repeated(command):
            assert command.order_id is not None, "the edge gives every order an id"
            self._judged.add(command.order_id)
            if approved:
                self._store(command.order_id, self._costed(Working(command)))
        elif isinstance(command, SubmitGroup):
            self._commit_group(command, approved=approved)
        elif isinstance(command, ModifyOrder) and command.order_id in self._working:
            known = self._working[command.order_id]
            asked = changed(known, asked=(*known.asked, command if approved else None))
            self._store(command.order_id, self._costed(asked))

    def _commit_group(self, group: SubmitGroup, *, approved: bool) -> None:
        if any(map(self._is_repeated, group.orders)):
            return
        for order, link in zip(group.orders, group.links, strict=True):
            assert order.order_id is not None, "the edge gives every order an id"
            self._judged.add(order.order_id)
            if approved:
                self._store(order.order_id, self._costed(Working(order, pool_of(link))))

    def on_update(self, update: e.OrderUpdate) -> None:
        """Fold one entry of the stream: cash moves with fills, reservations follow the order."""
        event, order = update.event, update.order
        known = self._working.get(event.order_id)
        held: Working | None = None
        balances: dict[str, Decimal] = {}
        positions: dict[tuple[str, str], Decimal] = {}
        if isinstance(event, e.CommandRefused):
            held = None if known is None else self._after_refusal(known, event)
        elif order is not None and not isinstance(event, e.AccountEvent):
            if self._cash is not None:
                quote = quote_of(self._instruments, order.symbol)
                balances = cash_after(self._cash, quote, order.side, entries(event))
            if known is not None and not order.is_closed:
                held = self._costed(known.after(event, order))
            elif isinstance(event, e.OrderCreated) and event.unasked:
                # The order manager's own; it stands in for one that was judged, or closes a position.
                pool = None if event.link is None else pool_of(event.link)
                held = self._costed(Working(event.terms, pool, order))
            positions = self._holdings.after(event, order)
        # All is computed; nothing below can fail.
        self._holdings.take_over(positions)
        if self._cash is not None:
            self._cash.update(balances)
        if isinstance(event, e.OrderCreated):
            self._created.add(event.order_id)
        if isinstance(event, e.OrderCreated) or _is_submission(event):
            self._judged.discard(event.order_id)
        if held is not None:
            self._store(event.order_id, held)
        elif known is not None:
            del self._working[event.order_id]
            self._reserve(event.order_id, known, known.cost, ZERO)

    def _after_refusal(self, known: Working, event: e.CommandRefused) -> Working | None:
        """The working order after a command on it was refused; None when that was the order itself."""
        if _is_submission(event) and known.order is None:
            return None
        if event.command == ModifyOrder.__name__ and event.reason is not Reason.UNKNOWN_ORDER:
            # One that was refused as unknown was asked before the order was, so it is not among those asked since.
            return self._costed(changed(known, asked=known.asked[1:]))
        return known

    def _refusal(self, command: Command, now_ns: int) -> Refusal | None:
        match command:
            case CancelOrder():
                return None
            case ModifyOrder():
                return self._refuse_modify(command, now_ns)
            case SubmitOrder():
                # A repeated id is the order manager's to answer; it reserves nothing a second time.
                return (
                    self._refuse_repeated(command)
                    if self._is_repeated(command)
                    else self._refuse_submit(command, now_ns)
                )
            case SubmitGroup():
                repeated = next(filter(self._is_repeated, command.orders), None)
                return self._refuse_group(command, now_ns) if repeated is None else self._refuse_repeated(repeated)

    def _refuse_repeated(self, command: SubmitOrder) -> Refusal | None:
        """Refuse a repetition of what has not become an order yet: should it never become one, neither does this.

        What has become an order the order manager answers with that order, refused here or not.
        """
        if command.order_id in self._created:
            return None
        return Refusal(Reason.DUPLICATE_ID, f"order_id {command.order_id}: is taken by an order that is on its way")

    def _is_repeated(self, command: SubmitOrder) -> bool:
        return command.order_id in self._created or command.order_id in self._judged

    def _refuse_submit(self, command: SubmitOrder, now_ns: int) -> Refusal | None:
        return (
            self._refuse_terms(command, now_ns)
            or self._holdings.refuse(command, self._working.values())
            or self._check_funds(Working(command), command.order_id)
        )

    def _refuse_group(self, group: SubmitGroup, now_ns: int) -> Refusal | None:
        """Judge all orders of a group; one that is refused refuses all, and is named."""
        # What the exits may reduce is still to come: it is the entry's.
        working = (*self._working.values(), *map(Working, group.orders))
        for order, role in zip(group.orders, group.roles, strict=True):
            refusal = self._refuse_terms(order, now_ns) or self._holdings.refuse(order, working)
            if refusal is not None:
                name = role.value.lower().replace("_", " ")
                return Refusal(refusal.reason, f"{name} {order.order_id}: {refusal.text}")
        return self._check_group_funds(group)

    def _refuse_terms(self, command: SubmitOrder, now_ns: int) -> Refusal | None:
        closed = self.gate.refuse_submit(command.symbol)
        if closed is not None:
            return closed
        instrument = self._instruments.get(command.symbol)
        if instrument is None:
            known = ", ".join(sorted(self._instruments))
            return Refusal.of(Reason.UNKNOWN_SYMBOL, "symbol", command.symbol, f"is not one of {known}")
        return (
            check_submission(command, instrument, now_ns)
            or self._check_price(instrument, "price", command.price)
            or self._check_price(instrument, "stop_price", command.stop_price)
            or self._check_limits(instrument, command)
        )

    def _refuse_modify(self, command: ModifyOrder, now_ns: int) -> Refusal | None:
        known = self._working.get(command.order_id)
        if known is None:
            # Unknown or closed: the order manager says which.
            return None
        closed = self.gate.refuse_modify()
        if closed is not None:
            return closed
        instrument = self._instruments[known.terms.symbol]
        absent = check_has(known.terms, command) or check_expiry(command.expire_time_ns, now_ns)
        if absent is not None:
            return absent
        if command.quantity is not None and command.quantity <= known.filled:
            # It ends the order, so there is nothing left to judge.
            return None
        # Only what is to change is judged: terms that were let pass before may stay.
        asked = changed(known, asked=(*known.asked, command))
        return (
            (None if command.quantity is None else instrument.check_quantity(command.quantity))
            or self._check_price(instrument, "price", command.price)
            or self._check_price(instrument, "stop_price", command.stop_price)
            or self._check_limits(instrument, asked.requested)
            or self._check_funds(asked, command.order_id)
        )

    def _check_price(self, instrument: Instrument, field: str, price: Decimal | None) -> Refusal | None:
        return None if price is None else instrument.check_price(field, price, self._valuation.price(instrument.symbol))

    def _check_limits(self, instrument: Instrument, terms: SubmitOrder) -> Refusal | None:
        most = self._limits.max_order_quantity
        if most is not None and terms.quantity > most:
            return Refusal.of(Reason.MAX_ORDER_QUANTITY, "quantity", terms.quantity, f"must be at most {plain(most)}")
        most = self._limits.max_order_notional
        if most is None and not instrument.limits_notional:
            return None
        price = self._valuation.worst_price(terms)
        if price is None:
            rule = "no market price is known to value it by"
            return Refusal.of(Reason.NO_REFERENCE_PRICE, "quantity", terms.quantity, rule)
        notional = multiply(terms.quantity, price)
        if most is not None and notional > most:
            return Refusal.of(Reason.MAX_ORDER_NOTIONAL, "notional", notional, f"must be at most {plain(most)}")
        return instrument.check_notional(notional)

    def _check_funds(self, working: Working, order_id: str | None) -> Refusal | None:
        """Judge what an order would cost beyond what is held for it already."""
        if self._cash is None or working.terms.side is Side.SELL:
            return None
        cost = self._cost(working)
        if cost is None:
            rule = "no market price is known to value it by"
            return Refusal.of(Reason.NO_REFERENCE_PRICE, "quantity", working.terms.quantity, rule)
        more = self._reserved.growth(order_id or "", working.pool, working.cost, cost)
        return None if cost <= working.cost else self._check_free(working.terms.symbol, cost, more)

    def _check_group_funds(self, group: SubmitGroup) -> Refusal | None:
        """Judge what a group would cost together: the dearest of those that close each other, and all others."""
        if self._cash is None:
            return None
        needed: dict[str, dict[str, Decimal]] = {}
        for order, link in zip(group.orders, group.links, strict=True):
            if order.side is Side.BUY:
                cost = self._cost(Working(order))
                if cost is None:
                    rule = f"no market price is known to value order {order.order_id} by"
                    return Refusal.of(Reason.NO_REFERENCE_PRICE, "quantity", order.quantity, rule)
                costs = needed.setdefault(order.symbol, {})
                pool = pool_of(link) or f"{order.order_id}"
                costs[pool] = max(costs.get(pool, ZERO), cost)
        sums = {symbol: total(costs.values()) for symbol, costs in needed.items()}
        # Symbols may share a currency.
        for symbol in sums:
            quote = self._instruments[symbol].quote
            cost = total(amount for other, amount in sums.items() if self._instruments[other].quote == quote)
            refusal = self._check_free(symbol, cost, cost)
            if refusal is not None:
                return refusal
        return None

    def _check_free(self, symbol: str, cost: Decimal, more: Decimal) -> Refusal | None:
        """Judge whether the funds allow for so much more to be held, of a cost of so much."""
        assert self._cash is not None, "asked where funds are checked"
        currency = self._instruments[symbol].quote
        left = subtract(self._cash.get(currency, ZERO), self.reserved.get(currency, ZERO))
        if more <= left:
            return None
        free = add(left, subtract(cost, more))
        rule = f"must be at most the {plain(free)} {currency} that are free"
        return Refusal.of(Reason.INSUFFICIENT_FUNDS, "cost with fee", cost, rule)

    def _cost(self, working: Working) -> Decimal | None:
        return self._valuation.cost(working.dearest, working.filled)

    def _costed(self, working: Working) -> Working:
        if self._cash is None or working.terms.side is Side.SELL:
            return working
        cost = self._cost(working)
        # A price that has gone missing does not free what was held for the order.
        return working if cost is None else changed(working, cost=cost)

    def _store(self, order_id: str, working: Working) -> None:
        before = self._working.get(order_id)
        self._reserve(order_id, working, ZERO if before is None else before.cost, working.cost)
        self._working[order_id] = working

    def _reserve(self, order_id: str, working: Working, before: Decimal, after: Decimal) -> None:
        if before != after:
            currency = self._instruments[working.terms.symbol].quote
            self._reserved.put(currency, order_id, working.pool, before, after)


def _is_submission(event: e.Event) -> bool:
    """Say whether it was an order that was refused: one that could not be handled, or the repetition of one."""
    return isinstance(event, e.CommandRefused) and event.command in SUBMISSIONS
