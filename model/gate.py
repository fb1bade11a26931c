"""What keeps new orders from leaving, and the trading state."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from .account_events import TradingStateChanged
from .kinds import Action, Reason, TradingState, Trip
from .refusal import Refusal
from .values import changed

_STRICTNESS: Final[Mapping[Action, int]] = MappingProxyType({action: rank for rank, action in enumerate(Action)})
_CLEARING: Final = frozenset({Action.REDUCE, Action.CANCEL_ALL, Action.FLATTEN})


@attrs.frozen
class Hold:
    """What a trip has done to the trading state of one strategy, or of all."""

    action: Action
    trip: Trip
    reason: str

    @property
    def state(self) -> TradingState:
        """What may leave while it is in force."""
        return TradingState.REDUCING if self.action is Action.REDUCE else TradingState.HALTED


@attrs.frozen
class Gate:
    """Open, or closed by a trip, by the loss of the venue, or for some symbols. Cancels always pass.

    holds are in force until a person resumes, each for the strategy that it is named by, empty for all; the stricter of
    the two that concern a strategy counts. clearings is kept beside them, the widest that was asked for, since what may
    leave and what is cancelled are two things: a halt is stricter than to reduce, and cancels less. disconnected is the
    reason that the venue's adapter gave, None while the venue is connected; it comes and goes with the venue, not with
    a trip. unrecorded says why the journal takes nothing at present; reconciling, that the venue has not said yet what
    has happened while it could not be heard. amends says whether the venue changes orders in place; where it does not,
    a change is a new order.
    """

    stopped_symbols: frozenset[str] = frozenset()
    disconnected: str | None = None
    amends: bool = True
    holds: tuple[tuple[str, Hold], ...] = ()
    clearings: tuple[tuple[str, Action], ...] = ()
    unrecorded: str | None = None
    reconciling: bool = False

    def tripped(self, hold: Hold, strategy_id: str = "") -> Gate:
        """Put a trip in force for a strategy, or for all. Nothing becomes less strict by it, and no less is cancelled.

        Of two that are equally strict the earlier stays, as the cause.
        """
        if hold.action is Action.ALERT:
            return self
        gate, before = self._with_clearing(hold.action, strategy_id), self.hold_on(strategy_id)
        if before is not None and _STRICTNESS[before.action] >= _STRICTNESS[hold.action]:
            return gate
        others = tuple(pair for pair in self.holds if pair[0] != strategy_id)
        return changed(gate, holds=(*others, (strategy_id, hold)))

    def _with_clearing(self, action: Action, strategy_id: str) -> Gate:
        before = dict(self.clearings).get(strategy_id)
        if action not in _CLEARING or (before is not None and _STRICTNESS[before] >= _STRICTNESS[action]):
            return self
        others = tuple(pair for pair in self.clearings if pair[0] != strategy_id)
        return changed(self, clearings=(*others, (strategy_id, action)))

    def opened(self, strategy_id: str = "") -> Gate:
        """Let orders pass again: those of one strategy, or all, in symbols that were stopped too.

        Whoever resumes has looked at what happened.
        """
        if strategy_id:
            holds = tuple(pair for pair in self.holds if pair[0] != strategy_id)
            return changed(self, holds=holds, clearings=tuple(it for it in self.clearings if it[0] != strategy_id))
        return changed(self, stopped_symbols=frozenset[str](), holds=(), clearings=(), reconciling=False)

    def with_venue_lost(self, reason: str) -> Gate:
        """Let no new order and no modification pass while there is no venue to take it."""
        return changed(self, disconnected=reason)

    def with_venue_found(self) -> Gate:
        """Undo with_venue_lost()."""
        return changed(self, disconnected=None)

    def with_journal(self, unrecorded: str | None) -> Gate:
        """Let no new order and no modification pass while the journal takes nothing, for the reason given."""
        return changed(self, unrecorded=unrecorded)

    def with_reconciling(self, *, reconciling: bool) -> Gate:
        """Let no new order and no modification pass before the venue has said what it knows."""
        return changed(self, reconciling=reconciling)

    def with_symbol_stopped(self, symbol: str) -> Gate:
        """Let no new order in a symbol pass."""
        return changed(self, stopped_symbols=self.stopped_symbols | {symbol})

    # -- what is in force

    @property
    def halted(self) -> str | None:
        """The reason of the halt of all, None while there is none."""
        hold = self.hold_on("")
        return None if hold is None or hold.state is not TradingState.HALTED else hold.reason

    def hold_on(self, strategy_id: str) -> Hold | None:
        """Return what is in force for one strategy by itself, or for all, where it is empty."""
        return next((hold for name, hold in self.holds if name == strategy_id), None)

    def held(self, strategy_id: str = "") -> Hold | None:
        """Return the stricter of what is in force for all and for a strategy."""
        if not self.holds:
            return None
        found = [hold for hold in (self.hold_on(""), self.hold_on(strategy_id)) if hold is not None]
        return max(found, key=lambda hold: _STRICTNESS[hold.action], default=None)

    def state_of(self, strategy_id: str = "") -> TradingState:
        """Return what a strategy may do; empty for all."""
        hold = self.held(strategy_id)
        return TradingState.ACTIVE if hold is None else hold.state

    @property
    def clears(self) -> bool:
        """Whether anything is in force that cancels working orders or closes positions."""
        return bool(self.clearings)

    def clearing_of(self, strategy_id: str) -> Action | None:
        """Return the widest clearing that is in force for all and for a strategy, None where nothing is cancelled."""
        found = (action for name, action in self.clearings if name in {"", strategy_id})
        return max(found, key=_STRICTNESS.__getitem__, default=None)

    # -- judging

    def refuse_submit(self, symbol: str, strategy_id: str = "") -> Refusal | None:
        """Judge a new order."""
        refusal = self.refuse_modify(strategy_id)
        if refusal is None and symbol in self.stopped_symbols:
            text = f"symbol {symbol}: new orders are stopped, since a report on it could not be handled"
            return Refusal(Reason.SYMBOL_STOPPED, text)
        return refusal

    def refuse_modify(self, strategy_id: str = "") -> Refusal | None:
        """Judge a modification, which may add to what could be filled."""
        hold = self.held(strategy_id)
        if hold is not None and hold.state is TradingState.HALTED:
            whose = "trading" if hold is self.hold_on("") else f"trading of {strategy_id}"
            return Refusal(Reason.HALTED, f"{whose} is halted: {hold.reason}")
        if self.disconnected is not None:
            return Refusal(Reason.DISCONNECTED, disconnection(self.disconnected))
        if self.unrecorded is not None:
            return Refusal(Reason.UNRECORDED, f"the journal takes nothing: {self.unrecorded}")
        return None

    def refuse_new(self, symbol: str, strategy_id: str) -> Refusal | None:
        """Judge a new order that somebody has asked for; what protects a position does not wait for the venue."""
        return self.refuse_submit(symbol, strategy_id) or self.refuse_unreconciled()

    def refuse_unreconciled(self) -> Refusal | None:
        """Refuse what somebody has asked for before the venue and we agree again."""
        if not self.reconciling:
            return None
        return Refusal(Reason.RECONCILING, "the venue has not said yet what has happened meanwhile")

    def refuse_resize(self, symbol: str, strategy_id: str = "", *, grows: bool) -> Refusal | None:
        """Judge a change of an order's quantity that we ask for by ourselves."""
        if not self.amends:
            return self.refuse_submit(symbol, strategy_id)
        return self.refuse_modify(strategy_id) if grows else None

    def refuse_outdated(self, judged_in: TradingState, strategy_id: str) -> Refusal | None:
        """Refuse what was judged before trading only reduced, and could open: it was not held to that."""
        if judged_in is not TradingState.ACTIVE or self.state_of(strategy_id) is not TradingState.REDUCING:
            return None
        return Refusal(Reason.REDUCING, "trading only reduces: it was judged before that")


def disconnection(reason: str) -> str:
    """Say that the venue is disconnected, and why where that is known."""
    return f"the venue is disconnected: {reason}" if reason else "the venue is disconnected"


def told_to(gate: Gate, fact: TradingStateChanged) -> Gate:
    """Return a gate after what was recorded of the trading state."""
    if fact.action is None:
        return gate.opened(fact.strategy_id)
    return gate.tripped(Hold(fact.action, fact.trip, fact.text), fact.strategy_id)
