"""What is audited while a system runs: each order when it has closed, and again when it changes after that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .audit import Ledger, check_orders
from .events import OrderUpdate

_MOST_KEPT: Final = 1_000
_LONGEST: Final = 200


class Auditing:
    """Finds each violation once, until a person resumes; after 1,000 it finds none until then."""

    def __init__(self) -> None:
        self._found: set[str] = set()

    def on_update(self, update: OrderUpdate) -> tuple[str, ...]:
        """Return what is newly wrong with a closed order, as sentences."""
        if update.order is None or not update.order.is_closed:
            return ()
        ledger = Ledger()
        check_orders(ledger, (update.order,))
        return self.found(ledger.report().violations)

    def found(self, violations: Iterable[str]) -> tuple[str, ...]:
        """Return those that are new, each fit to be a reason: at most 200 printable characters."""
        new: list[str] = []
        for violation in violations:
            text = "".join(sign if sign.isprintable() else "?" for sign in violation[:_LONGEST])
            if text not in self._found and len(self._found) < _MOST_KEPT:
                self._found.add(text)
                new.append(text)
        return tuple(new)

    def resume(self) -> None:
        """Let what is still wrong be found again."""
        self._found.clear()
