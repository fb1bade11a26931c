"""The laws of money: what each follower of the stream has booked, held against sums that are kept here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ...model.commands import Approved, Denied, ModifyOrder, SubmitGroup, SubmitOrder
from ...model.funds import Funds
from ...model.kinds import Side
from ...model.limits import RiskLimits
from ...model.numbers import ZERO, add, subtract
from .laws import Moved, Violation, must_equal
from .limits import LimitLaws

Sums = dict[str, Decimal]


class Ledger:
    """Follows one follower: each time it has got on, what it has booked must be what was moved until there.

    Args:
        name: of the actor.
        moved: what the entries of the stream have moved, in order; it grows.
        opening: balances by currency.
    """

    def __init__(self, name: str, moved: Sequence[Moved], opening: Mapping[str, Decimal]) -> None:
        self._name = name
        self._moved = moved
        self._at = 0
        self._cash: Sums = dict(opening)
        self._held: Sums = {}
        self._flows: Sums = {}

    def advance(self, followed: int) -> Sequence[Moved]:
        """Book what was moved up to this entry of the stream, and return it."""
        moved, start = self._moved, self._at
        if start == len(moved) or moved[start].sequence > followed:
            # As good as always: this is asked before each message that the follower is handed.
            return ()
        at = start
        while at < len(moved) and moved[at].sequence <= followed:
            self._book(moved[at])
            at += 1
        self._at = at
        return moved[start:at]

    def _book(self, one: Moved) -> None:
        self._held[one.symbol] = add(self._held.get(one.symbol, ZERO), one.quantity)
        self._flows[one.symbol] = add(self._flows.get(one.symbol, ZERO), one.flow)
        for currency, amount in one.cash:
            self._cash[currency] = add(self._cash.get(currency, ZERO), amount)

    def hold_cash(self, moved: Sequence[Moved], cash: Mapping[str, Decimal]) -> None:
        """Hold the balances that have moved against those booked here."""
        for one in moved:
            for currency, _ in one.cash:
                must_equal("I-12", f"{currency} of {self._name}", cash.get(currency, ZERO), self._cash[currency])

    def hold_positions(self, moved: Sequence[Moved], held: Callable[[str], Decimal]) -> None:
        """Hold the positions that have moved against those booked here."""
        for one in moved:
            must_equal("I-1", f"{one.symbol} of {self._name}", held(one.symbol), self._held[one.symbol])

    def hold_profit(self, moved: Sequence[Moved], holding_of: Callable[[str], Any]) -> None:
        """Hold what was realised, less what the position has cost, against the cash that moved: so at any price."""
        for one in moved:
            holding = holding_of(one.symbol)
            found = subtract(holding.realised, holding.carried)
            must_equal("I-11", f"realised - cost of {one.symbol} of {self._name}", found, self._flows[one.symbol])


class PortfolioLedger:
    """What the portfolio has booked."""

    def __init__(self, actor: Any, book: Any, ledger: Ledger) -> None:
        self._actor = actor
        self._ledger = ledger
        self._book = book

    def look(self) -> None:
        """Hold what has been booked since the last look."""
        moved = self._ledger.advance(self._actor.followed)
        if moved:
            self._ledger.hold_positions(moved, lambda symbol: self._book.holding(symbol).quantity)
            self._ledger.hold_cash(moved, self._book.exact_cash)
            self._ledger.hold_profit(moved, self._book.holding)


class RiskLedger:
    """What risk has booked, and that it lets nothing pass that is not paid for or could exceed a limit."""

    def __init__(self, actor: Any, book: Any, ledger: Ledger, limits: LimitLaws) -> None:
        self._limits = limits
        self._actor = actor
        self._ledger = ledger
        self._funds: Funds = book.funds
        self._working: Mapping[str, Any] = vars(book)["_working"]
        self._reserved: Mapping[str, Decimal] = book.reserved
        self._instruments: Mapping[str, Any] = vars(book)["_instruments"]
        self._asked: SubmitOrder | None = None

    def look(self) -> None:
        """Hold what has been booked and approved since the last look."""
        self._limits.look()
        if self._asked is not None:
            self._hold_funds(self._asked)
            self._asked = None
        moved = self._ledger.advance(self._actor.followed)
        if moved:
            self._limits.moved(moved)
            if self._funds.cash is not None:
                self._ledger.hold_cash(moved, self._funds.earned())

    def limits(self, limits: RiskLimits) -> None:
        """Take other limits that risk is being handed."""
        self._limits.changed(limits)

    def judged(self, judged: Approved | Denied) -> None:
        """Take a verdict on its way to the order manager."""
        self._limits.judged(judged)

    def judges(self, command: SubmitOrder | SubmitGroup | ModifyOrder) -> None:
        """Note what risk is about to judge."""
        self._limits.judges(command)
        if isinstance(command, ModifyOrder):
            return
        for order in command.orders if isinstance(command, SubmitGroup) else (command,):
            if order.side is Side.BUY and order.order_id not in self._working:
                self._asked = order

    def _hold_funds(self, asked: SubmitOrder) -> None:
        if asked.order_id in self._working and self._funds.is_checked:
            currency = self._instruments[asked.symbol].quote
            cash = (self._funds.cash or {}).get(currency, ZERO)
            free = subtract(cash, self._reserved.get(currency, ZERO))
            if free < ZERO:
                raise Violation("I-13", f"free {currency} with {asked.order_id} approved", free, "zero or more")


class StrategyLedger:
    """What a strategy believes its position to be.

    It may be told of an entry before any of those who are told of all entries; then it is looked at later.

    Args:
        actor: the strategy's.
        name: its id.
        moved: what the entries of the stream have moved, in order; it grows.
        known: returns up to which entry moved is complete.
    """

    def __init__(self, actor: Any, name: str, moved: Sequence[Moved], known: Callable[[], int]) -> None:
        self._known = known
        self._actor = actor
        self._name = name
        self._moved = moved
        self._at = 0
        self._told = 0
        self._held: Sums = {}

    def look(self) -> None:
        """Hold the positions that have moved since the last look."""
        moved, at, touched = self._moved, self._at, set[str]()
        if at == len(moved) or self._known() < self._told:
            return
        while at < len(moved) and moved[at].sequence <= self._told:
            one = moved[at]
            at += 1
            if one.strategy_id == self._name:
                self._held[one.symbol] = add(self._held.get(one.symbol, ZERO), one.quantity)
                touched.add(one.symbol)
        self._at = at
        for symbol in touched:
            found = self._actor.own.positions.get(symbol, ZERO)
            must_equal("I-1", f"{symbol} of {self._name}", found, self._held[symbol])

    def is_told(self, sequence: int) -> None:
        """Note an update that it is about to handle."""
        self._told = max(self._told, sequence)
