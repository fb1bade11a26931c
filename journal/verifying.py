"""What every row of a journal must keep, and all of them together."""

from __future__ import annotations

from typing import Any

import attrs

from ..model import events as e
from ..model.audit import Ledger, check_orders
from ..model.errors import JournalCorrupt
from ..model.numbers import add, subtract
from ..model.order import Order
from .books import Books
from .terms import JournalTerms


@attrs.frozen(kw_only=True)
class Verified:
    """What was found.

    Attributes:
        rows, orders, fills: how many were read; fills that were reported, those taken back included.
        checks: how many figures were held against others.
        bad_row: the first that is not right; 0 for the journal as a whole; None where none is wrong.
        rule: which rule it breaks; empty where none is wrong.
        violations: of the books at the end, as sentences.
        unfinished: what is wrong with groups if nothing has kept their orders from leaving.
        head: hash of the last row, in hexadecimal; empty where that is not known.
    """

    rows: int = 0
    orders: int = 0
    fills: int = 0
    checks: int = 0
    bad_row: int | None = None
    rule: str = ""
    violations: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    head: str = ""

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong."""
        return self.bad_row is None and not self.violations

    def to_dict(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {**attrs.asdict(self), "violations": list(self.violations), "unfinished": list(self.unfinished)}


class Verifier:
    """Checks updates one by one, in order, and the books that they add up to.

    Args:
        terms: that the journal was begun with.
        path: of the journal, for errors.
    """

    def __init__(self, terms: JournalTerms, path: str = "") -> None:
        self._books = Books(terms, performance=False)
        self._path = path
        self._checks = 0
        self._fills = 0
        self._executions: set[tuple[str, str]] = set()
        self._client_ids: dict[str, str] = {}

    @property
    def rows(self) -> int:
        """How many rows were right."""
        return self._books.sequence

    def take(self, update: e.OrderUpdate) -> None:
        """Check one update.

        Raises:
            JournalCorrupt: naming its row and the law that it breaks.
        """
        order = update.order
        if order is not None:
            self._check_ids(update, order)
            ledger = Ledger()
            parts = add(order.leaves_quantity, order.cancelled_quantity)
            accounted = add(subtract(order.filled_quantity, order.excess_quantity), parts)
            law = "filled - excess + leaves + cancelled = quantity"
            ledger.check(law, order.order_id, accounted, order.quantity)
            if order.is_closed:
                ledger.check(
                    "nothing is left of a closed order", order.order_id, bool(order.leaves_quantity), expected=False
                )
                check_orders(ledger, (order,))
            report = ledger.report()
            self._checks += report.checks
            for violation in report.violations:
                raise self._broken(update, violation)
        self._books.take(update)

    def _check_ids(self, update: e.OrderUpdate, order: Order) -> None:
        match update.event:
            case e.OrderFilled(fill=fill):
                self._fills += 1
                self._checks += 1
                key = order.order_id, fill.execution_id
                if key in self._executions:
                    law = f"execution ids are unique: {order.order_id}: {fill.execution_id} has been booked before"
                    raise self._broken(update, law)
                self._executions.add(key)
            case e.OrderSubmitted(client_order_id=client_id) | e.OrderReplaced(client_order_id=client_id):
                self._checks += 1
                owner = self._client_ids.setdefault(client_id, order.order_id)
                if owner != order.order_id:
                    law = f"a client order id is of one order: {client_id} is of {owner} and of {order.order_id}"
                    raise self._broken(update, law)
            case _:
                pass

    def _broken(self, update: e.OrderUpdate, law: str) -> JournalCorrupt:
        return JournalCorrupt(self._path, update.sequence, f"breaks a law: {law}")

    def found(self, error: JournalCorrupt | None = None, head: bytes = b"") -> Verified:
        """Return what was found, at the end of the journal or at the row that an error names."""
        books = self._books
        seen: dict[str, Any] = {"rows": books.sequence, "orders": len(books.orders), "fills": self._fills}
        if error is not None:
            return Verified(**seen, checks=self._checks, bad_row=error.sequence, rule=error.rule)
        report, unfinished = books.audit()
        return Verified(
            **seen,
            checks=self._checks + report.checks,
            violations=report.violations,
            unfinished=unfinished,
            head=head.hex(),
        )
