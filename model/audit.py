"""The laws that the books of a finished run must keep, checked one by one."""

from __future__ import annotations

from collections.abc import Container, Iterable
from decimal import Decimal

import attrs

from .gate import Gate
from .group import Group
from .group_laws import group_laws
from .kinds import OrderState
from .numbers import ZERO, add, multiply, plain, subtract, total
from .order import Order
from .values import changed
from .venue import VenueOrder


@attrs.frozen
class AuditReport:
    """What an audit found: each violation as a sentence, and how many checks were made."""

    violations: tuple[str, ...]
    checks: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.violations


class Ledger:
    """Counts checks and collects violations."""

    def __init__(self) -> None:
        self._violations: list[str] = []
        self._checks = 0

    def check(self, law: str, subject: str, found: object, expected: object) -> None:
        """Hold one figure against another."""
        self._checks += 1
        if found != expected:
            self._violations.append(f"{law}: {subject}: found {_shown(found)}, expected {_shown(expected)}")

    def report(self) -> AuditReport:
        """Return what was found."""
        return AuditReport(tuple(self._violations), self._checks)


def check_orders(ledger: Ledger, orders: Iterable[Order]) -> None:
    """Check each order by itself: the quantity law, and that its sums are those of its fills."""
    for order in orders:
        name = order.order_id
        parts = add(order.leaves_quantity, order.cancelled_quantity)
        accounted = add(subtract(order.filled_quantity, order.excess_quantity), parts)
        ledger.check("filled - excess + leaves + cancelled = quantity", name, accounted, order.quantity)
        fills = order.fills
        ledger.check("filled = sum of fills", name, order.filled_quantity, total(fill.quantity for fill in fills))
        notional = total(multiply(fill.quantity, fill.price) for fill in fills)
        ledger.check("notional = sum of fills", name, order.filled_notional, notional)
        fees = total(fill.fee for fill in fills if fill.fee_currency == order.fee_currency)
        ledger.check("fees = sum of fills", name, order.fees_paid, fees)
        ledger.check("execution ids are unique", name, len({fill.execution_id for fill in fills}), len(fills))
        if order.state is OrderState.FILLED:
            ledger.check("a filled order has nothing left", name, order.leaves_quantity, ZERO)


def check_groups(ledger: Ledger, orders: Iterable[Order], groups: Iterable[Group], gate: Gate) -> None:
    """Check each group: that it is of the orders as they stand, and that these are held and sized as it says."""
    linked: dict[str, list[Order]] = {}
    for order in orders:
        if order.link is not None:
            linked.setdefault(order.link.group_id, []).append(order)
    folded = {group.group_id: list(group.orders) for group in groups}
    ledger.check("a group is of its orders", "all groups", folded == linked, expected=True)
    for group in groups:
        for finding in group_laws(group, gate):
            ledger.check(finding.law, finding.subject, finding.found, finding.expected)


def check_venue(
    ledger: Ledger, orders: Iterable[Order], venue: Iterable[VenueOrder], earlier: Container[str] = ()
) -> None:
    """Check that what the exchange executed is what the order manager booked, order by order.

    One that has been replaced there is several of the exchange's. Of orders of earlier lives of the system, by their
    ids, an exchange that has begun anew knows nothing.
    """
    ours: dict[str, Order] = {}
    replaced: dict[str, str] = {}
    for known in orders:
        ours[known.client_order_id] = known
        replaced |= dict.fromkeys(known.replaced_client_order_ids, known.client_order_id)
    theirs: dict[str, VenueOrder] = {}
    for there in venue:
        name = replaced.get(there.client_order_id, there.client_order_id)
        theirs[name] = _together(theirs[name], there) if name in theirs else there
    for name, there in theirs.items():
        order = ours.get(name)
        ledger.check("the order manager knows the venue's order", name, order is not None, expected=True)
        if order is not None:
            ledger.check("executed = booked, quantity", name, order.filled_quantity, there.filled)
            ledger.check("executed = booked, notional", name, order.filled_notional, there.notional)
            ledger.check("executed = booked, fees", name, order.fees_paid, there.fees)
            if not order.in_doubt:
                ledger.check("live here = live there", name, not order.is_closed, there.is_live)
    for name in ours.keys() - theirs.keys():
        if ours[name].order_id in earlier:
            continue
        ledger.check("executed = booked, quantity", name, ours[name].filled_quantity, ZERO)


def _together(one: VenueOrder, other: VenueOrder) -> VenueOrder:
    """Return the sum of what two have executed, live if one of them is."""
    return changed(
        one if one.is_live else other,
        filled=add(one.filled, other.filled),
        notional=add(one.notional, other.notional),
        fees=add(one.fees, other.fees),
    )


def _shown(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)
