"""What keeps new orders from leaving."""

from __future__ import annotations

import attrs

from .kinds import Reason, TradingState
from .refusal import Refusal
from .values import changed


@attrs.frozen
class Gate:
    """Open, or closed by a halt, by the loss of the venue, or for some symbols. Cancels always pass.

    halted is the reason that the halt was given, None while there is no halt. disconnected is the reason that the
    venue's adapter gave, None while the venue is connected; it comes and goes with the venue, not with a halt. amends
    says whether the venue changes orders in place; where it does not, a change is a new order.
    """

    halted: str | None = None
    stopped_symbols: frozenset[str] = frozenset()
    disconnected: str | None = None
    amends: bool = True

    def with_halt(self, reason: str) -> Gate:
        """Let no new order and no modification pass."""
        return changed(self, halted=reason)

    def opened(self) -> Gate:
        """Let orders pass again, in symbols that were stopped too: whoever resumes has looked at what happened."""
        return Gate(disconnected=self.disconnected, amends=self.amends)

    def with_venue_lost(self, reason: str) -> Gate:
        """Let no new order and no modification pass while there is no venue to take it."""
        return changed(self, disconnected=reason)

    def with_venue_found(self) -> Gate:
        """Undo with_venue_lost()."""
        return changed(self, disconnected=None)

    def with_symbol_stopped(self, symbol: str) -> Gate:
        """Let no new order in a symbol pass."""
        return changed(self, stopped_symbols=self.stopped_symbols | {symbol})

    def state_of(self, strategy_id: str = "") -> TradingState:
        """Return what a strategy may do; empty for all."""
        del strategy_id
        return TradingState.ACTIVE if self.halted is None else TradingState.HALTED

    def refuse_submit(self, symbol: str, strategy_id: str = "") -> Refusal | None:
        """Judge a new order."""
        refusal = self.refuse_modify(strategy_id)
        if refusal is None and symbol in self.stopped_symbols:
            text = f"symbol {symbol}: new orders are stopped, since a report on it could not be handled"
            return Refusal(Reason.SYMBOL_STOPPED, text)
        return refusal

    def refuse_modify(self, strategy_id: str = "") -> Refusal | None:
        """Judge a modification, which may add to what could be filled."""
        del strategy_id
        if self.halted is not None:
            return Refusal(Reason.HALTED, f"trading is halted: {self.halted}")
        if self.disconnected is not None:
            return Refusal(Reason.DISCONNECTED, disconnection(self.disconnected))
        return None

    def refuse_resize(self, symbol: str, *, grows: bool) -> Refusal | None:
        """Judge a change of an order's quantity that we ask for by ourselves."""
        if not self.amends:
            return self.refuse_submit(symbol)
        return self.refuse_modify() if grows else None


def disconnection(reason: str) -> str:
    """Say that the venue is disconnected, and why where that is known."""
    return f"the venue is disconnected: {reason}" if reason else "the venue is disconnected"
