"""The worst case written anew, with no cleverness: every fill of every working order, one lot at a time, in any order.

Slow and short on purpose; what is fast must agree with it.
"""

from __future__ import annotations

from typing import NamedTuple


class Resting(NamedTuple):
    """A working order: what it may still execute, in lots. Of one pool, each fill takes as much from the others."""

    buys: bool
    closes: bool
    lots: int
    pool: int | None = None


def reachable(position: int, orders: tuple[Resting, ...]) -> frozenset[int]:
    """Return every position that can come about."""
    seen = {(position, orders)}
    todo = [(position, orders)]
    while todo:
        held, resting = todo.pop()
        for at, order in enumerate(resting):
            if not order.lots or (order.closes and not (held < 0 if order.buys else held > 0)):
                continue
            after = held + (1 if order.buys else -1), _filled(resting, at)
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return frozenset(held for held, _ in seen)


def _filled(resting: tuple[Resting, ...], at: int) -> tuple[Resting, ...]:
    pool = resting[at].pool
    return tuple(
        order._replace(lots=max(order.lots - 1, 0))
        if other == at or (pool is not None and order.pool == pool)
        else order
        for other, order in enumerate(resting)
    )


def worst(position: int, orders: tuple[Resting, ...]) -> tuple[int, int, int]:
    """Return the most, the least, and the largest absolute position."""
    held = reachable(position, orders)
    return max(held), min(held), max(map(abs, held))


def worst_together(books: list[tuple[int, tuple[Resting, ...]]]) -> tuple[int, int, int]:
    """Return the same of the sum over books, of the absolute positions where it is the largest that is asked for."""
    sums = {(0, 0)}
    for position, orders in books:
        held = reachable(position, orders)
        sums = {(net + one, gross + abs(one)) for net, gross in sums for one in held}
    return max(net for net, _ in sums), min(net for net, _ in sums), max(gross for _, gross in sums)
