"""Races by the hundred: every set of a venue's reports in every order, and any number of fills against cancels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import combinations
from types import MappingProxyType
from typing import Final

from ...actors.scheduler import Choose
from ...actors.simulated_exchange import SimulatedExchange
from ...model.commands import CancelOrder
from ...model.reports import VenueReport, VenueTriggered
from .arena import Arena
from .racing import Race
from .saying import accepted, busted, buy, cancel, cancelled, corrected, expired, filled, offers, quote, rejected

_FREE: Final = SimulatedExchange(maker_fee="0", taker_fee="0")
_LINES: Final[Mapping[str, VenueReport | CancelOrder]] = MappingProxyType(
    {
        "acknowledgement": accepted("o"),
        "first fill": filled("o", "e1"),
        "second fill": filled("o", "e2"),
        "cancelled": cancelled("o"),
        "expired": expired("o"),
        "rejected": rejected("o"),
        "first fill void": busted("o", "e1"),
        "first fill corrected": corrected("o", "e1", "2", "99"),
        "triggered": VenueTriggered(client_order_id="o"),
        "cancel": cancel("o"),
    }
)
MOST_REPORTS: Final = len(_LINES)
"""All of them at once: millions of orders."""


def report_sets(least: int, most: int) -> Iterator[Race]:
    """Yield a race for every set of reports of so many sizes, each report on a line of its own.

    What may come of them is anything that breaks no law.
    """
    for size in range(least, most + 1):
        for names in combinations(_LINES, size):
            yield Race(f"in any order: {', '.join(names)}", "", partial(_in_any_order, names), frozenset(), _ways(size))


def fills_against_cancels(most_fills: int, most_cancels: int) -> Iterator[Race]:
    """Yield a race for each number of partial fills and of cancels, each from a thread of its own."""
    for fills in range(1, most_fills + 1):
        for cancels in range(1, most_cancels + 1):
            name = f"{fills} fills against {cancels} cancels"
            yield Race(name, "", partial(_fills_against_cancels, fills, cancels), frozenset(), 0)


def _ways(count: int) -> int:
    return 1 if count < 2 else count * _ways(count - 1)  # noqa: PLR2004  # the factorial


def _in_any_order(names: tuple[str, ...], choose: Choose) -> str:
    with Arena(choose) as arena:
        arena.set_up(buy("o", "3"))
        arena.race(**{name: [_LINES[name]] for name in names})
        return arena.end()


def _fills_against_cancels(fills: int, cancels: int, choose: Choose) -> str:
    with Arena(choose, exchange=_FREE) as arena:
        arena.set_up(quote(), buy("o", fills))
        users = {f"user_{number}": [cancel("o")] for number in range(cancels)}
        arena.race(market=offers(fills), **users)
        return arena.end()
