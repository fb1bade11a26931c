"""What keeps new orders from leaving."""

from __future__ import annotations

import attrs

from .kinds import Reason
from .refusal import Refusal
from .values import changed


@attrs.frozen
class Gate:
    """Open, or closed by a halt, or closed for some symbols. Cancels always pass.

    halted is the reason that the halt was given, None while there is no halt.
    """

    halted: str | None = None
    stopped_symbols: frozenset[str] = frozenset()

    def with_halt(self, reason: str) -> Gate:
        """Let no new order and no modification pass."""
        return changed(self, halted=reason)

    def opened(self) -> Gate:
        """Let orders pass again, in symbols that were stopped too: whoever resumes has looked at what happened."""
        return Gate()

    def with_symbol_stopped(self, symbol: str) -> Gate:
        """Let no new order in a symbol pass."""
        return changed(self, stopped_symbols=self.stopped_symbols | {symbol})

    def refuse_submit(self, symbol: str) -> Refusal | None:
        """Judge a new order."""
        refusal = self.refuse_modify()
        if refusal is None and symbol in self.stopped_symbols:
            text = f"symbol {symbol}: new orders are stopped, since a report on it could not be handled"
            return Refusal(Reason.SYMBOL_STOPPED, text)
        return refusal

    def refuse_modify(self) -> Refusal | None:
        """Judge a modification, which may add to what could be filled."""
        return None if self.halted is None else Refusal(Reason.HALTED, f"trading is halted: {self.halted}")
