"""How the simulated venue keeps an account from trading with itself.

When an order that has come in would trade with one of its own account that rests, there is no trade. As the rules say,

* cancel_newest: what is left of the one that has come in is cancelled;
* cancel_oldest: the one that rests is cancelled, and the other goes on;
* cancel_both: both are cancelled;
* decrement: both lose the smaller of what they leave, hidden or not; the smaller is cancelled, the larger lives on.

What has filled before stays. An order without an account is nobody's, and may trade with any other. The first three are
those of FIX tag 2964, SelfMatchPreventionInstruction, all four the modes EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH and
DECREMENT of Binance. cancel_oldest is what CME does where an order does not say (tag 8000 absent), and the default
here: a stop that protects a position must not end since the same account has an order in its way.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from .kinds import Reason
from .numbers import subtract
from .venue_curtailing import cancel, shorten
from .venue_memory import VenueMemory
from .venue_order import VenueOrder, VenueRules


class SelfTrade:
    """Prevents self-trades.

    Args:
        memory: orders and books.
        rules: says who gives way.
        next_id: source of the ids under which the venue itself changes an order.
    """

    def __init__(self, memory: VenueMemory, rules: VenueRules, next_id: Callable[[], str]) -> None:
        self._memory = memory
        self._how = rules.self_trade_prevention
        self._next_id = next_id

    @property
    def lets_pass(self) -> bool:
        """Whether an order goes on, as it is, behind the one of its account that it met."""
        return self._how == "cancel_oldest"

    def prevent(self, newest: VenueOrder, oldest: VenueOrder) -> None:
        """End or shorten an order that has come in, or one that rests and is in its way, or both."""
        if self._how == "decrement":
            least = min(newest.leaves, oldest.leaves)
            self._shorten(oldest, least, newest)
            self._shorten(newest, least, oldest)
            return
        if self._how != "cancel_newest":
            self._cancel(oldest, newest)
        if self._how != "cancel_oldest":
            self._cancel(newest, oldest)

    def _shorten(self, order: VenueOrder, by: Decimal, other: VenueOrder) -> None:
        if order.leaves == by:
            self._cancel(order, other)
            return
        shorten(self._memory, order, subtract(order.quantity, by), Reason.SELF_TRADE, self._next_id())

    def _cancel(self, order: VenueOrder, other: VenueOrder) -> None:
        text = f"would have traded with {other.client_order_id}, of the same account"
        cancel(self._memory, order, Reason.SELF_TRADE, text)


def is_self_trade(one: VenueOrder, other: VenueOrder) -> bool:
    """Say whether two orders are of the same account."""
    return bool(one.account) and one.account == other.account
