"""The risk controller: the gate that every command passes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import attrs

from ..model.commands import (
    AccountCommand,
    CancelOrder,
    ChangeLimits,
    Command,
    Denied,
    ModifyOrder,
    MoveCash,
    SubmitGroup,
    SubmitOrder,
)
from ..model.events import OrderUpdate
from ..model.exposure import Exposure
from ..model.gate import Hold
from ..model.kinds import Reason
from ..model.limits import RiskLimits
from ..model.market import MARKET_DATA, MarketData
from ..model.refusal import Refusal
from ..model.risk import SOURCE, RiskBook
from .address import Target
from .following import Follower
from .messages import GetAccount, GetRisk, GetTradingState, GiveAnswer, Halt, Query, Resume, StopSymbol
from .runtime import Context

RiskMessage = Command | AccountCommand | OrderUpdate | MarketData | Halt | Resume | StopSymbol | GiveAnswer


@attrs.frozen
class RiskSnapshot:
    """What risk goes by.

    Attributes:
        limits: those in force.
        exposures: by strategy and symbol, what is held and what it can become.
        reserved: what working buys may still cost, by currency.
        sequence: of the last update that is included.
    """

    limits: RiskLimits
    exposures: Mapping[tuple[str, str], Exposure]
    reserved: Mapping[str, Decimal]
    sequence: int


@attrs.frozen
class RiskBooks:
    """What risk knows at one moment: reserved is what working orders may still take, by currency."""

    sequence: int
    reserved: tuple[tuple[str, Decimal], ...]


class RiskController(Follower):
    """Judges every command and passes it on, approved or denied; the order manager alone records.

    Args:
        context: as every actor.
        me: its own address.
        manager: the order manager.
        book: its whole state.
        followed: the last entry that it includes already.
    """

    def __init__(
        self, context: Context, me: Target[RiskMessage], manager: Target[Any], book: RiskBook, followed: int = 0
    ) -> None:
        super().__init__(context, me, manager, me, followed)
        self._book = book

    def handle(self, message: Any) -> None:
        """Judge a command, or take over a price or an update."""
        if type(message) in MARKET_DATA:
            self._book.on_market_data(message)
            self._trip()
            return
        match message:
            case SubmitOrder() | CancelOrder() | ModifyOrder() | SubmitGroup():
                judged = self._book.decide(message, self.context.now_ns())
                self._book.commit(judged)
                self.send(self._manager, judged)
            case MoveCash():
                fact = self._book.move_cash(message, self.context.now_ns())
                if fact is not None:
                    self.send(self._manager, fact)
            case ChangeLimits():
                self.send(self._manager, self._book.change_limits(message, self.context.now_ns()))
            case OrderUpdate():
                self.follow(message, self._book.on_update)
            case Halt():
                hold = Hold(message.action, message.trip, message.reason)
                self._book.gate = self._book.gate.tripped(hold, message.strategy_id)
            case Resume():
                self._book.gate = self._book.gate.opened(message.strategy_id)
                self._book.resumed(message.strategy_id)
            case StopSymbol():
                self._book.gate = self._book.gate.with_symbol_stopped(message.symbol)
            case GiveAnswer():
                message.reply.set(message.value)
            case _:
                self.unknown(message)

    def has_followed(self) -> None:
        """Trip what an entry has led to: after each, since the next may hide it."""
        self._trip()

    def _trip(self) -> None:
        """Do what the rules ask for that have tripped: here at once, and at the order manager, which records it."""
        for tripped in self._book.tripped(self.context.now_ns()):
            rule = tripped.rule
            halt = Halt(tripped.text, rule.on, rule.action, rule.strategy)
            self.send(self._manager, halt)
            self.handle(halt)

    def set_aside(self, message: object) -> None:
        """A command that could not be judged is denied, so that whoever sent it hears of it."""
        if isinstance(message, SubmitOrder | CancelOrder | ModifyOrder | SubmitGroup):
            refusal = Refusal(Reason.INTERNAL_ERROR, "the command could not be judged and was set aside")
            denied = Denied(message, refusal, self.context.now_ns(), SOURCE)
            self.send(self._manager, denied)
        else:
            super().set_aside(message)

    def answer(self, query: Query) -> object:
        """Answer with what risk goes by."""
        if isinstance(query, GetTradingState):
            return self._book.gate.state_of(query.strategy_id)
        if isinstance(query, GetAccount):
            return self._book.account(self.followed)
        if not isinstance(query, GetRisk):
            return super().answer(query)
        book = self._book
        exposures, reserved = MappingProxyType(dict(book.exposures.all())), MappingProxyType(dict(book.reserved))
        return RiskSnapshot(book.limits, exposures, reserved, self.followed)

    def books(self) -> RiskBooks:
        """Return how far risk has followed the stream, and what it holds reserved."""
        return RiskBooks(self.followed, tuple((name, one.locked) for name, one in self._book.funds.balances().items()))
